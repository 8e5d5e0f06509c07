//! Captured bodies: what somebody kept of a source may be written otherwise than what is polled.
//!
//! In: a source and a body. Out: what is read of it, and the dialect or form that its content shows where that is not the
//! source's own. Invariants: the source's own way comes first, and a body of another page stays refused; nothing here is used
//! for what is fetched, where another form is news for the operators. Refuses to guess: what no form fits keeps the first refusal.

use super::{ReadContext, Reading, changelog, polled, status};
use crate::model::ReadOutcome;
use crate::provider::file::{ChangelogSource, Source, StatusSource};

/// Reads a captured body; `None` for a webhook.
pub fn captured(source: &Source, cx: &ReadContext, body: &[u8]) -> Option<(Reading, Option<&'static str>)> {
    let own = polled(source, cx, body)?;
    if matches!(own.outcome, ReadOutcome::Ok(_)) {
        return Some((own, None));
    }
    let other = match source {
        Source::Status(s) => as_status(s, cx, body),
        Source::Changelog(s) => as_changelog(s, cx, body),
        // Tables are read by what they turn out to be; lists of models are JSON.
        Source::Webhook(_) | Source::Table(_) | Source::Models(_) => None,
    };
    match other.filter(|(reading, _)| matches!(reading.outcome, ReadOutcome::Ok(_))) {
        Some((reading, form)) => Some((reading, Some(form))),
        None => Some((own, None)),
    }
}

fn as_status(source: &StatusSource, cx: &ReadContext, body: &[u8]) -> Option<(Reading, &'static str)> {
    let dialect = status::recognise(&source.url, None, body)?;
    // A list of incidents that somebody kept without its head says of nobody that it is another's page.
    let headless = dialect == source.dialect && status::is_headless(body);
    (dialect != source.dialect || headless)
        .then(|| (status::read(&source.speaking(dialect, headless), cx, body), dialect.as_str()))
}

fn as_changelog(source: &ChangelogSource, cx: &ReadContext, body: &[u8]) -> Option<(Reading, &'static str)> {
    let forms = changelog::forms(body).into_iter().filter(|form| *form != source.form);
    let mut read = forms.map(|form| (changelog::read(&source.written(form), cx, body), form.as_str()));
    read.find(|(reading, _)| matches!(reading.outcome, ReadOutcome::Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProviderId, SourceId};
    use crate::provider::file;

    fn read(settings: &str, body: &str) -> (bool, Option<&'static str>) {
        let text = format!(
            "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.x]\nevidence = \"V\"\nurl = \"https://acme.example/x\"\n{settings}"
        );
        let file = file::parse(&text).unwrap_or_else(|e| panic!("{e}"));
        let cx = ReadContext {
            provider: ProviderId::new("acme").unwrap(),
            provider_name: "Acme".to_owned(),
            source: SourceId::new("acme/x").unwrap(),
            connection: None,
            received_at: "2026-11-20T12:00:00Z".parse().unwrap(),
        };
        let (reading, form) = captured(&file.sources["x"], &cx, body.as_bytes()).unwrap();
        (matches!(reading.outcome, ReadOutcome::Ok(_)), form)
    }

    const STATUS: &str = "kind = \"status\"\ndialect = \"statuspage\"\nguards = { page = \"Acme\", min_rows = 2 }\n";
    const LOG: &str = "kind = \"changelog\"\nform = \"html\"\nguards = { must_contain = [\"Notes\"], min_rows = 5 }\n";

    #[test]
    fn a_body_in_another_form_is_read_as_what_it_shows() {
        let history = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Acme Status - Incident History</title><entry><id>1</id><link href=\"https://status.acme.example/incidents/i1\"/><title>Errors</title><updated>2026-11-20T10:00:00Z</updated><content type=\"html\">&lt;small&gt;Nov 20, 10:00 UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;Resolved&lt;/strong&gt; - Over.</content></entry></feed>";
        assert_eq!(read(STATUS, history), (true, Some("history_feed")));
        assert_eq!(read(STATUS, &history.replace("Acme Status", "Other Status")), (false, None), "of another page");
        let slack = r#"{"status":"ok","active_incidents":[]}"#;
        assert_eq!(read(&STATUS.replace("page = \"Acme\", ", ""), slack), (true, Some("slack")));
        let kept = r#"{"incidents":[{"id":"i1","name":"x","status":"resolved"}]}"#;
        assert_eq!(read(STATUS, kept), (true, Some("statuspage")), "kept without its head");
        let other = r#"{"page":{"name":"Other"},"incidents":[{"id":"i1","name":"x","status":"resolved"}]}"#;
        assert_eq!(read(STATUS, other), (false, None));
        for nothing in ["", "{}", "[]", "<!doctype html><p>Sign in"] {
            assert_eq!(read(STATUS, nothing), (false, None), "{nothing}");
        }
    }

    #[test]
    fn a_changelog_in_another_form_is_read_as_that() {
        for (body, form) in [
            ("# Log\n\n## 2026-11-01\n\nText.\n", "markdown"),
            ("---\ntitle: One\ndate: 2026-11-01\n---\nText.\n", "mdx"),
            ("<Update label=\"2026-11-01\">\nText.\n</Update>", "updates"),
            ("<rss version=\"2.0\"><channel><item><title>x</title></item></channel></rss>", "feed"),
        ] {
            assert_eq!(read(LOG, body), (true, Some(form)), "{body}");
        }
        for nothing in [
            "",
            "# Log\n\nNothing.\n",
            "<rss version=\"2.0\"><channel></channel></rss>",
            "<!doctype html><h2>2026-11-01</h2><p>x",
        ] {
            assert_eq!(read(LOG, nothing), (false, None), "{nothing}");
        }
    }
}
