//! Subscribing: everything a person needs to connect a provider's webhook to us.
//!
//! In: a provider file, an account, our public address. Out: the address to copy, the steps, the event types to tick, the
//! lines of the config. Invariant: a secret of an address is never shown, its place is. Refuses to know other providers.

use crate::model::{ConnectionId, Kind};
use crate::provider::catalog::Provider;
use crate::provider::file::Verify;
use serde::Serialize;
use std::collections::BTreeMap;

/// How to connect an account.
#[derive(Debug, Clone, Serialize)]
pub struct Subscription {
    /// Which.
    pub connection: ConnectionId,
    /// What the provider must call.
    pub address: String,
    /// The public address is not configured: its place stands in `address`.
    pub no_public_url: bool,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// What the webhook will not tell.
    pub not_told: Vec<String>,
    /// When the provider switches it off by itself.
    pub switched_off: Option<String>,
    /// Event types to tick, by what they mean. Jobs are left out: nobody is told of them.
    pub tick: Vec<Tick>,
    /// The lines of the config.
    pub section: String,
}

/// Types of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Tick {
    /// What they mean.
    pub kind: Kind,
    /// Their names; `*` stands for anything.
    pub types: Vec<String>,
}

/// How to connect an account at a provider; none where it sends no webhooks.
pub fn subscription(p: &Provider, connection: &ConnectionId, public_url: Option<&str>) -> Option<Subscription> {
    let (_, webhook) = p.file.webhook()?;
    let by_url = webhook.verify.iter().all(|v| matches!(v, Verify::UrlToken));
    let base = public_url.map_or("https://YOUR-PUBLIC-URL", |u| u.trim_end_matches('/'));
    let account = if connection.account() == "main" { "ACCOUNT" } else { connection.account() };
    let mut tick: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for r in webhook.rules.iter().filter(|r| r.kind != Kind::Job) {
        tick.entry(r.kind).or_default().extend(r.types.iter().cloned());
    }
    Some(Subscription {
        connection: connection.clone(),
        address: format!("{base}{}", path(connection, by_url)),
        no_public_url: public_url.is_none(),
        steps: p
            .file
            .subscribe
            .steps
            .iter()
            .map(|s| s.replace("ACCOUNT", account).replace("PUBLIC_URL", base))
            .collect(),
        not_told: p.file.subscribe.not_told.clone(),
        switched_off: p.file.subscribe.switched_off.clone(),
        tick: tick.into_iter().map(|(kind, types)| Tick { kind, types }).collect(),
        section: section(connection),
    })
}

/// The path of a hook; where the address itself is the proof, with the place of its secret.
pub fn path(connection: &ConnectionId, by_url: bool) -> String {
    let (id, account) = (connection.provider(), connection.account());
    match (by_url, account) {
        (true, _) => format!("/hooks/{id}/{account}/SECRET"),
        (false, "main") => format!("/hooks/{id}"),
        (false, _) => format!("/hooks/{id}/{account}"),
    }
}

/// The lines of the config that connect it.
pub fn section(connection: &ConnectionId) -> String {
    let mut name = connection.as_str().to_uppercase().replace(['-', '.', '/'], "_");
    if connection.account() == "main" {
        name = connection.provider().to_uppercase().replace(['-', '.'], "_");
    }
    format!("[connections.\"{connection}\"]\nwebhook_secret = \"env:{name}_WEBHOOK_SECRET\"\n")
}
