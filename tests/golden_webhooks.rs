//! Golden messages: what the readers make of `fixtures/ID/webhook/*` is written beside it in `webhook.expected.json`, by
//! the name of the fixture. Only what is said is written: an event without a summary has none there either.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::model::{ConnectionId, Fact, Observation, ReadOutcome, SourceId};
use forewarn::provider::catalog::Catalog;
use forewarn::provider::read::ReadContext;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// What an observation says, in a form people can review.
fn said(o: &Observation) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(v) = value.filter(|v| !v.is_null() && *v != json!("") && *v != json!([])) {
            out.insert(key.to_owned(), v);
        }
    };
    put("kind", Some(json!(o.kind)));
    put("severity", Some(json!(o.severity)));
    put("title", Some(json!(o.title)));
    put("summary", Some(json!(o.summary)));
    put("url", Some(json!(o.url)));
    put("matter", o.matter.as_ref().map(|m| json!(m.to_string())));
    put("native_type", Some(json!(o.native_type)));
    put("native_id", o.native_id.as_ref().filter(|id| !id.starts_with("body:")).map(|id| json!(id)));
    put("occurred_at", Some(json!(o.occurred_at)).filter(|_| o.occurred_at != received_at()));
    match &o.fact {
        Fact::Episode { change } | Fact::Planned { change, .. } => put("change", Some(json!(change))),
        Fact::Ending(e) => {
            put("ends", Some(json!(e.deadline.as_ref().map(|d| d.date))));
            put("replacements", Some(json!(e.replacements)));
        }
        Fact::Withdrawn(word) => put("withdrawn", Some(json!(word.quote))),
        Fact::Redirected { to, .. } => put("redirected", Some(json!(to))),
        Fact::Dropped | Fact::Absent | Fact::Noted => {}
    }
    Value::Object(out)
}

fn received_at() -> jiff::Timestamp {
    "2026-11-20T12:34:56Z".parse().unwrap()
}

#[test]
fn every_message_reads_as_written_beside_it() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let mut different = String::new();
    for provider in catalog.iter() {
        let Some(reader) = provider.webhook() else { continue };
        let id = &provider.file.id;
        let cx = ReadContext {
            provider: id.clone(),
            provider_name: provider.file.name.clone(),
            source: SourceId::of(id, "webhook").unwrap(),
            connection: ConnectionId::of(id, "main").ok(),
            received_at: received_at(),
        };
        let mut found = BTreeMap::new();
        for path in fs::read_dir(fixtures.join(format!("{id}/webhook"))).unwrap().map(|e| e.unwrap().path()) {
            if !path.extension().is_some_and(|e| e == "json" || e == "form") {
                continue;
            }
            let headers = fs::read_to_string(path.with_extension("headers")).unwrap_or_default();
            let pair = |l: &str| l.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()));
            let headers: Vec<_> = headers.lines().filter_map(pair).collect();
            let ReadOutcome::Ok(seen) = reader.read(&cx, &headers, &fs::read(&path).unwrap()) else {
                panic!("{} is not read", path.display());
            };
            let name = path.file_stem().unwrap().to_str().unwrap().replace('~', "/");
            found.insert(name, seen.iter().map(said).collect::<Vec<_>>());
        }
        let path = format!("{id}/webhook.expected.json");
        let expected = fs::read(fixtures.join(&path)).ok().and_then(|t| serde_json::from_slice::<Value>(&t).ok());
        if expected != Some(json!(found)) {
            different.push_str(&format!("\n=== {path} {}", serde_json::to_string_pretty(&found).unwrap()));
        }
    }
    assert!(different.is_empty(), "read differently now; these files would say:{different}");
}
