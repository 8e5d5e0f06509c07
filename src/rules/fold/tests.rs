//! Folding: what becomes an event, what becomes of the state, and that order and repeats do not count.

use super::*;
use crate::model::{Kind, Rank, Severity, Stage, Window};
use crate::rules::testing::{at, ending, episode};
use proptest::prelude::*;
use std::collections::BTreeSet;

const HEARD: &str = "2026-08-20T08:00:02Z";

fn heard() -> Heard {
    Heard { at: at(HEARD), baseline: false }
}

/// Folds a page that is read again and again: a quarter of an hour passes between two observations.
fn fold_reads(state: Option<MatterState>, all: &[Observation]) -> (Option<MatterState>, Vec<NewEvent>) {
    fold_every(15, state, all)
}

fn fold_every(minutes: i64, state: Option<MatterState>, all: &[Observation]) -> (Option<MatterState>, Vec<NewEvent>) {
    let first = state.as_ref().and_then(|s| s.claims.values().map(|c| c.read_at).max()).unwrap_or(at(HEARD));
    let step = |n: usize| jiff::SignedDuration::from_mins(minutes * (1 + i64::try_from(n).unwrap()));
    all.iter().enumerate().fold((state, Vec::new()), |(state, mut events), (n, seen)| {
        let folded = fold(state.as_ref(), seen, Heard { at: first + step(n), baseline: false });
        events.extend(folded.events);
        (folded.state.or(state), events)
    })
}

/// Folds in order, as recording does: a fold without a state leaves the one before.
fn fold_all(state: Option<MatterState>, all: &[Observation]) -> (Option<MatterState>, Vec<NewEvent>) {
    all.iter().fold((state, Vec::new()), |(state, mut events), seen| {
        let folded = fold(state.as_ref(), seen, heard());
        events.extend(folded.events);
        (folded.state.or(state), events)
    })
}

fn page(date: &str) -> Observation {
    ending("deprecations", Rank::Page, Some(date), "gpt-demo-2")
}

fn changes(events: &[NewEvent]) -> Vec<Change> {
    events.iter().filter_map(|e| e.change).collect()
}

#[test]
fn a_date_that_goes_and_comes_back_is_three_events_and_a_repeat_is_none() {
    let (a, b) = ("2027-01-22", "2027-03-01");
    let (state, events) = fold_reads(None, &[page(a), page(a), page(b), page(b), page(a), page(a)]);
    assert_eq!(changes(&events), [Change::Announced, Change::Moved, Change::Moved]);
    let told: Vec<_> =
        events.iter().filter_map(|e| e.deadline.as_ref()).map(|d| (d.revision, d.date.to_string())).collect();
    assert_eq!(told, [(1, a.to_owned()), (2, b.to_owned()), (3, a.to_owned())]);
    let prints: BTreeSet<_> = events.iter().map(|e| &e.fingerprint).collect();
    assert_eq!(prints.len(), 3, "each has a fingerprint of its own");
    let state = state.unwrap();
    assert_eq!(state.deadline.map(|d| d.revision), Some(3));
    assert_eq!(state.revision, 3);
}

#[test]
fn an_unreadable_date_keeps_the_known_one() {
    let unread = ending("deprecations", Rank::Page, None, "gpt-demo-2");
    let (state, events) = fold_all(None, &[page("2027-01-22"), unread.clone(), page("2027-01-22")]);
    assert_eq!(changes(&events), [Change::Announced]);
    let state = state.unwrap();
    assert_eq!(state.deadline.map(|d| d.date.to_string()), Some("2027-01-22".into()));
    assert!(state.claims.values().all(|c| c.deadline.is_some()));

    let (state, events) = fold_all(None, &[unread, page("2027-01-22")]);
    assert_eq!(changes(&events), [Change::Announced, Change::Moved]);
    assert_eq!(state.unwrap().deadline.map(|d| d.revision), Some(1), "the first date is revision 1");
}

#[test]
fn another_replacement_is_one_quiet_event_and_moves_no_date() {
    let other = ending("deprecations", Rank::Page, Some("2027-01-22"), "gpt-demo-3");
    let (state, events) = fold_all(None, &[page("2027-01-22"), other.clone(), other]);
    assert_eq!(changes(&events), [Change::Announced, Change::Replaced]);
    assert_eq!((events[1].severity, &events[1].replacements), (Severity::Info, &vec!["gpt-demo-3".to_owned()]));
    let state = state.unwrap();
    assert_eq!((state.deadline.unwrap().revision, state.revision), (1, 1));
    assert_eq!(state.replacements, ["gpt-demo-3"]);
}

