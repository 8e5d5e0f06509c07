//! Status pages: `kind = "status"`. Each dialect has a file of its own; what they give is made into observations here.
//!
//! In: a body and its source's settings. Out: one observation for each incident and maintenance with its newest word, and
//! one for each component: broken and named by no open incident, or well. Invariants: only the page's own word ends
//! anything, an incident that is not listed says nothing; the worst of impact and components counts and both are said;
//! maintenance is no incident; a page that is not the one we know is refused whole. Refuses to count incidents as rows:
//! none is what everybody hopes for.

mod aws;
mod better_stack;
mod feeds;
mod google_cloud;
mod heroku;
mod instatus;
mod online_or_not;
mod page;
mod recognise;
mod slack;
mod status_io;
mod statuspage;

pub use recognise::{addresses, is_headless, recognise};

use super::{ReadContext, Reading, guard, prose};
use crate::model::text::{glob, one_line, safe_link};
use crate::model::{Change, Fact, Kind, Label, MatterId, Observation, ReadOutcome, Severity, Subject, Window};
use crate::provider::file::{Dialect, StatusSource};
use jiff::{SignedDuration, Timestamp};
use page::{Component, Episode, Health, Markup, Page, Part, Phase, WHOLE};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

const TITLE_LENGTH: usize = 200;
const SUMMARY_LENGTH: usize = 1_000;
const ID_LENGTH: usize = 300;
/// Longest name of a part.
const NAME_LENGTH: usize = 80;
/// Most parts of an incident that are named in its summary, and that become subjects of their own.
const MOST_NAMED: usize = 8;
const MOST_PARTS: usize = 200;
/// Most incidents and maintenances that are read of one body.
const MOST_EPISODES: usize = 1_000;
/// What a page dates farther ahead of us is a mistake of the page.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Reads a status page.
pub fn read(source: &StatusSource, cx: &ReadContext, body: &[u8]) -> Reading {
    // A feed of a page's history grows and shrinks by itself.
    let steady = match source.dialect {
        Dialect::HistoryFeed | Dialect::PlainFeed | Dialect::AwsRss | Dialect::AzureRss => false,
        Dialect::AwsEvents | Dialect::Slack => false,
        Dialect::Statuspage
        | Dialect::IncidentIo
        | Dialect::Instatus
        | Dialect::BetterStack
        | Dialect::OnlineOrNot
        | Dialect::GoogleCloud
        | Dialect::Heroku
        | Dialect::StatusIo => true,
    };
    match rows_and_facts(source, cx, body) {
        Ok((rows, seen)) => Reading { outcome: ReadOutcome::Ok(seen), rows, steady, models: None },
        Err(outcome) => Reading { outcome, rows: 0, steady, models: None },
    }
}

fn rows_and_facts(
    source: &StatusSource,
    cx: &ReadContext,
    body: &[u8],
) -> Result<(usize, Vec<Observation>), ReadOutcome> {
    if source.dialect.is_feed() {
        let feed = super::feed::parse(body)?;
        if let Ok(text) = std::str::from_utf8(body) {
            must_contain(source, text)?;
        }
        let (rows, title) = (feed.entries.len(), feed.title.clone());
        let mut page = match source.dialect {
            Dialect::AwsRss => aws::rss(&feed),
            Dialect::AzureRss => feeds::azure(&feed),
            Dialect::HistoryFeed => feeds::history(&feed),
            _ => return feeds::plain(source, cx, feed),
        };
        page.rows = Some(rows);
        page.names.push(title.into());
        return facts(source, cx, page);
    }
    let text = match source.dialect {
        Dialect::AwsEvents => aws::utf16(body)?,
        _ => Cow::Borrowed(guard::open(body)?),
    };
    if guard::is_html(&text) {
        let why = "it is an HTML page, not JSON: probably a login or error page";
        return Err(ReadOutcome::Unreadable(why.to_owned()));
    }
    must_contain(source, &text)?;
    let page = match source.dialect {
        Dialect::Statuspage | Dialect::IncidentIo => statuspage::page(source, &text)?,
        Dialect::Instatus => instatus::page(&text)?,
        Dialect::BetterStack => better_stack::page(source, cx, &text)?,
        Dialect::OnlineOrNot => online_or_not::page(source, &text)?,
        Dialect::GoogleCloud => google_cloud::page(source, &text)?,
        Dialect::AwsEvents => aws::events(&text)?,
        Dialect::Slack => slack::page(&text)?,
        Dialect::Heroku => heroku::page(source, &text)?,
        Dialect::StatusIo => status_io::page(source, &text)?,
        Dialect::AwsRss | Dialect::AzureRss | Dialect::HistoryFeed | Dialect::PlainFeed => Page::default(),
    };
    facts(source, cx, page)
}

