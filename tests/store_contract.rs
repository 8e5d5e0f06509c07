//! The contract of every store, once as it is and once with a restart (a process that was killed) after each step.
//!
//! A second implementation writes a `Bench` and one line at the end. What only a file can do to us (edits by hand, a
//! reader beside the writer) is below, for SQLite.

#![allow(clippy::unwrap_used)] // a test may fail

use bytes::Bytes;
use forewarn::model::*;
use forewarn::store::sqlite::Sqlite;
use forewarn::store::*;
use jiff::{SignedDuration, Timestamp, civil::date};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A store under test and what it stands on.
trait Bench {
    fn fresh() -> Self;
    fn s(&self) -> Arc<dyn Store>;
    /// The step is over: an implementation may restart here.
    fn step(&mut self);
}

/// SQLite; `RESTARTS` kills it after each step.
struct OnSqlite<const RESTARTS: bool> {
    dir: tempfile::TempDir,
    store: Arc<Sqlite>,
}

impl<const RESTARTS: bool> Bench for OnSqlite<RESTARTS> {
    fn fresh() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(&dir.path().join("forewarn.db")).unwrap());
        Self { dir, store }
    }
    fn s(&self) -> Arc<dyn Store> {
        self.store.clone()
    }
    fn step(&mut self) {
        if RESTARTS {
            // Not closed: what was said to be done must be there all the same.
            self.store = Arc::new(Sqlite::open(&self.dir.path().join("forewarn.db")).unwrap());
        }
    }
}

fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().unwrap()
}
fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}
fn days(n: i64) -> Timestamp {
    later(n * 86_400)
}

fn delivery(id: &str, body: &str) -> Delivery {
    let hash = |s: &str| forewarn::crypto::short_hash(&[s.as_bytes()]);
    Delivery {
        source: SourceId::new("openai/webhook").unwrap(),
        connection: ConnectionId::new("openai/main").unwrap(),
        trust: Trust::Verified,
        key: hash(id),
        body_hash: hash(body),
        headers: r#"[["webhook-id","x"]]"#.into(),
        body: Bytes::from(body.to_owned()),
        received_at: now(),
    }
}

fn matter(id: &str, kind: Kind) -> MatterState {
    let new = MatterState::new(
        MatterId::new(format!("openai:{id}")).unwrap(),
        kind,
        ProviderId::new("openai").unwrap(),
        now(),
    );
    MatterState {
        title: id.into(),
        subjects: vec![Subject::of(&ProviderId::new("openai").unwrap(), SubjectType::Model, id.to_owned())],
        deadline: (kind == Kind::Deprecation).then(|| Deadline::day(date(2027, 1, 22), "January 22, 2027")),
        ..new
    }
}

/// An event of a matter with a fingerprint, told to these.
fn told(m: &MatterState, print: u64, owners: &[&str]) -> RoutedEvent {
    let event = NewEvent {
        kind: m.kind,
        provider: m.provider.clone(),
        connection: None,
        source: SourceId::new("openai/deprecations").unwrap(),
        matter: Some(m.id.clone()),
        native_type: None,
        native_id: None,
        fingerprint: format!("{print:032x}"),
        change: Some(Change::Announced),
        severity: m.severity,
        title: m.title.clone(),
        summary: String::new(),
        url: None,
        subjects: m.subjects.clone(),
        deadline: m.deadline.clone(),
        moved_from: None,
        redirected_to: None,
        replacements: vec!["gpt-demo-2".into()],
        money: None,
        occurred_at: now(),
        received_at: now(),
    };
    let recipient = |o: &&str| Recipient {
        owner: (*o).into(),
        policy: "deprecation".into(),
        why: "a test".into(),
        services: vec!["bot".into()],
    };
    RoutedEvent { payload: None, event, routing: Routing::Tell(owners.iter().map(recipient).collect()) }
}

fn job(print: u64, payload: PayloadId, at: Timestamp) -> RoutedEvent {
    let mut e = told(&matter("job", Kind::Job), print, &[]);
    e.event.matter = None;
    e.event.received_at = at;
    e.event.native_type = Some("batch.completed".into());
    e.payload = Some(payload);
    e.routing = Routing::Silent("quiet_kind");
    e
}

fn recording(matters: Vec<MatterState>, events: Vec<RoutedEvent>) -> Recording {
    Recording { matters, events, now: now(), ..Recording::default() }
}

async fn alerts(s: &Arc<dyn Store>) -> Vec<Alert> {
    let all = AlertFilter { limit: 100, ..AlertFilter::default() };
    s.alerts(all).await.unwrap().into_iter().map(|(a, _)| a).collect()
}

async fn events(s: &Arc<dyn Store>) -> Vec<Event> {
    let all = EventFilter { limit: 1_000, ..EventFilter::default() };
    s.events(all).await.unwrap().into_iter().map(|(e, _)| e).collect()
}

/// The parts of a line of the ledger that are not zero; every line must add up.
async fn ledger(s: &Arc<dyn Store>, what: &str) -> BTreeMap<String, i64> {
    let l = s.ledger().await.unwrap();
    assert!(l.lines.iter().all(LedgerLine::adds_up), "{l:?}");
    let line = l.lines.into_iter().find(|l| l.what == what).unwrap();
    line.parts.into_iter().filter(|(_, n)| *n != 0).collect()
}

fn parts(list: &[(&str, i64)]) -> BTreeMap<String, i64> {
    list.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect()
}

fn contact(owner: &str) -> Contact {
    Contact {
        id: ContactId(format!("{owner}/slack")),
        owner: owner.into(),
        channel: "slack".into(),
        address: format!("#{owner}"),
    }
}

fn obligation(alert: &Alert, step: &str) -> NewObligation {
    NewObligation {
        alert: alert.id,
        episode: alert.episode,
        deadline_revision: 1,
        step: StepKey(step.into()),
        occurrence: 0,
        contact: contact(&alert.owner).id,
        reason: Reason::Reminder,
    }
}

fn notification(key: &str, alert: &Alert, step: &str) -> NewNotification {
    NewNotification { key: key.into(), contact: contact(&alert.owner), obligations: vec![obligation(alert, step)] }
}

fn planned(alert: &Alert, next_at: Option<Timestamp>) -> Planned {
    Planned { alert: alert.id, version: alert.version, next_at, close: false, told_revision: Some(1), lapsed: None }
}

/// What is written when somebody acknowledges.
fn acked(a: &Alert, by: &str) -> Acting {
    let (at, plan_on, deadline_on) = (now(), Some(date(2027, 1, 10)), Some(date(2027, 1, 22)));
    let ack = Acknowledgement { by: by.into(), at, note: Some("moving".into()), plan_on, deadline_on };
    let after = Alert { state: AlertState::Acknowledged, ack: Some(ack), next_due_at: Some(at), ..a.clone() };
    acting(after, by)
}

fn acting(after: Alert, by: &str) -> Acting {
    let audit = vec![Deed {
        by: by.into(),
        what: "alert.acknowledged",
        subject: after.matter.to_string(),
        detail: String::new(),
    }];
    Acting { alerts: vec![after], audit, notes: vec![], threads: vec![], handed: None, now: now() }
}

/// A store with one open alert of `search` on `openai:gpt-demo`.
async fn with_alert<B: Bench>() -> (B, Alert) {
    let mut b = B::fresh();
    let m = matter("gpt-demo", Kind::Deprecation);
    let done = b.s().record(recording(vec![m.clone()], vec![told(&m, 1, &["search"])])).await.unwrap();
    assert_eq!(done, RecordOutcome::Done { events: 1, alerts: 1 });
    b.step();
    let alert = alerts(&b.s()).await.remove(0);
    (b, alert)
}

async fn a_delivery_is_stored_once_and_its_repeat_is_counted<B: Bench>() {
    let mut b = B::fresh();
    for expected in [Receipt::Stored, Receipt::Repeat, Receipt::Repeat] {
        assert_eq!(b.s().receive(delivery("a", "{}")).await.unwrap(), expected);
        b.step();
    }
    let (cursor, pending) = b.s().pending(10, 1 << 20).await.unwrap();
    assert_eq!((cursor, pending.len()), (PayloadId(0), 1));
    assert_eq!((pending[0].body.as_slice(), pending[0].received_at), (&b"{}"[..], now()));
    assert_eq!(pending[0].headers, [("webhook-id".to_owned(), "x".to_owned())]);
    assert_eq!(b.s().backlog().await.unwrap(), (1, Some(now())));
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("repeated", 2), ("pending", 1)]));
}

