//! Taking keys in: staged as they come, seen by nobody, and made visible at one moment, or not at all.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use axum::response::Response;
use base::Kind;
use bytes::{Bytes, BytesMut};
use config::{Cold, Command, Expect, ListQuery, Operation, Put};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesOrdered};
use replica::{ConfigStore, Lane, runtime};
use tokio::time::Instant;

use super::{
    super::{
        call::{Call, POSITION, of_read, of_write},
        json,
        leader::{applied, here},
        path::malformed,
    },
    item::{Format, Item, read_env, read_line},
};
use crate::{
    body::Pieces,
    keys::Operation as Right,
    limits::{
        IMPORT_ITEMS_MAX, IMPORT_PART_BEHIND_MAX, IMPORT_PART_BYTES, IMPORT_PART_ITEMS, IMPORT_PARTS_UNDER_WAY_MAX,
        IMPORT_PUBLISH_MAX, REQUEST_OVERHEAD_BYTES, VALUE_BODY_BYTES_MAX,
    },
    problem::{Problem, Reason},
    room::Share,
};

/// An import that is being staged.
struct Staging<'a> {
    call: &'a Call,
    import: u64,
    part: u32,
    waiting: Vec<Operation>,
    waiting_bytes: usize,
    /// Parts that are proposed, in their order.
    under_way: FuturesOrdered<BoxFuture<'static, Result<(), Problem>>>,
    /// Keys that came, by namespace.
    seen: BTreeMap<String, HashSet<String>>,
    items: usize,
}

impl Staging<'_> {
    async fn add(&mut self, item: Item) -> Result<(), Problem> {
        let Item { namespace, key, value_type, value } = item;
        for outcome in [config::check_namespace(&namespace), config::check_key(&key)] {
            outcome.map_err(|error| Problem::new(Reason::Invalid, error.message))?;
        }
        if !self.seen.contains_key(&namespace) {
            self.call.demand(Right::Write, Some(&namespace))?;
            self.seen.insert(namespace.clone(), HashSet::new());
        }
        if !self.seen.get_mut(&namespace).is_some_and(|keys| keys.insert(key.clone())) {
            let text = format!("the key {} in {namespace} is there twice: leave one out", key.escape_debug());
            return Err(Problem::new(Reason::Invalid, text));
        }
        self.items += 1;
        if self.items > IMPORT_ITEMS_MAX {
            let text = format!("an import has at most {IMPORT_ITEMS_MAX} keys: import the rest by itself");
            return Err(Problem::new(Reason::TooLarge, text));
        }
        let bytes = value.len();
        let value = self.call.store.put_value(value).await.map_err(|error| of_write(&error, false))?;
        let put = Put { namespace, key, value_type, value, expect: Expect::Any, creates_namespace: true, restores: 0 };
        self.stage(Operation::Put(put), bytes).await
    }

    async fn stage(&mut self, operation: Operation, bytes: usize) -> Result<(), Problem> {
        self.waiting_bytes += bytes;
        self.waiting.push(operation);
        if self.waiting.len() >= IMPORT_PART_ITEMS || self.waiting_bytes >= IMPORT_PART_BYTES {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Proposes what waits as a part. The reader goes on meanwhile, so that several parts share a write of the journal.
    async fn flush(&mut self) -> Result<(), Problem> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let items = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let (store, part) = (self.call.store.clone(), Command::ImportPart { import: self.import, part: self.part, items });
        self.part += 1;
        self.under_way.push_back(async move { stage(&store, &part).await }.boxed());
        // The machine takes parts in their order: this one is handed over, which its first poll does, before there is another.
        while let Some(Some(outcome)) = self.under_way.next().now_or_never() {
            outcome?;
        }
        if self.under_way.len() >= IMPORT_PARTS_UNDER_WAY_MAX {
            self.under_way.next().await.transpose()?;
        }
        Ok(())
    }

    /// Proposes the last part, and waits until all are staged.
    async fn finish(&mut self) -> Result<(), Problem> {
        self.flush().await?;
        while let Some(outcome) = self.under_way.next().await {
            outcome?;
        }
        Ok(())
    }

    /// Deletes what there is in these namespaces and did not come.
    async fn delete_others(&mut self, namespaces: BTreeSet<String>) -> Result<usize, Problem> {
        let mut count = 0;
        for namespace in namespaces {
            let query = ListQuery { namespace: namespace.clone(), omits_content: true, ..ListQuery::default() };
            // A namespace that is not there has nothing that could go.
            let Some(Ok(page)) = self.call.store.machine().list(&query, Cold::Refuse) else { continue };
            for stored in page.items {
                if self.seen.get(&namespace).is_some_and(|keys| keys.contains(&stored.key)) {
                    continue;
                }
                let expect = Expect::Position(stored.position);
                count += 1;
                self.stage(Operation::Delete { namespace: namespace.clone(), key: stored.key, expect }, 0).await?;
            }
        }
        Ok(count)
    }

    /// Takes what a body brings.
    async fn read(&mut self, pieces: &mut Pieces, format: Format, namespace: Option<&str>) -> Result<(), Problem> {
        let mut share = self.call.door.0.room.take(REQUEST_OVERHEAD_BYTES)?;
        let mut held = BytesMut::new();
        let mut line_number = 0;
        while let Some(piece) = pieces.next().await? {
            if held.len() + piece.len() > VALUE_BODY_BYTES_MAX {
                let text = format!("a line, or a file that is not of lines, has at most {VALUE_BODY_BYTES_MAX} bytes");
                return Err(Problem::new(Reason::TooLarge, text));
            }
            share.add(room_for(self.call, piece.len()).await?);
            held.extend_from_slice(&piece);
            if format != Format::Lines {
                continue;
            }
            while let Some(end) = memchr::memchr(b'\n', &held) {
                let line = held.split_to(end + 1).freeze();
                line_number += 1;
                self.read_line(&line.slice(..end), namespace, line_number).await?;
                // What was read lies in a part that is staged, or soon is.
                drop(share.split(line.len()));
            }
        }
        let rest = held.freeze();
        match format {
            Format::Lines => self.read_line(&rest, namespace, line_number + 1).await,
            Format::Yaml | Format::Env => {
                let namespace = namespace.map(str::to_owned);
                let read = move || {
                    let text = std::str::from_utf8(&rest).map_err(|_| malformed("the body is not UTF-8"))?;
                    let namespace = namespace.as_deref();
                    if format == Format::Yaml { super::yaml::read(text, namespace) } else { read_env(text, namespace) }
                };
                for item in runtime::spawn_blocking(read).await? {
                    self.add(item).await?;
                }
                Ok(())
            }
        }
    }

    async fn read_line(&mut self, line: &Bytes, namespace: Option<&str>, number: u64) -> Result<(), Problem> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let added = match read_line(line, namespace) {
            Ok(item) => self.add(item).await,
            Err(problem) => Err(problem),
        };
        // The JSON's own line is always 1.
        added.map_err(|problem| problem.with("line", number))
    }
}

