//! Copies of the database: taken while it is in use, put back in its place.
//!
//! In: paths. Out: a file, 0600, checked page by page, on the disk. Invariant: a copy is held from its birth, however it is put
//! back, and gives no number of an alert, event or notification a second time; a file that stands is replaced only by one
//! that was checked. Refuses to write over anything, and a source that is no database of ours.

use super::StoreError;
use super::convert::fault;
use super::open::{self, KNOWN_SCHEMA, check_header};
use jiff::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Numbers left free after those of a copy: what was given out between the copy and its return.
const GAPS: [(&str, i64); 3] = [("alerts", 1_000), ("events", 1_000_000), ("notifications", 100_000)];

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Copied {
    /// Where it is.
    pub path: PathBuf,
    /// When it was taken.
    pub copied_at: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Events in it.
    pub events: i64,
    /// Payloads in it.
    pub payloads: i64,
    /// Where what stood there before was put.
    pub before: Option<PathBuf>,
}

/// Copies a database that may be in use; `to` must not exist.
///
/// # Errors
/// What is wrong with the source, or with the place of the copy. Nothing is left behind then.
pub fn back_up(from: &Path, to: &Path, now: Timestamp) -> Result<Copied, StoreError> {
    if to.exists() {
        return Err(StoreError::Folder(format!("{} is there already: choose another name", to.display())));
    }
    let draft = beside(to, "part");
    let made = take(from, &draft, now, KNOWN_SCHEMA).and_then(|copied| put(&draft, to).map(|()| copied));
    if made.is_err() {
        remove(&draft);
    }
    made.map(|c| Copied { path: to.to_owned(), ..c })
}

/// Puts a copy in the place of `at`, whose folder the caller holds. What stood there is kept beside it.
///
/// # Errors
/// The copy is damaged, newer, not ours, or the disk fails: what stood there still stands.
pub fn restore(from: &Path, at: &Path, now: Timestamp) -> Result<Copied, StoreError> {
    let same = |a: &Path, b: &Path| matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    if same(from, at) {
        return Err(StoreError::Folder(format!("{} is the database itself: name a copy of it", from.display())));
    }
    let draft = beside(at, "restoring");
    remove(&draft);
    let made = take(from, &draft, now, 1).and_then(|copied| {
        let before = set_aside(at, now)?;
        put(&draft, at)?;
        Ok(Copied { path: at.to_owned(), before, ..copied })
    });
    if made.is_err() {
        remove(&draft);
    }
    made
}

