//! What is known: deprecations, incidents, maintenance, billing; owners, services, sources, providers, connections.
//!
//! In: queries. Out: pages in a fixed order. Invariant: the cursor is the id of the last thing shown. Refuses to change
//! anything.

use crate::engine::listing::{self, Episode};
use crate::engine::same::Likeness;
use crate::engine::{calendar, known, scorecard};
use crate::model::{Event, Kind, MatterId, Stage};
use crate::store::{AlertFilter, EventFilter};
use crate::web::actions::Actions;
use crate::web::answer::{Answered, Problem, Query, page, value};
use axum::extract::{MatchedPath, Path, State};
use axum::http::{HeaderMap, Uri};
use jiff::{civil::Date, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Actions>>;

/// Most events of a history.
const HISTORY: usize = 500;

fn today(a: &Actions) -> Date {
    a.cx.clock.now().to_zoned_datetime(TimeZone::UTC).date()
}

pub(super) async fn deprecations(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["provider", "owner", "stage", "used", "within", "past", "limit", "cursor"])?;
    let stages = ["announced", "retired", "withdrawn"];
    let stage = q.word("stage", |s| Stage::parse(s).filter(|s| *s != Stage::Open && *s != Stage::Resolved), &stages)?;
    let (used, within, past) = (q.truth("used")?, q.days("within")?, q.days("past")?);
    let mut all = calendar::all(&a.cx, today(&a)).await?;
    all.retain(|d| {
        q.get("provider").is_none_or(|p| p == d.provider)
            && q.get("owner").is_none_or(|o| d.owners.iter().any(|x| x == o))
            && stage.is_none_or(|s| s == d.stage)
            && used.is_none_or(|u| d.used == Some(u))
            && within.is_none_or(|n| d.days_left.is_some_and(|left| left <= n))
            && past.is_none_or(|n| d.days_left.is_some_and(|left| left >= -n))
    });
    page(&headers, &q, &all, |d| d.id.clone())
}

pub(super) async fn deprecation(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such deprecation");
    let id = MatterId::new(id).map_err(|_| missing())?;
    let m = known::deprecation(&a.cx, &id).await?.ok_or_else(missing)?;
    let alerts = a.cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    let of: Vec<_> = alerts.iter().map(|(alert, _)| alert).filter(|alert| alert.matter == id).collect();
    let lens = calendar::Lens::new(&a.cx, today(&a)).await?;
    with_history(&a, &headers, &lens.deprecation(&m, &of), &id).await
}

async fn with_history<T: Serialize>(a: &Actions, headers: &HeaderMap, one: &T, id: &MatterId) -> Answered {
    let f = EventFilter { matter: Some(id.to_string()), limit: HISTORY, ..EventFilter::default() };
    let history: Vec<Event> = a.cx.store.events(f).await?.into_iter().map(|(e, _)| e).collect();
    let mut out: Value = serde_json::to_value(one).unwrap_or_default();
    out["history"] = json!(history);
    value(headers, &out)
}

async fn episodes(a: &Actions, uri: &Uri, headers: &HeaderMap, kind: Kind) -> Answered {
    let q = Query::of(uri, &["provider", "owner", "open", "limit", "cursor"])?;
    let open = q.truth("open")?;
    let mut all: Vec<Episode> = listing::episodes(&a.cx, kind).await?;
    all.retain(|e| {
        q.get("provider").is_none_or(|p| p == e.provider)
            && q.get("owner").is_none_or(|o| e.owners.iter().any(|x| x == o))
            && open.is_none_or(|o| (e.stage == Stage::Open) == o)
    });
    page(headers, &q, &all, |e| e.id.clone())
}

pub(super) async fn incidents(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    episodes(&a, &uri, &headers, Kind::Incident).await
}

pub(super) async fn maintenance(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    episodes(&a, &uri, &headers, Kind::Maintenance).await
}

pub(super) async fn billing(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    episodes(&a, &uri, &headers, Kind::Billing).await
}

/// One incident, maintenance or billing matter; which of these, the path says.
pub(super) async fn episode(
    State(a): Shared,
    Path(id): Path<String>,
    matched: MatchedPath,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such matter in this list");
    let id = MatterId::new(id).map_err(|_| missing())?;
    let list = matched.as_str().trim_start_matches("/api/v1/").split('/').next().unwrap_or_default();
    let kind = match list {
        "incidents" => Kind::Incident,
        "maintenance" => Kind::Maintenance,
        _ => Kind::Billing,
    };
    let found = a.cx.store.matters(vec![id.clone()]).await?;
    let m = found.first().filter(|m| m.kind == kind).ok_or_else(missing)?;
    let same = Likeness::load(&a.cx).await?;
    let shown = Episode { possibly_same: same.of(&id).to_vec(), ..listing::episode(&a.cx, m) };
    with_history(&a, &headers, &shown, &id).await
}

/// A list that is known as a whole.
fn listed<T: Serialize>(uri: &Uri, headers: &HeaderMap, all: &[T], id: impl Fn(&T) -> String) -> Answered {
    page(headers, &Query::of(uri, &["limit", "cursor"])?, all, id)
}

/// One thing of such a list.
fn one<T: Serialize>(uri: &Uri, headers: &HeaderMap, found: Option<&T>, what: &str) -> Answered {
    Query::of(uri, &[])?;
    value(headers, found.ok_or_else(|| Problem::not_found(what))?)
}

pub(super) async fn owners(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    listed(&uri, &headers, &listing::owners(&a.cx), |o| o.id.clone())
}

pub(super) async fn owner(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    one(&uri, &headers, listing::owners(&a.cx).iter().find(|o| o.id == id), "such owner")
}

pub(super) async fn services(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    listed(&uri, &headers, &listing::services(&a.cx), |s| s.id.clone())
}

pub(super) async fn service(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    one(&uri, &headers, listing::services(&a.cx).iter().find(|s| s.id == id), "such service")
}

pub(super) async fn sources(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    listed(&uri, &headers, &listing::sources(&a.cx, &a.targets, &a.off).await?, |s| s.id.to_string())
}

pub(super) async fn source(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    let all = listing::sources(&a.cx, &a.targets, &a.off).await?;
    one(&uri, &headers, all.iter().find(|s| s.id.as_str() == id), "such source")
}

pub(super) async fn providers(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    listed(&uri, &headers, &listing::providers(&a.cx), |p| p.id.clone())
}

pub(super) async fn provider(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    one(&uri, &headers, listing::providers(&a.cx).iter().find(|p| p.id == id), "such provider")
}

pub(super) async fn scorecard(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    let q = Query::of(&uri, &["provider", "limit", "cursor"])?;
    page(&headers, &q, &scorecard::scorecard(&a.cx, q.get("provider")).await?, |s| s.id.clone())
}

pub(super) async fn connections(State(a): Shared, uri: Uri, headers: HeaderMap) -> Answered {
    listed(&uri, &headers, &listing::connections(&a.cx, &a.configured).await?, |c| c.id.clone())
}

pub(super) async fn connection(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    let all = listing::connections(&a.cx, &a.configured).await?;
    one(&uri, &headers, all.iter().find(|c| c.id == id), "such connection")
}
