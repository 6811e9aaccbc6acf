//! What a request's head says of the call: deadline, whether a leader is required, how its messages are encoded.

use std::time::Duration;

use http::{HeaderMap, Request, header::CONTENT_TYPE};
use tonic::Status;

/// What the head asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// How long the client waits.
    pub(crate) timeout: Option<Duration>,
    /// Refuse while nobody leads.
    pub(crate) requires_leader: bool,
}

impl Head {
    /// Reads a head.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Head, Status> {
        let encoding = headers.get("grpc-encoding").map_or(&b"identity"[..], |value| value.as_bytes());
        if encoding != b"identity" {
            let name = String::from_utf8_lossy(encoding);
            return Err(Status::unimplemented(format!("grpc: Decompressor is not installed for grpc-encoding \"{name}\"")));
        }
        if headers.get("client-api-version").is_some_and(|version| std::str::from_utf8(version.as_bytes()).is_err()) {
            return Err(Status::invalid_argument("etcdserver: invalid client api version"));
        }
        let timeout = headers.get("grpc-timeout").map(|value| timeout(value.as_bytes())).transpose()?;
        let requires_leader = headers.get("hasleader").is_some_and(|value| value.as_bytes() == b"true");
        Ok(Head { timeout, requires_leader })
    }
}

/// Whether a request speaks gRPC.
pub(crate) fn is_grpc<B>(request: &Request<B>) -> bool {
    let of_grpc = |value: &http::HeaderValue| {
        let rest = value.as_bytes().strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
    };
    request.method() == http::Method::POST
        && request.version() == http::Version::HTTP_2
        && request.headers().get(CONTENT_TYPE).is_some_and(of_grpc)
}

/// gRPC's timeout: at most eight digits and a unit.
fn timeout(text: &[u8]) -> Result<Duration, Status> {
    let malformed = || Status::internal("malformed grpc-timeout");
    let (unit, digits) = text.split_last().ok_or_else(malformed)?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return Err(malformed());
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Ok(match unit {
        b'H' => Duration::from_secs(number * 3600),
        b'M' => Duration::from_secs(number * 60),
        b'S' => Duration::from_secs(number),
        b'm' => Duration::from_millis(number),
        b'u' => Duration::from_micros(number),
        b'n' => Duration::from_nanos(number),
        _ => return Err(malformed()),
    })
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    fn head(name: &'static str, value: &[u8]) -> Result<Head, Status> {
        let mut headers = HeaderMap::new();
        headers.insert(name, http::HeaderValue::from_bytes(value).unwrap());
        Head::of(&headers)
    }

    #[test]
    fn timeouts_are_read_in_every_unit_and_no_other_form() {
        let cases: [(&str, Duration); 7] = [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("99999999m", Duration::from_millis(99_999_999)),
            ("5u", Duration::from_micros(5)),
            ("6n", Duration::from_nanos(6)),
            ("0S", Duration::ZERO),
        ];
        for (text, duration) in cases {
            assert_eq!(head("grpc-timeout", text.as_bytes()).unwrap().timeout, Some(duration), "{text}");
        }
        for wrong in ["", "S", "1", "1x", "-1S", "1.5S", "123456789S", "1 S"] {
            assert!(head("grpc-timeout", wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_etcds_clients_say_beside_is_heard() {
        assert_eq!(Head::of(&HeaderMap::new()).unwrap(), Head::default());
        assert!(head("hasleader", b"true").unwrap().requires_leader);
        assert!(!head("hasleader", b"false").unwrap().requires_leader);
        assert!(head("grpc-encoding", b"identity").is_ok());
        assert_eq!(head("grpc-encoding", b"gzip").unwrap_err().code(), Code::Unimplemented);
        assert!(head("client-api-version", b"3.7.3").is_ok());
        assert_eq!(head("client-api-version", b"\xff").unwrap_err().message(), "etcdserver: invalid client api version");
    }

    #[test]
    fn only_grpc_is_grpc() {
        let request = |content: &str| {
            let builder = Request::post("/").version(http::Version::HTTP_2).header(CONTENT_TYPE, content);
            is_grpc(&builder.body(()).unwrap())
        };
        for content in ["application/grpc", "application/grpc+proto", "application/grpc;x"] {
            assert!(request(content), "{content}");
        }
        for content in ["application/grpc-web", "application/json", ""] {
            assert!(!request(content), "{content}");
        }
    }
}
