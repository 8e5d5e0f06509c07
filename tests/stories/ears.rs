//! What people hear of status pages and changelogs: calm, whole, and once. Every lesson of others that we know is here.

use crate::acme::*;
use crate::harness::*;
use forewarn::model::{Change, Kind, Severity, Stage};

#[tokio::test]
async fn an_incident_with_impact_none_is_still_an_incident() {
    // aiwatch#970
    let mut a = Acme::known().await;
    a.incidents.push(Incident::new("inc1", "none", a.w.now()));
    a.serve();
    a.polls(3).await;
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.w.expect_silence();
}

#[tokio::test]
async fn a_page_that_says_nothing_is_no_recovery() {
    // aiwatch#1089: an empty parse was read as "resolved".
    let mut a = Acme::broken().await;
    a.answer(STATUS, 200, "{\"page\":{\"name\":\"Acme\"},\"incidents\":[]}");
    a.answer(HISTORY, 200, "{\"page\":{\"name\":\"Acme\"},\"incidents\":[]}");
    a.polls(30).await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    assert!(!a.changes(Kind::Incident).await.contains(&Change::Resolved));
}

#[tokio::test]
async fn a_payload_that_changed_its_shape_is_told_and_not_called_unreachable() {
    // aiwatch#1123 (killed a source silently) and #1391 ("unreachable" for a parse failure).
    let mut a = Acme::known().await;
    a.answer(STATUS, 200, r#"{"summary":{"name":"Acme","ongoing_incidents":[]}}"#);
    a.poll().await;
    let told = a.w.expect("operators/webhook", &["acme/status", "unreadable"]);
    assert!(!told.text.contains("unreachable") && !told.text.contains("network"), "{told:?}");
}

#[tokio::test]
async fn a_page_that_moved_to_another_engine_says_which() {
    // aiwatch#1390, #1381, #1384, #1004.
    let mut a = Acme::known().await;
    let other = include_str!("../../fixtures/_dialects/status/better_stack.index.json");
    a.answer(STATUS, 200, other);
    a.poll().await;
    a.w.expect("operators/webhook", &["acme/status", "better_stack"]);
}

#[tokio::test]
async fn maintenance_is_never_an_incident() {
    // aiwatch#504
    let mut a = Acme::known().await;
    let mut work = Incident::work("work1", a.w.now());
    a.components[0].1 = "under_maintenance";
    work.say("in_progress", "We move them now.", a.w.now() + minutes(1));
    a.incidents.push(work);
    a.serve();
    a.polls(5).await;
    assert_eq!(a.changes(Kind::Incident).await, []);
    assert!(!a.changes(Kind::Maintenance).await.is_empty());
    assert!(a.w.arrived().len() <= 1);
    a.incidents[0].say("completed", "Done.", a.w.now());
    a.components[0].1 = "operational";
    a.serve();
    a.polls(10).await;
    assert_eq!(a.changes(Kind::Incident).await, []);
    assert_eq!(a.stage("acme:maintenance/work1").await, Stage::Resolved);
}

#[tokio::test]
async fn what_is_told_and_what_is_shown_agree() {
    // aiwatch#209: the API and the alert path disagreed.
    let a = Acme::broken().await;
    let (alert, matter) = a.w.alerts().await.pop().unwrap();
    let event = a.w.events().await.pop().unwrap().0.event;
    assert_eq!((matter.title.clone(), matter.severity), (event.title, event.severity));
    assert_eq!((matter.stage, alert.state.as_str()), (Stage::Open, "open"));
}

#[tokio::test]
async fn a_service_that_names_a_component_hears_of_that_one_only() {
    // aiwatch#604 and #1149: the part counts, not the page as a whole.
    let mut a = Acme::using("uses = [\"acme:component/web\"]").await;
    a.poll().await;
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    a.serve();
    a.polls(3).await;
    a.w.expect_silence();
    let mut web = Incident::new("inc2", "major", a.w.now());
    web.components = vec!["web"];
    a.incidents.push(web);
    a.serve();
    a.polls(3).await;
    a.w.expect("search/slack", &["Errors inc2", "WEB"]);
    // The id that the config has, with what people call it.
    let (alert, matter) = a.w.alerts().await.pop().unwrap();
    assert!(alert.why.ends_with("uses acme:component/web (WEB)"), "{}", alert.why);
    assert_eq!(matter.subjects[0].name.as_deref(), Some("WEB"));
    let mut vague = Incident::new("inc3", "major", a.w.now());
    vague.components = vec![];
    a.incidents.push(vague);
    a.serve();
    a.polls(3).await;
    a.w.expect("search/slack", &["Errors inc3"]);
}

#[tokio::test]
async fn a_minor_incident_is_listed_and_not_sent_until_it_grows() {
    let mut a = Acme::known().await;
    a.incidents.push(Incident::new("inc1", "minor", a.w.now()));
    a.serve();
    a.polls(5).await;
    a.w.expect_silence();
    let events = a.w.events().await;
    assert!(events.iter().any(|(e, r)| e.event.severity == Severity::Minor && r.contains("minor")), "{events:#?}");
    a.incidents[0].impact = "critical";
    let now = a.w.now();
    a.incidents[0].say("identified", "It is worse.", now);
    a.serve();
    a.polls(5).await;
    a.w.expect("search/slack", &["Errors inc1"]);
}

#[tokio::test]
async fn only_critical_services_are_told_again_and_in_the_same_thread() {
    let mut calm = Acme::broken().await;
    calm.w.live(days(2), minutes(10)).await;
    calm.w.expect_silence();
    let mut a = Acme::using("uses = [\"acme\"]\ntier = \"critical\"").await;
    a.poll().await;
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    a.serve();
    a.poll().await;
    a.w.expect("search/slack", &["Errors inc1"]);
    a.w.live(minutes(80), minutes(2)).await;
    let told = a.w.arrived();
    assert_eq!(told.len(), 2, "after 15 minutes and after an hour: {told:#?}");
    assert!(told.iter().all(|t| t.contact == "search/slack" && t.thread.is_some()), "{told:#?}");
}

fn hint(id: &str, status: &str) -> String {
    serde_json::json!({"meta": {"unsubscribe": "https://x.example", "documentation": "https://x.example"},
        "page": {"id": "acme1", "status_indicator": "major", "status_description": "x"},
        "incident": {"id": id, "name": format!("Errors {id}"), "status": status, "impact": "critical", "created_at": "2026-11-23T15:00:00Z",
        "updated_at": "2026-11-23T15:00:00Z", "shortlink": "https://stspg.example/x", "incident_updates": []}})
    .to_string()
}

#[tokio::test]
async fn a_hint_makes_us_look_and_what_was_fetched_is_what_is_told() {
    let mut a = Acme::known().await;
    a.w.pass(minutes(0) + jiff::SignedDuration::from_secs(15));
    a.w.hits();
    // The hint lies: the page knows of nothing.
    let path = format!("statuspage/acme/{TOKEN}");
    assert_eq!(a.w.deliver_with(&path, &[], &hint("fake", "investigating")).await, 200);
    a.w.tick().await;
    a.w.tick().await;
    assert_eq!(a.w.hits().iter().filter(|(p, _)| p.ends_with(STATUS)).count(), 1);
    a.w.expect_silence();
    // It is true: a look now, one matter, one message; hints that follow within 10 s bring no second look.
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    a.serve();
    a.w.pass(jiff::SignedDuration::from_secs(11));
    for _ in 0..5 {
        assert_eq!(a.w.deliver_with(&path, &[], &hint("inc1", "investigating")).await, 200);
        a.w.tick().await;
        a.w.pass(jiff::SignedDuration::from_secs(1));
    }
    a.w.tick().await;
    let looks = a.w.hits().iter().filter(|(p, _)| p.ends_with(STATUS)).count();
    assert_eq!(looks, 1);
    a.w.expect("search/slack", &["Errors inc1"]);
    // Said to be over by the hint alone: nothing.
    assert_eq!(a.w.deliver_with(&path, &[], &hint("inc1", "resolved")).await, 200);
    a.polls(10).await;
    a.w.expect_silence();
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    let told: Vec<_> = a.w.alerts().await;
    assert_eq!(told.len(), 1, "one matter");
}

#[tokio::test]
async fn lists_of_incidents_and_maintenance_name_the_status_pages_that_cannot_be_read() {
    let mut a = Acme::known().await;
    a.answer(STATUS, 200, "<!doctype html><title>Sign in</title>");
    a.poll().await;
    a.w.arrived();
    let config = a.w.dir.path().join("forewarn.toml");
    std::fs::write(&config, &a.w.config).unwrap();
    let said = |args: &[&str]| {
        let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_forewarn"));
        c.args(args).arg("--config").arg(&config).arg("--data").arg(a.w.dir.path());
        let out = c.envs(["WHSEC", "PLAIN", "TOKEN", "SLACK"].map(|n| (n, env(n).unwrap()))).output().unwrap();
        [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat()
    };
    for list in ["incidents", "maintenance"] {
        let text = said(&[list]);
        assert!(text.contains("Not read now, so unknown: acme/status (unreadable)"), "{text}");
        assert!(text.contains(&format!("No {} that we heard of", list.trim_end_matches('s'))), "{text}");
        let other = said(&[list, "--provider", "openai"]);
        assert!(!other.contains("acme/status"), "only what was asked for: {other}");
    }
    assert!(!said(&["billing"]).contains("Not read now"), "no page tells of bills");
    assert!(said(&["incidents", "--json"]).trim().starts_with('{'), "JSON stays JSON");
}
