//! Signing in over the wire: who gets in, who does not, and what may not be said before.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test, in real time")]

mod house;

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use cluster::principals::{Command, Credential, Mechanism};
use gate::scram::{Hash, Keys};
use house::{Client, House, sasl};
use kafka_wire::{
    ErrorCode,
    message::Message,
    messages::{
        api_versions::{ApiVersionsRequest, ApiVersionsResponse},
        fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic},
        metadata::{MetadataRequest, MetadataResponse},
        sasl_authenticate::SaslAuthenticateRequest,
    },
};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, sleep},
};

const FAILED: i16 = ErrorCode::SaslAuthenticationFailed as i16;
const ILLEGAL: i16 = ErrorCode::IllegalSaslState as i16;

async fn asks_versions(client: &mut Client) -> Option<i16> {
    let body = client.ask(0, &ApiVersionsRequest::default()).await?;
    Some(ApiVersionsResponse::decode(&body, 0).unwrap().error_code)
}

async fn is_served(client: &mut Client) -> bool {
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let Some(body) = client.ask(1, &MetadataRequest { allow_auto_topic_creation: true, ..request }).await else { return false };
    MetadataResponse::decode(&body, 1).is_ok()
}

async fn alice(session: Option<Duration>) -> House {
    let house = House::open(sasl(session, false)).await;
    house.user("alice", "wonder", false).await;
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn who_knows_the_password_gets_in() {
    let house = alice(None).await;
    for hash in [Hash::Sha256, Hash::Sha512] {
        let mut client = house.client().await;
        assert_eq!(asks_versions(&mut client).await, Some(0));
        assert_eq!(client.sign_in(hash, "alice", "wonder").await, Ok(0));
        assert!(is_served(&mut client).await);
        assert_eq!(asks_versions(&mut client).await, Some(0), "also afterwards");
    }
    let mut client = house.client().await;
    assert_eq!(client.handshake(1, "PLAIN").await.unwrap().0, 0);
    assert_eq!(client.authenticate(b"alice\0alice\0wonder").await, Some((0, Vec::new(), 0)));
    assert!(is_served(&mut client).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_repeats_their_nonce_as_librdkafka_did_gets_in() {
    let house = alice(None).await;
    let mut client = house.client().await;
    client.handshake(1, "SCRAM-SHA-256").await.unwrap();
    assert_eq!(client.prove(Hash::Sha256, "alice", "wonder", "fyko").await, Ok(0));
    assert!(is_served(&mut client).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_after_the_first_handshake_version_are_bare() {
    let house = alice(None).await;
    let mut client = house.client().await;
    assert_eq!(client.handshake(0, "SCRAM-SHA-512").await.unwrap().0, 0);
    client.send_bare(b"n,,n=alice,r=fyko").await;
    let server_first = client.frame().await.unwrap();
    let (proof, signature) =
        house::proof(Hash::Sha512, "n=alice,r=fyko", "wonder", std::str::from_utf8(&server_first).unwrap(), "");
    client.send_bare(proof.as_bytes()).await;
    assert_eq!(client.frame().await.unwrap(), signature.into_bytes());
    assert!(is_served(&mut client).await);

    let mut wrong = house.client().await;
    wrong.handshake(0, "PLAIN").await.unwrap();
    wrong.send_bare(b"\0alice\0wrong").await;
    assert!(wrong.is_closed().await, "there is no answer that could say why");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_user_look_alike() {
    let house = alice(None).await;
    for (name, password) in [("alice", "wrong"), ("bob", "wonder")] {
        let mut client = house.client().await;
        let (code, took) = client.sign_in(Hash::Sha256, name, password).await.unwrap_err();
        assert_eq!(code, FAILED);
        assert!(took >= Duration::from_millis(100), "{took:?}: it is told later (KIP-306)");
        assert!(client.is_closed().await);

        let mut client = house.client().await;
        client.handshake(1, "PLAIN").await.unwrap();
        let begin = Instant::now();
        let (code, _, _) = client.authenticate(format!("\0{name}\0{password}").as_bytes()).await.unwrap();
        assert!(code == FAILED && begin.elapsed() >= Duration::from_millis(100));
        assert!(client.is_closed().await);
    }
    // Who is not known is asked the same each time.
    let mut salts = Vec::new();
    for _ in 0..2 {
        let mut client = house.client().await;
        client.handshake(1, "SCRAM-SHA-256").await.unwrap();
        let (_, first, _) = client.authenticate(b"n,,n=nobody,r=x").await.unwrap();
        salts.push(String::from_utf8(first).unwrap().split_once(",s=").unwrap().1.to_owned());
    }
    assert_eq!(salts[0], salts[1]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_messages_of_the_exchange_end_it() {
    let house = alice(None).await;
    let long = vec![b'x'; 5 << 10];
    let cases: [(&str, &[u8]); 8] = [
        ("SCRAM-SHA-256", b""),
        ("SCRAM-SHA-256", b"n,,n=al=ice,r=x"),
        ("SCRAM-SHA-512", b"p=tls-unique,,n=alice,r=x"),
        ("SCRAM-SHA-512", &long),
        ("PLAIN", b"alice\0wonder"),
        ("PLAIN", b"bob\0alice\0wonder"),
        ("PLAIN", b"\0alice\0"),
        ("PLAIN", b"\0alice\0\xff"),
    ];
    for (mechanism, message) in cases {
        let mut client = house.client().await;
        client.handshake(1, mechanism).await.unwrap();
        assert_eq!(client.authenticate(message).await.unwrap().0, FAILED, "{mechanism} {message:?}");
        assert!(client.is_closed().await);
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_said_before() {
    let house = alice(None).await;
    let mut client = house.client().await;
    assert!(!is_served(&mut client).await, "a request before the handshake");

    let mut client = house.client().await;
    assert_eq!(asks_versions(&mut client).await, Some(0));
    assert_eq!(asks_versions(&mut client).await, None, "versions are told once, as by Kafka");

    let mut client = house.client().await;
    assert_eq!(client.authenticate(b"\0alice\0wonder").await, None, "no mechanism was agreed on");

    let mut client = house.client().await;
    client.handshake(1, "PLAIN").await.unwrap();
    assert!(!is_served(&mut client).await, "a request in the middle");

    let mut client = house.client().await;
    client.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(client.handshake(1, "PLAIN").await.unwrap().0, ILLEGAL, "a second handshake");
    assert!(client.is_closed().await);

    let mut client = house.client().await;
    let (code, offered) = client.handshake(1, "GSSAPI").await.unwrap();
    assert_eq!(code, ErrorCode::UnsupportedSaslMechanism as i16);
    assert_eq!(offered, ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]);
    assert!(client.is_closed().await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_not_waited_for_and_say_little() {
    let house = alice(None).await;
    for (size, is_taken) in [(64 << 10, true), ((64 << 10) + 1, false)] {
        let mut client = house.client().await;
        client.stream.write_u32(size).await.unwrap();
        let begin = Instant::now();
        assert!(client.is_closed().await);
        let took = begin.elapsed();
        assert_eq!(took >= Duration::from_secs(9), is_taken, "a request of {size} bytes that does not come: {took:?}");
        assert!(took < Duration::from_secs(13));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_does_so_again_in_time() {
    let house = alice(Some(Duration::from_secs(3))).await;
    let mut client = house.client().await;
    assert_eq!(client.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(3000));
    assert!(is_served(&mut client).await);
    sleep(Duration::from_millis(2000)).await;
    assert_eq!(client.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(3000), "again");
    assert_eq!(client.handshake(1, "SCRAM-SHA-256").await.unwrap().0, ILLEGAL, "not twice in a second");
    sleep(Duration::from_millis(1500)).await;
    assert!(is_served(&mut client).await, "the former end does not count any more");
    sleep(Duration::from_millis(2000)).await;
    assert!(!is_served(&mut client).await, "the session is over");

    let mut late = house.client().await;
    assert_eq!(late.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(3000));
    sleep(Duration::from_millis(3200)).await;
    assert_eq!(late.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(3000), "a handshake may come late");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_again_stays_who_they_are() {
    let house = alice(Some(Duration::from_secs(600))).await;
    house.user("bob", "builder", false).await;
    let mut client = house.client().await;
    client.sign_in(Hash::Sha256, "alice", "wonder").await.unwrap();
    assert_eq!(client.sign_in(Hash::Sha256, "bob", "builder").await.unwrap_err().0, FAILED);
    assert!(client.is_closed().await);

    let mut client = house.client().await;
    client.sign_in(Hash::Sha256, "alice", "wonder").await.unwrap();
    assert_eq!(client.handshake(1, "SCRAM-SHA-512").await.unwrap().0, 0);
    assert_eq!(client.authenticate(b"n,,n=alice,r=x").await.unwrap().0, FAILED, "by another mechanism");
    assert!(client.is_closed().await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_end_nobody_signs_in_again() {
    let house = alice(None).await;
    let mut client = house.client_of("alice", "wonder").await;
    assert_eq!(client.handshake(1, "SCRAM-SHA-256").await, Some((ILLEGAL, Vec::new())));
    assert_eq!(client.authenticate(b"x").await.unwrap().0, ILLEGAL);
    assert!(is_served(&mut client).await, "the connection goes on");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_of_a_user_who_is_gone_end_within_a_second() {
    let house = alice(None).await;
    house.user("bob", "builder", false).await;
    house.user("carol", "singer", false).await;
    let mut bob = house.client_of("bob", "builder").await;
    let mut carol = house.client_of("carol", "singer").await;
    let mut alice = house.client_of("alice", "wonder").await;
    house.change(Command::RemoveUser { name: "bob".to_owned() }).await;
    house.change(Command::SetUser { name: "carol".to_owned(), enabled: false, is_admin: false, time_ms: 2 }).await;
    let begin = Instant::now();
    assert!(bob.is_closed().await && carol.is_closed().await);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(is_served(&mut alice).await, "others stay");
    let mut again = house.client().await;
    assert_eq!(again.sign_in(Hash::Sha256, "carol", "singer").await.unwrap_err().0, FAILED);
    house.close().await;
}

/// What a name is asked for by this mechanism: a salt and a number of rounds.
async fn asked(house: &House, hash: Hash, name: &str) -> String {
    let mut client = house.client().await;
    client.handshake(1, hash.mechanism()).await.unwrap();
    let (_, first, _) = client.authenticate(format!("n,,n={name},r=x").as_bytes()).await.unwrap();
    String::from_utf8(first).unwrap().split_once(",s=").unwrap().1.to_owned()
}

/// What lets somebody in was looked up with the first message and believed with the last one: who was removed, disabled, or removed
/// and made again by somebody else in between got in all the same. That it is looked at again had no test.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_goes_between_the_messages_does_not_get_in() {
    let house = alice(None).await;
    for change in ["nothing", "disabled", "removed", "made again"] {
        let mut client = house.client().await;
        client.handshake(1, "SCRAM-SHA-256").await.unwrap();
        let (code, first, _) = client.authenticate(b"n,,n=alice,r=fyko").await.unwrap();
        assert_eq!(code, 0);
        match change {
            "nothing" => {}
            "disabled" => house.set_enabled("alice", false).await,
            _ => house.change(Command::RemoveUser { name: "alice".to_owned() }).await,
        }
        if change == "made again" {
            house.change(Command::SetUser { name: "alice".to_owned(), enabled: true, is_admin: false, time_ms: 9 }).await;
        }
        let (proof, _) = house::proof(Hash::Sha256, "n=alice,r=fyko", "wonder", std::str::from_utf8(&first).unwrap(), "");
        let (code, ..) = client.authenticate(proof.as_bytes()).await.unwrap();
        assert_eq!(code, if change == "nothing" { 0 } else { FAILED }, "{change}");
        assert_eq!(is_served(&mut client).await, change == "nothing", "{change}");
        house.user("alice", "wonder", false).await;
    }
    house.close().await;
}

/// A client that hung up while its password waited was not missed: its password was computed like any other, so that whoever
/// connected, asked and went in a loop kept the processors busy and everybody else waiting.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_computed_for_clients_that_have_gone() {
    const CLIENTS: usize = 150;
    let house = alice(None).await;
    let salt = [7; 16];
    let keys = Keys::derive(Hash::Sha512, b"x", &salt, 16_384).unwrap();
    let credential = Credential {
        mechanism: Mechanism::ScramSha512,
        iterations: 16_384,
        salt: Bytes::copy_from_slice(&salt),
        stored_key: Bytes::copy_from_slice(keys.stored_key()),
        server_key: Bytes::copy_from_slice(keys.server_key()),
    };
    house.change(Command::SetCredential { name: "alice".to_owned(), credential, time_ms: 1 }).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = house.client().await;
        client.handshake(1, "PLAIN").await.unwrap();
        clients.push(client);
    }
    let message = SaslAuthenticateRequest { auth_bytes: Cow::Borrowed(b"\0alice\0wrong") };
    for client in &mut clients {
        client.send(2, &message).await;
    }
    while house.door.passwords_checking() < 20 {
        sleep(Duration::from_millis(1)).await;
    }
    drop(clients);
    let mut honest = house.client().await;
    honest.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(honest.authenticate(b"\0alice\0x").await.unwrap().0, 0);
    while house.door.passwords_checking() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    let (let_in, refused) = house.door.sign_ins();
    assert_eq!(let_in, 1);
    assert!(refused < CLIENTS as u64 / 2, "{refused} passwords were computed for nobody");
    house.close().await;
}

/// There was no way to keep somebody out but to remove them, with all that they sign in with. Who is disabled is kept out and told what
/// strangers are told, what they are asked for stays the same, and all is as it was when they are enabled.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_disabled_is_kept_out_and_keeps_what_they_have() {
    let house = alice(Some(Duration::from_secs(600))).await;
    let before = asked(&house, Hash::Sha256, "alice").await;
    let mut open = house.client_of("alice", "wonder").await;
    let mut renewing = house.client_of("alice", "wonder").await;
    renewing.handshake(1, "SCRAM-SHA-256").await.unwrap();
    house.set_enabled("alice", false).await;
    let begin = Instant::now();
    assert!(open.is_closed().await && renewing.is_closed().await);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(asked(&house, Hash::Sha256, "alice").await, before, "nobody sees that it is so");
    for hash in [Hash::Sha256, Hash::Sha512] {
        let mut client = house.client().await;
        assert_eq!(client.sign_in(hash, "alice", "wonder").await.unwrap_err().0, FAILED);
    }
    let mut client = house.client().await;
    client.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(client.authenticate(b"\0alice\0wonder").await.unwrap().0, FAILED);

    house.set_enabled("alice", true).await;
    for hash in [Hash::Sha256, Hash::Sha512] {
        let mut client = house.client().await;
        assert_eq!(client.sign_in(hash, "alice", "wonder").await, Ok(600_000), "by the same password");
    }
    house.close().await;
}

/// Made-up salts were 16 bytes and had 8192 rounds, whatever users had: any other answer was a user's.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_is_asked_for_what_users_are() {
    let house = House::open(sasl(None, false)).await;
    assert!(asked(&house, Hash::Sha256, "nobody").await.ends_with(",i=8192"), "where there is nobody to be like");
    let salt = b"1fovgi7ofhqqbktiu2nqq14q7m";
    let keys = Keys::derive(Hash::Sha256, b"wonder", salt, 4_096).unwrap();
    let credential = Credential {
        mechanism: Mechanism::ScramSha256,
        iterations: 4_096,
        salt: Bytes::from_static(salt),
        stored_key: Bytes::copy_from_slice(keys.stored_key()),
        server_key: Bytes::copy_from_slice(keys.server_key()),
    };
    house.change(Command::SetCredential { name: "alice".to_owned(), credential, time_ms: 1 }).await;
    let (known, unknown) = (asked(&house, Hash::Sha256, "alice").await, asked(&house, Hash::Sha256, "nobody").await);
    assert_ne!(known, unknown);
    assert_eq!(known.len(), unknown.len(), "{known} {unknown}");
    assert!(unknown.ends_with(",i=4096"), "{unknown}");
    assert_eq!(unknown, asked(&house, Hash::Sha256, "nobody").await);
    let mut client = house.client().await;
    assert_eq!(client.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(0));
    house.close().await;
}

/// The code of a fetch, and its session.
async fn fetched(client: &mut Client, session_id: i32, session_epoch: i32) -> (i16, i32) {
    let partitions = vec![FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() }];
    let topics = match session_epoch {
        0 => vec![FetchTopic { topic: Cow::Borrowed("orders"), partitions, ..FetchTopic::default() }],
        _ => Vec::new(),
    };
    let request = FetchRequest { max_bytes: 1 << 20, session_id, session_epoch, topics, ..FetchRequest::default() };
    let body = client.ask(12, &request).await.unwrap();
    let answer = FetchResponse::decode(&body, 12).unwrap();
    (answer.error_code, answer.session_id)
}

/// A fetch session belonged to nobody: whoever knew or guessed its id and epoch went on with it, and its owner was refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_session_is_there_for_who_began_it() {
    const NOT_FOUND: i16 = ErrorCode::FetchSessionIdNotFound as i16;
    let house = alice(Some(Duration::from_secs(600))).await;
    house.user("bob", "builder", false).await;
    let mut alice = house.client_of("alice", "wonder").await;
    let mut bob = house.client_of("bob", "builder").await;
    let (code, session) = fetched(&mut alice, 0, 0).await;
    assert!(code == 0 && session > 0);
    assert_eq!(fetched(&mut bob, session, 1).await.0, NOT_FOUND);
    assert_eq!(fetched(&mut bob, session, -1).await, (0, 0), "nor can they close it");
    assert_eq!(alice.sign_in(Hash::Sha256, "alice", "wonder").await, Ok(600_000), "again");
    assert_eq!(fetched(&mut alice, session, 1).await, (0, session));
    let mut alice_too = house.client_of("alice", "wonder").await;
    assert_eq!(fetched(&mut alice_too, session, 2).await, (0, session), "on whichever connection");
    house.close().await;
}
