//! Cadence: when a source is fetched again, and when a delivery is tried again.
//!
//! In: base interval, failures, what the other side asked for. Out: seconds to wait. Invariant: jitter comes from a hash
//! of the name, so a restart changes nothing and sources do not march in step. Refuses to wait longer than its caps.

use crate::crypto::short_hash;
use crate::model::Every;
use jiff::{SignedDuration, Timestamp};

/// Longest wait between two fetches of a failing source, in seconds.
const LONGEST_FETCH_WAIT: i64 = 86_400;
/// Longest that a failing source with a short interval is left alone.
const LONGEST_BACKOFF: i64 = 900;
/// While something is open on a page, it is read this often.
const WHILE_OPEN: i64 = 60;
/// What one read does not settle is read again after so long.
const AGAIN: i64 = 30;
/// A cache that asks for more patience than this is not heard, unless the interval is longer anyway.
const LONGEST_CACHE: i64 = 300;
/// Seconds between a hint and the fetch before it.
const BETWEEN_HINTS: i64 = 10;

/// Where a source stands after a fetch.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Its id.
    pub source: &'a str,
    /// How often it is fetched.
    pub every: &'a Every,
    /// Failures in a row.
    pub failures: u32,
    /// Seconds the server asked us to stay away (`Retry-After`).
    pub asked: Option<i64>,
    /// Seconds for which its caches give the same answer (`Cache-Control`).
    pub cached: Option<i64>,
    /// An incident is open on it.
    pub open: bool,
    /// It said something that only counts when it is read again.
    pub again: bool,
}

/// When a source is fetched again. After success: its interval or the next moment of its schedule, sooner while an
/// incident is open or something must be read twice. After a failure: its interval or 5 minutes, whichever is shorter,
/// doubling with each failure in a row up to the interval (or 15 minutes). Never sooner than the server or its caches ask,
/// within bounds. Up to 10 % of jitter, the same for one source every time; none where the moment was chosen.
pub fn next_fetch(t: &Turn<'_>, now: Timestamp) -> Timestamp {
    let base = t.every.about();
    let later = |seconds: i64| now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let at_least = t.asked.unwrap_or(0).clamp(0, LONGEST_FETCH_WAIT);
    let jittered = |wait: i64| later(wait + wait / 10 * jitter(t.source) / 255);
    if t.failures > 0 {
        let first = base.min(300);
        let wait = first.saturating_mul(1 << t.failures.min(16).saturating_sub(1)).min(base.max(LONGEST_BACKOFF));
        return jittered(wait.min(LONGEST_FETCH_WAIT).max(at_least));
    }
    if t.again {
        return later(AGAIN.max(at_least));
    }
    let cached = t.cached.unwrap_or(0).clamp(0, base.max(LONGEST_CACHE)).max(at_least);
    match t.every {
        Every::Seconds(_) => jittered(if t.open { base.min(WHILE_OPEN) } else { base }.max(cached)),
        Every::At(schedule) => {
            let due = schedule.next(now).unwrap_or_else(|| later(base));
            let due = if t.open { due.min(later(WHILE_OPEN)) } else { due };
            due.max(later(at_least))
        }
    }
}

/// When a hint makes us look at a page: at once, but not within 10 s of the last look.
pub fn after_hint(last_try: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let free = last_try.and_then(|t| t.checked_add(SignedDuration::from_secs(BETWEEN_HINTS)).ok());
    free.map_or(now, |t| t.max(now))
}

/// Whether a good read is too long ago: three intervals, or a day while reading fails.
pub fn is_stale(last_ok: Option<Timestamp>, every: i64, failures: u32, now: Timestamp) -> bool {
    let Some(last) = last_ok else { return failures >= MISSED };
    let age = now.duration_since(last).as_secs();
    // A little more than three intervals: jitter and a slow tick are no miss.
    failures >= MISSED || age > i64::from(MISSED) * every + every / 2 + 60 || (failures > 0 && age > 86_400)
}

/// Polls missed in a row after which a source is stale.
pub const MISSED: u32 = 3;

/// Seconds until a failed delivery is tried again: 30 s, 1, 5, 15, 30, then every 60 minutes. What the channel asked for
/// (`Retry-After`) replaces it, kept between 1 s and 15 min.
pub fn next_attempt(attempts: u32, asked: Option<i64>) -> i64 {
    const WAITS: [i64; 6] = [30, 60, 300, 900, 1_800, 3_600];
    match asked {
        Some(a) => a.clamp(1, 900),
        None => WAITS[(attempts.max(1) as usize - 1).min(WAITS.len() - 1)],
    }
}

/// How long a delivery is tried at all, in seconds: three days, as mail servers do.
pub const DELIVERY_LIFETIME: i64 = 3 * 86_400;

