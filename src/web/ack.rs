//! The page behind the link of a message: `GET|POST /ack/TOKEN` on the public listener.
//!
//! In: a token; a form. Out: HTML that works without a script, in light and dark, on a phone. Invariant: GET and HEAD change
//! nothing, however often a link scanner asks; POST acts once and says what was done; a wrong token is 404 like any address
//! that is not there. Refuses posts from other sites, and to say anything of other alerts.

use crate::crypto::{base64_encode, sha256};
use crate::engine::Context;
use crate::engine::act::{ActError, act};
use crate::engine::links::{Closed, Invited, Links};
use crate::model::text::one_line;
use crate::model::{Act, Action, Alert, AlertState, By, Kind, MatterState, ResolveReason, Until, Via};
use crate::store::AlertFilter;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, RawForm, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use minijinja::{AutoEscape, Environment, context};
use std::collections::BTreeMap;
use std::sync::Arc;

const PAGE: &str = include_str!("ack/page.html");
const STYLE: &str = include_str!("ack/style.css");
/// Most bytes of a form.
const LARGEST: usize = 16 * 1024;

/// What the page needs.
pub struct Answers {
    cx: Context,
    links: Arc<Links>,
    pages: Environment<'static>,
    policy: HeaderValue,
}

/// What a page says besides the alert.
#[derive(Default)]
struct Told {
    done: Option<String>,
    refused: Option<String>,
    advice: Vec<String>,
}

/// The routes.
pub fn router(cx: Context, links: Arc<Links>) -> Router {
    let mut pages = Environment::new();
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    let style = base64_encode(&sha256(&[STYLE.as_bytes()]));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let answers = Arc::new(Answers { cx, links, pages, policy });
    Router::new()
        .route("/ack/{token}", get(show).post(answer).layer(DefaultBodyLimit::max(LARGEST)))
        .with_state(answers)
}

async fn show(State(a): State<Arc<Answers>>, Path(token): Path<String>) -> Response {
    match a.invited(&token).await {
        Ok((invited, alert, matter)) => a.page(StatusCode::OK, &invited, &alert, &matter, Told::default()),
        Err(closed) => closed,
    }
}

