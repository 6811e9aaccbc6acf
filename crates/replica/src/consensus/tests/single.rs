//! A cluster of one.

use std::time::Duration;

use base::disk::Fault;

use super::*;
use crate::consensus::Reply;

async fn propose(house: &House, line: &str) {
    let replies = house.group.propose(text(line)).await.expect("the entry is applied");
    match &replies.0[..] {
        [Reply::Refused(echo)] => assert_eq!(echo.message, line, "the answer is this entry's"),
        _ => panic!("one answer to one command"),
    }
}

fn contents(ledger: &Ledger) -> Vec<String> {
    ledger.lines().into_iter().map(|(_, line)| String::from_utf8(line.to_vec()).expect("lines are text")).collect()
}

#[tokio::test]
async fn a_restart_keeps_everything_and_serves_at_once() {
    let house = House::alone().await;
    for number in 0..50 {
        propose(&house, &format!("line {number}")).await;
    }
    let before = house.group.status();
    assert!(before.leading && before.voters == [1] && before.leader == Some(1));
    let (disk, ledger) = house.stop().await;
    let lines = ledger.lines();

    let start = runtime::now();
    let house = House::start(1, disk, &Ledger::default(), Arc::new(Alone)).await;
    house.group.initialize(&[1]).await.expect("has no effect on a group with a log");
    house.group.ready().await.expect("it leads");
    let took = runtime::now() - start;
    assert_eq!(house.ledger.lines(), lines, "ready means that what was acknowledged can be read");
    assert!(house.group.status().term > before.term, "a restart is another term");
    propose(&house, "after").await;
    assert_eq!(contents(&house.ledger).last().map(String::as_str), Some("after"));
    // An election timeout alone would be longer.
    assert!(took < Duration::from_millis(settings_min()), "ready after {took:?}");
    house.stop().await;
}

fn settings_min() -> u64 {
    crate::consensus::settings::ELECTION_TIMEOUT_MIN_MS
}

#[tokio::test]
async fn what_is_settled_leaves_the_log_and_is_not_applied_again() {
    let house = House::alone().await;
    for number in 0..20 {
        propose(&house, &format!("line {number}")).await;
    }
    let settled = house.ledger.settle();
    house.group.settled(Some(settled), std::future::pending()).await.expect("the replica runs");
    until("the log is purged", || house.journal.state(SHARD).purged == Some(settled)).await;
    propose(&house, "beyond").await;
    house.group.settled(Some(settled), std::future::pending()).await.expect("telling it twice changes nothing");
    let lines = house.ledger.lines();
    let (disk, ledger) = house.stop().await;

    // The ledger refuses to be given an entry twice.
    let house = House::start(1, disk, &ledger, Arc::new(Alone)).await;
    house.group.ready().await.expect("it leads");
    assert_eq!(house.ledger.lines(), lines);
    assert_eq!(house.journal.state(SHARD).purged, Some(settled));
    house.stop().await;
}

#[tokio::test]
async fn everything_may_be_settled_and_purged() {
    let house = House::alone().await;
    propose(&house, "only").await;
    let settled = house.ledger.settle();
    house.group.settled(Some(settled), std::future::pending()).await.expect("the replica runs");
    until("the log is purged", || house.journal.state(SHARD).purged == Some(settled)).await;
    let (disk, ledger) = house.stop().await;
    let house = House::start(1, disk, &ledger, Arc::new(Alone)).await;
    house.group.ready().await.expect("it leads with an empty log");
    propose(&house, "more").await;
    assert_eq!(contents(&house.ledger), ["only", "more"]);
    house.stop().await;
}

#[tokio::test]
async fn a_quiet_group_of_one_stays_leader_without_ticks() {
    let house = House::alone().await;
    let term = house.group.status().term;
    runtime::sleep(Duration::from_millis(3 * crate::consensus::settings::ELECTION_TIMEOUT_MAX_MS)).await;
    // Its lease is never renewed by anyone, and still it writes and reads.
    propose(&house, "after the quiet").await;
    house.group.barrier().await.expect("it leads");
    assert_eq!(house.group.status().term, term, "nobody called an election");
    house.stop().await;
}

#[tokio::test]
async fn a_quiet_group_of_one_uses_no_processor_time() {
    let house = House::alone().await;
    runtime::sleep(Duration::from_millis(50)).await;
    let quiet = runtime::sleep(Duration::from_millis(500));
    // All tasks of this test run on its thread.
    let before = runtime::SLEEPS.get();
    quiet.await;
    assert_eq!(runtime::SLEEPS.get(), before, "nobody woke to see whether it is time");
    house.stop().await;
}

#[tokio::test]
async fn entries_in_flight_are_applied_in_order() {
    let house = House::alone().await;
    let proposals = (0..100).map(|number| {
        let group = house.group.clone();
        async move { group.propose(text(&format!("{number:03}"))).await.map(drop) }
    });
    let outcomes = futures_util::future::join_all(proposals).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let lines = contents(&house.ledger);
    assert_eq!(lines, (0..100).map(|number| format!("{number:03}")).collect::<Vec<_>>());
    house.group.barrier().await.expect("it leads");
    house.stop().await;
}

#[tokio::test]
async fn a_failed_write_ends_the_replica_and_says_so() {
    const EIO: i32 = 5;
    let house = House::alone().await;
    propose(&house, "durable").await;
    house.disk.inject(Fault::All(EIO));
    let refused = in_time(house.group.propose(text("lost"))).await.map(drop);
    assert!(refused.is_err(), "what is not durable is not acknowledged");
    let message = in_time(house.group.failed()).await;
    assert!(message.contains("journal"), "{message}");
    assert!(in_time(house.group.barrier()).await.is_err(), "it does not go on");
    assert!(in_time(house.group.propose(text("more"))).await.is_err());
    assert!(in_time(house.group.ready()).await.is_err());
}

#[tokio::test]
async fn a_stopped_replica_has_not_failed() {
    let house = House::alone().await;
    let group = house.group.clone();
    let (_, _) = house.stop().await;
    let failed = within(Duration::from_millis(50), group.failed()).await;
    assert_eq!(failed, None, "stopping is not failing");
    assert!(group.propose(text("late")).await.is_err());
}

#[tokio::test]
async fn a_group_cannot_be_founded_without_oneself() {
    let house = House::start(1, MemoryDisk::new(), &Ledger::default(), Arc::new(Alone)).await;
    let refused = house.group.initialize(&[2, 3]).await;
    assert_eq!(refused.unwrap_err().kind, base::Kind::Invalid);
    house.stop().await;
}
