//! Where on a page something stands: what the headings and labels above it say.
//!
//! In: headings and component labels, in order. Out: [`Section`]. Invariant: the nearest date counts; a heading ends with the
//! next of its level. Refuses to know tables.

use super::roles::is_end_label;
use crate::model::Deadline;
use crate::model::observation::Lifecycle;
use crate::model::text::one_line;
use crate::provider::read::date::{self, SlashOrder};
use jiff::civil::Date;

/// Words of a heading for what ends on the day it names.
const ENDED: &[&str] =
    &["retir", "discontinu", "shut", "sunset", "remov", "decommission", "taken offline", "ending", "offline"];
/// Components that are open at once: no page that people read has more.
const MAX_OPEN: usize = 64;

/// What stands above.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// The nearest heading that names something, without its date.
    pub title: String,
    /// The date of the nearest dated heading or label: `### 2026-07-20: Title`.
    pub announced_on: Option<Date>,
    /// The day on which a sentence says that people were told.
    pub notified_on: Option<Date>,
    /// The day on which everything below the nearest heading ends, if it says so: `Models discontinued on May 1, 2026`.
    pub ends_on: Option<Deadline>,
    /// The state that the headings speak of: past, active.
    pub stage: Option<Lifecycle>,
    /// What belongs together: a component with a label, or what stands under one heading.
    pub scope: usize,
}

struct Heading {
    /// 1 to 6; 0 for a component's label.
    level: u8,
    title: String,
    date: Option<Date>,
    ends_on: Option<Deadline>,
    place: usize,
}

/// The headings open at a place.
#[derive(Default)]
pub struct Headings {
    open: Vec<Heading>,
    place: usize,
}

impl Headings {
    /// A heading begins.
    pub fn heading(&mut self, level: u8, text: &str, slash: Option<SlashOrder>) {
        // A heading in a component stands in it, whatever its level.
        let label = self.open.iter().rposition(|h| h.level == 0).map_or(0, |i| i + 1);
        let keep = self.open[label..].iter().position(|h| h.level >= level).map_or(self.open.len(), |i| label + i);
        self.open.truncate(keep);
        let (date, title) = dated(text);
        self.place += 1;
        let ends_on = ends_on(text, slash);
        self.open.push(Heading { level, title: one_line(title, 200), date, ends_on, place: self.place });
    }

    /// A component with a label begins.
    pub fn label(&mut self, text: &str, slash: Option<SlashOrder>) {
        self.place += 1;
        if self.open.len() >= MAX_OPEN {
            return;
        }
        let (date, title) = dated(text);
        let ends_on = ends_on(text, slash);
        self.open.push(Heading { level: 0, title: one_line(title, 200), date, ends_on, place: self.place });
    }

    /// The innermost component with a label ends.
    pub fn close(&mut self) {
        if let Some(label) = self.open.iter().rposition(|h| h.level == 0) {
            self.open.truncate(label);
        }
        self.place += 1;
    }

    /// What they say together.
    pub fn section(&self) -> Section {
        let title = |h: &&Heading| !h.title.is_empty() && !is_about_dates(&h.title);
        Section {
            title: self.open.iter().rev().find(title).map(|h| h.title.clone()).unwrap_or_default(),
            announced_on: self.open.iter().rev().find_map(|h| h.date),
            notified_on: None,
            ends_on: self.open.last().and_then(|h| h.ends_on.clone()),
            stage: self.open.iter().rev().filter(|h| h.date.is_none()).find_map(|h| stage(&h.title)),
            scope: self.open.iter().rev().find(|h| h.level == 0).map_or(self.place, |h| h.place),
        }
    }
}

/// `Timeline` names nothing: what it is of stands above it.
fn is_about_dates(title: &str) -> bool {
    let lower = title.to_lowercase();
    matches!(
        lower.trim_end_matches([':', '.']),
        "timeline"
            | "schedule"
            | "key dates"
            | "important dates"
            | "dates"
            | "milestones"
            | "more"
            | "details"
            | "overview"
    )
}

/// The date that leads a text, and the rest: `2026-07-20: Title`, `Date: 2026-07-20`, `July 20, 2026 - Title`.
fn dated(text: &str) -> (Option<Date>, &str) {
    let text = text.trim();
    let bare = text.strip_prefix("Date:").or_else(|| text.strip_prefix("Updated:")).unwrap_or(text).trim();
    if let Some(day) = date::day(bare) {
        return (Some(day), text);
    }
    let parts = [
        bare.split_once(':'),
        bare.split_once(" - "),
        bare.split_once(" \u{2013} "),
        bare.split_once(" \u{2014} "),
        bare.split_once(" | "),
    ];
    parts.into_iter().flatten().find_map(|(d, title)| Some((Some(date::day(d)?), title))).unwrap_or((None, text))
}

/// The one date of a heading that says before it that its things end then: `Models discontinued on May 1, 2026`. A date in
/// front is that of an announcement.
fn ends_on(text: &str, slash: Option<SlashOrder>) -> Option<Deadline> {
    let found = date::find(text, slash);
    let [one] = found.as_slice() else { return None };
    if one.hedge.is_some() {
        return None;
    }
    let before = text[..one.range.start].to_lowercase();
    let after = text[one.range.end..].trim_matches([' ', ')', '.', ':', '*']);
    let lead = before.trim_end_matches([' ', ':', '(', '-', '\u{2013}', '\u{2014}']);
    let joint = lead.rsplit(' ').next().unwrap_or_default();
    let says = is_end_label(lead.trim_end_matches(" on")) || (joint == "on" && ENDED.iter().any(|w| lead.contains(w)));
    let told = ["announc", "notice", "notif", "policy", "update"].iter().any(|w| lead.contains(w));
    let floor = date::is_floor(&text[..one.range.start], after);
    (says && !told && !floor && after.is_empty()).then(|| one.deadline.clone())
}

/// The state a heading speaks of: of what has ended, or of what has not been announced to end. One that speaks of several
/// says nothing.
pub fn stage(title: &str) -> Option<Lifecycle> {
    let lower = title.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let has = |w: &str| words.contains(&w);
    // `Retired models`, not `Demo One retired`: that is the title of a notice.
    let retired = words.first() == Some(&"retired")
        || (has("retired") && ["models", "versions", "snapshots"].iter().any(|w| has(w)));
    let ended = has("past") || retired || has("eol") || lower.contains("end-of-life") || lower.contains("end of life");
    let going =
        ["upcoming", "legacy", "deprecated", "scheduled", "planned", "pending", "announced"].iter().any(|w| has(w));
    let mixed = ["recently", "active", "current", "available", "all"].iter().any(|w| has(w)) || (going && !has("past"));
    if ended && !mixed {
        return Some(Lifecycle::Retired);
    }
    if going {
        return Some(if has("legacy") && !has("deprecated") { Lifecycle::Legacy } else { Lifecycle::Deprecated });
    }
    (words.first() == Some(&"active") || lower.starts_with("currently active")).then_some(Lifecycle::Active)
}
