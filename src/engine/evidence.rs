//! Evidence: the bytes an event was read from, fit to be shown.
//!
//! In: an event. Out: the payload with what looks like a secret or a person hidden. Invariant: what is shown went through
//! [`masked`]. Refuses to show headers: they hold signatures.

use super::Context;
use crate::model::{ConnectionId, EventId, PayloadId, SourceId, Trust};
use crate::provider::redact::masked;
use crate::store::StoreError;
use jiff::Timestamp;
use serde::Serialize;

/// A payload, to be looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Evidence {
    /// Its number.
    pub payload: PayloadId,
    /// Where it came.
    pub source: SourceId,
    /// To which of our accounts.
    pub connection: Option<ConnectionId>,
    /// How far it may be believed.
    pub trust: Trust,
    /// When.
    pub received_at: Timestamp,
    /// Its size.
    pub bytes: usize,
    /// Its text, with secrets and people hidden.
    pub text: String,
    /// It is longer than what is shown.
    pub cut: bool,
}

/// What an event was read from; none when it is forewarn's own, or past its retention.
///
/// # Errors
/// The store's.
pub async fn evidence(cx: &Context, event: EventId) -> Result<Option<Evidence>, StoreError> {
    let found = cx.store.payload_of(event).await?.filter(|p| !p.body.is_empty());
    Ok(found.map(|p| {
        let (text, cut) = masked(&p.body);
        Evidence {
            payload: p.id,
            source: p.source,
            connection: p.connection,
            trust: p.trust,
            received_at: p.received_at,
            bytes: p.body.len(),
            text,
            cut,
        }
    }))
}
