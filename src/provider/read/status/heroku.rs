//! Heroku: `api/v4/current-status` and `incidents`. <https://devcenter.heroku.com/articles/heroku-status>
//!
//! In: JSON. Out: a [`Page`] whose components are the systems. Invariants: `state` says whether it is over, because
//! `resolved` stays false and done maintenance stays listed. Refuses an answer without systems.

use super::page::{self, Component, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::ReadOutcome;
use crate::provider::file::StatusSource;
use crate::provider::read::when;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    status: Option<Vec<System<'b>>>,
    #[serde(borrow)]
    incidents: Option<Vec<Raw<'b>>>,
    #[serde(borrow)]
    scheduled: Option<Vec<Raw<'b>>>,
}

#[derive(Deserialize)]
struct System<'b> {
    #[serde(borrow)]
    system: Text<'b>,
    #[serde(borrow)]
    status: Text<'b>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    id: Text<'b>,
    #[serde(borrow, default)]
    title: Text<'b>,
    #[serde(borrow)]
    state: Text<'b>,
    #[serde(borrow, default)]
    created_at: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
    #[serde(borrow, default)]
    scheduled_for: Text<'b>,
    #[serde(borrow, default)]
    full_url: Text<'b>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    systems: Vec<Text<'b>>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    updates: Vec<RawUpdate<'b>>,
}

#[derive(Deserialize)]
struct RawUpdate<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    contents: Text<'b>,
    #[serde(borrow, default)]
    created_at: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    // `incidents` is a bare list.
    let (systems, incidents, scheduled) = if text.trim_start().starts_with('[') {
        (None, json(text)?, Vec::new())
    } else {
        let body: Body<'b> = json(text)?;
        let (Some(systems), Some(incidents)) = (body.status, body.incidents) else {
            return shapeless("it has no systems or no list of incidents");
        };
        (Some(systems), incidents, body.scheduled.unwrap_or_default())
    };
    let rows = systems.as_ref().map(Vec::len);
    let components: Vec<Component<'b>> = systems
        .unwrap_or_default()
        .into_iter()
        .map(|s| Component { health: Health::parse(&s.status), id: s.system.clone(), name: s.system, since: None })
        .collect();
    let page = source.page();
    let mut episodes: Vec<Episode<'b>> = incidents.into_iter().map(|i| episode(i, false, page, &components)).collect();
    episodes.extend(scheduled.into_iter().map(|i| episode(i, true, page, &components)));
    Ok(Page { components, episodes, rows, ..Page::default() })
}

fn episode<'b>(i: Raw<'b>, planned: bool, page: &str, components: &[Component<'b>]) -> Episode<'b> {
    let phase = Phase::parse(&i.state);
    let maintenance = planned || phase.is_maintenance();
    let posted = |u: &RawUpdate<'_>| when::timestamp(&u.created_at);
    let first = i.updates.len() <= 1;
    let newest = i.updates.into_iter().max_by_key(|u| posted(u));
    let edited =
        newest.as_ref().and_then(|u| when::timestamp(&u.updated_at).filter(|e| posted(u).is_some_and(|c| *e > c)));
    let at = newest.as_ref().and_then(posted);
    let parts = i.systems.iter().map(|s| {
        let health = components.iter().find(|c| c.id == *s).map_or(Health::Unknown, |c| c.health);
        Part::component(s, s, health)
    });
    Episode {
        parts: parts.collect(),
        link: match &*i.full_url {
            "" => format!("{}/incidents/{}", page.trim_end_matches('/'), &*i.id),
            url => url.to_owned(),
        },
        id: i.id,
        title: i.title,
        word: i.state,
        phase,
        maintenance,
        first,
        impact: Some((page::impact(""), Text::default())),
        update: Update {
            at: at.or_else(|| when::timestamp(&i.updated_at)).or_else(|| when::timestamp(&i.created_at)),
            edited,
            id: newest.as_ref().map(|u| u.id.clone()).unwrap_or_default(),
            body: newest.map(|u| u.contents).unwrap_or_default(),
            markup: Markup::Markdown,
        },
        window: (when::timestamp(&i.scheduled_for), None),
    }
}
