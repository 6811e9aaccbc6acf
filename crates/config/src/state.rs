//! What a store holds in memory: every key's newest version but for its value, namespaces, chunks, imports under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use rustc_hash::FxHashMap;

use crate::{
    answers::Answers,
    audit::NamespaceId,
    chunks::Chunks,
    limits::SLOT_BYTES,
    record::{Finished, Meta, NamespaceState, PathRecord, Publishing, Slot},
    request::{Context, Operation},
    tree::Frontier,
};

/// The keys of a namespace, deleted ones of which versions are kept included.
pub(crate) type KeyMap = BTreeMap<Box<str>, Slot>;

/// What a key takes in memory, about.
pub(crate) fn slot_bytes(key: &str) -> u64 {
    SLOT_BYTES + key.len() as u64
}

/// A namespace that is there.
#[derive(Default)]
pub(crate) struct Namespace {
    pub(crate) state: NamespaceState,
    pub(crate) keys: KeyMap,
    /// Keys that are there as of the last visible position.
    pub(crate) live: u64,
    /// What all of them take in memory, about.
    pub(crate) bytes: u64,
}

/// A path that was ever used.
pub(crate) struct Path {
    pub(crate) id: u64,
    pub(crate) generation: u32,
    pub(crate) namespace: Option<Namespace>,
    /// Records of its audit trail, and changes of its keys.
    pub(crate) audit_end: u64,
    pub(crate) config_end: u64,
    /// Changes before this one were looked at for versions that are too old.
    pub(crate) trimmed: u64,
    /// What an import added that nobody sees yet.
    pub(crate) hidden: Hidden,
}

/// What of a path's numbers is not visible yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    pub(crate) audit: u64,
    pub(crate) config: u64,
    pub(crate) live: i64,
}

impl Path {
    pub(crate) fn new(id: u64) -> Path {
        Path { id, generation: 0, namespace: None, audit_end: 0, config_end: 0, trimmed: 0, hidden: Hidden::default() }
    }

    pub(crate) fn namespace_id(&self) -> NamespaceId {
        NamespaceId { path: self.id, generation: self.generation }
    }

    /// Whether anybody can see that it was used: it comes with a record, and until that is visible there is none.
    pub(crate) fn is_seen(&self) -> bool {
        self.audit_end > self.hidden.audit
    }

    /// The namespace as of the last visible position.
    pub(crate) fn at(&self, visible: u64) -> Option<&Namespace> {
        self.namespace.as_ref().filter(|namespace| namespace.state.created <= visible)
    }

    pub(crate) fn record(&self) -> PathRecord {
        let state = self.namespace.as_ref().map(|namespace| namespace.state.clone());
        PathRecord { id: self.id, generation: self.generation, state }
    }
}

/// An import that is staged.
pub(crate) struct Import {
    pub(crate) context: Context,
    pub(crate) begun_ms: u64,
    pub(crate) parts: BTreeMap<u32, Part>,
    pub(crate) items: u64,
}

/// A part of it.
pub(crate) struct Part {
    pub(crate) items: Arc<Vec<Operation>>,
    /// What it takes in memory, about.
    pub(crate) bytes: u64,
}

/// The state of a store from one reading of its table to the next.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) paths: BTreeMap<Arc<str>, Path>,
    /// Paths by their ids.
    pub(crate) named: FxHashMap<u64, Arc<str>>,
    /// Namespaces and keys that are there as of the last visible position.
    pub(crate) namespaces: u64,
    pub(crate) keys: u64,
    /// What keys take in memory, about.
    pub(crate) key_bytes: u64,
    /// The last change, and the last one that is seen: the same, unless an import is being made visible.
    pub(crate) position: u64,
    pub(crate) visible: u64,
    /// Of the last change, in ms.
    pub(crate) time_ms: u64,
    pub(crate) tree: Frontier,
    pub(crate) chunks: Chunks,
    /// Namespaces that are gone and have versions with chunks still.
    pub(crate) dead: BTreeSet<NamespaceId>,
    pub(crate) answers: Answers,
    pub(crate) imports: BTreeMap<u64, Import>,
    /// What they take in memory together.
    pub(crate) staged_bytes: u64,
    pub(crate) publishing: Option<Publishing>,
    /// Imports that are done, by their last positions.
    pub(crate) finished: BTreeMap<u64, Finished>,
    /// Keys of namespaces that are gone, whose memory is given back little by little.
    pub(crate) buried: Vec<KeyMap>,
}

impl State {
    /// A namespace as of the last visible position.
    pub(crate) fn namespace(&self, path: &str) -> Option<(&Path, &Namespace)> {
        let path = self.paths.get(path)?;
        Some((path, path.at(self.visible)?))
    }

    /// A key that is there as of the last visible position.
    pub(crate) fn key(&self, namespace: &str, key: &str) -> Option<&Meta> {
        let (_, namespace) = self.namespace(namespace)?;
        namespace.keys.get(key)?.at(self.visible).filter(|meta| !meta.is_deleted)
    }

    /// Gives back a little memory. What it is does not matter to anybody, so replicas may differ in it.
    pub(crate) fn bury(&mut self, most: usize) {
        let Some(keys) = self.buried.last_mut() else { return };
        for _ in 0..most {
            if keys.pop_first().is_none() {
                self.buried.pop();
                return;
            }
        }
    }
}
