//! L1: decisions, as pure functions that return a named reason.
//!
//! In: model values, the directory of owners, now. Out: events, recipients, what is due. Invariant: no I/O, no clock, no
//! randomness: the same input gives the same answer. Refuses to act: the engine does.

pub mod answer;
pub mod cadence;
pub mod digest;
pub mod directory;
pub mod find;
pub mod fold;
pub mod group;
pub mod hours;
pub mod index;
pub mod ladder;
pub mod listing;
pub mod matcher;
pub mod past;
pub mod policy;
pub mod private;
pub mod route;
pub mod same;
pub mod scope;
pub mod score;
pub mod sunset;
pub mod usage;
pub mod wave;

#[cfg(test)]
mod testing;
