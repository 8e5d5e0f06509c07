//! The description of the API against its routes and its answers.

use super::*;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Text, parse};
use crate::engine::access::Access;
use crate::model::event::Money;
use crate::model::{Change, Claim, Deadline, Kind, MatterId, MatterState, NewEvent, ProviderId, Rank, Recipient};
use crate::model::{SourceId, Stage, Subject, Window};
use crate::store::sqlite::Sqlite;
use crate::store::{Recording, RoutedEvent, Routing};
use crate::web::access::Door;
use crate::web::calendar::{self, Calendars};
use crate::web::{metrics, private};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use jiff::{Timestamp, civil::date};

use std::collections::{BTreeMap, BTreeSet};
use tower::ServiceExt;

const CONFIG: &str = r#"
snapshot = false
public_url = "https://forewarn.example.com"
[owners.search]
console = true
[services.support-bot]
owner = "search"
uses = ["openai"]
"#;

struct Stopped(Timestamp);
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Timestamp {
    "2026-11-23T15:00:00Z".parse().unwrap()
}

/// Text that tries to be something else in every medium.
const HOSTILE: &str = "gpt\r\nBEGIN:VEVENT\r\nSUMMARY:forged\u{2028}\"},{\"a\":1;,\\ <b> =1+1 \u{202e}ü漢🟠 \0 end";

fn deprecation(id: &str, on: jiff::civil::Date) -> MatterState {
    let provider = ProviderId::new("openai").unwrap();
    let subject = Subject::model(&provider, id);
    let deadline = Deadline::day(on, HOSTILE);
    let claim = Claim {
        deadline: Some(deadline.clone()),
        replacements: vec![HOSTILE.into()],
        text: HOSTILE.into(),
        url: Some("https://provider.example/a?b=c;d,e".into()),
        ..Claim::new(Rank::Page, now())
    };
    let new = MatterState::new(subject.matter_id().unwrap(), Kind::Deprecation, provider, now());
    MatterState {
        title: HOSTILE.into(),
        summary: HOSTILE.into(),
        url: Some("https://provider.example/\r\nX:1".into()),
        subjects: vec![subject],
        deadline: Some(deadline),
        announced_on: Some(date(2026, 1, 1)),
        replacements: vec![HOSTILE.into()],
        claims: BTreeMap::from([(SourceId::new("openai/deprecations").unwrap(), Box::new(claim))]),
        ..new
    }
}

fn episode(kind: Kind, id: &str) -> MatterState {
    let from: Timestamp = "2026-12-03T10:00:00Z".parse().unwrap();
    MatterState {
        id: MatterId::new(format!("openai:{kind}/{id}")).unwrap(),
        kind,
        stage: Stage::Open,
        deadline: None,
        money: (kind == Kind::Billing).then(|| Money { minor: 12_345, currency: "USD".into() }),
        window: (kind == Kind::Maintenance)
            .then_some(Window { from, until: Some(from + jiff::SignedDuration::from_hours(2)) }),
        claims: BTreeMap::new(),
        ..deprecation("gpt-demo", date(2027, 1, 22))
    }
}

