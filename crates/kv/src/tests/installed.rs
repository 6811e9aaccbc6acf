//! A machine whose whole state is replaced by that of a replica that is further on.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    thread,
};

use base::Kind;
use table::{Mark, Tree as _};

use super::support::*;
use crate::{Cold, Command};

/// What everybody applies first.
fn beginning(house: &mut House) {
    house.do_it(Command::LeaseGrant { id: 1, ttl: 60 });
    house.do_it(Command::LeaseGrant { id: 2, ttl: 60 });
    for round in 0..6 {
        for key in ["a", "b", "c", "d"] {
            house.put(key, &format!("{key} in round {round}"));
        }
        house.do_it(Command::Put(crate::PutRequest { lease: 2, ..put_request("e", "leased") }));
    }
}

/// What only the one has applied that is further on.
fn more(house: &mut House) {
    house.do_it(Command::LeaseRevoke { id: 2 });
    house.do_it(Command::LeaseGrant { id: 3, ttl: 90 });
    house.do_it(Command::LeaseCheckpoint { term: 1, remaining: vec![(1, 7)] });
    house.do_it(Command::Alarm { member: 9, alarm: 2, raise: false });
    for round in 0..10 {
        for key in ["a", "c", "f"] {
            house.put(key, &format!("{key} later {round}"));
        }
        house.do_it(Command::Put(crate::PutRequest { ignore_value: true, ..put_request("b", "") }));
        house.delete("d");
    }
    house.do_it(compact(house.machine.revision() - 12));
    house.reclaim_all();
    house.put("a", "last");
    house.settle(0);
}

fn assert_same(one: &House, other: &House) {
    let (a, b) = (&one.machine, &other.machine);
    assert_eq!((a.revision(), a.compact_revision(), a.size()), (b.revision(), b.compact_revision(), b.size()));
    for revision in a.compact_revision().max(1)..=a.revision() {
        assert_eq!(one.at(revision), other.at(revision), "at revision {revision}");
        assert_eq!(a.hash_kv(revision), b.hash_kv(revision), "at revision {revision}");
    }
    let history = |machine: &crate::Machine| machine.history(machine.compact_revision(), i64::MAX, &all().span, usize::MAX);
    assert_eq!(history(a), history(b));
    assert_eq!(a.leases(), b.leases());
    a.leases().into_iter().for_each(|id| assert_eq!(a.lease(id), b.lease(id)));
    assert_eq!(a.alarms(), b.alarms());
}

#[test]
fn a_replaced_machine_is_the_other_s_in_everything() {
    let (mut ahead, mut behind) = (House::new(), House::new());
    beginning(&mut ahead);
    beginning(&mut behind);
    more(&mut ahead);
    assert!(behind.machine.lease(2).is_some());
    let clone = behind.machine.clone();
    behind.install(&ahead);
    assert_same(&ahead, &behind);
    assert_eq!(clone.revision(), ahead.machine.revision(), "all clones see it");
    assert_eq!(behind.table.unsettled_memory(), 0);
    // And they stay the same: changes, reclaiming and a restart included.
    for house in [&mut ahead, &mut behind] {
        for number in 0..5 {
            house.put("b", &format!("after {number}"));
            house.do_it(Command::Put(crate::PutRequest { ignore_value: true, ..put_request("a", "") }));
            house.delete("c");
        }
        house.do_it(compact(house.machine.revision() - 2));
        house.reclaim_all();
    }
    assert_same(&ahead, &behind);
    assert_same(&ahead.reopen(), &behind.reopen());
}

#[test]
fn an_older_state_is_refused() {
    let (mut ahead, mut behind) = (House::new(), House::new());
    beginning(&mut ahead);
    beginning(&mut behind);
    behind.settle(0);
    more(&mut ahead);
    let before = ahead.at(0);
    ahead.table.replace(copy(&*behind.tree.snapshot(), &*ahead.tree)).expect("the table does not know");
    assert_eq!(ahead.machine.reload().expect_err("revisions never go back").kind, Kind::Corrupt);
    assert_eq!(ahead.at(0), before, "what was there is still answered");
}

