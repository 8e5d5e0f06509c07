//! The examples of `providers/README.md` are what the parser reads.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::provider::file;
use std::fs;

#[test]
fn every_example_of_the_reference_is_accepted() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = fs::read_to_string(format!("{root}/providers/README.md")).unwrap();
    let openai = fs::read_to_string(format!("{root}/providers/openai.toml")).unwrap();
    let blocks: Vec<&str> =
        readme.split("```toml\n").skip(1).map(|rest| rest.split_once("```").expect("a closed block").0).collect();
    assert!(blocks.len() >= 8, "{} examples", blocks.len());
    for block in blocks {
        if block.starts_with("[provider.") {
            let config: toml::Table = toml::from_str(block).unwrap();
            for overlay in config["provider"].as_table().unwrap().values() {
                file::parse_with_overlay(&openai, overlay.as_table().unwrap())
                    .unwrap_or_else(|e| panic!("{block}: {e}"));
            }
            continue;
        }
        let mut text = String::from("format = 1\nid = \"acme\"\nname = \"Acme\"\nurl = \"https://acme.example\"\n");
        if block.contains("[sources.webhook") || block.contains("[[sources.webhook") {
            if !block.contains("[sources.webhook]") {
                text.push_str("[sources.webhook]\nkind = \"webhook\"\nevidence = \"V\"\n");
            }
            if !block.contains("[sources.webhook.verify]") {
                text.push_str("[sources.webhook.verify]\nfamily = \"token\"\nheader = \"x-token\"\n");
            }
            text.push_str(block);
            if !block.contains("[sources.webhook.event]") {
                text.push_str("\n[sources.webhook.event]\ntype = \"/type\"\n");
            }
        } else {
            text.push_str(block);
        }
        file::parse(&text).unwrap_or_else(|e| panic!("{text}\n{e} at {:?}", e.span));
    }
}
