//! Answers that are remembered for requests that come again under the same idempotency key.

use std::collections::BTreeMap;

use base::{Error, Kind, Result};
use rustc_hash::FxHashMap;
use table::Table;

use crate::{command::Written, keys::Keys, limits::ANSWER_CHANGES_MAX, record::Answer, value::Hash};

/// Remembered answers, in the order of their positions, which is that of their times.
#[derive(Default)]
pub(crate) struct Answers {
    by_position: BTreeMap<u64, Answer>,
    /// By principal and key.
    positions: FxHashMap<(String, String), u64>,
}

impl Answers {
    pub(crate) fn load(&mut self, answer: Answer) {
        let position = answer.written.first;
        self.positions.insert((answer.principal.clone(), answer.key.clone()), position);
        self.by_position.insert(position, answer);
    }

    /// The answer to a request that came before.
    ///
    /// # Errors
    /// `Conflict` if another request came under the same key.
    pub(crate) fn find(&self, principal: &str, key: &str, request: &Hash) -> Result<Option<Written>> {
        let position = self.positions.get(&(principal.to_owned(), key.to_owned()));
        let Some(answer) = position.and_then(|position| self.by_position.get(position)) else { return Ok(None) };
        if answer.request == *request {
            return Ok(Some(answer.written.clone()));
        }
        let message = "another request came under this idempotency key: use a new key for a new request";
        Err(Error::new(Kind::Conflict, message))
    }

    /// Remembers an answer, and forgets the oldest one past `most`.
    pub(crate) fn remember(&mut self, mut answer: Answer, most: usize, table: &Table, keys: Keys) {
        answer.written.is_repeated = true;
        if answer.written.changes.len() > ANSWER_CHANGES_MAX {
            answer.written.changes.clear();
        }
        table.put(keys.answer(answer.written.first), answer.encode());
        self.load(answer);
        if self.by_position.len() > most {
            self.forget(u64::MAX, table, keys);
        }
    }

    /// Forgets the oldest one, if it is of `upto_ms` or before. Answers whether there was one.
    pub(crate) fn forget(&mut self, upto_ms: u64, table: &Table, keys: Keys) -> bool {
        let Some(oldest) = self.by_position.first_entry().filter(|oldest| oldest.get().written.time_ms <= upto_ms) else {
            return false;
        };
        let (position, answer) = oldest.remove_entry();
        self.positions.remove(&(answer.principal, answer.key));
        table.delete(keys.answer(position));
        true
    }
}
