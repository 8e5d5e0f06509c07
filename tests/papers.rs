//! Papers that are made from the code, or held against it: the table of providers, the reference of the config.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::provider::catalog::{Catalog, Provider};
use forewarn::provider::file::{Evidence, Source, in_words};
use serde_json::Value;
use std::{collections::BTreeMap, collections::BTreeSet, fs};

fn paper(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// `every 5m`, with the evidence: `5m V`; off where it is unverified.
fn heard(p: &Provider, kinds: &[&str]) -> String {
    let of = |s: &Source| -> Option<String> {
        if !kinds.contains(&s.kind()) {
            return None;
        }
        let every = s.polled().map_or_else(String::new, |x| in_words(x.every).replace("every ", ""));
        Some(match s.evidence() {
            Evidence::U => "off".to_owned(),
            Evidence::V => format!("{every} V").trim().to_owned(),
            Evidence::R => format!("{every} R").trim().to_owned(),
        })
    };
    let mut all: Vec<String> = p.file.sources.values().filter_map(of).collect();
    all.sort();
    all.dedup();
    // What is on says enough; that another of the same kind is off is in `providers show`.
    if all.len() > 1 {
        all.retain(|s| s != "off");
    }
    all.join(", ")
}

fn table() -> String {
    let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let mut out = String::from(
        "| provider | webhook | status page | what ends | model list | changelog | watched |\n|---|---|---|---|---|---|---|\n",
    );
    for p in catalog.iter().filter(|p| !p.file.id.as_str().starts_with("generic-")) {
        out.push_str(&format!(
            "| [{}]({}) `{}` | {} | {} | {} | {} | {} | {} |\n",
            p.file.name,
            p.file.url,
            p.file.id,
            heard(p, &["webhook"]),
            heard(p, &["status"]),
            heard(p, &["table"]),
            heard(p, &["models"]),
            heard(p, &["changelog"]),
            if p.file.model_provider { "yes" } else { "" },
        ));
    }
    out
}

#[test]
fn the_table_of_providers_says_what_their_files_say() {
    let made = table();
    assert!(made.lines().count() > 50, "{made}");
    let page = paper("docs/providers.md");
    if page.contains(&made) {
        return;
    }
    if std::env::var_os("FOREWARN_WRITE_PAPERS").is_some() {
        let head = page.split("| provider |").next().unwrap();
        fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/providers.md"), format!("{head}{made}")).unwrap();
        return;
    }
    panic!(
        "docs/providers.md has another table. FOREWARN_WRITE_PAPERS=1 cargo test --test papers writes this one:\n{made}"
    );
}

/// Every key of a schema by the table it stands in: `owners.NAME` and `slack`.
fn keys(schema: &Value, at: &str, out: &mut BTreeSet<(String, String)>) {
    let inside = if schema["items"].is_object() { &schema["items"] } else { schema };
    for (key, below) in inside["properties"].as_object().into_iter().flatten() {
        out.insert((at.to_owned(), key.clone()));
        keys(below, &format!("{at}.{key}"), out);
    }
    if inside["additionalProperties"].is_object() {
        keys(&inside["additionalProperties"], &format!("{at}.NAME"), out);
    }
}

#[test]
fn the_reference_of_the_config_describes_every_key_the_reader_takes() {
    let text = paper("docs/config.md");
    let mut all = BTreeSet::new();
    keys(&forewarn::config::schema(), "", &mut all);
    assert!(all.len() > 40, "{all:?}");
    let missing: Vec<_> = all
        .iter()
        .filter(|(_, key)| {
            !text.contains(&format!("`{key}"))
                && !text.contains(&format!("{key}`"))
                && !text.contains(&format!("[{key}"))
                && !text.contains(&format!(".{key}"))
                && !text.contains(&format!("{key} ="))
        })
        .collect();
    assert!(missing.is_empty(), "docs/config.md does not speak of {missing:?}");
    // A row of a table names a key that exists.
    let known: BTreeSet<&str> = all.iter().map(|(_, key)| key.as_str()).collect();
    for row in text.lines().filter(|l| l.starts_with("| `") && !l.contains(".NAME]`")) {
        let first = row.trim_start_matches("| ").split(" | ").next().unwrap();
        for key in first.split(", ").filter_map(|k| k.strip_prefix('`')?.strip_suffix('`')) {
            let plain = key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
            let table = text.split(row).next().unwrap().rsplit("\n| ").find(|l| l.contains("type |")).is_some();
            let head = text[..text.find(row).unwrap()].rfind("\n| key |").map(|i| &text[i..text.find(row).unwrap()]);
            if plain && table && head.is_some_and(|h| !h.contains("\n\n")) {
                assert!(known.contains(key), "docs/config.md has a row for {key:?}, which the reader does not take");
            }
        }
    }
}

#[test]
fn the_reference_of_provider_files_describes_every_key_the_reader_takes() {
    let text = paper("providers/README.md");
    let mut all = BTreeSet::new();
    fn every(v: &Value, out: &mut BTreeSet<String>) {
        match v {
            Value::Object(map) => {
                if let Some(keys) = map.get("properties").and_then(Value::as_object) {
                    out.extend(keys.keys().cloned());
                }
                map.values().for_each(|x| every(x, out));
            }
            Value::Array(list) => list.iter().for_each(|x| every(x, out)),
            _ => {}
        }
    }
    every(&forewarn::provider::file::schema(), &mut all);
    assert!(all.len() > 60, "{}", all.len());
    let word = |key: &str| {
        regex::Regex::new(&format!(r"(^|[^a-z_]){}([^a-z_]|$)", regex::escape(key))).unwrap().is_match(&text)
    };
    let missing: Vec<&String> = all.iter().filter(|k| !word(k)).collect();
    assert!(missing.is_empty(), "providers/README.md does not speak of {missing:?}");
}

/// Where the links of a page lead, as far as they stay in the house.
fn links(page: &str, text: &str) -> Vec<String> {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let folder = page.rsplit_once('/').map_or("", |(f, _)| f);
    link.captures_iter(text)
        .map(|c| c[1].split('#').next().unwrap().to_owned())
        .filter(|l| !l.is_empty() && !l.contains("://") && !l.starts_with("mailto:"))
        .map(|l| format!("{folder}/{l}"))
        .collect()
}

#[test]
fn every_link_between_papers_leads_somewhere() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut pages: Vec<String> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "providers/README.md"]
            .map(str::to_owned)
            .into();
    for folder in ["docs", "docs/deploy"] {
        let all = fs::read_dir(format!("{root}/{folder}")).unwrap().map(|e| e.unwrap().file_name());
        let names = all.map(|n| format!("{folder}/{}", n.to_str().unwrap()));
        pages.extend(names.filter(|n| n.ends_with(".md")));
    }
    let mut seen = 0;
    for page in pages {
        for link in links(&page, &paper(&page)) {
            assert!(fs::exists(format!("{root}/{link}")).unwrap(), "{page} links to {link}, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
    assert_eq!(links("docs/a.md", "[x](b.md#c) [y](https://e.example) [z](../d.md)"), ["docs/b.md", "docs/../d.md"]);
}

/// The defaults as they are when somebody takes away every `# `.
fn everything() -> String {
    let prose = forewarn::config::DEFAULTS.lines().skip(2);
    prose.map(|l| l.strip_prefix("# ").unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

/// What of a value its schema does not know: keys, and tables where none may be.
fn unknown(schema: &Value, v: &toml::Value, at: &str, out: &mut Vec<String>) {
    // A table of anything: a setting of a provider file.
    let anything = schema["properties"].is_null() && schema["additionalProperties"].is_null();
    match (v, schema["type"].as_str()) {
        (toml::Value::Table(_), Some("object")) if anything => {}
        (toml::Value::Table(t), Some("object")) => {
            for (key, below) in t {
                let s = schema["properties"].get(key).or_else(|| schema.get("additionalProperties"));
                match s.filter(|s| s.is_object()) {
                    Some(s) => unknown(s, below, &format!("{at}.{key}"), out),
                    None => out.push(format!("{at}.{key} is not known")),
                }
            }
        }
        (toml::Value::Array(list), Some("array")) => list.iter().for_each(|x| unknown(&schema["items"], x, at, out)),
        (_, None) | (toml::Value::String(_), Some("string")) => {}
        (toml::Value::Integer(_), Some("integer")) | (toml::Value::Boolean(_), Some("boolean")) => {}
        (v, Some(t)) => out.push(format!("{at} is a {}, not {t}", v.type_str())),
    }
}

#[test]
fn the_schema_of_the_config_knows_every_key_of_the_defaults_and_refuses_others() {
    let schema = forewarn::config::schema();
    let found = |text: &str| {
        let mut out = Vec::new();
        unknown(&schema, &toml::Value::Table(toml::from_str(text).unwrap()), "", &mut out);
        out
    };
    assert_eq!(found(&everything()), Vec::<String>::new());
    assert_eq!(found("[owners.a]\ncolour = 1").len(), 1);
    assert_eq!(found("[slack]\nbot_token = 1").len(), 1);
}
