//! What was known when this forewarn was built: endings and model ids, so that a fresh machine answers without network.
//!
//! In: `snapshot.tsv`, written by `tests/snapshot.rs` from captured pages and catalogs and reviewed. Out: matters as if they
//! had been read on that day, and ids. Invariant: every row names where and when it was read. Refuses to be news: nobody is
//! told of it, and a provider whose page was read since is no longer answered for.

use crate::model::{
    Claim, Deadline, Firmness, Kind, MatterState, Precision, ProviderId, Rank, SourceId, Stage, Subject,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::LazyLock;

/// The file in the binary; its head says how it is written.
pub const EMBEDDED: &str = include_str!("snapshot.tsv");
/// The name of the source of such claims.
pub const SOURCE: &str = "snapshot";

/// What was known.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The newest day on which something of it was read.
    pub taken_on: Option<Date>,
    /// What ends.
    pub endings: Vec<Arc<MatterState>>,
    /// Models that are known by name, those that end included.
    pub models: BTreeSet<Subject>,
}

/// Where and when a row was read.
#[derive(Debug, Clone)]
struct Place {
    on: Date,
    rank: Rank,
    url: String,
}

/// Nothing.
pub static NONE: LazyLock<Snapshot> = LazyLock::new(Snapshot::default);

/// The one in the binary, read when somebody first asks it something.
pub static BUILT_IN: LazyLock<Snapshot> = LazyLock::new(|| parse(EMBEDDED).0);

/// The beginning of the newest day on which something of the one in the binary was read, without reading the rest.
pub fn taken_at() -> Option<Timestamp> {
    let days = EMBEDDED.lines().filter(|l| l.starts_with('@')).filter_map(|l| l.split('\t').nth(1)?.parse().ok());
    midnight(days.max()?)
}

/// Reads a snapshot, and counts the lines that are none.
pub fn parse(text: &str) -> (Snapshot, usize) {
    let mut places: BTreeMap<&str, Place> = BTreeMap::new();
    let (mut out, mut bad) = (Snapshot::default(), 0);
    for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let read = match fields.as_slice() {
            [at, on, rank, url] if at.starts_with('@') => place(on, rank, url).map(|p| drop(places.insert(at, p))),
            [id] => Subject::parse(id).map(|s| {
                out.models.insert(s);
            }),
            _ => ending(&fields, &places).map(|m| {
                out.models.extend(m.subjects.iter().cloned());
                out.endings.push(Arc::new(m));
            }),
        };
        bad += usize::from(read.is_none());
    }
    out.taken_on = places.values().map(|p| p.on).max();
    (out, bad)
}

fn place(on: &str, rank: &str, url: &str) -> Option<Place> {
    Some(Place { on: on.parse().ok()?, rank: Rank::parse(rank)?, url: url.to_owned() })
}

/// `id, stage, date, precision, announced, redirect, replacements, @place`; empty where nothing is known.
fn ending(fields: &[&str], places: &BTreeMap<&str, Place>) -> Option<MatterState> {
    let [id, stage, date, precision, announced, redirect, replacements, at] = fields else { return None };
    let (subject, stage, place) = (Subject::parse(id)?, Stage::parse(stage)?, places.get(at)?);
    let said = |s: &&str| (!s.is_empty()).then(|| (*s).to_owned());
    let deadline = match said(date) {
        None => None,
        Some(date) => Some(deadline(&date, precision)?),
    };
    let announced_on = match said(announced) {
        None => None,
        Some(day) => Some(day.parse::<Date>().ok()?),
    };
    let read_at = midnight(place.on)?;
    let replacements: Vec<String> = replacements.split(',').filter(|r| !r.is_empty()).map(str::to_owned).collect();
    let claim = Claim {
        deadline: deadline.clone(),
        announced_on,
        replacements: replacements.clone(),
        text: "known when this forewarn was built".into(),
        url: Some(place.url.clone()),
        ended: stage == Stage::Retired,
        redirect: said(redirect),
        ..Claim::new(place.rank, read_at)
    };
    let platform: ProviderId = subject.platform.clone();
    let new = MatterState::new(subject.matter_id()?, Kind::Deprecation, platform.clone(), read_at);
    Some(MatterState {
        stage,
        title: format!("{} shuts down", subject.id),
        url: Some(place.url.clone()),
        subjects: vec![subject],
        deadline,
        announced_on,
        replacements,
        claims: BTreeMap::from([(SourceId::of(&platform, SOURCE).ok()?, Box::new(claim))]),
        baseline: true,
        ..new
    })
}

/// `day`, `month`, `quarter`, `half` or `year`; with `+` it is a floor.
fn deadline(date: &str, precision: &str) -> Option<Deadline> {
    let (word, firmness) =
        precision.strip_suffix('+').map_or((precision, Firmness::Firm), |p| (p, Firmness::NotBefore));
    let precision = match word {
        "day" => Precision::Day,
        "month" => Precision::Month,
        "quarter" => Precision::Quarter,
        "half" => Precision::Half,
        "year" => Precision::Year,
        _ => return None,
    };
    Some(Deadline { precision, firmness, ..Deadline::day(date.parse().ok()?, date) })
}

fn midnight(d: Date) -> Option<Timestamp> {
    Some(d.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_one_in_the_binary_is_read() {
        let (known, bad) = parse(EMBEDDED);
        assert_eq!(bad, 0);
        assert!(
            known.endings.len() > 300 && known.models.len() > 600,
            "{} {}",
            known.endings.len(),
            known.models.len()
        );
        for m in &known.endings {
            let (source, claim) = m.claims.first_key_value().unwrap();
            assert_eq!(source.name(), SOURCE);
            assert!(claim.url.as_ref().is_some_and(|u| u.starts_with("https://")), "{}", m.id);
            assert!(claim.read_at > "2025-01-01T00:00:00Z".parse().unwrap(), "{}", m.id);
        }
        let mut ids: Vec<&str> = known.endings.iter().map(|m| m.id.as_str()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "one row a subject");
    }

    #[test]
    fn a_row_says_how_exactly_its_date_is_known_and_a_bad_one_hides_no_other() {
        let text = "# head\n@a\t2026-08-21\tpage\thttps://a.example/\n\
            a:x\tannounced\t2027-02-01\tmonth+\t2026-08-01\t\ty,z\t@a\n\
            a:w\tretired\t\t\t\tv\t\t@a\n\
            a:bad\tannounced\tsoon\tday\t\t\t\t@a\n\
            a:unplaced\tannounced\t\t\t\t\t\t@b\n\
            a:only-a-name\n";
        let (known, bad) = parse(text);
        assert_eq!((known.endings.len(), known.models.len(), bad), (2, 3, 2));
        let x = &known.endings[0];
        assert_eq!(x.deadline.as_ref().unwrap().in_words(), "not before Feb 2027");
        assert_eq!(x.replacements, ["y", "z"]);
        assert_eq!(known.endings[1].claims.values().next().unwrap().redirect.as_deref(), Some("v"));
        assert_eq!(known.taken_on, Some("2026-08-21".parse().unwrap()));
    }
}
