//! The short way through RSS 2.0 and Atom: what nearly all feeds are, read without building a tree of everything.
//!
//! In: bytes. Out: the parts of a feed, or nothing: then feed-rs reads it. Invariant: what comes out is what feed-rs makes
//! of the same bytes, which tests over captured and made-up feeds hold; where that is not certain (another encoding, a
//! DOCTYPE, media, markup inside a text, a namespace inside) nothing comes out. Refuses to judge: an error is feed-rs's to word.

use super::{Markup, Parts, RawEntry};
use crate::provider::read::when;
use jiff::Timestamp;
use memchr::{memchr, memmem};
use quick_xml::Reader;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;
use url::Url;

/// What a prefix stands for, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// The feed's own.
    Own,
    /// Atom's, inside RSS.
    Atom,
    Content,
    DublinCore,
    /// Nobody's that is read.
    Other,
}

impl Space {
    /// Nothing for the spaces whose elements feed-rs weaves into entries: it reads those feeds.
    fn parse(address: &str) -> Option<Self> {
        match address {
            "http://www.w3.org/2005/Atom" => Some(Space::Atom),
            "http://purl.org/rss/1.0/modules/content/" => Some(Space::Content),
            "http://purl.org/dc/elements/1.1/" => Some(Space::DublinCore),
            "http://purl.org/rss/1.0/"
            | "http://search.yahoo.com/mrss/"
            | "http://www.itunes.com/dtds/podcast-1.0.dtd"
            | "https://podcastindex.org/namespace/1.0"
            | "http://wellformedweb.org/CommentAPI/" => None,
            _ => Some(Space::Other),
        }
    }
}

/// Reads a feed if it is plain.
pub(super) fn parts(body: &[u8]) -> Option<Parts<'_>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.trim_markup_names_in_closing_tags = true;
    let mut plain = Plain { body: text, reader, text: String::new(), prefixes: Vec::new() };
    let root = loop {
        match plain.reader.read_event().ok()? {
            Event::Decl(d) if is_utf8(&d) => {}
            Event::Text(t) if t.bytes().all(|b| b.is_ascii_whitespace()) => {}
            Event::Comment(_) | Event::PI(_) => {}
            Event::Start(root) => break root,
            _ => return None,
        }
    };
    let mut default = None;
    let mut version = None;
    for a in root.attributes() {
        let a = a.ok()?;
        match a.key.as_ref() {
            "xmlns" => default = Some(a.value),
            "version" => version = Some(a.value),
            name => match name.split_once(':') {
                Some(("xmlns", prefix)) => plain.prefixes.push((prefix.to_owned(), Space::parse(&a.value))),
                Some(("xml", "base")) => return None,
                Some(_) | None => {}
            },
        }
    }
    match (root.name().as_ref(), version.as_deref(), default.as_deref()) {
        ("rss", Some("2.0"), None) => plain.rss(),
        ("feed", _, None | Some("http://www.w3.org/2005/Atom")) => {
            for p in plain.prefixes.iter_mut().filter(|p| p.1 == Some(Space::Atom)) {
                p.1 = Some(Space::Own);
            }
            plain.atom()
        }
        _ => None,
    }
}

/// A feed that names no encoding is UTF-8.
fn is_utf8(declaration: &str) -> bool {
    let Some((_, rest)) = declaration.split_once("encoding") else { return true };
    let name = rest.trim_start_matches(['=', ' ', '"', '\'']);
    name.get(..5).is_some_and(|n| n.eq_ignore_ascii_case("utf-8")) && name[5..].starts_with(['"', '\''])
}

/// What marks a CDATA section.
const OPEN: &str = "<![CDATA[";
const CLOSE: &str = "]]>";

/// All that stands in an element.
enum Stretch<'t> {
    Escaped(&'t str),
    CData(&'t str),
}

struct Plain<'t> {
    body: &'t str,
    reader: Reader<&'t [u8]>,
    /// Where the text of an element is put together.
    text: String,
    prefixes: Vec<(String, Option<Space>)>,
}

/// An element that began, or the end of the one around it.
enum Step<'t> {
    Child(Space, BytesStart<'t>),
    End,
}

