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
pub struct Lines(String);

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
        self.raw(name, &escape(value));
    }

    /// A property whose value is a list of such texts; none, no property.
    pub fn texts<'v>(&mut self, name: &'static str, values: impl Iterator<Item = &'v str>) {
        let all: Vec<String> = values.map(escape).collect();
        if !all.is_empty() {
            self.raw(name, &all.join(","));
        }
    }

    /// A property whose value is an address; what is none is left out (<https://www.rfc-editor.org/rfc/rfc5545#section-3.3.13>).
    pub fn uri(&mut self, name: &'static str, value: &str) {
        // Parsed and written anew, an address is ASCII without spaces and controls.
        if let Ok(url) = url::Url::parse(value)
            && matches!(url.scheme(), "http" | "https")
        {
            self.raw(name, url.as_str());
        }
    }

    /// A property whose value is a day.
    pub fn day(&mut self, name: &'static str, day: Date) {
        self.raw(name, &day.strftime("%Y%m%d").to_string());
    }

    /// A property whose value is a moment, in UTC.
    pub fn moment(&mut self, name: &'static str, at: Timestamp) {
        self.raw(name, &at.strftime("%Y%m%dT%H%M%SZ").to_string());
    }

    /// A property whose value is ours and needs no escaping. Control characters are dropped all the same.
    pub fn raw(&mut self, name: &'static str, value: &str) {
        let mut room = LONGEST;
        for c in name.chars().chain([':']).chain(value.chars().filter(|c| !c.is_control())) {
            if c.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LONGEST - 1;
            }
            self.0.push(c);
            room -= c.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// The text so far.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Text as a TEXT value: every kind of line end becomes `\n`, other control characters a space.
fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len() + 8);
    let mut chars = s.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push_str("\\n");
                }
            }
            // Some readers take these for ends of lines too.
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
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
