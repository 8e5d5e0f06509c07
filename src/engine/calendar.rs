//! The calendar: what ends when, whose it is, and where it stands.
//!
//! In: deprecation matters, the directory, alerts, today. Out: rows for tables, JSON and pages. Invariant: who uses a
//! thing is asked of the directory now, so it is never stale; unknown usage is `None`, not "unused". Refuses to draw:
//! iCalendar and CSV are written by the files below.

mod csv;
mod feed;
mod filter;
mod ical;

pub use csv::csv;
pub use feed::ics;
pub use filter::Filter;

use super::{Context, known, usage};
use crate::model::{Alert, AlertState, Claim, Deadline, Firmness, Kind, MatterId, MatterState, SourceId, Stage};
use crate::rules::route::{About, users};
use crate::rules::usage::{Book, ServiceUse};
use crate::store::{AlertFilter, DatedFilter, StoreError};
use jiff::tz::TimeZone;
use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use std::collections::BTreeMap;

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

/// A deprecation as the outside sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Deprecation {
    /// Its id.
    pub id: String,
    /// Whose.
    pub provider: String,
    /// What.
    pub subject: Option<crate::model::Subject>,
    /// Where it stands.
    pub stage: Stage,
    /// When it was announced.
    pub announced_on: Option<Date>,
    /// When it ends, if that is promised.
    pub shutdown_on: Option<Date>,
    /// When it ends at the earliest, if only that is known.
    pub earliest_shutdown_on: Option<Date>,
    /// How exactly.
    pub precision: Option<crate::model::Precision>,
    /// The day reminders count to, when it is an earlier one because sources disagree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remind_on: Option<Date>,
    /// What answers calls already, before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirected_to: Option<String>,
    /// What answers calls from its end on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirects_to: Option<String>,
    /// What is said of the price, in the provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Why a person should look: what could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Days from today; negative once passed.
    pub days_left: Option<i32>,
    /// What to use instead.
    pub replacements: Vec<String>,
    /// Who owns what uses it.
    pub owners: Vec<String>,
    /// What uses it.
    pub services: Vec<String>,
    /// Who uses it, how much, and where declared and seen use disagree.
    pub usage: Vec<ServiceUse>,
    /// Whether we use it; null when nothing says what we use.
    pub used: Option<bool>,
    /// Two sources differ by more than 7 days.
    pub conflict: bool,
    /// What each source says.
    pub claims: Vec<ClaimView>,
    /// Where to read about it.
    pub url: Option<String>,
    /// The day on which it was read, where it is only known from the snapshot in the binary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_on: Option<Date>,
    /// What people said, `waiting` or `plan 2027-01-10 (Mei)`.
    pub state: String,
    /// The deadline itself, for showing.
    #[serde(skip)]
    pub deadline: Option<Deadline>,
}

/// A claim as the outside sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ClaimView {
    /// Who says it.
    pub source: SourceId,
    /// Where.
    pub url: Option<String>,
    /// In which words.
    pub text: String,
    /// Which date.
    pub date: Option<Date>,
    /// How firm.
    pub firmness: Option<Firmness>,
    /// When it was read.
    pub read_at: jiff::Timestamp,
    /// How much it counts.
    pub rank: crate::model::Rank,
    /// It says that this has ended.
    pub ended: bool,
    /// It says that this does not end.
    pub withdrawn: bool,
    /// Another date, read once and not confirmed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<Date>,
    /// How often it gave another date once and took it back.
    pub flips: u32,
    /// What of it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
}

/// The rows of a window, soonest first, and how many more there are that no service uses.
///
/// # Errors
/// The store's.
pub async fn upcoming(cx: &Context, window: &Window, today: Date) -> Result<(Vec<Deprecation>, usize), StoreError> {
    let (mut rows, mut hidden) = (Vec::new(), 0);
    let from = today.saturating_sub(window.past_days.days());
    let mut all = between(cx, from, today.saturating_add(window.within_days.days()), today).await?;
    all.append(&mut self::rows(cx, &cx.store.undated().await?, today).await?);
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
    let filter = DatedFilter { kind: Kind::Deprecation, from, until, provider: None, after: None, limit: usize::MAX };
    let stored = cx.store.dated(filter).await?;
    let in_time = |m: &MatterState| m.deadline.as_ref().is_some_and(|d| d.date >= from && d.date <= until);
    rows(cx, &known::with_snapshot(cx, stored, in_time).await?, today).await
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
                cx.store.dated(DatedFilter { kind: Kind::Deprecation, from, until, provider, after, limit }).await?
            }
            At::Undated(after) => cx.store.without_date(Kind::Deprecation, after, limit).await?,
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
        found.sort_by_cached_key(place);
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
pub async fn rows(cx: &Context, matters: &[MatterState], today: Date) -> Result<Vec<Deprecation>, StoreError> {
    let alerts = cx.store.alerts_on(matters.iter().map(|m| m.id.clone()).collect()).await?;
    let mut on: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for a in &alerts {
        on.entry(a.matter.as_str()).or_default().push(a);
    }
    let of = |m: &MatterState| on.get(m.id.as_str()).map_or(&[][..], Vec::as_slice);
    let lens = Lens::new(cx, today).await?;
    Ok(matters.iter().map(|m| lens.deprecation(m, of(m))).collect())
}

