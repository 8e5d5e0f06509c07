//! Is it them? One answer for somebody woken at night, about a provider, a model or a service of ours.
//!
//! In: a scope, the sources and what is heard from them. Out: [`Now`], whose first line is the verdict. Invariant: "they
//! say nothing" needs a status page that was read lately; a source that cannot be read, or that nobody reads, makes it
//! "we cannot read". Refuses to conclude anything from silence.

mod verdict;

pub use verdict::age;

use super::calendar::{self, Deprecation};
use super::heard::{Heard, heard};
use super::listing::{Episode, episode, marked};
use super::poll::{NotPolled, Off, Target};
use super::status::as_of;
use super::{Context, known};
use crate::model::event::words;
use crate::model::moment::minutes;
use crate::model::{Kind, MatterState, Severity, Stage};
use crate::rules::route::About;
use crate::rules::scope::{Known, Scope};
use crate::store::{DatedFilter, EventFilter, SourceHealth, SourceRow, StoreError};
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What counts as lately.
const LATELY: SignedDuration = SignedDuration::from_hours(72);
/// Most changes looked through, and shown.
const LOOKED: usize = 2_000;
const SHOWN: usize = 200;
/// Most incidents that the usual length is taken from.
const COMPARED: usize = 30;
/// What ended so many days ago may be what is missed now.
const JUST_ENDED: i32 = 7;
/// How far ahead ends are shown.
const AHEAD: i32 = 90;

words!(
    /// The answer in a word.
    Verdict {
        /// They say that something is broken, worked on, or has ended.
        TheySaySo = "they_say_so",
        /// Their page was read lately, and says nothing.
        TheySayNothing = "they_say_nothing",
        /// Nobody can say: what would tell us cannot be read, or is not read.
        CannotRead = "cannot_read",
    }
);

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Now {
    /// When it was asked.
    pub at: Timestamp,
    /// What it is about: `openai`, `support-bot`; empty for everything.
    pub about: String,
    /// `provider`, `service`, `subject` or `all`.
    pub scope: &'static str,
    /// The answer in a word.
    pub verdict: Verdict,
    /// The answer in a sentence.
    pub headline: String,
    /// Providers that can touch it.
    pub providers: Vec<String>,
    /// From when on changes are shown.
    pub since: Timestamp,
    /// Incidents that are open, worst first.
    pub incidents: Vec<Episode>,
    /// Incidents that ended lately, newest first.
    pub over: Vec<Episode>,
    /// Maintenance that goes on, or is announced.
    pub maintenance: Vec<Episode>,
    /// Billing and account matters that are open.
    pub billing: Vec<Episode>,
    /// What has just ended, and what ends within 90 days.
    pub ending: Vec<Deprecation>,
    /// What changed lately, newest first.
    pub changes: Vec<Heard>,
    /// What would say so, and how well we hear it.
    pub voices: Vec<Voice>,
    /// Providers without a status page that is read.
    pub unheard: Vec<Unheard>,
    /// The last incident like this that is over.
    pub last: Option<Comparable>,
}

/// A source that would say so.
#[derive(Debug, Clone, Serialize)]
pub struct Voice {
    /// Which.
    pub source: String,
    /// Whether it tells of incidents; the others tell of ends and changes.
    pub tells_incidents: bool,
    /// How it is.
    pub health: SourceHealth,
    /// When it was last read well.
    pub read_at: Option<Timestamp>,
    /// Why, when it is not fresh.
    pub problem: Option<String>,
}

/// A provider whose status nobody reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unheard {
    /// Which.
    pub provider: String,
    /// Why, and what to do.
    pub why: String,
}

/// An incident that is over, to compare with.
#[derive(Debug, Clone, Serialize)]
pub struct Comparable {
    /// It.
    pub incident: Episode,
    /// How long it took, in minutes.
    pub minutes: i64,
    /// How long they usually take: the median, in minutes.
    pub usual_minutes: i64,
    /// Of how many.
    pub of: usize,
}

/// Finds out what a word is about.
///
/// # Errors
/// What is near the word, or the store's.
pub async fn scope(cx: &Context, word: Option<&str>) -> Result<Result<Scope, String>, StoreError> {
    let known = cx.store.matters_of(Kind::Deprecation).await?;
    let subjects = known.iter().flat_map(|m| &m.subjects).map(|s| (s.platform.to_string(), s.id.clone())).collect();
    let providers: BTreeSet<&str> = cx.catalog.iter().map(|p| p.id.as_str()).collect();
    Ok(Scope::find(word, Known { directory: &cx.directory, providers: &providers, subjects: &subjects }))
}

