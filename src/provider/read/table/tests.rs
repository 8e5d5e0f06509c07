//! Tests of pages.

use super::*;
use crate::model::Observation;
use crate::model::observation::Ending;
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
    for header in ["Date | Update", "Model being retired | Redirect", "Shutdown date | Notes", "Model price | EOL"] {
        let page = format!("| {header} |\n|---|---|\n| 2026-10-01 | `a-1` |\n");
        assert_eq!(dates(&page), [], "{header}");
    }
}

#[test]
fn a_file_says_which_column_counts_first() {
    let page = "| Model name | Model ID | EOL date |\n|---|---|---|\n| Demo One | demo-1 | 2026-10-01 |\n";
    assert_eq!(dates(page), [row("acme:demo-1", "2026-10-01")]);
    let ReadOutcome::Ok(found) = outcome("columns = { subject = [\"model name\", \"model\"] }\n", page.as_bytes())
    else {
        panic!("read")
    };
    assert_eq!(found[0].matter.as_ref().unwrap().as_str(), "acme:product/demo-one");
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
    // The newest notice contradicts itself: neither of its dates counts, and no older one.
    assert_eq!(dates(page), [("acme:a-1".to_owned(), None), row("acme:a-2", "2026-03-01")]);
    assert_eq!(ending(&observations(page)[0]).review.as_deref(), Some("the page gives 2026-04-01 and 2026-05-01"));
}

#[test]
fn it_happened_when_it_was_announced_but_never_in_the_future() {
    let page = |day: &str| {
        format!("### {day}: Title here\n| Shutdown date | Product |\n|---|---|\n| 2027-01-01 or later | Demo API |\n")
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
    let page =
        b"# Ends\n| Shutdown date | Model |\n|---|---|\n| 2026-01-01 | `a-1` |\n| TBD | `a-2` |\n| soon | `a-3` |\n";
    let guards = "guards = { must_contain = [\"# Ends\", \"# Past\"], min_rows = 1 }\n";
    for (settings, body, why) in [
        (guards, &b"<!DOCTYPE html><p># Ends # Past"[..], "0 rows with a date"),
        (guards, b"\n <html>", "\"# Ends\""),
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

/// A page of two tables, and what a careless edit makes of it: right rows, a claim to look at, or nothing. Never a wrong date.
#[test]
fn a_mutated_page_never_gives_a_wrong_date() {
    let page = "# Ends\n\n## 2026-01-05: First\n\n| Shutdown date | Model | Recommended replacement |\n|---|---|---|\n\
                | 2026-10-01 | `a-1` | `b-1` |\n| 2026-11-02 | `a-2` | `b-1` |\n\n## 2025-02-03: Second\n\n\
                | Shutdown date | Model | Recommended replacement |\n|---|---|---|\n| 2027-03-04 | `a-3` | `b-2` |\n";
    let truth = [("acme:a-1", "2026-10-01"), ("acme:a-2", "2026-11-02"), ("acme:a-3", "2027-03-04")];
    let lines: Vec<&str> = page.lines().collect();
    let moved = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        format!("|{}|{}|{}|", cells[1], cells[2], cells[0])
    };
    let mut mutants = vec![
        page.replace("Shutdown date", "Retirement date"),
        page.replace("Shutdown date", "When"),
        page.replace("Shutdown date", "Release date"),
        page.replace("Model", "Thing"),
        page.replace("Recommended replacement", "Notes"),
        page.replace("2026-10-01", "October 1st, 2026").replace("2026-11-02", "2 Nov 2026"),
        page.replace("2026-10-01", "10/1/26").replace("2026-11-02", "autumn"),
        page.replace("## 2025", "# Past\n\n## 2025"),
        page.replace("| 2026-10-01 | `a-1`", "| `a-1` | 2026-10-01"),
        lines
            .iter()
            .map(|l| if l.starts_with('|') { moved(l) } else { (*l).to_owned() })
            .collect::<Vec<_>>()
            .join("\n"),
        lines
            .iter()
            .enumerate()
            .filter(|(i, l)| !l.starts_with("| 20") || i % 2 == 0)
            .map(|(_, l)| *l)
            .collect::<Vec<_>>()
            .join("\n"),
        lines.iter().filter(|l| !l.starts_with("| 20")).copied().collect::<Vec<_>>().join("\n"),
        "# Not found\n\nThe page you asked for does not exist. Updated 2026-10-01.".to_owned(),
        "<!doctype html><h1>502 Bad Gateway</h1><p>2026-10-01".to_owned(),
    ];
    mutants.extend((0..lines.len()).map(|gone| {
        let kept = lines.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, l)| *l);
        kept.collect::<Vec<_>>().join("\n")
    }));
    for mutant in mutants {
        let ReadOutcome::Ok(found) = outcome("", mutant.as_bytes()) else { continue };
        for o in found {
            let matter = o.matter.as_ref().unwrap().to_string();
            let Some(deadline) = &ending(&o).deadline else {
                assert!(ending(&o).review.is_some() || ending(&o).stage.is_some(), "{mutant}: {matter}");
                continue;
            };
            let said = deadline.date.to_string();
            assert!(truth.contains(&(matter.as_str(), said.as_str())), "{mutant}: {matter} {said}");
        }
    }
}
