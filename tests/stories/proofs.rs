//! Proofs on the wire: cases V1 to V5 and V11 to V18, where they are about HTTP. The rest: V1 in `bad_input.rs`, V3 for every
//! sender in `foreign_vectors.rs` and `provider/sign/tests.rs`, V16 in `deliveries.rs`, V17 in `http.rs`, V19 in
//! `benches/timing.py`.

use crate::harness::*;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use forewarn::crypto::{HmacKey, PrivateKey};
use forewarn::engine::skew::SkewWatch;
use forewarn::fetch::Client;
use forewarn::model::AlertState;
use forewarn::provider::verify::Refusal;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

const BODY: &str = r#"{"id":"evt_1","type":"safety.alert.created","data":{"id":"a"}}"#;

fn openai_key() -> HmacKey {
    HmacKey::new(&STANDARD.decode(WHSEC.trim_start_matches("whsec_")).unwrap())
}

/// Headers as OpenAI signs, with any text as the time.
fn openai(id: &str, time: &str, body: &str) -> Vec<(String, String)> {
    let tag = openai_key().tag(&[id.as_bytes(), b".", time.as_bytes(), b".", body.as_bytes()]);
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time.to_owned()),
        ("webhook-signature", format!("v1,{}", STANDARD.encode(tag))),
    ]
    .map(|(k, v)| (k.to_owned(), v))
    .to_vec()
}

fn refused(w: &World, provider: &str, account: &str, why: Refusal) -> u64 {
    let (_, refused) = w.receiver.endpoint(provider, account, false).unwrap().counts();
    refused.iter().find(|(r, _)| *r == why).map_or(0, |(_, n)| *n)
}

