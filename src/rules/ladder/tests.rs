//! The ladder, with fixed clocks, and stepped at random through 120 days.

use super::*;
use crate::model::{Acknowledgement, By, Deadline, Said, Via};
use crate::rules::policy::{DEPRECATION, STANDARD, Step, built_in};
use crate::rules::testing::{alert, at, matter, owner};
use jiff::{ToSpan, civil::date, tz::TimeZone};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// One alert and the clockwork around it: what is due is told at once, as the engine does.
struct Case {
    policy: Policy,
    alert: Alert,
    matter: MatterState,
    told: Vec<Told>,
    owner: Owner,
    operators: Owner,
    deputy: Option<Owner>,
    contacts: BTreeMap<ContactId, Contact>,
    silenced_until: Option<Timestamp>,
    used_on: Option<Date>,
    said: Vec<Due>,
}

impl Case {
    fn new(kind: Kind, ends: Option<Date>, opened: Timestamp, zone: &str) -> Self {
        let name = if kind == Kind::Deprecation { DEPRECATION } else { STANDARD };
        Self {
            policy: built_in().into_iter().find(|p| p.name == name).unwrap(),
            alert: alert(opened),
            matter: matter(kind, ends),
            told: Vec::new(),
            owner: owner("search", zone),
            operators: owner("operators", "UTC"),
            deputy: None,
            contacts: BTreeMap::new(),
            silenced_until: None,
            used_on: None,
            said: Vec::new(),
        }
    }

    /// A deprecation of 31 August 2026, in UTC.
    fn ending(opened: &str) -> Self {
        Self::new(Kind::Deprecation, Some(date(2026, 8, 31)), at(opened), "UTC")
    }

    fn incident() -> Self {
        Self::new(Kind::Incident, None, at("2026-03-01T10:00:00Z"), "UTC")
    }

    fn look(&mut self, now: Timestamp) -> Plan {
        let input = LadderInput {
            policy: &self.policy,
            alert: &self.alert,
            matter: &self.matter,
            told: &self.told,
            owner: &self.owner,
            operators: &self.operators,
            deputy: self.deputy.as_ref(),
            contacts: &self.contacts,
            silenced_until: self.silenced_until,
            used_on: self.used_on,
            counted: self.used_on.is_some(),
        };
        let plan = decide(&input, now);
        assert_eq!(plan, decide(&input, now), "the same input gives the same answer");
        if let Some(d) = &plan.due {
            self.told.push(Told { step: d.step.clone(), deadline_revision: d.deadline_revision, at: now });
            self.alert.told_revision = self.matter.revision;
            self.said.push(d.clone());
        }
        if plan.lapsed.is_some() {
            self.alert.state = AlertState::Open;
            self.alert.ack = None;
        }
        if plan.close {
            self.alert.state = AlertState::Resolved;
        }
        plan
    }

    /// What a look says, as `step reason`, and when the next is.
    fn says(&mut self, now: &str) -> (String, String) {
        let plan = self.look(at(now));
        let due = plan.due.map_or_else(String::new, |d| format!("{} {}", d.step.0, d.reason));
        (due, plan.next_at.map_or_else(String::new, |n| n.to_string()))
    }

    fn move_to(&mut self, to: Date) {
        let old = self.matter.deadline.take().unwrap();
        self.matter.deadline = Some(Deadline { date: to, revision: old.revision + 1, ..old });
        self.matter.revision += 1;
    }

    fn answer(&mut self, now: &str, plan_on: Option<Date>) {
        self.alert.state = AlertState::Acknowledged;
        let deadline_on = self.matter.deadline.as_ref().map(|d| d.date);
        self.alert.ack = Some(Acknowledgement { by: "Ravi".into(), at: at(now), note: None, plan_on, deadline_on });
    }

