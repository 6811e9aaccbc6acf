//! The client's messages (RFC 5802, section 7).

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Failure;
use crate::limits::SCRAM_MESSAGE_BYTES_MAX;

/// The client's first message: who wants to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFirst {
    pub(super) user: String,
    /// What it says about channel binding and for whom it acts; it comes back in the final message.
    pub(super) gs2_header: String,
    /// The rest of it.
    pub(super) bare: String,
    pub(super) nonce: String,
}

/// The client's final message.
pub(super) struct ClientFinal<'m> {
    pub(super) binding: Vec<u8>,
    pub(super) nonce: &'m str,
    pub(super) proof: Vec<u8>,
    pub(super) without_proof: &'m str,
}

impl ClientFirst {
    /// Reads it: `n,,n=USER,r=NONCE`, or with `y` for a client that could bind its channel, or with `a=USER` between the first
    /// commas. Extensions that need not be known are passed over.
    ///
    /// # Errors
    /// [`Failure`], never for who the user is.
    pub fn parse(message: &[u8]) -> Result<ClientFirst, Failure> {
        let message = text(message)?;
        let (flag, rest) = message.split_once(',').ok_or(Failure::Malformed)?;
        let (authzid, bare) = rest.split_once(',').ok_or(Failure::Malformed)?;
        match flag {
            // A client that could bind, and believes that this server cannot: which is so.
            "n" | "y" => {}
            _ if flag.starts_with("p=") => return Err(Failure::ChannelBinding),
            _ => return Err(Failure::Malformed),
        }
        let mut attributes = bare.split(',');
        let user = attributes.next().ok_or(Failure::Malformed)?;
        if user.starts_with("m=") {
            return Err(Failure::Extension);
        }
        let user = name(user.strip_prefix("n=").ok_or(Failure::Malformed)?)?;
        let nonce = attributes.next().and_then(|nonce| nonce.strip_prefix("r=")).ok_or(Failure::Malformed)?;
        if !is_nonce(nonce) || !attributes.all(is_extension) {
            return Err(Failure::Malformed);
        }
        if !authzid.is_empty() && name(authzid.strip_prefix("a=").ok_or(Failure::Malformed)?)? != user {
            return Err(Failure::Authorization);
        }
        let gs2_header = message[..message.len() - bare.len()].to_owned();
        Ok(ClientFirst { user, gs2_header, bare: bare.to_owned(), nonce: nonce.to_owned() })
    }

    /// Who wants to sign in.
    pub fn user(&self) -> &str {
        &self.user
    }
}

impl ClientFinal<'_> {
    /// Reads it: `c=BINDING,r=NONCE,p=PROOF`, with extensions before the proof.
    pub(super) fn parse(message: &[u8]) -> Result<ClientFinal<'_>, Failure> {
        let message = text(message)?;
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(Failure::Malformed)?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|binding| binding.strip_prefix("c=")).ok_or(Failure::Malformed)?;
        let nonce = attributes.next().and_then(|nonce| nonce.strip_prefix("r=")).ok_or(Failure::Malformed)?;
        if !attributes.all(is_extension) {
            return Err(Failure::Malformed);
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| Failure::Malformed);
        Ok(ClientFinal { binding: decode(binding)?, nonce, proof: decode(proof)?, without_proof })
    }
}

fn text(message: &[u8]) -> Result<&str, Failure> {
    if message.len() > SCRAM_MESSAGE_BYTES_MAX || message.contains(&0) {
        return Err(Failure::Malformed);
    }
    std::str::from_utf8(message).map_err(|_| Failure::Malformed)
}

/// Whether it may stand for a nonce: printable ASCII without commas.
pub fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// A name, an equals sign, a value. RFC 5802 has names of one letter; Kafka's clients also send longer ones.
fn is_extension(attribute: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    attribute.split_once('=').is_some_and(|(name, value)| is_name(name) && !value.is_empty())
}

/// A `saslname`: commas are written `=2C` and equals signs `=3D`, and nothing else is escaped.
fn name(escaped: &str) -> Result<String, Failure> {
    let mut parts = escaped.split('=');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err(Failure::UserName),
        };
        name.push(sign);
        name.push_str(rest);
    }
    if name.is_empty() { Err(Failure::UserName) } else { Ok(name) }
}
