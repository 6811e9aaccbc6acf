//! What must hold before anything is changed.

use std::collections::BTreeSet;

use base::{Error, Kind, Result};

use crate::{
    error::{invalid, no_key, no_namespace},
    limits::{COMMENT_BYTES_MAX, DESCRIPTION_BYTES_MAX, ID_BYTES_MAX, NAME_BYTES_MAX, NAMESPACES_MAX, VERSIONS_MAX},
    names::{check_key, check_namespace, check_text},
    request::{Condition, Context, Expect, Operation, Put, Refused, Settings, Transaction},
    state::State,
};

/// What a condition is about: version and position of what is there.
type Found = Option<(u64, u64)>;

impl Expect {
    fn holds(self, found: Found) -> bool {
        let (version, position) = found.unwrap_or_default();
        match self {
            Expect::Any => true,
            Expect::Absent => found.is_none(),
            Expect::Present => found.is_some(),
            Expect::Version(wanted) => wanted == version,
            Expect::Position(wanted) => wanted == position,
        }
    }

    fn check(self, found: Found, namespace: &str, key: Option<&str>) -> Result<()> {
        if self.holds(found) {
            return Ok(());
        }
        let what = key.map_or_else(|| format!("the namespace {namespace}"), |key| format!("the key {key} in {namespace}"));
        let message = match found {
            None => format!("{what} is not there: read it, and decide anew"),
            Some((version, position)) => {
                format!("{what} is at version {version}, position {position}: read it, and decide anew")
            }
        };
        Err(Error::new(Kind::Precondition, message))
    }
}

pub(crate) fn check_context(context: &Context) -> Result<()> {
    check_text("a principal's name", &context.who.principal, NAME_BYTES_MAX)?;
    check_text("the id of a key", &context.who.key_id, ID_BYTES_MAX)?;
    check_text("an address", &context.who.address, ID_BYTES_MAX)?;
    check_text("the id of a request", &context.request_id, ID_BYTES_MAX)?;
    check_text("a comment", &context.comment, COMMENT_BYTES_MAX)
}

pub(crate) fn check_refused(refused: &Refused) -> Result<()> {
    check_context(&refused.context)?;
    if !refused.namespace.is_empty() {
        check_namespace(&refused.namespace)?;
    }
    match &refused.key {
        Some(_) if refused.namespace.is_empty() => Err(invalid("a key that was refused lies in a namespace: name it too")),
        Some(key) => check_key(key),
        None => Ok(()),
    }
}

fn check_settings(settings: &Settings) -> Result<()> {
    if (1..=VERSIONS_MAX).contains(&settings.versions_kept) {
        return Ok(());
    }
    Err(invalid(format!("a namespace keeps 1 to {VERSIONS_MAX} versions of a key")))
}

/// What can be said of an operation without state.
pub(crate) fn check_form(operation: &Operation) -> Result<()> {
    check_namespace(operation.namespace())?;
    operation.key().map_or(Ok(()), check_key)?;
    match operation {
        Operation::Put(put) => put.value.check(put.value_type),
        Operation::PutNamespace { description, owner, settings, .. } => {
            check_text("a description", description.as_deref().unwrap_or_default(), DESCRIPTION_BYTES_MAX)?;
            check_text("an owner", owner.as_deref().unwrap_or_default(), NAME_BYTES_MAX)?;
            settings.as_ref().map_or(Ok(()), check_settings)
        }
        Operation::Delete { .. } | Operation::DeleteNamespace { .. } => Ok(()),
    }
}

/// What can be said of a transaction without state.
pub(crate) fn check_transaction(transaction: &Transaction) -> Result<()> {
    check_context(&transaction.context)?;
    check_text("an idempotency key", &transaction.idempotency_key, ID_BYTES_MAX)?;
    for condition in &transaction.conditions {
        check_namespace(&condition.namespace)?;
        condition.key.as_deref().map_or(Ok(()), check_key)?;
    }
    transaction.operations.iter().try_for_each(check_form)?;
    match &transaction.operations[..] {
        [] => Err(invalid("a transaction changes something: to look at conditions only, ask for a dry run of what would follow")),
        [_] => Ok(()),
        operations => check_together(operations),
    }
}

