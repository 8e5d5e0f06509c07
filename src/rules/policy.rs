//! Policies: the ladders people are reminded by.
//!
//! In: `[policies.NAME]` of the config. Out: [`Policy`]. Invariant: steps are sorted, soonest last before the deadline
//! and soonest first after opening. Refuses steps that can never fire.

use crate::model::{Kind, StepKey};
use serde::Deserialize;
use toml::Spanned;

/// `[policies.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySection {
    /// The rungs.
    pub steps: Vec<StepSection>,
}

/// One rung of a `[policies.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSection {
    /// `30d before` (the deadline) or `4h after` (opening).
    pub at: Spanned<String>,
    /// Who: `owner`, `lead`, `operators`.
    #[serde(default = "owner_only")]
    pub tell: Vec<Spanned<String>>,
}

fn owner_only() -> Vec<Spanned<String>> {
    vec![Spanned::new(0..0, "owner".into())]
}

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// So many civil days before the deadline, at 09:00 in the owner's zone.
    Before {
        /// Days.
        days: u32,
    },
    /// So long after opening, while nobody has answered.
    After {
        /// Seconds.
        seconds: i64,
    },
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tell {
    /// Every contact of the owner.
    Owner,
    /// The owner's lead, if it has one.
    Lead,
    /// forewarn's own people.
    Operators,
}

/// A rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub anchor: Anchor,
    /// Who.
    pub tell: Vec<Tell>,
}

impl Step {
    /// Its name in obligations: `30d`, `after-14400s`.
    pub fn key(&self) -> StepKey {
        StepKey(match self.anchor {
            Anchor::Before { days } => format!("{days}d"),
            Anchor::After { seconds } => format!("after-{seconds}s"),
        })
    }
}

/// A ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its rungs; those before the deadline from far to near, then those after opening.
    pub steps: Vec<Step>,
}

/// Name of the ladder for deprecations.
pub const DEPRECATION: &str = "deprecation";
/// Name of the ladder for what status pages list: it begins, it ends, and nobody is reminded.
pub const CALM: &str = "incident";
/// Name of the ladder for what status pages list of services with `tier = "critical"`.
pub const CRITICAL: &str = "incident-critical";
/// Name of the ladder for everything else.
pub const STANDARD: &str = "standard";

/// The built-in ladder of a name.
pub fn built_in() -> Vec<Policy> {
    let before = |days, tell: &[Tell]| Step { anchor: Anchor::Before { days }, tell: tell.to_vec() };
    let after = |seconds, tell: &[Tell]| Step { anchor: Anchor::After { seconds }, tell: tell.to_vec() };
    let owner = [Tell::Owner];
    let both = [Tell::Owner, Tell::Lead];
    vec![
        Policy {
            name: DEPRECATION.into(),
            steps: vec![
                before(90, &owner),
                before(60, &owner),
                before(30, &owner),
                before(14, &owner),
                before(7, &both),
                before(3, &both),
                before(1, &both),
                before(0, &both),
            ],
        },
        Policy { name: CALM.into(), steps: vec![] },
        Policy {
            name: CRITICAL.into(),
            steps: vec![after(900, &owner), after(3_600, &both), after(4 * 3_600, &both), after(86_400, &both)],
        },
        Policy {
            name: STANDARD.into(),
            steps: vec![Step { anchor: Anchor::After { seconds: 86_400 }, tell: both.to_vec() }],
        },
    ]
}

/// Which ladder a kind has unless a route says otherwise.
pub fn default_for(kind: Kind) -> &'static str {
    match kind {
        Kind::Deprecation => DEPRECATION,
        Kind::Incident
        | Kind::Maintenance
        | Kind::Billing
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Source
        | Kind::Unrecognized => STANDARD,
    }
}

/// A problem of a section, with its byte span.
pub type Problem = (String, std::ops::Range<usize>);

/// Reads a section.
///
/// # Errors
/// Every problem found, each with its place.
pub fn parse(name: &str, section: &PolicySection) -> Result<Policy, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut steps = Vec::new();
    for s in &section.steps {
        let anchor = anchor(s.at.get_ref()).map_err(|m| problems.push((m, s.at.span())));
        let mut tell = Vec::new();
        for t in &s.tell {
            match t.get_ref().as_str() {
                "owner" => tell.push(Tell::Owner),
                "lead" => tell.push(Tell::Lead),
                "operators" => tell.push(Tell::Operators),
                other => {
                    problems.push((format!("{other:?} cannot be told: allowed are owner, lead, operators"), t.span()))
                }
            }
        }
        if let Ok(anchor) = anchor {
            steps.push(Step { anchor, tell });
        }
    }
    steps.sort_by_key(|s| match s.anchor {
        Anchor::Before { days } => (0, -i64::from(days)),
        Anchor::After { seconds } => (1, seconds),
    });
    if problems.is_empty() { Ok(Policy { name: name.to_owned(), steps }) } else { Err(problems) }
}

fn anchor(text: &str) -> Result<Anchor, String> {
    let wrong = || format!("{text:?} is no step: write \"30d before\" (the deadline) or \"4h after\" (opening)");
    let (span, word) = text.split_once(' ').ok_or_else(wrong)?;
    let (number, unit) = span.split_at(span.len().saturating_sub(1));
    let n: u32 = number.parse().map_err(|_| wrong())?;
    match (word.trim(), unit) {
        ("before", "d") if n <= 730 => Ok(Anchor::Before { days: n }),
        ("after", "m") if (1..=1_000_000).contains(&n) => Ok(Anchor::After { seconds: i64::from(n) * 60 }),
        ("after", "h") if (1..=10_000).contains(&n) => Ok(Anchor::After { seconds: i64::from(n) * 3_600 }),
        ("after", "d") if (1..=730).contains(&n) => Ok(Anchor::After { seconds: i64::from(n) * 86_400 }),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_and_sorted() {
        let s: PolicySection = toml::from_str(
            "steps = [{at = \"4h after\"}, {at = \"1d before\"}, {at = \"30d before\", tell = [\"lead\"]}]",
        )
        .unwrap();
        let p = parse("x", &s).unwrap();
        let keys: Vec<_> = p.steps.iter().map(|s| s.key().0).collect();
        assert_eq!(keys, ["30d", "1d", "after-14400s"]);
        assert_eq!(p.steps[0].tell, [Tell::Lead]);
    }

    #[test]
    fn unreadable_steps_say_what_is_allowed() {
        for bad in ["soon", "30 before", "30d", "-1d before", "0m after", "9999d before", "1h before"] {
            assert!(anchor(bad).unwrap_err().contains("30d before"), "{bad}");
        }
        let s: PolicySection = toml::from_str("steps = [{at = \"1d before\", tell = [\"boss\"]}]").unwrap();
        assert!(parse("x", &s).unwrap_err()[0].0.contains("owner, lead, operators"));
    }
}
