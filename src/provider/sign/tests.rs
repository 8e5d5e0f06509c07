//! What signing makes, verification accepts, for every provider file in the binary; and nothing that differs by a bit.

use super::*;
use crate::model::{Payload, Unverified};
use crate::provider::catalog::EMBEDDED;
use crate::provider::file::{self, Source};
use crate::provider::verify::{Proven, Refusal, Verifier, live_secret};
use bytes::Bytes;
use jiff::SignedDuration;
use proptest::prelude::*;

/// The way of proof of every embedded provider that sends webhooks.
fn senders() -> Vec<(String, Verify)> {
    let mut out = Vec::new();
    for (name, text) in EMBEDDED {
        let file = file::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let hooks = file.sources.into_values();
        out.extend(hooks.filter_map(|s| match s {
            Source::Webhook(w) => Some((file.id.to_string(), w.verify)),
            Source::Table(_) | Source::Models(_) | Source::Status(_) | Source::Changelog(_) => None,
        }));
    }
    assert!(out.len() >= 7, "the embedded files are read: {out:?}");
    out
}

/// A secret of the shape a sender uses, from 32 random bytes.
fn secret(verify: &Verify, bytes: [u8; 32]) -> String {
    match verify {
        Verify::Hmac(h) => match h.key {
            KeyDecode::Utf8 | KeyDecode::Hex => hex::encode(bytes),
            KeyDecode::Base64 => crypto::base64_encode(&bytes),
            KeyDecode::Whsec | KeyDecode::WhsecOrUtf8 => format!("whsec_{}", crypto::base64_encode(&bytes)),
        },
        Verify::Token(_) | Verify::UrlToken => hex::encode(bytes),
    }
}

/// A signed message as it arrives.
#[derive(Debug, Clone)]
struct Message {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    token: Option<String>,
}

fn signed(verify: &Verify, secret: &str, m: Unsigned<'_>) -> Message {
    let token = matches!(verify, Verify::UrlToken).then(|| secret.to_owned());
    Message { headers: headers(verify, secret, m).unwrap(), body: m.body.to_vec(), token }
}

fn check(verify: &Verify, secret: &str, m: &Message, now: Timestamp) -> Result<Proven, Refusal> {
    let verifier = Verifier::new(verify, vec![live_secret(verify, secret, 1, None).unwrap()]).unwrap();
    let payload = Payload::<Unverified>::new(m.headers.clone(), Bytes::from(m.body.clone()));
    verifier.verify(payload, m.token.as_deref(), now)
}

/// The header that carries the proof.
fn proof(verify: &Verify) -> Option<&str> {
    match verify {
        Verify::Hmac(h) => {
            let own = h.signature.as_ref().map(|s| s.header.as_str());
            own.or_else(|| h.compound.as_ref().map(|c| c.header.as_str()))
        }
        Verify::Token(t) => Some(&t.header),
        Verify::UrlToken => None,
    }
}

/// The headers whose values are inside the signed bytes.
fn signed_headers(verify: &Verify) -> Vec<String> {
    let Verify::Hmac(h) = verify else { return Vec::new() };
    let atoms = template(&h.message).unwrap().into_iter();
    atoms.filter_map(|a| if let Atom::Header(name) = a { Some(name) } else { None }).collect()
}

fn hex_digits(verify: &Verify) -> bool {
    match verify {
        Verify::Hmac(h) => {
            h.signature.as_ref().is_some_and(|s| s.encoding == SigEncoding::Hex)
                || h.compound.as_ref().is_some_and(|c| c.encoding == SigEncoding::Hex)
        }
        Verify::Token(_) | Verify::UrlToken => false,
    }
}

/// The text with one bit turned over; none where no text comes out, which no header could carry.
fn flipped(text: &str, bit: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    String::from_utf8(bytes).ok()
}

