//! Doors with TLS against clients with and without certificates.

mod authority;

use std::{
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, DistinguishedName, KeyPair, SanType, date_time_ymd};
use rustls::{
    ClientConfig, HandshakeKind,
    pki_types::{PrivatePkcs8KeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::{Counts, Guarded, Porch, Reason, TlsPeer};
use authority::{Authority, House, Pair, client, inside, pem};

/// A porch with TLS, and where it is.
async fn porch(options: TlsOptions) -> (Porch, SocketAddr, Tls) {
    let tls = Tls::open(options).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let porch = Porch::new(listener, 100).with_tls(tls.clone());
    let address = porch.local_addr().unwrap();
    (porch, address, tls)
}

async fn dial(address: SocketAddr, config: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    dial_with(address, Arc::new(config)).await
}

async fn dial_with(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(config).connect(ServerName::try_from("LocalHost").unwrap(), stream).await
}

/// One client's attempt, seen from both sides. In TLS 1.3 a client is done before it is judged, so it reads a byte.
async fn meet(porch: &mut Porch, config: ClientConfig) -> (io::Result<Guarded>, io::Result<TlsStream<TcpStream>>) {
    let address = porch.local_addr().unwrap();
    let dialled = tokio::spawn(dial(address, config));
    let mut entered = porch.accept().await.unwrap().enter().await;
    if let Ok(guarded) = &mut entered {
        guarded.write_all(b"!").await.unwrap();
        guarded.flush().await.unwrap();
    }
    let mut dialled = dialled.await.unwrap();
    if let Ok(stream) = &mut dialled
        && let Err(error) = stream.read_exact(&mut [0; 1]).await
    {
        dialled = Err(error);
    }
    (entered, dialled)
}

/// The error of an attempt that must fail on both sides, for that reason and no other.
async fn refused(porch: &mut Porch, config: ClientConfig, reason: Reason) -> String {
    let counts = porch.counts();
    let before = counts.refused().map(|(_, number)| number).iter().sum::<u64>();
    let (of_this, open) = (counts.refused_for(reason), counts.open());
    let (entered, dialled) = meet(porch, config).await;
    assert!(dialled.is_err(), "the client takes itself for admitted");
    let error = entered.err().expect("the client was admitted").to_string();
    assert_eq!(counts.refused_for(reason), of_this + 1, "{error}: {:?}", counts.refused());
    assert_eq!(counts.refused().map(|(_, number)| number).iter().sum::<u64>(), before + 1);
    assert_eq!(counts.open(), open, "its place is free again");
    error
}

#[tokio::test]
async fn a_client_enters_with_either_version_and_both_sides_speak() {
    let house = House::new();
    let (mut porch, address, _) = porch(house.options(ClientAuth::None)).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (entered, dialled) = meet(&mut porch, client(&house.authority, None)).await;
        let (mut here, mut there) = (entered.unwrap(), dialled.unwrap());
        let expected = TlsPeer { server_name: Some("localhost".to_owned()), protocol: Some(b"h2".to_vec()), certificate: None };
        assert_eq!(here.peer().tls, Some(expected));
        assert_eq!(here.peer().address, there.get_ref().0.local_addr().unwrap());
        assert_eq!((here.peer().certificate(), here.peer().subject()), (None, None));

        let block: Vec<u8> = (0..3_000_000_u32).map(|place| ((place * 7) >> 3) as u8).collect();
        let sent = block.clone();
        let echo = tokio::spawn(async move {
            let mut read = vec![0; sent.len()];
            here.read_exact(&mut read).await.unwrap();
            here.write_all(&read).await.unwrap();
            here.shutdown().await.unwrap();
        });
        there.write_all(&block).await.unwrap();
        there.flush().await.unwrap();
        let mut back = Vec::new();
        there.read_to_end(&mut back).await.unwrap();
        assert!(back == block, "what was sent comes back");
        echo.await.unwrap();

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(house.authority.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let dialled = tokio::spawn(dial(address, config.with_root_certificates(roots).with_no_client_auth()));
        let here = porch.accept().await.unwrap().enter().await.unwrap();
        let there = dialled.await.unwrap().unwrap();
        assert_eq!(there.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(here.peer().tls.as_ref().unwrap().protocol, None, "a client need not offer a protocol");
    }
    assert_eq!(porch.counts().secured(), 4);
    assert!(porch.counts().refused().iter().all(|(_, number)| *number == 0));
}

#[tokio::test]
async fn a_certificate_says_who_the_client_is() {
    let house = House::new();
    let names = |params: &mut CertificateParams| {
        params.subject_alt_names = vec![
            SanType::DnsName("alice.example.org".try_into().unwrap()),
            SanType::URI("spiffe://acme/alice".try_into().unwrap()),
        ];
    };
    let alice = house.authority.client(names);
    for auth in [ClientAuth::Require, ClientAuth::Request] {
        let (mut porch, ..) = porch(house.options(auth)).await;
        let (entered, dialled) = meet(&mut porch, client(&house.authority, Some(&alice))).await;
        dialled.unwrap();
        let here = entered.unwrap();
        let expected = ClientCertificate {
            subject: "CN=alice,OU=dev,O=acme".to_owned(),
            common_name: Some("alice".to_owned()),
            dns_names: vec!["alice.example.org".to_owned()],
            uris: vec!["spiffe://acme/alice".to_owned()],
        };
        assert_eq!(here.peer().certificate(), Some(&expected));
        assert_eq!(here.peer().subject(), Some("CN=alice,OU=dev,O=acme"));
    }
    // Where nobody asks, nobody is told.
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    let (entered, _) = meet(&mut porch, client(&house.authority, Some(&alice))).await;
    assert_eq!(entered.unwrap().peer().certificate(), None);
}

#[tokio::test]
async fn a_subject_without_a_name_is_an_empty_text_and_no_error() {
    let house = House::new();
    let nobody = house.authority.client(|params| params.distinguished_name = DistinguishedName::new());
    let (mut porch, ..) = porch(house.options(ClientAuth::Require)).await;
    let (entered, _) = meet(&mut porch, client(&house.authority, Some(&nobody))).await;
    assert_eq!(entered.unwrap().peer().certificate(), Some(&ClientCertificate::default()));
}

fn bad_certificates(house: &House) -> Vec<(&'static str, Pair)> {
    let other = Authority::new("authority");
    vec![
        ("an authority of the same name", other.client(|_| {})),
        ("expired", house.authority.client(|params| params.not_after = date_time_ymd(2020, 1, 1))),
        ("not valid yet", house.authority.client(|params| params.not_before = date_time_ymd(3000, 1, 1))),
        ("of a server", house.authority.server()),
    ]
}

#[tokio::test]
async fn certificates_that_are_not_good_are_refused_even_where_none_is_needed() {
    let house = House::new();
    for auth in [ClientAuth::Require, ClientAuth::Request] {
        let (mut porch, ..) = porch(house.options(auth)).await;
        for (what, pair) in bad_certificates(&house) {
            let error = refused(&mut porch, client(&house.authority, Some(&pair)), Reason::Certificate).await;
            assert!(error.starts_with("the client's certificate is not taken: "), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_enters_only_where_it_need_not_have_one() {
    let house = House::new();
    let (mut strict, ..) = porch(house.options(ClientAuth::Require)).await;
    let error = refused(&mut strict, client(&house.authority, None), Reason::NoCertificate).await;
    assert_eq!(error, "the client shows no certificate, and this door requires one");
    let (mut lenient, ..) = porch(house.options(ClientAuth::Request)).await;
    let (entered, dialled) = meet(&mut lenient, client(&house.authority, None)).await;
    dialled.unwrap();
    assert_eq!(entered.unwrap().peer().certificate(), None);
}

#[tokio::test]
async fn revoked_certificates_are_refused_along_the_whole_chain() {
    let house = House::new();
    let with_serial = |serial: u64| move |params: &mut CertificateParams| params.serial_number = Some(serial.into());
    let (good, revoked) = (house.authority.client(with_serial(7)), house.authority.client(with_serial(8)));
    let (mut porch, _, tls) = porch(house.options_with_crl(&[house.authority.revoke(&[8, 9])])).await;
    meet(&mut porch, client(&house.authority, Some(&good))).await.0.unwrap();
    let error = refused(&mut porch, client(&house.authority, Some(&revoked)), Reason::Certificate).await;
    assert!(error.contains("Revoked"), "{error}");

    // An authority between the two is held against the list of the one above it, and needs one of its own.
    let chained = |serial| {
        let (middle, certificate) = house.authority.intermediate(serial);
        let mut pair = middle.client(|_| {});
        pair.chain.push(certificate);
        (middle, pair)
    };
    let (middle, under_good) = chained(5);
    let (revoked_middle, under_revoked) = chained(9);
    let error = refused(&mut porch, client(&house.authority, Some(&under_good)), Reason::Certificate).await;
    assert!(error.contains("UnknownRevocationStatus"), "{error}");
    let lists = [house.authority.revoke(&[8, 9]), middle.revoke(&[]), revoked_middle.revoke(&[])];
    house.options_with_crl(&lists);
    assert_eq!(tls.look(), Look::Renewed);
    meet(&mut porch, client(&house.authority, Some(&under_good))).await.0.unwrap();
    let error = refused(&mut porch, client(&house.authority, Some(&under_revoked)), Reason::Certificate).await;
    assert!(error.contains("Revoked"), "{error}");

    // What is revoked later is refused from then on.
    house.options_with_crl(&[house.authority.revoke(&[7, 8])]);
    assert_eq!(tls.look(), Look::Renewed);
    refused(&mut porch, client(&house.authority, Some(&good)), Reason::Certificate).await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_server_is_counted_as_such() {
    let house = House::new();
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    let error = refused(&mut porch, client(&Authority::new("other"), None), Reason::Untrusted).await;
    assert!(error.starts_with("the client does not take this server's certificate: "), "{error}");
}

#[tokio::test]
async fn a_protocol_that_the_door_does_not_have_is_refused() {
    let house = House::new();
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    let mut config = client(&house.authority, None);
    config.alpn_protocols = vec![b"h3".to_vec()];
    refused(&mut porch, config, Reason::Handshake).await;

    let none = TlsOptions { protocols: &[], ..house.options(ClientAuth::None) };
    let (mut porch, ..) = super::tests::porch(none).await;
    let (entered, _) = meet(&mut porch, client(&house.authority, None)).await;
    assert_eq!(entered.unwrap().peer().tls.as_ref().unwrap().protocol, None);
}

/// Sends bytes that are no good handshake; gives what came back, and the error.
async fn noise(porch: &mut Porch, bytes: &[u8]) -> (Vec<u8>, String) {
    let mut stream = TcpStream::connect(porch.local_addr().unwrap()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let entered = porch.accept().await.unwrap().enter().await;
    let error = entered.err().expect("it was admitted").to_string();
    let mut answer = Vec::new();
    // A connection that is reset has told enough.
    let _ = stream.read_to_end(&mut answer).await;
    (answer, error)
}

/// A ClientHello whose greatest version is the one given, with one suite that every version knows (RFC 5246, section 7.4.1.2).
fn old_hello(minor: u8) -> Vec<u8> {
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x13, 0xc0, 0x09, 1, 0]);
    // supported_groups: x25519; signature_algorithms: ECDSA with P-256 and SHA-256; ec_point_formats: uncompressed
    let extensions = [0, 10, 0, 4, 0, 2, 0, 0x1d, 0, 13, 0, 4, 0, 2, 4, 3, 0, 11, 0, 2, 1, 0];
    hello.extend([0, extensions.len() as u8]);
    hello.extend(extensions);
    let mut bytes = vec![0x16, 3, 1, 0, hello.len() as u8 + 4, 1, 0, 0, hello.len() as u8];
    bytes.extend(hello);
    bytes
}

#[tokio::test]
async fn what_is_no_tls_of_today_is_refused_with_an_alert() {
    let house = House::new();
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    for (minor, what) in [(2, "TLS 1.1"), (1, "TLS 1.0"), (0, "SSL 3")] {
        let (answer, error) = noise(&mut porch, &old_hello(minor)).await;
        assert_eq!((answer[0], answer[5..7].to_vec()), (0x15, vec![2, 70]), "{what}: protocol_version, {error}");
        assert!(error.starts_with("the client speaks neither TLS 1.2 nor 1.3"), "{what}: {error}");
    }
    assert_eq!(porch.counts().refused_for(Reason::Version), 3);

    for garbage in [&b"\x16\x03\x01\xff\xff\x00"[..], b"\x16\x16\x16\x16\x16\x16\x16"] {
        let (answer, error) = noise(&mut porch, garbage).await;
        assert_eq!(answer.first(), Some(&0x15), "an alert for {garbage:02x?}: {error}");
    }
    // A message that is announced with more bytes than any has is closed without a word.
    noise(&mut porch, b"\x16\x03\x01\x00\x05hello").await;
    assert_eq!(porch.counts().refused_for(Reason::Handshake), 3);
    assert_eq!(porch.counts().open(), 0);
}

#[tokio::test]
async fn plain_text_is_told_from_bad_tls() {
    let house = House::new();
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    for text in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0", b"\x15\x03\x01\0\x02\x02\x46"] {
        let (answer, error) = noise(&mut porch, text).await;
        assert!(answer.is_empty() && error.starts_with("the client speaks plain text, and this door speaks TLS"), "{error}");
    }
    assert_eq!(porch.counts().refused_for(Reason::PlainText), 4);
}

#[tokio::test]
async fn who_only_looks_at_the_port_is_no_refusal() {
    let house = House::new();
    let (mut porch, address, _) = porch(house.options(ClientAuth::None)).await;
    drop(TcpStream::connect(address).await.unwrap());
    assert!(porch.accept().await.unwrap().enter().await.is_err());
    assert!(porch.counts().refused().iter().all(|(_, number)| *number == 0));
}

#[tokio::test]
async fn a_slow_hello_has_five_seconds_and_holds_nobody_up() {
    let house = House::new();
    let (mut porch, address, _) = porch(house.options(ClientAuth::None)).await;
    let mut entering = Vec::new();
    let mut slow = Vec::new();
    for hello in [&b""[..], b"\x16", &old_hello(3)[..40]] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(hello).await.unwrap();
        slow.push(stream);
        let arrival = porch.accept().await.unwrap();
        entering.push(tokio::spawn(arrival.enter()));
    }
    let (entered, dialled) = meet(&mut porch, client(&house.authority, None)).await;
    assert!(entered.is_ok() && dialled.is_ok(), "others enter meanwhile");
    assert_eq!(porch.counts().refused_for(Reason::SlowHandshake), 0);

    tokio::time::pause();
    let before = Instant::now();
    // One of them goes on sending, a byte a second.
    let mut trickle = slow.pop().unwrap();
    let trickling = tokio::spawn(async move {
        for byte in &old_hello(3)[40..] {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if trickle.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    });
    for entering in entering {
        assert!(entering.await.unwrap().is_err());
    }
    // A timer of tokio fires at the next whole millisecond, so 5.001 s was once seen here.
    let waited = before.elapsed() - Duration::from_millis(1);
    assert!(waited <= limits::HANDSHAKE_TIMEOUT && waited > limits::HANDSHAKE_TIMEOUT - Duration::from_secs(2), "{waited:?}");
    assert_eq!(porch.counts().refused_for(Reason::SlowHandshake), 3);
    trickling.abort();
}

#[tokio::test]
async fn handshakes_wait_for_their_turn() {
    let house = House::new();
    let (mut porch, address, _) = porch(house.options(ClientAuth::None)).await;
    let shared = porch.counts().0;
    let turns = shared.handshakes.acquire_many(limits::HANDSHAKES_MAX as u32).await.unwrap();
    let dialled = tokio::spawn(dial(address, client(&house.authority, None)));
    let entering = tokio::spawn(porch.accept().await.unwrap().enter());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!entering.is_finished(), "there is no turn left");
    drop(turns);
    entering.await.unwrap().unwrap();
    dialled.await.unwrap().unwrap();
    assert_eq!(shared.handshakes.available_permits(), limits::HANDSHAKES_MAX, "a turn ends with the handshake");
}

async fn established(house: &House) -> (Guarded, TlsStream<TcpStream>, Counts) {
    let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
    let (entered, dialled) = meet(&mut porch, client(&house.authority, None)).await;
    (entered.unwrap(), dialled.unwrap(), porch.counts())
}

#[tokio::test]
async fn silence_after_the_handshake_ends_the_connection() {
    let house = House::new();
    let (mut here, _there, counts) = established(&house).await;
    tokio::time::pause();
    let before = Instant::now();
    let error = here.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!((error.kind(), counts.refused_for(Reason::Silent)), (io::ErrorKind::TimedOut, 1));
    assert!(before.elapsed() >= limits::FIRST_BYTE_TIMEOUT - Duration::from_secs(1), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go_also_over_tls() {
    let house = House::new();
    let (mut here, _there, counts) = established(&house).await;
    tokio::time::pause();
    let block = vec![7; 1 << 20];
    let error = loop {
        if let Err(error) = here.write_all(&block).await {
            break error;
        }
    };
    assert_eq!((error.kind(), counts.refused_for(Reason::Stalled)), (io::ErrorKind::TimedOut, 1));
}

#[tokio::test]
async fn what_tls_holds_back_has_the_same_deadline() {
    let house = House::new();
    let (mut here, _there, counts) = established(&house).await;
    let block = vec![7; 16 << 10];
    // Until TLS has taken what the kernel does not take.
    while timeout(Duration::from_millis(50), here.flush()).await.is_ok() {
        let _ = here.write(&block).await.unwrap();
    }
    tokio::time::pause();
    let before = Instant::now();
    let error = here.flush().await.unwrap_err();
    assert_eq!((error.kind(), counts.refused_for(Reason::Stalled)), (io::ErrorKind::TimedOut, 1));
    assert!(before.elapsed() > limits::WRITE_STALL_TIMEOUT / 2);
}

#[tokio::test]
async fn one_read_takes_all_records_that_came() {
    let house = House::new();
    let (mut here, mut there, _) = established(&house).await;
    let (records, bytes) = (100, 300);
    for record in 0..records {
        there.write_all(&vec![record as u8; bytes]).await.unwrap();
        there.flush().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut buffer = vec![0; 1 << 20];
    assert_eq!(here.read(&mut buffer).await.unwrap(), records * bytes);
    assert!((0..records * bytes).all(|place| buffer[place] == (place / bytes) as u8), "in order");

    // A buffer that is full leaves the rest, and an end comes after the last byte.
    there.write_all(&[1; 50]).await.unwrap();
    there.shutdown().await.unwrap();
    drop(there);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(here.read(&mut buffer[..20]).await.unwrap(), 20);
    assert_eq!(here.read(&mut buffer).await.unwrap(), 30);
    assert_eq!(here.read(&mut buffer).await.unwrap(), 0);
}

#[tokio::test]
async fn what_came_before_a_cut_is_read_before_the_cut_is_told() {
    let house = House::new();
    let (mut here, mut there, _) = established(&house).await;
    there.write_all(&[1; 50]).await.unwrap();
    there.flush().await.unwrap();
    // The end of TCP without that of TLS.
    there.get_mut().0.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut buffer = [0; 100];
    assert_eq!(here.read(&mut buffer).await.unwrap(), 50);
    assert_eq!(here.read(&mut buffer).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn sessions_are_resumed_only_where_nobody_shows_a_certificate() {
    let house = House::new();
    let alice = house.authority.client(|_| {});
    for (auth, expected) in [(ClientAuth::None, HandshakeKind::Resumed), (ClientAuth::Require, HandshakeKind::Full)] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let (mut porch, address, _) = porch(house.options(auth)).await;
            let mut config = client(&house.authority, Some(&alice));
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
            let mut roots = rustls::RootCertStore::empty();
            roots.add(house.authority.certificate.clone()).unwrap();
            let resolver = config.client_auth_cert_resolver.clone();
            config = builder.with_root_certificates(roots).with_client_cert_resolver(resolver);
            let config = Arc::new(config);
            let mut kinds = Vec::new();
            for _ in 0..2 {
                let dialled = tokio::spawn(dial_with(address, config.clone()));
                let mut here = porch.accept().await.unwrap().enter().await.unwrap();
                let mut there = dialled.await.unwrap().unwrap();
                here.write_all(b"!").await.unwrap();
                here.flush().await.unwrap();
                there.read_exact(&mut [0; 1]).await.unwrap();
                kinds.push(there.get_ref().1.handshake_kind().unwrap());
            }
            assert_eq!(kinds, [HandshakeKind::Full, expected], "{auth:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn new_files_are_used_and_connections_live_on() {
    let house = House::new();
    let (mut porch, _, tls) = porch(house.options(ClientAuth::None)).await;
    let (entered, dialled) = meet(&mut porch, client(&house.authority, None)).await;
    let (mut here, mut there) = (entered.unwrap(), dialled.unwrap());
    assert_eq!(tls.look(), Look::Same);

    let other = Authority::new("other");
    house.write_server(&other.server());
    // Nobody has looked yet.
    meet(&mut porch, client(&house.authority, None)).await.1.unwrap();
    assert_eq!(tls.look(), Look::Renewed);
    assert_eq!((tls.look(), tls.renewed(), tls.kept()), (Look::Same, 1, 0));
    meet(&mut porch, client(&other, None)).await.1.unwrap();
    refused(&mut porch, client(&house.authority, None), Reason::Untrusted).await;

    there.write_all(b"still here").await.unwrap();
    there.flush().await.unwrap();
    here.read_exact(&mut [0; 10]).await.unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_former_ones_and_are_told_once() {
    let house = House::new();
    let (mut porch, _, tls) = porch(house.options(ClientAuth::Require)).await;
    let alice = house.authority.client(|_| {});
    let other = house.authority.server();
    let whole: Vec<String> =
        ["cert.pem", "key.pem", "ca.pem"].map(|name| std::fs::read_to_string(house.path(name)).unwrap()).into();
    let mut kept = 0;
    for (name, text) in [
        ("cert.pem", "no certificate".to_owned()),
        ("cert.pem", pem("CERTIFICATE", b"\x30\x03abc")),
        ("key.pem", "no key".to_owned()),
        ("key.pem", pem("PRIVATE KEY", &other.key)),
        ("ca.pem", String::new()),
        ("ca.pem", pem("CERTIFICATE", b"\x30\x03abc")),
    ] {
        house.write(name, &text);
        kept += 1;
        assert_eq!(tls.look(), Look::Kept, "{name}: {text}");
        assert_eq!((tls.look(), tls.kept()), (Look::Same, kept), "told once");
        meet(&mut porch, client(&house.authority, Some(&alice))).await.0.unwrap();
        for (name, text) in ["cert.pem", "key.pem", "ca.pem"].iter().zip(&whole) {
            house.write(name, text);
        }
        assert_eq!(tls.look(), Look::Renewed);
    }
    // A file that is missing is told once as well, and looked for again and again.
    std::fs::remove_file(house.path("key.pem")).unwrap();
    assert_eq!((tls.look(), tls.look(), tls.kept()), (Look::Kept, Look::Same, kept + 1));
    house.write("key.pem", &whole[1]);
    assert_eq!(tls.look(), Look::Renewed);
    // So is a key that others may read by now.
    std::fs::set_permissions(house.path("key.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!((tls.look(), tls.look(), tls.kept()), (Look::Kept, Look::Same, kept + 2));
}

#[tokio::test]
async fn half_of_a_renewal_is_waited_out() {
    let house = House::new();
    let (mut porch, _, tls) = porch(house.options(ClientAuth::None)).await;
    let other = Authority::new("other");
    let server = other.server();
    house.write("cert.pem", &pem("CERTIFICATE", &server.chain[0]));
    assert_eq!(tls.look(), Look::Kept, "a certificate of another key");
    meet(&mut porch, client(&house.authority, None)).await.1.unwrap();
    house.write("key.pem", &pem("PRIVATE KEY", &server.key));
    assert_eq!(tls.look(), Look::Renewed);
    meet(&mut porch, client(&other, None)).await.1.unwrap();
}

#[test]
fn what_is_written_again_is_not_new() {
    let house = House::new();
    let tls = Tls::open(house.options(ClientAuth::None)).unwrap();
    let path = house.path("cert.pem");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    house.write("key.pem", &std::fs::read_to_string(house.path("key.pem")).unwrap());
    assert_eq!(tls.look(), Look::Same);
    // The same length and time of writing do not hide what is new.
    house.write_server(&house.authority.server());
    let padded = format!("{:<1$}", std::fs::read_to_string(&path).unwrap(), text.len());
    std::fs::write(&path, padded).unwrap();
    std::fs::File::open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(tls.look(), Look::Renewed);
}

#[tokio::test(start_paused = true)]
async fn files_are_looked_at_by_themselves() {
    let house = House::new();
    let tls = Tls::open(house.options(ClientAuth::None)).unwrap();
    let watching = tokio::spawn(tls.clone().watch());
    house.write_server(&house.authority.server());
    let before = Instant::now();
    while tls.renewed() == 0 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(before.elapsed() < limits::CERTIFICATES_LOOK * 4, "nobody looks");
    }
    assert!(before.elapsed() >= limits::CERTIFICATES_LOOK);
    watching.abort();
}

#[tokio::test]
async fn keys_are_read_in_each_of_their_formats() {
    let house = House::new();
    let elliptic = KeyPair::generate().unwrap();
    // What stands before the key itself: RFC 5958, section 2.
    let elliptic_inside = inside(&elliptic, 29);
    let rsa = rsa_key();
    let rsa_inside = inside(&rsa, 26);
    for (key, label, der) in [
        (&elliptic, "PRIVATE KEY", elliptic.serialize_der()),
        (&elliptic, "EC PRIVATE KEY", elliptic_inside),
        (&rsa, "PRIVATE KEY", rsa.serialize_der()),
        (&rsa, "RSA PRIVATE KEY", rsa_inside),
    ] {
        let server = house.authority.server_with(key);
        house.write("cert.pem", &pem("CERTIFICATE", &server.chain[0]));
        house.write("key.pem", &pem(label, &der));
        let (mut porch, ..) = porch(house.options(ClientAuth::None)).await;
        meet(&mut porch, client(&house.authority, None)).await.1.unwrap_or_else(|error| panic!("{label}: {error}"));
    }
}

/// A key as `openssl genpkey` makes it; nothing here makes RSA keys.
fn rsa_key() -> KeyPair {
    let der = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("tests/rsa-key.pem")).unwrap();
    KeyPair::try_from(&der).unwrap()
}

#[test]
fn what_cannot_be_opened_names_the_file() {
    let house = House::new();
    let of = |options: TlsOptions| Tls::open(options).err().expect("must be refused").to_string();
    let name = |name: &str| house.path(name).display().to_string();

    std::fs::set_permissions(house.path("key.pem"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let key = name("key.pem");
    let expected = format!("{key} can be read by others (mode 0640); take that away with: chmod 600 {key}");
    assert_eq!(of(house.options(ClientAuth::None)), expected);
    house.write_server(&house.authority.server());

    let mut options = house.options(ClientAuth::None);
    options.files.cert = house.path("missing");
    assert!(of(options).starts_with(&format!("{}: No such file", name("missing"))));
    let mut options = house.options(ClientAuth::Require);
    options.files.client_ca = None;
    assert_eq!(of(options), "the test door asks for client certificates and has no authority for them");
    house.write("empty.pem", "");
    let mut options = house.options(ClientAuth::Require);
    options.files.crl = Some(house.path("empty.pem"));
    assert_eq!(of(options), format!("{}: it holds no revocation list in PEM", name("empty.pem")));
    house.write("crl.pem", &pem("X509 CRL", b"\x30\x03abc"));
    let mut options = house.options(ClientAuth::Require);
    options.files.crl = Some(house.path("crl.pem"));
    assert!(of(options).starts_with(&name("crl.pem")));

    let long = std::fs::File::create(house.path("long.pem")).unwrap();
    long.set_len(limits::CERTIFICATE_FILE_BYTES_MAX + 1).unwrap();
    let mut options = house.options(ClientAuth::None);
    options.files.cert = house.path("long.pem");
    assert!(of(options).ends_with("it has more than 16777216 bytes"));
}