    /// Looks at every `next_at` until there is none, and gives what was said with its moment.
    fn run(&mut self, from: &str) -> Vec<(String, String)> {
        let (mut now, mut out) = (Some(at(from)), Vec::new());
        while let Some(n) = now {
            let plan = self.look(n);
            if let Some(d) = plan.due {
                out.push((d.step.0, n.to_string()));
            }
            assert!(plan.next_at.is_none_or(|next| next > n), "time goes forward");
            now = plan.next_at;
        }
        out
    }
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[test]
fn an_announcement_is_told_at_once_and_says_what_the_rungs_before_it_would() {
    // 45 days before: the 90d and the 60d rung have passed.
    let mut c = Case::ending("2026-07-17T13:00:00Z");
    assert_eq!(c.says("2026-07-17T13:00:00Z"), pair("opened opened", "2026-08-01T09:00:00Z"));
    assert_eq!(c.says("2026-07-17T13:00:30Z"), pair("", "2026-08-01T09:00:00Z"));
    assert_eq!(c.says("2026-08-01T09:00:00Z"), pair("30d reminder", "2026-08-17T09:00:00Z"));
}

#[test]
fn the_whole_ladder_comes_in_order_each_rung_at_nine() {
    let said = Case::ending("2026-03-01T13:00:00Z").run("2026-03-01T13:00:00Z");
    let want = [
        ("opened", "2026-03-01T13:00:00Z"),
        ("90d", "2026-06-02T09:00:00Z"),
        ("60d", "2026-07-02T09:00:00Z"),
        ("30d", "2026-08-01T09:00:00Z"),
        ("14d", "2026-08-17T09:00:00Z"),
        ("7d", "2026-08-24T09:00:00Z"),
        ("3d", "2026-08-28T09:00:00Z"),
        ("1d", "2026-08-30T09:00:00Z"),
        ("0d", "2026-08-31T09:00:00Z"),
    ];
    assert_eq!(said, want.map(|(a, b)| pair(a, b)));
}

#[test]
fn from_seven_days_on_the_lead_is_told_too() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.run("2026-03-01T13:00:00Z");
    let with_lead: Vec<_> = c
        .said
        .iter()
        .filter(|d| d.contacts.iter().any(|k| k.id.0 == "search/lead"))
        .map(|d| d.step.0.as_str())
        .collect();
    assert_eq!(with_lead, ["7d", "3d", "1d", "0d"]);
    c.owner.lead = Some(Contact { id: ContactId("search/lead".into()), ..c.owner.contacts[0].clone() });
    c.told.clear();
    let at_end = c.look(at("2026-08-31T09:00:00Z")).due.unwrap();
    assert_eq!(at_end.contacts.len(), 1, "one address gets one message");
}

#[test]
fn a_baseline_far_away_is_silent_until_its_first_rung() {
    let mut c = Case::ending("2026-02-12T13:00:00Z");
    c.alert.baseline = true;
    assert_eq!(c.says("2026-02-12T13:00:00Z"), pair("", "2026-06-02T09:00:00Z"));
    assert_eq!(c.says("2026-06-02T09:00:00Z"), pair("90d reminder", "2026-07-02T09:00:00Z"));
}

#[test]
fn a_baseline_close_by_is_one_reminder_now() {
    let mut c = Case::ending("2026-08-11T13:00:00Z");
    c.alert.baseline = true;
    assert_eq!(c.says("2026-08-11T13:00:00Z"), pair("30d reminder", "2026-08-17T09:00:00Z"));
    assert_eq!(c.says("2026-08-11T13:00:30Z"), pair("", "2026-08-17T09:00:00Z"));
    assert_eq!(c.says("2026-08-17T09:00:00Z").0, "14d reminder");
}

#[test]
fn a_baseline_whose_date_changes_later_is_told_so() {
    let mut c = Case::ending("2026-02-12T13:00:00Z");
    c.alert.baseline = true;
    c.look(at("2026-02-12T13:00:00Z"));
    c.move_to(date(2026, 7, 31));
    assert_eq!(c.says("2026-02-20T13:00:00Z"), pair("moved moved", "2026-05-02T09:00:00Z"));
    assert_eq!(c.says("2026-02-20T13:00:30Z").0, "");
}

#[test]
fn thirty_days_of_silence_over_three_rungs_are_one_message() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.look(at("2026-07-02T09:00:00Z"));
    // 30d, 14d and 7d passed meanwhile.
    assert_eq!(c.says("2026-08-26T04:00:00Z"), pair("7d reminder", "2026-08-28T09:00:00Z"));
    assert_eq!(c.says("2026-08-26T04:00:30Z").0, "");
}

