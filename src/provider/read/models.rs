//! Lists of models with shutdown dates, as JSON: `kind = "models"`.
//!
//! In: an answer of an API and its source's settings. Out: one observation for each entry that carries a date.
//! Invariants: an entry without the field, or with null, says nothing; one bad entry hides no other, and leaves a claim
//! without a date. Refuses any date but `YYYY-MM-DD`, and to conclude anything from a model that is not listed.

use super::{ReadContext, date, ending, guard};
use crate::model::observation::Ending;
use crate::model::text::one_line;
use crate::model::{Deadline, Fact, Observation, ReadOutcome, Subject};
use crate::provider::file::ModelsSource;
use serde_json::Value;
use std::collections::HashMap;

/// Reads a list.
pub fn read(source: &ModelsSource, ctx: &ReadContext, body: &[u8]) -> ReadOutcome {
    match entries(source, body) {
        Ok(list) => ReadOutcome::Ok(observations(source, ctx, list)),
        Err(outcome) => outcome,
    }
}

/// The ids of a list with their entries; an error is what to return instead.
fn entries(source: &ModelsSource, body: &[u8]) -> Result<Vec<(String, Value)>, ReadOutcome> {
    let unreadable = |why: String| Err(ReadOutcome::Unreadable(why));
    let text = guard::open(body)?;
    let mut answer: Value = match serde_json::from_str(text) {
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
    let list = match answer.pointer_mut(&source.items).map(Value::take) {
        Some(Value::Array(list)) => list,
        Some(_) => return unreadable(format!("what stands at {:?} is not a list", source.items)),
        None => return unreadable(format!("there is no list at {:?}", source.items)),
    };
    let (count, floor) = (list.len(), source.guards.min_rows);
    if count < floor {
        return Err(ReadOutcome::GuardFailed(format!("{count} entries, at least {floor} expected")));
    }
    let id = |entry: &Value| entry.pointer(&source.id)?.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let named: Vec<_> = list.into_iter().filter_map(|entry| Some((id(&entry)?, entry))).collect();
    if named.is_empty() && count > 0 {
        return unreadable(format!("none of {count} entries has an id at {:?}", source.id));
    }
    Ok(named)
}

fn observations(source: &ModelsSource, ctx: &ReadContext, list: Vec<(String, Value)>) -> Vec<Observation> {
    let page = source.page.as_deref().unwrap_or(&source.url);
    let mut out: Vec<Observation> = Vec::new();
    let mut seen = HashMap::new();
    for (id, entry) in list {
        let Some(value) = entry.pointer(&source.shutdown_on).filter(|v| !v.is_null()) else { continue };
        let ending = Ending {
            announced_on: None,
            deadline: value.as_str().and_then(iso_day),
            replacements: Vec::new(),
            quote: one_line(&format!("{id} | {}: {value}", source.shutdown_on.trim_start_matches('/')), 300),
            rank: source.rank,
            ended: false,
        };
        let subject = Subject::model(&ctx.provider, one_line(&id, id.len()));
        let said = ending::observation(ctx, subject, &id, "", page, ending);
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
    out
}

fn iso_day(text: &str) -> Option<Deadline> {
    let is_iso = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_iso.then(|| date::day(text)).flatten().map(|day| Deadline::day(day, text))
}

fn has_date(observation: &Observation) -> bool {
    matches!(&observation.fact, Fact::Ending(e) if e.deadline.is_some())
}
