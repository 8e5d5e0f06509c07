//! Slack, by bot token or by incoming webhook.
//!
//! In: messages. Out: one `chat.postMessage` or one POST to a webhook address. Invariant: neither token nor webhook
//! address is in any reason; outside text is escaped and cannot mention anybody. Refuses to retry and to
//! wait; only a conversation whose first message is gone is begun anew at once.

mod answer;
mod blocks;
pub mod press;
pub mod socket;

#[cfg(test)]
mod tests;

use super::http::{Answer, UrlError, check_url, post};
use super::render::render;
use super::{Body, Message, Outcome};
use crate::crypto::equal;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};
use toml::Spanned;
use url::Url;

/// `[slack]` in the config. Secrets are references; the config layer resolves them.
#[derive(Debug, Clone, Default)]
pub struct SlackSection {
    /// Token of the app, `xoxb-…`; needs `chat:write`, and `chat:write.public` for channels it is not in.
    pub bot_token: Option<Spanned<String>>,
    /// Another server that speaks Slack's Web API; `https`, or `http` on this machine.
    pub api_url: Option<Spanned<String>>,
    /// For buttons.
    pub signing_secret: Option<Spanned<String>>,
    /// App-level token, `xapp-…`: for buttons by Socket Mode, where no public address exists.
    pub app_token: Option<Spanned<String>>,
    /// Incoming webhooks by name; a contact names one.
    pub webhooks: BTreeMap<String, Spanned<String>>,
    /// `[slack.NAME]`: further workspaces; a contact writes `NAME:#channel`.
    pub workspaces: BTreeMap<String, Spanned<WorkspaceSection>>,
}

/// `[slack.NAME]` in the config.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a workspace: [slack] has bot_token, signing_secret, app_token, api_url and webhooks; [slack.NAME] has bot_token, signing_secret and app_token"
)]
pub struct WorkspaceSection {
    /// Token of the app in that workspace.
    pub bot_token: Spanned<String>,
    /// For buttons there.
    pub signing_secret: Option<Spanned<String>>,
    /// For buttons there by Socket Mode.
    pub app_token: Option<Spanned<String>>,
}

/// By hand, because a flattened map would lose the places of errors.
impl<'de> Deserialize<'de> for SlackSection {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = SlackSection;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the table [slack]")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SlackSection, A::Error> {
                let mut out = SlackSection::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "bot_token" => out.bot_token = Some(map.next_value()?),
                        "api_url" => out.api_url = Some(map.next_value()?),
                        "signing_secret" => out.signing_secret = Some(map.next_value()?),
                        "app_token" => out.app_token = Some(map.next_value()?),
                        "webhooks" => out.webhooks = map.next_value()?,
                        _ => drop(out.workspaces.insert(key, map.next_value()?)),
                    }
                }
                Ok(out)
            }
        }
        d.deserialize_map(Keys)
    }
}

/// Where the Web API lives.
pub const API: &str = "https://slack.com/api";

/// Posts as an app; one message of a conversation goes under the first.
pub struct Bot {
    client: reqwest::Client,
    token: SecretString,
    base: String,
    signing: Option<SecretString>,
    app_token: Option<SecretString>,
}

impl Bot {
    /// `client` is [`super::http::http_client`]; `base` is [`API`], or another server that speaks it.
    ///
    /// # Errors
    /// When `base` is not `https` and not this machine.
    pub fn new(client: reqwest::Client, token: SecretString, base: &str) -> Result<Self, UrlError> {
        check_url(base)?;
        Ok(Self { client, token, base: base.trim_end_matches('/').to_owned(), signing: None, app_token: None })
    }

    /// With buttons: what is pressed comes signed with this secret.
    #[must_use]
    pub fn with_buttons(mut self, signing: Option<SecretString>) -> Self {
        self.signing = signing;
        self
    }

    /// Whether what is pressed reaches us.
    fn has_buttons(&self) -> bool {
        self.signing.is_some() || self.app_token.is_some()
    }

