use proptest::prelude::*;

use super::*;
use crate::watch::encode::{Frames, fragments};

fn key_value() -> impl Strategy<Value = KeyValue> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..300).prop_map(Bytes::from);
    let number = || prop_oneof![Just(0), 1i64..300, any::<i64>()];
    (bytes(), number(), number(), number(), bytes(), number()).prop_map(|(key, create, modified, version, value, lease)| {
        KeyValue { key, create_revision: create, mod_revision: modified, version, value, lease }
    })
}

fn event() -> impl Strategy<Value = (Event, Option<KeyValue>)> {
    (any::<bool>(), key_value(), proptest::option::of(key_value())).prop_map(|(put, kv, before)| {
        let kind = if put { EventKind::Put } else { EventKind::Delete };
        (Event { kind, kv, prev: None, prev_kv: None, is_value_cold: false }, before)
    })
}

fn wire(event: &Event, before: Option<KeyValue>) -> WireEvent {
    let kind = i32::from(event.kind == EventKind::Delete);
    WireEvent { kind, kv: Some(event.kv.clone().into()), prev_kv: before.map(Into::into) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Byte for byte what prost makes of the same message, and cut only between events.
    #[test]
    fn frames_are_protobuf(events in proptest::collection::vec(event(), 1..6), part in 1usize..2000) {
        let (events, prevs): (Vec<_>, Vec<_>) = events.into_iter().unzip();
        let wanted = WireBody { events: events.iter().zip(&prevs).map(|(event, before)| wire(event, before.clone())).collect() };
        let frames = Frames::encode(&events, &prevs);
        prop_assert_eq!(&frames.bytes[..], &wanted.encode_to_vec()[..]);
        for (place, event) in wanted.events.iter().enumerate() {
            let alone = WireBody { events: vec![event.clone()] };
            prop_assert_eq!(frames.frame(place), &alone.encode_to_vec()[..]);
        }
        let parts = fragments(&frames.bytes, part);
        prop_assert_eq!(parts.concat(), &frames.bytes[..]);
        for cut in parts {
            let count = decode(&cut).len();
            prop_assert!(count == 1 || (count > 1 && cut.len() <= part));
        }
    }
}
