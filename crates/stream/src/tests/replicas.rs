//! What replicas compare: one digest for one history, another one for any other.

use bytes::BytesMut;

use super::support::*;
use crate::{Command, Options, Refusal};

fn digest_after(commands: &[Command], disturb: impl Fn(&mut House)) -> u64 {
    let mut house = House::with(Options { producers_max: 2, producer_expiry_ms: 1_000, ..Options::default() });
    for command in commands {
        house.entry.time_ms += 100;
        house.apply(command.clone());
        disturb(&mut house);
    }
    house.table.digest()
}

fn history() -> Vec<Command> {
    vec![
        append(partition(0), by(1, 0, 0, 2)),
        append(partition(0), by(2, 0, 0, 1)),
        append(partition(0), by(3, 0, 0, 1)),
        append(partition(1), Batch::default()),
        trim(partition(0), 1),
        store(1, "g", 1, &[member("a", None)]),
        Command::OffsetCommit(commit(1, "g", 1, "a", partition(0), 3)),
        Command::AllocateProducers { count: 5 },
        Command::Drop { topic: partition(0).topic, partitions: Some(vec![1]) },
    ]
}

#[test]
fn settling_flushing_and_restarting_change_no_digest() {
    let plain = digest_after(&history(), |_| {});
    assert_eq!(digest_after(&history(), House::settle), plain);
    let flush_one = |house: &mut House| {
        house.machine.flush_some(1);
    };
    assert_eq!(digest_after(&history(), flush_one), plain);
    assert_eq!(digest_after(&history(), House::restart), plain);
    let everything = |house: &mut House| {
        house.settle();
        house.install();
    };
    assert_eq!(digest_after(&history(), everything), plain);
}

#[test]
fn another_history_has_another_digest() {
    let plain = digest_after(&history(), |_| {});
    for (place, command) in history().into_iter().enumerate() {
        let mut without = history();
        without.remove(place);
        assert_ne!(digest_after(&without, |_| {}), plain, "without {command:?}");
    }
    let batch = by(1, 0, 0, 2);
    for other in [
        Batch { crc: 1, ..batch },
        Batch { records: 3, ..batch },
        Batch { timestamp: 6, ..batch },
        Batch { producer: 9, ..batch },
        Batch { epoch: 1, ..batch },
        Batch { sequence: 1, ..batch },
    ] {
        let one = digest_after(&[append(partition(0), batch)], |_| {});
        assert_ne!(digest_after(&[append(partition(0), other)], |_| {}), one, "{other:?}");
        assert_ne!(digest_after(&[append(partition(1), batch)], |_| {}), one);
    }
}

#[test]
fn who_is_forgotten_shows_in_the_digest() {
    let digest = |expiry_ms| {
        let mut house = House::with(Options { producers_max: 9, producer_expiry_ms: expiry_ms, ..Options::default() });
        house.base(partition(0), by(1, 0, 0, 1)).expect("success");
        house.entry.time_ms += 1_000;
        assert_eq!(house.run(Command::AllocateProducers { count: 0 }), Err(Refusal::InvalidCount));
        (house.machine.producers_remembered(), house.table.digest())
    };
    let (kept, forgotten) = (digest(1_001), digest(1_000));
    assert_eq!((kept.0, forgotten.0), (1, 0));
    assert_ne!(kept.1, forgotten.1);
}

#[test]
fn a_record_that_cannot_be_read_is_refused() {
    let mut house = House::new();
    house.base(partition(0), by(1, 0, 0, 1)).expect("success");
    house.run(Command::OffsetCommit(commit(1, "g", -1, "", partition(0), 1))).expect("success");
    house.run(Command::AllocateProducers { count: 1 }).expect("success");
    house.settle();
    let open = |house: &House| crate::Machine::open(SHARD, house.table.clone(), Options::default()).err().map(|error| error.kind);
    assert_eq!(open(&house), None);
    let keys = [
        crate::record::partition_key(partition(0)),
        crate::record::producer_key(partition(0), 1),
        crate::record::group_key(b"g"),
        crate::record::offset_key(b"g", partition(0)),
        crate::record::counter_key(),
    ];
    for key in keys {
        let good = house.table.get(&key).expect("reads").expect("is there");
        for cut in 0..good.len() {
            house.table.put(key.clone(), good.slice(..cut));
            assert_eq!(open(&house), Some(base::Kind::Corrupt), "cut at {cut} of {key:?}");
        }
        house.table.put(key.clone(), [&good[..], &[0]].concat().into());
        assert_eq!(open(&house), Some(base::Kind::Corrupt));
        let mut later = BytesMut::from(&good[..]);
        later[0] = 2;
        house.table.put(key.clone(), later.freeze());
        assert_eq!(open(&house), Some(base::Kind::Unsupported));
        let digest = house.table.digest();
        assert!(house.machine.reload().is_err());
        assert_eq!(
            (house.machine.partitions().len(), house.table.digest()),
            (1, digest),
            "a reload that fails leaves all as it is"
        );
        house.table.put(key, good);
    }
    // What belongs to something that is not there.
    house.table.delete(crate::record::partition_key(partition(0)));
    assert_eq!(open(&house), Some(base::Kind::Corrupt));
}
