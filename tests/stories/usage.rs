//! What we use, as counted calls and scans tell it, and what people read of it.

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use forewarn::engine::adopt::Adopter;
use forewarn::engine::count::{Counter, counters};
use forewarn::engine::gaps::{GapWatch, Lack, gaps};
use forewarn::engine::plan::{digests, plan};
use forewarn::engine::usage::take;
use forewarn::fetch::Client;
use forewarn::model::{Direction, ProviderId, Subject, UsageReport, Use};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `calls` of a project to a model in the day before `until`; an export that covers the last 30 days.
pub fn export(id: &str, project: &str, calls: u64, until: Timestamp) -> UsageReport {
    let openai = ProviderId::new("openai").unwrap();
    let used = Use {
        subject: Subject::model(&openai, id),
        service: None,
        project: Some(project.into()),
        from: until - days(1),
        until,
        calls: Some(calls),
        tokens: None,
        place: None,
        mention: false,
    };
    UsageReport {
        direction: Direction::Observed,
        via: "openai".into(),
        service: None,
        covers: vec![(openai, None)],
        covered: Some((until - days(30), until)),
        uses: vec![used],
    }
}

#[tokio::test]
async fn the_message_says_who_calls_it_and_who_only_declares_it() {
    let mut w = World::new().await;
    let config = w.config.replace(
        "[services.support-bot]\nowner = \"search\"",
        "[services.support-bot]\nowner = \"search\"\nprojects = [\"proj_bot\"]",
    );
    w.restart_with(&config);
    take(&w.cx, export("gpt-x", "proj_bot", 41_200, w.now() - SignedDuration::from_mins(5))).await.unwrap();
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect(
        "search/slack",
        &[
            "support-bot, production: 41,200 calls in 7 days, last today",
            "rerank-batch, production: declared, no calls seen for 30 days",
        ],
    );
}

#[tokio::test]
async fn without_counted_calls_the_message_claims_nothing_about_them() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let m = w.expect("search/slack", &["support-bot, production"]);
    assert!(!m.text.contains("calls in") && !m.text.contains("no calls"), "{}", m.text);
}

fn gap_watch(w: &World) -> GapWatch {
    GapWatch { cx: w.cx.clone() }
}

#[tokio::test]
async fn a_new_gap_is_told_to_the_operators_once_and_its_end_too() {
    let mut w = World::new().await;
    w.tick().await;
    w.arrived();
    take(&w.cx, export("gpt-stranger", "proj_new", 7, w.now())).await.unwrap();
    for _ in 0..3 {
        gap_watch(&w).tick(w.now()).await.unwrap();
        w.tick().await;
    }
    let told = w.arrived();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0].contact == "operators/webhook"
            && told[0].text.contains("gpt-stranger")
            && told[0].text.contains("proj_new")
    );
    let row = gaps(&w.cx, w.now()).await.unwrap();
    assert_eq!(
        row.iter().map(|g| (g.lack, g.about.as_str())).collect::<Vec<_>>(),
        [(Lack::Unowned, "openai:gpt-stranger")]
    );
    let config = w.config.replace(
        "[services.invoices]",
        "[services.strange]\nowner = \"search\"\nuses = [\"openai:gpt-stranger\"]\n[services.invoices]",
    );
    w.restart_with(&config);
    w.pass(minutes(1));
    gap_watch(&w).tick(w.now()).await.unwrap();
    w.tick().await;
    assert!(gaps(&w.cx, w.now()).await.unwrap().is_empty());
    assert!(w.arrived().iter().all(|m| m.contact == "operators/webhook"));
}

#[tokio::test]
async fn a_contact_whose_last_letter_was_refused_is_a_gap_until_one_is_taken() {
    let mut w = World::new().await;
    w.mood("slack", Mood::Refusing);
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let all = gaps(&w.cx, w.now()).await.unwrap();
    let gap = all.iter().find(|g| g.lack == Lack::Unreachable).unwrap();
    assert_eq!(gap.about, "search/slack");
    assert!(
        gap.advice.contains("is_archived") && gap.advice.contains("search cannot be reached at all"),
        "{}",
        gap.advice
    );
    w.mood("slack", Mood::Well);
    w.advance(days(30)).await;
    assert!(gaps(&w.cx, w.now()).await.unwrap().is_empty(), "the next letter was taken");
    w.advance(days(150)).await;
    let all = gaps(&w.cx, w.now()).await.unwrap();
    assert!(all.iter().any(|g| g.about == "search" && g.title.contains("180 days")), "{all:?}");
}