async fn one_id_with_another_body_is_a_conflict_kept_once<B: Bench>() {
    let mut b = B::fresh();
    let script = [
        ("x", Receipt::Stored),
        ("y", Receipt::Conflict),
        ("y", Receipt::Repeat),
        ("x", Receipt::Repeat),
        ("z", Receipt::Conflict),
    ];
    for (body, expected) in script {
        assert_eq!(b.s().receive(delivery("a", body)).await.unwrap(), expected, "{body}");
        b.step();
    }
    let conflicts = b.s().conflicts(10).await.unwrap();
    assert_eq!(conflicts.iter().map(|c| c.first).collect::<Vec<_>>(), [PayloadId(1), PayloadId(1)]);
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("repeated", 2), ("pending", 3)]));
}

async fn a_hundred_same_deliveries_at_once_are_stored_once<B: Bench>() {
    let mut b = B::fresh();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let s = b.s();
        all.spawn(async move { s.receive(delivery("a", "{}")).await.unwrap() });
    }
    let receipts = all.join_all().await;
    b.step();
    assert_eq!(receipts.iter().filter(|r| **r == Receipt::Stored).count(), 1);
    assert_eq!(receipts.iter().filter(|r| **r == Receipt::Repeat).count(), 99);
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("repeated", 99), ("pending", 1)]));
}

async fn pending_keeps_its_order_and_its_limits<B: Bench>() {
    let mut b = B::fresh();
    for i in 0..5 {
        b.s().receive(delivery(&i.to_string(), &format!("{i:010}"))).await.unwrap();
    }
    b.step();
    let ids = |p: Vec<StoredPayload>| p.into_iter().map(|p| p.id.0).collect::<Vec<_>>();
    assert_eq!(ids(b.s().pending(100, 1 << 20).await.unwrap().1), [1, 2, 3, 4, 5]);
    assert_eq!(ids(b.s().pending(2, 1 << 20).await.unwrap().1), [1, 2]);
    // About so many bytes: the one that passes the limit is the last, so that a large payload still gets through.
    assert_eq!(ids(b.s().pending(100, 11).await.unwrap().1), [1, 2]);
    let two = Recording { cursor: Some((PayloadId(0), PayloadId(2))), normalized: 2, ..recording(vec![], vec![]) };
    b.s().record(two).await.unwrap();
    b.step();
    let (cursor, rest) = b.s().pending(100, 1 << 20).await.unwrap();
    assert_eq!((cursor, ids(rest)), (PayloadId(2), vec![3, 4, 5]));
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("normalized", 2), ("pending", 3)]));
}

async fn a_recording_from_an_old_cursor_writes_nothing<B: Bench>() {
    let mut b = B::fresh();
    b.s().receive(delivery("a", "{}")).await.unwrap();
    let m = matter("gpt-demo", Kind::Deprecation);
    let r = Recording {
        cursor: Some((PayloadId(7), PayloadId(8))),
        normalized: 1,
        unrecognized: vec![(PayloadId(1), "why".into())],
        ..recording(vec![m.clone()], vec![told(&m, 1, &["search"])])
    };
    assert_eq!(b.s().record(r).await.unwrap(), RecordOutcome::Stale);
    b.step();
    assert!(events(&b.s()).await.is_empty() && alerts(&b.s()).await.is_empty());
    assert!(b.s().matters(vec![m.id]).await.unwrap().is_empty());
    assert!(b.s().unreadable(10).await.unwrap().is_empty());
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("pending", 1)]));
}

async fn a_recording_from_an_old_state_writes_nothing<B: Bench>() {
    let (mut b, before) = with_alert::<B>().await;
    b.s().receive(delivery("a", "{}")).await.unwrap();
    let stale = matter("gpt-demo", Kind::Deprecation); // version 0: it was never seen
    let fresh = matter("gpt-other", Kind::Deprecation);
    for old in [stale.clone(), MatterState { version: 7, ..stale }] {
        let r = Recording {
            cursor: Some((PayloadId(0), PayloadId(1))),
            normalized: 1,
            ..recording(
                vec![fresh.clone(), old.clone()],
                vec![told(&fresh, 2, &["search"]), told(&old, 3, &["billing"])],
            )
        };
        assert_eq!(b.s().record(r).await.unwrap(), RecordOutcome::Stale);
        b.step();
    }
    assert_eq!(events(&b.s()).await.len(), 1);
    assert_eq!(alerts(&b.s()).await, [before]);
    assert!(b.s().matters(vec![fresh.id]).await.unwrap().is_empty());
    assert_eq!(b.s().pending(10, 99).await.unwrap().0, PayloadId(0));
}

async fn a_state_comes_back_as_it_was_written_with_its_next_version<B: Bench>() {
    let mut b = B::fresh();
    let mut m = matter("gpt-demo", Kind::Deprecation);
    let claim = Claim {
        deadline: m.deadline.clone(),
        announced_on: Some(date(2026, 10, 1)),
        replacements: vec!["gpt-demo-2".into()],
        text: "a | \"b\" | ü".into(),
        url: Some("https://provider.example/".into()),
        ..Claim::new(Rank::Page, now())
    };
    m.claims.insert(SourceId::new("openai/deprecations").unwrap(), Box::new(claim));
    b.s().record(recording(vec![m.clone()], vec![])).await.unwrap();
    b.step();
    m.version = 1;
    assert_eq!(b.s().matters(vec![m.id.clone()]).await.unwrap(), [m.clone()]);
    assert_eq!(b.s().matters_of(Kind::Deprecation).await.unwrap(), [Arc::new(m.clone())]);
    assert!(b.s().matters_of(Kind::Incident).await.unwrap().is_empty());
    m.title = "another".into();
    b.s().record(recording(vec![m.clone()], vec![])).await.unwrap();
    b.step();
    m.version = 2;
    assert_eq!(b.s().matters(vec![m.id.clone()]).await.unwrap(), [m]);
}

async fn a_fingerprint_is_an_event_once_and_for_ever<B: Bench>() {
    let mut b = B::fresh();
    let m = matter("gpt-demo", Kind::Deprecation);
    let twice = vec![told(&m, 1, &["search"]), told(&m, 1, &["search"])];
    assert_eq!(
        b.s().record(recording(vec![m.clone()], twice)).await.unwrap(),
        RecordOutcome::Done { events: 1, alerts: 1 }
    );
    b.step();
    let again = recording(vec![], vec![told(&m, 1, &["billing"])]);
    assert_eq!(b.s().record(again).await.unwrap(), RecordOutcome::Done { events: 0, alerts: 0 });
    b.step();
    assert_eq!(events(&b.s()).await.len(), 1);
    assert_eq!(events(&b.s()).await[0].event, told(&m, 1, &[]).event);
    assert_eq!(ledger(&b.s(), "events").await, parts(&[("routed", 1)]));
}

async fn events_are_filtered_and_paged<B: Bench>() {
    let mut b = B::fresh();
    let (d, i) = (matter("gpt-demo", Kind::Deprecation), matter("down", Kind::Incident));
    let mut late = told(&d, 3, &[]);
    late.event.received_at = days(1);
    b.s().record(recording(vec![d.clone(), i.clone()], vec![told(&d, 1, &[]), told(&i, 2, &[]), late])).await.unwrap();
    b.step();
    let f = || EventFilter { limit: 10, ..EventFilter::default() };
    for (filter, expected) in [
        (f(), vec![3, 2, 1]),
        (EventFilter { limit: 2, ..f() }, vec![3, 2]),
        (EventFilter { kind: Some(Kind::Incident), ..f() }, vec![2]),
        (EventFilter { provider: Some("aws".into()), ..f() }, vec![]),
        (EventFilter { matter: Some(d.id.to_string()), ..f() }, vec![3, 1]),
        (EventFilter { since: Some(later(1)), ..f() }, vec![3]),
        (EventFilter { until: Some(later(1)), ..f() }, vec![2, 1]),
        (EventFilter { before: Some(3), ..f() }, vec![2, 1]),
        (EventFilter { after: Some(1), ..f() }, vec![2, 3]),
    ] {
        let found: Vec<_> = b.s().events(filter.clone()).await.unwrap().iter().map(|(e, _)| e.id.0).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn an_alert_is_opened_once_for_each_owner<B: Bench>() {
    let (mut b, first) = with_alert::<B>().await;
    assert_eq!((first.state, first.episode, first.next_due_at), (AlertState::Open, 1, Some(now())));
    assert_eq!((first.told_revision, first.services.as_slice()), (0, &["bot".to_owned()][..]));
    let m = b.s().matters(vec![first.matter.clone()]).await.unwrap().remove(0);
    let more = recording(vec![m.clone()], vec![told(&m, 2, &["search", "billing"]), told(&m, 3, &["billing"])]);
    assert_eq!(b.s().record(more).await.unwrap(), RecordOutcome::Done { events: 2, alerts: 1 });
    b.step();
    let all = alerts(&b.s()).await;
    assert_eq!(all.iter().map(|a| a.owner.as_str()).collect::<Vec<_>>(), ["billing", "search"]);
    // It was awake already and nothing else changed: not even its version did.
    assert_eq!(all[1], first);
}

async fn a_sleeping_alert_is_woken_by_news<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    b.s().plan(vec![planned(&a, Some(days(30)))], vec![], now()).await.unwrap();
    b.step();
    assert!(b.s().due_alerts(days(29), 10).await.unwrap().is_empty());
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    let r = Recording { now: days(1), ..recording(vec![m.clone()], vec![told(&m, 2, &["search"])]) };
    assert_eq!(b.s().record(r).await.unwrap(), RecordOutcome::Done { events: 1, alerts: 1 });
    b.step();
    let due = b.s().due_alerts(days(1), 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.alert.id).collect::<Vec<_>>(), [a.id]);
    assert!(b.s().due_alerts(days(1), 0).await.unwrap().is_empty());
}