async fn propose(store: &ConfigStore, command: &Command) -> Result<(), Problem> {
    let outcome = store.propose(Lane::Bulk, command).await;
    outcome.map(|_| ()).map_err(|error| match error.kind {
        Kind::Precondition => Problem::new(Reason::Conflict, error.message),
        _ => of_write(&error, false),
    })
}

/// Proposes a part. It overtakes the one before it when another node leads meanwhile, and is refused: then it comes again.
async fn stage(store: &ConfigStore, part: &Command) -> Result<(), Problem> {
    let give_up = Instant::now() + IMPORT_PART_BEHIND_MAX;
    loop {
        match propose(store, part).await {
            Err(problem) if problem.reason == Reason::Conflict && Instant::now() < give_up => {
                runtime::sleep(Duration::from_millis(20)).await;
            }
            outcome => return outcome,
        }
    }
}

/// Room for a piece of a stream: other imports may have to go on first.
async fn room_for(call: &Call, bytes: usize) -> Result<Share, Problem> {
    match call.door.0.room.take(bytes) {
        Ok(share) => Ok(share),
        Err(_) => call.door.0.room.wait(bytes).await,
    }
}

pub(crate) fn import(call: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    async move {
        let is_forwarded = here!(call);
        let format = Format::of(call, call.content_type())?;
        let is_dry = call.query.flag("dryRun", false)?;
        let replaces = match call.query.text("mode") {
            None | Some("merge") => false,
            Some("replace") => true,
            Some(_) => return Err(malformed("mode is merge or replace")),
        };
        let namespace = call.query.owned("namespace");
        let context = call.context(None)?;
        let body = call.body.get_mut().take().unwrap_or_default();
        let mut pieces = Pieces::new(body);
        let import = runtime::random_u64().max(1);
        let (waiting, under_way, seen) = (Vec::new(), FuturesOrdered::new(), BTreeMap::new());
        let mut staging = Staging { call, import, part: 0, waiting, waiting_bytes: 0, under_way, seen, items: 0 };
        propose(&call.store, &Command::ImportBegin { import, context }).await?;
        let outcome = staged(&mut staging, &mut pieces, format, namespace, replaces).await;
        let outcome = match outcome {
            Ok(deleted) if staging.items + deleted == 0 => {
                Err(Problem::new(Reason::Invalid, "there is nothing to import: the body has no keys"))
            }
            outcome => outcome,
        };
        let (out, position) = match outcome {
            Ok(deleted) if is_dry => {
                let told = told_dry(call, import, staging.items + deleted).await;
                abort(call, import).await;
                told?
            }
            Ok(deleted) => {
                let (items, part) = (staging.items, staging.part);
                tracing::debug!(import, items, part, "an import is staged");
                publish(call, import, items, deleted).await?
            }
            Err(problem) => {
                abort(call, import).await;
                if problem.reason != Reason::Slow {
                    crate::body::throw_away(&mut pieces, VALUE_BODY_BYTES_MAX).await;
                }
                return Err(problem);
            }
        };
        let mut response = json::ok(out);
        response.headers_mut().insert(POSITION, position.into());
        Ok(applied(response, is_forwarded))
    }
    .boxed()
}

