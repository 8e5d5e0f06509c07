//! Answers of the private side: JSON with an ETag, problems, and the query of a request.
//!
//! In: values. Out: responses. Invariant: an error is a problem of RFC 9457; what did not change is 304; nothing is
//! guessed from a query: an unknown or doubled name is refused. Refuses to know routes.

use crate::crypto::short_hash;
use crate::model::Stretch;
use crate::store::StoreError;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Items of a page: by default and at most.
pub(super) const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

pub(super) const JSON: &str = "application/json";

/// Why there is no answer (<https://www.rfc-editor.org/rfc/rfc9457>).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, in words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let body =
            json!({ "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": self.detail });
        let mut r = Response::new(Body::from(body.to_string()));
        *r.status_mut() = self.status;
        let headers = r.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        r
    }
}

pub(super) type Answered = Result<Response, Problem>;

/// A strong validator of these bytes.
pub(super) fn etag(body: &[u8]) -> String {
    format!("\"{}\"", hex::encode(short_hash(&[body])))
}

/// 200 with the body, or 304 where the client has it (<https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2>).
pub(super) fn fresh(asked: &HeaderMap, kind: &'static str, etag: &str, body: Bytes) -> Response {
    let given = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let same = given.flat_map(|v| v.split(',')).map(str::trim).any(|v| v == "*" || v.trim_start_matches("W/") == etag);
    let mut r = if same { Response::new(Body::empty()) } else { Response::new(Body::from(body)) };
    let headers = r.headers_mut();
    if let Ok(v) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, v);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if same {
        *r.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    r
}

/// A value as JSON.
pub(super) fn value<T: Serialize>(asked: &HeaderMap, value: &T) -> Answered {
    let body = serde_json::to_vec(value)
        .map_err(|e| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("this has no JSON form: {e}")))?;
    Ok(fresh(asked, JSON, &etag(&body), Bytes::from(body)))
}

/// What became of a POST: never kept by anybody on the way.
pub(super) fn done<T: Serialize>(value: &T) -> Answered {
    let body = serde_json::to_vec(value)
        .map_err(|e| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("this has no JSON form: {e}")))?;
    let mut r = Response::new(Body::from(body));
    r.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    r.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(r)
}

/// The body of a POST. Only these content types are read: what a page of a stranger can make a browser send is none of them.
pub(super) async fn posted(request: Request, largest: usize, kinds: &[&str]) -> Result<Bytes, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kinds.iter().any(|k| kind.eq_ignore_ascii_case(k)) {
        let told = format!("send Content-Type: {}", kinds.join(" or "));
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, told));
    }
    match Limited::new(request.into_body(), largest).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(e) if e.is::<LengthLimitError>() => {
            let told = format!("at most {} KiB are taken at once", largest >> 10);
            Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, told))
        }
        Err(_) => Err(Problem::bad("the body broke off: send it again")),
    }
}

/// A page of a list whose items have an id; the cursor is the id of the last.
pub(super) fn page<T: Serialize>(asked: &HeaderMap, query: &Query, all: &[T], id: impl Fn(&T) -> String) -> Answered {
    let limit = query.limit()?;
    let from = match query.get("cursor") {
        None => 0,
        Some(c) => match all.iter().position(|x| id(x) == c) {
            Some(at) => at + 1,
            None => {
                let told = "cursor: what it points to is not in this list any more: begin anew";
                return Err(Problem::new(StatusCode::CONFLICT, told));
            }
        },
    };
    let to = from.saturating_add(limit).min(all.len());
    let items = &all[from..to];
    let next = if to < all.len() { items.last().map(id) } else { None };
    value(asked, &json!({ "items": items, "next": next }))
}

/// The query of a request.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads it; only these names may stand in it, each once.
    pub(super) fn of(uri: &Uri, allowed: &[&str]) -> Result<Self, Problem> {
        let mut out = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !allowed.contains(&name.as_ref()) {
                let all = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                return Err(Problem::bad(format!("unknown parameter {name:?}: allowed are {all}")));
            }
            if value.contains('\0') {
                return Err(Problem::bad(format!("{name} holds a NUL")));
            }
            if out.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(Problem::bad(format!("{name} is given twice")));
            }
        }
        Ok(Self(out))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value of a closed list.
    pub(super) fn word<T>(&self, name: &str, parse: fn(&str) -> Option<T>, all: &[&str]) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| Problem::bad(format!("{name} {text:?}: allowed are {}", all.join(", "))))
    }

    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.word(name, |s| s.parse().ok(), &["true", "false"])
    }

    /// How many items a page holds.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        match self.get("limit") {
            None => Ok(PAGE),
            Some(text) => digits(text)
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| (1..=LARGEST_PAGE).contains(n))
                .ok_or_else(|| Problem::bad(format!("limit {text:?}: a number from 1 to {LARGEST_PAGE}"))),
        }
    }

    /// The number of the last item of the page before.
    pub(super) fn before(&self) -> Result<Option<i64>, Problem> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        digits(text).map(Some).ok_or_else(|| Problem::bad(format!("cursor {text:?}: the `next` of the page before")))
    }

    /// A moment: RFC 3339, or a date for its start in UTC.
    pub(super) fn moment(&self, name: &str) -> Result<Option<jiff::Timestamp>, Problem> {
        Ok(self.stretch(name)?.map(|s| s.from))
    }

    /// A moment, or a date for all of that day in UTC. Only what machines write: what "today" means, they know best.
    pub(super) fn stretch(&self, name: &str) -> Result<Option<Stretch>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let day = || text.parse::<jiff::civil::Date>().is_ok() && !text.contains(':');
        let exact = text.parse::<jiff::Timestamp>().ok().map(|t| Stretch { from: t, until: t });
        exact
            .or_else(|| day().then(|| Stretch::parse(text, jiff::Timestamp::UNIX_EPOCH).ok())?)
            .map(Some)
            .ok_or_else(|| Problem::bad(format!("{name} {text:?}: write 2026-11-23 or 2026-11-23T08:00:00Z")))
    }

    /// Days.
    pub(super) fn days(&self, name: &str) -> Result<Option<i32>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let days = text.strip_suffix('d').and_then(digits).and_then(|n| i32::try_from(n).ok());
        days.filter(|n| *n <= 100_000)
            .map(Some)
            .ok_or_else(|| Problem::bad(format!("{name} {text:?}: write 90d, at most 100000d")))
    }
}

/// Only digits: no sign, no space.
pub(super) fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) { None } else { text.parse().ok() }
}
