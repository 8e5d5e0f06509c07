//! Prometheus Alertmanager, by its API v2.
//!
//! In: messages of one alert. Out: one alert there. Invariant: its labels follow from matter and owner, so every rung is
//! the same alert; it is sent again by the engine well before it would end by itself, for Alertmanager forgets. Refuses to
//! page by itself: routes and silences there are its users' own.
//! <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>

use super::http::{UrlError, check_url, post};
use super::render::render;
use super::{Body, Message, Outcome, Row};
use crate::model::text::{one_line, safe_link};
use crate::model::{AlertState, Reason};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

/// `[alertmanager.NAME]` in the config.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerSection {
    /// Its address, `https`, or `http` on this machine.
    pub url: Spanned<String>,
    /// A bearer token, where something before it asks for one.
    pub token: Option<Spanned<String>>,
}

/// An alert ends by itself so long after it was last sent: as long as forewarn may be down unnoticed there.
pub const LASTS: SignedDuration = SignedDuration::from_hours(24);

/// Sends to one Alertmanager.
pub struct Api {
    client: reqwest::Client,
    name: String,
    alerts: String,
    token: Option<SecretString>,
}

impl Api {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, name: &str, url: &str, token: Option<SecretString>) -> Result<Self, UrlError> {
        check_url(url)?;
        Ok(Self { client, name: name.into(), alerts: format!("{}/api/v2/alerts", url.trim_end_matches('/')), token })
    }

    /// Sends what the alert stands at.
    pub async fn send(&self, message: &Message) -> Outcome {
        let (alerts, place) = match message.body.rows().first() {
            None => (json!([test(message)]), None),
            Some(row) => {
                let (severity, owner) = (row.matter.severity.as_str(), row.owner.as_str());
                let mut alerts = vec![alert(message, row, (severity, owner), is_over(&message.body, row))];
                // Routes there read severity and owner, so both are labels; under the old ones the alert is over.
                let before = message.place.as_deref().and_then(|p| p.split_once('/'));
                if let Some(before) = before.filter(|b| *b != (severity, owner)) {
                    alerts.push(alert(message, row, before, true));
                }
                (json!(alerts), Some(format!("{severity}/{owner}")))
            }
        };
        let mut request = self.client.post(&self.alerts).json(&alerts);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        match post(request, message.now).await {
            Ok(answer) if answer.status == 200 => Outcome::Delivered { thread: None, place },
            Ok(answer) => match answer.by_status(&format!("Alertmanager ({})", self.name), "is its address right?") {
                Outcome::Delivered { .. } => {
                    Outcome::Retry { after: None, reason: format!("no answer of Alertmanager: {}", answer.excerpt()) }
                }
                other => other,
            },
            Err(outcome) => outcome,
        }
    }
}

fn is_over(body: &Body, row: &Row) -> bool {
    match body {
        Body::Acted { .. } => row.state == AlertState::Resolved,
        Body::Alerts(_) | Body::Digest(_) | Body::Test => matches!(row.reason, Reason::Resolved | Reason::Withdrawn),
    }
}

/// Labels name it, annotations tell of it. An empty label is none.
fn alert(message: &Message, row: &Row, (severity, owner): (&str, &str), over: bool) -> Value {
    let r = render(message);
    let ends: Timestamp = if over { message.now } else { message.now.saturating_add(LASTS).unwrap_or(message.now) };
    let lines: Vec<_> = r.lines.iter().map(|l| l.text.as_str()).collect();
    let mut out = json!({
        "labels": {
            "alertname": "Forewarn",
            "matter": one_line(row.matter.id.as_str(), 300),
            "kind": row.matter.kind,
            "provider": row.matter.provider,
            "owner": owner,
            "severity": severity,
        },
        "annotations": {
            "summary": r.headline,
            "description": lines.join("\n"),
            "do": r.footer,
            "state": row.state,
            "answer": row.answer.as_deref().map(|a| one_line(a, 300)).unwrap_or_default(),
        },
        "startsAt": row.matter.opened_at.min(message.now).to_string(),
        "endsAt": ends.to_string(),
    });
    let url = row.act.clone().or_else(|| row.matter.url.as_deref().and_then(safe_link));
    if let Some(url) = url {
        out["generatorURL"] = json!(url);
    }
    out
}

fn test(message: &Message) -> Value {
    let ends = message.now.saturating_add(SignedDuration::from_mins(5)).unwrap_or(message.now);
    json!({
        "labels": {"alertname": "ForewarnTest", "owner": message.contact.owner, "severity": "info"},
        "annotations": {"summary": render(message).headline},
        "startsAt": message.now.to_string(),
        "endsAt": ends.to_string(),
    })
}
