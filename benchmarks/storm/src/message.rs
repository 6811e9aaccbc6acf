//! Requests and answers as protobuf bytes, by hand.

use crate::options::Options;

/// What one request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Put `serial`'s key and value.
    Put,
    /// The same with the lease `serial + 1`.
    PutWithLease,
    /// Get `serial`'s key, linearizably.
    Get,
    /// The same, serializably.
    SerializableGet,
    /// Put in a transaction.
    Txn,
    /// List from `serial`'s key on.
    List,
    /// How many keys have the prefix.
    Count,
    /// Delete every key that has the prefix.
    DeleteAll,
    /// Grant the lease `serial + 1` with a time to live of so many seconds.
    Grant {
        /// Seconds.
        ttl: u64,
    },
}

impl Ask {
    /// The method's path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Put | Self::PutWithLease => "/etcdserverpb.KV/Put",
            Self::Txn => "/etcdserverpb.KV/Txn",
            Self::Get | Self::SerializableGet | Self::List | Self::Count => "/etcdserverpb.KV/Range",
            Self::DeleteAll => "/etcdserverpb.KV/DeleteRange",
            Self::Grant { .. } => "/etcdserverpb.Lease/LeaseGrant",
        }
    }

    /// The request's message.
    pub fn message(self, o: &Options, serial: u64) -> Vec<u8> {
        let mut m = Vec::with_capacity(64 + o.value);
        match self {
            Self::Put | Self::PutWithLease => {
                field(&mut m, 1, &o.key(serial));
                field(&mut m, 2, &o.value(serial));
                if self == Self::PutWithLease {
                    number(&mut m, 3, serial + 1);
                }
            }
            Self::Get | Self::SerializableGet => {
                field(&mut m, 1, &o.key(serial));
                if self == Self::SerializableGet {
                    number(&mut m, 7, 1);
                }
            }
            Self::List => {
                field(&mut m, 1, &o.key(serial));
                field(&mut m, 2, &prefix_end(&o.prefix));
                number(&mut m, 3, o.limit);
            }
            Self::Count => {
                field(&mut m, 1, o.prefix.as_bytes());
                field(&mut m, 2, &prefix_end(&o.prefix));
                number(&mut m, 9, 1);
            }
            Self::DeleteAll => {
                field(&mut m, 1, o.prefix.as_bytes());
                field(&mut m, 2, &prefix_end(&o.prefix));
            }
            Self::Txn => txn(&mut m, o, serial),
            Self::Grant { ttl } => {
                number(&mut m, 1, ttl);
                number(&mut m, 2, serial + 1);
            }
        }
        m
    }
}

fn txn(m: &mut Vec<u8>, o: &Options, serial: u64) {
    let key = o.key(serial);
    let mut compare = Vec::new();
    number(&mut compare, 1, 3); // NOT_EQUAL
    field(&mut compare, 3, &key);
    number(&mut compare, 4, u64::MAX >> 1); // version
    let mut put = Vec::new();
    field(&mut put, 1, &key);
    field(&mut put, 2, &o.value(serial));
    let mut then = Vec::new();
    field(&mut then, 2, &put);
    field(m, 1, &compare);
    field(m, 2, &then);
}

/// A request to watch the whole prefix.
pub(crate) fn watch(o: &Options) -> Vec<u8> {
    let mut create = Vec::new();
    field(&mut create, 1, o.prefix.as_bytes());
    field(&mut create, 2, &prefix_end(&o.prefix));
    let mut m = Vec::new();
    field(&mut m, 1, &create);
    m
}

fn prefix_end(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(last) => *last += 1,
        None => end.push(0),
    }
    end
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn field(out: &mut Vec<u8>, no: u64, data: &[u8]) {
    varint(out, no << 3 | 2);
    varint(out, data.len() as u64);
    out.extend_from_slice(data);
}

fn number(out: &mut Vec<u8>, no: u64, n: u64) {
    varint(out, no << 3);
    varint(out, n);
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// A varint.
    Number(u64),
    /// A length-delimited field.
    Bytes(&'a [u8]),
}

/// Walks over the fields of a message: number and value. Ends early at bytes that are no message.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl Fields<'_> {
    fn varint(&mut self) -> Option<u64> {
        let (mut n, mut shift) = (0u64, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            n |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if *byte < 0x80 {
                return Some(n);
            }
            shift += 7;
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let tag = self.varint()?;
        match tag & 7 {
            0 => Some((tag >> 3, Value::Number(self.varint()?))),
            2 => {
                let length = self.varint()? as usize;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Some((tag >> 3, Value::Bytes(bytes)))
            }
            _ => None,
        }
    }
}

/// The first length-delimited field with this number.
pub(crate) fn bytes_of(message: &[u8], no: u64) -> Option<&[u8]> {
    Fields(message).find_map(|f| match f {
        (found, Value::Bytes(bytes)) if found == no => Some(bytes),
        _ => None,
    })
}

/// The first varint with this number, or 0.
pub(crate) fn number_of(message: &[u8], no: u64) -> u64 {
    let found = Fields(message).find_map(|f| match f {
        (found, Value::Number(n)) if found == no => Some(n),
        _ => None,
    });
    found.unwrap_or(0)
}

/// The first key's value in a RangeResponse.
pub(crate) fn first_value(message: &[u8]) -> Option<&[u8]> {
    Some(bytes_of(bytes_of(message, 2)?, 5).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_message_reads_back() {
        let mut kv = Vec::new();
        field(&mut kv, 1, b"key");
        field(&mut kv, 5, b"value");
        let mut answer = Vec::new();
        number(&mut answer, 4, 300);
        field(&mut answer, 2, &kv);
        assert_eq!(first_value(&answer), Some(&b"value"[..]));
        assert_eq!(number_of(&answer, 4), 300);
        assert_eq!(bytes_of(&answer[..answer.len() - 1], 2), None);
    }
}
