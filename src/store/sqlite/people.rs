//! What people do: acts on alerts, silences, conversations that are merged or handed on.
//!
//! In: what the engine decided. Out: rows. Invariant: an act is whole: alerts, audit, notes and threads in one
//! savepoint; an alert that changed meanwhile refuses all of it. Refuses to decide.

use super::StoreError;
use super::alerts::notify;
use super::convert::{fault, from_json, maybe_time, ms, rows, time_at, to_json};
use super::matters::{audit, stale};
use crate::model::{Alert, Silence};
use crate::store::types::{Acting, Thread};
use rusqlite::{Connection, params};

pub(super) fn act(c: &Connection, a: &Acting) -> Result<(), StoreError> {
    let now = ms(a.now);
    for alert in &a.alerts {
        write(c, alert)?;
    }
    if let (Some((owner, id)), Some(alert)) = (&a.handed, a.alerts.first()) {
        // Back where it was: what routing gives to that owner is theirs again.
        c.execute("DELETE FROM handed WHERE matter = ?1 AND owner = ?2", params![alert.matter.as_str(), alert.owner])
            .map_err(fault)?;
        let sql = "INSERT INTO handed (matter, owner, alert) VALUES (?1, ?2, ?3)
            ON CONFLICT (matter, owner) DO UPDATE SET alert = excluded.alert";
        c.execute(sql, params![alert.matter.as_str(), owner, id.0]).map_err(fault)?;
    }
    for t in &a.threads {
        thread(c, t)?;
    }
    for d in &a.audit {
        audit(c, now, &d.by, d.what, &d.subject, &d.detail)?;
    }
    for n in &a.notes {
        notify(c, n, now)?;
    }
    Ok(())
}

fn write(c: &Connection, a: &Alert) -> Result<(), StoreError> {
    let json = |v: Option<Result<String, StoreError>>| v.transpose();
    let sql = "UPDATE alerts SET owner = ?3, policy = ?4, why = ?5, state = ?6, episode = ?7, opened_at = ?8, baseline = ?9, ack = ?10,
        told_revision = ?11, next_due_at = ?12, snoozed_until = ?13, resolution = ?14, done = ?15, said = ?16, hands = ?17,
        version = version + 1 WHERE id = ?1 AND version = ?2
        AND NOT EXISTS (SELECT 1 FROM alerts WHERE matter = ?18 AND owner = ?3 AND id <> ?1)";
    let n = c
        .prepare_cached(sql)
        .map_err(fault)?
        .execute(params![
            a.id.0,
            a.version,
            a.owner,
            a.policy,
            a.why,
            a.state.as_str(),
            a.episode,
            ms(a.opened_at),
            a.baseline,
            json(a.ack.as_ref().map(to_json))?,
            a.told_revision,
            a.next_due_at.map(ms),
            a.snoozed_until.map(ms),
            json(a.resolution.as_ref().map(to_json))?,
            to_json(&a.done)?,
            json(a.said.as_ref().map(to_json))?,
            a.hands,
            a.matter.as_str(),
        ])
        .map_err(fault)?;
    if n == 1 { Ok(()) } else { Err(stale()) }
}

fn thread(c: &Connection, t: &Thread) -> Result<(), StoreError> {
    match t {
        Thread::Merged { from, into } => {
            let copy =
                "INSERT INTO conversations (matter, contact, thread) SELECT ?2, contact, thread FROM conversations
                WHERE matter = ?1";
            // What the one that goes on lacks it takes over; then the duplicate speaks where that one does.
            let sql = format!("{copy} ON CONFLICT (matter, contact) DO NOTHING");
            c.execute(&sql, params![from.as_str(), into.as_str()]).map_err(fault)?;
            let sql = format!("{copy} ON CONFLICT (matter, contact) DO UPDATE SET thread = excluded.thread");
            c.execute(&sql, params![into.as_str(), from.as_str()]).map_err(fault)?;
        }
        Thread::Handed { matter, from, to } => {
            let sql = "INSERT INTO conversations (matter, contact, thread) SELECT matter, ?3, thread FROM conversations
                WHERE matter = ?1 AND contact = ?2 ON CONFLICT (matter, contact) DO NOTHING";
            c.execute(sql, params![matter.as_str(), from.0, to.0]).map_err(fault)?;
        }
    }
    Ok(())
}

pub(super) fn silences(c: &Connection, all: bool) -> Result<Vec<Silence>, StoreError> {
    rows(c, "SELECT * FROM silences WHERE ?1 OR ended_at IS NULL ORDER BY id DESC", [all], |r| {
        let matcher: String = r.get("matcher").map_err(fault)?;
        Ok(Silence {
            id: r.get("id").map_err(fault)?,
            matcher: from_json(&matcher)?,
            until: time_at(r, "until")?,
            remind: r.get("remind").map_err(fault)?,
            by: r.get("by").map_err(fault)?,
            note: r.get::<_, Option<String>>("note").map_err(fault)?.unwrap_or_default(),
            created_at: time_at(r, "created_at")?,
            reminded_at: maybe_time(r, "reminded_at")?,
            ended_at: maybe_time(r, "ended_at")?,
        })
    })
}

pub(super) fn silence(c: &Connection, s: &Silence) -> Result<i64, StoreError> {
    let matcher = to_json(&s.matcher)?;
    let at = ms(s.created_at);
    let id = c
        .prepare_cached(
            "INSERT INTO silences (matcher, until, remind, by, note, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .and_then(|mut q| q.insert(params![matcher, ms(s.until), s.remind, s.by, s.note, at]))
        .map_err(fault)?;
    audit(
        c,
        at,
        &s.by,
        "silence.added",
        &format!("silence {id}"),
        &format!("{matcher} until {}: {}", s.until, s.note),
    )?;
    Ok(id)
}

pub(super) fn reminded(c: &Connection, id: i64, now: i64) -> Result<(), StoreError> {
    c.execute("UPDATE silences SET reminded_at = ?2 WHERE id = ?1", [id, now]).map(drop).map_err(fault)
}

pub(super) fn end(c: &Connection, id: i64, by: &str, now: i64) -> Result<bool, StoreError> {
    let n =
        c.execute("UPDATE silences SET ended_at = ?2 WHERE id = ?1 AND ended_at IS NULL", [id, now]).map_err(fault)?;
    if n == 0 {
        return Ok(false);
    }
    // Those it muted look again at its end: now.
    c.execute(
        "UPDATE alerts SET next_due_at = ?2, version = version + 1 WHERE next_due_at = (SELECT until FROM silences WHERE id = ?1)",
        [id, now],
    )
    .map_err(fault)?;
    audit(c, now, by, "silence.ended", &format!("silence {id}"), "")?;
    Ok(true)
}
