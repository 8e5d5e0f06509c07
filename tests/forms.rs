//! Pages of the same kinds as the captured ones, written as other people write them: other columns and header words, other
//! styles of dates, lists, definition lists, tabs, nested and transposed tables. And pages of other kinds, which say nothing.
//! All of them are invented.

#![allow(clippy::unwrap_used)] // a test may fail

use forewarn::model::{Fact, Firmness, Precision, ReadOutcome, SourceId};
use forewarn::provider::file;
use forewarn::provider::read::{ReadContext, polled};

/// What a page says by these settings: id, date (`~` a floor, `m` `q` `y` less than a day, `!` ended), replacements.
fn said(settings: &str, page: &str) -> Vec<String> {
    let text = format!(
        "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.deprecations]\nkind = \"table\"\n\
         evidence = \"V\"\nurl = \"https://acme.example/d\"\n{settings}\n"
    );
    read_by(&text, page)
}

/// What a page says by the settings of a provider of ours.
fn said_by(provider: &str, page: &str) -> Vec<String> {
    let at = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("providers/{provider}.toml"));
    read_by(&std::fs::read_to_string(at).unwrap(), page)
}

fn read_by(file: &str, page: &str) -> Vec<String> {
    let provider = file::parse(file).unwrap();
    let cx = ReadContext {
        provider: provider.id.clone(),
        provider_name: provider.name.clone(),
        source: SourceId::of(&provider.id, "deprecations").unwrap(),
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
                    Precision::Half => "h",
                    Precision::Year => "y",
                };
                format!("{floor}{}{less}", d.date)
            },
        );
        let ended = if e.ended { "!" } else { "" };
        let id = o.matter.as_ref().unwrap().as_str().split_once(':').unwrap().1.to_owned();
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
        ("January 15, 2027, 9:00 a.m. PDT", "2027-01-15"),
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
        ("H1 2027", "2027-01-01h"),
        ("H2 2027", "2027-07-01h"),
        ("2027 H2", "2027-07-01h"),
        ("first half of 2027", "2027-01-01h"),
        ("second half of 2027", "2027-07-01h"),
        ("No sooner than H2 2027", "~2027-07-01h"),
        ("H3 2027", "?"),
        ("mid-2027", "?"),
        ("early 2027", "?"),
        ("end of H1 2027", "?"),
        ("no later than January 15, 2027", "?"),
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
        ("15.1.2027", "?"),
        ("around January 15, 2027", "?"),
        ("by January 15, 2027", "?"),
        ("January 15, 2027 (estimated)", "?"),
        ("week of January 15, 2027", "?"),
        ("January 15, 2027 (tentative)", "~2027-01-15"),
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
        "# Pricing\n\n| Model | Input | Output | Effective date |\n|---|---|---|---|\n| `demo-1` | $1 | $2 | January 15, 2027 |\n",
        "# Models\n\n| Model | Released | Knowledge cutoff date | Last updated |\n|---|---|---|---|\n| `demo-1` | 2026-01-15 | 2025-06-01 | 2026-08-01 |\n",
        "# Roadmap\n\n| Feature | Status | Target date |\n|---|---|---|\n| Streaming of `demo-1` | Planned | 2027-01-15 |\n",
        "# Changelog\n\n## 2026-08-01\n\n- Fixed a bug where `demo-1` stopped responding.\n- Removed the need for the `x-demo` header on August 1, 2026.\n- The `demo-1` docs moved.\n",
        "# Changelog\n\n## August 1, 2026\n\nWe fixed an outage of August 1, 2026 in which `demo-1` was unavailable.\n",
        "# Benchmarks\n\n| Model | Score | Run on |\n|---|---|---|\n| `demo-1` | 88.1 | 2026-07-01 |\n",
        "# Fine-tuning\n\nFiles of `demo-1` jobs are removed 30 days after the job has ended, for example on January 15, 2027.\n",
        "# Terms\n\nCredits for `demo-1` expire on January 15, 2027.\n",
        "# Availability\n\n| Model | us-east-1 | eu-west-1 |\n|---|---|---|\n| `demo-1` | since 2026-01-15 | from 2027-01-15 |\n",
        "# Preview\n\n`demo-9` is in preview until January 15, 2027, and generally available after that.\n",
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

