//! How long commits take: a histogram for metrics.
//!
//! In: durations of the writer. Out: counts up to fixed bounds. Invariant: two additions a commit, no lock. Refuses to
//! judge.

use crate::store::types::FlushTimes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds, in microseconds: from a fast disk to one that stands.
const BOUNDS: [u64; 10] = [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000];

/// Commits so far.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    /// Those in each bound and above the one before; the last are above all.
    counts: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Flushes {
    pub(super) fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.iter().position(|b| micros <= *b).unwrap_or(BOUNDS.len());
        self.counts[at].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn times(&self) -> FlushTimes {
        let mut count = 0;
        let mut buckets = Vec::with_capacity(BOUNDS.len());
        for (bound, n) in BOUNDS.iter().zip(&self.counts) {
            count += n.load(Ordering::Relaxed);
            buckets.push((Duration::from_micros(*bound).as_secs_f64(), count));
        }
        count += self.counts[BOUNDS.len()].load(Ordering::Relaxed);
        FlushTimes { buckets, sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64(), count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flush_is_in_each_bound_above_it() {
        let f = Flushes::default();
        for ms in [1, 3, 3, 60_000] {
            f.note(Duration::from_millis(ms));
        }
        let t = f.times();
        assert_eq!((t.count, t.sum), (4, 60.007));
        assert_eq!(t.buckets.iter().map(|b| b.1).collect::<Vec<_>>(), [0, 0, 1, 1, 3, 3, 3, 3, 3, 3]);
    }
}
