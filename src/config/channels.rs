//! Channels: their settings with secrets resolved, and whether every contact has what it needs.
//!
//! In: the channel sections, the owners. Out: [`ChannelSettings`]. Invariant: a contact's channel exists. Refuses to
//! connect anywhere: that is `send-test` and `doctor`.

use super::{File, check::Checker};
use crate::model::ids::check_name;
use crate::notify::email::{self, SmtpSettings};
use crate::notify::http::check_url;
use crate::notify::setting::Setting;
use crate::notify::slack::WorkspaceSection;
use crate::notify::webhook;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Longest name of a webhook: `channel-slack_webhook.NAME` must still be a name.
const LONGEST_NAME: usize = 40;

/// One workspace of Slack.
#[derive(Debug, Clone)]
pub struct SlackSettings {
    /// The bot's token.
    pub token: SecretString,
    /// Where the API is.
    pub api: String,
    /// Signs what is pressed.
    pub signing: Option<SecretString>,
    /// Opens a connection over which what is pressed comes.
    pub app_token: Option<SecretString>,
}

/// How to send.
#[derive(Debug, Clone, Default)]
pub struct ChannelSettings {
    /// Workspaces of Slack, by the names of their channels: `slack`, `slack.NAME`.
    pub slack: BTreeMap<String, SlackSettings>,
    /// Slack's incoming webhooks by name.
    pub slack_webhooks: BTreeMap<String, SecretString>,
    /// Mail.
    pub email: Option<SmtpSettings>,
    /// Webhooks of ours by name: address and secret.
    pub webhooks: BTreeMap<String, (String, SecretString)>,
    /// The other channels over HTTP, by the names contacts use.
    pub others: BTreeMap<String, Setting>,
}

pub(super) fn channels(file: &File, c: &mut Checker<'_>) -> ChannelSettings {
    let mut out = ChannelSettings::default();
    let api = file.slack.api_url.as_ref().map_or(crate::notify::slack::API.to_owned(), |u| u.get_ref().clone());
    if let Some((u, why)) = file.slack.api_url.as_ref().and_then(|u| Some((u, check_url(u.get_ref()).err()?))) {
        c.problem(format!("slack.api_url: {why}"), u.span());
    }
    let mut workspace = |name: String, s: &WorkspaceSection, c: &mut Checker<'_>| {
        let (token, signing) = (c.secret(&s.bot_token), s.signing_secret.as_ref().map(|s| c.secret(s)));
        let app_token = s.app_token.as_ref().and_then(|t| app_token(t, c));
        if let Some(token) = token {
            let (api, signing) = (api.clone(), signing.flatten());
            out.slack.insert(name, SlackSettings { token, api, signing, app_token });
        }
    };
    let (signing_secret, app) = (file.slack.signing_secret.clone(), file.slack.app_token.clone());
    match file.slack.bot_token.clone() {
        Some(bot_token) => {
            workspace("slack".into(), &WorkspaceSection { bot_token, signing_secret, app_token: app }, c);
        }
        None => signing_secret.iter().chain(&app).for_each(|s| drop(c.secret(s))),
    }
    for (name, section) in &file.slack.workspaces {
        named(name, section.span(), c);
        workspace(format!("slack.{name}"), section.get_ref(), c);
    }
    for (name, reference) in &file.slack.webhooks {
        named(name, reference.span(), c);
        if let Some(s) = c.secret(reference) {
            if let Err(why) = check_url(s.expose_secret()) {
                c.problem(format!("the address in {}: {why}", reference.get_ref()), reference.span());
            }
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
        named(name, section.span(), c);
        if let Err(why) = check_url(w.url.get_ref()) {
            c.problem(format!("webhook {name}: {why}"), w.url.span());
        }
        if let Some(secret) = c.secret(&w.secret) {
            if let Err(why) = webhook::key_bytes(name, &secret) {
                c.problem(why.to_string(), w.secret.span());
            }
            out.webhooks.insert(name.clone(), (w.url.get_ref().clone(), secret));
        }
    }
    out.others = super::channels_http::others(file, c);
    contacts(file, c);
    out
}

/// Slack has two sorts of tokens, and the one for the other is refused only when somebody presses a button.
fn app_token(reference: &Spanned<String>, c: &mut Checker<'_>) -> Option<SecretString> {
    let token = c.secret(reference)?;
    if !token.expose_secret().starts_with("xapp-") {
        c.problem(
            "app_token is an app-level token, which begins with xapp-: see docs/channels.md".into(),
            reference.span(),
        );
    }
    Some(token)
}

/// A webhook's name becomes the name of a channel, and of the trouble that is told when it fails.
pub(super) fn named(name: &str, span: Range<usize>, c: &mut Checker<'_>) {
    let length = if name.len() > LONGEST_NAME {
        Err(format!("{name:?} is longer than {LONGEST_NAME} characters"))
    } else {
        Ok(())
    };
    if let Err(why) = length.and_then(|()| check_name("webhook name", name).map_err(|e| e.to_string())) {
        c.problem(why, span);
    }
}

/// A contact without its channel would be a dead letter each time: it is refused at start.
fn contacts(file: &File, c: &mut Checker<'_>) {
    for (owner, section) in &file.owners {
        let o = section.get_ref();
        match o.slack.as_ref().map(|a| (a, a.get_ref().split_once(':'))) {
            Some((a, None)) if file.slack.bot_token.is_none() => c.problem(
                format!("owner {owner:?} wants Slack, but [slack] has no bot_token: set it, or use slack_webhook"),
                a.span(),
            ),
            Some((a, Some((name, _)))) if !file.slack.workspaces.contains_key(name) => {
                let known: Vec<_> = file.slack.workspaces.keys().map(String::as_str).collect();
                c.problem(format!("unknown workspace {name:?}: [slack] has {}", or_none(&known)), a.span());
            }
            Some(_) | None => {}
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
        super::channels_http::contacts(owner, o, file, c);
    }
}

pub(super) fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
