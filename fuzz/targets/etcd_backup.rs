//! A backup that somebody wants to restore.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = door_etcd::fuzz::backup(data);
});
