//! Just enough protobuf to read watch events as a client would.

/// One event: key, revision, put or deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) revision: i64,
    pub(crate) is_put: bool,
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn field<'a>(data: &mut &'a [u8]) -> Option<(u64, Field<'a>)> {
    let tag = varint(data)?;
    let value = match tag & 7 {
        0 => Field::Number(varint(data)?),
        2 => {
            let len = usize::try_from(varint(data)?).ok()?;
            let (bytes, rest) = data.split_at_checked(len)?;
            *data = rest;
            Field::Bytes(bytes)
        }
        _ => return None,
    };
    Some((tag >> 3, value))
}

/// The events of a `WatchResponse`'s fields 11; `None` if the bytes are none.
pub(crate) fn changes(mut body: &[u8]) -> Option<Vec<Change>> {
    let mut out = Vec::new();
    while !body.is_empty() {
        let (11, Field::Bytes(event)) = field(&mut body)? else { return None };
        out.push(change(event)?);
    }
    Some(out)
}

fn change(mut event: &[u8]) -> Option<Change> {
    let mut change = Change { key: String::new(), revision: 0, is_put: true };
    while !event.is_empty() {
        match field(&mut event)? {
            (1, Field::Number(kind)) => change.is_put = kind == 0,
            (2, Field::Bytes(mut kv)) => {
                while !kv.is_empty() {
                    match field(&mut kv)? {
                        (1, Field::Bytes(key)) => change.key = String::from_utf8_lossy(key).into_owned(),
                        (3, Field::Number(revision)) => change.revision = i64::try_from(revision).ok()?,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some(change)
}
