//! Accuracy is a number: the captured pages, read by the providers' own settings, beside the curated records of the same days.
//! `docs/accuracy.md` holds the table, written by `FOREWARN_WRITE_GOLDEN=1 cargo test --test accuracy`. A record that
//! differs from its page is an exception below, with the page's words; a loosened bound is not.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

use forewarn::model::{Deadline, Fact, Firmness, ReadOutcome, SourceId};
use forewarn::provider::file;
use forewarn::provider::read::{ReadContext, polled};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn corpus() -> Option<PathBuf> {
    let at = root().join("../shared/corpus");
    at.exists().then_some(at)
}

#[derive(Debug, Clone, Default)]
struct Read {
    deadline: Option<Deadline>,
    replacements: Vec<String>,
    quote: String,
}

/// What a page says, by the id of the thing (without the platform; regions joined).
fn page(id: &str, name: &str) -> BTreeMap<String, Read> {
    let file = file::parse(&fs::read_to_string(root().join(format!("providers/{id}.toml"))).unwrap()).unwrap();
    let ctx = ReadContext {
        provider: file.id.clone(),
        provider_name: file.name.clone(),
        source: SourceId::of(&file.id, "deprecations").unwrap(),
        connection: None,
        received_at: "2026-08-22T00:00:00Z".parse().unwrap(),
    };
    let body = fs::read(corpus().unwrap().join(name)).unwrap();
    let ReadOutcome::Ok(found) = polled(&file.sources["deprecations"], &ctx, &body).unwrap().outcome else {
        panic!("{name} was not read")
    };
    let mut out = BTreeMap::new();
    for o in found {
        let Fact::Ending(e) = o.fact else { continue };
        let subject = &o.subjects[0];
        out.insert(subject.id.clone(), Read { deadline: e.deadline, replacements: e.replacements, quote: e.quote });
    }
    out
}

/// A curated record: the date, whether it is a floor, and the replacements.
#[derive(Debug, Clone, Default)]
struct Known {
    date: Option<String>,
    is_floor: bool,
    replacements: Vec<String>,
    /// Other ids of the same model: a page lists the snapshot, a record the family.
    aliases: Vec<String>,
}

/// `key: value` of a record's first level.
fn field(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))?;
    Some(line.trim().trim_matches('"').to_owned()).filter(|v| !v.is_empty())
}

/// `aliases: [a, b]` or a block of `- a`.
fn aliases(text: &str) -> Vec<String> {
    let Some(at) = text.find("\naliases:") else { return Vec::new() };
    let rest = &text[at + 9..];
    let first = rest.find('\n').map_or(rest.len(), |i| i + 1);
    let block = rest[first..].split_inclusive('\n').take_while(|l| l.starts_with([' ', '-', ']']));
    let end = first + block.map(str::len).sum::<usize>();
    let parts = rest[..end].split([',', '\n', '[', ']', ' ', '"', '\'']);
    parts.filter(|p| p.len() > 2).map(str::to_owned).collect()
}

/// The models of `replacements:`, each `- provider: …` with `model: x` in it, on lines of their own or in braces.
fn replacements(text: &str) -> Vec<String> {
    let Some(at) = text.find("\nreplacements:") else { return Vec::new() };
    let block = text[at + 14..].lines().skip(1).take_while(|l| l.starts_with([' ', '-']));
    let model =
        |l: &str| Some(l.split("model: ").nth(1)?.split([',', '}']).next()?.trim().trim_matches('"').to_owned());
    block.filter_map(model).collect()
}

/// The records of modeldeprecations.dev: one YAML file a model, of which only these fields are read.
fn curated(folder: &str) -> BTreeMap<String, Known> {
    let at = corpus().unwrap().join("deprecation-datasets/modeldeprecations-dev").join(folder);
    let mut out = BTreeMap::new();
    for path in fs::read_dir(at).unwrap().map(|e| e.unwrap().path()) {
        let text = fs::read_to_string(path).unwrap();
        let floor = field(&text, "earliest_shutdown_on");
        let known = Known {
            is_floor: floor.is_some(),
            date: field(&text, "shutdown_on").or(floor),
            replacements: replacements(&text),
            aliases: aliases(&text),
        };
        // Bedrock's records are named otherwise than the ids one calls; the description gives that.
        let called = text.split("invoke id is").nth(1).and_then(|t| t.split_whitespace().next());
        let id = called.map_or_else(|| field(&text, "model").unwrap(), |c| c.trim_end_matches('.').to_owned());
        out.insert(id, known);
    }
    out
}

