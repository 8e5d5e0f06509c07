//! The timeline picture: what ends, by date, laid out so that no label covers another and no stem crosses a word.
//!
//! In: rows of the calendar, today. Out: coordinates for the template, which draws and escapes. Invariant: what is left out
//! of the picture is counted. Refuses text: names are cut here, and written by the template.

use super::bunch::{self, Bunch};
use super::words;
use crate::engine::front::AHEAD;
use crate::model::{AlertState, Firmness, Precision};
use jiff::{ToSpan, civil::Date};
use serde::Serialize;

/// Days before today that the picture begins.
const BACK: i32 = 7;
/// Most lines drawn; the table has all.
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
    /// Where the line of today begins: under the names of what is over.
    pub today_top: i32,
    /// The first of each month, with its name where there is room for it.
    pub months: Vec<(i32, String)>,
    /// Where something ends that is not ours.
    pub ticks: Vec<i32>,
    /// What is drawn.
    pub marks: Vec<Mark>,
}

/// One line of what ends.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Mark {
    /// Its id, for the link.
    pub id: String,
    /// Its name, cut.
    pub name: String,
    /// How many end just so besides.
    pub more: usize,
    /// `Fri 22 Jan`, `from Fri 22 Jan`, `not before Feb 2027`.
    pub when: String,
    /// Days from today.
    pub left: i32,
    /// `now`, `week`, `month`, `later`: colour and shape follow.
    pub urgency: &'static str,
    /// Everybody has answered.
    pub answered: bool,
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
pub(super) fn timeline(rows: &[Bunch], others: &[Date], today: Date) -> Timeline {
    let mut items: Vec<Item> = rows.iter().filter_map(|b| item(b, today)).collect();
    let more = items.iter().skip(MOST).map(|i| 1 + i.mark.more).sum();
    items.truncate(MOST);
    Timeline { wide: wide(&items, others, today), tall: tall(&items, others, today), more }
}

struct Item {
    day: i32,
    mark: Mark,
}

fn item(b: &Bunch, today: Date) -> Option<Item> {
    let row = &b.lead.row;
    let day = days(today, row.soonest()?);
    let deadline = row.deadline.as_ref()?;
    let is_day = matches!(deadline.precision, Precision::Day | Precision::Instant);
    let short = |d: Date| d.strftime("%a %-d %b").to_string();
    let when = match (row.remind_on, deadline.firmness) {
        (Some(earlier), _) => short(earlier),
        (None, Firmness::Firm) if is_day => short(deadline.date),
        (None, Firmness::NotBefore) if is_day => format!("from {}", short(deadline.date)),
        (None, Firmness::Firm | Firmness::NotBefore) => deadline.in_words(),
    };
    let answers = &b.lead.answers;
    let mark = Mark {
        id: row.id.clone(),
        name: cut(bunch::name(&b.lead)),
        more: b.rest.len(),
        when,
        left: day,
        urgency: urgency(day),
        answered: !answers.is_empty() && answers.iter().all(|a| a.by.is_some() || a.state == AlertState::Resolved),
        ..Mark::default()
    };
    Some(Item { day: day.clamp(-BACK, AHEAD), mark })
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME { name.to_owned() } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}

fn days(today: Date, to: Date) -> i32 {
    today.until(to).map_or(0, |s| s.get_days())
}

/// The first of each month of the picture, at its place; without its name where that would lie on the word `today`.
fn months(today: Date, room: i32, place: impl Fn(i32) -> i32) -> Vec<(i32, String)> {
    let begin = today.saturating_sub(BACK.days()).first_of_month();
    (0..6)
        .map(|n| begin.saturating_add(n.months()))
        .map(|first| (days(today, first), first.strftime("%b").to_string()))
        .filter(|(day, _)| (-BACK..=AHEAD).contains(day))
        .map(|(day, name)| (place(day), if (place(day) - place(0)).abs() < room { String::new() } else { name }))
        .collect()
}

/// Width of the lying picture.
const WIDTH: i32 = 1120;
/// Height of a lane.
const LANE: i32 = 26;
/// The axis of the lying picture begins here, and ends at least and at most there.
const FROM: i32 = 10;
const TO: (i32, i32) = (480, 1100);

/// Pixels of a label in the lying picture: a name in a narrow type of 12.5, the rest in a smaller one.
fn label_width(m: &Mark) -> i32 {
    let small = m.when.chars().count() + words::left(i64::from(m.left)).len() + 3;
    let more = if m.more > 0 { format!(" and {} more", m.more).len() } else { 0 };
    let chars = |n: usize| i32::try_from(n).unwrap_or(100);
    chars(m.name.chars().count()) * 76 / 10 + chars(small + more) * 7 + 30
}

/// Where the axis ends: as far to the right as leaves room for every label.
fn reach(items: &[Item]) -> i32 {
    let fits = |i: &Item| FROM + (WIDTH - label_width(&i.mark) - FROM) * (AHEAD + BACK) / (i.day + BACK).max(1);
    items.iter().map(fits).min().unwrap_or(TO.1).clamp(TO.0, TO.1)
}

