//! The etcd door, wired: how it is opened, what it counts in Prometheus' words, and its backup for the administrative socket.

use std::{io, sync::Arc, time::Duration};

use door_etcd::{Context, DoorOptions, Metrics, handlers::maintenance, pb};
use door_http::{
    Collector, Signing,
    admin::Backup,
    metrics::{Exposition, Type},
};
use futures_util::{FutureExt, StreamExt, stream};
use gate::Porch;
use replica::{Node, Security};
use tokio::sync::watch;

use crate::config::{Config, endpoint::Endpoint};

/// How the door is opened. Clients are told `client_urls`.
pub(crate) fn options(config: &Config, client_urls: Vec<String>) -> Arc<DoorOptions> {
    let peers_secured = !matches!(config.peer_options().security, Security::Plain);
    Arc::new(DoorOptions { client_urls, peers_secured, quota_bytes: config.quota_bytes, ..DoorOptions::default() })
}

/// Serves the door until `stop` completes.
pub(crate) async fn etcd(
    porch: Porch,
    options: Arc<DoorOptions>,
    node: Node,
    metrics: Arc<Metrics>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    door_etcd::serve(porch, options, node, metrics, stop).await
}

/// The Kafka door, where clients are told this address.
pub(crate) fn kafka_door(config: &Config, advertised: Endpoint, node: Node) -> door_kafka::Door {
    let options = door_kafka::DoorOptions {
        host: advertised.host,
        port: advertised.port,
        produce_bytes_max: door_kafka::limits::PRODUCE_BYTES_MAX,
        data_dir: config.data_dir.display().to_string(),
        auto_create: config.kafka_auto_create,
        partitions: config.kafka_partitions,
        security: config.kafka_security_options(),
        rebalance_delay_ms: u64::try_from(config.kafka_rebalance_delay.as_millis()).unwrap_or(u64::MAX),
    };
    door_kafka::Door::new(node, options)
}

/// How records are taken over HTTP: topics come into being as they do by the Kafka door.
pub(crate) fn ingest_options(config: &Config) -> door_http::IngestOptions {
    door_http::IngestOptions {
        auto_create: config.kafka_auto_create,
        partitions: config.kafka_partitions,
        ..door_http::IngestOptions::default()
    }
}

/// How the configuration store is opened to clients.
pub(crate) fn store_options(config: &Config, signing: Signing, backup: Backup) -> door_http::StoreOptions {
    door_http::StoreOptions { open_configs: config.http_open_configs, signing, backup }
}

/// Serves the Kafka door until `stop` completes; what is under way then has `grace` to end.
pub(crate) async fn kafka(
    porch: Porch,
    door: door_kafka::Door,
    stop: impl Future<Output = ()> + Send + 'static,
    grace: Duration,
) -> io::Result<()> {
    door_kafka::serve(porch, door, stop, grace).await
}

