//! What the cells of a row name: what ends, and what to use instead.
//!
//! In: a [`Cell`]. Out: subjects and replacements. Invariant: an id is taken as it is written, never shortened; a cell
//! in words stays words. Refuses to resolve aliases beyond those the cell itself lists.

use crate::model::{ProviderId, Subject, SubjectType, text::one_line};
use crate::provider::read::date::{day, is_none_form};
use crate::provider::read::page::{Cell, Piece, flat};

/// A subject and how the page writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// What ends.
    pub subject: Subject,
    /// In the page's words.
    pub words: String,
}

/// Most that one cell is believed to name: a page made to exhaust us gets no further.
const MAX_SUBJECTS: usize = 100;
const MAX_REPLACEMENTS: usize = 20;

/// Words that may stand before an id without changing what is meant: `the x model`.
const BARE: &[&str] = &["the", "model", "models", "snapshot", "snapshots", "alias", "aliases", "and", "or"];

/// Words that make something else of the id after them: `Fine-tuning `x``.
const ACTIONS: &[&str] =
    &["new", "fine", "tuning", "training", "support", "access", "using", "creating", "creation", "on", "for", "with"];

/// Everything a subject cell names; `is_id` when its column is one of ids.
pub fn subjects(platform: &ProviderId, cell: &Cell, is_id: bool) -> Vec<Named> {
    let plain = cell.plain();
    if is_none_form(&plain) {
        return Vec::new();
    }
    let mut found: Vec<Named> = if has_code(cell) && !is_about_its_code(cell) {
        coded(cell).iter().map(|id| named(platform, id, true)).collect()
    } else if !has_code(cell)
        && let Some(ids) = lines_of_ids(cell).or_else(|| id_list(&plain, &['|', ',']))
    {
        ids.iter().map(|id| named(platform, id, true)).collect()
    } else if let Some(id) = with_version(&plain) {
        vec![named(platform, &id, true)]
    } else {
        vec![named(platform, &plain, is_id && !plain.contains(' '))]
    };
    found.retain(|n| !n.subject.id.is_empty());
    found.dedup();
    found.truncate(MAX_SUBJECTS);
    found
}

/// The ids of the code spans of a cell; `2026-01-01` after "version" belongs to the id before it, a setting to none.
fn coded(cell: &Cell) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (code, place) in codes(cell) {
        match (place.before, out.last_mut()) {
            (Before::Setting, Some(_)) => {}
            (Before::Version, Some(last)) => *last = format!("{last}-{code}"),
            (Before::Setting | Before::Version | Before::Words, _) => {
                out.extend(parts(code).into_iter().map(str::to_owned))
            }
        }
    }
    out
}

/// `demo-35 0613`, `demo-4o (2024-05-13)`: an id and its version, in small letters, as platforms name the two together.
fn with_version(plain: &str) -> Option<String> {
    let (id, version) = plain.split_once(' ')?;
    let version = version.trim_start_matches("version ").trim_matches(['(', ')']);
    let is_version = version.len() >= 4
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_digit() || c == '-');
    let is_small = !id.contains(|c: char| c.is_ascii_uppercase());
    (is_small && is_version && looks_like_id(id)).then(|| format!("{id}-{version}"))
}

/// The ids of one code span; it holds several when a pipe or a comma parts words without spaces.
fn parts(code: &str) -> Vec<&str> {
    let parts: Vec<&str> = code.split(['|', ',']).map(str::trim).filter(|p| !p.is_empty()).collect();
    if parts.iter().any(|p| p.contains(' ')) { vec![code] } else { parts }
}

/// A cell with an id on each line.
fn lines_of_ids(cell: &Cell) -> Option<Vec<String>> {
    let lines = cell.lines();
    let ids: Option<Vec<Vec<String>>> = lines.iter().map(|l| id_list(&l.plain(), &['|', ','])).collect();
    ids.filter(|_| lines.len() > 1).map(|l| l.concat())
}

/// `New training on `x``: words before the first code span say that it is not x that ends. In `Name (`x`)` and `Demo One
/// `x`` they are x's name.
fn is_about_its_code(cell: &Cell) -> bool {
    let mut before = String::new();
    for piece in &cell.0 {
        match piece {
            Piece::Text(t) | Piece::Name(t) => before.push_str(t),
            Piece::Model(_) => {}
            Piece::Break => before.clear(),
            Piece::Code(_) => break,
        }
    }
    let mut words = before.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let names = |w: &str| {
        let lower = w.to_lowercase();
        BARE.contains(&lower.as_str())
            || (w.starts_with(|c: char| c.is_uppercase() || c.is_numeric()) && !ACTIONS.contains(&lower.as_str()))
    };
    depth_after(&before, 0) == 0 && words.any(|w| !names(w))
}

/// A subject of its words: an API by its look, else a model by its id, else a product.
pub fn named(platform: &ProviderId, text: &str, is_id: bool) -> Named {
    let words = one_line(text.trim_end_matches(['*', ' ', '\u{2197}']).trim(), 80);
    let is_endpoint = words.starts_with('/') || words.starts_with("v1/") || words.starts_with("v2/");
    let kind = if is_endpoint || words.split(' ').any(|w| w == "API" || w == "APIs") || words.contains("Beta:") {
        SubjectType::Api
    } else if is_id && !words.contains(' ') {
        let id = one_line(text, text.len());
        return Named { subject: Subject::model(platform, id.trim_end_matches(['*', '\\', ' '])), words };
    } else {
        SubjectType::Product
    };
    Named { subject: Subject::of(platform, kind, slug(words.trim_start_matches('/'))), words }
}

