//! What the readers of pages and lists have in common: an ending, made into an observation.
//!
//! In: a subject, an [`Ending`] and the words around it. Out: an [`Observation`] of kind deprecation. Invariant: it
//! happened on the day of its announcement, if that is not after it was heard; else when it was heard. Refuses nothing.

use super::ReadContext;
use crate::model::observation::Ending;
use crate::model::text::{one_line, safe_link};
use crate::model::{Fact, Kind, Observation, Severity, Subject};
use jiff::tz::TimeZone;

/// An observation that `subject` ends; `words` is how it is written there, `page` where people read about it.
pub fn observation(
    ctx: &ReadContext,
    subject: Subject,
    words: &str,
    summary: &str,
    page: &str,
    ending: Ending,
) -> Observation {
    let announced_at = ending.announced_on.and_then(|d| TimeZone::UTC.to_timestamp(d.at(0, 0, 0, 0)).ok());
    Observation {
        provider: ctx.provider.clone(),
        source: ctx.source.clone(),
        connection: ctx.connection.clone(),
        kind: Kind::Deprecation,
        matter: subject.matter_id(),
        native_type: None,
        native_id: None,
        severity: Severity::Major,
        title: format!("{} shuts down", one_line(words, 80)),
        summary: one_line(summary, 200),
        url: safe_link(page),
        subjects: vec![subject],
        money: None,
        fact: Fact::Ending(ending),
        occurred_at: announced_at.filter(|at| *at <= ctx.received_at).unwrap_or(ctx.received_at),
    }
}