/// The settle that carries a slice of reclaiming may come to nothing, since the tree is replaced meanwhile. What it would have
/// brought must not be believed, whichever of the two states it was made from.
#[test]
fn reclaiming_that_came_to_nothing_is_forgotten() {
    for made_from_the_new in [false, true] {
        let (mut ahead, mut behind) = (House::new(), House::new());
        beginning(&mut ahead);
        beginning(&mut behind);
        more(&mut ahead);
        for round in 0..3 {
            ahead.put("a", &format!("again {round}"));
        }
        ahead.do_it(compact(ahead.machine.revision() - 1));
        ahead.settle(0);
        behind.do_it(compact(20));
        behind.settle(0);
        behind.machine.force_reclaim();
        let sealed = behind.table.seal(Mark::default()).expect("one at a time");
        let early = (!made_from_the_new).then(|| behind.machine.reclaim(100).expect("reclaims"));
        behind.install(&ahead);
        behind.machine.force_reclaim();
        let (changes, dropped) = early.unwrap_or_else(|| behind.machine.reclaim(100).expect("reclaims"));
        assert!(!dropped.is_empty(), "there was something to reclaim");
        assert!(!behind.table.settle(sealed, changes, &dropped).expect("settles"), "the tree was replaced");
        assert_same(&ahead, &behind);
        behind.reclaim_all();
        ahead.reclaim_all();
        assert_same(&ahead, &behind);
        assert_same(&ahead.reopen(), &behind.reopen());
    }
}

/// Readers beside one installation after the other: each answer is of one state, and revisions never go back.
#[test]
fn readers_beside_installations_see_one_state_each() {
    const KEYS: usize = 1_200;
    const STATES: usize = 6;
    let mut source = House::new();
    for number in 0..KEYS {
        source.put(&format!("key {number:04}"), "state 0");
    }
    source.settle(0);
    let mut house = House::new();
    house.install(&source);
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (machine, (stop, answers)) = (house.machine.clone(), (&stop, &answers));
    let check = |values: Vec<crate::KeyValue>| {
        assert_eq!(values.len(), KEYS);
        assert!(values.iter().all(|kv| kv.value == values[0].value), "of one state");
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|kind| {
                let machine = machine.clone();
                scope.spawn(move || {
                    let mut known = 0;
                    while !stop.load(Relaxed) {
                        let mut kvs = Vec::new();
                        let header = match kind {
                            0 => {
                                let (reply, header) = machine.range(&all(), Cold::Allow).expect("may read").expect("reads");
                                kvs = reply.kvs;
                                header
                            }
                            1 => match machine.range(&all(), Cold::Refuse) {
                                Some(answer) => {
                                    let (reply, header) = answer.expect("reads");
                                    kvs = reply.kvs;
                                    header
                                }
                                None => continue,
                            },
                            _ => {
                                let mut header = 0;
                                let told = machine.range_chunks(&all(), 4_000, &mut |part, at| {
                                    kvs.extend(part.kvs);
                                    header = at;
                                    true
                                });
                                told.expect("reads");
                                header
                            }
                        };
                        check(kvs);
                        assert!(header >= known, "revision {header} after {known}");
                        known = header;
                        answers.fetch_add(1, Relaxed);
                    }
                })
            })
            .collect();
        for state in 1..=STATES {
            for number in 0..KEYS {
                source.put(&format!("key {number:04}"), &format!("state {state}"));
            }
            // Nothing but the latest state is left, so that nobody can read an older one here.
            source.do_it(compact(source.machine.revision()));
            source.settle(0);
            source.machine.force_reclaim();
            source.settle(usize::MAX);
            let wanted = answers.load(Relaxed) + 6;
            house.install(&source);
            while answers.load(Relaxed) < wanted && !readers.iter().any(|reader| reader.is_finished()) {
                thread::yield_now();
            }
        }
        stop.store(true, Relaxed);
        readers.into_iter().for_each(|reader| reader.join().expect("it read well"));
    });
}
