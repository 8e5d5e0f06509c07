//! Somebody outside misses the heartbeat when forewarn stops doing what it is there for, and only then.

use crate::harness::*;
use forewarn::engine::pulse::{Heartbeat, Pulse};
use forewarn::engine::status::Task;
use forewarn::notify::http::Ping;
use forewarn::store::sqlite::Sqlite;
use jiff::SignedDuration;
use secrecy::SecretString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WELL: [&str; 4] = ["remind", "normalize", "deliver console", "deliver slack"];

struct Watched {
    tasks: Arc<Mutex<Vec<Task>>>,
    pulse: Arc<Pulse>,
    heartbeat: Heartbeat,
}

impl Watched {
    fn new(w: &mut World) -> Self {
        w.script("heart", Script { status: 200, ..Script::default() });
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let seen = tasks.clone();
        let pulse = Arc::new(Pulse::new(w.cx.clone(), Arc::new(move || seen.lock().unwrap().clone())));
        let ping = Ping::new(&SecretString::from(w.address("heart"))).unwrap();
        let heartbeat = Heartbeat::new(pulse.clone(), ping, Duration::from_secs(60));
        Self { tasks, pulse, heartbeat }
    }

    /// So many seconds in which every task goes well but `stuck`; when the address was called, in seconds from the beginning.
    async fn live(&self, w: &mut World, seconds: i64, stuck: &str) -> Vec<i64> {
        let (mut calls, began) = (Vec::new(), w.now());
        while w.now() - began < SignedDuration::from_secs(seconds) {
            w.pass(SignedDuration::from_secs(5));
            let now = w.now();
            let mut tasks = self.tasks.lock().unwrap().clone();
            for name in WELL.into_iter().filter(|n| *n != stuck) {
                let task = Task {
                    name: name.into(),
                    runs: 1,
                    last_at: Some(now),
                    ok_at: Some(now),
                    last: String::new(),
                    failures: 0,
                };
                tasks.retain(|t| t.name != name);
                tasks.push(task);
            }
            *self.tasks.lock().unwrap() = tasks;
            if (now - began).as_secs() % 15 == 0 {
                // A store that takes nothing is an error of this tick, which the supervisor counts.
                let _ = self.pulse.tick(now).await;
            }
            self.heartbeat.tick(now).await.unwrap();
            calls.extend(w.hits().iter().map(|_| (now - began).as_secs()));
        }
        calls
    }
}

#[tokio::test]
async fn the_heartbeat_stops_within_two_intervals_of_each_stall_and_comes_back() {
    let mut w = World::new().await;
    let h = Watched::new(&mut w);
    for stuck in ["remind", "normalize", "deliver slack"] {
        let well = h.live(&mut w, 300, "").await;
        assert!(well.len() >= 4 && well[0] <= 60, "{stuck}: {well:?}");
        let stalled = h.live(&mut w, 900, stuck).await;
        assert!(stalled.iter().all(|s| *s <= 120), "{stuck}: {stalled:?}");
    }
    assert!(!h.live(&mut w, 120, "").await.is_empty());
}

#[tokio::test]
async fn there_is_no_heartbeat_while_nothing_can_be_written() {
    let mut w = World::new().await;
    // As a disk that takes nothing: every write fails.
    w.cx.store = Arc::new(Sqlite::open_read_only(&w.dir.path().join("forewarn.db")).unwrap());
    let h = Watched::new(&mut w);
    assert_eq!(h.live(&mut w, 300, "").await, [0_i64; 0]);
    assert!(h.pulse.tick(w.now()).await.is_err());
}

#[tokio::test]
async fn a_forewarn_that_may_send_nothing_gives_no_sign_of_life_outside() {
    let mut w = World::new().await;
    let h = Watched::new(&mut w);
    w.jump(days(2));
    assert_eq!(h.live(&mut w, 300, "").await, [0_i64; 0]);
    assert!(h.pulse.tick(w.now()).await.unwrap().0, "the service manager is told: a restart would not help");
    w.jump(-days(2));
    assert!(!h.live(&mut w, 120, "").await.is_empty());
}

#[tokio::test]
async fn an_address_that_fails_is_told_and_tried_again_and_stops_nothing() {
    let mut w = World::new().await;
    let h = Watched::new(&mut w);
    w.script("heart", Script { status: 500, ..Script::default() });
    let calls = h.live(&mut w, 60, "").await;
    assert!(calls.len() > 2, "{calls:?}");
    assert!(h.pulse.tick(w.now()).await.unwrap().0);
    let told = h.heartbeat.tick(w.now()).await.unwrap().summary;
    assert_eq!(told, "could not be called: it answered 500");
}
