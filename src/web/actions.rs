//! Actions: what the command line asks of the daemon, or does itself where none runs.
//!
//! In: a [`Request`]. Out: a [`Reply`]. Invariant: the same code runs on both ways, so both answer alike. Refuses reading
//! commands: they open the database themselves.

use crate::engine::Context;
use crate::engine::act::{ActError, act};
use crate::engine::deliver::{Channels, send_test};
use crate::engine::normalize::Normalizer;
use crate::engine::pin::{Pin, PinError, pin};
use crate::engine::poll::{Off, Target};
use crate::engine::receive::Receiver;
use crate::engine::silences::{NewSilence, SilenceError, add, end};
use crate::engine::status::{Hook, Parts, Task, status};
use crate::engine::usage::take;
use crate::model::{Act, ConnectionId, ContactId, Silence, UsageReport};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Do what a person says about an alert.
    Act(Act),
    /// Mute what a matcher fits.
    Silence(NewSilence),
    /// End a silence before its time.
    EndSilence {
        /// Which.
        id: i64,
        /// Who.
        by: String,
    },
    /// Take a person's word on a deadline.
    Pin(Pin),
    /// Take what a teller says of our usage.
    Usage(UsageReport),
    /// How everything is.
    Status,
    /// The newest deliveries that were refused.
    Rejected,
    /// Read unrecognized payloads again.
    Replay {
        /// Only those heard since.
        since: Option<Timestamp>,
        /// Only of this provider.
        provider: Option<String>,
    },
    /// Send a test message.
    SendTest {
        /// To this contact.
        contact: ContactId,
    },
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done; the shape follows from the request.
    Done(Value),
    /// Not done, for a reason a person can act on.
    Refused(String),
    /// Not done, by our fault or the system's.
    Failed(String),
}

/// Everything actions need.
pub struct Actions {
    /// What the engine needs.
    pub cx: Context,
    /// Channels.
    pub channels: Arc<Channels>,
    /// Polled sources.
    pub targets: Vec<Target>,
    /// Sources that are not polled.
    pub off: Off,
    /// Connections whose webhook is on.
    pub configured: Vec<ConnectionId>,
    /// Hooks, in the daemon.
    pub receiver: Option<Arc<Receiver>>,
    /// Tasks, in the daemon.
    pub tasks: Arc<dyn Fn() -> Vec<Task> + Send + Sync>,
}

impl Actions {
    /// Acts.
    pub async fn act(&self, request: Request) -> Reply {
        let now = self.cx.clock.now();
        match request {
            Request::Act(a) => match act(&self.cx, a, now).await {
                Ok(acted) => done(&acted),
                Err(ActError::Store(e)) => Reply::Failed(e.to_string()),
                Err(ActError::Refused(why)) => Reply::Refused(why.to_string()),
            },
            Request::Silence(s) => silenced(add(&self.cx, s, now).await),
            Request::EndSilence { id, by } => silenced(end(&self.cx, id, &by, now).await),
            Request::Pin(p) => match pin(&self.cx, p, now).await {
                Ok(state) => done(&state),
                Err(PinError::Store(e)) => Reply::Failed(e.to_string()),
                Err(e @ (PinError::NotFound(_) | PinError::NotPinned(_) | PinError::NoNote)) => {
                    Reply::Refused(e.to_string())
                }
            },
            Request::Usage(report) => match take(&self.cx, report).await {
                Ok(new) => done(&new),
                Err(e) => Reply::Failed(e.to_string()),
            },
            Request::Status => match self.status().await {
                Ok(s) => done(&s),
                Err(e) => Reply::Failed(e.to_string()),
            },
            Request::Rejected => match &self.receiver {
                Some(r) => done(&r.rejections.newest()),
                None => Reply::Refused("refused deliveries are kept in the daemon's memory, and none runs here".into()),
            },
            Request::Replay { since, provider } => {
                let n = Normalizer::new(self.cx.clone());
                match n.replay(since, provider.as_deref(), now).await {
                    Ok((looked, read)) => Reply::Done(json!({ "looked": looked, "read": read })),
                    Err(e) => Reply::Failed(e.to_string()),
                }
            }
            Request::SendTest { contact } => match send_test(&self.cx, &self.channels, &contact).await {
                Ok(()) => Reply::Done(json!({ "contact": contact })),
                Err(why) => Reply::Refused(why),
            },
        }
    }

    /// How everything is.
    ///
    /// # Errors
    /// The store's.
    pub async fn status(&self) -> Result<crate::engine::status::Status, crate::store::StoreError> {
        let hooks = self.receiver.iter().flat_map(|r| r.endpoints()).map(|e| {
            let (accepted, refused) = e.counts();
            let refused = refused.into_iter().map(|(why, n)| (why.as_str().to_owned(), n)).collect();
            Hook { connection: e.connection.to_string(), accepted, refused, opened: e.opened() }
        });
        let parts = Parts {
            configured: &self.configured,
            targets: &self.targets,
            off: &self.off,
            hooks: hooks.collect(),
            tasks: (self.tasks)(),
        };
        status(&self.cx, parts).await
    }
}

fn silenced(outcome: Result<Silence, SilenceError>) -> Reply {
    match outcome {
        Ok(s) => done(&s),
        Err(SilenceError::Store(e)) => Reply::Failed(e.to_string()),
        Err(e) => Reply::Refused(e.to_string()),
    }
}

fn done<T: Serialize>(value: &T) -> Reply {
    serde_json::to_value(value).map_or_else(|e| Reply::Failed(e.to_string()), Reply::Done)
}
