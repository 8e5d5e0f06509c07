//! Folding, routing and recording what was observed: the one way from an observation to events and alerts.
//!
//! In: observations with where they came from. Out: rows. Invariant: state, events and alerts are written together, from
//! the versions they were folded from; a conflict is folded again from fresh state. Refuses unproven matters: what a
//! hint says is noted only.

use super::Context;
use crate::model::{Fact, MatterId, MatterState, Observation, PayloadId, Trust};
use crate::rules::fold::{Heard, fold};
use crate::rules::route::{Routed, Silence, route};
use crate::store::{Fut, RecordOutcome, Recording, RoutedEvent, Routing, StoreError};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// How often a recording that met a newer state is folded again.
const TRIES: usize = 5;

/// An observation and where it came from.
#[derive(Debug, Clone)]
pub struct Heeded {
    /// From which payload; none for forewarn's own.
    pub payload: Option<PayloadId>,
    /// How far it may be believed.
    pub trust: Trust,
    /// When it was heard.
    pub heard: Heard,
    /// What was said.
    pub seen: Observation,
    /// Nobody is told, for this reason, whatever routing would say.
    pub quiet: Option<Silence>,
}

/// Folds and records; `base` carries the cursor and what could not be read. How many events were new.
pub fn record(cx: &Context, mut heeded: Vec<Heeded>, base: Recording) -> Fut<'_, u64> {
    for h in heeded.iter_mut().filter(|h| h.trust == Trust::Hint) {
        h.seen.matter = None;
        h.seen.fact = Fact::Noted;
    }
    let base = Recording { now: cx.steady(base.now), ..base };
    Box::pin(async move {
        for _ in 0..TRIES {
            let ids: BTreeSet<MatterId> = heeded.iter().filter_map(|h| h.seen.matter.clone()).collect();
            let known = if ids.is_empty() { Vec::new() } else { cx.store.matters(ids.into_iter().collect()).await? };
            let recording = fold_all(cx, &heeded, known, base.clone());
            match cx.store.record(recording).await? {
                RecordOutcome::Done { events, alerts } => {
                    if alerts > 0 {
                        cx.nudges.remind.notify_one();
                    }
                    return Ok(events);
                }
                RecordOutcome::Stale => {}
            }
        }
        Err(StoreError::Unavailable("the state kept changing while it was folded".into()))
    })
}

fn fold_all(cx: &Context, heeded: &[Heeded], known: Vec<MatterState>, base: Recording) -> Recording {
    let mut states: BTreeMap<MatterId, MatterState> = known.into_iter().map(|m| (m.id.clone(), m)).collect();
    let mut touched = BTreeSet::new();
    let mut out = base;
    let today = out.now.to_zoned_datetime(TimeZone::UTC).date();
    for h in heeded {
        let before = h.seen.matter.as_ref().and_then(|id| states.get(id));
        let folded = fold(before, &h.seen, h.heard);
        if let Some(new) = folded.state
            && before != Some(&new)
        {
            touched.insert(new.id.clone());
            states.insert(new.id.clone(), new);
        }
        let matter = h.seen.matter.as_ref().and_then(|id| states.get(id));
        for event in folded.events {
            let routed = h.quiet.map(Routed::Silent);
            let routing = match routed.unwrap_or_else(|| route(&cx.directory, &event, matter, h.trust, today)) {
                Routed::Tell(recipients) => Routing::Tell(recipients),
                Routed::Silent(why) => Routing::Silent(why.as_str()),
            };
            out.events.push(RoutedEvent { payload: h.payload, event, routing });
        }
    }
    out.matters = touched.iter().filter_map(|id| states.remove(id)).collect();
    out
}
