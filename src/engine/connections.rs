//! Connections: our accounts at providers, as configured, and what each makes possible.
//!
//! In: `[connections."PROVIDER/ACCOUNT"]`. Out: [`Connection`]s with resolved secrets. Invariant: several secrets may be
//! live, each with an end; a secret is never printed. Refuses nothing by itself: the config layer checks references.

use crate::model::ConnectionId;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

/// `[connections."PROVIDER/ACCOUNT"]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSection {
    /// One reference, or several: `"env:A"`, `["env:NEW", { secret = "env:OLD", until = "2026-12-01T00:00:00Z" }]`.
    pub webhook_secret: Option<Secrets>,
    /// Key for this provider's API.
    pub api_key: Option<Spanned<String>>,
    /// Who answers for this account.
    pub owner: Option<Spanned<String>>,
}

/// One secret or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a reference such as \"env:NAME\", or a list of references")]
pub enum Secrets {
    /// One.
    One(Spanned<String>),
    /// Several, all live.
    Many(Vec<SecretEntry>),
}

/// One secret of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a reference, or { secret = \"env:NAME\", until = \"2026-12-01T00:00:00Z\" }")]
pub enum SecretEntry {
    /// For good.
    Plain(Spanned<String>),
    /// Until a moment.
    Until {
        /// The reference.
        secret: Spanned<String>,
        /// From then on it opens nothing.
        until: Spanned<String>,
    },
}

impl Secrets {
    /// The references with their ends as written.
    pub fn entries(&self) -> Vec<(&Spanned<String>, Option<&Spanned<String>>)> {
        match self {
            Secrets::One(s) => vec![(s, None)],
            Secrets::Many(list) => list
                .iter()
                .map(|e| match e {
                    SecretEntry::Plain(s) => (s, None),
                    SecretEntry::Until { secret, until } => (secret, Some(until)),
                })
                .collect(),
        }
    }
}

/// A connection, resolved.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Secrets of its webhook, with their ends; empty: the webhook is off.
    pub webhook_secrets: Vec<(SecretString, Option<Timestamp>)>,
    /// Key of its API.
    pub api_key: Option<SecretString>,
}
