//! The routes that take records.

use axum::{
    body::Body,
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{
    Ingest, Shared, answer,
    content::Content,
    delivery::{Delivery, Tally, wall_ms},
    lines::{Line, Lines},
    meters::{Outcome, Route},
    record::{Incoming, Many, TOO_MANY, Timestamp},
};
use crate::{
    body::{Pieces, whole},
    limits::{
        LINE_BYTES_MAX, PROBLEMS_IN_REQUEST_MAX, RECORDS_BODY_BYTES_MAX, RECORDS_IN_LINES_MAX, REQUEST_OVERHEAD_BYTES,
        WINDOW_BYTES, WINDOWS_MAX,
    },
    object,
    problem::{Problem, Reason},
    room::Share,
};

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Media {
    Json,
    Lines,
    Raw,
}

/// Where the record of a raw body goes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawParameters {
    partition: Option<u32>,
    key: Option<String>,
    timestamp: Option<u64>,
}

/// What one request brought, on its way.
struct Taken {
    delivery: Delivery,
    /// Why what follows was not taken.
    cut: Option<Problem>,
}

pub(crate) async fn one(State(ingest): State<Ingest>, request: Request) -> Response {
    respond(&ingest, Route::Produce, async {
        accept(&request, &[Media::Json], "application/json")?;
        let (body, share) = read_whole(&ingest.0, Route::Produce, request.into_body(), RECORDS_BODY_BYTES_MAX).await?;
        let record: Incoming<'_> = object::read(&body)?;
        Ok(deliver_one(&ingest, Route::Produce, None, record, share).await)
    })
    .await
}

pub(crate) async fn batch(State(ingest): State<Ingest>, request: Request) -> Response {
    respond(&ingest, Route::Batch, async {
        let media = accept(&request, &[Media::Json, Media::Lines], "application/json or application/x-ndjson")?;
        let taken = take_many(&ingest, Route::Batch, media, None, request.into_body()).await?;
        Ok(finish(&ingest, Route::Batch, taken).await)
    })
    .await
}

pub(crate) async fn fire(State(ingest): State<Ingest>, request: Request) -> Response {
    respond(&ingest, Route::Fire, async {
        let media = accept(&request, &[Media::Json, Media::Lines], "application/json or application/x-ndjson")?;
        let taken = take_many(&ingest, Route::Fire, media, None, request.into_body()).await?;
        Ok(forget(&ingest, taken))
    })
    .await
}

pub(crate) async fn to_topic(
    State(ingest): State<Ingest>,
    Path(topic): Path<String>,
    parameters: Result<Query<RawParameters>, QueryRejection>,
    request: Request,
) -> Response {
    respond(&ingest, Route::Topic, async {
        let Query(parameters) = parameters.map_err(|error| Problem::new(Reason::Malformed, error.body_text()))?;
        let all = "application/json, application/x-ndjson or application/octet-stream";
        let media = accept(&request, &[Media::Json, Media::Lines, Media::Raw], all)?;
        if media != Media::Raw && request.uri().query().is_some_and(|query| !query.is_empty()) {
            let text = "parameters go with application/octet-stream only: say key and partition in the records";
            return Err(Problem::new(Reason::Malformed, text));
        }
        let (topic, body) = (Some(&*topic), request.into_body());
        match media {
            Media::Raw => {
                let (body, share) = read_whole(&ingest.0, Route::Topic, body, LINE_BYTES_MAX).await?;
                Ok(deliver_one(&ingest, Route::Topic, topic, parameters.record(&body)?, share).await)
            }
            Media::Json => {
                let (body, share) = read_whole(&ingest.0, Route::Topic, body, RECORDS_BODY_BYTES_MAX).await?;
                match parse_many(&body) {
                    Ok(many) => {
                        let taken = pack(&ingest, topic, many, share).await;
                        Ok(finish(&ingest, Route::Topic, taken).await)
                    }
                    Err(error) if is_of_one(&error) => {
                        let record = object::read(&body)?;
                        Ok(deliver_one(&ingest, Route::Topic, topic, record, share).await)
                    }
                    Err(error) => Err(of_many_json(&error)),
                }
            }
            Media::Lines => {
                let taken = take_many(&ingest, Route::Topic, media, topic, body).await?;
                Ok(finish(&ingest, Route::Topic, taken).await)
            }
        }
    })
    .await
}

/// Counts the request, and answers with what it came to.
async fn respond(ingest: &Ingest, route: Route, work: impl Future<Output = Result<Response, Problem>>) -> Response {
    ingest.0.meters.request(route);
    work.await.unwrap_or_else(|problem| {
        ingest.0.meters.refused(problem.reason);
        problem.into_response()
    })
}

