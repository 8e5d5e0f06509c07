//! What is done by the API: answers to alerts, a signed sample of a sender's message.
//!
//! In: POST with one JSON object. Out: what became of it, once it is on disk; else a problem. Invariant: only
//! `application/json` is read, so no page in a browser can post it unasked; who acted is who signed in. Refuses fields
//! it does not know: a plan with a mistyped name would be an acknowledgement without one.

use super::heard::with_matter;
use crate::engine::act::{ActError, act};
use crate::engine::simulate::{Sample, Wanted, sample};
use crate::model::{Act, Action, AlertId, By, ConnectionId, ResolveReason, Role, Until, Via};
use crate::store::AlertFilter;
use crate::web::access::Who;
use crate::web::actions::Actions;
use crate::web::answer::{Answered, Problem, digits, done, posted};
use crate::web::hooks::{Hooks, Public};
use crate::web::listener::Answers;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use jiff::civil::Date;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type Shared = State<Arc<Actions>>;

/// Largest body.
const LARGEST: usize = 64 * 1024;

/// What every act takes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    /// For whom they speak.
    by: Option<String>,
    note: Option<String>,
    /// Only if this episode still goes on.
    episode: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    plan_on: Option<String>,
}

/// Seen, and this will happen.
pub(super) async fn ack(State(a): Shared, Path(id): Path<String>, who: Who, request: Request) -> Answered {
    let action = |p: Plan, note| {
        let day =
            |text: String| text.parse::<Date>().map_err(|_| format!("plan_on {text:?} is no date: write 2026-12-14"));
        Ok(Action::Acknowledge { note, plan_on: p.plan_on.map(day).transpose()? })
    };
    answered(&a, &id, &who, request, action).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiet {
    until: String,
}

/// Quiet for a while.
pub(super) async fn snooze(State(a): Shared, Path(id): Path<String>, who: Who, request: Request) -> Answered {
    let action = |q: Quiet, note| {
        let moment = q.until.parse().map(Until::At);
        let until = moment.or_else(|_| q.until.parse().map(Until::Day));
        let until = until.map_err(|_| "until: a day, 2026-12-14, or a moment, 2026-12-14T15:00:00Z".to_owned())?;
        Ok(Action::Snooze { until, note })
    };
    answered(&a, &id, &who, request, action).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dealt {
    reason: ResolveReason,
    #[serde(default)]
    services: Vec<String>,
    duplicate_of: Option<AlertId>,
}

/// Dealt with.
pub(super) async fn resolve(State(a): Shared, Path(id): Path<String>, who: Who, request: Request) -> Answered {
    let action = |d: Dealt, note| {
        Ok(Action::Resolve { reason: d.reason, note, services: d.services, duplicate_of: d.duplicate_of })
    };
    answered(&a, &id, &who, request, action).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    services: Vec<String>,
}

/// Not dealt with after all.
pub(super) async fn reopen(State(a): Shared, Path(id): Path<String>, who: Who, request: Request) -> Answered {
    answered(&a, &id, &who, request, |x: Again, note| Ok(Action::Reopen { note, services: x.services })).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    to: String,
}

/// Another owner answers.
pub(super) async fn reassign(State(a): Shared, Path(id): Path<String>, who: Who, request: Request) -> Answered {
    answered(&a, &id, &who, request, |g: Given, note| Ok(Action::Reassign { to: g.to, note })).await
}

/// Does it, and answers with the alert after.
async fn answered<T: DeserializeOwned>(
    a: &Actions,
    id: &str,
    who: &Who,
    request: Request,
    action: impl FnOnce(T, Option<String>) -> Result<Action, String>,
) -> Answered {
    let id = digits(id).map(AlertId).ok_or_else(|| Problem::not_found("such alert"))?;
    let mut fields = object(request).await?;
    let common = ["by", "note", "episode"].into_iter().filter_map(|k| fields.remove_entry(k)).collect();
    let said: Said = read(common)?;
    let by = By { who: who.speaks_as(said.by.as_deref()), via: Via::Api };
    let action = action(read(fields)?, said.note).map_err(unprocessable)?;
    let now = a.cx.clock.now();
    let acted = act(&a.cx, Act { alert: id, episode: said.episode, action, by }, now).await.map_err(refused)?;
    let found = a.cx.store.alerts(AlertFilter { id: Some(id), limit: 1, ..AlertFilter::default() }).await?;
    let (alert, matter) = found.first().ok_or_else(|| Problem::not_found("such alert"))?;
    done(
        &json!({ "alert": with_matter(alert, matter), "said": acted.said, "also": acted.also, "advice": acted.advice }),
    )
}

fn refused(e: ActError) -> Problem {
    let status = if e.is_missing() { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT };
    match e {
        ActError::Store(e) => e.into(),
        ActError::Refused(why) => Problem::new(status, why.to_string()),
    }
}

/// What to sample.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sampled {
    provider: String,
    #[serde(default = "main_account")]
    account: String,
    #[serde(rename = "type")]
    kind: String,
    number: Option<u64>,
    /// Give it to our own hook, signed with the secret of the connection.
    #[serde(default)]
    send: bool,
}

fn main_account() -> String {
    "main".into()
}

/// A message as this sender signs it: to look at, with the built-in sample secret; or given to our own hook, as if it came from
/// there. A connection's secret signs only what stays inside, and real people may be told: that is for admins.
pub(super) async fn simulate(State(a): Shared, who: Who, request: Request) -> Answered {
    let asked: Sampled = read(object(request).await?)?;
    let missing = || unprocessable(format!("there is no provider {:?}: see /api/v1/providers", asked.provider));
    let provider = a.cx.catalog.get(&asked.provider).ok_or_else(missing)?;
    let id = ConnectionId::of(&provider.file.id, &asked.account).map_err(|e| unprocessable(e.to_string()))?;
    let now = a.cx.clock.now();
    let number = asked.number.unwrap_or_else(|| u64::try_from(now.as_microsecond()).unwrap_or(0));
    let wanted = Wanted { account: &asked.account, kind: &asked.kind, number, at: now, ..Wanted::default() };
    if !asked.send {
        return done(&sample(provider, wanted).map_err(unprocessable)?);
    }
    who.may(Role::Admin)?;
    let connected = a.connections.get(&id).filter(|c| !c.webhook_secrets.is_empty());
    let connected = connected.ok_or_else(|| unprocessable(format!("{id} has no webhook_secret: its hook is off")))?;
    let wanted = Wanted {
        secret: connected.webhook_secrets.first().map(|(s, _)| s.expose_secret()),
        public_url: connected.public_url.as_deref(),
        pin: connected.pins.first().map(String::as_str),
        ..wanted
    };
    let signed = sample(provider, wanted).map_err(unprocessable)?;
    if signed.sample_secret.is_some() {
        let why = "only the sender can sign this: forewarn holds the public half of its key";
        return Err(unprocessable(format!("{id}: {why}; `forewarn simulate --key` takes a private key of yours")));
    }
    let (status, said) = to_our_hook(&a, signed).await?;
    done(&json!({ "connection": id, "type": asked.kind, "status": status, "answer": said }))
}

/// What our own hook answers to it.
async fn to_our_hook(a: &Actions, s: Sample) -> Result<(u16, String), Problem> {
    let Some(receiver) = a.receiver.clone() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no hooks run here"));
    };
    let mut request = Request::builder().method(s.method.as_str()).uri(s.path);
    for (name, value) in &s.headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(s.body)).map_err(|e| unprocessable(e.to_string()))?;
    let public = Public::new(Hooks { receiver, cx: a.cx.clone() }, Router::new());
    let answer = public.answer(request).await;
    let status = answer.status().as_u16();
    let text = to_bytes(answer.into_body(), LARGEST).await.unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&text).trim().to_owned()))
}

fn unprocessable(why: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

/// The fields of one JSON object; nothing at all is an empty one.
async fn object(request: Request) -> Result<Map<String, Value>, Problem> {
    let body = posted(request, LARGEST, &["application/json"]).await?;
    let body = if body.is_empty() { b"{}".as_slice() } else { &body };
    serde_json::from_slice(body).map_err(|e| {
        let kind = if e.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
        Problem::new(kind, format!("send one JSON object: {e}"))
    })
}

fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Problem> {
    T::deserialize(Value::Object(fields)).map_err(|e| unprocessable(e.to_string()))
}
