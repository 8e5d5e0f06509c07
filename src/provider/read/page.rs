//! A page as blocks: headings, paragraphs, list items, tables, whatever it was written in.
//!
//! In: Markdown (with components) or HTML. Out: [`Block`]s of [`Cell`]s, in order. Invariants: a cell keeps apart what is
//! code, what is emphasised and what is plain, because on these pages code spans are ids; struck-out text is gone; spans of
//! rows and columns are filled in; linear in the page. Refuses to know what a column or a sentence means.

mod grid;
mod html;
mod markdown;
mod mdx;

pub use grid::{Grid, Row};

use crate::model::text::one_line;
use std::borrow::Cow;

/// A stretch of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// A code span.
    Code(String),
    /// Emphasised or linked words.
    Name(String),
    /// Where the name before it leads, in a table: the id at the end of the address of a model's page.
    Model(String),
    /// The end of a line or of a list item.
    Break,
}

/// The id that the address of a model's page ends in: `/models/demo-4-26-03`. Names alone are given to several models.
fn model_of(address: &str) -> Option<String> {
    let path = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let (before, last) = path.rsplit_once('/')?;
    let is_id = last.contains('-') && last.contains(|c: char| c.is_ascii_digit()) && !last.contains(['.', '%']);
    (before.ends_with("/models") && is_id).then(|| last.to_owned())
}

/// The words of a cell, a paragraph, a list item or a heading.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell(pub Vec<Piece>);

impl Cell {
    /// Its words, code and all.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(t) | Piece::Code(t) | Piece::Name(t) => out.push_str(t),
                Piece::Break => out.push(' '),
                Piece::Model(_) => {}
            }
        }
        flat(&out)
    }

    /// Its lines.
    pub fn lines(&self) -> Vec<Cell> {
        self.0.split(|p| *p == Piece::Break).map(|p| Cell(p.to_vec())).filter(|c| !c.is_empty()).collect()
    }

    /// Whether nothing stands in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|p| match p {
            Piece::Text(t) | Piece::Code(t) | Piece::Name(t) => t.trim().is_empty(),
            Piece::Model(_) | Piece::Break => true,
        })
    }

    fn push_text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            Some(Piece::Code(_) | Piece::Name(_) | Piece::Model(_) | Piece::Break) | None => {
                self.0.push(Piece::Text(text.to_owned()))
            }
        }
    }

    fn push_name(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(Piece::Name(last)) => last.push_str(text),
            Some(Piece::Code(_) | Piece::Text(_) | Piece::Model(_) | Piece::Break) | None => {
                self.0.push(Piece::Name(text.to_owned()))
            }
        }
    }

    fn push_code(&mut self, text: &str) {
        self.0.push(Piece::Code(flat(text)));
    }

    fn push_address(&mut self, address: &str) {
        self.0.extend(model_of(address).map(Piece::Model));
    }

    fn push_break(&mut self) {
        if !self.is_empty() {
            self.0.push(Piece::Break);
        }
    }
}

/// A text on one line, all of it.
pub fn flat(text: &str) -> String {
    one_line(text, text.len())
}

/// One block of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading, 1 to 6.
    Heading(u8, Cell),
    /// A paragraph.
    Para(Cell),
    /// A list item without the lists in it, and how deep it stands (1 is the outermost).
    Item(u8, Cell),
    /// A table.
    Table(Grid),
    /// A component with a label begins: `<Update label="2026-02-16">`.
    Open(String),
    /// The innermost component with a label ends.
    Close,
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Markdown, with components or not.
    Markdown,
    /// HTML.
    Html,
}

/// Why a page was not taken apart.
pub type Refusal = Cow<'static, str>;

/// The blocks of a page.
///
/// # Errors
/// What makes it too much for us, in words.
pub fn blocks(text: &str, written: Written) -> Result<Vec<Block>, Refusal> {
    match written {
        Written::Markdown => markdown::blocks(text),
        Written::Html => html::blocks(text),
    }
}

#[cfg(test)]
mod tests;
