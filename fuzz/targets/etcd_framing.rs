//! gRPC's framing.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = door_etcd::fuzz::framing(data);
});
