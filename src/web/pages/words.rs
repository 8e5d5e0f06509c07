//! The words of pages: dates with weekday, days left, lengths, addresses. Filters of the templates.
//!
//! In: values of rows as JSON has them. Out: text, which the template escapes. Invariant: an address is percent-encoded so
//! that no id ends its segment, and only `http` and `https` leave the page. Refuses markup: nothing here is marked safe.

use crate::model::text::safe_link;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use minijinja::{Environment, Value};
use std::fmt::Write;

/// Teaches the templates these words.
pub(super) fn teach(env: &mut Environment<'static>) {
    env.add_filter("day", |v: Value| with_date(&v, "%a %-d %b %Y"));
    env.add_filter("month", |v: Value| with_date(&v, "%b %Y"));
    env.add_filter("long_month", |v: Value| with_date(&v, "%B %Y"));
    env.add_filter("year", |v: Value| with_date(&v, "%Y"));
    env.add_filter("quarter", quarter);
    env.add_filter("short_day", |v: Value| with_date(&v, "%-d %b"));
    env.add_filter("moment", |v: Value| with_time(&v, "%a %-d %b %Y %H:%M UTC"));
    env.add_filter("day_of", |v: Value| with_time(&v, "%-d %b %Y"));
    env.add_filter("clock", |v: Value| with_time(&v, "%-d %b %H:%M"));
    env.add_filter("left", |v: Value| v.as_i64().map_or_else(String::new, left));
    env.add_filter("minutes", |v: Value| v.as_i64().map_or_else(String::new, minutes));
    env.add_filter("ago", ago);
    env.add_filter("seg", |v: String| segment(&v));
    env.add_filter("link", |v: Value| v.as_str().and_then(safe_link).unwrap_or_default());
    env.add_filter("plural", |n: i64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many }));
    env.add_filter("urgency", |v: Value| {
        v.as_i64().map_or("none", |n| super::timeline::urgency(i32::try_from(n).unwrap_or(i32::MAX)))
    });
    env.add_filter("money", money);
    env.add_filter("place", |kind: &str, id: &str| place(kind, id));
    env.add_filter("subject", subject);
    env.add_filter("state", |v: String| state(&v));
    env.add_filter("step", |v: String| step(&v));
    env.add_filter("until", until);
}

/// Days from a moment to a date.
fn until(v: Value, now: Value) -> Option<i64> {
    let day = v.as_str()?.parse::<Date>().ok()?;
    let today = time(&now)?.to_zoned_datetime(TimeZone::UTC).date();
    today.until(day).ok().map(|s| i64::from(s.get_days()))
}

/// `plan 2027-01-10 (mei)` with its date as people say it.
fn state(text: &str) -> String {
    let planned = text.strip_prefix("plan ").and_then(|t| Some((t.get(..10)?.parse::<Date>().ok()?, t.get(10..)?)));
    planned.map_or_else(|| text.to_owned(), |(day, by)| format!("plan {}{by}", day.strftime("%a %-d %b %Y")))
}

/// A step of the ladder: `30d` is 30 days before, `after-86400s` a day after. What only repeats the reason is nothing.
fn step(key: &str) -> String {
    let before = key.strip_suffix('d').and_then(|n| n.parse::<i64>().ok());
    let after = key.strip_prefix("after-").and_then(|t| t.strip_suffix('s')).and_then(|n| n.parse::<i64>().ok());
    match (before, after) {
        (Some(0), _) => "on the day".into(),
        (Some(1), _) => "1 day before".into(),
        (Some(n), _) => format!("{n} days before"),
        (None, Some(n)) => format!("{} after", minutes(n / 60)),
        (None, None) if key == "daily" => "daily".into(),
        (None, None) => String::new(),
    }
}

fn with_date(v: &Value, form: &str) -> String {
    let text = v.as_str().unwrap_or_default();
    text.parse::<Date>().map_or_else(|_| String::new(), |d| d.strftime(form).to_string())
}

fn quarter(v: Value) -> String {
    let day = v.as_str().and_then(|t| t.parse::<Date>().ok());
    day.map_or_else(String::new, |d| format!("Q{} {}", (d.month() - 1) / 3 + 1, d.year()))
}

fn time(v: &Value) -> Option<Timestamp> {
    v.as_str()?.parse().ok()
}

fn with_time(v: &Value, form: &str) -> String {
    time(v).map_or_else(String::new, |t| t.to_zoned_datetime(TimeZone::UTC).strftime(form).to_string())
}

