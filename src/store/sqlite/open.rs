//! Opening a database file: settings, version, migrations.
//!
//! In: a path. Out: a connection. Invariant: a file with a newer schema or a foreign header is left untouched; a
//! migration is one transaction after a backup. Refuses to make a new file over something that is not ours.

use super::StoreError;
use super::convert::fault;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Every migration, in order; its index plus one is the schema it makes.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("schema_connections.sql"),
    include_str!("schema_moves.sql"),
    include_str!("schema_sources.sql"),
    include_str!("schema_usage.sql"),
    include_str!("schema_access.sql"),
    include_str!("schema_held.sql"),
    include_str!("schema_people.sql"),
    include_str!("schema_pages.sql"),
    include_str!("schema_posts.sql"),
    include_str!("schema_lists.sql"),
    include_str!("schema_digests.sql"),
    include_str!("schema_known.sql"),
    include_str!("schema_redirects.sql"),
    include_str!("schema_told.sql"),
    include_str!("schema_matters.sql"),
];
/// The schema this binary writes.
pub const KNOWN_SCHEMA: i64 = MIGRATIONS.len() as i64;

/// Checks that a file is ours and not newer, without writing.
///
/// # Errors
/// [`StoreError::Damaged`] or [`StoreError::Newer`].
pub fn check_header(path: &Path) -> Result<(), StoreError> {
    let Ok(meta) = std::fs::metadata(path) else { return Ok(()) };
    if meta.len() == 0 {
        return Err(StoreError::Damaged(format!(
            "{} is empty: restore a backup, or move it away to begin anew",
            path.display()
        )));
    }
    let mut head = [0_u8; 16];
    let read = std::fs::File::open(path).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut head));
    if read.is_err() || &head != b"SQLite format 3\0" {
        return Err(StoreError::Damaged(format!(
            "{} is no SQLite database: restore a backup, or move it away to begin anew",
            path.display()
        )));
    }
    Ok(())
}

/// The one connection that writes.
pub(super) fn writable(path: &Path) -> Result<Connection, StoreError> {
    check_header(path)?;
    let fresh = !path.exists();
    if fresh {
        // The file is made by us so that nobody else can read it, whatever the umask.
        let made =
            std::os::unix::fs::OpenOptionsExt::mode(std::fs::OpenOptions::new().create(true).append(true), 0o600)
                .open(path);
        made.map_err(|e| StoreError::Folder(format!("cannot make {}: {e}", path.display())))?;
    }
    let mut c = Connection::open(path).map_err(fault)?;
    settings(&c)?;
    c.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = ON;")
        .map_err(fault)?;
    let mode: String = c.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0)).map_err(fault)?;
    if mode != "wal" {
        return Err(StoreError::Folder(format!(
            "{} cannot use a write-ahead log (got {mode:?}): put the data on a local disk",
            path.display()
        )));
    }
    migrate(&mut c, Some(path))?;
    Ok(c)
}

/// A copy nobody uses yet, brought to our schema.
pub(super) fn draft(path: &Path) -> Result<Connection, StoreError> {
    let mut c = second(path)?;
    migrate(&mut c, None)?;
    Ok(c)
}

/// A second connection of the same process, for checkpoints.
pub(super) fn second(path: &Path) -> Result<Connection, StoreError> {
    let c = Connection::open(path).map_err(fault)?;
    settings(&c)?;
    c.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;").map_err(fault)?;
    Ok(c)
}

/// Commits without waiting for the disk: for what is thrown away afterwards.
pub(super) fn careless(c: &Connection) -> Result<(), StoreError> {
    c.execute_batch("PRAGMA synchronous = OFF").map_err(fault)
}

