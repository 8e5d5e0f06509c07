//! Markdown as blocks.
//!
//! In: Markdown, with components or not. Out: blocks. Refuses to read code blocks.

use super::grid::{Grid, RawRow, Spanned};
use super::mdx::{self, Part};
use super::{Block, Cell, Refusal, flat, html};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The blocks of a page.
pub fn blocks(page: &str) -> Result<Vec<Block>, Refusal> {
    let mut out = Vec::new();
    // Which of the open components have a label.
    let mut labelled: Vec<bool> = Vec::new();
    for part in mdx::parts(page) {
        match part {
            Part::Markdown(text) => markdown(&text, &mut out),
            Part::Html(text) => out.extend(html::blocks(&text)?),
            Part::Open(label) => {
                labelled.push(label.is_some());
                out.extend(label.map(|l| Block::Open(flat(&l))));
            }
            Part::Close => {
                if labelled.pop() == Some(true) {
                    out.push(Block::Close);
                }
            }
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Reader {
    /// What is being read: a heading, a paragraph, a cell.
    open: Cell,
    /// In a table's cell.
    in_cell: bool,
    /// Emphasis and links around.
    names: u32,
    /// Struck out or an image's description.
    hidden: u32,
    /// Addresses of the links around.
    links: Vec<String>,
    in_code: bool,
    raised: bool,
    depth: u8,
    row: RawRow,
    rows: Vec<RawRow>,
}

fn markdown(text: &str, out: &mut Vec<Block>) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        // `> [!CAUTION]` is no word of the quote.
        | Options::ENABLE_GFM;
    let mut r = Reader::default();
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(tag) => r.start(&tag, out),
            Event::End(tag) => r.end(tag, out),
            Event::Text(_) | Event::Code(_) if r.hidden > 0 || r.in_code => {}
            Event::Text(text) if r.raised => r.open.push_text(&html::lowered(&text)),
            Event::Text(text) if r.names > 0 => r.open.push_name(&text),
            Event::Text(text) => r.open.push_text(&text),
            Event::Code(code) => r.open.push_code(&code),
            Event::SoftBreak => r.open.push_text(" "),
            Event::HardBreak => r.open.push_break(),
            Event::InlineHtml(tag) if is_break(&tag) => r.open.push_break(),
            Event::InlineHtml(tag) if tag.starts_with("<sup") => r.raised = true,
            Event::InlineHtml(tag) if tag.starts_with("</sup") => r.raised = false,
            // What a tag parts stays parted.
            Event::InlineHtml(_) | Event::Html(_) => r.open.push_text(" "),
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }
    r.flush(out);
}

fn is_break(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']).trim_end_matches(['>', '/', ' ']).to_ascii_lowercase();
    matches!(name.as_str(), "br" | "li" | "p" | "div")
}

impl Reader {
    fn start(&mut self, tag: &Tag<'_>, out: &mut Vec<Block>) {
        match tag {
            Tag::Heading { .. } | Tag::Paragraph | Tag::Item => self.flush(out),
            Tag::List(_) => {
                self.flush(out);
                self.depth = self.depth.saturating_add(1);
            }
            Tag::Table(_) => {
                self.flush(out);
                self.rows.clear();
            }
            Tag::TableHead => self.row = RawRow { in_head: true, ..RawRow::default() },
            Tag::TableRow => self.row = RawRow::default(),
            Tag::TableCell => {
                self.open = Cell::default();
                self.in_cell = true;
            }
            Tag::Emphasis | Tag::Strong => self.names += 1,
            Tag::Link { dest_url, .. } => {
                self.names += 1;
                self.links.push(dest_url.to_string());
            }
            Tag::Strikethrough | Tag::Image { .. } => self.hidden += 1,
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) => self.in_code = true,
            Tag::BlockQuote(_)
            | Tag::HtmlBlock
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript => {}
        }
    }

    fn end(&mut self, tag: TagEnd, out: &mut Vec<Block>) {
        match tag {
            TagEnd::Heading(level) => out.push(Block::Heading(number(level), std::mem::take(&mut self.open))),
            TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_) | TagEnd::HtmlBlock => self.flush(out),
            TagEnd::List(_) => {
                self.flush(out);
                self.depth = self.depth.saturating_sub(1);
            }
            TagEnd::TableCell => {
                self.in_cell = false;
                self.row.cells.push(Spanned::plain(std::mem::take(&mut self.open), self.row.in_head));
            }
            TagEnd::TableHead | TagEnd::TableRow => self.rows.push(std::mem::take(&mut self.row)),
            TagEnd::Table => out.push(Block::Table(Grid::of(std::mem::take(&mut self.rows)))),
            TagEnd::Emphasis | TagEnd::Strong => self.names = self.names.saturating_sub(1),
            TagEnd::Link => {
                self.names = self.names.saturating_sub(1);
                if let Some(address) = self.links.pop().filter(|_| self.in_cell) {
                    self.open.push_address(&address);
                }
            }
            TagEnd::Strikethrough | TagEnd::Image => self.hidden = self.hidden.saturating_sub(1),
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => self.in_code = false,
            TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript => {}
        }
    }

    fn flush(&mut self, out: &mut Vec<Block>) {
        if self.in_cell {
            return;
        }
        let text = std::mem::take(&mut self.open);
        if !text.is_empty() {
            out.push(if self.depth == 0 { Block::Para(text) } else { Block::Item(self.depth, text) });
        }
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}
