//! Status pages vary without notice: each JSON body of `fixtures/_dialects/status` is written otherwise, and read again.
//!
//! Keys in another order, fields nobody knows, numbers as texts and times in another form change nothing. A field that is
//! missing or null, whichever it is, never ends an incident, never begins one and never panics.

#![allow(clippy::unwrap_used)] // a test may fail

use forewarn::model::{Change, Fact, ProviderId, ReadOutcome, SourceId};
use forewarn::provider::file::{self, Source};
use forewarn::provider::read::{ReadContext, polled};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// What is said of a matter: the change, how bad, when.
type Said = BTreeMap<String, (Change, String, String)>;

fn source(dialect: &str) -> Source {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://example.com\"\n[sources.x]\nkind = \"status\"\nevidence = \"V\"\n\
         dialect = \"{dialect}\"\nurl = \"https://status.example.com/api\"\n"
    );
    file::parse(&text).unwrap().sources.remove("x").unwrap()
}

/// Nothing where the body was refused.
fn read(dialect: &str, body: &str) -> Option<Said> {
    let provider = ProviderId::new("acme").unwrap();
    let cx = ReadContext {
        provider_name: "Acme".to_owned(),
        source: SourceId::of(&provider, "x").unwrap(),
        provider,
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    };
    let ReadOutcome::Ok(seen) = polled(&source(dialect), &cx, body.as_bytes()).unwrap().outcome else { return None };
    let mut out = Said::new();
    for o in seen {
        let (Fact::Episode { change } | Fact::Planned { change, .. }) = o.fact else { continue };
        out.insert(o.matter.unwrap().to_string(), (change, o.severity.to_string(), o.occurred_at.to_string()));
    }
    Some(out)
}

/// Name, dialect and body of each fixture in JSON.
fn fixtures() -> Vec<(String, String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/_dialects/status");
    let mut out = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // AWS's is UTF-16, and its keys are services; `aws.rs` has its own variations.
        if !name.ends_with(".json") || name.starts_with("aws_") {
            continue;
        }
        let body = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        out.push((name.split('.').next().unwrap().to_owned(), name, body));
    }
    out.sort_by(|a, b| a.1.cmp(&b.1));
    assert!(out.len() >= 10, "{} fixtures", out.len());
    out
}

/// A body with its keys in order, or in reverse.
fn written(v: &Value, reversed: bool) -> String {
    match v {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            if reversed {
                keys.reverse();
            }
            let fields: Vec<String> =
                keys.iter().map(|k| format!("{}:{}", Value::from(k.as_str()), written(&map[*k], reversed))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(all) => {
            format!("[{}]", all.iter().map(|x| written(x, reversed)).collect::<Vec<_>>().join(","))
        }
        plain => plain.to_string(),
    }
}

/// A body with every plain value or object changed.
fn each(v: &Value, change: &dyn Fn(&str, &Value) -> Option<Value>, key: &str) -> Value {
    if let Some(changed) = change(key, v) {
        return changed;
    }
    match v {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), each(v, change, k))).collect::<Map<_, _>>())
        }
        Value::Array(all) => Value::Array(all.iter().map(|x| each(x, change, key)).collect()),
        plain => plain.clone(),
    }
}

fn with_unknown_fields(v: &Value) -> Value {
    match v {
        Value::Object(map) => {
            let mut out: Map<String, Value> = map.iter().map(|(k, v)| (k.clone(), with_unknown_fields(v))).collect();
            out.insert("x_new_in_2027".to_owned(), serde_json::json!({"state": "resolved", "list": [1, null, "a"]}));
            out.insert("AA_first".to_owned(), Value::Null);
            Value::Object(out)
        }
        Value::Array(all) => Value::Array(all.iter().map(with_unknown_fields).collect()),
        plain => plain.clone(),
    }
}

/// An RFC 3339 text of the same moment elsewhere.
fn elsewhere(text: &str, hours: i32, fraction: &str) -> Option<Value> {
    let at: jiff::Timestamp = text.parse().ok().filter(|_| text.contains('T') && text.len() >= 20)?;
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(hours * 3_600).ok()?);
    let local = zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let offset = if hours == 0 { "+00:00".to_owned() } else { format!("{hours:+03}:00") };
    Some(Value::from(format!("{local}{fraction}{offset}")))
}

#[test]
fn another_order_unknown_fields_and_other_times_change_nothing() {
    for (dialect, name, body) in fixtures() {
        let before = read(&dialect, &body.to_string()).unwrap_or_else(|| panic!("{name} is not read"));
        assert!(!before.is_empty() || name.contains("quiet"), "{name} says nothing");
        let same =
            |what: &str, text: String| assert_eq!(read(&dialect, &text).as_ref(), Some(&before), "{name}: {what}");
        same("keys in order", written(&body, false));
        same("keys in reverse", written(&body, true));
        same("unknown fields", written(&with_unknown_fields(&body), false));
        same("with white space", serde_json::to_string_pretty(&body).unwrap());
        for (hours, fraction) in [(0, ""), (-7, ""), (9, ".000"), (2, ".000000")] {
            let moved = each(&body, &|_, v| v.as_str().and_then(|t| elsewhere(t, hours, fraction)), "");
            same(&format!("times at {hours:+}{fraction}"), moved.to_string());
        }
        let texts = each(&body, &|k, v| (k.ends_with("id") && v.is_number()).then(|| Value::from(v.to_string())), "");
        same("ids as texts", texts.to_string());
    }
}

/// Every place of a body: the keys and numbers that lead there.
fn places(v: &Value, at: &str, out: &mut Vec<String>) {
    match v {
        Value::Object(map) => {
            for (k, v) in map {
                let here = format!("{at}/{}", k.replace('~', "~0").replace('/', "~1"));
                out.push(here.clone());
                places(v, &here, out);
            }
        }
        Value::Array(all) => {
            for (i, v) in all.iter().enumerate() {
                places(v, &format!("{at}/{i}"), out);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_that_is_missing_or_of_another_kind_never_ends_or_begins_anything() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (dialect, name, body) in fixtures() {
        let before = read(&dialect, &body.to_string()).unwrap();
        let mut all = Vec::new();
        places(&body, "", &mut all);
        for place in all {
            let (parent, key) = place.rsplit_once('/').unwrap();
            let mut variants: Vec<(&str, Value)> = Vec::new();
            let mut gone = body.clone();
            gone.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().remove(key);
            variants.push(("missing", gone));
            for (what, value) in [
                ("null", Value::Null),
                ("an empty text", Value::from("")),
                ("a number", Value::from(7)),
                ("an object", serde_json::json!({})),
                ("a list", serde_json::json!([])),
                ("a word nobody knows", Value::from("zork")),
            ] {
                let mut changed = body.clone();
                *changed.pointer_mut(&place).unwrap() = value;
                variants.push((what, changed));
            }
            for (what, changed) in variants {
                count += 1;
                let Some(after) = read(&dialect, &changed.to_string()) else { continue };
                for (matter, (change, ..)) in &after {
                    let known = before.get(matter).map(|(c, ..)| *c);
                    let ends = *change == Change::Resolved && known.is_some_and(|c| c != Change::Resolved);
                    // What is named otherwise now is another thing; its own state must still be that of the old.
                    let begins = known.is_none() && !matches!(key, "id" | "_id" | "system" | "name" | "number" | "url");
                    if (ends || begins) && !matter.contains(":component/") {
                        wrong.push(format!("{name}: {place} is {what}: {matter} is {change}, it was {known:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} variations:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 1_000, "{count} variations");
}
