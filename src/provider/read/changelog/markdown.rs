//! Changelogs in Markdown: `<Update label="DATE">` blocks, dated headings, or one MDX entry with front matter.
//!
//! In: a text and the address of its page. Out: entries. Invariants: two entries of one day differ by their titles; what
//! stands before the first date is no entry; an `<Update>` ends where its tag does, whatever stands in its attributes.
//! Refuses to read `hidden: true`.

use super::heading::{Dates, leading};
use super::{Item, Text};
use crate::model::ReadOutcome;
use crate::model::text::one_line;
use crate::provider::read::feed::MAX_WORDS;
use crate::provider::read::{prose, when};
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
    items: Vec<Item<'static>>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(page: &'p str) -> Self {
        Self { page, items: Vec::new() }
    }

    /// Adds an entry, by its label or else its day; its title is the first line of its text where it has none.
    pub(super) fn add(&mut self, label: &str, day: Option<Date>, title: &str, text: String) {
        if self.items.len() >= MAX_ITEMS {
            return;
        }
        let identity = match label {
            "" => day.map(|d| d.to_string()).unwrap_or_default(),
            label => one_line(label, 80),
        };
        let title = match title {
            "" => one_line(text.lines().next().unwrap_or(&identity), TITLE_LENGTH),
            title => one_line(title, TITLE_LENGTH),
        };
        let link = self.page.to_owned();
        self.items.push(Item {
            identity,
            title,
            text: Text::Words(text),
            categories: Vec::new(),
            link,
            at: day.and_then(midnight),
        });
    }

    /// What was found, in the order of the page.
    pub(super) fn finish(mut self) -> Vec<Item<'static>> {
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

/// Entries in `<Update label="…">` blocks. Where the label is a version, the description may be the date.
pub(super) fn updates(text: &str, page: &str) -> Vec<Item<'static>> {
    let mut out = Builder::new(page);
    for block in text.split(UPDATE).skip(1).filter(|b| b.starts_with(char::is_whitespace)) {
        let Some((head, rest)) =
            tag_end(block).or_else(|| block.find('>')).map(|end| (&block[..end], &block[end + 1..]))
        else {
            continue;
        };
        let inner = rest.split_once("</Update>").map_or(rest, |(inner, _)| inner);
        let Some(label) = attribute(head, "label") else { continue };
        let dated = |text: &str| leading(text, None).map(|(d, _)| d);
        let (named, day) = match dated(label) {
            Some(day) => ("", Some(day)),
            None => (label, attribute(head, "description").and_then(dated)),
        };
        let words = prose::of_markdown(&dedent(inner), MAX_WORDS);
        let (title, body) = words.split_once('\n').unwrap_or((&words, ""));
        out.add(named, day, title, body.to_owned());
    }
    out.finish()
}

/// What an entry of such a page begins with.
pub(super) const UPDATE: &str = "<Update";

/// Where a tag ends: its `>` outside of quotes and braces.
fn tag_end(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, '>') if depth == 0 => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// The text of an attribute: `label="x"`, `label={"x"}`.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    tag.match_indices(name).filter(|(at, _)| tag[..*at].ends_with(char::is_whitespace)).find_map(|(at, name)| {
        let value = tag[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        let value = value.strip_prefix('{').map_or(value, str::trim_start);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        value[1..].split_once(quote).map(|(value, _)| value)
    })
}

/// Lines without the indent they share: four spaces would make them code.
fn dedent(text: &str) -> String {
    let indent = |l: &str| l.len() - l.trim_start_matches([' ', '\t']).len();
    let least = text.lines().filter(|l| !l.trim().is_empty()).map(indent).min().unwrap_or(0);
    text.lines().map(|l| l.get(least..).unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Entries under dated headings.
pub(super) fn dated(text: &str, page: &str) -> Vec<Item<'static>> {
    let led = under(text, page, Dates::Lead);
    if led.is_empty() { under(text, page, Dates::End) } else { led }
}

fn under(text: &str, page: &str, dates: Dates) -> Vec<Item<'static>> {
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
                let Some((day, title)) = dates.of(&words, year) else { continue };
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

/// Fields of front matter that say when an entry was written.
const WRITTEN: &[&str] = &["createdAt", "date", "publishedAt", "published_at", "published", "pubDate", "releaseDate"];

/// The one entry of an MDX file.
pub(super) fn single(text: &str, page: &str) -> Result<Vec<Item<'static>>, ReadOutcome> {
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
    let at = WRITTEN.iter().find_map(|name| field(name)).and_then(when::timestamp);
    let slug = field("slug").unwrap_or(title);
    Ok(vec![Item {
        identity: one_line(slug, 200),
        title: one_line(title, TITLE_LENGTH),
        text: Text::Words(prose::of_markdown(rest, MAX_WORDS)),
        categories: Vec::new(),
        link: page.to_owned(),
        at,
    }])
}
