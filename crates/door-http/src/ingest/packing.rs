//! Records become batches: one for each partition, or several where a topic's batches may not be so long.

use kafka_wire::batch::{BatchBuilder, Codec};
use rustc_hash::FxHashMap;

use super::record::Incoming;

/// Bytes of a batch before its records.
const HEADER_BYTES: usize = kafka_wire::limits::BATCH_HEADER_BYTES;
/// What the numbers of a record take at most: its length, timestamp and offset, the lengths of key and value, and its attributes.
const RECORD_NUMBERS_BYTES: usize = 1 + 5 * 5 + 10;
/// What the lengths of a header take at most.
const HEADER_NUMBERS_BYTES: usize = 10;

/// Where a record goes: a topic by its number in the request, and a partition.
pub(crate) type Target = (u32, u32);

/// The batches that are being packed.
#[derive(Default)]
pub(crate) struct Packing {
    open: Vec<Open>,
    by_target: FxHashMap<Target, usize>,
    /// The one that the last record went to: often the next one's, too.
    last: usize,
}

struct Open {
    target: Target,
    number: u32,
    builder: BatchBuilder,
}

/// A batch that is ready.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) number: u32,
    pub(crate) target: Target,
    pub(crate) bytes: Vec<u8>,
}

/// Where a record lies now: in the batch with this number, which is a new one if `is_new`, at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packaged {
    pub(crate) batch: u32,
    pub(crate) place: u32,
    pub(crate) is_new: bool,
}

impl Packing {
    /// Adds a record to its target's batch of at most `bytes_max` bytes; one that would be longer is given to `ready`, and another
    /// begun, with the number `next`.
    ///
    /// # Errors
    /// How many bytes the batch of this record alone has, if that is too many. Nothing was added then.
    pub(crate) fn add(
        &mut self,
        target: Target,
        record: &Incoming<'_>,
        timestamp: i64,
        bytes_max: usize,
        next: u32,
        ready: &mut Vec<Packed>,
    ) -> Result<Packaged, usize> {
        let at = self.find(target);
        if let Some(at) = at {
            let open = &mut self.open[at];
            if HEADER_BYTES + open.builder.record_bytes() + bytes_at_most(record) <= bytes_max {
                let place = open.builder.count();
                push(&mut open.builder, record, timestamp);
                return Ok(Packaged { batch: open.number, place, is_new: false });
            }
        }
        let mut builder = BatchBuilder::new(Codec::None);
        push(&mut builder, record, timestamp);
        let bytes = HEADER_BYTES + builder.record_bytes();
        if bytes > bytes_max {
            return Err(bytes);
        }
        let open = Open { target, number: next, builder };
        match at {
            Some(at) => ready.push(std::mem::replace(&mut self.open[at], open).close()),
            None => {
                self.last = self.open.len();
                self.by_target.insert(target, self.open.len());
                self.open.push(open);
            }
        }
        Ok(Packaged { batch: next, place: 0, is_new: true })
    }

    /// All that is open is ready, in the order in which it was begun.
    pub(crate) fn close(&mut self, ready: &mut Vec<Packed>) {
        self.by_target.clear();
        ready.extend(self.open.drain(..).map(Open::close));
    }

    fn find(&mut self, target: Target) -> Option<usize> {
        if self.open.get(self.last).is_some_and(|open| open.target == target) {
            return Some(self.last);
        }
        let at = self.by_target.get(&target).copied()?;
        self.last = at;
        Some(at)
    }
}

impl Open {
    fn close(self) -> Packed {
        Packed { number: self.number, target: self.target, bytes: self.builder.finish() }
    }
}

fn bytes_at_most(record: &Incoming<'_>) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers.0.iter();
    let headers: usize = headers.map(|(name, value)| HEADER_NUMBERS_BYTES + name.0.len() + length(value.bytes())).sum();
    RECORD_NUMBERS_BYTES + length(record.key.bytes()) + length(record.value.bytes()) + headers
}

fn push(builder: &mut BatchBuilder, record: &Incoming<'_>, timestamp: i64) {
    let (key, value) = (record.key.bytes(), record.value.bytes());
    if record.headers.0.is_empty() {
        return builder.push(timestamp, key, value, &[]);
    }
    let headers: Vec<(&str, Option<&[u8]>)> =
        record.headers.0.iter().map(|(name, value)| (name.0.as_ref(), value.bytes())).collect();
    builder.push(timestamp, key, value, &headers);
}

#[cfg(test)]
mod tests {
    use kafka_wire::batch::{Rules, validate};
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::content::Content;

    fn record(value: &[u8]) -> Incoming<'_> {
        let mut record: Incoming<'_> = serde_json::from_str(r#"{"key":"k","value":"","headers":{"a":"b"}}"#).expect("parses");
        record.value = Content(Some(value.into()));
        record
    }

    fn rules(batch_bytes_max: usize) -> Rules {
        Rules { batch_bytes_max, inflated_bytes_max: batch_bytes_max, compacted: false, zstd: false, timestamps: None }
    }

    #[test]
    fn a_record_that_fits_exactly_is_taken_and_one_byte_more_is_not() {
        let (mut packing, mut ready) = (Packing::default(), Vec::new());
        let bytes = packing.add((0, 0), &record(b"12345"), 7, 0, 0, &mut ready).expect_err("nothing fits");
        assert_eq!(packing.add((0, 0), &record(b"12345"), 7, bytes - 1, 0, &mut ready), Err(bytes));
        let first = packing.add((0, 0), &record(b"12345"), 7, bytes, 3, &mut ready);
        assert_eq!(first, Ok(Packaged { batch: 3, place: 0, is_new: true }));
        let second = packing.add((0, 0), &record(b"12345"), 7, bytes, 4, &mut ready);
        assert_eq!(second, Ok(Packaged { batch: 4, place: 0, is_new: true }));
        assert_eq!((ready.len(), ready[0].number, ready[0].bytes.len()), (1, 3, bytes));
    }

    proptest! {
        /// Whatever comes, a server takes the batches, and each record lies where it was said.
        #[test]
        fn batches_are_whole_and_keep_the_order(
            records in proptest::collection::vec((0_u32..3, 0_usize..120), 1..60),
            bytes_max in 250_usize..600,
        ) {
            let (mut packing, mut ready, mut places) = (Packing::default(), Vec::new(), Vec::new());
            let mut batches = 0;
            for (partition, length) in &records {
                let value = vec![b'x'; *length];
                let placed = packing.add((0, *partition), &record(&value), 5, bytes_max, batches, &mut ready);
                let placed = placed.expect("fits");
                batches += u32::from(placed.is_new);
                places.push(placed);
            }
            packing.close(&mut ready);
            prop_assert_eq!(ready.len(), batches as usize);
            ready.sort_by_key(|packed| packed.number);
            for ((partition, length), placed) in records.iter().zip(&places) {
                let packed = &ready[placed.batch as usize];
                prop_assert_eq!(packed.target, (0, *partition));
                let checked = validate(&packed.bytes, &rules(bytes_max)).expect("is good");
                let inflated = checked.batch.inflate(usize::MAX).expect("no codec");
                let found = checked.batch.records(&inflated).nth(placed.place as usize).expect("is there").expect("is good");
                prop_assert_eq!(found.value.map(<[u8]>::len), Some(*length));
            }
        }
    }
}
