//! What we use, as others tell it: our own form, scanners, LiteLLM, exports of OpenAI and Anthropic.
//!
//! In: a body whose form is recognised by its content. Out: [`Told`]: reports of use, and what of it could not be taken, with
//! the reason. Invariants: every row is either taken or counted as left out; counts of one window are summed before they
//! are told. Refuses forms it does not know, and models whose provider nothing names.

mod exports;
mod litellm;
mod own;
mod sarif;

use crate::model::event::words;
use crate::model::text::one_line;
use crate::model::{Direction, ProviderId, Subject, UsageReport, Use};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::Value;
use std::collections::BTreeMap;

words!(
    /// Forms that are known.
    Form {
        /// Our own, and rows of it.
        Own = "forewarn",
        /// `forewarn scan --format json`.
        Scan = "scan",
        /// SARIF 2.1.0 of any scanner.
        Sarif = "sarif",
        /// LiteLLM: spend logs, `/spend/logs`.
        LitellmSpend = "litellm-spend",
        /// LiteLLM: daily activity, `/user/daily/activity`.
        LitellmDaily = "litellm-daily",
        /// LiteLLM: `/v1/model/deprecations`.
        LitellmDeprecations = "litellm-deprecations",
        /// OpenAI: `/v1/organization/usage/…`.
        Openai = "openai",
        /// OpenAI: the export of the usage page, CSV.
        OpenaiCsv = "openai-csv",
        /// Anthropic: `/v1/organizations/usage_report/messages`.
        Anthropic = "anthropic",
        /// Anthropic: the export of the usage page, CSV.
        AnthropicCsv = "anthropic-csv",
    }
);

/// What the names in a report mean to us.
pub trait Names {
    /// Whose model this is, where nothing beside it says so.
    fn home(&self, model: &str) -> Option<ProviderId>;
    /// The first known id in a text.
    fn find(&self, text: &str) -> Option<Subject>;
    /// Whether a file only speaks of what it names: tests and documents.
    fn only_mentions(&self, path: &str) -> bool;
}

/// What is asked of a body.
pub struct Ask<'a> {
    /// The service all of it is about.
    pub service: Option<&'a str>,
    /// The account of ours all of it is of.
    pub account: Option<&'a str>,
    /// Whose models those are that name no provider.
    pub provider: Option<&'a ProviderId>,
    /// What names mean.
    pub names: &'a dyn Names,
    /// Now: the time of what carries none.
    pub now: Timestamp,
}

/// What a body tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Its form.
    pub form: Form,
    /// What is used; one report for each direction.
    pub reports: Vec<UsageReport>,
    /// What was left out: why, and how many rows.
    pub left_out: BTreeMap<String, u64>,
}

/// Most rows of one body.
const MOST_ROWS: usize = 1_000_000;

/// Reads a body.
///
/// # Errors
/// A form that is not known, or that is broken: what was expected.
pub fn read(body: &[u8], ask: &Ask<'_>) -> Result<Told, String> {
    let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if !text.starts_with(['{', '[']) {
        return exports::csv(text, ask);
    }
    let value = match serde_json::from_str::<Value>(text) {
        Ok(v) => v,
        Err(whole) => {
            // One object a line is a list.
            let lines: Result<Vec<Value>, _> =
                text.lines().filter(|l| !l.trim().is_empty()).map(serde_json::from_str).collect();
            Value::Array(lines.map_err(|_| format!("it is not JSON: {whole}"))?)
        }
    };
    json(&value, ask)
}

