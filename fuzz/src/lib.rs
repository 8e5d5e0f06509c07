//! What the fuzz targets share: every documented and embedded way of proof, and a reader of bytes.
//!
//! In: the bytes of the fuzzer. Out: requests. Invariant: nobody here knows the secret of the verifier in `forged`, so
//! whatever is accepted there is a hole. Refuses nothing: a panic or a failed assertion ends the run.

use bytes::Bytes;
use forewarn::model::Payload;
use forewarn::provider::catalog::EMBEDDED;
use forewarn::provider::file::{self, Source, Verify, WebhookSource};
use forewarn::provider::sign::{self, Unsigned, held_by_receiver, sample_secret};
use forewarn::provider::verify::{PATH, Site, Verifier, live_secret};
use jiff::Timestamp;
use std::sync::OnceLock;

/// Where the outside reaches us.
pub const SITE: &str = "https://hooks.example/in";
const PIN: &str = "customer-1";

/// The webhook sources of the embedded files and of the examples in `providers/README.md`.
pub fn sources() -> &'static [WebhookSource] {
    static ALL: OnceLock<Vec<WebhookSource>> = OnceLock::new();
    ALL.get_or_init(|| {
        let readme = include_str!("../../providers/README.md");
        let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let examples = blocks.filter(|b| b.contains("[sources.webhook")).filter_map(example);
        let texts = EMBEDDED.iter().map(|(_, t)| (*t).to_owned()).chain(examples);
        let files = texts.filter_map(|t| file::parse(&t).ok());
        let out: Vec<WebhookSource> = files
            .flat_map(|f| f.sources.into_values())
            .filter_map(|s| if let Source::Webhook(w) = s { Some(*w) } else { None })
            .collect();
        assert!(out.len() >= 15, "{} sources", out.len());
        out
    })
}

/// An example of the reference, made whole.
fn example(block: &str) -> Option<String> {
    if !block.contains("[sources.webhook.verify]") {
        return None;
    }
    let mut text = String::from("format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n");
    if !block.contains("[sources.webhook]") {
        text.push_str("[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n");
    }
    text.push_str(block);
    text.push_str("\n[sources.webhook.event]\ntype = \"/type\"\n");
    Some(text)
}

/// The ways of proof that `which` chooses.
pub fn ways(which: fn(&Verify) -> bool) -> Vec<Verify> {
    let all = sources().iter().flat_map(|s| s.verify.iter());
    let out: Vec<Verify> = all.filter(|v| which(v)).cloned().collect();
    assert!(!out.is_empty(), "no way of this family");
    out
}

/// Bytes, taken piece by piece; empty when they end.
pub struct Pieces<'a>(pub &'a [u8]);

impl<'a> Pieces<'a> {
    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    /// A piece whose length stands before it.
    pub fn piece(&mut self) -> &'a [u8] {
        let n = usize::from(self.byte()).min(self.0.len());
        let (piece, rest) = self.0.split_at(n);
        self.0 = rest;
        piece
    }
    /// A text a header may hold.
    pub fn text(&mut self) -> String {
        self.piece().iter().map(|b| char::from(0x20 + b % 0x5f)).collect()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_420_800).unwrap_or_default()
}

fn verifier(way: &Verify, secret: &str) -> Verifier {
    let ways = [way.clone()];
    let site = Site { public_url: Some(SITE.into()), pins: vec![PIN.into()] };
    let held = held_by_receiver(way, secret).unwrap_or_default();
    let secrets = live_secret(&ways, &held, 1, None).map(|s| vec![s]).unwrap_or_default();
    Verifier::new(&ways, secrets, site).unwrap_or_else(|e| panic!("{e}"))
}

/// Whatever is sent without the secret is refused, and nothing panics.
pub fn forged(ways: &[Verify], data: &[u8]) {
    let mut p = Pieces(data);
    let way = &ways[usize::from(p.byte()) % ways.len()];
    let v = verifier(way, &sample_secret(way));
    let mut headers: Vec<(String, String)> = Vec::new();
    for name in v.headers_wanted() {
        let times = p.byte() % 8;
        // Mostly once: what is missing or doubled is refused at once.
        for _ in 0..(if times < 6 { 1 } else { times - 6 }) {
            headers.push((name.to_owned(), header(name, &mut p)));
        }
    }
    let token = (p.byte() % 2 == 0).then(|| p.text());
    let body = Bytes::copy_from_slice(p.0);
    let answer = v.verify(Payload::new(headers, body), token.as_deref(), now());
    assert!(answer.is_err(), "accepted without the secret: {way:?}");
}

/// A value with something a real one has, or anything.
fn header(name: &str, p: &mut Pieces<'_>) -> String {
    let text = p.text();
    match p.byte() % 6 {
        0 => format!("v1,{text}"),
        1 => format!("t={},v1={text}", now().as_second()),
        2 => now().as_second().to_string(),
        3 if name == PATH => format!("/hooks/x?{text}"),
        4 => format!("Basic {text}"),
        _ => text,
    }
}

/// What is signed is accepted, and not with another body.
pub fn signed(ways: &[Verify], data: &[u8]) {
    let mut p = Pieces(data);
    let way = &ways[usize::from(p.byte()) % ways.len()];
    let secret = sample_secret(way);
    let id = format!("i{}", p.text().trim());
    let flip = usize::from(p.byte()) | usize::from(p.byte()) << 8;
    let body = p.0;
    let mut m = Unsigned { id: &id, at: now(), body, url: "", pin: PIN };
    let mut path = "/hooks/x/main".to_owned();
    let parameters = sign::query(way, &secret, m);
    if !parameters.is_empty() {
        path = format!(
            "{path}?{}",
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
        );
    }
    let url = format!("{SITE}{path}");
    m.url = &url;
    // A body that lacks a signed field cannot be signed.
    let Ok(mut headers) = sign::headers(way, &secret, m) else { return };
    headers.push((PATH.to_owned(), path));
    let v = verifier(way, &secret);
    let judge = |headers: &[(String, String)], body: &[u8]| {
        v.verify(Payload::new(headers.to_vec(), Bytes::copy_from_slice(body)), Some(&secret), now())
    };
    let Verify::Signed(s) = way else {
        assert!(judge(&headers, body).is_ok(), "{way:?}");
        return;
    };
    // A time inside the body is there only by chance.
    let timeless = s.timestamp.as_ref().is_none_or(|t| t.body.is_none());
    assert!(judge(&headers, body).is_ok() || !timeless, "not accepted: {way:?}");
    if !body.is_empty() && !s.message.contains("{form") {
        let mut hurt = body.to_vec();
        hurt[flip / 8 % body.len()] ^= 1 << (flip % 8);
        assert!(judge(&headers, &hurt).is_err(), "accepted with another body: {way:?}");
    }
}
