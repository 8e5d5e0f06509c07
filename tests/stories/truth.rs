//! The truth about a date: who may change it, how often it must be said, what happens where sources disagree.

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use forewarn::engine::pin::{PinError, Truth};
use forewarn::model::{Change, Stage};
use serde_json::{Value, json};

/// The changes recorded of one matter, oldest first.
async fn changes(w: &World, id: &str) -> Vec<Change> {
    let all = w.events().await;
    let of = |m: &Option<forewarn::model::MatterId>| m.as_ref().is_some_and(|m| m.as_str() == id);
    all.into_iter().filter(|(e, _)| of(&e.event.matter)).filter_map(|(e, _)| e.event.change).collect()
}

#[tokio::test]
async fn a_page_that_flips_between_two_versions_tells_nobody() {
    let mut w = World::restarting().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    for n in 0..12 {
        w.page(&[("gpt-x", day(if n % 2 == 0 { 100 } else { 60 }))]);
        w.advance(minutes(12)).await;
    }
    w.expect_silence();
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced]);
    assert_eq!(w.calendar().await[0].shutdown_on, Some(day(60)));
}

#[tokio::test]
async fn a_changed_page_is_asked_again_soon_and_its_date_counts_the_second_time() {
    let mut w = World::restarting().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.arrived();
    w.page(&[("gpt-x", day(100))]);
    w.advance(days(1)).await;
    let before = w.fetched();
    let row = w.shown("openai:gpt-x").await;
    assert_eq!(row.deprecation.claims[0].pending, Some(day(100)), "kept beside the date that counts");
    w.advance(minutes(5)).await;
    w.expect_silence();
    w.advance(minutes(7)).await;
    assert_eq!(w.fetched(), before + 1, "asked again within the quarter of an hour, the same body");
    w.expect("search/slack", &["Moved later"]);
    let shown = w.shown("openai:gpt-x").await;
    let moved = shown.history.last().unwrap();
    assert_eq!((moved.from, moved.to), (Some(day(60)), Some(day(100))), "old and new value");
    assert_eq!(shown.deprecation.services, ["rerank-batch", "support-bot"]);
    assert!(shown.told.iter().all(|t| t.contact.0 == "search/slack" && t.state == "delivered"), "{:?}", shown.told);
    assert_eq!(shown.told.len(), 2);
    w.live(days(1), minutes(60)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_row_that_is_missing_is_no_withdrawal_and_no_end() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-a", day(60)), ("gpt-c", day(61)), ("gpt-d", day(62))]);
    w.tick().await;
    w.arrived();
    w.page(&[("gpt-a", day(60)), ("gpt-c", day(61)), ("gpt-d", day(62))]);
    w.live(days(5), days(1)).await;
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced]);
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Announced);
}

#[tokio::test]
async fn a_pin_counts_above_every_source_and_goes_when_it_is_cleared() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    w.pin("openai:gpt-x", Truth::Ends(day(80))).await.unwrap();
    w.tick().await;
    w.expect("search/slack", &["Moved later", "80 days", "support case 4711"]);
    w.page(&[("gpt-x", day(40))]);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect_silence();
    let shown = w.shown("openai:gpt-x").await;
    let d = &shown.deprecation;
    assert_eq!((d.shutdown_on, d.claims.len(), d.conflict), (Some(day(80)), 2, false), "a pin settles it");
    w.pin("openai:gpt-x", Truth::Unpinned).await.unwrap();
    w.tick().await;
    w.expect("search/slack", &["Moved earlier"]);
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.shutdown_on, Some(day(40)));

    w.pin("openai:gpt-x", Truth::Stays).await.unwrap();
    w.tick().await;
    w.expect("search/slack", &["gpt-x stays: we know that its end"]);
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Withdrawn);
    let unknown = w.pin("openai:gpt-other", Truth::Stays).await;
    assert_eq!(unknown, Err(PinError::NotFound("openai:gpt-other".into())));
    assert_eq!(w.pin("openai:gpt-far", Truth::Unpinned).await, Err(PinError::NotFound("openai:gpt-far".into())));
}

#[tokio::test]
async fn a_deadline_of_the_config_has_the_same_ladder_and_says_nothing_at_once() {
    let mut w = World::new().await;
    w.tick().await;
    let plus = format!(
        "{}\n[[deadlines]]\nwhat = \"enterprise contract\"\nprovider = \"openai\"\ndate = \"{}\"\nowner = \"billing\"\nnote = \"order form 12\"\n",
        w.config,
        day(100)
    );
    let before = w.config.clone();
    w.restart_with(&plus);
    w.tick().await;
    w.live(days(9), days(1)).await;
    w.expect_silence();
    w.advance(days(1)).await;
    w.expect("billing/webhook", &["enterprise contract", "90 days", "order form 12"]);
    let row = w.calendar().await.into_iter().find(|d| d.id == "openai:account/enterprise contract").unwrap();
    assert_eq!((row.shutdown_on, row.owners), (Some(day(100)), vec!["billing".to_owned()]));
    // Taken out of the config: nothing of it is left to remind of.
    w.restart_with(&before);
    w.tick().await;
    w.expect("billing/webhook", &["enterprise contract", "nobody says any more"]);
    w.live(days(100), days(5)).await;
    w.expect_silence();
}

