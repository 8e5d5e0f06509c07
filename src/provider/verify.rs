//! Verification: has the sender of these bytes proven that it is who it says?
//!
//! In: a provider file's `verify` table, live secrets, `Payload<Unverified>`. Out: `Payload<Verified>` or a [`Refusal`].
//! Invariant: raw bytes only, constant-time comparison, fails closed; what is not signed is not believed. Refuses to
//! parse a body. Recipes: Standard Webhooks <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! Stripe <https://docs.stripe.com/webhooks#verify-manually>, GitHub <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use super::file::{Compound, HmacVerify, KeyDecode, SigEncoding, Signature, TimestampCheck, Verify};
use crate::crypto::{self, HmacKey};
use crate::model::event::words;
use crate::model::{Payload, Unverified, Verified};
use jiff::Timestamp;

/// Most signatures looked at in one request; senders that rotate send two or three.
pub const MOST_CANDIDATES: usize = 10;
/// Shortest secret accepted, in bytes of its text.
pub const SHORTEST_SECRET: usize = 16;
/// Shortest secret accepted in a URL: 128 bits in base64 or hex.
pub const SHORTEST_URL_TOKEN: usize = 22;

words!(
    /// Why a request was refused. Outside it is always 401 (400 for `doubled`); inside it is counted by this word.
    Refusal {
        /// A header that must be there is not.
        Missing = "missing",
        /// A header that must come once came twice.
        Doubled = "doubled",
        /// A signature or timestamp that cannot be read.
        Unreadable = "unreadable",
        /// The timestamp is too old.
        TooOld = "too_old",
        /// The timestamp is too far in the future.
        TooNew = "too_new",
        /// No live secret matches.
        Mismatch = "mismatch",
        /// More signatures than anybody needs.
        TooMany = "too_many",
    }
);

/// A piece of the signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// Text as it stands.
    Literal(String),
    /// The raw body.
    Body,
    /// The value of a header.
    Header(String),
    /// The timestamp of a compound header.
    Timestamp,
}

/// Reads a message template: `{header:webhook-id}.{header:webhook-timestamp}.{body}`.
///
/// # Errors
/// Names the atom that is unknown and those that are allowed.
pub fn template(text: &str) -> Result<Vec<Atom>, String> {
    let mut atoms = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            atoms.push(Atom::Literal(rest[..open].to_owned()));
        }
        let Some(len) = rest[open..].find('}') else {
            return Err(format!("message {text:?} has an opening brace that nothing closes"));
        };
        let name = &rest[open + 1..open + len];
        atoms.push(match name.split_once(':') {
            None if name == "body" => Atom::Body,
            None if name == "timestamp" => Atom::Timestamp,
            Some(("header", h)) if !h.is_empty() && h == h.to_ascii_lowercase() => Atom::Header(h.to_owned()),
            _ => {
                return Err(format!(
                    "unknown atom {{{name}}}: allowed are {{body}}, {{timestamp}} and {{header:NAME}} (lower case)"
                ));
            }
        });
        rest = &rest[open + len + 1..];
    }
    if !rest.is_empty() {
        atoms.push(Atom::Literal(rest.to_owned()));
    }
    Ok(atoms)
}

/// A secret of a connection, until when it is good.
#[derive(Debug, Clone)]
pub struct LiveSecret {
    /// Which one, for counting: `1` is the first of the config.
    pub number: usize,
    /// From this moment on it opens nothing.
    pub until: Option<Timestamp>,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Hmac(HmacKey),
    Token(Vec<u8>),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(REDACTED)")
    }
}

/// A provider's way of proving, ready for one connection: everything that can be done once is done.
#[derive(Debug, Clone)]
pub struct Verifier {
    recipe: Recipe,
    secrets: Vec<LiveSecret>,
}

#[derive(Debug, Clone)]
enum Recipe {
    Hmac { atoms: Vec<Atom>, place: Place, timestamp: Option<TimestampCheck> },
    Token { header: String },
    UrlToken,
}

#[derive(Debug, Clone)]
enum Place {
    Own(Signature),
    Compound(Compound),
}

/// A payload that proved itself, and the parts of it that the proof covers.
#[derive(Debug)]
pub struct Proven {
    /// The payload, now believed as far as the connection's trust goes.
    pub payload: Payload<Verified>,
    /// Whether the body is inside what was proven.
    pub signs_body: bool,
    /// Which secret opened it.
    pub secret: usize,
}

/// Turns the text of a secret into a key as the provider file says.
///
/// # Errors
/// Says what is wrong with the secret, never what it is.
pub fn live_secret(verify: &Verify, text: &str, number: usize, until: Option<Timestamp>) -> Result<LiveSecret, String> {
    let shortest = if matches!(verify, Verify::UrlToken) { SHORTEST_URL_TOKEN } else { SHORTEST_SECRET };
    if text.len() < shortest {
        return Err(format!(
            "is shorter than {shortest} characters: make a longer one, for example with `openssl rand -hex 32`"
        ));
    }
    if text.chars().any(|c| c.is_control() || c == ' ') {
        return Err("holds a space or a control character: it was probably pasted with something around it".into());
    }
    let key = match verify {
        Verify::Hmac(h) => Key::Hmac(HmacKey::new(&decode_key(h.key, text)?)),
        Verify::Token(_) | Verify::UrlToken => Key::Token(text.as_bytes().to_vec()),
    };
    Ok(LiveSecret { number, until, key })
}

