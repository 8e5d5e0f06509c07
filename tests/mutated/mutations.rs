//! What may happen to a page between two fetches.
//!
//! In: a page. Out: it with one change, and what that is called. Invariant: after each change a person who reads the page can
//! still tell right from wrong: a date stays with the row it stands in or with a header of its meaning, or its header is gone or
//! says nothing. Never are two columns of dates exchanged below their headers, since that page would itself be wrong.

use super::days;
use super::paper::{Cell, Paper, Part, Row, Table};
use forewarn::provider::read::date::SlashOrder;

/// How a change may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Every row as it was.
    Same,
    /// The same, or nothing because a guard asks for the words that are gone.
    SameOrRefused,
    /// No date that the page did not give.
    NeverWrong,
    /// The same, and no date that is firm: what stands before each of them makes it another.
    NotFirm,
    /// The same, where what a row says of one region may be all that is left of a thing.
    FewerRows,
    /// Nothing at all.
    Nothing,
}

pub struct Mutation {
    pub name: String,
    pub page: String,
    pub demand: Demand,
}

fn one(name: impl Into<String>, page: String, demand: Demand) -> Mutation {
    Mutation { name: name.into(), page, demand }
}

pub fn all(paper: &Paper, slash: Option<SlashOrder>) -> Vec<Mutation> {
    let mut out = vec![one("written out again", paper.write(), Demand::Same)];
    headers(paper, &mut out);
    columns(paper, &mut out);
    rows(paper, &mut out);
    sections(paper, &mut out);
    dates(paper, slash, &mut out);
    other_pages(paper, &mut out);
    out
}

/// Headers renamed: to another word for the same, to a word that says nothing, to nothing.
fn headers(paper: &Paper, out: &mut Vec<Mutation>) {
    const SAME: &[(&str, &str)] = &[
        ("shutdown date", "Sunset date"),
        ("shutdown date", "Discontinued on"),
        ("retirement date", "Removal date"),
        ("retirement date", "Shut down on"),
        ("eol date", "End-of-life date"),
        ("retirement", "EOL"),
        ("removal date", "Retires on"),
    ];
    for (old, new) in SAME {
        let renamed = paper.tables(|t| {
            let mut t = t.clone();
            let last = t.heads.len() - 1;
            for cell in t.heads[last].cells.iter_mut().filter(|c| plain(&c.text) == *old) {
                cell.text = (*new).to_owned();
            }
            t
        });
        out.push(one(format!("header {old:?} is called {new:?}"), renamed.write(), Demand::SameOrRefused));
    }
    for column in 0..paper.width() {
        for word in ["", "Info", "Column X", "Date"] {
            let renamed = paper.tables(|t| {
                let mut t = t.clone();
                for head in &mut t.heads {
                    if let Some(cell) = head.cells.get_mut(column) {
                        cell.text = word.to_owned();
                    }
                }
                t
            });
            out.push(one(format!("header {column} is called {word:?}"), renamed.write(), Demand::NeverWrong));
        }
    }
    let bare = |t: &Table| {
        let mut t = t.clone();
        t.heads.iter_mut().flat_map(|h| &mut h.cells).for_each(|c| c.text.clear());
        t
    };
    out.push(one("headers are empty", paper.tables(bare).write(), Demand::NeverWrong));
    let first_row = |t: &Table| {
        let mut t = t.clone();
        if !t.rows.is_empty() {
            t.heads = vec![t.rows.remove(0)];
        }
        t
    };
    out.push(one("headers are missing", paper.tables(first_row).write(), Demand::NeverWrong));
}

/// What is done to the cells of each row.
type Change<'c> = &'c dyn Fn(&Table, &mut Vec<Cell>);

