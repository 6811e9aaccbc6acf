//! Commands as bytes. `docs/formats/kv.md` draws them.
//!
//! A command that was decoded shares the buffer it came in. Every count and length is held against the bytes that are left
//! before anything is allocated for it, and transactions nest at most [`TXN_DEPTH_MAX`] deep.

use base::{Error, Kind};
use bytes::Bytes;

use crate::{
    command::Command,
    limits::TXN_DEPTH_MAX,
    request::{
        Compare, CompareTarget, Comparison, DeleteRequest, Operation, PutRequest, RangeRequest, SortOrder, SortTarget, Span, Txn,
        Witness,
    },
};

/// The version of this encoding.
const VERSION: u8 = 1;

const PUT: u8 = 1;
const DELETE: u8 = 2;
const TXN: u8 = 3;
const LEASE_GRANT: u8 = 4;
const LEASE_REVOKE: u8 = 5;
const LEASE_EXPIRE: u8 = 6;
const LEASE_CHECKPOINT: u8 = 7;
const COMPACT: u8 = 8;
const ALARM: u8 = 9;
/// Only inside a transaction.
const RANGE: u8 = 10;

impl Command {
    /// Appends the encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        match self {
            Command::Put(put) => {
                out.push(PUT);
                encode_put(put, out);
            }
            Command::Delete(delete) => {
                out.push(DELETE);
                encode_delete(delete, out);
            }
            Command::Txn(txn) => {
                out.push(TXN);
                encode_txn(txn, out);
            }
            Command::LeaseGrant { id, ttl } => encode_numbers(LEASE_GRANT, &[*id, *ttl], out),
            Command::LeaseRevoke { id } => encode_numbers(LEASE_REVOKE, &[*id], out),
            Command::LeaseExpire { term, ids } => {
                out.push(LEASE_EXPIRE);
                out.extend_from_slice(&term.to_le_bytes());
                put_count(ids.len(), out);
                ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
            }
            Command::LeaseCheckpoint { term, remaining } => {
                out.push(LEASE_CHECKPOINT);
                out.extend_from_slice(&term.to_le_bytes());
                put_count(remaining.len(), out);
                for (id, left) in remaining {
                    out.extend_from_slice(&id.to_le_bytes());
                    out.extend_from_slice(&left.to_le_bytes());
                }
            }
            Command::Compact { revision } => encode_numbers(COMPACT, &[*revision], out),
            Command::Alarm { member, alarm, raise } => {
                out.push(ALARM);
                out.extend_from_slice(&member.to_le_bytes());
                out.extend_from_slice(&alarm.to_le_bytes());
                out.push(u8::from(*raise));
            }
        }
    }

    /// Decodes one command; slices of `data` are shared, not copied.
    ///
    /// # Errors
    /// `Unsupported`: a version of another build; `Corrupt`: an unknown kind, or bytes that no encoder wrote.
    pub fn decode(data: Bytes) -> Result<Command, Error> {
        let mut reader = Reader { data, at: 0 };
        let version = reader.u8()?;
        if version != VERSION {
            return Err(Error::new(
                Kind::Unsupported,
                format!("a key space command of version {version}, and this is a node of version {VERSION}: update it"),
            ));
        }
        let command = decode_command(&mut reader)?;
        if reader.at != reader.data.len() {
            return Err(malformed("bytes follow the end"));
        }
        Ok(command)
    }
}

fn encode_numbers(kind: u8, numbers: &[i64], out: &mut Vec<u8>) {
    out.push(kind);
    numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
}

fn put_count(count: usize, out: &mut Vec<u8>) {
    let count = u32::try_from(count).expect("a command is smaller than 4 GiB");
    out.extend_from_slice(&count.to_le_bytes());
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_count(bytes.len(), out);
    out.extend_from_slice(bytes);
}

fn flags(bits: &[bool]) -> u8 {
    bits.iter().enumerate().fold(0, |flags, (place, bit)| flags | (u8::from(*bit) << place))
}

fn encode_put(put: &PutRequest, out: &mut Vec<u8>) {
    out.push(flags(&[put.prev_kv, put.ignore_value, put.ignore_lease]));
    out.extend_from_slice(&put.lease.to_le_bytes());
    put_bytes(&put.key, out);
    put_bytes(&put.value, out);
}

fn encode_span(span: &Span, out: &mut Vec<u8>) {
    put_bytes(&span.key, out);
    put_bytes(&span.range_end, out);
}

fn encode_delete(delete: &DeleteRequest, out: &mut Vec<u8>) {
    out.push(flags(&[delete.prev_kv]));
    encode_span(&delete.span, out);
}

