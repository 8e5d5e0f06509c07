//! Receiving: many deliveries, one savepoint, one flush.
//!
//! In: deliveries. Out: receipts. Invariant: the dedup row and the payload are written together or not at all. Refuses
//! to look into bodies.

use super::convert::{fault, ms};
use super::keys::Keys;
use super::writer::{Finish, control};
use super::{Sqlite, StoreError};
use crate::crypto::short_hash;
use crate::model::ConnectionId;
use crate::store::types::{Delivery, INCOMPARABLE, Receipt};
use crate::store::{Fut, Intake};
use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, params};
use tokio::sync::oneshot;

impl Intake for Sqlite {
    fn expect(&self, connections: Vec<ConnectionId>, now: Timestamp) -> Fut<'_, ()> {
        self.write(move |c| {
            let mut insert = c
                .prepare(
                    "INSERT INTO connections (connection, since) VALUES (?1, ?2) ON CONFLICT (connection) DO NOTHING",
                )
                .map_err(fault)?;
            connections.iter().try_for_each(|id| insert.execute(params![id.as_str(), ms(now)]).map(drop).map_err(fault))
        })
    }

    fn receive(&self, delivery: Delivery) -> Fut<'_, Receipt> {
        Box::pin(async move {
            match &self.writer {
                Some(w) => w.receive(delivery).await,
                None => Err(StoreError::Unavailable("opened for reading only".into())),
            }
        })
    }
}

pub(super) type Answer = oneshot::Sender<Result<Receipt, StoreError>>;

/// Stores all deliveries of a batch; about how many bytes. If one cannot be written none is.
pub(super) fn receive_all(
    c: &Connection,
    keys: &mut Keys,
    deliveries: Vec<(Delivery, Answer)>,
    finish: &mut Vec<Finish>,
) -> u64 {
    if deliveries.is_empty() {
        return 0;
    }
    let (mut bytes, mark) = (0, keys.mark());
    let stored = in_savepoint(c, || {
        let (mut receipts, mut repeats) = (Vec::with_capacity(deliveries.len()), 0_i64);
        let mut insert = c.prepare_cached(INSERT).map_err(fault)?;
        for (d, _) in &deliveries {
            let r = store(c, &mut insert, keys, d)?;
            repeats += i64::from(r == Receipt::Repeat);
            bytes += d.body.len() as u64 + 512;
            receipts.push(r);
        }
        signs_of_life(c, &deliveries)?;
        let all = i64::try_from(receipts.len()).unwrap_or(i64::MAX);
        count(c, "accepted", all)?;
        count(c, "repeated", repeats)?;
        Ok(receipts)
    });
    match stored {
        Ok(receipts) => {
            for ((d, done), receipt) in deliveries.into_iter().zip(receipts) {
                finish.push(Finish::Receipt(done, Ok(receipt), d));
            }
        }
        Err(e) => {
            keys.forget(mark);
            for (d, done) in deliveries {
                finish.push(Finish::Receipt(done, Err(e.clone()), d));
            }
        }
    }
    bytes
}

/// Notes for each connection of the batch that it spoke, how often and when last.
fn signs_of_life(c: &Connection, deliveries: &[(Delivery, Answer)]) -> Result<(), StoreError> {
    let mut spoke: Vec<(&ConnectionId, i64, i64)> = Vec::new();
    for (d, _) in deliveries {
        let at = ms(d.received_at);
        match spoke.iter_mut().find(|(id, ..)| **id == d.connection) {
            Some((_, n, last)) => (*n, *last) = (*n + 1, at.max(*last)),
            None => spoke.push((&d.connection, 1, at)),
        }
    }
    let mut note = c
        .prepare_cached(
            "INSERT INTO connections (connection, since, last_at, deliveries) VALUES (?1, ?2, ?2, ?3)
             ON CONFLICT (connection) DO UPDATE SET longest_gap = max(longest_gap, ?2 - coalesce(last_at, ?2)),
             last_at = max(coalesce(last_at, ?2), ?2), deliveries = deliveries + ?3",
        )
        .map_err(fault)?;
    spoke.into_iter().try_for_each(|(id, n, at)| note.execute(params![id.as_str(), at, n]).map(drop).map_err(fault))
}

fn in_savepoint<T>(c: &Connection, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    control(c, "SAVEPOINT intake")?;
    match work() {
        Ok(t) => control(c, "RELEASE intake").map(|()| t),
        Err(e) => {
            // If even this fails the whole batch fails at its commit, and nobody is told of success.
            let _ = control(c, "ROLLBACK TO intake").and_then(|()| control(c, "RELEASE intake"));
            Err(e)
        }
    }
}

fn store(
    c: &Connection,
    insert: &mut CachedStatement<'_>,
    keys: &mut Keys,
    d: &Delivery,
) -> Result<Receipt, StoreError> {
    match keys.find(c, &d.key)? {
        None => add(insert, keys, d, d.key, None).map(|()| Receipt::Stored),
        Some((_, hash)) if [hash, INCOMPARABLE].contains(&d.body_hash) || hash == INCOMPARABLE => Ok(Receipt::Repeat),
        Some((first, _)) => {
            // The same id with another body: kept once under a key of both, shown, and told to the operators.
            let key = short_hash(&[&d.key, &d.body_hash]);
            if keys.find(c, &key)?.is_some() {
                return Ok(Receipt::Repeat);
            }
            add(insert, keys, d, key, Some(first)).map(|()| Receipt::Conflict)
        }
    }
}

const INSERT: &str =
    "INSERT INTO payloads (source, connection, trust, conflict_of, key, body_hash, received_at, headers, body)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

fn add(
    insert: &mut CachedStatement<'_>,
    keys: &mut Keys,
    d: &Delivery,
    key: [u8; 16],
    conflict_of: Option<i64>,
) -> Result<(), StoreError> {
    let row = params![
        d.source.as_str(),
        d.connection.as_str(),
        d.trust.as_str(),
        conflict_of,
        key,
        d.body_hash,
        ms(d.received_at),
        d.headers,
        &d.body[..]
    ];
    let payload = insert.insert(row).map_err(fault)?;
    keys.add(key, (payload, d.body_hash));
    Ok(())
}

/// Adds to a counter of the ledger.
pub(super) fn count(c: &Connection, name: &str, by: i64) -> Result<(), StoreError> {
    if by == 0 {
        return Ok(());
    }
    c.prepare_cached(
        "INSERT INTO counters (name, n) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
    )
    .and_then(|mut s| s.execute(params![name, by]))
    .map(drop)
    .map_err(fault)
}
