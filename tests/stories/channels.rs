//! Channels in trouble: who is told late, who is not, and who hears of the trouble.

use crate::harness::*;

/// An incident for `search` (Slack) and an ending for `billing` (a webhook of ours).
async fn two_owners(w: &mut World) {
    let body = w.shop("e1", "incident.opened", "db-1");
    w.deliver("generic-hmac/shop", "e1", &body).await;
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
}

#[tokio::test]
async fn a_failing_channel_delays_nobody_else_and_loses_nothing() {
    let mut w = World::restarting().await;
    w.mood("slack", Mood::Broken);
    two_owners(&mut w).await;
    w.expect("billing/webhook", &["gpt-b"]);
    w.live(minutes(120), minutes(5)).await;
    w.expect_silence();
    let tries = w.attempts("search/slack");
    assert!((5..=8).contains(&tries), "it backs off: {tries} attempts in two hours");
    w.mood("slack", Mood::Well);
    w.live(minutes(70), minutes(5)).await;
    w.expect("search/slack", &["db-1"]);
    w.live(minutes(120), minutes(5)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_message_that_may_have_arrived_is_sent_again_with_its_key() {
    let mut w = World::restarting().await;
    w.mood("billing", Mood::Forgetful);
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    let first = w.expect("billing/webhook", &["gpt-b"]);
    w.mood("billing", Mood::Well);
    w.advance(minutes(2)).await;
    let again = w.expect("billing/webhook", &["gpt-b"]);
    assert_eq!(again.id, first.id, "the receiver can drop it");
    w.advance(minutes(120)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_message_nobody_takes_is_a_dead_letter_told_to_operators_once() {
    let mut w = World::restarting().await;
    w.mood("slack", Mood::Refusing);
    two_owners(&mut w).await;
    w.tick().await;
    let told = w.arrived();
    let who: Vec<_> = told.iter().map(|m| m.contact.as_str()).collect();
    assert_eq!(who, ["billing/webhook", "operators/webhook"], "{told:#?}");
    assert!(told[1].text.contains("search/slack was not reached") && told[1].text.contains("is_archived"), "{told:?}");
    w.live(minutes(20 * 60), minutes(60)).await;
    w.expect_silence();
    assert_eq!(w.attempts("search/slack"), 1, "what is refused for good is not tried again");
    assert_eq!(w.ledger("obligations", "dead").await, 1);
    assert_eq!(w.status().await.dead_letters.len(), 1);
}

#[tokio::test]
async fn three_days_of_failure_are_a_dead_letter() {
    let mut w = World::new().await;
    w.mood("slack", Mood::Broken);
    two_owners(&mut w).await;
    w.live(days(4), minutes(60)).await;
    let told = w.arrived();
    assert!(
        told.iter().any(|m| m.contact == "operators/webhook" && m.text.contains("given up after three days")),
        "{told:#?}"
    );
    // The reminder after a day is a message of its own, with three days of its own.
    assert!(w.ledger("obligations", "dead").await >= 1);
}

#[tokio::test]
async fn the_operators_own_dead_letter_turns_status_red_and_writes_no_further_letter() {
    let mut w = World::new().await;
    w.mood("ops", Mood::Refusing);
    w.answer(404, "");
    w.tick().await;
    w.live(minutes(20 * 60), minutes(60)).await;
    w.expect_silence();
    let s = w.status().await;
    assert!(s.findings.iter().any(|f| f.contains("message to the operators")), "{:?}", s.findings);
    assert_eq!((s.healthy, s.dead_letters.len()), (false, 1));
    assert!(w.alerts().await.iter().all(|(_, m)| !m.id.as_str().contains("dead-letters")));
}

#[tokio::test]
async fn an_unauthorized_channel_keeps_its_messages_and_operators_hear_of_it_once() {
    let mut w = World::restarting().await;
    w.mood("slack", Mood::Unauthorized);
    two_owners(&mut w).await;
    w.tick().await;
    let told = w.arrived();
    let who: Vec<_> = told.iter().map(|m| m.contact.as_str()).collect();
    assert_eq!(who, ["billing/webhook", "operators/webhook"]);
    assert!(told[1].text.contains("slack refuses forewarn") && told[1].text.contains("bot_token"), "{told:?}");
    w.live(minutes(10 * 60), minutes(10)).await;
    w.expect_silence();
    w.mood("slack", Mood::Well);
    w.live(minutes(60), minutes(10)).await;
    let told = w.arrived();
    let who: Vec<_> = told.iter().map(|m| (m.contact.as_str(), m.text.contains("takes messages again"))).collect();
    assert_eq!(who, [("search/slack", false), ("operators/webhook", true)], "{told:#?}");
}

#[tokio::test]
async fn what_is_over_before_it_could_be_told_is_not_told_late() {
    let mut w = World::new().await;
    w.mood("slack", Mood::Broken);
    let body = w.shop("e1", "incident.opened", "db-1");
    w.deliver("generic-hmac/shop", "e1", &body).await;
    w.tick().await;
    w.pass(minutes(10));
    let body = w.shop("e2", "incident.resolved", "db-1");
    w.deliver("generic-hmac/shop", "e2", &body).await;
    w.mood("slack", Mood::Well);
    w.live(minutes(60), minutes(10)).await;
    // Of the two, the opening says nothing true any more.
    w.expect("search/slack", &["incident.resolved of db-1"]);
    assert_eq!((w.ledger("obligations", "superseded").await, w.ledger("obligations", "delivered").await), (1, 1));
}

/// Some days of everything; what arrived, in order.
async fn some_days(w: &mut World) -> Vec<(String, String, bool)> {
    w.page(&[("gpt-x", day(20)), ("gpt-b", day(9)), ("gpt-far", day(700))]);
    w.tick().await;
    for i in 0..12 {
        let kind = if i % 4 == 3 { "incident.resolved" } else { "incident.updated" };
        let body = w.shop(&format!("e{i}"), kind, &format!("db-{}", i % 2));
        w.deliver("generic-hmac/shop", "x", &body).await;
        match i {
            3 => w.page(&[("gpt-x", day(20)), ("gpt-b", day(40)), ("gpt-far", day(700))]),
            5 => w.answer(404, ""),
            7 => w.mood("billing", Mood::Broken),
            8 => w.page(&[("gpt-x", day(20)), ("gpt-b", day(12)), ("gpt-far", day(700))]),
            9 => w.mood("billing", Mood::Well),
            _ => {}
        }
        w.advance(minutes(13 * 60)).await;
    }
    for part in ["payloads", "events", "obligations"] {
        assert_eq!(w.ledger(part, "pending").await, 0, "{part}");
    }
    let headline = |m: Arrived| m.text.split(" [{").next().unwrap_or_default().to_owned();
    w.arrived()
        .into_iter()
        .map(|m| (m.contact.clone(), m.at.to_string() + &headline(m.clone()), m.thread.is_some()))
        .collect()
}

#[tokio::test]
async fn a_restart_at_every_step_loses_nothing_and_doubles_nothing() {
    let (mut steady, mut killed) = (World::new().await, World::restarting().await);
    let (expected, seen) = (some_days(&mut steady).await, some_days(&mut killed).await);
    assert!(expected.len() > 15, "{expected:#?}");
    assert_eq!(seen, expected);
}
