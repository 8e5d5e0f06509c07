//! The messages as people read them: what must be in each kind, and what must never become markup.

use super::*;
use crate::model::{
    AlertId, By, Firmness, Kind, Precision, ProviderId, Reason, Said, Severity, Subject, SubjectType, Via,
};
use crate::notify::testing::{HOSTILE, at, ending, hostile_messages, incident, message, services};
use jiff::civil::date;

fn first(row: Row) -> String {
    render(&message(vec![row])).first_line()
}

fn with(reason: Reason, base: Row) -> Row {
    Row { reason, ..base }
}

fn texts(r: &Rendered) -> Vec<String> {
    r.lines.iter().map(|l| l.text.clone()).collect()
}

#[test]
fn the_first_line_of_a_reminder_does_on_a_phone() {
    assert_eq!(
        first(ending()),
        "🟠 gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days): support-bot, rerank-batch"
    );
}

#[test]
fn a_reminder_says_what_then_ours_then_proof_then_next() {
    let r = render(&message(vec![ending()]));
    assert_eq!(
        texts(&r),
        [
            "openai · firm date, no hour given: be done by Thu 21 Jan · then calls fail · replacement: gpt-demo-2",
            "support-bot, production",
            "rerank-batch, staging",
            "Read today 08:40 UTC on openai's deprecations page: \"2027-01-22 | gpt-demo-2025-08-07 | gpt-demo-2\"",
            "Without a plan date: reminder Wed 23 Dec; ravi@example.com (lead) is told Fri 15 Jan.",
        ]
    );
    assert_eq!(r.footer, "Switch to gpt-demo-2 and say by when: forewarn ack 17 --plan DATE  #17");
    assert_eq!(
        r.subject,
        "[forewarn #17] 60 days: gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (support-bot, rerank-batch)"
    );
}

#[test]
fn what_is_open_again_names_who_opened_it_where_a_person_did() {
    let mut row = with(Reason::Reopened, ending());
    let said = texts(&render(&message(vec![row.clone()])));
    assert!(!said.iter().any(|line| line.contains("answered")), "nobody did: {said:#?}");
    let by = By { who: "mei".into(), via: Via::Cli };
    row.said = Some(Said { n: 1, by, at: at("2026-11-23T08:00:00Z"), words: "reopened: \"not done\"".into() });
    let r = render(&message(vec![row]));
    assert!(r.first_line().contains("Open again: gpt-demo-2025-08-07"), "{}", r.first_line());
    assert!(texts(&r).iter().any(|l| l.starts_with("mei") && l.contains("reopened: \"not done\".")), "{r:#?}");
}

#[test]
fn a_reminder_says_how_long_the_date_has_stood_and_that_it_goes_on_each_morning_while_it_is_called() {
    let mut row = ending();
    row.unchanged_since = Some(at("2026-08-25T10:00:00Z"));
    row.daily_from = Some(date(2027, 1, 22));
    let said = texts(&render(&message(vec![row.clone()])));
    assert!(said[3].ends_with("gpt-demo-2\". Date unchanged since 25 Aug 2026"), "{said:#?}");
    assert!(said[4].ends_with("is told Fri 15 Jan; from Fri 22 Jan daily while calls continue."), "{said:#?}");
    // When the day has come there is no rung left, and that it was read today is no news.
    (row.daily_from, row.next) = (Some(date(2026, 11, 23)), vec![]);
    row.unchanged_since = Some(at("2026-11-23T01:00:00Z"));
    let said = texts(&render(&message(vec![row])));
    assert!(!said[3].contains("unchanged"), "{said:#?}");
    assert_eq!(said[4], "Without a plan date: daily while calls continue.");
}

#[test]
fn each_reason_has_its_own_words() {
    let tail = ": support-bot, rerank-batch";
    for (reason, words) in [
        (Reason::Opened, "🟠 gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days)"),
        (Reason::Updated, "🟠 Update: gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days)"),
        (Reason::Escalated, "🟠 No answer yet: gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days)"),
        (Reason::Resolved, "✅ gpt-demo-2025-08-07 is dealt with (was: Fri 22 Jan 2027)"),
        (Reason::Withdrawn, "✅ gpt-demo-2025-08-07 stays: openai took its end of Fri 22 Jan 2027 back"),
    ] {
        assert_eq!(first(with(reason, ending())), format!("{words}{tail}"));
    }
    for (reason, words) in [
        (Reason::Opened, "🔴 openai incident: Elevated errors on the demo API: support-bot"),
        (Reason::Updated, "🔴 openai incident, update: Elevated errors on the demo API: support-bot"),
        (Reason::Resolved, "✅ openai incident over: Elevated errors on the demo API: support-bot"),
        (Reason::Escalated, "🔴 openai incident, no answer yet: Elevated errors on the demo API: support-bot"),
    ] {
        assert_eq!(first(with(reason, incident())), words);
    }
}

