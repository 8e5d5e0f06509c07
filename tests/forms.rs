//! Pages of the same kinds as the captured ones, written as other people write them: other columns and header words, other
//! styles of dates, lists, definition lists, tabs, nested and transposed tables. And pages of other kinds, which say nothing.
//! All of them are invented.

#![allow(clippy::unwrap_used)] // a test may fail

use forewarn::model::{Fact, Firmness, Precision, ProviderId, ReadOutcome, SourceId};
use forewarn::provider::file;
use forewarn::provider::read::{ReadContext, polled};

/// What a page says by these settings: id, date (`~` a floor, `m` `q` `y` less than a day, `!` ended), replacements.
fn said(settings: &str, page: &str) -> Vec<String> {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.deprecations]\nkind = \"table\"\n\
         evidence = \"V\"\nurl = \"https://acme.example/d\"\n{settings}\n"
    );
    let provider = file::parse(&text).unwrap();
    let cx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/deprecations").unwrap(),
        connection: None,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    let found = match polled(&provider.sources["deprecations"], &cx, page.as_bytes()).unwrap().outcome {
        ReadOutcome::Ok(found) => found,
        other => return vec![format!("{other:?}")],
    };
    let mut out = Vec::new();
    for o in found {
        let Fact::Ending(e) = &o.fact else { continue };
        let date = e.deadline.as_ref().map_or_else(
            || if e.review.is_some() { "?".to_owned() } else { "-".to_owned() },
            |d| {
                let floor = if d.firmness == Firmness::NotBefore { "~" } else { "" };
                let less = match d.precision {
                    Precision::Instant | Precision::Day => "",
                    Precision::Month => "m",
                    Precision::Quarter => "q",
                    Precision::Year => "y",
                };
                format!("{floor}{}{less}", d.date)
            },
        );
        let ended = if e.ended { "!" } else { "" };
        let id = o.matter.as_ref().unwrap().as_str().trim_start_matches("acme:").to_owned();
        out.push(format!("{id} {date}{ended} {}", e.replacements.join(",")).trim_end().to_owned());
    }
    out
}

const MD: &str = "form = \"markdown\"";
const PROSE: &str = "form = \"markdown\"\nprose = true";
const HTML: &str = "form = \"html\"";
const HTML_PROSE: &str = "form = \"html\"\nprose = true";

