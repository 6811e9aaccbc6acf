//! The Rust `etcd-client` against ours (and the real etcd, to see that the story itself is right).
//!
//! That crate compiles .proto files with `protoc` when it is built, so it lives in a small workspace of its own, built
//! with a stand-in: `interop/clients/protoc`.

use interop::peers::{peers, repository};
use interop::{Server, Settings};
use std::path::{Path, PathBuf};
use std::process::Command;

fn build(name: &str, target: &Path, protoc: Option<&Path>) -> PathBuf {
    let manifest = repository().join("interop/clients").join(name).join("Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(target);
    if let Some(protoc) = protoc {
        cargo.env("PROTOC", protoc);
    }
    assert!(cargo.status().expect("cargo can be run").success(), "interop/clients/{name} could not be built");
    target.join("debug")
}

#[tokio::test]
async fn the_rust_client_is_served() {
    // Beside the folder that this test was built in: target/<profile>/deps.
    let test = std::env::current_exe().expect("a program knows its own file");
    let target = test.ancestors().nth(3).expect("a test lies in target/<profile>/deps").join("clients");
    let protoc = build("protoc", &target, None).join("protoc");
    let story = build("etcd-client", &target, Some(&protoc)).join("etcd-client-story");
    let mut servers = vec![Server::start(Settings::subject()).await];
    if let Some(peers) = peers("the client's story on the real etcd") {
        servers.push(Server::start(Settings::etcd(peers)).await);
    }
    for server in &servers {
        let output = Command::new(&story).arg(server.address()).output().expect("it can be started");
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{:?}: {out}{error}", server.kind());
        print!("{:?}:\n{out}", server.kind());
        assert_eq!(out.lines().count(), 5, "{out}");
    }
}
