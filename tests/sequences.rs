//! A page in many versions, as it changes over weeks: rows that move, vanish, flip, come in other styles, sections and orders.
//! Property: what is told as moved is what was moved, once, with the date before and after; nothing is withdrawn by silence.
//! Rows are those of a data set of the corpus where it is there, else invented ones.

#![allow(clippy::unwrap_used)] // a test may fail

use forewarn::model::{Change, MatterState, ReadOutcome, SourceId};
use forewarn::provider::file::{self, ProviderFile};
use forewarn::provider::read::{ReadContext, polled};
use forewarn::rules::fold::{Heard, fold};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::{fs, path::Path};

/// A row as it truly is.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    announced: Date,
    ends: Date,
    instead: String,
    is_past: bool,
}

/// What happens between two versions; `usize` picks a row.
#[derive(Debug, Clone)]
enum Step {
    /// Its date is another now.
    Moves(usize, i64),
    /// It is missing in this version.
    Missing(usize),
    /// Its cell cannot be read in this version.
    Unreadable(usize),
    /// One of two readings has another date.
    Flips(usize, i64),
    /// Another replacement.
    Rewritten(usize),
    /// It stands under "Past" from now on.
    Past(usize),
    /// Rows stand in another order from now on.
    Turned,
    /// Dates are written otherwise from now on.
    Styled,
}

fn rows() -> Vec<Row> {
    let at = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/corpus/deprecation-datasets/deprecations-info.v1.deprecations.2026-07-24.json");
    let day = |n: usize| jiff::civil::date(2026, 1, 5).saturating_add((n as i64 * 11).days());
    let invented = || (0..40).map(|n| (format!("demo-{n}-2026"), day(n))).collect::<Vec<_>>();
    let known = fs::read(at).ok().map(|body| {
        let all: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let list = all.as_array().or_else(|| all["deprecations"].as_array()).unwrap();
        let of = |r: &serde_json::Value| {
            let id = r["model_id"].as_str().filter(|i| i.contains('-') && !i.contains([' ', '/', '=']))?.to_owned();
            Some((id, r["shutdown_date"].as_str()?.parse().ok()?))
        };
        let mut found: Vec<(String, Date)> = list.iter().filter(|r| r["provider"] == "OpenAI").filter_map(of).collect();
        found.sort();
        found.dedup_by(|a, b| a.0 == b.0);
        found
    });
    known
        .unwrap_or_else(invented)
        .into_iter()
        .enumerate()
        .map(|(n, (id, ends))| Row {
            id,
            announced: ends.saturating_sub((120 + n as i64 % 3).days()),
            ends,
            instead: "demo-next-1".to_owned(),
            is_past: false,
        })
        .collect()
}

/// How one version is written: which rows, in which order and style, and what is wrong in it.
struct Version<'v> {
    rows: &'v [Row],
    turned: bool,
    style: usize,
    missing: Vec<usize>,
    unreadable: Vec<usize>,
    flipped: Vec<(usize, i64)>,
}

impl Version<'_> {
    fn page(&self) -> String {
        let mut out = String::from("# Deprecations\n");
        for is_past in [false, true] {
            let _ = writeln!(out, "\n## {}\n", if is_past { "Past deprecations" } else { "Upcoming deprecations" });
            let mut by_day: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
            for (n, row) in self.rows.iter().enumerate() {
                if row.is_past == is_past && !self.missing.contains(&n) {
                    by_day.entry(row.announced).or_default().push(n);
                }
            }
            for (announced, mut numbers) in by_day {
                if self.turned {
                    numbers.reverse();
                }
                let _ = write!(
                    out,
                    "### {announced}: Models\n\n| Shutdown date | Model | Recommended replacement |\n|---|---|---|\n"
                );
                for n in numbers {
                    let row = &self.rows[n];
                    let shift = self.flipped.iter().find(|(f, _)| *f == n).map_or(0, |(_, days)| *days);
                    let date = row.ends.saturating_add(shift.days());
                    let cell = if self.unreadable.contains(&n) { "in autumn".to_owned() } else { self.write(date) };
                    let _ = writeln!(out, "| {cell} | `{}` | `{}` |", row.id, row.instead);
                }
                out.push('\n');
            }
        }
        out
    }

    fn write(&self, date: Date) -> String {
        let form = ["%Y-%m-%d", "%B %-d, %Y", "%b %-d, %Y", "%d %B %Y", "%Y\u{2011}%m\u{2011}%d"][self.style % 5];
        date.strftime(form).to_string()
    }
}

