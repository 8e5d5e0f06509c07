//! Messages signed by the vendors' own libraries (`fixtures/foreign`, made by `tests/foreign`), verified as the provider
//! files say; then each one damaged in every way we could think of, with the exact refusal.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use forewarn::model::Payload;
use forewarn::provider::file::{self, Source, Verify};
use forewarn::provider::verify::{LiveSecret, Refusal, Verifier, live_secret};
use jiff::Timestamp;
use serde::Deserialize;
use std::{fs, path::PathBuf};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    provider: String,
    note: String,
    headers: Vec<(String, String)>,
    body_base64: String,
    secret: String,
    now: i64,
    expect: String,
    signer: String,
}

/// A vector made ready: what a request is made of, to be damaged piece by piece.
#[derive(Debug, Clone)]
struct Case {
    name: String,
    verify: Verify,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    now: i64,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The `verify` table of a provider, with one text of its file replaced.
fn verify_of(provider: &str, from: &str, to: &str) -> Verify {
    let text = fs::read_to_string(root().join(format!("providers/{provider}.toml"))).unwrap();
    assert!(text.contains(from), "{provider}: {from:?} is there to be replaced");
    let mut file = file::parse(&text.replace(from, to)).unwrap();
    match file.sources.remove("webhook") {
        Some(Source::Webhook(w)) => w.verify,
        other => panic!("{provider}: no webhook but {other:?}"),
    }
}

fn vectors() -> Vec<(Case, String)> {
    let mut paths: Vec<_> = fs::read_dir(root().join("fixtures/foreign")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let mut out = Vec::new();
    for path in paths {
        let list: Vec<Vector> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for v in list {
            let case = Case {
                name: format!("{}: {} ({})", v.provider, v.note, v.signer),
                verify: verify_of(&v.provider, "", ""),
                headers: v.headers,
                body: STANDARD.decode(v.body_base64).unwrap(),
                secret: v.secret,
                now: v.now,
            };
            out.push((case, v.expect));
        }
    }
    assert!(out.len() >= 20, "the vectors were read: {}", out.len());
    out
}

/// The good vectors of a provider.
fn good(provider: &str) -> Vec<Case> {
    let of = format!("{provider}: ");
    let out: Vec<_> =
        vectors().into_iter().filter(|(c, e)| e == "ok" && c.name.starts_with(&of)).map(|(c, _)| c).collect();
    assert!(out.len() >= 2, "{provider}: {} good vectors", out.len());
    out
}

const SIGNERS: [&str; 4] = ["openai", "anthropic", "stripe", "github"];
/// A secret of the right form that signed nothing here.
const OTHER: &str = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";

impl Case {
    fn secret(&self, number: usize, until: Option<Timestamp>) -> LiveSecret {
        live_secret(&self.verify, &self.secret, number, until).unwrap()
    }
    /// Verifies with these secrets; the number of the one that opened it.
    fn with(&self, secrets: Vec<LiveSecret>) -> Result<usize, Refusal> {
        let verifier = Verifier::new(&self.verify, secrets).unwrap();
        let payload = Payload::new(self.headers.clone(), Bytes::from(self.body.clone()));
        verifier.verify(payload, None, Timestamp::from_second(self.now).unwrap()).map(|proven| proven.secret)
    }
    fn check(&self) -> Result<usize, Refusal> {
        self.with(vec![self.secret(1, None)])
    }
    fn value(&self, header: &str) -> String {
        self.headers.iter().find(|(k, _)| k == header).unwrap().1.clone()
    }
    fn set(mut self, header: &str, value: impl Into<String>) -> Self {
        self.headers.iter_mut().find(|(k, _)| k == header).unwrap().1 = value.into();
        self
    }
    fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(k, _)| k != header);
        self
    }
    fn doubled(mut self, header: &str) -> Self {
        let again = (header.to_owned(), self.value(header));
        self.headers.push(again);
        self
    }
    fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }
    fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }
    fn refused(&self, what: &str, why: Refusal) {
        assert_eq!(self.check(), Err(why), "{what}: {}", self.name);
    }
    fn taken(&self, what: &str) {
        assert_eq!(self.check(), Ok(1), "{what}: {}", self.name);
    }
    /// The header with the signature, and the bare signature in it.
    fn signature(&self) -> (&'static str, String) {
        let (header, mark) = match self.name.split(':').next().unwrap() {
            "openai" | "anthropic" => ("webhook-signature", "v1,"),
            "stripe" => ("stripe-signature", "v1="),
            "github" => ("x-hub-signature-256", "sha256="),
            other => panic!("{other} signs nothing"),
        };
        (header, self.value(header).split_once(mark).unwrap().1.to_owned())
    }
    /// The same request with the bare signature replaced.
    fn signed(self, signature: &str) -> Self {
        let (header, old) = self.signature();
        let value = self.value(header).replace(&old, signature);
        self.set(header, value)
    }
    fn signature_bytes(&self) -> Vec<u8> {
        let (header, text) = self.signature();
        if header == "webhook-signature" { STANDARD.decode(text).unwrap() } else { hex::decode(text).unwrap() }
    }
    fn signed_bytes(self, bytes: &[u8]) -> Self {
        let standard = self.signature().0 == "webhook-signature";
        let text = if standard { STANDARD.encode(bytes) } else { hex::encode(bytes) };
        self.signed(&text)
    }
}

