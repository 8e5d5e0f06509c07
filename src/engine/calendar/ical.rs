//! iCalendar, line by line: RFC 5545 section 3.1 (CRLF, folding), 3.3.11 (escaping of text).
//!
//! In: names of ours, values from anywhere. Out: content lines. Invariant: a value never begins a line of its own, every
//! physical line holds at most 75 octets and is cut between characters, so unfolding gives the content back. Refuses to
//! know what an event means.

use jiff::{Timestamp, civil::Date};

/// Most octets of a physical line, without its end (<https://www.rfc-editor.org/rfc/rfc5545#section-3.1>).
const LONGEST: usize = 75;

/// A calendar being written.
#[derive(Debug, Default)]
pub struct Lines {
    out: String,
    /// The value being escaped.
    value: String,
    /// The address written last, as it was given and as it was written: most events of a page have the same.
    uri: Option<(String, Option<String>)>,
}

impl Lines {
    /// Begins a component.
    pub fn begin(&mut self, component: &'static str) {
        self.raw("BEGIN", component);
    }

    /// Ends a component.
    pub fn end(&mut self, component: &'static str) {
        self.raw("END", component);
    }

    /// A property whose value is text from anywhere.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.texts(name, std::iter::once(value));
    }

    /// A property whose value is a list of such texts; none, no property.
    pub fn texts<'v>(&mut self, name: &'static str, values: impl Iterator<Item = &'v str>) {
        let mut all = std::mem::take(&mut self.value);
        all.clear();
        let mut n = 0;
        for value in values {
            if n > 0 {
                all.push(',');
            }
            escape(value, &mut all);
            n += 1;
        }
        if n > 0 {
            self.raw(name, &all);
        }
        self.value = all;
    }

    /// A property whose value is an address; what is none is left out (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.13>).
    pub fn uri(&mut self, name: &'static str, value: &str) {
        let last = self.uri.take().filter(|(given, _)| given == value);
        let (given, written) = last.unwrap_or_else(|| {
            // Parsed and written anew, an address is ASCII without spaces and controls.
            let url = url::Url::parse(value).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
            (value.to_owned(), url.map(String::from))
        });
        if let Some(url) = &written {
            self.raw(name, url);
        }
        self.uri = Some((given, written));
    }

    /// A property whose value is a day.
    pub fn day(&mut self, name: &'static str, day: Date) {
        self.begin_line(name);
        self.push_day(day);
        self.out.push_str("\r\n");
    }

    /// A property whose value is a moment, in UTC.
    pub fn moment(&mut self, name: &'static str, at: Timestamp) {
        let t = jiff::tz::Offset::UTC.to_datetime(at);
        self.begin_line(name);
        self.push_day(t.date());
        self.out.push('T');
        let time = t.time();
        [time.hour(), time.minute(), time.second()].into_iter().for_each(|n| self.push_digits(n));
        self.out.push_str("Z\r\n");
    }

    fn begin_line(&mut self, name: &'static str) {
        self.out.push_str(name);
        self.out.push(':');
    }

    /// `20270122`; years before 0 have no form of their own (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.4>).
    fn push_day(&mut self, day: Date) {
        let year = day.year().unsigned_abs();
        for n in [year / 100, year % 100] {
            self.push_digits(i8::try_from(n).unwrap_or(99));
        }
        self.push_digits(day.month());
        self.push_digits(day.day());
    }

    fn push_digits(&mut self, n: i8) {
        self.out.extend([n / 10, n % 10].map(|d| char::from(b'0' + d.unsigned_abs())));
    }

    /// A property whose value is ours and needs no escaping. Control characters are dropped all the same.
    pub fn raw(&mut self, name: &'static str, value: &str) {
        self.begin_line(name);
        let mut room = LONGEST.saturating_sub(name.len() + 1);
        let plain = value.bytes().all(|b| (b' '..0x7f).contains(&b));
        let mut rest = value;
        // Where every character is an octet, a line is cut anywhere.
        while plain && rest.len() > room {
            let (line, more) = rest.split_at(room);
            self.out.push_str(line);
            self.out.push_str("\r\n ");
            (rest, room) = (more, LONGEST - 1);
        }
        if plain {
            self.out.push_str(rest);
        } else {
            for c in value.chars().filter(|c| !c.is_control()) {
                if c.len_utf8() > room {
                    self.out.push_str("\r\n ");
                    room = LONGEST - 1;
                }
                self.out.push(c);
                room -= c.len_utf8();
            }
        }
        self.out.push_str("\r\n");
    }

    /// The text so far.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Text as a TEXT value: every kind of line end becomes `\n`, other control characters a space.
