//! Issues of Linear.
//!
//! In: drafts, comments, states. Out: calls of its GraphQL API. Invariant: ids of issues and comments follow from our keys,
//! so the same is never made twice; outside text is escaped Markdown and travels as a variable, never in a query; the key is
//! in no reason. Refuses to trust status 200: errors stand in the body. <https://linear.app/developers/graphql>

use super::github::markdown;
use super::{At, Draft, Found, strange};
use crate::crypto::short_hash;
use crate::model::text::one_line;
use crate::notify::Outcome;
use crate::notify::http::{Answer, UrlError, check_url, post};
use crate::notify::markdown::escape;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

/// `[linear]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSection {
    /// A personal API key, `lin_api_…`.
    pub api_key: Option<Spanned<String>>,
    /// [`API`] by default.
    pub api_url: Option<Spanned<String>>,
}

/// Where the API is.
pub const API: &str = "https://api.linear.app/graphql";

/// Issues of one workspace.
pub struct Workspace {
    client: reqwest::Client,
    key: SecretString,
    url: String,
}

/// Whether an address is the key of a team.
pub fn is_team(s: &str) -> bool {
    (1..=12).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// What a call gives.
enum Said {
    Data(Value),
    NotFound,
}

impl Workspace {
    /// `client` is [`crate::notify::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, key: SecretString, url: &str) -> Result<Self, UrlError> {
        check_url(url)?;
        Ok(Self { client, key, url: url.to_owned() })
    }

    pub(super) async fn look(&self, at: At<'_>, id: &str) -> Result<Option<Found>, Outcome> {
        let query = "query($id: String!) { issue(id: $id) { id trashed state { type } } }";
        match self.call(at, query, json!({"id": id})).await? {
            Said::NotFound => Ok(None),
            Said::Data(data) => Ok(found(&data["issue"])),
        }
    }

    pub(super) async fn find(&self, at: At<'_>, key: &str) -> Result<Option<Found>, Outcome> {
        self.look(at, &uuid(key)).await
    }

    pub(super) async fn open(&self, at: At<'_>, d: &Draft<'_>) -> Result<String, Outcome> {
        let query = "query($key: String!) { teams(filter: { key: { eq: $key } }) { nodes { id } } }";
        let data = self.data(at, query, json!({"key": at.home})).await?;
        let Some(team) = data["teams"]["nodes"][0]["id"].as_str() else {
            return Err(Outcome::Unreachable {
                reason: format!("Linear has no team {}, or the key may not see it: correct the contact", at.home),
            });
        };
        let query = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id } } }";
        let input = json!({"id": uuid(d.key), "teamId": team, "title": d.title, "description": markdown(d)});
        let data = self.data(at, query, json!({"input": input})).await?;
        let id = data["issueCreate"]["issue"]["id"].as_str().filter(|_| data["issueCreate"]["success"] == true);
        id.map(|id| one_line(id, 60)).ok_or_else(|| not_done(at))
    }

    pub(super) async fn comment(&self, at: At<'_>, id: &str, said: &str, key: &str) -> Result<(), Outcome> {
        let query = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { success } }";
        let input =
            json!({"id": uuid(&format!("{id} {key} {said}")), "issueId": id, "body": escape(&one_line(said, 2_000))});
        let data = self.data(at, query, json!({"input": input})).await?;
        if data["commentCreate"]["success"] == true { Ok(()) } else { Err(not_done(at)) }
    }

    /// The first state of the team that is of the wanted kind.
    pub(super) async fn set_open(&self, at: At<'_>, id: &str, open: bool) -> Result<(), Outcome> {
        let query = "query($id: String!) { issue(id: $id) { team { states { nodes { id type position } } } } }";
        let data = self.data(at, query, json!({"id": id})).await?;
        let mut states: Vec<&Value> =
            data["issue"]["team"]["states"]["nodes"].as_array().into_iter().flatten().collect();
        states.sort_by(|a, b| a["position"].as_f64().unwrap_or(0.0).total_cmp(&b["position"].as_f64().unwrap_or(0.0)));
        let wanted = if open { "unstarted" } else { "completed" };
        let Some(state) = states.iter().find(|s| s["type"] == wanted) else {
            return Err(Outcome::Rejected { reason: format!("Linear ({}): the team has no {wanted} state", at.home) });
        };
        let query =
            "mutation($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success } }";
        let data = self.data(at, query, json!({"id": id, "input": {"stateId": state["id"]}})).await?;
        if data["issueUpdate"]["success"] == true { Ok(()) } else { Err(not_done(at)) }
    }

    async fn data(&self, at: At<'_>, query: &str, variables: Value) -> Result<Value, Outcome> {
        match self.call(at, query, variables).await? {
            Said::Data(data) => Ok(data),
            Said::NotFound => {
                Err(Outcome::Rejected { reason: format!("Linear ({}): the issue is not there", at.home) })
            }
        }
    }

    async fn call(&self, at: At<'_>, query: &str, variables: Value) -> Result<Said, Outcome> {
        let request = self
            .client
            .post(&self.url)
            // A personal key stands alone, without "Bearer". <https://linear.app/developers/graphql#personal-api-keys>
            .header("authorization", self.key.expose_secret())
            .json(&json!({"query": query, "variables": variables}));
        let answer = post(request, at.now).await?;
        let said = answer.json();
        let Some(error) = said["errors"].as_array().and_then(|list| list.first()) else {
            return match (answer.status, said["data"].is_object()) {
                (200, true) => Ok(Said::Data(said["data"].clone())),
                (200, false) => Err(strange("Linear", &answer)),
                _ => Err(answer.by_status("Linear", "is linear.api_url right?")),
            };
        };
        refused(&answer, error)
    }
}

/// Errors name a code; some come with status 400, some with 200. <https://linear.app/developers/rate-limiting>
fn refused(answer: &Answer, error: &Value) -> Result<Said, Outcome> {
    let message = one_line(error["message"].as_str().unwrap_or("no message"), 160);
    let code = error["extensions"]["code"].as_str().unwrap_or_default().to_ascii_uppercase();
    let reason = format!("Linear: {message}");
    match code.as_str() {
        "RATELIMITED" => Err(Outcome::Retry { after: answer.retry_after, reason }),
        "AUTHENTICATION_ERROR" | "FORBIDDEN" => {
            Err(Outcome::Unauthorized { reason: reason + ": renew linear.api_key" })
        }
        _ if message.contains("Entity not found") => Ok(Said::NotFound),
        _ if answer.status >= 500 || code == "INTERNAL_SERVER_ERROR" => Err(Outcome::Retry { after: None, reason }),
        _ if answer.status == 401 => Err(Outcome::Unauthorized { reason: reason + ": renew linear.api_key" }),
        _ => Err(Outcome::Rejected { reason }),
    }
}

fn not_done(at: At<'_>) -> Outcome {
    Outcome::Retry { after: None, reason: format!("Linear ({}) did not say that it was done", at.home) }
}

fn found(issue: &Value) -> Option<Found> {
    let id = issue["id"].as_str().filter(|_| issue["trashed"] != true)?;
    Some(Found {
        id: one_line(id, 60),
        open: !matches!(issue["state"]["type"].as_str(), Some("completed" | "canceled")),
    })
}

/// A UUID of version 4 in form, made from a key: Linear takes ids of its callers.
fn uuid(key: &str) -> String {
    let mut b = short_hash(&[b"linear\0", key.as_bytes()]);
    b[6] = b[6] & 0x0f | 0x40;
    b[8] = b[8] & 0x3f | 0x80;
    let h = hex::encode(b);
    format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}
