//! Notices in prose: what a page says outside its tables about what ends.
//!
//! In: paragraphs and list items, with the section they stand in. Out: [`Claim`]s with the sentence. Invariants: a list
//! counts only after a sentence or a label that says what it lists; a date is one that a sentence of the same section gives
//! for the end; two dates for one thing are for a person to look at. Refuses policies, and what goes on.

mod effects;
mod instead;
mod items;
mod line;
mod sentence;
mod special;
mod verbs;

pub use sentence::{Ends, Said, Verb};

use effects::Effect;
use line::Sentence;

use super::date::SlashOrder;
use super::page::Cell;
use super::table::words::{self, Named};
use super::table::{Claim, Manner, QUOTE, Section};
use crate::model::observation::Lifecycle;
use crate::model::text::one_line;
use crate::model::{Aftermath, Deadline, ProviderId, SubjectType};
use jiff::civil::Date;

/// What the sentences of a cell say of ends.
pub fn read(cell: &Cell, slash: Option<SlashOrder>) -> Vec<Said> {
    line::sentences(cell, slash).iter().filter_map(sentence::read).collect()
}

/// What the sentences of a cell recommend.
pub fn instead_of(cell: &Cell, slash: Option<SlashOrder>) -> Vec<String> {
    let mut found: Vec<String> = line::sentences(cell, slash).iter().flat_map(instead::instead).collect();
    found.retain(|r| words::looks_like_id(r));
    found
}

impl Ends {
    /// As a subject: `the `x` parameter` is a feature, `the `v1/x` API` an API.
    pub fn named(&self, platform: &ProviderId) -> Named {
        let noun = self.noun.as_deref().unwrap_or_default();
        match noun {
            "parameter" | "parameters" | "field" | "header" | "option" | "flag" | "feature" | "tool" => {
                words::feature(platform, &self.thing.text)
            }
            "api" | "apis" | "endpoint" | "endpoints" => words::api(platform, &self.thing.text),
            _ => words::named(platform, &self.thing.text, self.thing.is_id),
        }
    }
}

/// Most that one section is believed to say, and to recommend: a page made to exhaust us gets no further.
const MAX_CLAIMS: usize = 1_000;
const MAX_INSTEAD: usize = 50;

/// What a list is one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Ends,
    Instead,
    Other,
}

/// The notices of a page, as they are read.
pub struct Notices<'s> {
    manner: Manner<'s>,
    /// Whether prose makes claims; if not, it only says when something was announced.
    on: bool,
    scope: usize,
    /// The section has a table of what ends when: sentences without a date repeat it.
    has_table: bool,
    announced: Option<Date>,
    lists: Lists,
    /// How deep the item stands that says what its inner list lists; 0 for a paragraph.
    lead_depth: u8,
    /// Whether an item of a plain list is being read: what it says holds for itself.
    in_item: bool,
    /// The verb, the date and the sentence of a list of ends.
    leads: Option<(Verb, Option<Deadline>, bool)>,
    /// The one date that the sentences of this section give for an end that they do not name.
    open: Vec<Claim>,
    instead: Vec<String>,
    /// Dates of ends in this section.
    dates: Vec<Deadline>,
    /// Those of the item that is being read.
    item_dates: Vec<Deadline>,
    redirects: Vec<Claim>,
    /// A date for "the following models" without a list yet; its section alone has it.
    following: Option<Deadline>,
    done: Vec<Claim>,
    /// What sentences say of ends besides their dates.
    effects: Vec<Effect>,
}

