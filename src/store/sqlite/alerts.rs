//! Alerts and obligations.
//!
//! In: what the ladder decided, what people answered. Out: rows. Invariant: an obligation is UNIQUE, so a step is never
//! told twice; a plan computed on an alert that changed meanwhile writes nothing. Refuses to render.

use super::convert::{fault, json_at, maybe_json, maybe_time, ms, rows, time, time_at, word_at};
use super::matters::{STALE, audit, stale, state};
use super::{Sqlite, StoreError, people};
use crate::model::{Alert, AlertId, Contact, MatterId, MatterState, NewNotification, Silence, StepKey, Told};
use crate::store::types::{ActOutcome, Acting, DueAlert, PlanOutcome, Planned};
use crate::store::{Alerts, Fut};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::HashMap;
use std::sync::Arc;

/// Alerts woken by one operation.
const SLICE: i64 = 1_000;
/// Room made at once for what is due.
const AT_ONCE: usize = 512;

/// Open alerts after the first number up to the second are looked at now.
fn wake(c: &Connection, (after, upto): (i64, i64), now: i64) -> Result<u64, StoreError> {
    let sql =
        "UPDATE alerts SET next_due_at = ?3, version = version + 1 WHERE id > ?1 AND id <= ?2 AND state <> 'resolved'
         AND (next_due_at IS NULL OR next_due_at > ?3)";
    Ok(c.execute(sql, params![after, upto, now]).map_err(fault)? as u64)
}

impl Alerts for Sqlite {
    fn due_alerts(&self, now: Timestamp, limit: usize) -> Fut<'_, Vec<DueAlert>> {
        self.read_matters(move |c, shelf| {
            // Alerts of many owners on one matter need it once.
            let mut matters: HashMap<MatterId, Arc<MatterState>> = HashMap::new();
            looked_at(c, "a.next_due_at <= ?1 ORDER BY a.next_due_at, a.id", ms(now), limit, |id| {
                if let Some(m) = matters.get(id) {
                    return Ok(Some(m.clone()));
                }
                let found = shelf.by_id(c, id.as_str())?;
                matters.extend(found.clone().map(|m| (id.clone(), m)));
                Ok(found)
            })
        })
    }

    fn put_off_damaged(&self, now: Timestamp, until: Timestamp) -> Fut<'_, Vec<(AlertId, String)>> {
        self.write(move |c| {
            let due =
                rows(c, "SELECT id FROM alerts WHERE next_due_at <= ?1 ORDER BY next_due_at, id", [ms(now)], |r| {
                    Ok(AlertId(r.get(0).map_err(fault)?))
                })?;
            let mut out = Vec::new();
            for id in due {
                match looked_at(c, "a.id = ?1", id.0, 1, |matter| Ok(state(c, matter)?.map(Arc::new))) {
                    Ok(_) => {}
                    Err(StoreError::Damaged(why)) => {
                        c.execute("UPDATE alerts SET next_due_at = ?2 WHERE id = ?1", params![id.0, ms(until)])
                            .map_err(fault)?;
                        out.push((id, why));
                    }
                    Err(other) => return Err(other),
                }
            }
            Ok(out)
        })
    }

    fn plan(&self, planned: Vec<Planned>, notifications: Vec<NewNotification>, now: Timestamp) -> Fut<'_, PlanOutcome> {
        Box::pin(async move {
            match self.write(move |c| plan(c, &planned, &notifications, ms(now))).await {
                Ok(()) => Ok(PlanOutcome::Done),
                Err(StoreError::Unavailable(why)) if why == STALE => Ok(PlanOutcome::Stale),
                Err(e) => Err(e),
            }
        })
    }

    fn reckon_by(&self, mark: i64, now: Timestamp) -> Fut<'_, u64> {
        Box::pin(async move {
            let sql = "SELECT value, (SELECT coalesce(max(id), 0) FROM alerts) FROM cursors WHERE name = 'reckoned'
                 UNION ALL SELECT NULL, (SELECT coalesce(max(id), 0) FROM alerts) LIMIT 1";
            let (known, last): (Option<i64>, i64) =
                self.read(move |c| c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).map_err(fault)).await?;
            let mut woken = 0;
            let (mut from, another) = (0, known.is_some_and(|k| k != mark));
            while another && from < last {
                woken += self.write(move |c| wake(c, (from, from + SLICE), ms(now))).await?;
                from += SLICE;
            }
            // Last, so that whoever stops before begins again.
            if known != Some(mark) {
                let sql = "INSERT INTO cursors (name, value) VALUES ('reckoned', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1";
                self.write(move |c| c.execute(sql, [mark]).map(drop).map_err(fault)).await?;
            }
            Ok(woken)
        })
    }

    fn act(&self, acting: Acting) -> Fut<'_, ActOutcome> {
        Box::pin(async move {
            match self.write(move |c| people::act(c, &acting)).await {
                Ok(()) => Ok(ActOutcome::Done),
                Err(StoreError::Unavailable(why)) if why == STALE => Ok(ActOutcome::Stale),
                Err(e) => Err(e),
            }
        })
    }

    fn silences(&self, all: bool) -> Fut<'_, Vec<Silence>> {
        self.read(move |c| people::silences(c, all))
    }

    fn silence(&self, silence: Silence) -> Fut<'_, i64> {
        self.write(move |c| people::silence(c, &silence))
    }

    fn silence_reminded(&self, id: i64, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| people::reminded(c, id, ms(now)))
    }

    fn end_silence(&self, id: i64, by: String, now: Timestamp) -> Fut<'_, bool> {
        self.write(move |c| people::end(c, id, &by, ms(now)))
    }
}

