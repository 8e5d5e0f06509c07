//! Text from outside, made harmless once, where it enters.
//!
//! In: any text of a provider. Out: one line or a paragraph without control, bidirectional-override or line-separator
//! characters, cut to a length. Invariant: what passed here can stand in a log line, a header or a cell. Refuses to
//! escape for a medium (Slack, HTML, calendar): each medium's renderer does that for its own.

/// One line: control characters and every kind of line break become a space, runs of spaces collapse, the rest is cut
/// at `max` characters with an ellipsis.
pub fn one_line(s: &str, max: usize) -> String {
    if s.len() <= max && is_tidy(s.as_bytes()) {
        return s.to_owned();
    }
    let mut out = String::with_capacity(s.len().min(max.saturating_mul(4)));
    let mut count = 0;
    let mut space = false;
    for c in s.chars() {
        if is_invisible(c) {
            continue;
        }
        if c.is_whitespace() || c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            space = !out.is_empty();
            continue;
        }
        if space {
            out.push(' ');
            count += 1;
            space = false;
        }
        if count >= max {
            out.push('…');
            return out;
        }
        out.push(c);
        count += 1;
    }
    out
}

/// Whether a text is one already: printable ASCII, single spaces between words.
fn is_tidy(b: &[u8]) -> bool {
    let mut before = b' ';
    for c in b {
        if !(b' '..=b'~').contains(c) || (*c == b' ' && before == b' ') {
            return false;
        }
        before = *c;
    }
    before != b' ' || b.is_empty()
}

/// Bidirectional overrides, zero-width characters and byte-order marks: they change what a reader sees.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Only `http` and `https` links survive; anything else is no link.
pub fn safe_link(s: &str) -> Option<String> {
    let s = s.trim();
    let ok = (s.starts_with("https://") || s.starts_with("http://"))
        && s.len() <= 2_000
        && !s.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"'));
    ok.then(|| s.to_owned())
}

/// Whether `text` matches `pattern`, where `*` stands for any run of characters; nothing else is special. Linear in
/// `text` for each `*`, without recursion.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(mut part) = parts.next() else { return rest.is_empty() };
    for next in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
        part = next;
    }
    rest.ends_with(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_line_has_no_breaks_and_no_overrides() {
        assert_eq!(one_line("a\r\nb\u{2028}c\0d\te  f", 40), "a b c d e f");
        assert_eq!(one_line("x\u{202e}y\u{200b}z", 40), "xyz");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("  \n ", 3), "");
    }

    #[test]
    fn a_star_stands_for_anything_and_a_dot_for_itself() {
        for (pattern, text) in [
            ("a.b", "a.b"),
            ("a.*", "a."),
            ("a.*", "a.b.c"),
            ("*", ""),
            ("*.failed", "invoice.payment.failed"),
            ("a*b*c", "a-b-b-c"),
            ("**", "x"),
            ("v1.*.*d", "v1.x.failed"),
            ("core[*].updated", "core[x].updated"),
        ] {
            assert!(glob(pattern, text), "{pattern} matches {text}");
        }
        for (pattern, text) in [
            ("a.b", "axb"),
            ("a.*", "a"),
            ("a.*", "ab.c"),
            ("*.failed", "failed"),
            ("ab*ba", "aba"),
            ("a*b*c", "a-c-b"),
            ("", "x"),
            ("A.*", "a.b"),
        ] {
            assert!(!glob(pattern, text), "{pattern} does not match {text}");
        }
    }

    /// The plain definition, by going back.
    fn slow_glob(p: &[char], t: &[char]) -> bool {
        match p.split_first() {
            None => t.is_empty(),
            Some(('*', rest)) => (0..=t.len()).any(|n| slow_glob(rest, &t[n..])),
            Some((c, rest)) => t.split_first().is_some_and(|(d, t)| c == d && slow_glob(rest, t)),
        }
    }

    proptest! {
        #[test]
        fn the_fast_glob_says_what_the_definition_says(p in "[ab.é*]{0,7}", t in "[ab.é]{0,9}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob(&p, &t), slow_glob(&chars(&p), &chars(&t)));
        }

        #[test]
        fn every_text_matches_itself_with_any_stretch_starred(t in "\\PC{0,20}", a in 0usize..20, b in 0usize..20) {
            prop_assume!(!t.contains('*'));
            let chars: Vec<char> = t.chars().collect();
            let (a, b) = (a.min(b).min(chars.len()), a.max(b).min(chars.len()));
            let pattern: String = chars[..a].iter().chain(&['*']).chain(&chars[b..]).collect();
            prop_assert!(glob(&pattern, &t));
        }
    }

    #[test]
    fn only_web_links_survive() {
        assert_eq!(safe_link("https://a.example/x?y=1"), Some("https://a.example/x?y=1".into()));
        for bad in ["javascript:alert(1)", "data:text/html,x", "https://a.example/<x>", "https://a b", "ftp://x", ""] {
            assert_eq!(safe_link(bad), None, "{bad}");
        }
    }
}
