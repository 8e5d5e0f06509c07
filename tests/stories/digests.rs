//! Digests: what owners hear by schedule, and what they hear nowhere else.

use crate::acme::{Acme, Incident};
use crate::harness::*;
use forewarn::engine::resume::resume;
use forewarn::model::AlertId;
use forewarn::store::sqlite::{back_up, restore};
use jiff::{SignedDuration, Timestamp};

/// Nine on Monday 30 November in New York, where search works.
fn monday() -> Timestamp {
    "2026-11-30T14:00:00Z".parse().unwrap()
}

/// A world whose owners get digests; `more` stands in the section of search.
async fn world(more: &str) -> World {
    let mut w = World::new().await;
    with(&mut w, more).await;
    w
}

async fn with(w: &mut World, more: &str) {
    let config = w
        .config
        .replace("digest = \"off\"\n", "")
        .replace("slack = \"#search\"\n", &format!("slack = \"#search\"\n{more}\n"));
    w.restart_with(&config);
    w.tick().await;
    w.arrived();
}

/// What came to these contacts since the last look, by contact.
fn came(w: &mut World) -> Vec<Arrived> {
    let mut all = w.arrived();
    all.sort_by(|a, b| a.contact.cmp(&b.contact));
    all
}

fn only(w: &mut World, contact: &str) -> Vec<Arrived> {
    came(w).into_iter().filter(|a| a.contact == contact).collect()
}

async fn until(w: &mut World, at: Timestamp) {
    let left = at.duration_since(w.now());
    w.live(left, minutes(60)).await;
}

#[tokio::test]
async fn a_quiet_week_says_so_on_monday_at_nine_of_each_owner() {
    let mut w = world("").await;
    until(&mut w, monday() - minutes(1)).await;
    // Nine in UTC came first.
    let early = came(&mut w);
    assert_eq!(early.iter().map(|a| a.contact.as_str()).collect::<Vec<_>>(), ["billing/webhook", "operators/webhook"]);
    assert!(early.iter().all(|a| a.at.to_string().starts_with("2026-11-30T09:")), "{early:#?}");
    w.advance(minutes(1)).await;
    let one = w.expect("search/slack", &["Nothing of yours ends within 90 days. All 1 sources read", "Nothing to do."]);
    assert!(one.text.contains("The next digest comes Mon 7 Dec 09:00 EST"), "{one:?}");
    assert_eq!(one.thread, None);
    w.live(days(6), minutes(360)).await;
    w.expect_silence();
}

#[tokio::test]
async fn weeks_of_downtime_are_one_digest_and_a_restart_sends_none_twice() {
    let mut w = world("").await;
    w.pass(days(36));
    for _ in 0..3 {
        w.tick().await;
        w.restart();
    }
    let all = came(&mut w);
    assert_eq!(all.len(), 3, "{all:#?}");
    w.live(days(3), minutes(720)).await;
    w.expect_silence();

    let mut w = World::restarting().await;
    with(&mut w, "").await;
    w.live(days(15), minutes(180)).await;
    let got = only(&mut w, "search/slack");
    assert_eq!(got.len(), 2, "two Mondays, killed after every job: {got:#?}");
}

#[tokio::test]
async fn a_digest_whose_answer_was_lost_is_sent_once_more_with_the_same_key() {
    let mut w = world("").await;
    w.mood("billing", Mood::Forgetful);
    w.live(days(7), minutes(60)).await;
    w.mood("billing", Mood::Well);
    w.live(days(2), minutes(60)).await;
    let got = only(&mut w, "billing/webhook");
    assert!(got.len() > 1 && got.iter().all(|a| a.id == got[0].id), "{got:#?}");
}

#[tokio::test]
async fn what_only_staging_uses_stays_in_the_digest_until_two_weeks_before() {
    let mut w = World::new().await;
    let config = w.config.replace(
        "[services.invoices]",
        "[services.trial]\nowner = \"billing\"\nenv = \"staging\"\nuses = [\"openai:gpt-t\"]\n[services.invoices]",
    );
    w.config = config;
    with(&mut w, "").await;
    w.page(&[("gpt-t", day(60)), ("gpt-late", day(200)), ("gpt-far", day(700))]);
    w.live(days(6), minutes(360)).await;
    w.expect_silence();
    w.live(days(1), minutes(60)).await;
    let first = &only(&mut w, "billing/webhook")[0];
    for words in [
        "1 of yours ends within 90 days, 1 without an answer: gpt-t",
        "staging only",
        "No answer yet, reminder Fri 8 Jan",
    ] {
        assert!(first.text.contains(words), "{words:?} is not in {first:#?}");
    }
    w.ack(AlertId(1), Some(day(30))).await;
    w.live(days(7), minutes(360)).await;
    let second = &only(&mut w, "billing/webhook")[0];
    assert!(second.text.contains("Answered: plan Wed 23 Dec 2026 (mei)"), "{second:#?}");
    w.live(days(32), minutes(360)).await;
    let got = only(&mut w, "billing/webhook");
    assert!(got.iter().any(|a| a.text.contains("14 days")), "its ladder begins: {got:#?}");
}

