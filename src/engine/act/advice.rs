//! What a person should do besides: above all, the line of the config that says otherwise.
//!
//! In: what was done, to which alert. Out: lines. Invariant: a line of the config is given as it should read. Refuses to
//! edit the config: it is under version control.

use crate::model::{Action, Alert, MatterState, ResolveReason};
use crate::rules::directory::Directory;

/// The advice.
pub(super) fn advice(dir: &Directory, action: &Action, alert: &Alert, matter: &MatterState) -> Vec<String> {
    match action {
        Action::Resolve { reason, services, .. } => match reason {
            ResolveReason::NotOurs => not_ours(dir, alert, matter, services),
            ResolveReason::WrongDate => vec![format!(
                "Reminders follow the earlier date until somebody pins the truth: forewarn deprecations pin {} --date DATE --note WHERE",
                matter.id
            )],
            ResolveReason::Migrated => vec!["Use seen from tomorrow on opens it again.".into()],
            ResolveReason::AcceptedRisk | ResolveReason::Duplicate => Vec::new(),
        },
        Action::Reassign { to, .. } => match alert.services.as_slice() {
            [] => Vec::new(),
            services => {
                let lines = services.iter().map(|s| format!("[services.{s}] owner = {to:?}"));
                let mut out = vec!["If it is theirs for good, change the config:".to_owned()];
                out.extend(lines);
                out
            }
        },
        Action::Acknowledge { plan_on: None, .. } if matter.deadline.is_some() => {
            vec!["Without a plan date this holds until the next reminder only.".into()]
        }
        Action::Acknowledge { .. } | Action::Snooze { .. } | Action::Reopen { .. } => Vec::new(),
    }
}

/// Which line makes routing say that it is theirs, and how it should read.
fn not_ours(dir: &Directory, alert: &Alert, matter: &MatterState, services: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let concerned = alert.services.iter().filter(|s| services.is_empty() || services.contains(s));
    for service in concerned.filter_map(|name| dir.service(name)) {
        let (covering, rest): (Vec<_>, Vec<_>) =
            service.uses.iter().partition(|u| matter.subjects.iter().any(|s| u.covers(s) || u.touches(s)));
        let list = |uses: &[&crate::rules::matcher::UsePattern]| {
            uses.iter().map(|u| format!("{:?}", u.as_str())).collect::<Vec<_>>().join(", ")
        };
        if covering.iter().all(|u| !u.as_str().contains('*') && u.as_str().contains(':')) && !covering.is_empty() {
            out.push(format!("[services.{}] uses = [{}]  # without {}", service.name, list(&rest), list(&covering)));
        } else {
            out.push(format!(
                "[services.{}] uses = [{}]: {} is wider than this; name what is used instead",
                service.name,
                list(&service.uses.iter().collect::<Vec<_>>()),
                list(&covering)
            ));
        }
    }
    if out.is_empty() {
        out.push(format!("It came because {}. To keep it away:", alert.why));
        let subject = matter.subjects.first().map_or_else(String::new, |s| format!(", subject = {:?}", s.id));
        out.push(format!(
            "[[routes]] name = \"not-ours-{}\", match = {{ provider = \"{}\"{subject} }}, mute = [{:?}]",
            alert.id, matter.provider, alert.owner
        ));
    } else {
        out.insert(0, "It comes again unless the config says otherwise:".into());
    }
    out
}