#[test]
fn past_the_date_it_is_overdue_once() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    assert_eq!(c.says("2026-09-03T00:00:00Z"), pair("0d overdue", ""));
    assert_eq!(c.says("2026-09-03T00:00:30Z"), pair("", ""));
    assert_eq!(c.says("2026-12-01T00:00:00Z"), pair("", ""));
}

#[test]
fn a_moved_date_is_told_once_and_the_ladder_starts_from_it() {
    for (to, next) in [(date(2026, 10, 30), "2026-08-31T09:00:00Z"), (date(2026, 8, 24), "2026-08-10T09:00:00Z")] {
        let mut c = Case::ending("2026-03-01T13:00:00Z");
        c.look(at("2026-03-01T13:00:00Z"));
        c.look(at("2026-08-01T09:00:00Z"));
        c.move_to(to);
        assert_eq!(c.says("2026-08-02T10:00:00Z"), pair("moved moved", next), "{to}");
        assert_eq!(c.says("2026-08-02T10:00:30Z"), pair("", next), "{to}");
        let mut said = c.run(next);
        assert_eq!(said.pop().unwrap(), ("0d".into(), format!("{to}T09:00:00Z")));
        c.move_to(date(2026, 12, 1));
        assert_eq!(c.says(&format!("{to}T10:00:00Z")).0, "moved moved", "a second move is told again");
    }
}

#[test]
fn a_plan_keeps_it_quiet_until_that_day_but_not_at_the_end() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.answer("2026-03-02T10:00:00Z", Some(date(2026, 8, 31)));
    let said = c.run("2026-03-02T10:00:00Z");
    assert_eq!(said, [pair("1d", "2026-08-30T09:00:00Z"), pair("0d", "2026-08-31T09:00:00Z")]);
}

#[test]
fn after_the_planned_day_the_rungs_come_again() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.answer("2026-03-02T10:00:00Z", Some(date(2026, 8, 20)));
    let said: Vec<String> = c.run("2026-03-02T10:00:00Z").into_iter().map(|(s, _)| s).collect();
    assert_eq!(said, ["7d", "3d", "1d", "0d"]);
}

#[test]
fn an_answer_without_a_plan_silences_nothing_that_is_to_come() {
    let mut c = Case::ending("2026-07-17T13:00:00Z");
    c.look(at("2026-07-17T13:00:00Z"));
    c.answer("2026-07-18T10:00:00Z", None);
    assert_eq!(c.run("2026-07-18T10:00:00Z")[0], pair("30d", "2026-08-01T09:00:00Z"));
}

#[test]
fn a_plan_taken_back_brings_no_stale_rung() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.answer("2026-03-02T10:00:00Z", Some(date(2026, 8, 31)));
    assert_eq!(c.says("2026-08-02T09:00:00Z").0, "", "the 30d rung is silenced by the plan");
    c.answer("2026-08-03T10:00:00Z", None);
    assert_eq!(c.says("2026-08-03T10:00:01Z"), pair("", "2026-08-17T09:00:00Z"));
}

#[test]
fn a_date_that_moves_earlier_voids_the_answer() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.answer("2026-03-02T10:00:00Z", Some(date(2026, 8, 20)));
    c.move_to(date(2026, 8, 1));
    let said: Vec<String> = c.run("2026-03-03T10:00:00Z").into_iter().map(|(s, _)| s).collect();
    assert_eq!(said, ["moved", "90d", "60d", "30d", "14d", "7d", "3d", "1d", "0d"]);

    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.look(at("2026-03-01T13:00:00Z"));
    c.answer("2026-03-02T10:00:00Z", Some(date(2026, 8, 20)));
    c.move_to(date(2026, 9, 30));
    let said: Vec<String> = c.run("2026-03-03T10:00:00Z").into_iter().map(|(s, _)| s).collect();
    assert_eq!(said, ["moved", "30d", "14d", "7d", "3d", "1d", "0d"], "a later date keeps the plan");
}

