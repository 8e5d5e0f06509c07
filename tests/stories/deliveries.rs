//! Webhooks: what is stored, what is believed, who hears of it.

use crate::harness::*;
use forewarn::model::{AlertState, Event, Kind, MatterState, PayloadId};
use proptest::prelude::*;

#[tokio::test]
async fn an_incident_is_one_conversation_from_its_opening_to_its_end_and_back() {
    let mut w = World::new().await;
    let opened = w.shop("e1", "incident.opened", "db-1");
    assert_eq!(w.deliver("generic-hmac/shop", "e1", &opened).await, 200);
    w.tick().await;
    let first = w.expect("search/slack", &["incident.opened of db-1"]);
    assert_eq!(first.thread, None);
    w.pass(minutes(30));
    let update = w.shop("e2", "incident.updated", "db-1");
    w.deliver("generic-hmac/shop", "e2", &update).await;
    w.tick().await;
    assert_eq!(w.expect("search/slack", &["update: incident.updated of db-1"]).thread, Some(first.id.clone()));
    w.pass(minutes(30));
    let over = w.shop("e3", "incident.resolved", "db-1");
    w.deliver("generic-hmac/shop", "e3", &over).await;
    w.tick().await;
    assert_eq!(w.expect("search/slack", &["incident.resolved of db-1"]).thread, Some(first.id.clone()));
    assert_eq!(w.alerts().await[0].0.state, AlertState::Resolved);
    w.pass(minutes(30));
    let back = w.shop("e4", "incident.opened", "db-1");
    w.deliver("generic-hmac/shop", "e4", &back).await;
    w.tick().await;
    assert_eq!(w.expect("search/slack", &["db-1"]).thread, Some(first.id));
    assert_eq!((w.alerts().await[0].0.episode, w.alerts().await.len()), (2, 1));
}

#[tokio::test]
async fn what_nobody_answers_is_said_again_after_a_day_and_an_answer_stops_it() {
    for (answered, expected) in [(false, 1), (true, 0)] {
        let mut w = World::new().await;
        let opened = w.shop("e1", "incident.opened", "db-1");
        w.deliver("generic-hmac/shop", "e1", &opened).await;
        w.tick().await;
        w.expect("search/slack", &["db-1"]);
        if answered {
            let alert = w.alerts().await[0].0.id;
            w.ack(alert, None).await;
            w.tick().await;
            w.arrived();
        }
        w.live(days(4), minutes(60)).await;
        assert_eq!(w.arrived().len(), expected);
    }
}

#[tokio::test]
async fn a_storm_of_updates_is_told_at_most_once_in_ten_minutes() {
    let mut w = World::new().await;
    for i in 0..30 {
        let body = w.shop(&format!("e{i}"), "incident.updated", "db-1");
        w.deliver("generic-hmac/shop", "x", &body).await;
        w.advance(minutes(1)).await;
    }
    let n = w.arrived().len();
    assert!((3..=4).contains(&n), "{n} messages in half an hour");
}

#[tokio::test]
async fn a_repeat_is_answered_like_the_first_and_tells_nobody() {
    let mut w = World::restarting().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    for _ in 0..3 {
        assert_eq!(w.deliver("generic-hmac/shop", "e1", &body).await, 200);
        w.tick().await;
    }
    w.expect("search/slack", &["db-1"]);
    assert_eq!(w.events().await.iter().filter(|(e, _)| e.event.kind == Kind::Incident).count(), 1);
    assert_eq!(w.ledger("payloads", "repeated").await, 2);
}