async fn what_comes_back_is_a_new_episode<B: Bench>() {
    let mut b = B::fresh();
    let m = matter("down", Kind::Incident);
    b.s().record(recording(vec![m.clone()], vec![told(&m, 1, &["search"])])).await.unwrap();
    b.step();
    let a = alerts(&b.s()).await.remove(0);
    b.s().plan(vec![planned(&a, None)], vec![notification("k1", &a, "opened")], now()).await.unwrap();
    let a = alerts(&b.s()).await.remove(0);
    assert_eq!(b.s().act(acked(&a, "mei")).await.unwrap(), ActOutcome::Done);
    let a = alerts(&b.s()).await.remove(0);
    b.s().plan(vec![Planned { close: true, ..planned(&a, None) }], vec![], now()).await.unwrap();
    b.step();
    let a = alerts(&b.s()).await.remove(0);
    assert_eq!((a.state, a.next_due_at), (AlertState::Resolved, None));
    let m = b.s().matters(vec![m.id]).await.unwrap().remove(0);
    let back = Recording { now: days(1), ..recording(vec![m.clone()], vec![told(&m, 2, &["search"])]) };
    assert_eq!(b.s().record(back).await.unwrap(), RecordOutcome::Done { events: 1, alerts: 1 });
    b.step();
    let due = b.s().due_alerts(days(1), 10).await.unwrap().remove(0);
    assert_eq!((due.alert.state, due.alert.episode, due.alert.id), (AlertState::Open, 2, a.id));
    assert_eq!((due.alert.ack, due.alert.told_revision, due.alert.opened_at), (None, 0, days(1)));
    assert!(due.told.is_empty(), "what was told in the first episode does not count in the second");
}

async fn the_end_of_a_matter_wakes_every_open_alert_on_it<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    b.s().plan(vec![planned(&a, Some(days(30)))], vec![], now()).await.unwrap();
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    let over = MatterState { stage: Stage::Withdrawn, ..m };
    // Routed to somebody else by now: the one who was told before hears of the end, the other need not begin.
    let r = recording(vec![over.clone()], vec![told(&over, 2, &["billing"])]);
    assert_eq!(b.s().record(r).await.unwrap(), RecordOutcome::Done { events: 1, alerts: 1 });
    b.step();
    let due = b.s().due_alerts(now(), 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.alert.owner.as_str()).collect::<Vec<_>>(), ["search"]);
    assert_eq!(alerts(&b.s()).await.len(), 1);
}

async fn a_plan_made_on_an_old_alert_is_refused_whole<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let other = matter("gpt-other", Kind::Deprecation);
    b.s().record(recording(vec![other.clone()], vec![told(&other, 2, &["search"])])).await.unwrap();
    let fresh = alerts(&b.s()).await.remove(0);
    assert_eq!(b.s().act(acked(&a, "mei")).await.unwrap(), ActOutcome::Done);
    b.step();
    let plan = vec![planned(&fresh, None), planned(&a, None)];
    let out =
        b.s().plan(plan, vec![notification("k", &fresh, "7d"), notification("l", &a, "7d")], now()).await.unwrap();
    b.step();
    assert_eq!(out, PlanOutcome::Stale);
    assert!(b.s().channels_due(days(999)).await.unwrap().is_empty());
    assert!(alerts(&b.s()).await.contains(&fresh));
    assert!(ledger(&b.s(), "obligations").await.is_empty());
}

async fn an_obligation_is_planned_once_whatever_its_notification<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    for (key, step, expected) in [("k1", "7d", 1), ("k1", "7d", 1), ("k2", "7d", 1), ("k3", "3d", 2)] {
        let a = Alert { version: alerts(&b.s()).await[0].version, ..a.clone() };
        let out = b.s().plan(vec![planned(&a, Some(now()))], vec![notification(key, &a, step)], now()).await.unwrap();
        b.step();
        assert_eq!(out, PlanOutcome::Done);
        assert_eq!(ledger(&b.s(), "obligations").await, parts(&[("pending", expected)]), "{key} {step}");
    }
    let told = b.s().due_alerts(now(), 1).await.unwrap().remove(0).told;
    assert_eq!(told.iter().map(|t| t.step.0.as_str()).collect::<Vec<_>>().len(), 2);
}

async fn a_claim_is_one_message_and_its_attempt_is_written_first<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let two = vec![notification("k1", &a, "7d"), notification("k2", &a, "3d")];
    b.s().plan(vec![planned(&a, None)], two, now()).await.unwrap();
    b.step();
    assert_eq!(b.s().channels_due(now()).await.unwrap(), ["slack"]);
    assert!(b.s().claim("email".into(), now()).await.unwrap().is_none());
    assert!(b.s().claim("slack".into(), later(-1)).await.unwrap().is_none(), "not due yet");
    let first = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    assert_eq!((first.key.as_str(), first.attempts, first.rows.len()), ("k1", 1, 1));
    assert_eq!((first.rows[0].matter.id.as_str(), first.rows[0].reason), ("openai:gpt-demo", Reason::Reminder));
    b.step();
    // Its outcome was never heard: the next attempt is the second, with the same key.
    let again = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    assert_eq!((again.key.as_str(), again.attempts), ("k1", 2));
    b.s().settle(again.id, Settlement::Delivered { thread: None, post: None }, now()).await.unwrap();
    b.step();
    assert_eq!(b.s().claim("slack".into(), now()).await.unwrap().unwrap().key, "k2");
}

async fn notifications_are_listed_with_their_alerts_and_the_oldest_that_waits<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let changes = b.s().changes();
    let two = vec![notification("k1", &a, "7d"), notification("k2", &a, "3d")];
    b.s().plan(vec![planned(&a, None)], two, now()).await.unwrap();
    assert!(b.s().changes() > changes, "what was read before may have changed");
    assert!(b.s().flush_times().unwrap().count > 0);
    b.step();
    assert_eq!(b.s().undelivered().await.unwrap(), (2, Some(now())));
    let first = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    b.s().settle(first.id, Settlement::Delivered { thread: None, post: None }, later(5)).await.unwrap();
    b.step();
    assert_eq!(b.s().undelivered().await.unwrap(), (1, Some(now())));
    let f = || NotificationFilter { limit: 10, ..NotificationFilter::default() };
    let all = b.s().notifications(f()).await.unwrap();
    let seen: Vec<_> = all.iter().map(|n| (n.id.0, n.state.as_str(), n.attempts, n.alerts.clone())).collect();
    assert_eq!(seen, [(2, "pending", 0, vec![a.id]), (1, "delivered", 1, vec![a.id])]);
    assert_eq!((all[1].settled_at, all[1].created_at), (Some(later(5)), now()));
    for (filter, expected) in [
        (NotificationFilter { state: Some("pending".into()), ..f() }, vec![2]),
        (NotificationFilter { id: Some(first.id), ..f() }, vec![1]),
        (NotificationFilter { before: Some(2), ..f() }, vec![1]),
        (NotificationFilter { limit: 1, ..f() }, vec![2]),
    ] {
        let found: Vec<_> = b.s().notifications(filter.clone()).await.unwrap().iter().map(|n| n.id.0).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
}

