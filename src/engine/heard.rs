//! Events with their evidence: what was heard, in which words, and whether it was news.
//!
//! In: a filter. Out: [`Heard`], newest first, and how many more were only a source's first read. Invariant: the quote is
//! the source's own words as they were last read. Refuses to show where we began as if it had happened: a first read is
//! counted, not listed.

use super::Context;
use crate::model::{Change, Event, Kind, MatterId, MatterState};
use crate::rules::route::Silence;
use crate::store::{EventFilter, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Longest quote, in characters.
const QUOTE: usize = 500;

/// An event with its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Heard {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// `routed`, or why nobody was told.
    pub routing: String,
    /// The words it was read from.
    pub quote: String,
}

/// What was heard in a window.
#[derive(Debug, Clone, Default)]
pub struct All {
    /// What was news, newest first.
    pub news: Vec<Heard>,
    /// How much more was a source's first read, or too old to be news.
    pub first_reads: usize,
    /// There is more than was asked for.
    pub more: bool,
}

/// What was heard, by a filter; of these kinds nothing: jobs and what no rule knows.
///
/// # Errors
/// The store's.
pub async fn heard(cx: &Context, filter: EventFilter) -> Result<All, StoreError> {
    let limit = filter.limit;
    let found = cx.store.events(EventFilter { limit: limit.saturating_add(1), ..filter }).await?;
    let ids: BTreeSet<MatterId> = found.iter().filter_map(|(e, _)| e.event.matter.clone()).collect();
    let matters = if ids.is_empty() { Vec::new() } else { cx.store.matters(ids.into_iter().collect()).await? };
    let matters: BTreeMap<&str, &MatterState> = matters.iter().map(|m| (m.id.as_str(), m)).collect();
    let mut all = All { more: found.len() > limit, ..All::default() };
    for (event, routing) in found.into_iter().take(limit) {
        let matter = event.event.matter.as_ref().and_then(|id| matters.get(id.as_str()).copied());
        match event.event.kind {
            Kind::Job | Kind::Unrecognized => {}
            _ if is_first_read(&event, &routing, matter) => all.first_reads += 1,
            Kind::Deprecation
            | Kind::Incident
            | Kind::Maintenance
            | Kind::Billing
            | Kind::Account
            | Kind::Change
            | Kind::Source => all.news.push(with_quote(event, routing, matter)),
        }
    }
    Ok(all)
}

/// An event with its words.
pub fn with_quote(event: Event, routing: String, matter: Option<&MatterState>) -> Heard {
    let claim = matter.and_then(|m| m.claims.get(&event.event.source)).filter(|c| !c.text.is_empty());
    let words = claim.map_or(event.event.summary.as_str(), |c| c.text.as_str());
    let quote = crate::model::text::one_line(words, QUOTE);
    Heard { event, routing, quote }
}

fn is_first_read(e: &Event, routing: &str, matter: Option<&MatterState>) -> bool {
    let quiet = [Silence::Baseline, Silence::OldEntry, Silence::Wave, Silence::PastAtBaseline, Silence::History];
    let began = matches!(e.event.change, Some(Change::Announced | Change::Opened));
    quiet.iter().any(|q| q.as_str() == routing) || (began && matter.is_some_and(|m| m.baseline))
}
