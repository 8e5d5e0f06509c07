//! Polling: sources whose time has come are fetched, judged, and put in the inbox where they say something new.
//!
//! In: due sources. Out: source rows, payloads, troubles. Invariant: validators are kept only after a good read; a source
//! that cannot be read is a trouble told once, never "nothing new"; a first good read is a baseline. Refuses to fold: the
//! body takes the way of every payload.

use super::connections::Connection;
use super::normalize::read;
use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::crypto::short_hash;
use crate::fetch::{self, Client, FetchError};
use crate::model::{Change, ConnectionId, Fact, PayloadId, ReadOutcome, Severity, SourceId, Trust};
use crate::provider::file::{Auth, Evidence, Source};
use crate::rules::cadence::next_fetch;
use crate::store::{Fetched, SourceHealth, SourceRow, StoreError, StoredPayload};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Sources fetched at the same time.
const AT_ONCE: usize = 8;
/// Failures in a row after which a source counts as stale.
const STALE_AFTER: u32 = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// A page that says something else about dates is asked again after so long: what it says counts when it says it twice.
const ASK_AGAIN: i64 = 11 * 60;
/// A read with fewer rows than this part of the last one is not believed.
const LEAST_SHARE: f64 = 0.7;

/// A source to poll.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its id.
    pub id: SourceId,
    url: String,
    every: i64,
    connection: Option<ConnectionId>,
    key: Option<SecretString>,
}

/// Why a source is not polled, for status and doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPolled {
    /// Which.
    pub id: SourceId,
    /// Why, and what to do.
    pub why: String,
}

/// Which sources run: those connected, used by a service, or watched.
pub fn targets(
    cx: &Context,
    connections: &BTreeMap<ConnectionId, Connection>,
    watch: Option<&[String]>,
) -> (Vec<Target>, Vec<NotPolled>) {
    let (mut run, mut off) = (Vec::new(), Vec::new());
    for p in cx.catalog.iter() {
        let id = p.file.id.as_str();
        let used = cx.directory.services().flat_map(|s| &s.uses).any(|u| crate::model::text::glob(u.provider(), id));
        let connected = connections.keys().any(|c| c.provider() == id);
        let watched = watch.map_or(p.file.model_provider, |w| w.iter().any(|x| x == id));
        for (name, source) in &p.file.sources {
            let Ok(source_id) = SourceId::of(&p.file.id, name) else { continue };
            let (url, every, auth) = match source {
                Source::Webhook(_) => continue,
                Source::Table(t) => (&t.url, t.every, Auth::None),
                Source::Models(m) => (&m.url, m.every, m.auth),
                Source::Status(s) => (&s.url, s.every, Auth::None),
                Source::Changelog(c) => (&c.url, c.every, Auth::None),
            };
            let mut skip = |why: &str| off.push(NotPolled { id: source_id.clone(), why: why.into() });
            if source.evidence() == Evidence::U {
                skip("unverified: switched off in the provider file");
                continue;
            }
            if !(used || connected || watched) {
                skip("nobody uses it: add it to watch, or to the uses of a service");
                continue;
            }
            let keyed = connections.values().find(|c| c.id.provider() == id && c.api_key.is_some());
            let (connection, key) = match auth {
                Auth::None => (None, None),
                Auth::Bearer => match keyed {
                    Some(c) => (Some(c.id.clone()), c.api_key.clone()),
                    None => {
                        skip(&format!("needs a key: set api_key in [connections.\"{id}/main\"]"));
                        continue;
                    }
                },
            };
            run.push(Target { id: source_id, url: url.clone(), every: every.seconds(), connection, key });
        }
    }
    (run, off)
}

/// The poller.
pub struct Poller {
    /// What it works with.
    pub cx: Context,
    /// The guarded client.
    pub client: Arc<Client>,
    /// What runs.
    pub targets: Vec<Target>,
}

