//! What we use: rows of scans and of counted calls.
//!
//! In: reports. Out: rows. Invariant: the same report twice leaves the same rows; a use that was seen is never forgotten, its
//! counts are after five weeks. Refuses to hold up others: a long report is written in slices, each whole.

use super::convert::{fault, from_json, maybe_word, ms, rows, time_at, to_json, word_at};
use super::{Sqlite, StoreError};
use crate::model::{CoveredDay, Direction, UsageReport, Use, UseRow};
use crate::store::{Fut, Usage};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::{Connection, OptionalExtension, params};

/// Uses of one operation.
const SLICE: usize = 200;
/// Most days of one report.
const MOST_DAYS: usize = 400;

impl Usage for Sqlite {
    fn note_usage(&self, report: UsageReport) -> Fut<'_, u64> {
        Box::pin(async move {
            let UsageReport { direction, via, service, covers, covered, uses } = report;
            if direction == Direction::Scanned {
                // A scan is one picture: it replaces the last one whole.
                return self.write(move |c| scanned(c, &via, service.as_deref(), &uses)).await;
            }
            let mut new = 0;
            let seen = uses.iter().map(|u| u.until).max();
            let mut rest = uses.into_iter();
            loop {
                let slice: Vec<Use> = rest.by_ref().take(SLICE).collect();
                if slice.is_empty() {
                    break;
                }
                let via = via.clone();
                new += self.write(move |c| observed(c, &via, &slice)).await?;
            }
            if let Some((from, until)) = covered {
                self.write(move |c| {
                    for (platform, account) in &covers {
                        days(c, platform.as_str(), account.as_deref(), from, until)?;
                    }
                    Ok(())
                })
                .await?;
            }
            if let Some(at) = seen {
                self.write(move |c| wake(c, at.to_zoned_datetime(TimeZone::UTC).date())).await?;
            }
            Ok(new)
        })
    }

    fn usage(&self, since: Timestamp) -> Fut<'_, Vec<UseRow>> {
        self.read(move |c| {
            let sql = "SELECT u.*, (SELECT sum(calls) FROM usage_calls WHERE usage = u.id AND until_at > ?1) AS calls,
                 (SELECT sum(tokens) FROM usage_calls WHERE usage = u.id AND until_at > ?1) AS tokens
                 FROM usage u ORDER BY subject, direction, via, service, project";
            rows(c, sql, [ms(since)], |r| {
                let text = |name: &str| r.get::<_, String>(name).map_err(fault);
                let named = |name: &str| Ok::<_, StoreError>(Some(text(name)?).filter(|t| !t.is_empty()));
                let count = |name: &str| {
                    Ok::<_, StoreError>(r.get::<_, Option<i64>>(name).map_err(fault)?.map(i64::unsigned_abs))
                };
                Ok(UseRow {
                    subject: from_json(&text("subject")?)?,
                    direction: word_at(r, "direction")?,
                    via: text("via")?,
                    service: named("service")?,
                    project: named("project")?,
                    first_at: time_at(r, "first_at")?,
                    last_at: time_at(r, "last_at")?,
                    calls: count("calls")?,
                    tokens: count("tokens")?,
                    place: r.get("place").map_err(fault)?,
                    mention: r.get("mention").map_err(fault)?,
                })
            })
        })
    }

    fn covered_days(&self, since: Timestamp) -> Fut<'_, Vec<CoveredDay>> {
        self.read(move |c| {
            let first = since.to_zoned_datetime(TimeZone::UTC).date().to_string();
            let sql = "SELECT platform, nullif(account, '') AS account, day FROM usage_days WHERE day >= ?1 ORDER BY platform, account, day";
            rows(c, sql, [first], |r| {
                let day: String = r.get("day").map_err(fault)?;
                let day = day.parse::<Date>().map_err(|_| StoreError::Damaged(format!("{day:?} is no day")))?;
                Ok(CoveredDay { platform: word_at(r, "platform")?, account: maybe_word(r, "account")?, day })
            })
        })
    }
}

/// What has ended is looked at no more while nobody counts calls; once somebody does, it may turn out to be in use.
fn wake(c: &Connection, day: Date) -> Result<(), StoreError> {
    let sql =
        "UPDATE alerts SET next_due_at = 0, version = version + 1 WHERE next_due_at IS NULL AND state <> 'resolved'
         AND matter IN (SELECT id FROM matters WHERE kind = 'deprecation' AND shutdown_on <= ?1)";
    c.execute(sql, params![day.to_string()]).map(drop).map_err(fault)
}

