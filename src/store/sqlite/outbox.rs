//! The outbox: claim, send elsewhere, settle.
//!
//! In: channel names, outcomes. Out: notifications with current facts. Invariant: the start of an attempt is on disk
//! before it is made; every notification ends delivered, dead or superseded, and its obligations with it. Nothing is claimed
//! while the data is held. Refuses to hold a message: text is rendered from facts at the last moment.

use super::alerts::by_id;
use super::convert::{fault, from_json, maybe_time, ms, rows, time_at, word_at};
use super::matters::{audit, state};
use super::{Sqlite, StoreError, digests, posts};
use crate::model::{AlertId, ContactId, Deadline, MatterState, NotificationId, StepKey};
use crate::store::types::{Claimed, ClaimedRow, DeadLetter, NotificationFilter, NotificationRow, Settlement};
use crate::store::{Fut, Outbox};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

impl Outbox for Sqlite {
    fn channels_due(&self, now: Timestamp) -> Fut<'_, Vec<String>> {
        self.read(move |c| {
            let sql = "SELECT DISTINCT channel FROM notifications WHERE state = 'pending' AND next_attempt_at <= ?1 AND NOT EXISTS (SELECT 1 FROM held)";
            rows(c, sql, [ms(now)], |r| r.get(0).map_err(fault))
        })
    }

    fn claim(&self, channel: String, now: Timestamp) -> Fut<'_, Option<Claimed>> {
        self.write(move |c| {
            let sql = "SELECT id FROM notifications WHERE state = 'pending' AND channel = ?1 AND next_attempt_at <= ?2 AND NOT EXISTS (SELECT 1 FROM held) ORDER BY next_attempt_at, id LIMIT 1";
            let head = || rows(c, sql, params![channel, ms(now)], |r| Ok(NotificationId(r.get(0).map_err(fault)?)));
            let mut claimed = loop {
                let Some(id) = head()?.pop() else { return Ok(None) };
                match whole(c, id) {
                    Ok(claimed) => break claimed,
                    // What cannot be read becomes a dead letter, or nothing behind it would ever be sent.
                    Err(StoreError::Damaged(why)) => {
                        let reason = format!("its rows are damaged: {why}");
                        settle(c, id, &Settlement::Dead { reason }, ms(now))?;
                    }
                    Err(other) => return Err(other),
                }
            };
            claimed.attempts = claimed.attempts.saturating_add(1);
            c.execute("UPDATE notifications SET attempts = attempts + 1 WHERE id = ?1", [claimed.id.0]).map_err(fault)?;
            c.execute("INSERT INTO attempts (notification, started_at) VALUES (?1, ?2)", [claimed.id.0, ms(now)]).map_err(fault)?;
            Ok(Some(claimed))
        })
    }

    fn settle(&self, id: NotificationId, how: Settlement, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| settle(c, id, &how, ms(now)))
    }

    fn dead_letters(&self, limit: usize) -> Fut<'_, Vec<DeadLetter>> {
        self.read(move |c| dead(c, "AND death_told = 0 ORDER BY id", limit))
    }

    fn revive(&self, id: NotificationId, by: String, now: Timestamp) -> Fut<'_, bool> {
        self.write(move |c| {
            let sql = "UPDATE notifications SET state = 'pending', attempts = 0, next_attempt_at = ?2, reason = NULL, settled_at = NULL, death_told = 0
                 WHERE id = ?1 AND state = 'dead'";
            if c.execute(sql, params![id.0, ms(now)]).map_err(fault)? == 0 {
                return Ok(false);
            }
            let sql = "UPDATE obligations SET state = 'pending' WHERE notification = ?1 AND state = 'dead'";
            c.execute(sql, [id.0]).map_err(fault)?;
            audit(c, ms(now), &by, "notification.retried", &format!("#{id}"), "a dead letter is sent once more")?;
            Ok(true)
        })
    }

    fn dead_letters_told(&self, ids: Vec<NotificationId>) -> Fut<'_, ()> {
        self.write(move |c| {
            for id in ids {
                c.execute("UPDATE notifications SET death_told = 1 WHERE id = ?1", [id.0]).map_err(fault)?;
            }
            Ok(())
        })
    }
}

/// A notification with everything it is made from.
fn whole(c: &Connection, id: NotificationId) -> Result<Claimed, StoreError> {
    let found = rows(c, "SELECT * FROM notifications WHERE id = ?1", [id.0], claimed)?.pop();
    let mut claimed = found.ok_or_else(|| StoreError::Damaged(format!("no notification {id}")))?;
    claimed.rows = rows_of(c, id)?;
    claimed.thread = thread(c, &claimed)?;
    (claimed.place, claimed.beside) = posts::place(c, &claimed.contact, &claimed.rows)?;
    let sql = "SELECT count(*) FROM attempts WHERE notification = ?1 AND ended_at IS NULL";
    claimed.unended = c.query_row(sql, [id.0], |r| r.get(0)).map_err(fault)?;
    Ok(claimed)
}

