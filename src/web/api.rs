//! The API: everything forewarn knows, as JSON under `/api/v1`, and what may be done about it.
//!
//! In: requests of our own people. Out: lists of `{"items","next"}`, single things, a stream of events, problems. Invariant:
//! every route stands in `openapi.json` and every field of an answer in its schema; tests hold both. Refuses to ask who may:
//! the door stands before it.

mod act;
mod heard;
mod known;
mod stream;

use super::actions::Actions;
use super::answer::{Problem, fresh};
use super::{observe, usage};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, post};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The description of the API (<https://spec.openapis.org/oas/v3.1.1.html>).
pub const OPENAPI: &str = include_str!("api/openapi.json");

/// Every address with what answers there. An id that may hold slashes (`stripe:api/2024-06-20`) is the rest of the address:
/// some clients send them as they are.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<Actions>>)> {
    vec![
        ("/api/v1/events", get(heard::events).layer(stream::places())),
        ("/api/v1/events/{*id}", get(heard::event)),
        ("/api/v1/between", get(heard::between)),
        ("/api/v1/now", get(heard::now)),
        ("/api/v1/alerts", get(heard::alerts)),
        ("/api/v1/alerts/{id}", get(heard::alert)),
        ("/api/v1/alerts/{id}/ack", post(act::ack)),
        ("/api/v1/alerts/{id}/snooze", post(act::snooze)),
        ("/api/v1/alerts/{id}/resolve", post(act::resolve)),
        ("/api/v1/alerts/{id}/reopen", post(act::reopen)),
        ("/api/v1/alerts/{id}/reassign", post(act::reassign)),
        ("/api/v1/notifications", get(heard::notifications)),
        ("/api/v1/notifications/{*id}", get(heard::notification)),
        ("/api/v1/deprecations", get(known::deprecations)),
        ("/api/v1/deprecations/{*id}", get(known::deprecation)),
        ("/api/v1/incidents", get(known::incidents)),
        ("/api/v1/incidents/{*id}", get(known::episode)),
        ("/api/v1/maintenance", get(known::maintenance)),
        ("/api/v1/maintenance/{*id}", get(known::episode)),
        ("/api/v1/billing", get(known::billing)),
        ("/api/v1/billing/{*id}", get(known::episode)),
        ("/api/v1/owners", get(known::owners)),
        ("/api/v1/owners/{*id}", get(known::owner)),
        ("/api/v1/services", get(known::services)),
        ("/api/v1/services/{*id}", get(known::service)),
        ("/api/v1/sources", get(known::sources)),
        ("/api/v1/sources/{*id}", get(known::source)),
        ("/api/v1/providers", get(known::providers)),
        ("/api/v1/providers/{*id}", get(known::provider)),
        ("/api/v1/connections", get(known::connections)),
        ("/api/v1/connections/{*id}", get(known::connection)),
        ("/api/v1/scorecard", get(known::scorecard)),
        ("/api/v1/usage", post(usage::usage)),
        ("/api/v1/observations", post(observe::observations)),
        ("/api/v1/simulate", post(act::simulate)),
        ("/api/v1/status", get(heard::status)),
        ("/api/v1/openapi.json", get(openapi)),
    ]
}

/// The JSON Schema of an event, from the description of the API.
pub fn event_schema() -> Value {
    let doc: Value = serde_json::from_str(OPENAPI).unwrap_or_default();
    let text = doc["components"]["schemas"].to_string().replace("#/components/schemas/", "#/$defs/");
    let mut all: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    let mut out = all.remove("Event").unwrap_or_default();
    let mut needed: Vec<String> = Vec::new();
    let mut look = vec![out.to_string()];
    while let Some(text) = look.pop() {
        for name in text.split("#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
            if let Some(def) = all.get(name).filter(|_| !needed.iter().any(|n| n == name)) {
                needed.push(name.to_owned());
                look.push(def.to_string());
            }
        }
    }
    all.retain(|name, _| needed.contains(name));
    out["$defs"] = Value::Object(all);
    out["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    out["title"] = json!("an event of forewarn");
    out
}

/// The routes.
pub fn router(actions: Arc<Actions>) -> Router {
    let all = routes().into_iter().fold(Router::new(), |r, (path, answer)| r.route(path, answer));
    all.route("/api/{*rest}", any(nothing)).method_not_allowed_fallback(wrong_method).with_state(actions)
}

async fn openapi(headers: HeaderMap) -> Response {
    fresh(
        &headers,
        super::answer::JSON,
        &super::answer::etag(OPENAPI.as_bytes()),
        Bytes::from_static(OPENAPI.as_bytes()),
    )
}

async fn nothing() -> Problem {
    Problem::not_found("such address: see /api/v1/openapi.json")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method: Allow says with which")
}

#[cfg(test)]
mod tests;
