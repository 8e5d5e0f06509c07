//! A table as a rectangle: spans filled in, header lines joined.
//!
//! In: rows of cells with their spans. Out: a [`Grid`]: one header, rows of cells. Invariant: a cell that spans columns or
//! rows stands in each of them; size is capped. Refuses to know what a header means.

use super::{Cell, flat};

/// Columns that are looked at.
const MAX_COLUMNS: usize = 64;
/// Cells that are looked at in one table.
const MAX_CELLS: usize = 100_000;

/// A row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Its cells, one for each column it has.
    pub cells: Vec<Cell>,
    /// Class names of it, as HTML gives them: some pages mark what has ended by colour only.
    pub class: String,
}

impl Row {
    /// The text of a row that is one cell over all columns, or one cell and nothing else: a heading within the table.
    pub fn group(&self) -> Option<String> {
        let first = self.cells.first()?;
        let alone = self.cells.len() > 1 && self.cells[1..].iter().all(|c| c.is_empty() || c == first);
        (alone && !first.is_empty()).then(|| first.plain())
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Its header, lower case, lines of it joined by a space.
    pub header: Vec<String>,
    /// Its header as it is written, the last line of it.
    pub head: Vec<Cell>,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A cell as it was written.
#[derive(Debug, Clone)]
pub struct Spanned {
    /// What stands in it.
    pub cell: Cell,
    /// Columns it covers.
    pub columns: usize,
    /// Rows it covers.
    pub rows: usize,
    /// It is a header cell.
    pub is_header: bool,
}

impl Spanned {
    /// A cell of one column and one row.
    pub fn plain(cell: Cell, is_header: bool) -> Self {
        Self { cell, columns: 1, rows: 1, is_header }
    }
}

/// A row as it was written.
#[derive(Debug, Clone, Default)]
pub struct RawRow {
    /// Its cells.
    pub cells: Vec<Spanned>,
    /// Class names.
    pub class: String,
    /// It stands in the head of the table.
    pub in_head: bool,
}

impl Grid {
    /// Fills spans in and finds the header: the rows of the head, else the leading rows of header cells, else the first.
    pub fn of(raw: Vec<RawRow>) -> Grid {
        let is_header = |r: &RawRow| r.in_head || (!r.cells.is_empty() && r.cells.iter().all(|c| c.is_header));
        let leading = raw.iter().take_while(|r| is_header(r)).count();
        let heads = leading.max(1).min(raw.len());
        let mut filled = fill(raw);
        let rows = filled.split_off(heads.min(filled.len()));
        let width = filled.iter().map(|r| r.cells.len()).max().unwrap_or(0);
        let head = filled.last().map(|r| r.cells.clone()).unwrap_or_default();
        let header = (0..width)
            .map(|i| {
                let mut lines: Vec<String> =
                    filled.iter().filter_map(|r| r.cells.get(i)).map(|c| c.plain().to_lowercase()).collect();
                lines.dedup();
                flat(&lines.join(" "))
            })
            .collect();
        Grid { header, head, rows: rows.into_iter().filter(|r| r.cells.iter().any(|c| !c.is_empty())).collect() }
    }
}

impl Grid {
    /// The same table with its columns as rows, where its first column stands for headers: models beside each other, a fact
    /// about them in each row.
    pub fn turned(&self) -> Option<Grid> {
        let first = self.header.first()?;
        let is_corner =
            first.is_empty() || matches!(first.as_str(), "property" | "attribute" | "field" | "fact" | "detail");
        if !is_corner || self.header.len() < 2 || self.rows.len() > MAX_COLUMNS {
            return None;
        }
        let fact = |r: &Row| r.cells.first().map(|c| c.plain().to_lowercase()).unwrap_or_default();
        let header = std::iter::once("model".to_owned()).chain(self.rows.iter().map(fact)).collect();
        let column = |i: usize| {
            let name = self.head.get(i).cloned().unwrap_or_default();
            let facts = self.rows.iter().map(|r| r.cells.get(i).cloned().unwrap_or_default());
            Row { cells: std::iter::once(name).chain(facts).collect(), class: String::new() }
        };
        Some(Grid { header, head: Vec::new(), rows: (1..self.header.len()).map(column).collect() })
    }
}

fn fill(raw: Vec<RawRow>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::with_capacity(raw.len());
    // What reaches down from above: column, rows left, cell.
    let mut down: Vec<(usize, usize, Cell)> = Vec::new();
    let mut count = 0;
    for row in raw {
        let mut cells: Vec<Cell> = Vec::new();
        let mut next_down: Vec<(usize, usize, Cell)> = Vec::new();
        let mut own = row.cells.into_iter().peekable();
        while cells.len() < MAX_COLUMNS {
            let column = cells.len();
            if let Some((_, left, cell)) = down.iter().find(|(c, ..)| *c == column) {
                cells.push(cell.clone());
                if *left > 1 {
                    next_down.push((column, left - 1, cell.clone()));
                }
            } else if let Some(s) = own.next() {
                for _ in 0..s.columns.clamp(1, MAX_COLUMNS - column) {
                    if s.rows > 1 {
                        next_down.push((cells.len(), s.rows - 1, s.cell.clone()));
                    }
                    cells.push(s.cell.clone());
                }
            } else if down.iter().any(|(c, ..)| *c > column) {
                cells.push(Cell::default());
            } else {
                break;
            }
        }
        count += cells.len();
        if count > MAX_CELLS {
            break;
        }
        down = next_down;
        out.push(Row { cells, class: row.class });
    }
    out
}
