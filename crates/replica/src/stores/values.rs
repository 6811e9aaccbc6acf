//! Large values: their chunks go ahead of the command that writes them.

use base::{Error, Kind, Result};
use bytes::Bytes;
use config::{Command, INLINE_BYTES_MAX, Reply, VALUE_BYTES_MAX, Value};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{ConfigStore, words::stopping};
use crate::{lanes::Lane, limits::CHUNKS_OF_VALUE_IN_FLIGHT_MAX, runtime};

impl ConfigStore {
    /// What to name in the write of a value of these bytes. One that is too long to travel in that write is put before, in chunks that
    /// are durable on a quorum when this returns; what no write names within an hour is forgotten. Chunks are as small as a bulky
    /// command's part of an entry, so that they hold up nobody, and only some are on their way at a time.
    ///
    /// # Errors
    /// `Invalid` if the value is too long. Otherwise as [`ConfigStore::propose`]; putting it again does no harm.
    pub async fn put_value(&self, bytes: Bytes) -> Result<Value> {
        if bytes.len() as u64 > VALUE_BYTES_MAX {
            let text = format!("a value has at most {VALUE_BYTES_MAX} bytes: keep what is larger elsewhere and write down where");
            return Err(Error::new(Kind::Invalid, text));
        }
        if bytes.len() <= INLINE_BYTES_MAX {
            return Ok(Value::Inline(bytes));
        }
        // Hashing takes a while.
        let (chunks, value) = runtime::spawn_blocking(move || Value::cut(&bytes)).await;
        let puts = stream::iter(chunks).map(|chunk| self.put_chunk(chunk));
        puts.buffer_unordered(CHUNKS_OF_VALUE_IN_FLIGHT_MAX).try_collect::<()>().await?;
        Ok(value)
    }

    async fn put_chunk(&self, bytes: Bytes) -> Result<()> {
        let _turn = self.chunks().acquire().await.map_err(|_| stopping())?;
        let mut encoded = Vec::with_capacity(bytes.len() + 2);
        let command = Command::PutChunk { bytes };
        self.check_room(&command)?;
        command.encode(&mut encoded);
        match self.submit_patiently(Lane::Bulk, encoded.into()).await? {
            Reply::Chunk(_) => Ok(()),
            other => Err(Error::new(Kind::Corrupt, format!("a chunk was answered with {other:?}"))),
        }
    }
}
