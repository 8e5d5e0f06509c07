//! The `verify` table of a webhook source: how its sender proves itself, one way or several.
//!
//! In: one table, or a list of tables. Out: [`Verify`]s. Invariant: key decoding is said, never guessed; the body is
//! inside what is signed; a window, a hash or a pin stands only on what is signed. Refuses unknown families and atoms,
//! windows nobody can meet, and lists in which a public key could pass for a secret.

use super::{FileError, Span, typed, word_of};
use crate::crypto::Algorithm;
use crate::provider::pick::Place;
use crate::provider::verify::{Atom, template};
use crate::shape;
use serde::Deserialize;
use toml::{Spanned, de::DeValue};

/// One way a sender proves itself.
#[derive(Debug, Clone)]
pub enum Verify {
    /// A signature over the raw bytes.
    Signed(Box<SignedVerify>),
    /// A shared text in a header or in the query.
    Token(TokenVerify),
    /// A user and a password, as HTTP has them.
    Basic(BasicVerify),
    /// A shared text in the path.
    UrlToken,
}

impl Verify {
    /// How secrets for this way begin; empty: anyhow.
    pub fn secret_prefix(&self) -> &str {
        match self {
            Verify::Signed(s) => &s.secret_prefix,
            Verify::Token(t) => &t.secret_prefix,
            Verify::Basic(_) | Verify::UrlToken => "",
        }
    }
    /// Whether the address itself is signed, so that our public one must be known.
    pub fn signs_url(&self) -> bool {
        match self {
            Verify::Signed(s) => s.message.contains("{url}"),
            Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken => false,
        }
    }
    /// Whether the connection must say who we are at the sender: its key signs for all its customers.
    pub fn needs_pin(&self) -> bool {
        match self {
            Verify::Signed(s) => s.pin().is_some(),
            Verify::Token(_) | Verify::Basic(_) | Verify::UrlToken => false,
        }
    }
}

/// `family = "hmac"` or `"ed25519"`.
#[derive(Debug, Clone)]
pub struct SignedVerify {
    /// What signs.
    pub scheme: Scheme,
    /// How secrets for this way begin.
    pub secret_prefix: String,
    /// The signed bytes: literal text with atoms.
    pub message: String,
    /// Where the signature stands, for senders with a header of its own.
    pub signature: Option<Signature>,
    /// Where timestamp and signature stand, for senders that put both in one header.
    pub compound: Option<Compound>,
    /// The window around now.
    pub timestamp: Option<TimestampCheck>,
    /// A hash of the body that is signed in its place.
    pub body_hash: Option<BodyHash>,
}

impl SignedVerify {
    /// Where our own name at the sender stands, for a key that signs for all its customers.
    pub fn pin(&self) -> Option<&str> {
        match &self.scheme {
            Scheme::Hmac { .. } => None,
            Scheme::Ed25519 { pin, .. } => pin.as_deref(),
        }
    }
    /// How a signature's bytes are written.
    pub fn encoding(&self) -> SigEncoding {
        let own = self.signature.as_ref().map(|s| s.encoding);
        own.or(self.compound.as_ref().map(|c| c.encoding)).unwrap_or(SigEncoding::Hex)
    }
}

/// What signs.
#[derive(Debug, Clone)]
pub enum Scheme {
    /// A keyed hash.
    Hmac {
        /// Over which hash.
        algorithm: Algorithm,
        /// How the secret's text becomes key bytes.
        key: KeyDecode,
    },
    /// A key pair, of which we hold the public half.
    Ed25519 {
        /// How the public key is written.
        key: PublicKeyForm,
        /// For a key that signs for all customers: the place of our own name.
        pin: Option<String>,
    },
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

/// How a public key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicKeyForm {
    /// 64 hexadecimal digits.
    Hex,
    /// Base64 of 32 bytes.
    Base64,
    /// `whpk_` and base64 of 32 bytes.
    Whpk,
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
    /// What stands between a key and its value.
    #[serde(default = "equals")]
    pub kv: String,
    /// The key of the timestamp.
    pub timestamp: String,
    /// The key of each signature.
    pub signature: String,
    /// How a signature's bytes are written.
    pub encoding: SigEncoding,
}
fn equals() -> String {
    "=".into()
}

/// How the bytes of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigEncoding {
    /// Hexadecimal, either case.
    #[default]
    Hex,
    /// Standard base64.
    Base64,
}

