//! The words of a digest: a first line that is enough on a quiet week, then what ends, what waits, what was small.
//!
//! In: a [`Digest`] and the reader's clock. Out: a [`Rendered`]. Invariant: "nothing ends" never stands without how many
//! sources were read; lists are capped and say how many they leave out. Refuses buttons: one answers where the alert is.

use super::{Clock, HEADLINE_MAX, Line, Part, Rendered, group};
use crate::model::text::one_line;
use crate::notify::Row;
use crate::notify::digest::{AHEAD, Digest, ForOperators, Owed, Sources};

/// Endings shown before they are counted.
const ENDS_SHOWN: usize = 20;
/// Lines of each other list shown before they are counted.
const SHOWN: usize = 8;
/// Names in the first line before they are counted.
const NAMES_SHOWN: usize = 3;
/// Longest line of a list.
const LINE_MAX: usize = 400;

pub(super) fn digest(d: &Digest, clock: Clock<'_>) -> Rendered {
    let headline = one_line(&headline(d, clock), HEADLINE_MAX);
    let owner = one_line(&d.owner, 64);
    let mut lines = Vec::new();
    lines.extend(d.ends.iter().take(ENDS_SHOWN).map(|o| ending(o, clock)));
    let list = format!("forewarn alerts --owner {owner}");
    rest(&mut lines, d.ends.len(), ENDS_SHOWN, &list);
    lines.extend(further(d));
    section(&mut lines, "Without an answer", d.waiting.iter().map(|r| waiting(r, clock)), &list);
    let since = clock.day(d.since);
    let minor = d.minor.iter().map(|m| Line::new(Part::Item, one_line(m, LINE_MAX)));
    section(&mut lines, &format!("Small incidents since {since}, told here only"), minor, "forewarn events");
    if let Some(o) = &d.operators {
        for_operators(&mut lines, o, &since);
    }
    lines.push(Line::new(Part::Proof, sources(&d.sources, clock)));
    Rendered {
        marker: if !d.waiting.is_empty() || d.ends.iter().any(|o| is_unanswered(o, clock)) { "🟡" } else { "⚪" },
        subject: one_line(&format!("[forewarn] digest for {owner}: {headline}"), HEADLINE_MAX),
        headline,
        lines,
        footer: footer(d, clock, &owner),
        act: None,
    }
}

/// What neither was answered nor is snoozed.
fn is_unanswered(o: &Owed, clock: Clock<'_>) -> bool {
    o.row.answer.is_none() && o.snoozed_until.is_none_or(|at| at <= clock.now)
}

/// `Nothing of yours ends within 90 days. 49 of 51 sources read; unread: groq/models`.
fn headline(d: &Digest, clock: Clock<'_>) -> String {
    let open = d.ends.iter().filter(|o| is_unanswered(o, clock)).count();
    let ends = match d.ends.len() {
        0 => format!("Nothing of yours ends within {AHEAD} days"),
        n => {
            let verb = if n == 1 { "ends" } else { "end" };
            let open = if open == 0 { String::new() } else { format!(", {open} without an answer") };
            format!("{n} of yours {verb} within {AHEAD} days{open}: {}", names(&d.ends))
        }
    };
    let waiting = match d.waiting.len() {
        0 => String::new(),
        1 => ". 1 other thing waits for an answer".into(),
        n => format!(". {n} other things wait for an answer"),
    };
    let gaps = match d.operators.as_ref().map_or(0, |o| o.gaps.len()) {
        0 => String::new(),
        1 => ". 1 gap".into(),
        n => format!(". {n} gaps"),
    };
    format!("{ends}{waiting}{gaps}. {}", read(&d.sources))
}

/// `gpt-demo-1, gpt-demo-2, gpt-demo-3 +4`.
fn names(ends: &[Owed]) -> String {
    let shown: Vec<_> = ends.iter().take(NAMES_SHOWN).map(|o| one_line(&super::words::name(&o.row), 60)).collect();
    let more = ends.len().saturating_sub(NAMES_SHOWN);
    if more == 0 { shown.join(", ") } else { format!("{} +{more}", shown.join(", ")) }
}

/// `49 of 51 sources read; unread: groq/models, venice/models +1`.
fn read(s: &Sources) -> String {
    let unread: Vec<String> = s.unread.iter().take(NAMES_SHOWN).map(|(id, _)| one_line(id, 60)).collect();
    match (s.watched, s.unread.len()) {
        (0, _) => "No source is watched".into(),
        (n, 0) => format!("All {n} sources read"),
        (n, bad) => {
            let more = bad.saturating_sub(NAMES_SHOWN);
            let more = if more == 0 { String::new() } else { format!(" +{more}") };
            format!("{} of {n} sources read; unread: {}{more}", n.saturating_sub(bad), unread.join(", "))
        }
    }
}

