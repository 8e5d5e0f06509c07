//! Dates in a page, found and written again without the reader that is tested.
//!
//! In: text. Out: the same with each date that stands for itself in another style. Refuses dates within ids, addresses and code.

use forewarn::provider::read::date::SlashOrder;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// What such dates are worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// They are read on every page.
    Read,
    /// They are no firm dates.
    NotFirm,
    /// They may be read or not.
    Other,
}

pub struct Style {
    pub name: &'static str,
    pub kind: Kind,
    pub write: fn(Day) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    pub year: i16,
    pub month: usize,
    pub day: u8,
}

const LONG: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

fn long(d: Day) -> &'static str {
    LONG[d.month - 1]
}

fn weekday(d: Day) -> &'static str {
    let month = i8::try_from(d.month).unwrap_or(1);
    match jiff::civil::date(d.year, month, d.day.cast_signed()).weekday() {
        jiff::civil::Weekday::Monday => "Monday",
        jiff::civil::Weekday::Tuesday => "Tuesday",
        jiff::civil::Weekday::Wednesday => "Wednesday",
        jiff::civil::Weekday::Thursday => "Thursday",
        jiff::civil::Weekday::Friday => "Friday",
        jiff::civil::Weekday::Saturday => "Saturday",
        jiff::civil::Weekday::Sunday => "Sunday",
    }
}

