//! What was recorded, and the files that it becomes.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, sync::Mutex};

use kafka_wire::{ApiKey, frame::Request};

/// Who asks when this program does.
pub(crate) const OURS: &str = "kafka-wire";

/// Frames of other clients beyond this size are left out: they show nothing that smaller ones do not.
const OTHERS_BYTES_MAX: usize = 700;

/// A request and its answer, each with its size of four bytes.
struct Exchange {
    version: i16,
    who: String,
    request: Vec<u8>,
    response: Vec<u8>,
}

/// All that was recorded so far.
#[derive(Default)]
pub(crate) struct Golden(Mutex<BTreeMap<ApiKey, Vec<Exchange>>>);

impl Golden {
    /// Keeps an exchange: of ours each that is new, of another client's the first small one of each API and version.
    pub(crate) fn keep(&self, who: &str, request: &[u8], response: &[u8]) {
        let Ok(Request { api, version, .. }) = Request::parse(&request[4..]) else { return };
        if !api.has(version) {
            return;
        }
        let mut all = self.0.lock().expect("nobody panics while holding it");
        let exchanges = all.entry(api.key).or_default();
        let is_known = |known: &Exchange| match who {
            OURS => known.request == request && known.response == response,
            _ => known.version == version && known.who == who,
        };
        let is_large = who != OURS && request.len().max(response.len()) > OTHERS_BYTES_MAX;
        if is_large || exchanges.iter().any(is_known) {
            return;
        }
        exchanges.push(Exchange { version, who: who.into(), request: request.into(), response: response.into() });
    }

    /// Writes one file an API, in place of all that lie there.
    pub(crate) fn write(&self, folder: &Path) {
        // There may be none yet.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).expect("the crate's folder can be written");
        let mut all = self.0.lock().expect("nobody panics while holding it");
        for (key, exchanges) in all.iter_mut() {
            exchanges.sort_by_key(|exchange| exchange.version);
            let path = folder.join(format!("{}.hex", key.api().name));
            fs::write(&path, text(key.api().name, exchanges)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

fn text(name: &str, exchanges: &[Exchange]) -> String {
    let mut out = format!(
        "# {name}: requests, and what Apache Kafka 4.3.0 answered, as `cargo run -p kafka-wire --example record` saw them.\n\
         # version, what it is, who asked, the bytes of the frame with its size\n"
    );
    for Exchange { version, who, request, response } in exchanges {
        for (what, frame) in [("request", request), ("response", response)] {
            let _ = write!(out, "v{version} {what} {who} ");
            for byte in frame {
                let _ = write!(out, "{byte:02x}");
            }
            out.push('\n');
        }
    }
    out
}
