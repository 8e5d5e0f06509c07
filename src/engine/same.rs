//! Which incidents are possibly the same, for lists, events and messages.
//!
//! In: the store. Out: for each matter the ids of those it may be one with. Invariant: computed when asked, from the states
//! as they are; nothing of it is stored. Refuses to compare what nobody looks at any more: only the last 30 days.

use super::Context;
use crate::model::{Kind, MatterId, MatterState};
use crate::rules::same::possibly_same;
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// What was last heard of longer ago is not compared.
const LATELY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Matters by what they are possibly the same as.
#[derive(Debug, Default)]
pub struct Likeness(BTreeMap<MatterId, Vec<MatterId>>);

impl Likeness {
    /// Compares these.
    pub fn among<M: Borrow<MatterState>>(matters: &[M], now: Timestamp) -> Self {
        let late = |m: &&MatterState| !m.is_over() || now.duration_since(m.latest_at) < LATELY;
        let recent: Vec<&MatterState> = matters.iter().map(Borrow::borrow).filter(late).collect();
        let mut out = Self::default();
        for (i, a) in recent.iter().enumerate() {
            for b in recent.iter().skip(i + 1).filter(|b| possibly_same(a, b, now)) {
                out.0.entry(a.id.clone()).or_default().push(b.id.clone());
                out.0.entry(b.id.clone()).or_default().push(a.id.clone());
            }
        }
        out
    }

    /// Compares all incidents and maintenance.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(cx: &Context) -> Result<Self, StoreError> {
        let mut all = cx.store.matters_of(Kind::Incident).await?;
        all.extend(cx.store.matters_of(Kind::Maintenance).await?);
        Ok(Self::among(&all, cx.clock.now()))
    }

    /// What a matter is possibly the same as.
    pub fn of(&self, id: &MatterId) -> &[MatterId] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }
}
