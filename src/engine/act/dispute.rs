//! A person says that a date is wrong: the claim stands disputed, and the operators are told.
//!
//! In: the matter, who, why. Out: a claim of the source `forewarn/disputed`, and a trouble. Invariant: until somebody pins
//! the truth, reminders follow the earliest date. Refuses to decide who is right.

use super::Context;
use crate::engine::private::dropped;
use crate::engine::record::{Heeded, record};
use crate::engine::trouble::{self, Trouble};
use crate::model::matter::DISPUTED;
use crate::model::observation::Ending;
use crate::model::text::one_line;
use crate::model::{By, Change, Fact, MatterState, Observation, Rank, Severity, SourceId, Trust};
use crate::rules::fold::Heard;
use crate::store::{Recording, StoreError};
use jiff::Timestamp;

pub(super) async fn tell(
    cx: &Context,
    matter: &MatterState,
    by: &By,
    note: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let source = SourceId::new(DISPUTED).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let (by, note) = (one_line(&by.who, 80), one_line(note, 500));
    let was = matter.deadline.as_ref().map_or_else(|| "no date".to_owned(), crate::model::Deadline::in_words);
    let doubt = Ending {
        announced_on: None,
        deadline: None,
        replacements: matter.replacements.clone(),
        quote: format!("{was} is wrong, says {by}: {note}"),
        rank: Rank::Mail,
        ended: false,
        stage: None,
        review: None,
        after: crate::model::Aftermath::default(),
    };
    let seen = Observation { fact: Fact::Ending(doubt), ..dropped(matter, &source, now) };
    let heard = Heard { at: now, baseline: false };
    let heeded = Heeded { payload: None, trust: Trust::Fetched, heard, quiet: None, seen };
    record(cx, vec![heeded], Recording { now, ..Recording::default() }).await?;
    let trouble = Trouble {
        provider: trouble::ourselves()?,
        about: format!("disputed/{}", matter.id),
        change: Change::Opened,
        severity: Severity::Minor,
        title: format!("{by} says that the date of {} is wrong", matter.id),
        summary: format!(
            "{was}: {note}. Reminders follow the earlier date. Look, then say what is true: forewarn deprecations pin {} --date DATE --note WHERE",
            matter.id
        ),
        native_id: None,
    };
    trouble::report(cx, &trouble, now).await
}
