//! Sentences that say an end without a verb of ending: support ends, calls will fail, the last day, available until.
//!
//! In: the items of a sentence. Out: [`Said`], always with a date. Invariant: what ends is named right behind words that say so
//! ("support for", "calls to"), so that a feature of a thing is not taken for the thing. Refuses sentences without a date,
//! about programs, prices, previews, and about the past ("requests failed").

use super::line::Item;
use super::sentence::{Ends, Said, Verb, dates, has, phrase, vague, word};

/// What a sentence says in such a way, if it does.
pub fn read(items: &[Item]) -> Option<Said> {
    let not =
        ["program", "preview of", "if", "may", "might", "could", "free", "beta of", "grant", "webinar", "not", "no"];
    if !items.iter().any(|i| matches!(i, Item::Date(..))) || not.iter().any(|n| has(items, n)) {
        return None;
    }
    let found = supported(items).or_else(|| called(items)).or_else(|| last_day(items)).or_else(|| available(items));
    let ends = found.or_else(|| notified(items))?;
    let mut dates = dates(items);
    if dates.is_empty() && (has(items, "until") || has(items, "through")) {
        // "Available until D" looks like a release.
        dates.extend(items.iter().filter_map(|i| if let Item::Date(d, true) = i { Some(d.clone()) } else { None }));
    }
    let vague = vague(items);
    (dates.len() == 1 || (dates.is_empty() && vague.is_some())).then_some(Said {
        verb: Verb::End,
        ends,
        dates,
        is_past: false,
        is_plain: true,
        of_following: false,
        is_relative: false,
        vague,
    })
}

/// The things in a row from a place on, and where they end.
fn things(items: &[Item], from: usize) -> Option<(Vec<Ends>, usize)> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(item) = items.get(at) {
        match item {
            Item::Thing(thing) => found.push(Ends { thing: thing.clone(), noun: None }),
            Item::Sign(',') => {}
            Item::Word(w)
                if matches!(w.as_str(), "the" | "and" | "or" | "model" | "models" | "our" | "both" | "snapshot") => {}
            Item::Word(_) | Item::Sign(_) | Item::Date(..) => break,
        }
        at += 1;
    }
    (!found.is_empty()).then_some((found, at))
}

/// Where one of these phrases stands at the beginning of a clause: first, or behind a comma, a date or "our".
fn begins(items: &[Item], phrases: &[&str]) -> Option<usize> {
    (0..items.len()).find_map(|i| {
        let free = i == 0
            || matches!(&items[i - 1], Item::Sign(_) | Item::Date(..))
            || matches!(
                word(&items[i - 1]),
                Some("our" | "the" | "all" | "any" | "and" | "are" | "be" | "will" | "we're")
            );
        if free { phrases.iter().find_map(|p| Some(i + phrase(&items[i..], p)?)) } else { None }
    })
}

/// "Support for `x` ends on D", "we are ending support for `x`".
fn supported(items: &[Item]) -> Option<Vec<Ends>> {
    if let Some(from) =
        begins(items, &["ending support for", "end support for", "dropping support for", "drop support for"])
    {
        return Some(things(items, from)?.0);
    }
    let from = begins(items, &["support for", "access to", "availability of"])?;
    let (found, to) = things(items, from)?;
    let rest = &items[to..];
    let verb =
        rest.iter().position(|i| matches!(word(i), Some("ends" | "end" | "ending" | "ceases" | "cease" | "stops")))?;
    let auxiliary = rest[..verb].iter().all(|i| matches!(word(i), Some("will" | "is" | "be" | "are" | "to" | "going")));
    auxiliary.then_some(found)
}

/// "From D, calls to `x` will fail".
fn called(items: &[Item]) -> Option<Vec<Ends>> {
    let from = begins(
        items,
        &["calls to", "requests to", "traffic to", "api calls to", "api requests to", "all requests to"],
    )?;
    let (found, to) = things(items, from)?;
    let rest = &items[to..];
    let fails =
        ["will fail", "will return an error", "will return errors", "will error", "will be rejected", "will stop"];
    fails.iter().any(|f| phrase(rest, f).is_some()).then_some(found)
}

/// "We notified developers using `x` of its deprecation and removal from the API on D".
fn notified(items: &[Item]) -> Option<Vec<Ends>> {
    const TOLD: &[&str] =
        &["developers using", "users of", "customers using", "users using", "developers of", "customers of"];
    let told = items.iter().position(|i| matches!(word(i), Some("notified" | "emailed" | "informed")))?;
    let from = (told..items.len()).find_map(|i| TOLD.iter().find_map(|p| Some(i + phrase(&items[i..], p)?)))?;
    let (found, to) = things(items, from)?;
    let rest = &items[to..];
    let ends = ["removal", "retirement", "shutdown", "shut"];
    let says =
        rest.iter().take_while(|i| !matches!(i, Item::Date(..))).any(|i| word(i).is_some_and(|w| ends.contains(&w)));
    (says && matches!(rest.first().and_then(word), Some("of" | "about" | "that"))).then_some(found)
}

/// "The last day to use `x` is D".
fn last_day(items: &[Item]) -> Option<Vec<Ends>> {
    let from = begins(items, &["last day to use", "last day of", "last day for", "last date to use", "final day of"])?;
    let (found, to) = things(items, from)?;
    matches!(items.get(to).and_then(word), Some("is" | "will")).then_some(found)
}

/// "`x` will be available until D".
fn available(items: &[Item]) -> Option<Vec<Ends>> {
    let phrases = ["available until", "supported until", "accessible until", "available through", "supported through"];
    let verb = (0..items.len()).find(|i| phrases.iter().any(|p| phrase(&items[*i..], p).is_some()))?;
    let (found, to) = (0..verb).find_map(|i| things(items, i))?;
    if to > verb {
        return None;
    }
    let auxiliary = |i: &Item| {
        matches!(
            word(i),
            Some("will" | "be" | "is" | "are" | "remain" | "remains" | "stay" | "stays" | "only" | "still")
        )
    };
    (matches!(items.get(verb + 2), Some(Item::Date(..))) && items[to..verb].iter().all(auxiliary)).then_some(found)
}
