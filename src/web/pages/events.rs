//! `/events`: everything that was recorded, and what each was read from.
//!
//! In: a filter. Out: pages, newest first; one event with its evidence. Invariant: raw bytes are shown redacted only. Refuses
//! to change anything.

use super::view::Page;
use super::{Fault, Paged, Shared};
use crate::engine::evidence::{Evidence, evidence};
use crate::model::{Event, EventId, Kind};
use crate::store::EventFilter;
use crate::web::answer::{Query, digits};
use axum::extract::{Path, State};
use axum::http::Uri;
use serde::Serialize;

/// Rows of a page.
const ROWS: usize = 100;

#[derive(Serialize)]
struct List {
    rows: Vec<Row>,
    next: Option<i64>,
    kinds: Vec<&'static str>,
    kind: Option<&'static str>,
    provider: Option<String>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    event: Event,
    routing: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    evidence: Option<Evidence>,
}

pub(super) async fn events(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["kind", "provider", "before"])?;
    let kinds: Vec<&'static str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
    let kind = match q.get("kind").filter(|k| !k.is_empty()) {
        None => None,
        Some(k) => Some(Kind::parse(k).ok_or_else(|| Fault::Bad(format!("kind {k:?}: one of {}", kinds.join(", "))))?),
    };
    let before = match q.get("before") {
        None => None,
        Some(n) => Some(digits(n).ok_or_else(|| Fault::Bad(format!("before {n:?}: a number")))?),
    };
    let provider = q.get("provider").map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned);
    let filter = EventFilter { kind, provider: provider.clone(), before, limit: ROWS + 1, ..EventFilter::default() };
    let mut found = site.actions.cx.store.events(filter).await?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| more).map(|(e, _)| e.id.0);
    let rows = found.into_iter().map(|(event, routing)| Row { event, routing }).collect();
    Ok(Page::new("events", "Events", &List { rows, next, kinds, kind: kind.map(Kind::as_str), provider }))
}

pub(super) async fn event(State(site): Shared, Path(id): Path<String>) -> Paged {
    let id = digits(&id).ok_or(Fault::Missing("such event"))?;
    let cx = &site.actions.cx;
    let filter = EventFilter { after: Some(id.saturating_sub(1)), limit: 1, ..EventFilter::default() };
    let found = cx.store.events(filter).await?.pop().filter(|(e, _)| e.id.0 == id);
    let (event, routing) = found.ok_or(Fault::Missing("such event"))?;
    let evidence = evidence(cx, EventId(id)).await?;
    Ok(Page::new("event", format!("Event {id}"), &Shown { row: Row { event, routing }, evidence }))
}
