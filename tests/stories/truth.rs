//! The truth about a date: who may change it, how often it must be said, what happens where sources disagree.

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use forewarn::engine::gaps::{Lack, gaps};
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
    let before = w.fetched();
    for _ in 0..6 {
        w.page(&[("gpt-x", day(100))]);
        w.advance(minutes(7 * 60)).await;
        w.page(&[("gpt-x", day(60))]);
        w.advance(minutes(12)).await;
    }
    assert_eq!(w.fetched(), before + 12, "each version was read each time");
    w.expect_silence();
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced]);
    let row = w.calendar().await.remove(0);
    assert_eq!((row.shutdown_on, row.state.as_str()), (Some(day(60)), "NEEDS REVIEW"));
    assert_eq!(row.claims[0].flips, 6, "each time it gave the other date and took it back");
    assert!(row.review.unwrap().contains("another date 6 times"));
}

#[tokio::test]
async fn a_date_that_cannot_be_read_is_for_a_person_wherever_one_looks() {
    let mut w = World::new().await;
    w.page(&[("gpt-far", day(700))]);
    w.tick().await;
    let row =
        |when: &str| format!("{}| {when} | `gpt-x` | `gpt-next` |\n", markdown("Upcoming", &[("gpt-far", day(700))]));
    w.answer(200, &row("some time after the thaw"));
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x", "Needs review", "some time after the thaw", "deprecations pin openai:gpt-x"]);
    let shown = w.shown("openai:gpt-x").await.deprecation;
    assert!(shown.review.unwrap().contains("could not be read"));
    let listed = w.calendar().await.into_iter().find(|d| d.id == "openai:gpt-x").unwrap();
    assert_eq!((listed.state.as_str(), listed.shutdown_on), ("NEEDS REVIEW", None));
    let get = Request::get("/api/v1/deprecations/openai:gpt-x").body(Body::empty()).unwrap();
    let (status, answer) = w.ask_inside(get).await;
    assert_eq!(status, 200);
    assert!(
        answer["review"].as_str().unwrap().contains("thaw") && answer["claims"][0]["review"].is_string(),
        "{answer}"
    );
    // The known date stays when it turns unreadable, and that it did is said.
    w.answer(200, &row(&day(80).to_string()));
    w.advance(days(1)).await;
    w.arrived();
    w.answer(200, &row("when it thaws"));
    w.advance(days(1)).await;
    let shown = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!(shown.shutdown_on, Some(day(80)));
    assert!(shown.review.unwrap().contains("thaws"));
    w.pin("openai:gpt-x", Truth::Ends(day(90))).await.unwrap();
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.review, None, "a person has settled it");
}

#[tokio::test]
async fn what_is_first_said_long_after_its_date_is_history_and_no_news() {
    let mut w = World::new().await;
    w.page(&[("gpt-far", day(700))]);
    w.tick().await;
    w.page(&[("gpt-far", day(700)), ("gpt-x", day(-200)), ("gpt-y", day(-3))]);
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-y", "4 days ago"]);
    let routed: Vec<String> = w.events().await.into_iter().map(|(_, r)| r).collect();
    assert!(routed.contains(&"long_past".to_owned()), "{routed:?}");
}

#[tokio::test]
async fn a_changed_replacement_says_nothing_and_stands_in_the_next_message_of_the_thread() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let first = w.expect("search/slack", &["60 days", "gpt-x-next"]);
    let other = markdown("Upcoming", &[("gpt-x", day(60))]).replace("gpt-x-next", "gpt-z-better");
    w.answer(200, &other);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect_silence();
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced, Change::Replaced]);
    w.live(days(29), days(1)).await;
    assert_eq!(w.expect("search/slack", &["30 days", "gpt-z-better"]).thread, Some(first.id));
}

#[tokio::test]
async fn a_redirect_and_its_price_are_said_before_and_the_redirect_again_when_it_is_in_force() {
    let mut w = World::new().await;
    let page = |rest: &str| {
        format!(
            "# Deprecations\n\n## Upcoming\n\n| Shutdown date | Model | Redirect target |\n|---|---|---|\n| {} | `gpt-x` | `gpt-z` |\n\n{rest}\n",
            day(60)
        )
    };
    w.answer(200, &page("Requests to `gpt-x` will be billed at the price of `gpt-z`, $5 per million tokens."));
    w.tick().await;
    w.expect("search/slack", &["60 days", "then calls are answered by gpt-z", "price: ", "billed at the price"]);
    let d = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!((d.redirects_to.as_deref(), d.redirected_to), (Some("gpt-z"), None));
    // Earlier than announced.
    w.answer(200, &page("Requests to `gpt-x` are now redirected to `gpt-z`."));
    w.advance(days(1)).await;
    w.advance(minutes(70)).await;
    w.expect("search/slack", &["gpt-x", "calls are answered by gpt-z already"]);
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced, Change::Redirected]);
    // Taken back in so many words.
    w.answer(200, &page("`gpt-x` will no longer be retired."));
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect("search/slack", &["gpt-x stays", "took its end"]);
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Withdrawn);
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
async fn a_date_is_said_to_stand_since_we_read_it_and_not_since_it_was_announced() {
    let mut w = World::new().await;
    w.answer(200, &markdown("Upcoming", &[("gpt-x", day(60))]).replace("### Older", "### 2026-08-25: Older"));
    w.tick().await;
    let first = w.expect("search/slack", &["60 days"]);
    assert!(!first.text.contains("unchanged since"), "{}", first.text);
    assert_eq!(w.calendar().await[0].announced_on, Some(jiff::civil::date(2026, 8, 25)));
    w.live(days(30), minutes(360)).await;
    w.expect("search/slack", &["30 days", "Date unchanged since 23 Nov 2026"]);
}

#[tokio::test]
async fn what_the_config_gives_to_the_catch_all_by_name_is_no_gap() {
    let mut w = World::new().await;
    let contract = format!(
        "[[deadlines]]\nwhat = \"contract\"\nprovider = \"openai\"\ndate = \"{}\"\nowner = \"operators\"\n",
        day(20)
    );
    w.restart_with(&format!("{}\n{contract}", w.config));
    w.tick().await;
    let (alert, _) = w.alerts().await.pop().unwrap();
    assert_eq!((alert.owner, alert.services.len()), ("operators".to_owned(), 0));
    let lacks: Vec<Lack> = gaps(&w.cx, w.now()).await.unwrap().into_iter().map(|g| g.lack).collect();
    assert_eq!(lacks, []);
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
