//! How forewarn itself is: deliveries, notifications, the audit, its settings.
//!
//! In: status, refusals, the outbox, the ledger. Out: the pages. Invariant: no secret and no text of an unproven body is
//! shown. Refuses to send anything.

use super::view::Page;
use super::{Fault, Paged, Shared};
use crate::engine::rejected::Rejection;
use crate::engine::status::Status;
use crate::store::{AuditFilter, AuditRow, Ledger, NotificationFilter, NotificationRow};
use crate::web::answer::{Query, digits};
use axum::extract::State;
use axum::http::Uri;
use serde::Serialize;

/// Rows of a page.
const ROWS: usize = 100;
const STATES: [&str; 4] = ["pending", "delivered", "superseded", "dead"];

#[derive(Serialize)]
struct Deliveries {
    status: Status,
    rejected: Vec<Rejection>,
}

pub(super) async fn deliveries(State(site): Shared) -> Paged {
    let a = &site.actions;
    let rejected = a.receiver.as_ref().map(|r| r.rejections.newest()).unwrap_or_default();
    Ok(Page::new("deliveries", "Deliveries", &Deliveries { status: a.status().await?, rejected }))
}

#[derive(Serialize)]
struct Notifications {
    rows: Vec<NotificationRow>,
    next: Option<i64>,
    states: [&'static str; 4],
    state: Option<String>,
}

pub(super) async fn notifications(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["state", "before"])?;
    let state = q.get("state").filter(|s| !s.is_empty()).map(str::to_owned);
    if let Some(s) = state.as_ref().filter(|s| !STATES.contains(&s.as_str())) {
        return Err(Fault::Bad(format!("state {s:?}: one of {}", STATES.join(", "))));
    }
    let filter = NotificationFilter {
        state: state.clone(),
        before: before(&q)?,
        limit: ROWS + 1,
        ..NotificationFilter::default()
    };
    let mut rows = site.actions.cx.store.notifications(filter).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|n| n.id.0);
    Ok(Page::new("notifications", "Notifications", &Notifications { rows, next, states: STATES, state }))
}

fn before(q: &Query) -> Result<Option<i64>, Fault> {
    let Some(n) = q.get("before") else { return Ok(None) };
    digits(n).map(Some).ok_or_else(|| Fault::Bad(format!("before {n:?}: a number")))
}

#[derive(Serialize)]
struct Audit {
    ledger: Ledger,
    adds_up: bool,
    rows: Vec<AuditRow>,
    next: Option<i64>,
}

pub(super) async fn audit(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["before"])?;
    let store = &site.actions.cx.store;
    let filter = AuditFilter { before: before(&q)?, limit: ROWS + 1, ..AuditFilter::default() };
    let mut rows = store.audit(filter).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|r| r.id);
    let ledger = store.ledger().await?;
    let adds_up = ledger.lines.iter().all(crate::store::LedgerLine::adds_up);
    Ok(Page::new("audit", "Audit", &Audit { ledger, adds_up, rows, next }))
}

/// A part of the settings as they were loaded, without secrets.
#[derive(Debug, Clone, Serialize)]
pub struct SettingGroup {
    /// What they are about.
    pub name: String,
    /// Names and values.
    pub rows: Vec<(String, String)>,
}

#[derive(Serialize)]
struct Settings<'a> {
    groups: &'a [SettingGroup],
    status: Status,
}

pub(super) async fn settings(State(site): Shared) -> Paged {
    let status = site.actions.status().await?;
    Ok(Page::new("settings", "Settings", &Settings { groups: &site.settings, status }))
}
