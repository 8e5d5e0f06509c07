//! One incident, maintenance, billing or account matter with all that is known: what each source said and when, who was told.
//!
//! In: an id. Out: [`About`]. Invariant: the timeline holds every source's word, in the order it happened. Refuses
//! deprecations: these are [`super::show`]'s.

use super::Context;
use super::calendar::ClaimView;
use super::listing::{Episode, episode};
use super::show::done;
use crate::model::{Alert, Event, Kind, MatterId};
use crate::store::{AuditRow, EventFilter, StoreError, ToldRow};
use serde::Serialize;

/// Most events shown.
const HISTORY: usize = 500;

/// A matter with its past.
#[derive(Debug, Clone, Serialize)]
pub struct About {
    /// As in lists.
    #[serde(flatten)]
    pub episode: Episode,
    /// What was said, oldest first.
    pub timeline: Vec<Event>,
    /// Sources that spoke of it.
    pub heard_by: Vec<String>,
    /// The latest word of each.
    pub claims: Vec<ClaimView>,
    /// Who was told, oldest first.
    pub told: Vec<ToldRow>,
    /// The alerts on it.
    pub alerts: Vec<Alert>,
    /// What was done about it, oldest first.
    pub done: Vec<AuditRow>,
    /// How long it took so far, in minutes.
    pub minutes: i64,
}

/// What kind of matter an id is.
///
/// # Errors
/// The store's.
pub async fn kind_of(cx: &Context, id: &MatterId) -> Result<Option<Kind>, StoreError> {
    Ok(cx.store.matters(vec![id.clone()]).await?.pop().map(|m| m.kind))
}

/// One matter; none if nobody spoke of it, or if it is a deprecation.
///
/// # Errors
/// The store's.
pub async fn about(cx: &Context, id: &MatterId) -> Result<Option<About>, StoreError> {
    let found = cx.store.matters(vec![id.clone()]).await?.pop();
    let Some(m) = found.filter(|m| m.kind != Kind::Deprecation) else { return Ok(None) };
    let filter = EventFilter { matter: Some(m.id.to_string()), limit: HISTORY, ..EventFilter::default() };
    let mut timeline: Vec<Event> = cx.store.events(filter).await?.into_iter().map(|(e, _)| e).collect();
    timeline.sort_by_key(|e| (e.event.occurred_at, e.id));
    let mut heard_by: Vec<String> = timeline.iter().map(|e| e.event.source.to_string()).collect();
    heard_by.extend(m.claims.keys().map(ToString::to_string));
    heard_by.sort();
    heard_by.dedup();
    let until = if m.is_over() { m.latest_at } else { cx.clock.now() };
    Ok(Some(About {
        minutes: until.duration_since(m.opened_at).as_secs().max(0) / 60,
        episode: episode(cx, &m),
        timeline,
        heard_by,
        claims: m.claims.iter().map(|(s, c)| ClaimView::of(s, c)).collect(),
        told: cx.store.told_of(m.id.clone()).await?,
        alerts: cx.store.alerts_on(vec![m.id.clone()]).await?,
        done: done(cx, id).await?,
    }))
}
