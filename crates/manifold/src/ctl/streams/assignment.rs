//! What members of consumer groups write into the bytes that brokers only carry: the classic protocol's subscription and assignment.

use std::collections::BTreeMap;

use kafka_wire::{Error, decoder::Decoder};

/// The version that everybody reads: topics, and bytes of the assignor's own.
const VERSION: i16 = 0;

/// Partitions by topic.
pub(super) type Partitions = BTreeMap<String, Vec<i32>>;

/// A subscription to one topic.
pub(super) fn subscription(topic: &str) -> Vec<u8> {
    let mut out = VERSION.to_be_bytes().to_vec();
    out.extend_from_slice(&1_i32.to_be_bytes());
    string(&mut out, topic);
    out.extend_from_slice(&(-1_i32).to_be_bytes());
    out
}

/// An assignment of one topic's partitions.
pub(super) fn encode(topic: &str, partitions: &[i32]) -> Vec<u8> {
    let mut out = VERSION.to_be_bytes().to_vec();
    out.extend_from_slice(&1_i32.to_be_bytes());
    string(&mut out, topic);
    out.extend_from_slice(&(partitions.len() as i32).to_be_bytes());
    partitions.iter().for_each(|partition| out.extend_from_slice(&partition.to_be_bytes()));
    out.extend_from_slice(&(-1_i32).to_be_bytes());
    out
}

/// The partitions of an assignment of any version: what later ones added stands behind. Empty bytes assign nothing.
pub(super) fn decode(bytes: &[u8]) -> Result<Partitions, Error> {
    let mut assigned = Partitions::new();
    if bytes.is_empty() {
        return Ok(assigned);
    }
    let mut from = Decoder::new(bytes, VERSION, false);
    from.i16()?;
    for _ in 0..from.count(6)? {
        let topic = from.string()?.into_owned();
        assigned.entry(topic).or_default().extend(from.array::<i32>()?);
    }
    Ok(assigned)
}

/// "orders: 0-3, 7; payments: 1".
pub(super) fn readable(assigned: &Partitions) -> String {
    if assigned.is_empty() {
        return "-".to_owned();
    }
    let topic = |(name, partitions): (&String, &Vec<i32>)| format!("{name}: {}", ranges(partitions));
    assigned.iter().map(topic).collect::<Vec<_>>().join("; ")
}

fn ranges(partitions: &[i32]) -> String {
    let mut sorted = partitions.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(i32, i32)> = Vec::new();
    for partition in sorted {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(partition) => *last = partition,
            _ => ranges.push((partition, partition)),
        }
    }
    let range = |(first, last): &(i32, i32)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

fn string(out: &mut Vec<u8>, text: &str) {
    // A topic's name has 249 bytes at most.
    out.extend_from_slice(&(text.len() as i16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_come_back() {
        let bytes = encode("orders", &[2, 0, 1, 7]);
        let assigned = decode(&bytes).unwrap();
        assert_eq!(assigned, Partitions::from([("orders".to_owned(), vec![2, 0, 1, 7])]));
        assert_eq!(readable(&assigned), "orders: 0-2, 7");
        assert_eq!(readable(&decode(b"").unwrap()), "-");
        for cut in 1..bytes.len() - 4 {
            assert!(decode(&bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_subscription_is_as_the_protocol_has_it() {
        assert_eq!(subscription("ab"), *b"\0\0\0\0\0\x01\0\x02ab\xff\xff\xff\xff");
    }

    #[test]
    fn a_count_that_is_too_large_is_refused() {
        assert!(decode(&[0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0]).is_err());
    }
}