#[tokio::test]
async fn one_id_with_another_body_is_told_to_operators_and_the_first_counts() {
    let mut w = World::new().await;
    let (first, second) = (w.shop("e1", "incident.opened", "db-1"), w.shop("e1", "incident.resolved", "db-1"));
    for body in [&first, &second, &second, &first] {
        assert_eq!(w.deliver("generic-hmac/shop", "e1", body).await, 200);
    }
    w.tick().await;
    let told = w.arrived();
    let who: Vec<_> = told.iter().map(|m| m.contact.as_str()).collect();
    assert_eq!(who, ["search/slack", "operators/webhook"]);
    assert!(told[1].text.contains("two different messages under one id"), "{:?}", told[1]);
    assert_eq!(w.status().await.conflicts.len(), 1);
    let open: Vec<_> = w.alerts().await.into_iter().map(|(a, m)| (a.state, m.is_over())).collect();
    assert!(open.iter().all(|x| *x == (AlertState::Open, false)), "{open:?}");
}

#[tokio::test]
async fn a_wrong_signature_touches_nothing_in_the_store() {
    let mut w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    let proof = w.proof("generic-hmac/shop", "another-secret-of-16+", "e1", &body);
    let path = w.dir.path().join("forewarn.db-wal");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(w.deliver_with("generic-hmac/shop", &proof, &body).await, 401);
    let good = w.proof("generic-hmac/shop", PLAIN, "e1", &body);
    assert_eq!(w.deliver_with("generic-hmac/shop", &good, &body.replace("db-1", "db-2")).await, 401);
    assert_eq!(w.deliver_with("generic-hmac/shop", &[], &body).await, 401);
    assert_eq!(std::fs::read(&path).unwrap(), before, "not a byte was written");
    let (accepted, refused) = w.receiver.endpoint("generic-hmac", "shop", false).unwrap().counts();
    assert_eq!((accepted, refused.iter().map(|(_, n)| n).sum::<u64>()), (0, 3));
}

