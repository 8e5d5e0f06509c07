//! From a value to a page: templates, escaping, the headers that keep a browser inside.
//!
//! In: the name of a template and a value. Out: HTML. Invariant: every text is escaped by the template engine, no template
//! marks one safe; no page may run a script, load from elsewhere, be framed or send a form elsewhere. Refuses to ask the store.

use super::words;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use std::sync::Arc;

/// Nothing but our own stylesheet and pictures; forms to ourselves (<https://www.w3.org/TR/CSP3/>).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

macro_rules! templates {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("templates/", $name, ".html")))),+] };
}

/// Every template by name.
pub(super) const TEMPLATES: &[(&str, &str)] = templates![
    "base",
    "ui",
    "front",
    "timeline",
    "message",
    "calendar",
    "calendar_list",
    "deprecation",
    "people",
    "episode",
    "episodes",
    "events",
    "event",
    "alerts",
    "alert",
    "owners",
    "sources",
    "source",
    "chart",
    "providers",
    "provider",
    "deliveries",
    "notifications",
    "audit",
    "settings",
    "ask",
    "now",
    "between",
    "rehearse",
    "scorecard",
];

const STYLE: &str = include_str!("templates/style.css");
const ICON: &str = include_str!("templates/icon.svg");

/// A page to be rendered.
#[derive(Debug, Clone)]
pub(super) struct Page {
    template: &'static str,
    title: String,
    value: Value,
    status: StatusCode,
}

impl Page {
    /// A page of a template and what it shows.
    pub(super) fn new<T: Serialize>(template: &'static str, title: impl Into<String>, value: &T) -> Self {
        Self { template, title: title.into(), value: Value::from(Serde(value)), status: StatusCode::OK }
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// A page that only says something.
    pub(super) fn message(status: StatusCode, title: &str, text: impl Into<String>) -> Self {
        let value = context! { text => text.into() };
        Self { template: "message", title: title.to_owned(), value, status }
    }
}

impl IntoResponse for Page {
    /// Carries the page to the layer that renders it.
    fn into_response(self) -> Response {
        let mut r = Response::new(Body::empty());
        *r.status_mut() = self.status;
        r.extensions_mut().insert(Arc::new(self));
        r
    }
}

/// The templates.
pub(super) struct View(Environment<'static>);

/// What every page says around its own.
#[derive(Debug, Serialize)]
pub(super) struct Frame {
    /// The address asked for, for the mark in the menu.
    pub path: String,
    /// Now.
    pub now: jiff::Timestamp,
    /// Who looks.
    pub who: Option<String>,
    /// What their forms must send back.
    pub csrf: String,
    /// Whether they may act.
    pub may_act: bool,
    /// Whether they signed in, and so can sign out.
    pub signed_in: bool,
    /// Nothing is sent until a person says so.
    pub held: bool,
}

impl View {
    /// Reads the templates when they are first used.
    pub(super) fn new() -> Self {
        let mut env = Environment::new();
        env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            env.set_syntax(syntax);
        }
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        // What is not there is written as nothing.
        env.set_formatter(
            |out, state, value| {
                if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
            },
        );
        env.set_loader(|name| Ok(TEMPLATES.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned())));
        words::teach(&mut env);
        Self(env)
    }

    /// Whether a template has no mistake.
    #[cfg(test)]
    pub(super) fn reads(&self, name: &str) -> bool {
        self.0.get_template(name).is_ok()
    }

    /// Renders a page into the answer that carries it.
    pub(super) fn render(&self, frame: &Frame, answer: Response) -> Response {
        let Some(page) = answer.extensions().get::<Arc<Page>>().cloned() else { return dress(answer) };
        let value = context! { title => &page.title, frame => Value::from(Serde(frame)), page => page.value.clone(), menu => menu() };
        let (status, html) = match self.0.get_template(page.template).and_then(|t| t.render(value)) {
            Ok(html) => (page.status, html),
            Err(e) => {
                tracing::error!(page = page.template, "a page could not be made: {e:#}");
                (StatusCode::INTERNAL_SERVER_ERROR, "This page could not be made; the log says why.".to_owned())
            }
        };
        let (mut parts, _) = answer.into_parts();
        parts.status = status;
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        dress(Response::from_parts(parts, Body::from(html)))
    }
}

/// The headers that keep a browser inside.
fn dress(mut answer: Response) -> Response {
    let h = answer.headers_mut();
    h.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    h.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    h.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    h.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    h.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    answer
}

/// The menu: the first are always seen, the rest stand under "More".
fn menu() -> Value {
    let all = [
        ("/", "Now and next", true),
        ("/calendar", "Calendar", true),
        ("/alerts", "Alerts", true),
        ("/incidents", "Incidents", true),
        ("/between", "What moved", true),
        ("/owners", "Owners", true),
        ("/providers", "Providers", true),
        ("/sources", "Sources", false),
        ("/events", "Events", false),
        ("/maintenance", "Maintenance", false),
        ("/billing", "Billing and account", false),
        ("/deliveries", "Deliveries", false),
        ("/notifications", "Notifications", false),
        ("/scorecard", "Scorecard", false),
        ("/rehearse", "Rehearse", false),
        ("/audit", "Audit", false),
        ("/settings", "Settings", false),
    ];
    all.into_iter().map(|(at, name, first)| context! { at, name, first }).collect()
}

/// The stylesheet; one for all pages.
pub(super) async fn style(headers: HeaderMap) -> Response {
    still(&headers, "text/css; charset=utf-8", STYLE)
}

/// The mark of forewarn.
pub(super) async fn icon(headers: HeaderMap) -> Response {
    still(&headers, "image/svg+xml", ICON)
}

fn still(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let tag = crate::web::answer::etag(text.as_bytes());
    crate::web::answer::fresh(headers, kind, &tag, Bytes::from_static(text.as_bytes()))
}
