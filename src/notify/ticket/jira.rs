//! Issues of Jira Cloud.
//!
//! In: drafts, comments, states. Out: calls of its REST API, version 3. Invariant: text is only ever a `text` node of a
//! document, which knows no markup; the token is in no reason. Refuses Jira Data Center, whose texts are markup.
//! <https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/>

use super::{At, Draft, Found, strange};
use crate::model::text::one_line;
use crate::notify::Outcome;
use crate::notify::http::{Answer, UrlError, check_url, post};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

/// `[jira]` in the config.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JiraSection {
    /// The site, `https://example.atlassian.net`.
    pub url: Spanned<String>,
    /// Whose token it is.
    pub email: String,
    /// An API token.
    pub token: Spanned<String>,
    /// `Task` by default.
    pub issue_type: Option<String>,
}

/// Issues of one site.
pub struct Cloud {
    client: reqwest::Client,
    base: String,
    email: String,
    token: SecretString,
    issue_type: String,
}

/// Whether an address is the key of a project.
pub fn is_project(s: &str) -> bool {
    (2..=20).contains(&s.len())
        && s.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
        && s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

impl Cloud {
    /// `client` is [`crate::notify::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, s: &JiraSection, token: SecretString) -> Result<Self, UrlError> {
        let base = s.url.get_ref();
        check_url(base)?;
        let issue_type = s.issue_type.clone().unwrap_or_else(|| "Task".into());
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), email: s.email.clone(), token, issue_type })
    }

    pub(super) async fn look(&self, at: At<'_>, id: &str) -> Result<Option<Found>, Outcome> {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
            return Ok(None);
        }
        let answer = self.call(at, Method::GET, &format!("issue/{id}?fields=status"), None).await?;
        match answer.status {
            200 => found(&answer.json()).map(Some).ok_or_else(|| strange("Jira", &answer)),
            404 => Ok(None),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn find(&self, at: At<'_>, key: &str) -> Result<Option<Found>, Outcome> {
        let jql = format!("project = \"{}\" AND labels = \"{key}\"", at.home);
        let body = json!({"jql": jql, "fields": ["status"], "maxResults": 1});
        let answer = self.call(at, Method::POST, "search/jql", Some(body)).await?;
        match answer.json()["issues"].as_array() {
            Some(list) if answer.status == 200 => Ok(list.first().and_then(found)),
            _ if answer.status == 200 => Err(strange("Jira", &answer)),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn open(&self, at: At<'_>, d: &Draft<'_>) -> Result<String, Outcome> {
        let fields = json!({
            "project": {"key": at.home},
            "issuetype": {"name": self.issue_type},
            "summary": d.title,
            "description": document(d),
            "labels": ["forewarn", d.key],
        });
        let answer = self.call(at, Method::POST, "issue", Some(json!({"fields": fields}))).await?;
        match (answer.status, answer.json()["key"].as_str()) {
            (201, Some(key)) => Ok(one_line(key, 60)),
            (201, None) => Err(strange("Jira", &answer)),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn comment(&self, at: At<'_>, id: &str, said: &str) -> Result<(), Outcome> {
        let body = json!({"body": doc(vec![paragraph(said)])});
        let answer = self.call(at, Method::POST, &format!("issue/{id}/comment"), Some(body)).await?;
        if answer.status == 201 { Ok(()) } else { Err(refused(at, &answer)) }
    }

    /// Goes through the first transition that ends where it should.
    /// <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post>
    pub(super) async fn set_open(&self, at: At<'_>, id: &str, open: bool) -> Result<(), Outcome> {
        let path = format!("issue/{id}/transitions");
        let answer = self.call(at, Method::GET, &path, None).await?;
        if answer.status != 200 {
            return Err(refused(at, &answer));
        }
        let said = answer.json();
        let category = |t: &Value| t["to"]["statusCategory"]["key"].as_str().map(str::to_owned);
        let fits = |t: &&Value| category(t).is_some_and(|c| (c == "done") != open);
        let Some(to) = said["transitions"].as_array().and_then(|list| list.iter().find(fits)) else {
            let wanted = if open { "open it again" } else { "close it" };
            return Err(Outcome::Rejected {
                reason: format!("Jira ({}): the workflow has no way to {wanted}", at.home),
            });
        };
        let body = json!({"transition": {"id": to["id"]}});
        let answer = self.call(at, Method::POST, &path, Some(body)).await?;
        if answer.status == 204 { Ok(()) } else { Err(refused(at, &answer)) }
    }

    async fn call(&self, at: At<'_>, method: Method, path: &str, body: Option<Value>) -> Result<Answer, Outcome> {
        let mut request = self
            .client
            .request(method, format!("{}/rest/api/3/{path}", self.base))
            .basic_auth(&self.email, Some(self.token.expose_secret()))
            .header("accept", "application/json");
        if let Some(body) = body {
            request = request.json(&body);
        }
        post(request, at.now).await
    }
}

fn found(issue: &Value) -> Option<Found> {
    let category = issue["fields"]["status"]["statusCategory"]["key"].as_str()?;
    Some(Found { id: one_line(issue["key"].as_str()?, 60), open: category != "done" })
}

fn refused(at: At<'_>, answer: &Answer) -> Outcome {
    let who = format!("Jira ({})", at.home);
    let said = answer.json();
    match answer.status {
        400 if said["errors"].get("project").is_some() => {
            Outcome::Unreachable { reason: format!("{who}: there is no such project, or the account may not use it") }
        }
        400 if said["errors"].get("issuetype").is_some() => {
            Outcome::Rejected { reason: format!("{who}: the project has no such type of issue: set jira.issue_type") }
        }
        _ => answer.by_status(&who, "correct jira.url or the project of the contact"),
    }
}

/// <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>
fn document(d: &Draft<'_>) -> Value {
    let mut content = vec![paragraph(&d.words.first_line())];
    for line in &d.words.lines {
        let mut p = paragraph(&line.text);
        if let (Some(link), Some(nodes)) = (&line.link, p["content"].as_array_mut()) {
            nodes.push(json!({"type": "text", "text": " "}));
            nodes.push(linked("open", link));
        }
        content.push(p);
    }
    if !d.checklist.is_empty() {
        let item = |(n, text): (usize, &String)| json!({"type": "taskItem", "attrs": {"localId": format!("{}-{n}", d.key), "state": "TODO"}, "content": [node(text)]});
        let items: Vec<_> = d.checklist.iter().enumerate().map(item).collect();
        content.push(json!({"type": "taskList", "attrs": {"localId": d.key}, "content": items}));
    }
    content.push(paragraph(&d.words.footer));
    if let Some(act) = d.act {
        let nodes = vec![linked("Plan, done, not ours, wrong date, reassign", act)];
        content.push(json!({"type": "paragraph", "content": nodes}));
    }
    content.push(paragraph("Closing this resolves the alert; use seen afterwards opens it again."));
    doc(content)
}

fn doc(content: Vec<Value>) -> Value {
    json!({"type": "doc", "version": 1, "content": content})
}

/// A text node may not be empty.
fn node(text: &str) -> Value {
    let text = one_line(text, 2_000);
    json!({"type": "text", "text": if text.is_empty() { "-".to_owned() } else { text }})
}

fn paragraph(text: &str) -> Value {
    json!({"type": "paragraph", "content": [node(text)]})
}

fn linked(text: &str, href: &str) -> Value {
    json!({"type": "text", "text": text, "marks": [{"type": "link", "attrs": {"href": href}}]})
}