/// How far the sender's clock may be from ours.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimestampCheck {
    /// The header it stands in; a compound header has it inside.
    pub header: Option<String>,
    /// The JSON Pointer it stands at.
    pub body: Option<String>,
    /// How it is written.
    #[serde(default)]
    pub unit: TimeUnit,
    /// How old a message may be.
    pub past: Span,
    /// How far in the future it may be.
    pub future: Span,
}

/// How a sender writes the time of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum TimeUnit {
    /// Seconds since 1970.
    #[default]
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds since 1970.
    #[serde(rename = "ms")]
    Milliseconds,
    /// RFC 3339.
    #[serde(rename = "rfc3339")]
    Rfc3339,
}

/// Where a hash of the body stands that is signed in its place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyHash {
    /// The parameter of the query it stands in.
    pub query: Option<String>,
    /// Or the header.
    pub header: Option<String>,
    /// Of which hash function.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How it is written.
    #[serde(default)]
    pub encoding: SigEncoding,
}

/// `family = "token"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenVerify {
    #[serde(rename = "family")]
    _family: String,
    /// The header that carries it, lower case.
    pub header: Option<String>,
    /// Or the parameter of the query.
    pub query: Option<String>,
    /// What stands before it: `Bearer `.
    #[serde(default)]
    pub prefix: String,
    /// How secrets for this way begin.
    #[serde(default)]
    pub secret_prefix: String,
}

/// `family = "basic"`: RFC 7617.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicVerify {
    #[serde(rename = "family")]
    _family: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UrlTokenVerify {
    #[serde(rename = "family")]
    _family: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HmacTable {
    #[serde(rename = "family")]
    _family: String,
    #[serde(default)]
    algorithm: Algorithm,
    key: KeyDecode,
    #[serde(default)]
    secret_prefix: String,
    message: String,
    signature: Option<Signature>,
    compound: Option<Compound>,
    timestamp: Option<TimestampCheck>,
    body_hash: Option<BodyHash>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ed25519Table {
    #[serde(rename = "family")]
    _family: String,
    key: PublicKeyForm,
    #[serde(default)]
    secret_prefix: String,
    #[serde(default)]
    shared_key: bool,
    pin: Option<String>,
    message: String,
    signature: Option<Signature>,
    compound: Option<Compound>,
    timestamp: Option<TimestampCheck>,
    body_hash: Option<BodyHash>,
}

pub(super) const FAMILIES: &str = "hmac, ed25519, token, basic, url_token";
/// Most ways one sender may have.
const MOST_WAYS: usize = 8;

/// Each family with its shape, in the order of [`FAMILIES`].
pub(super) fn shapes() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("hmac", shape::of::<HmacTable>()),
        ("ed25519", shape::of::<Ed25519Table>()),
        ("token", shape::of::<TokenVerify>()),
        ("basic", shape::of::<BasicVerify>()),
        ("url_token", shape::of::<UrlTokenVerify>()),
    ]
}

pub(super) fn parse(value: Spanned<DeValue<'_>>) -> Result<Vec<Verify>, FileError> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Array(list) => {
            let ways = list.iter().cloned().map(one).collect::<Result<Vec<_>, _>>()?;
            list_is_good(&ways).map_err(|m| FileError::new(m, Some(span)))?;
            Ok(ways)
        }
        other => Ok(vec![one(Spanned::new(span, other))?]),
    }
}

fn one(value: Spanned<DeValue<'_>>) -> Result<Verify, FileError> {
    let family = word_of(&value, "family", FAMILIES)?;
    let span = value.span();
    let at = |m: String| FileError::new(m, Some(span.clone()));
    match family.get_ref().as_str() {
        "hmac" => {
            let t: HmacTable = typed(value)?;
            let scheme = Scheme::Hmac { algorithm: t.algorithm, key: t.key };
            let (signature, compound, timestamp) = (t.signature, t.compound, t.timestamp);
            let (secret_prefix, message, body_hash) = (t.secret_prefix, t.message, t.body_hash);
            signed(SignedVerify { scheme, secret_prefix, message, signature, compound, timestamp, body_hash })
                .map_err(at)
        }
        "ed25519" => {
            let t: Ed25519Table = typed(value)?;
            if t.shared_key != t.pin.is_some() {
                return Err(at("shared_key = true and pin go together: a key that signs for all customers of a sender proves only that the sender spoke, so pin must name the place of our own id there".into()));
            }
            let scheme = Scheme::Ed25519 { key: t.key, pin: t.pin };
            let (signature, compound, timestamp) = (t.signature, t.compound, t.timestamp);
            let (secret_prefix, message, body_hash) = (t.secret_prefix, t.message, t.body_hash);
            signed(SignedVerify { scheme, secret_prefix, message, signature, compound, timestamp, body_hash })
                .map_err(at)
        }
        "token" => {
            let t: TokenVerify = typed(value)?;
            match (&t.header, &t.query) {
                (Some(h), None) => header_name(h).map_err(at)?,
                (None, Some(q)) if !q.is_empty() => {}
                _ => return Err(at("say where the token stands: either header = NAME or query = NAME".into())),
            }
            Ok(Verify::Token(t))
        }
        "basic" => Ok(Verify::Basic(typed(value)?)),
        "url_token" => typed::<UrlTokenVerify>(value).map(|_| Verify::UrlToken),
        other => Err(FileError::new(format!("unknown family {other:?}: allowed are {FAMILIES}"), Some(family.span()))),
    }
}

