//! Folding what begins and ends: incidents, billing and account matters, the health of a source.
//!
//! In: state, observation with `Opened`, `Updated` or `Resolved`. Out: state and one event. Invariant: the newest word
//! by the provider's own time counts, whatever order deliveries came in (of forewarn's own troubles the last one said); an
//! older one is recorded and changes nothing else; the same words again, without an id that tells them apart, are no event.
//! Refuses to take silence for an end.

use super::{Folded, Heard, event, fingerprint};
use crate::model::{Change, Fact, Kind, MatterId, MatterState, Observation, Stage, Window};
use std::collections::BTreeMap;

pub(super) fn fold(
    state: Option<&MatterState>,
    seen: &Observation,
    said: Change,
    id: &MatterId,
    heard: Heard,
) -> Folded {
    let previous = state.map_or("", |s| s.latest_fingerprint.as_str());
    let print = fingerprint(seen, previous, &format!("{said}\u{1f}{}\u{1f}{}", seen.title, seen.summary));
    let stage = if said == Change::Resolved { Stage::Resolved } else { Stage::Open };
    if state
        .is_some_and(|s| s.latest_fingerprint == print || (seen.native_id.is_none() && says_the_same(s, seen, stage)))
    {
        return Folded { state: None, events: Vec::new() };
    }
    let Some(old) = state else {
        let change = if said == Change::Resolved { Change::Resolved } else { Change::Opened };
        let event = event(seen, change, print.clone(), heard);
        return Folded { state: Some(fresh(seen, id, stage, print, heard)), events: vec![event] };
    };
    let mut new = old.clone();
    new.revision += 1;
    new.opened_at = old.opened_at.min(seen.occurred_at);
    // Of two words of one moment (senders give whole seconds) the end comes last, then the fingerprint tells them apart,
    // so that every order ends alike.
    // What forewarn says of itself comes in its order, whatever its clock said meanwhile.
    let newest = seen.kind == Kind::Source
        || (seen.occurred_at, stage == Stage::Resolved, &print)
            > (old.latest_at, old.stage == Stage::Resolved, &old.latest_fingerprint);
    let change = match (newest, old.stage, stage) {
        (true, Stage::Open, Stage::Resolved) => Change::Resolved,
        (true, Stage::Resolved, Stage::Open) => Change::Reopened,
        _ => Change::Updated,
    };
    let event = event(seen, change, print.clone(), heard);
    if newest {
        new.stage = stage;
        new.title.clone_from(&seen.title);
        new.summary.clone_from(&seen.summary);
        new.severity = seen.severity;
        new.url.clone_from(&seen.url);
        new.money.clone_from(&seen.money);
        // A word that gives no times takes none back.
        new.window = window(seen).or(old.window);
        new.subjects.clone_from(&seen.subjects);
        new.latest_at = seen.occurred_at;
        new.latest_fingerprint = print;
    }
    Folded { state: Some(new), events: vec![event] }
}

/// The times of planned maintenance.
pub(super) fn window(seen: &Observation) -> Option<Window> {
    match seen.fact {
        Fact::Planned { window, .. } => Some(window),
        Fact::Ending(_)
        | Fact::Withdrawn(_)
        | Fact::Redirected { .. }
        | Fact::Dropped
        | Fact::Episode { .. }
        | Fact::Absent
        | Fact::Noted => None,
    }
}

fn says_the_same(s: &MatterState, seen: &Observation, stage: Stage) -> bool {
    (s.stage, &s.title, &s.summary, s.severity, &s.money)
        == (stage, &seen.title, &seen.summary, seen.severity, &seen.money)
}

pub(super) fn fresh(seen: &Observation, id: &MatterId, stage: Stage, print: String, heard: Heard) -> MatterState {
    MatterState {
        id: id.clone(),
        kind: seen.kind,
        provider: seen.provider.clone(),
        connection: seen.connection.clone(),
        stage,
        title: seen.title.clone(),
        summary: seen.summary.clone(),
        severity: seen.severity,
        url: seen.url.clone(),
        subjects: seen.subjects.clone(),
        deadline: None,
        announced_on: None,
        replacements: Vec::new(),
        money: seen.money.clone(),
        window: window(seen),
        claims: BTreeMap::new(),
        opened_at: seen.occurred_at,
        latest_at: seen.occurred_at,
        latest_fingerprint: print,
        baseline: heard.baseline,
        listing: None,
        revision: 1,
        version: 0,
    }
}
