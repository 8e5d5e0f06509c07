//! The ladder: is somebody to be told now, and when must we look again?
//!
//! In: policy, alert, matter, what was told in this episode, the owner, silences, use, now. Out: [`Plan`] with at most one
//! step due, and its named reason. Invariant: steps are civil days in the owner's zone and working hours; steps that
//! passed while we were silent collapse into the most urgent one; nothing is told twice, nothing after the end. Refuses
//! to look at channels or clocks.

use super::directory::Owner;
use super::policy::{Anchor, Policy, Tell};
use crate::model::{Alert, AlertState, Contact, ContactId, Deadline, Kind, MatterState, Reason, Stage, StepKey, Told};
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::collections::BTreeMap;

/// Least time between two messages that only tell of updates.
const UPDATE_GAP: SignedDuration = SignedDuration::from_mins(10);

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
    /// Who answers, with their zone and hours.
    pub owner: &'a Owner,
    /// forewarn's own people.
    pub operators: &'a Owner,
    /// Who is told in the owner's place today.
    pub deputy: Option<&'a Owner>,
    /// Contacts that a step may name.
    pub contacts: &'a BTreeMap<ContactId, Contact>,
    /// Muted by a silence until then.
    pub silenced_until: Option<Timestamp>,
    /// The last day on which it was seen in use; none where nothing is seen.
    pub used_on: Option<Date>,
    /// Calls are counted, so that use would be seen.
    pub counted: bool,
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is due now.
    pub due: Option<Due>,
    /// The alert is over.
    pub close: bool,
    /// When to look again.
    pub next_at: Option<Timestamp>,
    /// The answer it had holds no longer, for this reason.
    pub lapsed: Option<&'static str>,
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
    /// It comes in spite of an answer.
    pub after_ack: bool,
}

/// Decides. Pure: the same input and `now` give the same answer.
pub fn decide(x: &LadderInput<'_>, now: Timestamp) -> Plan {
    if x.alert.state == AlertState::Resolved {
        return Plan::default();
    }
    let later = |at| Plan { next_at: Some(at), ..Plan::default() };
    if let Some(until) = x.silenced_until.filter(|at| *at > now) {
        // What ends while it is muted ends quietly.
        return Plan { close: x.matter.is_over(), next_at: (!x.matter.is_over()).then_some(until), ..Plan::default() };
    }
    if let Some(end) = quiet_hours(x, now) {
        return later(end);
    }
    if x.matter.is_over() {
        let reason = if x.matter.stage == Stage::Withdrawn { Reason::Withdrawn } else { Reason::Resolved };
        let due = (!x.told.is_empty()).then(|| due(x, StepKey("over".into()), 0, reason, &[Tell::Owner]));
        return Plan { due, close: true, ..Plan::default() };
    }
    if x.matter.kind == Kind::Change {
        // A wave of entries is told once; nobody has to answer it, and nothing ends it.
        let due = x.told.is_empty().then(|| due(x, StepKey("opened".into()), 0, Reason::Opened, &[Tell::Owner]));
        return Plan { due, close: true, ..Plan::default() };
    }
    if let Some(until) = snoozed_until(x).filter(|at| *at > now)
        && !has_moved(x)
    {
        return later(until);
    }
    let rungs = all_rungs(x, now);
    let due = due_now(x, &rungs, now);
    let next_at = next_look(x, &rungs, now, due.as_ref());
    let lapsed = due.as_ref().and_then(|d| lapse(x, &rungs, d, now));
    Plan { due, close: false, next_at, lapsed }
}

