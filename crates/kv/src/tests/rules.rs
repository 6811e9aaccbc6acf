//! etcd's rules, one by one.

use super::support::*;
use crate::{
    Cold, Command, CompareTarget, Comparison, DeleteReply, DeleteRequest, EventKind, Machine, Operation, OperationReply, Options,
    PutReply, PutRequest, RangeRequest, Reply, Revision, SortOrder, SortTarget, Txn,
};

const COMPACTED: &str = "etcdserver: mvcc: required revision has been compacted";
const FUTURE: &str = "etcdserver: mvcc: required revision is a future revision";

#[test]
fn a_new_space_is_at_revision_1_and_every_change_is_one_more() {
    let mut house = House::new();
    assert_eq!(house.machine.revision(), 1);
    assert_eq!(house.put("a", "1"), 2);
    assert_eq!(house.put("a", "2"), 3);
    assert_eq!(house.delete("a"), 4);
    assert_eq!(house.delete("a"), 4, "a deletion of nothing is no revision");
    let kv = house.range(&RangeRequest { revision: 3, ..one("a") }).expect("reads").kvs.remove(0);
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (2, 3, 2));
    assert_eq!(house.put("a", "3"), 5);
    let kv = house.range(&one("a")).expect("reads").kvs.remove(0);
    assert_eq!((kv.create_revision, kv.mod_revision, kv.version), (5, 5, 1), "created again");
}

#[test]
fn old_revisions_are_read_until_they_are_compacted() {
    let mut house = House::new();
    house.put("a", "1");
    house.put("b", "1");
    house.put("a", "2");
    house.delete("b");
    house.put("c", "1");
    let want = [" of 0", "a=1@2 of 1", "a=1@2 b=1@3 of 2", "a=2@4 b=1@3 of 2", "a=2@4 of 1", "a=2@4 c=1@6 of 2"];
    for (revision, want) in (1..).zip(want) {
        assert_eq!(house.at(revision), want, "at {revision}");
    }
    assert_eq!(house.at(7), FUTURE);
    house.do_it(compact(4));
    assert_eq!(house.at(3), COMPACTED);
    for _ in 0..3 {
        assert_eq!(house.at(4), want[3], "reading at the mark is allowed");
        assert_eq!(house.at(5), want[4]);
        house.reclaim_all();
        house = house.reopen();
    }
    assert_eq!(house.fails(compact(4)), COMPACTED);
    assert_eq!(house.fails(compact(7)), FUTURE);
}

#[test]
fn limit_cuts_last_and_count_counts_everything() {
    let mut house = House::new();
    for key in ["c", "a", "b", "d"] {
        house.put(key, "v");
    }
    house.put("a", "w");
    let sorted = |sort_target, sort_order, limit| RangeRequest { sort_target, sort_order, limit, ..all() };
    assert_eq!(house.list(&sorted(SortTarget::Key, SortOrder::None, 2)), "a=w@6 b=v@4 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Key, SortOrder::Descend, 2)), "d=v@5 c=v@2 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Mod, SortOrder::Ascend, 2)), "c=v@2 b=v@4 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Mod, SortOrder::Descend, 4)), "a=w@6 d=v@5 b=v@4 c=v@2 of 4");
    assert_eq!(house.list(&sorted(SortTarget::Version, SortOrder::Descend, 1)), "a=w@6 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Create, SortOrder::Descend, 1)), "d=v@5 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Value, SortOrder::Descend, 1)), "a=w@6 of 4 more");
    assert_eq!(house.list(&sorted(SortTarget::Mod, SortOrder::None, 1)), "b=v@4 of 4 more", "no order: cut first, then ordered");
    let filtered = RangeRequest { min_mod_revision: 4, max_mod_revision: 5, limit: 1, ..all() };
    assert_eq!(house.list(&filtered), "b=v@4 of 4 more");
    let created = RangeRequest {
        max_create_revision: 3,
        sort_target: SortTarget::Create,
        sort_order: SortOrder::Descend,
        limit: 1,
        ..all()
    };
    assert_eq!(house.list(&created), "a=w@6 of 4 more");
    assert_eq!(house.list(&RangeRequest { count_only: true, limit: 1, ..all() }), " of 4");
    assert_eq!(house.list(&RangeRequest { span: span("b", "d"), ..all() }), "b=v@4 c=v@2 of 2");
    assert_eq!(house.list(&RangeRequest { span: span("b", "\0"), ..all() }), "b=v@4 c=v@2 d=v@5 of 3");
    assert_eq!(house.list(&RangeRequest { span: span("d", "b"), ..all() }), " of 0");
}

