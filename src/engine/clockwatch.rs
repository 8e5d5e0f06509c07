//! Watching the clock: a wall clock that jumps must not send 90 days of reminders at once.
//!
//! In: wall clock and boot clock. Out: planning held or free. Invariant: a jump of more than 6 hours against the boot
//! clock holds everything but forewarn's own troubles, until the clock is right again or forewarn is started anew by a
//! person who looked. Refuses to correct time.

use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::clock::Clock;
use crate::model::{Change, Severity};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::Ordering;

/// Jump that is no correction any more.
const JUMP: SignedDuration = SignedDuration::from_hours(6);
/// What is said while planning is held.
pub const HELD: &str =
    "the clock jumped by more than 6 hours: reminders are held until it is right again or forewarn is restarted";

/// The watch. The wall time it expects follows from where both clocks were at the start.
pub struct ClockWatch {
    cx: Context,
    base: ClockBase,
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
}

impl ClockWatch {
    /// Believes the clock as it is now.
    pub fn new(cx: Context) -> Self {
        let base = ClockBase::of(&*cx.clock);
        Self { cx, base }
    }

    /// Goes on with what was believed before.
    pub fn over(cx: Context, base: ClockBase) -> Self {
        Self { cx, base }
    }

    /// Compares once.
    ///
    /// # Errors
    /// The store's, when telling.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let expected =
            self.base.started.saturating_add(self.cx.clock.since_boot() - self.base.boot_at_start).unwrap_or(now);
        let off = now.duration_since(expected).abs() > JUMP;
        if off == self.cx.nudges.held.load(Ordering::Relaxed) {
            return Ok(Report::default());
        }
        let t = Trouble {
            provider: trouble::ourselves()?,
            about: "clock".into(),
            change: if off { Change::Opened } else { Change::Resolved },
            severity: Severity::Major,
            title: if off { "the clock jumped".into() } else { "the clock is right again".into() },
            summary: format!(
                "It says {now}; by the boot clock it should say {expected}. {}",
                if off { HELD } else { "Reminders go on." }
            ),
            native_id: None,
        };
        // Held first: what is planned between here and the next tick would be planned on a wrong date.
        self.cx.nudges.held.store(off, Ordering::Relaxed);
        trouble::report(&self.cx, &t, now).await?;
        Ok(Report { summary: t.title, ..Report::default() })
    }
}
