//! Which test holds which case of time (C), of channels (D) and of people's answers (W): every case has one, and it exists.
//!
//! The cases are those of the plan of faults that forewarn is built against; each line says in our words what is provoked
//! and what must happen. A test that is renamed or removed is missed here.

#![allow(clippy::unwrap_used)] // a test may fail

/// A case, what it is, and its tests: file and name.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (
        "C1",
        "a year of 500 endings with restarts: each rung once, on its civil day",
        &[("stories/year.rs", "a_year_of_500_shutdowns_tells_each_rung_once_and_on_its_civil_day")],
    ),
    (
        "C2",
        "thirty days down over three rungs are one message",
        &[("stories/deprecations.rs", "thirty_days_of_downtime_are_one_message"), ("proof/clock.py", "down")],
    ),
    (
        "C3",
        "down past the day itself: told as passed",
        &[("stories/deprecations.rs", "a_date_that_passed_in_the_dark_is_told_as_passed")],
    ),
    (
        "C4",
        "90 days too far and back: nothing is sent",
        &[
            (
                "stories/clock.rs",
                "ninety_days_too_far_tells_the_operators_only_and_the_ladder_goes_on_when_it_is_right_again",
            ),
            ("proof/clock.py", "jump"),
        ],
    ),
    (
        "C5",
        "two days back: nothing is sent again",
        &[("stories/clock.rs", "a_clock_set_back_repeats_nothing_before_or_after_a_restart")],
    ),
    (
        "C6",
        "a start in 1970 or 2099: deliveries are taken, nothing is sent",
        &[
            (
                "stories/clock.rs",
                "c6_a_first_start_in_1970_or_2099_takes_deliveries_and_does_nothing_else_until_the_clock_is_right",
            ),
            ("stories/clock.rs", "c6_a_later_start_in_1970_or_2099_sends_nothing_of_what_is_due_then"),
            ("stories/clock.rs", "c6_thirty_days_down_need_nobody_s_word_and_fifty_need_that_of_others"),
            ("proof/clock.py", "start"),
        ],
    ),
    (
        "C7",
        "clocks that change: one message, at nine there",
        &[
            ("../src/rules/ladder/tests.rs", "a_rung_is_at_nine_local_on_the_right_civil_day_in_every_zone"),
            ("../src/rules/ladder/tests.rs", "casablanca_keeps_nine_local_through_its_ramadan_change"),
        ],
    ),
    (
        "C8",
        "another zone, ladder or calendar: what is to come moves, what was sent stays",
        &[
            ("stories/cases.rs", "c8_another_zone_moves_what_is_to_come_and_repeats_nothing"),
            ("stories/cases.rs", "a_changed_ladder_or_calendar_counts_for_what_is_open"),
        ],
    ),
    (
        "C9",
        "leap days and ends of months and years are counted in civil days",
        &[("../src/rules/ladder/tests.rs", "c9_leap_days_ends_of_months_and_years_are_counted_in_civil_days")],
    ),
    (
        "C10",
        "a day is the same day for both ends of the world",
        &[
            ("stories/cases.rs", "c10_a_day_is_the_same_day_for_both_ends_of_the_world"),
            ("../src/web/api/tests.rs", "floors_months_and_open_ends_say_so"),
        ],
    ),
    (
        "C11",
        "months, quarters, floors; what is no date is for a person",
        &[
            ("stories/ladder.rs", "a_whole_month_is_counted_to_its_first_day"),
            ("stories/ladder.rs", "a_whole_quarter_is_counted_to_its_first_day_and_called_a_quarter"),
            ("stories/ladder.rs", "a_date_before_which_nothing_ends_is_never_worded_as_an_end"),
            ("stories/truth.rs", "a_date_that_cannot_be_read_is_for_a_person_wherever_one_looks"),
        ],
    ),
    (
        "C12",
        "sleep of the machine: due things come with the first look",
        &[("stories/cases.rs", "c12_what_fell_due_while_the_machine_slept_comes_with_the_first_look")],
    ),
    (
        "C13",
        "much due in one minute: grouped, and none lost",
        &[("stories/cases.rs", "c13_a_thousand_reminders_of_one_minute_are_two_messages")],
    ),
    (
        "C14",
        "moved, withdrawn, another replacement",
        &[
            ("stories/deprecations.rs", "a_moved_date_is_one_message_in_its_thread_and_the_ladder_begins_anew"),
            ("../src/rules/fold/tests.rs", "a_withdrawal_is_an_explicit_word_and_can_be_taken_back"),
            ("stories/truth.rs", "a_changed_replacement_says_nothing_and_stands_in_the_next_message_of_the_thread"),
        ],
    ),
    (
        "C15",
        "a page that flips tells nobody",
        &[("stories/truth.rs", "a_page_that_flips_between_two_versions_tells_nobody")],
    ),
    (
        "C16",
        "moved earlier over several rungs: one message",
        &[("stories/cases.rs", "c16_a_date_that_moves_over_several_rungs_is_one_message_that_says_how_near_it_is")],
    ),
    (
        "C17",
        "a date moved earlier voids an answer",
        &[("stories/deprecations.rs", "a_date_moved_earlier_voids_a_plan")],
    ),
    (
        "C18",
        "no owner: the catch-all; nobody to catch: refused",
        &[
            ("../src/rules/route/tests.rs", "what_matters_and_nobody_covers_reaches_the_catch_all"),
            ("stories/usage.rs", "an_owner_with_open_alerts_is_not_removed_before_somebody_answers_for_them"),
            ("../src/rules/directory/tests.rs", "an_owner_nobody_can_reach_is_refused"),
        ],
    ),
    (
        "C19",
        "nobody answers: each level once, and daily while it is used",
        &[
            ("../src/rules/ladder/tests.rs", "nobody_answering_is_escalated_once_and_an_answer_prevents_it"),
            ("stories/people.rs", "what_ended_and_is_still_called_is_said_each_morning_until_the_calls_end"),
            ("stories/people.rs", "use_that_is_first_counted_after_the_end_is_said_each_morning_too"),
        ],
    ),
    (
        "C20",
        "leap seconds, the year 9999, times before all clocks",
        &[(
            "stories/cases.rs",
            "c20_a_leap_second_the_year_9999_and_a_time_before_all_clocks_are_stored_and_break_nothing",
        )],
    ),
    (
        "D1",
        "the mail server hangs up after the last dot",
        &[("../src/notify/email/tests.rs", "a_drop_after_the_body_may_have_arrived"), ("proof/mail.py", "scripted")],
    ),
    (
        "D2",
        "taken, and no answer in time",
        &[
            ("stories/channels.rs", "a_message_that_may_have_arrived_is_sent_again_with_its_key"),
            ("../src/notify/slack/tests.rs", "a_slow_slack_and_a_closed_port_are_tried_again_without_naming_secrets"),
        ],
    ),
    (
        "D3",
        "200 with another body",
        &[
            ("../src/notify/slack/tests.rs", "what_is_not_an_answer_of_slack_is_tried_again"),
            ("../src/notify/slack/tests.rs", "a_webhook_says_ok_or_nothing"),
        ],
    ),
    (
        "D4",
        "one event by webhook, page and feed",
        &[("stories/heard.rs", "webhooks_page_and_history_feed_of_one_incident_are_one_matter_and_one_conversation")],
    ),
    (
        "D5",
        "429 with every sort of Retry-After",
        &[
            ("../src/notify/slack/tests.rs", "slow_down_is_a_retry_with_what_slack_asked_for"),
            ("../src/rules/cadence.rs", "retry_after_is_kept_between_a_second_and_a_quarter_hour"),
            ("proof/slack.py", "for_years"),
        ],
    ),
    (
        "D6",
        "gone, archived, refused: a dead letter at once",
        &[
            ("stories/channels.rs", "a_message_nobody_takes_is_a_dead_letter_told_to_operators_once"),
            ("../src/notify/slack/tests.rs", "an_error_of_slack_says_what_to_do_differently"),
        ],
    ),
    (
        "D7",
        "greylisting",
        &[("../src/notify/email/tests.rs", "a_4xx_anywhere_is_tried_again"), ("proof/mail.py", "scripted")],
    ),
    ("D8", "one of three recipients does not exist", &[("proof/mail.py", "recipients")]),
    (
        "D9",
        "black holes and slow greetings",
        &[
            ("../src/notify/email/tests.rs", "a_slow_greeting_and_a_closed_port_are_tried_again_in_time"),
            ("stories/channels.rs", "a_failing_channel_delays_nobody_else_and_loses_nothing"),
        ],
    ),
    (
        "D10",
        "TLS that is not what it should be",
        &[
            ("../src/notify/email/tests.rs", "a_certificate_that_is_not_ours_gets_neither_password_nor_mail"),
            ("../src/notify/email/tests.rs", "without_starttls_nothing_is_sent"),
        ],
    ),
    ("D11", "an endless reply", &[("../src/notify/email/tests.rs", "an_endless_reply_is_bounded")]),
    (
        "D12",
        "a day without any channel",
        &[("stories/channels.rs", "d12_a_day_without_any_channel_ends_in_few_messages_and_none_of_what_is_over")],
    ),
    (
        "D13",
        "what cannot be rendered, or is too long",
        &[
            ("../src/engine/deliver/given_up.rs", "a_panic_is_a_failed_try_and_the_fifth_a_dead_letter"),
            ("../src/notify/slack/tests.rs", "a_large_group_is_taken_by_a_strict_slack"),
        ],
    ),
    (
        "D14",
        "line breaks in names",
        &[
            ("../src/notify/email/compose.rs", "headers_hold_no_line_of_a_stranger"),
            ("../src/notify/email/compose.rs", "an_address_with_a_name_a_line_break_or_nothing_is_rejected"),
        ],
    ),
    (
        "D15",
        "a poisoned row at the head of a queue",
        &[
            (
                "stories/channels.rs",
                "d15_a_damaged_message_at_the_head_of_the_queue_is_a_dead_letter_and_the_others_are_sent",
            ),
            (
                "stories/channels.rs",
                "d15_a_message_the_process_dies_over_five_times_lets_the_others_go_first_and_is_not_lost",
            ),
        ],
    ),
    (
        "D16",
        "a mail server whose name is not found",
        &[("stories/mail.rs", "d16_a_mail_server_whose_name_is_not_found_is_tried_again_and_then_written_to_once")],
    ),
    (
        "D17",
        "another config while messages wait",
        &[("stories/channels.rs", "d17_a_new_config_sends_nothing_again_and_loses_nothing")],
    ),
    ("W1", "looking changes nothing", &[("stories/links.rs", "scanners_that_open_a_link_change_nothing")]),
    (
        "W2",
        "links of others, of old, twice",
        &[
            ("stories/links.rs", "a_link_refuses_what_is_not_for_it_and_says_why"),
            ("../src/engine/links.rs", "one_changed_character_closes_a_link"),
        ],
    ),
    (
        "W3",
        "an answer and a rung of the same moment",
        &[("stories/cases.rs", "w3_an_answer_and_a_rung_of_the_same_moment_have_one_outcome")],
    ),
    (
        "W4",
        "calendar addresses without their token",
        &[("../src/web/api/tests.rs", "a_feed_is_open_to_its_token_only")],
    ),
    (
        "W5",
        "the private side from outside",
        &[
            ("../src/web/access/tests.rs", "loopback_is_open_to_this_machine_by_its_own_name_only"),
            ("../src/web/access/tests.rs", "many_wrong_tokens_have_to_wait_and_right_ones_do_not"),
            ("../src/web/access/tests.rs", "over_https_the_cookie_is_secure_and_the_public_name_is_ours"),
        ],
    ),
];

#[test]
fn every_case_of_time_channels_and_answers_has_its_test() {
    let expected: Vec<String> = [("C", 20), ("D", 17), ("W", 5)]
        .into_iter()
        .flat_map(|(letter, last)| (1..=last).map(move |n| format!("{letter}{n}")))
        .collect();
    let listed: Vec<&str> = CASES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(listed, expected);
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut wrong = Vec::new();
    for (id, what, held_by) in CASES {
        if held_by.is_empty() {
            wrong.push(format!("{id} ({what}) has no test"));
        }
        for (file, name) in *held_by {
            let text = std::fs::read_to_string(tests.join(file)).unwrap_or_default();
            let marks =
                if file.ends_with(".py") { vec![format!("\ndef {name}(check")] } else { vec![format!("fn {name}(")] };
            if !marks.iter().any(|m| text.contains(m.as_str())) {
                wrong.push(format!("{id} ({what}): {name} is not in {file}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
