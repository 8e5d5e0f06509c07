//! What holds for every dialect; what is peculiar to one stands beside it and in `fixtures/_dialects/status`.

use super::*;
use crate::model::{ProviderId, SourceId, SubjectType};
use crate::provider::file::{self, Source};
use proptest::prelude::*;

fn source(settings: &str) -> StatusSource {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.status]\nkind = \"status\"\nevidence = \"V\"\nurl = \"https://status.acme.example/api/v2/summary.json\"\n{settings}"
    );
    let mut file = file::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    let Some(Source::Status(s)) = file.sources.remove("status") else { panic!("a status source") };
    *s
}

fn context() -> ReadContext {
    ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/status").unwrap(),
        connection: None,
        received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    }
}

fn outcome(settings: &str, body: &str) -> ReadOutcome {
    read(&source(settings), &context(), body.as_bytes()).outcome
}

#[track_caller]
fn seen(settings: &str, body: &str) -> Vec<Observation> {
    match outcome(settings, body) {
        ReadOutcome::Ok(all) => all,
        other => panic!("{other:?}"),
    }
}

const ASP: &str = "dialect = \"statuspage\"\n";
const IIO: &str = "dialect = \"incident_io\"\n";

fn summary(components: &str, incidents: &str) -> String {
    format!(
        r#"{{"page":{{"id":"p1","name":"Acme","time_zone":"UTC"}},"status":{{"indicator":"none"}},"components":[{components}],"incidents":[{incidents}],"scheduled_maintenances":[]}}"#
    )
}

fn component(id: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","name":"The {id}","status":"{status}","updated_at":"2026-11-20T10:00:00Z"}}"#)
}

