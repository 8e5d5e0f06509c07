//! forewarn hears what a team's providers announce and makes sure that the person who owns the affected thing knows in
//! time. The layers, from the bottom: [`model`]; [`provider`] and [`rules`]; [`store`], [`notify`] and [`fetch`]; [`engine`];
//! [`web`] and [`tasks`]; [`config`] and [`app`]; [`cli`]. `tests/tidy.rs` holds who may import whom.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod engine;
pub mod fetch;
pub mod model;
pub mod notify;
pub mod provider;
pub mod reach;
pub mod rules;
pub mod secret;
pub mod shape;
pub mod store;
pub mod tasks;
pub mod web;
