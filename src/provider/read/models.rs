//! Lists of models with shutdown dates, as JSON: `kind = "models"`.
//!
//! In: an answer of an API and its source's settings. Out: one observation for each entry that carries a date.
//! Invariants: an entry without the field, or with null, says nothing; one bad entry hides no other, and leaves a claim
//! without a date. Refuses any date but `YYYY-MM-DD`, and to conclude anything from a model that is not listed.

use super::{ReadContext, date, ending, guard};
use crate::model::observation::Ending;
use crate::model::text::one_line;
use crate::model::{Deadline, Fact, Observation, ReadOutcome, Subject};
use crate::provider::file::ModelsSource;
use serde_json::Value;
use std::collections::HashMap;

/// Reads a list.
pub fn read(source: &ModelsSource, ctx: &ReadContext, body: &[u8]) -> ReadOutcome {
    match entries(source, body) {
        Ok(list) => ReadOutcome::Ok(observations(source, ctx, list)),
        Err(outcome) => outcome,
    }
}

/// The ids of a list with their entries; an error is what to return instead.
fn entries(source: &ModelsSource, body: &[u8]) -> Result<Vec<(String, Value)>, ReadOutcome> {
    let unreadable = |why: String| Err(ReadOutcome::Unreadable(why));
    let text = guard::open(body)?;
    let mut answer: Value = match serde_json::from_str(text) {
        Ok(answer) => answer,
        Err(_) if guard::is_html(text) => return unreadable("it is an HTML page, not JSON".to_owned()),
        Err(e) => return unreadable(format!("it is not JSON: {e}")),
    };
    if let Some(error) = answer.get("error").filter(|e| !e.is_null()) {
        let message = error.get("message").unwrap_or(error);
        let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
        return unreadable(format!("the provider answered with an error: {}", one_line(&message, 200)));
    }
    guard::must_contain(text, &source.guards)?;
    let list = match answer.pointer_mut(&source.items).map(Value::take) {
        Some(Value::Array(list)) => list,
        Some(_) => return unreadable(format!("what stands at {:?} is not a list", source.items)),
        None => return unreadable(format!("there is no list at {:?}", source.items)),
    };
    let (count, floor) = (list.len(), source.guards.min_rows);
    if count < floor {
        return Err(ReadOutcome::GuardFailed(format!("{count} entries, at least {floor} expected")));
    }
    let id = |entry: &Value| entry.pointer(&source.id)?.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    let named: Vec<_> = list.into_iter().filter_map(|entry| Some((id(&entry)?, entry))).collect();
    if named.is_empty() && count > 0 {
        return unreadable(format!("none of {count} entries has an id at {:?}", source.id));
    }
    Ok(named)
}

fn observations(source: &ModelsSource, ctx: &ReadContext, list: Vec<(String, Value)>) -> Vec<Observation> {
    let page = source.page.as_deref().unwrap_or(&source.url);
    let mut out: Vec<Observation> = Vec::new();
    let mut seen = HashMap::new();
    for (id, entry) in list {
        let Some(value) = entry.pointer(&source.shutdown_on).filter(|v| !v.is_null()) else { continue };
        let ending = Ending {
            announced_on: None,
            deadline: value.as_str().and_then(iso_day),
            replacements: Vec::new(),
            quote: one_line(&format!("{id} | {}: {value}", source.shutdown_on.trim_start_matches('/')), 300),
            rank: source.rank,
            ended: false,
            stage: None,
            review: None,
        };
        let subject = Subject::model(&ctx.provider, one_line(&id, id.len()));
        let said = ending::observation(ctx, subject, &id, "", page, ending);
        let Some(matter) = said.matter.clone() else { continue };
        match seen.get(&matter) {
            None => {
                seen.insert(matter, out.len());
                out.push(said);
            }
            // Listed twice: a date counts before none, else the first.
            Some(&first) if !has_date(&out[first]) && has_date(&said) => out[first] = said,
            Some(_) => {}
        }
    }
    out
}

fn iso_day(text: &str) -> Option<Deadline> {
    let is_iso = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_iso.then(|| date::day(text)).flatten().map(|day| Deadline::day(day, text))
}

