//! What follows the headline of one alert: what happens, what is ours, what to do, the proof, what comes next.
//!
//! In: a row and the reader's clock. Out: lines in reading order. Invariant: lists are capped and say how many they
//! leave out; a link is `http` or `https`. Refuses to repeat the headline.

use super::{Clock, Line, Part};
use crate::model::event::Money;
use crate::model::text::{one_line, safe_link};
use crate::model::{Claim, Deadline, Firmness, Kind, Precision, Reason, SourceId, SubjectType};
use crate::notify::{Row, ServiceBrief};
use jiff::SignedDuration;

/// Services shown before they are counted.
const SERVICES_SHOWN: usize = 10;
/// Rungs shown.
const NEXT_SHOWN: usize = 3;
/// Notices named to somebody who does not know of them.
const NOTICES_SHOWN: usize = 4;
/// A date that is what it was for so long is worth a word.
const UNCHANGED: SignedDuration = SignedDuration::from_hours(24);
/// Longest quote of a provider.
const QUOTE_MAX: usize = 300;
/// Longest summary of a provider.
const SUMMARY_MAX: usize = 600;

/// The lines of one alert.
pub(super) fn details(row: &Row, clock: Clock<'_>) -> Vec<Line> {
    let ending = row.matter.kind == Kind::Deprecation;
    let over = matches!(row.reason, Reason::Resolved | Reason::Withdrawn);
    let mut lines = Vec::new();
    if row.reason == Reason::Acted {
        return lines;
    }
    lines.extend(why(row, clock));
    lines.push(if ending { end_facts(row, clock) } else { facts(row, clock) });
    lines.extend(summary(row));
    lines.extend(ours(row));
    if row.reason == Reason::Withdrawn && ending {
        lines.push(Line::new(Part::Do, "Nothing ends; whoever began to move may stop."));
    } else if !over {
        lines.extend(row.answer.as_ref().map(|a| Line::new(Part::Do, format!("Answered: {}.", one_line(a, 200)))));
    }
    if ending {
        lines.extend(proof(row, clock));
    }
    if !over {
        lines.extend(next(row, clock));
    }
    lines
}

fn why(row: &Row, clock: Clock<'_>) -> Option<Line> {
    let owner = one_line(&row.owner, 64);
    let text = match row.reason {
        Reason::Escalated if row.answer.is_none() => {
            format!("This reaches you because {owner} has not answered yet{}.", after(row, clock))
        }
        Reason::Reminder | Reason::Overdue if row.answer.is_none() && !row.told.is_empty() => {
            format!("This reaches you because {}{}.", without_plan(row), after(row, clock))
        }
        Reason::Escalated => format!("This reaches you because {owner} has answered and is not done."),
        // Without a deed it opened by itself: its provider says it again.
        Reason::Reopened if row.said.is_none() => return None,
        Reason::Reopened | Reason::Reassigned => format!("{}.", super::words::deed(row)),
        // An answer that holds no longer is part of the story.
        Reason::Reminder | Reason::Overdue if row.answer.is_none() && row.said.is_some() => {
            format!("{}; that holds no longer.", super::words::deed(row))
        }
        Reason::Opened
        | Reason::Reminder
        | Reason::Overdue
        | Reason::Moved
        | Reason::Updated
        | Reason::Resolved
        | Reason::Withdrawn
        | Reason::Acted => return None,
    };
    Some(Line::new(Part::Why, text))
}

/// `support-bot has no plan date`, of what is not done.
fn without_plan(row: &Row) -> String {
    let open: Vec<String> =
        row.services.iter().filter(|s| s.done.is_none()).map(|s| one_line(&s.name, 64)).take(3).collect();
    match open.as_slice() {
        [] => format!("{} has given no plan date", one_line(&row.owner, 64)),
        [one] => format!("{one} has no plan date"),
        several => format!("{} have no plan date", several.join(", ")),
    }
}

/// ` after notices on 23 Nov, 23 Dec and 8 Jan`, the last few.
fn after(row: &Row, clock: Clock<'_>) -> String {
    let mut days: Vec<String> = row.told.iter().map(|at| clock.short(*at)).collect();
    days.dedup();
    let last = days.split_off(days.len().saturating_sub(NOTICES_SHOWN));
    match last.as_slice() {
        [] => String::new(),
        [one] if one == "today" => " after today's notice".into(),
        [one] => format!(" after the notice of {one}"),
        [before @ .., one] => format!(" after notices on {} and {one}", before.join(", ")),
    }
}

