//! Two readings of a provider's own list of models: what appeared, what vanished, what came back.
//!
//! In: what is known of the list, the ids it shows now. Out: what is known after, and what happened. Invariants: a first
//! read is where we begin; what is missing is gone only after a second and a third read, each at least ten minutes after the
//! one before; many missing at once are a fault of the list until a week has passed. Refuses to call anything retired.

use crate::model::{Listed, ModelList};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Good reads without a model after which it is gone: the one that missed it, and two that confirm it.
pub const GONE_AFTER: u32 = 3;
/// Reads closer together than this are one, as a cache would answer them.
const APART: SignedDuration = SignedDuration::from_mins(10);
/// So many missing at once, if they are also a fifth of the list, are rather a fault of the list.
const MANY: usize = 5;
/// How long they must be missing to be gone all the same.
const MANY_GONE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a reading changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// What is known after it.
    pub list: ModelList,
    /// Ids never listed before.
    pub appeared: Vec<String>,
    /// Ids that are gone now, and since when.
    pub gone: Vec<(String, Timestamp)>,
    /// Ids that were gone since then, and are listed again.
    pub back: Vec<(String, Timestamp)>,
    /// Ids whose date was taken back: read twice without it.
    pub withdrawn: Vec<String>,
    /// Something is missing that more reads must confirm.
    pub again: bool,
    /// So many ids are missing at once that the list is doubted.
    pub short: Option<usize>,
}

/// What a list shows now.
#[derive(Debug, Clone, Copy)]
pub struct Shows<'a> {
    /// All ids.
    pub ids: &'a BTreeSet<String>,
    /// Those for which it gave a date before, and gives none now.
    pub undated: &'a BTreeSet<String>,
}

