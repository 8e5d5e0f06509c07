//! Use seen after somebody said "migrated": the alert, or the service of it, is open again.
//!
//! In: what was seen in use. Out: how many alerts were opened. Invariant: only calls more than a day after the word count,
//! since calls are counted by the day and of that day nobody knows what came first. Refuses calls that may be those of a
//! service the word was not about.

use super::{Act, ActError, Action, Context, act};
use crate::engine::{Report, usage};
use crate::model::{Alert, AlertState, By, MatterState, ResolveReason, Via};
use crate::rules::ladder::today;
use crate::rules::usage::Book;
use crate::store::{AlertFilter, StoreError};
use jiff::{SignedDuration, Timestamp};

/// Calls so long after the word were made after it, whatever day they are counted on.
const SURELY_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// The job.
pub struct Reopener {
    /// What it works with.
    pub cx: Context,
}

/// What a call disproves, and when it was.
struct Disproved {
    services: Vec<String>,
    at: Timestamp,
}

impl Reopener {
    /// Looks once at everything that is said to be migrated.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let cx = &self.cx;
        let filter = AlertFilter { limit: usize::MAX, migrated: true, ..AlertFilter::default() };
        let migrated = cx.store.alerts(filter).await?;
        if migrated.is_empty() {
            return Ok(Report::default());
        }
        let (book, mut n) = (usage::book(cx, now).await?, 0);
        for (alert, matter) in migrated {
            let Some(seen) = disproved(cx, &book, &alert, &matter) else { continue };
            let day = today(cx.directory.owner(&alert.owner), seen.at);
            let by = By { who: "forewarn".into(), via: Via::Forewarn };
            let whom =
                if seen.services.is_empty() { String::new() } else { format!(" by {}", seen.services.join(", ")) };
            let note = Some(format!("used{whom} on {}", day.strftime("%a %-d %b %Y")));
            let action = Action::Reopen { note, services: seen.services };
            match act(cx, Act { alert: alert.id, episode: Some(alert.episode), action, by }, now).await {
                Ok(_) => n += 1,
                // Over, or opened by somebody else meanwhile.
                Err(ActError::Refused(_)) => {}
                Err(ActError::Store(e)) => return Err(e),
            }
        }
        Ok(Report { summary: if n == 0 { String::new() } else { format!("{n} opened again") }, ..Report::default() })
    }
}

fn disproved(cx: &Context, book: &Book, alert: &Alert, matter: &MatterState) -> Option<Disproved> {
    let after = |said: Timestamp, at: &Timestamp| at.duration_since(said) > SURELY_AFTER;
    let last = |ours: &[String]| book.last_call_of(&cx.directory, &matter.subjects, ours);
    if alert.state == AlertState::Resolved {
        let said = alert.resolution.as_ref().filter(|r| r.reason == ResolveReason::Migrated)?;
        let at = last(&alert.services).filter(|at| after(said.at, at))?;
        return Some(Disproved { services: Vec::new(), at });
    }
    let done = alert.done.iter().filter(|(_, r)| r.reason == ResolveReason::Migrated);
    let used =
        done.filter_map(|(name, r)| Some((name, last(std::slice::from_ref(name)).filter(|at| after(r.at, at))?)));
    let (services, times): (Vec<String>, Vec<Timestamp>) = used.map(|(name, at)| (name.clone(), at)).unzip();
    times.into_iter().max().map(|at| Disproved { services, at })
}
