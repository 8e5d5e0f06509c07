//! One deprecation with all that is known: claims side by side, how its date moved, who uses it, who was told.
//!
//! In: an id, today. Out: [`Shown`]. Invariant: nothing is left out because another source outranks it. Refuses to guess
//! which id was meant: ids are exact, and those like it are named.

use super::calendar::{Deprecation, Lens};
use super::{Context, known};
use crate::model::{Alert, Change, EventId, MatterId, SourceId};
use crate::store::{AuditFilter, AuditRow, EventFilter, StoreError, ToldRow};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

/// Most events shown.
const HISTORY: usize = 500;

/// A deprecation with its past.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// As in the calendar.
    #[serde(flatten)]
    pub deprecation: Deprecation,
    /// What happened, oldest first.
    pub history: Vec<Happened>,
    /// Who was told, oldest first.
    pub told: Vec<ToldRow>,
    /// The alerts on it, one for each owner, with their answers.
    pub alerts: Vec<Alert>,
    /// What was done about it, oldest first.
    pub done: Vec<AuditRow>,
    /// The same thing elsewhere: other regions, deployments, accounts.
    pub related: Vec<MatterId>,
}

/// An event of its past.
#[derive(Debug, Clone, Serialize)]
pub struct Happened {
    /// Its number.
    pub event: EventId,
    /// When we heard of it.
    pub at: Timestamp,
    /// What changed.
    pub change: Option<Change>,
    /// The date before.
    pub from: Option<Date>,
    /// The date after.
    pub to: Option<Date>,
    /// Who said so.
    pub source: SourceId,
}

/// Shows one; none if nobody has announced it.
///
/// # Errors
/// The store's.
pub async fn show(cx: &Context, id: &MatterId, today: Date) -> Result<Option<Shown>, StoreError> {
    let Some(m) = known::deprecation(cx, id).await? else { return Ok(None) };
    let alerts = cx.store.alerts_on(vec![m.id.clone()]).await?;
    let answered = cx.store.answers_on(vec![m.id.clone()]).await?.pop().unwrap_or_default();
    let filter = EventFilter { matter: Some(m.id.to_string()), limit: HISTORY, ..EventFilter::default() };
    let mut history: Vec<Happened> = cx
        .store
        .events(filter)
        .await?
        .into_iter()
        .map(|(e, _)| Happened {
            event: e.id,
            at: e.event.received_at,
            change: e.event.change,
            from: e.event.moved_from.map(|d| d.date),
            to: e.event.deadline.map(|d| d.date),
            source: e.event.source,
        })
        .collect();
    history.reverse();
    let related = known::related(cx, &m).await?;
    Ok(Some(Shown {
        deprecation: Lens::new(cx, today).await?.deprecation(&m, &answered),
        history,
        done: done(cx, id).await?,
        told: cx.store.told_of(m.id.clone()).await?,
        related,
        alerts,
    }))
}

/// What the audit says of a matter, oldest first.
pub(super) async fn done(cx: &Context, id: &MatterId) -> Result<Vec<AuditRow>, StoreError> {
    let filter = AuditFilter { subject: Some(id.to_string()), limit: HISTORY, ..AuditFilter::default() };
    let mut rows = cx.store.audit(filter).await?;
    rows.reverse();
    Ok(rows)
}
