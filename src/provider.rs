//! L1: providers as data. A provider file says where a provider speaks, how a sender proves itself and how what it says
//! is read; the code here is the grammar those files are written in.
//!
//! In: TOML, bytes. Out: checked files, verdicts, observations. Invariant: pure, no I/O and no clock. Refuses to know
//! owners, stores and channels.

pub mod catalog;
pub mod file;
pub mod handshake;
pub mod kind;
pub mod pick;
pub mod read;
pub mod redact;
pub mod robots;
pub mod shallow;
pub mod sign;
pub mod snapshot;
pub mod verify;
