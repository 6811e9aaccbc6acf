//! A broker that answers from a script, for tests.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use kafka_wire::{
    ApiKey, Message,
    frame::{Request, respond},
    messages::{
        APIS,
        api_versions::{ApiVersion, ApiVersionsResponse},
    },
};

/// What answers: the whole answer, or nothing, which closes the connection.
type Script = dyn FnMut(&Request<'_>) -> Option<Vec<u8>> + Send;

/// A port that is listened on until the test's process ends.
pub(super) struct Scripted {
    pub(super) address: String,
    pub(super) port: i32,
}

impl Scripted {
    /// Answers every connection from one script. ApiVersions is answered here, with all APIs but `without`.
    pub(super) fn start(
        without: &'static [ApiKey],
        script: impl FnMut(&Request<'_>) -> Option<Vec<u8>> + Send + 'static,
    ) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let script = script.clone();
                thread::spawn(move || serve(stream, without, &script));
            }
        });
        Scripted { address: address.to_string(), port: address.port().into() }
    }
}

fn serve(mut stream: TcpStream, without: &[ApiKey], script: &Mutex<Script>) {
    let mut size = [0; 4];
    while stream.read_exact(&mut size).is_ok() {
        let mut frame = vec![0; u32::from_be_bytes(size) as usize];
        stream.read_exact(&mut frame).unwrap();
        let request = Request::parse(&frame).unwrap();
        let answer = if request.api.key == ApiKey::ApiVersions {
            Some(answer(&request, &versions(without)))
        } else {
            script.lock().unwrap()(&request)
        };
        match answer {
            Some(answer) => stream.write_all(&answer).unwrap(),
            None => return,
        }
    }
}

fn versions(without: &[ApiKey]) -> ApiVersionsResponse<'static> {
    let served = APIS.iter().filter(|api| !without.contains(&api.key));
    let row = |api: &kafka_wire::Api| ApiVersion { api_key: api.key.code(), min_version: api.min, max_version: api.max };
    ApiVersionsResponse { api_keys: served.map(row).collect(), ..ApiVersionsResponse::default() }
}

/// The answer to a request.
pub(super) fn answer<'m, M: Message<'m>>(request: &Request<'_>, message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    respond(request.correlation_id, request.version, message, &mut out).unwrap();
    out
}