fn due_now(x: &LadderInput<'_>, rungs: &[Rung], now: Timestamp) -> Option<Due> {
    let quiet_baseline = x.alert.baseline && x.matter.kind == Kind::Deprecation;
    if let Some(handed) = handed(x) {
        return Some(due(x, handed, 0, Reason::Reassigned, &[Tell::Owner]));
    }
    // What a person opened again is told at once; what its provider says again, where the ladder tells of news at once.
    let by_hand = x.alert.said.as_ref().is_some_and(|s| s.at >= x.alert.opened_at);
    if x.told.is_empty() && x.alert.episode > 1 && (by_hand || x.policy.at_once) {
        return Some(due(x, StepKey("opened".into()), 0, Reason::Reopened, &[Tell::Owner]));
    }
    if x.told.is_empty() && !quiet_baseline && x.policy.at_once {
        return Some(due(x, StepKey("opened".into()), 0, Reason::Opened, &[Tell::Owner]));
    }
    if has_moved(x) {
        // With the first date still, something else about it is news: a contradiction for example.
        let first = x.told.is_empty() && deadline_revision(x.matter) <= 1;
        return Some(if first {
            due(x, StepKey("updated".into()), x.matter.revision, Reason::Updated, &[Tell::Owner])
        } else {
            due(x, StepKey("moved".into()), 0, Reason::Moved, &[Tell::Owner])
        });
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

/// The step that tells an owner that it is theirs now, if nobody has told them.
fn handed(x: &LadderInput<'_>) -> Option<StepKey> {
    let step = StepKey(format!("reassigned-{}", x.alert.hands));
    (x.alert.hands > 0 && !x.told.iter().any(|t| t.step == step)).then_some(step)
}

/// Whether the date changed since people were told of it, or since a baseline they were not told of.
fn has_moved(x: &LadderInput<'_>) -> bool {
    match x.told.iter().map(|t| t.deadline_revision).max() {
        Some(told) => told < deadline_revision(x.matter),
        None => x.policy.at_once && x.matter.revision > x.alert.told_revision.max(1),
    }
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
    rung.into_iter().chain(also).chain(next_daily(x, now)).min()
}

/// The most urgent rung whose moment has come and that nothing has said or silenced.
fn passed<'r>(x: &LadderInput<'_>, rungs: &'r [Rung], now: Timestamp) -> Option<&'r Rung> {
    rungs.iter().filter(|r| r.at <= now && !covered(x, r, rungs) && !quiet(x, r)).max_by_key(|r| r.at)
}

/// A message sent after a rung's moment has said what the rung would say, if it spoke of the same date. An escalation is
/// said only by a later one to the same people.
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
    told.any(|t| t.step == r.step || later(t))
}

/// Whether a rung tells that nobody has answered.
pub fn escalates(step: &StepKey) -> bool {
    step.0.starts_with("after-")
}

/// An answer makes the rungs before it needless, a plan with a date those before that day; the last rungs come all the
/// same. Nobody is told that nobody answered when somebody has. An answer given for a later deadline counts for nothing.
fn quiet(x: &LadderInput<'_>, r: &Rung) -> bool {
    let Some(ack) = &x.alert.ack else { return false };
    if is_void(x) || r.after_ack {
        return false;
    }
    let planned = ack.plan_on.is_some_and(|plan| today(x.owner, r.at) < plan);
    r.at <= ack.at || planned || escalates(&r.step)
}

/// Whether the answer was given for a later deadline than there is now.
fn is_void(x: &LadderInput<'_>) -> bool {
    let is = x.matter.remind_by().map(|d| d.date);
    let seen = x.alert.ack.as_ref().and_then(|a| a.deadline_on);
    matches!((seen, is), (Some(seen), Some(is)) if is < seen)
}

/// Why an answer holds no longer once this is told: its time has come, or it was given for another date.
fn lapse(x: &LadderInput<'_>, rungs: &[Rung], due: &Due, now: Timestamp) -> Option<&'static str> {
    let ack = x.alert.ack.as_ref().filter(|_| x.alert.state == AlertState::Acknowledged)?;
    if is_void(x) {
        return Some("the date moved earlier");
    }
    rungs.iter().find(|r| r.step == due.step && !escalates(&r.step))?;
    match ack.plan_on {
        None => Some("no plan date was given before the next reminder"),
        Some(plan) => (today(x.owner, now) >= plan && Some(plan) < x.matter.remind_by().map(|d| d.date))
            .then_some("the planned day has come and it is not done"),
    }
}

/// The end of quiet hours, if they hold this back: a critical incident wakes people, and nothing waits past its deadline.
fn quiet_hours(x: &LadderInput<'_>, now: Timestamp) -> Option<Timestamp> {
    let end = x.owner.hours.quiet_until(&x.owner.zone, now)?;
    let wakes = x.matter.kind == Kind::Incident && x.policy.name == super::policy::CRITICAL;
    let ends = x.matter.remind_by().and_then(|d| {
        d.at.or_else(|| Some(d.date.to_zoned_datetime(x.owner.zone.clone()).ok()?.timestamp())).filter(|at| *at > now)
    });
    (!wakes && ends.is_none_or(|at| end <= at)).then_some(end)
}

/// The end of a snooze: never past the morning of the deadline.
fn snoozed_until(x: &LadderInput<'_>) -> Option<Timestamp> {
    let until = x.alert.snoozed_until?;
    let last = x.matter.remind_by().and_then(|d| morning(d.date, 0, x.owner));
    Some(last.map_or(until, |last| until.min(last)))
}

/// The rungs of the policy, the end of a snooze, and the daily word on what has ended and is still used.
fn all_rungs(x: &LadderInput<'_>, now: Timestamp) -> Vec<Rung> {
    let mut out = rungs(x.policy, x.matter, x.alert.opened_at, x.owner);
    if let Some(at) = snoozed_until(x) {
        let step = StepKey(format!("snoozed-{}", at.as_second()));
        out.push(Rung { step, at, tell: vec![Tell::Owner], after_ack: true });
    }
    let day = today(x.owner, now);
    let ended = x.matter.remind_by().filter(|d| d.date < day);
    if let (Some(_), Some(step)) = (ended, x.policy.steps.iter().find(|s| s.anchor == Anchor::Daily))
        && let Some(used) = x.used_on
        && day.yesterday().is_ok_and(|yesterday| used >= yesterday)
        && let Some(at) = morning(day, 0, x.owner)
    {
        out.push(Rung {
            step: StepKey(format!("daily-{day}")),
            at,
            tell: step.tell.clone(),
            after_ack: step.after_ack,
        });
    }
    out.sort_by_key(|r| r.at);
    out
}

/// After the deadline, each morning is a look at whether it is still used.
fn next_daily(x: &LadderInput<'_>, now: Timestamp) -> Option<Timestamp> {
    let daily = x.policy.steps.iter().any(|s| s.anchor == Anchor::Daily);
    let ends = x.matter.remind_by().filter(|_| daily && x.counted)?;
    let from = today(x.owner, now).max(ends.date);
    let at = from.tomorrow().ok()?.at(9, 0, 0, 0).to_zoned_datetime(x.owner.zone.clone()).ok()?.timestamp();
    (at > now).then_some(at)
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
                Anchor::Daily => return None,
            };
            Some(Rung { step: s.key(), at, tell: s.tell.clone(), after_ack: s.after_ack })
        })
        .collect();
    out.sort_by_key(|r| r.at);
    out
}

/// The morning in the owner's zone, so many civil days before a date; the last working day before, where that is none. A
/// gap of daylight saving moves it later by the gap, a fold takes the first.
pub fn morning(date: Date, days_before: u32, owner: &Owner) -> Option<Timestamp> {
    let day = date.checked_sub(jiff::Span::new().days(i64::from(days_before))).ok()?;
    owner.hours.morning(&owner.zone, day)
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
            Tell::Owner => x.deputy.unwrap_or(x.owner).contacts.iter().collect(),
            Tell::Lead => x.owner.lead.iter().collect(),
            Tell::Operators => x.operators.contacts.iter().collect(),
            Tell::Contact(id) => x.contacts.get(id).into_iter().collect(),
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
