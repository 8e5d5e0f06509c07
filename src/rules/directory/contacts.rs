//! Contacts of an owner: names of channels with addresses.
//!
//! In: an owner's section. Out: its contacts, in the order they are told. Invariant: `OWNER/WHAT` is unique. Refuses to
//! know whether a channel is configured: the config checks that.

use super::OwnerSection;
use crate::model::{Contact, ContactId};
use crate::rules::policy::Problem;
use toml::Spanned;

/// The keys of an owner that make a contact, for messages.
pub(super) const WAYS: &str =
    "slack, slack_webhook, email, webhook, pagerduty, teams, discord, ntfy, github, jira, linear, alertmanager";

/// One contact.
pub(super) fn contact(owner: &str, what: &str, channel: String, address: &str) -> Contact {
    Contact { id: ContactId(format!("{owner}/{what}")), owner: owner.to_owned(), channel, address: address.to_owned() }
}

/// Every contact of an owner but the lead.
pub(super) fn of(owner: &str, s: &OwnerSection, problems: &mut Vec<Problem>) -> Vec<Contact> {
    for mail in s.email.iter().chain(&s.lead) {
        if !mail.get_ref().contains('@') || mail.get_ref().chars().any(|c| c.is_control() || c.is_whitespace()) {
            problems.push((format!("{:?} is no mail address", mail.get_ref()), mail.span()));
        }
    }
    let mut out = Vec::new();
    let mut add = |what: &str, channel: String, address: &str| out.push(contact(owner, what, channel, address));
    if let Some(a) = s.slack.as_ref().map(Spanned::get_ref) {
        // `acquired:#ml` is a channel of the workspace [slack.acquired].
        match a.split_once(':') {
            Some((workspace, channel)) => add("slack", format!("slack.{workspace}"), channel),
            None => add("slack", "slack".into(), a),
        }
    }
    // What names an entry of a section has that name in the channel's, what is an address has not.
    for (what, named, given) in [
        ("slack_webhook", true, &s.slack_webhook),
        ("email", false, &s.email),
        ("webhook", true, &s.webhook),
        ("pagerduty", true, &s.pagerduty),
        ("teams", true, &s.teams),
        ("discord", true, &s.discord),
        ("ntfy", false, &s.ntfy),
        ("github", false, &s.github),
        ("jira", false, &s.jira),
        ("linear", false, &s.linear),
        ("alertmanager", true, &s.alertmanager),
    ] {
        if let Some(a) = given.as_ref().map(Spanned::get_ref) {
            add(what, if named { format!("{what}.{a}") } else { what.into() }, a);
        }
    }
    if s.console {
        add("console", "console".into(), "stdout");
    }
    out
}