fn all_good() -> impl Iterator<Item = Case> {
    SIGNERS.into_iter().flat_map(good)
}

#[test]
fn what_the_vendors_sign_is_judged_as_they_mean_it() {
    for (case, expect) in vectors() {
        let verdict = case.check().map_or_else(|r| r.as_str(), |_| "ok");
        assert_eq!(verdict, expect, "{}", case.name);
    }
}

#[test]
fn any_single_bit_of_the_body_counts() {
    for case in all_good() {
        // Of a large body the ends and some steps between.
        let step = 1 + case.body.len() / 500;
        for n in (0..case.body.len()).step_by(step).chain([case.body.len() - 1]) {
            for bit in 0..8 {
                let mut hurt = case.clone();
                hurt.body[n] ^= 1 << bit;
                hurt.refused("one bit of the body", Refusal::Mismatch);
            }
        }
        let mut cut = case.clone();
        cut.body.pop();
        cut.refused("the last byte gone", Refusal::Mismatch);
        let mut more = case.clone();
        more.body.push(b'\n');
        more.refused("a byte more", Refusal::Mismatch);
    }
}

#[test]
fn any_single_bit_of_the_signature_counts() {
    for case in all_good() {
        let bytes = case.signature_bytes();
        assert_eq!(bytes.len(), 32);
        for n in 0..256 {
            let mut hurt = bytes.clone();
            hurt[n / 8] ^= 1 << (n % 8);
            case.clone().signed_bytes(&hurt).refused("one bit of the signature", Refusal::Mismatch);
        }
        for length in [0, 1, 16, 31, 33, 64] {
            let other: Vec<u8> = bytes.iter().copied().cycle().take(length).collect();
            case.clone().signed_bytes(&other).refused("another length", Refusal::Unreadable);
        }
    }
}

#[test]
fn id_and_time_are_inside_what_is_signed() {
    for case in ["openai", "anthropic"].into_iter().flat_map(good) {
        for header in ["webhook-id", "webhook-timestamp"] {
            let value = case.value(header);
            let last = value.chars().last().unwrap() as u8 ^ 1;
            let hurt = format!("{}{}", &value[..value.len() - 1], last as char);
            case.clone().set(header, hurt).refused(header, Refusal::Mismatch);
        }
        // What stands on both sides of the dot is fixed: moving a piece over it is another message.
        let (id, time) = (case.value("webhook-id"), case.value("webhook-timestamp"));
        let moved = case.clone().set("webhook-id", format!("{id}.{time}"));
        moved.refused("the time moved into the id", Refusal::Mismatch);
    }
    for case in good("stripe") {
        let value = case.value("stripe-signature");
        let later = value.replace(&format!("t={}", case.now), &format!("t={}", case.now + 1));
        assert_ne!(later, value);
        case.clone().set("stripe-signature", later).refused("another time", Refusal::Mismatch);
    }
}

#[test]
fn the_window_ends_to_the_second() {
    for case in ["openai", "anthropic", "stripe"].into_iter().flat_map(good) {
        let signed = case.now;
        for (now, verdict) in [
            (signed + 300, Ok(1)),
            (signed + 301, Err(Refusal::TooOld)),
            (signed - 300, Ok(1)),
            (signed - 301, Err(Refusal::TooNew)),
        ] {
            assert_eq!(case.clone().at(now).check(), verdict, "{now} for {signed}: {}", case.name);
        }
        // A stranger learns nothing about our clock: the signature is judged first.
        let mut hurt = case.clone().at(signed + 301);
        hurt.body[0] ^= 1;
        hurt.refused("old and damaged", Refusal::Mismatch);
    }
    for case in good("github") {
        case.clone().at(case.now + 400 * 86_400).taken("no time is signed, so none is asked for");
    }
}

#[test]
fn a_header_of_the_proof_must_come_once() {
    for case in all_good() {
        let headers = match case.signature().0 {
            "webhook-signature" => vec!["webhook-id", "webhook-timestamp", "webhook-signature"],
            own => vec![own],
        };
        for header in headers {
            case.clone().without(header).refused(header, Refusal::Missing);
            case.clone().set(header, "").refused(header, Refusal::Missing);
            case.clone().doubled(header).refused(header, Refusal::Doubled);
        }
    }
    for case in good("github") {
        case.clone().doubled("x-github-event").taken("a header outside the proof");
    }
}

#[test]
fn hexadecimal_is_read_in_either_case() {
    for case in ["stripe", "github"].into_iter().flat_map(good) {
        let upper = case.signature().1.to_ascii_uppercase();
        assert_ne!(upper, case.signature().1);
        case.clone().signed(&upper).taken("upper case");
        case.clone().signed(&format!("0x{}", &upper[2..])).refused("no hexadecimal", Refusal::Unreadable);
    }
}

