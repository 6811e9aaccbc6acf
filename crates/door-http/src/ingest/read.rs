//! Reading records: from an offset on, waiting for them if that is wanted.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base::Kind;
use kafka_wire::batch::{Batch, Batches, Fault, Record};
use replica::streams::{Bell, Found, Place};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Ingest, Shared, answer::put_number, content};
use crate::{
    limits::{READ_BYTES, READ_BYTES_MAX, READ_INFLATED_BYTES_MAX, READ_WAIT_MAX},
    problem::{Problem, Reason},
};

/// Header of an answer in NDJSON: the offset to go on with.
const NEXT_OFFSET: HeaderName = HeaderName::from_static("manifold-next-offset");
/// Header of an answer in NDJSON: the offset that the next record gets.
const LOG_END: HeaderName = HeaderName::from_static("manifold-log-end");

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// The first record's; none: the first that is kept.
    offset: Option<i64>,
    max_bytes: Option<usize>,
    timeout_ms: Option<u64>,
}

/// What is given.
#[derive(Default)]
struct Given {
    /// Records as JSON, with something between them.
    records: Vec<u8>,
    count: usize,
    /// The offset behind the last one.
    next: i64,
}

pub(crate) async fn records(
    State(ingest): State<Ingest>,
    Path((topic, partition)): Path<(String, String)>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let read = async {
        let Query(parameters) = parameters.map_err(|error| Problem::new(Reason::Malformed, error.body_text()))?;
        let wrong = |_| Problem::new(Reason::Malformed, "a partition is a number from 0 on");
        let partition: u32 = partition.parse().map_err(wrong)?;
        read(&ingest.0, &topic, partition, &parameters, wants_lines(&headers)).await
    };
    read.await.unwrap_or_else(|problem: Problem| {
        ingest.0.meters.refused(problem.reason);
        problem.into_response()
    })
}

fn wants_lines(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("ndjson"))
}

async fn read(shared: &Shared, name: &str, number: u32, asked: &Parameters, lines: bool) -> Result<Response, Problem> {
    let topic = shared.find(name)?;
    let place = shared.topics.place(&topic, number).map_err(|error| match error.kind {
        Kind::NotFound => Problem::new(Reason::UnknownPartition, error.message),
        _ => Problem::of_error(&error),
    })?;
    let timeout = Duration::from_millis(asked.timeout_ms.unwrap_or(0)).min(READ_WAIT_MAX);
    let given = wait_for(shared, &place, asked, timeout, if lines { b"\n" } else { b"," }).await?;
    shared.meters.read(given.count, given.records.len());
    let (start, end) = bounds(&place);
    Ok(if lines { as_lines(given, end) } else { as_json(&given, name, number, start, end) })
}

/// Where the partition begins and ends, as far as this node has applied it.
fn bounds(place: &Place) -> (i64, i64) {
    place.shard.machine().partition(place.id).map_or((0, 0), |info| (info.log_start, info.end))
}

/// Records from the offset on; none if none came in time.
async fn wait_for(
    shared: &Shared,
    place: &Place,
    asked: &Parameters,
    timeout: Duration,
    between: &[u8],
) -> Result<Given, Problem> {
    let give_up = Instant::now() + timeout;
    let bytes_max = asked.max_bytes.unwrap_or(READ_BYTES).min(READ_BYTES_MAX);
    let mut offset = asked.offset.unwrap_or_else(|| bounds(place).0);
    let (mut bell, mut waiting) = (Bell::new(), None);
    loop {
        if let Some(given) = look(shared, place, offset, bytes_max, between).await? {
            if given.count > 0 {
                return Ok(given);
            }
            // Nothing of what lies there is for readers.
            offset = given.next;
            continue;
        }
        if Instant::now() >= give_up {
            return Ok(Given { next: offset, ..Given::default() });
        }
        if waiting.is_none() {
            waiting = Some(shared.waiting.take(1)?);
            // What came before it hung is not told: look again.
            place.shard.hang(&mut bell, place.id);
            continue;
        }
        // When the time is over, there is a last look.
        let _ = tokio::time::timeout_at(give_up, bell.moved()).await;
    }
}

