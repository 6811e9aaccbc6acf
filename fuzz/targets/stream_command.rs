//! A command of the stream machine.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    stream::fuzz(data);
});
