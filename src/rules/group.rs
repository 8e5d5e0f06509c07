//! Grouping: what falls due at the same time for the same contact is one message.
//!
//! In: dues of one look. Out: notifications, each over one or more obligations. Invariant: the key of a notification
//! follows from its obligations, so a crash between planning and sending cannot make a second key. Refuses to mix kinds.

use super::ladder::Due;
use crate::crypto::short_hash;
use crate::model::{AlertId, Contact, Kind, NewNotification, NewObligation};
use std::collections::BTreeMap;

/// Groups what is due by contact and kind.
pub fn group<'a>(dues: impl IntoIterator<Item = (AlertId, u32, Kind, &'a Due)>) -> Vec<NewNotification> {
    let mut by: BTreeMap<(Contact, Kind), Vec<NewObligation>> = BTreeMap::new();
    for (alert, episode, kind, due) in dues {
        for c in &due.contacts {
            by.entry((c.clone(), kind)).or_default().push(NewObligation {
                alert,
                episode,
                deadline_revision: due.deadline_revision,
                step: due.step.clone(),
                occurrence: due.occurrence,
                contact: c.id.clone(),
                reason: due.reason,
            });
        }
    }
    by.into_iter()
        .map(|((contact, _), mut obligations)| {
            // The order the alerts were looked at is chance: the key must not hang on it.
            obligations.sort_by(|a, b| place(a).cmp(&place(b)));
            NewNotification { key: key(&obligations), contact, obligations }
        })
        .collect()
}

fn place(o: &NewObligation) -> (AlertId, u32, u32, &str, u32) {
    (o.alert, o.episode, o.deadline_revision, &o.step.0, o.occurrence)
}

fn key(obligations: &[NewObligation]) -> String {
    let text: Vec<String> = obligations
        .iter()
        .map(|o| {
            format!("{}/{}/{}/{}/{}/{}", o.alert, o.episode, o.deadline_revision, o.step.0, o.occurrence, o.contact)
        })
        .collect();
    hex::encode(short_hash(&[text.join("\n").as_bytes()]))
}
