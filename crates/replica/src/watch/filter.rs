//! What a watch asks for.

use bytes::Bytes;
use kv::{EventKind, event::Event, request::Span};

/// The keys of a watch, checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Keys {
    /// One key.
    One(Bytes),
    /// From the first to before the second.
    Between(Bytes, Bytes),
    /// From this key on.
    From(Bytes),
}

impl Keys {
    /// `None`: the range is empty. An empty key is the smallest one.
    pub(super) fn of(span: &Span) -> Option<Keys> {
        let key = if span.key.is_empty() { Bytes::from_static(&[0]) } else { span.key.clone() };
        match &*span.range_end {
            [] => Some(Keys::One(key)),
            [0] => Some(Keys::From(key)),
            end if *key < *end => Some(Keys::Between(key, span.range_end.clone())),
            _ => None,
        }
    }

    pub(super) fn span(&self) -> Span {
        let (key, range_end) = match self {
            Keys::One(key) => (key, Bytes::new()),
            Keys::Between(key, end) => (key, end.clone()),
            Keys::From(key) => (key, Bytes::from_static(&[0])),
        };
        Span { key: key.clone(), range_end }
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        match self {
            Keys::One(one) => *one == *key,
            Keys::Between(start, end) => **start <= *key && *key < **end,
            Keys::From(start) => **start <= *key,
        }
    }
}

/// What decides whether a watcher gets an event, and in which encoding. Watches of a stream that agree in it share all work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    pub(super) keys: Keys,
    pub(super) no_put: bool,
    pub(super) no_delete: bool,
    pub(super) prev_kv: bool,
}

impl Filter {
    pub(super) fn wants_kind(&self, kind: EventKind) -> bool {
        match kind {
            EventKind::Put => !self.no_put,
            EventKind::Delete => !self.no_delete,
        }
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        self.wants_kind(event.kind) && self.keys.contains(&event.kv.key)
    }
}
