//! Items of lists that say who and when without a sentence: `- **January 15, 2027**: `x``, `- `x` (January 15, 2027)`,
//! `- Shutdown date: January 15, 2027` below a heading that names x.
//!
//! In: an item, and the section it stands in. Out: claims. Invariant: only below a heading that says that its things end, or
//! with a label that does; of one item only one date counts. Refuses items of several dates.

use super::{Lists, Notices, Verb};
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
        if !HEADINGS.iter().any(|w| title.contains(w))
            || ["policy", "process", "how ", "what ", "guide"].iter().any(|w| title.contains(w))
        {
            return false;
        }
        let plain = cell.plain();
        let found = date::find(&plain, self.manner.slash);
        let [one] = found.as_slice() else { return false };
        let around = format!("{}{}", &plain[..one.range.start], &plain[one.range.end..]);
        if date::is_floor(&plain[..one.range.start], &plain[one.range.end..]) {
            return false;
        }
        let bare = around.trim_matches([' ', ':', '-', '(', ')', ',', '\u{2013}', '\u{2014}', '.']);
        if bare.is_empty() {
            // A date alone: the list in it is of what ends then.
            (self.lists, self.lead_depth) = (Lists::Ends, depth);
            self.leads = Some((Verb::End, Some(one.deadline.clone()), false));
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
            self.claim(section, named, Some(one.deadline.clone()), &one_line(&plain, QUOTE), Lifecycle::Deprecated);
        }
        true
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
