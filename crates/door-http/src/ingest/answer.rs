//! What is answered of records: where each lies, or why it lies nowhere.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use std::{convert::Infallible, io::Write};

use super::{
    content,
    delivery::{Became, Delivery},
};
use crate::{limits::ANSWER_RECORDS, problem::Problem};

/// JSON with a status.
pub(crate) fn json(status: StatusCode, body: Body) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, kind, body).into_response()
}

/// Of a request with one record, which had this timestamp.
pub(crate) fn of_one(delivery: &Delivery, timestamp: i64) -> Response {
    match delivery.outcome(0) {
        Became::Failed(problem) => problem.clone().into_response(),
        Became::Appended(topic, partition, offset) => {
            let mut out = Vec::with_capacity(128);
            put_place(&mut out, "{\"topic\":", topic, partition);
            put_number(&mut out, offset);
            if !delivery.is_append_time() {
                out.extend_from_slice(b",\"timestamp\":");
                put_number(&mut out, timestamp);
            }
            out.push(b'}');
            json(StatusCode::OK, Body::from(out))
        }
    }
}

/// Of a request with many records, all settled. `cut` says why what follows them was not taken.
pub(crate) fn of_many(delivery: Delivery, cut: Option<Problem>) -> Response {
    let tally = delivery.tally();
    let failed = tally.refused + tally.unknown;
    // When nothing was acknowledged the answer is the problem itself.
    let problem = if tally.appended > 0 { None } else { cut.clone().or_else(|| delivery.problem().cloned()) };
    let mut head = serde_json::Map::new();
    if let Some(problem) = &problem {
        head.extend(problem.members());
    }
    head.insert("acknowledged".to_owned(), tally.appended.into());
    head.insert("failed".to_owned(), failed.into());
    if let Some(cut) = &cut {
        head.insert("rest".to_owned(), Value::Object(cut.members()));
    }
    let mut head = Value::Object(head).to_string().into_bytes();
    head.pop();
    head.extend_from_slice(b",\"records\":[");
    let is_partial = failed > 0 || cut.is_some();
    let body = body(head, delivery);
    match problem {
        Some(problem) => problem.respond_with(body),
        None if is_partial => json(StatusCode::MULTI_STATUS, body),
        None => json(StatusCode::OK, body),
    }
}

/// What begins with `head` and goes on with all records: a long one is written while it is sent.
fn body(head: Vec<u8>, delivery: Delivery) -> Body {
    if delivery.len() <= ANSWER_RECORDS {
        let mut out = head;
        put_records(&mut out, &delivery, 0);
        return Body::from(out);
    }
    let pieces = stream::unfold((head, delivery, 0), async |(mut out, delivery, from)| {
        if from >= delivery.len() {
            return None;
        }
        let next = put_records(&mut out, &delivery, from);
        Some((Ok::<_, Infallible>(Bytes::from(out)), (Vec::new(), delivery, next)))
    });
    Body::from_stream(pieces)
}

/// Writes some records from this one on, and the end behind the last; gives the next one.
fn put_records(out: &mut Vec<u8>, delivery: &Delivery, from: usize) -> usize {
    let to = delivery.len().min(from + ANSWER_RECORDS);
    // Neighbours often differ in their offset only.
    let (mut beginning, mut before) = (Vec::new(), None);
    for at in from..to {
        if at > 0 {
            out.push(b',');
        }
        match delivery.outcome(at) {
            Became::Failed(problem) => {
                out.extend_from_slice(Value::Object(problem.members()).to_string().as_bytes());
            }
            Became::Appended(topic, partition, offset) => {
                if before != Some((topic, partition)) {
                    beginning.clear();
                    put_place(&mut beginning, "{\"status\":200,\"topic\":", topic, partition);
                    before = Some((topic, partition));
                }
                out.extend_from_slice(&beginning);
                put_number(out, offset);
                out.push(b'}');
            }
        }
    }
    if to == delivery.len() {
        out.extend_from_slice(b"]}");
    }
    to
}

fn put_place(out: &mut Vec<u8>, beginning: &str, topic: &str, partition: u32) {
    out.extend_from_slice(beginning.as_bytes());
    content::write_text(out, topic);
    out.extend_from_slice(b",\"partition\":");
    put_number(out, partition.into());
    out.extend_from_slice(b",\"offset\":");
}

pub(crate) fn put_number(out: &mut Vec<u8>, number: i64) {
    write!(out, "{number}").expect("writing to memory cannot fail");
}
