//! OnlineOrNot: `https://api.onlineornot.com/v1/status_pages/PAGE/summary`.
//! <https://developers.onlineornot.com/api>
//!
//! In: JSON. Out: a [`Page`]. Invariant: only active incidents are listed and they carry no state, so nothing here ends
//! one: the page's feed does. Refuses an answer without success.

use super::page::{self, Episode, Markup, Page, Phase, RawComponent, Text, Update};
use super::{json, shapeless};
use crate::model::ReadOutcome;
use crate::provider::file::StatusSource;
use crate::provider::read::when;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(default)]
    success: bool,
    #[serde(borrow)]
    result: Option<Answer<'b>>,
}

#[derive(Deserialize)]
struct Answer<'b> {
    #[serde(borrow)]
    status_page: Option<Head<'b>>,
    #[serde(borrow)]
    components: Option<Vec<RawComponent<'b>>>,
    #[serde(borrow)]
    active_incidents: Option<Vec<Raw<'b>>>,
    #[serde(borrow)]
    scheduled_maintenance: Option<Vec<Raw<'b>>>,
}

#[derive(Deserialize)]
struct Head<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    id: Text<'b>,
    #[serde(borrow, default)]
    title: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
    #[serde(borrow, default)]
    impact: Text<'b>,
    #[serde(borrow, default)]
    started: Text<'b>,
    #[serde(borrow, default)]
    created_at: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    let body: Body<'b> = json(text)?;
    let (true, Some(result)) = (body.success, body.result) else { return shapeless("it is no success with a result") };
    let (Some(head), Some(components)) = (result.status_page, result.components) else {
        return shapeless("it has no status_page or no components");
    };
    let components = page::components(components);
    let page = source.page().trim_end_matches('/');
    let mut episodes: Vec<Episode<'b>> =
        result.active_incidents.unwrap_or_default().into_iter().map(|i| episode(i, false, page)).collect();
    episodes.extend(result.scheduled_maintenance.unwrap_or_default().into_iter().map(|m| episode(m, true, page)));
    Ok(Page { names: vec![head.name, head.id], rows: Some(components.len()), components, episodes })
}

fn episode<'b>(raw: Raw<'b>, maintenance: bool, page: &str) -> Episode<'b> {
    let begins = when::timestamp(&raw.started);
    let at = when::timestamp(&raw.updated_at).or_else(|| when::timestamp(&raw.created_at));
    let phase = match Phase::parse(&raw.status) {
        Phase::Open if maintenance => Phase::Scheduled,
        phase => phase,
    };
    Episode {
        link: format!("{page}/incidents/{}", &*raw.id),
        id: raw.id,
        title: raw.title,
        word: raw.status.or(if maintenance { "scheduled" } else { "active" }.into()),
        phase,
        maintenance,
        first: true,
        impact: Some((page::impact(&raw.impact), raw.impact)),
        update: Update {
            id: Text::default(),
            at: if maintenance { at } else { at.or(begins) },
            edited: None,
            body: Text::default(),
            markup: Markup::Html,
        },
        parts: Vec::new(),
        window: (begins.filter(|_| maintenance), None),
    }
}
