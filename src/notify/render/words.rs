//! The words of one alert: how each kind and each reason says itself.
//!
//! In: a row and the reader's clock. Out: headline, subject, marker, footer. Invariant: a floor ("not before") is never
//! worded as a promise, and a date that has passed never as one to come. Refuses to lay out: that is the parent.

use super::Clock;
use crate::model::text::one_line;
use crate::model::{Deadline, Firmness, Kind, Precision, Reason, Severity, Stage, SubjectType};
use crate::notify::Row;

/// What a row says, in the two lengths needed.
pub(super) struct Said {
    /// The first line without marker and services.
    pub headline: String,
    /// What stands before the colon of a mail's subject: `60 days`.
    pub lead: Option<String>,
    /// The subject without number, lead and services.
    pub subject: String,
}

/// The source that is a provider's own list of models.
const LIST: &str = "models";
/// Longest name of a thing in a headline.
const NAME_MAX: usize = 120;
/// Longest title in a headline.
const TITLE_MAX: usize = 180;
/// Services named in a headline; the rest is counted.
const SERVICES_SHOWN: usize = 3;

/// How bad at a glance; what is over is green whatever it was.
pub(super) fn marker(row: &Row) -> &'static str {
    match row.reason {
        Reason::Resolved | Reason::Withdrawn => "✅",
        Reason::Acted => "✋",
        Reason::Opened
        | Reason::Reminder
        | Reason::Overdue
        | Reason::Moved
        | Reason::Updated
        | Reason::Escalated
        | Reason::Reopened
        | Reason::Reassigned => match row.matter.severity {
            Severity::Critical => "🔴",
            Severity::Major => "🟠",
            Severity::Minor => "🟡",
            Severity::Info => "⚪",
        },
    }
}

/// `support-bot, rerank-batch +2`.
pub(super) fn services(row: &Row) -> String {
    let names: Vec<_> = row.services.iter().take(SERVICES_SHOWN).map(|s| one_line(&s.name, 64)).collect();
    let more = row.services.len().saturating_sub(SERVICES_SHOWN);
    if more == 0 { names.join(", ") } else { format!("{} +{more}", names.join(", ")) }
}

/// The thing itself: `gpt-demo-2025-08-07`, `demo-v2 in us-east-1`.
pub(super) fn name(row: &Row) -> String {
    let matter = &row.matter;
    let Some(first) = matter.subjects.first().filter(|s| !s.id.trim().is_empty()) else {
        return one_line(&matter.title, NAME_MAX);
    };
    let mut out = match first.kind {
        SubjectType::Model | SubjectType::Feature | SubjectType::Component | SubjectType::Product => String::new(),
        SubjectType::Api => format!("{} API ", one_line(&row.provider_name, NAME_MAX)),
        SubjectType::Sdk => format!("{} SDK ", one_line(&row.provider_name, NAME_MAX)),
        SubjectType::Account => format!("{} account ", one_line(&row.provider_name, NAME_MAX)),
    };
    out.push_str(&one_line(&first.id, NAME_MAX));
    for scope in [&first.region, &first.deployment].into_iter().flatten() {
        out.push_str(&format!(" in {}", one_line(scope, 40)));
    }
    if let Some(account) = first.account.as_ref().filter(|a| first.kind != SubjectType::Account || **a != first.id) {
        out.push_str(&format!(" (account {})", one_line(account, 40)));
    }
    if matter.subjects.len() > 1 {
        out.push_str(&format!(" +{}", matter.subjects.len() - 1));
    }
    out
}

/// Whether the date is known to the day and promised.
fn is_exact(d: &Deadline) -> bool {
    match (d.firmness, d.precision) {
        (Firmness::Firm, Precision::Day | Precision::Instant) => true,
        (Firmness::Firm, Precision::Month | Precision::Quarter | Precision::Half | Precision::Year)
        | (Firmness::NotBefore, _) => false,
    }
}

/// `60 days`, `tomorrow`, `today`, `3 days ago`.
pub(super) fn days(n: i32) -> String {
    match n {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        n if n < 0 => format!("{} days ago", -i64::from(n)),
        n => format!("{n} days"),
    }
}

/// [`days`] to a deadline; a floor says that it is one: `60 days or more`, `earliest date was 3 days ago`.
fn left(d: &Deadline, clock: Clock<'_>) -> String {
    let n = d.days_left(clock.today());
    match (is_exact(d), n) {
        (true, _) => days(n),
        (false, 2..) => format!("{} or more", days(n)),
        (false, 0 | 1) => format!("{} at the earliest", days(n)),
        (false, ..0) => format!("earliest date was {}", days(n)),
    }
}