#[tokio::test]
async fn in_shadow_mode_everything_goes_to_the_operators_and_names_who_was_meant() {
    let mut w = World::new().await;
    let live = w.config.clone();
    w.restart_with(&format!("mode = \"shadow\"\n{live}"));
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(60))]);
    w.tick().await;
    let all = w.arrived();
    assert!(!all.is_empty() && all.iter().all(|m| m.text.contains("Shadow, meant for")), "{all:#?}");
    assert!(all.iter().any(|m| m.text.contains("search/slack (#search)")), "{all:#?}");
    // Going live tells nothing twice.
    w.restart_with(&live);
    w.tick().await;
    w.expect_silence();
}

#[tokio::test]
async fn a_plan_says_who_would_be_told_instead_and_what_would_be_lost() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(90))]);
    w.tick().await;
    let channels = ["slack", "webhook.billing", "webhook.ops", "console"].map(str::to_owned).into_iter().collect();
    let directory =
        |text: &str| forewarn::config::parse(forewarn::config::Text::embedded("new", text), &env).unwrap().directory;
    let (same, open) = plan(&w.cx, &directory(&w.config), &channels, w.now()).await.unwrap();
    assert_eq!((same, open), (vec![], 2));
    let moved = directory(&w.config.replace("slack = \"#search\"", "slack = \"#search-new\""));
    let (changed, _) = plan(&w.cx, &moved, &channels, w.now()).await.unwrap();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].unreachable.is_none());
    let weekly = directory(&w.config.replace("digest = \"off\"", "digest = \"0 9 * * mon\""));
    let friday = directory(
        &w.config
            .replace("digest = \"off\"", "digest = \"0 9 * * mon\"")
            .replace("zone = \"America/New_York\"", "zone = \"America/New_York\"\ndigest = \"0 8 * * fri\""),
    );
    assert_eq!(digests(&w.cx.directory, &directory(&w.config)), []);
    let begun = digests(&w.cx.directory, &weekly);
    let names: Vec<_> = begun.iter().map(|d| (d.owner.as_str(), d.was.as_deref())).collect();
    assert_eq!(names, [("billing", None), ("operators", None), ("search", None)]);
    let moved_digest = digests(&weekly, &friday);
    assert_eq!(moved_digest.len(), 1, "{moved_digest:?}");
    assert_eq!(moved_digest[0].was.as_deref(), Some("0 9 * * mon America/New_York to search/slack (#search)"));
    assert_eq!(moved_digest[0].will.as_deref(), Some("0 8 * * fri America/New_York to search/slack (#search)"));
    assert_eq!(digests(&friday, &w.cx.directory).iter().filter(|d| d.will.is_none()).count(), 3, "all are off");
    let rung = changed[0].rungs.iter().find(|r| r.step == "30d").unwrap();
    assert_eq!((&rung.was[0][..], &rung.will[0][..]), ("search/slack (#search)", "search/slack (#search-new)"));
    let gone = w
        .config
        .replace("[owners.billing]\nwebhook = \"billing\"\n", "")
        .replace("owner = \"billing\"", "owner = \"search\"");
    let (changed, _) = plan(&w.cx, &directory(&gone), &channels, w.now()).await.unwrap();
    let lost: Vec<_> = changed.iter().filter_map(|c| c.unreachable.as_deref()).collect();
    assert!(lost.len() == 1 && lost[0].contains("moved_to"), "{changed:?}");
    let handed = gone + "[owners.billing]\nmoved_to = \"search\"\n";
    let (changed, _) = plan(&w.cx, &directory(&handed), &channels, w.now()).await.unwrap();
    assert!(changed.iter().all(|c| c.unreachable.is_none()) && !changed.is_empty(), "{changed:?}");
}

