//! Looking: lists, the ledger.
//!
//! In: filters. Out: values. Invariant: read-only connections, bounded lists. Refuses to write.

use super::alerts::{ALERT, alert};
use super::convert::{fault, from_json, maybe_time, maybe_word, ms, rows, time, time_at, word_at};
use super::{Sqlite, StoreError, outbox, sources};
use crate::model::{
    Alert, AlertId, ContactId, Event, EventId, Kind, MatterId, MatterState, NewEvent, PayloadId, SourceId, StepKey,
};
use crate::store::types::{
    AlertFilter, Conflict, ConnectionRow, ContactRow, DeadLetter, EventFilter, FlushTimes, Ledger, LedgerLine,
    NotificationFilter, NotificationRow, SourceRow, ToldRow, Unreadable,
};
use crate::store::{Fut, Read};
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, Row, params};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Read for Sqlite {
    fn events(&self, f: EventFilter) -> Fut<'_, Vec<(Event, String)>> {
        self.read(move |c| {
            let order = if f.after.is_some() { "ASC" } else { "DESC" };
            // By an index where a matter or a place in the order is asked for, whatever else is.
            let matter = if f.matter.is_some() { "matter = ?3" } else { "?3 IS NULL" };
            let before = if f.before.is_some() { "id < ?5" } else { "?5 IS NULL" };
            let after = if f.after.is_some() { "id > ?6" } else { "?6 IS NULL" };
            let sql = format!(
                "SELECT * FROM events WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR provider = ?2) AND {matter}
                 AND (?4 IS NULL OR received_at >= ?4) AND {before} AND {after}
                 AND (?8 IS NULL OR received_at < ?8) ORDER BY id {order} LIMIT ?7"
            );
            let limit = i64::try_from(f.limit).unwrap_or(i64::MAX);
            rows(
                c,
                &sql,
                params![
                    f.kind.map(|k| k.as_str()),
                    f.provider,
                    f.matter,
                    f.since.map(ms),
                    f.before,
                    f.after,
                    limit,
                    f.until.map(ms)
                ],
                |r| Ok((event(r)?, r.get("routing").map_err(fault)?)),
            )
        })
    }

    fn alerts(&self, f: AlertFilter) -> Fut<'_, Vec<(Alert, Arc<MatterState>)>> {
        self.read_matters(move |c, shelf| {
            let id = if f.id.is_some() { "a.id = ?3" } else { "?3 IS NULL" };
            let sql = format!("SELECT {ALERT} FROM alerts a WHERE (?1 IS NULL OR a.owner = ?1) AND (?2 IS NULL OR a.state = ?2) AND {id}
                 AND (?4 IS NULL OR a.id < ?4) AND (?6 = 0 OR instr(a.resolution, '\"migrated\"') > 0 OR instr(a.done, '\"migrated\"') > 0)
                 ORDER BY a.id DESC LIMIT ?5");
            let limit = i64::try_from(f.limit).unwrap_or(i64::MAX);
            let found = rows(c, &sql, params![f.owner, f.state.map(|s| s.as_str()), f.id.map(|i| i.0), f.before, limit, f.migrated], alert)?;
            found
                .into_iter()
                .map(|a| {
                    let m = shelf.by_id(c, a.matter.as_str())?;
                    let m = m.ok_or_else(|| StoreError::Damaged(format!("alert {} has no matter", a.id)))?;
                    Ok((a, m))
                })
                .collect()
        })
    }

    fn matters_of(&self, kind: Kind) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(move |c, shelf| {
            // Said twice for the planner: each is an index of its own.
            let sql = match kind {
                Kind::Deprecation => "SELECT id, version, state FROM matters WHERE kind = 'deprecation' AND kind = ?1 ORDER BY shutdown_on, id",
                Kind::Incident | Kind::Maintenance | Kind::Billing | Kind::Account | Kind::Change | Kind::Job | Kind::Source | Kind::Unrecognized => {
                    "SELECT id, version, state FROM matters WHERE kind <> 'deprecation' AND kind = ?1 ORDER BY id"
                }
            };
            rows(c, sql, [kind.as_str()], |r| shelf.row(r))
        })
    }

    fn undated(&self) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(|c, shelf| {
            let sql = "SELECT id, version, state FROM matters WHERE kind = 'deprecation' AND open_points > 0 AND open_points & 2
                AND shutdown_on IS NULL AND stage = 'announced' ORDER BY id";
            rows(c, sql, [], |r| shelf.row(r))
        })
    }

    fn configured(&self) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(|c, shelf| {
            let sql = "SELECT id, version, state FROM matters WHERE kind = 'deprecation' AND open_points > 0 AND open_points & 8 ORDER BY id";
            rows(c, sql, [], |r| shelf.row(r))
        })
    }

    fn unconfirmed(&self, today: Date) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(move |c, shelf| {
            let sql = "SELECT id, version, state FROM matters WHERE kind = 'deprecation' AND open_points > 0
                AND (open_points & 1 OR (open_points & 4 AND shutdown_on <= ?1)) ORDER BY shutdown_on, id";
            rows(c, sql, [today.to_string()], |r| shelf.row(r))
        })
    }

    fn told_of(&self, matter: MatterId) -> Fut<'_, Vec<ToldRow>> {
        self.read(move |c| {
            let sql = "SELECT o.alert, o.contact, o.step, o.reason, o.state, o.created_at FROM obligations o
                 JOIN alerts a ON a.id = o.alert WHERE a.matter = ?1 ORDER BY o.created_at, o.alert, o.contact";
            rows(c, sql, [matter.as_str()], |r| {
                Ok(ToldRow {
                    alert: AlertId(r.get(0).map_err(fault)?),
                    contact: ContactId(r.get(1).map_err(fault)?),
                    step: StepKey(r.get(2).map_err(fault)?),
                    reason: word_at(r, "reason")?,
                    state: r.get(4).map_err(fault)?,
                    at: time_at(r, "created_at")?,
                })
            })
        })
    }

    fn channels_of(&self, alert: AlertId) -> Fut<'_, BTreeSet<String>> {
        self.read(move |c| {
            let sql = "SELECT DISTINCT n.channel FROM obligations o JOIN notifications n ON n.id = o.notification
                 WHERE o.alert = ?1";
            Ok(rows(c, sql, [alert.0], |r| r.get::<_, String>(0).map_err(fault))?.into_iter().collect())
        })
    }

    fn ledger(&self) -> Fut<'_, Ledger> {
        self.read(ledger)
    }

    fn source(&self, id: SourceId) -> Fut<'_, Option<SourceRow>> {
        self.read(move |c| sources::by_id(c, &id))
    }

    fn backlog(&self) -> Fut<'_, (u64, Option<Timestamp>)> {
        self.read(|c| {
            // Ids have no gaps behind the cursor, so nothing needs to be counted row by row.
            let sql = "SELECT coalesce((SELECT max(id) FROM payloads), 0) - value,
                 (SELECT received_at FROM payloads WHERE id > value ORDER BY id LIMIT 1) FROM cursors WHERE name = 'normalized'";
            let (n, oldest): (i64, Option<i64>) =
                c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).map_err(fault)?;
            Ok((u64::try_from(n).unwrap_or(0), oldest.map(time).transpose()?))
        })
    }

    fn conflicts(&self, limit: usize) -> Fut<'_, Vec<Conflict>> {
        self.read(move |c| {
            let sql = "SELECT id, conflict_of, source, received_at FROM payloads WHERE conflict_of IS NOT NULL ORDER BY id DESC LIMIT ?1";
            rows(c, sql, [i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                Ok(Conflict {
                    payload: PayloadId(r.get(0).map_err(fault)?),
                    first: PayloadId(r.get(1).map_err(fault)?),
                    source: word_at(r, "source")?,
                    received_at: time_at(r, "received_at")?,
                })
            })
        })
    }

    fn connections(&self) -> Fut<'_, Vec<ConnectionRow>> {
        self.read(|c| {
            rows(c, "SELECT * FROM connections ORDER BY connection", [], |r| {
                Ok(ConnectionRow {
                    connection: word_at(r, "connection")?,
                    since: time_at(r, "since")?,
                    last_at: maybe_time(r, "last_at")?,
                    deliveries: r.get::<_, i64>("deliveries").map_err(fault)?.unsigned_abs(),
                    longest_gap_ms: r.get("longest_gap").map_err(fault)?,
                })
            })
        })
    }

    fn dead(&self, limit: usize) -> Fut<'_, Vec<DeadLetter>> {
        self.read(move |c| outbox::dead(c, "ORDER BY id DESC", limit))
    }

    fn notifications(&self, f: NotificationFilter) -> Fut<'_, Vec<NotificationRow>> {
        self.read(move |c| outbox::list(c, &f))
    }

    fn contacts(&self) -> Fut<'_, Vec<ContactRow>> {
        self.read(|c| {
            let sql = "SELECT contact, min(CASE WHEN digest IS NULL THEN created_at END) AS first_at,
                 max(CASE WHEN state = 'delivered' THEN settled_at END) AS delivered_at,
                 max(CASE WHEN state = 'dead' THEN settled_at END) AS died_at,
                 (SELECT reason FROM notifications d WHERE d.contact = n.contact AND d.state = 'dead' ORDER BY settled_at DESC, id DESC LIMIT 1) AS why
                 FROM notifications n GROUP BY contact ORDER BY contact";
            rows(c, sql, [], |r| {
                let why: Option<String> = r.get("why").map_err(fault)?;
                Ok(ContactRow {
                    contact: ContactId(r.get("contact").map_err(fault)?),
                    first_at: maybe_time(r, "first_at")?,
                    delivered_at: maybe_time(r, "delivered_at")?,
                    died: maybe_time(r, "died_at")?.map(|at| (at, why.unwrap_or_default())),
                })
            })
        })
    }

    fn undelivered(&self) -> Fut<'_, (u64, Option<Timestamp>)> {
        self.read(|c| {
            let sql = "SELECT count(*), min(created_at) FROM notifications WHERE state = 'pending'";
            let (n, oldest): (i64, Option<i64>) =
                c.query_row(sql, [], |r| Ok((r.get(0)?, r.get(1)?))).map_err(fault)?;
            Ok((n.unsigned_abs(), oldest.map(time).transpose()?))
        })
    }

    fn changes(&self) -> u64 {
        self.changed.load(Ordering::Acquire)
    }

    fn flush_times(&self) -> Option<FlushTimes> {
        self.writer.as_ref().map(|w| w.flushes.times())
    }

    fn unreadable(&self, limit: usize) -> Fut<'_, Vec<Unreadable>> {
        self.read(move |c| {
            let sql = "SELECT u.payload, p.source, u.problem, p.received_at FROM unrecognized u JOIN payloads p ON p.id = u.payload ORDER BY u.payload DESC LIMIT ?1";
            rows(c, sql, [i64::try_from(limit).unwrap_or(i64::MAX)], |r| {
                Ok(Unreadable {
                    payload: PayloadId(r.get(0).map_err(fault)?),
                    source: word_at(r, "source")?,
                    problem: r.get(2).map_err(fault)?,
                    received_at: time_at(r, "received_at")?,
                })
            })
        })
    }
}