#[test]
fn news_of_an_incident_is_told_but_at_most_each_ten_minutes() {
    let mut c = Case::incident();
    assert_eq!(c.says("2026-03-01T10:00:00Z"), pair("opened opened", "2026-03-02T10:00:00Z"));
    c.matter.revision = 2;
    assert_eq!(c.says("2026-03-01T10:01:00Z"), pair("", "2026-03-01T10:10:00Z"));
    c.matter.revision = 3;
    assert_eq!(c.says("2026-03-01T10:05:00Z"), pair("", "2026-03-01T10:10:00Z"));
    assert_eq!(c.says("2026-03-01T10:10:00Z"), pair("updated updated", "2026-03-02T10:00:00Z"));
    assert_eq!(c.says("2026-03-01T10:30:00Z").0, "", "nothing new");
    c.matter.revision = 4;
    assert_eq!(c.says("2026-03-01T10:31:00Z").0, "updated updated");
    let occurrences: Vec<u32> = c.said.iter().map(|d| d.occurrence).collect();
    assert_eq!(occurrences, [0, 3, 4]);
}

#[test]
fn the_end_is_told_once_and_only_to_those_who_heard_of_it() {
    let mut c = Case::incident();
    c.look(at("2026-03-01T10:00:00Z"));
    c.matter.stage = Stage::Resolved;
    c.matter.revision = 2;
    let plan = c.look(at("2026-03-01T10:01:00Z"));
    assert_eq!((plan.due.map(|d| d.reason), plan.close, plan.next_at), (Some(Reason::Resolved), true, None));
    assert_eq!(c.look(at("2026-03-01T12:00:00Z")), Plan::default());

    let mut unheard = Case::incident();
    unheard.matter.stage = Stage::Resolved;
    let plan = unheard.look(at("2026-03-01T10:01:00Z"));
    assert_eq!((plan.due, plan.close), (None, true));

    let mut withdrawn = Case::ending("2026-03-01T13:00:00Z");
    withdrawn.look(at("2026-03-01T13:00:00Z"));
    withdrawn.matter.stage = Stage::Withdrawn;
    assert_eq!(withdrawn.look(at("2026-03-02T13:00:00Z")).due.map(|d| d.reason), Some(Reason::Withdrawn));
}

#[test]
fn nobody_answering_is_escalated_once_and_an_answer_prevents_it() {
    let mut c = Case::incident();
    c.look(at("2026-03-01T10:00:00Z"));
    assert_eq!(c.says("2026-03-02T10:00:00Z"), pair("after-86400s escalated", ""));
    assert!(c.said[1].contacts.iter().any(|k| k.id.0 == "search/lead"));
    assert_eq!(c.says("2026-03-03T10:00:00Z").0, "");

    let mut c = Case::incident();
    c.look(at("2026-03-01T10:00:00Z"));
    c.answer("2026-03-01T11:00:00Z", None);
    assert_eq!(c.says("2026-03-02T10:00:00Z"), pair("", ""));
}

#[test]
fn what_opens_again_says_so_whoever_spoke_last_and_a_snooze_ends_early_for_news_only() {
    let mut c = Case::incident();
    c.alert.episode = 2;
    assert_eq!(c.says("2026-03-01T10:00:00Z").0, "opened reopened");

    // Of staging nothing is said long before, also when its provider announces it again; unless a person opened it.
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    (c.alert.episode, c.policy.at_once) = (2, false);
    assert_eq!(c.says("2026-03-01T13:00:00Z").0, "");
    let by = By { who: "mei".into(), via: Via::Cli };
    c.alert.said = Some(Said { n: 1, by, at: at("2026-03-01T13:00:00Z"), words: "reopened".into() });
    c.alert.opened_at = at("2026-03-01T13:00:00Z");
    assert_eq!(c.says("2026-03-01T13:00:30Z").0, "opened reopened");

    // Put off before it was told: the date it was reopened with is no news, the one after is.
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    (c.alert.episode, c.alert.snoozed_until) = (2, Some(at("2026-05-01T09:00:00Z")));
    c.move_to(date(2026, 9, 15));
    c.alert.told_revision = c.matter.revision;
    assert_eq!(c.says("2026-03-01T13:00:00Z"), pair("", "2026-05-01T09:00:00Z"));
    c.move_to(date(2026, 9, 10));
    assert_eq!(c.says("2026-03-01T13:00:30Z").0, "opened reopened");
}

