//! The three trackers against a service that answers what their documents say, one call after the other.

use super::*;
use crate::model::*;
use crate::notify::testing::*;
use secrecy::SecretString;
use serde_json::Value;

const TOKEN: &str = "token-canary-0123456789";

fn tracker(which: &str, base: &str) -> Tracker {
    let token = SecretString::from(TOKEN);
    match which {
        "github" => Tracker::Github(github::Issues::new(client(), token, base).unwrap()),
        "jira" => {
            let section =
                toml::from_str(&format!("url = {base:?}\nemail = \"bot@example.com\"\ntoken = \"env:X\"")).unwrap();
            Tracker::Jira(jira::Cloud::new(client(), &section, token).unwrap())
        }
        _ => Tracker::Linear(linear::Workspace::new(client(), token, &format!("{base}/graphql")).unwrap()),
    }
}

fn at_home(which: &str, mut m: Message) -> Message {
    m.contact.address = match which {
        "github" => "acme/search",
        "jira" => "SEARCH",
        _ => "ENG",
    }
    .into();
    m
}

/// What was called, shortly, and the bodies.
async fn run(which: &str, m: &Message, answers: &[(u16, &str)]) -> (Outcome, Vec<String>, Vec<Value>) {
    let (base, asked) = service(answers).await;
    let outcome = tracker(which, &base).send(&at_home(which, m.clone())).await;
    let asked = asked.lock().unwrap().clone();
    let auth = match which {
        "github" => format!("Bearer {TOKEN}"),
        "jira" => format!("Basic {}", crate::crypto::base64_encode(format!("bot@example.com:{TOKEN}").as_bytes())),
        _ => TOKEN.to_owned(),
    };
    assert!(asked.iter().all(|(_, a, _)| *a == auth), "{asked:?}");
    let name = |(what, _, body): &(String, String, Value)| match body["query"].as_str() {
        Some(q) => q.split(['{', '(']).nth(if q.contains('(') { 2 } else { 1 }).unwrap_or_default().trim().to_owned(),
        None => what.clone(),
    };
    (outcome, asked.iter().map(name).collect(), asked.into_iter().map(|(_, _, b)| b).collect())
}

fn kept_at(id: &str) -> Outcome {
    Outcome::Delivered { thread: Some(id.into()), place: Some(id.into()) }
}

const GITHUB_OPEN: &str = r#"{"number":12,"state":"open","body":""}"#;
const GITHUB_CLOSED: &str = r#"{"number":12,"state":"closed","body":""}"#;
const JIRA_OPEN: &str = r#"{"key":"SEARCH-12","fields":{"status":{"statusCategory":{"key":"new"}}}}"#;
const JIRA_CLOSED: &str = r#"{"key":"SEARCH-12","fields":{"status":{"statusCategory":{"key":"done"}}}}"#;
const WAYS: &str = r#"{"transitions":[{"id":"11","to":{"statusCategory":{"key":"new"}}},{"id":"31","to":{"statusCategory":{"key":"done"}}}]}"#;
const LINEAR_OPEN: &str = r#"{"data":{"issue":{"id":"uuid-12","state":{"type":"started"}}}}"#;
const LINEAR_CLOSED: &str = r#"{"data":{"issue":{"id":"uuid-12","state":{"type":"canceled"}}}}"#;
const NOT_FOUND: &str =
    r#"{"errors":[{"message":"Entity not found: Issue","extensions":{"code":"INPUT_ERROR"}}],"data":null}"#;
const STATES: &str = r#"{"data":{"issue":{"team":{"states":{"nodes":[{"id":"s2","type":"completed","position":2.5},{"id":"s0","type":"unstarted","position":1},{"id":"s1","type":"completed","position":2}]}}}}}"#;