async fn every_way_to_settle_keeps_the_ledger<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let four = ["90d", "60d", "30d", "14d"].map(|s| notification(s, &a, s)).to_vec();
    b.s().plan(vec![planned(&a, None)], four, now()).await.unwrap();
    b.step();
    assert_eq!(ledger(&b.s(), "obligations").await, parts(&[("pending", 4)]));
    let reason = || "no".to_owned();
    for (how, expected) in [
        (Settlement::Delivered { thread: Some("t".into()), post: None }, parts(&[("delivered", 1), ("pending", 3)])),
        (Settlement::Superseded, parts(&[("delivered", 1), ("superseded", 1), ("pending", 2)])),
        (
            Settlement::Dead { reason: reason() },
            parts(&[("delivered", 1), ("superseded", 1), ("dead", 1), ("pending", 1)]),
        ),
        (
            Settlement::Retry { at: later(60), reason: reason() },
            parts(&[("delivered", 1), ("superseded", 1), ("dead", 1), ("pending", 1)]),
        ),
    ] {
        let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
        b.s().settle(c.id, how.clone(), now()).await.unwrap();
        b.step();
        assert_eq!(ledger(&b.s(), "obligations").await, expected, "{how:?}");
    }
    assert!(b.s().claim("slack".into(), later(59)).await.unwrap().is_none(), "a retry waits for its moment");
    assert_eq!(b.s().claim("slack".into(), later(60)).await.unwrap().unwrap().attempts, 2);
    let dead = b.s().dead_letters(10).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str(), dead[0].contact.0.as_str()), (1, "no", "search/slack"));
    b.s().dead_letters_told(vec![dead[0].id]).await.unwrap();
    b.step();
    assert!(b.s().dead_letters(10).await.unwrap().is_empty());
    assert_eq!(b.s().dead(10).await.unwrap(), dead);
}

async fn a_dead_letter_is_sent_once_more_when_a_person_says_so<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    b.s().plan(vec![planned(&a, None)], vec![notification("k", &a, "7d")], now()).await.unwrap();
    let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    assert!(!b.s().revive(c.id, "mei".into(), now()).await.unwrap(), "it is under way");
    b.s().settle(c.id, Settlement::Dead { reason: "no".into() }, now()).await.unwrap();
    b.step();
    assert!(b.s().revive(c.id, "mei".into(), later(60)).await.unwrap());
    b.step();
    assert_eq!(ledger(&b.s(), "obligations").await, parts(&[("pending", 1)]));
    assert!(b.s().dead(10).await.unwrap().is_empty());
    let again = b.s().claim("slack".into(), later(60)).await.unwrap().unwrap();
    assert_eq!((again.id, again.key.as_str(), again.attempts), (c.id, "k", 1), "the same message with the same key");
    b.s().settle(again.id, Settlement::Delivered { thread: None, post: None }, later(60)).await.unwrap();
    b.step();
    assert_eq!(ledger(&b.s(), "obligations").await, parts(&[("delivered", 1)]));
    let of = AuditFilter { subject: Some(format!("#{}", c.id)), limit: 9, ..AuditFilter::default() };
    let audit = b.s().audit(of).await.unwrap();
    assert!(audit.iter().any(|r| (r.who.as_str(), r.what.as_str()) == ("mei", "notification.retried")), "{audit:?}");
}

async fn what_is_looked_at_by_date_comes_in_order_and_goes_on_where_it_stopped<B: Bench>() {
    let mut b = B::fresh();
    let dated = |id: &str, on: Option<jiff::civil::Date>| MatterState {
        deadline: on.map(|d| Deadline::day(d, "x")),
        ..matter(id, Kind::Deprecation)
    };
    let other = MatterState { provider: ProviderId::new("acme").unwrap(), ..dated("d", Some(date(2027, 1, 2))) };
    let all = [
        dated("b", Some(date(2027, 1, 2))),
        dated("a", Some(date(2027, 1, 2))),
        dated("c", Some(date(2027, 1, 1))),
        dated("z", None),
        dated("y", None),
        other,
        matter("i", Kind::Incident),
        MatterState { stage: Stage::Resolved, ..matter("j", Kind::Incident) },
    ];
    let events = all.iter().zip(1..).map(|(m, n)| told(m, n, &["search"])).collect();
    b.s().record(recording(all.to_vec(), events)).await.unwrap();
    b.step();
    let names = |found: Vec<Arc<MatterState>>| found.iter().map(|m| m.title.clone()).collect::<Vec<_>>().join(" ");
    let filter = |limit, after: Option<(jiff::civil::Date, &str)>| DatedFilter {
        from: date(2027, 1, 1),
        until: date(2027, 1, 2),
        provider: None,
        after: after.map(|(d, id)| (d, MatterId::new(id).unwrap())),
        limit,
    };
    assert_eq!(names(b.s().dated(filter(9, None)).await.unwrap()), "c a b d");
    assert_eq!(names(b.s().dated(filter(2, None)).await.unwrap()), "c a");
    assert_eq!(names(b.s().dated(filter(9, Some((date(2027, 1, 2), "openai:a")))).await.unwrap()), "b d");
    let acme = DatedFilter { provider: Some("acme".into()), ..filter(9, None) };
    assert_eq!(names(b.s().dated(acme).await.unwrap()), "d");
    let late = DatedFilter { from: date(2027, 1, 3), until: date(2027, 1, 9), ..filter(9, None) };
    assert!(b.s().dated(late).await.unwrap().is_empty());
    assert_eq!(names(b.s().without_date(None, 9).await.unwrap()), "y z");
    let after = Some(MatterId::new("openai:y").unwrap());
    assert_eq!(names(b.s().without_date(after, 9).await.unwrap()), "z");
    assert_eq!(names(b.s().open(Kind::Incident, 9).await.unwrap()), "i");
    let Unanswered { counts, first } = b.s().unanswered(2).await.unwrap();
    assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 7);
    for (owner, n) in &counts {
        let of: Vec<bool> =
            first.iter().filter(|(a, _)| a.owner == *owner).map(|(_, m)| m.deadline.is_some()).collect();
        assert!(of.is_sorted(), "what goes on stands before what ends");
        let (dated, others) = (of.iter().filter(|d| **d).count(), of.iter().filter(|d| !**d).count());
        assert!(dated <= 2 && others <= 2 && (dated + others) as u64 <= *n, "{owner}: {dated} and {others} of {n}");
    }
    let dates: Vec<_> = first.iter().filter_map(|(_, m)| m.deadline.as_ref().map(|d| d.date)).collect();
    assert!(!dates.is_empty() && dates[0] == date(2027, 1, 1), "of what ends, the soonest: {dates:?}");
    let on = b.s().alerts_on(vec![all[0].id.clone(), all[3].id.clone()]).await.unwrap();
    assert_eq!(on.iter().map(|a| a.matter.as_str()).collect::<Vec<_>>(), ["openai:b", "openai:z"]);
}

async fn what_is_looked_at_again_and_again_is_what_was_written_last<B: Bench>() {
    let mut b = B::fresh();
    let day = date(2027, 1, 1);
    let window = || DatedFilter { from: day, until: day, provider: None, after: None, limit: 9 };
    let mut m = MatterState { deadline: Some(Deadline::day(day, "x")), ..matter("a", Kind::Deprecation) };
    for n in 0..4 {
        m.title = format!("version {n}");
        b.s().record(recording(vec![m.clone()], vec![told(&m, n, &["search"])])).await.unwrap();
        m.version += 1;
        b.step();
        for _ in 0..2 {
            let expected = [Arc::new(m.clone())];
            assert_eq!(b.s().dated(window()).await.unwrap(), expected);
            assert_eq!(b.s().matters_of(Kind::Deprecation).await.unwrap(), expected);
            assert_eq!(b.s().due_alerts(days(1), 9).await.unwrap()[0].matter, expected[0]);
            assert_eq!(b.s().unanswered(9).await.unwrap().first[0].1, expected[0]);
        }
    }
}

async fn open_points_of_deprecations_are_found_and_closed<B: Bench>() {
    let mut b = B::fresh();
    let source = SourceId::new("openai/deprecations").unwrap();
    let with = |id: &str, on: Option<jiff::civil::Date>, claim: Claim| MatterState {
        deadline: on.map(|d| Deadline::day(d, "x")),
        claims: BTreeMap::from([(source.clone(), Box::new(claim))]),
        ..matter(id, Kind::Deprecation)
    };
    let plain = || Claim::new(Rank::Page, now());
    let once = Pending {
        deadline: Deadline::day(date(2027, 2, 1), "y"),
        replacements: vec![],
        text: "y".into(),
        since: now(),
    };
    let (today, later) = (date(2026, 11, 23), date(2026, 12, 24));
    let all = [
        with("plain", Some(today), plain()),
        with("once", Some(later), Claim { pending: Some(once), ..plain() }),
        with("ended", Some(today), Claim { ended: true, ..plain() }),
        with("ends", Some(later), Claim { ended: true, ..plain() }),
        with("unread", None, Claim { review: Some("no date".into()), ..plain() }),
        with("read", Some(later), Claim { review: Some("no id".into()), ..plain() }),
    ];
    b.s().record(recording(all.to_vec(), vec![])).await.unwrap();
    b.step();
    let ids = |found: Vec<Arc<MatterState>>| found.iter().map(|m| m.id.to_string()).collect::<Vec<_>>().join(" ");
    assert_eq!(ids(b.s().unconfirmed(today).await.unwrap()), "openai:ended openai:once");
    assert_eq!(ids(b.s().unconfirmed(later).await.unwrap()), "openai:ended openai:ends openai:once");
    assert_eq!(ids(b.s().undated().await.unwrap()), "openai:unread");
    assert!(b.s().configured().await.unwrap().is_empty());
    let config = SourceId::new("forewarn/config").unwrap();
    let own = MatterState {
        claims: BTreeMap::from([(config, Box::new(Claim::new(Rank::Pinned, now())))]),
        ..matter("own", Kind::Deprecation)
    };
    b.s().record(recording(vec![own], vec![])).await.unwrap();
    b.step();
    assert_eq!(ids(b.s().configured().await.unwrap()), "openai:own");
    let closed = all.map(|m| MatterState { version: 1, claims: BTreeMap::new(), ..m });
    b.s().record(recording(closed.to_vec(), vec![])).await.unwrap();
    b.step();
    assert!(b.s().unconfirmed(later).await.unwrap().is_empty() && b.s().undated().await.unwrap().is_empty());
}