#[test]
fn an_escalation_that_passed_unseen_follows_the_first_message() {
    // First looked at two days late: the owner hears at once, the lead a little later, not never.
    let mut c = Case::incident();
    assert_eq!(c.says("2026-03-03T10:00:00Z"), pair("opened opened", "2026-03-03T10:10:00Z"));
    assert_eq!(c.says("2026-03-03T10:10:00Z"), pair("after-86400s escalated", ""));
}

#[test]
fn an_escalation_covers_earlier_ones_to_the_same_people_only() {
    let after = |minutes: i64, tell: &[Tell]| Step {
        anchor: Anchor::After { seconds: minutes * 60 },
        tell: tell.to_vec(),
        after_ack: false,
    };
    let mut c = Case::incident();
    c.policy.steps =
        vec![after(15, &[Tell::Owner]), after(60, &[Tell::Operators]), after(240, &[Tell::Owner, Tell::Lead])];
    let said = c.run("2026-03-02T10:00:00Z");
    let want = [
        ("opened", "2026-03-02T10:00:00Z"),
        ("after-14400s", "2026-03-02T10:10:00Z"),
        ("after-3600s", "2026-03-02T10:20:00Z"),
    ];
    assert_eq!(said, want.map(|(a, b)| pair(a, b)));
}

#[test]
fn a_rung_is_at_nine_local_on_the_right_civil_day_in_every_zone() {
    for (zone, ends, days, utc) in [
        ("America/New_York", date(2026, 11, 8), 7, "2026-11-01T14:00:00Z"), // the day the clocks go back
        ("America/New_York", date(2026, 11, 8), 14, "2026-10-25T13:00:00Z"),
        ("Europe/Berlin", date(2026, 3, 30), 1, "2026-03-29T07:00:00Z"), // the day they go forward
        ("Europe/Berlin", date(2026, 3, 30), 3, "2026-03-27T08:00:00Z"),
        ("Australia/Lord_Howe", date(2026, 4, 6), 1, "2026-04-04T22:30:00Z"), // half an hour back, that morning
        ("Australia/Lord_Howe", date(2026, 4, 6), 3, "2026-04-02T22:00:00Z"),
        ("Pacific/Apia", date(2026, 8, 31), 0, "2026-08-30T20:00:00Z"),
        ("Pacific/Apia", date(2012, 1, 1), 3, "2011-12-29T19:00:00Z"), // the 30th did not exist there
        ("Pacific/Kiritimati", date(2026, 8, 31), 0, "2026-08-30T19:00:00Z"),
        ("UTC", date(2028, 3, 1), 1, "2028-02-29T09:00:00Z"),
        ("UTC", date(2028, 2, 29), 90, "2027-12-01T09:00:00Z"),
        ("UTC", date(2027, 3, 1), 1, "2027-02-28T09:00:00Z"),
    ] {
        let c = Case::new(Kind::Deprecation, Some(ends), at("2011-01-01T00:00:00Z"), zone);
        let rung = rungs(&c.policy, &c.matter, c.alert.opened_at, &c.owner)
            .into_iter()
            .find(|r| r.step.0 == format!("{days}d"))
            .unwrap();
        assert_eq!(rung.at.to_string(), utc, "{zone} {days} days before {ends}");
    }
}

#[test]
fn c9_leap_days_ends_of_months_and_years_are_counted_in_civil_days() {
    for (ends, days, on) in [
        (date(2028, 2, 29), 0, "2028-02-29"),
        (date(2028, 3, 1), 1, "2028-02-29"),
        (date(2028, 3, 30), 30, "2028-02-29"),
        (date(2027, 3, 30), 30, "2027-02-28"),
        (date(2027, 3, 31), 30, "2027-03-01"),
        (date(2027, 1, 1), 1, "2026-12-31"),
        (date(2027, 1, 3), 3, "2026-12-31"), // the 53rd week of 2026
        (date(2026, 12, 31), 90, "2026-10-02"),
        (date(2028, 5, 29), 90, "2028-02-29"),
        (date(2100, 3, 1), 1, "2100-02-28"), // no leap year
    ] {
        let c = Case::new(Kind::Deprecation, Some(ends), at("2011-01-01T00:00:00Z"), "America/New_York");
        let all = rungs(&c.policy, &c.matter, c.alert.opened_at, &c.owner);
        let rung = all.into_iter().find(|r| r.step.0 == format!("{days}d")).unwrap();
        let local = rung.at.to_zoned_datetime(c.owner.zone.clone());
        assert_eq!((local.date().to_string().as_str(), local.hour()), (on, 9), "{days} days before {ends}");
    }
}

