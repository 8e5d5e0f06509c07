//! What was heard and said: events, alerts, notifications; now and between; how forewarn is.
//!
//! In: queries. Out: pages, newest first. Invariant: the cursor is a number, so a page never shows a thing twice. Refuses
//! to change anything.

use crate::engine::calendar::{self, Deprecation};
use crate::engine::listing::{self, Episode};
use crate::model::{Alert, AlertId, AlertState, Kind, MatterState, NotificationId, Stage};
use crate::store::{AlertFilter, EventFilter, NotificationFilter, SourceHealth};
use crate::web::actions::Actions;
use crate::web::answer::{Answered, Problem, Query, digits, value};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use jiff::{SignedDuration, tz::TimeZone};
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Actions>>;

/// What counts as lately.
const LATELY: SignedDuration = SignedDuration::from_hours(72);
/// Most changes of `now`.
const MOST_CHANGES: usize = 200;

pub(super) async fn events(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["kind", "provider", "matter", "since", "until", "limit", "cursor"])?;
    let f = EventFilter { since: q.moment("since")?, until: q.moment("until")?, ..filter(&q)? };
    list_events(&a, &headers, f, json!({})).await
}

pub(super) async fn between(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["from", "to", "kind", "provider", "limit", "cursor"])?;
    let (Some(from), Some(to)) = (q.moment("from")?, q.moment("to")?) else {
        return Err(Problem::bad("from and to are needed: /api/v1/between?from=2026-11-01&to=2026-11-23T08:00:00Z"));
    };
    let (from, to) = (from.min(to), from.max(to));
    let f = EventFilter { since: Some(from), until: Some(to), ..filter(&q)? };
    list_events(&a, &headers, f, json!({ "from": from, "to": to })).await
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

fn with_matter(a: &Alert, m: &MatterState) -> Value {
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

/// Is it them? What is open, what changed lately, which sources cannot say.
pub(super) async fn now(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["provider"])?;
    let provider = q.get("provider");
    let is_it = |p: &str| provider.is_none_or(|x| x == p);
    let now = a.cx.clock.now();
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let mut open: Vec<Vec<Episode>> = Vec::new();
    for kind in [Kind::Incident, Kind::Maintenance, Kind::Billing] {
        let all = listing::episodes(&a.cx, kind).await?;
        open.push(all.into_iter().filter(|e| e.stage == Stage::Open && is_it(&e.provider)).collect());
    }
    let [incidents, maintenance, billing] = <[Vec<Episode>; 3]>::try_from(open).unwrap_or_default();
    let since = now.checked_sub(LATELY).ok();
    let f = EventFilter { provider: provider.map(str::to_owned), since, limit: MOST_CHANGES, ..EventFilter::default() };
    let quiet = [Kind::Job, Kind::Unrecognized, Kind::Source];
    let heard = a.cx.store.events(f).await?;
    let heard: Vec<_> = heard.into_iter().filter(|(e, _)| !quiet.contains(&e.event.kind)).collect();
    let changes = listing::events(&a.cx, &heard).await?;
    let ending: Vec<Deprecation> = calendar::all(&a.cx, today)
        .await?
        .into_iter()
        .filter(|d| is_it(&d.provider) && d.used != Some(false) && d.days_left.is_some_and(|n| (0..=90).contains(&n)))
        .collect();
    let sources = listing::sources(&a.cx, &a.targets, &a.off).await?;
    let blind: Vec<_> = sources
        .into_iter()
        .filter(|s| is_it(s.id.provider()) && s.health != SourceHealth::Fresh && s.health != SourceHealth::Off)
        .collect();
    value(
        &headers,
        &json!({
            "provider": provider, "since": since, "incidents": incidents, "maintenance": maintenance, "billing": billing,
            "ending": ending, "changes": changes, "blind": blind,
        }),
    )
}

pub(super) async fn status(State(a): Shared, headers: HeaderMap) -> Answered {
    value(&headers, &a.status().await?)
}
