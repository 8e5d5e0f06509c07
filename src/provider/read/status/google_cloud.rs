//! Google Cloud: `incidents.json`. <https://status.cloud.google.com/incidents.schema.json>
//!
//! In: JSON, a rolling list of a year. Out: a [`Page`] without components. Invariants: an incident is open while `end` is
//! absent; products go by id, because titles are renamed; `SERVICE_INFORMATION` is no outage. Refuses an empty list.

use super::json;
use super::page::{self, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use crate::model::{ReadOutcome, Severity, SubjectType};
use crate::provider::file::StatusSource;
use crate::provider::read::when;
use serde::Deserialize;

#[derive(Deserialize)]
struct Raw<'b> {
    #[serde(borrow)]
    id: Text<'b>,
    #[serde(borrow, default)]
    begin: Text<'b>,
    #[serde(borrow, default)]
    end: Text<'b>,
    #[serde(borrow, default)]
    modified: Text<'b>,
    #[serde(borrow, default)]
    external_desc: Text<'b>,
    #[serde(borrow)]
    updates: Vec<RawUpdate<'b>>,
    #[serde(borrow, default)]
    status_impact: Text<'b>,
    #[serde(borrow, default)]
    service_key: Text<'b>,
    #[serde(borrow, default)]
    service_name: Text<'b>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    affected_products: Vec<Named<'b>>,
    #[serde(borrow, default)]
    uri: Text<'b>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    currently_affected_locations: Vec<Named<'b>>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    previously_affected_locations: Vec<Named<'b>>,
}

#[derive(Deserialize)]
struct RawUpdate<'b> {
    #[serde(borrow, default)]
    created: Text<'b>,
    #[serde(borrow, default)]
    modified: Text<'b>,
    #[serde(borrow, default)]
    when: Text<'b>,
    #[serde(borrow, default)]
    text: Text<'b>,
}

#[derive(Deserialize)]
struct Named<'b> {
    #[serde(borrow, default)]
    id: Text<'b>,
    #[serde(borrow, default)]
    title: Text<'b>,
}

pub(super) fn page<'b>(source: &StatusSource, text: &'b str) -> Result<Page<'b>, ReadOutcome> {
    let raw: Vec<Raw<'b>> = json(text)?;
    let rows = Some(raw.len());
    let episodes = raw.into_iter().map(|i| episode(i, source.page())).collect();
    Ok(Page { rows, episodes, ..Page::default() })
}

fn episode<'b>(i: Raw<'b>, page: &str) -> Episode<'b> {
    let over = when::timestamp(&i.end).is_some();
    let (severity, health, impact) = match &*i.status_impact {
        "SERVICE_OUTAGE" => (Severity::Critical, Health::Major, "service outage"),
        "SERVICE_DISRUPTION" => (Severity::Major, Health::Partial, "service disruption"),
        "SERVICE_INFORMATION" => (Severity::Info, Health::Unknown, "service information"),
        _ => (Severity::Major, Health::Unknown, ""),
    };
    let first = i.updates.len() <= 1;
    let posted = |u: &RawUpdate<'_>| when::timestamp(&u.when).or_else(|| when::timestamp(&u.created));
    let newest =
        i.updates.into_iter().map(|u| (posted(&u), u)).reduce(|best, next| if next.0 > best.0 { next } else { best });
    let fallback = || when::timestamp(&i.modified).or_else(|| when::timestamp(&i.begin));
    let update = match newest {
        Some((at, u)) => Update {
            id: Text::default(),
            at: at.or_else(fallback),
            edited: when::timestamp(&u.modified).filter(|m| when::timestamp(&u.created).is_some_and(|c| *m > c)),
            body: u.text,
            markup: Markup::Markdown,
        },
        None => Update {
            id: Text::default(),
            at: fallback(),
            edited: None,
            body: Text::default(),
            markup: Markup::Markdown,
        },
    };
    let mut products = i.affected_products;
    if products.is_empty() && &*i.service_key != "zall" {
        products.push(Named { id: i.service_key, title: i.service_name });
    }
    let places = if over || i.currently_affected_locations.is_empty() {
        i.previously_affected_locations
    } else {
        i.currently_affected_locations
    };
    Episode {
        id: i.id,
        title: i.external_desc,
        word: if over { "resolved" } else { "open" }.into(),
        phase: if over { Phase::Over } else { Phase::Open },
        maintenance: false,
        first,
        impact: Some((severity, impact.into())),
        update,
        parts: parts(&products, &places, health),
        window: (None, None),
        link: format!("{}/{}", page.trim_end_matches('/'), i.uri.trim_start_matches('/')),
    }
}

/// Every product in every place, as long as somebody could read that; else the products alone.
fn parts(products: &[Named<'_>], places: &[Named<'_>], health: Health) -> Vec<Part> {
    let part = |p: &Named<'_>, region: Option<String>| Part {
        kind: SubjectType::Product,
        id: p.id.to_string(),
        name: p.title.to_string(),
        region,
        health,
    };
    let regions: Vec<&Named<'_>> = places.iter().filter(|l| !l.id.is_empty() && &*l.id != "global").collect();
    if regions.is_empty() || regions.len() * products.len() > super::MOST_PARTS {
        return products.iter().map(|p| part(p, None)).collect();
    }
    products.iter().flat_map(|p| regions.iter().map(move |r| part(p, Some(r.id.to_string())))).collect()
}
