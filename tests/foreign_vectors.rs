//! Messages signed by the vendors' own libraries (`fixtures/foreign`, made by `tests/foreign`), verified as the provider
//! files say; then each one damaged in every way we could think of, with the exact refusal.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use forewarn::model::Payload;
use forewarn::provider::file::{self, PublicKeyForm, Scheme, SigEncoding, SignedVerify, Source, Verify};
use forewarn::provider::sign;
use forewarn::provider::verify::{Atom, LiveSecret, PATH, Proven, Refusal, Site, Verifier, live_secret, template};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeSet;
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
    /// The address it was sent to, where that is signed.
    url: Option<String>,
}

/// A vector made ready: what a request is made of, to be damaged piece by piece.
#[derive(Debug, Clone)]
struct Case {
    provider: String,
    name: String,
    ways: Vec<Verify>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    secret: String,
    now: i64,
    base: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The ways of proof of a provider, with one text of its file replaced.
fn verify_of(provider: &str, from: &str, to: &str) -> Vec<Verify> {
    let text = fs::read_to_string(root().join(format!("providers/{provider}.toml"))).unwrap();
    assert!(text.contains(from), "{provider}: {from:?} is there to be replaced");
    let mut file = file::parse(&text.replace(from, to)).unwrap_or_else(|e| panic!("{provider}: {e}"));
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
            let url = v.url.unwrap_or_else(|| "https://forewarn.example.com/hooks/x".into());
            let host = url.find("://").unwrap() + 3;
            let (base, at) = url.split_at(host + url[host..].find('/').unwrap());
            let mut headers = v.headers;
            headers.push((PATH.to_owned(), at.to_owned()));
            let case = Case {
                name: format!("{}: {} ({})", v.provider, v.note, v.signer),
                ways: verify_of(&v.provider, "", ""),
                provider: v.provider,
                headers,
                body: STANDARD.decode(v.body_base64).unwrap(),
                secret: v.secret,
                now: v.now,
                base: base.to_owned(),
            };
            out.push((case, v.expect));
        }
    }
    assert!(out.len() >= 60, "the vectors were read: {}", out.len());
    out
}

/// The good vectors of a provider.
fn good(provider: &str) -> Vec<Case> {
    let out: Vec<_> =
        vectors().into_iter().filter(|(c, e)| e == "ok" && c.provider == provider).map(|(c, _)| c).collect();
    assert!(out.len() >= 2, "{provider}: {} good vectors", out.len());
    out
}

fn all_good() -> Vec<Case> {
    let all: Vec<_> = vectors().into_iter().filter(|(_, e)| e == "ok").map(|(c, _)| c).collect();
    let providers: BTreeSet<_> = all.iter().map(|c| c.provider.as_str()).collect();
    assert!(providers.len() >= 9, "{providers:?}");
    all
}

/// The request as it is proven: by which way, where the signature stands.
struct Proof {
    way: SignedVerify,
    header: String,
    signature: String,
}