#[tokio::test]
async fn small_incidents_are_told_in_the_digest_of_those_they_touch_and_nowhere_else() {
    let mut a = Acme::known().await;
    a.w.restart_with(&a.w.config.replace("digest = \"off\"\n", ""));
    a.incidents.push(Incident::new("inc1", "minor", a.w.now()));
    a.serve();
    a.poll().await;
    a.w.expect_silence();
    a.incidents[0].say("resolved", "over", a.w.now());
    a.serve();
    a.w.live(days(7), minutes(60)).await;
    let got = only(&mut a.w, "search/slack");
    assert_eq!(got.len(), 1, "{got:#?}");
    assert!(got[0].text.contains("Small incidents since Mon 23 Nov, told here only:"), "{got:#?}");
    assert!(got[0].text.contains("Errors inc1"), "{got:#?}");
    a.w.live(days(7), minutes(60)).await;
    let next = only(&mut a.w, "search/slack");
    assert!(!next[0].text.contains("Errors inc1"), "what was told is no news: {next:#?}");
}

#[tokio::test]
async fn those_who_run_it_hear_what_nobody_uses_and_what_could_not_be_read() {
    let mut w = world("").await;
    w.page(&[("gpt-idle", day(40)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.answer(503, "");
    w.live(days(6), minutes(60)).await;
    let all = came(&mut w);
    let ops = all.iter().rfind(|a| a.contact == "operators/webhook" && a.text.contains("Nothing of yours")).unwrap();
    for words in [
        "gpt-idle",
        "no service uses it",
        "1 endings within 90 days",
        "0 of 1 sources read",
        "openai/deprecations since",
    ] {
        assert!(ops.text.contains(words), "{words:?} is not in {ops:#?}");
    }
    let search = all.iter().find(|a| a.contact == "search/slack").unwrap();
    assert!(search.text.contains("0 of 1 sources read; unread: openai/deprecations"), "never all clear: {search:#?}");
    assert!(!search.text.contains("gpt-idle"), "{search:#?}");
}

#[tokio::test]
async fn an_owner_has_a_schedule_of_its_own_or_none_and_a_deputy_reads_it() {
    let away =
        "digest = \"30 8 * * 1-5\"\naway = [{ from = \"2026-11-25\", until = \"2026-11-26\", deputy = \"billing\" }]";
    let mut w = world(away).await;
    w.live(days(4), minutes(30)).await;
    let got = came(&mut w);
    let told: Vec<(String, String)> = got.iter().map(|a| (a.contact.clone(), a.at.to_string())).collect();
    let at = |contact: &str, day: u8| (contact.to_owned(), format!("2026-11-{day}T13:30:00Z"));
    let want = [at("billing/webhook", 25), at("billing/webhook", 26), at("search/slack", 24), at("search/slack", 27)];
    assert_eq!(told, want);

    let mut w = world("digest = \"off\"").await;
    w.live(days(15), minutes(360)).await;
    assert_eq!(only(&mut w, "search/slack"), []);
}

#[tokio::test]
async fn quiet_hours_put_a_digest_off_and_shadow_mode_gives_it_to_the_operators() {
    let mut w = world("digest = \"0 5 * * *\"\nquiet = \"22:00-07:00\"").await;
    w.live(days(1), minutes(30)).await;
    let got = only(&mut w, "search/slack");
    assert_eq!(got.len(), 1, "{got:#?}");
    assert_eq!(got[0].at.to_string(), "2026-11-24T12:00:00Z", "seven in New York");

    let mut w = World::new().await;
    w.config = format!("mode = \"shadow\"\n{}", w.config);
    with(&mut w, "").await;
    w.live(days(7), minutes(60)).await;
    let all = came(&mut w);
    assert_eq!(
        all.iter().filter(|a| a.text.contains("Shadow, meant for search/slack (#search)")).count(),
        1,
        "{all:#?}"
    );
    assert!(all.iter().all(|a| a.contact == "operators/webhook" || a.text.contains("Shadow")), "{all:#?}");
}

#[tokio::test]
async fn a_doubted_clock_and_a_restored_copy_hold_digests_like_all_else() {
    let mut w = world("").await;
    w.jump(days(90));
    w.live(days(8), minutes(360)).await;
    let all = w.arrived();
    assert!(all.iter().all(|a| a.contact == "operators/webhook" && a.text.contains("the clock jumped")), "{all:#?}");
    w.jump(days(-90));
    w.tick().await;
    assert_eq!(came(&mut w).iter().filter(|a| !a.text.contains("the clock is right again")).count(), 3);

    let mut w = world("").await;
    let copy = w.dir.path().join("copy.db");
    back_up(&w.dir.path().join("forewarn.db"), &copy, w.now()).unwrap();
    let put_back = w.dir.path().join("put-back");
    std::fs::create_dir(&put_back).unwrap();
    restore(&copy, &put_back.join("forewarn.db"), w.now()).unwrap();
    w.cx.store = std::sync::Arc::new(forewarn::store::sqlite::Sqlite::open(&put_back.join("forewarn.db")).unwrap());
    w.live(days(8), SignedDuration::from_hours(6)).await;
    w.expect_silence();
    let seen = resume(&w.cx, "mei", true, w.now()).await.unwrap();
    let about: Vec<&str> = seen.messages.iter().flat_map(|m| m.about.iter().map(String::as_str)).collect();
    assert!(about.contains(&"digest for search"), "{seen:?}");
    w.tick().await;
    assert_eq!(only(&mut w, "search/slack").len(), 1);
}
