//! Channels from their settings.
//!
//! In: what the config resolved. Out: every channel by the name contacts use. Invariant: the console is always there; nothing
//! is connected. Refuses settings that cannot work, naming them without a secret.

use super::AppError;
use crate::config::ChannelSettings;
use crate::engine::deliver::Channels;
use crate::notify::{Channel, console, email, http, slack, webhook};
use std::collections::BTreeMap;

/// Sets up every channel, without connecting anywhere.
///
/// # Errors
/// A setting that is wrong.
pub fn channels(s: &ChannelSettings) -> Result<Channels, AppError> {
    let wrong = |e: &dyn std::fmt::Display| AppError::Setting(e.to_string());
    let by_http = !s.slack.is_empty() || !s.slack_webhooks.is_empty() || !s.webhooks.is_empty() || !s.others.is_empty();
    let mut out: Channels = BTreeMap::from([("console".to_owned(), Channel::Console(console::Console::stdout()))]);
    if let Some(settings) = &s.email {
        out.insert("email".into(), Channel::Email(email::Smtp::new(settings.clone()).map_err(|e| wrong(&e))?));
    }
    if !by_http {
        return Ok(out);
    }
    // One client for all: each reads the system's certificates.
    let client = http::http_client().map_err(|e| wrong(&e))?;
    for (name, w) in &s.slack {
        let bot = slack::Bot::new(client.clone(), w.token.clone(), &w.api).map_err(|e| wrong(&e))?;
        out.insert(name.clone(), Channel::Slack(bot.with_buttons(w.signing.clone()).with_socket(w.app_token.clone())));
    }
    for (name, url) in &s.slack_webhooks {
        let hook = slack::IncomingWebhook::new(client.clone(), url.clone()).map_err(|e| wrong(&e))?;
        out.insert(format!("slack_webhook.{name}"), Channel::SlackWebhook(hook));
    }
    for (name, (url, secret)) in &s.webhooks {
        let hook = webhook::Outgoing::new(client.clone(), name.clone(), url, secret).map_err(|e| wrong(&e))?;
        out.insert(format!("webhook.{name}"), Channel::Webhook(hook));
    }
    for (name, setting) in &s.others {
        let own = name.split_once('.').map_or(name.as_str(), |(_, own)| own);
        out.insert(name.clone(), setting.channel(client.clone(), own).map_err(|e| wrong(&e))?);
    }
    Ok(out)
}