fn jitter(source: &str) -> i64 {
    i64::from(short_hash(&[source.as_bytes()])[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schedule;

    const NOW: &str = "2026-11-23T15:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn turn(every: &Every) -> Turn<'_> {
        Turn { source: "a/b", every, failures: 0, asked: None, cached: None, open: false, again: false }
    }

    fn wait(t: Turn<'_>) -> i64 {
        next_fetch(&t, now()).duration_since(now()).as_secs()
    }

    #[test]
    fn a_failing_source_backs_off_but_not_past_its_interval_or_a_day() {
        let base = Every::Seconds(21_600);
        let ok = wait(turn(&base));
        assert!((21_600..=23_760).contains(&ok));
        let waits: Vec<_> = (1..20).map(|failures| wait(Turn { failures, ..turn(&base) })).collect();
        assert!(waits.is_sorted() && waits[0] < 400 && waits.iter().all(|w| *w <= 23_760), "{waits:?}");
        let minute = Every::Seconds(60);
        let waits: Vec<_> = (1..20).map(|failures| wait(Turn { failures, ..turn(&minute) })).collect();
        assert!(waits[0] <= 66 && waits[1] <= 132 && waits.iter().all(|w| *w <= 990), "{waits:?}");
        let asked = |a| wait(Turn { failures: 1, asked: Some(a), ..turn(&minute) });
        assert!(asked(7_200) >= 7_200);
        assert!(asked(i64::MAX) <= LONGEST_FETCH_WAIT + LONGEST_FETCH_WAIT / 10);
        assert!(asked(-5) > 0);
    }

    #[test]
    fn an_open_incident_is_watched_closely_and_a_second_read_comes_soon() {
        let base = Every::Seconds(600);
        let open = Turn { open: true, ..turn(&base) };
        assert!((60..=66).contains(&wait(open)));
        assert_eq!(wait(Turn { again: true, ..open }), 30);
        assert_eq!(wait(Turn { again: true, asked: Some(90), ..open }), 90);
        let quick = Every::Seconds(30);
        assert!(wait(Turn { open: true, ..turn(&quick) }) <= 33, "never slower for it");
    }

    #[test]
    fn caches_are_heard_within_bounds() {
        let base = Every::Seconds(60);
        assert!((120..=132).contains(&wait(Turn { cached: Some(120), ..turn(&base) })));
        assert!(wait(Turn { cached: Some(86_400), ..turn(&base) }) <= 330);
        assert!(wait(Turn { cached: Some(-1), ..turn(&base) }) <= 66);
        assert!((120..=132).contains(&wait(Turn { cached: Some(120), open: true, ..turn(&base) })));
    }

    #[test]
    fn a_schedule_names_the_moment_itself() {
        let at = Every::At(Schedule::parse("30 6 * * *").unwrap());
        assert_eq!(next_fetch(&turn(&at), now()).to_string(), "2026-11-24T06:30:00Z");
        assert!(wait(Turn { failures: 1, ..turn(&at) }) < 400);
        assert!(wait(Turn { open: true, ..turn(&at) }) <= 60);
    }

    #[test]
    fn two_sources_of_one_interval_do_not_march_in_step_and_a_restart_changes_nothing() {
        let base = Every::Seconds(3_600);
        let of = |source| wait(Turn { source, ..turn(&base) });
        assert_ne!(of("openai/status"), of("anthropic/status"));
        assert_eq!(of("openai/status"), of("openai/status"));
    }

    #[test]
    fn hints_are_heard_at_most_every_ten_seconds() {
        let ago = |s: i64| now().checked_sub(SignedDuration::from_secs(s)).ok();
        assert_eq!(after_hint(None, now()), now());
        assert_eq!(after_hint(ago(60), now()), now());
        assert_eq!(after_hint(ago(4), now()).duration_since(now()).as_secs(), 6);
    }

    #[test]
    fn three_missed_polls_or_a_day_make_a_source_stale() {
        let ago = |s: i64| now().checked_sub(SignedDuration::from_secs(s)).ok();
        assert!(!is_stale(ago(120), 60, 0, now()) && is_stale(ago(400), 60, 0, now()));
        assert!(!is_stale(ago(90), 60, 2, now()) && is_stale(ago(90), 60, 3, now()));
        assert!(!is_stale(ago(90_000), 86_400, 0, now()) && is_stale(ago(90_000), 86_400, 1, now()));
        assert!(!is_stale(None, 60, 0, now()) && is_stale(None, 60, 3, now()));
    }

    #[test]
    fn retry_after_is_kept_between_a_second_and_a_quarter_hour() {
        assert_eq!([Some(30), Some(0), Some(-1), Some(99_999_999)].map(|a| next_attempt(1, a)), [30, 1, 1, 900]);
        assert_eq!([1, 2, 3, 99].map(|n| next_attempt(n, None)), [30, 60, 300, 3_600]);
    }
}
