//! Pages with tables of what ends when: `kind = "table"`, form Markdown.
//!
//! In: a page and its source's settings. Out: one observation for each subject of each row that says something about an
//! end. Invariants: columns are found by what their headers mean, never by place; one observation for a matter, from the
//! newest announcement; a date that cannot be read leaves a claim without a date and with its quote, not silence.
//! Refuses tables without a shutdown and a subject column, and to decide what has ended by the calendar.

mod page;
mod words;

use super::date::{self, DateCell};
use super::{ReadContext, ending, guard};
use crate::model::observation::Ending;
use crate::model::{MatterId, Observation, ReadOutcome, text::one_line};
use crate::provider::file::{Columns, Form, TableSource};
use jiff::civil::Date;
use page::{Cell, Section, Table};
use std::collections::HashMap;

/// Reads a page.
pub fn read(source: &TableSource, ctx: &ReadContext, body: &[u8]) -> ReadOutcome {
    let text = match guard::open(body) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    let tables = match source.form {
        Form::Markdown if guard::is_html(text) => {
            let why = "it is an HTML page, not Markdown: probably a login or error page";
            return ReadOutcome::GuardFailed(why.to_owned());
        }
        Form::Markdown => page::tables(text),
    };
    if let Err(outcome) = guard::must_contain(text, &source.guards) {
        return outcome;
    }
    let mut found = Found::default();
    for table in &tables {
        let Some(columns) = Places::of(table, &source.columns) else { continue };
        for row in &table.rows {
            found.row(source, ctx, &table.section, &columns, row);
        }
    }
    if found.dated_rows < source.guards.min_rows {
        let (rows, floor) = (found.dated_rows, source.guards.min_rows);
        return ReadOutcome::GuardFailed(format!("{rows} rows with a date, at least {floor} expected"));
    }
    ReadOutcome::Ok(found.observations)
}

/// Which column means what.
struct Places {
    shutdown: usize,
    subject: usize,
    replacement: Option<usize>,
}

impl Places {
    /// `None` when the table does not say what ends when.
    fn of(table: &Table, columns: &Columns) -> Option<Self> {
        let says = |header: &str, words: &[String]| words.iter().any(|w| header.contains(w.as_str()));
        // "Recommended replacement model" is no subject, "Deprecated model price" neither; "Model being retired" is no date.
        let is_replacement = |h: &str| says(h, &columns.replacement) && !h.contains("price");
        let is_subject = |h: &str| {
            says(h, &columns.subject)
                && !says(h, &columns.replacement)
                && !h.contains("price")
                && (!says(h, &columns.shutdown) || !h.contains("date"))
        };
        let is_shutdown = |h: &str| {
            says(h, &columns.shutdown) && !says(h, &columns.replacement) && !h.contains("price") && !is_subject(h)
        };
        // The first word that any header has wins, so that a file can say ["model id", "model"].
        let first = |words: &[String], is: &dyn Fn(&str) -> bool| {
            words.iter().find_map(|w| table.header.iter().position(|h| h.contains(w.as_str()) && is(h)))
        };
        Some(Self {
            shutdown: first(&columns.shutdown, &is_shutdown)?,
            subject: first(&columns.subject, &is_subject)?,
            replacement: first(&columns.replacement, &is_replacement),
        })
    }
}

#[derive(Default)]
struct Found {
    observations: Vec<Observation>,
    by_matter: HashMap<MatterId, (usize, Option<Date>)>,
    dated_rows: usize,
}

impl Found {
    fn row(&mut self, source: &TableSource, ctx: &ReadContext, section: &Section, places: &Places, row: &[Cell]) {
        let (Some(shutdown), Some(subject)) = (row.get(places.shutdown), row.get(places.subject)) else { return };
        let subjects = words::subjects(&ctx.provider, subject);
        if subjects.is_empty() {
            return;
        }
        let deadline = match date::cell(&shutdown.plain()) {
            DateCell::Date(deadline) => Some(deadline),
            DateCell::NoDate => return,
            DateCell::Unreadable => None,
        };
        self.dated_rows += usize::from(deadline.is_some());
        let ending = Ending {
            announced_on: section.announced_on,
            deadline,
            replacements: places.replacement.and_then(|p| row.get(p)).map(words::replacements).unwrap_or_default(),
            quote: one_line(&row.iter().map(Cell::plain).collect::<Vec<_>>().join(" | "), 300),
            rank: source.rank,
            ended: section.past,
        };
        let page = source.page.as_deref().unwrap_or(&source.url);
        for named in subjects {
            let said = ending::observation(ctx, named.subject, &named.words, &section.title, page, ending.clone());
            self.keep(said, ending.announced_on);
        }
    }

    /// One observation for a matter: the one under the newest announcement, the first among equals.
    fn keep(&mut self, observation: Observation, announced_on: Option<Date>) {
        let Some(matter) = observation.matter.clone() else { return };
        match self.by_matter.get_mut(&matter) {
            Some((_, kept)) if *kept >= announced_on => {}
            Some((index, kept)) => {
                self.observations[*index] = observation;
                *kept = announced_on;
            }
            None => {
                self.by_matter.insert(matter, (self.observations.len(), announced_on));
                self.observations.push(observation);
            }
        }
    }
}