fn incident(id: &str, status: &str, impact: &str, component: &str) -> String {
    let named = if component.is_empty() {
        String::new()
    } else {
        format!(r#"{{"id":"{component}","name":"The {component}","status":"operational"}}"#)
    };
    format!(
        r#"{{"id":"{id}","name":"Errors","status":"{status}","impact":"{impact}","created_at":"2026-11-20T09:00:00Z","updated_at":"2026-11-20T09:30:00Z","components":[{named}],"incident_updates":[{{"id":"u1","status":"{status}","body":"Words.","created_at":"2026-11-20T09:30:00Z","updated_at":"2026-11-20T09:30:00Z","display_at":"2026-11-20T09:30:00Z"}}]}}"#
    )
}

fn change(o: &Observation) -> Change {
    let (Fact::Episode { change } | Fact::Planned { change, .. }) = o.fact else { panic!("{o:?}") };
    change
}

fn matters(all: &[Observation]) -> Vec<(String, Change, Severity)> {
    all.iter().map(|o| (o.matter.as_ref().unwrap().to_string(), change(o), o.severity)).collect()
}

#[test]
fn the_worst_of_incident_and_component_counts_and_both_are_said() {
    let body = summary(&component("api", "major_outage"), &incident("i1", "identified", "minor", "api"));
    let all = seen(ASP, &body);
    assert_eq!(matters(&all), [("acme:incident/i1".into(), Change::Opened, Severity::Critical)]);
    assert_eq!(all[0].summary, "Identified, impact minor; The api: major outage. Words.");
    let green = summary(&component("api", "operational"), &incident("i1", "identified", "major", "api"));
    let all = seen(ASP, &green);
    assert_eq!(matters(&all)[0].2, Severity::Major);
    assert_eq!(matters(&all)[1], ("acme:component/api".into(), Change::Resolved, Severity::Info));
}

#[test]
fn impact_none_is_still_an_incident_and_monitoring_is_not_over() {
    let body = summary(&component("api", "operational"), &incident("i1", "monitoring", "none", ""));
    let all = seen(ASP, &body);
    assert_eq!(matters(&all)[0], ("acme:incident/i1".into(), Change::Opened, Severity::Info));
    assert!(all[0].subjects[0].is_whole(), "what names nothing concerns the whole provider");
}

#[test]
fn only_the_words_of_an_end_end() {
    for (status, over) in [
        ("resolved", true),
        ("postmortem", true),
        ("monitoring", false),
        ("identified", false),
        ("surprise", false),
        ("", false),
    ] {
        let body = summary(&component("api", "operational"), &incident("i1", status, "minor", "api"));
        assert_eq!(matters(&seen(ASP, &body))[0].1 == Change::Resolved, over, "{status}");
    }
}

#[test]
fn a_component_without_an_incident_is_a_matter_of_its_own_and_maintenance_is_not() {
    let parts = [
        component("a", "partial_outage"),
        component("b", "under_maintenance"),
        component("c", "not_monitored"),
        component("d", "operational"),
    ]
    .join(",");
    let all = seen(ASP, &summary(&parts, ""));
    assert_eq!(
        matters(&all),
        [
            ("acme:component/a".into(), Change::Opened, Severity::Major),
            ("acme:component/d".into(), Change::Resolved, Severity::Info)
        ]
    );
    assert_eq!(all[0].title, "The a: partial outage");
    assert_eq!((all[0].subjects[0].kind, all[0].subjects[0].id.as_str()), (SubjectType::Component, "a"));
}

#[test]
fn maintenance_is_never_an_incident() {
    for status in ["scheduled", "in_progress", "verifying", "completed"] {
        let body = summary(&component("api", "under_maintenance"), &incident("i1", status, "maintenance", "api"));
        let all = seen(ASP, &body);
        assert_eq!((all.len(), all[0].kind), (1, Kind::Maintenance), "{status}");
        assert_eq!(change(&all[0]) == Change::Resolved, status == "completed");
    }
}

#[test]
fn maintenance_carries_the_times_its_page_gives() {
    let times = |from: &str, until: &str| {
        let body = format!(
            r#"{{"page":{{"id":"p","name":"Acme"}},"status":{{}},"components":[{}],"incidents":[],"scheduled_maintenances":[{{"id":"m1","name":"Disks","status":"scheduled","created_at":"2026-11-19T09:00:00Z"{from}{until}}}]}}"#,
            component("api", "operational")
        );
        match seen(ASP, &body).into_iter().find(|o| o.kind == Kind::Maintenance).unwrap().fact {
            Fact::Planned { window, .. } => Some((window.from.to_string(), window.until.map(|t| t.to_string()))),
            _ => None,
        }
    };
    let (from, until) = (r#","scheduled_for":"2026-12-03T10:00:00Z""#, r#","scheduled_until":"2026-12-03T12:00:00Z""#);
    let begins = "2026-12-03T10:00:00Z".to_owned();
    assert_eq!(times(from, until), Some((begins.clone(), Some("2026-12-03T12:00:00Z".to_owned()))));
    assert_eq!(times(from, ""), Some((begins.clone(), None)));
    assert_eq!(
        times(from, r#","scheduled_until":"2026-12-03T10:00:00Z""#),
        Some((begins, None)),
        "an end before its beginning is none"
    );
    assert_eq!(times("", ""), None);
}

#[test]
fn where_incidents_name_no_components_what_is_broken_is_theirs() {
    let bare = r#"{"page":{"id":"p","name":"Acme"},"status":{},"components":[{"id":"01A","name":"Images","status":"partial_outage"}],"incidents":[{"id":"01I","name":"Slow","status":"investigating","impact":"none","created_at":"2026-11-20T09:00:00Z"}]}"#;
    let all = seen(IIO, bare);
    assert_eq!(matters(&all), [("acme:incident/01I".into(), Change::Opened, Severity::Major)]);
    assert_eq!(all[0].subjects[0].id, "01A");
    assert_eq!(all[0].url.as_deref(), Some("https://status.acme.example/incidents/01I"));
}

#[test]
fn what_is_not_the_page_we_know_is_refused_with_its_reason() {
    let good = summary(&component("api", "operational"), "");
    for (settings, body, why) in [
        (ASP, "<!DOCTYPE html><html>", "HTML page"),
        (ASP, "", "empty"),
        (ASP, "  ", "empty"),
        (ASP, "{}", "neither components nor incidents"),
        (ASP, "[]", "not the JSON"),
        (ASP, "null", "not the JSON"),
        (ASP, "{\"page\":{\"id\":\"p\"},\"status\":{},\"components\":{}}", "not the JSON"),
        (ASP, "{\"page\":{\"id\":\"p\"},\"status\":{},\"incidents\":[]}", "no components"),
        (ASP, "{\"page\":{\"id\":\"p\"},\"status\":{},\"components\":[]}", "no list of incidents"),
        (ASP, "{\"page\":{\"id\":\"p\"},\"status\":{},\"components\":[],\"incidents\":[]}", "0 components"),
        (ASP, "{\"incidents\":[]}", "whose page"),
        ("dialect = \"statuspage\"\nguards = { page = \"Other\" }\n", &good, "not of \"Other\""),
        ("dialect = \"statuspage\"\nguards = { min_rows = 5 }\n", &good, "1 components or entries, at least 5"),
        ("dialect = \"statuspage\"\nguards = { must_contain = [\"needle\"] }\n", &good, "needle"),
        ("dialect = \"instatus\"\n", "{\"page\":{\"name\":\"A\",\"status\":\"WEIRD\"}}", "no state that is known"),
        ("dialect = \"better_stack\"\n", "{\"data\":{\"type\":\"x\"}}", "no status_page"),
        ("dialect = \"online_or_not\"\n", "{\"success\":false}", "no success"),
        ("dialect = \"google_cloud\"\n", "[]", "0 components or entries"),
        ("dialect = \"slack\"\n", "{\"status\":\"ok\"}", "no active_incidents"),
        ("dialect = \"heroku\"\n", "{\"status\":[]}", "no list of incidents"),
        ("dialect = \"status_io\"\n", "{\"result\":{}}", "no overall status"),
        ("dialect = \"history_feed\"\n", "<rss version=\"2.0\"><channel></channel></rss>", "0 components or entries"),
    ] {
        match outcome(settings, body) {
            ReadOutcome::GuardFailed(found) | ReadOutcome::Unreadable(found) => {
                assert!(found.contains(why), "{body}: {found}")
            }
            ReadOutcome::Ok(all) => panic!("{body} was read: {all:?}"),
        }
    }
    assert_eq!(seen("dialect = \"statuspage\"\nguards = { page = \"p1\" }\n", &good).len(), 1);
    assert_eq!(seen("dialect = \"slack\"\n", "{\"status\":\"ok\",\"active_incidents\":[]}"), []);
    assert_eq!(seen("dialect = \"aws_events\"\n", "[]"), []);
}

#[test]
fn what_has_no_name_or_no_known_state_is_refused_whole() {
    let well = component("api", "operational");
    for (body, why) in [
        (summary(&component("api", ""), ""), "none of its components"),
        (summary(r#"{"id":null,"name":null,"status":"operational"}"#, ""), "neither id nor name"),
        (summary(&well, r#"{"id":null,"name":"x","status":"investigating"}"#), "neither id nor name"),
    ] {
        match outcome(ASP, &body) {
            ReadOutcome::GuardFailed(found) | ReadOutcome::Unreadable(found) => assert!(found.contains(why), "{found}"),
            ReadOutcome::Ok(all) => panic!("{body} was read: {all:?}"),
        }
    }
    let one_new = summary(&format!("{well},{}", component("web", "frobbed")), "");
    assert_eq!(matters(&seen(ASP, &one_new)), [("acme:component/api".into(), Change::Resolved, Severity::Info)]);
}

#[test]
fn lists_that_are_null_are_read_as_those_that_are_left_out() {
    let google = |rest: &str| {
        format!(
            r#"[{{"id":"g1","begin":"2026-11-20T00:00:00Z","external_desc":"x","updates":[],"status_impact":"SERVICE_OUTAGE","service_key":"k","service_name":"K"{rest}}}]"#
        )
    };
    let null =
        google(r#","affected_products":null,"currently_affected_locations":null,"previously_affected_locations":null"#);
    assert_eq!(seen("dialect = \"google_cloud\"\n", &null), seen("dialect = \"google_cloud\"\n", &google("")));
    let aws = |rest: &str| {
        format!(r#"[{{"date":"1763600000","status":"2","service":"demo-us-east-1","summary":"Errors"{rest}}}]"#)
    };
    let null = aws(r#","event_log":null,"impacted_services":null"#);
    assert_eq!(seen("dialect = \"aws_events\"\n", &null), seen("dialect = \"aws_events\"\n", &aws("")));
    let slack = |rest: &str| {
        format!(
            r#"{{"status":"active","active_incidents":[{{"id":1,"title":"x","type":"outage","status":"active"{rest}}}]}}"#
        )
    };
    let null = slack(r#","services":null,"notes":null"#);
    assert_eq!(seen("dialect = \"slack\"\n", &null), seen("dialect = \"slack\"\n", &slack("")));
}

#[test]
fn a_group_of_components_counts_by_what_it_holds() {
    let body = r#"{"page":{"name":"Acme","status":"HASISSUES"},"components":[{"id":"g","name":"EU","status":"OPERATIONAL","isParent":true,"children":[{"id":"a","name":"API","status":"OPERATIONAL"},{"id":"b","name":"Web","status":"MAJOROUTAGE","children":null}]}]}"#;
    let all = matters(&seen("dialect = \"instatus\"\n", body));
    assert!(all.contains(&("acme:component/b".into(), Change::Opened, Severity::Critical)), "{all:?}");
    assert!(all.iter().all(|(id, ..)| id != "acme:component/g"), "{all:?}");
}

#[test]
fn maintenances_alone_are_a_part_of_the_api_too() {
    let body = r#"{"page":{"id":"p1","name":"Acme"},"scheduled_maintenances":[{"id":"m1","name":"Move","status":"scheduled","scheduled_for":"2026-12-01T00:00:00Z"}]}"#;
    assert_eq!(matters(&seen(ASP, body)), [("acme:maintenance/m1".into(), Change::Opened, Severity::Info)]);
    let whole = body.replace("\"page\"", "\"status\":{},\"page\"");
    assert!(matches!(outcome(ASP, &whole), ReadOutcome::Unreadable(_)), "a summary lists more");
}

#[test]
fn work_to_come_has_its_window_in_rss_as_well() {
    let body = "<rss version=\"2.0\"><channel><title>Acme Status - Incident History</title><item><title>Move</title><description>&lt;p&gt;&lt;b&gt;THIS IS A SCHEDULED EVENT Dec  1, 00:00 - 04:00 UTC&lt;/b&gt;&lt;/p&gt;&lt;p&gt;&lt;small&gt;Nov 18, 10:00 UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;Scheduled&lt;/strong&gt; - We move.&lt;/p&gt;</description><pubDate>Tue, 01 Dec 2026 00:00:00 +0000</pubDate><link>https://status.acme.example/incidents/m1</link></item></channel></rss>";
    let all = seen("dialect = \"history_feed\"\nguards = { page = \"Acme\" }\n", body);
    let Fact::Planned { change: Change::Opened, window } = all[0].fact else { panic!("{all:?}") };
    assert_eq!((window.from.to_string().as_str(), all[0].kind), ("2026-12-01T00:00:00Z", Kind::Maintenance));
    assert!(matches!(
        outcome("dialect = \"history_feed\"\nguards = { page = \"Other\" }\n", body),
        ReadOutcome::GuardFailed(_)
    ));
}

#[test]
fn a_date_to_come_and_a_double_are_refused() {
    let future = incident("i1", "identified", "minor", "").replace("2026-11-20T09:30", "2206-11-20T09:30");
    assert!(
        matches!(outcome(ASP, &summary(&component("a", "operational"), &future)), ReadOutcome::GuardFailed(why) if why.contains("yet to come"))
    );
    let twice = format!("{},{}", incident("i1", "identified", "minor", ""), incident("i1", "resolved", "minor", ""));
    assert!(
        matches!(outcome(ASP, &summary(&component("a", "operational"), &twice)), ReadOutcome::GuardFailed(why) if why.contains("twice"))
    );
    let same = format!("{0},{0}", incident("i1", "identified", "minor", ""));
    assert_eq!(seen(ASP, &summary(&component("a", "partial_outage"), &same)).len(), 1);
    let twice = format!("{},{}", component("a", "operational"), component("a", "major_outage"));
    assert!(matches!(outcome(ASP, &summary(&twice, "")), ReadOutcome::GuardFailed(_)));
}

#[test]
fn rows_are_components_and_never_incidents() {
    let parts = [component("a", "operational"), component("b", "operational")].join(",");
    for incidents in [String::new(), incident("i1", "identified", "minor", "")] {
        let reading = read(&source(ASP), &context(), summary(&parts, &incidents).as_bytes());
        assert_eq!((reading.rows, reading.steady), (2, true));
    }
    let history =
        format!(r#"{{"page":{{"id":"p1","name":"Acme"}},"incidents":[{}]}}"#, incident("i1", "resolved", "minor", "a"));
    let reading = read(&source(ASP), &context(), history.as_bytes());
    assert_eq!(reading.rows, 0);
    assert!(matches!(reading.outcome, ReadOutcome::Ok(all) if all.len() == 1));
}

#[test]
fn an_edit_and_a_worse_component_make_another_word_and_a_repeat_does_not() {
    let one = |health: &str, status: &str| {
        seen(ASP, &summary(&component("api", health), &incident("i1", status, "minor", "api")))[0].native_id.clone()
    };
    assert_eq!(one("operational", "identified"), one("operational", "identified"));
    assert_ne!(one("operational", "identified"), one("major_outage", "identified"));
    assert_ne!(one("operational", "identified"), one("operational", "resolved"));
    let body = summary(&component("api", "operational"), &incident("i1", "identified", "minor", "api"));
    let edited = body.replacen(
        "\"updated_at\":\"2026-11-20T09:30:00Z\",\"display_at\"",
        "\"updated_at\":\"2026-11-20T10:30:00Z\",\"display_at\"",
        1,
    );
    assert_ne!(seen(ASP, &body)[0].native_id, seen(ASP, &edited)[0].native_id);
}

#[test]
fn only_and_regions_leave_what_concerns_us_and_what_names_nothing() {
    let event = |n: u32, service: &str| {
        format!(
            r#"{{"date":"1795165200","arn":"arn:aws:health:x::event/X/Y/E{n}","status":"2","service":"{service}","summary":"Errors","impacted_services":{{}}}}"#
        )
    };
    let body = format!(
        "[{},{},{},{}]",
        event(1, "bedrock-us-east-1"),
        event(2, "bedrock-eu-west-1"),
        event(3, "ec2-us-east-1"),
        event(4, "")
    );
    let all = seen("dialect = \"aws_events\"\nonly = [\"bedrock*\"]\nregions = [\"us-*\"]\n", &body);
    let ids: Vec<&str> = all.iter().map(|o| o.matter.as_ref().unwrap().as_str()).collect();
    assert_eq!(ids, ["acme:incident/E1", "acme:incident/E4"]);
    assert_eq!((all[0].subjects[0].id.as_str(), all[0].subjects[0].region.as_deref()), ("bedrock", Some("us-east-1")));
    assert!(all[1].subjects[0].is_whole());
}

#[test]
fn text_from_outside_stays_text() {
    let hostile = incident("i1", "identified", "minor", "")
        .replace("Words.", "<script>x()</script><a href=\\\"javascript:y\\\">Hi</a>\\u202e\\n\\nall");
    let all = seen(ASP, &summary(&component("a", "operational"), &hostile));
    assert_eq!(all[0].summary, "Identified, impact minor. Hi all");
    let link = incident("i1", "identified", "minor", "")
        .replace("\"id\":\"i1\"", "\"shortlink\":\"javascript:x\",\"id\":\"i1\"");
    assert_eq!(seen(ASP, &summary(&component("a", "operational"), &link))[0].url, None);
}

#[test]
fn an_address_for_each_engine_is_tried_in_order() {
    let all = addresses("status.example.com/");
    assert_eq!(
        &all[..2],
        ["https://status.example.com/api/v2/summary.json", "https://status.example.com/v3/summary.json"]
    );
    assert!(all.contains(&"https://api.onlineornot.com/v1/status_pages/status.example.com/summary".to_owned()));
    assert_eq!(addresses("https://status.heroku.com")[0], "https://status.heroku.com/api/v4/current-status");
    assert_eq!(addresses("https://status.example.com/feed.xml")[0], "https://status.example.com/feed.xml");
}

#[test]
fn the_ends_are_looked_for_beside_the_summary() {
    assert_eq!(source(ASP).history().as_deref(), Some("https://status.acme.example/api/v2/incidents.json"));
    assert_eq!(source("dialect = \"instatus\"\n").history(), None);
    assert_eq!(
        source("dialect = \"instatus\"\nhistory = \"https://a.example/x\"\n").history().as_deref(),
        Some("https://a.example/x")
    );
    assert_eq!(source(ASP).page(), "https://status.acme.example");
}

proptest! {
    #[test]
    fn no_bytes_make_a_dialect_panic(body in any::<Vec<u8>>(), text in any::<String>(), which in 0usize..14) {
        let settings = format!("dialect = \"{}\"\n", Dialect::ALL[which % Dialect::ALL.len()]);
        let source = source(&settings);
        let _ = read(&source, &context(), &body);
        let _ = recognise("https://status.example.com", None, &body);
        let text = serde_json::Value::String(text).to_string();
        let body = summary(&format!(r#"{{"id":{text},"name":{text},"status":{text},"updated_at":{text}}}"#), &format!(r#"{{"id":{text},"name":{text},"status":{text},"impact":{text},"shortlink":{text},"incident_updates":[{{"body":{text}}}]}}"#));
        let _ = read(&source, &context(), body.as_bytes());
        let _ = addresses(&text);
    }
}
