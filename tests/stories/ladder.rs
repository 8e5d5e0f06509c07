//! When reminders come: hours, holidays, absences, quiet nights, staging, whole months, ladders of one's own.

use crate::harness::*;

/// A world whose search team has these keys too.
async fn with(keys: &str) -> World {
    let mut w = World::new().await;
    let config = w.config.replace("zone = \"America/New_York\"", &format!("zone = \"America/New_York\"\n{keys}"));
    w.restart_with(&config);
    w
}

/// `gpt-x` ends on Friday 22 January 2027, and search was told so.
async fn told(keys: &str) -> World {
    let mut w = with(keys).await;
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    w
}

#[tokio::test]
async fn a_reminder_for_a_day_off_comes_as_the_working_day_before_begins() {
    let mut w = told("hours = \"mon-fri 08:00-16:00\"\nholidays = [\"2026-12-23\", \"2026-12-22\"]").await;
    // Its day is Wednesday the 23rd; Monday the 21st is the last one before that people work.
    w.live(days(28) - minutes(121), minutes(240)).await;
    w.expect_silence();
    w.advance(minutes(2)).await;
    let m = w.expect("search/slack", &["32 days"]);
    assert_eq!(m.at.to_string(), "2026-12-21T13:01:00Z", "eight o'clock in New York");
    w.live(days(10), minutes(240)).await;
    w.expect_silence();
}

#[tokio::test]
async fn who_stands_in_hears_while_the_owner_is_away() {
    let away = "away = [{ from = \"2026-12-20\", until = \"2027-01-03\", deputy = \"billing\" }]";
    let mut w = told(away).await;
    w.live(days(30), minutes(240)).await;
    w.expect("billing/webhook", &["30 days", "gpt-x"]);
    w.live(days(16), minutes(240)).await;
    w.expect("search/slack", &["14 days"]);
}

#[tokio::test]
async fn a_quiet_night_holds_a_message_until_morning() {
    let mut w = told("quiet = \"22:00-07:00\"").await;
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(90)), ("gpt-far", day(700))]);
    // Eleven at night there, a quarter past three, and seven.
    for (hours, speaks) in [(13, false), (4, false), (4, true)] {
        w.advance(minutes(60 * hours)).await;
        if speaks {
            w.expect("search/slack", &["gpt-y"]);
        } else {
            w.expect_silence();
        }
    }
}

#[tokio::test]
async fn what_only_staging_uses_is_said_fourteen_days_before() {
    let mut w = World::new().await;
    let config = w.config.replace("owner = \"search\"\nuses", "owner = \"search\"\nenv = \"staging\"\nuses");
    w.restart_with(&config);
    w.tick().await;
    w.page(&[("gpt-x", day(40)), ("gpt-far", day(700))]);
    w.live(days(25), minutes(360)).await;
    w.expect_silence();
    w.live(days(1), minutes(60)).await;
    w.expect("search/slack", &["14 days", "gpt-x"]);
}

#[tokio::test]
async fn a_whole_month_is_counted_to_its_first_day() {
    let mut w = World::new().await;
    w.tick().await;
    w.answer(200, &markdown("Upcoming", &[("gpt-x", day(40))]).replace(&day(40).to_string(), "February 2027"));
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x"]);
    // Sixty days before the first of February is the third of December, thirty days Saturday the second of January.
    for (days_on, at) in [(9, "2026-12-03T14:01:00Z"), (30, "2027-01-02T14:01:00Z")] {
        let rung: jiff::Timestamp = at.parse().unwrap();
        w.live(rung.duration_since(w.now()) - minutes(2), minutes(360)).await;
        w.expect_silence();
        w.advance(minutes(2)).await;
        assert_eq!(w.expect("search/slack", &["gpt-x"]).at, rung, "{days_on} days on");
    }
}

#[tokio::test]
async fn a_ladder_of_ones_own_tells_whom_it_names_and_goes_on_after_an_answer_where_it_says_so() {
    let mut w = World::new().await;
    let policy = r#"
[policies.ours]
steps = [{ at = "20d before", tell = ["billing/webhook"] }, { at = "10d before", tell = ["owner"], after_ack = true }, { at = "5d before" }]
[[routes]]
name = "to ours"
match = { provider = "openai" }
policy = "ours"
"#;
    let config = format!("{}{policy}", w.config);
    w.restart_with(&config);
    w.tick().await;
    w.page(&[("gpt-x", day(40)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x"]);
    w.live(days(19), minutes(360)).await;
    w.expect("billing/webhook", &["20 days"]);
    let alert = w.alerts().await[0].0.id;
    w.ack(alert, Some(day(39))).await;
    w.advance(minutes(1)).await;
    w.arrived();
    w.live(days(10), minutes(360)).await;
    w.expect("search/slack", &["10 days"]);
    w.live(days(8), minutes(360)).await;
    w.expect_silence();
}
