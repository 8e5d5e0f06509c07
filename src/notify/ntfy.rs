//! ntfy: phones, by topic.
//!
//! In: messages. Out: one message as JSON, with a button that says "I have it". Invariant: text is never Markdown there,
//! since we do not ask for it, and no header holds text; the token is in no reason. Refuses topics that are no names.
//! <https://docs.ntfy.sh/publish/#publish-as-json>

use super::http::{Answer, UrlError, check_url, post};
use super::render::render;
use super::{Body, Message, Outcome};
use crate::model::Severity;
use crate::model::text::one_line;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

/// `[ntfy]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtfySection {
    /// The server; [`URL`] by default.
    pub url: Option<Spanned<String>>,
    /// An access token, `tk_…`, where topics are protected.
    pub token: Option<Spanned<String>>,
}

/// The public server.
pub const URL: &str = "https://ntfy.sh";
/// Most bytes of a text; a longer one becomes an attachment. <https://docs.ntfy.sh/publish/#limitations>
const MESSAGE_MAX: usize = 4_000;
/// Most characters of a title.
const TITLE_MAX: usize = 200;

/// Publishes on one server.
pub struct Server {
    client: reqwest::Client,
    url: String,
    token: Option<SecretString>,
}

impl Server {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, url: &str, token: Option<SecretString>) -> Result<Self, UrlError> {
        check_url(url)?;
        Ok(Self { client, url: format!("{}/", url.trim_end_matches('/')), token })
    }

    /// Publishes. What somebody did is no news for a phone.
    pub async fn send(&self, message: &Message) -> Outcome {
        if matches!(message.body, Body::Acted { .. }) {
            return Outcome::delivered();
        }
        let mut request = self.client.post(&self.url).json(&payload(message));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        match post(request, message.now).await {
            Ok(answer) => outcome(&answer),
            Err(outcome) => outcome,
        }
    }
}

/// Whether a topic is a name ntfy takes.
pub fn is_topic(topic: &str) -> bool {
    (1..=64).contains(&topic.len()) && topic.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn outcome(answer: &Answer) -> Outcome {
    let said = answer.json();
    match (answer.status, said["code"].as_u64()) {
        (200, _) if said["event"] == "message" => Outcome::delivered(),
        (200..=399, _) => Outcome::Retry { after: None, reason: format!("no answer of ntfy: {}", answer.excerpt()) },
        // "forbidden": this token may not write to this topic.
        (403, Some(40_301)) => Outcome::Unauthorized {
            reason: "ntfy: the token may not write to this topic: allow it, or renew ntfy.token".into(),
        },
        _ => answer.by_status("ntfy", "is ntfy.url the address of a server?"),
    }
}

fn payload(message: &Message) -> Value {
    let r = render(message);
    let mut text = String::new();
    for line in &r.lines {
        let bullet = if line.part.is_bullet() { "• " } else { "" };
        text.push_str(&format!("{bullet}{}\n", line.text));
    }
    text.push_str(&r.footer);
    let rows = message.body.rows();
    let worst = rows.iter().map(|row| row.matter.severity).max();
    let priority = match worst {
        Some(Severity::Critical) if r.marker != "✅" => 5,
        Some(Severity::Major) if r.marker != "✅" => 4,
        Some(_) | None => 3,
    };
    let mut body = json!({
        "topic": message.contact.address,
        "title": one_line(&r.first_line(), TITLE_MAX),
        "message": bytes(&text, MESSAGE_MAX),
        "priority": priority,
    });
    if let ([row], false) = (rows, r.marker == "✅")
        && let Some(act) = &row.act
    {
        body["click"] = json!(act);
        // One tap answers; the page asks for more. <https://docs.ntfy.sh/publish/#action-buttons>
        let form = json!({"Content-Type": "application/x-www-form-urlencoded"});
        body["actions"] = json!([
            {"action": "http", "label": "I have it", "url": act, "method": "POST", "headers": form, "body": "do=seen", "clear": true},
            {"action": "view", "label": "Plan, done, …", "url": act},
        ]);
    }
    body
}

/// At most `max` bytes, cut between characters.
fn bytes(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max - 4).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format!("{}…", &text[..end])
}