#[test]
fn a_source_that_names_no_replacement_takes_none_back() {
    let mut list = ending("models", Rank::Api, Some("2027-01-22"), "");
    let Fact::Ending(said) = &mut list.fact else { panic!("no ending") };
    said.replacements.clear();
    let (state, events) = fold_all(None, &[page("2027-01-22"), list]);
    assert_eq!(changes(&events), [Change::Announced]);
    assert_eq!(state.unwrap().replacements, ["gpt-demo-2"]);
}

#[test]
fn what_a_data_set_would_use_instead_is_no_replacement_of_the_provider_s() {
    let mut said = page("2027-01-22");
    let Fact::Ending(of_page) = &mut said.fact else { panic!("no ending") };
    of_page.replacements.clear();
    let other = ending("models", Rank::Scraped, Some("2027-01-22"), "other-model");
    let (state, _) = fold_all(None, &[said, other]);
    assert_eq!(state.unwrap().replacements, [""; 0]);
}

#[test]
fn a_date_and_a_replacement_that_change_together_are_two_events() {
    let other = ending("deprecations", Rank::Page, Some("2027-02-01"), "gpt-demo-3");
    let (_, events) = fold_reads(None, &[page("2027-01-22"), other.clone(), other]);
    assert_eq!(changes(&events), [Change::Announced, Change::Moved, Change::Replaced]);
    assert_ne!(events[1].fingerprint, events[2].fingerprint);
}

#[test]
fn the_higher_rank_decides_whoever_speaks_last() {
    let changelog = |d| ending("changelog", Rank::Changelog, Some(d), "gpt-demo-2");
    let july = changelog("2027-07-01");
    let (state, events) = fold_reads(None, &[changelog("2027-06-01"), page("2027-01-22"), july.clone(), july]);
    let moved_once = [Change::Announced, Change::Moved, Change::Disputed];
    assert_eq!(changes(&events), moved_once, "the changelog's new date moves nothing");
    let state = state.unwrap();
    assert_eq!(state.deadline.as_ref().unwrap().date.to_string(), "2027-01-22");
    assert_eq!(state.claims.len(), 2);
    // A date of a low rank counts above a high rank without one.
    let (state, _) = fold_all(None, &[ending("deprecations", Rank::Page, None, "x"), changelog("2027-06-01")]);
    assert_eq!(state.unwrap().deadline.unwrap().date.to_string(), "2027-06-01");
}

#[test]
fn dates_more_than_a_week_apart_are_a_conflict() {
    for (other, conflict) in [("2027-01-29", false), ("2027-01-30", true), ("2027-01-14", true), ("2027-01-15", false)]
    {
        let changelog = ending("changelog", Rank::Changelog, Some(other), "gpt-demo-2");
        let (state, _) = fold_all(None, &[page("2027-01-22"), changelog]);
        assert_eq!(state.unwrap().in_conflict(), conflict, "{other}");
    }
}

#[test]
fn the_end_is_an_event_once_when_it_is_proven_and_a_later_date_takes_it_back() {
    let over = |date| {
        let mut over = page(date);
        if let Fact::Ending(e) = &mut over.fact {
            e.ended = true;
        }
        over
    };
    let (state, events) = fold_reads(None, &[page("2027-01-22"), over("2027-01-22")]);
    assert_eq!(changes(&events), [Change::Announced], "listed as ended before its date: one word proves nothing");
    assert_eq!(state.unwrap().stage, Stage::Announced);

    let passed = "2026-08-01";
    let all = [page(passed), over(passed), over(passed), page(passed)];
    let (state, events) = fold_reads(None, &all);
    assert_eq!(changes(&events), [Change::Announced, Change::Retired]);
    assert!(state.as_ref().unwrap().is_over(), "the same date elsewhere on the page does not revive it");
    let (state, events) = fold_reads(state, &[page("2027-06-01"), page("2027-06-01")]);
    assert_eq!((changes(&events), state.unwrap().stage), (vec![Change::Moved], Stage::Announced));
    assert_eq!(fold(None, &over(passed), heard()).state.unwrap().stage, Stage::Retired);
}

