//! What ends, who hears of it, and when.

use crate::harness::*;
use forewarn::model::{AlertState, Change, Stage};
use jiff::tz::TimeZone;

#[tokio::test]
async fn a_baseline_is_one_list_and_what_ends_in_two_weeks_goes_alone_too() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(7)), ("gpt-unused", day(5))]);
    w.tick().await;
    let all = w.arrived();
    assert_eq!(all.len(), 2, "{all:#?}");
    let alone = all.iter().find(|m| !m.text.contains("2 of yours")).unwrap();
    let list = all.iter().find(|m| m.text.contains("2 of yours")).unwrap();
    assert!(list.text.find("gpt-y").unwrap() < list.text.find("gpt-x").unwrap(), "soonest first");
    assert!(alone.text.contains("gpt-y") && !alone.text.contains("gpt-x"), "what is close goes alone too");
    assert_eq!((&list.thread, &alone.thread), (&None, &None), "neither hides in the other's thread");
    assert!(all.iter().all(|m| m.contact == "search/slack" && !m.text.contains("gpt-unused")));
    w.live(days(1), minutes(30)).await;
    w.expect_silence();
}

#[tokio::test]
async fn what_is_far_away_at_baseline_waits_for_its_first_rung() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(200))]);
    w.tick().await;
    w.live(days(109), days(1)).await;
    w.expect_silence();
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x", "90 days"]);
}

#[tokio::test]
async fn what_had_ended_before_we_first_looked_is_no_news() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(-3)), ("gpt-far", day(700))]);
    w.tick().await;
    w.advance(days(2)).await;
    w.expect_silence();
    assert_eq!(w.events().await[0].1, "past_at_baseline");
}

#[tokio::test]
async fn a_row_that_appears_later_is_announced_alone() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["gpt-x", "60 days"]);
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(200))]);
    w.advance(days(1)).await;
    let m = w.expect("search/slack", &["gpt-y", "199 days"]);
    assert!(!m.text.contains("gpt-x"), "{m:?}");
    assert_eq!(m.thread, None, "it is a conversation of its own");
}

#[tokio::test]
async fn a_moved_date_is_one_message_in_its_thread_and_the_ladder_begins_anew() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let first = w.expect("search/slack", &["60 days"]);
    w.advance(days(30)).await;
    assert_eq!(w.expect("search/slack", &["30 days"]).thread, Some(first.id.clone()));
    w.page(&[("gpt-x", day(121))]);
    w.advance(days(1)).await;
    w.expect_silence();
    w.advance(minutes(12)).await;
    let moved = w.expect("search/slack", &["Moved later", "90 days"]);
    assert_eq!(moved.thread, Some(first.id.clone()));
    // 60 and 30 were told for the old date; they come again for the new one.
    w.live(days(29), days(1)).await;
    w.expect_silence();
    w.advance(days(1)).await;
    assert_eq!(w.expect("search/slack", &["60 days"]).thread, Some(first.id.clone()));
    w.advance(days(30)).await;
    w.expect("search/slack", &["30 days"]);
    // A, B, A are three events.
    w.page(&[("gpt-x", day(60))]);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    let changes: Vec<_> = w.events().await.iter().map(|(e, _)| e.event.change).collect();
    assert_eq!(changes, [Some(Change::Announced), Some(Change::Moved), Some(Change::Moved)]);
}

#[tokio::test]
async fn a_model_nobody_uses_tells_nobody_and_is_in_the_calendar() {
    let mut w = World::new().await;
    w.tick().await;
    w.page(&[("gpt-far", day(700)), ("gpt-unused", day(5))]);
    w.live(days(10), days(1)).await;
    w.expect_silence();
    let (event, routing) = w.events().await.pop().unwrap();
    assert_eq!((event.event.title.contains("gpt-unused"), routing.as_str()), (true, "unused"));
    let row = w.calendar().await.into_iter().find(|d| d.id == "openai:gpt-unused").unwrap();
    assert_eq!((row.used, row.shutdown_on), (Some(false), Some(day(5))));
}

#[tokio::test]
async fn two_services_of_one_owner_are_one_message_that_names_both() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["support-bot", "rerank-batch"]);
    assert_eq!(w.alerts().await.len(), 1);
}

