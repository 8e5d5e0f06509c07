//! Watching for webhooks that are proven and come at the wrong time: usually it is our clock that is wrong.
//!
//! In: counts of the hooks, the `Date` of an answer of the provider. Out: a trouble for the operators, and its end.
//! Invariant: only messages with a good signature count, so a stranger cannot raise it; one telling a hook until it is
//! over. Refuses to correct time or to accept what is out of its window.

use super::receive::Receiver;
use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::fetch::Client;
use crate::model::{Change, ConnectionId, Severity};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// So many proven messages in a row outside their window are no accident.
pub const IN_A_ROW: u32 = 10;
/// A clock this near to another's is right.
pub const NEAR: SignedDuration = SignedDuration::from_secs(60);

/// The watch.
pub struct SkewWatch {
    cx: Context,
    receiver: Arc<Receiver>,
    client: Arc<Client>,
    told: Mutex<BTreeSet<ConnectionId>>,
}

impl SkewWatch {
    /// Watches these hooks.
    pub fn new(cx: Context, receiver: Arc<Receiver>, client: Arc<Client>) -> Self {
        Self { cx, receiver, client, told: Mutex::default() }
    }

    /// Looks once.
    ///
    /// # Errors
    /// The store's, when telling.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let mut summary = String::new();
        for e in self.receiver.endpoints() {
            let bad = e.untimely() >= IN_A_ROW;
            let id = e.connection.clone();
            if bad == self.told().contains(&id) || (!bad && e.untimely() > 0) {
                continue;
            }
            let t = if bad { self.wrong(&id, now).await? } else { right(&id)? };
            trouble::report(&self.cx, &t, now).await?;
            if bad {
                self.told().insert(id)
            } else {
                self.told().remove(&id)
            };
            summary = t.title;
        }
        Ok(Report { summary, ..Report::default() })
    }

    fn told(&self) -> std::sync::MutexGuard<'_, BTreeSet<ConnectionId>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wrong(&self, id: &ConnectionId, now: Timestamp) -> Result<Trouble, StoreError> {
        let home = self.cx.catalog.get(id.provider()).map(|p| p.file.url.clone()).unwrap_or_default();
        let (title, summary) = match self.client.date(&home).await {
            Ok(theirs) => {
                let off = now.duration_since(theirs);
                let side = if off.is_negative() { "behind" } else { "ahead" };
                if off.abs() > NEAR {
                    let minutes = off.abs().as_secs().div_euclid(60);
                    (
                        format!("our clock is {minutes} min {side}: webhooks of {id} are refused"),
                        format!(
                            "It says {now}; {home} says {theirs}. Set it right (timedatectl set-ntp true); the sender repeats what was refused, if it repeats at all."
                        ),
                    )
                } else {
                    (
                        format!("webhooks of {id} come outside their time window"),
                        format!(
                            "Our clock agrees with that of {home}. Either they are held up on the way, or somebody repeats old messages. They are refused."
                        ),
                    )
                }
            }
            Err(e) => (
                format!("webhooks of {id} come outside their time window: is our clock right?"),
                format!("It says {now}. It could not be compared with that of {home}: {e}. They are refused."),
            ),
        };
        trouble_of(id, Change::Opened, title, summary)
    }
}

fn right(id: &ConnectionId) -> Result<Trouble, StoreError> {
    trouble_of(id, Change::Resolved, format!("webhooks of {id} come in time again"), String::new())
}

fn trouble_of(id: &ConnectionId, change: Change, title: String, summary: String) -> Result<Trouble, StoreError> {
    Ok(Trouble {
        provider: trouble::ourselves()?,
        about: format!("clock/{id}"),
        change,
        severity: Severity::Major,
        title,
        summary,
        native_id: None,
    })
}