fn wide(items: &[Item], others: &[Date], today: Date) -> Drawing {
    let (from, to) = (FROM, reach(items));
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
        marks.push(Mark { at, lane, ..item.mark.clone() });
    }
    let lanes = placed.iter().map(|(_, _, lane)| lane + 1).max().unwrap_or(0);
    let axis = 34 + lanes * LANE;
    for m in &mut marks {
        m.lane = axis - 18 - m.lane * LANE;
    }
    marks.reverse();
    let today_top = marks.iter().filter(|m| m.left < 0).map(|m| m.lane + 12).max().unwrap_or(0);
    let ticks = ticks(others, today).into_iter().map(x).collect();
    Drawing {
        width: WIDTH,
        height: axis + 48,
        axis,
        from,
        to,
        today: x(0),
        week: x(7),
        month: x(30),
        today_top,
        months: months(today, 48, x),
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
            Mark { at, lane, ..item.mark.clone() }
        })
        .collect();
    let to = y(AHEAD);
    let last = marks.last().map_or(0, |m| m.lane + 30);
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
        today_top: 0,
        months: months(today, 16, y),
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
pub(super) mod testing {
    use crate::engine::calendar::Deprecation;
    use crate::engine::front::Ending;
    use crate::model::{Deadline, Stage};
    use jiff::{ToSpan, civil::date};

    /// Something that ends so many days from the 23rd of November 2026.
    pub(in crate::web::pages) fn ending(left: i32, id: &str) -> Ending {
        let on = date(2026, 11, 23).checked_add(left.days()).unwrap();
        let row = Deprecation {
            id: id.into(),
            provider: "openai".into(),
            subject: None,
            stage: Stage::Announced,
            announced_on: None,
            shutdown_on: Some(on),
            earliest_shutdown_on: None,
            precision: Some(crate::model::Precision::Day),
            remind_on: None,
            redirected_to: None,
            redirects_to: None,
            price: None,
            review: None,
            days_left: Some(left),
            replacements: Vec::new(),
            owners: Vec::new(),
            services: Vec::new(),
            usage: Vec::new(),
            used: Some(true),
            conflict: false,
            claims: Vec::new(),
            url: None,
            snapshot_on: None,
            state: String::new(),
            deadline: Some(Deadline::day(on, "x")),
        };
        Ending { row, left, answers: Vec::new() }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;
    use crate::web::pages::bunch::bunches;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn items(all: &[(i32, usize, usize)]) -> Vec<Item> {
        let mut all = all.to_vec();
        all.sort_unstable();
        all.iter()
            .map(|(day, len, more)| Item {
                day: *day,
                mark: Mark {
                    name: "x".repeat(*len),
                    more: *more,
                    when: if day % 3 == 0 { "not before Feb 2027" } else { "Wed 23 Dec" }.into(),
                    left: *day,
                    urgency: urgency(*day),
                    ..Mark::default()
                },
            })
            .collect()
    }

    proptest! {
        #[test]
        fn no_label_lies_on_a_label_a_mark_or_a_stem(all in prop::collection::vec((-7i32..=90, 1usize..=NAME, 0usize..=199), 0..=MOST)) {
            let d = wide(&items(&all), &[], date(2026, 11, 23));
            let over = d.marks.iter().filter(|m| m.left < 0);
            prop_assert!(over.clone().all(|m| m.lane < d.today_top), "the line of today crosses a name");
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
        fn standing_labels_keep_their_distance_and_their_order(all in prop::collection::vec((-7i32..=90, 1usize..=NAME, 0usize..=199), 0..=MOST)) {
            let d = tall(&items(&all), &[], date(2026, 11, 23));
            for pair in d.marks.windows(2) {
                prop_assert!(pair[1].lane - pair[0].lane >= 44 && pair[1].at >= pair[0].at);
            }
            prop_assert!(d.marks.iter().all(|m| m.lane >= m.at && m.lane < d.height));
        }
    }

    #[test]
    fn what_ends_alike_is_one_mark_and_the_rest_is_counted() {
        let all: Vec<_> = (0..12).map(|n| testing::ending(66, &format!("openai:farm-{n}"))).collect();
        let d = timeline(&bunches(&all), &[], date(2026, 11, 23));
        assert_eq!(d.wide.marks.len(), 1);
        assert_eq!((d.wide.marks[0].more, d.wide.marks[0].when.as_str(), d.more), (11, "Thu 28 Jan", 0));
        let many: Vec<_> = (0..30).map(|n| testing::ending(n, &format!("openai:m-{n}"))).collect();
        assert_eq!(timeline(&bunches(&many), &[], date(2026, 11, 23)).more, 6);
    }

    #[test]
    fn months_stand_at_their_first_day() {
        let d = wide(&[], &[date(2026, 11, 24), date(2026, 11, 24), date(2027, 3, 1)], date(2026, 11, 23));
        let names: Vec<&str> = d.months.iter().map(|(_, n)| n.as_str()).collect();
        assert_eq!(names, ["Dec", "Jan", "Feb"]);
        assert_eq!(d.ticks.len(), 1, "one day is one tick, and what is far away none");
        let d = wide(&[], &[], date(2026, 11, 30));
        let names: Vec<&str> = d.months.iter().map(|(_, n)| n.as_str()).collect();
        assert_eq!(names, ["", "Jan", "Feb"], "the first of December lies under the word today");
    }
}
