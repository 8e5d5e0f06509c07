//! The `kind = "webhook"` source of a provider file: how a sender proves itself and what its messages mean.
//!
//! In: one table. Out: [`WebhookSource`]. Invariant: key decoding is said, never guessed; a timestamp window exists only
//! where the signed bytes hold the timestamp. Refuses unknown atoms of a message template.

use super::{Evidence, FileError, Span, typed, word_of};
use crate::model::{Change, Kind, Severity, SubjectType, Trust};
use serde::Deserialize;
use toml::{Spanned, de::DeValue};

/// A sender that calls us.
#[derive(Debug, Clone)]
pub struct WebhookSource {
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// What the sender's word is worth: `verified`, or `hint` for unsigned senders.
    pub trust: Trust,
    /// The status it wants to see for success.
    pub success: u16,
    /// Largest body in bytes.
    pub max_body: usize,
    /// HTTP methods it uses.
    pub methods: Vec<String>,
    /// How it proves itself.
    pub verify: Verify,
    /// Where in a message things stand.
    pub event: EventShape,
    /// What each type means; the first match counts.
    pub rules: Vec<Rule>,
}

/// How a sender proves itself.
#[derive(Debug, Clone)]
pub enum Verify {
    /// A keyed hash over the raw bytes.
    Hmac(Box<HmacVerify>),
    /// A shared text in a header.
    Token(TokenVerify),
    /// A shared text in the path.
    UrlToken,
}

/// `family = "hmac"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HmacVerify {
    #[serde(rename = "family")]
    _family: String,
    /// How the secret's text becomes key bytes.
    pub key: KeyDecode,
    /// The signed bytes: literal text with `{body}`, `{header:NAME}`, `{timestamp}`.
    pub message: String,
    /// Where the signature stands, for senders with a header of its own.
    pub signature: Option<Signature>,
    /// Where timestamp and signature stand, for senders that put both in one header.
    pub compound: Option<Compound>,
    /// The window around now.
    pub timestamp: Option<TimestampCheck>,
}

/// How the secret's text becomes key bytes. `whsec_X` is base64 for one sender and plain text for the next, so it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyDecode {
    /// The text as it is.
    Utf8,
    /// Base64.
    Base64,
    /// Hexadecimal.
    Hex,
    /// `whsec_` and base64; the prefix may be missing, the rest is always base64.
    Whsec,
    /// `whsec_` and base64; without the prefix the text as it is.
    WhsecOrUtf8,
}

/// A signature in a header of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The header, lower case.
    pub header: String,
    /// What separates several signatures.
    pub split: Option<String>,
    /// What stands before each: `v1,`, `sha256=`. Candidates without it are passed over.
    #[serde(default)]
    pub prefix: String,
    /// How its bytes are written.
    pub encoding: SigEncoding,
}

/// One header with pairs: `t=…,v1=…`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compound {
    /// The header, lower case.
    pub header: String,
    /// What separates the pairs.
    pub pair: String,
    /// The key of the timestamp.
    pub timestamp: String,
    /// The key of each signature.
    pub signature: String,
    /// How a signature's bytes are written.
    pub encoding: SigEncoding,
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigEncoding {
    /// Hexadecimal, either case.
    Hex,
    /// Standard base64.
    Base64,
}

/// How far the sender's clock may be from ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampCheck {
    /// The header with Unix seconds; a compound header has it inside.
    pub header: Option<String>,
    /// How old a message may be.
    pub past: Span,
    /// How far in the future it may be.
    pub future: Span,
}

/// `family = "token"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenVerify {
    #[serde(rename = "family")]
    _family: String,
    /// The header that carries it, lower case.
    pub header: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UrlTokenVerify {
    #[serde(rename = "family")]
    _family: String,
}

/// Where in a message things stand. A place is a JSON Pointer (`/data/id`) or `header:NAME`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventShape {
    /// The type: one place, or several joined with `.` (a missing one is left out).
    #[serde(rename = "type", deserialize_with = "one_or_many")]
    pub kind: Vec<String>,
    /// The id of the delivery. It counts for dedup only where it is inside the signed bytes.
    pub delivery_id: Option<String>,
    /// When it happened.
    pub occurred_at: Option<OccurredAt>,
}

/// Where the time of an event stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OccurredAt {
    /// The place.
    pub at: String,
    /// How it is written.
    pub format: TimeFormat,
}

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMs,
    /// RFC 3339.
    Rfc3339,
}

/// What a type of message means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The type, or a pattern with `*`.
    #[serde(rename = "type", deserialize_with = "one_or_many")]
    pub types: Vec<String>,
    /// What it is about.
    pub kind: Kind,
    /// How bad; by default info for jobs and changes, major for the rest.
    pub severity: Option<Severity>,
    /// What it does to its matter: `opened` (the default), `updated` or `resolved`.
    pub change: Option<Change>,
    /// The place of what the matter is named after; without it all messages of this type and account are one matter.
    pub key: Option<String>,
    /// The name of the matter beside its key; the type by default. Types that open and close one matter share it.
    pub matter: Option<String>,
    /// One line, a minijinja template over the JSON body; by default the type.
    pub title: Option<String>,
    /// More, a template.
    pub summary: Option<String>,
    /// Where to read about it, a template.
    pub url: Option<String>,
    /// For `kind = "deprecation"`: where the ending stands.
    pub ending: Option<EndingRule>,
}