/// Stages all of it. Answers how many keys go.
async fn staged(
    staging: &mut Staging<'_>,
    pieces: &mut Pieces,
    format: Format,
    namespace: Option<String>,
    replaces: bool,
) -> Result<usize, Problem> {
    if let Some(namespace) = &namespace {
        staging.call.demand(Right::Write, Some(namespace))?;
    }
    staging.read(pieces, format, namespace.as_deref()).await?;
    let mut deleted = 0;
    if replaces {
        let named = staging.seen.keys().cloned().chain(namespace).collect();
        deleted = staging.delete_others(named).await?;
    }
    staging.finish().await?;
    Ok(deleted)
}

async fn abort(call: &Call, import: u64) {
    // One that is left is forgotten within an hour.
    if let Err(error) = call.store.propose(Lane::Bulk, &Command::ImportAbort { import }).await {
        tracing::debug!(%error, import, "an import was not aborted");
    }
}

/// What it would do.
async fn told_dry(call: &Call, import: u64, items: usize) -> Result<(Vec<u8>, u64), Problem> {
    let machine = call.store.machine().clone();
    let look = move || machine.dry_run_import(import);
    let counts = runtime::spawn_blocking(look).await.map_err(|error| of_read(&error))?;
    let mut out = b"{\"dryRun\":true".to_vec();
    json::number(&mut out, "items", items as u64);
    json::name(&mut out, "actions");
    out.push(b'{');
    counts.iter().for_each(|(action, count)| json::number(&mut out, action.name(), *count));
    out.extend_from_slice(b"}}");
    Ok((out, call.store.position()))
}

/// Makes it visible, however long that takes.
async fn publish(call: &Call, import: u64, items: usize, deleted: usize) -> Result<(Vec<u8>, u64), Problem> {
    let give_up = Instant::now() + IMPORT_PUBLISH_MAX;
    let progress = loop {
        match call.store.publish(Lane::Bulk, import).await {
            Ok(progress) => break progress,
            // Asking again does no harm.
            Err(error)
                if matches!(error.kind, Kind::Deadline | Kind::Overloaded | Kind::Unavailable) && Instant::now() < give_up =>
            {
                tracing::debug!(%error, import, "an import is not visible yet");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) if error.kind == Kind::Precondition => return Err(Problem::new(Reason::Conflict, error.message)),
            Err(error) => return Err(of_write(&error, false)),
        }
    };
    let (first, last) = progress.visible.unwrap_or_default();
    let mut out = vec![b'{'];
    json::flag(&mut out, "dryRun", false);
    json::text(&mut out, "import", &format!("{import:016x}"));
    json::number(&mut out, "items", (items + deleted) as u64);
    json::number(&mut out, "deleted", deleted as u64);
    json::number(&mut out, "first", first);
    json::number(&mut out, "position", last);
    out.push(b'}');
    Ok((out, last))
}
