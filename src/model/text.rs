//! Text from outside, made harmless once, where it enters.
//!
//! In: any text of a provider. Out: one line or a paragraph without control, bidirectional-override or line-separator
//! characters, cut to a length. Invariant: what passed here can stand in a log line, a header or a cell. Refuses to
//! escape for a medium (Slack, HTML, calendar): each medium's renderer does that for its own.

/// One line: control characters and every kind of line break become a space, runs of spaces collapse, the rest is cut
/// at `max` characters with an ellipsis.
pub fn one_line(s: &str, max: usize) -> String {
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

    #[test]
    fn one_line_has_no_breaks_and_no_overrides() {
        assert_eq!(one_line("a\r\nb\u{2028}c\0d\te  f", 40), "a b c d e f");
        assert_eq!(one_line("x\u{202e}y\u{200b}z", 40), "xyz");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("  \n ", 3), "");
    }

    #[test]
    fn a_star_stands_for_any_run_and_nothing_else_is_special() {
        for (p, t) in [("a", "a"), ("*", ""), ("*", "x"), ("a*", "a"), ("a*c", "abbc"), ("*b*", "abc"), ("a**c", "ac"), ("a*bc", "abcbc")] {
            assert!(glob(p, t), "{p} {t}");
        }
        for (p, t) in [("a", "ab"), ("a*", "b"), ("a*c", "ab"), ("a.c", "abc"), ("", "a"), ("ab*ba", "aba"), ("*a*a", "a")] {
            assert!(!glob(p, t), "{p} {t}");
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