async fn a_thing_is_found_wherever_it_ends<B: Bench>() {
    let mut b = B::fresh();
    let at = |id: &str, region: &str| {
        let m = matter(id, Kind::Deprecation);
        let subject = Subject { id: "demo".into(), region: Some(region.into()), ..m.subjects[0].clone() };
        MatterState { subjects: vec![subject], ..m }
    };
    let (here, there) = (at("demo~eu", "eu"), at("demo~us", "us"));
    let incident = MatterState { subjects: here.subjects.clone(), ..matter("broken", Kind::Incident) };
    let all = vec![there.clone(), here.clone(), matter("other", Kind::Deprecation), incident];
    b.s().record(recording(all, vec![])).await.unwrap();
    b.step();
    let of = b.s().of_subject(here.subjects[0].clone()).await.unwrap();
    assert_eq!(of, [here.id.clone(), there.id.clone()]);
    let none = Subject { id: "demo-2".into(), ..here.subjects[0].clone() };
    assert!(b.s().of_subject(none).await.unwrap().is_empty());
}

async fn days_of_a_source_are_counted_and_what_an_event_was_read_from_is_found<B: Bench>() {
    let mut b = B::fresh();
    let id = SourceId::new("openai/deprecations").unwrap();
    let row = |at, ok: bool, rows| SourceRow {
        last_try_at: Some(at),
        last_ok_at: ok.then_some(at),
        rows,
        ..SourceRow::new(id.clone(), at)
    };
    for (at, ok, rows) in [(now(), true, 60), (later(60), true, 40), (later(120), false, 40), (days(1), false, 40)] {
        b.s().fetched(row(at, ok, rows), None).await.unwrap();
    }
    b.step();
    let found = b.s().source_days(Some(id.clone()), date(2026, 11, 1)).await.unwrap();
    let seen: Vec<_> = found.iter().map(|d| (d.day, d.read, d.failed, d.fewest, d.most)).collect();
    assert_eq!(seen, [(date(2026, 11, 23), 2, 1, Some(40), Some(60)), (date(2026, 11, 24), 0, 1, None, None)]);
    assert!(b.s().source_days(None, date(2026, 12, 1)).await.unwrap().is_empty());
    b.s().receive(delivery("a", "{}")).await.unwrap();
    let payload = b.s().pending(1, 1).await.unwrap().1.remove(0).id;
    let m = matter("gpt-demo", Kind::Deprecation);
    let with = RoutedEvent { payload: Some(payload), ..told(&m, 1, &[]) };
    b.s().record(recording(vec![m.clone()], vec![with, told(&m, 2, &[])])).await.unwrap();
    b.step();
    let all = events(&b.s()).await;
    let of = |print: u64| all.iter().find(|e| e.event.fingerprint == format!("{print:032x}")).unwrap().id;
    assert_eq!(b.s().payload_of(of(1)).await.unwrap().unwrap().body, b"{}");
    assert!(b.s().payload_of(of(2)).await.unwrap().is_none());
}

async fn a_digest_is_queued_once_with_the_time_of_the_next_and_covers_nothing<B: Bench>() {
    let mut b = B::fresh();
    let contact = Contact {
        id: ContactId("search/slack".into()),
        owner: "search".into(),
        channel: "slack".into(),
        address: "#search".into(),
    };
    let time = |next| DigestTime {
        owner: "search".into(),
        schedule: "0 9 * * mon UTC".into(),
        next_at: later(next),
        since: now(),
    };
    let plan = |next| {
        let of = DigestOf { owner: "search".into(), since: now() };
        let digests = vec![NewDigest { key: "d1".into(), contact: contact.clone(), of }];
        DigestPlan { times: vec![time(next)], gone: vec![], digests }
    };
    for next in [100, 200] {
        b.s().plan_digests(plan(next), now()).await.unwrap();
        b.step();
        assert_eq!(b.s().digest_times().await.unwrap(), [time(next)]);
    }
    let listed = b.s().notifications(NotificationFilter { limit: 9, ..NotificationFilter::default() }).await.unwrap();
    assert_eq!(listed.len(), 1, "one key is one digest: {listed:?}");
    assert_eq!((listed[0].digest.as_deref(), listed[0].alerts.len()), (Some("search"), 0));
    let claimed = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    assert_eq!((claimed.digest.unwrap().since, claimed.rows.len(), claimed.thread), (now(), 0, None));
    let how = Settlement::Delivered { thread: Some("1.2".into()), post: None };
    b.s().settle(claimed.id, how, later(1)).await.unwrap();
    b.step();
    assert!(b.s().ledger().await.unwrap().lines.iter().all(LedgerLine::adds_up));
    let contacts = b.s().contacts().await.unwrap();
    assert_eq!(
        (contacts[0].first_at, contacts[0].delivered_at),
        (None, Some(later(1))),
        "nobody was asked for anything"
    );
    let gone = DigestPlan { gone: vec!["search".into()], ..DigestPlan::default() };
    b.s().plan_digests(gone, now()).await.unwrap();
    b.step();
    assert_eq!(b.s().digest_times().await.unwrap(), []);
}

async fn what_was_superseded_was_told_to_nobody<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    b.s().plan(vec![planned(&a, Some(now()))], vec![notification("k", &a, "7d")], now()).await.unwrap();
    assert_eq!(b.s().due_alerts(now(), 1).await.unwrap()[0].told.len(), 1);
    let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    b.s().settle(c.id, Settlement::Superseded, now()).await.unwrap();
    b.step();
    assert!(b.s().due_alerts(now(), 1).await.unwrap()[0].told.is_empty());
}

async fn a_conversation_goes_on_in_its_first_thread<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let all = ["90d", "60d", "30d"].map(|s| notification(s, &a, s)).to_vec();
    b.s().plan(vec![planned(&a, None)], all, now()).await.unwrap();
    for (before, after) in [(None, "t1"), (Some("t1"), "t2"), (Some("t1"), "t3")] {
        let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
        assert_eq!(c.thread.as_deref(), before);
        b.s().settle(c.id, Settlement::Delivered { thread: Some(after.into()), post: None }, now()).await.unwrap();
        b.step();
    }
}

async fn what_stands_at_a_channel_is_found_again_and_looked_at_in_time<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let three = ["90d", "60d", "30d"].map(|s| notification(s, &a, s)).to_vec();
    b.s().plan(vec![planned(&a, None)], three, now()).await.unwrap();
    let contact = ContactId("search/slack".into());
    let post = |place: &str, next_at| Some(Post { place: place.into(), next_at });
    for (before, after) in [(None, post("p1", Some(later(60)))), (Some("p1"), None), (Some("p1"), post("p2", None))] {
        let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
        assert_eq!((c.place.as_deref(), c.beside.len()), (before, 0));
        assert!(b.s().posts_due(later(59), 9).await.unwrap().is_empty(), "not before its moment");
        b.s().settle(c.id, Settlement::Delivered { thread: None, post: after.clone() }, now()).await.unwrap();
        b.step();
        let due = b.s().posts_due(later(60), 9).await.unwrap();
        let seen: Vec<_> = due.iter().map(|p| (p.alert.id, p.contact.clone(), p.place.as_str())).collect();
        match after {
            Some(Post { next_at: None, .. }) => assert_eq!(seen, []),
            _ => assert_eq!(seen, [(a.id, contact.clone(), "p1")]),
        }
    }
    b.s().post_seen(a.id, contact, Some(later(5))).await.unwrap();
    b.step();
    assert_eq!(b.s().posts_due(later(5), 9).await.unwrap()[0].place, "p2");
}

