//! Folding what a status page lists: public incidents, maintenance, components.
//!
//! In: state, an observation of the whole matter as the page shows it now, or that the page shows it no more. Out: state
//! and at most one event. Invariant: only an explicit end that a second good read says again closes a matter; silence
//! never does; the page's own time decides what is news, so an old copy from a cache changes nothing; the revision rises
//! only with what is worth a message. Refuses to open anything for what was over before we heard of it.

use super::episode::{fresh, window};
use super::{Folded, Heard, chained, event};
use crate::model::{Change, Kind, Listing, MatterId, MatterState, Observation, Stage, Subject, SubjectType};
use jiff::SignedDuration;

/// Two reads closer together than this are one.
const SECOND_READ: SignedDuration = SignedDuration::from_secs(10);
/// Good reads without it after which a matter is said to be no longer listed.
pub const MISSING_READS: u32 = 3;
/// What a page dates so long before we first read it was published late.
const LATE: SignedDuration = SignedDuration::from_hours(24);
/// Two words of a page within this time are one, edited.
const EDIT: SignedDuration = SignedDuration::from_secs(2);

/// Whether something is public, as status pages list it, and not about our own account.
pub fn is_public(kind: Kind, subjects: &[Subject]) -> bool {
    let page = match kind {
        Kind::Incident | Kind::Maintenance => true,
        Kind::Deprecation
        | Kind::Billing
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Source
        | Kind::Unrecognized => false,
    };
    page && !subjects.iter().any(|s| s.kind == SubjectType::Account)
}

pub(super) fn fold(
    state: Option<&MatterState>,
    seen: &Observation,
    said: Change,
    id: &MatterId,
    heard: Heard,
) -> Folded {
    let over = said == Change::Resolved;
    let Some(old) = state else { return first(seen, over, id, heard) };
    match (old.stage == Stage::Resolved, over) {
        (true, true) => nothing(),
        (false, true) => ends(old, seen, heard),
        (false, false) => goes_on(old, seen, heard),
        (true, false) => comes_back(old, seen, heard),
    }
}

/// A good read did not list it.
pub(super) fn absent(state: Option<&MatterState>, seen: &Observation, heard: Heard) -> Folded {
    let Some((old, listing)) = state.and_then(|s| Some((s, s.listing.as_ref()?))) else { return nothing() };
    if old.is_over() || listing.source != seen.source || listing.missing >= MISSING_READS {
        return nothing();
    }
    let mut new = old.clone();
    new.listing = Some(Listing { missing: listing.missing + 1, ..listing.clone() });
    if listing.missing + 1 < MISSING_READS {
        return quietly(new);
    }
    let gone = format!("No longer listed by {} and never said to be over: how it stands is unknown. ", seen.source);
    // Pages drop maintenance that is done; a window that passed needs no second word.
    let (change, words) = if old.kind == Kind::Maintenance {
        (Change::Resolved, format!("No longer listed by {}. ", seen.source))
    } else {
        (Change::Updated, gone)
    };
    let said = Observation {
        title: old.title.clone(),
        summary: format!("{words}{}", old.summary),
        severity: old.severity,
        url: old.url.clone(),
        subjects: old.subjects.clone(),
        occurred_at: heard.at,
        ..seen.clone()
    };
    new.revision += 1;
    new.summary.clone_from(&said.summary);
    if change == Change::Resolved {
        new.stage = Stage::Resolved;
    }
    told(new, old, &said, change, heard)
}

fn first(seen: &Observation, over: bool, id: &MatterId, heard: Heard) -> Folded {
    if over && id.as_str().contains(":component/") {
        // A component that works is no news and no history.
        return nothing();
    }
    let late =
        !over && !heard.baseline && seen.kind == Kind::Incident && heard.at.duration_since(seen.occurred_at) > LATE;
    let mut seen = seen.clone();
    if late {
        let when = seen.occurred_at.strftime("%a %-d %b %Y %H:%M UTC");
        seen.summary = format!("Published late: the page dates it {when}. {}", seen.summary);
    }
    let change = if over { Change::Resolved } else { Change::Opened };
    let print = chained(&seen, "", &content(&seen, change));
    let event = event(&seen, change, print.clone(), heard);
    let stage = if over { Stage::Resolved } else { Stage::Open };
    let mut state = fresh(&seen, id, stage, print, heard);
    state.listing = listing(None, &seen);
    Folded { state: Some(state), events: vec![event] }
}

