//! Readers: what a payload says. Pure, guards inside.
//!
//! In: bytes and the source's settings. Out: [`crate::model::ReadOutcome`]: read, guard failed, or unreadable, three different things.
//! Invariant: no input makes a reader panic or guess. Refuses to know what was said before.

pub mod date;
mod ending;
mod guard;
pub mod message;
pub mod models;
pub mod table;
pub mod webhook;

use crate::model::{ConnectionId, ProviderId, SourceId};
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
