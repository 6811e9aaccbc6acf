//! A node with its Kafka door on a port of its own, and a small client that signs in.

#![allow(dead_code, clippy::unwrap_used, clippy::disallowed_methods, reason = "every test file uses its part of it")]

use std::{borrow::Cow, net::SocketAddr, num::NonZeroU32, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cluster::{
    Command,
    principals::{self, Credential, Grant, Grantee, Mechanism as Kept, Operation, Pattern, Permission, Resource},
};
use door_kafka::{Door, DoorOptions, Mechanism, SaslOptions, SecurityOptions};
use gate::{
    Porch,
    scram::{Hash, Keys},
};
use kafka_wire::{
    frame::ask,
    message::Message,
    messages::{
        sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse},
        sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse},
    },
};
use replica::{Node, NodeOptions, PeerOptions, Start, hold};
use ring::{digest, hmac, pbkdf2};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

pub(crate) struct House {
    pub(crate) node: Node,
    pub(crate) door: Door,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    _dir: TempDir,
}

/// All mechanisms, and grants or none.
pub(crate) fn sasl(session: Option<Duration>, authorization: bool) -> SecurityOptions {
    let sasl = Some(SaslOptions { mechanisms: Mechanism::ALL.to_vec(), session });
    SecurityOptions { sasl, authorization, ..SecurityOptions::default() }
}

impl House {
    pub(crate) async fn open(security: SecurityOptions) -> House {
        House::open_with(security, |porch| porch).await
    }

    /// With something about its porch.
    pub(crate) async fn open_with(security: SecurityOptions, porch: impl FnOnce(Porch) -> Porch) -> House {
        let dir = TempDir::new().unwrap();
        let porch = porch(Porch::new(TcpListener::bind("127.0.0.1:0").await.unwrap(), 1000));
        let address = porch.local_addr().unwrap();
        let client_urls = vec![door_kafka::url("127.0.0.1", address.port())];
        let peers = PeerOptions { start: Start::Alone, client_urls, ..PeerOptions::default() };
        let options = node_options(&dir);
        let node = Node::open(hold(&options, &peers.start).unwrap(), options, peers, None).await.unwrap();
        let options = DoorOptions {
            host: "127.0.0.1".to_owned(),
            port: address.port(),
            data_dir: dir.path().display().to_string(),
            produce_bytes_max: door_kafka::limits::PRODUCE_BYTES_MAX,
            auto_create: true,
            partitions: 1,
            rebalance_delay_ms: 0,
            security,
        };
        let (stop, stopped) = oneshot::channel();
        let door = Door::new(node.clone(), options);
        let stopped = async { drop(stopped.await) };
        let served = tokio::spawn(door_kafka::serve(porch, door.clone(), stopped, Duration::from_secs(1)));
        House { node, door, address, stop, served, _dir: dir }
    }

    pub(crate) async fn change(&self, command: principals::Command) {
        self.node.change_cluster(&Command::Principals(command)).await.unwrap();
    }

    /// A user with this password, for both hashes.
    pub(crate) async fn user(&self, name: &str, password: &str, is_admin: bool) {
        let name = name.to_owned();
        self.change(principals::Command::SetUser { name: name.clone(), enabled: true, is_admin, time_ms: 1 }).await;
        for (mechanism, hash) in [(Kept::ScramSha256, Hash::Sha256), (Kept::ScramSha512, Hash::Sha512)] {
            let salt = [7; 16];
            let keys = Keys::derive(hash, password.as_bytes(), &salt, 4096).unwrap();
            let credential = Credential {
                mechanism,
                iterations: 4096,
                salt: Bytes::copy_from_slice(&salt),
                stored_key: Bytes::copy_from_slice(keys.stored_key()),
                server_key: Bytes::copy_from_slice(keys.server_key()),
            };
            self.change(principals::Command::SetCredential { name: name.clone(), credential, time_ms: 1 }).await;
        }
    }

    pub(crate) async fn grant(&self, name: &str, operation: Operation, resource: Resource, on: &str) {
        let grant = Grant {
            resource,
            pattern: Pattern::Literal,
            name: on.to_owned(),
            grantee: Grantee::User(name.to_owned()),
            host: "*".to_owned(),
            operation,
            permission: Permission::Allow,
        };
        self.change(principals::Command::AddGrants { grants: vec![grant] }).await;
    }

    pub(crate) async fn set_enabled(&self, name: &str, enabled: bool) {
        self.change(principals::Command::SetUser { name: name.to_owned(), enabled, is_admin: false, time_ms: 2 }).await;
    }

    pub(crate) async fn client(&self) -> Client {
        Client::over(TcpStream::connect(self.address).await.unwrap())
    }

    /// A client that signed in.
    pub(crate) async fn client_of(&self, name: &str, password: &str) -> Client {
        let mut client = self.client().await;
        client.sign_in(Hash::Sha256, name, password).await.unwrap();
        client
    }

    pub(crate) async fn close(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
        self.node.shutdown().await.unwrap();
    }
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
        scrub_every: Duration::ZERO,
        scrub_bytes_per_second: 0,
    }
}

/// Why a client did not get in: a code, and the time until it was told.
pub(crate) type Refused = (i16, Duration);

pub(crate) struct Client {
    pub(crate) stream: Box<dyn Wire>,
    asked: i32,
}

