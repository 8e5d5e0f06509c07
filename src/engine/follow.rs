//! Following: what stands at channels is kept as its alert stands, and what people do there is heard.
//!
//! In: posts whose moment has come. Out: an alert sent again to what forgets it; an alert resolved whose ticket was closed.
//! Invariant: looking changes nothing of an alert that goes on; a channel that does not answer is asked again later.
//! Refuses to tell people: the outbox does.

use super::act::{ActError, act};
use super::deliver::{Deliverer, standing};
use super::{Report, usage};
use crate::model::{Act, Action, AlertState, By, Contact, ResolveReason, Via};
use crate::notify::ticket::Tracker;
use crate::notify::{Body, Channel, Message, Outcome};
use crate::store::{PostDue, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Posts looked at in one tick.
const BATCH: usize = 50;
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
            let wait = if post.alert.state == AlertState::Resolved { None } else { self.look(post, now).await? };
            let next_at = wait.and_then(|w| now.checked_add(w).ok());
            store.post_seen(post.alert.id, post.contact.clone(), next_at).await?;
        }
        let summary = if due.is_empty() { String::new() } else { format!("{} posts", due.len()) };
        Ok(Report { summary, more: due.len() == BATCH, pause: None })
    }

    /// After how long to look again; none when nothing stands there any more.
    async fn look(&self, post: &PostDue, now: Timestamp) -> Result<Option<SignedDuration>, StoreError> {
        let d = &self.deliverer;
        let (Some(channel), Some(contact)) = (d.channels.get(&post.channel), d.cx.directory.contact(&post.contact))
        else {
            return Ok(None);
        };
        let Some(wait) = channel.looks_again() else { return Ok(None) };
        match channel {
            Channel::Tickets(tracker) => self.ticket(post, tracker, contact, now).await,
            _ => self.renew(post, channel, contact, now).await,
        }
        .map(|well| well.then_some(wait).or(Some(LATER)))
    }

    /// A ticket that a person closed resolves its alert. Use seen later opens both again.
    async fn ticket(
        &self,
        post: &PostDue,
        tracker: &Tracker,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = match tracker.look(&contact.address, &post.place, now).await {
            Ok(found) => found,
            Err(outcome) => return Ok(self.failed(post, outcome)),
        };
        // One that was deleted says nothing; the next message opens another.
        if found.is_none_or(|ticket| ticket.open) {
            return Ok(true);
        }
        let ticket = if post.place.bytes().all(|b| b.is_ascii_digit()) {
            format!("{}#{}", contact.address, post.place)
        } else {
            post.place.clone()
        };
        let note = Some(format!("ticket {ticket} was closed"));
        let action =
            Action::Resolve { reason: ResolveReason::Migrated, note, services: Vec::new(), duplicate_of: None };
        let by = By { who: format!("{} ticket", post.channel), via: Via::Ticket };
        let closed = Act { alert: post.alert.id, episode: Some(post.alert.episode), action, by };
        match act(&self.deliverer.cx, closed, now).await {
            Ok(_) => Ok(true),
            Err(ActError::Store(e)) => Err(e),
            // Resolved or over meanwhile.
            Err(ActError::Refused(_)) => Ok(true),
        }
    }

    /// Sends again what the channel forgets.
    async fn renew(
        &self,
        post: &PostDue,
        channel: &Channel,
        contact: &Contact,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let d = &self.deliverer;
        let book = usage::book(&d.cx, now).await?;
        let row = d.row(&standing(&post.alert, &post.matter), contact, &book, now);
        let message = Message {
            key: format!("{}-{}", post.alert.id, now.as_second()),
            contact: contact.clone(),
            thread: None,
            place: Some(post.place.clone()),
            now,
            zone: d.cx.directory.owner(&contact.owner).zone.clone(),
            meant_for: None,
            templates: d.templates.clone(),
            body: Body::Acted { rows: vec![row], said: String::new() },
        };
        match channel.send(&message).await {
            Outcome::Delivered { .. } => Ok(true),
            other => Ok(self.failed(post, other)),
        }
    }

    fn failed(&self, post: &PostDue, outcome: Outcome) -> bool {
        let reason = match outcome {
            Outcome::Delivered { .. } => return true,
            Outcome::Retry { reason, .. }
            | Outcome::Rejected { reason }
            | Outcome::Unreachable { reason }
            | Outcome::Unauthorized { reason } => reason,
        };
        tracing::warn!(channel = %post.channel, alert = %post.alert.id, "what stands there could not be looked at: {reason}");
        false
    }
}
