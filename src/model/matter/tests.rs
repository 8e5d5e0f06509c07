//! Which claim counts, what is a conflict, which date reminders follow, when an end is proven.

use super::*;
use crate::model::{Firmness, Precision, SubjectType};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn claim(rank: Rank, date: &str) -> Claim {
    Claim { deadline: Some(Deadline::day(day(date), date)), ..Claim::new(rank, Timestamp::UNIX_EPOCH) }
}

fn matter(claims: &[(&str, Claim)]) -> MatterState {
    let openai = ProviderId::new("openai").unwrap();
    let subject = Subject::of(&openai, SubjectType::Model, "gpt-demo-1");
    let claims =
        claims.iter().map(|(s, c)| (SourceId::new(format!("openai/{s}")).unwrap(), Box::new(c.clone()))).collect();
    let new = MatterState::new(subject.matter_id().unwrap(), Kind::Deprecation, openai, Timestamp::UNIX_EPOCH);
    let mut m = MatterState { subjects: vec![subject], claims, ..new };
    m.deadline = m.winning_claim().and_then(|(_, c)| c.deadline.clone());
    m
}

#[test]
fn ranks_stand_in_the_order_people_trust_them() {
    let ranks = [Rank::Mail, Rank::Changelog, Rank::Scraped, Rank::Curated, Rank::Page, Rank::Api, Rank::Pinned];
    assert!(ranks.windows(2).all(|w| w[0] < w[1]));
    for (i, rank) in ranks.iter().enumerate() {
        let lower = ranks[..i].iter().map(|r| (r.as_str(), claim(*r, "2027-01-01")));
        let all: Vec<_> = lower.chain([(rank.as_str(), claim(*rank, "2027-06-01"))]).collect();
        assert_eq!(matter(&all).winning_claim().unwrap().1.rank, *rank);
    }
}

#[test]
fn two_sources_of_one_rank_do_not_take_turns() {
    let mut early = claim(Rank::Page, "2027-01-01");
    let mut late = claim(Rank::Page, "2027-06-01");
    for (a, b) in [(1, 2), (2, 1)] {
        early.read_at = Timestamp::from_second(a).unwrap();
        late.read_at = Timestamp::from_second(b).unwrap();
        let m = matter(&[("a", late.clone()), ("b", early.clone())]);
        assert_eq!(m.deadline.unwrap().date, day("2027-01-01"));
    }
}

#[test]
fn only_dates_that_cannot_both_be_true_are_a_conflict() {
    let with = |precision, firmness, date: &str| {
        let mut c = claim(Rank::Api, date);
        let d = c.deadline.as_mut().unwrap();
        (d.precision, d.firmness) = (precision, firmness);
        c
    };
    use Firmness::{Firm, NotBefore};
    use Precision::{Day, Month, Quarter};
    for (other, conflict) in [
        (with(Day, Firm, "2027-02-24"), false),
        (with(Day, Firm, "2027-02-25"), true),
        (with(Month, Firm, "2027-02-01"), false),
        (with(Month, Firm, "2027-01-01"), true),
        (with(Quarter, Firm, "2027-01-01"), false),
        (with(Day, NotBefore, "2026-01-01"), false),
        (with(Day, NotBefore, "2027-03-15"), true),
    ] {
        let m = matter(&[("deprecations", claim(Rank::Page, "2027-02-17")), ("models", other.clone())]);
        assert_eq!(m.in_conflict(), conflict, "{other:?}");
    }
}

#[test]
fn a_pin_settles_a_conflict() {
    let both = [("deprecations", claim(Rank::Page, "2027-02-17")), ("models", claim(Rank::Api, "2027-06-01"))];
    assert!(matter(&both).in_conflict());
    let mut all = both.to_vec();
    all.push(("pinned", claim(Rank::Pinned, "2027-04-01")));
    let m = matter(&all);
    assert!(!m.in_conflict());
    assert_eq!(m.remind_by().unwrap().date, day("2027-04-01"));
}

#[test]
fn a_pin_stands_above_the_config_and_both_above_all_else() {
    let source = |s: &str| SourceId::new(s).unwrap();
    let mut m = matter(&[("models", claim(Rank::Api, "2027-01-01"))]);
    m.claims.insert(source("forewarn/config"), claim(Rank::Pinned, "2027-02-01").into());
    assert_eq!((m.winning_claim().unwrap().0.as_str(), m.in_conflict()), ("forewarn/config", false));
    m.claims.insert(source(PIN), claim(Rank::Pinned, "2027-03-01").into());
    assert_eq!((m.winning_claim().unwrap().0.as_str(), m.in_conflict()), (PIN, false));
}

#[test]
fn reminders_follow_the_earlier_date_of_the_provider_and_no_data_set() {
    let api = ("models", claim(Rank::Api, "2027-06-01"));
    let page = ("deprecations", claim(Rank::Page, "2027-02-17"));
    let scraped = ("litellm", claim(Rank::Scraped, "2026-12-01"));
    let m = matter(&[api.clone(), page, scraped.clone()]);
    assert_eq!(m.deadline.as_ref().unwrap().date, day("2027-06-01"), "the winner is shown");
    assert_eq!(m.remind_by().unwrap().date, day("2027-02-17"));
    assert_eq!(matter(&[api, scraped.clone()]).remind_by().unwrap().date, day("2027-06-01"));
    let others = matter(&[scraped, ("set", claim(Rank::Curated, "2027-03-01"))]);
    assert_eq!(others.remind_by().unwrap().date, day("2026-12-01"));
}

#[test]
fn an_end_is_proven_by_two_sources_or_by_one_after_its_date() {
    let ended = |rank, date: Option<&str>| Claim {
        ended: true,
        deadline: date.map(|d| Deadline::day(day(d), d)),
        ..Claim::new(rank, Timestamp::UNIX_EPOCH)
    };
    let (before, on) = (day("2027-01-21"), day("2027-01-22"));
    let page = matter(&[("deprecations", ended(Rank::Page, Some("2027-01-22")))]);
    assert_eq!([page.end_is_proven(before), page.end_is_proven(on)], [false, true]);
    let missing = ("models", ended(Rank::Api, None));
    assert!(!matter(std::slice::from_ref(&missing)).end_is_proven(on), "one missing row proves nothing");
    let agree = matter(&[missing.clone(), ("deprecations", claim(Rank::Page, "2027-01-22"))]);
    assert_eq!([agree.end_is_proven(before), agree.end_is_proven(on)], [false, true]);
    let two = matter(&[missing, ("deprecations", ended(Rank::Page, Some("2027-01-22")))]);
    assert!(two.end_is_proven(before), "two sources that say so are enough");
    let set = matter(&[("set", ended(Rank::Scraped, Some("2027-01-22")))]);
    assert!(!set.end_is_proven(on), "a data set alone is not");
    assert!(!matter(&[("deprecations", claim(Rank::Page, "2027-01-22"))]).end_is_proven(day("2030-01-01")));
}