#[test]
fn a_moved_date_says_from_where_and_which_way() {
    let mut row = with(Reason::Moved, ending());
    row.moved_from = row.matter.deadline.clone();
    row.matter.deadline.as_mut().unwrap().date = date(2027, 3, 5);
    assert_eq!(
        first(row.clone()),
        "🟠 Moved later: gpt-demo-2025-08-07 shuts down Fri 5 Mar 2027 (102 days), was Fri 22 Jan 2027: support-bot, rerank-batch"
    );
    row.matter.deadline.as_mut().unwrap().date = date(2026, 11, 24);
    let r = render(&message(vec![row]));
    assert!(r.headline.starts_with("Moved earlier: "), "{}", r.headline);
    assert!(r.headline.contains("(tomorrow)"), "{}", r.headline);
    assert!(r.subject.starts_with("[forewarn #17] moved earlier: "), "{}", r.subject);
}

#[test]
fn a_passed_date_is_told_in_the_past() {
    let mut m = message(vec![with(Reason::Overdue, ending())]);
    m.now = at("2027-01-25T10:00:00Z");
    let r = render(&m);
    assert_eq!(
        r.headline,
        "gpt-demo-2025-08-07 shut down Fri 22 Jan 2027 (3 days ago), nobody has said done: support-bot, rerank-batch"
    );
    assert!(r.subject.starts_with("[forewarn #17] overdue: gpt-demo-2025-08-07 shut down"), "{}", r.subject);
}

#[test]
fn a_floor_is_never_worded_as_a_promise() {
    let mut row = ending();
    row.matter.deadline.as_mut().unwrap().firmness = Firmness::NotBefore;
    let r = render(&message(vec![row.clone()]));
    assert!(r.headline.contains("shuts down not before Fri 22 Jan 2027 (60 days or more)"), "{}", r.headline);
    assert!(texts(&r)[0].contains("not a promise"));
    let mut m = message(vec![row]);
    m.now = at("2027-01-25T10:00:00Z");
    let late = render(&m).headline;
    assert!(late.contains("shuts down not before Fri 22 Jan 2027 (earliest date was 3 days ago)"), "{late}");
}

#[test]
fn a_month_says_that_only_the_month_is_known() {
    let mut row = ending();
    let d = row.matter.deadline.as_mut().unwrap();
    (d.precision, d.date) = (Precision::Month, date(2027, 2, 1));
    let r = render(&message(vec![row]));
    assert!(r.headline.contains("shuts down from Feb 2027 (70 days or more)"), "{}", r.headline);
    assert!(texts(&r)[0].contains("only the month is given"));
}

#[test]
fn an_ending_without_a_date_says_so() {
    let mut row = ending();
    row.matter.deadline = None;
    assert!(first(row).contains("gpt-demo-2025-08-07 shuts down, no date yet: support-bot"));
}

#[test]
fn days_are_counted_on_the_readers_calendar() {
    let mut m = message(vec![ending()]);
    m.now = at("2027-01-21T22:30:00Z");
    assert!(render(&m).headline.contains("(tomorrow)"));
    m.zone = TimeZone::get("Pacific/Auckland").unwrap();
    assert!(render(&m).headline.contains("(today)"));
    m.now = at("2027-01-22T12:30:00Z");
    assert!(render(&m).headline.contains("(yesterday)"));
}

#[test]
fn an_instant_is_told_in_the_readers_zone() {
    let mut row = ending();
    let d = row.matter.deadline.as_mut().unwrap();
    (d.precision, d.at) = (Precision::Instant, Some(at("2027-01-22T17:00:00Z")));
    let mut m = message(vec![row]);
    m.zone = TimeZone::get("Europe/Berlin").unwrap();
    assert!(texts(&render(&m))[0].contains("firm date, exactly Fri 22 Jan 18:00 CET"));
}

#[test]
fn an_answer_in_force_replaces_the_call_to_act() {
    let mut row = ending();
    row.answer = Some("plan Tue 12 Jan 2027 (Mei)".into());
    let r = render(&message(vec![row]));
    let all = texts(&r).join("\n");
    assert!(all.contains("Answered: plan Tue 12 Jan 2027 (Mei)."), "{all}");
    assert!(all.contains("Next: reminder Wed 23 Dec") && !all.contains("Without a plan"), "{all}");
    assert_eq!(r.footer, "To answer anew: forewarn ack 17 --plan DATE  #17");
}

