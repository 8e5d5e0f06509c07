//! Settings of channels over HTTP, secrets resolved, before they are channels.
//!
//! In: what a config section says. Out: a [`Channel`]. Invariant: making one connects nowhere. Refuses to print: its Debug
//! shows no secret.

use super::ticket::{Tracker, github, jira, linear};
use super::{Channel, alertmanager, discord, ntfy, pagerduty, teams};
use secrecy::SecretString;

/// One channel.
#[derive(Debug, Clone)]
pub enum Setting {
    /// An integration key, and where events go.
    PagerDuty(SecretString, String),
    /// The address of a workflow.
    Teams(SecretString),
    /// The address of a webhook.
    Discord(SecretString),
    /// A server and its token.
    Ntfy(String, Option<SecretString>),
    /// An address and its token.
    Alertmanager(String, Option<SecretString>),
    /// A token, and where the API is.
    Github(SecretString, String),
    /// The section, and its token.
    Jira(Box<jira::JiraSection>, SecretString),
    /// A key, and where the API is.
    Linear(SecretString, String),
}

impl Setting {
    /// The channel. `name` is its own among others of the kind.
    ///
    /// # Errors
    /// One line without any secret.
    pub fn channel(&self, client: reqwest::Client, name: &str) -> Result<Channel, super::http::UrlError> {
        Ok(match self.clone() {
            Setting::PagerDuty(key, url) => Channel::PagerDuty(pagerduty::Events::new(client, name, key, &url)?),
            Setting::Teams(url) => Channel::Teams(teams::Workflow::new(client, name, url)?),
            Setting::Discord(url) => Channel::Discord(discord::Webhook::new(client, name, url)?),
            Setting::Ntfy(url, token) => Channel::Ntfy(ntfy::Server::new(client, &url, token)?),
            Setting::Alertmanager(url, token) => {
                Channel::Alertmanager(alertmanager::Api::new(client, name, &url, token)?)
            }
            Setting::Github(token, api) => Channel::Tickets(Tracker::Github(github::Issues::new(client, token, &api)?)),
            Setting::Jira(section, token) => {
                Channel::Tickets(Tracker::Jira(jira::Cloud::new(client, &section, token)?))
            }
            Setting::Linear(key, api) => Channel::Tickets(Tracker::Linear(linear::Workspace::new(client, key, &api)?)),
        })
    }
}
