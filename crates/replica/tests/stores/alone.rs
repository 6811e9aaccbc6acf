//! One node.

use std::time::Duration;

use base::Kind;
use bytes::Bytes;
use config::{Command, Reply, Value};
use replica::Lane;
use tokio::time::Instant;

use crate::house::{House, context, get, put, set, state, text, value_of, write};

const VALUE_BYTES: usize = 8 << 20;

pub(crate) fn noise(bytes: usize, seed: u64) -> Bytes {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..bytes).map(|_| next()).collect::<Vec<u8>>().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_read_waited_for_and_there_after_a_restart() {
    let mut house = House::alone().await;
    let store = house.store();
    assert_eq!((store.position(), store.machine().counts().keys), (0, 0), "a new cluster has an empty one");
    assert!(store.leads() && store.leader().is_some() && store.term() > 0);
    let mut positions = store.subscribe();
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.wait_applied(2).await.map(|()| store.position()) })
    };
    let written = write(&store, vec![put("a/b", "k", text("1"))]).await.unwrap();
    assert_eq!((written.first, written.last), (1, 2), "the namespace comes with its first key");
    assert_eq!(store.position(), 2, "who wrote reads what was written");
    assert_eq!(positions.changed().await.unwrap(), 2);
    assert!(waiting.await.unwrap().unwrap() >= 2);
    store.barrier().await.unwrap();
    assert_eq!(get(&store, "a/b", "k").await.unwrap().version, 1);

    let refused = write(&store, vec![put("a/b", "\0", text("1"))]).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Invalid);
    assert_eq!(get(&store, "a/b", "x").await.unwrap_err().kind, Kind::NotFound);
    let begun = Instant::now();
    let missing = store.wait_applied(9);
    assert!(tokio::time::timeout(Duration::from_millis(100), missing).await.is_err(), "{:?}", begun.elapsed());

    for round in 0..50 {
        set(&store, "a/b", &format!("k{}", round % 7), &format!("{round}")).await;
    }
    let before = state(&store, "a/b").await;
    drop(store);
    for is_killed in [true, false] {
        if is_killed {
            house.kill()
        } else {
            house.stop().await
        }
        house.open().await;
        assert_eq!(state(&house.store(), "a/b").await, before);
    }
    let status = house.node().status();
    assert_eq!((status.stores.len(), status.stores[0].position), (1, before.0));
    let written = write(&house.store(), vec![put("a/b", "k", text("2"))]).await.unwrap();
    assert_eq!(written.first, before.0 + 1, "positions go on");
}

/// A value of 8 MiB travels in chunks, beside small writes that do not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn large_values_travel_in_pieces_beside_small_writes() {
    let mut house = House::alone().await;
    let store = house.store();
    set(&store, "small", "k", "0").await;
    let whole = noise(VALUE_BYTES, 7);
    let (putting, bytes) = (store.clone(), whole.clone());
    let large = tokio::spawn(async move {
        for round in 0..4_u8 {
            let mut bytes = bytes.to_vec();
            bytes[0] = round;
            let value = putting.put_value(bytes.into()).await.unwrap();
            let Value::Chunks { chunks, .. } = &value else { panic!("{value:?}") };
            assert!(chunks.len() > 60, "{}", chunks.len());
            write(&putting, vec![put("large", "k", value)]).await.unwrap();
        }
    });
    let (mut small, mut slowest) = (0, Duration::ZERO);
    while !large.is_finished() {
        let begun = Instant::now();
        write(&store, vec![put("small", "k", text(&small.to_string()))]).await.unwrap();
        (small, slowest) = (small + 1, slowest.max(begun.elapsed()));
    }
    large.await.unwrap();
    println!("{small} small writes beside 4 values of 8 MiB, the slowest after {slowest:?}");
    assert!(small >= 20 && slowest < Duration::from_secs(2), "{small} small writes, the slowest after {slowest:?}");
    let stored = get(&store, "large", "k").await.unwrap();
    assert_eq!((stored.version, stored.bytes), (4, VALUE_BYTES as u64));
    let read = value_of(&store, &stored).await;
    assert_eq!((read[0], &read[1..]), (3, &whole[1..]));

    let too_long = store.put_value(noise(VALUE_BYTES + 1, 1)).await.unwrap_err();
    assert_eq!(too_long.kind, Kind::Invalid);
    let short = store.put_value(Bytes::from_static(b"short")).await.unwrap();
    assert_eq!(short, Value::Inline(Bytes::from_static(b"short")));

    drop(store);
    house.kill();
    house.open().await;
    let store = house.store();
    assert_eq!(value_of(&store, &get(&store, "large", "k").await.unwrap()).await, read);
}

