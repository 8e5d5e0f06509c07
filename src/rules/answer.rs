//! Answers: what an act of a person makes of an alert.
//!
//! In: the act, the alert, its matter, its owner, now. Out: the alert after, or why not. Invariant: a plan and a snooze
//! end at the deadline at the latest; what is over takes no answer; each reopening is a new episode. Refuses to store and
//! to tell: the engine does.

use super::directory::Owner;
use super::ladder::{morning, today};
use crate::model::text::one_line;
use crate::model::{
    Acknowledgement, Action, Alert, AlertId, AlertState, By, Kind, MatterState, Resolution, ResolveReason, Said, Until,
};
use jiff::{Timestamp, civil::Date};

/// Longest note kept.
const NOTE_MAX: usize = 500;

/// Why an act is not taken; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such alert.
    #[error("there is no alert #{0}: see forewarn alerts")]
    NotFound(AlertId),
    /// It is dealt with.
    #[error("alert #{0} is resolved already: nothing more is sent about it; forewarn reopen {0} begins anew")]
    Resolved(AlertId),
    /// Its matter has ended.
    #[error("what alert #{0} is about is over: there is nothing to answer")]
    Over(AlertId),
    /// It is not dealt with.
    #[error("alert #{0} is not resolved: there is nothing to reopen")]
    NotResolved(AlertId),
    /// The act was meant for an earlier episode.
    #[error("alert #{0} was closed and opened again since: answer the newest message")]
    OldEpisode(AlertId),
    /// The plan comes too late.
    #[error("plan {plan} is not before the deadline {deadline}: plan for {deadline} at the latest")]
    TooLate {
        /// What was planned.
        plan: Date,
        /// What it must not pass.
        deadline: Date,
    },
    /// There is no day left to plan.
    #[error(
        "it ended on {0}, so there is no day left to plan: acknowledge without a date and say in a note by when, or resolve it"
    )]
    EndedBefore(Date),
    /// The plan, or the end of a snooze, has passed.
    #[error("{0} has passed: name a day to come")]
    Passed(String),
    /// The snooze ends too late.
    #[error("a snooze never passes the deadline: until {0} at the latest; forewarn ack takes a plan date")]
    SnoozedTooLong(Date),
    /// No such service.
    #[error("alert #{alert} does not concern service {service:?}: it concerns {known}")]
    NotConcerned {
        /// Which alert.
        alert: AlertId,
        /// What was named.
        service: String,
        /// What it concerns.
        known: String,
    },
    /// A duplicate of what?
    #[error("name the alert that goes on, another one than #{0}: --of ALERT")]
    DuplicateOfWhat(AlertId),
    /// Only an ending has a date.
    #[error("alert #{0} is about no date that could be wrong")]
    NoDate(AlertId),
    /// A reason without words.
    #[error("say what is wrong with the date: a note is needed")]
    NoNote,
    /// No such owner.
    #[error("there is no owner {0:?}: known are {1}")]
    NoOwner(String, String),
    /// It is theirs already.
    #[error("{0} answers for it already")]
    SameOwner(String),
    /// The other owner has an alert on the same matter.
    #[error("{owner} has #{alert} on the same matter: resolve this one as its duplicate")]
    HasOne {
        /// Who.
        owner: String,
        /// Which.
        alert: AlertId,
    },
}

/// What an act is about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// Its matter.
    pub matter: &'a MatterState,
    /// Who answers for it.
    pub owner: &'a Owner,
    /// When.
    pub now: Timestamp,
}

/// The alert after an act. Its version is the one before.
///
/// # Errors
/// Why not.
pub fn apply(action: &Action, by: &By, f: Facts<'_>) -> Result<Alert, Refused> {
    let id = f.alert.id;
    let open = f.alert.state != AlertState::Resolved;
    match (action, open) {
        (Action::Reopen { services, .. }, true) if services.iter().any(|s| f.alert.done.contains_key(s)) => {}
        (Action::Reopen { .. }, true) => return Err(Refused::NotResolved(id)),
        (Action::Reopen { .. }, false) if f.matter.is_over() => return Err(Refused::Over(id)),
        (Action::Reopen { .. }, false) => {}
        (_, false) => return Err(Refused::Resolved(id)),
        (_, true) if f.matter.is_over() => return Err(Refused::Over(id)),
        (_, true) => {}
    }
    let by = By { who: one_line(&by.who, 80), via: by.via };
    let mut new = f.alert.clone();
    let (words, note) = match action {
        Action::Acknowledge { note, plan_on } => (acknowledged(&mut new, &by, clean(note), *plan_on, f)?, note),
        Action::Snooze { until, note } => (snoozed(&mut new, *until, f)?, note),
        Action::Resolve { reason, note, services, duplicate_of } => {
            let resolution = Resolution {
                by: by.who.clone(),
                at: f.now,
                reason: *reason,
                note: clean(note),
                duplicate_of: *duplicate_of,
            };
            (resolved(&mut new, resolution, services, f)?, note)
        }
        Action::Reopen { note, services } if open => (undone(&mut new, services), note),
        Action::Reopen { note, .. } => (reopened(&mut new, f), note),
        Action::Reassign { to, note } => (reassigned(&mut new, to, &by)?, note),
    };
    let noted = clean(note).map_or_else(String::new, |n| format!(": \"{n}\""));
    let n = f.alert.said.as_ref().map_or(1, |s| s.n + 1);
    new.said = Some(Said { n, by, at: f.now, words: format!("{words}{noted}") });
    new.next_due_at = (new.state != AlertState::Resolved).then_some(f.now);
    Ok(new)
}

/// Whether an act counts for every alert of a wave.
pub fn is_shared(action: &Action) -> bool {
    match action {
        Action::Acknowledge { .. } | Action::Snooze { .. } => true,
        Action::Resolve { .. } | Action::Reopen { .. } | Action::Reassign { .. } => false,
    }
}

