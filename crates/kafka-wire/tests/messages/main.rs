//! The generated messages: by themselves, by chance, damaged, and against another codec.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test")]

mod cases;
mod chance;
#[path = "../../examples/generate/emit.rs"]
mod emit;
#[path = "../../examples/generate/fill.rs"]
mod fill;
mod filler;
mod golden;
mod hot;
#[path = "../../examples/generate/model.rs"]
mod model;
mod oracle;
mod round_trip;
mod rules;
#[path = "../../examples/generate/wire.rs"]
mod wire;