fn signed(s: SignedVerify) -> Result<Verify, String> {
    let atoms = template(&s.message)?;
    match (&s.signature, &s.compound) {
        (Some(x), None) => header_name(&x.header)?,
        (None, Some(c)) => {
            header_name(&c.header)?;
            if c.pair.is_empty() || c.kv.is_empty() || c.timestamp == c.signature {
                return Err("compound needs pair, kv and two different keys, or nothing can be told apart".into());
            }
        }
        _ => return Err("say where the signature stands: either signature = {…} or compound = {…}".into()),
    }
    if atoms.contains(&Atom::Timestamp) && s.compound.is_none() {
        return Err("{timestamp} comes from a compound header: write {header:NAME} here".into());
    }
    if let Some(h) = &s.body_hash {
        let covered = match (&h.query, &h.header) {
            (Some(q), None) => atoms.contains(&Atom::Url) || atoms.contains(&Atom::Query(q.clone())),
            (None, Some(n)) => atoms.contains(&Atom::Header(n.clone())),
            _ => return Err("body_hash stands in one place: either query = NAME or header = NAME".into()),
        };
        if !covered {
            return Err(
                "body_hash must stand inside message ({url} covers the query): an unsigned hash proves nothing".into(),
            );
        }
    }
    if !covers_body(&s, &atoms) {
        return Err("message must hold {body}, a hash of it, or {form_sorted} (or body_hash be given): a signature that leaves the body out proves nothing".into());
    }
    if let Some(t) = &s.timestamp {
        window(t, &s, &atoms)?;
    }
    if let Some(pin) = s.pin() {
        let signed = match Place::parse(pin)? {
            Place::Header(h) => atoms.contains(&Atom::Header(h)),
            Place::Pointer(_) => true,
        };
        if !signed {
            return Err("pin must stand inside message: an unsigned id proves nothing".into());
        }
    }
    Ok(Verify::Signed(Box::new(s)))
}

fn covers_body(s: &SignedVerify, atoms: &[Atom]) -> bool {
    s.body_hash.is_some() || atoms.iter().any(|a| matches!(a, Atom::Body | Atom::BodyHash(..) | Atom::FormSorted))
}

fn window(t: &TimestampCheck, s: &SignedVerify, atoms: &[Atom]) -> Result<(), String> {
    let signed = match (&t.header, &t.body) {
        (Some(h), None) => atoms.contains(&Atom::Header(h.clone())),
        (None, Some(pointer)) => {
            Place::parse(pointer)?;
            pointer.starts_with('/')
        }
        (None, None) => s.compound.is_some() && atoms.contains(&Atom::Timestamp),
        (Some(_), Some(_)) => {
            return Err("timestamp stands in one place: either header = NAME or body = POINTER".into());
        }
    };
    if !signed {
        return Err("a timestamp window needs the timestamp inside message: an unsigned time can be forged".into());
    }
    if [t.past, t.future].iter().any(|w| w.0 == 0 || w.0 > 86_400) {
        return Err("a timestamp window is from 1s to 1d, on both sides: no two clocks agree".into());
    }
    Ok(())
}

fn list_is_good(ways: &[Verify]) -> Result<(), String> {
    if ways.is_empty() || ways.len() > MOST_WAYS {
        return Err(format!("verify is one table, or a list of 1 to {MOST_WAYS}"));
    }
    if ways.len() > 1 && ways.iter().any(|w| matches!(w, Verify::UrlToken)) {
        return Err("url_token stands alone: what is only a hint cannot be one way beside a proof".into());
    }
    let public = |w: &Verify| matches!(w, Verify::Signed(s) if matches!(s.scheme, Scheme::Ed25519 { .. }));
    if ways.iter().any(|w| !public(w)) && ways.iter().any(|w| public(w) && w.secret_prefix().is_empty()) {
        return Err(
            "ed25519 beside another family needs secret_prefix: a public key must never pass for a secret".into()
        );
    }
    Ok(())
}