impl Deprecation {
    /// The day to reckon with: the earlier one while sources disagree.
    pub fn soonest(&self) -> Option<Date> {
        self.remind_on.or(self.shutdown_on).or(self.earliest_shutdown_on)
    }
}

/// Every deprecation: soonest first, those without a date last.
///
/// # Errors
/// The store's.
pub async fn all(cx: &Context, today: Date) -> Result<Vec<Deprecation>, StoreError> {
    let matters = known::deprecations(cx).await?;
    let alerts = cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    let by_matter = by_matter(&alerts);
    let of = |m: &MatterState| by_matter.get(m.id.as_str()).map_or(&[][..], Vec::as_slice);
    let lens = Lens::new(cx, today).await?;
    let mut rows: Vec<Deprecation> = matters.iter().map(|m| lens.deprecation(m, of(m))).collect();
    rows.sort_by(|a, b| (a.days_left.is_none(), a.days_left, &a.id).cmp(&(b.days_left.is_none(), b.days_left, &b.id)));
    Ok(rows)
}

/// A matter with those it concerns, for a calendar.
#[derive(Debug, Clone)]
pub struct Entry<'m> {
    /// What ends, or is worked on.
    pub matter: &'m MatterState,
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

/// The part of the calendar that a filter names, as iCalendar. `source` is where it can be had again.
///
/// # Errors
/// The store's.
pub async fn icalendar(cx: &Context, filter: &Filter, span: Span, source: Option<&str>) -> Result<String, StoreError> {
    let (from, until) =
        (span.today.saturating_sub(span.past_days.days()), span.today.saturating_add(span.within_days.days()));
    let wants = |kind| filter.kind.is_none_or(|k| k == kind);
    let mut matters = Vec::new();
    if wants(Kind::Deprecation) {
        let provider = filter.provider.clone();
        let all = DatedFilter { kind: Kind::Deprecation, from, until, provider, after: None, limit: usize::MAX };
        let in_time = |m: &MatterState| m.deadline.as_ref().is_some_and(|d| d.date >= from && d.date <= until);
        matters = known::with_snapshot(cx, cx.store.dated(all).await?, in_time).await?;
    }
    if wants(Kind::Maintenance) {
        matters.append(&mut cx.store.matters_of(Kind::Maintenance).await?);
    }
    let alerts = cx.store.alerts_on(matters.iter().map(|m| m.id.clone()).collect()).await?;
    let mut on: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for a in &alerts {
        on.entry(a.matter.as_str()).or_default().push(a);
    }
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for m in &matters {
        let (Some(day), true) = (day_of(m), filter.provider.as_ref().is_none_or(|p| *p == m.provider.as_str())) else {
            continue;
        };
        let away = span.today.until(day).map_or(i32::MAX, |s| s.get_days());
        if away > span.within_days || away < -span.past_days {
            continue;
        }
        let (services, owners) = concerned(cx, m);
        if filter.owner.as_ref().is_some_and(|o| !owners.contains(o)) || (filter.used && services.is_empty()) {
            continue;
        }
        let state = state(m, on.get(m.id.as_str()).map_or(&[], Vec::as_slice));
        entries.push(Entry { matter: m, services, owners, state });
    }
    entries.sort_by(|a, b| (day_of(a.matter), &a.matter.id).cmp(&(day_of(b.matter), &b.matter.id)));
    Ok(ics(&entries, filter, source))
}

/// The day a matter stands under.
fn day_of(m: &MatterState) -> Option<Date> {
    let utc = |t: jiff::Timestamp| t.to_zoned_datetime(TimeZone::UTC).date();
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

/// Services that use what a matter is about, and their owners.
pub fn concerned(cx: &Context, m: &MatterState) -> (Vec<String>, Vec<String>) {
    let by = users(&cx.directory, About::matter(m));
    let private = cx.directory.private(&m.id);
    let users = by.iter().filter(|_| !private.is_some_and(|p| p.is_named_for_its_owner()));
    let mut owners: Vec<String> = users.map(|s| s.owner.clone()).chain(private.and_then(|p| p.owner.clone())).collect();
    owners.sort();
    owners.dedup();
    (by.iter().map(|s| s.name.clone()).collect(), owners)
}

fn by_matter(alerts: &[(Alert, MatterState)]) -> BTreeMap<&str, Vec<&Alert>> {
    let mut out: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    for (a, _) in alerts {
        out.entry(a.matter.as_str()).or_default().push(a);
    }
    out
}

/// What a matter is seen through: who uses what, today.
pub struct Lens<'c> {
    cx: &'c Context,
    book: Book,
    today: Date,
}

