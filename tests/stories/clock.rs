//! The wall clock jumps: nobody is told of a date that has not come, and nothing waits for one that will not.

use crate::harness::*;
use forewarn::model::Action;

/// `gpt-x` ends in 60 days, and search was told so.
async fn told() -> World {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    w
}

#[tokio::test]
async fn ninety_days_too_far_tells_the_operators_only_and_the_ladder_goes_on_when_it_is_right_again() {
    let mut w = told().await;
    w.jump(days(90));
    // Whoever looks at what is due may come before whoever watches the clock.
    w.speak().await;
    w.expect_silence();
    w.tick().await;
    w.expect("operators/webhook", &["the clock jumped", "2027-02-21", "2026-11-23"]);
    assert!(!w.status().await.healthy);
    for _ in 0..20 {
        w.advance(minutes(1)).await;
    }
    w.expect_silence();
    w.jump(days(-90));
    w.tick().await;
    w.expect("operators/webhook", &["the clock is right again"]);
    assert!(w.status().await.healthy);
    w.live(days(29), minutes(360)).await;
    w.expect_silence();
    w.live(days(1), minutes(360)).await;
    w.expect("search/slack", &["30 days"]);
}

#[tokio::test]
async fn a_clock_set_back_repeats_nothing_before_or_after_a_restart() {
    let mut w = told().await;
    w.live(days(30), minutes(360)).await;
    w.expect("search/slack", &["30 days"]);
    w.jump(days(-2));
    w.tick().await;
    w.expect("operators/webhook", &["the clock jumped"]);
    w.restart();
    w.tick().await;
    w.expect_silence();
    assert!(!w.status().await.healthy, "a restart alone does not make it right");
    w.jump(days(2));
    w.tick().await;
    w.expect("operators/webhook", &["the clock is right again"]);
    w.live(days(16), minutes(360)).await;
    w.expect("search/slack", &["14 days"]);
}

#[tokio::test]
async fn a_correction_of_some_hours_holds_nothing() {
    let mut w = told().await;
    for hours in [5, -5, -3] {
        w.jump(minutes(60 * hours));
        w.tick().await;
        w.expect_silence();
        w.jump(minutes(-60 * hours));
    }
    w.jump(minutes(5 * 60));
    w.live(days(30), minutes(60)).await;
    w.expect("search/slack", &["30 days"]);
}

#[tokio::test]
async fn what_waited_to_be_sent_neither_dies_of_old_age_nor_waits_for_the_wrong_year() {
    let mut w = World::new().await;
    w.mood("slack", Mood::Broken);
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.jump(days(90));
    for _ in 0..10 {
        w.advance(minutes(1)).await;
    }
    assert!(w.attempts("search/slack") > 2, "it was tried meanwhile");
    w.expect("operators/webhook", &["the clock jumped"]);
    w.jump(days(-90));
    w.mood("slack", Mood::Well);
    w.advance(minutes(16)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("60 days")), "{all:#?}");
    assert_eq!(w.ledger("obligations", "dead").await, 0);
}

#[tokio::test]
async fn what_a_person_does_meanwhile_is_told_and_follows_when_the_clock_is_right() {
    let mut w = told().await;
    let alert = w.alerts().await[0].0.id;
    w.jump(days(90));
    w.tick().await;
    w.expect("operators/webhook", &["the clock jumped"]);
    w.act(alert, Action::Reassign { to: "billing".into(), note: None }).await.unwrap();
    w.jump(days(-90));
    w.advance(minutes(1)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "billing/webhook" && m.text.contains("Yours now")), "{all:#?}");
    w.live(days(31), minutes(360)).await;
    assert!(w.arrived().iter().any(|m| m.contact == "billing/webhook" && m.text.contains("30 days")));
}

