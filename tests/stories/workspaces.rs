//! Several workspaces of Slack: each answers what was told in it, and nothing else.

use crate::harness::*;
use axum::body::Body;
use axum::http::Request;
use forewarn::engine::press::Presser;
use forewarn::model::AlertState;
use serde_json::{Value, json};
use tower::ServiceExt;

/// An alert for search in the first workspace, and one for ml in `[slack.acquired]`.
async fn two_workspaces(signs_acquired: &str) -> World {
    let mut w = World::new().await;
    let config = w
        .config
        .replace("bot_token = \"env:SLACK\"", "bot_token = \"env:SLACK\"\nsigning_secret = \"env:SIGNS\"")
        .replace(
            "[webhooks.ops]",
            &format!(
                "[slack.acquired]\nbot_token = \"env:SLACK_ACQUIRED\"\nsigning_secret = \"env:{signs_acquired}\"\n[webhooks.ops]"
            ),
        )
        .replace(
            "[services.invoices]\nowner = \"billing\"",
            "[owners.ml]\nslack = \"acquired:#ml\"\n[services.invoices]\nowner = \"ml\"",
        );
    w.restart_with(&config);
    w.page(&[("gpt-x", day(60)), ("gpt-b", day(60)), ("gpt-far", day(700))]);
    w.tick().await;
    let mut told: Vec<_> = w.arrived().into_iter().map(|a| a.contact).collect();
    told.sort();
    assert_eq!(told, ["ml/slack", "search/slack"]);
    w
}

/// What Slack posts, signed with this secret; status and answer.
async fn post(w: &World, secret: &str, payload: &Value) -> (u16, Value) {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let body = body.append_pair("payload", &payload.to_string()).finish();
    let time = w.now().as_second().to_string();
    let key = forewarn::crypto::HmacKey::new(env(secret).unwrap().as_bytes());
    let tag = hex::encode(key.tag(&[b"v0:", time.as_bytes(), b":", body.as_bytes()]));
    let request = Request::post("/slack/actions")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-slack-request-timestamp", time)
        .header("x-slack-signature", format!("v0={tag}"))
        .body(Body::from(body))
        .unwrap();
    let presser = Presser { cx: w.cx.clone(), channels: w.channels() };
    let answer = forewarn::web::slack::router(w.cx.clone(), presser).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn press(value: &str) -> Value {
    json!({"type": "block_actions", "trigger_id": "13.37.x", "user": {"id": "U1", "name": "mei"}, "actions": [{"value": value}]})
}

fn plan(value: &str) -> Value {
    json!({"type": "view_submission", "user": {"id": "U1", "name": "mei"}, "view": {"callback_id": "forewarn",
        "private_metadata": value, "state": {"values": {"plan_on": {"plan_on": {"selected_date": "2027-01-10"}}}}}})
}

async fn states(w: &World) -> Vec<(String, AlertState)> {
    let mut all: Vec<_> = w.alerts().await.into_iter().map(|(a, _)| (a.owner, a.state)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

async fn number(w: &World, owner: &str) -> i64 {
    w.alerts().await.into_iter().find(|(a, _)| a.owner == owner).unwrap().0.id.0
}

#[tokio::test]
async fn the_secret_of_one_workspace_answers_nothing_that_was_told_in_another() {
    let mut w = two_workspaces("SIGNS_ACQUIRED").await;
    let (of_search, of_ml) = (number(&w, "search").await, number(&w, "ml").await);
    let open = AlertState::Open;
    for (secret, foreign) in [("SIGNS_ACQUIRED", of_search), ("SIGNS", of_ml), ("SIGNS", 4_711)] {
        let value = format!("plan/{foreign}/1");
        let (status, said) = post(&w, secret, &plan(&value)).await;
        let said = said["errors"]["plan_on"].as_str().unwrap().to_owned();
        assert!(status == 200 && said.contains("was not told in this workspace"), "{secret} {said}");
        assert_eq!(post(&w, secret, &press(&value)).await.0, 200);
        let view = w.views().remove(0).1;
        assert!(view["callback_id"] == "forewarn_done" && view.to_string().contains("was not told"), "{view}");
        assert!(!view.to_string().contains("gpt"), "another company learns nothing of it: {view}");
    }
    assert_eq!(post(&w, "PLAIN", &plan(&format!("plan/{of_ml}/1"))).await.0, 401, "signed by nobody");
    assert_eq!(states(&w).await, [("ml".into(), open), ("search".into(), open)]);

    assert_eq!(post(&w, "SIGNS_ACQUIRED", &press(&format!("plan/{of_ml}/1"))).await.0, 200);
    let (token, view) = w.views().remove(0);
    assert_eq!((token.as_str(), &view["callback_id"]), ("Bearer xoxb-acquired", &json!("forewarn")));
    assert_eq!(post(&w, "SIGNS_ACQUIRED", &plan(&format!("plan/{of_ml}/1"))).await, (200, Value::Null));
    assert_eq!(states(&w).await, [("ml".into(), AlertState::Acknowledged), ("search".into(), open)]);
    w.tick().await;
    w.expect("ml/slack", &["mei (slack) acknowledged, plan Sun 10 Jan 2027"]);
}

/// A secret belongs to an app, and an app can be installed in many workspaces.
#[tokio::test]
async fn one_app_in_two_workspaces_answers_both_and_opens_its_form_where_it_was_pressed() {
    let mut w = two_workspaces("SIGNS").await;
    for (owner, token) in [("ml", "Bearer xoxb-acquired"), ("search", "Bearer xoxb-of-a-test")] {
        let value = format!("plan/{}/1", number(&w, owner).await);
        post(&w, "SIGNS", &press(&value)).await;
        let (by, view) = w.views().remove(0);
        assert_eq!((by.as_str(), &view["private_metadata"]), (token, &json!(value)));
        assert_eq!(post(&w, "SIGNS", &plan(&value)).await, (200, Value::Null));
    }
    let done = AlertState::Acknowledged;
    assert_eq!(states(&w).await, [("ml".into(), done), ("search".into(), done)]);
}
