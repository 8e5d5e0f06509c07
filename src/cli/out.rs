//! Printing: text, tables, JSON; a closed pipe is the reader's choice, not an error.
//!
//! In: values. Out: stdout. Invariant: text from outside is cleaned of control characters. Refuses colour: the meaning is
//! in the words.

use super::Failure;
use crate::model::text::one_line;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::Write;

/// Prints a line to stdout.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    verbatim(&format!("{text}\n"))
}

/// Prints to stdout as it stands.
pub(super) fn verbatim(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Prints to stderr.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// One object a list: `{"items":[…],"next":…}`.
pub(super) fn list<T: Serialize>(items: &[T], next: Option<i64>) -> Result<(), Failure> {
    json(&serde_json::json!({ "items": items, "next": next }))
}

/// Any value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> Result<(), Failure> {
    say(&serde_json::to_string_pretty(value).map_err(|e| Failure::Fault(e.to_string()))?)
}

/// A table without lines: columns under their heads.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut t = Table::new();
    t.set_header(head.iter().map(|h| (*h).to_owned()));
    lay_out(t, rows, "")
}

/// Columns without heads, indented.
pub(super) fn rows(rows: &[Vec<String>]) -> Result<(), Failure> {
    lay_out(Table::new(), rows, "  ")
}

fn lay_out(mut t: Table, rows: &[Vec<String>], indent: &str) -> Result<(), Failure> {
    t.load_style(comfy_table::presets::NOTHING);
    t.set_content_arrangement(ContentArrangement::Disabled);
    for r in rows {
        t.add_row(r.iter().map(|c| one_line(c, 100)));
    }
    for c in t.column_iter_mut() {
        c.set_padding((0, 2));
    }
    let text: Vec<String> = t.to_string().lines().map(|l| format!("{indent}{}", l.trim_end())).collect();
    say(&text.join("\n"))
}

/// `Fri 22 Jan 2027`.
pub(super) fn day(d: jiff::civil::Date) -> String {
    d.strftime("%a %d %b %Y").to_string()
}

/// `Fri 22 Jan 08:40`, in UTC.
pub(super) fn moment(t: jiff::Timestamp) -> String {
    t.strftime("%a %d %b %H:%M").to_string()
}

/// `1 event`, `3 events`.
pub(super) fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
