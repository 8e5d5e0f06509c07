//! Every page over a store whose every field tries to be something else.
#![allow(clippy::unwrap_used)] // a test may fail

use super::*;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Text, parse};
use crate::model::event::Money;
use crate::model::{
    Change, Claim, ConnectionId, Deadline, Kind, MatterId, MatterState, NewEvent, ProviderId, Rank, Recipient,
    Severity, SourceId, Subject, Trust, Window,
};
use crate::store::sqlite::Sqlite;
use crate::store::{Deed, Delivery, Fetched, Recording, RoutedEvent, Routing, SourceRow};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, header};
use jiff::{SignedDuration, Timestamp, civil::date};
use proptest::prelude::*;
use scraper::Html;
use std::collections::BTreeMap;
use tower::ServiceExt;

const CONFIG: &str = r#"
public_url = "https://forewarn.example.com"
watch = ["openai"]
[owners.search]
console = true
[services.support-bot]
owner = "search"
uses = ["openai"]
[connections."openai/main"]
webhook_secret = "env:WHSEC"
"#;

/// What reference/reliability.md calls I1 to I11, and what browsers were fooled with.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg/onload=alert(3)> '><set attributeName=href to=javascript:alert(4)>",
    "javascript:alert(5) data:text/html,<b>x</b> vbscript:x",
    "</title></textarea></style><iframe srcdoc=x> half <a href=x",
    "a\u{2028}b\u{2029}c\u{0}d\re\nf \u{202e}gnp.exe \u{200b}zero",
    "<!channel> <!here> <@U1> <https://evil.example|click> &lt;!here&gt; *_~`",
    "{{7*7}} {% raw %} ${7*7} %s {{ self }} {#",
    "; , \\ END:VCALENDAR =1+1 +1 -1 @x",
    "\u{1b}[31mred\u{1b}[0m ../../etc/x CON 'or 1=1;--",
    "gpt-4\u{43e} gpt-4o",
];

struct Stopped(Timestamp);
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    "2026-11-23T15:00:00Z".parse().unwrap()
}

struct World {
    app: App,
    _dir: tempfile::TempDir,
}

fn state(kind: Kind, key: &str, word: &str) -> MatterState {
    let provider = ProviderId::new("openai").unwrap();
    let mut subject = Subject::model(&provider, format!("m{key}{word}"));
    subject.region = Some(word.to_owned());
    let clean: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
    let id = match kind {
        Kind::Deprecation => format!("openai:m{key}{clean}"),
        _ => format!("openai:{kind}/{key}{clean}"),
    };
    let deadline = Deadline::day(date(2027, 1, 22), word);
    let claim = Claim {
        deadline: Some(deadline.clone()),
        replacements: vec![word.into()],
        text: word.into(),
        url: Some(word.into()),
        redirect: Some(word.into()),
        ..Claim::new(Rank::Page, now())
    };
    let window =
        Window { from: now() + SignedDuration::from_hours(5), until: Some(now() + SignedDuration::from_hours(6)) };
    let new = MatterState::new(MatterId::new(id).unwrap(), kind, provider, now());
    MatterState {
        connection: (kind == Kind::Billing).then(|| ConnectionId::new("openai/main").unwrap()),
        title: word.into(),
        summary: word.into(),
        severity: Severity::Critical,
        url: Some(word.into()),
        subjects: vec![subject],
        deadline: (kind == Kind::Deprecation).then_some(deadline),
        announced_on: Some(date(2026, 1, 1)),
        replacements: vec![word.into()],
        money: Some(Money { minor: -12_345, currency: word.into() }),
        window: (kind == Kind::Maintenance).then_some(window),
        claims: BTreeMap::from([(SourceId::new("openai/deprecations").unwrap(), Box::new(claim))]),
        opened_at: now() - SignedDuration::from_hours(3),
        ..new
    }
}

impl World {
    async fn new(word: &str) -> (Self, Vec<MatterState>) {
        let dir = tempfile::tempdir().unwrap();
        let env =
            |name: &str| (name == "WHSEC").then(|| "whsec_Zm9yZXdhcm4tc3Rvcmllcy1zZWNyZXQtMzItYnl0ZXM=".to_owned());
        let config = parse(Text::embedded("a test", CONFIG), &env).unwrap_or_else(|p| panic!("{p}"));
        let sqlite = Sqlite::open(&dir.path().join("forewarn.db")).unwrap();
        let app = App::with(config, sqlite, dir.path(), Arc::new(Stopped(now()))).unwrap();
        let kinds = [Kind::Deprecation, Kind::Incident, Kind::Maintenance, Kind::Billing, Kind::Source];
        let all: Vec<MatterState> = kinds.iter().map(|k| state(*k, "1", word)).collect();
        let w = Self { app, _dir: dir };
        w.fill(&all, word).await;
        (w, all)
    }

