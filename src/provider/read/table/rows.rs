//! The rows of a table, as claims.
//!
//! In: a table, what its columns mean, where it stands. Out: [`Claim`]s. Invariants: a row without a date says something only
//! if it says that the thing was announced to end; a date that cannot be read leaves a claim without one, for a person to look
//! at. Refuses to decide what has ended by the calendar.

use super::context::{Section, stage};
use super::roles::{Roles, Shutdown};
use super::words::{self, Named};
use crate::model::observation::Lifecycle;
use crate::model::text::one_line;
use crate::model::{Aftermath, Deadline, Firmness, ProviderId, Subject, SubjectType};
use crate::provider::read::date::{self, DateCell, Dated, SlashOrder};
use crate::provider::read::notices;
use crate::provider::read::page::{Cell, Grid, Row};
use jiff::civil::Date;
use std::collections::HashMap;

/// How a source writes, beside its columns.
#[derive(Debug, Clone, Copy)]
pub struct Manner<'s> {
    /// Whose page it is.
    pub platform: &'s ProviderId,
    /// Which number comes first in its slash dates.
    pub slash: Option<SlashOrder>,
    /// Its dates after this day are the earliest ones; those before it have come true.
    pub floor_after: Option<Date>,
    /// A class name of rows of what has ended.
    pub ended_class: Option<&'s str>,
}

/// What a row or a sentence says of one thing.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What ends, in which region or deployment.
    pub named: Named,
    /// When.
    pub deadline: Option<Deadline>,
    /// Regions that the row is about, when its date is not limited to them.
    pub regions: Vec<String>,
    /// When that was announced.
    pub announced_on: Option<Date>,
    /// What to use instead.
    pub replacements: Vec<String>,
    /// The row or sentence.
    pub quote: String,
    /// The heading it stands under.
    pub title: String,
    /// Where it stands.
    pub stage: Option<Lifecycle>,
    /// What a person should look at.
    pub review: Option<String>,
    /// What follows the end.
    pub after: Aftermath,
    /// What answers calls already.
    pub redirected_to: Option<String>,
    /// The page says that it does not end after all.
    pub is_withdrawn: bool,
}

/// Longest quote, in characters.
pub const QUOTE: usize = 300;

/// The rows of a table that say what to use instead of what, and not when: claims without a date, with a stage where the
/// header says that its things are going.
pub fn redirects(table: &Grid, roles: &Roles, section: &Section, manner: Manner<'_>) -> Vec<Claim> {
    let header = roles.subject.first().and_then(|c| table.header.get(*c)).map(String::as_str).unwrap_or_default();
    let going = ["retire", "retiring", "deprecat", "shut", "sunset", "removed"].iter().any(|w| header.contains(w));
    let place = Place { roles, section, manner, group: None };
    table.rows.iter().flat_map(|r| place.redirect(r, going.then_some(Lifecycle::Deprecated))).collect()
}

/// Every claim of a table.
pub fn claims(table: &Grid, roles: &Roles, section: &Section, manner: Manner<'_>) -> Vec<Claim> {
    let mut out = Vec::new();
    let mut group: Option<Lifecycle> = None;
    for row in &table.rows {
        if let Some(title) = row.group() {
            group = stage(&title);
            continue;
        }
        let place = Place { roles, section, manner, group };
        out.extend(place.row(row));
    }
    apart(&mut out);
    out
}

/// Rows of one table about one thing with different dates, and nothing we know tells them apart: what does was lost, or is in a
/// column that means nothing to us. Both are for a person to look at.
fn apart(claims: &mut [Claim]) {
    let mut dates: HashMap<Subject, Vec<Date>> = HashMap::new();
    let whole = |c: &Claim| c.regions.is_empty() && c.deadline.is_some();
    for c in claims.iter().filter(|c| whole(c)) {
        let seen = dates.entry(c.named.subject.clone()).or_default();
        seen.extend(c.deadline.iter().map(|d| d.date).filter(|d| !seen.contains(d)).collect::<Vec<_>>());
    }
    for claim in claims.iter_mut().filter(|c| whole(c)) {
        let Some([first, second, ..]) = dates.get(&claim.named.subject).map(Vec::as_slice) else { continue };
        claim.review = Some(format!("the page gives {first} and {second}"));
        claim.deadline = None;
    }
}

