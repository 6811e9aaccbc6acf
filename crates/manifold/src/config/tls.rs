//! What the settings say together about TLS between clients and doors.

use std::path::PathBuf;

use gate::{
    Tls,
    tls::{ClientAuth, TlsFiles, TlsOptions},
};

use super::settings::Config;

/// PEM files that all doors share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DoorFiles {
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) client_ca: Option<PathBuf>,
    pub(crate) crl: Option<PathBuf>,
}

/// How a door speaks with its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoorTls {
    Off,
    On(ClientAuth),
}

/// A door that may have TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Etcd,
    Http,
    Kafka,
}

impl Door {
    const ALL: [Self; 3] = [Self::Etcd, Self::Http, Self::Kafka];

    fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::Http => "http",
            Self::Kafka => "kafka",
        }
    }

    /// What its clients may speak, the best first.
    fn protocols(self) -> &'static [&'static [u8]] {
        match self {
            Self::Etcd => &[b"h2", b"http/1.1"],
            Self::Http => &[b"http/1.1"],
            // Kafka's clients agree on nothing before they speak.
            Self::Kafka => &[],
        }
    }
}

/// Reads a door's own setting; nothing: what the files say.
pub(super) fn mode(text: &str) -> Result<Option<DoorTls>, String> {
    match text {
        "" => Ok(None),
        "off" => Ok(Some(DoorTls::Off)),
        "on" => Ok(Some(DoorTls::On(ClientAuth::None))),
        "request" => Ok(Some(DoorTls::On(ClientAuth::Request))),
        "require" => Ok(Some(DoorTls::On(ClientAuth::Require))),
        _ => Err("is none of off, on, request and require".to_owned()),
    }
}

impl Config {
    fn given(&self, door: Door) -> (bool, Option<DoorTls>) {
        match door {
            Door::Etcd => (self.etcd.is_some(), self.etcd_tls),
            Door::Http => (self.http.is_some(), self.http_tls),
            Door::Kafka => (self.kafka.is_some(), self.kafka_tls),
        }
    }

    /// How a door speaks. Without a setting of its own it does the strictest that there are files for.
    pub(crate) fn door_tls(&self, door: Door) -> DoorTls {
        let by_files = match (&self.tls_files.cert, &self.tls_files.client_ca) {
            (None, _) => DoorTls::Off,
            (Some(_), None) => DoorTls::On(ClientAuth::None),
            (Some(_), Some(_)) => DoorTls::On(ClientAuth::Require),
        };
        self.given(door).1.unwrap_or(by_files)
    }

    /// `https` or `http`.
    pub(crate) fn scheme(&self, door: Door) -> &'static str {
        if self.door_tls(door) == DoorTls::Off { "http" } else { "https" }
    }

    /// What a door's TLS is made of; `None`: it is not open, or has none.
    pub(crate) fn tls_options(&self, door: Door) -> Option<TlsOptions> {
        let (DoorTls::On(client_auth), true) = (self.door_tls(door), self.given(door).0) else { return None };
        let DoorFiles { cert, key, client_ca, crl } = self.tls_files.clone();
        let asks = client_auth != ClientAuth::None;
        let files = TlsFiles { cert: cert?, key: key?, client_ca: client_ca.filter(|_| asks), crl: crl.filter(|_| asks) };
        Some(TlsOptions { door: door.name(), files, client_auth, protocols: door.protocols() })
    }

    /// What is wrong with the settings about TLS; files are read, so that a mistake is told before anything else is done.
    pub(super) fn check_tls(&self, problems: &mut Vec<String>) {
        let DoorFiles { cert, key, client_ca, crl } = &self.tls_files;
        let before = problems.len();
        match (cert, key) {
            (Some(_), None) => problems.push("tls-cert and tls-key belong together; missing: tls-key".to_owned()),
            (None, Some(_)) => problems.push("tls-cert and tls-key belong together; missing: tls-cert".to_owned()),
            (None, None) if client_ca.is_some() => {
                problems.push("tls-client-ca is for doors with TLS; give tls-cert and tls-key, too".to_owned());
            }
            _ => {}
        }
        if crl.is_some() && client_ca.is_none() {
            problems.push("tls-crl is about clients of tls-client-ca; give that, too".to_owned());
        }
        for door in Door::ALL {
            let (name, DoorTls::On(auth)) = (door.name(), self.door_tls(door)) else { continue };
            if cert.is_none() && key.is_none() {
                problems.push(format!("{name}-tls: TLS needs tls-cert and tls-key; give them, or say off"));
            }
            if auth != ClientAuth::None && client_ca.is_none() {
                problems.push(format!("{name}-tls: client certificates need tls-client-ca; give it, or say on"));
            }
        }
        if problems.len() > before {
            return;
        }
        // All doors read the same files, so the first complaint is enough.
        let mut doors = Door::ALL.into_iter().filter_map(|door| self.tls_options(door));
        problems.extend(doors.find_map(|options| {
            let door = options.door;
            Tls::open(options).err().map(|error| format!("the {door} door cannot speak TLS: {error}"))
        }));
    }

    /// What can be used as it is and is likely to be a mistake.
    pub(super) fn advice_on_tls(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if self.tls_files.cert.is_some() && Door::ALL.iter().all(|door| self.tls_options(*door).is_none()) {
            advice.push("tls-cert is given and no door uses it".to_owned());
        }
        let is_secured = self.door_tls(Door::Etcd) != DoorTls::Off;
        if let Some(etcd) = self.etcd.filter(|etcd| !is_secured && !etcd.ip().to_canonical().is_loopback()) {
            advice.push(format!(
                "etcd: whoever reaches {etcd} may read and change everything, in plain text; \
                 give tls-cert, tls-key and tls-client-ca, or see to it that only friends reach it"
            ));
        }
        if let Some(url) = self.etcd_advertise.iter().find(|url| is_secured && url.starts_with("http://")) {
            let secured = url.replacen("http://", "https://", 1);
            advice.push(format!("clients are told {url} and speak plain text there, where the door speaks TLS; say {secured}"));
        }
        advice
    }
}
