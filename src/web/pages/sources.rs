//! `/sources`: how each place that providers speak at is read, and how it was from day to day.
//!
//! In: the rows of the engine. Out: the pages with small charts. Invariant: a day that was not read is a gap, not a zero.
//! Refuses to fetch.

use super::view::Page;
use super::{Fault, Paged, Shared};
use crate::engine::listing;
use crate::store::{EventFilter, SourceDay, SourceHealth, SourceRow};
use axum::extract::{Path, State};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Days of the small chart, and of the large one.
const SMALL: i32 = 30;
const LARGE: i32 = 120;

#[derive(Serialize)]
struct List {
    rows: Vec<Row>,
    off: Vec<SourceRow>,
    by_health: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    row: SourceRow,
    chart: Chart,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: SourceRow,
    provider: String,
    chart: Chart,
    days: Vec<SourceDay>,
    events: Vec<crate::model::Event>,
}

/// Row counts over days, drawn.
#[derive(Serialize)]
struct Chart {
    width: i32,
    height: i32,
    /// The line, broken where a day was not read.
    path: String,
    /// Days with failures: where, and how many.
    failed: Vec<(i32, u32)>,
    /// The smallest and largest count.
    least: u32,
    most: u32,
    /// Days with a good read.
    days: usize,
}

pub(super) async fn sources(State(site): Shared) -> Paged {
    let (a, today) = (&site.actions, site.today());
    let all = listing::sources(&a.cx, &a.targets, &a.off).await?;
    let days = a.cx.store.source_days(None, today.saturating_sub(SMALL.days())).await?;
    let mut by_health: BTreeMap<&'static str, usize> = BTreeMap::new();
    for s in &all {
        *by_health.entry(s.health.as_str()).or_default() += 1;
    }
    let (off, on): (Vec<SourceRow>, Vec<SourceRow>) = all.into_iter().partition(|s| s.health == SourceHealth::Off);
    let mut rows: Vec<Row> = on
        .into_iter()
        .map(|row| {
            let of: Vec<&SourceDay> = days.iter().filter(|d| d.source == row.id).collect();
            Row { chart: chart(&of, today, SMALL, (150, 32)), row }
        })
        .collect();
    rows.sort_by_key(|r| (r.row.health == SourceHealth::Fresh, r.row.id.clone()));
    Ok(Page::new("sources", "Sources", &List { rows, off, by_health }))
}

pub(super) async fn source(State(site): Shared, Path(id): Path<String>) -> Paged {
    let (a, today) = (&site.actions, site.today());
    let all = listing::sources(&a.cx, &a.targets, &a.off).await?;
    let row = all.into_iter().find(|s| s.id.as_str() == id).ok_or(Fault::Missing("such source"))?;
    let mut days = a.cx.store.source_days(Some(row.id.clone()), today.saturating_sub(LARGE.days())).await?;
    let chart = chart(&days.iter().collect::<Vec<_>>(), today, LARGE, (720, 140));
    days.reverse();
    days.truncate(30);
    let provider = row.id.provider().to_owned();
    let filter = EventFilter { provider: Some(provider.clone()), limit: 200, ..EventFilter::default() };
    let events = a.cx.store.events(filter).await?.into_iter().map(|(e, _)| e).filter(|e| e.event.source == row.id);
    let events = events.take(20).collect();
    Ok(Page::new("source", row.id.to_string(), &Shown { row, provider, chart, days, events }))
}

fn chart(days: &[&SourceDay], today: Date, span: i32, (width, height): (i32, i32)) -> Chart {
    let counted: Vec<u32> = days.iter().filter_map(|d| d.most).collect();
    let most = counted.iter().copied().max().unwrap_or(0);
    let least = days.iter().filter_map(|d| d.fewest).min().unwrap_or(0);
    let x = |d: Date| {
        let back = d.until(today).map_or(0, |s| s.get_days()).clamp(0, span);
        4 + (span - back) * (width - 8) / span
    };
    // From zero, so that a page that lost half its rows looks like it.
    let y = |n: u32| {
        height
            - 5
            - i32::try_from(u64::from(n) * u64::try_from(height - 12).unwrap_or(1) / u64::from(most.max(1)))
                .unwrap_or(0)
    };
    let (mut path, mut before) = (String::new(), None::<Date>);
    for d in days {
        let Some(n) = d.most else { continue };
        let goes_on = before.is_some_and(|b| b.until(d.day).is_ok_and(|s| s.get_days() <= 1));
        let step = if goes_on { 'L' } else { 'M' };
        let _ = write!(path, "{step}{} {}", x(d.day), y(n));
        if !goes_on {
            path.push_str("h1");
        }
        before = Some(d.day);
    }
    let failed = days.iter().filter(|d| d.failed > 0).map(|d| (x(d.day), d.failed)).collect();
    Chart { width, height, path, failed, least, most, days: counted.len() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;
    use crate::model::SourceId;
    use jiff::civil::date;

    #[test]
    fn a_day_that_was_not_read_is_a_gap() {
        let day = |n, most: Option<u32>| SourceDay {
            source: SourceId::new("openai/deprecations").unwrap(),
            day: date(2026, 11, n),
            read: 1,
            failed: u32::from(most.is_none()),
            fewest: most,
            most,
        };
        let days = [day(1, Some(10)), day(2, Some(20)), day(3, None), day(4, Some(20))];
        let c = chart(&days.iter().collect::<Vec<_>>(), date(2026, 11, 5), 30, (150, 32));
        assert_eq!((c.path.matches('M').count(), c.path.matches('L').count(), c.failed.len()), (2, 1, 1), "{}", c.path);
        assert_eq!((c.least, c.most, c.days), (10, 20, 3));
        assert_eq!(chart(&[], date(2026, 11, 5), 30, (150, 32)).path, "");
    }
}
