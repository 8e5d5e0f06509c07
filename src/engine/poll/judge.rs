//! One look at a source: fetch, read, decide whether to believe it.
//!
//! In: a target and its row. Out: [`Looked`]. Invariant: nothing is written here; what could not be read is never "nothing
//! new"; the hash of a body stands for it, whatever its validators say. Refuses to fold.

use super::models;
use super::page::{Compared, Read, compare, missing};
use super::targets::Target;
use crate::crypto::short_hash;
use crate::engine::Context;
use crate::fetch::{Client, FetchError, Fetched, Request};
use crate::model::{Change, Fact, MatterState, Observation, ProviderId, ReadOutcome, Subject};
use crate::provider::file::Source;
use crate::provider::read::{ReadContext, Reading, polled, status};
use crate::store::{SourceHealth, SourceRow, StoreError};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A steady page with fewer rows than this part of the last read is not believed.
const LEAST_SHARE: f64 = 0.7;
/// A feed with fewer entries than this part of the last read is taken, and watched.
const LEAST_FEED: f64 = 0.3;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What a look brought.
pub(super) struct Looked {
    pub verdict: Verdict,
    /// The body that holds the ends, where it was needed.
    pub history: Option<Bytes>,
    pub compared: Option<Compared>,
    /// Seconds for which asking again is pointless.
    pub cached: Option<i64>,
}

impl Looked {
    /// Nothing was fetched, because the host wants to be left alone.
    pub fn left_alone(health: Option<SourceHealth>, problem: String) -> Self {
        let verdict = Verdict::Bad { health, problem, sample: None, retry_after: None };
        Self { verdict, history: None, compared: None, cached: None }
    }
}

/// Whether a body is believed.
pub(super) enum Verdict {
    /// What we have is what there is; new validators where the whole body came.
    Same(Option<Validators>),
    New {
        bytes: Bytes,
        hash: [u8; 16],
        rows: u32,
        validators: Validators,
        /// Why it is taken and yet not quite believed.
        doubt: Option<String>,
        /// It says when something ends.
        dates: bool,
    },
    Bad {
        health: Option<SourceHealth>,
        problem: String,
        sample: Option<Bytes>,
        retry_after: Option<i64>,
    },
}

/// `ETag` and `Last-Modified`, a pair of one good read.
#[derive(Debug, Clone, Default)]
pub(super) struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// Fetches and judges.
pub(super) async fn look(cx: &Context, client: &Client, t: &Target, row: &SourceRow) -> Result<Looked, StoreError> {
    let now = cx.clock.now();
    let mut out = Looked { verdict: Verdict::Same(None), history: None, compared: None, cached: None };
    let (body, validators, moved_to) = match client.get(&request(t, row, now)).await {
        Ok(Fetched::Unchanged { max_age }) => {
            out.cached = max_age;
            return Ok(out);
        }
        Ok(Fetched::Body { body, etag, last_modified, max_age, moved_to, next: _ }) => {
            out.cached = max_age;
            (Bytes::from(body), Validators { etag, last_modified }, moved_to)
        }
        Err(e) => {
            out.verdict = from_error(&e, now);
            return Ok(out);
        }
    };
    let hash = short_hash(&[&body]);
    let full = !is_fresh(row, now);
    if row.body_hash == Some(hash) && !row.again && !(full && (t.history.is_some() || t.models)) {
        out.verdict = Verdict::Same(Some(validators));
        return Ok(out);
    }
    let reading = read_body(cx, t, body.clone(), now).await;
    let (seen, rows, models) = match believe(reading, row) {
        Ok(good) => good,
        Err(why) => {
            let health = if moved_to.is_some() { SourceHealth::Moved } else { SourceHealth::Unreadable };
            let other = other_dialect(cx, t, &body);
            let by = moved_to.map_or_else(String::new, |host| format!(" (answered by {host} now)"));
            let problem = format!("{why}{other}{by}");
            out.verdict = Verdict::Bad { health: Some(health), problem, sample: Some(body), retry_after: None };
            return Ok(out);
        }
    };
    let mut doubt = (!t.lists && !t.models && f64::from(rows) < f64::from(row.rows) * LEAST_FEED)
        .then(|| format!("only {rows} entries where there were {}", row.rows));
    let dates = seen.iter().any(|o| matches!(o.fact, Fact::Ending(_)));
    if let Some(models) = models {
        let compared = models::beside_what_was_listed(cx, t, models, &seen, now).await?;
        doubt.clone_from(&compared.doubt);
        out.compared = Some(compared);
    }
    if t.lists {
        let whole = rows >= row.rows;
        let (compared, history) = beside_what_is_known(cx, client, t, Seen { seen, whole, full, now }).await?;
        (out.compared, out.history) = (Some(compared), history);
    }
    out.verdict = Verdict::New { bytes: body, hash, rows, validators, doubt, dates };
    Ok(out)
}

/// What a page said, and how it was asked.
struct Seen {
    seen: Vec<Observation>,
    whole: bool,
    full: bool,
    now: Timestamp,
}