/// A fresh machine without a battery, or one whose year was mistyped.
#[tokio::test]
async fn c6_a_first_start_in_1970_or_2099_takes_deliveries_and_does_nothing_else_until_the_clock_is_right() {
    for years in [-56, 73] {
        let mut w = World::new().await;
        w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
        let wrong = days(365 * years);
        w.jump(wrong);
        w.restart();
        for _ in 0..10 {
            w.advance(minutes(1)).await;
        }
        w.expect("operators/webhook", &["the clock cannot be right", if years < 0 { "1970-" } else { "2099-" }]);
        let body = w.shop("e1", "incident.opened", "db-1");
        assert_eq!(w.deliver("generic-hmac/shop", "e1", &body).await, 200, "its sender lives in the same year");
        w.tick().await;
        w.expect_silence();
        assert_eq!((w.fetched(), w.events().await.len()), (0, 1), "only the trouble itself");
        let s = w.status().await;
        assert!(!s.healthy && s.findings.iter().any(|f| f.contains("cannot be right")), "{:?}", s.findings);
        assert!(
            s.inbox.oldest_at.unwrap().to_string().starts_with("2026-"),
            "no row is of a wrong year: {:?}",
            s.inbox
        );

        w.restart();
        w.tick().await;
        w.expect_silence();
        w.jump(-wrong);
        w.advance(minutes(1)).await;
        let told: Vec<_> = w.arrived();
        let heard = |who: &str, what: &str| told.iter().filter(|m| m.contact == who && m.text.contains(what)).count();
        assert_eq!(heard("operators/webhook", "the clock is right again"), 1, "{told:#?}");
        assert_eq!((heard("search/slack", "60 days"), heard("search/slack", "db-1")), (1, 1), "{told:#?}");
        assert!(w.status().await.healthy);
    }
}

#[tokio::test]
async fn c6_a_later_start_in_1970_or_2099_sends_nothing_of_what_is_due_then() {
    for years in [-56, 73] {
        let mut w = told().await;
        w.live(days(3), minutes(360)).await;
        w.jump(days(365 * years));
        w.restart();
        for _ in 0..10 {
            w.advance(minutes(1)).await;
        }
        w.expect("operators/webhook", &["the clock cannot be right", "the last moment we know of is 2026-11-2"]);
        w.jump(days(-365 * years));
        w.tick().await;
        w.expect("operators/webhook", &["the clock is right again"]);
        w.live(days(26), minutes(360)).await;
        w.expect_silence();
        w.live(days(1), minutes(360)).await;
        w.expect("search/slack", &["30 days"]);
    }
}

#[tokio::test]
async fn c6_thirty_days_down_need_nobody_s_word_and_fifty_need_that_of_others() {
    let mut w = told().await;
    w.others(Others::Silent);
    w.pass(days(31));
    w.restart();
    w.tick().await;
    w.expect("search/slack", &["29 days"]);

    // Nobody says what time it is: it may be so, or not.
    w.pass(days(50));
    w.restart();
    w.live(minutes(5), minutes(1)).await;
    w.expect("operators/webhook", &["the clock cannot be right"]);
    w.others(Others::LikeOurs);
    w.live(minutes(2), minutes(1)).await;
    let told = w.arrived();
    assert!(told.iter().any(|m| m.contact == "operators/webhook" && m.text.contains("right again")), "{told:#?}");
    assert!(told.iter().any(|m| m.contact == "search/slack" && m.text.contains("gpt-x")), "{told:#?}");
}

/// A machine that was put to sleep with its boot clock, as a copied virtual machine is.
#[tokio::test]
async fn a_boot_clock_that_stood_still_holds_nothing_once_others_say_the_same_as_our_clock() {
    let mut w = told().await;
    w.others(Others::Silent);
    w.jump(days(30));
    w.live(minutes(3), minutes(1)).await;
    w.expect("operators/webhook", &["the clock jumped"]);
    w.others(Others::LikeOurs);
    w.live(minutes(2), minutes(1)).await;
    let told = w.arrived();
    assert!(told.iter().any(|m| m.text.contains("the clock is right again")), "{told:#?}");
    assert!(told.iter().any(|m| m.contact == "search/slack" && m.text.contains("30 days")), "{told:#?}");
}
