//! L2: telling people. A [`Message`] is rendered from current facts and sent through one [`Channel`].
//!
//! In: messages. Out: a typed [`Outcome`]. Invariant: an attempt ends within [`ATTEMPT_DEADLINE`]; text of providers never
//! becomes markup, a mention or a header. Refuses to retry by itself: the outbox row holds the state of retries.

pub mod alertmanager;
pub mod console;
pub mod digest;
pub mod discord;
pub mod email;
pub mod http;
mod markdown;
pub mod ntfy;
pub mod pagerduty;
pub mod render;
pub mod setting;
pub mod slack;
pub mod teams;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod ticket;
pub mod webhook;

use crate::crypto::short_hash;
use crate::model::{AlertId, AlertState, Contact, Deadline, MatterState, Reason, Said, StepKey};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use render::template::Templates;
use std::sync::Arc;
use std::time::Duration;

/// Longest time one attempt may take, connection included.
pub const ATTEMPT_DEADLINE: Duration = Duration::from_secs(30);

/// Whether this channel hears what people did about a matter: those with threads, where a word more disturbs nobody, and
/// those where something stands that follows its alert.
pub fn hears_of_acts(channel: &str) -> bool {
    let kind = channel.split('.').next().unwrap_or_default();
    matches!(kind, "slack" | "discord" | "pagerduty" | "alertmanager" | "github" | "jira" | "linear")
}

/// One message to one contact, with everything its text needs.
#[derive(Debug, Clone)]
pub struct Message {
    /// Idempotency key, the same over all attempts: 32 hex digits.
    pub key: String,
    /// Who is told.
    pub contact: Contact,
    /// Where the conversation goes on: what an earlier [`Outcome::Delivered`] of it gave.
    pub thread: Option<String>,
    /// What the channel holds of this alert already: the `place` of an earlier [`Outcome::Delivered`]. Only for messages
    /// of one row.
    pub place: Option<String>,
    /// Now, for "60 days".
    pub now: Timestamp,
    /// The recipient's zone.
    pub zone: TimeZone,
    /// In shadow mode: who it was meant for, while it goes to the operators.
    pub meant_for: Option<String>,
    /// Words of the user's own.
    pub templates: Option<Arc<Templates>>,
    /// What is said.
    pub body: Body,
}

/// What is said.
#[derive(Debug, Clone)]
pub enum Body {
    /// One or more obligations; at least one row.
    Alerts(Vec<Row>),
    /// Somebody acted: what stands at `place` is to follow. At least one row.
    Acted {
        /// Everything that stands there.
        rows: Vec<Row>,
        /// Who did what, one line.
        said: String,
    },
    /// What an owner hears by schedule, even when nothing happened.
    Digest(Box<digest::Digest>),
    /// `forewarn send-test`.
    Test,
}

impl Body {
    /// The alerts it is about.
    pub fn rows(&self) -> &[Row] {
        match self {
            Body::Alerts(rows) | Body::Acted { rows, .. } => rows,
            Body::Digest(_) | Body::Test => &[],
        }
    }
}

/// One obligation with its facts.
#[derive(Debug, Clone)]
pub struct Row {
    /// The number people type.
    pub alert: AlertId,
    /// Which episode of it.
    pub episode: u32,
    /// Where the alert stands.
    pub state: AlertState,
    /// The page on which this contact can answer; none where no public address is known.
    pub act: Option<String>,
    /// Why now.
    pub reason: Reason,
    /// Which rung.
    pub step: StepKey,
    /// What it is about, as it stands.
    pub matter: MatterState,
    /// Whose it is, as people write it: `OpenAI`.
    pub provider_name: String,
    /// Which owner it is for.
    pub owner: String,
    /// Why it is theirs.
    pub why: String,
    /// What of theirs it touches; empty when nothing named.
    pub services: Vec<ServiceBrief>,
    /// For [`Reason::Moved`]: the date before.
    pub moved_from: Option<Deadline>,
    /// When others were told before, for somebody who does not know; oldest first.
    pub told: Vec<Timestamp>,
    /// The answer in force, in one line: `plan Tue 12 Jan 2027 (Mei)`.
    pub answer: Option<String>,
    /// What a person did last: for [`Reason::Acted`], [`Reason::Reopened`] and [`Reason::Reassigned`].
    pub said: Option<Said>,
    /// What comes next if nobody answers, soonest first.
    pub next: Vec<NextStep>,
    /// From this day on it is said each morning while calls are seen; none where nobody counts calls.
    pub daily_from: Option<Date>,
    /// Since when its date has been what it is; none where that is not worth a word.
    pub unchanged_since: Option<Timestamp>,
}

