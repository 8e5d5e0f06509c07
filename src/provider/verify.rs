//! Verification: has the sender of these bytes proven that it is who it says?
//!
//! In: a provider file's `verify` tables, live secrets, `Payload<Unverified>`. Out: `Payload<Verified>` or a [`Refusal`].
//! Invariant: raw bytes only, constant-time comparison, fails closed; what is not signed is not believed, and a body is
//! not parsed before it is proven. Recipes: Standard Webhooks
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>,
//! Stripe <https://docs.stripe.com/webhooks#verify-manually>, GitHub
//! <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>, Discord
//! <https://discord.com/developers/docs/events/webhook-events#preparing-for-events>.

mod message;
mod place;
mod secrets;

pub use message::{Atom, PATH, template};
pub use secrets::{LiveSecret, SHORTEST_SECRET, SHORTEST_URL_TOKEN, live_secret, ways_for};

pub(super) use message::{parts, written};
pub(super) use secrets::decode_key;

use super::file::{BodyHash, Scheme, SigEncoding, SignedVerify, TimestampCheck, TokenVerify, Verify};
use super::pick;
use crate::crypto::{self, HmacKey, PublicKey};
use crate::model::event::words;
use crate::model::{Payload, Unverified, Verified};
use jiff::Timestamp;
use message::{addresses, once, query, reads_path};
use place::{Place, in_time};
use secrets::Key;
use std::borrow::Cow;

/// Most signatures looked at in one request; senders that rotate send two or three.
pub const MOST_CANDIDATES: usize = 10;
/// The header of HTTP's own ways of proof.
const AUTHORIZATION: &str = "authorization";

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
        /// Signed by the sender, for another of its customers.
        Foreign = "foreign",
    }
);

impl Refusal {
    /// Of several ways that all failed, the one that came furthest tells most.
    fn weight(self) -> u8 {
        match self {
            Refusal::Missing => 0,
            Refusal::Unreadable => 1,
            Refusal::Mismatch => 2,
            Refusal::TooMany => 3,
            Refusal::TooOld | Refusal::TooNew | Refusal::Foreign => 4,
            Refusal::Doubled => 5,
        }
    }
}

/// What a verifier must know of us beside the secrets.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// Where the outside reaches us, for senders that sign the address.
    pub public_url: Option<String>,
    /// Our own ids at a sender whose key signs for all its customers.
    pub pins: Vec<String>,
}

/// A provider's ways of proving, ready for one connection: everything that can be done once is done.
#[derive(Debug, Clone)]
pub struct Verifier {
    ways: Vec<Way>,
    /// Ways that a secret is there for; all, if there is none at all.
    active: Vec<usize>,
    secrets: Vec<LiveSecret>,
    addresses: Vec<String>,
    pins: Vec<String>,
}

#[derive(Debug, Clone)]
enum Way {
    Signed(Box<Signed>),
    Token(TokenVerify),
    Basic,
    UrlToken,
}

#[derive(Debug, Clone)]
struct Signed {
    atoms: Vec<Atom>,
    place: Place,
    /// How long a signature is.
    length: usize,
    timestamp: Option<TimestampCheck>,
    body_hash: Option<BodyHash>,
    pin: Option<pick::Place>,
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
    /// Which way of the provider file it came.
    pub way: usize,
}

impl Verifier {
    /// Prepares a provider file's recipe for the secrets of one connection.
    ///
    /// # Errors
    /// What is missing: our address or our id at the sender, where they are signed. A template's error is found when
    /// the file is loaded.
    pub fn new(verify: &[Verify], secrets: Vec<LiveSecret>, site: Site) -> Result<Self, String> {
        if verify.iter().any(Verify::signs_url) && site.public_url.is_none() {
            return Err("needs public_url: this sender signs the address it posts to".into());
        }
        if verify.iter().any(Verify::needs_pin) && site.pins.is_empty() {
            return Err("needs pin = \"our id at this sender\": its key signs for all its customers".into());
        }
        let ways = verify.iter().map(way).collect::<Result<Vec<_>, _>>()?;
        let has_key = |n: &usize| secrets.iter().any(|s| s.keys.get(*n).is_some_and(Option::is_some));
        let mut active: Vec<usize> = (0..ways.len()).filter(has_key).collect();
        if active.is_empty() {
            active = (0..ways.len()).collect();
        }
        let addresses = site.public_url.as_deref().map(addresses).unwrap_or_default();
        Ok(Self { ways, active, secrets, addresses, pins: site.pins })
    }

    /// Whether the proof stands in the URL, not in the request.
    pub fn wants_url_token(&self) -> bool {
        self.ways.iter().any(|w| matches!(w, Way::UrlToken))
    }

    /// Whether a refusal must ask for user and password, as HTTP wants it.
    pub fn asks_for_password(&self) -> bool {
        self.active.iter().any(|n| matches!(self.ways[*n], Way::Basic))
    }