/// What the Kafka door counts.
pub(crate) fn kafka_collector(door: door_kafka::Door) -> Collector {
    Arc::new(move |out: &mut Exposition| {
        let counts = door.counts();
        out.family("manifold_kafka_requests_total", Type::Counter, "Requests taken, by API.");
        for api in &counts.apis {
            out.sample(&[("api", api.api)], api.requests);
        }
        out.family("manifold_kafka_errors_total", Type::Counter, "Errors in answers, by API and error.");
        for api in &counts.apis {
            for (error, number) in &api.errors {
                out.sample(&[("api", api.api), ("error", *error)], number);
            }
        }
        let (let_in, turned_away) = door.sign_ins();
        out.family("manifold_kafka_sign_ins_total", Type::Counter, "Clients that signed in at the Kafka door, or tried to.");
        out.sample(&[("outcome", "let_in")], let_in);
        out.sample(&[("outcome", "refused")], turned_away);
        let totals = [
            ("received_bytes", "Bytes of requests.", counts.received_bytes),
            ("sent_bytes", "Bytes of answers.", counts.sent_bytes),
            ("produced_records", "Records appended.", counts.produced_records),
            ("produced_bytes", "Bytes of the batches appended.", counts.produced_bytes),
            ("fetched_records", "Records given to consumers.", counts.fetched_records),
            ("fetched_bytes", "Bytes of the batches given to consumers.", counts.fetched_bytes),
            (
                "follower_fetched_bytes",
                "Bytes of the batches given to consumers of partitions that another node leads.",
                counts.follower_fetched_bytes,
            ),
            ("fetch_referrals", "Times that a consumer was sent to a replica in its own rack.", counts.fetch_referrals),
            ("produce_waits", "Produce requests that waited since too many bytes were under way.", counts.produce_waits),
            ("connections_refused", "Connections closed because of what they sent.", counts.refused),
            ("fetch_session_evictions", "Fetch sessions that others pushed out.", counts.session_evictions),
        ];
        for (name, help, value) in totals {
            out.single(&format!("manifold_kafka_{name}_total"), Type::Counter, help, value);
        }
        let help = "Passwords of clients that sign in by PLAIN that are being checked or wait for that.";
        out.single("manifold_kafka_passwords_checking", Type::Gauge, help, door.passwords_checking());
        let help = "Bytes of records that consumers were given and have not taken yet.";
        out.single("manifold_kafka_fetch_under_way_bytes", Type::Gauge, help, counts.fetching_bytes);
        let (sessions, partitions) = (counts.sessions, counts.session_partitions);
        out.single("manifold_kafka_fetch_sessions", Type::Gauge, "Fetch sessions.", sessions);
        out.single("manifold_kafka_fetch_session_partitions", Type::Gauge, "Partitions in fetch sessions.", partitions);
    })
}

/// The same backup as the door's `Snapshot`.
pub(crate) fn backup(node: Node, options: Arc<DoorOptions>) -> Backup {
    Arc::new(move || {
        let (node, options) = (node.clone(), options.clone());
        async move {
            // Backups are refused by closing the socket, not by the door's own switch.
            let (_, serving) = watch::channel(true);
            let context = Context::new(node, options, serving)?;
            let pieces = maintenance::snapshot(&context, pb::SnapshotRequest::default()).await?;
            let blobs = stream::unfold(pieces, async |mut pieces| {
                let piece = pieces.recv().await?;
                Some((piece.map(|piece| piece.blob), pieces))
            });
            Ok(blobs.boxed())
        }
        .boxed()
    })
}

/// What the door counts, by the names that gRPC's Prometheus middleware gave these figures.
pub(crate) fn collector(metrics: Arc<Metrics>) -> Collector {
    Arc::new(move |out: &mut Exposition| {
        let counts = metrics.snapshot();
        let mut each = |name: &str, help: &str, value: &dyn Fn(&door_etcd::metrics::MethodCounts) -> u64| {
            out.family(name, Type::Counter, help);
            for method in counts.methods.iter().filter(|method| method.started > 0) {
                let labels = [("grpc_method", method.method), ("grpc_service", method.service), ("grpc_type", method.shape)];
                out.sample(&labels, value(method));
            }
        };
        each("grpc_server_started_total", "Calls begun.", &|method| method.started);
        each("grpc_server_msg_received_total", "Messages received.", &|method| method.messages_received);
        each("grpc_server_msg_sent_total", "Messages sent.", &|method| method.messages_sent);
        out.family("grpc_server_handled_total", Type::Counter, "Calls ended, by code.");
        for method in &counts.methods {
            for (code, number) in &method.handled {
                let (name, service, shape) = (method.method, method.service, method.shape);
                let labels = [("grpc_code", *code), ("grpc_method", name), ("grpc_service", service), ("grpc_type", shape)];
                out.sample(&labels, number);
            }
        }
        let (received, sent) = (counts.received_bytes, counts.sent_bytes);
        out.single("etcd_network_client_grpc_received_bytes_total", Type::Counter, "Bytes of messages received.", received);
        out.single("etcd_network_client_grpc_sent_bytes_total", Type::Counter, "Bytes of messages sent.", sent);
        out.single("manifold_grpc_unknown_total", Type::Counter, "Calls of methods that do not exist.", counts.unknown);
        out.single("manifold_grpc_foreign_total", Type::Counter, "Requests on the etcd door that were no gRPC.", counts.foreign);
    })
}
