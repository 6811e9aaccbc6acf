//! The routes of topics themselves.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base::{Error, Kind};
use cluster::{
    catalogue::{Command, Configs, Topic},
    settings,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Ingest, Shared, answer, internal};
use crate::{
    body::whole,
    limits::PARTITIONS_MAX,
    problem::{Problem, Reason},
};

/// What a new topic shall be like. A body that is empty leaves all to the server.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    partitions: Option<u32>,
    configs: BTreeMap<String, Value>,
}

pub(crate) async fn list(State(ingest): State<Ingest>) -> Response {
    let all = ingest.0.topics.all();
    let topics: Vec<Value> = all.iter().map(|topic| summary(topic)).collect();
    respond(StatusCode::OK, &json!({ "topics": topics }))
}

pub(crate) async fn describe(State(ingest): State<Ingest>, Path(name): Path<String>) -> Response {
    match ingest.0.find(&name) {
        Ok(topic) => respond(StatusCode::OK, &description(&ingest.0, &topic)),
        Err(problem) => refuse(&ingest.0, problem),
    }
}

pub(crate) async fn create(State(ingest): State<Ingest>, Path(name): Path<String>, request: Request) -> Response {
    match create_one(&ingest.0, &name, request.into_body()).await {
        Ok((status, topic)) => respond(status, &description(&ingest.0, &topic)),
        Err(problem) => refuse(&ingest.0, problem),
    }
}

pub(crate) async fn delete(State(ingest): State<Ingest>, Path(name): Path<String>) -> Response {
    match delete_one(&ingest.0, &name).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => refuse(&ingest.0, problem),
    }
}

fn refuse(shared: &Shared, problem: Problem) -> Response {
    shared.meters.refused(problem.reason);
    problem.into_response()
}

fn respond(status: StatusCode, value: &Value) -> Response {
    answer::json(status, Body::from(value.to_string()))
}

fn summary(topic: &Topic) -> Value {
    json!({ "topic": &*topic.name, "partitions": topic.partitions(), "internal": topic.internal })
}

/// A topic with where each partition begins and ends, as far as this node has applied it.
fn description(shared: &Shared, topic: &Topic) -> Value {
    let partition = |number: u32| {
        let Ok(place) = shared.topics.place(topic, number) else { return json!({ "partition": number }) };
        let info = place.shard.machine().partition(place.id);
        let (start, end) = info.map_or((0, 0), |info| (info.log_start, info.end));
        let leader = place.shard.leadership().leader.map(|leader| format!("{leader:x}"));
        json!({ "partition": number, "leader": leader, "log_start": start, "log_end": end })
    };
    let count = u32::try_from(topic.partitions()).unwrap_or(u32::MAX);
    let partitions: Vec<Value> = (0..count).map(partition).collect();
    json!({
        "topic": &*topic.name,
        "internal": topic.internal,
        "created_ms": topic.created_ms,
        "configs": topic.configs,
        "partitions": partitions,
    })
}

async fn create_one(shared: &Shared, name: &str, body: Body) -> Result<(StatusCode, std::sync::Arc<Topic>), Problem> {
    let bytes_max = usize::try_from(gate::limits::HTTP_BODY_BYTES_MAX).unwrap_or(usize::MAX);
    let (body, _share) = whole(body, bytes_max, &shared.room).await?;
    let wanted = if body.is_empty() { Wanted::default() } else { parse(&body)? };
    let configs = configs(shared, &wanted)?;
    let partitions = wanted.partitions.unwrap_or(shared.options.partitions);
    if !(1..=PARTITIONS_MAX).contains(&partitions) {
        return Err(Problem::new(Reason::InvalidSetting, format!("a topic has 1 to {PARTITIONS_MAX} partitions")));
    }
    match shared.topics.create(name, partitions, configs.clone()).await {
        Ok(_) => Ok((StatusCode::CREATED, shared.find(name)?)),
        Err(error) if error.kind == Kind::Conflict => {
            let topic = shared.find(name)?;
            let is_same = topic.configs == configs && wanted.partitions.is_none_or(|count| topic.partitions() == count as usize);
            // To create what is there already is to have it.
            if is_same { Ok((StatusCode::OK, topic)) } else { Err(of_change(&error)) }
        }
        Err(error) => Err(of_change(&error)),
    }
}

fn parse(body: &[u8]) -> Result<Wanted, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::of_json(&error))
}

/// What is kept of the settings that a new topic is asked to have. What is so already is not.
fn configs(shared: &Shared, wanted: &Wanted) -> Result<Configs, Problem> {
    let invalid = |text: String| Problem::new(Reason::InvalidSetting, text);
    let text = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => return Err(invalid(format!("the value of {name} is neither a string nor a number nor a boolean"))),
        };
        Ok((name.clone(), value))
    };
    let texts: Configs = wanted.configs.iter().map(text).collect::<Result<_, _>>()?;
    let asked = texts.iter().map(|(name, value)| (name.as_str(), Some(value.as_str())));
    settings::create(asked, &shared.topics.brokers_told()).map_err(|error| invalid(error.message))
}

async fn delete_one(shared: &Shared, name: &str) -> Result<(), Problem> {
    let topic = shared.find(name)?;
    if topic.internal {
        return Err(internal(name));
    }
    shared.topics.change(Command::DeleteTopic { id: topic.id }).await.map_err(|error| of_change(&error))
}

fn of_change(error: &Error) -> Problem {
    match error.kind {
        Kind::Invalid => Problem::new(Reason::InvalidTopic, error.message.clone()),
        Kind::Unavailable => {
            let text = format!("{}: whether it was done is not known; look with GET, or repeat it", error.message);
            Problem::new(Reason::Unavailable, text)
        }
        _ => Problem::of_error(error),
    }
}
