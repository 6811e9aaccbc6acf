//! HPACK's tables (RFC 7541, sections 2.3 and 4, appendix A).

use std::{collections::VecDeque, sync::LazyLock};

use super::Field;

/// What every connection knows from the start; indices count from 1.
pub(super) const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

static STATIC_FIELDS: LazyLock<Vec<Field>> =
    LazyLock::new(|| STATIC.iter().map(|(name, value)| Field::from_static(name, value)).collect());

/// The fields that were sent to be remembered, newest first.
pub(super) struct Table {
    fields: VecDeque<Field>,
    bytes: usize,
    bytes_max: usize,
}

impl Table {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { fields: VecDeque::new(), bytes: 0, bytes_max }
    }

    /// The field of an index, over both tables.
    pub(super) fn get(&self, index: usize) -> Option<&Field> {
        let index = index.checked_sub(1)?;
        match index.checked_sub(STATIC.len()) {
            None => STATIC_FIELDS.get(index),
            Some(index) => self.fields.get(index),
        }
    }

    /// Remembers a field. One larger than the table empties it, which is no error.
    pub(super) fn insert(&mut self, field: Field) {
        let bytes = field.bytes();
        self.evict(self.bytes_max.saturating_sub(bytes));
        if bytes <= self.bytes_max {
            self.bytes += bytes;
            self.fields.push_front(field);
        }
    }

    pub(super) fn resize(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
        self.evict(bytes_max);
    }

    fn evict(&mut self, bytes_max: usize) {
        while self.bytes > bytes_max
            && let Some(oldest) = self.fields.pop_back()
        {
            self.bytes -= oldest.bytes();
        }
    }
}
