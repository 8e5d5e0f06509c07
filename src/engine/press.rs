//! Pressing: what people do with buttons in Slack.
//!
//! In: a request that claims to be Slack's. Out: what to answer. Invariant: only a request signed by a configured workspace is
//! read, and it answers only what was told in that workspace; an act is durable before the answer; the answer comes within
//! Slack's three seconds. Refuses to change messages: the word about the act does that, through the outbox.

use super::Context;
use super::act::{ActError, act};
use super::deliver::Channels;
use crate::model::text::one_line;
use crate::model::{Act, AlertId, AlertState, By, Via};
use crate::notify::Channel;
use crate::notify::slack::Bot;
use crate::notify::slack::press::{Form, Pressed, Question, advice, complaint, field_of, modal, person, read};
use crate::store::{AlertFilter, StoreError};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Hears buttons.
pub struct Presser {
    /// What it works with.
    pub cx: Context,
    /// All channels.
    pub channels: Arc<Channels>,
}

/// A workspace: the name of its channel, and its app.
pub type Workspace<'a> = (&'a str, &'a Bot);

/// A request as it came.
pub struct Signed<'a> {
    /// `X-Slack-Request-Timestamp`.
    pub time: &'a str,
    /// `X-Slack-Signature`.
    pub signature: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Presser {
    /// What to answer; nothing for a request that no workspace signed.
    ///
    /// # Errors
    /// The store's.
    pub async fn hear(&self, request: &Signed<'_>, now: Timestamp) -> Result<Option<Value>, StoreError> {
        let signed = self.workspaces(|bot| bot.is_mine(request.time, request.signature, request.body, now));
        if signed.is_empty() {
            return Ok(None);
        }
        let form = url::form_urlencoded::parse(request.body);
        let payload = form.into_iter().find(|(name, _)| name == "payload").map(|(_, value)| value.into_owned());
        let payload: Value = payload.and_then(|p| serde_json::from_str(&p).ok()).unwrap_or_default();
        self.pressed(&signed, &payload, now).await.map(Some)
    }

    /// The workspaces of which something is true, by the names of their channels. An app that is installed in several has
    /// one secret for all of them.
    pub fn workspaces(&self, of: impl Fn(&Bot) -> bool) -> Vec<Workspace<'_>> {
        let all = self.channels.iter().filter_map(|(name, c)| match c {
            Channel::Slack(bot) => Some((name.as_str(), bot)),
            _ => None,
        });
        all.filter(|(_, bot)| of(bot)).collect()
    }

    /// Does what was pressed in one of these workspaces, whichever way it came; empty where nothing is to be said.
    ///
    /// # Errors
    /// The store's.
    pub async fn pressed(&self, from: &[Workspace<'_>], payload: &Value, now: Timestamp) -> Result<Value, StoreError> {
        match read(payload) {
            Pressed::Nothing => Ok(json!({})),
            Pressed::Button(question, trigger) => {
                let told = self.told_in(from, question.alert).await?;
                let Some((_, bot)) = told.or(from.first()) else { return Ok(json!({})) };
                let view = match told {
                    Some(_) => self.modal(question).await?,
                    None => advice(&[not_here(question.alert)])["view"].clone(),
                };
                if let Err(why) = bot.open(&trigger, &view, now).await {
                    tracing::warn!(alert = %question.alert, "Slack did not open a modal: {why}");
                }
                Ok(json!({}))
            }
            Pressed::Form(_, Err((field, why))) => Ok(complaint(&field, &why)),
            Pressed::Form(question, Ok(action)) => {
                if self.told_in(from, question.alert).await?.is_none() {
                    return Ok(complaint(field_of(question.ask), &not_here(question.alert)));
                }
                let by = By { who: person(payload), via: Via::Slack };
                let asked = Act { alert: question.alert, episode: Some(question.episode), action, by };
                match act(&self.cx, asked, now).await {
                    Ok(acted) if acted.advice.is_empty() => Ok(json!({})),
                    Ok(acted) => Ok(advice(&acted.advice)),
                    Err(ActError::Refused(why)) => Ok(complaint(field_of(question.ask), &why.to_string())),
                    Err(ActError::Store(e)) => Err(e),
                }
            }
        }
    }

    /// Which of these workspaces was told of an alert: nobody answers for people of another company.
    async fn told_in<'a, 'b>(
        &self,
        from: &'a [Workspace<'b>],
        alert: AlertId,
    ) -> Result<Option<&'a Workspace<'b>>, StoreError> {
        let told = self.cx.store.channels_of(alert).await?;
        let found = from.iter().find(|(name, _)| told.contains(*name));
        if found.is_none() {
            tracing::warn!(%alert, "somebody pressed a button in a Slack workspace that was not told of the alert");
        }
        Ok(found)
    }

    /// The modal of a question; for what is over, the word that it is.
    async fn modal(&self, q: Question) -> Result<Value, StoreError> {
        let filter = AlertFilter { id: Some(q.alert), limit: 1, ..AlertFilter::default() };
        let Some((alert, matter)) = self.cx.store.alerts(filter).await?.pop() else {
            return Ok(advice(&[not_here(q.alert)])["view"].clone());
        };
        if alert.episode != q.episode || alert.state == AlertState::Resolved || matter.is_over() {
            let said = format!("#{} is over, or was opened anew: there is nothing to answer here.", q.alert);
            return Ok(advice(&[said])["view"].clone());
        }
        let services: Vec<String> = alert.services.iter().filter(|s| !alert.done.contains_key(*s)).cloned().collect();
        let owners: Vec<String> =
            self.cx.directory.owners().map(|o| o.name.clone()).filter(|n| *n != alert.owner).collect();
        let plan_on = alert.ack.as_ref().and_then(|a| a.plan_on);
        let form = Form { title: &one_line(&matter.title, 200), services: &services, owners: &owners, plan_on };
        Ok(modal(q, &form))
    }
}

/// Said of what does not exist, too: a workspace learns nothing of the alerts of others.
fn not_here(alert: AlertId) -> String {
    format!("#{alert} was not told in this workspace: it is answered where it was told.")
}