/// The records of deprecations.info for one provider.
fn scraped(provider: &str) -> BTreeMap<String, Known> {
    let at = corpus().unwrap().join("deprecation-datasets/deprecations-info.v1.deprecations.2026-07-24.json");
    let all: serde_json::Value = serde_json::from_slice(&fs::read(at).unwrap()).unwrap();
    let list = all.as_array().or_else(|| all["deprecations"].as_array()).unwrap().clone();
    let text = |v: &serde_json::Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let of = |r: &serde_json::Value| {
        let replacements = r["replacement_models"].as_array().into_iter().flatten().filter_map(text).collect();
        (
            r["model_id"].as_str().unwrap().to_owned(),
            Known { date: text(&r["shutdown_date"]), is_floor: false, replacements, aliases: Vec::new() },
        )
    };
    list.iter().filter(|r| r["provider"] == provider).map(of).collect()
}

/// A record that differs from the page it was made of, reviewed against that page.
struct Exception {
    provider: &'static str,
    set: &'static str,
    id: &'static str,
    why: &'static str,
}

const fn except(provider: &'static str, set: &'static str, id: &'static str, why: &'static str) -> Exception {
    Exception { provider, set, id, why }
}

const CURATED: &str = "modeldeprecations.dev";
const SCRAPED: &str = "deprecations.info";

const EXCEPTIONS: &[Exception] = &[
    except(
        "openai",
        CURATED,
        "code-davinci-002",
        "listed twice: 2023-03-23 under 2023-03-20, and again 2024-01-04 under 2023-07-06; the newer announcement counts",
    ),
    except(
        "openai",
        SCRAPED,
        "Reusable prompts",
        "the record's date is that of the announcement; the page: Nov 30, 2026, scheduled to shut down",
    ),
    except(
        "openai",
        SCRAPED,
        "Evals platform",
        "the record's date is that of the announcement; the page: Nov 30, 2026, scheduled to shut down",
    ),
    except(
        "openai",
        SCRAPED,
        "Agent Builder",
        "the record's date is that of the announcement; the page: Nov 30, 2026, scheduled to shut down",
    ),
    except(
        "gemini",
        CURATED,
        "gemini-2.5-pro",
        "the page of that day: No shutdown date announced; the record takes Vertex's floor",
    ),
    except(
        "gemini",
        CURATED,
        "gemini-2.5-flash",
        "the page of that day: No shutdown date announced; the record takes Vertex's floor",
    ),
    except(
        "gemini",
        CURATED,
        "gemini-2.5-flash-lite",
        "the page of that day: No shutdown date announced; the record takes Vertex's floor",
    ),
    except(
        "gemini",
        SCRAPED,
        "gemini-2.5-pro",
        "the record is of July; the page of August: No shutdown date announced",
    ),
    except(
        "gemini",
        SCRAPED,
        "gemini-2.5-flash",
        "the record is of July; the page of August: No shutdown date announced",
    ),
    except(
        "gemini",
        SCRAPED,
        "gemini-2.5-flash-lite",
        "the record is of July; the page of August: No shutdown date announced",
    ),
    except(
        "xai",
        SCRAPED,
        "grok-4-1-fast",
        "a family's name; the page lists grok-4-1-fast-reasoning and grok-4-1-fast-non-reasoning",
    ),
    except(
        "xai",
        SCRAPED,
        "grok-4-fast",
        "a family's name; the page lists grok-4-fast-reasoning and grok-4-fast-non-reasoning",
    ),
    except(
        "gemini",
        CURATED,
        "imagen-4.0-generate-001",
        "the record of 3 August has no date; the page captured on the 21st: August 17, 2026",
    ),
    except("xai", SCRAPED, "grok-4", "a family's name; the page lists grok-4-0709"),
];

