//! The claims of a page, one for each matter.
//!
//! In: claims in the order of the page. Out: observations. Invariants: of several claims about a matter the one with the
//! newest announcement counts, read or not, among equals one with a date, then the first; what it leaves open is taken from the others.
//! Refuses to mix dates.

use super::Claim;
use crate::model::observation::{Ending, Lifecycle, Word};
use crate::model::{Aftermath, Deadline, Fact, MatterId, Observation, Subject};
use crate::provider::file::TableSource;
use crate::provider::read::{ReadContext, ending};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, HashMap};

/// What the claims say, a matter once.
pub fn observations(source: &TableSource, ctx: &ReadContext, claims: Vec<Claim>) -> Vec<Observation> {
    let claims = by_region(claims);
    let mut order: Vec<MatterId> = Vec::new();
    let mut kept: HashMap<MatterId, Claim> = HashMap::new();
    for claim in claims {
        let Some(matter) = claim.named.subject.matter_id() else { continue };
        match kept.get_mut(&matter) {
            Some(old) => join(old, claim),
            None => {
                order.push(matter.clone());
                kept.insert(matter, claim);
            }
        }
    }
    order.iter().filter_map(|m| kept.remove(m)).flat_map(|c| said(source, ctx, c)).collect()
}

/// An end, and what is in force already; or that there is none after all.
fn said(source: &TableSource, ctx: &ReadContext, claim: Claim) -> Vec<Observation> {
    let (withdrawn, redirected) = (claim.is_withdrawn, claim.redirected_to.clone());
    let ending = observation(source, ctx, claim);
    let word = || Word { rank: source.rank, quote: quote_of(&ending) };
    if withdrawn {
        return vec![Observation { fact: Fact::Withdrawn(word()), ..ending }];
    }
    let redirect = redirected.map(|to| Observation { fact: Fact::Redirected { to, word: word() }, ..ending.clone() });
    std::iter::once(ending).chain(redirect).collect()
}

fn quote_of(o: &Observation) -> String {
    if let Fact::Ending(e) = &o.fact { e.quote.clone() } else { String::new() }
}

fn join(old: &mut Claim, new: Claim) {
    // The newest word counts, even one that could not be read: an older date may have been moved by it.
    let rank = |c: &Claim| (c.deadline.is_some() || c.review.is_some(), c.announced_on, c.deadline.is_some());
    let (mut winner, loser) = if rank(&new) > rank(old) { (new, old.clone()) } else { (old.clone(), new) };
    let same_date = match (&winner.deadline, &loser.deadline) {
        (Some(a), Some(b)) => a.date == b.date,
        (_, None) => true,
        (None, Some(_)) => false,
    };
    // Where one of two announcements has no day, nobody knows which is newer.
    let undated = winner.announced_on.is_none() || loser.announced_on.is_none();
    if (rank(&winner) == rank(&loser) || undated) && !same_date {
        agree(&mut winner, &loser);
    }
    if same_date {
        if winner.replacements.is_empty() {
            winner.replacements = loser.replacements;
        }
        winner.redirected_to = winner.redirected_to.or(loser.redirected_to);
        winner.is_withdrawn |= loser.is_withdrawn;
        let (after, other) = (&mut winner.after, loser.after);
        *after =
            Aftermath { redirect: after.redirect.take().or(other.redirect), price: after.price.take().or(other.price) };
        winner.announced_on = winner.announced_on.or(loser.announced_on);
        if stage_rank(winner.stage) < stage_rank(loser.stage) {
            winner.stage = loser.stage;
        }
    }
    *old = winner;
}

/// Two dates for one thing, neither announced later: the closer one, if it lies in the other, else a person must look.
fn agree(winner: &mut Claim, loser: &Claim) {
    let (Some(a), Some(b)) = (&winner.deadline, &loser.deadline) else { return };
    let closer = |d: &Deadline, than: &Deadline| {
        than.latest() > than.date && than.date <= d.date && d.latest() <= than.latest() && !d.same_as(than)
    };
    if closer(b, a) {
        winner.deadline.clone_from(&loser.deadline);
    } else if !closer(a, b) {
        winner.review = Some(format!("the page gives {} and {}", a.date, b.date));
        winner.deadline = None;
    }
}

fn stage_rank(stage: Option<Lifecycle>) -> u8 {
    match stage {
        None => 0,
        Some(Lifecycle::Active) => 1,
        Some(Lifecycle::Legacy) => 2,
        Some(Lifecycle::Deprecated) => 3,
        Some(Lifecycle::Retired) => 4,
    }
}

/// Rows of one thing with other regions and other dates are claims about those regions; with one date they are one claim.
fn by_region(claims: Vec<Claim>) -> Vec<Claim> {
    let mut dates: BTreeMap<Subject2, Vec<Option<jiff::civil::Date>>> = BTreeMap::new();
    for c in claims.iter().filter(|c| !c.regions.is_empty()) {
        let seen = dates.entry(key(&c.named.subject)).or_default();
        let date = c.deadline.as_ref().map(|d| d.date);
        if !seen.contains(&date) {
            seen.push(date);
        }
    }
    let mut out = Vec::with_capacity(claims.len());
    for claim in claims {
        let apart = !claim.regions.is_empty() && dates.get(&key(&claim.named.subject)).is_some_and(|d| d.len() > 1);
        if apart {
            for region in &claim.regions {
                let mut one = claim.clone();
                one.named.subject.region = Some(region.clone());
                out.push(one);
            }
        } else {
            out.push(claim);
        }
    }
    out
}

type Subject2 = (&'static str, String, Option<String>);

fn key(s: &Subject) -> Subject2 {
    (s.kind.as_str(), s.id.clone(), s.deployment.clone())
}

fn observation(source: &TableSource, ctx: &ReadContext, claim: Claim) -> Observation {
    let page = source.page.as_deref().unwrap_or(&source.url);
    // What a page lists as retired with a date to come has not ended yet.
    let today = TimeZone::UTC.to_datetime(ctx.received_at).date();
    let ended = claim.stage == Some(Lifecycle::Retired) && claim.deadline.as_ref().is_none_or(|d| d.date <= today);
    let ending = Ending {
        announced_on: claim.announced_on,
        deadline: claim.deadline,
        replacements: claim.replacements,
        quote: claim.quote,
        rank: source.rank,
        ended,
        stage: claim.stage,
        review: claim.review,
        after: claim.after,
    };
    ending::observation(ctx, claim.named.subject, &claim.named.words, &claim.title, page, ending)
}
