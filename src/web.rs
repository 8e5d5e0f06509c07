//! L4: the two listeners and the control socket.
//!
//! In: connections. Out: answers. Invariant: the public side knows hooks, secret calendars, links of messages, Slack's buttons
//! and health only; everything else is private.
//! Refuses to decide: handlers translate between HTTP and the engine.

pub mod access;
pub mod ack;
pub mod actions;
mod answer;
pub mod api;
mod bodies;
pub mod calendar;
pub mod control;
pub mod hooks;
pub mod listener;
pub mod metrics;
pub mod observe;
pub mod pages;
pub mod private;
pub mod slack;
mod usage;