/// An import of many keys becomes visible at one position. Who writes meanwhile waits, and is not refused.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_becomes_visible_at_once_and_writers_wait_for_it() {
    const PARTS: u32 = 40;
    const ITEMS: usize = 500;
    let house = House::alone().await;
    let store = house.store();
    set(&store, "other", "k", "0").await;
    store.propose(Lane::Bulk, &Command::ImportBegin { import: 9, context: context() }).await.unwrap();
    for part in 0..PARTS {
        let items = (0..ITEMS).map(|item| put("many", &format!("{part:03}/{item:03}"), text("x"))).collect();
        store.propose(Lane::Bulk, &Command::ImportPart { import: 9, part, items }).await.unwrap();
    }
    assert_eq!(store.machine().counts().keys, 1, "nobody sees what is staged");
    let before = store.position();
    let watching = {
        let (store, mut positions) = (store.clone(), store.subscribe());
        tokio::spawn(async move {
            let mut seen = Vec::new();
            while store.machine().counts().keys <= 1 {
                seen.push(positions.changed().await.unwrap());
            }
            seen
        })
    };
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            let (mut slowest, mut last) = (Duration::ZERO, 0);
            while store.machine().import(9).unwrap().visible.is_none() || last == 0 {
                let begun = Instant::now();
                last = write(&store, vec![put("other", "k", text("1"))]).await.unwrap().last;
                slowest = slowest.max(begun.elapsed());
            }
            (slowest, last)
        })
    };
    let begun = Instant::now();
    let progress = store.publish(Lane::Normal, 9).await.unwrap();
    let (first, last) = progress.visible.expect("it is visible");
    println!("{} keys visible after {:?}", progress.items, begun.elapsed());
    assert_eq!((progress.items, last - first + 1), (u64::from(PARTS) * ITEMS as u64, progress.items + 1));
    assert!(first > before);
    let (slowest, written) = writing.await.unwrap();
    assert!(written > last || written < first, "a write beside it has a place of its own");
    println!("the slowest write beside it took {slowest:?}");
    let seen = watching.await.unwrap();
    assert!(seen.iter().all(|position| *position < first || *position >= last), "{seen:?}, and it is {first}..={last}");
    assert_eq!(store.publish(Lane::Normal, 9).await.unwrap(), progress, "asked for again, it says so again");

    // One that cannot be done says why, and nothing of it is seen.
    store.propose(Lane::Bulk, &Command::ImportBegin { import: 11, context: context() }).await.unwrap();
    let mut items: Vec<_> = (0..2_000).map(|item| put("many", &format!("new/{item:04}"), text("x"))).collect();
    items.push(config::Operation::Delete {
        namespace: "many".to_owned(),
        key: "is not there".to_owned(),
        expect: config::Expect::Any,
    });
    store.propose(Lane::Bulk, &Command::ImportPart { import: 11, part: 0, items }).await.unwrap();
    let (position, keys) = (store.position(), store.machine().counts().keys);
    assert_eq!(store.publish(Lane::Normal, 11).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!((store.position(), store.machine().counts().keys), (position, keys));
    assert_eq!(store.propose(Lane::Normal, &Command::ImportAbort { import: 11 }).await.unwrap(), Reply::Done);
}
