//! What a request's head says of the call: deadline, whether a leader is required, how its messages are encoded.

use std::time::Duration;

use http2::Request;
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
    /// Reads a head. The same field twice: the first counts.
    pub(crate) fn of(request: &Request) -> Result<Head, Status> {
        let mut head = Head::default();
        for field in request.fields.iter().rev() {
            match &field.name[..] {
                b"grpc-timeout" => head.timeout = Some(timeout(&field.value)?),
                b"hasleader" => head.requires_leader = field.value == "true",
                b"grpc-encoding" if field.value != "identity" => {
                    let name = String::from_utf8_lossy(&field.value);
                    let text = format!("grpc: Decompressor is not installed for grpc-encoding \"{name}\"");
                    return Err(Status::unimplemented(text));
                }
                b"client-api-version" if std::str::from_utf8(&field.value).is_err() => {
                    return Err(Status::invalid_argument("etcdserver: invalid client api version"));
                }
                _ => {}
            }
        }
        Ok(head)
    }
}

/// Whether a request speaks gRPC.
pub(crate) fn is_grpc(request: &Request) -> bool {
    let of_grpc = |value: &[u8]| {
        let rest = value.strip_prefix(b"application/grpc");
        rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
    };
    let content_type = request.fields.iter().find(|field| field.name == "content-type");
    request.method == "POST" && content_type.is_some_and(|field| of_grpc(&field.value))
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
    use http2::Field;
    use tonic::Code;

    use super::*;

    fn request(fields: &[(&'static str, &'static [u8])]) -> Request {
        let field = |(name, value): &(&'static str, &'static [u8])| Field::new(name.as_bytes().into(), (*value).into());
        Request { method: "POST".into(), fields: fields.iter().map(field).collect(), ..Request::default() }
    }

    fn head(name: &'static str, value: &'static [u8]) -> Result<Head, Status> {
        Head::of(&request(&[(name, value)]))
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
        assert_eq!(Head::of(&request(&[])).unwrap(), Head::default());
        assert!(head("hasleader", b"true").unwrap().requires_leader);
        assert!(!head("hasleader", b"false").unwrap().requires_leader);
        assert!(head("grpc-encoding", b"identity").is_ok());
        assert_eq!(head("grpc-encoding", b"gzip").unwrap_err().code(), Code::Unimplemented);
        assert!(head("client-api-version", b"3.7.3").is_ok());
        assert_eq!(head("client-api-version", b"\xff").unwrap_err().message(), "etcdserver: invalid client api version");
    }

    #[test]
    fn only_grpc_is_grpc() {
        let is_grpc = |content: &'static str| is_grpc(&request(&[("content-type", content.as_bytes())]));
        for content in ["application/grpc", "application/grpc+proto", "application/grpc;x"] {
            assert!(is_grpc(content), "{content}");
        }
        for content in ["application/grpc-web", "application/json", ""] {
            assert!(!is_grpc(content), "{content}");
        }
    }
}
