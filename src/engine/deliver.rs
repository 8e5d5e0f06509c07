//! Delivering: one channel's outbox, one message at a time.
//!
//! In: due notifications. Out: messages on the channel, outcomes in the store. Invariant: the attempt is on disk before
//! it is made; the text is made from current facts; each channel has a loop of its own, so a failing one delays nobody
//! else. Refuses to drop anything: what cannot be delivered becomes a dead letter, and the operators hear of it.

mod given_up;

pub use given_up::DeadLetters;

use super::act::acted;
use super::links::{Invited, Links};
use super::poll::Target;
use super::trouble::{self, Trouble};
use super::{Context, Report, usage};
use crate::model::text::one_line;
use crate::model::{
    Alert, AlertState, Change, Contact, ContactId, Kind, MatterState, NotificationId, Reason, Resolution, Severity,
    StepKey,
};
use crate::notify::render::render;
use crate::notify::render::template::Templates;
use crate::notify::{Body, Channel, Message, NextStep, Outcome, Row, ServiceBrief};
use crate::rules::cadence::{DELIVERY_LIFETIME, next_attempt};
use crate::rules::directory::{Directory, OPERATORS, Owner};
use crate::rules::ladder::{Rung, escalates, rungs, today};
use crate::rules::policy::{Anchor, Tell};
use crate::rules::same::possibly_same;
use crate::rules::usage::Book;
use crate::store::{Claimed, ClaimedRow, EventFilter, Post, Settlement, StoreError};
use given_up::{fault, poisoned, unless_it_panics};
use jiff::{SignedDuration, Timestamp, civil::Date};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All channels, by the name contacts use.
pub type Channels = BTreeMap<String, Channel>;

/// Messages sent in one tick at most.
const BATCH: usize = 50;
/// Newest events of a matter that are looked at for its last change of date.
const EVENTS: usize = 50;
/// Longest a tick goes on taking up messages: that a channel makes progress is seen by its ticks.
const LONGEST: SignedDuration = SignedDuration::from_secs(20);
/// Wait after a channel refused us: its token or password must be changed by a person.
const UNAUTHORIZED_WAIT: i64 = 900;

/// The outbox of one channel.
pub struct Deliverer {
    /// What it works with.
    pub cx: Context,
    /// All channels.
    pub channels: Arc<Channels>,
    /// Which one.
    pub channel: String,
    /// Makes the links of messages; none where no public address is known.
    pub links: Option<Arc<Links>>,
    /// Words of the user's own.
    pub templates: Option<Arc<Templates>>,
    /// Polled sources: digests say how they are.
    pub targets: Arc<Vec<Target>>,
}

