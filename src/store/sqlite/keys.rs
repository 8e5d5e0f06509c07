//! Keys of deliveries: has this one been stored before?
//!
//! In: keys. Out: the payload and body hash stored under them. Invariant: a key is found from the moment its payload is
//! written, in memory first and in the table later; after a restart the memory is filled from the payloads again. Refuses
//! to write single keys: keys are random, and a random page for each would cost more than the rest of a delivery (the
//! table is filled in sorted slices instead).

use super::StoreError;
use super::convert::{fault, rows};
use rusqlite::{Connection, OptionalExtension, params};

/// Keys in memory before they are moved to the table: about 3 MiB.
const MOST_RECENT: usize = 65_536;
/// Keys are kept apart by their first byte; one such part is moved at a time, in well under a millisecond.
const PARTS: usize = 256;

/// Keys the filter is good for; a table with more is asked itself.
const FILTERED: usize = 1_000_000;
/// Bits of the filter: 1 MiB, of which only what is used becomes resident.
const FILTER_BITS: usize = 1 << 23;

type Key = [u8; 16];
/// The payload and the hash of its body.
type Entry = (i64, [u8; 16]);

/// Says "never seen" of most keys that are new, without a look into the table, whose pages are seldom in memory. Keys are
/// hashes already, so four parts of a key are four hashes.
struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    fn places(key: &Key) -> [usize; 4] {
        let part = |n: usize| u32::from_le_bytes([key[n], key[n + 1], key[n + 2], key[n + 3]]) as usize % FILTER_BITS;
        [part(0), part(4), part(8), part(12)]
    }
    fn add(&mut self, key: &Key) {
        for p in Self::places(key) {
            self.bits[p / 64] |= 1 << (p % 64);
        }
    }
    fn may_hold(&self, key: &Key) -> bool {
        Self::places(key).iter().all(|p| self.bits[p / 64] & (1 << (p % 64)) != 0)
    }
}

/// The lagging index and its head in memory.
pub(super) struct Keys {
    /// What the table does not hold yet, by the first byte of the key.
    recent: Vec<Vec<(Key, Entry)>>,
    waiting: usize,
    /// Over everything, in memory and in the table; none where that is too much for it.
    filter: Option<Filter>,
    filtered: usize,
    /// Keys of the batch that is not committed yet.
    fresh: Vec<Key>,
    moving: Option<Moving>,
    /// The last move failed (a full disk): none is tried before something else succeeded.
    stuck: bool,
}

/// A move to the table, part by part.
struct Moving {
    next: usize,
    /// Newest payload when it began: behind it everything is in the table once it ends.
    through: i64,
}

impl Keys {
    /// Reads what the table does not hold yet.
    pub(super) fn load(c: &Connection) -> Result<Self, StoreError> {
        let mut keys = Self {
            recent: vec![Vec::new(); PARTS],
            waiting: 0,
            filter: Some(Filter { bits: vec![0; FILTER_BITS / 64] }),
            filtered: 0,
            fresh: Vec::new(),
            moving: None,
            stuck: false,
        };
        let mut statement = c.prepare("SELECT key FROM deliveries LIMIT ?1").map_err(fault)?;
        let mut found = statement.query([i64::try_from(FILTERED + 1).unwrap_or(i64::MAX)]).map_err(fault)?;
        while let Some(row) = found.next().map_err(fault)? {
            keys.remember(&row.get(0).map_err(fault)?);
        }
        let sql = "SELECT key, id, body_hash FROM payloads WHERE id > (SELECT value FROM cursors WHERE name = 'keyed') AND key IS NOT NULL";
        let unmoved = rows(c, sql, [], |r| {
            Ok((
                r.get::<_, Key>(0).map_err(fault)?,
                (r.get::<_, i64>(1).map_err(fault)?, r.get::<_, [u8; 16]>(2).map_err(fault)?),
            ))
        })?;
        unmoved.into_iter().for_each(|(key, entry)| keys.push(key, entry));
        Ok(keys)
    }

    /// What is stored under a key.
    pub(super) fn find(&self, c: &Connection, key: &Key) -> Result<Option<Entry>, StoreError> {
        if self.filter.as_ref().is_some_and(|f| !f.may_hold(key)) {
            return Ok(None);
        }
        if let Some((_, e)) = self.recent[part(key)].iter().find(|(k, _)| k == key) {
            return Ok(Some(*e));
        }
        c.prepare_cached("SELECT payload, body_hash FROM deliveries WHERE key = ?1")
            .and_then(|mut s| s.query_row([key], |r| Ok((r.get(0)?, r.get(1)?))).optional())
            .map_err(fault)
    }

    /// A payload was written under a key, in the batch that runs.
    pub(super) fn add(&mut self, key: Key, entry: Entry) {
        self.push(key, entry);
        self.fresh.push(key);
    }

    fn push(&mut self, key: Key, entry: Entry) {
        self.recent[part(&key)].push((key, entry));
        self.waiting += 1;
        self.remember(&key);
    }