impl Case {
    fn secret(&self, number: usize, until: Option<Timestamp>) -> LiveSecret {
        live_secret(&self.ways, &self.secret, number, until).unwrap()
    }
    /// Another secret of the same form, that signed nothing here.
    fn other(&self, number: usize) -> LiveSecret {
        let key = [0x41; 32];
        let text = match &self.proof().way.scheme {
            Scheme::Hmac { .. } => format!("whsec_{}", STANDARD.encode(key)),
            Scheme::Ed25519 { key: PublicKeyForm::Hex, .. } => hex::encode(key),
            Scheme::Ed25519 { key: PublicKeyForm::Base64, .. } => STANDARD.encode(key),
            Scheme::Ed25519 { key: PublicKeyForm::Whpk, .. } => format!("whpk_{}", STANDARD.encode(key)),
        };
        live_secret(&self.ways, &text, number, None).unwrap()
    }
    fn judge(&self, secrets: Vec<LiveSecret>) -> Result<Proven, Refusal> {
        let site = Site { public_url: Some(self.base.clone()), pins: vec![] };
        let verifier = Verifier::new(&self.ways, secrets, site).unwrap();
        let payload = Payload::new(self.headers.clone(), Bytes::from(self.body.clone()));
        verifier.verify(payload, None, Timestamp::from_second(self.now).unwrap())
    }
    /// Verifies with these secrets; the number of the one that opened it.
    fn with(&self, secrets: Vec<LiveSecret>) -> Result<usize, Refusal> {
        self.judge(secrets).map(|proven| proven.secret)
    }
    fn check(&self) -> Result<usize, Refusal> {
        self.with(vec![self.secret(1, None)])
    }
    fn value(&self, header: &str) -> String {
        self.headers.iter().find(|(k, _)| k == header).unwrap_or_else(|| panic!("{header}: {}", self.name)).1.clone()
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
    fn ways(mut self, ways: Vec<Verify>) -> Self {
        self.ways = ways;
        self
    }
    fn refused(&self, what: &str, why: Refusal) {
        assert_eq!(self.check(), Err(why), "{what}: {}", self.name);
    }
    fn taken(&self, what: &str) {
        assert_eq!(self.check(), Ok(1), "{what}: {}", self.name);
    }
    fn proof(&self) -> Proof {
        let proven = self.judge(vec![self.secret(1, None)]).unwrap_or_else(|e| panic!("{e}: {}", self.name));
        let Verify::Signed(way) = &self.ways[proven.way] else { panic!("{} is not signed", self.name) };
        let (header, signature) = match (&way.signature, &way.compound) {
            (Some(s), _) => {
                let value = self.value(&s.header);
                let by = s.split.as_deref().unwrap_or("\0");
                let one = value.split(by).find_map(|c| c.strip_prefix(s.prefix.as_str())).unwrap().to_owned();
                (s.header.clone(), one)
            }
            (None, Some(c)) => {
                let value = self.value(&c.header);
                let pairs = value.split(c.pair.as_str());
                let one = pairs.filter_map(|p| p.split_once(c.kv.as_str())).find(|(k, _)| *k == c.signature).unwrap().1;
                (c.header.clone(), one.to_owned())
            }
            (None, None) => unreachable!(),
        };
        Proof { way: (**way).clone(), header, signature }
    }
    /// The same request with the bare signature replaced.
    fn signed(self, signature: &str) -> Self {
        let p = self.proof();
        let value = self.value(&p.header).replace(&p.signature, signature);
        self.set(&p.header, value)
    }
    fn signed_bytes(self, bytes: &[u8]) -> Self {
        let text = match self.proof().way.encoding() {
            SigEncoding::Hex => hex::encode(bytes),
            SigEncoding::Base64 => STANDARD.encode(bytes),
        };
        self.signed(&text)
    }
    /// Whether any way of this sender has signatures of so many bytes.
    fn takes_length(&self, length: usize) -> bool {
        let whpk = self.secret.starts_with("whpk_");
        self.ways.iter().any(|w| match w {
            Verify::Signed(s) => match &s.scheme {
                Scheme::Hmac { algorithm, .. } => !whpk && algorithm.length() == length,
                Scheme::Ed25519 { .. } => (whpk || s.secret_prefix.is_empty()) && length == 64,
            },
            Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken => false,
        })
    }
}

impl Proof {
    fn bytes(&self) -> Vec<u8> {
        match self.way.encoding() {
            SigEncoding::Hex => hex::decode(&self.signature).unwrap(),
            SigEncoding::Base64 => STANDARD.decode(&self.signature).unwrap(),
        }
    }
    fn atoms(&self) -> Vec<Atom> {
        template(&self.way.message).unwrap()
    }
    fn signs_form(&self) -> bool {
        self.atoms().contains(&Atom::FormSorted)
    }
    fn signed_headers(&self) -> Vec<String> {
        self.atoms().into_iter().filter_map(|a| if let Atom::Header(h) = a { Some(h) } else { None }).collect()
    }
}

/// Names and values of a form, as far as their order and writing does not count.
fn fields(body: &[u8]) -> String {
    let mut all: Vec<_> = url::form_urlencoded::parse(body).map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
    all.sort();
    all.dedup();
    all.into_iter().map(|(k, v)| k + &v).collect()
}

#[test]
fn what_the_vendors_sign_is_judged_as_they_mean_it() {
    for (case, expect) in vectors() {
        if expect == "short_secret" {
            let e = live_secret(&case.ways, &case.secret, 1, None).unwrap_err();
            assert!(e.contains("shorter than"), "{}: {e}", case.name);
            continue;
        }
        let verdict = case.check().map_or_else(|r| r.as_str(), |_| "ok");
        assert_eq!(verdict, expect, "{}", case.name);
    }
}

#[test]
fn what_vendors_publish_with_a_key_too_short_for_us_is_what_we_would_sign() {
    let mut compared = 0;
    for (case, _) in vectors().into_iter().filter(|(_, e)| e == "short_secret") {
        let url = format!("{}{}", case.base, case.value(PATH));
        let m = sign::Unsigned { body: &case.body, url: &url, ..sign::Unsigned::default() };
        let of = |way: &Verify| sign::headers(way, &case.secret, m).ok();
        let made: Vec<_> = case.ways.iter().filter_map(of).flatten().collect();
        assert!(made.iter().any(|h| case.headers.contains(h)), "{}: {made:?}", case.name);
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

#[test]
fn any_single_bit_of_the_body_counts() {
    for case in all_good() {
        let form = case.proof().signs_form();
        // Of a large body the ends and some steps between.
        let step = 1 + case.body.len() / 500;
        for n in (0..case.body.len()).step_by(step).chain([case.body.len() - 1]) {
            for bit in 0..8 {
                let mut hurt = case.clone();
                hurt.body[n] ^= 1 << bit;
                // Of a form the fields are signed: %2b and %2B are one letter.
                let answer = hurt.check();
                let same = form && fields(&hurt.body) == fields(&case.body);
                assert_eq!(
                    answer,
                    if same { Ok(1) } else { Err(Refusal::Mismatch) },
                    "bit {bit} of {n}: {}",
                    case.name
                );
            }
        }
        let mut cut = case.clone();
        cut.body.pop();
        cut.refused("the last byte gone", Refusal::Mismatch);
        let mut more = case.clone();
        more.body.push(b'\n');
        more.refused("a byte more", Refusal::Mismatch);
        let mut mark = case.clone();
        mark.body.splice(0..0, "\u{feff}".bytes());
        mark.refused("a byte-order mark before it", Refusal::Mismatch);
        let none = Case { body: Vec::new(), ..case.clone() };
        none.refused("no body", Refusal::Mismatch);
    }
}

#[test]
fn any_single_bit_of_the_signature_counts() {
    for case in all_good() {
        let bytes = case.proof().bytes();
        for n in 0..bytes.len() * 8 {
            let mut hurt = bytes.clone();
            hurt[n / 8] ^= 1 << (n % 8);
            case.clone().signed_bytes(&hurt).refused("one bit of the signature", Refusal::Mismatch);
        }
        for length in [0, 1, 16, 19, 20, 21, 31, 32, 33, 63, 64, 65] {
            if length == bytes.len() {
                continue;
            }
            let other: Vec<u8> = bytes.iter().copied().cycle().take(length).collect();
            let why = if case.takes_length(length) { Refusal::Mismatch } else { Refusal::Unreadable };
            let why = if length == 0 && case.clone().signed("").value(&case.proof().header).is_empty() {
                Refusal::Missing
            } else {
                why
            };
            case.clone().signed_bytes(&other).refused("another length", why);
        }
        case.clone().signed(&"A".repeat(10_240)).refused("ten kilobytes", Refusal::Unreadable);
    }
}

#[test]
fn id_time_and_address_are_inside_what_is_signed() {
    let mut kinds = BTreeSet::new();
    for case in all_good() {
        let p = case.proof();
        for header in p.signed_headers() {
            let value = case.value(&header);
            for bit in 0..value.len() * 8 {
                let mut bytes = value.clone().into_bytes();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let Ok(hurt) = String::from_utf8(bytes) else { continue };
                case.clone().set(&header, hurt).refused(&header, Refusal::Mismatch);
            }
            kinds.insert("header");
        }
        if let Some(c) = &p.way.compound {
            let value = case.value(&c.header);
            let later =
                value.replace(&format!("{}={}", c.timestamp, case.now), &format!("{}={}", c.timestamp, case.now + 1));
            assert_ne!(later, value);
            case.clone().set(&c.header, later).refused("another time", Refusal::Mismatch);
            kinds.insert("compound");
        }
        if p.atoms().contains(&Atom::Url) {
            let at = case.value(PATH);
            for other in [format!("{at}x"), format!("{at}/"), at.replace("/hooks", "/Hooks"), format!("{at}&a=b")] {
                case.clone().set(PATH, other.clone()).refused(&other, Refusal::Mismatch);
            }
            for base in
                ["http://forewarn.example.com", "https://forewarn.example.org", "https://forewarn.example.com/x"]
            {
                let moved = Case { base: base.into(), ..case.clone() };
                moved.refused(base, Refusal::Mismatch);
            }
            kinds.insert("address");
        }
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    for case in good("openai") {
        // What stands on both sides of the dot is fixed: moving a piece over it is another message.
        let (id, time) = (case.value("webhook-id"), case.value("webhook-timestamp"));
        let moved = case.clone().set("webhook-id", format!("{id}.{time}"));
        moved.refused("the time moved into the id", Refusal::Mismatch);
    }
}

#[test]
fn the_window_ends_to_the_second() {
    let mut tried = BTreeSet::new();
    for case in all_good() {
        let signed = case.now;
        let Some(window) = case.proof().way.timestamp else {
            case.clone().at(signed + 400 * 86_400).taken("no time is signed, so none is asked for");
            continue;
        };
        tried.insert(case.provider.clone());
        let (past, future) = (window.past.seconds(), window.future.seconds());
        for (now, verdict) in [
            (signed + past, Ok(1)),
            (signed + past + 1, Err(Refusal::TooOld)),
            (signed - future, Ok(1)),
            (signed - future - 1, Err(Refusal::TooNew)),
        ] {
            assert_eq!(case.clone().at(now).check(), verdict, "{now} for {signed}: {}", case.name);
        }
        // A stranger learns nothing about our clock: the signature is judged first.
        let mut hurt = case.clone().at(signed + past + 1);
        hurt.body[0] ^= 1;
        hurt.refused("old and damaged", Refusal::Mismatch);
    }
    assert!(tried.len() >= 7, "{tried:?}");
}

#[test]
fn a_header_of_the_proof_must_come_once() {
    for case in all_good() {
        let p = case.proof();
        for header in p.signed_headers().into_iter().chain([p.header]) {
            case.clone().without(&header).refused(&header, Refusal::Missing);
            case.clone().set(&header, "").refused(&header, Refusal::Missing);
            case.clone().doubled(&header).refused(&header, Refusal::Doubled);
            // The listener lower-cases names; here one in other letters is another header.
            let mut renamed = case.clone();
            renamed.headers.iter_mut().filter(|(k, _)| *k == header).for_each(|(k, _)| *k = k.to_uppercase());
            renamed.refused(&header, Refusal::Missing);
        }
    }
    for case in good("github") {
        case.clone().doubled("x-github-event").taken("a header outside the proof");
    }
    // A second set of the other names does not make one message of two: whichever is doubled spoils it.
    for case in good("generic-svix") {
        let mut both = case.clone();
        for (name, value) in case.headers.iter().filter(|(k, _)| k != PATH) {
            let (_, rest) = name.split_once('-').unwrap();
            let other = if name.starts_with("svix") { "webhook" } else { "svix" };
            both.headers.push((format!("{other}-{rest}"), value.clone()));
        }
        both.taken("both sets");
        both.doubled("webhook-signature").refused("both sets, one doubled", Refusal::Doubled);
    }
}

#[test]
fn hexadecimal_is_read_in_either_case() {
    let mut tried = 0;
    for case in all_good().into_iter().filter(|c| c.proof().way.encoding() == SigEncoding::Hex) {
        let lower = case.proof().signature;
        let upper = lower.to_ascii_uppercase();
        assert_ne!(upper, lower);
        case.clone().signed(&upper).taken("upper case");
        case.clone().signed(&format!("0x{}", &upper[2..])).refused("no hexadecimal", Refusal::Unreadable);
        case.clone().signed(&STANDARD.encode(hex::decode(&lower).unwrap())).refused("base64", Refusal::Unreadable);
        tried += 1;
    }
    assert!(tried > 8, "{tried}");
}

#[test]
fn base64_is_read_in_the_standard_alphabet_only() {
    let mut tried = 0;
    for case in all_good().into_iter().filter(|c| c.proof().way.encoding() == SigEncoding::Base64) {
        let standard = case.proof().signature;
        let url = standard.replace('+', "-").replace('/', "_");
        if url != standard {
            case.clone().signed(&url).refused("the URL alphabet", Refusal::Unreadable);
            tried += 1;
        }
        case.clone().signed(standard.trim_end_matches('=')).taken("without padding");
        case.clone().signed(&hex::encode(case.proof().bytes())).refused("hexadecimal", Refusal::Unreadable);
    }
    assert!(tried > 5, "signatures with + or / are among the vectors: {tried}");
}

#[test]
fn a_signature_without_its_mark_is_none() {
    for case in ["openai", "anthropic"].into_iter().flat_map(good) {
        let s = case.proof().signature;
        let to = |value: String| case.clone().set("webhook-signature", value);
        for value in [
            "v1,".to_owned(),
            "v1".into(),
            " ".into(),
            s.clone(),
            format!("v2,{s}"),
            format!("v1a,{s}"),
            format!("v1={s}"),
            format!("V1,{s}"),
        ] {
            to(value.clone()).refused(&value, Refusal::Unreadable);
        }
        to(format!(" v1, v1a,{s}  v1,{s} ")).taken("the one good one among empty and foreign ones");
        to(format!("v1,{} v1,{s}", STANDARD.encode([0; 32]))).taken("a wrong one before the right one");
        to(format!("v1,{}", STANDARD.encode([0; 32]))).refused("a wrong one", Refusal::Mismatch);
        // Two headers joined with a comma, as some proxies do, are no list of this sender.
        to(format!("v1,{s},v1,{s}")).refused("joined with a comma", Refusal::Unreadable);
    }
    for case in good("stripe") {
        let (s, t) = (case.proof().signature, case.now);
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
        let s = case.proof().signature;
        for value in
            [s.clone(), format!("sha1={s}"), format!("SHA256={s}"), "sha256=".into(), format!("sha256={s} sha256={s}")]
        {
            case.clone().set("x-hub-signature-256", value.clone()).refused(&value, Refusal::Unreadable);
        }
    }
    for case in good("slack") {
        let s = case.proof().signature;
        for value in [s.clone(), "v0=".into(), format!("v1={s}"), format!("v0={s},v0={s}")] {
            case.clone().set("x-slack-signature", value.clone()).refused(&value, Refusal::Unreadable);
        }
    }
}

#[test]
fn more_signatures_than_anybody_needs_are_refused() {
    let mut tried = BTreeSet::new();
    for case in all_good() {
        let p = case.proof();
        let length = p.bytes().len();
        let wrong = match p.way.encoding() {
            SigEncoding::Hex => hex::encode(vec![7; length]),
            SigEncoding::Base64 => STANDARD.encode(vec![7; length]),
        };
        let (one, by) = match (&p.way.signature, &p.way.compound) {
            (Some(s), _) => match &s.split {
                Some(by) => (format!("{}{wrong}{by}", s.prefix), by.clone()),
                None => continue,
            },
            (None, Some(c)) => (format!("{}{}{wrong}{}", c.signature, c.kv, c.pair), c.pair.clone()),
            (None, None) => unreachable!(),
        };
        let value = case.value(&p.header);
        // Of the good one only the signature itself, so that the count is known.
        let own = value.split(by.as_str()).filter(|c| c.ends_with(&p.signature)).collect::<Vec<_>>().join(&by);
        let rest: String =
            value.split(by.as_str()).filter(|c| c.starts_with("t=")).map(|c| format!("{c}{by}")).collect();
        for (others, verdict) in [(9, Ok(1)), (10, Err(Refusal::TooMany)), (1_000, Err(Refusal::TooMany))] {
            let many = case.clone().set(&p.header, format!("{rest}{}{own}", one.repeat(others)));
            assert_eq!(many.check(), verdict, "{others} before it: {}", case.name);
        }
        tried.insert(case.provider.clone());
    }
    assert!(tried.len() >= 5, "{tried:?}");
}

#[test]
fn rotated_secrets_open_as_long_as_they_live() {
    for case in all_good() {
        let now = Timestamp::from_second(case.now).unwrap();
        let later = Timestamp::from_second(case.now + 1).unwrap();
        assert_eq!(case.with(vec![case.other(1), case.secret(2, None)]), Ok(2), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(later)), case.other(2)]), Ok(1), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(now)), case.secret(2, None)]), Ok(2), "{}", case.name);
        assert_eq!(case.with(vec![case.secret(1, Some(now)), case.other(2)]), Err(Refusal::Mismatch), "{}", case.name);
        assert_eq!(case.with(vec![case.other(1)]), Err(Refusal::Mismatch), "{}", case.name);
        assert_eq!(case.with(vec![]), Err(Refusal::Mismatch), "{}", case.name);
    }
}

