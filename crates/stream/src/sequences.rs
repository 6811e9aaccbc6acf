//! The sequence numbers that a producer has used in a partition: what makes produce idempotent (KIP-98, KIP-360).

use base::Result;
use bytes::BufMut;

use crate::{
    Refusal,
    bugs::{Bug, planted},
    error::damaged,
    fields::Reader,
    header::Header,
    limits::PRODUCER_BATCHES,
};

/// Sequences run from 0 to 2^31 - 1, and begin again.
const SEQUENCES: i64 = 1 << 31;

/// The sequence that lies `count` behind another one.
fn advanced(sequence: i32, count: i64) -> i32 {
    let sum = (i64::from(sequence) + count).rem_euclid(SEQUENCES);
    i32::try_from(sum).expect("what remains of 2^31 fits")
}

/// A batch that was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) base_sequence: i32,
    /// Records less one.
    pub(crate) delta: u32,
    pub(crate) base_offset: i64,
    pub(crate) timestamp: i64,
}

impl Taken {
    pub(crate) fn last_sequence(&self) -> i32 {
        advanced(self.base_sequence, i64::from(self.delta))
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.delta)
    }
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one.
    Append,
    /// It was taken before, here.
    Duplicate(Taken),
}

/// The last batches of a producer under its epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sequences {
    epoch: i16,
    count: u8,
    /// How many sequences before the next one are known to have been taken, without a gap.
    run: u32,
    taken: [Taken; PRODUCER_BATCHES],
}

impl Sequences {
    pub(crate) fn epoch(&self) -> i16 {
        self.epoch
    }

    pub(crate) fn taken(&self) -> &[Taken] {
        &self.taken[..usize::from(self.count)]
    }

    pub(crate) fn last(&self) -> Option<&Taken> {
        self.taken().last()
    }

    /// Whether a batch of a known producer may be appended, as Kafka's `ProducerAppendInfo` decides it.
    ///
    /// Unlike Kafka, which says OUT_OF_ORDER_SEQUENCE_NUMBER, a batch older than those remembered is called a duplicate where it
    /// certainly was taken: a client drops it then, and would lose it otherwise.
    pub(crate) fn judge(&self, header: &Header) -> std::result::Result<Verdict, Refusal> {
        let (base, delta) = (header.base_sequence, header.last_offset_delta);
        if header.producer_epoch < self.epoch {
            return if planted(Bug::EpochNotFenced) { Ok(Verdict::Append) } else { Err(Refusal::InvalidProducerEpoch) };
        }
        if header.producer_epoch > self.epoch {
            return if base == 0 { Ok(Verdict::Append) } else { Err(Refusal::OutOfOrderSequence) };
        }
        if let Some(taken) = self.taken().iter().find(|taken| taken.base_sequence == base && taken.delta == delta) {
            return Ok(Verdict::Duplicate(*taken));
        }
        let next = self.last().map_or(0, |last| advanced(last.last_sequence(), 1));
        if base == next {
            return Ok(Verdict::Append);
        }
        // How far before the next one it begins, and how many sequences the batches remembered take.
        let behind = (i64::from(next) - i64::from(base)).rem_euclid(SEQUENCES);
        let remembered: i64 = self.taken().iter().map(|taken| i64::from(taken.delta) + 1).sum();
        let is_older = behind <= i64::from(self.run) && behind - i64::from(delta) > remembered;
        Err(if is_older { Refusal::DuplicateSequence } else { Refusal::OutOfOrderSequence })
    }

    /// Remembers a batch that was appended. One of another epoch makes a new beginning.
    pub(crate) fn take(&mut self, header: &Header, base_offset: i64) {
        if self.count == 0 || header.producer_epoch != self.epoch {
            *self = Sequences { epoch: header.producer_epoch, ..Sequences::default() };
        }
        if usize::from(self.count) == PRODUCER_BATCHES {
            self.taken.rotate_left(1);
        } else {
            self.count += 1;
        }
        self.taken[usize::from(self.count) - 1] = Taken {
            base_sequence: header.base_sequence,
            delta: header.last_offset_delta,
            base_offset,
            timestamp: header.max_timestamp,
        };
        self.run = self.run.saturating_add(header.last_offset_delta.saturating_add(1)).min(i32::MAX.unsigned_abs());
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_i16_le(self.epoch);
        out.put_u32_le(self.run);
        out.put_u8(self.count);
        for taken in self.taken() {
            out.put_i32_le(taken.base_sequence);
            out.put_u32_le(taken.delta);
            out.put_i64_le(taken.base_offset);
            out.put_i64_le(taken.timestamp);
        }
    }

    pub(crate) fn decode(reader: &mut Reader) -> Result<Sequences> {
        let mut sequences = Sequences { epoch: reader.i16()?, run: reader.u32()?, count: reader.u8()?, ..Sequences::default() };
        if sequences.count == 0 || usize::from(sequences.count) > PRODUCER_BATCHES {
            return Err(damaged("a producer has no batches, or too many"));
        }
        for taken in &mut sequences.taken[..usize::from(sequences.count)] {
            *taken = Taken {
                base_sequence: reader.i32()?,
                delta: reader.u32()?,
                base_offset: reader.i64()?,
                timestamp: reader.i64()?,
            };
        }
        Ok(sequences)
    }
}
