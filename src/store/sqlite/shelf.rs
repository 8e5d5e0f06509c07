//! Matters read lately, kept as values: opening a stored state costs more than all else a page does with it.
//!
//! In: ids with the version that the database gives. Out: states, shared. Invariant: a state is handed out only for the
//! version its row has now, so nothing here can be stale; memory is bounded by the size of the texts. Refuses to answer
//! without the database.

use super::StoreError;
use super::convert::{fault, from_json};
use crate::model::{MatterId, MatterState};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, Row};
use std::sync::Arc;

/// Most bytes of stored text whose values are kept; as values they take about three times as much.
const ROOM: u64 = 16 << 20;
/// A state has about so many bytes.
const USUAL: u64 = 1 << 10;

/// The kept states.
pub(super) struct Shelf(Cache<MatterId, Kept, ByText>);

#[derive(Clone)]
struct Kept {
    version: i64,
    bytes: u64,
    state: Arc<MatterState>,
}

#[derive(Clone)]
struct ByText;

impl Weighter<MatterId, Kept> for ByText {
    fn weight(&self, _: &MatterId, kept: &Kept) -> u64 {
        kept.bytes.max(1)
    }
}

impl Shelf {
    pub(super) fn new() -> Self {
        Self(Cache::with_weighter(usize::try_from(ROOM / USUAL).unwrap_or(0), ROOM, ByText))
    }

    /// The state of a row that begins with its id, version and text.
    pub(super) fn row(&self, r: &Row<'_>) -> Result<Arc<MatterState>, StoreError> {
        let text = |n| r.get_ref(n).map_err(fault)?.as_str().map_err(|e| StoreError::Damaged(e.to_string()));
        self.of(text(0)?, r.get(1).map_err(fault)?, || text(2))
    }

    /// The state of an id that has this version; none if there is no such matter.
    pub(super) fn versioned(
        &self,
        c: &Connection,
        id: &str,
        version: i64,
    ) -> Result<Option<Arc<MatterState>>, StoreError> {
        match self.held(id, version) {
            Some(state) => Ok(Some(state)),
            None => self.by_id(c, id),
        }
    }

    /// The state of an id; none if there is no such matter.
    pub(super) fn by_id(&self, c: &Connection, id: &str) -> Result<Option<Arc<MatterState>>, StoreError> {
        c.prepare_cached("SELECT id, version, state FROM matters WHERE id = ?1")
            .map_err(fault)?
            .query_row([id], |r| Ok(self.row(r)))
            .optional()
            .map_err(fault)?
            .transpose()
    }

    fn held(&self, id: &str, version: i64) -> Option<Arc<MatterState>> {
        self.0.get(id).filter(|k| k.version == version).map(|k| k.state)
    }

    /// The version of the row counts, not the one inside its text.
    fn of<'t>(
        &self,
        id: &str,
        version: i64,
        text: impl FnOnce() -> Result<&'t str, StoreError>,
    ) -> Result<Arc<MatterState>, StoreError> {
        if let Some(state) = self.held(id, version) {
            return Ok(state);
        }
        let text = text()?;
        let state = Arc::new(MatterState { version, ..from_json(text)? });
        self.0.insert(state.id.clone(), Kept { version, bytes: text.len() as u64, state: state.clone() });
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, ProviderId};

    #[test]
    fn what_is_kept_is_bounded_by_its_size_and_never_older_than_its_row() {
        let c = super::super::open::empty().unwrap();
        c.execute_batch("PRAGMA query_only = OFF").unwrap();
        let shelf = Shelf::new();
        let write = |n: usize, version: i64, words: usize| {
            let id = MatterId::new(format!("openai:demo-{n}")).unwrap();
            let m = MatterState::new(
                id,
                Kind::Deprecation,
                ProviderId::new("openai").unwrap(),
                jiff::Timestamp::UNIX_EPOCH,
            );
            let text = serde_json::to_string(&MatterState { summary: "x".repeat(words), ..m.clone() }).unwrap();
            let sql = "INSERT OR REPLACE INTO matters (id, kind, stage, version, state) VALUES (?1, 'deprecation', 'announced', ?2, ?3)";
            c.execute(sql, rusqlite::params![m.id.as_str(), version, text]).unwrap();
            m.id
        };
        for n in 0..400 {
            let id = write(n, 1, 100_000);
            assert_eq!(shelf.by_id(&c, id.as_str()).unwrap().unwrap().summary.len(), 100_000);
            assert!(shelf.0.weight() <= ROOM, "{n}: {} bytes", shelf.0.weight());
        }
        assert!(shelf.0.len() > 50, "{} are kept", shelf.0.len());
        let id = write(399, 2, 7);
        assert_eq!(shelf.versioned(&c, id.as_str(), 2).unwrap().unwrap().summary.len(), 7);
        assert_eq!(shelf.by_id(&c, id.as_str()).unwrap().unwrap().version, 2);
        assert!(shelf.by_id(&c, "openai:nothing").unwrap().is_none());
    }
}