impl Row {
    /// The name of an alert at services that keep one thing for it: the same for ever, over restarts and instances.
    pub fn lasting_key(&self) -> String {
        let parts: [&[u8]; 3] = [self.matter.id.as_str().as_bytes(), b"\0", self.owner.as_bytes()];
        format!("forewarn-{}", hex::encode(short_hash(&parts)))
    }
}

/// A service of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceBrief {
    /// Its name.
    pub name: String,
    /// Its environment, `production` by default.
    pub env: String,
    /// It is dealt with: `migrated 12 Dec (Mei)`.
    pub done: Option<String>,
    /// How much it uses it, in words: `41,200 calls in 7 days, last today`; none where only the config speaks.
    pub usage: Option<String>,
}

/// A rung still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// When.
    pub at: Timestamp,
    /// Who is told, in words: `search`, `ravi@example.com (lead)`.
    pub tell: String,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it. `thread` continues the conversation.
    Delivered {
        /// Slack: the message's `ts`; mail: its Message-ID; tickets: their number; others: none.
        thread: Option<String>,
        /// What now stands at the channel and follows the alert: a message that can be changed, a ticket, a page of
        /// somebody's phone. None where nothing can be changed later.
        place: Option<String>,
    },
    /// Not now. `after` is what the channel asked for, unclamped.
    Retry {
        /// How long the channel asked us to wait.
        after: Option<Duration>,
        /// What happened, one line.
        reason: String,
    },
    /// Never: this message or address is refused.
    Rejected {
        /// What happened, one line.
        reason: String,
    },
    /// Never, whatever the message: the address is not there any more (archived, deleted, unknown, a hard bounce).
    Unreachable {
        /// What happened, one line.
        reason: String,
    },
    /// The channel refuses us, whatever the message: wrong token or password.
    Unauthorized {
        /// What happened, one line.
        reason: String,
    },
}

impl Outcome {
    /// Taken, and nothing to remember.
    pub fn delivered() -> Self {
        Self::Delivered { thread: None, place: None }
    }
}

/// A way to send.
pub enum Channel {
    /// Standard output.
    Console(console::Console),
    /// Slack by bot token.
    Slack(slack::Bot),
    /// Slack by incoming webhook.
    SlackWebhook(slack::IncomingWebhook),
    /// Mail.
    Email(email::Smtp),
    /// A webhook of ours, signed.
    Webhook(webhook::Outgoing),
    /// PagerDuty, Events API v2.
    PagerDuty(pagerduty::Events),
    /// Microsoft Teams, by a workflow's webhook.
    Teams(teams::Workflow),
    /// Discord, by webhook.
    Discord(discord::Webhook),
    /// ntfy.
    Ntfy(ntfy::Server),
    /// Alertmanager, API v2.
    Alertmanager(alertmanager::Api),
    /// Tickets of GitHub, Jira or Linear.
    Tickets(ticket::Tracker),
}

impl Channel {
    /// After how long what stands there is to be looked at, or sent, again; none where nothing changes by itself.
    pub fn looks_again(&self) -> Option<SignedDuration> {
        match self {
            // People close tickets.
            Channel::Tickets(_) => Some(SignedDuration::from_mins(10)),
            // Alertmanager forgets when it is started anew.
            Channel::Alertmanager(_) => Some(SignedDuration::from_mins(5)),
            Channel::Console(_)
            | Channel::Slack(_)
            | Channel::SlackWebhook(_)
            | Channel::Email(_)
            | Channel::Webhook(_)
            | Channel::PagerDuty(_)
            | Channel::Teams(_)
            | Channel::Discord(_)
            | Channel::Ntfy(_) => None,
        }
    }

    /// Tries once, within [`ATTEMPT_DEADLINE`]. Running out of time is a [`Outcome::Retry`]: it may have arrived.
    pub async fn send(&self, message: &Message) -> Outcome {
        let attempt = async {
            match self {
                Channel::Console(c) => c.send(message).await,
                Channel::Slack(c) => c.send(message).await,
                Channel::SlackWebhook(c) => c.send(message).await,
                Channel::Email(c) => c.send(message).await,
                Channel::Webhook(c) => c.send(message).await,
                Channel::PagerDuty(c) => c.send(message).await,
                Channel::Teams(c) => c.send(message).await,
                Channel::Discord(c) => c.send(message).await,
                Channel::Ntfy(c) => c.send(message).await,
                Channel::Alertmanager(c) => c.send(message).await,
                Channel::Tickets(c) => c.send(message).await,
            }
        };
        tokio::time::timeout(ATTEMPT_DEADLINE, attempt).await.unwrap_or_else(|_| Outcome::Retry {
            after: None,
            reason: format!("no answer within {} s; it may have arrived", ATTEMPT_DEADLINE.as_secs()),
        })
    }
}