/// Columns moved, with their headers and without, added and lost.
fn columns(paper: &Paper, out: &mut Vec<Mutation>) {
    let reversed = |t: &Table| t.each(|c| c.reverse());
    out.push(one("columns stand in reverse", paper.tables(reversed).write(), Demand::Same));
    for by in 1..paper.width() {
        let moved = |t: &Table| {
            t.each(|c| {
                let n = c.len().max(1);
                c.rotate_left(by % n);
            })
        };
        out.push(one(format!("columns are moved by {by}"), paper.tables(moved).write(), Demand::Same));
    }
    let body = |change: Change| {
        paper.tables(|t| {
            let mut rows = t.rows.clone();
            rows.iter_mut().for_each(|r| change(t, &mut r.cells));
            t.with(rows)
        })
    };
    let cases: &[(&str, Change)] = &[
        ("cells are moved right under their headers", &|_, c| c.rotate_right(1)),
        ("cells are moved left under their headers", &|_, c| c.rotate_left(1)),
        ("each row has an empty cell more in front", &|t, c| c.insert(0, t.cell(false, ""))),
        ("each row has a number more in front", &|t, c| c.insert(0, t.cell(false, "17"))),
        ("each row has a word more in front", &|t, c| c.insert(0, t.cell(false, "Chat"))),
        ("each row has lost its first cell", &|_, c| drop(c.remove(0))),
        ("each row has lost its last cell", &|_, c| drop(c.pop())),
        ("each row has a word more at its end", &|t, c| c.push(t.cell(false, "see notes"))),
    ];
    for (name, change) in cases {
        out.push(one(*name, body(*change).write(), Demand::NeverWrong));
    }
    let noted = paper.tables(|t| {
        let mut t = t.clone();
        let (head, cell) = (t.cell(true, "Notes"), t.cell(false, "Ask support."));
        t.heads.iter_mut().for_each(|h| h.cells.insert(0, head.clone()));
        t.rows.iter_mut().for_each(|r| r.cells.insert(0, cell.clone()));
        t
    });
    out.push(one("a column of notes more in front", noted.write(), Demand::Same));
    let released = paper.tables(|t| {
        let mut t = t.clone();
        let (head, cell) = (t.cell(true, "Release date"), t.cell(false, "May 7, 2024"));
        t.heads.iter_mut().for_each(|h| h.cells.insert(1, head.clone()));
        t.rows.iter_mut().for_each(|r| r.cells.insert(1.min(r.cells.len()), cell.clone()));
        t
    });
    out.push(one("a column of releases more", released.write(), Demand::Same));
    for column in 0..paper.width() {
        let without = |t: &Table| {
            t.each(|c| {
                if column < c.len() && c.len() > 1 {
                    c.remove(column);
                }
            })
        };
        out.push(one(format!("column {column} is missing"), paper.tables(without).write(), Demand::NeverWrong));
    }
}

/// Rows lost, turned round, parted.
fn rows(paper: &Paper, out: &mut Vec<Mutation>) {
    let pick = |keep: &dyn Fn(usize, usize) -> bool| {
        paper.tables(|t| {
            let n = t.rows.len();
            t.with(t.rows.iter().enumerate().filter(|(i, _)| keep(*i, n)).map(|(_, r)| r.clone()).collect())
        })
    };
    for (name, page) in [
        ("tables are empty", pick(&|_, _| false)),
        ("the first half of the rows", pick(&|i, n| i < n / 2)),
        ("the second half of the rows", pick(&|i, n| i >= n / 2)),
        ("every second row", pick(&|i, _| i % 2 == 0)),
        ("rows stand in reverse", paper.tables(|t| t.with(t.rows.iter().rev().cloned().collect()))),
    ] {
        out.push(one(name, page.write(), Demand::FewerRows));
    }
    for (name, keep) in [("only tables of even number", 0), ("only tables of odd number", 1)] {
        let mut n = 0;
        let mut page = paper.clone();
        page.parts.retain(|p| {
            let is_table = matches!(p, Part::Table(_));
            n += usize::from(is_table);
            !is_table || n % 2 == keep
        });
        out.push(one(name, page.write(), Demand::FewerRows));
    }
    for (name, keep) in [("every second item of a list", 0), ("the other items of a list", 1)] {
        out.push(one(name, items(paper, keep).write(), Demand::FewerRows));
    }
}

/// Without every second item of a list.
fn items(paper: &Paper, keep: usize) -> Paper {
    let is_html = paper.is_html;
    paper.texts(|t| {
        let mut n = 0;
        if is_html {
            let mut pieces = t.split("<li");
            let first = pieces.next().unwrap_or_default().to_owned();
            return pieces.fold(first, |mut out, piece| {
                n += 1;
                let end = piece.find("</li>").map_or(piece.len(), |e| e + 5);
                if n % 2 == keep {
                    out.push_str("<li");
                    out.push_str(&piece[..end]);
                }
                out + &piece[end..]
            });
        }
        let is_item = |l: &str| ["* ", "- "].iter().any(|m| l.trim_start().starts_with(m));
        let kept = t.split_inclusive('\n').filter(|l| {
            n += usize::from(is_item(l));
            !is_item(l) || n % 2 == keep
        });
        kept.collect()
    })
}

