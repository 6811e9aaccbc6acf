//! Real clients of Kafka (librdkafka, aiokafka, the Java client and Kafka's own tools, franz-go, kcat) report what they see of ours. Every
//! line has to be what they reported of the real Kafka, but for the cases of `interop/clients/differences`, where every line is written
//! down, with the reason.

use interop::kafka_clients::{Differences, Outcome, PROGRAMS, compare, expected, kafka_clients, report};
use interop::peers::repository;
use interop::server::unused_port;
use interop::{Server, Settings};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// One test at a time: clients in four languages are load enough.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// All programs ask one server at once, as they would in a company; each makes topics and groups of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_see_what_they_see_of_kafka() {
    let _turn = turn().await;
    if !kafka_clients("what real clients of Kafka see") {
        return;
    }
    let kafka = format!("127.0.0.1:{}", unused_port());
    let server = Server::start(Settings::manifold().with_arguments(&["--kafka", &kafka])).await;
    let asking: Vec<_> = PROGRAMS
        .iter()
        .map(|program| {
            let kafka = kafka.clone();
            let ask = move || {
                let (differences, expected) = (Differences::of(program)?, expected(program)?);
                let got = report(program, &kafka, &differences.arguments(&expected))?;
                Ok::<_, String>(differences.complaints(&expected, &got))
            };
            (program, tokio::task::spawn_blocking(ask))
        })
        .collect();
    let mut wrong = Vec::new();
    for (program, asked) in asking {
        match asked.await.expect("it does not panic") {
            Ok(complaints) => wrong.extend(complaints.iter().map(|complaint| format!("{program} {complaint}"))),
            Err(error) => wrong.push(format!("{program}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), server.log_tail());
}

/// Each client signs in by one mechanism, over TLS, and then reads in every codec what it wrote. Those who do not know the password read
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_sign_in_over_tls() {
    let _turn = turn().await;
    if !kafka_clients("how real clients of Kafka sign in") {
        return;
    }
    let folder = tempfile::tempdir().expect("there is room");
    let secret = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("is ours");
        path.to_str().expect("is text").to_owned()
    };
    let pems = repository().join("crates/manifold/src/config/tests");
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| secret(name, &fs::read(pems.join(name)).expect("is there")));
    let kafka = format!("127.0.0.1:{}", unused_port());
    let arguments = ["--kafka", &kafka, "--tls-cert", &certificate, "--tls-key", &key, "--etcd-tls", "off", "--http-tls", "off"];
    let settings = Settings::manifold().with_arguments(&arguments).with_arguments(&["--kafka-sasl", "required"]);
    let server = Server::start(settings).await;
    let password = secret("password", b"open-sesame\n");
    server.ctl(&["user", "add", "ali", "--password-file", &password]).expect("is added");
    let ways = [
        ("librdkafka", "SCRAM-SHA-512"),
        ("aiokafka", "PLAIN"),
        ("java", "SCRAM-SHA-256"),
        ("franz-go", "SCRAM-SHA-512"),
        ("kcat", "PLAIN"),
    ];
    for (program, mechanism) in ways {
        let ask = |password: &str| {
            let sasl = format!("{mechanism}:ali:{password}");
            let arguments = ["--only", "codecs", "--sasl", &sasl, "--ca", &certificate].map(ToOwned::to_owned);
            let (expected, got) = (expected(program)?, report(program, &kafka, &arguments)?);
            Ok::<_, String>(compare(&expected, &got)["codecs"].clone())
        };
        let known = tokio::task::block_in_place(|| ask("open-sesame"));
        assert_eq!(known, Ok(Outcome::Same), "{program}\n{}", server.log_tail());
    }
    let sasl = "SCRAM-SHA-512:ali:open-barley".to_owned();
    let stranger = ["--only", "codecs", "--sasl", &sasl, "--ca", &certificate].map(ToOwned::to_owned);
    let stranger = tokio::task::block_in_place(|| report("franz-go", &kafka, &stranger)).expect("reports");
    assert!(!stranger.contains("read 500"), "{stranger}");
}
