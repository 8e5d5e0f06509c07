//! Instatus: `summary.json` and `v3/summary.json`, and `v3/components.json`.
//! <https://instatus.com/help/widgets/summary>
//!
//! In: JSON. Out: a [`Page`]. Invariants: lists that are left out are empty; the page's own state stands for the page as a
//! whole, because the summary lists no components. Refuses a state of the page that nobody knows.

use super::page::{self, Component, Episode, Health, Markup, Page, Part, Phase, RawComponent, Text, Update, WHOLE};
use super::{json, shapeless};
use crate::model::ReadOutcome;
use crate::provider::read::when;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    page: Option<Head<'b>>,
    #[serde(borrow, rename = "activeIncidents")]
    incidents: Option<Vec<Raw<'b>>>,
    #[serde(borrow, rename = "activeMaintenances")]
    maintenances: Option<Vec<Raw<'b>>>,
    #[serde(borrow)]
    components: Option<Vec<RawComponent<'b>>>,
}

#[derive(Deserialize)]
struct Head<'b> {
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    started: Text<'b>,
    #[serde(borrow, default)]
    start: Text<'b>,
    #[serde(borrow, default)]
    duration: Text<'b>,
    #[serde(borrow)]
    status: Text<'b>,
    #[serde(borrow, default)]
    impact: Text<'b>,
    #[serde(borrow, default)]
    url: Text<'b>,
    #[serde(borrow, default, rename = "updatedAt")]
    updated_at: Text<'b>,
    #[serde(borrow)]
    components: Option<Vec<RawComponent<'b>>>,
}

pub(super) fn page(text: &str) -> Result<Page<'_>, ReadOutcome> {
    // `components.json` is an object or a bare list.
    if text.trim_start().starts_with('[') {
        let all: Vec<RawComponent<'_>> = json(text)?;
        return Ok(with_components(Page::default(), all));
    }
    let body: Body<'_> = json(text)?;
    let Some(head) = body.page else {
        return match body.components {
            Some(all) => Ok(with_components(Page::default(), all)),
            None => shapeless("it has neither a page nor components"),
        };
    };
    let health = Health::parse(&head.status);
    if health == Health::Unknown {
        return shapeless("its page has no state that is known");
    }
    let mut episodes: Vec<Episode<'_>> =
        body.incidents.unwrap_or_default().into_iter().map(|i| episode(i, false)).collect();
    episodes.extend(body.maintenances.unwrap_or_default().into_iter().map(|m| episode(m, true)));
    let whole = Component { id: WHOLE.into(), name: head.name.clone(), health, since: None };
    let page = Page { names: vec![head.name], components: vec![whole], episodes, rows: Some(1) };
    Ok(with_components(page, body.components.unwrap_or_default()))
}

fn with_components<'b>(mut page: Page<'b>, all: Vec<RawComponent<'b>>) -> Page<'b> {
    page.components.extend(page::components(all));
    page.rows = Some(page.components.len());
    page
}

fn episode(raw: Raw<'_>, maintenance: bool) -> Episode<'_> {
    let begins = when::timestamp(&raw.started).or_else(|| when::timestamp(&raw.start));
    let updated = when::timestamp(&raw.updated_at);
    let minutes = raw.duration.parse::<i64>().ok().filter(|m| (1..100_000).contains(m));
    let until = begins.zip(minutes).and_then(|(b, m)| b.checked_add(SignedDuration::from_mins(m)).ok());
    // Older summaries have no id: the last part of the address is one.
    let last: String = raw.url.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let id = raw.id.or(last.into());
    let window = |at: Option<Timestamp>| at.filter(|_| maintenance);
    let parts = raw.components.unwrap_or_default();
    // Its words have no separators.
    let phase = Phase::parse(&raw.status);
    let word: Text<'_> = match phase {
        Phase::Scheduled => "scheduled".into(),
        Phase::Working => "in_progress".into(),
        Phase::Open | Phase::Over | Phase::Done => raw.status.to_lowercase().into(),
    };
    let impact = match Health::parse(&raw.impact) {
        Health::Unknown => raw.impact.clone(),
        known => known.words().into(),
    };
    Episode {
        id: id.or(raw.name.clone()),
        title: raw.name,
        phase,
        maintenance,
        first: updated.is_none() || updated == begins,
        impact: Some((page::impact(&raw.impact), impact)),
        update: Update {
            id: Text::default(),
            at: if maintenance { updated } else { updated.or(begins) },
            edited: None,
            body: Text::default(),
            markup: Markup::Html,
        },
        parts: parts.iter().map(|c| Part::component(&c.id, &c.name, Health::parse(&c.status))).collect(),
        window: (window(begins), window(until)),
        link: raw.url.to_string(),
        word,
    }
}
