//! Dates as pages write them: a table cell read whole or not at all, and the dates in running prose.
//!
//! In: text and, where a source has one, the order of its slash dates. Out: [`DateCell`]: deadlines with the part of the
//! platform each holds for, "there is no date", or "there is text we could not read". Invariant: every word of a cell is
//! accounted for; a date is the earliest day the text allows. Refuses to guess: slash dates without their order, dates
//! without a year, seasons, several dates without a region or deployment each.
//! Rows of the grammar: what the deprecation pages of `providers/` write (see `providers/README.md`).

mod clauses;
mod day;
mod find;
mod lex;
#[cfg(test)]
mod tests;
mod words;
mod zone;

pub use crate::provider::file::SlashOrder;
pub use find::{Found, Hedge, find};

use crate::model::{Deadline, Firmness, Precision, text::one_line};
use day::Part;
use find::Place;
use jiff::civil::Date;
use lex::{Number, Sign, Tokens, Word, lex};
use words::{Said, explain};

/// A deadline and the part of the platform it holds for; everywhere, if neither says something.
#[derive(Debug, Clone, PartialEq)]
pub struct Dated {
    /// When.
    pub deadline: Deadline,
    /// Regions it holds for.
    pub regions: Vec<String>,
    /// Types of deployment it holds for.
    pub deployments: Vec<String>,
}

/// What a date cell says.
#[derive(Debug, Clone, PartialEq)]
pub enum DateCell {
    /// Dates: one, or several with a region or deployment each.
    Dates(Vec<Dated>),
    /// That there is none: empty, `N/A`, `—`, `TBD`.
    NoDate,
    /// Something that is no date by these rules: a person should look.
    Unreadable,
}

/// Longest text that is looked at, in characters.
const MAX: usize = 600;
const NONE_FORMS: &[&str] = &[
    "n/a",
    "na",
    "none",
    "nil",
    "tbd",
    "tba",
    "tbc",
    "to be determined",
    "to be announced",
    "to be confirmed",
    "not announced",
    "not yet announced",
    "not scheduled",
    "not applicable",
    "not available",
    "unknown",
    "coming soon",
    "no date announced",
    "no date set",
    "no date yet",
    "not planned",
    "none planned",
    "none scheduled",
    "not set",
    "not yet set",
    "not yet scheduled",
    "not determined",
    "not deprecated",
    "unannounced",
    "undecided",
];

/// The deadline a text gives, for the whole platform; `None` both for "no date" and for text that cannot be read.
pub fn deadline(text: &str) -> Option<Deadline> {
    match cell(text, None) {
        DateCell::Dates(dates) => match <[Dated; 1]>::try_from(dates) {
            Ok([Dated { deadline, regions, deployments }]) if regions.is_empty() && deployments.is_empty() => {
                Some(deadline)
            }
            Ok(_) | Err(_) => None,
        },
        DateCell::NoDate | DateCell::Unreadable => None,
    }
}

/// The day a text gives, if it is a plain day: no floor, no clock, no month.
pub fn day(text: &str) -> Option<Date> {
    deadline(text).filter(|d| (d.precision, d.firmness) == (Precision::Day, Firmness::Firm)).map(|d| d.date)
}

/// Whether a text says "nothing": empty, dashes, `N/A`, `TBD` and their like.
pub fn is_none_form(text: &str) -> bool {
    if has_digit(text) {
        return false;
    }
    let plain: String = text_of(text)
        .chars()
        .map(|c| if lex::is_dash(c) { '-' } else { c })
        .collect::<String>()
        .trim_matches(['.', '(', ')', ' '])
        .to_owned();
    plain.chars().all(|c| c == '-') || NONE_FORMS.contains(&plain.as_str()) || is_no_date_announced(&plain)
}

/// No date is without one, and none of the words for "no date" has one.
fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// `No shutdown date announced`, `No retirement date has been set`.
fn is_no_date_announced(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    words.len() <= 8
        && matches!(words.first(), Some(&"no"))
        && words.iter().any(|w| matches!(*w, "date" | "dates" | "retirement" | "shutdown" | "plans"))
        && !text.contains(|c: char| c.is_ascii_digit())
}

/// Reads a date cell.
pub fn cell(text: &str, order: Option<SlashOrder>) -> DateCell {
    if is_none_form(text) {
        return DateCell::NoDate;
    }
    if !has_digit(text) {
        return DateCell::Unreadable;
    }
    let plain = without_remarks(&text_of(text)).replace("a.m.", "am").replace("p.m.", "pm");
    let lexed = lex(&plain);
    let tokens = lexed.tokens.as_slice();
    let places = find::places(tokens, order);
    let dates = match places.as_slice() {
        [] => year_only(tokens).map(|d| vec![d]),
        [place] => one(tokens, place).map(|d| vec![d]),
        [first, second] if between(tokens, first.end, second.start) => range(tokens, first, second).map(|d| vec![d]),
        _ => None,
    };
    let dates = match dates {
        None if !places.is_empty() => clauses::read(tokens, &places),
        dates => dates,
    };
    match dates {
        Some(dates) => {
            let text = one_line(text, MAX);
            DateCell::Dates(
                dates
                    .into_iter()
                    .map(|d| Dated { deadline: Deadline { text: text.clone(), ..d.deadline }, ..d })
                    .collect(),
            )
        }
        None => DateCell::Unreadable,
    }
}

