//! Golden pages: what the readers make of `fixtures/*/` is written beside it in `.expected.json`, in the shape that
//! `forewarn read` prints. And what they make of other people's pages, where those are at hand.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

use forewarn::model::{Fact, NewEvent, Observation, ProviderId, ReadOutcome, SourceId};
use forewarn::provider::file::{self, Source};
use forewarn::provider::read::{ReadContext, models, table};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

const PROVIDER: &str = r##"
format = 1
id = "openai"
name = "OpenAI"
url = "https://openai.example"
[sources.deprecations]
kind = "table"
evidence = "V"
url = "https://docs.example/deprecations.md"
page = "https://docs.example/deprecations"
form = "markdown"
guards = { must_contain = ["# Deprecations"], min_rows = 12 }
[sources.models]
kind = "models"
evidence = "V"
url = "https://api.example/v1/models"
auth = "bearer"
items = "/data"
id = "/id"
shutdown_on = "/shutdown_date"
guards = { min_rows = 1 }
"##;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(source: &str, body: &[u8]) -> ReadOutcome {
    let file = file::parse(PROVIDER).unwrap();
    let ctx = ReadContext {
        provider: file.id.clone(),
        provider_name: file.name.clone(),
        source: SourceId::of(&file.id, source).unwrap(),
        connection: None,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    match &file.sources[source] {
        Source::Table(s) => table::read(s, &ctx, body),
        Source::Models(s) => models::read(s, &ctx, body),
        Source::Webhook(_) | Source::Status(_) | Source::Changelog(_) => panic!("{source} is no table or list"),
    }
}

/// An observation as `forewarn read` prints it: `id`, `fingerprint` and `change` are null.
fn event(o: &Observation) -> Value {
    let Fact::Ending(ending) = &o.fact else { panic!("a page speaks of endings") };
    let event = NewEvent {
        kind: o.kind,
        provider: o.provider.clone(),
        connection: o.connection.clone(),
        source: o.source.clone(),
        matter: o.matter.clone(),
        native_type: o.native_type.clone(),
        native_id: o.native_id.clone(),
        fingerprint: String::new(),
        change: None,
        severity: o.severity,
        title: o.title.clone(),
        summary: o.summary.clone(),
        url: o.url.clone(),
        subjects: o.subjects.clone(),
        deadline: ending.deadline.clone(),
        replacements: ending.replacements.clone(),
        money: o.money.clone(),
        occurred_at: o.occurred_at,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    let mut value = serde_json::to_value(event).unwrap();
    value["id"] = Value::Null;
    value["fingerprint"] = Value::Null;
    value
}

fn printed(source: &str, body: &[u8]) -> Value {
    let (outcome, problem, events) = match read(source, body) {
        ReadOutcome::Ok(found) => ("ok", None, found.iter().map(event).collect()),
        ReadOutcome::GuardFailed(why) => ("guard_failed", Some(why), Vec::new()),
        ReadOutcome::Unreadable(why) => ("unreadable", Some(why), Vec::new()),
    };
    json!({
        "provider": ProviderId::new("openai").unwrap(), "source": format!("openai/{source}"),
        "outcome": outcome, "problem": problem, "events": events,
    })
}

#[track_caller]
fn expect_golden(source: &str, fixture: &str) {
    let folder = root().join("fixtures/openai");
    let found = printed(source, &fs::read(folder.join(fixture)).unwrap());
    let expected = folder.join(format!("{source}.expected.json"));
    let expected: Value = serde_json::from_slice(&fs::read(expected).unwrap()).unwrap();
    let (found, expected) =
        <(String, String)>::from([&found, &expected].map(|v| serde_json::to_string_pretty(v).unwrap()));
    assert!(found == expected, "{fixture} is read differently now; it reads:\n{found}");
}

#[test]
fn the_deprecations_page_reads_as_written_beside_it() {
    expect_golden("deprecations", "deprecations.md");
}

#[test]
fn the_model_list_reads_as_written_beside_it() {
    expect_golden("models", "models.json");
}

/// Date, replacements and whether it has ended, by matter, of the fixture page.
fn endings(outcome: ReadOutcome) -> BTreeMap<String, (Option<String>, Vec<String>, bool)> {
    let ReadOutcome::Ok(found) = outcome else { panic!("{outcome:?}") };
    let count = found.len();
    let by_matter: BTreeMap<_, _> = found
        .into_iter()
        .map(|o| {
            let Fact::Ending(e) = o.fact else { panic!("a page speaks of endings") };
            (o.matter.unwrap().to_string(), (e.deadline.map(|d| d.date.to_string()), e.replacements, e.ended))
        })
        .collect();
    assert_eq!(by_matter.len(), count, "two observations for one matter");
    by_matter
}

#[test]
fn rows_of_the_past_say_so_and_others_do_not() {
    let page = fs::read(root().join("fixtures/openai/deprecations.md")).unwrap();
    let found = endings(read("deprecations", &page));
    assert!(found["openai:gpt-demo-00-turbo"].2);
    assert!(!found["openai:api/helpers-api"].2);
    assert!(!found["openai:gpt-demo-0-slim"].2, "the newest announcement counts, and it is not past");
}

#[test]
fn a_real_page_of_openai_is_read() {
    let corpus = root().join("../shared/corpus/deprecation-pages");
    let Ok(page) = fs::read(corpus.join("openai-deprecations.2026-08.md")) else {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    };
    let found = endings(read("deprecations", &page));
    assert!(found.len() >= 100, "{} subjects", found.len());
    for (matter, date) in [
        ("openai:gpt-5-2025-08-07", "2026-12-11"),
        ("openai:gpt-4", "2026-10-23"),
        ("openai:gpt-4-0613", "2026-10-23"),
        ("openai:gpt-4o-realtime-preview", "2026-05-07"),
        ("openai:api/assistants-api", "2026-08-26"),
        ("openai:babbage-002", "2026-09-28"),
        ("openai:gpt-4-turbo-preview-completions", "2026-03-26"),
    ] {
        assert_eq!(found[matter].0.as_deref(), Some(date), "{matter}");
    }
    assert_eq!(found["openai:gpt-5-2025-08-07"].1, ["gpt-5.6-sol"]);
    assert_eq!(found["openai:gpt-4-0314"].1, ["gpt-5", "gpt-4.1"]);
    assert!(found.values().all(|(_, r, _)| r.iter().all(|r| r != "reasoning.mode: pro")));
    assert!(found.values().all(|(date, ..)| date.is_some()), "every date of this page is readable");
}

#[test]
fn pages_of_others_make_no_reader_panic() {
    let Ok(folder) = fs::read_dir(root().join("../shared/corpus/deprecation-pages")) else {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    };
    let mut pages = 0;
    for path in folder.map(|entry| entry.unwrap().path()) {
        let body = fs::read(&path).unwrap();
        for source in ["deprecations", "models"] {
            let outcome = read(source, &body);
            let is_page = source == "deprecations" && path.extension().is_some_and(|e| e == "md");
            assert!(is_page || !matches!(outcome, ReadOutcome::Ok(_)), "{source} made facts of {}", path.display());
        }
        pages += 1;
    }
    assert!(pages > 0);
}
