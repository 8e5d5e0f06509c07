//! Where dates stand: in tokens, and in running prose.
//!
//! In: tokens or a text. Out: places with what was read there. Invariant: a date in prose stands free (no digits, no id, no
//! address around it) and has a year. Refuses years alone, and slash dates without their order.

use super::day::{self, Part};
use super::lex::{Number, Sign, Tokens, Word, lex, skip};
use super::words::region;
use super::zone::zone_part;
use super::{Moment, SlashOrder, dated};
use crate::model::{Deadline, Precision};
use std::ops::Range;

/// A date in tokens, with its clock and zone.
#[derive(Debug, Clone)]
pub struct Place {
    /// First token, a zone in front included.
    pub start: usize,
    /// Token after the last.
    pub end: usize,
    /// The date.
    pub part: Part,
    /// Its clock and zone.
    pub moment: Option<Moment>,
}

/// Every date, in order. A slash date without its order is none, and neither is a region's number.
pub fn places(tokens: Tokens<'_, '_>, order: Option<SlashOrder>) -> Vec<Place> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if let Some((_, after)) = region(rest) {
            at = tokens.len() - after.len();
            continue;
        }
        match place(tokens, at, order) {
            Some(found) => {
                at = found.end;
                out.push(found);
            }
            None => at += 1,
        }
    }
    out
}

fn place(tokens: Tokens<'_, '_>, at: usize, order: Option<SlashOrder>) -> Option<Place> {
    let rest = &tokens[at..];
    // "Beijing time 2026.6.30 10:00".
    let (zone_before, rest) = match zone_part(rest) {
        Some((zone, after)) => (Some(zone), skip(after, &[Sign(',')])),
        None => (None, rest),
    };
    let (part, rest) = day::date_part(rest, order)?;
    let of = |moment, rest: Tokens<'_, '_>| Some(Place { start: at, end: tokens.len() - rest.len(), part, moment });
    if part.precision != Precision::Day || part.is_range {
        return of(None, rest);
    }
    let (time, rest) = match day::clock(rest) {
        Some((time, rest)) => (Some(time), rest),
        None if begins_clock(rest) => return None,
        None => (None, rest),
    };
    let (zone, rest) = match (zone_before, zone_part(rest)) {
        (None, Some((zone, rest))) => (Some(zone), rest),
        (zone, _) => (zone, rest),
    };
    let Some(zone) = zone else { return of(None, rest) };
    let at = match time {
        // A local time that occurs twice, or never, is taken at its earliest.
        Some(time) => Some(zone.tz.to_ambiguous_timestamp(part.date.to_datetime(time)).earlier().ok()?),
        None => None,
    };
    of(Some((at, zone.name)), rest)
}

/// Whether a clock was begun that could not be read: `at 25:00`, `13:00 PM`.
fn begins_clock(rest: Tokens<'_, '_>) -> bool {
    matches!(skip(skip(rest, &[Sign(',')]), &[Word("at"), Word("t")]), [Number(_), Sign(':'), ..])
}

/// A date in prose.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where, in bytes.
    pub range: Range<usize>,
    /// What it says, firm; its text is the date alone.
    pub deadline: Deadline,
    /// What the words beside it make of it.
    pub hedge: Option<Hedge>,
}

/// What words beside a date make of it, when it is no sure day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hedge {
    /// Near it: "around D", "D (estimated)".
    Vague,
    /// At the latest: "by D", "before D".
    Limit,
}

const VAGUE_BEFORE: &[&str] = &[
    "around",
    "about",
    "approximately",
    "approx",
    "approx.",
    "circa",
    "roughly",
    "week of",
    "sometime in",
    "estimated",
    "expected",
    "likely",
    "possibly",
    "probably",
    "provisionally",
    "~",
    "\u{2248}",
    "?",
];
const VAGUE_AFTER: &[&str] = &[
    "(est",
    "(expected",
    "(approx",
    "(provisional",
    "(tbc",
    "(subject to",
    "(likely",
    "(unconfirmed",
    "?",
    "or so",
    "or earlier",
    "or sooner",
];
const LIMIT_BEFORE: &[&str] = &["by", "before", "later than", "prior to", "until"];

/// What the words beside a date make of it.
fn hedge(before: &str, after: &str) -> Option<Hedge> {
    let before = before.trim_end_matches([' ', '*', '_', ':', '(']);
    let before = before.strip_suffix(" the").unwrap_or(before).trim_end();
    let ends = |words: &[&str]| {
        words.iter().any(|w| {
            let rest = before.strip_suffix(w);
            rest.is_some_and(|r| !r.ends_with(char::is_alphanumeric) || !w.starts_with(char::is_alphanumeric))
        })
    };
    let after = after.trim_start_matches([' ', '*', '_']);
    let begins = VAGUE_AFTER.iter().any(|w| {
        let rest = after.strip_prefix(w);
        // A question ends with its sign; a date in doubt has it in the middle.
        rest.is_some_and(|r| *w != "?" || !r.trim_start().starts_with(char::is_uppercase))
    });
    if ends(VAGUE_BEFORE) || begins {
        return Some(Hedge::Vague);
    }
    ends(LIMIT_BEFORE).then_some(Hedge::Limit)
}

/// Every date of a text that stands free.
pub fn find(text: &str, order: Option<SlashOrder>) -> Vec<Found> {
    let mut out = Vec::new();
    if !super::has_digit(text) {
        return out;
    }
    let lower = text.to_ascii_lowercase();
    let lexed = lex(&lower);
    for place in places(&lexed.tokens, order) {
        let range = lexed.spans[place.start].start..lexed.spans[place.end - 1].end;
        if !is_free(text, &range) {
            continue;
        }
        let said = super::Said::default();
        let mut deadline = dated(place.part, said, place.moment).deadline;
        deadline.text = text[range.clone()].to_owned();
        let hedge = hedge(&lower[..range.start], &lower[range.end..]);
        out.push(Found { range, deadline, hedge });
    }
    out
}

fn is_free(text: &str, range: &Range<usize>) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '@' | '#' | '=' | '&' | '%');
    let before = text[..range.start].chars().next_back();
    let mut after = text[range.end..].chars();
    let dashed = |c: Option<char>| c.is_some_and(super::lex::is_dash);
    let (next, then) = (after.next(), after.next());
    let joined =
        before.is_some_and(|c| joins(c) || matches!(c, '.' | ':')) || dashed(before) || next.is_some_and(joins);
    let goes_on = dashed(next) && then.is_some_and(char::is_alphanumeric);
    !(joined || goes_on)
}
