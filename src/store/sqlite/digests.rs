//! When digests come, and digests in the outbox.
//!
//! In: what the engine decided. Out: rows. Invariant: a digest and the time of the next are one commit; one key is one
//! digest for ever. Refuses to decide.

use super::alerts::enqueue;
use super::convert::{fault, ms, rows, time_at};
use super::{Sqlite, StoreError};
use crate::model::{DigestOf, DigestPlan, DigestTime, NewDigest};
use crate::store::{Digests, Fut};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

impl Digests for Sqlite {
    fn digest_times(&self) -> Fut<'_, Vec<DigestTime>> {
        self.read(|c| {
            rows(c, "SELECT * FROM digests ORDER BY owner", [], |r| {
                Ok(DigestTime {
                    owner: r.get("owner").map_err(fault)?,
                    schedule: r.get("schedule").map_err(fault)?,
                    next_at: time_at(r, "next_at")?,
                    since: time_at(r, "since")?,
                })
            })
        })
    }

    fn plan_digests(&self, plan: DigestPlan, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| {
            for t in &plan.times {
                let sql = "INSERT OR REPLACE INTO digests (owner, schedule, next_at, since) VALUES (?1, ?2, ?3, ?4)";
                c.execute(sql, params![t.owner, t.schedule, ms(t.next_at), ms(t.since)]).map_err(fault)?;
            }
            for owner in &plan.gone {
                c.execute("DELETE FROM digests WHERE owner = ?1", [owner]).map_err(fault)?;
            }
            plan.digests.iter().try_for_each(|d| queue(c, d, ms(now)))
        })
    }
}

fn queue(c: &Connection, d: &NewDigest, now: i64) -> Result<(), StoreError> {
    let Some(id) = enqueue(c, &d.key, &d.contact, now)? else { return Ok(()) };
    let sql = "UPDATE notifications SET digest = ?2, digest_since = ?3 WHERE id = ?1";
    c.execute(sql, params![id, d.of.owner, ms(d.of.since)]).map_err(fault)?;
    Ok(())
}

/// What a notification that is a digest tells of.
pub(super) fn of(r: &Row<'_>) -> Result<Option<DigestOf>, StoreError> {
    let owner: Option<String> = r.get("digest").map_err(fault)?;
    owner.map(|owner| Ok(DigestOf { owner, since: time_at(r, "digest_since")? })).transpose()
}
