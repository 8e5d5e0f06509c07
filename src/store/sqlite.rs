//! SQLite behind the store traits.
//!
//! In: operations. Out: results, after the commit that holds them is on disk. Invariant: one writer connection, WAL,
//! `synchronous=FULL`, `BEGIN IMMEDIATE`; many operations share a commit, each in a savepoint of its own. Refuses to
//! queue without bound: a full queue is [`StoreError::Unavailable`].

mod alerts;
mod convert;
mod copy;
mod digests;
mod flushes;
mod housekeeping;
mod intake;
mod keys;
mod look;
mod matters;
mod open;
mod outbox;
mod people;
mod posts;
mod read;
mod shelf;
mod sources;
mod tokens;
mod usage;
mod writer;

pub use copy::{Copied, back_up, restore};
pub use open::{KNOWN_SCHEMA, check_header};

use super::{Fut, StoreError};
use convert::fault;
use rusqlite::Connection;
use shelf::Shelf;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;
use writer::Writer;

/// Most read-only connections, and queries at a time: more would only share the cores, and each holds the schema and pages of
/// its own. Who comes later waits its turn.
const READERS: usize = 4;

/// The store in a SQLite file.
pub struct Sqlite {
    writer: Option<Writer>,
    readers: Arc<Readers>,
    shelf: Arc<Shelf>,
    /// Rises with every write that is no delivery.
    changed: AtomicU64,
}

struct Readers {
    /// The file; none for an empty store in memory, of which each connection has its own.
    path: Option<PathBuf>,
    idle: Mutex<Vec<Connection>>,
    room: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens for writing, making or migrating the file. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Newer`], or what the system says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open::writable(path)?;
        let checkpointer = open::second(path)?;
        Ok(Self::over(Some(Writer::start(connection, checkpointer)?), Readers::new(Some(path))))
    }

    /// Makes a store that nobody will miss: it is as fast as memory, and what a power failure takes is gone.
    ///
    /// # Errors
    /// As [`Sqlite::open`].
    pub fn scratch(path: &Path) -> Result<Self, StoreError> {
        let (connection, checkpointer) = (open::writable(path)?, open::second(path)?);
        open::careless(&connection)?;
        open::careless(&checkpointer)?;
        Ok(Self::over(Some(Writer::start(connection, checkpointer)?), Readers::new(Some(path))))
    }

    /// Opens for looking, beside a daemon.
    ///
    /// # Errors
    /// As [`Sqlite::open`]; a missing file is [`StoreError::Folder`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let readers = Readers::new(Some(path));
        readers.give_back(open::read_only(path)?);
        Ok(Self::over(None, readers))
    }

    /// A store in memory that nobody wrote to, for looking where there is no file yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn empty() -> Result<Self, StoreError> {
        let readers = Readers::new(None);
        readers.give_back(open::empty()?);
        Ok(Self::over(None, readers))
    }

    fn over(writer: Option<Writer>, readers: Arc<Readers>) -> Self {
        Self { writer, readers, shelf: Arc::new(Shelf::new()), changed: AtomicU64::new(0) }
    }

    /// The newest moment at which this data was written by a clock that was believed; none for data nobody wrote to.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn newest(&self) -> Result<Option<jiff::Timestamp>, StoreError> {
        let c = self.readers.take()?;
        let newest = housekeeping::newest(&c);
        self.readers.give_back(c);
        newest
    }

    /// Waits until everything queued is on disk and stops taking more.
    pub async fn close(&self) {
        if let Some(w) = &self.writer {
            w.close().await;
        }
    }

    /// Waits until the writer is gone: after [`Sqlite::close`], or by a fault of ours, after which nothing can be stored.
    pub async fn ended(&self) {
        match &self.writer {
            Some(w) => w.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Runs an operation on the writer; it is on disk when this returns.
    fn write<T, F>(&self, op: F) -> Fut<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move {
            let out = self.note(op).await;
            self.changed.fetch_add(1, Ordering::AcqRel);
            out
        })
    }

    /// As [`Sqlite::write`], for what changes nothing that anybody keeps a text of.
    fn note<T, F>(&self, op: F) -> Fut<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(async move {
            match &self.writer {
                Some(w) => w.run(op).await,
                None => Err(StoreError::Unavailable("opened for reading only".into())),
            }
        })
    }

    /// As [`Sqlite::read`], for queries that hand out matters.
    fn read_matters<T, F>(&self, query: F) -> Fut<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Shelf) -> Result<T, StoreError> + Send + 'static,
    {
        let shelf = self.shelf.clone();
        self.read(move |c| query(c, &shelf))
    }

    /// Runs a query on a read-only connection, over one snapshot.
    fn read<T, F>(&self, query: F) -> Fut<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let readers = self.readers.clone();
        Box::pin(async move {
            // The semaphore is never closed.
            let turn = readers.room.clone().acquire_owned().await;
            let work = move || {
                // Held by the query itself, which goes on where nobody waits for it any more.
                let _turn = turn;
                let connection = readers.take()?;
                // One snapshot for all that a query asks, taken once.
                let step = |word| connection.prepare_cached(word).and_then(|mut s| s.execute([])).map_err(fault);
                step("BEGIN")?;
                let out = query(&connection);
                step("COMMIT")?;
                readers.give_back(connection);
                out
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(out) => out,
                Err(_) => Err(StoreError::Unavailable("a query panicked; see the log".into())),
            }
        })
    }
}

impl Readers {
    fn new(path: Option<&Path>) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(READERS));
        Arc::new(Self { path: path.map(Path::to_owned), idle: Mutex::new(Vec::new()), room })
    }
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(c) => Ok(c),
            None => self.path.as_ref().map_or_else(open::empty, |p| open::read_only(p)),
        }
    }
    fn give_back(&self, c: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(c);
    }
}
