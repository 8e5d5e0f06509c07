//! Cadence: when a source is fetched again, and when a delivery is tried again.
//!
//! In: base interval, failures, what the other side asked for. Out: seconds to wait. Invariant: jitter comes from a hash
//! of the name, so a restart changes nothing and sources do not march in step. Refuses to wait longer than its caps.

use crate::crypto::short_hash;

/// Longest wait between two fetches of a failing source, in seconds.
const LONGEST_FETCH_WAIT: i64 = 86_400;

/// Seconds until a source is fetched again: `base` after success, doubling with each failure in a row from 5 minutes
/// on but never past the later of `base` and a day; what the server asked for (`Retry-After`) is the least. Up to 10 % of
/// jitter, the same for one source every time.
pub fn next_fetch(source: &str, base: i64, failures: u32, asked: Option<i64>) -> i64 {
    let wait = if failures == 0 {
        base
    } else {
        let backoff = 300_i64.saturating_mul(1 << failures.min(12).saturating_sub(1));
        backoff.min(LONGEST_FETCH_WAIT).min(base.max(300))
    };
    let wait = wait.max(asked.unwrap_or(0).clamp(0, LONGEST_FETCH_WAIT));
    wait + wait / 10 * jitter(source) / 255
}

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

    #[test]
    fn a_failing_source_backs_off_but_not_past_its_interval_or_a_day() {
        let base = 21_600;
        let ok = next_fetch("a/b", base, 0, None);
        assert!((base..=base + base / 10).contains(&ok));
        let waits: Vec<_> = (1..20).map(|f| next_fetch("a/b", base, f, None)).collect();
        assert!(waits.is_sorted() && waits[0] < 400 && waits.iter().all(|w| *w <= base + base / 10), "{waits:?}");
        assert!(next_fetch("a/b", 60, 1, Some(7_200)) >= 7_200);
        assert!(next_fetch("a/b", 60, 1, Some(i64::MAX)) <= LONGEST_FETCH_WAIT + LONGEST_FETCH_WAIT / 10);
        assert!(next_fetch("a/b", 60, 1, Some(-5)) > 0);
    }

    #[test]
    fn retry_after_is_kept_between_a_second_and_a_quarter_hour() {
        assert_eq!([Some(30), Some(0), Some(-1), Some(99_999_999)].map(|a| next_attempt(1, a)), [30, 1, 1, 900]);
        assert_eq!([1, 2, 3, 99].map(|n| next_attempt(n, None)), [30, 60, 300, 3_600]);
    }
}
