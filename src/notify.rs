//! L2: telling people. A [`Message`] is rendered from current facts and sent through one [`Channel`].
//!
//! In: messages. Out: a typed [`Outcome`]. Invariant: an attempt ends within [`ATTEMPT_DEADLINE`]; text of providers never
//! becomes markup, a mention or a header. Refuses to retry by itself: the outbox row holds the state of retries.

pub mod console;
pub mod email;
pub mod http;
pub mod render;
pub mod slack;
#[cfg(test)]
mod testing;
pub mod webhook;

use crate::model::{AlertId, Contact, Deadline, MatterState, Reason, Said, StepKey};
use jiff::{Timestamp, tz::TimeZone};
use std::time::Duration;

/// Longest time one attempt may take, connection included.
pub const ATTEMPT_DEADLINE: Duration = Duration::from_secs(30);

/// Whether this channel hears what people did about a matter: those with threads, where a word more disturbs nobody.
pub fn hears_of_acts(channel: &str) -> bool {
    channel == "slack" || channel.starts_with("slack.")
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
    /// Now, for "60 days".
    pub now: Timestamp,
    /// The recipient's zone.
    pub zone: TimeZone,
    /// In shadow mode: who it was meant for, while it goes to the operators.
    pub meant_for: Option<String>,
    /// What is said.
    pub body: Body,
}

/// What is said.
#[derive(Debug, Clone)]
pub enum Body {
    /// One or more obligations; at least one row.
    Alerts(Vec<Row>),
    /// `forewarn send-test`.
    Test,
}

/// One obligation with its facts.
#[derive(Debug, Clone)]
pub struct Row {
    /// The number people type.
    pub alert: AlertId,
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
    /// The answer in force, in one line: `plan Tue 12 Jan 2027 (Mei)`.
    pub answer: Option<String>,
    /// What a person did last: for [`Reason::Acted`], [`Reason::Reopened`] and [`Reason::Reassigned`].
    pub said: Option<Said>,
    /// What comes next if nobody answers, soonest first.
    pub next: Vec<NextStep>,
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
        /// Slack: the message's `ts`; mail: its Message-ID; others: none.
        thread: Option<String>,
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
    /// The channel refuses us, whatever the message: wrong token or password.
    Unauthorized {
        /// What happened, one line.
        reason: String,
    },
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
}

impl Channel {
    /// Tries once, within [`ATTEMPT_DEADLINE`]. Running out of time is a [`Outcome::Retry`]: it may have arrived.
    pub async fn send(&self, message: &Message) -> Outcome {
        let attempt = async {
            match self {
                Channel::Console(c) => c.send(message).await,
                Channel::Slack(c) => c.send(message).await,
                Channel::SlackWebhook(c) => c.send(message).await,
                Channel::Email(c) => c.send(message).await,
                Channel::Webhook(c) => c.send(message).await,
            }
        };
        tokio::time::timeout(ATTEMPT_DEADLINE, attempt).await.unwrap_or_else(|_| Outcome::Retry {
            after: None,
            reason: format!("no answer within {} s; it may have arrived", ATTEMPT_DEADLINE.as_secs()),
        })
    }
}
