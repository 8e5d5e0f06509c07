//! Tests of lists of models.

use super::*;
use crate::model::{ConnectionId, ProviderId, SourceId};
use crate::provider::file::{self, Source};
use proptest::prelude::*;

const FILE: &str = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.models]\n\
                    kind = \"models\"\nevidence = \"V\"\nurl = \"https://acme.example/v1/models\"\nauth = \"bearer\"\n\
                    id = \"/id\"\nshutdown_on = \"/life/ends\"\n";

fn outcome(settings: &str, body: &[u8]) -> ReadOutcome {
    let provider = file::parse(&format!("{FILE}{settings}")).unwrap();
    let Source::Models(source) = &provider.sources["models"] else { panic!("a models source") };
    let ctx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/models").unwrap(),
        connection: Some(ConnectionId::new("acme/main").unwrap()),
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    read(source, &ctx, body).outcome
}

const DATA: &str = "items = \"/data\"\n";

#[track_caller]
fn endings(settings: &str, body: &str) -> Vec<(String, Option<String>, String)> {
    let ReadOutcome::Ok(found) = outcome(settings, body.as_bytes()) else { panic!("{body} was not read") };
    let one = |o: Observation| {
        assert_eq!(o.connection.as_ref().map(ConnectionId::as_str), Some("acme/main"));
        assert_eq!(o.subjects[0].account, None, "the date is the platform's, not the account's");
        let Fact::Ending(e) = o.fact else { panic!("a list speaks of endings") };
        (o.matter.unwrap().to_string(), e.deadline.map(|d| d.date.to_string()), e.quote)
    };
    found.into_iter().map(one).collect()
}

fn ending(matter: &str, date: Option<&str>, quote: &str) -> (String, Option<String>, String) {
    (matter.to_owned(), date.map(str::to_owned), quote.to_owned())
}

