//! The sections of PagerDuty, Teams, Discord, ntfy, GitHub, Jira, Linear and Alertmanager, and the contacts on them.
//!
//! In: the file. Out: [`Setting`]s by the names contacts use. Invariant: a contact's channel exists and its address has the
//! form that channel knows. Refuses to connect anywhere: that is `send-test`.

use super::File;
use super::channels::{named, or_none};
use super::check::Checker;
use crate::notify::http::check_url;
use crate::notify::setting::Setting;
use crate::notify::ticket::{github, jira, linear};
use crate::notify::{ntfy, pagerduty};
use crate::rules::directory::OwnerSection;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use toml::Spanned;

pub(super) fn others(file: &File, c: &mut Checker<'_>) -> BTreeMap<String, Setting> {
    let mut out = BTreeMap::new();
    let base = address(&file.pagerduty.url, pagerduty::URL, "pagerduty.url", c);
    for (name, reference) in &file.pagerduty.keys {
        named(name, reference.span(), c);
        if let Some(key) = c.secret(reference) {
            if key.expose_secret().len() != 32 {
                c.problem(
                    format!(
                        "the key in {} is no integration key of the Events API v2: it has 32 characters",
                        reference.get_ref()
                    ),
                    reference.span(),
                );
            }
            out.insert(format!("pagerduty.{name}"), Setting::PagerDuty(key, base.clone()));
        }
    }
    for (name, url) in hooks(&file.teams.webhooks, c) {
        out.insert(format!("teams.{name}"), Setting::Teams(url));
    }
    for (name, url) in hooks(&file.discord.webhooks, c) {
        out.insert(format!("discord.{name}"), Setting::Discord(url));
    }
    if let Some(s) = &file.ntfy {
        let url = address(&s.url, ntfy::URL, "ntfy.url", c);
        out.insert("ntfy".into(), Setting::Ntfy(url, s.token.as_ref().and_then(|t| c.secret(t))));
    }
    for (name, s) in &file.alertmanager {
        named(name, s.url.span(), c);
        let url = address(&Some(s.url.clone()), "", &format!("alertmanager.{name}.url"), c);
        out.insert(
            format!("alertmanager.{name}"),
            Setting::Alertmanager(url, s.token.as_ref().and_then(|t| c.secret(t))),
        );
    }
    let base = address(&file.github.api_url, github::API, "github.api_url", c);
    if let Some(token) = file.github.token.as_ref().and_then(|t| c.secret(t)) {
        out.insert("github".into(), Setting::Github(token, base));
    }
    if let Some(s) = &file.jira {
        address(&Some(s.url.clone()), "", "jira.url", c);
        if let Some(token) = c.secret(&s.token) {
            out.insert("jira".into(), Setting::Jira(Box::new(s.clone()), token));
        }
    }
    let base = address(&file.linear.api_url, linear::API, "linear.api_url", c);
    if let Some(key) = file.linear.api_key.as_ref().and_then(|k| c.secret(k)) {
        out.insert("linear".into(), Setting::Linear(key, base));
    }
    out
}

/// An address as given, or the default.
fn address(given: &Option<Spanned<String>>, default: &str, key: &str, c: &mut Checker<'_>) -> String {
    let Some(given) = given else { return default.to_owned() };
    if let Err(why) = check_url(given.get_ref()) {
        c.problem(format!("{key}: {why}"), given.span());
    }
    given.get_ref().trim().to_owned()
}

/// Addresses that are secrets, by name.
fn hooks(section: &BTreeMap<String, Spanned<String>>, c: &mut Checker<'_>) -> Vec<(String, SecretString)> {
    let mut out = Vec::new();
    for (name, reference) in section {
        named(name, reference.span(), c);
        let Some(url) = c.secret(reference) else { continue };
        if let Err(why) = check_url(url.expose_secret()) {
            c.problem(format!("the address in {}: {why}", reference.get_ref()), reference.span());
        }
        out.push((name.clone(), url));
    }
    out
}

/// Contacts of an owner on these channels: each names what exists, in the form it has.
pub(super) fn contacts(owner: &str, o: &OwnerSection, file: &File, c: &mut Checker<'_>) {
    let keys = |m: &BTreeMap<String, Spanned<String>>| m.keys().cloned().collect::<Vec<_>>();
    let managers: Vec<_> = file.alertmanager.keys().cloned().collect();
    for (given, section, known) in [
        (&o.pagerduty, "pagerduty.keys", keys(&file.pagerduty.keys)),
        (&o.teams, "teams.webhooks", keys(&file.teams.webhooks)),
        (&o.discord, "discord.webhooks", keys(&file.discord.webhooks)),
        (&o.alertmanager, "alertmanager", managers),
    ] {
        if let Some(n) = given.as_ref().filter(|n| !known.contains(n.get_ref())) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            c.problem(format!("unknown name {:?}: [{section}] has {}", n.get_ref(), or_none(&known)), n.span());
        }
    }
    type Form = fn(&str) -> bool;
    type Row<'a> = (&'a Option<Spanned<String>>, bool, &'a str, Form, &'a str);
    let forms: [Row<'_>; 4] = [
        (&o.ntfy, file.ntfy.is_some(), "[ntfy]", ntfy::is_topic, "a topic: letters, digits, - and _, at most 64"),
        (&o.github, file.github.token.is_some(), "[github] token", github::is_repository, "a repository: OWNER/NAME"),
        (&o.jira, file.jira.is_some(), "[jira]", jira::is_project, "the key of a project: SEARCH"),
        (&o.linear, file.linear.api_key.is_some(), "[linear] api_key", linear::is_team, "the key of a team: ENG"),
    ];
    for (given, configured, section, fits, form) in forms {
        let Some(given) = given else { continue };
        if !configured {
            c.problem(format!("owner {owner:?} wants it, but there is no {section}: set it"), given.span());
        }
        if !fits(given.get_ref()) {
            c.problem(format!("{:?} is not {form}", given.get_ref()), given.span());
        }
    }
}
