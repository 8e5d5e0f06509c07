//! Is it them? What moved? Who would have been told? Asked of a whole forewarn that heard it all over real HTTP.

use crate::acme::*;
use crate::harness::*;
use forewarn::engine::between::{Asked, Between, between, markdown};
use forewarn::engine::now::{Now, Verdict, now, scope};
use forewarn::engine::poll::Off;
use forewarn::engine::rehearse::{Rehearsal, rehearse};
use forewarn::engine::scorecard::scorecard;
use forewarn::store::sqlite::Sqlite;
use jiff::Timestamp;
use std::sync::Arc;

/// What `forewarn now WORD` answers.
async fn is_it_them(w: &World, word: &str) -> Now {
    let scope = scope(&w.cx, Some(word).filter(|w| !w.is_empty())).await.unwrap().unwrap();
    now(&w.cx, &scope, w.targets(), &Off::default()).await.unwrap()
}

async fn moved(w: &World, from: Timestamp, to: Timestamp) -> Between {
    between(&w.cx, Asked { from, to, provider: None }).await.unwrap()
}

#[tokio::test]
async fn while_an_incident_is_open_they_say_so_and_how_long_the_last_one_took() {
    let mut a = Acme::broken().await;
    a.w.pass(minutes(45));
    let at = a.w.now();
    a.incidents[0].say("resolved", "All well.", at);
    a.serve();
    a.polls(3).await;
    let over = is_it_them(&a.w, "acme").await;
    assert_eq!(over.verdict, Verdict::TheySayNothing, "{}", over.headline);
    assert!(over.headline.contains("Acme says nothing is wrong, read "), "{}", over.headline);
    assert!(over.headline.contains("Errors inc1"), "what is over since minutes is worth a word: {}", over.headline);
    a.w.pass(days(5));
    a.incidents.push(Incident::new("inc2", "critical", a.w.now()));
    a.serve();
    a.polls(3).await;
    for word in ["acme", "chat", "acme:web-1", ""] {
        let n = is_it_them(&a.w, word).await;
        assert_eq!(n.verdict, Verdict::TheySaySo, "{word}: {}", n.headline);
        assert!(
            n.headline.starts_with("YES: Acme says so: \u{201c}Errors inc2\u{201d} (critical), for "),
            "{}",
            n.headline
        );
        assert_eq!(n.incidents.len(), 1);
        assert_eq!(n.incidents[0].services, ["chat"], "whose it is, is said");
        let last = n.last.unwrap();
        assert_eq!((last.incident.id.as_str(), last.minutes), ("acme:incident/inc1", 47));
    }
}

#[tokio::test]
async fn that_they_say_nothing_is_said_only_of_a_page_that_was_read_lately() {
    let mut a = Acme::known().await;
    a.poll().await;
    let well = is_it_them(&a.w, "chat").await;
    assert_eq!((well.verdict, well.unheard.len()), (Verdict::TheySayNothing, 0), "{}", well.headline);
    assert!(well.headline.starts_with("NO WORD: Acme says nothing is wrong, read 0 s ago."), "{}", well.headline);
    // The page answers, but with something else: that is no "all clear".
    a.answer(STATUS, 200, "<html>login</html>");
    a.poll().await;
    let blind = is_it_them(&a.w, "chat").await;
    assert_eq!(blind.verdict, Verdict::CannotRead, "{}", blind.headline);
    assert!(blind.headline.contains("acme/status (unreadable"), "{}", blind.headline);
    assert!(blind.headline.contains("Silence is no all-clear"), "{}", blind.headline);
    // forewarn itself was not running for a day: what it last read says nothing of now.
    a.serve();
    a.polls(2).await;
    assert_eq!(is_it_them(&a.w, "chat").await.verdict, Verdict::TheySayNothing);
    a.w.pass(days(1));
    let stopped = is_it_them(&a.w, "chat").await;
    assert_eq!(stopped.verdict, Verdict::CannotRead, "{}", stopped.headline);
    assert!(stopped.headline.contains("is forewarn running?"), "{}", stopped.headline);
}

#[tokio::test]
async fn a_provider_whose_status_nobody_reads_is_unknown_and_not_well() {
    let mut w = World::new().await;
    w.tick().await;
    let n = is_it_them(&w, "openai").await;
    assert_eq!(n.verdict, Verdict::CannotRead, "{}", n.headline);
    assert_eq!(n.unheard[0].provider, "openai");
    assert!(n.voices.iter().any(|v| v.source == "openai/deprecations" && !v.tells_incidents));
}

