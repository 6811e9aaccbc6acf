//! Frames between nodes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = peer::fuzz::frames(data);
});
