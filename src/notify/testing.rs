//! Test fixtures of this layer: one invented ending, one invented incident, and texts that try to break out.
//!
//! In: nothing. Out: messages. Invariant: every id is invented. Refuses to be built outside tests.

use super::http::http_client_within;
use super::{Body, Message, NextStep, Row, ServiceBrief};
use crate::model::*;
use jiff::{Timestamp, civil::date, tz::TimeZone};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a fake service was asked: `POST /path?query`, the authorization, the body.
pub type Asked = Arc<Mutex<Vec<(String, String, Value)>>>;

/// A service on loopback that answers the next of these to each request, then 500.
#[expect(clippy::disallowed_methods, reason = "a fake server runs beside the test")]
pub async fn service(answers: &[(u16, &str)]) -> (String, Asked) {
    let script: Arc<Mutex<VecDeque<(u16, String)>>> =
        Arc::new(Mutex::new(answers.iter().map(|(s, b)| (*s, (*b).to_owned())).collect()));
    let asked = Asked::default();
    let seen = asked.clone();
    let answer =
        move |method: axum::http::Method, uri: axum::http::Uri, headers: axum::http::HeaderMap, body: String| {
            let auth = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            let what = format!("{method} {}", uri.path_and_query().unwrap());
            seen.lock().unwrap().push((what, auth, serde_json::from_str(&body).unwrap_or_default()));
            let (status, body) = script.lock().unwrap().pop_front().unwrap_or((500, "nothing left".into()));
            async move { (axum::http::StatusCode::from_u16(status).unwrap(), body) }
        };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    (base, asked)
}

/// A client with short limits.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    http_client_within(Duration::from_millis(500), Duration::from_millis(2_000)).unwrap()
}

pub fn at(s: &str) -> Timestamp {
    s.parse().unwrap()
}

pub fn services(names: &[(&str, &str)]) -> Vec<ServiceBrief> {
    names.iter().map(|(n, e)| ServiceBrief { name: (*n).into(), env: (*e).into(), usage: None, done: None }).collect()
}

/// `gpt-demo-2025-08-07` ends on 22 Jan 2027, used by two services.
pub fn ending() -> Row {
    let provider = ProviderId::new("openai").unwrap();
    let subject = Subject::model(&provider, "gpt-demo-2025-08-07");
    let deadline = Deadline::day(date(2027, 1, 22), "2027-01-22");
    let claim = Claim {
        deadline: Some(deadline.clone()),
        announced_on: None,
        replacements: vec!["gpt-demo-2".into()],
        text: "2027-01-22 | gpt-demo-2025-08-07 | gpt-demo-2".into(),
        url: Some("https://provider.example/docs/deprecations".into()),
        ..Claim::new(Rank::Page, at("2026-11-23T08:40:00Z"))
    };
    Row {
        alert: AlertId(17),
        episode: 1,
        state: AlertState::Open,
        act: None,
        reason: Reason::Reminder,
        step: StepKey("60d".into()),
        matter: MatterState {
            id: subject.matter_id().unwrap(),
            kind: Kind::Deprecation,
            provider,
            connection: None,
            stage: Stage::Announced,
            title: "gpt-demo-2025-08-07 shuts down".into(),
            summary: String::new(),
            severity: Severity::Major,
            url: Some("https://provider.example/docs/deprecations".into()),
            subjects: vec![subject],
            deadline: Some(deadline),
            announced_on: None,
            replacements: vec!["gpt-demo-2".into()],
            money: None,
            window: None,
            claims: BTreeMap::from([(SourceId::new("openai/deprecations").unwrap(), Box::new(claim))]),
            opened_at: at("2026-08-25T00:00:00Z"),
            latest_at: at("2026-08-25T00:00:00Z"),
            latest_fingerprint: "00".into(),
            baseline: false,
            listing: None,
            revision: 1,
            version: 1,
        },
        provider_name: "openai".into(),
        owner: "search".into(),
        why: "service support-bot uses openai/support:gpt-demo-2025-08-07".into(),
        services: services(&[("support-bot", "production"), ("rerank-batch", "staging")]),
        moved_from: None,
        told: vec![],
        answer: None,
        said: None,
        next: vec![
            NextStep { at: at("2026-12-23T09:00:00Z"), tell: "search".into() },
            NextStep { at: at("2027-01-15T09:00:00Z"), tell: "ravi@example.com (lead)".into() },
        ],
        daily_from: None,
        unchanged_since: None,
    }
}