impl<'t> Plain<'t> {
    fn rss(mut self) -> Option<Parts<'t>> {
        loop {
            let Step::Child(_, e) = self.step()? else { return None };
            if local(&e) == "channel" {
                break;
            }
            self.skip()?;
        }
        let mut out = Parts::default();
        while let Step::Child(space, e) = self.step()? {
            match (space, local(&e)) {
                (Space::Own, "title") => out.title = self.text()?.map(|t| t.trim().to_owned()),
                (Space::Own, "link") => out.links.extend(self.text()?.map(href)),
                (Space::Atom, "link") => {
                    out.links.extend(attribute(&e, "href")?.map(|t| href(&t)));
                    self.skip()?;
                }
                (Space::Own, "item") => {
                    let item = self.item()?;
                    out.entries.push(item);
                }
                _ => self.skip()?,
            }
        }
        Some(out)
    }

    fn item(&mut self) -> Option<RawEntry<'t>> {
        let mut out = RawEntry::default();
        let (mut summary, mut content) = (None, None);
        while let Step::Child(space, e) = self.step()? {
            match (space, local(&e)) {
                (Space::Own, "title") => out.title = self.text()?.map(|t| t.trim().to_owned()),
                (Space::Own, "link") => {
                    if let Some(link) = self.text()? {
                        out.links.push((href(link), true));
                    }
                }
                (Space::Own, "description") => summary = self.markup()?,
                (Space::Content, "encoded") => content = self.markup()?,
                (Space::Own, "category") => out.categories.extend(self.text()?.map(|t| t.trim().to_owned())),
                (Space::Own, "guid") => {
                    if let Some(guid) = self.text()? {
                        out.guid = guid.trim().to_owned();
                    }
                }
                (Space::Own, "pubDate") | (Space::DublinCore, "date") => out.published = moment(self.text()?),
                (Space::Own | Space::Atom, "updated") => out.updated = moment(self.text()?),
                // It is a link too, of lower rank.
                (Space::Own, "comments") => return None,
                _ => self.skip()?,
            }
        }
        out.updated = out.updated.or(out.published);
        out.markup = content.or(summary);
        Some(out)
    }

    fn atom(mut self) -> Option<Parts<'t>> {
        let mut out = Parts::default();
        while let Step::Child(space, e) = self.step()? {
            match (space, local(&e)) {
                (Space::Own, "title") => out.title = Some(self.construct(&e)?),
                (Space::Own, "rights" | "subtitle") => drop(self.construct(&e)?),
                (Space::Own, "link") => {
                    out.links.extend(attribute(&e, "href")?.map(|t| href(&t)));
                    self.skip()?;
                }
                (Space::Own, "entry") => {
                    let entry = self.entry()?;
                    out.entries.push(entry);
                }
                _ => self.skip()?,
            }
        }
        Some(out)
    }

    fn entry(&mut self) -> Option<RawEntry<'t>> {
        let mut out = RawEntry::default();
        let (mut summary, mut content) = (None, None);
        while let Step::Child(space, e) = self.step()? {
            match (space, local(&e)) {
                (Space::Own, "id") => {
                    if let Some(id) = self.text()? {
                        out.guid = id.to_owned();
                    }
                }
                (Space::Own, "title") => out.title = Some(self.construct(&e)?),
                (Space::Own, "rights") => drop(self.construct(&e)?),
                (Space::Own, "summary") => summary = Some(self.constructed(&e)?),
                (Space::Own, "content") if attribute(&e, "src")?.is_none() => content = Some(self.constructed(&e)?),
                (Space::Own, "content") => return None,
                (Space::Own, "updated") => {
                    if let Some(text) = self.text()? {
                        out.updated = moment(Some(text));
                    }
                }
                (Space::Own, "published" | "pubDate") => {
                    if let Some(text) = self.text()? {
                        out.published = moment(Some(text));
                    }
                }
                (Space::Own, "link") => {
                    if let Some(link) = attribute(&e, "href")? {
                        let page = attribute(&e, "rel")?.is_none_or(|r| r == "alternate");
                        out.links.push((href(&link), page));
                    }
                    self.skip()?;
                }
                (Space::Own, "category") => {
                    if let Some(term) = attribute(&e, "term")? {
                        let label = attribute(&e, "label")?;
                        out.categories.push(label.unwrap_or_else(|| term.trim().to_owned()));
                    }
                    self.skip()?;
                }
                _ => self.skip()?,
            }
        }
        out.markup = content.or(summary);
        Some(out)
    }

    /// A text of Atom: plain or escaped, not the markup itself.
    fn construct(&mut self, e: &BytesStart<'_>) -> Option<String> {
        if !is_text(e)? {
            return None;
        }
        Some(self.text()?.map(|t| t.trim().to_owned()).unwrap_or_default())
    }

    /// The same, kept as it stands.
    fn constructed(&mut self, e: &BytesStart<'_>) -> Option<Markup<'t>> {
        if !is_text(e)? {
            return None;
        }
        Some(self.markup()?.unwrap_or_default())
    }

    /// The next element inside the one we are in, or its end.
    fn step(&mut self) -> Option<Step<'t>> {
        loop {
            match self.reader.read_event().ok()? {
                Event::Start(e) => return Some(Step::Child(self.space(&e)?, e)),
                Event::End(_) => return Some(Step::End),
                Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::GeneralRef(r) => drop(r.resolve_char_ref().ok()?),
                Event::Empty(_) | Event::Decl(_) | Event::DocType(_) | Event::Eof => return None,
            }
        }
    }

    /// Passes the element that has just begun.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 1u32;
        while depth > 0 {
            match self.step()? {
                Step::Child(..) => depth += 1,
                Step::End => depth -= 1,
            }
        }
        Some(())
    }

    /// What stands in the element that has just begun, kept as it stands where that is one stretch; none where nothing does.
    fn markup(&mut self) -> Option<Option<Markup<'t>>> {
        let (markup, length) = match self.stretch() {
            None => return Some(self.text()?.map(|t| Markup::from(t.to_owned()))),
            Some(Stretch::Escaped(text)) => (Some(Markup::escaped(text)?).filter(|_| !text.is_empty()), text.len()),
            Some(Stretch::CData(text)) => {
                (Some(Markup::plain(text)).filter(|_| !text.is_empty()), OPEN.len() + text.len() + CLOSE.len())
            }
        };
        self.reader.stream().consume(length);
        match self.reader.read_event().ok()? {
            Event::End(_) => Some(markup),
            _ => None,
        }
    }

    /// What stands up to the end of the element that has just begun, if it is text or a CDATA section and nothing else.
    fn stretch(&self) -> Option<Stretch<'t>> {
        let (head, rest) = self.body.split_at_checked(usize::try_from(self.reader.buffer_position()).ok()?)?;
        // An empty element has nothing in it to be read.
        if head.ends_with("/>") {
            return None;
        }
        let ends = |after: &str| after.starts_with("</");
        if let Some(inner) = rest.strip_prefix(OPEN) {
            let at = memmem::find(inner.as_bytes(), CLOSE.as_bytes())?;
            return ends(&inner[at + CLOSE.len()..]).then(|| Stretch::CData(&inner[..at]));
        }
        let (text, after) = rest.split_at(memchr(b'<', rest.as_bytes())?);
        ends(after).then_some(Stretch::Escaped(text))
    }

    /// What stands in the element that has just begun, up to its end; none where nothing does.
    fn text(&mut self) -> Option<Option<&str>> {
        self.text.clear();
        loop {
            match self.reader.read_event().ok()? {
                Event::Text(t) => self.text.push_str(&t),
                Event::CData(t) => self.text.push_str(&t),
                Event::GeneralRef(r) => match (r.resolve_char_ref().ok()?, resolve_predefined_entity(&r)) {
                    (Some(c), _) => self.text.push(c),
                    (None, Some(known)) => self.text.push_str(known),
                    (None, None) => self.text.extend(["&", &*r, ";"]),
                },
                Event::End(_) => return Some(Some(self.text.as_str()).filter(|t| !t.is_empty())),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Start(_) | Event::Empty(_) | Event::Decl(_) | Event::DocType(_) | Event::Eof => return None,
            }
        }
    }

    /// Whose an element is; nothing where only the whole parser knows.
    fn space(&self, e: &BytesStart<'_>) -> Option<Space> {
        if e.len() > e.name().as_ref().len() {
            for a in e.attributes() {
                let key = a.ok()?.key;
                if key.as_ref().starts_with("xmlns") || key.as_ref() == "xml:base" {
                    return None;
                }
            }
        }
        match e.name().as_ref().split_once(':') {
            None => Some(Space::Own),
            Some((prefix, _)) => self.prefixes.iter().rev().find(|(p, _)| p == prefix)?.1,
        }
    }
}

