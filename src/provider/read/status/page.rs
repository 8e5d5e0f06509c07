//! A status page as every dialect gives it: components with their health, incidents and maintenance with their newest word.
//!
//! In: what a dialect's file takes out of a body. Out: plain values that [`super`] makes observations of. Invariant: texts
//! borrow from the body; a word nobody knows is `Unknown`, which is neither well nor broken. Refuses to hold history: only
//! the newest update counts.

use crate::model::{Severity, SubjectType};
use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A text of a JSON body, borrowed where it can be. A number or a boolean is its digits or word, null is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> Text<'a> {
    /// This text, or the other where this is empty.
    pub fn or(self, other: Self) -> Self {
        if self.is_empty() { other } else { self }
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(s: &'a str) -> Self {
        Self(Cow::Borrowed(s))
    }
}
impl From<String> for Text<'_> {
    fn from(s: String) -> Self {
        Self(Cow::Owned(s))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl<'de> Visitor<'de> for AnyText {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or null")
            }
            fn visit_borrowed_str<E: Error>(self, v: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(v)))
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_owned())))
            }
            fn visit_u64<E: Error>(self, v: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_i64<E: Error>(self, v: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_f64<E: Error>(self, v: f64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(v.to_string())))
            }
            fn visit_bool<E: Error>(self, v: bool) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(if v { "true" } else { "false" })))
            }
            fn visit_unit<E: Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        d.deserialize_any(AnyText)
    }
}

/// A list; null and absent (with `default`) are empty ones.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// How a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// A word nobody knows: neither well nor broken.
    Unknown,
    /// Works.
    Operational,
    /// Is being worked on.
    Maintenance,
    /// Works badly.
    Degraded,
    /// Works for some.
    Partial,
    /// Does not work.
    Major,
}

impl Health {
    /// Reads the words of every engine: `degraded_performance`, `DEGRADEDPERFORMANCE`, `yellow`, `full_outage`.
    pub fn parse(word: &str) -> Self {
        match word {
            "operational" => return Health::Operational,
            "degraded_performance" => return Health::Degraded,
            _ => {}
        }
        match letters(word).as_str() {
            "operational" | "up" | "green" | "noimpact" | "resolved" => Health::Operational,
            "undermaintenance" | "maintenance" | "blue" | "plannedmaintenance" => Health::Maintenance,
            "degradedperformance" | "degraded" | "yellow" | "minoroutage" | "hasissues" | "minor" => Health::Degraded,
            "partialoutage" | "partial" | "partialservicedisruption" => Health::Partial,
            "majoroutage" | "fulloutage" | "outage" | "down" | "downtime" | "red" | "servicedisruption" => {
                Health::Major
            }
            _ => Health::Unknown,
        }
    }

    /// Whether it is broken.
    pub fn is_ailing(self) -> bool {
        match self {
            Health::Degraded | Health::Partial | Health::Major => true,
            Health::Unknown | Health::Operational | Health::Maintenance => false,
        }
    }

    /// How bad that is.
    pub fn severity(self) -> Severity {
        match self {
            Health::Unknown | Health::Operational | Health::Maintenance => Severity::Info,
            Health::Degraded => Severity::Minor,
            Health::Partial => Severity::Major,
            Health::Major => Severity::Critical,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Health::Unknown => "unknown",
            Health::Operational => "operational",
            Health::Maintenance => "under maintenance",
            Health::Degraded => "degraded performance",
            Health::Partial => "partial outage",
            Health::Major => "major outage",
        }
    }
}

/// A word without its separators, in lower case.
fn letters(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// How bad an impact is, by the words of every engine. Absent: minor. A word nobody knows: major, so that it is seen.
pub fn impact(word: &str) -> Severity {
    match letters(word).as_str() {
        "none" | "noimpact" | "operational" | "maintenance" | "undermaintenance" => Severity::Info,
        "" | "minor" | "degraded" | "degradedperformance" | "minoroutage" => Severity::Minor,
        "critical" | "majoroutage" | "fulloutage" | "downtime" => Severity::Critical,
        _ => Severity::Major,
    }
}

/// Where an incident or a maintenance stands, by the page's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Being worked on; `monitoring` is not over, nor is a word nobody knows.
    Open,
    /// Maintenance to come.
    Scheduled,
    /// Maintenance going on.
    Working,
    /// Over.
    Over,
    /// Maintenance that is done.
    Done,
}

impl Phase {
    /// Reads the words of every engine.
    pub fn parse(word: &str) -> Self {
        match letters(word).as_str() {
            "resolved" | "postmortem" | "closed" | "mitigated" | "available" => Phase::Over,
            "completed" | "complete" | "cancelled" | "canceled" => Phase::Done,
            "scheduled" | "notstartedyet" | "upcoming" | "planned" => Phase::Scheduled,
            "inprogress" | "verifying" => Phase::Working,
            _ => Phase::Open,
        }
    }

    /// Whether this word is only used of maintenance.
    pub fn is_maintenance(self) -> bool {
        match self {
            Phase::Scheduled | Phase::Working | Phase::Done => true,
            Phase::Open | Phase::Over => false,
        }
    }

    /// Whether nothing more comes.
    pub fn is_over(self) -> bool {
        match self {
            Phase::Over | Phase::Done => true,
            Phase::Open | Phase::Scheduled | Phase::Working => false,
        }
    }
}

