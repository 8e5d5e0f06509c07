//! The past of a matter: the state it had after an event, made from the event.
//!
//! In: the state before, the state as it is known today, the events of one moment. Out: the state after. Invariant: what
//! routing and the ladder look at (stage, date and its revision, severity, the matter's own revision, baseline) is as
//! folding left it then. Refuses to invent: a contradiction of sources is played only where it still stands, since events
//! do not keep the claims.

use super::fold::is_public;
use crate::model::matter::CONFIGURED;
use crate::model::{Change, Claim, Kind, MatterState, NewEvent, Rank, Severity, Stage};
use std::collections::BTreeMap;

/// The state after some events of one moment and source. `known` is the matter as it is today.
pub fn replay(before: Option<&MatterState>, known: &MatterState, events: &[&NewEvent]) -> Option<MatterState> {
    let first = events.first()?;
    let mut m = before.cloned().unwrap_or_else(|| beginning(known, first));
    let fresh = before.is_none();
    let mut news = false;
    for e in events {
        news |= happened(&mut m, known, e);
    }
    if news && !fresh {
        m.revision += 1;
    }
    // What a source says that is new to us raises nothing, and events do not tell; the state of today is the upper bound.
    m.revision = m.revision.min(known.revision).max(1);
    Some(m)
}

fn beginning(known: &MatterState, e: &NewEvent) -> MatterState {
    MatterState {
        stage: if known.kind == Kind::Deprecation { Stage::Announced } else { Stage::Open },
        title: e.title.clone(),
        summary: e.summary.clone(),
        severity: e.severity,
        url: e.url.clone(),
        subjects: e.subjects.clone(),
        deadline: None,
        replacements: e.replacements.clone(),
        money: e.money.clone(),
        claims: BTreeMap::new(),
        opened_at: e.occurred_at,
        latest_at: e.occurred_at,
        latest_fingerprint: e.fingerprint.clone(),
        listing: None,
        revision: 1,
        version: 0,
        ..known.clone()
    }
}

/// Takes an event in; whether it raises the matter's revision.
fn happened(m: &mut MatterState, known: &MatterState, e: &NewEvent) -> bool {
    m.latest_fingerprint.clone_from(&e.fingerprint);
    let Some(change) = e.change else { return false };
    if m.kind == Kind::Deprecation { ending(m, known, e, change) } else { episode(m, e, change) }
}

fn ending(m: &mut MatterState, known: &MatterState, e: &NewEvent, change: Change) -> bool {
    match change {
        Change::Announced | Change::Moved => {
            m.stage = Stage::Announced;
            m.deadline.clone_from(&e.deadline);
        }
        Change::Withdrawn => m.stage = Stage::Withdrawn,
        Change::Retired => {
            m.stage = Stage::Retired;
            m.deadline = e.deadline.clone().or_else(|| m.deadline.take());
        }
        Change::Replaced | Change::Redirected | Change::Disputed => {}
        Change::Opened | Change::Updated | Change::Resolved | Change::Reopened | Change::Noted => return false,
    }
    m.replacements.clone_from(&e.replacements);
    m.latest_at = m.latest_at.max(e.occurred_at);
    if !matches!(change, Change::Replaced | Change::Disputed) {
        (m.title, m.summary, m.severity) = (e.title.clone(), e.summary.clone(), e.severity);
    }
    let disputed = change == Change::Disputed && known.in_conflict();
    if disputed || m.in_conflict() {
        m.claims.clone_from(&known.claims);
        m.claims.retain(|source, _| source.as_str() != CONFIGURED);
    } else {
        m.claims.retain(|source, _| source.as_str() == CONFIGURED);
        let rank = known.claims.get(&e.source).map_or(Rank::Page, |c| c.rank);
        let claim = Claim { deadline: m.deadline.clone(), url: e.url.clone(), ..Claim::new(rank, e.received_at) };
        m.claims.insert(e.source.clone(), Box::new(claim));
    }
    match change {
        // A data set that contradicts the page moves nothing, and says so by its severity.
        Change::Disputed => e.severity > Severity::Info,
        Change::Announced | Change::Moved | Change::Withdrawn | Change::Redirected | Change::Retired => true,
        Change::Replaced | Change::Opened | Change::Updated | Change::Resolved | Change::Reopened | Change::Noted => {
            false
        }
    }
}

