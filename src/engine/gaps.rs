//! Gaps: what is used and nobody owns, who cannot be reached, which shutdowns reach only the catch-all.
//!
//! In: the directory, what is used, how letters to each contact fared, alerts. Out: findings; a new one is told to `operators`
//! once, and its end too. Invariant: a contact is judged by its last letter, an owner by answers, and nobody by silence
//! alone before half a year. Refuses to mend anything: it names what to write.

use super::trouble::{self, Trouble};
use super::{Context, Report, known, usage};
use crate::model::event::words;
use crate::model::text::one_line;
use crate::model::{Alert, AlertState, Change, Contact, Kind, MatterState, Severity, Stage, Subject, UseRow};
use crate::rules::directory::{OPERATORS, Owner};
use crate::store::{AlertFilter, ContactRow, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An owner who was told and has not answered for so many days may not be there any more.
const NO_SIGN_DAYS: i64 = 180;
/// Most gaps told in one look: the rest follow in the next.
const MOST_TOLD: usize = 100;
/// Most open matters looked at.
const MOST_OPEN: usize = 5_000;
/// What the matters of gaps begin with.
const ABOUT: &str = "gap";

words!(
    /// What is missing.
    Lack {
        /// It is used, and no service declares or claims it.
        Unowned = "unowned",
        /// A contact's last letter was refused for good, or an owner has not answered for half a year.
        Unreachable = "unreachable",
        /// A shutdown reaches only the catch-all.
        CatchAll = "catch_all",
    }
);

/// A gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What is missing.
    pub lack: Lack,
    /// A subject, a contact or an owner.
    pub about: String,
    /// One line.
    pub title: String,
    /// What is known, and what to do.
    pub advice: String,
}

/// Every gap there is now: unowned uses, contacts, owners, shutdowns.
///
/// # Errors
/// The store's.
pub async fn gaps(cx: &Context, now: Timestamp) -> Result<Vec<Gap>, StoreError> {
    let alerts = cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    let book = usage::book(cx, now).await?;
    let unowned = book.unowned(&cx.directory);
    let mut out: Vec<Gap> = Vec::new();
    for (subject, rows) in &unowned {
        let ending = match (Subject { account: None, ..subject.clone() }).matter_id() {
            Some(id) => known::deprecation(cx, &id).await?,
            None => None,
        };
        out.push(ownerless(subject, rows, ending.as_deref()));
    }
    let rows = cx.store.contacts().await?;
    for owner in cx.directory.owners() {
        out.extend(unreachable(owner, &rows));
        out.extend(no_sign(owner, &rows, &alerts, now));
    }
    out.extend(caught(cx, &alerts));
    Ok(out)
}

fn ownerless(subject: &Subject, rows: &[&UseRow], ending: Option<&MatterState>) -> Gap {
    let id = subject.matter_id().map_or_else(|| subject.id.clone(), |m| m.to_string());
    let ends = ending.filter(|m| !m.is_over()).and_then(|m| m.deadline.as_ref());
    let ends = ends.map_or_else(String::new, |d| format!(" It ends {}.", d.in_words()));
    let mut who: Vec<String> = rows.iter().filter_map(|r| r.project.clone().or_else(|| r.place.clone())).collect();
    who.sort();
    who.dedup();
    who.truncate(5);
    let by = if who.is_empty() { String::new() } else { format!(" by {}", one_line(&who.join(", "), 300)) };
    Gap {
        lack: Lack::Unowned,
        title: format!("{id} is used and nobody owns it"),
        advice: format!("It is used{by}.{ends} Write a service with uses = [\"{id}\"], or projects that claim it."),
        about: id,
    }
}

/// Contacts whose last letter died.
fn unreachable(owner: &Owner, rows: &[ContactRow]) -> Vec<Gap> {
    let row = |c: &Contact| rows.iter().find(|r| r.contact == c.id);
    let dead = |c: &Contact| row(c).and_then(|r| r.refused());
    let all: Vec<&Contact> = owner.contacts.iter().collect();
    let others = |c: &Contact| all.iter().filter(|o| o.id != c.id && dead(o).is_none()).count();
    let of = |c: &Contact| {
        let why = dead(c)?;
        let left = match others(c) {
            0 => format!("{} cannot be reached at all", owner.name),
            n => format!("{n} other contacts of {} still work", owner.name),
        };
        Some(Gap {
            lack: Lack::Unreachable,
            about: c.id.to_string(),
            title: format!("{} does not work", c.id),
            advice: format!(
                "Its last letter was refused: {}. {left}. Mend it in [owners.{}].",
                one_line(why, 300),
                owner.name
            ),
        })
    };
    all.iter().copied().chain(&owner.lead).filter_map(of).collect()
}