async fn who_is_not_there_is_known_until_something_arrives<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let three = ["90d", "60d", "30d"].map(|s| notification(s, &a, s)).to_vec();
    b.s().plan(vec![planned(&a, None)], three, now()).await.unwrap();
    let gone = || Settlement::Unreachable { reason: "is_archived".into() };
    let there = Settlement::Delivered { thread: None, post: None };
    for (how, expected) in [(Settlement::Dead { reason: "too long".into() }, 0), (gone(), 1), (there, 0)] {
        let c = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
        b.s().settle(c.id, how.clone(), later(1)).await.unwrap();
        b.step();
        let found = b.s().unreached().await.unwrap();
        assert_eq!(found.len(), expected, "{how:?}");
        assert!(found.iter().all(|u| u.reason == "is_archived" && u.contact.0 == "search/slack"), "{found:?}");
    }
    assert_eq!(b.s().dead(9).await.unwrap().len(), 2, "both are dead letters");
}

async fn an_act_is_durable_whole_and_only_on_what_it_was_decided_on<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let note = notification("note", &a, "acted-1");
    let once = Acting { notes: vec![note], ..acked(&a, "mei") };
    assert_eq!(b.s().act(once.clone()).await.unwrap(), ActOutcome::Done);
    b.step();
    let answered = alerts(&b.s()).await.remove(0);
    assert_eq!(Alert { version: a.version, ..answered.clone() }, once.alerts[0]);
    assert_eq!((answered.state, answered.version), (AlertState::Acknowledged, a.version + 1));
    assert_eq!(b.s().due_alerts(now(), 9).await.unwrap().len(), 1, "an answer is looked at");
    assert_eq!(ledger(&b.s(), "obligations").await, parts(&[("pending", 1)]));
    let audit = ledger(&b.s(), "obligations").await;
    // The same act on the same version again, or with another alert that has changed: nothing of it is written.
    let fresh = Alert { why: "changed".into(), ..answered.clone() };
    let stale = Acting { alerts: vec![fresh, a.clone()], ..acked(&a, "eve") };
    assert_eq!(b.s().act(once).await.unwrap(), ActOutcome::Stale);
    assert_eq!(b.s().act(stale).await.unwrap(), ActOutcome::Stale);
    b.step();
    assert_eq!(alerts(&b.s()).await, [answered]);
    assert_eq!(ledger(&b.s(), "obligations").await, audit);
}

async fn what_a_person_resolved_is_not_opened_by_news_and_is_by_a_new_beginning<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let resolution =
        Resolution { by: "mei".into(), at: now(), reason: ResolveReason::Migrated, note: None, duplicate_of: None };
    let settled = Alert { state: AlertState::Resolved, resolution: Some(resolution), next_due_at: None, ..a.clone() };
    b.s().act(acting(settled, "mei")).await.unwrap();
    b.step();
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    let mut news = told(&m, 2, &["search"]);
    news.event.change = Some(Change::Moved);
    b.s().record(recording(vec![m], vec![news])).await.unwrap();
    b.step();
    assert_eq!(alerts(&b.s()).await[0].state, AlertState::Resolved);
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    let mut back = told(&m, 3, &["search"]);
    back.event.change = Some(Change::Announced);
    b.s().record(recording(vec![m], vec![back])).await.unwrap();
    b.step();
    let again = alerts(&b.s()).await.remove(0);
    assert_eq!((again.state, again.episode, again.resolution), (AlertState::Open, 2, None));
    let migrated = AlertFilter { migrated: true, limit: 9, ..AlertFilter::default() };
    assert!(b.s().alerts(migrated).await.unwrap().is_empty());
}

async fn an_alert_given_away_gets_what_routing_gives_to_its_first_owner<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let given = Alert { owner: "platform".into(), hands: 1, ..a.clone() };
    let act = Acting { handed: Some((a.owner.clone(), a.id)), ..acting(given, "mei") };
    assert_eq!(b.s().act(act).await.unwrap(), ActOutcome::Done);
    b.step();
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    b.s().record(recording(vec![m.clone()], vec![told(&m, 2, &["search"])])).await.unwrap();
    b.step();
    let all = alerts(&b.s()).await;
    assert_eq!(all.iter().map(|x| (x.id, x.owner.as_str())).collect::<Vec<_>>(), [(a.id, "platform")]);
    // A second owner who has an alert of their own on the matter cannot get this one too.
    let m = b.s().matters(vec![a.matter.clone()]).await.unwrap().remove(0);
    b.s().record(recording(vec![m.clone()], vec![told(&m, 3, &["billing"])])).await.unwrap();
    let twice = Alert { owner: "billing".into(), ..alerts(&b.s()).await.into_iter().find(|x| x.id == a.id).unwrap() };
    assert_eq!(b.s().act(acting(twice, "mei")).await.unwrap(), ActOutcome::Stale);
}

async fn conversations_are_merged_and_handed_on<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let other = matter("gpt-other", Kind::Deprecation);
    b.s().record(recording(vec![other.clone()], vec![told(&other, 2, &["search"])])).await.unwrap();
    let thread = Thread::Merged { from: other.id.clone(), into: a.matter.clone() };
    b.s().plan(vec![planned(&a, Some(now()))], vec![notification("k1", &a, "opened")], now()).await.unwrap();
    let sent = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    b.s().settle(sent.id, Settlement::Delivered { thread: Some("t1".into()), post: None }, now()).await.unwrap();
    b.step();
    let dup = alerts(&b.s()).await.into_iter().find(|x| x.matter == other.id).unwrap();
    b.s().act(Acting { threads: vec![thread], ..acting(dup, "mei") }).await.unwrap();
    b.step();
    let dup = alerts(&b.s()).await.into_iter().find(|x| x.matter == other.id).unwrap();
    b.s().plan(vec![planned(&dup, Some(now()))], vec![notification("k2", &dup, "opened")], now()).await.unwrap();
    let sent = b.s().claim("slack".into(), now()).await.unwrap().unwrap();
    assert_eq!((sent.key.as_str(), sent.thread.as_deref()), ("k2", Some("t1")));
}

async fn a_silence_is_stored_ends_once_and_wakes_what_waited_for_its_end<B: Bench>() {
    let (mut b, a) = with_alert::<B>().await;
    let silence = Silence {
        id: 0,
        matcher: Matcher { provider: Some("openai".into()), ..Matcher::default() },
        until: days(9),
        remind: "operators".into(),
        by: "mei".into(),
        note: "freeze".into(),
        created_at: now(),
        reminded_at: None,
        ended_at: None,
    };
    let id = b.s().silence(silence.clone()).await.unwrap();
    b.step();
    assert_eq!(b.s().silences(false).await.unwrap(), [Silence { id, ..silence }]);
    b.s().silence_reminded(id, days(8)).await.unwrap();
    b.s().plan(vec![planned(&a, Some(days(9)))], vec![], now()).await.unwrap();
    assert!(b.s().due_alerts(days(8), 9).await.unwrap().is_empty());
    assert!(b.s().end_silence(id, "mei".into(), days(8)).await.unwrap());
    b.step();
    assert!(!b.s().end_silence(id, "mei".into(), days(8)).await.unwrap());
    assert_eq!(b.s().due_alerts(days(8), 9).await.unwrap().len(), 1);
    assert!(b.s().silences(false).await.unwrap().is_empty());
    let kept = b.s().silences(true).await.unwrap().remove(0);
    assert_eq!((kept.reminded_at, kept.ended_at), (Some(days(8)), Some(days(8))));
}

async fn what_was_unrecognized_and_is_read_later_is_counted_once<B: Bench>() {
    let mut b = B::fresh();
    for id in ["a", "b"] {
        b.s().receive(delivery(id, id)).await.unwrap();
    }
    let r = Recording {
        cursor: Some((PayloadId(0), PayloadId(2))),
        unrecognized: vec![(PayloadId(1), "not JSON".into()), (PayloadId(2), "not JSON".into())],
        ..recording(vec![], vec![])
    };
    b.s().record(r).await.unwrap();
    b.step();
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("unrecognized", 2)]));
    let listed = b.s().unrecognized(PayloadId(1), 10).await.unwrap();
    assert_eq!(listed.iter().map(|(p, why)| (p.id.0, why.as_str())).collect::<Vec<_>>(), [(2, "not JSON")]);
    assert_eq!(b.s().unreadable(1).await.unwrap()[0].payload, PayloadId(2));
    for _ in 0..2 {
        let r = Recording { recognized: vec![PayloadId(1)], ..recording(vec![], vec![]) };
        b.s().record(r).await.unwrap();
        b.step();
        assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("normalized", 1), ("unrecognized", 1)]));
    }
}

