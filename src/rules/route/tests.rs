//! Routing: who is told of what and why, and each named reason for silence.

use super::*;
use crate::model::{ConnectionId, SourceId, Stage, SubjectType};
use crate::rules::fold::as_event;
use crate::rules::testing::{at, build, ending, episode, matter, openai};
use jiff::civil::date;
use proptest::prelude::*;

const OWNERS: &str = r#"
catch_all = "platform"
[owners.platform]
console = true
[owners.search]
console = true
[owners.billing]
console = true
"#;

const SERVICES: &str = r#"
[services.support-bot]
owner = "search"
uses = ["openai/main"]
[services.rerank]
owner = "search"
uses = ["openai/other:gpt-demo-*"]
[services.checkout]
owner = "billing"
uses = ["stripe"]
"#;

fn today() -> Date {
    date(2026, 8, 20)
}

fn event(seen: &crate::model::Observation, change: Change) -> NewEvent {
    NewEvent { change: Some(change), ..as_event(seen, at("2026-08-20T08:00:02Z")) }
}

/// A deprecation of `openai:gpt-demo-1`.
/// A deprecation of these.
fn about(subjects: &[Subject]) -> About<'_> {
    About { kind: Kind::Deprecation, provider: &subjects[0].platform, subjects }
}

fn deprecation() -> NewEvent {
    event(&ending("deprecations", crate::model::Rank::Page, Some("2027-01-22"), "gpt-demo-2"), Change::Announced)
}

/// Something about our account `openai/main`.
fn account(kind: Kind) -> NewEvent {
    NewEvent { kind, ..event(&episode(Some("1"), Change::Opened, at("2026-08-20T08:00:00Z"), "spent"), Change::Opened) }
}

fn routed(config: &str, e: &NewEvent) -> Routed {
    let dir = build(&format!("{OWNERS}{config}")).unwrap();
    let m = matter(e.kind, e.deadline.as_ref().map(|d| d.date));
    route(&dir, e, Some(&m), Trust::Verified, today())
}

/// `owner because why`, one each.
#[track_caller]
fn told(config: &str, e: &NewEvent) -> Vec<String> {
    match routed(config, e) {
        Routed::Tell(all) => all.iter().map(|r| format!("{}: {}", r.owner, r.why)).collect(),
        Routed::Silent(why) => panic!("silent: {why}"),
    }
}

#[test]
fn who_uses_it_is_told_once_with_all_its_services() {
    let Routed::Tell(all) = routed(SERVICES, &deprecation()) else { panic!("silent") };
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].owner, "search");
    assert_eq!(all[0].services, ["rerank", "support-bot"]);
    assert!(all[0].why.contains("rerank uses openai/other:gpt-demo-*"), "{}", all[0].why);
    assert_eq!(all[0].policy, policy::DEPRECATION);
}

#[test]
fn an_account_matter_is_for_those_who_use_that_account() {
    assert_eq!(told(SERVICES, &account(Kind::Billing)), ["search: service support-bot uses openai/main"]);
    let mut other = account(Kind::Billing);
    other.subjects = vec![Subject::account(&openai(), "third")];
    other.connection = ConnectionId::new("openai/third").ok();
    assert_eq!(told(SERVICES, &other), ["platform: nobody covers it: the catch-all"]);
}

#[test]
fn the_owner_of_a_connection_alone_is_told_of_its_account() {
    let config = format!("{SERVICES}[connections]\n\"openai/main\" = \"billing\"\n");
    for kind in [Kind::Billing, Kind::Account] {
        assert_eq!(told(&config, &account(kind)), ["billing: owns connection openai/main"], "{kind}");
    }
    let both = told(&config, &account(Kind::Incident));
    assert_eq!(both, ["billing: owns connection openai/main", "search: service support-bot uses openai/main"]);
}

#[test]
fn what_matters_and_nobody_covers_reaches_the_catch_all() {
    for kind in [Kind::Incident, Kind::Maintenance, Kind::Billing, Kind::Account] {
        assert_eq!(told("", &account(kind)), ["platform: nobody covers it: the catch-all"], "{kind}");
    }
}

