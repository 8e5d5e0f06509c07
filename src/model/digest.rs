//! Digests: when an owner's next one comes, and one that is to be sent.
//!
//! In: the job that plans them. Out: rows of the outbox. Invariant: the next time is a row, so that a restart neither loses
//! nor repeats one; its key follows from owner, contact and time. Refuses to hold words: a digest is made from current facts.

use super::obligation::Contact;
use jiff::Timestamp;

/// When the next digest of an owner comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestTime {
    /// Whose.
    pub owner: String,
    /// The schedule it was reckoned by; another one counts anew.
    pub schedule: String,
    /// When it is due.
    pub next_at: Timestamp,
    /// What happened from here on is news in it.
    pub since: Timestamp,
}

/// What a digest in the outbox is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestOf {
    /// Whose things it tells of; the contact may be a deputy's.
    pub owner: String,
    /// What happened from here on is news.
    pub since: Timestamp,
}

/// A digest to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDigest {
    /// Idempotency key: 32 hex digits, the same over all attempts.
    pub key: String,
    /// Who.
    pub contact: Contact,
    /// About what.
    pub of: DigestOf,
}

/// What one look at the schedules changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestPlan {
    /// New times.
    pub times: Vec<DigestTime>,
    /// Owners without digests from now on.
    pub gone: Vec<String>,
    /// What is due.
    pub digests: Vec<NewDigest>,
}

impl DigestPlan {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.gone.is_empty() && self.digests.is_empty()
    }
}
