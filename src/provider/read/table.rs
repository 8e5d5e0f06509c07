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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Fact, Firmness, ProviderId, SourceId, SubjectType};
    use crate::provider::file::{self, Source};
    use proptest::prelude::*;

    const FILE: &str = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.deprecations]\n\
                        kind = \"table\"\nevidence = \"V\"\nurl = \"https://acme.example/d.md\"\nform = \"markdown\"\n";

    fn outcome(settings: &str, body: &[u8]) -> ReadOutcome {
        let provider = file::parse(&format!("{FILE}{settings}")).unwrap();
        let Source::Table(source) = &provider.sources["deprecations"] else { panic!("a table source") };
        let ctx = ReadContext {
            provider: ProviderId::new("acme").unwrap(),
            provider_name: "Acme".to_owned(),
            source: SourceId::new("acme/deprecations").unwrap(),
            connection: None,
            received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
        };
        read(source, &ctx, body)
    }

    #[track_caller]
    fn observations(markdown: &str) -> Vec<Observation> {
        match outcome("", markdown.as_bytes()) {
            ReadOutcome::Ok(found) => found,
            other => panic!("{other:?}"),
        }
    }

    fn ending(o: &Observation) -> &Ending {
        let Fact::Ending(ending) = &o.fact else { panic!("a page speaks of endings") };
        ending
    }

    /// Matter and date of every observation.
    fn dates(markdown: &str) -> Vec<(String, Option<String>)> {
        let date = |o: &Observation| ending(o).deadline.as_ref().map(|d| d.date.to_string());
        observations(markdown).iter().map(|o| (o.matter.as_ref().unwrap().to_string(), date(o))).collect()
    }

    fn row(matter: &str, date: &str) -> (String, Option<String>) {
        (matter.to_owned(), Some(date.to_owned()))
    }

    #[test]
    fn columns_are_found_by_meaning_not_by_place() {
        for header in [
            "Shutdown date | Model / system | Recommended replacement model",
            "**Retirement date** | Deprecated model | Substitute model",
            "EOL date | Model snapshot | Alternative",
        ] {
            let page = format!("| {header} |\n|---|---|---|\n| 2026-10-01 | `a-1` | `b-1` |\n");
            let found = observations(&page);
            assert_eq!(found[0].matter.as_ref().unwrap().as_str(), "acme:a-1", "{header}");
            assert_eq!(ending(&found[0]).replacements, ["b-1"], "{header}");
        }
        let page = "| Deprecated model price | Suggested alternative model | API model name | Retirement |\n|---|---|---|---|\n\
                    | $1 / 2024-01-01 | `b-1` | `a-1` | 2026-10-01 |\n";
        assert_eq!(dates(page), [row("acme:a-1", "2026-10-01")]);
        assert_eq!(ending(&observations(page)[0]).replacements, ["b-1"]);
    }

    #[test]
    fn a_table_without_a_date_or_a_subject_column_says_nothing() {
        for header in ["Date | Update", "Model being retired | Redirect", "Shutdown date | Notes", "Model price | EOL"]
        {
            let page = format!("| {header} |\n|---|---|\n| 2026-10-01 | `a-1` |\n");
            assert_eq!(dates(&page), [], "{header}");
        }
    }

    #[test]
    fn a_file_says_which_column_counts_first() {
        let page = "| Model name | Model ID | EOL date |\n|---|---|---|\n| Demo One | demo-1 | 2026-10-01 |\n";
        assert_eq!(dates(page), [row("acme:product/demo-one", "2026-10-01")]);
        let ReadOutcome::Ok(found) = outcome("columns = { subject = [\"model id\", \"model\"] }\n", page.as_bytes())
        else {
            panic!("read")
        };
        assert_eq!(found[0].matter.as_ref().unwrap().as_str(), "acme:demo-1");
    }

    #[test]
    fn an_unreadable_date_leaves_a_claim_with_its_quote_and_no_date_leaves_none() {
        let page = "| Shutdown date | Model | Use instead |\n|---|---|---|\n| in autumn | `a-1` | `b-1` |\n\
                    | N/A | `a-2` | |\n| | `a-3` | |\n| 2026-10-01 | — | |\n| 2026-10-01 |\n";
        let found = observations(page);
        assert_eq!(found.len(), 1);
        assert_eq!((&ending(&found[0]).deadline, ending(&found[0]).quote.as_str()), (&None, "in autumn | a-1 | b-1"));
    }

    #[test]
    fn one_matter_is_told_once_from_its_newest_announcement() {
        let page = "| Shutdown date | Model |\n|---|---|\n| 2026-01-01 | `a-1` |\n\n### 2025-05-01: Old\n\
                    | Shutdown date | Model |\n|---|---|\n| 2026-02-01 | `a-1` |\n| 2026-03-01 | `a-2` \\| `a-2` |\n\n\
                    ### 2025-06-01: New\n| Shutdown date | Model |\n|---|---|\n| 2026-04-01 | `a-1` |\n| 2026-05-01 | `a-1` |\n\n\
                    ### 2025-05-15: Between\n| Shutdown date | Model |\n|---|---|\n| 2026-06-01 | `a-1` |\n";
        assert_eq!(dates(page), [row("acme:a-1", "2026-04-01"), row("acme:a-2", "2026-03-01")]);
    }

    #[test]
    fn it_happened_when_it_was_announced_but_never_in_the_future() {
        let page = |day: &str| {
            format!(
                "### {day}: Title here\n| Shutdown date | Product |\n|---|---|\n| 2027-01-01 or later | Demo API |\n"
            )
        };
        let found = &observations(&page("2026-07-20"))[0];
        assert_eq!(found.occurred_at.to_string(), "2026-07-20T00:00:00Z");
        assert_eq!((found.title.as_str(), found.summary.as_str()), ("Demo API shuts down", "Title here"));
        assert_eq!(found.url.as_deref(), Some("https://acme.example/d.md"));
        assert_eq!(found.subjects[0].kind, SubjectType::Api);
        assert_eq!(ending(found).deadline.as_ref().unwrap().firmness, Firmness::NotBefore);
        let found = &observations(&page("2026-09-20"))[0];
        assert_eq!(found.occurred_at.to_string(), "2026-08-20T08:00:02Z");
        assert_eq!(ending(found).announced_on, Some(jiff::civil::date(2026, 9, 20)));
    }

    #[test]
    fn only_the_section_says_that_something_has_ended() {
        let page = "## Upcoming\n| Shutdown date | Model |\n|---|---|\n| 2020-01-01 | `a-1` |\n\n## Past deprecations\n### 2019-01-01: x\n\
                    | Shutdown date | Model |\n|---|---|\n| 2020-01-01 | `a-2` |\n\n## Now\n| Shutdown date | Model |\n|---|---|\n| 2020-01-01 | `a-3` |\n";
        let ended: Vec<bool> = observations(page).iter().map(|o| ending(o).ended).collect();
        assert_eq!(ended, [false, true, false]);
    }

    #[test]
    fn a_page_that_is_not_the_one_we_know_is_no_page_without_endings() {
        let page = b"# Ends\n| Shutdown date | Model |\n|---|---|\n| 2026-01-01 | `a-1` |\n| TBD | `a-2` |\n| soon | `a-3` |\n";
        let guards = "guards = { must_contain = [\"# Ends\", \"# Past\"], min_rows = 1 }\n";
        for (settings, body, why) in [
            (guards, &b"<!DOCTYPE html><p># Ends # Past"[..], "HTML page"),
            (guards, b"\n <html>", "login or error page"),
            (guards, b"", "empty"),
            ("", b"\xef\xbb\xbf \n", "empty"),
            (guards, page, "\"# Past\""),
            ("guards = { min_rows = 40 }\n", page, "1 rows with a date, at least 40 expected"),
        ] {
            let ReadOutcome::GuardFailed(found) = outcome(settings, body) else { panic!("{why}: passed") };
            assert!(found.contains(why), "{found}");
        }
        assert!(matches!(outcome("guards = { min_rows = 1 }\n", page), ReadOutcome::Ok(found) if found.len() == 2));
        for (body, why) in [(vec![b'#', 0xff], "not UTF-8 (byte 1)"), (vec![b' '; guard::MAX_BODY + 1], "bytes")] {
            let ReadOutcome::Unreadable(found) = outcome("", &body) else { panic!("{why}: read") };
            assert!(found.contains(why), "{found}");
        }
    }

    #[test]
    fn text_of_a_page_stays_one_plain_line() {
        let page = "### 2026-01-01: a\u{202e}b <b>c</b>\n| Shutdown date | Model |\n|---|---|\n| 2026-10-01 | Demo\u{202e} <img src=x> One |\n";
        let found = &observations(page)[0];
        assert_eq!((found.title.as_str(), found.summary.as_str()), ("Demo One shuts down", "ab c"));
        assert_eq!(ending(found).quote, "2026-10-01 | Demo One");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>()) {
            let _ = outcome("", &body);
        }

        #[test]
        fn no_page_makes_it_panic_or_say_a_matter_twice(
            pieces in proptest::collection::vec(prop_oneof![
                Just("| Shutdown date | Model |\n|---|---|\n".to_owned()), Just("|".into()), Just("\n".into()), Just("`".into()),
                Just("\\|".into()), Just("a-1".into()), Just("2026-10-01".into()), Just("(".into()), Just(")".into()),
                Just("## Past\n".into()), Just("### 2026-01-01: x\n".into()), Just("<Note>\n".into()), Just(" ".into()), any::<String>(),
            ], 0..40)
        ) {
            if let ReadOutcome::Ok(found) = outcome("", pieces.concat().as_bytes()) {
                let matters: std::collections::HashSet<_> = found.iter().map(|o| o.matter.clone()).collect();
                prop_assert_eq!(matters.len(), found.len());
            }
        }
    }
}
