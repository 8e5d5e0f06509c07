//! The calendar as iCalendar: deprecations as days, maintenance with its times (RFC 5545, names and refresh of RFC 7986).
//!
//! In: matters with who uses them. Out: one text. Invariant: a matter keeps its UID for ever, its SEQUENCE never falls and
//! rises when its date moves; the text depends on what is known, not on the time it is asked for. Refuses reminders that
//! were not asked for, and to draw a day or an end that nobody gave: floors, months and open ends say so.

use super::ical::Lines;
use super::{Entry, Filter};
use crate::crypto::short_hash;
use crate::model::text::one_line;
use crate::model::{Deadline, Firmness, Kind, MatterState, Precision, Stage};
use jiff::Timestamp;
use jiff::tz::Offset;
use std::fmt::Write;

/// How often subscribers may ask.
const REFRESH: &str = "PT1H";
const DAY: i64 = 86_400;

/// A calendar of these texts of events.
pub fn calendar(filter: &Filter, source: Option<&str>, events: &[String]) -> String {
    let mut l = Lines::default();
    let about = filter.in_words();
    let name = if about.is_empty() { "forewarn".to_owned() } else { format!("forewarn: {about}") };
    l.begin("VCALENDAR");
    l.raw("VERSION", "2.0");
    l.raw("PRODID", concat!("-//forewarn//forewarn ", env!("CARGO_PKG_VERSION"), "//EN"));
    l.raw("CALSCALE", "GREGORIAN");
    l.text("NAME", &name);
    // Before RFC 7986 there were only these names, and many programs read no others.
    l.text("X-WR-CALNAME", &name);
    l.text("DESCRIPTION", "What providers end, and when they work on it");
    l.raw("REFRESH-INTERVAL;VALUE=DURATION", REFRESH);
    l.raw("X-PUBLISHED-TTL", REFRESH);
    if let Some(source) = source {
        l.uri("SOURCE;VALUE=URI", source);
    }
    let mut out = l.finish();
    let mut end = Lines::default();
    end.end("VCALENDAR");
    let end = end.finish();
    out.reserve(events.iter().map(String::len).sum::<usize>() + end.len());
    out.extend(events.iter().map(String::as_str).chain([end.as_str()]));
    out
}

/// The events of these entries.
pub fn events(entries: &[Entry], filter: &Filter) -> String {
    let mut l = Lines::default();
    for e in entries {
        match e.matter.kind {
            Kind::Maintenance => maintenance(&mut l, e, filter),
            Kind::Deprecation
            | Kind::Incident
            | Kind::Billing
            | Kind::Account
            | Kind::Change
            | Kind::Job
            | Kind::Source
            | Kind::Unrecognized => {
                if let Some(d) = &e.matter.deadline {
                    ending(&mut l, e, d, filter);
                }
            }
        }
    }
    l.finish()
}

fn ending(l: &mut Lines, e: &Entry, d: &Deadline, filter: &Filter) {
    let m = &*e.matter;
    l.begin("VEVENT");
    head(l, m);
    l.day("DTSTART;VALUE=DATE", d.date);
    l.day("DTEND;VALUE=DATE", d.date.tomorrow().unwrap_or(d.date));
    let mut summary = one_line(&m.title, 200);
    let exact = matches!(d.precision, Precision::Instant | Precision::Day);
    match (d.firmness, exact) {
        (Firmness::Firm, true) => {}
        (Firmness::NotBefore, true) => summary.push_str(&format!(" ({})", d.in_words())),
        (Firmness::Firm | Firmness::NotBefore, false) => {
            summary.push_str(&format!(" ({}, day not given)", d.in_words()));
        }
    }
    let (mark, status) = match m.stage {
        Stage::Withdrawn => ("WITHDRAWN: ", "CANCELLED"),
        Stage::Retired => ("ENDED: ", "CONFIRMED"),
        Stage::Announced | Stage::Open | Stage::Resolved if m.in_conflict() => ("DISPUTED: ", "TENTATIVE"),
        Stage::Announced | Stage::Open | Stage::Resolved => {
            ("", if d.firmness == Firmness::Firm && exact { "CONFIRMED" } else { "TENTATIVE" })
        }
    };
    summary.insert_str(0, mark);
    tail(l, e, &summary, status);
    l.text("DESCRIPTION", &proof(e, d));
    if !m.is_over() {
        alarms(l, &summary, filter);
    }
    l.end("VEVENT");
}

