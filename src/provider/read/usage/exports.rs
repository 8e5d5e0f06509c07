//! Exports of usage by OpenAI and Anthropic: answers of their APIs, and the CSV of their usage pages.
//!
//! In: `/v1/organization/usage/…` (<https://platform.openai.com/docs/api-reference/usage>), `/v1/organizations/usage_report/messages`
//! (<https://platform.claude.com/docs/en/build-with-claude/usage-cost-api>), CSV with their column names. Out: calls or tokens
//! by model and project or workspace. Invariant: an empty bucket covers its time. Refuses buckets that are not broken down by
//! model, and says so.

use super::{Ask, Form, Gathering, Told, count, counted, day, moment};
use crate::model::{Direction, Use};
use serde_json::Value;
use std::collections::BTreeMap;

const NO_MODEL: &str = "not broken down by model: ask with group_by=model";

pub(super) fn openai(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::Openai, ask);
    for bucket in v["data"].as_array().into_iter().flatten() {
        let (Some(from), Some(until)) = (moment(&bucket["start_time"]), moment(&bucket["end_time"])) else {
            all.leave_out("a bucket without start_time or end_time");
            continue;
        };
        all.cover(from, until.min(ask.now).max(from));
        for r in bucket["results"].as_array().or_else(|| bucket["result"].as_array()).into_iter().flatten() {
            openai_row(&mut all, (from, until), |key| r[key].as_str().map(str::to_owned), |key| count(&r[key]));
        }
    }
    Ok(all.told(Direction::Observed, "openai", Some("openai")))
}

fn openai_row(
    all: &mut Gathering<'_>,
    window: (jiff::Timestamp, jiff::Timestamp),
    text: impl Fn(&str) -> Option<String>,
    number: impl Fn(&str) -> Option<u64>,
) {
    let Some(model) = text("model").filter(|m| !m.is_empty()) else { return all.leave_out(NO_MODEL) };
    let Some(subject) = all.subject(&model, Some("openai")) else { return };
    let project = text("project_id").filter(|p| !p.is_empty()).or_else(|| text("api_key_id"));
    let parts = ["input_tokens", "output_tokens"].map(&number);
    let tokens = parts.iter().any(Option::is_some).then(|| parts.iter().flatten().sum());
    // A call of a moment ago may be in a bucket that ends tomorrow.
    let window = (window.0, window.1.min(all.ask.now).max(window.0));
    let u = counted(subject, window);
    all.take(Use { project, calls: number("num_model_requests"), tokens, ..u });
}

pub(super) fn anthropic(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let mut all = Gathering::new(Form::Anthropic, ask);
    for bucket in v["data"].as_array().into_iter().flatten() {
        let (Some(from), Some(until)) = (moment(&bucket["starting_at"]), moment(&bucket["ending_at"])) else {
            all.leave_out("a bucket without starting_at or ending_at");
            continue;
        };
        let window = (from, until.min(ask.now).max(from));
        all.cover(window.0, window.1);
        for r in bucket["results"].as_array().into_iter().flatten() {
            let Some(model) = r["model"].as_str().filter(|m| !m.is_empty()) else {
                all.leave_out(NO_MODEL);
                continue;
            };
            let Some(subject) = all.subject(model, Some("anthropic")) else { continue };
            let cached = r["cache_creation"].as_object().into_iter().flatten().filter_map(|(_, v)| count(v));
            let direct = ["uncached_input_tokens", "cache_read_input_tokens", "output_tokens"].map(|k| count(&r[k]));
            let tokens = direct.into_iter().flatten().chain(cached).sum();
            let project = r["workspace_id"].as_str().or_else(|| r["api_key_id"].as_str()).map(str::to_owned);
            all.take(Use { project, tokens: Some(tokens), ..counted(subject, window) });
        }
    }
    Ok(all.told(Direction::Observed, "anthropic", Some("anthropic")))
}

/// The CSV of a usage page, known by its head.
pub(super) fn csv(text: &str, ask: &Ask<'_>) -> Result<Told, String> {
    let separator = if text.lines().next().is_some_and(|l| l.contains('\t')) { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let head: Vec<String> = reader
        .headers()
        .map_err(|e| format!("it is no CSV: {e}"))?
        .iter()
        .map(|h| h.trim().to_ascii_lowercase())
        .collect();
    let has = |name: &str| head.iter().any(|h| h == name);
    let form = if has("start_time") && has("model") && has("num_model_requests") {
        Form::OpenaiCsv
    } else if has("usage_date_utc") && (has("model_version") || has("model")) {
        Form::AnthropicCsv
    } else {
        return Err("it is neither JSON nor a CSV whose columns are known: OpenAI's begin with start_time, Anthropic's with usage_date_utc".into());
    };
    let mut all = Gathering::new(form, ask);
    for record in reader.records() {
        let Ok(record) = record else {
            all.leave_out("a line that is no CSV");
            continue;
        };
        let row: BTreeMap<&str, &str> = head.iter().map(String::as_str).zip(record.iter()).collect();
        let text = |key: &str| row.get(key).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
        let at = |key: &str| text(key).and_then(|s| moment(&Value::String(s)));
        if form == Form::OpenaiCsv {
            let (Some(from), Some(until)) =
                (at("start_time"), at("end_time").or_else(|| at("start_time").map(|t| day(t).1)))
            else {
                all.leave_out("a row without start_time");
                continue;
            };
            all.cover(from, until.min(ask.now).max(from));
            // A row without a model is a day without calls.
            if text("model").is_some() {
                openai_row(&mut all, (from, until), text, |key| text(key)?.parse().ok());
            }
            continue;
        }
        let (Some(from), Some(model)) = (at("usage_date_utc"), text("model_version").or_else(|| text("model"))) else {
            all.leave_out("a row without usage_date_utc or model_version");
            continue;
        };
        all.cover(from, day(from).1.min(ask.now).max(from));
        let Some(subject) = all.subject(&model, Some("anthropic")) else { continue };
        let numbers = row.iter().filter(|(k, _)| k.contains("input_tokens") || k.contains("output_tokens"));
        let tokens = numbers.filter_map(|(_, v)| v.trim().parse::<u64>().ok()).sum();
        let project = text("workspace").or_else(|| text("api_key"));
        all.take(Use { project, tokens: Some(tokens), ..counted(subject, (from, day(from).1.min(ask.now).max(from))) });
    }
    let whose = if form == Form::OpenaiCsv { "openai" } else { "anthropic" };
    Ok(all.told(Direction::Observed, whose, Some(whose)))
}
