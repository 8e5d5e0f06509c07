//! The data folder: one process at a time, nobody else's eyes.
//!
//! In: a path. Out: a held [`DataFolder`]. Invariant: the lock lives as long as the value; the folder is 0700 and the
//! files in it 0600. Refuses a folder others can write, and a second process.

use super::StoreError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A data folder held by this process.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where it is missing and takes its lock.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process holds it, [`StoreError::Folder`] with the remedy otherwise.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        let fail = |what: &str, e: std::io::Error| StoreError::Folder(format!("{what} {}: {e}", path.display()));
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|e| fail("cannot make the data folder", e))?;
        }
        let meta = fs::metadata(path).map_err(|e| fail("cannot look at the data folder", e))?;
        if !meta.is_dir() {
            return Err(StoreError::Folder(format!("{} is not a folder: choose another --data", path.display())));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(StoreError::Folder(format!("others can write to {0}: run chmod 700 {0}", path.display())));
        }
        let lock_path = path.join("forewarn.lock");
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|e| fail("cannot open the lock in", e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.display().to_string())),
            Err(TryLockError::Error(e)) => Err(fail("cannot lock", e)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The database in a data folder.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("forewarn.db")
}

/// The control socket in a data folder.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join("forewarn.sock")
}

/// Free bytes of the file system that holds the folder.
///
/// # Errors
/// The system's own.
pub fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let s = rustix::fs::statvfs(folder)?;
    Ok(s.f_bavail.saturating_mul(s.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_holder_and_a_shared_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let first = DataFolder::hold(&path).unwrap();
        assert!(matches!(DataFolder::hold(&path), Err(StoreError::InUse(_))));
        drop(first);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(DataFolder::hold(&path).unwrap_err().to_string().contains("chmod 700"));
    }
}
