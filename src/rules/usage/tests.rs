//! Usage merged: whose calls they are, what is said of them, and when the directions disagree.

use super::*;
use crate::model::ProviderId;
use crate::rules::testing::{at, build, openai};
use jiff::civil::date;

const CONFIG: &str = r##"
[owners.search]
email = "search@example.com"
[services.support-bot]
owner = "search"
uses = ["openai:gpt-demo-1"]
projects = ["proj_bot", "team-*"]
[services.rerank]
owner = "search"
env = "staging"
uses = ["openai:gpt-demo-1"]
projects = ["proj_rerank"]
"##;

fn now() -> Timestamp {
    at("2026-11-23T08:00:00Z")
}

fn calls(id: &str, project: Option<&str>, n: u64, last: &str) -> UseRow {
    UseRow {
        subject: Subject::model(&openai(), id),
        direction: Direction::Observed,
        via: "openai".into(),
        service: None,
        project: project.map(str::to_owned),
        first_at: at("2026-10-01T00:00:00Z"),
        last_at: at(last),
        calls: Some(n),
        tokens: None,
        place: None,
        mention: false,
    }
}

fn found(id: &str, service: Option<&str>, place: &str, mention: bool) -> UseRow {
    UseRow {
        direction: Direction::Scanned,
        service: service.map(str::to_owned),
        place: Some(place.into()),
        calls: None,
        mention,
        ..calls(id, None, 0, "2026-11-20T00:00:00Z")
    }
}

/// Every day of the last `n` was covered.
fn covered(n: i64) -> Vec<CoveredDay> {
    let day = |i: i64| date(2026, 11, 23) - jiff::Span::new().days(i);
    (1..=n).map(|i| CoveredDay { platform: openai(), account: None, day: day(i) }).collect()
}

fn words(config: &str, rows: Vec<UseRow>, days: Vec<CoveredDay>) -> Vec<(String, Option<String>)> {
    let dir = build(config).unwrap();
    let book = Book::new(rows, days);
    let subject = Subject::model(&openai(), "gpt-demo-1");
    let name = |u: &ServiceUse| u.service.clone().or(u.project.clone()).unwrap_or_default();
    book.users_of(&dir, &[subject], now()).iter().map(|u| (name(u), u.in_words(now()))).collect()
}

fn said(name: &str, words: &str) -> (String, Option<String>) {
    (name.into(), Some(words.into()))
}

#[test]
fn calls_belong_to_the_service_that_claims_their_project() {
    let rows = vec![
        calls("gpt-demo-1", Some("proj_bot"), 41_000, "2026-11-23T07:00:00Z"),
        calls("gpt-demo-1", Some("team-9"), 200, "2026-11-22T07:00:00Z"),
        calls("gpt-demo-1-mini", Some("proj_rerank"), 7, "2026-11-23T07:00:00Z"),
    ];
    assert_eq!(
        words(CONFIG, rows, covered(30)),
        [
            said("rerank", "declared, no calls seen for 30 days"),
            said("support-bot", "41,200 calls in 7 days, last today")
        ]
    );
}

#[test]
fn no_calls_is_said_only_where_they_would_have_been_seen() {
    for (days, silent) in [(0, false), (26, false), (27, true), (30, true)] {
        let words = words(CONFIG, vec![], covered(days));
        assert_eq!(words[0].1.is_some(), silent, "{days} days covered: {words:?}");
    }
    let elsewhere: Vec<CoveredDay> =
        covered(30).into_iter().map(|d| CoveredDay { platform: ProviderId::new("anthropic").unwrap(), ..d }).collect();
    assert_eq!(words(CONFIG, vec![], elsewhere)[0].1, None, "days of another provider prove nothing");
}

#[test]
fn calls_nobody_claims_are_shared_by_those_who_declare_the_use_and_prove_nothing_for_one() {
    let rows = vec![calls("gpt-demo-1", Some("proj_new"), 9, "2026-11-23T07:00:00Z")];
    let shared = "9 calls in 7 days (shared with other services), last today";
    assert_eq!(words(CONFIG, rows.clone(), covered(30)), [said("rerank", shared), said("support-bot", shared)]);
    let (dir, book) = (build(CONFIG).unwrap(), Book::new(rows, vec![]));
    let subject = [Subject::model(&openai(), "gpt-demo-1")];
    assert_eq!(book.last_call(&dir, &subject, None), Some(at("2026-11-23T07:00:00Z")));
    assert_eq!(book.last_call(&dir, &subject, Some("rerank")), None);
}

#[test]
fn what_is_seen_and_not_declared_is_named_by_its_project() {
    let only = "[owners.a]\nconsole = true\n[services.b]\nowner = \"a\"\nuses = [\"openai:gpt-other\"]\nprojects = [\"proj_b\"]\n";
    let rows = vec![
        calls("gpt-demo-1", Some("proj_x"), 1, "2026-11-22T07:00:00Z"),
        calls("gpt-demo-1", Some("proj_b"), 3, "2026-11-01T07:00:00Z"),
    ];
    let expected = [
        said("b", "3 calls in 7 days, last Sun 1 Nov, not declared"),
        said("proj_x", "1 call in 7 days, last yesterday, not declared"),
    ];
    assert_eq!(words(only, rows.clone(), vec![]), expected);
    let book = Book::new(rows, vec![]);
    let unowned: Vec<String> = book.unowned(&build(only).unwrap()).into_keys().map(|s| s.id).collect();
    assert_eq!(unowned, ["gpt-demo-1"], "the one of proj_x; b's is claimed");
}

#[test]
fn a_test_that_mentions_an_id_is_no_undeclared_use() {
    let rows = vec![found("gpt-demo-1", None, "tests/bot.py:3", true)];
    let empty = "[owners.a]\nconsole = true\n";
    assert_eq!(words(empty, rows.clone(), vec![]), [said("", "only tests or documents speak of it")]);
    assert!(Book::new(rows.clone(), vec![]).unowned(&build(empty).unwrap()).is_empty());
    let code = vec![rows[0].clone(), found("gpt-demo-1", None, "src/bot.py:3", false)];
    assert_eq!(words(empty, code, vec![]), [said("", "in the code (src/bot.py:3), not declared")]);
}

#[test]
fn an_id_is_itself_only_and_a_region_is_its_own() {
    let dir = build("[owners.a]\nconsole = true\n").unwrap();
    let p = ProviderId::new("bedrock").unwrap();
    let east = Subject { region: Some("us-east-1".into()), ..Subject::model(&p, "demo-v2") };
    let book = Book::new(vec![UseRow { subject: east.clone(), ..calls("x", None, 1, "2026-11-23T07:00:00Z") }], vec![]);
    let users = |s: Subject| book.users_of(&dir, &[s], now()).len();
    let west = Subject { region: Some("us-west-2".into()), ..east.clone() };
    assert_eq!((users(east.clone()), users(Subject::model(&p, "demo-v2")), users(west)), (1, 1, 0));
    assert_eq!(users(Subject::model(&p, "demo-v2:1")), 0);
    assert_eq!(users(Subject::model(&p, "demo")), 0);
}
