//! What the outside may list: episodes, owners, services, providers, connections, sources.
//!
//! In: the store, the directory, the catalog. Out: plain rows in the JSON of the API. Invariant: no secret and no address
//! of a person is in them. Refuses paging and HTTP.

use super::Context;
use super::calendar::concerned;
use super::poll::{Off, Target};
use super::same::Likeness;
use crate::model::event::Money;
use crate::model::{ConnectionId, Event, Kind, MatterId, MatterState, Severity, Stage, Subject, Window};
use crate::provider::catalog::Catalog;
use crate::store::{ConnectionRow, SourceHealth, SourceRow, StoreError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An incident, maintenance, billing or account matter as the outside sees it.
#[derive(Debug, Clone, Serialize)]
pub struct Episode {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Whose.
    pub provider: String,
    /// Which of our accounts it concerns, when one.
    pub connection: Option<ConnectionId>,
    /// Where it stands: open or resolved.
    pub stage: Stage,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// More.
    pub summary: String,
    /// Where to read about it.
    pub url: Option<String>,
    /// What it is about.
    pub subjects: Vec<Subject>,
    /// Amount, for billing.
    pub money: Option<Money>,
    /// When it is planned, for maintenance whose times are given.
    pub window: Option<Window>,
    /// When it began, by the provider's word.
    pub opened_at: Timestamp,
    /// The newest thing said about it, by the provider's word.
    pub latest_at: Timestamp,
    /// What of ours uses it.
    pub services: Vec<String>,
    /// Who owns that.
    pub owners: Vec<String>,
    /// Matters of other sources that may be this one; they stay apart, since no id joins them.
    pub possibly_same: Vec<MatterId>,
}

/// All matters of a kind, newest first.
///
/// # Errors
/// The store's.
pub async fn episodes(cx: &Context, kind: Kind) -> Result<Vec<Episode>, StoreError> {
    let mut all = marked(cx, &cx.store.matters_of(kind).await?);
    all.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
    Ok(all)
}

/// All matters of a kind that go on, newest first.
///
/// # Errors
/// The store's.
pub async fn going_on(cx: &Context, kind: Kind) -> Result<Vec<Episode>, StoreError> {
    let mut all = marked(cx, &cx.store.open(kind, usize::MAX).await?);
    all.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
    Ok(all)
}

/// These matters, each with those among them that it is possibly the same as.
pub fn marked(cx: &Context, matters: &[Arc<MatterState>]) -> Vec<Episode> {
    let same = Likeness::among(matters, cx.clock.now());
    matters.iter().map(|m| Episode { possibly_same: same.of(&m.id).to_vec(), ..episode(cx, m) }).collect()
}

/// One matter, beside no other.
pub fn episode(cx: &Context, m: &MatterState) -> Episode {
    let (services, owners) = concerned(cx, m);
    Episode {
        id: m.id.to_string(),
        kind: m.kind,
        provider: m.provider.to_string(),
        connection: m.connection.clone(),
        stage: m.stage,
        severity: m.severity,
        title: m.title.clone(),
        summary: m.summary.clone(),
        url: m.url.clone(),
        subjects: m.subjects.clone(),
        money: m.money.clone(),
        window: m.window,
        opened_at: m.opened_at,
        latest_at: m.latest_at,
        services,
        owners,
        possibly_same: Vec::new(),
    }
}

/// Events as the outside sees them: with how each was routed, and what its matter is possibly the same as.
///
/// # Errors
/// The store's.
pub async fn events(cx: &Context, found: &[(Event, String)]) -> Result<Vec<Value>, StoreError> {
    let listed = |e: &Event| matches!(e.event.kind, Kind::Incident | Kind::Maintenance);
    let same = if found.iter().any(|(e, _)| listed(e)) { Likeness::load(cx).await? } else { Likeness::default() };
    let one = |(e, routing): &(Event, String)| {
        let mut v = serde_json::to_value(e).unwrap_or_default();
        v["routing"] = json!(routing);
        if let Some(ids) = e.event.matter.as_ref().map(|m| same.of(m)).filter(|ids| !ids.is_empty()) {
            v["possibly_same"] = json!(ids);
        }
        v
    };
    Ok(found.iter().map(one).collect())
}

/// An owner. Addresses stay inside: they are people's.
#[derive(Debug, Clone, Serialize)]
pub struct OwnerRow {
    /// Its name.
    pub id: String,
    /// Where its days are counted.
    pub zone: String,
    /// How it is reached.
    pub contacts: Vec<String>,
    /// Whether somebody above can be told.
    pub has_lead: bool,
    /// When its digest comes, a line of cron with its zone; none where it is off.
    pub digest: Option<String>,
    /// When the next one comes.
    pub next_digest_at: Option<Timestamp>,
    /// Its services.
    pub services: Vec<String>,
}

/// All owners.
pub fn owners(cx: &Context) -> Vec<OwnerRow> {
    let now = cx.clock.now();
    let services = |name: &str| cx.directory.services().filter(|s| s.owner == name).map(|s| s.name.clone()).collect();
    let row = |o: &crate::rules::directory::Owner| OwnerRow {
        id: o.name.clone(),
        zone: o.zone.iana_name().unwrap_or("UTC").to_owned(),
        contacts: o.contacts.iter().map(|c| c.id.to_string()).collect(),
        has_lead: o.lead.is_some(),
        digest: o.digest.as_ref().map(|s| s.as_str().to_owned()),
        next_digest_at: o.digest.as_ref().and_then(|s| s.next(now)),
        services: services(&o.name),
    };
    cx.directory.owners().map(row).collect()
}

/// A service.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceRow {
    /// Its name.
    pub id: String,
    /// Who answers.
    pub owner: String,
    /// Its environment.
    pub env: String,
    /// What it uses.
    pub uses: Vec<String>,
}

