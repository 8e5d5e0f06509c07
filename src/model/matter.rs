//! A matter: what it is about, with its state. One incident heard four ways is one matter with four claims.
//!
//! In: folding. Out: the row that is stored, routed and shown. Invariant: `version` rises with every stored change, so
//! a stale write is refused. Refuses to know owners: who cares about a matter is routing.

use super::deadline::Deadline;
use super::event::{Kind, Money, Severity, words};
use super::ids::{ConnectionId, MatterId, ProviderId, SourceId};
use super::observation::Aftermath;
use super::subject::Subject;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The source of what people pin.
pub const PIN: &str = "forewarn/pinned";
/// The source of a person's word that a date is wrong; it gives none itself, and goes when the truth is pinned.
pub const DISPUTED: &str = "forewarn/disputed";
/// The source of what `[[deadlines]]` of the config say.
pub const CONFIGURED: &str = "forewarn/config";
/// Claims that differ by more than so many days are a conflict.
const DISAGREEMENT_DAYS: i32 = 7;
/// Dates taken back so often are for a person to look at.
const MANY_FLIPS: u32 = 3;

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

/// A date that a source gave once and has not repeated yet: it does not count before the second time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The date.
    pub deadline: Deadline,
    /// What to use instead, said beside it.
    pub replacements: Vec<String>,
    /// The words.
    pub text: String,
    /// When it was first read.
    pub since: Timestamp,
}

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
    /// It says that this has ended.
    #[serde(default)]
    pub ended: bool,
    /// It says that this does not end after all.
    #[serde(default)]
    pub withdrawn: bool,
    /// It says that calls are answered by this already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<String>,
    /// Another date it gave once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// How often it gave another date once, and took it back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flips: u32,
    /// Why a person should look: what could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// What follows the end, by its word.
    #[serde(default, skip_serializing_if = "Aftermath::is_nothing")]
    pub after: Aftermath,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Claim {
    /// Whether the provider says so, or people of ours, and not a data set of others.
    pub fn is_first_hand(&self) -> bool {
        !matches!(self.rank, Rank::Curated | Rank::Scraped)
    }

    /// A claim that says nothing yet.
    pub fn new(rank: Rank, read_at: Timestamp) -> Self {
        Self {
            rank,
            deadline: None,
            announced_on: None,
            replacements: Vec::new(),
            text: String::new(),
            url: None,
            read_at,
            ended: false,
            withdrawn: false,
            redirect: None,
            pending: None,
            flips: 0,
            review: None,
            after: Aftermath::default(),
        }
    }
}

/// Claims by source. Boxed: a map has room for eleven before it holds one.
pub type Claims = BTreeMap<SourceId, Box<Claim>>;

/// How a polled page speaks of a matter: what one good read alone does not settle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// The page that listed it last.
    pub source: SourceId,
    /// The page said once that it is over: when that was read, and the page's own time. It counts when it is read again.
    pub end: Option<(Timestamp, Timestamp)>,
    /// The page said once that it is back: when that was read.
    pub back: Option<Timestamp>,
    /// Good reads in a row that did not list it, though nobody said that it is over.
    pub missing: u32,
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
    pub claims: Claims,
    /// When it began, by the provider's word.
    pub opened_at: Timestamp,
    /// The newest thing said about it, by the provider's word.
    pub latest_at: Timestamp,
    /// Fingerprint of the newest content event, so that A, B, A are three events.
    pub latest_fingerprint: String,
    /// First heard of while its source was new to us: no fresh announcement.
    pub baseline: bool,
    /// How a polled page speaks of it; none for what no page lists.
    #[serde(default)]
    pub listing: Option<Listing>,
    /// Rises with every change worth telling.
    pub revision: u32,
    /// Rises with every stored write; 0 before the first.
    pub version: i64,
}

impl MatterState {
    /// A matter that goes on and of which nothing else is known.
    pub fn new(id: MatterId, kind: Kind, provider: ProviderId, at: Timestamp) -> Self {
        Self {
            id,
            kind,
            provider,
            connection: None,
            stage: if kind == Kind::Deprecation { Stage::Announced } else { Stage::Open },
            title: String::new(),
            summary: String::new(),
            severity: Severity::Major,
            url: None,
            subjects: Vec::new(),
            deadline: None,
            announced_on: None,
            replacements: Vec::new(),
            money: None,
            window: None,
            claims: BTreeMap::new(),
            opened_at: at,
            latest_at: at,
            latest_fingerprint: String::new(),
            baseline: false,
            listing: None,
            revision: 1,
            version: 0,
        }
    }

    /// Whether there is nothing left to do about it.
    pub fn is_over(&self) -> bool {
        match self.stage {
            Stage::Announced | Stage::Open => false,
            Stage::Retired | Stage::Withdrawn | Stage::Resolved => true,
        }
    }

