//! What is due, who is told, and ten thousand reminders at once, for `benches/schedule.py`.
//!
//! In: `due FOLDER`, `route`, or `advance FOLDER`. Out: one JSON object of times. Everything goes through the store, the router
//! and the reminder that the daemon uses; the stores are filled through the same operations. Refuses a result that is not
//! the one asked for: a fast mistake is no figure.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a benchmark stops where it cannot go on, and waits

use bytes::Bytes;
use forewarn::app::App;
use forewarn::clock::{Clock, SystemClock};
use forewarn::config::{Config, Text, parse};
use forewarn::crypto::short_hash;
use forewarn::engine::remind::Reminder;
use forewarn::model::{
    Change, ConnectionId, ContactId, Deadline, Kind, MatterId, MatterState, NewEvent, NewNotification, NewObligation,
    ProviderId, Reason, Recipient, Severity, SourceId, Stage, StepKey, Subject, Trust,
};
use forewarn::rules::route::{Routed, route};
use forewarn::store::sqlite::Sqlite;
use forewarn::store::{Alerts, Delivery, Matters, PlanOutcome, Planned, Recording, RoutedEvent, Routing};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const OWNERS: usize = 1_000;
const SERVICES: usize = 1_000;
const EVENTS: usize = 10_000;
const DUE: usize = 1_000;

fn openai() -> ProviderId {
    ProviderId::new("openai").unwrap()
}

fn today(now: Timestamp) -> Date {
    now.to_zoned_datetime(TimeZone::UTC).date()
}

/// A model that ends in 29 days: its rung of 30 days has come.
fn matter(n: usize, now: Timestamp) -> MatterState {
    let subject = Subject::model(&openai(), format!("gpt-demo-{n}"));
    let then = now - SignedDuration::from_hours(24 * 60);
    MatterState {
        id: MatterId::new(format!("openai:gpt-demo-{n}")).unwrap(),
        kind: Kind::Deprecation,
        provider: openai(),
        connection: None,
        stage: Stage::Announced,
        title: format!("gpt-demo-{n} shuts down"),
        summary: "Requests to this model will fail after its shutdown; move to the model named as its replacement."
            .into(),
        severity: Severity::Major,
        url: Some("https://platform.example.com/docs/deprecations".into()),
        subjects: vec![subject],
        deadline: Some(Deadline::day(today(now) + 29.days(), "as announced")),
        announced_on: None,
        replacements: vec!["gpt-demo-next".into()],
        money: None,
        window: None,
        claims: BTreeMap::new(),
        opened_at: then,
        latest_at: then,
        latest_fingerprint: "00".into(),
        baseline: false,
        listing: None,
        revision: 1,
        version: 0,
    }
}

fn event(m: &MatterState, n: usize) -> NewEvent {
    NewEvent {
        kind: m.kind,
        provider: m.provider.clone(),
        connection: None,
        source: SourceId::new("openai/deprecations").unwrap(),
        matter: Some(m.id.clone()),
        native_type: None,
        native_id: None,
        fingerprint: format!("{n:032x}"),
        change: Some(Change::Announced),
        severity: m.severity,
        title: m.title.clone(),
        summary: m.summary.clone(),
        url: m.url.clone(),
        subjects: m.subjects.clone(),
        deadline: m.deadline.clone(),
        moved_from: None,
        redirected_to: None,
        replacements: m.replacements.clone(),
        money: None,
        occurred_at: m.latest_at,
        received_at: m.latest_at,
    }
}