/// Records that recommend something else than their page: set, id, what the record has, what the page's row says (and was read).
const OTHERWISE: &[(&str, &str, &str, &str)] = &[
    (CURATED, "babbage-002", "gpt-5.4-mini", "gpt-5.6-terra"),
    (CURATED, "davinci-002", "gpt-5.4-mini", "gpt-5.6-terra"),
    (CURATED, "gpt-3.5-turbo-1106", "gpt-5.4-mini", "gpt-5.6-terra"),
    (CURATED, "gpt-3.5-turbo-instruct", "gpt-5.4-mini", "gpt-5.6-terra"),
    (CURATED, "gpt-4-0125-preview", "gpt-5.6-sol", "gpt-5, gpt-4.1"),
    (CURATED, "gpt-4-0314", "gpt-4", "gpt-5, gpt-4.1"),
    (CURATED, "gpt-4-turbo-preview", "gpt-5.6-sol", "gpt-5, gpt-4.1"),
    (CURATED, "gpt-5.1-codex", "gpt-5.3-codex", "gpt-5.6-sol"),
    (CURATED, "gpt-5.1-codex-max", "gpt-5.3-codex", "gpt-5.6-sol"),
    (CURATED, "gpt-5.2-codex", "gpt-5.3-codex", "gpt-5.6-sol"),
    (SCRAPED, "babbage-002", "gpt-5.4-mini, gpt-5-mini", "gpt-5.6-terra"),
    (SCRAPED, "davinci-002", "gpt-5.4-mini, gpt-5-mini", "gpt-5.6-terra"),
    (SCRAPED, "ft-babbage-002", "gpt-5.4-mini", "gpt-5.6-terra"),
    (SCRAPED, "ft-davinci-002", "gpt-5.4-mini", "gpt-5.6-terra"),
    (SCRAPED, "ft-gpt-3.5-turbo", "gpt-5.4-mini", "gpt-5.6-terra"),
    (SCRAPED, "ft-gpt-4", "gpt-5.5", "gpt-5.6-sol"),
    (SCRAPED, "ft-gpt-4.1-nano-2025-04-14", "gpt-5.4-nano", "gpt-5.6-luna"),
    (SCRAPED, "gpt-3.5-turbo-1106", "gpt-5.4-mini, gpt-5-mini", "gpt-5.6-terra"),
    (SCRAPED, "gpt-3.5-turbo-instruct", "gpt-5.4-mini, gpt-5-mini", "gpt-5.6-terra"),
    (CURATED, "gemini-2.5-flash-image", "gemini-3.1-flash-image", "gemini-3.1-flash-image-preview"),
    (CURATED, "mistral-ocr-2503", "mistral-ocr-4-0", "ocr-4-1, OCR 4.1"),
    (CURATED, "mistral-ocr-2505", "mistral-ocr-4-0", "ocr-4-1, OCR 4.1"),
    (CURATED, "amazon.nova-canvas-v1:0", "imagen-4.0-generate-001", ""),
    (CURATED, "amazon.nova-premier-v1:0", "nova-pro", ""),
    (CURATED, "amazon.nova-reel-v1:0", "MiniMax-H3", ""),
    (CURATED, "amazon.nova-reel-v1:1", "MiniMax-H3", ""),
    (CURATED, "amazon.nova-sonic-v1:0", "gpt-realtime-2.1", ""),
    (SCRAPED, "grok-code-fast-1", "grok-4.3", "grok-build-0.1"),
];

/// Where one record stands.
#[derive(Debug, Default)]
struct Score {
    records: usize,
    absent: usize,
    excepted: usize,
    read: usize,
    same_date: usize,
    same_firmness: usize,
    with_replacement: usize,
    /// Records that recommend something else than their page, each reviewed.
    otherwise: usize,
    same_replacement: usize,
    wrong: Vec<String>,
}

