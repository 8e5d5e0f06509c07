//! Watching the clock: a wall clock that is wrong must not send 90 days of reminders at once.
//!
//! In: wall clock and boot clock, the newest moment that is stored, the `Date` of others' answers. Out: planning held or
//! free. Invariant: after a jump of more than 6 hours against the boot clock, or at a start before the newest moment we know
//! of or long after it, nobody knows which is right. So nothing is planned, polled, read or pruned, and what happens all the
//! same happens at the time the boot clock counts from the last moment that was believed: no row is given a moment that may
//! never come. Only the operators are told, until the clock is right again, or others agree with it. Refuses to correct
//! time, and to believe a sender of webhooks: one on this machine has this clock.

use super::connections::Connection;
use super::poll::Target;
use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::clock::Clock;
use crate::fetch::Client;
use crate::model::{Change, ConnectionId, Severity};
use crate::provider::catalog::Catalog;
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Jump that is no correction any more.
const JUMP: SignedDuration = SignedDuration::from_hours(6);
/// So long nobody may have run forewarn on this data, and its clock is believed all the same.
const ABSENCE: SignedDuration = SignedDuration::from_hours(45 * 24);
/// So old may a forewarn be that begins with no data: older than any is run.
const OLD: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// No forewarn was made before.
const FIRST: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// How often the moment is stored that a later start is measured by.
const NOTED: SignedDuration = SignedDuration::from_secs(60);
/// How often others are asked while the clock is doubted.
const ASKED: SignedDuration = SignedDuration::from_secs(60);
/// So many servers must agree with the clock, if there are so many.
const AGREE: usize = 2;
/// Servers that are asked at most.
const SERVERS: usize = 8;
/// What this trouble is about.
const ABOUT: &str = "clock";
/// What is said while planning is held.
pub const HELD: &str = "the clock jumped by more than 6 hours, or cannot be right: webhooks are taken, and everything else rests until it \
    is right again, or two servers agree with it; whoever has looked starts forewarn with --trust-clock";

/// The watch.
pub struct ClockWatch {
    cx: Context,
    client: Arc<Client>,
    /// Who is asked what time it is.
    servers: Vec<String>,
    /// By the boot clock: when the time was stored, and when others were asked.
    noted: Mutex<Option<SignedDuration>>,
    asked: Mutex<Option<SignedDuration>>,
}

/// What a clock is measured by when a process starts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Past {
    /// The newest moment at which this data was written by a clock that was believed.
    pub newest: Option<Timestamp>,
    /// This forewarn was not made before.
    pub made: Option<Timestamp>,
}

impl Past {
    /// The newest moment that has certainly been.
    fn floor(self) -> Timestamp {
        [self.newest, self.made].into_iter().flatten().fold(FIRST, Timestamp::max)
    }

    fn allows(self, now: Timestamp) -> bool {
        let ceiling = match self.newest {
            Some(newest) => newest.saturating_add(ABSENCE),
            None => self.floor().saturating_add(OLD),
        };
        self.floor().duration_since(now) <= JUMP && ceiling.is_ok_and(|c| now <= c)
    }
}

/// Where both clocks were when the wall clock was last believed. All contexts of a process share one, whatever is reloaded.
#[derive(Debug, Clone)]
pub struct ClockBase(Arc<Mutex<Base>>);

#[derive(Debug, Clone, Copy)]
struct Base {
    at: Timestamp,
    boot: SignedDuration,
    /// The clock was not believed when the process started, measured by this.
    unbelieved: Option<Past>,
}

impl ClockBase {
    /// Believes the clock as it is now.
    pub fn of(clock: &dyn Clock) -> Self {
        Self(Arc::new(Mutex::new(Base { at: clock.now(), boot: clock.since_boot(), unbelieved: None })))
    }

    /// Believes the clock if the past allows what it says.
    pub fn at_start(clock: &dyn Clock, past: Past) -> Self {
        let base = Self::of(clock);
        if !past.allows(clock.now()) {
            let (at, boot) = (past.floor(), clock.since_boot());
            *base.lock() = Base { at, boot, unbelieved: Some(past) };
        }
        base
    }

    /// Believes the clock from now on.
    pub fn believe(&self, clock: &dyn Clock) {
        *self.lock() = *Self::of(clock).lock();
    }

    /// What the boot clock says it is, if the wall clock differs from that by more than any correction.
    pub fn doubts(&self, clock: &dyn Clock, now: Timestamp) -> Option<Timestamp> {
        let base = *self.lock();
        let expected = base.at.saturating_add(clock.since_boot() - base.boot).unwrap_or(now);
        (now.duration_since(expected).abs() > JUMP).then_some(expected)
    }

