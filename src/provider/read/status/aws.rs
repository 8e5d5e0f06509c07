//! AWS: `currentevents` of the Health Dashboard (UTF-16 JSON), the older dashboard's `data.json`, and RSS.
//!
//! In: JSON or a feed. Out: a [`Page`]. Invariants: codes come as texts and as numbers; the region stands only in the ARN
//! or behind the service; `[RESOLVED]`, code 0 of the newest word, or "operating normally" is the end. Refuses to read
//! UTF-16 that is cut in the middle of a character.

use super::page::{self, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use super::{json, shapeless};
use crate::model::{ReadOutcome, Severity, SubjectType};
use crate::provider::read::feed::{Entry, Feed};
use crate::provider::read::{guard, when};
use jiff::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The body as UTF-8: `currentevents` is UTF-16 of either order, with a byte-order mark or not (JSON begins in ASCII).
pub(super) fn utf16(body: &[u8]) -> Result<Cow<'_, str>, ReadOutcome> {
    let (order, start): (fn([u8; 2]) -> u16, usize) = match body {
        [0xff, 0xfe, ..] => (u16::from_le_bytes, 2),
        [0xfe, 0xff, ..] => (u16::from_be_bytes, 2),
        [1..=0x7f, 0, ..] => (u16::from_le_bytes, 0),
        [0, 1..=0x7f, ..] => (u16::from_be_bytes, 0),
        _ => return guard::open(body).map(Cow::Borrowed),
    };
    if body.len() > guard::MAX_BODY {
        return Err(ReadOutcome::Unreadable(format!(
            "the body has {} bytes, at most {} are read",
            body.len(),
            guard::MAX_BODY
        )));
    }
    let units = body[start..].chunks(2).map(|pair| match pair {
        [a, b] => order([*a, *b]),
        // Half a character: not a valid one.
        _ => 0xd800,
    });
    let text: String = char::decode_utf16(units)
        .collect::<Result<_, _>>()
        .map_err(|_| ReadOutcome::Unreadable("the body is not UTF-16 to its end".to_owned()))?;
    if text.trim().is_empty() {
        return Err(ReadOutcome::GuardFailed("the body is empty".to_owned()));
    }
    Ok(Cow::Owned(text))
}

#[derive(Deserialize)]
struct Event<'b> {
    #[serde(borrow, default)]
    arn: Text<'b>,
    #[serde(borrow)]
    date: Text<'b>,
    #[serde(borrow)]
    status: Text<'b>,
    #[serde(borrow, default)]
    service: Text<'b>,
    #[serde(borrow, default)]
    service_name: Text<'b>,
    #[serde(borrow, default)]
    region_name: Text<'b>,
    #[serde(borrow, default)]
    summary: Text<'b>,
    #[serde(borrow, default)]
    description: Text<'b>,
    #[serde(borrow, default, deserialize_with = "page::list")]
    event_log: Vec<Log<'b>>,
    #[serde(borrow)]
    impacted_services: Option<BTreeMap<Cow<'b, str>, Impacted<'b>>>,
}

#[derive(Deserialize)]
struct Log<'b> {
    #[serde(borrow, default)]
    summary: Text<'b>,
    #[serde(borrow, default)]
    message: Text<'b>,
    #[serde(borrow, default)]
    status: Text<'b>,
    #[serde(borrow, default)]
    timestamp: Text<'b>,
}

#[derive(Deserialize)]
struct Impacted<'b> {
    #[serde(borrow, default)]
    service_name: Text<'b>,
    #[serde(borrow, default)]
    current: Text<'b>,
}

/// The dashboard's `data.json` until 2022.
#[derive(Deserialize)]
struct Dashboard<'b> {
    #[serde(borrow)]
    archive: Option<Vec<Event<'b>>>,
    #[serde(borrow)]
    current: Option<Vec<Event<'b>>>,
}

pub(super) fn events(text: &str) -> Result<Page<'_>, ReadOutcome> {
    let all: Vec<Event<'_>> = if text.trim_start().starts_with('{') {
        let Dashboard { archive: Some(archive), current: Some(current) } = json(text)? else {
            return shapeless("it has no list of current events");
        };
        current.into_iter().chain(archive).collect()
    } else {
        json(text)?
    };
    Ok(Page { rows: Some(all.len()), episodes: all.into_iter().map(episode).collect(), ..Page::default() })
}

