//! Acting: what a person does about an alert, whatever way they took. The one door for the command line, the API, pages,
//! Slack's buttons and the links of mails.
//!
//! In: an [`Act`]: which alert, what, who. Call `act(&cx, Act { alert, episode: None, action: Action::Snooze { until:
//! Until::Day(day), note: None }, by: By { who, via: Via::Page } }, now).await`; links and buttons name the `episode` their
//! message was about. Out: [`Acted`]: the alert after, what was said in words, and advice to show the person. Invariant:
//! durable and in the audit before it returns; those who were told hear in the thread who acted. An error that is
//! [`ActError::Refused`] is the person's to mend (409 or a line on a page), [`ActError::Store`] is ours (503). Refuses to
//! know who may act: whoever calls has asked.

mod advice;
mod dispute;
mod used;

pub use used::Reopener;

use super::Context;
use crate::model::{
    Act, Action, Alert, AlertId, AlertState, Contact, ContactId, MatterState, NewNotification, Reason, ResolveReason,
    StepKey,
};
use crate::notify::hears_of_acts;
use crate::rules::answer::{Facts, Refused, apply, is_shared};
use crate::rules::group::group;
use crate::rules::ladder::Due;
use crate::store::{ActOutcome, Acting, AlertFilter, Deed, StoreError, Thread};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often an act that met a newer alert is tried again.
const TRIES: usize = 5;
/// Alerts of one owner looked at for a wave.
const MATES: usize = 10_000;

/// What an act came to.
#[derive(Debug, Clone, Serialize)]
pub struct Acted {
    /// The alert after.
    pub alert: Alert,
    /// What was done, for a person: `acknowledged, plan Tue 12 Jan 2027`.
    pub said: String,
    /// The other alerts of its wave that it counted for.
    pub also: Vec<AlertId>,
    /// What the person should do besides, a line each.
    pub advice: Vec<String>,
}

/// Why an act was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The person must do something differently.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ActError {
    /// Whether there is no such alert.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(Refused::NotFound(_)))
    }
}

/// An alert with its matter.
type Pair = (Alert, Arc<MatterState>);

/// Does it.
///
/// # Errors
/// [`ActError`].
pub async fn act(cx: &Context, act: Act, now: Timestamp) -> Result<Acted, ActError> {
    let now = cx.steady(now);
    for _ in 0..TRIES {
        let (alert, matter) = find(cx, act.alert).await?;
        if act.episode.is_some_and(|e| e != alert.episode) {
            return Err(Refused::OldEpisode(alert.id).into());
        }
        check_others(cx, &act, &alert).await?;
        let mut after = vec![changed(cx, &act, &alert, &matter, now)?];
        if is_shared(&act.action) {
            for (mate, of) in mates(cx, &alert, &matter).await? {
                // A mate that cannot follow (its own deadline is earlier) is left as it is.
                after.extend(changed(cx, &act, &mate, &of, now));
            }
        }
        let acting = acting(cx, &act, &alert, &after, now).await?;
        match cx.store.act(acting).await? {
            ActOutcome::Done => {
                if let Action::Resolve { reason: ResolveReason::WrongDate, note, .. } = &act.action {
                    dispute::tell(cx, &matter, &act.by, note.as_deref().unwrap_or_default(), now).await?;
                }
                cx.nudges.remind.notify_one();
                cx.nudges.deliver.notify_waiters();
                let also = after.iter().skip(1).map(|a| a.id).collect();
                let advice = advice::advice(&cx.directory, &act.action, &alert, &matter);
                let (alert, _) = find(cx, act.alert).await?;
                let said = alert.said.as_ref().map_or_else(String::new, |s| s.words.clone());
                return Ok(Acted { alert, said, also, advice });
            }
            ActOutcome::Stale => {}
        }
    }
    Err(StoreError::Unavailable("the alert kept changing meanwhile".into()).into())
}

async fn find(cx: &Context, id: AlertId) -> Result<Pair, ActError> {
    let filter = AlertFilter { id: Some(id), limit: 1, ..AlertFilter::default() };
    Ok(cx.store.alerts(filter).await?.pop().ok_or(Refused::NotFound(id))?)
}

fn changed(cx: &Context, act: &Act, alert: &Alert, matter: &MatterState, now: Timestamp) -> Result<Alert, Refused> {
    let owner = cx.directory.owner(&alert.owner);
    apply(&act.action, &act.by, Facts { alert, matter, owner, now })
}

/// Open alerts of the same wave and owner.
async fn mates(cx: &Context, alert: &Alert, matter: &MatterState) -> Result<Vec<Pair>, StoreError> {
    let Some(of) = matter.wave() else { return Ok(Vec::new()) };
    let filter = AlertFilter { owner: Some(alert.owner.clone()), limit: MATES, ..AlertFilter::default() };
    let mut all = cx.store.alerts(filter).await?;
    all.retain(|(a, m)| {
        a.id != alert.id && a.state != AlertState::Resolved && !m.is_over() && m.wave().as_ref() == Some(&of)
    });
    Ok(all)
}

