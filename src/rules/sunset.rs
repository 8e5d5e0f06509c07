//! What a response said of its own end: the `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) headers a client saw.
//!
//! In: the values of the two headers. Out: an [`Ending`], or why there is none. Invariants: a value that is not in its
//! RFC's form is refused with the form that is; a sunset without a promise of more is the moment it names. Refuses to
//! believe a sunset before the deprecation, which both RFCs rule out.

use crate::model::observation::Ending;
use crate::model::text::one_line;
use crate::model::{Deadline, Precision, Rank};
use jiff::{Timestamp, civil::Date, fmt::rfc2822, tz::TimeZone};

/// Reads both headers; either may be missing, not both.
///
/// # Errors
/// What is wrong, and what is allowed.
pub fn read(deprecation: Option<&str>, sunset: Option<&str>) -> Result<Ending, String> {
    let since = deprecation.map(deprecated_at).transpose()?;
    let ends = sunset.map(sunset_at).transpose()?;
    if since.is_none() && ends.is_none() {
        return Err("neither a Deprecation nor a Sunset header: send at least one".into());
    }
    if let (Some(since), Some(ends)) = (since, ends)
        && ends < since
    {
        return Err("the Sunset is before the Deprecation: RFC 9745 section 4 rules that out".into());
    }
    let quoted = |name: &str, value: Option<&str>| value.map(|v| format!("{name}: {}", one_line(v, 100)));
    let quote: Vec<String> = quoted("Deprecation", deprecation).into_iter().chain(quoted("Sunset", sunset)).collect();
    let day = |t: Timestamp| -> Date { t.to_zoned_datetime(TimeZone::UTC).date() };
    Ok(Ending {
        announced_on: since.map(day),
        deadline: ends.map(|at| Deadline {
            at: Some(at),
            precision: Precision::Instant,
            zone: Some("UTC".into()),
            ..Deadline::day(day(at), sunset.unwrap_or_default().trim())
        }),
        replacements: Vec::new(),
        quote: quote.join("; "),
        rank: Rank::Mail,
        ended: false,
        stage: None,
        review: None,
        after: crate::model::Aftermath::default(),
    })
}

/// `@1688169599`, a Date of Structured Fields: <https://www.rfc-editor.org/rfc/rfc9745#section-2.1>. Parameters say nothing.
fn deprecated_at(value: &str) -> Result<Timestamp, String> {
    let item = value.split(';').next().unwrap_or_default().trim();
    let digits =
        item.strip_prefix('@').filter(|d| (1..=12).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()));
    digits
        .and_then(|d| d.parse().ok())
        .and_then(|s| Timestamp::from_second(s).ok())
        .ok_or_else(|| format!("{:?} is no Deprecation of RFC 9745: it looks like @1688169599", one_line(value, 60)))
}

/// `Sat, 31 Dec 2027 23:59:59 GMT`, an HTTP-date: <https://www.rfc-editor.org/rfc/rfc8594#section-3>.
fn sunset_at(value: &str) -> Result<Timestamp, String> {
    let wrong = || {
        format!("{:?} is no Sunset of RFC 8594: it looks like \"Fri, 31 Dec 2027 23:59:59 GMT\"", one_line(value, 60))
    };
    let text = value.trim();
    if !text.ends_with(" GMT") || text.len() != 29 {
        return Err(wrong());
    }
    rfc2822::parse(text).map(|z| z.timestamp()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_headers_give_the_day_it_was_announced_and_the_moment_it_ends() {
        let e = read(Some("@1688169599"), Some("Fri, 31 Dec 2027 23:59:59 GMT")).unwrap();
        assert_eq!(e.announced_on.unwrap().to_string(), "2023-06-30");
        let d = e.deadline.unwrap();
        assert_eq!((d.date.to_string().as_str(), d.precision), ("2027-12-31", Precision::Instant));
        assert_eq!(d.at.unwrap().to_string(), "2027-12-31T23:59:59Z");
        assert_eq!(e.quote, "Deprecation: @1688169599; Sunset: Fri, 31 Dec 2027 23:59:59 GMT");
        assert_eq!((e.rank, e.ended), (Rank::Mail, false));
        assert!(read(Some("@1688169599;x=1"), None).unwrap().deadline.is_none());
        assert!(read(None, Some("Fri, 31 Dec 2027 23:59:59 GMT")).unwrap().announced_on.is_none());
    }

    #[test]
    fn what_is_not_in_the_form_is_refused_with_the_form() {
        for (deprecation, sunset, says) in [
            (None, None, "at least one"),
            (Some("true"), None, "@1688169599"),
            (Some("@"), None, "@1688169599"),
            (Some("@99999999999999999999"), None, "@1688169599"),
            (None, Some("2027-12-31"), "GMT"),
            (None, Some("Fri, 31 Dec 2027 23:59:59 +0200"), "GMT"),
            (None, Some("Mon, 31 Dec 2027 23:59:59 GMT"), "GMT"),
            (None, Some("Fri, 32 Dec 2027 23:59:59 GMT"), "GMT"),
            (Some("@4102444800"), Some("Fri, 31 Dec 2027 23:59:59 GMT"), "before the Deprecation"),
        ] {
            let why = read(deprecation, sunset).unwrap_err();
            assert!(why.contains(says), "{deprecation:?} {sunset:?}: {why}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(a in "\\PC{0,40}", b in "\\PC{0,40}") {
            let _ = read(Some(&a), Some(&b));
        }
    }
}
