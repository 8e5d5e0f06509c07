//! Posts: what stands at channels and follows its alert.
//!
//! In: places the channels named. Out: what to change when somebody acts, and what to look at again. Invariant: one place
//! for each alert and contact, the newest. Refuses to know what a place means: its channel does.

use super::alerts::{ALERT, alert, by_id};
use super::convert::{fault, ms, rows, time_at};
use super::matters::state;
use super::{Sqlite, StoreError};
use crate::model::{Alert, AlertId, ContactId, MatterState, NotificationId};
use crate::store::types::{ClaimedRow, Post, PostDue, Unreached};
use crate::store::{Fut, Posts};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

impl Posts for Sqlite {
    fn posts_due(&self, now: Timestamp, limit: usize) -> Fut<'_, Vec<PostDue>> {
        self.read(move |c| {
            let sql = "SELECT alert, contact, channel, place FROM posts WHERE next_at <= ?1 ORDER BY next_at LIMIT ?2";
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let found = rows(c, sql, params![ms(now), limit], |r| {
                let text = |i| r.get::<_, String>(i).map_err(fault);
                Ok((AlertId(r.get(0).map_err(fault)?), ContactId(text(1)?), text(2)?, text(3)?))
            })?;
            found
                .into_iter()
                .map(|(id, contact, channel, place)| {
                    let lost = || StoreError::Damaged(format!("a post without alert {id}"));
                    let alert = by_id(c, id)?.ok_or_else(lost)?;
                    let matter = state(c, &alert.matter)?.ok_or_else(lost)?;
                    Ok(PostDue { alert, matter, contact, channel, place })
                })
                .collect()
        })
    }

    fn post_seen(&self, alert: AlertId, contact: ContactId, next_at: Option<Timestamp>) -> Fut<'_, ()> {
        self.write(move |c| {
            let sql = "UPDATE posts SET next_at = ?3 WHERE alert = ?1 AND contact = ?2";
            c.execute(sql, params![alert.0, contact.0, next_at.map(ms)]).map_err(fault)?;
            Ok(())
        })
    }

    fn unreached(&self) -> Fut<'_, Vec<Unreached>> {
        self.read(|c| {
            let sql = "SELECT n.contact, n.channel, n.reason, max(n.settled_at) AS settled_at FROM notifications n
                WHERE n.unreachable = 1 AND NOT EXISTS (SELECT 1 FROM notifications d
                  WHERE d.contact = n.contact AND d.state = 'delivered' AND d.settled_at >= n.settled_at)
                GROUP BY n.contact ORDER BY n.contact";
            rows(c, sql, [], |r| {
                Ok(Unreached {
                    contact: ContactId(r.get(0).map_err(fault)?),
                    channel: r.get(1).map_err(fault)?,
                    reason: r.get::<_, Option<String>>(2).map_err(fault)?.unwrap_or_default(),
                    at: time_at(r, "settled_at")?,
                })
            })
        })
    }
}

/// Remembers where a delivered notification stands, for each of its alerts.
pub(super) fn keep(c: &Connection, id: NotificationId, post: &Post) -> Result<(), StoreError> {
    let sql = "INSERT INTO posts (alert, contact, channel, place, next_at)
        SELECT DISTINCT o.alert, o.contact, n.channel, ?2, ?3 FROM obligations o JOIN notifications n ON n.id = o.notification
        WHERE o.notification = ?1
        ON CONFLICT (alert, contact) DO UPDATE SET channel = excluded.channel, place = excluded.place, next_at = excluded.next_at";
    c.execute(sql, params![id.0, post.place, post.next_at.map(ms)]).map_err(fault)?;
    Ok(())
}

/// One place, and the alerts that stand there besides.
type Place = (Option<String>, Vec<(Alert, MatterState)>);

/// Where all of these alerts stand with this contact, if that is one place; and the others that stand there.
pub(super) fn place(c: &Connection, contact: &ContactId, these: &[ClaimedRow]) -> Result<Place, StoreError> {
    let mut places: Vec<Option<String>> = Vec::new();
    for row in these {
        let sql = "SELECT place FROM posts WHERE alert = ?1 AND contact = ?2";
        places.push(c.query_row(sql, params![row.alert.id.0, contact.0], |r| r.get(0)).optional().map_err(fault)?);
    }
    places.dedup();
    let Some(place) = places.pop().flatten().filter(|_| places.is_empty()) else { return Ok((None, Vec::new())) };
    let sql = format!(
        "SELECT {ALERT} FROM posts p JOIN alerts a ON a.id = p.alert WHERE p.contact = ?1 AND p.place = ?2 ORDER BY a.id"
    );
    let mut beside = Vec::new();
    for alert in rows(c, &sql, params![contact.0, place], alert)? {
        if !these.iter().any(|r| r.alert.id == alert.id)
            && let Some(matter) = state(c, &alert.matter)?
        {
            beside.push((alert, matter));
        }
    }
    Ok((Some(place), beside))
}