/// Headers are compared in lower case, so a name is written so.
pub(super) fn header_name(name: &str) -> Result<(), String> {
    let ok = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !name.is_empty() && name.bytes().all(ok) {
        Ok(())
    } else {
        Err(format!("{name:?} names no header: write it in lower case, with a-z, 0-9, '-' and '_'"))
    }
}

#[cfg(test)]
mod tests {
    use crate::provider::file;

    fn said(verify: &str) -> Option<String> {
        let head = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n";
        file::parse(&format!("{head}{verify}\n[sources.webhook.event]\ntype = \"/type\"\n")).err().map(|e| e.message)
    }

    const SIGNATURE: &str = "signature = { header = \"x-s\", encoding = \"hex\" }";

    fn hmac(rest: &str) -> Option<String> {
        said(&format!("[sources.webhook.verify]\nfamily = \"hmac\"\nkey = \"utf8\"\n{rest}"))
    }

    #[test]
    fn what_leaves_the_body_out_is_refused() {
        for message in ["{header:x-id}", "{url}", "{form:Body}", "{query:bodySHA256}", "text"] {
            let e = hmac(&format!("message = \"{message}\"\n{SIGNATURE}")).unwrap();
            assert!(e.contains("must hold {body}"), "{message}: {e}");
        }
        for message in ["{body}", "{url}{form_sorted}", "{sha1base64:body}"] {
            assert_eq!(hmac(&format!("message = \"{message}\"\n{SIGNATURE}")), None, "{message}");
        }
    }

    #[test]
    fn a_body_hash_counts_only_where_it_is_signed() {
        for (message, hash, good) in [
            ("{url}", "{ query = \"h\" }", true),
            ("{query:h}", "{ query = \"h\" }", true),
            ("{header:x-h}", "{ header = \"x-h\", encoding = \"base64\" }", true),
            ("{query:g}", "{ query = \"h\" }", false),
            ("{url}", "{ header = \"x-h\" }", false),
        ] {
            let e = hmac(&format!("message = \"{message}\"\nbody_hash = {hash}\n{SIGNATURE}"));
            assert_eq!(e.is_none(), good, "{message} {hash}: {e:?}");
            assert!(e.is_none_or(|e| e.contains("body_hash must stand inside message")));
        }
        let both =
            hmac(&format!("message = \"{{url}}\"\nbody_hash = {{ query = \"h\", header = \"x\" }}\n{SIGNATURE}"));
        assert!(both.unwrap().contains("one place"));
    }

    #[test]
    fn a_window_needs_a_signed_time_and_two_sides_somebody_can_meet() {
        let with = |message: &str, timestamp: &str| {
            hmac(&format!("message = \"{message}\"\ntimestamp = {timestamp}\n{SIGNATURE}"))
        };
        assert_eq!(with("{header:x-t}.{body}", "{ header = \"x-t\", past = \"1s\", future = \"1d\" }"), None);
        assert_eq!(with("{body}", "{ body = \"/t\", unit = \"ms\", past = \"60s\", future = \"60s\" }"), None);
        for (message, timestamp, why) in [
            ("{body}", "{ header = \"x-t\", past = \"300s\", future = \"300s\" }", "unsigned time"),
            ("{body}", "{ past = \"300s\", future = \"300s\" }", "unsigned time"),
            ("{body}", "{ body = \"t\", past = \"300s\", future = \"300s\" }", "JSON Pointer"),
            ("{header:x-t}{body}", "{ header = \"x-t\", body = \"/t\", past = \"1s\", future = \"1s\" }", "one place"),
            ("{header:x-t}{body}", "{ header = \"x-t\", past = \"0s\", future = \"300s\" }", "from 1s to 1d"),
            ("{header:x-t}{body}", "{ header = \"x-t\", past = \"300s\", future = \"0s\" }", "from 1s to 1d"),
            ("{header:x-t}{body}", "{ header = \"x-t\", past = \"2d\", future = \"1s\" }", "from 1s to 1d"),
            (
                "{header:x-t}{body}",
                "{ header = \"x-t\", unit = \"us\", past = \"1s\", future = \"1s\" }",
                "unknown variant",
            ),
        ] {
            let e = with(message, timestamp).unwrap();
            assert!(e.contains(why), "{message} {timestamp}: {e}");
        }
    }