#[test]
fn an_unused_model_is_silent_once_we_know_what_is_used() {
    let stripe = "[services.checkout]\nowner = \"billing\"\nuses = [\"stripe\"]\n";
    assert_eq!(routed(stripe, &deprecation()), Routed::Silent(Silence::Unused));
    assert_eq!(told("", &deprecation()), ["platform: no service says what it uses: the catch-all"]);
    let empty = "[services.checkout]\nowner = \"billing\"\nuses = []\n";
    assert_eq!(told(empty, &deprecation()).len(), 1, "a service that says nothing is no knowledge");
}

#[test]
fn what_is_unproven_is_never_told() {
    let dir = build(&format!("{OWNERS}{SERVICES}")).unwrap();
    for kind in Kind::ALL {
        let e = NewEvent { kind: *kind, ..deprecation() };
        let answer = route(&dir, &e, None, Trust::Hint, today());
        assert_eq!(answer, Routed::Silent(Silence::UnverifiedHint), "{kind}");
    }
    for trust in [Trust::Verified, Trust::Fetched] {
        assert!(matches!(route(&dir, &deprecation(), None, trust, today()), Routed::Tell(_)), "{trust}");
    }
}

#[test]
fn what_was_over_before_we_first_looked_is_silent() {
    let dir = build(&format!("{OWNERS}{SERVICES}")).unwrap();
    let answer = |ends: Date, baseline: bool, stage: Stage| {
        let mut m = matter(Kind::Deprecation, Some(ends));
        (m.baseline, m.stage) = (baseline, stage);
        route(&dir, &deprecation(), Some(&m), Trust::Fetched, today())
    };
    let past = Routed::Silent(Silence::PastAtBaseline);
    assert_eq!(answer(date(2026, 8, 19), true, Stage::Announced), past);
    assert_eq!(answer(date(2027, 1, 22), true, Stage::Retired), past);
    assert!(matches!(answer(date(2026, 8, 20), true, Stage::Announced), Routed::Tell(_)), "today is not past");
    assert!(matches!(answer(date(2026, 8, 19), false, Stage::Announced), Routed::Tell(_)), "late news is news");
}

#[test]
fn our_own_troubles_reach_the_operators_whatever_the_routes_say() {
    let mut e = account(Kind::Source);
    e.source = SourceId::new("openai/deprecations").unwrap();
    let mute = format!("{SERVICES}[[routes]]\nname = \"quiet\"\nmute = [\"*\"]\n");
    assert_eq!(told(&mute, &e), ["operators: forewarn's own troubles"]);
}

#[test]
fn quiet_kinds_and_no_news_are_silent() {
    for kind in [Kind::Job, Kind::Change, Kind::Unrecognized] {
        let e = NewEvent { matter: None, ..account(kind) };
        assert_eq!(routed(SERVICES, &e), Routed::Silent(Silence::QuietKind), "{kind}");
    }
    for change in [Some(Change::Replaced), Some(Change::Noted), None] {
        let e = NewEvent { change, ..deprecation() };
        assert_eq!(routed(SERVICES, &e), Routed::Silent(Silence::NotNews), "{change:?}");
    }
}

#[test]
fn a_route_adds_and_mutes() {
    let route = |rest: &str| format!("{SERVICES}[[routes]]\nname = \"r\"\n{rest}\n");
    let added = told(&route("add = [\"billing\"]"), &deprecation());
    assert_eq!(added[0], "billing: route r");
    assert_eq!(added.len(), 2);
    assert_eq!(told(&route("add = [\"billing\"]\nmute = [\"search\"]"), &deprecation()), ["billing: route r"]);
    for mute in ["mute = [\"*\"]", "mute = [\"search\"]"] {
        assert_eq!(routed(&route(mute), &deprecation()), Routed::Silent(Silence::Muted), "{mute}");
    }
    let unused =
        "[services.checkout]\nowner = \"billing\"\nuses = [\"stripe\"]\n[[routes]]\nname = \"r\"\nadd = [\"search\"]\n";
    assert_eq!(told(unused, &deprecation()), ["search: route r"], "added though nobody uses it");
}