/// What other alerts and owners have to say about it.
async fn check_others(cx: &Context, act: &Act, alert: &Alert) -> Result<(), ActError> {
    match &act.action {
        Action::Reassign { to, .. } if !cx.directory.has_owner(to) => {
            let known: Vec<&str> = cx.directory.owners().map(|o| o.name.as_str()).collect();
            Err(Refused::NoOwner(crate::model::text::one_line(to, 64), known.join(", ")).into())
        }
        Action::Reassign { to, .. } => {
            let theirs = AlertFilter { owner: Some(to.clone()), limit: MATES, ..AlertFilter::default() };
            let same = cx.store.alerts(theirs).await?.into_iter().find(|(a, _)| a.matter == alert.matter);
            match same {
                Some((a, _)) if a.id != alert.id => Err(Refused::HasOne { owner: to.clone(), alert: a.id }.into()),
                Some(_) | None => Ok(()),
            }
        }
        Action::Resolve { reason: ResolveReason::Duplicate, duplicate_of: Some(of), .. } => {
            find(cx, *of).await.map(drop)
        }
        Action::Resolve { .. } | Action::Acknowledge { .. } | Action::Snooze { .. } | Action::Reopen { .. } => Ok(()),
    }
}

/// Everything that one act writes.
async fn acting(
    cx: &Context,
    act: &Act,
    before: &Alert,
    after: &[Alert],
    now: Timestamp,
) -> Result<Acting, StoreError> {
    let word = word_of(&act.action);
    let audit = after
        .iter()
        .map(|a| Deed {
            by: act.by.to_string(),
            what: word,
            subject: a.matter.to_string(),
            detail: format!("#{} {}: {}", a.id, before.owner, a.said.as_ref().map_or("", |s| s.words.as_str())),
        })
        .collect();
    let threads = match &act.action {
        Action::Resolve { reason: ResolveReason::Duplicate, duplicate_of: Some(of), .. } => {
            let filter = AlertFilter { id: Some(*of), limit: 1, ..AlertFilter::default() };
            let other = cx.store.alerts(filter).await?.pop().map(|(a, _)| a.matter);
            other.map(|into| Thread::Merged { from: before.matter.clone(), into }).into_iter().collect()
        }
        Action::Reassign { to, .. } => same_address(cx, &before.owner, to)
            .into_iter()
            .map(|(from, to)| Thread::Handed { matter: before.matter.clone(), from, to })
            .collect(),
        Action::Resolve { .. } | Action::Acknowledge { .. } | Action::Snooze { .. } | Action::Reopen { .. } => {
            Vec::new()
        }
    };
    let handed = match &act.action {
        Action::Reassign { .. } => Some((before.owner.clone(), before.id)),
        Action::Resolve { .. } | Action::Acknowledge { .. } | Action::Snooze { .. } | Action::Reopen { .. } => None,
    };
    let notes = notes(cx, act, after).await?;
    Ok(Acting { alerts: after.to_vec(), audit, notes, threads, handed, now })
}

fn word_of(action: &Action) -> &'static str {
    match action {
        Action::Acknowledge { .. } => "alert.acknowledged",
        Action::Snooze { .. } => "alert.snoozed",
        Action::Resolve { reason: ResolveReason::WrongDate, .. } => "alert.disputed",
        Action::Resolve { .. } => "alert.resolved",
        Action::Reopen { .. } => "alert.reopened",
        Action::Reassign { .. } => "alert.reassigned",
    }
}

/// A word in each thread of those who were told. What is reopened speaks for itself.
async fn notes(cx: &Context, act: &Act, after: &[Alert]) -> Result<Vec<NewNotification>, StoreError> {
    if matches!(&act.action, Action::Reopen { services, .. } if services.is_empty()) {
        return Ok(Vec::new());
    }
    let mut dues = Vec::with_capacity(after.len());
    for a in after {
        let told = cx.store.told_of(a.matter.clone()).await?;
        let names: BTreeSet<ContactId> = told.into_iter().filter(|t| t.alert == a.id).map(|t| t.contact).collect();
        let contacts: Vec<Contact> = names
            .iter()
            .filter_map(|id| cx.directory.contact(id))
            .filter(|c| hears_of_acts(&c.channel))
            .cloned()
            .collect();
        let n = a.said.as_ref().map_or(0, |s| s.n);
        let step = acted(n);
        dues.push((a, Due { step, occurrence: 0, deadline_revision: 0, reason: Reason::Acted, contacts }));
    }
    Ok(group(dues.iter().map(|(a, due)| (a.id, a.episode, crate::model::Kind::Deprecation, due))))
}

/// The step of the word about the n-th act.
pub fn acted(n: u32) -> StepKey {
    StepKey(format!("acted-{n}"))
}

/// Contacts of two owners at one address: their conversation goes on.
fn same_address(cx: &Context, from: &str, to: &str) -> Vec<(ContactId, ContactId)> {
    let (from, to) = (cx.directory.owner(from), cx.directory.owner(to));
    let pairs = from.contacts.iter().flat_map(|a| to.contacts.iter().map(move |b| (a, b)));
    pairs
        .filter(|(a, b)| a.channel == b.channel && a.address == b.address)
        .map(|(a, b)| (a.id.clone(), b.id.clone()))
        .collect()
}