/// A feature by its name: a parameter, a tool.
pub fn feature(platform: &ProviderId, text: &str) -> Named {
    let words = one_line(text, 80);
    Named { subject: Subject::of(platform, SubjectType::Feature, slug(&words)), words }
}

/// An API by its name.
pub fn api(platform: &ProviderId, text: &str) -> Named {
    let words = one_line(text, 80);
    Named { subject: Subject::of(platform, SubjectType::Api, slug(words.trim_start_matches('/'))), words }
}

/// Words as an id: lower case, spaces as hyphens.
pub fn slug(words: &str) -> String {
    words.to_lowercase().replace(' ', "-")
}

/// What a replacement cell recommends, best first. Code in brackets, or after "with", is a setting and no replacement.
pub fn replacements(cell: &Cell) -> Vec<String> {
    let found: Vec<String> = if has_code(cell) {
        let codes = codes(cell).filter(|(_, c)| c.depth == 0 && c.before == Before::Words);
        codes.flat_map(|(code, _)| parts(code)).map(str::to_owned).collect()
    } else {
        let plain = without_brackets(&cell.plain());
        let ids = id_list(&plain, &[',', ' ', ';', '|']).or_else(|| choices(&plain));
        // A name as it stands, behind the ids that its links lead to.
        ids.unwrap_or_else(|| led_to(cell).chain([plain]).collect())
    };
    let mut out: Vec<String> = Vec::new();
    for text in found.into_iter().take(MAX_REPLACEMENTS) {
        let text = one_line(text.trim_end_matches(['*', ' ', '\u{2197}']), 200);
        if !is_none_form(&text) && !is_advice(&text) && day(&text).is_none() && !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

/// The models whose pages the links of a cell lead to.
fn led_to(cell: &Cell) -> impl Iterator<Item = String> {
    cell.0.iter().filter_map(|p| if let Piece::Model(id) = p { Some(id.clone()) } else { None })
}

/// `x or the newer ones on y`: of several choices those that are ids.
fn choices(text: &str) -> Option<Vec<String>> {
    let text = text.replace(" or ", ",").replace(" and ", ",");
    let ids: Vec<String> = text
        .split(',')
        .map(|c| c.split(" in ").next().unwrap_or_default())
        .map(|c| c.split(" version").next().unwrap_or_default().trim())
        .map(|c| {
            ["use ", "migrate to ", "upgrade to ", "the "].iter().fold(c, |c, lead| c.strip_prefix(lead).unwrap_or(c))
        })
        .filter(|c| looks_like_id(c))
        .map(str::to_owned)
        .collect();
    (!ids.is_empty()).then_some(ids)
}

/// A sentence for people, not a thing: `View transition guide`.
fn is_advice(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        first.as_str(),
        "view" | "see" | "contact" | "refer" | "read" | "learn" | "omit" | "no" | "depends" | "varies"
    )
}

fn has_code(cell: &Cell) -> bool {
    cell.0.iter().any(|p| matches!(p, Piece::Code(_)))
}

/// Where a code span stands.
struct CodePlace {
    /// Brackets open around it.
    depth: usize,
    /// What stands before it.
    before: Before,
}

/// The last word before a code span, if it makes something else of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// None that does.
    Words,
    /// "with".
    Setting,
    /// "version".
    Version,
}

/// Every code span with where it stands.
fn codes(cell: &Cell) -> impl Iterator<Item = (&str, CodePlace)> {
    let mut depth = 0;
    let mut before = Before::Words;
    cell.0.iter().filter_map(move |piece| match piece {
        Piece::Text(text) | Piece::Name(text) => {
            depth = depth_after(text, depth);
            let last = text.trim_end().rsplit(' ').next().unwrap_or_default();
            before = match last {
                "with" => Before::Setting,
                "version" | "version:" | "versions" | "versions:" => Before::Version,
                _ => Before::Words,
            };
            None
        }
        Piece::Break => {
            before = Before::Words;
            None
        }
        Piece::Model(_) => None,
        Piece::Code(code) => Some((code.as_str(), CodePlace { depth, before })),
    })
}

fn depth_after(text: &str, depth: usize) -> usize {
    text.chars().fold(depth, |d, c| match c {
        '(' | '[' => d + 1,
        ')' | ']' => d.saturating_sub(1),
        _ => d,
    })
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0;
    let mut out = String::new();
    for c in text.chars() {
        let inside = depth > 0;
        depth = depth_after(c.encode_utf8(&mut [0; 4]), depth);
        if !inside && depth == 0 {
            out.push(c);
        }
    }
    flat(&out)
}

/// The ids of a list without code spans, if every piece of it is one; "and" and "or" are no pieces.
fn id_list(text: &str, parted_by: &[char]) -> Option<Vec<String>> {
    let pieces = text.split(parted_by).map(|p| p.trim().trim_end_matches(['*', '\\']));
    let ids: Vec<&str> = pieces.filter(|p| !matches!(*p, "" | "and" | "or" | "and/or")).collect();
    (!ids.is_empty() && ids.iter().all(|id| looks_like_id(id))).then(|| ids.into_iter().map(str::to_owned).collect())
}

/// No spaces, and a digit or a hyphen: `gpt-demo-1`, `acme/demo-2b`, `Demo-3-Large`, `demo@001`, not `ada`.
pub fn looks_like_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '/' | '@');
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(allowed)
        && text.contains(|c: char| c.is_ascii_alphabetic())
        && text.contains(|c: char| c.is_ascii_digit() || c == '-')
        && !text.contains("//")
        && !["fine-tuning", "text-to-speech", "speech-to-text", "real-time", "self-serve"]
            .iter()
            .any(|w| text.eq_ignore_ascii_case(w))
}

#[cfg(test)]
mod tests;