#[test]
fn one_missing_row_retires_nothing_and_two_sources_that_agree_do() {
    let mut missing = ending("models", Rank::Api, None, "gpt-demo-2");
    if let Fact::Ending(e) = &mut missing.fact {
        e.ended = true;
    }
    let (state, events) = fold_reads(None, &[page("2027-01-22"), missing.clone(), missing]);
    assert_eq!(changes(&events), [Change::Announced]);
    let mut over = page("2027-01-22");
    if let Fact::Ending(e) = &mut over.fact {
        e.ended = true;
    }
    let (state, events) = fold_reads(state, &[over]);
    assert_eq!((changes(&events), state.unwrap().stage), (vec![Change::Retired], Stage::Retired));
}

#[test]
fn a_page_that_flips_between_two_dates_moves_nothing() {
    let (a, b) = ("2027-01-22", "2027-03-01");
    for minutes in [1, 15, 60] {
        let flips: Vec<Observation> = [a, b].into_iter().cycle().take(20).map(page).collect();
        let (state, events) = fold_every(minutes, None, &flips);
        assert_eq!(changes(&events), [Change::Announced], "every {minutes} minutes");
        assert_eq!(state.unwrap().deadline.unwrap().date.to_string(), a);
    }
}

#[test]
fn a_new_date_counts_when_it_is_read_again_after_ten_minutes() {
    let start = fold(None, &page("2027-01-22"), heard()).state.unwrap();
    let read = |state: &MatterState, minutes: i64| {
        let at = at(HEARD) + jiff::SignedDuration::from_mins(minutes);
        fold(Some(state), &page("2027-03-01"), Heard { at, baseline: false })
    };
    let once = read(&start, 60);
    assert!(once.events.is_empty());
    let soon = read(once.state.as_ref().unwrap(), 69);
    assert!(soon.events.is_empty(), "nine minutes are too soon");
    let pending = soon.state.as_ref().unwrap().claims.values().next().unwrap().pending.clone().unwrap();
    assert_eq!(pending.deadline.date.to_string(), "2027-03-01");
    let later = read(soon.state.as_ref().unwrap(), 70);
    assert_eq!(changes(&later.events), [Change::Moved]);
    let moved = &later.events[0];
    let date = |d: &Option<crate::model::Deadline>| d.as_ref().map(|d| d.date.to_string());
    assert_eq!(date(&moved.moved_from).as_deref(), Some("2027-01-22"), "old and new value");
    assert_eq!(date(&moved.deadline).as_deref(), Some("2027-03-01"));
    assert!(later.state.unwrap().claims.values().all(|c| c.pending.is_none()));
}

#[test]
fn what_a_person_or_a_message_says_counts_at_once() {
    for source in ["forewarn/pinned", "forewarn/config", "openai/webhook"] {
        let said = |date| Observation {
            source: crate::model::SourceId::new(source).unwrap(),
            ..ending("x", Rank::Pinned, Some(date), "gpt-demo-2")
        };
        let (_, events) = fold_every(0, None, &[said("2027-01-22"), said("2027-03-01")]);
        assert_eq!(changes(&events), [Change::Announced, Change::Moved], "{source}");
    }
}

fn pinned(fact: Fact) -> Observation {
    let source = crate::model::SourceId::new("forewarn/pinned").unwrap();
    Observation { source, fact, ..page("2027-01-22") }
}

fn word(quote: &str) -> crate::model::observation::Word {
    crate::model::observation::Word { rank: Rank::Pinned, quote: quote.into() }
}

#[test]
fn a_withdrawal_is_an_explicit_word_and_can_be_taken_back() {
    let stays = pinned(Fact::Withdrawn(word("support told us")));
    let (state, events) = fold_reads(None, &[page("2027-01-22"), stays.clone(), stays, page("2027-01-22")]);
    assert_eq!(changes(&events), [Change::Announced, Change::Withdrawn]);
    assert_eq!((&events[1].deadline, events[1].moved_from.is_some()), (&None, true));
    assert_eq!(state.as_ref().unwrap().stage, Stage::Withdrawn);
    let (state, events) = fold_reads(state, &[pinned(Fact::Dropped)]);
    assert_eq!(changes(&events), [Change::Announced], "what the page says counts again");
    let state = state.unwrap();
    assert_eq!((state.stage, state.deadline.unwrap().revision), (Stage::Announced, 2));
    for fact in [Fact::Withdrawn(word("x")), Fact::Dropped] {
        assert_eq!(fold(None, &pinned(fact), heard()), Folded { state: None, events: vec![] });
    }
}

