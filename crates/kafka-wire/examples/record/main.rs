//! Records what the real Apache Kafka answers into `tests/golden/`: every API and version of the table, asked by this crate's own
//! messages, and what other clients ask and are answered.
//!
//! ```sh
//! interop/peers/build-kafka && interop/clients/build
//! cargo run -p kafka-wire --example record
//! cargo run -p kafka-wire --example record -- --libraries FOLDER_OF_KAFKAS_JARS --clients FOLDER_OF_CLIENTS/run
//! ```
//!
//! A broker is started for it on ports of 127.0.0.1 that are always the same, with data that is removed afterwards. Each step says
//! which error it expects: an answer with another one ends the recording, and nothing is written.

#![allow(clippy::disallowed_methods, reason = "a tool that talks to a broker and writes files")]

mod broker;
mod clients;
mod cluster;
mod configs;
mod golden;
mod groups;
mod members;
mod proxy;
mod records;
mod security;
mod shares;
mod stage;
mod streams;
mod talker;
mod tokens;
mod topics;
mod transactions;

use std::path::{Path, PathBuf};

use crate::{broker::Broker, golden::Golden, stage::Stage};

fn main() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut libraries = repository.join("interop/peers/bin/kafka/libs");
    let mut clients = repository.join("interop/clients");
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let folder = PathBuf::from(arguments.next().unwrap_or_else(|| panic!("{name} wants a folder")));
        match &*name {
            "--libraries" => libraries = folder,
            "--clients" => clients = folder,
            _ => panic!("{name} is not known: --libraries FOLDER, --clients FOLDER"),
        }
    }
    let golden = Golden::default();
    let broker = Broker::start(&libraries, &repository.join("interop/peers/kafka/log4j2.properties"));
    record(&golden, &broker);
    clients::record(&golden, &clients);
    drop(broker);
    golden.write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"));
}

fn record(golden: &Golden, broker: &Broker) {
    let mut stage = Stage::new(golden);
    topics::record(&mut stage);
    groups::find_coordinator(&mut stage);
    transactions::record(&mut stage);
    records::record(&mut stage);
    groups::record(&mut stage);
    members::record(&mut stage);
    configs::record(&mut stage);
    cluster::record(&mut stage, broker);
    security::record(&mut stage);
    tokens::record(&mut stage);
    shares::record(&mut stage);
    streams::record(&mut stage);
    topics::remove(&mut stage);
}