/// The row of a use, made or moved on; its id and whether it is new.
fn row(c: &Connection, direction: Direction, via: &str, u: &Use) -> Result<(i64, bool), StoreError> {
    let subject = to_json(&u.subject)?;
    // A window is over when it ends: a day of calls that ends at midnight saw the last one before.
    let last = if u.until > u.from { ms(u.until) - 1 } else { ms(u.until) };
    let key = params![
        subject,
        direction.as_str(),
        via,
        u.service.as_deref().unwrap_or(""),
        u.project.as_deref().unwrap_or(""),
        ms(u.from),
        last,
        u.place,
        u.mention
    ];
    let before: Option<i64> = c
        .prepare_cached(
            "SELECT id FROM usage WHERE subject = ?1 AND direction = ?2 AND via = ?3 AND service = ?4 AND project = ?5",
        )
        .and_then(|mut q| q.query_row(&key[..5], |r| r.get(0)).optional())
        .map_err(fault)?;
    let sql = "INSERT INTO usage (subject, direction, via, service, project, first_at, last_at, place, mention) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET first_at = min(first_at, ?6), last_at = max(last_at, ?7), place = coalesce(?8, place), mention = ?9 RETURNING id";
    let id = c.prepare_cached(sql).and_then(|mut q| q.query_row(key, |r| r.get(0))).map_err(fault)?;
    Ok((id, before.is_none()))
}

fn scanned(c: &Connection, via: &str, service: Option<&str>, uses: &[Use]) -> Result<u64, StoreError> {
    let mut kept = Vec::with_capacity(uses.len());
    let mut new = 0;
    for u in uses {
        let (id, is_new) = row(c, Direction::Scanned, via, u)?;
        kept.push(id);
        new += u64::from(is_new);
    }
    let kept = to_json(&kept)?;
    c.execute(
        "DELETE FROM usage WHERE direction = 'scanned' AND via = ?1 AND service = ?2 AND id NOT IN (SELECT value FROM json_each(?3))",
        params![via, service.unwrap_or(""), kept],
    )
    .map_err(fault)?;
    Ok(new)
}

fn observed(c: &Connection, via: &str, uses: &[Use]) -> Result<u64, StoreError> {
    let mut new = 0;
    for u in uses {
        let (id, is_new) = row(c, Direction::Observed, via, u)?;
        new += u64::from(is_new);
        let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
        let (from, until) = (ms(u.from), ms(u.until));
        // A longer window that is there already holds these calls; shorter ones inside this one are replaced by it.
        let held = "SELECT 1 FROM usage_calls WHERE usage = ?1 AND from_at <= ?2 AND until_at >= ?3 AND (from_at < ?2 OR until_at > ?3)";
        let is_held = c.prepare_cached(held).and_then(|mut q| q.exists(params![id, from, until])).map_err(fault)?;
        if is_held {
            continue;
        }
        let run = |sql: &str, p: &[&dyn rusqlite::ToSql]| {
            c.prepare_cached(sql).and_then(|mut q| q.execute(p)).map(drop).map_err(fault)
        };
        run("DELETE FROM usage_calls WHERE usage = ?1 AND from_at >= ?2 AND until_at <= ?3", &[&id, &from, &until])?;
        run(
            "INSERT OR REPLACE INTO usage_calls (usage, from_at, until_at, calls, tokens) VALUES (?1, ?2, ?3, ?4, ?5)",
            &[&id, &from, &until, &count(u.calls), &count(u.tokens)],
        )?;
    }
    Ok(new)
}

/// Every day that the time touches.
fn days(
    c: &Connection,
    platform: &str,
    account: Option<&str>,
    from: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let date = |t: Timestamp| t.to_zoned_datetime(TimeZone::UTC).date();
    // A window that ends at midnight says nothing of the day that begins there.
    let last = date(until.checked_sub(1.nanosecond()).unwrap_or(until)).max(date(from));
    let sql = "INSERT OR IGNORE INTO usage_days (platform, account, day) VALUES (?1, ?2, ?3)";
    for day in date(from).series(1.day()).take_while(|d| *d <= last).take(MOST_DAYS) {
        c.prepare_cached(sql)
            .and_then(|mut q| q.execute(params![platform, account.unwrap_or(""), day.to_string()]))
            .map_err(fault)?;
    }
    Ok(())
}

/// Counts and days older than the longest question asked of them.
pub(super) fn prune(c: &Connection, before: i64, slice: i64) -> Result<u64, StoreError> {
    let calls = "DELETE FROM usage_calls WHERE (usage, from_at) IN (SELECT usage, from_at FROM usage_calls WHERE until_at < ?1 LIMIT ?2)";
    let gone = c.execute(calls, params![before, slice]).map_err(fault)?;
    let days = "DELETE FROM usage_days WHERE day < strftime('%Y-%m-%d', ?1 / 1000, 'unixepoch')";
    Ok((gone + c.execute(days, [before]).map_err(fault)?) as u64)
}
