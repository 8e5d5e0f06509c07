//! Private deadlines: `[[deadlines]]` of the config. Contract ends, expiries of keys, extensions sold to one account.
//!
//! In: the sections. Out: [`PrivateDeadline`]s, each with the observation it amounts to. Invariants: a date is a civil
//! date, what it is about is a well-formed subject, nothing is said twice. Refuses pages and clocks: it is a person's word,
//! and ranks with what people pin.

use super::policy::Problem;
use crate::model::observation::Ending;
use crate::model::text::{one_line, safe_link};
use crate::model::{
    Deadline, Fact, Kind, MatterId, Observation, ProviderId, Rank, Severity, SourceId, Subject, SubjectType, ids,
};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::Spanned;

/// `[[deadlines]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadlineSection {
    /// An id as in the calendar: `openai:gpt-demo-1`, `stripe:api/2024-06-20`, `bedrock:demo-v2~us-east-1`.
    pub subject: Option<Spanned<String>>,
    /// In words, for what has no id: `enterprise contract`. Needs `provider`.
    pub what: Option<Spanned<String>>,
    /// Whose, beside `what`.
    pub provider: Option<Spanned<String>>,
    /// When it ends, `YYYY-MM-DD`.
    pub date: Spanned<String>,
    /// For which account of ours only.
    pub account: Option<Spanned<String>>,
    /// Who is told: of a contract or a key nobody else, of anything else besides those whose services use it.
    pub owner: Option<Spanned<String>>,
    /// A note, quoted in messages.
    pub note: Option<String>,
    /// Where to read about it.
    pub url: Option<Spanned<String>>,
    /// What to use instead.
    #[serde(default)]
    pub replacements: Vec<String>,
}

/// A private deadline, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct PrivateDeadline {
    /// Its matter.
    pub matter: MatterId,
    /// What ends.
    pub subject: Subject,
    /// When.
    pub date: Date,
    /// Who is told besides.
    pub owner: Option<String>,
    /// The words.
    pub note: String,
    /// Where to read about it.
    pub url: Option<String>,
    /// What to use instead.
    pub replacements: Vec<String>,
}

