//! `/calendar`: what ends and what is worked on, by month or as a list.
//!
//! In: the calendar of the engine. Out: the pages. Invariant: a day that has more than is drawn says how many more. Refuses
//! spans over ten years.

use super::timeline::urgency;
use super::view::Page;
use super::words;
use super::{Fault, Paged, Shared};
use crate::engine::calendar::{self, Deprecation, Window};
use crate::engine::listing::{self, Episode};
use crate::model::{Kind, Stage};
use crate::web::answer::Query;
use axum::extract::State;
use axum::http::Uri;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::Serialize;

/// Most things drawn in a day.
const PER_DAY: usize = 4;
/// Rows of a page of the list.
const ROWS: usize = 200;
/// How far the list looks, and how far it may.
const WITHIN: i32 = 365;
const FARTHEST: i32 = 3_660;

#[derive(Serialize)]
struct Month {
    first: Date,
    before: String,
    after: String,
    weeks: Vec<Vec<Day>>,
    usage_known: bool,
    count: usize,
}

#[derive(Serialize)]
struct Day {
    date: Date,
    inside: bool,
    today: bool,
    items: Vec<Item>,
    more: usize,
}

#[derive(Serialize)]
struct Item {
    at: String,
    name: String,
    class: &'static str,
    ours: bool,
    title: String,
}

#[derive(Serialize)]
struct List {
    rows: Vec<Deprecation>,
    hidden: usize,
    total: usize,
    asked: Asked,
    next: Option<usize>,
    providers: Vec<String>,
    owners: Vec<String>,
    usage_known: bool,
}

#[derive(Serialize)]
struct Asked {
    within: i32,
    past: i32,
    provider: Option<String>,
    owner: Option<String>,
    all: bool,
    page: usize,
}

pub(super) async fn calendar(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["view", "month", "within", "past", "provider", "owner", "show", "page"])?;
    match q.get("view") {
        Some("list") => list(&site, &q).await,
        Some("month") | None => month(&site, &q).await,
        Some(other) => Err(Fault::Bad(format!("view {other:?}: month or list"))),
    }
}

async fn month(site: &super::Site, q: &Query) -> Paged {
    let (a, today) = (&site.actions, site.today());
    let first = match q.get("month").filter(|m| !m.is_empty()) {
        None => today.first_of_month(),
        Some(text) => {
            format!("{text}-01").parse::<Date>().map_err(|_| Fault::Bad(format!("month {text:?}: write 2026-11")))?
        }
    };
    let begin = first.saturating_sub(i32::from(first.weekday().to_monday_zero_offset()).days());
    let last = first.last_of_month();
    let end = last.saturating_add((6 - i32::from(last.weekday().to_monday_zero_offset())).days());
    let found = calendar::between(&a.cx, begin, end, today).await?;
    let work: Vec<Episode> = listing::going_on(&a.cx, Kind::Maintenance).await?;
    let usage_known = a.cx.directory.usage_known();
    let on = |day: Date| {
        let mut items: Vec<Item> = work.iter().filter(|e| starts_on(e) == Some(day)).map(worked_on).collect();
        let ending = found.iter().filter(|d| d.stage != Stage::Withdrawn && d.soonest() == Some(day));
        items.extend(ending.map(|d| ends(d, usage_known)));
        items.sort_by_key(|i| !i.ours);
        items
    };
    let mut weeks = Vec::new();
    let mut day = begin;
    let mut count = 0;
    while day <= end && weeks.len() < 7 {
        let week = (0..7).map(|n| {
            let date = day.saturating_add(n.days());
            let mut items = on(date);
            let inside = date.first_of_month() == first;
            count += if inside { items.len() } else { 0 };
            let more = items.len().saturating_sub(PER_DAY);
            items.truncate(PER_DAY);
            Day { date, inside, today: date == today, items, more }
        });
        weeks.push(week.collect());
        day = day.saturating_add(7.days());
    }
    let name = |d: Date| d.strftime("%Y-%m").to_string();
    let shown = Month {
        before: name(first.saturating_sub(1.month())),
        after: name(first.saturating_add(1.month())),
        first,
        weeks,
        usage_known,
        count,
    };
    Ok(Page::new("calendar", format!("Calendar, {}", first.strftime("%B %Y")), &shown))
}

fn starts_on(e: &Episode) -> Option<Date> {
    e.window.map(|w| w.from.to_zoned_datetime(TimeZone::UTC).date())
}

fn worked_on(e: &Episode) -> Item {
    Item {
        at: words::place("maintenance", &e.id),
        name: e.title.clone(),
        class: "work",
        ours: !e.services.is_empty(),
        title: format!("Maintenance at {}: {}", e.provider, e.title),
    }
}

fn ends(d: &Deprecation, usage_known: bool) -> Item {
    let ours = d.used == Some(true) || !usage_known;
    let days = d.days_left.unwrap_or(0);
    let name = d.subject.as_ref().map_or_else(|| d.id.clone(), |s| s.id.clone());
    Item {
        at: words::place("deprecation", &d.id),
        class: if ours { urgency(days) } else { "other" },
        ours,
        title: format!(
            "{} ends{}",
            d.id,
            if d.services.is_empty() { String::new() } else { format!(": {}", d.services.join(", ")) }
        ),
        name,
    }
}

async fn list(site: &super::Site, q: &Query) -> Paged {
    let (a, today) = (&site.actions, site.today());
    let number = |name: &str, default: i32| {
        let Some(text) = q.get(name).filter(|t| !t.is_empty()) else { return Ok(default) };
        let n = text.trim_end_matches('d').parse::<i32>().ok().filter(|n| (0..=FARTHEST).contains(n));
        n.ok_or_else(|| Fault::Bad(format!("{name} {text:?}: a number of days, at most {FARTHEST}")))
    };
    let some = |name: &str| q.get(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let usage_known = a.cx.directory.usage_known();
    let asked = Asked {
        within: number("within", WITHIN)?,
        past: number("past", 30)?,
        provider: some("provider"),
        owner: some("owner"),
        all: q.get("show") == Some("all") || !usage_known,
        page: usize::try_from(number("page", 1)?.max(1)).unwrap_or(1),
    };
    let window = Window {
        within_days: asked.within,
        past_days: asked.past,
        provider: asked.provider.clone(),
        owner: asked.owner.clone(),
        used_only: !asked.all,
    };
    let (rows, hidden) = calendar::upcoming(&a.cx, &window, today).await?;
    let total = rows.len();
    let from = (asked.page - 1).saturating_mul(ROWS);
    let next = (from + ROWS < total).then_some(asked.page + 1);
    let shown = List {
        rows: rows.into_iter().skip(from).take(ROWS).collect(),
        hidden,
        total,
        next,
        asked,
        providers: listing::providers(&a.cx.catalog).into_iter().map(|p| p.id).collect(),
        owners: listing::owners(&a.cx).into_iter().map(|o| o.id).collect(),
        usage_known,
    };
    Ok(Page::new("calendar_list", "Calendar", &shown))
}
