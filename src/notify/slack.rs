//! Slack, by bot token or by incoming webhook.
//!
//! In: messages. Out: one `chat.postMessage` or one POST to a webhook address. Invariant: neither token nor webhook
//! address is in any reason; outside text is escaped and cannot mention anybody. Refuses to retry and to
//! wait; only a conversation whose first message is gone is begun anew at once.

mod answer;
mod blocks;

#[cfg(test)]
mod tests;

use super::http::{Answer, UrlError, check_url, post};
use super::render::render;
use super::{Message, Outcome};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Spanned;
use url::Url;

/// `[slack]` in the config. Secrets are references; the config layer resolves them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackSection {
    /// Token of the app, `xoxb-…`; needs `chat:write`, and `chat:write.public` for channels it is not in.
    pub bot_token: Option<Spanned<String>>,
    /// Another server that speaks Slack's Web API; `https`, or `http` on this machine.
    pub api_url: Option<Spanned<String>>,
    /// For buttons.
    pub signing_secret: Option<Spanned<String>>,
    /// Incoming webhooks by name; a contact names one.
    #[serde(default)]
    pub webhooks: BTreeMap<String, Spanned<String>>,
}

/// Where the Web API lives.
pub const API: &str = "https://slack.com/api";

/// Posts as an app; one message of a conversation goes under the first.
pub struct Bot {
    client: reqwest::Client,
    token: SecretString,
    post_message: String,
}

impl Bot {
    /// `client` is [`super::http::http_client`]; `base` is [`API`], or another server that speaks it.
    ///
    /// # Errors
    /// When `base` is not `https` and not this machine.
    pub fn new(client: reqwest::Client, token: SecretString, base: &str) -> Result<Self, UrlError> {
        check_url(base)?;
        Ok(Self { client, token, post_message: format!("{}/chat.postMessage", base.trim_end_matches('/')) })
    }

    /// Posts to the contact's channel, under `message.thread` when there is one.
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    pub async fn send(&self, message: &Message) -> Outcome {
        let mut body = payload(message);
        body["channel"] = json!(message.contact.address);
        // No guessing of links, channels and names in what we wrote.
        body["parse"] = json!("none");
        body["link_names"] = json!(false);
        if let Some(ts) = &message.thread {
            body["thread_ts"] = json!(ts);
        }
        let channel = &message.contact.address;
        match self.post(&body, message).await {
            Ok(answer) if message.thread.is_some() && answer::thread_is_gone(&answer) => {
                // Somebody deleted the first message; the conversation begins anew rather than ending.
                body.as_object_mut().map(|b| b.remove("thread_ts"));
                match self.post(&body, message).await {
                    Ok(answer) => answer::of_api(&answer, channel, None),
                    Err(outcome) => outcome,
                }
            }
            Ok(answer) => answer::of_api(&answer, channel, message.thread.as_deref()),
            Err(outcome) => outcome,
        }
    }

    async fn post(&self, body: &Value, message: &Message) -> Result<Answer, Outcome> {
        let request = self.client.post(&self.post_message).bearer_auth(self.token.expose_secret()).json(body);
        post(request, message.now).await
    }
}

/// Posts to one channel by an address that is a secret. Has no threads.
pub struct IncomingWebhook {
    client: reqwest::Client,
    url: SecretString,
}

impl IncomingWebhook {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine; the error does not repeat it.
    pub fn new(client: reqwest::Client, url: SecretString) -> Result<Self, UrlError> {
        check_url(url.expose_secret())?;
        Ok(Self { client, url })
    }

    /// Posts. <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
    pub async fn send(&self, message: &Message) -> Outcome {
        let Ok(url) = Url::parse(self.url.expose_secret().trim()) else {
            return Outcome::Unauthorized { reason: "the webhook address is not a URL".into() };
        };
        match post(self.client.post(url).json(&payload(message)), message.now).await {
            Ok(answer) => answer::of_webhook(&answer),
            Err(outcome) => outcome,
        }
    }
}

/// What both ways share: the text for notifications, and the blocks that are shown.
fn payload(message: &Message) -> Value {
    let rendered = render(message);
    json!({
        "text": blocks::fallback(&rendered),
        "blocks": blocks::blocks(&rendered),
        "unfurl_links": false,
        "unfurl_media": false,
    })
}
