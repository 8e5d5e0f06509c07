//! L2: what must survive. Traits by role, whose methods are business operations: atomic, durable on return.
//!
//! In: model values, `now`. Out: model values. Invariant: an operation that returned `Ok` is on disk (fsynced); one that
//! returned an error changed nothing. Refuses to leak a driver: nothing of SQLite is above `store/`.

pub mod folder;
pub mod sqlite;
mod types;

pub use types::{
    ActOutcome, Acting, AlertFilter, AuditFilter, AuditRow, Claimed, ClaimedRow, Conflict, ConnectionRow, ContactRow,
    DatedFilter, DeadLetter, Deed, Delivery, DueAlert, EventFilter, Fetched, FlushTimes, INCOMPARABLE, Ledger,
    LedgerLine, NewToken, NotificationFilter, NotificationRow, PlanOutcome, Planned, Post, PostDue, Receipt,
    RecordOutcome, Recording, RoutedEvent, Routing, Settlement, SourceDay, SourceHealth, SourceRow, StoredPayload,
    Thread, TokenRow, ToldRow, Unreached, Unreadable,
};

use crate::model::ModelList;
use crate::model::{
    Acknowledgement, Alert, AlertId, AlertState, ConnectionId, ContactId, CoveredDay, DigestPlan, DigestTime, Event,
    EventId, Kind, MatterId, MatterState, NewNotification, NotificationId, PayloadId, ProviderId, Silence, SourceId,
    Subject, UsageReport, UseRow,
};
use jiff::{Timestamp, civil::Date};
use std::{collections::BTreeSet, future::Future, pin::Pin, sync::Arc};

/// What a store operation returns.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What the caller should do differently.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Try again later: disk full, locked, overloaded, shutting down. Nothing was stored.
    #[error("cannot store now: {0}")]
    Unavailable(String),
    /// The data is damaged or was edited by hand; a person must look.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The data was written by a newer forewarn.
    #[error("the database has schema {found}, this forewarn knows {known}: install the newer release again")]
    Newer {
        /// Schema of the file.
        found: i64,
        /// Schema this binary writes.
        known: i64,
    },
    /// Another process holds the data folder.
    #[error("another forewarn holds {0}: stop it, or use another --data")]
    InUse(String),
    /// The folder cannot be used.
    #[error("{0}")]
    Folder(String),
}

/// Receiving.
pub trait Intake: Send + Sync {
    /// Stores a verified or hinted delivery. A repeat changes nothing but a counter.
    fn receive(&self, delivery: Delivery) -> Fut<'_, Receipt>;
    /// These connections are configured: from now on their silence counts. Those known before keep their beginning.
    fn expect(&self, connections: Vec<ConnectionId>, now: Timestamp) -> Fut<'_, ()>;
}

/// Polled sources.
pub trait Sources: Send + Sync {
    /// The rows of all sources ever polled.
    fn sources(&self) -> Fut<'_, Vec<SourceRow>>;
    /// Saves how a fetch went, and its body for the inbox where it says something new.
    fn fetched(&self, row: SourceRow, body: Option<Fetched>) -> Fut<'_, ()>;
    /// Moves the next fetch of a source forward to a moment; never back. A source nobody polled yet is due anyway.
    fn hurry(&self, source: SourceId, at: Timestamp) -> Fut<'_, ()>;
    /// What a list of models has shown so far; none before its first good read.
    fn listed(&self, source: SourceId) -> Fut<'_, Option<ModelList>>;
    /// Keeps that for the next read.
    fn keep_list(&self, source: SourceId, list: ModelList) -> Fut<'_, ()>;
}

/// Normalizing.
pub trait Matters: Send + Sync {
    /// Where the normalizer stands, and the payloads behind that, oldest first: at most so many and about so many bytes.
    fn pending(&self, limit: usize, bytes: usize) -> Fut<'_, (PayloadId, Vec<StoredPayload>)>;
    /// The states of these matters, as far as they exist.
    fn matters(&self, ids: Vec<MatterId>) -> Fut<'_, Vec<MatterState>>;
    /// The open incidents and maintenances of a provider.
    fn open_of(&self, provider: ProviderId) -> Fut<'_, Vec<MatterState>>;
    /// Which of these fingerprints are known.
    fn known(&self, fingerprints: Vec<String>) -> Fut<'_, BTreeSet<String>>;
    /// Records what was folded, opens and wakes alerts. `Stale` when a state or the cursor has moved: reload, fold again.
    fn record(&self, recording: Recording) -> Fut<'_, RecordOutcome>;
    /// Unrecognized payloads, with the reason, for another look; newest last.
    fn unrecognized(&self, after: PayloadId, limit: usize) -> Fut<'_, Vec<(StoredPayload, String)>>;
}