/// Checks all of them.
///
/// # Errors
/// Every problem found, each with its place.
pub fn build(sections: &[DeadlineSection]) -> Result<Vec<PrivateDeadline>, Vec<Problem>> {
    let (mut out, mut problems, mut known) = (Vec::new(), Vec::new(), BTreeSet::new());
    for s in sections {
        let subject = subject(s, &mut problems);
        let date = s.date.get_ref().parse::<Date>().map_err(|_| {
            let given = s.date.get_ref();
            problems
                .push((format!("{given:?} is no date: write YYYY-MM-DD, for example \"2027-06-30\""), s.date.span()));
        });
        let url = s.url.as_ref().and_then(|u| {
            let link = safe_link(u.get_ref());
            if link.is_none() {
                problems.push((format!("{:?} is no web address: write https://…", u.get_ref()), u.span()));
            }
            link
        });
        let (Some(subject), Ok(date)) = (subject, date) else { continue };
        let Some(matter) = subject.matter_id() else {
            problems.push(("what ends has an id that is too long: 400 bytes at most".into(), s.date.span()));
            continue;
        };
        if !known.insert(matter.clone()) {
            problems.push((format!("{matter} has two deadlines: keep one"), s.date.span()));
        }
        out.push(PrivateDeadline {
            matter,
            subject,
            date,
            owner: s.owner.as_ref().map(|o| o.get_ref().clone()),
            note: one_line(s.note.as_deref().unwrap_or_default(), 300),
            url,
            replacements: s.replacements.iter().map(|r| one_line(r, 120)).collect(),
        });
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

fn subject(s: &DeadlineSection, problems: &mut Vec<Problem>) -> Option<Subject> {
    let account = s.account.as_ref().and_then(|a| {
        ids::check_name("account", a.get_ref()).map_err(|e| problems.push((e.to_string(), a.span()))).ok()?;
        Some(a.get_ref().clone())
    });
    match (&s.subject, &s.what, &s.provider) {
        (Some(id), None, None) => {
            let Some(found) = Subject::parse(id.get_ref()) else {
                let text = id.get_ref();
                let why = format!(
                    "{text:?} is no subject: write PROVIDER[/ACCOUNT]:[TYPE/]ID[~REGION], for example \"openai:gpt-demo-1\""
                );
                problems.push((why, id.span()));
                return None;
            };
            match (&found.account, &account) {
                (Some(a), Some(b)) if a != b => {
                    problems
                        .push((format!("the subject names account {a:?}, account says {b:?}: keep one"), id.span()));
                    None
                }
                (_, _) => Some(Subject { account: found.account.clone().or(account), ..found }),
            }
        }
        (None, Some(what), Some(provider)) => {
            let id = one_line(what.get_ref(), 120);
            if id.is_empty() {
                problems.push(("what is empty: say in words what ends".into(), what.span()));
            }
            let platform = ProviderId::new(provider.get_ref().clone())
                .map_err(|e| problems.push((e.to_string(), provider.span())))
                .ok()?;
            Some(Subject { account, ..Subject::of(&platform, SubjectType::Account, id) })
        }
        (_, _, _) => {
            let why = "say what ends: either subject = \"openai:gpt-demo-1\", or what = \"contract\" and provider = \"openai\"";
            problems.push((why.into(), s.date.span()));
            None
        }
    }
}

impl PrivateDeadline {
    /// Whether it is the business of the owner it names and nobody else's: a contract, a key, not something that is called.
    pub fn is_named_for_its_owner(&self) -> bool {
        self.owner.is_some() && self.subject.kind == SubjectType::Account
    }

    /// What it says, as an observation of the source `forewarn/config`.
    pub fn observation(&self, source: &SourceId, now: Timestamp) -> Observation {
        let date = self.date.to_string();
        let quote = if self.note.is_empty() { format!("{} | {date}", self.matter) } else { self.note.clone() };
        self.saying(
            Fact::Ending(Ending {
                announced_on: None,
                deadline: Some(Deadline::day(self.date, date)),
                replacements: self.replacements.clone(),
                quote,
                rank: Rank::Pinned,
                ended: false,
                stage: None,
                review: None,
                after: crate::model::Aftermath::default(),
            }),
            source,
            now,
        )
    }

    fn saying(&self, fact: Fact, source: &SourceId, now: Timestamp) -> Observation {
        let verb = if self.subject.kind == SubjectType::Model { "shuts down" } else { "ends" };
        Observation {
            provider: self.subject.platform.clone(),
            source: source.clone(),
            connection: None,
            kind: Kind::Deprecation,
            matter: Some(self.matter.clone()),
            native_type: None,
            native_id: None,
            severity: Severity::Major,
            title: format!("{} {verb}", one_line(&self.subject.id, 80)),
            summary: self.note.clone(),
            url: self.url.clone(),
            subjects: vec![self.subject.clone()],
            money: None,
            fact,
            occurred_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<PrivateDeadline>, Vec<String>> {
        #[derive(Deserialize)]
        struct File {
            deadlines: Vec<DeadlineSection>,
        }
        let file: File = toml::from_str(text).unwrap();
        build(&file.deadlines).map_err(|p| p.into_iter().map(|(m, _)| m).collect())
    }

    #[test]
    fn a_deadline_names_a_subject_or_says_in_words_what_ends() {
        let all = read(
            "[[deadlines]]\nsubject = \"openai:gpt-demo-1\"\naccount = \"support\"\ndate = \"2027-06-30\"\n\
             [[deadlines]]\nwhat = \"enterprise contract\"\nprovider = \"stripe\"\ndate = \"2027-01-31\"\nowner = \"platform\"\n\
             [[deadlines]]\nsubject = \"bedrock:vendor.demo-v2:0~us-east-1\"\ndate = \"2027-01-31\"\n\
             [[deadlines]]\nsubject = \"stripe/shop:api/2024-06-20\"\ndate = \"2027-01-31\"\n",
        )
        .unwrap();
        let ids: Vec<&str> = all.iter().map(|d| d.matter.as_str()).collect();
        assert_eq!(
            ids,
            [
                "openai/support:gpt-demo-1",
                "stripe:account/enterprise contract",
                "bedrock:vendor.demo-v2:0~us-east-1",
                "stripe/shop:api/2024-06-20"
            ]
        );
        assert_eq!(all[2].subject.region.as_deref(), Some("us-east-1"));
        assert_eq!(all[3].subject.kind, SubjectType::Api);
        for d in &all {
            assert_eq!(d.subject.matter_id().as_ref(), Some(&d.matter));
        }
    }

    #[test]
    fn every_mistake_says_what_is_allowed() {
        for (text, says) in [
            ("subject = \"gpt-demo-1\"\ndate = \"2027-06-30\"", "PROVIDER[/ACCOUNT]:"),
            ("subject = \"openai:x\"\ndate = \"30.6.2027\"", "YYYY-MM-DD"),
            ("subject = \"openai:x\"\ndate = \"2027-02-30\"", "YYYY-MM-DD"),
            ("what = \"contract\"\ndate = \"2027-06-30\"", "provider ="),
            ("date = \"2027-06-30\"", "say what ends"),
            ("subject = \"openai/a:x\"\naccount = \"b\"\ndate = \"2027-06-30\"", "keep one"),
            ("subject = \"openai:x\"\naccount = \"A B\"\ndate = \"2027-06-30\"", "account"),
            ("subject = \"openai:x\"\nurl = \"javascript:1\"\ndate = \"2027-06-30\"", "https://"),
        ] {
            let problems = read(&format!("[[deadlines]]\n{text}\n")).unwrap_err();
            assert!(problems.iter().any(|p| p.contains(says)), "{text}: {problems:?}");
        }
        let twice = "[[deadlines]]\nsubject = \"openai:x\"\ndate = \"2027-06-30\"\n";
        assert!(read(&format!("{twice}{twice}")).unwrap_err()[0].contains("two deadlines"));
    }
}
