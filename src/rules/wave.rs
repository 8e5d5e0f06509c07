//! Waves: when a changelog says too much at once to be told entry by entry.
//!
//! In: how many entries a read holds, which of them are new, when an entry is dated. Out: why an entry is stored and
//! not told; the one matter that is told instead. Invariant: a first read is where we begin; a site that renames all its
//! entries makes one message, not fifty; what is older than a month is no news, whenever it surfaces. Refuses to drop
//! anything: every entry is stored.

use super::route::Silence;
use crate::model::text::one_line;
use crate::model::{Change, Fact, MatterId, Observation, PayloadId, Severity};
use jiff::{SignedDuration, Timestamp};

/// More new entries than this in one read are a wave.
const MOST_NEW: usize = 10;
/// More new entries than this part of a read are a wave, if they are more than a few.
const MOST_SHARE: f64 = 0.3;
/// So many new entries are never a wave, however short the list.
const FEW: usize = 3;
/// An entry dated longer ago is no news.
const OLD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a read with so many entries, of which so many are new, is a wave.
#[expect(clippy::cast_precision_loss, reason = "counts of entries are small")]
pub fn is_wave(entries: usize, new: usize) -> bool {
    new > MOST_NEW || (new > FEW && new as f64 > entries as f64 * MOST_SHARE)
}

/// Why a new entry is not told, if it is not.
pub fn silence(baseline: bool, wave: bool, dated: Timestamp, heard: Timestamp) -> Option<Silence> {
    if baseline {
        Some(Silence::Baseline)
    } else if heard.duration_since(dated) > OLD {
        Some(Silence::OldEntry)
    } else {
        wave.then_some(Silence::Wave)
    }
}

/// Most new entries that are named in the message.
const MOST_NAMED: usize = 5;

/// A wave as one matter: how many entries, which are new, the weighty ones first.
pub fn digest(entries: usize, new: &[&Observation], payload: PayloadId, heard: Timestamp) -> Option<Observation> {
    let mut said = (*new.first()?).clone();
    let mut named = new.to_vec();
    // Stable: of one weight the newest stay first, as the feed gives them.
    named.sort_by_key(|o| std::cmp::Reverse(o.severity));
    let hints = new.iter().filter(|o| o.severity > Severity::Info).count();
    let mut words = String::from("Too many to be news one by one: imported, renamed or moved. Each is stored.");
    if hints > 0 {
        words.push_str(&format!(" {hints} speak of an end, a break or a price."));
    }
    let titles: Vec<String> = named.iter().take(MOST_NAMED).map(|o| one_line(&o.title, 80)).collect();
    words.push_str(&format!(" {}", titles.join("; ")));
    if new.len() > MOST_NAMED {
        words.push_str(&format!("; and {} more", new.len() - MOST_NAMED));
    }
    said.severity = named.first().map_or(Severity::Info, |o| o.severity);
    said.title = format!("{}: {} entries at once, of {entries} listed", said.source, new.len());
    said.summary = words;
    said.matter = MatterId::new(format!("{}:change/{}/{payload}", said.provider, said.source.name())).ok();
    said.native_id = Some(format!("wave:{payload}"));
    (said.native_type, said.url) = (None, None);
    (said.fact, said.occurred_at) = (Fact::Episode { change: Change::Opened }, heard);
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_or_a_third_of_a_list_at_once_are_a_wave() {
        for (entries, new, wave) in [
            (500, 11, true),
            (500, 10, false),
            (12, 4, true),
            (14, 4, false),
            (3, 3, false),
            (0, 0, false),
            (50, 50, true),
        ] {
            assert_eq!(is_wave(entries, new), wave, "{new} of {entries}");
        }
    }

    #[test]
    fn a_first_read_an_old_entry_and_a_wave_are_each_silent_for_their_reason() {
        let heard: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let ago = |days: i64| heard.checked_sub(SignedDuration::from_hours(24 * days)).unwrap();
        assert_eq!(silence(true, true, ago(1), heard), Some(Silence::Baseline));
        assert_eq!(silence(false, true, ago(31), heard), Some(Silence::OldEntry));
        assert_eq!(silence(false, true, ago(1), heard), Some(Silence::Wave));
        assert_eq!(silence(false, false, ago(29), heard), None);
    }
}
