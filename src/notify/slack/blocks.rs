//! Words as Slack blocks.
//!
//! In: a rendered message. Out: at most [`BLOCKS_MAX`] blocks of at most [`TEXT_MAX`] characters. Invariant: `&`, `<` and
//! `>` of every text are escaped, so only links made here are links and nothing is a mention; an escape is never cut in
//! two. Refuses to interpret text that looks escaped already: `&lt;!here&gt;` is shown as it is.

use super::press;
use crate::model::{AlertState, Reason};
use crate::notify::Row;
use crate::notify::render::{Line, Rendered};
use serde_json::{Value, json};

/// Most blocks of a message. <https://docs.slack.dev/reference/block-kit/blocks>
pub(super) const BLOCKS_MAX: usize = 50;
/// Most characters of a section's text. <https://docs.slack.dev/reference/block-kit/blocks/section-block>
pub(super) const TEXT_MAX: usize = 3_000;
/// Most characters of one line, links included: two fit one section.
const LINE_MAX: usize = 1_400;

/// The text of notifications and of clients without blocks: the headline.
pub(super) fn fallback(r: &Rendered) -> String {
    escape(&r.first_line(), TEXT_MAX)
}

/// Headline, lines, what can be pressed, footer. With `buttons`, each alert that goes on can be answered in Slack.
pub(super) fn blocks(r: &Rendered, rows: &[Row], buttons: bool) -> Vec<Value> {
    let mut blocks = sections(r, rows, buttons);
    let over = |row: &Row| matches!(row.reason, Reason::Resolved | Reason::Withdrawn | Reason::Acted);
    match rows {
        [row] if buttons && !over(row) => blocks.push(press::buttons(row)),
        [_] => blocks.extend(r.act.as_deref().map(press::link)),
        _ => {}
    }
    // Where buttons stand, a command is one way too many.
    let footer = match rows {
        [row] if buttons && !over(row) => format!("#{}", row.alert),
        _ => r.footer.clone(),
    };
    blocks.push(json!({"type": "context", "elements": [mrkdwn(&escape(&footer, TEXT_MAX))]}));
    blocks
}

