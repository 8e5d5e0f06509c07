//! Stories: what people are told, and when, over the whole of forewarn on a fake clock.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // a test may fail, and runs a world of its own

mod acme;
mod answers;
mod cases;
mod channels;
mod clock;
mod deliveries;
mod deprecations;
mod digests;
mod ears;
mod faults;
mod harness;
mod heard;
mod http;
mod ladder;
mod life;
mod links;
mod lists;
mod mail;
mod model;
mod pages;
mod people;
mod proofs;
mod restore;
mod socket;
mod stream;
mod tickets;
mod truth;
mod usage;
mod workspaces;
mod year;