/// Is it them?
///
/// # Errors
/// The store's.
pub async fn now(cx: &Context, scope: &Scope, targets: &[Target], off: &Off) -> Result<Now, StoreError> {
    let at = cx.clock.now();
    // Asked about everything, what nobody wants to be read is no part of it.
    let off = if *scope == Scope::All { Vec::new() } else { off.list(&cx.catalog) };
    let off = off.as_slice();
    let since = at.checked_sub(LATELY).unwrap_or(at);
    let holds = |m: &MatterState| scope.holds(&cx.directory, About::matter(m));
    let of = async |kind: Kind| -> Result<Vec<Arc<MatterState>>, StoreError> {
        Ok(cx.store.matters_of(kind).await?.into_iter().filter(|m| holds(m)).collect())
    };
    let all = of(Kind::Incident).await?;
    let (open, mut past): (Vec<_>, Vec<_>) = all.into_iter().partition(|m| m.stage == Stage::Open);
    past.sort_by(|a, b| (b.latest_at, &b.id).cmp(&(a.latest_at, &a.id)));
    let episodes = |list: &[Arc<MatterState>]| marked(cx, list);
    let mut incidents = episodes(&open);
    incidents.sort_by(|a, b| (b.severity, b.latest_at, &a.id).cmp(&(a.severity, a.latest_at, &b.id)));
    let lately: Vec<Arc<MatterState>> = past.iter().filter(|m| m.latest_at >= since).cloned().collect();
    let mut billing = of(Kind::Billing).await?;
    billing.extend(of(Kind::Account).await?);
    billing.retain(|m| m.stage == Stage::Open);
    let mut maintenance = of(Kind::Maintenance).await?;
    maintenance.retain(|m| m.stage == Stage::Open);
    maintenance.sort_by_key(|m| m.window.map_or(m.opened_at, |w| w.from));
    let (voices, unheard) = voices(cx, scope, targets, off, at).await?;
    let mut answer = Now {
        at,
        about: scope.name().to_owned(),
        scope: scope.kind(),
        verdict: Verdict::CannotRead,
        headline: String::new(),
        providers: providers(scope, targets, off),
        since,
        over: episodes(&lately),
        maintenance: episodes(&maintenance),
        billing: episodes(&billing),
        ending: ending(cx, scope, at).await?,
        changes: changes(cx, scope, since).await?,
        last: comparable(cx, &open, &past),
        incidents,
        voices,
        unheard,
    };
    (answer.verdict, answer.headline) = verdict::verdict(&answer, &|id| name(cx, id));
    Ok(answer)
}

fn name(cx: &Context, provider: &str) -> String {
    cx.catalog.get(provider).map_or_else(|| provider.to_owned(), |p| p.file.name.clone())
}

