//! What is known of endings: what was read, and where a provider was never read, what was known when forewarn was built.
//!
//! In: the store, the snapshot. Out: deprecation matters. Invariant: a stored matter counts above the snapshot, and a
//! provider whose own page was read well once is never answered for by it. Refuses to record: nobody is told of a snapshot.

use super::Context;
use crate::model::{Kind, MatterId, MatterState};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// Every deprecation.
///
/// # Errors
/// The store's.
pub async fn deprecations(cx: &Context) -> Result<Vec<MatterState>, StoreError> {
    let mut all = cx.store.matters_of(Kind::Deprecation).await?;
    if cx.known.endings.is_empty() {
        return Ok(all);
    }
    let read = read_providers(cx).await?;
    let stored: BTreeSet<MatterId> = all.iter().map(|m| m.id.clone()).collect();
    let fits = |m: &&MatterState| !read.contains(m.provider.as_str()) && !stored.contains(&m.id);
    all.extend(cx.known.endings.iter().filter(fits).cloned());
    Ok(all)
}

/// One of them.
///
/// # Errors
/// The store's.
pub async fn deprecation(cx: &Context, id: &MatterId) -> Result<Option<MatterState>, StoreError> {
    let found = cx.store.matters(vec![id.clone()]).await?.pop().filter(|m| m.kind == Kind::Deprecation);
    match (found, cx.known.endings.iter().find(|m| m.id == *id)) {
        (None, Some(m)) if !read_providers(cx).await?.contains(m.provider.as_str()) => Ok(Some(m.clone())),
        (found, _) => Ok(found),
    }
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
