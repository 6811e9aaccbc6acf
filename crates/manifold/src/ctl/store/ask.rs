//! Questions to the store over the node's socket.

use std::path::Path;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming};
use serde_json::Value;

use super::super::client;
use crate::exit::{Code, Failure, Outcome};

/// What is asked.
pub(super) struct Ask<'a> {
    data_dir: &'a Path,
    method: &'static str,
    path: String,
    query: Vec<String>,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

/// What was answered.
pub(super) struct Told {
    pub(super) head: http::HeaderMap,
    pub(super) body: Bytes,
}

impl Told {
    pub(super) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Failure::new(Code::Failed, format!("the node's answer is not understood: {error}")))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.get(name)?.to_str().ok()
    }
}

impl<'a> Ask<'a> {
    pub(super) fn new(data_dir: &'a Path, method: &'static str, path: impl Into<String>) -> Ask<'a> {
        Ask { data_dir, method, path: path.into(), query: Vec::new(), headers: Vec::new(), body: Bytes::new() }
    }

    /// With a parameter, if there is one.
    pub(super) fn with(mut self, name: &str, value: Option<impl AsRef<str>>) -> Ask<'a> {
        self.query.extend(value.map(|value| format!("{name}={}", encoded(value.as_ref()))));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: Option<impl Into<String>>) -> Ask<'a> {
        self.headers.extend(value.map(|value| (name, value.into())));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Ask<'a> {
        self.body = body.into();
        self
    }

    /// The answer, whose body the caller reads as it comes.
    pub(super) async fn stream(self) -> Outcome<Response<Incoming>> {
        let separator = if self.query.is_empty() { "" } else { "?" };
        let target = format!("{}{separator}{}", self.path, self.query.join("&"));
        let mut request = Request::builder().method(self.method).uri(target);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let response = client::exchange(self.data_dir, request, self.body).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await.map_err(client::broken)?.to_bytes();
        let problem: Option<Value> = serde_json::from_slice(&body).ok();
        let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str().or_else(|| problem["error"].as_str()));
        Err(Failure::new(Code::Failed, format!("the node refused: {}", detail.unwrap_or(status.as_str()))))
    }

    /// The whole answer.
    pub(super) fn tell(self) -> Outcome<Told> {
        client::runtime()?.block_on(async {
            let response = self.stream().await?;
            let (head, body) = response.into_parts();
            Ok(Told { head: head.headers, body: body.collect().await.map_err(client::broken)?.to_bytes() })
        })
    }
}

/// As one segment of a path, or a value of a query.
pub(super) fn encoded(text: &str) -> String {
    let one = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(one).collect()
}

/// The path of a namespace's keys.
pub(super) fn keys_of(namespace: &str) -> String {
    format!("/api/v1/namespaces/{}/config", encoded(namespace))
}

/// The path of a key.
pub(super) fn key_of(namespace: &str, key: &str) -> String {
    format!("{}/{}", keys_of(namespace), encoded(key))
}