/// `openai · firm date · then calls fail · replacement: gpt-demo-2`.
fn end_facts(row: &Row, clock: Clock<'_>) -> Line {
    let matter = &row.matter;
    let mut facts = vec![one_line(&row.provider_name, 60)];
    facts.extend(matter.deadline.as_ref().map(|d| firmness(d, clock)));
    let after = matter.after();
    if row.reason != Reason::Withdrawn {
        facts.extend(match matter.subjects.first().map(|s| s.kind) {
            Some(SubjectType::Model | SubjectType::Api) => Some(match &after.redirect {
                Some(to) => format!("then calls are answered by {}", one_line(to, 120)),
                None => "then calls fail".to_owned(),
            }),
            Some(
                SubjectType::Feature
                | SubjectType::Component
                | SubjectType::Sdk
                | SubjectType::Product
                | SubjectType::Account,
            )
            | None => None,
        });
        let replacements: Vec<_> = matter.replacements.iter().take(3).map(|r| one_line(r, 120)).collect();
        if let Some(to) = matter.claims.values().find_map(|c| c.redirect.as_ref()) {
            facts.push(format!("calls are answered by {} already", one_line(to, 120)));
        }
        facts.push(if replacements.is_empty() {
            "no replacement named".into()
        } else {
            format!("replacement: {}", replacements.join(", "))
        });
        facts.extend(after.price.map(|words| format!("price: \"{}\"", one_line(&words, QUOTE_MAX))));
    }
    Line { part: Part::What, text: facts.join(" · "), link: None, alert: None }
}

fn firmness(d: &Deadline, clock: Clock<'_>) -> String {
    let hour = d.at.map(|at| format!(", exactly {}", clock.moment(at))).unwrap_or_default();
    match (d.firmness, d.precision) {
        (Firmness::NotBefore, _) => "earliest possible date, not a promise".into(),
        (Firmness::Firm, Precision::Instant) => format!("firm date{hour}"),
        (Firmness::Firm, Precision::Day) => match d.date.yesterday() {
            // Some provider's midnight is the evening before.
            Ok(eve) if eve >= clock.today() => {
                format!("firm date, no hour given: be done by {}", eve.strftime("%a %-d %b"))
            }
            Ok(_) | Err(_) => "firm date".into(),
        },
        (Firmness::Firm, Precision::Month) => "only the month is given".into(),
        (Firmness::Firm, Precision::Quarter) => "only the quarter is given".into(),
        (Firmness::Firm, Precision::Half) => "only the half of the year is given".into(),
        (Firmness::Firm, Precision::Year) => "only the year is given".into(),
    }
}

/// `openai · since Mon 23 Nov 08:40 UTC · 123.45 USD`, with the link.
fn facts(row: &Row, clock: Clock<'_>) -> Line {
    let matter = &row.matter;
    // A wave of entries is neither open nor over.
    let stage = if matter.kind == Kind::Change { String::new() } else { format!(" ({})", matter.stage) };
    let mut facts = vec![one_line(&row.provider_name, 60), format!("{}{stage}", matter.severity)];
    facts.push(format!("since {}", clock.moment(matter.opened_at)));
    facts.extend(matter.money.as_ref().map(amount));
    Line { part: Part::What, text: facts.join(" · "), link: matter.url.as_deref().and_then(safe_link), alert: None }
}

