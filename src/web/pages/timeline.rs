//! The timeline picture: what ends, by date, laid out so that no label covers another and no stem crosses a word.
//!
//! In: rows of the calendar, today. Out: coordinates for the template, which draws and escapes. Invariant: what is left out
//! of the picture is counted. Refuses text: names are cut here, and written by the template.

use crate::engine::calendar::Deprecation;
use crate::engine::front::AHEAD;
use crate::model::{Firmness, Precision};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;

/// Days before today that the picture begins.
const BACK: i32 = 7;
/// Most things drawn; the table has all.
const MOST: usize = 24;
/// Longest name, in characters.
const NAME: usize = 30;

/// The picture, twice: lying for a desk, standing for a phone.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    /// Lying.
    pub wide: Drawing,
    /// Standing.
    pub tall: Drawing,
    /// How many are not drawn.
    pub more: usize,
}

/// One drawing.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    /// Size of the picture.
    pub width: i32,
    pub height: i32,
    /// Where the axis lies.
    pub axis: i32,
    /// Where it begins and ends.
    pub from: i32,
    pub to: i32,
    /// Where today is, and a week and 30 days from now.
    pub today: i32,
    pub week: i32,
    pub month: i32,
    /// The first of each month, with its name.
    pub months: Vec<(i32, String)>,
    /// Where something ends that is not ours.
    pub ticks: Vec<i32>,
    /// What is drawn.
    pub marks: Vec<Mark>,
}

/// One thing that ends.
#[derive(Debug, Serialize)]
pub(super) struct Mark {
    /// Its id, for the link.
    pub id: String,
    /// Its name, cut.
    pub name: String,
    /// `Fri 22 Jan`, `from Feb 2027`.
    pub when: String,
    /// Days from today.
    pub left: i32,
    /// `now`, `week`, `month`, `later`: colour and shape follow.
    pub urgency: &'static str,
    /// Somebody has answered.
    pub answered: bool,
    /// It may be later: a floor, a month.
    pub open_ended: bool,
    /// Where its day is on the axis.
    pub at: i32,
    /// Where its label stands, across the axis (lying) or along it (standing).
    pub lane: i32,
}

/// How urgent so many days are.
pub(super) fn urgency(left: i32) -> &'static str {
    match left {
        ..=-1 => "now",
        0..=7 => "week",
        8..=30 => "month",
        _ => "later",
    }
}

/// Draws.
pub(super) fn timeline(rows: &[Deprecation], others: &[Date], today: Date) -> Timeline {
    let mut items: Vec<Item> = rows.iter().filter_map(|d| item(d, today)).collect();
    let more = items.len().saturating_sub(MOST);
    items.truncate(MOST);
    Timeline { wide: wide(&items, others, today), tall: tall(&items, others, today), more }
}

struct Item {
    day: i32,
    mark: Mark,
}

fn item(d: &Deprecation, today: Date) -> Option<Item> {
    let day = days(today, d.soonest()?);
    let deadline = d.deadline.as_ref()?;
    let exact =
        deadline.firmness == Firmness::Firm && matches!(deadline.precision, Precision::Day | Precision::Instant);
    let name = d.subject.as_ref().map_or(d.id.as_str(), |s| s.id.as_str());
    let when = match d.remind_on {
        Some(earlier) => earlier.strftime("%a %-d %b").to_string(),
        None if exact => deadline.date.strftime("%a %-d %b").to_string(),
        None => deadline.in_words(),
    };
    Some(Item {
        day: day.clamp(-BACK, AHEAD),
        mark: Mark {
            id: d.id.clone(),
            name: cut(name),
            when,
            left: day,
            urgency: urgency(day),
            answered: d.state.starts_with("plan ") || d.state.starts_with("seen "),
            open_ended: !exact,
            at: 0,
            lane: 0,
        },
    })
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME { name.to_owned() } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}

fn days(today: Date, to: Date) -> i32 {
    today.until(to).map_or(0, |s| s.get_days())
}

/// The first of each month of the picture, by its day.
fn months(today: Date) -> Vec<(i32, String)> {
    let begin = today.saturating_sub(BACK.days()).first_of_month();
    (0..6)
        .map(|n| begin.saturating_add(n.months()))
        .map(|first| (days(today, first), first.strftime("%b").to_string()))
        .filter(|(day, _)| (-BACK..=AHEAD).contains(day))
        .collect()
}

fn place(item: &Item, at: i32, lane: i32) -> Mark {
    let m = &item.mark;
    Mark {
        at,
        lane,
        id: m.id.clone(),
        name: m.name.clone(),
        when: m.when.clone(),
        ..Mark { id: String::new(), name: String::new(), when: String::new(), ..*m }
    }
}

/// Pixels of a label in the lying picture: a narrow type of 13, and the days left.
fn label_width(m: &Mark) -> i32 {
    let chars = m.name.chars().count() + 7 + if m.open_ended { 3 } else { 0 };
    i32::try_from(chars).unwrap_or(40) * 8 + 20
}

/// Height of a lane.
const LANE: i32 = 26;