/// Pages as each provider writes them, in forms that its captured page does not have. Ids are invented.
#[test]
fn pages_of_each_provider_in_other_forms() {
    let mut wrong = Vec::new();
    for (provider, page, expected) in OTHER_PAGES {
        let found = said_by(provider, page);
        if found != *expected {
            wrong.push(format!("{provider}: {page}\n    found    {found:?}\n    expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} pages:\n{}", wrong.len(), OTHER_PAGES.len(), wrong.join("\n"));
}

const OTHER_PAGES: &[(&str, &str, &[&str])] = &[
    (
        "openai",
        "# Deprecations\n\n## Models\n\n| Shutdown date | Affected model | Status | Recommended replacement | Notice date |\n|---|---|---|---|---|\n\
         | Dec 1, 2026 | `demo-4o-1`, `demo-4o-2` | Deprecated | `demo-6` | Jun 1, 2026 |\n| Dec 11, 2026 | `demo-o3-1` \\| `demo-o3` | Deprecated | `demo-6` | Jun 11, 2026 |\n\
         | \u{2014} | `demo-6` | Active | \u{2014} | \u{2014} |\n| Mar 26, 2026 | `demo-4-0` | Shutdown | `demo-5` or `demo-4.1` | Sep 26, 2025 |\n\
         | 2026\u{2011}10\u{2011}01 | `demo-mini` (including `demo-mini-1`) | Deprecated | --- | 2026\u{2011}07\u{2011}01 |\n",
        &[
            "demo-4o-1 2026-12-01 demo-6",
            "demo-4o-2 2026-12-01 demo-6",
            "demo-o3-1 2026-12-11 demo-6",
            "demo-o3 2026-12-11 demo-6",
            "demo-4-0 2026-03-26! demo-5,demo-4.1",
            "demo-mini 2026-10-01",
            "demo-mini-1 2026-10-01",
        ],
    ),
    (
        "openai",
        "# Deprecations\n\n### 2026-08-15: Demo snapshots\n\nOn August 15, 2026, we notified developers using `demo-2` and `demo-3` of their deprecation and \
         removal from the API on May 12, 2027. Please migrate to `demo-image-2`.\n\n### 2026-08-01: demo-latest\n\n`demo-latest` is deprecated and will be removed on \
         February 17, 2027.\n\n### 2026-07-01: Talk beta\n\nThe Talk beta interface (`Demo-Beta: talk=v1`) will be shut down on February 27, 2027.\n\n\
         ### 2026-06-01: demo-mod\n\nOn June 1, 2026, we notified developers using `demo-mod-1` of its deprecation and removal from the API in six months.\n\n\
         ### 2026-05-01: Demo Builder deprecation\n\n#### Timeline\n\n| Date | Update |\n|---|---|\n| May 1, 2026 | Deprecation announced. |\n\
         | Nov 30, 2026 | Demo Builder is scheduled to shut down. |\n",
        &[
            "product/demo-builder 2026-11-30",
            "demo-2 2027-05-12 demo-image-2",
            "demo-3 2027-05-12 demo-image-2",
            "demo-latest 2027-02-17",
            "api/demo-beta:-talk=v1 2027-02-27",
        ],
    ),
    (
        "anthropic",
        "# Deprecation notes\n\n#### September 2, 2026\n\n- We've deprecated the Demo Haiku 3.5 model (`demo-3-5-haiku-20241022`). It will be retired on February 19, 2027.\n\
         - We announced the deprecation of the Demo Sonnet 4 (`demo-sonnet-4-1`) and Opus 4 (`demo-opus-4-1`) models, with retirement scheduled for May 14, 2027.\n\
         - We've launched Demo Opus 5 (`demo-opus-5`).\n",
        &["demo-3-5-haiku-20241022 2027-02-19", "demo-sonnet-4-1 2027-05-14", "demo-opus-4-1 2027-05-14"],
    ),
    (
        "azure-openai",
        "<html><body><h2>Retirement</h2><table><tr><th>Model</th><th>Version</th><th>Retirement date</th><th>Replacement model</th></tr>\
         <tr><td><code>demo-35</code></td><td>1106</td><td>September 11, 2026</td><td><code>demo-4.1-mini</code> version: <code>2025-04-14</code></td></tr>\
         <tr><td>demo-4o</td><td>2024-07-18</td><td>March 31, 2027 (Standard), October 1, 2027 (all other deployment types)</td><td>demo-4.1</td></tr>\
         <tr><td><code>o1</code></td><td>2024-12-17</td><td>No earlier than July 15, 2027</td><td>n/a</td></tr></table>\
         <h2>Retired models</h2><table><tr><th>Model</th><th>Retirement date</th></tr><tr><td>demo-35 0301</td><td>February 13, 2025</td></tr></table>\
         <h2>Tuning</h2><table><tr><th>Model</th><th>Version</th><th>Training retirement date</th><th>Deployment retirement date</th></tr>\
         <tr><td>demo-35</td><td>1106</td><td>No earlier than 2026-12-31</td><td>2027-12-31</td></tr></table></body></html>",
        &[
            "demo-35-1106 2026-09-11 demo-4.1-mini",
            "demo-4o-2024-07-18~standard 2027-03-31 demo-4.1",
            "demo-4o-2024-07-18~other 2027-10-01 demo-4.1",
            "o1-2024-12-17 ~2027-07-15",
            "demo-35-0301 2025-02-13!",
            "demo-35-1106~fine-tuning 2027-12-31",
        ],
    ),
    (
        "bedrock",
        "<html><body><h2>Legacy versions</h2><table><tr><th>Model name</th><th>Model ID</th><th>Regions</th><th>Legacy date</th><th>EOL date</th></tr>\
         <tr><td rowspan=2>Demo 3.7</td><td rowspan=2>acme.demo-3-7-v1:0</td><td>us-east-1, us-east-2</td><td>October 28, 2025</td><td>April 28, 2027</td></tr>\
         <tr><td>us-gov-west-1</td><td>October 28, 2025</td><td>July 28, 2027</td></tr>\
         <tr><td>Demo G1</td><td>acme.demo-g1</td><td>us-east-1, us-west-2</td><td>5/1/2025</td><td>11/1/2026 (us-east-1); 12/1/2026 (us-west-2)</td></tr>\
         <tr><td>Demo 4</td><td>us-east-1</td><td>May 1, 2026</td><td>May 2, 2026</td><td>May 3, 2026</td></tr></table></body></html>",
        &[
            "acme.demo-3-7-v1:0~us-east-1 2027-04-28",
            "acme.demo-3-7-v1:0~us-east-2 2027-04-28",
            "acme.demo-3-7-v1:0~us-gov-west-1 2027-07-28",
            "acme.demo-g1~us-east-1 2026-11-01",
            "acme.demo-g1~us-west-2 2026-12-01",
            // Its cells have moved under other headers: nobody knows which date is which.
            "product/demo-4 ?",
        ],
    ),
    (
        "vertex",
        "<html><body><p><strong>Warning:</strong> The <code>demo-2.0-001</code> and <code>demo-2.0-lite-001</code> models will be discontinued on June 1, 2027. \
         Migrate to <code>demo-2.5</code>. retirement</p><p>Starting on June 24, 2025, Pictor versions 1 and 2 are deprecated. Pictor models <code>pictor@002</code> and \
         <code>pictor@005</code> will be removed on September 24, 2026.</p></body></html>",
        &[
            "demo-2.0-001 2027-06-01 demo-2.5",
            "demo-2.0-lite-001 2027-06-01 demo-2.5",
            "pictor@002 2026-09-24",
            "pictor@005 2026-09-24",
        ],
    ),
    (
        "mistral",
        "<html><body><table><tr><th>Model</th><th>Legacy date</th><th>Deprecation date</th><th>Retirement date</th><th>API Endpoints</th><th>Version</th><th>Alternative</th></tr>\
         <tr><td>Demo 7B</td><td></td><td>11/30/2025</td><td>3/30/2026</td><td><code>open-demo-7b</code></td><td>v0.3</td><td><a href=x>Demo 8B \u{2197}</a></td></tr>\
         <tr><td>Demo L</td><td></td><td>5/22/2026</td><td></td><td><code>demo-l-2411</code></td><td>24.11</td><td></td></tr></table></body></html>",
        &["open-demo-7b 2026-03-30 Demo 8B", "demo-l-2411 -"],
    ),
    (
        "together",
        "# Deprecations\n\n## Planned\n\n| Deprecation date | Model | Recommended alternatives | Dedicated |\n|---|---|---|---|\n| 2026-09-30 | `Acme/Demo-72B` | `Acme/Demo3-32B` | Yes |\n\n\
         ## Redirects\n\n| Original Model | Redirects To |\n|---|---|\n| `Acme-K2` | `Acme-K2-0905` |\n\n## History\n\n| Removal date | Model |\n|---|---|\n| 2026-02-25 | `Acme/Demo-14B` |\n",
        &["Acme/Demo-72B 2026-09-30 Acme/Demo3-32B", "Acme/Demo-14B 2026-02-25"],
    ),
    (
        "alibaba",
        "<html><body><h2>Models discontinued on October 10, 2026, 00:00:00 (UTC+08:00)</h2><table><tr><th>Type</th><th>Model ID</th><th>Alternative</th></tr>\
         <tr><td>Text</td><td>demo-turbo-1, demo-turbo-2</td><td>demo-flash</td></tr></table><h2>Models discontinued on August 20, 2026</h2><ul><li>demo-vl-1</li>\
         <li><code>demo-vl-2</code></li></ul></body></html>",
        &[
            "demo-turbo-1 2026-10-10 demo-flash",
            "demo-turbo-2 2026-10-10 demo-flash",
            "demo-vl-1 2026-08-20",
            "demo-vl-2 2026-08-20",
        ],
    ),
    (
        "fireworks",
        "# Changelog\n\n<Update label=\"2026-08-20\">\n  ## Deprecating models on serverless\n\n  The following models will be removed from serverless on September 5, 2026:\n\n\
         \x20 * Demo 3.1 405B (`accounts/acme/models/demo-v3p1-405b`)\n  * Demo K2 Instruct\n\n  They remain available on dedicated deployments. We recommend [Demo K3](https://x.example).\n</Update>\n\n\
         <Update label=\"2026-06-26\">\n  # Serverless deprecation\n\n  **Demo K2.5** is deprecated from serverless.\n\n  ## Migrations\n\n  * **Demo K2.5** \u{2014} migrate to **Demo K2.6**\n</Update>\n",
        &[
            "accounts/acme/models/demo-v3p1-405b~serverless 2026-09-05 Demo K3",
            "product/demo-k2-instruct~serverless 2026-09-05 Demo K3",
            "product/demo-k2.5~serverless - Demo K2.6",
        ],
    ),
    (
        "perplexity",
        "# Changelog\n\n<Update label=\"February 2026\">\n**Notice**\n\nPlease note that as of February 22, 2026, several models will no longer be accessible. The following model names will no \
         longer be available via API:\n\n`demo-small-online`\n\n`demo-large-online`\n\nWe recommend updating to our new family.\n</Update>\n",
        &["demo-small-online 2026-02-22", "demo-large-online 2026-02-22"],
    ),
    (
        "moonshot",
        "# Kimi models\n\n## Retired models\n\n| Model | Retirement date | Notes |\n|---|---|---|\n| `demo-latest` | January 28, 2026 | Use `demo-k2.5` |\n\n## Notices\n\n\
         - `demo-v1-8k`, `demo-v1-32k`: will be taken offline on 2026-09-30\n\n> [!WARNING]\n> `demo-k1` retires Sept. 15, 2026 (originally August 1, 2026). Switch to `demo-k3`.\n\n:::caution\n\
         `demo-k0` goes offline on 2026-10-15.\n:::\n",
        &[
            "demo-latest 2026-01-28! demo-k2.5",
            "demo-v1-8k 2026-09-30",
            "demo-v1-32k 2026-09-30",
            "demo-k1 2026-09-15 demo-k3",
            "demo-k0 2026-10-15",
        ],
    ),
    (
        "xai",
        "# Model retirement: August 1, 2027\n\nOn **August 1, 2027 at 12:00 PM PT**, the following models will be retired.\n\n| Model being retired | Redirect target after August 1 |\n|---|---|\n\
         | `demo-3` | `demo-4.3` with `low` effort |\n\n## Older\n\n`demo-beta` was deprecated on 2025-01-01.\n",
        &["demo-3 2027-08-01 demo-4.3", "demo-beta -"],
    ),
    (
        "cohere",
        "# Deprecations\n\n### 2025-09-15: Various\n\nEffective September 15, 2025, the following deprecations will roll out.\n\nDeprecated models:\n\n- `demo-r` (and the alias `demo`)\n\n\
         Use `demo-a` instead.\n",
        // Deprecated then, not ended: a later notice will say when.
        &["demo-r - demo-a", "demo - demo-a"],
    ),
    (
        "mistral",
        "<html><body><table><tr><th>Model</th><th>API</th><th>Retirement</th><th>Alternative</th></tr><tr><td>Demo</td><td>demo-2405</td><td>6/16/2026</td>\
         <td><a href=\"/models/demo-25-08?x=1\">Demo</a></td></tr></table></body></html>",
        // Both are called Demo: the address of the other's page tells them apart.
        &["demo-2405 2026-06-16 demo-25-08,Demo"],
    ),
    (
        "zai",
        "# Notes\n\n<Update label=\"2026-07-01\">\n  `demo-4.5`, `demo-4.5-air` will go offline on July 31, 2027 and calls of the model will be routed to `demo-4.7`.\n</Update>\n",
        &["demo-4.5 2027-07-31 demo-4.7", "demo-4.5-air 2027-07-31 demo-4.7"],
    ),
    (
        "cohere",
        "# Deprecations\n\n### 2026-06-01: API v1\n\nThe `v1/chat` endpoint will be removed on December 1, 2026. Use `v2/chat` instead.\n\nThe `demo_quality` parameter is deprecated and will \
         stop working after March 1, 2027.\n\n### 2026-05-01: Table of another kind\n\nEffective May 1, 2027, the following models will be retired:\n\n| When | Deprecated model | Recommended replacement |\n\
         |---|---|---|\n| 2027-04-30 | `demo-r-1` | `demo-r-2` |\n",
        // "When" may be the end or not: the date in its column is for a person to look at, and no other date is taken for it.
        &["api/v1/chat 2026-12-01 v2/chat", "feature/demo_quality 2027-03-01", "demo-r-1 ? demo-r-2"],
    ),
];

#[test]
fn pages_of_other_vendors() {
    check(&[
        (
            "versions of an API by their sunset",
            MD,
            "# Version history\n\n| Version | Release date | Sunset date |\n|---|---|---|\n| v17 | May 1, 2025 | **January 15, 2027** |\n| v18 | May 1, 2026 | — |\n",
            &["v17 2027-01-15"],
        ),
        (
            "releases of a runtime",
            MD,
            "# Releases\n\n| Release | Status | Initial release | Maintenance start | End-of-life |\n|---|---|---|---|---|\n| demo-20 | Maintenance | 2023-04-18 | 2024-10-22 | 2027-04-30 |\n",
            &["demo-20 2027-04-30"],
        ),
        (
            "a heading with the day, bullets with reasons",
            PROSE,
            "# Breaking changes\n\n## Models retiring on 2027-01-01\n\n- `demo-1`\n- `demo-2`\n\n## Models retiring on 2027-04-01\n\n- `demo-3`: use `demo-9`\n",
            &["demo-1 2027-01-01", "demo-2 2027-01-01", "demo-3 2027-04-01 demo-9"],
        ),
        (
            "a banner",
            HTML_PROSE,
            "<html><body><h1>Models</h1><div class=\"warn\"><p><strong>Deprecation notice:</strong> <code>demo-1</code> is deprecated and will be shut down on \
             <time datetime=\"2027-01-15\">January 15, 2027</time>. Please migrate to <code>demo-2</code>.</p></div></body></html>",
            &["demo-1 2027-01-15 demo-2"],
        ),
        (
            "a table of ids and aliases with a note below",
            MD,
            "## Legacy models\n\n| Name | API ID | Alias | Shutdown |\n|---|---|---|---|\n| Demo One | `demo-1-20250101` | `demo-1-latest` | Jan 15, 2027 |\n\nPrices rise on March 1, 2027.\n",
            &["demo-1-20250101 2027-01-15"],
        ),
        (
            "a cell that says how long it has been gone",
            MD,
            "| Model | Status | Shutdown date |\n|---|---|---|\n| `demo-0` | Shut down | January 15, 2026 (217 days ago) |\n",
            &["demo-0 2026-01-15!"],
        ),
        (
            "the year is in the heading alone",
            PROSE,
            "# Retirements 2027\n\n| Model | Retirement date |\n|---|---|\n| `demo-1` | January 15 |\n",
            &["demo-1 ?"],
        ),
        (
            "a question and its answer",
            PROSE,
            "# FAQ\n\n**When will `demo-1` be retired?** January 15, 2027.\n\n**Is `demo-2` going away?** No.\n",
            &[],
        ),
        (
            "both days of a pair of columns",
            MD,
            "| Model | Deprecation date | Retirement date |\n|---|---|---|\n| `demo-1` | 2026-06-15 | 2027-01-15 |\n| `demo-2` | 2026-06-15 | TBD |\n",
            &["demo-1 2027-01-15", "demo-2 -"],
        ),
        (
            "a timeline of one thing",
            MD,
            "# Deprecations\n\n## Demo Studio deprecation\n\n| Date | Change |\n|---|---|\n| June 1, 2026 | No new projects. |\n| January 15, 2027 | Demo Studio shuts down. |\n",
            &["product/demo-studio 2027-01-15"],
        ),
        (
            "ended last year, by a sentence",
            PROSE,
            "# Changelog\n\n## 2026-03-01\n\nWe have retired `demo-0` on March 1, 2026. Requests return 404. Use `demo-1` instead.\n",
            &["demo-0 2026-03-01! demo-1"],
        ),
        (
            "brought forward",
            PROSE,
            "# Deprecations\n\nThe retirement of `demo-1` has been moved from March 1, 2027 to January 15, 2027.\n",
            &["demo-1 ?"],
        ),
    ]);
}

/// Found by changing pages (`mutated.rs`): what moved under another header, or is doubted by its own words, is for a person.
#[test]
fn what_a_page_does_not_say_for_sure_is_for_a_person() {
    check(&[
        (
            "cells one column to the right of their headers",
            MD,
            "| Model ID | Regions | Legacy date | EOL date | Replacement |\n|---|---|---|---|---|\n| 17 | `demo-1` | us-east-1 | January 15, 2026 | January 15, 2027 |\n",
            &["17 ?"],
        ),
        (
            "an id where a date is promised",
            MD,
            "| Model | Release date | Shutdown date |\n|---|---|---|\n| `demo-2` | `demo-1` | January 15, 2027 |\n",
            &["demo-2 ?"],
        ),
        (
            "two dates for one thing in one table, and nothing tells them apart",
            MD,
            "| Model | Announced | Shutdown date |\n|---|---|---|\n| `demo-1` | May 1, 2026 | January 15, 2027 |\n| `demo-1` | June 1, 2026 | March 15, 2027 |\n",
            &["demo-1 ?"],
        ),
        (
            "a column of regions that is not called so",
            MD,
            "| Model | Where | Shutdown date |\n|---|---|---|\n| `demo-1` | us-east-1 | January 15, 2027 |\n| `demo-1` | eu-west-1 | March 15, 2027 |\n",
            &["demo-1~us-east-1 2027-01-15", "demo-1~eu-west-1 2027-03-15"],
        ),
        (
            "dates that their own words doubt",
            PROSE,
            "# Deprecations\n\n`demo-1` will be shut down around January 15, 2027.\n\n`demo-2` will be retired on January 15, 2027 (estimated).\n\n\
             The following models will be retired on March 1, 2027:\n\n- `demo-3`\n- `demo-4`: around May 1, 2027\n",
            &["demo-1 ?", "demo-2 ?", "demo-3 2027-03-01", "demo-4 ?"],
        ),
        (
            "the latest day of an end is no day of it; that of a migration is no date at all",
            PROSE,
            "# Deprecations\n\n`demo-1` will be removed by January 15, 2027.\n\n`demo-2` is deprecated. Migrate by January 15, 2027.\n",
            &["demo-1 ?", "demo-2 -"],
        ),
        (
            "when it was announced, with a remark",
            PROSE,
            "# Deprecations\n\n## Demo\n\nOn December 2, 2026 (originally November 2, 2026), we announced the deprecation of `demo-1`. It will be shut down on May 2, 2027.\n",
            &["demo-1 2027-05-02"],
        ),
    ]);
}

#[test]
fn a_page_that_is_an_error_or_a_login_is_none() {
    let error =
        |title: &str| format!("<!doctype html><html><body><h1>{title}</h1><p>DeepSeek models</p></body></html>");
    for provider in ["deepseek", "moonshot", "zai", "minimax"] {
        for title in ["Page Not Found", "404", "Just a moment...", "Sign in to continue", "503 Service Unavailable"] {
            let found = said_by(provider, &error(title));
            assert!(found.len() == 1 && found[0].starts_with("GuardFailed"), "{provider} {title}: {found:?}");
        }
    }
}
