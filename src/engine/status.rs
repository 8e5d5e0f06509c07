//! Status: how forewarn itself is.
//!
//! In: the store, the connections. Out: one value for `forewarn status`, `/readyz` and pages. Invariant: unreadable and
//! fine are different values. Refuses to hide: a dead letter of the operators makes it red.

use super::Context;
use super::poll::{Off, Target};
use super::silence::{self, Finding};
use crate::model::ConnectionId;
use crate::rules::cadence::is_stale;
use crate::rules::directory::OPERATORS;
use crate::store::{Conflict, ConnectionRow, DeadLetter, SourceHealth, SourceRow, StoreError, Unreadable};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is said while restored data is held.
pub const HELD: &str = "this data is a restored copy: nothing is sent before `forewarn resume`";
/// Lists are cut here.
const SHOWN: usize = 20;
/// Sources that are not at fault all at once.
const MANY: usize = 5;

/// How everything is.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Version of forewarn.
    pub version: &'static str,
    /// When this was asked.
    pub at: Timestamp,
    /// Nothing needs a person.
    pub healthy: bool,
    /// What needs one, in words.
    pub findings: Vec<String>,
    /// The inbox.
    pub inbox: Inbox,
    /// Polled sources.
    pub sources: Vec<Polled>,
    /// Sources that are not polled, with the reason.
    pub off: Vec<(String, String)>,
    /// Messages given up, newest first.
    pub dead_letters: Vec<DeadLetter>,
    /// Payloads that could not be read, newest first.
    pub unrecognized: Vec<Unreadable>,
    /// Deliveries that repeat an id with another body.
    pub conflicts: Vec<Conflict>,
    /// What each connection has sent so far.
    pub connections: Vec<ConnectionRow>,
    /// Connections that are silent, with what to try.
    pub silent: Vec<Finding>,
    /// Hooks, counted since the start of the daemon; empty without one.
    pub hooks: Vec<Hook>,
    /// Tasks of the daemon; empty without one.
    pub tasks: Vec<Task>,
}

/// A polled source with what is expected of it.
#[derive(Debug, Clone, Serialize)]
pub struct Polled {
    /// How it is.
    #[serde(flatten)]
    pub row: SourceRow,
    /// Fewest rows of a good read.
    pub floor: usize,
}

impl std::ops::Deref for Polled {
    type Target = SourceRow;
    fn deref(&self) -> &SourceRow {
        &self.row
    }
}

/// What of the sources cannot be read. Where that is all of many, the way out is likelier to be at fault than they.
fn unread(sources: &[Polled]) -> Vec<String> {
    let tried: Vec<&SourceRow> = sources.iter().map(|p| &p.row).filter(|s| s.last_try_at.is_some()).collect();
    let unread = tried.iter().filter(|s| s.health != SourceHealth::Fresh);
    let told = unread.map(|s| format!("{} is {}: {}", s.id, s.health, s.problem.as_deref().unwrap_or("")));
    let mut told: Vec<String> = told.collect();
    if told.len() == tried.len() && told.len() >= MANY {
        told.insert(
            0,
            "no source at all can be read: forewarn doctor looks for a way out; a proxy stands in [fetch]".into(),
        );
    }
    told
}

/// A source as it is at a moment: one that nobody has read for long is stale, even where nobody could say so.
pub fn as_of(row: SourceRow, every: i64, now: Timestamp) -> SourceRow {
    if row.health != SourceHealth::Fresh || !is_stale(row.last_ok_at, every, row.failures, now) {
        return row;
    }
    let problem = row.problem.clone().or_else(|| Some("not read for too long: is forewarn running?".into()));
    SourceRow { health: SourceHealth::Stale, problem, ..row }
}

/// The inbox.
#[derive(Debug, Clone, Serialize)]
pub struct Inbox {
    /// Payloads not yet normalized.
    pub pending: u64,
    /// When the oldest of them came.
    pub oldest_at: Option<Timestamp>,
}

/// A hook since the start.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hook {
    /// Which connection.
    pub connection: String,
    /// Deliveries stored.
    pub accepted: u64,
    /// Deliveries refused, by reason.
    pub refused: Vec<(String, u64)>,
    /// How often each secret opened, in the order of the config.
    #[serde(default)]
    pub opened: Vec<u64>,
}

