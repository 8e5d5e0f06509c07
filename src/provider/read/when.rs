//! Moments as feeds, front matter and status pages write them.
//!
//! In: a text. Out: an instant. Invariant: what cannot be read is no time (never "now", never a guess); a weekday that
//! does not fit its date is passed over, because generators get it wrong. Refuses `24:00`, whose day parsers disagree on,
//! and zones that are words with several meanings.

use super::date;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, fmt::rfc2822};

const WEEKDAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Zones that RFC 822 gave one meaning, <https://www.rfc-editor.org/rfc/rfc822#section-5.1>.
const ZONES: &[(&str, &str)] = &[
    ("EST", "-05:00"),
    ("EDT", "-04:00"),
    ("CST", "-06:00"),
    ("CDT", "-05:00"),
    ("MST", "-07:00"),
    ("MDT", "-06:00"),
    ("PST", "-08:00"),
    ("PDT", "-07:00"),
    ("UTC", "+00:00"),
    ("GMT", "+00:00"),
    ("UT", "+00:00"),
    ("Z", "+00:00"),
];

/// Longest text that is looked at.
const MAX: usize = 80;

/// Reads RFC 3339, RFC 2822 (`Z`, `PDT` and a wrong weekday too), `2026-11-20 10:00:00`, `Nov 20, 2026`,
/// `Thu Jan 31 2025 12:51:00 (MST)`. Without a zone it is UTC; without a clock, midnight.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() < 8 || text.len() > MAX || !text.is_ascii() || text.contains("T24:") || text.contains(" 24:") {
        return None;
    }
    if let Some(at) = usual(text.as_bytes()) {
        return Some(at);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let rest = without_weekday(text);
    let (rest, zone) = zone(rest);
    if let Some(zone) = zone {
        return parts(&format!("{rest} {zone}")).or_else(|| parts(&format!("{rest}{zone}")));
    }
    parts(rest)
}

