//! What goes in and out of store operations, beside the model.
//!
//! Invariant: plain values. Refuses behaviour.

mod listed;
mod tokens;

pub use listed::{
    AlertFilter, AuditFilter, AuditRow, Conflict, ContactRow, DatedFilter, DeadLetter, EventFilter, FlushTimes, Ledger,
    LedgerLine, NotificationFilter, NotificationRow, SourceDay, Unreadable,
};
pub use tokens::{NewToken, TokenRow};

use crate::model::event::words;
use crate::model::{
    Alert, AlertId, ConnectionId, ContactId, Deadline, DigestOf, MatterId, MatterState, NewEvent, NewNotification,
    NotificationId, PayloadId, Reason, Recipient, SourceId, StepKey, Told, Trust,
};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// The body hash of a delivery whose bytes are not those of the webhook: no other body contradicts it.
pub const INCOMPARABLE: [u8; 16] = [0; 16];

/// A delivery to store.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Which source.
    pub source: SourceId,
    /// Which connection.
    pub connection: ConnectionId,
    /// How far it may be believed.
    pub trust: Trust,
    /// Dedup key, 16 bytes.
    pub key: [u8; 16],
    /// First 16 bytes of the body's SHA-256.
    pub body_hash: [u8; 16],
    /// Headers needed to prove it again, as a JSON list of pairs.
    pub headers: String,
    /// The body.
    pub body: Bytes,
    /// When.
    pub received_at: Timestamp,
}

/// What a connection has sent so far, repeats included: any word is a sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionRow {
    /// Which.
    pub connection: ConnectionId,
    /// Since when it is configured, or first sent something.
    pub since: Timestamp,
    /// When it last sent something.
    pub last_at: Option<Timestamp>,
    /// How often it sent something.
    pub deliveries: u64,
    /// The longest time between two, in milliseconds.
    pub longest_gap_ms: i64,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// New, and on disk.
    Stored,
    /// The same as one that is on disk.
    Repeat,
    /// The id of one that is on disk with another body; kept as a conflict.
    Conflict,
}

/// A payload of the inbox.
#[derive(Debug, Clone)]
pub struct StoredPayload {
    /// Its number.
    pub id: PayloadId,
    /// Which source.
    pub source: SourceId,
    /// Which connection.
    pub connection: Option<ConnectionId>,
    /// How far it may be believed.
    pub trust: Trust,
    /// Its source was new to us.
    pub baseline: bool,
    /// The payload whose id it repeats with another body.
    pub conflict_of: Option<PayloadId>,
    /// When.
    pub received_at: Timestamp,
    /// Headers kept.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Where the reason stands, among the headers of a fetched body, why it was not believed when it came.
pub(in crate::store) const PROBLEM: &str = "forewarn-problem";

impl StoredPayload {
    /// Why a fetched body was not believed when it came: it is kept to be looked at, and not read again.
    pub fn problem(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(k, _)| k == PROBLEM && self.trust == Trust::Fetched);
        found.map(|(_, why)| why.as_str())
    }
}

/// A fetched body for the inbox.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Through which connection, where a key was used.
    pub connection: Option<ConnectionId>,
    /// The body.
    pub body: Bytes,
    /// When.
    pub at: Timestamp,
    /// The source was new to us.
    pub baseline: bool,
    /// It could not be read or is not believed: why. It becomes unrecognized then, whatever a reader makes of it.
    pub problem: Option<String>,
}

words!(
    /// How a source is.
    SourceHealth {
        /// Read lately.
        Fresh = "fresh",
        /// Not read for too long.
        Stale = "stale",
        /// It answers, but not with what we know how to read.
        Unreadable = "unreadable",
        /// It answers with another address.
        Moved = "moved",
        /// It is no longer there.
        Gone = "gone",
        /// Not polled: not connected, not used, or switched off.
        Off = "off",
    }
);

