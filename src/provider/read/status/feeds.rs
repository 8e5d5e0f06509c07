//! Status pages as feeds: the history of Statuspage, incident.io and OnlineOrNot, Azure's, and feeds of which only the
//! words of state are known.
//!
//! In: a feed. Out: a [`Page`], or plain facts. Invariants: an incident's id is that of its address, so that feed and API
//! speak of one matter; "Update" repeats the state before it; of words of one minute an end is the last; an entry that
//! names no state makes no incident. Refuses a history of which most entries name none.

use super::page::{self, Episode, Health, Markup, Page, Part, Phase, Text, Update};
use crate::model::text::{one_line, safe_link};
use crate::model::{Fact, Kind, Observation, ReadOutcome, Severity, Subject};
use crate::provider::file::StatusSource;
use crate::provider::read::ReadContext;
use crate::provider::read::feed::{Entry, Feed};

/// Words for a state that stand at the head of an update.
const LABELS: &[&str] = &[
    "resolved",
    "update",
    "investigating",
    "identified",
    "monitoring",
    "postmortem",
    "completed",
    "in progress",
    "verifying",
    "scheduled",
    "mitigated",
];

fn label(text: &str) -> Option<&'static str> {
    let text = text.trim().to_lowercase();
    LABELS.iter().find(|l| **l == text).copied()
}

/// What the words of an entry say.
#[derive(Debug, Default)]
struct Said {
    /// The state, lower case.
    word: Option<&'static str>,
    /// The newest update.
    body: String,
    /// How many updates there are.
    updates: usize,
    /// It says of itself that it is scheduled.
    scheduled: bool,
    /// What it names, with the health it gives.
    parts: Vec<Part>,
}

fn said(title: &str, words: &str) -> Said {
    let mut out = Said::default();
    // Time, label, text of each update, newest first.
    let mut updates: Vec<(&str, &'static str, String)> = Vec::new();
    let (mut time, mut affected) = ("", false);
    for (i, line) in words.lines().enumerate() {
        if line.starts_with("THIS IS A SCHEDULED EVENT") {
            out.scheduled = true;
            continue;
        }
        let is_time = line.len() < 40 && line.contains(':') && line.split_whitespace().last().is_some_and(is_zone);
        if is_time {
            time = line;
            continue;
        }
        if line.to_lowercase().starts_with("affected components") {
            affected = true;
            continue;
        }
        let state = line.strip_prefix("Status:").and_then(label);
        let (head, text) =
            line.split_once(" - ").or_else(|| line.strip_suffix(" -").map(|h| (h, ""))).unwrap_or((line, ""));
        let expected = !time.is_empty() || i == 0 || (updates.is_empty() && out.scheduled);
        if let Some(state) = state.or_else(|| label(head).filter(|_| expected)) {
            updates.push((time, state, if line.starts_with("Status:") { String::new() } else { text.to_owned() }));
            (time, affected) = ("", false);
        } else if affected {
            let (name, state) = line.rsplit_once('(').map_or((line, ""), |(n, s)| (n, s.trim_end_matches(')')));
            out.parts.push(Part::component(name.trim(), name.trim(), Health::parse(state)));
        } else if let Some((.., text)) = updates.last_mut() {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(line);
        }
    }
    out.updates = updates.len();
    out.body = updates.first().map_or_else(|| words.replace('\n', " "), |(.., text)| text.clone());
    let newest = updates.first().map_or("", |(time, ..)| *time);
    let ends = |w: &str| Phase::parse(w).is_over();
    let of_the_minute = updates.iter().take_while(|(t, ..)| *t == newest && !t.is_empty());
    let end = of_the_minute.map(|(_, w, _)| *w).find(|w| ends(w));
    let plain = updates.iter().map(|(_, w, _)| *w).find(|w| *w != "update");
    out.word = end.or(plain).or(updates.first().map(|_| "investigating")).or_else(|| of_title(title));
    // Some pages post an entry of its own for the end.
    if of_title(title).is_some_and(ends) {
        out.word = of_title(title);
    }
    out
}

/// `UTC`, `PDT`, `+08`, `-0300`.
fn is_zone(word: &str) -> bool {
    let is_name = word.len() <= 5 && word.bytes().all(|b| b.is_ascii_uppercase());
    let offset = word.strip_prefix(['+', '-']).filter(|digits| matches!(digits.len(), 2 | 4));
    is_name || offset.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
}

/// `[Resolved] Errors`, also in Chinese, `Mitigated - Errors`, `Errors - Resolved`.
fn of_title(title: &str) -> Option<&'static str> {
    let bracket = title.trim().strip_prefix(['[', '【']).and_then(|t| t.split([']', '】']).next());
    match bracket {
        Some("已恢复" | "已解决" | "恢复") => return Some("resolved"),
        Some(word) => return label(word),
        None => {}
    }
    let (head, tail) = (title.split_once([':', '-']), title.rsplit_once(" - "));
    let found = head.and_then(|(h, _)| label(h)).or_else(|| tail.and_then(|(_, t)| label(t)));
    // "Update: our new office" and "Scheduled: a meeting" are titles like any other.
    found.filter(|w| !matches!(*w, "update" | "scheduled" | "in progress"))
}