fn encode_range(range: &RangeRequest, out: &mut Vec<u8>) {
    out.push(flags(&[range.keys_only, range.count_only]));
    out.push(match range.sort_order {
        SortOrder::None => 0,
        SortOrder::Ascend => 1,
        SortOrder::Descend => 2,
    });
    out.push(match range.sort_target {
        SortTarget::Key => 0,
        SortTarget::Version => 1,
        SortTarget::Create => 2,
        SortTarget::Mod => 3,
        SortTarget::Value => 4,
    });
    for number in [
        range.limit,
        range.revision,
        range.min_mod_revision,
        range.max_mod_revision,
        range.min_create_revision,
        range.max_create_revision,
    ] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    encode_span(&range.span, out);
}

fn encode_txn(txn: &Txn, out: &mut Vec<u8>) {
    put_count(txn.compare.len(), out);
    txn.compare.iter().for_each(|compare| encode_compare(compare, out));
    for branch in [&txn.success, &txn.failure] {
        put_count(branch.len(), out);
        branch.iter().for_each(|operation| encode_operation(operation, out));
    }
}

fn encode_compare(compare: &Compare, out: &mut Vec<u8>) {
    out.push(match compare.comparison {
        Comparison::Equal => 0,
        Comparison::Greater => 1,
        Comparison::Less => 2,
        Comparison::NotEqual => 3,
    });
    match &compare.target {
        CompareTarget::Version(number) => encode_numbers(0, &[*number], out),
        CompareTarget::Create(number) => encode_numbers(1, &[*number], out),
        CompareTarget::Mod(number) => encode_numbers(2, &[*number], out),
        CompareTarget::Lease(number) => encode_numbers(3, &[*number], out),
        CompareTarget::Value { value, witness } => {
            out.push(4);
            match witness {
                None => out.push(0),
                Some(witness) => {
                    out.push(1 + u8::from(witness.holds));
                    out.extend_from_slice(&witness.count.to_le_bytes());
                    out.extend_from_slice(&witness.mod_revision.to_le_bytes());
                }
            }
            put_bytes(value, out);
        }
    }
    encode_span(&compare.span, out);
}

fn encode_operation(operation: &Operation, out: &mut Vec<u8>) {
    match operation {
        Operation::Range(range) => {
            out.push(RANGE);
            encode_range(range, out);
        }
        Operation::Put(put) => {
            out.push(PUT);
            encode_put(put, out);
        }
        Operation::Delete(delete) => {
            out.push(DELETE);
            encode_delete(delete, out);
        }
        Operation::Txn(txn) => {
            out.push(TXN);
            encode_txn(txn, out);
        }
    }
}

fn malformed(what: &str) -> Error {
    Error::new(Kind::Corrupt, format!("a key space command is malformed: {what}"))
}

struct Reader {
    data: Bytes,
    at: usize,
}

impl Reader {
    fn left(&self) -> usize {
        self.data.len() - self.at
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let chunk = self.data[self.at..].first_chunk::<N>().ok_or_else(|| malformed("it ends early"))?;
        self.at += N;
        Ok(*chunk)
    }

