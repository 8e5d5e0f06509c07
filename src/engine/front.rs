//! Now and next: what is broken, what of ours ends, who has not answered, what cannot be read.
//!
//! In: the store, the directory, how sources are. Out: one [`Front`]. Invariant: what it costs follows from what it shows;
//! "could not read" is told beside what is known, so that an empty list is never taken for "all clear". Refuses to guess
//! usage: where no service says what it uses, everything is shown and said to be so.

mod asked;

pub use asked::{Answer, Asked, Ending, Waiting};

use super::calendar::concerned;
use super::listing::{Episode, episode};
use super::poll::Target;
use super::status::as_of;
use super::{Context, known};
use crate::model::{Kind, Stage};
use crate::rules::directory::OPERATORS;
use crate::store::{DatedFilter, DeadLetter, SourceHealth, SourceRow, StoreError};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde::Serialize;
use std::collections::BTreeMap;

/// How far it looks.
pub const AHEAD: i32 = 90;
/// What ended so lately still stands there.
const BACK: i32 = 7;
/// Most rows of each list; more are counted.
const MOST: usize = 200;
/// Most matters looked at.
const LOOKED_AT: usize = 20_000;
/// Most dead letters shown.
const DEAD: usize = 20;

/// The first page.
#[derive(Debug, Clone, Serialize)]
pub struct Front {
    /// Its day, in UTC.
    pub today: Date,
    /// Whether any service says what it uses.
    pub usage_known: bool,
    /// Incidents that go on, ours first, the worst first.
    pub broken: Vec<Broken>,
    /// Incidents that go on and touch nothing of ours: counted.
    pub broken_elsewhere: usize,
    /// Money, keys, limits: what goes on at our own accounts.
    pub account: Vec<Episode>,
    /// Work planned or going on that touches ours, soonest first.
    pub planned: Vec<Episode>,
    /// What of ours ends, soonest first; all that ends where usage is not known.
    pub ending: Vec<Ending>,
    /// More of it than is shown.
    pub ending_more: usize,
    /// Days on which something ends that nobody of ours uses.
    pub others: Vec<Date>,
    /// Alerts nobody has answered.
    pub unanswered: u64,
    /// Whose they are, and the most urgent of each.
    pub asked: Vec<Asked>,
    /// Sources that cannot be read now.
    pub blind: Vec<Blind>,
    /// Sources that are polled.
    pub sources: usize,
    /// Sources read within a day.
    pub read_today: usize,
    /// Messages that could not be delivered.
    pub dead: Vec<DeadLetter>,
}

/// An incident that goes on.
#[derive(Debug, Clone, Serialize)]
pub struct Broken {
    /// The incident.
    #[serde(flatten)]
    pub episode: Episode,
    /// Whether a service of ours uses what it touches.
    pub ours: bool,
    /// Since when, in minutes.
    pub minutes: i64,
}

/// A source that cannot be read.
#[derive(Debug, Clone, Serialize)]
pub struct Blind {
    /// The source.
    #[serde(flatten)]
    pub row: SourceRow,
    /// Services that use its provider.
    pub services: Vec<String>,
}

/// Looks.
///
/// # Errors
/// The store's.
pub async fn front(cx: &Context, targets: &[Target], today: Date) -> Result<Front, StoreError> {
    let now = cx.clock.now();
    let (broken, broken_elsewhere) = broken(cx, now).await?;
    let mut account: Vec<Episode> = Vec::new();
    for kind in [Kind::Billing, Kind::Account] {
        account.extend(cx.store.open(kind, MOST).await?.iter().map(|m| episode(cx, m)));
    }
    account.sort_by(|a, b| (b.severity, b.opened_at, &a.id).cmp(&(a.severity, a.opened_at, &b.id)));
    let (ending, ending_more, others) = ending(cx, today).await?;
    let asked = asked::asked(cx, today).await?;
    let (blind, read_today) = sources(cx, targets, now).await?;
    Ok(Front {
        today,
        usage_known: cx.directory.usage_known(),
        broken,
        broken_elsewhere,
        account,
        planned: planned(cx, now).await?,
        ending,
        ending_more,
        others,
        unanswered: asked.iter().map(|a| a.count).sum(),
        asked,
        blind,
        sources: targets.len(),
        read_today,
        dead: cx.store.dead(DEAD).await?,
    })
}

