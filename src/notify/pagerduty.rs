//! PagerDuty, by the Events API v2.
//!
//! In: messages of one alert. Out: one event: trigger, acknowledge or resolve. Invariant: the dedup key follows from
//! matter and owner, so every rung of an alert is one incident there, whatever was restarted; the key of the integration is
//! in no reason. Refuses mail and REST: events are all it needs. <https://developer.pagerduty.com/docs/events-api-v2-overview>

use super::http::{Answer, UrlError, check_url, post};
use super::render::render;
use super::{Body, Message, Outcome, Row};
use crate::model::text::{one_line, safe_link};
use crate::model::{AlertState, Reason, Severity};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Spanned;

/// `[pagerduty]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySection {
    /// Where events go; [`URL`] by default, `https://events.eu.pagerduty.com` in Europe.
    pub url: Option<Spanned<String>>,
    /// Integration keys by name; a contact names one.
    #[serde(default)]
    pub keys: BTreeMap<String, Spanned<String>>,
}

/// Where events go.
pub const URL: &str = "https://events.pagerduty.com";
/// Most characters of a summary.
const SUMMARY_MAX: usize = 1_024;

/// Sends events of one integration.
pub struct Events {
    client: reqwest::Client,
    name: String,
    key: SecretString,
    enqueue: String,
}

impl Events {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, name: &str, key: SecretString, base: &str) -> Result<Self, UrlError> {
        check_url(base)?;
        Ok(Self { client, name: name.into(), key, enqueue: format!("{}/v2/enqueue", base.trim_end_matches('/')) })
    }

    /// Sends what the alert stands at.
    pub async fn send(&self, message: &Message) -> Outcome {
        let (event, key) = match message.body.rows().first() {
            None => (self.test(message), None),
            Some(row) => {
                // What was opened there under a key is closed under it, whoever owns the alert by then.
                let key = message.place.clone().unwrap_or_else(|| row.lasting_key());
                let Some(action) = action(&message.body, row) else {
                    return Outcome::Delivered { thread: None, place: Some(key) };
                };
                (self.event(message, row, action, &key), Some(key))
            }
        };
        match post(self.client.post(&self.enqueue).json(&event), message.now).await {
            Ok(answer) => self.outcome(&answer, key),
            Err(outcome) => outcome,
        }
    }

    fn test(&self, message: &Message) -> Value {
        let summary = one_line(&render(message).headline, SUMMARY_MAX - 1);
        json!({
            "routing_key": self.key.expose_secret(),
            "event_action": "trigger",
            "dedup_key": format!("forewarn-test-{}", message.key),
            "client": "forewarn",
            "payload": {"summary": summary, "source": "forewarn", "severity": "info"},
        })
    }

    fn event(&self, message: &Message, row: &Row, action: &str, key: &str) -> Value {
        let rendered = render(message);
        let lines: Vec<_> = rendered.lines.iter().map(|l| l.text.as_str()).collect();
        let link = |href: &str, text: &str| json!({"href": href, "text": text});
        let mut links = Vec::new();
        links.extend(row.act.as_deref().map(|l| link(l, "Answer: plan, done, not ours, wrong date, reassign")));
        links.extend(row.matter.url.as_deref().and_then(safe_link).map(|l| link(&l, "What the provider says")));
        json!({
            "routing_key": self.key.expose_secret(),
            "event_action": action,
            "dedup_key": key,
            "client": "forewarn",
            "payload": {
                "summary": one_line(&rendered.headline, SUMMARY_MAX - 1),
                "source": format!("forewarn/{}", message.contact.owner),
                "severity": severity(row.matter.severity),
                "timestamp": message.now.to_string(),
                "component": one_line(row.matter.id.as_str(), 200),
                "group": row.matter.provider,
                "class": row.matter.kind,
                "custom_details": {"details": lines, "do": rendered.footer, "alert": row.alert, "owner": row.owner},
            },
            "links": links,
        })
    }

    fn outcome(&self, answer: &Answer, key: Option<String>) -> Outcome {
        let who = format!("PagerDuty ({})", self.name);
        let said = answer.json();
        if answer.status == 202 && said["status"] == "success" {
            return Outcome::Delivered { thread: None, place: key };
        }
        let errors = said["errors"].to_string();
        match answer.status {
            400 if errors.contains("routing_key") || errors.contains("routing key") => Outcome::Unreachable {
                reason: format!("{who} does not know the integration key: make a new Events API v2 integration"),
            },
            // An answer of something else than PagerDuty.
            200..=399 => {
                Outcome::Retry { after: None, reason: format!("{who}: no answer of it: {}", answer.excerpt()) }
            }
            _ => answer.by_status(&who, "is the address the one of the Events API?"),
        }
    }
}

/// What happens to the incident; nothing, where somebody acted and it stays open.
fn action(body: &Body, row: &Row) -> Option<&'static str> {
    let over = matches!(row.reason, Reason::Resolved | Reason::Withdrawn);
    match (body, row.state) {
        (Body::Acted { .. }, AlertState::Resolved) => Some("resolve"),
        (Body::Acted { .. }, AlertState::Acknowledged) => Some("acknowledge"),
        (Body::Acted { .. }, AlertState::Open) => None,
        (Body::Alerts(_) | Body::Digest(_) | Body::Test, _) if over => Some("resolve"),
        // A rung that comes in spite of an answer is to be heard.
        (Body::Alerts(_) | Body::Digest(_) | Body::Test, _) => Some("trigger"),
    }
}

fn severity(s: Severity) -> &'static str {
    match s {
        Severity::Critical => "critical",
        Severity::Major => "error",
        Severity::Minor => "warning",
        Severity::Info => "info",
    }
}