fn wide(items: &[Item], others: &[Date], today: Date) -> Drawing {
    let (from, to) = (10, 780);
    let x = |day: i32| from + (day + BACK) * (to - from) / (AHEAD + BACK);
    // From the right, so that a label never lies on the stem of one that was placed before it.
    let mut placed: Vec<(i32, i32, i32)> = Vec::new(); // its stem, the end of its label, its lane
    let mut marks = Vec::new();
    for item in items.iter().rev() {
        let at = x(item.day);
        let end = at + label_width(&item.mark);
        let free = |lane: &i32| {
            placed.iter().all(|(stem, _, other)| {
                let apart = *stem - 12 > end;
                let same = other == lane && !apart;
                // Its stem runs down through this lane: the label must not lie under it.
                let crossed = other > lane && !apart && *stem > at;
                !same && !crossed
            })
        };
        let lane = (0..).find(free).unwrap_or(0);
        placed.push((at, end, lane));
        marks.push(place(item, at, lane));
    }
    let lanes = placed.iter().map(|(_, _, lane)| lane + 1).max().unwrap_or(0);
    let axis = 24 + lanes * LANE;
    for m in &mut marks {
        m.lane = axis - 18 - m.lane * LANE;
    }
    marks.reverse();
    let months = months(today).into_iter().map(|(day, name)| (x(day), name)).collect();
    let ticks = ticks(others, today).into_iter().map(x).collect();
    Drawing {
        width: 1120,
        height: axis + 48,
        axis,
        from,
        to,
        today: x(0),
        week: x(7),
        month: x(30),
        months,
        ticks,
        marks,
    }
}

fn tall(items: &[Item], others: &[Date], today: Date) -> Drawing {
    let (from, step) = (16, 5);
    let y = |day: i32| from + (day + BACK) * step;
    let mut next = i32::MIN;
    let marks: Vec<Mark> = items
        .iter()
        .map(|item| {
            let at = y(item.day);
            let lane = at.max(next);
            next = lane + 44;
            place(item, at, lane)
        })
        .collect();
    let to = y(AHEAD);
    let last = marks.last().map_or(0, |m| m.lane + 30);
    let months = months(today).into_iter().map(|(day, name)| (y(day), name)).collect();
    let ticks = ticks(others, today).into_iter().map(y).collect();
    Drawing {
        width: 360,
        height: to.max(last) + 16,
        axis: 52,
        from,
        to,
        today: y(0),
        week: y(7),
        month: y(30),
        months,
        ticks,
        marks,
    }
}

/// Each day once: a hundred ends of one day are one tick.
fn ticks(others: &[Date], today: Date) -> Vec<i32> {
    let mut out: Vec<i32> = others.iter().map(|d| days(today, *d)).filter(|n| (0..=AHEAD).contains(n)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn items(all: &[(i32, usize)]) -> Vec<Item> {
        let mut all = all.to_vec();
        all.sort_unstable();
        all.iter()
            .map(|(day, len)| Item {
                day: *day,
                mark: Mark {
                    id: String::new(),
                    name: "x".repeat(*len),
                    when: String::new(),
                    left: *day,
                    urgency: urgency(*day),
                    answered: false,
                    open_ended: day % 3 == 0,
                    at: 0,
                    lane: 0,
                },
            })
            .collect()
    }

    proptest! {
        #[test]
        fn no_label_lies_on_a_label_a_mark_or_a_stem(all in prop::collection::vec((-7i32..=90, 1usize..=NAME), 0..=MOST)) {
            let d = wide(&items(&all), &[], date(2026, 11, 23));
            for (n, a) in d.marks.iter().enumerate() {
                let end = a.at + label_width(a);
                prop_assert!(a.at >= d.from && a.lane > 0 && a.lane < d.axis);
                prop_assert!(end <= d.width, "the label ends at {end}");
                for (m, b) in d.marks.iter().enumerate() {
                    if n == m { continue; }
                    if a.lane == b.lane {
                        let other = b.at + label_width(b);
                        prop_assert!(end < b.at - 6 || other < a.at - 6, "{} and {} in one lane", a.at, b.at);
                    }
                    // The stem of b runs from its lane down to the axis.
                    let under = a.lane > b.lane;
                    prop_assert!(!(under && b.at > a.at + 6 && b.at <= end), "the stem at {} crosses the label at {}", b.at, a.at);
                }
            }
        }

        #[test]
        fn standing_labels_keep_their_distance_and_their_order(all in prop::collection::vec((-7i32..=90, 1usize..=NAME), 0..=MOST)) {
            let d = tall(&items(&all), &[], date(2026, 11, 23));
            for pair in d.marks.windows(2) {
                prop_assert!(pair[1].lane - pair[0].lane >= 44 && pair[1].at >= pair[0].at);
            }
            prop_assert!(d.marks.iter().all(|m| m.lane >= m.at && m.lane < d.height));
        }
    }

    #[test]
    fn months_stand_at_their_first_day() {
        let d = wide(&[], &[date(2026, 11, 24), date(2026, 11, 24), date(2027, 3, 1)], date(2026, 11, 23));
        let names: Vec<&str> = d.months.iter().map(|(_, n)| n.as_str()).collect();
        assert_eq!(names, ["Dec", "Jan", "Feb"]);
        assert_eq!(d.ticks.len(), 1, "one day is one tick, and what is far away none");
    }
}
