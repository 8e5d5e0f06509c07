//! The content of an entry, taken out of its XML only when somebody wants to read it.
//!
//! In: a stretch of a feed, or a text. Out: HTML or plain text. Invariant: what is kept as it stands in the feed was looked
//! through before, so that it can be read later. Refuses references without an end, and those to characters that are none.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::BytesRef;
use std::borrow::Cow;

/// HTML or plain text of an entry, without white space around it.
#[derive(Debug, Clone, Default)]
pub struct Markup<'b> {
    text: Cow<'b, str>,
    /// References to characters and entities stand in it.
    escaped: bool,
}

impl<'b> Markup<'b> {
    /// A stretch of XML without tags; nothing where it is not whole.
    pub(super) fn escaped(text: &'b str) -> Option<Self> {
        let escaped = references(text, |_| {})?;
        Some(Self { text: Cow::Borrowed(text), escaped })
    }

    /// A text that is read as it stands.
    pub(super) fn plain(text: &'b str) -> Self {
        Self { text: Cow::Borrowed(text), escaped: false }
    }

    /// [`Markup::text`] with room of the caller's for it.
    pub fn text_in<'s>(&'s self, room: &'s mut String) -> &'s str {
        if !self.escaped {
            return self.text.trim();
        }
        room.clear();
        self.put(room);
        room.trim()
    }

    fn put(&self, out: &mut String) {
        // Only what is whole was taken.
        let _ = references(&self.text, |piece| match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Char(c) => out.push(c),
        });
    }

    /// What is there to read.
    pub fn text(&self) -> Cow<'_, str> {
        if !self.escaped {
            return Cow::Borrowed(self.text.trim());
        }
        let mut out = String::with_capacity(self.text.len());
        self.put(&mut out);
        out.truncate(out.trim_end().len());
        match out.len() - out.trim_start().len() {
            0 => Cow::Owned(out),
            space => Cow::Owned(out.split_off(space)),
        }
    }
}

impl From<String> for Markup<'_> {
    fn from(text: String) -> Self {
        Self { text: Cow::Owned(text), escaped: false }
    }
}

#[cfg(test)]
impl PartialEq for Markup<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

enum Piece<'t> {
    Text(&'t str),
    Char(char),
}

/// Goes through the pieces of a stretch of XML: texts, and what references stand for; one that nobody knows is a text.
/// Whether there was any, and nothing where one has no end or is no character.
fn references<'t>(text: &'t str, mut each: impl FnMut(Piece<'t>)) -> Option<bool> {
    let (mut rest, mut any) = (text, false);
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        let end = memchr::memchr2(b';', b'&', &rest.as_bytes()[at + 1..]).map(|e| at + 1 + e)?;
        let name = rest[at..end].strip_prefix('&').filter(|_| rest.as_bytes()[end] == b';')?;
        each(Piece::Text(&rest[..at]));
        match (BytesRef::new(name).resolve_char_ref().ok()?, resolve_predefined_entity(name)) {
            (Some(c), _) => each(Piece::Char(c)),
            (None, Some(known)) => each(Piece::Text(known)),
            (None, None) => each(Piece::Text(&rest[at..=end])),
        }
        rest = &rest[end + 1..];
        any = true;
    }
    each(Piece::Text(rest));
    Some(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_xml_is_read_when_it_is_wanted() {
        for (xml, text) in [
            (" plain ", Some("plain")),
            ("&lt;p&gt;a &amp;amp; b&lt;/p&gt;", Some("<p>a &amp; b</p>")),
            ("&#32;&#x41;&#160;", Some("A")),
            ("&nbsp;&unknown;", Some("&nbsp;&unknown;")),
            ("", Some("")),
            ("a & b", None),
            ("a & b &lt;", None),
            ("&#0;", None),
            ("&#xd800;", None),
        ] {
            assert_eq!(Markup::escaped(xml).map(|m| m.text().into_owned()).as_deref(), text, "{xml}");
            let mut room = "used before".to_owned();
            assert_eq!(Markup::escaped(xml).map(|m| m.text_in(&mut room).to_owned()).as_deref(), text, "{xml}");
        }
    }
}
