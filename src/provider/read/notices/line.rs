//! A paragraph as sentences of words, things and dates.
//!
//! In: a [`Cell`]. Out: [`Sentence`]s. Invariants: a date or a thing is one item, whatever signs stand in it; a sentence does
//! not end inside one; its text is what the page says. Refuses to know what a word means.

use crate::model::Deadline;
use crate::provider::read::date::{self, SlashOrder};
use crate::provider::read::page::{Cell, Piece, flat};
use std::ops::Range;

/// Sentences of one paragraph that are looked at, and the length of one, in bytes.
const MAX_SENTENCES: usize = 200;
const MAX_LENGTH: usize = 4_000;

/// Something that has a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// As it is written.
    pub text: String,
    /// A code span, or plain words that can only be an id: no mere emphasis.
    pub is_id: bool,
}

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A word, lower case.
    Word(String),
    /// Something that has a name.
    Thing(Thing),
    /// A date, which may be the earliest, and whether the words beside it say that it is a sure one.
    Date(Deadline, bool),
    /// `,` `;` `:` `(` `)` `-`.
    Sign(char),
}

/// A sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// As it is written.
    pub text: String,
    /// In pieces.
    pub items: Vec<Item>,
}

/// A paragraph on one line, with the ranges of code and of names.
struct Line {
    text: String,
    marked: Vec<(Range<usize>, bool)>,
}

fn line(cell: &Cell) -> Line {
    let mut out = Line { text: String::new(), marked: Vec::new() };
    for piece in &cell.0 {
        let (text, mark) = match piece {
            Piece::Text(t) => (t.as_str(), None),
            Piece::Code(t) => (t.as_str(), Some(true)),
            // `**Deprecated `x` and `y`**`: emphasis around code is no name.
            Piece::Name(t) if t.starts_with(char::is_whitespace) || t.ends_with(char::is_whitespace) => {
                (t.as_str(), None)
            }
            Piece::Name(t) => (t.as_str(), Some(false)),
            Piece::Model(_) => continue,
            Piece::Break => (" ", None),
        };
        let words = flat(text);
        let spaced = text.starts_with(char::is_whitespace) || words.is_empty();
        if spaced && !out.text.is_empty() && !out.text.ends_with(' ') {
            out.text.push(' ');
        }
        let from = out.text.len();
        out.text.push_str(&words);
        if let Some(is_code) = mark.filter(|_| !words.is_empty()) {
            out.marked.push((from..out.text.len(), is_code));
        }
        if text.ends_with(char::is_whitespace) && !out.text.is_empty() && !out.text.ends_with(' ') {
            out.text.push(' ');
        }
    }
    out
}

