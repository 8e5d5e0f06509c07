//! Against a strict fake Slack in this process.

#![expect(clippy::disallowed_methods, reason = "a fake server runs and waits beside the test")]

use super::*;
use crate::notify::http::http_client_within;
use crate::notify::testing::{ending, message};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing::post};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TOKEN: &str = "xoxb-canary-0123456789";

/// What the fake answers next.
#[derive(Clone)]
struct Script {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
}

fn says(status: u16, body: &str) -> Script {
    Script { status, headers: vec![], body: body.into(), delay: Duration::ZERO }
}

#[derive(Clone)]
struct Fake {
    script: Arc<Mutex<Script>>,
    seen: Arc<Mutex<Vec<Value>>>,
    lost_threads: bool,
}

/// Refuses what Slack would refuse before the script has its word.
fn complaint(headers: &HeaderMap, v: &Value, bot: bool) -> Option<&'static str> {
    if headers.get("content-type").is_none_or(|t| !t.as_bytes().starts_with(b"application/json")) {
        return Some("invalid_content_type");
    }
    if bot && headers.get("authorization").is_none_or(|a| a.as_bytes() != format!("Bearer {TOKEN}").as_bytes()) {
        return Some("invalid_auth");
    }
    if bot && !v["channel"].is_string() {
        return Some("channel_not_found");
    }
    let blocks = v["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let fits = |t: &Value| t["text"].as_str().is_some_and(|s| (1..=3_000).contains(&s.chars().count()));
    let good = |b: &Value| match b["type"].as_str() {
        Some("section") => fits(&b["text"]),
        Some("context") => b["elements"].as_array().is_some_and(|e| (1..=10).contains(&e.len()) && e.iter().all(fits)),
        _ => false,
    };
    if blocks.is_empty() || blocks.len() > 50 || !blocks.iter().all(good) || !v["text"].is_string() {
        return Some("invalid_blocks");
    }
    None
}

async fn slack(fake: Fake, headers: HeaderMap, body: Bytes, bot: bool) -> axum::response::Response {
    let v: Value = serde_json::from_slice(&body).expect("JSON");
    if let Some(error) = complaint(&headers, &v, bot) {
        return json!({"ok": false, "error": error}).to_string().into_response();
    }
    let threaded = v["thread_ts"].is_string();
    fake.seen.lock().unwrap().push(v);
    if threaded && fake.lost_threads {
        return json!({"ok": false, "error": "thread_not_found"}).to_string().into_response();
    }
    let script = fake.script.lock().unwrap().clone();
    tokio::time::sleep(script.delay).await;
    let mut r = (axum::http::StatusCode::from_u16(script.status).unwrap(), script.body).into_response();
    for (k, v) in script.headers {
        r.headers_mut().insert(k, v.parse().unwrap());
    }
    r
}

async fn start(script: Script) -> (Fake, String) {
    start_fake(Fake { script: Arc::new(Mutex::new(script)), seen: Arc::default(), lost_threads: false }).await
}

async fn start_fake(fake: Fake) -> (Fake, String) {
    let router = Router::new()
        .route("/api/chat.postMessage", post(|State(f): State<Fake>, h: HeaderMap, b: Bytes| slack(f, h, b, true)))
        .route("/services/T0/B0/canary", post(|State(f): State<Fake>, h: HeaderMap, b: Bytes| slack(f, h, b, false)))
        .with_state(fake.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (fake, base)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    http_client_within(Duration::from_millis(500), Duration::from_millis(500)).unwrap()
}

fn bot(base: &str) -> Bot {
    Bot::new(client(), TOKEN.into(), &format!("{base}/api")).unwrap()
}

fn hook(base: &str) -> IncomingWebhook {
    IncomingWebhook::new(client(), format!("{base}/services/T0/B0/canary").into()).unwrap()
}

fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Delivered { .. } => "",
        Outcome::Retry { reason, .. }
        | Outcome::Rejected { reason }
        | Outcome::Unreachable { reason }
        | Outcome::Unauthorized { reason } => reason,
    }
}