/// Compares; `known` is none before the first good read.
pub fn compare(known: Option<&ModelList>, shows: Shows<'_>, now: Timestamp) -> Compared {
    let Some(known) = known else {
        let all = shows.ids.iter().map(|id| (id.clone(), Listed::default())).collect();
        return Compared { list: ModelList(all), ..Compared::default() };
    };
    let mut out = Compared { list: known.clone(), ..Compared::default() };
    for id in shows.ids {
        let before = out.list.0.insert(id.clone(), Listed::default());
        match before {
            None => out.appeared.push(id.clone()),
            Some(Listed { gone: true, since, .. }) => out.back.push((id.clone(), since.unwrap_or(now))),
            Some(Listed { gone: false, .. }) => {}
        }
        if shows.undated.contains(id) {
            let first = before.and_then(|l| l.undated).unwrap_or(now);
            if now.duration_since(first) >= APART {
                out.withdrawn.push(id.clone());
            } else {
                out.again = true;
                out.list.0.insert(id.clone(), Listed { undated: Some(first), ..Listed::default() });
            }
        }
    }
    let now_listed = shows.ids;
    let expected = known.0.values().filter(|l| !l.gone).count();
    let missing = known.0.iter().filter(|(id, l)| !l.gone && !now_listed.contains(*id));
    let missing: Vec<(&String, &Listed)> = missing.collect();
    let many = missing.len() >= MANY && missing.len() * 5 >= expected;
    out.short = many.then_some(missing.len());
    for (id, before) in missing {
        let since = before.since.unwrap_or(now);
        // The moments of single reads are not kept: the first and a count say how far apart they must be at least.
        let apart = APART.checked_mul(i32::try_from(before.missing).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX);
        let counts = before.missing == 0 || now.duration_since(since) >= apart;
        let count = before.missing.saturating_add(u32::from(counts)).min(GONE_AFTER);
        let long = !many || now.duration_since(since) >= MANY_GONE_AFTER;
        let gone = count >= GONE_AFTER && long;
        out.list.0.insert(id.clone(), Listed { missing: count, since: Some(since), gone, undated: None });
        if gone {
            out.gone.push((id.clone(), since));
        } else {
            out.again |= count < GONE_AFTER;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minutes: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T15:00:00Z".parse().unwrap();
        start.checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    fn ids(text: &str) -> BTreeSet<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn seen(known: Option<&ModelList>, listed: &str, now: Timestamp) -> Compared {
        compare(known, Shows { ids: &ids(listed), undated: &BTreeSet::new() }, now)
    }

    #[test]
    fn a_date_is_taken_back_when_it_is_missing_twice() {
        let (all, lost, none) = (ids("a b"), ids("a"), BTreeSet::new());
        let shows = |undated| Shows { ids: &all, undated };
        let mut known = compare(None, shows(&none), at(0)).list;
        for (minute, undated, again, withdrawn) in [
            (360, &lost, true, 0),
            (365, &lost, true, 0),
            (371, &none, false, 0),
            (720, &lost, true, 0),
            (731, &lost, false, 1),
        ] {
            let c = compare(Some(&known), shows(undated), at(minute));
            assert_eq!((c.again, c.withdrawn.len()), (again, withdrawn), "minute {minute}");
            known = c.list;
        }
    }

    /// Reads one after another; what appeared, is gone, is back, as `+a -b *c` for each.
    fn lived(reads: &[(i64, &str)]) -> Vec<String> {
        let mut known = None;
        let mut out = Vec::new();
        for (minute, listed) in reads {
            let c = seen(known.as_ref(), listed, at(*minute));
            let plus = c.appeared.iter().map(|id| format!("+{id}"));
            let minus = c.gone.iter().map(|(id, _)| format!("-{id}"));
            let back = c.back.iter().map(|(id, _)| format!("*{id}"));
            out.push(plus.chain(minus).chain(back).collect::<Vec<_>>().join(" "));
            known = Some(c.list);
        }
        out
    }

    #[test]
    fn a_first_read_is_where_we_begin_and_a_new_id_appears_once() {
        assert_eq!(lived(&[(0, "a b"), (360, "a b c"), (720, "a c"), (731, "a b c")]), ["", "+c", "", ""]);
    }

    #[test]
    fn what_is_missing_is_gone_at_the_third_read_and_each_must_be_apart() {
        assert_eq!(lived(&[(0, "a b"), (360, "a"), (371, "a"), (382, "a"), (393, "a")]), ["", "", "", "-b", ""]);
        assert_eq!(lived(&[(0, "a b"), (360, "a"), (361, "a"), (362, "a"), (363, "a")]), ["", "", "", "", ""]);
        assert_eq!(lived(&[(0, "a b"), (360, "a"), (371, "a b"), (382, "a"), (393, "a")]), ["", "", "", "", ""]);
    }

    #[test]
    fn what_is_gone_can_come_back_and_go_again() {
        let all = lived(&[(0, "a b"), (10, "a"), (20, "a"), (30, "a"), (40, "a b"), (50, "a"), (60, "a"), (70, "a")]);
        assert_eq!(all, ["", "", "", "-b", "*b", "", "", "-b"]);
    }

    #[test]
    fn a_list_that_lost_many_at_once_is_doubted_for_a_week() {
        let (full, short) = ("a b c d e f g h i j", "a b c d e");
        let mut known = Some(seen(None, full, at(0)).list);
        for n in 1..=28 {
            let c = seen(known.as_ref(), short, at(360 * n));
            assert_eq!((c.short, c.gone.len()), (Some(5), 0), "read {n}");
            known = Some(c.list);
        }
        let c = seen(known.as_ref(), short, at(360 * 29));
        assert_eq!(c.gone.iter().map(|(id, _)| id.as_str()).collect::<String>(), "fghij");
        assert_eq!(seen(Some(&c.list), short, at(360 * 30)).short, None);
    }

    proptest! {
        #[test]
        fn nothing_is_gone_that_was_listed_in_one_of_the_last_three_reads(reads in prop::collection::vec("[a-f]{0,6}", 1..20)) {
            let reads: Vec<BTreeSet<String>> = reads.iter().map(|r| r.chars().map(String::from).collect()).collect();
            let mut known = None;
            for (n, listed) in reads.iter().enumerate() {
                let c = compare(known.as_ref(), Shows { ids: listed, undated: &BTreeSet::new() }, at(360 * i64::try_from(n).unwrap()));
                for (id, _) in &c.gone {
                    prop_assert!(n >= 3 && reads[n - 2..=n].iter().all(|r| !r.contains(id)));
                }
                prop_assert!(c.appeared.iter().all(|id| reads[..n].iter().all(|r| !r.contains(id))));
                prop_assert!(listed.iter().all(|id| c.list.0[id] == Listed::default()));
                known = Some(c.list);
            }
        }
    }
}