async fn a_source_and_the_body_it_brought_are_kept_together<B: Bench>() {
    let mut b = B::fresh();
    let id = SourceId::new("openai/deprecations").unwrap();
    assert!(b.s().source(id.clone()).await.unwrap().is_none());
    let row = SourceRow {
        etag: Some("\"1\"".into()),
        body_hash: Some([7; 16]),
        last_ok_at: Some(now()),
        health: SourceHealth::Fresh,
        problem: None,
        rows: 60,
        ..SourceRow::new(id.clone(), later(60))
    };
    let body =
        Fetched { connection: None, body: Bytes::from_static(b"# page"), at: now(), baseline: true, problem: None };
    b.s().fetched(row.clone(), Some(body)).await.unwrap();
    b.step();
    assert_eq!(b.s().source(id).await.unwrap(), Some(row.clone()));
    let row = SourceRow { failures: 2, health: SourceHealth::Stale, problem: Some("500".into()), ..row };
    b.s().fetched(row.clone(), None).await.unwrap();
    b.step();
    assert_eq!(b.s().sources().await.unwrap(), [row]);
    let (_, pending) = b.s().pending(10, 1 << 20).await.unwrap();
    assert_eq!((pending.len(), pending[0].trust, pending[0].baseline), (1, Trust::Fetched, true));
    assert_eq!(ledger(&b.s(), "payloads").await, parts(&[("pending", 1)]));
}

async fn a_list_of_models_is_remembered_as_it_was_kept<B: Bench>() {
    let mut b = B::fresh();
    let id = SourceId::new("openai/models").unwrap();
    assert_eq!(b.s().listed(id.clone()).await.unwrap(), None);
    let gone = Listed { missing: 3, since: Some(now()), gone: true, undated: None };
    let mut list = ModelList([("gpt-a".to_owned(), Listed::default()), ("gpt-b".to_owned(), gone)].into());
    b.s().keep_list(id.clone(), list.clone()).await.unwrap();
    b.step();
    assert_eq!(b.s().listed(id.clone()).await.unwrap(), Some(list.clone()));
    list.0.remove("gpt-b");
    b.s().keep_list(id.clone(), list.clone()).await.unwrap();
    b.step();
    assert_eq!(b.s().listed(id).await.unwrap(), Some(list));
    assert_eq!(b.s().listed(SourceId::new("groq/models").unwrap()).await.unwrap(), None);
}

async fn a_connection_is_known_by_its_words_and_its_longest_pause<B: Bench>() {
    let mut b = B::fresh();
    let id = |s: &str| ConnectionId::new(s).unwrap();
    b.s().expect(vec![id("openai/main"), id("github/main")], now()).await.unwrap();
    b.step();
    for (name, at) in [("a", 60), ("b", 90), ("b", 690), ("c", 700)] {
        let d = Delivery { received_at: later(at), ..delivery(name, name) };
        b.s().receive(d).await.unwrap();
        b.step();
    }
    b.s().expect(vec![id("openai/main")], later(9_999)).await.unwrap();
    let rows = b.s().connections().await.unwrap();
    let row = |name: &str, last_at, deliveries, longest_gap_ms| ConnectionRow {
        connection: id(name),
        since: now(),
        last_at,
        deliveries,
        longest_gap_ms,
    };
    assert_eq!(rows, [row("github/main", None, 0, 0), row("openai/main", Some(later(700)), 4, 600_000)]);
}

async fn pruning_keeps_what_is_pending_or_unrecognized_and_counts_jobs<B: Bench>() {
    let mut b = B::fresh();
    for id in ["read", "unreadable", "pending"] {
        b.s().receive(delivery(id, id)).await.unwrap();
    }
    let m = matter("gpt-demo", Kind::Deprecation);
    let r = Recording {
        cursor: Some((PayloadId(0), PayloadId(2))),
        normalized: 1,
        unrecognized: vec![(PayloadId(2), "not JSON".into())],
        ..recording(
            vec![m.clone()],
            vec![told(&m, 1, &["search"]), job(2, PayloadId(1), now()), job(3, PayloadId(1), days(400))],
        )
    };
    b.s().record(r).await.unwrap();
    b.step();
    let (before, jobs) = (ledger(&b.s(), "payloads").await, |n, m| {
        parts(&[("routed", 1), ("suppressed: quiet_kind", n), ("suppressed: quiet_kind, counted only", m)])
    });
    assert_eq!(b.s().prune(later(60)).await.unwrap(), 0, "nothing is old yet");
    assert_eq!(b.s().receive(delivery("read", "read")).await.unwrap(), Receipt::Repeat);
    while b.s().prune(days(400)).await.unwrap() > 0 {
        b.step();
    }
    let ids = events(&b.s()).await.into_iter().map(|e| e.id.0).collect::<Vec<_>>();
    assert_eq!(ids, [3, 1], "the old job is gone, the new one and what is no job stay");
    assert_eq!(ledger(&b.s(), "events").await, jobs(1, 1));
    let mut after = ledger(&b.s(), "payloads").await;
    assert_eq!(after.remove("repeated"), Some(1));
    assert_eq!(after, before);
    assert_eq!(b.s().unrecognized(PayloadId(0), 10).await.unwrap().len(), 1);
    assert_eq!(b.s().pending(10, 1 << 20).await.unwrap().1[0].body, b"pending");
    assert_eq!(b.s().prune(days(400)).await.unwrap(), 0, "pruning ends");
    b.s().quick_check().await.unwrap();
}

fn counted(id: &str, hours: (i64, i64), calls: u64) -> Use {
    let hour = |n: i64| later(n * 3_600);
    Use {
        subject: Subject::model(&ProviderId::new("openai").unwrap(), id),
        service: None,
        project: Some("proj_a".into()),
        from: hour(hours.0),
        until: hour(hours.1),
        calls: Some(calls),
        tokens: None,
        place: None,
        mention: false,
    }
}

/// The last moment of a window that ends so many hours on.
fn end(hours: i64) -> Timestamp {
    later(hours * 3_600) - SignedDuration::from_millis(1)
}

fn report(direction: Direction, service: Option<&str>, uses: Vec<Use>) -> UsageReport {
    let covered = uses.iter().map(|u| u.from).min().zip(uses.iter().map(|u| u.until).max());
    let covers = vec![(ProviderId::new("openai").unwrap(), None)];
    UsageReport { direction, via: "test".into(), service: service.map(str::to_owned), covers, covered, uses }
}

async fn calls_said_twice_count_once_and_a_longer_window_replaces_shorter_ones<B: Bench>() {
    let mut b = B::fresh();
    let seen = Direction::Observed;
    let hours = vec![counted("gpt-demo", (0, 1), 5), counted("gpt-demo", (1, 2), 7), counted("gpt-other", (0, 1), 1)];
    assert_eq!(b.s().note_usage(report(seen, None, hours.clone())).await.unwrap(), 2);
    b.step();
    assert_eq!(b.s().note_usage(report(seen, None, hours.clone())).await.unwrap(), 0, "nothing of it is new");
    let calls =
        async |s: Arc<dyn Store>, since| s.usage(since).await.unwrap().into_iter().map(|r| r.calls).collect::<Vec<_>>();
    assert_eq!(calls(b.s(), now()).await, [Some(12), Some(1)]);
    b.s().note_usage(report(seen, None, vec![counted("gpt-demo", (0, 16), 40)])).await.unwrap();
    b.step();
    b.s().note_usage(report(seen, None, hours)).await.unwrap();
    assert_eq!(calls(b.s(), now()).await, [Some(40), Some(1)], "the hours are inside the longer window");
    let rows = b.s().usage(later(16 * 3_600)).await.unwrap();
    assert_eq!((rows[0].calls, rows[0].last_at, rows[0].first_at), (None, end(16), now()));
    let days = b.s().covered_days(now()).await.unwrap();
    assert_eq!(
        days.iter().map(|d| d.day.to_string()).collect::<Vec<_>>(),
        ["2026-11-23"],
        "a window to midnight is of one day"
    );
}

async fn a_scan_replaces_what_was_scanned_of_the_same_service<B: Bench>() {
    let mut b = B::fresh();
    let seen = Direction::Scanned;
    let found = |id: &str, service: &str| Use {
        service: Some(service.into()),
        calls: None,
        project: None,
        place: Some("a.py:1".into()),
        ..counted(id, (0, 0), 0)
    };
    for (service, ids) in [("bot", vec!["x", "y"]), ("shop", vec!["x"]), ("bot", vec!["y"])] {
        let uses = ids.into_iter().map(|id| found(id, service)).collect();
        b.s().note_usage(report(seen, Some(service), uses)).await.unwrap();
        b.step();
    }
    let left: Vec<_> =
        b.s().usage(now()).await.unwrap().into_iter().map(|r| (r.subject.id, r.service.unwrap())).collect();
    assert_eq!(left, [("x".into(), "shop".to_owned()), ("y".into(), "bot".into())]);
}

async fn old_counts_are_pruned_and_what_was_seen_is_not_forgotten<B: Bench>() {
    let b = B::fresh();
    b.s().note_usage(report(Direction::Observed, None, vec![counted("gpt-demo", (0, 1), 5)])).await.unwrap();
    while b.s().prune(days(60)).await.unwrap() > 0 {}
    let rows = b.s().usage(now()).await.unwrap();
    assert_eq!((rows.len(), rows[0].calls, rows[0].last_at), (1, None, end(1)));
    assert_eq!(b.s().covered_days(now()).await.unwrap(), []);
}