/// The id in `…/incidents/ID`; a doubled slash before it is passed over.
fn incident_id(link: &str) -> Option<&str> {
    let (_, rest) = link.split_once("/incidents/")?;
    let id = rest.split(['/', '?', '#']).next()?;
    (!id.is_empty()).then_some(id)
}

/// The history of a page.
pub(super) fn history<'f>(feed: &'f Feed<'_>) -> Page<'f> {
    let mut page = Page::default();
    for e in &feed.entries {
        if let Some(episode) = episode(e) {
            keep_newest(&mut page.episodes, episode);
        }
    }
    page
}

/// A page may post its incident's end as an entry of its own: the newest counts, of one moment the end.
fn keep_newest<'b>(all: &mut Vec<Episode<'b>>, next: Episode<'b>) {
    match all.iter_mut().find(|e| e.id == next.id) {
        Some(old) => {
            if (next.update.at, next.phase.is_over()) > (old.update.at, old.phase.is_over()) {
                *old = next;
            }
        }
        None => all.push(next),
    }
}

fn episode<'f>(e: &'f Entry<'_>) -> Option<Episode<'f>> {
    let said = said(&e.title, &e.words());
    let word = said.word?;
    let phase = Phase::parse(word);
    let maintenance = said.scheduled || phase.is_maintenance();
    let id = incident_id(&e.link).or_else(|| incident_id(&e.guid));
    // Of maintenance to come, `published` is the start of its window.
    let (at, start) = match (e.published, e.updated) {
        (Some(p), Some(u)) if maintenance && p > u => (Some(u), Some(p)),
        // RSS has only that one time.
        (Some(p), Some(_)) if phase == Phase::Scheduled => (None, Some(p)),
        (published, updated) => (published.or(updated), None),
    };
    Some(Episode {
        id: id.map_or_else(|| Text::from(e.identity.as_str()), |id| id.to_owned().into()),
        title: e.title.as_str().into(),
        word: word.replace(' ', "_").into(),
        phase,
        maintenance,
        first: said.updates <= 1,
        impact: said.parts.iter().map(|p| p.health.severity()).max().map(|s| (s.max(Severity::Minor), Text::default())),
        update: Update { id: Text::default(), at, edited: None, body: said.body.into(), markup: Markup::Html },
        parts: said.parts,
        window: (start, None),
        link: id.map_or_else(|| e.link.clone(), |id| format!("{}/incidents/{id}", site(&e.link))),
    })
}

/// `https://host` of an address.
fn site(link: &str) -> &str {
    let host = link.find("://").map_or(0, |at| at + 3);
    link[host..].find('/').map_or(link, |end| &link[..host + end])
}

/// Azure's feed lists what is going on now; an item that says it is mitigated or resolved is over.
pub(super) fn azure<'f>(feed: &'f Feed<'_>) -> Page<'f> {
    let mut page = Page::default();
    for e in &feed.entries {
        let over = of_title(&e.title).is_some_and(|w| Phase::parse(w).is_over());
        page.episodes.push(Episode {
            id: e.identity.as_str().into(),
            title: e.title.as_str().into(),
            word: if over { "resolved" } else { "open" }.into(),
            phase: if over { Phase::Over } else { Phase::Open },
            maintenance: false,
            first: true,
            impact: Some((page::impact(""), Text::default())),
            update: Update {
                id: Text::default(),
                at: e.updated.or(e.published),
                edited: None,
                body: Text(e.markup.text()),
                markup: Markup::Html,
            },
            parts: e
                .categories
                .iter()
                .map(|c| Part { kind: crate::model::SubjectType::Product, ..Part::component(c, c, Health::Unknown) })
                .collect(),
            window: (None, None),
            link: e.link.clone(),
        });
    }
    page
}