impl<'s> Notices<'s> {
    /// Of a page.
    pub fn new(manner: Manner<'s>, on: bool) -> Self {
        Self {
            manner,
            on,
            scope: usize::MAX,
            has_table: false,
            announced: None,
            lists: Lists::Other,
            lead_depth: 0,
            in_item: false,
            leads: None,
            open: Vec::new(),
            instead: Vec::new(),
            dates: Vec::new(),
            item_dates: Vec::new(),
            redirects: Vec::new(),
            following: None,
            done: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// When this section's things were announced to end, if a sentence says so.
    pub fn announced(&mut self, section: &Section) -> Option<Date> {
        self.enter(section);
        self.announced
    }

    /// The moment that a sentence gives on this day, else the day.
    pub fn sharpened(&self, day: Deadline) -> Deadline {
        let mut said = self.dates.iter().chain(&self.following);
        said.find(|d| d.date == day.date && d.at.is_some()).cloned().unwrap_or(day)
    }

    fn enter(&mut self, section: &Section) {
        if self.scope != section.scope {
            self.leave();
            self.scope = section.scope;
            self.dates.extend(section.ends_on.clone());
        }
    }

    /// What a section left open is settled at its end.
    fn leave(&mut self) {
        let date = match self.dates.as_slice() {
            [one] => Some(one.clone()),
            _ => None,
        };
        let mut open = std::mem::take(&mut self.open);
        for claim in &mut open {
            if claim.deadline.is_none() && claim.review.is_none() {
                claim.deadline.clone_from(&date);
            }
            claim.announced_on =
                claim.announced_on.or(self.announced).filter(|a| claim.deadline.as_ref().is_none_or(|d| *a < d.date));
            if claim.replacements.is_empty() {
                let fits =
                    |i: &&String| !claim.named.words.eq_ignore_ascii_case(i) && self.takes_place_of(&claim.named, i);
                claim.replacements = self.instead.iter().filter(fits).cloned().collect();
            }
        }
        open.retain(|c| c.deadline.is_some() || c.review.is_some() || !self.has_table);
        self.done.append(&mut open);
        self.has_table = false;
        self.instead.clear();
        self.dates.clear();
        self.announced = None;
        self.following = None;
        self.lists = Lists::Other;
        self.lead_depth = 0;
        self.leads = None;
    }

    /// An API gives way to an API, a model to a model; what a section recommends is no parameter.
    fn takes_place_of(&self, ending: &Named, instead: &str) -> bool {
        let is_api = words::named(self.manner.platform, instead, true).subject.kind == SubjectType::Api;
        match ending.subject.kind {
            SubjectType::Model | SubjectType::Product => !is_api,
            SubjectType::Api => is_api,
            SubjectType::Feature | SubjectType::Component | SubjectType::Sdk | SubjectType::Account => false,
        }
    }

    /// A paragraph.
    pub fn paragraph(&mut self, section: &Section, cell: &Cell) {
        self.enter(section);
        let sentences = line::sentences(cell, self.manner.slash);
        self.note_effects(&sentences);
        for s in &sentences {
            self.announced = self.announced.or_else(|| sentence::announced(s));
        }
        if !self.on || section.stage == Some(Lifecycle::Active) {
            return;
        }
        if self.lead_depth == 0 && items::is_only_ids(cell) {
            // A list whose items are paragraphs.
            match self.lists {
                Lists::Ends => return self.listed(section, cell),
                Lists::Instead => return self.add_instead(words::replacements(cell)),
                Lists::Other => {}
            }
        }
        (self.lists, self.lead_depth) = (Lists::Other, 0);
        self.sentences(section, &sentences, cell.plain().ends_with(':'), 0);
    }

    fn note_effects(&mut self, sentences: &[Sentence]) {
        let room = MAX_CLAIMS.saturating_sub(self.effects.len());
        self.effects.extend(sentences.iter().flat_map(effects::effects).take(room));
    }

    /// What sentences say, and what the list after them lists.
    fn sentences(&mut self, section: &Section, sentences: &[Sentence], is_lead: bool, depth: u8) {
        let first = self.open.len();
        for (i, s) in sentences.iter().enumerate() {
            let is_last = i + 1 == sentences.len();
            if let Some(said) = &sentence::read(s) {
                self.said(section, said, &s.text);
                if said.ends.is_empty() && (said.of_following || (is_lead && is_last)) {
                    (self.lists, self.lead_depth) = (Lists::Ends, depth);
                    let date = said.ends_on();
                    self.leads = Some((said.verb, date.clone(), said.is_past));
                    self.following = date.or(self.following.take());
                }
            }
            let instead = instead::instead(s);
            if depth == 0 && self.open.len() == first {
                self.add_instead(instead);
            } else {
                // What an item or a paragraph recommends is for what it names.
                for claim in self.open[first..].iter_mut().filter(|c| c.replacements.is_empty()) {
                    claim.replacements = instead.iter().filter(|r| **r != claim.named.subject.id).cloned().collect();
                }
            }
            if is_last && is_lead && self.lists == Lists::Other {
                (self.lists, self.lead_depth) = (label(&s.text), depth);
            }
        }
    }

    /// A list item.
    pub fn item(&mut self, section: &Section, depth: u8, cell: &Cell) {
        self.enter(section);
        self.note_effects(&line::sentences(cell, self.manner.slash));
        if !self.on || section.stage == Some(Lifecycle::Active) {
            return;
        }
        let plain = cell.plain();
        if depth <= self.lead_depth {
            self.lists = Lists::Other;
        }
        if plain.ends_with(':') && self.lists != Lists::Other {
            // A label within the list: `Chat tasks alternatives:`.
            match label(&plain) {
                Lists::Other if depth == 1 && self.lists == Lists::Ends => self.lists = Lists::Other,
                Lists::Other => {}
                found => self.lists = found,
            }
            return;
        }
        match self.lists {
            Lists::Ends => self.listed(section, cell),
            Lists::Instead => {
                let found = words::replacements(cell);
                self.add_instead(found.into_iter().filter(|r| words::looks_like_id(r)).collect());
            }
            Lists::Other => {
                if self.scheduled(section, depth, cell) {
                    return;
                }
                if let Some((named, instead)) = self.redirected(cell)
                    && self.moves(section, named, instead, &plain)
                {
                    return;
                }
                let sentences = line::sentences(cell, self.manner.slash);
                let first = self.open.len();
                self.in_item = true;
                self.sentences(section, &sentences, plain.ends_with(':'), depth);
                self.in_item = false;
                // "`x` is deprecated. It will be retired on D."
                let own_date = single(&std::mem::take(&mut self.item_dates));
                let mut own = self.open.split_off(first);
                for claim in &mut own {
                    if claim.deadline.is_none() && claim.review.is_none() {
                        claim.deadline.clone_from(&own_date);
                    }
                    claim.announced_on = before(claim.announced_on, claim.deadline.as_ref());
                }
                self.done.append(&mut own);
            }
        }
    }

    fn said(&mut self, section: &Section, said: &Said, text: &str) {
        // "Removed `x`" without a date is said of documentation and buttons too.
        if !said.is_plain && said.dates.is_empty() && said.vague.is_none() {
            return;
        }
        // A date said of a thing by name is that thing's alone.
        if said.ends.is_empty() && !said.is_told() {
            let dates = if self.in_item { &mut self.item_dates } else { &mut self.dates };
            for d in &said.dates {
                // Two are as many as there can be before none of them counts.
                if dates.len() < 2 && !dates.iter().any(|k| k.same_as(d)) {
                    dates.push(d.clone());
                }
            }
        }
        let when = !said.dates.is_empty() || said.vague.is_some() || section.announced_on.is_some();
        for end in said.ends.iter().filter(|e| e.thing.is_id || when) {
            let named = end.named(self.manner.platform);
            let several = said.dates.len() > 1;
            self.claim(section, named, said.ends_on(), text, stage_of(said.verb, said.is_past));
            if said.is_told()
                && let (Some(last), Some(day)) = (self.open.last_mut(), single(&said.dates))
            {
                last.announced_on = Some(day.date);
            }
            if several && let Some(last) = self.open.last_mut() {
                last.review = Some("the sentence gives several dates".to_owned());
            } else if let (Some(text), true, Some(last)) = (&said.vague, said.dates.is_empty(), self.open.last_mut())
                && last.deadline.is_none()
            {
                last.review = Some(unsure(text));
            }
        }
    }

    fn claim(
        &mut self,
        section: &Section,
        mut named: Named,
        deadline: Option<Deadline>,
        quote: &str,
        stage: Lifecycle,
    ) {
        let serverless = |text: &str| text.to_lowercase().contains("serverless");
        if serverless(quote) || serverless(&section.title) {
            named.subject.deployment = Some("serverless".to_owned());
        }
        // Said again in the same section: the date is filled in.
        if let Some(known) = self.open.iter_mut().find(|c| c.named.subject == named.subject) {
            if known.deadline.is_none() && deadline.is_some() {
                known.deadline = deadline;
                known.review = None;
                known.quote = one_line(quote, QUOTE);
            }
            return;
        }
        if self.open.len() >= MAX_CLAIMS {
            return;
        }
        self.open.push(Claim {
            named,
            deadline,
            regions: Vec::new(),
            announced_on: section.announced_on,
            replacements: Vec::new(),
            quote: one_line(quote, QUOTE),
            title: section.title.clone(),
            stage: Some(section.stage.filter(|s| *s == Lifecycle::Retired).unwrap_or(stage)),
            review: None,
            after: Aftermath::default(),
            redirected_to: None,
            is_withdrawn: false,
        });
    }

    fn add_instead(&mut self, found: Vec<String>) {
        for r in found {
            if self.instead.len() < MAX_INSTEAD && !self.instead.contains(&r) {
                self.instead.push(r);
            }
        }
    }

    /// A table of this section said what ends when.
    pub fn table(&mut self) {
        self.has_table = true;
    }

    /// Rows that say what to use instead of what, and not when.
    pub fn redirects(&mut self, section: &Section, rows: Vec<Claim>) {
        self.enter(section);
        if self.on {
            let date = self.following.take();
            let dated = |row: Claim| Claim {
                deadline: date.clone().filter(|_| row.stage.is_some() && row.review.is_none()),
                ..row
            };
            self.redirects.extend(rows.into_iter().map(dated));
        }
    }

    /// Every claim: those of tables, then those of prose.
    pub fn finish(mut self, tables: Vec<Claim>) -> Vec<Claim> {
        self.leave();
        let mut out = tables;
        out.append(&mut self.done);
        for row in self.redirects {
            let mut known = false;
            for claim in out.iter_mut().filter(|c| c.named.subject == row.named.subject) {
                known = true;
                claim.replacements.clone_from(&row.replacements);
                claim.after.redirect.clone_from(&row.after.redirect);
            }
            if !known && (row.deadline.is_some() || (row.review.is_some() && row.stage.is_some())) {
                out.push(row);
            }
        }
        effects::affect(&self.effects, &mut out);
        out
    }
}

fn stage_of(verb: Verb, is_past: bool) -> Lifecycle {
    match verb {
        Verb::End if is_past => Lifecycle::Retired,
        Verb::End | Verb::Deprecate => Lifecycle::Deprecated,
    }
}

/// Why a date is not believed that its own words doubt.
fn unsure(text: &str) -> String {
    format!("the words beside {text:?} say that it is no sure date")
}

/// The day of an announcement, if it is before the end.
fn before(announced: Option<Date>, deadline: Option<&Deadline>) -> Option<Date> {
    announced.filter(|a| deadline.is_none_or(|d| *a < d.date))
}

fn single(dates: &[Deadline]) -> Option<Deadline> {
    match dates {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// What a label before a list says of it: `Deprecated models:`, `Recommended alternatives:`.
fn label(text: &str) -> Lists {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if says(&["alternative", "replacement", "recommend", "migrate to", "migrate", "instead", "upgrade to", "switch to"])
    {
        Lists::Instead
    } else if lower.split(' ').count() <= 8
        && says(&["deprecated", "retired", "discontinued", "sunset"])
        && !says(&["fine-tuning"])
    {
        Lists::Ends
    } else {
        Lists::Other
    }
}

#[cfg(test)]
mod tests;
