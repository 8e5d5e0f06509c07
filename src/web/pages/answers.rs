//! Questions: is it them, what moved, what would have been said, how providers treated us.
//!
//! In: what somebody typed. Out: the page of the engine's answer. Invariant: what cannot be understood is said with what is
//! near it. Refuses two rehearsals at a time: each plays all of history.

use super::view::Page;
use super::words::segment;
use super::{Fault, Paged, Shared};
use crate::engine::between::{self, Asked, Between};
use crate::engine::listing;
use crate::engine::now::{self, Now};
use crate::engine::rehearse::Rehearsal;
use crate::engine::scorecard::{Score, scorecard};
use crate::model::moment::Stretch;
use crate::web::answer::Query;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
struct Choice {
    providers: Vec<String>,
    services: Vec<String>,
    told: Option<String>,
    asked: String,
}

/// `/now?what=openai`: to the page of what was asked.
pub(super) async fn ask(State(site): Shared, uri: Uri) -> Response {
    let q = match Query::of(&uri, &["what"]) {
        Ok(q) => q,
        Err(p) => return Fault::from(p).into_response(),
    };
    match q.get("what").map(str::trim).filter(|w| !w.is_empty()) {
        Some(what) => Redirect::to(&format!("/now/{}", segment(what))).into_response(),
        None => choice(&site, None, "").into_response(),
    }
}

fn choice(site: &super::Site, told: Option<String>, asked: &str) -> Page {
    let cx = &site.actions.cx;
    let shown = Choice {
        providers: cx.directory.services().flat_map(|s| &s.uses).map(|u| u.provider().to_owned()).collect(),
        services: listing::services(cx).into_iter().map(|s| s.id).collect(),
        told,
        asked: asked.to_owned(),
    };
    Page::new("ask", "Is it them?", &shown)
}

pub(super) async fn now(State(site): Shared, Path(what): Path<String>) -> Paged {
    let a = &site.actions;
    let scope = match now::scope(&a.cx, Some(&what)).await? {
        Ok(scope) => scope,
        Err(told) => return Ok(choice(&site, Some(told), &what).with_status(StatusCode::NOT_FOUND)),
    };
    let answer: Now = now::now(&a.cx, &scope, &a.targets, &a.off).await?;
    Ok(Page::new("now", format!("Is it {}?", scope.name()), &answer))
}

#[derive(Serialize)]
struct Window<T> {
    from_text: String,
    to_text: String,
    provider: Option<String>,
    told: Option<String>,
    answer: Option<T>,
}

/// What was asked of a window: its beginning and end, in the words of the command line.
fn window(q: &Query, now: Timestamp, usual: (&str, &str)) -> (String, String, Result<(Timestamp, Timestamp), String>) {
    let text =
        |name: &str, usual: &str| q.get(name).map(str::trim).filter(|t| !t.is_empty()).unwrap_or(usual).to_owned();
    let (from, to) = (text("from", usual.0), text("to", usual.1));
    let read = || {
        let (a, b) = (Stretch::parse(&from, now)?.from, Stretch::parse(&to, now)?.until);
        if a < b { Ok((a, b)) } else { Err(format!("{from} is not before {to}")) }
    };
    let span = read();
    (from, to, span)
}

pub(super) async fn between(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["from", "to", "provider"])?;
    let cx = &site.actions.cx;
    let (from_text, to_text, span) = window(&q, cx.clock.now(), ("7d", "now"));
    let provider = q.get("provider").map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned);
    let mut shown: Window<Between> =
        Window { from_text, to_text, provider: provider.clone(), told: None, answer: None };
    match span {
        Ok((from, to)) => shown.answer = Some(between::between(cx, Asked { from, to, provider }).await?),
        Err(why) => shown.told = Some(why),
    }
    Ok(Page::new("between", "What moved?", &shown))
}

pub(super) async fn rehearse(State(site): Shared, uri: Uri) -> Paged {
    let q = Query::of(&uri, &["from", "to"])?;
    let (from_text, to_text, span) = window(&q, site.actions.cx.clock.now(), ("90d", "now"));
    let mut shown: Window<Rehearsal> = Window { from_text, to_text, provider: None, told: None, answer: None };
    // A rehearsal plays all of history: only when it is asked for, and one at a time.
    match (span, q.get("from").is_some()) {
        (Err(why), _) => shown.told = Some(why),
        (Ok(_), false) => {}
        (Ok(span), true) => match site.stage.try_acquire() {
            Ok(_permit) => match (site.rehearse)(span).await {
                Ok(played) => shown.answer = Some(played),
                Err(why) => shown.told = Some(why),
            },
            Err(_) => shown.told = Some("another rehearsal is running: try again in a moment".into()),
        },
    }
    Ok(Page::new("rehearse", "Rehearse", &shown))
}

#[derive(Serialize)]
struct Scores {
    rows: Vec<Score>,
}

pub(super) async fn scores(State(site): Shared) -> Paged {
    let mut rows = scorecard(&site.actions.cx, None).await?;
    rows.retain(|s| {
        s.notice.ends > 0 || s.incidents.count > 0 || s.dates.earlier + s.dates.later + s.dates.withdrawn > 0
    });
    Ok(Page::new("scorecard", "Scorecard", &Scores { rows }))
}
