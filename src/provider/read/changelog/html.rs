//! Changelogs in HTML: sections under dated headings.
//!
//! In: a page. Out: entries. A heading may say its date in words or in a `<time>`. Invariants: nesting that would cost the tree builder quadratic time is refused before it is
//! built; text of scripts, styles and navigation is no entry's. Refuses to guess dates outside headings.

use super::heading::Dates;
use super::{Item, markdown};
use crate::model::ReadOutcome;
use crate::provider::read::feed::MAX_WORDS;
use crate::provider::read::when;
use jiff::{civil::Date, tz::TimeZone};
use scraper::{ElementRef, Html, node::Node};

/// Deepest nesting of tags that is built. Real pages have less than 60.
const MAX_DEPTH: usize = 400;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Entries under dated headings.
pub(super) fn dated(text: &str, page: &str) -> Result<Vec<Item<'static>>, ReadOutcome> {
    if text.len() > MAX_BYTES {
        return Err(ReadOutcome::Unreadable(format!(
            "the page has {} bytes, at most {MAX_BYTES} are read",
            text.len()
        )));
    }
    if deepest(text) > MAX_DEPTH {
        return Err(ReadOutcome::Unreadable(format!("its tags are nested deeper than {MAX_DEPTH}")));
    }
    let tree = Html::parse_document(text);
    let led = under(&tree, page, Dates::Lead);
    Ok(if led.is_empty() { under(&tree, page, Dates::End) } else { led })
}

fn under(tree: &Html, page: &str, dates: Dates) -> Vec<Item<'static>> {
    let mut out = markdown::Builder::new(page);
    let mut open: Option<(Date, String, String)> = None;
    for node in tree.tree.root().descendants() {
        let inside =
            |is: fn(&str) -> bool| node.ancestors().any(|a| a.value().as_element().is_some_and(|e| is(e.name())));
        match node.value() {
            Node::Element(e) if is_heading(e.name()) && !inside(is_hidden) => {
                let heading = ElementRef::wrap(node);
                let words = heading.map(|h| h.text().collect::<String>()).unwrap_or_default();
                match dates.of(&words, None).or_else(|| stamped(heading?)) {
                    Some((day, title)) => {
                        close(&mut out, open.take());
                        open = Some((day, title, String::new()));
                    }
                    None => push(&mut open, &format!("\n{}\n", words.replace('\n', " "))),
                }
            }
            Node::Element(e) if is_block(e.name()) => push(&mut open, "\n"),
            Node::Text(words) if !inside(is_hidden) && !inside(is_heading) => {
                push(&mut open, &words.replace('\n', " "));
            }
            _ => {}
        }
    }
    close(&mut out, open);
    out.finish()
}

/// The day of `<time datetime="2026-08-13">Aug 13</time>` in a heading, and its other words.
fn stamped(heading: ElementRef<'_>) -> Option<(Date, String)> {
    let time = heading.descendent_elements().find(|e| e.value().name() == "time")?;
    let at = when::timestamp(time.value().attr("datetime")?)?;
    let all: String = heading.text().collect();
    let title = all.replacen(&time.text().collect::<String>(), "", 1);
    Some((TimeZone::UTC.to_datetime(at).date(), title.trim_matches(|c: char| !c.is_alphanumeric()).to_owned()))
}

/// Most bytes of a section before its white space is taken out.
const MAX_RAW: usize = 4 * MAX_WORDS;

fn push(open: &mut Option<(Date, String, String)>, words: &str) {
    if let Some((_, _, text)) = open.as_mut().filter(|(_, _, text)| text.len() < MAX_RAW) {
        text.push_str(words);
    }
}

fn close(out: &mut markdown::Builder<'_>, open: Option<(Date, String, String)>) {
    let Some((day, title, text)) = open else { return };
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.split('\n').map(words).filter(|l| !l.is_empty()).collect();
    out.add("", Some(day), &title, lines.join("\n"));
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "li" | "div" | "br" | "tr" | "ul" | "ol" | "pre" | "section" | "article" | "footer")
}

fn is_hidden(name: &str) -> bool {
    matches!(name, "script" | "style" | "noscript" | "template" | "nav" | "footer" | "svg")
}

/// The deepest nesting that the open tags of a text can reach, counted without building anything.
fn deepest(text: &str) -> usize {
    const VOID: &[&str] =
        &["br", "img", "input", "meta", "link", "hr", "source", "wbr", "area", "col", "embed", "path"];
    let (mut depth, mut most) = (0usize, 0);
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let name = &rest[..end];
        if !name.is_empty() && !VOID.iter().any(|v| name.eq_ignore_ascii_case(v)) {
            depth += 1;
            most = most.max(depth);
        }
    }
    most
}
