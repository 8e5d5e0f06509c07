//! Normalizing: from the inbox to events, in batches.
//!
//! In: pending payloads. Out: events, states, woken alerts; what cannot be read stays visible as unrecognized. Invariant:
//! a payload that makes a reader panic is set aside and the next goes on; the cursor moves with the events. Refuses to
//! compete with intake while its oldest payload is younger than 30 s.

use super::record::{Heeded, record};
use super::{Context, Report, poll, trouble};
use crate::model::{Change, Fact, Kind, Observation, PayloadId, ProviderId, ReadOutcome, Severity, Trust};
use crate::provider::catalog::Catalog;
use crate::provider::file::{Evidence, Source};
use crate::provider::read::{ReadContext, polled};
use crate::rules::fold::{Heard, fold};
use crate::rules::route::Silence;
use crate::rules::wave::{digest, is_wave, silence};
use crate::store::{Recording, StoreError, StoredPayload};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};
use std::time::Duration;

const BATCH: usize = 256;
const BATCH_BYTES: usize = 4 << 20;
/// Deliveries a second from which on intake comes first.
const BUSY: u64 = 2_000;
/// Shortest time over which that is measured.
const MEASURED: Duration = Duration::from_millis(100);
/// How long intake may come first.
const PATIENCE_MS: i64 = 30_000;

/// The normalizer.
pub struct Normalizer {
    /// What it works with.
    pub cx: Context,
    /// When the rate of intake was last measured, at which count, and what it was.
    rate: Mutex<(Timestamp, u64, u64)>,
}

impl Normalizer {
    /// Ready to work.
    pub fn new(cx: Context) -> Self {
        let began = cx.clock.now();
        Self { cx, rate: Mutex::new((began, 0, 0)) }
    }

