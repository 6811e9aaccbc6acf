//! A journal's segment.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    journal::fuzz::fuzz(data);
});
