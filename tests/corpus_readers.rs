//! Other people's status pages, feeds and changelogs, as they were captured: every one is read without loss. The numbers
//! are facts about those files, taken from them by hand and by other means than these readers.

#![allow(clippy::unwrap_used, clippy::print_stderr)] // a test may fail, and says what it skips

use forewarn::model::{Change, Fact, Kind, Observation, ProviderId, ReadOutcome, Severity, SourceId};
use forewarn::provider::file::{self, Dialect};
use forewarn::provider::read::{ReadContext, Reading, polled, status};
use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::PathBuf};

fn corpus(path: &str) -> Option<Vec<u8>> {
    let at = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus").join(path);
    let body = fs::read(at).ok();
    if body.is_none() {
        eprintln!("SKIPPED: no corpus beside the project ({path})");
    }
    body
}

fn reading(settings: &str, body: &[u8]) -> Reading {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.x]\nevidence = \"V\"\nurl = \"https://status.acme.example/x\"\n{settings}"
    );
    let file = file::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let cx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/x").unwrap(),
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    };
    polled(&file.sources["x"], &cx, body).unwrap()
}

#[track_caller]
fn ok(settings: &str, body: &[u8]) -> (usize, Vec<Observation>) {
    let r = reading(settings, body);
    match r.outcome {
        ReadOutcome::Ok(seen) => (r.rows, seen),
        other => panic!("{other:?}"),
    }
}

fn status(dialect: &str) -> String {
    format!("kind = \"status\"\ndialect = \"{dialect}\"\n")
}

fn changelog(form: &str) -> String {
    format!("kind = \"changelog\"\nform = \"{form}\"\nguards = {{ min_rows = 1 }}\n")
}

fn change(o: &Observation) -> Change {
    let (Fact::Episode { change } | Fact::Planned { change, .. }) = o.fact else { panic!("{o:?}") };
    change
}

fn id(o: &Observation) -> &str {
    o.matter.as_ref().unwrap().as_str().split_once('/').unwrap().1
}

fn count<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    all.fold(BTreeMap::new(), |mut m, x| {
        *m.entry(x).or_default() += 1;
        m
    })
}

fn recognised(body: &[u8]) -> Option<Dialect> {
    status::recognise("https://status.acme.example/x", None, body)
}

#[test]
fn github_incidents() {
    let Some(body) = corpus("statuspage-json/github.incidents.2026-07-30.json") else { return };
    assert_eq!(recognised(&body), Some(Dialect::Statuspage));
    let (_, seen) = ok(&status("statuspage"), &body);
    let found: Vec<_> = seen.iter().map(|o| (id(o), change(o), o.severity, o.occurred_at.to_string())).collect();
    let end = Change::Resolved;
    assert_eq!(
        found,
        [
            ("9tpgqq1h4bs7", end, Severity::Minor, "2026-07-30T10:12:15.489Z".to_owned()),
            ("dsrfymph7my0", end, Severity::Minor, "2026-07-29T21:51:26.803Z".to_owned()),
            ("75g5xmzptjqb", end, Severity::Major, "2026-07-29T16:00:54.006Z".to_owned()),
            ("fmmsrcg5x638", end, Severity::Minor, "2026-07-27T04:09:10.59Z".to_owned()),
            ("pz7g535gbs6p", end, Severity::Critical, "2026-07-25T13:13:21.503Z".to_owned()),
        ]
    );
    // Two were edited after they were over: the edit is in the id, the time is still that of the end.
    let edited: Vec<&str> = seen.iter().filter(|o| o.native_id.as_ref().unwrap().contains('@')).map(id).collect();
    assert_eq!(edited, ["75g5xmzptjqb", "pz7g535gbs6p"]);
    let parts: Vec<&str> = seen.iter().map(|o| o.subjects[0].id.as_str()).collect();
    assert_eq!(parts, ["cnnb39dkkk82", "cnnb39dkkk82", "br0l2tvcx85d", "brv1bkgrwx7q", "br0l2tvcx85d"]);
}

