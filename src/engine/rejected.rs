//! Rejected deliveries: what knocked and was not let in, so that a person can see why.
//!
//! In: refusals. Out: the newest of each connection, with reason, time and the redacted shape of the body. Invariant: held
//! in memory only and bounded, whatever strangers send: a refusal never costs a write, and at most one a second of each
//! connection is looked at. Refuses to keep any text of the body or of a signature.

use crate::model::ConnectionId;
use crate::provider::redact::shape;
use crate::provider::verify::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// Kept of each connection.
const KEPT: usize = 20;
/// Least time between two that are looked at, of one connection.
const LEAST: SignedDuration = SignedDuration::from_secs(1);

/// A delivery that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// When.
    pub at: Timestamp,
    /// Where it knocked.
    pub connection: String,
    /// Why it was refused, in one word.
    pub reason: String,
    /// What that word means and what to do.
    pub advice: String,
    /// Size of its body.
    pub bytes: usize,
    /// Which of the headers that prove a sender came with it.
    pub proof: Vec<String>,
    /// Its shape, without texts.
    pub shape: String,
}

/// A refused request, as it came.
pub struct Refused<'a> {
    /// Where.
    pub connection: &'a ConnectionId,
    /// Why.
    pub why: Refusal,
    /// Names of the headers of the proof that came.
    pub proof: Vec<String>,
    /// The body.
    pub body: &'a [u8],
    /// Names whose texts say what sort of message it is.
    pub keep: &'a [String],
}

/// The newest rejections.
#[derive(Debug, Default)]
pub struct Rejections(Mutex<BTreeMap<ConnectionId, VecDeque<Rejection>>>);

impl Rejections {
    /// Notes one, unless one of the same connection was noted just before.
    pub fn note(&self, r: &Refused<'_>, now: Timestamp) {
        if !self.due(r.connection, now) {
            return;
        }
        // Read outside the lock: others need not wait for it.
        let noted = Rejection {
            at: now,
            connection: r.connection.to_string(),
            reason: r.why.as_str().to_owned(),
            advice: advice(r.why).to_owned(),
            bytes: r.body.len(),
            proof: r.proof.clone(),
            shape: shape(r.body, r.keep),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = all.entry(r.connection.clone()).or_default();
        of.truncate(KEPT - 1);
        of.push_front(noted);
    }

    fn due(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(connection).and_then(VecDeque::front).is_none_or(|last| now.duration_since(last.at).abs() >= LEAST)
    }

    /// All that are kept, newest first.
    pub fn newest(&self) -> Vec<Rejection> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out: Vec<Rejection> = all.values().flatten().cloned().collect();
        out.sort_by_key(|r| std::cmp::Reverse(r.at));
        out
    }
}

/// What a refusal usually means, for the people who connect a provider.
fn advice(why: Refusal) -> &'static str {
    match why {
        Refusal::Missing => {
            "no signature or token: does this sender sign, and is it the sender this address is meant for?"
        }
        Refusal::Doubled => "a header came twice: a proxy on the way adds it again",
        Refusal::Unreadable => "the signature or its time cannot be read: a proxy may rewrite headers",
        Refusal::TooOld => "signed too long ago: a late retry, a replay, or our clock is ahead",
        Refusal::TooNew => "signed in the future: the clocks differ, ours may be behind",
        Refusal::Mismatch => {
            "no live secret matches: the secret was rotated or belongs to another endpoint, or a proxy changes the body"
        }
        Refusal::Foreign => "signed by this sender for another of its customers: pins names the ids that are ours",
        Refusal::TooMany => "more signatures than any sender makes",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;

    fn knock(all: &Rejections, connection: &str, at: i64) {
        let connection = ConnectionId::new(connection).unwrap();
        let body = br#"{"type":"x","secret":"hunter2"}"#;
        let r =
            Refused { connection: &connection, why: Refusal::ALL[0], proof: vec![], body, keep: &["type".to_owned()] };
        all.note(&r, Timestamp::from_second(at).unwrap());
    }

    #[test]
    fn a_flood_keeps_one_a_second_and_twenty_of_each_connection() {
        let all = Rejections::default();
        for n in 0..1_000 {
            knock(&all, "openai/main", n / 10);
        }
        knock(&all, "github/main", 5);
        let kept = all.newest();
        assert_eq!(kept.len(), KEPT + 1);
        assert_eq!((kept[0].at.as_second(), kept[KEPT - 1].at.as_second()), (99, 80));
        assert_eq!(kept[KEPT].connection, "github/main");
        assert!(kept.iter().all(|r| !r.shape.contains("hunter2") && !r.advice.is_empty()));
    }
}
