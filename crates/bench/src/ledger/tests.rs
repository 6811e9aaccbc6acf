use super::*;
use crate::payload;

const PRODUCER: u64 = 77;

/// One producer with two batches of three records and one of two in partition 0, acknowledged at 0, 3 and 6.
fn producer() -> Producer {
    let mut producer = Producer::new(PRODUCER, 3);
    for (number, records) in [3, 3, 2].into_iter().enumerate() {
        let unit = producer.send(0, records);
        producer.settle(unit, 0, Fate::Acknowledged(3 * number as i64));
    }
    producer
}

fn record(producer: u64, serial: u64) -> Vec<u8> {
    let mut bytes = payload::blank(serial % 3, 100);
    let filler = payload::filler_hash(&bytes);
    payload::set_producer(&mut bytes, producer);
    payload::set_serial(&mut bytes, producer, serial, filler);
    bytes
}

fn records() -> Vec<(i32, i64, Vec<u8>)> {
    (0..8).map(|serial| (0, serial as i64, record(PRODUCER, serial))).collect()
}

fn audit(producer: Producer, records: &[(i32, i64, Vec<u8>)]) -> Verdict {
    let mut audit = Audit::new(vec![producer]);
    for (partition, offset, bytes) in records {
        audit.take(*partition, *offset, Some(bytes));
    }
    audit.finish(true)
}

#[test]
fn what_is_all_there_has_no_faults() {
    let verdict = audit(producer(), &records());
    assert_eq!(verdict, Verdict { read: 8, acknowledged: 8, held: 8, ..Verdict::default() });
    assert_eq!(verdict.faults(), 0);
}

#[test]
fn a_lost_record_is_counted() {
    for lost in 0..8 {
        let mut records = records();
        records.remove(lost);
        let verdict = audit(producer(), &records);
        assert_eq!((verdict.lost, verdict.held, verdict.faults()), (1, 7, 1), "without record {lost}");
    }
}

#[test]
fn a_record_that_comes_again_is_counted() {
    let mut records = records();
    records.push((0, 8, record(PRODUCER, 7)));
    let verdict = audit(producer(), &records);
    assert_eq!((verdict.duplicated, verdict.lost, verdict.faults()), (1, 0, 1));
}

#[test]
fn a_changed_record_is_counted_and_missing_as_it_was() {
    let mut records = records();
    records[4].2[60] ^= 1;
    let verdict = audit(producer(), &records);
    assert_eq!((verdict.changed, verdict.lost, verdict.foreign, verdict.faults()), (1, 1, 0, 2));
}

#[test]
fn a_record_of_somebody_else_is_counted() {
    let mut records = records();
    records.push((0, 8, record(PRODUCER + 1, 0)));
    records.push((0, 9, b"hello".to_vec()));
    // Right in itself, but never sent.
    records.push((0, 10, record(PRODUCER, 8)));
    let mut audit = Audit::new(vec![producer()]);
    for (partition, offset, bytes) in &records {
        audit.take(*partition, *offset, Some(bytes));
    }
    audit.take(0, 11, None);
    let verdict = audit.finish(true);
    assert_eq!((verdict.foreign, verdict.faults()), (4, 4));
}

#[test]
fn another_order_offset_or_partition_than_was_acknowledged_is_counted() {
    let mut swapped = records();
    swapped.swap(1, 2);
    (swapped[1].1, swapped[2].1) = (1, 2);
    assert_eq!(audit(producer(), &swapped).disordered, 2);
    let mut moved = records();
    moved[7].1 = 9;
    assert_eq!(audit(producer(), &moved).disordered, 1);
    let mut elsewhere = records();
    elsewhere[7].0 = 1;
    assert_eq!(audit(producer(), &elsewhere).disordered, 1);
}

#[test]
fn nothing_is_owed_for_what_was_not_acknowledged() {
    let mut producer = producer();
    let (unknown, refused) = (producer.send(0, 3), producer.send(0, 3));
    producer.settle(refused, 0, Fate::Refused);
    assert_eq!((unknown, producer.next_serial(), producer.acknowledged()), (3, 15, 8));
    let mut records = records();
    // The third unit is shorter, but serials go on behind a whole one.
    records.push((0, 8, record(PRODUCER, 9)));
    let verdict = audit(producer, &records);
    assert_eq!((verdict.unacknowledged_held, verdict.unacknowledged_missing, verdict.faults()), (1, 2, 0));
}

#[test]
fn strangers_records_are_held_against_themselves() {
    let mut audit = Audit::of_strangers();
    for (offset, serial) in [0, 1, 1, 5, 3].into_iter().enumerate() {
        audit.take(0, offset as i64, Some(&record(9, serial)));
    }
    let mut damaged = record(9, 6);
    damaged[99] ^= 1;
    audit.take(0, 5, Some(&damaged));
    audit.take(0, 6, Some(b"short"));
    let verdict = audit.finish(true);
    let seen = (verdict.duplicated, verdict.disordered, verdict.changed, verdict.foreign);
    assert_eq!(seen, (1, 1, 1, 1));
    assert_eq!((verdict.read, verdict.held), (7, 3));
}

#[test]
fn what_was_not_read_is_not_lost() {
    let mut audit = Audit::new(vec![producer()]);
    audit.take(0, 0, Some(&record(PRODUCER, 0)));
    let verdict = audit.finish(false);
    assert_eq!((verdict.held, verdict.lost, verdict.faults()), (1, 0, 0));
}
