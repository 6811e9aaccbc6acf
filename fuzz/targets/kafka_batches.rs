//! Record batches in every codec.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = kafka_wire::fuzz::batches(data);
});
