//! Grouping: what falls due at the same time for the same contact is one message.
//!
//! In: dues of one look. Out: notifications, each over one or more obligations. Invariant: the key of a notification
//! follows from its obligations, so a crash between planning and sending cannot make a second key. Refuses to mix kinds.

use super::ladder::Due;
use crate::crypto::short_hash;
use crate::model::{AlertId, Contact, Kind, NewNotification, NewObligation};
use std::collections::{BTreeMap, BTreeSet};

/// Groups what is due by contact and kind; a contact that keeps one thing for each alert is told of each alone.
pub fn group<'a>(dues: impl IntoIterator<Item = (AlertId, u32, Kind, &'a Due)>) -> Vec<NewNotification> {
    let mut by: BTreeMap<(Contact, Kind, Option<AlertId>), Vec<NewObligation>> = BTreeMap::new();
    for (alert, episode, kind, due) in dues {
        for c in &due.contacts {
            let alone = c.keeps_one_each().then_some(alert);
            by.entry((c.clone(), kind, alone)).or_default().push(NewObligation {
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
        .map(|((contact, _, _), mut obligations)| {
            // The order the alerts were looked at is chance: the key must not hang on it.
            obligations.sort_by(|a, b| place(a).cmp(&place(b)));
            NewNotification { key: key(&obligations), contact, obligations }
        })
        .collect()
}

/// For each of these alerts that would only be told in a list with others, a message of its own besides.
pub fn alone(lists: &[NewNotification], urgent: &BTreeSet<AlertId>) -> Vec<NewNotification> {
    let long = lists.iter().filter(|n| n.obligations.len() > 1);
    long.flat_map(|n| n.obligations.iter().filter(|o| urgent.contains(&o.alert)).map(|o| (n.contact.clone(), o)))
        .map(|(contact, o)| {
            let obligations = vec![NewObligation { occurrence: o.occurrence + 1, ..o.clone() }];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reason, StepKey};
    use crate::rules::testing::contact;
    use proptest::prelude::*;

    fn due(step: &str, contacts: &[&str]) -> Due {
        Due {
            step: StepKey(step.into()),
            occurrence: 0,
            deadline_revision: 1,
            reason: Reason::Reminder,
            contacts: contacts.iter().map(|c| contact("search", c)).collect(),
        }
    }

    #[test]
    fn one_message_for_each_contact_and_kind() {
        let (both, one) = (due("7d", &["email", "lead"]), due("30d", &["email"]));
        let all = [
            (AlertId(1), 1, Kind::Deprecation, &both),
            (AlertId(2), 1, Kind::Deprecation, &one),
            (AlertId(3), 1, Kind::Incident, &one),
        ];
        let mut sizes: Vec<(String, usize)> =
            group(all).iter().map(|n| (n.contact.id.to_string(), n.obligations.len())).collect();
        sizes.sort();
        assert_eq!(sizes, [("search/email".into(), 1), ("search/email".into(), 2), ("search/lead".into(), 1)]);
        assert_eq!(group([]), []);
    }

    #[test]
    fn a_channel_that_keeps_one_thing_for_each_alert_gets_no_lists() {
        let mut d = due("7d", &["pagerduty"]);
        d.contacts[0].channel = "pagerduty.search".into();
        let made = group([1, 2, 3].map(|n| (AlertId(n), 1, Kind::Deprecation, &d)));
        assert_eq!(made.iter().map(|n| n.obligations.len()).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn everything_that_tells_obligations_apart_is_in_the_key() {
        let key = |alert, episode, d: &Due| group([(AlertId(alert), episode, Kind::Deprecation, d)])[0].key.clone();
        let d = due("7d", &["email"]);
        let keys = [
            key(1, 1, &d),
            key(2, 1, &d),
            key(1, 2, &d),
            key(1, 1, &due("3d", &["email"])),
            key(1, 1, &due("7d", &["lead"])),
            key(1, 1, &Due { deadline_revision: 2, ..d.clone() }),
            key(1, 1, &Due { occurrence: 1, ..d.clone() }),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys[0], key(1, 1, &Due { reason: Reason::Overdue, ..d }), "the reason is no part of it");
        assert!(keys[0].len() == 32 && keys[0].bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn what_is_urgent_is_told_alone_besides_the_list() {
        let d = due("7d", &["email"]);
        let of = |ids: &[i64]| group(ids.iter().map(|n| (AlertId(*n), 1, Kind::Deprecation, &d)));
        let urgent = BTreeSet::from([AlertId(2), AlertId(9)]);
        let extra = alone(&of(&[1, 2, 3]), &urgent);
        assert_eq!(extra.iter().map(|n| n.obligations[0].alert).collect::<Vec<_>>(), [AlertId(2)]);
        assert_eq!(extra[0].obligations[0].occurrence, 1, "an obligation of its own");
        assert_ne!(extra[0].key, of(&[2])[0].key);
        assert_eq!(alone(&of(&[2]), &urgent), [], "a list of one is alone already");
    }

    proptest! {
        #[test]
        fn the_order_of_looking_changes_no_message(order in Just((1..9).collect::<Vec<i64>>()).prop_shuffle()) {
            let d = due("7d", &["email", "lead"]);
            let of = |ids: &[i64]| group(ids.iter().map(|n| (AlertId(*n), 1, Kind::Deprecation, &d)));
            prop_assert_eq!(of(&order), of(&[1, 2, 3, 4, 5, 6, 7, 8]));
        }
    }
}
