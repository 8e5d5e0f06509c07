//! Our own form of usage: a row a use.
//!
//! In: `{"via","from","until","covers":["openai"],"usage":[{"subject","service","project","from","until","calls","tokens",
//! "place"}]}`, a list of rows, or one row. Out: reports. Invariant: a row with a place and without a time is scanned, any
//! other is observed. Refuses rows whose subject cannot be read, and counts them.

use super::{Ask, Form, Gathering, Told, count, counted, moment};
use crate::model::text::one_line;
use crate::model::{Direction, ProviderId, Subject};
use serde_json::Value;

pub(super) fn read(v: &Value, ask: &Ask<'_>) -> Result<Told, String> {
    let rows: Vec<&Value> = match (v.get("usage").and_then(Value::as_array), v.as_array()) {
        (Some(list), _) | (None, Some(list)) => list.iter().collect(),
        (None, None) if v.get("subject").is_some() => vec![v],
        (None, None) => {
            return Err(
                "usage is no list: send {\"usage\": [{\"subject\": \"openai:gpt-demo-1\", \"calls\": 12}]}".into()
            );
        }
    };
    let via = v.get("via").and_then(Value::as_str).map_or_else(|| "import".to_owned(), |s| one_line(s, 40));
    let (mut seen, mut found) = (Gathering::new(Form::Own, ask), Gathering::new(Form::Own, ask));
    let whole = (v.get("from").and_then(moment), v.get("until").and_then(moment));
    if let (Some(from), Some(until)) = whole {
        seen.cover(from, until);
    }
    for r in rows {
        let text = |key: &str| r.get(key).and_then(Value::as_str).map(|s| one_line(s, 200)).filter(|s| !s.is_empty());
        let subject = text("subject").and_then(|s| Subject::parse(&s)).or_else(|| {
            let model = text("model")?;
            seen.subject(&model, text("provider").as_deref())
        });
        let Some(subject) = subject else {
            if text("model").is_none() {
                seen.leave_out(
                    "no subject: write PROVIDER[/ACCOUNT]:[TYPE/]ID[~REGION], for example \"openai:gpt-demo-1\"",
                );
            }
            continue;
        };
        let subject = Subject { account: subject.account.or_else(|| ask.account.map(str::to_owned)), ..subject };
        let own = r.get("until").and_then(moment).or_else(|| r.get("last_at").and_then(moment));
        let place = text("place");
        let scanned = place.is_some() && own.is_none() && r.get("calls").is_none();
        let (until, from) = if scanned {
            (ask.now, None)
        } else {
            let until = own.or(whole.1).unwrap_or(ask.now);
            // A row with a time of its own is of that time, not of the whole.
            let from = r.get("from").and_then(moment).or_else(|| if own.is_some() { None } else { whole.0 });
            (until, from)
        };
        let from = from.unwrap_or(until);
        if from > until || until > ask.now.saturating_add(jiff::SignedDuration::from_hours(48)).unwrap_or(ask.now) {
            seen.leave_out("its time is reversed, or more than two days from now");
            continue;
        }
        let mut u = counted(subject, (from, until));
        (u.service, u.project, u.place) = (text("service"), text("project"), place);
        (u.calls, u.tokens) = (r.get("calls").and_then(count), r.get("tokens").and_then(count));
        u.mention = u
            .place
            .as_ref()
            .is_some_and(|p| scanned && ask.names.only_mentions(p.split(':').next().unwrap_or_default()));
        if scanned { found.take(u) } else { seen.take(u) }
    }
    let left_out = std::mem::take(&mut seen.left_out);
    let (seen, found) = (seen.told(Direction::Observed, &via, None), found.told(Direction::Scanned, &via, None));
    let mut reports: Vec<_> = seen.reports.into_iter().chain(found.reports).filter(|r| !r.uses.is_empty()).collect();
    let said = v.get("covers").and_then(Value::as_array).into_iter().flatten();
    let covers: Vec<_> =
        said.filter_map(|c| Some((ProviderId::new(c.as_str()?).ok()?, ask.account.map(str::to_owned)))).collect();
    if let Some(first) = reports.first_mut().filter(|r| r.direction == Direction::Observed && !covers.is_empty()) {
        first.covers = covers;
    }
    Ok(Told { form: Form::Own, reports, left_out })
}
