//! Where `src/provider/snapshot.tsv` comes from: the captured pages and catalogs, read by the providers' own settings and
//! folded as forewarn folds them. `FOREWARN_WRITE_SNAPSHOT=1 cargo test --test snapshot` writes it; without, it is compared.
//! Facts only: ids, dates, replacements, addresses. What is reviewed out is listed below with its reason.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

use forewarn::model::{Firmness, MatterState, Precision, Rank, ReadOutcome, SourceId, Stage, Subject};
use forewarn::provider::file::{self, Source};
use forewarn::provider::read::{ReadContext, polled};
use forewarn::rules::fold::{Heard, fold};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::{fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Provider, captured page, day it was captured. A page of 2025 that has a newer twin is left out, and so is Azure's, whose
/// newest word is in a catalog.
const PAGES: &[(&str, &str, &str)] = &[
    ("openai", "deprecation-pages/openai-deprecations.2026-08.md", "2026-08-21"),
    ("anthropic", "deprecation-pages/anthropic-model-deprecations.2026-08.md", "2026-08-21"),
    ("gemini", "deprecation-pages/google-gemini-deprecations.2026-08.md", "2026-08-21"),
    ("mistral", "deprecation-pages/mistral-models.2026-08.md", "2026-08-21"),
    ("bedrock", "deprecation-pages/aws-bedrock-model-lifecycle.2026-08.md", "2026-08-21"),
    ("groq", "deprecation-pages/groq-deprecations.2026-08.md", "2026-08-21"),
    ("cohere", "deprecation-pages/cohere-deprecations.2026-08.md", "2026-08-21"),
    ("cerebras", "deprecation-pages/cerebras-deprecations.2026-08.md", "2026-08-21"),
    ("xai", "deprecation-pages/xai-may-15-retirement.2026-08.md", "2026-08-21"),
    ("fireworks", "changelog-feeds/fireworks-changelog.2026-08.md", "2026-08-21"),
];

/// Rows left out after review: ids that are words of a page and not what anybody writes in code, or that a catalog got wrong.
const LEFT_OUT: &[(&str, &str)] = &[];

struct Read {
    states: BTreeMap<String, MatterState>,
    /// Of each source, where it was read and when.
    places: BTreeMap<SourceId, (String, String)>,
}

impl Read {
    fn read(&mut self, provider: &str, body: &[u8], day: &str) {
        let text = fs::read_to_string(root().join(format!("providers/{provider}.toml"))).unwrap();
        let file = file::parse(&text).unwrap();
        let at: Timestamp = format!("{day}T00:00:00Z").parse().unwrap();
        let ctx = ReadContext {
            provider: file.id.clone(),
            provider_name: file.name.clone(),
            source: SourceId::of(&file.id, "deprecations").unwrap(),
            connection: None,
            received_at: at,
        };
        let source = &file.sources["deprecations"];
        let url = match source {
            Source::Table(s) => s.page.clone().unwrap_or_else(|| s.url.clone()),
            Source::Models(s) => s.page.clone().unwrap_or_else(|| s.url.clone()),
            _ => panic!("{provider} has no page of endings"),
        };
        let ReadOutcome::Ok(seen) = polled(source, &ctx, body).unwrap().outcome else {
            panic!("{provider} was not read")
        };
        self.places.insert(ctx.source.clone(), (url, day.to_owned()));
        for o in seen {
            let Some(id) = o.matter.clone() else { continue };
            let before = self.states.get(id.as_str());
            if let Some(state) = fold(before, &o, Heard { at, baseline: true }).state {
                self.states.insert(id.to_string(), state);
            }
        }
    }
}

fn row(m: &MatterState, read: &Read) -> Option<(String, String)> {
    let (source, claim) = m.winning_claim()?;
    let (key, (url, day)) = (source.provider(), &read.places[source]);
    let date = m.deadline.as_ref();
    let precision = date.map_or("", |d| match d.precision {
        Precision::Instant | Precision::Day => "day",
        Precision::Month => "month",
        Precision::Quarter => "quarter",
        Precision::Half => "half",
        Precision::Year => "year",
    });
    let floor = if date.is_some_and(|d| d.firmness == Firmness::NotBefore) { "+" } else { "" };
    let stage = if m.stage == Stage::Withdrawn { return None } else { m.stage };
    let clean = |s: &str| s.replace(['\t', '\n', ','], " ");
    let replacements: Vec<String> = m.replacements.iter().map(|r| clean(r)).collect();
    let line = [
        m.id.to_string(),
        stage.to_string(),
        date.map_or_else(String::new, |d| d.date.to_string()),
        format!("{precision}{floor}"),
        m.announced_on.map_or_else(String::new, |d| d.to_string()),
        m.claims.values().find_map(|c| c.redirect.as_deref()).map(clean).unwrap_or_default(),
        replacements.join(","),
        format!("@{key}"),
    ];
    Some((line.join("\t"), format!("@{key}\t{day}\t{}\t{url}", claim.rank)))
}

/// Ids of models that are offered, from the names of the files of two data sets.
fn names(corpus: &std::path::Path) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let platform = |p: &str| if p == "google" { "gemini".to_owned() } else { p.to_owned() };
    for p in ["openai", "anthropic", "google", "mistral", "groq"] {
        let base = corpus.join("models-lists/models-dev").join(p).join("models");
        let mut folders = vec![base.clone()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(id) = path.strip_prefix(&base).unwrap().to_str().unwrap().strip_suffix(".toml") {
                    out.insert(format!("{}:{id}", platform(p)));
                }
            }
        }
    }
    for p in ["openai", "anthropic", "google", "mistral", "bedrock", "deepseek"] {
        let folder = corpus.join("deprecation-datasets/modeldeprecations-dev").join(p);
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            let record: serde_json::Value = serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            // Bedrock's records are named otherwise than what one calls.
            let own = record["model"].as_str().filter(|_| p != "bedrock");
            let aliases = record["aliases"].as_array().into_iter().flatten().filter_map(|a| a.as_str());
            out.extend(own.into_iter().chain(aliases).map(|id| format!("{}:{id}", platform(p))));
        }
    }
    out
}