fn claimed(r: &Row<'_>) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        id: NotificationId(r.get("id").map_err(fault)?),
        key: r.get("key").map_err(fault)?,
        contact: ContactId(r.get("contact").map_err(fault)?),
        attempts: r.get("attempts").map_err(fault)?,
        unended: 0,
        created_at: time_at(r, "created_at")?,
        thread: None,
        place: None,
        beside: Vec::new(),
        digest: digests::of(r)?,
        rows: Vec::new(),
    })
}

fn rows_of(c: &Connection, id: NotificationId) -> Result<Vec<ClaimedRow>, StoreError> {
    let sql = "SELECT alert, episode, step, deadline_revision, reason FROM obligations WHERE notification = ?1
         ORDER BY alert, episode, deadline_revision, step, occurrence";
    let found = rows(c, sql, [id.0], |r| {
        let alert = AlertId(r.get(0).map_err(fault)?);
        Ok((
            alert,
            r.get::<_, u32>(1).map_err(fault)?,
            StepKey(r.get(2).map_err(fault)?),
            r.get::<_, u32>(3).map_err(fault)?,
            word_at(r, "reason")?,
        ))
    })?;
    found
        .into_iter()
        .map(|(alert, episode, step, deadline_revision, reason)| {
            let alert =
                by_id(c, alert)?.ok_or_else(|| StoreError::Damaged(format!("obligation without alert {alert}")))?;
            let matter = state(c, &alert.matter)?
                .ok_or_else(|| StoreError::Damaged(format!("alert {} has no matter", alert.id)))?;
            let (moved_from, read_at) = (earlier_date(c, &matter)?, read_at(c, &matter)?);
            let told = told(c, alert.id, episode)?;
            Ok(ClaimedRow { alert, episode, matter, step, deadline_revision, reason, moved_from, read_at, told })
        })
        .collect()
}

/// When somebody was told of an alert in an episode, oldest first.
fn told(c: &Connection, alert: AlertId, episode: u32) -> Result<Vec<Timestamp>, StoreError> {
    let sql = "SELECT DISTINCT created_at FROM obligations WHERE alert = ?1 AND episode = ?2 AND state = 'delivered' AND reason <> 'acted'
         ORDER BY created_at";
    rows(c, sql, params![alert.0, episode], |r| time_at(r, "created_at"))
}

/// The date before the last move.
fn earlier_date(c: &Connection, m: &MatterState) -> Result<Option<Deadline>, StoreError> {
    let sql = "SELECT deadline FROM events WHERE matter = ?1 AND change IN ('announced', 'moved') AND deadline IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET 1";
    let text: Option<String> = c.query_row(sql, [m.id.as_str()], |r| r.get(0)).optional().map_err(fault)?;
    text.map(|t| from_json(&t)).transpose()
}

/// When the winning source was last read well, which may be later than its words last changed.
fn read_at(c: &Connection, m: &MatterState) -> Result<Option<Timestamp>, StoreError> {
    let Some((source, claim)) = m.winning_claim() else { return Ok(None) };
    let seen =
        rows(c, "SELECT last_ok_at FROM sources WHERE id = ?1", [source.as_str()], |r| maybe_time(r, "last_ok_at"))?;
    Ok(seen.into_iter().flatten().chain([claim.read_at]).max())
}

/// The conversation about these matters with this contact, if all of them share one: a list over several, or with something
/// new, is a message of its own. What is new of a wave goes on in the wave's.
fn thread(c: &Connection, n: &Claimed) -> Result<Option<String>, StoreError> {
    let find = |about: &str| {
        c.prepare_cached("SELECT thread FROM conversations WHERE matter = ?1 AND contact = ?2")
            .and_then(|mut s| s.query_row([about, &n.contact.0], |r| r.get::<_, String>(0)).optional())
            .map_err(fault)
    };
    let mut known: Vec<Option<String>> = Vec::new();
    for row in &n.rows {
        let own = find(row.matter.id.as_str())?;
        known.push(match (own, row.matter.wave()) {
            (Some(thread), _) => Some(thread),
            (None, Some(wave)) => find(&wave)?,
            (None, None) => None,
        });
    }
    known.dedup();
    Ok(if known.len() == 1 { known.pop().flatten() } else { None })
}

