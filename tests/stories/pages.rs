//! Pages that cannot be read, and what is still said of them.

use crate::harness::*;
use forewarn::store::SourceHealth;

/// The page was read well, and what was told is out of the way.
async fn world() -> World {
    let mut w = World::new().await;
    w.page(&good());
    w.tick().await;
    w.expect("search/slack", &["gpt-y"]);
    w
}

fn good() -> Vec<(&'static str, jiff::civil::Date)> {
    vec![("gpt-x", day(120)), ("gpt-y", day(60)), ("gpt-u", day(90)), ("gpt-v", day(90))]
}

/// Lives through a bad page of some days, and a good one after it.
async fn a_bad_page(status: u16, body: &str, health: SourceHealth, words: &str) {
    let mut w = World::new().await;
    w.page(&good());
    w.tick().await;
    w.expect("search/slack", &["gpt-y"]);
    let known = w.calendar().await.into_iter().map(|d| (d.id, d.shutdown_on)).collect::<Vec<_>>();
    w.answer(status, body);
    w.advance(minutes(7 * 60)).await;
    w.expect("operators/webhook", &["openai/deprecations", words, "all clear"]);
    // While it stays bad nothing more is said, but for the reminder of an unanswered alert after a day.
    w.live(minutes(20 * 60), minutes(60)).await;
    w.expect_silence();
    w.live(days(3), minutes(6 * 60)).await;
    assert!(w.arrived().len() <= 1, "one reminder that nobody answered, no more");
    assert_eq!(w.calendar().await.into_iter().map(|d| (d.id, d.shutdown_on)).collect::<Vec<_>>(), known);
    let s = w.status().await;
    assert_eq!((s.healthy, s.sources[0].health), (false, health));
    assert!(s.findings[0].contains("openai/deprecations"), "{:?}", s.findings);
    assert_eq!(w.events().await.iter().filter(|(e, _)| e.event.kind.as_str() == "deprecation").count(), 4);
    w.page(&good());
    w.live(days(2), minutes(6 * 60)).await;
    w.expect("operators/webhook", &["openai/deprecations", "read again"]);
    assert!(w.status().await.healthy);
    w.ledger("payloads", "").await;
}

#[tokio::test]
async fn a_login_page_with_status_200_is_unreadable_and_told_once() {
    a_bad_page(200, "<!doctype html><title>Sign in</title>Deprecations", SourceHealth::Unreadable, "HTML").await;
}

#[tokio::test]
async fn an_empty_page_is_unreadable_and_told_once() {
    a_bad_page(200, "", SourceHealth::Unreadable, "empty").await;
}

#[tokio::test]
async fn a_new_layout_is_unreadable_and_told_once() {
    let prose = "# Deprecations\n\n`gpt-x` goes away on January 22, 2027, says this sentence.\n";
    a_bad_page(200, prose, SourceHealth::Unreadable, "rows").await;
}

#[tokio::test]
async fn a_page_that_is_gone_is_told_once() {
    a_bad_page(404, "not found", SourceHealth::Gone, "404").await;
}

#[tokio::test]
async fn a_page_that_lost_most_of_its_rows_is_not_believed() {
    // It reads well, and what it says is wrong: one of four rows, with another date.
    let shrunk = markdown("Upcoming", &[("gpt-x", day(10))]);
    a_bad_page(200, &shrunk, SourceHealth::Unreadable, "only 1 rows where there were 4").await;
}

#[tokio::test]
async fn a_page_that_was_not_believed_is_kept_to_be_looked_at_and_not_believed_by_replay_either() {
    let mut w = world().await;
    w.page(&[("gpt-x", day(10))]);
    w.advance(minutes(7 * 60)).await;
    w.expect("operators/webhook", &["only 1 rows"]);
    let s = w.status().await;
    assert_eq!(s.unrecognized.len(), 1);
    assert!(s.unrecognized[0].problem.contains("only 1 rows"), "{:?}", s.unrecognized);
    w.replay().await;
    assert_eq!(w.calendar().await.iter().find(|d| d.id == "openai:gpt-x").unwrap().shutdown_on, Some(day(120)));
}

#[tokio::test]
async fn a_server_in_trouble_for_a_moment_is_nobodys_business() {
    let mut w = world().await;
    w.answer(503, "later");
    w.advance(minutes(7 * 60)).await;
    assert_eq!(w.status().await.sources[0].failures, 1);
    w.page(&good());
    w.live(minutes(7 * 60), minutes(10)).await;
    w.expect_silence();
    assert!(w.status().await.healthy);
}

#[tokio::test]
async fn a_source_that_was_never_read_is_told_and_its_first_read_is_still_a_baseline() {
    let mut w = World::new().await;
    w.answer(500, "");
    w.tick().await;
    w.expect_silence();
    w.advance(minutes(60)).await;
    w.expect_silence();
    w.advance(minutes(60)).await;
    w.expect("operators/webhook", &["openai/deprecations is stale", "never"]);
    w.page(&[("gpt-x", day(200))]);
    w.advance(minutes(60)).await;
    w.expect("operators/webhook", &["read again"]);
    assert!(w.alerts().await.iter().any(|(a, _)| a.owner == "search" && a.baseline));
}

#[tokio::test]
async fn a_page_that_did_not_change_is_fetched_and_writes_no_payload() {
    let mut w = world().await;
    let (before, fetched) = (w.ledger("payloads", "normalized").await, w.fetched());
    w.live(days(2), minutes(60)).await;
    assert!(w.fetched() >= fetched + 6, "{}", w.fetched());
    assert_eq!(w.ledger("payloads", "normalized").await, before);
}

#[tokio::test]
async fn the_calendar_names_the_source_it_could_not_read() {
    let mut w = world().await;
    w.answer(404, "");
    w.advance(minutes(7 * 60)).await;
    let config = w.dir.path().join("forewarn.toml");
    std::fs::write(&config, &w.config).unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_forewarn"))
        .args(["calendar", "--within", "700d", "--past", "700d", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(w.dir.path())
        .envs(["WHSEC", "PLAIN", "TOKEN", "SLACK"].map(|n| (n, env(n).unwrap())))
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(text.contains("UNREADABLE: openai/deprecations (gone)"), "{text}{}", String::from_utf8_lossy(&out.stderr));
    assert!(text.contains("openai:gpt-x") && text.contains("0 of 1 sources read"), "{text}");
}
