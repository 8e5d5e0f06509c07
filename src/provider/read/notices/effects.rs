//! What a sentence says of an end besides its date: where calls go, what they cost then, that it does not come after all.
//!
//! In: a [`Sentence`]. Out: [`Effect`]s. Invariant: a sentence counts only for what it names by id. Refuses to make a deadline:
//! an effect is added to what a page says ends, and to nothing else.

use super::line::{Item, Sentence};
use super::sentence::phrase;
use crate::model::Firmness;
use crate::model::text::one_line;
use crate::provider::read::table::Claim;
use std::collections::HashMap;

/// What a sentence adds.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Calls of these are answered by another.
    Redirect {
        /// Whose.
        from: Vec<String>,
        /// By what.
        to: String,
        /// Already now, not only from the end on.
        now: bool,
    },
    /// What is said of a price, beside these ids.
    Price {
        /// Ids of the sentence.
        about: Vec<String>,
        /// Its words.
        words: String,
    },
    /// These do not end after all.
    Withdrawn(Vec<String>),
}

const REDIRECTS: &[&str] = &[
    "redirected to",
    "redirect to",
    "redirects to",
    "routed to",
    "route to",
    "rerouted to",
    "served by",
    "answered by",
    "forwarded to",
    "point to",
    "points to",
    "aliased to",
];
const TO_COME: &[&str] = &["will", "shall", "after", "starting", "once", "going to", "plan", "planned", "if", "when"];
const PRICES: &[&str] = &["billed", "priced", "price", "prices", "pricing", "charged", "cost", "costs", "rates"];
const STAYS: &[&str] = &[
    "will no longer be retired",
    "will no longer be deprecated",
    "will no longer be shut down",
    "will no longer be sunset",
    "will no longer be discontinued",
    "will no longer be removed",
    "is no longer deprecated",
    "are no longer deprecated",
    "is no longer scheduled",
    "are no longer scheduled",
    "will not be retired after all",
    "has been reinstated",
    "have been reinstated",
    "retirement has been cancelled",
    "retirement has been canceled",
    "retirement has been withdrawn",
    "retirement is cancelled",
    "retirement is canceled",
    "deprecation has been cancelled",
    "deprecation has been canceled",
    "deprecation has been withdrawn",
    "deprecation is cancelled",
    "deprecation is canceled",
];
const CALLED_OFF: &[&str] = &["cancelled", "canceled", "withdrawn", "called off", "rescinded", "reversed"];

fn at(items: &[Item], words: &[&str]) -> Option<(usize, usize)> {
    (0..items.len()).find_map(|i| words.iter().find_map(|w| Some((i, i + phrase(&items[i..], w)?))))
}

fn ids(items: &[Item]) -> Vec<String> {
    let id = |i: &Item| if let Item::Thing(t) = i { t.is_id.then(|| t.text.clone()) } else { None };
    items.iter().filter_map(id).collect()
}

/// What a sentence adds to what it names.
pub fn effects(sentence: &Sentence) -> Vec<Effect> {
    let items = &sentence.items;
    let mut out = Vec::new();
    let all = ids(items);
    if all.is_empty() {
        return out;
    }
    let named = || all.clone();
    if at(items, STAYS).is_some() {
        out.push(Effect::Withdrawn(named()));
        return out;
    }
    // "The retirement of `x` has been called off."
    if at(items, &["retirement of", "deprecation of", "shutdown of", "sunset of"]).is_some()
        && at(items, CALLED_OFF).is_some()
        && !items.iter().any(|i| matches!(i, Item::Date(d, _) if d.firmness == Firmness::Firm))
    {
        out.push(Effect::Withdrawn(named()));
        return out;
    }
    if let Some((from, to)) = at(items, REDIRECTS)
        && let (whose, Some(target)) = (ids(&items[..from]), ids(&items[to..]).into_iter().next())
        && !whose.is_empty()
    {
        let later = at(items, TO_COME).is_some() || items.iter().any(|i| matches!(i, Item::Date(..)));
        out.push(Effect::Redirect { from: whose, to: target, now: !later });
    }
    if at(items, PRICES).is_some()
        && (sentence.text.contains('$') || at(items, &["billed", "priced", "charged"]).is_some())
    {
        out.push(Effect::Price { about: all, words: one_line(&sentence.text, 300) });
    }
    out
}

