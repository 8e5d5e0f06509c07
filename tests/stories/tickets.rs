//! A ticket of GitHub and its alert: opened once, closed by a person, opened again by use.

use crate::harness::*;
use crate::usage::export;
use axum::{Router, extract::State, http::Method, http::StatusCode, http::Uri};
use forewarn::engine::act::act;
use forewarn::engine::usage::take;
use forewarn::model::{Act, Action, By, Via};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Issues, and what was said in them.
#[derive(Default)]
struct Hub {
    issues: Vec<Value>,
    comments: Vec<String>,
}
type Shared = Arc<Mutex<Hub>>;

async fn hub(State(h): State<Shared>, method: Method, uri: Uri, body: String) -> (StatusCode, String) {
    let mut h = h.lock().unwrap();
    let said: Value = serde_json::from_str(&body).unwrap_or_default();
    let rest = uri.path().strip_prefix("/repos/acme/search/issues").expect("our repository").trim_start_matches('/');
    let answer = match (method.as_str(), rest.split_once('/')) {
        ("GET", _) if rest.is_empty() => (StatusCode::OK, json!(h.issues)),
        ("POST", None) => {
            let issue =
                json!({"number": h.issues.len() + 1, "state": "open", "title": said["title"], "body": said["body"]});
            h.issues.push(issue.clone());
            (StatusCode::CREATED, issue)
        }
        ("POST", Some(_)) => {
            h.comments.push(said["body"].as_str().unwrap().to_owned());
            (StatusCode::CREATED, json!({"id": 1}))
        }
        (method, _) => {
            let at = rest.parse::<usize>().unwrap() - 1;
            if method == "PATCH" {
                h.issues[at]["state"] = said["state"].clone();
            }
            (StatusCode::OK, h.issues[at].clone())
        }
    };
    (answer.0, answer.1.to_string())
}

async fn world() -> (World, Shared) {
    let hub_is = Shared::default();
    let router = Router::new().fallback(hub).with_state(hub_is.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut w = World::restarting().await;
    let config = w
        .config
        .replace("[owners.billing]\nwebhook = \"billing\"", "[owners.billing]\ngithub = \"acme/search\"")
        .replace(
            "[webhooks.ops]",
            &format!("[github]\ntoken = \"env:PLAIN\"\napi_url = \"http://{at}\"\n[webhooks.ops]"),
        );
    w.restart_with(&config);
    (w, hub_is)
}

async fn state(w: &World) -> (String, u32) {
    let (alert, _) = w.alerts().await.into_iter().find(|(_, m)| m.id.as_str().contains("gpt-b")).unwrap();
    (alert.state.to_string(), alert.episode)
}

fn issues(h: &Shared) -> Vec<String> {
    h.lock().unwrap().issues.iter().map(|i| i["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_ticket_is_opened_once_and_reminders_are_its_comments() {
    let (mut w, hub) = world().await;
    w.page(&[("gpt-b", day(60))]);
    w.live(minutes(60 * 24 * 50), minutes(60 * 12)).await;
    assert_eq!(issues(&hub), ["open"]);
    let h = hub.lock().unwrap();
    assert!(h.issues[0]["body"].as_str().unwrap().contains("- [ ] gpt-b: invoices"), "{}", h.issues[0]);
    assert!(h.comments.len() == 2 && h.comments.iter().all(|c| c.contains("gpt-b")), "{:?}", h.comments);
}

#[tokio::test]
async fn closing_the_ticket_resolves_the_alert_and_reopening_the_alert_opens_the_ticket() {
    let (mut w, hub) = world().await;
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    assert_eq!((issues(&hub), state(&w).await), (vec!["open".to_owned()], ("open".into(), 1)));
    hub.lock().unwrap().issues[0]["state"] = json!("closed");
    w.live(minutes(15), minutes(5)).await;
    assert_eq!(state(&w).await, ("resolved".into(), 1), "the closed ticket was heard");
    let (alert, _) = w.alerts().await.into_iter().find(|(_, m)| m.id.as_str().contains("gpt-b")).unwrap();
    let resolution = alert.resolution.unwrap();
    assert!(resolution.note.unwrap().contains("acme/search#1 was closed"));
    w.live(minutes(60 * 24 * 35), minutes(60 * 12)).await;
    assert_eq!(issues(&hub), ["closed"], "nothing is said any more");
    let again = Act {
        alert: alert.id,
        episode: None,
        action: Action::Reopen { note: None, services: Vec::new() },
        by: By { who: "mei".into(), via: Via::Cli },
    };
    act(&w.cx, again, w.now()).await.unwrap();
    w.tick().await;
    assert_eq!((issues(&hub), state(&w).await), (vec!["open".to_owned()], ("open".into(), 2)));
}

#[tokio::test]
async fn use_that_is_seen_after_the_ticket_was_closed_opens_it_again() {
    let (mut w, hub) = world().await;
    w.page(&[("gpt-b", day(60))]);
    w.tick().await;
    hub.lock().unwrap().issues[0]["state"] = json!("closed");
    w.live(minutes(15), minutes(5)).await;
    assert_eq!(state(&w).await, ("resolved".into(), 1));
    // Calls of the next days are calls after the word.
    w.pass(days(3));
    take(&w.cx, export("gpt-b", "proj_bill", 7, w.now())).await.unwrap();
    w.tick().await;
    assert_eq!(
        (issues(&hub), state(&w).await),
        (vec!["open".to_owned()], ("open".into(), 2)),
        "one ticket, opened again"
    );
}
