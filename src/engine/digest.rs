//! Digests: what happened and what is ahead, for each owner by their schedule, even when nothing did.
//!
//! In: owners with schedules, the times that were reckoned. Out: digests in the outbox. Invariant: the next time is a row, so
//! that days of downtime are one digest; nothing is planned while the data is held or the clock is doubted. Refuses
//! channels that keep one thing for each alert: a digest is none.

mod facts;

use super::deliver::Deliverer;
use super::{Context, Report};
use crate::crypto::short_hash;
use crate::model::{Contact, DigestOf, DigestPlan, DigestTime, NewDigest};
use crate::notify::Message;
use crate::rules::digest::{Turn, turn};
use crate::rules::directory::Owner;
use crate::rules::ladder::today;
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What a digest looks back on where none came before.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The job.
pub struct Digester {
    /// What it works with.
    pub cx: Context,
}

impl Digester {
    /// Looks once.
    ///
    /// # Errors
    /// The store's; nothing is half done then.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        if self.cx.doubts(now).is_some() || self.cx.store.held().await?.is_some() {
            return Ok(Report::default());
        }
        let plan = look(&self.cx, now).await?;
        if plan.is_empty() {
            return Ok(Report::default());
        }
        let sent = plan.digests.len();
        self.cx.store.plan_digests(plan, now).await?;
        if sent > 0 {
            self.cx.nudges.deliver.notify_waiters();
        }
        let summary = if sent == 0 { String::new() } else { format!("{sent} digests") };
        Ok(Report { summary, ..Report::default() })
    }
}

/// What is due, decided; nothing is written.
///
/// # Errors
/// The store's.
pub async fn look(cx: &Context, now: Timestamp) -> Result<DigestPlan, StoreError> {
    let known = cx.store.digest_times().await?;
    let of: BTreeMap<&str, &DigestTime> = known.iter().map(|t| (t.owner.as_str(), t)).collect();
    let mut plan = DigestPlan::default();
    for owner in cx.directory.owners() {
        match turn(owner, of.get(owner.name.as_str()).copied(), now) {
            Turn::Wait => {}
            Turn::Begin(time) => plan.times.push(time),
            Turn::Off => plan.gone.push(owner.name.clone()),
            Turn::Send { due, since, then } => {
                plan.times.push(then);
                plan.digests.extend(readers(cx, owner, now).into_iter().map(|contact| NewDigest {
                    key: key(&owner.name, contact, due),
                    contact: contact.clone(),
                    of: DigestOf { owner: owner.name.clone(), since },
                }));
            }
        }
    }
    let owners: BTreeSet<&str> = cx.directory.owners().map(|o| o.name.as_str()).collect();
    plan.gone.extend(known.iter().map(|t| &t.owner).filter(|o| !owners.contains(o.as_str())).cloned());
    Ok(plan)
}

/// Who reads the digest of an owner on a day: the owner, or their deputy; each address once.
pub fn readers<'a>(cx: &'a Context, owner: &'a Owner, now: Timestamp) -> Vec<&'a Contact> {
    let who = cx.directory.deputy(owner, today(owner, now)).unwrap_or(owner);
    let mut out: Vec<&Contact> = Vec::new();
    for c in who.contacts.iter().filter(|c| !c.keeps_one_each()) {
        if !out.iter().any(|k| (&k.channel, &k.address) == (&c.channel, &c.address)) {
            out.push(c);
        }
    }
    out
}

/// The digest an owner would get now, about what happened since the last one; none where nobody would read it.
///
/// # Errors
/// The store's.
pub async fn preview(deliverer: &Deliverer, owner: &str, now: Timestamp) -> Result<Option<Message>, StoreError> {
    let cx = &deliverer.cx;
    let Some(owner) = cx.directory.owners().find(|o| o.name == owner) else { return Ok(None) };
    let Some(contact) = readers(cx, owner, now).into_iter().next() else { return Ok(None) };
    let known = cx.store.digest_times().await?.into_iter().find(|t| t.owner == owner.name);
    let since = known.map_or(now - LOOK_BACK, |t| t.since);
    let of = DigestOf { owner: owner.name.clone(), since };
    deliverer.digest(&of, contact, key(&owner.name, contact, now), now).await.map(Some)
}

fn key(owner: &str, contact: &Contact, due: Timestamp) -> String {
    let parts = [owner, &contact.id.0, &due.to_string()].map(|p| [p.as_bytes(), b"\0"].concat());
    hex::encode(short_hash(&[b"digest\0", &parts[0], &parts[1], &parts[2]]))
}