fn has_date(observation: &Observation) -> bool {
    matches!(&observation.fact, Fact::Ending(e) if e.deadline.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ConnectionId, ProviderId, SourceId};
    use crate::provider::file::{self, Source};
    use proptest::prelude::*;

    const FILE: &str = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.models]\n\
                        kind = \"models\"\nevidence = \"V\"\nurl = \"https://acme.example/v1/models\"\nauth = \"bearer\"\n\
                        id = \"/id\"\nshutdown_on = \"/life/ends\"\n";

    fn outcome(settings: &str, body: &[u8]) -> ReadOutcome {
        let provider = file::parse(&format!("{FILE}{settings}")).unwrap();
        let Source::Models(source) = &provider.sources["models"] else { panic!("a models source") };
        let ctx = ReadContext {
            provider: ProviderId::new("acme").unwrap(),
            provider_name: "Acme".to_owned(),
            source: SourceId::new("acme/models").unwrap(),
            connection: Some(ConnectionId::new("acme/main").unwrap()),
            received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
        };
        read(source, &ctx, body)
    }

    const DATA: &str = "items = \"/data\"\n";

    #[track_caller]
    fn endings(settings: &str, body: &str) -> Vec<(String, Option<String>, String)> {
        let ReadOutcome::Ok(found) = outcome(settings, body.as_bytes()) else { panic!("{body} was not read") };
        let one = |o: Observation| {
            assert_eq!(o.connection.as_ref().map(ConnectionId::as_str), Some("acme/main"));
            assert_eq!(o.subjects[0].account, None, "the date is the platform's, not the account's");
            let Fact::Ending(e) = o.fact else { panic!("a list speaks of endings") };
            (o.matter.unwrap().to_string(), e.deadline.map(|d| d.date.to_string()), e.quote)
        };
        found.into_iter().map(one).collect()
    }

    fn ending(matter: &str, date: Option<&str>, quote: &str) -> (String, Option<String>, String) {
        (matter.to_owned(), date.map(str::to_owned), quote.to_owned())
    }

    #[test]
    fn only_an_entry_with_a_date_says_something() {
        let body =
            r#"{"data":[{"id":"a-1","life":{"ends":"2026-12-11"}},{"id":"a-2","life":{"ends":null}},{"id":"a-3"}]}"#;
        assert_eq!(endings(DATA, body), [ending("acme:a-1", Some("2026-12-11"), r#"a-1 | life/ends: "2026-12-11""#)]);
        assert_eq!(endings("items = \"\"\n", r#"[{"id":"a-1","life":{"ends":"2026-12-11"}}]"#).len(), 1);
        assert_eq!(endings(DATA, r#"{"data":[]}"#), []);
    }

    #[test]
    fn one_bad_entry_hides_no_other() {
        let body = r#"{"data":[{"id":"a-1","life":{"ends":"2026-02-30"}},{"id":"a-2","life":{"ends":1781136000}},
            {"id":"a-3","life":{"ends":"Dec 11, 2026"}},{"id":7,"life":{"ends":"2026-12-11"}},"x",
            {"id":"a-4","life":{"ends":"2026-12-11"}},{"id":"a-1","life":{"ends":"2026-12-12"}}]}"#;
        let found = endings(DATA, body);
        assert_eq!(found[0], ending("acme:a-1", Some("2026-12-12"), r#"a-1 | life/ends: "2026-12-12""#));
        assert_eq!(found[1], ending("acme:a-2", None, "a-2 | life/ends: 1781136000"));
        assert_eq!(found[2], ending("acme:a-3", None, r#"a-3 | life/ends: "Dec 11, 2026""#));
        assert_eq!(found[3].1.as_deref(), Some("2026-12-11"));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_is_no_list_is_unreadable_and_says_why() {
        for (body, why) in [
            ("{}", "no list at \"/data\""),
            (r#"{"data":{}}"#, "is not a list"),
            (r#"{"data":[{"name":"a-1"}]}"#, "none of 1 entries has an id at \"/id\""),
            ("nonsense", "not JSON"),
            ("<html></html>", "HTML page"),
            (r#"{"error":{"message":"Wrong\nkey"},"data":[]}"#, "error: Wrong key"),
            (r#"{"error":"overloaded"}"#, "error: overloaded"),
            (r#"{"error":{"code":7}}"#, r#"error: {"code":7}"#),
        ] {
            let ReadOutcome::Unreadable(found) = outcome(DATA, body.as_bytes()) else { panic!("{body} was read") };
            assert!(found.contains(why), "{found}");
        }
    }

    #[test]
    fn a_short_list_fails_its_guard() {
        let settings = format!("{DATA}guards = {{ min_rows = 3, must_contain = [\"list\"] }}\n");
        for (body, why) in [
            (r#"{"object":"list","data":[{"id":"a-1"},{"id":"a-2"}]}"#, "2 entries, at least 3 expected"),
            (r#"{"data":[{"id":"a-1"},{"id":"a-2"},{"id":"a-3"}]}"#, "\"list\""),
            ("", "empty"),
        ] {
            let ReadOutcome::GuardFailed(found) = outcome(&settings, body.as_bytes()) else { panic!("{body} passed") };
            assert!(found.contains(why), "{found}");
        }
        let whole = r#"{"object":"list","error":null,"data":[{"id":"a-1"},{"id":"a-2"},{"id":"a-3"}]}"#;
        assert_eq!(outcome(&settings, whole.as_bytes()), ReadOutcome::Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), id in any::<String>(), date in any::<String>()) {
            let _ = outcome(DATA, &body);
            let entry = serde_json::json!({"data": [{"id": id, "life": {"ends": date}}]});
            let _ = outcome(DATA, entry.to_string().as_bytes());
        }
    }
}