/// A held, checked copy as one file; the source has a schema of `oldest` or later.
fn take(from: &Path, draft: &Path, now: Timestamp, oldest: i64) -> Result<Copied, StoreError> {
    if !from.exists() {
        return Err(StoreError::Folder(format!("there is no {}", from.display())));
    }
    check_header(from)?;
    let io = |e: std::io::Error| StoreError::Folder(format!("cannot write {}: {e}", draft.display()));
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(draft).map_err(io)?;
    let copied_at = {
        let source =
            Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(fault)?;
        source.execute_batch("PRAGMA busy_timeout = 4000; PRAGMA trusted_schema = OFF;").map_err(fault)?;
        let found: i64 = source.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(fault)?;
        if found > KNOWN_SCHEMA {
            return Err(StoreError::Newer { found, known: KNOWN_SCHEMA });
        }
        if found > 0 && found < oldest {
            return Err(StoreError::Unavailable(format!(
                "the data has schema {found}, this forewarn writes {KNOWN_SCHEMA}: copy it with the release that runs, or start this one first"
            )));
        }
        let ours = "SELECT count(*) FROM sqlite_schema WHERE name IN ('payloads', 'obligations', 'audit')";
        if found < 1 || source.query_row(ours, [], |r| r.get::<_, i64>(0)).map_err(fault)? != 3 {
            return Err(StoreError::Damaged(format!("{} is no database of forewarn", from.display())));
        }
        let mut copy = Connection::open(draft).map_err(fault)?;
        // All pages in one look: a copy in parts would begin anew with each commit of the daemon.
        let step = Backup::new(&source, &mut copy).and_then(|b| b.step(-1)).map_err(fault)?;
        match step {
            StepResult::Done => {}
            _ => return Err(StoreError::Unavailable("the database is busy: try again".into())),
        }
        // Held by an earlier copy: its time is the one that counts.
        let earlier = "SELECT copied_at FROM held";
        let has_held = "SELECT count(*) FROM sqlite_schema WHERE name = 'held'";
        let known = copy.query_row(has_held, [], |r| r.get::<_, i64>(0)).map_err(fault)? == 1;
        let earlier = if known { copy.query_row(earlier, [], |r| r.get::<_, i64>(0)).ok() } else { None };
        earlier.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(now)
    };
    // An older copy is brought to our schema here, where nothing of ours can be harmed.
    let copy = open::draft(draft)?;
    hold(&copy, copied_at)?;
    let check: String = copy.query_row("PRAGMA quick_check(5)", [], |r| r.get(0)).map_err(fault)?;
    if check != "ok" {
        return Err(StoreError::Damaged(format!("{}: quick_check says {check}: take another copy", from.display())));
    }
    let count = |sql: &str| copy.query_row(sql, [], |r| r.get::<_, i64>(0)).map_err(fault);
    let (events, payloads) = (count("SELECT count(*) FROM events")?, count("SELECT count(*) FROM payloads")?);
    // One file: the log is written into it and gone.
    copy.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(())).map_err(fault)?;
    drop(copy);
    let file = File::open(draft).map_err(io)?;
    file.sync_all().map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    Ok(Copied { path: draft.to_owned(), copied_at, bytes, events, payloads, before: None })
}

/// Marks a copy, and leaves the numbers free that may have been given out since.
fn hold(c: &Connection, copied_at: Timestamp) -> Result<(), StoreError> {
    let tx = c.unchecked_transaction().map_err(fault)?;
    tx.execute("INSERT INTO held (one, copied_at) VALUES (1, ?1) ON CONFLICT DO NOTHING", [copied_at.as_millisecond()])
        .map_err(fault)?;
    for (table, gap) in GAPS {
        let sql = format!(
            "INSERT INTO cursors (name, value) SELECT '{table}', (coalesce(max(id), 0) / {gap} + 2) * {gap} FROM {table}
             WHERE true ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)"
        );
        tx.execute(&sql, []).map_err(fault)?;
    }
    tx.execute("DELETE FROM sessions", []).map_err(fault)?;
    tx.commit().map_err(fault)
}

/// Moves what stands there aside, so that a crash leaves either the old or the new, never a mix of both.
fn set_aside(at: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let io = |e: std::io::Error| StoreError::Folder(format!("cannot set {} aside: {e}", at.display()));
    if !at.exists() {
        return Ok(None);
    }
    // A sound one takes its log in and needs none beside it.
    if check_header(at).is_ok()
        && let Ok(old) = Connection::open(at)
    {
        let _ = old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    let aside = at.with_extension(format!("before-restore-{}.db", now.strftime("%Y%m%dT%H%M%SZ")));
    for end in ["-wal", "-shm"] {
        match fs::rename(with_end(at, end), with_end(&aside, end)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(io(e)),
            _ => {}
        }
    }
    fs::hard_link(at, &aside).map_err(io)?;
    Ok(Some(aside))
}

/// Gives a finished draft its name, durably.
fn put(draft: &Path, to: &Path) -> Result<(), StoreError> {
    let io = |e: std::io::Error| StoreError::Folder(format!("cannot write {}: {e}", to.display()));
    fs::rename(draft, to).map_err(io)?;
    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(io)
}

fn beside(path: &Path, what: &str) -> PathBuf {
    path.with_extension(format!("{what}-{}", std::process::id()))
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn remove(draft: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(with_end(draft, end));
    }
}
