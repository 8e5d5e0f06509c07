//! Cases of time and of people (C and W) that no other story holds. Which test holds which case: `tests/cases.rs`.

use crate::harness::*;
use forewarn::engine::act::act;
use forewarn::engine::pin::Truth;
use forewarn::engine::remind::Reminder;
use forewarn::model::{Act, Action, AlertState, By, Via};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// `gpt-x` ends in 60 days, and search was told so.
async fn told() -> World {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    w
}

/// Lives until a moment in steps, and then two minutes around it.
async fn up_to(w: &mut World, rung: Timestamp) {
    w.live(rung.duration_since(w.now()) - minutes(1), minutes(360)).await;
    w.expect_silence();
    w.advance(minutes(2)).await;
}

#[tokio::test]
async fn c8_another_zone_moves_what_is_to_come_and_repeats_nothing() {
    let mut w = told().await;
    let config = w.config.replace("America/New_York", "Asia/Tokyo");
    w.restart_with(&config);
    w.advance(minutes(1)).await;
    w.expect_silence();
    up_to(&mut w, at("2026-12-23T00:00:00Z")).await;
    w.expect("search/slack", &["30 days"]);
    let config = w.config.replace("Asia/Tokyo", "America/New_York");
    w.restart_with(&config);
    up_to(&mut w, at("2027-01-08T14:00:00Z")).await;
    w.expect("search/slack", &["14 days"]);
}

