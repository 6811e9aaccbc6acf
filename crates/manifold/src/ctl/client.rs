//! One question to the node's socket.

use std::path::Path;

use bytes::Bytes;
use door_http::admin;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::net::UnixStream;

use crate::exit::{Code, Failure, Outcome};

/// Asks for a JSON answer.
pub(crate) fn ask<T: DeserializeOwned>(data_dir: &Path, route: &str) -> Outcome<T> {
    runtime()?.block_on(async { understood(get(data_dir, route).await?).await })
}

/// Asks for something to be done, in JSON both ways.
pub(crate) fn tell<Q: Serialize, A: DeserializeOwned>(data_dir: &Path, route: &str, question: &Q) -> Outcome<A> {
    let body = serde_json::to_vec(question).map_err(|error| Failure::new(Code::Failed, error))?;
    let request = Request::post(route).header(http::header::CONTENT_TYPE, "application/json");
    runtime()?.block_on(async { understood(send(data_dir, request, body.into()).await?).await })
}

async fn understood<T: DeserializeOwned>(response: Response<Incoming>) -> Outcome<T> {
    let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
    serde_json::from_slice(&body).map_err(|error| {
        let advice = "is this manifold as old or new as the node?";
        Failure::new(Code::Failed, format!("the node's answer is not understood ({error}); {advice}"))
    })
}

/// Asks for an answer that the caller reads as it comes.
pub(crate) async fn get(data_dir: &Path, route: &str) -> Outcome<Response<Incoming>> {
    send(data_dir, Request::get(route), Bytes::new()).await
}

/// Asks for an answer, whatever it is.
pub(crate) async fn exchange(data_dir: &Path, request: http::request::Builder, body: Bytes) -> Outcome<Response<Incoming>> {
    let socket = data_dir.join(admin::SOCKET);
    let stream = connect(&socket).await.map_err(|error| {
        let advice = "is it running, and is --data-dir the directory it serves from?";
        Failure::new(Code::NoNode, format!("no node answers on {}: {error}; {advice}", socket.display()))
    })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    let request = request.header(http::header::HOST, "manifold").body(Full::new(body));
    let request = request.map_err(|error| Failure::new(Code::Failed, error))?;
    sender.send_request(request).await.map_err(broken)
}

async fn send(data_dir: &Path, request: http::request::Builder, body: Bytes) -> Outcome<Response<Incoming>> {
    let response = exchange(data_dir, request, body).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = response.into_body().collect().await.map_err(broken)?.to_bytes();
    let said =
        serde_json::from_slice::<admin::Failure>(&body).map_or_else(|_| format!("HTTP status {status}"), |failure| failure.error);
    Err(Failure::new(Code::Failed, format!("the node refused: {said}")))
}

async fn connect(socket: &Path) -> std::io::Result<UnixStream> {
    let (_directory, short) = admin::short_path(socket)?;
    UnixStream::connect(short).await
}

/// A runtime for one command.
pub(crate) fn runtime() -> Outcome<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::new(Code::System, format!("the system gives no event queue: {error}")))
}

pub(crate) fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::NoNode, format!("the connection to the node broke: {error}"))
}
