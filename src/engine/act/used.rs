//! Use seen after somebody said "migrated": the alert is opened again.
//!
//! In: that a subject was used, by which service, on which day. Out: how many alerts were reopened. Invariant: only use on
//! a later day than the word "migrated" (in the owner's zone) counts: of that very day nobody knows what came first.
//! Refuses to guess which service it was: use without a service counts against every one.

use super::{Act, ActError, Action, Context, act};
use crate::model::{Alert, AlertState, By, MatterState, Resolution, ResolveReason, Via};
use crate::rules::ladder::today;
use crate::store::AlertFilter;
use crate::store::StoreError;
use jiff::{Timestamp, civil::Date};

/// A use of something by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// What, as a matter is named: `openai:gpt-demo-2025-08-07`.
    pub subject: String,
    /// Through which account, where known.
    pub account: Option<String>,
    /// By which service, where known.
    pub service: Option<String>,
    /// On which day it was last seen.
    pub on: Date,
}

/// Reopens what these uses disprove; how many alerts.
///
/// # Errors
/// The store's.
pub async fn used(cx: &Context, uses: &[Use], now: Timestamp) -> Result<u64, StoreError> {
    if uses.is_empty() {
        return Ok(0);
    }
    let filter = AlertFilter { limit: usize::MAX, migrated: true, ..AlertFilter::default() };
    let mut n = 0;
    for (alert, matter) in cx.store.alerts(filter).await? {
        let Some(seen) = uses.iter().find(|u| disproves(cx, u, &alert, &matter)) else { continue };
        let whom = seen.service.as_ref().map_or_else(String::new, |s| format!(" by {s}"));
        let note = Some(format!("used{whom} on {}", seen.on));
        let by = By { who: "forewarn".into(), via: Via::Forewarn };
        let again = Act { alert: alert.id, episode: Some(alert.episode), action: Action::Reopen { note }, by };
        match act(cx, again, now).await {
            Ok(_) => n += 1,
            // Over, or opened by somebody else meanwhile.
            Err(ActError::Refused(_)) => {}
            Err(ActError::Store(e)) => return Err(e),
        }
    }
    Ok(n)
}

fn disproves(cx: &Context, u: &Use, alert: &Alert, matter: &MatterState) -> bool {
    let migrated = |r: &Resolution| r.reason == ResolveReason::Migrated;
    let Some(said) = alert.resolution.as_ref().filter(|r| migrated(r)) else { return false };
    let same = matter.subjects.iter().any(|s| {
        s.matter_id().is_some_and(|id| id.as_str() == u.subject)
            && (s.account.is_none() || u.account.is_none() || s.account == u.account)
    });
    let theirs = u.service.as_ref().is_none_or(|s| alert.services.is_empty() || alert.services.contains(s));
    let owner = cx.directory.owner(&alert.owner);
    alert.state == AlertState::Resolved && !matter.is_over() && same && theirs && u.on > today(owner, said.at)
}
