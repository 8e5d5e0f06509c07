//! Normalizing: pending payloads out, folded states, events and woken alerts in.
//!
//! In: a [`Recording`]. Out: whether it is on disk. Invariant: cursor, states, events and alerts move in one step, and
//! only from the versions they were computed on. Refuses to decide who is told: the recording says it.

use super::convert::{fault, from_json, maybe_word, ms, rows, time_at, to_json, word_at};
use super::intake::count;
use super::{Sqlite, StoreError};
use crate::model::matter::CONFIGURED;
use crate::model::{AlertState, Change, Kind, MatterId, MatterState, PayloadId, ProviderId, Recipient, Stage, Subject};
use crate::store::types::{RecordOutcome, Recording, RoutedEvent, Routing, StoredPayload};
use crate::store::{Fut, Matters};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const PAYLOAD: &str =
    "p.id, p.source, p.connection, p.trust, p.baseline, p.conflict_of, p.received_at, p.headers, p.body";

impl Matters for Sqlite {
    fn pending(&self, limit: usize, bytes: usize) -> Fut<'_, (PayloadId, Vec<StoredPayload>)> {
        self.read(move |c| {
            let from: i64 =
                c.query_row("SELECT value FROM cursors WHERE name = 'normalized'", [], |r| r.get(0)).map_err(fault)?;
            let sql = format!("SELECT {PAYLOAD} FROM payloads p WHERE p.id > ?1 ORDER BY p.id LIMIT ?2");
            let mut statement = c.prepare_cached(&sql).map_err(fault)?;
            let mut found = statement.query([from, i64::try_from(limit).unwrap_or(i64::MAX)]).map_err(fault)?;
            let (mut out, mut size) = (Vec::new(), 0);
            while let Some(row) = found.next().map_err(fault)? {
                let p = payload(row)?;
                size += p.body.len();
                out.push(p);
                if size >= bytes {
                    break;
                }
            }
            Ok((PayloadId(from), out))
        })
    }

    fn matters(&self, ids: Vec<MatterId>) -> Fut<'_, Vec<MatterState>> {
        self.read(move |c| {
            let mut out = Vec::new();
            for id in ids {
                out.extend(state(c, &id)?);
            }
            Ok(out)
        })
    }

    fn open_of(&self, provider: ProviderId) -> Fut<'_, Vec<MatterState>> {
        self.read_matters(move |c, shelf| {
            // Ids of a provider begin with its name and a colon, so its matters are one range of the index.
            let sql = "SELECT id, version, state FROM matters INDEXED BY matters_open
                 WHERE id >= ?1 || ':' AND id < ?1 || ';' AND kind IN ('incident', 'maintenance') AND stage = 'open'";
            rows(c, sql, [provider.as_str()], |r| shelf.row(r).map(Arc::unwrap_or_clone))
        })
    }

    fn known(&self, fingerprints: Vec<String>) -> Fut<'_, BTreeSet<String>> {
        self.read(move |c| {
            let mut q = c.prepare_cached("SELECT 1 FROM events WHERE fingerprint = ?1").map_err(fault)?;
            let mut out = BTreeSet::new();
            for print in fingerprints {
                if q.exists([hex::decode(&print).unwrap_or_default()]).map_err(fault)? {
                    out.insert(print);
                }
            }
            Ok(out)
        })
    }

    fn record(&self, recording: Recording) -> Fut<'_, RecordOutcome> {
        // A stale recording must leave nothing behind: it is an error to the savepoint and an answer to the caller.
        Box::pin(async move {
            let out = self.write(move |c| record(c, &recording)).await;
            match out {
                Err(StoreError::Unavailable(why)) if why == STALE => Ok(RecordOutcome::Stale),
                other => other,
            }
        })
    }

    fn unrecognized(&self, after: PayloadId, limit: usize) -> Fut<'_, Vec<(StoredPayload, String)>> {
        self.read(move |c| {
            let sql = format!("SELECT {PAYLOAD}, u.problem FROM unrecognized u JOIN payloads p ON p.id = u.payload WHERE u.payload > ?1 ORDER BY u.payload LIMIT ?2");
            rows(c, &sql, params![after.0, i64::try_from(limit).unwrap_or(i64::MAX)], |r| Ok((payload(r)?, r.get("problem").map_err(fault)?)))
        })
    }
}

/// Tells a stale recording or plan from a failed one, inside this module's boundary only.
pub(super) const STALE: &str = "stale";

pub(super) fn stale() -> StoreError {
    StoreError::Unavailable(STALE.into())
}