/// Whether a text of Atom is plain or escaped; nothing where its attributes are broken.
fn is_text(e: &BytesStart<'_>) -> Option<bool> {
    Some(matches!(attribute(e, "type")?.as_deref(), None | Some("text" | "html" | "text/html")))
}

/// Its name without the prefix.
fn local<'e>(e: &'e BytesStart<'_>) -> &'e str {
    let name = e.name().into_inner();
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// An attribute's value; nothing at all where the attributes are broken.
fn attribute(e: &BytesStart<'_>, name: &str) -> Option<Option<String>> {
    for a in e.attributes() {
        let a = a.ok()?;
        if a.key.as_ref() == name {
            return Some(Some(unescape(&a.value).ok()?.into_owned()));
        }
    }
    Some(None)
}

/// An address as feed-rs writes it.
fn href(text: &str) -> String {
    if is_normal(text) {
        return text.to_owned();
    }
    Url::parse(text).map_or_else(|_| text.trim().to_owned(), String::from)
}

/// Whether an address is surely written as a parser of addresses would write it: nearly all are.
fn is_normal(text: &str) -> bool {
    let Some((host, path)) = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    // A last part with a letter is no number, and a name without double hyphens is not encoded.
    let named = host.rsplit('.').next().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_lowercase()));
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    named
        && host.bytes().all(plain)
        && !host.contains("..")
        && !host.contains("--")
        && !host.starts_with(['.', '-'])
        && path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_'))
}