#[test]
fn a_route_holds_only_where_every_field_of_it_fits() {
    for (when, fits) in [
        ("provider = \"openai\"", true),
        ("provider = \"open*\"", true),
        ("provider = \"stripe\"", false),
        ("kind = \"deprecation\"", true),
        ("kind = \"incident\"", false),
        ("subject = \"gpt-demo-*\"", true),
        ("subject = \"gpt-demo\"", false),
        ("account = \"*\"", false), // a page speaks to no account
        ("provider = \"openai\", kind = \"incident\"", false),
    ] {
        let config = format!("{SERVICES}[[routes]]\nname = \"r\"\nmatch = {{ {when} }}\nmute = [\"*\"]\n");
        assert_eq!(routed(&config, &deprecation()) == Routed::Silent(Silence::Muted), fits, "{when}");
    }
    let config = format!("{SERVICES}[[routes]]\nname = \"r\"\nmatch = {{ account = \"main\" }}\nmute = [\"*\"]\n");
    assert_eq!(routed(&config, &account(Kind::Billing)), Routed::Silent(Silence::Muted));
}

#[test]
fn the_most_specific_route_chooses_the_ladder() {
    let route = |name: &str, when: &str| {
        format!(
            "[policies.{name}]\nsteps = [{{ at = \"1d before\" }}]\n[[routes]]\nname = \"{name}\"\nmatch = {{ {when} }}\npolicy = \"{name}\"\n"
        )
    };
    let (wide, narrow, exact) = (
        route("wide", "provider = \"open*\""),
        route("narrow", "provider = \"openai\""),
        route("exact", "provider = \"openai\", subject = \"gpt-demo-1\""),
    );
    let policy = |config: String| {
        let Routed::Tell(all) = routed(&config, &deprecation()) else { panic!("silent") };
        all[0].policy.clone()
    };
    assert_eq!(policy(format!("{SERVICES}{wide}")), "wide");
    assert_eq!(policy(format!("{SERVICES}{wide}{narrow}")), "narrow");
    assert_eq!(policy(format!("{SERVICES}{exact}{narrow}{wide}")), "exact");
    assert_eq!(policy(format!("{SERVICES}{narrow}{wide}{exact}")), "exact");
    assert_eq!(policy(SERVICES.into()), policy::DEPRECATION);
}

#[test]
fn users_are_the_services_that_cover_a_subject() {
    let dir = build(&format!("{OWNERS}{SERVICES}")).unwrap();
    let names =
        |s: &Subject| users(&dir, about(std::slice::from_ref(s))).iter().map(|x| x.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&Subject::model(&openai(), "gpt-demo-1")), ["rerank", "support-bot"]);
    assert_eq!(names(&Subject::model(&openai(), "tts-demo")), ["support-bot"]);
    assert_eq!(names(&Subject::account(&openai(), "third")), Vec::<String>::new());
}