fn event(r: &Row<'_>) -> Result<Event, StoreError> {
    let text = |column: &str| r.get::<_, Option<String>>(column).map_err(fault);
    let print: Vec<u8> = r.get("fingerprint").map_err(fault)?;
    let subjects: String = r.get("subjects").map_err(fault)?;
    Ok(Event {
        id: EventId(r.get("id").map_err(fault)?),
        event: NewEvent {
            kind: word_at(r, "kind")?,
            provider: word_at(r, "provider")?,
            connection: maybe_word(r, "connection")?,
            source: word_at(r, "source")?,
            matter: maybe_word(r, "matter")?,
            native_type: text("native_type")?,
            native_id: text("native_id")?,
            fingerprint: hex::encode(print),
            change: Some(word_at(r, "change")?),
            severity: word_at(r, "severity")?,
            title: r.get("title").map_err(fault)?,
            summary: r.get("summary").map_err(fault)?,
            url: text("url")?,
            subjects: from_json(&subjects)?,
            deadline: text("deadline")?.map(|t| from_json(&t)).transpose()?,
            moved_from: text("moved_from")?.map(|t| from_json(&t)).transpose()?,
            redirected_to: text("redirected_to")?,
            replacements: text("replacements")?.map(|t| from_json(&t)).transpose()?.unwrap_or_default(),
            money: text("money")?.map(|t| from_json(&t)).transpose()?,
            occurred_at: time_at(r, "occurred_at")?,
            received_at: time_at(r, "received_at")?,
        },
    })
}

