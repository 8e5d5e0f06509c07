//! What signing makes, verification accepts, for every provider file in the binary; and nothing that differs by a bit.

use super::*;
use crate::model::{Payload, Unverified};
use crate::provider::catalog::EMBEDDED;
use crate::provider::file::{self, SigEncoding, Source};
use crate::provider::verify::{Proven, Refusal, Site, Verifier, live_secret};
use bytes::Bytes;
use jiff::SignedDuration;
use proptest::prelude::*;

const SITE: &str = "https://hooks.example/in";
const PATH_OF: &str = "/hooks/acme/main";

/// Every way of proof of every embedded provider that sends webhooks, and ways of the grammar nobody of them uses.
fn senders() -> Vec<(String, Verify)> {
    let mut out = Vec::new();
    let texts = EMBEDDED.iter().map(|(_, text)| (*text).to_owned());
    for text in texts.chain(EXTRA.map(|ways| format!("{EXTRA_HEAD}{ways}{EXTRA_END}"))) {
        let file = file::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        for source in file.sources.into_values() {
            if let Source::Webhook(w) = source {
                let named = w.verify.into_iter().enumerate();
                out.extend(named.map(|(n, v)| (format!("{} way {}", file.id, n + 1), v)));
            }
        }
    }
    assert!(out.len() >= 20, "the embedded files are read: {out:?}");
    out
}

const EXTRA_HEAD: &str = "format = 1\nid = \"extra\"\nname = \"Extra\"\nurl = \"https://extra.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n";
const EXTRA_END: &str = "\n[sources.webhook.event]\ntype = \"/type\"\n";
const EXTRA: [&str; 11] = [
    r#"[sources.webhook.verify]
family = "hmac"
algorithm = "sha1"
key = "utf8"
message = "{body}"
signature = { header = "x-s", prefix = "sha1=", encoding = "hex" }"#,
    r#"[sources.webhook.verify]
family = "hmac"
algorithm = "sha512"
key = "hex"
secret_prefix = "66"
message = "{header:x-id}\n{header:x-time}\n{sha256hex:body}"
signature = { header = "x-s", encoding = "base64" }
timestamp = { header = "x-time", unit = "rfc3339", past = "60s", future = "10s" }"#,
    r#"[sources.webhook.verify]
family = "hmac"
key = "utf8"
message = "{url}{body}"
signature = { header = "x-s", encoding = "base64" }"#,
    r#"[sources.webhook.verify]
family = "hmac"
key = "utf8"
message = "{query:bodySHA256}|{query:id}"
body_hash = { query = "bodySHA256" }
signature = { header = "x-s", encoding = "base64" }"#,
    r#"[sources.webhook.verify]
family = "hmac"
key = "base64"
message = "{timestamp}:{header:x-hash}"
body_hash = { header = "x-hash", algorithm = "sha1", encoding = "base64" }
compound = { header = "x-s", pair = ";", kv = ":", timestamp = "ts", signature = "h1", encoding = "hex" }
timestamp = { unit = "ms", past = "60s", future = "60s" }"#,
    r#"[sources.webhook.verify]
family = "ed25519"
key = "hex"
message = "{header:x-time}{body}"
signature = { header = "x-s", encoding = "hex" }
timestamp = { header = "x-time", past = "300s", future = "300s" }"#,
    r#"[sources.webhook.verify]
family = "ed25519"
key = "base64"
shared_key = true
pin = "header:x-customer"
message = "{header:x-customer}\n{sha512base64:body}"
signature = { header = "x-s", split = " ", prefix = "v1a,", encoding = "base64" }"#,
    r#"[[sources.webhook.verify]]
family = "token"
header = "authorization"
prefix = "Bearer "
secret_prefix = "tok_"
[[sources.webhook.verify]]
family = "token"
query = "auth_token""#,
    r#"[sources.webhook.verify]
family = "basic""#,
    r#"[[sources.webhook.verify]]
family = "hmac"
algorithm = "sha1"
key = "utf8"
message = "{url}{form_sorted}"
signature = { header = "x-s", encoding = "base64" }
[[sources.webhook.verify]]
family = "hmac"
key = "utf8"
message = "{url}"
body_hash = { query = "bodySHA256" }
signature = { header = "x-s", encoding = "base64" }"#,
    r#"[sources.webhook.verify]
family = "hmac"
key = "utf8"
message = "{body}"
signature = { header = "x-s", encoding = "hex" }
timestamp = { body = "/sent/at", unit = "ms", past = "60s", future = "30s" }"#,
];

