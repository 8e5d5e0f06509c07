//! A matter: what it is about, with its state. One incident heard four ways is one matter with four claims.
//!
//! In: folding. Out: the row that is stored, routed and shown. Invariant: `version` rises with every stored change, so
//! a stale write is refused. Refuses to know owners: who cares about a matter is routing.

use super::deadline::Deadline;
use super::event::{Kind, Money, Severity, words};
use super::ids::{ConnectionId, MatterId, ProviderId, SourceId};
use super::subject::Subject;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words!(
    /// Where a matter stands.
    Stage {
        /// deprecation: announced, nothing ended yet.
        Announced = "announced",
        /// deprecation: it has ended.
        Retired = "retired",
        /// deprecation: taken back.
        Withdrawn = "withdrawn",
        /// incident, maintenance, billing, account, source: going on.
        Open = "open",
        /// incident, maintenance, billing, account, source: over.
        Resolved = "resolved",
    }
);

words!(
    /// How much a source counts, best last: a later value outranks an earlier one.
    Rank {
        /// Text of a provider's mail.
        Mail = "mail",
        /// A changelog entry.
        Changelog = "changelog",
        /// A scraped data set.
        Scraped = "scraped",
        /// A curated data set.
        Curated = "curated",
        /// The provider's own page.
        Page = "page",
        /// The provider's own API.
        Api = "api",
        /// Pinned by a person.
        Pinned = "pinned",
    }
);

/// The latest word of one source about one matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// How much it counts.
    pub rank: Rank,
    /// The date it gives.
    pub deadline: Option<Deadline>,
    /// When it says this was announced.
    pub announced_on: Option<Date>,
    /// What it recommends instead.
    pub replacements: Vec<String>,
    /// The words.
    pub text: String,
    /// Where they stand.
    pub url: Option<String>,
    /// When they were last read.
    pub read_at: Timestamp,
}

/// When maintenance is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end, where the page gives one.
    pub until: Option<Timestamp>,
}

/// The stored state of a matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatterState {
    /// Its id.
    pub id: MatterId,
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub provider: ProviderId,
    /// Which of our accounts it concerns, when one.
    pub connection: Option<ConnectionId>,
    /// Where it stands.
    pub stage: Stage,
    /// One line.
    pub title: String,
    /// More.
    pub summary: String,
    /// How bad.
    pub severity: Severity,
    /// Where to read about it.
    pub url: Option<String>,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// When it ends, by the winning claim.
    pub deadline: Option<Deadline>,
    /// When it was announced.
    pub announced_on: Option<Date>,
    /// What to use instead, by the winning claim.
    pub replacements: Vec<String>,
    /// Amount, for billing.
    pub money: Option<Money>,
    /// When it is planned, for maintenance whose times are given.
    #[serde(default)]
    pub window: Option<Window>,
    /// All claims by source.
    pub claims: BTreeMap<SourceId, Claim>,
    /// When it began, by the provider's word.
    pub opened_at: Timestamp,
    /// The newest thing said about it, by the provider's word.
    pub latest_at: Timestamp,
    /// Fingerprint of the newest content event, so that A, B, A are three events.
    pub latest_fingerprint: String,
    /// First heard of while its source was new to us: no fresh announcement.
    pub baseline: bool,
    /// Rises with every change worth telling.
    pub revision: u32,
    /// Rises with every stored write; 0 before the first.
    pub version: i64,
}

impl MatterState {
    /// Whether there is nothing left to do about it.
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Announced | Stage::Open => false,
            Stage::Retired | Stage::Withdrawn | Stage::Resolved => true,
        }
    }

    /// The claim that counts: highest rank, then a date over none, then the newest reading.
    pub fn winning_claim(&self) -> Option<(&SourceId, &Claim)> {
        self.claims.iter().max_by_key(|(source, c)| (c.deadline.is_some(), c.rank, c.read_at, source.as_str()))
    }

    /// Whether two claims with a date differ by more than 7 days.
    pub fn in_conflict(&self) -> bool {
        let days: Vec<_> = self.claims.values().filter_map(|c| c.deadline.as_ref()).map(|d| d.date).collect();
        match (days.iter().min(), days.iter().max()) {
            (Some(a), Some(b)) => a.until(*b).is_ok_and(|s| s.get_days() > 7),
            _ => false,
        }
    }
}