type Moved = (String, Date, Date);

/// What forewarn knows after readings, and what it told as moved.
struct World {
    file: ProviderFile,
    states: BTreeMap<String, MatterState>,
    moved: Vec<Moved>,
    others: Vec<Change>,
}

impl World {
    fn reads(&mut self, page: &str, at: Timestamp, baseline: bool) {
        let source = SourceId::of(&self.file.id, "deprecations").unwrap();
        let cx = ReadContext {
            provider: self.file.id.clone(),
            provider_name: self.file.name.clone(),
            source,
            connection: None,
            received_at: at,
        };
        let ReadOutcome::Ok(seen) = polled(&self.file.sources["deprecations"], &cx, page.as_bytes()).unwrap().outcome
        else {
            panic!("{page} was not read")
        };
        for o in seen {
            let id = o.subjects[0].id.clone();
            let folded = fold(self.states.get(&id), &o, Heard { at, baseline });
            for event in folded.events {
                match (event.change, &event.moved_from, &event.deadline) {
                    (Some(Change::Moved), Some(from), Some(to)) => self.moved.push((id.clone(), from.date, to.date)),
                    (change, ..) => self.others.extend(change),
                }
            }
            self.states.insert(id, folded.state.unwrap());
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let row = 0usize..200;
    let days = prop_oneof![-60i64..-1, 1i64..200];
    let step = prop_oneof![
        3 => (row.clone(), days.clone()).prop_map(|(n, d)| Step::Moves(n, d)),
        1 => row.clone().prop_map(Step::Missing),
        1 => row.clone().prop_map(Step::Unreadable),
        2 => (row.clone(), days).prop_map(|(n, d)| Step::Flips(n, d)),
        1 => row.clone().prop_map(Step::Rewritten),
        1 => row.prop_map(Step::Past),
        1 => Just(Step::Turned),
        1 => Just(Step::Styled),
    ];
    proptest::collection::vec(proptest::collection::vec(step, 0..5), 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn what_is_told_as_moved_is_what_was_moved(versions in steps()) {
        let mut rows = rows();
        let many = rows.len();
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/openai.toml")).unwrap();
        let mut world = World { file: file::parse(&text).unwrap(), states: BTreeMap::new(), moved: Vec::new(), others: Vec::new() };
        let mut at: Timestamp = "2026-08-21T08:00:00Z".parse().unwrap();
        let (mut turned, mut style) = (false, 0);
        let first = Version { rows: &rows, turned, style, missing: vec![], unreadable: vec![], flipped: vec![] }.page();
        world.reads(&first, at, true);
        let mut known: Vec<Date> = rows.iter().map(|r| r.ends).collect();
        let mut expected: Vec<Moved> = Vec::new();
        for steps in versions {
            let (mut missing, mut unreadable, mut flipped) = (vec![], vec![], vec![]);
            for step in steps {
                match step {
                    Step::Moves(n, days) => rows[n % many].ends = rows[n % many].ends.saturating_add(days.days()),
                    Step::Missing(n) => missing.push(n % many),
                    Step::Unreadable(n) => unreadable.push(n % many),
                    Step::Flips(n, days) => flipped.push((n % many, days)),
                    Step::Rewritten(n) => rows[n % many].instead = format!("demo-next-{}", n + 2),
                    Step::Past(n) => rows[n % many].is_past = true,
                    Step::Turned => turned = !turned,
                    Step::Styled => style += 1,
                }
            }
            for n in 0..many {
                if !missing.contains(&n) && !unreadable.contains(&n) && rows[n].ends != known[n] {
                    expected.push((rows[n].id.clone(), known[n], rows[n].ends));
                    known[n] = rows[n].ends;
                }
            }
            let of = |flipped| Version { rows: &rows, turned, style, missing: missing.clone(), unreadable: unreadable.clone(), flipped }.page();
            let (wrong, right) = (of(flipped), of(vec![]));
            at += SignedDuration::from_hours(6);
            for page in [&wrong, &right, &right] {
                world.reads(page, at, false);
                at += SignedDuration::from_mins(11);
            }
        }
        world.moved.sort();
        expected.sort();
        prop_assert_eq!(world.moved, expected);
        prop_assert!(!world.others.contains(&Change::Withdrawn));
    }
}
