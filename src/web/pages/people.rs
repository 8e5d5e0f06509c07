//! `/owners` and `/alerts`: who answers for what, and what waits for them.
//!
//! In: the directory, gaps, alerts. Out: the pages. Invariant: an owner who cannot be reached is shown as such. Refuses
//! addresses of people.

use super::view::Page;
use super::{Fault, Paged, Shared};
use crate::engine::gaps;
use crate::engine::listing::{self, OwnerRow, ServiceRow};
use crate::model::{Alert, AlertId, AlertState, MatterState, ResolveReason};
use crate::store::{AlertFilter, ToldRow};
use crate::web::answer::{Query, digits};
use axum::extract::{Path, State};
use axum::http::Uri;
use serde::Serialize;
use std::sync::Arc;

/// Rows of a page.
const ROWS: usize = 100;

#[derive(Serialize)]
struct Owners {
    owners: Vec<OwnerRow>,
    services: Vec<ServiceRow>,
    gaps: Vec<Arc<MatterState>>,
}

pub(super) async fn owners(State(site): Shared) -> Paged {
    let cx = &site.actions.cx;
    let gaps = gaps::found(cx).await?;
    let shown = Owners { owners: listing::owners(cx), services: listing::services(cx), gaps };
    Ok(Page::new("owners", "Owners", &shown))
}

#[derive(Serialize)]
struct Alerts {
    rows: Vec<Row>,
    next: Option<i64>,
    states: Vec<&'static str>,
    state: Option<&'static str>,
    owner: Option<String>,
    owners: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    alert: Alert,
    about: Arc<MatterState>,
    days_left: Option<i32>,
    ends: Option<String>,
}

impl Row {
    fn of(alert: Alert, about: Arc<MatterState>, today: jiff::civil::Date) -> Self {
        let deadline = about.remind_by();
        Self {
            days_left: deadline.as_ref().map(|d| d.days_left(today)),
            ends: deadline.map(|d| d.in_words()),
            alert,
            about,
        }
    }
}

pub(super) async fn alerts(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["state", "owner", "before"])?;
    let states: Vec<&'static str> = AlertState::ALL.iter().map(|s| s.as_str()).collect();
    let state = match q.get("state").filter(|s| !s.is_empty()) {
        None => None,
        Some(s) => {
            Some(AlertState::parse(s).ok_or_else(|| Fault::Bad(format!("state {s:?}: one of {}", states.join(", "))))?)
        }
    };
    let before = match q.get("before") {
        None => None,
        Some(n) => Some(digits(n).ok_or_else(|| Fault::Bad(format!("before {n:?}: a number")))?),
    };
    let owner = q.get("owner").filter(|o| !o.is_empty()).map(str::to_owned);
    let cx = &site.actions.cx;
    let filter = AlertFilter { owner: owner.clone(), state, before, limit: ROWS + 1, ..AlertFilter::default() };
    let mut found = cx.store.alerts(filter).await?;
    let more = found.len() > ROWS;
    found.truncate(ROWS);
    let next = found.last().filter(|_| more).map(|(a, _)| a.id.0);
    let today = site.today();
    let shown = Alerts {
        rows: found.into_iter().map(|(a, m)| Row::of(a, m, today)).collect(),
        next,
        states,
        state: state.map(AlertState::as_str),
        owner,
        owners: listing::owners(cx).into_iter().map(|o| o.id).collect(),
    };
    Ok(Page::new("alerts", "Alerts", &shown))
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    told: Vec<ToldRow>,
    owners: Vec<String>,
    reasons: Vec<&'static str>,
    /// Why an act was not taken.
    refused: Option<String>,
    /// What the person should do besides.
    advice: Vec<String>,
}

pub(super) async fn alert(State(site): Shared, Path(id): Path<String>) -> Paged {
    let id = digits(&id).ok_or(Fault::Missing("such alert"))?;
    alert_page(&site, AlertId(id), None, vec![]).await
}

/// One alert with its forms, and what is to be told of the last one that was sent.
pub(super) async fn alert_page(site: &super::Site, id: AlertId, refused: Option<String>, advice: Vec<String>) -> Paged {
    let cx = &site.actions.cx;
    let found = cx.store.alerts(AlertFilter { id: Some(id), limit: 1, ..AlertFilter::default() }).await?;
    let (alert, about) = found.into_iter().next().ok_or(Fault::Missing("such alert"))?;
    let mut told = cx.store.told_of(alert.matter.clone()).await?;
    told.retain(|t| t.alert == id);
    let title = format!("Alert {id}: {}", about.title);
    let shown = Shown {
        row: Row::of(alert, about, site.today()),
        told,
        owners: listing::owners(cx).into_iter().map(|o| o.id).collect(),
        reasons: ResolveReason::ALL.iter().map(|r| r.as_str()).collect(),
        refused,
        advice,
    };
    Ok(Page::new("alert", title, &shown))
}
