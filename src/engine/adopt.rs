//! Deprecations that were known before anybody was known to use them: a service that is new in the config, a use that was
//! declared or seen later.
//!
//! In: stored deprecations, the directory, what is used. Out: alerts, told like a first contact: one list an owner. Invariant: a
//! service is adopted once for a matter, whatever became of the alert; what has ended opens nothing. Refuses to announce
//! again: nothing happened to the matter.

use super::{Context, Report, usage};
use crate::model::{Kind, MatterId, Recipient};
use crate::rules::route::{adopters, default_policy};
use crate::rules::usage::ServiceUse;
use crate::store::{DatedFilter, Recording, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// The job.
pub struct Adopter {
    /// What it works with.
    pub cx: Context,
}

impl Adopter {
    /// Looks once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let cx = &self.cx;
        let book = usage::book(cx, now).await?;
        if book.is_empty() && !cx.directory.usage_known() {
            return Ok(Report::default());
        }
        let today = now.to_zoned_datetime(TimeZone::UTC).date();
        let mut matters = cx.store.dated(DatedFilter::of(today, Date::MAX, None)).await?;
        matters.append(&mut cx.store.without_date(None, usize::MAX).await?);
        matters.retain(|m| !m.is_over());
        let alerts = cx.store.alerts_on(matters.iter().map(|m| m.id.clone()).collect()).await?;
        let mut served: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for a in &alerts {
            served.entry(a.matter.as_str()).or_default().extend(a.services.iter().map(String::as_str));
        }
        let mut adopted: Vec<(MatterId, Vec<Recipient>)> = Vec::new();
        for m in &matters {
            let had = served.get(m.id.as_str());
            let is_new = |service: &str| had.is_none_or(|h| !h.contains(service));
            let mut to: BTreeMap<String, Recipient> = BTreeMap::new();
            for mut r in adopters(&cx.directory, m) {
                r.services.retain(|s| is_new(s));
                if !r.services.is_empty() {
                    to.insert(r.owner.clone(), r);
                }
            }
            let seen = book.users_of(&cx.directory, &m.subjects, now);
            for u in seen.iter().filter(|u| u.declared.is_none() && !u.mention) {
                // What nobody has claimed goes to the catch-all, unless somebody has the matter in hand already.
                let unheard = u.service.as_ref().map_or(had.is_none(), |s| is_new(s));
                if unheard {
                    add(&mut to, u, cx);
                }
            }
            if !to.is_empty() {
                adopted.push((m.id.clone(), to.into_values().collect()));
            }
        }
        if adopted.is_empty() {
            return Ok(Report::default());
        }
        let summary = format!("{} deprecations adopted", adopted.len());
        cx.store.record(Recording { adopted, now, ..Recording::default() }).await?;
        cx.nudges.remind.notify_one();
        Ok(Report { summary, ..Report::default() })
    }
}

/// Somebody whose use was seen and is not declared.
fn add(to: &mut BTreeMap<String, Recipient>, u: &ServiceUse, cx: &Context) {
    let by = u.service.clone().or_else(|| u.project.clone()).unwrap_or_else(|| "somebody".into());
    let (owner, why) = match &u.owner {
        Some(owner) => (owner.clone(), format!("{by} was seen to use it and does not declare it")),
        None => (cx.directory.catch_all.clone(), format!("{by} was seen to use it and nobody owns it: the catch-all")),
    };
    let r = to.entry(owner.clone()).or_insert_with(|| Recipient {
        owner,
        policy: default_policy(Kind::Deprecation),
        why,
        services: Vec::new(),
    });
    r.services.extend(u.service.clone());
}
