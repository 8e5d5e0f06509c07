//! Changelogs, release notes and blogs: `kind = "changelog"`.
//!
//! In: a body and its source's settings. Out: one observation of kind change for each entry: a fact, with the class its
//! words give it and the sentence that says so. Invariants: an entry has one identity for good, and is new again only
//! when its class becomes another; fewer entries than the floor are not believed. Refuses to make a deadline of prose.

pub mod class;
mod heading;
mod html;
mod markdown;

use super::{ReadContext, Reading, feed, guard, prose};
use crate::model::text::{one_line, safe_link};
use crate::model::{Fact, Kind, Observation, ReadOutcome, Severity, Subject};
use crate::provider::file::{ChangelogForm, ChangelogSource};
use class::Class;
use feed::Markup;
use jiff::Timestamp;

const TITLE_LENGTH: usize = 200;

/// An entry, whatever form it came in.
#[derive(Debug)]
pub(super) struct Item<'b> {
    identity: String,
    title: String,
    text: Text<'b>,
    categories: Vec<String>,
    link: String,
    at: Option<Timestamp>,
}

/// What an entry says.
#[derive(Debug)]
enum Text<'b> {
    /// Its words.
    Words(String),
    /// The markup they stand in, where it is an entry of a feed.
    Markup(Markup<'b>),
}

/// Reads a changelog.
pub fn read(source: &ChangelogSource, cx: &ReadContext, body: &[u8]) -> Reading {
    let steady = source.form != ChangelogForm::Feed;
    match items(source, body) {
        Ok(items) => {
            let rows = items.len();
            let mut room = Room::default();
            let seen = items.into_iter().filter_map(|i| observed(source, cx, i, &mut room)).collect();
            Reading { outcome: ReadOutcome::Ok(seen), rows, steady, models: None }
        }
        Err(outcome) => Reading { outcome, rows: 0, steady, models: None },
    }
}

/// The forms that a body may be written in, by its content, the likeliest first.
pub fn forms(body: &[u8]) -> Vec<ChangelogForm> {
    // Feeds may be in other encodings.
    let Ok(text) = guard::open(body) else { return vec![ChangelogForm::Feed] };
    if guard::is_html(text) {
        return vec![ChangelogForm::Html];
    }
    match text.trim_start().as_bytes().first() {
        Some(b'{') => vec![ChangelogForm::Feed],
        Some(b'<') => vec![ChangelogForm::Feed, ChangelogForm::Updates, ChangelogForm::Html],
        _ if text.contains(markdown::UPDATE) => vec![ChangelogForm::Updates, ChangelogForm::Markdown],
        _ => vec![ChangelogForm::Markdown, ChangelogForm::Mdx],
    }
}

fn items<'b>(source: &ChangelogSource, body: &'b [u8]) -> Result<Vec<Item<'b>>, ReadOutcome> {
    let items: Vec<Item<'b>> = if source.form == ChangelogForm::Feed {
        let feed = feed::parse(body)?;
        if let Some(Ok(text)) = (!source.guards.must_contain.is_empty()).then(|| std::str::from_utf8(body)) {
            guard::must_contain(text, &source.guards)?;
        }
        feed.entries.into_iter().map(Item::from).collect()
    } else {
        let text = guard::open(body)?;
        guard::must_contain(text, &source.guards)?;
        let is_page = source.form == ChangelogForm::Html;
        // A part of a page, without its head, is HTML all the same where HTML is expected.
        let is_part = is_page && text.trim_start().starts_with('<');
        if (guard::is_html(text) || is_part) != is_page {
            let (found, expected) = if is_page { ("not HTML", "a page") } else { ("an HTML page", "Markdown") };
            return Err(ReadOutcome::GuardFailed(format!(
                "it is {found} where {expected} was: probably a login or error page"
            )));
        }
        match source.form {
            ChangelogForm::Updates => markdown::updates(text, source.page()),
            ChangelogForm::Markdown => markdown::dated(text, source.page()),
            ChangelogForm::Mdx => markdown::single(text, source.page())?,
            ChangelogForm::Html | ChangelogForm::Feed => html::dated(text, source.page())?,
        }
    };
    let (count, floor) = (items.len(), source.guards.min_rows);
    if count < floor {
        return Err(ReadOutcome::GuardFailed(format!("{count} entries, at least {floor} expected")));
    }
    Ok(items)
}

impl<'b> From<feed::Entry<'b>> for Item<'b> {
    fn from(e: feed::Entry<'b>) -> Self {
        Self {
            identity: e.identity,
            title: e.title,
            text: Text::Markup(e.markup),
            categories: e.categories,
            link: e.link,
            at: e.published.or(e.updated),
        }
    }
}

/// Where the content of an entry is put while it is read, one after the other.
#[derive(Default)]
struct Room {
    markup: String,
    words: String,
}

/// What an entry says, if it is wanted. Its words are taken out of its markup only here, one entry at a time.
fn observed(source: &ChangelogSource, cx: &ReadContext, item: Item<'_>, room: &mut Room) -> Option<Observation> {
    let words = match &item.text {
        Text::Words(words) => words.as_str(),
        Text::Markup(m) => prose::of_either_in(m.text_in(&mut room.markup), feed::MAX_WORDS, &mut room.words),
    };
    let holds = |text: &str, word: &str| text.to_lowercase().contains(word);
    let wanted = source.only.is_empty()
        || source
            .only
            .iter()
            .map(|w| w.to_lowercase())
            .any(|w| holds(&item.title, &w) || holds(words, &w) || item.categories.iter().any(|c| holds(c, &w)));
    let (class, said) = if wanted { class::classify(&item.title, words) } else { return None };
    let title = if item.title.is_empty() { one_line(&said, TITLE_LENGTH) } else { item.title };
    Some(Observation {
        provider: cx.provider.clone(),
        source: cx.source.clone(),
        connection: cx.connection.clone(),
        kind: Kind::Change,
        matter: None,
        native_type: Some(class.as_str().to_owned()),
        native_id: Some(match class {
            Class::Other => item.identity,
            Class::DeprecationHint | Class::Breaking | Class::Price | Class::ModelRelease => {
                format!("{}|{class}", item.identity)
            }
        }),
        severity: match class {
            Class::DeprecationHint | Class::Breaking | Class::Price => Severity::Minor,
            Class::ModelRelease | Class::Other => Severity::Info,
        },
        title,
        summary: said,
        url: safe_link(&item.link).or_else(|| safe_link(source.page())),
        subjects: vec![Subject::whole(&cx.provider)],
        money: None,
        fact: Fact::Noted,
        occurred_at: item.at.filter(|at| *at <= cx.received_at).unwrap_or(cx.received_at),
    })
}

#[cfg(test)]
mod tests;