fn ledger(c: &Connection) -> Result<Ledger, StoreError> {
    let one = |sql: &str| c.query_row(sql, [], |r| r.get::<_, i64>(0)).map_err(fault);
    let counter = |name: &str| {
        c.query_row("SELECT coalesce(sum(n), 0) FROM counters WHERE name = ?1", [name], |r| r.get::<_, i64>(0))
            .map_err(fault)
    };
    let groups = |sql: &str| {
        rows(c, sql, [], |r| Ok((r.get::<_, String>(0).map_err(fault)?, r.get::<_, i64>(1).map_err(fault)?)))
    };
    let part = |name: &str, n: i64| (name.to_owned(), n);
    let payloads = LedgerLine {
        what: "payloads",
        total: counter("accepted")?,
        parts: vec![
            part("normalized", counter("normalized")?),
            part("repeated", counter("repeated")?),
            part("unrecognized", one("SELECT count(*) FROM unrecognized")?),
            part(
                "pending",
                one("SELECT count(*) FROM payloads WHERE id > (SELECT value FROM cursors WHERE name = 'normalized')")?,
            ),
        ],
    };
    let mut events = groups(
        "SELECT CASE routing WHEN 'routed' THEN 'routed' ELSE 'suppressed: ' || routing END, count(*) FROM events GROUP BY routing",
    )?;
    events.push(part("suppressed: quiet_kind, counted only", one("SELECT coalesce(sum(n), 0) FROM job_counts")?));
    // The writer routes what it records in the same step, so nothing can be waiting to be routed.
    events.push(part("pending", 0));
    let mut obligations = Vec::new();
    for state in ["delivered", "superseded", "dead"] {
        obligations.push(part(
            state,
            c.query_row("SELECT count(*) FROM obligations WHERE state = ?1", [state], |r| r.get(0)).map_err(fault)?,
        ));
    }
    // Pending counts only while something will still send it.
    obligations.push(part(
        "pending",
        one("SELECT count(*) FROM obligations o JOIN notifications n ON n.id = o.notification WHERE o.state = 'pending' AND n.state = 'pending' AND n.next_attempt_at IS NOT NULL")?,
    ));
    Ok(Ledger {
        lines: vec![
            payloads,
            LedgerLine { what: "events", total: counter("events")?, parts: events },
            LedgerLine { what: "obligations", total: counter("obligations")?, parts: obligations },
        ],
    })
}