/// A connection that only looks.
pub(super) fn read_only(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Folder(format!(
            "{} does not exist yet: start `forewarn serve` once, or name the right --data",
            path.display()
        )));
    }
    check_header(path)?;
    let c = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(fault)?;
    settings(&c)?;
    // Room for what a look at a thousand alerts touches of a large store; only what is read takes it.
    c.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -12288;").map_err(fault)?;
    let found = version(&c)?;
    if found > KNOWN_SCHEMA {
        return Err(StoreError::Newer { found, known: KNOWN_SCHEMA });
    }
    Ok(c)
}

/// The schema with nothing in it, in memory, to be looked at.
pub(super) fn empty() -> Result<Connection, StoreError> {
    let c = Connection::open_in_memory().map_err(fault)?;
    for sql in MIGRATIONS {
        c.execute_batch(sql).map_err(fault)?;
    }
    c.execute_batch("PRAGMA query_only = ON").map_err(fault)?;
    Ok(c)
}

fn settings(c: &Connection) -> Result<(), StoreError> {
    c.execute_batch("PRAGMA busy_timeout = 4000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;")
        .map_err(fault)?;
    // Without this promise SQLite plans a statement anew whenever one of its values could decide about a partial index: it
    // cost more than the statement itself (<https://www.sqlite.org/queryplanner-ng.html#qpstab>).
    c.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
    c.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn version(c: &Connection) -> Result<i64, StoreError> {
    c.query_row("PRAGMA user_version", [], |r| r.get(0)).map_err(fault)
}

/// `path` names the copy made before each step; a draft needs none.
fn migrate(c: &mut Connection, path: Option<&Path>) -> Result<(), StoreError> {
    let found = version(c)?;
    if found > KNOWN_SCHEMA {
        return Err(StoreError::Newer { found, known: KNOWN_SCHEMA });
    }
    let mut made = usize::try_from(found).unwrap_or(0);
    // A new file is made in one go: there is nothing to copy before, and each step would cost a flush.
    let at_once = if made == 0 { MIGRATIONS.len() } else { 1 };
    for steps in MIGRATIONS.get(made..).unwrap_or_default().chunks(at_once) {
        if let Some(path) = path.filter(|_| made > 0) {
            let names = (0..).map(|n| if n == 0 { String::new() } else { format!("-{n}") });
            let mut free = names.map(|n| path.with_extension(format!("before-schema-{}{n}.db", made + 1)));
            let copy = free.find(|p| !p.exists()).unwrap_or_else(|| path.with_extension("before-schema.db"));
            c.execute("VACUUM INTO ?1", [copy.display().to_string()]).map_err(fault)?;
        }
        made += steps.len();
        let tx = c.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(fault)?;
        for sql in steps {
            tx.execute_batch(sql).map_err(fault)?;
        }
        tx.pragma_update(None, "user_version", i64::try_from(made).unwrap_or(i64::MAX)).map_err(fault)?;
        tx.commit().map_err(fault)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused_and_the_file_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("forewarn.db");
        drop(writable(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(writable(&path), Err(StoreError::Newer { found: 999, .. })));
        assert!(matches!(read_only(&path), Err(StoreError::Newer { found: 999, .. })));
        assert_eq!(before, std::fs::read(&path).unwrap());
    }

    #[test]
    fn what_an_older_forewarn_stored_is_found_by_the_new_indexes_and_kept_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("forewarn.db");
        let old = Connection::open(&path).unwrap();
        for sql in &MIGRATIONS[..12] {
            old.execute_batch(sql).unwrap();
        }
        old.pragma_update(None, "user_version", 12).unwrap();
        let subject =
            r#"{"platform":"bedrock","type":"model","id":"demo","region":"eu","deployment":null,"account":null}"#;
        let row = |id: &str, kind: &str, stage: &str, day: Option<&str>, claim: &str| {
            let state = format!(r#"{{"provider":"aws","subjects":[{subject}],"claims":{{"aws/models":{claim}}}}}"#);
            let sql =
                "INSERT INTO matters (id, kind, stage, shutdown_on, version, state) VALUES (?1, ?2, ?3, ?4, 1, ?5)";
            old.execute(sql, rusqlite::params![id, kind, stage, day, state]).unwrap();
        };
        row("bedrock:plain", "deprecation", "announced", Some("2027-01-01"), "{}");
        row("bedrock:once", "deprecation", "announced", Some("2027-01-01"), r#"{"pending":{"text":"x"}}"#);
        row("bedrock:review", "deprecation", "announced", None, r#"{"review":"no date"}"#);
        row("bedrock:ended", "deprecation", "announced", Some("2027-01-01"), r#"{"ended":true,"review":"x"}"#);
        row("bedrock:retired", "deprecation", "retired", Some("2027-01-01"), r#"{"ended":true}"#);
        let own = r#"{"ended":false},"forewarn/config":{"rank":"pinned"}"#;
        row("bedrock:own", "deprecation", "announced", Some("2027-01-01"), own);
        row("bedrock:broken", "incident", "open", None, r#"{"review":"x"}"#);
        old.execute_batch(
            "INSERT INTO alerts (id, matter, owner, policy, why, services, state, episode, opened_at, baseline, told_revision, version)
               VALUES (7, 'bedrock:plain', 'search', 'deprecation', 'uses', '[]', 'open', 1, 1, 0, 1, 1);
             INSERT INTO notifications (id, key, contact, channel, state, created_at) VALUES (3, 'k', 'search/slack', 'slack', 'delivered', 5);
             INSERT INTO obligations (id, alert, episode, deadline_revision, step, occurrence, contact, reason, notification, state, created_at)
               VALUES (9, 7, 1, 1, '30d', 0, 'search/slack', 'reminder', 3, 'delivered', 6), (2, 7, 1, 1, '60d', 0, 'search/lead', 'opened', 3, 'dead', 5);",
        )
        .unwrap();
        drop(old);
        let new = writable(&path).unwrap();
        let text = |sql: &str| -> String { new.query_row(sql, [], |r| r.get(0)).unwrap() };
        let points = text("SELECT group_concat(substr(id, 9) || ' ' || open_points, ', ' ORDER BY id) FROM matters");
        assert_eq!(points, "broken 0, ended 6, once 1, own 8, plain 0, retired 0, review 2");
        assert_eq!(text("SELECT group_concat(DISTINCT provider) FROM matters"), "aws");
        let of = text(
            "SELECT group_concat(substr(matter, 9), ' ' ORDER BY matter) FROM matter_subjects WHERE subject = 'bedrock:model/demo'",
        );
        assert_eq!(of, "ended once own plain retired review");
        let told = "SELECT group_concat(concat_ws(' ', alert, episode, deadline_revision, step, occurrence, contact, reason, notification, state, created_at), ', '
             ORDER BY step) FROM obligations";
        let kept = "7 1 1 30d 0 search/slack reminder 3 delivered 6, 7 1 1 60d 0 search/lead opened 3 dead 5";
        assert_eq!(text(told), kept);
        assert!(dir.path().join("forewarn.before-schema-13.db").exists(), "a copy of what was there");
    }

    #[test]
    fn a_kept_statement_is_planned_once_whatever_is_asked_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let c = writable(&dir.path().join("forewarn.db")).unwrap();
        for sql in [
            "SELECT id FROM alerts WHERE matter = ?1",
            "SELECT id FROM events WHERE matter = ?1 AND kind = ?1",
            "SELECT id FROM matters WHERE kind = ?1",
            "SELECT id FROM payloads WHERE conflict_of = ?1",
        ] {
            let mut statement = c.prepare_cached(sql).unwrap();
            for value in ["job", "open", "deprecation"] {
                assert!(statement.query([value]).unwrap().next().unwrap().is_none());
            }
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "{sql}");
        }
    }

    #[test]
    fn foreign_and_empty_files_are_damage_not_a_first_run() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("a.db", &b""[..]), ("b.db", b"hello, this is a text file")] {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(writable(&path), Err(StoreError::Damaged(_))), "{name}");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
}
