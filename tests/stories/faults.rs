//! The fault corpus: what pages and feeds do wrong (P1-P22), each over real HTTP. No false recovery, no invented incident,
//! no storm. More of pages that changed (P19) stands in `pages.rs`.

use crate::acme::*;
use crate::harness::*;
use forewarn::model::{Change, Kind, Stage};
use forewarn::store::SourceHealth;

async fn health(a: &Acme) -> SourceHealth {
    let s = a.w.status().await;
    s.sources.iter().find(|s| s.id.as_str() == "acme/status").unwrap().health
}

/// During an open incident the page turns bad for hours: one word to the operators, none of recovery.
async fn bad_while_open(script: Script, expected: SourceHealth, words: &str) {
    let mut a = Acme::broken().await;
    a.w.script(STATUS, script.clone());
    a.w.script(HISTORY, script);
    a.polls(60).await;
    let told = a.w.arrived();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contact == "operators/webhook" && told[0].text.contains(words), "{told:#?}");
    assert!(told[0].text.contains("not \\\"all clear\\\"") || told[0].text.contains("all clear"), "{told:#?}");
    assert_eq!((health(&a).await, a.stage("acme:incident/inc1").await), (expected, Stage::Open));
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
    // It answers again, and the incident is still open.
    a.serve();
    a.polls(20).await;
    let told = a.w.arrived();
    assert!(told.len() == 1 && told[0].text.contains("read again"), "{told:#?}");
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
}

fn page(status: u16, body: &str) -> Script {
    Script { status, body: body.into(), ..Script::default() }
}

#[tokio::test]
async fn p1_a_page_that_fails_during_an_incident_is_stale_and_the_incident_stays_open() {
    for status in [500, 502, 503] {
        bad_while_open(page(status, "oops"), SourceHealth::Stale, &status.to_string()).await;
    }
}

#[tokio::test]
async fn p1_a_connection_that_breaks_during_an_incident_is_no_recovery() {
    bad_while_open(Script { cut: true, ..page(200, "{\"page\":") }, SourceHealth::Stale, "acme/status").await;
}

#[tokio::test]
async fn p2_a_web_page_with_status_200_is_unreadable_and_kept_as_a_sample() {
    bad_while_open(page(200, "<!doctype html><title>Are you human?</title>"), SourceHealth::Unreadable, "HTML").await;
    let mut a = Acme::known().await;
    a.answer(STATUS, 200, "<!doctype html><title>Sign in</title>");
    a.polls(10).await;
    let kept = a.w.status().await.unrecognized;
    assert_eq!(kept.len(), 1, "one sample, not one for each poll: {kept:?}");
}

#[tokio::test]
async fn p3_json_of_another_shape_is_unreadable_and_never_operational() {
    let empty = r#"{"page":{"name":"Acme"},"status":{"indicator":"none"},"components":[],"incidents":[],"scheduled_maintenances":[]}"#;
    let wrong = r#"{"page":{"name":"Acme"},"status":{},"components":"none","incidents":{}}"#;
    let other =
        r#"{"page":{"name":"Other"},"status":{},"components":[{"id":"api","status":"operational"}],"incidents":[]}"#;
    for body in ["{}", "[]", "null", "\"ok\"", "", "{\"status\":{\"indicator\":\"none\"}}", empty, wrong, other] {
        bad_while_open(page(200, body), SourceHealth::Unreadable, "acme/status").await;
    }
}

#[tokio::test]
async fn p4_a_page_that_is_gone_or_moved_is_told_as_that() {
    bad_while_open(page(404, ""), SourceHealth::Gone, "404").await;
    bad_while_open(page(410, ""), SourceHealth::Gone, "410").await;
    let to = |url: &str| Script { headers: vec![("location", url.into())], ..page(302, "") };
    bad_while_open(to("https://10.0.0.1/sign-in"), SourceHealth::Moved, "acme/status").await;
    bad_while_open(to("/pages/marketing"), SourceHealth::Gone, "404").await;
}