fn escape(s: &str, out: &mut String) {
    // Nothing is to be done about most characters, which are taken by the run. What is marked beyond ASCII begins with one of
    // two octets; another character that does is taken as it is.
    let marked = |b: u8| b < b' ' || matches!(b, 0x7f | 0xc2 | 0xe2 | b'\\' | b';' | b',');
    let mut rest = s;
    while let Some(at) = rest.bytes().position(marked) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = from.chars();
        match chars.next() {
            Some(c @ ('\\' | ';' | ',')) => out.extend(['\\', c]),
            // Its line feed follows.
            Some('\r') if chars.as_str().starts_with('\n') => {}
            // Some readers take these for ends of lines too.
            Some('\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}') => out.push_str("\\n"),
            Some(c) if c.is_control() => out.push(' '),
            Some(c) => out.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The reader of the standard: physical lines end with CRLF, a line that begins with a space goes on.
    fn unfold(text: &str) -> Vec<String> {
        assert!(text.ends_with("\r\n"));
        text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
    }

    fn unescape(s: &str) -> String {
        let (mut out, mut chars) = (String::new(), s.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n' | 'N') => out.push('\n'),
                    Some(c) => out.push(c),
                    None => panic!("a lone backslash in {s:?}"),
                },
                ';' | ',' => panic!("{c:?} stands bare in {s:?}"),
                c => out.push(c),
            }
        }
        out
    }

    /// What a reader must get back.
    fn meant(s: &str) -> String {
        let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        s.replace("\r\n", "\n")
            .chars()
            .map(|c| match c {
                c if breaks.contains(&c) => '\n',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn any_text_is_one_line_of_content_that_reads_back(s in "(?s).{0,300}") {
            let mut l = Lines::default();
            l.text("DESCRIPTION", &s);
            let text = l.finish();
            for physical in text.split("\r\n") {
                prop_assert!(physical.len() <= 75, "{} octets: {physical:?}", physical.len());
                prop_assert!(!physical.contains(['\r', '\n']));
            }
            let lines = unfold(&text);
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(unescape(lines[0].strip_prefix("DESCRIPTION:").unwrap()), meant(&s));
        }

        #[test]
        fn any_address_is_one_line_or_none(s in "(https?:)?(?s).{0,200}") {
            let mut l = Lines::default();
            l.uri("URL", &s);
            let text = l.finish();
            prop_assert!(text.is_empty() || unfold(&text).len() == 1);
            prop_assert!(text.is_ascii());
        }

        #[test]
        fn a_list_has_as_many_values_as_were_given(a in "(?s).{1,60}", b in "(?s).{1,60}") {
            let mut l = Lines::default();
            l.texts("CATEGORIES", [a.as_str(), b.as_str()].into_iter());
            let lines = unfold(&l.finish());
            prop_assert_eq!(lines.len(), 1);
            let whole = lines[0].strip_prefix("CATEGORIES:").unwrap().to_owned();
            let bare = whole.replace("\\\\", "").replace("\\,", "");
            prop_assert_eq!(bare.matches(',').count(), 1);
        }
    }

    #[test]
    fn the_longest_line_is_75_octets_and_characters_stay_whole() {
        let mut l = Lines::default();
        l.text("SUMMARY", &"ü".repeat(80));
        let text = l.finish();
        let sizes: Vec<usize> = text.split_terminator("\r\n").map(str::len).collect();
        assert_eq!(sizes, [74, 75, 21]);
        assert_eq!(unfold(&text), [format!("SUMMARY:{}", "ü".repeat(80))]);
    }
}
