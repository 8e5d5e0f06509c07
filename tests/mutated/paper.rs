//! A page as text and tables that can be changed and written out again.
//!
//! In: a page of deprecations, Markdown or HTML. Out: the same page with its tables taken apart. Invariant: what was not
//! changed is written as a reader of pages reads it the same (`mutated.rs` checks that first). Refuses tables in tables.

/// A cell as the page writes it, without its spans.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What stands before the words: `<td class="x">`; empty in Markdown.
    pub open: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Row {
    /// `<tr class="x">`; empty in Markdown.
    pub open: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
pub struct Table {
    /// `<table …>`, or the white space before each line of a Markdown table.
    pub open: String,
    pub is_html: bool,
    /// Lines of the header.
    pub heads: Vec<Row>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Table(Table),
}

#[derive(Clone, Debug)]
pub struct Paper {
    pub is_html: bool,
    pub parts: Vec<Part>,
}

impl Paper {
    pub fn of(page: &str) -> Paper {
        let is_html = page.trim_start().get(..9).is_some_and(|b| b.eq_ignore_ascii_case("<!doctype"))
            || page.trim_start().starts_with("<html");
        let mut parts = Vec::new();
        let mut rest = page;
        while let Some((from, to, table)) = html_table(rest) {
            text(&rest[..from], is_html, &mut parts);
            parts.push(Part::Table(table));
            rest = &rest[to..];
        }
        text(rest, is_html, &mut parts);
        Paper { is_html, parts }
    }

    pub fn write(&self) -> String {
        self.parts
            .iter()
            .map(|p| match p {
                Part::Text(t) => t.clone(),
                Part::Table(t) => t.write(),
            })
            .collect()
    }

    /// With each table changed.
    pub fn tables(&self, change: impl Fn(&Table) -> Table) -> Paper {
        let of = |p: &Part| if let Part::Table(t) = p { Part::Table(change(t)) } else { p.clone() };
        Paper { is_html: self.is_html, parts: self.parts.iter().map(of).collect() }
    }

    /// With the texts between the tables changed.
    pub fn texts(&self, change: impl Fn(&str) -> String) -> Paper {
        let of = |p: &Part| if let Part::Text(t) = p { Part::Text(change(t)) } else { p.clone() };
        Paper { is_html: self.is_html, parts: self.parts.iter().map(of).collect() }
    }

    /// Columns of the widest table.
    pub fn width(&self) -> usize {
        let of = |p: &Part| if let Part::Table(t) = p { t.width() } else { 0 };
        self.parts.iter().map(of).max().unwrap_or(0)
    }
}

impl Table {
    pub fn width(&self) -> usize {
        self.heads.iter().chain(&self.rows).map(|r| r.cells.len()).max().unwrap_or(0)
    }

    /// With the cells of header and rows changed alike.
    pub fn each(&self, change: impl Fn(&mut Vec<Cell>)) -> Table {
        let mut table = self.clone();
        table.heads.iter_mut().chain(&mut table.rows).for_each(|r| change(&mut r.cells));
        table
    }

    /// With other rows.
    pub fn with(&self, rows: Vec<Row>) -> Table {
        Table { rows, ..self.clone() }
    }

    /// What the header says of a column.
    pub fn head(&self, column: usize) -> String {
        let lines = self.heads.iter().filter_map(|r| r.cells.get(column));
        lines.map(|c| c.text.to_lowercase()).collect::<Vec<_>>().join(" ")
    }

    /// A cell of a row of the header or of another.
    pub fn cell(&self, is_head: bool, text: &str) -> Cell {
        let open = match (self.is_html, is_head) {
            (false, _) => "",
            (true, true) => "<th>",
            (true, false) => "<td>",
        };
        Cell { open: open.to_owned(), text: text.to_owned() }
    }

    pub fn write(&self) -> String {
        if self.is_html {
            let line = |r: &Row| {
                let cells = r.cells.iter().map(|c| {
                    let name = if c.open.starts_with("<th") { "th" } else { "td" };
                    format!("{}{}</{name}>", c.open, c.text)
                });
                format!("{}{}</tr>\n", r.open, cells.collect::<String>())
            };
            let heads: String = self.heads.iter().map(line).collect();
            let rows: String = self.rows.iter().map(line).collect();
            return format!("{}\n<thead>{heads}</thead>\n<tbody>\n{rows}</tbody></table>", self.open);
        }
        let line = |r: &Row| {
            let cells: Vec<&str> = r.cells.iter().map(|c| c.text.as_str()).collect();
            format!("{}| {} |\n", self.open, cells.join(" | "))
        };
        let heads: String = self.heads.iter().map(line).collect();
        let rule = format!("{}|{}\n", self.open, "---|".repeat(self.heads.first().map_or(0, |h| h.cells.len())));
        heads + &rule + &self.rows.iter().map(line).collect::<String>()
    }
}

/// Text outside HTML tables: tables of Markdown are taken out of it.
fn text(text: &str, is_html: bool, out: &mut Vec<Part>) {
    if is_html {
        out.push(Part::Text(text.to_owned()));
        return;
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_row = |l: &str| l.trim_start().starts_with('|');
    let is_rule = |l: &str| {
        let l = l.trim();
        l.starts_with('|') && l.contains('-') && l.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
    };
    let (mut plain, mut at) = (String::new(), 0);
    while at < lines.len() {
        if !(is_row(lines[at]) && lines.get(at + 1).is_some_and(|l| is_rule(l))) {
            plain.push_str(lines[at]);
            at += 1;
            continue;
        }
        out.push(Part::Text(std::mem::take(&mut plain)));
        let row = |l: &str| {
            let cells = split(l.trim()).into_iter().map(|text| Cell { open: String::new(), text });
            Row { open: String::new(), cells: cells.collect() }
        };
        let open = lines[at][..lines[at].len() - lines[at].trim_start().len()].to_owned();
        let heads = vec![row(lines[at])];
        let mut rows: Vec<Row> = lines[at + 2..].iter().take_while(|l| is_row(l)).map(|l| row(l)).collect();
        // As Markdown has it: what a row lacks is empty, what it has too much is none of the table.
        rows.iter_mut()
            .for_each(|r| r.cells.resize(heads[0].cells.len(), Cell { open: String::new(), text: String::new() }));
        at += 2 + rows.len();
        out.push(Part::Table(Table { open, is_html: false, heads, rows }));
    }
    out.push(Part::Text(plain));
}

/// The cells of a line of a Markdown table; `\|` parts none.
fn split(line: &str) -> Vec<String> {
    let line = line.strip_prefix('|').unwrap_or(line);
    let line = if line.ends_with("\\|") { line } else { line.strip_suffix('|').unwrap_or(line) };
    let mut out = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        if c == '|' && !escaped {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    out.iter().map(|c| c.trim().to_owned()).collect()
}

/// The first HTML table of a text that holds no other one: where it stands, and itself.
fn html_table(text: &str) -> Option<(usize, usize, Table)> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    loop {
        from += lower[from..].find("<table")?;
        let inner = from + lower[from..].find('>')? + 1;
        let end = inner + lower[inner..].find("</table>")?;
        if lower[inner..end].contains("<table") {
            from = inner;
            continue;
        }
        let (heads, rows) = rows(&text[inner..end], &lower[inner..end]);
        if heads.is_empty() {
            from = end;
            continue;
        }
        let table = Table { open: text[from..inner].to_owned(), is_html: true, heads, rows };
        return Some((from, end + "</table>".len(), table));
    }
}

/// Lines of the header and the others, with spans filled in.
fn rows(text: &str, lower: &str) -> (Vec<Row>, Vec<Row>) {
    let starts: Vec<usize> = lower.match_indices("<tr").map(|(i, _)| i).collect();
    let mut down: Vec<(usize, usize, Cell)> = Vec::new();
    let (mut heads, mut out): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for (i, at) in starts.iter().enumerate() {
        let to = starts.get(i + 1).copied().unwrap_or(text.len());
        let inner = at + lower[*at..to].find('>').unwrap_or(0) + 1;
        let end = lower[inner..to].find("</tr>").map_or(to, |e| inner + e);
        let mut own = cells(&text[inner..end], &lower[inner..end]).into_iter();
        let (mut cells, mut next) = (Vec::new(), Vec::new());
        loop {
            let column = cells.len();
            if let Some((_, left, cell)) = down.iter().find(|(c, ..)| *c == column) {
                cells.push(cell.clone());
                if *left > 1 {
                    next.push((column, left - 1, cell.clone()));
                }
            } else if let Some((cell, wide, high)) = own.next() {
                for _ in 0..wide {
                    if high > 1 {
                        next.push((cells.len(), high - 1, cell.clone()));
                    }
                    cells.push(cell.clone());
                }
            } else {
                break;
            }
        }
        down = next;
        let row = Row { open: text[*at..inner].to_owned(), cells };
        let is_head = out.is_empty() && (heads.is_empty() || row.cells.iter().all(|c| c.open.starts_with("<th")));
        if is_head { heads.push(row) } else { out.push(row) }
    }
    (heads, out)
}

/// The cells of a line with how many columns and rows they cover.
fn cells(text: &str, lower: &str) -> Vec<(Cell, usize, usize)> {
    let starts: Vec<usize> = lower
        .match_indices('<')
        .map(|(i, _)| i)
        .filter(|i| {
            let tag = &lower[*i..];
            (tag.starts_with("<td") || tag.starts_with("<th")) && !tag.starts_with("<thead")
        })
        .collect();
    let of = |(i, at): (usize, &usize)| {
        let to = starts.get(i + 1).copied().unwrap_or(text.len());
        let inner = at + lower[*at..to].find('>').unwrap_or(0) + 1;
        let close = lower[inner..to].find("</td").or_else(|| lower[inner..to].find("</th"));
        let open = &text[*at..inner];
        let span = |name: &str| {
            let value = open.split(&format!("{name}=")).nth(1)?.trim_start_matches(['"', '\'']);
            value.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok().filter(|n| *n > 0)
        };
        let name = if lower[*at..].starts_with("<th") { "<th>" } else { "<td>" };
        let cell = Cell { open: name.to_owned(), text: text[inner..close.map_or(to, |c| inner + c)].to_owned() };
        (cell, span("colspan").unwrap_or(1), span("rowspan").unwrap_or(1))
    };
    starts.iter().enumerate().map(of).collect()
}
