//! Silences: a matcher that is muted until a time, with somebody who is reminded of it.
//!
//! In: what a person mutes. Out: a durable silence; a word to whom it names a day before it ends, and again when it has
//! ended. Invariant: nothing muted is lost: at the end each alert that goes on looks again. Refuses to mute everything,
//! for ever, or without a reason.

use super::trouble::{self, Trouble};
use super::{Context, Report};
use crate::model::text::one_line;
use crate::model::{AlertState, Change, Matcher, Recipient, Severity, Silence};
use crate::rules::directory::OPERATORS;
use crate::rules::policy::CALM;
use crate::store::{AlertFilter, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long before its end somebody is reminded.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// Longest silence.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A silence as a person asks for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewSilence {
    /// What is muted.
    pub matcher: Matcher,
    /// Until when.
    pub until: Timestamp,
    /// The owner who is reminded; `operators` by default.
    pub remind: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub note: String,
}

/// Why a silence was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// It would mute everything.
    #[error("a silence needs something to match: --owner, --provider, --kind, --subject or --service")]
    Everything,
    /// It has no reason.
    #[error("a silence needs a note: whoever reads it later must know why")]
    NoNote,
    /// Its end has passed, or is too far away.
    #[error("a silence ends between now and a year from now, not on {0}")]
    End(Timestamp),
    /// Nobody of that name can be reminded.
    #[error("there is no owner {0:?} to remind: known are {1}")]
    NoOwner(String, String),
    /// No such silence.
    #[error("there is no silence {0} that goes on: see forewarn silence list")]
    NotFound(i64),
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Mutes.
///
/// # Errors
/// [`SilenceError`].
pub async fn add(cx: &Context, new: NewSilence, now: Timestamp) -> Result<Silence, SilenceError> {
    let note = one_line(&new.note, 500);
    if new.matcher.is_empty() {
        return Err(SilenceError::Everything);
    }
    if note.is_empty() {
        return Err(SilenceError::NoNote);
    }
    if new.until <= now || new.until.duration_since(now) > LONGEST {
        return Err(SilenceError::End(new.until));
    }
    let remind = new.remind.unwrap_or_else(|| OPERATORS.into());
    if !cx.directory.has_owner(&remind) {
        let known: Vec<&str> = cx.directory.owners().map(|o| o.name.as_str()).collect();
        return Err(SilenceError::NoOwner(one_line(&remind, 64), known.join(", ")));
    }
    let by = one_line(&new.by, 80);
    let mut silence = Silence {
        id: 0,
        matcher: new.matcher,
        until: new.until,
        remind,
        by,
        note,
        created_at: now,
        reminded_at: None,
        ended_at: None,
    };
    silence.id = cx.store.silence(silence.clone()).await?;
    Ok(silence)
}

/// Ends one before its time.
///
/// # Errors
/// [`SilenceError`].
pub async fn end(cx: &Context, id: i64, by: &str, now: Timestamp) -> Result<Silence, SilenceError> {
    let found = cx.store.silences(false).await?.into_iter().find(|s| s.id == id).ok_or(SilenceError::NotFound(id))?;
    if !cx.store.end_silence(id, one_line(by, 80), now).await? {
        return Err(SilenceError::NotFound(id));
    }
    cx.nudges.remind.notify_one();
    tell(cx, &found, Change::Resolved, now).await?;
    Ok(Silence { ended_at: Some(now), ..found })
}

/// Reminds of what ends soon, and ends what has ended.
pub struct SilenceKeeper {
    /// What it works with.
    pub cx: Context,
}

impl SilenceKeeper {
    /// Looks at every silence once.
    ///
    /// # Errors
    /// The store's.
    pub async fn tick(&self, now: Timestamp) -> Result<Report, StoreError> {
        let mut n = 0;
        for s in self.cx.store.silences(false).await? {
            if s.until <= now {
                self.cx.store.end_silence(s.id, "forewarn".into(), now).await?;
                self.cx.nudges.remind.notify_one();
                tell(&self.cx, &s, Change::Resolved, now).await?;
                n += 1;
            } else if s.reminded_at.is_none() && s.until.duration_since(now) <= BEFORE && reminds(&s) {
                tell(&self.cx, &s, Change::Opened, now).await?;
                self.cx.store.silence_reminded(s.id, now).await?;
                n += 1;
            }
        }
        Ok(Report { summary: if n == 0 { String::new() } else { format!("{n} silences end") }, ..Report::default() })
    }
}

/// Whoever mutes something for less than two days knows that it ends.
fn reminds(s: &Silence) -> bool {
    s.until.duration_since(s.created_at) > BEFORE * 2
}

/// What is muted now.
async fn muted(cx: &Context, s: &Silence) -> Result<usize, StoreError> {
    let all = cx.store.alerts(AlertFilter { limit: usize::MAX, ..AlertFilter::default() }).await?;
    Ok(all.iter().filter(|(a, m)| a.state != AlertState::Resolved && s.matcher.fits(a, m)).count())
}

async fn tell(cx: &Context, s: &Silence, change: Change, now: Timestamp) -> Result<(), StoreError> {
    // Who was never told that it ends need not be told that it ended.
    if change == Change::Resolved && s.reminded_at.is_none() {
        return Ok(());
    }
    let (n, what) = (muted(cx, s).await?, in_words(&s.matcher));
    let until = s.until.strftime("%a %-d %b %Y %H:%M UTC");
    let trouble = Trouble {
        provider: trouble::ourselves()?,
        about: format!("silence-{}", s.id),
        change,
        severity: Severity::Minor,
        title: match change {
            Change::Resolved => format!("the silence of {what} is over"),
            _ => format!("the silence of {what} ends {until}"),
        },
        summary: format!(
            "{} muted it: {}. Open alerts it mutes: {n}. To end it now: forewarn silence end {}",
            s.by, s.note, s.id
        ),
        native_id: None,
    };
    let to = Recipient {
        owner: s.remind.clone(),
        policy: CALM.into(),
        why: format!("silence {} names {}", s.id, s.remind),
        services: vec![],
    };
    trouble::report_to(cx, &trouble, to, now).await
}

/// `openai, kind deprecation, of search`.
pub fn in_words(m: &Matcher) -> String {
    let mut out: Vec<String> = m.provider.iter().cloned().collect();
    out.extend(m.kind.map(|k| format!("kind {k}")));
    out.extend(m.subject.as_ref().map(|s| format!("subject {s}")));
    out.extend(m.service.as_ref().map(|s| format!("service {s}")));
    out.extend(m.owner.as_ref().map(|o| format!("owner {o}")));
    out.join(", ")
}
