//! The calendar: what ends when, whose it is, and where it stands.
//!
//! In: deprecation matters, the directory, alerts, today. Out: rows for tables, JSON and pages. Invariant: who uses a
//! thing is asked of the directory now, so it is never stale; unknown usage is `None`, not "unused". Refuses to draw:
//! iCalendar and CSV are written by the files below.

mod csv;
mod feed;
mod filter;
mod ical;
mod row;

pub use csv::csv;
pub use filter::Filter;
pub use row::{ClaimView, Deprecation, Lens, concerned};

use super::{Context, known};
use crate::model::{Kind, MatterId, MatterState, Stage};
use crate::store::{DatedFilter, StoreError};
use futures_util::future::try_join_all;
use jiff::tz::Offset;
use jiff::{ToSpan, civil::Date};
use std::sync::Arc;

/// Which rows.
#[derive(Debug, Clone)]
pub struct Window {
    /// Ends within so many days from today.
    pub within_days: i32,
    /// Ended at most so many days ago.
    pub past_days: i32,
    /// Of this provider.
    pub provider: Option<String>,
    /// Of this owner.
    pub owner: Option<String>,
    /// Only what a service of ours uses.
    pub used_only: bool,
}

/// The rows of a window, soonest first, and how many more there are that no service uses.
///
/// # Errors
/// The store's.
pub async fn upcoming(cx: &Context, window: &Window, today: Date) -> Result<(Vec<Deprecation>, usize), StoreError> {
    let (mut rows, mut hidden) = (Vec::new(), 0);
    let from = today.saturating_sub(window.past_days.days());
    let until = today.saturating_add(window.within_days.days());
    let mut all = known::dated(cx, DatedFilter::of(from, until, window.provider.clone())).await?;
    all.append(&mut cx.store.undated().await?);
    let all = self::rows(cx, &all, today).await?;
    for d in all {
        let soonest = d.soonest().and_then(|s| today.until(s).ok()).map(|s| s.get_days());
        // What a person should look at has no date for the very reason that makes it worth a look.
        let in_time = match soonest {
            Some(left) => left <= window.within_days && left >= -window.past_days,
            None => d.review.is_some() && d.stage == Stage::Announced,
        };
        let wanted = window.provider.as_ref().is_none_or(|p| *p == d.provider)
            && window.owner.as_ref().is_none_or(|o| d.owners.contains(o));
        if !in_time || !wanted || d.stage == Stage::Withdrawn {
            continue;
        }
        if window.used_only && d.used == Some(false) {
            hidden += 1;
        } else {
            rows.push(d);
        }
    }
    rows.sort_by_key(|d| (d.soonest().is_none(), d.soonest(), d.id.clone()));
    Ok((rows, hidden))
}

/// What ends from one day to another, both counted, soonest first; costs what it finds, not what is known.
///
/// # Errors
/// The store's.
pub async fn between(cx: &Context, from: Date, until: Date, today: Date) -> Result<Vec<Deprecation>, StoreError> {
    rows(cx, &known::dated(cx, DatedFilter::of(from, until, None)).await?, today).await
}

/// Of what ends from one day to another, both counted, that which we use, soonest first.
///
/// # Errors
/// The store's.
pub async fn used(cx: &Context, from: Date, until: Date, today: Date) -> Result<Vec<Deprecation>, StoreError> {
    let lens = Lens::new(cx, today).await?;
    let mut found = known::dated(cx, DatedFilter::of(from, until, None)).await?;
    found.retain(|m| lens.is_used(m));
    seen(&lens, &found).await
}

/// Which deprecations, of which days.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// From this day on, and to this one; none for all, those without a day last.
    pub days: Option<(Date, Date)>,
    /// Of this provider.
    pub provider: Option<&'a str>,
    /// After this one.
    pub after: Option<&'a MatterState>,
    /// At most so many.
    pub limit: usize,
}

