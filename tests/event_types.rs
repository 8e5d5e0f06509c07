//! The provider files against the event types their vendors know, and against fixtures of ours.
//!
//! `fixtures/events/ID.txt` holds every type of the vendor's own package with the kind we expect, judged by meaning;
//! `fixtures/ID/webhook/TYPE.json` (and `TYPE.headers`) are messages of ours in the vendor's shape.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::model::{Change, Kind};
use forewarn::provider::file::{self, ProviderFile, Rule, Source, WebhookSource};
use forewarn::provider::pick::{Place, event_type, pick, rule_for};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::PathBuf};

type Headers = Vec<(String, String)>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn providers() -> Vec<ProviderFile> {
    let mut paths: Vec<_> = fs::read_dir(root().join("providers"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .collect();
    paths.sort();
    let read = |p: &PathBuf| {
        let text = fs::read_to_string(p).unwrap();
        let file = file::parse(&text).unwrap_or_else(|e| panic!("{}: {e} at {:?}", p.display(), e.span));
        assert_eq!(Some(file.id.as_str()), p.file_stem().unwrap().to_str(), "a file is named after its id");
        file
    };
    paths.iter().map(read).collect()
}

fn webhooks() -> Vec<(String, WebhookSource)> {
    let take = |file: ProviderFile| {
        let id = file.id.to_string();
        file.sources.into_values().filter_map(move |s| match s {
            Source::Webhook(w) => Some((id.clone(), *w)),
            Source::Table(_) | Source::Models(_) | Source::Status(_) | Source::Changelog(_) => None,
        })
    };
    let all: Vec<_> = providers().into_iter().flat_map(take).collect();
    assert!(all.len() >= 7, "seven providers send webhooks, read {}", all.len());
    all
}

/// The types of a provider and the kind each must land in.
fn listed(id: &str) -> Vec<(String, Kind)> {
    let path = root().join(format!("fixtures/events/{id}.txt"));
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(text.starts_with("# "), "{}: the first line says where the names are from", path.display());
    let read = |line: &str| {
        let (ty, kind) = line.split_once('\t').unwrap_or_else(|| panic!("{id}: {line:?} has no kind"));
        (ty.to_owned(), Kind::parse(kind).unwrap_or_else(|| panic!("{id}: {line:?} has an unknown kind")))
    };
    text.lines().filter(|l| !l.starts_with('#')).map(read).collect()
}

/// A smallest message of this type: its words where the shape of the provider looks for them.
fn smallest(w: &WebhookSource, ty: &str) -> (Headers, Value) {
    let (mut headers, mut body) = (Headers::new(), json!({}));
    let mut words: Vec<&str> = if w.event.kind.len() == 1 { vec![ty] } else { ty.splitn(2, '.').collect() };
    // A component's status is one word, and stands at the last place.
    let places: Vec<_> = match (w.event.kind.len(), words.len()) {
        (3, 1) => w.event.kind[2..].to_vec(),
        _ => w.event.kind.clone(),
    };
    for place in places.iter().map(|p| Place::parse(p).unwrap()) {
        if words.is_empty() {
            break;
        }
        let word = words.remove(0).to_owned();
        match place {
            Place::Header(name) => headers.push((name, word)),
            Place::Pointer(pointer) => {
                let mut at = &mut body;
                for key in pointer.split('/').skip(1) {
                    at = &mut at[key];
                }
                *at = Value::String(word);
            }
        }
    }
    (headers, body)
}

struct Fixture {
    name: String,
    headers: Headers,
    body: Value,
}

fn fixtures(id: &str) -> Vec<Fixture> {
    let dir = root().join(format!("fixtures/{id}/webhook"));
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let read = |p: PathBuf| {
        let name = p.file_stem().unwrap().to_str().unwrap().to_owned();
        let body = serde_json::from_slice(&fs::read(&p).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", p.display()));
        let headers = fs::read_to_string(p.with_extension("headers")).unwrap_or_default();
        let pair = |l: &str| l.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()));
        Fixture { name, headers: headers.lines().filter_map(pair).collect(), body }
    };
    paths.into_iter().map(read).collect()
}

fn places(w: &WebhookSource) -> Vec<Place> {
    w.event.kind.iter().map(|p| Place::parse(p).unwrap()).collect()
}

#[test]
fn every_type_a_vendor_lists_lands_in_the_kind_it_means() {
    let mut count = 0;
    for (id, w) in webhooks() {
        for (ty, kind) in listed(&id) {
            let (headers, body) = smallest(&w, &ty);
            assert_eq!(event_type(&places(&w), &headers, &body).as_deref(), Some(ty.as_str()), "{id}");
            let rule = rule_for(&w.rules, &ty).map(|(_, r)| r).unwrap_or_else(|| panic!("{id}: no rule for {ty}"));
            assert_eq!(rule.kind, kind, "{id}: {ty} meets the rule {:?}", rule.types);
            count += 1;
        }
    }
    assert!(count > 1_000, "the lists were read: {count} types");
}

#[test]
fn a_type_nobody_knows_meets_no_rule() {
    for (id, w) in webhooks() {
        for ty in ["zzz.unknown", "zzz", "unknown", "", ".", "event", "safety", "v3.demo.created"] {
            let rule = rule_for(&w.rules, ty).map(|(_, r)| r);
            assert!(rule.is_none(), "{id}: {ty:?} meets {:?}", rule.map(|r| &r.types));
        }
        for rule in &w.rules {
            for t in &rule.types {
                assert!(!t.chars().all(|c| c == '*' || c == '.'), "{id}: {t:?} catches everything");
            }
        }
    }
}

#[test]
fn no_rule_is_dead() {
    for (id, w) in webhooks() {
        let mut hit = BTreeSet::new();
        let types = listed(&id).into_iter().map(|(ty, _)| ty);
        let from_fixtures = fixtures(&id).into_iter().filter_map(|f| event_type(&places(&w), &f.headers, &f.body));
        for ty in types.chain(from_fixtures) {
            hit.extend(rule_for(&w.rules, &ty).map(|(n, _)| n));
        }
        for (n, rule) in w.rules.iter().enumerate() {
            assert!(hit.contains(&n), "{id}: nothing meets the rule {:?}", rule.types);
        }
    }
}

/// Text of a template. `Chainable` as the reader makes it: what is not there is empty, all the way down. `SemiStrict`
/// to find misspelt fields: what is not there may be asked for, not printed.
fn render(template: &str, body: &Value, missing: UndefinedBehavior) -> String {
    let mut env = Environment::new();
    env.set_undefined_behavior(missing);
    env.render_str(template, minijinja::value::Serde(body)).unwrap_or_else(|e| panic!("{template:?}: {e:#}"))
}

fn templates(rule: &Rule) -> impl Iterator<Item = &String> {
    [&rule.title, &rule.summary, &rule.url].into_iter().flatten()
}

#[test]
fn every_fixture_is_of_its_type_and_fills_its_rule() {
    for (id, w) in webhooks() {
        let mut hit = BTreeSet::new();
        for f in fixtures(&id) {
            let ty = event_type(&places(&w), &f.headers, &f.body);
            assert_eq!(ty.as_deref(), Some(f.name.as_str()), "{id}: a fixture is named after its type");
            let (number, rule) = rule_for(&w.rules, &f.name).unwrap_or_else(|| panic!("{id}: no rule for {}", f.name));
            hit.insert(number);
            for place in rule.key.iter().chain(rule.ending.iter().flat_map(|e| [&e.subject, &e.shutdown_on])) {
                let place = Place::parse(place).unwrap();
                assert!(pick(&place, &f.headers, &f.body).is_some(), "{id}/{}: nothing at {place:?}", f.name);
            }
            if let Some(title) = &rule.title {
                let title = render(title, &f.body, UndefinedBehavior::SemiStrict);
                for hole in ["()", "( ", " )", "  ", "none", " :", ": :"] {
                    assert!(!title.contains(hole), "{id}/{}: a hole {hole:?} in {title:?}", f.name);
                }
                assert!(
                    title.len() > 5 && title.trim() == title && !title.ends_with(':'),
                    "{id}/{}: {title:?}",
                    f.name
                );
            }
            for text in templates(rule).map(|t| render(t, &f.body, UndefinedBehavior::SemiStrict)) {
                assert!(!text.split_whitespace().any(|w| w == "none"), "{id}/{}: a null in {text:?}", f.name);
            }
            if let Some(url) = &rule.url {
                let url = render(url, &f.body, UndefinedBehavior::SemiStrict);
                assert!(url.is_empty() || url.starts_with("https://"), "{id}/{}: {url:?}", f.name);
            }
        }
        for (n, rule) in w.rules.iter().enumerate() {
            assert!(rule.title.is_none() || hit.contains(&n), "{id}: no fixture fills the rule {:?}", rule.types);
        }
    }
}

#[test]
fn a_body_without_the_expected_fields_still_renders() {
    for (id, w) in webhooks() {
        for template in w.rules.iter().flat_map(templates) {
            for body in [json!({}), json!({"data": null, "alert": [], "incident": "x"}), json!([1])] {
                let text = render(template, &body, UndefinedBehavior::Chainable);
                assert!(!text.contains("undefined"), "{id}: {text:?}");
            }
        }
    }
}

#[test]
fn what_closes_a_matter_shares_its_name_and_key_with_what_opens_it() {
    for (id, w) in webhooks() {
        for closing in w.rules.iter().filter(|r| r.change == Some(Change::Resolved)) {
            let same = |r: &&Rule| {
                r.change.is_none() && r.matter == closing.matter && r.key == closing.key && r.kind == closing.kind
            };
            assert!(closing.matter.is_some() && closing.key.is_some(), "{id}: {:?} closes one thing", closing.types);
            assert!(w.rules.iter().any(|r| same(&r)), "{id}: nothing opens what {:?} closes", closing.types);
        }
    }
}

#[test]
fn each_provider_says_how_to_connect_and_what_it_does_not_tell() {
    for file in providers() {
        let Some(Source::Webhook(w)) = file.sources.get("webhook") else { continue };
        assert!(file.subscribe.steps.len() >= 3, "{}: steps", file.id);
        assert!(!file.subscribe.not_told.is_empty(), "{}: not_told", file.id);
        let hook = format!("/hooks/{}", file.id);
        assert!(file.subscribe.steps.iter().any(|s| s.contains(&hook)), "{}: no step names {hook}", file.id);
        for place in w.event.kind.iter().chain(&w.event.delivery_id).chain(w.event.occurred_at.iter().map(|o| &o.at)) {
            Place::parse(place).unwrap_or_else(|e| panic!("{}: {e}", file.id));
        }
    }
}
