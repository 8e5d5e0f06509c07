//! What a person does on a page: acknowledge, plan, snooze, resolve, reopen, reassign. Read again; send again.
//!
//! In: a form of ours with its `csrf`. Out: a redirect to what was changed, or the page with why not. Invariant: durable before
//! the answer; who acted is who signed in. Refuses GET.

use super::people::alert_page;
use super::view::Page;
use super::{Fault, Shared};
use crate::engine::act::{ActError, act};
use crate::model::{Act, Action, AlertId, By, ResolveReason, Until, Via};
use crate::web::access::{Form, Who};
use crate::web::actions::{Reply, Request};
use crate::web::answer::digits;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;

pub(super) async fn alert(
    State(site): Shared,
    Path((id, verb)): Path<(String, String)>,
    who: Who,
    form: Form,
) -> Response {
    let Some(id) = digits(&id).map(AlertId) else { return Fault::Missing("such alert").into_response() };
    let action = match action(&verb, &form) {
        Ok(a) => a,
        Err(why) => return refused(&site, id, &why).await,
    };
    let by = By { who: who.speaks_as(form.get("by")), via: Via::Page };
    let episode = form.get("episode").and_then(|e| e.parse().ok());
    let now = site.actions.cx.clock.now();
    match act(&site.actions.cx, Act { alert: id, episode, action, by }, now).await {
        Ok(done) if done.advice.is_empty() => Redirect::to(&format!("/alerts/{id}#done")).into_response(),
        Ok(done) => match alert_page(&site, id, None, done.advice).await {
            Ok(page) => page.into_response(),
            Err(f) => f.into_response(),
        },
        Err(ActError::Refused(why)) => refused(&site, id, &why.to_string()).await,
        Err(ActError::Store(e)) => Fault::from(e).into_response(),
    }
}

async fn refused(site: &super::Site, id: AlertId, why: &str) -> Response {
    match alert_page(site, id, Some(why.to_owned()), vec![]).await {
        Ok(page) => page.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response(),
        Err(f) => f.into_response(),
    }
}

fn action(verb: &str, form: &Form) -> Result<Action, String> {
    let note = form.get("note").map(str::to_owned);
    let day = |name: &str| match form.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<Date>().map(Some).map_err(|_| format!("{text:?} is no date: write 2027-01-10")),
    };
    match verb {
        "ack" => Ok(Action::Acknowledge { note, plan_on: day("plan_on")? }),
        "snooze" => {
            let until = day("until")?.ok_or("until when? a date is needed")?;
            Ok(Action::Snooze { until: Until::Day(until), note })
        }
        "resolve" => {
            let word = form.get("reason").unwrap_or_default();
            let all: Vec<&str> = ResolveReason::ALL.iter().map(|r| r.as_str()).collect();
            let reason =
                ResolveReason::parse(word).ok_or_else(|| format!("reason {word:?}: one of {}", all.join(", ")))?;
            let duplicate_of = form.get("duplicate_of").and_then(|t| digits(t.trim_start_matches('#'))).map(AlertId);
            let services = form.get("service").map(str::to_owned).into_iter().collect();
            Ok(Action::Resolve { reason, note, services, duplicate_of })
        }
        "reopen" => Ok(Action::Reopen { note }),
        "reassign" => {
            Ok(Action::Reassign { to: form.get("to").ok_or("to whom? an owner is needed")?.to_owned(), note })
        }
        other => Err(format!("nobody knows how to {other:?}")),
    }
}

/// Reads what was not understood again.
pub(super) async fn replay(State(site): Shared, _: Who, _: Form) -> Response {
    match site.actions.act(Request::Replay { since: None, provider: None }).await {
        Reply::Done(v) => {
            let n = |name: &str| v.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            let told = format!("{} looked at again, {} understood now.", n("looked"), n("read"));
            Page::message(StatusCode::OK, "Read again", told).into_response()
        }
        Reply::Refused(why) => Page::message(StatusCode::CONFLICT, "Not done", why).into_response(),
        Reply::Failed(why) => Page::message(StatusCode::SERVICE_UNAVAILABLE, "Not done", why).into_response(),
    }
}

/// Sends a dead letter again.
pub(super) async fn retry(State(site): Shared, Path(id): Path<String>, who: Who, form: Form) -> Response {
    let Some(id) = digits(&id) else { return Fault::Missing("such message").into_response() };
    let by = who.speaks_as(form.get("by"));
    match crate::engine::deliver::retry(&site.actions.cx, crate::model::NotificationId(id), &by).await {
        Ok(true) => Redirect::to("/notifications").into_response(),
        Ok(false) => {
            Page::message(StatusCode::CONFLICT, "Not done", "This message is not given up, or its alerts are resolved.")
                .into_response()
        }
        Err(e) => Fault::from(e).into_response(),
    }
}
