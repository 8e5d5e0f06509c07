//! Headings that date an entry: `2026-07-20: Title`, `Week of May 6, 2026`, `[1.2.3] - 2026-07-20`.
//!
//! In: the words of a heading. Out: a day and what else the heading says. Invariants: a date counts where it leads the
//! heading, or, on pages none of whose headings do, where it ends one and stands apart from its words; so "Sunset on June
//! 6, 2026" inside an entry begins no new one. Refuses years alone, and dates inside a sentence.

use crate::model::Precision;
use crate::provider::read::date::{self, Found};
use jiff::civil::Date;

/// Where a date counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dates {
    /// At the front of a heading.
    Lead,
    /// At its end, behind a version or a title.
    End,
}

impl Dates {
    /// What a heading says; one without a year takes that of the heading above it.
    pub fn of(self, heading: &str, year: Option<i16>) -> Option<(Date, String)> {
        match self {
            Dates::Lead => leading(heading, year),
            Dates::End => ending(heading),
        }
    }
}

/// A day, or the first of a month, at the front of a heading or as a label; with what follows it.
pub(super) fn leading(text: &str, year: Option<i16>) -> Option<(Date, String)> {
    let text = text.trim();
    let (head, title) = text.split_once([':', '|']).map_or((text, ""), |(h, t)| (h.trim(), t.trim()));
    let led = |t: &str| date::find(t, None).first().is_none_or(|f| may_lead(&t[..f.range.start]));
    let read = |t: &str| date::deadline(t).filter(|_| led(t)).map(|d| d.date);
    // "November, 2025" and "Nov 12" under it.
    let found = read(head).or_else(|| read(&head.replace(',', ""))).or_else(|| read(&format!("{head}, {}", year?)));
    // A year alone, or a version that looks like one, is no entry's date.
    let is_year = head.len() <= 4;
    found.filter(|_| !is_year).map(|d| (d, title.to_owned())).or_else(|| before_a_title(text))
}

/// What may stand before the date of a heading that the date leads.
fn may_lead(before: &str) -> bool {
    const WORDS: &[&str] = &["", "week of", "the week of", "release", "released", "released on", "updated", "update"];
    const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let before = bare(before).to_lowercase();
    WORDS.contains(&before.as_str()) || DAYS.iter().any(|d| before.len() >= 3 && d.starts_with(&before))
}

/// `2026-05-06 - Title`, `May 5th, 2026 — Title`, `Week of May 6, 2026`.
fn before_a_title(text: &str) -> Option<(Date, String)> {
    let first = days(text).into_iter().next().filter(|f| may_lead(&text[..f.range.start]))?;
    Some((first.deadline.date, bare(&text[first.range.end..]).to_owned()))
}

/// `[1.2.3] - 2026-07-20`, `1.2.3 (2026-07-20)`, `New models — May 5, 2026`.
fn ending(text: &str) -> Option<(Date, String)> {
    let last = days(text).pop()?;
    let before = text[..last.range.start].trim_end();
    let title = bare(before);
    let apart = before.ends_with(['-', '–', '—', '|', '(', '[', ':', '·', '•']) || is_version(title);
    let ends = !text[last.range.end..].contains(char::is_alphanumeric);
    (apart && ends).then(|| (last.deadline.date, title.to_owned()))
}

/// Dates that are whole days.
fn days(text: &str) -> Vec<Found> {
    let mut all = date::find(text, None);
    all.retain(|f| f.deadline.precision == Precision::Day);
    all
}

/// Without what parts a date from a title.
fn bare(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || "-–—|:·•,.()[]#¶\u{200b}".contains(c))
}

/// `v1.2.3`, `2.0.0-rc.1`.
fn is_version(text: &str) -> bool {
    let number = text.strip_prefix(['v', 'V']).unwrap_or(text);
    number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.') && !number.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dates: Dates, text: &str) -> Option<(String, String)> {
        dates.of(text, None).map(|(d, t)| (d.to_string(), t))
    }

    #[test]
    fn a_heading_may_begin_with_its_date() {
        for (text, day, title) in [
            ("2026-07-20", "2026-07-20", ""),
            ("2026-07-20: Title", "2026-07-20", "Title"),
            ("2026-07-20 - Title one", "2026-07-20", "Title one"),
            ("2026-07-20 Title one", "2026-07-20", "Title one"),
            ("May 5th, 2026 — Title", "2026-05-05", "Title"),
            ("[May 20, 2026]", "2026-05-20", ""),
            ("Week of May 6, 2026", "2026-05-06", ""),
            ("Friday, May 8, 2026", "2026-05-08", ""),
            ("Released 2026-06-13", "2026-06-13", ""),
            ("18 May 2026", "2026-05-18", ""),
            ("August 7, 2026#", "2026-08-07", ""),
            ("August 2026", "2026-08-01", ""),
        ] {
            assert_eq!(of(Dates::Lead, text), Some((day.to_owned(), title.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_date_at_the_end_counts_only_apart_from_the_words() {
        for (text, day, title) in [
            ("[1.2.3] - 2026-05-01", "2026-05-01", "1.2.3"),
            ("1.2.2 (2026-04-01)", "2026-04-01", "1.2.2"),
            ("v1.2.1 - April 3, 2026", "2026-04-03", "v1.2.1"),
            ("2.0.0-rc.1 2026-04-03", "2026-04-03", "2.0.0-rc.1"),
            ("New models — August 9, 2026", "2026-08-09", "New models"),
        ] {
            assert_eq!(of(Dates::Lead, text), None, "{text}");
            assert_eq!(of(Dates::End, text), Some((day.to_owned(), title.to_owned())), "{text}");
        }
        for text in
            ["Sunset on June 6, 2026", "Ends June 6, 2026 for all", "2026", "Version 1.2", "Notes (August 2026)"]
        {
            assert_eq!((of(Dates::Lead, text), of(Dates::End, text)), (None, None), "{text}");
        }
    }
}
