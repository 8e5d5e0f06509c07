//! A silence: a matcher that is muted until a time, and whom that concerns.
//!
//! In: `forewarn silence add`. Out: the row that the ladder asks. Invariant: a silence has an end, a reason and somebody who
//! is reminded of it; a matcher fixes at least one thing. Refuses to hide: what is silenced is counted and listed.

use super::alert::Alert;
use super::event::Kind;
use super::matter::MatterState;
use super::text::glob;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is muted; every field given must fit, `*` allowed except in the kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matcher {
    /// The owner's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The id of a subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// A service; only alerts that concern no other are muted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl Matcher {
    /// Whether it fixes nothing, so that it would mute everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it mutes this alert.
    pub fn fits(&self, alert: &Alert, matter: &MatterState) -> bool {
        let like = |p: &Option<String>, text: &str| p.as_ref().is_none_or(|p| glob(p, text));
        like(&self.owner, &alert.owner)
            && like(&self.provider, matter.provider.as_str())
            && self.kind.is_none_or(|k| k == matter.kind)
            && self.subject.as_ref().is_none_or(|p| matter.subjects.iter().any(|s| glob(p, &s.id)))
            && self.service.as_ref().is_none_or(|p| {
                let mut open = alert.services.iter().filter(|s| !alert.done.contains_key(*s)).peekable();
                open.peek().is_some() && open.all(|s| glob(p, s))
            })
    }
}

/// A silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number; 0 before it is stored.
    pub id: i64,
    /// What is muted.
    pub matcher: Matcher,
    /// Until when.
    pub until: Timestamp,
    /// The owner who is reminded of it before it ends.
    pub remind: String,
    /// Who made it.
    pub by: String,
    /// Why.
    pub note: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody was reminded of its end.
    pub reminded_at: Option<Timestamp>,
    /// When it was ended, by its time or by a person.
    pub ended_at: Option<Timestamp>,
}