/// What signs, of the shape a sender uses, from 32 random bytes.
fn secret(way: &Verify, bytes: [u8; 32]) -> String {
    let text = match way {
        Verify::Signed(s) => match &s.scheme {
            Scheme::Hmac { key, .. } => match key {
                KeyDecode::Utf8 | KeyDecode::Hex => hex::encode(bytes),
                KeyDecode::Base64 => crypto::base64_encode(&bytes),
                KeyDecode::Whsec | KeyDecode::WhsecOrUtf8 => {
                    return format!("whsec_{}", crypto::base64_encode(&bytes));
                }
            },
            Scheme::Ed25519 { .. } => return hex::encode(bytes),
        },
        Verify::Token(_) | Verify::UrlToken => hex::encode(bytes),
        Verify::Basic(_) => format!("user:{}", hex::encode(bytes)),
    };
    format!("{}{text}", way.secret_prefix())
}

/// A signed message as it arrives.
#[derive(Debug, Clone)]
struct Message {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    token: Option<String>,
}

fn signed_message(way: &Verify, secret: &str, m: Unsigned<'_>) -> Message {
    let token = matches!(way, Verify::UrlToken).then(|| secret.to_owned());
    let parameters = query(way, secret, m);
    let mut path = PATH_OF.to_owned();
    if !parameters.is_empty() {
        path.push('?');
        path.push_str(&url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish());
    }
    let url = format!("{SITE}{path}");
    let mut headers = headers(way, secret, Unsigned { url: &url, pin: "customer-1", ..m }).unwrap();
    headers.push((PATH.to_owned(), path));
    Message { headers, body: m.body.to_vec(), token }
}

fn check(way: &Verify, secret: &str, m: &Message, now: Timestamp) -> Result<Proven, Refusal> {
    let ways = [way.clone()];
    let held = held_by_receiver(way, secret).unwrap();
    let site = Site { public_url: Some(SITE.into()), pins: vec!["customer-1".into()] };
    let verifier = Verifier::new(&ways, vec![live_secret(&ways, &held, 1, None).unwrap()], site).unwrap();
    let payload = Payload::<Unverified>::new(m.headers.clone(), Bytes::from(m.body.clone()));
    verifier.verify(payload, m.token.as_deref(), now)
}

/// The header that carries the proof.
fn proof(way: &Verify) -> Option<&str> {
    match way {
        Verify::Signed(s) => {
            let own = s.signature.as_ref().map(|s| s.header.as_str());
            own.or_else(|| s.compound.as_ref().map(|c| c.header.as_str()))
        }
        Verify::Token(t) => Some(t.header.as_deref().unwrap_or(PATH)),
        Verify::Basic(_) => Some("authorization"),
        Verify::UrlToken => None,
    }
}

/// The headers whose values are inside the signed bytes.
fn signed_headers(way: &Verify) -> Vec<String> {
    let Verify::Signed(s) = way else { return Vec::new() };
    let atoms = template(&s.message).unwrap().into_iter();
    atoms
        .filter_map(|a| match a {
            Atom::Header(name) => Some(name),
            Atom::Url | Atom::Query(_) => Some(PATH.to_owned()),
            _ => None,
        })
        .collect()
}

fn is_form(way: &Verify) -> bool {
    matches!(way, Verify::Signed(s) if s.message.contains("{form"))
}

/// A body this way can carry: a form where fields are signed, a time where one is in the body.
fn body_for(way: &Verify, at: Timestamp, noise: &[u8]) -> Vec<u8> {
    if is_form(way) {
        return format!("To=%2B1555&Body={}&To=%2B1556", hex::encode(noise)).into_bytes();
    }
    match way {
        Verify::Signed(s) => match s.timestamp.as_ref().and_then(|t| Some((t.body.as_deref()?, t.unit))) {
            Some((pointer, unit)) => {
                let time = moment(at, unit);
                let time = if unit == TimeUnit::Rfc3339 { format!("{time:?}") } else { time };
                let noise = hex::encode(noise);
                let keys = pointer.split('/').skip(1).collect::<Vec<_>>().into_iter().rev();
                keys.fold(time, |inner, key| format!("{{\"noise\":\"{noise}\",\"{key}\":{inner}}}")).into_bytes()
            }
            None => noise.to_vec(),
        },
        Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken => noise.to_vec(),
    }
}