fn episode(e: Event<'_>) -> Episode<'_> {
    let first = e.event_log.len() <= 1;
    let newest = e.event_log.into_iter().max_by_key(|l| when::epoch(&l.timestamp));
    let over = e.summary.starts_with("[RESOLVED]")
        || newest.as_ref().map_or(&*e.status == "0", |l| &*l.status == "0" || l.summary.starts_with("[RESOLVED]"));
    let (severity, word) = severity(&e.status);
    let arn_region = e.arn.split(':').nth(3).filter(|r| is_region(r)).map(str::to_owned);
    let own = |key: &str, name: &str, health| {
        let (service, region) = service_and_region(key);
        Part {
            kind: SubjectType::Product,
            id: service.to_owned(),
            name: name.to_owned(),
            region: region.map(str::to_owned).or(arn_region.clone()),
            health,
        }
    };
    let impacted = e.impacted_services.unwrap_or_default();
    let mut parts: Vec<Part> = impacted.iter().map(|(key, s)| own(key, &s.service_name, health(&s.current))).collect();
    if parts.is_empty() && !e.service.is_empty() {
        parts.push(own(&e.service, &e.service_name, health(&e.status)));
    }
    let id = match e.arn.rsplit('/').next() {
        Some(last) if !last.is_empty() => Text::from(last.to_owned()),
        _ => format!("{}_{}", &*e.service, &*e.date).into(),
    };
    let place = if e.region_name.is_empty() || e.service_name.contains(&*e.region_name) {
        String::new()
    } else {
        format!(" ({})", &*e.region_name)
    };
    let summary = e.summary.trim_start_matches("[RESOLVED]").trim();
    let title =
        if e.service_name.is_empty() { summary.to_owned() } else { format!("{}{place}: {summary}", &*e.service_name) };
    Episode {
        id,
        title: title.into(),
        word: if over { "resolved" } else { "open" }.into(),
        phase: if over { Phase::Over } else { Phase::Open },
        maintenance: false,
        first,
        impact: Some((severity, word.into())),
        update: Update {
            id: Text::default(),
            at: newest.as_ref().and_then(|l| when::epoch(&l.timestamp)).or_else(|| when::epoch(&e.date)),
            edited: None,
            body: newest.map(|l| l.message).unwrap_or_default().or(e.description),
            markup: Markup::Html,
        },
        parts,
        window: (None, None),
        link: "https://health.aws.amazon.com/health/status".to_owned(),
    }
}

fn severity(code: &str) -> (Severity, &'static str) {
    match code {
        "0" => (Severity::Info, "none"),
        "1" => (Severity::Minor, "informational"),
        "2" => (Severity::Major, "degradation"),
        "3" => (Severity::Critical, "disruption"),
        _ => (Severity::Major, ""),
    }
}

fn health(code: &str) -> Health {
    match code {
        "0" => Health::Operational,
        "2" => Health::Partial,
        "3" => Health::Major,
        _ => Health::Unknown,
    }
}

/// `us-east-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    (3..=4).contains(&parts.len())
        && parts[0].len() == 2
        && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric()))
        && parts[parts.len() - 1].bytes().all(|b| b.is_ascii_digit())
}

/// `ec2-us-east-1` is `ec2` in `us-east-1`; `cloudfront` is everywhere.
fn service_and_region(key: &str) -> (&str, Option<&str>) {
    let splits = key.match_indices('-').map(|(at, _)| (&key[..at], &key[at + 1..]));
    splits
        .into_iter()
        .find(|(_, rest)| is_region(rest))
        .map_or((key, None), |(service, region)| (service, Some(region)))
}

/// RSS: an item for each update, whose guid ends in `#SERVICE-REGION_EPOCH`; the newest of a service and region counts.
pub(super) fn rss<'f>(feed: &'f Feed<'_>) -> Page<'f> {
    let mut newest: BTreeMap<&str, (&Entry<'_>, usize)> = BTreeMap::new();
    for e in &feed.entries {
        let key = e.guid.rsplit('#').next().unwrap_or_default();
        let key = key.rsplit_once('_').map_or(key, |(key, _)| key);
        // Newest first: the first of a key stands.
        newest.entry(key).and_modify(|(_, count)| *count += 1).or_insert((e, 1));
    }
    let episodes = newest.into_iter().map(|(key, (e, count))| item(key, e, count)).collect();
    Page { episodes, ..Page::default() }
}

fn item<'b>(key: &'b str, e: &'b Entry<'_>, count: usize) -> Episode<'b> {
    let (prefix, rest) = e.title.split_once(": ").unwrap_or(("", &e.title));
    let over = rest.starts_with("[RESOLVED]")
        || e.title.starts_with("[RESOLVED]")
        || prefix.eq_ignore_ascii_case("service is operating normally");
    let code = match prefix.to_ascii_lowercase().as_str() {
        "service is operating normally" => "0",
        "informational message" => "1",
        "performance issues" | "service degradation" => "2",
        "service disruption" => "3",
        _ => "",
    };
    let (severity, word) = severity(code);
    let (service, region) = service_and_region(key);
    let at: Option<Timestamp> = e.published.or(e.updated);
    Episode {
        id: key.into(),
        title: rest.trim_start_matches("[RESOLVED]").trim().into(),
        word: if over { "resolved" } else { "open" }.into(),
        phase: if over { Phase::Over } else { Phase::Open },
        maintenance: false,
        first: count == 1,
        impact: Some((severity, word.into())),
        update: Update { id: Text::default(), at, edited: None, body: Text(e.markup.text()), markup: Markup::Html },
        parts: vec![Part {
            kind: SubjectType::Product,
            id: service.to_owned(),
            name: service.to_owned(),
            region: region.map(str::to_owned),
            health: health(code),
        }],
        window: (None, None),
        link: e.link.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_service_and_its_region() {
        for (key, service, region) in [
            ("ec2-us-east-1", "ec2", Some("us-east-1")),
            ("internetconnectivity-us-gov-west-1", "internetconnectivity", Some("us-gov-west-1")),
            ("management-console", "management-console", None),
            ("s3-us-standard", "s3-us-standard", None),
            ("bedrock", "bedrock", None),
        ] {
            assert_eq!(service_and_region(key), (service, region), "{key}");
        }
    }

    #[test]
    fn utf_16_of_either_order_is_read_and_a_cut_one_refused() {
        let le: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("[\"é😀\"]".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let be: Vec<u8> =
            [0xfe, 0xff].into_iter().chain("[\"é😀\"]".encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(utf16(&le).unwrap(), "[\"é😀\"]");
        assert_eq!(utf16(&be).unwrap(), "[\"é😀\"]");
        assert_eq!(utf16(&le[2..]).unwrap(), "[\"é😀\"]", "without a mark");
        assert_eq!(utf16(&be[2..]).unwrap(), "[\"é😀\"]", "without a mark");
        assert!(matches!(utf16(&le[..le.len() - 1]), Err(ReadOutcome::Unreadable(_))));
        assert!(matches!(utf16(&[0xff, 0xfe]), Err(ReadOutcome::GuardFailed(_))));
        assert_eq!(utf16(b"[]").unwrap(), "[]");
    }
}
