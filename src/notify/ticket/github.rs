//! Issues of GitHub.
//!
//! In: drafts, comments, states. Out: calls of its REST API. Invariant: outside text in a body is escaped Markdown without
//! mention, reference or address; the token is in no reason. Refuses to search: the index there lags behind, the list of a
//! label does not. <https://docs.github.com/en/rest/issues/issues>

use super::{At, Draft, Found, strange};
use crate::model::text::one_line;
use crate::notify::Outcome;
use crate::notify::http::{Answer, UrlError, check_url, post};
use crate::notify::markdown::escape;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use toml::Spanned;

/// `[github]` in the config.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubSection {
    /// A fine-grained token with "Issues: read and write" on the repositories of the owners.
    pub token: Option<Spanned<String>>,
    /// [`API`] by default; `https://HOST/api/v3` for GitHub Enterprise Server.
    pub api_url: Option<Spanned<String>>,
}

/// Where the API is.
pub const API: &str = "https://api.github.com";
/// Marks our issues.
const LABEL: &str = "forewarn";
/// Most characters of a body.
const BODY_MAX: usize = 60_000;

/// Issues by one token.
pub struct Issues {
    client: reqwest::Client,
    token: SecretString,
    base: String,
}

/// Whether an address is `owner/repository`.
pub fn is_repository(s: &str) -> bool {
    let good = |part: &str| {
        !part.is_empty()
            && part.len() <= 100
            && !matches!(part, "." | "..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    s.split_once('/').is_some_and(|(owner, name)| good(owner) && good(name))
}

impl Issues {
    /// `client` is [`crate::notify::http::http_client`].
    ///
    /// # Errors
    /// When the address is not `https` and not this machine.
    pub fn new(client: reqwest::Client, token: SecretString, base: &str) -> Result<Self, UrlError> {
        check_url(base)?;
        Ok(Self { client, token, base: base.trim_end_matches('/').to_owned() })
    }

    pub(super) async fn look(&self, at: At<'_>, id: &str) -> Result<Option<Found>, Outcome> {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(None);
        }
        let answer = self.call(at, reqwest::Method::GET, &format!("/{id}"), None).await?;
        match answer.status {
            200 => found(&answer.json()).map(Some).ok_or_else(|| strange("GitHub", &answer)),
            // Deleted, or moved to another repository.
            301 | 404 | 410 => Ok(None),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn find(&self, at: At<'_>, key: &str) -> Result<Option<Found>, Outcome> {
        let query = format!("?labels={LABEL}&state=all&sort=created&direction=desc&per_page=100");
        let answer = self.call(at, reqwest::Method::GET, &query, None).await?;
        match answer.json().as_array() {
            Some(list) if answer.status == 200 => Ok(list
                .iter()
                .find(|i| i["body"].as_str().is_some_and(|b| b.contains(key)) && i.get("pull_request").is_none())
                .and_then(found)),
            _ if answer.status == 200 => Err(strange("GitHub", &answer)),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn open(&self, at: At<'_>, d: &Draft<'_>) -> Result<String, Outcome> {
        let body = json!({"title": d.title, "body": markdown(d), "labels": [LABEL]});
        let answer = self.call(at, reqwest::Method::POST, "", Some(body)).await?;
        match answer.status {
            201 => found(&answer.json()).map(|f| f.id).ok_or_else(|| strange("GitHub", &answer)),
            _ => Err(refused(at, &answer)),
        }
    }

    pub(super) async fn comment(&self, at: At<'_>, id: &str, said: &str) -> Result<(), Outcome> {
        let body = json!({"body": escape(&one_line(said, 2_000))});
        let answer = self.call(at, reqwest::Method::POST, &format!("/{id}/comments"), Some(body)).await?;
        if answer.status == 201 { Ok(()) } else { Err(refused(at, &answer)) }
    }

    pub(super) async fn set_open(&self, at: At<'_>, id: &str, open: bool) -> Result<(), Outcome> {
        let (state, why) = if open { ("open", "reopened") } else { ("closed", "completed") };
        let body = json!({"state": state, "state_reason": why});
        let answer = self.call(at, reqwest::Method::PATCH, &format!("/{id}"), Some(body)).await?;
        if answer.status == 200 { Ok(()) } else { Err(refused(at, &answer)) }
    }

    async fn call(
        &self,
        at: At<'_>,
        method: reqwest::Method,
        rest: &str,
        body: Option<Value>,
    ) -> Result<Answer, Outcome> {
        let mut request = self
            .client
            .request(method, format!("{}/repos/{}/issues{rest}", self.base, at.home))
            .bearer_auth(self.token.expose_secret())
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        if let Some(body) = body {
            request = request.json(&body);
        }
        post(request, at.now).await
    }
}

fn found(issue: &Value) -> Option<Found> {
    Some(Found { id: issue["number"].as_u64()?.to_string(), open: issue["state"] == "open" })
}

fn refused(at: At<'_>, answer: &Answer) -> Outcome {
    let who = format!("GitHub ({})", at.home);
    let limited = answer.retry_after.is_some() || answer.excerpt().contains("rate limit");
    match answer.status {
        // Both limits answer 403 or 429. <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
        403 | 429 if limited => Outcome::Retry {
            after: answer.retry_after,
            reason: format!("{who} asks us to slow down ({})", answer.status),
        },
        301 | 404 | 410 => Outcome::Unreachable {
            reason: format!(
                "{who} answered {}: is there such a repository, are issues on, may the token see it?",
                answer.status
            ),
        },
        _ => answer.by_status(&who, "correct the repository of the contact"),
    }
}

/// The body of an issue: what a message says, and what to tick off.
pub(super) fn markdown(d: &Draft<'_>) -> String {
    let mut out = format!("{}\n\n", escape(&d.words.first_line()));
    for line in &d.words.lines {
        let link = line.link.as_deref().map(|l| format!(" [open](<{l}>)")).unwrap_or_default();
        out.push_str(&format!("- {}{link}\n", escape(&line.text)));
    }
    if !d.checklist.is_empty() {
        out.push_str("\n**To do**\n\n");
        d.checklist.iter().for_each(|c| out.push_str(&format!("- [ ] {}\n", escape(c))));
    }
    out.push_str(&format!("\n{}\n", escape(&d.words.footer)));
    if let Some(act) = d.act {
        out.push_str(&format!("\n[Plan, done, not ours, wrong date, reassign](<{act}>). "));
    }
    out.push_str("Closing this resolves the alert; use seen afterwards opens it again.\n");
    let mut out = if out.chars().count() > BODY_MAX { out.chars().take(BODY_MAX).collect() } else { out };
    out.push_str(&format!("\n<!-- {} -->\n", d.key));
    out
}
