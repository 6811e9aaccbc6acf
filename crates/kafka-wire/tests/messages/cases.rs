//! Every message behind one face.

use std::ops::RangeInclusive;

use kafka_wire::{
    error::{Kind, Result},
    message::Message,
    messages::*,
};

use crate::{
    chance::{Chance, Fill},
    filler::every_message,
};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) versions: RangeInclusive<i16>,
    /// A message filled by chance, written, read again and found equal; its bytes.
    pub(crate) round_trip: fn(&mut Chance, i16) -> Vec<u8>,
    pub(crate) decode: fn(&[u8], i16) -> Result<(), Kind>,
    /// Read, and if that works written again.
    pub(crate) again: fn(&[u8], i16) -> Option<Vec<u8>>,
}

macro_rules! table {
    ($($module:ident :: $name:ident),* $(,)?) => {
        vec![$(Case {
            name: stringify!($name),
            versions: <$module::$name as Message>::VERSIONS,
            round_trip: |chance, version| {
                let filled = $module::$name::fill(chance, version);
                let mut bytes = Vec::new();
                filled.encode(version, &mut bytes).unwrap_or_else(|error| panic!("version {version}: {error}: {filled:#?}"));
                let read = $module::$name::decode(&bytes, version);
                assert_eq!(read.as_ref(), Ok(&filled), "version {version}: {bytes:?}");
                bytes
            },
            decode: |bytes, version| $module::$name::decode(bytes, version).map(drop).map_err(|error| error.kind),
            again: |bytes, version| {
                let read = $module::$name::decode(bytes, version).ok()?;
                let mut out = Vec::new();
                read.encode(version, &mut out).expect("what was read can be written");
                Some(out)
            },
        }),*]
    };
}

pub(crate) fn cases() -> Vec<Case> {
    every_message!(table)
}