/// Compares a status page with what is open; reads its history when something is missing, and once a day.
async fn beside_what_is_known(
    cx: &Context,
    client: &Client,
    t: &Target,
    mut s: Seen,
) -> Result<(Compared, Option<Bytes>), StoreError> {
    let provider = ProviderId::new(t.id.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let mut known = cx.store.open_of(provider).await?;
    let mut history = None;
    let mut blind = false;
    let lost = |seen: &[Observation], known: &[MatterState]| {
        let r = Read { source: &t.id, seen, whole: s.whole, blind: false, now: s.now };
        missing(known, &r).any(|(m, _)| !m.id.as_str().contains(":component/"))
    };
    if let Some(url) = t.history.as_ref().filter(|_| s.full || lost(&s.seen, &known)) {
        let request = Request { url: url.clone(), allow: t.allow.clone(), ..Request::default() };
        let read = match client.get(&request).await {
            Ok(Fetched::Body { body, .. }) => {
                let bytes = Bytes::from(body);
                match read_body(cx, t, bytes.clone(), s.now).await {
                    Some(Reading { outcome: ReadOutcome::Ok(past), .. }) => Ok((bytes, past)),
                    Some(Reading { outcome: ReadOutcome::GuardFailed(w) | ReadOutcome::Unreadable(w), .. }) => Err(w),
                    None => Err("the reader panicked".to_owned()),
                }
            }
            Ok(Fetched::Unchanged { .. }) => Err("answered 304 to a question without validators".into()),
            Err(e) => Err(e.to_string()),
        };
        match read {
            Ok((bytes, past)) => {
                history = Some(bytes);
                let listed: BTreeSet<_> = s.seen.iter().filter_map(|o| o.matter.clone()).collect();
                s.seen.extend(past.into_iter().filter(|o| o.matter.as_ref().is_none_or(|m| !listed.contains(m))));
            }
            Err(why) => {
                blind = true;
                tracing::warn!(source = %t.id, "the history of a status page could not be read: {why}");
            }
        }
    }
    let said_open = |o: &&Observation| matches!(o.fact, Fact::Episode { change } if change != Change::Resolved);
    let others = s.seen.iter().filter(said_open).filter_map(|o| o.matter.clone());
    let others: BTreeSet<_> = others.filter(|id| !known.iter().any(|m| m.id == *id)).collect();
    if !others.is_empty() {
        known.extend(cx.store.matters(others.into_iter().collect()).await?);
    }
    let r = Read { source: &t.id, seen: &s.seen, whole: s.whole, blind, now: s.now };
    Ok((compare(&known, &r), history))
}

/// Reads in the pool for blocking work; nothing if the reader panicked.
async fn read_body(cx: &Context, t: &Target, body: Bytes, now: Timestamp) -> Option<Reading> {
    let (catalog, id) = (cx.catalog.clone(), t.id.clone());
    let connection = t.connection.clone();
    let work = move || {
        let provider = catalog.get(id.provider())?;
        let context = ReadContext {
            provider: provider.file.id.clone(),
            provider_name: provider.file.name.clone(),
            source: id.clone(),
            connection,
            received_at: now,
        };
        polled(provider.file.sources.get(id.name())?, &context, &body)
    };
    tokio::task::spawn_blocking(work).await.ok().flatten()
}

/// What a body looks like that could not be read: pages move from one engine to another.
fn other_dialect(cx: &Context, t: &Target, body: &[u8]) -> String {
    let source = cx.catalog.get(t.id.provider()).and_then(|p| p.file.sources.get(t.id.name()));
    match (source, status::recognise(&t.url, None, body)) {
        (Some(Source::Status(own)), Some(found)) if found != own.dialect => {
            format!(". It looks like dialect = \"{found}\" now, not \"{}\"", own.dialect)
        }
        (Some(_) | None, Some(_) | None) => String::new(),
    }
}

/// What was read, how many rows, and everything a list of models names.
type Believed = (Vec<Observation>, u32, Option<Vec<Subject>>);

/// What was read, or why it is not believed.
fn believe(reading: Option<Reading>, old: &SourceRow) -> Result<Believed, String> {
    let reading = reading.ok_or("the reader panicked: please report this page")?;
    let rows = u32::try_from(reading.rows).unwrap_or(u32::MAX);
    match reading.outcome {
        ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => Err(why),
        ReadOutcome::Ok(_) if reading.steady && f64::from(rows) < f64::from(old.rows) * LEAST_SHARE => Err(format!(
            "only {rows} rows where there were {}: the layout has probably changed; what was known is kept",
            old.rows
        )),
        ReadOutcome::Ok(seen) => Ok((seen, rows, reading.models)),
    }
}

fn from_error(e: &FetchError, now: Timestamp) -> Verdict {
    let (health, retry_after) = match e {
        // We were sent elsewhere, and nothing is there for us: the page is not where it was.
        FetchError::Status { status: 401 | 403 | 404 | 410, via: Some(_), .. } => (Some(SourceHealth::Moved), None),
        FetchError::Status { status: 404 | 410, .. } => (Some(SourceHealth::Gone), None),
        FetchError::Status { retry_after, .. } => (None, retry_after.map(|r| r.seconds(now))),
        FetchError::TooLarge => (Some(SourceHealth::Unreadable), None),
        FetchError::Refused(_) => (Some(SourceHealth::Moved), None),
        FetchError::Network(_) => (None, None),
    };
    Verdict::Bad { health, problem: e.to_string(), sample: None, retry_after }
}

/// Whether validators may be used: once a day a source is fetched whole, since some servers answer 304 for ever.
fn is_fresh(row: &SourceRow, now: Timestamp) -> bool {
    row.last_full_at.is_some_and(|at| now.duration_since(at) < DAY)
}

/// What counts only when it is read again is fetched afresh.
fn request(t: &Target, row: &SourceRow, now: Timestamp) -> Request {
    let keep = |v: &Option<String>| v.clone().filter(|_| is_fresh(row, now) && !row.again);
    Request { etag: keep(&row.etag), last_modified: keep(&row.last_modified), ..t.request(now) }
}