#[test]
fn keys_only_leaves_values_and_leases_out() {
    let mut house = House::new();
    house.do_it(Command::LeaseGrant { id: 9, ttl: 60 });
    house.do_it(Command::Put(PutRequest { lease: 9, ..put_request("a", "1") }));
    let reply = house.range(&RangeRequest { keys_only: true, ..all() }).expect("reads");
    assert_eq!((reply.kvs[0].lease, reply.kvs[0].value.len()), (0, 0));
    let by_value = RangeRequest { keys_only: true, sort_target: SortTarget::Value, ..all() };
    assert_eq!(house.range(&by_value).expect("reads").kvs[0].lease, 9);
}

#[test]
fn prev_kv_and_the_ignore_flags() {
    let mut house = House::new();
    let keep = PutRequest { ignore_value: true, ..put_request("a", "") };
    assert_eq!(house.fails(Command::Put(keep.clone())), "etcdserver: key not found");
    assert_eq!(
        house.fails(Command::Put(PutRequest { ignore_lease: true, ..put_request("a", "1") })),
        "etcdserver: key not found"
    );
    let Reply::Put(PutReply { prev_kv: None }) = house.do_it(Command::Put(PutRequest { prev_kv: true, ..put_request("a", "1") }))
    else {
        panic!("there was no state before")
    };
    house.do_it(Command::LeaseGrant { id: 9, ttl: 60 });
    house.do_it(Command::Put(PutRequest { lease: 9, ..keep.clone() }));
    assert_eq!(house.list(&one("a")), "a=1@3 of 1");
    let Reply::Put(PutReply { prev_kv: Some(before) }) =
        house.do_it(Command::Put(PutRequest { ignore_lease: true, prev_kv: true, ..put_request("a", "2") }))
    else {
        panic!("there was a state before")
    };
    assert_eq!((before.value, before.lease, before.mod_revision), (bytes("1"), 9, 3));
    assert_eq!(house.machine.lease(9).expect("there").keys, [bytes("a")]);
    house.put("a", "3");
    assert!(house.machine.lease(9).expect("there").keys.is_empty(), "a put without a lease detaches");
    let Reply::Delete(DeleteReply { deleted: 1, prev_kvs }) =
        house.do_it(Command::Delete(DeleteRequest { span: span("a", "b"), prev_kv: true }))
    else {
        panic!("one key goes")
    };
    assert_eq!(prev_kvs[0].value, "3");
}

#[test]
fn a_kept_value_survives_whatever_is_settled_and_reclaimed() {
    let mut house = House::new();
    let keep = |key| Command::Put(PutRequest { ignore_value: true, ..put_request(key, "") });
    house.put("a", "first");
    for round in 0..4 {
        house = house.reopen();
        house.do_it(keep("a"));
        house.do_it(keep("a"));
        let revision = house.machine.revision();
        assert_eq!(house.at(revision - 1), format!("a=first@{} of 1", revision - 1));
        house.do_it(compact(revision - 1));
        house.reclaim_all();
        assert_eq!(house.at(revision - 1), format!("a=first@{} of 1", revision - 1), "round {round}");
        assert_eq!(house.at(revision), format!("a=first@{revision} of 1"));
    }
    let revision = house.put("a", "second");
    house = house.reopen();
    assert_eq!(house.at(revision - 1), format!("a=first@{} of 1", revision - 1));
    assert_eq!(house.at(revision), format!("a=second@{revision} of 1"));
}

