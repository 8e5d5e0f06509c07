//! Items of lists that say who and when without a sentence: `- **January 15, 2027**: `x``, `- `x` (January 15, 2027)`,
//! `- Shutdown date: January 15, 2027` below a heading that names x.
//!
//! In: an item, and the section it stands in. Out: claims. Invariant: only below a heading that says that its things end, or
//! with a label that does; of one item only one date counts. Refuses items of several dates.

use super::{Lists, Notices, Verb, stage_of, unsure};
use crate::model::Subject;
use crate::model::observation::Lifecycle;
use crate::model::text::one_line;
use crate::provider::read::date::{self, DateCell};
use crate::provider::read::page::{Cell, Piece};
use crate::provider::read::table::words::{self, Named};
use crate::provider::read::table::{QUOTE, Section, is_end_label};

/// Words of a heading above things that end.
const HEADINGS: &[&str] = &[
    "retirement",
    "shutdown",
    "shut down",
    "shutting down",
    "sunset",
    "removal",
    "end of life",
    "end-of-life",
    "retiring",
    "discontinu",
    "decommission",
    "deprecated",
    "deprecation",
];

impl Notices<'_> {
    /// Reads an item that says who and when; whether it did.
    pub(super) fn scheduled(&mut self, section: &Section, depth: u8, cell: &Cell) -> bool {
        self.field(section, cell) || self.listed_under(section, depth, cell)
    }

    /// `**X** — migrate to **Y**`, where the section has said when.
    pub(super) fn redirected(&self, cell: &Cell) -> Option<(Named, Vec<String>)> {
        let head = Cell(head_of(cell));
        let rest = Cell(cell.0.iter().skip(head.0.len().saturating_sub(1)).cloned().collect());
        let words = rest.plain().to_lowercase();
        let moves = ["migrate to", "use ", "switch to", "upgrade to", "replaced by"].iter().any(|w| words.contains(w));
        let named = match head.0.as_slice() {
            [Piece::Name(n)] | [Piece::Name(n), Piece::Text(_)] => words::named(self.manner.platform, n, false),
            [Piece::Code(c)] | [Piece::Code(c), Piece::Text(_)] => words::named(self.manner.platform, c, true),
            _ => return None,
        };
        let names = rest.0.iter().filter_map(|p| match p {
            Piece::Name(n) | Piece::Code(n) => Some(n.clone()),
            Piece::Text(_) | Piece::Model(_) | Piece::Break => None,
        });
        let instead: Vec<String> = names.collect();
        (moves && !instead.is_empty() && named.words.split(' ').count() <= 6).then_some((named, instead))
    }

    /// What an item says to use instead: of what the section has named already, or, where it has said when, of what ends
    /// then. Whether it is either.
    pub(super) fn moves(&mut self, section: &Section, named: Named, instead: Vec<String>, plain: &str) -> bool {
        let same = |s: &Subject| (s.kind, s.id.as_str()) == (named.subject.kind, named.subject.id.as_str());
        if let Some(known) = self.open.iter_mut().find(|c| same(&c.named.subject)) {
            known.replacements = instead;
            return true;
        }
        let [date] = self.dates.as_slice() else { return false };
        let date = Some(date.clone());
        self.claim(section, named, date, plain, Lifecycle::Deprecated);
        if let Some(last) = self.open.last_mut() {
            last.replacements = instead;
        }
        true
    }

    /// An item of a list of what ends: what stands in code in front of any words, or words that are an id.
    pub(super) fn listed(&mut self, section: &Section, cell: &Cell) {
        let (verb, date, is_past) = self.leads.clone().unwrap_or((Verb::Deprecate, None, false));
        let own = date::find(&cell.plain(), self.manner.slash);
        // "`x`: around D": the day of the others is not its own.
        let doubt = own.iter().find(|f| f.hedge.is_some()).map(|f| unsure(&f.deadline.text));
        let date = match own.as_slice() {
            _ if doubt.is_some() => None,
            [one] => Some(one.deadline.clone()),
            _ => date,
        };
        let plain = cell.plain();
        if !begins_with_name(cell) {
            return;
        }
        let parts = parameters(cell);
        for name in &parts {
            self.claim(
                section,
                words::feature(self.manner.platform, name),
                date.clone(),
                &plain,
                stage_of(verb, is_past),
            );
        }
        if !parts.is_empty() {
            return;
        }
        let head = Cell(head_of(cell));
        for named in words::subjects(self.manner.platform, &head, false) {
            if named.words.split(' ').count() > 6 {
                continue;
            }
            self.claim(section, named, date.clone(), &plain, stage_of(verb, is_past));
            if let (Some(last), true) = (self.open.last_mut(), doubt.is_some()) {
                last.review.clone_from(&doubt);
            }
        }
    }

    /// `Shutdown date: D` below a heading that is the name of what ends.
    fn field(&mut self, section: &Section, cell: &Cell) -> bool {
        let plain = cell.plain();
        let Some((label, value)) = plain.split_once(": ").or_else(|| plain.split_once(" \u{2014} ")) else {
            return false;
        };
        let (label, title) = (label.trim().to_lowercase(), section.title.trim());
        if label.split(' ').count() > 4 || !words::looks_like_id(title) {
            return false;
        }
        let named = || words::named(self.manner.platform, title, true);
        let known = self.open.iter().position(|c| c.named.subject == named().subject);
        if is_end_label(&label) {
            let DateCell::Dates(dates) = date::cell(value, self.manner.slash) else { return false };
            let [dated] = dates.as_slice() else { return false };
            let found = (named(), Some(dated.deadline.clone()));
            self.claim(section, found.0, found.1, &plain, Lifecycle::Deprecated);
            return true;
        }
        let announces =
            ["deprecated", "announced", "deprecation date", "announced on", "deprecated on"].contains(&label.as_str());
        if let (true, DateCell::Dates(dates), None) = (announces, date::cell(value, self.manner.slash), known) {
            if let [one] = dates.as_slice() {
                self.announced = self.announced.or(Some(one.deadline.date));
            }
            return true;
        }
        if ["replacement", "recommended replacement", "successor", "alternative", "use instead", "migrate to"]
            .contains(&label.as_str())
        {
            let found: Vec<String> = words::replacements(&Cell(value_of(cell)));
            match known {
                Some(n) => self.open[n].replacements = found,
                None => self.add_instead(found),
            }
            return true;
        }
        false
    }

    /// An item with a date and ids, in either order, or a date above the items of its own list.
    fn listed_under(&mut self, section: &Section, depth: u8, cell: &Cell) -> bool {
        let title = section.title.to_lowercase();
        let is_heading = HEADINGS.iter().any(|w| title.contains(w)) || section.ends_on.is_some();
        if !is_heading || ["policy", "process", "how ", "what ", "guide"].iter().any(|w| title.contains(w)) {
            return false;
        }
        let plain = cell.plain();
        let found = date::find(&plain, self.manner.slash);
        let (day, around) = match (found.as_slice(), &section.ends_on) {
            ([one], _) if one.hedge.is_some() => return false,
            ([one], _) if date::is_floor(&plain[..one.range.start], &plain[one.range.end..]) => return false,
            ([one], _) => {
                let around = format!("{}{}", &plain[..one.range.start], &plain[one.range.end..]);
                (one.deadline.clone(), around)
            }
            // Ids below a heading that says when.
            ([], Some(day)) => (day.clone(), plain.clone()),
            _ => return false,
        };
        let bare = around.trim_matches([' ', ':', '-', '(', ')', ',', '\u{2013}', '\u{2014}', '.']);
        if bare.is_empty() {
            // A date alone: the list in it is of what ends then.
            (self.lists, self.lead_depth) = (Lists::Ends, depth);
            self.leads = Some((Verb::End, Some(day), false));
            return true;
        }
        let ids: Option<Vec<Named>> = bare
            .split([',', ' '])
            .map(|w| w.trim_matches([':', '(', ')', '\u{2013}', '\u{2014}', '`']))
            .filter(|w| !matches!(*w, "" | "-" | "and" | "&" | "on" | "model" | "models" | "the"))
            .map(|w| words::looks_like_id(w).then(|| words::named(self.manner.platform, w, true)))
            .collect();
        let Some(ids) = ids.filter(|i| !i.is_empty()) else { return false };
        for named in ids {
            self.claim(section, named, Some(day.clone()), &one_line(&plain, QUOTE), Lifecycle::Deprecated);
        }
        true
    }
}