fn hex_digits(way: &Verify) -> bool {
    matches!(way, Verify::Signed(s) if s.encoding() == SigEncoding::Hex)
}

/// The text with one bit turned over; none where no text comes out, which no header could carry.
fn flipped(text: &str, bit: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    String::from_utf8(bytes).ok()
}

/// What a header says to a verifier, so that two texts can be told to mean the same: `a` and `A` are one hexadecimal
/// digit, `Basic` is `basic`, `%41` in a query is `A`.
fn meaning(way: &Verify, header: &str, text: &str) -> Vec<String> {
    if header == PATH {
        // With an address inside the signed bytes every letter of it counts.
        if way.signs_url() {
            return vec![text.to_owned()];
        }
        let query = text.split_once('?').map_or("", |(_, q)| q);
        let used: Vec<String> = query_names(way);
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let mut found: Vec<String> =
            pairs.filter(|(k, _)| used.contains(&k.to_string())).map(|(k, v)| format!("{k}={v}")).collect();
        found.sort();
        return found;
    }
    match way {
        Verify::Signed(s) if Some(header) == proof(way) => {
            let mark = s.signature.as_ref().map(|s| s.prefix.len()).unwrap_or_default();
            let cut = text.len().saturating_sub(if hex_digits(way) { 2 * tag_length(s) } else { 0 }).max(mark);
            match (hex_digits(way), text.get(..cut), text.get(cut..)) {
                (true, Some(head), Some(digits)) => vec![head.to_owned(), digits.to_ascii_lowercase()],
                _ => vec![text.to_owned()],
            }
        }
        Verify::Signed(s) if s.body_hash.as_ref().is_some_and(|h| h.header.as_deref() == Some(header)) => {
            vec![text.to_owned()]
        }
        Verify::Basic(_) => match text.split_once(' ') {
            Some((scheme, rest)) => vec![scheme.to_ascii_lowercase(), rest.to_owned()],
            None => vec![text.to_owned()],
        },
        Verify::Signed(_) | Verify::Token(_) | Verify::UrlToken => vec![text.to_owned()],
    }
}

fn tag_length(s: &SignedVerify) -> usize {
    match &s.scheme {
        Scheme::Hmac { algorithm, .. } => algorithm.length(),
        Scheme::Ed25519 { .. } => 64,
    }
}

fn query_names(way: &Verify) -> Vec<String> {
    query(way, "x", Unsigned::default()).into_iter().map(|(k, _)| k).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn what_is_signed_is_accepted_and_nothing_that_differs_by_a_bit(
        key in any::<[u8; 32]>(),
        other in any::<[u8; 32]>(),
        id in "[!-~]{1,60}",
        second in 1_000_000_000i64..4_000_000_000,
        noise in prop::collection::vec(any::<u8>(), 1..300),
        bit in any::<usize>(),
    ) {
        prop_assume!(key != other);
        let now = Timestamp::from_second(second).unwrap();
        for (name, way) in senders() {
            let secret_text = secret(&way, key);
            let body = body_for(&way, now, &noise);
            let good = signed_message(&way, &secret_text, Unsigned { id: &id, at: now, body: &body, ..Unsigned::default() });
            let proven = check(&way, &secret_text, &good, now);
            prop_assert!(proven.is_ok(), "{name}: {:?}", proven.err());
            let proven = proven.unwrap();
            prop_assert_eq!(&proven.payload.body()[..], &body[..]);
            prop_assert_eq!(proven.signs_body, matches!(way, Verify::Signed(_)), "{}", &name);

            let refused = check(&way, &secret(&way, other), &good, now);
            prop_assert_eq!(refused.err(), Some(Refusal::Mismatch), "{}: another secret", &name);

            if proven.signs_body {
                let mut bad = good.clone();
                let at = bit % (body.len() * 8);
                bad.body[at / 8] ^= 1 << (at % 8);
                let fields = |b: &[u8]| {
                    let mut f: Vec<_> = url::form_urlencoded::parse(b).map(|(k, v)| format!("{k}{v}")).collect();
                    f.sort();
                    f.dedup();
                    f.concat()
                };
                // Of a form the fields are signed, not the way they are written.
                let same = is_form(&way) && fields(&bad.body) == fields(&body);
                let answer = check(&way, &secret_text, &bad, now);
                prop_assert_eq!(answer.is_ok(), same, "{}: body", &name);
            }
            // Every signed header, and the one that carries the proof.
            for header in signed_headers(&way).iter().map(String::as_str).chain(proof(&way)) {
                let mut bad = good.clone();
                let (_, value) = bad.headers.iter_mut().find(|(k, _)| k == header).unwrap();
                let Some(new) = flipped(value, bit) else { continue };
                let same = meaning(&way, header, value) == meaning(&way, header, &new);
                *value = new.clone();
                let answer = check(&way, &secret_text, &bad, now);
                prop_assert_eq!(answer.is_ok(), same, "{}: {} is {}", &name, header, &new);
            }
            if let Some(token) = &good.token {
                let bad = Message { token: flipped(token, bit), ..good.clone() };
                prop_assert!(check(&way, &secret_text, &bad, now).is_err(), "{}: token", &name);
            }
        }
    }
}

