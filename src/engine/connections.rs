//! Connections: our accounts at providers, as configured, and what each makes possible.
//!
//! In: `[connections."PROVIDER/ACCOUNT"]`. Out: [`Connection`]s with resolved secrets. Invariant: several secrets may be
//! live, each with an end; a secret is never printed. Refuses nothing by itself: the config layer checks references.

use crate::model::ConnectionId;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// `[connections."PROVIDER/ACCOUNT"]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSection {
    /// One reference, or several: `"env:A"`, `["env:NEW", { secret = "env:OLD", until = "2026-12-01T00:00:00Z" }]`.
    pub webhook_secret: Option<Spanned<toml::Value>>,
    /// Key for this provider's API.
    pub api_key: Option<Spanned<String>>,
    /// Key that may read how much is called: an admin key.
    pub usage_key: Option<Spanned<String>>,
    /// Where a gateway of ours is, if not by https at its usual port: `http://litellm.internal:4000`.
    pub usage_url: Option<Spanned<String>>,
    /// Our id at a sender whose key signs for all its customers; one, or several.
    pub pin: Option<Spanned<toml::Value>>,
    /// Which key that is, where a provider names its keys: AWS's access key id, a client id.
    pub key_id: Option<Spanned<String>>,
    /// Of temporary keys of AWS.
    pub session_token: Option<Spanned<String>>,
    /// What stands for `{NAME}` in the addresses of its provider file: a region, a subscription.
    #[serde(default)]
    pub values: BTreeMap<String, Spanned<String>>,
    /// The path of our hook in the provider's API, where missed deliveries are fetched by it: `repos/OWNER/REPO/hooks/ID`.
    pub hook: Option<Spanned<String>>,
    /// Who answers for this account.
    pub owner: Option<Spanned<String>>,
}

/// A reference to a secret, until when it is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretEntry {
    /// `env:NAME`.
    pub reference: String,
    /// From then on it opens nothing.
    pub until: Option<Timestamp>,
}

/// What `webhook_secret` may be, for messages.
const SECRET_FORMS: &str =
    "write \"env:NAME\", or a list of such texts and of { secret = \"env:OLD\", until = \"2026-12-01T00:00:00Z\" }";

/// Reads `webhook_secret`. (A serde enum would do it and lose the place in the file.)
///
/// # Errors
/// What is allowed.
pub fn secret_entries(value: &toml::Value) -> Result<Vec<SecretEntry>, String> {
    let wrong = || format!("webhook_secret is no reference: {SECRET_FORMS}");
    match value {
        toml::Value::String(s) => Ok(vec![SecretEntry { reference: s.clone(), until: None }]),
        toml::Value::Array(list) if !list.is_empty() => list.iter().map(|v| one(v).ok_or_else(wrong)).collect(),
        _ => Err(wrong()),
    }
}

fn one(value: &toml::Value) -> Option<SecretEntry> {
    if let Some(s) = value.as_str() {
        return Some(SecretEntry { reference: s.to_owned(), until: None });
    }
    let table = value.as_table().filter(|t| t.keys().all(|k| k == "secret" || k == "until"))?;
    let until = match table.get("until")? {
        toml::Value::String(s) => s.parse().ok()?,
        toml::Value::Datetime(d) => d.to_string().parse().ok()?,
        _ => return None,
    };
    Some(SecretEntry { reference: table.get("secret")?.as_str()?.to_owned(), until: Some(until) })
}

/// Reads `pin`.
///
/// # Errors
/// What is allowed.
pub fn pin_entries(value: &toml::Value) -> Result<Vec<String>, String> {
    let text = |v: &toml::Value| v.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let found: Option<Vec<String>> = match value {
        toml::Value::Array(list) if !list.is_empty() => list.iter().map(text).collect(),
        one => text(one).map(|s| vec![s]),
    };
    found.ok_or_else(|| "pin is your id at the sender: write a text, or a list of texts".into())
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
    /// Key that may read how much is called.
    pub usage_key: Option<SecretString>,
    /// Where a gateway of ours is, without a slash at its end.
    pub usage_url: Option<String>,
    /// The id of that key.
    pub key_id: Option<SecretString>,
    /// What goes with temporary keys.
    pub session_token: Option<SecretString>,
    /// What is filled into addresses.
    pub values: BTreeMap<String, String>,
    /// Path of our hook in its API.
    pub hook: Option<String>,
    /// Our ids at a sender whose key signs for all its customers.
    pub pins: Vec<String>,
    /// Where the outside reaches us, for senders that sign the address.
    pub public_url: Option<String>,
}
