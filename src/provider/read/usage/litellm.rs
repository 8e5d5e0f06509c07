//! What LiteLLM tells: spend logs, daily activity, the list of models that end.
//!
//! In: answers of its API (<https://docs.litellm.ai/docs/proxy/cost_tracking>). Out: calls by model and team or key, by the hour
//! or day; the models its configuration names. Invariant: an Azure deployment stays Azure's, whatever it is called. Refuses
//! nothing it does not know: fields that are missing are none.

use super::{Ask, Form, Gathering, Told, count, counted, day, moment};
use crate::model::{Direction, Use};
use jiff::{Timestamp, ToSpan, Unit};
use serde_json::Value;

const VIA: &str = "litellm";

/// Spend logs: a request a row, or a day a row with the spend of each model.
pub(super) fn spend(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::LitellmSpend, ask);
    for r in v.as_array().or_else(|| v["data"].as_array()).into_iter().flatten() {
        let Some(at) = moment(&r["startTime"]) else {
            all.leave_out("no startTime");
            continue;
        };
        if let Some(models) = r["models"].as_object() {
            all.cover(day(at).0, day(at).1);
            for model in models.keys() {
                if let Some(s) = all.subject(model, None) {
                    all.take(counted(s, day(at)));
                }
            }
            continue;
        }
        let Some(model) = r["model"].as_str().filter(|m| !m.is_empty()) else {
            all.leave_out("no model");
            continue;
        };
        let Some(subject) = all.subject(model, r["custom_llm_provider"].as_str()) else { continue };
        let hour =
            at.round(jiff::TimestampRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor)).unwrap_or(at);
        let window = (hour, hour.checked_add(1.hour()).unwrap_or(hour));
        all.cover(window.0, window.1);
        let names = [
            "/metadata/user_api_key_team_alias",
            "/team_alias",
            "/team_id",
            "/metadata/user_api_key_alias",
            "/key_alias",
            "/api_key",
        ];
        let project = names.iter().find_map(|n| r.pointer(n)?.as_str().filter(|s| !s.is_empty()).map(str::to_owned));
        all.take(Use { project, calls: Some(1), tokens: count(&r["total_tokens"]), ..counted(subject, window) });
    }
    Ok(all.told(Direction::Observed, VIA, None))
}

/// Daily activity: `results[].breakdown.models.NAME.metrics`, by keys where it is broken down so.
pub(super) fn daily(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::LitellmDaily, ask);
    for r in v["results"].as_array().into_iter().flatten() {
        let Some(at) = moment(&r["date"]) else {
            all.leave_out("no date");
            continue;
        };
        all.cover(day(at).0, day(at).1);
        for (model, row) in r["breakdown"]["models"].as_object().into_iter().flatten() {
            let Some(subject) = all.subject(model, None) else { continue };
            let keys = row["api_key_breakdown"].as_object().filter(|k| !k.is_empty());
            let Some(keys) = keys else {
                all.take(metrics(&row["metrics"], None, counted(subject, day(at))));
                continue;
            };
            for (key, part) in keys {
                let meta = &part["metadata"];
                let named = [&meta["team_id"], &meta["key_alias"]].into_iter().find_map(Value::as_str);
                all.take(metrics(&part["metrics"], Some(named.unwrap_or(key)), counted(subject.clone(), day(at))));
            }
        }
    }
    Ok(all.told(Direction::Observed, VIA, None))
}

fn metrics(m: &Value, project: Option<&str>, u: Use) -> Use {
    Use {
        project: project.map(str::to_owned),
        calls: count(&m["api_requests"]),
        tokens: count(&m["total_tokens"]),
        ..u
    }
}

/// The models of its configuration that end: they are used as soon as somebody calls them.
pub(super) fn deprecations(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::LitellmDeprecations, ask);
    for bucket in ["deprecated", "imminent", "upcoming"] {
        for r in v[bucket].as_array().into_iter().flatten() {
            let name = ["litellm_model", "litellm_model_name", "model", "model_name"];
            let Some(model) = r.as_str().or_else(|| name.iter().find_map(|n| r[n].as_str())) else {
                all.leave_out("no model");
                continue;
            };
            let provider = ["litellm_provider", "provider", "custom_llm_provider"];
            let Some(s) = all.subject(model, provider.iter().find_map(|p| r[p].as_str())) else { continue };
            let called = r["model_name"].as_str().unwrap_or(model);
            let window: (Timestamp, Timestamp) = (ask.now, ask.now);
            all.take(Use { place: Some(format!("LiteLLM: {called}")), ..counted(s, window) });
        }
    }
    Ok(all.told(Direction::Scanned, VIA, None))
}