/// Headline and subject of a row.
pub(super) fn say(row: &Row, clock: Clock<'_>) -> Said {
    match row.matter.kind {
        Kind::Deprecation => ending(row, clock),
        Kind::Incident
        | Kind::Maintenance
        | Kind::Billing
        | Kind::Account
        | Kind::Change
        | Kind::Job
        | Kind::Source
        | Kind::Unrecognized => happening(row, clock),
    }
}

/// `shuts down` for what is called, `ends` for the rest.
fn verbs(row: &Row) -> (&'static str, &'static str) {
    match row.matter.subjects.first().map(|s| s.kind) {
        Some(SubjectType::Model | SubjectType::Api | SubjectType::Product) => ("shuts down", "shut down"),
        Some(SubjectType::Feature | SubjectType::Component | SubjectType::Sdk | SubjectType::Account) | None => {
            ("ends", "ended")
        }
    }
}

fn ending(row: &Row, clock: Clock<'_>) -> Said {
    let name = name(row);
    let (verb, past) = verbs(row);
    let deadline = row.matter.deadline.as_ref();
    let (plain, with_days) = match deadline {
        None => {
            let said = match row.matter.claims.iter().find(|(_, c)| c.ended) {
                Some((source, _)) if source.name() == LIST => {
                    format!("{name} is no longer listed by {source}, and nobody announced its end")
                }
                Some(_) | None => format!("{name} {verb}, no date yet"),
            };
            (said.clone(), said)
        }
        Some(d) => {
            let verb = if is_exact(d) && d.days_left(clock.today()) < 0 { past } else { verb };
            let plain = format!("{name} {verb} {}", d.in_words());
            let with_days = format!("{plain} ({}){}", left(d, clock), disputed(row, clock));
            (plain, with_days)
        }
    };
    // Reminders follow the earlier date, so that is the one to count to.
    let lead = row.matter.remind_by().map(|d| left(&d, clock));
    let date = deadline.map_or_else(String::new, |d| format!(" {}", d.in_words()));
    match row.reason {
        Reason::Opened | Reason::Reminder => Said { headline: with_days, lead, subject: plain },
        Reason::Overdue => Said {
            headline: format!("{with_days}, nobody has said done"),
            lead: Some("overdue".into()),
            subject: with_days,
        },
        Reason::Moved => {
            let was = row.moved_from.as_ref().map_or_else(String::new, |d| format!(", was {}", d.in_words()));
            let how = match (&row.moved_from, deadline) {
                (Some(from), Some(to)) if to.date < from.date => "moved earlier",
                (Some(from), Some(to)) if to.date > from.date => "moved later",
                (Some(_), None) => "date withdrawn",
                (Some(_) | None, _) => "date changed",
            };
            Said {
                headline: format!("{}: {with_days}{was}", capital(how)),
                lead: Some(how.into()),
                subject: format!("{plain}{was}"),
            }
        }
        Reason::Updated => Said {
            headline: format!("Update: {with_days}"),
            lead: lead.map(|l| format!("update, {l}")).or_else(|| Some("update".into())),
            subject: plain,
        },
        Reason::Resolved if row.matter.stage == Stage::Retired => {
            let ended = || row.matter.claims.iter().filter(|(_, c)| c.ended);
            let how = if ended().all(|(source, _)| source.name() == LIST) && ended().next().is_some() {
                "the provider's list of models has it no more"
            } else {
                "the provider lists it as ended"
            };
            let over = format!("{name} {past}{date}: {how}");
            Said { headline: over.clone(), lead: Some("ended".into()), subject: over }
        }
        Reason::Resolved => {
            let over =
                format!("{name} is dealt with{}", deadline.map_or_else(String::new, |_| format!(" (was:{date})")));
            Said { headline: over.clone(), lead: Some("over".into()), subject: over }
        }
        Reason::Withdrawn => {
            let stays = match row.matter.winning_claim() {
                None => format!("{name}: nobody says any more that it ends{date}"),
                Some((source, _)) if source.provider() == "forewarn" => {
                    format!("{name} stays: we know that its end{} does not hold", of(&date))
                }
                Some(_) => {
                    format!("{name} stays: {} took its end{} back", one_line(&row.provider_name, NAME_MAX), of(&date))
                }
            };
            Said { headline: stays.clone(), lead: Some("withdrawn".into()), subject: stays }
        }
        Reason::Escalated => Said {
            headline: format!("No answer yet: {with_days}"),
            lead: lead.or_else(|| Some("no answer".into())),
            subject: plain,
        },
        Reason::Reopened => {
            Said { headline: format!("Open again: {with_days}"), lead: Some("open again".into()), subject: plain }
        }
        Reason::Reassigned => {
            Said { headline: format!("Yours now: {with_days}"), lead: Some("yours now".into()), subject: plain }
        }
        Reason::Acted => acted(row, &plain),
    }
}

