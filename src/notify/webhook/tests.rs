//! The outgoing webhook against a server of ours: what is signed, which answers are tried again, what is refused.

#![expect(clippy::disallowed_methods, reason = "a fake server runs and waits beside the test")]

use super::*;
use crate::notify::http::http_client_within;
use crate::notify::testing::{HOSTILE, ending, hostile, message};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing::post};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `base64("the key of these tests, 32 bytes")`.
const SECRET: &str = "whsec_dGhlIGtleSBvZiB0aGVzZSB0ZXN0cywgMzIgYnl0ZXM=";

type Script = Arc<Mutex<(u16, Option<(&'static str, &'static str)>)>>;
type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn receiver(script: Script) -> (Seen, String) {
    let seen = Seen::default();
    let router = Router::new().route(
        "/in",
        post(|State((script, seen)): State<(Script, Seen)>, h: HeaderMap, b: Bytes| async move {
            seen.lock().unwrap().push((h, b));
            let (status, header) = *script.lock().unwrap();
            let mut r = (axum::http::StatusCode::from_u16(status).unwrap(), "").into_response();
            if let Some((k, v)) = header {
                r.headers_mut().insert(k, v.parse().unwrap());
            }
            r
        }),
    );
    let router = router.with_state((script, seen.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (seen, url)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    http_client_within(Duration::from_millis(500), Duration::from_millis(500)).unwrap()
}

fn outgoing(url: &str) -> Outgoing {
    Outgoing::new(client(), "ops", url, &SECRET.into()).unwrap()
}

#[tokio::test]
async fn the_receiver_can_verify_the_bytes_it_got() {
    let (seen, url) = receiver(Arc::new(Mutex::new((204, None)))).await;
    assert_eq!(outgoing(&url).send(&message(vec![ending()])).await, Outcome::Delivered { thread: None, place: None });
    let (headers, body) = seen.lock().unwrap()[0].clone();
    let get = |k: &str| headers[k].to_str().unwrap().to_owned();
    let signed = [get("webhook-id").as_bytes(), b".", get("webhook-timestamp").as_bytes(), b".", &body].concat();
    // The key as bytes, written out, so that decoding it is tested too.
    let tag = HmacKey::new(b"the key of these tests, 32 bytes").tag(&[&signed]);
    assert_eq!(get("webhook-signature"), format!("v1,{}", base64_encode(&tag)));
    assert_eq!(get("webhook-id"), "0123456789abcdef0123456789abcdef");
    assert_eq!(get("webhook-timestamp"), "1795424100");
    assert_eq!(get("content-type"), "application/json");
    let v: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(v["type"], "forewarn.notification");
    assert_eq!(v["id"], "0123456789abcdef0123456789abcdef");
    assert_eq!(v["timestamp"], "2026-11-23T08:55:00Z");
    assert_eq!(v["data"]["owner"], "search");
    let row = &v["data"]["rows"][0];
    assert_eq!((&row["alert"], &row["reason"], &row["step"]), (&json!(17), &json!("reminder"), &json!("60d")));
    assert_eq!(row["matter"], "openai:gpt-demo-2025-08-07");
    assert_eq!(row["deadline"]["date"], "2027-01-22");
    assert_eq!(row["deadline"]["firmness"], "firm");
    assert_eq!(row["subjects"][0]["type"], "model");
    assert_eq!(row["services"][1], json!({"name": "rerank-batch", "env": "staging"}));
    assert_eq!(row["replacements"], json!(["gpt-demo-2"]));
}

#[tokio::test]
async fn the_id_stays_and_the_timestamp_is_new_with_each_attempt() {
    let (seen, url) = receiver(Arc::new(Mutex::new((200, None)))).await;
    let mut m = message(vec![ending()]);
    outgoing(&url).send(&m).await;
    m.now += Duration::from_secs(60);
    outgoing(&url).send(&m).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].0["webhook-id"], seen[1].0["webhook-id"]);
    assert_ne!(seen[0].0["webhook-timestamp"], seen[1].0["webhook-timestamp"]);
    assert_ne!(seen[0].0["webhook-signature"], seen[1].0["webhook-signature"]);
}

