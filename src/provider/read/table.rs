//! Pages that say what ends when, in tables and in prose: `kind = "table"`.
//!
//! In: a page (Markdown or HTML, whichever it turns out to be) and its source's settings. Out: one observation for each
//! thing that the page says something about. Invariants: columns are found by what their headers mean, never by place; one
//! observation for a matter, from the newest announcement; a date that cannot be read leaves a claim without a date, with
//! the reason and the quote, not silence. Refuses tables and sentences that do not say what ends, and to decide what has
//! ended by the calendar.

mod context;
mod merge;
mod roles;
mod rows;
mod timeline;
pub(super) mod words;

pub(super) use context::Section;
pub(super) use roles::is_end_label;
pub(super) use rows::{Claim, Manner, QUOTE};
pub(super) use words::looks_like_id;

use super::notices::Notices;
use super::page::{self, Block, Written};
use super::{ReadContext, guard};
use crate::model::text::one_line;
use crate::model::{ProviderId, ReadOutcome};
use crate::provider::file::{Form, TableSource};
use context::Headings;
use jiff::{civil::Date, tz::TimeZone};
use roles::Roles;

/// Reads a page.
pub fn read(source: &TableSource, ctx: &ReadContext, body: &[u8]) -> ReadOutcome {
    let text = match guard::open(body) {
        Ok(text) => text,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = guard::must_contain(text, &source.guards) {
        return outcome;
    }
    let is_html = guard::is_html(text) || (source.form == Form::Html && text.trim_start().starts_with('<'));
    let blocks = match page::blocks(text, if is_html { Written::Html } else { Written::Markdown }) {
        Ok(blocks) => blocks,
        Err(why) => return ReadOutcome::Unreadable(why.into_owned()),
    };
    let today = TimeZone::UTC.to_datetime(ctx.received_at).date();
    let claims = claims(source, &ctx.provider, &blocks, today);
    let found = claims.iter().filter(|c| c.deadline.is_some() || source.prose).count();
    if let (true, Some(said)) = (claims.is_empty(), refusal(&blocks)) {
        return ReadOutcome::GuardFailed(format!("it says {said:?}: it is not the page we know"));
    }
    let foreign = is_html && source.form == Form::Markdown;
    if found < source.guards.min_rows || (foreign && found == 0) {
        let floor = source.guards.min_rows.max(1);
        let what = if source.prose { "rows and notices" } else { "rows with a date" };
        let html = if foreign { "; it is HTML where Markdown was: probably a login or error page" } else { "" };
        return ReadOutcome::GuardFailed(format!("{found} {what}, at least {floor} expected{html}"));
    }
    ReadOutcome::Ok(merge::observations(source, ctx, claims))
}

/// What a page that is none begins with, whatever its status: an error, a login, a check of browsers.
fn refusal(blocks: &[Block]) -> Option<String> {
    const SAID: &[&str] = &[
        "not found",
        "404",
        "access denied",
        "forbidden",
        "just a moment",
        "sign in",
        "log in",
        "attention required",
        "unavailable",
        "server error",
        "bad gateway",
    ];
    let text = blocks.iter().find_map(|b| match b {
        Block::Heading(_, cell) | Block::Para(cell) => Some(one_line(&cell.plain(), 120)),
        Block::Item(..) | Block::Table(_) | Block::Open(_) | Block::Close => None,
    })?;
    let lower = text.to_lowercase();
    (lower.split(' ').count() <= 12 && SAID.iter().any(|s| lower.contains(s))).then_some(text)
}

fn claims(source: &TableSource, platform: &ProviderId, blocks: &[Block], today: Date) -> Vec<Claim> {
    let manner = Manner {
        platform,
        slash: source.slash,
        floor_after: source.floor.then_some(today),
        ended_class: source.ended_class.as_deref(),
    };
    let mut headings = Headings::default();
    let mut notices = Notices::new(manner, source.prose);
    let mut out = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(level, text) => headings.heading(*level, &text.plain(), source.slash),
            Block::Open(label) => headings.label(label, source.slash),
            Block::Close => headings.close(),
            Block::Para(text) => notices.paragraph(&headings.section(), text),
            Block::Item(depth, text) => notices.item(&headings.section(), *depth, text),
            Block::Table(grid) => {
                let mut section = headings.section();
                section.notified_on = notices.announced(&section);
                section.ends_on = section.ends_on.map(|day| notices.sharpened(day));
                let says_when = |roles: &Option<Roles>| roles.as_ref().is_some_and(|r| !r.shutdown.is_empty());
                let of =
                    |g: page::Grid| Some((Roles::of(&g, &source.columns), g)).filter(|(roles, _)| says_when(roles));
                let own = Roles::of(grid, &source.columns);
                let turned = if says_when(&own) { None } else { grid.turned().and_then(of) };
                let (roles, grid) = match &turned {
                    Some((roles, turned)) => (roles, turned),
                    None => (&own, grid),
                };
                match roles {
                    Some(roles) if !roles.shutdown.is_empty() || section.ends_on.is_some() => {
                        notices.table();
                        out.extend(rows::claims(grid, roles, &section, manner));
                    }
                    Some(roles) if !roles.replacement.is_empty() => {
                        notices.redirects(&section, rows::redirects(grid, roles, &section, manner));
                    }
                    Some(_) | None => out.extend(timeline::claims(grid, &section, manner)),
                }
            }
        }
    }
    notices.finish(out)
}

#[cfg(test)]
mod tests;
