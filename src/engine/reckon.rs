//! Reckoning anew: when a config with other ladders, zones or hours comes, every open alert is looked at again.
//!
//! In: the directory. Out: alerts whose next look is now. Invariant: when an alert is looked at next was reckoned by the
//! config that is in force; looking again tells nothing twice. Refuses to decide: that is the ladder.

use super::{Context, Report};
use crate::crypto::short_hash;
use crate::store::StoreError;
use jiff::Timestamp;

/// The job.
pub struct Reckoner {
    /// What it works with.
    pub cx: Context,
}

impl Reckoner {
    /// Compares what alerts were reckoned by with the config that is in force.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let by = short_hash(&[self.cx.directory.reckoning().as_bytes()]);
        let mark = by.iter().take(7).fold(0i64, |n, b| n << 8 | i64::from(*b));
        let woken = self.cx.store.reckon_by(mark, now).await?;
        if woken > 0 {
            self.cx.nudges.remind.notify_one();
        }
        let summary = if woken == 0 { String::new() } else { format!("{woken} alerts are looked at again") };
        Ok(Report { summary, ..Report::default() })
    }
}
