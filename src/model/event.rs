//! An event: a recorded change of a matter, or a fact that needs no state. Immutable.
//!
//! In: folding. Out: what is stored, routed and shown. Invariant: `fingerprint` is unique for ever. Refuses to carry
//! provider markup: title and summary are plain text.

use super::deadline::Deadline;
use super::ids::{ConnectionId, EventId, MatterId, ProviderId, SourceId};
use super::subject::Subject;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word used in SQL, JSON and the shell.
            pub fn as_str(self) -> &'static str { match self { $($name::$variant => $word),+ } }
            /// Reads the word back.
            pub fn parse(s: &str) -> Option<Self> { match s { $($word => Some($name::$variant),)+ _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }
    };
}
pub(crate) use words;

words!(
    /// What an event is about.
    Kind {
        /// Something goes away.
        Deprecation = "deprecation",
        /// Something is broken.
        Incident = "incident",
        /// Something will be worked on.
        Maintenance = "maintenance",
        /// Money: budgets, credits, failed payments.
        Billing = "billing",
        /// Our account: safety, keys, quota, access.
        Account = "account",
        /// Something changed: a release, a price.
        Change = "change",
        /// A job of ours went on: stored, counted, quiet.
        Job = "job",
        /// The health of one of our sources.
        Source = "source",
        /// A type no rule knows yet.
        Unrecognized = "unrecognized",
    }
);

words!(
    /// How bad it is.
    Severity {
        /// Good to know.
        Info = "info",
        /// Small.
        Minor = "minor",
        /// Large.
        Major = "major",
        /// Act now.
        Critical = "critical",
    }
);

words!(
    /// What changed. Which of these a kind can have is told beside each group.
    Change {
        /// deprecation: first heard of.
        Announced = "announced",
        /// deprecation: the date changed.
        Moved = "moved",
        /// deprecation: taken back.
        Withdrawn = "withdrawn",
        /// deprecation: another replacement is recommended.
        Replaced = "replaced",
        /// deprecation: calls are answered by something else before the end.
        Redirected = "redirected",
        /// deprecation: two sources give dates more than 7 days apart.
        Disputed = "disputed",
        /// deprecation: it has ended.
        Retired = "retired",
        /// incident, maintenance, billing, account, source: it began.
        Opened = "opened",
        /// incident, maintenance, billing, account: more is known.
        Updated = "updated",
        /// incident, maintenance, billing, account, source: over.
        Resolved = "resolved",
        /// incident, billing, account, source: it is back.
        Reopened = "reopened",
        /// job, change, unrecognized: it was said, nothing follows.
        Noted = "noted",
    }
);

/// An event before it is stored: everything but its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEvent {
    /// What it is about.
    pub kind: Kind,
    /// Who said it.
    pub provider: ProviderId,
    /// Which of our accounts it came to, when it came to one.
    pub connection: Option<ConnectionId>,
    /// Where it was said.
    pub source: SourceId,
    /// The matter it changes; none for facts without state.
    pub matter: Option<MatterId>,
    /// The provider's own type, `safety.alert.created`.
    pub native_type: Option<String>,
    /// The provider's own id of this update.
    pub native_id: Option<String>,
    /// UNIQUE for ever: hex of 16 bytes.
    pub fingerprint: String,
    /// What changed; none for observations that are only printed.
    pub change: Option<Change>,
    /// How bad it is.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// More, plain text.
    pub summary: String,
    /// Where to read about it.
    pub url: Option<String>,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// When it ends, for a deprecation.
    pub deadline: Option<Deadline>,
    /// For a date that changed: the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Deadline>,
    /// For calls that another answers now: what that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirected_to: Option<String>,
    /// What to use instead.
    pub replacements: Vec<String>,
    /// Amount, for billing.
    pub money: Option<Money>,
    /// When it happened, by the provider's word.
    pub occurred_at: Timestamp,
    /// When we heard it.
    pub received_at: Timestamp,
}

/// An amount in minor units: cents, never a fraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units of the currency.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The rest.
    #[serde(flatten)]
    pub event: NewEvent,
}
