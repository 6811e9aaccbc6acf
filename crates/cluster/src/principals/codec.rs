//! Pieces of bytes that this room's commands and records share. `docs/formats/cluster.md` draws them.

use base::Result;
use bytes::BufMut;

use super::{
    grant::{ANY, Grant, Grantee, Operation, Pattern, Permission, Resource},
    user::{Credential, Mechanism},
};
use crate::codec::{Reader, damaged, put_bytes, put_count, put_text};

/// Bytes of a grant whose texts are empty.
const GRANT_BYTES_MIN: usize = 4 + 3 * 4;

pub(super) fn put_credential(out: &mut Vec<u8>, credential: &Credential) {
    let Credential { mechanism, iterations, salt, stored_key, server_key } = credential;
    out.put_u8(mechanism.code());
    out.put_u32_le(*iterations);
    [salt, stored_key, server_key].into_iter().for_each(|bytes| put_bytes(out, bytes));
}

pub(super) fn read_credential(read: &mut Reader) -> Result<Credential> {
    Ok(Credential {
        mechanism: read_mechanism(read)?,
        iterations: read.u32()?,
        salt: read.bytes()?,
        stored_key: read.bytes()?,
        server_key: read.bytes()?,
    })
}

pub(super) fn read_mechanism(read: &mut Reader) -> Result<Mechanism> {
    Mechanism::from_code(read.u8()?).ok_or_else(damaged)
}

pub(super) fn put_grant(out: &mut Vec<u8>, grant: &Grant) {
    let Grant { resource, pattern, name, grantee, host, operation, permission } = grant;
    out.put_slice(&[resource.code(), pattern.code(), operation.code(), permission.code()]);
    put_text(out, name);
    put_text(
        out,
        match grantee {
            Grantee::Everyone => ANY,
            Grantee::User(name) => name,
        },
    );
    put_text(out, host);
}

pub(super) fn read_grant(read: &mut Reader) -> Result<Grant> {
    let resource = Resource::from_code(read.u8()?).ok_or_else(damaged)?;
    let pattern = Pattern::from_code(read.u8()?).ok_or_else(damaged)?;
    let operation = Operation::from_code(read.u8()?).ok_or_else(damaged)?;
    let permission = Permission::from_code(read.u8()?).ok_or_else(damaged)?;
    let (name, grantee, host) = (read.text()?, read.text()?, read.text()?);
    let grantee = if grantee == ANY { Grantee::Everyone } else { Grantee::User(grantee) };
    Ok(Grant { resource, pattern, name, grantee, host, operation, permission })
}

pub(super) fn put_grants(out: &mut Vec<u8>, grants: &[Grant]) {
    put_count(out, grants.len());
    grants.iter().for_each(|grant| put_grant(out, grant));
}

pub(super) fn read_grants(read: &mut Reader) -> Result<Vec<Grant>> {
    let count = read.count(GRANT_BYTES_MIN)?;
    (0..count).map(|_| read_grant(read)).collect()
}
