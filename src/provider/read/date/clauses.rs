//! Cells with several dates, each for a region or a type of deployment.
//!
//! In: the tokens of a cell and where its dates stand. Out: the dates with what each holds for. Invariant: each date of an
//! end has a part of the cell for itself that says where it holds; no two hold for the same. Refuses a cell in which one
//! of them is left over.

use super::find::Place;
use super::lex::{Number, Sign, Token, Tokens, Word};
use super::words::{self, Said, explain};
use super::{Dated, dated};
use crate::model::Precision;
use std::ops::Range;

/// Reads `D1 (us-east-1), D2 (us-west-2)`, `Standard: D1; Provisioned: D2`, `Standard retires on D1. For others it is D2.`
pub fn read(tokens: Tokens<'_, '_>, places: &[Place]) -> Option<Vec<Dated>> {
    let scoped = by_borders(tokens, places).or_else(|| by_side(tokens, places))?;
    let fits = |d: &Dated| places.len() == 1 || !(d.regions.is_empty() && d.deployments.is_empty());
    let mut seen = std::collections::BTreeSet::new();
    let apart = scoped.iter().flat_map(|d| d.regions.iter().chain(&d.deployments)).all(|s| seen.insert(s.clone()));
    (!scoped.is_empty() && scoped.iter().all(fits) && apart).then_some(scoped)
}

/// Parts between `;`, `|`, `/`, the ends of sentences and "with".
fn by_borders(tokens: Tokens<'_, '_>, places: &[Place]) -> Option<Vec<Dated>> {
    let inside = |i: usize| places.iter().any(|p| (p.start..p.end).contains(&i));
    let is_border = |i: usize| {
        !inside(i)
            && match tokens[i] {
                Sign(';' | '|' | '/' | '\u{b7}') => true,
                Sign('.') => i > 0,
                Word("with" | "while" | "whereas") => true,
                Sign(',') => matches!(tokens.get(i + 1), Some(Word("with" | "while" | "whereas" | "but"))),
                _ => false,
            }
    };
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    for at in (0..tokens.len()).filter(|i| is_border(*i)).chain([tokens.len()]) {
        if at > from {
            parts.push(from..at);
        }
        from = at + 1;
    }
    let mut out = Vec::new();
    for part in parts {
        let held: Vec<&Place> = places.iter().filter(|p| part.contains(&p.start)).collect();
        match held.as_slice() {
            // Words without a date must be understood too.
            [] => {
                explain(&tokens[part])?;
            }
            [place] => {
                let around = [&tokens[part.start..place.start], &tokens[place.end..part.end]];
                match strict(around) {
                    Some(said) => out.push(whole(place, said)?),
                    None => match prose(around)? {
                        Prose::End(said) => out.push(whole(place, said)?),
                        Prose::Other => {}
                    },
                }
            }
            _ => return None,
        }
    }
    Some(out)
}

/// All scopes before their dates, or all after them.
fn by_side(tokens: Tokens<'_, '_>, places: &[Place]) -> Option<Vec<Dated>> {
    let last = places.len() - 1;
    let before = || {
        places.iter().enumerate().map(|(i, p)| {
            let from = if i == 0 { 0 } else { places[i - 1].end };
            let tail = if i == last { &tokens[p.end..] } else { &[] };
            whole(p, strict([&tokens[from..p.start], tail]).filter(Said::is_scoped)?)
        })
    };
    let after = || {
        places.iter().enumerate().map(|(i, p)| {
            let to = if i == last { tokens.len() } else { places[i + 1].start };
            let head = if i == 0 { &tokens[..p.start] } else { &[] };
            whole(p, strict([head, &tokens[p.end..to]]).filter(Said::is_scoped)?)
        })
    };
    before().collect::<Option<Vec<_>>>().or_else(|| after().collect())
}

fn strict(around: [Tokens<'_, '_>; 2]) -> Option<Said> {
    Some(explain(around[0])?.and(explain(around[1])?))
}

/// Words of a clause that make its date no sure one.
const DOUBTS: &[&str] = &[
    "by",
    "around",
    "about",
    "approximately",
    "estimated",
    "expected",
    "likely",
    "week",
    "before",
    "after",
    "later",
    "not",
    "no",
    "may",
    "might",
    "could",
];

enum Prose {
    /// A clause that says what ends.
    End(Said),
    /// A clause about something else: an upgrade, a notice.
    Other,
}

/// A clause in words: its date is that of an end if it says so, and where.
fn prose(around: [Tokens<'_, '_>; 2]) -> Option<Prose> {
    let has = |words: &[&str]| around.iter().any(|side| side.iter().any(|t| matches!(t, Word(w) if words.contains(w))));
    if has(&["upgrade", "upgrades", "upgraded", "notice", "notified", "announced", "migrate", "migration"]) {
        return Some(Prose::Other);
    }
    let is_doubt = |t: &Token<'_>| match t {
        Word(w) => DOUBTS.contains(w),
        Sign(c) => matches!(c, '?' | '~' | '\u{2248}'),
        Number(_) => false,
    };
    if around.iter().any(|side| side.iter().any(is_doubt)) {
        return None;
    }
    let ends = has(&["retire", "retires", "retired", "retirement", "shutdown", "sunset", "sunsets", "eol", "removed"]);
    let said = words::scopes(around[0]).and(words::scopes(around[1]));
    (ends && said.is_scoped()).then_some(Prose::End(said))
}

fn whole(place: &Place, said: Said) -> Option<Dated> {
    let part_fits = !said.part_of || matches!(place.part.precision, Precision::Month | Precision::Quarter);
    part_fits.then(|| dated(place.part, said, place.moment.clone()))
}
