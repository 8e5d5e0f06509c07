//! The ladder: is somebody to be told now, and when must we look again?
//!
//! In: policy, alert, matter, what was told in this episode, the owner, now. Out: [`Plan`] with at most one step due.
//! Invariant: steps are civil days in the owner's zone at 09:00; steps that passed while we were silent collapse into the
//! most urgent one; nothing is told twice, nothing after the end. Refuses to look at channels or clocks.

use super::directory::Owner;
use super::policy::{Anchor, Policy, Tell};
use crate::model::{Alert, AlertState, Contact, Deadline, Kind, MatterState, Reason, Stage, StepKey, Told};
use jiff::{SignedDuration, Timestamp, civil::Date};

/// Hour of the day at which reminders go out, in the owner's zone.
const MORNING: i8 = 9;
/// Least time between two messages that only tell of updates.
const UPDATE_GAP: SignedDuration = SignedDuration::from_mins(10);
/// From so many days before the deadline on, reminders come in spite of a plan.
const LAST_RUNGS: u32 = 1;

/// Everything the decision needs.
#[derive(Debug, Clone, Copy)]
pub struct LadderInput<'a> {
    /// The ladder.
    pub policy: &'a Policy,
    /// The alert.
    pub alert: &'a Alert,
    /// What it is about.
    pub matter: &'a MatterState,
    /// What was told in this episode.
    pub told: &'a [Told],
    /// Who answers.
    pub owner: &'a Owner,
    /// forewarn's own people.
    pub operators: &'a Owner,
}

/// Somebody must be told something now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which rung.
    pub step: StepKey,
    /// Which repetition.
    pub occurrence: u32,
    /// Which revision of the deadline; 0 without one.
    pub deadline_revision: u32,
    /// Why.
    pub reason: Reason,
    /// Who.
    pub contacts: Vec<Contact>,
}

/// The answer of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is due now.
    pub due: Option<Due>,
    /// The alert is over.
    pub close: bool,
    /// When to look again.
    pub next_at: Option<Timestamp>,
}

/// A rung with its moment, for explaining.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// Its name.
    pub step: StepKey,
    /// When it goes out.
    pub at: Timestamp,
    /// Who is told.
    pub tell: Vec<Tell>,
}

/// Decides. Pure: the same input and `now` give the same answer.
pub fn decide(x: &LadderInput<'_>, now: Timestamp) -> Plan {
    if x.alert.state == AlertState::Resolved {
        return Plan { due: None, close: false, next_at: None };
    }
    if x.matter.is_over() {
        let reason = if x.matter.stage == Stage::Withdrawn { Reason::Withdrawn } else { Reason::Resolved };
        let due = (!x.told.is_empty()).then(|| due(x, StepKey("over".into()), 0, reason, &[Tell::Owner]));
        return Plan { due, close: true, next_at: None };
    }
    if x.matter.kind == Kind::Change {
        // A wave of entries is told once; nobody has to answer it, and nothing ends it.
        let due = x.told.is_empty().then(|| due(x, StepKey("opened".into()), 0, Reason::Opened, &[Tell::Owner]));
        return Plan { due, close: true, next_at: None };
    }
    let rungs = rungs(x.policy, x.matter, x.alert.opened_at, x.owner);
    let due = due_now(x, &rungs, now);
    let next_at = next_look(x, &rungs, now, due.as_ref());
    Plan { due, close: false, next_at }
}

fn due_now(x: &LadderInput<'_>, rungs: &[Rung], now: Timestamp) -> Option<Due> {
    let quiet_baseline = x.alert.baseline && x.matter.kind == Kind::Deprecation;
    if x.told.is_empty() && !quiet_baseline {
        return Some(due(x, StepKey("opened".into()), 0, Reason::Opened, &[Tell::Owner]));
    }
    let revision = deadline_revision(x.matter);
    let moved = match x.told.iter().map(|t| t.deadline_revision).max() {
        Some(told) => told < revision,
        // A baseline was told to nobody; that its date changed since is news.
        None => x.matter.revision > x.alert.told_revision.max(1),
    };
    if moved && x.told.is_empty() && revision <= 1 {
        // The date is the first one still: something else about it is news, a contradiction for example.
        return Some(due(x, StepKey("updated".into()), x.matter.revision, Reason::Updated, &[Tell::Owner]));
    }
    if moved {
        return Some(due(x, StepKey("moved".into()), 0, Reason::Moved, &[Tell::Owner]));
    }
    if let Some(rung) = passed(x, rungs, now) {
        let overdue = x.matter.remind_by().is_some_and(|d| d.days_left(today(x.owner, now)) < 0);
        let reason = match (escalates(&rung.step), overdue) {
            (true, _) => Reason::Escalated,
            (false, true) => Reason::Overdue,
            (false, false) => Reason::Reminder,
        };
        return Some(due(x, rung.step.clone(), 0, reason, &rung.tell));
    }
    update_due(x, now)
        .filter(|at| *at <= now)
        .map(|_| due(x, StepKey("updated".into()), x.matter.revision, Reason::Updated, &[Tell::Owner]))
}

/// When news of this matter may be told: at once, but not sooner than a gap after the last message.
fn update_due(x: &LadderInput<'_>, now: Timestamp) -> Option<Timestamp> {
    let has_news = x.matter.revision > x.alert.told_revision && !x.told.is_empty();
    let last = x.told.iter().map(|t| t.at).max().unwrap_or(now);
    has_news.then(|| last.saturating_add(UPDATE_GAP).unwrap_or(last))
}

