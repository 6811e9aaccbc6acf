//! A request to the etcd door.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = door_etcd::fuzz::request(data);
});
