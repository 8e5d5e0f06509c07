//! Tickets: one for each alert, in GitHub, Jira or Linear.
//!
//! In: messages of one alert. Out: a ticket that is opened once, commented on, closed and opened again. Invariant: before
//! one is opened it is looked for under the alert's lasting key, so a crash cannot make a second; a ticket that a person
//! closed is not written to before the alert is opened anew. Refuses to assign, to label beyond its own mark, and to read
//! what people write.

pub mod github;
pub mod jira;
pub mod linear;
#[cfg(test)]
mod tests;

use super::http::Answer;
use super::render::{Rendered, render};
use super::{Body, Message, Outcome, Row};
use crate::model::text::one_line;
use crate::model::{AlertState, Reason};
use jiff::Timestamp;

/// Rows of a checklist.
const CHECKLIST_MAX: usize = 50;
/// Most characters of a title; Jira takes 255.
const TITLE_MAX: usize = 240;

/// One of the three.
pub enum Tracker {
    /// Issues of a repository.
    Github(github::Issues),
    /// Issues of a project of Jira Cloud.
    Jira(jira::Cloud),
    /// Issues of a team.
    Linear(linear::Workspace),
}

/// A ticket that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number or id at the service.
    pub id: String,
    /// Whether somebody still has to do something.
    pub open: bool,
}

/// A ticket before it is opened.
pub(super) struct Draft<'a> {
    /// Finds it again.
    key: &'a str,
    title: String,
    words: &'a Rendered,
    checklist: Vec<String>,
    act: Option<&'a str>,
}

/// Where a ticket goes, and when.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    /// `owner/repository`, or the key of a project or team.
    home: &'a str,
    now: Timestamp,
}

impl Tracker {
    /// Opens, comments, closes or opens again.
    pub async fn send(&self, message: &Message) -> Outcome {
        self.try_send(message).await.unwrap_or_else(|outcome| outcome)
    }

    /// Whether a ticket still has something to do; none where it is not there any more.
    ///
    /// # Errors
    /// What the service said.
    pub async fn look(&self, home: &str, id: &str, now: Timestamp) -> Result<Option<Found>, Outcome> {
        let at = At { home, now };
        match self {
            Tracker::Github(t) => t.look(at, id).await,
            Tracker::Jira(t) => t.look(at, id).await,
            Tracker::Linear(t) => t.look(at, id).await,
        }
    }

    async fn try_send(&self, message: &Message) -> Result<Outcome, Outcome> {
        let words = render(message);
        let at = At { home: &message.contact.address, now: message.now };
        let Some(row) = message.body.rows().first() else { return self.test(at, message, &words).await };
        let over = match &message.body {
            Body::Acted { .. } => row.state == AlertState::Resolved,
            Body::Alerts(_) | Body::Digest(_) | Body::Test => {
                matches!(row.reason, Reason::Resolved | Reason::Withdrawn)
            }
        };
        let key = row.lasting_key();
        let known = match message.place.as_deref().or(message.thread.as_deref()) {
            Some(id) => self.look(at.home, id, at.now).await?,
            None => self.find(at, &key).await?,
        };
        let Some(ticket) = known else {
            if over {
                return Ok(Outcome::delivered());
            }
            let (title, checklist) = (one_line(&words.subject, TITLE_MAX), checklist(row));
            let id =
                self.open(at, Draft { key: &key, title, words: &words, checklist, act: row.act.as_deref() }).await?;
            return Ok(kept(id));
        };
        let (said, begins) = match &message.body {
            Body::Acted { said, .. } => (said.clone(), row.state != AlertState::Resolved),
            Body::Alerts(_) | Body::Digest(_) | Body::Test => {
                (words.first_line(), matches!(row.reason, Reason::Opened | Reason::Reopened | Reason::Reassigned))
            }
        };
        if !ticket.open && !begins {
            // Closed by a person, or by us before: the engine hears of it, and nothing is to be said here.
            return Ok(kept(ticket.id));
        }
        if ticket.open == over {
            self.set_open(at, &ticket.id, !over).await?;
        }
        self.comment(at, &ticket.id, &said, &message.key).await?;
        Ok(kept(ticket.id))
    }

    /// Opens a ticket and closes it, so that both are seen to work.
    async fn test(&self, at: At<'_>, message: &Message, words: &Rendered) -> Result<Outcome, Outcome> {
        let key = format!("forewarn-{}", message.key);
        let title = one_line(&words.subject, TITLE_MAX);
        let id = self.open(at, Draft { key: &key, title, words, checklist: Vec::new(), act: None }).await?;
        self.set_open(at, &id, false).await?;
        Ok(Outcome::delivered())
    }

    async fn find(&self, at: At<'_>, key: &str) -> Result<Option<Found>, Outcome> {
        match self {
            Tracker::Github(t) => t.find(at, key).await,
            Tracker::Jira(t) => t.find(at, key).await,
            Tracker::Linear(t) => t.find(at, key).await,
        }
    }

    async fn open(&self, at: At<'_>, draft: Draft<'_>) -> Result<String, Outcome> {
        match self {
            Tracker::Github(t) => t.open(at, &draft).await,
            Tracker::Jira(t) => t.open(at, &draft).await,
            Tracker::Linear(t) => t.open(at, &draft).await,
        }
    }

    async fn comment(&self, at: At<'_>, id: &str, said: &str, key: &str) -> Result<(), Outcome> {
        match self {
            Tracker::Github(t) => t.comment(at, id, said).await,
            Tracker::Jira(t) => t.comment(at, id, said).await,
            Tracker::Linear(t) => t.comment(at, id, said, key).await,
        }
    }

    async fn set_open(&self, at: At<'_>, id: &str, open: bool) -> Result<(), Outcome> {
        match self {
            Tracker::Github(t) => t.set_open(at, id, open).await,
            Tracker::Jira(t) => t.set_open(at, id, open).await,
            Tracker::Linear(t) => t.set_open(at, id, open).await,
        }
    }
}

fn kept(id: String) -> Outcome {
    Outcome::Delivered { thread: Some(id.clone()), place: Some(id) }
}

/// One row for each thing and service: `gpt-demo-1: support-bot (production)`.
fn checklist(row: &Row) -> Vec<String> {
    let mut out = Vec::new();
    let subjects: Vec<_> = row.matter.subjects.iter().map(|s| one_line(&s.id, 120)).filter(|s| !s.is_empty()).collect();
    let subjects = if subjects.is_empty() { vec![one_line(&row.matter.title, 120)] } else { subjects };
    for subject in &subjects {
        for s in &row.services {
            out.push(format!("{subject}: {} ({})", one_line(&s.name, 64), one_line(&s.env, 64)));
        }
        if row.services.is_empty() {
            out.push(subject.clone());
        }
    }
    let more = out.len().saturating_sub(CHECKLIST_MAX);
    out.truncate(CHECKLIST_MAX);
    if more > 0 {
        out.push(format!("and {more} more"));
    }
    out
}

/// An answer that is none of the service: a proxy's page, a half body.
fn strange(who: &str, answer: &Answer) -> Outcome {
    Outcome::Retry {
        after: None,
        reason: format!("no answer of {who} (status {}): {}", answer.status, answer.excerpt()),
    }
}