#[test]
fn sources_that_disagree_are_both_named() {
    let mut row = ending();
    let (_, claim) = row.matter.claims.first_key_value().unwrap();
    let mut other = claim.clone();
    other.deadline.as_mut().unwrap().date = date(2027, 3, 1);
    other.rank = crate::model::Rank::Changelog;
    row.matter.claims.insert(crate::model::SourceId::new("openai/changelog").unwrap(), other);
    let all = texts(&render(&message(vec![row]))).join("\n");
    assert!(
        all.contains(
            "Sources disagree: openai/changelog says Mon 1 Mar 2027; openai/deprecations says Fri 22 Jan 2027."
        ),
        "{all}"
    );
}

#[test]
fn whoever_is_above_hears_what_was_said_before() {
    let told = |days: &[&str]| days.iter().map(|d| at(&format!("{d}T09:00:00Z"))).collect::<Vec<_>>();
    let first = |row: Row| render(&message(vec![row])).lines[0].text.clone();
    let mut row = ending();
    row.told = told(&["2026-10-05", "2026-10-05", "2026-11-01"]);
    assert_eq!(
        first(row.clone()),
        "This reaches you because support-bot, rerank-batch have no plan date after notices on 5 Oct and 1 Nov."
    );
    row.services[1].done = Some("migrated 12 Dec (Mei)".into());
    row.told = told(&["2026-11-01"]);
    assert_eq!(first(row.clone()), "This reaches you because support-bot has no plan date after the notice of 1 Nov.");
    row.answer = Some("plan Sun 10 Jan 2027 (Mei)".into());
    assert!(!first(row).contains("This reaches you"), "somebody answered");
    let mut row = with(Reason::Escalated, incident());
    row.told = told(&["2026-11-23"]);
    assert_eq!(first(row), "This reaches you because search has not answered yet after today's notice.");
}

#[test]
fn an_incident_tells_since_when_and_where_to_look() {
    let r = render(&message(vec![incident()]));
    assert_eq!(r.lines[0].text, "openai · critical (open) · since today 08:30 UTC");
    assert_eq!(r.lines[0].link.as_deref(), Some("https://status.example/incidents/01DEMO"));
    assert_eq!(r.lines[1].text, "We are looking into it.");
    assert!(r.lines.last().unwrap().text.contains("ravi@example.com (lead) is told today 09:10 UTC"));
    assert_eq!(r.footer, "Say that you have it: forewarn ack 18  #18");
}

#[test]
fn money_has_the_digits_of_its_currency() {
    let mut row = incident();
    row.matter.kind = Kind::Billing;
    for (minor, currency, words) in
        [(12345, "USD", "123.45 USD"), (-5, "EUR", "-0.05 EUR"), (980, "JPY", "980 JPY"), (1, "KWD", "0.001 KWD")]
    {
        row.matter.money = Some(crate::model::event::Money { minor, currency: currency.into() });
        let r = render(&message(vec![row.clone()]));
        assert!(r.lines[0].text.ends_with(words), "{}", r.lines[0].text);
    }
}

#[test]
fn nothing_of_ours_says_why_it_came() {
    let row = Row { services: vec![], why: "catch-all: nobody covers openai".into(), ..ending() };
    let r = render(&message(vec![row]));
    assert_eq!(r.headline, "gpt-demo-2025-08-07 shuts down Fri 22 Jan 2027 (60 days)");
    assert!(texts(&r).contains(&"Yours because: catch-all: nobody covers openai".into()));
}

#[test]
fn many_services_are_counted() {
    let names: Vec<_> = (0..14).map(|n| format!("svc-{n}")).collect();
    let pairs: Vec<_> = names.iter().map(|n| (n.as_str(), "production")).collect();
    let r = render(&message(vec![Row { services: services(&pairs), ..ending() }]));
    assert!(r.headline.ends_with(": svc-0, svc-1, svc-2 +11"), "{}", r.headline);
    assert!(texts(&r).contains(&"and 4 more services".into()));
}

fn nth(n: i64, days: i64) -> Row {
    let mut row = ending();
    row.alert = AlertId(n);
    row.matter.subjects = vec![Subject::model(&ProviderId::new("openai").unwrap(), format!("gpt-demo-{n}"))];
    row.matter.deadline.as_mut().unwrap().date = date(2026, 11, 23).checked_add(jiff::Span::new().days(days)).unwrap();
    row
}

