//! Policies: the ladders people are reminded by.
//!
//! In: `[policies.NAME]` of the config. Out: [`Policy`]. Invariant: steps are sorted, soonest last before the deadline
//! and soonest first after opening. Refuses steps that can never fire.

use crate::model::{ContactId, Kind, StepKey};
use serde::Deserialize;
use toml::Spanned;

/// `[policies.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySection {
    /// The rungs.
    pub steps: Vec<StepSection>,
    /// Whether the first message comes when it is heard of, or only with the first rung.
    #[serde(default = "yes")]
    pub at_once: bool,
}

fn yes() -> bool {
    true
}

/// One rung of a `[policies.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSection {
    /// `30d before` (the deadline), `4h after` (opening) or `daily after` (the deadline, while still used).
    pub at: Spanned<String>,
    /// Who: `owner`, `lead`, `operators`, or a contact such as `platform/email`.
    #[serde(default = "owner_only")]
    pub tell: Vec<Spanned<String>>,
    /// Comes in spite of an answer; by default the last two days before the deadline and what follows do.
    pub after_ack: Option<bool>,
}

fn owner_only() -> Vec<Spanned<String>> {
    vec![Spanned::new(0..0, "owner".into())]
}

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// So many civil days before the deadline, in the morning in the owner's zone.
    Before {
        /// Days.
        days: u32,
    },
    /// So long after opening, while nobody has answered.
    After {
        /// Seconds.
        seconds: i64,
    },
    /// Each morning after the deadline, while it is seen in use.
    Daily,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tell {
    /// Every contact of the owner.
    Owner,
    /// The owner's lead, if it has one.
    Lead,
    /// forewarn's own people.
    Operators,
    /// This contact, whoever owns the alert.
    Contact(ContactId),
}

/// A rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub anchor: Anchor,
    /// Who.
    pub tell: Vec<Tell>,
    /// It comes in spite of an answer.
    pub after_ack: bool,
}

impl Step {
    fn new(anchor: Anchor, tell: &[Tell]) -> Self {
        Self { anchor, tell: tell.to_vec(), after_ack: is_last(anchor) }
    }

    /// Its name in obligations: `30d`, `after-14400s`, `daily`.
    pub fn key(&self) -> StepKey {
        StepKey(match self.anchor {
            Anchor::Before { days } => format!("{days}d"),
            Anchor::After { seconds } => format!("after-{seconds}s"),
            Anchor::Daily => "daily".into(),
        })
    }
}

/// Whether a step is one of the last: those that come in spite of an answer.
fn is_last(anchor: Anchor) -> bool {
    match anchor {
        Anchor::Before { days } => days <= 1,
        Anchor::After { .. } => false,
        Anchor::Daily => true,
    }
}

/// A ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its rungs; those before the deadline from far to near, then those after opening.
    pub steps: Vec<Step>,
    /// Told when it is heard of; otherwise it stays in the digest until its first rung.
    pub at_once: bool,
}

/// Name of the ladder for deprecations.
pub const DEPRECATION: &str = "deprecation";
/// Name of the ladder for deprecations of services with `tier = "critical"`.
pub const DEPRECATION_CRITICAL: &str = "deprecation-critical";
/// Name of the ladder for deprecations that concern no production service.
pub const DEPRECATION_STAGING: &str = "deprecation-staging";
/// Name of the ladder for what status pages list: it begins, it ends, and nobody is reminded.
pub const CALM: &str = "incident";
/// Name of the ladder for what status pages list of services with `tier = "critical"`.
pub const CRITICAL: &str = "incident-critical";
/// Name of the ladder for everything else.
pub const STANDARD: &str = "standard";

/// The built-in ladders.
pub fn built_in() -> Vec<Policy> {
    let owner = [Tell::Owner];
    let both = [Tell::Owner, Tell::Lead];
    let all = [Tell::Owner, Tell::Lead, Tell::Operators];
    let ladder = |name: &str, rungs: &[(u32, &[Tell])], last: &[Tell]| Policy {
        name: name.into(),
        steps: rungs
            .iter()
            .map(|(days, tell)| Step::new(Anchor::Before { days: *days }, tell))
            .chain([Step::new(Anchor::Daily, last)])
            .collect(),
        at_once: true,
    };
    let after = |seconds, tell: &[Tell]| Step::new(Anchor::After { seconds }, tell);
    let opening = |name: &str, steps| Policy { name: name.into(), steps, at_once: true };
    let soon: [(u32, &[Tell]); 4] = [(7, &both), (3, &both), (1, &both), (0, &both)];
    let far: [(u32, &[Tell]); 4] = [(90, &owner), (60, &owner), (30, &owner), (14, &owner)];
    let critical: [(u32, &[Tell]); 8] =
        [(90, &owner), (60, &owner), (30, &both), (14, &both), (7, &both), (3, &both), (1, &all), (0, &all)];
    let staging: [(u32, &[Tell]); 5] = [(14, &owner), (7, &owner), (3, &owner), (1, &owner), (0, &owner)];
    vec![
        ladder(DEPRECATION, &[far, soon].concat(), &both),
        ladder(DEPRECATION_CRITICAL, &critical, &all),
        Policy { at_once: false, ..ladder(DEPRECATION_STAGING, &staging, &owner) },
        opening(CALM, vec![]),
        opening(CRITICAL, vec![after(900, &owner), after(3_600, &both), after(4 * 3_600, &both), after(86_400, &both)]),
        opening(STANDARD, vec![after(86_400, &both)]),
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
                other if other.contains('/') => tell.push(Tell::Contact(ContactId(other.to_owned()))),
                other => problems.push((
                    format!("{other:?} cannot be told: allowed are owner, lead, operators, or a contact such as platform/email"),
                    t.span(),
                )),
            }
        }
        if let Ok(anchor) = anchor {
            steps.push(Step { anchor, tell, after_ack: s.after_ack.unwrap_or_else(|| is_last(anchor)) });
        }
    }
    steps.sort_by_key(|s| match s.anchor {
        Anchor::Before { days } => (0, -i64::from(days)),
        Anchor::After { seconds } => (1, seconds),
        Anchor::Daily => (2, 0),
    });
    if problems.is_empty() {
        Ok(Policy { name: name.to_owned(), steps, at_once: section.at_once })
    } else {
        Err(problems)
    }
}

fn anchor(text: &str) -> Result<Anchor, String> {
    let wrong = || {
        format!(
            "{text:?} is no step: write \"30d before\" (the deadline), \"4h after\" (opening) or \"daily after\" (the deadline)"
        )
    };
    if text.trim() == "daily after" {
        return Ok(Anchor::Daily);
    }
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