    /// Headers that must be kept beside the body to prove it again later. Tokens and passwords are not among them.
    pub fn headers_of_proof(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for w in &self.ways {
            if let Way::Signed(s) = w {
                out.extend(s.headers());
            }
        }
        if self.ways.iter().any(|w| matches!(w, Way::Token(t) if t.query.is_some())) {
            out.retain(|h| *h != PATH);
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Headers that are looked at, those of the proof among them.
    pub fn headers_wanted(&self) -> Vec<&str> {
        let mut out = self.headers_of_proof();
        for w in &self.ways {
            match w {
                Way::Token(t) => out.push(t.header.as_deref().unwrap_or(PATH)),
                Way::Basic => out.push(AUTHORIZATION),
                Way::Signed(_) | Way::UrlToken => {}
            }
        }
        out.sort_unstable();
        out.dedup();
        out
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
        let mut refused = Refusal::Missing;
        let mut hit = None;
        for &way in &self.active {
            match self.try_way(way, &payload, url_token, now) {
                Ok(secret) => hit = hit.or(Some((way, secret))),
                Err(why) if why.weight() >= refused.weight() => refused = why,
                Err(_) => {}
            }
        }
        // What came twice is refused whichever way is right: two readers would see two messages.
        match hit {
            Some((way, secret)) if refused != Refusal::Doubled => {
                let signs_body = matches!(self.ways[way], Way::Signed(_));
                Ok(Proven { payload: payload.mark_verified(), signs_body, secret, way })
            }
            Some(_) | None => Err(refused),
        }
    }

    fn try_way(
        &self,
        way: usize,
        payload: &Payload<Unverified>,
        url_token: Option<&str>,
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        match &self.ways[way] {
            Way::Signed(s) => self.by_signature(way, s, payload, now),
            Way::Token(t) => {
                let given: Cow<'_, str> = match (&t.header, &t.query) {
                    (Some(h), _) => once(payload, h)?.into(),
                    (None, Some(q)) => query(payload, q)?,
                    (None, None) => return Err(Refusal::Missing),
                };
                let given = given.strip_prefix(t.prefix.as_str()).ok_or(Refusal::Unreadable)?;
                self.by_text(way, given.as_bytes(), now)
            }
            Way::Basic => {
                let given = once(payload, AUTHORIZATION)?;
                let (scheme, credentials) = given.split_once(' ').ok_or(Refusal::Unreadable)?;
                let given = crypto::base64_decode(credentials.trim()).ok_or(Refusal::Unreadable)?;
                if !scheme.eq_ignore_ascii_case("basic") {
                    return Err(Refusal::Unreadable);
                }
                self.by_text(way, &given, now)
            }
            Way::UrlToken => self.by_text(way, url_token.ok_or(Refusal::Missing)?.as_bytes(), now),
        }
    }

    fn by_text(&self, way: usize, given: &[u8], now: Timestamp) -> Result<usize, Refusal> {
        let mut hit = None;
        for (number, key) in self.keys(way, now) {
            // No early end: the time does not tell which secret matched.
            if matches!(key, Key::Text(t) if crypto::equal(t, given)) {
                hit = Some(number);
            }
        }
        hit.ok_or(Refusal::Mismatch)
    }

    fn by_signature(
        &self,
        way: usize,
        s: &Signed,
        payload: &Payload<Unverified>,
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        let (time, candidates) = s.place.find(payload)?;
        let decoded: Vec<Vec<u8>> =
            candidates.iter().filter_map(|c| s.read(c)).filter(|c| c.len() == s.length).collect();
        if decoded.is_empty() {
            return Err(Refusal::Unreadable);
        }
        let nowhere = [String::new()];
        let bases: &[String] = if s.atoms.contains(&Atom::Url) { &self.addresses } else { &nowhere };
        let mut hit = None;
        for base in bases {
            let made = parts(&s.atoms, payload, time, base)?;
            let made: Vec<&[u8]> = made.iter().map(AsRef::as_ref).collect();
            for (number, key) in self.keys(way, now) {
                let fits = match key {
                    Key::Hmac(k) => by_hmac(k, &made, &decoded),
                    Key::Ed25519(k) => by_key_pair(k, &made, &decoded),
                    Key::Text(_) => false,
                };
                if fits {
                    hit = Some(number);
                }
            }
        }
        let secret = hit.ok_or(Refusal::Mismatch)?;
        if let Some(h) = &s.body_hash {
            h.check(payload)?;
        }
        if let Some(place) = &s.pin {
            self.pinned(place, payload)?;
        }
        // The signature first, then the clock: a stranger learns nothing about our clock.
        if let Some(check) = &s.timestamp {
            in_time(check, payload, time, now)?;
        }
        Ok(secret)
    }

    /// Whether a message of a shared key is for us.
    fn pinned(&self, place: &pick::Place, payload: &Payload<Unverified>) -> Result<(), Refusal> {
        let id = match place {
            pick::Place::Header(h) => once(payload, h)?.to_owned(),
            pick::Place::Pointer(p) => super::shallow::scalar_at(payload.body(), p).ok_or(Refusal::Missing)?,
        };
        if self.pins.contains(&id) { Ok(()) } else { Err(Refusal::Foreign) }
    }

    fn keys(&self, way: usize, now: Timestamp) -> impl Iterator<Item = (usize, &Key)> {
        let live = self.secrets.iter().filter(move |s| s.lives(now));
        live.filter_map(move |s| Some((s.number, s.keys.get(way)?.as_ref()?)))
    }

    /// A hash of the signed bytes, for senders whose deliveries have no id inside them. Costs a pass over the body, so it
    /// is made only where it is needed.
    pub fn signed_hash(&self, proven: &Proven) -> [u8; 16] {
        let payload = &proven.payload;
        let Way::Signed(s) = &self.ways[proven.way] else { return crypto::short_hash(&[payload.body()]) };
        let time = s.place.find(payload).ok().and_then(|(time, _)| time);
        let base = self.addresses.first().map_or("", String::as_str);
        // Verified before, so nothing is missing; if it were, the body alone still tells deliveries apart.
        match parts(&s.atoms, payload, time, base) {
            Ok(made) => crypto::short_hash(&made.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
            Err(_) => crypto::short_hash(&[payload.body()]),
        }
    }

    /// The tag of a text under a secret, for handshakes in which a receiver shows that it holds it.
    pub fn answer_of(&self, proven: &Proven, text: &str) -> Option<String> {
        let secret = self.secrets.iter().find(|s| s.number == proven.secret)?;
        match secret.keys.get(proven.way)?.as_ref()? {
            Key::Hmac(k) => Some(written(&k.tag(&[text.as_bytes()]), SigEncoding::Hex)),
            Key::Ed25519(_) | Key::Text(_) => None,
        }
    }
}

fn by_hmac(key: &HmacKey, made: &[&[u8]], candidates: &[Vec<u8>]) -> bool {
    let tag = key.tag(made);
    // No early end here either.
    candidates.iter().fold(false, |hit, c| crypto::equal(&tag, c) | hit)
}

fn by_key_pair(key: &PublicKey, made: &[&[u8]], candidates: &[Vec<u8>]) -> bool {
    let message = made.concat();
    candidates.iter().any(|c| key.verifies(&message, c))
}

impl Signed {
    fn headers(&self) -> impl Iterator<Item = &str> {
        let signed = self.atoms.iter().filter_map(|a| match a {
            Atom::Header(h) => Some(h.as_str()),
            a => reads_path(a).then_some(PATH),
        });
        let time = self.timestamp.as_ref().and_then(|t| t.header.as_deref());
        let hash = self.body_hash.as_ref().map(|h| h.header.as_deref().unwrap_or(PATH));
        signed.chain([self.place.header()]).chain(time).chain(hash)
    }

    fn read(&self, candidate: &str) -> Option<Vec<u8>> {
        match self.place.encoding() {
            SigEncoding::Hex => hex::decode(candidate).ok(),
            SigEncoding::Base64 => crypto::base64_decode(candidate),
        }
    }
}

impl BodyHash {
    /// Whether the hash that was signed is the hash of this body.
    fn check<S>(&self, payload: &Payload<S>) -> Result<(), Refusal> {
        let given: Cow<'_, str> = match (&self.query, &self.header) {
            (Some(q), _) => query(payload, q)?,
            (None, Some(h)) => once(payload, h)?.into(),
            (None, None) => return Err(Refusal::Missing),
        };
        let given = match self.encoding {
            SigEncoding::Hex => hex::decode(given.as_bytes()).ok(),
            SigEncoding::Base64 => crypto::base64_decode(&given),
        };
        let fits = crypto::equal(&given.ok_or(Refusal::Unreadable)?, &self.algorithm.digest(payload.body()));
        if fits { Ok(()) } else { Err(Refusal::Mismatch) }
    }
}

fn way(verify: &Verify) -> Result<Way, String> {
    Ok(match verify {
        Verify::Signed(s) => Way::Signed(Box::new(signed(s)?)),
        Verify::Token(t) => Way::Token(t.clone()),
        Verify::Basic(_) => Way::Basic,
        Verify::UrlToken => Way::UrlToken,
    })
}

fn signed(s: &SignedVerify) -> Result<Signed, String> {
    let place = match (&s.signature, &s.compound) {
        (Some(s), None) => Place::Own(s.clone()),
        (None, Some(c)) => Place::Compound(c.clone()),
        _ => return Err("say where the signature stands: either signature or compound".into()),
    };
    let (length, pin) = match &s.scheme {
        Scheme::Hmac { algorithm, .. } => (algorithm.length(), None),
        Scheme::Ed25519 { pin, .. } => (PublicKey::SIGNATURE, pin.as_deref().map(pick::Place::parse).transpose()?),
    };
    let (timestamp, body_hash) = (s.timestamp.clone(), s.body_hash.clone());
    Ok(Signed { atoms: template(&s.message)?, place, length, timestamp, body_hash, pin })
}
