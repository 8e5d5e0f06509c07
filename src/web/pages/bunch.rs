//! Bunches: what ends on one day for the same people is one line, not twelve.
//!
//! In: what of ours ends. Out: rows for the table and the picture. Invariant: nothing is dropped: each of a bunch keeps its
//! name and its link. Refuses to join what somebody has answered differently.

use crate::engine::front::Ending;
use serde::Serialize;

/// So many of a kind are a bunch.
const FEW: usize = 3;

/// One line: something that ends, and what ends just so.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Bunch {
    /// The first.
    #[serde(flatten)]
    pub lead: Ending,
    /// The others.
    pub rest: Vec<Named>,
}

/// One of a bunch.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Named {
    /// Its id.
    pub id: String,
    /// As people name it.
    pub name: String,
}

/// The name of what ends, without its provider.
pub(super) fn name(e: &Ending) -> &str {
    e.row.subject.as_ref().map_or(e.row.id.as_str(), |s| s.id.as_str())
}

/// Bunches in the order of their firsts.
pub(super) fn bunches(endings: &[Ending]) -> Vec<Bunch> {
    let mut out: Vec<(&Ending, Vec<&Ending>)> = Vec::new();
    for e in endings {
        // They are sorted by day, so a bunch lies near the end.
        let same = out.iter_mut().rev().take_while(|(lead, _)| lead.left == e.left).find(|(lead, _)| alike(lead, e));
        match same {
            Some((_, rest)) => rest.push(e),
            None => out.push((e, Vec::new())),
        }
    }
    let bunch = |lead: &Ending, rest: &[&Ending]| Bunch {
        lead: lead.clone(),
        rest: rest.iter().map(|e| Named { id: e.row.id.clone(), name: name(e).to_owned() }).collect(),
    };
    let lines = |(lead, rest): (&Ending, Vec<&Ending>)| match rest.len() + 1 {
        n if n < FEW => std::iter::once(lead).chain(rest).map(|e| bunch(e, &[])).collect(),
        _ => vec![bunch(lead, &rest)],
    };
    out.into_iter().flat_map(lines).collect()
}

fn alike(a: &Ending, b: &Ending) -> bool {
    let (x, y) = (&a.row, &b.row);
    let date = |r: &crate::engine::calendar::Deprecation| {
        (r.shutdown_on, r.earliest_shutdown_on, r.remind_on, r.precision, r.stage)
    };
    let answers = a.answers.len() == b.answers.len() && a.answers.iter().zip(&b.answers).all(|(m, n)| m.says_as(n));
    x.provider == y.provider
        && date(x) == date(y)
        && x.services == y.services
        && x.owners == y.owners
        && answers
        && !x.conflict
        && !y.conflict
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may fail
mod tests {
    use super::*;
    use crate::engine::front::Answer;
    use crate::model::{AlertId, AlertState};
    use crate::web::pages::timeline::testing::ending;

    fn asked(left: i32, id: &str, by: Option<&str>) -> Ending {
        let answer = Answer {
            owner: "search".into(),
            alert: AlertId(i64::from(left)),
            state: AlertState::Open,
            by: by.map(str::to_owned),
            plan_on: None,
            snoozed_until: None,
        };
        Ending { answers: vec![answer], ..ending(left, id) }
    }

    #[test]
    fn three_of_one_day_are_a_line_and_two_are_two() {
        let all: Vec<Ending> =
            [(4, "a"), (4, "b"), (9, "c"), (9, "d"), (9, "e"), (10, "f")].map(|(n, id)| asked(n, id, None)).into();
        let lines: Vec<(String, usize)> =
            bunches(&all).iter().map(|b| (name(&b.lead).to_owned(), b.rest.len())).collect();
        let want = [("a", 0), ("b", 0), ("c", 2), ("f", 0)].map(|(n, k)| (n.to_owned(), k));
        assert_eq!(lines, want);
    }

    #[test]
    fn what_is_answered_otherwise_stands_alone_and_nothing_is_dropped() {
        let mut all: Vec<Ending> = ["a", "b", "c", "d"].map(|id| asked(9, id, None)).into();
        all.insert(2, asked(9, "x", Some("mei")));
        let lines = bunches(&all);
        let ids: Vec<&str> = lines.iter().map(|b| name(&b.lead)).collect();
        assert_eq!(ids, ["a", "x"]);
        assert_eq!(lines.iter().map(|b| 1 + b.rest.len()).sum::<usize>(), all.len());
    }
}
