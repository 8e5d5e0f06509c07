//! A status page beside what we know: what it lists no more, and what must be read twice.
//!
//! In: open matters, what a good read says. Out: [`Compared`]. Invariant: a matter is only missed on the page that listed
//! it; a component is well again only where the page says so. Refuses
//! to close anything: folding does, on a second read.

use crate::model::{Change, Fact, Kind, MatterState, ModelList, Observation, SourceId, Stage};
use crate::rules::fold::MISSING_READS;
use jiff::Timestamp;

/// What a read means for what is known.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// Incidents open on the page.
    pub open: u32,
    /// Something counts only when it is read again.
    pub again: bool,
    /// What is to be folded besides what the page says: matters it lists no more.
    pub unsaid: Vec<Observation>,
    /// Of a list of models: what is known of it now.
    pub list: Option<ModelList>,
    /// Why it is taken and yet not quite believed.
    pub doubt: Option<String>,
}

/// What is compared.
pub(super) struct Read<'a> {
    /// The page.
    pub source: &'a SourceId,
    /// What it and its history say.
    pub seen: &'a [Observation],
    /// It lists no fewer components than before.
    pub whole: bool,
    /// The history that holds the ends was to be read and could not: what is missing may stand there.
    pub blind: bool,
    /// When.
    pub now: Timestamp,
}

/// Compares a page with the states of its matters: the open ones, and those that it says are open.
pub(super) fn compare(known: &[MatterState], r: &Read<'_>) -> Compared {
    let mut out = Compared::default();
    for seen in r.seen {
        let (Fact::Episode { change } | Fact::Planned { change, .. }) = seen.fact else { continue };
        let over = change == Change::Resolved;
        out.open += u32::from(!over && seen.kind == Kind::Incident);
        let Some(m) = known.iter().find(|m| Some(&m.id) == seen.matter.as_ref()) else { continue };
        let said = m.listing.as_ref();
        out.again |= match (m.stage == Stage::Resolved, over) {
            (false, true) => said.is_none_or(|l| l.end.is_none()),
            (true, false) => seen.occurred_at > m.latest_at && said.is_none_or(|l| l.back.is_none()),
            (false, false) | (true, true) => false,
        };
    }
    for (m, listing) in missing(known, r) {
        let component = m.id.as_str().contains(":component/");
        let named = r.seen.iter().any(|s| is_open(s) && s.subjects.iter().any(|x| m.subjects.contains(x)));
        // A reader says of a working component that it works. One it says nothing about is named by an incident, in
        // maintenance, or in a state we do not know: that is no end.
        if if component { named || !r.whole } else { r.blind } {
            continue;
        }
        out.again |= listing.missing + 1 < MISSING_READS;
        out.unsaid.push(Observation {
            provider: m.provider.clone(),
            source: r.source.clone(),
            connection: None,
            kind: m.kind,
            matter: Some(m.id.clone()),
            native_type: None,
            native_id: None,
            severity: m.severity,
            title: m.title.clone(),
            summary: String::new(),
            url: m.url.clone(),
            subjects: m.subjects.clone(),
            money: None,
            fact: Fact::Absent,
            occurred_at: r.now,
        });
    }
    out
}

/// Open matters that this page listed last and lists no more.
pub(super) fn missing<'a>(
    known: &'a [MatterState],
    r: &Read<'a>,
) -> impl Iterator<Item = (&'a MatterState, &'a crate::model::Listing)> {
    known.iter().filter_map(|m| {
        let listing = m.listing.as_ref().filter(|l| l.source == *r.source && !m.is_over())?;
        let listed = r.seen.iter().any(|s| s.matter.as_ref() == Some(&m.id));
        (!listed && listing.missing < MISSING_READS).then_some((m, listing))
    })
}

fn is_open(seen: &Observation) -> bool {
    seen.kind == Kind::Incident && matches!(seen.fact, Fact::Episode { change } if change != Change::Resolved)
}
