//! Schedules: a line of `cron` as POSIX means it, and the next moment it names.
//!
//! In: `MINUTE HOUR DAY MONTH WEEKDAY [ZONE]`. Out: the next moment after a given one. Invariant: weekdays are 0-7 with
//! Sunday at both ends; a day fits if either restricted day field fits; the clock on the wall decides, so an hour that
//! daylight saving skips comes later and one it repeats counts once. Refuses lines that never come (30 February).

use cron::Schedule as Lines;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::str::FromStr;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// Nothing that comes at all comes more rarely than 29 February over a century without leap day: 8 years.
const YEARS_TRIED: i16 = 9;

/// How often something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Every {
    /// Again after so many seconds.
    Seconds(i64),
    /// At the moments of a schedule.
    At(Schedule),
}

impl Every {
    /// About how many seconds lie between two times: what "missed" is measured by.
    pub fn about(&self) -> i64 {
        match self {
            Every::Seconds(s) => *s,
            Every::At(_) => 86_400,
        }
    }
}

/// A schedule, ready to be asked.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    /// One line, or two where both day fields are restricted: the earlier one counts.
    lines: Vec<Lines>,
    zone: TimeZone,
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Schedule {}

impl Schedule {
    /// Reads a line; UTC without a zone.
    ///
    /// # Errors
    /// Which field is wrong and what is allowed there.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text, &TimeZone::UTC)
    }

    /// Reads a line; without a zone it is meant in this one, which then belongs to its text.
    ///
    /// # Errors
    /// As [`Schedule::parse`].
    pub fn parse_in(text: &str, zone: &TimeZone) -> Result<Self, String> {
        let read = Self::read(text, zone)?;
        let named = text.split_whitespace().count() > 5;
        let name = zone.iana_name().unwrap_or("UTC");
        Ok(if named { read } else { Self { text: format!("{text} {name}"), ..read } })
    }

    fn read(text: &str, default: &TimeZone) -> Result<Self, String> {
        let wrong = |why: String| {
            format!(
                "{text:?}: {why}; write MINUTE HOUR DAY MONTH WEEKDAY [ZONE], for example \"30 6 * * 1-5 Europe/Berlin\""
            )
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (fields, zone) = match fields.as_slice() {
            [a, b, c, d, e] => ([*a, *b, *c, *d, *e], default.clone()),
            [a, b, c, d, e, zone] => {
                ([*a, *b, *c, *d, *e], TimeZone::get(zone).map_err(|_| wrong(format!("unknown zone {zone:?}")))?)
            }
            other => return Err(wrong(format!("it has {} fields", other.len()))),
        };
        let read = |i: usize, field: &Field| set(fields[i], field).map_err(|e| wrong(format!("{}: {e}", field.name)));
        let minutes = read(0, &Field { name: "minute", from: 0, to: 59, words: &[] })?;
        let hours = read(1, &Field { name: "hour", from: 0, to: 23, words: &[] })?;
        let days = read(2, &Field { name: "day of the month", from: 1, to: 31, words: &[] })?;
        let months = read(3, &Field { name: "month", from: 1, to: 12, words: &MONTHS })?;
        let weekdays: BTreeSet<u32> =
            read(4, &Field { name: "weekday", from: 0, to: 7, words: &DAYS })?.into_iter().map(|d| d % 7).collect();
        let head = format!("0 {} {}", list(&minutes), list(&hours));
        let (days, months) = (list(&days), list(&months));
        // The crate counts weekdays from Sunday = 1; names mean the same everywhere.
        let weekdays = weekdays.iter().map(|d| DAYS[*d as usize]).collect::<Vec<_>>().join(",");
        let both_restricted = !fields[2].starts_with('*') && !fields[4].starts_with('*');
        let texts = if both_restricted {
            vec![format!("{head} {days} {months} *"), format!("{head} * {months} {weekdays}")]
        } else {
            vec![format!("{head} {days} {months} {weekdays}")]
        };
        let lines: Result<Vec<Lines>, _> = texts.iter().map(|t| Lines::from_str(t)).collect();
        let out = Self { text: text.to_owned(), lines: lines.map_err(|_| wrong("it cannot be read".into()))?, zone };
        if out.next_civil(jiff::civil::date(2024, 3, 1).at(0, 0, 0, 0)).is_none() {
            return Err(wrong("it names no day that ever comes".into()));
        }
        Ok(out)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first moment of the schedule after `now`.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let mut civil = now.to_zoned_datetime(self.zone.clone()).datetime();
        // The wall may show a time twice: its first showing counts, and it may have passed.
        for _ in 0..2_000 {
            civil = self.next_civil(civil)?;
            let at = civil.to_zoned_datetime(self.zone.clone()).ok()?.timestamp();
            if at > now {
                return Some(at);
            }
        }
        None
    }

    /// The first time on the wall after another, as if every zone were UTC.
    fn next_civil(&self, after: DateTime) -> Option<DateTime> {
        let seconds = after.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp().as_second();
        let from = chrono::DateTime::from_timestamp(seconds, 0)?;
        let first = self.lines.iter().filter_map(|l| l.after(&from).next()).min()?;
        let at = Timestamp::from_second(first.timestamp()).ok()?.to_zoned_datetime(TimeZone::UTC).datetime();
        (at.year() - after.year() <= YEARS_TRIED).then_some(at)
    }
}

struct Field<'a> {
    name: &'a str,
    from: u32,
    to: u32,
    words: &'a [&'a str],
}