fn ordinal(day: u8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

pub const STYLES: &[Style] = &[
    Style { name: "2027-03-05", kind: Kind::Read, write: |d| format!("{}-{:02}-{:02}", d.year, d.month, d.day) },
    Style {
        name: "2027\u{2011}03\u{2011}05",
        kind: Kind::Read,
        write: |d| format!("{}\u{2011}{:02}\u{2011}{:02}", d.year, d.month, d.day),
    },
    Style { name: "March 5, 2027", kind: Kind::Read, write: |d| format!("{} {}, {}", long(d), d.day, d.year) },
    Style { name: "March 05, 2027", kind: Kind::Read, write: |d| format!("{} {:02}, {}", long(d), d.day, d.year) },
    Style {
        name: "March 5th, 2027",
        kind: Kind::Read,
        write: |d| format!("{} {}{}, {}", long(d), d.day, ordinal(d.day), d.year),
    },
    Style { name: "Mar 5, 2027", kind: Kind::Read, write: |d| format!("{} {}, {}", &long(d)[..3], d.day, d.year) },
    Style { name: "Mar. 5, 2027", kind: Kind::Read, write: |d| format!("{}. {}, {}", &long(d)[..3], d.day, d.year) },
    Style { name: "5 Mar 2027", kind: Kind::Read, write: |d| format!("{} {} {}", d.day, &long(d)[..3], d.year) },
    Style { name: "5 March 2027", kind: Kind::Read, write: |d| format!("{} {} {}", d.day, long(d), d.year) },
    Style {
        name: "5th of March 2027",
        kind: Kind::Read,
        write: |d| format!("{}{} of {} {}", d.day, ordinal(d.day), long(d), d.year),
    },
    Style {
        name: "Friday, March 5, 2027",
        kind: Kind::Read,
        write: |d| format!("{}, {} {}, {}", weekday(d), long(d), d.day, d.year),
    },
    Style { name: "2027/03/05", kind: Kind::Read, write: |d| format!("{}/{:02}/{:02}", d.year, d.month, d.day) },
    Style { name: "2027.3.5", kind: Kind::Read, write: |d| format!("{}.{}.{}", d.year, d.month, d.day) },
    Style { name: "05-Mar-2027", kind: Kind::Read, write: |d| format!("{:02}-{}-{}", d.day, &long(d)[..3], d.year) },
    Style { name: "2027年3月5日", kind: Kind::Read, write: |d| format!("{}年{}月{}日", d.year, d.month, d.day) },
    Style { name: "03/05/2027", kind: Kind::Other, write: |d| format!("{:02}/{:02}/{}", d.month, d.day, d.year) },
    Style { name: "3/5/27", kind: Kind::Other, write: |d| format!("{}/{}/{}", d.month, d.day, d.year % 100) },
    Style { name: "5.3.2027", kind: Kind::Other, write: |d| format!("{}.{}.{}", d.day, d.month, d.year) },
    Style {
        name: "05-03-27",
        kind: Kind::Other,
        write: |d| format!("{:02}-{:02}-{:02}", d.day, d.month, d.year % 100),
    },
    Style { name: "20270305", kind: Kind::Other, write: |d| format!("{}{:02}{:02}", d.year, d.month, d.day) },
    Style { name: "March 5", kind: Kind::Other, write: |d| format!("{} {}", long(d), d.day) },
    Style { name: "5 March", kind: Kind::Other, write: |d| format!("{} {}", d.day, long(d)) },
    Style { name: "March 5 '27", kind: Kind::Other, write: |d| format!("{} {} '{}", long(d), d.day, d.year % 100) },
    Style {
        name: "le 5 mars 2027",
        kind: Kind::Other,
        write: |d| format!("le {} {} {}", d.day, FRENCH[d.month - 1], d.year),
    },
    Style {
        name: "March 5, 2027 (UTC)",
        kind: Kind::Other,
        write: |d| format!("{} {}, {} (UTC)", long(d), d.day, d.year),
    },
    Style {
        name: "March 5, 2027 (originally January 9, 2026)",
        kind: Kind::Other,
        write: |d| format!("{} {}, {} (originally January 9, 2026)", long(d), d.day, d.year),
    },
    Style {
        name: "the week of March 5, 2027",
        kind: Kind::NotFirm,
        write: |d| format!("the week of {} {}, {}", long(d), d.day, d.year),
    },
    Style { name: "by March 5, 2027", kind: Kind::NotFirm, write: |d| format!("by {} {}, {}", long(d), d.day, d.year) },
    Style {
        name: "before March 5, 2027",
        kind: Kind::NotFirm,
        write: |d| format!("before {} {}, {}", long(d), d.day, d.year),
    },
    Style {
        name: "after March 5, 2027",
        kind: Kind::Other,
        write: |d| format!("after {} {}, {}", long(d), d.day, d.year),
    },
    Style {
        name: "no later than March 5, 2027",
        kind: Kind::NotFirm,
        write: |d| format!("no later than {} {}, {}", long(d), d.day, d.year),
    },
    Style {
        name: "March 5, 2027 (estimated)",
        kind: Kind::NotFirm,
        write: |d| format!("{} {}, {} (estimated)", long(d), d.day, d.year),
    },
    Style {
        name: "March 5, 2027 (tentative)",
        kind: Kind::NotFirm,
        write: |d| format!("{} {}, {} (tentative)", long(d), d.day, d.year),
    },
    Style {
        name: "not before March 5, 2027",
        kind: Kind::NotFirm,
        write: |d| format!("not before {} {}, {}", long(d), d.day, d.year),
    },
    Style { name: "March 5, 2027?", kind: Kind::NotFirm, write: |d| format!("{} {}, {}?", long(d), d.day, d.year) },
    Style { name: "~March 5, 2027", kind: Kind::NotFirm, write: |d| format!("~{} {}, {}", long(d), d.day, d.year) },
    Style {
        name: "around March 5, 2027",
        kind: Kind::NotFirm,
        write: |d| format!("around {} {}, {}", long(d), d.day, d.year),
    },
    Style {
        name: "1804204800",
        kind: Kind::Other,
        write: |d| {
            let month = i8::try_from(d.month).unwrap_or(1);
            let day = jiff::civil::date(d.year, month, d.day.cast_signed()).at(0, 0, 0, 0);
            jiff::tz::TimeZone::UTC.to_timestamp(day).map(|t| t.as_second().to_string()).unwrap_or_default()
        },
    },
    Style { name: "soon", kind: Kind::Other, write: |_| "soon".to_owned() },
    Style { name: "TBD", kind: Kind::Other, write: |_| "TBD".to_owned() },
];

static DATES: LazyLock<Regex> = LazyLock::new(|| {
    let months = "January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec";
    let dash = "[-\u{2010}-\u{2015}\u{2212}]";
    Regex::new(&format!(
        r"(?P<tag><[^>]*>|https?://\S+|\]\([^)]*\))|(?P<y1>20\d\d){dash}(?P<m1>\d\d){dash}(?P<d1>\d\d)|(?P<m2>{months})\.? (?P<d2>\d\d?)(?:st|nd|rd|th)?,? (?P<y2>20\d\d)|(?P<m3>\d\d?)/(?P<d3>\d\d?)/(?P<y3>20\d\d|\d\d)"
    ))
    .unwrap_or_else(|e| panic!("{e}"))
});

/// The text with its dates written otherwise.
pub fn restyled(text: &str, slash: Option<SlashOrder>, write: fn(Day) -> String) -> String {
    DATES
        .replace_all(text, |c: &Captures<'_>| {
            let Some(whole) = c.get(0) else { return String::new() };
            let around = |s: Option<char>| {
                s.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '`' | '#' | '@'))
            };
            let free =
                !around(text[..whole.start()].chars().next_back()) && !around(text[whole.end()..].chars().next());
            let in_code = text[..whole.start()].ends_with("<code>");
            match day(c, slash).filter(|_| free && !in_code) {
                Some(day) => write(day),
                None => whole.as_str().to_owned(),
            }
        })
        .into_owned()
}

fn day(c: &Captures<'_>, slash: Option<SlashOrder>) -> Option<Day> {
    let number = |name: &str| c.name(name).and_then(|m| m.as_str().parse::<u16>().ok());
    let of = |year: u16, month: u16, day: u16| {
        let year = if year < 100 { 2000 + year } else { year };
        let day = Day { year: year.try_into().ok()?, month: month.into(), day: day.try_into().ok()? };
        let month = i8::try_from(day.month).ok()?;
        jiff::civil::Date::new(day.year, month, day.day.cast_signed()).is_ok().then_some(day)
    };
    if let (Some(y), Some(m), Some(d)) = (number("y1"), number("m1"), number("d1")) {
        return of(y, m, d);
    }
    if let (Some(y), Some(m), Some(d)) = (number("y2"), c.name("m2"), number("d2")) {
        let month = LONG.iter().position(|l| l.starts_with(&m.as_str()[..3]))?;
        return of(y, u16::try_from(month).ok()? + 1, d);
    }
    let (a, b, y) = (number("m3")?, number("d3")?, number("y3")?);
    match slash? {
        SlashOrder::MonthFirst => of(y, a, b),
        SlashOrder::DayFirst => of(y, b, a),
    }
}
