//! The private listener: pages, health, the API, the calendar, metrics, what our clients observe. Loopback by default.
//!
//! In: requests of our own people. Out: JSON, iCalendar, metrics. Invariant: what is posted is on disk before the answer.
//! Refuses to know who asks: `access::Door` stands before it.

use super::access::Who;
use super::actions::Actions;
use super::calendar::{self, Calendars};
use super::{api, metrics, pages};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use serde_json::json;
use std::sync::Arc;

/// The routes of the private listener.
pub fn router(actions: Arc<Actions>, calendars: Arc<Calendars>, site: Arc<pages::Site>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(actions.clone())
        .merge(api::router(actions.clone()))
        .merge(metrics::router(actions))
        .merge(pages::router(site))
        .merge(calendar::private(calendars))
}

/// Alive: the process answers.
async fn healthz() -> Response {
    json_answer(StatusCode::OK, &json!({ "ok": true }))
}

/// Ready and well: 503 with the findings when a person is needed.
async fn readyz(State(a): State<Arc<Actions>>, who: Option<Who>) -> Response {
    match a.status().await {
        Ok(s) if s.healthy => json_answer(StatusCode::OK, &json!({ "ok": true })),
        // Probes do not sign in, and the findings name what we use.
        Ok(_) | Err(_) if who.is_none() => json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "ok": false })),
        Ok(s) => json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "ok": false, "findings": s.findings })),
        Err(e) => json_answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "ok": false, "findings": [e.to_string()] })),
    }
}

fn json_answer<T: serde::Serialize>(status: StatusCode, value: &T) -> Response {
    let mut r = Response::new(Body::from(serde_json::to_string(value).unwrap_or_else(|_| "{}".into())));
    *r.status_mut() = status;
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}