#[tokio::test]
async fn p5_an_incident_that_is_listed_no_more_stays_open_and_says_so_once() {
    let mut a = Acme::broken().await;
    a.incidents.clear();
    a.serve();
    a.w.hits();
    a.poll().await;
    assert!(a.w.hits().iter().any(|(p, _)| p.ends_with(HISTORY)), "the history is asked for the end");
    a.polls(30).await;
    let told = a.w.expect("search/slack", &["No longer listed", "unknown"]);
    assert!(told.thread.is_some(), "in the thread of the incident");
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.w.live(days(2), minutes(30)).await;
    a.w.expect_silence();
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened, Change::Updated]);
}

#[tokio::test]
async fn p5_what_the_history_cannot_say_is_not_missed() {
    let mut a = Acme::broken().await;
    let history = a.history();
    a.incidents.clear();
    a.serve();
    a.answer(HISTORY, 500, "");
    a.polls(30).await;
    a.w.expect_silence();
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open);
    a.answer(HISTORY, 200, &history);
    a.polls(5).await;
    a.w.expect_silence();
}

#[tokio::test]
async fn an_end_is_read_again_before_it_counts() {
    let mut a = Acme::broken().await;
    let now = a.w.now() + minutes(1);
    a.incidents[0].say("resolved", "All is well again.", now);
    a.serve();
    a.poll().await;
    a.w.expect_silence();
    assert_eq!(a.stage("acme:incident/inc1").await, Stage::Open, "read once");
    a.poll().await;
    let told = a.w.expect("search/slack", &["Errors inc1"]);
    assert!(told.thread.is_some());
    a.polls(30).await;
    a.w.expect_silence();
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened, Change::Resolved]);
}

#[tokio::test]
async fn p6_reopened_is_one_message_and_updates_in_any_order_are_none() {
    let mut a = Acme::broken().await;
    let t = a.w.now();
    a.incidents[0].say("resolved", "Over.", t + minutes(1));
    a.serve();
    a.polls(4).await;
    a.w.expect("search/slack", &["Errors inc1"]);
    // Two updates of one moment, then one whose time is before the newest.
    let back = a.w.now() + minutes(1);
    a.incidents[0].say("investigating", "It is back.", back);
    a.incidents[0].say("identified", "Cause known.", back);
    a.serve();
    a.polls(4).await;
    let told = a.w.arrived();
    assert_eq!(told.len(), 1, "{told:#?}");
    a.incidents[0].updates.swap(0, 2);
    a.serve();
    a.polls(10).await;
    a.w.expect_silence();
    let changes = a.changes(Kind::Incident).await;
    assert_eq!(changes.iter().filter(|c| **c == Change::Resolved).count(), 1, "{changes:?}");
    assert_eq!(changes.iter().filter(|c| **c == Change::Reopened).count(), 1, "{changes:?}");
}

#[tokio::test]
async fn p7_an_incident_of_last_week_is_told_once_as_published_late() {
    let mut a = Acme::known().await;
    let then = a.w.now() - days(7);
    a.incidents.push(Incident::new("old", "major", then));
    a.serve();
    a.polls(10).await;
    a.w.expect("search/slack", &["Errors old", "Published late", "16 Nov 2026"]);
}

#[tokio::test]
async fn p8_words_edited_later_make_no_noise() {
    let mut a = Acme::broken().await;
    for n in 0..10 {
        a.incidents[0].updates[0].1 = format!("We see errors, edited {n}.");
        a.incidents[0].name = format!("Errors inc1 ({n})");
        a.serve();
        a.poll().await;
    }
    a.w.expect_silence();
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
}