    async fn fill(&self, all: &[MatterState], word: &str) {
        let store = &self.app.cx.store;
        let body = Bytes::from(serde_json::json!({ word: word, "text": word, "list": [word] }).to_string());
        let delivery = Delivery {
            source: SourceId::new("openai/webhook").unwrap(),
            connection: ConnectionId::new("openai/main").unwrap(),
            trust: Trust::Verified,
            key: [7; 16],
            body_hash: [8; 16],
            headers: "[]".into(),
            body,
            received_at: now(),
        };
        store.receive(delivery).await.unwrap();
        let source = SourceRow {
            problem: Some(word.into()),
            last_try_at: Some(now()),
            ..SourceRow::new(SourceId::new("openai/deprecations").unwrap(), now())
        };
        let fetched = Fetched {
            connection: None,
            body: Bytes::from_static(b"x"),
            at: now(),
            baseline: false,
            problem: Some(word.into()),
        };
        store.fetched(source, Some(fetched)).await.unwrap();
        let (cursor, pending) = store.pending(10, 1 << 20).await.unwrap();
        let payload = pending[0].id;
        let events = all.iter().enumerate().map(|(n, m)| {
            let to = Recipient {
                owner: "search".into(),
                policy: "deprecation".into(),
                why: word.into(),
                services: vec![word.into()],
            };
            let event = NewEvent {
                kind: m.kind,
                provider: m.provider.clone(),
                connection: m.connection.clone(),
                source: SourceId::new("openai/deprecations").unwrap(),
                matter: Some(m.id.clone()),
                native_type: Some(word.into()),
                native_id: Some(word.into()),
                fingerprint: format!("{:032x}", n + 1),
                change: Some(Change::Opened),
                severity: m.severity,
                title: word.into(),
                summary: word.into(),
                url: m.url.clone(),
                subjects: m.subjects.clone(),
                deadline: m.deadline.clone(),
                moved_from: m.deadline.clone(),
                redirected_to: Some(word.into()),
                replacements: m.replacements.clone(),
                money: m.money.clone(),
                occurred_at: now(),
                received_at: now(),
            };
            RoutedEvent { payload: Some(payload), event, routing: Routing::Tell(vec![to]) }
        });
        let recording = Recording {
            cursor: Some((cursor, pending[1].id)),
            normalized: 1,
            unrecognized: vec![(pending[1].id, word.into())],
            matters: all.to_vec(),
            events: events.collect(),
            done: Some(Deed {
                by: word.into(),
                what: "test.done",
                subject: all[0].id.to_string(),
                detail: word.into(),
            }),
            now: now(),
            ..Recording::default()
        };
        store.record(recording).await.unwrap();
    }

