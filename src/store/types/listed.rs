//! What lists show: filters and their rows, the ledger, flush times.
//!
//! In: filters of commands, pages and the API. Out: rows. Invariant: plain values, bounded by a filter's limit. Refuses
//! behaviour.

use crate::model::{AlertId, AlertState, ContactId, Kind, MatterId, NotificationId, PayloadId, SourceId};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

/// A notification that could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its number.
    pub id: NotificationId,
    /// For whom.
    pub contact: ContactId,
    /// On which channel.
    pub channel: String,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
}

/// A payload that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Its number.
    pub payload: PayloadId,
    /// Which source.
    pub source: SourceId,
    /// Why.
    pub problem: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// The same delivery id with another body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The later payload.
    pub payload: PayloadId,
    /// The first payload.
    pub first: PayloadId,
    /// Which source.
    pub source: SourceId,
    /// When.
    pub received_at: Timestamp,
}

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this provider.
    pub provider: Option<String>,
    /// Of this matter.
    pub matter: Option<String>,
    /// Heard at or after.
    pub since: Option<Timestamp>,
    /// Heard before.
    pub until: Option<Timestamp>,
    /// With a number below this one.
    pub before: Option<i64>,
    /// With a number above this one.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// Which alerts to list.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    /// Of this owner.
    pub owner: Option<String>,
    /// In this state.
    pub state: Option<AlertState>,
    /// This one.
    pub id: Option<AlertId>,
    /// Only those of which somebody says that we no longer use the thing, as a whole or for a service.
    pub migrated: bool,
    /// With a number below this one.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// One equation of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// What is counted.
    pub what: &'static str,
    /// The whole, counted on its own.
    pub total: i64,
    /// Its parts, each counted on its own.
    pub parts: Vec<(String, i64)>,
}

impl LedgerLine {
    /// Whether the parts make the whole.
    pub fn adds_up(&self) -> bool {
        self.total == self.parts.iter().map(|(_, n)| n).sum::<i64>()
    }
}

/// payloads, events, obligations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The three equations.
    pub lines: Vec<LedgerLine>,
}

/// A message to somebody, as the outbox has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationRow {
    /// Its number.
    pub id: NotificationId,
    /// For whom.
    pub contact: ContactId,
    /// On which channel.
    pub channel: String,
    /// `pending`, `delivered`, `superseded` or `dead`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_attempt_at: Option<Timestamp>,
    /// Why it is not delivered.
    pub reason: Option<String>,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Which alerts it tells of.
    pub alerts: Vec<AlertId>,
    /// It is the digest of this owner.
    pub digest: Option<String>,
}

/// How letters to a contact fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactRow {
    /// Who.
    pub contact: ContactId,
    /// When it was first told something; a digest asks nobody for an answer and does not count.
    pub first_at: Option<Timestamp>,
    /// When a letter was last taken.
    pub delivered_at: Option<Timestamp>,
    /// When a letter last died, and why.
    pub died: Option<(Timestamp, String)>,
}

impl ContactRow {
    /// Why its last letter died, if it did.
    pub fn refused(&self) -> Option<&str> {
        let (at, why) = self.died.as_ref()?;
        self.delivered_at.is_none_or(|d| d < *at).then_some(why.as_str())
    }
}

/// Which notifications to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct NotificationFilter {
    /// In this state.
    pub state: Option<String>,
    /// This one.
    pub id: Option<NotificationId>,
    /// With a number below this one.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// How long flushes took, since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FlushTimes {
    /// Upper bounds in seconds, and how many flushes were at most so long.
    pub buckets: Vec<(f64, u64)>,
    /// Seconds in all.
    pub sum: f64,
    /// Flushes in all.
    pub count: u64,
}

/// Which matters to list by date.
#[derive(Debug, Clone)]
pub struct DatedFilter {
    /// From this day on.
    pub from: Date,
    /// To this day, which counts.
    pub until: Date,
    /// Of this provider.
    pub provider: Option<String>,
    /// After this matter, which stands under this day.
    pub after: Option<(Date, MatterId)>,
    /// At most so many.
    pub limit: usize,
}

impl DatedFilter {
    /// All of these days, both counted, of one provider or of any.
    pub fn of(from: Date, until: Date, provider: Option<String>) -> Self {
        Self { from, until, provider, after: None, limit: usize::MAX }
    }
}

/// How a source was read on a day (UTC).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceDay {
    /// Which.
    pub source: SourceId,
    /// The day.
    pub day: Date,
    /// Good reads.
    pub read: u32,
    /// Tries that failed or were not believed.
    pub failed: u32,
    /// Fewest rows of a good read.
    pub fewest: Option<u32>,
    /// Most rows of a good read.
    pub most: Option<u32>,
}

/// A line of the audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who or what.
    pub who: String,
    /// What, as `alert.acknowledged`.
    pub what: String,
    /// What it was done to.
    pub subject: String,
    /// More.
    pub detail: String,
}

/// Which lines of the audit.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// With a number below this one.
    pub before: Option<i64>,
    /// Of this subject.
    pub subject: Option<String>,
    /// At most so many.
    pub limit: usize,
}
