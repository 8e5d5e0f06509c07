//! Waves: when a changelog says too much at once to be told entry by entry.
//!
//! In: how many entries a read holds, how many of them are new, when an entry is dated. Out: why an entry is stored and
//! not told. Invariant: a first read is where we begin; a site that renames all its entries makes one event, not fifty;
//! what is older than a month is no news, whenever it surfaces. Refuses to drop anything: every entry is stored.

use super::route::Silence;
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
