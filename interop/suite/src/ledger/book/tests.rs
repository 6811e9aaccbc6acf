//! Every alarm rings for what it is there for, and for nothing else.

use super::*;

fn entry(serial: u64) -> Entry {
    Entry { producer: 1, serial }
}

fn book() -> Book {
    Book::new("topic", "group", 1, 1)
}

fn faults(book: &Book) -> usize {
    book.faults.lock().expect("not poisoned").len()
}

/// What is acknowledged at these offsets, and what the audit then makes of these records.
fn audited(acknowledged: &[(i64, u64)], records: &[u64]) -> (usize, (u64, u64)) {
    let book = book();
    for (offset, serial) in acknowledged {
        book.acknowledge(0, *offset, &[entry(*serial)], Instant::now());
    }
    let records: Vec<Entry> = records.iter().map(|serial| entry(*serial)).collect();
    let sums = book.audit(0, &records);
    (faults(&book), sums)
}

#[test]
fn the_audit_finds_what_is_lost_doubled_and_elsewhere() {
    assert_eq!(audited(&[(0, 1), (1, 2)], &[1, 2, 3]), (0, (2, 1)), "one record was never acknowledged");
    assert_eq!(audited(&[(0, 1), (1, 2)], &[1]).0, 1, "one is lost");
    assert_eq!(audited(&[(0, 1)], &[1, 2, 2]).0, 1, "one is there twice, though nobody acknowledged it");
    assert_eq!(audited(&[(0, 1), (1, 2)], &[2, 1]).0, 2, "both are elsewhere");
    assert_eq!(audited(&[(-1, 4)], &[1, 2]).0, 1, "what was called a duplicate is not there");
}

#[test]
fn consumers_may_not_differ_nor_see_an_order_that_was_not_written() {
    let book = book();
    book.see(0, 0, entry(1));
    book.see(0, 1, entry(2));
    book.see(0, 0, entry(1));
    assert_eq!(faults(&book), 0);
    book.see(0, 1, entry(9));
    assert_eq!(faults(&book), 1, "another consumer saw something else");
    book.see(0, 5, entry(6));
    assert_eq!(faults(&book), 2, "there is a gap");
    book.see(0, 2, entry(2));
    assert_eq!(faults(&book), 4, "it was there before, and its serial does not ascend");
    book.acknowledge(0, 0, &[entry(7)], Instant::now());
    assert_eq!(faults(&book), 5, "something else had been read there");
}

#[test]
fn a_commit_that_was_acknowledged_is_not_forgotten() {
    let (book, later) = (book(), || Instant::now() + Duration::from_secs(1));
    book.found(0, -1, "", Instant::now());
    let first = book.commit(0, 10);
    book.committed(0, first, 0);
    let second = book.commit(0, 20);
    book.found(0, 10, &first.to_string(), later());
    book.found(0, 20, &second.to_string(), later());
    assert_eq!(faults(&book), 0, "the second one may be there or not");
    book.found(0, 10, &first.to_string(), later());
    assert_eq!(faults(&book), 1, "it was there, and is not any more");
    let third = book.commit(0, 30);
    book.committed(0, third, 0);
    book.found(0, 20, &second.to_string(), later());
    assert_eq!(faults(&book), 2, "the third one is lost");
    book.found(0, -1, "", later());
    assert_eq!(faults(&book), 3, "all of them are");
    let refused = book.commit(0, 40);
    book.committed(0, refused, kafka_wire::ErrorCode::IllegalGeneration as i16);
    book.found(0, 40, &refused.to_string(), later());
    assert_eq!(faults(&book), 4, "it was refused");
}
