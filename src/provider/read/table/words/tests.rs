//! Tests of the words of a row.

use super::*;
use crate::provider::read::page::{Block, Written, blocks};

fn cell(markdown: &str) -> Cell {
    let page = blocks(&format!("| A |\n|---|\n| {markdown} |\n"), Written::Markdown).unwrap();
    let Block::Table(grid) = &page[0] else { panic!("a table") };
    grid.rows.first().map(|r| r.cells[0].clone()).unwrap_or_default()
}

fn matters(markdown: &str) -> Vec<String> {
    let platform = ProviderId::new("p").unwrap();
    let found = subjects(&platform, &cell(markdown), false);
    found.iter().map(|n| n.subject.matter_id().unwrap().to_string()).collect()
}

#[test]
fn every_way_to_list_aliases_is_understood() {
    assert_eq!(matters(r"`a-1` \| `a`, `a-1-x`"), ["p:a-1", "p:a", "p:a-1-x"]);
    assert_eq!(matters(r"`a-1 \| b`"), ["p:a-1", "p:b"]);
    assert_eq!(matters("`a-1` (including `y` and `z`, which point to this snapshot)"), ["p:a-1", "p:y", "p:z"]);
    assert_eq!(matters("`command-x-1` (and the alias `command-x`)"), ["p:command-x-1", "p:command-x"]);
    assert_eq!(matters("a-1, a-2"), ["p:a-1", "p:a-2"]);
    assert_eq!(matters(r"a-1 \| a-2*"), ["p:a-1", "p:a-2"]);
    assert_eq!(matters("Name One (`acme.name-1`)"), ["p:acme.name-1"]);
    assert_eq!(matters("The `a-1` model"), ["p:a-1"]);
}

#[test]
fn what_is_no_model_stays_in_words() {
    assert_eq!(matters("Videos API"), ["p:api/videos-api"]);
    assert_eq!(matters("`/v1/fine-tunes`"), ["p:api/v1/fine-tunes"]);
    assert_eq!(matters("Acme-Beta: realtime=v1"), ["p:api/acme-beta:-realtime=v1"]);
    assert_eq!(matters("New fine-tuning training on `a-1`"), ["p:product/new-fine-tuning-training-on-a-1"]);
    assert_eq!(matters("Preview models"), ["p:product/preview-models"]);
    assert_eq!(matters("ada"), ["p:product/ada"]);
    assert_eq!(matters("---"), [""; 0]);
    assert_eq!(matters(""), [""; 0]);
}

#[test]
fn ids_in_code_keep_their_case_and_length() {
    let long = format!("m-{}", "x".repeat(200));
    assert_eq!(matters(&format!("`{long}`")), [format!("p:{long}")]);
    assert_eq!(matters("` Acme/Demo-7B `"), ["p:Acme/Demo-7B"]);
}

#[test]
fn a_replacement_is_an_id_and_a_setting_is_none() {
    let r = |markdown: &str| replacements(&cell(markdown));
    assert_eq!(r("`b-2` (`reasoning.mode: pro`)"), ["b-2"]);
    assert_eq!(r("`b-2` or `b-1*`"), ["b-2", "b-1"]);
    assert_eq!(r("`b-3`, `b-2`, or `b-1`"), ["b-3", "b-2", "b-1"]);
    assert_eq!(r("b-2"), ["b-2"]);
    assert_eq!(r("b-2 acme/b-3 or b-1 (preview)"), ["b-2", "acme/b-3", "b-1"]);
    assert_eq!(r("Answers API and Talks API*"), ["Answers API and Talks API"]);
    assert_eq!(r("[/v1/models](https://a.example/x)"), ["/v1/models"]);
    for none in ["---", "\u{2014}", "", "N/A", "(none)"] {
        assert_eq!(r(none), [""; 0], "{none}");
    }
}
