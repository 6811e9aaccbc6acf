//! What a client and the server say to each other until it is clear who the client is.

use base::Result;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use gate::scram::{Challenge, ClientFirst};
use replica::runtime;

use super::{
    mechanism::Mechanism,
    vault::{Known, Looked, Vault},
};
use crate::{
    limits::{NONCE_WORDS, SASL_TEXT_BYTES_MAX},
    topics::Topics,
};

/// An exchange, before the client's next message.
pub(super) struct Exchange {
    mechanism: Mechanism,
    /// Who the client has to prove to be.
    challenged: Option<(Challenge, Option<Known>)>,
}

/// What a message of the client's came to.
pub(super) enum Step {
    /// This goes back, and the exchange goes on.
    Goes(Vec<u8>),
    /// This goes back, and the client is who it says.
    Done(Vec<u8>, Known),
    /// The client is turned away, and told this.
    Failed(String),
}

impl Exchange {
    pub(super) fn new(mechanism: Mechanism) -> Exchange {
        Exchange { mechanism, challenged: None }
    }

    pub(super) fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The client's next message.
    ///
    /// # Errors
    /// What is wrong with the server.
    pub(super) async fn next(&mut self, vault: &Vault, topics: &Topics, message: &[u8]) -> Result<Step> {
        match (self.mechanism, self.challenged.take()) {
            (Mechanism::Plain, _) => plain(vault, topics, message).await,
            (_, None) => self.challenge(vault, topics, message),
            (mechanism, Some((challenge, known))) => {
                Ok(match (challenge.finish(message), known) {
                    (Ok((_, proof)), Some(known)) => Step::Done(proof.into_bytes(), known),
                    // The text is the same whatever was wrong.
                    _ => Step::Failed(invalid(mechanism)),
                })
            }
        }
    }

    fn challenge(&mut self, vault: &Vault, topics: &Topics, message: &[u8]) -> Result<Step> {
        let Ok(first) = ClientFirst::parse(message) else { return Ok(Step::Failed(invalid(self.mechanism))) };
        let Looked { known, keys, unknown } = vault.look_up(topics, first.user(), self.mechanism)?;
        let random: Vec<u8> = (0..NONCE_WORDS).flat_map(|_| runtime::random_u64().to_le_bytes()).collect();
        let (server_first, challenge) = first.challenge(keys, unknown, &STANDARD_NO_PAD.encode(random))?;
        self.challenged = Some((challenge, known));
        Ok(Step::Goes(server_first.into_bytes()))
    }
}

/// What somebody is told who is not let in, whatever was wrong.
pub(super) fn invalid(mechanism: Mechanism) -> String {
    format!("Authentication failed during authentication due to invalid credentials with SASL mechanism {}", mechanism.name())
}

/// Reads `[authorization id] NUL name NUL password` (RFC 4616).
async fn plain(vault: &Vault, topics: &Topics, message: &[u8]) -> Result<Step> {
    let say = |text: &str| Ok(Step::Failed(format!("Authentication failed: {text}")));
    let Ok(text) = std::str::from_utf8(message) else { return say("the SASL/PLAIN message is no text") };
    let parts: Vec<&str> = text.split('\0').collect();
    let [acts_for, name, password] = parts[..] else { return say("the SASL/PLAIN message has to have three parts") };
    if name.is_empty() || password.is_empty() || text.len() > SASL_TEXT_BYTES_MAX {
        return say("username or password not specified, or too long");
    }
    if !acts_for.is_empty() && acts_for != name {
        return say("Client requested an authorization id that is different from username");
    }
    let looked = vault.look_up(topics, name, Mechanism::Plain)?;
    match vault.verify(looked, password.as_bytes().to_vec()).await? {
        Some(known) => Ok(Step::Done(Vec::new(), known)),
        None => say("Invalid username or password"),
    }
}