/// The columns of an alert, of a table named `a`.
pub(super) const ALERT: &str =
    "a.id, a.matter, a.owner, a.policy, a.why, a.services, a.state, a.episode, a.opened_at, a.baseline,
    a.ack, a.snoozed_until, a.resolution, a.done, a.said, a.hands, a.told_revision, a.next_due_at, a.version";

/// How many they are.
const ALERT_COLUMNS: usize = 19;

/// A row that begins with the columns of [`ALERT`]: by place, since names are looked up anew in each row.
pub(super) fn alert(row: &Row<'_>) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: AlertId(row.get(0).map_err(fault)?),
        matter: word_at(row, 1)?,
        owner: row.get(2).map_err(fault)?,
        policy: row.get(3).map_err(fault)?,
        why: row.get(4).map_err(fault)?,
        services: json_at(row, 5)?,
        state: word_at(row, 6)?,
        episode: row.get(7).map_err(fault)?,
        opened_at: time_at(row, 8)?,
        baseline: row.get(9).map_err(fault)?,
        ack: maybe_json(row, 10)?,
        snoozed_until: maybe_time(row, 11)?,
        resolution: maybe_json(row, 12)?,
        done: json_at(row, 13)?,
        said: maybe_json(row, 14)?,
        hands: row.get(15).map_err(fault)?,
        told_revision: row.get(16).map_err(fault)?,
        next_due_at: maybe_time(row, 17)?,
        version: row.get(18).map_err(fault)?,
    })
}

pub(super) fn by_id(c: &Connection, id: AlertId) -> Result<Option<Alert>, StoreError> {
    Ok(rows(c, &format!("SELECT {ALERT} FROM alerts a WHERE a.id = ?1"), [id.0], alert)?.pop())
}

/// What a look at alerts reads: they, their matters, and what was told in their present episode, once however many were
/// told. A superseded obligation was told to nobody. `which` has one parameter and keeps the rows of an alert together.
fn looked_at(
    c: &Connection,
    which: &str,
    value: i64,
    limit: usize,
    mut matter: impl FnMut(&MatterId) -> Result<Option<Arc<MatterState>>, StoreError>,
) -> Result<Vec<DueAlert>, StoreError> {
    let sql = format!(
        "SELECT {ALERT}, o.step, o.deadline_revision, o.created_at FROM alerts a LEFT JOIN obligations o
         ON o.alert = a.id AND o.episode = a.episode AND o.state <> 'superseded' AND o.reason <> 'acted' WHERE {which}"
    );
    let mut statement = c.prepare_cached(&sql).map_err(fault)?;
    let mut found = statement.query([value]).map_err(fault)?;
    let mut out: Vec<DueAlert> = Vec::new();
    while let Some(r) = found.next().map_err(fault)? {
        let id: i64 = r.get(0).map_err(fault)?;
        if out.last().is_none_or(|last| last.alert.id.0 != id) {
            if out.len() == limit {
                break;
            }
            if out.is_empty() {
                out.reserve(limit.min(AT_ONCE));
            }
            let alert = alert(r)?;
            let matter = matter(&alert.matter)?
                .ok_or_else(|| StoreError::Damaged(format!("alert {} has no matter", alert.id)))?;
            out.push(DueAlert { alert, matter, told: Vec::new() });
        }
        let (Some(step), Some(last)) = (r.get(ALERT_COLUMNS).map_err(fault)?, out.last_mut()) else { continue };
        let one = Told {
            step: StepKey(step),
            deadline_revision: r.get(ALERT_COLUMNS + 1).map_err(fault)?,
            at: time(r.get(ALERT_COLUMNS + 2).map_err(fault)?)?,
        };
        if !last.told.contains(&one) {
            last.told.push(one);
        }
    }
    Ok(out)
}