#[test]
fn claude_incidents_with_fields_left_out() {
    let Some(body) = corpus("statuspage-json/claude.incidents-trimmed.2026-06.json") else { return };
    assert_eq!(recognised(&body), Some(Dialect::Statuspage));
    let (_, seen) = ok(&(status("statuspage") + "guards = { page = \"Claude\" }\n"), &body);
    let found: Vec<_> = seen.iter().map(|o| (id(o), o.kind, change(o), o.severity)).collect();
    assert_eq!(
        found,
        [
            ("6ptd5skgmy3v", Kind::Incident, Change::Resolved, Severity::Minor),
            ("maint01", Kind::Maintenance, Change::Updated, Severity::Info),
            // "catastrophic" is no word of Statuspage's: it is seen, not dropped.
            ("weird01", Kind::Incident, Change::Resolved, Severity::Major),
        ]
    );
    let ids: Vec<&str> = seen[0].subjects.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["rwppv331jlwc", "k8w3r06qmzrp"], "components without an id get it from an update");
}

#[test]
fn openai_summary_of_a_quiet_day() {
    let Some(body) = corpus("statuspage-json/openai.incidentio-compat.summary.2026-09.json") else { return };
    assert_eq!(recognised(&body), Some(Dialect::IncidentIo));
    let (rows, seen) = ok(&(status("incident_io") + "guards = { page = \"OpenAI\", min_rows = 10 }\n"), &body);
    assert_eq!((rows, seen.len()), (25, 25));
    assert!(seen.iter().all(|o| change(o) == Change::Resolved && id(o).len() == 26));
    assert!(
        matches!(reading(&status("statuspage"), &body).outcome, ReadOutcome::Unreadable(_)),
        "no list of incidents"
    );
}

#[test]
fn google_cloud_incidents() {
    let Some(body) = corpus("statuspage-json/google-cloud.incidents.2026-07.json") else { return };
    assert_eq!(recognised(&body), Some(Dialect::GoogleCloud));
    let (rows, seen) = ok(&status("google_cloud"), &body);
    assert_eq!(rows, 2);
    let found: Vec<_> =
        seen.iter().map(|o| (id(o), change(o), o.severity, o.occurred_at.to_string(), o.subjects.len())).collect();
    assert_eq!(
        found,
        [
            ("3BvH3LVGcupoYqV6F4Nw", Change::Resolved, Severity::Major, "2026-07-25T13:16:55Z".to_owned(), 3),
            ("T8gmtofFSTGT5tbhyciF", Change::Resolved, Severity::Major, "2026-07-24T07:10:18Z".to_owned(), 2),
        ]
    );
    let first = &seen[0].subjects[0];
    assert_eq!((first.id.as_str(), first.region.as_deref()), ("5gQF7Qk9XfQ32pStX6Hb", Some("europe-west4")));
    let regions: Vec<_> = seen[1].subjects.iter().map(|s| s.region.as_deref().unwrap()).collect();
    assert_eq!(regions, ["australia-southeast2", "europe-west3"]);
    assert!(!seen[0].summary.contains("\\#"), "{}", seen[0].summary);
}

#[test]
fn google_cloud_incidents_of_a_year() {
    let Some(body) = corpus("statuspage-json/google-cloud.incidents.2022-07.json") else { return };
    let (rows, seen) = ok(&status("google_cloud"), &body);
    assert_eq!((rows, seen.len()), (157, 157));
    assert!(seen.iter().all(|o| change(o) == Change::Resolved));
    let severities = count(seen.iter().map(|o| o.severity));
    assert_eq!(severities, BTreeMap::from([(Severity::Info, 19), (Severity::Major, 118), (Severity::Critical, 20)]));
    assert_eq!(seen[0].occurred_at.to_string(), "2022-07-01T19:25:45Z");
    assert_eq!(count(seen.iter().map(id)).len(), 157);
    // Only the products of one id, whatever they are called.
    let only = seen[0].subjects[0].id.clone();
    let (rows, some) = ok(&(status("google_cloud") + &format!("only = [\"{only}\"]\n")), &body);
    assert!(rows == 157 && !some.is_empty() && some.len() < 157);
    assert!(some.iter().all(|o| o.subjects.iter().all(|s| s.id == only || s.is_whole())));
}