/// Where a message says what ends when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndingRule {
    /// The place of the thing's id.
    pub subject: String,
    /// What sort of thing.
    pub subject_type: SubjectType,
    /// The place of the date, `YYYY-MM-DD`.
    pub shutdown_on: String,
    /// The place of the replacement.
    pub replacement: Option<String>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(d)? {
        OneOrMany::One(s) => vec![s],
        OneOrMany::Many(v) => v,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    #[serde(rename = "kind")]
    _kind: String,
    evidence: Evidence,
    #[serde(default = "verified")]
    trust: Trust,
    #[serde(default = "ok")]
    success: Spanned<u16>,
    #[serde(default = "one_mebibyte")]
    max_body: Spanned<usize>,
    #[serde(default = "post")]
    methods: Vec<String>,
    event: EventShape,
    #[serde(default)]
    rules: Vec<Rule>,
}
fn verified() -> Trust {
    Trust::Verified
}
fn ok() -> Spanned<u16> {
    Spanned::new(0..0, 200)
}
fn one_mebibyte() -> Spanned<usize> {
    Spanned::new(0..0, 1 << 20)
}
fn post() -> Vec<String> {
    vec!["POST".into()]
}

pub(super) fn parse(value: Spanned<DeValue<'_>>) -> Result<WebhookSource, FileError> {
    let span = value.span();
    let DeValue::Table(mut table) = value.into_inner() else {
        return Err(FileError::new("a webhook source must be a table", Some(span)));
    };
    let verify = table.remove("verify").ok_or_else(|| {
        FileError::new("[verify] is missing: a webhook must say how its sender proves itself", Some(span.clone()))
    })?;
    let rest: Rest = typed(Spanned::new(span, DeValue::Table(table)))?;
    let verify_span = verify.span();
    let span_of_verify = verify_span.clone();
    let verify = parse_verify(verify)?;
    if matches!(verify, Verify::UrlToken) != (rest.trust == Trust::Hint) {
        return Err(FileError::new(
            "family \"url_token\" and trust = \"hint\" go together: a secret path proves nothing about the body, and a signed sender is no mere hint",
            Some(verify_span),
        ));
    }
    if rest.trust == Trust::Fetched {
        return Err(FileError::new(
            "trust must be \"verified\" or \"hint\": what calls us was not fetched",
            Some(span_of_verify),
        ));
    }
    if !(200..300).contains(rest.success.get_ref()) {
        return Err(FileError::new("success must be a status from 200 to 299", Some(rest.success.span())));
    }
    if !(1..=25 << 20).contains(rest.max_body.get_ref()) {
        return Err(FileError::new("max_body must be from 1 to 26214400 bytes", Some(rest.max_body.span())));
    }
    Ok(WebhookSource {
        evidence: rest.evidence,
        trust: rest.trust,
        success: rest.success.into_inner(),
        max_body: rest.max_body.into_inner(),
        methods: rest.methods,
        verify,
        event: rest.event,
        rules: rest.rules,
    })
}

const FAMILIES: &str = "hmac, token, url_token";

fn parse_verify(value: Spanned<DeValue<'_>>) -> Result<Verify, FileError> {
    let family = word_of(&value, "family", FAMILIES)?;
    let span = value.span();
    match family.get_ref().as_str() {
        "hmac" => {
            let hmac: HmacVerify = typed(value)?;
            check_hmac(&hmac).map_err(|m| FileError::new(m, Some(span)))?;
            Ok(Verify::Hmac(Box::new(hmac)))
        }
        "token" => Ok(Verify::Token(typed(value)?)),
        "url_token" => typed::<UrlTokenVerify>(value).map(|_| Verify::UrlToken),
        other => Err(FileError::new(format!("unknown family {other:?}: allowed are {FAMILIES}"), Some(family.span()))),
    }
}

fn check_hmac(h: &HmacVerify) -> Result<(), String> {
    let atoms = crate::provider::verify::template(&h.message)?;
    if h.signature.is_some() == h.compound.is_some() {
        return Err("say where the signature stands: either signature = {…} or compound = {…}".into());
    }
    let signed_time = atoms.iter().any(|a| match a {
        crate::provider::verify::Atom::Timestamp => h.compound.is_some(),
        crate::provider::verify::Atom::Header(n) => {
            h.timestamp.as_ref().is_some_and(|t| t.header.as_deref() == Some(n))
        }
        crate::provider::verify::Atom::Literal(_) | crate::provider::verify::Atom::Body => false,
    });
    if !atoms.iter().any(|a| matches!(a, crate::provider::verify::Atom::Body)) {
        return Err("message must hold {body}: a signature that leaves it out proves nothing".into());
    }
    if h.timestamp.is_some() && !signed_time {
        return Err("a timestamp window needs the timestamp inside message: an unsigned time can be forged".into());
    }
    if atoms.iter().any(|a| matches!(a, crate::provider::verify::Atom::Timestamp)) && h.compound.is_none() {
        return Err("{timestamp} comes from a compound header: write {header:NAME} here".into());
    }
    if h.timestamp.as_ref().is_some_and(|t| t.past.0 == 0 || t.past.0 > 86_400 || t.future.0 > 86_400) {
        return Err("a timestamp window is from 1s to 1d".into());
    }
    Ok(())
}
