//! The reading of messages by the rules of every provider file: no panic, no hole into logs, headers or ids.
#![no_main]

use forewarn::model::{ConnectionId, ReadOutcome, SourceId};
use forewarn::provider::catalog::Catalog;
use forewarn::provider::read::ReadContext;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::load(&[], &BTreeMap::new()).unwrap_or_else(|bad| panic!("{bad:?}")));

fuzz_target!(|data: &[u8]| {
    let readers: Vec<_> = CATALOG.iter().filter_map(|p| Some((p, p.webhook()?))).collect();
    // By length, so that fixtures serve as seeds as they are.
    let (provider, reader) = readers[data.len() % readers.len()];
    let (head, body) = match data.split_first() {
        Some((b'{' | b'[', _)) | None => (&[][..], data),
        Some((n, rest)) => rest.split_at(usize::from(*n).min(rest.len())),
    };
    let text: String = String::from_utf8_lossy(head).into_owned();
    let headers: Vec<_> = reader.headers_read().into_iter().map(|h| (h, text.clone())).collect();
    let Ok(source) = SourceId::of(&provider.file.id, "webhook") else { return };
    let cx = ReadContext {
        provider: provider.file.id.clone(),
        provider_name: provider.file.name.clone(),
        source,
        connection: ConnectionId::of(&provider.file.id, "main").ok(),
        received_at: jiff::Timestamp::from_second(1_795_420_800).unwrap_or_default(),
    };
    let _ = reader.proven_id(&headers, body, Some(0));
    match reader.read(&cx, &headers, body) {
        ReadOutcome::Ok(seen) => {
            for o in seen {
                for text in [Some(&o.title), Some(&o.summary), o.native_type.as_ref()].into_iter().flatten() {
                    assert!(!text.chars().any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}')), "{text:?}");
                }
                assert!(o.title.chars().count() <= 201 && o.summary.chars().count() <= 1_001);
                assert!(o.url.is_none_or(|u| u.starts_with("https://") || u.starts_with("http://")));
            }
        }
        ReadOutcome::Unreadable(why) | ReadOutcome::GuardFailed(why) => assert!(!why.is_empty()),
    }
});
