//! What our own clients saw: `Deprecation` and `Sunset` headers of responses, told to us by a gateway or an application.
//!
//! In: a subject, the headers, where they were seen. Out: a claim of the source `PROVIDER/observed`, of the lowest rank.
//! Invariant: all of a batch is on disk before it is said to be taken, or none of it. Refuses providers nobody knows, and
//! values that are not in the form of their RFC.

use super::Context;
use super::record::{Heeded, record};
use crate::model::text::{one_line, safe_link};
use crate::model::{Fact, Kind, MatterId, Observation, Severity, SourceId, Subject, Trust};
use crate::rules::fold::Heard;
use crate::rules::sunset;
use crate::store::{Recording, StoreError};
use jiff::Timestamp;
use serde::Deserialize;

/// Most observations of one request.
pub const MOST: usize = 1_000;

/// What a client saw.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What answered so: `openai:gpt-demo-1`, `stripe:api/2024-06-20`.
    pub subject: String,
    /// The value of `Deprecation`.
    pub deprecation: Option<String>,
    /// The value of `Sunset`.
    pub sunset: Option<String>,
    /// The address that answered, or the one its `Link` names.
    pub url: Option<String>,
    /// Who saw it: `gateway-eu`.
    pub by: Option<String>,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// One of them is wrong; none was taken.
    #[error("observation {place}: {why}")]
    Wrong {
        /// Which, from 0.
        place: usize,
        /// What is wrong and what is allowed.
        why: String,
    },
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a batch; the matters it speaks of.
///
/// # Errors
/// [`ObserveError`], with the place.
pub async fn observe(cx: &Context, batch: &[Seen], now: Timestamp) -> Result<Vec<MatterId>, ObserveError> {
    let wrong = |place, why| ObserveError::Wrong { place, why };
    if batch.len() > MOST {
        return Err(wrong(MOST, format!("more than {MOST} at once: send several requests")));
    }
    let (mut heeded, mut matters) = (Vec::new(), Vec::new());
    for (place, s) in batch.iter().enumerate() {
        let seen = observation(cx, s, now).map_err(|why| wrong(place, why))?;
        matters.extend(seen.matter.clone());
        let heard = Heard { at: now, baseline: false };
        heeded.push(Heeded { payload: None, trust: Trust::Fetched, heard, quiet: None, seen });
    }
    record(cx, heeded, Recording { now, ..Recording::default() }).await?;
    Ok(matters)
}

fn observation(cx: &Context, s: &Seen, now: Timestamp) -> Result<Observation, String> {
    let subject = Subject::parse(&s.subject).ok_or_else(|| {
        let text = one_line(&s.subject, 100);
        format!(
            "{text:?} is no subject: write PROVIDER[/ACCOUNT]:[TYPE/]ID[~REGION], for example \"openai:gpt-demo-1\""
        )
    })?;
    if cx.catalog.get(subject.platform.as_str()).is_none() {
        return Err(format!("there is no provider {:?}: see forewarn providers", subject.platform.as_str()));
    }
    let mut ending = sunset::read(s.deprecation.as_deref(), s.sunset.as_deref())?;
    if let Some(by) = s.by.as_ref().map(|b| one_line(b, 60)).filter(|b| !b.is_empty()) {
        ending.quote.push_str(&format!(" (seen by {by})"));
    }
    let url = match &s.url {
        None => None,
        Some(u) => Some(safe_link(u).ok_or_else(|| "url is no web address: write https://…".to_owned())?),
    };
    Ok(Observation {
        provider: subject.platform.clone(),
        source: SourceId::of(&subject.platform, "observed").map_err(|e| e.to_string())?,
        connection: None,
        kind: Kind::Deprecation,
        matter: subject.matter_id(),
        native_type: None,
        native_id: None,
        severity: Severity::Major,
        title: format!("{} shuts down", one_line(&subject.id, 80)),
        summary: "A client of ours saw it announced in the headers of a response.".into(),
        url,
        subjects: vec![subject],
        money: None,
        fact: Fact::Ending(ending),
        occurred_at: now,
    })
}
