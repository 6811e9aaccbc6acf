//! Batches as producers make them and consumers take them apart.

use bytes::Bytes;
use kafka_wire::batch::{Batch, BatchBuilder, Codec, Producer};

use super::{Found, Origin};

/// A batch of so many records from `origin` on.
pub(super) fn batch(origin: Origin, records: i32) -> Bytes {
    let Origin { producer, epoch, sequence } = origin;
    let mut builder =
        BatchBuilder::new(Codec::None).producer(Producer { id: producer, epoch, base_sequence: sequence, transactional: false });
    for record in 0..records {
        let value = value(Origin { sequence: sequence + record, ..origin });
        builder.push(1_000 + i64::from(sequence), None, Some(value.as_bytes()), &[]);
    }
    builder.finish().into()
}

fn value(origin: Origin) -> String {
    format!("{}/{}/{}", origin.producer, origin.epoch, origin.sequence)
}

/// Every record, and its offset.
pub(super) fn records(mut bytes: &[u8], complaints: &mut Vec<String>) -> Vec<(i64, Found)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let Ok(Some((batch, rest))) = Batch::split(bytes) else {
            complaints.push("a batch is cut".to_owned());
            break;
        };
        if !batch.crc_is_right() {
            complaints.push(format!("the CRC of the batch at {} is wrong", batch.base_offset()));
        }
        for (delta, record) in batch.records(batch.payload()).enumerate() {
            let delta = i32::try_from(delta).expect("a small number");
            let (producer, epoch) = (batch.producer_id(), batch.producer_epoch());
            let origin = Origin { producer, epoch, sequence: batch.base_sequence() + delta };
            let told = record.ok().and_then(|record| record.value.map(<[u8]>::to_vec)).unwrap_or_default();
            if told != value(origin).into_bytes() {
                complaints.push(format!("{origin:?} holds {:?}", String::from_utf8_lossy(&told)));
            }
            found.push((batch.base_offset() + i64::from(delta), Found { origin, leader_epoch: batch.partition_leader_epoch() }));
        }
        bytes = rest;
    }
    found
}
