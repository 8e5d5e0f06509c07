//! Who was asked, and who has answered: by what ends, and by owner.
//!
//! In: alerts, what they are about, today. Out: [`Ending`]s with the answer of each owner, [`Asked`] owners with the most
//! urgent of what waits for them. Invariant: an owner who has not answered is never hidden by another who has. Refuses to
//! read every alert: the store gives counts, and a few of each owner.

use crate::engine::Context;
use crate::engine::calendar::{Deprecation, rows};
use crate::model::{Alert, AlertId, AlertState, Kind, MatterState, Severity};
use crate::store::StoreError;
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use std::sync::Arc;

/// Alerts shown of each owner.
const SHOWN: usize = 3;

/// Something of ours that ends.
#[derive(Debug, Clone, Serialize)]
pub struct Ending {
    /// As everywhere.
    #[serde(flatten)]
    pub row: Deprecation,
    /// Days to the day to reckon with; negative once passed.
    pub left: i32,
    /// What each owner said.
    pub answers: Vec<Answer>,
}

/// What one owner said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whose.
    pub owner: String,
    /// By which alert.
    pub alert: AlertId,
    /// Where it stands.
    pub state: AlertState,
    /// Who answered.
    pub by: Option<String>,
    /// When they mean to be done.
    pub plan_on: Option<Date>,
    /// Quiet until then.
    pub snoozed_until: Option<Timestamp>,
}

impl Answer {
    /// Whether both say the same, by whichever alert.
    pub fn says_as(&self, other: &Self) -> bool {
        let said = |a: &Self| Self { alert: AlertId(0), ..a.clone() };
        said(self) == said(other)
    }
}

/// An owner for whom something waits.
#[derive(Debug, Clone, Serialize)]
pub struct Asked {
    /// Who.
    pub owner: String,
    /// How many alerts.
    pub count: u64,
    /// The most urgent.
    pub first: Vec<Waiting>,
}

/// An alert nobody has answered.
#[derive(Debug, Clone, Serialize)]
pub struct Waiting {
    /// Its number.
    pub id: AlertId,
    /// Since when.
    pub opened_at: Timestamp,
    /// What it is about.
    pub kind: Kind,
    /// One line.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Days to its end, for a deprecation.
    pub days_left: Option<i32>,
}

/// What of ours ends, with what each owner said.
pub(super) async fn endings(cx: &Context, ours: &[Arc<MatterState>], today: Date) -> Result<Vec<Ending>, StoreError> {
    let alerts = cx.store.alerts_on(ours.iter().map(|m| m.id.clone()).collect()).await?;
    let of = |row: &Deprecation| {
        let mut all: Vec<Answer> = alerts.iter().filter(|a| a.matter.as_str() == row.id).map(answer).collect();
        all.sort_by(|a, b| a.owner.cmp(&b.owner));
        all
    };
    let left = |row: &Deprecation| row.soonest().and_then(|d| today.until(d).ok()).map_or(0, |s| s.get_days());
    let rows = rows(cx, ours, today).await?;
    Ok(rows.into_iter().map(|row| Ending { answers: of(&row), left: left(&row), row }).collect())
}

fn answer(a: &Alert) -> Answer {
    Answer {
        owner: a.owner.clone(),
        alert: a.id,
        state: a.state,
        by: a.ack.as_ref().map(|k| k.by.clone()),
        plan_on: a.ack.as_ref().and_then(|k| k.plan_on),
        snoozed_until: a.snoozed_until,
    }
}

/// Owners who have not answered, those with the most urgent first.
pub(super) async fn asked(cx: &Context, today: Date) -> Result<Vec<Asked>, StoreError> {
    let found = cx.store.unanswered(2 * SHOWN).await?;
    let mut all: Vec<Asked> =
        found.counts.into_iter().map(|(owner, count)| Asked { owner, count, first: Vec::new() }).collect();
    for (alert, m) in found.first {
        if let Some(a) = all.iter_mut().find(|a| a.owner == alert.owner) {
            a.first.push(waiting(&alert, &m, today));
        }
    }
    for a in &mut all {
        a.first.sort_by_key(urgency);
        a.first.truncate(SHOWN);
    }
    all.sort_by_key(|a| (a.first.first().map(urgency), a.owner.clone()));
    Ok(all)
}

fn waiting(alert: &Alert, m: &MatterState, today: Date) -> Waiting {
    Waiting {
        id: alert.id,
        opened_at: alert.opened_at,
        kind: m.kind,
        title: m.title.clone(),
        severity: m.severity,
        days_left: m.remind_by().map(|d| d.days_left(today)),
    }
}

/// The smaller, the more urgent: what ends within a week stands beside what is critical, within 30 days beside what is major.
fn urgency(w: &Waiting) -> (u8, i32, i64) {
    let class = match (w.days_left, w.severity) {
        (Some(..=7), _) | (None, Severity::Critical) => 0,
        (Some(..=30), _) | (None, Severity::Major) => 1,
        (None, Severity::Minor) => 2,
        (Some(_), _) => 3,
        (None, Severity::Info) => 4,
    };
    (class, w.days_left.unwrap_or(0), -w.opened_at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(days_left: Option<i32>, severity: Severity) -> Waiting {
        Waiting {
            id: AlertId(1),
            opened_at: Timestamp::UNIX_EPOCH,
            kind: Kind::Incident,
            title: String::new(),
            severity,
            days_left,
        }
    }

    #[test]
    fn what_is_nearest_to_hurt_stands_first() {
        let order = [
            waiting(Some(-3), Severity::Major),
            waiting(None, Severity::Critical),
            waiting(Some(4), Severity::Minor),
            waiting(None, Severity::Major),
            waiting(Some(23), Severity::Major),
            waiting(None, Severity::Minor),
            waiting(Some(60), Severity::Major),
            waiting(None, Severity::Info),
        ];
        let keys: Vec<_> = order.iter().map(urgency).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
