//! What was sent and what was acknowledged, held against what is there.
//!
//! Each connection is a producer with serials of its own, counted from 0. They are sent in units, of one partition each: a Kafka batch,
//! or one record over HTTP. An [`Audit`] takes every record that is read back, and then says what is missing, there twice, changed,
//! nobody's, or not where it was acknowledged.

use std::collections::HashMap;

use crate::payload::{self, Stamp};

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No answer: it may be there or not.
    Unknown,
    /// Refused: it should not be there, but may be where the refusal was that time ran out.
    Refused,
    /// Acknowledged, its first record at this offset.
    Acknowledged(i64),
}

#[derive(Clone, Copy, Debug)]
struct Unit {
    partition: i32,
    records: u32,
    fate: Fate,
}

/// What one connection sent.
#[derive(Clone, Debug)]
pub(crate) struct Producer {
    id: u64,
    unit_records: u64,
    units: Vec<Unit>,
}

impl Producer {
    /// Nothing sent yet; each unit but the last has `unit_records` records.
    pub(crate) fn new(id: u64, unit_records: u64) -> Self {
        assert!(unit_records > 0, "a unit has records");
        Self { id, unit_records, units: Vec::new() }
    }

    /// Whose payloads they are.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Notes that a unit is sent; gives its number. Its first serial is the number times the records of a unit.
    pub(crate) fn send(&mut self, partition: i32, records: u32) -> usize {
        assert!(u64::from(records) <= self.unit_records, "a unit is not larger than the first");
        self.units.push(Unit { partition, records, fate: Fate::Unknown });
        self.units.len() - 1
    }

    /// Notes what became of a unit, and for one over HTTP in which partition.
    pub(crate) fn settle(&mut self, unit: usize, partition: i32, fate: Fate) {
        self.units[unit].partition = partition;
        self.units[unit].fate = fate;
    }

    /// The serial of the next unit's first record.
    pub(crate) fn next_serial(&self) -> u64 {
        self.units.len() as u64 * self.unit_records
    }

    /// Records that were acknowledged.
    #[cfg(test)]
    pub(crate) fn acknowledged(&self) -> u64 {
        let acknowledged = self.units.iter().filter(|unit| matches!(unit.fate, Fate::Acknowledged(_)));
        acknowledged.map(|unit| u64::from(unit.records)).sum()
    }

    /// Where a record was acknowledged, if it was. Each unit has one.
    pub(crate) fn acknowledged_at(&self, serial: u64) -> Option<i64> {
        match self.unit_of(serial)?.0.fate {
            Fate::Acknowledged(offset) => Some(offset),
            Fate::Unknown | Fate::Refused => None,
        }
    }

    fn unit_of(&self, serial: u64) -> Option<(&Unit, u64)> {
        let unit = self.units.get(usize::try_from(serial / self.unit_records).ok()?)?;
        let place = serial % self.unit_records;
        (place < u64::from(unit.records)).then_some((unit, place))
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Records that were read.
    pub(crate) read: u64,
    /// Records that were acknowledged.
    pub(crate) acknowledged: u64,
    /// Of those, that are there.
    pub(crate) held: u64,
    /// Of those, that are not.
    pub(crate) lost: u64,
    /// Records that came again.
    pub(crate) duplicated: u64,
    /// Records whose bytes are not those of the hash.
    pub(crate) changed: u64,
    /// Records that nobody of this run sent.
    pub(crate) foreign: u64,
    /// Records that are not in their producer's order, or not at the partition and offset that were acknowledged.
    pub(crate) disordered: u64,
    /// Batches whose CRC is not that of their bytes.
    pub(crate) crc_wrong: u64,
    /// Records without an acknowledgement that are there all the same, which is no fault.
    pub(crate) unacknowledged_held: u64,
    /// Records whose sender never learned what became of them and that are not there, which is no fault.
    pub(crate) unacknowledged_missing: u64,
}

impl Verdict {
    /// Records for which the server did not hold its word.
    pub(crate) fn faults(&self) -> u64 {
        self.lost + self.duplicated + self.changed + self.foreign + self.disordered + self.crc_wrong
    }