/// A row that begins with the columns of [`PAYLOAD`].
pub(super) fn payload(row: &Row<'_>) -> Result<StoredPayload, StoreError> {
    let headers: String = row.get(7).map_err(fault)?;
    Ok(StoredPayload {
        id: PayloadId(row.get(0).map_err(fault)?),
        source: word_at(row, 1)?,
        connection: maybe_word(row, 2)?,
        trust: word_at(row, 3)?,
        baseline: row.get(4).map_err(fault)?,
        conflict_of: row.get::<_, Option<i64>>(5).map_err(fault)?.map(PayloadId),
        received_at: time_at(row, 6)?,
        headers: from_json(&headers)?,
        body: row.get(8).map_err(fault)?,
    })
}

/// The state of a matter; the version column counts, not the one inside the JSON.
pub(super) fn state(c: &Connection, id: &MatterId) -> Result<Option<MatterState>, StoreError> {
    let found: Option<(i64, String)> = c
        .prepare_cached("SELECT version, state FROM matters WHERE id = ?1")
        .and_then(|mut s| s.query_row([id.as_str()], |r| Ok((r.get(0)?, r.get(1)?))).optional())
        .map_err(fault)?;
    found.map(|(version, text)| Ok(MatterState { version, ..from_json(&text)? })).transpose()
}

fn record(c: &Connection, r: &Recording) -> Result<RecordOutcome, StoreError> {
    if let Some((from, to)) = r.cursor {
        let moved = c
            .prepare_cached("UPDATE cursors SET value = ?2 WHERE name = 'normalized' AND value = ?1")
            .and_then(|mut s| s.execute([from.0, to.0]))
            .map_err(fault)?;
        if moved != 1 {
            return Err(stale());
        }
    }
    let states: BTreeMap<&str, &MatterState> = r.matters.iter().map(|m| (m.id.as_str(), m)).collect();
    let mut news = 0;
    // One wake-up for each (matter, owner), however many events of this batch concern it.
    let mut told: BTreeMap<(&str, &str), (&Recipient, bool)> = BTreeMap::new();
    let mut repeated: BTreeSet<&str> = BTreeSet::new();
    let mut changed: BTreeSet<&str> = BTreeSet::new();
    let mut next = next_event(c)?;
    for e in &r.events {
        let about = e.event.matter.as_ref().map_or("", |m| m.as_str());
        if !insert_event(c, next, e)? {
            repeated.insert(about);
            continue;
        }
        changed.insert(about);
        next += 1;
        news += 1;
        if let (Routing::Tell(recipients), Some(matter)) = (&e.routing, &e.event.matter) {
            for recipient in recipients {
                let again = matches!(e.event.change, Some(Change::Announced | Change::Reopened));
                let known = told.get(&(matter.as_str(), recipient.owner.as_str())).is_some_and(|(_, a)| *a);
                told.insert((matter.as_str(), recipient.owner.as_str()), (recipient, again || known));
            }
        }
    }
    // A matter of which only repeats were heard is as it was.
    for m in r.matters.iter().filter(|m| changed.contains(m.id.as_str()) || !repeated.contains(m.id.as_str())) {
        write_state(c, m)?;
    }
    let mut alerts = 0;
    let mut over: Vec<&str> = Vec::new();
    for ((matter, _), (recipient, again)) in told {
        let Some(m) = states.get(matter) else { continue };
        if m.is_over() {
            over.push(matter);
        } else {
            alerts += wake(c, m, &Wake { to: recipient, again }, r)?;
        }
    }
    for (id, recipients) in &r.adopted {
        // It was known before: what is said of it now is a list, not news.
        let Some(m) = state(c, id)?.map(|m| MatterState { baseline: true, ..m }).filter(|m| !m.is_over()) else {
            continue;
        };
        for to in recipients {
            alerts += wake(c, &m, &Wake { to, again: false }, r)?;
        }
    }
    over.dedup();
    for matter in over {
        alerts += wake_open(c, matter, r)?;
    }
    if let Some(d) = &r.done {
        audit(c, ms(r.now), &d.by, d.what, &d.subject, &d.detail)?;
    }
    for (payload, problem) in &r.unrecognized {
        c.prepare_cached("INSERT INTO unrecognized (payload, problem, at) VALUES (?1, ?2, ?3) ON CONFLICT (payload) DO UPDATE SET problem = excluded.problem")
            .and_then(|mut s| s.execute(params![payload.0, problem, ms(r.now)]))
            .map_err(fault)?;
    }
    for payload in &r.recognized {
        let gone = c.execute("DELETE FROM unrecognized WHERE payload = ?1", [payload.0]).map_err(fault)?;
        count(c, "normalized", i64::try_from(gone).unwrap_or(0))?;
    }
    count(c, "normalized", i64::try_from(r.normalized).unwrap_or(i64::MAX))?;
    count(c, "events", i64::try_from(news).unwrap_or(i64::MAX))?;
    Ok(RecordOutcome::Done { events: news, alerts })
}

