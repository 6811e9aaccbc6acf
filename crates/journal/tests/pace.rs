//! The distance that the writer keeps on a disk that stalls, on a clock of the test's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use base::{Clock, EntryId, ShardId, disk::MemoryDisk};
use journal::{Entry, Journal, Options, Pace, Record};

const SHARD: ShardId = ShardId(1);

/// Goes on by 2 ms with each look, and by what a test adds.
#[derive(Clone, Default)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn add(&self, time: Duration) {
        self.0.fetch_add(time.as_micros() as u64, SeqCst);
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.0.load(SeqCst))
    }
}

impl Clock for TestClock {
    fn wall_ms(&self) -> u64 {
        0
    }

    fn monotonic(&self) -> Duration {
        self.add(Duration::from_millis(2));
        self.now()
    }
}

#[test]
fn a_distance_is_kept_and_told() {
    let options = Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 64 << 10, reserve_bytes: 0 };
    let (journal, writer) = Journal::open(Arc::new(MemoryDisk::default()), options).expect("opens");
    let (pace, clock) = (Pace::default(), TestClock::default());
    let thread = {
        let (pace, clock) = (pace.clone(), clock.clone());
        std::thread::spawn(move || writer.run_at_pace(pace, &clock))
    };
    // What is told when a write is durable still belongs to its time.
    let write = |record: Record, took: Duration| {
        let (sender, receiver) = mpsc::channel();
        let clock = clock.clone();
        let done = move |result: std::io::Result<()>| {
            result.expect("durable");
            clock.add(took);
            sender.send(clock.now()).expect("the test waits");
        };
        journal.submit(record, Some(Box::new(done)));
        receiver.recv().expect("it is told")
    };
    let entry = |index: u64, bytes: usize| {
        Record::Append(SHARD, vec![Entry { id: EntryId { term: 1, index }, payload: vec![7; bytes].into() }])
    };
    let usual = Duration::from_micros(300);

    for index in 0..100 {
        write(entry(index, 100), if index % 5 == 4 { Duration::from_millis(85) } else { usual });
    }
    let interval = pace.interval().expect("the disk stalls, so a distance is kept");
    assert!((10_000..=25_000).contains(&interval.as_micros()), "{interval:?}");

    let mut last = write(entry(100, 100), usual);
    for index in 101..110 {
        let now = write(entry(index, 100), usual);
        // A write without a stall shortens it by a thousandth.
        assert!(now - last >= interval * 98 / 100, "{:?}, not {interval:?}", now - last);
        last = now;
    }
    for urgent in [Record::Vote(SHARD, vec![1].into()), entry(110, 64 << 10)] {
        let now = write(urgent, usual);
        assert!(now - last < interval / 2, "neither a vote nor a full write waits: {:?}", now - last);
        last = now;
    }
    journal.close();
    thread.join().expect("the thread ends").expect("nothing failed");
}
