//! Polling: sources whose time has come are fetched, judged, and put in the inbox where they say something new.
//!
//! In: due sources. Out: source rows, payloads, troubles. Invariant: each fetch is recorded when it ends, and a slow one
//! holds up nobody; validators are kept only after a good read; a source that cannot be read is a trouble told once,
//! never "nothing new"; a first good read is a baseline. Refuses to fold what a body says: it takes the way of every payload.

mod judge;
mod models;
mod page;
mod robots;
mod slots;
mod targets;

pub use targets::{NotPolled, Off, Target, Wanted, targets};

use super::record::{Heeded, record};
use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::fetch::{Client, origin};
use crate::model::{Change, Observation, ProviderId, Severity, SourceId, Trust};
use crate::rules::cadence::{MISSED, Turn, after_hint, is_stale, next_fetch};
use crate::rules::fold::Heard;
use crate::store::{Fetched, Recording, SourceHealth, SourceRow, StoreError};
use jiff::{SignedDuration, Timestamp};
use judge::{Looked, Verdict, look};
use slots::Slots;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinSet};

/// A page that says something else about dates is asked again after so long: what it says counts when it says it twice.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(11);
/// Longest a tick waits for fetches that fly; the next tick goes on waiting.
const PATIENCE: Duration = Duration::from_secs(1);

type Answer = (Target, SourceRow, Result<Looked, StoreError>);

/// What flies between two ticks.
#[derive(Default)]
struct Flying {
    tasks: JoinSet<Answer>,
    who: HashMap<Id, (SourceId, Option<String>)>,
    slots: Slots,
}

/// The poller.
pub struct Poller {
    cx: Context,
    client: Arc<Client>,
    targets: Vec<Target>,
    flying: tokio::sync::Mutex<Flying>,
}

impl Poller {
    /// Ready to poll.
    pub fn new(cx: Context, client: Arc<Client>, targets: Vec<Target>) -> Self {
        Self { cx, client, targets, flying: tokio::sync::Mutex::default() }
    }