#[tokio::test]
async fn usage_is_taken_by_the_api_in_every_form_and_stands_in_the_calendar() {
    let mut w = World::new().await;
    w.page(&[("gpt-x", day(60)), ("gpt-unused", day(50))]);
    w.tick().await;
    let post = |kind: &str, uri: &str, body: &str| {
        Request::builder()
            .method("POST")
            .uri(uri)
            .header("content-type", kind)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    let rows = format!(
        r#"{{"usage":[{{"subject":"openai:gpt-unused","project":"proj_new","calls":12,"last_at":"{}"}},{{"subject":"nobody-knows:x","calls":1}},{{"x":1}}]}}"#,
        w.now()
    );
    let (status, v) = w.ask_inside(post("application/json", "/api/v1/usage", &rows)).await;
    assert_eq!((status, v["observed"].as_u64(), v["new"].as_u64()), (200, Some(1), Some(1)), "{v}");
    assert_eq!(v["left_out"].as_object().unwrap().len(), 2, "{v}");
    let row = w.calendar().await.into_iter().find(|d| d.id == "openai:gpt-unused").unwrap();
    assert_eq!((row.used, row.state.as_str(), row.owners.len()), (Some(true), "UNOWNED", 0));
    assert_eq!((row.usage[0].project.as_deref(), row.usage[0].calls), (Some("proj_new"), Some(12)));
    let csv = "start_time,end_time,project_id,num_model_requests,model\n1,2,p,3,gpt-x\n";
    assert_eq!(w.ask_inside(post("text/csv", "/api/v1/usage?service=support-bot", csv)).await.0, 200);
    for (kind, uri, body, answer) in [
        ("text/plain", "/api/v1/usage", "{}", 415),
        ("application/json", "/api/v1/usage", "{}", 422),
        ("application/json", "/api/v1/usage?service=none", rows.as_str(), 422),
        ("application/json", "/api/v1/usage?servce=x", rows.as_str(), 400),
    ] {
        assert_eq!(w.ask_inside(post(kind, uri, body)).await.0, answer, "{kind} {uri}");
    }
}

#[tokio::test]
async fn what_was_known_at_the_build_answers_until_the_page_is_read() {
    let mut w = World::new().await;
    w.restart_with(&w.config.replace("snapshot = false\n", ""));
    let of = |all: &[forewarn::engine::calendar::Deprecation], p: &str| {
        all.iter().filter(|d| d.provider == p && d.snapshot_on.is_some()).count()
    };
    let all = known_rows(&w).await;
    assert!(of(&all, "openai") > 100 && of(&all, "anthropic") > 10);
    let old = all.iter().find(|d| d.id == "openai:gpt-4-32k").unwrap();
    assert!(old.url.as_deref().unwrap().starts_with("https://") && old.state != "UNOWNED");
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    let all = known_rows(&w).await;
    assert_eq!(of(&all, "openai"), 0, "its page was read");
    assert!(
        of(&all, "anthropic") > 10 && w.events().await.iter().all(|(e, _)| e.event.provider.as_str() != "anthropic")
    );
}

async fn known_rows(w: &World) -> Vec<forewarn::engine::calendar::Deprecation> {
    forewarn::engine::calendar::all(&w.cx, w.now().to_zoned_datetime(jiff::tz::TimeZone::UTC).date()).await.unwrap()
}

#[tokio::test]
async fn a_use_that_is_declared_later_is_told_of_what_was_known_before_once() {
    let mut w = World::new().await;
    w.page(&[("gpt-late", day(40)), ("gpt-over", day(-5)), ("gpt-x", day(60))]);
    w.tick().await;
    w.arrived();
    let adopt = |w: &World| Adopter { cx: w.cx.clone() };
    adopt(&w).tick(w.now()).await.unwrap();
    w.tick().await;
    w.expect_silence();
    let uses = "uses = [\"openai:gpt-b\", \"openai:gpt-late\", \"openai:gpt-over\"]";
    w.restart_with(&w.config.replace("uses = [\"openai:gpt-b\"]", uses));
    for _ in 0..3 {
        adopt(&w).tick(w.now()).await.unwrap();
        w.tick().await;
    }
    let m = w.expect("billing/webhook", &["gpt-late", "40 days"]);
    assert!(!m.text.contains("gpt-over"), "{}", m.text);
    // What its owner has dealt with is not opened again.
    let alert = w.alerts().await.into_iter().find(|(_, m)| m.id.as_str() == "openai:gpt-late").unwrap().0;
    w.ack(alert.id, Some(day(20))).await;
    adopt(&w).tick(w.now()).await.unwrap();
    w.tick().await;
    w.expect_silence();
}

#[tokio::test]
async fn what_is_seen_in_use_and_declared_by_nobody_reaches_the_catch_all() {
    let mut w = World::new().await;
    w.page(&[("gpt-stray", day(20))]);
    w.tick().await;
    w.expect_silence();
    take(&w.cx, export("gpt-stray", "proj_new", 7, w.now())).await.unwrap();
    Adopter { cx: w.cx.clone() }.tick(w.now()).await.unwrap();
    w.tick().await;
    w.expect("operators/webhook", &["gpt-stray", "proj_new was seen to use it and nobody owns it"]);
    let caught: Vec<_> = gaps(&w.cx, w.now()).await.unwrap().into_iter().map(|g| g.lack).collect();
    assert_eq!(caught, [Lack::Unowned, Lack::CatchAll]);
}

/// The real program beside this world's data, with another config.
fn cli(w: &World, config: &str, args: &[&str]) -> (i32, String) {
    let path = w.dir.path().join("forewarn.toml");
    std::fs::write(&path, config).unwrap();
    let mut c = std::process::Command::new(env!("CARGO_BIN_EXE_forewarn"));
    c.args(args).arg("--config").arg(&path).arg("--data").arg(w.dir.path());
    let out = c.envs(["WHSEC", "PLAIN", "TOKEN", "SLACK"].map(|n| (n, env(n).unwrap()))).output().unwrap();
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8(b).unwrap()).concat();
    (out.status.code().unwrap(), text)
}