#[test]
fn aws_old_dashboard() {
    let Some(body) = corpus("statuspage-json/aws-legacy-dashboard.data.2022-07.json") else { return };
    assert_eq!(recognised(&body), Some(Dialect::AwsEvents));
    let (rows, seen) = ok(&status("aws_events"), &body);
    assert_eq!((rows, seen.len()), (86, 86));
    assert!(seen.iter().all(|o| change(o) == Change::Resolved && !o.title.contains("[RESOLVED]")));
    let severities = count(seen.iter().map(|o| o.severity));
    assert_eq!(severities, BTreeMap::from([(Severity::Minor, 72), (Severity::Major, 11), (Severity::Critical, 3)]));
    assert_eq!(seen[0].occurred_at.to_string(), "2021-06-24T19:53:13Z");
    let region = |o: &Observation| o.subjects[0].region.clone();
    assert_eq!((seen[1].subjects[0].id.as_str(), region(&seen[1]).as_deref()), ("ec2", Some("us-east-2")));
    assert_eq!((seen[3].subjects[0].id.as_str(), region(&seen[3])), ("cloudfront", None));
    assert!(seen[0].summary.contains("12:53 PM PDT Between 12:15 PM"), "{}", seen[0].summary);
}

/// Another tool's data set is no page of a provider: it is refused, and its words are words we know.
#[test]
fn a_data_set_of_incidents_is_no_status_page() {
    let Some(body) = corpus("statuspage-json/cloud-incident-atlas.daily.2026-08-04.json") else { return };
    assert_eq!(recognised(&body), None);
    for dialect in Dialect::ALL {
        let outcome = reading(&status(dialect.as_str()), &body).outcome;
        assert!(!matches!(outcome, ReadOutcome::Ok(_)), "{dialect} made facts of it");
    }
    let set: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let rows: Vec<_> = ["changed", "new"].iter().flat_map(|k| set[k].as_array().unwrap()).collect();
    assert_eq!(rows.len(), 36);
    for row in rows {
        let (state, impact) = (row["status"].as_str().unwrap(), row["severity"].as_str().unwrap());
        let page = format!(
            r#"{{"page":{{"id":"p"}},"incidents":[{{"id":"i","name":"n","status":"{state}","impact":"{impact}"}}]}}"#
        );
        let (_, seen) = ok(&status("statuspage"), page.as_bytes());
        let over = !row["resolved_at"].is_null();
        assert_eq!(change(&seen[0]) == Change::Resolved, over, "{state}");
        assert_eq!(seen[0].severity.as_str(), if impact == "none" { "info" } else { impact });
    }
}

/// Id, kind, change and time of each entry of a history.
fn history(file: &str) -> Option<Vec<Observation>> {
    let body = corpus(&format!("status-feeds/{file}"))?;
    assert_eq!(recognised(&body), Some(Dialect::HistoryFeed));
    let (rows, seen) = ok(&status("history_feed"), &body);
    assert_eq!((rows, seen.len()), (25, 25));
    assert!(seen.iter().all(|o| id(o).len() == 12), "ids are those of the API");
    Some(seen)
}

#[test]
fn github_history_all_over() {
    let Some(seen) = history("github.statuspage-history.2026-08-22.atom") else { return };
    assert!(seen.iter().all(|o| o.kind == Kind::Incident && change(o) == Change::Resolved));
    let first = (id(&seen[0]), seen[0].occurred_at.to_string());
    let last = (id(&seen[24]), seen[24].occurred_at.to_string());
    assert_eq!(first, ("bhbcjn4n3jzp", "2026-08-21T00:37:20Z".to_owned()));
    assert_eq!(last, ("s65j9gslmfm8", "2026-07-25T09:25:30Z".to_owned()));
    assert_eq!(seen[0].title, "Intermittent failures creating agent tasks");
    assert_eq!(seen[0].url.as_deref(), Some("https://www.githubstatus.com/incidents/bhbcjn4n3jzp"));
}

