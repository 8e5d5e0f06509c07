//! Families `token`, `basic` and `url_token`.
#![no_main]

use forewarn::provider::file::Verify;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static WAYS: LazyLock<Vec<Verify>> = LazyLock::new(|| forewarn_fuzz::ways(|v| !matches!(v, Verify::Signed(_))));

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 0 => forewarn_fuzz::signed(&WAYS, rest),
        _ => forewarn_fuzz::forged(&WAYS, data),
    }
});