    fn u8(&mut self) -> Result<u8, Error> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn i64(&mut self) -> Result<i64, Error> {
        self.take().map(i64::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Error> {
        self.take().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Result<Bytes, Error> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        if length > self.left() {
            return Err(malformed("a length is beyond the end"));
        }
        let bytes = self.data.slice(self.at..self.at + length);
        self.at += length;
        Ok(bytes)
    }

    /// A count of things that take `least` bytes each at least.
    fn count(&mut self, least: usize) -> Result<usize, Error> {
        let count = u32::from_le_bytes(self.take()?) as usize;
        if count > self.left() / least {
            return Err(malformed("a count is beyond the end"));
        }
        Ok(count)
    }

    fn flags<const N: usize>(&mut self) -> Result<[bool; N], Error> {
        let byte = self.u8()?;
        if u32::from(byte) >= 1 << N {
            return Err(malformed("an unknown flag"));
        }
        Ok(std::array::from_fn(|place| byte & (1 << place) != 0))
    }

    fn span(&mut self) -> Result<Span, Error> {
        Ok(Span { key: self.bytes()?, range_end: self.bytes()? })
    }
}

fn decode_command(reader: &mut Reader) -> Result<Command, Error> {
    Ok(match reader.u8()? {
        PUT => Command::Put(decode_put(reader)?),
        DELETE => Command::Delete(decode_delete(reader)?),
        TXN => Command::Txn(decode_txn(reader, TXN_DEPTH_MAX)?),
        LEASE_GRANT => Command::LeaseGrant { id: reader.i64()?, ttl: reader.i64()? },
        LEASE_REVOKE => Command::LeaseRevoke { id: reader.i64()? },
        LEASE_EXPIRE => {
            let term = reader.u64()?;
            let ids = (0..reader.count(8)?).map(|_| reader.i64()).collect::<Result<_, _>>()?;
            Command::LeaseExpire { term, ids }
        }
        LEASE_CHECKPOINT => {
            let term = reader.u64()?;
            let count = reader.count(16)?;
            let remaining = (0..count).map(|_| Ok((reader.i64()?, reader.i64()?))).collect::<Result<_, Error>>()?;
            Command::LeaseCheckpoint { term, remaining }
        }
        COMPACT => Command::Compact { revision: reader.i64()? },
        ALARM => {
            let member = reader.u64()?;
            let alarm = i32::from_le_bytes(reader.take()?);
            let [raise] = reader.flags()?;
            Command::Alarm { member, alarm, raise }
        }
        _ => return Err(malformed("an unknown kind")),
    })
}

fn decode_put(reader: &mut Reader) -> Result<PutRequest, Error> {
    let [prev_kv, ignore_value, ignore_lease] = reader.flags()?;
    let lease = reader.i64()?;
    Ok(PutRequest { key: reader.bytes()?, value: reader.bytes()?, lease, prev_kv, ignore_value, ignore_lease })
}

fn decode_delete(reader: &mut Reader) -> Result<DeleteRequest, Error> {
    let [prev_kv] = reader.flags()?;
    Ok(DeleteRequest { span: reader.span()?, prev_kv })
}

fn decode_range(reader: &mut Reader) -> Result<RangeRequest, Error> {
    let [keys_only, count_only] = reader.flags()?;
    let sort_order = match reader.u8()? {
        0 => SortOrder::None,
        1 => SortOrder::Ascend,
        2 => SortOrder::Descend,
        _ => return Err(malformed("an unknown order")),
    };
    let sort_target = match reader.u8()? {
        0 => SortTarget::Key,
        1 => SortTarget::Version,
        2 => SortTarget::Create,
        3 => SortTarget::Mod,
        4 => SortTarget::Value,
        _ => return Err(malformed("an unknown sort target")),
    };
    Ok(RangeRequest {
        sort_order,
        sort_target,
        keys_only,
        count_only,
        limit: reader.i64()?,
        revision: reader.i64()?,
        min_mod_revision: reader.i64()?,
        max_mod_revision: reader.i64()?,
        min_create_revision: reader.i64()?,
        max_create_revision: reader.i64()?,
        span: reader.span()?,
    })
}

/// The least bytes of a compare and of an operation; see the drawing.
const COMPARE_BYTES_MIN: usize = 15;
const OPERATION_BYTES_MIN: usize = 10;

fn decode_txn(reader: &mut Reader, depth: usize) -> Result<Txn, Error> {
    let Some(depth) = depth.checked_sub(1) else { return Err(malformed("transactions nest too deep")) };
    let compares = reader.count(COMPARE_BYTES_MIN)?;
    let compare = (0..compares).map(|_| decode_compare(reader)).collect::<Result<_, _>>()?;
    Ok(Txn { compare, success: decode_branch(reader, depth)?, failure: decode_branch(reader, depth)? })
}

fn decode_branch(reader: &mut Reader, depth: usize) -> Result<Vec<Operation>, Error> {
    let count = reader.count(OPERATION_BYTES_MIN)?;
    (0..count).map(|_| decode_operation(reader, depth)).collect()
}

fn decode_compare(reader: &mut Reader) -> Result<Compare, Error> {
    let comparison = match reader.u8()? {
        0 => Comparison::Equal,
        1 => Comparison::Greater,
        2 => Comparison::Less,
        3 => Comparison::NotEqual,
        _ => return Err(malformed("an unknown comparison")),
    };
    let target = match reader.u8()? {
        0 => CompareTarget::Version(reader.i64()?),
        1 => CompareTarget::Create(reader.i64()?),
        2 => CompareTarget::Mod(reader.i64()?),
        3 => CompareTarget::Lease(reader.i64()?),
        4 => {
            let witness = match reader.u8()? {
                0 => None,
                seen @ (1 | 2) => Some(Witness { count: reader.u64()?, mod_revision: reader.i64()?, holds: seen == 2 }),
                _ => return Err(malformed("an unknown verdict")),
            };
            CompareTarget::Value { value: reader.bytes()?, witness }
        }
        _ => return Err(malformed("an unknown compare target")),
    };
    Ok(Compare { span: reader.span()?, comparison, target })
}

fn decode_operation(reader: &mut Reader, depth: usize) -> Result<Operation, Error> {
    Ok(match reader.u8()? {
        RANGE => Operation::Range(decode_range(reader)?),
        PUT => Operation::Put(decode_put(reader)?),
        DELETE => Operation::Delete(decode_delete(reader)?),
        TXN => Operation::Txn(decode_txn(reader, depth)?),
        _ => return Err(malformed("an unknown operation")),
    })
}

/// Takes any bytes; what it accepts must encode to the same bytes.
///
/// # Panics
/// If a command that was decoded encodes to other bytes: that is what a fuzzer looks for.
pub fn fuzz(data: &[u8]) {
    if let Ok(command) = Command::decode(Bytes::copy_from_slice(data)) {
        let mut again = Vec::new();
        command.encode(&mut again);
        assert_eq!(again, data, "an encoding is not unique");
    }
}
