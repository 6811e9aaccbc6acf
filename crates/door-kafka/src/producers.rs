//! Producer ids, taken from a shard many at once and given out one by one.

use base::{Error, Kind, Result};
use replica::{Lane, streams::StreamShard};
use stream::{Command, Reply};
use tokio::sync::Mutex;

use crate::limits::PRODUCER_IDS;

/// Ids that nobody has yet. What is left at the end of the process is never given out.
#[derive(Default)]
pub(crate) struct Producers {
    left: Mutex<std::ops::Range<i64>>,
}

impl Producers {
    /// An id that nobody has nor gets again.
    pub(crate) async fn next(&self, shard: &StreamShard) -> Result<i64> {
        let mut left = self.left.lock().await;
        if left.is_empty() {
            let command = Command::AllocateProducers { count: PRODUCER_IDS };
            *left = match shard.submit(Lane::Normal, &command)?.await? {
                Ok(Reply::Producers { first, count }) => first..first + i64::from(count),
                Ok(_) => return Err(Error::new(Kind::Corrupt, "producer ids were asked for, and something else was answered")),
                Err(_) => return Err(Error::new(Kind::Unavailable, "there are no producer ids left in this shard")),
            };
        }
        left.next().ok_or_else(|| Error::new(Kind::Unavailable, "no producer ids were given"))
    }
}