/// The zone that a header gives for the dates below it: `Retirement date (UTC)`.
pub fn zone_of(header: &str) -> Option<String> {
    let plain = text_of(header);
    let lexed = lex(&plain);
    let at = lexed.tokens.iter().position(|t| *t == Sign('('))?;
    zone::zone_part(&lexed.tokens[at..]).map(|(zone, _)| zone.name)
}

/// The regions a cell lists, if it lists nothing else: `us-east-1, us-west-2`.
pub fn regions(text: &str) -> Vec<String> {
    let plain = text_of(text);
    words::region_list(&lex(&plain).tokens).unwrap_or_default()
}

/// The types of deployment that a text names.
pub fn deployments(text: &str) -> Vec<String> {
    let plain = text_of(text);
    words::scopes(&lex(&plain).tokens).deployments
}

/// Whether the words beside a date in prose make it the earliest one.
pub fn is_floor(before: &str, after: &str) -> bool {
    let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
    let (before, after) = (before.trim_end(), after.trim_start().trim_start_matches([',', '(']).trim_start());
    words::FLOORS.iter().any(|f| {
        let ends = before.strip_suffix(f).is_some_and(|b| !b.ends_with(char::is_alphanumeric));
        ends || after.strip_prefix(f).is_some_and(|a| !a.starts_with(char::is_alphanumeric))
    })
}

/// Without marks of footnotes (`[^1]`, `[2]`, `¹`, `†`) and remarks in brackets that count days or name the date before:
/// `(in 148 days)`, `(was October 1, 2026)`.
fn without_remarks(text: &str) -> String {
    const BEFORE: &[&str] = &[
        "was ",
        "previously",
        "originally",
        "formerly",
        "extended from",
        "moved from",
        "postponed from",
        "changed from",
        "instead of",
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['(', '[']) {
        let close = if rest[at..].starts_with('(') { ')' } else { ']' };
        let Some(end) = rest[at..].find(close).map(|e| at + e) else { break };
        let inside = rest[at + 1..end].trim();
        let mark = close == ']' && inside.trim_start_matches('^').len() <= 3;
        let counts = inside.starts_with(|c: char| c.is_ascii_digit()) || inside.starts_with("in ");
        let relative =
            counts && ["days", "weeks", "months", "day", "left", "to go", "ago"].iter().any(|w| inside.ends_with(w));
        let before = BEFORE.iter().any(|b| inside.starts_with(b));
        out.push_str(&rest[..at]);
        if !(mark || relative || before) {
            out.push_str(&rest[at..=end]);
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out.retain(|c| !matches!(c, '\u{b9}' | '\u{b2}' | '\u{b3}' | '\u{2020}' | '\u{2021}'));
    out.trim().to_owned()
}

/// One line, lower case, footnote stars off.
fn text_of(text: &str) -> String {
    one_line(text, MAX).to_ascii_lowercase().trim_end_matches(['*', ' ']).trim_start_matches(['*', ' ']).to_owned()
}

/// `2026`, with at most words for a floor beside it.
fn year_only(tokens: Tokens<'_, '_>) -> Option<Dated> {
    let at = tokens.iter().position(|t| matches!(t, Number(y) if y.len() == 4))?;
    let Number(year) = tokens[at] else { return None };
    let said = explain(&tokens[..at])?.and(explain(&tokens[at + 1..])?);
    let bare = tokens.iter().all(|t| !matches!(t, Sign(c) if !matches!(c, '(' | ')' | '.' | ',')));
    let part = Part { date: day::date(year, 1, "1")?, precision: Precision::Year, is_range: false };
    // The end of a year is not its first day.
    (bare && !said.part_of && !matches!(tokens[..at].last(), Some(Word("of")))).then(|| dated(part, said, None))
}

/// Exactly one date and words that are understood.
fn one(tokens: Tokens<'_, '_>, place: &Place) -> Option<Dated> {
    let said = explain(&tokens[..place.start])?.and(explain(&tokens[place.end..])?);
    if said.part_of && !matches!(place.part.precision, Precision::Month | Precision::Quarter) {
        return None;
    }
    Some(dated(place.part, said, place.moment.clone()))
}

/// Whether nothing but "to" or a dash stands between two dates.
fn between(tokens: Tokens<'_, '_>, from: usize, to: usize) -> bool {
    matches!(tokens.get(from..to), Some([Sign('-')] | [Word("to" | "through" | "and" | "until")]))
}

/// `June 1, 2026 to June 15, 2026`: not before its first day.
fn range(tokens: Tokens<'_, '_>, first: &Place, second: &Place) -> Option<Dated> {
    let says_between = matches!(tokens[..first.start], [.., Word("between")]);
    if matches!(tokens[first.end], Word("and")) && !says_between {
        return None;
    }
    let before = &tokens[..first.start - usize::from(says_between)];
    let said = explain(before)?.and(explain(&tokens[second.end..])?);
    let begins = Part { is_range: true, ..first.part };
    (first.part.date < second.part.date && first.moment.is_none()).then(|| dated(begins, said, None))
}

/// A clock with its zone, or a zone alone.
type Moment = (Option<jiff::Timestamp>, String);

fn dated(part: Part, said: Said, moment: Option<Moment>) -> Dated {
    let firmness = if said.floor || part.is_range { Firmness::NotBefore } else { Firmness::Firm };
    let mut deadline = Deadline { precision: part.precision, firmness, ..Deadline::day(part.date, "") };
    if let Some((at, zone)) = moment {
        deadline.zone = Some(zone);
        if at.is_some() {
            deadline.at = at;
            deadline.precision = Precision::Instant;
        }
    }
    Dated { deadline, regions: said.regions, deployments: said.deployments }
}
