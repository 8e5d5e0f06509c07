//! The settings as they were loaded, for people: what counts now, wherever it was written.
//!
//! In: a checked config. Out: groups of names and values. Invariant: no secret is in them: of secrets there is only how many
//! there are and until when. Refuses addresses of people.

use super::Config;
use std::collections::BTreeMap;

/// A group: its name, and names with values.
pub type Group = (String, Vec<(String, String)>);

/// How many owners get a digest by which schedule.
fn digest(c: &Config) -> String {
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for o in c.directory.owners() {
        *by.entry(o.digest.as_ref().map_or("off", |s| s.as_str())).or_default() += 1;
    }
    by.iter().map(|(when, n)| format!("{when} ({n})")).collect::<Vec<_>>().join(", ")
}

/// All groups.
pub fn settings(c: &Config) -> Vec<Group> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let or = |value: Option<String>, none: &str| value.unwrap_or_else(|| none.to_owned());
    let names = |all: Vec<&str>| if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    let main = vec![
        row("config", c.origin.clone()),
        row("public_url", or(c.public_url.clone(), "not set: links to the intake cannot be made")),
        row("intake", c.intake.to_string()),
        row("listen", c.listen.to_string()),
        row("catch_all", c.directory.catch_all.clone()),
        row("digest", digest(c)),
        row("low_water_mb", (c.low_water / (1 << 20)).to_string()),
        row(
            "heartbeat",
            c.heartbeat.as_ref().map_or("not set".to_owned(), |h| format!("every {} s", h.every.as_secs())),
        ),
        row("watch", c.watch.as_ref().map_or_else(|| "the model providers".to_owned(), |w| w.join(", "))),
        row("providers_dir", or(c.providers_dir.as_ref().map(|p| p.display().to_string()), "not set")),
        row("routes", names(c.directory.routes.iter().map(|r| r.name.as_str()).collect())),
        row("deadlines", c.directory.deadlines.len().to_string()),
    ];
    let ch = &c.channels;
    let channels = vec![
        row("slack", names(ch.slack.keys().map(String::as_str).collect())),
        row("slack.webhooks", names(ch.slack_webhooks.keys().map(String::as_str).collect())),
        row("email", if ch.email.is_some() { "on" } else { "off" }.to_owned()),
        row("webhooks", names(ch.webhooks.keys().map(String::as_str).collect())),
        row("others", names(ch.others.keys().map(String::as_str).collect())),
    ];
    let connections = c
        .connections
        .values()
        .map(|x| {
            let secrets = match x.webhook_secrets.len() {
                0 => "webhook off: no secret".to_owned(),
                1 => "1 webhook secret".to_owned(),
                n => format!("{n} webhook secrets"),
            };
            let key = if x.api_key.is_some() { ", an API key" } else { "" };
            row(x.id.as_str(), format!("{secrets}{key}"))
        })
        .collect();
    let mut out =
        vec![("General".to_owned(), main), ("Channels".to_owned(), channels), ("Connections".to_owned(), connections)];
    if !c.notes.is_empty() {
        out.push(("Worth knowing".to_owned(), c.notes.iter().map(|n| row("", n.clone())).collect()));
    }
    out
}