/// A part of all that fits, soonest first, and whether there is more; costs what it looks at until it has enough.
///
/// # Errors
/// The store's.
pub async fn part(
    cx: &Context,
    part: Part<'_>,
    today: Date,
    fits: impl Fn(&Deprecation) -> bool,
) -> Result<(Vec<Deprecation>, bool), StoreError> {
    let (from, until) = part.days.unwrap_or((Date::ZERO, Date::MAX));
    let limit = part.limit.saturating_add(1).max(64);
    let mut at = part.after.map_or(At::Dated(None), At::behind);
    let mut out = Vec::new();
    // What only the snapshot knows is merged in where it belongs.
    let place = |m: &MatterState| (m.remind_by().is_none(), m.remind_by().map(|d| d.date), m.id.clone());
    let fits_days = |m: &MatterState| {
        part.days.is_none_or(|(from, until)| m.remind_by().is_some_and(|d| d.date >= from && d.date <= until))
            && part.provider.is_none_or(|p| p == m.provider.as_str())
            && part.after.is_none_or(|after| place(m) > place(after))
    };
    let mut more = known::with_snapshot(cx, Vec::new(), fits_days).await?;
    more.sort_by_cached_key(|m| std::cmp::Reverse(place(m)));
    loop {
        let mut found = match at.clone() {
            At::Dated(after) => {
                let provider = part.provider.map(str::to_owned);
                cx.store.dated(DatedFilter { from, until, provider, after, limit }).await?
            }
            At::Undated(after) => cx.store.without_date(after, limit).await?,
        };
        let last = found.last().filter(|_| found.len() >= limit).cloned();
        let next = match (&last, &at) {
            (Some(m), _) => Some(At::behind(m)),
            (None, At::Dated(_)) if part.days.is_none() => Some(At::Undated(None)),
            (None, At::Dated(_) | At::Undated(_)) => None,
        };
        // Those up to the last of this part; at the end of the dated ones, all that are dated.
        let belongs = |m: &MatterState| match (&last, &next) {
            (Some(last), _) => place(m) < place(last),
            (None, Some(_)) => m.remind_by().is_some(),
            (None, None) => true,
        };
        while let Some(m) = more.pop_if(|m| belongs(m)) {
            found.push(m);
        }
        found.sort_by_cached_key(|m| place(m));
        out.extend(rows(cx, &found, today).await?.into_iter().filter(|d| fits(d)));
        if out.len() > part.limit {
            out.truncate(part.limit);
            return Ok((out, true));
        }
        at = match next {
            Some(next) => next,
            None => return Ok((out, false)),
        };
    }
}

/// Where a list of deprecations goes on.
#[derive(Clone)]
enum At {
    Dated(Option<(Date, MatterId)>),
    Undated(Option<MatterId>),
}

impl At {
    fn behind(m: &MatterState) -> Self {
        match m.remind_by() {
            Some(d) => At::Dated(Some((d.date, m.id.clone()))),
            None => At::Undated(Some(m.id.clone())),
        }
    }
}

/// These matters with the alerts on them.
///
/// # Errors
/// The store's.
pub async fn rows(cx: &Context, matters: &[Arc<MatterState>], today: Date) -> Result<Vec<Deprecation>, StoreError> {
    seen(&Lens::new(cx, today).await?, matters).await
}

async fn seen(lens: &Lens<'_>, matters: &[Arc<MatterState>]) -> Result<Vec<Deprecation>, StoreError> {
    let answers = lens.cx.store.answers_on(matters.iter().map(|m| m.id.clone()).collect()).await?;
    Ok(matters.iter().zip(&answers).map(|(m, said)| lens.deprecation(m, said)).collect())
}

/// Every deprecation: soonest first, those without a date last.
///
/// # Errors
/// The store's.
pub async fn all(cx: &Context, today: Date) -> Result<Vec<Deprecation>, StoreError> {
    let mut rows = rows(cx, &known::deprecations(cx).await?, today).await?;
    rows.sort_by(|a, b| (a.days_left.is_none(), a.days_left, &a.id).cmp(&(b.days_left.is_none(), b.days_left, &b.id)));
    Ok(rows)
}