/// Sections split, joined, renamed; sentences and lists torn apart.
fn sections(paper: &Paper, out: &mut Vec<Mutation>) {
    let heading = if paper.is_html { "\n<h3>More</h3>\n" } else { "\n\n### More\n\n" };
    let apart = |again: bool| {
        let mut page = Paper { is_html: paper.is_html, parts: Vec::new() };
        for part in &paper.parts {
            let Part::Table(t) = part else {
                page.parts.push(part.clone());
                continue;
            };
            let (first, second) = t.rows.split_at(t.rows.len() / 2);
            page.parts.push(Part::Table(t.with(first.to_vec())));
            page.parts.push(Part::Text(heading.to_owned()));
            let second: Vec<Row> = second.to_vec();
            match (again, second.split_first()) {
                (true, _) => page.parts.push(Part::Table(t.with(second))),
                (false, Some((head, rows))) => {
                    page.parts.push(Part::Table(Table { heads: vec![head.clone()], rows: rows.to_vec(), ..t.clone() }));
                }
                (false, None) => {}
            }
        }
        page
    };
    out.push(one("tables are split by a heading", apart(true).write(), Demand::NeverWrong));
    out.push(one("tables are split, the second half has no header", apart(false).write(), Demand::NeverWrong));
    let mut before = paper.clone();
    before.parts = paper
        .parts
        .iter()
        .flat_map(|p| match p {
            Part::Table(_) => vec![Part::Text(heading.to_owned()), p.clone()],
            Part::Text(_) => vec![p.clone()],
        })
        .collect();
    out.push(one("a heading stands before each table", before.write(), Demand::NeverWrong));
    for (name, to) in [("headings are missing", None), ("headings say nothing", Some("More"))] {
        out.push(one(name, paper.texts(|t| headings(t, paper.is_html, to)).write(), Demand::NeverWrong));
    }
    if paper.is_html {
        let split = paper.texts(|t| t.replace("</p>", "</p><h3>More</h3>"));
        out.push(one("a heading stands after each paragraph", split.write(), Demand::NeverWrong));
        let without = paper.texts(|t| without_between(t, "<p>", "</p>"));
        out.push(one("paragraphs are missing", without.write(), Demand::NeverWrong));
        return;
    }
    let split = paper.texts(|t| t.replace("\n\n", "\n\n### More\n\n"));
    out.push(one("a heading stands before each block", split.write(), Demand::NeverWrong));
    let is_lead = |l: &str| l.trim_end().ends_with(':') && !l.trim_start().starts_with(['#', '*', '-', '|']);
    let without = paper.texts(|t| t.split_inclusive('\n').filter(|l| !is_lead(l)).collect());
    out.push(one("sentences before lists are missing", without.write(), Demand::NeverWrong));
    let labels = paper
        .texts(|t| t.split_inclusive('\n').filter(|l| !l.contains("<Update") && !l.contains("</Update")).collect());
    out.push(one("blocks are missing their labels", labels.write(), Demand::NeverWrong));
}

/// Headings of the levels below the first: renamed or left out.
fn headings(text: &str, is_html: bool, to: Option<&str>) -> String {
    if !is_html {
        let of = |l: &str| match (l.trim_start().starts_with("##"), to) {
            (false, _) => l.to_owned(),
            (true, None) => "\n".to_owned(),
            (true, Some(to)) => format!("{} {to}\n", l.split(' ').next().unwrap_or_default()),
        };
        return text.split_inclusive('\n').map(of).collect();
    }
    let mut out = text.to_owned();
    for n in 2..=6 {
        let (open, close) = (format!("<h{n}"), format!("</h{n}>"));
        out = match to {
            None => without_between(&out, &open, &close),
            Some(to) => {
                let mut pieces = out.split(open.as_str());
                let first = pieces.next().unwrap_or_default().to_owned();
                pieces.fold(first, |all, p| {
                    let rest = p.split_once(close.as_str()).map_or("", |(_, r)| r);
                    format!("{all}<h{n}>{to}{close}{rest}")
                })
            }
        };
    }
    out
}

fn without_between(text: &str, open: &str, close: &str) -> String {
    let mut pieces = text.split(open);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, p| all + p.split_once(close).map_or("", |(_, rest)| rest))
}

