//! Compiles the wire contract without a `protoc`.

use std::error::Error;

const FILES: [&str; 6] =
    ["proto/auth.proto", "proto/election.proto", "proto/health.proto", "proto/kv.proto", "proto/lock.proto", "proto/rpc.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let mut config = prost_build::Config::new();
    // Keys and values share the buffer they arrived in.
    config.bytes(["."]);
    config.compile_fds(descriptors)?;
    Ok(())
}
