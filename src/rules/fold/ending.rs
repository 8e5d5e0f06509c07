//! Folding what a source says about the end of something: a deprecation.
//!
//! In: state, observation. Out: state and events, each with the date before and after. Invariants: the deadline is the
//! winning claim's, its revision rises with each new date; the matter's own revision rises with news only, so not with
//! what a source says that is new to us. Refuses to take silence or an unreadable date for a withdrawal, and one word or
//! one missing row for an end. Source: the pages and APIs of `providers/`.

use super::claim::merge;
use super::{Folded, Heard, chained, event, fingerprint};
use crate::model::observation::Word;
use crate::model::{
    Change, Claim, Claims, Deadline, Fact, MatterId, MatterState, NewEvent, Observation, Severity, Stage,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

pub(super) fn fold(state: Option<&MatterState>, seen: &Observation, id: &MatterId, heard: Heard) -> Folded {
    let claims = state.map(|s| s.claims.clone()).unwrap_or_default();
    let Some(claims) = said(claims, seen, heard.at) else { return Folded { state: None, events: Vec::new() } };
    match state {
        None => announce(seen, id, claims, heard),
        Some(old) => update(old, seen, claims, heard),
    }
}

/// The claims after what was said; none where it speaks of an end nobody has announced.
fn said(mut claims: Claims, seen: &Observation, at: Timestamp) -> Option<Claims> {
    let known = !claims.is_empty();
    let old = claims.remove(&seen.source);
    let worded = |word: &Word| Claim { text: word.quote.clone(), url: seen.url.clone(), ..Claim::new(word.rank, at) };
    let new = match &seen.fact {
        Fact::Ending(e) => merge(old.as_deref(), seen, e, at),
        Fact::Withdrawn(word) if known => Claim { withdrawn: true, ..worded(word) },
        Fact::Redirected { to, word } if known => {
            let before = old.map_or_else(|| worded(word), |c| *c);
            Claim { redirect: Some(to.clone()), read_at: at, ..before }
        }
        Fact::Dropped if known => return Some(claims),
        Fact::Withdrawn(_)
        | Fact::Redirected { .. }
        | Fact::Dropped
        | Fact::Episode { .. }
        | Fact::Planned { .. }
        | Fact::Absent
        | Fact::Noted => {
            return None;
        }
    };
    claims.insert(seen.source.clone(), Box::new(new));
    Some(claims)
}

fn announce(seen: &Observation, id: &MatterId, claims: Claims, heard: Heard) -> Folded {
    let mut state = MatterState {
        id: id.clone(),
        kind: seen.kind,
        provider: seen.provider.clone(),
        connection: seen.connection.clone(),
        stage: Stage::Announced,
        title: seen.title.clone(),
        summary: seen.summary.clone(),
        severity: seen.severity,
        url: seen.url.clone(),
        subjects: seen.subjects.clone(),
        deadline: None,
        announced_on: None,
        replacements: Vec::new(),
        money: None,
        window: None,
        claims,
        opened_at: seen.occurred_at,
        latest_at: seen.occurred_at,
        latest_fingerprint: String::new(),
        baseline: heard.baseline,
        listing: None,
        revision: 1,
        version: 0,
    };
    if let Some(claim) = state.winning_claim().map(|(_, c)| c.clone()) {
        state.deadline = claim.deadline;
        state.announced_on = claim.announced_on;
        state.replacements = claim.replacements;
    }
    if state.end_is_proven(day(heard.at)) {
        state.stage = Stage::Retired;
    }
    let print = fingerprint(seen, "", &content(state.deadline.as_ref(), &state.replacements));
    state.latest_fingerprint.clone_from(&print);
    let event = NewEvent { deadline: state.deadline.clone(), ..event(seen, Change::Announced, print, heard) };
    Folded { state: Some(state), events: vec![event] }
}

fn update(old: &MatterState, seen: &Observation, claims: Claims, heard: Heard) -> Folded {
    let mut new = MatterState { claims, ..old.clone() };
    let (wins, counts) = match new.winning_claim() {
        Some((source, claim)) => (*source == seen.source, Some(claim.clone())),
        None => (false, None),
    };
    if wins {
        new.title.clone_from(&seen.title);
        new.summary.clone_from(&seen.summary);
        new.url.clone_from(&seen.url);
        new.severity = seen.severity;
    }
    let mut changes = Vec::new();
    let withdrawn = counts.as_ref().is_none_or(|c| c.withdrawn);
    let mut replaced = false;
    if withdrawn {
        // The date stays as the last one known, for the message that it does not hold.
        if old.stage != Stage::Withdrawn {
            changes.push(Change::Withdrawn);
        }
        new.stage = Stage::Withdrawn;
    } else if let Some(claim) = counts {
        let back = old.stage == Stage::Withdrawn;
        let moved = !same_date(old.deadline.as_ref(), claim.deadline.as_ref());
        new.announced_on = claim.announced_on.or(old.announced_on);
        let instead = instead(&new.claims, claim.replacements);
        replaced = old.replacements != instead;
        new.replacements = instead;
        if moved || back {
            let revision = old.deadline.as_ref().map_or(1, |d| d.revision + 1);
            new.deadline = claim.deadline.map(|d| Deadline { revision, ..d });
            changes.push(if back { Change::Announced } else { Change::Moved });
        }
        let to_come = new.deadline.as_ref().is_some_and(|d| d.date > day(heard.at));
        new.stage = match old.stage {
            // Given another date after its end: it goes on.
            Stage::Retired if moved && to_come && !new.end_is_proven(day(heard.at)) => Stage::Announced,
            Stage::Retired => Stage::Retired,
            Stage::Announced | Stage::Withdrawn | Stage::Open | Stage::Resolved => {
                if new.end_is_proven(day(heard.at)) {
                    changes.push(Change::Retired);
                    Stage::Retired
                } else {
                    Stage::Announced
                }
            }
        };
    }
    if new.in_conflict() && !old.in_conflict() && !withdrawn {
        changes.push(Change::Disputed);
    }
    if redirected(&new).is_some() && redirected(&new) != redirected(old) && new.stage == Stage::Announced {
        changes.push(Change::Redirected);
    }
    if changes.iter().any(|c| is_news(*c, &new)) && !heard.baseline {
        new.revision += 1;
    }
    if replaced {
        changes.push(Change::Replaced);
    }
    let events =
        changes.into_iter().enumerate().map(|(n, change)| tell(n, change, old, &mut new, seen, heard)).collect();
    Folded { state: Some(new), events }
}

/// What answers the calls already, by any claim.
fn redirected(m: &MatterState) -> Option<String> {
    m.claims.values().find_map(|c| c.redirect.clone())
}

/// What to use instead: the winner's word, or that of the provider's best source that has one. A model list gives dates and
/// names no replacement; that takes none back. What a data set of others would rather use is no replacement of the provider's.
fn instead(claims: &Claims, winner: Vec<String>) -> Vec<String> {
    if !winner.is_empty() {
        return winner;
    }
    let named = claims.values().filter(|c| c.is_first_hand() && !c.withdrawn && !c.replacements.is_empty());
    named.max_by_key(|c| c.rank).map_or(winner, |c| c.replacements.clone())
}

/// What people are told of. That data sets of others disagree is shown, and no news.
fn is_news(change: Change, new: &MatterState) -> bool {
    match change {
        Change::Disputed => !same_date(new.remind_by().as_ref(), new.deadline.as_ref()),
        Change::Announced | Change::Moved | Change::Withdrawn | Change::Redirected | Change::Retired => true,
        Change::Replaced | Change::Opened | Change::Updated | Change::Resolved | Change::Reopened | Change::Noted => {
            false
        }
    }
}

/// The event of a change; the first takes the message's own id, the others are chained to it.
fn tell(
    n: usize,
    change: Change,
    old: &MatterState,
    new: &mut MatterState,
    said: &Observation,
    heard: Heard,
) -> NewEvent {
    let now_says = content(new.deadline.as_ref(), &new.replacements);
    let print = match (n, change) {
        (0, Change::Moved | Change::Retired | Change::Replaced) => {
            fingerprint(said, &new.latest_fingerprint, &now_says)
        }
        (_, _) => chained(said, &new.latest_fingerprint, &format!("{change}\u{1f}{now_says}")),
    };
    new.latest_fingerprint.clone_from(&print);
    new.latest_at = new.latest_at.max(said.occurred_at);
    let mut event = event(said, change, print, heard);
    event.deadline.clone_from(&new.deadline);
    event.replacements.clone_from(&new.replacements);
    if matches!(change, Change::Moved | Change::Withdrawn) {
        event.moved_from.clone_from(&old.deadline);
    }
    if change == Change::Withdrawn {
        event.deadline = None;
    }
    if change == Change::Redirected {
        event.redirected_to = redirected(new);
    }
    if change == Change::Replaced || (change == Change::Disputed && !is_news(change, new)) {
        event.severity = Severity::Info;
    }
    event
}

fn day(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
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
