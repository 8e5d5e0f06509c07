//! What holds for every form of changelog; the forms themselves are in `fixtures/_dialects/changelog`.

use super::*;
use crate::model::{ProviderId, SourceId};
use crate::provider::file::{self, Source};
use proptest::prelude::*;

fn source(settings: &str) -> ChangelogSource {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.changelog]\nkind = \"changelog\"\nevidence = \"V\"\nurl = \"https://acme.example/log\"\n{settings}"
    );
    let mut file = file::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let Some(Source::Changelog(s)) = file.sources.remove("changelog") else { panic!("a changelog") };
    *s
}

fn reading(settings: &str, body: &str) -> Reading {
    let cx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/changelog").unwrap(),
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    };
    read(&source(settings), &cx, body.as_bytes())
}

#[track_caller]
fn seen(settings: &str, body: &str) -> Vec<Observation> {
    match reading(settings, body).outcome {
        ReadOutcome::Ok(all) => all,
        other => panic!("{other:?}"),
    }
}

const DATED: &str = "form = \"markdown\"\nguards = { min_rows = 1 }\n";
const UPDATES: &str = "form = \"updates\"\nguards = { min_rows = 1 }\n";

#[test]
fn an_edited_entry_is_the_same_and_a_new_class_makes_it_news() {
    let of = |text: &str| seen(DATED, &format!("## 2026-11-20\n\n{text}\n"))[0].native_id.clone().unwrap();
    assert_eq!(of("A fix."), of("A small fix, again."));
    assert_ne!(of("A fix."), of("A fix. Demo 1 is deprecated."));
    assert_eq!(of("Demo 1 is deprecated."), of("Demo 1 was deprecated, sorry."));
}

#[test]
fn two_entries_of_one_day_are_two_and_a_new_one_above_changes_neither() {
    let old =
        "<Update label=\"2026-11-20\">\n# One\nA.\n</Update>\n<Update label=\"2026-11-20\">\n# Two\nB.\n</Update>";
    let ids = |body: &str| seen(UPDATES, body).iter().map(|o| o.native_id.clone().unwrap()).collect::<Vec<_>>();
    assert_eq!(ids(old), ["2026-11-20#one", "2026-11-20"]);
    let new = format!("<Update label=\"2026-11-20\">\n# Three\nC.\n</Update>\n{old}");
    assert_eq!(ids(&new), ["2026-11-20#three", "2026-11-20#one", "2026-11-20"]);
}

#[test]
fn a_page_of_another_kind_is_refused() {
    for (settings, body, why) in [
        (DATED, "<!doctype html><html><body>Log in</body></html>", "HTML page"),
        ("form = \"html\"\nguards = { min_rows = 1 }\n", "# Notes", "not HTML"),
        (DATED, "# Notes\n\nNo dates here.\n", "0 entries, at least 1"),
        (DATED, "", "empty"),
        ("form = \"feed\"\nguards = { min_rows = 1 }\n", "<rss version=\"2.0\"><channel></channel></rss>", "0 entries"),
        (
            "form = \"markdown\"\nguards = { must_contain = [\"Release notes\"] }\n",
            "## 2026-11-20\n\nx\n",
            "Release notes",
        ),
        ("form = \"mdx\"\nguards = { min_rows = 1 }\n", "no front matter", "front matter"),
        ("form = \"mdx\"\nguards = { min_rows = 1 }\n", "---\nslug: x\n---\n", "no title"),
    ] {
        match reading(settings, body).outcome {
            ReadOutcome::GuardFailed(found) | ReadOutcome::Unreadable(found) => {
                assert!(found.contains(why), "{body}: {found}")
            }
            ReadOutcome::Ok(all) => panic!("{body} was read: {all:?}"),
        }
    }
    let deep = format!("<!doctype html>{}<h2>November 20, 2026</h2>", "<div>".repeat(50_000));
    assert!(
        matches!(reading("form = \"html\"\nguards = { min_rows = 1 }\n", &deep).outcome, ReadOutcome::Unreadable(why) if why.contains("nested"))
    );
}

#[test]
fn a_date_to_come_is_when_it_was_heard_and_only_wanted_entries_are_told() {
    let body = "## 2027-01-01\n\nBedrock has news.\n\n## 2026-11-01\n\nOther news.\n";
    let all = seen(DATED, body);
    assert_eq!(all[0].occurred_at.to_string(), "2026-11-20T12:00:00Z");
    assert_eq!(all[1].occurred_at.to_string(), "2026-11-01T00:00:00Z");
    let reading = reading("form = \"markdown\"\nguards = { min_rows = 2 }\nonly = [\"bedrock\"]\n", body);
    assert_eq!(reading.rows, 2, "the floor counts all entries");
    assert!(matches!(reading.outcome, ReadOutcome::Ok(all) if all.len() == 1));
}

