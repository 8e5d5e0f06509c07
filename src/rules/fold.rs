//! Folding: what an observation changes.
//!
//! In: the state of a matter, an observation, when it was heard. Out: the new state and the events. Invariant: A, B, A
//! are three events and a repeat is none; deliveries may come in any order and give the same end state. Refuses to
//! forget: a claim without a readable date never erases one that was read.

mod claim;
mod ending;
mod episode;
mod listed;

pub use listed::{MISSING_READS, is_public};

pub use claim::TWICE_WITHIN;

use crate::crypto::short_hash;
use crate::model::{Change, Fact, MatterState, NewEvent, Observation};
use jiff::Timestamp;

/// When and how an observation came in.
#[derive(Debug, Clone, Copy)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// Its source was new to us: what it says is where we begin, not news.
    pub baseline: bool,
}

/// What an observation changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The state after; none for facts without state.
    pub state: Option<MatterState>,
    /// What happened.
    pub events: Vec<NewEvent>,
}

/// Folds an observation into the state of its matter.
pub fn fold(state: Option<&MatterState>, seen: &Observation, heard: Heard) -> Folded {
    match (&seen.fact, &seen.matter) {
        (Fact::Ending(_) | Fact::Withdrawn(_) | Fact::Redirected { .. } | Fact::Dropped, Some(id)) => {
            ending::fold(state, seen, id, heard)
        }
        (Fact::Episode { change } | Fact::Planned { change, .. }, Some(id)) if is_public(seen.kind, &seen.subjects) => {
            listed::fold(state, seen, *change, id, heard)
        }
        (Fact::Episode { change } | Fact::Planned { change, .. }, Some(id)) => {
            episode::fold(state, seen, *change, id, heard)
        }
        (Fact::Absent, _) => listed::absent(state, seen, heard),
        (
            Fact::Ending(_)
            | Fact::Withdrawn(_)
            | Fact::Redirected { .. }
            | Fact::Dropped
            | Fact::Episode { .. }
            | Fact::Planned { .. },
            None,
        )
        | (Fact::Noted, _) => {
            let content = format!(
                "{}\u{1f}{}\u{1f}{}",
                seen.native_type.as_deref().unwrap_or(""),
                seen.title,
                seen.occurred_at.as_millisecond()
            );
            let event = event(seen, Change::Noted, fingerprint(seen, "", &content), heard);
            Folded { state: None, events: vec![event] }
        }
    }
}

/// The native update id where there is one, else what was said after what.
fn fingerprint(seen: &Observation, previous: &str, content: &str) -> String {
    let connection = seen.connection.as_ref().map_or("", |c| c.as_str());
    match &seen.native_id {
        Some(id) => {
            let parts: [&[u8]; 6] =
                [b"native\0", seen.source.as_str().as_bytes(), b"\0", connection.as_bytes(), b"\0", id.as_bytes()];
            hex::encode(short_hash(&parts))
        }
        None => chained(seen, previous, content),
    }
}

/// What was said after what; also for the second event of one message, whose native id is taken by the first.
fn chained(seen: &Observation, previous: &str, content: &str) -> String {
    let connection = seen.connection.as_ref().map_or("", |c| c.as_str());
    let subject = seen.matter.as_ref().map_or("", |m| m.as_str());
    hex::encode(short_hash(&[
        b"content\0",
        seen.source.as_str().as_bytes(),
        b"\0",
        connection.as_bytes(),
        b"\0",
        subject.as_bytes(),
        b"\0",
        previous.as_bytes(),
        b"\0",
        content.as_bytes(),
    ]))
}

fn event(seen: &Observation, change: Change, fingerprint: String, heard: Heard) -> NewEvent {
    let (deadline, replacements) = match &seen.fact {
        Fact::Ending(e) => (e.deadline.clone(), e.replacements.clone()),
        Fact::Withdrawn(_)
        | Fact::Redirected { .. }
        | Fact::Dropped
        | Fact::Episode { .. }
        | Fact::Planned { .. }
        | Fact::Absent
        | Fact::Noted => (None, Vec::new()),
    };
    NewEvent {
        kind: seen.kind,
        provider: seen.provider.clone(),
        connection: seen.connection.clone(),
        source: seen.source.clone(),
        matter: seen.matter.clone(),
        native_type: seen.native_type.clone(),
        native_id: seen.native_id.clone(),
        fingerprint,
        change: Some(change),
        severity: seen.severity,
        title: seen.title.clone(),
        summary: seen.summary.clone(),
        url: seen.url.clone(),
        subjects: seen.subjects.clone(),
        deadline,
        moved_from: None,
        redirected_to: None,
        replacements,
        money: seen.money.clone(),
        occurred_at: seen.occurred_at,
        received_at: heard.at,
    }
}

/// An observation in event form, as `forewarn read` prints it: no number, fingerprint or change.
pub fn as_event(seen: &Observation, at: Timestamp) -> NewEvent {
    NewEvent { change: None, ..event(seen, Change::Noted, String::new(), Heard { at, baseline: false }) }
}

#[cfg(test)]
mod tests;
