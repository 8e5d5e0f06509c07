//! Receiving: verify, store, answer.
//!
//! In: a request's bytes. Out: [`Answer`]. Invariant: only a verified payload reaches the store, and "stored" is said
//! only when it is on disk; a wrong signature touches nothing but a counter. Refuses to parse or to say why it refused.

use super::connections::Connection;
use super::rejected::{Refused, Rejections};
use super::{Context, Nudges};
use crate::crypto::short_hash;
use crate::model::{ConnectionId, Payload, SourceId, Trust, Unverified};
use crate::provider::catalog::Provider;
use crate::provider::file::HandshakeTable;
pub use crate::provider::handshake::Reply;
use crate::provider::handshake::{self, Question};
use crate::provider::read::webhook::same_body_span;
pub use crate::provider::verify::PATH;
use crate::provider::verify::{Proven, Refusal, Site, Verifier, live_secret};
use crate::store::{Delivery, INCOMPARABLE, Receipt, Store, StoreError};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// One hook.
#[derive(Debug)]
pub struct Endpoint {
    /// Its connection.
    pub connection: ConnectionId,
    /// Largest body.
    pub max_body: usize,
    /// Methods it takes messages by.
    pub methods: Vec<String>,
    /// Further methods that only ask.
    pub asking: Vec<String>,
    /// What the sender wants to see.
    pub success: u16,
    /// Headers that matter, lower case; the others of a request need not be copied.
    pub wanted: Vec<String>,
    source: SourceId,
    trust: Trust,
    verifier: Verifier,
    handshakes: Vec<HandshakeTable>,
    keep: Vec<String>,
    /// Names under which a body says what sort of message it is.
    type_names: Vec<String>,
    accepted: AtomicU64,
    /// How often each secret opened, in the order of the config.
    opened: Vec<AtomicU64>,
    /// Proven messages outside their window, since the last one inside.
    untimely: AtomicU32,
    refused: [AtomicU64; Refusal::ALL.len()],
}

/// What is known of a delivery beside its bytes.
struct Known {
    trust: Trust,
    key: [u8; 16],
    body_hash: [u8; 16],
}

/// What a hook answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// On disk.
    Stored(u16),
    /// A proven question, answered and not stored.
    Asked(Reply),
    /// Not proven.
    Refused(Refusal),
    /// Cannot be stored now.
    Unavailable(String),
}

/// All hooks.
pub struct Receiver {
    endpoints: HashMap<String, Endpoint>,
    store: Arc<dyn Store>,
    nudges: Arc<Nudges>,
    /// The newest deliveries that were refused.
    pub rejections: Rejections,
    low_disk: std::sync::atomic::AtomicBool,
}

impl Receiver {
    /// Prepares a hook for every connection that has a secret.
    ///
    /// # Errors
    /// For each connection whose secret does not fit: its id, the number of the secret, why.
    pub fn new(
        cx: &Context,
        connections: &BTreeMap<ConnectionId, Connection>,
    ) -> Result<Self, Vec<(ConnectionId, usize, String)>> {
        let mut endpoints = HashMap::new();
        let mut wrong = Vec::new();
        for c in connections.values().filter(|c| !c.webhook_secrets.is_empty()) {
            let Some(provider) = cx.catalog.get(c.id.provider()) else { continue };
            match endpoint(provider, c) {
                Ok(Some(e)) => drop(endpoints.insert(c.id.as_str().to_owned(), e)),
                Ok(None) => {
                    wrong.push((c.id.clone(), 0, "this provider sends no webhooks: remove webhook_secret".into()))
                }
                Err((n, why)) => wrong.push((c.id.clone(), n, why)),
            }
        }
        if wrong.is_empty() {
            Ok(Self {
                endpoints,
                store: cx.store.clone(),
                nudges: cx.nudges.clone(),
                low_disk: false.into(),
                rejections: Rejections::default(),
            })
        } else {
            Err(wrong)
        }
    }

    /// The hook of a provider and account. A sender that proves itself by URL is found only with a token in the path.
    pub fn endpoint(&self, provider: &str, account: &str, with_token: bool) -> Option<&Endpoint> {
        // One allocation a request; ids are short.
        self.endpoints.get(&format!("{provider}/{account}")).filter(|e| e.verifier.wants_url_token() == with_token)
    }