#[tokio::test]
async fn every_rung_comes_once_on_its_civil_day_whatever_restarts() {
    let mut w = World::new().await;
    let (deadline, zone) = (day(120), TimeZone::get("America/New_York").unwrap());
    w.tick().await;
    w.page(&[("gpt-far", day(700)), ("gpt-x", deadline)]);
    // The 23 hours make every time of the day come by; winter time ends on the way.
    while w.now().duration_since(start()) < days(124) {
        w.advance(minutes(23 * 60)).await;
        w.restart();
    }
    let local = |m: &Arrived| m.at.to_zoned_datetime(zone.clone());
    let told: Vec<i32> = w
        .arrived()
        .iter()
        .map(|m| {
            assert_eq!(m.contact, "search/slack");
            local(m).date().until(deadline).unwrap().get_days()
        })
        .collect();
    // A rung is due at nine: where no tick falls between nine and midnight it comes on the next.
    assert_eq!(told.len(), 9, "{told:?}");
    for (told, rung) in told.iter().zip([119, 90, 60, 30, 14, 7, 3, 1, 0]) {
        assert!((rung - 1..=rung).contains(told), "{told} for {rung}");
    }
    assert_eq!(w.ledger("obligations", "delivered").await, 9);
}

#[tokio::test]
async fn thirty_days_of_downtime_are_one_message() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(35)), ("gpt-y", day(200))]);
    w.tick().await;
    w.expect("search/slack", &["gpt-x", "35 days"]);
    // 30, 14 and 7 pass while nobody runs.
    w.pass(days(30));
    w.restart();
    w.tick().await;
    w.expect("search/slack", &["gpt-x", "5 days"]);
    w.live(days(1), minutes(60)).await;
    w.expect_silence();
    w.advance(days(1)).await;
    w.expect("search/slack", &["3 days"]);
}

#[tokio::test]
async fn a_date_that_passed_in_the_dark_is_told_as_passed() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(35))]);
    w.tick().await;
    w.arrived();
    w.pass(days(40));
    w.restart();
    w.tick().await;
    w.expect("search/slack", &["5 days ago"]);
}

#[tokio::test]
async fn a_plan_keeps_quiet_until_its_day_but_for_the_last_rungs() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    let alert = w.alerts().await[0].0.id;
    w.ack(alert, Some(day(50))).await;
    w.tick().await;
    w.expect("search/slack", &["mei acknowledged, plan Tue 12 Jan 2027"]);
    w.live(days(49), days(1)).await;
    w.expect_silence();
    assert_eq!(w.alerts().await[0].0.state, AlertState::Acknowledged);
    w.live(days(11), days(1)).await;
    let told = w.arrived();
    let lead = |m: &Arrived| ["7 days", "3 days", "tomorrow", "today"].into_iter().find(|l| m.text.contains(l));
    assert_eq!(
        told.iter().map(lead).collect::<Vec<_>>(),
        [Some("7 days"), Some("3 days"), Some("tomorrow"), Some("today")]
    );
    assert!(told[0].text.contains("mei"), "the answer is repeated: {}", told[0].text);

    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let alert = w.alerts().await[0].0.id;
    w.ack(alert, Some(day(60))).await;
    w.tick().await;
    w.arrived();
    w.live(days(60), days(1)).await;
    let told = w.arrived();
    assert_eq!(told.iter().map(lead).collect::<Vec<_>>(), [Some("tomorrow"), Some("today")], "a plan for the last day");
}

#[tokio::test]
async fn a_date_moved_earlier_voids_a_plan() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let alert = w.alerts().await[0].0.id;
    w.ack(alert, Some(day(55))).await;
    w.tick().await;
    w.arrived();
    w.page(&[("gpt-x", day(40))]);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect("search/slack", &["Moved earlier"]);
    w.advance(days(9)).await;
    w.expect("search/slack", &["30 days"]);
}

#[tokio::test]
async fn what_the_provider_lists_as_past_closes_its_alert() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(2)), ("gpt-far", day(700))]);
    w.tick().await;
    w.live(days(3), days(1)).await;
    w.arrived();
    w.answer(200, &markdown("Past deprecations", &[("gpt-x", day(2)), ("gpt-far", day(700))]));
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x shut down", "lists it as ended"]);
    let (alert, matter) = w.alerts().await.remove(0);
    assert_eq!(matter.stage, Stage::Retired);
    assert_eq!(alert.state, AlertState::Resolved);
    w.live(days(3), days(1)).await;
    w.expect_silence();
}