    fn remember(&mut self, key: &Key) {
        self.filtered += 1;
        if self.filtered > FILTERED {
            self.filter = None;
        }
        if let Some(f) = &mut self.filter {
            f.add(key);
        }
    }

    /// How many keys this batch has added so far: a mark to forget back to.
    pub(super) fn mark(&self) -> usize {
        self.fresh.len()
    }

    /// What was added since the mark was rolled back. The filter keeps it, which costs a look and nothing else.
    pub(super) fn forget(&mut self, mark: usize) {
        for key in self.fresh.drain(mark..) {
            let part = &mut self.recent[part(&key)];
            if let Some(at) = part.iter().rposition(|(k, _)| *k == key) {
                part.swap_remove(at);
                self.waiting -= 1;
            }
        }
    }

    /// The batch is on disk.
    pub(super) fn committed(&mut self) {
        self.fresh.clear();
        self.stuck = false;
    }

    /// The batch with a part in it failed: nothing of it is on disk.
    pub(super) fn not_moved(&mut self) {
        self.stuck = true;
        // Numbers of payloads that were rolled back are given again: a first part that failed counts for nothing.
        if self.moving.as_ref().is_some_and(|m| m.next == 0) {
            self.moving = None;
        }
    }

    /// Whether a part should be moved with the next batch.
    pub(super) fn wants_move(&self) -> bool {
        !self.stuck && (self.moving.is_some() || self.waiting >= MOST_RECENT)
    }

    /// Moves one part, inside the transaction that runs. Call [`Keys::moved`] once it is on disk.
    pub(super) fn move_part(&mut self, c: &Connection) -> Result<(), StoreError> {
        let recent = &mut self.recent;
        let moving = self.moving.get_or_insert_with(|| Moving {
            next: 0,
            through: recent.iter().flatten().map(|(_, (id, _))| *id).max().unwrap_or(0),
        });
        let part = &mut recent[moving.next];
        // In order, so that neighbours share a page.
        part.sort_unstable_by_key(|(k, _)| *k);
        let mut insert = c
            .prepare_cached(
                "INSERT INTO deliveries (key, payload, body_hash) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING",
            )
            .map_err(fault)?;
        for (key, (payload, hash)) in part.iter() {
            insert.execute(params![key, payload, hash]).map_err(fault)?;
        }
        if moving.next + 1 == PARTS {
            c.execute("UPDATE cursors SET value = ?1 WHERE name = 'keyed'", [moving.through]).map_err(fault)?;
        }
        Ok(())
    }

    /// The part is on disk.
    pub(super) fn moved(&mut self) {
        let Some(moving) = &mut self.moving else { return };
        let part = std::mem::take(&mut self.recent[moving.next]);
        self.waiting -= part.len();
        moving.next += 1;
        if moving.next == PARTS {
            self.moving = None;
        }
    }
}

fn part(key: &Key) -> usize {
    usize::from(key[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::short_hash;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_filter_never_denies_a_key_it_was_given(seeds in proptest::collection::vec(any::<u64>(), 1..200)) {
            let mut f = Filter { bits: vec![0; FILTER_BITS / 64] };
            let keys: Vec<Key> = seeds.iter().map(|s| short_hash(&[&s.to_le_bytes()])).collect();
            keys.iter().for_each(|k| f.add(k));
            prop_assert!(keys.iter().all(|k| f.may_hold(k)));
            prop_assert!(!f.may_hold(&short_hash(&[b"another"])));
        }
    }

    #[test]
    fn keys_are_found_before_during_and_after_a_move_and_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let c = super::super::open::writable(&dir.path().join("k.db")).unwrap();
        let key = |n: i64| short_hash(&[&n.to_le_bytes()]);
        let mut keys = Keys::load(&c).unwrap();
        let many = i64::try_from(MOST_RECENT).unwrap();
        c.execute_batch("BEGIN").unwrap();
        for n in 1..=many {
            let row = params![n, key(n), [7_u8; 16]];
            c.prepare_cached("INSERT INTO payloads (id, source, trust, key, body_hash, received_at, headers, body) VALUES (?1, 'a/b', 'verified', ?2, ?3, 0, '[]', x'')").unwrap().execute(row).unwrap();
            keys.add(key(n), (n, [7; 16]));
        }
        keys.committed();
        let all_there =
            |keys: &Keys| (1..=many).step_by(997).all(|n| keys.find(&c, &key(n)).unwrap() == Some((n, [7; 16])));
        assert!(keys.wants_move() && all_there(&keys));
        let mut parts = 0;
        while keys.wants_move() {
            keys.move_part(&c).unwrap();
            assert!(parts % 64 != 0 || all_there(&keys), "during part {parts}");
            keys.moved();
            parts += 1;
        }
        assert!(parts == PARTS && keys.waiting == 0 && all_there(&keys));
        assert_eq!(keys.find(&c, &key(-1)).unwrap(), None);
        let again = Keys::load(&c).unwrap();
        assert!(again.waiting == 0 && again.filtered == MOST_RECENT && all_there(&again));
    }
}
