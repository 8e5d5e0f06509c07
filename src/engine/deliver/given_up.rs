//! Messages that are given up: faults of ours, and dead letters.
//!
//! In: a claimed message and how it failed; dead letters nobody was told of. Out: what becomes of it; a trouble for the
//! operators. Invariant: one message that cannot be made holds up no other, and nothing is given up unseen. Refuses to
//! try again: that is the parent.

use super::BATCH;
use crate::engine::trouble::{self, Trouble};
use crate::engine::{Context, Report};
use crate::model::{Change, ContactId, Severity};
use crate::rules::directory::OPERATORS;
use crate::store::{Claimed, Settlement, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// So many times a message may fail by a fault of ours, or the process die over it.
const POISON: u32 = 5;

/// How long a message waits that could not be made: the same code will fail again.
const AFTER_A_FAULT: i64 = 900;
/// How long the others go first after deaths: long enough to send them, short enough that nobody waits for what was only killed often.
const AFTER_DEATHS: i64 = 60;

/// Whether the process died over a message again and again: the others of its queue go first then.
pub(super) fn poisoned(c: &Claimed) -> bool {
    c.unended >= POISON
}

/// What becomes of a message that is a fault of ours: tried again later, so that what waits behind it is sent, and given up
/// after some tries, which tells the operators.
pub(super) fn fault(c: &Claimed, now: Timestamp) -> Settlement {
    let reason = "a fault of forewarn: it could not be made into a message; please report what it is about".to_owned();
    tracing::error!(notification = %c.id, attempt = c.attempts, "{reason}");
    if c.attempts >= POISON && !poisoned(c) {
        return Settlement::Dead { reason };
    }
    let wait = if poisoned(c) { AFTER_DEATHS } else { AFTER_A_FAULT };
    Settlement::Retry { at: now.saturating_add(SignedDuration::from_secs(wait)).unwrap_or(now), reason }
}

/// Waits for an attempt; nothing if it panicked.
pub(super) async fn unless_it_panics<T>(attempt: impl Future<Output = T>) -> Option<T> {
    let mut attempt = std::pin::pin!(attempt);
    std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| attempt.as_mut().poll(cx))) {
        Ok(Poll::Ready(done)) => Poll::Ready(Some(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// Tells the operators of dead letters nobody was told of. Theirs only turn health red.
pub struct DeadLetters {
    /// What it works with.
    pub cx: Context,
}

impl DeadLetters {
    /// Looks once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let dead = self.cx.store.dead_letters(BATCH).await?;
        for d in dead.iter().filter(|d| !self.is_operators(&d.contact)) {
            let t = Trouble {
                provider: trouble::ourselves()?,
                about: format!("dead-letters/{}", d.contact),
                change: Change::Opened,
                severity: Severity::Major,
                title: format!("{} was not reached", d.contact),
                summary: format!(
                    "Message {} could not be delivered by {} after {} attempts: {}",
                    d.id, d.channel, d.attempts, d.reason
                ),
                native_id: Some(format!("dead:{}", d.id)),
            };
            trouble::report(&self.cx, &t, now).await?;
        }
        let told = dead.len();
        self.cx.store.dead_letters_told(dead.into_iter().map(|d| d.id).collect()).await?;
        Ok(Report {
            summary: if told == 0 { String::new() } else { format!("{told} dead letters") },
            more: told == BATCH,
            pause: None,
        })
    }

    fn is_operators(&self, contact: &ContactId) -> bool {
        self.cx.directory.owner(OPERATORS).contacts.iter().any(|c| c.id == *contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::NotificationId;

    fn claimed(attempts: u32, unended: u32) -> Claimed {
        Claimed {
            id: NotificationId(7),
            key: "k".into(),
            contact: ContactId("search/slack".into()),
            attempts,
            unended,
            created_at: Timestamp::UNIX_EPOCH,
            thread: None,
            place: None,
            beside: Vec::new(),
            digest: None,
            rows: Vec::new(),
        }
    }

    /// D13, D15: a fault of ours is isolated after five tries.
    #[tokio::test]
    async fn a_panic_is_a_failed_try_and_the_fifth_a_dead_letter() {
        assert_eq!(unless_it_panics(async { 7 }).await, Some(7));
        assert_eq!(unless_it_panics(async { if true { panic!("at rendering") } else { 7 } }).await, None);
        let now = Timestamp::UNIX_EPOCH;
        for n in 1..POISON {
            assert!(matches!(fault(&claimed(n, 0), now), Settlement::Retry { at, .. } if at > now), "{n}");
        }
        assert!(matches!(fault(&claimed(POISON, 0), now), Settlement::Dead { .. }));
        // Who died over it may have been killed by somebody else: it is never given up for that.
        assert!(!poisoned(&claimed(9, POISON - 1)) && poisoned(&claimed(9, POISON)));
        assert!(matches!(fault(&claimed(9, POISON), now), Settlement::Retry { .. }));
    }
}
