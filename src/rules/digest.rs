//! When a digest comes.
//!
//! In: an owner's schedule and quiet hours, what was reckoned before, now. Out: [`Turn`]. Invariant: however many were missed,
//! one comes; a schedule that is new or has changed begins with its next time. Refuses to say what stands in it.

use super::directory::Owner;
use crate::model::DigestTime;
use jiff::Timestamp;

/// When digests come where the config says nothing: Monday at nine, in the owner's zone.
pub const DIGEST: &str = "0 9 * * mon";

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is due, and nothing changes.
    Wait,
    /// Nothing is due; from now on this counts.
    Begin(DigestTime),
    /// One is due, for what happened since; then this counts.
    Send {
        /// The time it was due.
        due: Timestamp,
        /// What happened from here on is news in it.
        since: Timestamp,
        /// What counts afterwards.
        then: DigestTime,
    },
    /// There is none, and what was reckoned is forgotten.
    Off,
}

/// Decides for one owner.
pub fn turn(owner: &Owner, known: Option<&DigestTime>, now: Timestamp) -> Turn {
    let Some((schedule, next_at)) = owner.digest.as_ref().and_then(|s| Some((s, s.next(now)?))) else {
        return if known.is_some() { Turn::Off } else { Turn::Wait };
    };
    let at = |since| DigestTime { owner: owner.name.clone(), schedule: schedule.as_str().to_owned(), next_at, since };
    match known {
        None => Turn::Begin(at(now)),
        // A time beyond the next one was reckoned by another schedule, or by a clock that was wrong.
        Some(k) if k.schedule != schedule.as_str() || k.next_at > next_at => Turn::Begin(at(k.since.min(now))),
        Some(k) if k.next_at > now || owner.hours.quiet_until(&owner.zone, now).is_some() => Turn::Wait,
        Some(k) => Turn::Send { due: k.next_at, since: k.since, then: at(now) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schedule;
    use crate::rules::testing::owner;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    fn weekly() -> Owner {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let digest = Schedule::parse_in("0 9 * * mon", &zone).ok();
        Owner { digest, zone, ..owner("search", "UTC") }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn begun(o: &Owner, now: &str) -> DigestTime {
        match turn(o, None, at(now)) {
            Turn::Begin(t) => t,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_begins_with_the_next_monday_and_comes_once_however_many_were_missed() {
        let o = weekly();
        let first = begun(&o, "2026-11-23T15:00:00Z");
        assert_eq!(first.next_at, at("2026-11-30T08:00:00Z"), "nine in Berlin");
        assert_eq!(turn(&o, Some(&first), at("2026-11-30T07:59:59Z")), Turn::Wait);
        let Turn::Send { due, since, then } = turn(&o, Some(&first), at("2027-01-06T10:00:00Z")) else { panic!() };
        assert_eq!((due, since), (first.next_at, first.since));
        assert_eq!((then.next_at, then.since), (at("2027-01-11T08:00:00Z"), at("2027-01-06T10:00:00Z")));
    }

    #[test]
    fn quiet_hours_put_it_off_and_another_schedule_counts_anew() {
        let mut o = weekly();
        let first = begun(&o, "2026-11-23T15:00:00Z");
        o.hours.set_quiet("20:00-10:00").unwrap();
        assert_eq!(turn(&o, Some(&first), at("2026-11-30T08:30:00Z")), Turn::Wait);
        assert!(matches!(turn(&o, Some(&first), at("2026-11-30T09:00:00Z")), Turn::Send { .. }));
        o.digest = Schedule::parse_in("0 9 * * fri", &o.zone).ok();
        let Turn::Begin(t) = turn(&o, Some(&first), at("2026-11-30T09:00:00Z")) else { panic!() };
        assert_eq!((t.next_at, t.since), (at("2026-12-04T08:00:00Z"), first.since));
        o.digest = None;
        assert_eq!(turn(&o, Some(&first), at("2026-11-30T09:00:00Z")), Turn::Off);
        assert_eq!(turn(&o, None, at("2026-11-30T09:00:00Z")), Turn::Wait);
    }

    #[test]
    fn what_a_wrong_clock_reckoned_is_reckoned_again() {
        let o = weekly();
        let wrong = begun(&o, "2027-03-01T12:00:00Z");
        let Turn::Begin(t) = turn(&o, Some(&wrong), at("2026-12-01T12:00:00Z")) else { panic!() };
        assert_eq!((t.next_at, t.since), (at("2026-12-07T08:00:00Z"), at("2026-12-01T12:00:00Z")));
    }

    proptest! {
        #[test]
        fn each_due_time_is_sent_at_most_once(steps in proptest::collection::vec(0i64..2_000_000, 1..60)) {
            let o = weekly();
            let mut now = at("2026-11-23T15:00:00Z");
            let mut known = None;
            let mut sent = Vec::new();
            for s in steps {
                now += jiff::SignedDuration::from_secs(s);
                match turn(&o, known.as_ref(), now) {
                    Turn::Begin(t) => known = Some(t),
                    Turn::Send { due, then, .. } => {
                        prop_assert!(due <= now && then.next_at > now);
                        sent.push(due);
                        known = Some(then);
                    }
                    Turn::Wait => prop_assert!(known.as_ref().is_some_and(|k| k.next_at > now)),
                    Turn::Off => prop_assert!(false),
                }
            }
            prop_assert!(sent.windows(2).all(|w| w[0] < w[1]), "{sent:?}");
        }
    }
}