#[test]
fn a_transaction_compares_first_and_is_one_revision() {
    let mut house = House::new();
    house.put("a", "1");
    let nested = Txn {
        compare: vec![compare("b", "", Comparison::Equal, CompareTarget::Create(0))],
        success: vec![Operation::Put(put_request("c", "created was 0"))],
        failure: vec![Operation::Put(put_request("c", "created was not 0"))],
    };
    let command = txn(
        vec![compare("a", "", Comparison::Equal, value("1"))],
        vec![
            Operation::Put(put_request("b", "2")),
            Operation::Range(all()),
            Operation::Txn(nested),
            Operation::Delete(DeleteRequest { span: span("a", ""), prev_kv: true }),
            Operation::Range(RangeRequest { revision: 2, ..all() }),
            Operation::Range(RangeRequest { sort_target: SortTarget::Value, sort_order: SortOrder::Descend, limit: 1, ..all() }),
        ],
        vec![],
    );
    let (reply, changes) = house.run(command);
    let Ok(Reply::Txn(reply)) = reply else { panic!("it succeeds") };
    assert!(reply.succeeded);
    let shown: Vec<String> = reply
        .replies
        .iter()
        .map(|reply| match reply {
            OperationReply::Range(range) => show(range),
            OperationReply::Put(_) => "put".into(),
            OperationReply::Delete(delete) => format!("deleted {:?}", delete.prev_kvs[0].value),
            OperationReply::Txn(inner) => format!("{}", inner.succeeded),
        })
        .collect();
    let want = ["put", "a=1@2 b=2@3 of 2", "true", "deleted b\"1\"", "a=1@2 of 1", "c=created was 0@3 of 2 more"];
    assert_eq!(shown, want, "the compare inside did not see the put before it");
    assert_eq!(changes.len(), 1);
    let told: Vec<_> = changes[0].events.iter().map(|event| (event.kind, event.kv.key.clone(), event.prev)).collect();
    assert_eq!(
        told,
        [
            (EventKind::Put, bytes("b"), None),
            (EventKind::Put, bytes("c"), None),
            (EventKind::Delete, bytes("a"), Some(Revision { main: 2, sub: 0 }))
        ]
    );
    assert_eq!(house.machine.revision(), 3);
    house.do_it(txn(vec![], vec![Operation::Range(all())], vec![]));
    assert_eq!(house.machine.revision(), 3, "reading is no revision");
}

#[test]
fn a_transaction_that_fails_its_checks_changes_nothing() {
    let mut house = House::new();
    house.put("a", "1");
    house.put("a", "2");
    house.do_it(compact(3));
    let write = || Operation::Put(put_request("x", "1"));
    let after_write = |operation| txn(vec![], vec![write(), operation], vec![]);
    let read_at = |revision| Operation::Range(RangeRequest { revision, ..all() });
    assert_eq!(house.fails(after_write(read_at(2))), COMPACTED);
    assert_eq!(house.fails(after_write(read_at(-1))), COMPACTED);
    assert_eq!(house.fails(after_write(read_at(4))), FUTURE);
    let with_lease = Operation::Put(PutRequest { lease: 5, ..put_request("y", "1") });
    assert_eq!(house.fails(after_write(with_lease)), "etcdserver: requested lease not found");
    let keep = Operation::Put(PutRequest { ignore_value: true, ..put_request("y", "") });
    assert_eq!(
        house.fails(after_write(Operation::Txn(Txn { success: vec![keep], ..Txn::default() }))),
        "etcdserver: key not found"
    );
    assert_eq!(house.at(0), "a=2@3 of 1");
}

#[test]
fn compares_over_spans_and_missing_keys() {
    let mut house = House::new();
    house.put("a1", "x");
    house.put("a2", "y");
    let mut holds = |condition| match house.do_it(txn(vec![condition], vec![], vec![])) {
        Reply::Txn(reply) => reply.succeeded,
        other => panic!("{other:?}"),
    };
    use Comparison::{Equal, Greater, Less, NotEqual};
    assert!(holds(compare("a", "b", Greater, CompareTarget::Create(1))));
    assert!(!holds(compare("a", "b", Greater, CompareTarget::Create(2))), "it must hold for every key");
    assert!(holds(compare("a", "b", Less, value("z"))));
    assert!(!holds(compare("a", "b", Less, value("y"))));
    assert!(holds(compare("none", "", Equal, CompareTarget::Version(0))), "a missing key counts as zero");
    assert!(holds(compare("none", "nonf", Equal, CompareTarget::Lease(0))));
    for comparison in [Equal, NotEqual, Greater, Less] {
        assert!(!holds(compare("none", "", comparison, value(""))), "a missing key has no value");
    }
}

