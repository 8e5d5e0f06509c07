//! HTML as blocks.
//!
//! In: a page or a fragment. Out: blocks. Invariants: scripts, navigation and what is hidden are passed over; elements nested
//! too deep are refused before parsing, whose time is quadratic in depth; the walk does not recurse. Refuses to follow links
//! and to run scripts.

use super::grid::{Grid, RawRow, Spanned};
use super::{Block, Cell, Refusal};
use scraper::Html;
use scraper::node::{Element, Node};

/// Deepest nesting that is parsed.
const MAX_DEPTH: usize = 1_500;

/// The blocks of a page.
pub fn blocks(page: &str) -> Result<Vec<Block>, Refusal> {
    if depth(page) > MAX_DEPTH {
        return Err(format!("its elements are nested deeper than {MAX_DEPTH}").into());
    }
    let html = Html::parse_document(page);
    let mut walk = Walk::default();
    let mut node = html.tree.root();
    'walk: loop {
        match node.value() {
            Node::Element(e) => walk.open(e),
            Node::Text(text) if walk.hidden == 0 => walk.text(text),
            Node::Text(_)
            | Node::Document
            | Node::Fragment
            | Node::Doctype(_)
            | Node::Comment(_)
            | Node::ProcessingInstruction(_) => {}
        }
        if let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            if let Node::Element(e) = node.value() {
                walk.close(e);
            }
            match (node.next_sibling(), node.parent()) {
                (Some(next), _) => {
                    node = next;
                    break;
                }
                (None, Some(parent)) => node = parent,
                (None, None) => break 'walk,
            }
        }
    }
    walk.flush();
    Ok(walk.out)
}

/// How deep the tags of a page nest at most, counted without parsing. Tags that are commonly left open do not count.
fn depth(page: &str) -> usize {
    const FREE: &[&str] = &[
        "p", "li", "td", "th", "tr", "dt", "dd", "br", "img", "hr", "input", "meta", "link", "wbr", "source", "col",
        "option", "path", "area", "base", "embed", "track", "thead", "tbody", "tfoot",
    ];
    let (mut now, mut most) = (0_usize, 0);
    for tag in page.split('<').skip(1) {
        let (closes, rest) = match tag.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, tag),
        };
        let name = &rest[..rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len())];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || FREE.iter().any(|f| name.eq_ignore_ascii_case(f)) {
            continue;
        }
        let end = rest.find('>').unwrap_or(rest.len());
        if closes {
            now = now.saturating_sub(1);
        } else if !rest[..end].ends_with('/') {
            now += 1;
            most = most.max(now);
        }
    }
    most
}

#[derive(Default)]
struct Table {
    rows: Vec<RawRow>,
    row: RawRow,
    cell: Option<Spanned>,
    in_head: bool,
    has_caption: bool,
}

/// What raised text is on the line: `15th` goes on, the mark of a footnote is no part of a number or an id.
pub(super) fn lowered(text: &str) -> String {
    let plain = text.trim();
    if matches!(plain, "st" | "nd" | "rd" | "th") {
        plain.to_owned()
    } else if plain.chars().count() <= 3 {
        " ".to_owned()
    } else {
        format!(" {plain} ")
    }
}

#[derive(Default)]
struct Walk {
    out: Vec<Block>,
    open: Cell,
    tables: Vec<Table>,
    hidden: u32,
    names: u32,
    code: Option<String>,
    lists: u8,
    in_item: bool,
    /// Raised text: the mark of a footnote, or the end of `15th`.
    raised: Option<String>,
    /// The term of a definition list, for the definitions after it.
    term: Cell,
    in_definition: bool,
}

fn is_hidden(e: &Element) -> bool {
    matches!(
        e.name(),
        "script"
            | "style"
            | "nav"
            | "head"
            | "footer"
            | "svg"
            | "noscript"
            | "template"
            | "pre"
            | "button"
            | "select"
            | "iframe"
            | "del"
            | "s"
            | "strike"
            | "dialog"
    ) || e.attr("hidden").is_some()
        || e.attr("aria-hidden") == Some("true")
}

fn is_name(name: &str) -> bool {
    matches!(name, "a" | "b" | "strong" | "em" | "i")
}

fn heading(name: &str) -> Option<u8> {
    match name {
        "h1" => Some(1),
        "h2" => Some(2),
        "h3" => Some(3),
        "h4" => Some(4),
        "h5" => Some(5),
        "h6" => Some(6),
        _ => None,
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "main"
            | "header"
            | "aside"
            | "blockquote"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "dt"
            | "dd"
            | "figure"
            | "figcaption"
            | "details"
            | "summary"
            | "hr"
            | "form"
            | "body"
            | "caption"
    ) || heading(name).is_some()
}

impl Walk {
    /// Where words go now.
    fn target(&mut self) -> &mut Cell {
        match self.tables.last_mut().and_then(|t| t.cell.as_mut()) {
            Some(spanned) => &mut spanned.cell,
            None => &mut self.open,
        }
    }

