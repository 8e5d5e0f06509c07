//! The verdict: the answer in a word and in a sentence that stands alone on a phone.
//!
//! In: all that was found. Out: the word and the sentence. Invariant: what they say outweighs what we cannot read, and
//! what we cannot read outweighs their silence. Refuses to say "all clear": at best they say nothing.

use super::{Now, Verdict, Voice};
use crate::engine::calendar::Deprecation;
use crate::engine::listing::Episode;
use crate::model::Stage;
use crate::model::moment::minutes;
use crate::model::text::one_line;
use crate::store::SourceHealth;
use jiff::{Timestamp, tz::TimeZone};

/// Longest title in the sentence, in characters.
const TITLE: usize = 80;

/// Judges; `name` is how people call a provider.
pub(super) fn verdict(n: &Now, name: &dyn Fn(&str) -> String) -> (Verdict, String) {
    let blind = blind(n);
    let also = if blind.is_empty() { String::new() } else { format!(" And we cannot read {}.", some(&blind)) };
    if let Some(worst) = n.incidents.first() {
        return (Verdict::TheySaySo, format!("{}{also}", incident(n, worst, name)));
    }
    let going_on =
        n.maintenance.iter().find(|m| m.window.is_some_and(|w| w.from <= n.at && w.until.is_none_or(|u| u > n.at)));
    if let Some(m) = going_on {
        let until = m.window.and_then(|w| w.until).map_or_else(String::new, |u| format!(" until {}", clock(u, n.at)));
        let told = format!("YES, planned: {} works on it{until}: {}.{also}", name(&m.provider), quoted(&m.title));
        return (Verdict::TheySaySo, told);
    }
    if let Some(d) = n.ending.iter().find(|d| has_ended(d, n.at)) {
        let on = d.shutdown_on.map_or_else(String::new, |on| format!(" on {}", on.strftime("%a %-d %b %Y")));
        let instead =
            d.replacements.first().map_or_else(String::new, |r| format!(" Use {} instead.", one_line(r, TITLE)));
        let told = format!("YES: {} has ended{on}, as {} announced.{instead}{also}", d.id, name(&d.provider));
        return (Verdict::TheySaySo, told);
    }
    if !blind.is_empty() || n.voices.iter().all(|v| !v.tells_incidents) {
        let pages = n.voices.iter().filter(|v| v.tells_incidents).count();
        let what = match blind.len() {
            0 => "what they say".to_owned(),
            // One that cannot be read may be theirs; all of several at once is most likely ours.
            all if all >= 3 && all == pages => {
                format!("any of {all} status pages: is the way out of this machine open, is forewarn running?")
            }
            _ => some(&blind),
        };
        let end = if what.ends_with('?') { "" } else { "." };
        return (
            Verdict::CannotRead,
            format!("UNKNOWN: we cannot read {what}{end} Silence is no all-clear: look at their page yourself."),
        );
    }
    let who = match n.providers.as_slice() {
        [one] => name(one),
        [a, b] => format!("neither {} nor {}", name(a), name(b)),
        all => format!("none of {} providers", all.len()),
    };
    let says = if n.providers.len() == 1 { "says nothing" } else { "says anything" };
    let oldest = n.voices.iter().filter(|v| v.tells_incidents).filter_map(|v| v.read_at).min();
    let read = oldest.map_or_else(String::new, |t| format!(", read {} ago", age(t, n.at)));
    let ended = n.over.first().map_or_else(String::new, |e| {
        format!(" {} was over {} ago: {}.", name(&e.provider), age(e.latest_at, n.at), quoted(&e.title))
    });
    let changed = match n.changes.len() {
        0 => " Nothing of it changed in 72 hours.".to_owned(),
        1 => " One thing changed in 72 hours.".to_owned(),
        c => format!(" {c} things changed in 72 hours."),
    };
    (Verdict::TheySayNothing, format!("NO WORD: {who} {says} is wrong{read}.{ended}{changed}"))
}