    /// Whether deliveries come faster than it is worth competing with them for the one writer.
    fn is_busy(&self, now: Timestamp) -> bool {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, count, _) = *rate;
        let passed = now.duration_since(then).as_millis();
        if passed >= i128::try_from(MEASURED.as_millis()).unwrap_or(0) {
            let received = self.cx.nudges.received.load(Ordering::Relaxed);
            let per_second = u128::from(received.saturating_sub(count)) * 1_000 / passed.unsigned_abs().max(1);
            *rate = (now, received, u64::try_from(per_second).unwrap_or(u64::MAX));
        }
        rate.2 >= BUSY
    }

    /// Normalizes one batch.
    ///
    /// # Errors
    /// The store's; nothing is half done then.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let busy = self.is_busy(now);
        let limit = if busy { 1 } else { BATCH };
        let (from, payloads) = self.cx.store.pending(limit, BATCH_BYTES).await?;
        let Some((oldest, last)) = payloads.first().zip(payloads.last()).map(|(a, b)| (a.received_at, b.id)) else {
            return Ok(Report::default());
        };
        if busy && now.as_millisecond() - oldest.as_millisecond() < PATIENCE_MS {
            return Ok(Report { pause: Some(2 * MEASURED), ..Report::default() });
        }
        let (count, full) = (payloads.len(), payloads.len() == limit);
        let pages = hinted(&self.cx.catalog, &payloads);
        let base = Recording { cursor: Some((from, last)), now, ..Recording::default() };
        let (heeded, base) = self.read(payloads, base).await?;
        let unread = base.unrecognized.len();
        let events = record(&self.cx, heeded, base).await?;
        for page in pages {
            poll::hurry(&self.cx, &page, now).await?;
        }
        Ok(Report {
            summary: format!("{count} payloads, {events} events, {unread} unrecognized"),
            more: full,
            pause: None,
        })
    }

    /// Reads unrecognized payloads again, as after an improved provider file. How many can be read now.
    ///
    /// # Errors
    /// The store's.
    pub async fn replay(
        &self,
        since: Option<Timestamp>,
        provider: Option<&str>,
        now: Timestamp,
    ) -> Result<(u64, u64), StoreError> {
        let (mut after, mut looked, mut read) = (PayloadId(0), 0, 0);
        loop {
            let page = self.cx.store.unrecognized(after, BATCH).await?;
            let Some(last) = page.last().map(|(p, _)| p.id) else { return Ok((looked, read)) };
            after = last;
            let wanted: Vec<StoredPayload> = page
                .into_iter()
                .map(|(p, _)| p)
                .filter(|p| {
                    since.is_none_or(|s| p.received_at >= s) && provider.is_none_or(|id| p.source.provider() == id)
                })
                .collect();
            looked += wanted.len() as u64;
            let ids: Vec<PayloadId> = wanted.iter().map(|p| p.id).collect();
            let (heeded, mut base) = self.read(wanted, Recording { now, ..Recording::default() }).await?;
            base.normalized = 0;
            base.recognized = ids.into_iter().filter(|id| !base.unrecognized.iter().any(|(u, _)| u == id)).collect();
            read += base.recognized.len() as u64;
            record(&self.cx, heeded, base).await?;
        }
    }

    async fn read(
        &self,
        payloads: Vec<StoredPayload>,
        mut base: Recording,
    ) -> Result<(Vec<Heeded>, Recording), StoreError> {
        let catalog = self.cx.catalog.clone();
        let work = move || payloads.into_iter().map(|p| (read_guarded(&catalog, &p), p)).collect::<Vec<_>>();
        let read = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| StoreError::Unavailable("the readers stopped".into()))?;
        let mut heeded = Vec::with_capacity(read.len());
        for (outcome, p) in read {
            let heard = Heard { at: p.received_at, baseline: p.baseline };
            if p.conflict_of.is_some() {
                heeded.push(Heeded {
                    payload: Some(p.id),
                    trust: Trust::Fetched,
                    heard,
                    seen: conflict(&p)?,
                    quiet: None,
                });
                base.normalized += 1;
                continue;
            }
            match outcome {
                ReadOutcome::Ok(all) => {
                    base.normalized += 1;
                    let heed = |seen| Heeded { payload: Some(p.id), trust: p.trust, heard, seen, quiet: None };
                    let mut all: Vec<Heeded> = all.into_iter().map(heed).collect();
                    if page_of(&self.cx.catalog, &p).is_some() {
                        for h in &mut all {
                            (h.seen.matter, h.seen.fact, h.quiet) = (None, Fact::Noted, Some(Silence::OnPage));
                        }
                    }
                    if p.trust == Trust::Fetched && all.iter().any(|h| h.seen.kind == Kind::Change) {
                        self.quieten(&mut all).await?;
                    }
                    heeded.append(&mut all);
                }
                ReadOutcome::GuardFailed(why) | ReadOutcome::Unreadable(why) => base.unrecognized.push((p.id, why)),
            }
        }
        Ok((heeded, base))
    }
}

impl Normalizer {
    /// Entries of a changelog: a first read, old entries and many at once are stored and not told; a wave is one message.
    async fn quieten(&self, all: &mut Vec<Heeded>) -> Result<(), StoreError> {
        let print = |h: &Heeded| fold(None, &h.seen, h.heard).events.into_iter().next().map(|e| e.fingerprint);
        let prints: Vec<Option<String>> = all.iter().map(print).collect();
        let known = self.cx.store.known(prints.iter().flatten().cloned().collect()).await?;
        let mut new: BTreeSet<&String> = prints.iter().flatten().filter(|p| !known.contains(*p)).collect();
        let (entries, wave) = (all.len(), is_wave(all.len(), new.len()));
        for h in all.iter_mut() {
            h.quiet = silence(h.heard.baseline, wave, h.seen.occurred_at, h.heard.at);
        }
        let Some(first) = all.first().filter(|h| wave && !h.heard.baseline) else { return Ok(()) };
        let fresh: Vec<&Observation> = all
            .iter()
            .zip(&prints)
            .filter(|(_, p)| p.as_ref().is_some_and(|p| new.remove(p)))
            .map(|(h, _)| &h.seen)
            .collect();
        let digest = first.payload.and_then(|payload| digest(entries, &fresh, payload, first.heard.at));
        let heed = |seen| Heeded { quiet: None, seen, ..first.clone() };
        let told = digest.map(heed);
        all.extend(told);
        Ok(())
    }
}

