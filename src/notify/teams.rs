//! Microsoft Teams, by the webhook of a workflow ("Post to a channel when a webhook request is received").
//!
//! In: messages. Out: one Adaptive Card. Invariant: every text is a `TextRun`, for which no Markdown is known, so outside
//! text can be neither a link nor a mention; the card stays below 28 KB; the address is in no reason. Refuses threads:
//! a workflow begins a post each time.

use super::http::{Answer, UrlError, check_url, post};
use super::render::{Rendered, render};
use super::{Message, Outcome};
use crate::model::text::one_line;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Spanned;

/// `[teams]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamsSection {
    /// Addresses of workflows by name; a contact names one.
    #[serde(default)]
    pub webhooks: BTreeMap<String, Spanned<String>>,
}

/// Most bytes of a message.
/// <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
const BYTES_MAX: usize = 28 * 1024;
/// Most characters of one line.
const LINE_MAX: usize = 1_000;

/// Posts by one workflow.
pub struct Workflow {
    client: reqwest::Client,
    name: String,
    url: SecretString,
}

impl Workflow {
    /// `client` is [`super::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine; the error does not repeat it.
    pub fn new(client: reqwest::Client, name: &str, url: SecretString) -> Result<Self, UrlError> {
        check_url(url.expose_secret())?;
        Ok(Self { client, name: name.into(), url })
    }

    /// Posts.
    pub async fn send(&self, message: &Message) -> Outcome {
        let body = payload(message).to_string();
        let request = self.client.post(self.url.expose_secret().trim()).header("content-type", "application/json");
        match post(request.body(body), message.now).await {
            Ok(answer) => self.outcome(&answer),
            Err(outcome) => outcome,
        }
    }

    /// 202 is what a workflow answers; the old connectors answered 200, and said in the text that they failed.
    fn outcome(&self, answer: &Answer) -> Outcome {
        let who = format!("Teams ({})", self.name);
        let said = answer.excerpt();
        match answer.status {
            200 if said.contains("HTTP error 429") => {
                Outcome::Retry { after: answer.retry_after, reason: who + ": 429" }
            }
            200 if said.contains("Webhook message delivery failed") || said.starts_with('<') => {
                Outcome::Retry { after: None, reason: format!("{who} did not take it: {said}") }
            }
            400 if said.contains("TriggerInputSchemaMismatch") => {
                Outcome::Rejected { reason: format!("{who}: {said}") }
            }
            _ => answer.by_status(&who, "make a new workflow and write its address"),
        }
    }
}

fn payload(message: &Message) -> Value {
    let rendered = render(message);
    let mut shown = rendered.lines.len();
    loop {
        let card = card(&rendered, shown, message);
        if card.to_string().len() <= BYTES_MAX || shown == 0 {
            return card;
        }
        shown /= 2;
    }
}

/// <https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
fn card(r: &Rendered, shown: usize, message: &Message) -> Value {
    let mut body = vec![run(&r.first_line(), json!({"weight": "Bolder", "size": "Medium"}))];
    for line in r.lines.iter().take(shown) {
        let bullet = if line.part.is_bullet() { "• " } else { "" };
        body.push(run(&format!("{bullet}{}", line.text), json!({})));
    }
    body.push(run(&r.footer, json!({"isSubtle": true, "size": "Small"})));
    let open = |title: &str, url: &str| json!({"type": "Action.OpenUrl", "title": title, "url": url});
    let mut actions = Vec::new();
    if let [row] = message.body.rows() {
        actions.extend(row.act.as_deref().map(|url| open("Answer", url)));
    }
    actions.extend(r.lines.iter().take(shown).find_map(|l| l.link.as_deref()).map(|url| open("Read it there", url)));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": actions,
                "msteams": {"width": "Full"},
            },
        }],
    })
}

/// Text without Markdown. <https://adaptivecards.io/explorer/TextRun.html>
fn run(text: &str, look: Value) -> Value {
    let mut inline = json!({"type": "TextRun", "text": one_line(text, LINE_MAX)});
    if let (Some(inline), Some(look)) = (inline.as_object_mut(), look.as_object()) {
        inline.extend(look.clone());
    }
    json!({"type": "RichTextBlock", "inlines": [inline]})
}
