//! What the columns of a table mean.
//!
//! In: the headers of a table and the words a source sets for them. Out: [`Roles`], or nothing for a table that is about
//! something else. Invariant: columns are found by what their headers say, never by place; a header about prices, releases
//! or notes means nothing to us. Refuses a table without a column for what ends.

use crate::provider::file::Columns;
use crate::provider::read::date;
use crate::provider::read::page::Grid;

/// A column with the dates on which things end.
#[derive(Debug, Clone, PartialEq)]
pub struct Shutdown {
    /// Which column.
    pub column: usize,
    /// Its header says that its dates are the earliest.
    pub is_floor: bool,
    /// The type of deployment that its header names.
    pub deployment: Option<String>,
    /// The zone that its header gives.
    pub zone: Option<String>,
}

/// Which column means what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roles {
    /// What ends: a column of ids first, then one of names.
    pub subject: Vec<usize>,
    /// The header of the first of them speaks of ids.
    pub subject_is_id: bool,
    /// It speaks of models, so that a lone small word is the id of one.
    pub subject_is_model: bool,
    /// A version that belongs to the name.
    pub version: Option<usize>,
    /// When it ends.
    pub shutdown: Vec<Shutdown>,
    /// When that was announced: a notice, a mark as legacy.
    pub announced: Vec<usize>,
    /// What to use instead: a column of ids first, then one of names.
    pub replacement: Vec<usize>,
    /// Columns of these that say what answers the calls.
    pub redirects: Vec<usize>,
    /// From when on it may cost more, with the header.
    pub extended: Option<(usize, String)>,
    /// Where it stands in its life.
    pub status: Option<usize>,
    /// The regions a row is about.
    pub regions: Option<usize>,
    /// The type of deployment a row is about.
    pub deployment: Option<usize>,
    /// Remarks, for what to use instead where no column says that.
    pub notes: Option<usize>,
    /// What is about something else: prices, releases, limits.
    pub others: Vec<usize>,
    /// Columns whose headers say that dates stand in them, of whatever.
    pub dated: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Id,
    Name,
    Version,
    Shutdown,
    Announced,
    ReplacementId,
    Replacement,
    Status,
    Regions,
    Deployment,
    Other,
}

const ENDS: &[&str] = &[
    "shutdown",
    "shut down",
    "shut-down",
    "retire",
    "eol",
    "end of life",
    "end-of-life",
    "sunset",
    "discontinu",
    "decommission",
    "removal",
    "removed",
    "terminat",
    "deactivat",
    "expir",
    "turn off",
    "turned off",
    "end of support",
    "end of service",
    "end of availability",
    "turn-off",
    "turndown",
    "turn down",
    "turn-down",
    "shutoff",
    "shut off",
    "shuts down",
    "available until",
    "supported until",
    "service end",
    "support end",
    "access end",
    "withdrawal",
    "goes away",
    "going away",
    "offline",
    "unavailable",
    "last day",
    "final date",
    "final day",
    "end date",
];
/// Of those, words that offers, keys and events end with too: they count for models and the like alone.
const WEAK: &[&str] = &["expir", "terminat", "removed", "offline", "unavailable", "last day", "final da", "end date"];
/// Nouns of an end: `API shutdown` is its date, `Retired API` is not.
const END_NOUNS: &[&str] = &[
    "shutdown",
    "retirement",
    "sunset",
    "removal",
    "eol",
    "discontinuation",
    "decommissioning",
    "termination",
    "expiration",
    "deactivation",
    "turndown",
];
/// Things whose weak ends count.
const STRONG: &[&str] = &["model", "snapshot", "engine", "endpoint", "version", "deployment", "slug", "alias"];
/// Headers of tables that are about something else, whatever ends in them.
const NOT_ABOUT: &[&str] = &[
    "promo",
    "offer",
    "discount",
    "coupon",
    "trial",
    "certificate",
    "start date",
    "webinar",
    "event",
    "valid until",
    "free until",
    "position",
    "question",
    "invoice",
    "key name",
    "token name",
    "window start",
];
const INSTEAD: &[&str] = &[
    "replacement",
    "substitute",
    "alternative",
    "successor",
    "recommended",
    "suggested",
    "use instead",
    "migrate to",
    "migration",
    "redirect",
    "upgrade to",
    "switch to",
    "new model",
    "instead",
    "move to",
    "moves to",
    "upgrade path",
    "replaced by",
    "replaced with",
    "superseded",
    "newer",
    "next model",
    "next version",
    "fallback",
];
const THINGS: &[&str] = &[
    "model",
    "system",
    "snapshot",
    "product",
    "feature",
    "endpoint",
    "version",
    "service",
    "parameter",
    "tool",
    "name",
    "slug",
];
const NOTHING: &[&str] = &[
    "price",
    "pricing",
    "cost",
    "impact",
    "note",
    "description",
    "context",
    "modalit",
    "token",
    "benchmark",
    "rate limit",
    "category",
    "provider",
    "publisher",
    "vendor",
    "capabilit",
    "extended access",
    "limit",
    "cache",
    "training",
    "cutoff",
];