/// A polled source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceRow {
    /// Its id.
    pub id: SourceId,
    /// When to fetch it again.
    pub next_at: Timestamp,
    /// Validator of the last good read.
    pub etag: Option<String>,
    /// Validator of the last good read.
    pub last_modified: Option<String>,
    /// Hash of the last good body.
    #[serde(skip)]
    pub body_hash: Option<[u8; 16]>,
    /// Last good read, changed or not.
    pub last_ok_at: Option<Timestamp>,
    /// Last whole fetch, without validators.
    pub last_full_at: Option<Timestamp>,
    /// Last try.
    pub last_try_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// How it is.
    pub health: SourceHealth,
    /// Why, when it is not fresh.
    pub problem: Option<String>,
    /// Rows of the last good read.
    pub rows: u32,
    /// Incidents open on it at the last good read.
    pub open: u32,
    /// The last good read said something that only counts when it is read again.
    pub again: bool,
}

impl SourceRow {
    /// A source nobody has fetched yet.
    pub fn new(id: SourceId, now: Timestamp) -> Self {
        Self {
            id,
            next_at: now,
            etag: None,
            last_modified: None,
            body_hash: None,
            last_ok_at: None,
            last_full_at: None,
            last_try_at: None,
            failures: 0,
            health: SourceHealth::Stale,
            problem: Some("not read yet".into()),
            rows: 0,
            open: 0,
            again: false,
        }
    }
}

/// Where an event goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// To these.
    Tell(Vec<Recipient>),
    /// To nobody, for the reason of this word.
    Silent(&'static str),
}

/// An event with its routing.
#[derive(Debug, Clone)]
pub struct RoutedEvent {
    /// From which payload; none for forewarn's own.
    pub payload: Option<PayloadId>,
    /// The event.
    pub event: NewEvent,
    /// Where it goes.
    pub routing: Routing,
}

/// A batch of folded payloads.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// The cursor before and after; none when nothing of the inbox is consumed.
    pub cursor: Option<(PayloadId, PayloadId)>,
    /// How many payloads were normalized.
    pub normalized: u64,
    /// Payloads that could not be read, with the reason.
    pub unrecognized: Vec<(PayloadId, String)>,
    /// Payloads that were unrecognized and are now read.
    pub recognized: Vec<PayloadId>,
    /// New states; `version` is the one they were folded from.
    pub matters: Vec<MatterState>,
    /// What happened.
    pub events: Vec<RoutedEvent>,
    /// Matters that are as they were and concern somebody who was not known before: told like a first contact.
    pub adopted: Vec<(MatterId, Vec<Recipient>)>,
    /// What a person did, for the audit.
    pub done: Option<Deed>,
    /// When.
    pub now: Timestamp,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: String,
    /// What, as `deadline.pinned`.
    pub what: &'static str,
    /// To what.
    pub subject: String,
    /// The particulars.
    pub detail: String,
}

/// Somebody who was told of a matter, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldRow {
    /// The alert.
    pub alert: AlertId,
    /// Who.
    pub contact: ContactId,
    /// Which rung.
    pub step: StepKey,
    /// Why.
    pub reason: Reason,
    /// `delivered`, `pending`, `dead` or `superseded`.
    pub state: String,
    /// When it was planned.
    pub at: Timestamp,
}

/// What became of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordOutcome {
    /// On disk.
    Done {
        /// Events that were new.
        events: u64,
        /// Alerts that were opened or woken.
        alerts: u64,
    },
    /// A state or the cursor has moved: nothing was written.
    Stale,
}

/// An alert the ladder must look at.
#[derive(Debug, Clone)]
pub struct DueAlert {
    /// The alert.
    pub alert: Alert,
    /// What it is about; alerts of many owners on one matter share it.
    pub matter: Arc<MatterState>,
    /// What was told in this episode.
    pub told: Vec<Told>,
}

/// What the ladder decided for one alert.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Which.
    pub alert: AlertId,
    /// The version it was decided on.
    pub version: i64,
    /// When to look again.
    pub next_at: Option<Timestamp>,
    /// It is over.
    pub close: bool,
    /// The revision of the matter that is told now.
    pub told_revision: Option<u32>,
    /// The answer it had holds no longer, for this reason.
    pub lapsed: Option<&'static str>,
}

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanOutcome {
    /// On disk.
    Done,
    /// An alert changed meanwhile: nothing was written.
    Stale,
}