#[test]
fn the_same_secret_read_another_way_opens_nothing() {
    let mut tried = 0;
    for (provider, own) in [("openai", "whsec_or_utf8"), ("anthropic", "whsec")] {
        for case in good(provider).into_iter().filter(|c| c.secret.starts_with("whsec_")) {
            let verbatim = verify_of(provider, &format!("key = \"{own}\""), "key = \"utf8\"");
            case.clone().ways(verbatim).refused("whsec_ as text", Refusal::Mismatch);
            tried += 1;
        }
    }
    for case in good("stripe") {
        let decoded = verify_of("stripe", "key = \"utf8\"", "key = \"whsec\"");
        case.clone().ways(decoded).refused("Stripe's secret decoded", Refusal::Mismatch);
        tried += 1;
    }
    assert!(tried > 6, "{tried} were tried");
}

#[test]
fn a_public_key_is_never_a_secret() {
    for case in good("generic-standard-webhooks").into_iter().filter(|c| c.secret.starts_with("whpk_")) {
        let keyed = verify_of("anthropic", "", "");
        let e = live_secret(&keyed, &case.secret, 1, None).unwrap_err();
        assert!(e.contains("public key") && !e.contains(&case.secret), "{e}");
        // Only the way that is meant for it is tried: with the other kind of signature alone nothing is read.
        let mut other = case.clone();
        let signatures = other.value("webhook-signature");
        let v1 = signatures.split(' ').find(|s| s.starts_with("v1,")).unwrap_or("v1,AAAA").to_owned();
        other = other.set("webhook-signature", v1);
        other.refused("only a keyed hash", Refusal::Unreadable);
    }
}