#[test]
fn a_group_counts_and_lists_the_soonest_first() {
    let r = render(&message(vec![nth(1, 60), nth(2, 7), nth(3, 30)]));
    assert_eq!(r.first_line(), "🟠 3 of yours end within 60 days: gpt-demo-2, gpt-demo-3, gpt-demo-1");
    assert_eq!(r.subject, "[forewarn] 3 of yours end within 60 days: gpt-demo-2, gpt-demo-3, gpt-demo-1");
    assert_eq!(texts(&r)[0], "🟠 #2 gpt-demo-2 shuts down Mon 30 Nov 2026 (7 days): support-bot, rerank-batch");
    assert_eq!(r.lines.len(), 3);
    assert_eq!(r.footer, "To answer one: forewarn ack 2 --plan DATE. All: forewarn alerts --owner search");
}

#[test]
fn a_long_group_shows_twenty_and_counts_the_rest() {
    let r = render(&message((1..=57).map(|n| nth(n, n)).collect()));
    assert_eq!(r.lines.len(), 21);
    assert_eq!(r.lines[20].text, "and 37 more: forewarn alerts --owner search");
    assert!(r.headline.starts_with("57 of yours end within 57 days: gpt-demo-1, gpt-demo-2, gpt-demo-3 +54"));
}

#[test]
fn a_group_that_is_partly_past_says_so() {
    let h = render(&message(vec![nth(1, -2), nth(2, 7)])).headline;
    assert_eq!(h, "2 of yours end, the dates of 1 have passed: gpt-demo-1, gpt-demo-2");
    let h = render(&message(vec![nth(1, -2), nth(2, -1)])).headline;
    assert_eq!(h, "the dates of 2 of yours have passed: gpt-demo-1, gpt-demo-2");
}

#[test]
fn a_mixed_group_puts_what_is_broken_now_first_and_what_is_over_last() {
    let r = render(&message(vec![nth(1, 7), incident(), with(Reason::Withdrawn, nth(3, 1))]));
    assert_eq!(r.first_line(), "🔴 3 for you: 2 endings, 1 incident (1 critical)");
    let all = texts(&r);
    assert!(all[0].starts_with("🔴 #18 openai incident: Elevated errors"), "{all:?}");
    assert!(all[2].starts_with("✅ #3 gpt-demo-3 stays"), "{all:?}");
}

#[test]
fn a_group_of_things_over_is_green() {
    let r = render(&message(vec![with(Reason::Withdrawn, nth(1, 1)), with(Reason::Resolved, nth(2, 2))]));
    assert_eq!(r.first_line(), "✅ 2 of yours are over: gpt-demo-1, gpt-demo-2");
    assert_eq!(r.footer, "Nothing to do.");
}

#[test]
fn no_row_at_all_still_has_words() {
    assert!(!render(&message(vec![])).headline.is_empty());
}

#[test]
fn a_test_message_says_that_it_is_one() {
    let r = render(&Message { body: Body::Test, ..message(vec![]) });
    assert_eq!(r.first_line(), "✅ forewarn test message for search/slack: this channel works");
    assert_eq!(r.lines[0].text, "Sent to #search-ai by slack, today 08:55 UTC.");
}

#[test]
fn every_kind_severity_and_subject_has_words() {
    for kind in Kind::ALL {
        for severity in Severity::ALL {
            for reason in Reason::ALL {
                let mut row = with(*reason, ending());
                (row.matter.kind, row.matter.severity) = (*kind, *severity);
                row.matter.subjects[0].kind = SubjectType::Sdk;
                let r = render(&message(vec![row]));
                assert!(r.headline.len() > 20 && r.subject.starts_with("[forewarn #17] "), "{r:?}");
            }
        }
    }
}

#[test]
fn text_from_outside_is_one_clean_line_wherever_it_stands() {
    for text in HOSTILE {
        for m in hostile_messages(text) {
            let r = render(&m);
            let all = [vec![r.headline.clone(), r.subject.clone(), r.footer.clone()], texts(&r)].concat();
            for line in all {
                let bad = |c: char| {
                    c.is_control()
                        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}')
                };
                assert!(!line.chars().any(bad), "{text:?} came through: {line:?}");
            }
            for link in r.lines.iter().filter_map(|l| l.link.as_deref()) {
                assert!(link.starts_with("https://") && !link.contains(['<', '>', '|', '"', ' ', '\n']), "{link}");
            }
        }
    }
}

#[test]
fn a_huge_text_is_cut() {
    let mut row = ending();
    row.matter.subjects[0].id = "x".repeat(100_000);
    row.matter.claims.values_mut().for_each(|c| c.text = "y".repeat(1_000_000));
    let r = render(&message(vec![row]));
    assert!(r.headline.chars().count() <= HEADLINE_MAX + 1);
    assert!(r.lines.iter().all(|l| l.text.chars().count() < 800));
}