/// Each target once, and nothing beside a deleted namespace in it: so the order of operations does not matter for what they
/// expect.
fn check_together(operations: &[Operation]) -> Result<()> {
    let mut targets = BTreeSet::new();
    for operation in operations {
        if !targets.insert((operation.namespace(), operation.key())) {
            let what = operation.key().map_or_else(String::new, |key| format!("the key {key} in "));
            return Err(invalid(format!("{what}{} is changed twice: leave one of both out", operation.namespace())));
        }
    }
    let is_deletion = |operation: &&Operation| matches!(operation, Operation::DeleteNamespace { .. });
    for deletion in operations.iter().filter(is_deletion) {
        let path = deletion.namespace();
        let inside = targets.range((path, None)..).take_while(|target| target.0 == path).count();
        if inside > 1 {
            return Err(invalid(format!("{path} is deleted and written to at once: leave one of both out")));
        }
    }
    Ok(())
}

impl State {
    fn found_namespace(&self, path: &str) -> Found {
        self.namespace(path).map(|(_, namespace)| (namespace.state.version, namespace.state.updated))
    }

    fn found_key(&self, namespace: &str, key: &str) -> Found {
        self.key(namespace, key).map(|meta| (meta.version, meta.position))
    }

    pub(crate) fn check_condition(&self, condition: &Condition) -> Result<()> {
        let (namespace, key) = (&condition.namespace, condition.key.as_deref());
        let found = match key {
            Some(key) => self.found_key(namespace, key),
            None => self.found_namespace(namespace),
        };
        condition.expect.check(found, namespace, key)
    }

    /// Whether an operation can be done. `is_created`: whether the same transaction creates the namespace.
    pub(crate) fn check_operation(&self, operation: &Operation, is_created: impl Fn(&str) -> bool) -> Result<()> {
        match operation {
            Operation::Put(put) => self.check_put(put, is_created),
            Operation::Delete { namespace, key, expect } => {
                let found = self.found_key(namespace, key);
                expect.check(found, namespace, Some(key))?;
                found.map(drop).ok_or_else(|| no_key(namespace, key))
            }
            Operation::PutNamespace { namespace, expect, .. } => {
                expect.check(self.found_namespace(namespace), namespace, None)?;
                self.check_room(namespace)
            }
            Operation::DeleteNamespace { namespace, expect } => {
                let found = self.found_namespace(namespace);
                expect.check(found, namespace, None)?;
                found.map(drop).ok_or_else(|| no_namespace(namespace))
            }
        }
    }

    fn check_put(&self, put: &Put, is_created: impl Fn(&str) -> bool) -> Result<()> {
        put.expect.check(self.found_key(&put.namespace, &put.key), &put.namespace, Some(&put.key))?;
        if self.namespace(&put.namespace).is_none() && !put.creates_namespace && !is_created(&put.namespace) {
            return Err(no_namespace(&put.namespace));
        }
        self.check_room(&put.namespace)?;
        self.chunks.check(&put.value)
    }

    fn check_room(&self, path: &str) -> Result<()> {
        if self.paths.len() < NAMESPACES_MAX || self.paths.contains_key(path) {
            return Ok(());
        }
        let message = format!("{NAMESPACES_MAX} namespaces were created, and no more fit: use one that is there or was there");
        Err(Error::new(Kind::OutOfRange, message))
    }

    /// Whether a transaction can be done.
    pub(crate) fn check(&self, transaction: &Transaction) -> Result<()> {
        transaction.conditions.iter().try_for_each(|condition| self.check_condition(condition))?;
        let creates = |operation: &&Operation| matches!(operation, Operation::PutNamespace { .. });
        let created: BTreeSet<&str> = transaction.operations.iter().filter(creates).map(Operation::namespace).collect();
        transaction.operations.iter().try_for_each(|operation| self.check_operation(operation, |path| created.contains(path)))
    }
}