impl Poller {
    /// Fetches every due source once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let rows = self.cx.store.sources().await?;
        let mut due: Vec<(Target, SourceRow)> = self
            .targets
            .iter()
            .map(|t| {
                (
                    t.clone(),
                    rows.iter().find(|r| r.id == t.id).cloned().unwrap_or_else(|| SourceRow::new(t.id.clone(), now)),
                )
            })
            .filter(|(_, r)| r.next_at <= now)
            .collect();
        due.sort_by_key(|(_, r)| r.next_at);
        let looked = due.len();
        let mut running = JoinSet::new();
        let mut waiting = due.into_iter();
        let mut fetched = Vec::new();
        loop {
            while running.len() < AT_ONCE {
                let Some((target, row)) = waiting.next() else { break };
                let client = self.client.clone();
                running.spawn(async move {
                    let answer = client.get(&request(&target, &row, now)).await;
                    (target, row, answer)
                });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(done)) => fetched.push(done),
                // A panic in the client concerns one source; its row keeps its time and it is tried again.
                Some(Err(e)) => tracing::error!(error = %e, "a fetch ended badly"),
            }
        }
        for (target, row, answer) in fetched {
            self.take(&target, row, answer, self.cx.clock.now()).await?;
        }
        Ok(Report {
            summary: if looked == 0 { String::new() } else { format!("{looked} sources fetched") },
            ..Report::default()
        })
    }

    async fn take(
        &self,
        target: &Target,
        old: SourceRow,
        answer: Result<fetch::Fetched, FetchError>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let verdict = match answer {
            Ok(fetch::Fetched::Unchanged) => {
                Verdict::Same { etag: old.etag.clone(), last_modified: old.last_modified.clone() }
            }
            Ok(fetch::Fetched::Body { body, etag, last_modified, .. }) => {
                self.judge(target, &old, body, etag, last_modified, now).await?
            }
            Err(e) => Verdict::from_error(&e),
        };
        let mut row = SourceRow { last_try_at: Some(now), ..old.clone() };
        let mut body = None;
        let (mut asked, mut again) = (None, false);
        match verdict {
            Verdict::Same { etag, last_modified } => good(&mut row, etag, last_modified, now),
            Verdict::New { bytes, hash, rows, etag, last_modified, dates } => {
                again = dates && old.last_ok_at.is_some();
                let baseline = old.last_ok_at.is_none();
                good(&mut row, etag, last_modified, now);
                row.body_hash = Some(hash);
                row.rows = rows;
                row.last_full_at = Some(now);
                body = Some(Fetched {
                    connection: target.connection.clone(),
                    body: bytes,
                    at: now,
                    baseline,
                    problem: None,
                });
            }
            Verdict::Bad { health, problem, sample, retry_after } => {
                asked = retry_after;
                row.failures += 1;
                if row.failures == 1 {
                    tracing::warn!(source = %row.id, "a source could not be read and is tried again: {problem}");
                }
                let long_ago = old.last_ok_at.is_some_and(|t| now.duration_since(t) > DAY);
                row.health = match health {
                    Some(h) => h,
                    None if row.failures >= STALE_AFTER || long_ago => SourceHealth::Stale,
                    None => old.health,
                };
                row.problem = Some(problem);
                // One sample for each time it turns bad, not one for each poll.
                if old.health != row.health {
                    body = sample.map(|s| Fetched {
                        connection: target.connection.clone(),
                        body: s,
                        at: now,
                        baseline: false,
                        problem: row.problem.clone(),
                    });
                }
            }
        }
        let wait = next_fetch(target.id.as_str(), target.every, row.failures, asked);
        let wait = if again { wait.min(ASK_AGAIN) } else { wait };
        row.next_at = now.saturating_add(SignedDuration::from_secs(wait)).unwrap_or(now);
        self.tell(&old, &row, now).await?;
        let new = body.is_some();
        self.cx.store.fetched(row, body).await?;
        if new {
            self.cx.nudges.normalize.notify_one();
        }
        Ok(())
    }

    /// Reads a body to learn whether it may be believed.
    async fn judge(
        &self,
        t: &Target,
        old: &SourceRow,
        body: Vec<u8>,
        etag: Option<String>,
        last_modified: Option<String>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let hash = short_hash(&[&body]);
        if old.body_hash == Some(hash) {
            return Ok(Verdict::Same { etag, last_modified });
        }
        let bytes = Bytes::from(body);
        let payload = StoredPayload {
            id: PayloadId(0),
            source: t.id.clone(),
            connection: t.connection.clone(),
            trust: Trust::Fetched,
            baseline: false,
            conflict_of: None,
            received_at: now,
            headers: Vec::new(),
            body: bytes.to_vec(),
        };
        let catalog = self.cx.catalog.clone();
        let outcome = tokio::task::spawn_blocking(move || read(&catalog, &payload)).await;
        let bad = |problem| {
            Ok(Verdict::Bad {
                health: Some(SourceHealth::Unreadable),
                problem,
                sample: Some(bytes.clone()),
                retry_after: None,
            })
        };
        match outcome {
            Err(_) => bad("the reader panicked: please report this page".into()),
            Ok(ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why)) => bad(why),
            Ok(ReadOutcome::Ok(seen)) => {
                let rows = u32::try_from(seen.len()).unwrap_or(u32::MAX);
                if f64::from(rows) < f64::from(old.rows) * LEAST_SHARE {
                    return bad(format!(
                        "only {rows} rows where there were {}: the layout has probably changed; what was known is kept",
                        old.rows
                    ));
                }
                let dates = seen.iter().any(|o| matches!(o.fact, Fact::Ending(_)));
                Ok(Verdict::New { bytes: bytes.clone(), hash, rows, etag, last_modified, dates })
            }
        }
    }

    /// Tells when a source turns bad, and when it is good again.
    async fn tell(&self, old: &SourceRow, new: &SourceRow, now: Timestamp) -> Result<(), StoreError> {
        let (was_told, bad) = (worth_telling(old), worth_telling(new));
        if was_told == bad && (!bad || old.health == new.health) {
            return Ok(());
        }
        let provider =
            crate::model::ProviderId::new(new.id.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?;
        let last = new.last_ok_at.map_or_else(|| "never".to_owned(), |t| t.strftime("%a %-d %b %H:%M UTC").to_string());
        let t = Trouble {
            about: new.id.name().to_owned(),
            provider,
            change: if bad { Change::Opened } else { Change::Resolved },
            severity: Severity::Minor,
            title: if bad { format!("{} is {}", new.id, new.health) } else { format!("{} is read again", new.id) },
            summary: if bad {
                format!(
                    "{}. Last good read: {last}. What was known is kept; what it says now is unknown, not \"all clear\".",
                    new.problem.as_deref().unwrap_or("no reason known")
                )
            } else {
                format!("Last good read: {last}.")
            },
            native_id: None,
        };
        trouble::report(&self.cx, &t, now).await
    }
}

