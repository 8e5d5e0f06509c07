//! Golden dialects: what the readers make of `fixtures/_dialects/` stands beside each body in `.expected.txt`, a line for
//! each observation. All providers of a dialect share these; each provider's own settings are held against them here.

#![allow(clippy::unwrap_used)] // a test may fail

use forewarn::model::{Fact, Observation, ProviderId, ReadOutcome, SourceId};
use forewarn::provider::catalog::Catalog;
use forewarn::provider::file::{self, ChangelogForm, Dialect, Source};
use forewarn::provider::read::{ReadContext, Reading, polled, status};
use std::{collections::BTreeMap, fs, path::PathBuf};

fn folder(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/_dialects").join(kind)
}

/// `(dialect, file name, body)` of every fixture of a kind.
fn fixtures(kind: &str) -> Vec<(String, String, Vec<u8>)> {
    let mut out: Vec<_> = fs::read_dir(folder(kind))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e != "txt"))
        .map(|p| {
            let name = p.file_name().unwrap().to_str().unwrap().to_owned();
            (name.split('.').next().unwrap().to_owned(), name, fs::read(p).unwrap())
        })
        .collect();
    out.sort();
    out
}

fn source(kind: &str, dialect: &str) -> Source {
    let (key, guards) = if kind == "status" { ("dialect", "") } else { ("form", "guards = { min_rows = 1 }\n") };
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://example.com\"\n[sources.x]\nkind = \"{kind}\"\nevidence = \"V\"\n{key} = \"{dialect}\"\nurl = \"https://status.example.com/api\"\n{guards}"
    );
    file::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}")).sources.remove("x").unwrap()
}

fn context(provider: &str, name: &str) -> ReadContext {
    let provider = ProviderId::new(provider).unwrap();
    ReadContext {
        provider_name: provider.to_string(),
        source: SourceId::of(&provider, name).unwrap(),
        provider,
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    }
}

fn line(o: &Observation) -> String {
    let change = match &o.fact {
        Fact::Episode { change } | Fact::Planned { change, .. } => change.as_str(),
        _ => "noted",
    };
    let subjects: Vec<String> = o
        .subjects
        .iter()
        .map(|s| {
            format!("{}/{}{}", s.kind.as_str(), s.id, s.region.as_ref().map(|r| format!("~{r}")).unwrap_or_default())
        })
        .collect();
    let or_dash = |s: &Option<String>| s.clone().unwrap_or_else(|| "-".into());
    let fields = [
        format!("{} {change} {} {}", o.kind, o.severity, o.occurred_at),
        o.matter.as_ref().map_or("-".into(), |m| m.to_string()),
        or_dash(&o.native_type),
        or_dash(&o.native_id),
        o.title.clone(),
        o.summary.clone(),
        subjects.join(" "),
        or_dash(&o.url),
    ];
    fields.join(" | ")
}

fn printed(reading: &Reading) -> String {
    match &reading.outcome {
        ReadOutcome::Ok(seen) => {
            format!("{} rows\n", reading.rows) + &seen.iter().map(|o| line(o) + "\n").collect::<String>()
        }
        other => format!("{other:?}\n"),
    }
}

