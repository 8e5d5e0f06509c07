//! What moved, as Markdown for a postmortem.
//!
//! In: [`Between`]. Out: CommonMark with pipes only inside text. Invariant: text from outside is escaped, so that it makes
//! no heading, link, mention, table or HTML; a link is a checked one in angle brackets. Refuses to leave out what could
//! not be read.

use super::{Between, Suffered};
use crate::engine::heard::Heard;
use crate::model::moment::minutes;
use crate::model::text::{one_line, safe_link};
use jiff::Timestamp;
use std::fmt::Write;

/// Longest text of one entry, in characters.
const LINE: usize = 300;

/// The window as Markdown.
pub fn markdown(b: &Between) -> String {
    let mut out = String::new();
    let whose = b.provider.as_ref().map_or_else(String::new, |p| format!(" ({})", plain(p)));
    let _ = writeln!(out, "## What our providers changed or suffered{whose}\n");
    let _ = writeln!(out, "{} to {} (UTC).\n", moment(b.from), moment(b.to));
    suffered(&mut out, "Incidents", &b.incidents);
    suffered(&mut out, "Maintenance", &b.maintenance);
    if !b.ended.is_empty() {
        out.push_str("### Ended\n\n");
        for d in &b.ended {
            let used = if d.services.is_empty() {
                String::new()
            } else {
                format!("; used by {}", plain(&d.services.join(", ")))
            };
            let on = d.shutdown_on.map_or_else(String::new, |on| format!(" on {on}"));
            let _ = writeln!(out, "- **{}** ended{on}{used}{}", plain(&d.id), link(d.url.as_deref()));
        }
        out.push('\n');
    }
    listed(&mut out, "Changes", &b.moved);
    listed(&mut out, "What we could not read", &b.blind);
    if b.incidents.is_empty() && b.maintenance.is_empty() && b.moved.is_empty() && b.ended.is_empty() {
        let heard = if b.blind.is_empty() { "" } else { ", as far as we could read" };
        let _ = writeln!(out, "Nothing was heard{heard}.\n");
    }
    if b.first_reads > 0 {
        let _ = writeln!(
            out,
            "{} more were read for the first time in this window and are no news of it.\n",
            b.first_reads
        );
    }
    if b.more {
        out.push_str("There is more than fits here: choose a shorter window.\n\n");
    }
    let _ = writeln!(out, "By forewarn {}.", env!("CARGO_PKG_VERSION"));
    out
}

fn suffered(out: &mut String, head: &str, all: &[Suffered]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {head}\n");
    for s in all {
        let e = &s.episode;
        let state = s.ended_at.map_or_else(
            || format!("not over, {} min so far", s.minutes),
            |t| format!("to {}, {} min", moment(t), s.minutes),
        );
        let began = e.window.map_or(e.opened_at, |w| w.from);
        let _ = writeln!(
            out,
            "- **{}: {}** ({}), {} {state}{}",
            plain(&e.provider),
            plain(&e.title),
            e.severity,
            moment(began),
            link(e.url.as_deref())
        );
        if !e.services.is_empty() {
            let _ = writeln!(out, "  - ours: {}", plain(&e.services.join(", ")));
        }
        for h in &s.timeline {
            let _ = writeln!(out, "  - {}", entry(h));
        }
    }
    out.push('\n');
}

fn listed(out: &mut String, head: &str, all: &[Heard]) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "### {head}\n");
    for h in all {
        let e = &h.event.event;
        let _ = writeln!(out, "- {} **{}**{}", moment(e.received_at), plain(&e.title), link(e.url.as_deref()));
        if let (Some(from), Some(to)) = (&e.moved_from, &e.deadline) {
            let _ = writeln!(out, "  - moved from {} to {}", from.in_words(), to.in_words());
        }
        let change = e.change.map_or("", |c| c.as_str());
        let said = if h.quote.is_empty() { String::new() } else { format!(": “{}”", plain(&h.quote)) };
        let _ = writeln!(out, "  - {} {change}, read at {}{said}", e.kind, plain(e.source.as_str()));
    }
    out.push('\n');
}

fn entry(h: &Heard) -> String {
    let e = &h.event.event;
    let words = if e.summary.is_empty() { &e.title } else { &e.summary };
    let late = minutes_late(e.occurred_at, e.received_at);
    format!("{} {}: {}{late}", moment(e.occurred_at), e.change.map_or("", |c| c.as_str()), plain(words))
}

fn minutes_late(said: Timestamp, heard: Timestamp) -> String {
    match minutes(said, heard) {
        0..5 => String::new(),
        n => format!(" (heard {n} min later)"),
    }
}

fn moment(t: Timestamp) -> String {
    t.strftime("%Y-%m-%d %H:%M").to_string()
}

fn link(url: Option<&str>) -> String {
    url.and_then(safe_link).map_or_else(String::new, |u| format!(" <{u}>"))
}

/// Text that means nothing to Markdown. Every ASCII sign may be escaped (<https://spec.commonmark.org/0.31.2/#backslash-escapes>).
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text, LINE).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '~' | '$' | '&' => {
                out.push('\\');
                out.push(c);
            }
            // A mention of somebody, and a bare address: a sign that is not seen keeps them apart.
            '@' => out.push_str("@\u{2060}"),
            ':' => out.push_str(if text.contains("://") { ":\u{2060}" } else { ":" }),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_makes_no_markup() {
        let text = plain("# <b>x</b> [a](https://evil.example) | @channel `c`\n- y ![i](z) ~~s~~ $m$ &amp;");
        for bad in ["<b>", "[a](", "https://", "@channel", " `c", "\n", "![", "~~", " | ", " &amp"] {
            assert!(!text.contains(bad), "{bad:?} in {text}");
        }
        assert!(text.starts_with("\\#"));
    }

    #[test]
    fn a_link_is_a_checked_one() {
        assert_eq!(link(Some("https://a.example/x")), " <https://a.example/x>");
        assert_eq!(link(Some("javascript:alert(1)")), "");
        assert_eq!(link(Some("https://a.example/> <script>")), "");
    }
}
