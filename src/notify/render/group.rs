//! Several alerts in one message: a headline that counts, one line each, soonest first.
//!
//! In: two or more rows (none is worded too, and never sent). Out: a [`Rendered`]. Invariant: at most [`ROWS_SHOWN`] rows,
//! and the rest is counted with the command that lists it. Refuses details: they are one command away.

use super::{Clock, HEADLINE_MAX, Line, Part, Rendered, words};
use crate::model::text::one_line;
use crate::model::{Kind, Reason, Severity};
use crate::notify::Row;
use jiff::civil::Date;

/// Rows shown before they are counted.
const ROWS_SHOWN: usize = 20;
/// Names in the headline before they are counted.
const NAMES_SHOWN: usize = 3;

/// Rows of one contact in one message.
pub(super) fn group(rows: &[Row], clock: Clock<'_>) -> Rendered {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|r| (over(r), due(r, clock), std::cmp::Reverse(r.matter.severity), r.alert));
    let headline = one_line(&headline(&sorted, clock), HEADLINE_MAX);
    let mut lines: Vec<_> = sorted.iter().take(ROWS_SHOWN).map(|r| item(r, clock)).collect();
    let more = sorted.len().saturating_sub(ROWS_SHOWN);
    let owner = rows.first().map_or_else(String::new, |r| one_line(&r.owner, 64));
    if more > 0 {
        lines.push(Line::new(Part::Item, format!("and {more} more: forewarn alerts --owner {owner}")));
    }
    let open = sorted.iter().find(|r| !over(r) && r.reason != Reason::Acted);
    Rendered {
        marker: marker(&sorted),
        subject: format!("[forewarn] {headline}"),
        headline,
        lines,
        footer: match open {
            Some(r) => {
                format!("To answer one: forewarn ack {} --plan DATE. All: forewarn alerts --owner {owner}", r.alert)
            }
            None => "Nothing to do.".into(),
        },
        act: None,
    }
}

fn over(row: &Row) -> bool {
    matches!(row.reason, Reason::Resolved | Reason::Withdrawn)
}

/// When it matters: what is broken now is today, what has no date comes last.
fn due(row: &Row, clock: Clock<'_>) -> Date {
    match (&row.matter.deadline, row.matter.kind) {
        (Some(d), _) => d.date,
        (None, Kind::Deprecation) => Date::MAX,
        (None, _) => clock.today(),
    }
}

fn marker(rows: &[&Row]) -> &'static str {
    rows.iter()
        .filter(|r| !over(r))
        .max_by_key(|r| r.matter.severity)
        .or(rows.first())
        .map_or("⚪", |r| words::marker(r))
}

pub(super) fn item(row: &Row, clock: Clock<'_>) -> Line {
    let services = words::services(row);
    let tail = if services.is_empty() { String::new() } else { format!(": {services}") };
    let text = format!("{} #{} {}{tail}", words::marker(row), row.alert, words::say(row, clock).headline);
    Line { alert: Some(row.alert), ..Line::new(Part::Item, one_line(&text, HEADLINE_MAX)) }
}

fn headline(rows: &[&Row], clock: Clock<'_>) -> String {
    let n = rows.len();
    let names = names(rows);
    if let Some(first) = rows.iter().find(|_| rows.iter().all(|r| r.reason == Reason::Acted)) {
        return format!("{}: {n} of yours ({names})", words::deed(first));
    }
    if rows.iter().all(|r| over(r)) {
        return format!("{n} of yours are over: {names}");
    }
    let left: Option<Vec<i32>> = rows
        .iter()
        .map(|r| match r.matter.kind {
            Kind::Deprecation if !over(r) => r.matter.deadline.as_ref().map(|d| d.days_left(clock.today())),
            Kind::Deprecation
            | Kind::Incident
            | Kind::Maintenance
            | Kind::Billing
            | Kind::Account
            | Kind::Change
            | Kind::Job
            | Kind::Source
            | Kind::Unrecognized => None,
        })
        .collect();
    let Some(left) = left else { return mixed(rows) };
    let gone = left.iter().filter(|d| **d < 0).count();
    match (gone, left.iter().max()) {
        (0, Some(0)) => format!("{n} of yours end today: {names}"),
        (0, Some(1)) => format!("{n} of yours end by tomorrow: {names}"),
        (0, Some(last)) => format!("{n} of yours end within {last} days: {names}"),
        (gone, Some(..0)) => format!("the dates of {gone} of yours have passed: {names}"),
        (gone, _) => format!("{n} of yours end, the dates of {gone} have passed: {names}"),
    }
}

/// `gpt-demo-1, gpt-demo-2, gpt-demo-3 +4`.
fn names(rows: &[&Row]) -> String {
    let shown: Vec<_> = rows.iter().take(NAMES_SHOWN).map(|r| one_line(&words::name(r), 60)).collect();
    let more = rows.len().saturating_sub(NAMES_SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} +{more}", shown.join(", ")) }
}

/// `5 for you: 3 endings, 2 incidents (1 critical)`.
fn mixed(rows: &[&Row]) -> String {
    let mut counts = Vec::new();
    for kind in Kind::ALL {
        let count = rows.iter().filter(|r| r.matter.kind == *kind).count();
        let (one, many) = match kind {
            Kind::Deprecation => ("ending", "endings"),
            Kind::Incident => ("incident", "incidents"),
            Kind::Maintenance => ("maintenance", "maintenances"),
            Kind::Billing => ("billing notice", "billing notices"),
            Kind::Account => ("account notice", "account notices"),
            Kind::Change => ("change", "changes"),
            Kind::Job => ("job", "jobs"),
            Kind::Source => ("source in trouble", "sources in trouble"),
            Kind::Unrecognized => ("unknown message", "unknown messages"),
        };
        match count {
            0 => {}
            1 => counts.push(format!("1 {one}")),
            n => counts.push(format!("{n} {many}")),
        }
    }
    let critical = rows.iter().filter(|r| !over(r) && r.matter.severity == Severity::Critical).count();
    let critical = if critical == 0 { String::new() } else { format!(" ({critical} critical)") };
    format!("{} for you: {}{critical}", rows.len(), counts.join(", "))
}