/// Minor units by ISO 4217: most currencies have two, some none or three.
fn amount(money: &Money) -> String {
    let digits = match money.currency.to_ascii_uppercase().as_str() {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "UGX" | "PYG" => 0,
        "BHD" | "KWD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    };
    let unit = 10_u64.pow(digits);
    let (whole, part) = (money.minor.unsigned_abs() / unit, money.minor.unsigned_abs() % unit);
    let sign = if money.minor < 0 { "-" } else { "" };
    let currency = one_line(&money.currency, 8);
    match digits {
        0 => format!("{sign}{whole} {currency}"),
        n => format!("{sign}{whole}.{part:0width$} {currency}", width = n as usize),
    }
}

fn summary(row: &Row) -> Option<Line> {
    let text = one_line(&row.matter.summary, SUMMARY_MAX);
    let wanted = match (row.matter.kind, row.reason) {
        // The quote says it in the provider's words; only what is new needs more.
        (Kind::Deprecation, Reason::Updated | Reason::Withdrawn) => true,
        (Kind::Deprecation, _) => false,
        (_, _) => true,
    };
    (wanted && !text.is_empty() && text != one_line(&row.matter.title, SUMMARY_MAX))
        .then(|| Line::new(Part::What, text))
}

fn ours(row: &Row) -> Vec<Line> {
    if row.services.is_empty() {
        let why = one_line(&row.why, 300);
        let text =
            if why.is_empty() { "No service of yours is named.".into() } else { format!("Yours because: {why}") };
        return vec![Line::new(Part::Ours, text)];
    }
    let mut lines: Vec<_> =
        row.services.iter().take(SERVICES_SHOWN).map(|s| Line::new(Part::Ours, service(s))).collect();
    let more = row.services.len().saturating_sub(SERVICES_SHOWN);
    if more > 0 {
        lines.push(Line::new(Part::Ours, format!("and {more} more services")));
    }
    lines
}

/// `support-bot, production`; `rerank-batch, staging: done, migrated 12 Dec (mei)`.
fn service(s: &ServiceBrief) -> String {
    let state = match (&s.done, &s.usage) {
        (Some(done), _) => format!(": done, {}", one_line(done, 200)),
        (None, Some(usage)) => format!(": {}", one_line(usage, 160)),
        (None, None) => String::new(),
    };
    format!("{}, {}{state}", one_line(&s.name, 64), one_line(&s.env, 64))
}

fn proof(row: &Row, clock: Clock<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some((source, claim)) = row.matter.winning_claim() {
        lines.push(quote(source, claim, row, clock));
    }
    if let Some(why) = row.matter.review() {
        let id = one_line(row.matter.id.as_str(), 200);
        let why = one_line(&why, QUOTE_MAX);
        let text =
            format!("Needs review: {why}. Say what is true: forewarn deprecations pin {id} --date DATE --note WHY");
        lines.push(Line::new(Part::Proof, text));
    }
    if row.matter.in_conflict() {
        let said: Vec<_> = row
            .matter
            .claims
            .iter()
            .filter_map(|(s, c)| c.deadline.as_ref().map(|d| format!("{s} says {}", d.in_words())))
            .take(4)
            .collect();
        let id = one_line(row.matter.id.as_str(), 200);
        let text = format!(
            "Sources disagree: {}. Say which is true: forewarn deprecations pin {id} --date DATE --note WHY",
            said.join("; ")
        );
        lines.push(Line::new(Part::Proof, text));
    }
    lines
}

fn quote(source: &SourceId, claim: &Claim, row: &Row, clock: Clock<'_>) -> Line {
    let words = one_line(&claim.text, QUOTE_MAX);
    let quoted = if words.is_empty() { String::new() } else { format!(": \"{words}\"") };
    let link = claim.url.as_deref().or(row.matter.url.as_deref()).and_then(safe_link);
    if source.provider() == "forewarn" {
        let text = format!("Said by us ({}, {}){quoted}", source.name(), clock.moment(claim.read_at));
        return Line { part: Part::Proof, text, link, alert: None };
    }
    let since = row.unchanged_since.filter(|at| clock.now.duration_since(*at) >= UNCHANGED);
    let since = since.map_or_else(String::new, |at| format!(". Date unchanged since {}", clock.with_year(at)));
    Line {
        part: Part::Proof,
        text: format!("Read {} {}{quoted}{since}", clock.moment(claim.read_at), place(source, row)),
        link,
        alert: None,
    }
}

/// Where it was read, as people call it; of a source of somebody else, its id.
fn place(source: &SourceId, row: &Row) -> String {
    let whose = one_line(&row.provider_name, 60);
    match source.name().split('.').next().unwrap_or_default() {
        _ if source.provider() != row.matter.provider.as_str() => format!("on {source}"),
        "deprecations" => format!("on {whose}'s deprecations page"),
        "models" => format!("in {whose}'s list of models"),
        "changelog" => format!("in {whose}'s changelog"),
        "status" => format!("on {whose}'s status page"),
        "webhook" => format!("in a webhook of {whose}"),
        _ => format!("on {source}"),
    }
}

/// `Without a plan date: reminder Wed 23 Dec; ravi@example.com (lead) is told Fri 15 Jan.`
fn next(row: &Row, clock: Clock<'_>) -> Option<Line> {
    let mut steps: Vec<_> = row
        .next
        .iter()
        .take(NEXT_SHOWN)
        .map(|step| {
            // Within a day the hour matters; further out it is noise.
            let soon = step.at.duration_since(clock.now).as_hours() < 24;
            let when = if soon { clock.moment(step.at) } else { clock.day(step.at) };
            match one_line(&step.tell, 200) {
                tell if tell == one_line(&row.owner, 200) => format!("reminder {when}"),
                tell if tell.contains(", ") => format!("{tell} are told {when}"),
                tell => format!("{tell} is told {when}"),
            }
        })
        .collect();
    // The first morning after the day itself; that day has a reminder of its own.
    steps.extend(row.daily_from.map(|day| match day > clock.today() {
        true => format!("from {} daily while calls continue", day.strftime("%a %-d %b")),
        false => "daily while calls continue".into(),
    }));
    if steps.is_empty() {
        return None;
    }
    let intro = match (row.answer.is_some(), row.matter.kind) {
        (true, _) => "Next",
        (false, Kind::Deprecation) => "Without a plan date",
        (false, _) => "If nobody answers",
    };
    Some(Line::new(Part::Next, format!("{intro}: {}.", steps.join("; "))))
}
