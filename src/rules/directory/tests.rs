//! The directory: what is refused, and that each refusal points at the text it is about.

use super::*;
use crate::rules::testing::build;

const GOOD: &str = r##"
catch_all = "platform"
[owners.platform]
slack = "#platform"
email = "platform@example.com"
zone = "Europe/Berlin"
[owners.search]
email = "search@example.com"
lead = "ravi@example.com"
[services.support-bot]
owner = "search"
uses = ["openai/support:gpt-*", "anthropic"]
"##;

/// The problems of `GOOD` with more text after it: what is pointed at, and the message.
fn problems(more: &str) -> Vec<(String, String)> {
    let text = format!("{GOOD}{more}");
    build(&text).unwrap_err().into_iter().map(|(m, span)| (text[span].to_owned(), m)).collect()
}

#[track_caller]
fn refused(more: &str, at: &str, saying: &[&str]) {
    let found = problems(more);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0.contains(at), "{at:?} is not what is pointed at: {:?}", found[0].0);
    for word in saying {
        assert!(found[0].1.contains(word), "{word:?} is not said: {}", found[0].1);
    }
}

#[test]
fn a_good_config_becomes_owners_with_their_contacts() {
    let dir = build(GOOD).unwrap();
    let ids = |name: &str| dir.owner(name).contacts.iter().map(|c| c.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids("platform"), ["platform/slack", "platform/email"]);
    assert_eq!(dir.owner("platform").zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!(dir.owner("search").zone, TimeZone::UTC);
    assert_eq!(dir.owner("search").lead.as_ref().unwrap().address, "ravi@example.com");
    assert_eq!(dir.service("support-bot").unwrap().env, "production");
    assert!(dir.usage_known());
    assert_eq!(dir.contact(&ContactId("search/lead".into())).unwrap().channel, "email");
    assert_eq!(ids("operators"), ids("platform"), "nobody named: the catch-all hears of our own troubles");
    assert_eq!(dir.owner("gone").name, "platform", "who is gone is answered for by the catch-all");
    assert_eq!(dir.policy("gone").name, policy::STANDARD);
}

#[test]
fn an_empty_config_still_reaches_the_console() {
    let dir = build("").unwrap();
    assert_eq!(dir.catch_all, OPERATORS);
    assert_eq!(dir.owner("anybody").contacts[0].channel, "console");
    assert!(!dir.usage_known());
}

#[test]
fn an_unknown_owner_is_refused_wherever_it_is_named() {
    refused("[services.x]\nowner = \"nobdy\"\nuses = [\"openai\"]\n", "\"nobdy\"", &["nobdy", "platform, search"]);
    refused("[[routes]]\nname = \"r\"\nadd = [\"platform\", \"nobdy\"]\n", "\"nobdy\"", &["unknown owner"]);
    refused("[[routes]]\nname = \"r\"\nmute = [\"nobdy\"]\n", "\"nobdy\"", &["unknown owner"]);
    refused("[connections]\n\"openai/main\" = \"nobdy\"\n", "\"nobdy\"", &["unknown owner"]);
    let found = build("catch_all = \"nobdy\"").unwrap_err();
    assert!(found[0].0.contains("none yet") && found[0].1 == (12..19), "{found:?}");
    for fine in ["mute = [\"*\"]", "add = [\"operators\"]"] {
        assert!(build(&format!("{GOOD}[[routes]]\nname = \"r\"\n{fine}\n")).is_ok(), "{fine}");
    }
}

#[test]
fn an_unknown_policy_is_refused() {
    refused(
        "[[routes]]\nname = \"r\"\npolicy = \"fast\"\n",
        "\"fast\"",
        &[
            "unknown policy",
            "deprecation, deprecation-critical, deprecation-staging, incident, incident-critical, standard",
        ],
    );
}

#[test]
fn a_step_that_cannot_be_read_is_refused() {
    refused("[policies.fast]\nsteps = [{ at = \"soon\" }]\n", "\"soon\"", &["30d before"]);
    let boss = "[policies.fast]\nsteps = [{ at = \"1d before\", tell = [\"boss\"] }]\n";
    refused(boss, "\"boss\"", &["owner, lead, operators"]);
}

#[test]
fn an_unknown_zone_is_refused() {
    refused("[owners.x]\nconsole = true\nzone = \"Berlin\"\n", "\"Berlin\"", &["IANA", "Europe/Berlin"]);
}

#[test]
fn an_owner_nobody_can_reach_is_refused() {
    refused("[owners.ghost]\nzone = \"UTC\"\n", "[owners.ghost]", &["ghost", "console = true"]);
    // A lead alone is told of escalations only.
    refused("[owners.ghost]\nlead = \"a@example.com\"\n", "[owners.ghost]", &["cannot be reached"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    refused("[owners.x]\nemail = \"x at example\"\n", "\"x at example\"", &["no mail address"]);
    let header = "[owners.x]\nconsole = true\nlead = \"a@example.com\\nBcc: b@example.com\"\n";
    refused(header, "Bcc", &["no mail address"]);
}

#[test]
fn names_that_do_not_fit_the_rule_are_refused() {
    refused("[owners.\"../x\"]\nconsole = true\n", "../x", &["owner name"]);
    refused("[services.\"A b\"]\nowner = \"search\"\nuses = []\n", "A b", &["service name"]);
    refused("[services.x]\nowner = \"search\"\nuses = [\"openai\", \"openai:\"]\n", "\"openai:\"", &["PROVIDER["]);
}

#[test]
fn two_routes_that_choose_different_ladders_with_equal_weight_are_refused() {
    let route = |name: &str, when: &str, policy: &str| {
        format!("[[routes]]\nname = \"{name}\"\nmatch = {{ {when} }}\npolicy = \"{policy}\"\n")
    };
    let two = |a: &str, b: &str, policy: &str| route("one", a, "standard") + &route("two", b, policy);
    refused(
        &two("provider = \"openai\"", "provider = \"openai\"", "deprecation"),
        "\"two\"",
        &["\"one\"", "\"two\"", "tie"],
    );
    refused(&two("provider = \"openai\"", "kind = \"incident\"", "deprecation"), "\"two\"", &["tie"]);
    refused(&two("subject = \"gpt-*\"", "subject = \"*-mini\"", "deprecation"), "\"two\"", &["tie"]);
    for (a, b, policy) in [
        ("provider = \"openai\"", "provider = \"openai\"", "standard"), // the same ladder
        ("provider = \"openai\"", "provider = \"stripe\"", "deprecation"), // never the same event
        ("provider = \"openai\"", "provider = \"open*\"", "deprecation"), // one is more exact
        ("kind = \"incident\"", "kind = \"billing\"", "deprecation"),
        ("subject = \"a*\"", "subject = \"b*\"", "deprecation"),
        ("account = \"a\"", "account = \"b\"", "deprecation"),
    ] {
        assert!(build(&format!("{GOOD}{}", two(a, b, policy))).is_ok(), "{a} and {b}");
    }
}

#[test]
fn every_problem_is_found_at_once() {
    let all = problems(
        "[owners.ghost]\n[services.x]\nowner = \"nobdy\"\nuses = [\":\"]\n[[routes]]\nname = \"r\"\npolicy = \"fast\"\n",
    );
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn an_owner_who_is_gone_is_answered_for_by_the_one_it_moved_to() {
    let dir =
        build(&format!("{GOOD}[owners.old]\nmoved_to = \"older\"\n[owners.older]\nmoved_to = \"search\"\n")).unwrap();
    assert_eq!((dir.owner("old").name.as_str(), dir.owner("older").name.as_str()), ("search", "search"));
    assert!(dir.has_owner("old") && dir.owners().all(|o| o.name != "old"));
    refused("[owners.old]\nmoved_to = \"nobody\"\n", "nobody", &["unknown owner", "moved_to"]);
    let circle = problems("[owners.a]\nmoved_to = \"b\"\n[owners.b]\nmoved_to = \"a\"\n");
    assert!(circle.len() == 2 && circle[0].1.contains("circle"), "{circle:?}");
    refused(
        "[owners.old]\nmoved_to = \"search\"\n[services.x]\nowner = \"old\"\nuses = []\n",
        "old",
        &["moved to \"search\""],
    );
}

#[test]
fn in_shadow_mode_every_contact_is_the_operators() {
    let dir = build(&format!("mode = \"shadow\"\n{GOOD}[owners.operators]\nconsole = true\n")).unwrap();
    let all: Vec<&Contact> = dir.owners().flat_map(|o| o.contacts.iter().chain(&o.lead)).collect();
    assert!(all.len() > 3 && all.iter().all(|c| c.channel == "console"), "{all:?}");
    assert_eq!(dir.meant_for(&ContactId("search/email".into())), Some("search/email (search@example.com)"));
    assert_eq!(dir.meant_for(&ContactId("operators/console".into())), None);
}