#[tokio::test]
async fn p9_the_worst_of_incident_and_component_counts_and_both_are_shown() {
    // The component says well, the incident says major.
    let a = Acme::broken().await;
    let (alert, m) = a.w.alerts().await.pop().unwrap();
    assert!(alert.state.as_str() == "open" && m.severity == forewarn::model::Severity::Major, "{m:?}");
    // The incident says minor, the component says major outage.
    let mut a = Acme::known().await;
    a.components[0].1 = "major_outage";
    a.incidents.push(Incident::new("inc2", "minor", a.w.now()));
    a.serve();
    a.polls(5).await;
    let told = a.w.expect("search/slack", &["Errors inc2", "minor", "outage"]);
    assert!(told.thread.is_none());
    assert_eq!(a.w.alerts().await.len(), 1, "one matter: the incident names the component");
}

#[tokio::test]
async fn a_broken_component_without_an_incident_is_told_and_its_recovery_read_twice() {
    let mut a = Acme::known().await;
    a.components[0].1 = "major_outage";
    a.serve();
    a.poll().await;
    a.w.expect("search/slack", &["API", "outage"]);
    a.components[0].1 = "operational";
    a.serve();
    a.poll().await;
    a.w.expect_silence();
    a.polls(3).await;
    assert!(a.w.expect("search/slack", &["API"]).thread.is_some());
    a.polls(20).await;
    a.w.expect_silence();
}

#[tokio::test]
async fn p10_a_feed_that_shrinks_or_empties_deletes_nothing_and_grows_stale() {
    let mut a = Acme::known().await;
    let t = a.w.now();
    let many: Vec<String> = (0..50).map(|n| entry(&format!("e{n}"), &format!("News {n}"), t - minutes(n))).collect();
    a.feed(&many);
    a.read_feed().await;
    a.w.expect("search/slack", &["50 entries at once"]);
    let before = a.entries().await.len();
    for short in [&many[..1], &[]] {
        a.feed(short);
        a.w.live(days(2), minutes(30)).await;
        assert_eq!(a.entries().await.len(), before, "nothing is lost and nothing new");
    }
    let told = a.w.arrived();
    assert!(told.iter().all(|t| t.contact == "operators/webhook" && t.text.contains("acme/changelog")), "{told:#?}");
    assert!(!told.is_empty() && told.len() <= 3, "{told:#?}");
    let s = a.w.status().await;
    assert_eq!(s.sources.iter().find(|s| s.id.as_str() == "acme/changelog").unwrap().health, SourceHealth::Stale);
}

#[tokio::test]
async fn p11_a_server_that_answers_304_for_ever_is_asked_whole_once_a_day() {
    let mut a = Acme::known().await;
    let etag = |body: String| Script {
        headers: vec![("etag", "\"constant\"".into())],
        always_unchanged: true,
        ..page(200, &body)
    };
    let well = etag(a.summary());
    a.w.script(STATUS, well);
    a.polls(2).await;
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    let worse = etag(a.summary());
    a.w.script(STATUS, worse);
    a.w.live(days(1) + minutes(30), minutes(10)).await;
    a.w.expect("search/slack", &["Errors inc1"]);
}

#[tokio::test]
async fn p11_a_new_body_under_an_old_etag_is_read_and_validators_follow_a_good_read_only() {
    let mut a = Acme::known().await;
    let etag = |tag: &str, body: String| Script { headers: vec![("etag", tag.into())], ..page(200, &body) };
    let well = etag("W/\"a\"", a.summary());
    a.w.script(STATUS, well);
    a.polls(2).await;
    a.w.script(STATUS, etag("\"bad\"", "<html>".into()));
    a.polls(3).await;
    a.w.arrived();
    a.w.hits();
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    let news = etag("W/\"a\"", a.summary());
    a.w.script(STATUS, news);
    a.w.live(minutes(20), minutes(2)).await;
    let asked = a.w.hits();
    assert!(asked.iter().all(|(_, tag)| tag.as_deref() != Some("\"bad\"")), "{asked:?}");
    let told = a.w.arrived();
    assert!(told.iter().any(|t| t.contact == "search/slack" && t.text.contains("Errors inc1")), "{told:#?}");
}

