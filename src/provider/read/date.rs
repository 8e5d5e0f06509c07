//! Dates as pages write them: one table cell or phrase, read whole or not at all.
//!
//! In: the text of a cell. Out: [`DateCell`]: a deadline, "there is no date", or "there is text we could not read".
//! Invariant: every word of the text is accounted for; the date is the earliest day the text allows; years are
//! 2015 to 2100. Refuses to guess: slash dates (their order is a source's setting), several dates, dates without a
//! year, seasons and halves, zone names that mean two zones, and remarks that limit a date to a region.

use crate::model::{Deadline, Firmness, Precision, text::one_line};
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// What a date cell says.
#[derive(Debug, Clone, PartialEq)]
pub enum DateCell {
    /// A date.
    Date(Deadline),
    /// That there is none: empty, `N/A`, `—`, `TBD`.
    NoDate,
    /// Something that is no date by these rules.
    Unreadable,
}

/// Longest text that is looked at, in characters.
const MAX: usize = 120;
const NONE_FORMS: &[&str] = &[
    "n/a",
    "na",
    "none",
    "tbd",
    "tba",
    "to be determined",
    "to be announced",
    "coming soon",
    "no shutdown date announced",
    "no date announced",
];
/// Words before a date that make it a floor.
const FLOOR_BEFORE: &[&[&str]] = &[
    &["not", "sooner", "than"],
    &["no", "sooner", "than"],
    &["not", "earlier", "than"],
    &["no", "earlier", "than"],
    &["will", "not", "retire", "before"],
    &["not", "before"],
    &["on", "or", "after"],
    &["at", "the", "earliest"],
    &["at", "earliest"],
];
/// Words after a date that make it a floor.
const FLOOR_AFTER: &[&[&str]] = &[&["or", "later"], &["or", "after"], &["at", "the", "earliest"], &["at", "earliest"]];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The deadline a text gives; `None` both for "no date" and for text that cannot be read.
pub fn deadline(text: &str) -> Option<Deadline> {
    match cell(text) {
        DateCell::Date(d) => Some(d),
        DateCell::NoDate | DateCell::Unreadable => None,
    }
}

/// The day a text gives, if it is a plain day: no floor, no clock, no month.
pub fn day(text: &str) -> Option<Date> {
    deadline(text).filter(|d| (d.precision, d.firmness) == (Precision::Day, Firmness::Firm)).map(|d| d.date)
}

/// Whether a text says "nothing": empty, dashes, `N/A`, `TBD` and their like.
pub fn is_none_form(text: &str) -> bool {
    let plain = plain(text);
    plain.chars().all(|c| c == '-') || NONE_FORMS.contains(&plain.as_str())
}

/// Reads a date cell.
pub fn cell(text: &str) -> DateCell {
    if is_none_form(text) {
        return DateCell::NoDate;
    }
    let plain = plain(text);
    let tokens = tokens(&plain);
    match read(&tokens) {
        Some(deadline) => DateCell::Date(Deadline { text: one_line(text, MAX), ..deadline }),
        None => DateCell::Unreadable,
    }
}

/// Lower case, every dash an ASCII one, footnote stars off.
fn plain(text: &str) -> String {
    let dash = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}') { '-' } else { c.to_ascii_lowercase() };
    one_line(text, MAX).chars().map(dash).collect::<String>().trim_end_matches(['*', ' ']).to_owned()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Sign(char),
}
use Token::{Number, Sign, Word};

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let run = |f: fn(&char) -> bool| rest.find(|c: char| !f(&c)).unwrap_or(rest.len());
        let len = if first.is_ascii_digit() {
            run(char::is_ascii_digit)
        } else if first.is_ascii_alphabetic() {
            run(char::is_ascii_alphabetic)
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(len);
        out.push(match first {
            c if c.is_ascii_digit() => Number(token),
            c if c.is_ascii_alphabetic() => Word(token),
            c => Sign(c),
        });
        rest = after.trim_start();
    }
    out
}

type Tokens<'t, 'a> = &'t [Token<'a>];

fn read(tokens: Tokens<'_, '_>) -> Option<Deadline> {
    let (tokens, firmness) = floor(tokens);
    let (date, precision, rest) = date_part(tokens)?;
    let mut deadline = Deadline { precision, firmness, ..Deadline::day(date, "") };
    if rest.is_empty() {
        return Some(deadline);
    }
    if precision != Precision::Day {
        return None;
    }
    let (time, rest) = match clock(rest) {
        Some((time, rest)) => (Some(time), rest),
        None => (None, rest),
    };
    let zone = if rest.is_empty() { None } else { Some(zone(rest)?) };
    if let (Some(time), Some((tz, _))) = (time, &zone) {
        // A local time that occurs twice, or never, is taken at its earliest.
        deadline.at = Some(tz.to_ambiguous_timestamp(date.to_datetime(time)).earlier().ok()?);
        deadline.precision = Precision::Instant;
    }
    deadline.zone = zone.map(|(_, name)| name);
    Some(deadline)
}