/// Words of the other end of a life.
const RELEASED: &[&str] = &["release", "launch", "creat", "introduc", "available since", "last updated"];

fn says(header: &str, words: &[&str]) -> bool {
    words.iter().any(|w| header.contains(w))
}

fn meaning(header: &str) -> Meaning {
    let words: Vec<&str> = header.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let has = |w: &str| words.contains(&w);
    let is_date = has("date") || has("dates") || has("time") || has("when") || has("on") || has("day");
    if says(header, NOTHING) {
        return Meaning::Other;
    }
    if says(header, INSTEAD) {
        return match (is_date && !has("on")) || has("deadline") {
            true => Meaning::Other,
            false if has("id") || has("ids") => Meaning::ReplacementId,
            false => Meaning::Replacement,
        };
    }
    let is_thing = says(header, THINGS) || has("api") || has("id");
    if says(header, &["announce", "notice", "notif"]) {
        return if is_date || !is_thing { Meaning::Announced } else { Meaning::Other };
    }
    if says(header, RELEASED) || has("ga") {
        return Meaning::Other;
    }
    let bare = header.trim_end_matches([')', '*', ':', '.', ' ', '?']);
    let is_noun = END_NOUNS.iter().any(|n| bare.ends_with(n))
        || ["end of service", "service end", "last day of service"].iter().any(|n| header.contains(n));
    let ends = says(header, ENDS) || has("eos") || has("ends");
    if ends && (is_date || !is_thing || is_noun) {
        return Meaning::Shutdown;
    }
    if !is_date && (says(header, &["status", "stage", "lifecycle", "phase"]) || has("state")) {
        return Meaning::Status;
    }
    if says(header, &["deprecat", "legacy"]) && (is_date || !is_thing) {
        return Meaning::Announced;
    }
    if says(header, &["region", "location"]) {
        return Meaning::Regions;
    }
    if says(header, &["deployment", "offering", "sku"]) && !is_thing {
        return Meaning::Deployment;
    }
    let plain = words.join(" ");
    match plain.as_str() {
        "api" | "id" | "ids" | "slug" | "identifier" | "api id" | "api name" | "model slug" | "api endpoint"
        | "api endpoints" | "endpoint name" => Meaning::Id,
        "what" | "item" | "engine" | "engines" | "resource" | "resources" | "alias" => Meaning::Name,
        "version" | "versions" | "model version" | "model version 1" => Meaning::Version,
        _ if is_date => Meaning::Other,
        _ if has("id")
            || has("ids")
            || has("identifier")
            || says(header, &["api model", "model code", "model string"]) =>
        {
            Meaning::Id
        }
        _ if is_thing => Meaning::Name,
        _ => Meaning::Other,
    }
}

/// Whether a label before a date says that it is that of an end.
pub fn is_end_label(label: &str) -> bool {
    meaning(label) == Meaning::Shutdown
}