/// A matter with those it concerns, for a calendar.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What ends, or is worked on.
    pub matter: Arc<MatterState>,
    /// Services that use it.
    pub services: Vec<String>,
    /// Their owners.
    pub owners: Vec<String>,
    /// What people said.
    pub state: String,
}

/// Calendar days around a day.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Today, in UTC.
    pub today: Date,
    /// So many days on.
    pub within_days: i32,
    /// So many days back.
    pub past_days: i32,
}

/// Least events that are worth a task of their own, and most tasks.
const PART: usize = 500;
const PARTS: usize = 4;

/// The part of the calendar that a filter names, as iCalendar. `source` is where it can be had again. Long ones are written
/// beside what the runtime does, in several parts at once.
///
/// # Errors
/// The store's.
pub async fn icalendar(cx: &Context, filter: &Filter, span: Span, source: Option<&str>) -> Result<String, StoreError> {
    let (from, until) =
        (span.today.saturating_sub(span.past_days.days()), span.today.saturating_add(span.within_days.days()));
    let wants = |kind| filter.kind.is_none_or(|k| k == kind);
    let mut matters = Vec::new();
    if wants(Kind::Deprecation) {
        matters = known::dated(cx, DatedFilter::of(from, until, filter.provider.clone())).await?;
    }
    if wants(Kind::Maintenance) {
        let all = cx.store.matters_of(Kind::Maintenance).await?;
        matters.extend(all.into_iter().filter(|m| filter.provider.as_ref().is_none_or(|p| *p == m.provider.as_str())));
    }
    let mut by_day: Vec<(Date, Arc<MatterState>)> =
        matters.into_iter().filter_map(|m| Some((day_of(&m).filter(|d| (from..=until).contains(d))?, m))).collect();
    by_day.sort_by(|(a, x), (b, y)| (a, &x.id).cmp(&(b, &y.id)));
    let parts = by_day.chunks(by_day.len().div_ceil(PARTS).max(PART));
    let parts = parts.map(|p| written(cx, filter, p.iter().map(|(_, m)| m.clone()).collect()));
    Ok(feed::calendar(filter, source, &try_join_all(parts).await?))
}

/// The events of these, where the filter wants them.
async fn written(cx: &Context, filter: &Filter, matters: Vec<Arc<MatterState>>) -> Result<String, StoreError> {
    let (all, wanted) = (cx.clone(), filter.clone());
    let mut entries = aside(move || {
        let entry = |matter: Arc<MatterState>| {
            let (services, owners) = concerned(&all, &matter);
            let fits =
                wanted.owner.as_ref().is_none_or(|o| owners.contains(o)) && !(wanted.used && services.is_empty());
            fits.then_some(Entry { matter, services, owners, state: String::new() })
        };
        matters.into_iter().filter_map(entry).collect::<Vec<_>>()
    })
    .await?;
    let answers = cx.store.answers_on(entries.iter().map(|e| e.matter.id.clone()).collect()).await?;
    let wanted = filter.clone();
    aside(move || {
        for (e, said) in entries.iter_mut().zip(&answers) {
            e.state = row::state(&e.matter, said);
        }
        feed::events(&entries, &wanted)
    })
    .await
}

/// Runs what takes long where it holds up nothing.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| StoreError::Unavailable("writing a calendar panicked; see the log".into()))
}

/// The day a matter stands under.
fn day_of(m: &MatterState) -> Option<Date> {
    let utc = |t: jiff::Timestamp| Offset::UTC.to_datetime(t).date();
    match m.kind {
        Kind::Maintenance => Some(utc(m.window.map_or(m.opened_at, |w| w.from))),
        Kind::Deprecation
        | Kind::Incident
        | Kind::Billing
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Source
        | Kind::Unrecognized => m.deadline.as_ref().map(|d| d.date),
    }
}
