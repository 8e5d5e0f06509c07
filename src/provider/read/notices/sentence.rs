//! What a sentence says of an end: who, and when.
//!
//! In: a [`Sentence`]. Out: [`Said`]. Invariants: a thing ends only if it is what the verb is said of, with no word between
//! that is not understood; a date counts only if nothing says that it is of an announcement, a release or a migration.
//! Refuses sentences about policy ("when a model is retired", "may be"), and those that say what goes on.

use super::line::{Item, Sentence, Thing};
use super::special;
use super::verbs::{ANNOUNCES, BETWEEN, FLOOR_NOT, IN_LIST, LEADS, NOT, NOUNS, RELATIVE, VERBS};
use crate::model::Deadline;

/// How final the verb is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It ends.
    End,
    /// It is announced to end.
    Deprecate,
}

/// A thing of which a sentence says that it ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Ends {
    /// Which.
    pub thing: Thing,
    /// The noun after it: `parameter`, `api`, `series`.
    pub noun: Option<String>,
}

/// What a sentence says.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// How final.
    pub verb: Verb,
    /// What ends; empty if the sentence names nothing.
    pub ends: Vec<Ends>,
    /// The dates that may be the end's.
    pub dates: Vec<Deadline>,
    /// It has ended, or has been announced to: "was deprecated on", "is deprecated".
    pub is_past: bool,
    /// The verb is of a kind that is used of nothing else, so that it counts without a date.
    pub is_plain: bool,
    /// It is about "the following" things.
    pub of_following: bool,
    /// It gives a time that is no date.
    pub is_relative: bool,
    /// A date that its words make unsure: "around D", "D (estimated)".
    pub vague: Option<String>,
}

impl Said {
    /// The date of the end, if it gives one: that of a deprecation that has been is its announcement.
    pub fn ends_on(&self) -> Option<Deadline> {
        match self.dates.as_slice() {
            [one] if !self.is_told() => Some(one.clone()),
            _ => None,
        }
    }

    /// Whether it speaks of an announcement that has been made.
    pub fn is_told(&self) -> bool {
        self.verb == Verb::Deprecate && self.is_past
    }
}

pub(super) fn word(item: &Item) -> Option<&str> {
    match item {
        Item::Word(w) => Some(w),
        Item::Thing(_) | Item::Date(..) | Item::Sign(_) => None,
    }
}

/// Where a phrase ends, if the items begin with it.
pub(super) fn phrase(items: &[Item], phrase: &str) -> Option<usize> {
    // Most phrases begin otherwise, which is seen without taking them apart.
    if !phrase.starts_with(items.first().and_then(word)?) {
        return None;
    }
    let mut n = 0;
    for w in phrase.split(' ') {
        if items.get(n).and_then(word)? != w {
            return None;
        }
        n += 1;
    }
    Some(n)
}

pub(super) fn has(items: &[Item], text: &str) -> bool {
    (0..items.len()).any(|i| phrase(&items[i..], text).is_some())
}

/// What a sentence says of an end, if it says anything.
pub fn read(sentence: &Sentence) -> Option<Said> {
    special::read(&sentence.items).or_else(|| plain(sentence))
}

fn plain(sentence: &Sentence) -> Option<Said> {
    let items = &sentence.items;
    let has_floor =
        items.iter().any(|i| matches!(i, Item::Date(d, _) if d.firmness == crate::model::Firmness::NotBefore));
    if NOT.iter().any(|n| has(items, n) && !(has_floor && FLOOR_NOT.contains(n)) && !is_lead(items, n)) {
        return None;
    }
    // "Will not be retired before D": the floor says it all.
    let kept: Vec<Item>;
    let items = if has_floor {
        kept = items.iter().filter(|i| word(i) != Some("not")).cloned().collect();
        &kept
    } else {
        items
    };
    let verbs: Vec<(usize, usize, Verb, bool)> = (0..items.len())
        .filter_map(|i| VERBS.iter().find_map(|(v, kind, plain)| Some((i, i + phrase(&items[i..], v)?, *kind, *plain))))
        .collect();
    // An end says more than a deprecation.
    let ordered = verbs.iter().filter(|v| v.2 == Verb::End).chain(verbs.iter().filter(|v| v.2 == Verb::Deprecate));
    let with_things = ordered.clone().find_map(|v| Some((v, said_of(items, v.0, v.1)?)));
    // "`x` is deprecated and will be removed on D": what is said of x last counts.
    let last = |verb: &(usize, usize, Verb, bool)| {
        let will = |v: &&(usize, usize, Verb, bool)| {
            let lead = &items[verb.1.min(v.0)..v.0];
            v.0 > verb.0 && v.2 == Verb::End && ["will", "be", "to"].iter().any(|w| has(lead, w))
        };
        if verb.2 == Verb::Deprecate { verbs.iter().find(will) } else { None }
    };
    let (verb, ends) = match &with_things {
        Some((verb, ends)) => (last(verb).unwrap_or(verb), ends.clone()),
        None => (ordered.clone().next()?, Vec::new()),
    };
    let was = ["was", "were", "has been", "have been", "have", "we've", "has"]
        .iter()
        .any(|w| has(&items[verb.0.saturating_sub(3)..verb.0], w))
        || (has(&items[verb.0.saturating_sub(1)..verb.0], "we") && has(&items[verb.0..], "retired"));
    let is_state = verb.2 == Verb::Deprecate
        && match word(&items[verb.0]) {
            Some("deprecated") => {
                matches!(items[..verb.0].last().and_then(word), Some("is" | "are" | "now" | "already"))
            }
            // "Effective D, these deprecations roll out": what is deprecated may run on, until a day that is said later.
            Some("deprecation" | "deprecations") => ends.is_empty(),
            _ => false,
        };
    Some(Said {
        verb: verb.2,
        is_plain: verb.3,
        dates: dates(items),
        is_past: was || is_state,
        of_following: has(items, "following") || has(items, "models below") || has(items, "below"),
        is_relative: RELATIVE.iter().any(|r| has(items, r)),
        vague: vague(items),
        ends,
    })
}

