//! One deprecation as the outside sees it: a row of the calendar, an answer of the API.
//!
//! In: a matter, the alerts on it, what is used. Out: [`Deprecation`]. Invariant: a floor is never shown as a firm date.
//! Refuses to choose rows: the calendar does.

use crate::engine::{Context, known, usage};
use crate::model::{AlertState, Claim, Deadline, Firmness, MatterState, SourceId, Stage};
use crate::rules::route::{About, users};
use crate::rules::usage::{Book, ServiceUse};
use crate::store::{Standing, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

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

impl Deprecation {
    /// The day to reckon with: the earlier one while sources disagree.
    pub fn soonest(&self) -> Option<Date> {
        self.remind_on.or(self.shutdown_on).or(self.earliest_shutdown_on)
    }
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

/// What a matter is seen through: who uses what, today.
pub struct Lens<'c> {
    pub(super) cx: &'c Context,
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

    /// Whether anybody of ours uses it.
    pub fn is_used(&self, m: &MatterState) -> bool {
        let seen = || self.book.users_of(&self.cx.directory, &m.subjects, self.cx.clock.now());
        !concerned(self.cx, m).1.is_empty() || seen().iter().any(|u| u.declared.is_none() && !u.mention)
    }

    /// A matter as the outside sees it, with where the alerts on it stand.
    pub fn deprecation(&self, m: &MatterState, alerts: &[Standing]) -> Deprecation {
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

/// Where it stands, in the words of the calendar's last column.
pub(super) fn state(m: &MatterState, alerts: &[Standing]) -> String {
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
