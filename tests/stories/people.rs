//! What people do about what they were told, and what follows from it.

use crate::harness::*;
use crate::usage::export;
use forewarn::engine::act::ActError;
use forewarn::engine::pin::Truth;
use forewarn::engine::silences::{NewSilence, add, end};
use forewarn::engine::usage::take;
use forewarn::model::{Act, Action, AlertId, AlertState, By, Matcher, ResolveReason, Until, Via};
use forewarn::rules::answer::Refused;
use forewarn::store::AuditFilter;

fn resolve(reason: ResolveReason) -> Action {
    Action::Resolve { reason, note: Some("because".into()), services: vec![], duplicate_of: None }
}

/// A world in which `gpt-x` ends in 60 days and search was told so.
async fn told() -> (World, AlertId, Arrived) {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let first = w.expect("search/slack", &["gpt-x", "60 days"]);
    let alert = w.alerts().await[0].0.id;
    (w, alert, first)
}

#[tokio::test]
async fn an_answer_is_a_word_in_the_thread_and_a_second_one_replaces_it() {
    let (mut w, alert, first) = told().await;
    let act = Action::Acknowledge { note: Some("moving <!channel>".into()), plan_on: Some(day(50)) };
    let done = w.act(alert, act).await.unwrap();
    assert_eq!((done.alert.state, done.also.len()), (AlertState::Acknowledged, 0));
    assert!(done.said.starts_with("acknowledged, plan "), "{}", done.said);
    // The second act comes before the first was said: one word, the last.
    w.ack(alert, Some(day(40))).await;
    w.advance(minutes(1)).await;
    let note = w.expect("search/slack", &["mei acknowledged, plan Sat 2 Jan 2027", "gpt-x"]);
    assert_eq!(note.thread, Some(first.id));
    assert!(!note.text.contains("<!channel>"));
    w.live(days(1), minutes(60)).await;
    w.expect_silence();
}

#[tokio::test]
async fn without_a_plan_an_answer_holds_until_the_next_rung_only() {
    let (mut w, alert, _) = told().await;
    w.ack(alert, None).await;
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["acknowledged, no plan date yet"]);
    w.live(days(29), days(1)).await;
    w.expect_silence();
    assert_eq!(w.alerts().await[0].0.state, AlertState::Acknowledged);
    w.advance(days(1)).await;
    w.expect("search/slack", &["30 days"]);
    let (alert, _) = w.alerts().await.remove(0);
    assert_eq!((alert.state, alert.ack), (AlertState::Open, None), "the answer has lapsed");
}

#[tokio::test]
async fn a_plan_that_passed_undone_is_open_again_with_the_next_rung() {
    let (mut w, alert, _) = told().await;
    w.ack(alert, Some(day(40))).await;
    w.live(days(45), days(1)).await;
    w.arrived();
    assert_eq!(w.alerts().await[0].0.state, AlertState::Acknowledged);
    w.live(days(1), minutes(60)).await;
    w.expect("search/slack", &["14 days"]);
    assert_eq!(w.alerts().await[0].0.state, AlertState::Open);
}

#[tokio::test]
async fn a_date_moved_later_keeps_an_answer_and_one_moved_earlier_voids_it() {
    for (to, state) in [(day(90), AlertState::Acknowledged), (day(45), AlertState::Open)] {
        let (mut w, alert, _) = told().await;
        w.ack(alert, Some(day(44))).await;
        w.advance(minutes(1)).await;
        w.arrived();
        w.page(&[("gpt-x", to), ("gpt-far", day(700))]);
        w.advance(days(1)).await;
        w.advance(minutes(12)).await;
        w.expect("search/slack", &["Moved"]);
        assert_eq!(w.alerts().await[0].0.state, state, "{to}");
    }
}