impl Deliverer {
    /// Sends what is due on this channel, one after the other.
    ///
    /// # Errors
    /// The store's. A message whose outcome could not be stored is sent once more, with the same key.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        // Looking costs no write; claiming does.
        if !self.cx.store.channels_due(self.cx.steady(now)).await?.contains(&self.channel) {
            return Ok(Report::default());
        }
        let (began, mut sent) = (self.cx.steady(now), 0);
        let more = loop {
            let now = self.now();
            if sent == BATCH || now.duration_since(began) > LONGEST {
                break true;
            }
            let Some(claimed) = self.cx.store.claim(self.channel.clone(), now).await? else { break false };
            let settlement = match poisoned(&claimed) {
                true => fault(&claimed, now),
                false => match unless_it_panics(self.deliver(&claimed, now)).await {
                    Some(settlement) => settlement?,
                    None => fault(&claimed, now),
                },
            };
            let retry = matches!(settlement, Settlement::Retry { .. });
            self.cx.store.settle(claimed.id, settlement, self.now()).await?;
            sent += 1;
            // A channel in trouble is left alone until its next moment: the others of its queue would fare no better.
            if retry {
                break false;
            }
        };
        let summary = if sent == 0 { String::new() } else { format!("{sent} attempts") };
        Ok(Report { summary, more, pause: None })
    }

    fn now(&self) -> Timestamp {
        self.cx.steady(self.cx.clock.now())
    }

    async fn deliver(&self, claimed: &Claimed, now: Timestamp) -> Result<Settlement, StoreError> {
        let dir = &self.cx.directory;
        let Some(contact) = dir.contact(&claimed.contact) else {
            return Ok(Settlement::Dead { reason: format!("contact {} is no longer configured", claimed.contact) });
        };
        // A letter that was planned before the config changed goes where its contact is reached now.
        let Some(channel) = self.channels.get(&contact.channel) else {
            return Ok(Settlement::Dead { reason: format!("channel {} is no longer configured", contact.channel) });
        };
        if let Some(of) = &claimed.digest {
            let message = self.digest(of, contact, claimed.key.clone(), now).await?;
            let outcome = channel.send(&message).await;
            return self.settlement(claimed, outcome).await;
        }
        let ends = claimed.rows.iter().any(|r| r.matter.kind == Kind::Deprecation);
        let book = if ends { usage::book(&self.cx, now).await? } else { Book::default() };
        let rows: Vec<Row> =
            claimed.rows.iter().filter(|r| is_current(r)).map(|r| self.row(r, contact, &book, now)).collect();
        if rows.is_empty() {
            return Ok(Settlement::Superseded);
        }
        let rows = self.marked(rows, now).await?;
        let zone = dir.owner(&contact.owner).zone.clone();
        let mut message = Message {
            key: claimed.key.clone(),
            contact: contact.clone(),
            thread: claimed.thread.clone(),
            place: claimed.place.clone(),
            now,
            zone,
            templates: self.templates.clone(),
            meant_for: dir.meant_for(&contact.id).map(str::to_owned),
            body: Body::Alerts(rows),
        };
        if claimed.rows.iter().all(|r| r.reason == Reason::Acted) {
            let said = render(&message).headline;
            let acted = claimed.rows.iter().map(|r| (&r.alert, &r.matter));
            let beside = claimed.beside.iter().map(|(alert, matter)| (alert, matter));
            let rows = acted
                .chain(beside)
                .map(|(alert, matter)| self.row(&standing(alert, matter), contact, &book, now))
                .collect();
            message.body = Body::Acted { rows, said };
        }
        let outcome = channel.send(&message).await;
        self.settlement(claimed, outcome).await
    }

    async fn settlement(&self, claimed: &Claimed, outcome: Outcome) -> Result<Settlement, StoreError> {
        let now = self.now();
        let in_seconds = |s: i64| now.saturating_add(SignedDuration::from_secs(s)).unwrap_or(now);
        let too_old = now.as_second() - claimed.created_at.as_second() > DELIVERY_LIFETIME;
        let (asked, reason) = match outcome {
            Outcome::Delivered { thread, place } => {
                if claimed.attempts > 1 {
                    self.channel_works_again(now).await?;
                }
                let again = self.channels.get(&self.channel).and_then(Channel::looks_again);
                let next_at = again.and_then(|wait| now.checked_add(wait).ok());
                let post = place.map(|place| Post { place, next_at });
                return Ok(Settlement::Delivered { thread, post });
            }
            Outcome::Rejected { reason } => return Ok(Settlement::Dead { reason }),
            Outcome::Unreachable { reason } => return Ok(Settlement::Unreachable { reason }),
            Outcome::Unauthorized { reason } => {
                self.channel_refuses_us(&reason, now).await?;
                if too_old {
                    (None, reason)
                } else {
                    return Ok(Settlement::Retry { at: in_seconds(UNAUTHORIZED_WAIT), reason });
                }
            }
            Outcome::Retry { after, reason } => (after, reason),
        };
        tracing::warn!(channel = %self.channel, notification = %claimed.id, attempt = claimed.attempts, "a message was not delivered: {reason}");
        if too_old {
            return Ok(Settlement::Dead { reason: format!("given up after three days: {reason}") });
        }
        let wait = next_attempt(claimed.attempts, asked.map(|d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX)));
        let jitter = i64::try_from(fastrand::u64(0..=u64::try_from(wait / 10).unwrap_or(0))).unwrap_or(0);
        Ok(Settlement::Retry { at: in_seconds(if asked.is_some() { wait } else { wait + jitter }), reason })
    }

    /// Says which open matters of other sources a row is possibly the same as, and of a single ending how long its date has
    /// been what it is.
    async fn marked(&self, mut rows: Vec<Row>, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        if let [row] = rows.as_mut_slice() {
            row.unchanged_since = self.unchanged_since(row).await?;
        }
        for row in rows.iter_mut().filter(|r| matches!(r.matter.kind, Kind::Incident | Kind::Maintenance)) {
            let open = self.cx.store.open_of(row.matter.provider.clone()).await?;
            let same: Vec<&MatterState> = open.iter().filter(|m| possibly_same(m, &row.matter, now)).collect();
            if let Some(first) = same.first() {
                let more = if same.len() > 1 { format!(" and {} more", same.len() - 1) } else { String::new() };
                let words = format!("Possibly the same as {} ({}){more}.", first.id, one_line(&first.title, 120));
                row.matter.summary = format!("{words} {}", row.matter.summary);
            }
        }
        Ok(rows)
    }

    /// Since when the date has been what it is, for those who are reminded of it: since we heard it, whenever it was announced.
    async fn unchanged_since(&self, row: &Row) -> Result<Option<Timestamp>, StoreError> {
        let reminds = matches!(row.reason, Reason::Reminder | Reason::Overdue | Reason::Escalated);
        if !reminds || row.matter.kind != Kind::Deprecation || row.matter.deadline.is_none() {
            return Ok(None);
        }
        let matter = Some(row.matter.id.to_string());
        let events = self.cx.store.events(EventFilter { matter, limit: EVENTS, ..EventFilter::default() }).await?;
        let set = |c: Option<Change>| matches!(c, Some(Change::Announced | Change::Moved));
        Ok(events.into_iter().find(|(e, _)| set(e.event.change)).map(|(e, _)| e.event.received_at))
    }

    pub(super) fn row(&self, r: &ClaimedRow, contact: &Contact, book: &Book, now: Timestamp) -> Row {
        let dir = &self.cx.directory;
        let owner = dir.owner(&r.alert.owner);
        let mut matter = r.matter.clone();
        if let (Some(at), Some(source)) = (r.read_at, matter.winning_claim().map(|(s, _)| s.clone()))
            && let Some(claim) = matter.claims.get_mut(&source)
        {
            claim.read_at = at;
        }
        let used = book.users_of(dir, &matter.subjects, now);
        let usage = |name: &String| {
            let by = used.iter().find(|u| u.service.as_ref() == Some(name));
            by.filter(|_| matter.kind == Kind::Deprecation).and_then(|u| u.in_words(now))
        };
        let services = r
            .alert
            .services
            .iter()
            .map(|name| ServiceBrief {
                name: name.clone(),
                env: dir.service(name).map_or_else(|| "production".into(), |s| s.env.clone()),
                usage: usage(name),
                done: r.alert.done.get(name).map(done_in_words),
            })
            .collect();
        let next = next_steps(dir, owner, r, now);
        // Whoever is above, or elsewhere, does not know what was said before.
        let knows = contact.owner == r.alert.owner && owner.lead.as_ref().is_none_or(|l| l.id != contact.id);
        let answer = r.alert.ack.as_ref().map(|a| match a.plan_on {
            Some(d) => format!("plan {} ({})", d.strftime("%a %-d %b %Y"), a.by),
            None => format!("seen by {}", a.by),
        });
        let moved_from = if r.reason == Reason::Moved { r.moved_from.clone() } else { None };
        let known = self.cx.catalog.get(matter.provider.as_str());
        Row {
            alert: r.alert.id,
            episode: r.alert.episode,
            state: r.alert.state,
            act: self.links.as_ref().map(|l| {
                let to = Invited { alert: r.alert.id, episode: r.alert.episode, contact: contact.id.clone() };
                l.url(&to, now)
            }),
            reason: r.reason,
            step: r.step.clone(),
            provider_name: known.map_or_else(|| matter.provider.to_string(), |p| p.file.name.clone()),
            matter,
            owner: r.alert.owner.clone(),
            why: r.alert.why.clone(),
            services,
            moved_from,
            told: if knows && r.reason != Reason::Escalated { Vec::new() } else { r.told.clone() },
            answer,
            // What was said before it opened again is history.
            said: r.alert.said.clone().filter(|s| s.at >= r.alert.opened_at),
            next,
            daily_from: daily_from(dir, r, book),
            unchanged_since: None,
        }
    }

    async fn channel_refuses_us(&self, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        // Operators who are reached by this very channel would not hear of it there; health is red in any case.
        let title = format!("{} refuses forewarn", self.channel);
        let summary = format!(
            "{reason}. Nothing is lost: messages wait and are tried again every 15 minutes. Check the token or password of this channel."
        );
        self.report(Change::Opened, title, summary, now).await
    }

    async fn channel_works_again(&self, now: Timestamp) -> Result<(), StoreError> {
        if !trouble::is_open(&self.cx, &self.about()).await? {
            return Ok(());
        }
        self.report(
            Change::Resolved,
            format!("{} takes messages again", self.channel),
            "What waited is being sent.".into(),
            now,
        )
        .await
    }

    fn about(&self) -> String {
        format!("channel-{}", self.channel)
    }

    async fn report(&self, change: Change, title: String, summary: String, now: Timestamp) -> Result<(), StoreError> {
        if change == Change::Opened && trouble::is_open(&self.cx, &self.about()).await? {
            return Ok(());
        }
        let t = Trouble {
            provider: trouble::ourselves()?,
            about: self.about(),
            change,
            severity: Severity::Major,
            title,
            summary,
            native_id: None,
        };
        trouble::report(&self.cx, &t, now).await
    }
}