fn json(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let first = |list: &str| v.get(list).and_then(Value::as_array).and_then(|l| l.first());
    let rows = v.as_array();
    let row = rows.and_then(|r| r.first());
    let has = |v: Option<&Value>, key: &str| v.is_some_and(|v| v.get(key).is_some());
    if rows.is_some_and(|r| r.len() > MOST_ROWS) {
        return Err(format!("more than {MOST_ROWS} rows: split it"));
    }
    if v.get("runs").is_some_and(Value::is_array) {
        return sarif::read(v, ask);
    }
    if has(first("items"), "path") || (v.get("files").is_some() && v.get("ids").is_some()) {
        return sarif::scan(v, ask);
    }
    if ["deprecated", "imminent", "upcoming"].iter().any(|b| v.get(b).is_some_and(Value::is_array)) {
        return litellm::deprecations(v, ask);
    }
    if has(first("results"), "breakdown") {
        return litellm::daily(v, ask);
    }
    if has(row, "startTime") || has(row, "request_id") || has(first("data"), "request_id") {
        return litellm::spend(v, ask);
    }
    if has(first("data"), "start_time") || (v["object"] == "page" && v.get("data").is_some()) {
        return exports::openai(v, ask);
    }
    if has(first("data"), "starting_at") {
        return exports::anthropic(v, ask);
    }
    // Several pages of one of these, one a line.
    if let Some(pages) = rows.filter(|_| has(row, "data")) {
        let mut all = v[0].clone();
        let data: Vec<Value> = pages.iter().filter_map(|p| p["data"].as_array()).flatten().cloned().collect();
        all["data"] = Value::Array(data);
        return json(&all, ask);
    }
    if v.get("usage").is_some() || v.get("subject").is_some() || has(row, "subject") {
        return own::read(v, ask);
    }
    Err(format!(
        "its form is not known: known are {}",
        Form::ALL.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", ")
    ))
}

/// Gathers what one teller says.
struct Gathering<'a> {
    ask: &'a Ask<'a>,
    form: Form,
    uses: BTreeMap<Key, Use>,
    covered: Option<(Timestamp, Timestamp)>,
    left_out: BTreeMap<String, u64>,
}

/// What makes two rows one: subject, service, project, window.
type Key = (Subject, Option<String>, Option<String>, Timestamp, Timestamp);

impl<'a> Gathering<'a> {
    fn new(form: Form, ask: &'a Ask<'a>) -> Self {
        Self { ask, form, uses: BTreeMap::new(), covered: None, left_out: BTreeMap::new() }
    }

    fn leave_out(&mut self, why: impl Into<String>) {
        *self.left_out.entry(why.into()).or_default() += 1;
    }

    fn cover(&mut self, from: Timestamp, until: Timestamp) {
        self.covered = Some(self.covered.map_or((from, until), |(a, b)| (a.min(from), b.max(until))));
    }

    /// The model of a provider that is named beside it, before it, or known by it.
    fn subject(&mut self, model: &str, provider: Option<&str>) -> Option<Subject> {
        let model = one_line(model, 300);
        let (before, bare) = model.split_once('/').map_or((None, model.as_str()), |(p, m)| (platform(p), m));
        let named = provider.and_then(platform);
        let (who, id) = match (named, before) {
            // `openrouter/anthropic/x`: what follows is its own id.
            (Some(p), Some(b)) if p == b => (Some(p), bare),
            (Some(p), _) => (Some(p), model.as_str()),
            (None, Some(b)) => (Some(b), bare),
            (None, None) => (None, model.as_str()),
        };
        let who = match who {
            Some(p) => ProviderId::new(p).ok(),
            None => self.ask.provider.cloned().or_else(|| self.ask.names.home(id)),
        };
        let Some(who) = who.filter(|_| !id.is_empty()) else {
            let what = one_line(&model, 80);
            self.leave_out(format!("nothing says whose model {what:?} is: name it with --provider"));
            return None;
        };
        let id = if who.as_str() == "bedrock" { without_region(id) } else { id };
        Some(Subject { account: self.ask.account.map(str::to_owned), ..Subject::model(&who, id) })
    }