fn episode(m: &mut MatterState, e: &NewEvent, change: Change) -> bool {
    let public = is_public(m.kind, &m.subjects);
    let worse = e.severity > m.severity;
    // An older word that came late changes nothing but the count.
    let late = change == Change::Updated && e.occurred_at < m.latest_at;
    let stage = match change {
        Change::Opened | Change::Reopened => Stage::Open,
        Change::Resolved => Stage::Resolved,
        Change::Updated => m.stage,
        Change::Announced
        | Change::Moved
        | Change::Withdrawn
        | Change::Replaced
        | Change::Redirected
        | Change::Disputed
        | Change::Retired
        | Change::Noted => return false,
    };
    m.stage = stage;
    m.opened_at = m.opened_at.min(e.occurred_at);
    if !late {
        let severity = if public && change == Change::Resolved { m.severity } else { e.severity };
        (m.title, m.summary, m.severity) = (e.title.clone(), e.summary.clone(), severity);
        m.url.clone_from(&e.url);
        m.money.clone_from(&e.money);
        if !e.subjects.is_empty() {
            m.subjects.clone_from(&e.subjects);
        }
        m.latest_at = m.latest_at.max(e.occurred_at);
    }
    match change {
        // Of a page's updates only what grows worse, or is no longer listed, is worth a message.
        Change::Updated if public => worse || e.summary.starts_with("No longer listed by "),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Observation;
    use crate::rules::fold::{Heard, fold};
    use crate::rules::testing::{at, ending as said, episode as told};
    use proptest::prelude::*;

    /// Folds a history, and plays its events again; both states after each observation.
    fn both(history: Vec<(Observation, bool)>) -> Vec<(MatterState, MatterState)> {
        let (mut state, mut steps): (Option<MatterState>, Vec<(MatterState, Vec<NewEvent>)>) = (None, Vec::new());
        for (n, (seen, baseline)) in history.into_iter().enumerate() {
            let heard = Heard { at: at("2026-08-20T00:00:00Z") + jiff::SignedDuration::from_hours(n as i64), baseline };
            let folded = fold(state.as_ref(), &seen, heard);
            if let Some(s) = folded.state {
                state = Some(s.clone());
                if !folded.events.is_empty() {
                    steps.push((s, folded.events));
                }
            }
        }
        let Some(known) = state else { return Vec::new() };
        let mut was: Option<MatterState> = None;
        let mut out = Vec::new();
        for (s, events) in steps {
            was = replay(was.as_ref(), &known, &events.iter().collect::<Vec<_>>());
            out.push((s, was.clone().unwrap()));
        }
        out
    }

    fn seen(m: &MatterState) -> (Stage, Option<crate::model::Deadline>, u32, bool, Severity) {
        (m.stage, m.deadline.clone(), m.revision, m.baseline, m.severity)
    }

    #[test]
    fn an_end_that_moved_and_was_taken_back_is_played_as_it_was() {
        let page = |date: &str| (said("webhook", Rank::Page, Some(date), "gpt-demo-2"), false);
        let mut back = page("2027-03-01");
        back.0.fact =
            crate::model::Fact::Withdrawn(crate::model::observation::Word { rank: Rank::Page, quote: "stays".into() });
        for (was, played) in both(vec![page("2027-01-22"), page("2027-03-01"), back, page("2027-04-01")]) {
            assert_eq!(seen(&was), seen(&played), "{was:#?}");
            assert_eq!(was.remind_by(), played.remind_by());
        }
    }

    proptest! {
        #[test]
        fn dates_of_one_source_are_played_as_they_were(dates in proptest::collection::vec(0u8..5, 1..12), baseline: bool) {
            let days = ["2027-01-22", "2027-01-25", "2027-06-01", "2026-01-01", "2028-01-01"];
            let history = dates.iter().enumerate().map(|(n, d)| {
                (said("webhook", Rank::Page, Some(days[usize::from(*d)]), "gpt-demo-2"), baseline && n == 0)
            });
            for (was, played) in both(history.collect()) {
                prop_assert_eq!(seen(&was), seen(&played));
                prop_assert_eq!(was.remind_by(), played.remind_by());
            }
        }

        #[test]
        fn a_matter_of_our_account_is_played_as_it_was(words in proptest::collection::vec((0u8..3, 0i64..6), 1..12)) {
            let change = [Change::Opened, Change::Updated, Change::Resolved];
            let history = words.iter().enumerate().map(|(n, (c, t))| {
                let when = at("2026-08-20T00:00:00Z") + jiff::SignedDuration::from_hours(*t);
                (told(Some(&format!("id{n}")), change[usize::from(*c)], when, "words"), false)
            });
            for (was, played) in both(history.collect()) {
                prop_assert_eq!(seen(&was), seen(&played));
            }
        }
    }
}
