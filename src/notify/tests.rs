//! PagerDuty, Teams, Discord, ntfy and Alertmanager against a service that answers what their documents say.

use super::testing::*;
use super::*;
use secrecy::SecretString;
use serde_json::Value;

const KEY: &str = "canary0123456789canary0123456789";

/// Every channel of this file, made for a service.
fn all(base: &str) -> Vec<(&'static str, Channel)> {
    let secret = || SecretString::from(KEY);
    let hook = |path: &str| SecretString::from(format!("{base}{path}/{KEY}"));
    vec![
        ("pagerduty", Channel::PagerDuty(pagerduty::Events::new(client(), "search", secret(), base).unwrap())),
        ("teams", Channel::Teams(teams::Workflow::new(client(), "search", hook("/workflows")).unwrap())),
        ("discord", Channel::Discord(discord::Webhook::new(client(), "search", hook("/api/webhooks/1")).unwrap())),
        ("ntfy", Channel::Ntfy(ntfy::Server::new(client(), base, Some(secret())).unwrap())),
        ("alertmanager", Channel::Alertmanager(alertmanager::Api::new(client(), "main", base, None).unwrap())),
    ]
}

async fn sent(which: &str, m: &Message, status: u16, body: &str) -> (Outcome, Vec<(String, String, Value)>) {
    let (base, asked) = service(&[(status, body)]).await;
    let (_, channel) = all(&base).into_iter().find(|(name, _)| *name == which).unwrap();
    let outcome = channel.send(m).await;
    let asked = asked.lock().unwrap().clone();
    (outcome, asked)
}

