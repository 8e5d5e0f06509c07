//! Rehearsing: known history through this config, on a clock moved by hand; who would have been told, and when.
//!
//! In: the store (read), an empty store beside it, a window. Out: [`Rehearsal`]. Invariant: routing, ladder and grouping
//! are the very ones of the daemon, on the scratch store; the real one is only read, and nothing is ever sent. Refuses to
//! play what people answered: a rehearsal asks what would be said if nobody did.

use super::clockwatch::ClockBase;
use super::private::PrivateDeadlines;
use super::remind::Reminder;
use super::{Context, Nudges};
use crate::clock::Clock;
use crate::model::matter::CONFIGURED;
use crate::model::{Event, Kind, MatterId, MatterState, NewEvent, NotificationId, Reason, StepKey, Trust};
use crate::rules::past::replay;
use crate::rules::route::{Routed, Silence, route};
use crate::store::{
    AlertFilter, EventFilter, NotificationFilter, NotificationRow, Recording, RoutedEvent, Routing, Store, StoreError,
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Events read from the store at once.
const PAGE: usize = 2_000;

/// What would have happened.
#[derive(Debug, Clone, Serialize)]
pub struct Rehearsal {
    /// The beginning of the window.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Events heard in it.
    pub events: usize,
    /// Messages that would have been sent in it, oldest first.
    pub messages: Vec<Sent>,
    /// Events in it of which nobody would have been told, by reason.
    pub silent: BTreeMap<String, usize>,
    /// Owners with something to be told and no way to be told it.
    pub unreachable: Vec<String>,
}

/// A message that would have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub contact: String,
    /// On which channel.
    pub channel: String,
    /// Of what.
    pub about: Vec<Said>,
}

/// One thing that a message would have said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The matter.
    pub matter: MatterId,
    /// What it is.
    pub kind: Kind,
    /// Its title then.
    pub title: String,
    /// The date then, in words.
    pub ends: Option<String>,
    /// In whose hands.
    pub owner: String,
    /// Why that owner.
    pub why: String,
    /// Why now.
    pub reason: Reason,
    /// Which step.
    pub step: StepKey,
}

/// How far it is: events played, of how many.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// The clock of a rehearsal.
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Plays all known history up to `to`; what falls before `from` is played too and not told of. `scratch` is empty, and
/// thrown away afterwards.
///
/// # Errors
/// The store's.
pub async fn rehearse(
    cx: &Context,
    scratch: Arc<dyn Store>,
    (from, to): (Timestamp, Timestamp),
    progress: Progress<'_>,
) -> Result<Rehearsal, StoreError> {
    let history = history(cx, to).await?;
    let known = known(cx, &history).await?;
    let begin = history.first().map_or(from, |(e, _)| e.event.received_at).min(from);
    let clock = Arc::new(Hand(Mutex::new(begin)));
    let (believed, nudges) = (ClockBase::of(&*clock), Arc::new(Nudges::default()));
    let stage = Context { store: scratch, clock: clock.clone(), believed, nudges, ..cx.clone() };
    let mut play = Play {
        reminder: Reminder { cx: stage.clone() },
        stage,
        clock,
        last: NotificationId(0),
        out: Rehearsal { from, to, events: 0, messages: Vec::new(), silent: BTreeMap::new(), unreachable: Vec::new() },
    };
    PrivateDeadlines { cx: play.stage.clone() }.tick(begin).await?;
    let (mut done, mut at) = (0, begin);
    while done < history.len() {
        // What came in one moment was folded together.
        let moment = history.get(done).map_or(at, |(e, _)| e.event.received_at);
        let next = history.iter().skip(done).take_while(|(e, _)| e.event.received_at == moment).count();
        let (upto, batch) = (done + next, history.get(done..done + next).unwrap_or_default());
        at = at.max(moment);
        play.until(at).await?;
        play.hear(batch, &known, at).await?;
        play.remind(at).await?;
        done = upto;
        progress(done, history.len());
    }
    play.until(to).await?;
    let alerts = play.stage.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    let owners: BTreeSet<String> = alerts.into_iter().map(|(a, _)| a.owner).collect();
    let silent = |o: &String| play.stage.directory.owner(o).contacts.is_empty();
    play.out.unreachable = owners.into_iter().filter(silent).collect();
    Ok(play.out)
}

/// All that was heard up to a moment, oldest first.
async fn history(cx: &Context, to: Timestamp) -> Result<Vec<(Event, String)>, StoreError> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let filter = EventFilter { after: Some(after), until: Some(to), limit: PAGE, ..EventFilter::default() };
        let page = cx.store.events(filter).await?;
        let Some((last, _)) = page.last() else { return Ok(all) };
        after = last.id.0;
        // What an earlier config said is no history of this one.
        all.extend(page.into_iter().filter(|(e, _)| e.event.source.as_str() != CONFIGURED));
    }
}

/// The matters of a history as they are today.
async fn known(cx: &Context, history: &[(Event, String)]) -> Result<BTreeMap<MatterId, MatterState>, StoreError> {
    let ids: BTreeSet<MatterId> = history.iter().filter_map(|(e, _)| e.event.matter.clone()).collect();
    let all = cx.store.matters(ids.into_iter().collect()).await?;
    Ok(all.into_iter().map(|m| (m.id.clone(), m)).collect())
}

struct Play {
    stage: Context,
    reminder: Reminder,
    clock: Arc<Hand>,
    last: NotificationId,
    out: Rehearsal,
}