/// Every date that stands for itself, in another style.
fn dates(paper: &Paper, slash: Option<SlashOrder>, out: &mut Vec<Mutation>) {
    for style in days::STYLES {
        let demand = match style.kind {
            days::Kind::Read => Demand::Same,
            days::Kind::NotFirm => Demand::NotFirm,
            days::Kind::Other => Demand::NeverWrong,
        };
        out.push(one(format!("dates are written {}", style.name), restyled(paper, slash, style.write), demand));
    }
}

/// The page without the dates that styles are made of.
pub fn without_dates(paper: &Paper, slash: Option<SlashOrder>) -> String {
    restyled(paper, slash, |_| "soon".to_owned())
}

fn restyled(paper: &Paper, slash: Option<SlashOrder>, write: fn(days::Day) -> String) -> String {
    let rewrite = |t: &str| days::restyled(t, slash, write);
    let page = paper.texts(rewrite).tables(|t| {
        let mut t = t.clone();
        // A date in a column of versions is a part of a name.
        let kept: Vec<usize> = (0..t.width()).filter(|c| t.head(*c).contains("version")).collect();
        for row in t.heads.iter_mut().chain(&mut t.rows) {
            for (_, cell) in row.cells.iter_mut().enumerate().filter(|(i, _)| !kept.contains(i)) {
                cell.text = rewrite(&cell.text);
            }
        }
        t
    });
    page.write()
}

/// What servers send with status 200 in place of a page.
fn other_pages(paper: &Paper, out: &mut Vec<Mutation>) {
    let whole = paper.write();
    let error = |title: &str, text: &str| {
        format!(
            "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"
        )
    };
    for (title, text) in [
        ("Page not found", "The page on deprecations and retirement dates of models moved on May 7, 2027."),
        ("500 Internal Server Error", "Deprecated models shut down 2027-05-07."),
        ("Just a moment...", "Checking your browser. Deprecations, Deprecated models, Model lifecycle."),
        ("Sign in", "Sign in to see the lifecycle of your models. Offer ends May 7, 2027."),
        ("Something went wrong", "We will be back on May 7, 2027. Deprecation, retirement, shutdown."),
    ] {
        out.push(one(format!("an error page: {title}"), error(title, text), Demand::Nothing));
    }
    // Another page of the same site: its head, its navigation, none of its facts.
    let head: String = whole.chars().take(whole.find("<body").map_or(200, |b| b + 6).min(whole.len())).collect();
    let soft = |body: &str| match paper.is_html {
        true => format!("{head}<main>{body}</main></body></html>"),
        false => format!("{}\n\n{body}\n", first_line(&whole)),
    };
    let catalogue = if paper.is_html {
        "<h1>Models</h1><p>Deprecations, retirement, lifecycle: all our models.</p><table><tr><th>Model</th><th>Release date</th><th>Context</th></tr>\
         <tr><td>demo-1</td><td>May 7, 2027</td><td>128k</td></tr><tr><td>demo-2</td><td>June 7, 2027</td><td>1M</td></tr></table>"
    } else {
        "# Models\n\nDeprecations, retirement, lifecycle: all our models.\n\n| Model | Release date | Context |\n|---|---|---|\n| `demo-1` | May 7, 2027 | 128k |\n| `demo-2` | June 7, 2027 | 1M |\n"
    };
    out.push(one("a soft 404: a catalogue", soft(catalogue), Demand::Nothing));
    let news = if paper.is_html {
        "<h1>News</h1><p>Deprecations, lifecycle. On May 7, 2027 we launch demo-9. The price of demo-8 falls on June 7, 2027.</p>"
    } else {
        "# News\n\nDeprecations, lifecycle. On May 7, 2027 we launch `demo-9`. The price of `demo-8` falls on June 7, 2027.\n"
    };
    out.push(one("a soft 404: news", soft(news), Demand::Nothing));
    // A body that ends between two lines, as a proxy cuts it.
    for part in [3, 10, 50, 90] {
        let at = whole.len() * part / 100;
        let at = whole[..(0..=at).rev().find(|i| whole.is_char_boundary(*i)).unwrap_or(0)].rfind('\n').unwrap_or(0);
        out.push(one(format!("the first {part} % of the page"), whole[..at].to_owned(), Demand::FewerRows));
    }
}

fn first_line(page: &str) -> &str {
    page.lines().find(|l| l.starts_with('#')).unwrap_or("# Deprecations")
}

/// What a person reads of a header.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            '*' => {}
            c if !in_tag => out.push(c),
            _ => {}
        }
    }
    out.trim().to_lowercase()
}
