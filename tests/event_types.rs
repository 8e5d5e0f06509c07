//! The provider files against the event types their vendors know, and against fixtures of ours.
//!
//! `fixtures/events/ID.txt` holds every type of the vendor's own list with the kind we expect, judged by meaning;
//! `fixtures/ID/webhook/TYPE.json` or `.form` (and `TYPE.headers`) are messages of ours in the vendor's shape, `~` in
//! their names standing for `/`.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::model::text::glob;
use forewarn::model::{Change, Kind};
use forewarn::provider::file::{self, ProviderFile, Rule, Source, WebhookSource};
use forewarn::provider::kind::TypeShape;
use forewarn::provider::pick::{Place, pick, rule_for};
use forewarn::provider::read::message::MessageShape;
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
    assert!(all.len() >= 40, "forty providers send webhooks, read {}", all.len());
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
    for (place, word) in shape(w).fill(ty).unwrap_or_else(|| panic!("no message can be of type {ty:?}")) {
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

fn shape(w: &WebhookSource) -> TypeShape {
    TypeShape::new(&w.event).unwrap()
}

struct Fixture {
    name: String,
    headers: Headers,
    /// The events in it, the first of the type it is named after.
    events: Vec<Value>,
}

fn fixtures(id: &str, w: &WebhookSource) -> Vec<Fixture> {
    let dir = root().join(format!("fixtures/{id}/webhook"));
    let mut paths: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json" || e == "form"))
        .collect();
    paths.sort();
    let message = MessageShape::new(&w.event).unwrap();
    let read = |p: PathBuf| {
        let name = p.file_stem().unwrap().to_str().unwrap().replace('~', "/");
        let events = message.events(&fs::read(&p).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", p.display()));
        let headers = fs::read_to_string(p.with_extension("headers")).unwrap_or_default();
        let pair = |l: &str| l.split_once(": ").map(|(k, v)| (k.to_owned(), v.to_owned()));
        Fixture { name, headers: headers.lines().filter_map(pair).collect(), events }
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_type_a_vendor_lists_lands_in_the_kind_it_means() {
    let mut count = 0;
    for (id, w) in webhooks() {
        for (ty, kind) in listed(&id) {
            let (headers, body) = smallest(&w, &ty);
            assert_eq!(shape(&w).of(&headers, &body).as_deref(), Some(ty.as_str()), "{id}");
            let rule = rule_for(&w.rules, &ty).map(|(_, r)| r).unwrap_or_else(|| panic!("{id}: no rule for {ty}"));
            assert_eq!(rule.kind, kind, "{id}: {ty} meets the rule {:?}", rule.types);
            count += 1;
        }
    }
    assert!(count > 2_000, "the lists were read: {count} types");
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
fn no_type_is_invented() {
    for (id, w) in webhooks() {
        let listed: BTreeSet<String> = listed(&id).into_iter().map(|(ty, _)| ty).collect();
        for pattern in w.rules.iter().flat_map(|r| &r.types) {
            assert!(listed.iter().any(|ty| glob(pattern, ty)), "{id}: no listed type is meant by {pattern:?}");
        }
        for f in fixtures(&id, &w) {
            assert!(listed.contains(&f.name), "{id}: the fixture {:?} is of no listed type", f.name);
        }
    }
}

#[test]
fn no_rule_is_dead() {
    for (id, w) in webhooks() {
        let mut hit = BTreeSet::new();
        let types = listed(&id).into_iter().map(|(ty, _)| ty);
        for ty in types {
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
        for f in fixtures(&id, &w) {
            let types: Vec<_> = f.events.iter().map(|e| shape(&w).of(&f.headers, e).unwrap_or_default()).collect();
            assert_eq!(types.first(), Some(&f.name), "{id}: a fixture is named after its (first) type");
            for (ty, event) in types.iter().zip(&f.events) {
                let (number, rule) = rule_for(&w.rules, ty).unwrap_or_else(|| panic!("{id}: no rule for {ty}"));
                hit.insert(number);
                let event = match &rule.from {
                    Some(at) => event.pointer(at).unwrap_or_else(|| panic!("{id}/{}: nothing at {at:?}", f.name)),
                    None => event,
                };
                fills(rule, &f.headers, event, &format!("{id}/{}", f.name));
            }
        }
        for (n, rule) in w.rules.iter().enumerate() {
            assert!(rule.title.is_none() || hit.contains(&n), "{id}: no fixture fills the rule {:?}", rule.types);
        }
    }
}

fn fills(rule: &Rule, headers: &Headers, event: &Value, at: &str) {
    for place in rule.key.iter().chain(rule.ending.iter().flat_map(|e| [&e.subject, &e.shutdown_on])) {
        let place = Place::parse(place).unwrap();
        assert!(pick(&place, headers, event).is_some(), "{at}: nothing at {place:?}");
    }
    if let Some(title) = &rule.title {
        let title = render(title, event, UndefinedBehavior::SemiStrict);
        for hole in ["()", "( ", " )", "  ", "none", " :", ": :"] {
            assert!(!title.contains(hole), "{at}: a hole {hole:?} in {title:?}");
        }
        assert!(title.len() > 5 && title.trim() == title && !title.ends_with(':'), "{at}: {title:?}");
    }
    for text in templates(rule).map(|t| render(t, event, UndefinedBehavior::SemiStrict)) {
        assert!(!text.split_whitespace().any(|w| w == "none"), "{at}: a null in {text:?}");
    }
    if let Some(url) = &rule.url {
        let url = render(url, event, UndefinedBehavior::SemiStrict);
        assert!(url.is_empty() || url.starts_with("https://"), "{at}: {url:?}");
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
        assert!(w.verify.is_empty() == w.needs.is_some(), "{}: proven some way, or off for a reason", file.id);
    }
}
