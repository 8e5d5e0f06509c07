//! forewarn's own troubles: matters of kind `source`, told to `operators`.
//!
//! In: what went wrong, or right again. Out: an event, through the same path as everything else. Invariant: a trouble is
//! told when it begins and when it ends, not each time it is met. Refuses to tell operators that their own channel is
//! dead: that turns health red instead.

use super::Context;
use super::record::{Heeded, record};
use crate::model::text::one_line;
use crate::model::{
    Change, Fact, Kind, MatterId, Observation, ProviderId, Recipient, Severity, SourceId, Subject, SubjectType, Trust,
};
use crate::rules::fold::{Heard, fold};
use crate::store::{RecordOutcome, Recording, RoutedEvent, Routing, StoreError};
use jiff::Timestamp;

/// How often a recording that met a newer state is folded again.
const TRIES: usize = 5;

/// Something that went wrong or came right.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Whose source it is; `forewarn` for our own parts.
    pub provider: ProviderId,
    /// What it is about, `deprecations` or `channel-slack`: names the matter.
    pub about: String,
    /// It began, went on or ended.
    pub change: Change,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What is known and what to do.
    pub summary: String,
    /// Makes two tellings of one trouble one event.
    pub native_id: Option<String>,
}

/// The name under which forewarn speaks of itself.
///
/// # Errors
/// Never: the name is a constant that fits the rule; the type of ids has no other way in.
pub fn ourselves() -> Result<ProviderId, StoreError> {
    ProviderId::new("forewarn").map_err(|e| StoreError::Damaged(e.to_string()))
}

impl Trouble {
    /// As an observation.
    ///
    /// # Errors
    /// A name that is no id.
    pub fn observation(&self, now: Timestamp) -> Result<Observation, StoreError> {
        let wrong = |e: crate::model::ids::IdError| StoreError::Damaged(e.to_string());
        Ok(Observation {
            provider: self.provider.clone(),
            source: SourceId::of(&self.provider, self.about.split('/').next().unwrap_or("self")).map_err(wrong)?,
            connection: None,
            kind: Kind::Source,
            matter: Some(MatterId::new(format!("{}:source/{}", self.provider, self.about)).map_err(wrong)?),
            native_type: None,
            native_id: self.native_id.clone(),
            severity: self.severity,
            title: one_line(&self.title, 200),
            summary: one_line(&self.summary, 1_000),
            url: None,
            subjects: vec![Subject::of(&self.provider, SubjectType::Product, self.about.clone())],
            money: None,
            fact: Fact::Episode { change: self.change },
            occurred_at: now,
        })
    }
}

/// Whether a trouble of our own was told of and not yet its end.
///
/// # Errors
/// The store's.
pub async fn is_open(cx: &Context, about: &str) -> Result<bool, StoreError> {
    let id =
        MatterId::new(format!("{}:source/{about}", ourselves()?)).map_err(|e| StoreError::Damaged(e.to_string()))?;
    Ok(cx.store.matters(vec![id]).await?.iter().any(|m| !m.is_over()))
}

/// Records a trouble.
///
/// # Errors
/// The store's.
pub async fn report(cx: &Context, trouble: &Trouble, now: Timestamp) -> Result<(), StoreError> {
    let heeded = Heeded {
        payload: None,
        trust: Trust::Fetched,
        heard: Heard { at: now, baseline: false },
        seen: trouble.observation(now)?,
        quiet: None,
    };
    record(cx, vec![heeded], Recording { now, ..Recording::default() }).await.map(drop)
}

/// Records a trouble of which somebody else than the operators is told.
///
/// # Errors
/// The store's.
pub async fn report_to(cx: &Context, trouble: &Trouble, to: Recipient, now: Timestamp) -> Result<(), StoreError> {
    let seen = trouble.observation(now)?;
    for _ in 0..TRIES {
        let id = seen.matter.clone().into_iter().collect();
        let known = cx.store.matters(id).await?.pop();
        let folded = fold(known.as_ref(), &seen, Heard { at: now, baseline: false });
        let routing = Routing::Tell(vec![to.clone()]);
        let events =
            folded.events.into_iter().map(|event| RoutedEvent { payload: None, event, routing: routing.clone() });
        let recording = Recording {
            events: events.collect(),
            matters: folded.state.into_iter().collect(),
            now,
            ..Recording::default()
        };
        if let RecordOutcome::Done { .. } = cx.store.record(recording).await? {
            cx.nudges.remind.notify_one();
            return Ok(());
        }
    }
    Err(StoreError::Unavailable("the state kept changing while it was folded".into()))
}
