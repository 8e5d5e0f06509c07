//! Pinning: a person says what is true of a deadline, and that counts above every source.
//!
//! In: a deprecation, a date (or that it does not end, or that the pin goes), who says it, why. Out: the state after.
//! Invariant: the claim, its events and the audit are on disk together before it is said to be done. Refuses what nobody
//! has announced, and a pin without a note: whoever reads it later must know why.

use super::Context;
use super::private::dropped;
use super::record::{Heeded, record};
use super::trouble::{self, Trouble};
use crate::model::matter::{DISPUTED, PIN};
use crate::model::observation::{Ending, Word};
use crate::model::text::one_line;
use crate::model::{Change, Deadline, Fact, Kind, MatterId, MatterState, Observation, Rank, Severity, SourceId, Trust};
use crate::rules::fold::Heard;
use crate::store::{Deed, Recording, StoreError};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// What a person says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pin {
    /// Of which deprecation.
    pub id: String,
    /// What is true.
    pub truth: Truth,
    /// Why.
    pub note: String,
    /// Who.
    pub by: String,
}

/// What is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It ends on this day.
    Ends(Date),
    /// It does not end.
    Stays,
    /// Nothing is pinned: what the sources say counts again.
    Unpinned,
}

/// Why a pin was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// No such deprecation.
    #[error(
        "no source has announced the end of {0:?}: see forewarn calendar --all; for a deadline of your own write [[deadlines]] in the config"
    )]
    NotFound(String),
    /// Nothing is pinned.
    #[error("nothing is pinned for {0:?}")]
    NotPinned(String),
    /// No reason given.
    #[error("a pin needs a note: say where you know it from")]
    NoNote,
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a pin; the state after.
///
/// # Errors
/// [`PinError`], each with what to do.
pub async fn pin(cx: &Context, p: Pin, now: Timestamp) -> Result<MatterState, PinError> {
    let (by, note) = (one_line(&p.by, 80), one_line(&p.note, 500));
    if note.is_empty() && p.truth != Truth::Unpinned {
        return Err(PinError::NoNote);
    }
    let not_found = || PinError::NotFound(one_line(&p.id, 100));
    let id = MatterId::new(p.id.clone()).map_err(|_| not_found())?;
    let find = || cx.store.matters(vec![id.clone()]);
    let state = find().await?.pop().filter(|m| m.kind == Kind::Deprecation).ok_or_else(not_found)?;
    let source = SourceId::new(PIN).map_err(|e| StoreError::Damaged(e.to_string()))?;
    if p.truth == Truth::Unpinned && !state.claims.contains_key(&source) {
        return Err(PinError::NotPinned(id.to_string()));
    }
    let quote = format!("pinned by {by}: {note}");
    let (fact, what, said) = match p.truth {
        Truth::Ends(date) => {
            let ending = Ending {
                announced_on: state.announced_on,
                deadline: Some(Deadline::day(date, date.to_string())),
                replacements: state.replacements.clone(),
                quote,
                rank: Rank::Pinned,
                ended: false,
                stage: None,
                review: None,
                after: crate::model::Aftermath::default(),
            };
            (Fact::Ending(ending), "deadline.pinned", date.to_string())
        }
        Truth::Stays => (Fact::Withdrawn(Word { rank: Rank::Pinned, quote }), "deadline.pinned", "does not end".into()),
        Truth::Unpinned => (Fact::Dropped, "deadline.unpinned", String::new()),
    };
    let seen = Observation { fact, ..dropped(&state, &source, now) };
    let heeded =
        Heeded { payload: None, trust: Trust::Fetched, heard: Heard { at: now, baseline: false }, quiet: None, seen };
    let was = state.deadline.as_ref().map_or_else(|| "no date".to_owned(), |d| d.date.to_string());
    let detail = one_line(&format!("{was} -> {said} {note}"), 700);
    let done = Some(Deed { by, what, subject: id.to_string(), detail });
    let mut all = vec![heeded];
    let doubt = SourceId::new(DISPUTED).map_err(|e| StoreError::Damaged(e.to_string()))?;
    if p.truth != Truth::Unpinned && state.claims.contains_key(&doubt) {
        // Whoever doubted the date is answered.
        all.push(Heeded { seen: dropped(&state, &doubt, now), ..all[0].clone() });
        settled(cx, &id, now).await?;
    }
    record(cx, all, Recording { now, done, ..Recording::default() }).await?;
    cx.nudges.remind.notify_one();
    find().await?.pop().ok_or_else(not_found)
}

/// The operators were asked to look, and somebody has.
async fn settled(cx: &Context, id: &MatterId, now: Timestamp) -> Result<(), StoreError> {
    let trouble = Trouble {
        provider: trouble::ourselves()?,
        about: format!("disputed/{id}"),
        change: Change::Resolved,
        severity: Severity::Minor,
        title: format!("the date of {id} is pinned"),
        summary: String::new(),
        native_id: None,
    };
    trouble::report(cx, &trouble, now).await
}
