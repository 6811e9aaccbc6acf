//! Long random histories: the machine against the model, and a replica that settles and restarts against one that never does.

use std::collections::BTreeSet;

use base::Kind;
use proptest::{collection::vec, prelude::*};

use super::{
    model::{self, Model},
    proofs::naive_root,
    random::{KEYS, PATHS, Step, chunk, step},
    support::*,
};
use crate::{
    Action, At, AuditQuery, Audited, Cold, Command, Content, Event, Filter, ListQuery, Operation, Options, Order, Reply, Stored,
    Topic, Transaction, Value, ValueType,
    merkle::{verify_consistency, verify_inclusion},
};

/// Nothing expires by itself: what the model does not know of.
fn long() -> Options {
    let never = u64::MAX >> 1;
    Options { chunk_expiry_ms: never, import_expiry_ms: never, ..options() }
}

struct Both {
    /// Settles and restarts.
    house: House,
    /// Never does.
    other: House,
    model: Model,
    imports: u64,
    /// An import is being made visible: what is more than a namespace keeps goes already.
    is_publishing: bool,
}

impl Both {
    fn run(&mut self, command: Command) -> base::Result<Reply> {
        let (one, two) = (self.house.apply(command.clone()), self.other.apply(command));
        assert_eq!(one, two, "replicas answer alike");
        assert_eq!(self.house.table.digest(), self.other.table.digest(), "replicas change alike");
        one.reply
    }

    fn restart(&mut self) {
        let fresh = House::with(long());
        self.house = std::mem::replace(&mut self.house, fresh).reopen();
    }

