//! Events as etcd's `mvccpb.Event`, framed as field 11 of `WatchResponse`, so that a response is a head and some frames.
//!
//! `Event { type = 1, kv = 2, prev_kv = 3 }`, `KeyValue { key = 1, create_revision = 2, mod_revision = 3, version = 4, value = 5,
//! lease = 6 }`; fields with their default value are left out, as proto3 says.

use bytes::{BufMut, Bytes, BytesMut};
use kv::{EventKind, event::Event, request::KeyValue};

const FRAME_TAG: u8 = 11 << 3 | 2;
const EVENT_TYPE_TAG: u8 = 1 << 3;
const EVENT_KV_TAG: u8 = 2 << 3 | 2;
const EVENT_PREV_TAG: u8 = 3 << 3 | 2;
const KEY_TAG: u8 = 1 << 3 | 2;
const CREATE_TAG: u8 = 2 << 3;
const MOD_TAG: u8 = 3 << 3;
const VERSION_TAG: u8 = 4 << 3;
const VALUE_TAG: u8 = 5 << 3 | 2;
const LEASE_TAG: u8 = 6 << 3;
const DELETE: u8 = 1;

/// The encoded events of one revision, one frame each.
#[derive(Debug)]
pub(super) struct Frames {
    /// All frames, one after the other.
    pub(super) bytes: Bytes,
    /// Where each frame ends.
    ends: Box<[usize]>,
}

impl Frames {
    /// The frames of `events`, with the states before where `prevs` has them (empty: none).
    pub(super) fn encode(events: &[Event], prevs: &[Option<KeyValue>]) -> Frames {
        let prev = |place: usize| prevs.get(place).and_then(Option::as_ref);
        let total = events.iter().enumerate().map(|(place, event)| delimited_len(event_len(event, prev(place)))).sum();
        let mut bytes = BytesMut::with_capacity(total);
        let ends = events
            .iter()
            .enumerate()
            .map(|(place, event)| {
                put_event(&mut bytes, event, prev(place));
                bytes.len()
            })
            .collect();
        Frames { bytes: bytes.freeze(), ends }
    }

    /// The frame of one event.
    pub(super) fn frame(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }
}

/// Cuts frames into runs of at most `bytes_max`, one frame at least each.
pub(super) fn fragments(body: &Bytes, bytes_max: usize) -> Vec<Bytes> {
    let (mut runs, mut start, mut end) = (Vec::new(), 0, 0);
    while end < body.len() {
        let next = frame_end(body, end);
        if end > start && next - start > bytes_max {
            runs.push(body.slice(start..end));
            start = end;
        }
        end = next;
    }
    runs.push(body.slice(start..end));
    runs
}

/// Where the frame that starts at `start` ends. The bytes are ours, so a length is always whole.
fn frame_end(body: &[u8], start: usize) -> usize {
    let (mut place, mut length, mut shift) = (start + 1, 0usize, 0);
    loop {
        let byte = body[place];
        place += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return place + length;
        }
        shift += 7;
    }
}

fn put_event(out: &mut BytesMut, event: &Event, prev: Option<&KeyValue>) {
    out.put_u8(FRAME_TAG);
    put_varint(out, event_len(event, prev) as u64);
    if event.kind == EventKind::Delete {
        out.put_u8(EVENT_TYPE_TAG);
        out.put_u8(DELETE);
    }
    out.put_u8(EVENT_KV_TAG);
    put_key_value(out, &event.kv);
    if let Some(prev) = prev {
        out.put_u8(EVENT_PREV_TAG);
        put_key_value(out, prev);
    }
}

fn event_len(event: &Event, prev: Option<&KeyValue>) -> usize {
    let kind = if event.kind == EventKind::Delete { 2 } else { 0 };
    kind + delimited_len(key_value_len(&event.kv)) + prev.map_or(0, |prev| delimited_len(key_value_len(prev)))
}

fn put_key_value(out: &mut BytesMut, kv: &KeyValue) {
    put_varint(out, key_value_len(kv) as u64);
    put_bytes(out, KEY_TAG, &kv.key);
    put_number(out, CREATE_TAG, kv.create_revision);
    put_number(out, MOD_TAG, kv.mod_revision);
    put_number(out, VERSION_TAG, kv.version);
    put_bytes(out, VALUE_TAG, &kv.value);
    put_number(out, LEASE_TAG, kv.lease);
}

fn key_value_len(kv: &KeyValue) -> usize {
    let bytes = |field: &Bytes| if field.is_empty() { 0 } else { delimited_len(field.len()) };
    let number = |field: i64| if field == 0 { 0 } else { 1 + varint_len(field.cast_unsigned()) };
    bytes(&kv.key)
        + number(kv.create_revision)
        + number(kv.mod_revision)
        + number(kv.version)
        + bytes(&kv.value)
        + number(kv.lease)
}

fn put_bytes(out: &mut BytesMut, tag: u8, field: &Bytes) {
    if !field.is_empty() {
        out.put_u8(tag);
        put_varint(out, field.len() as u64);
        out.put_slice(field);
    }
}

fn put_number(out: &mut BytesMut, tag: u8, field: i64) {
    if field != 0 {
        out.put_u8(tag);
        put_varint(out, field.cast_unsigned());
    }
}

/// Tag, length and `length` bytes.
fn delimited_len(length: usize) -> usize {
    1 + varint_len(length as u64) + length
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn put_varint(out: &mut BytesMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}
