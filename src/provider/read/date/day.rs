//! The day, month or quarter that a row of tokens begins with, and the clock after it.
//!
//! In: tokens. Out: what was read and the tokens after it. Invariant: years are 2015 to 2100; a month or quarter is its
//! first day; a range is its first day. Refuses to guess: slash dates without their order, days without a year, weekdays
//! that do not fit.

use super::SlashOrder;
use super::lex::{Number, Sign, Token, Tokens, Word, skip};
use crate::model::Precision;
use jiff::civil::{Date, Time, Weekday};

/// A date read from the front of some tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The earliest day it allows.
    pub date: Date,
    /// How exactly it was said.
    pub precision: Precision,
    /// It was the beginning of a range.
    pub is_range: bool,
}

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
const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const ORDINALS: &[Token<'_>] = &[Word("st"), Word("nd"), Word("rd"), Word("th")];

type Read<'t, 'a> = (Part, Tokens<'t, 'a>);

/// The date that tokens begin with, weekday and range included.
pub fn date_part<'t, 'a>(tokens: Tokens<'t, 'a>, order: Option<SlashOrder>) -> Option<Read<'t, 'a>> {
    if let [Word(name), rest @ ..] = tokens
        && let Some(weekday) = weekday(name)
    {
        let (part, rest) = plain_part(skip(skip(rest, &[Sign('.')]), &[Sign(',')]), order)?;
        let fits = part.precision == Precision::Day && part.date.weekday() == weekday;
        return fits.then_some((part, rest));
    }
    plain_part(tokens, order)
}

fn plain_part<'t, 'a>(tokens: Tokens<'t, 'a>, order: Option<SlashOrder>) -> Option<Read<'t, 'a>> {
    let of = |date: Option<Date>, precision, rest: Tokens<'t, 'a>| {
        Some((Part { date: date?, precision, is_range: false }, rest))
    };
    match tokens {
        [Number(y), Sign('\u{5e74}'), Number(m), Sign('\u{6708}'), Number(d), Sign('\u{65e5}'), rest @ ..] => {
            of(date(y, m.parse().ok()?, d), Precision::Day, rest)
        }
        [Number(y), Sign('-'), Number(m), Sign('-'), Number(d), rest @ ..] if y.len() == 4 && m.len() <= 2 => {
            of(date(y, m.parse().ok()?, d), Precision::Day, rest)
        }
        [Number(y), Sign(a @ ('.' | '/')), Number(m), Sign(b), Number(d), rest @ ..] if a == b && y.len() == 4 => {
            of(date(y, m.parse().ok()?, d), Precision::Day, rest)
        }
        [Number(a), Sign('/'), Number(b), Sign('/'), Number(year), rest @ ..] => {
            of(ordered(a, b, year, order?), Precision::Day, rest)
        }
        // Nobody writes the month first before a dot, whatever a source does before a slash.
        [Number(a), Sign('.'), Number(b), Sign('.'), Number(year), rest @ ..]
            if order == Some(SlashOrder::DayFirst) =>
        {
            of(ordered(a, b, year, SlashOrder::DayFirst), Precision::Day, rest)
        }
        [Number(d), Sign('-'), Word(m), Sign('-'), Number(y), rest @ ..] => {
            of(date(y, month(m)?, d), Precision::Day, rest)
        }
        [Number(y), Sign('-'), Number(m), rest @ ..] if m.len() == 2 && !goes_on(rest) => {
            of(date(y, m.parse().ok()?, "1"), Precision::Month, rest)
        }
        [Word("q"), Number(q), rest @ ..] => match skip(skip(rest, &[Sign(',')]), &[Word("of")]) {
            [Number(y), rest @ ..] => of(quarter(q, y), Precision::Quarter, rest),
            _ => None,
        },
        [Number(y), Word("q"), Number(q), rest @ ..] | [Number(y), Sign('-'), Word("q"), Number(q), rest @ ..] => {
            of(quarter(q, y), Precision::Quarter, rest)
        }
        [Word("h"), Number(h), rest @ ..] => match skip(skip(rest, &[Sign(',')]), &[Word("of")]) {
            [Number(y), rest @ ..] => of(half(h, y), Precision::Half, rest),
            _ => None,
        },
        [Number(y), Word("h"), Number(h), rest @ ..] | [Number(y), Sign('-'), Word("h"), Number(h), rest @ ..] => {
            of(half(h, y), Precision::Half, rest)
        }
        [Word(which @ ("first" | "second")), Word("half"), rest @ ..] => match skip(rest, &[Word("of")]) {
            [Number(y), rest @ ..] => of(half(if *which == "first" { "1" } else { "2" }, y), Precision::Half, rest),
            _ => None,
        },
        [Number(y), Word(m), Number(d), rest @ ..] if y.len() == 4 => {
            of(date(y, month(m)?, d), Precision::Day, skip(rest, ORDINALS))
        }
        [Word(name), rest @ ..] => month_first(month(name)?, skip(rest, &[Sign('.')])),
        [Number(d), rest @ ..] => match skip(skip(rest, ORDINALS), &[Word("of")]) {
            [Word(name), rest @ ..] => match skip(skip(rest, &[Sign('.')]), &[Sign(',')]) {
                [Number(y), rest @ ..] => of(date(y, month(name)?, d), Precision::Day, rest),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// What follows a month's name: `6, 2026`, `6th 2026`, `2026`, and the ranges `1-15, 2026`, `1 to July 5, 2026`, `to May 2026`.
fn month_first<'t, 'a>(month_of: i8, rest: Tokens<'t, 'a>) -> Option<Read<'t, 'a>> {
    let day = |y: &str, d: &str, rest, is_range| {
        Some((Part { date: date(y, month_of, d)?, precision: Precision::Day, is_range }, rest))
    };
    match rest {
        [Number(y), rest @ ..] | [Sign(','), Number(y), rest @ ..] if y.len() == 4 => {
            Some((Part { date: date(y, month_of, "1")?, precision: Precision::Month, is_range: false }, rest))
        }
        [Word("of"), Number(y), rest @ ..] if y.len() == 4 => {
            Some((Part { date: date(y, month_of, "1")?, precision: Precision::Month, is_range: false }, rest))
        }
        [Sign('-') | Word("to" | "through"), Word(last), Number(y), rest @ ..] => {
            let (first, end) = (date(y, month_of, "1")?, date(y, month(last)?, "1")?);
            (first < end).then_some((Part { date: first, precision: Precision::Month, is_range: true }, rest))
        }
        [Number(d), rest @ ..] => match skip(rest, ORDINALS) {
            [Sign('-') | Word("to" | "through"), Number(last), rest @ ..] => {
                match skip(skip(rest, ORDINALS), &[Sign(',')]) {
                    [Number(y), rest @ ..] if date(y, month_of, d)? < date(y, month_of, last)? => day(y, d, rest, true),
                    _ => None,
                }
            }
            [Sign('-') | Word("to" | "through"), Word(m), Number(last), rest @ ..] => {
                match skip(skip(rest, ORDINALS), &[Sign(',')]) {
                    [Number(y), rest @ ..] if date(y, month_of, d)? < date(y, month(m)?, last)? => {
                        day(y, d, rest, true)
                    }
                    _ => None,
                }
            }
            rest => match skip(rest, &[Sign(',')]) {
                [Number(y), rest @ ..] => day(y, d, rest, false),
                _ => None,
            },
        },
        _ => None,
    }
}

/// Whether a number goes on: `-07` after `2026-06`.
fn goes_on(rest: Tokens<'_, '_>) -> bool {
    matches!(rest, [Sign('-' | '/' | '.'), Number(_), ..] | [Word("t"), Number(_), ..])
}

fn weekday(name: &str) -> Option<Weekday> {
    let long = |w: &str| w == name || w[..3] == *name || (name.len() >= 4 && w.starts_with(name));
    WEEKDAYS.iter().find(|(w, _)| long(w)).map(|(_, d)| *d)
}

/// The number of a month by its name, long or short.
pub fn month(name: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|m| *m == name || m[..3] == *name || (*m == "september" && name == "sept"))?;
    i8::try_from(index + 1).ok()
}

fn quarter(quarter: &str, year: &str) -> Option<Date> {
    let quarter = quarter.parse::<i8>().ok().filter(|q| (1..=4).contains(q))?;
    date(year, quarter * 3 - 2, "1")
}

fn half(half: &str, year: &str) -> Option<Date> {
    match half {
        "1" => date(year, 1, "1"),
        "2" => date(year, 7, "1"),
        _ => None,
    }
}

fn ordered(a: &str, b: &str, year: &str, order: SlashOrder) -> Option<Date> {
    let (month, day) = match order {
        SlashOrder::MonthFirst => (a, b),
        SlashOrder::DayFirst => (b, a),
    };
    let year = if year.len() == 2 { format!("20{year}") } else { year.to_owned() };
    date(&year, month.parse().ok()?, day)
}

/// A day of a year we believe in.
pub fn date(year: &str, month: i8, day: &str) -> Option<Date> {
    if year.len() != 4 || day.len() > 2 {
        return None;
    }
    let year = year.parse().ok().filter(|y| (2015..=2100).contains(y))?;
    Date::new(year, month, day.parse().ok()?).ok()
}

/// `, 00:00:00`, `at 12:00 PM`, `T09:00:00Z`, `at noon`.
pub fn clock<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(Time, Tokens<'t, 'a>)> {
    let (hour, minute, second, rest) = match skip(skip(tokens, &[Sign(',')]), &[Word("at"), Word("t")]) {
        [Word("noon"), rest @ ..] => return Some((Time::constant(12, 0, 0, 0), rest)),
        [Number(h), Sign(':'), Number(m), Sign(':'), Number(s), rest @ ..] if m.len() == 2 && s.len() == 2 => {
            let rest = match rest {
                [Sign('.'), Number(_), rest @ ..] => rest,
                _ => rest,
            };
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
