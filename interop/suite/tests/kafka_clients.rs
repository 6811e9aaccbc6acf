//! Real clients of Kafka (librdkafka, aiokafka, the Java client and Kafka's own tools, franz-go, kcat) report what they see of ours. Every
//! line has to be what they reported of the real Kafka, but for the cases of `interop/clients/differences`, where every line is written
//! down, with the reason.

use interop::kafka_clients::{Differences, PROGRAMS, expected, kafka_clients, report};
use interop::server::unused_port;
use interop::{Server, Settings};

/// All programs ask one server at once, as they would in a company; each makes topics and groups of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_see_what_they_see_of_kafka() {
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
