//! The words around a date: floors, and the regions and deployment types it holds for.
//!
//! In: the tokens before or after a date. Out: [`Said`], or nothing if a single word is not understood. Invariant: every
//! token is accounted for. Refuses words that change a date without our knowing how (`by`, `after`, `around`, `?`).

use super::lex::{Number, Sign, Tokens, Word, after};

/// What the words around a date say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The date is the earliest.
    pub floor: bool,
    /// "Early", "mid", "end of": a part of a month or quarter.
    pub part_of: bool,
    /// It holds for these regions only.
    pub regions: Vec<String>,
    /// It holds for these types of deployment only.
    pub deployments: Vec<String>,
}

impl Said {
    /// Both together.
    pub fn and(mut self, other: Said) -> Said {
        self.floor |= other.floor;
        self.part_of |= other.part_of;
        self.regions.extend(other.regions);
        self.deployments.extend(other.deployments);
        self
    }
    /// Whether it limits the date to a part of the platform.
    pub fn is_scoped(&self) -> bool {
        !(self.regions.is_empty() && self.deployments.is_empty())
    }
}

/// Words that make a date a floor. Longer ones first.
pub const FLOORS: &[&str] = &[
    "not be retired before",
    "not be shut down before",
    "not be removed before",
    "not retire before",
    "not retired before",
    "not sooner than",
    "no sooner than",
    "not earlier than",
    "no earlier than",
    "at least until",
    "until at least",
    "at the earliest",
    "at earliest",
    "as early as",
    "on or after",
    "or later",
    "or after",
    "and later",
    "not before",
    "not until",
    "earliest possible",
    "earliest",
    "tentatively",
    "tentative",
    "onwards",
];

const FILLERS: &[&str] = &[
    "on",
    "effective",
    "starting",
    "starts",
    "from",
    "beginning",
    "as",
    "of",
    "retired",
    "retires",
    "retire",
    "retiring",
    "retirement",
    "shutdown",
    "shut",
    "shuts",
    "down",
    "removed",
    "removal",
    "sunset",
    "sunsets",
    "sunsetting",
    "scheduled",
    "for",
    "planned",
    "will",
    "be",
    "is",
    "was",
    "are",
    "were",
    "the",
    "date",
    "eol",
    "eos",
    "life",
    "discontinued",
    "discontinuation",
    "turned",
    "off",
    "until",
    "available",
    "decommissioned",
    "ends",
    "ended",
    "end",
    "this",
    "model",
    "currently",
    "set",
    "moved",
    "to",
    "in",
    "only",
    "region",
    "regions",
    "deployment",
    "deployments",
    "type",
    "types",
    "tier",
    "and",
    "or",
    "all",
    "including",
    "offering",
    "offerings",
];
/// `the end of June 2026`: a part of a month, whose first day is early enough.
const PARTS: &[&str] = &["end of", "beginning of", "start of", "middle of", "early", "late", "mid"];
const EVERYWHERE: &[&str] =
    &["all regions", "all aws regions", "in all regions", "all deployment types", "all deployments"];
