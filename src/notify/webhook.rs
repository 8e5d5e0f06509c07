//! A webhook of ours: JSON to an address of the user's, signed by Standard Webhooks.
//!
//! In: messages. Out: one signed POST. Invariant: `webhook-id` is the message's key, the same over all attempts, so the
//! receiver can drop repeats; the address and secret are in no reason. Refuses redirects and unsigned sending.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use super::http::{Answer, UrlError, check_url, post};
use super::render::render;
use super::{Body, Message, Outcome, Row};
use crate::crypto::{HmacKey, base64_decode, base64_encode};
use crate::model::text::{one_line, safe_link};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;
use url::Url;

/// `[webhooks.NAME]` in the config. The secret is a reference; the config layer resolves it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// Where to POST; `https`, or `http` on this machine.
    pub url: Spanned<String>,
    /// Signs; `whsec_` and base64.
    pub secret: Spanned<String>,
}

/// Why a webhook cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The address.
    #[error("webhook {0}: {1}")]
    Url(String, UrlError),
    /// The secret.
    #[error(
        "webhook {0}: the secret must be whsec_ followed by base64 of 24 to 64 random bytes: make one with \
         `echo whsec_$(openssl rand -base64 32)`"
    )]
    Secret(String),
}

/// The key in a secret: `whsec_` and base64 of 24 to 64 bytes.
///
/// # Errors
/// Names the webhook and what is allowed.
pub fn key_bytes(name: &str, secret: &SecretString) -> Result<Vec<u8>, WebhookError> {
    let bytes = secret.expose_secret().strip_prefix("whsec_").and_then(base64_decode);
    bytes.filter(|b| (24..=64).contains(&b.len())).ok_or_else(|| WebhookError::Secret(name.to_owned()))
}

/// Sends to one address.
pub struct Outgoing {
    client: reqwest::Client,
    name: String,
    url: Url,
    key: HmacKey,
}

impl Outgoing {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// Names the webhook and what is allowed; never its address or secret.
    pub fn new(
        client: reqwest::Client,
        name: impl Into<String>,
        url: &str,
        secret: &SecretString,
    ) -> Result<Self, WebhookError> {
        let name = name.into();
        let url = check_url(url).map_err(|e| WebhookError::Url(name.clone(), e))?;
        let key = HmacKey::new(&key_bytes(&name, secret)?);
        Ok(Self { client, name, url, key })
    }

    /// Posts.
    pub async fn send(&self, message: &Message) -> Outcome {
        let body = payload(message).to_string();
        let time = message.now.as_second().to_string();
        let tag = self.key.tag(&[message.key.as_bytes(), b".", time.as_bytes(), b".", body.as_bytes()]);
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &message.key)
            .header("webhook-timestamp", time)
            .header("webhook-signature", format!("v1,{}", base64_encode(&tag)))
            .body(body);
        match post(request, message.now).await {
            Ok(answer) => self.outcome(&answer),
            Err(outcome) => outcome,
        }
    }

    fn outcome(&self, answer: &Answer) -> Outcome {
        let status = answer.status;
        let said = format!("webhook {} answered {status}{}", self.name, answer.code());
        match status {
            200..=299 => Outcome::Delivered { thread: None, place: None },
            401 | 403 => Outcome::Unauthorized { reason: format!("{said}: is its secret the one it expects?") },
            300..=399 => {
                Outcome::Unreachable { reason: format!("{said}: redirects are not followed, write the final address") }
            }
            404 | 410 => {
                Outcome::Unreachable { reason: format!("{said}: it is gone, remove it or write the new address") }
            }
            408 | 425 | 429 | 500.. => Outcome::Retry { after: answer.retry_after, reason: said },
            _ => Outcome::Rejected { reason: said },
        }
    }
}

/// `{"type":"forewarn.notification","id":…,"timestamp":…,"data":{…}}`.
fn payload(message: &Message) -> Value {
    let rendered = render(message);
    let (kind, rows) = match &message.body {
        Body::Test => ("forewarn.test", Vec::new()),
        Body::Digest(d) => ("forewarn.digest", d.ends.iter().map(|o| &o.row).chain(&d.waiting).map(row).collect()),
        Body::Alerts(rows) | Body::Acted { rows, .. } => ("forewarn.notification", rows.iter().map(row).collect()),
    };
    json!({
        "type": kind,
        "id": message.key,
        "timestamp": message.now.to_string(),
        "data": {
            "owner": message.contact.owner,
            "contact": message.contact.id,
            "headline": rendered.headline,
            "lines": rendered.lines.iter().map(|l| &l.text).collect::<Vec<_>>(),
            "rows": rows,
        },
    })
}

fn row(row: &Row) -> Value {
    let m = &row.matter;
    json!({
        "alert": row.alert,
        "reason": row.reason,
        "step": row.step,
        "owner": one_line(&row.owner, 64),
        "why": one_line(&row.why, 500),
        "matter": m.id,
        "kind": m.kind,
        "provider": m.provider,
        "connection": m.connection,
        "stage": m.stage,
        "title": one_line(&m.title, 500),
        "summary": one_line(&m.summary, 4_000),
        "severity": m.severity,
        "url": m.url.as_deref().and_then(safe_link),
        "deadline": m.deadline,
        "moved_from": row.moved_from,
        "replacements": m.replacements.iter().map(|r| one_line(r, 200)).collect::<Vec<_>>(),
        "subjects": m.subjects,
        "services": row.services.iter().map(|s| json!({"name": s.name, "env": s.env})).collect::<Vec<_>>(),
        "act": row.act,
        "answer": row.answer.as_deref().map(|a| one_line(a, 500)),
    })
}

#[cfg(test)]
mod tests;
