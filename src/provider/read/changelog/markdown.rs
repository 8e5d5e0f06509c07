//! Changelogs in Markdown: `<Update label="DATE">` blocks, dated headings, or one MDX entry with front matter.
//!
//! In: a text and the address of its page. Out: entries. Invariants: two entries of one day differ by their titles; a
//! heading without a year takes that of the heading above it; what stands before the first date is no entry. Refuses to
//! read `hidden: true`.

use super::Item;
use crate::model::ReadOutcome;
use crate::model::text::one_line;
use crate::provider::read::feed::MAX_WORDS;
use crate::provider::read::{date, prose, when};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::HashSet;

const TITLE_LENGTH: usize = 200;
/// Most entries that are read of a page, from its top.
const MAX_ITEMS: usize = 500;

/// Gathers entries and gives them their identities: the day, for the lowest of a day on the page (the first that was
/// written, so that neither a new entry above it nor an edited title makes it another); day and title for the others.
pub(super) struct Builder<'p> {
    page: &'p str,
    items: Vec<Item>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(page: &'p str) -> Self {
        Self { page, items: Vec::new() }
    }

    /// Adds an entry; its title is the first line of its text where it has none.
    pub(super) fn add(&mut self, label: &str, day: Option<Date>, title: &str, text: String) {
        if self.items.len() >= MAX_ITEMS {
            return;
        }
        let title = match title {
            "" => one_line(text.lines().next().unwrap_or(label), TITLE_LENGTH),
            title => one_line(title, TITLE_LENGTH),
        };
        let identity = day.map_or_else(|| one_line(label, 80), |d| d.to_string());
        let link = self.page.to_owned();
        self.items.push(Item {
            identity,
            title,
            text,
            markup: false,
            categories: Vec::new(),
            link,
            at: day.and_then(midnight),
        });
    }

    /// What was found, in the order of the page.
    pub(super) fn finish(mut self) -> Vec<Item> {
        let mut seen = HashSet::new();
        let mut keep = vec![true; self.items.len()];
        for (i, item) in self.items.iter_mut().enumerate().rev() {
            if !seen.insert(item.identity.clone()) {
                item.identity = format!("{}#{}", item.identity, item.title.to_lowercase());
                keep[i] = seen.insert(item.identity.clone());
            }
        }
        self.items.into_iter().zip(keep).filter_map(|(item, keep)| keep.then_some(item)).collect()
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// A day, or the first of a month, in a heading or label; with what follows it: `2026-07-20: Title`.
pub(super) fn dated_heading(text: &str, year: Option<i16>) -> Option<(Date, String)> {
    let text = text.trim();
    let (head, title) = text.split_once([':', '|']).map_or((text, ""), |(h, t)| (h.trim(), t.trim()));
    let read = |t: &str| date::deadline(t).map(|d| d.date);
    // "November, 2025" and "Nov 12" under it.
    let found = read(head).or_else(|| read(&head.replace(',', ""))).or_else(|| read(&format!("{head}, {}", year?)));
    // A year alone, or a version that looks like one, is no entry's date.
    let is_year = head.len() <= 4;
    found.filter(|_| !is_year).map(|d| (d, title.to_owned()))
}

/// Entries in `<Update label="…">` blocks.
pub(super) fn updates(text: &str, page: &str) -> Vec<Item> {
    let mut out = Builder::new(page);
    for block in text.split("<Update").skip(1) {
        let Some((head, rest)) = block.split_once('>') else { continue };
        let inner = rest.split_once("</Update>").map_or(rest, |(inner, _)| inner);
        let attribute = |name: &str| {
            let (_, after) = head.split_once(name)?;
            let after = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches('{');
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
            after[1..].split_once(quote).map(|(value, _)| value)
        };
        let Some(label) = attribute("label") else { continue };
        let day = dated_heading(label, None).map(|(d, _)| d);
        let words = prose::of_markdown(&dedent(inner), MAX_WORDS);
        let (title, body) = words.split_once('\n').unwrap_or((&words, ""));
        out.add(label, day, title, body.to_owned());
    }
    out.finish()
}

/// Lines without the indent they share: four spaces would make them code.
fn dedent(text: &str) -> String {
    let indent = |l: &str| l.len() - l.trim_start_matches([' ', '\t']).len();
    let least = text.lines().filter(|l| !l.trim().is_empty()).map(indent).min().unwrap_or(0);
    text.lines().map(|l| l.get(least..).unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Entries under dated headings.
pub(super) fn dated(text: &str, page: &str) -> Vec<Item> {
    let mut out = Builder::new(page);
    // Where the text of the entry being read begins: level, date, title, offset.
    let mut open: Option<(HeadingLevel, Date, String, usize)> = None;
    let mut heading: Option<(String, usize)> = None;
    let mut year = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some((String::new(), range.start)),
            Event::Text(t) | Event::Code(t) => heading.iter_mut().for_each(|(h, _)| h.push_str(&t)),
            Event::End(TagEnd::Heading(level)) => {
                let Some((words, start)) = heading.take() else { continue };
                let Some((day, title)) = dated_heading(&words, year) else { continue };
                if let Some((_, day, title, from)) = open.take() {
                    add(&mut out, &text[from..start], day, &title);
                }
                year = Some(day.year());
                open = Some((level, day, title, range.end));
            }
            _ => {}
        }
    }
    if let Some((_, day, title, from)) = open {
        add(&mut out, &text[from..], day, &title);
    }
    out.finish()
}

/// A section without words is only the head of dated sections below it (`## November, 2025`).
fn add(out: &mut Builder<'_>, section: &str, day: Date, title: &str) {
    let words = prose::of_markdown(section, MAX_WORDS);
    if !words.is_empty() {
        out.add("", Some(day), title, words);
    }
}

/// The one entry of an MDX file.
pub(super) fn single(text: &str, page: &str) -> Result<Vec<Item>, ReadOutcome> {
    let unreadable = || ReadOutcome::Unreadable("it does not begin with front matter between two --- lines".to_owned());
    let (front, rest) =
        text.trim_start().strip_prefix("---").and_then(|t| t.split_once("\n---")).ok_or_else(unreadable)?;
    let field = |name: &str| {
        let line = front.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'));
        line.map(|v| v.trim().trim_matches(['"', '\''])).filter(|v| !v.is_empty())
    };
    let Some(title) = field("title") else {
        return Err(ReadOutcome::Unreadable("its front matter has no title".to_owned()));
    };
    if field("hidden") == Some("true") {
        return Ok(Vec::new());
    }
    let at = field("createdAt").or_else(|| field("date")).and_then(when::timestamp);
    let slug = field("slug").unwrap_or(title);
    Ok(vec![Item {
        identity: one_line(slug, 200),
        title: one_line(title, TITLE_LENGTH),
        text: prose::of_markdown(rest, MAX_WORDS),
        markup: false,
        categories: Vec::new(),
        link: page.to_owned(),
        at,
    }])
}
