//! Commands as bytes. `docs/formats/config.md` draws them.
//!
//! Values of a command that was decoded share the buffer it came in. Every count and length is held against the bytes that are
//! left before anything is allocated for it.

use base::Result;
use bytes::{BufMut, Bytes};

use crate::{
    audit::{Action, NamespaceId},
    command::{Command, Trim, TrimItem},
    error::damaged,
    fields::{Reader, VERSION, flags, put_bytes, put_count, put_optional, put_text},
    request::{Condition, Context, Expect, Operation, Put, Refused, Settings, Transaction, Who},
    value::Value,
};

const WRITE: u8 = 1;
const PUT_CHUNK: u8 = 2;
const REFUSED: u8 = 3;
const IMPORT_BEGIN: u8 = 4;
const IMPORT_PART: u8 = 5;
const IMPORT_COMMIT: u8 = 6;
const IMPORT_ADVANCE: u8 = 7;
const IMPORT_ABORT: u8 = 8;
const TRIM: u8 = 9;
const SWEEP: u8 = 10;

/// The least bytes of a condition, an operation and an item of a trim; see the drawing.
const CONDITION_BYTES_MIN: usize = 6;
const OPERATION_BYTES_MIN: usize = 6;
const TRIM_BYTES_MIN: usize = 12;

impl Command {
    /// Appends the encoding to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.put_u8(VERSION);
        match self {
            Command::Write(transaction) => {
                out.put_u8(WRITE);
                put_context(&transaction.context, out);
                put_text(&transaction.idempotency_key, out);
                put_work(transaction, out);
            }
            Command::PutChunk { bytes } => {
                out.put_u8(PUT_CHUNK);
                out.put_slice(bytes);
            }
            Command::Refused(refused) => {
                out.put_u8(REFUSED);
                put_context(&refused.context, out);
                out.put_u8(refused.attempted.number());
                put_text(&refused.namespace, out);
                put_optional(refused.key.as_deref(), out);
            }
            Command::ImportBegin { import, context } => {
                put_import(IMPORT_BEGIN, *import, out);
                put_context(context, out);
            }
            Command::ImportPart { import, part, items } => {
                put_import(IMPORT_PART, *import, out);
                out.put_u32_le(*part);
                put_operations(items, out);
            }
            Command::ImportCommit { import } => put_import(IMPORT_COMMIT, *import, out),
            Command::ImportAdvance { import } => put_import(IMPORT_ADVANCE, *import, out),
            Command::ImportAbort { import } => put_import(IMPORT_ABORT, *import, out),
            Command::Trim(trim) => put_trim(trim, out),
            Command::Sweep => out.put_u8(SWEEP),
        }
    }

    /// Decodes one command; values share `data`.
    ///
    /// # Errors
    /// `Unsupported`: a version of another build; `Corrupt`: an unknown kind, or bytes that no encoder wrote.
    pub fn decode(data: Bytes) -> Result<Command> {
        let mut reader = Reader::new(data, "a configuration command")?;
        let command = match reader.u8()? {
            WRITE => {
                let (context, idempotency_key) = (context(&mut reader)?, reader.text()?);
                let (conditions, operations) = work(&mut reader)?;
                Command::Write(Transaction { context, idempotency_key, conditions, operations })
            }
            PUT_CHUNK => Command::PutChunk { bytes: reader.rest() },
            REFUSED => Command::Refused(Refused {
                context: context(&mut reader)?,
                attempted: Action::numbered(reader.u8()?).ok_or_else(|| damaged("an unknown action was refused"))?,
                namespace: reader.text()?,
                key: reader.optional()?,
            }),
            IMPORT_BEGIN => Command::ImportBegin { import: reader.u64()?, context: context(&mut reader)? },
            IMPORT_PART => Command::ImportPart { import: reader.u64()?, part: reader.u32()?, items: operations(&mut reader)? },
            IMPORT_COMMIT => Command::ImportCommit { import: reader.u64()? },
            IMPORT_ADVANCE => Command::ImportAdvance { import: reader.u64()? },
            IMPORT_ABORT => Command::ImportAbort { import: reader.u64()? },
            TRIM => Command::Trim(trim(&mut reader)?),
            SWEEP => Command::Sweep,
            _ => return Err(damaged("a configuration command of an unknown kind")),
        };
        reader.end(command)
    }
}

