//! Folding what begins and ends: incidents, billing and account matters, the health of a source.
//!
//! In: state, observation with `Opened`, `Updated` or `Resolved`. Out: state and one event. Invariant: the newest word
//! by the provider's own time counts, whatever order deliveries came in; an older one is recorded and changes nothing
//! else. Refuses to take silence for an end.

use super::{Folded, Heard, event, fingerprint};
use crate::model::{Change, MatterId, MatterState, Observation, Stage};
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
    if state.is_some_and(|s| s.latest_fingerprint == print) {
        return Folded { state: None, events: Vec::new() };
    }
    let stage = if said == Change::Resolved { Stage::Resolved } else { Stage::Open };
    let Some(old) = state else {
        let change = if said == Change::Resolved { Change::Resolved } else { Change::Opened };
        let event = event(seen, change, print.clone(), heard);
        return Folded { state: Some(fresh(seen, id, stage, print, heard)), events: vec![event] };
    };
    let mut new = old.clone();
    new.revision += 1;
    new.opened_at = old.opened_at.min(seen.occurred_at);
    // Of two words of one moment (providers count in seconds) an end is the later one; otherwise the fingerprint decides,
    // so that both orders end alike.
    let newest = (seen.occurred_at, stage == Stage::Resolved, &print)
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
        new.subjects.clone_from(&seen.subjects);
        new.latest_at = seen.occurred_at;
        new.latest_fingerprint = print;
    }
    Folded { state: Some(new), events: vec![event] }
}

fn fresh(seen: &Observation, id: &MatterId, stage: Stage, print: String, heard: Heard) -> MatterState {
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
        claims: BTreeMap::new(),
        opened_at: seen.occurred_at,
        latest_at: seen.occurred_at,
        latest_fingerprint: print,
        baseline: heard.baseline,
        revision: 1,
        version: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Heard, fold};
    use crate::model::{Change, Fact, Kind, MatterId, Observation, ProviderId, Severity, SourceId, Stage};

    fn said(change: Change, id: &str) -> Observation {
        let provider = ProviderId::new("openai").unwrap();
        Observation {
            source: SourceId::of(&provider, "webhook").unwrap(),
            provider,
            connection: None,
            kind: Kind::Account,
            matter: Some(MatterId::new("openai:account/case_1").unwrap()),
            native_type: None,
            native_id: Some(id.into()),
            severity: Severity::Major,
            title: id.into(),
            summary: String::new(),
            url: None,
            subjects: Vec::new(),
            money: None,
            fact: Fact::Episode { change },
            occurred_at: "2026-11-23T10:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn an_end_told_in_the_second_of_the_beginning_ends_it_in_either_order() {
        let heard = Heard { at: "2026-11-23T10:00:01Z".parse().unwrap(), baseline: false };
        for n in 0..32 {
            let both = [said(Change::Opened, &format!("begin {n}")), said(Change::Resolved, &format!("end {n}"))];
            for order in [[0, 1], [1, 0]] {
                let state = order.iter().fold(None, |s, i| fold(s.as_ref(), &both[*i], heard).state);
                assert_eq!(state.unwrap().stage, Stage::Resolved, "{order:?} {n}");
            }
        }
    }
}