#[tokio::test]
async fn p12_two_servers_one_behind_the_other_make_no_noise() {
    let mut a = Acme::known().await;
    let before = a.summary();
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    a.serve();
    let after = a.summary();
    for n in 0..40 {
        a.answer(STATUS, 200, if n % 2 == 0 { &after } else { &before });
        a.poll().await;
    }
    a.w.expect("search/slack", &["Errors inc1"]);
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
    let end = a.w.now();
    a.incidents[0].say("resolved", "Over.", end);
    a.answer(HISTORY, 200, &a.history());
    let over = a.summary();
    for n in 0..40 {
        a.answer(STATUS, 200, if n % 2 == 0 { &after } else { &over });
        a.poll().await;
    }
    let told = a.w.arrived();
    assert!(told.len() <= 1, "{told:#?}");
    assert!(a.changes(Kind::Incident).await.len() <= 2);
}

#[tokio::test]
async fn p13_a_site_that_renames_all_its_entries_makes_one_message() {
    let mut a = Acme::known().await;
    let t = a.w.now();
    let list = |scheme: &str, path: &str| -> Vec<String> {
        let one = |n: i64| {
            let link = format!("{scheme}://acme.example/{path}/{n}");
            item(&format!("<guid>{link}</guid><link>{link}</link>"), &format!("News {n}"), t - minutes(n))
        };
        (0..50).map(one).collect()
    };
    a.feed(&list("http", "news"));
    a.read_feed().await;
    let first = a.entries().await.len();
    a.feed(&list("https", "news"));
    a.read_feed().await;
    assert_eq!(a.entries().await.len(), first, "http to https is the same entry");
    a.w.expect("search/slack", &["50 entries at once", "News 0", "and 45 more"]);
    a.feed(&list("https", "blog/2026"));
    a.read_feed().await;
    let all = a.entries().await;
    let waves = all.iter().filter(|(title, _)| title.contains("50 entries at once")).count();
    assert_eq!((waves, all.len()), (2, first + 51), "when they came, and when all were renamed: one event more each");
    assert_eq!(all.iter().filter(|(_, r)| r.contains("wave")).count(), 100);
    a.w.expect("search/slack", &["50 entries at once", "of 50 listed"]);
    a.w.live(days(3), minutes(360)).await;
    a.w.expect_silence();
    assert!(a.w.alerts().await.iter().all(|(a, _)| a.state.as_str() == "resolved"), "nobody has to answer it");
}

#[tokio::test]
async fn p14_entries_without_an_identity_of_their_own_are_the_same_from_poll_to_poll() {
    let mut a = Acme::known().await;
    let t = a.w.now();
    let bare = vec![
        item("", "Bare", t),
        item("<guid>same</guid>", "One", t),
        item("<guid>same</guid>", "Two", t),
        item(&format!("<guid>{}</guid>", t.strftime("%a, %d %b %Y %H:%M:%S +0000")), "Dated", t),
    ];
    a.feed(&bare);
    a.read_feed().await;
    a.w.expect("search/slack", &["4 entries at once"]);
    let once = a.entries().await.len();
    for n in 0..10 {
        // The body differs, its entries do not.
        let mut again = bare.clone();
        again.rotate_left(n % 4);
        a.feed(&again);
        a.read_feed().await;
    }
    assert_eq!(a.entries().await.len(), once);
    a.w.expect_silence();
}

#[tokio::test]
async fn p15_a_first_read_of_500_entries_and_of_open_incidents_is_one_summary() {
    let mut a = Acme::new().await;
    let t = a.w.now();
    a.feed(&(0..500).map(|n| entry(&format!("e{n}"), &format!("News {n}"), t - days(n))).collect::<Vec<_>>());
    a.incidents = vec![
        Incident::new("inc1", "major", t - minutes(60)),
        Incident::new("inc2", "critical", t - days(3)),
        Incident::work("work1", t - minutes(90)),
    ];
    for n in 0..10 {
        let mut past = Incident::new(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][n], "major", t - days(20));
        past.say("resolved", "Over.", t - days(19));
        a.incidents.push(past);
    }
    a.serve();
    a.polls(10).await;
    a.w.expect("search/slack", &["Errors inc1", "Errors inc2", "Work work1"]);
    let s = a.entries().await;
    assert!(s.len() == 500 && s.iter().all(|(_, r)| r.contains("baseline")), "{}", s.len());
}