#[tokio::test]
async fn an_owner_with_open_alerts_is_not_removed_before_somebody_answers_for_them() {
    let mut w = World::new().await;
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    w.expect("billing/webhook", &["gpt-b"]);
    let config = w.config.clone();
    assert_eq!(cli(&w, &config, &["check"]).0, 0);
    let gone = config
        .replace("[owners.billing]\nwebhook = \"billing\"\n", "")
        .replace("owner = \"billing\"", "owner = \"search\"");
    let (code, said) = cli(&w, &gone, &["check"]);
    assert!(
        code == 2 && said.contains("owner \"billing\" is gone") && said.contains("#1") && said.contains("moved_to"),
        "{said}"
    );
    let handed = format!("{gone}[owners.billing]\nmoved_to = \"search\"\n");
    assert_eq!(cli(&w, &handed, &["check"]).0, 0);
    let new = w.dir.path().join("new.toml");
    std::fs::write(&new, &gone).unwrap();
    let (code, said) = cli(&w, &config, &["plan", new.to_str().unwrap()]);
    assert!(
        code == 3
            && said.contains("UNREACHABLE")
            && said.contains("1 open alerts, 1 change, 1 would become unreachable"),
        "{said}"
    );
    std::fs::write(&new, &handed).unwrap();
    let (code, said) = cli(&w, &config, &["plan", new.to_str().unwrap()]);
    assert!(
        code == 0 && said.contains("billing/webhook (billing)") && said.contains("search/slack (#search)"),
        "{said}"
    );
    w.restart_with(&handed);
    w.advance(days(30)).await;
    w.expect("search/slack", &["gpt-b", "30 days"]);
}

fn counter(w: &World) -> Counter {
    let counted = counters(&w.cx.catalog, &w.configuration(), &BTreeMap::new());
    Counter { cx: w.cx.clone(), client: Arc::new(Client::default()), counted }
}

/// A bucket of a day, as OpenAI's usage API answers.
fn bucket(day: &str, calls: u64) -> Value {
    let at = |t: &str| t.parse::<Timestamp>().unwrap().as_second();
    let from = at(&format!("{day}T00:00:00Z"));
    let result = json!({"object": "organization.usage.completions.result", "model": "gpt-x", "project_id": "proj_bot",
        "num_model_requests": calls, "input_tokens": 10, "output_tokens": 5});
    json!({"object": "bucket", "start_time": from, "end_time": from + 86_400, "results": [result]})
}