/// What the body is, if it is one of `served`. A content type must be said: browsers send none, or one that is not served, to other
/// sites without asking them first.
fn accept(request: &Request, served: &[Media], named: &'static str) -> Result<Media, Problem> {
    let media = match content_type(request.headers()) {
        Some("application/json") => Some(Media::Json),
        Some("application/x-ndjson" | "application/ndjson") => Some(Media::Lines),
        Some("application/octet-stream") => Some(Media::Raw),
        _ => None,
    };
    let refused = || Problem::new(Reason::MediaType, format!("say what the body is: content-type: {named}"));
    media.filter(|media| served.contains(media)).ok_or_else(refused)
}

/// Without its parameters.
fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(str::trim)
}

async fn read_whole(shared: &Shared, route: Route, body: Body, bytes_max: usize) -> Result<(Bytes, Share), Problem> {
    let (body, share) = whole(body, bytes_max, &shared.room).await?;
    shared.meters.bytes(route, body.len());
    Ok((body, share))
}

impl RawParameters {
    fn record<'a>(&'a self, body: &'a [u8]) -> Result<Incoming<'a>, Problem> {
        let timestamp = self.timestamp.map(|ms| i64::try_from(ms).map(Timestamp)).transpose();
        let late = |_| Problem::new(Reason::Malformed, "a timestamp is in milliseconds since 1970");
        Ok(Incoming {
            topic: None,
            partition: self.partition,
            key: Content(self.key.as_ref().map(|key| key.as_bytes().into())),
            value: Content(Some(body.into())),
            headers: Default::default(),
            timestamp: timestamp.map_err(late)?,
        })
    }
}

async fn deliver_one(ingest: &Ingest, route: Route, topic: Option<&str>, record: Incoming<'_>, share: Share) -> Response {
    let mut delivery = Delivery::new(ingest.0.clone(), topic);
    let now = wall_ms();
    let timestamp = record.timestamp.map_or(now, |timestamp| timestamp.0);
    delivery.add(&record, now).await;
    delivery.send(Some(share));
    delivery.settle().await;
    count(ingest, route, delivery.tally());
    answer::of_one(&delivery, timestamp)
}

fn count(ingest: &Ingest, route: Route, tally: Tally) {
    let meters = &ingest.0.meters;
    meters.records(route, Outcome::Acknowledged, tally.appended);
    meters.records(route, Outcome::Accepted, tally.under_way);
    meters.records(route, Outcome::Refused, tally.refused);
    meters.records(route, Outcome::Unknown, tally.unknown);
}

/// Waits for all outcomes, and answers with them.
async fn finish(ingest: &Ingest, route: Route, taken: Taken) -> Response {
    let Taken { mut delivery, cut } = taken;
    delivery.settle().await;
    count(ingest, route, delivery.tally());
    if let Some(cut) = &cut {
        ingest.0.meters.refused(cut.reason);
    }
    answer::of_many(delivery, cut)
}

/// Answers at once; what becomes of the records is counted.
fn forget(ingest: &Ingest, taken: Taken) -> Response {
    let Taken { mut delivery, cut } = taken;
    let before = delivery.tally();
    // Of a long stream, some windows are settled by now.
    let (accepted, refused) = (before.under_way + before.appended + before.unknown, before.refused);
    let meters = &ingest.0.meters;
    meters.records(Route::Fire, Outcome::Accepted, accepted);
    meters.records(Route::Fire, Outcome::Refused, refused);
    if let Some(cut) = &cut {
        meters.refused(cut.reason);
    }
    let problem = cut.or_else(|| delivery.problem().cloned());
    let ingest = ingest.clone();
    tokio::spawn(async move {
        delivery.settle().await;
        let after = delivery.tally();
        ingest.0.meters.fired(after.appended, accepted - after.appended);
    });
    match problem {
        None => answer::json(StatusCode::ACCEPTED, Body::from(json!({ "accepted": accepted }).to_string())),
        Some(problem) if accepted > 0 => {
            let body = json!({ "accepted": accepted, "refused": refused, "rest": problem.members() });
            answer::json(StatusCode::MULTI_STATUS, Body::from(body.to_string()))
        }
        Some(problem) => problem.with("accepted", 0).into_response(),
    }
}

async fn take_many(ingest: &Ingest, route: Route, media: Media, topic: Option<&str>, body: Body) -> Result<Taken, Problem> {
    if media == Media::Lines {
        return take_lines(ingest, route, topic, body).await;
    }
    let (body, share) = read_whole(&ingest.0, route, body, RECORDS_BODY_BYTES_MAX).await?;
    let many = parse_many(&body).map_err(|error| of_many_json(&error))?;
    Ok(pack(ingest, topic, many, share).await)
}