#[tokio::test]
async fn p16_old_entries_that_resurface_are_stored_and_not_told() {
    let mut a = Acme::known().await;
    let t = a.w.now();
    a.feed(&[entry("hello", "Hello", t), entry("ancient", "Deprecation of the old API", t - days(400))]);
    a.read_feed().await;
    let all = a.entries().await;
    assert!(all.iter().any(|(title, r)| title.contains("Deprecation") && r.contains("old_entry")), "{all:#?}");
    a.w.expect_silence();
}

#[tokio::test]
async fn p17_a_title_edited_hourly_and_a_time_that_is_always_now_are_no_repeat() {
    let mut a = Acme::broken().await;
    let t = a.w.now();
    for n in 0..24 {
        a.feed(&[entry("hello", "Hello", t), entry("e1", &format!("News, edited {n} times"), a.w.now())]);
        let now = a.w.now();
        a.incidents[0].updates[0].2 = now;
        a.serve();
        a.w.advance(minutes(60)).await;
    }
    a.w.expect_silence();
    assert_eq!(a.entries().await.len(), 2);
    assert_eq!(a.changes(Kind::Incident).await, [Change::Opened]);
}

#[tokio::test]
async fn p18_a_huge_feed_is_capped_a_larger_body_refused_and_pages_are_not_followed() {
    let mut a = Acme::new().await;
    let t = a.w.now();
    let many: Vec<String> =
        (0..10_000).map(|n| entry(&format!("e{n}"), &format!("News {n}"), t - minutes(n))).collect();
    let body = format!("<rss version=\"2.0\"><channel><title>Acme</title>{}</channel></rss>", many.concat());
    let next = vec![("link", "</pages/feed.xml>; rel=\"next\"".to_owned())];
    a.w.script(FEED, Script { headers: next, ..page(200, &body) });
    a.w.hits();
    a.polls(2).await;
    assert_eq!(a.entries().await.len(), 500);
    assert_eq!(a.w.hits().iter().filter(|(p, _)| p.ends_with(FEED)).count(), 1);
    a.w.expect_silence();
    a.answer(FEED, 200, &format!("{body}{}", " ".repeat(9 << 20)));
    a.read_feed().await;
    a.w.expect("operators/webhook", &["acme/changelog", "larger than"]);
}

#[tokio::test]
async fn p19_a_new_layout_or_a_third_of_the_rows_gone_is_told_and_what_was_known_is_kept() {
    let rows = [("gpt-x", day(120)), ("gpt-y", day(60)), ("gpt-u", day(90)), ("gpt-v", day(90))];
    let moved = "# Deprecations\n\nAll of this stands elsewhere now.\n".to_owned();
    for (body, words) in [(moved, "0 rows"), (markdown("Upcoming", &rows[..2]), "only 2 rows where there were 4")] {
        let mut w = World::new().await;
        w.page(&rows);
        w.tick().await;
        w.expect("search/slack", &["gpt-y"]);
        let known = w.calendar().await.into_iter().map(|d| (d.id, d.shutdown_on)).collect::<Vec<_>>();
        w.answer(200, &body);
        w.advance(minutes(7 * 60)).await;
        w.expect("operators/webhook", &["openai/deprecations is unreadable", words, "all clear"]);
        w.live(minutes(20 * 60), minutes(60)).await;
        w.expect_silence();
        assert_eq!(w.calendar().await.into_iter().map(|d| (d.id, d.shutdown_on)).collect::<Vec<_>>(), known);
        assert_eq!(w.status().await.sources[0].health, SourceHealth::Unreadable);
    }
}