#[test]
fn only_an_entry_with_a_date_says_something() {
    let body = r#"{"data":[{"id":"a-1","life":{"ends":"2026-12-11"}},{"id":"a-2","life":{"ends":null}},{"id":"a-3"}]}"#;
    assert_eq!(endings(DATA, body), [ending("acme:a-1", Some("2026-12-11"), r#"a-1 | life/ends: "2026-12-11""#)]);
    assert_eq!(endings("items = \"\"\n", r#"[{"id":"a-1","life":{"ends":"2026-12-11"}}]"#).len(), 1);
    assert_eq!(endings(DATA, r#"{"data":[]}"#), []);
}

#[test]
fn one_bad_entry_hides_no_other() {
    let body = r#"{"data":[{"id":"a-1","life":{"ends":"2026-02-30"}},{"id":"a-2","life":{"ends":1781136000}},
        {"id":"a-3","life":{"ends":"Dec 11, 2026"}},{"id":7,"life":{"ends":"2026-12-11"}},"x",
        {"id":"a-4","life":{"ends":"2026-12-11"}},{"id":"a-1","life":{"ends":"2026-12-12"}}]}"#;
    let found = endings(DATA, body);
    assert_eq!(found[0], ending("acme:a-1", Some("2026-12-12"), r#"a-1 | life/ends: "2026-12-12""#));
    assert_eq!(found[1], ending("acme:a-2", None, "a-2 | life/ends: 1781136000"));
    assert_eq!(found[2], ending("acme:a-3", None, r#"a-3 | life/ends: "Dec 11, 2026""#));
    assert_eq!(found[3].1.as_deref(), Some("2026-12-11"));
    assert_eq!(found.len(), 4);
}

#[test]
fn what_is_no_list_is_unreadable_and_says_why() {
    for (body, why) in [
        ("{}", "no list at \"/data\""),
        (r#"{"data":{}}"#, "is not a list"),
        (r#"{"data":[{"name":"a-1"}]}"#, "none of 1 entries has an id at \"/id\""),
        ("nonsense", "not JSON"),
        ("<html></html>", "HTML page"),
        (r#"{"error":{"message":"Wrong\nkey"},"data":[]}"#, "error: Wrong key"),
        (r#"{"error":"overloaded"}"#, "error: overloaded"),
        (r#"{"error":{"code":7}}"#, r#"error: {"code":7}"#),
    ] {
        let ReadOutcome::Unreadable(found) = outcome(DATA, body.as_bytes()) else { panic!("{body} was read") };
        assert!(found.contains(why), "{found}");
    }
}

#[test]
fn a_short_list_fails_its_guard() {
    let settings = format!("{DATA}guards = {{ min_rows = 3, must_contain = [\"list\"] }}\n");
    for (body, why) in [
        (r#"{"object":"list","data":[{"id":"a-1"},{"id":"a-2"}]}"#, "2 entries, at least 3 expected"),
        (r#"{"data":[{"id":"a-1"},{"id":"a-2"},{"id":"a-3"}]}"#, "\"list\""),
        ("", "empty"),
    ] {
        let ReadOutcome::GuardFailed(found) = outcome(&settings, body.as_bytes()) else { panic!("{body} passed") };
        assert!(found.contains(why), "{found}");
    }
    let whole = r#"{"object":"list","error":null,"data":[{"id":"a-1"},{"id":"a-2"},{"id":"a-3"}]}"#;
    assert_eq!(outcome(&settings, whole.as_bytes()), ReadOutcome::Ok(Vec::new()));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), id in any::<String>(), date in any::<String>()) {
        let _ = outcome(DATA, &body);
        let entry = serde_json::json!({"data": [{"id": id, "life": {"ends": date}}]});
        let _ = outcome(DATA, entry.to_string().as_bytes());
    }
}

fn reading(file: &str, body: &str) -> Reading {
    let head = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.models]\nkind = \"models\"\n\
                evidence = \"V\"\nurl = \"https://acme.example/x\"\nauth = \"none\"\n";
    let provider = file::parse(&format!("{head}{file}")).unwrap();
    let Source::Models(source) = &provider.sources["models"] else { panic!("a models source") };
    let ctx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/models").unwrap(),
        connection: None,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    read(source, &ctx, body.as_bytes())
}

#[track_caller]
fn of(file: &str, body: &str) -> Vec<String> {
    let ReadOutcome::Ok(found) = reading(file, body).outcome else { panic!("{body} was not read") };
    let line = |o: &Observation| {
        let Fact::Ending(e) = &o.fact else { panic!("a list speaks of endings") };
        let date = e.deadline.as_ref().map_or_else(|| "-".to_owned(), |d| format!("{} {:?}", d.date, d.firmness));
        format!("{} {date} {} {:?}", o.matter.as_ref().unwrap(), e.replacements.join(","), e.stage)
    };
    found.iter().map(line).collect()
}

#[test]
fn a_data_set_about_many_platforms_speaks_of_those_it_is_set_up_for() {
    let file = "items = \"\"\nid = [\"/model_id\", \"/model\"]\nplatform = \"/provider\"\nplatforms = { OpenAI = \"openai\" }\n\
                shutdown_on = [\"/shutdown_date\", \"/retirement_date\"]\nreplacement = \"/replacement_models\"\n";
    let body = r#"[{"provider":"OpenAI","model_id":"demo-1","shutdown_date":"2027-01-20","replacement_models":["demo-2"]},
        {"provider":"OpenAI","model":"demo-3","retirement_date":"2027-02-20","replacement_models":[]},
        {"provider":"OpenAI","model_id":"demo-4","shutdown_date":""},{"provider":"Else","model_id":"demo-5","shutdown_date":"2027-01-20"}]"#;
    assert_eq!(of(file, body), ["openai:demo-1 2027-01-20 Firm demo-2 None", "openai:demo-3 2027-02-20 Firm  None"]);
}

#[test]
fn a_map_of_models_has_its_ids_as_keys_without_the_platform_in_front() {
    let file = "items = \"\"\nplatform = \"/litellm_provider\"\nplatforms = { azure = \"azure-openai\" }\nshutdown_on = \"/deprecation_date\"\n";
    let body = r#"{"sample_spec":{"litellm_provider":"one of","deprecation_date":"date when it ends"},
        "azure/demo-1":{"litellm_provider":"azure","deprecation_date":"2026-12-11"},"azure/demo-2":{"litellm_provider":"azure"}}"#;
    assert_eq!(of(file, body), ["azure-openai:demo-1 2026-12-11 Firm  None"]);
}

#[test]
fn groups_of_models_are_read_by_their_platform() {
    let file = "items = \"\"\ngroups = \"/models\"\nplatforms = { openai = \"openai\" }\ndeprecated = \"/status\"\nretired_words = [\"deprecated\"]\n";
    let body = r#"{"openai":{"models":{"demo-1":{"status":"deprecated"},"demo-2":{"status":"beta"},"demo-3":{}}},"x":{"models":{"y":{"status":"deprecated"}}}}"#;
    assert_eq!(of(file, body), ["openai:demo-1 -  Some(Retired)"]);
}

#[test]
fn floors_flags_and_aliases_are_kept() {
    let file = "items = \"/data\"\nid = \"/id\"\nshutdown_on = \"/deprecation\"\nearliest_on = \"/earliest\"\ndeprecated = \"/is_deprecated\"\n\
                firmness = \"/state\"\nfloor_words = [\"tentative\"]\naliases = \"/aliases\"\nreplacement = \"/next\"\n";
    let body = r#"{"data":[{"id":"a","deprecation":"2026-12-11T12:00:00Z","aliases":["a-latest"],"next":"b"},{"id":"c","earliest":"2027-01-01"},
        {"id":"d","is_deprecated":true},{"id":"e","is_deprecated":false},{"id":"f","deprecation":"2026-12-11","state":"Tentative"}]}"#;
    assert_eq!(
        of(file, body),
        [
            "acme:a 2026-12-11 Firm b None",
            "acme:a-latest 2026-12-11 Firm b None",
            "acme:c 2027-01-01 NotBefore  None",
            "acme:d -  Some(Deprecated)",
            "acme:f 2026-12-11 NotBefore  None",
        ]
    );
}

#[test]
fn an_own_list_names_everything_it_holds_and_a_data_set_does_not() {
    let file = "items = \"/data\"\nid = \"/id\"\nid_prefix = \"models/\"\nshutdown_on = \"/ends\"\n";
    let body = r#"{"data":[{"id":"models/a","ends":"2026-12-11"},{"id":"models/b"},{"id":"c"}]}"#;
    let own = reading(file, body);
    let ids: Vec<String> = own.models.unwrap().into_iter().map(|s| s.matter_id().unwrap().to_string()).collect();
    assert_eq!((ids, own.rows, own.steady), (["acme:a", "acme:b", "acme:c"].map(str::to_owned).to_vec(), 3, false));
    assert_eq!(of(file, body), ["acme:a 2026-12-11 Firm  None"]);
    let others = reading(&format!("{file}rank = \"scraped\"\n"), body);
    assert_eq!((others.models, others.rows, others.steady), (None, 1, true));
}