    /// All hooks, for status.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values()
    }

    /// Says whether the disk has room; without it everything is refused with "later".
    pub fn set_low_disk(&self, low: bool) {
        self.low_disk.store(low, Ordering::Relaxed);
    }
    /// Whether the disk is short of room.
    pub fn low_disk(&self) -> bool {
        self.low_disk.load(Ordering::Relaxed)
    }

    /// Stores what the provider's own API says it tried to deliver; whether it was new.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_fetched(
        &self,
        e: &Endpoint,
        payload: &Payload<Unverified>,
        cx: &Context,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let receipt = self.store.receive(e.fetched(payload, cx, now)).await?;
        Ok(receipt != Receipt::Repeat)
    }

    /// Takes a request.
    pub async fn receive(
        &self,
        e: &Endpoint,
        payload: Payload<Unverified>,
        url_token: Option<&str>,
        cx: &Context,
    ) -> Answer {
        let now = cx.clock.now();
        // A refusal uses the payload up: what is shown of it is noted before, without copies.
        let (body, came) = (payload.body().clone(), e.came(&payload));
        let proven = match e.verifier.verify(payload, url_token, now) {
            Ok(p) => p,
            Err(why) => {
                e.refused[why as usize].fetch_add(1, Ordering::Relaxed);
                self.rejections.note(&e.refused_request(why, came, &body), now);
                if matches!(why, Refusal::TooOld | Refusal::TooNew) {
                    e.untimely.fetch_add(1, Ordering::Relaxed);
                }
                return Answer::Refused(why);
            }
        };
        e.untimely.store(0, Ordering::Relaxed);
        if let Some(n) = e.opened.get(proven.secret.wrapping_sub(1)) {
            n.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(reply) = e.answer(&proven) {
            return Answer::Asked(reply);
        }
        if self.low_disk() {
            return Answer::Unavailable("the disk is nearly full".into());
        }
        self.nudges.received.fetch_add(1, Ordering::Relaxed);
        // Judged by the wall clock, as its sender does; stored at the time that is believed.
        let delivery = e.delivery(&proven, cx, cx.steady(now));
        match self.store.receive(delivery).await {
            Ok(Receipt::Stored | Receipt::Conflict) => {
                e.accepted.fetch_add(1, Ordering::Relaxed);
                self.nudges.normalize.notify_one();
                Answer::Stored(e.success)
            }
            Ok(Receipt::Repeat) => Answer::Stored(e.success),
            Err(StoreError::Unavailable(why)) => Answer::Unavailable(why),
            Err(other) => Answer::Unavailable(other.to_string()),
        }
    }
}

impl Endpoint {
    /// Deliveries stored since the start, and those refused by reason.
    pub fn counts(&self) -> (u64, Vec<(Refusal, u64)>) {
        let refused = Refusal::ALL
            .iter()
            .map(|r| (*r, self.refused[*r as usize].load(Ordering::Relaxed)))
            .filter(|(_, n)| *n > 0)
            .collect();
        (self.accepted.load(Ordering::Relaxed), refused)
    }

    /// Which of the wanted headers came, a bit each.
    fn came(&self, p: &Payload<Unverified>) -> u64 {
        let bits = self.wanted.iter().zip(0..64).filter(|(name, _)| p.header_count(name) > 0);
        bits.fold(0, |all, (_, n)| all | 1 << n)
    }

    fn refused_request<'a>(&'a self, why: Refusal, came: u64, body: &'a [u8]) -> Refused<'a> {
        let names = self.wanted.iter().zip(0..64).filter(|(_, n)| came & (1 << n) != 0);
        let proof = names.map(|(name, _)| name.clone()).collect();
        Refused { connection: &self.connection, why, proof, body, keep: &self.type_names }
    }

    /// How often each secret opened, in the order of the config: an old one that still opens must not be thrown away.
    pub fn opened(&self) -> Vec<u64> {
        self.opened.iter().map(|n| n.load(Ordering::Relaxed)).collect()
    }

    /// Proven messages outside their window in a row.
    pub fn untimely(&self) -> u32 {
        self.untimely.load(Ordering::Relaxed)
    }

    /// Whether there are questions nobody has to prove.
    pub fn greets(&self) -> bool {
        self.handshakes.iter().any(|h| !h.signed)
    }

    /// The answer to such a question, by its head alone.
    pub fn greeting(&self, method: &str, headers: &[(String, String)]) -> Option<Reply> {
        handshake::answer(&self.handshakes, false, Question { method, headers, body: None }, &|_| None)
    }

    /// Whether a refusal must ask for user and password.
    pub fn asks_for_password(&self) -> bool {
        self.verifier.asks_for_password()
    }

    /// The answer to a proven question; none for an ordinary message, which costs those without handshakes nothing.
    fn answer(&self, p: &Proven) -> Option<Reply> {
        if !self.handshakes.iter().any(|h| h.signed) {
            return None;
        }
        let body = serde_json::from_slice(p.payload.body()).ok();
        let question = Question { method: "", headers: p.payload.headers(), body: body.as_ref() };
        handshake::answer(&self.handshakes, true, question, &|text| self.verifier.answer_of(p, text))
    }