#[tokio::test]
async fn p20_a_year_that_cannot_be_is_no_date() {
    let mut w = World::new().await;
    let rows = "| 2206-10-03 | `gpt-x` | `n` |\n| 2026-12-24 | `gpt-y` | `n` |\n";
    let head =
        "# Deprecations\n\n## Upcoming\n\n| Shutdown date | Model | Recommended replacement |\n| --- | --- | --- |\n";
    w.answer(200, &format!("{head}{rows}"));
    w.tick().await;
    w.expect("search/slack", &["gpt-y"]);
    let all = w.calendar().await;
    assert!(all.iter().all(|d| d.shutdown_on.is_none_or(|on| on.year() < 2100)), "{all:?}");
}

#[tokio::test]
async fn p21_a_server_that_asks_for_quiet_gets_it() {
    for (status, value) in [(429, "3600".to_owned()), (503, "Mon, 23 Nov 2026 16:03:00 GMT".to_owned())] {
        let mut a = Acme::known().await;
        a.w.script(STATUS, Script { headers: vec![("retry-after", value)], ..page(status, "") });
        a.poll().await;
        a.w.hits();
        a.w.live(minutes(55), minutes(2)).await;
        let asked = a.w.hits();
        assert!(asked.iter().all(|(p, _)| !p.ends_with(STATUS)), "{status}: {asked:?}");
        a.w.live(minutes(20), minutes(2)).await;
        assert!(a.w.hits().iter().any(|(p, _)| p.ends_with(STATUS)));
    }
}

#[tokio::test]
async fn p21_what_a_cache_may_keep_is_not_asked_again_within_bounds() {
    let mut a = Acme::known().await;
    let kept = Script { headers: vec![("cache-control", "max-age=240".into())], ..page(200, &a.summary()) };
    a.w.script(STATUS, kept);
    a.poll().await;
    a.w.hits();
    a.w.live(minutes(20), minutes(1)).await;
    let asked = a.w.hits().iter().filter(|(p, _)| p.ends_with(STATUS)).count();
    assert!((3..=5).contains(&asked), "{asked}");
}

/// How often the page and `robots.txt` were asked for since the last look.
fn asked(w: &mut World, before: usize) -> (usize, usize) {
    let robots = w.hits().iter().filter(|(p, _)| p == "/robots.txt").count();
    (w.fetched() - before, robots)
}

#[tokio::test]
async fn p21_a_page_that_robots_txt_forbids_is_left_alone_and_says_so() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(120)), ("gpt-y", day(60))]);
    w.robots(page(200, "User-agent: *\nDisallow: /page\n"));
    w.tick().await;
    assert_eq!(asked(&mut w, 0), (0, 1), "the page itself is not asked for");
    w.expect("operators/webhook", &["openai/deprecations is off", "forbidden by robots.txt", "never"]);
    w.live(minutes(20 * 60), minutes(60)).await;
    assert_eq!(asked(&mut w, 0), (0, 0), "robots.txt is asked for once a day");
    w.expect_silence();
    let s = w.status().await;
    let row = s.sources.iter().find(|s| s.id.as_str() == "openai/deprecations").unwrap();
    assert_eq!(row.health, SourceHealth::Off);
    assert!(row.problem.as_deref().unwrap().contains("robots.txt of 127.0.0.1"), "{row:?}");
    // Another day the host has thought better of it.
    w.robots(page(200, "User-agent: *\nDisallow: /page\n\nUser-agent: forewarn\nAllow: /\n"));
    w.live(days(2), minutes(60)).await;
    let told = w.arrived();
    assert!(told.iter().any(|t| t.contact == "operators/webhook" && t.text.contains("read again")), "{told:#?}");
    assert!(told.iter().any(|t| t.contact == "search/slack" && t.text.contains("gpt-y")), "{told:#?}");
}

