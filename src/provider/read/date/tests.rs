//! Tests of the date grammar.

use super::*;
use proptest::prelude::*;

#[track_caller]
fn read(text: &str) -> Deadline {
    deadline(text).unwrap_or_else(|| panic!("{text:?} was not read"))
}

#[test]
fn a_day_is_read_in_every_form_pages_use() {
    for text in [
        "2026-06-06",
        "2026\u{2011}06\u{2011}06",
        "2026\u{2010}06\u{2015}06",
        "2026\u{2212}06\u{2212}06",
        " 2026-06-06* ",
        "June 6, 2026",
        "June 6 2026",
        "Jun 6, 2026",
        "Jun. 6, 2026",
        "june 06, 2026",
        "June 6th, 2026",
        "June\u{a0}6,\u{a0}2026",
        "6 June 2026",
        "6th of June, 2026",
        "2026.6.6",
    ] {
        let d = read(text);
        assert_eq!((d.date.to_string().as_str(), d.precision), ("2026-06-06", Precision::Day), "{text}");
        assert_eq!((d.firmness, d.at, d.zone), (Firmness::Firm, None, None), "{text}");
    }
    assert_eq!(day("Sept 1, 2026"), Some(jiff::civil::date(2026, 9, 1)));
    assert_eq!(read("  June  6,\n2026 ").text, "June 6, 2026");
}

#[test]
fn a_clock_with_a_zone_is_a_moment() {
    for (text, at, date, zone) in [
        ("May 15, 2026 at 12:00 PM PT", "2026-05-15T19:00:00Z", "2026-05-15", "America/Los_Angeles"),
        ("January 15, 2026 at noon PT", "2026-01-15T20:00:00Z", "2026-01-15", "America/Los_Angeles"),
        ("May 15, 2026, 9am PST", "2026-05-15T17:00:00Z", "2026-05-15", "-08:00"),
        ("October 10, 2026, 00:00:00 (UTC+08:00)", "2026-10-09T16:00:00Z", "2026-10-10", "+08:00"),
        ("2026-10-10T00:30:00Z", "2026-10-10T00:30:00Z", "2026-10-10", "UTC"),
        ("2026-10-10T00:30:00-05:30", "2026-10-10T06:00:00Z", "2026-10-10", "-05:30"),
        ("October 10, 2026 12:15 AM (GMT+8)", "2026-10-09T16:15:00Z", "2026-10-10", "+08:00"),
    ] {
        let d = read(text);
        assert_eq!(d.precision, Precision::Instant, "{text}");
        assert_eq!(d.at.map(|t| t.to_string()).as_deref(), Some(at), "{text}");
        assert_eq!((d.date.to_string().as_str(), d.zone.as_deref()), (date, Some(zone)), "{text}");
    }
}

#[test]
fn a_clock_without_a_zone_is_only_a_day() {
    let d = read("2026.6.30 00:00");
    assert_eq!((d.date.to_string().as_str(), d.precision, d.at), ("2026-06-30", Precision::Day, None));
    assert_eq!(read("June 30, 2026 (UTC)").zone.as_deref(), Some("UTC"));
}

#[test]
fn a_month_quarter_or_year_is_its_first_day() {
    for (text, date, precision) in [
        ("August 2026", "2026-08-01", Precision::Month),
        ("Aug, 2026", "2026-08-01", Precision::Month),
        ("2026-08", "2026-08-01", Precision::Month),
        ("Q3 2026", "2026-07-01", Precision::Quarter),
        ("2026 Q1", "2026-01-01", Precision::Quarter),
        ("H1 2026", "2026-01-01", Precision::Half),
        ("2026-H2", "2026-07-01", Precision::Half),
        ("the second half of 2026", "2026-07-01", Precision::Half),
        ("2027", "2027-01-01", Precision::Year),
    ] {
        let d = read(text);
        assert_eq!((d.date.to_string().as_str(), d.precision), (date, precision), "{text}");
        assert_eq!(day(text), None, "{text} is no day");
    }
}