    /// The claim that counts: a date or a withdrawal over none, then the highest rank, then a pin over the config, then the
    /// earliest date. When it was read does not count, or two sources of one rank would take turns.
    pub fn winning_claim(&self) -> Option<(&SourceId, &Claim)> {
        let date = |c: &Claim| c.deadline.as_ref().map(|d| Reverse(d.date));
        let winner = self.claims.iter().max_by_key(|(source, c)| {
            let pin = source.as_str() == PIN;
            (c.deadline.is_some() || c.withdrawn, c.rank, pin, c.withdrawn, date(c), Reverse(source.as_str()))
        });
        winner.map(|(source, c)| (source, &**c))
    }

    /// Why a person should look, if one should: what the provider's own sources say and we could not read, or what they keep
    /// changing. What a person has said settles it.
    pub fn review(&self) -> Option<String> {
        if self.is_over() || self.winning_claim().is_some_and(|(_, c)| c.rank == Rank::Pinned) {
            return None;
        }
        let own = self.claims.iter().filter(|(_, c)| c.is_first_hand());
        let flips = |source: &SourceId, c: &Claim| {
            let often = c.flips >= MANY_FLIPS;
            often.then(|| format!("{source} gave another date {} times and took it back each time", c.flips))
        };
        own.filter_map(|(s, c)| c.review.as_ref().map(|r| format!("{s}: {r}")).or_else(|| flips(s, c))).next()
    }

    /// What follows the end: by the winning claim, else by any other.
    pub fn after(&self) -> Aftermath {
        let winner = self.winning_claim().map(|(_, c)| &c.after).filter(|a| !a.is_nothing());
        winner.or_else(|| self.claims.values().map(|c| &c.after).find(|a| !a.is_nothing())).cloned().unwrap_or_default()
    }

    /// Whether two claims cannot both be true within 7 days. What a person has said settles it for all others. A floor
    /// ("not before") contradicts only an earlier promise, a month only what lies outside it.
    pub fn in_conflict(&self) -> bool {
        if self.winning_claim().is_some_and(|(_, c)| c.rank == Rank::Pinned) {
            return false;
        }
        if self.claims.keys().any(|s| s.as_str() == DISPUTED) {
            return true;
        }
        let said = || self.claims.values().filter_map(|c| c.deadline.as_ref());
        let (begins, ends) = (said().map(|d| d.date).max(), said().map(Deadline::latest).min());
        let apart = |end: Date, begin: Date| end.until(begin).is_ok_and(|s| s.get_days() > DISAGREEMENT_DAYS);
        ends.zip(begins).is_some_and(|(end, begin)| apart(end, begin))
    }

    /// The deadline that reminders count to. While sources disagree and nobody has pinned the truth, it is the earliest that
    /// the provider itself gives; what a data set of others says is shown, and followed only where nothing else is known.
    pub fn remind_by(&self) -> Option<Deadline> {
        let stands = self.deadline.clone()?;
        if !self.in_conflict() {
            return Some(stands);
        }
        let dated = || self.claims.values().filter(|c| c.deadline.is_some());
        let any_own = dated().any(|c| c.is_first_hand());
        let earliest =
            dated().filter(|c| !any_own || c.is_first_hand()).filter_map(|c| c.deadline.clone()).min_by_key(|d| d.date);
        match earliest {
            Some(d) if d.date < stands.date => Some(Deadline { revision: stands.revision, ..d }),
            Some(_) | None => Some(stands),
        }
    }

    /// Which shutdowns are one thing to one owner: those of one provider, announced together, that end on one day.
    pub fn wave(&self) -> Option<String> {
        let ends = self.deadline.as_ref().filter(|_| self.kind == Kind::Deprecation)?.date;
        let announced = match self.announced_on {
            Some(day) => day.to_string(),
            None => format!("heard {}", self.opened_at.strftime("%F")),
        };
        Some(format!("wave {} {announced} {ends}", self.provider))
    }

    /// Whether it is proven that this has ended by `today`: two sources say so, or one of the provider's own does and the
    /// date has passed. Absence alone proves nothing.
    pub fn end_is_proven(&self, today: Date) -> bool {
        let mut said = self.claims.values().filter(|c| c.ended);
        let first = said.next();
        let passed = self.winning_claim().and_then(|(_, c)| c.deadline.as_ref()).is_some_and(|d| d.date <= today);
        let own = |c: &Claim| matches!(c.rank, Rank::Page | Rank::Api | Rank::Pinned);
        first.is_some_and(|c| said.next().is_some() || (passed && own(c)))
    }
}

#[cfg(test)]
mod tests;