fn settle(c: &Connection, id: NotificationId, how: &Settlement, now: i64) -> Result<(), StoreError> {
    let (state, outcome) = match how {
        Settlement::Delivered { .. } => ("delivered", "delivered".to_owned()),
        Settlement::Retry { reason, .. } => ("pending", format!("retry: {reason}")),
        Settlement::Dead { reason } | Settlement::Unreachable { reason } => ("dead", format!("dead: {reason}")),
        Settlement::Superseded => ("superseded", "superseded".to_owned()),
    };
    let (next, reason) = match how {
        Settlement::Retry { at, reason } => (Some(ms(*at)), Some(reason)),
        Settlement::Dead { reason } | Settlement::Unreachable { reason } => (None, Some(reason)),
        Settlement::Delivered { .. } | Settlement::Superseded => (None, None),
    };
    let settled = next.is_none().then_some(now);
    c.execute(
        "UPDATE notifications SET state = ?2, next_attempt_at = ?3, reason = ?4, settled_at = ?5, unreachable = ?6 WHERE id = ?1",
        params![id.0, state, next, reason, settled, matches!(how, Settlement::Unreachable { .. })],
    )
    .map_err(fault)?;
    c.execute(
        "UPDATE attempts SET ended_at = ?2, outcome = ?3 WHERE notification = ?1 AND ended_at IS NULL",
        params![id.0, now, outcome],
    )
    .map_err(fault)?;
    if settled.is_none() {
        return Ok(());
    }
    c.execute("UPDATE obligations SET state = ?2 WHERE notification = ?1", params![id.0, state]).map_err(fault)?;
    if let Settlement::Delivered { post: Some(post), .. } = how {
        posts::keep(c, id, post)?;
    }
    if let Settlement::Delivered { thread: Some(thread), .. } = how {
        let sql = "INSERT INTO conversations (matter, contact, thread)
            SELECT DISTINCT a.matter, o.contact, ?2 FROM obligations o JOIN alerts a ON a.id = o.alert WHERE o.notification = ?1
            ON CONFLICT (matter, contact) DO NOTHING";
        c.execute(sql, params![id.0, thread]).map_err(fault)?;
        let contact: String =
            c.query_row("SELECT contact FROM notifications WHERE id = ?1", [id.0], |r| r.get(0)).map_err(fault)?;
        for wave in rows_of(c, id)?.iter().filter_map(|r| r.matter.wave()).collect::<BTreeSet<_>>() {
            let sql = "INSERT INTO conversations (matter, contact, thread) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            c.execute(sql, params![wave, contact, thread]).map_err(fault)?;
        }
    }
    audit(c, now, "forewarn", "notification", &format!("{id}"), &outcome)
}

/// Notifications, newest first, with the alerts they tell of.
pub(super) fn list(c: &Connection, f: &NotificationFilter) -> Result<Vec<NotificationRow>, StoreError> {
    let sql = "SELECT * FROM notifications WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR id < ?3)
         ORDER BY id DESC LIMIT ?4";
    let limit = i64::try_from(f.limit).unwrap_or(i64::MAX);
    let mut found = rows(c, sql, params![f.state, f.id.map(|i| i.0), f.before, limit], |r| {
        Ok(NotificationRow {
            id: NotificationId(r.get("id").map_err(fault)?),
            contact: ContactId(r.get("contact").map_err(fault)?),
            channel: r.get("channel").map_err(fault)?,
            state: r.get("state").map_err(fault)?,
            attempts: r.get("attempts").map_err(fault)?,
            next_attempt_at: maybe_time(r, "next_attempt_at")?,
            reason: r.get("reason").map_err(fault)?,
            created_at: time_at(r, "created_at")?,
            settled_at: maybe_time(r, "settled_at")?,
            alerts: Vec::new(),
            digest: r.get("digest").map_err(fault)?,
        })
    })?;
    for n in &mut found {
        let sql = "SELECT DISTINCT alert FROM obligations WHERE notification = ?1 ORDER BY alert";
        n.alerts = rows(c, sql, [n.id.0], |r| Ok(AlertId(r.get(0).map_err(fault)?)))?;
    }
    Ok(found)
}

pub(super) fn dead(c: &Connection, which: &str, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
    let sql = format!(
        "SELECT id, contact, channel, reason, attempts, settled_at FROM notifications WHERE state = 'dead' {which} LIMIT ?1"
    );
    rows(c, &sql, [i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
        Ok(DeadLetter {
            id: NotificationId(r.get(0).map_err(fault)?),
            contact: ContactId(r.get(1).map_err(fault)?),
            channel: r.get(2).map_err(fault)?,
            reason: r.get::<_, Option<String>>(3).map_err(fault)?.unwrap_or_default(),
            attempts: r.get(4).map_err(fault)?,
            at: time_at(r, "settled_at")?,
        })
    })
}