    /// Whether a request is of this workspace.
    pub fn is_mine(&self, time: &str, signature: &str, body: &[u8], now: Timestamp) -> bool {
        self.signing.as_ref().is_some_and(|s| press::is_slacks(s, time, signature, body, now))
    }

    /// Whether what is pressed in the other workspace comes over the same connection: one app installed in both.
    pub fn hears_with(&self, other: &Self) -> bool {
        let tokens = self.app_token.as_ref().zip(other.app_token.as_ref());
        tokens.is_some_and(|(a, b)| equal(a.expose_secret().as_bytes(), b.expose_secret().as_bytes()))
    }

    /// Opens a modal for somebody who pressed a button less than three seconds ago.
    /// <https://docs.slack.dev/reference/methods/views.open>
    ///
    /// # Errors
    /// What Slack said, one line.
    pub async fn open(&self, trigger: &str, view: &Value, now: Timestamp) -> Result<(), String> {
        match self.call("views.open", &json!({"trigger_id": trigger, "view": view}), now).await {
            Ok(answer) if answer.json()["ok"] == true => Ok(()),
            Ok(answer) => Err(answer.excerpt()),
            Err(outcome) => Err(format!("{outcome:?}")),
        }
    }

    /// Posts to the contact's channel, under `message.thread` when there is one.
    /// <https://docs.slack.dev/reference/methods/chat.postMessage>
    pub async fn send(&self, message: &Message) -> Outcome {
        if let Body::Acted { said, .. } = &message.body {
            return self.follow(message, said).await;
        }
        let mut body = payload(message, self.has_buttons());
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

    /// The message shows how things stand, and the thread says who acted.
    /// <https://docs.slack.dev/reference/methods/chat.update>
    async fn follow(&self, message: &Message, said: &str) -> Outcome {
        if let Some((channel, ts)) = message.place.as_deref().and_then(|p| p.split_once(' ')) {
            let mut body = payload(message, self.has_buttons());
            body["channel"] = json!(channel);
            body["ts"] = json!(ts);
            let answer = match self.call("chat.update", &body, message.now).await {
                Ok(answer) => answer,
                Err(outcome) => return outcome,
            };
            // One that was deleted or is too old to change still has its thread.
            let lost = ["message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found"];
            if !lost.iter().any(|e| answer.json()["error"] == *e) {
                match answer::of_api(&answer, channel, None) {
                    Outcome::Delivered { .. } => {}
                    other => return other,
                }
            }
        }
        let text = blocks::escape(&format!("✋ {said}"), blocks::TEXT_MAX);
        let mut body = json!({"channel": message.contact.address, "text": text, "parse": "none", "link_names": false});
        if let Some(ts) = &message.thread {
            body["thread_ts"] = json!(ts);
        }
        match self.post(&body, message).await {
            Ok(answer) => match answer::of_api(&answer, &message.contact.address, message.thread.as_deref()) {
                // The word stands in the thread; what can be changed later is the message above it.
                Outcome::Delivered { thread, .. } => Outcome::Delivered { thread, place: message.place.clone() },
                other => other,
            },
            Err(outcome) => outcome,
        }
    }

    async fn post(&self, body: &Value, message: &Message) -> Result<Answer, Outcome> {
        self.call("chat.postMessage", body, message.now).await
    }

    async fn call(&self, method: &str, body: &Value, now: Timestamp) -> Result<Answer, Outcome> {
        let url = format!("{}/{method}", self.base);
        post(self.client.post(url).bearer_auth(self.token.expose_secret()).json(body), now).await
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
        match post(self.client.post(url).json(&payload(message, false)), message.now).await {
            Ok(answer) => answer::of_webhook(&answer),
            Err(outcome) => outcome,
        }
    }
}

/// What both ways share: the text for notifications, and the blocks that are shown.
fn payload(message: &Message, buttons: bool) -> Value {
    let rendered = render(message);
    json!({
        "text": blocks::fallback(&rendered),
        "blocks": blocks::blocks(&rendered, message.body.rows(), buttons),
        "unfurl_links": false,
        "unfurl_media": false,
    })
}
