//! `POST /api/v1/observations` of the private listener: what a client saw in the headers of responses.
//!
//! In: one JSON object, or a list of them. Out: 200 with the matters, after they are on disk; else `problem+json` (RFC 9457)
//! with what is wrong. Invariant: only `application/json` is read, so no page in a browser can post it unasked. Refuses
//! bodies over 1 MiB.

use super::actions::Actions;
use super::answer::{Answered, Problem, done, posted};
use crate::engine::observe::{ObserveError, Seen, observe};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Largest body.
const LARGEST: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(untagged)]
enum Sent {
    Many(Vec<Seen>),
    One(Seen),
}

/// The handler.
pub(super) async fn observations(State(a): State<Arc<Actions>>, request: Request) -> Answered {
    let body = posted(request, LARGEST, &["application/json"]).await?;
    let batch = match serde_json::from_slice::<Value>(&body).and_then(serde_json::from_value::<Sent>) {
        Ok(Sent::Many(all)) => all,
        Ok(Sent::One(one)) => vec![one],
        Err(e) if body.is_empty() || e.is_syntax() || e.is_eof() => {
            return Err(Problem::bad(format!("not JSON: {e}")));
        }
        Err(_) => {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "send {\"subject\": \"openai:gpt-demo-1\", \"deprecation\": \"@1688169599\", \"sunset\": \"Fri, 31 Dec 2027 23:59:59 GMT\"}, with url and by if you like, or a list of these",
            ));
        }
    };
    match observe(&a.cx, &batch, a.cx.clock.now()).await {
        Ok(matters) => done(&json!({ "items": matters, "next": null })),
        Err(e @ ObserveError::Wrong { .. }) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.to_string())),
        Err(ObserveError::Store(e)) => Err(e.into()),
    }
}
