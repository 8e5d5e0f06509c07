//! What a status page lists: when it is news, when it is over, and what never is.

use super::*;
use crate::model::{Fact, NewEvent, Severity, SourceId};
use crate::rules::fold::fold;
use crate::rules::testing::{at, episode, openai};
use jiff::Timestamp;
use proptest::prelude::*;

fn minute(n: i64) -> Timestamp {
    at("2026-11-23T08:00:00Z") + SignedDuration::from_mins(n)
}

/// What the page says of one incident; `said` is the page's own time.
fn page(change: Change, said: i64, severity: Severity, title: &str) -> Observation {
    Observation {
        connection: None,
        source: SourceId::of(&openai(), "status").unwrap(),
        subjects: vec![Subject::of(&openai(), SubjectType::Component, "01API")],
        severity,
        native_id: Some(format!("inc-1/{said}")),
        ..episode(None, change, minute(said), title)
    }
}

fn open(said: i64) -> Observation {
    page(Opened, said, Severity::Major, "errors")
}

fn over(said: i64) -> Observation {
    page(Resolved, said, Severity::Major, "errors")
}

fn gone() -> Observation {
    Observation { fact: Fact::Absent, ..open(0) }
}

/// Reads one after the other, a minute apart, beginning at minute 0.
fn reads(all: &[Observation]) -> (Option<MatterState>, Vec<NewEvent>) {
    let mut state: Option<MatterState> = None;
    let mut events = Vec::new();
    for (n, seen) in (0..).zip(all) {
        let folded = fold(state.as_ref(), seen, Heard { at: minute(n), baseline: false });
        events.extend(folded.events);
        state = folded.state.or(state);
    }
    (state, events)
}

fn changes(all: &[Observation]) -> Vec<Change> {
    reads(all).1.iter().filter_map(|e| e.change).collect()
}

use Change::{Opened, Reopened, Resolved, Updated};

#[test]
fn an_end_counts_when_a_second_read_says_it_again() {
    assert_eq!(changes(&[open(0), over(1)]), [Opened]);
    assert_eq!(changes(&[open(0), over(1), over(1)]), [Opened, Resolved]);
    assert_eq!(changes(&[open(0), over(1), over(1), over(1), over(2)]), [Opened, Resolved], "a postmortem is no news");
}

#[test]
fn two_reads_of_one_moment_are_one() {
    let (state, _) = reads(&[open(0), over(1)]);
    let folded =
        fold(state.as_ref(), &over(1), Heard { at: minute(1) + SignedDuration::from_secs(5), baseline: false });
    assert_eq!(folded.events, []);
}

#[test]
fn a_later_word_takes_an_end_back_and_an_old_copy_does_not() {
    assert_eq!(changes(&[open(0), over(1), open(2), over(3)]), [Opened]);
    let again = page(Opened, 2, Severity::Major, "errors are back");
    assert_eq!(changes(&[open(0), over(1), again, over(3)]), [Opened, Updated]);
    assert_eq!(changes(&[open(0), over(1), open(0), over(1)]), [Opened, Resolved], "two servers, one behind");
    assert_eq!(changes(&[open(0), over(1), over(1), open(0), open(0)]), [Opened, Resolved]);
}

#[test]
fn silence_is_never_an_end() {
    let mut all = vec![open(0)];
    all.extend(std::iter::repeat_n(gone(), 50));
    let (state, events) = reads(&all);
    assert_eq!(events.iter().filter_map(|e| e.change).collect::<Vec<_>>(), [Opened, Updated], "said once");
    assert!(events[1].summary.starts_with("No longer listed by openai/status"), "{}", events[1].summary);
    assert_eq!(state.unwrap().stage, Stage::Open);
    assert_eq!(changes(&[open(0), gone(), gone(), open(0), gone(), gone(), open(0)]), [Opened], "it came back");
    assert_eq!(changes(&[gone(), gone(), gone()]), []);
}

#[test]
fn what_another_page_lists_is_not_missed_here() {
    let other = Observation { source: SourceId::of(&openai(), "status.feed").unwrap(), ..gone() };
    assert_eq!(changes(&[open(0), other.clone(), other.clone(), other]), [Opened]);
}

#[test]
fn maintenance_that_is_listed_no_more_is_over() {
    let work = |o: Observation| Observation { kind: Kind::Maintenance, ..o };
    let all = [work(open(0)), work(gone()), work(gone()), work(gone())];
    assert_eq!(changes(&all), [Opened, Resolved]);
}

#[test]
fn coming_back_counts_when_a_second_read_says_it_again() {
    let ended = [open(0), over(1), over(1)];
    let then = |more: &[Observation]| changes(&[&ended[..], more].concat());
    assert_eq!(then(&[open(5)]), [Opened, Resolved]);
    assert_eq!(then(&[open(5), open(5)]), [Opened, Resolved, Reopened]);
}