fn parse_many(body: &[u8]) -> Result<Many<'_>, serde_json::Error> {
    object::parse(body)
}

/// Whether what could not be read as many records may be a single one.
fn is_of_one(error: &serde_json::Error) -> bool {
    let said = error.to_string();
    said.contains("expected `records`") || said.starts_with("missing field `records`")
}

fn of_many_json(error: &serde_json::Error) -> Problem {
    if error.to_string().starts_with(TOO_MANY) {
        Problem::new(Reason::TooLarge, format!("{error}: send fewer at once, or NDJSON, which is streamed"))
    } else {
        Problem::of_json(error)
    }
}

/// Sends the records of a JSON body on their way.
async fn pack(ingest: &Ingest, topic: Option<&str>, many: Many<'_>, share: Share) -> Taken {
    let mut delivery = Delivery::new(ingest.0.clone(), topic);
    let now = wall_ms();
    for record in &many.records.0 {
        delivery.add(record, now).await;
    }
    delivery.send(Some(share));
    Taken { delivery, cut: None }
}

/// Sends the records of a stream on their way, window by window.
async fn take_lines(ingest: &Ingest, route: Route, topic: Option<&str>, body: Body) -> Result<Taken, Problem> {
    let shared = &ingest.0;
    let mut share = shared.room.take(REQUEST_OVERHEAD_BYTES)?;
    let mut delivery = Delivery::new(shared.clone(), topic);
    let (mut pieces, mut lines, mut window, mut cut) = (Pieces::new(body), Lines::default(), 0, None);
    while cut.is_none() {
        let piece = match pieces.next().await {
            Ok(piece) => piece,
            Err(problem) => {
                cut = Some(problem);
                break;
            }
        };
        let is_last = piece.is_none();
        if let Some(piece) = piece {
            match room_for(shared, &mut delivery, piece.len()).await {
                Ok(more) => share.add(more),
                Err(problem) => {
                    cut = Some(problem);
                    break;
                }
            }
            shared.meters.bytes(route, piece.len());
            lines.push(&piece);
            window += piece.len();
        }
        cut = take_ended(&mut delivery, &mut lines, is_last).await;
        if is_last {
            break;
        }
        if window >= WINDOW_BYTES {
            // What waits for the end of its line stays counted here.
            let held = share.split(lines.held()).map_or_else(|| shared.room.take(0), Ok)?;
            delivery.send(Some(std::mem::replace(&mut share, held)));
            window = 0;
            while delivery.windows() >= WINDOWS_MAX {
                delivery.settle_oldest().await;
            }
        }
    }
    delivery.send(Some(share));
    match cut {
        // Nothing came of it, so that there is nothing to tell but why.
        Some(cut) if delivery.len() == 0 => Err(cut),
        cut => Ok(Taken { delivery, cut }),
    }
}

/// Room for a piece of a stream: what is under way of the stream itself may have to be done first.
async fn room_for(shared: &Shared, delivery: &mut Delivery, bytes: usize) -> Result<Share, Problem> {
    if let Ok(share) = shared.room.take(bytes) {
        return Ok(share);
    }
    if delivery.len() == 0 {
        return shared.room.take(bytes);
    }
    delivery.settle().await;
    shared.room.wait(bytes).await
}

/// Takes the records whose lines have ended. Gives why no more are taken, if so.
async fn take_ended(delivery: &mut Delivery, lines: &mut Lines, is_last: bool) -> Option<Problem> {
    let now = wall_ms();
    while let Some(line) = lines.next(is_last) {
        if delivery.len() == RECORDS_IN_LINES_MAX {
            let text = format!("one request has at most {RECORDS_IN_LINES_MAX} records: send the rest in another one");
            return Some(Problem::new(Reason::TooLarge, text));
        }
        if delivery.problems() >= PROBLEMS_IN_REQUEST_MAX {
            return Some(Problem::new(Reason::Malformed, "too many records were refused for the rest to be read"));
        }
        match line {
            Line::Whole(number, bytes) => match object::parse::<Incoming<'_>>(bytes) {
                Ok(record) => delivery.add(&record, now).await,
                // The JSON's own line is always 1.
                Err(error) => delivery.refuse(Problem::of_json(&error).with("line", number)),
            },
            Line::TooLong(number) => {
                let text = format!("a line has at most {LINE_BYTES_MAX} bytes: make the record smaller");
                delivery.refuse(Problem::new(Reason::TooLarge, text).with("line", number));
            }
        }
    }
    None
}
