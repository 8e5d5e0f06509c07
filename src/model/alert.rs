//! An alert: one matter in the hands of one owner.
//!
//! In: routing opens it, people and folding close it. Out: the row the ladder works from. Invariant: one alert per
//! (matter, owner); each reopening is a new episode. Refuses to know channels.

use super::action::By;
use super::event::words;
use super::ids::{AlertId, MatterId};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words!(
    /// Where an alert stands.
    AlertState {
        /// Nobody has answered.
        Open = "open",
        /// Somebody has seen it and said what will happen.
        Acknowledged = "acknowledged",
        /// Dealt with, or over by itself.
        Resolved = "resolved",
    }
);

/// Somebody has seen it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub note: Option<String>,
    /// When they mean to be done.
    pub plan_on: Option<Date>,
    /// The deadline they saw; a date moved earlier voids the answer.
    pub deadline_on: Option<Date>,
}

words!(
    /// Why somebody says that it is dealt with.
    ResolveReason {
        /// We no longer use it. Use seen later reopens.
        Migrated = "migrated",
        /// It stays as it is, knowingly.
        AcceptedRisk = "accepted_risk",
        /// It does not concern us; the config says otherwise.
        NotOurs = "not_ours",
        /// The date is not true. The alert goes on: reminders follow the earlier date until somebody pins the truth.
        WrongDate = "wrong_date",
        /// Another alert is about the same.
        Duplicate = "duplicate",
    }
);

/// Why an alert, or a service of it, is dealt with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: ResolveReason,
    /// What they said.
    pub note: Option<String>,
    /// The alert that goes on, of a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<AlertId>,
}

/// What a person did last, in words, for the thread and for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Rises by one with each act.
    pub n: u32,
    /// Who, and which way.
    pub by: By,
    /// When.
    pub at: Timestamp,
    /// `acknowledged, plan Tue 12 Jan 2027: "moving to gpt-demo-2"`.
    pub words: String,
}

/// One matter, one owner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The number people type.
    pub id: AlertId,
    /// What it is about.
    pub matter: MatterId,
    /// Who answers.
    pub owner: String,
    /// Which ladder.
    pub policy: String,
    /// Why this owner: `service support-bot uses openai/support:gpt-demo`.
    pub why: String,
    /// The services concerned, by name.
    pub services: Vec<String>,
    /// Where it stands.
    pub state: AlertState,
    /// Rises by one with each reopening; 1 at first.
    pub episode: u32,
    /// When this episode began.
    pub opened_at: Timestamp,
    /// Heard of while its source was new to us.
    pub baseline: bool,
    /// The answer, if any.
    pub ack: Option<Acknowledgement>,
    /// Quiet until then.
    #[serde(default)]
    pub snoozed_until: Option<Timestamp>,
    /// Why a person says that it is dealt with; none when it ended by itself.
    #[serde(default)]
    pub resolution: Option<Resolution>,
    /// Services that are dealt with already.
    #[serde(default)]
    pub done: BTreeMap<String, Resolution>,
    /// What a person did last.
    #[serde(default)]
    pub said: Option<Said>,
    /// How often it was given to another owner in this episode.
    #[serde(default)]
    pub hands: u32,
    /// The revision of the matter that was last told.
    pub told_revision: u32,
    /// When the ladder must look at it again; none when nothing is left to say.
    pub next_due_at: Option<Timestamp>,
    /// Rises with every stored write, so that a stale plan is refused.
    pub version: i64,
}

/// Somebody to tell: the answer of routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The owner.
    pub owner: String,
    /// The ladder.
    pub policy: String,
    /// Why, in words.
    pub why: String,
    /// Services of theirs that it touches.
    pub services: Vec<String>,
}