impl Roles {
    /// What the headers of a table mean; `None` when no column says what ends, or the table is about something else.
    pub fn of(table: &Grid, set: &Columns) -> Option<Roles> {
        let meanings: Vec<Meaning> = table.header.iter().map(|h| meaning(h)).collect();
        let all = |wanted: &[Meaning]| -> Vec<usize> {
            wanted
                .iter()
                .flat_map(|w| meanings.iter().enumerate().filter(move |(_, m)| *m == w).map(|(i, _)| i))
                .collect()
        };
        // A source's own words come first: the first word that any header has.
        let set_to =
            |words: &[String]| words.iter().find_map(|w| table.header.iter().position(|h| h.contains(w.as_str())));
        let only = |column: Option<usize>, meant: Vec<usize>| column.map_or(meant, |c| vec![c]);
        let replacement = only(set_to(&set.replacement), all(&[Meaning::ReplacementId, Meaning::Replacement]));
        let mut subject = only(set_to(&set.subject), all(&[Meaning::Id, Meaning::Name, Meaning::Version]));
        subject.retain(|c| !replacement.contains(c));
        if subject.is_empty() {
            // "Release | End-of-life": without another name that is one, and no day.
            subject.extend(table.header.iter().position(|h| matches!(h.as_str(), "release" | "releases")));
        }
        let mut shutdown = only(set_to(&set.shutdown), all(&[Meaning::Shutdown]));
        if shutdown.is_empty() && subject.first().is_some_and(|c| says(&table.header[*c], ENDS)) {
            // "Date | Models being shut down": the other header says what the date is.
            let plain =
                |h: &String| matches!(h.as_str(), "date" | "dates" | "effective date" | "effective" | "when" | "day");
            shutdown.extend(table.header.iter().position(plain));
        }
        if set.shutdown.is_empty() && is_about_other_things(table, &subject, &shutdown) {
            return None;
        }
        subject.retain(|c| !shutdown.contains(c));
        let first = *subject.first()?;
        let subject_is_id = meanings[first] == Meaning::Id;
        let version = match meanings[first] {
            // The version is the name, where there is no other.
            Meaning::Name => all(&[Meaning::Version]).into_iter().next().filter(|v| *v != first),
            _ => None,
        };
        subject.retain(|c| Some(*c) != version && (*c == first || meanings[*c] != Meaning::Version));
        let mut announced = only(set_to(&set.announced), all(&[Meaning::Announced]));
        announced.retain(|a| !shutdown.contains(a));
        let place = |text: &str| table.header.iter().position(|h| h.contains(text));
        let redirects = replacement.iter().copied().filter(|c| table.header[*c].contains("redirect")).collect();
        let mut held: Vec<usize> =
            [&subject, &replacement, &announced, &shutdown].into_iter().flatten().copied().collect();
        held.extend(version);
        let roles = Roles {
            redirects,
            extended: place("extended access").map(|c| (c, table.header[c].clone())),
            subject_is_id,
            subject_is_model: says(&table.header[first], &["model", "snapshot"]),
            notes: table.header.iter().position(|h| says(h, &["note", "remark", "comment", "action", "detail"])),
            others: (0..table.header.len()).filter(|c| is_other(&table.header[*c])).collect(),
            dated: (0..table.header.len()).filter(|c| says_dates(&table.header[*c])).collect(),
            version,
            announced,
            shutdown: ends(table, &shutdown),
            status: all(&[Meaning::Status]).into_iter().next(),
            regions: all(&[Meaning::Regions]).into_iter().next().or_else(|| of_regions(table, &held)),
            deployment: all(&[Meaning::Deployment]).into_iter().next(),
            subject,
            replacement,
        };
        Some(roles)
    }
}

/// Whether a header says that its column is about something else.
fn is_other(header: &str) -> bool {
    says(header, NOTHING) || says(header, RELEASED)
}

/// A column that says by its cells what its header does not: that it is one of regions.
fn of_regions(table: &Grid, held: &[usize]) -> Option<usize> {
    (0..table.header.len()).filter(|c| !held.contains(c)).find(|c| {
        let mut cells = table.rows.iter().filter(|r| r.group().is_none()).filter_map(|r| r.cells.get(*c)).peekable();
        cells.peek().is_some() && cells.all(|cell| !date::regions(&cell.plain()).is_empty())
    })
}

/// Whether a header says that dates stand below it: `Release date`, `Legacy date (UTC)`.
fn says_dates(header: &str) -> bool {
    header.split(|c: char| !c.is_alphanumeric()).any(|w| matches!(w, "date" | "dates"))
}

/// Offers, keys, events: what ends there is none of ours.
fn is_about_other_things(table: &Grid, subject: &[usize], shutdown: &[usize]) -> bool {
    let header = |c: &usize| table.header[*c].as_str();
    let strong = subject.iter().any(|c| says(header(c), STRONG) || meaning(header(c)) == Meaning::Id);
    // "Retires", "Shutdown date" say by themselves that it is no offer.
    let weak = |c: &usize| {
        let h = header(c);
        !ENDS.iter().any(|w| h.contains(w) && !WEAK.contains(w))
    };
    let all_weak = shutdown.iter().all(weak) && !shutdown.is_empty();
    let foreign = table.header.iter().any(|h| says(h, NOT_ABOUT));
    all_weak && (foreign || !strong) || shutdown.iter().any(|c| says(header(c), &["promo", "trial", "offer", "free"]))
}

/// Several columns of dates are for a type of deployment each; where they are not, the plainest word counts.
fn ends(table: &Grid, columns: &[usize]) -> Vec<Shutdown> {
    // A table of when training stops is about tuned models, not about the base ones.
    let tuned = table.header.iter().any(|h| h.contains("training") && says(h, ENDS));
    let of = |column: &usize| {
        let header = &table.header[*column];
        let deployments = date::deployments(header);
        Shutdown {
            column: *column,
            is_floor: says(header, &["earliest", "not before", "no sooner", "not sooner", "no earlier", "minimum"]),
            deployment: deployments.into_iter().next().or_else(|| tuned.then(|| "fine-tuning".to_owned())),
            zone: date::zone_of(header),
        }
    };
    let found: Vec<Shutdown> = columns.iter().map(of).collect();
    let mut names: Vec<&Option<String>> = found.iter().map(|s| &s.deployment).collect();
    names.dedup();
    if found.len() > 1 && names.len() == found.len() && found.iter().all(|s| s.deployment.is_some()) {
        return found;
    }
    let plainest = |s: &&Shutdown| ENDS.iter().position(|w| table.header[s.column].contains(w)).unwrap_or(ENDS.len());
    found.iter().min_by_key(plainest).cloned().into_iter().collect()
}
