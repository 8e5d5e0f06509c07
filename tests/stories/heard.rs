//! One incident heard in several places: one matter where an id joins them, else apart and marked; a process killed between
//! two reads; pages that move.

use crate::acme::*;
use crate::harness::*;
use forewarn::engine::listing;
use forewarn::model::{Change, Kind, Stage};
use forewarn::store::{EventFilter, SourceHealth};
use jiff::Timestamp;

const ATOM: &str = "history.atom";
const NEWS: &str = "news.xml";

/// Acme with more sources and connections than its page and changelog.
async fn with(sources: &str, connections: &str) -> Acme {
    let mut a = Acme::new().await;
    let folder = a.w.dir.path().join("providers");
    let file = std::fs::read_to_string(folder.join("acme.toml")).unwrap();
    let outside = file.split("url = \"").nth(2).unwrap().split("/pages/").next().unwrap().to_owned();
    std::fs::write(folder.join("acme.toml"), format!("{file}{}", sources.replace("OUTSIDE", &outside))).unwrap();
    let config = format!("{}{connections}", a.w.config);
    a.w.restart_with(&config);
    a
}

/// The history feed of the page, in the form of Statuspage.
fn atom(a: &mut Acme, entries: &[(&str, &str, &str, Timestamp)]) {
    let entry = |(id, title, body, at): &(&str, &str, &str, Timestamp)| {
        format!(
            "<entry><id>tag:acme.example,2005:Incident/{id}</id><published>{at}</published><updated>{at}</updated>\
             <link rel=\"alternate\" href=\"https://acme.example/incidents/{id}\"/><title>{title}</title>\
             <content type=\"html\">{body}</content></entry>"
        )
    };
    let entries: String = entries.iter().map(entry).collect();
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Acme - Incident History</title><id>x</id>{entries}</feed>"
    );
    a.answer(ATOM, 200, &feed);
}

fn said(label: &str, words: &str) -> String {
    format!(
        "&lt;p&gt;&lt;small&gt;Nov 23, 15:00 UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;{label}&lt;/strong&gt; - {words}&lt;/p&gt;"
    )
}

fn webhook(id: &str, status: &str) -> String {
    serde_json::json!({"page": {"id": "acme1"}, "incident": {"id": id, "name": format!("Errors {id}"), "status": status, "impact": "MAJOROUTAGE",
        "updated_at": "2026-11-23T15:00:00Z", "url": "https://acme.example/incident/x", "incident_updates": []}})
    .to_string()
}

#[tokio::test]
async fn webhooks_page_and_history_feed_of_one_incident_are_one_matter_and_one_conversation() {
    let mut a = with(
        &format!("[sources.\"status.history\"]\nkind = \"status\"\nevidence = \"V\"\ndialect = \"history_feed\"\nurl = \"OUTSIDE/pages/{ATOM}\"\nevery = \"60s\"\n"),
        "[connections.\"instatus/acme\"]\nwebhook_secret = \"env:PLAIN\"\n",
    )
    .await;
    let begin = a.w.now();
    atom(&mut a, &[("old", "Old trouble", &said("Resolved", "Over."), begin - days(1))]);
    a.polls(3).await;
    a.w.expect_silence();
    let t = a.w.now();
    a.incidents.push(Incident::new("inc1", "major", t));
    a.serve();
    atom(&mut a, &[("inc1", "Errors inc1", &said("Investigating", "We see errors."), t)]);
    // The signed sender, the page's own hint, the page and its history, all about inc1.
    let body = webhook("inc1", "INVESTIGATING");
    let proof = a.w.proof("instatus/acme", PLAIN, "x", &body);
    assert_eq!(a.w.deliver_with("instatus/acme", &proof, &body).await, 200);
    assert_eq!(a.w.deliver_with(&format!("statuspage/acme/{TOKEN}"), &[], &body).await, 200);
    a.polls(4).await;
    let first = a.w.expect("search/slack", &["Errors inc1"]);
    a.w.expect_silence();
    let all = a.w.events().await;
    let opened = all.iter().filter(|(e, _)| e.event.change == Some(Change::Opened)).count();
    assert_eq!((opened, a.w.alerts().await.len()), (1, 1), "{all:#?}");
    assert!(all.iter().any(|(_, r)| r == "on_page"), "the signed message is stored, and told from the page");
    // The end, told by the webhooks first: only the page's own word, read twice, counts.
    let body = webhook("inc1", "RESOLVED");
    let proof = a.w.proof("instatus/acme", PLAIN, "y", &body);
    assert_eq!(a.w.deliver_with("instatus/acme", &proof, &body).await, 200);
    a.polls(3).await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    let t = a.w.now();
    a.incidents[0].say("resolved", "Over.", t);
    a.serve();
    atom(&mut a, &[("inc1", "Errors inc1", &said("Resolved", "Over."), t)]);
    a.polls(6).await;
    let over = a.w.expect("search/slack", &["Errors inc1", "over"]);
    assert_eq!(over.thread.as_deref(), Some(first.id.as_str()), "one conversation");
    a.w.expect_silence();
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Resolved);
}

