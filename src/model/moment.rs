//! A moment as people write it: `2026-11-23 08:00 Europe/Berlin`, `2h ago`, `yesterday`.
//!
//! In: words and now. Out: the stretch of time they name: a day is a day long, everything else is one moment. Invariant:
//! without a zone it is UTC, as all of forewarn prints it. Refuses to guess: `03/04/2026` is an error that says what is
//! allowed.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime, civil};

/// From when to when words reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end: the next midnight for a day, else its beginning.
    pub until: Timestamp,
}

impl Stretch {
    fn at(t: Timestamp) -> Self {
        Self { from: t, until: t }
    }

    /// Reads `now`, `today`, `yesterday`, `2h ago`, `2026-11-23`, `2026-11-23 08:00`, `08:00` (today), RFC 3339; the
    /// ones with a clock or a calendar may end in a zone: `UTC`, `+02:00`, `Europe/Berlin`.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || {
            format!(
                "{text:?} is no moment: write 2026-11-23, \"2026-11-23 08:00\", 2026-11-23T08:00:00Z, 08:00, 24h, \"2h ago\", now, today or yesterday; a zone may follow: \"2026-11-23 08:00 Europe/Berlin\" (UTC otherwise)"
            )
        };
        if text.len() > 80 {
            return Err(wrong());
        }
        let ago = text.strip_suffix("ago").map_or(text, str::trim_end);
        if let Some(seconds) = seconds(ago) {
            let t = now.checked_sub(SignedDuration::from_secs(seconds)).map_err(|_| wrong())?;
            return Ok(Self::at(t));
        }
        if let Ok(t) = text.parse::<Timestamp>() {
            return Ok(Self::at(t));
        }
        if let Ok(z) = text.parse::<ZonedDateTime>() {
            return Ok(Self::at(z.timestamp()));
        }
        let (words, zone) = match text.rsplit_once(' ') {
            Some((words, last)) => zone(last).map_or((text, TimeZone::UTC), |z| (words.trim_end(), z)),
            None => (text, TimeZone::UTC),
        };
        let today = now.to_zoned_datetime(zone.clone()).date();
        let named = match words {
            "now" => return Ok(Self::at(now)),
            "today" => Some(today),
            "yesterday" => today.yesterday().ok(),
            // A date with a time is a date too, for a parser: what has a colon is not asked.
            w if w.contains(':') => None,
            w => w.parse::<civil::Date>().ok(),
        };
        let placed =
            |at: civil::DateTime| at.to_zoned_datetime(zone.clone()).map(|z| z.timestamp()).map_err(|_| wrong());
        if let Some(day) = named {
            let next = day.checked_add(1.day()).map_err(|_| wrong())?;
            return Ok(Self { from: placed(day.at(0, 0, 0, 0))?, until: placed(next.at(0, 0, 0, 0))? });
        }
        let timed = || words.parse::<civil::Time>().ok().filter(|_| words.len() <= 8).map(|t| today.to_datetime(t));
        let at = timed().or_else(|| words.parse::<civil::DateTime>().ok().filter(|_| words.contains(':')));
        placed(at.ok_or_else(wrong)?).map(Self::at)
    }
}

/// Whole minutes between two moments, never negative.
pub fn minutes(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_mins().max(0)
}

/// `45s`, `90m`, `2h`, `7d`, `3w`, at most ten years.
fn seconds(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let each = match unit.trim_start() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(each).filter(|n| *n <= 3_650 * 86_400)
}

fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "UTC" | "Z" | "utc") {
        return Some(TimeZone::UTC);
    }
    let offset = name.strip_prefix(['+', '-']).and_then(|digits| {
        let (h, m) = digits.split_once(':')?;
        let (h, m): (i32, i32) = (h.parse().ok()?, m.parse().ok()?);
        let seconds = (h * 60 + m) * 60 * if name.starts_with('-') { -1 } else { 1 };
        (h < 24 && m < 60).then(|| jiff::tz::Offset::from_seconds(seconds).ok())?
    });
    offset.map(TimeZone::fixed).or_else(|| TimeZone::get(name).ok().filter(|_| name.contains('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-11-23T15:30:00Z".parse().unwrap()
    }
    fn read(text: &str) -> (String, String) {
        let s = Stretch::parse(text, now()).unwrap_or_else(|e| panic!("{e}"));
        (s.from.to_string(), s.until.to_string())
    }

    #[test]
    fn a_moment_is_read_in_every_way_that_is_written_down() {
        for (text, from) in [
            ("now", "2026-11-23T15:30:00Z"),
            ("2h ago", "2026-11-23T13:30:00Z"),
            ("2h", "2026-11-23T13:30:00Z"),
            ("90m ago", "2026-11-23T14:00:00Z"),
            ("1w", "2026-11-16T15:30:00Z"),
            ("2026-11-22T08:00:00Z", "2026-11-22T08:00:00Z"),
            ("2026-11-22T08:00:00+02:00", "2026-11-22T06:00:00Z"),
            ("2026-11-22T08:00[Europe/Berlin]", "2026-11-22T07:00:00Z"),
            ("2026-11-22 08:00", "2026-11-22T08:00:00Z"),
            ("2026-11-22T08:00", "2026-11-22T08:00:00Z"),
            ("2026-11-22 08:00 Europe/Berlin", "2026-11-22T07:00:00Z"),
            ("2026-11-22 08:00 -05:00", "2026-11-22T13:00:00Z"),
            ("08:15", "2026-11-23T08:15:00Z"),
            ("08:15 America/New_York", "2026-11-23T13:15:00Z"),
        ] {
            assert_eq!(read(text), (from.to_owned(), from.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_day_is_a_day_long_in_its_zone() {
        let day = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(read("2026-11-22"), day("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"));
        assert_eq!(read("today"), day("2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"));
        assert_eq!(read("yesterday UTC"), day("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"));
        // The day on which clocks went back has 25 hours.
        assert_eq!(read("2026-10-25 Europe/Berlin"), day("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"));
    }

    #[test]
    fn what_could_mean_two_things_is_refused_with_what_is_allowed() {
        for text in [
            "03/04/2026",
            "",
            "tomorrowish",
            "2026-13-01",
            "25:00",
            "5 parsecs ago",
            "2026-11-22 08:00 Mars",
            "99999999d",
        ] {
            let e = Stretch::parse(text, now()).unwrap_err();
            assert!(e.contains("2h ago") && e.contains("Europe/Berlin"), "{text}: {e}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_end_before_it_begins(text in "\\PC{0,40}") {
            if let Ok(s) = Stretch::parse(&text, now()) {
                prop_assert!(s.from <= s.until);
            }
        }
    }
}