/// What a client speaks over.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Client {
    pub(crate) fn over(stream: impl Wire + 'static) -> Client {
        Client { stream: Box::new(stream), asked: 0 }
    }

    /// Sends a request and does not wait for its answer.
    pub(crate) async fn send<'m, M: Message<'m>>(&mut self, version: i16, message: &M) {
        self.asked += 1;
        let mut out = Vec::new();
        ask(self.asked, version, Some("test"), message, &mut out).unwrap();
        // Where the other side has closed already, reading says so.
        let _ = self.stream.write_all(&out).await;
        let _ = self.stream.flush().await;
    }

    /// Asks, and gives the answer's body; `None`: the connection was closed.
    pub(crate) async fn ask<'m, M: Message<'m>>(&mut self, version: i16, message: &M) -> Option<Vec<u8>> {
        self.send(version, message).await;
        let mut answer = self.frame().await?;
        assert_eq!(answer[..4], self.asked.to_be_bytes());
        let header = if M::API.unwrap().api().response_header_version(version) >= 1 { 5 } else { 4 };
        Some(answer.split_off(header))
    }

    /// The next frame; `None`: the connection was closed.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let size = self.stream.read_u32().await.ok()?;
            let mut bytes = vec![0; size as usize];
            self.stream.read_exact(&mut bytes).await.ok()?;
            Some(bytes)
        };
        timeout(Duration::from_secs(20), read).await.expect("an answer, or an end")
    }

    pub(crate) async fn send_bare(&mut self, bytes: &[u8]) {
        self.stream.write_u32(u32::try_from(bytes.len()).unwrap()).await.unwrap();
        self.stream.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn is_closed(&mut self) -> bool {
        timeout(Duration::from_secs(15), self.stream.read(&mut [0])).await.expect("an end").unwrap_or(0) == 0
    }

    /// The code of a handshake, and what is offered.
    pub(crate) async fn handshake(&mut self, version: i16, mechanism: &str) -> Option<(i16, Vec<String>)> {
        let request = SaslHandshakeRequest { mechanism: Cow::Owned(mechanism.to_owned()) };
        let body = self.ask(version, &request).await?;
        let response = SaslHandshakeResponse::decode(&body, version).unwrap();
        Some((response.error_code, response.mechanisms.iter().map(ToString::to_string).collect()))
    }

    /// One message of the exchange: the code, the server's message, the session's lifetime.
    pub(crate) async fn authenticate(&mut self, bytes: &[u8]) -> Option<(i16, Vec<u8>, i64)> {
        let request = SaslAuthenticateRequest { auth_bytes: Cow::Owned(bytes.to_vec()) };
        let body = self.ask(2, &request).await?;
        let response = SaslAuthenticateResponse::decode(&body, 2).unwrap();
        assert_eq!(response.error_code == 0, response.error_message.is_none_or(|text| text.is_empty()));
        Some((response.error_code, response.auth_bytes.to_vec(), response.session_lifetime_ms))
    }

    /// Signs in by SCRAM, and checks the server's proof. The session's lifetime.
    pub(crate) async fn sign_in(&mut self, hash: Hash, name: &str, password: &str) -> Result<i64, Refused> {
        assert_eq!(self.handshake(1, hash.mechanism()).await.unwrap().0, 0);
        self.prove(hash, name, password, "").await
    }

    /// The exchange itself. `twice` is put in front of the nonce, as librdkafka did.
    pub(crate) async fn prove(&mut self, hash: Hash, name: &str, password: &str, twice: &str) -> Result<i64, Refused> {
        let first = format!("n={name},r=fyko");
        let begin = tokio::time::Instant::now();
        let (code, server_first, _) = self.authenticate(format!("n,,{first}").as_bytes()).await.unwrap();
        if code != 0 {
            return Err((code, begin.elapsed()));
        }
        let (proof, signature) = proof(hash, &first, password, std::str::from_utf8(&server_first).unwrap(), twice);
        let begin = tokio::time::Instant::now();
        let (code, server_final, lifetime_ms) = self.authenticate(proof.as_bytes()).await.unwrap();
        if code != 0 {
            return Err((code, begin.elapsed()));
        }
        assert_eq!(server_final, signature.into_bytes());
        Ok(lifetime_ms)
    }
}

/// The client's final message, and the server's that has to follow (RFC 5802, section 3).
pub(crate) fn proof(hash: Hash, first: &str, password: &str, server_first: &str, twice: &str) -> (String, String) {
    let parts: Vec<&str> = server_first.split(',').map(|part| &part[2..]).collect();
    let [nonce, salt, iterations] = parts[..] else { panic!("{server_first}") };
    let (derivation, keyed, plain) = match hash {
        Hash::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, hmac::HMAC_SHA256, &digest::SHA256),
        Hash::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, hmac::HMAC_SHA512, &digest::SHA512),
    };
    let sign = |key: &[u8], what: &[u8]| hmac::sign(&hmac::Key::new(keyed, key), what).as_ref().to_vec();
    let mut salted = vec![0; hash.bytes()];
    let rounds = NonZeroU32::new(iterations.parse().unwrap()).unwrap();
    pbkdf2::derive(derivation, rounds, &STANDARD.decode(salt).unwrap(), password.as_bytes(), &mut salted);
    let client_key = sign(&salted, b"Client Key");
    let without_proof = format!("c=biws,r={twice}{nonce}");
    let said = format!("{first},{server_first},{without_proof}");
    let signature = sign(digest::digest(plain, &client_key).as_ref(), said.as_bytes());
    let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    let server = sign(&sign(&salted, b"Server Key"), said.as_bytes());
    (format!("{without_proof},p={}", STANDARD.encode(proof)), format!("v={}", STANDARD.encode(server)))
}
