//! Acknowledging: somebody has seen it and says what will happen.
//!
//! In: an alert, who, a note, a plan date. Out: a durable answer. Invariant: durable before it is said to be done.
//! Refuses a plan after the deadline, and answers to what is over.

use super::Context;
use crate::model::text::one_line;
use crate::model::{Acknowledgement, Alert, AlertId};
use crate::store::{AckOutcome, AlertFilter, StoreError};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// An answer as it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Which alert.
    pub alert: AlertId,
    /// Who.
    pub by: String,
    /// What they said.
    pub note: Option<String>,
    /// When they mean to be done.
    pub plan_on: Option<Date>,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AckError {
    /// No such alert.
    #[error("there is no alert #{0}: see forewarn alerts")]
    NotFound(AlertId),
    /// It is over.
    #[error("alert #{0} is resolved already: nothing more is sent about it")]
    Resolved(AlertId),
    /// The plan comes too late.
    #[error("plan {plan} is not before the deadline {deadline}: plan for {deadline} at the latest")]
    TooLate {
        /// What was planned.
        plan: Date,
        /// What it must not pass.
        deadline: Date,
    },
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes an answer.
///
/// # Errors
/// [`AckError`], each with what to do.
pub async fn acknowledge(cx: &Context, a: Answer, now: Timestamp) -> Result<Alert, AckError> {
    let filter = AlertFilter { id: Some(a.alert), limit: 1, ..AlertFilter::default() };
    let Some((_, matter)) = cx.store.alerts(filter).await?.pop() else { return Err(AckError::NotFound(a.alert)) };
    let deadline = matter.remind_by().map(|d| d.date);
    if let (Some(plan), Some(deadline)) = (a.plan_on, deadline)
        && plan > deadline
    {
        return Err(AckError::TooLate { plan, deadline });
    }
    let ack = Acknowledgement {
        by: one_line(&a.by, 80),
        at: now,
        note: a.note.map(|n| one_line(&n, 500)),
        plan_on: a.plan_on,
        deadline_on: deadline,
    };
    match cx.store.acknowledge(a.alert, ack).await? {
        AckOutcome::Done(alert) => {
            cx.nudges.remind.notify_one();
            Ok(*alert)
        }
        AckOutcome::NotFound => Err(AckError::NotFound(a.alert)),
        AckOutcome::Resolved => Err(AckError::Resolved(a.alert)),
    }
}