/// Adds to what ends what sentences say of it; a price also to what is redirected to what it names.
pub fn affect(effects: &[Effect], claims: &mut [Claim]) {
    let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
    for (n, claim) in claims.iter().enumerate() {
        by_id.entry(claim.named.subject.id.clone()).or_default().push(n);
    }
    let of = |ids: &[String]| -> Vec<usize> { ids.iter().filter_map(|id| by_id.get(id)).flatten().copied().collect() };
    for effect in effects {
        match effect {
            Effect::Redirect { from, to, now } => {
                for n in of(from) {
                    claims[n].after.redirect.get_or_insert_with(|| to.clone());
                    claims[n].redirected_to = claims[n].redirected_to.take().or_else(|| now.then(|| to.clone()));
                }
            }
            Effect::Withdrawn(ids) => of(ids).into_iter().for_each(|n| claims[n].is_withdrawn = true),
            Effect::Price { .. } => {}
        }
    }
    for effect in effects {
        let Effect::Price { about, words } = effect else { continue };
        let own = of(about);
        for (n, claim) in claims.iter_mut().enumerate() {
            let target = claim.after.redirect.as_ref().is_some_and(|to| about.contains(to));
            if target || own.contains(&n) {
                claim.after.price.get_or_insert_with(|| words.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::read::notices::line::sentences;
    use crate::provider::read::page::{Cell, Piece};

    fn of(text: &str) -> Vec<Effect> {
        let mut pieces = Vec::new();
        for (n, part) in text.split('`').enumerate() {
            pieces.push(if n % 2 == 0 { Piece::Text(part.into()) } else { Piece::Code(part.into()) });
        }
        sentences(&Cell(pieces), None).iter().flat_map(effects).collect()
    }

    #[test]
    fn a_redirect_names_both_sides_and_says_whether_it_is_in_force() {
        let redirect = |to: &str, now| vec![Effect::Redirect { from: vec!["a-1".into()], to: to.into(), now }];
        assert_eq!(of("Requests to `a-1` are now redirected to `a-2`."), redirect("a-2", true));
        assert_eq!(of("`a-1` will be redirected to `a-2`."), redirect("a-2", false));
        assert_eq!(of("From May 15, 2026 on, `a-1` is served by `a-2`."), redirect("a-2", false));
        assert_eq!(of("You are redirected to the console."), []);
        assert_eq!(of("Requests are routed to `a-2`."), []);
    }

    #[test]
    fn a_price_is_said_in_the_words_of_the_page() {
        let words = "You will be billed at `a-2` pricing of $1.25 per 1M tokens.";
        let Effect::Price { about, words } = of(words).remove(0) else { panic!() };
        assert_eq!(
            (about, words.as_str()),
            (vec!["a-2".to_owned()], "You will be billed at a-2 pricing of $1.25 per 1M tokens.")
        );
        assert_eq!(of("Prices are on the pricing page."), []);
    }

    #[test]
    fn an_end_taken_back_in_so_many_words_is_one() {
        let stays = vec![Effect::Withdrawn(vec!["a-1".into()])];
        assert_eq!(of("`a-1` will no longer be retired."), stays);
        assert_eq!(of("The retirement of `a-1` has been called off."), stays);
        assert_eq!(of("`a-1` is no longer deprecated."), stays);
        assert_eq!(of("`a-1` is no longer available."), []);
        assert_eq!(of("The deprecation of `a-1` was reversed; it now ends on May 15, 2027."), []);
    }
}
