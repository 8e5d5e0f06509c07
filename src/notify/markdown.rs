//! Text from outside inside Markdown of GitHub, Linear and Discord.
//!
//! In: one clean line. Out: the same words, escaped. Invariant: nothing in it is markup, a link, a mention or a reference
//! to an issue. Refuses to guess which of them a service knows: all are broken.

/// Escapes a line. Every ASCII punctuation mark may stand behind a backslash
/// (<https://spec.commonmark.org/0.31.2/#backslash-escapes>); what is found in plain text afterwards (mentions, issues,
/// addresses) is broken by a zero-width space.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | ';' | '\'' | '"' | '?' | '%' | '/' | ':' | '-' | '.') {
            out.push('\\');
        }
        // `www.` and `GH-1` are found in plain text too; a leading `-` or `1.` would begin a list.
        if c == '-' && (out.is_empty() || before.is_ascii_alphabetic() && text.to_ascii_lowercase().contains("gh-")) {
            out.push('\u{200b}');
        }
        out.push(c);
        if matches!(c, '@' | '#' | '!')
            || text[at..].starts_with("://")
            || c == '.' && before.eq_ignore_ascii_case(&'w')
        {
            out.push('\u{200b}');
        }
        before = c;
    }
    // A number with a dot begins a list only at the start of a line.
    match out.find('.') {
        Some(at) if at > 0 && out[..at].bytes().all(|b| b.is_ascii_digit()) => out.insert(at, '\\'),
        _ => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_service_would_turn_into_something() {
        for (text, escaped) in [
            ("plain words, 1.5 and a-b", "plain words, 1.5 and a-b"),
            ("*b* _i_ ~s~ `c` [t](u)", "\\*b\\* \\_i\\_ \\~s\\~ \\`c\\` \\[t\\]\\(u\\)"),
            ("@everyone", "\\@\u{200b}everyone"),
            ("<@123> <script>", "\\<\\@\u{200b}123\\> \\<script\\>"),
            ("https://evil.example", "https:\u{200b}//evil.example"),
            ("www.evil.example", "www.\u{200b}evil.example"),
            ("a/b#1 and !12", "a/b\\#\u{200b}1 and \\!\u{200b}12"),
            ("GH-17", "GH\u{200b}-17"),
            ("- item", "\u{200b}- item"),
            ("# head", "\\#\u{200b} head"),
            ("12. item", "12\\. item"),
            ("&lt;x&gt;", "\\&lt;x\\&gt;"),
            ("a\\b", "a\\\\b"),
        ] {
            assert_eq!(escape(text), escaped, "{text}");
        }
    }
}
