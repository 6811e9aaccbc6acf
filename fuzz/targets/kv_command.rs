//! A command of the key-value machine.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kv::fuzz(data);
});