/// One matter that every owner has an alert of and was told of once; when each is looked at again.
async fn fill(store: &Sqlite, n: usize, now: Timestamp, next_at: Timestamp) {
    let m = matter(n, now);
    let then = m.opened_at;
    let recipient = |o: usize| Recipient {
        owner: format!("team-{o}"),
        policy: "deprecation".into(),
        why: "service s uses it".into(),
        services: vec![format!("service-{o}")],
    };
    let routing = Routing::Tell((0..OWNERS).map(recipient).collect());
    let event = RoutedEvent { payload: None, event: event(&m, n), routing };
    let recording = Recording { matters: vec![m], events: vec![event], now: then, ..Recording::default() };
    store.record(recording).await.unwrap();
    let due = store.due_alerts(then, OWNERS).await.unwrap();
    assert_eq!(due.len(), OWNERS);
    let planned = due.iter().map(|d| planned(d.alert.id, d.alert.version, next_at)).collect();
    let told = |d: &forewarn::store::DueAlert| NewObligation {
        alert: d.alert.id,
        episode: 1,
        deadline_revision: 1,
        step: StepKey("opened".into()),
        occurrence: 0,
        contact: ContactId(format!("{}/webhook", d.alert.owner)),
        reason: Reason::Opened,
    };
    let contact = forewarn::model::Contact {
        id: ContactId("team-0/webhook".into()),
        owner: "team-0".into(),
        channel: "webhook.sink".into(),
        address: "sink".into(),
    };
    let first = NewNotification { key: format!("first-{n}"), contact, obligations: due.iter().map(told).collect() };
    assert_eq!(store.plan(planned, vec![first], then).await.unwrap(), PlanOutcome::Done);
}

fn planned(alert: forewarn::model::AlertId, version: i64, next_at: Timestamp) -> Planned {
    Planned { alert, version, next_at: Some(next_at), close: false, told_revision: Some(1), lapsed: None }
}

/// Sorted times as their middle, their slow end and their worst, in milliseconds.
fn spread(mut times: Vec<Duration>) -> Value {
    times.sort();
    let at = |q: f64| ((times.len() - 1) as f64 * q) as usize;
    let ms = |d: Duration| (d.as_secs_f64() * 1e6).round() / 1e3;
    json!({"n": times.len(), "p50_ms": ms(times[at(0.5)]), "p99_ms": ms(times[at(0.99)]), "max_ms": ms(times[times.len() - 1])})
}

async fn scans(store: &Sqlite, now: Timestamp, rounds: usize, expected: usize) -> Value {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        let due = store.due_alerts(now, DUE).await.unwrap();
        times.push(began.elapsed());
        assert_eq!(due.len(), expected);
    }
    spread(times)
}

/// A look at a million alerts of which none is due, then a thousand.
async fn due(folder: &Path, matters: usize) -> Value {
    let now = SystemClock.now();
    let store = Sqlite::scratch(&folder.join("forewarn.db")).unwrap();
    let began = Instant::now();
    for n in 0..matters {
        fill(&store, n, now, now + SignedDuration::from_hours(24 + (n as i64 * 7) % 2_000)).await;
    }
    let filled = began.elapsed();
    let none = scans(&store, now, 2_000, 0).await;
    let later = now + SignedDuration::from_hours(24 * 365);
    let some = store.due_alerts(later, 20 * DUE).await.unwrap();
    let woken = some.iter().step_by(20).map(|d| planned(d.alert.id, d.alert.version, now)).collect();
    assert_eq!(store.plan(woken, vec![], now).await.unwrap(), PlanOutcome::Done);
    let thousand = scans(&store, now, 100, DUE).await;
    json!({"alerts": matters * OWNERS, "filled_s": filled.as_secs_f64(), "none_due": none, "thousand_due": thousand})
}

/// A directory as large as they come: each service uses its own models, some a whole provider or a pattern; a route for each.
fn directory() -> String {
    let mut text = String::from(
        "watch = []\nsnapshot = false\n[webhooks.sink]\nurl = \"http://127.0.0.1:9/sink\"\nsecret = \"env:S\"\n[owners.operators]\nwebhook = \"sink\"\n",
    );
    for n in 0..OWNERS {
        text += &format!("[owners.team-{n}]\nwebhook = \"sink\"\n");
    }
    for n in 0..SERVICES {
        let wide = match n {
            0 => ", \"anthropic\"",
            1 => ", \"openai:gpt-wide-*\"",
            _ => "",
        };
        text += &format!("[services.service-{n}]\nowner = \"team-{n}\"\nuses = [\"openai:gpt-demo-{n}\"{wide}]\n");
    }
    for n in 0..SERVICES {
        text += &format!(
            "[[routes]]\nname = \"route-{n}\"\nmatch = {{ provider = \"openai\", subject = \"gpt-demo-{n}\" }}\nadd = [\"team-{}\"]\n",
            (n + 1) % OWNERS
        );
    }
    text
}

