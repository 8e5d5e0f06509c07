//! Each form in `fixtures/_usage/` against what must come of it: golden files beside the input, written by
//! `FOREWARN_WRITE_GOLDEN=1 cargo test --lib usage` and reviewed.

use super::*;
use proptest::prelude::*;
use serde_json::json;

struct Demo;
impl Names for Demo {
    fn home(&self, model: &str) -> Option<ProviderId> {
        model.starts_with("gpt-demo").then(|| ProviderId::new("openai").ok()).flatten()
    }
    fn find(&self, text: &str) -> Option<Subject> {
        let id = ["gpt-demo-1-mini", "gpt-demo-1"].into_iter().find(|id| text.contains(id))?;
        Some(Subject::model(&ProviderId::new("openai").ok()?, id))
    }
    fn only_mentions(&self, path: &str) -> bool {
        path.starts_with("tests/")
    }
}

fn ask() -> Ask<'static> {
    Ask { service: None, account: None, provider: None, names: &Demo, now: "2026-11-23T08:30:00Z".parse().unwrap() }
}

fn shown(t: &Told) -> Value {
    let uses = |r: &UsageReport| {
        let one = |u: &Use| {
            let subject = u.subject.matter_id().unwrap().to_string();
            json!([subject, u.service, u.project, u.from, u.until, u.calls, u.tokens, u.place, u.mention])
        };
        r.uses.iter().map(one).collect::<Vec<_>>()
    };
    let report = |r: &UsageReport| {
        let covers: Vec<String> =
            r.covers.iter().map(|(p, a)| format!("{p}/{}", a.as_deref().unwrap_or("*"))).collect();
        json!({ "direction": r.direction, "via": r.via, "service": r.service, "covers": covers, "covered": r.covered, "uses": uses(r) })
    };
    json!({ "form": t.form, "reports": t.reports.iter().map(report).collect::<Vec<_>>(), "left_out": t.left_out })
}

#[test]
fn every_form_is_recognised_and_read_as_its_golden_file_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/_usage");
    let mut forms = std::collections::BTreeSet::new();
    for path in std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".expected.json") {
            continue;
        }
        let told = read(&std::fs::read(&path).unwrap(), &ask()).unwrap_or_else(|e| panic!("{name}: {e}"));
        forms.insert(told.form);
        let got = serde_json::to_string_pretty(&shown(&told)).unwrap() + "\n";
        let golden = folder.join(format!("{name}.expected.json"));
        if std::env::var_os("FOREWARN_WRITE_GOLDEN").is_some() {
            std::fs::write(&golden, &got).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&golden).unwrap_or_default(), got, "{name}");
    }
    assert_eq!(forms.len(), Form::ALL.len(), "every form has a fixture: {forms:?}");
}

#[test]
fn what_is_asked_is_added_and_what_is_not_understood_is_refused() {
    let body = br#"{"usage":[{"subject":"openai:gpt-demo-1","calls":3,"last_at":"2026-11-23T08:00:00Z"}]}"#;
    let told = read(body, &Ask { service: Some("bot"), account: Some("support"), ..ask() }).unwrap();
    let u = &told.reports[0].uses[0];
    assert_eq!((u.service.as_deref(), u.subject.account.as_deref()), (Some("bot"), Some("support")));
    for bad in ["", "hello", "a,b\n1,2\n", "{}", "[]", "{\"usage\":3}", "{\"data\":[]}", "\u{feff}", "[{\"x\":1}]"] {
        assert!(read(bad.as_bytes(), &ask()).is_err(), "{bad:?}");
    }
    assert!(read(b"\xff\xfe", &ask()).is_err());
}

#[test]
fn a_model_of_an_unnamed_provider_is_left_out_with_the_reason() {
    let body = r#"[{"startTime":"2026-11-22T10:00:00","model":"strange-1"}]"#;
    let told = read(body.as_bytes(), &ask()).unwrap();
    assert!(told.reports[0].uses.is_empty());
    assert!(told.left_out.keys().next().unwrap().contains("--provider"), "{:?}", told.left_out);
    let groq = ProviderId::new("groq").unwrap();
    let told = read(body.as_bytes(), &Ask { provider: Some(&groq), ..ask() }).unwrap();
    assert_eq!(told.reports[0].uses[0].subject.platform, groq);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in "[\\[{][a-zA-Z0-9\":,{}\\[\\] _-]{0,120}", key in 0..9_usize) {
        let keys = ["runs", "items", "deprecated", "results", "data", "usage", "startTime", "subject", "model"];
        let wrapped = format!("{{\"{}\":[{{\"start_time\":1,\"{}\":{:?}}}]}}", keys[key], keys[8 - key], body);
        for text in [body.as_bytes(), wrapped.as_bytes()] {
            drop(read(text, &ask()));
        }
    }
}