struct World {
    app: App,
    calendars: Arc<Calendars>,
    prints: std::cell::Cell<u64>,
    _dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = parse(Text::embedded("a test", CONFIG), &|_| None).unwrap_or_else(|p| panic!("{p}"));
        let sqlite = Sqlite::open(&dir.path().join("forewarn.db")).unwrap();
        let app = App::with(config, sqlite, dir.path(), Arc::new(Stopped(now()))).unwrap();
        let url = Some("https://forewarn.example.com".to_owned());
        let calendars = Calendars::new(app.cx.clone(), b"a key", url);
        let w = Self { app, calendars, prints: std::cell::Cell::new(1), _dir: dir };
        for m in [
            deprecation("gpt-demo-1", date(2027, 1, 22)),
            deprecation("api/2024-06-20", date(2027, 3, 1)),
            episode(Kind::Incident, "i1"),
            episode(Kind::Maintenance, "m1"),
            episode(Kind::Billing, "b1"),
        ] {
            w.record(m).await;
        }
        w
    }

    async fn record(&self, m: MatterState) {
        self.prints.set(self.prints.get() + 1);
        let event = NewEvent {
            moved_from: None,
            redirected_to: None,
            kind: m.kind,
            provider: m.provider.clone(),
            connection: None,
            source: SourceId::new("openai/deprecations").unwrap(),
            matter: Some(m.id.clone()),
            native_type: None,
            native_id: None,
            fingerprint: format!("{:032x}", self.prints.get()),
            change: Some(Change::Announced),
            severity: m.severity,
            title: m.title.clone(),
            summary: m.summary.clone(),
            url: m.url.clone(),
            subjects: m.subjects.clone(),
            deadline: m.deadline.clone(),
            replacements: m.replacements.clone(),
            money: m.money.clone(),
            occurred_at: now(),
            received_at: now(),
        };
        let to =
            Recipient { owner: "search".into(), policy: "deprecation".into(), why: "uses".into(), services: vec![] };
        let event = RoutedEvent { payload: None, event, routing: Routing::Tell(vec![to]) };
        let recording = Recording { matters: vec![m], events: vec![event], now: now(), ..Recording::default() };
        self.app.cx.store.record(recording).await.unwrap();
    }

    fn actions(&self) -> Arc<Actions> {
        Arc::new(self.app.actions(None, Arc::new(Vec::new)))
    }

    async fn ask(&self, router: Router, request: Request<Body>) -> (u16, HeaderMap, Vec<u8>) {
        let r = router.oneshot(request).await.unwrap();
        let (status, headers) = (r.status().as_u16(), r.headers().clone());
        (status, headers, to_bytes(r.into_body(), 1 << 24).await.unwrap().to_vec())
    }

    async fn get(&self, path: &str) -> (u16, HeaderMap, Vec<u8>) {
        let router = private::router(self.actions(), self.calendars.clone(), self.app.site(self.actions()));
        self.ask(router, Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// As somebody on this machine.
    async fn post(&self, path: &str, kind: &str, body: &str) -> (u16, Value) {
        let inside = private::router(self.actions(), self.calendars.clone(), self.app.site(self.actions()));
        let guarded = Door::new(self.app.cx.clone(), Access::default(), b"a key").guard(inside);
        let request = Request::post(path).header(header::HOST, "localhost").header(header::CONTENT_TYPE, kind);
        let (status, _, body) = self.ask(guarded, request.body(Body::from(body.to_owned())).unwrap()).await;
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{path}: {}", String::from_utf8_lossy(&body))))
    }

    async fn json(&self, path: &str) -> Value {
        let (status, headers, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_slice(&body).unwrap()
    }

    async fn problem(&self, path: &str) -> (u16, String) {
        let (status, headers, body) = self.get(path).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{path}");
        let v: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(v["status"], status);
        (status, v["detail"].as_str().unwrap().to_owned())
    }
}

fn doc() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// What of a value its schema does not allow. Only the words the document uses.
fn wrong(doc: &Value, schema: &Value, v: &Value, at: &str) -> Vec<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return wrong(doc, doc.pointer(name.trim_start_matches('#')).unwrap(), v, at);
    }
    if let Some(any) = schema["anyOf"].as_array().filter(|_| schema["type"].is_null()) {
        let all: Vec<Vec<String>> = any.iter().map(|s| wrong(doc, s, v, at)).collect();
        return if all.iter().any(Vec::is_empty) { vec![] } else { all.concat() };
    }
    let is = match v {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = &schema["type"];
    if types != is && !types.as_array().is_some_and(|t| t.iter().any(|t| t == is)) {
        return vec![format!("{at}: {is}, not {types}")];
    }
    let mut out = Vec::new();
    if schema["enum"].as_array().is_some_and(|all| !all.contains(v)) {
        out.push(format!("{at}: {v} is not one of {}", schema["enum"]));
    }
    if let (Some(items), false) = (v.as_array(), schema["items"].is_null()) {
        out.extend(items.iter().enumerate().flat_map(|(n, x)| wrong(doc, &schema["items"], x, &format!("{at}/{n}"))));
    }
    if let Some(fields) = v.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                out.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, x) in fields {
            match schema["properties"].get(name) {
                Some(s) => out.extend(wrong(doc, s, x, &format!("{at}/{name}"))),
                None if schema["additionalProperties"] == false => out.push(format!("{at}: {name} is not described")),
                None => {}
            }
        }
    }
    out
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let of_router: BTreeSet<String> = routes().into_iter().map(|(p, _)| p.replace("{*", "{")).collect();
    let described: BTreeSet<String> = doc()["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(of_router, described);
}

