//! A node with its Kafka door on a port of its own, and a small client.

use std::{net::SocketAddr, time::Duration};

use door_kafka::{Door, DoorOptions};
use gate::Porch;
use kafka_wire::{
    Message, Uuid,
    frame::ask,
    messages::{
        create_topics::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, CreateTopicsResponse},
        metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse},
    },
};
use replica::{Node, NodeOptions, PeerOptions, Start, hold};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) door: Door,
    pub(crate) address: SocketAddr,
    pub(crate) data_dir: String,
    pub(crate) node: Node,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    dir: TempDir,
}

/// Where a node stands, and among whom.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    pub(crate) name: &'static str,
    pub(crate) rack: Option<&'static str>,
    pub(crate) start: Start,
    pub(crate) listener: Option<TcpListener>,
}

impl Site {
    /// A node alone.
    pub(crate) fn alone() -> Site {
        Site { dir: TempDir::new().unwrap(), name: "n1", rack: None, start: Start::Alone, listener: None }
    }
}

impl House {
    pub(crate) async fn open() -> House {
        House::open_with(door_kafka::limits::PRODUCE_BYTES_MAX).await
    }

    /// With room for so many bytes of Produce requests.
    pub(crate) async fn open_with(produce_bytes_max: usize) -> House {
        House::open_at(Site::alone(), produce_bytes_max).await
    }

    /// Three nodes that found a cluster together, in these racks.
    pub(crate) async fn open_three(racks: [&'static str; 3]) -> Vec<House> {
        let mut listeners = Vec::new();
        for name in ["n1", "n2", "n3"] {
            listeners.push((name, TcpListener::bind("127.0.0.1:0").await.unwrap()));
        }
        let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();
        let members = listeners.iter().map(|(name, listener)| ((*name).to_owned(), address(listener))).collect();
        let start = Start::Found { members, token: "t".to_owned() };
        let sites = listeners.into_iter().zip(racks).map(|((name, listener), rack)| Site {
            name,
            rack: Some(rack),
            start: start.clone(),
            listener: Some(listener),
            ..Site::alone()
        });
        let opening = sites.map(|site| House::open_at(site, door_kafka::limits::PRODUCE_BYTES_MAX));
        futures_util::future::join_all(opening).await
    }

    pub(crate) async fn open_at(site: Site, produce_bytes_max: usize) -> House {
        let Site { dir, name, rack, start, listener } = site;
        let porch = Porch::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), 1000);
        let address = porch.local_addr().unwrap();
        let mut client_urls = vec![door_kafka::url("127.0.0.1", address.port())];
        client_urls.extend(rack.map(door_kafka::rack_url));
        let peers = PeerOptions { start, client_urls, ..PeerOptions::default() };
        let options = NodeOptions { name: name.to_owned(), ..node_options(&dir) };
        let node = Node::open(hold(&options, &peers.start).unwrap(), options, peers, listener).await.unwrap();
        let data_dir = dir.path().display().to_string();
        let options = DoorOptions {
            security: door_kafka::SecurityOptions::default(),
            host: "127.0.0.1".to_owned(),
            port: address.port(),
            data_dir: data_dir.clone(),
            auto_create: true,
            partitions: 2,
            rebalance_delay_ms: 0,
            produce_bytes_max,
        };
        let door = Door::new(node.clone(), options);
        let (stop, stopped) = oneshot::channel();
        let serving = door_kafka::serve(
            porch,
            door.clone(),
            async {
                let _ = stopped.await;
            },
            Duration::from_secs(1),
        );
        let served = tokio::spawn(serving);
        House { door, address, data_dir, node, stop, served, dir }
    }

    pub(crate) async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream, asked: 0 }
    }

    /// Gives what is left on its disk.
    pub(crate) async fn close(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        self.node.shutdown().await.unwrap();
        self.dir
    }
}

fn node_options(dir: &TempDir) -> NodeOptions {
    NodeOptions {
        data_dir: dir.path().to_owned(),
        name: "n1".to_owned(),
        data_shards: 2,
        journal_segment_bytes: 4 << 20,
        settle_bytes: 16 << 20,
        value_cache_bytes: 16 << 20,
        watch_ring_bytes: 1 << 20,
        admission_bytes: 64 << 20,
        admission_commands: 10_000,
        quota_bytes: 0,
        scrub_every: Duration::ZERO,
        scrub_bytes_per_second: 0,
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    asked: i32,
}

impl Client {
    /// Asks, and gives the body of the answer, without its header.
    pub(crate) async fn ask<'m, Q: Message<'m>>(&mut self, version: i16, request: &Q) -> Vec<u8> {
        self.send(version, request).await;
        self.answer::<Q>(version).await.unwrap_or_else(|| panic!("{:?} {version} was not answered", Q::API))
    }

    pub(crate) async fn send<'m, Q: Message<'m>>(&mut self, version: i16, request: &Q) {
        self.asked += 1;
        let mut out = Vec::new();
        ask(self.asked, version, Some("test"), request, &mut out)
            .unwrap_or_else(|error| panic!("{:?} {version}: {error}", Q::API));
        self.stream.write_all(&out).await.unwrap();
    }

    /// The next answer's body; none if the connection was closed.
    pub(crate) async fn answer<'m, Q: Message<'m>>(&mut self, version: i16) -> Option<Vec<u8>> {
        let frame = self.frame().await?;
        assert_eq!(frame[..4], self.asked.to_be_bytes(), "answers come in the order of requests");
        let header = if Q::API.unwrap().api().response_header_version(version) >= 1 { 5 } else { 4 };
        Some(frame[header..].to_vec())
    }

    /// The next answer, with its header; none if the connection was closed.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let size = self.stream.read_i32().await.ok()?;
            let mut frame = vec![0; usize::try_from(size).unwrap()];
            self.stream.read_exact(&mut frame).await.ok()?;
            Some(frame)
        };
        timeout(PATIENCE, read).await.expect("an answer or an end")
    }

    /// Sends these bytes; whether the connection is closed without an answer.
    pub(crate) async fn is_closed_by(&mut self, bytes: &[u8]) -> bool {
        // It may be closed before everything was sent.
        let _ = self.stream.write_all(bytes).await;
        self.frame().await.is_none()
    }

    /// Creates a topic, and gives its id.
    pub(crate) async fn create(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Uuid {
        let config = |(name, value): &(&str, &str)| CreatableTopicConfig {
            name: (*name).to_owned().into(),
            value: Some((*value).to_owned().into()),
        };
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: partitions,
            replication_factor: -1,
            configs: configs.iter().map(config).collect(),
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 5_000, validate_only: false };
        let body = self.ask(7, &request).await;
        let response = CreateTopicsResponse::decode(&body, 7).unwrap();
        assert_eq!(response.topics[0].error_code, 0, "{response:?}");
        response.topics[0].topic_id
    }

    pub(crate) async fn metadata(&mut self, name: &str) -> (Uuid, i32) {
        let topic = MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request =
            MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: false, ..MetadataRequest::default() };
        let body = self.ask(12, &request).await;
        let response = MetadataResponse::decode(&body, 12).unwrap();
        (response.topics[0].topic_id, response.brokers[0].node_id)
    }
}