#[tokio::test]
async fn each_status_says_what_to_do() {
    let script: Script = Arc::new(Mutex::new((200, None)));
    let (seen, url) = receiver(script.clone()).await;
    let outgoing = outgoing(&url);
    for (status, want) in [
        (200, "delivered"),
        (202, "delivered"),
        (301, "unreachable"),
        (307, "unreachable"),
        (400, "rejected"),
        (401, "unauthorized"),
        (403, "unauthorized"),
        (404, "unreachable"),
        (410, "unreachable"),
        (413, "rejected"),
        (429, "retry"),
        (500, "retry"),
        (503, "retry"),
    ] {
        *script.lock().unwrap() = (status, Some(("location", "/in")));
        let outcome = outgoing.send(&message(vec![ending()])).await;
        let got = match &outcome {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Rejected { .. } => "rejected",
            Outcome::Unreachable { .. } => "unreachable",
            Outcome::Unauthorized { .. } => "unauthorized",
        };
        assert_eq!(got, want, "{status}: {outcome:?}");
    }
    assert_eq!(seen.lock().unwrap().len(), 13, "a redirect was followed");
    *script.lock().unwrap() = (503, Some(("retry-after", "120")));
    let outcome = outgoing.send(&message(vec![ending()])).await;
    assert!(matches!(outcome, Outcome::Retry { after: Some(d), .. } if d.as_secs() == 120));
}

#[tokio::test]
async fn a_closed_port_is_tried_again_without_naming_the_address() {
    let l = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/canary", l.local_addr().unwrap());
    drop(l);
    match outgoing(&url).send(&message(vec![ending()])).await {
        Outcome::Retry { reason, .. } => assert!(!reason.contains("canary") && reason.contains("connect"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_test_message_is_named_as_one() {
    let (seen, url) = receiver(Arc::new(Mutex::new((200, None)))).await;
    outgoing(&url).send(&Message { body: Body::Test, ..message(vec![]) }).await;
    let v: Value = serde_json::from_slice(&seen.lock().unwrap()[0].1).unwrap();
    assert_eq!((&v["type"], &v["data"]["rows"]), (&json!("forewarn.test"), &json!([])));
}

#[test]
fn a_secret_must_be_a_real_key_and_is_never_repeated() {
    for bad in
        ["", "whsec_", "canary", "whsec_canary", "whsec_Y2FuYXJ5", "sk_dGhlIGtleSBvZiB0aGVzZSB0ZXN0cywgMzIgYnl0ZXM="]
    {
        let e = Outgoing::new(client(), "ops", "https://a.example/", &bad.into()).err().unwrap().to_string();
        assert!(e.contains("ops") && e.contains("openssl") && !e.contains("canary"), "{e}");
    }
    let e = Outgoing::new(client(), "ops", "http://a.example/canary", &SECRET.into()).err().unwrap().to_string();
    assert!(e.contains("webhook ops") && e.contains("https") && !e.contains("canary"), "{e}");
}

#[test]
fn hostile_text_stays_a_json_string_and_a_bad_link_is_dropped() {
    for text in HOSTILE {
        let p = payload(&message(vec![hostile(text, ending())]));
        let back: Value = serde_json::from_str(&p.to_string()).unwrap();
        assert_eq!(back, p);
        let title = back["data"]["rows"][0]["title"].as_str().unwrap();
        assert!(!title.chars().any(char::is_control), "{title:?}");
        assert!(back["data"]["rows"][0]["url"].is_null(), "{text}");
    }
}

#[test]
fn the_section_refuses_keys_it_does_not_know() {
    assert!(toml::from_str::<WebhookSection>("url = 'https://a.example'\nsecret = 'env:S'").is_ok());
    assert!(toml::from_str::<WebhookSection>("url = 'https://a.example'\nsecret = 'env:S'\nkey = 1").is_err());
}
