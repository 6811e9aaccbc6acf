//! What the leader asks in order to know what to propose, and dry runs.

use std::collections::BTreeMap;

use base::Result;

use crate::{
    audit::{Action, Record},
    check::check_transaction,
    command::{Command, Progress, Trim, TrimItem},
    error::no_import,
    limits::{DROPS_PER_TRIM, IMPORT_SLICE_ITEMS, TRIM_LOOK},
    machine::{Inner, Machine},
    record::decode_number,
    request::{Operation, Transaction},
    state::State,
};

/// What is left of a path for [`Machine::expired`] to look at.
struct Aged {
    id: crate::audit::NamespaceId,
    from: u64,
    end: u64,
    age_ms: u64,
}

impl Machine {
    /// The import that is being made visible, if one is: the leader proposes `ImportAdvance` until it is, and other writes wait.
    pub fn publishing(&self) -> Option<u64> {
        self.inner().read().publishing.map(|publishing| publishing.import)
    }

    /// How far an import is; of the last 256 that are done, where they are.
    ///
    /// # Errors
    /// `NotFound` if it was committed long ago, was aborted or took too long.
    pub fn import(&self, import: u64) -> Result<Progress> {
        self.inner().read().progress(import)
    }

    /// Whether a transaction could be done as things are, and what each of its operations would do.
    ///
    /// # Errors
    /// What the transaction would be refused with.
    pub fn dry_run(&self, transaction: &Transaction) -> Result<Vec<Action>> {
        check_transaction(transaction)?;
        let inner = self.inner();
        let state = inner.read();
        state.check(transaction)?;
        Ok(transaction.operations.iter().map(|operation| action_of(&state, operation)).collect())
    }

    /// Whether a staged import could be made visible as things are, and what it would do: how many keys it would create, update
    /// and delete. Holds up writes for a few hundred items at a time.
    ///
    /// # Errors
    /// What its commit would be refused with.
    pub fn dry_run_import(&self, import: u64) -> Result<BTreeMap<Action, u64>> {
        let inner = self.inner();
        let parts: Vec<_> = {
            let state = inner.read();
            let staged = state.imports.get(&import).ok_or_else(|| no_import(import))?;
            staged.parts.values().map(|part| part.items.clone()).collect()
        };
        let mut counts = BTreeMap::new();
        for items in parts.iter().flat_map(|part| part.chunks(IMPORT_SLICE_ITEMS)) {
            let state = inner.read();
            for item in items {
                state.check_operation(item, |_| false)?;
                *counts.entry(action_of(&state, item)).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Whether a `Sweep` would find anything at this time, in ms, so that it is worth proposing.
    pub fn wants_sweep(&self, now_ms: u64) -> bool {
        let inner = self.inner();
        let state = inner.read();
        let (options, imports) = (&inner.options, &state.imports);
        let is_over = |since_ms: u64, expiry_ms: u64| since_ms.saturating_add(expiry_ms) <= now_ms;
        !state.dead.is_empty()
            || state.chunks.oldest_idle().is_some_and(|since_ms| is_over(since_ms, options.chunk_expiry_ms))
            || imports.values().any(|staged| is_over(staged.begun_ms, options.import_expiry_ms))
    }

    /// The next trim of versions that are too old at this time, in ms, for the leader to propose; `None` if there is none. It
    /// looks at each change once. Blocking.
    ///
    /// # Errors
    /// What the table answers.
    pub fn expired(&self, now_ms: u64) -> Result<Option<Command>> {
        let inner = self.inner();
        let aged: Vec<Aged> = {
            let state = inner.read();
            let aged = |path: &crate::state::Path| {
                let age_ms = path.at(state.visible)?.state.settings.version_age_ms;
                let end = path.config_end - path.hidden.config;
                (age_ms > 0 && path.trimmed < end).then(|| Aged { id: path.namespace_id(), from: path.trimmed, end, age_ms })
            };
            state.paths.values().filter_map(aged).collect()
        };
        for aged in aged {
            if let Some(trim) = inner.trim_of(&aged, now_ms)? {
                return Ok(Some(Command::Trim(trim)));
            }
        }
        Ok(None)
    }
}

fn action_of(state: &State, operation: &Operation) -> Action {
    let is_there = match operation.key() {
        Some(key) => state.key(operation.namespace(), key).is_some(),
        None => state.namespace(operation.namespace()).is_some(),
    };
    match (operation, is_there) {
        (Operation::Put(_), false) => Action::ConfigCreated,
        (Operation::Put(_), true) => Action::ConfigUpdated,
        (Operation::Delete { .. }, _) => Action::ConfigDeleted,
        (Operation::PutNamespace { .. }, false) => Action::NamespaceCreated,
        (Operation::PutNamespace { .. }, true) => Action::NamespaceUpdated,
        (Operation::DeleteNamespace { .. }, _) => Action::NamespaceDeleted,
    }
}

impl Inner {
    /// What a change replaced is as old as the change.
    fn trim_of(&self, aged: &Aged, now_ms: u64) -> Result<Option<Trim>> {
        let Some(upto_ms) = now_ms.checked_sub(aged.age_ms) else { return Ok(None) };
        let (from, to) = (self.keys.config(aged.id.path, aged.from), self.keys.config(aged.id.path, aged.end));
        let (mut through, mut keep) = (aged.from, BTreeMap::new());
        for pair in self.table.range(from, to, table::Direction::Forward).take(TRIM_LOOK.min(DROPS_PER_TRIM as usize / 2)) {
            let record: Record = self.record(decode_number(pair?.1)?)?;
            if record.time_ms > upto_ms {
                break;
            }
            through += 1;
            if let Some(key) = record.key.filter(|_| record.namespace_id == aged.id) {
                let is_end = record.action == Action::ConfigDeleted;
                keep.insert(key, record.version + u64::from(is_end));
            }
        }
        let items = keep.into_iter().map(|(key, keep_from)| TrimItem { key, keep_from }).collect();
        Ok((through > aged.from).then_some(Trim { namespace: aged.id, through, items }))
    }
}