#[test]
fn a_private_deadline_taken_out_gives_the_page_its_word_back() {
    let config = |date| {
        let source = crate::model::SourceId::new("forewarn/config").unwrap();
        Observation { source, ..ending("x", Rank::Pinned, Some(date), "gpt-demo-2") }
    };
    let gone = Observation { fact: Fact::Dropped, ..config("2027-07-01") };
    let (state, events) = fold_reads(None, &[page("2027-01-22"), config("2027-07-01"), gone.clone()]);
    assert_eq!(changes(&events), [Change::Announced, Change::Moved, Change::Moved]);
    assert_eq!(state.unwrap().deadline.unwrap().date.to_string(), "2027-01-22");
    let (state, events) = fold_reads(None, &[config("2027-07-01"), gone]);
    assert_eq!(changes(&events), [Change::Announced, Change::Withdrawn], "nobody says it any more");
    assert!(state.unwrap().is_over());
}

#[test]
fn calls_that_are_answered_by_another_before_the_end_are_told_once() {
    let to = |to: &str| Observation {
        fact: Fact::Redirected { to: to.into(), word: word("x") },
        ..ending("models", Rank::Api, None, "")
    };
    let all = [page("2027-01-22"), to("gpt-demo-2"), to("gpt-demo-2"), page("2027-01-22")];
    let (state, events) = fold_reads(None, &all);
    assert_eq!(changes(&events), [Change::Announced, Change::Redirected]);
    let to: Vec<_> = events.iter().map(|e| e.redirected_to.as_deref()).collect();
    assert_eq!(to, [None, Some("gpt-demo-2")], "the event itself says where calls go");
    let state = state.unwrap();
    assert_eq!((state.deadline.unwrap().date.to_string().as_str(), state.revision), ("2027-01-22", 2));
}

#[test]
fn a_dispute_is_an_event_once() {
    let api = ending("models", Rank::Api, Some("2027-03-01"), "gpt-demo-2");
    let (state, events) = fold_reads(None, &[page("2027-01-22"), api.clone(), api, page("2027-01-22")]);
    assert_eq!(changes(&events), [Change::Announced, Change::Moved, Change::Disputed]);
    let state = state.unwrap();
    assert_eq!(state.deadline.as_ref().unwrap().date.to_string(), "2027-03-01", "the higher rank is shown");
    assert_eq!(state.remind_by().unwrap().date.to_string(), "2027-01-22", "reminders follow the earlier");
}

