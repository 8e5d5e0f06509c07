//! `POST /api/v1/usage` of the private listener: what we use, in any form `forewarn usage import` takes.
//!
//! In: a body; `?service=`, `?account=`, `?provider=` beside it. Out: 200 with what was taken, after it is on disk; else
//! `problem+json` with what is wrong. Invariant: only JSON and CSV are read, so no page in a browser can post it unasked.
//! Refuses bodies over 16 MiB.

use super::actions::Actions;
use super::answer::{Answered, Problem, Query, done, posted};
use crate::engine::usage::{Beside, Taken, UsageError, read, take};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use std::sync::Arc;

/// Largest body.
const LARGEST: usize = 16 << 20;
const KINDS: [&str; 5] =
    ["application/json", "application/x-ndjson", "application/sarif+json", "application/jsonl", "text/csv"];

/// The handler.
pub(super) async fn usage(State(a): State<Arc<Actions>>, request: Request) -> Answered {
    let q = Query::of(request.uri(), &["service", "account", "provider"])?;
    let body = posted(request, LARGEST, &KINDS).await?;
    let text = |name: &str| q.get(name).map(str::to_owned);
    let beside = Beside { service: text("service"), account: text("account"), provider: text("provider") };
    let told = read(&a.cx, &body, &beside, a.cx.clock.now()).await.map_err(problem)?;
    let mut new = 0;
    for report in told.reports.clone() {
        new += take(&a.cx, report).await?;
    }
    done(&Taken::of(&told, new))
}

fn problem(e: UsageError) -> Problem {
    match e {
        UsageError::Wrong(why) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why),
        UsageError::Store(e) => e.into(),
    }
}
