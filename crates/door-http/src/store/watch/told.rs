//! A change as watchers are told of it: written once, however many there are.

use std::{io::Write, sync::OnceLock};

use bytes::Bytes;
use config::{Content, Event, Record, told::put_event};

/// A change, and how it is written.
pub(crate) struct Told {
    pub(crate) record: Record,
    content: Content,
    with_value: OnceLock<Frame>,
    bare: OnceLock<Frame>,
}

/// An event of a stream, and the JSON in it.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) whole: Bytes,
    pub(crate) json: Bytes,
}

impl Told {
    pub(crate) fn new(event: Event) -> Told {
        let Event { record, content } = event;
        Told { record, content, with_value: OnceLock::new(), bare: OnceLock::new() }
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        let value = match &self.content {
            Content::Inline(value) => value.len(),
            Content::Chunks(chunks) => chunks.len() * size_of::<config::Hash>(),
            Content::Deleted | Content::Gone | Content::Omitted => 0,
        };
        // The value itself, and written.
        size_of::<Told>() + 3 * value + 512
    }

    /// As it is sent.
    pub(crate) fn frame(&self, with_value: bool) -> &Frame {
        let cell = if with_value { &self.with_value } else { &self.bare };
        cell.get_or_init(|| self.write(with_value))
    }

    fn write(&self, with_value: bool) -> Frame {
        let record = &self.record;
        let mut out = Vec::with_capacity(512);
        write!(out, "id: {}\nevent: {}\ndata: ", record.position, record.action.name()).expect("writing to memory cannot fail");
        let from = out.len();
        put_event(&mut out, record, &self.content, with_value);
        let to = out.len();
        out.extend_from_slice(b"\n\n");
        let whole = Bytes::from(out);
        let json = whole.slice(from..to);
        Frame { whole, json }
    }
}
