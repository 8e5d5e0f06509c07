//! Usage: what of a provider we use, and how we know.
//!
//! In: scans of code, exports of gateways and providers. Out: rows that are merged with what the config declares.
//! Invariant: subjects are exact; a count that is not known is none, never 0. Refuses to say whose it is: services claim
//! projects in the config, which may change.

use super::event::words;
use super::ids::ProviderId;
use super::subject::Subject;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

words!(
    /// From which direction we know of a use. The third, declared, is in the config and is never stored.
    Direction {
        /// An id stands in our code or settings.
        Scanned = "scanned",
        /// A gateway or the provider counted calls.
        Observed = "observed",
    }
);

/// One word about one subject: an id that was found, or calls in a window of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// What is used.
    pub subject: Subject,
    /// The service of ours, where the teller names it.
    pub service: Option<String>,
    /// The project, team, workspace or key, as the teller names it.
    pub project: Option<String>,
    /// Begin of the window; for a scan its time.
    pub from: Timestamp,
    /// End of the window.
    pub until: Timestamp,
    /// Calls in it, where they are counted.
    pub calls: Option<u64>,
    /// Tokens in it, where they are counted.
    pub tokens: Option<u64>,
    /// Where it stands: `src/bot.py:17`.
    pub place: Option<String>,
    /// Only tests or documents speak of it.
    pub mention: bool,
}

/// What one teller said at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageReport {
    /// How it knows.
    pub direction: Direction,
    /// Who it is: `litellm`, `openai`, `sarif`, `scan`. A scan replaces what the same teller said of the same service.
    pub via: String,
    /// The service all of it is about, where the teller names one.
    pub service: Option<String>,
    /// Whose usage it would have shown, with our account where it is of one.
    pub covers: Vec<(ProviderId, Option<String>)>,
    /// The time it covers, used or not.
    pub covered: Option<(Timestamp, Timestamp)>,
    /// What is used.
    pub uses: Vec<Use>,
}

/// What is known of one use from one teller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseRow {
    /// What is used.
    pub subject: Subject,
    /// How we know.
    pub direction: Direction,
    /// Who said so.
    pub via: String,
    /// The service of ours, where the teller named it.
    pub service: Option<String>,
    /// The project, team, workspace or key, as the teller names it.
    pub project: Option<String>,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// Calls in the days asked for, where they are counted.
    pub calls: Option<u64>,
    /// Tokens in the days asked for, where they are counted.
    pub tokens: Option<u64>,
    /// Where it stands.
    pub place: Option<String>,
    /// Only tests or documents speak of it.
    pub mention: bool,
}

/// A day on which calls to a provider would have been seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CoveredDay {
    /// Whose.
    pub platform: ProviderId,
    /// Of which account of ours, where it is of one.
    pub account: Option<String>,
    /// The day, in UTC.
    pub day: Date,
}