impl Play {
    /// Lets time pass: every step of the ladder that falls due before a moment.
    async fn until(&mut self, end: Timestamp) -> Result<(), StoreError> {
        loop {
            let next = self.stage.store.due_alerts(end, 1).await?.first().and_then(|d| d.alert.next_due_at);
            let Some(at) = next.filter(|at| *at < end) else { return Ok(()) };
            self.remind(at.max(self.clock.now())).await?;
        }
    }

    /// What the reminder does at a moment.
    async fn remind(&mut self, at: Timestamp) -> Result<(), StoreError> {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
        while self.reminder.tick(at).await?.more {}
        self.collect().await
    }

    /// What was heard at a moment, routed by this config.
    async fn hear(
        &mut self,
        batch: &[(Event, String)],
        known: &BTreeMap<MatterId, MatterState>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let counts = at >= self.out.from;
        let ids: BTreeSet<MatterId> = batch.iter().filter_map(|(e, _)| e.event.matter.clone()).collect();
        let stored = self.stage.store.matters(ids.into_iter().collect()).await?;
        let mut states: BTreeMap<MatterId, MatterState> = stored.into_iter().map(|m| (m.id.clone(), m)).collect();
        let mut touched = BTreeSet::new();
        let mut events = Vec::new();
        let mut rest = batch;
        while let Some(((first, _), n)) = rest.first().map(|f| (f, together(rest))) {
            let (these, later) = rest.split_at(n);
            rest = later;
            let matter = first.event.matter.as_ref();
            if let Some((id, today)) = matter.and_then(|id| known.get_key_value(id)) {
                let said: Vec<&NewEvent> = these.iter().map(|(e, _)| &e.event).collect();
                if let Some(m) = replay(states.get(id), today, &said) {
                    states.insert(id.clone(), m);
                    touched.insert(id.clone());
                }
            }
            for (e, routing) in these {
                let routed = self.routed(&e.event, routing, matter.and_then(|id| states.get(id)), at);
                if counts {
                    self.out.events += 1;
                    if let Routing::Silent(why) = &routed {
                        *self.out.silent.entry((*why).to_owned()).or_default() += 1;
                    }
                }
                if matter.is_some() {
                    events.push(RoutedEvent { payload: None, event: e.event.clone(), routing: routed });
                }
            }
        }
        if events.is_empty() {
            return Ok(());
        }
        let matters = touched.iter().filter_map(|id| states.remove(id)).collect();
        self.stage.store.record(Recording { matters, events, now: at, ..Recording::default() }).await.map(drop)
    }

    /// How it came is a fact of the past; who is told is up to this config.
    fn routed(&self, e: &NewEvent, then: &str, matter: Option<&MatterState>, at: Timestamp) -> Routing {
        let came = [Silence::UnverifiedHint, Silence::Baseline, Silence::OldEntry, Silence::Wave];
        if let Some(why) = came.into_iter().find(|s| s.as_str() == then) {
            return Routing::Silent(why.as_str());
        }
        let today = at.to_zoned_datetime(TimeZone::UTC).date();
        match route(&self.stage.directory, e, matter, Trust::Verified, today) {
            Routed::Tell(all) => Routing::Tell(all),
            Routed::Silent(why) => Routing::Silent(why.as_str()),
        }
    }

    /// Takes down the messages that were planned since the last look.
    async fn collect(&mut self) -> Result<(), StoreError> {
        let (mut new, mut before): (Vec<NotificationRow>, Option<i64>) = (Vec::new(), None);
        loop {
            let filter = NotificationFilter { before, limit: 100, ..NotificationFilter::default() };
            let page = self.stage.store.notifications(filter).await?;
            let Some(oldest) = page.last().map(|n| n.id) else { break };
            new.extend(page.into_iter().filter(|n| n.id > self.last));
            if oldest <= self.last {
                break;
            }
            before = Some(oldest.0);
        }
        new.reverse();
        for n in new {
            self.last = self.last.max(n.id);
            if n.created_at >= self.out.from && n.created_at <= self.out.to {
                let about = self.said(&n).await?;
                let (contact, channel) = (n.contact.to_string(), n.channel);
                self.out.messages.push(Sent { at: n.created_at, contact, channel, about });
            }
        }
        Ok(())
    }

    async fn said(&self, n: &NotificationRow) -> Result<Vec<Said>, StoreError> {
        let mut about = Vec::new();
        for id in &n.alerts {
            let filter = AlertFilter { id: Some(*id), limit: 1, ..AlertFilter::default() };
            let Some((alert, m)) = self.stage.store.alerts(filter).await?.pop() else { continue };
            let told = self.stage.store.told_of(m.id.clone()).await?;
            let these = told.into_iter().filter(|t| t.alert == *id && t.contact == n.contact && t.at == n.created_at);
            about.extend(these.take(1).map(|t| Said {
                matter: m.id.clone(),
                kind: m.kind,
                title: m.title.clone(),
                ends: m.deadline.as_ref().map(crate::model::Deadline::in_words),
                owner: alert.owner.clone(),
                why: alert.why.clone(),
                reason: t.reason,
                step: t.step,
            }));
        }
        Ok(about)
    }
}

/// How many of the first were said in one breath: of one matter, by one source.
fn together(events: &[(Event, String)]) -> usize {
    let Some((first, _)) = events.first() else { return 0 };
    let same = |e: &Event| {
        first.event.matter.is_some() && e.event.matter == first.event.matter && e.event.source == first.event.source
    };
    events.iter().take_while(|(e, _)| same(e)).count().max(1)
}