#[tokio::test]
async fn c10_a_day_is_the_same_day_for_both_ends_of_the_world() {
    let mut w = World::new().await;
    let mut config = w.config.replace("[owners.billing]\nwebhook = \"billing\"", "");
    config = config.replace("[services.invoices]\nowner = \"billing\"", "[services.invoices]\nowner = \"search\"");
    for (name, zone) in [("east", "Pacific/Kiritimati"), ("west", "Pacific/Niue")] {
        config += &format!(
            "[owners.{name}]\nwebhook = \"billing\"\nzone = \"{zone}\"\n[services.of-{name}]\nowner = \"{name}\"\nuses = [\"openai:gpt-w\"]\n"
        );
    }
    w.restart_with(&config);
    w.page(&[("gpt-w", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    // Nine o'clock on Thursday the 21st of January there; the day itself begins in Kiritimati at ten of the 21st, UTC.
    let mut last = Vec::new();
    while w.now() < at("2027-01-22T12:00:00Z") {
        w.advance(minutes(60)).await;
        for m in w.arrived() {
            assert!(m.text.contains("2027-01-22") && m.text.contains("Fri 22 Jan 2027"), "{m:#?}");
            if m.text.contains("(tomorrow)") {
                last.push((m.contact, m.at.to_string()));
            }
        }
    }
    let of = |who: &str, when: &str| (format!("{who}/webhook"), when.to_owned());
    assert_eq!(last, [of("east", "2027-01-20T19:00:00Z"), of("west", "2027-01-21T20:00:00Z")]);
}

#[tokio::test]
async fn c12_what_fell_due_while_the_machine_slept_comes_with_the_first_look() {
    let mut w = told().await;
    w.live(at("2026-12-23T10:00:00Z").duration_since(w.now()), minutes(360)).await;
    w.expect_silence();
    // Eight hours of sleep, which the boot clock counts, over nine o'clock in New York.
    w.pass(minutes(8 * 60));
    w.tick().await;
    w.expect("search/slack", &["30 days"]);
    w.live(days(2), minutes(360)).await;
    w.expect_silence();
    assert!(w.status().await.healthy, "sleep is no jump");
}

#[tokio::test]
async fn c13_a_thousand_reminders_of_one_minute_are_two_messages() {
    let mut w = World::new().await;
    let config = w.config.replace("uses = [\"openai:gpt-x\"]", "uses = [\"openai:*\"]");
    w.restart_with(&config);
    let names: Vec<String> = (0..1_000).map(|n| format!("gpt-of-{n}")).collect();
    let rows: Vec<(&str, jiff::civil::Date)> = names.iter().map(|n| (n.as_str(), day(40))).collect();
    w.page(&rows);
    // Five hundred are looked at in one go; what belongs together stands in one thread.
    for (pause, words) in [(0, "within 40 days"), (10, "within 30 days")] {
        w.pass(days(pause));
        w.tick().await;
        let told = w.arrived();
        assert!(told.len() == 2 && told.iter().all(|m| m.contact == "search/slack"), "{} messages", told.len());
        assert!(told.iter().all(|m| m.text.contains("500 of yours") && m.text.contains(words)), "{told:#?}");
    }
    assert_eq!(w.ledger("obligations", "delivered").await, 2_000);
}

#[tokio::test]
async fn c16_a_date_that_moves_over_several_rungs_is_one_message_that_says_how_near_it_is() {
    let mut w = told().await;
    w.pin("openai:gpt-x", Truth::Ends(day(5))).await.unwrap();
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["Moved earlier", "(5 days)", "was Fri 22 Jan 2027"]);
    w.live(days(1), minutes(60)).await;
    w.expect_silence();
    w.live(days(1), minutes(60)).await;
    w.expect("search/slack", &["3 days"]);
}

#[tokio::test]
async fn c20_a_leap_second_the_year_9999_and_a_time_before_all_clocks_are_stored_and_break_nothing() {
    let mut w = World::new().await;
    for (n, time) in ["2016-12-31T23:59:60Z", "9999-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "-000001-01-01T00:00:00Z"]
        .into_iter()
        .enumerate()
    {
        let id = format!("e{n}");
        let body = w.shop(&id, "incident.opened", &format!("db-{n}")).replace(&w.now().to_string(), time);
        assert!(body.contains(time), "{body}");
        assert_eq!(w.deliver("generic-hmac/shop", &id, &body).await, 200, "{time}");
        w.advance(minutes(1)).await;
    }
    w.live(days(3), minutes(360)).await;
    assert_eq!(w.ledger("payloads", "pending").await, 0);
    assert_eq!(w.ledger("obligations", "pending").await, 0);
    w.page(&[("gpt-x", "9999-12-31".parse().unwrap()), ("gpt-y", day(60))]);
    w.advance(days(1)).await;
    assert!(w.arrived().iter().any(|m| m.text.contains("gpt-y")), "the row beside it is read");
}

/// Whoever is first on disk wins, and the other sees it.
#[tokio::test]
async fn w3_an_answer_and_a_rung_of_the_same_moment_have_one_outcome() {
    let mut seen = [0, 0];
    for round in 0..8 {
        let mut w = told().await;
        let alert = w.alerts().await[0].0.id;
        w.live(at("2026-12-23T13:59:00Z").duration_since(w.now()), minutes(360)).await;
        w.expect_silence();
        w.pass(minutes(1));
        let by = By { who: "mei".into(), via: Via::Cli };
        let answer =
            Act { alert, episode: None, action: Action::Acknowledge { note: None, plan_on: Some(day(58)) }, by };
        let reminder = Reminder { cx: w.cx.clone() };
        let (now, cx) = (w.now(), w.cx.clone());
        if round % 2 == 0 {
            let (acted, looked) = tokio::join!(act(&cx, answer, now), reminder.tick(now));
            acted.unwrap();
            looked.unwrap();
        } else {
            let (looked, acted) = tokio::join!(reminder.tick(now), act(&cx, answer, now));
            acted.unwrap();
            looked.unwrap();
        }
        w.advance(minutes(1)).await;
        let told = w.arrived();
        let rungs = told.iter().filter(|m| m.text.contains("30 days") && !m.text.contains('✋')).count();
        let words = told
            .iter()
            .filter(|m| m.text.contains("mei acknowledged") || m.text.contains("mei (cli) acknowledged"))
            .count();
        assert!(rungs <= 1 && words == 1, "{told:#?}");
        assert_eq!(w.alerts().await[0].0.state, AlertState::Acknowledged, "the answer holds");
        seen[rungs] += 1;
        w.live(days(16), minutes(360)).await;
        w.expect_silence();
    }
    println!("without the rung {}, with it {}", seen[0], seen[1]);
}

/// A rung that a new ladder has, and one that a holiday moves, though the alert was to be looked at later.
#[tokio::test]
async fn a_changed_ladder_or_calendar_counts_for_what_is_open() {
    let mut w = told().await;
    let ours = "[policies.deprecation]\nsteps = [{ at = \"50d before\" }, { at = \"30d before\" }]\n";
    let config = format!("{}{ours}", w.config);
    w.restart_with(&config);
    up_to(&mut w, at("2026-12-03T14:00:00Z")).await;
    w.expect("search/slack", &["50 days"]);
    let config =
        w.config.replace("zone = \"America/New_York\"", "zone = \"America/New_York\"\nholidays = [\"2026-12-23\"]");
    w.restart_with(&config);
    up_to(&mut w, at("2026-12-22T14:00:00Z")).await;
    w.expect("search/slack", &["31 days"]);
    w.live(days(3), minutes(360)).await;
    w.expect_silence();
}