    /// Starts what is due, records what has ended. Returns early while fetches still fly, and wants to be called again.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let rows = self.cx.store.sources().await?;
        let row_of = |t: &Target| rows.iter().find(|r| r.id == t.id).cloned();
        let mut due: Vec<(&Target, SourceRow)> = self
            .targets
            .iter()
            .map(|t| (t, row_of(t).unwrap_or_else(|| SourceRow::new(t.id.clone(), now))))
            .filter(|(_, r)| r.next_at <= now)
            .collect();
        due.sort_by_key(|(_, r)| r.next_at);
        let mut flying = self.flying.lock().await;
        due.retain(|(t, _)| !flying.who.values().any(|(id, _)| *id == t.id));
        let (began, mut done) = (Instant::now(), 0);
        loop {
            due.retain(|(t, row)| !self.start(&mut flying, t, row));
            if flying.tasks.is_empty() {
                break;
            }
            let left = PATIENCE.saturating_sub(began.elapsed());
            match tokio::time::timeout(left, flying.tasks.join_next_with_id()).await {
                Ok(Some(Ok((id, (target, row, looked))))) => {
                    self.ended(&mut flying, id);
                    self.take(&target, row, looked?).await?;
                    done += 1;
                }
                // A panic in the client concerns one source; its row keeps its time and it is tried again.
                Ok(Some(Err(e))) => {
                    self.ended(&mut flying, e.id());
                    tracing::error!(error = %e, "a fetch ended badly");
                }
                Ok(None) | Err(_) => break,
            }
        }
        let summary = if done == 0 { String::new() } else { format!("{done} sources fetched") };
        // What waits for its host to be left alone for a moment is looked at again after that moment.
        let pause = (flying.tasks.is_empty() && !due.is_empty()).then_some(slots::GAP);
        Ok(Report { summary, more: !flying.tasks.is_empty(), pause })
    }

    /// Whether it was started.
    fn start(&self, flying: &mut Flying, t: &Target, row: &SourceRow) -> bool {
        let host = origin(&t.url);
        if !flying.slots.start(host.as_ref(), Instant::now()) {
            return false;
        }
        let (cx, client, target, row) = (self.cx.clone(), self.client.clone(), t.clone(), row.clone());
        let handle = flying.tasks.spawn(async move {
            let forbidden =
                if target.heeds_robots { robots::forbidden(&client, &target, cx.clock.now()).await } else { None };
            let looked = match forbidden {
                Some(f) => Ok(Looked::left_alone(f.health, f.why)),
                None => look(&cx, &client, &target, &row).await,
            };
            (target, row, looked)
        });
        flying.who.insert(handle.id(), (t.id.clone(), host));
        true
    }

    fn ended(&self, flying: &mut Flying, id: Id) {
        if let Some((_, host)) = flying.who.remove(&id) {
            flying.slots.end(host.as_ref(), Instant::now());
        }
    }

    async fn take(&self, t: &Target, old: SourceRow, looked: Looked) -> Result<(), StoreError> {
        let now = self.cx.clock.now();
        let mut row = SourceRow { last_try_at: Some(now), ..old.clone() };
        let mut body = None;
        let (mut asked, mut soon) = (None, false);
        let every = t.every.about();
        let payload = |bytes, problem| Fetched {
            connection: t.connection.clone(),
            body: bytes,
            at: now,
            baseline: old.last_ok_at.is_none(),
            problem,
        };
        match looked.verdict {
            Verdict::Same(validators) => {
                if let Some(v) = validators {
                    (row.etag, row.last_modified, row.last_full_at) = (v.etag, v.last_modified, Some(now));
                }
                good(&mut row, doubted(&old).cloned(), every, now);
            }
            Verdict::New { bytes, hash, rows, validators, doubt, dates } => {
                let again = looked.compared.as_ref().is_some_and(|c| c.again);
                soon = (dates || (again && t.models)) && old.last_ok_at.is_some();
                // A doubt keeps the floor: the next read is measured by the last one believed.
                row.rows = if doubt.is_some() { old.rows } else { rows };
                (row.etag, row.last_modified, row.last_full_at) =
                    (validators.etag, validators.last_modified, Some(now));
                good(&mut row, doubt, every, now);
                if let Some(c) = &looked.compared {
                    (row.open, row.again) = (c.open, c.again);
                }
                if old.body_hash != Some(hash) || (old.again && t.lists) {
                    body = Some(payload(bytes, None));
                }
                row.body_hash = Some(hash);
            }
            Verdict::Bad { health, problem, sample, retry_after } => {
                asked = retry_after;
                row.failures += 1;
                if row.failures == 1 {
                    tracing::warn!(source = %row.id, "a source could not be read and is tried again: {problem}");
                }
                row.health = health.unwrap_or(match old.health {
                    SourceHealth::Unreadable | SourceHealth::Moved | SourceHealth::Gone => old.health,
                    SourceHealth::Fresh | SourceHealth::Stale | SourceHealth::Off => {
                        if is_stale(old.last_ok_at, every, row.failures, now) {
                            SourceHealth::Stale
                        } else {
                            old.health
                        }
                    }
                });
                row.problem = Some(problem);
                // One sample for each time it turns bad, not one for each poll.
                if old.health != row.health {
                    body = sample.map(|s| payload(s, row.problem.clone()));
                }
            }
        }
        let next = next_fetch(
            &Turn {
                source: t.id.as_str(),
                every: &t.every,
                failures: row.failures,
                asked,
                cached: looked.cached,
                open: row.open > 0,
                again: row.again && t.lists,
            },
            now,
        );
        row.next_at = if soon { next.min(now + ASK_AGAIN) } else { next };
        // A hint that came while this was under way still wants a look of its own.
        let stored = self.cx.store.source(t.id.clone()).await?;
        if let Some(hurried) = stored.map(|s| s.next_at).filter(|at| *at != old.next_at) {
            row.next_at = row.next_at.min(after_hint(row.last_try_at, now).max(hurried));
        }
        self.tell(&old, &row, now).await?;
        let new = body.is_some() || looked.history.is_some();
        let mut unsaid = Vec::new();
        if let Some(compared) = looked.compared {
            unsaid = compared.unsaid;
            if let Some(list) = compared.list {
                // In this order: what is lost between two of them is seen again, and makes the same events.
                self.fold_unsaid(std::mem::take(&mut unsaid), now).await?;
                self.cx.store.keep_list(t.id.clone(), list).await?;
            }
        }
        if let Some(past) = looked.history {
            self.cx.store.fetched(old.clone(), Some(payload(past, None))).await?;
        }
        self.cx.store.fetched(row, body).await?;
        if new {
            self.cx.nudges.normalize.notify_one();
        }
        self.fold_unsaid(unsaid, now).await
    }

    async fn fold_unsaid(&self, unsaid: Vec<Observation>, now: Timestamp) -> Result<(), StoreError> {
        if unsaid.is_empty() {
            return Ok(());
        }
        let heard = Heard { at: now, baseline: false };
        let heed = |seen| Heeded { payload: None, trust: Trust::Fetched, heard, seen, quiet: None };
        let base = Recording { now, ..Recording::default() };
        record(&self.cx, unsaid.into_iter().map(heed).collect(), base).await.map(drop)
    }

    /// Tells when a source turns bad, and when it is good again.
    async fn tell(&self, old: &SourceRow, new: &SourceRow, now: Timestamp) -> Result<(), StoreError> {
        let (was_told, bad) = (worth_telling(old), worth_telling(new));
        if was_told == bad && (!bad || old.health == new.health) {
            return Ok(());
        }
        let provider = ProviderId::new(new.id.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let last = new.last_ok_at.map_or_else(|| "never".to_owned(), |t| t.strftime("%a %-d %b %H:%M UTC").to_string());
        let floor = self.targets.iter().find(|t| t.id == new.id).map_or(0, |t| t.floor);
        let rows = if new.rows == 0 { String::new() } else { format!(" with {} rows (at least {floor})", new.rows) };
        let t = Trouble {
            about: new.id.name().to_owned(),
            provider,
            change: if bad { Change::Opened } else { Change::Resolved },
            severity: Severity::Minor,
            title: if bad { format!("{} is {}", new.id, new.health) } else { format!("{} is read again", new.id) },
            summary: if bad {
                format!(
                    "{}. Last good read: {last}{rows}. What was known is kept; what it says now is unknown, not \"all clear\".",
                    new.problem.as_deref().unwrap_or("no reason known")
                )
            } else {
                format!("Last good read: {last}{rows}.")
            },
            native_id: None,
        };
        trouble::report(&self.cx, &t, now).await
    }
}

