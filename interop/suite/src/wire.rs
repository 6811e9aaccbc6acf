//! The generated etcd v3 clients, and a few shorthands.

#![allow(missing_docs, reason = "generated from the .proto files, which carry the words")]
#![allow(clippy::all, reason = "generated")]

use bytes::Bytes;
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

tonic::include_proto!("etcd");

pub use etcdserverpb as pb;
pub use mvccpb as mvcc;

use pb::cluster_client::ClusterClient;
use pb::kv_client::KvClient;
use pb::lease_client::LeaseClient;
use pb::maintenance_client::MaintenanceClient;
use pb::watch_client::WatchClient;

/// One connection to a server, with a client per service.
#[derive(Debug, Clone)]
pub struct Wire {
    pub channel: Channel,
    pub kv: KvClient<Channel>,
    pub watch: WatchClient<Channel>,
    pub lease: LeaseClient<Channel>,
    pub cluster: ClusterClient<Channel>,
    pub maintenance: MaintenanceClient<Channel>,
}

/// Answers of any size are read: what a server sends is what the tests look at.
const ANSWER_BYTES_MAX: usize = 1 << 30;

impl Wire {
    /// Connects at the first request, and again after a failure.
    pub fn lazy(port: u16) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://127.0.0.1:{port}"))
            .expect("a loopback address is well formed")
            .connect_timeout(Duration::from_secs(5))
            .initial_connection_window_size(16 << 20)
            .initial_stream_window_size(4 << 20)
            .tcp_nodelay(true);
        Self::over(endpoint.connect_lazy())
    }

    /// All the clients over one channel.
    pub fn over(channel: Channel) -> Self {
        Self {
            kv: KvClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            watch: WatchClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            lease: LeaseClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            cluster: ClusterClient::new(channel.clone()),
            maintenance: MaintenanceClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX),
            channel,
        }
    }

    /// Puts one value and gives the revision that it got.
    pub async fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Result<i64, Status> {
        let request = pb::PutRequest { key: key.into(), value: value.into(), ..Default::default() };
        Ok(self.kv.put(request).await?.into_inner().header.unwrap_or_default().revision)
    }

    /// Reads one key, linearizably.
    pub async fn get(&mut self, key: impl Into<Bytes>) -> Result<Option<mvcc::KeyValue>, Status> {
        let request = pb::RangeRequest { key: key.into(), ..Default::default() };
        Ok(self.kv.range(request).await?.into_inner().kvs.into_iter().next())
    }

    /// Reads all keys that begin with `prefix` (all keys there are, if it is empty), at `revision` (0: now).
    pub async fn list(&mut self, prefix: &str, revision: i64) -> Result<pb::RangeResponse, Status> {
        // An empty key is none.
        let key = if prefix.is_empty() { "\0" } else { prefix };
        let request = pb::RangeRequest {
            key: key.to_owned().into(),
            range_end: prefix_end(prefix.as_bytes()),
            revision,
            ..Default::default()
        };
        Ok(self.kv.range(request).await?.into_inner())
    }
}

/// The end of the range of all keys that begin with `prefix`.
pub fn prefix_end(prefix: &[u8]) -> Bytes {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < 0xff {
            *last += 1;
            return end.into();
        }
        end.pop();
    }
    Bytes::from_static(b"\0")
}

/// Whether a server on `port` answers a linearizable read within a second.
pub async fn answers(port: u16) -> bool {
    if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        return false;
    }
    let mut wire = Wire::lazy(port);
    matches!(tokio::time::timeout(Duration::from_secs(1), wire.get("ready?")).await, Ok(Ok(_)))
}

/// Code and text of an error, the two things that clients act on.
pub fn fault(status: &Status) -> (Code, String) {
    (status.code(), status.message().to_owned())
}
