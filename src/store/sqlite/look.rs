//! Looking at a part: what a page shows, found by an index.
//!
//! In: small filters. Out: values. Invariant: what a look costs follows from what is shown, not from what is stored.
//! Refuses to write.

use super::alerts::{ALERT, alert};
use super::convert::{fault, maybe_json, rows, rows_of, time_at, word_at};
use super::matters::{PAYLOAD, payload, subject_key};
use super::shelf::Shelf;
use super::{Sqlite, StoreError};
use crate::model::{Alert, EventId, Kind, MatterId, MatterState, SourceId, Subject};
use crate::store::types::{AuditFilter, AuditRow, DatedFilter, SourceDay, StoredPayload};
use crate::store::{Fut, Look, Standing, Unanswered};
use jiff::civil::Date;
use rusqlite::{Connection, Params, Row, params};
use std::sync::Arc;

impl Look for Sqlite {
    fn dated(&self, f: DatedFilter) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(move |c, shelf| {
            let (day, id) = match &f.after {
                Some((day, id)) => (day.max(&f.from).to_string(), id.as_str()),
                None => (f.from.to_string(), ""),
            };
            let sql = "SELECT id, version FROM matters WHERE kind = 'deprecation' AND shutdown_on BETWEEN ?1 AND ?2
                 AND (shutdown_on, id) > (?1, ?3) AND (?4 IS NULL OR provider = ?4) ORDER BY shutdown_on, id LIMIT ?5";
            several(c, shelf, sql, params![day, f.until.to_string(), id, f.provider, limit(f.limit)])
        })
    }

    fn without_date(&self, after: Option<MatterId>, most: usize) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(move |c, shelf| {
            let sql = "SELECT id, version FROM matters WHERE kind = 'deprecation' AND shutdown_on IS NULL AND id > ?1 ORDER BY id LIMIT ?2";
            several(c, shelf, sql, params![after.as_ref().map_or("", |id| id.as_str()), limit(most)])
        })
    }

    fn of_subject(&self, subject: Subject) -> Fut<'_, Vec<MatterId>> {
        self.read(move |c| {
            let sql = "SELECT matter FROM matter_subjects WHERE subject = ?1 ORDER BY matter";
            rows(c, sql, [subject_key(&subject)], |r| word_at(r, 0))
        })
    }

    fn open(&self, kind: Kind, limit: usize) -> Fut<'_, Vec<Arc<MatterState>>> {
        self.read_matters(move |c, shelf| {
            let sql = "SELECT id, version, state FROM matters WHERE stage = 'open' AND kind = ?1 ORDER BY id LIMIT ?2";
            rows(c, sql, params![kind.as_str(), self::limit(limit)], |r| shelf.row(r))
        })
    }

    fn alerts_on(&self, matters: Vec<MatterId>) -> Fut<'_, Vec<Alert>> {
        self.read(move |c| {
            let mut out = Vec::new();
            let sql = format!("SELECT {ALERT} FROM alerts a WHERE a.matter = ?1 ORDER BY a.id");
            for m in matters {
                out.append(&mut rows(c, &sql, [m.as_str()], alert)?);
            }
            Ok(out)
        })
    }

    fn answers_on(&self, matters: Vec<MatterId>) -> Fut<'_, Vec<Vec<Standing>>> {
        self.read(move |c| {
            // By owner, as the index of alerts has them.
            let sql = "SELECT state, ack FROM alerts WHERE matter = ?1 ORDER BY owner";
            let mut statement = c.prepare_cached(sql).map_err(fault)?;
            let answered = |r: &Row<'_>| Ok(Standing { state: word_at(r, 0)?, ack: maybe_json(r, 1)? });
            matters.iter().map(|m| rows_of(&mut statement, [m.as_str()], answered)).collect()
        })
    }

    fn unanswered(&self, each: usize) -> Fut<'_, Unanswered> {
        self.read_matters(move |c, shelf| {
            let sql = "SELECT owner, count(*) FROM alerts WHERE state = 'open' GROUP BY owner ORDER BY owner";
            let counts = rows(c, sql, [], |r| {
                let n: i64 = r.get(1).map_err(fault)?;
                Ok((r.get(0).map_err(fault)?, n.unsigned_abs()))
            })?;
            // Chosen by number first: the windows sort no states.
            let sql = format!(
                "WITH first AS (SELECT a.id, m.version, m.shutdown_on, row_number() OVER
                   (PARTITION BY a.owner, m.shutdown_on IS NULL ORDER BY m.shutdown_on, a.id DESC) AS place
                 FROM alerts a JOIN matters m ON m.id = a.matter WHERE a.state = 'open')
                 SELECT {ALERT}, first.version FROM first JOIN alerts a ON a.id = first.id
                 WHERE first.place <= ?1 ORDER BY a.owner, first.shutdown_on IS NOT NULL, first.shutdown_on, a.id DESC"
            );
            let mut first = Vec::new();
            for (a, version) in rows(c, &sql, [limit(each)], |r| Ok((alert(r)?, r.get("version").map_err(fault)?)))? {
                let m = shelf.versioned(c, a.matter.as_str(), version)?;
                first.extend(m.map(|m| (a, m)));
            }
            Ok(Unanswered { counts, first })
        })
    }

    fn payload_of(&self, event: EventId) -> Fut<'_, Option<StoredPayload>> {
        self.read(move |c| {
            let sql = format!("SELECT {PAYLOAD} FROM events e JOIN payloads p ON p.id = e.payload WHERE e.id = ?1");
            Ok(rows(c, &sql, [event.0], payload)?.pop())
        })
    }

    fn source_days(&self, source: Option<SourceId>, since: Date) -> Fut<'_, Vec<SourceDay>> {
        self.read(move |c| {
            let sql = "SELECT * FROM source_days WHERE (?1 IS NULL OR source = ?1) AND day >= ?2 ORDER BY source, day";
            rows(c, sql, params![source.map(|s| s.to_string()), since.to_string()], |r| {
                Ok(SourceDay {
                    source: word_at(r, "source")?,
                    day: word_at(r, "day")?,
                    read: r.get("read").map_err(fault)?,
                    failed: r.get("failed").map_err(fault)?,
                    fewest: r.get("fewest").map_err(fault)?,
                    most: r.get("most").map_err(fault)?,
                })
            })
        })
    }

    fn audit(&self, f: AuditFilter) -> Fut<'_, Vec<AuditRow>> {
        self.read(move |c| {
            let sql = "SELECT * FROM audit WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR subject = ?2) ORDER BY id DESC LIMIT ?3";
            rows(c, sql, params![f.before, f.subject, i64::try_from(f.limit).unwrap_or(i64::MAX)], |r| {
                Ok(AuditRow {
                    id: r.get("id").map_err(fault)?,
                    at: time_at(r, "at")?,
                    who: r.get("who").map_err(fault)?,
                    what: r.get("what").map_err(fault)?,
                    subject: r.get("subject").map_err(fault)?,
                    detail: r.get("detail").map_err(fault)?,
                })
            })
        })
    }
}

/// The matters whose ids and versions an index gives, without a look at their rows where they are known.
pub(super) fn several(
    c: &Connection,
    shelf: &Shelf,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Arc<MatterState>>, StoreError> {
    let mut statement = c.prepare_cached(sql).map_err(fault)?;
    let mut found = statement.query(params).map_err(fault)?;
    let mut out = Vec::new();
    while let Some(r) = found.next().map_err(fault)? {
        let id = r.get_ref(0).map_err(fault)?.as_str().map_err(|e| StoreError::Damaged(e.to_string()))?;
        out.extend(shelf.versioned(c, id, r.get(1).map_err(fault)?)?);
    }
    Ok(out)
}

fn limit(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
