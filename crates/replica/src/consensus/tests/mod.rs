//! Groups over the real journal on a disk in memory.

mod cluster;
mod codec;
mod ledger;
mod settings;
mod single;
mod suite;
mod wires;

use std::{sync::Arc, thread, time::Duration};

use base::{NodeId, ShardId, disk::MemoryDisk};
use bytes::Bytes;
use journal::{Journal, Options};

use self::ledger::Ledger;
use super::{
    Group, Refusal,
    network::{Alone, Transport},
};
use crate::runtime;

const SHARD: ShardId = ShardId(1);
/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn open_journal(disk: &MemoryDisk) -> (Journal, thread::JoinHandle<std::io::Result<()>>) {
    let options = Options { segment_bytes: 1 << 20, tail_bytes: 1 << 20, write_bytes_max: 1 << 18, reserve_bytes: 0 };
    let (journal, writer) = Journal::open(Arc::new(disk.clone()), options).expect("the journal opens");
    (journal, thread::spawn(move || writer.run()))
}

/// One node: what it stands on, and its replica of one shard.
struct House {
    disk: MemoryDisk,
    journal: Journal,
    writer: thread::JoinHandle<std::io::Result<()>>,
    ledger: Arc<Ledger>,
    group: Group,
}

impl House {
    /// Starts on `disk` with what `ledger` has settled.
    async fn start(node: NodeId, disk: MemoryDisk, ledger: &Ledger, transport: Arc<dyn Transport>) -> House {
        let (journal, writer) = open_journal(&disk);
        let ledger = Arc::new(ledger.restarted());
        let group = Group::start_with(SHARD, node, node as usize, journal.clone(), ledger.clone(), transport)
            .await
            .expect("the group starts");
        House { disk, journal, writer, ledger, group }
    }

    /// A first start alone.
    async fn alone() -> House {
        let house = House::start(1, MemoryDisk::new(), &Ledger::default(), Arc::new(Alone)).await;
        house.group.initialize(&[1]).await.expect("a group of one is founded");
        house.group.ready().await.expect("it leads");
        house
    }

    /// Stops in order; the disk and the ledger are what the next start finds.
    async fn stop(self) -> (MemoryDisk, Arc<Ledger>) {
        self.group.shutdown().await;
        self.journal.close();
        self.writer.join().expect("the writer does not panic").expect("the disk takes everything");
        (self.disk, self.ledger)
    }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Looks until `done`, or fails with what was waited for.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = runtime::now();
    while !done() {
        assert!(runtime::now() - start < PATIENCE, "waited too long: {what}");
        runtime::sleep(Duration::from_millis(2)).await;
    }
}

/// What must not hang.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    within(PATIENCE, future).await.expect("it hangs")
}

/// What the future gives, if it does in time.
async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = runtime::sleep(time) => None,
    }
}
