//! Three nodes.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    alone::noise,
    house::{House, PATIENCE, get, put, set, state, text, until, value_of, write},
};

fn leader(houses: &[House]) -> Option<usize> {
    houses.iter().position(|house| house.store().leads())
}

/// Every node holds the same, byte for byte.
async fn assert_equal(houses: &[House], namespace: &str) {
    until("everybody is equally far", async || {
        let positions: Vec<u64> = houses.iter().map(|house| house.store().position()).collect();
        positions.windows(2).all(|two| two[0] == two[1]).then_some(())
    })
    .await;
    let first = state(&houses[0].store(), namespace).await;
    for house in &houses[1..] {
        assert_eq!(state(&house.store(), namespace).await, first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_node_writes_and_reads_and_a_leader_that_dies_costs_time() {
    let mut houses = House::three(16 << 20).await;
    let at = until("a leader", async || leader(&houses)).await;
    let (one, other) = ((at + 1) % 3, (at + 2) % 3);
    let written = set(&houses[one].store(), "a", "k", "1").await;
    let token = houses[other].store();
    token.wait_applied(written.last).await.unwrap();
    assert_eq!(get(&token, "a", "k").await.unwrap().position, written.last);
    let written = set(&houses[other].store(), "a", "k", "2").await;
    for house in &houses {
        let store = house.store();
        store.barrier().await.unwrap();
        assert!(store.position() >= written.last);
        assert_eq!(get(&store, "a", "k").await.unwrap().position, written.last);
    }
    let large = noise(3 << 20, 5);
    let value = houses[one].store().put_value(large.clone()).await.unwrap();
    write(&houses[other].store(), vec![put("a", "large", value)]).await.unwrap();

    houses[at].kill();
    let begun = Instant::now();
    let written = set(&houses[one].store(), "a", "k", "3").await;
    println!("written {:?} after the leader died", begun.elapsed());
    assert!(begun.elapsed() < PATIENCE / 2);
    houses[other].store().wait_applied(written.last).await.unwrap();
    for round in 0..100 {
        let house = if round % 2 == 0 { one } else { other };
        set(&houses[house].store(), "a", &format!("k{round}"), "x").await;
    }
    houses[at].open().await;
    let store = houses[at].store();
    store.barrier().await.unwrap();
    assert_eq!(get(&store, "a", "k").await.unwrap().position, written.last);
    assert_eq!(value_of(&store, &get(&store, "a", "large").await.unwrap()).await, large);
    assert_equal(&houses, "a").await;

    // Two of three are gone: nobody confirms anything, and the answer says whether anything was done.
    let alone = houses[one].store();
    houses[at].kill();
    houses[other].kill();
    let refused = alone.barrier().await.unwrap_err();
    assert!(matches!(refused.kind, base::Kind::Deadline | base::Kind::Unavailable), "{refused:?}");
    let refused = write(&alone, vec![put("a", "k", text("4"))]).await.unwrap_err();
    assert_eq!(refused.kind, base::Kind::Deadline, "{refused}: whoever leads next may do it");
}

/// An import goes on when its leader dies in the midst of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_outlives_its_leader() {
    use config::Command;
    use replica::Lane;
    let mut houses = House::three(16 << 20).await;
    let at = until("a leader", async || leader(&houses)).await;
    let one = (at + 1) % 3;
    let store = houses[one].store();
    set(&store, "a", "k", "1").await;
    store.propose(Lane::Bulk, &Command::ImportBegin { import: 3, context: crate::house::context() }).await.unwrap();
    for part in 0..30 {
        let items = (0..500).map(|item| put("a", &format!("{part:03}/{item:03}"), text("x"))).collect();
        store.propose(Lane::Bulk, &Command::ImportPart { import: 3, part, items }).await.unwrap();
    }
    let publishing = {
        let store = store.clone();
        tokio::spawn(async move { store.publish(Lane::Normal, 3).await })
    };
    until("it is being made visible", async || store.machine().publishing().or((store.position() > 20).then_some(0))).await;
    houses[at].kill();
    let outcome = publishing.await.unwrap();
    println!("{outcome:?}");
    let progress = until("it is visible", async || store.machine().import(3).ok().filter(|at| at.visible.is_some())).await;
    assert_eq!(progress.items, 15_000);
    assert_eq!(store.machine().counts().keys, 15_001);
    houses[at].open().await;
    assert_equal(&houses, "a").await;
}

/// What is settled goes to a new node as a whole, large values included; the machine there begins anew on it, and goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_node_takes_over_the_whole_store() {
    let mut houses = House::three(64 << 10).await;
    let store = houses[0].store();
    set(&store, "a", "k", "0").await;
    let large = noise(2 << 20, 9);
    let value = store.put_value(large.clone()).await.unwrap();
    write(&store, vec![put("a", "large", value)]).await.unwrap();
    for round in 0..600 {
        write(&store, vec![put("a", &format!("k{:03}", round % 200), text(&"x".repeat(1_000 + round)))]).await.unwrap();
    }
    until("some of the log is gone", async || {
        let settled = |house: &House| house.node().status().shards.iter().any(|shard| shard.settles >= 3);
        houses.iter().all(settled).then_some(())
    })
    .await;
    let fourth = House::join(&houses[0], "n4").await;
    let new = fourth.store();
    until("it holds what the others do", async || (new.position() >= store.position()).then_some(())).await;
    assert_eq!(value_of(&new, &get(&new, "a", "large").await.unwrap()).await, large);
    let written = set(&new, "a", "after", "1").await;
    assert_eq!(written.first, written.last);
    houses.push(fourth);
    assert_equal(&houses, "a").await;

    // One that was away for long takes it over in the midst of what it holds, and whoever waits there hears of it.
    houses[1].kill();
    for round in 0..600 {
        write(&store, vec![put("a", &format!("k{:03}", round % 200), text(&"y".repeat(1_000 + round)))]).await.unwrap();
    }
    houses[1].open().await;
    let back = houses[1].store();
    tokio::time::timeout(Duration::from_secs(30), async { while back.wait_applied(store.position()).await.is_err() {} })
        .await
        .expect("it catches up");
    assert_equal(&houses, "a").await;
}
