//! Golden pages: what the readers make of `fixtures/*/` is written beside it in `.expected.json`, in the shape that
//! `forewarn read` prints. And what they make of other people's pages, where those are at hand.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

use forewarn::model::{Fact, NewEvent, Observation, ProviderId, ReadOutcome, SourceId};
use forewarn::provider::file::{self, Source};
use forewarn::provider::read::{ReadContext, models, polled, table};
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
        Source::Models(s) => models::read(s, &ctx, body).outcome,
        Source::Webhook(_) | Source::Status(_) | Source::Changelog(_) => panic!("{source} is no table or list"),
    }
}

/// An observation as `forewarn read` prints it: `id`, `fingerprint` and `change` are null.
fn event(o: &Observation) -> Value {
    let none = (None, Vec::new());
    let (deadline, replacements) =
        if let Fact::Ending(e) = &o.fact { (e.deadline.clone(), e.replacements.clone()) } else { none };
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
        deadline,
        moved_from: None,
        redirected_to: None,
        replacements,
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

/// What the page of a provider says by its own settings, in the shape that `forewarn read` prints.
fn printed_by(id: &str, source: &str, body: &[u8]) -> Value {
    let file = file::parse(&fs::read_to_string(root().join(format!("providers/{id}.toml"))).unwrap()).unwrap();
    let ctx = ReadContext {
        provider: file.id.clone(),
        provider_name: file.name.clone(),
        source: SourceId::of(&file.id, source).unwrap(),
        connection: None,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    let (outcome, events) = match polled(&file.sources[source], &ctx, body).unwrap().outcome {
        ReadOutcome::Ok(found) => ("ok".to_owned(), found.iter().map(event).collect::<Vec<_>>()),
        ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => (why, Vec::new()),
    };
    json!({ "provider": id, "source": format!("{id}/{source}"), "outcome": outcome, "events": events })
}

/// `FOREWARN_WRITE_GOLDEN=1` writes what is read now beside the fixtures, for a person to look through.
#[test]
fn every_page_and_list_of_a_provider_reads_as_written_beside_it() {
    let write = std::env::var_os("FOREWARN_WRITE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in fs::read_dir(root().join("providers")).unwrap().map(|e| e.unwrap().path()) {
        let Some(id) = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".toml")).map(str::to_owned) else {
            continue;
        };
        let parsed = file::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        for (name, source) in &parsed.sources {
            if id == "openai" || !matches!(source, Source::Table(_) | Source::Models(_)) {
                continue;
            }
            let at = root().join(format!("fixtures/{id}/{name}"));
            let body =
                ["md", "html", "json"].iter().find_map(|e| fs::read(at.with_file_name(format!("{name}.{e}"))).ok());
            let Some(body) = body else { continue };
            let found = serde_json::to_string_pretty(&printed_by(&id, name, &body)).unwrap();
            let expected = at.with_file_name(format!("{name}.expected.json"));
            if write {
                fs::write(&expected, format!("{found}\n")).unwrap();
            }
            if fs::read_to_string(&expected).unwrap_or_default().trim_end() != found {
                wrong.push(format!("{id}/{name} is read differently now; it reads:\n{found}"));
            }
            count += 1;
        }
    }
    assert!(count >= 28, "{count} pages and lists");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
fn pages_without_deadlines_yield_nothing() {
    let corpus = root().join("../shared/corpus");
    if !corpus.exists() {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    }
    let pages = [
        "deprecation-pages/xai-models.2025.html",
        "models-lists/litellm-model-prices.tokencost-copy.2025-08-31.json",
        "status-feeds/azure.status-feed-empty.2026-07-31.xml",
        "changelog-feeds/olshansk.mistral.2026-08-22.xml",
    ];
    let none = |id: &str, body: &[u8], what: &str| {
        let said = printed_by(id, "deprecations", body);
        assert_eq!(said["events"], json!([]), "{id} made facts of {what}");
    };
    for id in [
        "openai",
        "anthropic",
        "gemini",
        "bedrock",
        "azure",
        "mistral",
        "groq",
        "xai",
        "cohere",
        "deepseek",
        "moonshot",
    ] {
        for page in pages {
            none(id, &fs::read(corpus.join(page)).unwrap(), page);
        }
        let error = "<!doctype html><html><title>404</title><h1>Page not found</h1><p>Deprecated? 2026-01-01</html>";
        none(id, error.as_bytes(), "an error page");
        let prices = "# Pricing\n\n| Model | Input price | Release date |\n|---|---|---|\n| `demo-1` | $1 / 2026-01-01 | 2026-01-01 |\n";
        none(id, prices.as_bytes(), "a price list");
    }
}