#[test]
fn no_bit_of_any_proof_is_without_meaning() {
    let now: Timestamp = "2026-08-20T08:00:00Z".parse().unwrap();
    for (name, way) in senders() {
        let Some(header) = proof(&way) else { continue };
        let key = secret(&way, [0x5a; 32]);
        let body = body_for(&way, now, b"{}");
        let good = signed_message(&way, &key, Unsigned { id: "msg_1", at: now, body: &body, ..Unsigned::default() });
        let value = good.headers.iter().find(|(k, _)| k == header).unwrap().1.clone();
        for bit in 0..value.len() * 8 {
            let Some(new) = flipped(&value, bit) else { continue };
            let mut bad = good.clone();
            bad.headers.iter_mut().find(|(k, _)| k == header).unwrap().1.clone_from(&new);
            let accepted = check(&way, &key, &bad, now).is_ok();
            assert_eq!(accepted, meaning(&way, header, &value) == meaning(&way, header, &new), "{name}: {new}");
        }
    }
}

#[test]
fn a_signed_time_outside_its_window_is_refused_on_both_sides() {
    let sent: Timestamp = "2026-08-20T08:00:00Z".parse().unwrap();
    let mut checked = 0;
    for (name, way) in senders() {
        let Verify::Signed(s) = &way else { continue };
        let Some(window) = &s.timestamp else { continue };
        checked += 1;
        let key = secret(&way, [0x5a; 32]);
        let body = body_for(&way, sent, b"{}");
        let m = signed_message(&way, &key, Unsigned { id: "msg_1", at: sent, body: &body, ..Unsigned::default() });
        let answer = |seconds: i64| check(&way, &key, &m, sent + SignedDuration::from_secs(seconds)).err();
        let (past, future) = (window.past.seconds(), window.future.seconds());
        assert_eq!((answer(past), answer(past + 1)), (None, Some(Refusal::TooOld)), "{name}");
        assert_eq!((answer(-future), answer(-future - 1)), (None, Some(Refusal::TooNew)), "{name}");
    }
    assert!(checked >= 6, "{checked} senders sign a time");
}

#[test]
fn the_sample_secrets_fit_their_shape() {
    for (name, way) in senders() {
        let sample = sample_secret(&way);
        let held = held_by_receiver(&way, &sample).unwrap();
        assert!(live_secret(std::slice::from_ref(&way), &held, 1, None).is_ok(), "{name}: {held}");
    }
}

#[test]
fn a_private_key_is_taken_in_three_forms_and_never_by_a_receiver() {
    let way = senders().into_iter().find(|(_, w)| needs_private_key(w)).unwrap().1;
    let digits = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let seed = crypto::base64_encode(&hex::decode(digits).unwrap());
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        crypto::base64_encode(
            &[hex::decode("302e020100300506032b657004220420").unwrap(), hex::decode(digits).unwrap()].concat()
        )
    );
    let public = held_by_receiver(&way, digits).unwrap();
    assert_eq!(held_by_receiver(&way, &format!("whsk_{seed}")).as_ref(), Ok(&public));
    assert_eq!(held_by_receiver(&way, &pem).as_ref(), Ok(&public));
    assert!(held_by_receiver(&way, "a text").unwrap_err().contains("openssl genpkey"));
    let refused = live_secret(&[way], &format!("whsk_{seed}"), 1, None).unwrap_err();
    assert!(refused.contains("private key") && !refused.contains(&seed), "{refused}");
}
