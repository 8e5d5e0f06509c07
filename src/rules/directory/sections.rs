//! What the config says of owners, services and routes, as it is written.
//!
//! In: TOML or JSON. Out: sections with the places of what a check may have to point at. Invariant: unknown keys are
//! refused. Refuses to check one against another: [`Directory`](super::Directory) does.

use crate::model::{ConnectionId, Kind};
use crate::rules::matcher::may_overlap;
use crate::rules::policy::PolicySection;
use crate::rules::private::DeadlineSection;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// `[owners.NAME]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerSection {
    /// A Slack channel or user, `#search-ai`.
    pub slack: Option<Spanned<String>>,
    /// The name of an incoming webhook under `[slack.webhooks]`.
    pub slack_webhook: Option<Spanned<String>>,
    /// A mail address.
    pub email: Option<Spanned<String>>,
    /// The name of a webhook of ours under `[webhooks.NAME]`.
    pub webhook: Option<Spanned<String>>,
    /// The name of an integration key under `[pagerduty.keys]`.
    pub pagerduty: Option<Spanned<String>>,
    /// The name of a workflow under `[teams.webhooks]`.
    pub teams: Option<Spanned<String>>,
    /// The name of a webhook under `[discord.webhooks]`.
    pub discord: Option<Spanned<String>>,
    /// A topic of the server of `[ntfy]`.
    pub ntfy: Option<Spanned<String>>,
    /// A repository whose issues are used, `OWNER/NAME`; needs `[github]`.
    pub github: Option<Spanned<String>>,
    /// The key of a project of `[jira]`.
    pub jira: Option<Spanned<String>>,
    /// The key of a team of `[linear]`.
    pub linear: Option<Spanned<String>>,
    /// The name of an Alertmanager under `[alertmanager.NAME]`.
    pub alertmanager: Option<Spanned<String>>,
    /// Print to standard output.
    #[serde(default)]
    pub console: bool,
    /// The mail address of the person above.
    pub lead: Option<Spanned<String>>,
    /// IANA zone; UTC by default.
    pub zone: Option<Spanned<String>>,
    /// It is gone: this owner answers for what was its own.
    pub moved_to: Option<Spanned<String>>,
    /// `mon-fri 09:00-17:00`: reminders come as the day begins, those for a day off on the working day before.
    pub hours: Option<Spanned<String>>,
    /// Days off.
    #[serde(default)]
    pub holidays: Vec<Spanned<String>>,
    /// `22:00-07:00`: only critical incidents come then.
    pub quiet: Option<Spanned<String>>,
    /// Absences.
    #[serde(default)]
    pub away: Vec<Spanned<AwaySection>>,
    /// When its digest comes, a line of cron in its zone, or `off`; that of all owners by default.
    pub digest: Option<Spanned<String>>,
}

/// `away = [{ from, until, deputy }]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaySection {
    /// First day.
    pub from: Spanned<String>,
    /// Last day.
    pub until: Spanned<String>,
    /// The owner who is told instead.
    pub deputy: Spanned<String>,
}

/// `mode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Owners are told.
    #[default]
    Live,
    /// Everything goes to `operators`, naming who would have been told.
    Shadow,
}

/// `[services.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSection {
    /// Who answers for it.
    pub owner: Spanned<String>,
    /// `production` by default.
    pub env: Option<String>,
    /// `standard` by default; for `critical` ones incidents are repeated and escalated.
    #[serde(default)]
    pub tier: Tier,
    /// What it uses.
    pub uses: Vec<Spanned<String>>,
    /// Projects, teams, workspaces or keys whose counted calls are its own, with `*`.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// How much a service matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// An incident is told when it begins and when it ends.
    #[default]
    Standard,
    /// An incident nobody answers is told again, and to the lead.
    Critical,
}

/// `[[routes]]`: an exception.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSection {
    /// Its name, for messages.
    pub name: Spanned<String>,
    /// What it is about; every field given must fit.
    #[serde(rename = "match", default)]
    pub when: RouteMatch,
    /// Owners told as well.
    #[serde(default)]
    pub add: Vec<Spanned<String>>,
    /// Owners not told; `["*"]` for nobody.
    #[serde(default)]
    pub mute: Vec<Spanned<String>>,
    /// The ladder to use.
    pub policy: Option<Spanned<String>>,
}

/// What a route is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteMatch {
    /// Provider, with `*`.
    pub provider: Option<String>,
    /// Kind.
    pub kind: Option<Kind>,
    /// Id of a subject, with `*`.
    pub subject: Option<String>,
    /// Account, with `*`.
    pub account: Option<String>,
}

impl RouteMatch {
    /// How many fields it fixes; more is more specific, and an exact text counts above a pattern.
    pub fn specificity(&self) -> u32 {
        let of = |p: &Option<String>| p.as_ref().map_or(0, |p| if p.contains('*') { 1 } else { 2 });
        of(&self.provider) + of(&self.subject) + of(&self.account) + if self.kind.is_some() { 2 } else { 0 }
    }

    pub(super) fn may_overlap(&self, other: &RouteMatch) -> bool {
        let both = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) => may_overlap(a, b),
            (None, _) | (_, None) => true,
        };
        both(&self.provider, &other.provider)
            && both(&self.subject, &other.subject)
            && both(&self.account, &other.account)
            && (self.kind.is_none() || other.kind.is_none() || self.kind == other.kind)
    }
}

/// What the directory is built from.
#[derive(Debug, Clone, Default)]
pub struct Sections {
    /// `mode`.
    pub mode: Mode,
    /// `catch_all`.
    pub catch_all: Option<Spanned<String>>,
    /// `digest`.
    pub digest: Option<Spanned<String>>,
    /// `[owners]`.
    pub owners: BTreeMap<String, Spanned<OwnerSection>>,
    /// `[services]`.
    pub services: BTreeMap<String, Spanned<ServiceSection>>,
    /// `[[routes]]`.
    pub routes: Vec<RouteSection>,
    /// `[policies]`.
    pub policies: BTreeMap<String, Spanned<PolicySection>>,
    /// `owner` of each connection.
    pub connection_owners: BTreeMap<ConnectionId, Spanned<String>>,
    /// `[[deadlines]]`.
    pub deadlines: Vec<DeadlineSection>,
}