const OTHERS: &[&str] = &[
    "all other deployment types",
    "all other deployments",
    "other deployment types",
    "other deployments",
    "all others",
    "others",
    "all other",
    "remaining",
];
const DEPLOYMENTS: &[&str] = &[
    "global provisioned managed",
    "data zone provisioned managed",
    "global standard",
    "data zone standard",
    "datazone standard",
    "global provisioned",
    "data zone provisioned",
    "global batch",
    "data zone batch",
    "provisioned managed",
    "provisioned throughput",
    "provisioned",
    "standard",
    "batch",
    "serverless",
    "on demand",
    "pay as you go",
    "dedicated",
    "ptu",
    "priority",
    "fine tuned",
    "fine tuning",
];
const DIRECTIONS: &[&str] =
    &["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];
const AREAS: &[&str] = &["us", "europe", "asia", "northamerica", "southamerica", "australia", "me", "africa"];
const AZURE: &[&str] = &[
    "eastus",
    "westus",
    "centralus",
    "northcentralus",
    "southcentralus",
    "westcentralus",
    "canadaeast",
    "canadacentral",
    "brazilsouth",
    "northeurope",
    "westeurope",
    "uksouth",
    "ukwest",
    "francecentral",
    "germanywestcentral",
    "norwayeast",
    "swedencentral",
    "switzerlandnorth",
    "polandcentral",
    "italynorth",
    "spaincentral",
    "uaenorth",
    "southafricanorth",
    "australiaeast",
    "japaneast",
    "japanwest",
    "koreacentral",
    "eastasia",
    "southeastasia",
    "southindia",
    "centralindia",
];

/// What all these words say; `None` when one of them is not understood.
pub fn explain(tokens: Tokens<'_, '_>) -> Option<Said> {
    let mut said = Said::default();
    let mut rest = tokens;
    'next: while let Some(first) = rest.first() {
        if let Some((region, after)) = region(rest) {
            said.regions.push(region);
            rest = after;
            continue;
        }
        let starts = |words: &[&'static str]| words.iter().find_map(|w| Some((*w, after(rest, w)?)));
        if let Some((_, after)) = starts(FLOORS) {
            (said.floor, rest) = (true, after);
            continue 'next;
        }
        if let Some((_, after)) = after_life(rest).map(|r| ("", r)).or_else(|| starts(EVERYWHERE)) {
            rest = after;
            continue 'next;
        }
        if let Some((_, after)) = starts(PARTS) {
            (said.part_of, rest) = (true, after);
            continue 'next;
        }
        if let Some((_, after)) = starts(OTHERS) {
            said.deployments.push("other".to_owned());
            rest = after;
            continue 'next;
        }
        if let Some((name, after)) = starts(DEPLOYMENTS) {
            said.deployments.push(name.replace(' ', "-"));
            rest = after;
            continue 'next;
        }
        match first {
            Word(word) if FILLERS.contains(word) => rest = &rest[1..],
            Sign('+') => (said.floor, rest) = (true, &rest[1..]),
            Sign('$' | '%' | '<' | '>' | '~' | '?' | '=' | '≈' | '\u{20ac}') => return None,
            Sign('[') => match rest {
                // A footnote: `[1]`.
                [_, Number(_), Sign(']'), after @ ..] => rest = after,
                _ => rest = &rest[1..],
            },
            Sign(_) => rest = &rest[1..],
            Word(_) | Number(_) => return None,
        }
    }
    Some(said)
}

/// `end of life` is no part of a month.
fn after_life<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<Tokens<'t, 'a>> {
    after(tokens, "end of life").or_else(|| after(tokens, "end of support"))
}

/// The scopes that words name, passing over the words that name none: for clauses in prose.
pub fn scopes(tokens: Tokens<'_, '_>) -> Said {
    let mut said = Said::default();
    let mut rest = tokens;
    while !rest.is_empty() {
        let starts = |words: &[&'static str]| words.iter().find_map(|w| Some((*w, after(rest, w)?)));
        if let Some((region, after)) = region(rest) {
            said.regions.push(region);
            rest = after;
        } else if let Some((_, after)) = starts(OTHERS) {
            said.deployments.push("other".to_owned());
            rest = after;
        } else if let Some((name, after)) = starts(DEPLOYMENTS) {
            said.deployments.push(name.replace(' ', "-"));
            rest = after;
        } else {
            rest = &rest[1..];
        }
    }
    said
}

/// A region's id: `us-east-1`, `us-gov-west-1`, `europe-west4`, `swedencentral`, `eastus2`.
pub fn region<'t, 'a>(tokens: Tokens<'t, 'a>) -> Option<(String, Tokens<'t, 'a>)> {
    let known = |name: &str, list: &[&str]| list.contains(&name);
    match tokens {
        [
            Word(land),
            Sign('-'),
            Word(g @ ("gov" | "iso" | "isob")),
            Sign('-'),
            Word(way),
            Sign('-'),
            Number(n),
            rest @ ..,
        ] if land.len() == 2 && known(way, DIRECTIONS) => Some((format!("{land}-{g}-{way}-{n}"), rest)),
        [Word(land), Sign('-'), Word(way), Sign('-'), Number(n), rest @ ..]
            if land.len() == 2 && known(way, DIRECTIONS) =>
        {
            Some((format!("{land}-{way}-{n}"), rest))
        }
        [Word(area), Sign('-'), Word(way), Number(n), rest @ ..] if known(area, AREAS) && known(way, DIRECTIONS) => {
            Some((format!("{area}-{way}{n}"), rest))
        }
        [Word(name), rest @ ..] if known(name, AZURE) => match rest {
            [Number(n), after @ ..] if n.len() == 1 => Some((format!("{name}{n}"), after)),
            _ => Some(((*name).to_owned(), rest)),
        },
        _ => None,
    }
}

/// The regions that a cell lists, if it lists nothing else.
pub fn region_list(tokens: Tokens<'_, '_>) -> Option<Vec<String>> {
    let said = explain(tokens)?;
    (!said.regions.is_empty() && said.deployments.is_empty() && !said.floor).then_some(said.regions)
}
