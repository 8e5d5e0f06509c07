//! An observation: what one source says now about one matter, with the words it said it in.
//!
//! In: readers. Out: folding. Invariant: an observation repeats what the payload says and adds nothing. Refuses to know
//! what was said before: that is folding.

use super::deadline::Deadline;
use super::event::{Change, Kind, Money, Severity, words};
use super::ids::{ConnectionId, MatterId, ProviderId, SourceId};
use super::matter::{Rank, Window};
use super::subject::Subject;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// What was said.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// Something will end, or has.
    Ending(Ending),
    /// Something announced to end does not, in so many words.
    Withdrawn(Word),
    /// Calls are answered by something else already.
    Redirected {
        /// By what.
        to: String,
        /// In which words.
        word: Word,
    },
    /// A person took this source's claim back: what others say counts again.
    Dropped,
    /// A matter with a beginning and an end: incident, billing, account, maintenance, source.
    Episode {
        /// What the provider's message does to it: `Opened`, `Updated` or `Resolved`.
        change: Change,
    },
    /// A page that listed it was read well and lists it no more, without having said that it is over.
    Absent,
    /// The same for maintenance whose times are given.
    Planned {
        /// As for an episode.
        change: Change,
        /// When it is planned.
        window: Window,
    },
    /// A fact that needs no state: job, change, unrecognized.
    Noted,
}

words!(
    /// Where a source says that something stands in its life.
    Lifecycle {
        /// Supported.
        Active = "active",
        /// Supported, but nothing new comes.
        Legacy = "legacy",
        /// Announced to end.
        Deprecated = "deprecated",
        /// Ended.
        Retired = "retired",
    }
);
/// A word of a source, with its weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// How much this source counts beside others.
    pub rank: Rank,
    /// The row or sentence it was read from, plain text.
    pub quote: String,
}

/// What an end brings besides calls that fail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// What answers the calls from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// What is said of the price, in the words of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
}

impl Aftermath {
    /// Whether nothing was said.
    pub fn is_nothing(&self) -> bool {
        self.redirect.is_none() && self.price.is_none()
    }
}

/// What a source says about the end of something.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// When it was announced, if said.
    pub announced_on: Option<Date>,
    /// When it ends; none if no date could be read.
    pub deadline: Option<Deadline>,
    /// What to use instead, best first.
    pub replacements: Vec<String>,
    /// The row or sentence it was read from, plain text.
    pub quote: String,
    /// How much this source counts beside others.
    pub rank: Rank,
    /// The source says that it has ended already.
    pub ended: bool,
    /// Where the source says it stands, if it says so.
    pub stage: Option<Lifecycle>,
    /// Why a person should look: what could not be read, in words that name it.
    pub review: Option<String>,
    /// What follows the end.
    pub after: Aftermath,
}

/// One source, one matter, one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Who speaks.
    pub provider: ProviderId,
    /// Where.
    pub source: SourceId,
    /// To which of our accounts.
    pub connection: Option<ConnectionId>,
    /// What it is about.
    pub kind: Kind,
    /// The matter; none for facts without state.
    pub matter: Option<MatterId>,
    /// The provider's own type.
    pub native_type: Option<String>,
    /// The provider's own id of this message; makes the fingerprint when there is one.
    pub native_id: Option<String>,
    /// How bad.
    pub severity: Severity,
    /// One line, plain.
    pub title: String,
    /// More, plain.
    pub summary: String,
    /// Where to read about it.
    pub url: Option<String>,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// Amount, for billing.
    pub money: Option<Money>,
    /// What was said.
    pub fact: Fact,
    /// When it happened, by the provider's word; else when it was heard.
    pub occurred_at: Timestamp,
}

/// What a reader makes of a payload. "Unreadable" and "nothing to say" are different values.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was read, all of it.
    Ok(Vec<Observation>),
    /// It could be parsed, but a guard says it is not the page we know: markers are missing or too few rows.
    GuardFailed(String),
    /// It could not be parsed.
    Unreadable(String),
}
