//! Reminding: alerts whose time has come, the ladder's answer, rows of the outbox.
//!
//! In: due alerts. Out: obligations grouped into notifications. Invariant: deciding is pure; what was decided on stale
//! facts is thrown away and decided again. Refuses to send: that is delivering.

use super::trouble::{self, Trouble};
use super::{Context, Report, usage};
use crate::model::{AlertState, Change, Kind, NewNotification, Reason, Severity};
use crate::rules::directory::{Directory, OPERATORS, Owner};
use crate::rules::group::{alone, group};
use crate::rules::ladder::{LadderInput, Plan, decide, today};
use crate::rules::route::is_outranked;
use crate::rules::usage::Book;
use crate::store::{DueAlert, PlanOutcome, Planned, StoreError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

const BATCH: usize = 500;
/// How soon an alert is looked at again that a deadline of our own outranks.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);
/// How soon an alert is tried again that could not be read.
const AFTER_DAMAGE: SignedDuration = SignedDuration::from_hours(1);
/// At first contact, what ends within so many days is told alone too, beside the list of all.
const URGENT_DAYS: i32 = 14;

/// The reminder.
pub struct Reminder {
    /// What it works with.
    pub cx: Context,
}

impl Reminder {
    /// Looks at every due alert once.
    ///
    /// # Errors
    /// The store's; nothing is half done then.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        if self.cx.store.held().await?.is_some() {
            return Ok(Report { summary: super::status::HELD.into(), ..Report::default() });
        }
        let now = self.cx.steady(now);
        let Look { planned, notifications } = match self.look(now).await {
            Err(e @ StoreError::Damaged(_)) => self.look_past_damage(now, e).await?,
            other => other?,
        };
        if planned.is_empty() {
            return Ok(Report::default());
        }
        let (looked, told) = (planned.len(), notifications.len());
        match self.cx.store.plan(planned, notifications, now).await? {
            PlanOutcome::Done => {
                if told > 0 {
                    self.cx.nudges.deliver.notify_waiters();
                }
                Ok(Report {
                    summary: format!("{looked} alerts, {told} notifications"),
                    more: looked == BATCH,
                    pause: None,
                })
            }
            PlanOutcome::Stale => Ok(Report {
                summary: "an alert changed meanwhile".into(),
                more: false,
                pause: Some(std::time::Duration::from_millis(50)),
            }),
        }
    }

    /// What is due beside alerts that cannot be read: these are told to the operators, and tried again later.
    async fn look_past_damage(&self, now: Timestamp, found: StoreError) -> Result<Look, StoreError> {
        let damaged = self.cx.store.put_off_damaged(now, now.saturating_add(AFTER_DAMAGE).unwrap_or(now)).await?;
        if damaged.is_empty() {
            return Err(found);
        }
        for (id, why) in damaged {
            let t = Trouble {
                provider: trouble::ourselves()?,
                about: format!("alert-{id}"),
                change: Change::Opened,
                severity: Severity::Critical,
                title: format!("alert #{id} cannot be read: nobody is reminded of it"),
                summary: format!(
                    "Its rows are damaged: {why}. All others go on. Restore a backup, or mend the row and resolve this; it is tried again every hour."
                ),
                native_id: Some(format!("damaged:{id}")),
            };
            trouble::report(&self.cx, &t, now).await?;
        }
        self.look(now).await
    }

    /// What is due, decided and grouped; nothing is written.
    ///
    /// # Errors
    /// The store's.
    pub async fn look(&self, now: Timestamp) -> Result<Look, StoreError> {
        let due = self.cx.store.due_alerts(now, BATCH).await?;
        // Asked here and not of a flag: between a jump and whoever notices it, nothing may be planned either.
        let doubted = self.cx.doubts(self.cx.clock.now()).is_some();
        let due: Vec<DueAlert> = due.into_iter().filter(|d| !doubted || d.matter.kind == Kind::Source).collect();
        let dir = &self.cx.directory;
        let silences = self.cx.store.silences(false).await?;
        let ended = |d: &DueAlert| d.matter.remind_by().is_some_and(|e| e.days_left(utc_day(now)) <= 0);
        // Reading what is used costs more than most looks; only what has ended is asked whether it still is.
        let book = if due.iter().any(ended) { usage::book(&self.cx, now).await? } else { Book::default() };
        let mut planned = Vec::with_capacity(due.len());
        let (mut dues, mut urgent) = (Vec::new(), BTreeSet::new());
        for d in &due {
            let owner = dir.owner(&d.alert.owner);
            let silenced = silences.iter().filter(|s| s.until > now && s.matcher.fits(&d.alert, &d.matter));
            let input = LadderInput {
                policy: dir.policy(&d.alert.policy),
                alert: &d.alert,
                matter: &d.matter,
                told: &d.told,
                owner,
                operators: dir.owner(OPERATORS),
                deputy: dir.deputy(owner, today(owner, now)),
                contacts: dir.contacts(),
                silenced_until: silenced.map(|s| s.until).max(),
                used_on: used_on(dir, &book, d, owner),
                counted: !book.is_empty(),
            };
            let plan = if is_outranked(dir, &d.alert.services, &d.matter.subjects) {
                // The deadline of their own has an alert of its own; this one rests as long as the config says so.
                Plan { next_at: now.checked_add(LOOK_AGAIN).ok(), ..Plan::default() }
            } else {
                decide(&input, now)
            };
            planned.push(Planned {
                alert: d.alert.id,
                version: d.alert.version,
                next_at: plan.next_at,
                close: plan.close && d.alert.state != AlertState::Resolved,
                told_revision: plan.due.as_ref().map(|_| d.matter.revision),
                lapsed: plan.lapsed,
            });
            if let Some(due) = plan.due {
                // What a page listed when we first read it is one summary, incidents and coming maintenance together.
                let kind =
                    if d.alert.baseline && d.matter.kind == Kind::Maintenance { Kind::Incident } else { d.matter.kind };
                // A date that moved is one message, whoever was never told of the first.
                if due.reason != Reason::Moved && begins_urgently(d, now) {
                    urgent.insert(d.alert.id);
                }
                dues.push((d.alert.id, d.alert.episode, kind, due));
            }
        }
        let mut notifications = group(dues.iter().map(|(alert, episode, kind, due)| (*alert, *episode, *kind, due)));
        notifications.splice(0..0, alone(&notifications, &urgent));
        Ok(Look { planned, notifications })
    }
}

/// What one look at the due alerts found.
#[derive(Debug, Clone, Default)]
pub struct Look {
    planned: Vec<Planned>,
    /// What would be told.
    pub notifications: Vec<NewNotification>,
}

/// The last day on which services of an alert that are not done were seen calling it. What was counted until midnight was
/// used the day before.
fn used_on(dir: &Directory, book: &Book, d: &DueAlert, owner: &Owner) -> Option<Date> {
    let open: Vec<String> = d.alert.services.iter().filter(|s| !d.alert.done.contains_key(*s)).cloned().collect();
    let at = book.last_call_of(dir, &d.matter.subjects, &open)?;
    Some(today(owner, at.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(at)))
}

fn utc_day(now: Timestamp) -> Date {
    now.to_zoned_datetime(TimeZone::UTC).date()
}

/// First heard of while its source was new, told to nobody yet, and close to its end.
fn begins_urgently(d: &DueAlert, now: Timestamp) -> bool {
    let today = utc_day(now);
    let ends = d.matter.remind_by().filter(|_| d.matter.kind == Kind::Deprecation);
    d.alert.baseline && d.told.is_empty() && ends.is_some_and(|e| e.days_left(today) <= URGENT_DAYS)
}
