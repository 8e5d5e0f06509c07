//! Leaf: the one place that reads the clock.
//!
//! In: nothing. Out: now. Invariant: everything above takes `now` as an argument or asks a [`Clock`]. Refuses timers.

use jiff::{SignedDuration, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Time since the machine started, suspended time included: it never jumps. A clock without one of its own is
    /// believed as it is.
    fn since_boot(&self) -> SignedDuration {
        self.now().duration_since(Timestamp::UNIX_EPOCH)
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn since_boot(&self) -> SignedDuration {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        SignedDuration::new(t.tv_sec, i32::try_from(t.tv_nsec).unwrap_or(0))
    }
}