#[test]
fn lists_name_those_who_would_be_told_of_an_incident() {
    let dir = build(&format!(
        "{OWNERS}[services.page]\nowner = \"search\"\nuses = [\"acme:component/web\"]\n\
         [services.model]\nowner = \"search\"\nuses = [\"acme:gpt-demo-1\"]\n"
    ))
    .unwrap();
    let acme = ProviderId::new("acme").unwrap();
    let of = |id: &str| {
        let subjects = [Subject::of(&acme, SubjectType::Component, id)];
        let about = About { kind: Kind::Incident, provider: &acme, subjects: &subjects };
        users(&dir, about).iter().map(|s| s.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("web"), ["model", "page"], "a model names no component: any may be behind it");
    assert_eq!(of("mail"), ["model"]);
}

const OWN: &str = "catch_all = \"platform\"\n\
    [owners.platform]\nconsole = true\n[owners.search]\nconsole = true\n[owners.legal]\nconsole = true\n\
    [services.bot]\nowner = \"search\"\nuses = [\"openai/support:gpt-demo-1\"]\n\
    [services.other]\nowner = \"platform\"\nuses = [\"openai/main:gpt-demo-1\"]\n";

fn owners_of(routed: Routed) -> Vec<String> {
    match routed {
        Routed::Tell(all) => all.into_iter().map(|r| r.owner).collect(),
        Routed::Silent(why) => vec![format!("silent: {why}")],
    }
}

fn owners_told(text: &str, account: Option<&str>, id: &str) -> Vec<String> {
    let dir = build(text).unwrap();
    let subject = Subject { account: account.map(str::to_owned), ..Subject::model(&openai(), id) };
    let event = NewEvent { matter: subject.matter_id(), subjects: vec![subject], ..deprecation() };
    owners_of(route(&dir, &event, None, Trust::Fetched, today()))
}

#[test]
fn an_extension_sold_to_one_account_outranks_the_page_for_that_account_only() {
    let own = format!("{OWN}[[deadlines]]\nsubject = \"openai/support:gpt-demo-1\"\ndate = \"2027-06-30\"\n");
    assert_eq!(owners_told(OWN, None, "gpt-demo-1"), ["platform", "search"]);
    assert_eq!(
        owners_told(&own, None, "gpt-demo-1"),
        ["platform"],
        "the page does not concern the other account's user"
    );
    assert_eq!(owners_told(&own, Some("support"), "gpt-demo-1"), ["search"]);
    assert_eq!(owners_told(&own, None, "gpt-demo-1-mini"), ["silent: unused"], "another id is another thing");
    let dir = build(&own).unwrap();
    let subject = [Subject::model(&openai(), "gpt-demo-1")];
    assert!(is_outranked(&dir, &["bot".into()], &subject));
    assert!(!is_outranked(&dir, &["bot".into(), "other".into()], &subject));
    assert!(!is_outranked(&dir, &[], &subject));
    assert_eq!(users(&dir, about(&subject)).iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn a_deadline_of_our_own_always_reaches_somebody() {
    let own =
        |more: &str| format!("{OWN}[[deadlines]]\nsubject = \"openai:gpt-demo-9\"\ndate = \"2027-06-30\"\n{more}\n");
    assert_eq!(owners_told(&own(""), None, "gpt-demo-9"), ["platform"], "nobody uses it: the catch-all");
    assert_eq!(owners_told(&own("owner = \"legal\""), None, "gpt-demo-9"), ["legal"]);
    assert!(build(&own("owner = \"nobody\"")).unwrap_err()[0].0.contains("unknown owner"));
}

/// What a service might use, and what something might be about.
fn uses_and_subjects() -> impl Strategy<Value = (Vec<Vec<&'static str>>, Kind, Vec<Subject>)> {
    let used = [
        "openai",
        "openai:gpt-a",
        "openai:gpt-*",
        "open*:gpt-b",
        "*",
        "openai/main:gpt-a",
        "openai:api/v1",
        "openai:component/x",
        "stripe",
        "stripe:api/*",
        "openai:gpt-a~eu",
    ];
    let subject = (
        prop::sample::select(vec!["openai", "stripe"]),
        0..8usize,
        prop::sample::select(vec!["gpt-a", "gpt-b", "v1", "x"]),
    );
    let subject = subject.prop_map(|(p, kind, id)| {
        let p = ProviderId::new(p).unwrap();
        match kind {
            0 => Subject::whole(&p),
            1 => Subject::account(&p, "main"),
            2 => Subject::of(&p, SubjectType::Api, id),
            3 => Subject::of(&p, SubjectType::Component, id),
            _ => Subject::model(&p, id),
        }
    });
    let kind = prop::sample::select(vec![Kind::Deprecation, Kind::Incident, Kind::Maintenance, Kind::Billing]);
    let services = prop::collection::vec(prop::collection::vec(prop::sample::select(used.to_vec()), 0..3), 1..6);
    (services, kind, prop::collection::vec(subject, 1..3))
}

proptest! {
    #[test]
    fn looking_only_at_those_that_may_be_touched_misses_nobody((services, kind, subjects) in uses_and_subjects()) {
        let text: String = services.iter().enumerate().map(|(n, uses)| format!("[services.s{n}]\nowner = \"search\"\nuses = {uses:?}\n")).collect();
        let dir = build(&format!("{OWNERS}{text}")).unwrap();
        let about = About { kind, provider: &subjects[0].platform, subjects: &subjects };
        let name = |s: &Service| s.name.clone();
        let all: Vec<String> = dir.services().filter(|s| touched(&dir, &s.uses, about).is_some()).map(name).collect();
        prop_assert_eq!(users(&dir, about).into_iter().map(name).collect::<Vec<_>>(), all);
    }
}