fn put_import(kind: u8, import: u64, out: &mut Vec<u8>) {
    out.put_u8(kind);
    out.put_u64_le(import);
}

pub(crate) fn put_context(context: &Context, out: &mut Vec<u8>) {
    let Who { principal, key_id, address } = &context.who;
    [principal, key_id, address, &context.request_id, &context.comment].iter().for_each(|text| put_text(text, out));
}

pub(crate) fn context(reader: &mut Reader) -> Result<Context> {
    let who = Who { principal: reader.text()?, key_id: reader.text()?, address: reader.text()? };
    Ok(Context { who, request_id: reader.text()?, comment: reader.text()? })
}

/// What a transaction does, without who asks for it: what makes two requests the same.
pub(crate) fn put_work(transaction: &Transaction, out: &mut Vec<u8>) {
    put_count(transaction.conditions.len(), out);
    for condition in &transaction.conditions {
        put_text(&condition.namespace, out);
        put_optional(condition.key.as_deref(), out);
        put_expect(condition.expect, out);
    }
    put_operations(&transaction.operations, out);
}

fn work(reader: &mut Reader) -> Result<(Vec<Condition>, Vec<Operation>)> {
    let conditions = reader.count(CONDITION_BYTES_MIN)?;
    let condition =
        |reader: &mut Reader| Ok(Condition { namespace: reader.text()?, key: reader.optional()?, expect: expect(reader)? });
    let conditions = (0..conditions).map(|_| condition(reader)).collect::<Result<_>>()?;
    Ok((conditions, operations(reader)?))
}

fn put_expect(expect: Expect, out: &mut Vec<u8>) {
    match expect {
        Expect::Any => out.put_u8(0),
        Expect::Absent => out.put_u8(1),
        Expect::Present => out.put_u8(2),
        Expect::Version(version) => {
            out.put_u8(3);
            out.put_u64_le(version);
        }
        Expect::Position(position) => {
            out.put_u8(4);
            out.put_u64_le(position);
        }
    }
}

fn expect(reader: &mut Reader) -> Result<Expect> {
    Ok(match reader.u8()? {
        0 => Expect::Any,
        1 => Expect::Absent,
        2 => Expect::Present,
        3 => Expect::Version(reader.u64()?),
        4 => Expect::Position(reader.u64()?),
        _ => return Err(damaged("a configuration command expects something unknown")),
    })
}

fn put_operations(operations: &[Operation], out: &mut Vec<u8>) {
    put_count(operations.len(), out);
    operations.iter().for_each(|operation| put_operation(operation, out));
}

fn operations(reader: &mut Reader) -> Result<Vec<Operation>> {
    (0..reader.count(OPERATION_BYTES_MIN)?).map(|_| operation(reader)).collect()
}

fn put_operation(operation: &Operation, out: &mut Vec<u8>) {
    let head = |kind: u8, expect: Expect, out: &mut Vec<u8>| {
        out.put_u8(kind);
        put_text(operation.namespace(), out);
        put_expect(expect, out);
    };
    match operation {
        Operation::Put(put) => {
            head(1, put.expect, out);
            put_text(&put.key, out);
            let is_in_chunks = matches!(put.value, Value::Chunks { .. });
            out.put_u8(flags(&[put.creates_namespace, is_in_chunks]));
            out.put_u8(put.value_type.number());
            out.put_u64_le(put.restores);
            put_value(&put.value, out);
        }
        Operation::Delete { key, expect, .. } => {
            head(2, *expect, out);
            put_text(key, out);
        }
        Operation::PutNamespace { description, owner, settings, expect, .. } => {
            head(3, *expect, out);
            put_optional(description.as_deref(), out);
            put_optional(owner.as_deref(), out);
            out.put_u8(u8::from(settings.is_some()));
            settings.iter().for_each(|settings| put_settings(settings, out));
        }
        Operation::DeleteNamespace { expect, .. } => head(4, *expect, out),
    }
}

