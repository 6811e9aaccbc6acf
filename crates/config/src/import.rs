//! Imports: staged part by part, seen by nobody, and made visible at one moment.
//!
//! A commit first checks every item, then writes them all, in slices of some hundred: what is written has positions beyond the
//! last visible one, and keys remember how they were before. Nothing else may change meanwhile. With the last slice the last
//! visible position becomes the last one: that is the moment, and it costs what it costs to count.

use std::{collections::BTreeMap, sync::Arc};

use base::{Error, Kind, Result};

use crate::{
    apply::Apply,
    bugs::{Bug, planted},
    check::{check_context, check_form},
    command::{Command, Progress, Reply},
    error::{invalid, no_import, publishing},
    limits::{FINISHED_MAX, IMPORT_PARTS_MAX, IMPORTS_MAX, STAGED_ITEM_BYTES},
    record::{Finished, Publishing, encode_import},
    request::{Context, Operation},
    state::{Hidden, Import, Part, State},
};

/// The name of the record that says how far a commit is.
pub(crate) const PUBLISHING: &str = "publishing";

/// What a part takes in memory, about.
pub(crate) fn part_bytes(encoded: usize, items: usize) -> u64 {
    encoded as u64 + items as u64 * STAGED_ITEM_BYTES
}

/// The chunks of staged items.
fn chunks_of(items: &[Operation]) -> impl Iterator<Item = &crate::value::Hash> {
    items.iter().flat_map(|item| match item {
        Operation::Put(put) => put.value.chunks(),
        _ => &[],
    })
}

impl State {
    /// Adds a part that is staged.
    pub(crate) fn stage(&mut self, import: u64, part: u32, items: Vec<Operation>, encoded: usize) {
        let bytes = part_bytes(encoded, items.len());
        chunks_of(&items).for_each(|chunk| self.chunks.hold(chunk));
        if let Some(import) = self.imports.get_mut(&import) {
            import.items += items.len() as u64;
            self.staged_bytes += bytes;
            import.parts.insert(part, Part { items: Arc::new(items), bytes });
        }
    }

    /// How far an import is; of one that is done for as long as that is remembered.
    pub(crate) fn progress(&self, import: u64) -> Result<Progress> {
        if let Some(done) = self.finished.values().rev().find(|done| done.import == import) {
            return Ok(Progress { items: done.items, ready: done.items, visible: Some((done.first, done.last)) });
        }
        let staged = self.imports.get(&import).ok_or_else(|| no_import(import))?;
        let publishing = self.publishing.filter(|publishing| publishing.import == import);
        let (items, ready) = publishing.map_or((staged.items, 0), |publishing| (publishing.items, publishing.ready));
        Ok(Progress { items, ready, visible: None })
    }
}