fn write_state(c: &Connection, m: &MatterState) -> Result<(), StoreError> {
    let text = to_json(m)?;
    // The day to reckon with: what a page or a feed asks for by date.
    let day = m.remind_by().map(|d| d.date.to_string());
    let points = open_points(m);
    let done = if m.version == 0 {
        c.prepare_cached("INSERT INTO matters (id, kind, stage, shutdown_on, version, state, provider, open_points) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING")
            .and_then(|mut s| s.execute(params![m.id.as_str(), m.kind.as_str(), m.stage.as_str(), day, text, m.provider.as_str(), points]))
    } else {
        c.prepare_cached("UPDATE matters SET stage = ?2, shutdown_on = ?3, version = version + 1, state = ?4, open_points = ?6 WHERE id = ?1 AND version = ?5")
            .and_then(|mut s| s.execute(params![m.id.as_str(), m.stage.as_str(), day, text, m.version, points]))
    };
    if done.map_err(fault)? != 1 {
        return Err(stale());
    }
    if m.kind == Kind::Deprecation {
        for subject in &m.subjects {
            c.prepare_cached("INSERT INTO matter_subjects (subject, matter) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
                .and_then(|mut s| s.execute([subject_key(subject).as_str(), m.id.as_str()]))
                .map_err(fault)?;
        }
    }
    Ok(())
}

/// What of a deprecation is open, as bits: a date that a source gave once, something for a person to look at, an end that a
/// source tells and nothing proves, a word of the config.
fn open_points(m: &MatterState) -> i64 {
    let claims = || m.claims.values().filter(|_| m.kind == Kind::Deprecation);
    i64::from(claims().any(|c| c.pending.is_some()))
        + 2 * i64::from(claims().any(|c| c.review.is_some()))
        + 4 * i64::from(m.stage == Stage::Announced && claims().any(|c| c.ended))
        + 8 * i64::from(m.kind == Kind::Deprecation && m.claims.contains_key(CONFIGURED))
}

/// A thing wherever it is offered.
pub(super) fn subject_key(s: &Subject) -> String {
    format!("{}:{}/{}", s.platform, s.kind.as_str(), s.id)
}

/// The number the next event gets.
fn next_event(c: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT max(coalesce((SELECT max(id) FROM events), 0) + 1, coalesce((SELECT value FROM cursors WHERE name = 'events'), 0))";
    c.prepare_cached(sql).and_then(|mut s| s.query_row([], |r| r.get(0))).map_err(fault)
}

/// Whether the event was new; its fingerprint decides.
fn insert_event(c: &Connection, id: i64, r: &RoutedEvent) -> Result<bool, StoreError> {
    let e = &r.event;
    let print =
        hex::decode(&e.fingerprint).map_err(|_| StoreError::Damaged("a fingerprint that is not hexadecimal".into()))?;
    let routing = match &r.routing {
        Routing::Tell(_) => "routed",
        Routing::Silent(why) => why,
    };
    let n = c
        .prepare_cached(
            "INSERT INTO events (id, fingerprint, kind, provider, connection, source, matter, native_type, native_id, change, severity, title, summary, url,
             subjects, deadline, replacements, money, occurred_at, received_at, payload, routing, moved_from, redirected_to)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)
             ON CONFLICT (fingerprint) DO NOTHING",
        )
        .map_err(fault)?
        .execute(params![
            id,
            print,
            e.kind.as_str(),
            e.provider.as_str(),
            e.connection.as_ref().map(|x| x.as_str()),
            e.source.as_str(),
            e.matter.as_ref().map(|x| x.as_str()),
            e.native_type,
            e.native_id,
            e.change.map_or("noted", |x| x.as_str()),
            e.severity.as_str(),
            e.title,
            e.summary,
            e.url,
            to_json(&e.subjects)?,
            e.deadline.as_ref().map(to_json).transpose()?,
            Some(&e.replacements).filter(|r| !r.is_empty()).map(to_json).transpose()?,
            e.money.as_ref().map(to_json).transpose()?,
            ms(e.occurred_at),
            ms(e.received_at),
            r.payload.map(|p| p.0),
            routing,
            e.moved_from.as_ref().map(to_json).transpose()?,
            e.redirected_to,
        ])
        .map_err(fault)?;
    Ok(n == 1)
}

/// Who is woken, and whether the matter begins anew: news of one that goes on opens nothing that a person has resolved.
struct Wake<'a> {
    to: &'a Recipient,
    again: bool,
}