#[test]
fn a_floor_is_not_a_date() {
    for text in [
        "Not sooner than June 9, 2027",
        "No sooner than 9 June 2027",
        "No earlier than 2027-06-09",
        "June 9, 2027 or later",
        "at earliest 2027-06-09",
        "June 9, 2027 at the earliest",
        "Will not retire before June 9, 2027",
    ] {
        let d = read(text);
        assert_eq!((d.date.to_string().as_str(), d.firmness), ("2027-06-09", Firmness::NotBefore), "{text}");
        assert_eq!(day(text), None, "{text} is no plain day");
    }
    assert_eq!(read("No earlier than August 2026").precision, Precision::Month);
}

#[test]
fn no_date_is_another_thing_than_an_unreadable_one() {
    for text in [
        "",
        "  ",
        "N/A",
        "n/a",
        "NA",
        "-",
        "\u{2014}",
        "---",
        "TBD",
        "Coming soon",
        "\u{a0}",
        "No shutdown date announced",
    ] {
        assert_eq!(cell(text, None), DateCell::NoDate, "{text:?}");
    }
    for text in [
        "2026-02-30",
        "June 31, 2026",
        "2014-12-31",
        "2101-01-01",
        "26-06-06",
        "08/16/26",
        "5/22/2026",
        "June 6",
        "Q5 2026",
        "H3 2026",
        "mid-2026",
        "by 2026-06-06",
        "2026-06-06 (estimated)",
        "early 2026",
        "end of 2026",
        "in three months",
        "$2026",
        "2026-06-06 or 2026-07-07",
        "May 15, 2026 at 12:00 CST",
        "May 15, 2026 at 13:00 PM PT",
        "May 15, 2026 at 25:00 UTC",
        "2026-06-06-07",
        "\u{ff12}\u{ff10}\u{ff12}\u{ff16}-06-06",
        "soon",
    ] {
        assert_eq!(cell(text, None), DateCell::Unreadable, "{text:?}");
    }
}

#[test]
fn slash_dates_are_read_in_the_order_of_their_source_and_never_without_it() {
    let of = |text: &str, order| match cell(text, order) {
        DateCell::Dates(d) => Some(d[0].deadline.date.to_string()),
        DateCell::NoDate | DateCell::Unreadable => None,
    };
    let (mdy, dmy) = (Some(SlashOrder::MonthFirst), Some(SlashOrder::DayFirst));
    assert_eq!(of("08/16/26", mdy).as_deref(), Some("2026-08-16"));
    assert_eq!(of("1/6/25", mdy).as_deref(), Some("2025-01-06"));
    assert_eq!(of("1/6/2025", dmy).as_deref(), Some("2025-06-01"));
    for (text, order) in
        [("5/22/2026", dmy), ("22/5/2026", mdy), ("5/22/2026", None), ("1/2/3", mdy), ("13/13/26", mdy)]
    {
        assert_eq!(of(text, order), None, "{text}");
    }
    assert_eq!(of("2026/08/16", None).as_deref(), Some("2026-08-16"));
}