/// `🟠 #17 gpt-demo shuts down Fri 22 Jan 2027 (60 days): rerank-batch, staging only. No answer yet, reminder Fri 8 Jan.`
fn ending(o: &Owed, clock: Clock<'_>) -> Line {
    let item = group::item(&o.row, clock);
    let mut envs: Vec<&str> = o.row.services.iter().map(|s| s.env.as_str()).collect();
    envs.dedup();
    let env = match envs.as_slice() {
        [one] if *one != "production" => format!(", {} only", one_line(one, 40)),
        _ => String::new(),
    };
    let stands = match (&o.row.answer, o.snoozed_until.filter(|at| *at > clock.now), o.row.next.first()) {
        (_, Some(at), _) => format!("Snoozed until {}", clock.day(at)),
        (Some(answer), None, _) => format!("Answered: {}", one_line(answer, 200)),
        (None, None, Some(step)) => format!("No answer yet, reminder {}", clock.day(step.at)),
        (None, None, None) => "No answer yet".into(),
    };
    Line { text: one_line(&format!("{}{env}. {stands}.", item.text), LINE_MAX), alert: None, ..item }
}

fn waiting(row: &Row, clock: Clock<'_>) -> Line {
    Line { alert: None, ..group::item(row, clock) }
}

/// What lies beyond, counted.
fn further(d: &Digest) -> Option<Line> {
    let later = (d.later > 0).then(|| format!("{} more of yours end later", d.later));
    let undated = (d.undated > 0).then(|| format!("{} without a date yet", d.undated));
    let words: Vec<String> = later.into_iter().chain(undated).collect();
    (!words.is_empty()).then(|| Line::new(Part::Section, format!("{}.", words.join(", "))))
}

fn for_operators(lines: &mut Vec<Line>, o: &ForOperators, since: &str) {
    let item = |text: &String| Line::new(Part::Item, one_line(text, LINE_MAX));
    section(lines, "Gaps", o.gaps.iter().map(item), "forewarn owners --gaps");
    let title = format!("Announced since {since}, and no service uses it");
    section(lines, &title, o.unused.iter().map(item), "forewarn calendar --all");
    if o.unused_ahead > 0 {
        let text =
            format!("{} endings within {AHEAD} days are used by no service: forewarn calendar --all", o.unused_ahead);
        lines.push(Line::new(Part::Section, text));
    }
}

/// A title and its list; nothing where the list is empty.
fn section(lines: &mut Vec<Line>, title: &str, items: impl ExactSizeIterator<Item = Line>, command: &str) {
    let n = items.len();
    if n > 0 {
        lines.push(Line::new(Part::Section, format!("{title}:")));
        lines.extend(items.take(SHOWN));
        rest(lines, n, SHOWN, command);
    }
}

fn rest(lines: &mut Vec<Line>, all: usize, shown: usize, command: &str) {
    if let Some(more) = all.checked_sub(shown).filter(|n| *n > 0) {
        lines.push(Line::new(Part::Item, format!("and {more} more: {command}")));
    }
}

/// `49 of 51 sources read. Unread: groq/models since Sat 21 Nov, venice/models (never read). Their rows may be incomplete.`
fn sources(s: &Sources, clock: Clock<'_>) -> String {
    if s.unread.is_empty() {
        return format!("{}.", read(s));
    }
    let one = |(id, at): &(String, Option<jiff::Timestamp>)| match at {
        Some(at) => format!("{} since {}", one_line(id, 60), clock.day(*at)),
        None => format!("{} (never read)", one_line(id, 60)),
    };
    let shown: Vec<String> = s.unread.iter().take(SHOWN).map(one).collect();
    let more = s.unread.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more (forewarn status)") };
    let good = s.watched.saturating_sub(s.unread.len());
    format!(
        "{good} of {} sources read. Unread: {}{more}: what they say may be missing here.",
        s.watched,
        shown.join(", ")
    )
}

