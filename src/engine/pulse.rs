//! The watcher is watched: signs of life, for the service manager and for somebody outside who misses them.
//!
//! In: how the tasks are, now. Out: whether forewarn makes progress; a call of `heartbeat_url` while it does. Invariant: no sign is
//! given unless a row could be written just now, and reminding, normalizing and every outbox went well within 90 s; an
//! address that does not answer changes nothing else. Refuses to judge what others do: a broken channel is told by alerts.

use super::clockwatch;
use super::status::{HELD, Task};
use super::{Context, Report};
use crate::notify::http::{Ping, call};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longest since the last good tick of each part: a mail server that is slow to answer takes about as long.
pub const SLACK: SignedDuration = SignedDuration::from_secs(90);
/// How often progress is looked at.
pub const LOOK: Duration = Duration::from_secs(15);
/// How old a sign of life may be to be told outside.
const FRESH: SignedDuration = SignedDuration::from_secs(35);

/// What must make progress, by the names of its tasks.
const PARTS: [(&str, &str); 3] = [("remind", "reminders"), ("normalize", "the inbox"), ("deliver", "the outbox")];

/// What makes no progress, in words; nothing when all do.
pub fn stalled(tasks: &[Task], now: Timestamp) -> Option<String> {
    PARTS.iter().find_map(|(task, part)| {
        let mut own = tasks.iter().filter(|t| t.name.split(' ').next() == Some(task)).peekable();
        if own.peek().is_none() {
            return Some(format!("{part}: {task} has not run yet"));
        }
        own.find_map(|t| match t.ok_at {
            // A clock that was set back must not hide a stall, so the distance counts, not its sign.
            Some(at) if now.duration_since(at).abs() <= SLACK => None,
            Some(at) => Some(format!("{part}: {} last went well at {}", t.name, at.strftime("%H:%M:%S UTC"))),
            None => Some(format!("{part}: {} has not gone well yet", t.name)),
        })
    })
}

/// Asks how the tasks are.
pub type Tasks = Arc<dyn Fn() -> Vec<Task> + Send + Sync>;

/// Whether forewarn makes progress.
pub struct Pulse {
    cx: Context,
    tasks: Tasks,
    alive_at: Mutex<Option<Timestamp>>,
}

impl Pulse {
    /// Of these tasks.
    pub fn new(cx: Context, tasks: Tasks) -> Self {
        Self { cx, tasks, alive_at: Mutex::default() }
    }

    /// Looks whether everything makes progress; `true` when it does.
    ///
    /// # Errors
    /// The store's: what cannot be written makes no progress.
    pub async fn tick(&self, now: Timestamp) -> Result<(bool, Report), StoreError> {
        self.cx.store.pulse(now).await?;
        let stalled = stalled(&(self.tasks)(), now);
        let mut alive_at = self.alive_at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(why) = stalled else {
            *alive_at = Some(now);
            return Ok((true, Report::default()));
        };
        if alive_at.take().is_some() {
            tracing::error!("no sign of life is given: {why}");
        }
        Ok((false, Report { summary: format!("no sign of life: {why}"), ..Report::default() }))
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        let at = *self.alive_at.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| now.duration_since(at).abs() <= FRESH)
    }
}

/// Calls an address outside that tells somebody when the calls stop.
pub struct Heartbeat {
    pulse: Arc<Pulse>,
    ping: Ping,
    every: SignedDuration,
    called_at: Mutex<Option<Timestamp>>,
}

impl Heartbeat {
    /// Calls `ping` as often as `every` while the pulse is fresh.
    pub fn new(pulse: Arc<Pulse>, ping: Ping, every: Duration) -> Self {
        let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
        Self { pulse, ping, every, called_at: Mutex::default() }
    }

    /// Calls, if it is time and forewarn does what it is there for.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let last = *self.called_at.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|at| now.duration_since(at).abs() < self.every) {
            return Ok(Report::default());
        }
        let told = |summary: String| Ok(Report { summary, ..Report::default() });
        let cx = &self.pulse.cx;
        if cx.store.held().await?.is_some() {
            return told(format!("not called: {HELD}"));
        }
        if cx.doubts(now).is_some() {
            return told(format!("not called: {}", clockwatch::HELD));
        }
        if !self.pulse.is_fresh(now) {
            return told("not called: forewarn makes no progress".into());
        }
        match call(&self.ping).await {
            Ok(()) => {
                *self.called_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                told(String::new())
            }
            // It is outside and tells its own people; here it must not stop anything.
            Err(why) => {
                tracing::warn!("heartbeat_url could not be called: {why}");
                told(format!("could not be called: {why}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T15:00:00Z".parse().unwrap()
    }

    fn task(name: &str, ago: Option<i64>) -> Task {
        let ok_at = ago.map(|s| now() - SignedDuration::from_secs(s));
        Task { name: name.into(), runs: 1, last_at: ok_at, ok_at, last: String::new(), failures: 0 }
    }

    #[test]
    fn each_part_that_stops_is_named() {
        let well = || vec![task("remind", Some(20)), task("normalize", Some(1)), task("deliver slack", Some(1))];
        assert_eq!(stalled(&well(), now()), None);
        for (which, ago, word) in [
            (0, Some(91), "reminders: remind last went well at 14:58:29 UTC"),
            (1, Some(200), "the inbox: normalize"),
            (2, Some(91), "the outbox: deliver slack"),
            (2, None, "the outbox: deliver slack has not gone well yet"),
            (1, Some(-3_600), "the inbox: normalize last went well at 16:00:00 UTC"),
        ] {
            let mut tasks = well();
            tasks[which] = task(&tasks[which].name.clone(), ago);
            let why = stalled(&tasks, now()).unwrap();
            assert!(why.starts_with(word), "{why}");
        }
        assert_eq!(stalled(&well()[..2], now()).unwrap(), "the outbox: deliver has not run yet");
        // One dead channel of several, and others that stop nobody's messages.
        let mut tasks = well();
        tasks.extend([task("deliver email", Some(500)), task("poll", Some(5_000))]);
        assert!(stalled(&tasks, now()).unwrap().contains("deliver email"));
        tasks.remove(3);
        assert_eq!(stalled(&tasks, now()), None);
    }
}