#[test]
fn platforms_and_ids_never_share_a_matter() {
    use crate::model::{ProviderId, Subject};
    let of = |platform: &str, id: &str, region: Option<&str>| {
        let subject = Subject::model(&ProviderId::new(platform).unwrap(), id);
        Subject { region: region.map(str::to_owned), ..subject }.matter_id().unwrap()
    };
    let ids = [
        of("anthropic", "claude-demo-4", None),
        of("anthropic", "claude-demo-4-8", None),
        of("anthropic", "claude-demo-4-20260101", None),
        of("bedrock", "claude-demo-4", None),
        of("vertex", "claude-demo-4", None),
        of("bedrock", "claude-demo-4", Some("us-east-1")),
    ];
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn what_a_new_source_says_of_a_date_is_no_news_of_the_matter() {
    let baseline = Heard { baseline: true, ..heard() };
    let first = fold(None, &page("2027-01-22"), baseline).state.unwrap();
    let api = ending("models", Rank::Api, Some("2027-01-23"), "gpt-demo-2");
    let second = fold(Some(&first), &api, baseline).state.unwrap();
    assert_eq!((second.deadline.as_ref().unwrap().revision, second.revision), (2, 1));
    let other = ending("models", Rank::Api, Some("2027-02-01"), "gpt-demo-2");
    let (third, _) = fold_reads(Some(second), &[other.clone(), other]);
    assert_eq!(third.unwrap().revision, 2);
}

#[test]
fn an_episode_opens_goes_on_ends_and_comes_back() {
    let hour = |h: u32| at(&format!("2026-08-20T{h:02}:00:00Z"));
    let said = [
        episode(Some("1"), Change::Opened, hour(1), "errors"),
        episode(Some("2"), Change::Updated, hour(2), "errors, cause known"),
        episode(Some("3"), Change::Resolved, hour(3), "fixed"),
        episode(Some("3"), Change::Resolved, hour(3), "fixed"),
        episode(Some("4"), Change::Updated, hour(4), "errors again"),
    ];
    let (state, events) = fold_all(None, &said);
    assert_eq!(changes(&events), [Change::Opened, Change::Updated, Change::Resolved, Change::Reopened]);
    let state = state.unwrap();
    assert_eq!((state.stage, state.title.as_str(), state.revision), (Stage::Open, "errors again", 4));
    assert_eq!((state.opened_at, state.latest_at), (hour(1), hour(4)));
}

#[test]
fn planned_times_are_kept_until_others_are_given() {
    let window =
        |h: i64| Window { from: at("2026-12-03T10:00:00Z") + jiff::SignedDuration::from_hours(h), until: None };
    let said = |id: &str, when: &str, fact: Fact| Observation {
        fact,
        ..episode(Some(id), Change::Updated, at(when), "Disks")
    };
    let planned = |h: i64| Fact::Planned { change: Change::Updated, window: window(h) };
    let (state, _) = fold_all(None, &[said("1", "2026-11-20T09:00:00Z", planned(0))]);
    assert_eq!(state.as_ref().unwrap().window, Some(window(0)));
    let bare = said("2", "2026-11-20T10:00:00Z", Fact::Episode { change: Change::Updated });
    let (state, _) = fold_all(state, &[bare]);
    assert_eq!(state.as_ref().unwrap().window, Some(window(0)), "a word without times takes none back");
    let (state, events) = fold_all(state, &[said("3", "2026-11-20T11:00:00Z", planned(2))]);
    assert_eq!((state.unwrap().window, events.len()), (Some(window(2)), 1));
}

#[test]
fn an_older_word_that_comes_late_is_recorded_and_changes_nothing_else() {
    let hour = |h: u32| at(&format!("2026-08-20T{h:02}:00:00Z"));
    let end = episode(Some("3"), Change::Resolved, hour(3), "fixed");
    let (state, events) = fold_all(
        None,
        &[
            end,
            episode(Some("2"), Change::Updated, hour(2), "worse"),
            episode(Some("1"), Change::Opened, hour(1), "errors"),
        ],
    );
    assert_eq!(changes(&events), [Change::Resolved, Change::Updated, Change::Updated]);
    let state = state.unwrap();
    assert_eq!((state.stage, state.title.as_str()), (Stage::Resolved, "fixed"));
    assert_eq!((state.opened_at, state.latest_at), (hour(1), hour(3)));
}

#[test]
fn opened_and_resolved_in_one_second_is_over_in_both_orders() {
    // Many ids: which fingerprint is the larger must not decide.
    for n in 0..20 {
        let open = episode(Some(&format!("o{n}")), Change::Opened, at(HEARD), "errors");
        let end = episode(Some(&format!("r{n}")), Change::Resolved, at(HEARD), "fixed");
        for order in [[open.clone(), end.clone()], [end.clone(), open.clone()]] {
            let (state, _) = fold_all(None, &order);
            assert_eq!(state.unwrap().stage, Stage::Resolved, "{n}");
        }
    }
}

#[test]
fn the_same_words_again_without_an_id_are_no_event() {
    let hour = |h: u32| at(&format!("2026-08-20T{h:02}:00:00Z"));
    let bad = |h| episode(None, Change::Opened, hour(h), "openai/status is unreadable");
    let good = |h| episode(None, Change::Resolved, hour(h), "openai/status is read again");
    let (state, events) = fold_all(None, &[bad(1), bad(2), good(3), good(4), bad(5), bad(6), good(7)]);
    assert_eq!(changes(&events), [Change::Opened, Change::Resolved, Change::Reopened, Change::Resolved]);
    let prints: BTreeSet<_> = events.iter().map(|e| &e.fingerprint).collect();
    assert_eq!((prints.len(), state.unwrap().revision), (4, 4));
}

#[test]
fn a_fact_without_state_is_noted_and_a_repeat_has_the_same_fingerprint() {
    let mut job = episode(Some("evt_1"), Change::Opened, at(HEARD), "batch done");
    (job.kind, job.matter, job.fact) = (Kind::Job, None, Fact::Noted);
    let (one, two) = (fold(None, &job, heard()), fold(None, &job, heard()));
    assert_eq!((one.state.clone(), changes(&one.events)), (None, vec![Change::Noted]));
    assert_eq!(one, two);
    for other in
        [Observation { native_id: Some("evt_2".into()), ..job.clone() }, Observation { native_id: None, ..job }]
    {
        assert_ne!(fold(None, &other, heard()).events[0].fingerprint, one.events[0].fingerprint);
    }
}

#[test]
fn the_same_native_id_at_another_account_is_another_event() {
    let one = episode(Some("evt_1"), Change::Opened, at(HEARD), "errors");
    let other = crate::model::ConnectionId::new("openai/support").ok();
    let two = Observation { connection: other, ..one.clone() };
    assert_ne!(fold(None, &one, heard()).events[0].fingerprint, fold(None, &two, heard()).events[0].fingerprint);
}

/// Some words about one incident, each with its own id, in two orders. Few moments, so that many are equal.
fn two_orders() -> impl Strategy<Value = (Vec<Observation>, Vec<Observation>)> {
    let change = prop_oneof![Just(Change::Opened), Just(Change::Updated), Just(Change::Resolved)];
    let words = prop::collection::vec((change, 0i64..6, "[ab]{1,2}"), 1..9).prop_map(|all| {
        let said = |(n, (change, hour, title)): (usize, (Change, i64, String))| {
            episode(Some(&format!("id-{n}")), change, Timestamp::from_second(hour * 3_600).unwrap(), &title)
        };
        all.into_iter().enumerate().map(said).collect::<Vec<_>>()
    });
    words.prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

fn prints(events: &[NewEvent]) -> BTreeSet<String> {
    events.iter().map(|e| e.fingerprint.clone()).collect()
}

proptest! {
    #[test]
    fn every_order_of_deliveries_ends_alike((one, two) in two_orders()) {
        let ((a, heard_a), (b, heard_b)) = (fold_all(None, &one), fold_all(None, &two));
        prop_assert_eq!(a, b, "the whole state");
        prop_assert_eq!(prints(&heard_a), prints(&heard_b));
        prop_assert_eq!(prints(&heard_a).len(), one.len());
    }

    #[test]
    fn hearing_everything_twice_adds_no_event_and_changes_no_word((one, two) in two_orders()) {
        let (first, events) = fold_all(None, &one);
        let (second, again) = fold_all(first.clone(), &two);
        prop_assert!(prints(&again).is_subset(&prints(&events)));
        let (first, second) = (first.unwrap(), second.unwrap());
        prop_assert_eq!((first.stage, first.title, first.latest_at), (second.stage, second.title, second.latest_at));
    }

    #[test]
    fn a_sequence_of_versions_yields_only_true_moves(dates in prop::collection::vec(1i8..5, 1..24)) {
        let all: Vec<Observation> = dates.iter().map(|d| page(&format!("2027-0{d}-15"))).collect();
        let (state, events) = fold_reads(None, &all);
        // A date counts from its second read in a row on; the first version counts at once.
        let mut known = dates[0];
        let mut moves = Vec::new();
        for pair in dates.windows(2) {
            if pair[0] == pair[1] && pair[1] != known {
                moves.push((known, pair[1]));
                known = pair[1];
            }
        }
        let month = |d: &Option<crate::model::Deadline>| d.as_ref().map(|d| d.date.month()).unwrap();
        let told: Vec<(i8, i8)> = events[1..].iter().map(|e| (month(&e.moved_from), month(&e.deadline))).collect();
        prop_assert_eq!(told, moves);
        prop_assert_eq!(prints(&events).len(), events.len(), "each is an event of its own");
        prop_assert_eq!(month(&state.unwrap().deadline), known);
    }

    #[test]
    fn whoever_speaks_first_the_same_date_counts(order in Just(vec![0, 1, 2, 3]).prop_shuffle()) {
        let all = [
            page("2027-01-22"),
            ending("models", Rank::Api, Some("2027-01-25"), "gpt-demo-2"),
            ending("changelog", Rank::Changelog, Some("2027-06-01"), "gpt-demo-3"),
            ending("status", Rank::Page, Some("2027-01-20"), "gpt-demo-2"),
        ];
        let (state, _) = fold_reads(None, &order.iter().map(|i| all[*i].clone()).collect::<Vec<_>>());
        let state = state.unwrap();
        prop_assert_eq!(state.deadline.clone().unwrap().date.to_string(), "2027-01-25");
        prop_assert_eq!(state.remind_by().unwrap().date.to_string(), "2027-01-20");
        prop_assert_eq!((state.claims.len(), state.in_conflict()), (4, true));
    }
}