/// All services.
pub fn services(cx: &Context) -> Vec<ServiceRow> {
    let row = |s: &crate::rules::directory::Service| ServiceRow {
        id: s.name.clone(),
        owner: s.owner.clone(),
        env: s.env.clone(),
        uses: s.uses.iter().map(|u| u.as_str().to_owned()).collect(),
    };
    cx.directory.services().map(row).collect()
}

/// A provider.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderRow {
    /// Its id.
    pub id: String,
    /// Its name as people write it.
    pub name: String,
    /// Its home.
    pub url: String,
    /// Where its file is from, in words.
    pub origin: String,
    /// Whether it sells models.
    pub model_provider: bool,
    /// Where it speaks.
    pub sources: Vec<Place>,
    /// What to do to connect its webhook.
    pub subscribe: Vec<String>,
    /// What its webhook does not tell.
    pub not_told: Vec<String>,
}

/// One place a provider speaks.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// `openai/deprecations`.
    pub id: String,
    /// webhook, table, models, status, changelog.
    pub kind: &'static str,
    /// V seen by us, R reported by others, U unverified and off.
    pub evidence: String,
}

/// All providers.
pub fn providers(catalog: &Catalog) -> Vec<ProviderRow> {
    let row = |p: &crate::provider::catalog::Provider| ProviderRow {
        id: p.file.id.to_string(),
        name: p.file.name.clone(),
        url: p.file.url.clone(),
        origin: p.origin.clone(),
        model_provider: p.model_provider,
        sources: p
            .file
            .sources
            .iter()
            .map(|(name, s)| Place {
                id: format!("{}/{name}", p.file.id),
                kind: s.kind(),
                evidence: s.evidence().to_string(),
            })
            .collect(),
        subscribe: p.file.subscribe.steps.clone(),
        not_told: p.file.subscribe.not_told.clone(),
    };
    catalog.iter().map(row).collect()
}

/// A connection.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionView {
    /// `openai/support`.
    pub id: String,
    /// Whether its webhook is configured.
    pub webhook: bool,
    /// Since when it is known.
    pub since: Option<Timestamp>,
    /// When it last sent something.
    pub last_at: Option<Timestamp>,
    /// How often it sent something.
    pub deliveries: u64,
}

/// All connections: those configured, and those that ever sent something.
///
/// # Errors
/// The store's.
pub async fn connections(cx: &Context, configured: &[ConnectionId]) -> Result<Vec<ConnectionView>, StoreError> {
    let known = cx.store.connections().await?;
    let by_id: BTreeMap<&ConnectionId, &ConnectionRow> = known.iter().map(|r| (&r.connection, r)).collect();
    let mut ids: Vec<&ConnectionId> = configured.iter().chain(by_id.keys().copied()).collect();
    ids.sort();
    ids.dedup();
    let row = |id: &ConnectionId| {
        let seen = by_id.get(id);
        ConnectionView {
            id: id.to_string(),
            webhook: configured.contains(id),
            since: seen.map(|s| s.since),
            last_at: seen.and_then(|s| s.last_at),
            deliveries: seen.map_or(0, |s| s.deliveries),
        }
    };
    Ok(ids.into_iter().map(row).collect())
}

/// All sources: those polled as they are, those that are not with the reason.
///
/// # Errors
/// The store's.
pub async fn sources(cx: &Context, targets: &[Target], off: &Off) -> Result<Vec<SourceRow>, StoreError> {
    let known = cx.store.sources().await?;
    let now = cx.clock.now();
    let polled = targets
        .iter()
        .map(|t| known.iter().find(|r| r.id == t.id).cloned().unwrap_or_else(|| SourceRow::new(t.id.clone(), now)));
    let not = off.list(&cx.catalog).into_iter().map(|o| SourceRow {
        health: SourceHealth::Off,
        problem: Some(o.why.clone()),
        // Never: a moment that goes on would make the list another each time it is asked for.
        ..SourceRow::new(o.id.clone(), Timestamp::UNIX_EPOCH)
    });
    let mut all: Vec<SourceRow> = polled.chain(not).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}
