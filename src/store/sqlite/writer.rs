//! The writer: one task, one connection, many operations in one commit.
//!
//! In: operations from a bounded queue. Out: their results, after the commit. Invariant: nobody hears of success before
//! the flush; an operation that fails is rolled back to its savepoint and the others go on. Refuses work when the queue
//! is full, and holds a batch no longer than its budget.

use super::StoreError;
use super::convert::fault;
use super::intake;
use crate::store::types::{Delivery, Receipt};
use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

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

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Runs on the connection, or is told why it cannot; whether it succeeded, and how to tell its caller.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> (bool, Finish) + Send>;

enum Work {
    Receive(Delivery, oneshot::Sender<Result<Receipt, StoreError>>),
    Run(Job),
    Close(oneshot::Sender<()>),
}

pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
}

impl Writer {
    pub(super) fn start(connection: Connection, checkpointer: Connection) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write_loop(connection, Arc::new(Mutex::new(checkpointer)), waiting));
        Self { queue }
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
            let out = c.and_then(op);
            let ok = out.is_ok();
            (ok, Box::new(move |commit| drop(done.send(commit.and(out)))))
        });
        self.queue.send(Work::Run(job)).await.map_err(|_| stopping())?;
        result.await.unwrap_or_else(|_| Err(stopping()))
    }

    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.queue.send(Work::Close(done)).await.is_ok() {
            // The other end is dropped only when the loop has ended, which is what we wait for.
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

async fn write_loop(
    mut connection: Connection,
    checkpointer: Arc<Mutex<Connection>>,
    mut waiting: mpsc::Receiver<Work>,
) {
    let mut written = 0_u64;
    let mut checkpoint: Option<tokio::task::JoinHandle<i64>> = None;
    while let Some(first) = waiting.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH {
            match waiting.try_recv() {
                Ok(w) => batch.push(w),
                Err(_) => break,
            }
        }
        let close_at = batch.iter().position(|w| matches!(w, Work::Close(_)));
        let closing = close_at.map(|at| batch.split_off(at));
        let done = tokio::task::spawn_blocking(move || {
            let bytes = commit(&connection, batch);
            (connection, bytes)
        });
        match done.await {
            Ok((c, bytes)) => {
                connection = c;
                written += bytes;
            }
            // A panic inside an operation took the connection with it: without a writer the process must not go on.
            Err(_) => return,
        }
        if let Some(closing) = closing {
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            for w in closing {
                if let Work::Close(done) = w {
                    drop(connection);
                    let _ = done.send(());
                    return;
                }
            }
            return;
        }
        if checkpoint.as_ref().is_some_and(tokio::task::JoinHandle::is_finished) {
            let pages = match checkpoint.take() {
                Some(h) => h.await.unwrap_or(0),
                None => 0,
            };
            if pages > RESTART_AT {
                let restart = tokio::task::spawn_blocking(move || {
                    let _ = connection.execute_batch("PRAGMA wal_checkpoint(RESTART)");
                    connection
                });
                match restart.await {
                    Ok(c) => connection = c,
                    Err(_) => return,
                }
            }
        }
        if written >= CHECKPOINT_EVERY && checkpoint.is_none() {
            written = 0;
            let c = checkpointer.clone();
            checkpoint =
                Some(tokio::task::spawn_blocking(move || passive(&c.lock().unwrap_or_else(PoisonError::into_inner))));
        }
    }
}

/// Copies what it can without disturbing anybody; how many pages the log holds.
fn passive(c: &Connection) -> i64 {
    c.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |r| r.get(1)).unwrap_or(0)
}

/// Runs a batch and commits it; about how many bytes were written. Results are told after the commit only.
fn commit(c: &Connection, batch: Vec<Work>) -> u64 {
    if let Err(e) = c.execute_batch("BEGIN IMMEDIATE") {
        let e = fault(e);
        for w in batch {
            refuse(w, &e);
        }
        return 0;
    }
    let started = Instant::now();
    let mut bytes = 0;
    let mut finish: Vec<Finish> = Vec::with_capacity(batch.len());
    let mut late = Vec::new();
    let mut deliveries = Vec::new();
    for w in batch {
        match w {
            Work::Receive(d, done) => deliveries.push((d, done)),
            Work::Run(job) if started.elapsed() < BUDGET => {
                let (written, f) = in_savepoint(c, job);
                bytes += written;
                finish.push(f);
            }
            Work::Run(job) => late.push(job),
            Work::Close(done) => drop(done),
        }
    }
    bytes += intake::receive_all(c, deliveries, &mut finish);
    let outcome = c.execute_batch("COMMIT").map_err(|e| {
        let e = fault(e);
        // The transaction may still be open (disk full): end it, so that the next batch can begin.
        if !c.is_autocommit() {
            let _ = c.execute_batch("ROLLBACK");
        }
        e
    });
    for f in finish {
        f(outcome.clone());
    }
    // What did not fit the budget goes into commits of its own, one each, still in order.
    for job in late {
        bytes += commit(c, vec![Work::Run(job)]);
    }
    bytes
}

fn in_savepoint(c: &Connection, job: Job) -> (u64, Finish) {
    if let Err(e) = c.execute_batch("SAVEPOINT op") {
        return (0, job(Err(fault(e))).1);
    }
    let (ok, f) = job(Ok(c));
    let end = if ok { "RELEASE op" } else { "ROLLBACK TO op; RELEASE op" };
    match c.execute_batch(end) {
        Ok(()) => (16_384, f),
        Err(e) => {
            let e = fault(e);
            (0, Box::new(move |_| f(Err(e))))
        }
    }
}

fn refuse(w: Work, e: &StoreError) {
    match w {
        Work::Receive(_, done) => drop(done.send(Err(e.clone()))),
        Work::Run(job) => job(Err(e.clone())).1(Err(e.clone())),
        Work::Close(done) => drop(done),
    }
}
