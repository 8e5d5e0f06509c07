//! Listening for buttons over Slack's Socket Mode.
//!
//! In: one workspace with an app-level token. Out: what `/slack/actions` would do with the same press. Invariant: an act is
//! durable before it is acknowledged; a broken connection is opened anew, with growing waits; one that stays closed is told
//! to the operators. Refuses to keep anything but the connection in memory: what was not acknowledged comes again.

use super::Report;
use super::press::Presser;
use super::trouble::{self, Trouble};
use crate::model::text::one_line;
use crate::model::{Change, MatterId, Severity};
use crate::notify::Channel;
use crate::notify::slack::Bot;
use crate::notify::slack::socket::{Envelope, Heard, Lost, Socket};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::sync::Mutex;

/// Longest one tick listens: a stop waits for it.
const LISTENS: Duration = Duration::from_secs(5);
/// Silence after which the other side is asked whether it is there, and after which it is not.
const ASK: SignedDuration = SignedDuration::from_secs(45);
const GONE: SignedDuration = SignedDuration::from_secs(90);
/// Waits between tries: from one second, doubled, to at most two minutes; five minutes where a person must act.
const LONGEST: u64 = 120;
const REFUSED: u64 = 300;
/// Failures in a row after which the operators are told.
const TOLD_AFTER: u32 = 6;

/// Listens for one workspace.
pub struct Ear {
    presser: Presser,
    channel: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    failures: u32,
}

struct Open {
    socket: Socket,
    heard_at: Timestamp,
}

impl Ear {
    /// For the workspace of a channel.
    pub fn new(presser: Presser, channel: String) -> Self {
        Self { presser, channel, state: Mutex::default() }
    }

    /// Connects where there is no connection, and takes what comes within a few seconds.
    ///
    /// # Errors
    /// The store's; what was pressed is not acknowledged then, and comes again.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let Some(Channel::Slack(bot)) = self.presser.channels.get(&self.channel) else { return Ok(Report::default()) };
        let mut state = self.state.lock().await;
        let mut open = match state.open.take() {
            Some(open) => open,
            None => match self.connect(bot, &mut state, now).await {
                Ok(open) => {
                    self.tell(Change::Resolved, "What is pressed in Slack is heard.", now).await?;
                    open
                }
                Err(why) => return self.failed(&mut state, why, now).await,
            },
        };
        match self.listen(bot, &mut open, now).await? {
            Ok(()) => {
                state.open = Some(open);
                Ok(Report { more: true, ..Report::default() })
            }
            Err(why) => self.failed(&mut state, why, now).await,
        }
    }

    async fn connect(&self, bot: &Bot, state: &mut State, now: Timestamp) -> Result<Open, Lost> {
        let mut open = Open { socket: bot.connect(now).await?, heard_at: now };
        // It stands once Slack has said hello.
        if open.socket.next(LISTENS).await?.is_none() {
            return Err(Lost::Broken("Slack says nothing".into()));
        }
        state.failures = 0;
        Ok(open)
    }

    /// One message, or silence.
    async fn listen(&self, bot: &Bot, open: &mut Open, now: Timestamp) -> Result<Result<(), Lost>, StoreError> {
        let heard = match open.socket.next(LISTENS).await {
            Ok(heard) => heard,
            Err(why) => return Ok(Err(why)),
        };
        let silent = now.duration_since(open.heard_at);
        if heard.is_some() {
            open.heard_at = now;
        }
        match heard {
            None if silent > GONE => Ok(Err(Lost::Broken("nothing came for too long".into()))),
            None if silent > ASK => Ok(open.socket.ping().await),
            None | Some(Heard::Alive) => Ok(Ok(())),
            // The old connection hears until the new one stands.
            Some(Heard::Closing) => Ok(bot.connect(now).await.map(|socket| *open = Open { socket, heard_at: now })),
            Some(Heard::Envelope(e)) => self.answer(bot, open, &e).await,
        }
    }

    async fn answer(&self, bot: &Bot, open: &mut Open, e: &Envelope) -> Result<Result<(), Lost>, StoreError> {
        let from = self.presser.workspaces(|other| other.hears_with(bot));
        let answer = self.presser.pressed(&from, &e.payload, self.presser.cx.clock.now()).await?;
        Ok(open.socket.acknowledge(e, &answer).await)
    }

    async fn failed(&self, state: &mut State, why: Lost, now: Timestamp) -> Result<Report, StoreError> {
        state.failures = state.failures.saturating_add(1);
        let (wait, why, tell) = match why {
            Lost::Refused(why) => (REFUSED, why, true),
            Lost::Broken(why) => ((1 << (state.failures - 1).min(7)).min(LONGEST), why, state.failures >= TOLD_AFTER),
        };
        tracing::warn!(channel = %self.channel, failures = state.failures, "buttons of Slack are not heard: {why}");
        if tell {
            self.tell(Change::Opened, &why, now).await?;
        }
        let jitter = Duration::from_millis(fastrand::u64(0..=wait * 100));
        Ok(Report { summary: why, pause: Some(Duration::from_secs(wait) + jitter), ..Report::default() })
    }

    /// Tells once when it begins, and when it is over.
    async fn tell(&self, change: Change, why: &str, now: Timestamp) -> Result<(), StoreError> {
        let about = format!("buttons-{}", self.channel);
        let id = MatterId::new(format!("forewarn:source/{about}")).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let told = self.presser.cx.store.matters(vec![id]).await?.iter().any(|m| !m.is_over());
        if told == (change == Change::Opened) {
            return Ok(());
        }
        let title = if change == Change::Opened { "are not heard" } else { "are heard again" };
        let t = Trouble {
            provider: trouble::ourselves()?,
            about,
            change,
            severity: Severity::Major,
            title: format!("buttons of {} {title}", self.channel),
            summary: one_line(why, 300),
            native_id: None,
        };
        trouble::report(&self.presser.cx, &t, now).await
    }
}