/// An alert as far as waking it needs to know.
struct Known {
    id: i64,
    state: String,
    next_due_at: Option<i64>,
    services: String,
    /// A person says that it is dealt with.
    settled: bool,
    /// Another owner answers for it now: why, policy and services are theirs.
    handed: bool,
}

/// Opens an alert, opens it again, or wakes the ladder. 1 if anything changed.
fn wake(c: &Connection, m: &MatterState, w: &Wake<'_>, r: &Recording) -> Result<u64, StoreError> {
    let to = w.to;
    let sql = "SELECT id, state, next_due_at, services, resolution IS NOT NULL, owner <> ?2 FROM alerts
        WHERE matter = ?1 AND (owner = ?2 OR id = (SELECT alert FROM handed WHERE matter = ?1 AND owner = ?2))
        ORDER BY owner = ?2 DESC LIMIT 1";
    let known: Option<Known> = c
        .prepare_cached(sql)
        .and_then(|mut s| {
            s.query_row([m.id.as_str(), &to.owner], |r| {
                Ok(Known {
                    id: r.get(0)?,
                    state: r.get(1)?,
                    next_due_at: r.get(2)?,
                    services: r.get(3)?,
                    settled: r.get(4)?,
                    handed: r.get(5)?,
                })
            })
            .optional()
        })
        .map_err(fault)?;
    let (now, services) = (ms(r.now), to_json(&to.services)?);
    let n = match known {
        None => {
            let n = c
                .prepare_cached(
                    "INSERT INTO alerts (id, matter, owner, policy, why, services, state, episode, opened_at, baseline, told_revision, next_due_at, version)
                     VALUES (max(coalesce((SELECT max(id) FROM alerts), 0) + 1, coalesce((SELECT value FROM cursors WHERE name = 'alerts'), 0)),
                     ?1, ?2, ?3, ?4, ?5, 'open', 1, ?6, ?7, 0, ?6, 1)",
                )
                .and_then(|mut s| s.execute(params![m.id.as_str(), to.owner, to.policy, to.why, services, now, m.baseline]))
                .map_err(fault)?;
            audit(c, now, "forewarn", "alert.opened", m.id.as_str(), &format!("{}: {}", to.owner, to.why))?;
            n
        }
        Some(k) if k.state == AlertState::Resolved.as_str() => {
            if k.settled && !w.again {
                return Ok(0);
            }
            let n = c
                .prepare_cached(
                    "UPDATE alerts SET state = 'open', episode = episode + 1, opened_at = ?2, ack = NULL, told_revision = 0, baseline = 0,
                     snoozed_until = NULL, resolution = NULL, done = '{}', hands = 0, next_due_at = ?2, version = version + 1 WHERE id = ?1",
                )
                .and_then(|mut s| s.execute(params![k.id, now]))
                .map_err(fault)?;
            if !k.handed {
                reroute(c, k.id, to, &services)?;
            }
            audit(c, now, "forewarn", "alert.reopened", m.id.as_str(), &to.owner)?;
            n
        }
        // Already awake, and nothing else to change: no write.
        Some(k) if k.next_due_at.is_some_and(|at| at <= now) && (k.handed || k.services == services) => 0,
        Some(k) => {
            if !k.handed {
                reroute(c, k.id, to, &services)?;
            }
            c.prepare_cached("UPDATE alerts SET next_due_at = ?2, version = version + 1 WHERE id = ?1")
                .and_then(|mut s| s.execute(params![k.id, now]))
                .map_err(fault)?
        }
    };
    Ok(n as u64)
}

/// What routing says now of an alert that exists.
fn reroute(c: &Connection, id: i64, to: &Recipient, services: &str) -> Result<(), StoreError> {
    c.prepare_cached("UPDATE alerts SET policy = ?2, why = ?3, services = ?4 WHERE id = ?1")
        .and_then(|mut s| s.execute(params![id, to.policy, to.why, services]))
        .map(drop)
        .map_err(fault)
}

/// Wakes everybody who has an alert on a matter that is over, whoever is routed to now.
fn wake_open(c: &Connection, matter: &str, r: &Recording) -> Result<u64, StoreError> {
    let n = c
        .prepare_cached(
            "UPDATE alerts SET next_due_at = ?2, version = version + 1 WHERE matter = ?1 AND state <> 'resolved'",
        )
        .and_then(|mut s| s.execute(params![matter, ms(r.now)]))
        .map_err(fault)?;
    Ok(n as u64)
}

/// One line of the audit.
pub(super) fn audit(
    c: &Connection,
    at: i64,
    who: &str,
    what: &str,
    subject: &str,
    detail: &str,
) -> Result<(), StoreError> {
    c.prepare_cached("INSERT INTO audit (at, who, what, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut s| s.execute(params![at, who, what, subject, detail]))
        .map(drop)
        .map_err(fault)
}