#[tokio::test]
async fn every_answer_is_as_described() {
    let (w, doc) = (World::new().await, doc());
    let mut seen = 0;
    for (path, item) in doc["paths"].as_object().unwrap().iter().filter(|(_, item)| item["get"].is_object()) {
        let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        let mut address = match path.as_str() {
            "/api/v1/between" => "/api/v1/between?from=2026-11-01&to=2026-12-01".to_owned(),
            p => p.to_owned(),
        };
        if let Some(list) = path.strip_suffix("/{id}") {
            let first = w.json(list).await["items"][0]["id"].clone();
            let id = first.as_str().map_or_else(|| first.to_string(), str::to_owned);
            if first.is_null() {
                assert!(["/api/v1/notifications", "/api/v1/connections"].contains(&list), "{list} is empty");
                continue;
            }
            address = format!("{list}/{}", id.replace('/', "%2F"));
            assert_eq!(w.problem(&format!("{list}/nobody-knows")).await.0, 404, "{list}");
        }
        let complaints = wrong(&doc, schema, &w.json(&address).await, "");
        assert!(complaints.is_empty(), "{address}: {complaints:#?}");
        seen += 1;
        for p in item["get"]["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "query") {
            let name = p["name"].as_str().unwrap();
            let (status, _, body) = w.get(&format!("{path}?{name}=%00")).await;
            assert_eq!(status, 400, "{path} {name}");
            assert!(!String::from_utf8(body).unwrap().contains("unknown parameter"), "{path} does not take {name}");
        }
        if path != "/api/v1/openapi.json" && path != "/api/v1/status" && !path.contains('{') {
            assert_eq!(w.problem(&format!("{path}?surprise=1")).await.0, 400, "{path}");
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn every_post_takes_json_of_known_fields_only() {
    let (w, doc) = (World::new().await, doc());
    let mut seen = 0;
    for path in doc["paths"].as_object().unwrap().iter().filter(|(_, i)| i["post"].is_object()).map(|(p, _)| p) {
        let described = |status: u16| !doc["paths"][path]["post"]["responses"][status.to_string()].is_null();
        let at = path.replace("{id}", "1");
        for (kind, body, status) in [
            ("application/x-www-form-urlencoded", "note=x", 415),
            ("text/plain", "{}", 415),
            ("application/json", "{", if path == "/api/v1/usage" { 422 } else { 400 }),
            ("application/json", "{\"surprise\":1}", 422),
            ("application/json", "{\"note\":[]}", 422),
        ] {
            let (got, v) = w.post(&at, kind, body).await;
            assert_eq!((got, described(got)), (status, true), "{at} {kind} {body}: {v}");
            assert_eq!(v["status"], status);
        }
        let (got, _) = w.post(&at, "application/json", &" ".repeat(17 << 20)).await;
        assert_eq!((got, described(got)), (413, true), "{at}");
        seen += 1;
    }
    assert_eq!(seen, 8);
}

#[tokio::test]
async fn what_is_done_by_the_api_is_as_described() {
    let (w, doc) = (World::new().await, doc());
    let alerts = w.json("/api/v1/alerts").await;
    let of = |kind: &str| {
        let all = alerts["items"].as_array().unwrap();
        all.iter().find(|a| a["kind"] == kind).unwrap()["id"].clone()
    };
    let (ends, broken) = (of("deprecation"), of("incident"));
    for (path, body, state) in [
        (format!("alerts/{ends}/ack"), json!({"plan_on": "2026-12-20", "note": "moving", "by": "mei"}), "acknowledged"),
        (format!("alerts/{ends}/snooze"), json!({"until": "2026-12-14"}), "acknowledged"),
        (format!("alerts/{ends}/resolve"), json!({"reason": "migrated", "episode": 1}), "resolved"),
        (format!("alerts/{ends}/reopen"), json!({}), "open"),
        (format!("alerts/{broken}/ack"), Value::Null, "acknowledged"),
    ] {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, v) = w.post(&format!("/api/v1/{path}"), "application/json", &body).await;
        assert_eq!((status, v["alert"]["state"].as_str()), (200, Some(state)), "{path}: {v}");
        let schema = &doc["paths"]["/api/v1/alerts/{id}/ack"]["post"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        assert_eq!(wrong(&doc, schema, &v, ""), [""; 0], "{path}");
    }
    let said = w.json(&format!("/api/v1/alerts/{ends}")).await;
    assert_eq!(said["said"]["by"], json!({"who": "local", "via": "api"}));
    for (path, body, status, word) in [
        (format!("alerts/{ends}/ack"), json!({"plan_on": "2027-12-20"}), 409, "deadline"),
        (format!("alerts/{ends}/ack"), json!({"plan_on": "soon"}), 422, "date"),
        (
            format!("alerts/{ends}/ack"),
            json!({"until": "2026-12-14"}),
            422,
            "unknown field `until`, expected `plan_on`",
        ),
        (format!("alerts/{ends}/ack"), json!({"episode": 1}), 409, "closed and opened again"),
        (format!("alerts/{ends}/snooze"), json!({"until": "x"}), 422, "2026-12-14T15:00:00Z"),
        (format!("alerts/{ends}/resolve"), json!({"reason": "bored"}), 422, "accepted_risk"),
        (format!("alerts/{ends}/reassign"), json!({"to": "nobody"}), 409, "known are"),
        ("alerts/4711/ack".into(), json!({}), 404, "no alert #4711"),
        ("alerts/x/ack".into(), json!({}), 404, "no such alert"),
        ("alerts/1/praise".into(), json!({}), 404, "openapi.json"),
        ("simulate".into(), json!({"provider": "acme", "type": "x"}), 422, "no provider"),
        (
            "simulate".into(),
            json!({"provider": "openai", "type": "safety.alert.created", "send": true}),
            422,
            "its hook is off",
        ),
    ] {
        let (got, v) = w.post(&format!("/api/v1/{path}"), "application/json", &body.to_string()).await;
        let detail = v["detail"].as_str().unwrap_or_default();
        assert!(got == status && detail.contains(word), "{path} {body}: {got} {v}");
    }
    let asked = json!({"provider": "openai", "type": "safety.alert.created", "number": 7}).to_string();
    let (status, v) = w.post("/api/v1/simulate", "application/json", &asked).await;
    assert_eq!(
        (status, v["path"].as_str(), wrong(&doc, &json!({"$ref": "#/components/schemas/Sample"}), &v, "")),
        (200, Some("/hooks/openai/main"), vec![])
    );
    assert!(v["sample_secret"].is_string(), "signed with no secret of ours");
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let w = World::new().await;
    for (list, all) in [("events", 5), ("alerts", 5), ("deprecations", 2), ("providers", 50)] {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = w.json(&format!("/api/v1/{list}?limit=1{cursor}")).await;
            ids.extend(page["items"].as_array().unwrap().iter().map(|i| i["id"].to_string()));
            if page["next"].is_null() {
                break;
            }
            let next = page["next"].as_str().map_or_else(|| page["next"].to_string(), str::to_owned);
            cursor = format!("&cursor={next}");
        }
        let whole = w.json(&format!("/api/v1/{list}?limit=1000")).await;
        let expected: Vec<String> = whole["items"].as_array().unwrap().iter().map(|i| i["id"].to_string()).collect();
        assert_eq!(ids, expected, "{list}");
        assert!(ids.len() >= all, "{list}: {}", ids.len());
    }
}

#[tokio::test]
async fn a_wrong_question_is_a_problem_that_says_what_is_allowed() {
    let w = World::new().await;
    for (path, status, word) in [
        ("/api/v1/events?limit=0", 400, "1 to 1000"),
        ("/api/v1/events?limit=1001", 400, "1 to 1000"),
        ("/api/v1/events?limit=+1", 400, "1 to 1000"),
        ("/api/v1/events?kind=gossip", 400, "deprecation"),
        ("/api/v1/events?provider=a&provider=b", 400, "twice"),
        ("/api/v1/events?cursor=x", 400, "next"),
        ("/api/v1/events?since=yesterday", 400, "2026-11-23"),
        ("/api/v1/events/0", 404, "no such event"),
        ("/api/v1/events/99999999999999999999", 404, "no such event"),
        ("/api/v1/between?from=2026-11-01", 400, "needed"),
        ("/api/v1/deprecations?cursor=gone", 409, "begin anew"),
        ("/api/v1/deprecations?within=90", 400, "90d"),
        ("/api/v1/incidents/openai:gpt-demo-1", 404, "matter"),
        ("/api/v1/nothing", 404, "openapi.json"),
        ("/api/v2/events", 404, "openapi.json"),
        ("/calendar.ics?kind=billing", 400, "maintenance"),
    ] {
        let (s, detail) = w.problem(path).await;
        assert!(s == status && detail.contains(word), "{path}: {s} {detail}");
    }
    let router = private::router(w.actions(), w.calendars.clone(), w.app.site(w.actions()));
    let (status, headers, _) = w.ask(router, Request::post("/api/v1/events").body(Body::empty()).unwrap()).await;
    assert_eq!(status, 405);
    assert_eq!(headers[header::ALLOW], "GET,HEAD");
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn what_did_not_change_is_304() {
    let w = World::new().await;
    for path in ["/api/v1/events", "/api/v1/openapi.json", "/api/v1/providers", "/calendar.ics", "/metrics"] {
        let (status, headers, _) = w.get(path).await;
        assert_eq!(status, 200, "{path}");
        let tag = headers[header::ETAG].to_str().unwrap().to_owned();
        for (given, expected) in [(tag.clone(), 304), (format!("W/{tag}, \"x\""), 304), ("\"x\"".into(), 200)] {
            let request = Request::get(path).header(header::IF_NONE_MATCH, given).body(Body::empty()).unwrap();
            let (status, headers, body) =
                w.ask(private::router(w.actions(), w.calendars.clone(), w.app.site(w.actions())), request).await;
            assert_eq!((status, body.is_empty()), (expected, expected == 304), "{path}");
            assert_eq!(headers[header::ETAG], tag.as_str());
        }
    }
}

/// Content lines, unfolded; every physical line is as short as the standard wants.
fn lines(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    for physical in text.split("\r\n") {
        assert!(physical.len() <= 75 && !physical.contains(['\r', '\n']), "{physical:?}");
    }
    text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

fn of<'l>(lines: &'l [String], uid: &str) -> &'l [String] {
    let at = lines.iter().position(|l| l == uid).unwrap();
    let end = lines[at..].iter().position(|l| l == "END:VEVENT").unwrap();
    &lines[at..at + end]
}

#[tokio::test]
async fn hostile_text_makes_no_line_of_a_calendar() {
    let w = World::new().await;
    let (_, headers, text) = w.get("/calendar.ics?alarm=7d&alarm=1d").await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    let lines = lines(&text);
    let count = |l: &str| lines.iter().filter(|x| *x == l).count();
    assert_eq!((count("BEGIN:VEVENT"), count("END:VEVENT"), count("BEGIN:VALARM")), (3, 3, 6));
    let names: BTreeSet<&str> = lines.iter().filter_map(|l| l.split([':', ';']).next()).collect();
    let ours = "ACTION BEGIN CALSCALE CATEGORIES DESCRIPTION DTEND DTSTAMP DTSTART END NAME PRODID \
        REFRESH-INTERVAL SEQUENCE STATUS SUMMARY TRANSP TRIGGER UID URL VERSION X-PUBLISHED-TTL X-WR-CALNAME";
    assert_eq!(names, ours.split_whitespace().collect());
    assert_eq!(count("DTSTART:20261203T100000Z") + count("DTEND:20261203T120000Z"), 2);
    assert_eq!(count("DTSTART;VALUE=DATE:20270122") + count("DTEND;VALUE=DATE:20270123"), 2);
}

#[tokio::test]
async fn a_moved_date_raises_the_sequence_and_a_withdrawn_one_is_cancelled() {
    let w = World::new().await;
    let uid = {
        let (_, _, text) = w.get("/calendar.ics?kind=deprecation").await;
        let all = lines(&text);
        let at = all.iter().position(|l| l == "DTSTART;VALUE=DATE:20270122").unwrap();
        all[..at].iter().rev().find(|l| l.starts_with("UID:")).unwrap().clone()
    };
    let sequence = |lines: &[String]| {
        let found = of(lines, &uid).iter().find_map(|l| l.strip_prefix("SEQUENCE:")).unwrap().to_owned();
        found.parse::<u32>().unwrap()
    };
    let (_, before, text) = w.get("/calendar.ics?kind=deprecation").await;
    let first = sequence(&lines(&text));
    let mut m = w.app.cx.store.matters(vec![MatterId::new("openai:gpt-demo-1").unwrap()]).await.unwrap().remove(0);
    m.deadline = Some(Deadline { revision: 2, ..Deadline::day(date(2027, 2, 1), "x") });
    w.record(m).await;
    let (_, after, text) = w.get("/calendar.ics?kind=deprecation").await;
    assert_ne!(before[header::ETAG], after[header::ETAG], "the kept text is not served any more");
    let moved = lines(&text);
    assert!(of(&moved, &uid).contains(&"DTSTART;VALUE=DATE:20270201".to_owned()));
    assert!(sequence(&moved) > first);
    let mut m = w.app.cx.store.matters(vec![MatterId::new("openai:gpt-demo-1").unwrap()]).await.unwrap().remove(0);
    (m.stage, m.revision) = (Stage::Withdrawn, m.revision + 1);
    w.record(m).await;
    let (_, _, text) = w.get("/calendar.ics?kind=deprecation").await;
    let cancelled = lines(&text);
    assert!(of(&cancelled, &uid).contains(&"STATUS:CANCELLED".to_owned()));
    assert!(sequence(&cancelled) > sequence(&moved));
}

#[tokio::test]
async fn floors_months_and_open_ends_say_so() {
    use crate::model::{Firmness, Precision};
    let w = World::new().await;
    let mut m = deprecation("gpt-floor", date(2027, 2, 1));
    m.title = "gpt-floor shuts down".into();
    m.deadline.as_mut().unwrap().firmness = Firmness::NotBefore;
    w.record(m).await;
    let mut m = deprecation("gpt-month", date(2027, 2, 1));
    m.title = "gpt-month shuts down".into();
    m.deadline.as_mut().unwrap().precision = Precision::Month;
    w.record(m).await;
    let mut m = episode(Kind::Maintenance, "open");
    m.title = "Disks".into();
    m.window.as_mut().unwrap().until = None;
    w.record(m).await;
    let mut m = episode(Kind::Maintenance, "unknown");
    (m.title, m.window) = ("Network".into(), None);
    w.record(m).await;
    let (_, _, text) = w.get("/calendar.ics").await;
    let lines = lines(&text);
    for summary in [
        "SUMMARY:gpt-floor shuts down (not before Mon 1 Feb 2027)",
        "SUMMARY:gpt-month shuts down (from Feb 2027\\, day not given)",
        "SUMMARY:openai: Disks (end not given)",
        "SUMMARY:openai: Network (announced then\\, times not given)",
    ] {
        assert!(lines.iter().any(|l| l == summary), "{summary}: {lines:#?}");
    }
}

#[tokio::test]
async fn a_feed_is_open_to_its_token_only() {
    use crate::crypto::HmacKey;
    use crate::engine::calendar::Filter;
    let w = World::new().await;
    let public = || calendar::public(w.calendars.clone());
    let token = Filter::parse("owner=search,kind=maintenance").unwrap().token(&HmacKey::new(b"a key"));
    let get = |path: String| Request::get(path).body(Body::empty()).unwrap();
    let (status, headers, text) = w.ask(public(), get(format!("/calendar/{token}.ics"))).await;
    assert_eq!((status, headers[header::CONTENT_TYPE].to_str().unwrap()), (200, "text/calendar; charset=utf-8"));
    let all = lines(&text);
    assert_eq!(all.iter().filter(|l| *l == "BEGIN:VEVENT").count(), 1);
    assert!(all.contains(&format!("SOURCE;VALUE=URI:https://forewarn.example.com/calendar/{token}.ics")));
    assert!(all.contains(&"NAME:forewarn: search\\, maintenance".to_owned()));
    for bad in [token.clone(), format!("{token}x.ics"), ".ics".into(), "x.ics".into(), format!("{}.ics", &token[2..])] {
        let (status, _, body) = w.ask(public(), get(format!("/calendar/{bad}"))).await;
        assert_eq!((status, body.as_slice()), (404, b"not found\n".as_slice()), "{bad}");
    }
}

#[tokio::test]
async fn metrics_count_days_sources_and_what_waits() {
    let w = World::new().await;
    let (_, headers, text) =
        w.ask(metrics::router(w.actions()), Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(text).unwrap();
    for line in [
        "forewarn_time_left_seconds{subject=\"openai:gpt-demo-1\",provider=\"openai\",owner=\"search\",firm=\"true\"} 5184000",
        "forewarn_undelivered 0",
        "forewarn_oldest_undelivered_seconds 0",
        "forewarn_sources{state=\"unreadable\"} 0",
        "# TYPE forewarn_flush_seconds histogram",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
    let series: Vec<&str> =
        text.lines().filter(|l| !l.starts_with('#')).map(|l| l.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(series.iter().collect::<BTreeSet<_>>().len(), series.len(), "a series stands twice");
}