const WELL: &[(&str, u16, &str)] = &[
    ("pagerduty", 202, r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#),
    ("teams", 202, ""),
    ("discord", 200, r#"{"id":"1234567890","type":0}"#),
    ("ntfy", 200, r#"{"id":"sPs71M8A2T","time":1,"event":"message","topic":"search"}"#),
    ("alertmanager", 200, ""),
];

fn answer(which: &str) -> (u16, &'static str) {
    WELL.iter().find(|(name, ..)| *name == which).map(|(_, s, b)| (*s, *b)).unwrap()
}

#[tokio::test]
async fn a_message_is_taken_as_each_service_documents_it() {
    for (which, status, body) in WELL {
        let mut row = ending();
        row.act = Some("https://forewarn.example/ack/t".into());
        let (outcome, asked) = sent(which, &message(vec![row]), *status, body).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{which}: {outcome:?}");
        let [(what, auth, said)] = asked.as_slice() else { panic!("{which}: {asked:?}") };
        let text = said.to_string();
        assert!(text.contains("shuts down Fri 22 Jan 2027"), "{which}: {text}");
        assert!(text.contains("https://forewarn.example/ack/t"), "{which}: {text}");
        match *which {
            "pagerduty" => {
                assert_eq!(what, "POST /v2/enqueue");
                assert_eq!((&said["event_action"], &said["routing_key"]), (&"trigger".into(), &KEY.into()));
                assert_eq!(said["payload"]["severity"], "error");
                let key = said["dedup_key"].as_str().unwrap();
                assert_eq!(outcome, Outcome::Delivered { thread: None, place: Some(key.into()) });
            }
            "teams" => {
                let card = &said["attachments"][0]["content"];
                assert_eq!((&said["type"], &card["type"]), (&"message".into(), &"AdaptiveCard".into()));
                assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
            }
            "discord" => {
                assert!(what.ends_with("?wait=true"), "{what}");
                assert_eq!(said["allowed_mentions"]["parse"], serde_json::json!([]));
                assert_eq!(outcome, Outcome::Delivered { thread: None, place: Some("1234567890".into()) });
            }
            "ntfy" => {
                assert_eq!((what.as_str(), auth.as_str()), ("POST /", format!("Bearer {KEY}").as_str()));
                assert_eq!(
                    (&said["actions"][0]["method"], &said["actions"][0]["body"]),
                    (&"POST".into(), &"do=seen".into())
                );
                assert!(said.get("markdown").is_none());
            }
            _ => {
                assert_eq!(what, "POST /api/v2/alerts");
                assert_eq!(said[0]["labels"]["alertname"], "Forewarn");
                assert_eq!(said[0]["endsAt"], "2026-11-24T08:55:00Z");
            }
        }
    }
}

#[tokio::test]
async fn the_same_alert_has_one_key_over_all_its_rungs_and_another_matter_another() {
    let key = |row: Row| async {
        let (status, body) = answer("pagerduty");
        sent("pagerduty", &message(vec![row]), status, body).await.1[0].2["dedup_key"].clone()
    };
    let mut later = ending();
    (later.reason, later.step, later.alert) = (Reason::Overdue, StepKey("0d".into()), AlertId(99));
    let mut theirs = ending();
    theirs.owner = "platform".into();
    let first = key(ending()).await;
    assert_eq!(first, key(later).await);
    assert_ne!(first, key(incident()).await);
    assert_ne!(first, key(theirs).await);
    assert!(first.as_str().unwrap().len() <= 255);
}

#[tokio::test]
async fn what_people_do_is_followed_where_something_stands() {
    let acted = |state| {
        let mut row = ending();
        row.state = state;
        let body = Body::Acted { rows: vec![row], said: "Mei: plan".into() };
        Message { place: Some("1234567890".into()), body, ..message(vec![]) }
    };
    for (state, action) in [(AlertState::Acknowledged, "acknowledge"), (AlertState::Resolved, "resolve")] {
        let (status, body) = answer("pagerduty");
        let (_, asked) = sent("pagerduty", &acted(state), status, body).await;
        assert_eq!((&asked[0].2["event_action"], &asked[0].2["dedup_key"]), (&action.into(), &"1234567890".into()));
    }
    assert!(sent("pagerduty", &acted(AlertState::Open), 500, "").await.1.is_empty(), "nothing to say");
    let (status, body) = answer("discord");
    let (_, asked) = sent("discord", &acted(AlertState::Resolved), status, body).await;
    assert!(asked[0].0.starts_with("PATCH ") && asked[0].0.ends_with("/messages/1234567890"), "{}", asked[0].0);
    for quiet in ["ntfy"] {
        assert_eq!(sent(quiet, &acted(AlertState::Resolved), 500, "").await, (Outcome::delivered(), vec![]));
    }
    let over = Message { place: Some("minor/search".into()), ..acted(AlertState::Resolved) };
    let (_, asked) = sent("alertmanager", &over, 200, "").await;
    let ends: Vec<_> =
        asked[0].2.as_array().unwrap().iter().map(|a| (&a["labels"]["severity"], &a["endsAt"])).collect();
    let now = Value::from("2026-11-23T08:55:00Z");
    assert_eq!(ends, [(&"major".into(), &now), (&"minor".into(), &now)], "also under the severity it had");
    let mut ended = ending();
    ended.reason = Reason::Withdrawn;
    let (status, body) = answer("pagerduty");
    let (_, asked) = sent("pagerduty", &message(vec![ended]), status, body).await;
    assert_eq!(asked[0].2["event_action"], "resolve");
}

#[tokio::test]
async fn each_answer_becomes_what_it_means_and_no_reason_holds_a_secret() {
    let cases: &[(&str, u16, &str, &str)] = &[
        ("pagerduty", 429, "", "retry"),
        ("pagerduty", 500, "", "retry"),
        ("pagerduty", 200, "<html>sign in</html>", "retry"),
        ("pagerduty", 400, r#"{"status":"invalid event","errors":["'routing_key' is invalid"]}"#, "unreachable"),
        (
            "pagerduty",
            400,
            r#"{"status":"invalid event","errors":["Length of 'payload.summary' is too long"]}"#,
            "rejected",
        ),
        ("teams", 200, "1", "delivered"),
        (
            "teams",
            200,
            "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
            "retry",
        ),
        ("teams", 200, "<html>sign in</html>", "retry"),
        ("teams", 429, "", "retry"),
        ("teams", 404, r#"{"error":{"code":"WorkflowNotFound"}}"#, "unreachable"),
        ("teams", 400, r#"{"error":{"code":"TriggerInputSchemaMismatch"}}"#, "rejected"),
        ("discord", 404, r#"{"message":"Unknown Webhook","code":10015}"#, "unreachable"),
        ("discord", 401, r#"{"message":"Invalid Webhook Token","code":50027}"#, "unreachable"),
        ("discord", 400, r#"{"message":"Invalid Form Body","code":50035}"#, "rejected"),
        ("discord", 204, "", "retry"),
        ("discord", 502, "", "retry"),
        ("ntfy", 401, r#"{"code":40101,"http":401,"error":"unauthorized"}"#, "unauthorized"),
        ("ntfy", 403, r#"{"code":40301,"http":403,"error":"forbidden"}"#, "unauthorized"),
        ("ntfy", 429, r#"{"code":42901,"http":429,"error":"limit reached"}"#, "retry"),
        ("ntfy", 413, r#"{"code":41301,"http":413}"#, "rejected"),
        ("ntfy", 200, "<html>", "retry"),
        ("alertmanager", 400, r#""start time must be before end time""#, "rejected"),
        ("alertmanager", 503, "", "retry"),
        ("alertmanager", 302, "", "unreachable"),
        ("alertmanager", 204, "", "retry"),
    ];
    for (which, status, body, expected) in cases {
        let (outcome, _) = sent(which, &message(vec![ending()]), *status, body).await;
        let (kind, reason) = match &outcome {
            Outcome::Delivered { .. } => ("delivered", ""),
            Outcome::Retry { reason, .. } => ("retry", reason.as_str()),
            Outcome::Rejected { reason } => ("rejected", reason.as_str()),
            Outcome::Unreachable { reason } => ("unreachable", reason.as_str()),
            Outcome::Unauthorized { reason } => ("unauthorized", reason.as_str()),
        };
        assert_eq!(kind, *expected, "{which} {status} {body}: {outcome:?}");
        assert!(!reason.contains(KEY) && !reason.contains("127.0.0.1"), "{which}: {reason}");
    }
    let (outcome, _) =
        sent("discord", &message(vec![ending()]), 429, r#"{"message":"rate limited","retry_after":2.4}"#).await;
    assert!(matches!(outcome, Outcome::Retry { after: Some(d), .. } if d.as_secs() == 3), "{outcome:?}");
}

/// Every text of a payload, with the name it stands under.
fn texts(v: &Value, name: &str, out: &mut Vec<(String, String)>) {
    match v {
        Value::String(s) => out.push((name.to_owned(), s.clone())),
        Value::Array(list) => list.iter().for_each(|v| texts(v, name, out)),
        Value::Object(map) => map.iter().for_each(|(k, v)| texts(v, k, out)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn nothing_a_stranger_wrote_becomes_markup_a_mention_or_a_link_and_limits_hold() {
    let long = "x&<*_@#` ".repeat(2_000);
    let mut hostile: Vec<Message> = HOSTILE.iter().flat_map(|t| hostile_messages(t).into_iter().step_by(7)).collect();
    hostile.extend(hostile_messages(&long).into_iter().take(4));
    // One answer each would be slow; the payload of a refused request is as good.
    let (base, asked) = service(&[]).await;
    let own = regex::Regex::new(r"\[(open|Answer[^\]]*)\]\(<https?://[^>\s]*>\)").unwrap();
    let escaped = regex::Regex::new(r"\\.").unwrap();
    for (which, channel) in all(&base) {
        for m in &hostile {
            asked.lock().unwrap().clear();
            let _ = channel.send(m).await;
            let (_, _, said) = asked.lock().unwrap()[0].clone();
            let mut all = Vec::new();
            texts(&said, "", &mut all);
            for (name, text) in &all {
                assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{which} {name}: {text:?}");
                let free = match (which, name.as_str()) {
                    // Markdown of Discord: what is not behind a backslash, and not one of our own links.
                    ("discord", "content" | "description") => {
                        escaped.replace_all(&own.replace_all(text, ""), "").into_owned()
                    }
                    _ => continue,
                };
                for mark in ["*", "_", "~", "`", "<", ">", "[", "]", "|", "@", "://", "www.e"] {
                    assert!(!free.contains(mark), "{which} {name}: {mark} in {text:?}");
                }
            }
            let size = said.to_string().len();
            let count = |s: &Value| s.as_str().map_or(0, |s| s.chars().count());
            match which {
                "pagerduty" => assert!(count(&said["payload"]["summary"]) <= 1_024 && size <= 512 * 1_024),
                "teams" => {
                    assert!(size <= 28 * 1_024, "{size}");
                    let body = said["attachments"][0]["content"]["body"].as_array().unwrap();
                    assert!(body.iter().all(|b| b["type"] == "RichTextBlock" && b["inlines"][0]["type"] == "TextRun"));
                }
                "discord" => {
                    let embed = &said["embeds"][0];
                    assert!((1..=2_000).contains(&count(&said["content"])));
                    assert!(count(&embed["description"]) <= 4_096 && count(&embed["footer"]["text"]) <= 2_048);
                    assert!(count(&embed["description"]) + count(&embed["footer"]["text"]) <= 6_000);
                }
                "ntfy" => assert!(said["message"].as_str().unwrap().len() <= 4_096),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn a_test_message_arrives_on_each() {
    for (which, status, body) in WELL {
        let m = Message { body: Body::Test, ..message(vec![]) };
        let (outcome, asked) = sent(which, &m, *status, body).await;
        assert!(matches!(outcome, Outcome::Delivered { .. }), "{which}: {outcome:?}");
        assert!(asked[0].2.to_string().contains("this channel works"), "{which}: {asked:?}");
    }
}
