//! The pieces of a text that may hold a date: numbers, words, signs, with their places.
//!
//! In: a text, ASCII lower case. Out: tokens and the byte range of each. Invariant: ranges are in order and on character
//! borders; every kind of dash is `-`. Refuses to know what a piece means.

use std::ops::Range;

/// One piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// A run of ASCII digits.
    Number(&'a str),
    /// A run of ASCII letters.
    Word(&'a str),
    /// Anything else, one character; dashes as `-`.
    Sign(char),
}
pub use Token::{Number, Sign, Word};

/// Some pieces in a row.
pub type Tokens<'t, 'a> = &'t [Token<'a>];

/// A text in pieces.
#[derive(Debug, Default)]
pub struct Lexed<'a> {
    /// What they are.
    pub tokens: Vec<Token<'a>>,
    /// Where they stand.
    pub spans: Vec<Range<usize>>,
}

/// Whether a character is a dash of any kind.
pub fn is_dash(c: char) -> bool {
    c == '-' || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// Takes a text (lower case) apart.
pub fn lex(text: &str) -> Lexed<'_> {
    let mut out = Lexed::default();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let run = |f: fn(&char) -> bool| rest.find(|c: char| !f(&c)).unwrap_or(rest.len());
        let (token, len) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_ascii_digit() {
            let len = run(char::is_ascii_digit);
            (Number(&rest[..len]), len)
        } else if first.is_ascii_alphabetic() {
            let len = run(char::is_ascii_alphabetic);
            (Word(&rest[..len]), len)
        } else {
            (Sign(if is_dash(first) { '-' } else { first }), first.len_utf8())
        };
        out.tokens.push(token);
        out.spans.push(at..at + len);
        at += len;
    }
    out
}

/// The tokens without the first, if that is one of `allowed`.
pub fn skip<'t, 'a>(tokens: Tokens<'t, 'a>, allowed: &[Token<'_>]) -> Tokens<'t, 'a> {
    match tokens {
        [first, rest @ ..] if allowed.contains(first) => rest,
        _ => tokens,
    }
}

/// The tokens after a phrase, if they begin with it; `-` between its words does not count.
pub fn after<'t, 'a>(tokens: Tokens<'t, 'a>, phrase: &str) -> Option<Tokens<'t, 'a>> {
    // Most phrases begin otherwise, which is seen without taking them apart.
    if !matches!(tokens, [Word(first), ..] if phrase.starts_with(first)) {
        return None;
    }
    let mut rest = tokens;
    for (i, word) in phrase.split(' ').enumerate() {
        if i > 0 {
            rest = skip(rest, &[Sign('-')]);
        }
        rest = match rest {
            [Word(found), after @ ..] if *found == word => after,
            _ => return None,
        };
    }
    Some(rest)
}