    /// Takes a use; counts of the same window are summed, and a place in code counts above a mention.
    fn take(&mut self, mut u: Use) {
        u.service = u.service.or_else(|| self.ask.service.map(str::to_owned)).map(|s| one_line(&s, 64));
        u.project = u.project.map(|p| one_line(&p, 120)).filter(|p| !p.is_empty());
        let key = (u.subject.clone(), u.service.clone(), u.project.clone(), u.from, u.until);
        let Some(there) = self.uses.get_mut(&key) else {
            self.uses.insert(key, u);
            return;
        };
        let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a.saturating_add(b.unwrap_or(0))));
        (there.calls, there.tokens) = (sum(there.calls, u.calls), sum(there.tokens, u.tokens));
        if there.mention && !u.mention {
            (there.place, there.mention) = (u.place, false);
        }
    }

    /// Whose usage it would have shown: of those that are named in it, or of one by its form.
    fn told(self, direction: Direction, via: &str, whose: Option<&str>) -> Told {
        let account = self.ask.account.map(str::to_owned);
        let mut covers: Vec<(ProviderId, Option<String>)> = match whose.and_then(|w| ProviderId::new(w).ok()) {
            Some(p) => vec![(p, account)],
            None => self.uses.values().map(|u| (u.subject.platform.clone(), account.clone())).collect(),
        };
        covers.sort();
        covers.dedup();
        let report = UsageReport {
            direction,
            via: via.to_owned(),
            service: self.ask.service.map(str::to_owned),
            covers,
            covered: self.covered,
            uses: self.uses.into_values().collect(),
        };
        Told { form: self.form, reports: vec![report], left_out: self.left_out }
    }
}

/// How gateways call a provider, as its id.
fn platform(word: &str) -> Option<&'static str> {
    Some(match word {
        "openai" | "text-completion-openai" => "openai",
        "azure" | "azure_ai" | "azure_text" => "azure",
        "bedrock" | "bedrock_converse" => "bedrock",
        w if w.starts_with("vertex_ai") => "vertex",
        "gemini" | "google" => "gemini",
        "anthropic" => "anthropic",
        "cohere" | "cohere_chat" => "cohere",
        "mistral" => "mistral",
        "groq" => "groq",
        "xai" => "xai",
        "deepseek" => "deepseek",
        "perplexity" => "perplexity",
        "together_ai" | "together" => "together",
        "fireworks_ai" | "fireworks" => "fireworks",
        "openrouter" => "openrouter",
        "cerebras" => "cerebras",
        "replicate" => "replicate",
        "huggingface" => "huggingface",
        "moonshot" => "moonshot",
        "dashscope" => "alibaba",
        "minimax" => "minimax",
        "zai" => "zai",
        _ => return None,
    })
}

/// A profile across regions calls the model whose id follows.
fn without_region(id: &str) -> &str {
    let (region, rest) = id.split_once('.').unwrap_or(("", id));
    if ["us", "eu", "apac", "global", "us-gov", "jp", "au", "ca"].contains(&region) { rest } else { id }
}

/// An observed use without a place.
fn counted(subject: Subject, window: (Timestamp, Timestamp)) -> Use {
    Use {
        subject,
        service: None,
        project: None,
        from: window.0,
        until: window.1,
        calls: None,
        tokens: None,
        place: None,
        mention: false,
    }
}

/// A moment: seconds, RFC 3339, or a date and time of UTC without a zone.
fn moment(v: &Value) -> Option<Timestamp> {
    if let Some(n) = v.as_i64() {
        return Timestamp::from_second(n).ok();
    }
    let s = v.as_str()?.trim();
    if let Ok(n) = s.parse::<i64>() {
        return Timestamp::from_second(n).ok();
    }
    if let Ok(t) = s.parse::<Timestamp>() {
        return Some(t);
    }
    let at = s.parse::<DateTime>().ok().or_else(|| Some(s.parse::<Date>().ok()?.at(0, 0, 0, 0)))?;
    Some(at.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

/// The day of UTC that begins then.
fn day(from: Timestamp) -> (Timestamp, Timestamp) {
    (from, from.checked_add(24.hours()).unwrap_or(from))
}

/// A count, written as a number or as text.
fn count(v: &Value) -> Option<u64> {
    v.as_u64().or_else(|| v.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests;
