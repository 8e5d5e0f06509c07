//! Family `ed25519`: static keys, shared keys with a pin.
#![no_main]

use forewarn::provider::file::{Scheme, Verify};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static WAYS: LazyLock<Vec<Verify>> = LazyLock::new(|| {
    forewarn_fuzz::ways(|v| matches!(v, Verify::Signed(s) if matches!(s.scheme, Scheme::Ed25519 { .. })))
});

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((first, rest)) if first % 2 == 0 => forewarn_fuzz::signed(&WAYS, rest),
        _ => forewarn_fuzz::forged(&WAYS, data),
    }
});