fn must_contain(source: &StatusSource, text: &str) -> Result<(), ReadOutcome> {
    match source.guards.must_contain.iter().find(|m| !text.contains(m.as_str())) {
        Some(missing) => {
            Err(ReadOutcome::GuardFailed(format!("{missing:?} does not occur in it: it is not the page we know")))
        }
        None => Ok(()),
    }
}

/// A body as a dialect's own struct.
fn json<'b, T: Deserialize<'b>>(text: &'b str) -> Result<T, ReadOutcome> {
    serde_json::from_str(text)
        .map_err(|e| ReadOutcome::Unreadable(one_line(&format!("it is not the JSON of a status page: {e}"), 300)))
}

/// A body that could be parsed and does not have what it must.
fn shapeless<T>(what: &str) -> Result<T, ReadOutcome> {
    Err(ReadOutcome::Unreadable(format!("{what}: it is not the JSON of a status page")))
}

fn facts(
    source: &StatusSource,
    cx: &ReadContext,
    mut page: Page<'_>,
) -> Result<(usize, Vec<Observation>), ReadOutcome> {
    let fails = |why: String| Err(ReadOutcome::GuardFailed(why));
    if let Some(wanted) = &source.guards.page
        // A feed calls itself "Acme Status - Incident History".
        && !page.names.iter().any(|n| **n == **wanted || (source.dialect.is_feed() && n.contains(wanted.as_str())))
    {
        let names = page.names.iter().map(|n| one_line(n, 80)).collect::<Vec<_>>().join("\", \"");
        return fails(format!("it is the page of \"{names}\", not of {wanted:?}: it is not the page we know"));
    }
    if let Some(rows) = page.rows.filter(|r| *r < source.least_rows()) {
        return fails(format!("{rows} components or entries, at least {} expected", source.least_rows()));
    }
    if page.episodes.iter().any(|e| e.id.trim().is_empty()) || page.components.iter().any(|c| c.id.trim().is_empty()) {
        return fails("something on it has neither id nor name: it is not the page we know".to_owned());
    }
    once(&mut page)?;
    for e in page.episodes.iter().filter(|e| !e.maintenance) {
        let latest = cx.received_at.saturating_add(AHEAD).unwrap_or(cx.received_at);
        if let Some(at) = e.update.at.filter(|at| *at > latest) {
            return fails(format!("incident {} is dated {at}, which is yet to come", one_line(&e.id, 80)));
        }
    }
    let rows = page.rows.unwrap_or(0);
    select(source, &mut page);
    let named = attribute(&mut page);
    let mut out = Vec::with_capacity(page.episodes.len() + page.components.len());
    out.extend(page.episodes.iter().take(MOST_EPISODES).filter_map(|e| episode(cx, e)));
    out.extend(
        page.components
            .iter()
            .filter(|c| !named.contains(&*c.id) || !c.health.is_ailing())
            .filter_map(|c| component(source, cx, c)),
    );
    Ok((rows, out))
}

/// What stands twice counts once; twice with different words it is no page to believe.
fn once(page: &mut Page<'_>) -> Result<(), ReadOutcome> {
    let mut seen: HashMap<String, (Phase, Option<Timestamp>)> = HashMap::new();
    let mut conflict = None;
    page.episodes.retain(|e| {
        let now = (e.phase, e.update.at);
        match seen.get(&*e.id) {
            None => {
                seen.insert(e.id.to_string(), now);
                true
            }
            Some(before) => {
                if *before != now {
                    conflict.get_or_insert_with(|| one_line(&e.id, 80));
                }
                false
            }
        }
    });
    let mut health: HashMap<String, Health> = HashMap::with_capacity(page.components.len());
    page.components.retain(|c| match health.get(&*c.id) {
        None => {
            health.insert(c.id.to_string(), c.health);
            true
        }
        Some(before) => {
            if *before != c.health {
                conflict.get_or_insert_with(|| one_line(&c.id, 80));
            }
            false
        }
    });
    match conflict {
        Some(id) => Err(ReadOutcome::GuardFailed(format!("{id:?} stands twice on it, with different states"))),
        None => Ok(()),
    }
}

