//! L4: the two listeners and the control socket.
//!
//! In: connections. Out: answers. Invariant: the public side knows hooks and health only; everything else is private.
//! Refuses to decide: handlers translate between HTTP and the engine.

pub mod actions;
pub mod control;
pub mod hooks;
pub mod listener;
pub mod observe;
pub mod private;
