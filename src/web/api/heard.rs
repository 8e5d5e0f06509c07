//! What was heard and said: events, alerts, notifications; now and between; how forewarn is.
//!
//! In: queries. Out: pages, newest first. Invariant: the cursor is a number, so a page never shows a thing twice. Refuses
//! to change anything.

use super::stream::{self, Follow};
use crate::engine::{between, listing, now};
use crate::model::{Alert, AlertId, AlertState, Kind, MatterState, NotificationId};
use crate::store::{AlertFilter, EventFilter, NotificationFilter};
use crate::web::actions::Actions;
use crate::web::answer::{Answered, Problem, Query, digits, etag, fresh, value};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Actions>>;

pub(super) async fn events(State(a): Shared, follow: Follow, uri: Uri, headers: HeaderMap) -> Answered {
    if stream::wanted(&headers) {
        let q = Query::of(&uri, &["kind", "provider", "matter", "since"])?;
        return follow.begin(&a.cx, EventFilter { since: q.moment("since")?, ..filter(&q)? }, &headers).await;
    }
    let q = Query::of(&uri, &["kind", "provider", "matter", "since", "until", "limit", "cursor"])?;
    let f = EventFilter { since: q.moment("since")?, until: q.moment("until")?, ..filter(&q)? };
    list_events(&a, &headers, f, json!({})).await
}

/// What moved in a window: the report, and all events of it page by page.
pub(super) async fn between(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["from", "to", "kind", "provider", "format", "limit", "cursor"])?;
    let (Some(from), Some(to)) = (q.stretch("from")?, q.stretch("to")?) else {
        return Err(Problem::bad("from and to are needed: /api/v1/between?from=2026-11-01&to=2026-11-23T08:00:00Z"));
    };
    let (from, to) = if from.from <= to.from { (from.from, to.until) } else { (to.from, from.until) };
    let f = EventFilter { since: Some(from), until: Some(to), ..filter(&q)? };
    let as_text =
        q.word("format", |s| ["json", "markdown"].contains(&s).then(|| s == "markdown"), &["json", "markdown"])?;
    let report = between::between(&a.cx, between::Asked { from, to, provider: f.provider.clone() }).await?;
    if as_text == Some(true) {
        let text = between::markdown(&report);
        let etag = etag(text.as_bytes());
        return Ok(fresh(&headers, "text/markdown; charset=utf-8", &etag, text.into()));
    }
    list_events(&a, &headers, f, json!(report)).await
}

fn filter(q: &Query) -> Result<EventFilter, Problem> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|k| k.as_str()).collect();
    Ok(EventFilter {
        kind: q.word("kind", Kind::parse, &kinds)?,
        provider: q.get("provider").map(str::to_owned),
        matter: q.get("matter").map(str::to_owned),
        before: q.before()?,
        limit: q.limit()?,
        ..EventFilter::default()
    })
}

async fn list_events(a: &Actions, headers: &HeaderMap, f: EventFilter, mut out: Value) -> Answered {
    let limit = f.limit;
    // One more than asked for tells whether there is a next page.
    let mut found = a.cx.store.events(EventFilter { limit: limit + 1, ..f }).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    out["next"] = json!(found.last().filter(|_| more).map(|(e, _)| e.id.0));
    out["items"] = listing::events(&a.cx, &found).await?.into();
    value(headers, &out)
}

pub(super) async fn event(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such event");
    let id = digits(&id).ok_or_else(missing)?;
    let f = EventFilter { after: Some(id.saturating_sub(1)), limit: 1, ..EventFilter::default() };
    let found = a.cx.store.events(f).await?;
    let found: Vec<_> = found.into_iter().filter(|(e, _)| e.id.0 == id).collect();
    let one = listing::events(&a.cx, &found).await?;
    value(&headers, one.first().ok_or_else(missing)?)
}

pub(super) async fn alerts(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["owner", "state", "limit", "cursor"])?;
    let states: Vec<&str> = AlertState::ALL.iter().map(|s| s.as_str()).collect();
    let limit = q.limit()?;
    let f = AlertFilter {
        owner: q.get("owner").map(str::to_owned),
        state: q.word("state", AlertState::parse, &states)?,
        before: q.before()?,
        limit: limit + 1,
        ..AlertFilter::default()
    };
    let mut found = a.cx.store.alerts(f).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(a, _)| a.id.0);
    let items: Vec<Value> = found.iter().map(|(a, m)| with_matter(a, m)).collect();
    value(&headers, &json!({ "items": items, "next": next }))
}

pub(super) fn with_matter(a: &Alert, m: &MatterState) -> Value {
    let mut v = serde_json::to_value(a).unwrap_or_default();
    v["kind"] = json!(m.kind);
    v["title"] = json!(m.title);
    v["deadline"] = json!(m.deadline);
    v
}

pub(super) async fn alert(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such alert");
    let id = AlertId(digits(&id).ok_or_else(missing)?);
    let found = a.cx.store.alerts(AlertFilter { id: Some(id), limit: 1, ..AlertFilter::default() }).await?;
    let (alert, m) = found.first().ok_or_else(missing)?;
    value(&headers, &with_matter(alert, m))
}

pub(super) async fn notifications(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["state", "limit", "cursor"])?;
    let states = ["pending", "delivered", "superseded", "dead"];
    let known = |s: &str| ["pending", "delivered", "superseded", "dead"].contains(&s).then(|| s.to_owned());
    let limit = q.limit()?;
    let f = NotificationFilter {
        state: q.word("state", known, &states)?,
        before: q.before()?,
        limit: limit + 1,
        ..NotificationFilter::default()
    };
    let mut found = a.cx.store.notifications(f).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|n| n.id.0);
    value(&headers, &json!({ "items": found, "next": next }))
}

pub(super) async fn notification(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such notification");
    let id = NotificationId(digits(&id).ok_or_else(missing)?);
    let f = NotificationFilter { id: Some(id), limit: 1, ..NotificationFilter::default() };
    let found = a.cx.store.notifications(f).await?;
    value(&headers, found.first().ok_or_else(missing)?)
}

/// Is it them?
pub(super) async fn now(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["about", "provider"])?;
    let scope = match (q.get("about"), q.get("provider")) {
        (Some(_), Some(_)) => {
            let told = "about and provider ask the same: give one";
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, told));
        }
        (None, Some(p)) if a.cx.catalog.get(p).is_none() => {
            let told = format!("provider {p:?}: there is none of this name: see /api/v1/providers");
            return Err(Problem::new(StatusCode::NOT_FOUND, told));
        }
        (about, provider) => {
            now::scope(&a.cx, about.or(provider)).await?.map_err(|e| Problem::new(StatusCode::NOT_FOUND, e))?
        }
    };
    value(&headers, &now::now(&a.cx, &scope, &a.targets, &a.off).await?)
}

pub(super) async fn status(State(a): Shared, headers: HeaderMap) -> Answered {
    value(&headers, &a.status().await?)
}