/// A sign of life says when the next one is due.
fn footer(d: &Digest, clock: Clock<'_>, owner: &str) -> String {
    let answer = d.ends.iter().find(|o| is_unanswered(o, clock)).map(|o| o.row.alert);
    let answer = answer.or_else(|| d.waiting.first().map(|r| r.alert));
    let act = match answer {
        Some(n) => format!("To answer one: forewarn ack {n} --plan DATE. All: forewarn alerts --owner {owner}. "),
        None => "Nothing to do. ".into(),
    };
    let next = d.next.map_or_else(String::new, |at| {
        format!("The next digest comes {}; if it does not, ask whether forewarn runs.", clock.moment(at))
    });
    format!("{act}{next}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::one_line;
    use crate::notify::testing::{HOSTILE, at, ending, hostile, incident, message};
    use crate::notify::{Body, Message};

    fn quiet() -> Digest {
        Digest {
            owner: "search".into(),
            since: at("2026-11-16T14:00:00Z"),
            ends: vec![],
            later: 0,
            undated: 0,
            waiting: vec![],
            minor: vec![],
            operators: None,
            sources: Sources {
                watched: 51,
                unread: vec![("groq/models".into(), Some(at("2026-11-21T08:00:00Z"))), ("venice/models".into(), None)],
            },
            next: Some(at("2026-12-07T14:00:00Z")),
        }
    }

    fn said(d: Digest) -> Rendered {
        super::super::render(&Message { body: Body::Digest(Box::new(d)), ..message(vec![]) })
    }

    fn lines(r: &Rendered) -> Vec<&str> {
        r.lines.iter().map(|l| l.text.as_str()).collect()
    }

    #[test]
    fn a_quiet_week_is_one_line_that_says_what_was_not_read() {
        let r = said(quiet());
        assert_eq!(
            r.first_line(),
            "⚪ Nothing of yours ends within 90 days. 49 of 51 sources read; unread: groq/models, venice/models"
        );
        assert_eq!(
            lines(&r),
            [
                "49 of 51 sources read. Unread: groq/models since Sat 21 Nov, venice/models (never read): what they say may be missing here."
            ]
        );
        assert!(r.footer.starts_with("Nothing to do. The next digest comes Mon 7 Dec"), "{}", r.footer);
        let r = said(Digest { sources: Sources { watched: 0, unread: vec![] }, ..quiet() });
        assert!(r.headline.ends_with("No source is watched"), "never all clear: {}", r.headline);
    }

    #[test]
    fn what_ends_stands_with_how_far_its_owner_is() {
        let mut staging = ending();
        staging.services.truncate(1);
        staging.services[0].env = "staging".into();
        let mut planned = ending();
        planned.answer = Some("plan Sun 10 Jan 2027 (Mei)".into());
        let owed = |row, snoozed: Option<&str>| Owed { row, snoozed_until: snoozed.map(at) };
        let r = said(Digest {
            ends: vec![
                owed(staging, None),
                owed(planned, None),
                owed(ending(), Some("2026-12-20T08:00:00Z")),
                owed(ending(), Some("2026-11-20T08:00:00Z")),
            ],
            later: 2,
            undated: 1,
            waiting: vec![incident()],
            ..quiet()
        });
        assert!(
            r.headline.starts_with("4 of yours end within 90 days, 2 without an answer: gpt-demo"),
            "{}",
            r.headline
        );
        assert!(r.headline.contains(". 1 other thing waits for an answer. 49 of 51"), "{}", r.headline);
        let all = lines(&r);
        assert!(all[0].contains(", staging only. No answer yet, reminder "), "{}", all[0]);
        assert!(all[1].ends_with("Answered: plan Sun 10 Jan 2027 (Mei)."), "{}", all[1]);
        assert!(all[2].ends_with("Snoozed until Sun 20 Dec."), "{}", all[2]);
        assert!(all[3].contains("No answer yet"), "a snooze that is over is none: {}", all[3]);
        assert_eq!(all[4], "2 more of yours end later, 1 without a date yet.");
        assert_eq!(all[5], "Without an answer:");
        assert!(r.footer.starts_with("To answer one: forewarn ack 17 --plan DATE."), "{}", r.footer);
        assert_eq!(r.marker, "🟡");
    }

    #[test]
    fn those_who_run_it_hear_of_gaps_and_of_what_nobody_uses() {
        let all = |n: usize| (0..n).map(|i| format!("thing {i}")).collect::<Vec<_>>();
        let operators = ForOperators { unused: all(10), unused_ahead: 37, gaps: all(1) };
        let r = said(Digest { operators: Some(operators), minor: all(2), ..quiet() });
        assert!(r.headline.starts_with("Nothing of yours ends within 90 days. 1 gap. 49 of 51"), "{}", r.headline);
        let text = lines(&r).join("\n");
        for words in [
            "Small incidents since Mon 16 Nov, told here only:\nthing 0\nthing 1\nGaps:\nthing 0\n",
            "and 2 more: forewarn calendar --all",
            "37 endings within 90 days are used by no service",
        ] {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
    }

    #[test]
    fn what_a_stranger_wrote_stays_one_line() {
        for text in HOSTILE {
            let row = || hostile(text, ending());
            let many = || vec![(*text).to_owned(); 300];
            let r = said(Digest {
                ends: vec![Owed { row: row(), snoozed_until: None }; 300],
                waiting: vec![row(); 300],
                minor: many(),
                operators: Some(ForOperators { unused: many(), unused_ahead: 1, gaps: many() }),
                sources: Sources { watched: 900, unread: vec![((*text).to_owned(), None); 300] },
                ..quiet()
            });
            assert!(r.lines.len() < 70, "{}", r.lines.len());
            for l in std::iter::once(r.headline.as_str()).chain(lines(&r)) {
                assert_eq!(l, one_line(l, 4_000), "{text:?}");
            }
        }
    }
}