#[test]
fn github_history_with_maintenance_to_come() {
    let Some(seen) = history("github.statuspage-history.2025-05-28.scheduled.atom") else { return };
    let planned: Vec<_> = seen
        .iter()
        .filter(|o| o.kind == Kind::Maintenance)
        .map(|o| (id(o), change(o), o.occurred_at.to_string()))
        .collect();
    assert_eq!(
        planned,
        [
            // Its window begins 2025-05-28T16:30Z; it was announced before.
            ("67vdd3b7d1zq", Change::Opened, "2025-05-22T15:26:24Z".to_owned()),
            ("bs901hhxgw33", Change::Resolved, "2025-05-15T16:30:21Z".to_owned()),
            ("hkp6z7kt2qm6", Change::Resolved, "2025-05-08T16:30:21Z".to_owned()),
        ]
    );
    assert!(seen[0].summary.contains("From Wed 28 May 2025 16:30 UTC"), "{}", seen[0].summary);
    assert!(seen.iter().filter(|o| o.kind == Kind::Incident).all(|o| change(o) == Change::Resolved));
}

/// Two of its entries end with "operating normally" under "Investigating" or "Update", in the minute of "Resolved".
#[test]
fn github_history_with_words_after_the_end() {
    let Some(seen) = history("github.statuspage-history.2024-05-30.investigating.atom") else { return };
    assert!(seen.iter().all(|o| o.kind == Kind::Incident));
    let open: Vec<&str> = seen.iter().filter(|o| change(o) != Change::Resolved).map(id).collect();
    assert_eq!(open, Vec::<&str>::new());
    let odd: Vec<&str> = seen.iter().map(id).filter(|i| ["k8nz2ljtvzv4", "9zq8p50p7tkh"].contains(i)).collect();
    assert_eq!(odd.len(), 2);
}

#[test]
fn azure_while_all_is_well() {
    let Some(body) = corpus("status-feeds/azure.status-feed-empty.2026-07-31.xml") else { return };
    assert_eq!(recognised(&body), Some(Dialect::AzureRss));
    assert_eq!(ok(&(status("azure_rss") + "guards = { page = \"Azure Status\" }\n"), &body), (0, Vec::new()));
}

#[test]
fn every_feed_of_news_keeps_all_its_entries() {
    for (file, entries, newest, oldest) in [
        ("anthropic_news", 255, "2026-08-14T00:00:00Z", "2021-05-28T00:00:00Z"),
        ("cohere", 50, "2026-03-16T20:28:39Z", "2025-05-28T11:52:04Z"),
        ("google_ai", 10, "2026-08-17T00:00:00Z", "2026-07-31T00:00:00Z"),
        ("groq", 24, "2026-04-09T00:00:00Z", "2025-04-05T00:00:00Z"),
        ("mistral", 54, "2026-05-22T00:00:00Z", "2024-07-24T00:00:00Z"),
        ("openai_developer", 23, "2026-08-21T00:00:00Z", "2025-09-11T00:00:00Z"),
        ("xainews", 39, "2026-05-21T00:00:00Z", "2023-11-03T00:00:00Z"),
    ] {
        let Some(body) = corpus(&format!("changelog-feeds/olshansk.{file}.2026-08-22.xml")) else { return };
        let (rows, seen) = ok(&changelog("feed"), &body);
        assert_eq!((rows, seen.len()), (entries, entries), "{file}");
        let ids: BTreeSet<_> = seen.iter().map(|o| o.native_id.clone().unwrap()).collect();
        assert_eq!(ids.len(), entries, "{file}: identities");
        let (first, last) = (&seen[0], &seen[entries - 1]);
        assert_eq!(
            (first.occurred_at.to_string().as_str(), last.occurred_at.to_string().as_str()),
            (newest, oldest),
            "{file}"
        );
        assert!(seen.iter().all(|o| !o.title.is_empty() && o.url.is_some() && !o.summary.contains('<')), "{file}");
    }
}

#[test]
fn fireworks_changelog() {
    let Some(body) = corpus("changelog-feeds/fireworks-changelog.2026-08.md") else { return };
    let (rows, seen) = ok(&changelog("updates"), &body);
    assert_eq!((rows, seen.len()), (29, 29));
    let at = |i: usize| (seen[i].title.as_str(), seen[i].occurred_at.to_string());
    assert_eq!(at(0), ("Serverless deprecation: DeepSeek V4 Flash", "2026-08-14T00:00:00Z".to_owned()));
    assert_eq!(
        at(28),
        ("🚀 Easier & faster LoRA fine-tune deployments on Fireworks", "2025-05-19T00:00:00Z".to_owned())
    );
    let of = |class: &str| -> Vec<&str> {
        let all = seen.iter().filter(|o| o.native_type.as_deref() == Some(class));
        all.map(|o| o.native_id.as_ref().unwrap().split('|').next().unwrap()).collect()
    };
    assert_eq!(of("deprecation_hint"), HINTS_OF_FIREWORKS);
    assert!(of("model_release").contains(&"2026-06-15") && of("other").contains(&"2026-07-16"));
}

