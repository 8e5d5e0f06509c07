//! Channels: their settings with secrets resolved, and whether every contact has what it needs.
//!
//! In: the channel sections, the owners. Out: [`ChannelSettings`]. Invariant: a contact's channel exists. Refuses to
//! connect anywhere: that is `send-test` and `doctor`.

use super::{File, check::Checker};
use crate::notify::email::{self, SmtpSettings};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// How to send.
#[derive(Debug, Clone, Default)]
pub struct ChannelSettings {
    /// Slack's bot token and the address of its API.
    pub slack: Option<(SecretString, String)>,
    /// Slack's incoming webhooks by name.
    pub slack_webhooks: BTreeMap<String, SecretString>,
    /// Mail.
    pub email: Option<SmtpSettings>,
    /// Webhooks of ours by name: address and secret.
    pub webhooks: BTreeMap<String, (String, SecretString)>,
}

pub(super) fn channels(file: &File, c: &mut Checker<'_>) -> ChannelSettings {
    let mut out = ChannelSettings::default();
    if let Some(token) = &file.slack.bot_token {
        let base = file.slack.api_url.as_ref().map_or(crate::notify::slack::API.to_owned(), |u| u.get_ref().clone());
        out.slack = c.secret(token).map(|t| (t, base));
    }
    if let Some(s) = &file.slack.signing_secret {
        c.secret(s);
    }
    for (name, reference) in &file.slack.webhooks {
        if let Some(s) = c.secret(reference) {
            out.slack_webhooks.insert(name.clone(), s);
        }
    }
    if let Some(section) = &file.email {
        let e = section.get_ref();
        let password = e.password.as_ref().map(|p| c.secret(p));
        let settings = SmtpSettings {
            smtp: e.smtp.get_ref().clone(),
            password: password.clone().flatten(),
            from: e.from.get_ref().clone(),
            ca_file: e.ca_file.clone(),
            timeout: email::TIMEOUT,
        };
        if password.is_none_or(|p| p.is_some()) {
            match email::Smtp::new(settings.clone()) {
                Ok(_) => out.email = Some(settings),
                Err(why) => c.problem(why.to_string(), e.smtp.span()),
            }
        }
    }
    for (name, section) in &file.webhooks {
        let w = section.get_ref();
        if let Some(secret) = c.secret(&w.secret) {
            out.webhooks.insert(name.clone(), (w.url.get_ref().clone(), secret));
        }
    }
    contacts(file, c);
    out
}

/// A contact without its channel would be a dead letter each time: it is refused at start.
fn contacts(file: &File, c: &mut Checker<'_>) {
    for (owner, section) in &file.owners {
        let o = section.get_ref();
        if let Some(a) = o.slack.as_ref().filter(|_| file.slack.bot_token.is_none()) {
            c.problem(
                format!("owner {owner:?} wants Slack, but [slack] has no bot_token: set it, or use slack_webhook"),
                a.span(),
            );
        }
        if let Some(n) = o.slack_webhook.as_ref().filter(|n| !file.slack.webhooks.contains_key(n.get_ref())) {
            let known: Vec<_> = file.slack.webhooks.keys().map(String::as_str).collect();
            c.problem(
                format!("unknown incoming webhook {:?}: [slack.webhooks] has {}", n.get_ref(), or_none(&known)),
                n.span(),
            );
        }
        for mail in o.email.iter().chain(&o.lead).filter(|_| file.email.is_none()) {
            c.problem(format!("owner {owner:?} wants mail, but there is no [email]: set smtp and from"), mail.span());
        }
        if let Some(n) = o.webhook.as_ref().filter(|n| !file.webhooks.contains_key(n.get_ref())) {
            let known: Vec<_> = file.webhooks.keys().map(String::as_str).collect();
            c.problem(format!("unknown webhook {:?}: [webhooks] has {}", n.get_ref(), or_none(&known)), n.span());
        }
    }
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
