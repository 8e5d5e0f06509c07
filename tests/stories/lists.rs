//! Lists of models: what appears, what vanishes, and what that proves.

use crate::harness::*;
use forewarn::model::{Change, Kind, Stage};
use serde_json::json;

/// A world with a key, whose provider lists these models; the page was read.
async fn world(page: &[(&str, jiff::civil::Date)], listed: &[&str]) -> World {
    let mut w = World::restarting().await;
    w.page(page);
    list(&mut w, listed);
    let (head, rest) = w.config.split_once("[connections.\"openai/main\"]").unwrap();
    let api = w.config.split("api_url = \"").nth(1).unwrap().split("/slack\"").next().unwrap().to_owned();
    let config = format!(
        "{head}[connections.\"openai/main\"]\napi_key = \"env:API_KEY\"{rest}models = {{ url = \"{api}/api/models\" }}\n"
    );
    w.restart_with(&config);
    w.tick().await;
    w.arrived();
    w
}

fn list(w: &mut World, ids: &[&str]) {
    let data: Vec<_> = ids.iter().map(|id| json!({"id": id, "object": "model"})).collect();
    w.api("/api/models", json!({ "data": data }), None);
}

/// The list is read as often as its source wants within half an hour after its next turn.
async fn reads(w: &mut World) {
    w.advance(minutes(7 * 60)).await;
    w.live(minutes(40), minutes(6)).await;
}

async fn noted(w: &World) -> Vec<String> {
    let all = w.events().await;
    let changes = all.iter().filter(|(e, _)| e.event.kind == Kind::Change);
    changes.map(|(e, r)| format!("{} {r}", e.event.title)).collect()
}

async fn changes(w: &World, id: &str) -> Vec<Change> {
    let all = w.events().await;
    let of = all.into_iter().filter(|(e, _)| e.event.matter.as_ref().is_some_and(|m| m.as_str() == id));
    of.filter_map(|(e, _)| e.event.change).collect()
}

#[tokio::test]
async fn a_new_model_is_noted_once_and_one_that_flickers_not_at_all() {
    let mut w = world(&[("gpt-far", day(700))], &["gpt-a", "gpt-b"]).await;
    list(&mut w, &["gpt-a", "gpt-b", "gpt-new"]);
    reads(&mut w).await;
    for ids in [&["gpt-a", "gpt-new"][..], &["gpt-a", "gpt-b", "gpt-new"], &["gpt-b", "gpt-new"], &["gpt-a", "gpt-b"]] {
        list(&mut w, ids);
        w.advance(minutes(7 * 60)).await;
    }
    list(&mut w, &["gpt-a", "gpt-b", "gpt-new"]);
    reads(&mut w).await;
    assert_eq!(noted(&w).await, ["openai/models lists gpt-new quiet_kind"]);
    w.expect_silence();
}

#[tokio::test]
async fn a_model_that_vanished_is_retired_only_when_its_announced_date_has_come_too() {
    let mut w = world(&[("gpt-x", day(60)), ("gpt-far", day(700))], &["gpt-x", "gpt-a", "gpt-b"]).await;
    list(&mut w, &["gpt-a", "gpt-b"]);
    w.advance(minutes(7 * 60)).await;
    assert_eq!(noted(&w).await, [""; 0], "one missing row is nothing");
    w.live(minutes(40), minutes(6)).await;
    assert_eq!(noted(&w).await, ["openai/models no longer lists gpt-x quiet_kind"]);
    let shown = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!(shown.stage, Stage::Announced, "the list alone proves no end");
    assert!(shown.claims.iter().any(|c| c.source.as_str() == "openai/models" && c.ended), "{shown:?}");
    w.expect_silence();
    w.live(days(58), days(1)).await;
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Announced);
    w.arrived();
    w.live(days(2), minutes(7 * 60)).await;
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Retired, "list and page agree");
    let told = w.arrived();
    assert!(told.iter().any(|m| m.text.contains("list of models has it no more")), "{told:#?}");
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced, Change::Retired]);
}

#[tokio::test]
async fn a_model_that_comes_back_takes_the_word_of_its_end_back() {
    let mut w = world(&[("gpt-x", day(60)), ("gpt-far", day(700))], &["gpt-x", "gpt-a"]).await;
    list(&mut w, &["gpt-a"]);
    reads(&mut w).await;
    list(&mut w, &["gpt-x", "gpt-a"]);
    reads(&mut w).await;
    assert_eq!(noted(&w).await.last().unwrap(), "openai/models lists again gpt-x quiet_kind");
    assert!(w.shown("openai:gpt-x").await.deprecation.claims.iter().all(|c| !c.ended));
    w.live(days(62), days(1)).await;
    assert_eq!(w.shown("openai:gpt-x").await.deprecation.stage, Stage::Announced, "it is listed, whatever the date");
}

#[tokio::test]
async fn a_model_of_ours_that_vanishes_unannounced_is_one_message_without_an_invented_date() {
    let mut w = world(&[("gpt-far", day(700))], &["gpt-x", "gpt-unused", "gpt-a"]).await;
    list(&mut w, &["gpt-a"]);
    reads(&mut w).await;
    let m = w.expect("search/slack", &["gpt-x is no longer listed by openai/models", "read three times"]);
    assert!(!m.text.contains("shuts down"), "{m:?}");
    let shown = w.shown("openai:gpt-x").await.deprecation;
    assert_eq!((shown.stage, shown.shutdown_on, shown.earliest_shutdown_on), (Stage::Announced, None, None));
    assert!(w.calendar().await.iter().all(|d| d.id != "openai:gpt-unused"), "what nobody uses is noted only");
    assert_eq!(noted(&w).await.len(), 2);
    list(&mut w, &["gpt-x", "gpt-a"]);
    reads(&mut w).await;
    w.expect("search/slack", &["gpt-x", "nobody says any more that it ends"]);
}