    fn time_ms(&self) -> u64 {
        self.house.entry.time_ms
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write(transaction) => self.write(&transaction),
            Step::Refuse(refused) => {
                self.model.refuse(&refused, self.house.entry.time_ms);
                let recorded = self.run(Command::Refused(refused)).expect("is recorded");
                assert_eq!(recorded, Reply::Recorded { position: self.model.position() });
            }
            Step::Chunk(number) => {
                let bytes = chunk(number);
                let hash = crate::sha256(&bytes);
                self.model.chunks.insert(hash, bytes.len() as u64);
                assert_eq!(self.run(Command::PutChunk { bytes }), Ok(Reply::Chunk(hash)));
            }
            Step::Import(parts, restarts) => self.import(&parts, restarts),
            Step::Pass(ms) => {
                self.house.entry.time_ms += ms;
                self.other.entry.time_ms += ms;
            }
            Step::Trim => {
                let now = self.time_ms();
                while let Some(trim) = self.house.machine.expired(now).expect("reads") {
                    assert_eq!(self.other.machine.expired(now).expect("reads"), Some(trim.clone()));
                    self.run(trim).expect("trims");
                }
                self.model.trim(now);
            }
            Step::Sweep => drop(self.run(Command::Sweep).expect("sweeps")),
            Step::Settle => self.house.settle(),
            Step::Restart => self.restart(),
            Step::Check => self.check(),
        }
    }

    fn write(&mut self, transaction: &Transaction) {
        let targets: Vec<_> = transaction.operations.iter().map(|it| (it.namespace(), it.key())).collect();
        let unique: BTreeSet<_> = targets.iter().collect();
        let is_gone = |path: &str| {
            transaction.operations.contains(&Operation::DeleteNamespace { namespace: path.into(), expect: crate::Expect::Any })
                || transaction
                    .operations
                    .iter()
                    .any(|it| matches!(it, Operation::DeleteNamespace { namespace, .. } if namespace == path))
        };
        let is_mixed =
            targets.iter().any(|(path, _)| is_gone(path) && targets.iter().filter(|(other, _)| other == path).count() > 1);
        let wanted = if unique.len() < targets.len() || is_mixed {
            Err(Kind::Invalid)
        } else {
            self.model.write(transaction, self.house.entry.time_ms)
        };
        let previewed = self.house.machine.dry_run(transaction);
        let written = self.run(Command::Write(transaction.clone()));
        assert_eq!(written.as_ref().map(drop).map_err(|error| error.kind), wanted, "{written:?}");
        assert_eq!(previewed.is_ok(), written.is_ok());
        if let (Ok(Reply::Written(written)), Ok(previewed)) = (written, previewed) {
            assert_eq!(written.last, self.model.position());
            for (change, action) in written.changes.iter().zip(previewed) {
                let record = &self.model.records[usize::try_from(change.position).expect("small") - 1];
                let version = if record.action == Action::NamespaceDeleted { 0 } else { record.version };
                assert_eq!(change.version, version);
                assert_eq!(record.action, self.created_with(record, action));
            }
        }
    }

    /// A put into a namespace that comes into being with it says that it is created; it says the same if the preview did.
    fn created_with(&self, record: &model::Record, previewed: Action) -> Action {
        let is_new =
            |position: usize| self.model.records.get(position).is_some_and(|before| before.namespace == record.namespace);
        match (record.action, previewed) {
            // Created by a put of the same transaction, and then updated.
            (Action::NamespaceUpdated, Action::NamespaceCreated)
                if is_new(usize::try_from(record.first).expect("small") - 1) || record.position > record.first =>
            {
                Action::NamespaceUpdated
            }
            _ => previewed,
        }
    }

    fn import(&mut self, parts: &[Vec<Operation>], restarts: bool) {
        self.imports += 1;
        let import = self.imports;
        self.run(Command::ImportBegin { import, context: context("ann") }).expect("begins");
        let lacks = |model: &Model, item: &Operation| match item {
            Operation::Put(put) => put.value.chunks().iter().any(|chunk| !model.chunks.contains_key(chunk)),
            _ => false,
        };
        let position = self.model.position();
        for (part, items) in (0..).zip(parts) {
            let staged = self.run(Command::ImportPart { import, part, items: items.clone() });
            if items.iter().any(|item| lacks(&self.model, item)) {
                assert_eq!(staged.expect_err("lacks a chunk").kind, Kind::Precondition);
                assert_eq!(self.run(Command::ImportAbort { import }), Ok(Reply::Done));
                return;
            }
            assert!(staged.is_ok(), "{staged:?}");
            if restarts {
                self.restart();
            }
        }
        assert_eq!(self.house.machine.position(), position, "what is staged has no position");
        let mut after = self.model.clone();
        let wanted = after.import(&context("ann"), &parts.concat(), self.time_ms());
        let mut done = self.run(Command::ImportCommit { import });
        while let Ok(Reply::Import(progress)) = &done {
            if let Some(visible) = progress.visible {
                assert_eq!(visible, (position + 1, after.position()));
                break;
            }
            if restarts {
                self.restart();
            }
            // Until the last slice nothing shows, and nothing else changes.
            self.is_publishing = true;
            self.check();
            self.is_publishing = false;
            let other =
                Transaction { context: context("bob"), operations: vec![put("b", "k", "late")], ..Transaction::default() };
            assert_eq!(self.run(Command::Write(other)).expect_err("has to wait").kind, Kind::Overloaded);
            done = self.run(Command::ImportAdvance { import });
        }
        assert_eq!(done.as_ref().map(drop).map_err(|error| error.kind), wanted, "{done:?}");
        if done.is_ok() {
            self.model = after;
        } else {
            assert_eq!(self.run(Command::ImportAbort { import }), Ok(Reply::Done));
        }
    }

    fn check(&self) {
        self.check_counts();
        for path in PATHS {
            self.check_namespace(path);
        }
        self.check_audit();
        self.check_proofs();
    }

    fn check_counts(&self) {
        let (machine, model) = (&self.house.machine, &self.model);
        assert_eq!(machine.position(), model.position());
        let there: Vec<&String> = model.paths.iter().filter(|(_, path)| path.namespace.is_some()).map(|(name, _)| name).collect();
        let page = machine.namespaces("", None, 0);
        assert_eq!(page.items.iter().map(|info| &info.path).collect::<Vec<_>>(), there);
        let keys: usize = page.items.iter().map(|info| usize::try_from(info.keys).expect("few")).sum();
        let counts = machine.counts();
        assert_eq!((counts.namespaces, counts.keys), (there.len() as u64, keys as u64));
        for info in &page.items {
            let namespace = model.namespace(&info.path).expect("is there");
            let live = namespace.keys.values().filter(|key| key.live().is_some()).count();
            assert_eq!((info.keys, info.version, info.settings), (live as u64, namespace.version, namespace.settings));
            assert_eq!((&info.description, info.updated.0), (&namespace.description, namespace.updated));
        }
        let below = machine.namespaces("a/", Some("a/b"), 1);
        let wanted = there.iter().filter(|path| path.starts_with("a/") && path.as_str() > "a/b").count();
        assert_eq!(below.items.len(), wanted.min(1));
    }

    fn is_stored(&self, stored: &Stored, version: &model::Version) {
        let value = match &version.value {
            None => Content::Deleted,
            Some((_, Value::Inline(value))) => Content::Inline(value.clone()),
            Some((_, Value::Chunks { chunks, .. })) => Content::Chunks(chunks.clone()),
        };
        assert_eq!((stored.version, stored.position, stored.time_ms), (version.number, version.position, version.time_ms));
        assert_eq!((&stored.content, &stored.author), (&value, &version.author));
        assert_eq!(stored.value_type, version.value.as_ref().map_or(ValueType::String, |(value_type, _)| *value_type));
        if version.value.is_some() {
            assert_eq!(crate::sha256(&self.house.machine.value(stored).expect("is whole")), stored.hash);
        }
    }

    fn check_namespace(&self, path: &str) {
        let (machine, model) = (&self.house.machine, &self.model);
        let query = ListQuery { namespace: path.into(), ..ListQuery::default() };
        let listed = machine.list(&query, Cold::Allow).expect("may read");
        let Some(namespace) = model.namespace(path) else {
            assert_eq!(listed.expect_err("is not there").kind, Kind::NotFound);
            return;
        };
        let listed = listed.expect("is there");
        let live: Vec<_> = namespace.keys.iter().filter_map(|(key, versions)| Some((key, versions.live()?))).collect();
        assert_eq!(listed.items.len(), live.len());
        for (stored, (key, version)) in listed.items.iter().zip(&live) {
            assert_eq!(stored.key, **key);
            self.is_stored(stored, version);
        }
        self.check_pages(path, "k", &live.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>());
        for key in KEYS {
            self.check_key(path, key, namespace.keys.get(key), u64::from(namespace.settings.versions_kept));
        }
        let asked: Vec<_> = PATHS.iter().flat_map(|path| KEYS.map(|key| ((*path).to_owned(), key.to_owned()))).collect();
        let (many, _) = machine.get_many(&asked, Cold::Allow).expect("may read").expect("reads");
        for ((path, key), stored) in asked.iter().zip(many) {
            assert_eq!(stored.map(|stored| stored.position), model.key(path, key).map(|version| version.position));
        }
    }

    /// Page by page it is the same, with values and without.
    fn check_pages(&self, path: &str, prefix: &str, live: &[&str]) {
        for omits_content in [false, true] {
            let mut query = ListQuery { namespace: path.into(), prefix: prefix.into(), after: None, limit: 2, omits_content };
            let mut seen = Vec::new();
            loop {
                let page = self.house.machine.list(&query, Cold::Allow).expect("may read").expect("is there");
                assert!(page.items.len() <= 2);
                assert_eq!(page.count, live.len() as u64);
                seen.extend(page.items.into_iter().map(|stored| stored.key));
                let Some(next) = page.next else { break };
                query.after = Some(next);
            }
            assert_eq!(seen, live.iter().filter(|key| key.starts_with(prefix)).copied().collect::<Vec<_>>());
        }
    }

    fn check_key(&self, path: &str, key: &str, known: Option<&model::Key>, kept: u64) {
        let versions = self.house.machine.versions(path, key, None, 1_000);
        let Some(known) = known else {
            assert_eq!(versions.expect_err("nothing is kept").kind, Kind::NotFound);
            return;
        };
        let (versions, is_more) = versions.expect("is kept");
        assert!(!is_more);
        let newest = known.versions.last().map_or(0, |version| version.number);
        let floor = if self.is_publishing { (newest + 1).saturating_sub(kept) } else { 0 };
        let surely = |version: &&model::Version| version.number >= floor;
        assert_eq!(
            versions.iter().filter(|stored| stored.version >= floor).count(),
            known.versions.iter().filter(surely).count()
        );
        for (stored, version) in versions.iter().zip(known.versions.iter().rev()) {
            self.is_stored(stored, version);
            self.is_stored(&self.house.get(path, key, At::Version(version.number)).expect("is kept"), version);
        }
        for position in 1..=self.model.position() {
            let there = known.versions.iter().rev().find(|version| version.position <= position);
            let time_ms = self.model.records[usize::try_from(position).expect("small") - 1].time_ms;
            let then = known.versions.iter().rev().find(|version| version.time_ms <= time_ms);
            let moments = [(At::Position(position), there), (At::Time(time_ms), then)];
            for (at, there) in moments.into_iter().filter(|(_, there)| there.is_none() || there.as_ref().is_some_and(surely)) {
                match there.filter(|version| version.value.is_some()) {
                    Some(version) => self.is_stored(&self.house.get(path, key, at).expect("is kept"), version),
                    None => {
                        let kind = self.house.get(path, key, at).expect_err("was not there").kind;
                        let is_gone = there.is_none() && known.versions[0].number > 1;
                        assert!(
                            kind == if is_gone { Kind::OutOfRange } else { Kind::NotFound } || (floor > 1 && there.is_none())
                        );
                    }
                }
            }
        }
    }

    fn is_record(&self, audited: &Audited, known: &model::Record) {
        let record = &audited.record;
        let found = model::Record {
            position: record.position,
            first: record.first,
            closes: record.closes,
            time_ms: record.time_ms,
            action: record.action,
            actor: record.who[0].clone(),
            namespace: record.namespace.clone(),
            generation: record.namespace_id.generation,
            key: record.key.clone(),
            version: record.version,
            replaced: record.replaced,
            hashes: if record.key.is_some() { (record.before, record.after) } else { (None, None) },
        };
        assert_eq!(&found, known);
        if let (Some(key), true) = (&record.key, record.shows_values) {
            for (content, number) in [(&audited.before, record.replaced), (&audited.after, record.version)] {
                let path =
                    self.model.paths.get(&record.namespace).filter(|path| path.generation == record.namespace_id.generation);
                let key = path.and_then(|path| path.namespace.as_ref()).and_then(|namespace| namespace.keys.get(key));
                let kept = key.and_then(|key| key.versions.iter().find(|version| version.number == number));
                if self.is_publishing && *content == Content::Gone {
                    continue;
                }
                match kept.map(|version| &version.value) {
                    Some(Some((_, Value::Inline(value)))) => assert_eq!(content, &Content::Inline(value.clone())),
                    Some(Some((_, Value::Chunks { chunks, .. }))) => assert_eq!(content, &Content::Chunks(chunks.clone())),
                    Some(None) => assert_eq!(content, &Content::Deleted),
                    None => {
                        let is_none = number == 0 || (record.action == Action::ConfigDeleted && number == record.version);
                        assert_eq!(content, if is_none { &Content::Deleted } else { &Content::Gone });
                    }
                }
            }
        }
    }

    fn check_audit(&self) {
        let (machine, model) = (&self.house.machine, &self.model);
        let middle = model.records.get(model.records.len() / 2).map_or(0, |record| record.time_ms);
        let of = |value: &str| Some(value.to_owned());
        let queries = [
            AuditQuery::default(),
            AuditQuery { namespace: of("a/b"), ..AuditQuery::default() },
            AuditQuery { namespace: of("a"), key: of("k"), ..AuditQuery::default() },
            AuditQuery { actor: of("bob"), ..AuditQuery::default() },
            AuditQuery { action: Some(Action::ConfigUpdated), from_ms: Some(middle), ..AuditQuery::default() },
            AuditQuery { namespace: of("b"), actor: of("ann"), to_ms: Some(middle), ..AuditQuery::default() },
            AuditQuery { from_ms: Some(middle), to_ms: Some(middle), ..AuditQuery::default() },
        ];
        for query in queries {
            let mut wanted: Vec<&model::Record> = model.records.iter().filter(|record| matches(&query, record)).collect();
            for order in [Order::OldestFirst, Order::NewestFirst] {
                let mut query = AuditQuery { order, limit: 3, with_values: true, ..query.clone() };
                let mut seen = Vec::new();
                loop {
                    let page = machine.audit(&query).expect("reads");
                    seen.extend(page.records);
                    let Some(next) = page.next else { break };
                    query.after = Some(next);
                }
                assert_eq!(seen.len(), wanted.len(), "{query:?}");
                seen.iter().zip(&wanted).for_each(|(audited, record)| self.is_record(audited, record));
                wanted.reverse();
            }
        }
        self.check_events();
        self.check_topics();
    }

    fn check_events(&self) {
        let is_end = |record: &model::Record, path: &str| record.namespace == path && record.action == Action::NamespaceDeleted;
        type Takes<'a> = Box<dyn Fn(&model::Record) -> bool + 'a>;
        let filters: Vec<(Filter, Takes<'_>)> = vec![
            (Filter::All, Box::new(|_| true)),
            (Filter::Namespace("a".into()), Box::new(|record| record.namespace == "a")),
            (Filter::Below("a".into()), Box::new(|record| record.namespace != "b")),
            (Filter::Below("a/b".into()), Box::new(|record| record.namespace == "a/b")),
            (
                Filter::Key("b".into(), "k".into()),
                Box::new(|record| (record.namespace == "b" && record.key.as_deref() == Some("k")) || is_end(record, "b")),
            ),
            (
                Filter::Keys("a".into(), "k/".into()),
                Box::new(|record| (record.namespace == "a" && record.key.as_deref() == Some("k/1")) || is_end(record, "a")),
            ),
        ];
        for (filter, takes) in filters {
            let wanted = self.model.records.iter().filter(|record| record.action != Action::Refused && takes(record));
            let wanted: Vec<u64> = wanted.map(|record| record.position).collect();
            let (mut seen, mut after) = (Vec::new(), 0);
            while after < self.model.position() {
                let events = self.house.machine.events(after, &filter, 2, false).expect("reads");
                assert!(events.through > after);
                seen.extend(events.events.into_iter().map(|event| event.record.position));
                after = events.through;
            }
            assert_eq!(seen, wanted, "{filter:?}");
        }
        let beyond = self.house.machine.events(self.model.position() + 1, &Filter::All, 1, false);
        assert_eq!(beyond.expect_err("is not there yet").kind, Kind::OutOfRange);
    }

    fn check_topics(&self) {
        for path in PATHS {
            let known = self.model.paths.get(path);
            for topic in [Topic::Audit, Topic::Config] {
                let wanted = known.map(|path| if topic == Topic::Audit { &path.audit } else { &path.config });
                assert_eq!(self.house.machine.topic_end(path, topic), wanted.map(|wanted| wanted.len() as u64));
                let machine = &self.house.machine;
                let number = machine.topic_number(path);
                let is_listed = machine.topic_paths().iter().any(|(name, id)| **name == *path && Some(*id) == number);
                assert_eq!((number.is_some(), is_listed), (wanted.is_some(), wanted.is_some()));
                assert_eq!(number.and_then(|number| machine.topic_path(number)).as_deref(), number.map(|_| path));
                let Some(wanted) = wanted else { continue };
                let positions = |events: Vec<Event>| events.into_iter().map(|event| event.record.position).collect::<Vec<_>>();
                let read =
                    |offset: usize, limit| self.house.machine.topic(path, topic, offset as u64, limit, true).expect("reads");
                assert_eq!(&positions(read(0, 1_000)), wanted);
                let half = wanted.len() / 2;
                assert_eq!(positions(read(half, 2)), wanted[half..wanted.len().min(half + 2)]);
                if topic == Topic::Audit {
                    let query =
                        AuditQuery { namespace: Some(path.to_owned()), limit: 1_000, with_values: true, ..AuditQuery::default() };
                    let mut page = machine.audit(&AuditQuery { order: Order::OldestFirst, ..query }).expect("reads").records;
                    let read = machine.audit_topic(path, half as u64, 1_000, true).expect("reads");
                    assert_eq!(read, page.split_off(half.min(page.len())));
                }
                for position in wanted.iter().take(3) {
                    let time_ms = self.model.records[usize::try_from(*position).expect("small") - 1].time_ms;
                    let at = self.house.machine.topic_offset_at(path, topic, time_ms).expect("reads");
                    let before = wanted
                        .iter()
                        .filter(|it| self.model.records[usize::try_from(**it).expect("small") - 1].time_ms < time_ms);
                    assert_eq!(at, before.count() as u64);
                }
            }
        }
    }

    fn check_proofs(&self) {
        let machine = &self.house.machine;
        let size = self.model.position();
        let record = |position| machine.audit_record(position, false).expect("is there").record;
        let leaves: Vec<_> = (1..=size).map(|position| record(position).to_bytes()).collect();
        let root = machine.root(size).expect("reads");
        assert_eq!(root, naive_root(&leaves));
        if size == 0 {
            return;
        }
        let half = size / 2;
        let proof = machine.consistency_proof(half, size).expect("reads");
        verify_consistency(half, &machine.root(half).expect("reads"), size, &root, &proof).expect("is consistent");
        let proof = machine.inclusion_proof(half + 1, size).expect("reads");
        verify_inclusion(&record(half + 1).leaf_hash(), half, size, &root, &proof).expect("is in it");
    }
}

fn matches(query: &AuditQuery, record: &model::Record) -> bool {
    let is = |wanted: &Option<String>, value: Option<&String>| wanted.is_none() || wanted.as_ref() == value;
    // Attempts on paths that were never used are not found by their path.
    let is_known = query.namespace.is_none() || record.generation > 0;
    is_known
        && is(&query.namespace, Some(&record.namespace))
        && is(&query.key, record.key.as_ref())
        && is(&query.actor, Some(&record.actor))
        && query.action.is_none_or(|action| record.action == action)
        && query.from_ms.is_none_or(|from| record.time_ms >= from)
        && query.to_ms.is_none_or(|to| record.time_ms <= to)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 3_000, ..ProptestConfig::default() })]
    #[test]
    fn the_machine_is_the_model(steps in vec(step(), 1..120)) {
        let (house, other) = (House::with(long()), House::with(long()));
        let mut both = Both { house, other, model: Model::default(), imports: 0, is_publishing: false };
        for step in steps {
            both.step(step);
        }
        both.check();
        both.restart();
        both.check();
    }
}
