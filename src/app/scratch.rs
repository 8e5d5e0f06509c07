//! A store to play in, for rehearsals.
//!
//! In: nothing. Out: a store in a folder of its own that only we may enter. Invariant: it goes when it is dropped. Refuses to
//! keep anything.

use super::AppError;
use crate::store::Store;
use crate::store::folder;
use crate::store::sqlite::Sqlite;
use std::path::PathBuf;
use std::sync::Arc;

/// A store that is thrown away with its folder.
pub struct Scratch {
    sqlite: Arc<Sqlite>,
    folder: PathBuf,
}

impl Scratch {
    pub(super) fn make() -> Result<Self, AppError> {
        let name = format!("forewarn-rehearsal-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        let made = std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&folder);
        made.map_err(|e| AppError::System(format!("cannot make {}: {e}", folder.display())))?;
        let sqlite = Arc::new(Sqlite::scratch(&folder::database(&folder))?);
        Ok(Scratch { sqlite, folder })
    }

    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        self.sqlite.clone()
    }

    /// Waits until nothing writes to it any more; it goes when this is dropped.
    pub async fn close(&self) {
        self.sqlite.close().await;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the system's temporary folder, which is cleared by others.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
