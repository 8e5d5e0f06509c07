//! What moved? Everything any provider changed or suffered in a window, with evidence.
//!
//! In: a window, perhaps a provider. Out: [`Between`]: incidents and maintenance that overlap it with their timelines,
//! what changed, what ended, and what could not be read meanwhile. Invariant: an incident that began before the window or
//! is not over belongs to it; what we could not read is named, so that silence is not taken for calm. Refuses to shorten
//! without saying so.

mod markdown;

pub use markdown::markdown;

use super::Context;
use super::calendar::{self, Deprecation};
use super::heard::{Heard, heard, with_quote};
use super::listing::{Episode, episode};
use super::same::Likeness;
use crate::model::moment::minutes;
use crate::model::{Kind, MatterState, Stage, Window};
use crate::store::{EventFilter, StoreError};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;

/// Most events of a window.
const MOST: usize = 5_000;
/// Most events of one incident.
const TIMELINE: usize = 200;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The beginning of the window.
    pub from: Timestamp,
    /// Its end, which is no part of it.
    pub to: Timestamp,
    /// Only of this provider.
    pub provider: Option<String>,
}

/// What moved in a window.
#[derive(Debug, Clone, Serialize)]
pub struct Between {
    /// The beginning of the window.
    pub from: Timestamp,
    /// Its end, which is no part of it.
    pub to: Timestamp,
    /// Only of this provider.
    pub provider: Option<String>,
    /// Incidents that overlap it, by when they began.
    pub incidents: Vec<Suffered>,
    /// Maintenance that overlaps it, by when it began.
    pub maintenance: Vec<Suffered>,
    /// Deprecations, changelogs, billing and account matters that changed in it, oldest first.
    pub moved: Vec<Heard>,
    /// What ended in it.
    pub ended: Vec<Deprecation>,
    /// Sources that could not be read, and when they could again, oldest first.
    pub blind: Vec<Heard>,
    /// How much was read for the first time in it, and is no news.
    pub first_reads: usize,
    /// There was more than fits.
    pub more: bool,
}

/// An incident or maintenance, with what was said of it.
#[derive(Debug, Clone, Serialize)]
pub struct Suffered {
    /// As in the lists.
    #[serde(flatten)]
    pub episode: Episode,
    /// When it was over, by the provider's word.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in minutes; so far, if it is not over.
    pub minutes: i64,
    /// What was said, oldest first.
    pub timeline: Vec<Heard>,
}

/// What moved.
///
/// # Errors
/// The store's.
pub async fn between(cx: &Context, asked: Asked) -> Result<Between, StoreError> {
    let Asked { from, to, provider } = asked;
    let now = cx.clock.now();
    let filter = EventFilter {
        provider: provider.clone(),
        since: Some(from),
        until: Some(to),
        limit: MOST,
        ..EventFilter::default()
    };
    let mut all = heard(cx, filter).await?;
    all.news.reverse();
    let (mut moved, mut blind) = (Vec::new(), Vec::new());
    for h in all.news {
        match h.event.event.kind {
            Kind::Source => blind.push(h),
            Kind::Deprecation | Kind::Billing | Kind::Account | Kind::Change => moved.push(h),
            Kind::Incident | Kind::Maintenance | Kind::Job | Kind::Unrecognized => {}
        }
    }
    let is_it = |p: &str| provider.as_ref().is_none_or(|x| x == p);
    let day = |t: Timestamp| t.to_zoned_datetime(TimeZone::UTC).date();
    let last = day(to.saturating_sub(SignedDuration::from_millis(1)).unwrap_or(to)).max(day(from));
    let mut ended = calendar::all(cx, day(now)).await?;
    ended.retain(|d| {
        let on = d.shutdown_on.filter(|_| d.stage != Stage::Withdrawn);
        is_it(&d.provider) && on.is_some_and(|on| on >= day(from) && on <= last.min(day(now)))
    });
    let (mut incidents, mut maintenance) = (Vec::new(), Vec::new());
    for (kind, list) in [(Kind::Incident, &mut incidents), (Kind::Maintenance, &mut maintenance)] {
        let matters = cx.store.matters_of(kind).await?;
        let same = Likeness::among(&matters, now);
        for m in &matters {
            let (began, over) = lasted(m);
            if is_it(m.provider.as_str()) && began < to && over.is_none_or(|t| t >= from) {
                list.push(suffered(cx, m, &same, now).await?);
            }
        }
        list.sort_by(|a, b| (a.episode.opened_at, &a.episode.id).cmp(&(b.episode.opened_at, &b.episode.id)));
    }
    Ok(Between {
        from,
        to,
        provider,
        incidents,
        maintenance,
        moved,
        ended,
        blind,
        first_reads: all.first_reads,
        more: all.more,
    })
}

/// From when to when it was, by the provider's word. Planned work is where its window is.
fn lasted(m: &MatterState) -> (Timestamp, Option<Timestamp>) {
    let over = (m.stage == Stage::Resolved).then_some(m.latest_at);
    match m.window.filter(|_| m.kind == Kind::Maintenance) {
        Some(Window { from, until }) => (from, until.or(over)),
        None => (m.opened_at, over),
    }
}

async fn suffered(cx: &Context, m: &MatterState, same: &Likeness, now: Timestamp) -> Result<Suffered, StoreError> {
    let filter = EventFilter { matter: Some(m.id.to_string()), limit: TIMELINE, ..EventFilter::default() };
    let said = cx.store.events(filter).await?;
    let mut timeline: Vec<Heard> = said.into_iter().map(|(e, routing)| with_quote(e, routing, Some(m))).collect();
    timeline.sort_by_key(|h| (h.event.event.occurred_at, h.event.id));
    let (began, ended_at) = lasted(m);
    Ok(Suffered {
        episode: Episode { possibly_same: same.of(&m.id).to_vec(), ..episode(cx, m) },
        ended_at,
        minutes: minutes(began, ended_at.unwrap_or(now)),
        timeline,
    })
}
