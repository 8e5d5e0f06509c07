//! Feeds (RSS, Atom, JSON Feed) as plain entries with an identity of ours.
//!
//! In: bytes. Out: [`Entry`]s, newest first, at most [`MAX_ENTRIES`]. Invariants: an entry keeps its identity when its guid
//! changes (http to https, a new CMS), is missing, double or a date, and when its title is edited; nothing of it comes from
//! the parser's random ids. Refuses what is no feed, and to take an empty feed for an unreadable one.

mod markup;
mod plain;

pub use markup::Markup;

use super::{guard, prose, when};
use crate::crypto::short_hash;
use crate::model::ReadOutcome;
use crate::model::text::one_line;
use chrono::{DateTime, Utc};
use feed_rs::model::Link;
use feed_rs::parser::Builder;
use jiff::Timestamp;
use std::cell::LazyCell;
use std::collections::HashMap;

/// Most entries that are read, newest first.
pub const MAX_ENTRIES: usize = 500;
/// Most bytes of words kept of an entry.
pub const MAX_WORDS: usize = 6_000;
const TITLE_LENGTH: usize = 200;

/// A feed.
#[derive(Debug)]
pub struct Feed<'b> {
    /// What it calls itself.
    pub title: String,
    /// Its entries, newest first.
    pub entries: Vec<Entry<'b>>,
}

/// An entry.
#[derive(Debug)]
pub struct Entry<'b> {
    /// Ours: the same as long as it is the same entry.
    pub identity: String,
    /// Its guid, where the feed gives one.
    pub guid: String,
    /// One line.
    pub title: String,
    /// Its content or summary, HTML or text.
    pub markup: Markup<'b>,
    /// Where to read it, a web address.
    pub link: String,
    /// What it is filed under.
    pub categories: Vec<String>,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was changed.
    pub updated: Option<Timestamp>,
}

impl Entry<'_> {
    /// Its words, block by block.
    pub fn words(&self) -> String {
        prose::of_either(&self.markup.text(), MAX_WORDS).into_owned()
    }
}

/// Reads a feed. Links stay as they are written: one that is no web address is no link.
pub fn parse(body: &[u8]) -> Result<Feed<'_>, ReadOutcome> {
    if body.len() > guard::MAX_BODY {
        let (size, cap) = (body.len(), guard::MAX_BODY);
        return Err(ReadOutcome::Unreadable(format!("the body has {size} bytes, at most {cap} are read")));
    }
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadOutcome::GuardFailed("the body is empty".to_owned()));
    }
    match plain::parts(body) {
        Some(parts) => Ok(tidy(parts)),
        None => long_way(body).map(tidy),
    }
}

/// What a feed says, before anything of it is cleaned.
#[cfg_attr(test, derive(PartialEq))]
#[derive(Debug, Default)]
struct Parts<'b> {
    title: Option<String>,
    links: Vec<String>,
    entries: Vec<RawEntry<'b>>,
}

/// What an entry says.
#[cfg_attr(test, derive(PartialEq))]
#[derive(Debug, Default)]
struct RawEntry<'b> {
    guid: String,
    title: Option<String>,
    /// Its links, and which are pages.
    links: Vec<(String, bool)>,
    markup: Option<Markup<'b>>,
    categories: Vec<String>,
    published: Option<Timestamp>,
    updated: Option<Timestamp>,
}

/// Any feed, by feed-rs.
fn long_way(body: &[u8]) -> Result<Parts<'static>, ReadOutcome> {
    let to_chrono = |t: Timestamp| DateTime::<Utc>::from_timestamp_millis(t.as_millisecond());
    let parser = Builder::new()
        // An entry without guid and link would get a random id at each parse: here it gets none, and one of ours below.
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(move |text| when::timestamp(text).and_then(to_chrono))
        .build();
    let raw = parser.parse(body).map_err(|e| match std::str::from_utf8(body) {
        Ok(text) if guard::is_html(text) => {
            ReadOutcome::GuardFailed("it is an HTML page, not a feed: probably a login or error page".to_owned())
        }
        _ => ReadOutcome::Unreadable(one_line(&format!("it is no feed that can be read: {e}"), 300)),
    })?;
    Ok(Parts {
        title: raw.title.map(|t| t.content),
        links: raw.links.into_iter().map(|l| l.href).collect(),
        entries: raw.entries.into_iter().map(RawEntry::from).collect(),
    })
}

impl From<feed_rs::model::Entry> for RawEntry<'_> {
    fn from(e: feed_rs::model::Entry) -> Self {
        let ms = |t: DateTime<Utc>| Timestamp::from_millisecond(t.timestamp_millis()).ok();
        let page = |l: &Link| l.rel.as_deref().is_none_or(|r| r == "alternate");
        Self {
            guid: e.id,
            title: e.title.map(|t| t.content),
            links: e.links.into_iter().map(|l| (page(&l), l.href)).map(|(page, href)| (href, page)).collect(),
            markup: e.content.and_then(|c| c.body).or(e.summary.map(|s| s.content)).map(Markup::from),
            categories: e.categories.into_iter().map(|c| c.label.unwrap_or(c.term)).collect(),
            published: e.published.and_then(ms),
            updated: e.updated.and_then(ms),
        }
    }
}

