//! `manifold ctl topic | group | produce | consume`: what people do with streams, over the protocol of Kafka's clients.
//!
//! These commands speak to a Kafka door as any client does, so that they show what clients see, work from another machine
//! (`--bootstrap`), and with any broker of the protocol. A [`client::Client`] keeps one blocking [`connection::Connection`] for each
//! broker. A connection asks ApiVersions first: what the broker does not have is told by name, and each request goes in the newest
//! version that both sides have. Answers are read in memory that grows with the bytes that come.
//!
//! What goes wrong is a [`fault::Fault`], by what can be done about it. What passes by itself, like a leader that is being elected, is
//! repeated for half a minute with new metadata; requests that must not be done twice are not repeated after their connection broke.
//! [`produce()`] may repeat: it has an id and numbers its batches, so a broker knows the ones that it has.

pub(crate) mod arguments;
mod assignment;
mod client;
mod configs;
mod connection;
mod consume;
mod fault;
mod groups;
mod interrupt;
mod latency;
mod limits;
mod lines;
mod membership;
mod partitioner;
mod place;
mod produce;
mod record_text;
mod reset;
mod round;
#[cfg(test)]
mod scripted;
mod topics;

pub(super) use place::readable_time;

use std::path::Path;

use arguments::{Bootstrap, Consume, Group, GroupCommand, Produce, Topic, TopicCommand};
use client::Client;
use record_text::Format;

use super::{answer, members::confirm};
use crate::exit::{Code, Failure, Outcome};

/// Connects to the broker that is named, or to the door of the node in `data_dir`.
fn connect(data_dir: &Path, at: Bootstrap) -> Outcome<Client> {
    let bootstrap = match at.bootstrap {
        Some(bootstrap) => bootstrap,
        None => {
            let status: door_http::admin::Status = super::client::ask(data_dir, "/v1/status").map_err(|mut failure| {
                failure.message += "; or name a broker with --bootstrap HOST:PORT";
                failure
            })?;
            let closed = || Failure::new(Code::NoNode, "the node has no Kafka door open; start it with --kafka HOST:PORT");
            status.doors.kafka.ok_or_else(closed)?
        }
    };
    Client::connect(bootstrap)
}

/// `ctl topic …`
pub(super) fn topic(data_dir: &Path, json: bool, topic: Topic) -> Outcome {
    let client = &mut connect(data_dir, topic.at)?;
    let changed = match topic.command {
        TopicCommand::List => return answer(json, &topics::list(client)?, |listed| topics::list_text(listed)),
        TopicCommand::Describe { name, all_settings } => {
            return answer(json, &topics::describe(client, &name, all_settings)?, topics::Described::to_text);
        }
        TopicCommand::Create { name, partitions, configs } => topics::create(client, &name, partitions, &configs)?,
        TopicCommand::Delete { name, yes } => {
            confirm(yes, &format!("Delete topic {name} with all its records for good?"))?;
            topics::delete(client, &name)?
        }
        TopicCommand::Alter { name, configs, deleted } => configs::alter(client, &name, &configs, &deleted)?,
        TopicCommand::Grow { name, partitions } => topics::grow(client, &name, partitions)?,
        TopicCommand::Trim { name, partition, before } => topics::trim(client, &name, partition, before)?,
    };
    answer(json, &changed, topics::Changed::to_text)
}

/// `ctl group …`
pub(super) fn group(data_dir: &Path, json: bool, group: Group) -> Outcome {
    let client = &mut connect(data_dir, group.at)?;
    match group.command {
        GroupCommand::List => answer(json, &groups::list(client)?, |listed| groups::list_text(listed)),
        GroupCommand::Describe { name, watch: true } => groups::watch(client, &name, json),
        GroupCommand::Describe { name, watch: false } => {
            answer(json, &groups::describe(client, &name)?, groups::Described::to_text)
        }
        GroupCommand::Delete { name, yes } => {
            confirm(yes, &format!("Delete group {name} with all that it committed?"))?;
            answer(json, &groups::delete(client, &name)?, groups::Deleted::to_text)
        }
        GroupCommand::Reset { name, topic, partition, to, execute } => {
            let reset = reset::reset(client, &name, &topic, partition, to, execute)?;
            answer(json, &reset, reset::Reset::to_text)
        }
    }
}

/// `ctl produce`
pub(super) fn produce(data_dir: &Path, json: bool, produce: Produce) -> Outcome {
    let client = &mut connect(data_dir, produce.at)?;
    let options = produce::Options {
        topic: produce.topic,
        file: produce.file,
        key_separator: produce.key_separator,
        partition: produce.partition,
        codec: produce.codec.into(),
        headers: produce.headers,
        idempotent: !produce.no_idempotence,
    };
    let (summary, outcome) = produce::produce(client, options)?;
    let told = answer(json, &summary, produce::Summary::to_text);
    outcome.and(told)
}

/// `ctl consume`
pub(super) fn consume(data_dir: &Path, json: bool, consume: Consume) -> Outcome {
    let client = &mut connect(data_dir, consume.at)?;
    let options = consume::Options {
        topic: consume.topic,
        partition: consume.partition,
        from: consume.from,
        group: consume.group,
        count: consume.count,
        exit_at_end: consume.exit_at_end,
        format: if json { Format::Json } else { consume.format },
    };
    consume::consume(client, &options)
}