/// The first date that is no sure one.
pub(super) fn vague(items: &[Item]) -> Option<String> {
    let ends_by = |at: usize| match items.get(at.saturating_sub(2)..at) {
        Some([Item::Word(verb), Item::Word(by)]) => {
            by == "by" && VERBS.iter().any(|(v, kind, _)| *kind == Verb::End && v.rsplit(' ').next() == Some(verb))
        }
        _ => false,
    };
    items.iter().enumerate().find_map(|(at, i)| match i {
        Item::Date(d, sure) if !sure || ends_by(at) => Some(d.text.clone()),
        _ => None,
    })
}

/// `before June 1` in front of a comma is a lead of another clause, and is not said of the end.
fn is_lead(items: &[Item], not: &str) -> bool {
    matches!(not, "before" | "if" | "when")
        && {
            let at = items.iter().position(|i| word(i) == Some(not));
            let verb = items.iter().position(|i| word(i).is_some_and(is_verb_word));
            // "X will be retired on D; migrate before D": it stands behind the verb's own clause.
            matches!((at, verb), (Some(at), Some(verb)) if at > verb && items[verb..at].iter().any(|i| matches!(i, Item::Sign(';' | '-'))))
        }
}

/// The things that the verb at a place is said of: before it, after it, or after "of" and "for".
fn said_of(items: &[Item], from: usize, to: usize) -> Option<Vec<Ends>> {
    before(items, from).or_else(|| behind(items, from, to))
}

fn before(items: &[Item], verb: usize) -> Option<Vec<Ends>> {
    let mut found: Vec<Ends> = Vec::new();
    let mut at = verb;
    while at > 0 {
        at -= 1;
        match &items[at] {
            Item::Thing(thing) => {
                let noun = items.get(at + 1).and_then(word).filter(|w| NOUNS.contains(w)).map(str::to_owned);
                found.push(Ends { thing: thing.clone(), noun });
            }
            Item::Date(..) => {
                if found.is_empty() {
                    return None;
                }
                break;
            }
            Item::Sign('(' | ')') => {}
            Item::Sign(',') if at == 0 || matches!(items[at - 1], Item::Thing(_) | Item::Sign(')')) => {}
            Item::Sign(',') if found.is_empty() => return None,
            // "`x` — retires on D", "`x`: will be shut down": an item of a list, or of definitions.
            Item::Sign('-' | ':') if found.is_empty() && at > 0 && items[..at].iter().all(is_listed) => {}
            Item::Sign(_) => break,
            Item::Word(w) if found.is_empty() && w == "for" && at > 0 && is_planned(&items[at - 1]) => {}
            Item::Word(w) if found.is_empty() && BETWEEN.contains(&w.as_str()) => {}
            Item::Word(w) if !found.is_empty() && IN_LIST.contains(&w.as_str()) => {}
            // "Deprecated `a` and ..." is another clause's verb; "which point to" ends the list.
            Item::Word(w) if !found.is_empty() && LEADS.contains(&w.as_str()) && starts_date(items, at) => break,
            // "The beta interface (`x`)", "Demo models `x`": x has been named, what stands before is its name.
            Item::Word(_) if !found.is_empty() && matches!(items[at + 1], Item::Sign('(')) => break,
            Item::Word(_) if !found.is_empty() && is_family(items, at) => break,
            Item::Word(_) => return None,
        }
    }
    found.reverse();
    (!found.is_empty()).then_some(found)
}

/// Whether a word begins a clause and a noun for several follows: `Demo models`, `the Demo aliases`.
fn is_family(items: &[Item], at: usize) -> bool {
    let noun = items.get(at + 1).and_then(word);
    let begins = at == 0
        || matches!(items[at - 1], Item::Sign(',' | ';' | ':') | Item::Date(..))
        || matches!(word(&items[at - 1]), Some("the" | "our" | "all"));
    begins && matches!(noun, Some("models" | "snapshots" | "versions" | "aliases" | "endpoints"))
}

