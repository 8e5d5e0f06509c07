//! Status sources of a provider file: `kind = "status"`.
//!
//! In: one table. Out: its struct. Invariant: every dialect says which address it polls and, where one exists, which
//! holds the ends (a summary lists only what is open). Refuses to guess a dialect: that is [`crate::provider::read::status`].

use super::{Evidence, Robots};
use crate::model::Every;
use crate::model::event::words;
use serde::Deserialize;

words!(
    /// How a status page speaks.
    Dialect {
        /// Atlassian Statuspage v2: `summary.json`, `incidents.json`.
        Statuspage = "statuspage",
        /// incident.io's Statuspage-compatible API, with its gaps.
        IncidentIo = "incident_io",
        /// Instatus: `summary.json`, `v3/summary.json`.
        Instatus = "instatus",
        /// Better Stack: `index.json`.
        BetterStack = "better_stack",
        /// OnlineOrNot: `api.onlineornot.com/v1/status_pages/…/summary`.
        OnlineOrNot = "online_or_not",
        /// Google Cloud: `incidents.json`.
        GoogleCloud = "google_cloud",
        /// AWS Health: `currentevents` (UTF-16) and the dashboard's older `data.json`.
        AwsEvents = "aws_events",
        /// AWS RSS, an item for each update.
        AwsRss = "aws_rss",
        /// Azure RSS, empty while all is well.
        AzureRss = "azure_rss",
        /// Slack: `api/v2.0.0/current`, `history`.
        Slack = "slack",
        /// Heroku: `api/v4/current-status`, `incidents`.
        Heroku = "heroku",
        /// Status.io: `1.0/status/ID`.
        StatusIo = "status_io",
        /// History of Statuspage or incident.io as Atom or RSS.
        HistoryFeed = "history_feed",
        /// A feed of which only the state words are known.
        PlainFeed = "plain_feed",
    }
);

impl Dialect {
    /// Whether it is RSS or Atom, not JSON.
    pub fn is_feed(self) -> bool {
        match self {
            Dialect::AwsRss | Dialect::AzureRss | Dialect::HistoryFeed | Dialect::PlainFeed => true,
            Dialect::Statuspage
            | Dialect::IncidentIo
            | Dialect::Instatus
            | Dialect::BetterStack
            | Dialect::OnlineOrNot
            | Dialect::GoogleCloud
            | Dialect::AwsEvents
            | Dialect::Slack
            | Dialect::Heroku
            | Dialect::StatusIo => false,
        }
    }

    /// Fewest rows of a good body where the file says nothing: a page without components is not the one we know, but a
    /// list of current events may be empty.
    pub fn least_rows(self) -> usize {
        match self {
            Dialect::Statuspage
            | Dialect::IncidentIo
            | Dialect::Instatus
            | Dialect::BetterStack
            | Dialect::OnlineOrNot
            | Dialect::GoogleCloud
            | Dialect::Heroku
            | Dialect::StatusIo
            | Dialect::HistoryFeed => 1,
            Dialect::AwsEvents | Dialect::AwsRss | Dialect::AzureRss | Dialect::Slack | Dialect::PlainFeed => 0,
        }
    }
}

/// A status page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusSource {
    #[serde(rename = "kind")]
    _kind: String,
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// How it speaks.
    pub dialect: Dialect,
    /// What is polled.
    pub url: String,
    /// What holds the ends of incidents that `url` lists no more, read in the same dialect.
    history: Option<String>,
    /// Where people read it; the root of `url` by default.
    page: Option<String>,
    /// How often it is fetched while nothing is open.
    #[serde(default = "two_minutes")]
    pub every: Every,
    /// What must be there for it to be the page we know.
    #[serde(default)]
    pub guards: StatusGuards,
    /// Only what concerns one of these products, services or components, by id with `*`; what names none is kept.
    #[serde(default)]
    pub only: Vec<String>,
    /// Only what concerns one of these regions, with `*`; what names none is kept.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Whether the host's `robots.txt` counts; it does not by default, as these are made for machines.
    pub robots: Option<Robots>,
}

fn two_minutes() -> Every {
    Every::Seconds(120)
}

/// What must be there for a body to be of the page we know.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusGuards {
    /// Name or id that the page gives itself.
    pub page: Option<String>,
    /// Texts that must occur.
    #[serde(default)]
    pub must_contain: Vec<String>,
    /// Fewest components, or entries where a page lists no components. Never the number of incidents that are open.
    pub min_rows: Option<usize>,
}

impl StatusSource {
    /// What holds the ends of incidents: as the file says, else by the dialect's own rule.
    pub fn history(&self) -> Option<String> {
        let beside = |from: &str, to: &str| self.url.strip_suffix(from).map(|root| format!("{root}{to}"));
        self.history.clone().or_else(|| match self.dialect {
            Dialect::Statuspage | Dialect::IncidentIo => beside("/summary.json", "/incidents.json"),
            Dialect::Slack => beside("/current", "/history"),
            Dialect::Heroku => beside("/current-status", "/incidents"),
            Dialect::Instatus
            | Dialect::BetterStack
            | Dialect::OnlineOrNot
            | Dialect::GoogleCloud
            | Dialect::AwsEvents
            | Dialect::AwsRss
            | Dialect::AzureRss
            | Dialect::StatusIo
            | Dialect::HistoryFeed
            | Dialect::PlainFeed => None,
        })
    }

    /// Where people read it.
    pub fn page(&self) -> &str {
        let root = || {
            let host = self.url.find("://").map_or(0, |at| at + 3);
            self.url[host..].find('/').map_or(self.url.as_str(), |end| &self.url[..host + end])
        };
        self.page.as_deref().unwrap_or_else(root)
    }

    /// The same source in another dialect: of its guards only whose page it is can hold, and not for a body without a head.
    pub fn speaking(&self, dialect: Dialect, headless: bool) -> Self {
        let page = self.guards.page.clone().filter(|_| !headless);
        Self { dialect, guards: StatusGuards { page, ..StatusGuards::default() }, ..self.clone() }
    }

    /// Fewest rows of a good body.
    pub fn least_rows(&self) -> usize {
        self.guards.min_rows.unwrap_or_else(|| self.dialect.least_rows())
    }
}
