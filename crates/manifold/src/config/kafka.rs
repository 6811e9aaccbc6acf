//! What the settings say together about who comes in at the Kafka door.

use std::{net::SocketAddr, time::Duration};

use door_kafka::{Mechanism, SaslOptions, SecurityOptions};
use gate::tls::{ClientAuth, PrincipalRules};

use super::{
    settings::Config,
    tls::{Door, DoorTls},
};

/// The settings of their own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KafkaSecurity {
    /// Whether clients have to sign in.
    pub(crate) sasl: bool,
    /// Empty: all that are safe on the door's address.
    pub(crate) mechanisms: Vec<Mechanism>,
    /// Zero: as long as the connection lasts.
    pub(crate) session: Duration,
    /// Whether grants are enforced.
    pub(crate) authorization: bool,
    /// As they are written; they were read once. Empty: names are taken as they are.
    pub(crate) principal_rules: String,
}

/// Reads a list of mechanisms.
pub(super) fn mechanisms(text: &str) -> Result<Vec<Mechanism>, String> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let expected = || format!("has \"{name}\", which is none of SCRAM-SHA-512, SCRAM-SHA-256 and PLAIN");
        let mechanism = Mechanism::from_name(name).ok_or_else(expected)?;
        if found.contains(&mechanism) {
            return Err(format!("has {name} twice"));
        }
        found.push(mechanism);
    }
    Ok(found)
}

/// Reads one of two words.
pub(super) fn switch(text: &str, on: &str) -> Result<bool, String> {
    match text {
        "off" => Ok(false),
        _ if text == on => Ok(true),
        _ => Err(format!("is neither off nor {on}")),
    }
}

/// Reads rules and gives their text back.
pub(super) fn rules(text: &str) -> Result<String, String> {
    if !text.is_empty() {
        PrincipalRules::parse(text)?;
    }
    Ok(text.to_owned())
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

impl Config {
    /// Whether a password may come over the wire as it is.
    fn takes_passwords(&self) -> bool {
        self.door_tls(Door::Kafka) != DoorTls::Off || self.kafka.is_some_and(is_loopback)
    }

    fn kafka_mechanisms(&self) -> Vec<Mechanism> {
        let given = &self.kafka_security.mechanisms;
        let all = if given.is_empty() { &Mechanism::ALL[..] } else { given };
        all.iter().copied().filter(|mechanism| *mechanism != Mechanism::Plain || self.takes_passwords()).collect()
    }

    /// What the door demands.
    pub(crate) fn kafka_security_options(&self) -> SecurityOptions {
        let KafkaSecurity { sasl, session, authorization, principal_rules, .. } = &self.kafka_security;
        SecurityOptions {
            sasl: sasl.then(|| SaslOptions {
                mechanisms: self.kafka_mechanisms(),
                session: Some(*session).filter(|session| !session.is_zero()),
            }),
            authorization: *authorization,
            principal_rules: PrincipalRules::parse(principal_rules).unwrap_or_default(),
        }
    }

    fn asks_for_certificates(&self) -> bool {
        matches!(self.door_tls(Door::Kafka), DoorTls::On(ClientAuth::Request | ClientAuth::Require))
    }

    /// What is wrong with the settings about who comes in.
    pub(super) fn check_kafka(&self, problems: &mut Vec<String>) {
        let Some(address) = self.kafka else { return };
        let KafkaSecurity { sasl, mechanisms, session, authorization, principal_rules } = &self.kafka_security;
        if !sasl && (!mechanisms.is_empty() || !session.is_zero()) {
            problems.push("kafka-sasl-mechanisms and kafka-sasl-session are for kafka-sasl = required; say that, too".to_owned());
        }
        if *sasl && mechanisms.contains(&Mechanism::Plain) && !self.takes_passwords() {
            problems.push(format!(
                "kafka-sasl-mechanisms: with PLAIN everyone on the way to {address} reads passwords; \
                 give the door TLS (kafka-tls), or leave PLAIN out"
            ));
        }
        if *authorization && !sasl && !self.asks_for_certificates() {
            problems.push(
                "kafka-authorization: nobody could say who they are; say kafka-sasl = required, or kafka-tls = request"
                    .to_owned(),
            );
        }
        if !principal_rules.is_empty() && !self.asks_for_certificates() {
            problems.push(
                "kafka-principal-rules are about clients' certificates; say kafka-tls = request or require, too".to_owned(),
            );
        }
    }

    fn knows_clients(&self) -> bool {
        self.kafka.is_some() && (self.kafka_security.sasl || self.kafka_security.authorization)
    }

    /// Whether records go in and out over HTTP, where nobody says who they are.
    pub(crate) fn takes_records_over_http(&self) -> bool {
        self.http_records.unwrap_or(!self.knows_clients())
    }

    /// A way around what Kafka's clients are held to.
    pub(super) fn advice_on_records(&self) -> Option<String> {
        let address = self.http.filter(|_| self.knows_clients() && self.http_records == Some(true))?;
        Some(format!(
            "http-records: whoever reaches {address} may read and write all topics, though Kafka's clients have to sign in; \
             see to it that only friends reach it"
        ))
    }

    /// What can be used as it is and is likely to be a mistake.
    pub(super) fn advice_on_kafka(&self) -> Option<String> {
        let address = self.kafka.filter(|address| !is_loopback(*address) && !self.kafka_security.authorization)?;
        let lets_in = !self.kafka_security.sasl && self.door_tls(Door::Kafka) != DoorTls::On(ClientAuth::Require);
        let who = if lets_in { "whoever reaches" } else { "whoever signs in at" };
        Some(format!(
            "kafka: {who} {address} may read and change all topics and groups; say kafka-authorization = on, \
             or see to it that only friends reach it"
        ))
    }
}