/// Whether nothing but ids stands in it: code spans, and what joins them.
pub(super) fn is_only_ids(cell: &Cell) -> bool {
    let joint = |t: &str| t.split(|c: char| !c.is_alphanumeric()).all(|w| matches!(w, "" | "and" | "or"));
    let is_id = |p: &Piece| match p {
        Piece::Code(_) | Piece::Model(_) | Piece::Break => true,
        Piece::Text(t) => joint(t),
        Piece::Name(t) => words::looks_like_id(t),
    };
    cell.0.iter().all(is_id) && cell.0.iter().any(|p| matches!(p, Piece::Code(_) | Piece::Name(_)))
}

/// Whether an item of a list of what ends begins with a name: code, emphasis, an id, `Demo One 8B (`x`)`, `Demo One 8B`.
pub(super) fn begins_with_name(cell: &Cell) -> bool {
    let plain = cell.plain();
    if words::looks_like_id(plain.split(' ').next().unwrap_or_default()) {
        return true;
    }
    let is_title = |t: &str| {
        t.split(' ').count() <= 6
            && t.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && t.contains(|c: char| c.is_ascii_digit())
    };
    match cell.0.iter().find(|p| !matches!(p, Piece::Text(t) if t.trim().is_empty())) {
        Some(Piece::Code(_) | Piece::Name(_)) => true,
        Some(Piece::Text(t)) => match t.trim().strip_suffix('(') {
            Some(name) => is_title(name.trim()),
            None => cell.0.len() == 1 && is_title(t.trim()) && !t.trim().ends_with('.'),
        },
        Some(Piece::Model(_) | Piece::Break) | None => false,
    }
}

