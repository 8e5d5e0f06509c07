//! Folding what a source says about the end of something: a deprecation.
//!
//! In: state, observation. Out: state and at most three events (the date, the replacement, that it has ended). Invariant:
//! the deadline is the winning claim's, its revision rises with each new date; the matter's own revision rises with
//! news only, so not with what a source says that is new to us. Refuses to take silence or an unreadable date for a
//! withdrawal. Source: the pages and APIs of `providers/`.

use super::{Folded, Heard, chained, event, fingerprint};
use crate::model::observation::Ending;
use crate::model::{Change, Claim, Deadline, MatterId, MatterState, NewEvent, Observation, Severity, Stage};
use std::collections::BTreeMap;

pub(super) fn fold(state: Option<&MatterState>, seen: &Observation, e: &Ending, id: &MatterId, heard: Heard) -> Folded {
    let claim = Claim {
        rank: e.rank,
        deadline: e.deadline.clone(),
        announced_on: e.announced_on,
        replacements: e.replacements.clone(),
        text: e.quote.clone(),
        url: seen.url.clone(),
        read_at: heard.at,
    };
    match state {
        None => announce(seen, e, id, claim, heard),
        Some(old) => update(old, seen, e, claim, heard),
    }
}

fn announce(seen: &Observation, e: &Ending, id: &MatterId, claim: Claim, heard: Heard) -> Folded {
    let print = fingerprint(seen, "", &content(e.deadline.as_ref(), &e.replacements));
    let event = event(seen, Change::Announced, print.clone(), heard);
    let state = MatterState {
        id: id.clone(),
        kind: seen.kind,
        provider: seen.provider.clone(),
        connection: seen.connection.clone(),
        stage: if e.ended { Stage::Retired } else { Stage::Announced },
        title: seen.title.clone(),
        summary: seen.summary.clone(),
        severity: seen.severity,
        url: seen.url.clone(),
        subjects: seen.subjects.clone(),
        deadline: e.deadline.clone(),
        announced_on: e.announced_on,
        replacements: e.replacements.clone(),
        money: None,
        window: None,
        claims: BTreeMap::from([(seen.source.clone(), claim)]),
        opened_at: seen.occurred_at,
        latest_at: seen.occurred_at,
        latest_fingerprint: print,
        baseline: heard.baseline,
        revision: 1,
        version: 0,
    };
    Folded { state: Some(state), events: vec![event] }
}

fn update(old: &MatterState, seen: &Observation, e: &Ending, mut claim: Claim, heard: Heard) -> Folded {
    if claim.deadline.is_none() {
        claim.deadline = old.claims.get(&seen.source).and_then(|c| c.deadline.clone());
    }
    let mut new = old.clone();
    new.claims.insert(seen.source.clone(), claim);
    let (wins, deadline, replacements, announced) = match new.winning_claim() {
        Some((source, c)) => (*source == seen.source, c.deadline.clone(), c.replacements.clone(), c.announced_on),
        None => (true, None, Vec::new(), None),
    };
    new.announced_on = announced.or(old.announced_on);
    if wins {
        new.title.clone_from(&seen.title);
        new.summary.clone_from(&seen.summary);
        new.url.clone_from(&seen.url);
        new.severity = seen.severity;
    }
    let moved = !same_date(old.deadline.as_ref(), deadline.as_ref());
    let ended = wins && e.ended && old.stage == Stage::Announced;
    if ended {
        new.stage = Stage::Retired;
    } else if wins && moved && !e.ended && old.stage == Stage::Retired {
        // Given another date after its end: it goes on.
        new.stage = Stage::Announced;
    }
    if (moved || ended) && !heard.baseline {
        new.revision += 1;
    }
    let mut events: Vec<NewEvent> = Vec::new();
    let mut tell = |new: &mut MatterState, change, deadline: Option<Deadline>| {
        let now_says = content(new.deadline.as_ref(), &new.replacements);
        let print = if events.is_empty() {
            fingerprint(seen, &new.latest_fingerprint, &now_says)
        } else {
            chained(seen, &new.latest_fingerprint, &format!("{change}\u{1f}{now_says}"))
        };
        new.latest_fingerprint.clone_from(&print);
        new.latest_at = new.latest_at.max(seen.occurred_at);
        events.push(NewEvent { deadline, ..event(seen, change, print, heard) });
    };
    if moved {
        let revision = old.deadline.as_ref().map_or(1, |d| d.revision + 1);
        new.deadline = deadline.map(|d| Deadline { revision, ..d });
        let told = new.deadline.clone();
        tell(&mut new, Change::Moved, told);
    }
    if ended {
        let told = new.deadline.clone();
        tell(&mut new, Change::Retired, told);
    }
    if old.replacements != replacements {
        new.replacements = replacements;
        let told = new.deadline.clone();
        tell(&mut new, Change::Replaced, told);
        if let Some(last) = events.last_mut() {
            last.severity = Severity::Info;
            last.replacements.clone_from(&new.replacements);
        }
    }
    Folded { state: Some(new), events }
}

fn same_date(a: Option<&Deadline>, b: Option<&Deadline>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same_as(b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn content(d: Option<&Deadline>, replacements: &[String]) -> String {
    let date = d.map_or_else(String::new, |d| format!("{} {:?} {:?} {:?}", d.date, d.precision, d.firmness, d.at));
    format!("{date}\u{1f}{}", replacements.join("\u{1f}"))
}
