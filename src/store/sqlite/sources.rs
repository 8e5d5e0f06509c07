//! Polled sources and their fetched bodies.
//!
//! In: how a fetch went. Out: rows. Invariant: the row and the body it brought are written together. Refuses to judge
//! health: the engine does.

use super::convert::{fault, from_json, maybe_time, ms, rows, time_at, to_json, word_at};
use super::intake::count;
use super::{Sqlite, StoreError};
use crate::model::{ModelList, SourceId, Trust};
use crate::store::types::{Fetched, PROBLEM, SourceRow};
use crate::store::{Fut, Sources};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

/// Most of an unreadable body that is kept.
const SAMPLE: usize = 64 * 1024;

impl Sources for Sqlite {
    fn sources(&self) -> Fut<'_, Vec<SourceRow>> {
        self.read(|c| rows(c, "SELECT * FROM sources ORDER BY id", [], source))
    }

    fn fetched(&self, row: SourceRow, body: Option<Fetched>) -> Fut<'_, ()> {
        // What a body says changes things when it is normalized.
        self.note(move |c| {
            save(c, &row)?;
            day(c, &row)?;
            body.map_or(Ok(()), |b| keep(c, &row.id, &b))
        })
    }

    fn hurry(&self, source: SourceId, at: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| {
            c.prepare_cached("UPDATE sources SET next_at = ?2 WHERE id = ?1 AND next_at > ?2")
                .and_then(|mut q| q.execute(params![source.as_str(), ms(at)]))
                .map(drop)
                .map_err(fault)
        })
    }

    fn listed(&self, source: SourceId) -> Fut<'_, Option<ModelList>> {
        self.read(move |c| {
            let sql = "SELECT models FROM model_lists WHERE source = ?1";
            let found = rows(c, sql, [source.as_str()], |r| r.get::<_, String>(0).map_err(fault))?;
            found.first().map(|text| from_json(text)).transpose()
        })
    }

    fn keep_list(&self, source: SourceId, list: ModelList) -> Fut<'_, ()> {
        self.write(move |c| {
            let models = to_json(&list)?;
            c.prepare_cached("INSERT INTO model_lists (source, models) VALUES (?1, ?2) ON CONFLICT (source) DO UPDATE SET models = ?2")
                .and_then(|mut q| q.execute(params![source.as_str(), models]))
                .map(drop)
                .map_err(fault)
        })
    }
}

pub(super) fn source(r: &Row<'_>) -> Result<SourceRow, StoreError> {
    Ok(SourceRow {
        id: word_at(r, "id")?,
        next_at: time_at(r, "next_at")?,
        etag: r.get("etag").map_err(fault)?,
        last_modified: r.get("last_modified").map_err(fault)?,
        body_hash: r.get("body_hash").map_err(fault)?,
        last_ok_at: maybe_time(r, "last_ok_at")?,
        last_full_at: maybe_time(r, "last_full_at")?,
        last_try_at: maybe_time(r, "last_try_at")?,
        failures: r.get("failures").map_err(fault)?,
        health: word_at(r, "health")?,
        problem: r.get("problem").map_err(fault)?,
        rows: r.get("rows").map_err(fault)?,
        open: r.get("open").map_err(fault)?,
        again: r.get("again").map_err(fault)?,
    })
}

pub(super) fn by_id(c: &Connection, id: &SourceId) -> Result<Option<SourceRow>, StoreError> {
    Ok(rows(c, "SELECT * FROM sources WHERE id = ?1", [id.as_str()], source)?.pop())
}

fn save(c: &Connection, s: &SourceRow) -> Result<(), StoreError> {
    c.prepare_cached(
        "INSERT INTO sources (id, next_at, etag, last_modified, body_hash, last_ok_at, last_full_at, last_try_at, failures, health, problem, rows, open, again)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET next_at = ?2, etag = ?3, last_modified = ?4, body_hash = ?5, last_ok_at = ?6, last_full_at = ?7, last_try_at = ?8,
         failures = ?9, health = ?10, problem = ?11, rows = ?12, open = ?13, again = ?14",
    )
    .and_then(|mut q| {
        q.execute(params![
            s.id.as_str(),
            ms(s.next_at),
            s.etag,
            s.last_modified,
            s.body_hash,
            s.last_ok_at.map(ms),
            s.last_full_at.map(ms),
            s.last_try_at.map(ms),
            s.failures,
            s.health.as_str(),
            s.problem,
            s.rows,
            s.open,
            s.again,
        ])
    })
    .map(drop)
    .map_err(fault)
}

/// Counts a try under its day.
fn day(c: &Connection, s: &SourceRow) -> Result<(), StoreError> {
    let Some(at) = s.last_try_at else { return Ok(()) };
    let well = s.last_ok_at == Some(at);
    let day = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().to_string();
    c.prepare_cached(
        "INSERT INTO source_days (source, day, read, failed, fewest, most) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
         ON CONFLICT (source, day) DO UPDATE SET read = read + ?3, failed = failed + ?4,
         fewest = min(coalesce(fewest, ?5), coalesce(?5, fewest)), most = max(coalesce(most, ?5), coalesce(?5, most))",
    )
    .and_then(|mut q| q.execute(params![s.id.as_str(), day, well, !well, well.then_some(s.rows)]))
    .map(drop)
    .map_err(fault)
}

fn keep(c: &Connection, id: &SourceId, b: &Fetched) -> Result<(), StoreError> {
    let body = if b.problem.is_some() { &b.body[..b.body.len().min(SAMPLE)] } else { &b.body[..] };
    let headers: Vec<(&str, &str)> = b.problem.iter().map(|why| (PROBLEM, why.as_str())).collect();
    let headers = to_json(&headers)?;
    c.prepare_cached("INSERT INTO payloads (source, connection, trust, baseline, received_at, headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        .and_then(|mut s| {
            s.insert(params![id.as_str(), b.connection.as_ref().map(|x| x.as_str()), Trust::Fetched.as_str(), b.baseline, ms(b.at), headers, body])
        })
        .map_err(fault)?;
    count(c, "accepted", 1)
}