/// Whether operators should know: at once where the answer itself is wrong, after some failures where the network is.
fn worth_telling(row: &SourceRow) -> bool {
    match row.health {
        SourceHealth::Unreadable | SourceHealth::Moved | SourceHealth::Gone => true,
        SourceHealth::Stale => row.failures >= STALE_AFTER,
        SourceHealth::Fresh | SourceHealth::Off => false,
    }
}

enum Verdict {
    Same { etag: Option<String>, last_modified: Option<String> },
    New { bytes: Bytes, hash: [u8; 16], rows: u32, etag: Option<String>, last_modified: Option<String>, dates: bool },
    Bad { health: Option<SourceHealth>, problem: String, sample: Option<Bytes>, retry_after: Option<i64> },
}

impl Verdict {
    fn from_error(e: &FetchError) -> Self {
        let (health, retry_after) = match e {
            FetchError::Status { status: 404 | 410, .. } => (Some(SourceHealth::Gone), None),
            FetchError::Status { retry_after, .. } => (None, *retry_after),
            FetchError::TooLarge => (Some(SourceHealth::Unreadable), None),
            FetchError::Refused(_) => (Some(SourceHealth::Moved), None),
            FetchError::Network(_) => (None, None),
        };
        Verdict::Bad { health, problem: e.to_string(), sample: None, retry_after }
    }
}

fn good(row: &mut SourceRow, etag: Option<String>, last_modified: Option<String>, now: Timestamp) {
    row.etag = etag;
    row.last_modified = last_modified;
    row.last_ok_at = Some(now);
    row.failures = 0;
    row.health = SourceHealth::Fresh;
    row.problem = None;
}

/// Once a day a source is fetched whole, whatever its validators say: some servers answer 304 for ever.
fn request(t: &Target, row: &SourceRow, now: Timestamp) -> fetch::Request {
    let fresh = row.last_full_at.is_some_and(|at| now.duration_since(at) < DAY);
    let keep = |v: &Option<String>| v.clone().filter(|_| fresh);
    fetch::Request {
        url: t.url.clone(),
        bearer: t.key.clone(),
        etag: keep(&row.etag),
        last_modified: keep(&row.last_modified),
    }
}
