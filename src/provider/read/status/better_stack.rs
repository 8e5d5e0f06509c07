//! Better Stack: `index.json`, JSON:API.
//! <https://betterstack.com/docs/uptime/status-pages/subscribing-to-status-updates/subscribing-to-api/>
//!
//! In: JSON. Out: a [`Page`]. Invariants: whether a report is over is its `aggregate_state`, because `ends_at` stays null;
//! `not_monitored` is neither well nor broken; one monitor that is down is a part of a page, not all of it. Refuses what is no `status_page`.

use super::page::{Component, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::ReadOutcome;
use crate::provider::file::StatusSource;
use crate::provider::read::{ReadContext, when};
use jiff::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    data: Option<Object<'b>>,
    #[serde(borrow)]
    included: Option<Vec<Object<'b>>>,
}

#[derive(Deserialize)]
struct Object<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'b>,
    #[serde(borrow, default)]
    attributes: Attributes<'b>,
    #[serde(borrow)]
    relationships: Option<Relationships<'b>>,
}

#[derive(Deserialize, Default)]
struct Attributes<'b> {
    #[serde(borrow, default)]
    company_name: Text<'b>,
    #[serde(borrow, default)]
    aggregate_state: Text<'b>,
    #[serde(borrow, default)]
    public_name: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
    #[serde(borrow, default)]
    title: Text<'b>,
    #[serde(borrow, default)]
    report_type: Text<'b>,
    #[serde(borrow, default)]
    starts_at: Text<'b>,
    #[serde(borrow, default)]
    ends_at: Text<'b>,
    #[serde(borrow, default)]
    message: Text<'b>,
    #[serde(borrow, default)]
    published_at: Text<'b>,
    #[serde(borrow)]
    affected_resources: Option<Vec<Affected<'b>>>,
}

#[derive(Deserialize)]
struct Affected<'b> {
    #[serde(borrow, default)]
    status_page_resource_id: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
}

#[derive(Deserialize)]
struct Relationships<'b> {
    #[serde(borrow)]
    status_updates: Option<List<'b>>,
}

#[derive(Deserialize)]
struct List<'b> {
    #[serde(borrow)]
    data: Option<Vec<Reference<'b>>>,
}

#[derive(Deserialize)]
struct Reference<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, cx: &ReadContext, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    let body: Body<'b> = json(text)?;
    let Some(head) = body.data.filter(|d| &*d.kind == "status_page") else {
        return shapeless("its data is no status_page");
    };
    // A page has a monitor for each model: one that is down is no outage of the provider.
    let worst = match Health::parse(&head.attributes.aggregate_state) {
        Health::Major => Health::Major,
        _ => Health::Partial,
    };
    let included = body.included.unwrap_or_default();
    let of = |kind: &'static str| included.iter().filter(move |o| &*o.kind == kind);
    let components: Vec<Component<'b>> = of("status_page_resource")
        .map(|o| Component {
            id: o.id.clone(),
            name: o.attributes.public_name.clone(),
            health: Health::parse(&o.attributes.status).min(worst),
            since: None,
        })
        .collect();
    let updates: Vec<&Object<'b>> = of("status_update").collect();
    // A report that says nothing of itself begins nothing.
    let says = |r: &&Object<'b>| {
        let a = &r.attributes;
        !(a.title.is_empty() && a.starts_at.is_empty() && a.report_type.is_empty())
    };
    let episodes = of("status_report")
        .filter(says)
        .map(|r| report(r, &updates, &components, &Around { page: source.page(), worst, now: cx.received_at }))
        .collect();
    let rows = Some(components.len());
    Ok(Page { names: vec![head.attributes.company_name, head.id], components, episodes, rows })
}

/// What a report is read with.
struct Around<'s> {
    page: &'s str,
    worst: Health,
    now: Timestamp,
}

fn report<'b>(
    r: &Object<'b>,
    updates: &[&Object<'b>],
    components: &[Component<'b>],
    around: &Around<'_>,
) -> Episode<'b> {
    let Around { page, worst, now } = *around;
    let a = &r.attributes;
    let maintenance = &*a.report_type == "maintenance";
    let own = r.relationships.as_ref().and_then(|r| r.status_updates.as_ref()?.data.as_ref());
    let of_it: Vec<&&Object<'b>> =
        updates.iter().filter(|u| own.is_some_and(|list| list.iter().any(|i| i.id == u.id))).collect();
    let newest = of_it.iter().max_by_key(|u| when::timestamp(&u.attributes.published_at));
    let (begins, ends) = (when::timestamp(&a.starts_at), when::timestamp(&a.ends_at));
    let aggregate = Health::parse(&a.aggregate_state).min(worst);
    let has_ended = ends.is_some_and(|e| e <= now);
    let over = aggregate == Health::Operational || (has_ended && !aggregate.is_ailing());
    let phase = match (maintenance, over) {
        (true, true) => Phase::Done,
        (true, false) if begins.is_some_and(|b| b > now) => Phase::Scheduled,
        (true, false) => Phase::Working,
        (false, true) => Phase::Over,
        (false, false) => Phase::Open,
    };
    let touched = newest.and_then(|u| u.attributes.affected_resources.as_ref()).or(a.affected_resources.as_ref());
    let parts = touched.into_iter().flatten().map(|t| {
        let known = components.iter().find(|c| c.id == t.status_page_resource_id);
        let name = known.map_or(&*t.status_page_resource_id, |c| &*c.name);
        Part::component(&t.status_page_resource_id, name, Health::parse(&t.status).min(worst))
    });
    Episode {
        id: r.id.clone(),
        title: a.title.clone(),
        word: match phase {
            Phase::Over => "resolved".into(),
            Phase::Done => "completed".into(),
            Phase::Scheduled => "scheduled".into(),
            Phase::Working => "in_progress".into(),
            Phase::Open => a.aggregate_state.clone().or("open".into()),
        },
        phase,
        maintenance,
        first: of_it.len() <= 1,
        impact: Some((aggregate.severity().max(crate::model::Severity::Minor), Text::default())),
        update: Update {
            id: newest.map(|u| u.id.clone()).unwrap_or_default(),
            at: newest.and_then(|u| when::timestamp(&u.attributes.published_at)).or(begins),
            edited: None,
            body: newest.map(|u| u.attributes.message.clone()).unwrap_or_default(),
            markup: Markup::Html,
        },
        parts: parts.collect(),
        window: (begins.filter(|_| maintenance), ends.filter(|_| maintenance)),
        link: page.to_owned(),
    }
}