/// Leaves what the source's `only` and `regions` name; what names nothing stays.
fn select(source: &StatusSource, page: &mut Page<'_>) {
    let wanted = |patterns: &[String], texts: &[&str]| {
        patterns.is_empty() || patterns.iter().any(|p| texts.iter().any(|t| glob(p, t)))
    };
    if !source.only.is_empty() {
        page.components.retain(|c| wanted(&source.only, &[&c.id, &c.name]));
    }
    page.episodes.retain_mut(|e| {
        let named = !e.parts.is_empty();
        e.parts.retain(|p| {
            wanted(&source.only, &[&p.id, &p.name]) && p.region.as_deref().is_none_or(|r| wanted(&source.regions, &[r]))
        });
        !named || !e.parts.is_empty()
    });
}

/// Which components open incidents name. Where incidents name none at all (incident.io's summary), what is broken is
/// theirs: two alerts about one thing help nobody.
fn attribute(page: &mut Page<'_>) -> HashSet<String> {
    let is_open = |e: &Episode<'_>| !e.maintenance && !e.phase.is_over();
    let mut named: HashSet<String> =
        page.episodes.iter().filter(|e| is_open(e)).flat_map(|e| e.parts.iter().map(|p| p.id.clone())).collect();
    let unnamed: Vec<Part> = page
        .components
        .iter()
        .filter(|c| c.health.is_ailing() && !named.contains(&*c.id))
        .map(|c| Part::component(&c.id, &c.name, c.health))
        .collect();
    for e in page.episodes.iter_mut().filter(|e| is_open(e) && e.parts.is_empty()) {
        e.parts.clone_from(&unnamed);
        named.extend(unnamed.iter().map(|p| p.id.clone()));
    }
    named
}

fn episode(cx: &ReadContext, e: &Episode<'_>) -> Option<Observation> {
    let kind = if e.maintenance { Kind::Maintenance } else { Kind::Incident };
    let id = one_line(&e.id, ID_LENGTH);
    if id.is_empty() {
        return None;
    }
    let at = e.update.at.filter(|at| *at <= cx.received_at).unwrap_or(cx.received_at);
    let mut severity = e.impact.as_ref().map_or(Severity::Minor, |(s, _)| *s);
    if e.maintenance {
        severity = Severity::Info;
    } else if !e.phase.is_over() {
        severity = e.parts.iter().map(|p| p.health.severity()).fold(severity, Severity::max);
    }
    let change = match (e.phase.is_over(), e.first) {
        (true, _) => Change::Resolved,
        (false, true) => Change::Opened,
        (false, false) => Change::Updated,
    };
    Some(Observation {
        provider: cx.provider.clone(),
        source: cx.source.clone(),
        connection: cx.connection.clone(),
        kind,
        matter: MatterId::new(format!("{}:{kind}/{id}", cx.provider)).ok(),
        native_type: Some(one_line(&e.word, 60)).filter(|w| !w.is_empty()),
        native_id: Some(native_id(e, &id, severity)),
        severity,
        title: one_line(&e.title, TITLE_LENGTH),
        summary: summary(e),
        url: safe_link(&e.link),
        subjects: subjects(cx, &e.parts),
        money: None,
        fact: match e.window {
            (Some(from), until) => {
                Fact::Planned { change, window: Window { from, until: until.filter(|u| *u > from) } }
            }
            (None, _) => Fact::Episode { change },
        },
        occurred_at: at,
    })
}

/// The incident's id with its newest update's; an edit that keeps that id, another state and another severity make another.
fn native_id(e: &Episode<'_>, id: &str, severity: Severity) -> String {
    let update = match (&*e.update.id, e.update.at) {
        ("", Some(at)) => at.as_millisecond().to_string(),
        (update, _) => one_line(update, ID_LENGTH),
    };
    let edited = e.update.edited.map(|at| format!("@{}", at.as_millisecond())).unwrap_or_default();
    let severity = if e.phase.is_over() { "" } else { severity.as_str() };
    format!("{id}/{update}{edited}/{}{severity}", one_line(&e.word, 60))
}

