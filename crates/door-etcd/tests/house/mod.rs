//! A node with its etcd door on a port of its own, and a small gRPC client.

#![allow(dead_code, clippy::unwrap_used, reason = "every test file uses its part of it")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use door_etcd::{DoorOptions, Metrics, pb};
use gate::Porch;
use prost::Message;
use replica::{Node, NodeOptions, PeerOptions, Start, hold};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tokio_stream::StreamExt;
use tonic::{Request, Status, Streaming, client::Grpc, transport::Channel};
use tonic_prost::ProstCodec;

pub(crate) struct House {
    pub(crate) node: Node,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Arc<Metrics>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    _dir: TempDir,
}

impl House {
    pub(crate) async fn open() -> House {
        House::open_with(DoorOptions::default()).await
    }

    pub(crate) async fn open_with(options: DoorOptions) -> House {
        House::open_as("n1", options, Start::Alone, None).await
    }

    /// Three nodes that found a cluster together.
    pub(crate) async fn open_three() -> [House; 3] {
        let names = ["n1", "n2", "n3"];
        let listeners = [listener().await, listener().await, listener().await];
        let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        let members = names.iter().zip(&listeners).map(|(name, listener)| ((*name).to_owned(), address(listener))).collect();
        let start = Start::Found { members, token: "t".to_owned() };
        let opening = names.into_iter().zip(listeners);
        let opening = opening.map(|(name, listener)| House::open_as(name, DoorOptions::default(), start.clone(), Some(listener)));
        let opened = futures_util::future::join_all(opening).await;
        opened.try_into().unwrap_or_else(|_| panic!("there are three"))
    }

    pub(crate) async fn open_as(name: &str, options: DoorOptions, start: Start, listener: Option<TcpListener>) -> House {
        let dir = TempDir::new().unwrap();
        let client_urls = vec![format!("http://{name}:2379")];
        let peers = PeerOptions { start, client_urls, ..PeerOptions::default() };
        let node_options = NodeOptions { name: name.to_owned(), ..node_options(&dir) };
        let node = Node::open(hold(&node_options, &peers.start).unwrap(), node_options, peers, listener).await.unwrap();
        let porch = Porch::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), 1000);
        let address = porch.local_addr().unwrap();
        let metrics = Arc::new(Metrics::default());
        let (stop, stopped) = oneshot::channel();
        let serving = door_etcd::serve(porch, Arc::new(options), node.clone(), metrics.clone(), async {
            let _ = stopped.await;
        });
        let served = tokio::spawn(serving);
        House { node, address, metrics, stop, served, _dir: dir }
    }

    pub(crate) async fn client(&self) -> Client {
        let endpoint = Channel::from_shared(format!("http://{}", self.address)).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Client { grpc: Grpc::new(channel).max_decoding_message_size(usize::MAX).max_encoding_message_size(usize::MAX) }
    }

    /// Closes the door, then the node; how long the door took.
    pub(crate) async fn close(self) -> Duration {
        let begin = tokio::time::Instant::now();
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        let took = begin.elapsed();
        self.node.shutdown().await.unwrap();
        took
    }
}

pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn node_options(dir: &TempDir) -> NodeOptions {
    NodeOptions {
        data_dir: dir.path().to_owned(),
        name: "n1".to_owned(),
        data_shards: 1,
        journal_segment_bytes: 4 << 20,
        settle_bytes: 16 << 20,
        value_cache_bytes: 16 << 20,
        watch_ring_bytes: 1 << 20,
        admission_bytes: 64 << 20,
        admission_commands: 10_000,
        quota_bytes: 0,
        scrub_every: std::time::Duration::ZERO,
        scrub_bytes_per_second: 0,
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    grpc: Grpc<Channel>,
}

impl Client {
    pub(crate) async fn call<Q, A>(&mut self, path: &'static str, request: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.call_with(path, Request::new(request)).await
    }

    pub(crate) async fn call_with<Q, A>(&mut self, path: &'static str, request: Request<Q>) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.grpc.ready().await.unwrap();
        let codec = ProstCodec::<Q, A>::default();
        Ok(self.grpc.unary(request, path.parse().unwrap(), codec).await?.into_inner())
    }

    pub(crate) async fn stream<Q, A>(&mut self, path: &'static str, request: Q) -> Result<Streaming<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.grpc.ready().await.unwrap();
        let codec = ProstCodec::<Q, A>::default();
        Ok(self.grpc.server_streaming(Request::new(request), path.parse().unwrap(), codec).await?.into_inner())
    }

    pub(crate) async fn all<Q, A>(&mut self, path: &'static str, request: Q) -> Result<Vec<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.stream(path, request).await?.collect().await
    }

    pub(crate) async fn both_ways<Q, A>(&mut self, path: &'static str, requests: Request<Vec<Q>>) -> Result<Streaming<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        self.grpc.ready().await.unwrap();
        let codec = ProstCodec::<Q, A>::default();
        let requests = requests.map(|requests| tokio_stream::iter(requests).chain(tokio_stream::pending()));
        Ok(self.grpc.streaming(requests, path.parse().unwrap(), codec).await?.into_inner())
    }

    pub(crate) async fn put(&mut self, key: &str, value: impl Into<Vec<u8>>) -> Result<pb::PutResponse, Status> {
        self.call("/etcdserverpb.KV/Put", put(key, value)).await
    }

    pub(crate) async fn range(&mut self, request: pb::RangeRequest) -> Result<pb::RangeResponse, Status> {
        self.call("/etcdserverpb.KV/Range", request).await
    }

    pub(crate) async fn txn(&mut self, request: pb::TxnRequest) -> Result<pb::TxnResponse, Status> {
        self.call("/etcdserverpb.KV/Txn", request).await
    }
}

pub(crate) fn put(key: &str, value: impl Into<Vec<u8>>) -> pb::PutRequest {
    pb::PutRequest { key: key.as_bytes().to_vec().into(), value: value.into().into(), ..pb::PutRequest::default() }
}

pub(crate) fn get(key: &str) -> pb::RangeRequest {
    pb::RangeRequest { key: key.as_bytes().to_vec().into(), ..pb::RangeRequest::default() }
}

/// All keys.
pub(crate) fn everything() -> pb::RangeRequest {
    pb::RangeRequest { key: "\0".into(), range_end: "\0".into(), ..pb::RangeRequest::default() }
}
