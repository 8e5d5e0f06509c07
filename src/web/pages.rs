//! The pages: what a person sees in a browser, made here, without a script.
//!
//! In: requests of our own people. Out: HTML. Invariant: a page shows what a query of the engine returns and decides nothing;
//! every text is escaped where it is written. Refuses to change anything by GET.

mod act;
mod answers;
mod calendar;
mod events;
mod front;
mod matters;
mod operating;
mod people;
mod providers;
mod sources;
mod timeline;
mod view;
mod words;

pub use operating::SettingGroup;

use super::access::Who;
use super::actions::Actions;
use super::answer::Problem;
use crate::engine::rehearse::Rehearsal;
use crate::model::Role;
use crate::store::StoreError;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;
use view::{Frame, Page, View};

/// What all pages share.
pub struct Site {
    actions: Arc<Actions>,
    view: View,
    public_url: Option<String>,
    settings: Vec<SettingGroup>,
    rehearse: Rehearse,
    /// One rehearsal at a time.
    stage: Semaphore,
}

/// What the app hands to the pages beside its actions.
pub struct Given {
    /// Where the outside reaches the intake.
    pub public_url: Option<String>,
    /// The settings as they were loaded.
    pub settings: Vec<SettingGroup>,
    /// Plays history on a stage of its own.
    pub rehearse: Rehearse,
}

/// Plays history between two moments; an error is what to tell.
pub type Rehearse = Box<dyn Fn((Timestamp, Timestamp)) -> Played + Send + Sync>;
/// A rehearsal under way.
pub type Played = Pin<Box<dyn Future<Output = Result<Rehearsal, String>> + Send>>;

impl Site {
    /// Over the daemon's actions.
    pub fn new(actions: Arc<Actions>, given: Given) -> Arc<Self> {
        let Given { public_url, settings, rehearse } = given;
        Arc::new(Self { actions, view: View::new(), public_url, settings, rehearse, stage: Semaphore::new(1) })
    }

    fn today(&self) -> Date {
        self.actions.cx.clock.now().to_zoned_datetime(TimeZone::UTC).date()
    }
}

type Shared = State<Arc<Site>>;

/// The routes.
pub fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(front::front))
        .route("/now", get(answers::ask))
        .route("/now/{what}", get(answers::now))
        .route("/between", get(answers::between))
        .route("/rehearse", get(answers::rehearse))
        .route("/scorecard", get(answers::scores))
        .route("/calendar", get(calendar::calendar))
        .route("/deprecations/{id}", get(matters::deprecation))
        .route("/incidents", get(matters::incidents))
        .route("/incidents/{id}", get(matters::incident))
        .route("/maintenance", get(matters::maintenances))
        .route("/maintenance/{id}", get(matters::maintenance))
        .route("/billing", get(matters::billings))
        .route("/billing/{id}", get(matters::billing))
        .route("/matters/{id}", get(matters::matter))
        .route("/events", get(events::events))
        .route("/events/{id}", get(events::event))
        .route("/alerts", get(people::alerts))
        .route("/alerts/{id}", get(people::alert))
        .route("/alerts/{id}/{verb}", post(act::alert))
        .route("/deliveries/replay", post(act::replay))
        .route("/notifications/{id}/retry", post(act::retry))
        .route("/owners", get(people::owners))
        .route("/sources", get(sources::sources))
        .route("/sources/{id}", get(sources::source))
        .route("/providers", get(providers::providers))
        .route("/providers/{id}", get(providers::provider))
        .route("/deliveries", get(operating::deliveries))
        .route("/notifications", get(operating::notifications))
        .route("/audit", get(operating::audit))
        .route("/settings", get(operating::settings))
        .route("/style.css", get(view::style))
        .route("/icon.svg", get(view::icon))
        .fallback(nothing)
        .layer(from_fn_with_state(site.clone(), rendered))
        .with_state(site)
}

async fn rendered(State(site): Shared, request: Request, next: Next) -> Response {
    let who = request.extensions().get::<Who>();
    let cx = &site.actions.cx;
    let frame = Frame {
        who: who.map(|w| w.name.clone()),
        csrf: who.map(|w| w.csrf().to_owned()).unwrap_or_default(),
        may_act: who.is_some_and(|w| w.may(Role::Act).is_ok()),
        signed_in: who.is_some_and(Who::has_session),
        path: request.uri().path().to_owned(),
        now: cx.clock.now(),
        held: cx.doubts(cx.clock.now()).is_some(),
    };
    let answer = next.run(request).await;
    site.view.render(&frame, answer)
}

async fn nothing() -> Page {
    Page::message(StatusCode::NOT_FOUND, "Not here", "There is no such page.")
}

/// Why there is no page.
#[derive(Debug)]
enum Fault {
    /// What was asked for is not known.
    Missing(&'static str),
    /// What was asked cannot be understood.
    Bad(String),
    /// The store cannot answer.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(e: StoreError) -> Self {
        Self::Store(e)
    }
}

impl From<Problem> for Fault {
    fn from(p: Problem) -> Self {
        Self::Bad(p.detail().to_owned())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Fault::Missing(what) => Page::message(StatusCode::NOT_FOUND, "Not here", format!("There is no {what}.")),
            Fault::Bad(why) => Page::message(StatusCode::BAD_REQUEST, "Not understood", why),
            Fault::Store(e) => Page::message(StatusCode::SERVICE_UNAVAILABLE, "Cannot say now", e.to_string()),
        }
        .into_response()
    }
}

type Paged = Result<Page, Fault>;

#[cfg(test)]
mod tests;