fn floor<'t, 'a>(tokens: Tokens<'t, 'a>) -> (Tokens<'t, 'a>, Firmness) {
    let is = |found: &[Token<'_>], words: &[&str]| found.iter().zip(words).all(|(t, w)| *t == Word(w));
    let before = FLOOR_BEFORE.iter().find(|w| tokens.len() > w.len() && is(tokens, w)).map_or(0, |w| w.len());
    let tokens = &tokens[before..];
    let after = FLOOR_AFTER
        .iter()
        .find(|w| tokens.len() > w.len() && is(&tokens[tokens.len() - w.len()..], w))
        .map_or(0, |w| w.len());
    let firmness = if before + after > 0 { Firmness::NotBefore } else { Firmness::Firm };
    (&tokens[..tokens.len() - after], firmness)
}

/// The tokens without the first, if that is one of `allowed`.
fn skip<'t, 'a>(tokens: Tokens<'t, 'a>, allowed: &[Token<'_>]) -> Tokens<'t, 'a> {
    match tokens {
        [first, rest @ ..] if allowed.contains(first) => rest,
        _ => tokens,
    }
}

const ORDINALS: &[Token<'_>] = &[Word("st"), Word("nd"), Word("rd"), Word("th")];

fn date_part<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(Date, Precision, Tokens<'t, 'a>)> {
    match tokens {
        [Number(y), Sign('-'), Number(m), Sign('-'), Number(d), rest @ ..] if m.len() == 2 && d.len() == 2 => {
            Some((date(y, m.parse().ok()?, d)?, Precision::Day, rest))
        }
        [Number(y), Sign('.'), Number(m), Sign('.'), Number(d), rest @ ..] => {
            Some((date(y, m.parse().ok()?, d)?, Precision::Day, rest))
        }
        [Number(y), Sign('-'), Number(m)] if m.len() == 2 => {
            Some((date(y, m.parse().ok()?, "1")?, Precision::Month, &[]))
        }
        [Word("q"), Number(q), Number(y)] | [Number(y), Word("q"), Number(q)] => {
            let quarter = q.parse::<i8>().ok().filter(|q| (1..=4).contains(q))?;
            Some((date(y, quarter * 3 - 2, "1")?, Precision::Quarter, &[]))
        }
        [Number(y)] => Some((date(y, 1, "1")?, Precision::Year, &[])),
        [Word(name), rest @ ..] => {
            let month = month(name)?;
            match skip(rest, &[Sign('.')]) {
                [Number(y)] | [Sign(','), Number(y)] => Some((date(y, month, "1")?, Precision::Month, &[])),
                [Number(d), rest @ ..] => match skip(skip(rest, ORDINALS), &[Sign(',')]) {
                    [Number(y), rest @ ..] => Some((date(y, month, d)?, Precision::Day, rest)),
                    _ => None,
                },
                _ => None,
            }
        }
        [Number(d), rest @ ..] => match skip(skip(rest, ORDINALS), &[Word("of")]) {
            [Word(name), rest @ ..] => match skip(skip(rest, &[Sign('.')]), &[Sign(',')]) {
                [Number(y), rest @ ..] => Some((date(y, month(name)?, d)?, Precision::Day, rest)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn month(name: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|m| *m == name || m[..3] == *name || (*m == "september" && name == "sept"))?;
    i8::try_from(index + 1).ok()
}

fn date(year: &str, month: i8, day: &str) -> Option<Date> {
    if year.len() != 4 || day.len() > 2 {
        return None;
    }
    let year = year.parse().ok().filter(|y| (2015..=2100).contains(y))?;
    Date::new(year, month, day.parse().ok()?).ok()
}

/// `, 00:00:00`, `at 12:00 PM`, `T09:00:00Z`, `at noon`.
fn clock<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(Time, Tokens<'t, 'a>)> {
    let (hour, minute, second, rest) = match skip(skip(tokens, &[Sign(',')]), &[Word("at"), Word("t")]) {
        [Word("noon"), rest @ ..] => return Some((Time::constant(12, 0, 0, 0), rest)),
        [Number(h), Sign(':'), Number(m), Sign(':'), Number(s), rest @ ..] if m.len() == 2 && s.len() == 2 => {
            (h, *m, *s, rest)
        }
        [Number(h), Sign(':'), Number(m), rest @ ..] if m.len() == 2 => (h, *m, "0", rest),
        [Number(h), rest @ ..] if matches!(rest, [Word("am" | "pm"), ..]) => (h, "0", "0", rest),
        _ => return None,
    };
    let hour: i8 = hour.parse().ok()?;
    let (hour, rest) = match rest {
        [Word("am"), rest @ ..] if (1..=12).contains(&hour) => (hour % 12, rest),
        [Word("pm"), rest @ ..] if (1..=12).contains(&hour) => (hour % 12 + 12, rest),
        [Word("am" | "pm"), ..] => return None,
        _ => (hour, rest),
    };
    Some((Time::new(hour, minute.parse().ok()?, second.parse().ok()?, 0).ok()?, rest))
}

/// The zone that the rest of a text names, and nothing else. `CT`, `CST` and `IST` mean several zones and are refused.
fn zone(tokens: Tokens<'_, '_>) -> Option<(TimeZone, String)> {
    let iana = |name: &str| Some((TimeZoneDatabase::bundled().get(name).ok()?, name.to_owned()));
    let fixed = |sign: char, hours: &str, minutes: &str| {
        let (h, m): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        let seconds = (h * 60 + m) * if sign == '-' { -60 } else { 60 };
        let offset = (h <= 14 && m < 60).then(|| Offset::from_seconds(seconds).ok()).flatten()?;
        Some((TimeZone::fixed(offset), format!("{sign}{h:02}:{m:02}")))
    };
    let inner = match tokens {
        [Sign('('), inner @ .., Sign(')')] => inner,
        _ => tokens,
    };
    match inner {
        [Word("utc" | "gmt" | "z")] => Some((TimeZone::UTC, "UTC".to_owned())),
        [Word("pt")] | [Word("pacific"), Word("time")] => iana("America/Los_Angeles"),
        [Word("et")] | [Word("eastern"), Word("time")] => iana("America/New_York"),
        [Word("pst")] => fixed('-', "8", "0"),
        [Word("pdt")] => fixed('-', "7", "0"),
        [Word("est")] => fixed('-', "5", "0"),
        [Word("edt")] => fixed('-', "4", "0"),
        [Word("utc" | "gmt"), Sign(sign @ ('+' | '-')), Number(h)] if h.len() <= 2 => fixed(*sign, h, "0"),
        [Word("utc" | "gmt"), Sign(sign @ ('+' | '-')), Number(h), Sign(':'), Number(m)]
        | [Sign(sign @ ('+' | '-')), Number(h), Sign(':'), Number(m)]
            if h.len() <= 2 && m.len() == 2 =>
        {
            fixed(*sign, h, m)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn read(text: &str) -> Deadline {
        deadline(text).unwrap_or_else(|| panic!("{text:?} was not read"))
    }

    #[test]
    fn a_day_is_read_in_every_form_pages_use() {
        for text in [
            "2026-06-06",
            "2026\u{2011}06\u{2011}06",
            "2026\u{2010}06\u{2015}06",
            "2026\u{2212}06\u{2212}06",
            " 2026-06-06* ",
            "June 6, 2026",
            "June 6 2026",
            "Jun 6, 2026",
            "Jun. 6, 2026",
            "june 06, 2026",
            "June 6th, 2026",
            "June\u{a0}6,\u{a0}2026",
            "6 June 2026",
            "6th of June, 2026",
            "2026.6.6",
        ] {
            let d = read(text);
            assert_eq!((d.date.to_string().as_str(), d.precision), ("2026-06-06", Precision::Day), "{text}");
            assert_eq!((d.firmness, d.at, d.zone), (Firmness::Firm, None, None), "{text}");
        }
        assert_eq!(day("Sept 1, 2026"), Some(jiff::civil::date(2026, 9, 1)));
        assert_eq!(read("  June  6,\n2026 ").text, "June 6, 2026");
    }

    #[test]
    fn a_clock_with_a_zone_is_a_moment() {
        for (text, at, date, zone) in [
            ("May 15, 2026 at 12:00 PM PT", "2026-05-15T19:00:00Z", "2026-05-15", "America/Los_Angeles"),
            ("January 15, 2026 at noon PT", "2026-01-15T20:00:00Z", "2026-01-15", "America/Los_Angeles"),
            ("May 15, 2026, 9am PST", "2026-05-15T17:00:00Z", "2026-05-15", "-08:00"),
            ("October 10, 2026, 00:00:00 (UTC+08:00)", "2026-10-09T16:00:00Z", "2026-10-10", "+08:00"),
            ("2026-10-10T00:30:00Z", "2026-10-10T00:30:00Z", "2026-10-10", "UTC"),
            ("2026-10-10T00:30:00-05:30", "2026-10-10T06:00:00Z", "2026-10-10", "-05:30"),
            ("October 10, 2026 12:15 AM (GMT+8)", "2026-10-09T16:15:00Z", "2026-10-10", "+08:00"),
        ] {
            let d = read(text);
            assert_eq!(d.precision, Precision::Instant, "{text}");
            assert_eq!(d.at.map(|t| t.to_string()).as_deref(), Some(at), "{text}");
            assert_eq!((d.date.to_string().as_str(), d.zone.as_deref()), (date, Some(zone)), "{text}");
        }
    }

    #[test]
    fn a_clock_without_a_zone_is_only_a_day() {
        let d = read("2026.6.30 00:00");
        assert_eq!((d.date.to_string().as_str(), d.precision, d.at), ("2026-06-30", Precision::Day, None));
        assert_eq!(read("June 30, 2026 (UTC)").zone.as_deref(), Some("UTC"));
    }

    #[test]
    fn a_month_quarter_or_year_is_its_first_day() {
        for (text, date, precision) in [
            ("August 2026", "2026-08-01", Precision::Month),
            ("Aug, 2026", "2026-08-01", Precision::Month),
            ("2026-08", "2026-08-01", Precision::Month),
            ("Q3 2026", "2026-07-01", Precision::Quarter),
            ("2026 Q1", "2026-01-01", Precision::Quarter),
            ("2027", "2027-01-01", Precision::Year),
        ] {
            let d = read(text);
            assert_eq!((d.date.to_string().as_str(), d.precision), (date, precision), "{text}");
            assert_eq!(day(text), None, "{text} is no day");
        }
    }

    #[test]
    fn a_floor_is_not_a_date() {
        for text in [
            "Not sooner than June 9, 2027",
            "No sooner than 9 June 2027",
            "No earlier than 2027-06-09",
            "June 9, 2027 or later",
            "at earliest 2027-06-09",
            "June 9, 2027 at the earliest",
            "Will not retire before June 9, 2027",
        ] {
            let d = read(text);
            assert_eq!((d.date.to_string().as_str(), d.firmness), ("2027-06-09", Firmness::NotBefore), "{text}");
            assert_eq!(day(text), None, "{text} is no plain day");
        }
        assert_eq!(read("No earlier than August 2026").precision, Precision::Month);
    }

    #[test]
    fn no_date_is_another_thing_than_an_unreadable_one() {
        for text in [
            "",
            "  ",
            "N/A",
            "n/a",
            "NA",
            "-",
            "\u{2014}",
            "---",
            "TBD",
            "Coming soon",
            "\u{a0}",
            "No shutdown date announced",
        ] {
            assert_eq!(cell(text), DateCell::NoDate, "{text:?}");
        }
        for text in [
            "2026-02-30",
            "June 31, 2026",
            "2014-12-31",
            "2101-01-01",
            "26-06-06",
            "08/16/26",
            "5/22/2026",
            "June 6",
            "Q5 2026",
            "H1 2026",
            "early 2026",
            "end of 2026",
            "in three months",
            "$2026",
            "2026-06-06 or 2026-07-07",
            "July 15th, 2025 (us-east-1 and us-west-2)",
            "May 15, 2026 at 12:00 CST",
            "May 15, 2026 at 13:00 PM PT",
            "May 15, 2026 at 25:00 UTC",
            "2026-06-06-07",
            "\u{ff12}\u{ff10}\u{ff12}\u{ff16}-06-06",
            "soon",
        ] {
            assert_eq!(cell(text), DateCell::Unreadable, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = cell(&text);
        }

        #[test]
        fn texts_of_date_like_pieces_are_read_or_refused_and_a_read_date_is_read_again(
            pieces in proptest::collection::vec(prop_oneof![
                Just("2026".to_owned()), Just("-".into()), Just("\u{2011}".into()), Just(" ".into()), Just(",".into()),
                Just("Q".into()), Just("May".into()), Just("not sooner than".into()), Just("or later".into()),
                Just("at".into()), Just(":".into()), Just("PT".into()), Just("(".into()), Just(")".into()),
                Just("UTC+".into()), Just("th".into()), "[0-9]{1,4}",
            ], 0..12)
        ) {
            if let DateCell::Date(d) = cell(&pieces.concat()) {
                prop_assert!((2015..=2100).contains(&d.date.year()));
                prop_assert_eq!(d.precision == Precision::Instant, d.at.is_some());
                prop_assert_eq!(day(&d.date.to_string()), Some(d.date));
            }
        }

        #[test]
        fn every_day_of_the_years_allowed_is_read_back(days in 0i64..31_411) {
            let date = jiff::civil::date(2015, 1, 1).saturating_add(jiff::Span::new().days(days));
            prop_assert_eq!(day(&date.to_string()), Some(date));
            prop_assert_eq!(day(&date.strftime("%B %-d, %Y").to_string()), Some(date));
            prop_assert_eq!(day(&date.strftime("%d %b %Y").to_string()), Some(date));
        }
    }
}