#[test]
fn casablanca_keeps_nine_local_through_its_ramadan_change() {
    // From 15 February to 22 March 2026 by its rules; tzdata knows, we only ask.
    let zone = TimeZone::get("Africa/Casablanca").unwrap();
    for days in [60, 30, 14, 7, 3, 1, 0] {
        let ends = date(2026, 3, 30);
        let c = Case::new(Kind::Deprecation, Some(ends), at("2026-01-01T00:00:00Z"), "Africa/Casablanca");
        let rung = rungs(&c.policy, &c.matter, c.alert.opened_at, &c.owner)
            .into_iter()
            .find(|r| r.step.0 == format!("{days}d"))
            .unwrap();
        let local = rung.at.to_zoned_datetime(zone.clone()).datetime();
        assert_eq!(local, ends.checked_sub(days.days()).unwrap().at(9, 0, 0, 0), "{days}");
    }
}

#[test]
fn overdue_is_counted_in_the_owners_zone() {
    // 31 August 20:00 in New York is 1 September in UTC.
    let mut c = Case::new(Kind::Deprecation, Some(date(2026, 8, 31)), at("2026-03-01T13:00:00Z"), "America/New_York");
    c.look(at("2026-03-01T13:00:00Z"));
    assert_eq!(c.says("2026-09-01T00:00:00Z").0, "0d reminder");
}

#[test]
fn a_reminder_for_a_day_off_comes_on_the_working_day_before_and_rungs_that_meet_are_one() {
    // 31 August 2026 is a Monday; the 28th is a day off.
    let mut c = Case::ending("2026-08-01T13:00:00Z");
    c.owner.hours.set_work("mon-fri 10:00-18:00").unwrap();
    c.owner.hours.add_holiday(date(2026, 8, 28));
    let said = c.run("2026-08-01T13:00:00Z");
    let want = [
        ("opened", "2026-08-01T13:00:00Z"),
        ("14d", "2026-08-17T10:00:00Z"),
        ("7d", "2026-08-24T10:00:00Z"),
        ("1d", "2026-08-27T10:00:00Z"), // 3d would be the 28th, 1d Sunday the 30th: both Thursday, one message
        ("0d", "2026-08-31T10:00:00Z"),
    ];
    assert_eq!(said, want.map(|(a, b)| pair(a, b)));
}

#[test]
fn quiet_hours_hold_back_all_but_critical_incidents_and_nothing_past_its_deadline() {
    let night = "2026-03-01T23:00:00Z";
    let mut c = Case::new(Kind::Deprecation, Some(date(2026, 8, 31)), at(night), "UTC");
    c.owner.hours.set_quiet("22:00-07:00").unwrap();
    assert_eq!(c.says(night), pair("", "2026-03-02T07:00:00Z"));
    assert_eq!(c.says("2026-03-02T07:00:00Z").0, "opened opened");
    // It ends at midnight: there is nothing to wait for.
    let mut c = Case::new(Kind::Deprecation, Some(date(2026, 3, 2)), at(night), "UTC");
    c.owner.hours.set_quiet("22:00-07:00").unwrap();
    assert_eq!(c.says(night).0, "opened opened");
    let mut c = Case::new(Kind::Incident, None, at(night), "UTC");
    c.owner.hours.set_quiet("22:00-07:00").unwrap();
    assert_eq!(c.says(night).0, "");
    c.policy = built_in().into_iter().find(|p| p.name == crate::rules::policy::CRITICAL).unwrap();
    assert_eq!(c.says(night).0, "opened opened");
}

#[test]
fn a_deputy_hears_in_the_place_of_the_owner_and_the_lead_hears_all_the_same() {
    let mut c = Case::ending("2026-08-24T13:00:00Z");
    c.alert.baseline = true;
    c.deputy = Some(owner("platform", "UTC"));
    let due = c.look(at("2026-08-24T13:00:00Z")).due.unwrap();
    let told: Vec<&str> = due.contacts.iter().map(|k| k.id.0.as_str()).collect();
    assert_eq!((due.step.0.as_str(), told), ("7d", vec!["platform/email", "search/lead"]));
}