#[test]
fn only_a_worse_state_is_worth_another_message() {
    let worse = page(Opened, 2, Severity::Critical, "errors");
    let text = page(Opened, 3, Severity::Critical, "errors, cause known");
    let (state, events) = reads(&[open(0), page(Opened, 1, Severity::Major, "errors, seen"), worse, text]);
    assert_eq!(events.iter().filter_map(|e| e.change).collect::<Vec<_>>(), [Opened, Updated, Updated, Updated]);
    let state = state.unwrap();
    assert_eq!((state.revision, state.title.as_str()), (2, "errors, cause known"));
}

#[test]
fn a_text_edited_later_is_shown_and_no_event() {
    let edited = page(Opened, 0, Severity::Major, "errors (typo mended)");
    let (state, events) = reads(&[open(0), edited]);
    assert_eq!((events.len(), state.unwrap().title.as_str()), (1, "errors (typo mended)"));
}

#[test]
fn an_update_time_that_is_always_now_is_no_news() {
    assert_eq!(changes(&(0..20).map(open).collect::<Vec<_>>()), [Opened]);
}

#[test]
fn what_was_over_before_we_heard_of_it_opens_nothing() {
    let (state, events) = reads(&[over(0)]);
    assert_eq!((state.unwrap().stage, events.len()), (Stage::Resolved, 1));
    assert_eq!(changes(&[over(0), over(0), open(-5)]), [Resolved]);
    let well = Observation { matter: MatterId::new("openai:component/01API").ok(), ..over(0) };
    assert_eq!(reads(&[well]), (None, vec![]), "a component that works is no history");
}

#[test]
fn what_is_dated_long_before_it_was_published_says_so() {
    let (state, _) = reads(&[open(-7 * 24 * 60)]);
    let state = state.unwrap();
    assert!(
        state.summary.starts_with("Published late: the page dates it Mon 16 Nov 2026 08:00 UTC"),
        "{}",
        state.summary
    );
    assert_eq!(state.opened_at, minute(-7 * 24 * 60), "no pretended time");
    let first = fold(None, &open(-7 * 24 * 60), Heard { at: minute(0), baseline: true });
    assert!(!first.state.unwrap().summary.contains("late"), "on a first read everything is old");
}

#[test]
fn a_signed_message_ends_it_at_once_and_the_page_adds_nothing() {
    let message = |o: Observation| Observation { connection: episode(None, Opened, minute(0), "").connection, ..o };
    assert_eq!(changes(&[message(open(0)), open(0), message(over(5)), over(5), over(5)]), [Opened, Resolved]);
    assert_eq!(changes(&[open(0), message(open(0)), message(over(-1))]), [Opened], "an old message comes late");
}

#[test]
fn a_component_that_breaks_again_is_a_new_event_though_its_id_is_the_same() {
    let id = |o: Observation| Observation { native_id: Some("01API/degraded".into()), ..o };
    let all = [open(0), over(1), over(1), open(5), open(5), over(8), over(8), open(20), open(20)].map(id);
    assert_eq!(changes(&all), [Opened, Resolved, Reopened, Resolved, Reopened]);
    let prints: std::collections::BTreeSet<_> = reads(&all).1.into_iter().map(|e| e.fingerprint).collect();
    assert_eq!(prints.len(), 5);
}

proptest! {
    /// Whatever a page does, it is closed only after two reads that said so, with none between that took it back.
    #[test]
    fn nothing_closes_without_two_reads_that_say_so(all in prop::collection::vec((0u8..3, 0i64..6), 1..40)) {
        let all: Vec<_> = all.into_iter().map(|(what, said)| match what { 0 => open(said), 1 => over(said), _ => gone() }).collect();
        let mut state: Option<MatterState> = None;
        let mut ends = 0;
        for (n, seen) in (0..).zip(&all) {
            let is_end = seen.fact == Fact::Episode { change: Resolved };
            let was_open = state.as_ref().is_some_and(|s| !s.is_over());
            let folded = fold(state.as_ref(), seen, Heard { at: minute(n), baseline: false });
            let said = folded.state.as_ref().or(state.as_ref()).and_then(|s| s.listing.as_ref());
            let kept = seen.fact == Fact::Absent || is_end || said.is_some_and(|l| l.end.is_some());
            ends = if is_end && was_open { ends + 1 } else if kept { ends } else { 0 };
            let closed = was_open && folded.state.as_ref().is_some_and(MatterState::is_over);
            prop_assert!(!closed || (is_end && ends >= 2), "{n}: {seen:?}");
            if closed { ends = 0; }
            state = folded.state.or(state);
        }
    }
}