/// What lies at an offset; `None` at the end.
async fn look(shared: &Shared, place: &Place, offset: i64, bytes_max: usize, between: &[u8]) -> Result<Option<Given>, Problem> {
    let _share = shared.reads.take(bytes_max)?;
    let found = place.shard.read(place.id, offset, bytes_max, true).await.map_err(|error| Problem::of_error(&error))?;
    match found {
        Found::Batches(batches) => {
            let bytes = batches.pieces.concat();
            let mut given = Given { next: offset, ..Given::default() };
            add_all(&bytes, bytes_max, between, &mut given).map_err(|fault| of_fault(&fault, given.next))?;
            given.next = if given.count == 0 { batches.next.max(offset + 1) } else { given.next };
            Ok(Some(given))
        }
        Found::AtEnd => Ok(None),
        Found::Unknown if offset == 0 => Ok(None),
        Found::BeyondEnd | Found::BelowStart | Found::Unknown => Err(out_of_range(place, offset)),
    }
}

/// Adds the records of these batches from `given.next` on, until they are as many bytes as are wanted, and at least one.
fn add_all(bytes: &[u8], bytes_max: usize, between: &[u8], given: &mut Given) -> Result<(), Fault> {
    let from = given.next;
    for batch in Batches::new(bytes) {
        let batch = batch?;
        if batch.is_control() {
            continue;
        }
        let inflated = inflate(&batch)?;
        for record in batch.records(&inflated) {
            let record = record?;
            if record.offset < from {
                continue;
            }
            if given.count > 0 {
                if given.records.len() >= bytes_max {
                    return Ok(());
                }
                given.records.extend_from_slice(between);
            }
            put_record(&mut given.records, &record);
            given.count += 1;
            given.next = record.offset + 1;
        }
    }
    Ok(())
}

fn inflate<'a>(batch: &Batch<'a>) -> Result<std::borrow::Cow<'a, [u8]>, Fault> {
    // What is not compressed is here already.
    batch.inflate(READ_INFLATED_BYTES_MAX.max(batch.payload().len()))
}

fn put_record(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(b"{\"offset\":");
    put_number(out, record.offset);
    out.extend_from_slice(b",\"timestamp\":");
    put_number(out, record.timestamp);
    out.extend_from_slice(b",\"key\":");
    content::write(out, record.key);
    out.extend_from_slice(b",\"value\":");
    content::write(out, record.value);
    out.extend_from_slice(b",\"headers\":[");
    for (at, one) in record.headers.clone().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.push(b'[');
        content::write_text(out, &String::from_utf8_lossy(one.key));
        out.push(b',');
        content::write(out, one.value);
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
}

fn as_json(given: &Given, topic: &str, partition: u32, start: i64, end: i64) -> Response {
    let mut out = Vec::with_capacity(given.records.len() + 256);
    out.extend_from_slice(b"{\"topic\":");
    content::write_text(&mut out, topic);
    for (name, number) in [("partition", partition.into()), ("log_start", start), ("log_end", end), ("next", given.next)] {
        out.extend_from_slice(format!(",\"{name}\":{number}").as_bytes());
    }
    out.extend_from_slice(b",\"records\":[");
    out.extend_from_slice(&given.records);
    out.extend_from_slice(b"]}");
    super::answer::json(StatusCode::OK, Body::from(out))
}

fn as_lines(mut given: Given, end: i64) -> Response {
    if given.count > 0 {
        given.records.push(b'\n');
    }
    let mut response = Body::from(given.records).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(NEXT_OFFSET, HeaderValue::from(given.next));
    headers.insert(LOG_END, HeaderValue::from(end));
    response
}

fn out_of_range(place: &Place, offset: i64) -> Problem {
    let (start, end) = bounds(place);
    let text = format!("the partition has no offset {offset}: read from log_start {start} to log_end {end}");
    Problem::new(Reason::OutOfRange, text).with("log_start", start).with("log_end", end)
}

fn of_fault(fault: &Fault, offset: i64) -> Problem {
    match fault {
        Fault::TooLarge => {
            let text = format!(
                "the batch at offset {offset} has more than {READ_INFLATED_BYTES_MAX} bytes inflated: read it with a Kafka client"
            );
            Problem::new(Reason::TooLarge, text)
        }
        fault => Problem::new(Reason::Broken, format!("the batch at offset {offset} cannot be read: {fault}")),
    }
}