fn config() -> Config {
    let secret = |name: &str| (name == "S").then(|| "whsec_Zm9yZXdhcm4tYmVuY2gtc2VjcmV0LTMyLWJ5dGVzIQ==".to_owned());
    parse(Text::embedded("a benchmark", &directory()), &secret).unwrap_or_else(|p| panic!("{p}"))
}

fn routes() -> Value {
    let dir = config().directory;
    let now = SystemClock.now();
    let matters: Vec<MatterState> = (0..SERVICES).map(|n| matter(n, now)).collect();
    let events: Vec<NewEvent> = (0..EVENTS).map(|n| event(&matters[n * 7 % SERVICES], n)).collect();
    let mut times = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        let mut told = 0;
        for (n, e) in events.iter().enumerate() {
            match route(&dir, e, Some(&matters[n * 7 % SERVICES]), Trust::Verified, today(now)) {
                Routed::Tell(all) => told += all.len(),
                Routed::Silent(why) => panic!("{why:?}"),
            }
        }
        times.push(began.elapsed());
        assert_eq!(told, 2 * EVENTS, "the owner by use and the owner by route");
    }
    json!({"events": EVENTS, "services": SERVICES, "routes": SERVICES, "all": spread(times)})
}

/// Deliveries one after the other, a short breath between them, until told to stop: how long each took.
async fn intake(store: Arc<dyn forewarn::store::Store>, stop: Arc<AtomicBool>, tag: &'static str) -> Vec<Duration> {
    let mut times = Vec::new();
    for n in 0_u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = format!("{tag}-{n}");
        let delivery = Delivery {
            source: SourceId::new("openai/webhook").unwrap(),
            connection: ConnectionId::new("openai/main").unwrap(),
            trust: Trust::Verified,
            key: short_hash(&[id.as_bytes()]),
            body_hash: short_hash(&[b"body", id.as_bytes()]),
            headers: "[]".into(),
            body: Bytes::from(vec![b'x'; 1_500]),
            received_at: SystemClock.now(),
        };
        let began = Instant::now();
        store.receive(delivery).await.unwrap();
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times
}

/// Ten thousand reminders that have all come due, advanced by the reminder's own ticks while deliveries come in.
async fn advance(folder: &Path) -> Value {
    let now = SystemClock.now();
    let sqlite = Sqlite::open(&folder.join("forewarn.db")).unwrap();
    for n in 0..EVENTS / OWNERS {
        fill(&sqlite, n, now, now - SignedDuration::from_secs(60)).await;
    }
    sqlite.close().await;
    let sqlite = Sqlite::open(&folder.join("forewarn.db")).unwrap();
    let app = App::with(config(), sqlite, folder, Arc::new(SystemClock)).unwrap();
    let store = app.cx.store.clone();
    let during = |tag: &'static str| {
        let stop = Arc::new(AtomicBool::new(false));
        (tokio::spawn(intake(store.clone(), stop.clone(), tag)), stop)
    };
    let (alone, stop) = during("alone");
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    let alone = alone.await.unwrap();

    let (beside, stop) = during("beside");
    let reminder = Reminder { cx: app.cx.clone() };
    let (began, mut ticks) = (Instant::now(), 0);
    while reminder.tick(SystemClock.now()).await.unwrap().more {
        ticks += 1;
    }
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    let beside = beside.await.unwrap();
    let queued = store.ledger().await.unwrap().lines.into_iter().find(|l| l.what == "obligations").unwrap().total;
    assert_eq!(queued, 2 * i64::try_from(EVENTS).unwrap(), "each was told once before, and once more now");
    json!({
        "reminders": EVENTS, "ticks": ticks + 1, "seconds": took.as_secs_f64(),
        "intake_alone": spread(alone), "intake_beside": spread(beside),
    })
}

fn main() {
    forewarn::app::install_tls();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let figures = match words.as_slice() {
        ["due", folder, matters] => runtime.block_on(due(Path::new(folder), matters.parse().unwrap())),
        ["route"] => routes(),
        ["advance", folder] => runtime.block_on(advance(Path::new(folder))),
        _ => panic!("usage: schedule due FOLDER MATTERS | route | advance FOLDER"),
    };
    println!("{figures}");
}