/// The id in brackets behind a name of a few words: `the Demo One 3.5 model (`x`)`; where it stands.
fn bracketed(items: &[Item], from: usize) -> Option<usize> {
    let open = (from..items.len().min(from + 8)).find(|i| !matches!(items[*i], Item::Word(_)))?;
    let is_id = |i: &Item| matches!(i, Item::Thing(t) if t.is_id && t.text.contains(|c: char| c.is_ascii_digit()));
    (matches!(items[open], Item::Sign('(')) && items.get(open + 1).is_some_and(is_id)).then_some(open + 1)
}

/// Whether it may stand in an item's list of names.
fn is_listed(item: &Item) -> bool {
    match item {
        Item::Thing(_) | Item::Sign(',' | '(' | ')') => true,
        Item::Word(w) => matches!(w.as_str(), "and" | "or" | "alias"),
        Item::Sign(_) | Item::Date(..) => false,
    }
}

fn is_planned(item: &Item) -> bool {
    matches!(word(item), Some("scheduled" | "planned" | "slated" | "due"))
}

/// Whether a word leads a date: `effective May 15`.
fn starts_date(items: &[Item], at: usize) -> bool {
    items[at..].iter().take(3).any(|i| matches!(i, Item::Date(..)))
}

fn behind(items: &[Item], from: usize, to: usize) -> Option<Vec<Ends>> {
    // "will be retired" is not said of what follows.
    if from > 0 && matches!(word(&items[from - 1]), Some("be" | "is" | "are" | "was" | "were" | "been" | "being")) {
        let is_active = matches!(&items[from], Item::Word(w) if w.ends_with("ing"));
        if !is_active {
            return None;
        }
    }
    let mut found: Vec<Ends> = Vec::new();
    let mut passed = to;
    for (i, item) in items[to..].iter().enumerate() {
        match item {
            // Words of a name before its id.
            Item::Word(_) if to + i < passed => {}
            Item::Thing(thing) => {
                let noun = items.get(to + i + 1).and_then(word).filter(|w| NOUNS.contains(w)).map(str::to_owned);
                found.push(Ends { thing: thing.clone(), noun });
            }
            Item::Word(w) if found.is_empty() && w == "date" && i == 0 => {}
            Item::Word(w) if found.is_empty() && matches!(w.as_str(), "of" | "for") && i <= 1 => {}
            Item::Word(w) if IN_LIST.contains(&w.as_str()) && w != "as" => {}
            Item::Sign(',' | '(' | ')') => {}
            Item::Sign(':') if found.is_empty() && i == 0 => {}
            Item::Word(_) => match bracketed(items, to + i) {
                Some(id) => passed = id,
                None => break,
            },
            Item::Date(..) | Item::Sign(_) => break,
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether a verb of an end begins with this word.
fn is_verb_word(word: &str) -> bool {
    VERBS.iter().any(|(v, ..)| v.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// The dates that may be those of an end: not of an announcement, and not what people should do before.
pub(super) fn dates(items: &[Item]) -> Vec<Deadline> {
    let is_verb = |i: &Item| word(i).is_some_and(is_verb_word);
    let mut out: Vec<Deadline> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Item::Date(deadline, true) = item else { continue };
        let after = after_remark(&items[at + 1..]).iter().take(6).take_while(|i| !is_verb(i));
        let announced_after = after.clone().any(|i| word(i).is_some_and(|w| ANNOUNCES.contains(&w)));
        let near: Vec<&Item> = items[at.saturating_sub(3)..at].iter().collect();
        // "no longer available after" is no release.
        let goes = has(&items[at.saturating_sub(6)..at], "no longer");
        let announced_before =
            near.iter().any(|i| word(i).is_some_and(|w| ANNOUNCES.contains(&w) && !(goes && w == "available")));
        let is_limit =
            near.iter().rev().take(1).any(|i| matches!(word(i), Some("before" | "by" | "since" | "than" | "and")))
                && deadline.firmness == crate::model::Firmness::Firm;
        // "(originally D)".
        let is_former = matches!(&items[..at], [.., Item::Sign('('), Item::Word(w)] if matches!(w.as_str(), "originally" | "previously" | "formerly" | "was"));
        if is_former || announced_after || announced_before || is_limit || out.iter().any(|d| d.same_as(deadline)) {
            continue;
        }
        out.push(deadline.clone());
    }
    out
}

/// Without a remark in brackets in front: "D (originally E), we announced".
fn after_remark(items: &[Item]) -> &[Item] {
    match (items.first(), items.iter().position(|i| *i == Item::Sign(')'))) {
        (Some(Item::Sign('(')), Some(end)) => &items[end + 1..],
        _ => items,
    }
}

/// The day on which a sentence says that something was announced: `On June 17, 2026, we emailed users`.
pub fn announced(sentence: &Sentence) -> Option<jiff::civil::Date> {
    let items = &sentence.items;
    items.iter().enumerate().find_map(|(at, item)| {
        let Item::Date(d, _) = item else { return None };
        let near = after_remark(&items[at + 1..]).iter().take(4).chain(items[at.saturating_sub(3)..at].iter());
        let says = near.filter_map(word).any(|w| matches!(w, "notified" | "announced" | "emailed" | "informed"));
        (says && d.precision == crate::model::Precision::Day).then_some(d.date)
    })
}