/// The two forms nearly all pages and feeds use, read where they stand: `2026-11-20T10:00:00.123Z` and
/// `Fri, 20 Nov 2026 10:00:00 +0000`. A summary has hundreds of them.
fn usual(b: &[u8]) -> Option<Timestamp> {
    let number = |at: std::ops::Range<usize>| {
        b.get(at)?.iter().try_fold(0_i32, |n, d| d.is_ascii_digit().then(|| n * 10 + i32::from(d - b'0')))
    };
    let short = |at| number(at).and_then(|n| i8::try_from(n).ok());
    let clock = |at: usize| {
        let colons = b.get(at + 2) == Some(&b':') && b.get(at + 5) == Some(&b':');
        Some((colons.then(|| short(at..at + 2))??, short(at + 3..at + 5)?, short(at + 6..at + 8)?))
    };
    let moment = |year, month, day, at: usize, nanos, offset: i32| {
        let (h, m, s) = clock(at)?;
        let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
        let time = Time::new(h, m, s, nanos).ok()?;
        Offset::from_seconds(offset).ok()?.to_timestamp(date.to_datetime(time)).ok()
    };
    if b.get(4) == Some(&b'-') {
        if b.get(7) != Some(&b'-') || b.get(10) != Some(&b'T') {
            return None;
        }
        let nanos = match &b[19.min(b.len())..] {
            [b'Z'] => 0,
            [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
                number(20..20 + digits.len())? * 10_i32.pow(9 - u32::try_from(digits.len()).ok()?)
            }
            _ => return None,
        };
        return moment(number(0..4)?, short(5..7)?, short(8..10)?, 11, nanos, 0);
    }
    if b.get(3) != Some(&b',') || b.get(7) != Some(&b' ') || b.get(11) != Some(&b' ') || b.get(16) != Some(&b' ') {
        return None;
    }
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.chunks(3).position(|m| m == &b[8..11])?;
    let offset = match &b[25.min(b.len())..] {
        b" GMT" | b" UTC" | b" Z" => 0,
        [b' ', sign @ (b'+' | b'-'), _, _, _, _] => {
            let seconds = number(27..29)? * 3_600 + number(29..31)? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    moment(number(12..16)?, i8::try_from(month + 1).ok()?, short(5..7)?, 17, 0, offset)
}

/// Seconds since 1970, as a number or a text.
pub fn epoch(seconds: &str) -> Option<Timestamp> {
    Timestamp::from_second(seconds.trim().parse().ok()?).ok().filter(|t| t.as_second() > 0)
}

fn without_weekday(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let is_day = end >= 3 && WEEKDAYS.iter().any(|d| text[..3].eq_ignore_ascii_case(d));
    if is_day { text[end..].trim_start_matches([',', ' ', '.']) } else { text }
}

/// The text without its zone's name, and that zone's offset.
fn zone(text: &str) -> (&str, Option<&'static str>) {
    let bare = text.trim_end_matches(')').trim_end();
    let start = bare.rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let found = ZONES.iter().find(|(name, _)| bare[start..].eq_ignore_ascii_case(name));
    match found {
        Some((_, offset)) if start > 0 => (bare[..start].trim_end_matches(['(', ' ']), Some(offset)),
        Some(_) | None => (text, None),
    }
}

fn parts(text: &str) -> Option<Timestamp> {
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(at) = text.parse::<Timestamp>().or_else(|_| parser.parse_timestamp(text)) {
        return Some(at);
    }
    if let Ok(civil) = text.parse::<jiff::civil::DateTime>() {
        return TimeZone::UTC.to_timestamp(civil).ok();
    }
    // "19 Nov 2026 10:00:00 -07:00": RFC 2822 knows only -0700.
    let compact = text.rsplit_once(' ').and_then(|(head, offset)| Some((head, offset.strip_suffix(":00")?)));
    if let Some(at) = compact.and_then(|(head, hours)| parser.parse_timestamp(format!("{head} {hours}00")).ok()) {
        return Some(at);
    }
    date::deadline(text).and_then(|d| d.at.or_else(|| TimeZone::UTC.to_timestamp(d.date.at(0, 0, 0, 0)).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_forms_of_feeds_and_pages_are_read() {
        for (text, expected) in [
            ("2026-08-21T00:37:20Z", "2026-08-21T00:37:20Z"),
            ("2026-08-21T00:37:20.123-06:00", "2026-08-21T06:37:20.123Z"),
            ("2026-08-21 00:37:20", "2026-08-21T00:37:20Z"),
            ("2022-05-12T14:24:00+00:00", "2022-05-12T14:24:00Z"),
            ("Fri, 14 Aug 2026 00:00:00 +0000", "2026-08-14T00:00:00Z"),
            ("Mon, 16 Mar 2026 16:28:39 -0400", "2026-03-16T20:28:39Z"),
            ("Fri, 31 Jul 2026 00:12:00 Z", "2026-07-31T00:12:00Z"),
            ("Thu, 24 Jun 2021 12:53:13 PDT", "2021-06-24T19:53:13Z"),
            ("Thu, 24 Jun 2021 12:53:13 PST", "2021-06-24T20:53:13Z"),
            // That day was a Friday.
            ("Thu Jan 31 2025 12:51:00 (MST)", "2025-01-31T19:51:00Z"),
            ("Thu, 31 Jan 2025 12:51:00 GMT", "2025-01-31T12:51:00Z"),
            ("Nov 20, 2026", "2026-11-20T00:00:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("November 20, 2026, 10:00 UTC", "2026-11-20T10:00:00Z"),
        ] {
            assert_eq!(timestamp(text).map(|t| t.to_string()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(epoch("1624564393").map(|t| t.to_string()).as_deref(), Some("2021-06-24T19:53:13Z"));
    }

    #[test]
    fn what_cannot_be_read_is_no_time() {
        for text in [
            "",
            "soon",
            "2026-11-20T24:00:00Z",
            "Fri, 20 Nov 2026 24:00:00 GMT",
            "2026-13-01T00:00:00Z",
            "20/11/2026",
            "Nov 20",
            "now",
            "0",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        assert_eq!(epoch("0"), None);
        assert_eq!(epoch("soon"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), ascii in "[ -~]{0,60}") {
            let _ = (timestamp(&text), timestamp(&ascii), epoch(&text));
        }

        #[test]
        fn the_short_way_reads_what_the_library_reads(seconds in 0i64..4_102_444_800, ms in 0i32..1_000) {
            let at = Timestamp::new(seconds, ms * 1_000_000).unwrap();
            prop_assert_eq!(usual(at.to_string().as_bytes()), Some(at));
            let whole = Timestamp::from_second(seconds).unwrap();
            let mail = whole.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
            prop_assert_eq!(usual(mail.as_bytes()), Some(whole));
            prop_assert_eq!(rfc2822::parse(&mail).map(|z| z.timestamp()).ok(), Some(whole));
        }
    }
}
