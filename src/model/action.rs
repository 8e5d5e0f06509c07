//! What a person says of an alert, and who says it.
//!
//! In: buttons, links, commands, forms, the API. Out: an [`Act`], the same whatever the way. Invariant: an act names its
//! person. Refuses to judge: whether it may be done now is `rules::answer`.

use super::alert::ResolveReason;
use super::event::words;
use super::ids::AlertId;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::fmt;

words!(
    /// Which way a person took.
    Via {
        /// The command line.
        Cli = "cli",
        /// The HTTP API.
        Api = "api",
        /// A button in Slack.
        Slack = "slack",
        /// The link of a mail.
        Mail = "mail",
        /// A page of ours.
        Page = "page",
        /// A ticket that was closed or opened again.
        Ticket = "ticket",
        /// forewarn itself, from what it saw.
        Forewarn = "forewarn",
    }
);

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Their name, as people know it.
    pub who: String,
    /// Which way.
    pub via: Via,
}

impl fmt::Display for By {
    /// `mei`, or `mei (slack)` where it was no command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.via {
            Via::Cli | Via::Forewarn => f.write_str(&self.who),
            Via::Api | Via::Slack | Via::Mail | Via::Page | Via::Ticket => write!(f, "{} ({})", self.who, self.via),
        }
    }
}

/// Until when, as a person says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// The morning of a day, in the owner's zone.
    Day(Date),
    /// A moment.
    At(Timestamp),
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Seen, and this will happen. Counts for the whole wave. Without a plan it expires before the next rung.
    Acknowledge {
        /// What they said.
        note: Option<String>,
        /// When they mean to be done.
        plan_on: Option<Date>,
    },
    /// Quiet for a while, never past the deadline. Counts for the whole wave.
    Snooze {
        /// Until when.
        until: Until,
        /// What they said.
        note: Option<String>,
    },
    /// Dealt with: this alert, or some of its services.
    Resolve {
        /// Why.
        reason: ResolveReason,
        /// What they said.
        note: Option<String>,
        /// These services only; empty for all.
        #[serde(default)]
        services: Vec<String>,
        /// For [`ResolveReason::Duplicate`]: which alert goes on.
        #[serde(default)]
        duplicate_of: Option<AlertId>,
    },
    /// Not dealt with after all.
    Reopen {
        /// What they said.
        note: Option<String>,
    },
    /// Another owner answers.
    Reassign {
        /// Who.
        to: String,
        /// What they said.
        note: Option<String>,
    },
}

/// One act of one person on one alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Which alert.
    pub alert: AlertId,
    /// Only if this episode still goes on; links and buttons of old messages name theirs.
    #[serde(default)]
    pub episode: Option<u32>,
    /// What.
    pub action: Action,
    /// Who.
    pub by: By,
}