async fn answer(
    State(a): State<Arc<Answers>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let (invited, alert, matter) = match a.invited(&token).await {
        Ok(found) => found,
        Err(closed) => return closed,
    };
    // A page of somebody else that knew the link could post to it; a browser says where a post comes from.
    if headers.get("sec-fetch-site").is_some_and(|v| v == "cross-site") {
        return a.simple(StatusCode::FORBIDDEN, "This answer came from another site. Open the link itself.");
    }
    let fields: BTreeMap<String, Vec<String>> =
        url::form_urlencoded::parse(&form).into_owned().fold(BTreeMap::new(), |mut all, (name, value)| {
            all.entry(name).or_insert_with(Vec::new).push(value);
            all
        });
    let refuse =
        |status, why: String| a.page(status, &invited, &alert, &matter, Told { refused: Some(why), ..Told::default() });
    let action = match action(&fields) {
        Ok(action) => action,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let who = a.who(&fields, &invited);
    if says_already(&alert, &action, &who) {
        let done = Some("That is what you said; it is noted.".into());
        return a.page(StatusCode::OK, &invited, &alert, &matter, Told { done, ..Told::default() });
    }
    let by = By { who, via: Via::Mail };
    let asked = Act { alert: alert.id, episode: Some(invited.episode), action, by };
    match act(&a.cx, asked, a.cx.clock.now()).await {
        Ok(acted) => {
            let told = Told { done: Some(acted.said), advice: acted.advice, refused: None };
            a.page(StatusCode::OK, &invited, &acted.alert, &matter, told)
        }
        Err(ActError::Refused(why)) => refuse(StatusCode::CONFLICT, why.to_string()),
        Err(ActError::Store(e)) => {
            tracing::warn!("an answer by link could not be stored: {e}");
            let mut r = a.simple(StatusCode::SERVICE_UNAVAILABLE, "Nothing was stored. Try again in a minute.");
            r.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            r
        }
    }
}

/// The act a form asks for.
fn action(fields: &BTreeMap<String, Vec<String>>) -> Result<Action, String> {
    let one = |name: &str| fields.get(name).and_then(|v| v.first()).map(|v| one_line(v, 500)).filter(|v| !v.is_empty());
    let day = |name: &str| match one(name) {
        None => Ok(None),
        Some(text) => text.parse::<Date>().map(Some).map_err(|_| format!("{text:?} is no day: write YYYY-MM-DD.")),
    };
    let note = one("note");
    let services = fields.get("service").cloned().unwrap_or_default();
    let resolve =
        |reason| Action::Resolve { reason, note: note.clone(), services: services.clone(), duplicate_of: None };
    match one("do").as_deref() {
        Some("seen" | "plan") => Ok(Action::Acknowledge { note, plan_on: day("plan_on")? }),
        Some("snooze") => match day("until")? {
            Some(until) => Ok(Action::Snooze { until: Until::Day(until), note }),
            None => Err("Name the day until which it shall be quiet.".into()),
        },
        Some("migrated") => Ok(resolve(ResolveReason::Migrated)),
        Some("accepted_risk") => Ok(resolve(ResolveReason::AcceptedRisk)),
        Some("not_ours") => Ok(resolve(ResolveReason::NotOurs)),
        Some("wrong_date") => Ok(resolve(ResolveReason::WrongDate)),
        Some("reassign") => match one("to") {
            Some(to) => Ok(Action::Reassign { to, note }),
            None => Err("Name the owner who answers from now on.".into()),
        },
        Some(_) | None => Err("Nothing was chosen.".into()),
    }
}

/// Whether a form was only sent twice.
fn says_already(alert: &Alert, action: &Action, who: &str) -> bool {
    match (action, &alert.ack) {
        (Action::Acknowledge { note, plan_on }, Some(ack)) => {
            alert.state == AlertState::Acknowledged
                && (&ack.note, &ack.plan_on, ack.by.as_str()) == (note, plan_on, who)
        }
        (Action::Resolve { reason, services, .. }, _) => {
            let same = alert.resolution.as_ref().is_some_and(|r| r.reason == *reason && r.by == who);
            services.is_empty() && alert.state == AlertState::Resolved && same
        }
        (_, _) => false,
    }
}

impl Answers {
    /// Who answers: the name they give, else the address that was told.
    fn who(&self, fields: &BTreeMap<String, Vec<String>>, invited: &Invited) -> String {
        let given = fields.get("name").and_then(|v| v.first()).map(|v| one_line(v, 60)).filter(|v| !v.is_empty());
        given.unwrap_or_else(|| self.address(invited))
    }

    fn address(&self, invited: &Invited) -> String {
        let known = self.cx.directory.contact(&invited.contact);
        known.filter(|c| c.channel == "email").map_or_else(|| invited.contact.to_string(), |c| one_line(&c.address, 60))
    }

    async fn invited(&self, token: &str) -> Result<(Invited, Alert, Arc<MatterState>), Response> {
        let invited = self.links.read(token, self.cx.clock.now()).map_err(|closed| match closed {
            Closed::Unknown => self.simple(StatusCode::NOT_FOUND, "There is nothing here."),
            Closed::Expired => self.simple(
                StatusCode::GONE,
                "This link has ended. Use the one in the newest message, or forewarn ack on the command line.",
            ),
        })?;
        let filter = AlertFilter { id: Some(invited.alert), limit: 1, ..AlertFilter::default() };
        match self.cx.store.alerts(filter).await {
            Ok(mut found) => match found.pop() {
                Some((alert, matter)) => Ok((invited, alert, matter)),
                None => Err(self.simple(StatusCode::NOT_FOUND, "There is nothing here.")),
            },
            Err(_) => {
                Err(self.simple(StatusCode::SERVICE_UNAVAILABLE, "It cannot be looked up now. Try again in a minute."))
            }
        }
    }

    fn page(&self, status: StatusCode, to: &Invited, alert: &Alert, matter: &MatterState, told: Told) -> Response {
        let dir = &self.cx.directory;
        let over = alert.state == AlertState::Resolved || matter.is_over();
        let services: Vec<_> = alert
            .services
            .iter()
            .map(|name| {
                let env = dir.service(name).map_or("production", |s| s.env.as_str());
                let done = alert.done.get(name).map(|r| format!("{} ({})", r.reason.as_str().replace('_', " "), r.by));
                context! { name, env, done }
            })
            .collect();
        let others: Vec<String> = dir.owners().map(|o| o.name.clone()).filter(|n| *n != alert.owner).collect();
        let provider = self.cx.catalog.get(matter.provider.as_str());
        let plan = alert.ack.as_ref().and_then(|a| a.plan_on).map(|d| d.to_string());
        let quote = matter.winning_claim().map(|(source, claim)| {
            context! { text => one_line(&claim.text, 300), source => source.to_string(), link => claim.url.as_deref().and_then(crate::model::text::safe_link) }
        });
        let today = self.cx.clock.now().to_zoned_datetime(dir.owner(&alert.owner).zone.clone()).date();
        let facts = context! {
            number => alert.id.0,
            title => one_line(&matter.title, 200),
            provider => provider.map_or_else(|| matter.provider.to_string(), |p| p.file.name.clone()),
            date => matter.deadline.as_ref().map(crate::model::Deadline::in_words),
            last_day => matter.remind_by().map(|d| d.date.to_string()),
            today => today.to_string(),
            owner => alert.owner.clone(),
            state => alert.state.as_str(),
            ends => matter.kind == Kind::Deprecation,
            replacements => matter.replacements.iter().take(5).map(|r| one_line(r, 120)).collect::<Vec<_>>(),
            said => alert.said.as_ref().map(|s| format!("{} {}", s.by, s.words)),
            old => to.episode != alert.episode,
            me => self.address(to),
            plan, over, services, others, quote,
        };
        self.html(
            status,
            context! { style => STYLE, facts, done => told.done, refused => told.refused, advice => told.advice },
        )
    }

    fn simple(&self, status: StatusCode, text: &str) -> Response {
        self.html(status, context! { style => STYLE, text })
    }

    fn html(&self, status: StatusCode, facts: minijinja::Value) -> Response {
        let made = self.pages.render_str(PAGE, facts).unwrap_or_else(|e| {
            tracing::error!("the page of an alert could not be made: {e:#}");
            "This page could not be made.".into()
        });
        let mut r = Response::new(Body::from(made));
        *r.status_mut() = status;
        let headers = r.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            // The address is a secret: it goes to nobody a link leads to.
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        r
    }
}