/// The sentences of a paragraph.
pub fn sentences(cell: &Cell, slash: Option<SlashOrder>) -> Vec<Sentence> {
    let line = line(cell);
    if line.text.len() > MAX_SENTENCES * MAX_LENGTH {
        return Vec::new();
    }
    // Marks are in order and apart, so those that touch a range are found by halves.
    let code = |r: &Range<usize>| {
        let first = line.marked.partition_point(|(m, _)| m.end <= r.start);
        line.marked[first..].iter().take_while(|(m, _)| m.start < r.end).any(|(_, is_code)| *is_code)
    };
    let dates: Vec<date::Found> = date::find(&line.text, slash).into_iter().filter(|d| !code(&d.range)).collect();
    let dated = |r: &Range<usize>| {
        let first = dates.partition_point(|d| d.range.end <= r.start);
        dates.get(first).is_some_and(|d| d.range.start < r.end)
    };
    // Names that hold a date or a whole sentence are emphasis, not names.
    let is_name = |range: &Range<usize>, is_code: bool| {
        let text = &line.text[range.clone()];
        is_code
            || (!dated(range)
                && text.split(' ').count() <= 6
                && !text.ends_with([':', '.'])
                && text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c.is_ascii_lowercase()))
    };
    let things: Vec<(Range<usize>, bool)> = line.marked.iter().filter(|(r, c)| is_name(r, *c)).cloned().collect();
    let mut out = Vec::new();
    let mut items = Vec::new();
    let (mut from, mut at) = (0, 0);
    let (mut next_thing, mut next_date) = (0, 0);
    while at < line.text.len() && out.len() < MAX_SENTENCES {
        while things.get(next_thing).is_some_and(|(r, _)| r.start < at || r.is_empty()) {
            next_thing += 1;
        }
        while dates.get(next_date).is_some_and(|d| d.range.start < at) {
            next_date += 1;
        }
        let (thing, day) = (things.get(next_thing), dates.get(next_date));
        if let Some((range, is_code)) = thing.filter(|(r, _)| r.start == at) {
            let text = line.text[range.clone()].to_owned();
            let is_id = *is_code || is_plain_id(&text);
            items.push(Item::Thing(Thing { text, is_id }));
            at = range.end;
            continue;
        }
        if let Some(found) = day.filter(|d| d.range.start == at) {
            items.push(Item::Date(floored(&line.text, found), found.hedge != Some(date::Hedge::Vague)));
            at = found.range.end;
            continue;
        }
        let rest = &line.text[at..];
        let Some(c) = rest.chars().next() else { break };
        let limit = thing.map(|(r, _)| r.start).into_iter().chain(day.map(|d| d.range.start)).min();
        let len = word_len(&rest[..limit.map_or(rest.len(), |l| l - at)]);
        if len > 0 {
            let word = &rest[..len];
            items.push(if is_plain_id(word) {
                Item::Thing(Thing { text: word.to_owned(), is_id: true })
            } else {
                Item::Word(word.to_lowercase().replace('\u{2019}', "'"))
            });
            at += len;
            continue;
        }
        at += c.len_utf8();
        match c {
            '.' | '!' | '?' if ends_sentence(&line.text[at..]) => {
                out.push(Sentence { text: line.text[from..at].trim().to_owned(), items: std::mem::take(&mut items) });
                from = at;
            }
            ',' | ';' | ':' | '(' | ')' => items.push(Item::Sign(c)),
            '-' | '\u{2013}' | '\u{2014}' | '>' | '\u{2192}' => items.push(Item::Sign('-')),
            _ => {}
        }
    }
    if !items.is_empty() {
        out.push(Sentence { text: line.text[from..].trim().to_owned(), items });
    }
    out.retain(|s| !s.items.is_empty() && s.text.len() <= MAX_LENGTH);
    out
}

fn floored(text: &str, found: &date::Found) -> Deadline {
    let mut deadline = found.deadline.clone();
    let from =
        (0..=found.range.start).rev().take(60).take_while(|i| *i > 0).filter(|i| text.is_char_boundary(*i)).last();
    let before = &text[from.unwrap_or(0)..found.range.start];
    if date::is_floor(before, &text[found.range.end..]) {
        deadline.firmness = crate::model::Firmness::NotBefore;
    }
    deadline
}

/// Whether a sentence ends before this rest.
fn ends_sentence(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        None => true,
        Some(c) if c.is_whitespace() || matches!(c, '"' | ')' | '\u{201d}') => {
            chars.find(|c| !c.is_whitespace()).is_none_or(|c| !c.is_lowercase())
        }
        Some(_) => false,
    }
}

/// A word in front: letters and digits, with signs inside it.
fn word_len(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let inner = matches!(c, '\'' | '\u{2019}' | '-' | '_' | '/' | '.' | '@' | '+' | '&')
            && end > 0
            && chars.peek().is_some_and(|(_, n)| n.is_alphanumeric());
        if !(c.is_alphanumeric() || inner) {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

/// Plain words that can only be an id: letters, a digit and a hyphen, like `demo-2.5-pro`.
fn is_plain_id(word: &str) -> bool {
    let first = word.split(['-', '.']).next().unwrap_or_default();
    super::super::table::looks_like_id(word)
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.contains('-')
        && word.contains(|c: char| c.is_ascii_digit())
        && word
            .rsplit('-')
            .next()
            .is_some_and(|last| !matches!(last, "day" | "days" | "month" | "months" | "week" | "weeks"))
        && first.len() > 1
        && !word.contains("//")
}
