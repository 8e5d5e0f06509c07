//! Watching the clock: a wall clock that jumps must not send 90 days of reminders at once.
//!
//! In: wall clock and boot clock. Out: planning held or free. Invariant: after a jump of more than 6 hours against the boot
//! clock nobody knows which is right, so nothing is planned, polled, read or pruned, and what happens all the same happens at
//! the time of the boot clock: no row is given a moment that may never come. Only the operators are told, until the clock is
//! right again or forewarn is started anew by a person who looked. Refuses to correct time.

use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::clock::Clock;
use crate::model::{Change, Severity};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};

/// Jump that is no correction any more.
const JUMP: SignedDuration = SignedDuration::from_hours(6);
/// What this trouble is about.
const ABOUT: &str = "clock";
/// What is said while planning is held.
pub const HELD: &str = "the clock jumped by more than 6 hours: webhooks are taken, and everything else rests until it is right again or \
    forewarn is restarted";

/// The watch.
pub struct ClockWatch {
    /// What it works with.
    pub cx: Context,
}

/// Where both clocks were when somebody last believed the wall clock: at the start of the process, whatever is reloaded.
#[derive(Debug, Clone, Copy)]
pub struct ClockBase {
    started: Timestamp,
    boot_at_start: SignedDuration,
}

impl ClockBase {
    /// Believes the clock as it is now.
    pub fn of(clock: &dyn Clock) -> Self {
        Self { started: clock.now(), boot_at_start: clock.since_boot() }
    }

    /// What the boot clock says it is, if the wall clock differs from that by more than any correction.
    pub fn doubts(&self, clock: &dyn Clock, now: Timestamp) -> Option<Timestamp> {
        let expected = self.started.saturating_add(clock.since_boot() - self.boot_at_start).unwrap_or(now);
        (now.duration_since(expected).abs() > JUMP).then_some(expected)
    }
}

impl ClockWatch {
    /// Compares once.
    ///
    /// # Errors
    /// The store's, when telling.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let doubted = self.cx.doubts(now);
        let off = doubted.is_some();
        // What the process before this one told of is ended by this one, which believes the clock.
        if off == trouble::is_open(&self.cx, ABOUT).await? {
            return Ok(Report::default());
        }
        let expected = doubted.unwrap_or(now);
        let t = Trouble {
            provider: trouble::ourselves()?,
            about: ABOUT.into(),
            change: if off { Change::Opened } else { Change::Resolved },
            severity: Severity::Major,
            title: if off { "the clock jumped".into() } else { "the clock is right again".into() },
            summary: if off {
                format!("It says {now}; by the boot clock it should say {expected}. {HELD}")
            } else {
                format!("It says {now}. Reminders go on.")
            },
            native_id: None,
        };
        trouble::report(&self.cx, &t, expected).await?;
        self.cx.nudges.remind.notify_one();
        Ok(Report { summary: t.title, ..Report::default() })
    }
}