/// What an incident names; the provider as a whole where it names nothing, or more than anybody lists.
fn subjects(cx: &ReadContext, parts: &[Part]) -> Vec<Subject> {
    let mut out: Vec<Subject> = Vec::new();
    if parts.len() <= MOST_PARTS {
        for p in parts {
            let id = one_line(&p.id, ID_LENGTH);
            let subject = match id.as_str() {
                WHOLE => Subject::whole(&cx.provider),
                _ => {
                    let name = Label::new(one_line(&p.name, NAME_LENGTH)).unless(&id);
                    Subject { region: p.region.clone(), name, ..Subject::of(&cx.provider, p.kind, id) }
                }
            };
            if !out.contains(&subject) {
                out.push(subject);
            }
        }
    }
    if out.is_empty() { vec![Subject::whole(&cx.provider)] } else { out }
}

/// State, impact and what is broken, when maintenance is, and the newest update.
fn summary(e: &Episode<'_>) -> String {
    let mut out = one_line(&e.word, 60).replace('_', " ").to_lowercase();
    if let Some(first) = out.get(..1).map(str::to_ascii_uppercase) {
        out.replace_range(..1, &first);
    }
    let part = |out: &mut String, text: &str| {
        out.push_str(if out.is_empty() { "" } else { ", " });
        out.push_str(text);
    };
    if let Some((_, word)) = e.impact.as_ref().filter(|(_, w)| !w.is_empty() && !e.maintenance) {
        part(&mut out, &format!("impact {}", one_line(word, 60).replace('_', " ").to_lowercase()));
    }
    let ailing: Vec<&Part> = e.parts.iter().filter(|p| p.health.is_ailing()).collect();
    let over = e.phase.is_over();
    let mut names: Vec<String> = Vec::new();
    for p in if ailing.is_empty() || over { e.parts.iter().collect() } else { ailing } {
        let place = p.region.as_ref().map(|r| format!(" ({r})")).unwrap_or_default();
        let health = if over || !p.health.is_ailing() { String::new() } else { format!(": {}", p.health.words()) };
        let name = format!("{}{place}{health}", one_line(&p.name, NAME_LENGTH));
        if p.id != WHOLE && !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if !names.is_empty() {
        out.push_str(if out.is_empty() { "" } else { "; " });
        out.push_str(&names.join(", "));
        if more > 0 {
            out.push_str(&format!(" and {more} more"));
        }
    }
    if !out.is_empty() {
        out.push('.');
    }
    let time = |t: Timestamp| t.strftime("%a %-d %b %Y %H:%M UTC").to_string();
    match e.window {
        (Some(from), Some(until)) => out.push_str(&format!(" {} until {}.", time(from), time(until))),
        (Some(from), None) => out.push_str(&format!(" From {}.", time(from))),
        (None, _) => {}
    }
    let words = match e.update.markup {
        Markup::Html => prose::of_either(&e.update.body, 4 * SUMMARY_LENGTH),
        Markup::Markdown => Cow::Owned(prose::of_markdown(&e.update.body, 4 * SUMMARY_LENGTH)),
    };
    out.push(' ');
    out.push_str(&words);
    one_line(&out, SUMMARY_LENGTH)
}

/// A component as a matter of its own. One under maintenance, or whose word nobody knows, says nothing.
fn component(source: &StatusSource, cx: &ReadContext, c: &Component<'_>) -> Option<Observation> {
    let (change, severity) = match c.health {
        Health::Unknown | Health::Maintenance => return None,
        Health::Operational => (Change::Resolved, Severity::Info),
        Health::Degraded | Health::Partial | Health::Major => (Change::Opened, c.health.severity()),
    };
    let id = one_line(&c.id, ID_LENGTH);
    if id.is_empty() {
        return None;
    }
    let name = if c.name.is_empty() { id.clone() } else { one_line(&c.name, 120) };
    Some(Observation {
        provider: cx.provider.clone(),
        source: cx.source.clone(),
        connection: cx.connection.clone(),
        kind: Kind::Incident,
        matter: MatterId::new(format!("{}:component/{id}", cx.provider)).ok(),
        native_type: Some(c.health.words().replace(' ', "_")),
        native_id: None,
        severity,
        title: format!("{name}: {}", c.health.words()),
        summary: String::new(),
        url: safe_link(source.page()),
        subjects: subjects(cx, &[Part::component(&c.id, &c.name, c.health)]),
        money: None,
        fact: Fact::Episode { change },
        occurred_at: c.since.filter(|at| *at <= cx.received_at).unwrap_or(cx.received_at),
    })
}

#[cfg(test)]
mod tests;