/// What stands behind the label of an item.
fn value_of(cell: &Cell) -> Vec<Piece> {
    let mut head: usize = head_of(cell)
        .iter()
        .map(|p| if let Piece::Text(t) | Piece::Code(t) | Piece::Name(t) = p { t.len() } else { 1 })
        .sum();
    let mut out = Vec::new();
    for piece in &cell.0 {
        let len = if let Piece::Text(t) | Piece::Code(t) | Piece::Name(t) = piece { t.len() } else { 1 };
        match piece {
            Piece::Text(t) if head < len => {
                out.push(Piece::Text(t.get(head..).unwrap_or_default().trim_start_matches([':', ' ']).to_owned()))
            }
            _ if head == 0 => out.push(piece.clone()),
            _ => {}
        }
        head = head.saturating_sub(len);
    }
    out
}

/// `/v1/x` parameters: `a`, `b`: what ends is a and b, not x.
pub(super) fn parameters(cell: &Cell) -> Vec<String> {
    let mut pieces = cell.0.iter().skip_while(|p| !matches!(p, Piece::Code(_))).skip(1);
    let is_list = matches!(pieces.next(), Some(Piece::Text(t)) if {
        let word = t.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
        t.contains(':') && matches!(word.as_str(), "parameter" | "parameters" | "field" | "fields" | "option" | "options")
    });
    let codes = pieces.filter_map(|p| if let Piece::Code(c) = p { Some(c.clone()) } else { None });
    if is_list { codes.collect() } else { Vec::new() }
}

/// The pieces of a list item up to a dash or a colon after its first name.
pub(super) fn head_of(cell: &Cell) -> Vec<Piece> {
    let mut out = Vec::new();
    for piece in &cell.0 {
        if let Piece::Text(t) = piece {
            if let Some(at) = t
                .find([':', '\u{2014}', '\u{2013}'])
                .or_else(|| t.find(" - "))
                .or_else(|| t.find("->"))
                .or_else(|| t.find('\u{2192}'))
            {
                out.push(Piece::Text(t[..at].to_owned()));
                break;
            }
            // `x` parameters, `x` endpoint: what follows in words is no more of it, except aliases in brackets.
            if t.trim_start().starts_with(|c: char| c.is_alphabetic())
                && out.iter().any(|p| matches!(p, Piece::Code(_)))
                && !is_joint(t)
            {
                break;
            }
        }
        out.push(piece.clone());
    }
    out
}

fn is_joint(text: &str) -> bool {
    matches!(text.trim(), "and" | "or" | "and the alias" | "or the alias")
}
