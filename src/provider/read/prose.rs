//! Words out of markup: what a person would read of an HTML snippet or a Markdown text, block by block.
//!
//! In: HTML or Markdown. Out: plain text, one line for each block (paragraph, item, heading), and a floor under its cost.
//! Invariants: linear in the input; the text is cut at a length; nothing of a tag, a script or a style is left. Refuses to
//! be a browser: what comes out is text for people and for looking for words, never markup again.

use memchr::memchr2;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::borrow::Cow;

/// Words of an HTML snippet, at most about `max` bytes of them.
pub fn of_html(html: &str, max: usize) -> String {
    let mut out = String::with_capacity(html.len().min(max) + 8);
    html_into(html, max, &mut out);
    out
}

/// [`of_either`] with room of the caller's for the words: large blocks are dear to ask for, so those who read many texts
/// use one.
pub fn of_either_in<'t>(text: &'t str, max: usize, room: &'t mut String) -> &'t str {
    if memchr2(b'<', b'&', text.as_bytes()).is_none() {
        return &text[..cut(text, max)];
    }
    room.clear();
    html_into(text, max, room);
    room
}

fn html_into(html: &str, max: usize, out: &mut String) {
    let mut rest = html;
    while !rest.is_empty() && out.len() < max {
        let stop = memchr2(b'<', b'&', rest.as_bytes()).unwrap_or(rest.len());
        push_words(out, &rest[..cut(rest, stop.min(max))]);
        rest = &rest[stop..];
        if rest.starts_with('<') {
            rest = tag(rest, out);
        } else if rest.starts_with('&') {
            rest = entity(rest, out);
        }
    }
    out.truncate(out.trim_end().len());
}

/// Words of what may be HTML or plain text: where there is neither tag nor entity it is taken as it stands.
pub fn of_either(text: &str, max: usize) -> Cow<'_, str> {
    if memchr2(b'<', b'&', text.as_bytes()).is_some() {
        Cow::Owned(of_html(text, max))
    } else {
        Cow::Borrowed(&text[..cut(text, max)])
    }
}

/// The largest place up to `at` where a text may be cut.
fn cut(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// Appends words; runs of white space become one space, which never begins a line.
fn push_words(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    if is_single_spaced(bytes) {
        let glued = out.is_empty() || out.ends_with([' ', '\n']);
        out.push_str(if glued { text.strip_prefix(' ').unwrap_or(text) } else { text });
        return;
    }
    let space = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_whitespace);
    let mut from = 0;
    while from < bytes.len() {
        if space(from) {
            if !out.is_empty() && !out.ends_with([' ', '\n']) {
                out.push(' ');
            }
            from += 1;
            continue;
        }
        // Single spaces between words are taken with them.
        let end = (from..bytes.len()).find(|i| space(*i) && (bytes[*i] != b' ' || space(i + 1))).unwrap_or(bytes.len());
        out.push_str(&text[from..end]);
        from = end;
    }
}

/// Whether white space is only single spaces: most prose is, and is looked over many bytes at once.
fn is_single_spaced(b: &[u8]) -> bool {
    let odd = b.iter().fold(false, |odd, c| odd | (c.is_ascii_whitespace() & (*c != b' ')));
    let double =
        b.iter().zip(b.get(1..).unwrap_or_default()).fold(false, |d, (x, y)| d | ((*x == b' ') & (*y == b' ')));
    !(odd | double)
}

fn new_block(out: &mut String) {
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
}

/// Passes a tag (a comment, a script, a style whole); what parts blocks parts them here.
fn tag<'t>(text: &'t str, out: &mut String) -> &'t str {
    let past = |end: Option<usize>, len: usize| end.map_or("", |at| &text[at + len..]);
    if text.starts_with("<!--") {
        return past(text.find("-->"), 3);
    }
    let name = text[1..].trim_start_matches('/');
    let first = name.as_bytes().first().copied().unwrap_or(b' ');
    if !first.is_ascii_alphabetic() && first != b'!' && first != b'?' {
        // A lone "<" is a word: "latency < 5 s".
        out.push('<');
        return &text[1..];
    }
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    let name = &name[..end];
    for hidden in ["script", "style"] {
        if name.eq_ignore_ascii_case(hidden) && !text.starts_with("</") {
            let close = format!("</{hidden}");
            let at = text.as_bytes().windows(close.len()).position(|w| w.eq_ignore_ascii_case(close.as_bytes()));
            let after = past(at, close.len());
            return after.find('>').map_or("", |end| &after[end + 1..]);
        }
    }
    const BLOCKS: &[&str] = &[
        "p",
        "br",
        "div",
        "li",
        "ul",
        "ol",
        "tr",
        "td",
        "th",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "hr",
        "small",
        "pre",
        "blockquote",
        "table",
        "article",
    ];
    if BLOCKS.iter().any(|b| name.eq_ignore_ascii_case(b)) {
        new_block(out);
    }
    past(text.find('>'), 1)
}

