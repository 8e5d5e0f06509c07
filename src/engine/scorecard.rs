//! The scorecard: how a provider has treated its customers, as far as we have heard.
//!
//! In: the store. Out: [`Score`]s. Invariant: what a contract or the config says is no word of the provider and does not
//! count. Refuses to count itself: that is the rules'.

use super::Context;
use crate::model::{Change, Event, Kind, MatterState};
use crate::rules::fold::is_public;
use crate::rules::score::{Dates, Incidents, Notice, dates, incidents, notice};
use crate::store::{EventFilter, StoreError};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many days back incidents count.
pub const DAYS: i64 = 365;

/// How one provider did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Notice before an end.
    pub notice: Notice,
    /// Dates that changed.
    pub dates: Dates,
    /// Incidents of the last year.
    pub incidents: Incidents,
}

/// How all did of whom we have heard anything, by id; one alone if named.
///
/// # Errors
/// The store's.
pub async fn scorecard(cx: &Context, provider: Option<&str>) -> Result<Vec<Score>, StoreError> {
    let now = cx.clock.now();
    // From the beginning of a day: the same question has the same answer all day.
    let midnight = now.as_second().rem_euclid(86_400);
    let since = Timestamp::from_second(now.as_second() - midnight - 86_400 * DAYS).unwrap_or(now);
    let mut ends: BTreeMap<String, Vec<Arc<MatterState>>> = BTreeMap::new();
    for m in cx.store.matters_of(Kind::Deprecation).await? {
        // What the config or a contract says is no word of the provider.
        if m.claims.keys().any(|s| s.provider() == m.provider.as_str()) {
            ends.entry(m.provider.to_string()).or_default().push(m);
        }
    }
    let mut broken: BTreeMap<String, Vec<Arc<MatterState>>> = BTreeMap::new();
    for m in cx.store.matters_of(Kind::Incident).await? {
        if is_public(m.kind, &m.subjects) && m.opened_at >= since {
            broken.entry(m.provider.to_string()).or_default().push(m);
        }
    }
    let filter = EventFilter { kind: Some(Kind::Deprecation), limit: usize::MAX, ..EventFilter::default() };
    let mut moves: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for (e, _) in cx.store.events(filter).await? {
        if matches!(e.event.change, Some(Change::Moved | Change::Withdrawn)) {
            moves.entry(e.event.provider.to_string()).or_default().push(e);
        }
    }
    let ids: BTreeSet<&String> =
        ends.keys().chain(broken.keys()).filter(|id| provider.is_none_or(|p| p == **id)).collect();
    let of = |id: &String| Score {
        id: id.clone(),
        name: cx.catalog.get(id).map_or_else(|| id.clone(), |p| p.file.name.clone()),
        notice: notice(ends.get(id).map_or(&[], Vec::as_slice)),
        dates: dates(moves.get(id).map_or(&[], Vec::as_slice)),
        incidents: incidents(broken.get(id).map_or(&[], Vec::as_slice), since),
    };
    Ok(ids.into_iter().map(of).collect())
}
