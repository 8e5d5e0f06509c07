//! The writer: one thread, one connection, many operations in one commit.
//!
//! In: operations from a bounded queue. Out: their results, told on the runtime after the commit. Invariant: nobody hears of success before
//! the flush; an operation that fails or panics is rolled back to its savepoint and the others go on. Refuses work when
//! the queue is full, and holds a batch no longer than its budget.

use super::StoreError;
use super::convert::fault;
use super::flushes::Flushes;
use super::intake::{self, Answer};
use super::keys::Keys;
use crate::store::types::{Delivery, Receipt};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Operations that may wait.
const QUEUE: usize = 4_096;
/// Operations in one commit at most.
const BATCH: usize = 512;
/// Time after which a batch takes no further operation.
const BUDGET: Duration = Duration::from_millis(10);
/// Bytes written between two checkpoints.
const CHECKPOINT_EVERY: u64 = 8 << 20;
/// Pages in the log beyond which the writer itself starts it over: 32 MiB.
const RESTART_AT: i64 = 8_192;
/// About what an operation that is no delivery writes.
const OTHER_BYTES: u64 = 16_384;

/// How to tell a caller, once the outcome of the commit is known.
pub(super) enum Finish {
    /// A delivery, which is freed where it was made.
    Receipt(Answer, Result<Receipt, StoreError>, Delivery),
    /// Anything else.
    Job(Box<dyn FnOnce(Result<(), StoreError>) + Send>),
}

impl Finish {
    fn tell(self, commit: &Result<(), StoreError>) {
        match self {
            // A caller that went away does not need to hear.
            Finish::Receipt(done, result, delivery) => {
                drop(done.send(commit.clone().and(result)));
                drop(delivery);
            }
            Finish::Job(f) => f(commit.clone()),
        }
    }
}

/// Runs on the connection, or is told why it cannot; whether it succeeded, and how to tell its caller.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> (bool, Finish) + Send>;

enum Work {
    Receive(Delivery, Answer),
    Run(Job),
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
    ended: CancellationToken,
    /// How long commits took.
    pub(super) flushes: Arc<Flushes>,
}

impl Writer {
    #[expect(
        clippy::disallowed_methods,
        reason = "the task and the threads of the store; `ended` tells when they are gone"
    )]
    pub(super) fn start(connection: Connection, checkpointer: Connection) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let keys = Keys::load(&connection)?;
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let (teller, mut told) = mpsc::unbounded_channel::<Told>();
        tokio::spawn(async move {
            while let Some(t) = told.recv().await {
                t.finish.into_iter().for_each(|f| f.tell(&t.outcome));
            }
        });
        let checkpoints = Checkpoints::start(checkpointer)?;
        let flushes = Arc::new(Flushes::default());
        let noted = flushes.clone();
        let work = move || {
            let _guard = guard;
            Loop { hand: Hand { connection, keys, teller, flushes: noted }, written: 0, checkpoints }.run(waiting);
        };
        thread::Builder::new().name("writer".into()).spawn(work).map_err(no_thread)?;
        Ok(Self { queue, ended, flushes })
    }

    /// Waits until the writer is gone, as it is after [`Writer::close`] or a fault.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    pub(super) async fn receive(&self, d: Delivery) -> Result<Receipt, StoreError> {
        let (done, result) = oneshot::channel();
        // Not waiting for room: a full queue is told to the sender at once, who tries again later.
        self.queue.try_send(Work::Receive(d, done)).map_err(|_| overloaded())?;
        result.await.unwrap_or_else(|_| Err(stopping()))
    }

    pub(super) async fn run<T, F>(&self, op: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |c| {
            let out = c.and_then(|c| {
                catch_unwind(AssertUnwindSafe(|| op(c)))
                    .unwrap_or_else(|_| Err(StoreError::Unavailable("an operation panicked; see the log".into())))
            });
            let ok = out.is_ok();
            (ok, Finish::Job(Box::new(move |commit| drop(done.send(commit.and(out))))))
        });
        self.queue.send(Work::Run(job)).await.map_err(|_| stopping())?;
        result.await.unwrap_or_else(|_| Err(stopping()))
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Work::Close(done)).await.is_ok() {
            // An error says that the loop is gone, which is what we wait for.
            let _ = closed.await;
        }
    }
}

fn overloaded() -> StoreError {
    StoreError::Unavailable("the write queue is full".into())
}
fn stopping() -> StoreError {
    StoreError::Unavailable("the store is stopping".into())
}

fn no_thread(e: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("the store's thread cannot start: {e}"))
}

/// What a commit has done, for all who asked: told on the runtime in one go, where the callers live.
struct Told {
    finish: Vec<Finish>,
    outcome: Result<(), StoreError>,
}

/// What a batch is written with.
struct Hand {
    connection: Connection,
    keys: Keys,
    teller: mpsc::UnboundedSender<Told>,
    flushes: Arc<Flushes>,
}

struct Loop {
    hand: Hand,
    written: u64,
    checkpoints: Checkpoints,
}

