//! Lists of models with dates of their ends, as JSON: `kind = "models"`. Answers of APIs, and data sets about many providers.
//!
//! In: a body and its source's settings. Out: one observation for each entry that says something of an end. Invariants: an
//! entry without the fields, or with null, says nothing; one bad entry hides no other, and leaves a claim without a date. Refuses
//! any date that does not begin with `YYYY-MM-DD`, platforms that the settings do not name, and to conclude an end from a
//! model that is not listed.

mod list;

use super::{ReadContext, Reading, date, ending};
use crate::model::observation::{Ending, Lifecycle};
use crate::model::text::one_line;
use crate::model::{Aftermath, Deadline, Fact, Firmness, MatterId, Observation, ProviderId, ReadOutcome, Subject};
use crate::provider::file::ModelsSource;
use list::Entry;
use serde_json::Value;
use std::collections::HashMap;

/// Replacements that one entry is believed to name.
const MAX_REPLACEMENTS: usize = 20;

/// Reads a list.
pub fn read(source: &ModelsSource, ctx: &ReadContext, body: &[u8]) -> Reading {
    let list = match list::entries(source, body) {
        Ok(list) => list,
        Err(outcome) => return Reading::of_rows(outcome),
    };
    let reading = Reading::of_rows(ReadOutcome::Ok(observations(source, ctx, &list.entries)));
    if !source.is_own() {
        return reading;
    }
    let named = list.entries.iter().filter_map(|e| about(source, ctx, e));
    let models = named.map(|(platform, id)| Subject::model(&platform, one_line(&id, id.len()))).collect();
    // What a list lacks is for the diff to judge, model by model; what a part of it lacks may stand in the rest.
    Reading { rows: list.entries.len(), steady: false, models: (!list.goes_on).then_some(models), ..reading }
}

fn observations(source: &ModelsSource, ctx: &ReadContext, list: &[Entry]) -> Vec<Observation> {
    let page = source.page.as_deref().unwrap_or(&source.url);
    let mut out: Vec<Observation> = Vec::new();
    let mut seen: HashMap<MatterId, usize> = HashMap::new();
    for entry in list {
        let Some((platform, id)) = about(source, ctx, entry) else { continue };
        let Some(ending) = ending_of(source, entry, &id) else { continue };
        let others = source.aliases.as_deref().map(|p| texts(entry.value.pointer(p))).unwrap_or_default();
        for id in std::iter::once(id).chain(others) {
            let subject = Subject::model(&platform, one_line(&id, id.len()));
            let summary = source.attribution.as_deref().unwrap_or_default();
            let said = ending::observation(ctx, subject, &id, summary, page, ending.clone());
            let Some(matter) = said.matter.clone() else { continue };
            match seen.get(&matter) {
                None => {
                    seen.insert(matter, out.len());
                    out.push(said);
                }
                // Listed twice: a date counts before none, else the first.
                Some(&first) if !has_date(&out[first]) && has_date(&said) => out[first] = said,
                Some(_) => {}
            }
        }
    }
    out
}

/// Which platform's model an entry is about; `None` when the settings do not know that platform.
fn about(source: &ModelsSource, ctx: &ReadContext, entry: &Entry) -> Option<(ProviderId, String)> {
    let pointers = source.platform.all();
    let name = match pointers {
        [] => entry.group.clone(),
        _ => Some(pointers.iter().find_map(|p| entry.value.pointer(p)?.as_str())?.to_owned()),
    };
    let strip = |id: &str| source.id_prefix.as_deref().and_then(|p| id.strip_prefix(p)).unwrap_or(id).to_owned();
    match name {
        Some(name) => {
            let platform = source.platforms.get(&name)?;
            // Keys such as `azure/x` repeat the platform.
            let bare = entry
                .id
                .split_once('/')
                .filter(|(head, _)| name.starts_with(head))
                .map_or(entry.id.as_str(), |(_, id)| id);
            Some((platform.clone(), strip(bare)))
        }
        None => Some((source.about.clone().unwrap_or_else(|| ctx.provider.clone()), strip(&entry.id))),
    }
}

/// What an entry says of an end, if it says anything.
fn ending_of(source: &ModelsSource, entry: &Entry, id: &str) -> Option<Ending> {
    let at = |pointer: &str| entry.value.pointer(pointer).filter(|v| !is_nothing(v));
    let fixed = source.shutdown_on.all().iter().find_map(|p| Some((p.as_str(), at(p)?, false)));
    let floor = || source.earliest_on.as_deref().and_then(|p| Some((p, at(p)?, true)));
    let dated = fixed.or_else(floor);
    let state = source.deprecated.as_deref().and_then(at);
    let stage = state.and_then(|v| stage(source, v));
    if dated.is_none() && stage.is_none() {
        return None;
    }
    let is_floor = dated.is_some_and(|(.., floor)| floor)
        || source
            .firmness
            .as_deref()
            .and_then(at)
            .and_then(Value::as_str)
            .is_some_and(|w| holds(&source.floor_words, w));
    let mut deadline = dated.and_then(|(_, v, _)| v.as_str()).and_then(iso);
    if is_floor && let Some(d) = &mut deadline {
        d.firmness = Firmness::NotBefore;
    }
    let named = dated.map(|(p, v, _)| (p, v)).or_else(|| Some((source.deprecated.as_deref()?, state?)));
    let (pointer, value) = named?;
    let review = (dated.is_some() && deadline.is_none())
        .then(|| format!("the date {} could not be read", one_line(&value.to_string(), 80)));
    Some(Ending {
        announced_on: source.announced_on.as_deref().and_then(at).and_then(Value::as_str).and_then(iso).map(|d| d.date),
        deadline,
        replacements: source.replacement.as_deref().and_then(at).map(|v| texts(Some(v))).unwrap_or_default(),
        quote: one_line(&format!("{id} | {}: {value}", pointer.trim_start_matches('/')), 300),
        rank: source.rank,
        ended: stage == Some(Lifecycle::Retired),
        stage,
        review,
        after: Aftermath::default(),
    })
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(date::is_none_form)
}

fn stage(source: &ModelsSource, value: &Value) -> Option<Lifecycle> {
    match value {
        Value::Bool(true) => Some(Lifecycle::Deprecated),
        Value::String(word) if holds(&source.retired_words, word) => Some(Lifecycle::Retired),
        Value::String(word) if holds(&source.deprecated_words, word) => Some(Lifecycle::Deprecated),
        Value::String(_) | Value::Bool(false) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

fn holds(words: &[String], word: &str) -> bool {
    words.iter().any(|w| word.eq_ignore_ascii_case(w))
}

/// A text, a list of texts, or a list of objects with `model` or `id`.
fn texts(value: Option<&Value>) -> Vec<String> {
    let one = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Object(o) => o.get("model").or_else(|| o.get("id")).and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    let all: Vec<String> = match value {
        Some(Value::Array(list)) => list.iter().filter_map(one).collect(),
        Some(v) => one(v).into_iter().collect(),
        None => Vec::new(),
    };
    let clean = all.iter().map(|s| one_line(s, 200)).filter(|s| !date::is_none_form(s));
    clean.take(MAX_REPLACEMENTS).collect()
}

/// `2026-12-11`, alone or with a clock and a zone.
fn iso(text: &str) -> Option<Deadline> {
    let day = text.get(..10)?;
    let is_day = day.bytes().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    is_day.then(|| date::deadline(text)).flatten()
}

fn has_date(observation: &Observation) -> bool {
    matches!(&observation.fact, Fact::Ending(e) if e.deadline.is_some())
}

#[cfg(test)]
mod tests;
