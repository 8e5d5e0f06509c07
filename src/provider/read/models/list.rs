//! The entries of a list.
//!
//! In: a body and its source's settings. Out: [`Entry`]s. Invariant: an answer that is an error or another page is no empty
//! list. Refuses to conclude anything from what is not listed: that is `rules::listing`.

use crate::model::ReadOutcome;
use crate::model::text::one_line;
use crate::provider::file::ModelsSource;
use crate::provider::read::guard;
use serde_json::{Map, Value};

/// An entry with its id.
#[derive(Debug)]
pub struct Entry {
    /// Its id.
    pub id: String,
    /// The key of its group.
    pub group: Option<String>,
    /// The rest.
    pub value: Value,
}

/// A list as it stands in one answer.
#[derive(Debug)]
pub struct List {
    /// Its entries.
    pub entries: Vec<Entry>,
    /// There is more of it elsewhere.
    pub goes_on: bool,
}

/// The entries of a list; an error is what to return instead.
pub fn entries(source: &ModelsSource, body: &[u8]) -> Result<List, ReadOutcome> {
    let unreadable = |why: String| Err(ReadOutcome::Unreadable(why));
    let text = guard::open(body)?;
    let answer: Value = match serde_json::from_str(text) {
        Ok(answer) => answer,
        Err(_) if guard::is_html(text) => return unreadable("it is an HTML page, not JSON".to_owned()),
        Err(e) => return unreadable(format!("it is not JSON: {e}")),
    };
    if let Some(error) = answer.get("error").filter(|e| !e.is_null()) {
        let message = error.get("message").unwrap_or(error);
        let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        return unreadable(format!("the provider answered with an error: {}", one_line(&message, 200)));
    }
    guard::must_contain(text, &source.guards)?;
    let places = source.items.all();
    let is_map = source.id.all().is_empty();
    let at = || places.first().map_or("", String::as_str);
    let fits = |v: &&Value| if is_map { v.is_object() } else { v.is_array() };
    let Some(found) = places.iter().find_map(|p| answer.pointer(p).filter(fits)) else {
        return match places.iter().find_map(|p| answer.pointer(p)) {
            Some(_) => unreadable(format!("what stands at {:?} is not a list", at())),
            None => unreadable(format!("there is no list at {:?}", at())),
        };
    };
    let (named, count) = match (found, &source.groups) {
        (Value::Object(groups), Some(inner)) => grouped(groups, inner),
        (Value::Object(map), None) => (keyed(map, None), map.len()),
        (Value::Array(list), _) => (listed(source, list), list.len()),
        _ => (Vec::new(), 0),
    };
    let floor = source.guards.min_rows;
    if count < floor {
        return Err(ReadOutcome::GuardFailed(format!("{count} entries, at least {floor} expected")));
    }
    if named.is_empty() && count > 0 {
        let id = source.id.all().first().map_or("", String::as_str);
        return unreadable(format!("none of {count} entries has an id at {id:?}"));
    }
    let more = source.more.as_deref().and_then(|p| answer.pointer(p));
    let goes_on = more.is_some_and(|v| !v.is_null() && v.as_bool() != Some(false) && v.as_str() != Some(""));
    Ok(List { entries: named, goes_on })
}

fn listed(source: &ModelsSource, list: &[Value]) -> Vec<Entry> {
    let id = |entry: &Value| {
        let mut texts = source.id.all().iter().filter_map(|p| entry.pointer(p)?.as_str());
        let name = texts.find(|s| !s.is_empty())?.to_owned();
        let version = source.version.as_deref().and_then(|p| entry.pointer(p)?.as_str()).filter(|v| !v.is_empty());
        Some(version.filter(|v| !name.ends_with(v)).map_or_else(|| name.clone(), |v| format!("{name}-{v}")))
    };
    list.iter().filter_map(|v| Some(Entry { id: id(v)?, group: None, value: v.clone() })).collect()
}

fn keyed(map: &Map<String, Value>, group: Option<&str>) -> Vec<Entry> {
    let of = |(id, v): (&String, &Value)| Entry { id: id.clone(), group: group.map(str::to_owned), value: v.clone() };
    map.iter().filter(|(id, v)| !id.is_empty() && v.is_object()).map(of).collect()
}

fn grouped(groups: &Map<String, Value>, inner: &str) -> (Vec<Entry>, usize) {
    let maps = groups.iter().filter_map(|(name, g)| Some((name, g.pointer(inner)?.as_object()?)));
    let all: Vec<Entry> = maps.flat_map(|(name, map)| keyed(map, Some(name))).collect();
    let count = all.len();
    (all, count)
}