impl Loop {
    /// Commits batch after batch, so that receiving and writing go on side by side; ends when closed, or when everybody
    /// who could ask is gone. A panic outside any operation ends it too, and with it the process.
    fn run(mut self, mut waiting: mpsc::Receiver<Work>) {
        let mut batch = Vec::new();
        loop {
            if !self.hand.keys.wants_move() {
                let Some(first) = waiting.blocking_recv() else { return };
                batch.push(first);
            }
            while batch.len() < BATCH {
                match waiting.try_recv() {
                    Ok(w) => batch.push(w),
                    Err(_) => break,
                }
            }
            let close_at = batch.iter().position(|w| matches!(w, Work::Close(_)));
            let closing = close_at.map(|at| batch.split_off(at));
            self.written += commit(&mut self.hand, std::mem::take(&mut batch));
            if let Some(closing) = closing {
                return finish_closing(self.hand, closing);
            }
            self.checkpoint();
        }
    }

    /// Copies the log into the file by size: passively on a second connection, and when the log has grown all the same,
    /// by the writer itself between two batches, so that it starts over.
    fn checkpoint(&mut self) {
        if self.checkpoints.pages.swap(0, Ordering::Relaxed) > RESTART_AT {
            // It fails when a reader holds an old page; the next one will do.
            let _ = self.hand.connection.execute_batch("PRAGMA wal_checkpoint(RESTART)");
        }
        if self.written >= CHECKPOINT_EVERY && self.checkpoints.ask.try_send(()).is_ok() {
            self.written = 0;
        }
    }
}

/// The thread that copies the log into the file while others write.
struct Checkpoints {
    /// Asks for one; full while one runs and another waits.
    ask: SyncSender<()>,
    /// Pages in the log after the last one.
    pages: Arc<AtomicI64>,
}

impl Checkpoints {
    /// Ends with the writer, which holds the other end.
    fn start(c: Connection) -> Result<Self, StoreError> {
        let (ask, asked) = sync_channel(0);
        let pages = Arc::new(AtomicI64::new(0));
        let seen = pages.clone();
        let work = move || {
            while asked.recv().is_ok() {
                seen.store(passive(&c), Ordering::Relaxed);
            }
        };
        thread::Builder::new().name("checkpointer".into()).spawn(work).map_err(no_thread)?;
        Ok(Self { ask, pages })
    }
}

fn finish_closing(hand: Hand, closing: Vec<Work>) {
    let _ = hand.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    drop(hand);
    for w in closing {
        match w {
            Work::Close(done) => drop(done.send(())),
            Work::Receive(_, done) => drop(done.send(Err(stopping()))),
            Work::Run(job) => job(Err(stopping())).1.tell(&Ok(())),
        }
    }
}

/// Copies what it can without disturbing anybody; how many pages the log holds.
fn passive(c: &Connection) -> i64 {
    c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get(1)).unwrap_or(0)
}

/// Runs a batch and commits it; about how many bytes were written. Results are told after the commit only.
fn commit(hand: &mut Hand, batch: Vec<Work>) -> u64 {
    let Hand { connection: c, keys, teller, flushes } = hand;
    if let Err(e) = control(c, "BEGIN IMMEDIATE") {
        for w in batch {
            refuse(w, &e);
        }
        return 0;
    }
    let started = Instant::now();
    let mut bytes = 0;
    let mut finish: Vec<Finish> = Vec::with_capacity(batch.len());
    let (mut late, mut deliveries) = (Vec::new(), Vec::new());
    for w in batch {
        match w {
            Work::Receive(d, done) => deliveries.push((d, done)),
            Work::Run(job) if started.elapsed() < BUDGET => finish.push(in_savepoint(c, job)),
            Work::Run(job) => late.push(job),
            Work::Close(done) => drop(done),
        }
    }
    bytes += OTHER_BYTES * finish.len() as u64;
    bytes += intake::receive_all(c, keys, deliveries, &mut finish);
    let moving = keys.wants_move();
    let moved = if moving { keys.move_part(c) } else { Ok(()) };
    let flushing = Instant::now();
    let outcome = moved.and_then(|()| control(c, "COMMIT"));
    flushes.note(flushing.elapsed());
    match &outcome {
        Ok(()) => {
            keys.committed();
            if moving {
                keys.moved();
            }
        }
        Err(_) => {
            keys.forget(0);
            if moving {
                keys.not_moved();
            }
            roll_back(c);
        }
    }
    // The runtime is gone only when the process ends.
    let _ = teller.send(Told { finish, outcome });
    // What did not fit the budget goes into commits of its own, one each, still in order.
    for job in late {
        bytes += commit(hand, vec![Work::Run(job)]);
    }
    bytes
}

/// Runs a statement of transaction control; prepared once, for it runs with every batch.
pub(super) fn control(c: &Connection, sql: &'static str) -> Result<(), StoreError> {
    c.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(fault)
}

/// After a failed commit (a full disk) the transaction may still be open: ended, so that the next batch can begin.
fn roll_back(c: &Connection) {
    if !c.is_autocommit() {
        let _ = c.execute_batch("ROLLBACK");
    }
}

fn in_savepoint(c: &Connection, job: Job) -> Finish {
    if let Err(e) = control(c, "SAVEPOINT op") {
        return job(Err(e)).1;
    }
    let (ok, f) = job(Ok(c));
    let undone = if ok { Ok(()) } else { control(c, "ROLLBACK TO op") };
    match undone.and_then(|()| control(c, "RELEASE op")) {
        Ok(()) => f,
        Err(e) => Finish::Job(Box::new(move |_| f.tell(&Err(e)))),
    }
}

fn refuse(w: Work, e: &StoreError) {
    match w {
        Work::Receive(_, done) => drop(done.send(Err(e.clone()))),
        Work::Run(job) => job(Err(e.clone())).1.tell(&Ok(())),
        Work::Close(done) => drop(done),
    }
}