#[tokio::test]
async fn a_list_that_shrinks_at_once_is_doubted_and_ends_nothing() {
    let full = ["gpt-x", "gpt-a", "gpt-b", "gpt-c", "gpt-d", "gpt-e", "gpt-f", "gpt-g"];
    let mut w = world(&[("gpt-x", day(60)), ("gpt-far", day(700))], &full).await;
    list(&mut w, &["gpt-a", "gpt-b"]);
    w.live(days(3), minutes(6 * 60)).await;
    assert_eq!(noted(&w).await, [""; 0]);
    let source = w.status().await.sources.into_iter().find(|s| s.id.as_str() == "openai/models").unwrap();
    assert!(source.problem.as_ref().unwrap().contains("6 of its models are missing"), "{source:?}");
    list(&mut w, &full);
    w.live(days(1), minutes(6 * 60)).await;
    assert_eq!(noted(&w).await, [""; 0]);
}

#[tokio::test]
async fn a_date_that_the_list_takes_back_counts_no_more_once_it_is_missing_twice() {
    let mut w = world(&[("gpt-far", day(700))], &["gpt-x", "gpt-a"]).await;
    let dated = json!({"data": [{"id": "gpt-x", "shutdown_date": day(80).to_string()}, {"id": "gpt-a"}]});
    w.api("/api/models", dated, None);
    reads(&mut w).await;
    w.expect("search/slack", &["gpt-x", "80 days"]);
    let undated = json!({"data": [{"id": "gpt-x", "shutdown_date": null}, {"id": "gpt-a"}]});
    w.api("/api/models", undated, None);
    w.advance(minutes(7 * 60)).await;
    w.expect_silence();
    w.live(minutes(40), minutes(6)).await;
    w.expect("search/slack", &["gpt-x", "nobody says any more that it ends"]);
    assert_eq!(changes(&w, "openai:gpt-x").await, [Change::Announced, Change::Withdrawn]);
}

#[tokio::test]
async fn each_list_is_asked_the_way_its_provider_wants_it() {
    let mut w = World::new().await;
    let api = w.config.split("api_url = \"").nth(1).unwrap().split("/slack\"").next().unwrap().to_owned();
    let off = |id: &str, names: &[&str]| {
        let line = |n: &&str| format!("\"{n}\" = {{ evidence = \"U\" }}\n");
        format!("[provider.{id}.sources]\n{}", names.iter().map(line).collect::<String>())
    };
    let quiet: String = ["anthropic", "azure-openai", "bedrock", "gemini"]
        .map(|id| {
            let provider = w.cx.catalog.get(id).unwrap();
            let others: Vec<&str> = provider
                .file
                .sources
                .keys()
                .map(String::as_str)
                .filter(|n| !["models", "webhook"].contains(n))
                .collect();
            off(id, &others)
        })
        .concat();
    let config = format!(
        r#"{}
[connections."anthropic/main"]
api_key = "env:API_KEY"
[connections."bedrock/main"]
key_id = "env:KEY_ID"
api_key = "env:API_KEY"
values = {{ region = "eu-west-1" }}
[connections."azure-openai/main"]
key_id = "env:KEY_ID"
api_key = "env:API_KEY"
values = {{ tenant = "t-1", subscription = "s-1", location = "swedencentral" }}
[connections."gemini/main"]
{quiet}[provider.anthropic.sources.models]
url = "{api}/api/anthropic"
[provider.bedrock.sources.models]
url = "{api}/api/bedrock/{{region}}"
[provider.azure-openai.sources.models]
url = "{api}/api/azure/{{subscription}}/{{location}}"
access = {{ token_url = "{api}/token/{{tenant}}", scope = "https://arm.example/.default" }}
"#,
        w.config
    );
    w.restart_with(&config);
    w.api("/api/anthropic", json!({"data": [{"id": "demo-1"}], "has_more": false}), None);
    w.api("/api/bedrock/eu-west-1", json!({"modelSummaries": [{"modelId": "demo-2"}]}), None);
    w.api("/api/azure/s-1/swedencentral", json!({"value": [{"model": {"name": "demo", "version": "3"}}]}), None);
    w.tick().await;
    let mut asked = w.asked();
    asked.sort();
    let signed = asked.iter().find(|a| a.starts_with("AWS4")).unwrap();
    assert!(signed.contains("Credential=id-of-a-test/20261123/eu-west-1/bedrock/aws4_request"), "{signed}");
    assert!(signed.contains("SignedHeaders=host;x-amz-date, Signature="), "{signed}");
    asked.retain(|a| !a.starts_with("AWS4"));
    let form = "t-1 grant_type=client_credentials&client_id=id-of-a-test&client_secret=key-of-a-test\
                &scope=https%3A%2F%2Farm.example%2F.default";
    let expected = ["Bearer bought /api/azure/s-1/swedencentral", "key-of-a-test of 2023-06-01 /api/anthropic", form];
    assert_eq!(asked, expected);
    let healthy = w.status().await.sources.into_iter().filter(|s| s.health.as_str() == "fresh").count();
    assert_eq!(healthy, 4, "the page and three lists");
}
