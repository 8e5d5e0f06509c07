//! Pages change without notice: no change of a page's layout makes a date of it wrong.
//!
//! Every captured page, and every page of our fixtures, is changed in the ways of `mutated/mutations.rs` and read by its
//! provider's own settings. What is read then is a row that the unchanged page gives too, with the same date, or has no date
//! and asks a person to look, or nothing was read because a guard broke. Both are compared with the reading of the unchanged
//! page, whose dates `accuracy.rs` and the goldens of the fixtures hold to the truth.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

#[path = "mutated/days.rs"]
mod days;
#[path = "mutated/mutations.rs"]
mod mutations;
#[path = "mutated/paper.rs"]
mod paper;

use forewarn::model::{Deadline, Fact, Firmness, Precision, ReadOutcome, SourceId};
use forewarn::provider::file::{self, ProviderFile, Source};
use forewarn::provider::read::{ReadContext, polled};
use mutations::Demand;
use paper::Paper;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A date as it counts: the day, whether it is a floor, how exact it is.
type When = (String, Firmness, Precision);

/// What is said of one thing: where (a region, a deployment; empty for everywhere) and when.
type Said = BTreeMap<(String, String), Row>;

/// What a page was read to say of one thing in one place.
#[derive(Debug, Clone)]
struct Row {
    when: Option<When>,
    instead: Vec<String>,
    /// The cells of the row, or the sentence.
    quote: BTreeSet<String>,
}

fn provider(id: &str) -> ProviderFile {
    file::parse(&fs::read_to_string(root().join(format!("providers/{id}.toml"))).unwrap()).unwrap()
}

/// What a page says; nothing where it was refused.
fn read(provider: &ProviderFile, page: &str) -> Said {
    let cx = ReadContext {
        provider: provider.id.clone(),
        provider_name: provider.name.clone(),
        source: SourceId::of(&provider.id, "deprecations").unwrap(),
        connection: None,
        received_at: "2026-08-22T00:00:00Z".parse().unwrap(),
    };
    let ReadOutcome::Ok(found) = polled(&provider.sources["deprecations"], &cx, page.as_bytes()).unwrap().outcome
    else {
        return Said::new();
    };
    let when = |d: &Deadline| (d.date.to_string(), d.firmness, d.precision);
    let mut out = Said::new();
    for o in found {
        let Fact::Ending(e) = o.fact else { continue };
        let s = &o.subjects[0];
        let id = format!("{}/{}", s.kind.as_str(), s.id);
        let part = [&s.region, &s.deployment].into_iter().flatten().cloned().collect::<Vec<_>>().join("~");
        let quote = e.quote.split('|').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
        out.insert((id, part), Row { when: e.deadline.as_ref().map(when), instead: e.replacements, quote });
    }
    out
}

/// Where the hour is lost, the day is still right.
fn same_day(a: &When, b: &When) -> bool {
    let day = |w: &When| if w.2 == Precision::Instant { Precision::Day } else { w.2 };
    (&a.0, a.1, day(a)) == (&b.0, b.1, day(b))
}

/// The row of the unchanged page, by another of its names: the id's column is lost, and the name stands for the thing.
fn is_same_row(row: &Row, when: &When, id: &str, before: &Said) -> bool {
    let name = id.split_once('/').map_or(id, |(_, n)| n);
    before.values().any(|b| {
        b.when.as_ref().is_some_and(|w| same_day(w, when))
            && row.quote.len() > 1
            && row.quote.iter().all(|c| c.ends_with('…') || b.quote.contains(c))
            && !b.instead.iter().any(|i| i.eq_ignore_ascii_case(name))
    })
}

/// What of a changed page's rows is not the unchanged page's.
fn wrong(before: &Said, after: &Said, demand: Demand, earlier: &[&Earlier], elsewhere: &Said) -> Vec<String> {
    let mut out = Vec::new();
    for ((id, part), row) in after {
        let Some(when) = &row.when else { continue };
        let known: Vec<(&str, &When)> = before
            .iter()
            .filter(|((i, _), _)| i == id)
            .filter_map(|((_, p), r)| Some((p.as_str(), r.when.as_ref()?)))
            .collect();
        let is_earlier = earlier.iter().any(|e| e.id == id && e.date == when.0);
        let fits = match part.as_str() {
            // Said of everywhere: true only if it is so in every part that the page tells apart.
            "" => !known.is_empty() && known.iter().all(|(_, w)| same_day(w, when)),
            part => known.iter().any(|(p, w)| (*p == part || p.is_empty()) && same_day(w, when)),
        };
        let is_known = fits
            || is_earlier
            || ((known.is_empty() || demand == Demand::FewerRows) && is_same_row(row, when, id, before));
        // A date in a form that the change does not touch is as firm as it was.
        let untouched = || {
            elsewhere.get(&(id.clone(), part.clone())).is_some_and(|r| r.when.as_ref() == Some(when))
                || !matches!(when.2, Precision::Day | Precision::Instant)
        };
        let is_floor = || when.1 == Firmness::NotBefore && known.iter().any(|(p, w)| *p == part && w.0 == when.0);
        let may = if demand == Demand::NotFirm { is_floor() || untouched() } else { is_known };
        if demand == Demand::Nothing || !may {
            out.push(format!("{id} {part} {when:?}, the page gives {known:?}"));
        }
    }
    if demand == Demand::Same || (demand == Demand::SameOrRefused && !after.is_empty()) {
        let found = |k| after.get(k).and_then(|r| r.when.as_ref());
        let lost =
            before.iter().filter(|(k, r)| r.when.as_ref().is_some_and(|w| found(*k).is_none_or(|f| !same_day(f, w))));
        out.extend(lost.map(|((id, part), r)| format!("{id} {part} {:?} was lost", r.when)));
    }
    out
}

