//! Where the real peers are, and what happens where they cannot be built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The binaries that `interop/peers/build` makes.
#[derive(Debug, Clone)]
pub struct Peers {
    /// The real etcd.
    pub etcd: PathBuf,
    /// The real etcdctl.
    pub etcdctl: PathBuf,
}

/// The real etcd and etcdctl, built on first use; `None`, with a plain word about what is left out, where Go is
/// missing. With `CI=true` that is a failure instead.
pub fn peers(left_out: &str) -> Option<&'static Peers> {
    static BUILT: OnceLock<Result<Peers, String>> = OnceLock::new();
    match BUILT.get_or_init(build) {
        Ok(peers) => Some(peers),
        Err(why) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "with CI=true nothing is left out: {why}");
            eprintln!("LEFT OUT: {left_out}: {why}");
            None
        }
    }
}

fn build() -> Result<Peers, String> {
    let folder = repository().join("interop/peers");
    let status = Command::new(folder.join("build")).status().map_err(|e| format!("interop/peers/build cannot be run: {e}"))?;
    match status.code() {
        Some(0) => Ok(Peers { etcd: folder.join("bin/etcd"), etcdctl: folder.join("bin/etcdctl") }),
        Some(3) => Err("the Go tool chain is not installed".into()),
        code => panic!("interop/peers/build failed ({code:?}); its output is above"),
    }
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().and_then(Path::parent).expect("the suite lies two folders deep")
}
