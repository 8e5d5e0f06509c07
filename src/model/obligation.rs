//! An obligation: somebody must be told something, once.
//!
//! In: the ladder. Out: rows of the outbox. Invariant: UNIQUE (alert, episode, deadline revision, step, occurrence,
//! contact), so no step is told twice and none is lost. Refuses to hold text: messages are rendered from current facts.

use super::event::words;
use super::ids::AlertId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

words!(
    /// Why somebody is told now: the named answer of the ladder.
    Reason {
        /// It is new.
        Opened = "opened",
        /// A rung of the ladder before the deadline.
        Reminder = "reminder",
        /// The deadline has passed and nobody said done.
        Overdue = "overdue",
        /// The date changed.
        Moved = "moved",
        /// Something else changed.
        Updated = "updated",
        /// It is over.
        Resolved = "resolved",
        /// Taken back by the provider.
        Withdrawn = "withdrawn",
        /// Nobody answered in time.
        Escalated = "escalated",
        /// It was over or dealt with, and is not.
        Reopened = "reopened",
        /// Another owner answers from now on.
        Reassigned = "reassigned",
        /// Somebody did something about it: a word in the thread.
        Acted = "acted",
    }
);

/// Which rung, as stored: `opened`, `7d`, `15m`, `updated`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(pub String);

/// An address on a channel, named `OWNER/WHAT`: `search/slack`, `search/lead`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactId(pub String);

impl fmt::Display for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a contact is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Contact {
    /// Its name.
    pub id: ContactId,
    /// Whose it is.
    pub owner: String,
    /// The channel that reaches it: `slack`, `slack.WORKSPACE`, `email`, `console`, `webhook.NAME`, `pagerduty.NAME`, `github` …
    pub channel: String,
    /// The address on that channel: `#search-ai`, `search@example.com`, a name of a webhook, `acme/search`.
    pub address: String,
}

impl Contact {
    /// Whether its channel keeps one thing for each alert (an incident, a ticket), which a list of several cannot be.
    pub fn keeps_one_each(&self) -> bool {
        let kind = self.channel.split('.').next().unwrap_or_default();
        matches!(kind, "pagerduty" | "alertmanager" | "github" | "jira" | "linear")
    }
}

/// An obligation before it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewObligation {
    /// Which alert.
    pub alert: AlertId,
    /// Which episode of it.
    pub episode: u32,
    /// Which revision of the deadline; 0 where there is none.
    pub deadline_revision: u32,
    /// Which rung.
    pub step: StepKey,
    /// Which repetition of the rung; 0 for the first.
    pub occurrence: u32,
    /// Who is told.
    pub contact: ContactId,
    /// Why.
    pub reason: Reason,
}

/// What was told already, in one episode of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which rung.
    pub step: StepKey,
    /// For which revision of the deadline.
    pub deadline_revision: u32,
    /// When it was decided.
    pub at: Timestamp,
}

/// One message to be, over one or more obligations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// Idempotency key: 32 hex digits, the same over all attempts.
    pub key: String,
    /// Who.
    pub contact: Contact,
    /// What it covers; at least one.
    pub obligations: Vec<NewObligation>,
}