#[test]
fn a_witness_that_no_longer_holds_changes_nothing() {
    let mut house = House::new();
    house.put("a", "1");
    let Command::Txn(mut proposal) =
        txn(vec![compare("a", "b", Comparison::Equal, value("1"))], vec![Operation::Put(put_request("a", "mine"))], vec![])
    else {
        unreachable!()
    };
    house.machine.witness(&mut proposal, Cold::Allow).expect("may read").expect("reads");
    house.put("a", "2");
    let applied = house.apply(Command::Txn(proposal.clone()));
    assert!(Machine::is_stale_witness(&applied.reply.expect("an answer")));
    assert_eq!(house.at(0), "a=2@3 of 1");
    house.machine.witness(&mut proposal, Cold::Allow).expect("may read").expect("reads");
    let applied = house.apply(Command::Txn(proposal));
    assert!(!Machine::is_stale_witness(applied.reply.as_ref().expect("an answer")));
    assert_eq!(house.at(0), "a=2@3 of 1", "the compare fails now");
}

#[test]
fn leases_end_with_their_keys_at_one_revision() {
    let mut house = House::new();
    let granted = house.do_it(Command::LeaseGrant { id: 4, ttl: 1 });
    assert_eq!(granted, Reply::LeaseGrant { id: 4, ttl: 2 }, "no shorter than two seconds");
    assert_eq!(house.fails(Command::LeaseGrant { id: 4, ttl: 60 }), "etcdserver: lease already exists");
    assert_eq!(house.fails(Command::LeaseGrant { id: 5, ttl: 9_000_000_001 }), "etcdserver: too large lease TTL");
    assert_eq!(
        house.fails(Command::Put(PutRequest { lease: 5, ..put_request("a", "1") })),
        "etcdserver: requested lease not found"
    );
    for key in ["b", "a", "c"] {
        house.do_it(Command::Put(PutRequest { lease: 4, ..put_request(key, "1") }));
    }
    house.do_it(Command::LeaseGrant { id: 5, ttl: 60 });
    house.do_it(Command::Put(PutRequest { lease: 5, ..put_request("c", "moved") }));
    house = house.reopen();
    assert_eq!(house.machine.leases(), [4, 5]);
    assert_eq!(house.machine.lease(4).expect("there").keys, [bytes("a"), bytes("b")]);
    let (reply, changes) = house.run(Command::LeaseRevoke { id: 4 });
    assert_eq!(reply, Ok(Reply::Done));
    let keys: Vec<_> = changes[0].events.iter().map(|event| event.kv.key.clone()).collect();
    assert_eq!((changes.len(), changes[0].revision, keys), (1, 6, vec![bytes("a"), bytes("b")]));
    assert_eq!(house.fails(Command::LeaseRevoke { id: 4 }), "etcdserver: requested lease not found");
    house.do_it(Command::LeaseGrant { id: 6, ttl: 60 });
    house.do_it(Command::LeaseRevoke { id: 6 });
    assert_eq!(house.machine.revision(), 6, "a lease without keys is no revision");
    house.delete("c");
    assert!(house.machine.lease(5).expect("there").keys.is_empty());
}

#[test]
fn an_expiry_counts_only_in_its_term_and_each_lease_is_its_own_revision() {
    let mut house = House::new();
    for id in 1..=3 {
        house.do_it(Command::LeaseGrant { id, ttl: 60 });
    }
    house.do_it(Command::Put(PutRequest { lease: 1, ..put_request("a", "1") }));
    house.do_it(Command::Put(PutRequest { lease: 3, ..put_request("c", "1") }));
    house.do_it(Command::LeaseExpire { term: 0, ids: vec![1, 2, 3] });
    house.do_it(Command::LeaseCheckpoint { term: 0, remaining: vec![(1, 5)] });
    assert_eq!((house.machine.leases().len(), house.machine.lease(1).expect("there").remaining), (3, 60));
    house.do_it(Command::LeaseCheckpoint { term: 1, remaining: vec![(1, 5), (77, 5)] });
    house = house.reopen();
    assert_eq!(house.machine.lease_remaining(1), Some((60, 5)));
    let (_, changes) = house.run(Command::LeaseExpire { term: 1, ids: vec![1, 2, 3, 99] });
    assert_eq!(changes.iter().map(|changes| changes.revision).collect::<Vec<_>>(), [4, 5]);
    assert!(house.machine.leases().is_empty());
}

