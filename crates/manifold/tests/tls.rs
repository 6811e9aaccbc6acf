//! Doors with TLS, asked by curl, which speaks gRPC's frames well enough.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod node;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use node::{Node, command, get, text};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// A certificate for this machine that signs itself, and its key.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.write("cert.pem", include_str!("../src/config/tests/cert.pem"));
        files.write("key.pem", include_str!("../src/config/tests/key.pem"));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn arguments(&self) -> Vec<String> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        ["--tls-cert".to_owned(), path("cert.pem"), "--tls-key".to_owned(), path("key.pem")].into()
    }

    /// An authority in `ca.pem`, and what it signed for a client in `client.pem` and `client-key.pem`.
    fn add_client(&self) {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        self.write("ca.pem", &ca.self_signed(&ca_key).unwrap().pem());
        let mut client = CertificateParams::default();
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        self.write("client.pem", &client.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().pem());
        self.write("client-key.pem", &key.serialize_pem());
    }

    fn start(&self, more: &[&str]) -> Node {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        Node::start(&arguments)
    }
}

/// curl, with the certificate trusted; its output, if it succeeded.
fn curl(cert: &Path, arguments: &[&str]) -> Result<Vec<u8>, Output> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "20", "--cacert"]).arg(cert).args(arguments);
    let output = curl.stdin(Stdio::null()).output().expect("these tests need curl");
    if output.status.success() { Ok(output.stdout) } else { Err(output) }
}

/// A call with an empty request: `member list` of the etcd door.
fn member_list(cert: &Path, url: &str, more: &[&str], folder: &Path) -> Result<String, Output> {
    let request = folder.join("request");
    fs::write(&request, [0; 5]).unwrap();
    let (body, url) = (format!("@{}", request.display()), format!("{url}/etcdserverpb.Cluster/MemberList"));
    let fields = ["-H", "content-type: application/grpc", "-H", "te: trailers", "--data-binary", &body, &url];
    let answer = curl(cert, &[&["--http2-prior-knowledge"], more, &fields[..]].concat())?;
    Ok(text(&answer))
}

#[test]
fn both_doors_speak_tls_and_say_so() {
    let files = Files::new();
    let node = files.start(&[]);
    let cert = files.path("cert.pem");
    let health = curl(&cert, &[&format!("https://{}/health", node.http)]).unwrap();
    assert!(text(&health).starts_with("{\"health\":\"true\",\"reason\":\"\","), "{}", text(&health));

    let members = member_list(&cert, &format!("https://{}", node.etcd), &[], files.folder.path()).unwrap();
    assert!(members.contains(&format!("https://{}", node.etcd)), "clients are told https: {members:?}");
    let status = node.ctl(&["status"]);
    assert_eq!(status.status.code(), Some(0), "administration needs no certificate: {}", text(&status.stderr));

    // Plain text gets no answer, and the log says what to do.
    assert!(curl(&cert, &[&format!("http://{}/health", node.http)]).is_err());
    let begin = Instant::now();
    while !node.log().contains("the client speaks plain text, and this door speaks TLS") {
        assert!(begin.elapsed() < Duration::from_secs(10), "{}", node.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    let metrics = text(&curl(&cert, &[&format!("https://{}/metrics", node.http)]).unwrap());
    for line in [
        "manifold_connections_refused_total{door=\"http\",reason=\"tls_plain_text\"} 1\n",
        "manifold_connections_refused_total{door=\"etcd\",reason=\"tls_plain_text\"} 0\n",
        "manifold_tls_handshakes_total{door=\"etcd\"} 1\n",
        "manifold_tls_files_unusable_total{door=\"etcd\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[test]
fn a_door_that_requires_a_certificate_lets_nobody_in_without_one() {
    let files = Files::new();
    files.add_client();
    let cert = files.path("cert.pem");
    let [ca, client, key] = ["ca.pem", "client.pem", "client-key.pem"].map(|name| files.path(name).display().to_string());
    let node = files.start(&["--tls-client-ca", &ca, "--http-tls", "off"]);
    assert_eq!(get(&node.http, "/health").0, 200, "the HTTP door was told to speak plain text");
    let url = format!("https://{}", node.etcd);
    assert!(member_list(&cert, &url, &[], files.folder.path()).is_err(), "no certificate");
    assert!(node.log().contains("the client shows no certificate, and this door requires one"), "{}", node.log());
    let own = ["--cert", &client, "--key", &key];
    let members = member_list(&cert, &url, &own, files.folder.path()).unwrap();
    assert!(members.contains(&url), "{members:?}");
}

#[test]
fn new_files_are_noticed_without_a_restart() {
    let files = Files::new();
    let mut node = files.start(&[]);
    files.write("key.pem", "nothing");
    node.wait_for_line("the new certificates of the etcd door cannot be used and the former ones stay");
    curl(&files.path("cert.pem"), &[&format!("https://{}/livez", node.http)]).unwrap();
    files.write("key.pem", include_str!("../src/config/tests/key.pem"));
    node.wait_for_line("the certificates of the etcd door were read anew");
}

#[test]
fn a_key_that_others_can_read_is_refused_before_anything_is_done() {
    let files = Files::new();
    fs::set_permissions(files.path("key.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let data_dir = files.path("data");
    let output = command(&data_dir).args(files.arguments()).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", text(&output.stderr));
    let advice = format!("take that away with: chmod 600 {}", files.path("key.pem").display());
    assert!(text(&output.stderr).contains(&advice) && !data_dir.exists(), "{}", text(&output.stderr));
}
