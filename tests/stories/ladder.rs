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
    let first = w.expect("search/slack", &["60 days"]);
    assert!(!first.text.contains(";  is told"), "a lead whom nobody named is told nothing: {}", first.text);
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

/// C11: a quarter begins on its first day, whatever day of it is meant.
#[tokio::test]
async fn a_whole_quarter_is_counted_to_its_first_day_and_called_a_quarter() {
    let mut w = World::new().await;
    w.tick().await;
    w.answer(200, &markdown("Upcoming", &[("gpt-x", day(40))]).replace(&day(40).to_string(), "Q2 2027"));
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-x shuts down from Q2 2027", "only the quarter is given"]);
    // Ninety days before the first of April is New Year, sixty days the last of January.
    for at in ["2027-01-01T14:01:00Z", "2027-01-31T14:01:00Z"] {
        let rung: jiff::Timestamp = at.parse().unwrap();
        w.live(rung.duration_since(w.now()) - minutes(2), minutes(360)).await;
        w.expect_silence();
        w.advance(minutes(2)).await;
        assert_eq!(w.expect("search/slack", &["from Q2 2027", "days or more"]).at, rung);
    }
}

/// C11: a floor is a floor before and after its day.
#[tokio::test]
async fn a_date_before_which_nothing_ends_is_never_worded_as_an_end() {
    let mut w = World::new().await;
    w.tick().await;
    let floor = format!("not sooner than {}", day(60));
    w.answer(200, &markdown("Upcoming", &[("gpt-x", day(60))]).replace(&day(60).to_string(), &floor));
    w.advance(days(1)).await;
    w.expect(
        "search/slack",
        &["not before Fri 22 Jan 2027 (59 days or more)", "earliest possible date, not a promise"],
    );
    w.live(days(58), minutes(360)).await;
    let rungs = w.arrived();
    assert!(rungs.iter().all(|m| m.text.contains("not before Fri 22 Jan 2027")), "{rungs:#?}");
    assert!(rungs.last().unwrap().text.contains("tomorrow at the earliest"), "{rungs:#?}");
    w.live(days(1), minutes(360)).await;
    let on_the_day = w.expect("search/slack", &["not before Fri 22 Jan 2027 (today at the earliest)"]);
    assert!(!on_the_day.text.contains("shut down "), "{on_the_day:#?}");
}

#[test]
fn route_prints_every_step_with_its_date_and_whom_it_tells() {
    let now = forewarn::clock::Clock::now(&forewarn::clock::SystemClock);
    let today = now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let on = today.saturating_add(jiff::Span::new().days(100));
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("forewarn.toml");
    let text = r#"
[email]
smtp = "smtp+plain://127.0.0.1:25"
from = "forewarn@example.com"
[owners.platform]
console = true
[owners.search]
email = "search@example.com"
lead = "ravi@example.com"
zone = "Europe/Berlin"
[services.bot]
owner = "search"
uses = ["openai:gpt-x"]
"#;
    std::fs::write(&config, text).unwrap();
    let event = serde_json::json!({"kind": "deprecation", "provider": "openai", "title": "gpt-x shuts down",
        "matter": "openai:gpt-x", "subjects": [{"platform": "openai", "type": "model", "id": "gpt-x"}],
        "deadline": {"date": on.to_string(), "at": null, "precision": "day", "firmness": "firm", "zone": null, "text": "x", "revision": 1}});
    let file = dir.path().join("event.json");
    std::fs::write(&file, event.to_string()).unwrap();
    let route = |more: &[&str]| {
        let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_forewarn"));
        c.args(["route", file.to_str().unwrap(), "--config", config.to_str().unwrap()]).args(more);
        let out = c.arg("--data").arg(dir.path().join("data")).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let text = route(&[]);
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("search: "), "{text}");
    for (days_before, tells) in [
        (90, "search"),
        (60, "search"),
        (30, "search"),
        (14, "search"),
        (7, "search, ravi@example.com (lead)"),
        (3, "search, ravi@example.com (lead)"),
        (1, "search, ravi@example.com (lead)"),
        (0, "search, ravi@example.com (lead)"),
    ] {
        let date = on.saturating_sub(jiff::Span::new().days(days_before)).strftime("%a %d %b %Y").to_string();
        let step = format!("{days_before}d");
        let line = text.lines().find(|l| l.split_whitespace().any(|w| w == step)).unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains(&date) && line.contains("09:00 CE") && line.trim_end().ends_with(tells), "{line}");
    }
    assert!(text.contains("now") && text.contains("daily after, while used"), "{text}");
    let v: serde_json::Value = serde_json::from_str(&route(&["--json"])).unwrap();
    assert_eq!(v["told"][0]["steps"].as_array().unwrap().len(), 10, "at once, eight rungs, daily");
}