/// A feed of which only words of state are known: entries with one are incidents, others are told as they are.
pub(super) fn plain(
    source: &StatusSource,
    cx: &ReadContext,
    feed: Feed<'_>,
) -> Result<(usize, Vec<Observation>), ReadOutcome> {
    let rows = feed.entries.len();
    let mut page = history(&feed);
    page.rows = Some(rows);
    page.names.push(feed.title.clone().into());
    let (_, mut out) = super::facts(source, cx, page)?;
    let notes = feed.entries.iter().filter(|e| said(&e.title, &e.words()).word.is_none());
    out.extend(notes.map(|e| Observation {
        provider: cx.provider.clone(),
        source: cx.source.clone(),
        connection: cx.connection.clone(),
        kind: Kind::Change,
        matter: None,
        native_type: Some("status_note".to_owned()),
        native_id: Some(e.identity.clone()),
        severity: Severity::Info,
        title: e.title.clone(),
        summary: one_line(&e.words(), 1_000),
        url: safe_link(&e.link).or_else(|| safe_link(source.page())),
        subjects: vec![Subject::whole(&cx.provider)],
        money: None,
        fact: Fact::Noted,
        occurred_at: e.published.or(e.updated).filter(|at| *at <= cx.received_at).unwrap_or(cx.received_at),
    }));
    Ok((rows, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_repeats_the_state_before_it_and_of_one_minute_the_end_counts() {
        let of = |words: &str| said("Errors", words).word;
        assert_eq!(of("Nov 20, 10:30 UTC\nUpdate - More.\nNov 20, 10:00 UTC\nIdentified - Known."), Some("identified"));
        assert_eq!(
            of(
                "Nov 20, 10:30 UTC\nInvestigating - Works again.\nNov 20, 10:30 UTC\nResolved - Over.\nNov 20, 10:00 UTC\nUpdate - x."
            ),
            Some("resolved")
        );
        assert_eq!(
            of("Nov 20, 11:30 UTC\nInvestigating - Again.\nNov 20, 10:30 UTC\nResolved - Over."),
            Some("investigating")
        );
        assert_eq!(of("RESOLVED -\nAll is well."), Some("resolved"));
        assert_eq!(of("Nov 20, 18:30 +08\nResolved - Over.\nNov 20, 18:00 +08\nIdentified - x."), Some("resolved"));
        assert_eq!(
            of("Status: Monitoring\nA fix is out.\nAffected components\nDemo API (Degraded performance)"),
            Some("monitoring")
        );
        assert_eq!(of("We have a new office."), None);
        let s =
            said("Errors", "Status: Monitoring\nA fix is out.\nAffected components\nDemo API (Degraded performance)");
        assert_eq!(
            (s.body.as_str(), s.parts[0].name.as_str(), s.parts[0].health),
            ("A fix is out.", "Demo API", Health::Degraded)
        );
    }

    #[test]
    fn a_title_may_say_the_end() {
        assert_eq!(of_title("[Resolved] Errors"), Some("resolved"));
        assert_eq!(of_title("【已恢复】Errors"), Some("resolved"));
        assert_eq!(of_title("Mitigated - Errors in one region"), Some("mitigated"));
        assert_eq!(of_title("Errors - Resolved"), Some("resolved"));
        assert_eq!(of_title("Resolved names of hosts fail"), None);
    }

    #[test]
    fn the_id_of_an_address_survives_a_double_slash() {
        assert_eq!(incident_id("https://status.example//incidents/01JDEMO"), Some("01JDEMO"));
        assert_eq!(incident_id("status.example/incidents/abc?x"), Some("abc"));
        assert_eq!(incident_id("https://status.example/"), None);
    }
}