/// What comes next if it stays as it is: the next rung, and the first after it that reaches somebody else. A plan silences
/// what comes before its day.
fn next_steps(dir: &Directory, owner: &Owner, r: &ClaimedRow, now: Timestamp) -> Vec<NextStep> {
    let plan = r.alert.ack.as_ref().and_then(|a| a.plan_on);
    let quiet = |rung: &Rung| {
        let planned = plan.is_some_and(|day| today(owner, rung.at) < day);
        !rung.after_ack && (planned || (r.alert.ack.is_some() && escalates(&rung.step)))
    };
    let all = rungs(dir.policy(&r.alert.policy), &r.matter, r.alert.opened_at, owner);
    // A rung for a lead whom nobody has named reaches nobody.
    let step = |rung: &Rung, tell: &[Tell]| {
        let tell = in_words(dir, owner, tell);
        (!tell.is_empty()).then_some(NextStep { at: rung.at, tell })
    };
    let others =
        |rung: &Rung| step(rung, &rung.tell.iter().filter(|t| **t != Tell::Owner).cloned().collect::<Vec<_>>());
    let mut ahead = all.into_iter().filter(|rung| rung.at > now && !quiet(rung));
    let first = ahead.find_map(|rung| Some((step(&rung, &rung.tell)?, others(&rung).is_some())));
    match first {
        None => Vec::new(),
        Some((first, true)) => vec![first],
        Some((first, false)) => std::iter::once(first).chain(ahead.find_map(|rung| others(&rung))).collect(),
    }
}