fn compare(
    provider: &str,
    set: &str,
    text: &str,
    read: &BTreeMap<String, Read>,
    known: &BTreeMap<String, Known>,
) -> Score {
    let mut score = Score::default();
    for (id, known) in known {
        let excepted = || EXCEPTIONS.iter().any(|e| (e.provider, e.set, e.id) == (provider, set, id.as_str()));
        let Some(date) = &known.date else {
            if let Some(d) = read.get(id).and_then(|r| r.deadline.as_ref()).filter(|_| !excepted()) {
                score
                    .wrong
                    .push(format!("{provider}: {id} is {}, the record has no date; the page: {}", d.date, d.text));
            }
            continue;
        };
        score.records += 1;
        if !text.contains(id.as_str()) && !text.contains(&id.replace('-', " ")) {
            score.absent += 1;
            continue;
        }
        if excepted() {
            score.excepted += 1;
            continue;
        }
        let slug = id.to_lowercase().replace(' ', "-");
        let by_alias = || known.aliases.iter().find_map(|a| read.get(a));
        let Some(found) = read.get(id).or_else(|| read.get(&slug)).or_else(by_alias) else {
            score.wrong.push(format!("{provider}: {id} ({date}) was not read"));
            continue;
        };
        score.read += 1;
        let said = found.deadline.as_ref().map(|d| d.date.to_string()).unwrap_or_default();
        if said == *date {
            score.same_date += 1;
        } else {
            score.wrong.push(format!("{provider}: {id} is {said:?}, the record has {date}; the page: {}", found.quote));
        }
        let is_floor = found.deadline.as_ref().is_some_and(|d| d.firmness == Firmness::NotBefore);
        // The scraped set has no floors.
        if set == SCRAPED || is_floor == known.is_floor {
            score.same_firmness += 1;
        } else {
            score.wrong.push(format!("{provider}: {id} is a floor: {is_floor}, the record says {}", known.is_floor));
        }
        if !known.replacements.is_empty() {
            let otherwise = OTHERWISE.iter().find(|o| (o.0, o.1) == (set, id.as_str()));
            let same = known.replacements.iter().any(|r| found.replacements.iter().any(|f| f.eq_ignore_ascii_case(r)));
            match otherwise {
                Some(o) => {
                    score.otherwise += 1;
                    let said = (known.replacements.join(", "), found.replacements.join(", "));
                    if same || said != (o.2.to_owned(), o.3.to_owned()) {
                        score.wrong.push(format!("{provider}: {id} instead is {said:?} now, not what was reviewed"));
                    }
                }
                None => {
                    score.with_replacement += 1;
                    score.same_replacement += usize::from(same);
                    if !same {
                        score.wrong.push(format!(
                            "{provider}: {id} instead: {:?}, the record has {:?}; the page: {}",
                            found.replacements, known.replacements, found.quote
                        ));
                    }
                }
            }
        }
    }
    score
}

/// Words alone, parted by single spaces: what stays the same in Markdown, in HTML and in an id.
fn bare(text: &str) -> String {
    let mut out = String::from(" ");
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if in_tag => continue,
            _ => {}
        }
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
    out
}

/// The stretches of a page in which what ends and when stand together: rows of tables first, then what stands under one heading.
fn stretches(text: &str) -> Vec<String> {
    let rows = text.split("<tr").skip(1).map(|r| r.split("</tr").next().unwrap_or_default());
    let lines = text.lines().filter(|l| l.trim_start().starts_with('|'));
    let mut out: Vec<String> = rows.chain(lines).map(bare).collect();
    let mut section = String::new();
    let mut in_update = false;
    for line in text.lines() {
        let lower = line.trim_start().to_lowercase();
        // A component is one section, whatever headings stand in it.
        in_update = (in_update || lower.starts_with("<update")) && !lower.starts_with("</update");
        let is_heading = lower.starts_with("##") || ["<h2", "<h3", "<h4"].iter().any(|h| lower.contains(h));
        if lower.starts_with("<update") || (is_heading && !in_update) {
            out.push(bare(&std::mem::take(&mut section)));
        }
        section.push_str(line);
        section.push('\n');
    }
    out.push(bare(&section));
    out
}

/// Of the dates that were read, those that are right: the record has the same, or, where there is no record, the page says it of
/// that thing in one row or section, found without the reader.
fn precision(
    read: &BTreeMap<String, Read>,
    known: Option<&BTreeMap<String, Known>>,
    page: &[String],
) -> (usize, Vec<String>) {
    let mut wrong = Vec::new();
    let dated = read.iter().filter_map(|(id, r)| Some((id, r.deadline.as_ref()?)));
    let mut count = 0;
    for (id, deadline) in dated {
        count += 1;
        let (thing, when) = (bare(id), bare(&deadline.text));
        let has_record =
            known.and_then(|k| k.get(id)).and_then(|k| k.date.clone()).is_some_and(|d| d == deadline.date.to_string());
        let stands = || page.iter().any(|s| s.contains(&thing) && s.contains(&when));
        if !has_record && !stands() {
            wrong.push(format!("{id} ends {} ({})", deadline.date, deadline.text));
        }
    }
    (count, wrong)
}

