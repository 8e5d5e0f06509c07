//! `POST /api/v1/usage` of the private listener: what we use, in any form `forewarn usage import` takes.
//!
//! In: a body; `?service=`, `?account=`, `?provider=` beside it. Out: 200 with what was taken, after it is on disk; else
//! `problem+json` with what is wrong. Invariant: only JSON and CSV are read, so no page in a browser can post it unasked.
//! Refuses bodies over 16 MiB.

use super::actions::Actions;
use super::answer::{Problem, Query};
use crate::engine::usage::{Beside, Taken, UsageError, read, take};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;

/// Largest body.
pub const LARGEST: usize = 16 << 20;
const KINDS: [&str; 5] =
    ["application/json", "application/x-ndjson", "application/sarif+json", "application/jsonl", "text/csv"];

/// The handler.
pub(super) async fn usage(
    State(a): State<Arc<Actions>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !KINDS.contains(&kind.as_str()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("send Content-Type: {}", KINDS.join(" or ")),
        ));
    }
    let q = Query::of(&uri, &["service", "account", "provider"])?;
    let text = |name: &str| q.get(name).map(str::to_owned);
    let beside = Beside { service: text("service"), account: text("account"), provider: text("provider") };
    let told = read(&a.cx, &body, &beside, a.cx.clock.now()).await.map_err(problem)?;
    let mut new = 0;
    for report in told.reports.clone() {
        new += take(&a.cx, report).await?;
    }
    let mut r = Response::new(Body::from(serde_json::to_string(&Taken::of(&told, new)).unwrap_or_default()));
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(super::answer::JSON));
    Ok(r)
}

fn problem(e: UsageError) -> Problem {
    match e {
        UsageError::Wrong(why) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        UsageError::Store(e) => e.into(),
    }
}