/// A secret in a file of its own, as the owner would write it.
fn secret(w: &World, name: &str, text: &str) -> String {
    let path = w.dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// A world with provider files of its own: `(id, everything from [sources.webhook.verify] on)` and connections.
async fn with_providers(files: &[(&str, &str)], connections: &str) -> World {
    let mut w = World::new().await;
    let folder = w.dir.path().join("providers");
    std::fs::create_dir(&folder).unwrap();
    for (id, rest) in files {
        let head = format!(
            "format = 1\nid = \"{id}\"\nname = \"{id}\"\nurl = \"https://{id}.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n"
        );
        std::fs::write(
            folder.join(format!("{id}.toml")),
            format!("{head}{rest}\n[sources.webhook.event]\ntype = \"/type\"\n"),
        )
        .unwrap();
    }
    let config = format!(
        "public_url = \"https://hooks.example\"\nproviders_dir = {:?}\n{}\n{connections}",
        folder.display().to_string(),
        w.config
    );
    w.restart_with(&config);
    w
}

async fn ask(w: &World, request: axum::http::request::Builder, body: &str) -> (u16, axum::http::HeaderMap, String) {
    let r = w.send(request.body(Body::from(body.to_owned())).unwrap()).await;
    let (status, headers) = (r.status().as_u16(), r.headers().clone());
    let body = axum::body::to_bytes(r.into_body(), 1 << 16).await.unwrap();
    (status, headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn v2_no_malformed_signature_gets_in_or_breaks_anything() {
    let mut w = World::new().await;
    let now = w.now().as_second().to_string();
    let good = openai("wh_1", &now, BODY);
    let signature = good[2].1.clone();
    let digits = hex::encode(STANDARD.decode(&signature[3..]).unwrap());
    let hurt: Vec<String> = vec![
        String::new(),
        " ".into(),
        ",".into(),
        "v1".into(),
        "v1,".into(),
        "v1, ".into(),
        "v1=".into(),
        "sha256=".into(),
        format!("v2{}", &signature[2..]),
        format!("v1a{}", &signature[2..]),
        format!("sha256={digits}"),
        digits.clone(),
        format!("v1,{digits}"),
        format!("v1,{}", &signature[3..20]),
        format!("{signature}{signature}"),
        format!("v1,{}", signature[3..].replace(['+', '/'], "-").replace('=', "_")),
        format!("v1,{}", "ü".repeat(43)),
        format!("v1,{}", "A".repeat(10_240)),
        "v1,!!!!".into(),
        "v1,\u{1}".into(),
    ];
    for bad in hurt {
        for (name, value) in [("webhook-signature", bad.as_bytes())] {
            let mut r = Request::post("/hooks/openai");
            for (k, v) in good.iter().filter(|(k, _)| k != name) {
                r = r.header(k, v);
            }
            let Ok(value) = axum::http::HeaderValue::from_bytes(value) else { continue };
            let (status, _, said) = ask(&w, r.header(name, value), BODY).await;
            assert_eq!((status, said.as_str()), (401, "unauthorized\n"), "{bad:?}");
        }
    }
    for missing in 0..3 {
        let mut headers = good.clone();
        headers.remove(missing);
        assert_eq!(w.deliver_with("openai", &headers, BODY).await, 401);
    }
    assert_eq!(w.deliver_with("openai", &good, BODY).await, 200, "the untouched one gets in after all of them");
}

#[tokio::test]
async fn v3_one_bit_of_body_id_time_or_signature_is_refused_on_the_wire() {
    let mut w = World::new().await;
    let good = openai("wh_1", &w.now().as_second().to_string(), BODY);
    let mut tried = 0;
    for bit in 0..BODY.len() * 8 {
        let mut bytes = BODY.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut r = Request::post("/hooks/openai");
        for (k, v) in &good {
            r = r.header(k, v);
        }
        let status = w.send(r.body(Body::from(bytes)).unwrap()).await.status().as_u16();
        assert_eq!(status, 401, "bit {bit} of the body");
        tried += 1;
    }
    for n in 0..3 {
        for bit in 0..good[n].1.len() * 8 {
            let mut bytes = good[n].1.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            // What no header can carry never arrives.
            let Ok(value) = axum::http::HeaderValue::from_bytes(&bytes) else { continue };
            let mut r = Request::post("/hooks/openai");
            for (k, v) in good.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, h)| h) {
                r = r.header(k, v);
            }
            let (status, _, _) = ask(&w, r.header(&good[n].0, value), BODY).await;
            assert_eq!(status, 401, "bit {bit} of {}", good[n].0);
            tried += 1;
        }
    }
    assert!(tried > 900, "{tried}");
    assert_eq!(w.deliver_with("openai", &good, BODY).await, 200);
    assert_eq!(w.ledger("payloads", "pending").await, 1);
}

#[tokio::test]
async fn v4_a_doubled_signature_is_400_and_a_thousand_are_401() {
    let mut w = World::new().await;
    let good = openai("wh_1", &w.now().as_second().to_string(), BODY);
    let signature = good[2].1.clone();
    let mut twice = good.clone();
    twice.push(good[2].clone());
    assert_eq!(w.deliver_with("openai", &twice, BODY).await, 400);
    let mut named = good.clone();
    named.push(("Webhook-Signature".into(), "v1,AAAA".into()));
    assert_eq!(w.deliver_with("openai", &named, BODY).await, 400, "the same name in other letters");
    let shouted: Vec<_> = openai("wh_2", &w.now().as_second().to_string(), BODY)
        .into_iter()
        .map(|(k, v)| (k.to_uppercase(), v))
        .collect();
    assert_eq!(w.deliver_with("openai", &shouted, BODY).await, 200, "names of headers have no case");
    let with = |value: String| {
        let mut h = good.clone();
        h[2].1 = value;
        h
    };
    assert_eq!(
        w.deliver_with("openai", &with(format!("{signature},{signature}")), BODY).await,
        401,
        "joined with a comma"
    );
    let wrong = format!("v1,{} ", STANDARD.encode([7; 32]));
    assert_eq!(w.deliver_with("openai", &with(wrong.repeat(10) + &signature), BODY).await, 401);
    assert_eq!(w.deliver_with("openai", &with(wrong.repeat(1_000) + &signature), BODY).await, 401);
    assert_eq!(refused(&w, "openai", "main", Refusal::TooMany), 2);
    assert_eq!(w.deliver_with("openai", &with(wrong.repeat(9) + &signature), BODY).await, 200, "ten are looked at");
}

#[tokio::test]
async fn v5_a_secret_is_read_as_the_file_says_and_no_other_way() {
    let verify = |key: &str| {
        format!(
            "[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"{key}\"\nmessage = \"{{body}}\"\nsignature = {{ header = \"x-s\", encoding = \"hex\" }}\n"
        )
    };
    let keys = ["utf8", "hex", "base64", "whsec", "whsec_or_utf8"];
    let files: Vec<_> = keys.iter().map(|k| (k.replace('_', "-"), verify(k))).collect();
    let files: Vec<_> = files.iter().map(|(id, v)| (id.as_str(), v.as_str())).collect();
    // One text that every way can read, in a file with a line end, as editors leave it.
    let text = "deadbeefdeadbeefdeadbeefdeadbeef";
    let mut w = World::new().await;
    let reference = secret(&w, "secret", &format!("{text}\n"));
    let connections: String = files
        .iter()
        .map(|(id, _)| format!("[connections.\"{id}/main\"]\nwebhook_secret = \"{reference}\"\n"))
        .collect();
    let dir = w.dir;
    w = with_providers(&files, &connections).await;
    let base64 = STANDARD.decode(text).unwrap();
    let means: [(&str, Vec<u8>); 3] =
        [("text", text.as_bytes().to_vec()), ("hex", hex::decode(text).unwrap()), ("base64", base64)];
    for (id, meaning) in
        [("utf8", "text"), ("hex", "hex"), ("base64", "base64"), ("whsec", "base64"), ("whsec-or-utf8", "text")]
    {
        for (name, key) in &means {
            let tag = hex::encode(HmacKey::new(key).tag(&[BODY.as_bytes()]));
            let status = w.deliver_with(id, &[("x-s".into(), tag)], BODY).await;
            assert_eq!(status, if *name == meaning { 200 } else { 401 }, "{id} signed with the {name}");
        }
        let with_end = hex::encode(HmacKey::new(format!("{text}\n").as_bytes()).tag(&[BODY.as_bytes()]));
        assert_eq!(
            w.deliver_with(id, &[("x-s".into(), with_end)], BODY).await,
            401,
            "{id}: the line end is no part of it"
        );
    }
    drop(dir);
}

#[tokio::test]
async fn v11_what_is_signed_for_one_hook_opens_no_other() {
    let mut w = World::new().await;
    let other = secret(&w, "other", "another-secret-of-the-same-form\n");
    let config = format!("{}\n[connections.\"generic-hmac/other\"]\nwebhook_secret = \"{other}\"\n", w.config);
    w.restart_with(&config);
    let body = w.shop("e1", "incident.opened", "db-1");
    let shop = w.proof("generic-hmac/shop", PLAIN, "e1", &body);
    assert_eq!(w.deliver_with("generic-hmac/other", &shop, &body).await, 401, "another account");
    assert_eq!(w.deliver_with("openai", &shop, &body).await, 401, "another provider");
    let openai = openai("wh_1", &w.now().as_second().to_string(), &body);
    assert_eq!(w.deliver_with("generic-hmac/shop", &openai, &body).await, 401, "and the other way round");
    let both: Vec<_> = openai.iter().cloned().chain(shop.clone()).collect();
    assert_eq!(w.deliver_with("generic-hmac/other", &both, &body).await, 401);
    assert_eq!(w.deliver_with("generic-hmac/shop", &shop, &body).await, 200);
}

#[tokio::test]
async fn v12_the_bytes_are_judged_as_they_came() {
    let mut w = World::new().await;
    let now = w.now().as_second().to_string();
    let good = openai("wh_1", &now, BODY);
    for (what, body) in [
        ("a byte-order mark", format!("\u{feff}{BODY}")),
        ("a line end after it", format!("{BODY}\n")),
        ("a space before it", format!(" {BODY}")),
        ("another order of keys", r#"{"type":"safety.alert.created","id":"evt_1","data":{"id":"a"}}"#.into()),
        ("spaces inside", BODY.replace(':', ": ")),
        ("an escaped letter", BODY.replace("\"a\"", "\"\\u0061\"")),
    ] {
        assert_eq!(w.deliver_with("openai", &good, &body).await, 401, "{what}");
    }
    // What is signed that way is taken that way, byte for byte.
    for (n, body) in [format!("\u{feff}{BODY}"), format!("{BODY}\r\n"), "not JSON \u{1f6ce}".into()].iter().enumerate()
    {
        let signed = openai(&format!("wh_x{n}"), &now, body);
        assert_eq!(w.deliver_with("openai", &signed, body).await, 200);
    }
    let mut packed = good.clone();
    packed.push(("content-encoding".into(), "gzip".into()));
    assert_eq!(w.deliver_with("openai", &packed, BODY).await, 415);
    assert_eq!(w.deliver_with("openai", &good, BODY).await, 200);
}

#[tokio::test]
async fn v13_a_replay_never_tells_anybody_anything() {
    let mut w = World::restarting().await;
    w.tick().await;
    w.arrived();
    let kept = openai("wh_1", &w.now().as_second().to_string(), BODY);
    let body = w.shop("e1", "incident.opened", "db-1");
    let timeless = w.proof("generic-hmac/shop", PLAIN, "e1", &body);
    assert_eq!(w.deliver_with("openai", &kept, BODY).await, 200);
    assert_eq!(w.deliver_with("generic-hmac/shop", &timeless, &body).await, 200);
    w.tick().await;
    let events = w.events().await.len();
    w.arrived();
    // Within its window and over restarts it is a repeat; later it is refused, for ever.
    assert_eq!(w.deliver_with("openai", &kept, BODY).await, 200);
    w.restart();
    assert_eq!(w.deliver_with("openai", &kept, BODY).await, 200);
    for later in [minutes(6), days(1), days(33)] {
        w.pass(later);
        assert_eq!(w.deliver_with("openai", &kept, BODY).await, 401, "{later:?}");
        // A sender that signs no time: its repeat is known by what it signed, as long as 35 days.
        assert_eq!(w.deliver_with("generic-hmac/shop", &timeless, &body).await, 200, "{later:?}");
        w.restart();
    }
    w.normalize().await;
    assert_eq!(w.ledger("payloads", "repeated").await, 5);
    assert_eq!(w.events().await.len(), events, "no event came of any of it");
}

#[tokio::test]
async fn v14_only_whole_seconds_near_now_are_a_time() {
    let mut w = World::new().await;
    let now = w.now().as_second();
    let bad = [
        (now + 301).to_string(),
        (now - 301).to_string(),
        "0".into(),
        "-1".into(),
        format!("-{now}"),
        format!("+{now}"),
        "9223372036854775808".into(),
        "18446744073709551616".into(),
        (now * 1_000).to_string(),
        format!("{now}.0"),
        format!("{now}e0"),
        format!("0x{now:x}"),
        format!("{now},"),
        "yesterday".into(),
        w.now().to_string(),
        format!("{now} "),
        format!("00000{now}"),
    ];
    for time in bad {
        let headers = openai("wh_1", &time, BODY);
        assert_eq!(w.deliver_with("openai", &headers, BODY).await, 401, "{time:?}");
    }
    assert_eq!(refused(&w, "openai", "main", Refusal::TooNew), 1);
    for (n, off) in [300, -300, 0].into_iter().enumerate() {
        let headers = openai(&format!("wh_{n}"), &(now + off).to_string(), BODY);
        assert_eq!(w.deliver_with("openai", &headers, BODY).await, 200, "{off}");
    }
}

/// A server whose clock is ours plus so many seconds.
async fn server_with_clock(w: &World, off: i64) -> String {
    let date = jiff::fmt::rfc2822::to_string(
        &(w.now() + jiff::SignedDuration::from_secs(off)).to_zoned_datetime(jiff::tz::TimeZone::UTC),
    )
    .unwrap();
    let date = date.replace("+0000", "GMT");
    let router = Router::new().route("/", get(move || async move { ([("date", date)], "") }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(forewarn::web::listener::serve(listener, router, Default::default()));
    format!("http://{at}/")
}

#[tokio::test]
async fn v15_a_wrong_clock_of_ours_is_told_within_ten_failures() {
    for (off, words) in [(600, "our clock is 10 min behind"), (5, "come outside their time window")] {
        let mut w = World::new().await;
        let home = server_with_clock(&w, off).await;
        let config = format!("{}\n[provider.openai]\nurl = \"{home}\"\n", w.config);
        w.restart_with(&config);
        let watch = SkewWatch::new(w.cx.clone(), w.receiver.clone(), Arc::new(Client::default()));
        // The sender's clock is right, so for us its messages come from the future.
        let theirs = |w: &World, n: usize| openai(&format!("wh_{n}"), &(w.now().as_second() + 600).to_string(), BODY);
        for n in 0..9 {
            assert_eq!(w.deliver_with("openai", &theirs(&w, n), BODY).await, 401);
        }
        let stranger = openai("wh_x", &(w.now().as_second() + 600).to_string(), "another body");
        assert_eq!(w.deliver_with("openai", &stranger, BODY).await, 401);
        watch.tick(w.now()).await.unwrap();
        assert!(w.alerts().await.is_empty(), "nine proven ones and a stranger are not enough");
        assert_eq!(w.deliver_with("openai", &theirs(&w, 9), BODY).await, 401);
        for _ in 0..3 {
            watch.tick(w.now()).await.unwrap();
        }
        w.tick().await;
        w.expect("operators/webhook", &[words, "openai/main"]);
        assert_eq!(w.alerts().await.len(), 1, "told once");
        w.pass(minutes(1));
        let right = openai("wh_r", &w.now().as_second().to_string(), BODY);
        assert_eq!(w.deliver_with("openai", &right, BODY).await, 200);
        watch.tick(w.now()).await.unwrap();
        w.tick().await;
        assert_eq!(w.alerts().await[0].0.state, AlertState::Resolved);
    }
}

#[tokio::test]
async fn v18_a_rotation_has_no_gap_and_an_end() {
    let w = World::new().await;
    let (old, new) = (secret(&w, "old", "old-secret-of-the-rotation"), secret(&w, "new", "new-secret-of-the-rotation"));
    let config = format!(
        "{}\n[connections.\"generic-hmac/rotating\"]\nwebhook_secret = [\"{new}\", {{ secret = \"{old}\", until = \"2026-11-24T15:00:00Z\" }}]\n",
        w.config
    );
    let mut w = w;
    w.restart_with(&config);
    let send = async |w: &mut World, n: usize, secret: &str| {
        let body = w.shop(&format!("e{n}"), "incident.opened", "db-1");
        let proof = w.proof("generic-hmac/rotating", secret, &format!("e{n}"), &body);
        w.deliver_with("generic-hmac/rotating", &proof, &body).await
    };
    const OLD: &str = "old-secret-of-the-rotation";
    const NEW: &str = "new-secret-of-the-rotation";
    assert_eq!(send(&mut w, 1, OLD).await, 200);
    w.pass(minutes(12 * 60));
    assert_eq!(
        (send(&mut w, 2, NEW).await, send(&mut w, 3, OLD).await),
        (200, 200),
        "the sender switches in the middle"
    );
    w.pass(minutes(12 * 60) - jiff::SignedDuration::from_secs(1));
    assert_eq!(send(&mut w, 4, OLD).await, 200, "to the last second");
    w.pass(jiff::SignedDuration::from_secs(1));
    assert_eq!((send(&mut w, 5, OLD).await, send(&mut w, 6, NEW).await), (401, 200));
    assert_eq!(w.receiver.endpoint("generic-hmac", "rotating", false).unwrap().opened(), [2, 3], "counted by secret");
}

const SLACK_LIKE: &str = r#"[sources.webhook.verify]
family = "hmac"
key = "utf8"
message = "v0:{header:x-time}:{body}"
signature = { header = "x-s", prefix = "v0=", encoding = "hex" }
timestamp = { header = "x-time", past = "300s", future = "300s" }
[[sources.webhook.handshake]]
when = { "/type" = "url_verification" }
reply = { text = "{/challenge}" }
[[sources.webhook.handshake]]
when = { "/type" = "endpoint.url_validation" }
reply = { json = { plainToken = "{/payload/plainToken}", encryptedToken = "{hmac:/payload/plainToken}" } }
[[sources.webhook.handshake]]
signed = false
when = { method = "OPTIONS", "header:webhook-request-origin" = "*" }
reply = { headers = { webhook-allowed-origin = "{header:webhook-request-origin}", webhook-allowed-rate = "*" } }
"#;

fn slack_like(w: &World, secret: &str, body: &str) -> Vec<(String, String)> {
    let time = w.now().as_second().to_string();
    let tag = HmacKey::new(secret.as_bytes()).tag(&[b"v0:", time.as_bytes(), b":", body.as_bytes()]);
    vec![("x-time".into(), time), ("x-s".into(), format!("v0={}", hex::encode(tag)))]
}

#[tokio::test]
async fn a_question_is_answered_only_when_it_is_proven_and_never_stored() {
    let w = with_providers(&[("asker", SLACK_LIKE)], "[connections.\"asker/main\"]\nwebhook_secret = \"env:PLAIN\"\n")
        .await;
    let say = async |body: &str, secret: &str| {
        let mut r = Request::post("/hooks/asker");
        for (k, v) in slack_like(&w, secret, body) {
            r = r.header(k, v);
        }
        ask(&w, r, body).await
    };
    let slack = r#"{"type":"url_verification","challenge":"c-<b>1"}"#;
    let (status, headers, said) = say(slack, PLAIN).await;
    assert_eq!((status, said.as_str()), (200, "c-<b>1"));
    assert_eq!(
        (&headers["content-type"], &headers["x-content-type-options"]),
        (&"text/plain; charset=utf-8".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    let zoom = r#"{"type":"endpoint.url_validation","payload":{"plainToken":"q-1"}}"#;
    let answer: serde_json::Value = serde_json::from_str(&say(zoom, PLAIN).await.2).unwrap();
    let expected = hex::encode(HmacKey::new(PLAIN.as_bytes()).tag(&[b"q-1"]));
    assert_eq!(answer, serde_json::json!({"plainToken": "q-1", "encryptedToken": expected}));
    // Who cannot sign gets nothing, least of all something signed.
    for body in [slack, zoom] {
        assert_eq!(say(body, "another-secret-of-16+").await.0, 401);
    }
    // A question without what its answer needs is a message like any other.
    assert_eq!(say(r#"{"type":"url_verification"}"#, PLAIN).await.0, 200);
    assert_eq!(w.ledger("payloads", "pending").await, 1);
}

#[tokio::test]
async fn cloud_events_may_ask_for_leave_without_a_signature() {
    let w = with_providers(&[("asker", SLACK_LIKE)], "[connections.\"asker/main\"]\nwebhook_secret = \"env:PLAIN\"\n")
        .await;
    let options = |path: &str| Request::builder().method("OPTIONS").uri(path.to_owned());
    let (status, headers, _) =
        ask(&w, options("/hooks/asker").header("WebHook-Request-Origin", "events.example"), "").await;
    assert_eq!(
        (status, &headers["webhook-allowed-origin"], &headers["webhook-allowed-rate"]),
        (200, &"events.example".parse().unwrap(), &"*".parse().unwrap())
    );
    let (status, headers, _) = ask(&w, options("/hooks/asker"), "").await;
    assert_eq!((status, &headers["allow"]), (405, &"POST, OPTIONS".parse().unwrap()), "no origin, no question");
    assert_eq!(ask(&w, options("/hooks/openai").header("webhook-request-origin", "x"), "").await.0, 405);
    assert_eq!(w.ledger("payloads", "pending").await, 0);
}

#[tokio::test]
async fn a_password_is_asked_for_and_an_address_is_believed_only_from_the_config() {
    let basic = "[sources.webhook.verify]\nfamily = \"basic\"\n";
    let square = "[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"utf8\"\nmessage = \"{url}{body}\"\nsignature = { header = \"x-s\", encoding = \"base64\" }\n";
    let token = "[sources.webhook.verify]\nfamily = \"token\"\nquery = \"auth_token\"\n";
    let place = World::new().await;
    let password = secret(&place, "password", "alice:a-long-password\n");
    let connections = format!(
        "[connections.\"basic/main\"]\nwebhook_secret = \"{password}\"\n[connections.\"square-like/main\"]\nwebhook_secret = \"env:PLAIN\"\n[connections.\"query/main\"]\nwebhook_secret = \"env:PLAIN\"\n"
    );
    let mut w = with_providers(&[("basic", basic), ("square-like", square), ("query", token)], &connections).await;
    let (status, headers, _) = ask(&w, Request::post("/hooks/basic"), BODY).await;
    assert_eq!((status, &headers["www-authenticate"]), (401, &"Basic realm=\"forewarn\"".parse().unwrap()));
    let given = |text: &str| vec![("authorization".to_owned(), format!("basic {}", STANDARD.encode(text)))];
    assert_eq!(w.deliver_with("basic", &given("alice:a-long-passwore"), BODY).await, 401);
    assert_eq!(w.deliver_with("basic", &given("alice:a-long-password"), BODY).await, 200);
    assert!(!ask(&w, Request::post("/hooks/openai"), BODY).await.1.contains_key("www-authenticate"));

    let sign = |url: &str| {
        let tag = HmacKey::new(PLAIN.as_bytes()).tag(&[url.as_bytes(), BODY.as_bytes()]);
        vec![("x-s".to_owned(), STANDARD.encode(tag))]
    };
    assert_eq!(
        w.deliver_with("square-like?a=1", &sign("https://hooks.example/hooks/square-like?a=1"), BODY).await,
        200
    );
    assert_eq!(w.deliver_with("square-like", &sign("https://hooks.example:443/hooks/square-like"), BODY).await, 200);
    assert_eq!(
        w.deliver_with("square-like?a=2", &sign("https://hooks.example/hooks/square-like?a=1"), BODY).await,
        401
    );
    let mut lied = sign("https://evil.example/hooks/square-like");
    for name in ["host", "x-forwarded-host", "forwarded"] {
        lied.push((name.into(), if name == "forwarded" { "host=evil.example".into() } else { "evil.example".into() }));
    }
    assert_eq!(w.deliver_with("square-like", &lied, BODY).await, 401, "what a request says of itself is not believed");

    assert_eq!(w.deliver_with(&format!("query?auth_token={PLAIN}"), &[], BODY).await, 200);
    assert_eq!(w.deliver_with(&format!("query?auth_token={PLAIN}&auth_token=x"), &[], BODY).await, 400);
    assert_eq!(w.deliver_with("query?auth_token=wrong-token-of-16+", &[], BODY).await, 401);
    let kept = std::fs::read(w.dir.path().join("forewarn.db-wal")).unwrap();
    assert!(!kept.windows(PLAIN.len()).any(|p| p == PLAIN.as_bytes()), "a token of the address is not stored");
}

#[tokio::test]
async fn a_key_that_signs_for_everybody_opens_only_what_names_us() {
    let shared = "[sources.webhook.verify]\nfamily = \"ed25519\"\nkey = \"hex\"\nshared_key = true\npin = \"header:x-customer\"\nmessage = \"{header:x-customer}\\n{sha256hex:body}\"\nsignature = { header = \"x-s\", encoding = \"hex\" }\n";
    let key = PrivateKey::from_seed(&[9; 32]).unwrap();
    let place = World::new().await;
    let public = secret(&place, "public", &hex::encode(key.public().bytes()));
    let connections =
        format!("[connections.\"shared/main\"]\nwebhook_secret = \"{public}\"\npin = [\"us\", \"us-too\"]\n");
    let mut w = with_providers(&[("shared", shared)], &connections).await;
    let sign = |customer: &str| {
        let message = format!("{customer}\n{}", hex::encode(forewarn::crypto::sha256(&[BODY.as_bytes()])));
        vec![
            ("x-customer".to_owned(), customer.to_owned()),
            ("x-s".to_owned(), hex::encode(key.sign(message.as_bytes()))),
        ]
    };
    assert_eq!(w.deliver_with("shared", &sign("us"), BODY).await, 200);
    assert_eq!(w.deliver_with("shared", &sign("us-too"), BODY).await, 200);
    assert_eq!(w.deliver_with("shared", &sign("somebody-else"), BODY).await, 401);
    assert_eq!(refused(&w, "shared", "main", Refusal::Foreign), 1);
    let mut renamed = sign("somebody-else");
    renamed[0].1 = "us".into();
    assert_eq!(w.deliver_with("shared", &renamed, BODY).await, 401);
    assert_eq!(refused(&w, "shared", "main", Refusal::Mismatch), 1);
}

#[tokio::test]
async fn of_two_ways_each_opens_by_its_own_secret() {
    let gitlab = r#"[[sources.webhook.verify]]
family = "hmac"
secret_prefix = "whsec_"
key = "whsec"
message = "{header:webhook-id}.{header:webhook-timestamp}.{body}"
signature = { header = "webhook-signature", split = " ", prefix = "v1,", encoding = "base64" }
timestamp = { header = "webhook-timestamp", past = "300s", future = "300s" }
[[sources.webhook.verify]]
family = "token"
header = "x-gitlab-token"
"#;
    let connections = "[connections.\"lab/both\"]\nwebhook_secret = [\"env:WHSEC\", \"env:PLAIN\"]\n[connections.\"lab/signed\"]\nwebhook_secret = \"env:WHSEC\"\n";
    let mut w = with_providers(&[("lab", gitlab)], connections).await;
    let token = |t: &str| vec![("x-gitlab-token".to_owned(), t.to_owned())];
    let signed = openai("wh_1", &w.now().as_second().to_string(), BODY);
    assert_eq!(w.deliver_with("lab/both", &signed, BODY).await, 200);
    assert_eq!(w.deliver_with("lab/both", &token(PLAIN), BODY).await, 200);
    assert_eq!(w.deliver_with("lab/signed", &signed, BODY).await, 200);
    assert_eq!(w.deliver_with("lab/signed", &token(PLAIN), BODY).await, 401, "no secret is there for that way");
    for connection in ["lab/both", "lab/signed"] {
        assert_eq!(w.deliver_with(connection, &token(WHSEC), BODY).await, 401, "the signing secret is no token");
    }
}
