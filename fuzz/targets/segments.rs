//! A segment of records. The seal makes its checksums right, so that what lies behind them is read, too.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    segments::fuzz::fuzz(data);
    segments::fuzz::fuzz(&segments::fuzz::sealed(data));
});