/// Alerts and obligations.
pub trait Alerts: Send + Sync {
    /// Alerts the ladder must look at, most overdue first.
    fn due_alerts(&self, now: Timestamp, limit: usize) -> Fut<'_, Vec<DueAlert>>;
    /// Puts off alerts that are due and cannot be read, so that one that was damaged holds up no other; which, and why.
    fn put_off_damaged(&self, now: Timestamp, until: Timestamp) -> Fut<'_, Vec<(AlertId, String)>>;
    /// Writes what the ladder decided, all or nothing. `Stale` when an alert changed meanwhile.
    fn plan(&self, planned: Vec<Planned>, notifications: Vec<NewNotification>, now: Timestamp) -> Fut<'_, PlanOutcome>;
    /// Notes by what config the next looks are reckoned. Where it is another than before, every open alert is to be looked
    /// at now; how many.
    fn reckon_by(&self, mark: i64, now: Timestamp) -> Fut<'_, u64>;
    /// Writes what a person did, all or nothing. `Stale` when an alert changed meanwhile.
    fn act(&self, acting: Acting) -> Fut<'_, ActOutcome>;
    /// Silences that have not ended, or all of them, newest first.
    fn silences(&self, all: bool) -> Fut<'_, Vec<Silence>>;
    /// Stores a silence; its number.
    fn silence(&self, silence: Silence) -> Fut<'_, i64>;
    /// Somebody was reminded that it ends.
    fn silence_reminded(&self, id: i64, now: Timestamp) -> Fut<'_, ()>;
    /// Ends a silence, and wakes the alerts that waited for its end; false if there is none, or it had ended.
    fn end_silence(&self, id: i64, by: String, now: Timestamp) -> Fut<'_, bool>;
}

/// The outbox.
pub trait Outbox: Send + Sync {
    /// Channels with something due.
    fn channels_due(&self, now: Timestamp) -> Fut<'_, Vec<String>>;
    /// The next due notification of a channel; the start of the attempt is on disk when this returns.
    fn claim(&self, channel: String, now: Timestamp) -> Fut<'_, Option<Claimed>>;
    /// How the attempt ended.
    fn settle(&self, id: NotificationId, how: Settlement, now: Timestamp) -> Fut<'_, ()>;
    /// Dead letters nobody was told of yet.
    fn dead_letters(&self, limit: usize) -> Fut<'_, Vec<DeadLetter>>;
    /// A dead letter is to be sent once more; whether there was one.
    fn revive(&self, id: NotificationId, by: String, now: Timestamp) -> Fut<'_, bool>;
    /// Marks dead letters as told to the operators.
    fn dead_letters_told(&self, ids: Vec<NotificationId>) -> Fut<'_, ()>;
}

/// Digests.
pub trait Digests: Send + Sync {
    /// When the next digest of each owner comes.
    fn digest_times(&self) -> Fut<'_, Vec<DigestTime>>;
    /// Writes what was decided, all or nothing: the times that count from now on, and digests into the outbox.
    fn plan_digests(&self, plan: DigestPlan, now: Timestamp) -> Fut<'_, ()>;
}

/// What stands at channels and follows its alert.
pub trait Posts: Send + Sync {
    /// Posts to look at, longest overdue first.
    fn posts_due(&self, now: Timestamp, limit: usize) -> Fut<'_, Vec<PostDue>>;
    /// A post was looked at; when to look again.
    fn post_seen(&self, alert: AlertId, contact: ContactId, next_at: Option<Timestamp>) -> Fut<'_, ()>;
    /// Contacts whose address was not there when they were last told something.
    fn unreached(&self) -> Fut<'_, Vec<Unreached>>;
}