fn plan(c: &Connection, planned: &[Planned], notifications: &[NewNotification], now: i64) -> Result<(), StoreError> {
    for p in planned {
        let state = match (p.close, p.lapsed) {
            (true, _) => "resolved",
            (false, Some(_)) => "open",
            (false, None) => "",
        };
        let n = c
            .prepare_cached(
                "UPDATE alerts SET next_due_at = ?3, told_revision = coalesce(?4, told_revision), version = version + 1,
                 ack = CASE WHEN ?5 = 'open' THEN NULL ELSE ack END,
                 state = CASE WHEN ?5 = '' THEN state ELSE ?5 END WHERE id = ?1 AND version = ?2",
            )
            .and_then(|mut s| s.execute(params![p.alert.0, p.version, p.next_at.map(ms), p.told_revision, state]))
            .map_err(fault)?;
        if n != 1 {
            return Err(stale());
        }
        if p.close {
            audit(c, now, "forewarn", "alert.resolved", &format!("#{}", p.alert), "its matter is over")?;
        } else if let Some(why) = p.lapsed {
            audit(c, now, "forewarn", "alert.acknowledgement_lapsed", &format!("#{}", p.alert), why)?;
        }
    }
    for n in notifications {
        notify(c, n, now)?;
    }
    Ok(())
}

/// A notification that is due now; none where there is one of its key.
pub(super) fn enqueue(c: &Connection, key: &str, contact: &Contact, now: i64) -> Result<Option<i64>, StoreError> {
    let known: Option<i64> = c
        .prepare_cached("SELECT id FROM notifications WHERE key = ?1")
        .and_then(|mut s| s.query_row([key], |r| r.get(0)).optional())
        .map_err(fault)?;
    if known.is_some() {
        return Ok(None);
    }
    c.prepare_cached("INSERT INTO notifications (id, key, contact, channel, state, next_attempt_at, created_at)
         VALUES (max(coalesce((SELECT max(id) FROM notifications), 0) + 1, coalesce((SELECT value FROM cursors WHERE name = 'notifications'), 0)), ?1, ?2, ?3, 'pending', ?4, ?4)")
        .and_then(|mut s| s.insert(params![key, contact.id.0, contact.channel, now]))
        .map(Some)
        .map_err(fault)
}

pub(super) fn notify(c: &Connection, n: &NewNotification, now: i64) -> Result<(), StoreError> {
    let Some(id) = enqueue(c, &n.key, &n.contact, now)? else { return Ok(()) };
    let mut fresh = 0;
    for o in &n.obligations {
        fresh += c
            .prepare_cached(
                "INSERT INTO obligations (alert, episode, deadline_revision, step, occurrence, contact, reason, notification, state, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending', ?9)
                 ON CONFLICT (alert, episode, deadline_revision, step, occurrence, contact) DO NOTHING",
            )
            .and_then(|mut s| s.execute(params![o.alert.0, o.episode, o.deadline_revision, o.step.0, o.occurrence, o.contact.0, o.reason.as_str(), id, now]))
            .map_err(fault)?;
    }
    super::intake::count(c, "obligations", i64::try_from(fresh).unwrap_or(i64::MAX))?;
    if fresh == 0 {
        // Every obligation had been planned before: there is nothing to send.
        c.execute("DELETE FROM notifications WHERE id = ?1", [id]).map_err(fault)?;
    }
    Ok(())
}