/// `mei (slack) acknowledged, plan Tue 12 Jan 2027: gpt-demo shuts down Fri 22 Jan 2027`.
fn acted(row: &Row, what: &str) -> Said {
    let deed = deed(row);
    Said { headline: format!("{deed} ({what})"), lead: Some(deed), subject: what.to_owned() }
}

/// What a person did last, with their name.
pub(super) fn deed(row: &Row) -> String {
    let said = |s: &crate::model::Said| format!("{} {}", s.by, s.words);
    one_line(&row.said.as_ref().map_or_else(|| "answered".to_owned(), said), 400)
}

/// `, or Sun 14 Feb 2027 (83 days): sources disagree`, while an earlier date is not ruled out.
fn disputed(row: &Row, clock: Clock<'_>) -> String {
    match (row.matter.remind_by(), &row.matter.deadline) {
        (Some(by), Some(shown)) if by.date < shown.date => {
            format!(", or {} ({}): sources disagree", by.in_words(), left(&by, clock))
        }
        (_, _) => String::new(),
    }
}

fn of(date: &str) -> String {
    if date.is_empty() { String::new() } else { format!(" of{date}") }
}

/// Incidents, money, accounts and the rest: `openai incident: TITLE`.
fn happening(row: &Row, clock: Clock<'_>) -> Said {
    let matter = &row.matter;
    let what = match matter.kind {
        Kind::Incident => "incident",
        Kind::Maintenance => "maintenance",
        Kind::Billing => "billing",
        Kind::Account => "account",
        Kind::Change => "change",
        Kind::Job => "job",
        Kind::Source => "source",
        Kind::Unrecognized => "unknown message",
        Kind::Deprecation => "deprecation",
    };
    let whose = matter.connection.as_ref().map_or_else(|| matter.provider.to_string(), ToString::to_string);
    let mut title = one_line(&matter.title, TITLE_MAX);
    if title.is_empty() {
        title = one_line(matter.id.as_str(), TITLE_MAX);
    }
    if let Some(d) = matter.deadline.as_ref() {
        title.push_str(&format!(" ({}, {})", d.in_words(), left(d, clock)));
    }
    let lead = match row.reason {
        Reason::Opened => format!("{whose} {what}"),
        Reason::Reminder => format!("{whose} {what}, still open"),
        Reason::Overdue => format!("{whose} {what}, overdue"),
        Reason::Moved => format!("{whose} {what}, date changed"),
        Reason::Updated => format!("{whose} {what}, update"),
        Reason::Resolved => format!("{whose} {what} over"),
        Reason::Withdrawn => format!("{whose} {what} taken back"),
        Reason::Escalated => format!("{whose} {what}, no answer yet"),
        Reason::Reopened => format!("{whose} {what}, open again"),
        Reason::Reassigned => format!("{whose} {what}, yours now"),
        Reason::Acted => return acted(row, &title),
    };
    let was = row.moved_from.as_ref().map_or_else(String::new, |d| format!(", was {}", d.in_words()));
    Said { headline: format!("{}: {title}{was}", capital(&lead)), lead: Some(lead), subject: format!("{title}{was}") }
}

/// Ids keep their case (`openai incident`), sentences begin large (`Moved earlier`).
fn capital(s: &str) -> String {
    let ours = ["moved", "date", "update"].iter().any(|w| s.starts_with(w));
    let mut chars = s.chars();
    match chars.next() {
        Some(c) if ours => c.to_uppercase().chain(chars).collect(),
        Some(_) | None => s.to_owned(),
    }
}

/// Whether nothing is left to do.
pub(super) fn is_over(row: &Row) -> bool {
    matches!(row.reason, Reason::Resolved | Reason::Withdrawn)
}

/// What to do and how to answer, and the number.
pub(super) fn footer(row: &Row) -> String {
    let n = row.alert;
    let by_link = row.act.is_some();
    match (row.reason, row.matter.kind) {
        (Reason::Resolved | Reason::Withdrawn, _) => format!("Nothing to do.  #{n}"),
        (Reason::Acted, _) => format!("#{n}"),
        (_, _) if row.answer.is_some() && by_link => format!("#{n}"),
        (_, _) if row.answer.is_some() => format!("To answer anew: forewarn ack {n} --plan DATE  #{n}"),
        (_, Kind::Deprecation) => {
            let act = match row.matter.replacements.first().map(|r| one_line(r, NAME_MAX)).filter(|r| !r.is_empty()) {
                Some(to) => format!("Switch to {to}"),
                None => "Find a replacement".into(),
            };
            if by_link {
                format!("{act}, then press Done. New calls reopen this.  #{n}")
            } else {
                format!("{act} and say by when: forewarn ack {n} --plan DATE  #{n}")
            }
        }
        (_, Kind::Change) => format!("To read, not to answer.  #{n}"),
        (_, _) if by_link => format!("Say that you have it.  #{n}"),
        (_, _) => format!("Say that you have it: forewarn ack {n}  #{n}"),
    }
}