/// `a` and `A` are the same hexadecimal digit: the bytes of the signature are what counts.
fn same_digits(verify: &Verify, old: &str, new: &str) -> bool {
    let digits = old.len().saturating_sub(64);
    hex_digits(verify) && old[..digits] == new[..digits] && old.eq_ignore_ascii_case(new)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_is_signed_is_accepted_and_nothing_that_differs_by_a_bit(
        key in any::<[u8; 32]>(),
        other in any::<[u8; 32]>(),
        id in "[!-~]{1,60}",
        second in 0i64..4_000_000_000,
        body in prop::collection::vec(any::<u8>(), 1..300),
        bit in any::<usize>(),
    ) {
        prop_assume!(key != other);
        let now = Timestamp::from_second(second).unwrap();
        for (name, verify) in senders() {
            let secret_text = secret(&verify, key);
            let good = signed(&verify, &secret_text, Unsigned { id: &id, at: now, body: &body });
            let proven = check(&verify, &secret_text, &good, now);
            prop_assert!(proven.is_ok(), "{name}: {:?}", proven.err());
            let proven = proven.unwrap();
            prop_assert_eq!(&proven.payload.body()[..], &body[..]);
            prop_assert_eq!(proven.signs_body, matches!(verify, Verify::Hmac(_)), "{}", &name);

            let refused = check(&verify, &secret(&verify, other), &good, now);
            prop_assert_eq!(refused.err(), Some(Refusal::Mismatch), "{}: another secret", &name);

            if proven.signs_body {
                let mut bad = good.clone();
                let at = bit % (body.len() * 8);
                bad.body[at / 8] ^= 1 << (at % 8);
                let refused = check(&verify, &secret_text, &bad, now);
                prop_assert_eq!(refused.err(), Some(Refusal::Mismatch), "{}: body", &name);
            }
            // Every signed header, and the one that carries the proof.
            for header in signed_headers(&verify).iter().map(String::as_str).chain(proof(&verify)) {
                let mut bad = good.clone();
                let (_, value) = bad.headers.iter_mut().find(|(k, _)| k == header).unwrap();
                let Some(new) = flipped(value, bit) else { continue };
                let same = Some(header) == proof(&verify) && same_digits(&verify, value, &new);
                *value = new.clone();
                let answer = check(&verify, &secret_text, &bad, now);
                prop_assert_eq!(answer.is_ok(), same, "{}: {} is {}", &name, header, &new);
            }
            if let Some(token) = &good.token {
                let bad = Message { token: flipped(token, bit), ..good.clone() };
                prop_assert!(check(&verify, &secret_text, &bad, now).is_err(), "{}: token", &name);
            }
        }
    }
}

#[test]
fn no_bit_of_any_proof_is_without_meaning() {
    let now: Timestamp = "2026-08-20T08:00:00Z".parse().unwrap();
    for (name, verify) in senders() {
        let Some(header) = proof(&verify) else { continue };
        let key = secret(&verify, [0x5a; 32]);
        let good = signed(&verify, &key, Unsigned { id: "msg_1", at: now, body: b"{}" });
        let value = good.headers.iter().find(|(k, _)| k == header).unwrap().1.clone();
        for bit in 0..value.len() * 8 {
            let Some(new) = flipped(&value, bit) else { continue };
            let mut bad = good.clone();
            bad.headers.iter_mut().find(|(k, _)| k == header).unwrap().1.clone_from(&new);
            let accepted = check(&verify, &key, &bad, now).is_ok();
            assert_eq!(accepted, same_digits(&verify, &value, &new), "{name}: {new}");
        }
    }
}

#[test]
fn a_signed_time_outside_its_window_is_refused_on_both_sides() {
    let sent: Timestamp = "2026-08-20T08:00:00Z".parse().unwrap();
    let mut checked = 0;
    for (name, verify) in senders() {
        let Verify::Hmac(h) = &verify else { continue };
        let Some(window) = &h.timestamp else { continue };
        checked += 1;
        let key = secret(&verify, [0x5a; 32]);
        let m = signed(&verify, &key, Unsigned { id: "msg_1", at: sent, body: b"{}" });
        let answer = |seconds: i64| check(&verify, &key, &m, sent + SignedDuration::from_secs(seconds)).err();
        let (past, future) = (window.past.seconds(), window.future.seconds());
        assert_eq!((answer(past), answer(past + 1)), (None, Some(Refusal::TooOld)), "{name}");
        assert_eq!((answer(-future), answer(-future - 1)), (None, Some(Refusal::TooNew)), "{name}");
    }
    assert!(checked >= 3, "{checked} senders sign a time");
}

#[test]
fn the_sample_secrets_fit_their_shape() {
    for (name, verify) in senders() {
        if let Verify::Hmac(h) = &verify {
            assert!(live_secret(&verify, sample_secret(h.key), 1, None).is_ok(), "{name}");
        }
    }
    for shape in [KeyDecode::Hex, KeyDecode::Base64, KeyDecode::Whsec, KeyDecode::Utf8] {
        assert!(super::super::verify::decode_key(shape, sample_secret(shape)).is_ok_and(|k| k.len() >= 16));
    }
}
