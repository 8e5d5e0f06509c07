//! A copy put back: nothing of the past is told again by itself, nothing of the present is mistaken for the past.

use crate::harness::*;
use forewarn::engine::receive::Receiver;
use forewarn::engine::resume::resume;
use forewarn::model::EventId;
use forewarn::store::sqlite::{Sqlite, back_up, restore};
use jiff::SignedDuration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl World {
    fn copy(&self) -> PathBuf {
        let to = self.dir.path().join(format!("copy-{}.db", self.now().as_second()));
        back_up(&self.dir.path().join("forewarn.db"), &to, self.now()).unwrap();
        to
    }

    async fn put_back(&mut self, copy: &Path) {
        let at = self.dir.path().join("forewarn.db");
        // The daemon is stopped: nobody has the old file open.
        self.cx.store = Arc::new(Sqlite::open(&self.dir.path().join("elsewhere.db")).unwrap());
        self.receiver = Arc::new(Receiver::new(&self.cx, &self.configuration()).unwrap());
        let log = self.dir.path().join("forewarn.db-wal");
        for _ in 0..500 {
            if !log.exists() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let before = restore(copy, &at, self.now()).unwrap().before.unwrap();
        assert!(before.exists());
        self.restart();
    }
}

#[tokio::test]
async fn a_restored_copy_sends_nothing_until_it_is_resumed_and_then_one_message() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["60 days"]);
    let copy = w.copy();
    // Steps pass that the copy does not know of.
    w.live(days(35), SignedDuration::from_hours(12)).await;
    assert!(!w.arrived().is_empty());
    w.put_back(&copy).await;
    w.live(days(3), SignedDuration::from_hours(6)).await;
    w.expect_silence();
    let seen = resume(&w.cx, "mei", false, w.now()).await.unwrap();
    assert!(!seen.resumed && seen.copied_at.is_some());
    assert_eq!(seen.messages.len(), 1, "{seen:?}");
    assert_eq!(seen.messages[0].contact.0, "search/slack");
    assert!(seen.messages[0].about[0].contains("gpt-x"), "{seen:?}");
    w.tick().await;
    w.expect_silence();
    assert!(resume(&w.cx, "mei", true, w.now()).await.unwrap().resumed);
    w.tick().await;
    w.expect("search/slack", &["22 days"]);
    w.advance(SignedDuration::from_hours(1)).await;
    w.expect_silence();
    assert!(resume(&w.cx, "mei", true, w.now()).await.unwrap().copied_at.is_none());
}

#[tokio::test]
async fn what_waited_in_the_outbox_is_listed_and_goes_with_its_old_key() {
    let mut w = World::new().await;
    w.mood("billing", Mood::Broken);
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    let copy = w.copy();
    w.mood("billing", Mood::Well);
    w.advance(SignedDuration::from_hours(2)).await;
    let first = w.expect("billing/webhook", &["60 days"]);
    w.put_back(&copy).await;
    w.advance(SignedDuration::from_hours(1)).await;
    w.expect_silence();
    let seen = resume(&w.cx, "mei", true, w.now()).await.unwrap();
    assert_eq!(seen.messages.iter().filter(|m| m.planned_at.is_some()).count(), 1, "{seen:?}");
    w.tick().await;
    assert_eq!(w.expect("billing/webhook", &["60 days"]).id, first.id);
}

#[tokio::test]
async fn numbers_given_out_after_the_copy_are_not_given_out_again() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(200))]);
    w.tick().await;
    let copy = w.copy();
    w.deliver("generic-hmac/shop", "e1", &w.shop("e1", "incident.opened", "db-1")).await;
    w.tick().await;
    let (alerts, events) = (w.alerts().await, w.events().await);
    w.put_back(&copy).await;
    w.deliver("generic-hmac/shop", "e2", &w.shop("e2", "incident.opened", "db-2")).await;
    w.tick().await;
    let (alert, event) = (w.alerts().await.pop().unwrap().0, w.events().await.pop().unwrap().0);
    assert!(alerts.iter().all(|(a, _)| a.id != alert.id) && alert.id.0 >= 1_000, "#{}", alert.id);
    assert!(events.iter().all(|(e, _)| e.id != event.id) && event.id > EventId(1_000_000));
    // What the copy does not know is news to it; what it knows is a repeat.
    w.deliver("generic-hmac/shop", "e1", &w.shop("e1", "incident.opened", "db-1")).await;
    w.deliver("generic-hmac/shop", "e2", &w.shop("e2", "incident.opened", "db-2")).await;
    assert_eq!((w.ledger("payloads", "pending").await, w.ledger("payloads", "repeated").await), (1, 1));
}

#[tokio::test]
async fn a_damaged_newer_or_foreign_copy_replaces_nothing() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(200))]);
    w.tick().await;
    let (at, copy) = (w.dir.path().join("forewarn.db"), w.copy());
    let events = w.events().await.len();
    let sound = std::fs::read(&copy).unwrap();
    let mut torn = sound.clone();
    let half = torn.len() / 2;
    torn[half..half + 8_192].fill(0x5a);
    let mut newer = sound.clone();
    newer[60..64].copy_from_slice(&999_u32.to_be_bytes());
    for (what, bytes) in
        [("torn", &torn[..]), ("newer", &newer), ("empty", b""), ("text", b"hello, no database at all")]
    {
        let bad = w.dir.path().join(what);
        std::fs::write(&bad, bytes).unwrap();
        assert!(restore(&bad, &at, w.now()).is_err(), "{what}");
    }
    assert!(restore(&at, &at, w.now()).is_err(), "itself");
    assert!(restore(&w.dir.path().join("nowhere"), &at, w.now()).is_err());
    assert!(back_up(&at, &copy, w.now()).is_err(), "over another copy");
    w.restart();
    assert_eq!(w.events().await.len(), events);
    assert!(w.cx.store.held().await.unwrap().is_none());
    let left: Vec<_> = std::fs::read_dir(w.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().contains("restoring")), "{left:?}");
}

#[tokio::test]
async fn a_copy_is_one_private_file_that_is_held_however_it_is_put_back() {
    use std::os::unix::fs::PermissionsExt;
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(200))]);
    w.tick().await;
    let copy = w.copy();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    for end in ["-wal", "-shm", "-journal"] {
        assert!(!std::fs::exists(format!("{}{end}", copy.display())).unwrap());
    }
    let by_hand = Sqlite::open(&copy).unwrap();
    use forewarn::store::Housekeeping;
    assert_eq!(by_hand.held().await.unwrap(), Some(w.now()));
    assert!(w.cx.store.held().await.unwrap().is_none(), "the original is not");
}
