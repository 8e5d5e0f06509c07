//! Slack: `api/v2.0.0/current` and `history`. <https://docs.slack.dev/reference/slack-status-api>
//!
//! In: JSON. Out: a [`Page`] without components. Invariants: services are names, and their own ids; times carry local
//! offsets; `notice` is an incident, `maintenance` is not. Refuses an answer without its state or its list.

use super::page::{self, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::{ReadOutcome, Severity};
use crate::provider::read::when;
use serde::Deserialize;

#[derive(Deserialize)]
struct Current<'b> {
    #[serde(borrow, default)]
    status: Text<'b>,
    #[serde(borrow)]
    active_incidents: Option<Vec<Raw<'b>>>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    id: Text<'b>,
    #[serde(borrow, default)]
    title: Text<'b>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'b>,
    #[serde(borrow)]
    status: Text<'b>,
    #[serde(borrow, default)]
    url: Text<'b>,
    #[serde(borrow, default)]
    date_created: Text<'b>,
    #[serde(borrow, default)]
    date_updated: Text<'b>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    services: Vec<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    notes: Vec<Note<'b>>,
}

#[derive(Deserialize)]
struct Note<'b> {
    #[serde(borrow, default)]
    date_created: Text<'b>,
    #[serde(borrow, default)]
    body: Text<'b>,
}

pub(super) fn page(text: &str) -> Result<Page<'_>, ReadOutcome> {
    let raw = if text.trim_start().starts_with('[') {
        json::<Vec<Raw<'_>>>(text)?
    } else {
        match json::<Current<'_>>(text)? {
            Current { status, active_incidents: Some(all) } if matches!(&*status, "ok" | "active") => all,
            Current { .. } => return shapeless("it has no known status or no active_incidents"),
        }
    };
    Ok(Page { rows: Some(raw.len()), episodes: raw.into_iter().map(episode).collect(), ..Page::default() })
}

fn episode(i: Raw<'_>) -> Episode<'_> {
    let maintenance = &*i.kind == "maintenance" || Phase::parse(&i.status).is_maintenance();
    let (severity, health) = match &*i.kind {
        "outage" => (Severity::Critical, Health::Major),
        "incident" => (Severity::Major, Health::Partial),
        "notice" => (Severity::Minor, Health::Degraded),
        _ => (Severity::Minor, Health::Unknown),
    };
    let first = i.notes.len() <= 1;
    let newest = i.notes.into_iter().max_by_key(|n| when::timestamp(&n.date_created));
    let posted = newest.as_ref().and_then(|n| when::timestamp(&n.date_created));
    let updated = when::timestamp(&i.date_updated).or_else(|| when::timestamp(&i.date_created));
    let parts =
        i.services.iter().map(|s| Part::component(s, s, if maintenance { Health::Maintenance } else { health }));
    Episode {
        parts: parts.collect(),
        id: i.id,
        title: i.title,
        phase: Phase::parse(&i.status),
        word: i.status,
        maintenance,
        first,
        impact: Some((severity, i.kind)),
        update: Update {
            id: Text::default(),
            at: posted.or(updated),
            edited: None,
            body: newest.map(|n| n.body).unwrap_or_default(),
            markup: Markup::Html,
        },
        window: (None, None),
        link: i.url.to_string(),
    }
}
