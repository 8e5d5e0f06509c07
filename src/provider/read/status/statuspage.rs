//! Atlassian Statuspage v2 and incident.io's compatible API: `summary.json`, `incidents.json`, `components.json`.
//! <https://metastatuspage.com/api/>
//!
//! In: JSON. Out: a [`Page`]. Invariants: groups are no components; incident.io leaves out empty lists, links and
//! components, Statuspage does not, so the same gap means different things; the newest update is the one of the latest
//! time, wherever it stands. Refuses a body with neither components nor incidents.

use super::page::{self, Component, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::ReadOutcome;
use crate::provider::file::{Dialect, StatusSource};
use crate::provider::read::when;
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    page: Option<PageHead<'b>>,
    status: Option<serde::de::IgnoredAny>,
    #[serde(borrow)]
    components: Option<Vec<RawComponent<'b>>>,
    #[serde(borrow)]
    incidents: Option<Vec<RawIncident<'b>>>,
    #[serde(borrow)]
    scheduled_maintenances: Option<Vec<RawIncident<'b>>>,
}

#[derive(Deserialize)]
struct PageHead<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
}

#[derive(Deserialize)]
struct RawComponent<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
    #[serde(default)]
    group: Option<bool>,
}

#[derive(Deserialize)]
struct RawIncident<'b> {
    #[serde(borrow)]
    id: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow)]
    status: Text<'b>,
    #[serde(borrow, default)]
    impact: Text<'b>,
    #[serde(borrow, default)]
    created_at: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
    #[serde(borrow, default)]
    shortlink: Text<'b>,
    #[serde(borrow, default)]
    scheduled_for: Text<'b>,
    #[serde(borrow, default)]
    scheduled_until: Text<'b>,
    #[serde(borrow)]
    components: Option<Vec<RawComponent<'b>>>,
    #[serde(borrow)]
    incident_updates: Option<Vec<RawUpdate<'b>>>,
}

#[derive(Deserialize)]
struct RawUpdate<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    body: Text<'b>,
    #[serde(borrow, default)]
    display_at: Text<'b>,
    #[serde(borrow, default)]
    created_at: Text<'b>,
    #[serde(borrow, default)]
    updated_at: Text<'b>,
    #[serde(borrow)]
    affected_components: Option<Vec<Affected<'b>>>,
}

#[derive(Deserialize)]
struct Affected<'b> {
    #[serde(borrow, default)]
    code: Text<'b>,
    #[serde(borrow, default)]
    name: Text<'b>,
    #[serde(borrow, default)]
    new_status: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    let body: Body<'b> = json(text)?;
    let lenient = source.dialect == Dialect::IncidentIo;
    let is_summary = body.status.is_some();
    match (&body.components, &body.incidents) {
        (None, None) if !is_summary && body.scheduled_maintenances.is_some() => {}
        (None, None) => return shapeless("it has neither components nor incidents"),
        (None, Some(_)) if is_summary => return shapeless("it has no components"),
        (Some(_), None) if is_summary && !lenient => return shapeless("it has no list of incidents"),
        (_, Some(_)) | (Some(_), None) => {}
    }
    if body.page.is_none() && (is_summary || body.incidents.as_ref().is_none_or(Vec::is_empty)) {
        return shapeless("it does not say whose page it is");
    }
    let components: Option<Vec<Component<'b>>> = body
        .components
        .map(|all| all.into_iter().filter(|c| c.group != Some(true)).map(|c| component(c, lenient)).collect());
    let current: Vec<Component<'b>> = components.unwrap_or_default();
    if !current.is_empty() && current.iter().all(|c| c.health == Health::Unknown) {
        return shapeless("none of its components has a state that is known");
    }
    let rows = if is_summary || !current.is_empty() { Some(current.len()) } else { None };
    let link = Links { page: source.page(), lenient };
    let of = |list: Option<Vec<RawIncident<'b>>>, planned| {
        list.unwrap_or_default().into_iter().map(move |i| (i, planned)).collect::<Vec<_>>()
    };
    let mut raw = of(body.incidents, false);
    raw.extend(of(body.scheduled_maintenances, true));
    let episodes = raw.into_iter().map(|(i, planned)| episode(i, planned, &link, &current)).collect();
    let names = body.page.map(|p| vec![p.name, p.id]).unwrap_or_default();
    Ok(Page { names, components: current, episodes, rows })
}

