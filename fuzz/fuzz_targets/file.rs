//! Provider files: any text is read or refused, and what is read can be prepared, signed and checked.
#![no_main]

use forewarn::provider::catalog::prepare;
use forewarn::provider::file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match file::parse(text) {
        Ok(f) => {
            let id = f.id.to_string();
            let _ = prepare(f, &id, String::new());
        }
        Err(e) => {
            assert!(!e.message.is_empty());
            assert!(e.span.is_none_or(|s| text.get(s).is_some()), "a place outside the text");
        }
    }
});
