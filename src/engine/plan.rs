//! What another config would do to open alerts: which of them, and which of their rungs, would reach somebody else.
//!
//! In: open alerts, the directory that is and the one that may come, now. Out: what changes. Invariant: rungs are
//! computed as the ladder computes them, from both. Refuses to write.

use super::Context;
use crate::model::{AlertId, AlertState, Contact, MatterId, MatterState};
use crate::rules::directory::{Directory, OPERATORS, Owner};
use crate::rules::ladder::rungs;
use crate::rules::policy::Tell;
use crate::store::{AlertFilter, NotificationFilter, StoreError};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// An alert that another config changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Which.
    pub alert: AlertId,
    /// What it is about.
    pub matter: MatterId,
    /// In whose hands it is.
    pub owner: String,
    /// Rungs to come that change, soonest first.
    pub rungs: Vec<ChangedRung>,
    /// Why it would reach nobody who knows of it.
    pub unreachable: Option<String>,
    /// Services of it that would have another owner: it stays where it is until it is reassigned.
    pub now_of: Vec<String>,
}

/// A rung that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedRung {
    /// Which.
    pub step: String,
    /// When it was due; none where it is new.
    pub was_at: Option<Timestamp>,
    /// Whom it told.
    pub was: Vec<String>,
    /// When it would be due; none where it falls away.
    pub will_at: Option<Timestamp>,
    /// Whom it would tell.
    pub will: Vec<String>,
}

/// A digest that another config changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedDigest {
    /// Whose.
    pub owner: String,
    /// When it comes and to whom; none where there is none.
    pub was: Option<String>,
    /// When it would come, and to whom.
    pub will: Option<String>,
}

/// The digests that another config changes, by owner.
pub fn digests(old: &Directory, new: &Directory) -> Vec<ChangedDigest> {
    let of = |dir: &Directory| -> BTreeMap<String, String> {
        let each = dir.owners().filter_map(|o| {
            let words = format!("{} to {}", o.digest.as_ref()?.as_str(), told(dir, o, &[Tell::Owner]).join(", "));
            Some((o.name.clone(), words))
        });
        each.collect()
    };
    let (was, will) = (of(old), of(new));
    let names: BTreeSet<&String> = was.keys().chain(will.keys()).collect();
    let changed = names.into_iter().filter(|n| was.get(*n) != will.get(*n));
    changed.map(|n| ChangedDigest { owner: n.clone(), was: was.get(n).cloned(), will: will.get(n).cloned() }).collect()
}

/// What the other config changes, in the order of alerts, and how many open alerts there are.
///
/// # Errors
/// The store's.
pub async fn plan(
    cx: &Context,
    new: &Directory,
    channels: &BTreeSet<String>,
    now: Timestamp,
) -> Result<(Vec<Changed>, usize), StoreError> {
    let old = &cx.directory;
    let mut alerts = cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    alerts.retain(|(a, _)| a.state != AlertState::Resolved);
    alerts.sort_by_key(|(a, _)| a.id);
    let pending =
        NotificationFilter { state: Some("pending".into()), limit: usize::MAX, ..NotificationFilter::default() };
    let waiting = cx.store.notifications(pending).await?;
    let mut out = Vec::new();
    let open = alerts.len();
    for (a, m) in alerts {
        let steps = |dir: &Directory| upcoming(dir, &a.owner, &a.policy, (&m, a.opened_at), now);
        let (was, will) = (steps(old), steps(new));
        let mut rungs: Vec<ChangedRung> = Vec::new();
        for step in was.keys().chain(will.keys()).collect::<BTreeSet<_>>() {
            let (b, n) = (was.get(step), will.get(step));
            if b != n {
                let (was_at, was) = b.cloned().map_or((None, vec![]), |(t, w)| (Some(t), w));
                let (will_at, will) = n.cloned().map_or((None, vec![]), |(t, w)| (Some(t), w));
                rungs.push(ChangedRung { step: step.clone(), was_at, was, will_at, will });
            }
        }
        rungs.sort_by_key(|r| r.will_at.or(r.was_at));
        let owner = new.owner(&a.owner);
        let lost = waiting.iter().filter(|n| {
            n.alerts.contains(&a.id) && old.contact(&n.contact).is_some() && new.contact(&n.contact).is_none()
        });
        let dark = |c: &Contact| !channels.contains(&c.channel);
        let unreachable = if old.has_owner(&a.owner) && !new.has_owner(&a.owner) {
            Some(format!(
                "owner {:?} is gone, and only the catch-all would answer: write [owners.{}] moved_to = \"OWNER\"",
                a.owner, a.owner
            ))
        } else if owner.contacts.iter().all(dark) {
            Some(format!("no channel of {} would be configured", owner.name))
        } else {
            lost.map(|n| format!("a message waits for {}, which would be gone", n.contact)).next()
        };
        let mut now_of: Vec<String> = Vec::new();
        for name in &a.services {
            let of = |d: &Directory| d.service(name).map(|s| d.owner(&s.owner).name.clone());
            if let (Some(before), Some(after)) = (of(old), of(new))
                && before != after
                && after != owner.name
            {
                now_of.push(format!("{name} would be of {after}"));
            }
        }
        if !rungs.is_empty() || unreachable.is_some() || !now_of.is_empty() {
            out.push(Changed { alert: a.id, matter: a.matter, owner: a.owner, rungs, unreachable, now_of });
        }
    }
    Ok((out, open))
}

/// Rungs still to come: when, and whom they tell.
fn upcoming(
    dir: &Directory,
    owner: &str,
    policy: &str,
    about: (&MatterState, Timestamp),
    now: Timestamp,
) -> BTreeMap<String, (Timestamp, Vec<String>)> {
    let o = dir.owner(owner);
    let all = rungs(dir.policy(policy), about.0, about.1, o);
    all.into_iter().filter(|r| r.at > now).map(|r| (r.step.0, (r.at, told(dir, o, &r.tell)))).collect()
}

fn told(dir: &Directory, owner: &Owner, tell: &[Tell]) -> Vec<String> {
    let contacts = tell.iter().flat_map(|t| match t {
        Tell::Owner => owner.contacts.iter().collect::<Vec<_>>(),
        Tell::Lead => owner.lead.iter().collect(),
        Tell::Operators => dir.owner(OPERATORS).contacts.iter().collect(),
        Tell::Contact(id) => dir.contact(id).into_iter().collect(),
    });
    let mut out: Vec<String> = contacts.map(|c| format!("{} ({})", c.id, c.address)).collect();
    out.sort();
    out.dedup();
    out
}
