//! Writes `src/messages/` and the tests' list of messages from `messages.json`: `cargo run -p kafka-wire --example generate`.

#![allow(clippy::disallowed_methods, reason = "a tool that writes files")]

mod emit;
mod fill;
mod model;
mod wire;

use std::{fs, path::Path};

fn main() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(home.join("messages.json")).expect("the table lies beside the crate's manifest");
    for (path, text) in emit::files(&model::apis(&table)) {
        fs::write(home.join(&path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}