fn clean(note: &Option<String>) -> Option<String> {
    note.as_ref().map(|n| one_line(n, NOTE_MAX)).filter(|n| !n.is_empty())
}

fn in_words(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

fn acknowledged(
    new: &mut Alert,
    by: &By,
    note: Option<String>,
    plan_on: Option<Date>,
    f: Facts<'_>,
) -> Result<String, Refused> {
    let deadline_on = f.matter.remind_by().map(|d| d.date);
    if let Some(ended) = deadline_on.filter(|d| plan_on.is_some() && *d < today(f.owner, f.now)) {
        return Err(Refused::EndedBefore(ended));
    }
    if let (Some(plan), Some(deadline)) = (plan_on, deadline_on)
        && plan > deadline
    {
        return Err(Refused::TooLate { plan, deadline });
    }
    if let Some(plan) = plan_on.filter(|p| *p < today(f.owner, f.now)) {
        return Err(Refused::Passed(plan.to_string()));
    }
    new.state = AlertState::Acknowledged;
    new.snoozed_until = None;
    new.ack = Some(Acknowledgement { by: by.who.clone(), at: f.now, note, plan_on, deadline_on });
    Ok(plan_on
        .map_or_else(|| "acknowledged, no plan date yet".into(), |p| format!("acknowledged, plan {}", in_words(p))))
}

fn snoozed(new: &mut Alert, until: Until, f: Facts<'_>) -> Result<String, Refused> {
    let ends = f.matter.remind_by();
    let at = match until {
        Until::At(at) => at,
        Until::Day(day) => morning(day, 0, f.owner).ok_or_else(|| Refused::Passed(day.to_string()))?,
    };
    if at <= f.now {
        return Err(Refused::Passed(today(f.owner, at).to_string()));
    }
    if let Some(d) = ends
        && morning(d.date, 0, f.owner).is_some_and(|last| at > last)
    {
        return Err(Refused::SnoozedTooLong(d.date));
    }
    new.snoozed_until = Some(at);
    let local = at.to_zoned_datetime(f.owner.zone.clone());
    Ok(format!("snoozed until {}", local.strftime("%a %-d %b %Y %H:%M %Z")))
}

fn resolved(new: &mut Alert, r: Resolution, services: &[String], f: Facts<'_>) -> Result<String, Refused> {
    let id = f.alert.id;
    for service in services {
        if !f.alert.services.contains(service) {
            let known = if f.alert.services.is_empty() { "none by name".into() } else { f.alert.services.join(", ") };
            return Err(Refused::NotConcerned { alert: id, service: one_line(service, 64), known });
        }
    }
    match (r.reason, r.duplicate_of) {
        (ResolveReason::Duplicate, Some(of)) if of != id => {}
        (ResolveReason::Duplicate, _) => return Err(Refused::DuplicateOfWhat(id)),
        (ResolveReason::WrongDate, _) => return disputed(new, r, f),
        (ResolveReason::Migrated | ResolveReason::AcceptedRisk | ResolveReason::NotOurs, _) => {}
    }
    let said = match (r.reason, r.duplicate_of) {
        (ResolveReason::Duplicate, Some(of)) => format!("duplicate of #{of}"),
        (reason, _) => reason.as_str().replace('_', " "),
    };
    for service in services {
        new.done.insert(service.clone(), r.clone());
    }
    if !services.is_empty() && f.alert.services.iter().any(|s| !new.done.contains_key(s)) {
        return Ok(format!("{}: {said}", services.join(", ")));
    }
    new.state = AlertState::Resolved;
    new.snoozed_until = None;
    new.resolution = Some(r);
    Ok(format!("resolved, {said}"))
}

/// Whoever doubts a date has seen it; the reminders go on until somebody says what is true.
fn disputed(new: &mut Alert, r: Resolution, f: Facts<'_>) -> Result<String, Refused> {
    let Some(deadline) = f.matter.deadline.as_ref().filter(|_| f.matter.kind == Kind::Deprecation) else {
        return Err(Refused::NoDate(f.alert.id));
    };
    if r.note.is_none() {
        return Err(Refused::NoNote);
    }
    new.state = AlertState::Acknowledged;
    let deadline_on = f.matter.remind_by().map(|d| d.date);
    new.ack = Some(Acknowledgement { by: r.by, at: r.at, note: r.note, plan_on: None, deadline_on });
    Ok(format!("says that {} is wrong", deadline.in_words()))
}

/// Opens an alert anew. Whoever does so knows what it says now: only what changes later is news to them.
fn reopened(new: &mut Alert, f: Facts<'_>) -> String {
    new.state = AlertState::Open;
    new.episode += 1;
    new.opened_at = f.now;
    new.baseline = false;
    (new.told_revision, new.hands) = (f.matter.revision, 0);
    (new.ack, new.snoozed_until, new.resolution) = (None, None, None);
    new.done.clear();
    "reopened".into()
}

/// Takes services out of those that are dealt with.
fn undone(new: &mut Alert, services: &[String]) -> String {
    let back: Vec<&str> = services.iter().filter(|s| new.done.remove(*s).is_some()).map(String::as_str).collect();
    format!("{}: not done after all", back.join(", "))
}

fn reassigned(new: &mut Alert, to: &str, by: &By) -> Result<String, Refused> {
    if to == new.owner {
        return Err(Refused::SameOwner(to.to_owned()));
    }
    new.why = format!("reassigned from {} by {}", new.owner, by.who);
    new.owner = to.to_owned();
    new.hands += 1;
    new.state = AlertState::Open;
    (new.ack, new.snoozed_until) = (None, None);
    Ok(format!("reassigned to {to}"))
}
