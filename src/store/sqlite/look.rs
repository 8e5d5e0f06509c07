//! Looking at a part: what a page shows, found by an index.
//!
//! In: small filters. Out: values. Invariant: what a look costs follows from what is shown, not from what is stored.
//! Refuses to write.

use super::alerts::alert;
use super::convert::{fault, from_json, rows, time_at, word_at};
use super::matters::{PAYLOAD, payload};
use super::{Sqlite, StoreError};
use crate::model::{Alert, EventId, Kind, MatterId, MatterState, SourceId};
use crate::store::types::{AuditFilter, AuditRow, DatedFilter, SourceDay, StoredPayload};
use crate::store::{Fut, Look, Unanswered};
use jiff::civil::Date;
use rusqlite::{Row, params};

impl Look for Sqlite {
    fn dated(&self, f: DatedFilter) -> Fut<'_, Vec<MatterState>> {
        self.read(move |c| {
            let limit = i64::try_from(f.limit).unwrap_or(i64::MAX);
            // Quotes inside texts are escaped, so only the field itself matches; the text is cheaper to search than to parse.
            let provider = f.provider.map(|p| format!("\"provider\":\"{p}\""));
            let (day, id) = match &f.after {
                Some((day, id)) => (day.max(&f.from).to_string(), id.as_str()),
                None => (f.from.to_string(), ""),
            };
            let sql = "SELECT version, state FROM matters WHERE kind = ?1 AND shutdown_on BETWEEN ?2 AND ?3 AND (shutdown_on, id) > (?2, ?4)
                 AND (?5 IS NULL OR instr(state, ?5) > 0) ORDER BY shutdown_on, id LIMIT ?6";
            rows(c, sql, params![f.kind.as_str(), day, f.until.to_string(), id, provider, limit], matter)
        })
    }

    fn without_date(&self, kind: Kind, after: Option<MatterId>, limit: usize) -> Fut<'_, Vec<MatterState>> {
        self.read(move |c| {
            let sql = "SELECT version, state FROM matters WHERE kind = ?1 AND shutdown_on IS NULL AND id > ?2 ORDER BY id LIMIT ?3";
            let after = after.as_ref().map_or("", |id| id.as_str());
            rows(c, sql, params![kind.as_str(), after, i64::try_from(limit).unwrap_or(i64::MAX)], matter)
        })
    }

    fn open(&self, kind: Kind, limit: usize) -> Fut<'_, Vec<MatterState>> {
        self.read(move |c| {
            let sql = "SELECT version, state FROM matters WHERE stage = 'open' AND kind = ?1 ORDER BY id LIMIT ?2";
            rows(c, sql, params![kind.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)], matter)
        })
    }

    fn alerts_on(&self, matters: Vec<MatterId>) -> Fut<'_, Vec<Alert>> {
        self.read(move |c| {
            let mut out = Vec::new();
            for m in matters {
                out.append(&mut rows(c, "SELECT * FROM alerts WHERE matter = ?1 ORDER BY id", [m.as_str()], alert)?);
            }
            Ok(out)
        })
    }

    fn unanswered(&self, each: usize) -> Fut<'_, Unanswered> {
        self.read(move |c| {
            let sql = "SELECT owner, count(*) AS n FROM alerts WHERE state = 'open' GROUP BY owner ORDER BY owner";
            let counts = rows(c, sql, [], |r| {
                let n: i64 = r.get("n").map_err(fault)?;
                Ok((r.get("owner").map_err(fault)?, n.unsigned_abs()))
            })?;
            // Chosen by number first: the windows sort no states.
            let sql = "WITH first AS (SELECT a.id, row_number() OVER (PARTITION BY a.owner, m.shutdown_on IS NULL
                   ORDER BY m.shutdown_on, a.id DESC) AS place
                 FROM alerts a JOIN matters m ON m.id = a.matter WHERE a.state = 'open')
                 SELECT a.*, m.version AS matter_version, m.state AS matter_state
                 FROM first JOIN alerts a ON a.id = first.id JOIN matters m ON m.id = a.matter
                 WHERE first.place <= ?1 ORDER BY a.owner, m.shutdown_on IS NOT NULL, m.shutdown_on, a.id DESC";
            let first = rows(c, sql, [i64::try_from(each).unwrap_or(i64::MAX)], |r| {
                let text: String = r.get("matter_state").map_err(fault)?;
                Ok((alert(r)?, MatterState { version: r.get("matter_version").map_err(fault)?, ..from_json(&text)? }))
            })?;
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

fn matter(r: &Row<'_>) -> Result<MatterState, StoreError> {
    let text: String = r.get("state").map_err(fault)?;
    Ok(MatterState { version: r.get("version").map_err(fault)?, ..from_json(&text)? })
}