/// A moment in whole milliseconds, as it is stored.
fn whole_ms(t: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millisecond(t.as_millisecond()).ok()
}

fn tidy(parts: Parts<'_>) -> Feed<'_> {
    let title = parts.title.map(|t| one_line(&t, TITLE_LENGTH)).unwrap_or_default();
    let home = parts.links.iter().map(|l| address(l)).collect::<Vec<_>>();
    let mut entries: Vec<Entry<'_>> = parts.entries.into_iter().map(entry).collect();
    // Stable: entries of one moment, or without one, keep the order of the feed.
    entries.sort_by_key(|e| std::cmp::Reverse(e.published.or(e.updated)));
    entries.truncate(MAX_ENTRIES);
    identify(&mut entries, &home);
    Feed { title, entries }
}

fn entry(raw: RawEntry<'_>) -> Entry<'_> {
    let at = raw.links.iter().position(|(_, page)| *page).unwrap_or(0);
    Entry {
        identity: String::new(),
        title: raw.title.map(|t| one_line(&prose::of_either(&t, 1_000), TITLE_LENGTH)).unwrap_or_default(),
        markup: raw.markup.unwrap_or_default(),
        link: raw.links.into_iter().nth(at).map(|(href, _)| href).unwrap_or_default(),
        categories: raw.categories,
        published: raw.published,
        updated: raw.updated,
        guid: raw.guid,
    }
}

/// Gives each entry its identity: its address, unless others of the feed have the same or it is the feed's own page; else
/// its guid, unless that is double or a date; else its day and title.
fn identify(entries: &mut [Entry<'_>], home: &[String]) {
    let links: Vec<String> = entries.iter().map(|e| address(&e.link)).collect();
    let seen = counted(&links);
    let own = |text: &String, seen: &HashMap<&str, usize>| {
        !text.is_empty() && seen.get(text.as_str()) == Some(&1) && !home.contains(text)
    };
    // Most feeds never need them.
    let guids = LazyCell::new(|| entries.iter().map(|e| address(&e.guid)).collect::<Vec<String>>());
    let seen_guids = LazyCell::new(|| counted(&guids));
    let by_guid = |i: usize, e: &Entry<'_>| {
        guids.get(i).filter(|g| own(g, &seen_guids) && when::timestamp(&e.guid).is_none()).map(|g| clip(g))
    };
    let identity = |(i, e): (usize, &Entry<'_>)| {
        if let Some(link) = links.get(i).filter(|l| l.contains('/') && own(l, &seen)) {
            clip(link)
        } else if let Some(guid) = by_guid(i, e) {
            guid
        } else {
            let day = e.published.or(e.updated).map(|t| t.strftime("%F").to_string()).unwrap_or_default();
            format!("{day}#{}", hex::encode(&short_hash(&[e.title.to_lowercase().as_bytes()])[..8]))
        }
    };
    let identities: Vec<String> = entries.iter().enumerate().map(identity).collect();
    for (e, identity) in entries.iter_mut().zip(identities) {
        e.identity = identity;
    }
}

/// How often each text occurs.
fn counted(texts: &[String]) -> HashMap<&str, usize> {
    let mut seen = HashMap::with_capacity(texts.len());
    for text in texts {
        *seen.entry(text.as_str()).or_default() += 1;
    }
    seen
}

/// A web address without what changes while the page stays: scheme, `www.`, a double slash, tracking parameters, a last
/// slash. A guid is treated alike; one that is no address stays as it is.
fn address(text: &str) -> String {
    let text = text.trim();
    let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) else {
        return text.to_owned();
    };
    let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let bare = host.get(..4).filter(|w| w.eq_ignore_ascii_case("www.")).map_or(host, |_| &host[4..]);
    let mut out = String::with_capacity(rest.len());
    out.push_str(bare);
    out.make_ascii_lowercase();
    let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    for part in path.split('/').filter(|p| !p.is_empty()) {
        out.push('/');
        out.push_str(part);
    }
    let mut mark = '?';
    for pair in query.split('&').filter(|p| !p.is_empty() && !p.starts_with("utm_")) {
        out.push(mark);
        out.push_str(pair);
        mark = '&';
    }
    if !fragment.is_empty() {
        out.push('#');
        out.push_str(fragment);
    }
    out
}

/// Short texts stay readable, long ones become their hash.
fn clip(text: &str) -> String {
    if text.len() <= 200 && !text.contains(char::is_control) {
        text.to_owned()
    } else {
        hex::encode(short_hash(&[text.as_bytes()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rss(items: &str) -> Vec<Entry<'static>> {
        let body = format!(
            "<rss version=\"2.0\"><channel><title>T</title><link>https://a.example/news</link>{items}</channel></rss>"
        );
        parse(body.leak().as_bytes()).unwrap().entries
    }

    fn item(guid: &str, link: &str, title: &str, date: &str) -> String {
        let tag =
            |name: &str, text: &str| if text.is_empty() { String::new() } else { format!("<{name}>{text}</{name}>") };
        format!(
            "<item>{}{}{}{}</item>",
            tag("guid", guid),
            tag("link", link),
            tag("title", title),
            tag("pubDate", date)
        )
    }

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(rss(a)[0].identity, rss(b)[0].identity);
    }

    const DAY: &str = "Fri, 20 Nov 2026 10:00:00 +0000";

    #[test]
    fn a_changed_guid_or_title_is_the_same_entry() {
        let first = item("http://a.example/?p=1", "http://www.a.example/news/x/", "Old title", DAY);
        same(&first, &item("urn:new:cms", "https://a.example/news/x?utm_source=rss", "New title", DAY));
        same(&first, &item("", "https://a.example//news/x", "New title", "Sat, 21 Nov 2026 10:00:00 +0000"));
    }

    #[test]
    fn a_link_that_all_share_says_nothing_and_a_guid_that_is_a_date_neither() {
        let two = format!(
            "{}{}",
            item("a1", "https://a.example/news", "One", DAY),
            item("a2", "https://a.example/news", "Two", DAY)
        );
        let found = rss(&two);
        assert_eq!([&found[0].identity, &found[1].identity], ["a1", "a2"]);
        let dates = format!("{}{}", item(DAY, "", "One", DAY), item("Sat, 21 Nov 2026 10:00:00 +0000", "", "Two", DAY));
        let found = rss(&dates);
        assert!(found.iter().all(|e| e.identity.starts_with("2026-11-20#")), "{found:?}");
        assert_ne!(found[0].identity, found[1].identity);
    }

    #[test]
    fn an_entry_without_guid_and_link_keeps_its_identity_from_parse_to_parse() {
        let bare = item("", "", "Only a title", DAY);
        same(&bare, &bare);
        same(&bare, &item("", "", "ONLY A TITLE", DAY));
        let double = format!("{}{}", item("g", "", "One", DAY), item("g", "", "Two", DAY));
        let found = rss(&double);
        assert_ne!(found[0].identity, found[1].identity, "a double guid tells nothing apart");
    }

    #[test]
    fn an_anchor_on_one_page_is_an_address_of_its_own() {
        let found = rss(&format!(
            "{}{}",
            item("", "https://a.example/log#2026-11-19", "One", "Thu, 19 Nov 2026 10:00:00 +0000"),
            item("", "https://a.example/log#2026-11-20", "Two", DAY)
        ));
        assert_eq!(found[0].identity, "a.example/log#2026-11-20", "the newest comes first");
        assert_eq!(found[1].identity, "a.example/log#2026-11-19");
    }

    #[test]
    fn a_json_feed_and_an_atom_feed_read_alike() {
        let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"1","url":"https://a.example/x","title":"X","content_text":"Some words","date_published":"2026-11-20T10:00:00Z"}]}"#;
        let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><id>t</id><updated>2026-11-20T10:00:00Z</updated><entry><id>1</id><link rel="alternate" href="https://a.example/x"/><title>X</title><published>2026-11-20T10:00:00Z</published><content type="html">&lt;p&gt;Some words&lt;/p&gt;</content></entry></feed>"#;
        for body in [json, atom] {
            let feed = parse(body.as_bytes()).unwrap();
            let e = &feed.entries[0];
            assert_eq!((feed.title.as_str(), e.title.as_str(), e.words().as_str()), ("T", "X", "Some words"));
            assert_eq!(
                (e.identity.as_str(), e.published.map(|t| t.to_string()).as_deref()),
                ("a.example/x", Some("2026-11-20T10:00:00Z"))
            );
        }
    }

    #[test]
    fn what_is_no_feed_is_refused_and_an_empty_feed_is_read() {
        for body in ["<!doctype html><html><body>Log in</body></html>", "  \n"] {
            assert!(matches!(parse(body.as_bytes()), Err(ReadOutcome::GuardFailed(_))), "{body}");
        }
        for body in ["nonsense", "{}", "<rss version=\"2.0\"><channel><item>", "<feed"] {
            assert!(matches!(parse(body.as_bytes()), Err(ReadOutcome::Unreadable(_))), "{body}");
        }
        assert!(rss("").is_empty());
    }

    #[test]
    fn more_than_the_cap_keeps_the_newest() {
        let items: String = (0..600)
            .map(|i| item(&format!("g{i}"), "", &format!("t{i}"), &format!("{} Nov 2026 10:00:00 +0000", 1 + i % 28)))
            .collect();
        let found = rss(&items);
        assert_eq!(found.len(), MAX_ENTRIES);
        assert_eq!(found[0].published.map(|t| t.strftime("%d").to_string()).as_deref(), Some("28"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), text in any::<String>(), guid in any::<String>()) {
            let _ = parse(&body);
            let _ = parse(format!("<rss version=\"2.0\"><channel><item><guid>{guid}</guid><title>{text}</title></item></channel></rss>").as_bytes());
            let _ = address(&text);
        }
    }
}
