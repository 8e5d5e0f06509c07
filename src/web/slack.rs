//! `POST /slack/actions` on the public listener: buttons and modals of Slack.
//!
//! In: a signed request. Out: what Slack shows next. Invariant: 401 for everything no workspace of ours signed, without a
//! reason; an act is on disk before 200. Refuses bodies over `LARGEST`.

use crate::engine::Context;
use crate::engine::press::{Presser, Signed};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use std::sync::Arc;

/// Most bytes of a request: a payload holds the whole message it belongs to.
const LARGEST: usize = 512 * 1024;

/// The route.
pub fn router(cx: Context, presser: Presser) -> Router {
    Router::new()
        .route("/slack/actions", post(actions).layer(DefaultBodyLimit::max(LARGEST)))
        .with_state(Arc::new((cx, presser)))
}

async fn actions(State(s): State<Arc<(Context, Presser)>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or_default();
    let request = Signed { time: text("x-slack-request-timestamp"), signature: text("x-slack-signature"), body: &body };
    let (status, body) = match s.1.hear(&request, s.0.clock.now()).await {
        Ok(Some(answer)) if answer.as_object().is_some_and(|o| o.is_empty()) => (StatusCode::OK, String::new()),
        Ok(Some(answer)) => (StatusCode::OK, answer.to_string()),
        Ok(None) => (StatusCode::UNAUTHORIZED, String::new()),
        Err(e) => {
            tracing::warn!("what was pressed in Slack could not be stored: {e}");
            (StatusCode::SERVICE_UNAVAILABLE, String::new())
        }
    };
    let mut r = Response::new(Body::from(body));
    *r.status_mut() = status;
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    r
}
