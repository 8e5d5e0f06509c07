//! What is known of one thing: a deprecation, an incident, maintenance, money, our account. And their lists.
//!
//! In: an id as one segment of the address. Out: the page that proves it. Invariant: an id of another kind leads to its own
//! page. Refuses to change anything.

use super::view::Page;
use super::words;
use super::{Fault, Paged, Shared};
use crate::engine::listing::{self, Episode};
use crate::engine::{about, show};
use crate::model::{Kind, MatterId, Stage};
use crate::web::answer::Query;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

/// Rows of a list.
const ROWS: usize = 200;

#[derive(Serialize)]
struct List {
    kind: &'static str,
    rows: Vec<Episode>,
    more: usize,
    open_only: bool,
    provider: Option<String>,
}

pub(super) async fn deprecation(State(site): Shared, Path(id): Path<String>) -> Response {
    let Ok(id) = MatterId::new(id) else { return Fault::Missing("such deprecation").into_response() };
    match show::show(&site.actions.cx, &id, site.today()).await {
        Ok(Some(shown)) => Page::new("deprecation", id.to_string(), &shown).into_response(),
        Ok(None) => elsewhere(&site, &id, Kind::Deprecation).await,
        Err(e) => Fault::from(e).into_response(),
    }
}

pub(super) async fn incident(State(site): Shared, Path(id): Path<String>) -> Response {
    episode(&site, id, Kind::Incident).await
}

pub(super) async fn maintenance(State(site): Shared, Path(id): Path<String>) -> Response {
    episode(&site, id, Kind::Maintenance).await
}

pub(super) async fn billing(State(site): Shared, Path(id): Path<String>) -> Response {
    episode(&site, id, Kind::Billing).await
}

/// Whatever an id is.
pub(super) async fn matter(State(site): Shared, Path(id): Path<String>) -> Response {
    episode(&site, id, Kind::Source).await
}

fn is_of(list: Kind, kind: Kind) -> bool {
    match list {
        Kind::Billing => matches!(kind, Kind::Billing | Kind::Account),
        Kind::Source => matches!(kind, Kind::Source | Kind::Change | Kind::Job | Kind::Unrecognized),
        Kind::Deprecation
        | Kind::Incident
        | Kind::Maintenance
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Unrecognized => list == kind,
    }
}

async fn episode(site: &super::Site, id: String, list: Kind) -> Response {
    let Ok(id) = MatterId::new(id) else { return Fault::Missing("such matter").into_response() };
    match about::about(&site.actions.cx, &id).await {
        Ok(Some(a)) if is_of(list, a.episode.kind) => Page::new("episode", a.episode.title.clone(), &a).into_response(),
        Ok(_) => elsewhere(site, &id, list).await,
        Err(e) => Fault::from(e).into_response(),
    }
}

/// The page of an id that is of another kind.
async fn elsewhere(site: &super::Site, id: &MatterId, asked: Kind) -> Response {
    match about::kind_of(&site.actions.cx, id).await {
        Ok(Some(kind)) if !is_of(asked, kind) => {
            Redirect::to(&words::place(kind.as_str(), id.as_str())).into_response()
        }
        Ok(_) => Fault::Missing("such matter: ids are exact, see the calendar and the lists").into_response(),
        Err(e) => Fault::from(e).into_response(),
    }
}

pub(super) async fn incidents(State(site): Shared, uri: Uri) -> Paged {
    list(&site, &uri, "incidents", "Incidents", &[Kind::Incident]).await
}

pub(super) async fn maintenances(State(site): Shared, uri: Uri) -> Paged {
    list(&site, &uri, "maintenance", "Maintenance", &[Kind::Maintenance]).await
}

pub(super) async fn billings(State(site): Shared, uri: Uri) -> Paged {
    list(&site, &uri, "billing", "Billing and account", &[Kind::Billing, Kind::Account]).await
}

async fn list(site: &super::Site, uri: &Uri, kind: &'static str, title: &str, kinds: &[Kind]) -> Paged {
    let q = Query::of(uri, &["open", "provider"])?;
    let open_only = q.truth("open")?.unwrap_or(false);
    let provider = q.get("provider").filter(|p| !p.is_empty()).map(str::to_owned);
    let cx = &site.actions.cx;
    let mut rows = Vec::new();
    for k in kinds {
        rows.append(&mut if open_only { listing::going_on(cx, *k).await? } else { listing::episodes(cx, *k).await? });
    }
    rows.retain(|e| provider.as_ref().is_none_or(|p| *p == e.provider));
    rows.sort_by(|a, b| {
        let open = |e: &Episode| e.stage == Stage::Open;
        (open(b), b.opened_at, &b.id).cmp(&(open(a), a.opened_at, &a.id))
    });
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    Ok(Page::new("episodes", title, &List { kind, rows, more, open_only, provider }))
}
