//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677), the server's side, without I/O, clock or chance.
//!
//! An exchange goes through three types, each made from the one before, so that no step is left out or done twice:
//!
//! 1. [`ClientFirst::parse`] reads the client's first message and says who wants to sign in. The caller looks up their [`Keys`].
//! 2. [`ClientFirst::challenge`] gives the server's first message and a [`Challenge`]. Who is not known gets the answer that they
//!    would get if they were, with a salt made up of their name and a secret of the server's, the same each time, and of the
//!    [`Shape`] that salts of users have.
//! 3. [`Challenge::finish`] reads the client's final message and checks the proof: the server's final message, which proves in
//!    turn that the server has the keys, or a [`Failure`]. Whether a user is not known or the proof is wrong shows neither in the
//!    answer nor in the time that it takes.
//!
//! Where a client sends its password in the clear (SASL PLAIN, HTTP's basic authentication), [`Keys::verify_password`] checks it
//! against the same keys.
//!
//! Texts are compared as they come, byte for byte, as Kafka does it; they are not prepared (SASLprep, RFC 4013). Channel binding
//! is not offered.

mod keys;
mod message;
mod shapes;

use std::fmt;

use base::{Error, Kind};
use base64::{Engine, engine::general_purpose::STANDARD};

pub use keys::{Hash, Keys};
use message::ClientFinal;
pub use message::{ClientFirst, is_nonce};
pub use shapes::{Shape, Shapes};

/// Why a client was not let in. The texts tell an operator more than [`Failure::message`] tells the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A message is none, or too long.
    Malformed,
    /// The name has an escape that there is not, or is empty.
    UserName,
    /// The client wants an extension that the server has to know.
    Extension,
    /// The client wants its channel bound.
    ChannelBinding,
    /// The client says in its final message another thing about channel binding than in its first: somebody sits in between.
    ChannelBindingDiffers,
    /// The final message belongs to another exchange.
    Nonce,
    /// The client wants to act for another one.
    Authorization,
    /// The password is wrong, or there is no such user.
    Proof,
}

impl Failure {
    /// The server's final message: `e=` and the error's name by RFC 5802, section 7.
    pub fn message(self) -> &'static str {
        match self {
            Failure::Malformed => "e=invalid-encoding",
            Failure::UserName => "e=invalid-username-encoding",
            Failure::Extension => "e=extensions-not-supported",
            Failure::ChannelBinding => "e=channel-binding-not-supported",
            Failure::ChannelBindingDiffers => "e=channel-bindings-dont-match",
            Failure::Nonce | Failure::Authorization => "e=other-error",
            Failure::Proof => "e=invalid-proof",
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        let text = match failure {
            Failure::Malformed => "a SCRAM message cannot be read",
            Failure::UserName => "the user's name in a SCRAM message is empty or has a wrong escape",
            Failure::Extension => "the client asks for a SCRAM extension that this server does not know",
            Failure::ChannelBinding => "this server does not bind channels: use SCRAM without -PLUS",
            Failure::ChannelBindingDiffers => "what the client says about channel binding was changed on the way",
            Failure::Nonce => "a SCRAM message belongs to another exchange",
            Failure::Authorization => "a client acts for the user that it signs in as, and for no other",
            Failure::Proof => "the user is not known, or the password is wrong",
        };
        Error::new(Kind::Unauthenticated, text)
    }
}

/// An exchange whose client has been asked for a proof.
pub struct Challenge {
    keys: Keys,
    is_known: bool,
    user: String,
    gs2_header: String,
    nonce: String,
    /// The client's first message without its header, a comma, the server's first message.
    said: String,
}

impl fmt::Debug for Challenge {
    /// Without what was said, which has the salt in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge").field("user", &self.user).field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl ClientFirst {
    /// The server's first message, and what is to become of the exchange.
    ///
    /// `keys` are the user's; without them, `unknown` are asked for, which [`Keys::unknown`] makes up. `nonce` is drawn for this
    /// exchange and used for no other: at least 18 random bytes in base64 are customary.
    ///
    /// # Errors
    /// `Invalid` if `nonce` is none: empty, or not printable ASCII without commas.
    pub fn challenge(self, keys: Option<Keys>, unknown: Keys, nonce: &str) -> Result<(String, Challenge), Error> {
        if !is_nonce(nonce) {
            return Err(Error::new(Kind::Invalid, "a nonce is printable ASCII without commas"));
        }
        let is_known = keys.is_some();
        let keys = keys.unwrap_or(unknown);
        let ClientFirst { user, gs2_header, bare, nonce: theirs } = self;
        let nonce = format!("{theirs}{nonce}");
        let server_first = format!("r={nonce},s={},i={}", STANDARD.encode(keys.salt()), keys.iterations());
        let said = format!("{bare},{server_first}");
        Ok((server_first, Challenge { keys, is_known, user, gs2_header, nonce, said }))
    }
}

impl Challenge {
    /// Checks the client's final message. The user's name and the server's final message, if all is right.
    ///
    /// # Errors
    /// The [`Failure`]; the client is sent its [message](Failure::message), if the protocol around has room for it.
    pub fn finish(self, client_final: &[u8]) -> Result<(String, String), Failure> {
        let ClientFinal { binding, nonce, proof, without_proof } = ClientFinal::parse(client_final)?;
        if binding != self.gs2_header.as_bytes() {
            return Err(Failure::ChannelBindingDiffers);
        }
        // RFC 5802 wants the same nonce. librdkafka before 2.6 puts its own part in front once more, and Kafka's servers let it: what
        // is proved covers the message as it came, and the server's part is fresh.
        if !nonce.ends_with(&self.nonce) {
            return Err(Failure::Nonce);
        }
        let said = format!("{},{without_proof}", self.said);
        // Both are always computed, so that who is not known takes as long.
        let is_right = self.keys.is_proof(said.as_bytes(), &proof);
        let signature = self.keys.server_signature(said.as_bytes());
        if !(is_right & self.is_known) {
            return Err(Failure::Proof);
        }
        Ok((self.user, format!("v={}", STANDARD.encode(signature))))
    }
}

#[cfg(test)]
mod tests;