/// The day from which it is said each morning while calls are seen.
fn daily_from(dir: &Directory, r: &ClaimedRow, book: &Book) -> Option<Date> {
    let daily = dir.policy(&r.alert.policy).steps.iter().any(|s| s.anchor == Anchor::Daily);
    r.matter.remind_by().filter(|_| daily && !book.is_empty()).map(|d| d.date)
}

/// An alert as it stands, not as something new about it.
pub(super) fn standing(alert: &Alert, matter: &MatterState) -> ClaimedRow {
    let over = alert.state == AlertState::Resolved;
    ClaimedRow {
        episode: alert.episode,
        step: StepKey("standing".into()),
        deadline_revision: matter.deadline.as_ref().map_or(0, |d| d.revision),
        reason: if over { Reason::Resolved } else { Reason::Reminder },
        moved_from: None,
        read_at: None,
        told: Vec::new(),
        alert: alert.clone(),
        matter: matter.clone(),
    }
}

/// Whether an obligation still says something true: its alert goes on (or this is the word that it ended), in the same
/// episode and for the same date.
fn is_current(r: &ClaimedRow) -> bool {
    if r.reason == Reason::Acted {
        // Only the last word is said; what it is about may be dealt with by it.
        return r.alert.said.as_ref().is_some_and(|s| acted(s.n) == r.step);
    }
    let ending = matches!(r.reason, Reason::Resolved | Reason::Withdrawn);
    let same_date = r.deadline_revision == r.matter.deadline.as_ref().map_or(0, |d| d.revision);
    // A wave of entries needs no answer: its alert is over before it is sent.
    r.alert.episode == r.episode
        && (ending
            || r.matter.kind == Kind::Change
            || (r.alert.state != AlertState::Resolved
                && !r.matter.is_over()
                && (same_date || r.reason == Reason::Moved)))
}