/// Days whose entries hold one of the words of an end, by another program's search of the file.
const HINTS_OF_FIREWORKS: &[&str] =
    &["2026-08-14", "2026-06-26", "2026-06-17", "2026-06-10", "2026-05-14", "2025-11-24", "2025-11-12", "2025-06-30"];

#[test]
fn gemini_changelog() {
    let Some(body) = corpus("changelog-feeds/google-gemini-changelog.2025.html") else { return };
    let (rows, seen) = ok(&changelog("html"), &body);
    assert_eq!((rows, seen.len()), (75, 75));
    let days: Vec<String> = seen.iter().map(|o| o.occurred_at.strftime("%F").to_string()).collect();
    assert_eq!((days[0].as_str(), days[74].as_str()), ("2025-11-11", "2023-12-13"));
    assert!(days.is_sorted_by(|a, b| a > b), "each day once, the newest first");
    let hints: Vec<&str> = seen
        .iter()
        .zip(&days)
        .filter(|(o, _)| o.native_type.as_deref() == Some("deprecation_hint"))
        .map(|(_, d)| d.as_str())
        .collect();
    assert_eq!(hints, HINTS_OF_GEMINI);
    assert!(seen[0].summary.contains("veo-3.0-generate-preview"), "{}", seen[0].summary);
    assert!(seen[1].summary.contains("imagen-3.0-generate-002"), "{}", seen[1].summary);
}

const HINTS_OF_GEMINI: &[&str] = &[
    "2025-11-11",
    "2025-11-10",
    "2025-11-04",
    "2025-10-20",
    "2025-10-15",
    "2025-09-29",
    "2025-09-16",
    "2025-08-18",
    "2025-07-14",
    "2025-06-26",
    "2025-06-17",
    "2025-05-27",
    "2025-02-18",
    "2024-06-12",
];

#[test]
fn cohere_entries() {
    for (file, title, at, id) in [
        (
            "cohere-changelog.2025-09-16.mdx",
            "Announcing Major Command Deprecations",
            "2025-09-15T07:00:00Z",
            "changelog/2025-09-15-major-command-deprecations|deprecation_hint",
        ),
        (
            "cohere-changelog.2025-01-31.mdx",
            "Deprecation of Classify via default Embed Models",
            "2025-01-31T19:51:00Z",
            "changelog/classify-default-model-deprecation|deprecation_hint",
        ),
    ] {
        let Some(body) = corpus(&format!("changelog-feeds/{file}")) else { return };
        let (rows, seen) = ok(&changelog("mdx"), &body);
        assert_eq!((rows, seen.len()), (1, 1));
        assert_eq!((seen[0].title.as_str(), seen[0].occurred_at.to_string().as_str()), (title, at));
        assert_eq!(seen[0].native_id.as_deref(), Some(id));
    }
    let Some(body) = corpus("changelog-feeds/cohere-changelog.2025-09-16.mdx") else { return };
    let (_, seen) = ok(&changelog("mdx"), &body);
    assert!(
        seen[0].summary.contains("deprecating the following models, features, and API endpoints"),
        "{}",
        seen[0].summary
    );
}

#[test]
fn no_file_of_the_corpus_is_left_out_here() {
    let here = fs::read_to_string(file!()).unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    for name in ["statuspage-json", "status-feeds", "changelog-feeds"] {
        let Ok(entries) = fs::read_dir(folder.join(name)) else {
            eprintln!("SKIPPED: no corpus beside the project ({name})");
            return;
        };
        for file in entries.map(|e| e.unwrap().file_name().into_string().unwrap()) {
            let known = file.strip_prefix("olshansk.").and_then(|f| f.split('.').next()).unwrap_or(&file);
            assert!(here.contains(known), "{name}/{file} is read by no test");
        }
    }
}
