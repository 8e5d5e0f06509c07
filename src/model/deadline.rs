//! A deadline: the civil date by which something ends, and how sure that is.
//!
//! In: what a reader took from a page or an API. Out: the date to count from. Invariant: `date` is the *earliest* day
//! the text allows (first day of a month or quarter), so a reminder can be early and never late. Refuses to guess:
//! a text without a readable date has no deadline.

use jiff::{Timestamp, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

/// How exactly the provider said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// A moment: `at` is set.
    Instant,
    /// A day.
    Day,
    /// A month; `date` is its first day.
    Month,
    /// A quarter; `date` is its first day.
    Quarter,
    /// A half of a year; `date` is its first day.
    Half,
    /// A year; `date` is its first day.
    Year,
}

/// Whether the date is promised or only a floor ("no sooner than").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firmness {
    /// It ends on that date.
    Firm,
    /// It ends on that date at the earliest.
    NotBefore,
}

/// When something ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Deadline {
    /// The earliest civil date the text allows. Days are counted to it in the owner's zone.
    pub date: Date,
    /// The moment, when the provider gave one.
    pub at: Option<Timestamp>,
    /// How exactly it was said.
    pub precision: Precision,
    /// Promised, or a floor.
    pub firmness: Firmness,
    /// The zone the provider named, as an IANA name or an offset.
    pub zone: Option<String>,
    /// The text it was read from.
    pub text: String,
    /// Rises by one whenever the date of this matter changes; 1 at first.
    pub revision: u32,
}

impl Deadline {
    /// A firm day.
    pub fn day(date: Date, text: impl Into<String>) -> Self {
        Self {
            date,
            at: None,
            precision: Precision::Day,
            firmness: Firmness::Firm,
            zone: None,
            text: text.into(),
            revision: 1,
        }
    }

    /// Whether two deadlines say the same thing; the text they were read from and the revision do not count.
    pub fn same_as(&self, other: &Deadline) -> bool {
        (self.date, self.at, self.precision, self.firmness) == (other.date, other.at, other.precision, other.firmness)
    }

    /// Days from `today` to the deadline; negative once it has passed.
    pub fn days_left(&self, today: Date) -> i32 {
        today.until(self.date).map_or(0, |span| span.get_days())
    }

    /// The latest civil day the text allows: the last of a month; none but the end of time for a floor.
    pub fn latest(&self) -> Date {
        let span = match (self.firmness, self.precision) {
            (Firmness::NotBefore, _) => return Date::MAX,
            (Firmness::Firm, Precision::Instant | Precision::Day) => return self.date,
            (Firmness::Firm, Precision::Month) => 1.month(),
            (Firmness::Firm, Precision::Quarter) => 3.months(),
            (Firmness::Firm, Precision::Half) => 6.months(),
            (Firmness::Firm, Precision::Year) => 1.year(),
        };
        self.date.saturating_add(span).yesterday().unwrap_or(self.date)
    }

    /// The date in words, with weekday: `Fri 22 Jan 2027`, `from Feb 2027`, `from Q3 2026`, `not before Fri 22 Jan 2027`.
    pub fn in_words(&self) -> String {
        let d = self.date;
        let when = match self.precision {
            Precision::Instant | Precision::Day => d.strftime("%a %-d %b %Y").to_string(),
            Precision::Month => d.strftime("%b %Y").to_string(),
            Precision::Quarter => format!("Q{} {}", (d.month() - 1) / 3 + 1, d.year()),
            Precision::Half => format!("H{} {}", (d.month() - 1) / 6 + 1, d.year()),
            Precision::Year => d.year().to_string(),
        };
        match (self.firmness, self.precision) {
            (Firmness::NotBefore, _) => format!("not before {when}"),
            (Firmness::Firm, Precision::Instant | Precision::Day) => when,
            (Firmness::Firm, Precision::Month | Precision::Quarter | Precision::Half | Precision::Year) => {
                format!("from {when}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_counted_between_civil_dates() {
        let d = Deadline::day(date(2027, 1, 22), "2027-01-22");
        assert_eq!(d.days_left(date(2026, 11, 23)), 60);
        assert_eq!(d.days_left(date(2027, 1, 23)), -1);
        assert_eq!(d.in_words(), "Fri 22 Jan 2027");
    }

    #[test]
    fn a_floor_and_a_month_say_so() {
        let mut d = Deadline::day(date(2027, 2, 1), "February 2027");
        d.precision = Precision::Month;
        assert_eq!(d.in_words(), "from Feb 2027");
        d.firmness = Firmness::NotBefore;
        assert_eq!(d.in_words(), "not before Feb 2027");
        d.precision = Precision::Quarter;
        assert_eq!(d.in_words(), "not before Q1 2027");
        (d.date, d.precision, d.firmness) = (date(2027, 7, 1), Precision::Half, Firmness::Firm);
        assert_eq!((d.in_words().as_str(), d.latest()), ("from H2 2027", date(2027, 12, 31)));
    }
}