fn component(c: RawComponent<'_>, lenient: bool) -> Component<'_> {
    // incident.io stamps every component with the time of the page.
    let since = if lenient { None } else { when::timestamp(&c.updated_at) };
    Component { id: c.id, name: c.name, health: Health::parse(&c.status), since }
}

struct Links<'s> {
    page: &'s str,
    lenient: bool,
}

fn episode<'b>(i: RawIncident<'b>, planned: bool, links: &Links<'_>, current: &[Component<'b>]) -> Episode<'b> {
    let phase = Phase::parse(&i.status);
    let maintenance = planned || &*i.impact == "maintenance" || phase.is_maintenance();
    let updates = i.incident_updates.unwrap_or_default();
    let parts = parts(i.components.unwrap_or_default(), &updates, current);
    let first = updates.len() <= 1;
    let newest = newest(updates, maintenance);
    let fallback = || when::timestamp(&i.updated_at).or_else(|| when::timestamp(&i.created_at));
    let update = match newest {
        Some((at, edited, u)) => {
            Update { id: u.id, at: at.or_else(fallback), edited, body: u.body, markup: markup(links) }
        }
        None => {
            Update { id: Text::default(), at: fallback(), edited: None, body: Text::default(), markup: markup(links) }
        }
    };
    let link = match &*i.shortlink {
        "" => format!("{}/incidents/{}", links.page.trim_end_matches('/'), &*i.id),
        link => link.to_owned(),
    };
    Episode {
        title: i.name,
        word: i.status,
        phase,
        maintenance,
        first,
        impact: Some((page::impact(&i.impact), i.impact)),
        update,
        parts,
        window: (when::timestamp(&i.scheduled_for), when::timestamp(&i.scheduled_until)),
        link,
        id: i.id,
    }
}

fn markup(links: &Links<'_>) -> Markup {
    if links.lenient { Markup::Markdown } else { Markup::Html }
}

type Newest<'b> = (Option<Timestamp>, Option<Timestamp>, RawUpdate<'b>);

/// The update of the latest time, the first among equals: when it was posted, and when it was edited if later.
fn newest(updates: Vec<RawUpdate<'_>>, maintenance: bool) -> Option<Newest<'_>> {
    let posted = |u: &RawUpdate<'_>| {
        let (display, created) = (when::timestamp(&u.display_at), when::timestamp(&u.created_at));
        // Of maintenance the display time is the start of the window, often still to come.
        if maintenance { created.or(display) } else { display.or(created) }
    };
    let (at, u) =
        updates.into_iter().map(|u| (posted(&u), u)).reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    let created = when::timestamp(&u.created_at);
    let edited = when::timestamp(&u.updated_at).filter(|e| created.is_some_and(|c| *e > c));
    Some((at, edited, u))
}

/// What an incident names: its components as they are now; else those its newest updates touched.
fn parts(named: Vec<RawComponent<'_>>, updates: &[RawUpdate<'_>], current: &[Component<'_>]) -> Vec<Part> {
    let touched = || updates.iter().filter_map(|u| u.affected_components.as_ref()).flatten();
    let now =
        |id: &str, said: &str| current.iter().find(|c| &*c.id == id).map_or_else(|| Health::parse(said), |c| c.health);
    let mut out: Vec<Part> = Vec::new();
    for c in named.iter().filter(|c| c.group != Some(true)) {
        // Copies of the API leave out the id: an update knows it.
        let known = || touched().find(|a| a.name == c.name).map_or("", |a| &*a.code);
        let id = if c.id.is_empty() { known() } else { &c.id };
        let id = if id.is_empty() { &c.name } else { id };
        out.push(Part::component(id, &c.name, now(id, &c.status)));
    }
    if out.is_empty() {
        for a in touched() {
            let id = if a.code.is_empty() { &a.name } else { &a.code };
            if !out.iter().any(|p| p.id == **id) {
                out.push(Part::component(id, &a.name, now(id, &a.new_status)));
            }
        }
    }
    out
}