/// Providers that can touch the scope: those it names, as far as anything of them is read or could be.
fn providers(scope: &Scope, targets: &[Target], off: &[NotPolled]) -> Vec<String> {
    let read = targets.iter().map(|t| t.id.provider());
    let named = off.iter().map(|o| o.id.provider()).filter(|_| *scope != Scope::All);
    let all: BTreeSet<&str> = read.chain(named).filter(|p| scope.asks(p)).collect();
    let own = if let Scope::Provider(id) = scope { Some(id.to_string()) } else { None };
    all.into_iter().map(str::to_owned).chain(own).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Status pages that are not read well now: what they would say is unknown.
///
/// # Errors
/// The store's.
pub async fn unheard(cx: &Context, targets: &[Target], provider: Option<&str>) -> Result<Vec<Voice>, StoreError> {
    let pages: Vec<Target> = targets.iter().filter(|t| t.tells_incidents()).cloned().collect();
    let (mut all, _) = voices(cx, &Scope::All, &pages, &[], cx.clock.now()).await?;
    all.retain(|v| v.health != SourceHealth::Fresh && provider.is_none_or(|p| v.source.split('/').next() == Some(p)));
    Ok(all)
}

/// How well we hear what would say so, status pages first; and whom we do not hear at all.
async fn voices(
    cx: &Context,
    scope: &Scope,
    targets: &[Target],
    off: &[NotPolled],
    at: Timestamp,
) -> Result<(Vec<Voice>, Vec<Unheard>), StoreError> {
    let rows = cx.store.sources().await?;
    let mut voices: Vec<Voice> = Vec::new();
    for t in targets.iter().filter(|t| scope.asks(t.id.provider())) {
        let row = rows.iter().find(|r| r.id == t.id).cloned().unwrap_or_else(|| SourceRow::new(t.id.clone(), at));
        let row = as_of(row, t.every.about(), at);
        voices.push(Voice {
            source: t.id.to_string(),
            tells_incidents: t.tells_incidents(),
            health: row.health,
            read_at: row.last_ok_at,
            problem: row.problem,
        });
    }
    voices.sort_by(|a, b| (!a.tells_incidents, &a.source).cmp(&(!b.tells_incidents, &b.source)));
    let heard = |p: &str| targets.iter().any(|t| t.id.provider() == p && t.tells_incidents());
    let why = |p: &str| {
        let page = off.iter().find(|o| o.id.provider() == p && o.id.name().starts_with("status"));
        page.map_or_else(
            || "no status page of it is known: forewarn add-status URL".to_owned(),
            |o| format!("{}: {}", o.id, o.why),
        )
    };
    let unheard = providers(scope, targets, off)
        .into_iter()
        .filter(|p| !heard(p))
        .map(|provider| Unheard { why: why(&provider), provider })
        .collect();
    Ok((voices, unheard))
}

async fn ending(cx: &Context, scope: &Scope, at: Timestamp) -> Result<Vec<Deprecation>, StoreError> {
    let today = at.to_zoned_datetime(TimeZone::UTC).date();
    // What one asks for by name is shown, whoever uses it and whenever it ends.
    let named = matches!(scope, Scope::Subject { .. });
    let mut found = if named {
        known::deprecations(cx).await?
    } else {
        let (from, until) = (today.saturating_sub(JUST_ENDED.days()), today.saturating_add(AHEAD.days()));
        known::dated(cx, DatedFilter::of(from, until, None)).await?
    };
    found.retain(|m| m.stage != Stage::Withdrawn && scope.holds(&cx.directory, About::matter(m)));
    let mut rows = calendar::rows(cx, &found, today).await?;
    rows.retain(|d| named || d.used != Some(false));
    rows.sort_by(|a, b| (a.days_left.is_none(), a.days_left, &a.id).cmp(&(b.days_left.is_none(), b.days_left, &b.id)));
    Ok(rows)
}

/// What changed lately, without incidents: these are listed for themselves.
async fn changes(cx: &Context, scope: &Scope, since: Timestamp) -> Result<Vec<Heard>, StoreError> {
    let provider = if let Scope::Provider(id) = scope { Some(id.to_string()) } else { None };
    let filter = EventFilter { provider, since: Some(since), limit: LOOKED, ..EventFilter::default() };
    let mut news = heard(cx, filter).await?.news;
    news.retain(|h| {
        let e = &h.event.event;
        let wanted = matches!(e.kind, Kind::Deprecation | Kind::Change | Kind::Billing | Kind::Account);
        wanted && scope.holds(&cx.directory, About::event(e))
    });
    news.truncate(SHOWN);
    Ok(news)
}

/// The last incident that is over: one of the same parts as what is open, if there is one, else the newest.
fn comparable(cx: &Context, open: &[Arc<MatterState>], past: &[Arc<MatterState>]) -> Option<Comparable> {
    let parts: BTreeSet<_> = open.iter().flat_map(|m| &m.subjects).filter(|s| !s.is_whole()).collect();
    let whose: BTreeSet<_> = open.iter().map(|m| &m.provider).collect();
    let worth = |m: &&MatterState| m.severity > Severity::Info || open.is_empty();
    let like: Vec<&MatterState> =
        past.iter().map(|m| &**m).filter(worth).filter(|m| whose.is_empty() || whose.contains(&m.provider)).collect();
    let alike: Vec<&MatterState> =
        like.iter().filter(|m| m.subjects.iter().any(|s| parts.contains(s))).copied().collect();
    let list = if alike.is_empty() { like } else { alike };
    let last = list.first()?;
    let took = |m: &MatterState| minutes(m.opened_at, m.latest_at);
    let mut all: Vec<i64> = list.iter().take(COMPARED).map(|m| took(m)).collect();
    all.sort_unstable();
    let usual = all.get(all.len() / 2).copied().unwrap_or(0);
    Some(Comparable { incident: episode(cx, last), minutes: took(last), usual_minutes: usual, of: all.len() })
}