fn expect_golden(kind: &str) {
    let mut wrong = Vec::new();
    for (dialect, name, body) in fixtures(kind) {
        let found = printed(&polled(&source(kind, &dialect), &context("acme", kind), &body).unwrap());
        let stem = name.rsplit_once('.').unwrap().0;
        let expected = fs::read_to_string(folder(kind).join(format!("{stem}.expected.txt"))).unwrap_or_default();
        if std::env::var_os("FOREWARN_WRITE_GOLDEN").is_some() {
            fs::write(folder(kind).join(format!("{stem}.expected.txt")), &found).unwrap();
        }
        if found != expected {
            wrong.push(format!("== {name} reads differently now:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_status_dialect_reads_as_written_beside_it() {
    expect_golden("status");
}

#[test]
fn every_changelog_form_reads_as_written_beside_it() {
    expect_golden("changelog");
}

#[test]
fn every_dialect_and_form_has_a_fixture() {
    let has = |kind: &str, word: &str| fixtures(kind).iter().any(|(d, ..)| d == word);
    let missing: Vec<&str> = Dialect::ALL.iter().map(|d| d.as_str()).filter(|d| !has("status", d)).collect();
    assert!(missing.is_empty(), "no status fixture: {missing:?}");
    let missing: Vec<&str> = ChangelogForm::ALL.iter().map(|f| f.as_str()).filter(|f| !has("changelog", f)).collect();
    assert!(missing.is_empty(), "no changelog fixture: {missing:?}");
}

#[test]
fn every_dialect_is_recognised_by_its_shape() {
    for (dialect, name, body) in fixtures("status") {
        // Only the host tells AWS's feed from another.
        let url = if dialect == "aws_rss" {
            "https://status.aws.amazon.com/rss/x.rss"
        } else {
            "https://status.example.com/x"
        };
        let found = status::recognise(url, Some("application/octet-stream"), &body);
        let expected = Dialect::parse(&dialect);
        let no_state = name == "plain_feed.feed.xml" && found == Some(Dialect::HistoryFeed);
        assert!(found == expected || no_state, "{name}: {found:?}");
        assert_eq!(status::recognise(url, Some("text/html; charset=utf-8"), &body), None, "{name}");
    }
    for body in ["", "{}", "[]", "null", "<html></html>", "{\"components\":[]}", "{\"status\":\"ok\"}", "hello"] {
        assert_eq!(status::recognise("https://status.example.com", None, body.as_bytes()), None, "{body}");
    }
}

/// What a body of its dialect must not be for a source: unreadable. Its guards may say that it is another's page.
#[test]
fn every_source_of_a_provider_reads_the_fixtures_of_its_dialect() {
    let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for p in catalog.iter() {
        for (name, source) in &p.file.sources {
            let (kind, word) = match source {
                Source::Status(s) => ("status", s.dialect.as_str()),
                Source::Changelog(c) => ("changelog", c.form.as_str()),
                Source::Webhook(_) | Source::Table(_) | Source::Models(_) => continue,
            };
            seen += 1;
            for (_, fixture, body) in fixtures(kind).into_iter().filter(|(d, ..)| d == word) {
                let reading = polled(source, &context(p.file.id.as_str(), name), &body).unwrap();
                match reading.outcome {
                    ReadOutcome::Ok(all) => {
                        let own = format!("{}:", p.file.id);
                        let foreign =
                            all.iter().filter_map(|o| o.matter.as_ref()).find(|m| !m.as_str().starts_with(&own));
                        assert!(foreign.is_none(), "{}/{name} speaks of {foreign:?}", p.file.id);
                    }
                    ReadOutcome::GuardFailed(_) => {}
                    ReadOutcome::Unreadable(why) => wrong.push(format!("{}/{name}, {fixture}: {why}", p.file.id)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 80, "{seen} sources");
}

/// Where the address of a dialect has one end, a file of that dialect has it too: a wrong row is seen at once.
#[test]
fn every_address_fits_its_dialect_and_only_what_is_shared_is_read_twice() {
    let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let mut urls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut providers = 0;
    for p in catalog.iter() {
        let mut has_status = false;
        for (name, source) in &p.file.sources {
            let at = format!("{}/{name}", p.file.id);
            let url = match source {
                Source::Status(s) => {
                    let end = match s.dialect {
                        Dialect::Statuspage | Dialect::IncidentIo => "/api/v2/summary.json",
                        Dialect::BetterStack => "/index.json",
                        Dialect::OnlineOrNot => "/summary",
                        Dialect::GoogleCloud => "/incidents.json",
                        Dialect::AwsEvents => "/public/currentevents",
                        Dialect::Slack => "/current",
                        Dialect::Heroku => "/current-status",
                        _ => "",
                    };
                    assert!(s.url.ends_with(end), "{at}: {} does not end in {end}", s.url);
                    has_status = true;
                    &s.url
                }
                Source::Changelog(c) => &c.url,
                Source::Webhook(_) | Source::Table(_) | Source::Models(_) => continue,
            };
            urls.entry(url.clone()).or_default().push(at);
        }
        providers += usize::from(has_status);
    }
    assert!(providers >= 55, "{providers} providers have a status source");
    let shared =
        ["status.cloud.google.com", "health.aws.amazon.com", "aws.amazon.com/about-aws", "gcp-release-notes.xml"];
    let twice: Vec<_> = urls.iter().filter(|(u, by)| by.len() > 1 && !shared.iter().any(|s| u.contains(s))).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn the_command_says_what_is_covered_by_what_and_how_sure_we_are() {
    let place = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_forewarn"));
        let out = c.env_clear().current_dir(place.path()).args(args).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let list = run(&["providers"]);
    let line = |id: &str| {
        list.lines().find(|l| l.split_whitespace().next() == Some(id)).unwrap_or_else(|| panic!("{id}: {list}"))
    };
    assert!(line("openai").contains("status V") && line("groq").contains("status R"), "{list}");
    assert!(line("fal").contains("status U"), "{list}");
    let covered = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let status = covered.iter().filter(|p| p.file.sources.values().any(|s| matches!(s, Source::Status(_)))).count();
    assert!(list.contains(&format!("{status} status")) && list.contains("U unverified and off"), "{list}");
    let shown = run(&["providers", "show", "groq"]);
    assert!(shown.contains("https://groqstatus.com/api/v2/summary.json every 2m, incident_io"), "{shown}");
    assert!(shown.contains("(unverified: off)"), "{shown}");
    let read =
        run(&["read", "openrouter", "status", folder("status").join("history_feed.incident_io.rss").to_str().unwrap()]);
    assert!(read.contains("\"openrouter:incident/01JDEMOINCIDENT00000000AAA\""), "{read}");
}
