//! A header block (HPACK).

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = http2::fuzz::header_block(data);
});