#[tokio::test]
async fn a_model_list_that_changed_and_a_model_that_ended_are_named_in_the_answer() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(3)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.page(&[("gpt-x", day(3)), ("gpt-y", day(60)), ("gpt-far", day(700))]);
    w.live(minutes(24 * 60), minutes(30)).await;
    let n = is_it_them(&w, "support-bot").await;
    assert!(
        n.changes.iter().any(|h| h.event.event.matter.as_ref().is_some_and(|m| m.as_str() == "openai:gpt-y")),
        "{:#?}",
        n.changes
    );
    assert!(n.changes.iter().all(|h| !h.event.event.title.contains("gpt-far")), "a first read is where we begin");
    assert!(n.ending.iter().any(|d| d.id == "openai:gpt-x"));
    w.advance(days(2)).await;
    let ended = is_it_them(&w, "openai:gpt-x").await;
    assert_eq!(ended.verdict, Verdict::TheySaySo, "{}", ended.headline);
    assert!(ended.headline.starts_with("YES: openai:gpt-x has ended on "), "{}", ended.headline);
    assert!(ended.headline.contains("Use gpt-x-next instead."), "{}", ended.headline);
    let other = is_it_them(&w, "gpt-y").await;
    assert_eq!(other.verdict, Verdict::CannotRead, "{}", other.headline);
}

#[tokio::test]
async fn a_window_holds_what_moved_in_it_with_evidence_and_what_could_not_be_read() {
    let mut a = Acme::known().await;
    let before = a.w.now();
    a.incidents.push(Incident::new("inc1", "major", a.w.now()));
    a.serve();
    a.polls(3).await;
    let within = a.w.now();
    a.feed(&[
        entry("hello", "Hello", before),
        entry("price", "Prices <b>rise</b> [now](https://evil.example)", a.w.now()),
    ]);
    a.read_feed().await;
    a.answer(STATUS, 200, "<html>login</html>");
    a.poll().await;
    let after = a.w.now() + minutes(1);
    let all = moved(&a.w, before, after).await;
    assert_eq!(all.incidents.len(), 1);
    assert_eq!((all.incidents[0].ended_at, all.incidents[0].timeline.len()), (None, 1));
    assert_eq!(all.moved.len(), 1);
    assert!(all.moved[0].event.event.title.starts_with("Prices"));
    assert!(all.blind.iter().any(|h| h.event.event.title.contains("acme/status is unreadable")), "{:#?}", all.blind);
    let text = markdown(&all);
    assert!(
        text.contains("### Incidents")
            && text.contains("Errors inc1")
            && text.contains("<https://acme.example/news/price>"),
        "{text}"
    );
    assert!(text.contains("### What we could not read"), "{text}");
    assert!(!text.contains("<b>") && !text.contains("[now](") && !text.contains("https://evil"), "{text}");
    // An incident that began before the window and is not over belongs to it, though nothing was said in it.
    let later = moved(&a.w, within + minutes(1), within + minutes(2)).await;
    assert_eq!((later.incidents.len(), later.moved.len()), (1, 0));
    let earlier = moved(&a.w, before - days(2), before - days(1)).await;
    assert_eq!((earlier.incidents.len(), earlier.moved.len(), earlier.first_reads), (0, 0, 0));
    assert!(markdown(&earlier).contains("Nothing was heard"));
}

#[tokio::test]
async fn a_moved_date_stands_in_the_window_and_on_the_scorecard() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(100))]);
    w.tick().await;
    w.page(&[("gpt-x", day(60))]);
    let from = w.now();
    w.live(days(1), minutes(30)).await;
    let b = moved(&w, from, w.now()).await;
    let h = b.moved.iter().find(|h| h.event.event.moved_from.is_some()).unwrap();
    assert!(h.quote.contains(&day(60).to_string()), "the words it was read from: {h:#?}");
    assert!(markdown(&b).contains("moved from"));
    let scores = scorecard(&w.cx, None).await.unwrap();
    assert_eq!(scores[0].id, "openai");
    assert_eq!((scores[0].dates.earlier, scores[0].dates.later), (1, 0));
}

/// Who was told of what, when (to the minute) and why, one line each.
fn lines(sent: impl IntoIterator<Item = (Timestamp, String, String, String)>) -> Vec<String> {
    let mut all: Vec<String> = sent
        .into_iter()
        .map(|(at, to, what, why)| format!("{} {to} {what} {why}", at.strftime("%m-%d %H:%M")))
        .collect();
    all.sort();
    all
}

/// What the real engine told, from its own books.
async fn really_told(w: &World) -> Vec<String> {
    let mut matters: Vec<_> = w.alerts().await.into_iter().map(|(_, m)| m.id.clone()).collect();
    matters.sort();
    matters.dedup();
    let mut all = Vec::new();
    for id in matters {
        for t in w.cx.store.told_of(id.clone()).await.unwrap() {
            assert_eq!(t.state, "delivered", "{t:?}");
            all.push((t.at, t.contact.to_string(), id.to_string(), format!("{} {}", t.reason, t.step.0)));
        }
    }
    lines(all)
}

