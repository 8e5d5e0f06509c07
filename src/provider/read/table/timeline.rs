//! Tables of what happens when: "Date | Update".
//!
//! In: a table and where it stands. Out: [`Claim`]s. Invariant: only a row that says in its own words that something shuts
//! down is one; what it does not name is what the heading names. Refuses to take an upgrade, a freeze or an announcement
//! for an end.

use super::context::Section;
use super::rows::{Claim, Manner, QUOTE};
use crate::model::observation::Lifecycle;
use crate::model::text::one_line;
use crate::provider::read::date::{self, DateCell};
use crate::provider::read::notices::{self, Verb};
use crate::provider::read::page::{Cell, Grid};

/// What a heading names: `Demo Builder deprecation` is about Demo Builder, `Upcoming deprecations` about nothing in particular.
fn thing_of(title: &str) -> Option<&str> {
    const SAID: &[&str] = &[" deprecation", " retirement", " shutdown", " sunset", " end of life"];
    let lower = title.to_lowercase();
    let bare = SAID.iter().find(|s| lower.ends_with(*s)).and_then(|s| title.get(..title.len() - s.len()));
    let named = bare.unwrap_or(title).trim();
    let general = [
        "deprecations",
        "retirements",
        "lifecycle",
        "changelog",
        "release notes",
        "history",
        "upcoming",
        "past",
        "model",
    ];
    let is_general =
        general.iter().any(|g| named.eq_ignore_ascii_case(g)) || named.to_lowercase().ends_with(" deprecations");
    let is_dated = !date::find(named, None).is_empty();
    (!named.is_empty() && !is_general && !is_dated).then_some(named)
}

/// The claims of a timeline; none if the table is none.
pub fn claims(table: &Grid, section: &Section, manner: Manner<'_>) -> Vec<Claim> {
    let of = |words: &[&str]| table.header.iter().position(|h| words.contains(&h.as_str()));
    let Some(when) = of(&["date", "effective date", "when", "day"]) else { return Vec::new() };
    let Some(what) =
        of(&["update", "updates", "change", "event", "milestone", "what happens", "what changes", "action"])
    else {
        return Vec::new();
    };
    let mut out: Vec<Claim> = Vec::new();
    let mut announced = section.announced_on.or(section.notified_on);
    for row in &table.rows {
        let (Some(day), Some(update)) = (row.cells.get(when), row.cells.get(what)) else { continue };
        let DateCell::Dates(dates) = date::cell(&day.plain(), manner.slash) else { continue };
        let [dated] = dates.as_slice() else { continue };
        let said: Vec<notices::Said> = notices::read(update, manner.slash);
        if announced.is_none() && said.iter().any(|s| s.verb == Verb::Deprecate) {
            announced = Some(dated.deadline.date);
        }
        for said in said.iter().filter(|s| s.verb == Verb::End && s.is_plain) {
            let mut names: Vec<_> =
                said.ends.iter().filter(|e| e.thing.is_id).map(|e| e.named(manner.platform)).collect();
            if names.is_empty() {
                names.extend(thing_of(&section.title).map(|t| super::words::named(manner.platform, t, false)));
            }
            for named in names {
                out.push(Claim {
                    named,
                    deadline: Some(dated.deadline.clone()),
                    regions: Vec::new(),
                    announced_on: None,
                    replacements: Vec::new(),
                    quote: one_line(&row.cells.iter().map(Cell::plain).collect::<Vec<_>>().join(" | "), QUOTE),
                    title: section.title.clone(),
                    stage: section.stage.filter(|s| *s == Lifecycle::Retired),
                    review: None,
                    after: crate::model::Aftermath::default(),
                    redirected_to: None,
                    is_withdrawn: false,
                });
            }
        }
    }
    for claim in &mut out {
        claim.announced_on = announced.filter(|a| claim.deadline.as_ref().is_some_and(|d| *a < d.date));
    }
    out
}