/// Told for half a year, and nobody of them ever answered since.
fn no_sign(owner: &Owner, rows: &[ContactRow], alerts: &[(Alert, Arc<MatterState>)], now: Timestamp) -> Option<Gap> {
    let ago = now - SignedDuration::from_hours(24 * NO_SIGN_DAYS);
    let told = |c: &Contact| rows.iter().find(|r| r.contact == c.id).and_then(|r| r.first_at);
    let first = owner.contacts.iter().filter_map(told).min()?;
    let answered = alerts.iter().filter(|(a, _)| a.owner == owner.name).filter_map(|(a, _)| last_sign(a)).max();
    let silent = first <= ago && answered.is_none_or(|t| t <= ago) && owner.name != OPERATORS;
    silent.then(|| Gap {
        lack: Lack::Unreachable,
        about: owner.name.clone(),
        title: format!("{} has given no sign of life for {NO_SIGN_DAYS} days", owner.name),
        advice: format!(
            "They were told first on {} and {}. Ask whether somebody is there: forewarn send-test, or moved_to in [owners.{}].",
            first.strftime("%-d %b %Y"),
            answered.map_or_else(|| "never answered".to_owned(), |t| format!("answered last on {}", t.strftime("%-d %b %Y"))),
            owner.name
        ),
    })
}

/// When somebody last did anything about an alert.
fn last_sign(a: &Alert) -> Option<Timestamp> {
    let acted = a.said.iter().map(|s| s.at).chain(a.ack.iter().map(|a| a.at));
    acted.chain(a.resolution.iter().chain(a.done.values()).map(|r| r.at)).max()
}

/// Shutdowns in the hands of the catch-all alone.
fn caught(cx: &Context, alerts: &[(Alert, Arc<MatterState>)]) -> Vec<Gap> {
    let mut owners: BTreeMap<&str, Vec<&Alert>> = BTreeMap::new();
    // What the config itself gives to somebody is no gap, though that be the catch-all.
    let named = |m: &MatterState| cx.directory.private(&m.id).is_some_and(|p| p.owner.is_some());
    let open = alerts
        .iter()
        .filter(|(a, m)| m.kind == Kind::Deprecation && a.state != AlertState::Resolved && !m.is_over() && !named(m));
    for (a, m) in open {
        owners.entry(m.id.as_str()).or_default().push(a);
    }
    let alone = |of: &Vec<&Alert>| of.iter().all(|a| a.owner == cx.directory.catch_all && a.services.is_empty());
    let gap = |id: &str| Gap {
        lack: Lack::CatchAll,
        about: id.to_owned(),
        title: format!("the shutdown of {id} reaches only the catch-all"),
        advice: format!(
            "{} is told, and no service says that it uses it. Write uses = [\"{id}\"] where it is used.",
            cx.directory.catch_all
        ),
    };
    owners.iter().filter(|(_, of)| alone(of)).map(|(id, _)| gap(id)).collect()
}

/// The gaps that were found when it was last looked: what [`GapWatch`] told and has not closed. Costs what it finds.
///
/// # Errors
/// The store's.
pub async fn found(cx: &Context) -> Result<Vec<Arc<MatterState>>, StoreError> {
    let mut open = cx.store.open(Kind::Source, MOST_OPEN).await?;
    let prefix = format!("forewarn:source/{ABOUT}/");
    open.retain(|m| m.id.as_str().starts_with(&prefix));
    Ok(open)
}

/// Tells the operators of gaps that are new, and of those that are closed.
pub struct GapWatch {
    /// What it works with.
    pub cx: Context,
}

impl GapWatch {
    /// Looks once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let there = gaps(&self.cx, now).await?;
        let prefix = format!("forewarn:source/{ABOUT}/");
        let matters = self.cx.store.matters_of(Kind::Source).await?;
        let open: BTreeSet<&str> = matters
            .iter()
            .filter(|m| m.stage == Stage::Open)
            .filter_map(|m| m.id.as_str().strip_prefix(&prefix))
            .collect();
        let name = |g: &Gap| format!("{}/{}", g.lack, g.about);
        let new: Vec<&Gap> = there.iter().filter(|g| !open.contains(name(g).as_str())).take(MOST_TOLD).collect();
        for g in &new {
            trouble::report(&self.cx, &told(&name(g), Change::Opened, &g.title, &g.advice)?, now).await?;
        }
        let names: BTreeSet<String> = there.iter().map(name).collect();
        let closed: Vec<&str> = open.into_iter().filter(|o| !names.contains(*o)).collect();
        for about in &closed {
            trouble::report(&self.cx, &told(about, Change::Resolved, &format!("closed: {about}"), "")?, now).await?;
        }
        let quiet = new.is_empty() && closed.is_empty();
        let summary = if quiet { String::new() } else { format!("{} new gaps, {} closed", new.len(), closed.len()) };
        Ok(Report { summary, ..Report::default() })
    }
}

fn told(name: &str, change: Change, title: &str, advice: &str) -> Result<Trouble, StoreError> {
    Ok(Trouble {
        provider: trouble::ourselves()?,
        about: format!("{ABOUT}/{name}"),
        change,
        severity: Severity::Minor,
        title: title.to_owned(),
        summary: advice.to_owned(),
        native_id: None,
    })
}