macro_rules! contract {
    ($($case:ident)*) => {
        mod sqlite { $(#[tokio::test] async fn $case() { super::$case::<super::OnSqlite<false>>().await })* }
        mod sqlite_killed_after_each_step { $(#[tokio::test] async fn $case() { super::$case::<super::OnSqlite<true>>().await })* }
    };
}
contract! {
    a_digest_is_queued_once_with_the_time_of_the_next_and_covers_nothing
    a_delivery_is_stored_once_and_its_repeat_is_counted
    one_id_with_another_body_is_a_conflict_kept_once
    a_hundred_same_deliveries_at_once_are_stored_once
    pending_keeps_its_order_and_its_limits
    a_recording_from_an_old_cursor_writes_nothing
    a_recording_from_an_old_state_writes_nothing
    a_state_comes_back_as_it_was_written_with_its_next_version
    a_fingerprint_is_an_event_once_and_for_ever
    events_are_filtered_and_paged
    an_alert_is_opened_once_for_each_owner
    a_sleeping_alert_is_woken_by_news
    what_comes_back_is_a_new_episode
    the_end_of_a_matter_wakes_every_open_alert_on_it
    a_plan_made_on_an_old_alert_is_refused_whole
    an_obligation_is_planned_once_whatever_its_notification
    a_claim_is_one_message_and_its_attempt_is_written_first
    notifications_are_listed_with_their_alerts_and_the_oldest_that_waits
    every_way_to_settle_keeps_the_ledger
    a_dead_letter_is_sent_once_more_when_a_person_says_so
    what_is_looked_at_by_date_comes_in_order_and_goes_on_where_it_stopped
    what_is_looked_at_again_and_again_is_what_was_written_last
    open_points_of_deprecations_are_found_and_closed
    a_thing_is_found_wherever_it_ends
    days_of_a_source_are_counted_and_what_an_event_was_read_from_is_found
    what_was_superseded_was_told_to_nobody
    a_conversation_goes_on_in_its_first_thread
    what_stands_at_a_channel_is_found_again_and_looked_at_in_time
    who_is_not_there_is_known_until_something_arrives
    an_act_is_durable_whole_and_only_on_what_it_was_decided_on
    what_a_person_resolved_is_not_opened_by_news_and_is_by_a_new_beginning
    an_alert_given_away_gets_what_routing_gives_to_its_first_owner
    conversations_are_merged_and_handed_on
    a_silence_is_stored_ends_once_and_wakes_what_waited_for_its_end
    what_was_unrecognized_and_is_read_later_is_counted_once
    a_source_and_the_body_it_brought_are_kept_together
    a_list_of_models_is_remembered_as_it_was_kept
    pruning_keeps_what_is_pending_or_unrecognized_and_counts_jobs
    a_connection_is_known_by_its_words_and_its_longest_pause
    calls_said_twice_count_once_and_a_longer_window_replaces_shorter_ones
    a_scan_replaces_what_was_scanned_of_the_same_service
    old_counts_are_pruned_and_what_was_seen_is_not_forgotten
}

/// A file with one of everything, closed, and its path.
async fn one_of_everything() -> (tempfile::TempDir, PathBuf) {
    let (b, a) = with_alert::<OnSqlite<false>>().await;
    b.s().receive(delivery("a", "{}")).await.unwrap();
    assert_eq!(b.s().act(acked(&a, "mei")).await.unwrap(), ActOutcome::Done);
    let a = alerts(&b.s()).await.remove(0);
    b.s().plan(vec![planned(&a, Some(now()))], vec![notification("k", &a, "7d")], now()).await.unwrap();
    b.s().fetched(SourceRow::new(SourceId::new("openai/deprecations").unwrap(), now()), None).await.unwrap();
    b.store.close().await;
    let path = b.dir.path().join("forewarn.db");
    (b.dir, path)
}

async fn look_at_everything(s: &Arc<dyn Store>) -> Result<(), StoreError> {
    s.events(EventFilter { limit: 10, ..EventFilter::default() }).await?;
    s.alerts(AlertFilter { limit: 10, ..AlertFilter::default() }).await?;
    s.due_alerts(days(999), 10).await?;
    s.matters_of(Kind::Deprecation).await?;
    s.pending(10, 1 << 20).await?;
    s.sources().await?;
    s.ledger().await?;
    s.notifications(NotificationFilter { limit: 10, ..NotificationFilter::default() }).await?;
    let all = s.alerts(AlertFilter { limit: 10, ..AlertFilter::default() }).await?;
    for (alert, _) in all {
        s.told_of(alert.matter).await?;
    }
    s.claim("slack".into(), days(999)).await?;
    Ok(())
}

#[tokio::test]
async fn a_row_edited_into_nonsense_is_damage_and_no_panic() {
    for edit in [
        "UPDATE payloads SET received_at = -9223372036854775808",
        "UPDATE payloads SET trust = 'perhaps'",
        "UPDATE payloads SET source = '../etc'",
        "UPDATE payloads SET headers = '[['",
        "UPDATE events SET kind = 'rumour'",
        "UPDATE events SET subjects = '{}'",
        "UPDATE events SET deadline = '\"soon\"'",
        "UPDATE events SET occurred_at = 9223372036854775807",
        "UPDATE matters SET state = '{\"id\":'",
        "UPDATE matters SET state = json_set(state, '$.stage', 'dancing')",
        "UPDATE matters SET state = json_set(state, '$.deadline.date', '2027-02-31')",
        "DELETE FROM matters",
        "UPDATE alerts SET state = 'asleep'",
        "UPDATE alerts SET episode = -1",
        "UPDATE alerts SET ack = 'yes'",
        "UPDATE alerts SET opened_at = -9223372036854775808",
        "UPDATE alerts SET services = 'bot'",
        "UPDATE obligations SET reason = 'boredom'",
        "UPDATE obligations SET deadline_revision = -5",
        "UPDATE notifications SET attempts = -1",
        "UPDATE notifications SET created_at = -9223372036854775808",
        "UPDATE sources SET health = 'splendid'",
        "UPDATE sources SET body_hash = x'00'",
        "UPDATE sources SET rows = -1",
        "DELETE FROM cursors",
    ] {
        let (_dir, path) = one_of_everything().await;
        let n = rusqlite::Connection::open(&path).unwrap().execute(edit, []).unwrap();
        assert!(n > 0, "{edit} changed nothing");
        let s: Arc<dyn Store> = Arc::new(Sqlite::open(&path).unwrap());
        let out = look_at_everything(&s).await;
        assert!(matches!(out, Err(StoreError::Damaged(_))), "{edit}: {out:?}");
    }
    let (_dir, path) = one_of_everything().await;
    let s: Arc<dyn Store> = Arc::new(Sqlite::open(&path).unwrap());
    assert_eq!(look_at_everything(&s).await, Ok(()), "without an edit everything is read");
}

#[tokio::test]
async fn the_audit_is_never_changed() {
    let (_dir, path) = one_of_everything().await;
    let c = rusqlite::Connection::open(&path).unwrap();
    let rows = || c.query_row("SELECT count(*) FROM audit", [], |r| r.get::<_, i64>(0)).unwrap();
    let before = rows();
    assert!(before >= 2, "opening and answering are both written down");
    for edit in ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"] {
        assert!(c.execute(edit, []).unwrap_err().to_string().contains("append-only"), "{edit}");
    }
    assert_eq!(rows(), before);
}

#[tokio::test]
async fn a_reader_beside_the_writer_sees_what_was_written_and_writes_nothing() {
    let (b, a) = with_alert::<OnSqlite<false>>().await;
    let path = b.dir.path().join("forewarn.db");
    let looking: Arc<dyn Store> = Arc::new(Sqlite::open_read_only(&path).unwrap());
    assert_eq!(alerts(&looking).await, std::slice::from_ref(&a));
    assert_eq!(b.s().act(acked(&a, "mei")).await.unwrap(), ActOutcome::Done);
    assert_eq!(alerts(&looking).await[0].state, AlertState::Acknowledged);
    for refused in [
        looking.act(acked(&a, "eve")).await.map(drop),
        looking.receive(delivery("a", "{}")).await.map(drop),
        looking.prune(now()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_closed_store_says_try_later_and_keeps_what_it_has() {
    let (b, a) = with_alert::<OnSqlite<false>>().await;
    b.store.close().await;
    assert!(matches!(b.s().receive(delivery("a", "{}")).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(b.s().act(acked(&a, "mei")).await, Err(StoreError::Unavailable(_))));
    assert_eq!(alerts(&b.s()).await, [a]);
}