#[test]
fn alarms_refuse_what_they_must() {
    let mut house = House::new();
    house.put("a", "1");
    let raise = |alarm| Command::Alarm { member: 8, alarm, raise: true };
    assert_eq!(house.do_it(raise(1)), Reply::Alarms(vec![(8, 1)]));
    let full = "etcdserver: mvcc: database space exceeded";
    assert_eq!(house.fails(put("a", "2")), full);
    assert_eq!(house.fails(Command::LeaseGrant { id: 1, ttl: 9 }), full);
    assert_eq!(house.fails(txn(vec![], vec![], vec![Operation::Put(put_request("a", "2"))])), full);
    house.do_it(txn(vec![], vec![Operation::Delete(DeleteRequest { span: span("a", ""), prev_kv: false })], vec![]));
    house = house.reopen();
    assert_eq!(house.machine.alarms(), [(8, 1)]);
    house.do_it(raise(2));
    assert_eq!(house.fails(delete("a", "")), "etcdserver: corrupt cluster");
    assert_eq!(house.do_it(Command::Alarm { member: 0, alarm: 2, raise: false }), Reply::Alarms(vec![(8, 1)]));
    assert_eq!(house.do_it(Command::Alarm { member: 8, alarm: 0, raise: false }), Reply::Alarms(vec![]));
    house.put("a", "2");
}

#[test]
fn history_is_complete_from_the_mark_on() {
    let mut house = House::new();
    house.put("a", "1");
    house.put("b", "1");
    house.put("a", "2");
    house.delete("b");
    house.put("b", "2");
    let told = |house: &House, from, to, of, bytes_max| -> String {
        match house.machine.history(from, to, &of, bytes_max) {
            Ok((changes, upto)) => {
                let events = changes.iter().flat_map(|changes| &changes.events).map(|event| {
                    let kind = if event.kind == EventKind::Put { "+" } else { "-" };
                    format!("{kind}{}{}", String::from_utf8_lossy(&event.kv.key), event.kv.mod_revision)
                });
                format!("{} to {upto}", events.collect::<Vec<_>>().join(" "))
            }
            Err(error) => error.message.into_owned(),
        }
    };
    for _ in 0..2 {
        assert_eq!(told(&house, 1, 100, all().span, 1 << 20), "+a2 +b3 +a4 -b5 +b6 to 6");
        assert_eq!(told(&house, 3, 5, all().span, 1 << 20), "+b3 +a4 -b5 to 5");
        assert_eq!(told(&house, 1, 100, span("b", ""), 1 << 20), "+b3 -b5 +b6 to 6");
        assert_eq!(told(&house, 2, 100, all().span, 3), "+a2 +b3 to 3", "at least one, then until there are enough bytes");
        assert_eq!(told(&house, 7, 100, all().span, 3), " to 6");
        house = house.reopen();
    }
    let prev = |house: &House, main| {
        let (changes, _) = house.machine.history(main, main, &all().span, 1).expect("is there");
        let event = &changes[0].events[0];
        event.prev.and_then(|prev| house.machine.previous(&event.kv.key, prev).expect("reads")).map(|kv| kv.mod_revision)
    };
    assert_eq!([prev(&house, 4), prev(&house, 5), prev(&house, 6)], [Some(2), Some(3), None]);
    house.do_it(compact(5));
    for _ in 0..2 {
        assert_eq!(told(&house, 4, 100, all().span, 1), COMPACTED);
        assert_eq!(told(&house, 5, 100, all().span, 1 << 20), "-b5 +b6 to 6", "the deletion at the mark can still be watched");
        assert_eq!(prev(&house, 5), None, "what was before the mark is gone");
        house.reclaim_all();
        house = house.reopen();
    }
}

