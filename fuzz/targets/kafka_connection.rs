//! What a Kafka client sends, one request after the other; the hot ones down to their fields.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = kafka_wire::fuzz::connection(data);
});