#[test]
fn the_snapshot_is_what_our_readers_make_of_the_captured_pages() {
    let corpus = root().join("../shared/corpus");
    if !corpus.exists() {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    }
    let mut read = Read { states: BTreeMap::new(), places: BTreeMap::new() };
    for (provider, name, day) in PAGES {
        read.read(provider, &fs::read(corpus.join(name)).unwrap(), day);
    }
    let mut records = Vec::new();
    for p in ["openai", "anthropic", "google", "mistral", "bedrock", "deepseek"] {
        let folder = corpus.join("deprecation-datasets/modeldeprecations-dev").join(p);
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(path).unwrap();
            let mut record: serde_json::Value = serde_yaml_ng::from_str(&text).unwrap();
            let called = text.split("invoke id is").nth(1).and_then(|t| t.split_whitespace().next());
            if let Some(id) = called {
                record["model"] = id.trim_end_matches('.').into();
            }
            records.push(record);
        }
    }
    let body = serde_json::to_vec(&serde_json::json!({ "models": records })).unwrap();
    read.read("modeldeprecations-dev", &body, "2026-08-21");
    let set = corpus.join("deprecation-datasets/deprecations-info.v1.deprecations.2026-07-24.json");
    read.read("deprecations-info", &fs::read(set).unwrap(), "2026-07-24");

    let (mut rows, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut ended = BTreeSet::new();
    for m in read.states.values().filter(|m| !LEFT_OUT.iter().any(|(id, _)| m.id.as_str() == *id)) {
        let Some((line, place)) = row(m, &read) else { continue };
        // Prose that a page uses as a name is nothing that stands in code.
        if m.subjects.iter().all(|s| s.id.chars().any(char::is_whitespace)) {
            continue;
        }
        ended.insert(m.id.to_string());
        rows.insert(line);
        places.insert(place);
    }
    let names: BTreeSet<String> = names(&corpus)
        .into_iter()
        .filter(|id| !ended.contains(id) && Subject::parse(id).is_some() && !id.contains(char::is_whitespace))
        .collect();
    let mut text = String::from(HEAD);
    for line in places.iter().chain(&rows).chain(&names) {
        writeln!(text, "{line}").unwrap();
    }
    let at = root().join("src/provider/snapshot.tsv");
    if std::env::var_os("FOREWARN_WRITE_SNAPSHOT").is_some() {
        fs::write(&at, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&at).unwrap_or_default(), text, "src/provider/snapshot.tsv is not what is read");
}

#[test]
fn what_was_reviewed_out_would_be_there_otherwise() {
    let text = fs::read_to_string(root().join("src/provider/snapshot.tsv")).unwrap();
    for (id, why) in LEFT_OUT {
        assert!(!why.is_empty() && !text.lines().any(|l| l.split('\t').next() == Some(id)), "{id}");
    }
    assert_eq!(Rank::parse("page"), Some(Rank::Page));
}

const HEAD: &str =
    "# What was known when this forewarn was built: facts only, made by tests/snapshot.rs, which says how.
# @KEY<tab>day it was read<tab>rank<tab>where it was read
# id<tab>stage<tab>date<tab>precision, + for a floor<tab>announced<tab>answered by<tab>replacements<tab>@KEY
# id alone: a model known by name. Data sets: modeldeprecations.dev, deprecations.info, models.dev, all MIT.
";
