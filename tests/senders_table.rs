//! `docs/senders.md` says of every sender what its provider file says: the table is made here, and compared.

#![allow(clippy::unwrap_used)] // a test that cannot go on stops there

use forewarn::model::Kind;
use forewarn::provider::catalog::Catalog;
use forewarn::provider::file::{Evidence, Scheme, Source, Verify, WebhookSource};
use std::{collections::BTreeMap, fs};

fn proof(w: &WebhookSource) -> String {
    let one = |v: &Verify| match v {
        Verify::Signed(s) => match &s.scheme {
            Scheme::Hmac { algorithm, .. } => format!("HMAC-{}", format!("{algorithm:?}").to_uppercase()),
            Scheme::Ed25519 { .. } => "Ed25519".to_owned(),
        },
        Verify::Token(_) => "token".to_owned(),
        Verify::Basic(_) => "password".to_owned(),
        Verify::UrlToken => "secret address (a hint)".to_owned(),
    };
    let mut ways: Vec<String> = w.verify.iter().map(one).collect();
    ways.dedup();
    match &w.needs {
        Some(needs) => format!("off: needs {needs}"),
        None => ways.join(" or "),
    }
}

fn table() -> String {
    let catalog = Catalog::load(&[], &BTreeMap::new()).unwrap();
    let mut out = String::from("| sender | proof | told | evidence |\n|---|---|---|---|\n");
    for p in catalog.iter() {
        for source in p.file.sources.values() {
            let Source::Webhook(w) = source else { continue };
            let mut kinds: Vec<&str> = w.rules.iter().map(|r| r.kind).map(Kind::as_str).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let evidence = match w.evidence {
                Evidence::V => "V",
                Evidence::R => "R",
                Evidence::U => "U",
            };
            out.push_str(&format!(
                "| [{}]({}) `{}` | {} | {} | {evidence} |\n",
                p.file.name,
                p.file.url,
                p.file.id,
                proof(w),
                kinds.join(", ")
            ));
        }
    }
    out
}

#[test]
fn the_table_of_senders_says_what_their_files_say() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/senders.md")).unwrap();
    let made = table();
    assert!(page.contains(&made), "docs/senders.md has another table; the files say:\n{made}");
}