/// Whose pages these payloads hint at. A page's own sender is named by the connection (`statuspage/openai`); else the
/// sender speaks of itself.
fn hinted(catalog: &Catalog, payloads: &[StoredPayload]) -> BTreeSet<String> {
    let hints = payloads.iter().filter(|p| p.trust == Trust::Hint || page_of(catalog, p).is_some());
    let page = |p: &StoredPayload| {
        let account = p.connection.as_ref().map(|c| c.account()).filter(|a| catalog.get(a).is_some());
        account.unwrap_or_else(|| p.source.provider()).to_owned()
    };
    hints.map(page).collect()
}

/// The provider whose page a proven payload speaks of, if that page is read: it is told from there, so that webhook, page and
/// history are one matter.
fn page_of(catalog: &Catalog, p: &StoredPayload) -> Option<ProviderId> {
    let sender = catalog.get(p.source.provider())?;
    let Some(Source::Webhook(w)) = sender.file.sources.get(p.source.name()) else { return None };
    let page = catalog.get(p.connection.as_ref()?.account()).filter(|_| w.page)?;
    let read = |s: &Source| s.evidence() != Evidence::U && s.polled().is_some_and(|x| x.lists);
    page.file.sources.values().any(read).then(|| page.file.id.clone())
}

/// Two different messages under one id: the first counts, the operators are told.
fn conflict(p: &StoredPayload) -> Result<Observation, StoreError> {
    let first = p.conflict_of.map_or(0, |f| f.0);
    let provider = ProviderId::new(p.source.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?;
    let t = trouble::Trouble {
        title: format!("{provider} sent two different messages under one id"),
        summary: format!(
            "Payload {} repeats the id of payload {first} with another body. The first one counts; look at both.",
            p.id
        ),
        about: format!("{}/conflict", p.source.name()),
        provider,
        change: Change::Opened,
        severity: Severity::Minor,
        native_id: Some(format!("conflict:{}", p.id)),
    };
    t.observation(p.received_at)
}

/// Reads a payload; a panic of a reader is an unreadable payload, not the end of the daemon.
fn read_guarded(catalog: &Arc<Catalog>, p: &StoredPayload) -> ReadOutcome {
    if let Some(why) = p.problem() {
        return ReadOutcome::GuardFailed(why.to_owned());
    }
    catch_unwind(AssertUnwindSafe(|| read(catalog, p)))
        .unwrap_or_else(|_| ReadOutcome::Unreadable("the reader panicked: please report this payload".into()))
}

/// Reads a payload by its source's reader.
pub fn read(catalog: &Catalog, p: &StoredPayload) -> ReadOutcome {
    let Some(provider) = catalog.get(p.source.provider()) else {
        return ReadOutcome::Unreadable(format!("provider {:?} is not known any more", p.source.provider()));
    };
    let cx = ReadContext {
        provider: provider.file.id.clone(),
        provider_name: provider.file.name.clone(),
        source: p.source.clone(),
        connection: p.connection.clone(),
        received_at: p.received_at,
    };
    let gone = || ReadOutcome::Unreadable(format!("source {} is not known any more", p.source));
    match (provider.file.sources.get(p.source.name()), provider.webhook()) {
        (Some(Source::Webhook(_)), Some(reader)) => reader.read(&cx, &p.headers, &p.body),
        (Some(source), _) => polled(source, &cx, &p.body).map_or_else(gone, |reading| reading.outcome),
        (None, _) => gone(),
    }
}
