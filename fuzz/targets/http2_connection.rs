//! What a peer of HTTP/2 sends.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = http2::fuzz::connection(data);
});
