//! Signs of life: systemd's watchdog, and an address outside.
//!
//! In: the supervisor, `heartbeat_url`. Out: jobs. Invariant: both stop together when forewarn makes no progress; a heartbeat
//! that hangs does not hold up the watchdog. Refuses to decide what progress is: `engine::pulse` does.

use super::{App, AppError, job};
use crate::engine::pulse::{Heartbeat, LOOK, Pulse};
use crate::notify::http::Ping;
use crate::tasks::{Job, Supervisor};
use std::sync::Arc;
use std::time::Duration;

impl App {
    pub(super) fn signs_of_life(&self, supervisor: &Supervisor) -> Result<Vec<Job>, AppError> {
        let seen = supervisor.clone();
        let pulse = Arc::new(Pulse::new(self.cx.clone(), Arc::new(move || seen.tasks())));
        let mut jobs = vec![job("watchdog", LOOK, pulse.clone(), |p, now| async move {
            let (alive, report) = p.tick(now).await?;
            if alive {
                // A socket that is not there (no systemd) is no error.
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
            Ok(report)
        })];
        if let Some(heart) = &self.heartbeat {
            let ping = Ping::new(&heart.url).map_err(|e| AppError::Setting(format!("heartbeat_url: {e}")))?;
            let heartbeat = Arc::new(Heartbeat::new(pulse, ping, heart.every));
            jobs.push(job("heartbeat", Duration::from_secs(5), heartbeat, |h, now| async move { h.tick(now).await }));
        }
        Ok(jobs)
    }
}