struct Place<'s> {
    roles: &'s Roles,
    section: &'s Section,
    manner: Manner<'s>,
    /// What a heading within the table says.
    group: Option<Lifecycle>,
}

impl Place<'_> {
    fn redirect(&self, row: &Row, stage: Option<Lifecycle>) -> Vec<Claim> {
        let replacements = self.replacements(row);
        let after = self.after(row, &replacements);
        let review =
            self.unknown_date(row).map(|text| format!("the date {text:?} stands in a column that is not known"));
        let of = |named: Named| Claim {
            named,
            deadline: None,
            regions: Vec::new(),
            announced_on: self.section.announced_on,
            replacements: replacements.clone(),
            quote: quote(row),
            title: self.section.title.clone(),
            stage,
            review: review.clone(),
            after: after.clone(),
            redirected_to: None,
            is_withdrawn: false,
        };
        self.subjects(row).into_iter().map(of).collect()
    }

    /// A date in a column without a meaning: it may be that of the end.
    fn unknown_date(&self, row: &Row) -> Option<String> {
        let roles = self.roles;
        let is_known = |c: &usize| {
            roles.subject.contains(c)
                || roles.replacement.contains(c)
                || roles.announced.contains(c)
                || roles.others.contains(c)
        };
        let texts = row.cells.iter().enumerate().filter(|(c, _)| !is_known(c)).map(|(_, cell)| cell.plain());
        texts
            .into_iter()
            .find(|t| matches!(date::cell(t, self.manner.slash), DateCell::Dates(_)))
            .map(|t| one_line(&t, 120))
    }

    fn row(&self, row: &Row) -> Vec<Claim> {
        let roles = self.roles;
        let text = |column: Option<usize>| column.and_then(|c| row.cells.get(c)).map(Cell::plain).unwrap_or_default();
        let subjects = self.subjects(row);
        if subjects.is_empty() {
            return Vec::new();
        }
        let announced = roles.announced.iter().find_map(|c| single(&text(Some(*c)), self.manner.slash));
        let status = status(&text(roles.status)).or(self.group).or(self.section.stage);
        let has_class = self.manner.ended_class.is_some_and(|c| row.class.split_whitespace().any(|k| k == c));
        let stage = if has_class { Some(Lifecycle::Retired) } else { status };
        let replacements = self.replacements(row);
        let blank = Claim {
            named: subjects[0].clone(),
            deadline: None,
            regions: date::regions(&text(roles.regions)),
            announced_on: announced.or(self.section.announced_on),
            after: self.after(row, &replacements),
            replacements,
            quote: quote(row),
            title: self.section.title.clone(),
            stage,
            review: None,
            redirected_to: None,
            is_withdrawn: false,
        };
        let mut out = Vec::new();
        if self.is_shifted(row) {
            let review = Some("the cells of its row do not fit the headers".to_owned());
            return subjects
                .into_iter()
                .map(|named| Claim { named, review: review.clone(), ..blank.clone() })
                .collect();
        }
        for end in &roles.shutdown {
            let Some(cell) = row.cells.get(end.column) else { continue };
            match date::cell(&cell.plain(), self.manner.slash) {
                DateCell::NoDate => {}
                DateCell::Unreadable => {
                    let review = Some(format!("the date {:?} could not be read", one_line(&cell.plain(), 120)));
                    out.extend(subjects.iter().map(|n| Claim {
                        named: n.clone(),
                        review: review.clone(),
                        ..blank.clone()
                    }));
                }
                DateCell::Dates(dates) => {
                    for dated in dates {
                        out.extend(self.dated(row, &subjects, &dated, end, &blank));
                    }
                }
            }
        }
        if let (true, Some(deadline)) = (roles.shutdown.is_empty(), &self.section.ends_on) {
            let whole = Dated { deadline: deadline.clone(), regions: Vec::new(), deployments: Vec::new() };
            let end = Shutdown { column: usize::MAX, is_floor: false, deployment: None, zone: None };
            out.extend(self.dated(row, &subjects, &whole, &end, &blank));
        }
        let is_going = matches!(status, Some(Lifecycle::Deprecated | Lifecycle::Retired)) && roles.status.is_some();
        if out.is_empty() && !roles.shutdown.is_empty() && (announced.is_some() || is_going) {
            out.extend(subjects.iter().map(|n| Claim { named: n.clone(), ..blank.clone() }));
        }
        out
    }

    /// A claim for each subject in each region and deployment that the date is limited to.
    fn dated(&self, row: &Row, subjects: &[Named], dated: &Dated, end: &Shutdown, blank: &Claim) -> Vec<Claim> {
        let mut deadline = dated.deadline.clone();
        deadline.zone = deadline.zone.or_else(|| end.zone.clone());
        if (end.is_floor || self.manner.floor_after.is_some_and(|day| deadline.date > day))
            && blank.stage != Some(Lifecycle::Retired)
        {
            deadline.firmness = Firmness::NotBefore;
        }
        let column =
            self.roles.deployment.and_then(|c| row.cells.get(c)).map(Cell::plain).filter(|t| !date::is_none_form(t));
        let deployments: Vec<Option<String>> = match (&dated.deployments[..], &end.deployment, column) {
            ([], None, None) => vec![None],
            ([], Some(named), _) => vec![Some(named.clone())],
            ([], None, Some(cell)) => vec![Some(words::slug(&one_line(&cell, 60)))],
            (several, ..) => several.iter().cloned().map(Some).collect(),
        };
        let regions: Vec<Option<String>> = match &dated.regions[..] {
            [] => vec![None],
            several => several.iter().cloned().map(Some).collect(),
        };
        let mut out = Vec::new();
        for named in subjects {
            for region in &regions {
                for deployment in &deployments {
                    let mut claim = Claim { named: named.clone(), deadline: Some(deadline.clone()), ..blank.clone() };
                    claim.named.subject.region.clone_from(region);
                    claim.named.subject.deployment.clone_from(deployment);
                    if region.is_some() {
                        claim.regions.clear();
                    }
                    // A heading with the day of the end is no announcement; a sentence may give that.
                    let told = [claim.announced_on, self.section.notified_on];
                    claim.announced_on = told.into_iter().flatten().find(|a| *a < deadline.date);
                    out.push(claim);
                }
            }
        }
        out
    }

    /// What ends: the first subject column that names something; a version belongs to its name.
    fn subjects(&self, row: &Row) -> Vec<Named> {
        for (i, column) in self.roles.subject.iter().enumerate() {
            let Some(cell) = row.cells.get(*column) else { continue };
            let plain = cell.plain();
            if date::is_none_form(&plain) || self.is_no_name(&plain) {
                continue;
            }
            let is_small = plain.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            let is_id = i == 0 && (self.roles.subject_is_id || (self.roles.subject_is_model && is_small));
            let mut found = words::subjects(self.manner.platform, cell, is_id);
            // Where a model is called is not what ends, if another column says that.
            if is_id && self.roles.subject.len() > 1 {
                found.retain(|n| n.subject.kind != SubjectType::Api);
            }
            let version = self.roles.version.and_then(|v| row.cells.get(v)).map(Cell::plain).unwrap_or_default();
            if !self.roles.subject_is_id && !version.is_empty() && !date::is_none_form(&version) {
                found = found.iter().map(|n| versioned(self.manner.platform, n, &version)).collect();
            }
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// Neither a date nor a region is a name.
    fn is_no_name(&self, plain: &str) -> bool {
        matches!(date::cell(plain, self.manner.slash), DateCell::Dates(_)) || !date::regions(plain).is_empty()
    }

    /// Whether the row's cells have moved under other headers: a date or a region stands where a name should, a date where the
    /// replacement, the state or the regions should, or something else than a date where a header promises one.
    fn is_shifted(&self, row: &Row) -> bool {
        let roles = self.roles;
        let texts = |columns: &mut dyn Iterator<Item = usize>| -> Vec<String> {
            columns.filter_map(|c| row.cells.get(c)).map(Cell::plain).collect()
        };
        let is_date = |t: &String| matches!(date::cell(t, self.manner.slash), DateCell::Dates(_));
        let is_none_of_dates =
            |t: &String| date::is_none_form(t) || is_date(t) || !date::find(t, self.manner.slash).is_empty();
        let single = [roles.status, roles.regions, roles.deployment].into_iter().flatten();
        let dates = roles
            .announced
            .iter()
            .chain(&roles.dated)
            .copied()
            .filter(|c| !roles.shutdown.iter().any(|s| s.column == *c) && !roles.subject.contains(c));
        texts(&mut roles.subject.iter().copied()).iter().any(|t| self.is_no_name(t))
            || texts(&mut roles.replacement.iter().copied().chain(single)).iter().any(is_date)
            || texts(&mut dates.clone()).iter().any(|t| !date::regions(t).is_empty() || is_an_id(t))
            || texts(&mut dates.filter(|c| roles.dated.contains(c))).iter().any(|t| !is_none_of_dates(t))
    }

    /// What the row says of what follows the end: where calls go, and from when on they may cost more.
    fn after(&self, row: &Row, replacements: &[String]) -> Aftermath {
        let is_redirect = self.roles.replacement.iter().any(|c| self.roles.redirects.contains(c));
        let price = self.roles.extended.as_ref().and_then(|(c, header)| {
            let said = row.cells.get(*c)?.plain();
            single(&said, self.manner.slash).map(|_| one_line(&format!("{header}: {said}"), QUOTE))
        });
        Aftermath { redirect: replacements.first().filter(|_| is_redirect).cloned(), price }
    }

    fn replacements(&self, row: &Row) -> Vec<String> {
        let cells = self.roles.replacement.iter().filter_map(|c| row.cells.get(*c));
        let noted =
            || self.roles.notes.and_then(|c| row.cells.get(c)).map(|c| notices::instead_of(c, self.manner.slash));
        let found = cells.map(words::replacements).find(|r| !r.is_empty());
        found.or_else(|| noted().filter(|_| self.roles.replacement.is_empty())).unwrap_or_default()
    }
}

fn quote(row: &Row) -> String {
    one_line(&row.cells.iter().map(Cell::plain).collect::<Vec<_>>().join(" | "), QUOTE)
}

/// `demo` and `2026-01-01` as `demo-2026-01-01`, as platforms name their versions.
fn versioned(platform: &ProviderId, named: &Named, version: &str) -> Named {
    let version = one_line(version.trim_matches(['`', '*', ' ']), 60);
    if named.words.ends_with(&version) {
        return named.clone();
    }
    let is_id = !named.words.contains(' ') && !version.contains(' ');
    let joined = if is_id { format!("{}-{version}", named.words) } else { format!("{} {version}", named.words) };
    words::named(platform, &joined, is_id)
}

/// Nothing but an id, with a digit: `acme.demo-1-v1:0`. `pre-release` is a word.
fn is_an_id(text: &str) -> bool {
    words::looks_like_id(text) && text.contains(|c: char| c.is_ascii_digit()) && date::find(text, None).is_empty()
}

/// The one day a cell gives; nothing for floors and for several.
fn single(text: &str, slash: Option<SlashOrder>) -> Option<Date> {
    match date::cell(text, slash) {
        DateCell::Dates(dates) => {
            let mut days: Vec<Date> = dates.iter().map(|d| d.deadline.date).collect();
            days.sort_unstable();
            days.dedup();
            let firm = dates.iter().all(|d| d.deadline.firmness == Firmness::Firm);
            (firm && days.len() == 1).then(|| days[0])
        }
        DateCell::NoDate | DateCell::Unreadable => None,
    }
}

/// The state that a status cell names.
fn status(text: &str) -> Option<Lifecycle> {
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    if says(&[
        "retired",
        "shutdown",
        "shut down",
        "end of life",
        "eol",
        "removed",
        "discontinued",
        "sunset",
        "offline",
        "no longer",
    ]) {
        Some(Lifecycle::Retired)
    } else if says(&["deprecat", "retiring", "scheduled"]) {
        Some(Lifecycle::Deprecated)
    } else if says(&["legacy"]) {
        Some(Lifecycle::Legacy)
    } else if says(&["active", "available", "preview", "current", "supported"]) && !says(&["not "]) {
        Some(Lifecycle::Active)
    } else {
        None
    }
}