#[test]
fn a_step_names_a_contact_and_whether_an_answer_stops_it() {
    let mut c = Case::incident();
    let boss = crate::rules::testing::contact("board", "email");
    c.contacts.insert(boss.id.clone(), boss.clone());
    let step = |minutes: i64, after_ack| Step {
        anchor: Anchor::After { seconds: minutes * 60 },
        tell: vec![Tell::Contact(boss.id.clone())],
        after_ack,
    };
    c.policy.steps = vec![step(15, false), step(60, true)];
    c.look(at("2026-03-01T10:00:00Z"));
    c.answer("2026-03-01T10:05:00Z", None);
    let due = |c: &mut Case, t: &str| c.look(at(t)).due.map(|d| (d.step.0, d.contacts));
    assert_eq!(due(&mut c, "2026-03-01T10:15:00Z"), None);
    assert_eq!(due(&mut c, "2026-03-01T11:00:00Z"), Some(("after-3600s".into(), vec![boss])));
}

#[test]
fn what_ends_for_staging_only_is_silent_until_fourteen_days_before() {
    let mut c = Case::ending("2026-03-01T13:00:00Z");
    c.policy = built_in().into_iter().find(|p| p.name == crate::rules::policy::DEPRECATION_STAGING).unwrap();
    assert_eq!(c.says("2026-03-01T13:00:00Z"), pair("", "2026-08-17T09:00:00Z"));
    c.move_to(date(2026, 9, 30));
    assert_eq!(c.says("2026-03-02T13:00:00Z"), pair("", "2026-09-16T09:00:00Z"), "nobody was told of the first date");
    let said: Vec<String> = c.run("2026-09-16T09:00:00Z").into_iter().map(|(s, _)| s).collect();
    assert_eq!(said, ["14d", "7d", "3d", "1d", "0d"]);
}

#[test]
fn past_the_date_each_morning_says_that_it_is_still_used_and_stops_with_the_use() {
    let mut c = Case::ending("2026-08-31T08:00:00Z");
    c.used_on = Some(date(2026, 8, 31));
    assert_eq!(c.says("2026-08-31T08:00:00Z").0, "opened opened");
    assert_eq!(c.says("2026-08-31T09:00:00Z"), pair("0d reminder", "2026-09-01T09:00:00Z"));
    assert_eq!(c.says("2026-09-01T09:00:00Z"), pair("daily-2026-09-01 overdue", "2026-09-02T09:00:00Z"));
    assert_eq!(c.says("2026-09-01T15:00:00Z").0, "", "once a day");
    c.answer("2026-09-01T16:00:00Z", None);
    c.used_on = Some(date(2026, 9, 1));
    assert_eq!(c.says("2026-09-02T09:00:00Z").0, "daily-2026-09-02 overdue", "an answer does not stop it");
    assert_eq!(
        c.says("2026-09-03T09:00:00Z"),
        pair("", "2026-09-04T09:00:00Z"),
        "unused since the day before yesterday"
    );
    c.used_on = Some(date(2026, 9, 6));
    assert_eq!(c.says("2026-09-07T12:00:00Z").0, "daily-2026-09-07 overdue", "days in the dark are one message");
}

#[test]
fn what_is_silenced_says_nothing_and_ends_quietly() {
    let mut c = Case::ending("2026-07-01T13:00:00Z");
    let until = at("2026-08-20T00:00:00Z");
    c.silenced_until = Some(until);
    assert_eq!(c.says("2026-07-01T13:00:00Z"), pair("", "2026-08-20T00:00:00Z"));
    assert_eq!(c.says("2026-08-20T00:00:00Z").0, "opened opened");
    c.silenced_until = Some(at("2026-09-20T00:00:00Z"));
    c.matter.stage = Stage::Withdrawn;
    let plan = c.look(at("2026-08-21T00:00:00Z"));
    assert_eq!((plan.due, plan.close, plan.next_at), (None, true, None));
}

