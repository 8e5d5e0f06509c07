//! A Markdown page as its tables: each row with the headings above it.
//!
//! In: Markdown. Out: [`Table`]s of [`Cell`]s. Invariant: a cell keeps what is code and what is text apart, because on
//! these pages code spans are ids. Refuses to know what a column means.

use crate::model::text::one_line;
use crate::provider::read::date;
use jiff::civil::Date;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::borrow::Cow;

/// A stretch of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// A code span.
    Code(String),
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell(pub Vec<Piece>);

impl Cell {
    /// Its words, code and all.
    pub fn plain(&self) -> String {
        let words = self.0.iter().map(|p| match p {
            Piece::Text(t) | Piece::Code(t) => t.as_str(),
        });
        flat(&words.collect::<String>())
    }

    fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            Some(Piece::Code(_)) | None => self.0.push(Piece::Text(text.to_owned())),
        }
    }
}

/// A text on one line, all of it.
pub fn flat(text: &str) -> String {
    one_line(text, text.len())
}

/// Where on the page a table stands.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The nearest heading, without its date.
    pub title: String,
    /// The date that leads the nearest dated heading: `### 2026-07-20: Title`.
    pub announced_on: Option<Date>,
    /// A heading without a date says "past".
    pub past: bool,
}

/// One table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What stands above it.
    pub section: Section,
    /// Its header, lower case.
    pub header: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
}

struct Heading {
    level: HeadingLevel,
    title: String,
    date: Option<Date>,
}

impl Heading {
    fn new(level: HeadingLevel, text: &str) -> Self {
        let dated = text.split_once(':').and_then(|(d, title)| Some((date::day(d)?, title)));
        let (date, title) = dated.map_or_else(|| (date::day(text), text), |(d, title)| (Some(d), title));
        Self { level, title: one_line(title, 200), date }
    }
}

fn section(headings: &[Heading]) -> Section {
    let says_past = |h: &Heading| {
        h.date.is_none() && h.title.split(|c: char| !c.is_alphanumeric()).any(|w| w.eq_ignore_ascii_case("past"))
    };
    Section {
        title: headings.last().map(|h| h.title.clone()).unwrap_or_default(),
        announced_on: headings.iter().rev().find_map(|h| h.date),
        past: headings.iter().any(says_past),
    }
}

/// Every table of a page, in order.
pub fn tables(markdown: &str) -> Vec<Table> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let markdown = without_component_tags(markdown);
    let mut tables = Vec::new();
    let mut headings: Vec<Heading> = Vec::new();
    // The heading or cell being read.
    let mut open: Option<Cell> = None;
    let mut row = Vec::new();
    let mut table = Table::default();
    for event in Parser::new_ext(&markdown, options) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::TableCell) => open = Some(Cell::default()),
            Event::End(TagEnd::Heading(level)) => {
                let heading = Heading::new(level, &open.take().unwrap_or_default().plain());
                headings.retain(|h| h.level < level);
                headings.push(heading);
            }
            Event::Start(Tag::Table(_)) => table = Table { section: section(&headings), ..Table::default() },
            Event::End(TagEnd::TableCell) => row.extend(open.take()),
            Event::End(TagEnd::TableHead) => {
                table.header = row.drain(..).map(|c| c.plain().to_lowercase()).collect();
            }
            Event::End(TagEnd::TableRow) => table.rows.push(std::mem::take(&mut row)),
            Event::End(TagEnd::Table) => tables.push(std::mem::take(&mut table)),
            Event::Text(text) => open.iter_mut().for_each(|c| c.push_text(&text)),
            Event::Code(code) => open.iter_mut().for_each(|c| c.0.push(Piece::Code(flat(&code)))),
            // `<br>`, `<sup>`: what they part stays parted.
            Event::InlineHtml(_) | Event::Html(_) | Event::SoftBreak | Event::HardBreak => {
                open.iter_mut().for_each(|c| c.push_text(" "));
            }
            Event::Start(_)
            | Event::End(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    tables
}

/// Documentation pages stand tables inside component tags (`<Note>`, `<Update label="…">`) and indent them. To Markdown a
/// tag's line begins an HTML block that swallows the table, and four spaces make it code; so such a line becomes an empty
/// one and a row loses its indent.
fn without_component_tags(markdown: &str) -> Cow<'_, str> {
    let is_tag = |line: &str| {
        let name = line.trim_start_matches("</").trim_start_matches('<');
        line.starts_with('<') && line.ends_with('>') && name.starts_with(|c: char| c.is_ascii_uppercase())
    };
    let is_row = |line: &str| line.len() > 1 && line.starts_with('|');
    if !markdown.lines().any(|l| is_tag(l.trim()) || (l.starts_with([' ', '\t']) && is_row(l.trim()))) {
        return Cow::Borrowed(markdown);
    }
    let mut out = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        let trimmed = line.trim();
        out.push_str(match (is_tag(trimmed), is_row(trimmed)) {
            (true, _) => "",
            (false, true) => trimmed,
            (false, false) => line,
        });
        out.push('\n');
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_knows_the_headings_above_it() {
        let page = "---\ntitle: Past things\n---\n# Ends\n## Past deprecations\n### 2026-07-20: Old *ones*\n#### Base\n\
                    | A | B |\n|---|---|\n| `x` \\| `y`, z | [l](https://a.example) |\n| ragged |\n\n\
                    ## Upcoming\n| A |\n|---|\n| q |\n";
        let t = tables(page);
        assert_eq!((t[0].section.title.as_str(), t[0].section.past), ("Base", true));
        assert_eq!(t[0].section.announced_on, Some(jiff::civil::date(2026, 7, 20)));
        assert_eq!(t[0].header, ["a", "b"]);
        assert_eq!(t[0].rows[0][0].plain(), "x | y, z");
        assert_eq!(t[0].rows[0][0].0[0], Piece::Code("x".into()));
        assert_eq!(t[0].rows[0][1].plain(), "l");
        assert_eq!(t[0].rows[1][1], Cell::default());
        assert_eq!((t[1].section.past, t[1].section.announced_on), (false, None));
    }

    #[test]
    fn component_tags_and_indents_do_not_swallow_a_table() {
        let page = "<Update label=\"x\">\n    | A |\n    |---|\n    | q<br/>r |\n</Update>\n";
        let t = tables(page);
        assert_eq!(t[0].rows[0][0].plain(), "q r");
    }
}
