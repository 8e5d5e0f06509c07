//! `POST /api/v1/observations` of the private listener: what a client saw in the headers of responses.
//!
//! In: one JSON object, or a list of them. Out: 200 with the matters, after they are on disk; else `problem+json` (RFC 9457)
//! with what is wrong. Invariant: only `application/json` is read, so no page in a browser can post it unasked. Refuses
//! bodies over 1 MiB.

use super::actions::Actions;
use crate::engine::observe::{ObserveError, Seen, observe};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Largest body.
pub const LARGEST: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(untagged)]
enum Sent {
    Many(Vec<Seen>),
    One(Seen),
}

/// The handler.
pub async fn observations(State(a): State<Arc<Actions>>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send Content-Type: application/json");
    }
    let batch = match serde_json::from_slice::<Value>(&body).and_then(serde_json::from_value::<Sent>) {
        Ok(Sent::Many(all)) => all,
        Ok(Sent::One(one)) => vec![one],
        Err(e) if body.is_empty() || e.is_syntax() || e.is_eof() => {
            return problem(StatusCode::BAD_REQUEST, &format!("not JSON: {e}"));
        }
        Err(_) => {
            return problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "send {\"subject\": \"openai:gpt-demo-1\", \"deprecation\": \"@1688169599\", \"sunset\": \"Fri, 31 Dec 2027 23:59:59 GMT\"}, with url and by if you like, or a list of these",
            );
        }
    };
    match observe(&a.cx, &batch, a.cx.clock.now()).await {
        Ok(matters) => answer(StatusCode::OK, "application/json", &json!({ "items": matters, "next": null })),
        Err(e @ ObserveError::Wrong { .. }) => problem(StatusCode::UNPROCESSABLE_ENTITY, &e.to_string()),
        Err(ObserveError::Store(e)) => problem(StatusCode::SERVICE_UNAVAILABLE, &e.to_string()),
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    answer(status, "application/problem+json", &body)
}

fn answer(status: StatusCode, kind: &'static str, value: &Value) -> Response {
    let mut r = Response::new(Body::from(value.to_string()));
    *r.status_mut() = status;
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    r
}