/// `60 days`, `tomorrow`, `today`, `3 days ago`.
pub(super) fn left(n: i64) -> String {
    match n {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        n if n < 0 => format!("{} days ago", n.unsigned_abs()),
        n => format!("{n} days"),
    }
}

/// `40 min`, `2 h 10 min`, `3 days`.
fn minutes(n: i64) -> String {
    match n {
        ..=0 => "less than a minute".into(),
        1..=119 => format!("{n} min"),
        120..=2_879 if n % 60 == 0 => format!("{} h", n / 60),
        120..=2_879 => format!("{} h {} min", n / 60, n % 60),
        _ => format!("{} days", n / 1_440),
    }
}

/// How long ago a moment was, seen from another.
fn ago(v: Value, now: Value) -> String {
    let (Some(then), Some(now)) = (time(&v), time(&now)) else { return String::new() };
    let ahead = then > now;
    let n = minutes(now.duration_since(then).abs().as_secs() / 60);
    if ahead { format!("in {n}") } else { format!("{n} ago") }
}

/// An id as one segment of an address.
pub(super) fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for b in id.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b':' | b'@') {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

/// The page of a matter.
pub(super) fn place(kind: &str, id: &str) -> String {
    let list = match kind {
        "deprecation" => "deprecations",
        "incident" => "incidents",
        "maintenance" => "maintenance",
        "billing" | "account" => "billing",
        _ => "matters",
    };
    format!("/{list}/{}", segment(id))
}

/// An amount of minor units; currencies without such units are rare among providers, and their code stands beside it.
fn money(v: Value) -> String {
    let (Some(minor), Some(currency)) =
        (v.get_attr("minor").ok().and_then(|m| m.as_i64()), v.get_attr("currency").ok())
    else {
        return String::new();
    };
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02} {currency}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

/// A subject as people name it: `gpt-demo in us-east-1`.
fn subject(v: Value) -> String {
    let text = |name: &str| v.get_attr(name).ok().and_then(|x| x.as_str().map(str::to_owned)).filter(|x| !x.is_empty());
    let id = text("id").unwrap_or_default();
    let called = text("name").map_or_else(|| id.clone(), |name| format!("{name} ({id})"));
    let mut out = match text("type").as_deref() {
        _ if id == "*" => format!("all of {}", text("platform").unwrap_or_default()),
        Some("component") => format!("component {called}"),
        Some(_) | None => called,
    };
    for scope in ["region", "deployment"].into_iter().filter_map(text) {
        let _ = write!(out, " in {scope}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_lengths_read_as_people_say_them() {
        assert_eq!(
            (left(60), left(1), left(0), left(-1), left(-9)),
            ("60 days".into(), "tomorrow".into(), "today".into(), "yesterday".into(), "9 days ago".into())
        );
        assert_eq!(
            (minutes(0), minutes(40), minutes(130), minutes(180), minutes(5_000)),
            ("less than a minute".into(), "40 min".into(), "2 h 10 min".into(), "3 h".into(), "3 days".into())
        );
    }

    #[test]
    fn steps_and_plans_read_as_people_say_them() {
        for (key, words) in [
            ("30d", "30 days before"),
            ("1d", "1 day before"),
            ("0d", "on the day"),
            ("after-86400s", "24 h after"),
            ("after-900s", "15 min after"),
            ("daily", "daily"),
            ("acted-3", ""),
            ("moved", ""),
        ] {
            assert_eq!(step(key), words);
        }
        assert_eq!(state("plan 2027-01-10 (mei)"), "plan Sun 10 Jan 2027 (mei)");
        for word in ["waiting", "plan ", "plan 2027-13-99 (x)", "plän 2027-01-10é"] {
            assert_eq!(state(word), word);
        }
        let now = Value::from("2026-11-23T15:00:00Z");
        assert_eq!(until(Value::from("2027-01-22"), now.clone()), Some(60));
        assert_eq!(until(Value::from("soon"), now), None);
    }

    #[test]
    fn an_id_stays_one_segment_whatever_it_holds() {
        assert_eq!(segment("stripe:api/2024-06-20"), "stripe:api%2F2024-06-20");
        assert_eq!(segment("a:../x?y#z%\"<ü "), "a:..%2Fx%3Fy%23z%25%22%3C%C3%BC%20");
        assert_eq!(place("incident", "x:1"), "/incidents/x:1");
        assert_eq!(place("source", "x:1"), "/matters/x:1");
    }
}