/// Something that happens between two looks.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Nothing,
    News,
    MovedTo(i64),
    Answered(Option<i64>),
}

fn turns() -> impl Strategy<Value = Vec<(i64, Turn)>> {
    let turn = prop_oneof![
        12 => Just(Turn::Nothing),
        1 => Just(Turn::News),
        1 => (5i64..119).prop_map(Turn::MovedTo),
        1 => prop::option::of(0i64..119).prop_map(Turn::Answered),
    ];
    // Steps from a second to a week: ticks, and downtime.
    let step = prop_oneof![1i64..120, 60i64..86_400, 3_600i64..604_800];
    prop::collection::vec((step, turn), 1..400)
}

const ZONES: [&str; 4] = ["UTC", "America/New_York", "Pacific/Kiritimati", "Australia/Lord_Howe"];

proptest! {
    #[test]
    fn however_time_steps_nothing_is_told_twice_and_the_last_rung_always_comes(
        turns in turns(),
        ends in 2i64..118,
        zone in 0usize..ZONES.len(),
        incident in any::<bool>(),
        baseline in any::<bool>(),
    ) {
        let start = at("2026-02-01T12:00:00Z");
        let day = |n: i64| date(2026, 2, 1).saturating_add(n.days());
        let mut c = if incident {
            Case::new(Kind::Incident, None, start, ZONES[zone])
        } else {
            Case::new(Kind::Deprecation, Some(day(ends)), start, ZONES[zone])
        };
        c.alert.baseline = baseline;
        let mut now = start;
        let mut next = Some(start);
        let mut last_told: Option<Timestamp> = None;
        let mut turns = turns.into_iter();
        loop {
            // When nothing happens any more, its own appointments alone must carry it to the end.
            let turn = match (turns.next(), next) {
                (Some((step, turn)), _) => {
                    now += SignedDuration::from_secs(step);
                    turn
                }
                (None, Some(at)) => {
                    now = now.max(at);
                    Turn::Nothing
                }
                (None, None) => break,
            };
            let mut woken = true;
            match turn {
                Turn::Nothing => woken = false,
                Turn::News => c.matter.revision += u32::from(incident),
                Turn::MovedTo(n) if !incident && day(n) > today(&c.owner, now) => c.move_to(day(n)),
                Turn::MovedTo(_) => {}
                Turn::Answered(plan) => c.answer(&now.to_string(), plan.map(day)),
            }
            // As the engine: looked at when something happened, and when its time has come.
            if !woken && next.is_none_or(|at| at > now) {
                continue;
            }
            let before = c.said.len();
            let plan = c.look(now);
            prop_assert!(c.said.len() <= before + 1);
            prop_assert!(plan.next_at.is_none_or(|at| at > now), "{:?} is not after {now}", plan.next_at);
            if let Some(d) = &plan.due {
                if d.reason == Reason::Updated {
                    prop_assert!(last_told.is_none_or(|l| now.duration_since(l) >= UPDATE_GAP));
                }
                last_told = Some(now);
            }
            next = plan.next_at;
        }
        let keys: BTreeSet<_> = c.said.iter().map(|d| (&d.step, d.deadline_revision, d.occurrence)).collect();
        prop_assert_eq!(keys.len(), c.said.len(), "told twice: {:?}", c.said.iter().map(|d| &d.step.0).collect::<Vec<_>>());
        if incident {
            prop_assert!(c.told.iter().any(|t| t.step.0 == "after-86400s") || c.alert.ack.is_some());
        } else {
            let all = rungs(&c.policy, &c.matter, c.alert.opened_at, &c.owner);
            let last = all.last().unwrap();
            let revision = deadline_revision(&c.matter);
            // The last rung itself, or a message of the same date that came at or after its moment.
            let end = c.told.iter().find(|t| t.deadline_revision == revision && t.at >= last.at);
            prop_assert!(end.is_some(), "nothing was said at the end: {:?}", c.told);
            let end = end.unwrap();
            prop_assert!(end.step == last.step || matches!(end.step.0.as_str(), "moved" | "opened"), "{end:?}");
            let after = c.told.iter().filter(|t| t.at > end.at && t.deadline_revision == revision).count();
            prop_assert_eq!(after, 0, "after the last rung nothing follows");
        }
    }
}
