//! What a digest tells, before it has words.
//!
//! In: facts of the engine. Out: plain values for rendering. Invariant: what could not be read is told beside what is known.
//! Refuses behaviour.

use super::Row;
use jiff::Timestamp;

/// How far a digest looks ahead, in days.
pub const AHEAD: i32 = 90;

/// A digest for one owner.
#[derive(Debug, Clone)]
pub struct Digest {
    /// Whose.
    pub owner: String,
    /// What happened from here on is news.
    pub since: Timestamp,
    /// What of theirs ends within [`AHEAD`] days, or has ended and is not done; soonest first.
    pub ends: Vec<Owed>,
    /// How much of theirs ends later.
    pub later: usize,
    /// How much of theirs ends without a date.
    pub undated: usize,
    /// What else of theirs goes on without an answer.
    pub waiting: Vec<Row>,
    /// Small incidents that touched what they use; each one line.
    pub minor: Vec<String>,
    /// What only those hear who run forewarn.
    pub operators: Option<ForOperators>,
    /// How the sources are.
    pub sources: Sources,
    /// When the next digest comes.
    pub next: Option<Timestamp>,
}

/// One ending with how its owner stands to it.
#[derive(Debug, Clone)]
pub struct Owed {
    /// The ending.
    pub row: Row,
    /// Quiet until then.
    pub snoozed_until: Option<Timestamp>,
}

/// What only those hear who run forewarn.
#[derive(Debug, Clone, Default)]
pub struct ForOperators {
    /// Endings announced since the last digest that no service uses; each one line.
    pub unused: Vec<String>,
    /// How many such endings come within [`AHEAD`] days, old ones too.
    pub unused_ahead: usize,
    /// What nobody owns, who cannot be reached; each one line.
    pub gaps: Vec<String>,
}

/// How the sources are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// How many are watched.
    pub watched: usize,
    /// Which of them cannot be read, and when they last were.
    pub unread: Vec<(String, Option<Timestamp>)>,
}
