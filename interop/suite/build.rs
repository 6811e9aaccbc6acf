//! Compiles the etcd door's .proto files once more, as a client sees them.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from("../../crates/door-etcd/proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&root)? {
        files.push(entry?.path());
    }
    let descriptors = protox::compile(files, [&root])?;
    let mut config = prost_build::Config::new();
    config.include_file("etcd.rs");
    // Printed as text in a failure, unlike a vector of numbers.
    config.bytes(["."]);
    tonic_prost_build::configure().build_server(false).compile_fds_with_config(descriptors, config)?;
    Ok(())
}