fn operation(reader: &mut Reader) -> Result<Operation> {
    let (kind, namespace, expect) = (reader.u8()?, reader.text()?, expect(reader)?);
    Ok(match kind {
        1 => {
            let key = reader.text()?;
            let [creates_namespace, is_in_chunks] = reader.flags()?;
            let (value_type, restores) = (reader.value_type()?, reader.u64()?);
            let value = value(is_in_chunks, reader)?;
            Operation::Put(Put { namespace, key, value_type, value, expect, creates_namespace, restores })
        }
        2 => Operation::Delete { namespace, key: reader.text()?, expect },
        3 => {
            let (description, owner) = (reader.optional()?, reader.optional()?);
            let [has_settings] = reader.flags()?;
            let settings = if has_settings { Some(settings(reader)?) } else { None };
            Operation::PutNamespace { namespace, description, owner, settings, expect }
        }
        4 => Operation::DeleteNamespace { namespace, expect },
        _ => return Err(damaged("a configuration command has an unknown operation")),
    })
}

fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Inline(bytes) => put_bytes(bytes, out),
        Value::Chunks { chunks, bytes, hash } => {
            out.put_u64_le(*bytes);
            out.put_slice(hash);
            put_count(chunks.len(), out);
            chunks.iter().for_each(|chunk| out.put_slice(chunk));
        }
    }
}

fn value(is_in_chunks: bool, reader: &mut Reader) -> Result<Value> {
    if !is_in_chunks {
        return reader.bytes().map(Value::Inline);
    }
    Ok(Value::Chunks { bytes: reader.u64()?, hash: reader.hash()?, chunks: reader.hashes()? })
}

/// Bytes of settings of this version: what follows is of a later one, which says so by another length.
const SETTINGS_BYTES: u8 = 13;

pub(crate) fn put_settings(settings: &Settings, out: &mut Vec<u8>) {
    out.put_u8(SETTINGS_BYTES);
    out.put_u32_le(settings.versions_kept);
    out.put_u64_le(settings.version_age_ms);
    out.put_u8(u8::from(settings.audits_values));
}

pub(crate) fn settings(reader: &mut Reader) -> Result<Settings> {
    let length = reader.u8()?;
    if length != SETTINGS_BYTES {
        return Err(crate::error::of_another_version("settings of a namespace", length, SETTINGS_BYTES));
    }
    let (versions_kept, version_age_ms) = (reader.u32()?, reader.u64()?);
    let [audits_values] = reader.flags()?;
    Ok(Settings { versions_kept, version_age_ms, audits_values })
}

fn put_trim(trim: &Trim, out: &mut Vec<u8>) {
    out.put_u8(TRIM);
    out.put_u64_le(trim.namespace.path);
    out.put_u32_le(trim.namespace.generation);
    out.put_u64_le(trim.through);
    put_count(trim.items.len(), out);
    for item in &trim.items {
        put_text(&item.key, out);
        out.put_u64_le(item.keep_from);
    }
}

fn trim(reader: &mut Reader) -> Result<Trim> {
    let namespace = NamespaceId { path: reader.u64()?, generation: reader.u32()? };
    let through = reader.u64()?;
    let item = |reader: &mut Reader| Ok(TrimItem { key: reader.text()?, keep_from: reader.u64()? });
    let items = (0..reader.count(TRIM_BYTES_MIN)?).map(|_| item(reader)).collect::<Result<_>>()?;
    Ok(Trim { namespace, through, items })
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
