//! `/`: now and next, the screen that must be perfect.
//!
//! In: [`engine::front`](crate::engine::front). Out: the page with its picture. Invariant: "nothing known" is said where a
//! source cannot be read, never "all clear". Refuses to choose: what stands there is the query's.

use super::bunch::{Bunch, bunches};
use super::timeline::{Timeline, timeline};
use super::view::Page;
use super::{Paged, Shared};
use crate::engine::front::{self, Front};
use axum::extract::State;
use serde::Serialize;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    front: Front,
    /// What ends, one line for what ends alike.
    lines: Vec<Bunch>,
    timeline: Timeline,
    /// How many of it end within 30 days.
    soon: usize,
    unheard: bool,
}

pub(super) async fn front(State(site): Shared) -> Paged {
    let a = &site.actions;
    let front = front::front(&a.cx, &a.targets, site.today()).await?;
    let lines = bunches(&front.ending);
    let timeline = timeline(&lines, &front.others, front.today);
    let soon = front.ending.iter().filter(|e| e.left <= 30).count();
    let unheard = front::is_unheard(&front);
    Ok(Page::new("front", "Now and next", &Shown { front, lines, timeline, soon, unheard }))
}
