//! The time zone that tokens begin with.
//!
//! In: tokens. Out: the zone, its name (IANA or an offset) and the tokens after it. Refuses names that mean several zones
//! (`CT`, `CST`, `IST`).

use super::lex::{Number, Sign, Tokens, Word, after, skip};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

/// A zone: what it is and how it is called.
#[derive(Debug, Clone)]
pub struct Zone {
    /// To place a clock with.
    pub tz: TimeZone,
    /// An IANA name or an offset.
    pub name: String,
}

const IANA: &[(&str, &str)] = &[
    ("pacific time", "America/Los_Angeles"),
    ("pacific", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("eastern time", "America/New_York"),
    ("eastern", "America/New_York"),
    ("et", "America/New_York"),
    ("beijing time", "Asia/Shanghai"),
    ("singapore time", "Asia/Singapore"),
];
const FIXED: &[(&str, char, &str)] = &[
    ("pst", '-', "8"),
    ("pdt", '-', "7"),
    ("est", '-', "5"),
    ("edt", '-', "4"),
    ("cet", '+', "1"),
    ("cest", '+', "2"),
    ("jst", '+', "9"),
];

fn fixed(sign: char, hours: &str, minutes: &str) -> Option<Zone> {
    let (h, m): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = (h * 60 + m) * if sign == '-' { -60 } else { 60 };
    let offset = (h <= 14 && m < 60).then(|| Offset::from_seconds(seconds).ok()).flatten()?;
    Some(Zone { tz: TimeZone::fixed(offset), name: format!("{sign}{h:02}:{m:02}") })
}

/// The zone in front, in brackets or not.
pub fn zone_part<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(Zone, Tokens<'t, 'a>)> {
    match tokens {
        [Sign('('), inner @ ..] => match bare(inner)? {
            (zone, [Sign(')'), rest @ ..]) => Some((zone, rest)),
            _ => None,
        },
        _ => bare(tokens),
    }
}

fn bare<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(Zone, Tokens<'t, 'a>)> {
    for (words, name) in IANA {
        if let Some(rest) = after(tokens, words) {
            let tz = TimeZoneDatabase::bundled().get(name).ok()?;
            return Some((Zone { tz, name: (*name).to_owned() }, rest));
        }
    }
    match tokens {
        [Word("utc" | "gmt"), Sign(sign @ ('+' | '-')), Number(h), Sign(':'), Number(m), rest @ ..]
        | [Sign(sign @ ('+' | '-')), Number(h), Sign(':'), Number(m), rest @ ..]
            if h.len() <= 2 && m.len() == 2 =>
        {
            Some((fixed(*sign, h, m)?, rest))
        }
        [Word("utc" | "gmt"), Sign(sign @ ('+' | '-')), Number(h), rest @ ..] if h.len() <= 2 => {
            Some((fixed(*sign, h, "0")?, rest))
        }
        [Word("utc" | "gmt" | "z"), rest @ ..] => {
            Some((Zone { tz: TimeZone::UTC, name: "UTC".to_owned() }, skip(rest, &[Word("time")])))
        }
        [Word(name), rest @ ..] => {
            let (_, sign, hours) = FIXED.iter().find(|(n, ..)| n == name)?;
            Some((fixed(*sign, hours, "0")?, rest))
        }
        _ => None,
    }
}
