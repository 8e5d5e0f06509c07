//! Resuming: what a restored copy would send now, and letting it.
//!
//! In: the held store. Out: what waits in the outbox and what the ladder would say, then nothing is held. Invariant: looking
//! changes nothing. Refuses to send: that is delivering, afterwards.

use super::remind::Reminder;
use super::{Context, digest};
use crate::model::text::one_line;
use crate::model::{AlertId, ContactId};
use crate::store::{AlertFilter, NotificationFilter, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Messages listed at most.
const SHOWN: usize = 1_000;

/// A message that would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// To whom.
    pub contact: ContactId,
    /// Planned before the copy was taken, so it may have been sent since; else due by now.
    pub planned_at: Option<Timestamp>,
    /// About these alerts.
    pub alerts: Vec<AlertId>,
    /// About what, in words.
    pub about: Vec<String>,
}

/// What a resume would do, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// When the copy was taken that this data is; none when nothing is held.
    pub copied_at: Option<Timestamp>,
    /// What would go, or goes now.
    pub messages: Vec<Waiting>,
    /// Whether it was let go.
    pub resumed: bool,
}

/// Lists what would go and, with `go`, lets it.
///
/// # Errors
/// The store's.
pub async fn resume(cx: &Context, by: &str, go: bool, now: Timestamp) -> Result<Resume, StoreError> {
    let Some(copied_at) = cx.store.held().await? else {
        return Ok(Resume { copied_at: None, messages: Vec::new(), resumed: false });
    };
    let pending = NotificationFilter { state: Some("pending".into()), limit: SHOWN, ..NotificationFilter::default() };
    let mut messages = Vec::new();
    for n in cx.store.notifications(pending).await?.into_iter().rev() {
        let mut about = about(cx, &n.alerts).await?;
        about.extend(n.digest.map(|owner| digest_of(&owner)));
        messages.push(Waiting { contact: n.contact, planned_at: Some(n.created_at), alerts: n.alerts, about });
    }
    let due = Reminder { cx: cx.clone() }.look(now).await?;
    for n in due.notifications {
        let mut alerts: Vec<AlertId> = n.obligations.iter().map(|o| o.alert).collect();
        alerts.dedup();
        let about = about(cx, &alerts).await?;
        messages.push(Waiting { contact: n.contact.id, planned_at: None, alerts, about });
    }
    for d in digest::look(cx, now).await?.digests {
        let about = vec![digest_of(&d.of.owner)];
        messages.push(Waiting { contact: d.contact.id, planned_at: None, alerts: Vec::new(), about });
    }
    if go {
        cx.store.resume(one_line(by, 80), now).await?;
        cx.nudges.remind.notify_one();
        cx.nudges.deliver.notify_waiters();
    }
    Ok(Resume { copied_at: Some(copied_at), messages, resumed: go })
}

fn digest_of(owner: &str) -> String {
    format!("digest for {owner}")
}

async fn about(cx: &Context, alerts: &[AlertId]) -> Result<Vec<String>, StoreError> {
    let mut out = Vec::new();
    for id in alerts.iter().take(20) {
        let f = AlertFilter { id: Some(*id), limit: 1, ..AlertFilter::default() };
        out.extend(cx.store.alerts(f).await?.into_iter().map(|(_, m)| one_line(&m.title, 100)));
    }
    Ok(out)
}