    /// In words, with what is wrong first.
    pub(crate) fn to_text(&self) -> String {
        let Self { acknowledged, held, lost, duplicated, changed, foreign, disordered, .. } = self;
        let counts =
            format!("lost {lost}, duplicated {duplicated}, changed {changed}, foreign {foreign}, disordered {disordered}");
        let counts = if self.crc_wrong > 0 { format!("{counts}, batches with a wrong CRC {}", self.crc_wrong) } else { counts };
        let open = match (self.unacknowledged_held, self.unacknowledged_missing) {
            (0, 0) => String::new(),
            (held, missing) => format!("; without an acknowledgement: {held} are there, {missing} are not"),
        };
        format!("{held} of {acknowledged} acknowledged records read back; {counts}{open}")
    }
}

/// Records that are read back, one after the other; of one partition in the order of their offsets.
#[derive(Debug)]
pub(crate) struct Audit {
    /// None where somebody else filled the topic: then only hashes, repeats and order can be seen.
    producers: Option<Vec<Producer>>,
    numbers: HashMap<u64, usize>,
    seen: Vec<Vec<u64>>,
    /// By partition and producer: the last serial.
    last: HashMap<(i32, u64), u64>,
    verdict: Verdict,
}

impl Audit {
    /// Holds what is read against what was sent.
    pub(crate) fn new(producers: Vec<Producer>) -> Self {
        let numbers = producers.iter().enumerate().map(|(number, producer)| (producer.id, number)).collect();
        let seen = producers.iter().map(|producer| vec![0; producer.next_serial().div_ceil(64) as usize]).collect();
        Self { producers: Some(producers), numbers, seen, last: HashMap::new(), verdict: Verdict::default() }
    }

    /// Without knowing what was sent.
    pub(crate) fn of_strangers() -> Self {
        Self { producers: None, numbers: HashMap::new(), seen: Vec::new(), last: HashMap::new(), verdict: Verdict::default() }
    }

    /// Takes the next record of a partition. Each is counted once.
    pub(crate) fn take(&mut self, partition: i32, offset: i64, payload: Option<&[u8]>) {
        self.note(partition, offset, payload.and_then(payload::read));
    }

    /// The same for a record whose payload was read, or of which another thing says which one it is.
    pub(crate) fn note(&mut self, partition: i32, offset: i64, stamp: Option<Stamp>) {
        self.verdict.read += 1;
        let Some(stamp) = stamp else {
            self.verdict.foreign += 1;
            return;
        };
        let (producer, serial) = (stamp.producer, stamp.serial);
        let known = self.producers.is_none() || self.numbers.contains_key(&producer);
        match (known, stamp.intact) {
            (false, _) => self.verdict.foreign += 1,
            (true, false) => self.verdict.changed += 1,
            (true, true) => self.place(partition, offset, producer, serial),
        }
    }

    /// Counts a batch whose CRC is wrong.
    pub(crate) fn crc_wrong(&mut self) {
        self.verdict.crc_wrong += 1;
    }

    fn place(&mut self, partition: i32, offset: i64, producer: u64, serial: u64) {
        let before = self.last.get(&(partition, producer)).copied();
        let ascends = before.is_none_or(|before| before < serial);
        self.last.insert((partition, producer), before.map_or(serial, |before| before.max(serial)));
        let Some(producers) = &self.producers else {
            self.verdict.held += u64::from(ascends);
            self.verdict.duplicated += u64::from(before == Some(serial));
            self.verdict.disordered += u64::from(!ascends && before != Some(serial));
            return;
        };
        let number = self.numbers[&producer];
        let Some((unit, place)) = producers[number].unit_of(serial) else {
            self.verdict.foreign += 1;
            return;
        };
        let (word, bit) = (&mut self.seen[number][serial as usize / 64], 1 << (serial % 64));
        if *word & bit != 0 {
            self.verdict.duplicated += 1;
            return;
        }
        *word |= bit;
        let right = match unit.fate {
            Fate::Acknowledged(first) => unit.partition == partition && first.checked_add_unsigned(place) == Some(offset),
            Fate::Unknown | Fate::Refused => true,
        };
        self.verdict.disordered += u64::from(!right || !ascends);
    }

    /// What was found; if all was read, with what was not.
    pub(crate) fn finish(mut self, complete: bool) -> Verdict {
        for (producer, seen) in self.producers.iter().flatten().zip(&self.seen) {
            for (number, unit) in producer.units.iter().enumerate() {
                let first = number as u64 * producer.unit_records;
                let serials = first..first + u64::from(unit.records);
                let held = serials.filter(|serial| seen[*serial as usize / 64] & 1 << (serial % 64) != 0).count() as u64;
                let missing = if complete { u64::from(unit.records) - held } else { 0 };
                match unit.fate {
                    Fate::Acknowledged(_) => {
                        self.verdict.acknowledged += u64::from(unit.records);
                        self.verdict.held += held;
                        self.verdict.lost += missing;
                    }
                    Fate::Unknown => {
                        self.verdict.unacknowledged_held += held;
                        self.verdict.unacknowledged_missing += missing;
                    }
                    Fate::Refused => self.verdict.unacknowledged_held += held,
                }
            }
        }
        if self.producers.is_none() {
            self.verdict.acknowledged = self.verdict.read;
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests;