pub(super) fn decode_key(how: KeyDecode, text: &str) -> Result<Vec<u8>, String> {
    let base64 = |t: &str| {
        crypto::base64_decode(t)
            .filter(|b| !b.is_empty())
            .ok_or_else(|| "is not base64 as this provider's secrets are: copy it again, whole".to_owned())
    };
    match (how, text.strip_prefix("whsec_")) {
        (KeyDecode::Utf8, _) | (KeyDecode::WhsecOrUtf8, None) => Ok(text.as_bytes().to_vec()),
        (KeyDecode::Hex, _) => {
            hex::decode(text).map_err(|_| "is not hexadecimal as this provider's secrets are".to_owned())
        }
        (KeyDecode::Base64, _) => base64(text),
        (KeyDecode::Whsec | KeyDecode::WhsecOrUtf8, Some(rest)) => base64(rest),
        (KeyDecode::Whsec, None) => base64(text),
    }
}

impl Verifier {
    /// Prepares a provider file's recipe for the secrets of one connection.
    ///
    /// # Errors
    /// The template's error; provider files are checked when loaded, so this is for tests and overlays.
    pub fn new(verify: &Verify, secrets: Vec<LiveSecret>) -> Result<Self, String> {
        let recipe = match verify {
            Verify::Hmac(h) => hmac_recipe(h)?,
            Verify::Token(t) => Recipe::Token { header: t.header.clone() },
            Verify::UrlToken => Recipe::UrlToken,
        };
        Ok(Self { recipe, secrets })
    }

    /// Whether the proof stands in the URL, not in the request.
    pub fn wants_url_token(&self) -> bool {
        matches!(self.recipe, Recipe::UrlToken)
    }

    /// Headers that must be kept beside the body to prove it again later.
    pub fn headers_of_proof(&self) -> Vec<&str> {
        match &self.recipe {
            Recipe::Hmac { atoms, place, timestamp } => {
                let mut out: Vec<&str> = atoms
                    .iter()
                    .filter_map(|a| if let Atom::Header(h) = a { Some(h.as_str()) } else { None })
                    .collect();
                out.push(match place {
                    Place::Own(s) => &s.header,
                    Place::Compound(c) => &c.header,
                });
                out.extend(timestamp.as_ref().and_then(|t| t.header.as_deref()));
                out.sort_unstable();
                out.dedup();
                out
            }
            // The token itself is a secret: it is not stored.
            Recipe::Token { .. } | Recipe::UrlToken => Vec::new(),
        }
    }

    /// Checks a request. `url_token` is the last path segment, for senders that prove themselves by it.
    ///
    /// # Errors
    /// The reason, for counting; the sender is told none.
    pub fn verify(
        &self,
        payload: Payload<Unverified>,
        url_token: Option<&str>,
        now: Timestamp,
    ) -> Result<Proven, Refusal> {
        match &self.recipe {
            Recipe::Hmac { atoms, place, timestamp } => {
                let (signed_time, candidates) = place.find(&payload)?;
                let parts = signed_parts(atoms, &payload, signed_time)?;
                let secret = self.match_hmac(&parts, place.encoding(), &candidates, now)?;
                // The signature first, then the clock: a stranger learns nothing about our clock.
                if let Some(check) = timestamp {
                    let time = match &check.header {
                        Some(h) => once(&payload, h)?,
                        None => signed_time.ok_or(Refusal::Missing)?,
                    };
                    within(time, check, now)?;
                }
                let signs_body = atoms.contains(&Atom::Body);
                Ok(Proven { payload: payload.mark_verified(), signs_body, secret })
            }
            Recipe::Token { header } => {
                let given = once(&payload, header)?.as_bytes().to_vec();
                self.by_token(payload, &given, now)
            }
            Recipe::UrlToken => self.by_token(payload, url_token.ok_or(Refusal::Missing)?.as_bytes(), now),
        }
    }

    fn by_token(&self, payload: Payload<Unverified>, given: &[u8], now: Timestamp) -> Result<Proven, Refusal> {
        let mut hit = None;
        for s in self.live(now) {
            // No early end: the time does not tell which secret matched.
            if matches!(&s.key, Key::Token(t) if crypto::equal(t, given)) {
                hit = Some(s.number);
            }
        }
        let secret = hit.ok_or(Refusal::Mismatch)?;
        Ok(Proven { payload: payload.mark_verified(), signs_body: false, secret })
    }