/// A row that a page holds beside a newer one of the same thing, or of the same id: it counts where the other was taken away.
struct Earlier {
    page: &'static str,
    id: &'static str,
    date: &'static str,
}

const EARLIER: &[Earlier] = &[
    Earlier { page: "openai-deprecations", id: "model/code-davinci-002", date: "2023-03-23" },
    Earlier { page: "openai-deprecations", id: "model/gpt-4-0314", date: "2024-06-13" },
    Earlier { page: "openai-deprecations.2026", id: "model/gpt-4-1106-preview", date: "2026-03-26" },
    Earlier { page: "openai/deprecations.md", id: "model/gpt-demo-0-slim", date: "2026-03-26" },
    // An id that stands on two rows: the name of the second.
    Earlier { page: "mistral-models", id: "product/mistral-7b-0.2", date: "2025-03-30" },
    Earlier { page: "mistral-models", id: "product/voxtral-mini-25.07", date: "2026-05-31" },
    Earlier { page: "groq-deprecations", id: "model/deepseek-r1-distill-llama-70b-specdec", date: "2025-03-24" },
];

/// What came of the changed pages.
#[derive(Default)]
struct Tally {
    complaints: Vec<String>,
    /// Changed pages, and those of which something was still read.
    pages: usize,
    read: usize,
}

impl Tally {
    #[track_caller]
    fn expect_none_wrong(&self) {
        let (wrong, all) = (self.complaints.len(), self.pages);
        assert!(wrong == 0, "{wrong} of {all} changed pages:\n{}", self.complaints.join("\n"));
        // To refuse everything would be right too, and of no use.
        assert!(all > 1_000 && self.read * 2 > all, "of {all} changed pages {} were read", self.read);
    }
}

/// Changes a page in every way.
fn check(provider: &ProviderFile, name: &str, page: &str, tally: &mut Tally) {
    let Source::Table(source) = &provider.sources["deprecations"] else { return };
    let before = read(provider, page);
    assert!(before.values().any(|r| r.when.is_some()), "{name}: the unchanged page says nothing");
    let earlier: Vec<&Earlier> = EARLIER.iter().filter(|e| name.contains(e.page)).collect();
    let mut seen = BTreeSet::new();
    let paper = Paper::of(page);
    let elsewhere = read(provider, &mutations::without_dates(&paper, source.slash));
    for m in mutations::all(&paper, source.slash) {
        if !seen.insert(m.page.clone()) {
            continue;
        }
        let after = read(provider, &m.page);
        tally.pages += 1;
        tally.read += usize::from(after.values().any(|r| r.when.is_some()));
        let found = wrong(&before, &after, m.demand, &earlier, &elsewhere);
        if !found.is_empty() {
            if let Some(at) = std::env::var_os("FOREWARN_KEEP_MUTATED") {
                let file = format!("{}.{}", name.replace('/', "_"), m.name.replace(['/', ' '], "_"));
                fs::write(PathBuf::from(at).join(file), &m.page).unwrap();
            }
            let more = found.len().saturating_sub(3);
            let shown: Vec<&String> = found.iter().take(3).collect();
            tally.complaints.push(format!("{name}: {}: {shown:#?} and {more} more", m.name));
        }
    }
}

#[test]
fn no_change_of_a_captured_page_makes_a_date_wrong() {
    let corpus = root().join("../shared/corpus");
    if !corpus.exists() {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    }
    let mut tally = Tally::default();
    for (id, name) in CAPTURED {
        check(&provider(id), name, &fs::read_to_string(corpus.join(name)).unwrap(), &mut tally);
    }
    tally.expect_none_wrong();
}

const CAPTURED: &[(&str, &str)] = &[
    ("openai", "deprecation-pages/openai-deprecations.2026-08.md"),
    ("openai", "deprecation-pages/openai-deprecations.2025.html"),
    ("anthropic", "deprecation-pages/anthropic-model-deprecations.2026-08.md"),
    ("gemini", "deprecation-pages/google-gemini-deprecations.2026-08.md"),
    ("mistral", "deprecation-pages/mistral-models.2026-08.md"),
    ("bedrock", "deprecation-pages/aws-bedrock-model-lifecycle.2026-08.md"),
    ("bedrock", "deprecation-pages/aws-bedrock-model-lifecycle.2025.html"),
    ("azure", "deprecation-pages/azure-foundry-model-lifecycle.2025.html"),
    ("groq", "deprecation-pages/groq-deprecations.2026-08.md"),
    ("cohere", "deprecation-pages/cohere-deprecations.2026-08.md"),
    ("cohere", "deprecation-pages/cohere-deprecations-source.2026-08.mdx"),
    ("cerebras", "deprecation-pages/cerebras-deprecations.2026-08.md"),
    ("xai", "deprecation-pages/xai-may-15-retirement.2026-08.md"),
    ("fireworks", "changelog-feeds/fireworks-changelog.2026-08.md"),
];

#[test]
fn no_change_of_a_fixture_makes_a_date_wrong() {
    let (mut tally, mut pages) = (Tally::default(), 0);
    for path in fs::read_dir(root().join("fixtures")).unwrap().map(|e| e.unwrap().path()) {
        let id = path.file_name().unwrap().to_str().unwrap().to_owned();
        for form in ["md", "html"] {
            let at = path.join(format!("deprecations.{form}"));
            let Ok(page) = fs::read_to_string(&at) else { continue };
            check(&provider(&id), &format!("{id}/deprecations.{form}"), &page, &mut tally);
            pages += 1;
        }
    }
    tally.expect_none_wrong();
    assert!(pages >= 20, "only {pages} pages");
}
