//! What we use, as counted calls and scans tell it, and what people read of it.

use crate::harness::*;
use forewarn::engine::usage::take;
use forewarn::model::{Direction, ProviderId, Subject, UsageReport, Use};
use jiff::{SignedDuration, Timestamp};

/// `calls` of a project to a model in the day before `until`; an export that covers the last 30 days.
pub fn export(id: &str, project: &str, calls: u64, until: Timestamp) -> UsageReport {
    let openai = ProviderId::new("openai").unwrap();
    let used = Use {
        subject: Subject::model(&openai, id),
        service: None,
        project: Some(project.into()),
        from: until - days(1),
        until,
        calls: Some(calls),
        tokens: None,
        place: None,
        mention: false,
    };
    UsageReport {
        direction: Direction::Observed,
        via: "openai".into(),
        service: None,
        covers: vec![(openai, None)],
        covered: Some((until - days(30), until)),
        uses: vec![used],
    }
}

#[tokio::test]
async fn the_message_says_who_calls_it_and_who_only_declares_it() {
    let mut w = World::new().await;
    let config = w.config.replace(
        "[services.support-bot]\nowner = \"search\"",
        "[services.support-bot]\nowner = \"search\"\nprojects = [\"proj_bot\"]",
    );
    w.restart_with(&config);
    take(&w.cx, export("gpt-x", "proj_bot", 41_200, w.now() - SignedDuration::from_mins(5))).await.unwrap();
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect(
        "search/slack",
        &[
            "support-bot, production: 41,200 calls in 7 days, last today",
            "rerank-batch, production: declared, no calls seen for 30 days",
        ],
    );
}

#[tokio::test]
async fn without_counted_calls_the_message_claims_nothing_about_them() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let m = w.expect("search/slack", &["support-bot, production"]);
    assert!(!m.text.contains("calls in") && !m.text.contains("no calls"), "{}", m.text);
}
