//! The private deadlines of the config, kept equal to what is stored: what is new or changed is said, what is gone is
//! taken back.
//!
//! In: the directory. Out: claims of the source `forewarn/config`. Invariant: saying the same again changes nothing. A
//! deadline that is new is a baseline: whoever wrote it knows of it, so only its ladder speaks. Refuses to judge dates.

use super::record::{Heeded, record};
use super::{Context, Report};
use crate::model::matter::CONFIGURED;
use crate::model::{Fact, MatterState, Observation, SourceId, Trust};
use crate::rules::fold::Heard;
use crate::store::{Recording, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The job.
pub struct PrivateDeadlines {
    /// What it works with.
    pub cx: Context,
}

impl PrivateDeadlines {
    /// Compares once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let source = SourceId::new(CONFIGURED).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let named = self.cx.directory.deadlines.iter().map(|d| d.matter.clone()).collect();
        let stored = self.cx.store.matters(named).await?;
        let stored: BTreeMap<&str, &MatterState> = stored.iter().map(|m| (m.id.as_str(), m)).collect();
        let mut heeded = Vec::new();
        let mut say = |seen: Observation, baseline| {
            heeded.push(Heeded {
                payload: None,
                trust: Trust::Fetched,
                heard: Heard { at: now, baseline },
                quiet: None,
                seen,
            });
        };
        for d in &self.cx.directory.deadlines {
            let seen = d.observation(&source, now);
            let known = stored.get(d.matter.as_str());
            if !known.is_some_and(|m| says_the_same(m, &source, &seen)) {
                say(seen, known.is_none());
            }
        }
        let configured = self.cx.store.configured().await?;
        for m in configured.iter().filter(|m| self.cx.directory.private(&m.id).is_none()) {
            say(dropped(m, &source, now), false);
        }
        if heeded.is_empty() {
            return Ok(Report::default());
        }
        let count = heeded.len();
        record(&self.cx, heeded, Recording { now, ..Recording::default() }).await?;
        Ok(Report { summary: format!("{count} deadlines of the config"), ..Report::default() })
    }
}

fn says_the_same(m: &MatterState, source: &SourceId, seen: &Observation) -> bool {
    let (Some(claim), Fact::Ending(e)) = (m.claims.get(source), &seen.fact) else { return false };
    let date = |d: &Option<crate::model::Deadline>| d.as_ref().map(|d| d.date);
    date(&claim.deadline) == date(&e.deadline)
        && (&claim.text, &claim.url, &claim.replacements) == (&e.quote, &seen.url, &e.replacements)
}

/// The claim of a source taken back by a person.
pub(super) fn dropped(m: &MatterState, source: &SourceId, now: Timestamp) -> Observation {
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
        url: m.url.clone(),
        subjects: m.subjects.clone(),
        money: None,
        fact: Fact::Dropped,
        occurred_at: now,
    }
}