fn sections(r: &Rendered, rows: &[Row], buttons: bool) -> Vec<Value> {
    let mut sections = vec![headline(r)];
    let mut text = String::new();
    let plain = |text: String| json!({"type": "section", "text": mrkdwn(&text)});
    if buttons && rows.len() > 1 {
        let mut out = vec![plain(headline(r))];
        for l in r.lines.iter().take(BLOCKS_MAX - 2) {
            let mut block = plain(line(l));
            let row = rows.iter().find(|row| Some(row.alert) == l.alert);
            if let Some(row) = row.filter(|row| row.state != AlertState::Resolved && !row.matter.is_over()) {
                block["accessory"] = press::menu(row);
            }
            out.push(block);
        }
        return out;
    }
    for line in r.lines.iter().map(line) {
        if !text.is_empty() && text.chars().count() + 1 + line.chars().count() > TEXT_MAX {
            sections.push(std::mem::take(&mut text));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    if !text.is_empty() {
        sections.push(text);
    }
    sections.truncate(BLOCKS_MAX - 2);
    sections.into_iter().map(plain).collect()
}

/// `verbatim` keeps Slack from looking for links, channels and names by itself.
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// Bold, unless the text has stars of its own.
fn headline(r: &Rendered) -> String {
    let text = escape(&r.headline, TEXT_MAX - 20);
    if text.contains('*') { format!("{} {text}", r.marker) } else { format!("{} *{text}*", r.marker) }
}

fn line(line: &Line) -> String {
    let bullet = if line.part.is_bullet() { "• " } else { "" };
    let text = escape(&line.text, LINE_MAX);
    match line.link.as_deref().map(|l| (l, escape(l, usize::MAX))) {
        // The link was checked to hold no < > | ", so what is escaped here is only &.
        Some((_, link)) if link.chars().count() <= LINE_MAX => format!("{bullet}{text} <{link}|open>"),
        Some(_) | None => format!("{bullet}{text}"),
    }
}

/// Escapes the three characters that control Slack's markup, and cuts at `max` characters of the result.
/// <https://docs.slack.dev/messaging/formatting-message-text#escaping>
pub(super) fn escape(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut count = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let mut one = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut one),
        };
        let length = piece.chars().count();
        let room = if rest.peek().is_some() { max.saturating_sub(1) } else { max };
        if count + length > room {
            out.push('…');
            return out;
        }
        out.push_str(piece);
        count += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::render::render;
    use crate::notify::testing::{HOSTILE, ending, hostile_messages, message, services};

    fn all_texts(r: &Rendered) -> Vec<String> {
        let mut out = vec![fallback(r)];
        for b in blocks(r, &[], false) {
            out.extend(b.pointer("/text/text").and_then(Value::as_str).map(str::to_owned));
            out.extend(b.pointer("/elements/0/text").and_then(Value::as_str).map(str::to_owned));
        }
        out
    }

    /// What Slack would take for markup: everything between < and >.
    fn tokens(text: &str) -> Vec<&str> {
        text.split('<').skip(1).map(|t| t.split_once('>').expect("a < without >").0).collect()
    }

    #[test]
    fn an_escape_is_never_cut_in_two() {
        assert_eq!(escape("a<b>&", 100), "a&lt;b&gt;&amp;");
        assert_eq!(escape("&lt;!here&gt;", 100), "&amp;lt;!here&amp;gt;");
        for max in 1..40 {
            let cut = escape("&&&&<<<<>>>>", max);
            assert!(cut.chars().count() <= max, "{cut}");
            let whole = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            assert!(whole.is_empty() || whole == "…", "{cut}");
        }
        assert_eq!(escape("abc", 3), "abc");
        assert_eq!(escape("abcd", 3), "ab…");
    }

    #[test]
    fn the_only_markup_is_our_own_links() {
        for hostile in HOSTILE {
            for m in hostile_messages(hostile) {
                let r = render(&m);
                for text in all_texts(&r) {
                    for token in tokens(&text) {
                        assert!(
                            token.starts_with("https://") && token.ends_with("|open"),
                            "{hostile:?} made <{token}>"
                        );
                        assert_eq!(token.matches('|').count(), 1, "{token}");
                    }
                    assert!(!text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").contains('&'), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_link_keeps_its_query() {
        let mut row = ending();
        row.matter.claims.values_mut().for_each(|c| c.url = Some("https://a.example/x?a=1&b=2#c".into()));
        let texts = all_texts(&render(&message(vec![row]))).join("\n");
        assert!(texts.contains("<https://a.example/x?a=1&amp;b=2#c|open>"), "{texts}");
    }

    #[test]
    fn more_lines_than_slack_takes_still_end_with_the_footer() {
        let mut r = render(&message(vec![ending()]));
        r.lines = vec![Line { text: "x".repeat(2_000), ..r.lines[0].clone() }; 500];
        let rows = [ending()];
        let blocks = blocks(&r, &rows, true);
        assert_eq!(blocks.len(), BLOCKS_MAX);
        assert_eq!(blocks[BLOCKS_MAX - 1]["type"], "context");
    }

    #[test]
    fn the_largest_message_keeps_the_limits() {
        let amps = "&".repeat(5_000);
        let mut rows = Vec::new();
        for _ in 0..300 {
            let mut row = crate::notify::testing::hostile(&amps, ending());
            row.services = services(&[(amps.as_str(), amps.as_str()); 40]);
            rows.push(row);
        }
        for m in [message(rows.clone()), message(rows[..1].to_vec())] {
            let r = render(&m);
            assert!(blocks(&r, m.body.rows(), true).len() <= BLOCKS_MAX);
            for text in all_texts(&r) {
                assert!((1..=TEXT_MAX).contains(&text.chars().count()), "{}", text.len());
            }
        }
    }
}
