//! Which dialect a body speaks, by its shape, for `providers check --live` and `add-status`.
//!
//! In: an address, a content type, a body. Out: a [`Dialect`], or nothing where the shape is none of those known.
//! Invariant: decided by keys and values of the body; the address only tells apart what has one shape. Refuses to guess.

use super::{aws, feeds};
use crate::provider::file::Dialect;
use crate::provider::read::{feed, guard};
use serde_json::Value;

/// Addresses of a status page that are worth asking, in this order: where `page` is its root or any address on it.
pub fn addresses(page: &str) -> Vec<String> {
    let page = page.trim();
    let page = if page.contains("://") { page.to_owned() } else { format!("https://{page}") };
    let host_at = page.find("://").map_or(0, |at| at + 3);
    let (root, path) = page[host_at..].find('/').map_or((page.as_str(), ""), |end| page.split_at(host_at + end));
    let host = &root[host_at..];
    let known: &[&str] = match host {
        "status.cloud.google.com" => &["/incidents.json"],
        "health.aws.amazon.com" => &["/public/currentevents"],
        "azure.status.microsoft" => &["/en-us/status/feed/"],
        "slack-status.com" | "status.slack.com" => &["/api/v2.0.0/current"],
        "status.heroku.com" => &["/api/v4/current-status"],
        _ => &[],
    };
    let usual = [
        "/api/v2/summary.json",
        "/v3/summary.json",
        "/summary.json",
        "/index.json",
        "/history.atom",
        "/history.rss",
        "/feed.atom",
        "/incidents.rss",
        "/feed",
        "/feed.xml",
    ];
    // As it was given: a slash at its end may be part of it.
    let own = (!matches!(path, "" | "/")).then(|| page.clone());
    let online_or_not = format!("https://api.onlineornot.com/v1/status_pages/{host}/summary");
    let mut out: Vec<String> =
        own.into_iter().chain(known.iter().chain(&usual[..4]).map(|p| format!("{root}{p}"))).collect();
    out.push(online_or_not);
    out.extend(usual[4..].iter().map(|p| format!("{root}{p}")));
    out
}

/// The dialect of a body that was fetched from `url`.
pub fn recognise(url: &str, content_type: Option<&str>, body: &[u8]) -> Option<Dialect> {
    if content_type.is_some_and(|t| t.starts_with("text/html")) {
        return None;
    }
    let text = aws::utf16(body).ok()?;
    let is_utf16 = matches!(body, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
    if guard::is_html(&text) {
        return None;
    }
    match text.trim_start().as_bytes().first()? {
        b'{' => of_object(&serde_json::from_str(&text).ok()?),
        b'[' => of_list(url, is_utf16, &serde_json::from_str(&text).ok()?),
        b'<' => of_feed(url, body),
        _ => None,
    }
}

/// Whether a JSON body says nothing of whose page it is.
pub fn is_headless(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|v| v.is_object() && v.get("page").is_none_or(Value::is_null))
}

fn of_object(v: &Value) -> Option<Dialect> {
    let is_list = |key: &str| v.get(key).is_some_and(Value::is_array);
    if v.pointer("/data/type").is_some_and(|t| t == "status_page") {
        return Some(Dialect::BetterStack);
    }
    if v.pointer("/result/status_page").is_some() && v.pointer("/result/components").is_some() {
        return Some(Dialect::OnlineOrNot);
    }
    if v.pointer("/result/status_overall").is_some() {
        return Some(Dialect::StatusIo);
    }
    if v.pointer("/page/status").is_some_and(Value::is_string) && v.get("components").is_none() {
        return Some(Dialect::Instatus);
    }
    if is_list("active_incidents") && v.get("status").is_some_and(Value::is_string) {
        return Some(Dialect::Slack);
    }
    if v.pointer("/status/0/system").is_some() && is_list("incidents") {
        return Some(Dialect::Heroku);
    }
    if is_list("archive") && is_list("current") {
        return Some(Dialect::AwsEvents);
    }
    if !is_list("components") && !is_list("incidents") {
        return None;
    }
    let ids = ["/page/id", "/components/0/id", "/incidents/0/id"];
    let id = ids.iter().find_map(|p| v.pointer(p)?.as_str())?;
    // incident.io has ULIDs and no time zone.
    let is_ulid =
        id.len() == 26 && id.starts_with('0') && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let is_incident_io = is_ulid && v.pointer("/page/time_zone").is_none();
    Some(if is_incident_io { Dialect::IncidentIo } else { Dialect::Statuspage })
}

fn of_list(url: &str, is_utf16: bool, v: &Value) -> Option<Dialect> {
    let first = v.get(0);
    let has = |key: &str| first.is_some_and(|f| f.get(key).is_some());
    if has("affected_products") && has("service_key") {
        Some(Dialect::GoogleCloud)
    } else if has("arn") || has("event_log") || (first.is_none() && (is_utf16 || url.contains("/currentevents"))) {
        Some(Dialect::AwsEvents)
    } else if has("notes") && has("services") {
        Some(Dialect::Slack)
    } else if has("state") && has("updates") {
        Some(Dialect::Heroku)
    } else {
        None
    }
}

fn of_feed(url: &str, body: &[u8]) -> Option<Dialect> {
    let feed = feed::parse(body).ok()?;
    if feed.title == "Azure Status" {
        return Some(Dialect::AzureRss);
    }
    if url.contains("status.aws.amazon.com") {
        return Some(Dialect::AwsRss);
    }
    let known = feeds::history(&feed).episodes.len();
    Some(if known > 0 && known * 2 >= feed.entries.len() { Dialect::HistoryFeed } else { Dialect::PlainFeed })
}
