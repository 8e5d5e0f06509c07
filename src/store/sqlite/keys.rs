//! Keys of deliveries: has this one been stored before?
//!
//! In: keys. Out: the payload and body hash stored under them. Invariant: a key is found from the moment its payload is
//! written, in memory first and in the table later; after a restart the memory is filled from the payloads again. Refuses
//! to write single keys: keys are random, and a random page for each would cost more than the rest of a delivery (the
//! table is filled in sorted slices instead).

use super::StoreError;
use super::convert::{fault, rows};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// Keys in memory before they are moved to the table: about 5 MiB.
const MOST_RECENT: usize = 65_536;
/// Keys of one slice: a few milliseconds.
const SLICE: usize = 2_048;

type Key = [u8; 16];
/// The payload and the hash of its body.
type Entry = (i64, [u8; 16]);

/// The lagging index and its head in memory.
#[derive(Default)]
pub(super) struct Keys {
    recent: HashMap<Key, Entry>,
    /// Keys of the batch that is not committed yet.
    fresh: Vec<Key>,
    moving: Option<Moving>,
    /// The last move failed (a full disk): none is tried before something else succeeded.
    stuck: bool,
}

/// A move to the table, slice by slice in the order of keys.
struct Moving {
    sorted: Vec<(Key, Entry)>,
    done: usize,
    through: i64,
}

impl Keys {
    /// Reads what the table does not hold yet.
    pub(super) fn load(c: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT key, id, body_hash FROM payloads WHERE id > (SELECT value FROM cursors WHERE name = 'keyed') AND key IS NOT NULL";
        let found = rows(c, sql, [], |r| {
            Ok((
                r.get::<_, Key>(0).map_err(fault)?,
                (r.get::<_, i64>(1).map_err(fault)?, r.get::<_, [u8; 16]>(2).map_err(fault)?),
            ))
        })?;
        Ok(Self { recent: found.into_iter().collect(), ..Self::default() })
    }

    /// What is stored under a key.
    pub(super) fn find(&self, c: &Connection, key: &Key) -> Result<Option<Entry>, StoreError> {
        if let Some(e) = self.recent.get(key) {
            return Ok(Some(*e));
        }
        c.prepare_cached("SELECT payload, body_hash FROM deliveries WHERE key = ?1")
            .and_then(|mut s| s.query_row([key], |r| Ok((r.get(0)?, r.get(1)?))).optional())
            .map_err(fault)
    }

    /// A payload was written under a key, in the batch that runs.
    pub(super) fn add(&mut self, key: Key, entry: Entry) {
        self.recent.insert(key, entry);
        self.fresh.push(key);
    }

    /// How many keys this batch has added so far: a mark to forget back to.
    pub(super) fn mark(&self) -> usize {
        self.fresh.len()
    }

    /// What was added since the mark was rolled back.
    pub(super) fn forget(&mut self, mark: usize) {
        for key in self.fresh.drain(mark..) {
            self.recent.remove(&key);
        }
    }

    /// The batch is on disk.
    pub(super) fn committed(&mut self) {
        self.fresh.clear();
        self.stuck = false;
    }

    /// The batch with a slice in it failed: nothing of it is on disk.
    pub(super) fn not_moved(&mut self) {
        self.stuck = true;
    }

    /// Whether a slice should be moved with the next batch.
    pub(super) fn wants_move(&self) -> bool {
        !self.stuck && (self.moving.is_some() || self.recent.len() >= MOST_RECENT)
    }

    /// Moves one slice, inside the transaction that runs. Call [`Keys::moved`] once it is on disk.
    pub(super) fn move_slice(&mut self, c: &Connection) -> Result<(), StoreError> {
        let recent = &self.recent;
        let moving = self.moving.get_or_insert_with(|| {
            let mut sorted: Vec<(Key, Entry)> = recent.iter().map(|(k, e)| (*k, *e)).collect();
            sorted.sort_unstable_by_key(|(k, _)| *k);
            let through = sorted.iter().map(|(_, (id, _))| *id).max().unwrap_or(0);
            Moving { sorted, done: 0, through }
        });
        let mut insert = c
            .prepare_cached(
                "INSERT INTO deliveries (key, payload, body_hash) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
            )
            .map_err(fault)?;
        let end = (moving.done + SLICE).min(moving.sorted.len());
        for (key, (payload, hash)) in &moving.sorted[moving.done..end] {
            insert.execute(params![key, payload, hash]).map_err(fault)?;
        }
        if end == moving.sorted.len() {
            c.execute("UPDATE cursors SET value = ?1 WHERE name = 'keyed'", [moving.through]).map_err(fault)?;
        }
        Ok(())
    }

    /// The slice is on disk.
    pub(super) fn moved(&mut self) {
        let Some(moving) = &mut self.moving else { return };
        moving.done = (moving.done + SLICE).min(moving.sorted.len());
        if moving.done == moving.sorted.len() {
            if let Some(m) = self.moving.take() {
                for (key, _) in m.sorted {
                    self.recent.remove(&key);
                }
            }
            self.recent.shrink_to(MOST_RECENT);
        }
    }
}