/// No date that is not in the page: each date is read again from the row it is quoted from.
fn assert_nothing_invented(provider: &str, text: &str, read: &BTreeMap<String, Read>) {
    for (id, found) in read {
        let Some(deadline) = &found.deadline else { continue };
        let words: Vec<&str> = deadline.text.split_whitespace().collect();
        assert!(!words.is_empty(), "{provider}: {id} has a date without its text");
        for word in words {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            assert!(text.contains(bare), "{provider}: {id}: {bare:?} of its date does not stand on the page");
        }
        assert!(
            text.contains(&deadline.date.year().to_string()) || deadline.text.contains('/'),
            "{provider}: {id}: the year of {} does not stand on the page",
            deadline.date
        );
    }
}

const PAGES: &[(&str, &str, Option<&str>, Option<&str>)] = &[
    ("openai", "deprecation-pages/openai-deprecations.2026-08.md", Some("openai"), Some("OpenAI")),
    ("openai", "deprecation-pages/openai-deprecations.2025.html", None, None),
    ("anthropic", "deprecation-pages/anthropic-model-deprecations.2026-08.md", Some("anthropic"), Some("Anthropic")),
    ("gemini", "deprecation-pages/google-gemini-deprecations.2026-08.md", Some("google"), Some("Google")),
    ("mistral", "deprecation-pages/mistral-models.2026-08.md", Some("mistral"), None),
    ("bedrock", "deprecation-pages/aws-bedrock-model-lifecycle.2026-08.md", Some("bedrock"), Some("AWS Bedrock")),
    ("bedrock", "deprecation-pages/aws-bedrock-model-lifecycle.2025.html", None, None),
    ("azure", "deprecation-pages/azure-foundry-model-lifecycle.2025.html", None, None),
    ("groq", "deprecation-pages/groq-deprecations.2026-08.md", None, Some("Groq")),
    ("cohere", "deprecation-pages/cohere-deprecations.2026-08.md", None, Some("Cohere")),
    ("cohere", "deprecation-pages/cohere-deprecations-source.2026-08.mdx", None, Some("Cohere")),
    ("cerebras", "deprecation-pages/cerebras-deprecations.2026-08.md", None, None),
    ("xai", "deprecation-pages/xai-may-15-retirement.2026-08.md", None, Some("xAI")),
    ("fireworks", "changelog-feeds/fireworks-changelog.2026-08.md", None, None),
];

#[test]
fn every_record_that_stands_on_its_page_is_read_with_its_date() {
    let Some(corpus) = corpus() else {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    };
    let mut table = String::new();
    let mut wrong = Vec::new();
    for (provider, name, curated_in, scraped_as) in PAGES {
        let text = fs::read_to_string(corpus.join(name)).unwrap();
        let read = page(provider, name);
        assert_nothing_invented(provider, &text, &read);
        let file = name.rsplit('/').next().unwrap();
        let page = stretches(&text);
        let share = |n: usize, of: usize| {
            if of == 0 { "-".to_owned() } else { format!("{:.1} %", 100.0 * n as f64 / of as f64) }
        };
        let mut any = false;
        for (set, known) in [(CURATED, curated_in.map(curated)), (SCRAPED, scraped_as.map(scraped))] {
            let Some(known) = known else { continue };
            let s = compare(provider, set, &text, &read, &known);
            let (dated, strays) = precision(&read, Some(&known), &page);
            let due = s.records - s.absent - s.excepted;
            writeln!(
                table,
                "| {provider} | {file} | {set} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                read.len(),
                dated,
                share(dated - strays.len(), dated),
                s.records,
                s.absent,
                s.excepted,
                share(s.read, due),
                share(s.same_date, s.read),
                share(s.same_firmness, s.read),
                share(s.same_replacement, s.with_replacement),
                s.otherwise,
            )
            .unwrap();
            wrong.extend(s.wrong);
            wrong.extend(strays);
            any = true;
        }
        if !any {
            let (dated, strays) = precision(&read, None, &page);
            let right = share(dated - strays.len(), dated);
            writeln!(
                table,
                "| {provider} | {file} | none | {} | {dated} | {right} | - | - | - | - | - | - | - | - |",
                read.len()
            )
            .unwrap();
            wrong.extend(strays);
        }
    }
    assert!(wrong.is_empty(), "{} differences that no exception explains:\n{}", wrong.len(), wrong.join("\n"));
    let mut document = String::from(HEAD);
    document.push_str(&table);
    document.push_str(EXCEPTIONS_HEAD);
    for e in EXCEPTIONS {
        writeln!(document, "| {} | {} | `{}` | {} |", e.provider, e.set, e.id, e.why).unwrap();
    }
    document.push_str(OTHERWISE_HEAD);
    for (set, id, record, page) in OTHERWISE {
        let page = if page.is_empty() { "none" } else { page };
        writeln!(document, "| {set} | `{id}` | {record} | {page} |").unwrap();
    }
    let at = root().join("docs/accuracy.md");
    if std::env::var_os("FOREWARN_WRITE_GOLDEN").is_some() {
        fs::write(&at, &document).unwrap();
    }
    assert_eq!(fs::read_to_string(&at).unwrap_or_default(), document, "docs/accuracy.md is not what is measured");
}

