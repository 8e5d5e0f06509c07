//! Working hours, holidays, quiet hours and absences of an owner.
//!
//! In: what `[owners.NAME]` says. Out: the morning of a day, the end of quiet hours, who stands in. Invariant: a reminder
//! for a day off moves to the working day before, so it is never later than meant. Refuses to invent: without words about
//! hours every day is a working day that begins at nine.

use jiff::civil::{Date, Time, Weekday, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::BTreeSet;

/// Days looked back for a working day: longer than any holidays.
const LOOK_BACK: usize = 60;
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Monday first.
    days: [bool; 7],
    /// When a working day begins, and reminders go out.
    begin: Time,
    /// Days off.
    holidays: BTreeSet<Date>,
    /// Nothing but critical incidents from the first to the second.
    quiet: Option<(Time, Time)>,
}

impl Default for Hours {
    fn default() -> Self {
        Self { days: [true; 7], begin: time(9, 0, 0, 0), holidays: BTreeSet::new(), quiet: None }
    }
}

/// An absence: from the first to the last day, somebody else is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// The owner who is told instead.
    pub deputy: String,
}

impl Hours {
    /// Takes `mon-fri 09:00-17:00`, `mon,wed 10:00-16:00` or `08:00-16:00`.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn set_work(&mut self, text: &str) -> Result<(), String> {
        let wrong = || format!("{text:?} are no working hours: write \"mon-fri 09:00-17:00\"");
        let (days, hours) = match text.split_once(' ') {
            Some((d, h)) => (Some(d), h.trim()),
            None if text.contains(':') => (None, text),
            None => return Err(wrong()),
        };
        let (begin, end) = span(hours).ok_or_else(wrong)?;
        if begin >= end {
            return Err(format!("{text:?}: the day ends before it begins"));
        }
        if let Some(list) = days {
            let mut set = [false; 7];
            for part in list.split(',') {
                let (a, b) = part.split_once('-').unwrap_or((part, part));
                let at = |name: &str| DAYS.iter().position(|(n, _)| name.eq_ignore_ascii_case(n)).ok_or_else(wrong);
                let (a, b) = (at(a)?, at(b)?);
                let len = (b + 7 - a) % 7 + 1;
                (0..len).for_each(|i| set[(a + i) % 7] = true);
            }
            self.days = set;
        }
        self.begin = begin;
        Ok(())
    }

    /// Takes `22:00-07:00`.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub fn set_quiet(&mut self, text: &str) -> Result<(), String> {
        let wrong = || format!("{text:?} are no quiet hours: write \"22:00-07:00\"");
        let (from, to) = span(text).filter(|(a, b)| a != b).ok_or_else(wrong)?;
        self.quiet = Some((from, to));
        Ok(())
    }

    /// Adds a day off.
    pub fn add_holiday(&mut self, day: Date) {
        self.holidays.insert(day);
    }

    /// Whether people work on a day.
    pub fn works(&self, day: Date) -> bool {
        self.days[usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0)] && !self.holidays.contains(&day)
    }

    /// When reminders meant for a day go out: as that day begins, or the last working day before it.
    pub fn morning(&self, zone: &TimeZone, day: Date) -> Option<Timestamp> {
        let back = day.series(-1.day()).take(LOOK_BACK).find(|d| self.works(*d)).unwrap_or(day);
        Some(back.to_datetime(self.begin).to_zoned_datetime(zone.clone()).ok()?.timestamp())
    }

    /// The end of quiet hours, if they are on.
    pub fn quiet_until(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let (from, to) = self.quiet?;
        let local = now.to_zoned_datetime(zone.clone());
        let (day, at) = (local.date(), local.time());
        let end = match (from < to, at >= from, at < to) {
            (true, true, true) | (false, false, true) => day,
            (false, true, _) => day.tomorrow().ok()?,
            (true, _, _) | (false, false, false) => return None,
        };
        let end = end.to_datetime(to).to_zoned_datetime(zone.clone()).ok()?.timestamp();
        (end > now).then_some(end)
    }
}

fn span(text: &str) -> Option<(Time, Time)> {
    let (a, b) = text.split_once('-')?;
    let at = |t: &str| {
        let (h, m) = t.trim().split_once(':')?;
        Time::new(h.parse().ok()?, m.parse().ok().filter(|_| m.len() == 2)?, 0, 0).ok()
    };
    Some((at(a)?, at(b)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn hours(work: &str, quiet: &str) -> Hours {
        let mut h = Hours::default();
        h.set_work(work).unwrap();
        if !quiet.is_empty() {
            h.set_quiet(quiet).unwrap();
        }
        h
    }

    #[test]
    fn a_day_off_is_told_on_the_working_day_before() {
        let mut h = hours("mon-fri 10:00-18:00", "");
        h.add_holiday(date(2026, 12, 25));
        h.add_holiday(date(2026, 12, 24));
        let at = |d: Date| h.morning(&TimeZone::UTC, d).unwrap().to_string();
        assert_eq!(at(date(2026, 11, 24)), "2026-11-24T10:00:00Z", "a Tuesday");
        assert_eq!(at(date(2026, 11, 29)), "2026-11-27T10:00:00Z", "a Sunday");
        assert_eq!(at(date(2026, 12, 27)), "2026-12-23T10:00:00Z", "a Sunday after two holidays");
        assert_eq!(
            Hours::default().morning(&TimeZone::UTC, date(2026, 11, 29)).unwrap().to_string(),
            "2026-11-29T09:00:00Z"
        );
    }

    #[test]
    fn quiet_hours_end_in_the_morning_in_the_owners_zone() {
        let h = hours("mon-fri 09:00-17:00", "22:00-07:00");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let end = |t: &str| h.quiet_until(&berlin, t.parse().unwrap()).map(|t| t.to_string());
        assert_eq!(end("2026-11-24T21:00:00Z").as_deref(), Some("2026-11-25T06:00:00Z"), "22:00 in Berlin");
        assert_eq!(end("2026-11-25T05:59:00Z").as_deref(), Some("2026-11-25T06:00:00Z"));
        assert_eq!(end("2026-11-25T06:00:00Z"), None);
        assert_eq!(end("2026-11-24T20:59:00Z"), None);
        let noon = hours("08:00-16:00", "12:00-13:00");
        let end = |t: &str| noon.quiet_until(&TimeZone::UTC, t.parse().unwrap()).map(|t| t.to_string());
        assert_eq!(end("2026-11-24T12:30:00Z").as_deref(), Some("2026-11-24T13:00:00Z"));
        assert_eq!((end("2026-11-24T11:30:00Z"), end("2026-11-24T13:30:00Z")), (None, None));
    }

    #[test]
    fn hours_that_cannot_be_say_what_is_allowed() {
        for bad in
            ["always", "mon-fri", "mon-fri 9-17", "mon-fry 09:00-17:00", "mon-fri 25:00-26:00", "mon 17:00-09:00"]
        {
            assert!(Hours::default().set_work(bad).is_err(), "{bad}");
        }
        for bad in ["22:00", "22-7", "07:00-07:00", "22:00-24:30"] {
            assert!(Hours::default().set_quiet(bad).unwrap_err().contains("22:00-07:00"), "{bad}");
        }
        let wrap = hours("sun-thu 08:30-16:00", "");
        assert!(wrap.works(date(2026, 11, 29)) && wrap.works(date(2026, 11, 26)) && !wrap.works(date(2026, 11, 27)));
    }
}
