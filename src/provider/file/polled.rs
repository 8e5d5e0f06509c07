//! The polled sources of a provider file: pages with tables (`kind = "table"`) and model lists (`kind = "models"`).
//!
//! In: one table. Out: its struct. Invariant: a page always has a floor of rows or a marker, so that an empty or foreign
//! page is noticed. Refuses anything but https addresses (checked by the catalog's lint, so tests can use loopback).

use super::Evidence;
use crate::model::{Every, Rank};
use serde::Deserialize;

/// A page with tables of what ends when.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSource {
    #[serde(rename = "kind")]
    _kind: String,
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// What is fetched.
    pub url: String,
    /// Where people read it; `url` by default.
    pub page: Option<String>,
    /// How it is written.
    pub form: Form,
    /// How often it is fetched.
    #[serde(default = "six_hours")]
    pub every: Every,
    /// How much it counts beside other sources.
    #[serde(default = "page")]
    pub rank: Rank,
    /// What must be there for it to be the page we know.
    #[serde(default)]
    pub guards: Guards,
    /// Which column means what.
    #[serde(default)]
    pub columns: Columns,
}

fn six_hours() -> Every {
    Every::Seconds(6 * 3_600)
}
fn page() -> Rank {
    Rank::Page
}
fn api() -> Rank {
    Rank::Api
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Markdown with pipe tables.
    Markdown,
}

/// What must be there for a page to be the one we know.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guards {
    /// Texts that must occur.
    #[serde(default)]
    pub must_contain: Vec<String>,
    /// Fewest rows with a date.
    #[serde(default)]
    pub min_rows: usize,
}

/// Words by which a table's header is recognised, lower case; a header means a column if it contains one of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The date on which it ends.
    pub shutdown: Vec<String>,
    /// What ends.
    pub subject: Vec<String>,
    /// What to use instead.
    pub replacement: Vec<String>,
}

impl Default for Columns {
    fn default() -> Self {
        let words = |w: &[&str]| w.iter().map(|s| (*s).to_owned()).collect();
        Self {
            shutdown: words(&["shutdown", "shut down", "retire", "sunset", "eol", "end of life"]),
            subject: words(&["model", "system", "snapshot", "product"]),
            replacement: words(&["replacement", "substitute", "alternative"]),
        }
    }
}

/// A list of models with dates, as JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelsSource {
    #[serde(rename = "kind")]
    _kind: String,
    /// How sure we are of these facts.
    pub evidence: Evidence,
    /// What is fetched.
    pub url: String,
    /// Where people read about it; `url` by default.
    pub page: Option<String>,
    /// How often it is fetched.
    #[serde(default = "six_hours")]
    pub every: Every,
    /// How we prove ourselves; `none` needs no connection.
    pub auth: Auth,
    /// How much it counts beside other sources.
    #[serde(default = "api")]
    pub rank: Rank,
    /// JSON Pointer to the list.
    pub items: String,
    /// JSON Pointer inside an entry to its id.
    pub id: String,
    /// JSON Pointer inside an entry to its shutdown date; absence is no claim.
    pub shutdown_on: String,
    /// What must be there.
    #[serde(default)]
    pub guards: Guards,
}

/// How we prove ourselves to an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer KEY`, the `api_key` of a connection.
    Bearer,
}