    /// A clock that was not believed at the start is, once it says what may be.
    fn regain(&self, clock: &dyn Clock) {
        let past = self.lock().unbelieved;
        if past.is_some_and(|p| p.allows(clock.now())) {
            self.believe(clock);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Base> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Addresses to ask what time it is, a host once: what is polled first, then the homes of those who send webhooks.
pub fn servers(
    targets: &[Target],
    catalog: &Catalog,
    connections: &BTreeMap<ConnectionId, Connection>,
    now: Timestamp,
) -> Vec<String> {
    let polled = targets.iter().map(|t| t.request(now).url);
    let homes = connections.keys().filter_map(|id| Some(catalog.get(id.provider())?.file.url.clone()));
    let mut out: Vec<(String, String)> = Vec::new();
    for address in polled.chain(homes) {
        let Some(host) = Url::parse(&address).ok().map(|u| u.authority().to_owned()) else { continue };
        if !out.iter().any(|(known, _)| *known == host) {
            out.push((host, address));
        }
    }
    out.into_iter().take(SERVERS).map(|(_, address)| address).collect()
}

impl ClockWatch {
    /// Watches, and asks these [`servers`] while it doubts.
    pub fn new(cx: Context, client: Arc<Client>, servers: Vec<String>) -> Self {
        Self { cx, client, servers, noted: Mutex::default(), asked: Mutex::default() }
    }

    /// Compares once.
    ///
    /// # Errors
    /// The store's, when telling or noting the time.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let clock = &*self.cx.clock;
        let unbelieved = self.cx.believed.lock().unbelieved.is_some();
        self.cx.believed.regain(clock);
        if self.cx.doubts(now).is_some() && self.is_time(&self.asked, ASKED) && self.others_agree(now).await {
            tracing::info!("other servers say what our clock says: it is believed again");
            self.cx.believed.believe(clock);
        }
        let doubted = self.cx.doubts(now);
        if doubted.is_none() && self.is_time(&self.noted, NOTED) {
            self.cx.store.believed(now).await?;
        }
        // What the process before this one told of is ended by this one, if it believes the clock.
        if doubted.is_some() == trouble::is_open(&self.cx, ABOUT).await? {
            return Ok(Report::default());
        }
        let t = trouble_of(now, doubted, unbelieved)?;
        trouble::report(&self.cx, &t, doubted.unwrap_or(now)).await?;
        self.cx.nudges.remind.notify_one();
        Ok(Report { summary: t.title, ..Report::default() })
    }

    /// Whether it is time by the boot clock, and then it is done now.
    fn is_time(&self, last: &Mutex<Option<SignedDuration>>, every: SignedDuration) -> bool {
        let boot = self.cx.clock.since_boot();
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| boot - at >= every);
        if due {
            *last = Some(boot);
        }
        due
    }

    /// Whether those who say what time it is say the same; one that says something else is enough against it.
    async fn others_agree(&self, now: Timestamp) -> bool {
        let mut agree = 0;
        for server in &self.servers {
            match self.client.date(server).await {
                Ok(theirs) if now.duration_since(theirs).abs() <= JUMP => agree += 1,
                Ok(theirs) => {
                    tracing::warn!("our clock says {now}, and {server} says {theirs}");
                    return false;
                }
                // A wrong clock also makes every certificate look expired, or not yet valid.
                Err(e) => tracing::debug!("not asked what time it is: {e}"),
            }
            if agree == AGREE.min(self.servers.len()) {
                return true;
            }
        }
        false
    }
}

fn trouble_of(now: Timestamp, doubted: Option<Timestamp>, unbelieved: bool) -> Result<Trouble, StoreError> {
    let (change, title, summary) = match doubted {
        Some(newest) if unbelieved => (
            Change::Opened,
            "the clock cannot be right",
            format!("It says {now}; the last moment we know of is {newest}. {HELD}"),
        ),
        Some(expected) => (
            Change::Opened,
            "the clock jumped",
            format!("It says {now}; by the boot clock it should say {expected}. {HELD}"),
        ),
        None => (Change::Resolved, "the clock is right again", format!("It says {now}. Reminders go on.")),
    };
    Ok(Trouble {
        provider: trouble::ourselves()?,
        about: ABOUT.into(),
        change,
        severity: Severity::Major,
        title: title.into(),
        summary,
        native_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// C6, and what must not be taken for it.
    #[test]
    fn c6_a_start_is_measured_by_what_is_known_of_the_past() {
        let fresh = Past { newest: None, made: Some(at("2026-08-21T00:00:00Z")) };
        let used = Past { newest: Some(at("2026-11-23T15:00:00Z")), ..fresh };
        for (past, now, believed) in [
            (fresh, "1970-01-01T00:00:00Z", false),
            (fresh, "2026-08-20T12:00:00Z", false),
            (fresh, "2026-08-21T00:00:00Z", true),
            (fresh, "2031-01-01T00:00:00Z", true),
            (fresh, "2099-01-01T00:00:00Z", false),
            (used, "1970-01-01T00:00:00Z", false),
            (used, "2026-11-21T15:00:00Z", false),
            (used, "2026-11-23T10:00:00Z", true),
            (used, "2026-12-23T15:00:00Z", true),
            (used, "2027-02-21T15:00:00Z", false),
            (used, "2099-01-01T00:00:00Z", false),
            (Past::default(), "2000-01-01T00:00:00Z", false),
            (Past::default(), "2026-02-01T00:00:00Z", true),
        ] {
            assert_eq!(past.allows(at(now)), believed, "{past:?} {now}");
        }
    }
}
