//! Where a signature and the time of sending stand in a request.
//!
//! In: headers, and for a time in the body the body once it is proven. Out: candidates, a verdict on the time. Invariant:
//! a header of the proof comes exactly once, and few signatures are looked at. Refuses fractions, signs and other units.

use super::message::once;
use super::{MOST_CANDIDATES, Refusal};
use crate::model::Payload;
use crate::provider::file::{Compound, SigEncoding, Signature, TimeUnit, TimestampCheck};
use crate::provider::shallow;
use jiff::Timestamp;

/// Where the signature stands.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Own(Signature),
    Compound(Compound),
}

impl Place {
    pub(super) fn header(&self) -> &str {
        match self {
            Place::Own(s) => &s.header,
            Place::Compound(c) => &c.header,
        }
    }

    pub(super) fn encoding(&self) -> SigEncoding {
        match self {
            Place::Own(s) => s.encoding,
            Place::Compound(c) => c.encoding,
        }
    }

    /// The timestamp of a compound header, and the texts that may be signatures.
    pub(super) fn find<'p, S>(&self, payload: &'p Payload<S>) -> Result<(Option<&'p str>, Vec<&'p str>), Refusal> {
        let (mut time, mut found) = (None, Vec::new());
        match self {
            Place::Own(s) => {
                let value = once(payload, &s.header)?;
                let each: Box<dyn Iterator<Item = &str>> = match &s.split {
                    Some(by) => Box::new(value.split(by.as_str())),
                    None => Box::new(std::iter::once(value)),
                };
                found.extend(
                    each.filter_map(|c| c.trim().strip_prefix(s.prefix.as_str()))
                        .filter(|c| !c.is_empty())
                        .take(MOST_CANDIDATES + 1),
                );
            }
            Place::Compound(c) => {
                for pair in once(payload, &c.header)?.split(c.pair.as_str()).take(4 * MOST_CANDIDATES) {
                    let Some((k, v)) = pair.trim().split_once(c.kv.as_str()) else { continue };
                    if k == c.timestamp {
                        if time.replace(v).is_some() {
                            return Err(Refusal::Doubled);
                        }
                    } else if k == c.signature && !v.is_empty() {
                        found.push(v);
                    }
                }
            }
        }
        match found.len() {
            0 => Err(Refusal::Unreadable),
            n if n > MOST_CANDIDATES => Err(Refusal::TooMany),
            _ => Ok((time, found)),
        }
    }
}

/// Whether the time of sending is inside its window. Only for what is proven: the time may stand in the body.
pub(super) fn in_time<S>(
    check: &TimestampCheck,
    payload: &Payload<S>,
    compound: Option<&str>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match (&check.header, &check.body) {
        (Some(h), _) => within(once(payload, h)?, check, now),
        (None, Some(pointer)) => {
            within(&shallow::scalar_at(payload.body(), pointer).ok_or(Refusal::Missing)?, check, now)
        }
        (None, None) => within(compound.ok_or(Refusal::Missing)?, check, now),
    }
}

fn within(text: &str, check: &TimestampCheck, now: Timestamp) -> Result<(), Refusal> {
    // Seconds are compared as seconds: the sender cut its fraction off, so we cut ours.
    let age = match check.unit {
        TimeUnit::Seconds => (now.as_second() - digits(text, 12)?) * 1_000,
        TimeUnit::Milliseconds => now.as_millisecond() - digits(text, 15)?,
        TimeUnit::Rfc3339 => {
            now.as_millisecond() - text.parse::<Timestamp>().map_err(|_| Refusal::Unreadable)?.as_millisecond()
        }
    };
    if age > check.past.seconds() * 1_000 {
        Err(Refusal::TooOld)
    } else if -age > check.future.seconds() * 1_000 {
        Err(Refusal::TooNew)
    } else {
        Ok(())
    }
}

/// Plain digits, not more than a time of this age has. Fractions and signs are refused.
fn digits(text: &str, most: usize) -> Result<i64, Refusal> {
    if text.is_empty() || text.len() > most || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Refusal::Unreadable);
    }
    text.parse().map_err(|_| Refusal::Unreadable)
}
