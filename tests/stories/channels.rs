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

/// Two messages wait for one channel: an incident of search, and after it another.
async fn two_waiting() -> World {
    let mut w = World::new().await;
    for (id, about) in [("e1", "db-1"), ("e2", "db-2")] {
        let body = w.shop(id, "incident.opened", about);
        w.deliver("generic-hmac/shop", id, &body).await;
        w.normalize().await;
        w.plan().await;
    }
    w
}

/// Somebody edited a row, or a disk did.
#[tokio::test]
async fn d15_a_damaged_message_at_the_head_of_the_queue_is_a_dead_letter_and_the_others_are_sent() {
    let mut w = two_waiting().await;
    let c = rusqlite::Connection::open(w.dir.path().join("forewarn.db")).unwrap();
    assert_eq!(c.execute("UPDATE obligations SET reason = 'boredom' WHERE notification = 1", []).unwrap(), 1);
    drop(c);
    w.restart();
    w.advance(minutes(1)).await;
    let told = w.arrived();
    let at = |who: &str| told.iter().filter(|m| m.contact == who).map(|m| m.text.clone()).collect::<Vec<_>>();
    assert!(at("search/slack").len() == 1 && at("search/slack")[0].contains("db-2"), "{told:#?}");
    assert!(at("operators/webhook").len() == 1 && at("operators/webhook")[0].contains("damaged"), "{told:#?}");
    w.live(minutes(30), minutes(5)).await;
    w.expect_silence();
    assert_eq!(w.ledger("obligations", "dead").await, 1);
}

#[tokio::test]
async fn d15_a_damaged_alert_is_told_to_the_operators_once_and_the_others_are_reminded() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let told = w.arrived();
    assert_eq!(told.len(), 2, "{told:#?}");
    let of = w.alerts().await.into_iter().find(|(a, _)| a.owner == "search").unwrap().0.id;
    let damage = |services: &str| {
        let c = rusqlite::Connection::open(w.dir.path().join("forewarn.db")).unwrap();
        assert_eq!(c.execute("UPDATE alerts SET services = ?2 WHERE id = ?1", (of.0, services)).unwrap(), 1);
    };
    damage("[nonsense");
    w.live(days(30), minutes(360)).await;
    let told = w.arrived();
    let at = |who: &str| told.iter().filter(|m| m.contact == who).map(|m| m.text.clone()).collect::<Vec<_>>();
    assert!(at("billing/webhook").len() == 1 && at("billing/webhook")[0].contains("30 days"), "{told:#?}");
    let operators = at("operators/webhook");
    assert!(operators.len() == 1 && operators[0].contains(&format!("alert #{of} cannot be read")), "{told:#?}");
    assert!(at("search/slack").is_empty(), "{told:#?}");
    // Mended by hand, it is as it was.
    let c = rusqlite::Connection::open(w.dir.path().join("forewarn.db")).unwrap();
    c.execute("UPDATE alerts SET services = '[]' WHERE id = ?1", [of.0]).unwrap();
    w.live(minutes(120), minutes(10)).await;
    w.expect("search/slack", &["30 days"]);
}

#[tokio::test]
async fn d15_a_message_the_process_dies_over_five_times_lets_the_others_go_first_and_is_not_lost() {
    let mut w = two_waiting().await;
    w.mood("slack", Mood::Silent);
    for _ in 0..5 {
        w.die_sending("slack").await;
    }
    let died = w.arrived();
    assert!(died.len() == 5 && died.iter().all(|m| m.text.contains("db-1")), "{died:#?}");
    w.mood("slack", Mood::Well);
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["db-2"]);
    w.live(minutes(20), minutes(1)).await;
    w.expect("search/slack", &["db-1"]);
    assert_eq!(w.ledger("obligations", "dead").await, 0);
}

/// D12: everything is down for a day, and much of it is over when it is up again.
#[tokio::test]
async fn d12_a_day_without_any_channel_ends_in_few_messages_and_none_of_what_is_over() {
    let mut w = World::new().await;
    for of in ["slack", "ops", "billing"] {
        w.mood(of, Mood::Broken);
    }
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let mut open = Vec::new();
    for n in 0..200 {
        let id = format!("e{n}");
        let body = w.shop(&id, "incident.opened", &format!("db-{n}"));
        w.deliver("generic-hmac/shop", &id, &body).await;
        if n % 20 == 0 {
            open.push(n);
        } else {
            let body = w.shop(&format!("{id}-end"), "incident.resolved", &format!("db-{n}"));
            w.deliver("generic-hmac/shop", &format!("{id}-end"), &body).await;
        }
        w.advance(minutes(7)).await;
    }
    assert!(w.arrived().is_empty(), "nothing gets through");
    for of in ["slack", "ops", "billing"] {
        w.mood(of, Mood::Well);
    }
    w.live(minutes(120), minutes(5)).await;
    let told = w.arrived();
    let search: Vec<_> = told.iter().filter(|m| m.contact == "search/slack").collect();
    for n in &open {
        let one = search.iter().filter(|m| m.text.contains(&format!("db-{n} "))).count();
        assert!(one >= 1, "db-{n} is still open and was not told: {search:#?}");
    }
    let over = (0..200).filter(|n| n % 20 != 0);
    let late = over.filter(|n| search.iter().any(|m| m.text.contains(&format!("of db-{n} ")))).count();
    assert_eq!(late, 0, "what is over is not told late");
    assert!(search.len() <= 2 * open.len() + 2, "{} messages after a day", search.len());
    assert!(told.iter().any(|m| m.contact == "billing/webhook" && m.text.contains("gpt-b")), "{told:#?}");
    assert_eq!(w.ledger("obligations", "pending").await, 0);
}

/// D17: the config changes while messages wait and one is on its way.
#[tokio::test]
async fn d17_a_new_config_sends_nothing_again_and_loses_nothing() {
    let mut w = two_waiting().await;
    w.die_sending("slack").await;
    let first = w.expect("search/slack", &["db-1"]);
    let changed = w.config.replace("[owners.search]", "[owners.more]\nwebhook = \"billing\"\n[owners.search]");
    w.restart_with(&changed);
    w.advance(minutes(1)).await;
    let told = w.arrived();
    let texts: Vec<_> = told.iter().map(|m| (m.contact.as_str(), m.text.contains("db-1"))).collect();
    assert_eq!(texts, [("search/slack", true), ("search/slack", false)], "the one that died, once more, and the other");
    assert_ne!(told[0].id, first.id, "Slack has no key: it is another message there");
    let back = w.config.clone();
    for _ in 0..3 {
        w.restart_with(&back);
        w.advance(minutes(5)).await;
    }
    w.expect_silence();
    assert_eq!(w.ledger("obligations", "pending").await, 0);
}
