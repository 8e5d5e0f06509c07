//! Following: what stands at channels is kept as its alert stands.
//!
//! In: posts whose moment has come. Out: alerts sent again to what forgets them. Invariant: looking changes nothing of an
//! alert that goes on; a channel that does not answer is asked again later. Refuses to tell people: the outbox does.

use super::deliver::Deliverer;
use super::{Report, usage};
use crate::model::{AlertState, Reason, StepKey};
use crate::notify::{Body, Channel, Message, Outcome};
use crate::store::{ClaimedRow, PostDue, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Posts looked at in one tick.
const BATCH: usize = 100;
/// Wait after a channel did not answer.
const LATER: SignedDuration = SignedDuration::from_mins(5);

/// The job.
pub struct Follower {
    /// How messages are made.
    pub deliverer: Deliverer,
}

impl Follower {
    /// Looks once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let store = &self.deliverer.cx.store;
        let due = store.posts_due(now, BATCH).await?;
        for post in &due {
            let next_at = self.look(post, now).await?;
            store.post_seen(post.alert.id, post.contact.clone(), next_at).await?;
        }
        let summary = if due.is_empty() { String::new() } else { format!("{} posts", due.len()) };
        Ok(Report { summary, more: due.len() == BATCH, pause: None })
    }

    /// When to look again.
    async fn look(&self, post: &PostDue, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let d = &self.deliverer;
        let later = |wait: SignedDuration| now.checked_add(wait).ok();
        let (Some(channel), Some(contact)) = (d.channels.get(&post.channel), d.cx.directory.contact(&post.contact))
        else {
            return Ok(None);
        };
        let Some(wait) = channel.looks_again() else { return Ok(None) };
        if !matches!(channel, Channel::Alertmanager(_)) || post.alert.state == AlertState::Resolved {
            return Ok(None);
        }
        let book = usage::book(&d.cx, now).await?;
        let row = d.row(&standing(post), &book, now);
        let message = Message {
            key: format!("{}-{}", post.alert.id, now.as_second()),
            contact: contact.clone(),
            thread: None,
            place: Some(post.place.clone()),
            now,
            zone: d.cx.directory.owner(&contact.owner).zone.clone(),
            body: Body::Acted { rows: vec![row], said: String::new() },
        };
        match channel.send(&message).await {
            Outcome::Delivered { .. } => Ok(later(wait)),
            Outcome::Retry { reason, .. }
            | Outcome::Rejected { reason }
            | Outcome::Unreachable { reason }
            | Outcome::Unauthorized { reason } => {
                tracing::warn!(channel = %post.channel, alert = %post.alert.id, "what stands there could not be renewed: {reason}");
                Ok(later(LATER))
            }
        }
    }
}

/// An alert as it stands, not as something new about it.
fn standing(post: &PostDue) -> ClaimedRow {
    ClaimedRow {
        episode: post.alert.episode,
        step: StepKey("standing".into()),
        deadline_revision: post.matter.deadline.as_ref().map_or(0, |d| d.revision),
        reason: Reason::Reminder,
        moved_from: None,
        read_at: None,
        alert: post.alert.clone(),
        matter: post.matter.clone(),
    }
}