    fn delivery(&self, p: &Proven, cx: &Context, now: Timestamp) -> Delivery {
        let body = p.payload.body();
        let body_hash = short_hash(&[body]);
        let connection = self.connection.as_str().as_bytes();
        let key = match self.proven_id(&p.payload, cx, Some(p.way)) {
            Some(id) => short_hash(&[connection, b"\0", id.as_bytes()]),
            None if p.signs_body => short_hash(&[connection, b"\0\0", &self.verifier.signed_hash(p)]),
            None => short_hash(&[connection, b"\0\0", &same_body_span(now).to_be_bytes(), &body_hash]),
        };
        self.row(&p.payload, Known { trust: self.trust, key, body_hash }, now)
    }

    /// What the provider's API says it tried to deliver. Its bytes are not those of the webhook, so they are compared
    /// with nothing; an id makes the same key as the webhook's.
    fn fetched(&self, p: &Payload<Unverified>, cx: &Context, now: Timestamp) -> Delivery {
        let connection = self.connection.as_str().as_bytes();
        let key = match self.proven_id(p, cx, None) {
            Some(id) => short_hash(&[connection, b"\0", id.as_bytes()]),
            None => short_hash(&[connection, b"\0fetched\0", p.body()]),
        };
        self.row(p, Known { trust: Trust::Fetched, key, body_hash: INCOMPARABLE }, now)
    }

    fn proven_id<S>(&self, p: &Payload<S>, cx: &Context, way: Option<usize>) -> Option<String> {
        let reader = cx.catalog.get(self.connection.provider()).and_then(|p| p.webhook());
        reader.and_then(|r| r.proven_id(p.headers(), p.body(), way))
    }

    fn row<S>(&self, p: &Payload<S>, known: Known, now: Timestamp) -> Delivery {
        let kept: Vec<(&str, &str)> = self.keep.iter().filter_map(|k| p.header(k).map(|v| (k.as_str(), v))).collect();
        Delivery {
            source: self.source.clone(),
            connection: self.connection.clone(),
            trust: known.trust,
            key: known.key,
            body_hash: known.body_hash,
            headers: serde_json::to_string(&kept).unwrap_or_else(|_| "[]".into()),
            body: p.body().clone(),
            received_at: now,
        }
    }
}

fn endpoint(provider: &Provider, c: &Connection) -> Result<Option<Endpoint>, (usize, String)> {
    let Some((name, w)) = provider.file.webhook().filter(|(_, w)| w.needs.is_none()) else {
        return Ok(None);
    };
    let mut secrets = Vec::new();
    for (i, (secret, until)) in c.webhook_secrets.iter().enumerate() {
        secrets.push(live_secret(&w.verify, secret.expose_secret(), i + 1, *until).map_err(|m| (i + 1, m))?);
    }
    let site = Site { public_url: c.public_url.clone(), pins: c.pins.clone() };
    let verifier = Verifier::new(&w.verify, secrets, site).map_err(|m| (0, m))?;
    let mut keep: Vec<String> = verifier.headers_of_proof().into_iter().map(str::to_owned).collect();
    keep.extend(provider.webhook().into_iter().flat_map(|r| r.headers_read()));
    keep.sort_unstable();
    keep.dedup();
    let mut wanted = keep.clone();
    wanted.extend(verifier.headers_wanted().into_iter().map(str::to_owned));
    wanted.extend(handshake::headers_read(w));
    wanted.sort_unstable();
    wanted.dedup();
    let asking = w.handshakes.iter().filter_map(HandshakeTable::method).map(str::to_owned);
    let source = SourceId::of(&provider.file.id, name).map_err(|e| (0, e.to_string()))?;
    Ok(Some(Endpoint {
        connection: c.id.clone(),
        max_body: w.max_body,
        methods: w.methods.clone(),
        asking: asking.filter(|m| !w.methods.contains(m)).collect(),
        success: w.success,
        wanted,
        source,
        trust: w.trust,
        verifier,
        handshakes: w.handshakes.clone(),
        keep,
        type_names: w
            .event
            .kind
            .iter()
            .chain(w.event.by_field.iter().flat_map(|f| &f.kind))
            .filter_map(|p| p.rsplit('/').next())
            .map(str::to_owned)
            .collect(),
        accepted: AtomicU64::new(0),
        opened: c.webhook_secrets.iter().map(|_| AtomicU64::new(0)).collect(),
        untimely: AtomicU32::new(0),
        refused: std::array::from_fn(|_| AtomicU64::new(0)),
    }))
}