#[tokio::test]
async fn what_was_refused_is_shown_with_its_reason_and_without_its_texts() {
    let mut w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    let proof = w.proof("generic-hmac/shop", "another-secret-of-16+", "e1", &body);
    assert_eq!(w.deliver_with("generic-hmac/shop", &proof, &body).await, 401);
    assert_eq!(w.deliver_with("openai/main", &[], r#"{"type":"x.y","card":"4111"}"#).await, 401);
    let shown = w.receiver.rejections.newest();
    let of = |c: &str| shown.iter().find(|r| r.connection == c).unwrap();
    let (shop, openai) = (of("generic-hmac/shop"), of("openai/main"));
    assert_eq!((shop.reason.as_str(), shop.bytes), ("mismatch", body.len()));
    assert!(!shop.proof.is_empty() && shop.shape.contains("incident.opened") && !shop.shape.contains("db-1"));
    assert_eq!((openai.reason.as_str(), openai.proof.len()), ("missing", 0));
    assert!(openai.shape.contains("x.y") && !openai.shape.contains("4111"), "{}", openai.shape);
}

#[tokio::test]
async fn a_hook_that_breaks_its_habit_is_told_once_and_its_return_too() {
    let mut w = World::new().await;
    w.listen().await;
    for n in 0..6 {
        let body = w.shop(&format!("e{n}"), "job.done", "x");
        assert_eq!(w.deliver("generic-hmac/shop", &format!("e{n}"), &body).await, 200);
        w.pass(minutes(180));
        w.listen().await;
    }
    w.arrived();
    for _ in 0..30 {
        w.pass(minutes(60));
        w.listen().await;
    }
    let told = w.arrived();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contact.starts_with("operators") && told[0].text.contains("generic-hmac/shop has gone silent"));
    assert!(told[0].text.contains("forewarn simulate generic-hmac/shop"), "{}", told[0].text);
    let silent = w.status().await.silent;
    assert!(silent.iter().any(|f| f.connection.as_str() == "generic-hmac/shop"), "{silent:?}");
    let body = w.shop("e9", "job.done", "x");
    assert_eq!(w.deliver("generic-hmac/shop", "e9", &body).await, 200);
    w.listen().await;
    let told = w.arrived();
    assert!(told.len() == 1 && told[0].text.contains("heard again"), "{told:?}");
}

#[tokio::test]
async fn a_hook_that_never_spoke_is_shown_after_three_days_and_told_to_nobody() {
    let mut w = World::new().await;
    w.listen().await;
    assert!(w.status().await.silent.is_empty());
    w.pass(days(4));
    w.listen().await;
    assert!(!w.arrived().iter().any(|a| a.text.contains("nothing since")));
    let silent = w.status().await.silent;
    assert!(silent.iter().any(|f| f.title.contains("openai/main has sent nothing")), "{silent:?}");
}

/// The world's config with more sections; `OUTSIDE` in them is the server that plays the world.
fn with_api(w: &World, sections: &str) -> String {
    let outside = w.config.split("url = \"").nth(2).unwrap().split("/sink").next().unwrap();
    format!("{}\n{}", w.config, sections.replace("OUTSIDE", outside))
}

#[tokio::test]
async fn what_was_missed_is_fetched_after_an_absence_and_a_late_retry_is_a_repeat() {
    let mut w = World::new().await;
    let config = with_api(
        &w,
        "[connections.\"stripe/main\"]\nwebhook_secret = \"env:WHSEC\"\napi_key = \"env:API_KEY\"\nowner = \"search\"\n[provider.stripe.sources.webhook.missed]\nurl = \"OUTSIDE/api/events\"\n",
    );
    w.restart_with(&config);
    w.catcher().tick(w.now()).await.unwrap();
    assert!(w.asked().is_empty(), "nobody was ever here: nothing was missed");
    let since = w.now().as_second() - 300;
    w.pass(minutes(90));
    let event = |n: u8| serde_json::json!({"id": format!("evt_{n}"), "object": "event", "type": "invoice.payment_failed", "created": since, "data": {"object": {"id": format!("in_{n}")}}});
    let page = format!("/api/events?limit=100&delivery_success=false&created[gte]={since}");
    let catcher = w.catcher();
    catcher.tick(w.now()).await.unwrap();
    assert_eq!(w.asked().len(), 1, "the API does not answer yet");
    w.api(&page, serde_json::json!({"data": [event(3), event(2)], "has_more": true}), None);
    w.api(&format!("{page}&starting_after=evt_2"), serde_json::json!({"data": [event(1)], "has_more": false}), None);
    let report = catcher.tick(w.now()).await.unwrap();
    assert!(report.summary.starts_with("3 missed"), "{}", report.summary);
    assert!(w.asked().iter().all(|a| a.starts_with("Bearer key-of-a-test ")));
    catcher.tick(w.now()).await.unwrap();
    assert!(w.asked().is_empty(), "once is enough");
    w.tick().await;
    let told = w.arrived();
    assert!(told.iter().any(|a| a.contact == "search/slack"), "{told:?}");
    let late = format!("{} ", event(2));
    let proof = w.proof("stripe/main", WHSEC, "evt_2", &late);
    assert_eq!(w.deliver_with("stripe/main", &proof, &late).await, 200);
    assert_eq!(w.ledger("payloads", "repeated").await, 1);
    assert!(w.status().await.conflicts.is_empty(), "other bytes of one event are no conflict");
}

#[tokio::test]
async fn of_githubs_list_only_what_failed_and_was_not_repeated_is_fetched() {
    let mut w = World::new().await;
    let config = with_api(
        &w,
        "[connections.\"github/main\"]\nwebhook_secret = \"env:WHSEC\"\napi_key = \"env:API_KEY\"\nhook = \"repos/o/r/hooks/7\"\nowner = \"search\"\n[provider.github.sources.webhook.missed]\nurl = \"OUTSIDE/api\"\n",
    );
    w.restart_with(&config);
    w.catcher().tick(w.now()).await.unwrap();
    w.pass(minutes(30));
    let at = |m: i64| (w.now() - minutes(m)).to_string();
    let entry = |id: u32, guid: &str, m: i64, code: u32| serde_json::json!({"id": id, "guid": guid, "delivered_at": at(m), "status_code": code, "event": "repository"});
    let base = "/api/repos/o/r/hooks/7/deliveries";
    let outside = config.split("url = \"").nth(2).unwrap().split("/sink").next().unwrap().to_owned();
    let first = serde_json::json!([entry(5, "e", 1, 200), entry(4, "d", 2, 502), entry(3, "c", 3, 200)]);
    let second = serde_json::json!([entry(2, "c", 4, 502), entry(1, "a", 500, 502)]);
    let request = serde_json::json!({"request": {"headers": {"X-GitHub-Event": "repository", "X-GitHub-Delivery": "d"},
        "payload": {"action": "deleted", "repository": {"full_name": "o/r", "id": 1, "html_url": "https://github.com/o/r"}}}});
    w.api(&format!("{base}?per_page=100"), first, Some(format!("{outside}{base}?per_page=100&cursor=x")));
    w.api(&format!("{base}?per_page=100&cursor=x"), second, Some(format!("{outside}{base}?cursor=y")));
    w.api(&format!("{base}/4"), request, None);
    let report = w.catcher().tick(w.now()).await.unwrap();
    assert!(report.summary.starts_with("1 missed"), "{} {:?}", report.summary, w.asked());
    assert_eq!(w.asked().len(), 3, "two pages and one delivery");
    w.tick().await;
    let events = w.events().await;
    let github: Vec<_> = events.iter().filter(|(e, _)| e.event.provider.as_str() == "github").collect();
    assert!(github.len() == 1 && github[0].0.event.native_type.as_deref() == Some("repository.deleted"), "{github:?}");
}

#[tokio::test]
async fn a_delivery_out_of_its_window_is_refused_however_well_signed() {
    let mut w = World::new().await;
    let body = r#"{"id":"evt_1","type":"safety.alert.created","data":{"id":"a"}}"#;
    let proof = w.proof("openai/main", WHSEC, "wh_1", body);
    w.pass(minutes(6));
    assert_eq!(w.deliver_with("openai/main", &proof, body).await, 401);
    assert_eq!(w.deliver("openai/main", "wh_1", body).await, 200);
}

const HINT: &str = r#"{"page":{"url":"https://status.example"},"incident":{"id":"i1","name":"Database","impact":"major","status":"investigating"}}"#;

#[tokio::test]
async fn a_hint_is_stored_and_shown_and_never_told() {
    let mut w = World::new().await;
    assert_eq!(w.deliver_with(&format!("statuspage/acme/{TOKEN}"), &[], HINT).await, 200);
    assert_eq!(w.deliver_with("statuspage/acme/another-token-0123456789", &[], HINT).await, 404);
    w.live(days(2), minutes(60)).await;
    w.expect_silence();
    let (event, routing) =
        w.events().await.into_iter().find(|(e, _)| e.event.provider.as_str() == "statuspage").unwrap();
    assert_eq!((event.event.kind, routing.as_str()), (Kind::Incident, "unverified_hint"));
    assert!(event.event.title.contains("Database"));
    assert!(!w.alerts().await.iter().any(|(_, m)| m.provider.as_str() == "statuspage"));
    assert!(w.cx.store.matters_of(Kind::Incident).await.unwrap().is_empty(), "a hint makes no matter");
}

#[tokio::test]
async fn the_same_words_of_a_sender_without_ids_are_news_again_months_later() {
    let mut w = World::new().await;
    let config = format!(
        "{}\n[connections.\"generic-token/door\"]\nwebhook_secret = \"env:PLAIN\"\nowner = \"search\"\n",
        w.config
    );
    w.restart_with(&config);
    let token = [("x-webhook-token".to_owned(), PLAIN.to_owned())];
    let say = |n: u8| format!(r#"{{"type":"incident.opened","key":"door-{n}","title":"Door {n}"}}"#);
    let mut events = Vec::new();
    for body in [say(1), say(2), say(1)] {
        assert_eq!(w.deliver_with("generic-token/door", &token, &body).await, 200);
        assert_eq!(w.deliver_with("generic-token/door", &token, &body).await, 200, "a repeat");
        w.tick().await;
        events.push(w.events().await.iter().filter(|(e, _)| e.event.provider.as_str() == "generic-token").count());
        w.pass(days(60));
    }
    assert_eq!(events, [1, 2, 3]);
}

#[tokio::test]
async fn a_type_nobody_knows_is_stored_and_visible() {
    let mut w = World::new().await;
    let body = r#"{"id":"evt_1","type":"brand.new.thing","data":{"id":"a"}}"#;
    assert_eq!(w.deliver("openai/main", "wh_1", body).await, 200);
    w.tick().await;
    w.expect_silence();
    let (event, routing) = w.events().await.into_iter().find(|(e, _)| e.event.kind == Kind::Unrecognized).unwrap();
    assert_eq!((event.event.native_type.as_deref(), routing.as_str()), (Some("brand.new.thing"), "quiet_kind"));
}

#[tokio::test]
async fn what_is_verified_and_not_json_is_kept_and_visible() {
    let mut w = World::new().await;
    assert_eq!(w.deliver("openai/main", "wh_1", "hello, this is no JSON").await, 200);
    w.live(days(100), days(1)).await;
    while w.cx.store.prune(w.now()).await.unwrap() > 0 {}
    let s = w.status().await;
    assert_eq!((s.unrecognized.len(), s.unrecognized[0].source.as_str()), (1, "openai/webhook"));
    assert!(s.unrecognized[0].problem.contains("not JSON"));
    assert_eq!(w.replay().await, (1, 0));
    let kept = w.cx.store.unrecognized(PayloadId(0), 9).await.unwrap();
    assert_eq!(kept[0].0.body, b"hello, this is no JSON", "older than any retention, and whole");
}

#[tokio::test]
async fn a_replay_after_the_provider_file_changed_reads_what_was_not_understood() {
    let mut w = World::new().await;
    let files = w.dir.path().join("providers");
    std::fs::create_dir(&files).unwrap();
    let file = |source: &str| {
        format!(
            r##"
format = 1
id = "acme"
name = "Acme"
url = "https://acme.example"
[sources."{source}"]
kind = "webhook"
evidence = "V"
[sources."{source}".verify]
family = "hmac"
key = "utf8"
message = "{{body}}"
signature = {{ header = "x-acme", prefix = "", encoding = "hex" }}
[sources."{source}".event]
type = "/type"
[[sources."{source}".rules]]
type = "down"
kind = "incident"
key = "/what"
title = "{{{{ what }}}} is down"
"##
        )
    };
    std::fs::write(files.join("acme.toml"), file("webhook.old")).unwrap();
    let config = format!(
        "providers_dir = {:?}\n{}\n[connections.\"acme/main\"]\nwebhook_secret = \"env:PLAIN\"\nowner = \"search\"\n",
        files.display().to_string(),
        w.config
    );
    w.restart_with(&config);
    let body = r#"{"type":"down","what":"the mill"}"#;
    assert_eq!(w.deliver("acme/main", "", body).await, 200);
    // Before it is read, the file is changed: its source has another name, and what came from the old one is not known.
    std::fs::write(files.join("acme.toml"), file("webhook.new")).unwrap();
    w.restart_with(&config);
    w.tick().await;
    w.expect_silence();
    assert!(w.status().await.unrecognized[0].problem.contains("not known any more"));
    assert_eq!(w.ledger("payloads", "unrecognized").await, 1);
    std::fs::write(files.join("acme.toml"), file("webhook.old")).unwrap();
    w.restart_with(&config);
    assert_eq!(w.replay().await, (1, 1));
    assert_eq!(w.replay().await, (0, 0));
    w.tick().await;
    w.expect("search/slack", &["the mill is down"]);
    assert_eq!(w.ledger("payloads", "unrecognized").await, 0);
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_senders_next_try_is_taken() {
    let mut w = World::new().await;
    let body = w.shop("e1", "incident.opened", "db-1");
    w.receiver.set_low_disk(true);
    assert_eq!(w.deliver("generic-hmac/shop", "e1", &body).await, 503);
    w.receiver.set_low_disk(false);
    assert_eq!(w.deliver("generic-hmac/shop", "e1", &body).await, 200);
    w.tick().await;
    w.expect("search/slack", &["db-1"]);
}

#[tokio::test]
async fn jobs_are_counted_and_quiet() {
    let mut w = World::new().await;
    w.tick().await;
    for i in 0..5 {
        let body = format!(r#"{{"id":"evt_{i}","type":"batch.completed","data":{{"id":"b{i}"}}}}"#);
        w.deliver("openai/main", &format!("wh_{i}"), &body).await;
    }
    w.advance(days(2)).await;
    w.expect_silence();
    while w.cx.store.prune(w.now()).await.unwrap() > 0 {}
    assert_eq!(w.events().await.iter().filter(|(e, _)| e.event.kind == Kind::Job).count(), 0);
    assert_eq!(w.ledger("events", "suppressed: quiet_kind, counted only").await, 5);
}

/// The whole conversation of two matters, by their sender's own clock.
fn fixed_set() -> Vec<(String, String)> {
    let say = |n: i64, kind: &str, about: &str| {
        let at = start() + minutes(n);
        let data = serde_json::json!({"id": about, "title": format!("{kind} {n}"), "subject": "gpt-x", "shutdown_on": "2027-03-01"});
        (
            format!("e{n}"),
            serde_json::json!({"id": format!("e{n}"), "type": kind, "created_at": at.to_string(), "data": data})
                .to_string(),
        )
    };
    vec![
        say(1, "incident.opened", "db"),
        say(2, "incident.updated", "db"),
        say(3, "incident.resolved", "db"),
        say(4, "incident.reopened", "db"),
        say(5, "billing.over", "card"),
        say(6, "billing.resolved", "card"),
        say(7, "deprecation.announced", "x"),
        say(8, "job.done", "j"),
        say(9, "who.knows", "w"),
    ]
}

/// What must not depend on order or repetition: which events there are, and how every matter ends.
async fn outcome(order: &[usize]) -> (Vec<(String, Kind, String)>, Vec<MatterState>) {
    let set = fixed_set();
    let mut w = World::new().await;
    for (i, n) in order.iter().enumerate() {
        let (id, body) = &set[*n];
        assert_eq!(w.deliver("generic-hmac/shop", id, body).await, 200);
        if i % 3 == 0 {
            w.normalize().await;
        }
    }
    w.normalize().await;
    let print = |e: &Event| (e.event.fingerprint.clone(), e.event.kind, e.event.title.clone());
    let mut events: Vec<_> = w.events().await.iter().map(|(e, _)| print(e)).collect();
    events.sort();
    let mut matters = Vec::new();
    for kind in Kind::ALL {
        matters.extend(w.cx.store.matters_of(*kind).await.unwrap().into_iter().map(std::sync::Arc::unwrap_or_clone));
    }
    for m in &mut matters {
        m.version = 0; // how often it was written depends on the batches
    }
    w.ledger("payloads", "").await;
    (events, matters)
}

#[test]
fn any_order_and_repetition_of_deliveries_ends_alike() {
    let run = |order: &[usize]| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(outcome(order))
    };
    let straight = run(&(0..9).collect::<Vec<_>>());
    let orders = (prop::collection::vec(0_usize..9, 0..9), any::<u64>()).prop_map(|(extra, seed)| {
        let mut order: Vec<usize> = (0..9).chain(extra).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut order);
        order
    });
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(order in orders)| prop_assert_eq!(run(&order), straight.clone(), "{:?}", order));
}