fn check(cases: &[(&str, &str, &str, &[&str])]) {
    let mut wrong = Vec::new();
    for (name, settings, page, expected) in cases {
        let found = said(settings, page);
        if found != *expected {
            wrong.push(format!("{name}\n    found    {found:?}\n    expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} forms are read otherwise:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn tables_with_other_columns_and_other_words() {
    let one = |header: &str| {
        format!("| Model ID | {header} | Successor |\n|---|---|---|\n| `demo-1` | 2027-01-15 | `demo-2` |\n")
    };
    let mut wrong = Vec::new();
    for header in [
        "EOL",
        "End of life",
        "End-of-life date",
        "End of service",
        "End of support",
        "EOS date",
        "Sunset",
        "Sunset on",
        "Sunsets",
        "Retires",
        "Retires on",
        "Retired on",
        "Retirement",
        "Planned retirement",
        "Scheduled retirement date",
        "Discontinued on",
        "Discontinuation",
        "Decommission date",
        "Decommissioning",
        "Removal",
        "Removal date",
        "Removed on",
        "Turned off",
        "Turn-off date",
        "Turndown date",
        "Shutdown",
        "Shut down on",
        "Shutoff date",
        "Shuts down",
        "Available until",
        "Supported until",
        "Last day",
        "Last day of availability",
        "Last day of service",
        "Service ends",
        "Support ends",
        "Access ends",
        "Termination date",
        "Deactivated on",
        "Expiration",
        "Expires on",
        "Withdrawal date",
        "Unavailable from",
        "Goes away",
        "Final date",
        "Offline date",
        "API shutdown",
        "Shutdown date (UTC)",
        "Date of retirement",
        "When it shuts down",
        "End date",
        "Ends on",
        "EoL",
    ] {
        let found = said(MD, &one(header));
        if found != ["demo-1 2027-01-15 demo-2"] {
            wrong.push(format!("{header}: {found:?}"));
        }
    }
    for header in [
        "Replacement",
        "Successor",
        "Alternative",
        "Alternatives",
        "Recommended model",
        "Recommended alternative",
        "Suggested replacement",
        "Substitute",
        "Use instead",
        "Migrate to",
        "Move to",
        "Upgrade path",
        "Upgrade to",
        "New model",
        "Replaced by",
        "Superseded by",
        "Switch to",
        "Newer version",
        "Next model",
        "Migration target",
        "Fallback",
    ] {
        let page =
            format!("| Model | Shutdown date | {header} |\n|---|---|---|\n| `demo-1` | 2027-01-15 | `demo-2` |\n");
        let found = said(MD, &page);
        if found != ["demo-1 2027-01-15 demo-2"] {
            wrong.push(format!("{header}: {found:?}"));
        }
    }
    for header in [
        "Model",
        "Models",
        "Model name",
        "Model ID",
        "Model id",
        "API name",
        "API ID",
        "Identifier",
        "Slug",
        "Endpoint",
        "Snapshot",
        "Model / alias",
        "Affected models",
        "Affected model",
        "Deprecated model",
        "Retired model",
        "Old model",
        "Legacy model",
        "Current model",
        "Model code",
        "Model string",
        "Engine",
        "Name",
        "Deployment name",
        "Product",
        "Feature",
        "What",
        "Resource",
        "Model variant",
    ] {
        let page = format!(
            "| {header} | Shutdown date | Replacement |\n|---|---|---|\n| `demo-1` | 2027-01-15 | `demo-2` |\n"
        );
        let found = said(MD, &page);
        if found != ["demo-1 2027-01-15 demo-2"] {
            wrong.push(format!("{header}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} headers:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn dates_in_other_styles() {
    let mut wrong = Vec::new();
    for (text, date) in [
        ("15 Jan 2027", "2027-01-15"),
        ("15 January 2027", "2027-01-15"),
        ("15-Jan-2027", "2027-01-15"),
        ("Jan. 15, 2027", "2027-01-15"),
        ("January 15 2027", "2027-01-15"),
        ("Friday, January 15, 2027", "2027-01-15"),
        ("Fri 15 Jan 2027", "2027-01-15"),
        ("15th of January, 2027", "2027-01-15"),
        ("the 15th of January 2027", "2027-01-15"),
        ("January 15th, 2027", "2027-01-15"),
        ("2027/01/15", "2027-01-15"),
        ("2027.01.15", "2027-01-15"),
        ("2027-1-5", "2027-01-05"),
        ("2027年1月15日", "2027-01-15"),
        ("2027-01-15T00:00:00Z", "2027-01-15"),
        ("2027-01-15 12:00 UTC", "2027-01-15"),
        ("January 15, 2027 at 9 AM PT", "2027-01-15"),
        ("Sept 3, 2026", "2026-09-03"),
        ("**January 15, 2027**", "2027-01-15"),
        ("`2027-01-15`", "2027-01-15"),
        ("January 15, 2027[^1]", "2027-01-15"),
        ("January 15, 2027*", "2027-01-15"),
        ("January 15, 2027 †", "2027-01-15"),
        ("January 15, 2027 (planned)", "2027-01-15"),
        ("January 15, 2027 (in 148 days)", "2027-01-15"),
        ("~~October 1, 2026~~ January 15, 2027", "2027-01-15"),
        ("January 15, 2027 (was October 1, 2026)", "2027-01-15"),
        ("January 15, 2027 (extended from October 1, 2026)", "2027-01-15"),
        ("January 2027", "2027-01-01m"),
        ("Jan 2027", "2027-01-01m"),
        ("2027-01", "2027-01-01m"),
        ("end of January 2027", "2027-01-01m"),
        ("Q1 2027", "2027-01-01q"),
        ("2027 Q1", "2027-01-01q"),
        ("Q1'27", "?"),
        ("2027", "2027-01-01y"),
        ("No earlier than January 15, 2027", "~2027-01-15"),
        ("January 15, 2027 or later", "~2027-01-15"),
        ("Not before January 15, 2027", "~2027-01-15"),
        ("after January 15, 2027", "?"),
        ("At least until January 15, 2027", "~2027-01-15"),
        ("no sooner than Q1 2027", "~2027-01-01q"),
        ("earliest January 15, 2027", "~2027-01-15"),
        ("January 15, 2027 at the earliest", "~2027-01-15"),
        ("TBD", ""),
        ("To be announced", ""),
        ("TBA", ""),
        ("Not scheduled", ""),
        ("Not announced", ""),
        ("None", ""),
        ("–", ""),
        ("n/a", ""),
        ("No date yet", ""),
        ("Not yet announced", ""),
        ("Not planned", ""),
        ("2027-02-30", "?"),
        ("01/02/2027", "?"),
        ("February 30, 2027", "?"),
        ("soon", "?"),
        ("in 3 months", "?"),
        ("3 months after the release of demo-2", "?"),
        ("3027-01-15", "?"),
    ] {
        let page = format!(
            "| Model | Shutdown date | Replacement |\n|---|---|---|\n| `demo-1` | {text} | `demo-2` |\n| `demo-8` | 2026-12-24 | `demo-9` |\n\n[^1]: Noon.\n"
        );
        let found = said(MD, &page);
        let mut expected = vec![format!("demo-1 {date} demo-2"), "demo-8 2026-12-24 demo-9".to_owned()];
        if date.is_empty() {
            expected.remove(0);
        }
        if found != expected {
            wrong.push(format!("{text}: {:?}", found));
        }
    }
    assert!(wrong.is_empty(), "{} dates:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn other_shapes_of_tables() {
    check(&[
        (
            "columns in another order, with prices, releases and notes between",
            MD,
            "## Models\n\n| Price (in/out) | Released | Recommended replacement | Retirement date | Notes | Model ID |\n|---|---|---|---|---|---|\n\
             | $1 / $2 | 2025-01-15 | `demo-2` | 2027-01-15 | since 2025-03-01 in beta | `demo-1` |\n",
            &["demo-1 2027-01-15 demo-2"],
        ),
        (
            "a status column, active rows without a date",
            MD,
            "| Model | Status | Deprecated | Retires |\n|---|---|---|---|\n| `demo-1` | Deprecated | Jan 5, 2026 | Jan 15, 2027 |\n\
             | `demo-2` | Active | — | — |\n| `demo-3` | Retired | Jan 5, 2025 | Jan 15, 2026 |\n",
            &["demo-1 2027-01-15", "demo-3 2026-01-15!"],
        ),
        (
            "names with ids in brackets, and aliases",
            MD,
            "| Model | Shutdown date |\n|---|---|\n| Demo One (`demo-1`) | 2027-01-15 |\n| Demo Two (`demo-2`, alias `demo-two-latest`) | 2027-01-16 |\n",
            &["demo-1 2027-01-15", "demo-2 2027-01-16", "demo-two-latest 2027-01-16"],
        ),
        (
            "plain ids in one cell, parted by a line",
            MD,
            "| Models | Sunset date |\n|---|---|\n| demo-1<br>demo-2 | 2027-01-15 |\n",
            &["demo-1 2027-01-15", "demo-2 2027-01-15"],
        ),
        (
            "links around ids",
            MD,
            "| Model | EOL date | Alternative |\n|---|---|---|\n| [demo-1](/models/demo-1) | 2027-01-15 | [demo-2](/models/demo-2) |\n",
            &["demo-1 2027-01-15 demo-2"],
        ),
        (
            "a table by attributes: models are columns",
            MD,
            "| | `demo-1` | `demo-2` |\n|---|---|---|\n| Release date | 2024-01-15 | 2025-01-15 |\n| Retirement date | 2027-01-15 | 2027-06-15 |\n\
             | Replacement | `demo-3` | `demo-4` |\n",
            &["demo-1 2027-01-15 demo-3", "demo-2 2027-06-15 demo-4"],
        ),
        (
            "details and a summary",
            HTML,
            "<html><body><h2>Deprecations</h2><details><summary>Demo family</summary><table><thead><tr><th>Shutdown date</th><th>Model</th></tr></thead>\
             <tbody><tr><td>January 15, 2027</td><td><code>demo-1</code></td></tr></tbody></table></details></body></html>",
            &["demo-1 2027-01-15"],
        ),
        (
            "a table in a table",
            HTML,
            "<html><body><table><tr><td><table><tr><th>Model</th><th>Retirement</th></tr><tr><td>demo-1</td><td>15 January 2027</td></tr></table>\
             </td></tr></table></body></html>",
            &["demo-1 2027-01-15"],
        ),
        (
            "row headers, spans, footnotes, struck dates",
            HTML,
            "<html><body><table><thead><tr><th>Family</th><th>Model ID</th><th>Shutdown date</th></tr></thead><tbody>\
             <tr><th scope=\"row\" rowspan=\"2\">Demo</th><td>demo-1<sup>1</sup></td><td><del>October 1, 2026</del> January 15, 2027</td></tr>\
             <tr><td>demo-2</td><td>January 16, 2027<sup>2</sup></td></tr></tbody></table><p>1 Preview. 2 Noon.</p></body></html>",
            &["demo-1 2027-01-15", "demo-2 2027-01-16"],
        ),
        (
            "tabs of upcoming and past",
            MD,
            "<Tabs>\n<Tab title=\"Upcoming\">\n\n| Model | Shutdown date |\n|---|---|\n| `demo-1` | 2027-01-15 |\n\n</Tab>\n<Tab title=\"Past\">\n\n\
             | Model | Shutdown date |\n|---|---|\n| `demo-0` | 2026-01-15 |\n\n</Tab>\n</Tabs>\n",
            &["demo-1 2027-01-15", "demo-0 2026-01-15!"],
        ),
        (
            "a caption says what the table is about",
            HTML,
            "<html><body><table><caption>Retired models</caption><tr><th>Model</th><th>Retired on</th></tr><tr><td>demo-0</td><td>2026-01-15</td></tr></table>\
             <table><caption>Upcoming retirements</caption><tr><th>Model</th><th>Retires on</th></tr><tr><td>demo-1</td><td>2027-01-15</td></tr></table></body></html>",
            &["demo-0 2026-01-15!", "demo-1 2027-01-15"],
        ),
        (
            "one column for standard, one for provisioned",
            MD,
            "| Model | Retirement (standard) | Retirement (provisioned) |\n|---|---|---|\n| `demo-1` | 2027-01-15 | 2027-06-15 |\n",
            &["demo-1~standard 2027-01-15", "demo-1~provisioned 2027-06-15"],
        ),
        (
            "the row that is a heading of a group",
            MD,
            "| Model | Shutdown date | Replacement |\n|---|---|---|\n| **Preview models** | | |\n| `demo-1` | 2027-01-15 | `demo-2` |\n",
            &["demo-1 2027-01-15 demo-2"],
        ),
        (
            "a date first, then a list of what ends in one cell",
            HTML,
            "<html><body><table><tr><th>Date</th><th>Models being shut down</th></tr><tr><td>January 15, 2027</td><td><ul><li><code>demo-1</code></li>\
             <li><code>demo-2</code></li></ul></td></tr></table></body></html>",
            &["demo-1 2027-01-15", "demo-2 2027-01-15"],
        ),
        (
            "div tables are no tables, and say nothing wrong",
            HTML,
            "<html><body><div class=\"row\"><div>demo-1</div><div>2027-01-15</div></div></body></html>",
            &[],
        ),
    ]);
}

#[test]
fn lists_and_definitions() {
    check(&[
        (
            "an item with its date behind a dash",
            PROSE,
            "## Upcoming retirements\n\n- `demo-1` — retires January 15, 2027. Use `demo-2`.\n- `demo-3`: will be shut down on 2027-02-15, replaced by `demo-4`\n",
            &["demo-1 2027-01-15 demo-2", "demo-3 2027-02-15 demo-4"],
        ),
        (
            "a date, then what ends then",
            PROSE,
            "## Upcoming shutdowns\n\n- **January 15, 2027**: `demo-1`, `demo-2`\n- **February 15, 2027**: `demo-3`\n",
            &["demo-1 2027-01-15", "demo-2 2027-01-15", "demo-3 2027-02-15"],
        ),
        (
            "a date with a list below it",
            PROSE,
            "## Scheduled retirements\n\n- January 15, 2027\n  - `demo-1`\n  - `demo-2`\n- February 15, 2027\n  - `demo-3`\n",
            &["demo-1 2027-01-15", "demo-2 2027-01-15", "demo-3 2027-02-15"],
        ),
        (
            "an id with its date in brackets",
            PROSE,
            "### Models scheduled for shutdown\n\n* `demo-1` (January 15, 2027)\n* `demo-3` (February 15, 2027)\n",
            &["demo-1 2027-01-15", "demo-3 2027-02-15"],
        ),
        (
            "a definition list",
            HTML_PROSE,
            "<html><body><h2>Deprecated models</h2><dl><dt><code>demo-1</code></dt><dd>Retires on January 15, 2027. Use <code>demo-2</code> instead.</dd>\
             <dt><code>demo-3</code></dt><dd>Retires on February 15, 2027.</dd></dl></body></html>",
            &["demo-1 2027-01-15 demo-2", "demo-3 2027-02-15"],
        ),
        (
            "a heading for each model, facts below",
            PROSE,
            "## Deprecations\n\n### `demo-1`\n\n- Deprecated: January 5, 2026\n- Shutdown date: January 15, 2027\n- Replacement: `demo-2`\n\n### `demo-3`\n\n\
             - Deprecated: January 5, 2026\n- Shutdown date: February 15, 2027\n- Replacement: `demo-4`\n",
            &["demo-1 2027-01-15 demo-2", "demo-3 2027-02-15 demo-4"],
        ),
        (
            "an accordion for each notice",
            PROSE,
            "<AccordionGroup>\n<Accordion title=\"2026-07-01: Demo family\">\nWe will retire `demo-1` and `demo-2` on January 15, 2027. We recommend `demo-3`.\n</Accordion>\n</AccordionGroup>\n",
            &["demo-1 2027-01-15 demo-3", "demo-2 2027-01-15 demo-3"],
        ),
    ]);
}

#[test]
fn sentences_as_others_write_them() {
    let mut wrong = Vec::new();
    for (sentence, expected) in [
        ("Support for `demo-1` ends on January 15, 2027.", "demo-1 2027-01-15"),
        ("We are ending support for `demo-1` on January 15, 2027.", "demo-1 2027-01-15"),
        ("The last day to use `demo-1` is January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` will be available until January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` reaches end of life on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` will reach EOL on January 15, 2027.", "demo-1 2027-01-15"),
        ("On January 15, 2027, we'll sunset the `demo-1` model.", "demo-1 2027-01-15"),
        ("On 15 January 2027 `demo-1` will be switched off.", "demo-1 2027-01-15"),
        ("Starting January 15, 2027, calls to `demo-1` will fail.", "demo-1 2027-01-15"),
        ("From January 15, 2027, requests to `demo-1` will return an error.", "demo-1 2027-01-15"),
        ("`demo-1` is going away on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` will be turned down on January 15, 2027.", "demo-1 2027-01-15"),
        (
            "`demo-1` has been deprecated since June 1, 2026 and will be removed on January 15, 2027.",
            "demo-1 2027-01-15",
        ),
        ("We plan to retire `demo-1` on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` is scheduled for retirement on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` is scheduled to shut down on January 15, 2027; please use `demo-2`.", "demo-1 2027-01-15 demo-2"),
        ("The shutdown date for `demo-1` is January 15, 2027.", "demo-1 2027-01-15"),
        ("The retirement date of `demo-1` has been set to January 15, 2027.", "demo-1 2027-01-15"),
        (
            "`demo-1` and `demo-1-mini` will be discontinued on January 15, 2027.",
            "demo-1 2027-01-15|demo-1-mini 2027-01-15",
        ),
        ("Access to `demo-1` will end on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` will stop working on January 15, 2027.", "demo-1 2027-01-15"),
        ("`demo-1` will be decommissioned in Q1 2027.", "demo-1 2027-01-01q"),
        ("`demo-1` will not be retired before January 15, 2027.", "demo-1 ~2027-01-15"),
        ("The `demo-1` model was shut down on January 15, 2026.", "demo-1 2026-01-15!"),
        ("We retired `demo-1` on January 15, 2026.", "demo-1 2026-01-15!"),
    ] {
        let found = said(PROSE, &format!("# Notices\n\n{sentence}\n")).join("|");
        if found != expected {
            wrong.push(format!("{sentence}\n    found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} sentences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn catalogues_prices_and_news_say_nothing() {
    let mut wrong = Vec::new();
    for page in [
        "# Models\n\n| Model | Context window | Knowledge cutoff | Released |\n|---|---|---|---|\n| `demo-1` | 200k | 2025-06-30 | 2025-10-01 |\n",
        "# Models\n\n| Model ID | Release date | Training data cutoff | Status |\n|---|---|---|---|\n| `demo-1` | 2025-10-01 | Jun 2025 | Active |\n",
        "# Pricing\n\n| Model | Input | Output | Price valid until |\n|---|---|---|---|\n| `demo-1` | $1 | $2 | 2026-12-31 |\n",
        "# Pricing\n\n| Model | Input | Cached input | Cache expires after |\n|---|---|---|---|\n| `demo-1` | $1 | $0.1 | 5 minutes |\n",
        "# Pricing\n\n| Model | Promotion | Promotion ends |\n|---|---|---|\n| `demo-1` | 50 % off | 2026-12-31 |\n",
        "# Offers\n\n| Offer name | Start date | End date |\n|---|---|---|\n| Spring credits | 2026-03-01 | 2026-05-31 |\n",
        "# Free tier\n\n| Model | Free until |\n|---|---|\n| `demo-1` | 2026-12-31 |\n",
        "# Trials\n\n| Product | Trial expires |\n|---|---|\n| Demo | 14 days |\n",
        "# Keys\n\n| Key name | Created | Expires |\n|---|---|---|\n| ci-key-1 | 2026-01-01 | 2027-01-01 |\n",
        "# Certificates\n\n| Certificate | Expiration date |\n|---|---|\n| api-2026.example | 2027-01-01 |\n",
        "# Events\n\n| Event name | Start date | End date |\n|---|---|---|\n| Demo-Day-26 | 2026-10-01 | 2026-10-02 |\n",
        "# Rate limits\n\n| Model | RPM | TPM | Limit removed on |\n|---|---|---|---|\n| `demo-1` | 10 | 100 | 2026-10-01 |\n",
        "# Fine-tuning\n\n| Base model | Job started | Job ended |\n|---|---|---|\n| `demo-1` | 2026-10-01 | 2026-10-02 |\n",
        "# Maintenance\n\n| Service | Window start | Window end |\n|---|---|---|\n| api-1 | 2026-10-01 | 2026-10-02 |\n",
        "# News\n\nWe launched `demo-9` on June 1, 2026. It replaces `demo-8` as our best model.\n",
        "# News\n\n`demo-9` is now available. The early-access program ends on January 15, 2027.\n",
        "# News\n\nThe price of `demo-1` drops on January 15, 2027.\n",
        "# News\n\nOur webinar on `demo-1` ends on January 15, 2027 at 5 PM.\n",
        "# News\n\nApplications for the `demo-1` grant close on January 15, 2027.\n",
        "# News\n\n`demo-1` will be available from January 15, 2027.\n",
        "# News\n\nStarting January 15, 2027, `demo-1` supports images.\n",
        "# News\n\nOn January 15, 2027 `demo-1` will be upgraded to `demo-1.5` quality at no cost.\n",
        "# Policy\n\nWe give 60 days notice before a model such as `demo-1` is retired.\n",
        "# Policy\n\nModels are retired no sooner than 12 months after their release.\n",
        "# Incident\n\nFrom January 15, 2026 10:00 UTC requests to `demo-1` returned an error. This is resolved.\n",
        "# Docs\n\nUse `shutdown-1` to stop the server. `demo-1` shuts down gracefully.\n",
        "# Survey\n\n| Question | Closes on |\n|---|---|\n| demo-1 or demo-2? | 2026-12-31 |\n",
        "# Jobs\n\n| Position | Location | Application end date |\n|---|---|---|\n| Engineer-2 | Paris | 2026-12-31 |\n",
    ] {
        for settings in [MD, PROSE] {
            let found = said(settings, page);
            if !found.is_empty() {
                wrong.push(format!("{settings:?}: {page}    found {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} pages say something:\n{}", wrong.len(), wrong.join("\n"));
}