#[test]
fn base64_is_read_in_the_standard_alphabet_only() {
    let mut tried = 0;
    for case in ["openai", "anthropic"].into_iter().flat_map(good) {
        let standard = case.signature().1;
        let url = standard.replace('+', "-").replace('/', "_");
        if url != standard {
            case.clone().signed(&url).refused("the URL alphabet", Refusal::Unreadable);
            tried += 1;
        }
        case.clone().signed(standard.trim_end_matches('=')).taken("without padding");
        case.clone().signed(&hex::encode(case.signature_bytes())).refused("hexadecimal", Refusal::Unreadable);
    }
    assert!(tried > 0, "a signature with + or / is among the vectors");
}

#[test]
fn a_signature_without_its_mark_is_none() {
    for case in ["openai", "anthropic"].into_iter().flat_map(good) {
        let s = case.signature().1;
        let to = |value: String| case.clone().set("webhook-signature", value);
        for value in ["v1,".to_owned(), " ".into(), s.clone(), format!("v2,{s}"), format!("v1a,{s}"), format!("v1={s}")]
        {
            to(value.clone()).refused(&value, Refusal::Unreadable);
        }
        to(format!(" v1, v1a,{s}  v1,{s} ")).taken("the one good one among empty and foreign ones");
        to(format!("v1,{} v1,{s}", STANDARD.encode([0; 32]))).taken("a wrong one before the right one");
        to(format!("v1,{}", STANDARD.encode([0; 32]))).refused("a wrong one", Refusal::Mismatch);
    }
    for case in good("stripe") {
        let (s, t) = (case.signature().1, case.now);
        let to = |value: String| case.clone().set("stripe-signature", value);
        for value in
            [format!("t={t}"), format!("t={t},v1="), format!("t={t},v0={s}"), format!("t={t},V1={s}"), s.clone()]
        {
            to(value.clone()).refused(&value, Refusal::Unreadable);
        }
        to(format!("v1={s}")).refused("no time", Refusal::Missing);
        to(format!("t={t},t={t},v1={s}")).refused("two times", Refusal::Doubled);
        to(format!("v1={s}, v0=00 ,t={t}")).taken("another order, an older scheme beside it");
    }
    for case in good("github") {
        let s = case.signature().1;
        for value in
            [s.clone(), format!("sha1={s}"), format!("SHA256={s}"), "sha256=".into(), format!("sha256={s} sha256={s}")]
        {
            case.clone().set("x-hub-signature-256", value.clone()).refused(&value, Refusal::Unreadable);
        }
    }
}

#[test]
fn more_signatures_than_anybody_needs_are_refused() {
    for case in ["openai", "anthropic"].into_iter().flat_map(good) {
        let (s, wrong) = (case.signature().1, format!("v1,{} ", STANDARD.encode([7; 32])));
        case.clone().set("webhook-signature", wrong.repeat(9) + "v1," + &s).taken("ten, the last is right");
        let eleven = case.clone().set("webhook-signature", wrong.repeat(10) + "v1," + &s);
        eleven.refused("eleven", Refusal::TooMany);
    }
    for case in good("stripe") {
        let (s, t, wrong) = (case.signature().1, case.now, format!("v1={},", hex::encode([7; 32])));
        case.clone().set("stripe-signature", format!("t={t},{}v1={s}", wrong.repeat(9))).taken("ten");
        let eleven = case.clone().set("stripe-signature", format!("t={t},{}v1={s}", wrong.repeat(10)));
        eleven.refused("eleven", Refusal::TooMany);
    }
}

#[test]
fn rotated_secrets_open_as_long_as_they_live() {
    for case in all_good() {
        let other = |number| live_secret(&case.verify, OTHER, number, None).unwrap();
        let now = Timestamp::from_second(case.now).unwrap();
        let later = Timestamp::from_second(case.now + 1).unwrap();
        assert_eq!(case.with(vec![other(1), case.secret(2, None)]), Ok(2), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(later)), other(2)]), Ok(1), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(now)), case.secret(2, None)]), Ok(2), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(now)), other(2)]), Err(Refusal::Mismatch), "{}", case.name);
        assert_eq!(case.with(vec![other(1)]), Err(Refusal::Mismatch), "{}", case.name);
        assert_eq!(case.with(vec![]), Err(Refusal::Mismatch), "{}", case.name);
    }
}

#[test]
fn the_same_secret_read_another_way_opens_nothing() {
    let mut tried = 0;
    for (provider, own) in [("openai", "whsec_or_utf8"), ("anthropic", "whsec")] {
        for case in good(provider).into_iter().filter(|c| c.secret.starts_with("whsec_")) {
            let verbatim = verify_of(provider, &format!("key = \"{own}\""), "key = \"utf8\"");
            case.clone().verify(verbatim).refused("whsec_ as text", Refusal::Mismatch);
            tried += 1;
        }
    }
    for case in good("stripe") {
        let decoded = verify_of("stripe", "key = \"utf8\"", "key = \"whsec\"");
        case.clone().verify(decoded).refused("Stripe's secret decoded", Refusal::Mismatch);
        tried += 1;
    }
    assert!(tried > 6, "{tried} were tried");
}