#[tokio::test]
async fn an_extension_sold_to_one_account_moves_the_reminders_of_those_who_use_it() {
    let mut w = World::new().await;
    let named = w.config.replace("\"openai:gpt-x\", \"openai:gpt-y\"", "\"openai/main:gpt-y\"");
    w.restart_with(&named);
    w.page(&[("gpt-y", day(65)), ("gpt-far", day(700))]);
    w.tick().await;
    w.expect("search/slack", &["gpt-y", "65 days"]);
    let sold = format!("{named}\n[[deadlines]]\nsubject = \"openai/main:gpt-y\"\ndate = \"{}\"\n", day(200));
    w.restart_with(&sold);
    w.tick().await;
    w.live(days(70), days(1)).await;
    w.expect_silence();
    w.live(days(40), days(1)).await;
    w.expect("search/slack", &["gpt-y", "account main", "90 days"]);
    let shown = w.shown("openai/main:gpt-y").await;
    assert_eq!(shown.related.iter().map(|m| m.as_str()).collect::<Vec<_>>(), ["openai:gpt-y"]);
    assert_eq!(w.shown("openai:gpt-y").await.deprecation.shutdown_on, Some(day(65)), "the page keeps its own date");
}

fn post(body: &Value, kind: &str) -> Request<Body> {
    Request::post("/api/v1/observations").header("content-type", kind).body(Body::from(body.to_string())).unwrap()
}

#[tokio::test]
async fn headers_a_client_saw_are_a_claim_of_the_lowest_rank() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.arrived();
    let seen = |id: &str| json!({"subject": id, "deprecation": "@1688169599", "sunset": "Fri, 31 Dec 2027 23:59:59 GMT", "by": "gateway"});
    let (status, body) = w.ask_inside(post(&seen("openai:gpt-x"), "application/json")).await;
    assert_eq!((status, &body["items"]), (200, &json!(["openai:gpt-x"])));
    let shown = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!((shown.shutdown_on, shown.claims.len(), shown.conflict), (Some(day(60)), 2, true));
    let row = w.calendar().await.into_iter().find(|d| d.id == "openai:gpt-x").unwrap();
    assert_eq!(row.state, "DISPUTED (or Fri 31 Dec 2027)");
    w.tick().await;
    w.expect_silence();

    let both = json!([seen("openai:gpt-y"), seen("stripe:api/2024-06-20")]);
    assert_eq!(w.ask_inside(post(&both, "application/json; charset=utf-8")).await.0, 200);
    assert_eq!(w.shown("stripe:api/2024-06-20").await.deprecation.shutdown_on.unwrap().to_string(), "2027-12-31");
    for (body, kind, status) in [
        (seen("openai:gpt-x"), "text/plain", 415),
        (json!({"subject": "gpt-x", "sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}), "application/json", 422),
        (json!({"subject": "nobody:gpt-x", "sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}), "application/json", 422),
        (json!({"subject": "openai:gpt-x", "sunset": "tomorrow"}), "application/json", 422),
        (json!({"subject": "openai:gpt-x"}), "application/json", 422),
        (json!([seen("openai:gpt-z"), {"subject": "openai:gpt-z", "deprecation": "true"}]), "application/json", 422),
        (json!({"sunset": 7}), "application/json", 422),
    ] {
        let (got, answer) = w.ask_inside(post(&body, kind)).await;
        assert_eq!((got, &answer["status"]), (status, &json!(status)), "{body} {answer}");
    }
    assert!(w.calendar().await.iter().all(|d| d.id != "openai:gpt-z"), "a batch is taken whole or not at all");
}

#[tokio::test]
async fn where_the_provider_contradicts_itself_reminders_follow_the_earlier_date() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(100))]);
    w.tick().await;
    w.live(days(9), days(1)).await;
    w.expect_silence();
    // A client of ours sees an earlier date in the provider's own headers.
    let sunset = day(50).strftime("%a, %d %b %Y 12:00:00 GMT").to_string();
    let seen = json!({"subject": "openai:gpt-x", "sunset": sunset});
    assert_eq!(w.ask_inside(post(&seen, "application/json")).await.0, 200);
    w.tick().await;
    w.expect("search/slack", &["gpt-x", "sources disagree", "deprecations pin openai:gpt-x"]);
    let d = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!(
        (d.shutdown_on, d.remind_on),
        (Some(day(100)), Some(day(50))),
        "the winner is shown, the earlier counts"
    );
    w.live(days(12), days(1)).await;
    w.expect("search/slack", &["30 days", "sources disagree"]);
    w.pin("openai:gpt-x", Truth::Ends(day(100))).await.unwrap();
    w.live(days(3), days(1)).await;
    w.expect_silence();
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.remind_on, None);
}
