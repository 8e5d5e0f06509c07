//! Status.io: `https://api.status.io/1.0/status/PAGE`. <https://kb.status.io/developers/public-status-api/>
//!
//! In: JSON. Out: a [`Page`]. Invariants: states and severities are codes (100 investigating to 400 resolved; 100
//! operational to 600 security event), of the message of the latest time; what ended is left out of the answer. Refuses
//! an answer without an overall state or components. Containers are where a component runs: of one that runs in several, an
//! incident is about those that it names, as regions.

use super::page::{Component, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::{ReadOutcome, Severity};
use crate::provider::file::StatusSource;
use crate::provider::read::when;
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    result: Option<Answer<'b>>,
}

#[derive(Deserialize)]
struct Answer<'b> {
    status_overall: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    status: Option<Vec<RawComponent<'b>>>,
    #[serde(borrow)]
    incidents: Option<Vec<Raw<'b>>>,
    #[serde(borrow)]
    maintenance: Option<Maintenance<'b>>,
}

#[derive(Deserialize)]
struct Maintenance<'b> {
    #[serde(borrow)]
    active: Option<Vec<Raw<'b>>>,
    #[serde(borrow)]
    upcoming: Option<Vec<Raw<'b>>>,
}

#[derive(Deserialize)]
struct RawComponent<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    status_code: Text<'b>,
    #[serde(borrow)]
    containers: Option<Vec<Container<'b>>>,
}

#[derive(Deserialize)]
struct Container<'b> {
    #[serde(borrow, rename = "id", alias = "_id", default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    status_code: Text<'b>,
}

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow, rename = "_id", alias = "id")]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    datetime_open: Text<'b>,
    #[serde(borrow, default)]
    datetime_planned_start: Text<'b>,
    #[serde(borrow, default)]
    datetime_planned_end: Text<'b>,
    #[serde(borrow)]
    messages: Option<Vec<Message<'b>>>,
    #[serde(borrow)]
    components_affected: Option<Vec<Affected<'b>>>,
    #[serde(borrow)]
    containers_affected: Option<Vec<Container<'b>>>,
}

#[derive(Deserialize)]
struct Message<'b> {
    #[serde(borrow, default)]
    details: Text<'b>,
    #[serde(borrow, default)]
    datetime: Text<'b>,
    #[serde(borrow, default)]
    state: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
}

#[derive(Deserialize)]
struct Affected<'b> {
    #[serde(borrow, rename = "_id", alias = "id", default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    let Some(answer) = json::<Body<'b>>(text)?.result else { return shapeless("it has no result") };
    let (Some(_), Some(mut components)) = (answer.status_overall, answer.status) else {
        return shapeless("it has no overall status or no components");
    };
    let places: HashMap<String, Vec<Container<'b>>> = components
        .iter_mut()
        .filter_map(|c| Some((c.id.to_string(), c.containers.take().filter(|all| all.len() > 1)?)))
        .collect();
    let components: Vec<Component<'b>> = components
        .into_iter()
        .map(|c| Component { health: health(&c.status_code), id: c.id, name: c.name, since: None })
        .collect();
    let (active, upcoming) = answer.maintenance.map_or((None, None), |m| (m.active, m.upcoming));
    let lists = [(answer.incidents, None), (active, Some(Phase::Working)), (upcoming, Some(Phase::Scheduled))];
    let mut episodes = Vec::new();
    for (list, planned) in lists {
        episodes.extend(
            list.unwrap_or_default().into_iter().map(|i| episode(i, planned, source.page(), (&components, &places))),
        );
    }
    Ok(Page { rows: Some(components.len()), components, episodes, ..Page::default() })
}

fn health(code: &str) -> Health {
    match code {
        "100" => Health::Operational,
        "200" => Health::Maintenance,
        "300" => Health::Degraded,
        "400" => Health::Partial,
        "500" | "600" => Health::Major,
        _ => Health::Unknown,
    }
}

/// What a page lists: its components, and where those that run in several places do.
type Listed<'l, 'b> = (&'l [Component<'b>], &'l HashMap<String, Vec<Container<'b>>>);

fn episode<'b>(i: Raw<'b>, planned: Option<Phase>, page: &str, (components, places): Listed<'_, 'b>) -> Episode<'b> {
    let messages = i.messages.unwrap_or_default();
    let first = messages.len() <= 1;
    let newest = messages.into_iter().max_by_key(|m| when::timestamp(&m.datetime));
    let word = match (planned, newest.as_ref().map(|m| &*m.state)) {
        (Some(Phase::Scheduled), _) => "scheduled",
        (Some(_), _) => "in_progress",
        (None, Some("200")) => "identified",
        (None, Some("300")) => "monitoring",
        (None, Some("400")) => "resolved",
        (None, _) => "investigating",
    };
    let said = newest.as_ref().map_or(Health::Unknown, |m| health(&m.status));
    let severity = if said == Health::Unknown { Severity::Minor } else { said.severity() };
    let named = i.components_affected.unwrap_or_default();
    let affected = i.containers_affected.unwrap_or_default();
    let parts = named.iter().flat_map(|a| {
        let known = components.iter().find(|c| c.id == a.id).map_or(said, |c| c.health);
        let whole = Part::component(&a.id, &a.name, known);
        let own = places.get(&*a.id).into_iter().flatten();
        let hit: Vec<Part> = own
            .filter(|p| affected.iter().any(|x| x.id == p.id && !p.name.is_empty()))
            .map(|p| Part { region: Some(p.name.to_string()), health: health(&p.status_code), ..whole.clone() })
            .collect();
        if hit.is_empty() { vec![whole] } else { hit }
    });
    let at = newest.as_ref().and_then(|m| when::timestamp(&m.datetime)).or_else(|| when::timestamp(&i.datetime_open));
    let kind = if planned.is_some() { "maintenance" } else { "incident" };
    Episode {
        parts: parts.take(super::MOST_PARTS).collect(),
        link: format!("{}/pages/{kind}/{}", page.trim_end_matches('/'), &*i.id),
        id: i.id,
        title: i.name,
        word: word.into(),
        phase: Phase::parse(word),
        maintenance: planned.is_some(),
        first,
        impact: Some((severity, if said == Health::Unknown { "" } else { said.words() }.into())),
        update: Update {
            id: Text::default(),
            at,
            edited: None,
            body: newest.map(|m| m.details).unwrap_or_default(),
            markup: Markup::Html,
        },
        window: (when::timestamp(&i.datetime_planned_start), when::timestamp(&i.datetime_planned_end)),
    }
}
