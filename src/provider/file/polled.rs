//! The polled sources of a provider file: pages with tables (`kind = "table"`) and model lists (`kind = "models"`).
//!
//! In: one table. Out: its struct. Invariant: a page always has a floor of rows or a marker, so that an empty or foreign
//! page is noticed. Refuses anything but https addresses (checked by the catalog's lint, so tests can use loopback).

use super::{Access, Auth, Evidence, Robots};
use crate::model::{Every, ProviderId, Rank};
use serde::Deserialize;
use std::collections::BTreeMap;

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
    /// Words for columns whose headers do not say by themselves what they mean.
    #[serde(default)]
    pub columns: Columns,
    /// Which number comes first in its slash dates (`mdy`, `dmy`); without it they are not read.
    pub slash: Option<SlashOrder>,
    /// Its dates to come are the earliest ones, whatever a cell says.
    #[serde(default)]
    pub floor: bool,
    /// Its sentences and lists count, not its tables alone.
    #[serde(default)]
    pub prose: bool,
    /// The class of rows about what has ended, where a page says it by colour only.
    pub ended_class: Option<String>,
    /// Whether the host's `robots.txt` counts; it does by default.
    pub robots: Option<Robots>,
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
    /// Markdown, with components or not.
    Markdown,
    /// HTML.
    Html,
}

/// Which number comes first in `05/06/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SlashOrder {
    /// Month, day, year.
    #[serde(rename = "mdy")]
    MonthFirst,
    /// Day, month, year.
    #[serde(rename = "dmy")]
    DayFirst,
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

/// Words for columns whose headers do not say by themselves what they mean, lower case; the first word that any header
/// contains wins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The date on which it ends.
    pub shutdown: Vec<String>,
    /// What ends.
    pub subject: Vec<String>,
    /// What to use instead.
    pub replacement: Vec<String>,
    /// When that was announced.
    pub announced: Vec<String>,
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
    /// What goes with it.
    #[serde(default)]
    pub access: Access,
    /// How much it counts beside other sources.
    #[serde(default = "api")]
    pub rank: Rank,
    /// JSON Pointer to the list, or to the object whose keys are ids. Several: the first that leads somewhere.
    pub items: Pointers,
    /// JSON Pointer to what says that the list goes on elsewhere; then nothing is concluded from what it lacks.
    pub more: Option<String>,
    /// Where the list is one of groups: JSON Pointer inside a group to its own list; the group's key is its platform.
    pub groups: Option<String>,
    /// JSON Pointer inside an entry to its id. Without it the list is an object and its keys are the ids.
    #[serde(default)]
    pub id: Pointers,
    /// To a version that belongs to the id: `demo` and `2026-01-01` make `demo-2026-01-01`.
    pub version: Option<String>,
    /// What all ids of the list begin with and nobody writes elsewhere: `models/`.
    pub id_prefix: Option<String>,
    /// JSON Pointer inside an entry to its shutdown date; absence is no claim. Several: the first that an entry has.
    #[serde(default)]
    pub shutdown_on: Pointers,
    /// To the earliest date of its end.
    pub earliest_on: Option<String>,
    /// To the date of the announcement.
    pub announced_on: Option<String>,
    /// To what says that it is deprecated: `true`, or one of `deprecated_words`.
    pub deprecated: Option<String>,
    /// Words of that field that mean deprecated; lower case.
    #[serde(default)]
    pub deprecated_words: Vec<String>,
    /// Words of that field that mean retired; lower case.
    #[serde(default)]
    pub retired_words: Vec<String>,
    /// To a word about the date; one of `floor_words` makes it a floor.
    pub firmness: Option<String>,
    /// Words that make the date a floor; lower case.
    #[serde(default)]
    pub floor_words: Vec<String>,
    /// To what to use instead: a text, a list of texts, or a list of objects with `model`.
    pub replacement: Option<String>,
    /// To other ids of the same model, for which the same holds.
    pub aliases: Option<String>,
    /// The provider that all of it is about, where that is not the one who speaks.
    pub about: Option<ProviderId>,
    /// To the name of the platform an entry is about, for data sets about many; `platforms` says which provider that is.
    #[serde(default)]
    pub platform: Pointers,
    /// Provider ids by the names of platforms. An entry of another platform is passed over.
    #[serde(default)]
    pub platforms: BTreeMap<String, ProviderId>,
    /// Whose data it is and under which licence, where that must be said.
    pub attribution: Option<String>,
    /// What must be there.
    #[serde(default)]
    pub guards: Guards,
}

impl ModelsSource {
    /// Whether it is the provider's own list of what it serves, so that what it lacks means something.
    pub fn is_own(&self) -> bool {
        self.rank == Rank::Api && self.groups.is_none() && self.platform.all().is_empty()
    }
}

/// One JSON Pointer or several.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub enum Pointers {
    /// None.
    #[default]
    None,
    /// One.
    One(String),
    /// Several, the first that leads somewhere counts.
    Several(Vec<String>),
}

impl Pointers {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Pointers::None => &[],
            Pointers::One(one) => std::slice::from_ref(one),
            Pointers::Several(all) => all,
        }
    }
}