fn ends(old: &MatterState, seen: &Observation, heard: Heard) -> Folded {
    if is_page(seen) {
        let listed = old.listing.as_ref().and_then(|l| l.end);
        match listed {
            Some((read, _)) if heard.at.duration_since(read) >= SECOND_READ => {}
            Some(_) => return nothing(),
            None => {
                let said = listing(old.listing.as_ref(), seen);
                let end = Some((heard.at, seen.occurred_at));
                return quietly(MatterState { listing: said.map(|l| Listing { end, ..l }), ..old.clone() });
            }
        }
    } else if seen.occurred_at < old.latest_at {
        return nothing();
    }
    let mut new = words(old, seen);
    new.stage = Stage::Resolved;
    new.severity = old.severity;
    new.revision += 1;
    new.listing = listing(old.listing.as_ref(), seen);
    told(new, old, seen, Change::Resolved, heard)
}

fn goes_on(old: &MatterState, seen: &Observation, heard: Heard) -> Folded {
    let mut new = old.clone();
    // An end is taken back by a later word, not by an older copy of the page.
    let end = old.listing.as_ref().and_then(|l| l.end).filter(|(_, said)| seen.occurred_at < *said);
    new.listing = listing(old.listing.as_ref(), seen).map(|l| Listing { end, ..l });
    let worse = seen.severity > old.severity;
    let wider = seen.subjects.iter().any(|s| !old.subjects.contains(s));
    let shifted = window(seen).is_some_and(|w| Some(w) != old.window);
    if seen.occurred_at < old.latest_at || (same(old, seen) && !wider && !shifted) {
        return quietly(new);
    }
    let new = MatterState { listing: new.listing, ..words(old, seen) };
    if !(worse || wider) && seen.occurred_at.duration_since(old.latest_at) <= EDIT {
        return quietly(MatterState { latest_at: old.latest_at, ..new });
    }
    told(MatterState { revision: old.revision + u32::from(worse), ..new }, old, seen, Change::Updated, heard)
}

fn comes_back(old: &MatterState, seen: &Observation, heard: Heard) -> Folded {
    if seen.occurred_at <= old.latest_at {
        return nothing();
    }
    let listed = listing(old.listing.as_ref(), seen);
    if is_page(seen) {
        match old.listing.as_ref().and_then(|l| l.back) {
            Some(read) if heard.at.duration_since(read) >= SECOND_READ => {}
            Some(_) => return nothing(),
            None => {
                let back = Some(heard.at);
                return quietly(MatterState { listing: listed.map(|l| Listing { back, ..l }), ..old.clone() });
            }
        }
    }
    let mut new = words(old, seen);
    new.stage = Stage::Open;
    new.revision += 1;
    new.listing = listed;
    told(new, old, seen, Change::Reopened, heard)
}

/// What comes to one of our accounts is a message; the rest was read from a page.
fn is_page(seen: &Observation) -> bool {
    seen.connection.is_none()
}

/// Who lists it now; what was said once is forgotten.
fn listing(old: Option<&Listing>, seen: &Observation) -> Option<Listing> {
    if is_page(seen) {
        Some(Listing { source: seen.source.clone(), end: None, back: None, missing: 0 })
    } else {
        old.cloned().map(|l| Listing { end: None, back: None, ..l })
    }
}

fn same(old: &MatterState, seen: &Observation) -> bool {
    (&old.title, &old.summary, old.severity) == (&seen.title, &seen.summary, seen.severity)
}

fn words(old: &MatterState, seen: &Observation) -> MatterState {
    MatterState {
        title: seen.title.clone(),
        summary: seen.summary.clone(),
        severity: seen.severity,
        url: seen.url.clone().or_else(|| old.url.clone()),
        subjects: if seen.subjects.is_empty() { old.subjects.clone() } else { seen.subjects.clone() },
        opened_at: old.opened_at.min(seen.occurred_at),
        latest_at: old.latest_at.max(seen.occurred_at),
        // A word that gives no times takes none back.
        window: window(seen).or(old.window),
        ..old.clone()
    }
}

fn content(seen: &Observation, change: Change) -> String {
    let id = seen.native_id.as_deref().unwrap_or("");
    format!("{change}\u{1f}{id}\u{1f}{}\u{1f}{}", seen.title, seen.summary)
}

/// The state and the event that says so. Chained to the event before, so that what comes and goes is never one event.
fn told(mut new: MatterState, old: &MatterState, seen: &Observation, change: Change, heard: Heard) -> Folded {
    let print = chained(seen, &old.latest_fingerprint, &content(seen, change));
    let event = event(seen, change, print.clone(), heard);
    new.latest_fingerprint = print;
    Folded { state: Some(new), events: vec![event] }
}

fn quietly(state: MatterState) -> Folded {
    Folded { state: Some(state), events: Vec::new() }
}

fn nothing() -> Folded {
    Folded { state: None, events: Vec::new() }
}

#[cfg(test)]
mod tests;
