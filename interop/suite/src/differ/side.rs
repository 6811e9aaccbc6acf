//! One of the two servers: plays steps and gives answers.

use super::answer::{Answer, Left, plain, plain_txn};
use super::steps::{Call, Step, View};
use super::streams::{Stream, WATCH_STREAMS};
use crate::wire::{Wire, pb};
use std::time::Duration;
use tonic::{Response, Status};

/// No answer of a healthy server takes this long.
const ANSWER_SECONDS: u64 = 30;

/// A server and what the sequence has done to it so far.
pub struct Side {
    wire: Wire,
    /// The watch streams, opened on first use; those past [`WATCH_STREAMS`] hold one watcher each.
    pub streams: Vec<Stream>,
    revision: i64,
    compacted: i64,
}

impl Side {
    /// A fresh server on `port`.
    pub fn new(port: u16) -> Self {
        Self { wire: Wire::lazy(port), streams: Vec::new(), revision: 1, compacted: 0 }
    }

    /// What the author of the sequence may look at.
    pub fn view(&self) -> View {
        View {
            revision: self.revision,
            compacted: self.compacted,
            watchers: self.streams.iter().take(WATCH_STREAMS).map(Stream::living).collect(),
            streams: self.streams.len().max(WATCH_STREAMS),
        }
    }

    /// Plays one step.
    pub async fn play(&mut self, step: &Step) -> Vec<Answer> {
        let answers = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), self.answers(step)).await;
        let answers = answers.unwrap_or_else(|_| vec![Answer::Broken(format!("no answer in {ANSWER_SECONDS} s"))]);
        for revision in answers.iter().filter_map(Answer::revision) {
            self.revision = self.revision.max(revision);
        }
        answers
    }

    async fn answers(&mut self, step: &Step) -> Vec<Answer> {
        match step {
            Step::Write(call) => {
                let answer = call_one(self.wire.clone(), call.clone()).await;
                if let (Call::Compact(request), Answer::Compact(_)) = (call, &answer) {
                    self.compacted = request.revision;
                }
                vec![answer]
            }
            Step::Reads(calls) => {
                let all = calls.iter().map(|call| call_one(self.wire.clone(), call.clone()));
                futures_util::future::join_all(all).await
            }
            Step::Watch { stream, create } => {
                while self.streams.len() <= *stream {
                    self.streams.push(Stream::open(self.wire.clone()));
                }
                let doomed = (1..self.compacted).contains(&create.start_revision);
                vec![self.streams[*stream].create(create.clone(), doomed).await]
            }
            Step::Cancel { stream, watch_id } => match self.streams.get_mut(*stream) {
                Some(stream) => vec![stream.cancel(*watch_id).await],
                None => vec![Answer::Done],
            },
            Step::Settle => self.settle().await,
        }
    }

    /// Brings every stream to the present revision. A watcher of the future holds back its stream's progress, so the
    /// revision is first moved to where the last of them begins. It is moved by one in any case where there are new
    /// watchers, so that a late answer to an earlier question about progress cannot be taken for one about them.
    async fn settle(&mut self) -> Vec<Answer> {
        let latest = self.streams.iter().map(Stream::latest_start).max().unwrap_or(0);
        let moved = if self.streams.iter().any(Stream::has_new) { self.revision + 1 } else { 0 };
        let begin = latest.max(moved);
        let mut answers = Vec::new();
        while self.revision < begin {
            let put = pb::PutRequest { key: "move on".into(), ..Default::default() };
            let answer = call_one(self.wire.clone(), Call::Put(put)).await;
            match answer.revision() {
                Some(revision) => self.revision = revision,
                None => return vec![answer],
            }
            answers.push(answer);
        }
        for stream in &mut self.streams {
            answers.push(stream.settle(self.revision).await);
        }
        answers
    }
}

fn done<T>(result: Result<Response<T>, Status>, build: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(response) => build(response.into_inner()),
        Err(status) => Answer::from_status(&status),
    }
}

async fn call_one(mut wire: Wire, call: Call) -> Answer {
    /// The answer without what is the server's own.
    macro_rules! clean {
        ($build:path) => {
            |mut answer| {
                plain(&mut answer.header);
                $build(answer)
            }
        };
    }
    match call {
        Call::Range(request) => done(wire.kv.range(request).await, clean!(Answer::Range)),
        Call::RangeStream(request) => range_stream(&mut wire, request).await,
        Call::Put(request) => done(wire.kv.put(request).await, clean!(Answer::Put)),
        Call::Delete(request) => done(wire.kv.delete_range(request).await, clean!(Answer::Delete)),
        Call::Txn(request) => done(wire.kv.txn(request).await, |mut answer| {
            plain_txn(&mut answer);
            Answer::Txn(answer)
        }),
        Call::Compact(request) => done(wire.kv.compact(request).await, clean!(Answer::Compact)),
        Call::Grant(request) => done(wire.lease.lease_grant(request).await, clean!(Answer::Grant)),
        Call::Revoke(request) => done(wire.lease.lease_revoke(request).await, clean!(Answer::Revoke)),
        Call::KeepAlive(request) => keep_alive(&mut wire, request).await,
        Call::TimeToLive(request) => done(wire.lease.lease_time_to_live(request).await, |mut answer| {
            plain(&mut answer.header);
            answer.keys.sort();
            Answer::TimeToLive(Left(answer))
        }),
        Call::Leases => done(wire.lease.lease_leases(pb::LeaseLeasesRequest {}).await, |mut answer| {
            plain(&mut answer.header);
            answer.leases.sort_by_key(|l| l.id);
            Answer::Leases(answer)
        }),
    }
}

/// All chunks merged, as the contract says that they merge into Range's answer.
async fn range_stream(wire: &mut Wire, request: pb::RangeRequest) -> Answer {
    let mut chunks = match wire.kv.range_stream(request).await {
        Ok(response) => response.into_inner(),
        Err(status) => return Answer::from_status(&status),
    };
    let mut whole = pb::RangeResponse::default();
    let mut ended = false;
    loop {
        match chunks.message().await {
            Ok(None) => break,
            Err(status) => return Answer::from_status(&status),
            Ok(Some(chunk)) => {
                let part = chunk.range_response.unwrap_or_default();
                if ended {
                    return Answer::Broken("a chunk after the one with the header".into());
                }
                ended = part.header.is_some();
                whole.kvs.extend(part.kvs);
                whole.header = part.header;
                whole.more |= part.more;
                whole.count += part.count;
            }
        }
    }
    plain(&mut whole.header);
    Answer::Range(whole)
}

async fn keep_alive(wire: &mut Wire, request: pb::LeaseKeepAliveRequest) -> Answer {
    let mut answers = match wire.lease.lease_keep_alive(tokio_stream::once(request)).await {
        Ok(response) => response.into_inner(),
        Err(status) => return Answer::from_status(&status),
    };
    match answers.message().await {
        Ok(Some(mut answer)) => {
            plain(&mut answer.header);
            Answer::KeepAlive(answer)
        }
        Ok(None) => Answer::Broken("the stream ended without an answer".into()),
        Err(status) => Answer::from_status(&status),
    }
}