/// What we use, as scans and counted calls tell it.
pub trait Usage: Send + Sync {
    /// Takes what one teller said. The same said twice counts once; how many subjects are seen that were not known.
    fn note_usage(&self, report: UsageReport) -> Fut<'_, u64>;
    /// Every use ever seen, with the calls of windows that end after `since`.
    fn usage(&self, since: Timestamp) -> Fut<'_, Vec<UseRow>>;
    /// The days from `since` on for which somebody counted calls, in order.
    fn covered_days(&self, since: Timestamp) -> Fut<'_, Vec<CoveredDay>>;
}

/// Looking.
pub trait Read: Send + Sync {
    /// Events, newest first.
    fn events(&self, filter: EventFilter) -> Fut<'_, Vec<(Event, String)>>;
    /// Alerts with their matters, newest first.
    fn alerts(&self, filter: AlertFilter) -> Fut<'_, Vec<(Alert, Arc<MatterState>)>>;
    /// All matters of a kind.
    fn matters_of(&self, kind: Kind) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Deprecations of which the config says something, or did before it was changed.
    fn configured(&self) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Deprecations that go on, without a date, of which a person should look at something.
    fn undated(&self) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Deprecations of which a source has given another date once, and not twice yet; and those that a source says have
    /// ended, whose date has come by `today` and which are not known to have ended.
    fn unconfirmed(&self, today: Date) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Who was told of a matter, oldest first.
    fn told_of(&self, matter: MatterId) -> Fut<'_, Vec<ToldRow>>;
    /// The channels by which anybody was told of an alert, or is about to be.
    fn channels_of(&self, alert: AlertId) -> Fut<'_, BTreeSet<String>>;
    /// The ledger, counted afresh.
    fn ledger(&self) -> Fut<'_, Ledger>;
    /// When each source was last read well, with its health.
    fn source(&self, id: SourceId) -> Fut<'_, Option<SourceRow>>;
    /// Payloads waiting for the normalizer: how many, and when the oldest came.
    fn backlog(&self) -> Fut<'_, (u64, Option<Timestamp>)>;
    /// Conflicting deliveries: the same id with another body.
    fn conflicts(&self, limit: usize) -> Fut<'_, Vec<Conflict>>;
    /// What each connection has sent so far.
    fn connections(&self) -> Fut<'_, Vec<ConnectionRow>>;
    /// Dead letters, newest first.
    fn dead(&self, limit: usize) -> Fut<'_, Vec<DeadLetter>>;
    /// Notifications, newest first.
    fn notifications(&self, filter: NotificationFilter) -> Fut<'_, Vec<NotificationRow>>;
    /// How letters to each contact fared.
    fn contacts(&self) -> Fut<'_, Vec<ContactRow>>;
    /// Notifications still to be delivered: how many, and when the oldest was planned.
    fn undelivered(&self) -> Fut<'_, (u64, Option<Timestamp>)>;
    /// Rises with every write of this process that is no delivery and no word on how a source or forewarn itself is: what was read before a rise may have changed.
    fn changes(&self) -> u64;
    /// How long flushes took, where this process writes.
    fn flush_times(&self) -> Option<FlushTimes>;
    /// Unrecognized payloads, newest first, without their bodies.
    fn unreadable(&self, limit: usize) -> Fut<'_, Vec<Unreadable>>;
}

/// Who may ask the private side.
pub trait Tokens: Send + Sync {
    /// Keeps a new token and audits it; nothing when a live one has its name.
    fn add_token(&self, token: NewToken, now: Timestamp) -> Fut<'_, Option<TokenRow>>;
    /// All tokens ever made, oldest first.
    fn tokens(&self) -> Fut<'_, Vec<TokenRow>>;
    /// The token of a hash, live or not.
    fn token_of(&self, hash: [u8; 32]) -> Fut<'_, Option<TokenRow>>;
    /// Ends a live token and all its sessions, and audits it; whether there was one.
    fn revoke_token(&self, name: String, by: String, now: Timestamp) -> Fut<'_, bool>;
    /// Somebody signed in with a token; sessions that are over are removed.
    fn begin_session(&self, hash: [u8; 32], token: i64, expires_at: Timestamp, now: Timestamp) -> Fut<'_, ()>;
    /// The token a running session was begun with, live or not.
    fn session_of(&self, hash: [u8; 32], now: Timestamp) -> Fut<'_, Option<TokenRow>>;
    /// Somebody signed out.
    fn end_session(&self, hash: [u8; 32]) -> Fut<'_, ()>;
}

