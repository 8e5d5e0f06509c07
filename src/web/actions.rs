//! Actions: what the command line asks of the daemon, or does itself where none runs.
//!
//! In: a [`Request`]. Out: a [`Reply`]. Invariant: the same code runs on both ways, so both answer alike. Refuses reading
//! commands: they open the database themselves.

use crate::engine::Context;
use crate::engine::act::{ActError, act};
use crate::engine::connections::Connection;
use crate::engine::deliver::{Channels, send_test};
use crate::engine::normalize::Normalizer;
use crate::engine::pin::{Pin, PinError, pin};
use crate::engine::poll::{Off, Target};
use crate::engine::receive::Receiver;
use crate::engine::resume::resume;
use crate::engine::silences::{NewSilence, SilenceError, add, end};
use crate::engine::status::{Hook, Parts, Task, status};
use crate::engine::tokens::{self, TokenError};
use crate::engine::usage::take;
use crate::model::{Act, ConnectionId, ContactId, Silence, UsageReport};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

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
    /// List what restored data would send and, with `go`, let it.
    Resume {
        /// Who lets it.
        by: String,
        /// Whether to let it.
        go: bool,
    },
    /// A copy was taken.
    Copied {
        /// Who took it.
        by: String,
        /// Where it is.
        to: String,
    },
    /// Read the config anew.
    Reload,
    /// Make a token.
    AddToken(tokens::Wanted),
    /// Revoke a token.
    RevokeToken {
        /// Its name.
        name: String,
        /// Who revokes it.
        by: String,
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

/// What became of a reload: what only counts after a restart, or why the old config stays.
pub type Reloaded = Result<Vec<String>, String>;
/// Asks the daemon to read its config anew.
pub type AskReload = mpsc::Sender<oneshot::Sender<Reloaded>>;

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
    /// Connections, with their secrets.
    pub connections: Arc<BTreeMap<ConnectionId, Connection>>,
    /// Connections whose webhook is on.
    pub configured: Vec<ConnectionId>,
    /// Hooks, in the daemon.
    pub receiver: Option<Arc<Receiver>>,
    /// Tasks, in the daemon.
    pub tasks: Arc<dyn Fn() -> Vec<Task> + Send + Sync>,
    /// Asks for a reload, in the daemon.
    pub reload: Option<AskReload>,
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
            Request::Resume { by, go } => match resume(&self.cx, &by, go, now).await {
                Ok(r) => done(&r),
                Err(e) => Reply::Failed(e.to_string()),
            },
            Request::Copied { by, to } => match self.cx.store.copied(by, to, now).await {
                Ok(()) => Reply::Done(json!({})),
                Err(e) => Reply::Failed(e.to_string()),
            },
            Request::Reload => self.reload().await,
            Request::AddToken(w) => match tokens::add(&self.cx, w, now).await {
                Ok((token, row)) => Reply::Done(json!({ "token": token, "row": row })),
                Err(e) => token_refused(&e),
            },
            Request::RevokeToken { name, by } => match tokens::revoke(&self.cx, &name, &by, now).await {
                Ok(()) => Reply::Done(json!({ "name": name })),
                Err(e) => token_refused(&e),
            },
            Request::SendTest { contact } => match send_test(&self.cx, &self.channels, &contact).await {
                Ok(()) => Reply::Done(json!({ "contact": contact })),
                Err(why) => Reply::Refused(why),
            },
        }
    }

    async fn reload(&self) -> Reply {
        let Some(ask) = &self.reload else {
            return Reply::Refused("no daemon runs here: the config is read when it starts".into());
        };
        let (tell, told) = oneshot::channel();
        let asked = ask.send(tell).await.is_ok();
        match told.await {
            Ok(Ok(notes)) => Reply::Done(json!({ "notes": notes })),
            Ok(Err(why)) => Reply::Refused(why),
            Err(_) if asked => Reply::Failed("the daemon is stopping".into()),
            Err(_) => Reply::Failed("the daemon takes no reload now".into()),
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

fn token_refused(e: &TokenError) -> Reply {
    match e {
        TokenError::Name(_) | TokenError::Taken(_) | TokenError::NotFound(_) => Reply::Refused(e.to_string()),
        TokenError::System(_) | TokenError::Store(_) => Reply::Failed(e.to_string()),
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
