//! What the cells of a row name: what ends, and what to use instead.
//!
//! In: a [`Cell`]. Out: subjects and replacements. Invariant: an id is taken as it is written, never shortened; a cell
//! in words stays words. Refuses to resolve aliases beyond those the cell itself lists.

use super::page::{Cell, Piece, flat};
use crate::model::{ProviderId, Subject, SubjectType, text::one_line};
use crate::provider::read::date::is_none_form;

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

/// Everything a subject cell names.
pub fn subjects(platform: &ProviderId, cell: &Cell) -> Vec<Named> {
    let plain = cell.plain();
    if is_none_form(&plain) {
        return Vec::new();
    }
    let mut found: Vec<Named> = if has_code(cell) && !is_about_its_code(cell) {
        codes(cell).flat_map(|(code, _)| parts(code)).map(|id| named(platform, id, true)).collect()
    } else if !has_code(cell)
        && let Some(ids) = id_list(&plain, &['|', ','])
    {
        ids.iter().map(|id| named(platform, id, true)).collect()
    } else {
        vec![named(platform, &plain, false)]
    };
    found.retain(|n| !n.subject.id.is_empty());
    found.truncate(MAX_SUBJECTS);
    found
}

/// The ids of one code span; it holds several when a pipe or a comma parts words without spaces.
fn parts(code: &str) -> Vec<&str> {
    let parts: Vec<&str> = code.split(['|', ',']).map(str::trim).filter(|p| !p.is_empty()).collect();
    if parts.iter().any(|p| p.contains(' ')) { vec![code] } else { parts }
}

/// `New training on `x``: words before the first code span say that it is not x that ends. In `Name (`x`)` they are x's
/// name.
fn is_about_its_code(cell: &Cell) -> bool {
    match cell.0.first() {
        Some(Piece::Text(before)) => {
            let mut words = before.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            depth_after(before, 0) == 0 && words.any(|w| !BARE.contains(&w.to_lowercase().as_str()))
        }
        Some(Piece::Code(_)) | None => false,
    }
}

fn named(platform: &ProviderId, text: &str, is_id: bool) -> Named {
    let words = one_line(text.trim_end_matches(['*', ' ']), 80);
    let is_endpoint = words.starts_with('/') || words.starts_with("v1/");
    let id = words.trim_start_matches('/');
    let kind = if is_endpoint || words.contains("API") || words.contains("Beta:") {
        SubjectType::Api
    } else if is_id && !words.contains(' ') {
        return Named { subject: Subject::model(platform, text.trim_end_matches('*')), words };
    } else {
        SubjectType::Product
    };
    Named { subject: Subject::of(platform, kind, id.to_lowercase().replace(' ', "-")), words }
}