#[tokio::test]
async fn a_snooze_is_quiet_until_its_end_and_then_says_so_once() {
    let (mut w, alert, _) = told().await;
    let snooze = |until| Action::Snooze { until, note: None };
    let late = w.act(alert, snooze(Until::Day(day(61)))).await.unwrap_err();
    assert_eq!(late, ActError::Refused(Refused::SnoozedTooLong(day(60))));
    assert!(matches!(
        w.act(alert, snooze(Until::Day(day(-1)))).await.unwrap_err(),
        ActError::Refused(Refused::Passed(_))
    ));
    w.act(alert, snooze(Until::Day(day(33)))).await.unwrap();
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["snoozed until Sat 26 Dec 2026 09:00 EST"]);
    w.live(days(32), minutes(360)).await;
    w.expect_silence();
    w.live(days(1), minutes(360)).await;
    w.expect("search/slack", &["27 days"]);
    w.live(days(12), minutes(360)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_moved_date_breaks_a_snooze_and_the_last_morning_ends_it() {
    let (mut w, alert, _) = told().await;
    w.act(alert, Action::Snooze { until: Until::Day(day(60)), note: None }).await.unwrap();
    w.advance(minutes(1)).await;
    w.arrived();
    w.page(&[("gpt-x", day(20)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect("search/slack", &["Moved earlier"]);
    w.live(days(18), minutes(360)).await;
    w.expect_silence();
    w.live(days(1), minutes(60)).await;
    w.expect("search/slack", &["today"]);
}

#[tokio::test]
async fn what_is_resolved_says_nothing_more_and_can_be_reopened() {
    for reason in [ResolveReason::Migrated, ResolveReason::AcceptedRisk, ResolveReason::NotOurs] {
        let (mut w, alert, first) = told().await;
        let done = w.act(alert, resolve(reason)).await.unwrap();
        assert_eq!(done.alert.state, AlertState::Resolved);
        w.advance(minutes(1)).await;
        let note = w.expect("search/slack", &["mei resolved"]);
        assert_eq!(note.thread, Some(first.id.clone()));
        // The date moves, the rungs pass: nothing.
        w.page(&[("gpt-x", day(40)), ("gpt-far", day(700))]);
        w.live(days(41), minutes(360)).await;
        w.expect_silence();
        assert_eq!(
            w.act(alert, resolve(reason)).await.unwrap_err(),
            ActError::Refused(Refused::Resolved(alert)),
            "once is enough"
        );
    }
    let (mut w, alert, first) = told().await;
    w.act(alert, resolve(ResolveReason::Migrated)).await.unwrap();
    w.advance(minutes(1)).await;
    w.arrived();
    let reopened = w.act(alert, Action::Reopen { note: Some("the batch job".into()), services: vec![] }).await.unwrap();
    assert_eq!((reopened.alert.state, reopened.alert.episode), (AlertState::Open, 2));
    w.advance(minutes(1)).await;
    let again = w.expect("search/slack", &["Open again", "gpt-x", "the batch job"]);
    assert_eq!(again.thread, Some(first.id));
    let old = Act {
        alert,
        episode: Some(1),
        action: resolve(ResolveReason::Migrated),
        by: By { who: "eve".into(), via: Via::Mail },
    };
    let late = forewarn::engine::act::act(&w.cx, old, w.now()).await.unwrap_err();
    assert_eq!(late, ActError::Refused(Refused::OldEpisode(alert)), "an old link closes nothing new");
}

#[tokio::test]
async fn not_ours_prints_the_line_of_the_config_as_it_should_read() {
    let (mut w, alert, _) = told().await;
    let done = w.act(alert, resolve(ResolveReason::NotOurs)).await.unwrap();
    let advice = done.advice.join("\n");
    assert!(advice.contains(r#"[services.support-bot] uses = ["openai:gpt-y"]  # without "openai:gpt-x""#), "{advice}");
    assert!(advice.contains(r#"[services.rerank-batch] uses = []"#), "{advice}");
}

#[tokio::test]
async fn each_service_is_finished_alone_and_the_last_one_ends_it() {
    let (mut w, alert, _) = told().await;
    let one = |s: &str| Action::Resolve {
        reason: ResolveReason::Migrated,
        note: None,
        services: vec![s.into()],
        duplicate_of: None,
    };
    let unknown = w.act(alert, one("nobody")).await.unwrap_err();
    assert!(unknown.to_string().contains("rerank-batch"), "{unknown}");
    assert_eq!(w.act(alert, one("rerank-batch")).await.unwrap().alert.state, AlertState::Open);
    w.live(days(30), days(1)).await;
    let all = w.arrived();
    assert!(all[0].text.contains("rerank-batch: migrated"), "{all:#?}");
    assert!(all[1].text.contains("rerank-batch, production: done, migrated 23 Nov (mei)"), "{all:#?}");
    assert_eq!(w.act(alert, one("support-bot")).await.unwrap().alert.state, AlertState::Resolved);
}

#[tokio::test]
async fn a_wrong_date_tells_the_operators_and_is_followed_until_it_is_pinned() {
    let (mut w, alert, _) = told().await;
    let nothing_said =
        Action::Resolve { reason: ResolveReason::WrongDate, note: None, services: vec![], duplicate_of: None };
    assert_eq!(w.act(alert, nothing_said).await.unwrap_err(), ActError::Refused(Refused::NoNote));
    w.act(alert, resolve(ResolveReason::WrongDate)).await.unwrap();
    w.advance(minutes(1)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("is wrong")), "{all:#?}");
    assert!(all.iter().any(|m| m.contact == "operators/webhook" && m.text.contains("pin openai:gpt-x")), "{all:#?}");
    assert!(w.calendar().await.iter().any(|d| d.id == "openai:gpt-x" && d.conflict));
    assert_eq!(w.alerts().await[0].1.remind_by().map(|d| d.date), Some(day(60)));
    w.live(days(30), days(1)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("30 days")), "{all:#?}");
    w.pin("openai:gpt-x", Truth::Ends(day(90))).await.unwrap();
    w.advance(minutes(1)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("Moved later")), "{all:#?}");
    assert!(all.iter().any(|m| m.contact == "operators/webhook" && m.text.contains("is pinned")), "{all:#?}");
    assert!(w.calendar().await.iter().any(|d| d.id == "openai:gpt-x" && !d.conflict));
}

#[tokio::test]
async fn a_duplicate_speaks_in_the_conversation_of_the_one_that_goes_on() {
    let (mut w, x, first) = told().await;
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(70)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.expect("search/slack", &["gpt-y"]);
    let y = w.alerts().await.into_iter().find(|(_, m)| m.id.as_str() == "openai:gpt-y").unwrap().0.id;
    let of = |of| Action::Resolve { reason: ResolveReason::Duplicate, note: None, services: vec![], duplicate_of: of };
    for wrong in [None, Some(y), Some(AlertId(99))] {
        assert!(w.act(y, of(wrong)).await.is_err());
    }
    w.act(y, of(Some(x))).await.unwrap();
    w.advance(minutes(1)).await;
    assert_eq!(w.expect("search/slack", &["duplicate of #"]).thread, Some(first.id.clone()));
    w.act(y, Action::Reopen { note: None, services: vec![] }).await.unwrap();
    w.advance(minutes(1)).await;
    assert_eq!(w.expect("search/slack", &["Open again", "gpt-y"]).thread, Some(first.id));
}

#[tokio::test]
async fn use_seen_after_migrated_opens_it_again() {
    let (mut w, alert, first) = told().await;
    let began = w.now();
    w.act(alert, resolve(ResolveReason::Migrated)).await.unwrap();
    w.advance(minutes(1)).await;
    w.arrived();
    w.live(days(3), days(1)).await;
    for (id, until) in [
        ("gpt-x", began + minutes(60 * 20)), // counted by the day: nobody knows what came first
        ("gpt-y", w.now()),
    ] {
        take(&w.cx, export(id, "proj_bot", 7, until)).await.unwrap();
        w.advance(minutes(1)).await;
        w.expect_silence();
    }
    take(&w.cx, export("gpt-x", "proj_bot", 7, w.now())).await.unwrap();
    w.advance(minutes(1)).await;
    let again = w.expect("search/slack", &["Open again", "used on Thu 26 Nov 2026"]);
    assert_eq!(again.thread, Some(first.id));
    assert_eq!(w.alerts().await[0].0.episode, 2);
    w.live(days(1), minutes(60)).await;
    w.expect_silence();
}

#[tokio::test]
async fn a_service_that_was_done_and_calls_again_is_not_done() {
    let mut w = World::new().await;
    let config = w.config.replace(
        "[services.support-bot]\nowner = \"search\"",
        "[services.support-bot]\nowner = \"search\"\nprojects = [\"proj_bot\"]",
    );
    w.restart_with(&config);
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.arrived();
    let alert = w.alerts().await[0].0.id;
    let done = Action::Resolve {
        reason: ResolveReason::Migrated,
        note: None,
        services: vec!["support-bot".into()],
        duplicate_of: None,
    };
    w.act(alert, done).await.unwrap();
    w.live(days(3), days(1)).await;
    w.arrived();
    take(&w.cx, export("gpt-x", "proj_bot", 7, w.now())).await.unwrap();
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["used by support-bot on", "not done after all"]);
    assert!(w.alerts().await[0].0.done.is_empty());
}

#[tokio::test]
async fn what_ended_and_is_still_called_is_said_each_morning_until_the_calls_end() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(2)), ("gpt-far", day(700))]);
    take(&w.cx, export("gpt-x", "proj_bot", 7, w.now())).await.unwrap();
    w.tick().await;
    w.live(days(2), minutes(60)).await;
    w.arrived();
    for ago in ["(yesterday)", "(2 days ago)", "(3 days ago)"] {
        take(&w.cx, export("gpt-x", "proj_bot", 7, w.now() + minutes(60 * 20))).await.unwrap();
        w.live(days(1), minutes(60)).await;
        w.expect("search/slack", &[ago, "nobody has said done"]);
    }
    w.live(days(1), minutes(60)).await;
    w.arrived();
    w.live(days(3), minutes(60)).await;
    w.expect_silence();
}

