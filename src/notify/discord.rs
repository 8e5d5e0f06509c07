//! Discord, by webhook.
//!
//! In: messages. Out: one message with one embed. Invariant: `allowed_mentions` is empty and every outside text is
//! escaped, so nobody is pinged and nothing becomes a link; Discord's limits hold; the address is in no reason. Refuses
//! buttons: a webhook of a user may not have them; the page to answer on is a link. <https://discord.com/developers/docs/resources/webhook>

use super::http::{Answer, UrlError, check_url, post};
use super::markdown::escape;
use super::render::{Rendered, render};
use super::{Body, Message, Outcome};
use crate::model::text::one_line;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;
use url::Url;

/// `[discord]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscordSection {
    /// Addresses of webhooks by name; a contact names one.
    #[serde(default)]
    pub webhooks: BTreeMap<String, Spanned<String>>,
}

/// Limits of an embed. <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
const DESCRIPTION_MAX: usize = 4_096;
const FOOTER_MAX: usize = 1_000;
/// Most characters of a message.
const CONTENT_MAX: usize = 2_000;

/// Posts by one webhook.
pub struct Webhook {
    client: reqwest::Client,
    name: String,
    url: SecretString,
}

impl Webhook {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine; the error does not repeat it.
    pub fn new(client: reqwest::Client, name: &str, url: SecretString) -> Result<Self, UrlError> {
        check_url(url.expose_secret())?;
        Ok(Self { client, name: name.into(), url })
    }

    /// Posts, or changes what was posted when somebody acted.
    pub async fn send(&self, message: &Message) -> Outcome {
        let Ok(mut url) = Url::parse(self.url.expose_secret().trim()) else {
            return Outcome::Unauthorized { reason: "the webhook address is not a URL".into() };
        };
        let request = match (&message.body, message.place.as_deref()) {
            (Body::Acted { .. }, Some(id)) if id.bytes().all(|b| b.is_ascii_digit()) => {
                let path = format!("{}/messages/{id}", url.path().trim_end_matches('/'));
                url.set_path(&path);
                self.client.patch(url)
            }
            (Body::Acted { .. }, _) => return Outcome::delivered(),
            (Body::Alerts(_) | Body::Digest(_) | Body::Test, _) => {
                // Waits until it is there, and tells its id. <https://discord.com/developers/docs/resources/webhook#execute-webhook>
                url.query_pairs_mut().append_pair("wait", "true");
                self.client.post(url)
            }
        };
        match post(request.json(&payload(message)), message.now).await {
            Ok(answer) => self.outcome(&answer),
            Err(outcome) => outcome,
        }
    }

    fn outcome(&self, answer: &Answer) -> Outcome {
        let who = format!("Discord ({})", self.name);
        let said = answer.json();
        // <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
        match (answer.status, said["code"].as_u64()) {
            (200, _) if said["id"].is_string() => {
                Outcome::Delivered { thread: None, place: said["id"].as_str().map(|id| one_line(id, 40)) }
            }
            (200..=399, _) => {
                Outcome::Retry { after: None, reason: format!("{who}: no answer of it: {}", answer.excerpt()) }
            }
            // The message was deleted by somebody: nothing is left to change.
            (404, Some(10_008)) => Outcome::delivered(),
            (_, Some(10_003 | 10_015 | 50_027)) => Outcome::Unreachable {
                reason: format!("{who}: the webhook or its channel is gone: make a new webhook and write its address"),
            },
            (429, _) => {
                let asked = said["retry_after"].as_f64().filter(|s| s.is_finite() && (0.0..86_400.0).contains(s));
                let after = asked.map(|s| Duration::from_secs_f64(s.ceil())).or(answer.retry_after);
                Outcome::Retry { after, reason: format!("{who} asks us to slow down (429)") }
            }
            _ => answer.by_status(&who, "make a new webhook and write its address"),
        }
    }
}

fn payload(message: &Message) -> Value {
    let r = render(message);
    let color = match r.marker {
        "🔴" => 0xD1_3B_3B,
        "🟠" => 0xE6_7E_22,
        "🟡" => 0xE0_B4_00,
        "✅" => 0x2E_A0_43,
        _ => 0x8B_94_9E,
    };
    let act = match message.body.rows() {
        [row] => {
            row.act.as_deref().map(|url| format!("\n[Answer: plan, done, not ours, wrong date, reassign](<{url}>)"))
        }
        _ => None,
    };
    json!({
        "content": cut(&escape(&r.first_line()), CONTENT_MAX),
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "description": description(&r, act.as_deref().unwrap_or_default()),
            "color": color,
            "footer": {"text": one_line(&r.footer, FOOTER_MAX)},
        }],
    })
}

fn description(r: &Rendered, last: &str) -> String {
    let room = DESCRIPTION_MAX - last.chars().count() - 4;
    let (mut out, mut used) = (String::new(), 0);
    for line in &r.lines {
        let bullet = if line.part.is_bullet() { "• " } else { "" };
        let link = line.link.as_deref().map(|l| format!(" [open](<{l}>)")).unwrap_or_default();
        let text = format!("{bullet}{}{link}\n", escape(&one_line(&line.text, 600)));
        let length = text.chars().count();
        if used + length > room {
            out.push('…');
            break;
        }
        used += length;
        out.push_str(&text);
    }
    out.trim_end().to_owned() + last
}

/// Cuts escaped text, never between a backslash and its mark.
fn cut(escaped: &str, max: usize) -> String {
    if escaped.chars().count() <= max {
        return escaped.to_owned();
    }
    let kept: String = escaped.chars().take(max - 1).collect();
    let odd = kept.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1;
    let kept = if odd { &kept[..kept.len() - 1] } else { &kept };
    format!("{kept}…")
}
