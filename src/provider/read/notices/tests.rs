//! Tests of notices in prose.

use crate::model::{Fact, ProviderId, ReadOutcome, SourceId};
use crate::provider::file::{self, Source};
use crate::provider::read::{ReadContext, table};

/// Matter, date and replacements of everything a page says.
fn said(page: &str) -> Vec<String> {
    let text = "format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n[sources.deprecations]\n\
                kind = \"table\"\nevidence = \"V\"\nurl = \"https://acme.example/d.md\"\nform = \"markdown\"\nprose = true\n";
    let provider = file::parse(text).unwrap();
    let Source::Table(source) = &provider.sources["deprecations"] else { panic!("a table source") };
    let ctx = ReadContext {
        provider: ProviderId::new("acme").unwrap(),
        provider_name: "Acme".to_owned(),
        source: SourceId::new("acme/deprecations").unwrap(),
        connection: None,
        received_at: "2026-08-20T08:00:02Z".parse().unwrap(),
    };
    let ReadOutcome::Ok(found) = table::read(source, &ctx, page.as_bytes()) else { panic!("{page} was not read") };
    found
        .iter()
        .map(|o| {
            let Fact::Ending(e) = &o.fact else { panic!("a page speaks of endings") };
            let date = e.deadline.as_ref().map_or_else(|| "-".to_owned(), |d| d.date.to_string());
            format!("{} {date} {}", o.matter.as_ref().unwrap(), e.replacements.join(","))
        })
        .collect()
}

#[test]
fn a_list_after_a_sentence_with_a_date_ends_then() {
    let page = "### 2026-01-05: Old ones\n\nEffective March 4th, 2026, the following models will be retired:\n\n* `demo-1`\n\
                * `demo-2` (and the alias `demo`)\n\nWe recommend you migrate to:\n\n* `demo-3`\n";
    assert_eq!(
        said(page),
        ["acme:demo-1 2026-03-04 demo-3", "acme:demo-2 2026-03-04 demo-3", "acme:demo 2026-03-04 demo-3"]
    );
}

#[test]
fn an_update_block_says_who_and_when_it_was_announced() {
    let page = "<Update label=\"2026-02-16\">\n  **Deprecated `demo-1` and `demo-2`**\n\n  We recommend migrating to [Demo Three](/x).\n\
                </Update>\n\n<Update label=\"2026-01-16\">\n  The `old_flag` parameter will no longer be supported after \
                **July 21, 2026**.\n</Update>\n";
    assert_eq!(
        said(page),
        ["acme:demo-1 - Demo Three", "acme:demo-2 - Demo Three", "acme:feature/old_flag 2026-07-21 "]
    );
}

#[test]
fn parameters_of_an_endpoint_end_and_the_endpoint_does_not() {
    let page = "Effective May 1, 2026, the following will be removed. \n\nDeprecated features:\n\n* `/v1/talk` parameters: `old_a`, `old_b`\n";
    assert_eq!(said(page), ["acme:feature/old_a 2026-05-01 ", "acme:feature/old_b 2026-05-01 "]);
}

#[test]
fn policies_catalogues_and_news_say_nothing() {
    for page in [
        "When a model is retired, requests to `demo-1` fail.",
        "`demo-1` may be retired with two weeks notice.",
        "We released `demo-9` on June 1, 2026. It replaces `demo-8`.",
        "`demo-1` remains available until further notice.",
        "| Model | Price | Release date |\n|---|---|---|\n| `demo-1` | $1 | 2026-01-01 |\n",
        "On June 1, 2026 prices of `demo-1` change.",
        "Removed `stop` from the documentation.",
    ] {
        assert_eq!(said(page), [""; 0], "{page}");
    }
}

#[test]
fn a_timeline_row_that_says_shut_down_counts_for_the_heading() {
    let page = "### 2026-06-03: Demo Builder\n\n| Date | Update |\n|---|---|\n| June 3, 2026 | Deprecation announced. |\n\
                | Oct 31, 2026 | Existing ones become read-only. |\n| Nov 30, 2026 | Demo Builder is scheduled to shut down. |\n";
    assert_eq!(said(page), ["acme:product/demo-builder 2026-11-30 "]);
}

#[test]
fn an_item_of_release_notes_speaks_for_itself() {
    let page = "## July 20, 2026\n\n- `demo-1` is deprecated.\n- The `demo-2` and `demo-3` models will be shut down on September 30, 2026. \
                Use `demo-9` instead.\n- `demo-4` will no longer be available after 2026-08-01.\n- We've shut down the following models:\n\
                \n  - `demo-5`\n- Launched `demo-9`.\n";
    assert_eq!(
        said(page),
        [
            "acme:demo-1 - ",
            "acme:demo-2 2026-09-30 demo-9",
            "acme:demo-3 2026-09-30 demo-9",
            "acme:demo-4 2026-08-01 ",
            "acme:demo-5 - ",
        ]
    );
}

#[test]
fn a_page_made_to_exhaust_us_is_read_in_linear_time() {
    let one = "`demo-1` will be shut down on 2026-09-01, **x** and ";
    let many = one.repeat(8_000);
    let spent = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec;
    let begun = spent();
    let _ = said(&many);
    let _ = said(&"* `demo-1` is deprecated.\n".repeat(5_000));
    assert!(spent() - begun < 30, "{} s of CPU", spent() - begun);
}