    #[test]
    fn places_of_signatures_are_one_and_can_be_told_apart() {
        let compound = |more: &str| {
            hmac(&format!(
                "message = \"{{timestamp}}{{body}}\"\ncompound = {{ header = \"x-s\", encoding = \"hex\", {more} }}"
            ))
        };
        assert_eq!(compound("pair = \";\", kv = \":\", timestamp = \"t\", signature = \"s\""), None);
        for (more, why) in [
            ("pair = \"\", timestamp = \"t\", signature = \"s\"", "two different keys"),
            ("pair = \",\", timestamp = \"s\", signature = \"s\"", "two different keys"),
            ("pair = \",\", kv = \"\", timestamp = \"t\", signature = \"s\"", "two different keys"),
        ] {
            assert!(compound(more).unwrap().contains(why), "{more}");
        }
        assert!(hmac("message = \"{body}\"").unwrap().contains("where the signature stands"));
        assert!(
            hmac(&format!("message = \"{{timestamp}}{{body}}\"\n{SIGNATURE}")).unwrap().contains("compound header")
        );
        let upper = hmac("message = \"{body}\"\nsignature = { header = \"X-S\", encoding = \"hex\" }").unwrap();
        assert!(upper.contains("lower case"), "{upper}");
        assert!(hmac(&format!("message = \"{{bdy}}\"\n{SIGNATURE}")).unwrap().contains("unknown atom {bdy}"));
        assert!(hmac(&format!("algorithm = \"md5\"\nmessage = \"{{body}}\"\n{SIGNATURE}")).unwrap().contains("sha1"));
    }

    #[test]
    fn a_key_that_signs_for_everybody_needs_a_signed_pin() {
        let with = |message: &str, more: &str| {
            said(&format!(
                "[sources.webhook.verify]\nfamily = \"ed25519\"\nkey = \"hex\"\nmessage = \"{message}\"\n{SIGNATURE}\n{more}"
            ))
        };
        assert_eq!(with("{body}", ""), None);
        assert_eq!(with("{header:x-me}{body}", "shared_key = true\npin = \"header:x-me\""), None);
        assert_eq!(with("{body}", "shared_key = true\npin = \"/account\""), None);
        for (message, more, why) in [
            ("{body}", "shared_key = true", "go together"),
            ("{body}", "pin = \"/account\"", "go together"),
            ("{body}", "shared_key = true\npin = \"header:x-me\"", "unsigned id"),
            ("{body}", "shared_key = true\npin = \"account\"", "no place"),
        ] {
            let e = with(message, more).unwrap();
            assert!(e.contains(why), "{more}: {e}");
        }
    }

    #[test]
    fn a_token_stands_in_one_place() {
        let with = |rest: &str| said(&format!("[sources.webhook.verify]\nfamily = \"token\"\n{rest}"));
        assert_eq!(with("header = \"x-token\"\nprefix = \"Bearer \""), None);
        assert_eq!(with("query = \"auth_token\""), None);
        for bad in ["", "query = \"\"", "header = \"x\"\nquery = \"y\""] {
            assert!(with(bad).unwrap().contains("where the token stands"), "{bad}");
        }
        assert!(with("header = \"X-Token\"").unwrap().contains("lower case"));
    }

    #[test]
    fn a_list_cannot_let_a_public_key_pass_for_a_secret() {
        let list = |ways: &[&str]| {
            said(&ways.iter().map(|w| format!("[[sources.webhook.verify]]\n{w}\n")).collect::<String>())
        };
        let token = "family = \"token\"\nheader = \"x-token\"";
        let keyed =
            |more: &str| format!("family = \"ed25519\"\nkey = \"whpk\"\nmessage = \"{{body}}\"\n{SIGNATURE}\n{more}");
        assert_eq!(list(&[token, &keyed("secret_prefix = \"whpk_\"")]), None);
        assert_eq!(list(&[&keyed(""), &keyed("")]), None);
        assert!(list(&[token, &keyed("")]).unwrap().contains("needs secret_prefix"));
        assert!(list(&[token, "family = \"url_token\""]).unwrap().contains("stands alone"));
        assert!(list(&[token; 9]).unwrap().contains("1 to 8"));
        assert!(said("verify = []").unwrap().contains("1 to 8"));
    }
}