/// A component of the page.
#[derive(Debug, Clone)]
pub struct Component<'b> {
    /// Its id; [`WHOLE`] for the page as a whole.
    pub id: Text<'b>,
    /// Its name.
    pub name: Text<'b>,
    /// How it is.
    pub health: Health,
    /// Since when, where the page says so of the component alone.
    pub since: Option<Timestamp>,
}

/// A component as most engines write it.
#[derive(serde::Deserialize)]
pub(super) struct RawComponent<'b> {
    #[serde(borrow, default)]
    pub id: Text<'b>,
    #[serde(borrow, default)]
    pub name: Text<'b>,
    #[serde(borrow, default)]
    pub status: Text<'b>,
    /// What it groups: then it is no component itself.
    #[serde(borrow, default, deserialize_with = "list")]
    pub children: Vec<RawComponent<'b>>,
}

/// Components without their groups.
pub(super) fn components(all: Vec<RawComponent<'_>>) -> Vec<Component<'_>> {
    let mut out = Vec::with_capacity(all.len());
    for mut raw in all {
        match std::mem::take(&mut raw.children) {
            children if children.is_empty() => out.push(Component::from(raw)),
            children => out.extend(components(children)),
        }
    }
    out
}

impl<'b> From<RawComponent<'b>> for Component<'b> {
    fn from(raw: RawComponent<'b>) -> Self {
        let id = raw.id.or(raw.name.clone());
        Self { health: Health::parse(&raw.status), id, name: raw.name, since: None }
    }
}

/// The id of a page that says only of itself, as a whole, how it is.
pub const WHOLE: &str = "page";

/// Something an incident names.
#[derive(Debug, Clone)]
pub struct Part {
    /// What sort of thing.
    pub kind: SubjectType,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The region it is about.
    pub region: Option<String>,
    /// How it is now.
    pub health: Health,
}

impl Part {
    /// A component.
    pub fn component(id: &str, name: &str, health: Health) -> Self {
        Self { kind: SubjectType::Component, id: id.to_owned(), name: name.to_owned(), region: None, health }
    }
}

/// How an update is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// HTML or plain text.
    Html,
    /// Markdown.
    Markdown,
}

/// The newest word about an incident.
#[derive(Debug, Clone)]
pub struct Update<'b> {
    /// Its id, where it has one.
    pub id: Text<'b>,
    /// When it was said.
    pub at: Option<Timestamp>,
    /// When it was edited, if that was later.
    pub edited: Option<Timestamp>,
    /// What was said.
    pub body: Text<'b>,
    /// How that is written.
    pub markup: Markup,
}

/// An incident or a maintenance.
#[derive(Debug, Clone)]
pub struct Episode<'b> {
    /// Its id on the page.
    pub id: Text<'b>,
    /// Its title.
    pub title: Text<'b>,
    /// The page's own word for where it stands.
    pub word: Text<'b>,
    /// What that means.
    pub phase: Phase,
    /// It is maintenance, never an incident.
    pub maintenance: bool,
    /// Only one update was posted.
    pub first: bool,
    /// How bad, by the page, and its word.
    pub impact: Option<(Severity, Text<'b>)>,
    /// The newest update.
    pub update: Update<'b>,
    /// What it names.
    pub parts: Vec<Part>,
    /// When maintenance begins and ends.
    pub window: (Option<Timestamp>, Option<Timestamp>),
    /// Where to read about it.
    pub link: String,
}

/// A status page, read.
#[derive(Debug, Default)]
pub struct Page<'b> {
    /// What it calls itself: name, id.
    pub names: Vec<Text<'b>>,
    /// Its components.
    pub components: Vec<Component<'b>>,
    /// Its incidents and maintenance.
    pub episodes: Vec<Episode<'b>>,
    /// Rows held against the floor; none for a body that lists only history.
    pub rows: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_every_engine_are_known_and_a_new_word_is_neither_well_nor_broken() {
        for (word, health) in [
            ("operational", Health::Operational),
            ("UP", Health::Operational),
            ("DEGRADEDPERFORMANCE", Health::Degraded),
            ("Partial Service Disruption", Health::Partial),
            ("full_outage", Health::Major),
            ("under_maintenance", Health::Maintenance),
            ("not_monitored", Health::Unknown),
            ("", Health::Unknown),
        ] {
            assert_eq!(Health::parse(word), health, "{word}");
        }
        assert_eq!(
            [impact("none"), impact("MINOR"), impact(""), impact("catastrophic"), impact("critical")],
            [Severity::Info, Severity::Minor, Severity::Minor, Severity::Major, Severity::Critical]
        );
        assert_eq!([Phase::parse("monitoring"), Phase::parse("surprise"), Phase::parse("")], [Phase::Open; 3]);
        assert_eq!([Phase::parse("Postmortem"), Phase::parse("resolved")], [Phase::Over; 2]);
        assert_eq!([Phase::parse("In progress"), Phase::parse("VERIFYING")], [Phase::Working; 2]);
        assert_eq!([Phase::parse("NOTSTARTEDYET"), Phase::parse("completed")], [Phase::Scheduled, Phase::Done]);
    }

    #[test]
    fn a_text_takes_numbers_and_null_and_refuses_shapes() {
        let read = |json: &'static str| serde_json::from_str::<Text<'_>>(json).map(|t| t.to_string()).ok();
        assert_eq!(
            [read("\"a\""), read("7"), read("-7"), read("true"), read("null")].map(Option::unwrap),
            ["a", "7", "-7", "true", ""]
        );
        assert_eq!([read("{}"), read("[]")], [None, None]);
    }
}
