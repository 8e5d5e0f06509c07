//! Silence: connections that send nothing although they should.
//!
//! In: what each connection has sent so far. Out: findings with a command to test them; a silence against habit is told
//! to `operators` once, and so is its end. Invariant: a sender is measured by its own longest pause, so a rare one does not
//! cry wolf; one that never sent anything is shown and not told, for many hooks have nothing to say. Refuses to take
//! silence for "all is well".

use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::model::{Change, ConnectionId, MatterId, Severity, Stage};
use crate::store::{ConnectionRow, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Deliveries from which on a habit is known.
const HABIT: u64 = 5;
/// A habit is broken after so many times its longest pause, and not before a day.
const PAUSES: i64 = 2;
const LEAST: SignedDuration = SignedDuration::from_hours(24);
/// A connection that never sent anything is worth a look after so long.
const NEVER: SignedDuration = SignedDuration::from_hours(72);

/// How a connection is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Silence {
    /// It was connected, and never sent anything.
    Never {
        /// Since when it is configured.
        since: Timestamp,
    },
    /// It sent regularly, and stopped.
    Stopped {
        /// When it last sent something.
        last_at: Timestamp,
        /// Its longest pause until then.
        #[serde(skip)]
        pause: SignedDuration,
    },
}

/// Whether a connection is silent.
pub fn silence(row: &ConnectionRow, now: Timestamp) -> Option<Silence> {
    let Some(last_at) = row.last_at else {
        return (now.duration_since(row.since) >= NEVER).then_some(Silence::Never { since: row.since });
    };
    let pause = SignedDuration::from_millis(row.longest_gap_ms);
    let patience = pause.saturating_mul(i32::try_from(PAUSES).unwrap_or(i32::MAX)).max(LEAST);
    (row.deliveries >= HABIT && now.duration_since(last_at) > patience).then_some(Silence::Stopped { last_at, pause })
}

/// A silent connection, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub connection: ConnectionId,
    /// How.
    pub silence: Silence,
    /// One line.
    pub title: String,
    /// What to try, and what is known about this sender.
    pub advice: String,
}

/// The silent ones of these connections.
pub fn findings(cx: &Context, rows: &[ConnectionRow], configured: &[ConnectionId], now: Timestamp) -> Vec<Finding> {
    let ours = rows.iter().filter(|r| configured.contains(&r.connection));
    ours.filter_map(|r| Some(finding(cx, r, silence(r, now)?))).collect()
}

fn finding(cx: &Context, row: &ConnectionRow, silence: Silence) -> Finding {
    let id = &row.connection;
    let when = |t: Timestamp| t.strftime("%a %-d %b %Y %H:%M UTC").to_string();
    let title = match silence {
        Silence::Never { since } => format!("{id} has sent nothing since it was connected ({})", when(since)),
        Silence::Stopped { last_at, pause } => format!(
            "{id} has gone silent: last heard {}, and never paused longer than {} before",
            when(last_at),
            length(pause)
        ),
    };
    let provider = cx.catalog.get(id.provider());
    let kind = provider.and_then(|p| p.file.webhook()?.1.rules.first()?.types.first().cloned());
    let mut advice = format!(
        "Our side is tested by: forewarn simulate {id} {} --send PUBLIC_URL. The sender's own side shows what it tried: look at its list of deliveries.",
        kind.unwrap_or_else(|| "TYPE".into())
    );
    if let Some((p, off)) = provider.and_then(|p| Some((p, p.file.subscribe.switched_off.as_ref()?))) {
        advice.push_str(&format!(" {} switches a hook off by itself: {off}", p.file.name));
    }
    Finding { connection: id.clone(), silence, title, advice }
}

fn length(d: SignedDuration) -> String {
    match d.as_secs() {
        s if s >= 2 * 86_400 => format!("{} days", s / 86_400),
        s if s >= 2 * 3_600 => format!("{} hours", s / 3_600),
        s => format!("{} minutes", (s / 60).max(1)),
    }
}

/// The watcher of silences.
pub struct Watcher {
    /// What it works with.
    pub cx: Context,
    /// Hooks that are on.
    pub configured: Vec<ConnectionId>,
}

impl Watcher {
    /// From its first run on the silence of what is configured counts. Tells operators of hooks that stopped, and of those that are back.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        self.cx.store.expect(self.configured.clone(), now).await?;
        let rows = self.cx.store.connections().await?;
        let stopped: Vec<Finding> = findings(&self.cx, &rows, &self.configured, now)
            .into_iter()
            .filter(|f| matches!(f.silence, Silence::Stopped { .. }))
            .collect();
        for f in &stopped {
            trouble::report(&self.cx, &trouble(f.connection.clone(), Change::Opened, &f.title, &f.advice)?, now)
                .await?;
        }
        let mut told = Vec::new();
        for id in self.configured.iter().filter(|id| !stopped.iter().any(|f| f.connection == **id)) {
            told.push(matter(id)?);
        }
        for state in self.cx.store.matters(told).await?.into_iter().filter(|m| m.stage == Stage::Open) {
            let Some(id) = self.configured.iter().find(|id| matter(id).is_ok_and(|m| m == state.id)) else { continue };
            let back = trouble(id.clone(), Change::Resolved, &format!("{id} is heard again"), "")?;
            trouble::report(&self.cx, &back, now).await?;
        }
        Ok(Report {
            summary: if stopped.is_empty() { String::new() } else { format!("{} silent", stopped.len()) },
            ..Report::default()
        })
    }
}

fn about(id: &ConnectionId) -> String {
    format!("webhook/{}", id.account())
}

fn matter(id: &ConnectionId) -> Result<MatterId, StoreError> {
    MatterId::new(format!("{}:source/{}", id.provider(), about(id))).map_err(|e| StoreError::Damaged(e.to_string()))
}

fn trouble(id: ConnectionId, change: Change, title: &str, summary: &str) -> Result<Trouble, StoreError> {
    Ok(Trouble {
        about: about(&id),
        provider: crate::model::ProviderId::new(id.provider()).map_err(|e| StoreError::Damaged(e.to_string()))?,
        change,
        severity: Severity::Minor,
        title: title.to_owned(),
        summary: summary.to_owned(),
        native_id: None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;

    fn row(deliveries: u64, last_hours_ago: Option<i64>, gap_hours: i64) -> (ConnectionRow, Timestamp) {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let row = ConnectionRow {
            connection: ConnectionId::new("github/main").unwrap(),
            since: now - SignedDuration::from_hours(24 * 30),
            last_at: last_hours_ago.map(|h| now - SignedDuration::from_hours(h)),
            deliveries,
            longest_gap_ms: gap_hours * 3_600_000,
        };
        (row, now)
    }

    #[test]
    fn a_sender_is_measured_by_its_own_longest_pause() {
        for (deliveries, ago, gap, silent) in
            [(100, 25, 1, true), (100, 23, 1, false), (100, 25, 24, false), (100, 49, 24, true), (4, 500, 1, false)]
        {
            let (r, now) = row(deliveries, Some(ago), gap);
            assert_eq!(silence(&r, now).is_some(), silent, "{deliveries} deliveries, {ago} h ago, pause {gap} h");
        }
    }

    #[test]
    fn one_that_never_sent_anything_is_found_after_three_days() {
        let (r, now) = row(0, None, 0);
        assert_eq!(silence(&r, now), Some(Silence::Never { since: r.since }));
        assert_eq!(silence(&r, r.since + SignedDuration::from_hours(71)), None);
    }
}
