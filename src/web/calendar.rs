//! The calendar as addresses: `/calendar.ics` inside, secret feeds `/calendar/TOKEN.ics` outside.
//!
//! In: a query, a token. Out: iCalendar with an ETag. Invariant: a text is made once for each state of the store, so that
//! many subscribers cost little; a wrong token is 404 like any address that is not there. Refuses to say which owners exist.

use super::answer::{Answered, Problem, etag, fresh};
use crate::crypto::HmacKey;
use crate::engine::Context;
use crate::engine::calendar::{Filter, Span, icalendar};
use crate::store::StoreError;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::{civil::Date, tz::TimeZone};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

const CALENDAR: &str = "text/calendar; charset=utf-8";
/// How far a feed looks: everything to come, a year back.
const ALL: i32 = 100_000;
const YEAR: i32 = 365;
/// Most bytes of texts kept; the newest is kept however large it is.
const KEPT: usize = 16 << 20;

/// What the two addresses share.
pub struct Calendars {
    cx: Context,
    key: HmacKey,
    public_url: Option<String>,
    kept: Mutex<BTreeMap<String, Kept>>,
}

struct Kept {
    changes: u64,
    today: Date,
    etag: String,
    text: Bytes,
}

impl Calendars {
    /// `key` is the secret of this instance.
    pub fn new(cx: Context, key: &[u8], public_url: Option<String>) -> Arc<Self> {
        Arc::new(Self { cx, key: HmacKey::new(key), public_url, kept: Mutex::default() })
    }

    async fn get(
        &self,
        filter: &Filter,
        days: (i32, i32),
        source: Option<String>,
    ) -> Result<(String, Bytes), StoreError> {
        let today = self.cx.clock.now().to_zoned_datetime(TimeZone::UTC).date();
        let (changes, name) =
            (self.cx.store.changes(), format!("{} {} {} {}", days.0, days.1, source.is_some(), filter.canonical()));
        let of = |kept: &BTreeMap<String, Kept>| {
            let k = kept.get(&name).filter(|k| k.changes == changes && k.today == today)?;
            Some((k.etag.clone(), k.text.clone()))
        };
        if let Some(found) = of(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(found);
        }
        let span = Span { today, within_days: days.0, past_days: days.1 };
        let text = Bytes::from(icalendar(&self.cx, filter, span, source.as_deref()).await?);
        let etag = etag(&text);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&name);
        if kept.values().map(|k| k.text.len()).sum::<usize>() + text.len() > KEPT {
            kept.clear();
        }
        kept.insert(name, Kept { changes, today, etag: etag.clone(), text: text.clone() });
        Ok((etag, text))
    }
}

/// The address inside.
pub fn private(calendars: Arc<Calendars>) -> Router {
    Router::new().route("/calendar.ics", get(whole)).with_state(calendars)
}

/// The address outside.
pub fn public(calendars: Arc<Calendars>) -> Router {
    Router::new().route("/calendar/{file}", get(feed)).with_state(calendars)
}

async fn whole(State(c): State<Arc<Calendars>>, uri: Uri, headers: HeaderMap) -> Answered {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let (mut within, mut past) = (ALL, YEAR);
    let mut rest = Vec::new();
    for (name, value) in &pairs {
        let days = || {
            let n = value.strip_suffix('d').and_then(super::answer::digits).and_then(|n| i32::try_from(n).ok());
            n.filter(|n| *n <= ALL).ok_or_else(|| Problem::bad(format!("{name} {value:?}: write 90d")))
        };
        match name.as_str() {
            "within" => within = days()?,
            "past" => past = days()?,
            _ => rest.push((name.as_str(), value.as_str())),
        }
    }
    let filter = Filter::of(rest.into_iter()).map_err(Problem::bad)?;
    let (etag, text) = c.get(&filter, (within, past), None).await?;
    Ok(fresh(&headers, CALENDAR, &etag, text))
}

async fn feed(State(c): State<Arc<Calendars>>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let filter = file.strip_suffix(".ics").and_then(|token| Filter::of_token(token, &c.key));
    let Some(filter) = filter else {
        return (StatusCode::NOT_FOUND, Body::from("not found\n")).into_response();
    };
    let source = c.public_url.as_ref().map(|base| format!("{base}/calendar/{file}"));
    match c.get(&filter, (ALL, YEAR), source).await {
        Ok((etag, text)) => fresh(&headers, CALENDAR, &etag, text),
        Err(e) => {
            tracing::warn!("a calendar could not be made: {e}");
            (StatusCode::SERVICE_UNAVAILABLE, Body::from("try again later\n")).into_response()
        }
    }
}
