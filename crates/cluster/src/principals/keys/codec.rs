//! Pieces of bytes of keys. `docs/formats/cluster.md` draws them.

use base::Result;
use bytes::BufMut;

use super::{
    key::{ApiKey, Hash, KeyId, Rate, Secret, Terms},
    rights::{Operations, Rights, Role},
};
use crate::codec::{Reader, damaged, put_text, put_texts};

pub(super) fn put_secret(out: &mut Vec<u8>, Secret { hash, prefix }: &Secret) {
    out.put_slice(&hash.0);
    put_text(out, prefix);
}

pub(super) fn read_secret(read: &mut Reader) -> Result<Secret> {
    Ok(Secret { hash: read_hash(read)?, prefix: read.text()? })
}

fn read_hash(read: &mut Reader) -> Result<Hash> {
    read.array().map(Hash)
}

pub(super) fn read_id(read: &mut Reader) -> Result<KeyId> {
    Ok(KeyId(read.u64()?))
}

pub(super) fn put_terms(out: &mut Vec<u8>, terms: &Terms) {
    let Terms { name, owner, rights: Rights { role, operations, namespaces }, expires_ms, rate } = terms;
    put_text(out, name);
    put_text(out, owner);
    out.put_u8(*role as u8);
    out.put_u16_le(operations.map_or(0, Operations::bits));
    put_texts(out, namespaces);
    out.put_u64_le(*expires_ms);
    let (per_second, burst) = rate.map_or((0, 0), |rate| (rate.per_second, rate.burst));
    out.put_u32_le(per_second);
    out.put_u32_le(burst);
}

pub(super) fn read_terms(read: &mut Reader) -> Result<Terms> {
    let (name, owner) = (read.text()?, read.text()?.into());
    let role = Role::from_code(read.u8()?).ok_or_else(damaged)?;
    let operations = match read.u16()? {
        0 => None,
        bits => Some(Operations::from_bits(bits).ok_or_else(damaged)?),
    };
    let namespaces = read.texts()?;
    let expires_ms = read.u64()?;
    let rate = match (read.u32()?, read.u32()?) {
        (0, 0) => None,
        (0, _) | (_, 0) => return Err(damaged()),
        (per_second, burst) => Some(Rate { per_second, burst }),
    };
    Ok(Terms { name, owner, rights: Rights { role, operations, namespaces }, expires_ms, rate })
}

pub(crate) fn put_key(out: &mut Vec<u8>, key: &ApiKey) {
    let ApiKey { id, terms, secret, former, is_imported, created_ms, rotated_ms, revoked_ms } = key;
    out.put_u64_le(id.0);
    put_terms(out, terms);
    put_secret(out, secret);
    out.put_u8(u8::from(former.is_some()));
    if let Some((hash, until_ms)) = former {
        out.put_slice(&hash.0);
        out.put_u64_le(*until_ms);
    }
    out.put_u8(u8::from(*is_imported));
    [created_ms, rotated_ms, revoked_ms].into_iter().for_each(|time| out.put_u64_le(*time));
}

pub(crate) fn read_key(read: &mut Reader) -> Result<ApiKey> {
    let (id, terms, secret) = (read_id(read)?, read_terms(read)?, read_secret(read)?);
    let former = if read.flag()? { Some((read_hash(read)?, read.u64()?)) } else { None };
    let is_imported = read.flag()?;
    Ok(ApiKey {
        id,
        terms,
        secret,
        former,
        is_imported,
        created_ms: read.u64()?,
        rotated_ms: read.u64()?,
        revoked_ms: read.u64()?,
    })
}