fn maintenance(l: &mut Lines, e: &Entry, filter: &Filter) {
    let m = &*e.matter;
    l.begin("VEVENT");
    head(l, m);
    let mut summary = format!("{}: {}", m.provider, one_line(&m.title, 200));
    match m.window {
        None => {
            l.moment("DTSTART", m.opened_at);
            summary.push_str(" (announced then, times not given)");
        }
        Some(w) => {
            l.moment("DTSTART", w.from);
            match w.until {
                Some(until) => l.moment("DTEND", until),
                None => summary.push_str(" (end not given)"),
            }
        }
    }
    let status = if m.stage == Stage::Withdrawn { "CANCELLED" } else { "CONFIRMED" };
    tail(l, e, &summary, status);
    let mut text = m.summary.clone();
    ours(&mut text, e);
    l.text("DESCRIPTION", &text);
    if m.window.is_some() && !m.is_over() {
        alarms(l, &summary, filter);
    }
    l.end("VEVENT");
}

fn head(l: &mut Lines, m: &MatterState) {
    l.raw("UID", &format!("{}@forewarn", hex::encode(short_hash(&[b"calendar\0", m.id.as_str().as_bytes()]))));
    // Without METHOD it means what LAST-MODIFIED would (RFC 5545, 3.8.7.2), so the text does not change by being asked for.
    l.moment("DTSTAMP", changed_at(m));
    // Both only rise: the first with each date, the second with each other news.
    let sequence = m.deadline.as_ref().map_or(1, |d| d.revision) + m.revision;
    l.raw("SEQUENCE", &sequence.saturating_sub(2).to_string());
}

fn changed_at(m: &MatterState) -> Timestamp {
    m.claims.values().map(|c| c.read_at).chain([m.latest_at]).max().unwrap_or(m.latest_at)
}

fn tail(l: &mut Lines, e: &Entry, summary: &str, status: &'static str) {
    let m = &*e.matter;
    l.text("SUMMARY", summary);
    l.raw("STATUS", status);
    l.raw("TRANSP", "TRANSPARENT");
    let ours = (!e.services.is_empty()).then_some("ours");
    let words = [m.kind.as_str(), m.provider.as_str()].into_iter().chain(ours);
    l.texts("CATEGORIES", words.chain(e.owners.iter().map(String::as_str)));
    if let Some(url) = &m.url {
        l.uri("URL", url);
    }
}

fn alarms(l: &mut Lines, summary: &str, filter: &Filter) {
    for seconds in &filter.alarms {
        l.begin("VALARM");
        l.raw("ACTION", "DISPLAY");
        l.text("DESCRIPTION", summary);
        let trigger = if seconds % DAY == 0 { format!("-P{}D", seconds / DAY) } else { format!("-PT{seconds}S") };
        l.raw("TRIGGER", &trigger);
        l.end("VALARM");
    }
}

/// When, what instead, whose, and who says so in which words.
fn proof(e: &Entry, d: &Deadline) -> String {
    let m = &*e.matter;
    let mut out = format!("{}: {}.", m.id, d.in_words());
    if let Some(at) = d.at {
        out.push_str(&format!(" At {} UTC.", at.strftime("%Y-%m-%d %H:%M")));
    }
    match d.firmness {
        Firmness::NotBefore => out.push_str(" No date is promised: this is the earliest."),
        Firmness::Firm
            if matches!(d.precision, Precision::Month | Precision::Quarter | Precision::Half | Precision::Year) =>
        {
            out.push_str(" No day is given: this is the first it can be.");
        }
        Firmness::Firm => {}
    }
    if !m.replacements.is_empty() {
        out.push_str(&format!("\nInstead: {}", m.replacements.join(", ")));
    }
    ours(&mut out, e);
    for (source, c) in &m.claims {
        // Whose date is the one above need not repeat it.
        let date = match &c.deadline {
            Some(theirs) if theirs.same_as(d) => String::new(),
            Some(theirs) => format!(": {}", theirs.in_words()),
            None => ": no date".to_owned(),
        };
        let read = Offset::UTC.to_datetime(c.read_at);
        let (hour, minute) = (read.hour(), read.minute());
        let text = one_line(&c.text, 400);
        let _ = write!(out, "\n{source}{date}, read {} {hour:02}:{minute:02} UTC: \"{text}\"", read.date());
        if let Some(url) = &c.url {
            let _ = write!(out, "\n{url}");
        }
    }
    out
}

fn ours(out: &mut String, e: &Entry) {
    if !e.services.is_empty() {
        out.push_str(&format!("\nUsed by {} ({})", e.services.join(", "), e.owners.join(", ")));
    }
    if !e.state.is_empty() {
        out.push_str(&format!("\nState: {}", e.state));
    }
}