fn moment(text: Option<&str>) -> Option<Timestamp> {
    when::timestamp(text?).and_then(super::whole_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::read::feed::long_way;
    use proptest::prelude::*;
    use std::path::{Path, PathBuf};

    /// Whether it was read the short way, and then as feed-rs reads it.
    #[track_caller]
    fn alike(body: &[u8], what: &str) -> bool {
        let Some(short) = parts(body) else { return false };
        match long_way(body) {
            Ok(long) => assert_eq!(short, long, "{what}"),
            Err(e) => panic!("{what}: read the short way, and feed-rs says {e:?}"),
        }
        true
    }

    fn feeds_below(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                feeds_below(&path, out);
            } else if path.extension().is_some_and(|e| ["xml", "atom", "rss"].iter().any(|x| e == *x)) {
                out.push(path);
            }
        }
    }

    #[test]
    fn captured_feeds_and_our_own_read_as_feed_rs_reads_them() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut ours = Vec::new();
        feeds_below(&root.join("fixtures"), &mut ours);
        let plain = ours.iter().filter(|p| alike(&std::fs::read(p).unwrap(), &p.display().to_string())).count();
        assert!(plain >= 5, "{plain} of {} fixtures are plain feeds", ours.len());
        let corpus = root.join("../shared/corpus");
        if !corpus.exists() {
            eprintln!("SKIPPED: {} is not there", corpus.display());
            return;
        }
        let mut captured = Vec::new();
        feeds_below(&corpus, &mut captured);
        let plain = captured.iter().filter(|p| alike(&std::fs::read(p).unwrap(), &p.display().to_string())).count();
        assert!(plain >= 10, "{plain} of {} captured feeds are plain", captured.len());
    }

    const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:a="http://www.w3.org/2005/Atom" xmlns:z="urn:z" xmlns:media="http://search.yahoo.com/mrss/">"#;
    const ATOM: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom" xmlns:z="urn:z">"#;

    #[test]
    fn what_needs_the_whole_parser_is_left_to_it() {
        for (body, plain) in [
            (format!("{RSS}<channel><item><title>x</title></item></channel></rss>"), true),
            (format!("{RSS}<channel><item><z:title>x<y/></z:title></item></channel></rss> trailing"), true),
            (format!("{RSS}<channel><item><media:title>x</media:title></item></channel></rss>"), false),
            (format!("{RSS}<channel><item><who:title>x</who:title></item></channel></rss>"), false),
            (format!("{RSS}<channel><item><comments>https://a.example/</comments></item></channel></rss>"), false),
            (format!("{RSS}<channel><item><title>a <b>x</b></title></item></channel></rss>"), false),
            (format!("{RSS}<channel><item xml:base=\"https://a.example\"></item></channel></rss>"), false),
            (format!("{RSS}<channel><item xmlns=\"urn:z\"></item></channel></rss>"), false),
            (format!("{RSS}<channel><item><title>x</title>"), false),
            (format!("{RSS}<channel><item><title>&#0;</title></item></channel></rss>"), false),
            ("<rss version=\"0.91\"><channel></channel></rss>".to_owned(), false),
            ("<!DOCTYPE rss><rss version=\"2.0\"><channel></channel></rss>".to_owned(), false),
            ("<?xml version='1.0' encoding='ISO-8859-1'?><rss version='2.0'><channel/></rss>".to_owned(), false),
            ("<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel/></rss>".to_owned(), true),
            ("\u{feff}<rss version='2.0'><channel/></rss>".to_owned(), true),
            (format!("{ATOM}<entry><title type='html'>a &amp;lt; b</title></entry></feed>"), true),
            (format!("{ATOM}<entry><content type='xhtml'><div>x</div></content></entry></feed>"), false),
            (format!("{ATOM}<entry><content src='https://a.example'/></entry></feed>"), false),
            (format!("{ATOM}<entry><title type='odd'>x</title></entry></feed>"), false),
            ("<feed xmlns='urn:other'><entry/></feed>".to_owned(), false),
            ("{\"version\":\"https://jsonfeed.org/version/1.1\"}".to_owned(), false),
        ] {
            assert_eq!(alike(body.as_bytes(), &body), plain, "{body}");
        }
        let latin = b"<rss version='2.0'><channel><title>\xe9</title></channel></rss>";
        assert_eq!(parts(latin), None);
    }

    /// What may stand in an element.
    fn inner() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[ a-zA-Z0-9.:/,\\n-]{0,20}",
            1 => prop::sample::select(vec![
                "&amp;", "&lt;p&gt;", "&#8217;", "&#x26;", "&nbsp;", "&", "<![CDATA[<p>x</p> ]]>", "<![CDATA[]]>",
                "<!-- c -->", "<?pi x?>", "é", "<b>bold</b>", "<br/>", "https://A.example//x?y#z", "https://a.example/x/Y_z-1", "https://a-.0x.c1/x", "https://xn--a/x", " HTTPS://a.example/%7e ",
                "Fri, 20 Nov 2026 10:00:00 +0000", "2026-11-20T10:00:00.1234567Z", "2026-11-20", "never", "]]>",
            ]).prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..4).prop_map(|p| p.concat())
    }

    fn element() -> impl Strategy<Value = String> {
        let names = vec![
            "title",
            "link",
            "description",
            "category",
            "guid",
            "pubDate",
            "dc:date",
            "updated",
            "a:updated",
            "a:link",
            "content:encoded",
            "author",
            "z:title",
            "z:link",
            "enclosure",
            "media:title",
            "comments",
            "id",
            "published",
            "summary",
            "content",
            "rights",
            "x:y",
        ];
        let attributes = vec![
            "",
            "",
            "",
            " type=\"html\"",
            " type='text'",
            " type=\"xhtml\"",
            " rel=\"self\"",
            " href=\"https://b.example/a&amp;b\"",
            " href=' /x ' rel='alternate'",
            " term=\"t\" label=\"L\"",
            " isPermaLink=\"false\"",
            " term=' u '",
            " bad",
            " a=1",
            " xml:base=\"https://c.example\"",
            " xmlns:q=\"urn:q\"",
        ];
        (prop::sample::select(names), prop::sample::select(attributes), inner(), 0..20u8).prop_map(
            |(name, attributes, inner, form)| match form {
                0 => format!("<{name}{attributes}/>"),
                1 => format!("<{name}{attributes}>{inner}"),
                2 => inner,
                _ => format!("<{name}{attributes}>{inner}</{name} >"),
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn any_feed_is_read_as_feed_rs_reads_it_or_left_to_it(
            atom in any::<bool>(),
            head in prop::collection::vec(element(), 0..3),
            entries in prop::collection::vec(prop::collection::vec(element(), 0..6), 0..4),
        ) {
            let (root, tail, name) = if atom { (ATOM, "</feed>", "entry") } else { (RSS, "</channel></rss>", "item") };
            let channel = if atom { "" } else { "<channel>" };
            let entries: String = entries.iter().map(|e| format!("<{name}>{}</{name}>", e.concat())).collect();
            let body = format!("{root}{channel}{}{entries}{tail}", head.concat());
            alike(body.as_bytes(), &body);
        }
    }
}