fn incident(n: &Now, worst: &Episode, name: &dyn Fn(&str) -> String) -> String {
    let more = match n.incidents.len() {
        1 => String::new(),
        c => format!(" And {} more.", c - 1),
    };
    let since = age(worst.opened_at, n.at);
    format!("YES: {} says so: {} ({}), for {since}.{more}", name(&worst.provider), quoted(&worst.title), worst.severity)
}

/// It ended lately: the page says so, or its firm day is here.
fn has_ended(d: &Deprecation, at: Timestamp) -> bool {
    let today = at.to_zoned_datetime(TimeZone::UTC).date();
    d.stage == Stage::Retired || d.shutdown_on.is_some_and(|on| on <= today)
}

/// What would tell of incidents and cannot be read.
fn blind(n: &Now) -> Vec<String> {
    let bad = |v: &&Voice| v.tells_incidents && v.health != SourceHealth::Fresh;
    let voices = n.voices.iter().filter(bad).map(|v| {
        let why = v.problem.as_deref().map_or_else(String::new, |p| format!(": {}", one_line(p, TITLE)));
        format!("{} ({}{why})", v.source, v.health)
    });
    // Asked about everything, a provider without a status page is no surprise; asked about it, it is the answer.
    let unheard = n.unheard.iter().filter(|_| n.scope != "all").map(|u| format!("{} ({})", u.provider, u.why));
    voices.chain(unheard).collect()
}

fn some(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

fn quoted(title: &str) -> String {
    format!("\u{201c}{}\u{201d}", one_line(title, TITLE))
}

fn clock(t: Timestamp, at: Timestamp) -> String {
    let same = t.to_zoned_datetime(TimeZone::UTC).date() == at.to_zoned_datetime(TimeZone::UTC).date();
    t.strftime(if same { "%H:%M UTC" } else { "%a %-d %b %H:%M UTC" }).to_string()
}

/// `40 s`, `23 min`, `5 h`, `3 days`.
pub fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match minutes(then, now) {
        0 => format!("{seconds} s"),
        m @ 1..100 => format!("{m} min"),
        m @ 100..2_880 => format!("{} h", (m + 30) / 60),
        m => format!("{} days", m / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(health: &[SourceHealth]) -> Now {
        let at: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let voice = |(n, health): (usize, &SourceHealth)| Voice {
            source: format!("acme{n}/status"),
            tells_incidents: true,
            health: *health,
            read_at: at.checked_sub(jiff::SignedDuration::from_secs(40)).ok(),
            problem: (*health != SourceHealth::Fresh).then(|| "no such host".to_owned()),
        };
        Now {
            at,
            about: String::new(),
            scope: "all",
            verdict: Verdict::CannotRead,
            headline: String::new(),
            providers: (0..health.len()).map(|n| format!("acme{n}")).collect(),
            since: at,
            incidents: vec![],
            over: vec![],
            maintenance: vec![],
            billing: vec![],
            ending: vec![],
            changes: vec![],
            voices: health.iter().enumerate().map(voice).collect(),
            unheard: vec![],
            last: None,
        }
    }

    fn said(health: &[SourceHealth]) -> (Verdict, String) {
        verdict(&asked(health), &|id| id.to_uppercase())
    }

    #[test]
    fn one_page_that_cannot_be_read_is_named_and_all_of_them_are_our_own_trouble() {
        use SourceHealth::{Fresh, Stale};
        let (v, one) = said(&[Fresh, Stale, Fresh]);
        assert_eq!(v, Verdict::CannotRead);
        assert!(one.contains("acme1/status (stale: no such host)"), "{one}");
        let (v, all) = said(&[Stale, Stale, Stale]);
        assert_eq!(v, Verdict::CannotRead);
        assert!(all.contains("any of 3 status pages: is the way out of this machine open"), "{all}");
        let (v, none) = said(&[]);
        assert_eq!(v, Verdict::CannotRead, "{none}");
        let (v, calm) = said(&[Fresh, Fresh, Fresh]);
        assert_eq!(v, Verdict::TheySayNothing);
        assert_eq!(
            calm,
            "NO WORD: none of 3 providers says anything is wrong, read 40 s ago. Nothing of it changed in 72 hours."
        );
    }
}
