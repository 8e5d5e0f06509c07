//! Handshakes: whatever is asked, an answer has a good status, headers without line ends, and JSON that is JSON.
#![no_main]

use forewarn::provider::file::HandshakeTable;
use forewarn::provider::handshake::{Question, answer, headers_read};
use forewarn_fuzz::{Pieces, sources};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TABLES: LazyLock<Vec<(Vec<HandshakeTable>, Vec<String>)>> = LazyLock::new(|| {
    let all = sources().iter().filter(|s| !s.handshakes.is_empty());
    let out: Vec<_> = all.map(|s| (s.handshakes.clone(), headers_read(s))).collect();
    assert!(!out.is_empty());
    out
});

fuzz_target!(|data: &[u8]| {
    let mut p = Pieces(data);
    let (tables, names) = &TABLES[usize::from(p.byte()) % TABLES.len()];
    let signed = p.byte() % 2 == 0;
    let method = ["POST", "OPTIONS", "GET"][usize::from(p.byte()) % 3];
    let headers: Vec<_> = names.iter().map(|n| (n.clone(), String::from_utf8_lossy(p.piece()).into_owned())).collect();
    let body = serde_json::from_slice(p.0).ok();
    let q = Question { method, headers: &headers, body: body.as_ref().filter(|_| signed) };
    let Some(reply) = answer(tables, signed, q, &|text| Some(format!("{text:?}"))) else { return };
    assert!((200..300).contains(&reply.status));
    assert!(reply.headers.iter().all(|(_, v)| v.bytes().all(|b| (0x20..0x7f).contains(&b))), "{reply:?}");
    if reply.headers.iter().any(|(k, v)| k == "content-type" && v == "application/json") {
        assert!(serde_json::from_str::<serde_json::Value>(&reply.body).is_ok(), "{reply:?}");
    }
});