    fn in_cell(&self) -> bool {
        self.tables.last().is_some_and(|t| t.cell.is_some())
    }

    fn text(&mut self, text: &str) {
        if let Some(raised) = &mut self.raised {
            raised.push_str(text);
        } else if let Some(code) = &mut self.code {
            code.push_str(text);
        } else if self.names > 0 {
            self.target().push_name(text);
        } else {
            self.target().push_text(text);
        }
    }

    fn open(&mut self, e: &Element) {
        if self.hidden > 0 || is_hidden(e) {
            self.hidden += 1;
            return;
        }
        let span = |key: &str| e.attr(key).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(1).clamp(1, 10_000);
        match e.name() {
            "table" => {
                self.flush();
                self.tables.push(Table::default());
            }
            "thead" => self.head(true),
            "tbody" | "tfoot" => self.head(false),
            "tr" => {
                if let Some(t) = self.tables.last_mut() {
                    t.row = RawRow {
                        class: e.attr("class").unwrap_or_default().to_owned(),
                        in_head: t.in_head,
                        cells: Vec::new(),
                    };
                }
            }
            name @ ("td" | "th") => {
                if let Some(t) = self.tables.last_mut() {
                    t.cell = Some(Spanned {
                        cell: Cell::default(),
                        columns: span("colspan"),
                        rows: span("rowspan"),
                        is_header: name == "th",
                    });
                }
            }
            "code" | "kbd" | "samp" | "tt" => self.code = Some(String::new()),
            "br" => self.target().push_break(),
            "sup" => self.raised = Some(String::new()),
            name if is_name(name) => self.names += 1,
            name if is_block(name) => {
                self.parts();
                match name {
                    "dl" => self.term = Cell::default(),
                    "dd" if !self.in_cell() => self.in_definition = true,
                    "ul" | "ol" => self.lists = self.lists.saturating_add(1),
                    "li" => self.in_item = true,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, e: &Element) {
        if self.hidden > 0 {
            self.hidden -= 1;
            return;
        }
        match e.name() {
            "table" => {
                if let Some(t) = self.tables.pop() {
                    self.out.push(Block::Table(Grid::of(t.rows)));
                    if t.has_caption {
                        self.out.push(Block::Close);
                    }
                }
            }
            "thead" => self.head(false),
            "tr" => {
                if let Some(t) = self.tables.last_mut() {
                    let row = std::mem::take(&mut t.row);
                    t.rows.push(row);
                }
            }
            "td" | "th" => {
                if let Some(t) = self.tables.last_mut()
                    && let Some(cell) = t.cell.take()
                {
                    t.row.cells.push(cell);
                }
            }
            "code" | "kbd" | "samp" | "tt" => {
                if let Some(code) = self.code.take() {
                    self.target().push_code(&code);
                }
            }
            "sup" => {
                if let Some(text) = self.raised.take() {
                    self.text(&lowered(&text));
                }
            }
            "caption" if !self.in_cell() => {
                let text = std::mem::take(&mut self.open).plain();
                if let Some(t) = self.tables.last_mut().filter(|t| !t.has_caption && !text.is_empty()) {
                    t.has_caption = true;
                    self.out.push(Block::Open(text));
                }
            }
            "dt" if !self.in_cell() => self.term = std::mem::take(&mut self.open),
            "dd" if !self.in_cell() => {
                self.in_definition = false;
                let said = std::mem::take(&mut self.open);
                if !said.is_empty() {
                    let mut whole = self.term.clone();
                    whole.push_text(" \u{2014} ");
                    whole.0.extend(said.0);
                    self.out.push(Block::Item(self.lists.max(1), whole));
                }
            }
            name if is_name(name) => {
                self.names = self.names.saturating_sub(1);
                if let (true, Some(address)) = (self.in_cell(), e.attr("href").filter(|_| name == "a")) {
                    self.target().push_address(address);
                }
            }
            name => {
                if let (Some(level), false) = (heading(name), self.in_cell()) {
                    let text = std::mem::take(&mut self.open);
                    self.out.push(Block::Heading(level, text));
                } else if is_block(name) {
                    self.parts();
                }
                match name {
                    "ul" | "ol" => self.lists = self.lists.saturating_sub(1),
                    "li" => self.in_item = self.lists > 1,
                    _ => {}
                }
            }
        }
    }

    fn head(&mut self, in_head: bool) {
        if let Some(t) = self.tables.last_mut() {
            t.in_head = in_head;
        }
    }

    /// A block begins or ends: in a cell a line, elsewhere a paragraph.
    fn parts(&mut self) {
        if self.in_cell() || self.in_definition {
            self.target().push_break();
        } else {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.open);
        if !text.is_empty() {
            let item = self.in_item && self.lists > 0;
            self.out.push(if item { Block::Item(self.lists, text) } else { Block::Para(text) });
        }
    }
}