/// What a replacement cell recommends, best first. Code in brackets is a setting, not a replacement.
pub fn replacements(cell: &Cell) -> Vec<String> {
    let found: Vec<String> = if has_code(cell) {
        codes(cell).filter(|(_, depth)| *depth == 0).map(|(code, _)| code.to_owned()).collect()
    } else {
        let plain = without_brackets(&cell.plain());
        id_list(&plain, &[',', ' ']).unwrap_or_else(|| vec![plain])
    };
    let mut out: Vec<String> = Vec::new();
    for text in found.into_iter().take(MAX_REPLACEMENTS) {
        let text = one_line(text.trim_end_matches(['*', ' ']), 200);
        if !is_none_form(&text) && !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

fn has_code(cell: &Cell) -> bool {
    cell.0.iter().any(|p| matches!(p, Piece::Code(_)))
}

/// Every code span with the number of brackets open around it.
fn codes(cell: &Cell) -> impl Iterator<Item = (&str, usize)> {
    let mut depth = 0;
    cell.0.iter().filter_map(move |piece| match piece {
        Piece::Text(text) => {
            depth = depth_after(text, depth);
            None
        }
        Piece::Code(code) => Some((code.as_str(), depth)),
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
    let pieces = text.split(parted_by).map(|p| p.trim().trim_end_matches('*'));
    let ids: Vec<&str> = pieces.filter(|p| !matches!(*p, "" | "and" | "or" | "and/or")).collect();
    (!ids.is_empty() && ids.iter().all(|id| looks_like_id(id))).then(|| ids.into_iter().map(str::to_owned).collect())
}

/// Lower case, no spaces, and a digit or a hyphen: `gpt-demo-1`, `acme/demo-2b`, not `ada`.
fn looks_like_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | ':' | '/');
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(allowed)
        && text.contains(|c: char| c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::read::table::page::tables;

    fn cell(markdown: &str) -> Cell {
        tables(&format!("| A |\n|---|\n| {markdown} |\n"))[0].rows[0][0].clone()
    }

    fn matters(markdown: &str) -> Vec<String> {
        let platform = ProviderId::new("p").unwrap();
        let found = subjects(&platform, &cell(markdown));
        found.iter().map(|n| n.subject.matter_id().unwrap().to_string()).collect()
    }

    #[test]
    fn every_way_to_list_aliases_is_understood() {
        assert_eq!(matters(r"`a-1` \| `a`, `a-1-x`"), ["p:a-1", "p:a", "p:a-1-x"]);
        assert_eq!(matters(r"`a-1 \| b`"), ["p:a-1", "p:b"]);
        assert_eq!(matters("`a-1` (including `y` and `z`, which point to this snapshot)"), ["p:a-1", "p:y", "p:z"]);
        assert_eq!(matters("`command-x-1` (and the alias `command-x`)"), ["p:command-x-1", "p:command-x"]);
        assert_eq!(matters("a-1, a-2"), ["p:a-1", "p:a-2"]);
        assert_eq!(matters(r"a-1 \| a-2*"), ["p:a-1", "p:a-2"]);
        assert_eq!(matters("Name One (`acme.name-1`)"), ["p:acme.name-1"]);
        assert_eq!(matters("The `a-1` model"), ["p:a-1"]);
    }

    #[test]
    fn what_is_no_model_stays_in_words() {
        assert_eq!(matters("Videos API"), ["p:api/videos-api"]);
        assert_eq!(matters("`/v1/fine-tunes`"), ["p:api/v1/fine-tunes"]);
        assert_eq!(matters("Acme-Beta: realtime=v1"), ["p:api/acme-beta:-realtime=v1"]);
        assert_eq!(matters("New fine-tuning training on `a-1`"), ["p:product/new-fine-tuning-training-on-a-1"]);
        assert_eq!(matters("Preview models"), ["p:product/preview-models"]);
        assert_eq!(matters("ada"), ["p:product/ada"]);
        assert_eq!(matters("---"), [""; 0]);
        assert_eq!(matters(""), [""; 0]);
    }

    #[test]
    fn ids_in_code_keep_their_case_and_length() {
        let long = format!("m-{}", "x".repeat(200));
        assert_eq!(matters(&format!("`{long}`")), [format!("p:{long}")]);
        assert_eq!(matters("` Acme/Demo-7B `"), ["p:Acme/Demo-7B"]);
    }

    #[test]
    fn a_replacement_is_an_id_and_a_setting_is_none() {
        let r = |markdown: &str| replacements(&cell(markdown));
        assert_eq!(r("`b-2` (`reasoning.mode: pro`)"), ["b-2"]);
        assert_eq!(r("`b-2` or `b-1*`"), ["b-2", "b-1"]);
        assert_eq!(r("`b-3`, `b-2`, or `b-1`"), ["b-3", "b-2", "b-1"]);
        assert_eq!(r("b-2"), ["b-2"]);
        assert_eq!(r("b-2 acme/b-3 or b-1 (preview)"), ["b-2", "acme/b-3", "b-1"]);
        assert_eq!(r("Answers API and Talks API*"), ["Answers API and Talks API"]);
        assert_eq!(r("[/v1/models](https://a.example/x)"), ["/v1/models"]);
        for none in ["---", "\u{2014}", "", "N/A", "(none)"] {
            assert_eq!(r(none), [""; 0], "{none}");
        }
    }
}
