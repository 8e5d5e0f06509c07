//! Receiving: verify, store, answer.
//!
//! In: a request's bytes. Out: [`Answer`]. Invariant: only a verified payload reaches the store, and "stored" is said
//! only when it is on disk; a wrong signature touches nothing but a counter. Refuses to parse or to say why it refused.

use super::connections::Connection;
use super::{Context, Nudges};
use crate::crypto::short_hash;
use crate::model::{ConnectionId, Payload, SourceId, Trust, Unverified};
use crate::provider::catalog::Provider;
use crate::provider::file::{Source, Verify};
use crate::provider::verify::{Proven, Refusal, Verifier, live_secret};
use crate::store::{Delivery, Receipt, Store, StoreError};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long the body of a sender without ids and signatures counts as the same message, in days.
const SAME_BODY_DAYS: i64 = 3;

/// One hook.
#[derive(Debug)]
pub struct Endpoint {
    /// Its connection.
    pub connection: ConnectionId,
    /// Largest body.
    pub max_body: usize,
    /// Methods it takes.
    pub methods: Vec<String>,
    /// What the sender wants to see.
    pub success: u16,
    /// Headers that matter, lower case; the others of a request need not be copied.
    pub wanted: Vec<String>,
    source: SourceId,
    trust: Trust,
    verifier: Verifier,
    keep: Vec<String>,
    accepted: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
}

/// What a hook answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// On disk.
    Stored(u16),
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
            Ok(Self { endpoints, store: cx.store.clone(), nudges: cx.nudges.clone(), low_disk: false.into() })
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

    /// Takes a request.
    pub async fn receive(
        &self,
        e: &Endpoint,
        payload: Payload<Unverified>,
        url_token: Option<&str>,
        cx: &Context,
    ) -> Answer {
        let now = cx.clock.now();
        let proven = match e.verifier.verify(payload, url_token, now) {
            Ok(p) => p,
            Err(why) => {
                e.refused[why as usize].fetch_add(1, Ordering::Relaxed);
                return Answer::Refused(why);
            }
        };
        if self.low_disk() {
            return Answer::Unavailable("the disk is nearly full".into());
        }
        self.nudges.received.fetch_add(1, Ordering::Relaxed);
        let delivery = e.delivery(&proven, cx, now);
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

    fn delivery(&self, p: &Proven, cx: &Context, now: Timestamp) -> Delivery {
        let body = p.payload.body();
        let body_hash = short_hash(&[body]);
        let connection = self.connection.as_str().as_bytes();
        let reader = cx.catalog.get(self.connection.provider()).and_then(|p| p.webhook.as_ref());
        let key = match reader.and_then(|r| r.proven_id(p.payload.headers(), body)) {
            Some(id) => short_hash(&[connection, b"\0", id.as_bytes()]),
            None if p.signs_body => short_hash(&[connection, b"\0\0", &self.verifier.signed_hash(&p.payload)]),
            None => {
                let days = now.as_second() / (SAME_BODY_DAYS * 86_400);
                short_hash(&[connection, b"\0\0", &days.to_be_bytes(), &body_hash])
            }
        };
        let kept: Vec<(&str, &str)> =
            self.keep.iter().filter_map(|k| p.payload.header(k).map(|v| (k.as_str(), v))).collect();
        Delivery {
            source: self.source.clone(),
            connection: self.connection.clone(),
            trust: self.trust,
            key,
            body_hash,
            headers: serde_json::to_string(&kept).unwrap_or_else(|_| "[]".into()),
            body: body.clone(),
            received_at: now,
        }
    }
}

fn endpoint(provider: &Provider, c: &Connection) -> Result<Option<Endpoint>, (usize, String)> {
    let Some((name, w)) = provider.file.sources.iter().find_map(|(n, s)| match s {
        Source::Webhook(w) => Some((n, w)),
        Source::Table(_) | Source::Models(_) | Source::Status(_) | Source::Changelog(_) => None,
    }) else {
        return Ok(None);
    };
    let mut secrets = Vec::new();
    for (i, (secret, until)) in c.webhook_secrets.iter().enumerate() {
        secrets.push(live_secret(&w.verify, secret.expose_secret(), i + 1, *until).map_err(|m| (i + 1, m))?);
    }
    let verifier = Verifier::new(&w.verify, secrets).map_err(|m| (0, m))?;
    let mut keep: Vec<String> = verifier.headers_of_proof().into_iter().map(str::to_owned).collect();
    keep.extend(provider.webhook.iter().flat_map(|r| r.headers_read()));
    keep.sort_unstable();
    keep.dedup();
    let mut wanted = keep.clone();
    if let Verify::Token(t) = &w.verify {
        wanted.push(t.header.clone());
    }
    let source = SourceId::of(&provider.file.id, name).map_err(|e| (0, e.to_string()))?;
    Ok(Some(Endpoint {
        connection: c.id.clone(),
        max_body: w.max_body,
        methods: w.methods.clone(),
        success: w.success,
        wanted,
        source,
        trust: w.trust,
        verifier,
        keep,
        accepted: AtomicU64::new(0),
        refused: std::array::from_fn(|_| AtomicU64::new(0)),
    }))
}