    /// A hash of the signed bytes, for senders whose deliveries have no id inside them. Costs a pass over the body, so it
    /// is made only where it is needed.
    pub fn signed_hash(&self, payload: &Payload<Verified>) -> [u8; 16] {
        let Recipe::Hmac { atoms, place, .. } = &self.recipe else { return crypto::short_hash(&[payload.body()]) };
        let time = place.find(payload).ok().and_then(|(time, _)| time);
        // Verified before, so nothing is missing; if it were, the body alone still tells deliveries apart.
        match signed_parts(atoms, payload, time) {
            Ok(parts) => crypto::short_hash(&parts),
            Err(_) => crypto::short_hash(&[payload.body()]),
        }
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &LiveSecret> {
        self.secrets.iter().filter(move |s| s.until.is_none_or(|u| now < u))
    }

    fn match_hmac(
        &self,
        parts: &[&[u8]],
        encoding: SigEncoding,
        candidates: &[&str],
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        let mut decoded = Vec::with_capacity(candidates.len());
        for c in candidates {
            let bytes = match encoding {
                SigEncoding::Hex => hex::decode(c).ok(),
                SigEncoding::Base64 => crypto::base64_decode(c),
            };
            decoded.extend(bytes.filter(|b| b.len() == 32));
        }
        if decoded.is_empty() {
            return Err(Refusal::Unreadable);
        }
        let mut hit = None;
        for s in self.live(now) {
            if let Key::Hmac(key) = &s.key {
                let tag = key.tag(parts);
                for d in &decoded {
                    if crypto::equal(&tag, d) {
                        hit = Some(s.number);
                    }
                }
            }
        }
        hit.ok_or(Refusal::Mismatch)
    }
}

fn hmac_recipe(h: &HmacVerify) -> Result<Recipe, String> {
    let place = match (&h.signature, &h.compound) {
        (Some(s), None) => Place::Own(s.clone()),
        (None, Some(c)) => Place::Compound(c.clone()),
        _ => return Err("say where the signature stands: either signature or compound".into()),
    };
    Ok(Recipe::Hmac { atoms: template(&h.message)?, place, timestamp: h.timestamp.clone() })
}

impl Place {
    fn encoding(&self) -> SigEncoding {
        match self {
            Place::Own(s) => s.encoding,
            Place::Compound(c) => c.encoding,
        }
    }

    /// The timestamp of a compound header, and the texts that may be signatures.
    fn find<'p, S>(&self, payload: &'p Payload<S>) -> Result<(Option<&'p str>, Vec<&'p str>), Refusal> {
        let (mut time, mut found) = (None, Vec::new());
        match self {
            Place::Own(s) => {
                let value = once(payload, &s.header)?;
                let each: Box<dyn Iterator<Item = &str>> = match &s.split {
                    Some(by) => Box::new(value.split(by.as_str())),
                    None => Box::new(std::iter::once(value)),
                };
                found.extend(
                    each.filter_map(|c| c.trim().strip_prefix(s.prefix.as_str()))
                        .filter(|c| !c.is_empty())
                        .take(MOST_CANDIDATES + 1),
                );
            }
            Place::Compound(c) => {
                for pair in once(payload, &c.header)?.split(c.pair.as_str()).take(4 * MOST_CANDIDATES) {
                    let Some((k, v)) = pair.trim().split_once('=') else { continue };
                    if k == c.timestamp {
                        if time.replace(v).is_some() {
                            return Err(Refusal::Doubled);
                        }
                    } else if k == c.signature && !v.is_empty() {
                        found.push(v);
                    }
                }
            }
        }
        match found.len() {
            0 => Err(Refusal::Unreadable),
            n if n > MOST_CANDIDATES => Err(Refusal::TooMany),
            _ => Ok((time, found)),
        }
    }
}

fn signed_parts<'p, S>(
    atoms: &'p [Atom],
    payload: &'p Payload<S>,
    time: Option<&'p str>,
) -> Result<Vec<&'p [u8]>, Refusal> {
    atoms
        .iter()
        .map(|a| match a {
            Atom::Literal(s) => Ok(s.as_bytes()),
            Atom::Body => Ok(payload.body().as_ref()),
            Atom::Header(h) => once(payload, h).map(str::as_bytes),
            Atom::Timestamp => time.map(str::as_bytes).ok_or(Refusal::Missing),
        })
        .collect()
}

/// The value of a header that must come exactly once and not be empty.
fn once<'p, S>(payload: &'p Payload<S>, name: &str) -> Result<&'p str, Refusal> {
    match payload.header_count(name) {
        0 => Err(Refusal::Missing),
        1 => payload.header(name).filter(|v| !v.is_empty()).ok_or(Refusal::Missing),
        _ => Err(Refusal::Doubled),
    }
}

/// Unix seconds in plain digits, inside the window. Fractions, signs and milliseconds are refused.
fn within(text: &str, check: &TimestampCheck, now: Timestamp) -> Result<(), Refusal> {
    if text.is_empty() || text.len() > 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Unreadable);
    }
    let then: i64 = text.parse().map_err(|_| Refusal::Unreadable)?;
    let age = now.as_second() - then;
    if age > check.past.seconds() {
        Err(Refusal::TooOld)
    } else if -age > check.future.seconds() {
        Err(Refusal::TooNew)
    } else {
        Ok(())
    }
}
