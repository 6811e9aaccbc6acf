//! The same bytes through another codec, the crate `kafka-protocol`, in the versions that it has.

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable, Message};

use crate::{cases::cases, chance::Chance, filler::every_message};

const ROUNDS: u64 = 12;

pub(crate) struct Other {
    pub(crate) name: &'static str,
    /// None if it has none.
    pub(crate) versions: Option<RangeInclusive<i16>>,
    pub(crate) again: fn(&[u8], i16) -> Result<Vec<u8>, String>,
}

fn again<M: Decodable + Encodable>(bytes: &[u8], version: i16) -> Result<Vec<u8>, String> {
    let mut from = Bytes::copy_from_slice(bytes);
    let message = M::decode(&mut from, version).map_err(|error| error.to_string())?;
    if !from.is_empty() {
        return Err(format!("{} bytes are left", from.len()));
    }
    let mut out = BytesMut::new();
    message.encode(&mut out, version).map_err(|error| error.to_string())?;
    Ok(out.to_vec())
}

/// The other codec for one message; it has none for groups of Kafka Streams.
macro_rules! other {
    (streams_group_heartbeat, $name:ident) => {
        other!(@none $name)
    };
    (streams_group_describe, $name:ident) => {
        other!(@none $name)
    };
    (@none $name:ident) => {
        Other { name: stringify!($name), versions: None, again: |_, _| Err(String::new()) }
    };
    ($module:ident, $name:ident) => {
        Other {
            name: stringify!($name),
            versions: {
                let versions = <kafka_protocol::messages::$name as Message>::VERSIONS;
                Some(versions.min..=versions.max)
            },
            again: again::<kafka_protocol::messages::$name>,
        }
    };
}

pub(crate) fn others() -> Vec<Other> {
    macro_rules! table {
        ($($module:ident :: $name:ident),* $(,)?) => {
            vec![$(other!($module, $name)),*]
        };
    }
    every_message!(table)
}

#[test]
fn another_codec_reads_and_writes_the_same_bytes() {
    let mut chance = Chance(4);
    let mut compared = 0;
    for (case, other) in cases().into_iter().zip(others()) {
        assert_eq!(case.name, other.name);
        for version in case.versions.filter(|version| other.versions.as_ref().is_some_and(|versions| versions.contains(version)))
        {
            for _ in 0..ROUNDS {
                let bytes = (case.round_trip)(&mut chance, version);
                let again = (other.again)(&bytes, version);
                assert_eq!(again.as_ref(), Ok(&bytes), "{} version {version}", case.name);
            }
            compared += 1;
        }
    }
    assert!(compared > 400, "only {compared} versions were compared");
}

/// Kafka's documentation of 3.1 and later lists this one as retriable, the other crate does not.
const RETRIABLE_HERE: [i16; 1] = [51];

#[test]
fn error_codes_are_the_same() {
    for code in kafka_wire::ErrorCode::ALL.iter().filter(|code| code.code() != 0) {
        let other = kafka_protocol::ResponseError::try_from_code(code.code()).unwrap_or_else(|| panic!("{code}"));
        assert_eq!(format!("{other:?}").to_uppercase(), code.name().replace('_', ""));
        let retriable = other.is_retriable() || RETRIABLE_HERE.contains(&code.code());
        assert_eq!(code.is_retriable(), retriable, "{code}");
    }
}
