//! Keeping house: retention, room on the disk.
//!
//! In: now. Out: pruned rows, intake closed while the disk is nearly full. Invariant: below the low-water mark nothing
//! is accepted, so what is accepted can still be settled. Refuses to remove anything pending.

use super::receive::Receiver;
use super::{Context, Report};
use crate::store::StoreError;
use crate::store::folder::free_bytes;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;

/// Pruning and the low-water mark.
pub struct Housekeeper {
    /// What it works with.
    pub cx: Context,
    /// The data folder.
    pub folder: PathBuf,
    /// Who must stop taking deliveries.
    pub receiver: Arc<Receiver>,
    /// Free bytes below which nothing is accepted.
    pub low_water: u64,
}

impl Housekeeper {
    /// Looks at the disk.
    ///
    /// # Errors
    /// The disk cannot be looked at.
    pub async fn watch_disk(&self, _now: Timestamp) -> Result<Report, StoreError> {
        let free = free_bytes(&self.folder)
            .map_err(|e| StoreError::Folder(format!("cannot look at {}: {e}", self.folder.display())))?;
        let low = free < self.low_water;
        if low != self.receiver.low_disk() {
            self.receiver.set_low_disk(low);
            tracing::warn!(
                disk.free_bytes = free,
                disk.low_water_bytes = self.low_water,
                "{}",
                if low {
                    "the disk is nearly full: deliveries are refused with 503 until there is room"
                } else {
                    "there is room on the disk again"
                }
            );
        }
        Ok(Report::default())
    }

    /// Prunes one slice.
    ///
    /// # Errors
    /// The store's.
    pub async fn prune(&self, now: Timestamp) -> Result<Report, StoreError> {
        let gone = self.cx.store.prune(now).await?;
        Ok(Report {
            summary: if gone == 0 { String::new() } else { format!("{gone} rows removed") },
            more: gone > 0,
            pause: None,
        })
    }
}
