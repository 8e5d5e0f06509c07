//! Simulating: a correctly signed sample message of any sender.
//!
//! In: a provider, a type, an optional secret. Out: path, headers, body. Invariant: made from the provider file alone,
//! so a sample is accepted exactly where a real message is. Refuses to send: the command does.

use crate::provider::catalog::Provider;
use crate::provider::file::{Source, TimeFormat, Verify};
use crate::provider::pick::Place;
use crate::provider::sign::{self, Unsigned, sample_secret};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A signed sample.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Method.
    pub method: String,
    /// Path on the intake.
    pub path: String,
    /// Headers of proof and type.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
    /// The secret it is signed with, when it is the built-in sample secret.
    pub sample_secret: Option<&'static str>,
}

/// What to sample.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which account's hook.
    pub account: &'a str,
    /// The type, `safety.alert.created`.
    pub kind: &'a str,
    /// The secret; the built-in sample secret without one.
    pub secret: Option<&'a str>,
    /// Makes the id: two samples with one number are the same delivery.
    pub number: u64,
    /// When.
    pub at: Timestamp,
}

/// Makes a sample.
///
/// # Errors
/// The provider sends no webhooks, or its type stands in several places that cannot be filled.
pub fn sample(provider: &Provider, w: Wanted<'_>) -> Result<Sample, String> {
    let Some(source) =
        provider.file.sources.values().find_map(|s| if let Source::Webhook(h) = s { Some(h) } else { None })
    else {
        return Err(format!("{} sends no webhooks", provider.file.id));
    };
    let id = format!("sample_{:016x}", w.number);
    let mut body = json!({});
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut put = |place: &str, value: Value| -> Result<(), String> {
        match Place::parse(place)? {
            Place::Pointer(p) => set(&mut body, &p, value),
            Place::Header(h) => headers.push((h, value.as_str().unwrap_or_default().to_owned())),
        }
        Ok(())
    };
    put_type(&source.event.kind, w.kind, &mut put)?;
    if let Some(at) = &source.event.occurred_at {
        let value = match at.format {
            TimeFormat::Unix => json!(w.at.as_second()),
            TimeFormat::UnixMs => json!(w.at.as_millisecond()),
            TimeFormat::Rfc3339 => json!(w.at.to_string()),
        };
        put(&at.at, value)?;
    }
    let rule = source.rules.iter().find(|r| r.types.iter().any(|p| crate::model::text::glob(p, w.kind)));
    if let Some(key) = rule.and_then(|r| r.key.as_deref()) {
        put(key, json!(format!("sample-{}", w.number)))?;
    }
    if let Some(e) = rule.and_then(|r| r.ending.as_ref()) {
        put(&e.subject, json!("gpt-sample-1"))?;
        let in_60_days =
            w.at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date().saturating_add(jiff::Span::new().days(60));
        put(&e.shutdown_on, json!(in_60_days.to_string()))?;
        if let Some(r) = &e.replacement {
            put(r, json!("gpt-sample-2"))?;
        }
    }
    let id_place = source.event.delivery_id.clone();
    if let Some(place) = &id_place {
        put(place, json!(id))?;
    }
    let text = body.to_string();
    let builtin = match &source.verify {
        Verify::Hmac(h) => sample_secret(h.key),
        Verify::Token(_) | Verify::UrlToken => "forewarn-sample-token-0000",
    };
    let secret = w.secret.unwrap_or(builtin);
    for (k, v) in sign::headers(&source.verify, secret, Unsigned { id: &id, at: w.at, body: text.as_bytes() })? {
        headers.retain(|(name, _)| *name != k);
        headers.push((k, v));
    }
    let mut path = format!("/hooks/{}/{}", provider.file.id, w.account);
    if matches!(source.verify, Verify::UrlToken) {
        path = format!("{path}/{secret}");
    }
    let method = source.methods.first().cloned().unwrap_or_else(|| "POST".into());
    Ok(Sample { method, path, headers, body: text, sample_secret: w.secret.is_none().then_some(builtin) })
}

/// Puts a type into one place whole, or its dotted parts into several, the last place taking the rest.
fn put_type(
    places: &[String],
    kind: &str,
    put: &mut impl FnMut(&str, Value) -> Result<(), String>,
) -> Result<(), String> {
    match places {
        [] => Ok(()),
        [one] => put(one, json!(kind)),
        [first, rest @ ..] => {
            let (head, tail) = kind.split_once('.').unwrap_or((kind, ""));
            put(first, json!(head))?;
            if tail.is_empty() { Ok(()) } else { put_type(rest, tail, put) }
        }
    }
}

/// Sets a value at a JSON Pointer, making objects on the way.
fn set(body: &mut Value, pointer: &str, value: Value) {
    let mut at = body;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        match at {
            Value::Object(map) => at = map.entry(step).or_insert(Value::Null),
            _ => return,
        }
    }
    *at = value;
}