#[tokio::test]
async fn what_no_id_joins_stays_apart_and_is_marked_in_lists_events_and_messages() {
    let source = format!(
        "[sources.\"status.news\"]\nkind = \"status\"\nevidence = \"V\"\ndialect = \"plain_feed\"\nurl = \"OUTSIDE/pages/{NEWS}\"\nevery = \"60s\"\n"
    );
    let mut a = with(&source, "").await;
    let news =
        |entries: &str| format!("<rss version=\"2.0\"><channel><title>Acme news</title>{entries}</channel></rss>");
    a.answer(NEWS, 200, &news(""));
    a.polls(2).await;
    let t = a.w.now();
    let mut one = Incident::new("inc1", "major", t);
    one.name = "Login requests fail for some teams".into();
    a.incidents.push(one);
    a.serve();
    a.polls(2).await;
    a.w.expect("search/slack", &["Login requests fail"]);
    let entry =
        item("<guid>n7</guid><link>https://news.example/n7</link>", "Investigating - Login requests fail", a.w.now());
    a.answer(NEWS, 200, &news(&entry));
    a.polls(3).await;
    let incidents = listing::episodes(&a.w.cx, Kind::Incident).await.unwrap();
    assert_eq!(incidents.len(), 2, "they stay two: {incidents:#?}");
    assert!(incidents.iter().all(|i| i.possibly_same.len() == 1), "{incidents:#?}");
    let events =
        a.w.cx
            .store
            .events(EventFilter { kind: Some(Kind::Incident), limit: 10, ..EventFilter::default() })
            .await
            .unwrap();
    let events = listing::events(&a.w.cx, &events).await.unwrap();
    assert!(events.iter().any(|e| e["matter"] == "acme:incident/inc1" && e["possibly_same"].is_array()), "{events:#?}");
    for told in a.w.arrived() {
        assert!(told.text.contains("Possibly the same as acme:incident/inc1"), "{told:#?}");
    }
    // Told in the other's thread too when it changes.
    let now = a.w.now();
    a.incidents[0].impact = "critical";
    a.incidents[0].say("identified", "It is worse.", now);
    a.serve();
    a.w.live(minutes(30), minutes(2)).await;
    let told = a.w.arrived();
    assert!(told.iter().any(|t| t.text.contains("Possibly the same as")), "{told:#?}");
}

#[tokio::test]
async fn a_process_killed_between_two_reads_neither_believes_one_nor_forgets_it() {
    let mut a = Acme::broken().await;
    let now = a.w.now();
    a.incidents[0].say("resolved", "Over.", now);
    a.serve();
    a.poll().await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open, "read once");
    a.w.restart();
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.w.expect_silence();
    a.polls(2).await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Resolved);
    a.w.expect("search/slack", &["Errors inc1", "over"]);
    a.w.restart();
    a.polls(5).await;
    a.w.expect_silence();
}

#[tokio::test]
async fn a_page_that_became_another_company_s_is_not_read() {
    // aiwatch#1004: the address stays, and another speaks there.
    let mut a = Acme::broken().await;
    let other = a.summary().replace("\"Acme\"", "\"Somebody else\"");
    a.incidents.clear();
    a.answer(STATUS, 200, &other);
    a.answer(HISTORY, 200, &a.history().replace("\"Acme\"", "\"Somebody else\""));
    a.polls(30).await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.w.expect("operators/webhook", &["acme/status", "Somebody else"]);
}

#[tokio::test]
async fn a_page_that_redirects_to_another_page_is_read_there_while_it_is_the_same() {
    // aiwatch#1384
    let mut a = Acme::broken().await;
    let there = a.summary();
    a.answer("moved.json", 200, &there);
    let headers = vec![("location", "/pages/moved.json".to_owned())];
    a.w.script(STATUS, Script { status: 302, headers, ..Script::default() });
    a.polls(10).await;
    let health = a.w.status().await.sources.iter().find(|s| s.id.as_str() == "acme/status").unwrap().health;
    assert_eq!((health, a.stage("acme:incident/inc1").await), (SourceHealth::Fresh, Stage::Open));
    a.answer("moved.json", 404, "gone");
    a.polls(30).await;
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.w.expect("operators/webhook", &["acme/status"]);
}

#[tokio::test]
async fn a_hundred_hints_are_one_look_every_ten_seconds() {
    let mut a = Acme::known().await;
    a.w.pass(minutes(1));
    a.w.hits();
    let path = format!("statuspage/acme/{TOKEN}");
    for n in 0..100 {
        assert_eq!(a.w.deliver_with(&path, &[], &webhook(&format!("h{n}"), "investigating")).await, 200);
        if n % 10 == 9 {
            a.w.advance(jiff::SignedDuration::from_secs(1)).await;
        }
    }
    let looks = a.w.hits().iter().filter(|(p, _)| p.ends_with(STATUS)).count();
    assert!((1..=2).contains(&looks), "{looks} looks in ten seconds");
    a.w.expect_silence();
}

#[tokio::test]
async fn p19_a_page_that_lost_most_of_its_components_is_not_believed_and_nothing_recovers() {
    let mut a = Acme::new().await;
    a.components = ["api", "web", "app", "docs", "mail", "jobs"].map(|c| (c, "operational")).to_vec();
    a.components[0].1 = "major_outage";
    a.serve();
    a.polls(2).await;
    a.w.expect("search/slack", &["API"]);
    a.components.truncate(2);
    a.components[0].1 = "operational";
    a.serve();
    a.polls(30).await;
    a.w.expect("operators/webhook", &["acme/status", "only 2 rows where there were 6"]);
    assert_eq!(a.stage("acme:component/api").await, Stage::Open);
    a.w.expect_silence();
}