/// A task of the daemon.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// How often it ran.
    pub runs: u64,
    /// When it last ended.
    pub last_at: Option<Timestamp>,
    /// When it last went well.
    #[serde(default)]
    pub ok_at: Option<Timestamp>,
    /// What it last did.
    pub last: String,
    /// Failures in a row.
    pub failures: u32,
}

/// What status is asked about beside the store.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Connections whose webhook is on.
    pub configured: &'a [ConnectionId],
    /// Polled sources.
    pub targets: &'a [Target],
    /// Sources that are not polled.
    pub off: &'a Off,
    /// Hooks of the daemon.
    pub hooks: Vec<Hook>,
    /// Tasks of the daemon.
    pub tasks: Vec<Task>,
}

/// Gathers the status.
///
/// # Errors
/// The store's.
pub async fn status(cx: &Context, parts: Parts<'_>) -> Result<Status, StoreError> {
    let Parts { configured, targets, off, hooks, tasks } = parts;
    let now = cx.clock.now();
    let (pending, oldest_at) = cx.store.backlog().await?;
    let rows = cx.store.sources().await?;
    let sources: Vec<Polled> = targets
        .iter()
        .map(|t| {
            let row = rows.iter().find(|r| r.id == t.id).cloned();
            let row = row.unwrap_or_else(|| SourceRow::new(t.id.clone(), now));
            Polled { row: as_of(row, t.every.about(), now), floor: t.floor }
        })
        .collect();
    let dead_letters = cx.store.dead(SHOWN).await?;
    let operators = cx.directory.owner(OPERATORS);
    let mut findings = Vec::new();
    if dead_letters.iter().any(|d| operators.contacts.iter().any(|c| c.id == d.contact)) {
        findings
            .push("a message to the operators could not be delivered: nobody hears of forewarn's own troubles".into());
    }
    if cx.doubts(now).is_some() {
        findings.push(super::clockwatch::HELD.to_owned());
    }
    if let Some(at) = cx.store.held().await? {
        findings.push(format!("{HELD} (copied {})", at.strftime("%Y-%m-%d %H:%M UTC")));
    }
    if oldest_at.is_some_and(|t| now.duration_since(t).as_secs() > 120) {
        findings.push(format!("{pending} payloads wait, the oldest for more than two minutes"));
    }
    findings.extend(tasks.iter().filter(|t| t.failures > 2).map(|t| format!("task {} fails: {}", t.name, t.last)));
    findings.extend(unread(&sources));
    let connections = cx.store.connections().await?;
    let silent = silence::findings(cx, &connections, configured, now);
    Ok(Status {
        version: env!("CARGO_PKG_VERSION"),
        at: now,
        healthy: findings.is_empty(),
        findings,
        inbox: Inbox { pending, oldest_at },
        sources,
        off: off.list(&cx.catalog).into_iter().map(|o| (o.id.to_string(), o.why)).collect(),
        dead_letters,
        unrecognized: cx.store.unreadable(SHOWN).await?,
        conflicts: cx.store.conflicts(SHOWN).await?,
        silent,
        connections,
        hooks,
        tasks,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    #[test]
    fn where_nothing_at_all_is_read_the_way_out_is_named_first() {
        let now = Timestamp::UNIX_EPOCH;
        let source = |n: usize, health| {
            let id = SourceId::new(format!("demo{n}/status")).unwrap();
            let row = SourceRow { health, last_try_at: Some(now), ..SourceRow::new(id, now) };
            Polled { row, floor: 0 }
        };
        let mut all: Vec<Polled> = (0..MANY).map(|n| source(n, SourceHealth::Stale)).collect();
        let said = unread(&all);
        assert_eq!(said.len(), MANY + 1);
        assert!(said[0].contains("forewarn doctor") && said[1].starts_with("demo0/status is stale"), "{said:?}");
        // One that is read proves that there is a way out; one that nobody tried yet proves nothing.
        all.push(Polled { row: SourceRow { last_try_at: None, ..source(8, SourceHealth::Fresh).row }, floor: 0 });
        assert_eq!(unread(&all).len(), MANY + 1);
        all.push(source(9, SourceHealth::Fresh));
        assert_eq!(unread(&all).len(), MANY);
        assert!(unread(&[]).is_empty());
    }
}