#[test]
fn a_reader_keeps_what_it_reads_while_compaction_goes_on() {
    let mut house = House::new();
    for number in 0..5_000 {
        house.put(&format!("key {number:05}"), "before");
    }
    house.settle(1 << 20);
    let machine = house.machine.clone();
    let (mut pairs, mut disturbed) = (0, false);
    let request = all();
    machine
        .range_chunks(&request, 2_000, &mut |part, header| {
            assert_eq!(header, 5_001);
            assert!(part.kvs.iter().all(|kv| kv.value == "before"), "one revision");
            pairs += part.kvs.len();
            if !disturbed {
                disturbed = true;
                house.do_it(delete("key 03", "key 04"));
                for number in (0..5_000).step_by(7) {
                    house.put(&format!("key {number:05}"), "after");
                    house.put(&format!("new {number:05}"), "after");
                }
                let revision = house.machine.revision();
                house.do_it(compact(revision));
                house.machine.force_reclaim();
                for _ in 0..5 {
                    house.settle(1 << 20);
                }
                assert!(!house.machine.wants_reclaim(), "the reader's pin is in the way");
            }
            assert!(part.count == 0 || (part.count == 5_000 && !part.more));
            true
        })
        .expect("reads");
    assert_eq!(pairs, 5_000);
    assert!(house.machine.wants_reclaim());
    let digest = house.machine.hash_kv(0).expect("digests");
    house.reclaim_all();
    assert_eq!(house.machine.hash_kv(0).expect("digests"), digest, "layout does not count");
}

#[test]
fn a_transaction_that_reads_needs_no_log() {
    let mut house = House::new();
    house.put("a", "1");
    house.put("a", "2");
    let Command::Txn(question) = txn(
        vec![compare("a", "", Comparison::Equal, value("2"))],
        vec![Operation::Range(all()), Operation::Txn(Txn { failure: vec![Operation::Range(all())], ..Txn::default() })],
        vec![],
    ) else {
        unreachable!()
    };
    let (warm, revision) = house.machine.read_txn(&question, Cold::Refuse).expect("in memory").expect("reads");
    assert!(warm.succeeded && revision == 3);
    assert_eq!(warm.replies.len(), 2);
    let cold = house.reopen();
    assert!(cold.machine.read_txn(&question, Cold::Refuse).is_none());
    assert_eq!(cold.machine.read_txn(&question, Cold::Allow).expect("may read"), Ok((warm, 3)));
    let Command::Txn(old) = txn(vec![], vec![Operation::Range(RangeRequest { revision: 2, ..all() })], vec![]) else {
        unreachable!()
    };
    let (reply, _) = cold.machine.read_txn(&old, Cold::Allow).expect("may read").expect("reads");
    assert!(matches!(&reply.replies[0], OperationReply::Range(range) if show(range) == "a=1@2 of 1"));
    house.do_it(compact(3));
    let refused = house.machine.read_txn(&old, Cold::Allow).expect("may read").expect_err("compacted");
    assert_eq!(refused.message, COMPACTED);
}

#[test]
fn reclaiming_gives_everything_back() {
    let mut house = House::new();
    let empty = house.tree_keys();
    for round in 0..3 {
        for key in ["a", "b", "c"] {
            house.put(key, &format!("value {round}"));
            house.do_it(Command::Put(PutRequest { ignore_value: true, ..put_request(key, "") }));
        }
        house.reclaim_all();
        house.settle(0);
        if round == 1 {
            house.do_it(delete("a", "\0"));
        }
        let revision = house.machine.revision();
        house.do_it(compact(revision));
        house.reclaim_all();
    }
    house.do_it(delete("a", "\0"));
    house.put("only", "one");
    let revision = house.machine.revision();
    house.do_it(compact(revision));
    house.reclaim_all();
    // The current key and its change, and two marks.
    let left = house.tree_keys();
    assert_eq!(left.len(), empty.len() + 4, "{left:?}");
}