fn next_look(x: &LadderInput<'_>, rungs: &[Rung], now: Timestamp, tells: Option<&Due>) -> Option<Timestamp> {
    let rung = rungs.iter().filter(|r| r.at > now).map(|r| r.at).min();
    let also = match tells {
        None => update_due(x, now).filter(|at| *at > now),
        // What this message leaves unsaid to others (an escalation that passed meanwhile) follows in a while.
        Some(due) => {
            let mut told = x.told.to_vec();
            told.push(Told { step: due.step.clone(), deadline_revision: due.deadline_revision, at: now });
            let after = LadderInput { told: &told, ..*x };
            passed(&after, rungs, now).and_then(|_| now.saturating_add(UPDATE_GAP).ok()).filter(|at| *at > now)
        }
    };
    rung.into_iter().chain(also).min()
}

/// The most urgent rung whose moment has come and that nothing has said or silenced.
fn passed<'r>(x: &LadderInput<'_>, rungs: &'r [Rung], now: Timestamp) -> Option<&'r Rung> {
    rungs.iter().filter(|r| r.at <= now && !covered(x, r, rungs) && !quiet(x, r)).max_by_key(|r| r.at)
}

/// A message sent after a rung's moment has said what the rung would say, if it spoke of the same date. An escalation is
/// said only by a later one to the same people, or made needless by an answer.
fn covered(x: &LadderInput<'_>, r: &Rung, rungs: &[Rung]) -> bool {
    let revision = deadline_revision(x.matter);
    let mut told = x.told.iter().filter(|t| t.deadline_revision == revision);
    if !escalates(&r.step) {
        return told.any(|t| t.step == r.step || t.at >= r.at);
    }
    let later = |t: &Told| {
        rungs.iter().any(|s| {
            s.step == t.step && escalates(&s.step) && s.at >= r.at && r.tell.iter().all(|who| s.tell.contains(who))
        })
    };
    x.alert.ack.is_some() || told.any(|t| t.step == r.step || later(t))
}

fn escalates(step: &StepKey) -> bool {
    step.0.starts_with("after-")
}

/// An answer makes the rungs before it needless, a plan with a date those before that day; the last rungs come all the
/// same. An answer given for a later deadline than the present one counts for nothing.
fn quiet(x: &LadderInput<'_>, r: &Rung) -> bool {
    let Some(ack) = &x.alert.ack else { return false };
    let date = x.matter.remind_by().map(|d| d.date);
    let void = matches!((ack.deadline_on, date), (Some(seen), Some(is)) if is < seen);
    let last = r.step.0.strip_suffix('d').and_then(|d| d.parse::<u32>().ok()).is_some_and(|d| d <= LAST_RUNGS);
    !void && !last && (r.at <= ack.at || ack.plan_on.is_some_and(|plan| today(x.owner, r.at) < plan))
}

/// Every rung of a policy with its moment, soonest first; those before the deadline need one.
pub fn rungs(policy: &Policy, matter: &MatterState, opened_at: Timestamp, owner: &Owner) -> Vec<Rung> {
    let ends: Option<Deadline> = matter.remind_by();
    let mut out: Vec<Rung> = policy
        .steps
        .iter()
        .filter_map(|s| {
            let at = match s.anchor {
                Anchor::Before { days } => morning(ends.as_ref()?.date, days, owner)?,
                Anchor::After { seconds } => opened_at.saturating_add(SignedDuration::from_secs(seconds)).ok()?,
            };
            Some(Rung { step: s.key(), at, tell: s.tell.clone() })
        })
        .collect();
    out.sort_by_key(|r| r.at);
    out
}

/// 09:00 in the owner's zone, so many civil days before a date. A gap of daylight saving moves it later by the gap, a
/// fold takes the first.
fn morning(date: Date, days_before: u32, owner: &Owner) -> Option<Timestamp> {
    let day = date.checked_sub(jiff::Span::new().days(i64::from(days_before))).ok()?;
    Some(day.at(MORNING, 0, 0, 0).to_zoned_datetime(owner.zone.clone()).ok()?.timestamp())
}

/// The civil date at a moment in the owner's zone.
pub fn today(owner: &Owner, now: Timestamp) -> Date {
    now.to_zoned_datetime(owner.zone.clone()).date()
}

fn deadline_revision(m: &MatterState) -> u32 {
    m.deadline.as_ref().map_or(0, |d| d.revision)
}

fn due(x: &LadderInput<'_>, step: StepKey, occurrence: u32, reason: Reason, tell: &[Tell]) -> Due {
    let mut contacts: Vec<Contact> = Vec::new();
    for t in tell {
        let these: Vec<&Contact> = match t {
            Tell::Owner => x.owner.contacts.iter().collect(),
            Tell::Lead => x.owner.lead.iter().collect(),
            Tell::Operators => x.operators.contacts.iter().collect(),
        };
        for c in these {
            if !contacts.iter().any(|k| k.channel == c.channel && k.address == c.address) {
                contacts.push(c.clone());
            }
        }
    }
    Due { step, occurrence, deadline_revision: deadline_revision(x.matter), reason, contacts }
}

#[cfg(test)]
mod tests;