#[tokio::test]
async fn a_provider_is_asked_each_hour_what_was_called_page_by_page() {
    let mut w = World::new().await;
    let outside = w.config.split("api_url = \"").nth(1).unwrap().split("/slack").next().unwrap().to_owned();
    let config = w
        .config
        .replace("[services.support-bot]\n", "[services.support-bot]\nprojects = [\"proj_bot\"]\n")
        .replace("[connections.\"openai/main\"]\n", "[connections.\"openai/main\"]\nusage_key = \"env:API_KEY\"\n");
    let config = format!("{config}[provider.openai.usage]\nurls = [\"{outside}/api/usage?start_time={{since}}\"]\n");
    w.restart_with(&config);
    let page = |data: Value, next: Value| json!({"object": "page", "data": data, "has_more": !next.is_null(), "next_page": next});
    // 24 October, 30 days before: the first question.
    let first = "/api/usage?start_time=1792800000";
    w.api(first, page(json!([bucket("2026-11-21", 200)]), json!("a+b")), None);
    w.api(&format!("{first}&page=a%2Bb"), page(json!([bucket("2026-11-22", 100)]), Value::Null), None);
    let c = counter(&w);
    c.tick(w.now()).await.unwrap();
    let asked = w.asked();
    assert_eq!(asked, [format!("Bearer key-of-a-test {first}"), format!("Bearer key-of-a-test {first}&page=a%2Bb")]);
    c.tick(w.now()).await.unwrap();
    assert_eq!(w.asked(), [] as [&str; 0], "not before an hour has passed");
    w.page(&[("gpt-x", day(60))]);
    w.tick().await;
    w.expect("search/slack", &["support-bot, production: 300 calls in 7 days, last yesterday"]);
    // From the day before the last answer on: that day may have gone on.
    w.pass(minutes(70));
    w.api("/api/usage?start_time=1795305600", page(json!([bucket("2026-11-22", 150)]), Value::Null), None);
    c.tick(w.now()).await.unwrap();
    assert_eq!(w.asked(), ["Bearer key-of-a-test /api/usage?start_time=1795305600"]);
    let calls: Vec<_> = w.cx.store.usage(w.now() - days(7)).await.unwrap().iter().map(|r| r.calls).collect();
    assert_eq!(calls, [Some(350)], "what is said again counts once");
}

#[tokio::test]
async fn a_counter_that_stays_silent_is_told_to_the_operators_and_its_return_too() {
    let mut w = World::new().await;
    let outside = w.config.split("api_url = \"").nth(1).unwrap().split("/slack").next().unwrap().to_owned();
    let key = "[connections.\"openai/main\"]\nusage_key = \"env:API_KEY\"\n";
    let config = w.config.replace("[connections.\"openai/main\"]\n", key);
    let config = format!("{config}[provider.openai.usage]\nurls = [\"{outside}/api/gone\"]\n");
    w.restart_with(&config);
    w.tick().await;
    let c = counter(&w);
    for _ in 0..6 {
        c.tick(w.now()).await.unwrap();
        w.advance(minutes(70)).await;
    }
    let told = w.expect("operators/webhook", &["calls of openai/main are not counted", "answered 404"]);
    assert!(!told.text.contains("key-of-a-test"));
    w.api("/api/gone", json!({"object": "page", "data": [], "has_more": false, "next_page": null}), None);
    c.tick(w.now()).await.unwrap();
    w.advance(minutes(20)).await;
    w.expect("operators/webhook", &["calls of openai/main are counted again"]);
    assert!(w.cx.store.source(forewarn::model::SourceId::new("openai/cost").unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_gateway_in_plain_http_is_asked_where_the_config_says_so_and_nowhere_else() {
    let mut w = World::new().await;
    let day = json!({"date": "2026-11-22", "breakdown": {"models": {}}, "metrics": {}});
    let host = w.address("").split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let config =
        |more: &str| format!("{}[connections.\"litellm/main\"]\nusage_key = \"env:API_KEY\"\n{more}", w.config);
    let problems =
        |text: &str| forewarn::config::parse(forewarn::config::Text::embedded("new", text), &env).map(|_| ());
    for bad in ["gopher://x", "http://a@b", "litellm.internal", "http://x?y=1"] {
        let why = problems(&config(&format!("usage_url = \"{bad}\"\n"))).unwrap_err().to_string();
        assert!(why.contains("write http://HOST:PORT"), "{bad}: {why}");
    }
    let no_gateway = w.config.replace(
        "[connections.\"openai/main\"]\n",
        "[connections.\"openai/main\"]\nusage_key = \"env:API_KEY\"\nusage_url = \"http://x:1\"\n",
    );
    assert!(problems(&no_gateway).unwrap_err().to_string().contains("OpenAI is none"));
    let good = config(&format!("usage_url = \"http://{host}/api\"\n"));
    w.restart_with(&good);
    let path = "/api/user/daily/activity?start_date=2026-10-24&end_date=2026-11-23&page_size=1000";
    w.api(path, json!({"results": [day], "metadata": {"has_more": false}}), None);
    let counted = counters(&w.cx.catalog, &w.configuration(), &BTreeMap::new());
    assert_eq!(counted.len(), 1);
    Counter { cx: w.cx.clone(), client: Arc::new(Client::default()), counted }.tick(w.now()).await.unwrap();
    assert_eq!(w.asked(), [format!("Bearer key-of-a-test {path}")]);
}