#[test]
fn reclaiming_waits_until_it_pays() {
    let mut house = House::with(Options { reclaim_bytes: 2_000, ..options() });
    house.put("live", "for ever");
    house.do_it(compact(2));
    assert!(!house.machine.wants_reclaim(), "nothing is dead");
    for number in 0..100 {
        house.put("busy", &format!("{number:090}"));
    }
    assert!(!house.machine.wants_reclaim(), "nothing is compacted");
    let revision = house.machine.revision();
    house.do_it(compact(revision));
    assert!(house.machine.wants_reclaim());
    while house.machine.wants_reclaim() {
        house.settle(1_000);
    }
    house.put("busy", "again");
    let revision = house.machine.revision();
    house.do_it(compact(revision));
    assert!(!house.machine.wants_reclaim(), "what was reclaimed does not count twice");
    assert_eq!(house.at(0), format!("busy=again@{revision} live=for ever@2 of 2"));
}

/// Almost everything on a full disk was deleted and compacted, and nothing came back: reclaiming first moved each value to where
/// it lies at the floor, and only the last slice, which held the deletions, said that it was gone.
#[test]
fn what_is_dead_further_on_is_not_moved() {
    let mut house = House::with(Options { fold_look_bytes: 100, ..options() });
    let value = "v".repeat(500);
    for number in 0..50 {
        house.put(&format!("key{number:02}"), &value);
    }
    // One keeps its value in a later change, one is written again, and the others go.
    house.do_it(Command::Put(PutRequest { ignore_value: true, lease: 0, ..put_request("key07", "") }));
    house.put("key08", "new");
    house.do_it(delete("key1", "key9"));
    house.put("after", "x");
    let revision = house.machine.revision();
    house.do_it(compact(revision));
    house.settle(0);
    house.machine.force_reclaim();
    let mut bytes = table::Tree::disk_bytes(&*house.tree);
    while house.machine.wants_reclaim() {
        house.settle(2_000);
        let now = table::Tree::disk_bytes(&*house.tree);
        assert!(now <= bytes + 100, "a slice that moves what is dead takes room: {bytes} before, {now} after");
        bytes = now;
    }
    assert!(bytes < 12 * 700, "{bytes} bytes are left of eleven keys");
    house = house.reopen();
    for number in (0..10).filter(|number| *number != 8) {
        let read = house.range(&one(&format!("key{number:02}"))).expect("reads");
        assert_eq!(read.kvs[0].value, value, "key{number:02}");
    }
}

#[test]
fn the_longest_keys_are_stored_and_longer_ones_refused() {
    let mut house = House::new();
    let longest = "\0".repeat(crate::KEY_BYTES_MAX);
    house.put(&longest, "1");
    house.put(&longest, "2");
    house = house.reopen();
    assert!(house.tree_keys().iter().all(|key| key.len() <= table::KEY_BYTES_MAX));
    assert_eq!(house.range(&RangeRequest { revision: 2, ..one(&longest) }).expect("reads").kvs[0].value, "1");
    let longer = "k".repeat(crate::KEY_BYTES_MAX + 1);
    assert_eq!(house.fails(put(&longer, "1")), "etcdserver: request is too large");
    let inside = txn(vec![], vec![Operation::Put(put_request("a", "1")), Operation::Put(put_request(&longer, "1"))], vec![]);
    assert_eq!(house.fails(inside), "etcdserver: request is too large");
    assert_eq!(house.list(&one(&longer)), " of 0");
}

/// A watcher that wanted the states before got none for a key that one transaction put and then deleted: the state before a
/// change is the one before its transaction.
#[test]
fn the_state_before_is_that_before_the_transaction() {
    let mut house = House::new();
    house.do_it(Command::Put(put_request("a", "1")));
    let inner = Txn { success: vec![Operation::Put(put_request("a", "2"))], ..Txn::default() };
    let gone = Txn { success: vec![Operation::Delete(DeleteRequest { span: span("a", ""), prev_kv: false })], ..Txn::default() };
    house.do_it(Command::Txn(Txn { success: vec![Operation::Txn(inner), Operation::Txn(gone)], ..Txn::default() }));
    let (changes, _) = house.machine.history(3, 3, &span("a", ""), 1 << 20).unwrap();
    let before = Some(crate::Revision { main: 2, sub: 0 });
    assert_eq!(changes[0].events.iter().map(|event| event.prev).collect::<Vec<_>>(), [before, before]);
}
