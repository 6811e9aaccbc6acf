//! What proves the audit trail to others: signed checkpoints, and proofs that a record is in the trail and that it only grew.

use std::io::Write;

use axum::{body::Body, response::Response};
use config::{Hash, checkpoint};
use futures_util::{FutureExt, future::BoxFuture};
use replica::runtime;

use super::{
    call::{Call, of_read},
    json,
    path::malformed,
};
use crate::problem::Problem;

/// The root of the trail, signed by this node.
pub(crate) fn checkpoint(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        call.settle().await?;
        let (machine, signing) = (call.store.machine().clone(), call.door.0.options.signing.clone());
        let sign = move || {
            let checkpoint = machine.checkpoint(&signing.origin)?;
            let note = checkpoint.sign(&*signing.signer)?;
            Ok((checkpoint, note, checkpoint::verifier_key(signing.signer.name(), &signing.signer.public_key())))
        };
        let (checkpoint, note, verifier) = runtime::spawn_blocking(sign).await.map_err(|error: base::Error| of_read(&error))?;
        if call.header("accept")?.is_some_and(|accept| accept.starts_with("text/plain")) {
            return Ok(json::of_type("text/plain; charset=utf-8", Body::from(note)));
        }
        let mut out = vec![b'{'];
        json::text(&mut out, "origin", &checkpoint.origin);
        json::number(&mut out, "size", checkpoint.size);
        json::hash(&mut out, "root", &checkpoint.root);
        json::text(&mut out, "note", &note);
        json::text(&mut out, "verifier", &verifier);
        out.push(b'}');
        Ok(json::ok(out))
    }
    .boxed()
}

fn put_hashes(out: &mut Vec<u8>, called: &str, hashes: &[Hash]) {
    json::name(out, called);
    out.extend_from_slice(&json::array(hashes, |out, hash| {
        out.push(b'"');
        hash.iter().for_each(|byte| write!(out, "{byte:02x}").expect("writing to memory cannot fail"));
        out.push(b'"');
    }));
}

/// That a record is in the trail of a size.
pub(crate) fn inclusion(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let wrong = |_| malformed("a record is named by its position, a number");
        let position: u64 = call.parts[0].parse().map_err(wrong)?;
        let size = call.query.number("size")?;
        call.settle().await?;
        let machine = call.store.machine().clone();
        let prove = move || {
            let size = size.unwrap_or_else(|| machine.position());
            let proof = machine.inclusion_proof(position, size)?;
            let leaf = machine.audit_record(position, false)?.record.leaf_hash();
            Ok((size, machine.root(size)?, leaf, proof))
        };
        let (size, root, leaf, proof) = runtime::spawn_blocking(prove).await.map_err(|error: base::Error| of_read(&error))?;
        let mut out = vec![b'{'];
        json::number(&mut out, "position", position);
        json::number(&mut out, "index", position - 1);
        json::number(&mut out, "size", size);
        json::hash(&mut out, "leaf", &leaf);
        json::hash(&mut out, "root", &root);
        put_hashes(&mut out, "proof", &proof);
        out.push(b'}');
        Ok(json::ok(out))
    }
    .boxed()
}

/// That the trail of one size begins with that of another one.
pub(crate) fn consistency(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let from = call.query.number("from")?.ok_or_else(|| malformed("from is the size of the trail that was known"))?;
        let to = call.query.number("to")?;
        call.settle().await?;
        let machine = call.store.machine().clone();
        let prove = move || {
            let to = to.unwrap_or_else(|| machine.position());
            Ok((to, machine.root(from)?, machine.root(to)?, machine.consistency_proof(from, to)?))
        };
        let (to, old, new, proof) = runtime::spawn_blocking(prove).await.map_err(|error: base::Error| of_read(&error))?;
        let mut out = vec![b'{'];
        json::number(&mut out, "from", from);
        json::number(&mut out, "to", to);
        json::hash(&mut out, "oldRoot", &old);
        json::hash(&mut out, "newRoot", &new);
        put_hashes(&mut out, "proof", &proof);
        out.push(b'}');
        Ok(json::ok(out))
    }
    .boxed()
}