#[test]
fn every_exception_is_still_one() {
    if corpus().is_none() {
        eprintln!("SKIPPED: no corpus beside the project");
        return;
    }
    for e in EXCEPTIONS {
        let (_, name, curated_in, scraped_as) = PAGES.iter().find(|p| p.0 == e.provider).unwrap();
        let known = if e.set == CURATED { curated(curated_in.unwrap()) } else { scraped(scraped_as.unwrap()) };
        let record = known[e.id].date.clone();
        let read = page(e.provider, name);
        let found = read.get(e.id).or_else(|| read.get(&e.id.to_lowercase().replace(' ', "-")));
        let said = found.and_then(|f| f.deadline.as_ref()).map(|d| d.date.to_string());
        assert_ne!(said, record, "{} {} agrees with its page now", e.provider, e.id);
    }
}

const HEAD: &str = "# Accuracy of the readers

Captured pages, read by the settings of `providers/`, beside data sets of the same days. Measured by `tests/accuracy.rs`, which
also checks that no date is read that does not stand on its page. Subjects: things the page was read to speak of; dated: those
for which it was read to give a date; precision: the share of these whose date is right, because the record has the same, or, where there
is no record, because the page says it of that thing in one row or section (looked up without the reader). Records: what
the data set has with a date for this provider; absent: not on the captured page; excepted: the record differs from its own page
(listed below). Recall is of the rest; dates, firmness and replacements are compared where both have one. The scraped set knows no
floors, so its firmness says nothing. A record without a date, for which the page was read to give one, fails the test as well.

Replacements are equal wherever the record repeats its page. Where it does not, it is listed below with both words and counted as
otherwise: the provider rewrote its page after the record was made (OpenAI, Gemini), the curators' own advice (Bedrock's page names
none; xAI's names another), and a newer page behind the link (Mistral). Each was looked up on the page by hand; a new difference fails the test.

**Pages that change.** `tests/mutated.rs` changes each of these pages and each page of our fixtures in some hundred ways (headers renamed, empty or
missing; columns moved with their headers and without, added, lost; tables emptied, split, halved, turned round; headings, paragraphs and
labels taken away; dates in forty styles, sure and unsure; error pages, logins, catalogues and news in their place; bodies cut short) and reads
them again: each row is then what the unchanged page gives, or has no date and asks a person to look, or nothing is read. What each
change means stands in `tests/mutated/mutations.rs`. Two columns of dates exchanged below their headers are not among them: such a page
would itself be wrong.

| Provider | Page | Data set | Subjects | Dated | Precision | Records | Absent | Excepted | Recall | Same date | Same firmness | Same replacement | Otherwise |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
";

const EXCEPTIONS_HEAD: &str = "
## Records that differ from their page

| Provider | Data set | Record | Why |
|---|---|---|---|
";

const OTHERWISE_HEAD: &str = "
## Records that recommend something else than their page

| Data set | Record | The record | The page's row |
|---|---|---|---|
";