/// Decodes an entity that prose uses; what is none stays as it is.
fn entity<'t>(text: &'t str, out: &mut String) -> &'t str {
    let Some(end) = text.as_bytes().iter().take(12).position(|b| *b == b';') else {
        out.push('&');
        return &text[1..];
    };
    let name = &text[1..end];
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let found = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" | "rsquo" | "lsquo" => Some('\''),
        "ldquo" | "rdquo" => Some('"'),
        "nbsp" | "ensp" | "emsp" | "thinsp" => Some(' '),
        "ndash" | "mdash" => Some('-'),
        "hellip" => Some('…'),
        "bull" | "middot" => Some('·'),
        _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
            Some(hex) => number(hex, 16),
            None => name.strip_prefix('#').and_then(|digits| number(digits, 10)),
        },
    };
    match found {
        Some(c) if c.is_whitespace() || c == '\u{a0}' => push_words(out, " "),
        Some(c) => out.push(c),
        None => {
            out.push('&');
            return &text[1..];
        }
    }
    &text[end + 1..]
}

/// Words of a Markdown text, at most about `max` bytes of them.
pub fn of_markdown(markdown: &str, max: usize) -> String {
    let mut out = String::new();
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut hidden = false;
    for event in Parser::new_ext(markdown, options) {
        if out.len() >= max {
            break;
        }
        match event {
            Event::Start(Tag::MetadataBlock(_)) => hidden = true,
            Event::End(TagEnd::MetadataBlock(_)) => hidden = false,
            Event::Text(t) | Event::Code(t) if !hidden => push_words(&mut out, &t),
            Event::SoftBreak => push_words(&mut out, " "),
            Event::InlineHtml(t) if t.starts_with("<br") => new_block(&mut out),
            Event::Html(t) | Event::InlineHtml(t) => push_words(&mut out, &of_html(&t, max)),
            Event::HardBreak
            | Event::Rule
            | Event::Start(
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::Item
                | Tag::TableRow
                | Tag::TableCell
                | Tag::CodeBlock(_)
                | Tag::BlockQuote(_),
            )
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::CodeBlock) => {
                new_block(&mut out);
            }
            _ => {}
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn html_becomes_the_words_a_person_reads() {
        for (html, words) in [
            ("<p>Errors <b>rose</b>.<br />We look&nbsp;into it.</p>", "Errors rose.\nWe look into it."),
            ("a &amp; b &lt;c&gt; &#8217;d&#x2019; &unknown; &", "a & b <c> \u{2019}d\u{2019} &unknown; &"),
            ("<script>alert('x</p>')</script>seen<style>p{}</style> too", "seen too"),
            ("latency < 5 s", "latency < 5 s"),
            ("<ul>\n<li>One</li>\n<li>Two</li>\n</ul>", "One\nTwo"),
            ("<!-- hidden --> shown", "shown"),
            ("<p>cut off <b", "cut off"),
            ("", ""),
        ] {
            assert_eq!(of_html(html, 1_000), words, "{html}");
            let mut room = "used before".to_owned();
            assert_eq!(of_either_in(html, 1_000, &mut room), of_either(html, 1_000), "{html}");
        }
        assert_eq!(of_either("plain, as it is", 5), "plain");
    }

    #[test]
    fn markdown_becomes_the_words_a_person_reads() {
        let text =
            "---\ntitle: x\n---\n# Head\n\nSome **bold** [link](https://a.example) and `code`\nmore.\n\n* one\n* two\n";
        assert_eq!(of_markdown(text, 1_000), "Head\nSome bold link and code more.\none\ntwo");
        assert_eq!(of_markdown("\\# Incident \\#1<br />over", 100), "# Incident #1\nover");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_leaves_a_script(text in any::<String>(), max in 0usize..60) {
            let _ = of_markdown(&text, max);
            let html = format!("<p>{text}</p><script>evil({text})");
            prop_assert!(!of_html(&html, 10_000).contains("<script"));
            let _ = of_html(&text, max);
        }
    }
}