impl Apply<'_> {
    pub(crate) fn begin_import(&mut self, import: u64, context: Context) -> Result<Reply> {
        check_context(&context)?;
        if let Some(begun) = self.state.imports.get(&import) {
            let is_same = begun.context.who.principal == context.who.principal;
            let taken = || Error::new(Kind::Conflict, "another import has this number: draw another one");
            return is_same.then_some(Reply::Done).ok_or_else(taken);
        }
        if import == 0 {
            return Err(invalid("an import has a number that is not 0"));
        }
        if self.state.imports.len() >= IMPORTS_MAX {
            let message =
                format!("{IMPORTS_MAX} imports are under way: commit or abort one, or wait until one has taken too long");
            return Err(Error::new(Kind::Overloaded, message));
        }
        self.inner.table.put(self.inner.keys.import(import), encode_import(self.time_ms, &context));
        let begun_ms = self.time_ms;
        self.state.imports.insert(import, Import { context, begun_ms, parts: BTreeMap::new(), items: 0 });
        Ok(Reply::Done)
    }

    pub(crate) fn stage_part(&mut self, import: u64, part: u32, items: Vec<Operation>) -> Result<Reply> {
        self.not_publishing(import)?;
        let staged = self.state.imports.get(&import).ok_or_else(|| no_import(import))?;
        let next = u32::try_from(staged.parts.len()).unwrap_or(u32::MAX);
        if part < next {
            return self.state.progress(import).map(Reply::Import);
        }
        if part > next || part >= IMPORT_PARTS_MAX {
            let message = format!("the next part of the import is {next}, and it has at most {IMPORT_PARTS_MAX}");
            return Err(Error::new(Kind::Precondition, message));
        }
        self.check_part(&items)?;
        let mut encoded = Vec::new();
        Command::ImportPart { import, part, items }.encode(&mut encoded);
        let record = bytes::Bytes::from(encoded);
        // Decoded from the record, what is kept shares its bytes and not those of the whole entry.
        let Command::ImportPart { items, .. } = Command::decode(record.clone())? else {
            return Err(crate::error::damaged("a part of an import is another command"));
        };
        if self.state.staged_bytes + part_bytes(record.len(), items.len()) > self.inner.options.staged_bytes_max {
            let message = "imports under way take as much memory as they may: commit or abort one, or import less at once";
            return Err(Error::new(Kind::Overloaded, message));
        }
        self.state.stage(import, part, items, record.len());
        self.inner.table.put(self.inner.keys.part(import, part), record);
        self.state.progress(import).map(Reply::Import)
    }

    fn check_part(&self, items: &[Operation]) -> Result<()> {
        if items.is_empty() {
            return Err(invalid("a part of an import is not empty"));
        }
        for item in items {
            check_form(item)?;
            match item {
                Operation::Put(put) => self.state.chunks.check(&put.value)?,
                Operation::Delete { .. } => {}
                Operation::PutNamespace { .. } | Operation::DeleteNamespace { .. } => {
                    return Err(invalid("an import writes and deletes keys only: change namespaces in a transaction"));
                }
            }
        }
        Ok(())
    }

    fn not_publishing(&self, import: u64) -> Result<()> {
        let is_publishing = self.state.publishing.is_some_and(|publishing| publishing.import == import);
        if is_publishing { Err(publishing()) } else { Ok(()) }
    }

    pub(crate) fn commit_import(&mut self, import: u64) -> Result<Reply> {
        if self.state.publishing.is_some_and(|publishing| publishing.import != import) {
            return Err(publishing());
        }
        let Some(staged) = self.state.imports.get(&import) else { return self.state.progress(import).map(Reply::Import) };
        if staged.parts.is_empty() {
            return Err(invalid("the import has no parts: stage some, or abort it"));
        }
        if self.state.publishing.is_none() {
            let (before, items) = (self.state.position, staged.items);
            let publishing = Publishing { import, is_writing: false, before, part: 0, item: 0, ready: 0, items };
            self.state.publishing = Some(publishing);
        }
        self.advance_import(import)
    }

    pub(crate) fn advance_import(&mut self, import: u64) -> Result<Reply> {
        let Some(mut at) = self.state.publishing.filter(|publishing| publishing.import == import) else {
            return self.state.progress(import).map(Reply::Import);
        };
        let mut left = self.inner.options.import_slice_items.max(1);
        while left > 0 {
            let part =
                self.state.imports.get(&import).and_then(|staged| staged.parts.get(&at.part)).map(|part| part.items.clone());
            match part {
                Some(part) => left -= self.slice(&mut at, &part, left)?,
                None if at.is_writing => return Ok(self.finish(at)),
                None => (at.is_writing, at.part) = (true, 0),
            }
        }
        self.state.publishing = Some(at);
        if planted(Bug::ImportShownEarly) {
            self.state.visible = self.state.position;
        }
        self.inner.table.put(self.inner.keys.mark(PUBLISHING), at.encode());
        self.state.progress(import).map(Reply::Import)
    }

    /// Checks or writes items of one part, at most so many. Answers how many.
    fn slice(&mut self, at: &mut Publishing, part: &[Operation], most: usize) -> Result<usize> {
        let rest = &part[at.item as usize..];
        let items = &rest[..rest.len().min(most)];
        if at.is_writing {
            self.publish(at, items);
        } else if let Err(error) = items.iter().try_for_each(|item| self.state.check_operation(item, |_| false)) {
            self.state.publishing = None;
            self.inner.table.delete(self.inner.keys.mark(PUBLISHING));
            return Err(error);
        }
        at.item += u32::try_from(items.len()).expect("a part is bounded");
        if items.len() == rest.len() {
            if at.is_writing {
                self.unstage(at.import, at.part);
            }
            (at.part, at.item) = (at.part + 1, 0);
        }
        Ok(items.len())
    }

    fn publish(&mut self, at: &mut Publishing, items: &[Operation]) {
        let context = self.state.imports.get(&at.import).map(|staged| staged.context.clone()).unwrap_or_default();
        let mut writer = self.writer(&context, at.before + 1, Some(at.import));
        for item in items {
            at.ready += 1;
            let closes = at.ready == at.items;
            match item {
                Operation::Put(put) => drop(writer.put(put, closes)),
                Operation::Delete { namespace, key, .. } => drop(writer.delete(namespace, key, closes)),
                Operation::PutNamespace { .. } | Operation::DeleteNamespace { .. } => {}
            }
        }
    }

    /// A part is written, or given up.
    fn unstage(&mut self, import: u64, part: u32) {
        let (table, keys) = (&self.inner.table, self.inner.keys);
        table.delete(keys.part(import, part));
        let Some(part) = self.state.imports.get_mut(&import).and_then(|staged| staged.parts.remove(&part)) else { return };
        self.state.staged_bytes -= part.bytes;
        chunks_of(&part.items).for_each(|chunk| self.state.chunks.release(chunk, self.time_ms, table, keys));
    }

    /// The moment at which an import becomes visible.
    fn finish(&mut self, at: Publishing) -> Reply {
        let state = &mut *self.state;
        for path in state.paths.values_mut() {
            let Hidden { live, .. } = std::mem::take(&mut path.hidden);
            state.keys = state.keys.saturating_add_signed(live);
            if let Some(namespace) = &mut path.namespace {
                namespace.live = namespace.live.saturating_add_signed(live);
                state.namespaces += u64::from(namespace.state.created > at.before);
            }
        }
        state.visible = state.position;
        state.publishing = None;
        let done = Finished { import: at.import, items: at.items, first: at.before + 1, last: state.position };
        let (table, keys) = (&self.inner.table, self.inner.keys);
        table.delete(keys.mark(PUBLISHING));
        table.put(keys.finished(done.last), done.encode());
        state.finished.insert(done.last, done);
        if state.finished.len() > FINISHED_MAX
            && let Some((position, _)) = state.finished.pop_first()
        {
            table.delete(keys.finished(position));
        }
        self.forget_import(at.import);
        Reply::Import(Progress { items: at.items, ready: at.ready, visible: Some((done.first, done.last)) })
    }

    fn forget_import(&mut self, import: u64) {
        let parts: Vec<u32> =
            self.state.imports.get(&import).map(|staged| staged.parts.keys().copied().collect()).unwrap_or_default();
        parts.into_iter().for_each(|part| self.unstage(import, part));
        if self.state.imports.remove(&import).is_some() {
            self.inner.table.delete(self.inner.keys.import(import));
        }
    }

    pub(crate) fn abort_import(&mut self, import: u64) -> Result<Reply> {
        self.not_publishing(import)?;
        if !self.state.imports.contains_key(&import) {
            return Err(no_import(import));
        }
        self.forget_import(import);
        Ok(Reply::Done)
    }

    /// Gives up one import that was begun at `upto_ms` or before. Answers whether there was one.
    pub(crate) fn expire_import(&mut self, upto_ms: u64) -> bool {
        let publishing = self.state.publishing.map_or(0, |publishing| publishing.import);
        let is_late = |(import, staged): &(&u64, &Import)| **import != publishing && staged.begun_ms <= upto_ms;
        let Some(import) = self.state.imports.iter().find(is_late).map(|(import, _)| *import) else { return false };
        self.forget_import(import);
        true
    }
}
