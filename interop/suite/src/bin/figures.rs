//! Makes the tables of docs/benchmarks.md from the files in docs/benchmarks: `cargo run -p interop --bin figures`.

use interop::figures::{filled, places};
use std::fs;

fn main() -> Result<(), String> {
    let (document, folder) = places();
    let failed = |e: std::io::Error| format!("{}: {e}", document.display());
    let text = fs::read_to_string(&document).map_err(failed)?;
    fs::write(&document, filled(&text, &folder)?).map_err(failed)
}
