//! Applying one command.

use std::sync::atomic::Ordering::Relaxed;

use base::Result;
use bytes::Bytes;

use crate::{
    check::{check_refused, check_transaction},
    codec::put_work,
    command::{Command, Reply, Trim, TrimItem, Written},
    error::{invalid, publishing},
    limits::{ANSWER_CHANGES_MAX, BURIED_PER_APPLY, CHUNK_BYTES_MAX, DROPS_PER_TRIM, UPKEEP_PER_APPLY, UPKEEP_PER_SWEEP},
    machine::Inner,
    record::{Answer, encode_number},
    request::{Context, Operation, Refused, Transaction},
    state::State,
    value::{Hash, sha256},
    writer::Writer,
};

/// The state, and what stands beside it while one command is applied.
pub(crate) struct Apply<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) inner: &'a Inner,
    /// The entry's, or that of the last change if that is later.
    pub(crate) time_ms: u64,
}

impl Apply<'_> {
    pub(crate) fn apply(&mut self, command: Command) -> Result<Reply> {
        self.state.bury(BURIED_PER_APPLY);
        if !matches!(command, Command::Sweep) {
            self.clean_up(UPKEEP_PER_APPLY);
        }
        match command {
            Command::Write(transaction) => self.write(&transaction).map(Reply::Written),
            Command::PutChunk { bytes } => self.put_chunk(bytes),
            Command::Refused(refused) => self.refuse(&refused),
            Command::ImportBegin { import, context } => self.begin_import(import, context),
            Command::ImportPart { import, part, items } => self.stage_part(import, part, items),
            Command::ImportCommit { import } => self.commit_import(import),
            Command::ImportAdvance { import } => self.advance_import(import),
            Command::ImportAbort { import } => self.abort_import(import),
            Command::Trim(trim) => self.trim(&trim),
            Command::Sweep => Ok(Reply::Forgotten { count: self.clean_up(UPKEEP_PER_SWEEP) }),
        }
    }

    pub(crate) fn writer<'b>(&'b mut self, context: &'b Context, first: u64, import: Option<u64>) -> Writer<'b> {
        let Inner { table, keys, values, .. } = self.inner;
        Writer { state: self.state, table, keys: *keys, values, context, time_ms: self.time_ms, first, import }
    }

    /// Nothing else changes while an import is being made visible: its positions are the next ones.
    fn when_free(&self) -> Result<()> {
        if self.state.publishing.is_some() { Err(publishing()) } else { Ok(()) }
    }

    fn write(&mut self, transaction: &Transaction) -> Result<Written> {
        check_transaction(transaction)?;
        let request = self.known(transaction)?;
        if let Some(Known::Answered(written)) = request {
            return Ok(written);
        }
        self.when_free()?;
        self.state.check(transaction)?;
        let written = self.execute(transaction);
        if let Some(Known::New(request)) = request {
            let (principal, key) = (transaction.context.who.principal.clone(), transaction.idempotency_key.clone());
            let mut remembered = Written { changes: Vec::new(), ..written };
            if written.changes.len() <= ANSWER_CHANGES_MAX {
                remembered.changes.clone_from(&written.changes);
            }
            let answer = Answer { principal, key, request, written: remembered };
            let Inner { table, keys, options, .. } = self.inner;
            self.state.answers.remember(answer, options.answers_max, table, *keys);
        }
        Ok(written)
    }

    /// Whether a request came before; `None` if it has no idempotency key.
    fn known(&self, transaction: &Transaction) -> Result<Option<Known>> {
        let key = &transaction.idempotency_key;
        if key.is_empty() {
            return Ok(None);
        }
        let mut work = Vec::new();
        put_work(transaction, &mut work);
        let request = sha256(&work);
        let known = self.state.answers.find(&transaction.context.who.principal, key, &request)?;
        Ok(Some(known.map_or(Known::New(request), Known::Answered)))
    }

    fn execute(&mut self, transaction: &Transaction) -> Written {
        let first = self.state.position + 1;
        let time_ms = self.time_ms;
        let last = transaction.operations.len() - 1;
        let operations = transaction.operations.iter().enumerate();
        let changes =
            operations.map(|(place, operation)| self.operate(&transaction.context, first, operation, place == last)).collect();
        self.state.visible = self.state.position;
        Written { first, last: self.state.position, time_ms, changes, is_repeated: false }
    }

    fn operate(&mut self, context: &Context, first: u64, operation: &Operation, closes: bool) -> crate::command::Changed {
        let droppable = &self.inner.droppable;
        let mut writer = self.writer(context, first, None);
        match operation {
            Operation::Put(put) => writer.put(put, closes),
            Operation::Delete { namespace, key, .. } => writer.delete(namespace, key, closes),
            Operation::PutNamespace { namespace, description, owner, settings, .. } => {
                writer.put_namespace(namespace, description.as_deref(), owner.as_deref(), *settings, closes)
            }
            Operation::DeleteNamespace { namespace, .. } => {
                let keys = writer.state.namespace(namespace).map_or(0, |(_, namespace)| namespace.keys.len());
                droppable.fetch_add(keys as u64, Relaxed);
                writer.delete_namespace(namespace, closes)
            }
        }
    }

    fn put_chunk(&mut self, bytes: Bytes) -> Result<Reply> {
        if bytes.is_empty() || bytes.len() > CHUNK_BYTES_MAX {
            return Err(invalid(format!("a chunk has 1 to {CHUNK_BYTES_MAX} bytes")));
        }
        let Inner { table, keys, .. } = self.inner;
        let (hash, length) = (sha256(&bytes), u32::try_from(bytes.len()).expect("a chunk is bounded"));
        if self.state.chunks.put(hash, length, self.time_ms, table, *keys) {
            // A copy, so that it does not keep the whole entry in memory.
            table.put(keys.chunk(&hash), Bytes::copy_from_slice(&bytes));
        }
        Ok(Reply::Chunk(hash))
    }

    fn refuse(&mut self, refused: &Refused) -> Result<Reply> {
        check_refused(refused)?;
        self.when_free()?;
        let first = self.state.position + 1;
        let position = self.writer(&refused.context, first, None).refuse(refused);
        self.state.visible = position;
        Ok(Reply::Recorded { position })
    }

    fn trim(&mut self, trim: &Trim) -> Result<Reply> {
        self.when_free()?;
        let Some(name) = self.state.named.get(&trim.namespace.path).cloned() else { return Ok(Reply::Forgotten { count: 0 }) };
        let mut left = DROPS_PER_TRIM;
        let is_there = |state: &State| {
            state.paths.get(&name).is_some_and(|path| path.namespace.is_some() && path.namespace_id() == trim.namespace)
        };
        if is_there(self.state) {
            for item in &trim.items {
                self.trim_key(&name, item, &mut left);
            }
        }
        if left > 0
            && let Some(path) = self.state.paths.get_mut(&name)
        {
            path.trimmed = path.trimmed.max(trim.through.min(path.config_end));
            self.inner.table.put(self.inner.keys.trimmed(path.id), encode_number(path.trimmed));
        }
        Ok(Reply::Forgotten { count: DROPS_PER_TRIM - left })
    }

    fn trim_key(&mut self, name: &str, item: &TrimItem, left: &mut u64) {
        let context = Context::default();
        let mut writer = self.writer(&context, 0, None);
        let Some(path) = writer.state.paths.get(name) else { return };
        let id = path.namespace_id();
        let Some(slot) = path.namespace.as_ref().and_then(|namespace| namespace.keys.get(item.key.as_str())) else { return };
        let (mut first, version, is_deleted) = (slot.meta.first, slot.meta.version, slot.meta.is_deleted);
        let upto = item.keep_from.min(version + u64::from(is_deleted));
        while first < upto && *left > 0 {
            writer.drop_version(id, &item.key, first);
            (first, *left) = (first + 1, *left - 1);
        }
        writer.set_first(name, &item.key, first);
    }

    /// Cleans up a little of each kind. Answers how many things went.
    fn clean_up(&mut self, most: usize) -> u64 {
        let Inner { table, keys, options, .. } = self.inner;
        let State { chunks, dead, answers, .. } = &mut *self.state;
        let before = |expiry_ms: u64| self.time_ms.checked_sub(expiry_ms);
        let mut count = 0;
        for _ in 0..most {
            let Some(id) = dead.first().copied() else { break };
            if let Some(name) = chunks.first_of(id).cloned() {
                chunks.release_version(&name, self.time_ms, table, *keys);
                count += 1;
            }
            // At once, so that it does not depend on when the state was read.
            if chunks.first_of(id).is_none() {
                dead.pop_first();
            }
        }
        if let Some(upto) = before(options.chunk_expiry_ms) {
            count += (0..most).take_while(|_| chunks.sweep(upto, table, *keys)).count() as u64;
        }
        if let Some(upto) = before(options.answer_expiry_ms) {
            count += (0..most).take_while(|_| answers.forget(upto, table, *keys)).count() as u64;
        }
        let upto = before(options.import_expiry_ms);
        count + u64::from(upto.is_some_and(|upto| self.expire_import(upto)))
    }
}

/// What is known of a request with an idempotency key.
enum Known {
    Answered(Written),
    New(Hash),
}