#[tokio::test]
async fn p21_no_robots_txt_allows_and_one_that_fails_forbids_until_it_answers() {
    for allows in [page(404, ""), page(403, ""), page(200, ""), page(200, "User-agent: other\nDisallow: /\n")] {
        let mut w = World::new().await;
        w.page(&[("gpt-y", day(60))]);
        w.robots(allows.clone());
        w.tick().await;
        w.expect("search/slack", &["gpt-y"]);
        w.live(minutes(20 * 60), minutes(60)).await;
        let (pages, robots) = asked(&mut w, 0);
        assert!(pages >= 2 && robots == 1, "{pages} {robots}: {}", allows.status);
    }
    let mut w = World::new().await;
    w.page(&[("gpt-y", day(60))]);
    w.robots(page(503, ""));
    w.tick().await;
    assert_eq!(w.fetched(), 0);
    let row = w.status().await.sources.into_iter().find(|s| s.id.as_str() == "openai/deprecations").unwrap();
    assert!(row.problem.as_deref().unwrap().contains("robots.txt cannot be had"), "{row:?}");
    w.robots(page(200, "User-agent: *\nDisallow: /other\n"));
    w.live(days(1), minutes(30)).await;
    let told = w.arrived();
    assert!(told.iter().any(|t| t.contact == "search/slack" && t.text.contains("gpt-y")), "{told:#?}");
    // Once heard, its rules hold while it fails.
    w.robots(page(500, ""));
    let before = w.fetched();
    w.live(days(2), minutes(60)).await;
    assert!(w.fetched() > before);
}

#[tokio::test]
async fn p21_what_is_made_for_machines_is_read_and_a_source_may_ignore_robots_txt() {
    let mut a = Acme::new().await;
    a.w.robots(page(200, "User-agent: *\nDisallow: /\n"));
    a.polls(3).await;
    let hits = a.w.hits();
    assert!(hits.iter().any(|(p, _)| p.ends_with(STATUS)) && hits.iter().any(|(p, _)| p.ends_with(FEED)), "{hits:?}");
    assert!(hits.iter().all(|(p, _)| p != "/robots.txt"), "{hits:?}");
    let mut w = World::new().await;
    let own = "[provider.openai.sources.deprecations]\n";
    let config = w.config.replace(own, &format!("{own}robots = \"ignore\"\n"));
    w.restart_with(&config);
    w.page(&[("gpt-y", day(60))]);
    w.robots(page(200, "User-agent: *\nDisallow: /\n"));
    w.tick().await;
    w.expect("search/slack", &["gpt-y"]);
}

#[tokio::test]
async fn p22_a_source_that_hangs_delays_nobody_and_is_not_asked_twice() {
    let mut a = Acme::new().await;
    a.w.script(STATUS, Script { hang: true, ..page(200, "") });
    let poller = a.w.poller();
    for _ in 0..3 {
        assert!(poller.tick(a.w.now()).await.unwrap().more, "it still flies");
        a.w.pass(minutes(12));
    }
    let rows = a.w.cx.store.sources().await.unwrap();
    let row = |id: &str| rows.iter().find(|r| r.id.as_str() == id);
    assert!(row("acme/changelog").is_some_and(|r| r.last_ok_at.is_some()), "recorded while the other hangs");
    assert!(row("acme/status").is_none_or(|r| r.last_try_at.is_none()));
    let asked = a.w.hits();
    let count = |path: &str| asked.iter().filter(|(p, _)| p.ends_with(path)).count();
    assert_eq!((count(STATUS), count(FEED)), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn p22_a_body_that_drips_is_given_up_when_the_whole_time_is_over() {
    use forewarn::fetch::{Client, DEADLINE, FetchError, Request};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let seconds = std::time::Duration::from_secs;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/drip", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 2_048]).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        // Never silent for long enough to be given up for that.
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(seconds(5)).await;
        }
    });
    forewarn::app::install_tls();
    let begun = tokio::time::Instant::now();
    let said = Client::default().get(&Request::plain(url)).await;
    assert!(matches!(&said, Err(FetchError::Network(why)) if why.contains("in time")), "{said:?}");
    let took = begun.elapsed();
    assert!(took >= DEADLINE && took <= DEADLINE + seconds(1), "{took:?}");
}
