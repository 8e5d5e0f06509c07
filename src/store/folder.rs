//! The data folder: one process at a time, nobody else's eyes.
//!
//! In: a path. Out: a held [`DataFolder`]. Invariant: the lock lives as long as the value; the folder is 0700 and the
//! files in it 0600. Refuses a folder others can write, and a second process.

use super::StoreError;
use crate::crypto::random;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write;
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

/// The secret of this instance, from which the addresses of calendar feeds are derived. Made where it is missing; remove
/// the file to make every such address void.
///
/// # Errors
/// The system's own, or a file that holds something else.
pub fn instance_key(folder: &Path) -> Result<[u8; 32], StoreError> {
    let path = folder.join("instance.key");
    let fail = |e: std::io::Error| StoreError::Folder(format!("cannot use {}: {e}", path.display()));
    let read = || match fs::read_to_string(&path) {
        Ok(text) => {
            let mut key = [0; 32];
            let told = format!("{} is no key of forewarn: remove it, and a new one is made", path.display());
            hex::decode_to_slice(text.trim(), &mut key).map(|()| Some(key)).map_err(|_| StoreError::Folder(told))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fail(e)),
    };
    if let Some(key) = read()? {
        return Ok(key);
    }
    let key = random().map_err(fail)?;
    // Written beside it and linked into place: a daemon and a command that make one at once end with the same.
    let draft = folder.join(format!("instance.key.{}", std::process::id()));
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft).map_err(fail)?;
    file.write_all(hex::encode(key).as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
    let linked = fs::hard_link(&draft, &path);
    let _ = fs::remove_file(&draft);
    match linked {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(fail(e)),
        _ => read()?.ok_or_else(|| fail(std::io::ErrorKind::NotFound.into())),
    }
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
    fn the_key_of_an_instance_stays_and_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let key = instance_key(dir.path()).unwrap();
        assert_eq!(instance_key(dir.path()).unwrap(), key);
        assert_ne!(key, [0; 32]);
        let path = dir.path().join("instance.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(&path, "short").unwrap();
        assert!(instance_key(dir.path()).unwrap_err().to_string().contains("remove it"));
        fs::remove_file(&path).unwrap();
        assert_ne!(instance_key(dir.path()).unwrap(), key);
    }

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
