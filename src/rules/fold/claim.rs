//! What a source's new word makes of the claim it had: the part of folding that looks at one source only.
//!
//! In: the claim before, what is said now. Out: the claim after. Invariants: a date that is not read keeps the one that
//! was; a changed date of a source that is read again and again counts only when it was read twice, so many minutes
//! apart. Refuses to compare sources: that is the matter's.

use crate::model::observation::Ending;
use crate::model::{Claim, Observation, Pending, SourceId};
use jiff::{SignedDuration, Timestamp};

/// A changed date counts when it is read again after so long.
pub const TWICE_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// The name forewarn gives to what people say, in `forewarn/pinned` and `forewarn/config`.
const OURSELVES: &str = "forewarn";

/// What a source said about an ending, as a claim; damped against what it said before.
pub(super) fn merge(old: Option<&Claim>, seen: &Observation, e: &Ending, at: Timestamp) -> Claim {
    let said = Claim {
        deadline: e.deadline.clone(),
        announced_on: e.announced_on,
        replacements: e.replacements.clone(),
        text: e.quote.clone(),
        url: seen.url.clone(),
        ended: e.ended,
        review: e.review.clone(),
        after: e.after.clone(),
        ..Claim::new(e.rank, at)
    };
    let Some(old) = old else { return said };
    // A date given once that is not given again: the page flips, and which of its copies is right nobody knows.
    let taken_back = old.pending.as_ref().zip(e.deadline.as_ref()).is_some_and(|(p, d)| !p.deadline.same_as(d));
    let flips = old.flips + u32::from(taken_back);
    let mut new = Claim { redirect: old.redirect.clone(), flips, ..said };
    match (&old.deadline, &new.deadline) {
        (Some(known), None) => {
            // The words of the date stay with the date they were read from.
            new.deadline = Some(known.clone());
            new.pending.clone_from(&old.pending);
        }
        (Some(known), Some(date)) if !known.same_as(date) && !says_once(&seen.source) => {
            let since = old.pending.as_ref().filter(|p| p.deadline.same_as(date)).map_or(at, |p| p.since);
            if at.duration_since(since) < TWICE_WITHIN {
                let (replacements, text) = (new.replacements.clone(), new.text.clone());
                let pending = Pending { deadline: date.clone(), replacements, text, since };
                let (ended, review, after) = (new.ended, new.review, new.after);
                return Claim { pending: Some(pending), read_at: at, ended, flips, review, after, ..old.clone() };
            }
            // It counts now: what was taken back before is settled.
            new.flips = 0;
        }
        (_, _) => {}
    }
    new
}

/// A message, or a person, says a thing once: nothing more can be waited for. A page that is read again can flip.
fn says_once(source: &SourceId) -> bool {
    let kind = source.name().split('.').next().unwrap_or_default();
    source.provider() == OURSELVES || matches!(kind, "webhook" | "mail")
}
