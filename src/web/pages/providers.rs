//! `/providers`: who is known, what is read of them, how to connect their webhook.
//!
//! In: provider files, how their sources are. Out: the pages. Invariant: what a webhook will not tell stands beside how to
//! connect it. Refuses to show a secret: its place is named.

use super::view::Page;
use super::{Fault, Paged, Shared};
use crate::engine::listing::{self, ConnectionView, ProviderRow};
use crate::engine::subscribe::{Subscription, subscription};
use crate::model::ConnectionId;
use crate::store::{SourceHealth, SourceRow};
use axum::extract::{Path, State};
use serde::Serialize;

#[derive(Serialize)]
struct List {
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    provider: ProviderRow,
    fresh: usize,
    blind: usize,
    webhook: bool,
    connections: Vec<ConnectionView>,
    services: Vec<String>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    row: Row,
    health: Vec<SourceRow>,
    subscriptions: Vec<Subscription>,
}

async fn rows(site: &super::Site) -> Result<(Vec<Row>, Vec<SourceRow>), Fault> {
    let a = &site.actions;
    let sources = listing::sources(&a.cx, &a.targets, &a.off).await?;
    let connections = listing::connections(&a.cx, &a.configured).await?;
    let services = listing::services(&a.cx);
    let row = |provider: ProviderRow| {
        let of = |f: fn(&SourceRow) -> bool| sources.iter().filter(|s| s.id.provider() == provider.id && f(s)).count();
        let uses = |u: &String| u.split([':', '/', '~']).next() == Some(provider.id.as_str());
        Row {
            fresh: of(|s| s.health == SourceHealth::Fresh),
            blind: of(|s| s.health != SourceHealth::Fresh && s.health != SourceHealth::Off),
            webhook: provider.sources.iter().any(|s| s.kind == "webhook"),
            connections: connections.iter().filter(|c| c.id.split('/').next() == Some(&provider.id)).cloned().collect(),
            services: services.iter().filter(|s| s.uses.iter().any(uses)).map(|s| s.id.clone()).collect(),
            provider,
        }
    };
    let mut all: Vec<Row> = listing::providers(&a.cx.catalog).into_iter().map(row).collect();
    let concerns = |r: &Row| !(r.services.is_empty() && r.connections.is_empty());
    all.sort_by_key(|r| (!concerns(r), r.fresh + r.blind == 0, r.provider.id.clone()));
    Ok((all, sources))
}

pub(super) async fn providers(State(site): Shared) -> Paged {
    Ok(Page::new("providers", "Providers", &List { rows: rows(&site).await?.0 }))
}

pub(super) async fn provider(State(site): Shared, Path(id): Path<String>) -> Paged {
    let (all, sources) = rows(&site).await?;
    let mut row = all.into_iter().find(|r| r.provider.id == id).ok_or(Fault::Missing("such provider"))?;
    // What is off stands last.
    let is_off = |id: &str| sources.iter().any(|s| s.id.as_str() == id && s.health == SourceHealth::Off);
    row.provider.sources.sort_by_key(|p| is_off(&p.id));
    let file = site.actions.cx.catalog.get(&id).ok_or(Fault::Missing("such provider"))?;
    let mut accounts: Vec<ConnectionId> =
        row.connections.iter().filter_map(|c| ConnectionId::new(c.id.clone()).ok()).collect();
    if accounts.is_empty() {
        accounts.extend(ConnectionId::new(format!("{id}/main")));
    }
    let subscriptions = accounts.iter().filter_map(|c| subscription(file, c, site.public_url.as_deref())).collect();
    let health = sources.into_iter().filter(|s| s.id.provider() == id).collect();
    Ok(Page::new("provider", row.provider.name.clone(), &Shown { row, health, subscriptions }))
}