/// Whether it concerns us: by use, or because it is about an account of ours.
fn is_ours(cx: &Context, e: &Episode) -> bool {
    !e.services.is_empty() || e.connection.is_some() || !cx.directory.usage_known()
}

async fn broken(cx: &Context, now: Timestamp) -> Result<(Vec<Broken>, usize), StoreError> {
    let mut all: Vec<Broken> = cx
        .store
        .open(Kind::Incident, LOOKED_AT)
        .await?
        .iter()
        .map(|m| {
            let episode = episode(cx, m);
            let minutes = now.duration_since(episode.opened_at).as_secs().max(0) / 60;
            Broken { ours: is_ours(cx, &episode), minutes, episode }
        })
        .collect();
    let elsewhere = all.iter().filter(|b| !b.ours).count();
    all.retain(|b| b.ours);
    all.sort_by(|a, b| {
        let (x, y) = (&a.episode, &b.episode);
        (y.severity, y.opened_at, &x.id).cmp(&(x.severity, x.opened_at, &y.id))
    });
    all.truncate(MOST);
    Ok((all, elsewhere))
}

async fn planned(cx: &Context, now: Timestamp) -> Result<Vec<Episode>, StoreError> {
    let soon = now.checked_add(7 * 24.hours()).unwrap_or(now);
    let mut all: Vec<Episode> =
        cx.store.open(Kind::Maintenance, LOOKED_AT).await?.iter().map(|m| episode(cx, m)).collect();
    all.retain(|e| is_ours(cx, e) && e.window.is_none_or(|w| w.from <= soon && w.until.is_none_or(|u| u >= now)));
    all.sort_by_key(|e| (e.window.map_or(e.opened_at, |w| w.from), e.id.clone()));
    all.truncate(MOST);
    Ok(all)
}

async fn ending(cx: &Context, today: Date) -> Result<(Vec<Ending>, usize, Vec<Date>), StoreError> {
    let (from, until) = (today.saturating_sub(BACK.days()), today.saturating_add(AHEAD.days()));
    let window = DatedFilter { limit: LOOKED_AT, ..DatedFilter::of(from, until, None) };
    let mut found = known::dated(cx, window).await?;
    found.sort_by_cached_key(|m| (m.remind_by().map(|d| d.date), m.id.clone()));
    let usage_known = cx.directory.usage_known();
    let (mut ours, mut others) = (Vec::new(), Vec::new());
    for m in found.iter().filter(|m| m.stage != Stage::Withdrawn) {
        let is_ours = !usage_known || !concerned(cx, m).1.is_empty();
        match m.remind_by() {
            Some(d) if !is_ours && d.date >= today => others.push(d.date),
            Some(d) if is_ours && (d.date >= today || m.stage == Stage::Announced) => ours.push(m.clone()),
            Some(_) | None => {}
        }
    }
    let more = ours.len().saturating_sub(MOST);
    ours.truncate(MOST);
    Ok((asked::endings(cx, &ours, today).await?, more, others))
}

/// Which sources cannot be read, what blinds ours first; how many were read within a day.
pub(super) async fn sources(
    cx: &Context,
    targets: &[Target],
    now: Timestamp,
) -> Result<(Vec<Blind>, usize), StoreError> {
    let known = cx.store.sources().await?;
    let known: BTreeMap<&str, &SourceRow> = known.iter().map(|r| (r.id.as_str(), r)).collect();
    let (mut blind, mut read_today) = (Vec::new(), 0);
    for t in targets {
        let row = known.get(t.id.as_str()).map_or_else(|| SourceRow::new(t.id.clone(), now), |r| (*r).clone());
        let row = as_of(row, t.every.about(), now);
        if row.last_ok_at.is_some_and(|at| now.duration_since(at).as_hours() < 24) {
            read_today += 1;
        }
        if row.health != SourceHealth::Fresh {
            let uses = |s: &&crate::rules::directory::Service| {
                s.uses.iter().any(|u| crate::model::text::glob(u.provider(), row.id.provider()))
            };
            let services = cx.directory.services().filter(uses).map(|s| s.name.clone()).collect();
            blind.push(Blind { row, services });
        }
    }
    // What blinds ours stands first.
    blind.sort_by_key(|b| (b.services.is_empty(), b.row.id.clone()));
    Ok((blind, read_today))
}

/// Whether forewarn's own troubles could not be told to those who run it.
pub fn is_unheard(front: &Front) -> bool {
    front.dead.iter().any(|d| d.contact.0.split('/').next() == Some(OPERATORS))
}