#[test]
fn several_dates_in_a_cell_are_told_apart_by_what_they_hold_for_or_not_at_all() {
    let of = |text: &str| match cell(text, None) {
        DateCell::Dates(d) => d
            .into_iter()
            .map(|d| format!("{} {:?}", d.deadline.date, d.regions.iter().chain(&d.deployments).collect::<Vec<_>>()))
            .collect(),
        DateCell::NoDate | DateCell::Unreadable => Vec::new(),
    };
    assert_eq!(of("July 15th, 2025 (all Regions)"), ["2025-07-15 []"]);
    assert_eq!(of("July 15th, 2025 (us-east-1 and us-west-2)"), [r#"2025-07-15 ["us-east-1", "us-west-2"]"#]);
    assert_eq!(
        of("March 1, 2026 (us-east-1), April 2, 2026 (eu-west-3 and us-gov-west-1)"),
        [r#"2026-03-01 ["us-east-1"]"#, r#"2026-04-02 ["eu-west-3", "us-gov-west-1"]"#]
    );
    assert_eq!(
        of("Standard: 2026-03-01; Provisioned: 2026-09-01"),
        [r#"2026-03-01 ["standard"]"#, r#"2026-09-01 ["provisioned"]"#]
    );
    for both in [
        "2026-03-01, 2026-04-02",
        "2026-03-01 (us-east-1), 2026-04-02 (us-east-1)",
        "2026-03-01 (us-east-1), 2026-04-02",
    ] {
        assert_eq!(of(both), [""; 0], "{both}");
    }
}

#[test]
fn ranges_floors_and_weekdays() {
    let of = |text: &str| deadline(text).map(|d| (d.date.to_string(), d.firmness));
    let floor = |day: &str| Some((day.to_owned(), Firmness::NotBefore));
    for text in [
        "June 1-15, 2026",
        "June 1 to July 5, 2026",
        "2026-06-01 to 2026-07-05",
        "on or after June 1, 2026",
        "earliest: June 1, 2026",
        "at least until June 1, 2026",
        "not before June 1, 2026",
        "June 1, 2026+",
    ] {
        assert_eq!(of(text), floor("2026-06-01"), "{text}");
    }
    assert_eq!(of("Monday, June 1, 2026"), Some(("2026-06-01".to_owned(), Firmness::Firm)));
    assert_eq!(of("Tuesday, June 1, 2026"), None, "the weekday does not fit");
}

#[test]
fn a_header_gives_the_zone_of_the_dates_below_it() {
    for (header, zone) in [
        ("retirement date (utc)", Some("UTC")),
        ("Shutdown date (PT)", Some("America/Los_Angeles")),
        ("EOL (UTC+08:00)", Some("+08:00")),
        ("EOL (standard)", None),
        ("Shutdown date", None),
        ("Date (CST)", None),
    ] {
        assert_eq!(zone_of(header).as_deref(), zone, "{header}");
    }
}

#[test]
fn dates_in_prose_stand_free() {
    let of = |text: &str| find(text, None).into_iter().map(|f| f.deadline.text).collect::<Vec<_>>();
    assert_eq!(of("On June 1, 2026 we notify; it ends 2026-07-01."), ["June 1, 2026", "2026-07-01"]);
    for none in
        ["gpt-demo-2026-07-01", "a/2026-07-01", "v2026-07-01", "https://a.example/2026-07-01/x", "in May", "12 days"]
    {
        assert_eq!(of(none), [""; 0], "{none}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = cell(&text, Some(SlashOrder::MonthFirst));
        for found in find(&text, Some(SlashOrder::DayFirst)) {
            prop_assert_eq!(&text[found.range.clone()], found.deadline.text.as_str());
        }
    }

    #[test]
    fn texts_of_date_like_pieces_are_read_or_refused_and_a_read_date_is_read_again(
        pieces in proptest::collection::vec(prop_oneof![
            Just("2026".to_owned()), Just("-".into()), Just("\u{2011}".into()), Just(" ".into()), Just(",".into()),
            Just("Q".into()), Just("May".into()), Just("not sooner than".into()), Just("or later".into()),
            Just("at".into()), Just(":".into()), Just("PT".into()), Just("(".into()), Just(")".into()),
            Just("UTC+".into()), Just("th".into()), "[0-9]{1,4}",
        ], 0..12)
    ) {
        let text = pieces.concat();
        if let DateCell::Dates(dates) = cell(&text, Some(SlashOrder::MonthFirst)) {
            for Dated { deadline: d, .. } in dates {
                // No date that is not in the text: its year stands there.
                let year = d.date.year();
                let stands = text.contains(&year.to_string()) || text.contains(&format!("{:02}", year % 100));
                prop_assert!(stands, "{text:?} gave {}", d.date);
            prop_assert!((2015..=2100).contains(&d.date.year()));
            prop_assert_eq!(d.precision == Precision::Instant, d.at.is_some());
            prop_assert_eq!(day(&d.date.to_string()), Some(d.date));
            }
        }
    }

    #[test]
    fn every_day_of_the_years_allowed_is_read_back(days in 0i64..31_411) {
        let date = jiff::civil::date(2015, 1, 1).saturating_add(jiff::Span::new().days(days));
        prop_assert_eq!(day(&date.to_string()), Some(date));
        prop_assert_eq!(day(&date.strftime("%B %-d, %Y").to_string()), Some(date));
        prop_assert_eq!(day(&date.strftime("%d %b %Y").to_string()), Some(date));
    }
}
