//! What is known of endings: what was read, and where a provider was never read, what was known when forewarn was built.
//!
//! In: the store, the snapshot. Out: deprecation matters. Invariant: a stored matter counts above the snapshot, and a
//! provider whose own page was read well once is never answered for by it. Refuses to record: nobody is told of a snapshot.

use super::Context;
use crate::model::{Kind, MatterId, MatterState};
use crate::store::{DatedFilter, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every deprecation.
///
/// # Errors
/// The store's.
pub async fn deprecations(cx: &Context) -> Result<Vec<Arc<MatterState>>, StoreError> {
    let stored = cx.store.matters_of(Kind::Deprecation).await?;
    with_snapshot(cx, stored, |_| true).await
}

/// Stored deprecations, and those of the snapshot that fit the same question.
///
/// # Errors
/// The store's.
pub async fn with_snapshot(
    cx: &Context,
    mut stored: Vec<Arc<MatterState>>,
    fits: impl Fn(&MatterState) -> bool,
) -> Result<Vec<Arc<MatterState>>, StoreError> {
    if cx.known.endings.is_empty() {
        return Ok(stored);
    }
    let read = read_providers(cx).await?;
    let more: Vec<&Arc<MatterState>> =
        cx.known.endings.iter().filter(|m| !read.contains(m.provider.as_str()) && fits(m)).collect();
    // A stored one may have another date by now, and not fit any more.
    let there = cx.store.matters(more.iter().map(|m| m.id.clone()).collect()).await?;
    let there: BTreeSet<MatterId> = there.into_iter().map(|m| m.id).collect();
    stored.extend(more.into_iter().filter(|m| !there.contains(&m.id)).cloned());
    Ok(stored)
}

/// Those that end inside a window, stored ones soonest first, then what only the snapshot knows.
///
/// # Errors
/// The store's.
pub async fn dated(cx: &Context, window: DatedFilter) -> Result<Vec<Arc<MatterState>>, StoreError> {
    let (from, until, provider) = (window.from, window.until, window.provider.clone());
    let fits = |m: &MatterState| {
        m.remind_by().is_some_and(|d| (from..=until).contains(&d.date))
            && provider.as_ref().is_none_or(|p| *p == m.provider.as_str())
    };
    with_snapshot(cx, cx.store.dated(window).await?, fits).await
}

/// One of them.
///
/// # Errors
/// The store's.
pub async fn deprecation(cx: &Context, id: &MatterId) -> Result<Option<Arc<MatterState>>, StoreError> {
    let found = cx.store.matters(vec![id.clone()]).await?.pop().filter(|m| m.kind == Kind::Deprecation).map(Arc::new);
    match (found, cx.known.endings.iter().find(|m| m.id == *id)) {
        (None, Some(m)) if !read_providers(cx).await?.contains(m.provider.as_str()) => Ok(Some(m.clone())),
        (found, _) => Ok(found),
    }
}

/// The same thing elsewhere: other regions, deployments, accounts.
///
/// # Errors
/// The store's.
pub async fn related(cx: &Context, m: &MatterState) -> Result<Vec<MatterId>, StoreError> {
    let mut out = BTreeSet::new();
    for s in &m.subjects {
        out.extend(cx.store.of_subject(s.clone()).await?);
    }
    let same = |o: &MatterState| {
        let mut pairs = o.subjects.iter().flat_map(|x| m.subjects.iter().map(move |y| (x, y)));
        pairs.any(|(x, y)| (&x.platform, x.kind, &x.id) == (&y.platform, y.kind, &y.id))
    };
    out.extend(with_snapshot(cx, Vec::new(), same).await?.into_iter().map(|o| o.id.clone()));
    out.remove(&m.id);
    Ok(out.into_iter().collect())
}

/// Whether it is one of the snapshot's, so that its age is said.
pub fn is_of_snapshot(m: &MatterState) -> bool {
    m.version == 0
}

async fn read_providers(cx: &Context) -> Result<BTreeSet<String>, StoreError> {
    let sources = cx.store.sources().await?;
    let read = sources.iter().filter(|s| s.last_ok_at.is_some() && s.id.name() == "deprecations");
    Ok(read.map(|s| s.id.provider().to_owned()).collect())
}
