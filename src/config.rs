//! L5: the config: TOML with places, checked as a whole before anything starts.
//!
//! In: a file, or the embedded defaults. Out: [`Config`], or every problem with file, line, column and a caret. Invariant:
//! what comes out refers only to things that exist and holds every secret resolved. Refuses literal secrets, unknown keys
//! and half-given channels.

mod channels;
mod channels_http;
mod check;
mod connections;
pub mod draft;
mod schema;
mod settings;
mod text;

pub use channels::ChannelSettings;
pub use check::show as show_bad_file;
pub use schema::schema;
pub use settings::settings;
pub use text::{Problems, Text};

use crate::engine::access::{Access, AccessSection};
use crate::engine::connections::{Connection, ConnectionSection};
use crate::fetch::FetchSection;
use crate::model::ConnectionId;
use crate::notify::alertmanager::AlertmanagerSection;
use crate::notify::discord::DiscordSection;
use crate::notify::email::EmailSection;
use crate::notify::ntfy::NtfySection;
use crate::notify::pagerduty::PagerDutySection;
use crate::notify::render::template::{TemplateSection, Templates};
use crate::notify::slack::SlackSection;
use crate::notify::teams::TeamsSection;
use crate::notify::ticket::{github::GithubSection, jira::JiraSection, linear::LinearSection};
use crate::notify::webhook::WebhookSection;
use crate::provider::catalog::Catalog;
use crate::rules::directory::{Directory, Mode, OwnerSection, RouteSection, ServiceSection};
use crate::rules::policy::PolicySection;
use crate::rules::private::DeadlineSection;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// The embedded defaults: the documentation of every key, and what runs without a file.
pub const DEFAULTS: &str = include_str!("config/default.toml");
/// Where a config is looked for after `--config` and `$FOREWARN_CONFIG`.
pub const PLACES: [&str; 2] = ["forewarn.toml", "/etc/forewarn/forewarn.toml"];

/// The file as it is written. Sections belong to the layers that use them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    public_url: Option<Spanned<String>>,
    private_url: Option<Spanned<String>>,
    #[serde(default)]
    mode: Mode,
    catch_all: Option<Spanned<String>>,
    digest: Option<Spanned<String>>,
    data_dir: Option<PathBuf>,
    snapshot: Option<bool>,
    providers_dir: Option<Spanned<PathBuf>>,
    watch: Option<Vec<Spanned<String>>>,
    intake: Option<Spanned<String>>,
    listen: Option<Spanned<String>>,
    low_water_mb: Option<u64>,
    heartbeat_url: Option<Spanned<String>>,
    heartbeat_seconds: Option<Spanned<u64>>,
    #[serde(default, rename = "include")]
    _include: Vec<Spanned<String>>,
    #[serde(default)]
    access: AccessSection,
    #[serde(default)]
    fetch: FetchSection,
    #[serde(default)]
    slack: SlackSection,
    email: Option<Spanned<EmailSection>>,
    #[serde(default)]
    webhooks: BTreeMap<String, Spanned<WebhookSection>>,
    #[serde(default)]
    templates: BTreeMap<String, TemplateSection>,
    #[serde(default)]
    pagerduty: PagerDutySection,
    #[serde(default)]
    teams: TeamsSection,
    #[serde(default)]
    discord: DiscordSection,
    ntfy: Option<NtfySection>,
    #[serde(default)]
    github: GithubSection,
    jira: Option<JiraSection>,
    #[serde(default)]
    linear: LinearSection,
    #[serde(default)]
    alertmanager: BTreeMap<String, AlertmanagerSection>,
    #[serde(default)]
    connections: BTreeMap<String, Spanned<ConnectionSection>>,
    #[serde(default)]
    owners: BTreeMap<String, Spanned<OwnerSection>>,
    #[serde(default)]
    services: BTreeMap<String, Spanned<ServiceSection>>,
    #[serde(default)]
    routes: Vec<RouteSection>,
    #[serde(default)]
    policies: BTreeMap<String, Spanned<PolicySection>>,
    #[serde(default)]
    deadlines: Vec<DeadlineSection>,
    #[serde(default)]
    provider: BTreeMap<String, toml::Table>,
}

/// An address that is called, and how often.
pub struct Heart {
    /// Whoever has it can say that we live.
    pub url: SecretString,
    /// How often.
    pub every: Duration,
}

/// Everything configured, checked.
pub struct Config {
    /// Where it came from, for people.
    pub origin: String,
    /// Where the outside reaches us, without a slash at the end.
    pub public_url: Option<String>,
    /// Who may ask the private side.
    pub access: Access,
    /// The public listener.
    pub intake: SocketAddr,
    /// The private listener.
    pub listen: SocketAddr,
    /// `data_dir`.
    pub data_dir: Option<PathBuf>,
    /// What was known when forewarn was built is shown until a provider's own page is read.
    pub snapshot: bool,
    /// Free bytes below which nothing is accepted.
    pub low_water: u64,
    /// What is called while forewarn makes progress.
    pub heartbeat: Option<Heart>,
    /// Providers watched; none means the default.
    pub watch: Option<Vec<String>>,
    /// Providers.
    pub catalog: Catalog,
    /// Owners, services, routes.
    pub directory: Directory,
    /// Connections with their secrets.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// How to send.
    pub channels: ChannelSettings,
    /// Words of the user's own.
    pub templates: Templates,
    /// Where provider files of ours are.
    pub providers_dir: Option<PathBuf>,
    /// The way out for what is polled.
    pub fetch: crate::fetch::Settings,
    /// Things worth saying that stop nothing.
    pub notes: Vec<String>,
}

/// Looks up an environment variable.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Finds and loads the config: `--config`, `$FOREWARN_CONFIG`, `./forewarn.toml`, `/etc/forewarn/forewarn.toml`, else the
/// embedded defaults.
///
/// # Errors
/// Every problem found.
pub fn load(explicit: Option<&Path>, env: Env<'_>) -> Result<Config, Problems> {
    let named = explicit.map(Path::to_owned).or_else(|| env("FOREWARN_CONFIG").map(PathBuf::from));
    let found = named.or_else(|| PLACES.iter().map(PathBuf::from).find(|p| p.exists()));
    let text = match found {
        Some(path) => Text::read(&path)?,
        None => Text::embedded("embedded defaults", DEFAULTS),
    };
    parse(text, env)
}

/// Checks a text as a whole.
///
/// # Errors
/// Every problem found.
pub fn parse(text: Text, env: Env<'_>) -> Result<Config, Problems> {
    let file: File = match toml::from_str(text.whole()) {
        Ok(f) => f,
        // What did not parse cannot be asked for its secrets: every line that looks like one is hidden.
        Err(e) => return Err(text.hiding(&text.secret_looking()).problem(e.message(), e.span())),
    };
    check::check(file, text, env)
}