/// A sender that proves nothing says that a page changed: its status sources are read soon. Whether there are any.
///
/// # Errors
/// The store's.
pub async fn hurry(cx: &Context, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(p) = cx.catalog.get(provider) else { return Ok(false) };
    let mut any = false;
    for (name, _) in p.file.sources.iter().filter(|(_, s)| s.polled().is_some_and(|x| x.lists)) {
        let Ok(id) = SourceId::of(&p.file.id, name) else { continue };
        let last = cx.store.source(id.clone()).await?.and_then(|r| r.last_try_at);
        cx.store.hurry(id, after_hint(last, now)).await?;
        any = true;
    }
    if any {
        cx.nudges.poll.notify_one();
    }
    Ok(any)
}

/// Why a source that answers is not quite believed.
fn doubted(row: &SourceRow) -> Option<&String> {
    row.problem.as_ref().filter(|_| row.failures == 0 && row.last_ok_at.is_some())
}

/// A good read. One in doubt is none: it lets the source grow stale.
fn good(row: &mut SourceRow, doubt: Option<String>, every: i64, now: Timestamp) {
    row.failures = 0;
    row.again = false;
    row.health = SourceHealth::Fresh;
    if doubt.is_none() {
        row.last_ok_at = Some(now);
    } else if is_stale(row.last_ok_at, every, 0, now) {
        row.health = SourceHealth::Stale;
    }
    row.problem = doubt;
}

/// Whether operators should know: at once where the answer itself is wrong, after some failures where the network is.
fn worth_telling(row: &SourceRow) -> bool {
    match row.health {
        // A source that runs is off only where its host forbids it.
        SourceHealth::Unreadable | SourceHealth::Moved | SourceHealth::Gone | SourceHealth::Off => true,
        SourceHealth::Stale => row.failures >= MISSED || row.last_ok_at.is_some(),
        SourceHealth::Fresh => false,
    }
}