    async fn get(&self, path: &str) -> (u16, axum::http::HeaderMap, String) {
        let site = self.app.site(Arc::new(self.app.actions(None, Arc::new(Vec::new))));
        let r = router(site).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let (status, headers) = (r.status().as_u16(), r.headers().clone());
        let body = to_bytes(r.into_body(), 1 << 24).await.unwrap();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Every page that a store can be seen through.
fn every_page(all: &[MatterState]) -> Vec<String> {
    let lists = [
        "/",
        "/calendar",
        "/calendar?month=2027-01",
        "/calendar?view=list&within=400&show=all",
        "/incidents",
        "/incidents?open=true",
        "/maintenance",
        "/billing",
        "/events",
        "/alerts",
        "/owners",
        "/sources",
        "/providers",
        "/deliveries",
        "/notifications",
        "/audit",
        "/now",
        "/between?from=30d",
        "/rehearse",
        "/rehearse?from=30d&to=now",
        "/scorecard",
        "/now/openai",
        "/now/support-bot",
        "/settings",
        "/sources/openai%2Fdeprecations",
        "/providers/openai",
        "/events/1",
        "/events/3",
        "/alerts/1",
        "/alerts/3",
    ];
    let of = all.iter().map(|m| words::place(m.kind.as_str(), m.id.as_str()));
    lists.iter().map(|s| (*s).to_owned()).chain(of).collect()
}

const TAGS: &[&str] = &[
    "html",
    "head",
    "meta",
    "title",
    "link",
    "body",
    "a",
    "header",
    "div",
    "img",
    "span",
    "nav",
    "ul",
    "li",
    "details",
    "summary",
    "form",
    "label",
    "input",
    "button",
    "main",
    "footer",
    "time",
    "h1",
    "h2",
    "h3",
    "p",
    "strong",
    "b",
    "small",
    "section",
    "figure",
    "svg",
    "desc",
    "rect",
    "path",
    "text",
    "tspan",
    "circle",
    "g",
    "figcaption",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "select",
    "option",
    "textarea",
    "pre",
    "dl",
    "dt",
    "dd",
    "ol",
    "article",
    "blockquote",
    "br",
    "hr",
    "fieldset",
    "legend",
];

/// What of a page is not ours.
fn foreign(html: &str) -> Vec<String> {
    let mut out = Vec::new();
    for e in Html::parse_document(html).tree.values().filter_map(|n| n.as_element()) {
        if !TAGS.contains(&e.name()) {
            out.push(format!("an element <{}>", e.name()));
        }
        for (name, value) in e.attrs() {
            let local = value.starts_with('/') && !value.starts_with("//") || value.starts_with('#');
            let web = value.starts_with("https://") || value.starts_with("http://");
            let fine = match (e.name(), name) {
                (_, n) if n.starts_with("on") || matches!(n, "style" | "srcdoc" | "formaction" | "http-equiv") => false,
                ("a", "href") => local || web,
                (_, "href" | "src" | "action" | "data" | "poster" | "xlink:href") => local,
                _ => true,
            };
            if !fine {
                out.push(format!("<{} {name}={value:?}>", e.name()));
            }
        }
    }
    out
}

async fn nothing_escapes(word: &str) {
    let (w, all) = World::new(word).await;
    for path in every_page(&all) {
        let (status, headers, html) = w.get(&path).await;
        assert_eq!(status, 200, "{path}: {html}");
        assert_eq!(headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        let found = foreign(&html);
        assert!(found.is_empty(), "{path} holds {found:?} by {word:?}");
        assert!(!html.contains("whsec_Zm9y"), "{path} shows a secret");
    }
}

#[tokio::test]
async fn hostile_words_stay_words_on_every_page() {
    for word in HOSTILE {
        nothing_escapes(word).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn no_word_becomes_markup(word in "[<>\"'&/=;:{}%#a-z\\PC ]{1,40}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(nothing_escapes(&word));
    }
}

#[test]
fn what_is_not_ours_is_seen() {
    for bad in [
        "<script>x</script>",
        "<img src=x onerror=y>",
        "<a href='javascript:x'>",
        "<p style='x'>",
        "<iframe>",
        "<img src='https://x.example/y'>",
        "<form action='https://x.example'>",
        "<a href='//x.example'>",
        "<base href='/'>",
    ] {
        assert!(!foreign(bad).is_empty(), "{bad}");
    }
    assert!(foreign("<p><a href='/x'>x</a> <a href='https://x.example'>y</a></p>").is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_said_and_what_is_wrong_is_explained() {
    let (w, all) = World::new("plain").await;
    for (path, status, word) in [
        ("/nothing", 404, "no such page"),
        ("/alerts/999", 404, "no such alert"),
        ("/alerts/x", 404, "no such alert"),
        ("/deprecations/openai:none", 404, "such matter"),
        ("/deprecations/%00", 404, "no such"),
        ("/sources/x%2Fy", 404, "no such source"),
        ("/calendar?month=never", 400, "2026-11"),
        ("/calendar?view=year", 400, "month or list"),
        ("/calendar?view=list&within=99999999", 400, "3660"),
        ("/events?kind=nonsense", 400, "deprecation"),
        ("/alerts?state=x&owner=", 400, "acknowledged"),
        ("/alerts?colour=red", 400, "allowed"),
    ] {
        let (s, _, html) = w.get(path).await;
        assert!(s == status && html.contains(word), "{path}: {s} {html}");
    }
    // An id under the wrong list leads to its own page.
    let (status, headers, _) = w.get(&words::place("incident", all[0].id.as_str())).await;
    assert_eq!(
        (status, headers[header::LOCATION].to_str().unwrap()),
        (303, words::place("deprecation", all[0].id.as_str()).as_str())
    );
}

#[test]
fn every_template_can_be_read() {
    let view = View::new();
    for (name, _) in view::TEMPLATES {
        assert!(view.reads(name), "{name}");
    }
}