async fn played(w: &World, from: Timestamp, to: Timestamp) -> Rehearsal {
    let dir = tempfile::tempdir().unwrap();
    let scratch = Arc::new(Sqlite::open(&dir.path().join("scratch.db")).unwrap());
    rehearse(&w.cx, scratch, (from, to), &|_, _| ()).await.unwrap()
}

fn said(r: &Rehearsal) -> Vec<String> {
    lines(r.messages.iter().flat_map(|m| {
        m.about.iter().map(|a| (m.at, m.contact.clone(), a.matter.to_string(), format!("{} {}", a.reason, a.step.0)))
    }))
}

#[tokio::test]
async fn a_rehearsal_says_what_the_real_engine_told_in_the_same_history() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(20)), ("gpt-far", day(700))]);
    w.tick().await;
    // News: another model, an account matter that opens and ends, a date that moves, one that is nobody's.
    w.live(days(1), minutes(60)).await;
    w.page(&[("gpt-x", day(20)), ("gpt-y", day(40)), ("gpt-nobody", day(9)), ("gpt-far", day(700))]);
    let opened = w.shop("e1", "incident.opened", "db");
    assert_eq!(w.deliver("generic-hmac/shop", "m1", &opened).await, 200);
    w.tick().await;
    w.live(minutes(20 * 60), minutes(60)).await;
    let over = w.shop("e2", "incident.resolved", "db");
    assert_eq!(w.deliver("generic-hmac/shop", "m2", &over).await, 200);
    w.tick().await;
    w.live(days(4), minutes(60)).await;
    w.page(&[("gpt-x", day(14)), ("gpt-y", day(40)), ("gpt-nobody", day(9)), ("gpt-far", day(700))]);
    w.live(days(10), minutes(60)).await;
    let real = really_told(&w).await;
    assert!(real.len() >= 8, "{real:#?}");
    for word in ["opened", "moved moved", "reminder", "resolved over"] {
        assert!(real.iter().any(|l| l.contains(word)), "{word}: {real:#?}");
    }
    let sent = w.arrived().len();
    let r = played(&w, start(), w.now()).await;
    assert_eq!(said(&r), real);
    assert_eq!(r.messages.len(), sent, "grouped alike: {:#?}", r.messages);
    // It sent nothing and wrote nothing.
    w.expect_silence();
    assert_eq!(really_told(&w).await, real);
    // A later window shows its part only, though all before was played.
    let late = played(&w, start() + days(8), w.now()).await;
    assert!(!late.messages.is_empty() && late.messages.len() < r.messages.len());
    assert!(late.messages.iter().all(|m| m.at >= start() + days(8)));
    assert!(said(&late).iter().all(|l| real.contains(l)));
}

#[tokio::test]
async fn a_rehearsal_shows_what_another_config_would_have_told() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(20)), ("gpt-far", day(700))]);
    w.tick().await;
    w.live(days(2), minutes(120)).await;
    let config = w.config.replace(
        "[services.invoices]\nowner = \"billing\"\nuses = [\"openai:gpt-b\"]",
        "[services.invoices]\nowner = \"billing\"\nuses = [\"openai:gpt-x\"]",
    );
    assert_ne!(config, w.config);
    let before = played(&w, start(), w.now() + days(30)).await;
    assert!(before.messages.iter().all(|m| m.contact != "billing/webhook"));
    w.restart_with(&config);
    let after = played(&w, start(), w.now() + days(30)).await;
    let theirs: Vec<_> = after.messages.iter().filter(|m| m.contact == "billing/webhook").collect();
    assert!(!theirs.is_empty(), "{after:#?}");
    assert!(theirs[0].about[0].why.contains("service invoices uses openai:gpt-x"), "{theirs:#?}");
    let steps: Vec<&str> = theirs.iter().map(|m| m.about[0].step.0.as_str()).collect();
    assert!(steps.contains(&"7d") && steps.contains(&"1d"), "what is to come is played too: {steps:?}");
}

#[tokio::test]
async fn a_rehearsal_of_a_status_page_says_what_was_told() {
    let mut a = Acme::using("uses = [\"acme\"]\ntier = \"critical\"").await;
    a.poll().await;
    a.incidents.push(Incident::new("inc1", "minor", a.w.now()));
    a.serve();
    a.polls(3).await;
    a.incidents[0].impact = "major";
    let now = a.w.now();
    a.incidents[0].say("identified", "It is worse.", now);
    a.serve();
    a.w.live(minutes(90), minutes(1)).await;
    let now = a.w.now();
    a.incidents[0].say("resolved", "All well.", now);
    a.serve();
    a.polls(3).await;
    let real = really_told(&a.w).await;
    assert!(real.len() >= 4, "{real:#?}");
    let r = played(&a.w, start(), a.w.now()).await;
    assert_eq!(said(&r), real);
}