/// The numbers a field names: `*`, `7`, `mon`, `1-5`, `*/15`, `8-18/2`, and lists of these.
fn set(text: &str, f: &Field<'_>) -> Result<BTreeSet<u32>, String> {
    let mut out = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, step.parse().ok().filter(|s| *s > 0).ok_or_else(|| format!("{part:?} has no step"))?)
            }
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (f.from, if f.to == 7 { 6 } else { f.to }),
            Some((a, b)) => (number(a, f)?, number(b, f)?),
            None if step > 1 => return Err(format!("{part:?}: a step needs a range or *")),
            None => (number(range, f)?, number(range, f)?),
        };
        if from > to {
            return Err(format!("{part:?} runs backwards"));
        }
        out.extend((from..=to).step_by(step));
    }
    Ok(out)
}

fn number(text: &str, f: &Field<'_>) -> Result<u32, String> {
    let word = f.words.iter().position(|w| text.eq_ignore_ascii_case(w));
    let n = word.and_then(|i| u32::try_from(i).ok()).map(|i| i + f.from).or_else(|| text.parse().ok());
    n.filter(|n| (f.from..=f.to).contains(n)).ok_or_else(|| format!("{text:?} is not between {} and {}", f.from, f.to))
}

fn list(numbers: &BTreeSet<u32>) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn next(line: &str, now: &str) -> String {
        Schedule::parse(line).unwrap().next(now.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn five_fields_mean_what_posix_says() {
        // 2026-11-23 is a Monday.
        for (line, at) in [
            ("30 6 * * *", "2026-11-24T06:30:00Z"),
            ("*/15 * * * *", "2026-11-23T15:15:00Z"),
            ("0 9 * * 1-5", "2026-11-24T09:00:00Z"),
            ("0 9 * * 7", "2026-11-29T09:00:00Z"),
            ("0 9 * * 0", "2026-11-29T09:00:00Z"),
            ("0 9 * * sun", "2026-11-29T09:00:00Z"),
            ("0 9 * * 6", "2026-11-28T09:00:00Z"),
            ("0 0 1 jan *", "2027-01-01T00:00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00:00Z"),
            ("0 8-18/5 * * *", "2026-11-23T18:00:00Z"),
        ] {
            assert_eq!(next(line, "2026-11-23T15:00:00Z"), at, "{line}");
        }
    }

    #[test]
    fn a_day_fits_if_either_restricted_day_field_fits() {
        let s = Schedule::parse("0 0 13 * 5").unwrap();
        let mut now: Timestamp = "2026-11-23T15:00:00Z".parse().unwrap();
        let mut days = Vec::new();
        for _ in 0..5 {
            now = s.next(now).unwrap();
            days.push(now.to_string()[..10].to_owned());
        }
        assert_eq!(days, ["2026-11-27", "2026-12-04", "2026-12-11", "2026-12-13", "2026-12-18"]);
    }

    #[test]
    fn a_skipped_hour_comes_later_and_a_repeated_one_counts_once() {
        let s = Schedule::parse("30 2 * * * Europe/Berlin").unwrap();
        let at = |t: &str| s.next(t.parse().unwrap()).unwrap().to_string();
        assert_eq!(at("2026-03-28T12:00:00Z"), "2026-03-29T01:30:00Z", "03:30 summer time, an hour later on the wall");
        assert_eq!(at("2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z", "not again in the same night");
        assert_eq!(at("2026-10-25T01:10:00Z"), "2026-10-26T01:30:00Z", "nor from within the second hour");
    }

    #[test]
    fn what_cannot_be_or_never_comes_is_refused_with_the_form() {
        for bad in [
            "",
            "* * * *",
            "* * * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "5-1 * * * *",
            "*/0 * * * *",
            "5/2 * * * *",
            "a * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
            "0 0 * * * Mars/Base",
            "-1 * * * *",
        ] {
            let e = Schedule::parse(bad).unwrap_err();
            assert!(e.contains("MINUTE HOUR"), "{bad}: {e}");
        }
    }

    fn field(from: u32, to: u32) -> impl Strategy<Value = String> {
        prop_oneof![
            3 => Just("*".to_owned()),
            2 => (from..=to).prop_map(|n| n.to_string()),
            1 => (from..=to, from..=to).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            1 => (from..=to, from..=to).prop_map(|(a, b)| format!("{a},{b}")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        /// Beside another implementation: the next five moments in UTC are the same.
        #[test]
        fn croner_names_the_same_moments(
            minute in field(0, 59), hour in field(0, 23), day in field(1, 28), month in field(1, 12), weekday in field(0, 7),
            start in 1_700_000_000i64..1_900_000_000,
        ) {
            let line = format!("{minute} {hour} {day} {month} {weekday}");
            let ours = Schedule::parse(&line).unwrap();
            let theirs = croner::Cron::from_str(&line).unwrap();
            let (mut a, mut b) = (Timestamp::from_second(start).unwrap(), chrono::DateTime::from_timestamp(start, 0).unwrap());
            for _ in 0..5 {
                a = ours.next(a).unwrap();
                b = theirs.find_next_occurrence(&b, false).unwrap();
                prop_assert_eq!(a.as_second(), b.timestamp(), "{}", line);
            }
        }

        #[test]
        fn no_text_panics(text in "[0-9*/, a-z-]{0,24}") {
            let _ = Schedule::parse(&text).map(|s| s.next(Timestamp::UNIX_EPOCH));
        }
    }
}
