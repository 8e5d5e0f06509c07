//! Keeping house: retention in slices, checkpoints, checks.
//!
//! In: now. Out: how much went. Invariant: nothing pending is ever removed; a slice is small enough to hold up nobody;
//! events other than jobs, matters and audit stay. Refuses to shrink the file: free pages are used again.

use super::convert::{fault, ms, rows, time_at};
use super::matters::audit;
use super::{Sqlite, StoreError, usage};
use crate::store::{Fut, Housekeeping};
use jiff::Timestamp;
use rusqlite::{Connection, params};

const DAY_MS: i64 = 86_400_000;
/// Rows of a slice.
const SLICE: i64 = 500;

impl Housekeeping for Sqlite {
    fn prune(&self, now: Timestamp) -> Fut<'_, u64> {
        self.write(move |c| prune(c, ms(now)))
    }

    fn pulse(&self, now: Timestamp) -> Fut<'_, ()> {
        self.note(move |c| mark(c, "pulse", now))
    }

    fn believed(&self, now: Timestamp) -> Fut<'_, ()> {
        self.note(move |c| mark(c, "believed", now))
    }

    fn alive(&self, now: Timestamp) -> Fut<'_, ()> {
        self.note(move |c| mark(c, "alive", now))
    }

    fn last_alive(&self) -> Fut<'_, Option<Timestamp>> {
        self.read(|c| marked(c, "alive"))
    }

    fn held(&self) -> Fut<'_, Option<Timestamp>> {
        self.read(|c| Ok(rows(c, "SELECT copied_at FROM held", [], |r| time_at(r, "copied_at"))?.pop()))
    }

    fn resume(&self, by: String, now: Timestamp) -> Fut<'_, bool> {
        self.write(move |c| {
            let was = c.execute("DELETE FROM held", []).map_err(fault)? > 0;
            if was {
                audit(c, ms(now), &by, "sending.resumed", "forewarn", "")?;
            }
            Ok(was)
        })
    }

    fn copied(&self, by: String, to: String, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| {
            mark(c, "copied", now)?;
            audit(c, ms(now), &by, "backup.made", "forewarn", &to)
        })
    }

    fn last_copied(&self) -> Fut<'_, Option<Timestamp>> {
        self.read(|c| marked(c, "copied"))
    }

    fn quick_check(&self) -> Fut<'_, ()> {
        self.read(|c| {
            let answer: String = c.query_row("PRAGMA quick_check(5)", [], |r| r.get(0)).map_err(fault)?;
            if answer == "ok" {
                Ok(())
            } else {
                Err(StoreError::Damaged(format!("quick_check says {answer}: restore a backup")))
            }
        })
    }
}

/// The newest moment at which the clock was believed.
pub(super) fn newest(c: &Connection) -> Result<Option<Timestamp>, StoreError> {
    Ok(marked(c, "believed")?.max(marked(c, "alive")?))
}

fn mark(c: &Connection, name: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO cursors (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";
    c.execute(sql, params![name, ms(now)]).map(drop).map_err(fault)
}

fn marked(c: &Connection, name: &str) -> Result<Option<Timestamp>, StoreError> {
    Ok(rows(c, "SELECT value FROM cursors WHERE name = ?1", [name], |r| time_at(r, "value"))?.pop())
}

fn prune(c: &Connection, now: i64) -> Result<u64, StoreError> {
    let usage = usage::prune(c, now - 35 * DAY_MS, SLICE)?;
    Ok(usage + old_jobs(c, now - DAY_MS)? + old_keys(c, now - 35 * DAY_MS)? + old_payloads(c, now - 90 * DAY_MS)?)
}

/// The ids of a slice that is older than `?1`. They are in the order of time, so only the first `?2` are looked at: when none of
/// them is old, none is, however many there are.
fn oldest(table: &str, which: &str) -> String {
    format!(
        "SELECT id FROM (SELECT id, received_at FROM {table} WHERE {which} ORDER BY id LIMIT ?2) WHERE received_at < ?1"
    )
}

/// Jobs: a day, then counted. Their payloads lose their bodies and keep the key of the delivery.
fn old_jobs(c: &Connection, before: i64) -> Result<u64, StoreError> {
    let old = oldest("events", "kind = 'job'");
    let counts = format!(
        "INSERT INTO job_counts (day, provider, native_type, n)
         SELECT strftime('%Y-%m-%d', received_at / 1000, 'unixepoch'), provider, coalesce(native_type, ''), count(*) FROM events WHERE id IN ({old}) GROUP BY 1, 2, 3
         ON CONFLICT (day, provider, native_type) DO UPDATE SET n = n + excluded.n"
    );
    c.execute(&counts, params![before, SLICE]).map_err(fault)?;
    let bodies = format!(
        "UPDATE payloads SET body = x'', headers = '[]' WHERE id IN (SELECT payload FROM events WHERE id IN ({old}))"
    );
    c.execute(&bodies, params![before, SLICE]).map_err(fault)?;
    Ok(c.execute(&format!("DELETE FROM events WHERE id IN ({old})"), params![before, SLICE]).map_err(fault)? as u64)
}

/// Keys of deliveries no sender repeats any more. They are found by their payloads, which are in the order of time.
fn old_keys(c: &Connection, before: i64) -> Result<u64, StoreError> {
    let old = oldest("payloads", "id > coalesce((SELECT value FROM cursors WHERE name = 'keys'), 0)");
    let gone = c
        .execute(
            &format!("DELETE FROM deliveries WHERE key IN (SELECT key FROM payloads WHERE id IN ({old}))"),
            params![before, SLICE],
        )
        .map_err(fault)?;
    let moved = format!(
        "INSERT INTO cursors (name, value) SELECT 'keys', max(id) FROM ({old}) HAVING max(id) IS NOT NULL
         ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    );
    c.execute(&moved, params![before, SLICE]).map_err(fault)?;
    Ok(gone as u64)
}

/// Payloads: 90 days, never while pending or unrecognized.
fn old_payloads(c: &Connection, before: i64) -> Result<u64, StoreError> {
    let done =
        "id <= (SELECT value FROM cursors WHERE name = 'normalized') AND id NOT IN (SELECT payload FROM unrecognized)";
    let sql = format!("DELETE FROM payloads WHERE id IN ({})", oldest("payloads", done));
    Ok(c.execute(&sql, params![before, SLICE]).map_err(fault)? as u64)
}
