//! Confirming: another date that a page gave once counts when the page was read well again later and still gives it.
//!
//! In: claims with a pending date, when their sources were last read. Out: the same word once more, folded as any other.
//! Invariant: only a read at least ten minutes after the first confirms; one whose body still waits in the inbox does not.
//! Refuses to fetch: the poller asks again soon after a page has changed.

use super::record::{Heeded, record};
use super::{Context, Report};
use crate::model::observation::Ending;
use crate::model::{Claim, Fact, MatterState, Observation, Pending, SourceId, Stage, Trust};
use crate::rules::fold::{Heard, TWICE_WITHIN};
use crate::store::{Recording, SourceRow, StoreError};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::BTreeMap;

/// The job.
pub struct Confirmer {
    /// What it works with.
    pub cx: Context,
}

impl Confirmer {
    /// Looks at every pending date once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let store = &self.cx.store;
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        if store.unconfirmed(today).await?.is_empty() {
            return Ok(Report::default());
        }
        // In this order: what a source row says was read is in the inbox by then, and an empty inbox says it was folded.
        let sources: BTreeMap<SourceId, SourceRow> =
            store.sources().await?.into_iter().map(|r| (r.id.clone(), r)).collect();
        if store.backlog().await?.0 > 0 {
            return Ok(Report::default());
        }
        let mut heeded = Vec::new();
        for matter in store.unconfirmed(today).await? {
            // A source said before the date that it has ended; now the date has come and proves it.
            let proven = matter.stage == Stage::Announced && matter.end_is_proven(today);
            if let Some((source, claim)) = matter.claims.iter().find(|(_, c)| proven && c.ended) {
                let at = now;
                let seen = said_again(&matter, source, claim, at);
                let heard = Heard { at, baseline: false };
                heeded.push(Heeded { quiet: None, payload: None, trust: Trust::Fetched, heard, seen });
            }
            for (source, claim) in &matter.claims {
                let Some(pending) = &claim.pending else { continue };
                let again = sources.get(source).and_then(|r| r.last_ok_at);
                let Some(at) = again.filter(|at| at.duration_since(pending.since) >= TWICE_WITHIN) else { continue };
                heeded.push(Heeded {
                    quiet: None,
                    payload: None,
                    trust: Trust::Fetched,
                    heard: Heard { at, baseline: false },
                    seen: once_more(&matter, source, pending, at),
                });
            }
        }
        if heeded.is_empty() {
            return Ok(Report::default());
        }
        let events = record(&self.cx, heeded, Recording { now, ..Recording::default() }).await?;
        Ok(Report { summary: format!("{events} dates confirmed"), ..Report::default() })
    }
}

/// What a source said last.
fn said_again(m: &MatterState, source: &SourceId, claim: &Claim, at: Timestamp) -> Observation {
    let (deadline, replacements) = (claim.deadline.clone(), claim.replacements.clone());
    let last = Ending { deadline, replacements, quote: claim.text.clone(), ..ending(claim) };
    of_claim(m, source, claim, last, at)
}

fn ending(claim: &Claim) -> Ending {
    Ending {
        announced_on: claim.announced_on,
        deadline: None,
        replacements: Vec::new(),
        quote: String::new(),
        rank: claim.rank,
        ended: claim.ended,
        stage: None,
        review: claim.review.clone(),
        after: claim.after.clone(),
    }
}

/// What the source says, as it said it the first time.
fn once_more(m: &MatterState, source: &SourceId, pending: &Pending, at: Timestamp) -> Observation {
    let claim = &m.claims[source];
    let said = Ending {
        deadline: Some(pending.deadline.clone()),
        replacements: pending.replacements.clone(),
        quote: pending.text.clone(),
        ..ending(claim)
    };
    of_claim(m, source, claim, said, at)
}

fn of_claim(m: &MatterState, source: &SourceId, claim: &Claim, said: Ending, at: Timestamp) -> Observation {
    Observation {
        provider: m.provider.clone(),
        source: source.clone(),
        connection: m.connection.clone(),
        kind: m.kind,
        matter: Some(m.id.clone()),
        native_type: None,
        native_id: None,
        severity: m.severity,
        title: m.title.clone(),
        summary: m.summary.clone(),
        url: claim.url.clone().or_else(|| m.url.clone()),
        subjects: m.subjects.clone(),
        money: None,
        fact: Fact::Ending(said),
        occurred_at: at,
    }
}
