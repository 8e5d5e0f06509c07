//! What is possibly the same: one incident heard in two places that give it no common id.
//!
//! In: two matters. Out: whether they may be one. Invariant: they stay two, each with its own state and people; one page is
//! believed to keep its own incidents apart. Refuses to join anything, and to look at times that do not overlap.

use crate::model::{Kind, MatterState, Subject};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Two sources may begin and end this far apart.
const APART: SignedDuration = SignedDuration::from_mins(30);
/// So much of the shorter title must stand in the other.
const SHARE: f64 = 0.6;
/// Words that all incidents share.
const COMMON: &[&str] = &[
    "and",
    "are",
    "elevated",
    "error",
    "errors",
    "for",
    "from",
    "incident",
    "increased",
    "issue",
    "issues",
    "our",
    "rates",
    "service",
    "services",
    "some",
    "the",
    "with",
];

/// Whether two matters may be one.
pub fn possibly_same(a: &MatterState, b: &MatterState, now: Timestamp) -> bool {
    let heard_apart = match (&a.listing, &b.listing) {
        (Some(x), Some(y)) => x.source != y.source,
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    };
    let episodes = matches!(a.kind, Kind::Incident | Kind::Maintenance) && a.kind == b.kind;
    heard_apart && episodes && a.id != b.id && a.provider == b.provider && overlap(a, b, now) && alike(a, b)
}

fn overlap(a: &MatterState, b: &MatterState, now: Timestamp) -> bool {
    let span = |m: &MatterState| match m.window {
        Some(w) => (w.from, w.until.unwrap_or(w.from)),
        None if m.is_over() => (m.opened_at, m.latest_at),
        None => (m.opened_at, now),
    };
    let ((a_from, a_until), (b_from, b_until)) = (span(a), span(b));
    a_from.duration_since(b_until) <= APART && b_from.duration_since(a_until) <= APART
}

/// The same component, or titles that say the same.
fn alike(a: &MatterState, b: &MatterState) -> bool {
    let part = |s: &&Subject| !s.is_whole();
    let same = |s: &Subject| {
        b.subjects
            .iter()
            .filter(part)
            .any(|t| (s.kind, &s.region) == (t.kind, &t.region) && s.id.eq_ignore_ascii_case(&t.id))
    };
    if a.subjects.iter().filter(part).any(same) {
        return true;
    }
    let (x, y) = (words(&a.title), words(&b.title));
    let (common, least) = (x.intersection(&y).count(), x.len().min(y.len()));
    #[expect(clippy::cast_precision_loss, reason = "titles have few words")]
    let enough = common as f64 >= least as f64 * SHARE;
    least > 0 && enough && (common > 1 || x == y)
}

/// The words of a title that tell it from others.
fn words(title: &str) -> BTreeSet<String> {
    let all = title.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    all.filter(|w| w.len() > 2 && !COMMON.contains(&w.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Change, Fact, MatterId, Observation, ProviderId, SourceId, SubjectType};
    use crate::rules::fold::{Heard, fold};

    fn at(minutes: i64) -> Timestamp {
        let begin: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        begin + SignedDuration::from_mins(minutes)
    }

    fn matter(source: &str, id: &str, title: &str, part: &str, minutes: i64) -> MatterState {
        let provider = ProviderId::new("acme").unwrap();
        let subject = match part {
            "" => Subject::whole(&provider),
            part => Subject::of(&provider, SubjectType::Component, part.to_owned()),
        };
        let seen = Observation {
            source: SourceId::of(&provider, source).unwrap(),
            connection: None,
            kind: Kind::Incident,
            matter: MatterId::new(format!("acme:incident/{id}")).ok(),
            native_type: None,
            native_id: None,
            severity: crate::model::Severity::Major,
            title: title.to_owned(),
            summary: String::new(),
            url: None,
            subjects: vec![subject],
            money: None,
            fact: Fact::Episode { change: Change::Opened },
            occurred_at: at(minutes),
            provider,
        };
        fold(None, &seen, Heard { at: at(minutes), baseline: false }).state.unwrap()
    }

    #[test]
    fn two_sources_on_one_component_or_with_one_title_at_one_time_are_possibly_the_same() {
        let page = matter("status", "1", "Elevated errors on chat completions", "Chat", 0);
        for (what, other, same) in [
            ("component", matter("status.feed", "2", "Trouble", "chat", 10), true),
            ("title", matter("status.feed", "2", "Chat completions: increased errors", "", 10), true),
            ("other title", matter("status.feed", "2", "Login is slow", "", 10), false),
            ("one common word", matter("status.feed", "2", "Errors in chat exports for admins", "", 10), false),
            ("its own page", matter("status", "2", "Elevated errors on chat completions", "Chat", 10), false),
            ("itself", matter("status.feed", "1", "Elevated errors on chat completions", "Chat", 10), false),
        ] {
            assert_eq!(possibly_same(&page, &other, at(60)), same, "{what}");
            assert_eq!(possibly_same(&other, &page, at(60)), same, "{what}, turned round");
        }
    }

    #[test]
    fn what_was_over_long_before_the_other_began_is_another() {
        let mut page = matter("status", "1", "Chat completions fail", "", 0);
        let later = matter("status.feed", "2", "Chat completions fail", "", 120);
        assert!(possibly_same(&page, &later, at(130)), "still open");
        page.stage = crate::model::Stage::Resolved;
        page.latest_at = at(80);
        assert!(!possibly_same(&page, &later, at(130)));
        page.latest_at = at(100);
        assert!(possibly_same(&page, &later, at(130)), "sources end a little apart");
    }
}
