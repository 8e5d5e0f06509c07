//! What is known: deprecations, incidents, maintenance, billing; owners, services, sources, providers, connections.
//!
//! In: queries. Out: pages in a fixed order. Invariant: the cursor is the id of the last thing shown. Refuses to change
//! anything.

use crate::engine::listing::{self, Episode};
use crate::engine::same::Likeness;
use crate::engine::show::show;
use crate::engine::{calendar, known, scorecard};
use crate::model::{Event, Kind, MatterId, Stage};
use crate::store::EventFilter;
use crate::web::actions::Actions;
use crate::web::answer::{Answered, Problem, Query, page, value};
use axum::extract::{MatchedPath, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use jiff::{ToSpan, civil::Date, tz::TimeZone};
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
    let today = today(&a);
    let days = (within.is_some() || past.is_some()).then(|| {
        let until = within.map_or(Date::MAX, |n| today.saturating_add(n.days()));
        (past.map_or(Date::ZERO, |n| today.saturating_sub(n.days())), until)
    });
    let after = match q.get("cursor") {
        None => None,
        Some(c) => {
            let gone = || {
                Problem::new(StatusCode::CONFLICT, "cursor: what it points to is not in this list any more: begin anew")
            };
            let id = MatterId::new(c).map_err(|_| gone())?;
            Some(known::deprecation(&a.cx, &id).await?.ok_or_else(gone)?)
        }
    };
    let part = calendar::Part { days, provider: q.get("provider"), after: after.as_deref(), limit: q.limit()? };
    let fits = |d: &calendar::Deprecation| {
        q.get("provider").is_none_or(|p| p == d.provider)
            && q.get("owner").is_none_or(|o| d.owners.iter().any(|x| x == o))
            && stage.is_none_or(|s| s == d.stage)
            && used.is_none_or(|u| d.used == Some(u))
    };
    let (items, more) = calendar::part(&a.cx, part, today, fits).await?;
    let next = items.last().filter(|_| more).map(|d| d.id.clone());
    value(&headers, &json!({ "items": items, "next": next }))
}

pub(super) async fn deprecation(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    Query::of(&uri, &[])?;
    let missing = || Problem::not_found("such deprecation");
    let id = MatterId::new(id).map_err(|_| missing())?;
    value(&headers, &show(&a.cx, &id, today(&a)).await?.ok_or_else(missing)?)
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
    listed(&uri, &headers, &listing::providers(&a.cx.catalog), |p| p.id.clone())
}

pub(super) async fn provider(State(a): Shared, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Answered {
    one(&uri, &headers, listing::providers(&a.cx.catalog).iter().find(|p| p.id == id), "such provider")
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