#[tokio::test]
async fn a_ticket_is_looked_for_then_opened_with_a_checklist() {
    let mut row = ending();
    row.act = Some("https://forewarn.example/ack/t".into());
    let m = message(vec![row.clone()]);
    let key = row.lasting_key();
    let (outcome, calls, bodies) = run("github", &m, &[(200, "[]"), (201, GITHUB_OPEN)]).await;
    assert_eq!(outcome, kept_at("12"));
    assert!(calls[0].starts_with("GET /repos/acme/search/issues?labels=forewarn&state=all"), "{calls:?}");
    assert_eq!(calls[1], "POST /repos/acme/search/issues");
    let body = bodies[1]["body"].as_str().unwrap();
    assert!(body.contains("- [ ] gpt-demo-2025-08-07: support-bot \\(production\\)\n- [ ] gpt"), "{body}");
    assert!(body.contains(&key) && body.contains("](<https://forewarn.example/ack/t>)"), "{body}");
    assert_eq!(bodies[1]["labels"], serde_json::json!(["forewarn"]));

    let made = r#"{"id":"10000","key":"SEARCH-12","self":"x"}"#;
    let (outcome, calls, bodies) = run("jira", &m, &[(200, r#"{"issues":[]}"#), (201, made)]).await;
    assert_eq!(
        (outcome, calls),
        (kept_at("SEARCH-12"), vec!["POST /rest/api/3/search/jql".into(), "POST /rest/api/3/issue".into()])
    );
    let fields = &bodies[1]["fields"];
    assert_eq!((&fields["project"]["key"], &fields["issuetype"]["name"]), (&"SEARCH".into(), &"Task".into()));
    assert_eq!(fields["labels"], serde_json::json!(["forewarn", key]));
    let content = fields["description"]["content"].as_array().unwrap();
    let tasks = content.iter().find(|n| n["type"] == "taskList").unwrap();
    assert_eq!(tasks["content"].as_array().unwrap().len(), 2);
    assert!(fields["summary"].as_str().unwrap().chars().count() <= 255);

    let team = r#"{"data":{"teams":{"nodes":[{"id":"team-1"}]}}}"#;
    let made = r#"{"data":{"issueCreate":{"success":true,"issue":{"id":"uuid-12"}}}}"#;
    let (outcome, calls, bodies) = run("linear", &m, &[(200, NOT_FOUND), (200, team), (200, made)]).await;
    assert_eq!((outcome, calls), (kept_at("uuid-12"), ["issue", "teams", "issueCreate"].map(str::to_owned).to_vec()));
    let input = &bodies[2]["variables"]["input"];
    let id = input["id"].as_str().unwrap();
    assert!(id.len() == 36 && id.as_bytes()[14] == b'4', "{id}");
    assert_eq!((input["teamId"].as_str(), bodies[0]["variables"]["id"].as_str()), (Some("team-1"), Some(id)));
}

#[tokio::test]
async fn what_was_opened_before_a_crash_is_found_and_not_opened_again() {
    let m = message(vec![ending()]);
    let listed = format!(
        r#"[{{"number":3,"state":"open","body":"other"}},{{"number":12,"state":"open","body":"x {} y"}}]"#,
        ending().lasting_key()
    );
    let (outcome, calls, _) = run("github", &m, &[(200, &listed), (201, "{}")]).await;
    assert_eq!(
        (outcome, calls.last().unwrap().as_str()),
        (kept_at("12"), "POST /repos/acme/search/issues/12/comments")
    );
    let listed = format!(r#"{{"issues":[{JIRA_OPEN}]}}"#);
    let (outcome, calls, _) = run("jira", &m, &[(200, &listed), (201, "{}")]).await;
    assert_eq!(
        (outcome, calls.last().unwrap().as_str()),
        (kept_at("SEARCH-12"), "POST /rest/api/3/issue/SEARCH-12/comment")
    );
    let (outcome, calls, _) =
        run("linear", &m, &[(200, LINEAR_OPEN), (200, r#"{"data":{"commentCreate":{"success":true}}}"#)]).await;
    assert_eq!((outcome, calls.last().unwrap().as_str()), (kept_at("uuid-12"), "commentCreate"));
}

#[tokio::test]
async fn a_ticket_closes_with_its_alert_and_opens_with_it_but_a_person_who_closed_it_is_left_alone() {
    let known = |id: &str, reason| {
        let mut row = ending();
        row.reason = reason;
        Message { place: Some(id.into()), ..message(vec![row]) }
    };
    // The reminder of an alert whose ticket somebody has just closed.
    let (outcome, calls, _) = run("github", &known("12", Reason::Reminder), &[(200, GITHUB_CLOSED)]).await;
    assert_eq!((outcome, calls), (kept_at("12"), vec!["GET /repos/acme/search/issues/12".into()]));
    assert_eq!(run("jira", &known("SEARCH-12", Reason::Reminder), &[(200, JIRA_CLOSED)]).await.1.len(), 1);
    assert_eq!(run("linear", &known("uuid-12", Reason::Reminder), &[(200, LINEAR_CLOSED)]).await.1, ["issue"]);
    // Over.
    let (_, calls, bodies) =
        run("github", &known("12", Reason::Resolved), &[(200, GITHUB_OPEN), (200, GITHUB_CLOSED), (201, "{}")]).await;
    assert_eq!((calls[1].as_str(), &bodies[1]["state"]), ("PATCH /repos/acme/search/issues/12", &"closed".into()));
    let (outcome, _, bodies) =
        run("jira", &known("SEARCH-12", Reason::Resolved), &[(200, JIRA_OPEN), (200, WAYS), (204, ""), (201, "{}")])
            .await;
    assert_eq!((outcome, &bodies[2]["transition"]["id"]), (kept_at("SEARCH-12"), &"31".into()));
    let done = r#"{"data":{"issueUpdate":{"success":true},"commentCreate":{"success":true}}}"#;
    let (_, _, bodies) = run(
        "linear",
        &known("uuid-12", Reason::Resolved),
        &[(200, LINEAR_OPEN), (200, STATES), (200, done), (200, done)],
    )
    .await;
    assert_eq!(bodies[2]["variables"]["input"]["stateId"], "s1", "the first of the completed states");
    // Again.
    let (_, _, bodies) =
        run("github", &known("12", Reason::Opened), &[(200, GITHUB_CLOSED), (200, GITHUB_OPEN), (201, "{}")]).await;
    assert_eq!(bodies[1]["state"], "open");
    let (_, _, bodies) =
        run("jira", &known("SEARCH-12", Reason::Opened), &[(200, JIRA_CLOSED), (200, WAYS), (204, ""), (201, "{}")])
            .await;
    assert_eq!(bodies[2]["transition"]["id"], "11");
    // Deleted meanwhile, and over: nothing is opened only to be closed.
    let gone = r#"{"message":"Not Found"}"#;
    assert_eq!(run("github", &known("12", Reason::Resolved), &[(404, gone)]).await.0, Outcome::delivered());
    // Somebody acted elsewhere: the ticket says who.
    let mut row = ending();
    row.state = AlertState::Acknowledged;
    let body = Body::Acted { rows: vec![row], said: "Mei: plan @Mon".into() };
    let m = Message { place: Some("12".into()), body, ..message(vec![]) };
    let (_, _, bodies) = run("github", &m, &[(200, GITHUB_OPEN), (201, "{}")]).await;
    assert_eq!(bodies[1]["body"], "Mei: plan \\@\u{200b}Mon");
}

/// A tracker, its answers in turn, and what they mean.
type Case = (&'static str, &'static [(u16, &'static str)], &'static str);

#[tokio::test]
async fn each_refusal_becomes_what_it_means() {
    let m = message(vec![ending()]);
    let cases: &[Case] = &[
        ("github", &[(404, r#"{"message":"Not Found"}"#)], "unreachable"),
        ("github", &[(200, "[]"), (410, r#"{"message":"Issues are disabled for this repo"}"#)], "unreachable"),
        ("github", &[(401, r#"{"message":"Bad credentials"}"#)], "unauthorized"),
        ("github", &[(403, r#"{"message":"You have exceeded a secondary rate limit"}"#)], "retry"),
        ("github", &[(200, "[]"), (422, r#"{"message":"Validation Failed"}"#)], "rejected"),
        ("github", &[(200, "<html>sign in</html>")], "retry"),
        ("jira", &[(401, "")], "unauthorized"),
        ("jira", &[(429, "")], "retry"),
        (
            "jira",
            &[(200, r#"{"issues":[]}"#), (400, r#"{"errors":{"project":"valid project is required"}}"#)],
            "unreachable",
        ),
        (
            "jira",
            &[(200, r#"{"issues":[]}"#), (400, r#"{"errors":{"issuetype":"Specify a valid issue type"}}"#)],
            "rejected",
        ),
        ("jira", &[(200, "<html>")], "retry"),
        (
            "linear",
            &[(400, r#"{"errors":[{"message":"Rate limit exceeded","extensions":{"code":"RATELIMITED"}}]}"#)],
            "retry",
        ),
        (
            "linear",
            &[(
                401,
                r#"{"errors":[{"message":"Authentication required","extensions":{"code":"AUTHENTICATION_ERROR"}}]}"#,
            )],
            "unauthorized",
        ),
        ("linear", &[(200, NOT_FOUND), (200, r#"{"data":{"teams":{"nodes":[]}}}"#)], "unreachable"),
        (
            "linear",
            &[(200, r#"{"errors":[{"message":"Argument Validation Error","extensions":{"code":"INPUT_ERROR"}}]}"#)],
            "rejected",
        ),
        ("linear", &[(200, "<html>")], "retry"),
    ];
    for (which, answers, expected) in cases {
        let (outcome, ..) = run(which, &m, answers).await;
        let (kind, reason) = match &outcome {
            Outcome::Delivered { .. } => ("delivered", ""),
            Outcome::Retry { reason, .. } => ("retry", reason.as_str()),
            Outcome::Rejected { reason } => ("rejected", reason.as_str()),
            Outcome::Unreachable { reason } => ("unreachable", reason.as_str()),
            Outcome::Unauthorized { reason } => ("unauthorized", reason.as_str()),
        };
        assert_eq!(kind, *expected, "{which} {answers:?}: {outcome:?}");
        assert!(!reason.contains(TOKEN), "{reason}");
    }
}

#[tokio::test]
async fn hostile_text_stays_text_in_a_ticket() {
    let (base, asked) = service(&[]).await;
    let own = regex::Regex::new(
        r"\[(open|Plan[^\]]*)\]\(<https?://[^>\s]*>\)|- \[ \] |\*\*To do\*\*|<!-- forewarn-[0-9a-f]+ -->",
    )
    .unwrap();
    let escaped = regex::Regex::new(r"\\.").unwrap();
    for text in HOSTILE {
        for m in hostile_messages(text).into_iter().filter(|m| m.body.rows().len() == 1) {
            let words = render(&m);
            let row = &m.body.rows()[0];
            let (title, key) = (one_line(&words.subject, TITLE_MAX), row.lasting_key());
            let d = Draft { key: &key, title, words: &words, checklist: checklist(row), act: None };
            let body = github::markdown(&d);
            let free = own.replace_all(&body, "").replace("- ", "");
            let free = escaped.replace_all(&free, "");
            for mark in ["*", "_", "~", "`", "<", ">", "[", "]", "@o", "://", "www.e", "#1", "GH-1"] {
                assert!(!free.contains(mark), "{text:?}: {mark} in {body}");
            }
            assert_eq!(body.lines().filter(|l| l.starts_with("- [")).count(), d.checklist.len(), "{body}");
        }
    }
    // Jira: the text stands in text nodes only, none of them empty.
    let m = at_home("jira", hostile_messages(HOSTILE[0]).remove(0));
    let _ = tracker("jira", &base).send(&m).await;
    assert!(
        asked.lock().unwrap()[0].2["jql"]
            .as_str()
            .unwrap()
            .starts_with("project = \"SEARCH\" AND labels = \"forewarn-")
    );
}