/// `migrated 12 Dec (Mei)`.
fn done_in_words(r: &Resolution) -> String {
    format!("{} {} ({})", r.reason.as_str().replace('_', " "), r.at.strftime("%-d %b"), r.by)
}

/// A dead letter is sent once more, on the word of a person; whether there was one.
///
/// # Errors
/// The store's.
pub async fn retry(cx: &Context, id: NotificationId, by: &str) -> Result<bool, StoreError> {
    let revived = cx.store.revive(id, one_line(by, 80), cx.clock.now()).await?;
    if revived {
        cx.nudges.deliver.notify_waiters();
    }
    Ok(revived)
}

/// Sends a test message through the real channel of a contact.
///
/// # Errors
/// What the channel said, and what is wrong with the contact.
pub async fn send_test(cx: &Context, channels: &Channels, contact: &ContactId) -> Result<(), String> {
    let Some(contact) = cx.directory.contact(contact) else {
        let known: Vec<String> =
            cx.directory.owners().flat_map(|o| o.contacts.iter().chain(&o.lead)).map(|c| c.id.to_string()).collect();
        return Err(format!("there is no contact {contact}: known are {}", known.join(", ")));
    };
    let Some(channel) = channels.get(&contact.channel) else {
        return Err(format!("channel {} is not configured", contact.channel));
    };
    let now = cx.clock.now();
    let key =
        hex::encode(crate::crypto::short_hash(&[b"test", contact.id.0.as_bytes(), &now.as_nanosecond().to_be_bytes()]));
    let zone = cx.directory.owner(&contact.owner).zone.clone();
    let meant_for = cx.directory.meant_for(&contact.id).map(str::to_owned);
    let message = Message {
        key,
        contact: contact.clone(),
        thread: None,
        place: None,
        now,
        zone,
        meant_for,
        templates: None,
        body: Body::Test,
    };
    match channel.send(&message).await {
        Outcome::Delivered { .. } => Ok(()),
        Outcome::Retry { reason, .. }
        | Outcome::Rejected { reason }
        | Outcome::Unreachable { reason }
        | Outcome::Unauthorized { reason } => Err(reason),
    }
}

/// Who a rung tells, in words.
pub fn in_words(dir: &Directory, owner: &Owner, tell: &[Tell]) -> String {
    let names: Vec<String> = tell
        .iter()
        .filter_map(|t| match t {
            Tell::Owner => Some(owner.name.clone()),
            Tell::Contact(id) => Some(id.to_string()),
            Tell::Lead => owner.lead.as_ref().map(|l| format!("{} (lead)", l.address)),
            Tell::Operators => Some(dir.owner(OPERATORS).name.clone()),
        })
        .collect();
    names.join(", ")
}
