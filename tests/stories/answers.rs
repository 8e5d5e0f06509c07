//! Is it them? What moved? Who would have been told? Asked of a whole forewarn that heard it all over real HTTP.

use crate::acme::*;
use crate::harness::*;
use forewarn::engine::between::{Asked, Between, between, markdown};
use forewarn::engine::now::{Now, Verdict, now, scope};
use forewarn::engine::scorecard::scorecard;
use jiff::Timestamp;

/// What `forewarn now WORD` answers.
async fn is_it_them(w: &World, word: &str) -> Now {
    let scope = scope(&w.cx, Some(word).filter(|w| !w.is_empty())).await.unwrap().unwrap();
    now(&w.cx, &scope, w.targets(), &[]).await.unwrap()
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