impl<'c> Lens<'c> {
    /// Reads what is used.
    ///
    /// # Errors
    /// The store's.
    pub async fn new(cx: &'c Context, today: Date) -> Result<Self, StoreError> {
        Ok(Self { cx, book: usage::book(cx, cx.clock.now()).await?, today })
    }

    /// A matter as the outside sees it, with the alerts on it.
    pub fn deprecation(&self, m: &MatterState, alerts: &[&Alert]) -> Deprecation {
        let (cx, today) = (self.cx, self.today);
        let (mut services, mut owners) = concerned(cx, m);
        let usage = self.book.users_of(&cx.directory, &m.subjects, cx.clock.now());
        for u in usage.iter().filter(|u| u.declared.is_none() && !u.mention) {
            services.extend(u.service.clone());
            owners.extend(u.owner.clone());
        }
        services.sort();
        services.dedup();
        owners.sort();
        owners.dedup();
        let seen = usage.iter().any(|u| u.declared.is_none() && !u.mention);
        let known = cx.directory.usage_known() || !self.book.is_empty();
        let d = m.deadline.as_ref();
        let after = m.after();
        let firm = d.filter(|d| d.firmness == Firmness::Firm).map(|d| d.date);
        let snapshot_on = known::is_of_snapshot(m).then(|| m.opened_at.to_zoned_datetime(TimeZone::UTC).date());
        let mut state = state(m, alerts);
        if state.is_empty() && seen && owners.is_empty() {
            state = "UNOWNED".into();
        }
        Deprecation {
            id: m.id.to_string(),
            provider: m.provider.to_string(),
            subject: m.subjects.first().cloned(),
            stage: m.stage,
            announced_on: m.announced_on,
            shutdown_on: firm,
            earliest_shutdown_on: if firm.is_some() { None } else { d.map(|d| d.date) },
            remind_on: m.remind_by().map(|r| r.date).filter(|r| d.is_some_and(|d| *r < d.date)),
            redirects_to: after.redirect,
            price: after.price,
            review: m.review(),
            redirected_to: m.claims.values().find_map(|c| c.redirect.clone()),
            precision: d.map(|d| d.precision),
            days_left: d.map(|d| d.days_left(today)),
            replacements: m.replacements.clone(),
            services,
            usage,
            used: known.then_some(!owners.is_empty() || seen),
            owners,
            conflict: m.in_conflict(),
            claims: m.claims.iter().map(|(s, c)| ClaimView::of(s, c)).collect(),
            url: m.url.clone(),
            snapshot_on,
            state,
            deadline: m.deadline.clone(),
        }
    }
}

impl ClaimView {
    /// The latest word of a source.
    pub fn of(source: &SourceId, c: &Claim) -> Self {
        Self {
            source: source.clone(),
            url: c.url.clone(),
            text: c.text.clone(),
            date: c.deadline.as_ref().map(|d| d.date),
            firmness: c.deadline.as_ref().map(|d| d.firmness),
            read_at: c.read_at,
            rank: c.rank,
            ended: c.ended,
            withdrawn: c.withdrawn,
            pending: c.pending.as_ref().map(|p| p.deadline.date),
            flips: c.flips,
            review: c.review.clone(),
        }
    }
}

fn state(m: &MatterState, alerts: &[&Alert]) -> String {
    if m.in_conflict() {
        let mut others: Vec<&Deadline> = m.claims.values().filter_map(|c| c.deadline.as_ref()).collect();
        others.retain(|d| m.deadline.as_ref().is_none_or(|shown| !shown.same_as(d)));
        others.sort_by_key(|d| d.date);
        others.dedup_by_key(|d| d.date);
        let said: Vec<String> = others.iter().take(3).map(|d| d.in_words()).collect();
        return format!("DISPUTED (or {})", said.join(", or "));
    }
    let answer = alerts.iter().find_map(|a| a.ack.as_ref());
    match answer {
        Some(a) => a.plan_on.map_or_else(|| format!("seen ({})", a.by), |d| format!("plan {d} ({})", a.by)),
        None if m.review().is_some() => "NEEDS REVIEW".into(),
        None if alerts.iter().any(|a| a.state == AlertState::Open) => "waiting".into(),
        None if alerts.is_empty() => String::new(),
        None => "done".into(),
    }
}
