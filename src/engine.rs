//! L3: the use cases, one a file. Thin async shells around the pure rules.
//!
//! In: requests, fetched bodies, people's answers, time. Out: rows in the store, messages on channels. Invariant: every
//! job is `tick(now)`: idempotent, without input beside the clock, its result visible; nothing waits in memory that a
//! restart would lose. Refuses to loop: only the supervisor does.

pub mod about;
pub mod access;
pub mod act;
pub mod adopt;
pub mod between;
pub mod calendar;
pub mod catchup;
pub mod clockwatch;
pub mod confirm;
pub mod connections;
pub mod count;
pub mod deliver;
pub mod digest;
pub mod evidence;
pub mod follow;
pub mod front;
pub mod gaps;
pub mod heard;
pub mod housekeep;
pub mod known;
pub mod links;
pub mod listing;
pub mod normalize;
pub mod now;
pub mod observe;
pub mod pin;
pub mod plan;
pub mod poll;
pub mod press;
pub mod private;
pub mod pulse;
pub mod receive;
pub mod reckon;
pub mod record;
pub mod rehearse;
pub mod rejected;
pub mod remind;
pub mod resume;
pub mod same;
pub mod scan;
pub mod scorecard;
pub mod show;
pub mod silence;
pub mod silences;
pub mod simulate;
pub mod skew;
pub mod socket;
pub mod status;
pub mod subscribe;
pub mod tokens;
pub mod trouble;
pub mod usage;

use crate::clock::Clock;
use crate::engine::clockwatch::ClockBase;
use crate::provider::catalog::Catalog;
use crate::provider::snapshot::Snapshot;
use crate::rules::directory::Directory;
use crate::store::Store;
use jiff::Timestamp;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock};
use tokio::sync::Notify;

/// What every use case holds.
#[derive(Clone)]
pub struct Context {
    /// What survives.
    pub store: Arc<dyn Store>,
    /// Providers.
    pub catalog: Arc<Catalog>,
    /// Owners, services, routes.
    pub directory: Arc<Directory>,
    /// What was known when forewarn was built.
    pub known: &'static LazyLock<Snapshot>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the clocks were when the wall clock was last believed.
    pub believed: ClockBase,
    /// Who is woken by whom.
    pub nudges: Arc<Nudges>,
}

impl Context {
    /// What the boot clock says it is, if the wall clock is not where that is: then neither is to be relied on.
    pub fn doubts(&self, now: Timestamp) -> Option<Timestamp> {
        self.believed.doubts(&*self.clock, now)
    }

    /// The time that rows are written and compared with: while the wall clock is doubted, that of the boot clock, so that
    /// nothing waits for a moment of a wrong year.
    pub fn steady(&self, now: Timestamp) -> Timestamp {
        self.doubts(now).unwrap_or(now)
    }
}

/// Wake-ups between jobs. A lost one costs a period, never a message.
#[derive(Debug, Default)]
pub struct Nudges {
    /// Something waits in the inbox.
    pub normalize: Notify,
    /// An alert was opened or woken.
    pub remind: Notify,
    /// Something waits in the outbox.
    pub deliver: Notify,
    /// A page said that it changed.
    pub poll: Notify,
    /// Deliveries taken since the start; the normalizer yields to many of them.
    pub received: AtomicU64,
}

/// What a tick did, for people: `12 payloads, 3 events`. Whether there is more to do at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In words; empty when there was nothing to do.
    pub summary: String,
    /// Tick again without waiting.
    pub more: bool,
    /// Tick again after so long, whatever the period.
    pub pause: Option<std::time::Duration>,
}
