//! A payload: bytes received or fetched, verbatim, and whether their sender has proven who it is.
//!
//! In: a request or a fetched body. Out: what the inbox stores. Invariant: only verification turns
//! `Payload<Unverified>` into `Payload<Verified>`, and only that type has a way into the store. Refuses to parse.

use super::event::words;
use bytes::Bytes;
use std::marker::PhantomData;

words!(
    /// How far a stored payload may be believed.
    Trust {
        /// Its sender proved itself for this connection.
        Verified = "verified",
        /// An unsigned sender: a reason to look, never a fact.
        Hint = "hint",
        /// We fetched it from the configured address.
        Fetched = "fetched",
    }
);

/// Type state: nobody has checked these bytes.
#[derive(Debug, Clone, Copy)]
pub struct Unverified;
/// Type state: the sender's proof matched a live secret of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Verified;

/// Bytes with the headers they came with.
#[derive(Debug, Clone)]
pub struct Payload<State> {
    headers: Vec<(String, String)>,
    body: Bytes,
    state: PhantomData<State>,
}

impl Payload<Unverified> {
    /// Wraps what arrived. `headers` holds lower-case names in the order received.
    pub fn new(headers: Vec<(String, String)>, body: Bytes) -> Self {
        Self { headers, body, state: PhantomData }
    }

    /// The one way to a verified payload. Only `provider::verify` calls it (held by `tests/tidy.rs`).
    pub(crate) fn mark_verified(self) -> Payload<Verified> {
        Payload { headers: self.headers, body: self.body, state: PhantomData }
    }
}

impl<S> Payload<S> {
    /// The body, byte for byte.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
    /// All headers kept.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
    /// The value of a header if it came exactly once; names are lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut hits = self.headers.iter().filter(|(k, _)| k == name);
        match (hits.next(), hits.next()) {
            (Some((_, v)), None) => Some(v),
            _ => None,
        }
    }
    /// How often a header came.
    pub fn header_count(&self, name: &str) -> usize {
        self.headers.iter().filter(|(k, _)| k == name).count()
    }
}