#[tokio::test]
async fn a_message_starts_a_thread_and_the_next_goes_under_it() {
    let (fake, base) = start(says(200, r#"{"ok":true,"ts":"1700000000.000100","channel":"C1"}"#)).await;
    let mut m = message(vec![ending()]);
    let first = bot(&base).send(&m).await;
    assert_eq!(
        first,
        Outcome::Delivered { thread: Some("1700000000.000100".into()), place: Some("C1 1700000000.000100".into()) }
    );
    m.thread = Some("1600000000.000001".into());
    assert_eq!(
        bot(&base).send(&m).await,
        Outcome::Delivered { thread: Some("1600000000.000001".into()), place: Some("C1 1700000000.000100".into()) }
    );
    let seen = fake.seen.lock().unwrap();
    assert_eq!(seen[0]["channel"], "#search-ai");
    assert!(seen[0].get("thread_ts").is_none());
    assert_eq!(seen[1]["thread_ts"], "1600000000.000001");
    assert_eq!((&seen[0]["unfurl_links"], &seen[0]["link_names"]), (&json!(false), &json!(false)));
    assert!(seen[0]["text"].as_str().unwrap().starts_with("🟠 gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027"));
}

#[tokio::test]
async fn a_conversation_whose_first_message_is_gone_begins_anew() {
    let script = Arc::new(Mutex::new(says(200, r#"{"ok":true,"ts":"9.9"}"#)));
    let (fake, base) = start_fake(Fake { script, seen: Arc::default(), lost_threads: true }).await;
    let m = Message { thread: Some("1.1".into()), ..message(vec![ending()]) };
    assert_eq!(bot(&base).send(&m).await, Outcome::Delivered { thread: Some("9.9".into()), place: None });
    assert_eq!(fake.seen.lock().unwrap().len(), 2);

    let silent = r#"{"ok":true,"ts":"9.9","message":{"text":"x"}}"#;
    let (_, base) = start(says(200, silent)).await;
    assert_eq!(bot(&base).send(&m).await, Outcome::Delivered { thread: Some("9.9".into()), place: None });
    let kept = r#"{"ok":true,"ts":"9.9","message":{"text":"x","thread_ts":"1.1"}}"#;
    let (_, base) = start(says(200, kept)).await;
    assert_eq!(bot(&base).send(&m).await, Outcome::Delivered { thread: Some("1.1".into()), place: None });
}

#[tokio::test]
async fn a_large_group_is_taken_by_a_strict_slack() {
    let (_, base) = start(says(200, r#"{"ok":true,"ts":"1.1"}"#)).await;
    let m = message(vec![ending(); 300]);
    assert_eq!(bot(&base).send(&m).await, Outcome::Delivered { thread: Some("1.1".into()), place: None });
}

#[tokio::test]
async fn slow_down_is_a_retry_with_what_slack_asked_for() {
    for (header, want) in [
        (Some("30"), Some(30)),
        (Some("0"), Some(0)),
        (Some("99999999"), Some(99_999_999)),
        (Some("Mon, 23 Nov 2026 08:56:00 GMT"), Some(60)),
        (Some("-1"), None),
        (Some("later"), None),
        (None, None),
    ] {
        for status in [429, 200] {
            let mut script = says(status, r#"{"ok":false,"error":"ratelimited"}"#);
            script.headers.extend(header.map(|h| ("retry-after", h.to_owned())));
            let (_, base) = start(script).await;
            match bot(&base).send(&message(vec![ending()])).await {
                Outcome::Retry { after, .. } => assert_eq!(after.map(|d| d.as_secs()), want, "{header:?}"),
                other => panic!("{header:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn an_error_of_slack_says_what_to_do_differently() {
    let (fake, base) = start(says(200, "")).await;
    let bot = bot(&base);
    for (error, want, words) in [
        ("invalid_auth", "unauthorized", "renew slack.bot_token"),
        ("not_authed", "unauthorized", "renew"),
        ("account_inactive", "unauthorized", "renew"),
        ("token_revoked", "unauthorized", "renew"),
        ("token_expired", "unauthorized", "renew"),
        ("missing_scope", "unauthorized", "chat:write"),
        ("channel_not_found", "unreachable", "#search-ai"),
        ("is_archived", "unreachable", "another channel"),
        ("not_in_channel", "unreachable", "invite the bot"),
        ("msg_too_long", "rejected", "bug"),
        ("invalid_blocks", "rejected", "bug"),
        ("something_new", "rejected", "something_new"),
        ("internal_error", "retry", "internal_error"),
        ("ratelimited", "retry", "ratelimited"),
    ] {
        *fake.script.lock().unwrap() = says(200, &json!({"ok": false, "error": error}).to_string());
        let outcome = bot.send(&message(vec![ending()])).await;
        let got = match &outcome {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Rejected { .. } => "rejected",
            Outcome::Unreachable { .. } => "unreachable",
            Outcome::Unauthorized { .. } => "unauthorized",
        };
        assert_eq!(got, want, "{error}: {outcome:?}");
        assert!(reason(&outcome).contains(words), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_is_not_an_answer_of_slack_is_tried_again() {
    let (fake, base) = start(says(200, "")).await;
    let (bot, hook) = (bot(&base), hook(&base));
    for (status, body) in [
        (200, "<html>maintenance</html>"),
        (200, ""),
        (200, "[]"),
        (500, r#"{"ok":true,"ts":"1.1"}"#),
        (503, "busy"),
        (302, ""),
        (200, "OK, thanks"),
    ] {
        *fake.script.lock().unwrap() = says(status, body);
        for outcome in [bot.send(&message(vec![ending()])).await, hook.send(&message(vec![ending()])).await] {
            assert!(matches!(outcome, Outcome::Retry { .. }), "{status} {body}: {outcome:?}");
            assert!(!reason(&outcome).is_empty());
        }
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let (_, base) = start(says(200, &"x".repeat(5_000_000))).await;
    let m = message(vec![ending()]);
    let outcome = hook(&base).send(&m).await;
    assert!(matches!(&outcome, Outcome::Retry { reason, .. } if reason.chars().count() < 300), "{outcome:?}");
    let request = client().post(format!("{base}/services/T0/B0/canary")).json(&payload(&m, false));
    assert_eq!(super::post(request, m.now).await.unwrap().body.len(), crate::notify::http::BODY_CAP);
}

#[tokio::test]
async fn a_slow_slack_and_a_closed_port_are_tried_again_without_naming_secrets() {
    let mut script = says(200, "ok");
    script.delay = Duration::from_secs(5);
    let (_, base) = start(script).await;
    let port = {
        let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        l.local_addr().unwrap().port()
    };
    let m = message(vec![ending()]);
    for outcome in [
        bot(&base).send(&m).await,
        hook(&base).send(&m).await,
        bot(&format!("http://127.0.0.1:{port}")).send(&m).await,
        hook(&format!("http://127.0.0.1:{port}")).send(&m).await,
    ] {
        assert!(matches!(outcome, Outcome::Retry { after: None, .. }), "{outcome:?}");
        assert!(!reason(&outcome).contains("canary") && !reason(&outcome).contains("xoxb"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_token_with_a_line_break_is_refused_without_a_request() {
    let (fake, base) = start(says(200, r#"{"ok":true}"#)).await;
    let bot = Bot::new(client(), "xoxb-canary\r\nX: y".into(), &format!("{base}/api")).unwrap();
    let outcome = bot.send(&message(vec![ending()])).await;
    assert!(matches!(&outcome, Outcome::Unauthorized { reason } if !reason.contains("canary")), "{outcome:?}");
    assert!(fake.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_webhook_says_ok_or_nothing() {
    let (fake, base) = start(says(200, "ok")).await;
    let hook = hook(&base);
    let m = message(vec![ending()]);
    assert_eq!(hook.send(&m).await, Outcome::Delivered { thread: None, place: None });
    assert!(fake.seen.lock().unwrap()[0].get("channel").is_none());
    for (status, body) in
        [(404, "no_service"), (404, "channel_not_found"), (410, "channel_is_archived"), (403, "invalid_token")]
    {
        *fake.script.lock().unwrap() = says(status, body);
        let outcome = hook.send(&m).await;
        assert!(matches!(&outcome, Outcome::Unreachable { reason } if reason.contains(body)), "{outcome:?}");
    }
    *fake.script.lock().unwrap() = says(400, "invalid_payload");
    assert!(matches!(hook.send(&m).await, Outcome::Rejected { .. }));
    *fake.script.lock().unwrap() = Script { headers: vec![("retry-after", "7".into())], ..says(429, "rate_limited") };
    assert!(matches!(hook.send(&m).await, Outcome::Retry { after: Some(d), .. } if d.as_secs() == 7));
}

#[test]
fn addresses_are_https() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let e = IncomingWebhook::new(client(), "http://hooks.example/canary".to_owned().into()).err().unwrap();
    assert!(e.to_string().contains("https") && !e.to_string().contains("canary"), "{e}");
    assert!(Bot::new(client(), TOKEN.into(), "http://slack.example/api").is_err());
}

#[test]
fn the_section_refuses_keys_it_does_not_know() {
    let ok: SlackSection = toml::from_str("bot_token = 'env:T'\n[webhooks]\nops = 'env:W'").unwrap();
    assert_eq!(ok.webhooks["ops"].get_ref(), "env:W");
    let e = toml::from_str::<SlackSection>("bot_tokn = 'env:T'").unwrap_err().to_string();
    assert!(e.contains("bot_tokn") && e.contains("bot_token"), "{e}");
}