/// Where an alert stands: what a row of the calendar says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its state.
    pub state: AlertState,
    /// What somebody said.
    pub ack: Option<Acknowledgement>,
}

/// Alerts nobody has answered.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// How many of each owner, by name.
    pub counts: Vec<(String, u64)>,
    /// Some of each.
    pub first: Vec<(Alert, Arc<MatterState>)>,
}

/// Looking at a part: what a page shows. What it costs follows from what is shown, not from what is stored.
pub trait Look: Send + Sync {
    /// Deprecations whose day to reckon with is inside a window, soonest first.
    fn dated(&self, filter: DatedFilter) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Deprecations without a date, by id.
    fn without_date(&self, after: Option<MatterId>, limit: usize) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// Deprecations of this very thing: other regions, deployments, accounts of it, and itself.
    fn of_subject(&self, subject: Subject) -> Fut<'_, Vec<MatterId>>;
    /// Matters of a kind that go on, by id.
    fn open(&self, kind: Kind, limit: usize) -> Fut<'_, Vec<Arc<MatterState>>>;
    /// The alerts on these matters.
    fn alerts_on(&self, matters: Vec<MatterId>) -> Fut<'_, Vec<Alert>>;
    /// For each of these matters, in this order, where the alerts on it stand.
    fn answers_on(&self, matters: Vec<MatterId>) -> Fut<'_, Vec<Vec<Standing>>>;
    /// How many alerts of each owner nobody has answered, and at most `each` of what has no date, the newest, and as many
    /// of what ends soonest.
    fn unanswered(&self, each: usize) -> Fut<'_, Unanswered>;
    /// What an event was read from; none when it is forewarn's own or past its retention.
    fn payload_of(&self, event: EventId) -> Fut<'_, Option<StoredPayload>>;
    /// How sources were read, day by day.
    fn source_days(&self, source: Option<SourceId>, since: Date) -> Fut<'_, Vec<SourceDay>>;
    /// The audit, newest first.
    fn audit(&self, filter: AuditFilter) -> Fut<'_, Vec<AuditRow>>;
}

/// Keeping house.
pub trait Housekeeping: Send + Sync {
    /// Removes what its retention allows, at most one small slice; how many rows went.
    fn prune(&self, now: Timestamp) -> Fut<'_, u64>;
    /// Writes a row, which shows that rows can be written; nobody reads it.
    fn pulse(&self, now: Timestamp) -> Fut<'_, ()>;
    /// Notes a moment at which the clock was believed: a later start is measured by it.
    fn believed(&self, now: Timestamp) -> Fut<'_, ()>;
    /// Notes that forewarn is here, so that a later start knows since when nobody was.
    fn alive(&self, now: Timestamp) -> Fut<'_, ()>;
    /// When that was last noted.
    fn last_alive(&self) -> Fut<'_, Option<Timestamp>>;
    /// When the copy was taken that this data is, while nothing of it may be sent.
    fn held(&self) -> Fut<'_, Option<Timestamp>>;
    /// Lets it be sent, and audits who said so; whether it was held.
    fn resume(&self, by: String, now: Timestamp) -> Fut<'_, bool>;
    /// Notes that a copy was taken.
    fn copied(&self, by: String, to: String, now: Timestamp) -> Fut<'_, ()>;
    /// When that was last noted.
    fn last_copied(&self) -> Fut<'_, Option<Timestamp>>;
    /// Checks the file page by page.
    fn quick_check(&self) -> Fut<'_, ()>;
}

/// Everything.
pub trait Store:
    Intake + Sources + Matters + Alerts + Outbox + Digests + Posts + Usage + Read + Look + Tokens + Housekeeping
{
}
impl<T: Intake + Sources + Matters + Alerts + Outbox + Digests + Posts + Usage + Read + Look + Tokens + Housekeeping>
    Store for T
{
}