/// What an act of a person writes, all or nothing.
#[derive(Debug, Clone)]
pub struct Acting {
    /// The alerts after; the version of each is the one it was decided on.
    pub alerts: Vec<Alert>,
    /// Lines of the audit.
    pub audit: Vec<Deed>,
    /// Words for the threads of those who were told.
    pub notes: Vec<NewNotification>,
    /// What becomes of conversations.
    pub threads: Vec<Thread>,
    /// From this owner, the alert was given away: what routing gives to them goes there.
    pub handed: Option<(String, AlertId)>,
    /// When.
    pub now: Timestamp,
}

/// What becomes of conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thread {
    /// Two matters are one conversation with everybody: that of the second, where it has one.
    Merged {
        /// The duplicate.
        from: MatterId,
        /// The one that goes on.
        into: MatterId,
    },
    /// A contact goes on with the conversation another one had at the same address.
    Handed {
        /// About what.
        matter: MatterId,
        /// Who had it.
        from: ContactId,
        /// Who goes on.
        to: ContactId,
    },
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActOutcome {
    /// Durable.
    Done,
    /// An alert changed meanwhile: nothing was written.
    Stale,
}

/// A notification about to be sent.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Its number.
    pub id: NotificationId,
    /// Its idempotency key.
    pub key: String,
    /// Who.
    pub contact: ContactId,
    /// Attempts, this one included.
    pub attempts: u32,
    /// Attempts before this one of which nobody knows how they ended: the process did not survive them.
    pub unended: u32,
    /// When it was planned.
    pub created_at: Timestamp,
    /// Where the conversation goes on.
    pub thread: Option<String>,
    /// Where all it covers stands at the channel already.
    pub place: Option<String>,
    /// What stands there besides.
    pub beside: Vec<(Alert, MatterState)>,
    /// It is a digest: of whom. It covers no obligations.
    pub digest: Option<DigestOf>,
    /// What it covers, from current facts.
    pub rows: Vec<ClaimedRow>,
}

/// One obligation with current facts.
#[derive(Debug, Clone)]
pub struct ClaimedRow {
    /// The alert.
    pub alert: Alert,
    /// Which episode was meant.
    pub episode: u32,
    /// What it is about.
    pub matter: MatterState,
    /// Which rung.
    pub step: StepKey,
    /// For which revision of the deadline.
    pub deadline_revision: u32,
    /// Why.
    pub reason: Reason,
    /// The date before the last move.
    pub moved_from: Option<Deadline>,
    /// When the source of the winning claim was last read well.
    pub read_at: Option<Timestamp>,
    /// When somebody was told of it in this episode, oldest first.
    pub told: Vec<Timestamp>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The channel took it.
    Delivered {
        /// Where the conversation goes on.
        thread: Option<String>,
        /// What stands at the channel from now on.
        post: Option<Post>,
    },
    /// Again later.
    Retry {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
    /// Never.
    Dead {
        /// Why.
        reason: String,
    },
    /// Never, whatever the message: the address is not there any more.
    Unreachable {
        /// Why.
        reason: String,
    },
    /// Not needed any more.
    Superseded,
}

/// What stands at a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where, as the channel named it.
    pub place: String,
    /// When to look at it again; none where nothing changes by itself.
    pub next_at: Option<Timestamp>,
}

/// A post to look at.
#[derive(Debug, Clone)]
pub struct PostDue {
    /// Its alert.
    pub alert: Alert,
    /// What that is about.
    pub matter: MatterState,
    /// With whom it stands.
    pub contact: ContactId,
    /// On which channel.
    pub channel: String,
    /// Where.
    pub place: String,
}

/// A contact whose address was not there when it was last told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// Who.
    pub contact: ContactId,
    /// On which channel.
    pub channel: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}
