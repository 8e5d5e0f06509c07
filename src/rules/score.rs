//! The score: counts of how a provider has treated its customers.
//!
//! In: its deprecations, their moves, its incidents. Out: counts. Invariant: notice is counted from the day it was
//! announced to the firm day of the end; what gives no such days is counted apart and not guessed. Refuses to grade: how
//! many a figure rests on stands beside it.

use crate::model::moment::minutes;
use crate::model::{Change, Event, Firmness, MatterState, Severity, Stage};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;
use std::borrow::Borrow;

/// Notice before an end, in days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Ends that we know of.
    pub ends: usize,
    /// Those of which the day of the announcement and a firm day of the end are known: the rest rests on these.
    pub known: usize,
    /// The shortest.
    pub shortest: Option<i32>,
    /// The median.
    pub median: Option<i32>,
    /// The longest.
    pub longest: Option<i32>,
    /// How many gave less than 90 days.
    pub under_90: usize,
}

/// Dates that changed, as we heard it happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Dates {
    /// Moved to an earlier day.
    pub earlier: usize,
    /// Moved to a later day.
    pub later: usize,
    /// Taken back.
    pub withdrawn: usize,
}

/// Incidents of the last year.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Incidents {
    /// From when on they count.
    pub since: Timestamp,
    /// The first that we know of: a status page shows only some months.
    pub first_at: Option<Timestamp>,
    /// How many.
    pub count: usize,
    /// How many are open.
    pub open: usize,
    /// How many were major or critical.
    pub major: usize,
    /// The median of those that are over, in minutes.
    pub median_minutes: Option<i64>,
    /// The longest of those that are over, in minutes.
    pub longest_minutes: Option<i64>,
    /// All that are over together, in minutes.
    pub total_minutes: i64,
}

/// The notice these gave.
pub fn notice<M: Borrow<MatterState>>(ends: &[M]) -> Notice {
    let mut days: Vec<i32> =
        ends.iter().map(Borrow::borrow).filter(|m| m.stage != Stage::Withdrawn).filter_map(given).collect();
    days.sort_unstable();
    Notice {
        ends: ends.len(),
        known: days.len(),
        shortest: days.first().copied(),
        median: days.get(days.len() / 2).copied(),
        longest: days.last().copied(),
        under_90: days.iter().filter(|d| **d < 90).count(),
    }
}

/// Days from the announcement to the end. Where the page gives no day of the announcement, the day we heard of it counts,
/// if we were listening already.
fn given(m: &MatterState) -> Option<i32> {
    let end = m.deadline.as_ref().filter(|d| d.firmness == Firmness::Firm)?.date;
    let heard = || (!m.baseline).then(|| day(m.opened_at));
    let announced = m.announced_on.or_else(heard)?;
    announced.until(end).ok().map(|s| s.get_days()).filter(|d| *d >= 0)
}

/// How these changed dates.
pub fn dates(moves: &[Event]) -> Dates {
    let mut out = Dates::default();
    for e in moves {
        match (e.event.change, &e.event.moved_from, &e.event.deadline) {
            (Some(Change::Withdrawn), ..) => out.withdrawn += 1,
            (_, Some(a), Some(b)) if b.date < a.date => out.earlier += 1,
            (_, Some(a), Some(b)) if b.date > a.date => out.later += 1,
            (..) => {}
        }
    }
    out
}

/// How these went.
pub fn incidents<M: Borrow<MatterState>>(all: &[M], since: Timestamp) -> Incidents {
    let all: Vec<&MatterState> = all.iter().map(Borrow::borrow).collect();
    let mut took: Vec<i64> =
        all.iter().filter(|m| m.stage == Stage::Resolved).map(|m| minutes(m.opened_at, m.latest_at)).collect();
    took.sort_unstable();
    Incidents {
        since,
        first_at: all.iter().map(|m| m.opened_at).min(),
        count: all.len(),
        open: all.iter().filter(|m| m.stage == Stage::Open).count(),
        major: all.iter().filter(|m| m.severity >= Severity::Major).count(),
        median_minutes: took.get(took.len() / 2).copied(),
        longest_minutes: took.last().copied(),
        total_minutes: took.iter().sum(),
    }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned_datetime(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Deadline, Kind};
    use crate::rules::testing::{at, matter};
    use jiff::civil::date;

    fn end(announced: Option<Date>, on: Date, baseline: bool) -> MatterState {
        MatterState {
            announced_on: announced,
            deadline: Some(Deadline::day(on, "")),
            baseline,
            opened_at: at("2026-08-20T00:00:00Z"),
            ..matter(Kind::Deprecation, Some(on))
        }
    }

    #[test]
    fn notice_is_counted_from_what_was_announced_and_never_guessed() {
        let first_read = end(None, date(2026, 9, 1), true);
        let heard = end(None, date(2026, 9, 1), false);
        let said = end(Some(date(2026, 1, 1)), date(2026, 12, 31), true);
        assert_eq!(given(&first_read), None, "when we first read the page says nothing of when it was announced");
        assert_eq!((given(&heard), given(&said)), (Some(12), Some(364)));
        let n = notice(&[first_read, heard, said]);
        assert_eq!((n.ends, n.known, n.shortest, n.longest, n.under_90), (3, 2, Some(12), Some(364), 1));
        let mut floor = end(Some(date(2026, 1, 1)), date(2026, 12, 31), false);
        if let Some(d) = &mut floor.deadline {
            d.firmness = Firmness::NotBefore;
        }
        assert_eq!(given(&floor), None, "a floor promises no end");
    }
}