/// Counted for the first time when everything was said already, and again after a long silence.
#[tokio::test]
async fn use_that_is_first_counted_after_the_end_is_said_each_morning_too() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(2)), ("gpt-far", day(700))]);
    w.tick().await;
    w.live(days(6), minutes(60)).await;
    w.arrived();
    w.live(days(3), minutes(60)).await;
    w.expect_silence();
    take(&w.cx, export("gpt-x", "proj_bot", 7, w.now())).await.unwrap();
    w.advance(minutes(1)).await;
    w.expect("search/slack", &["last today", "nobody has said done"]);
    for pause in [0, 40] {
        w.live(days(pause), minutes(360)).await;
        w.arrived();
        take(&w.cx, export("gpt-x", "proj_bot", 7, w.now() + minutes(60 * 20))).await.unwrap();
        w.live(days(1), minutes(60)).await;
        w.expect("search/slack", &["nobody has said done"]);
    }
}

#[tokio::test]
async fn a_reassigned_alert_goes_on_with_its_new_owner() {
    let (mut w, alert, _) = told().await;
    let to = |o: &str| Action::Reassign { to: o.into(), note: Some("theirs".into()) };
    assert!(w.act(alert, to("nobody")).await.unwrap_err().to_string().contains("billing"));
    assert_eq!(w.act(alert, to("search")).await.unwrap_err(), ActError::Refused(Refused::SameOwner("search".into())));
    w.ack(alert, Some(day(50))).await;
    let done = w.act(alert, to("billing")).await.unwrap();
    assert_eq!((done.alert.id, done.alert.owner.as_str(), done.alert.state), (alert, "billing", AlertState::Open));
    w.advance(minutes(1)).await;
    let all = w.arrived();
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("reassigned to billing")), "{all:#?}");
    assert!(all.iter().any(|m| m.contact == "billing/webhook" && m.text.contains("Yours now")), "{all:#?}");
    // What the page says later goes to whom it was given, and the rungs follow.
    w.page(&[("gpt-x", day(100)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    w.advance(minutes(12)).await;
    w.expect("billing/webhook", &["Moved later"]);
    w.live(days(40), days(1)).await;
    let all = w.arrived();
    assert!(all.iter().all(|m| m.contact == "billing/webhook"), "{all:#?}");
    assert_eq!(w.alerts().await.len(), 1);
}

#[tokio::test]
async fn a_silence_mutes_reminds_somebody_and_ends_in_one_message() {
    let (mut w, _, _) = told().await;
    let new = NewSilence {
        matcher: Matcher { provider: Some("openai".into()), service: Some("*".into()), ..Matcher::default() },
        until: w.now() + days(40),
        remind: Some("billing".into()),
        by: "mei".into(),
        note: "freeze".into(),
    };
    let bad = [
        NewSilence { matcher: Matcher::default(), ..new.clone() },
        NewSilence { note: " ".into(), ..new.clone() },
        NewSilence { until: w.now(), ..new.clone() },
        NewSilence { until: w.now() + days(400), ..new.clone() },
        NewSilence { remind: Some("nobody".into()), ..new.clone() },
    ];
    for b in bad {
        assert!(add(&w.cx, b.clone(), w.now()).await.is_err(), "{b:?}");
    }
    add(&w.cx, new.clone(), w.now()).await.unwrap();
    w.live(days(38), days(1)).await;
    w.expect_silence();
    w.live(days(1), minutes(60)).await;
    w.expect("billing/webhook", &["ends", "freeze", "Open alerts it mutes: 1"]);
    w.live(days(1), minutes(60)).await;
    let all = w.arrived();
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(all.iter().any(|m| m.contact == "search/slack" && m.text.contains("20 days")), "{all:#?}");
    assert!(all.iter().any(|m| m.contact == "billing/webhook" && m.text.contains("over")), "{all:#?}");

    let (mut w, _, _) = told().await;
    let made = add(&w.cx, NewSilence { until: w.now() + days(40), ..new }, w.now()).await.unwrap();
    w.live(days(35), days(1)).await;
    w.expect_silence();
    end(&w.cx, made.id, "mei", w.now()).await.unwrap();
    assert!(end(&w.cx, made.id, "mei", w.now()).await.is_err());
    w.tick().await;
    w.expect("search/slack", &["25 days"]);
}

#[tokio::test]
async fn one_answer_counts_for_the_wave_and_each_row_is_finished_alone() {
    let mut w = World::new().await;
    w.tick().await;
    w.page(&[("gpt-x", day(60)), ("gpt-y", day(60)), ("gpt-far", day(700))]);
    w.advance(days(1)).await;
    let first = w.expect("search/slack", &["2 of yours", "gpt-x", "gpt-y"]);
    let all = w.alerts().await;
    let done = w.act(all[0].0.id, Action::Acknowledge { note: None, plan_on: Some(day(50)) }).await.unwrap();
    assert_eq!(done.also, [all[1].0.id]);
    w.advance(minutes(1)).await;
    let note = w.expect("search/slack", &["mei acknowledged, plan", "2 of yours"]);
    assert_eq!(note.thread, Some(first.id.clone()));
    w.live(days(49), days(1)).await;
    w.expect_silence();
    w.act(all[0].0.id, resolve(ResolveReason::Migrated)).await.unwrap();
    w.advance(minutes(1)).await;
    assert_eq!(w.expect("search/slack", &["resolved, migrated"]).thread, Some(first.id.clone()));
    w.live(days(5), days(1)).await;
    let rung = w.expect("search/slack", &["7 days", "gpt-y"]);
    assert_eq!(rung.thread, Some(first.id));
    assert!(!rung.text.contains("gpt-x"));
}

#[tokio::test]
async fn what_joins_a_wave_later_goes_on_in_its_thread() {
    let mut w = World::new().await;
    w.tick().await;
    let announced = |rows: &[(&str, jiff::civil::Date)]| {
        markdown("Upcoming", rows).replace("Older models", "2026-11-20: Older models")
    };
    w.answer(200, &announced(&[("gpt-x", day(60)), ("gpt-far", day(700))]));
    w.advance(days(1)).await;
    let first = w.expect("search/slack", &["gpt-x"]);
    w.answer(200, &announced(&[("gpt-x", day(60)), ("gpt-y", day(60)), ("gpt-far", day(700))]));
    w.advance(days(1)).await;
    assert_eq!(w.expect("search/slack", &["gpt-y"]).thread, Some(first.id.clone()));
    w.live(days(30), days(1)).await;
    assert_eq!(w.expect("search/slack", &["2 of yours end within 30 days"]).thread, Some(first.id));
}

#[tokio::test]
async fn a_plan_for_what_has_ended_is_refused_with_what_one_can_do() {
    let (mut w, alert, _) = told().await;
    w.live(days(70), minutes(360)).await;
    w.arrived();
    let plan = Action::Acknowledge { note: None, plan_on: Some(day(80)) };
    let why = w.act(alert, plan).await.unwrap_err().to_string();
    assert!(why.starts_with("it ended on 2027-01-22, so there is no day left to plan: acknowledge without"), "{why}");
    w.act(alert, Action::Acknowledge { note: Some("by 11 February".into()), plan_on: None }).await.unwrap();
}

#[tokio::test]
async fn everything_that_people_do_is_in_the_audit_with_who_what_and_why() {
    let (mut w, alert, _) = told().await;
    let note = || Some("because of the move".to_owned());
    for action in [
        Action::Acknowledge { note: note(), plan_on: Some(day(30)) },
        Action::Snooze { until: Until::Day(day(10)), note: note() },
        Action::Reassign { to: "billing".into(), note: note() },
        Action::Resolve { reason: ResolveReason::WrongDate, note: note(), services: vec![], duplicate_of: None },
        Action::Resolve { reason: ResolveReason::AcceptedRisk, note: note(), services: vec![], duplicate_of: None },
        Action::Reopen { note: note(), services: vec![] },
    ] {
        w.act(alert, action).await.unwrap();
    }
    // What is refused is not done, and is no deed.
    w.act(alert, Action::Reopen { note: None, services: vec![] }).await.unwrap_err();
    let new = NewSilence {
        matcher: Matcher { provider: Some("openai".into()), ..Matcher::default() },
        until: w.now() + days(2),
        remind: None,
        by: "mei".into(),
        note: "because of the move".into(),
    };
    let silence = add(&w.cx, new, w.now()).await.unwrap();
    end(&w.cx, silence.id, "ravi", w.now()).await.unwrap();
    let rows = w.cx.store.audit(AuditFilter { limit: 100, ..AuditFilter::default() }).await.unwrap();
    let deeds: Vec<(String, String)> = rows
        .iter()
        .rev()
        .filter(|r| r.what.starts_with("alert.") && r.who.starts_with("mei") || r.what.starts_with("silence."))
        .map(|r| (r.who.clone(), r.what.clone()))
        .collect();
    let by = |who: &str, what: &str| (who.to_owned(), what.to_owned());
    assert_eq!(
        deeds,
        [
            by("mei", "alert.acknowledged"),
            by("mei", "alert.snoozed"),
            by("mei", "alert.reassigned"),
            by("mei", "alert.disputed"),
            by("mei", "alert.resolved"),
            by("mei", "alert.reopened"),
            by("mei", "silence.added"),
            by("ravi", "silence.ended"),
        ],
        "{rows:#?}"
    );
    let told = rows.iter().filter(|r| r.what.starts_with("alert.") && r.detail.contains("because of the move"));
    assert_eq!(told.count(), 6, "{rows:#?}");
}

/// Two owners who read one channel: what is handed over stays where it was talked about.
#[tokio::test]
async fn what_is_handed_to_somebody_in_the_same_channel_goes_on_in_its_thread() {
    let mut w = World::new().await;
    let config = w.config.replace("[owners.billing]\nwebhook = \"billing\"", "[owners.billing]\nslack = \"#search\"");
    w.restart_with(&config);
    w.page(&[("gpt-x", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let first = w.expect("search/slack", &["60 days"]);
    let alert = w.alerts().await[0].0.id;
    w.act(alert, Action::Reassign { to: "billing".into(), note: None }).await.unwrap();
    w.live(days(31), minutes(360)).await;
    let later = w.arrived();
    assert!(later.len() >= 2, "{later:#?}");
    assert!(later.iter().all(|m| m.thread.as_ref() == Some(&first.id)), "{later:#?}");
    assert!(later.last().unwrap().text.contains("30 days"), "{later:#?}");
    let told = w.cx.store.told_of(w.alerts().await[0].1.id.clone()).await.unwrap();
    assert!(told.len() >= 3 && told[0].contact.0 == "search/slack", "the history stays: {told:#?}");
}