#[test]
fn a_feed_may_shrink_and_a_page_may_not() {
    assert!(!reading("form = \"feed\"\nguards = { min_rows = 1 }\n", "x").steady);
    assert!(reading(DATED, "x").steady);
}

#[test]
fn changelogs_of_versions_and_of_weeks_are_read_in_any_line_ends() {
    let versions = "# Changelog\n\n## [1.2.3] - 2026-05-01\n\n### Added\n- Demo 2\n\n## 1.2.2 (2026-04-01)\n- A fix, see May 2, 2026\n";
    let weeks = "# News\n\n## Week of May 6, 2026\n\nText.\n\n### Sunset on June 6, 2026\n\nMore.\n\n## 2026-04-29 - Title\n\nText.\n";
    for (body, days, titles) in [
        (versions, ["2026-05-01", "2026-04-01"], ["1.2.3", "1.2.2"]),
        (weeks, ["2026-05-06", "2026-04-29"], ["Text.", "Title"]),
    ] {
        for body in [body.to_owned(), body.replace('\n', "\r\n"), format!("\u{feff}{body}")] {
            let all = seen(DATED, &body);
            let found: Vec<_> = all.iter().map(|o| o.occurred_at.strftime("%F").to_string()).collect();
            assert_eq!(found, days);
            assert_eq!(all.iter().map(|o| o.title.as_str()).collect::<Vec<_>>(), titles);
        }
    }
}

#[test]
fn an_update_is_dated_by_its_description_where_its_label_is_a_version() {
    let body = "<Update label=\"v1.2\" description='2026-08-01' tags={[\"a > b\"]}>\n# One\nA.\n</Update>\n<UpdateCard label=\"2026-01-01\">No.</UpdateCard>\n<Update\n  rss={{ title: \"it > x\" }}\n  label={\"August 3, 2026\"}\n>\nTwo\n</Update>";
    let all = seen(UPDATES, body);
    let found: Vec<_> = all
        .iter()
        .map(|o| (o.title.as_str(), o.native_id.as_deref().unwrap(), o.occurred_at.strftime("%F").to_string()))
        .collect();
    assert_eq!(found, [("One", "v1.2", "2026-08-01".to_owned()), ("Two", "2026-08-03", "2026-08-03".to_owned())]);
}

#[test]
fn a_page_may_date_its_headings_by_a_time_element() {
    let body = "<!doctype html><h2><time datetime=\"2026-08-13\">Aug 13</time> Demo 2</h2><p>One.</p><h2>August 12, 2026</h2><p>Two.</p>";
    let settings = "form = \"html\"\nguards = { min_rows = 1 }\n";
    let all = seen(settings, body);
    let found: Vec<_> = all.iter().map(|o| (o.title.as_str(), o.occurred_at.strftime("%F").to_string())).collect();
    assert_eq!(found, [("Demo 2", "2026-08-13".to_owned()), ("Two.", "2026-08-12".to_owned())]);
    assert_eq!(seen(settings, &body.replace("<!doctype html>", "<main>")).len(), 2, "a part of a page");
}

#[test]
fn the_form_of_a_captured_body_shows_in_its_content() {
    use ChangelogForm::*;
    for (body, likeliest) in [
        ("<?xml version=\"1.0\"?><rss/>", Feed),
        ("{\"version\":\"https://jsonfeed.org/version/1.1\"}", Feed),
        ("<!-- x --><!DOCTYPE html><p>", Html),
        ("intro\n<Update label=\"2026-08-01\">", Updates),
        ("---\ntitle: x\n---\n# x", Markdown),
    ] {
        assert_eq!(forms(body.as_bytes())[0], likeliest, "{body}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_form_panic(text in any::<String>()) {
        for form in ChangelogForm::ALL {
            let settings = format!("form = \"{form}\"\nguards = {{ min_rows = 1 }}\n");
            let _ = reading(&settings, &text);
            let _ = reading(&settings, &format!("<!doctype html>{text}<h2>November 20, 2026</h2>{text}"));
            let _ = reading(&settings, &format!("---\ntitle: x\n---\n## 2026-11-20\n<Update label=\"2026-11-20\">{text}</Update>{text}"));
        }
    }
}