/// An incident that began 25 minutes ago.
pub fn incident() -> Row {
    let mut row = ending();
    let provider = ProviderId::new("openai").unwrap();
    row.alert = AlertId(18);
    row.reason = Reason::Opened;
    row.step = StepKey("opened".into());
    row.matter = MatterState {
        id: MatterId::new("openai:incident/01DEMO").unwrap(),
        kind: Kind::Incident,
        stage: Stage::Open,
        title: "Elevated errors on the demo API".into(),
        summary: "We are looking into it.".into(),
        severity: Severity::Critical,
        url: Some("https://status.example/incidents/01DEMO".into()),
        subjects: vec![Subject::of(&provider, SubjectType::Component, "Demo API")],
        deadline: None,
        replacements: vec![],
        claims: BTreeMap::new(),
        opened_at: at("2026-11-23T08:30:00Z"),
        ..row.matter
    };
    row.services = services(&[("support-bot", "production")]);
    row.next = vec![NextStep { at: at("2026-11-23T09:10:00Z"), tell: "ravi@example.com (lead)".into() }];
    row
}

/// A message of these rows to a contact of `search`, at 08:55 UTC on 23 Nov 2026.
pub fn message(rows: Vec<Row>) -> Message {
    Message {
        key: "0123456789abcdef0123456789abcdef".into(),
        meant_for: None,
        contact: Contact {
            id: ContactId("search/slack".into()),
            owner: "search".into(),
            channel: "slack".into(),
            address: "#search-ai".into(),
        },
        thread: None,
        place: None,
        now: at("2026-11-23T08:55:00Z"),
        zone: TimeZone::UTC,
        templates: None,
        body: Body::Alerts(rows),
    }
}

/// Texts that try to become markup, a mention, a header, a template or a terminal command.
pub const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg><set attributeName=x to=y></svg>",
    "</div><a href=\"javascript:alert(1)\">x</a>",
    "half <b tag",
    "\"onmouseover=\"alert(1)",
    "line\u{2028}separator\u{2029}paragraph",
    "<!channel> <!here> <@U1> <#C1>",
    "<https://evil.example|click>",
    "&lt;!here&gt;",
    "*bold* _it_ ~no~ `code` >quote",
    "a\r\nBcc: evil@example.com\r\n\r\nbody",
    "nul\0and\nnewline",
    "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
    "\r\n.\r\nMAIL FROM:<evil@example.com>",
    "{{7*7}} {% for x in y %} ${7*7} %s %n",
    "\u{1b}[31mred\u{1b}]0;title\u{7}",
    "\u{202e}txt.exe\u{2066}\u{200b}",
    "@everyone @here <@123> <@&4> @octocat acme/search#1 GH-12 https://evil.example www.evil.example",
    "[click](https://evil.example) ![x](https://evil.example/x.png) # head\n- [x] done <at>Mei</at>",
];

/// A row with one hostile text in every place that a stranger can fill.
pub fn hostile(text: &str, base: Row) -> Row {
    let mut row = base;
    let m = &mut row.matter;
    m.title = text.into();
    m.summary = format!("summary {text}");
    m.url = Some(text.into());
    m.replacements = vec![text.into()];
    for s in &mut m.subjects {
        s.id = text.into();
        s.region = Some(text.into());
    }
    for c in m.claims.values_mut() {
        c.text = text.into();
        c.url = Some(format!("https://a.example/{text}"));
    }
    row.why = text.into();
    row.services = services(&[(text, text)]);
    row.answer = Some(text.into());
    row.next = vec![NextStep { at: at("2026-12-23T09:00:00Z"), tell: text.into() }];
    row
}

/// Every message a hostile text can make: alone and in a group, an ending and an incident, in every reason.
pub fn hostile_messages(text: &str) -> Vec<Message> {
    let mut out = Vec::new();
    for reason in Reason::ALL {
        for base in [ending(), incident()] {
            let mut row = hostile(text, base);
            row.reason = *reason;
            out.push(message(vec![row.clone()]));
            out.push(message(vec![row, ending()]));
        }
    }
    out
}
