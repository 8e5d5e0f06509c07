//! Readers: what a payload says. Pure, guards inside.
//!
//! In: bytes and the source's settings. Out: [`crate::model::ReadOutcome`]: read, guard failed, or unreadable, three different things.
//! Invariant: no input makes a reader panic or guess. Refuses to know what was said before.

mod captured;
pub mod changelog;
pub mod date;
mod ending;
mod feed;
mod form;
mod guard;
pub mod message;
pub mod models;
mod notices;
mod page;
mod prose;
pub mod status;
pub mod table;
pub mod usage;
pub mod webhook;
mod when;

pub use captured::captured;

use super::file::Source;
use crate::model::{ConnectionId, Fact, Observation, ProviderId, ReadOutcome, SourceId, Subject};
use jiff::Timestamp;

/// Whose words a reader reads, and when they were heard.
#[derive(Debug, Clone)]
pub struct ReadContext {
    /// The provider.
    pub provider: ProviderId,
    /// Its name as people write it.
    pub provider_name: String,
    /// The source.
    pub source: SourceId,
    /// Our account, when it came through one.
    pub connection: Option<ConnectionId>,
    /// When it was heard.
    pub received_at: Timestamp,
}

/// What a fetched body says, and how much of it there was.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What it says.
    pub outcome: ReadOutcome,
    /// Rows counted against floors: rows of a table, models of a list, components of a status page, entries of a feed.
    pub rows: usize,
    /// Whether far fewer rows than last time mean a page that changed its shape. Feeds shrink by themselves.
    pub steady: bool,
    /// Everything that a provider's own list of models names, ended or not; none for all other sources.
    pub models: Option<Vec<Subject>>,
}

impl Reading {
    /// Of a reader that makes an observation of each row.
    fn of_rows(outcome: ReadOutcome) -> Self {
        let is_row = |o: &&Observation| !matches!(o.fact, Fact::Redirected { .. });
        let rows = if let ReadOutcome::Ok(seen) = &outcome { seen.iter().filter(is_row).count() } else { 0 };
        Self { outcome, rows, steady: true, models: None }
    }
}

/// Reads a fetched body by its source's reader; `None` for a webhook, which nobody fetches.
pub fn polled(source: &Source, cx: &ReadContext, body: &[u8]) -> Option<Reading> {
    match source {
        Source::Webhook(_) => None,
        Source::Table(s) => Some(Reading::of_rows(table::read(s, cx, body))),
        Source::Models(s) => Some(models::read(s, cx, body)),
        Source::Status(s) => Some(status::read(s, cx, body)),
        Source::Changelog(s) => Some(changelog::read(s, cx, body)),
    }
}
