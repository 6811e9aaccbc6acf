//! What a server keeps of a password, and what it computes with that (RFC 5802, section 3).

use std::{fmt, hint::black_box, num::NonZeroU32};

use base::{Error, Kind, Result};
use ring::{digest, hmac, pbkdf2};

use super::shapes::{Shape, TEXT};
use crate::limits::SCRAM_ITERATIONS;

/// The hash of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// Of SCRAM-SHA-256.
    Sha256,
    /// Of SCRAM-SHA-512.
    Sha512,
}

impl Hash {
    /// The SASL mechanism's name.
    pub fn mechanism(self) -> &'static str {
        match self {
            Hash::Sha256 => "SCRAM-SHA-256",
            Hash::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// Bytes of what it gives.
    pub fn bytes(self) -> usize {
        self.digest().output_len()
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn keyed(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }

    fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.digest(), bytes).as_ref().to_vec()
    }
}

/// What a server keeps of a password. Who steals it can check guesses, and can pose as the server; they cannot sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    hash: Hash,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl fmt::Debug for Keys {
    /// Without salt and keys: what is printed ends in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("hash", &self.hash).field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl Keys {
    /// From what was kept. `Invalid` if it cannot be such: the iterations are out of bounds, or a key is not as long as the hash.
    pub fn new(hash: Hash, iterations: u32, salt: Vec<u8>, stored_key: Vec<u8>, server_key: Vec<u8>) -> Result<Keys> {
        let iterations = check_iterations(iterations)?;
        if stored_key.len() != hash.bytes() || server_key.len() != hash.bytes() || salt.is_empty() {
            return Err(Error::new(Kind::Invalid, "SCRAM keys are as long as their hash, and their salt is not empty"));
        }
        Ok(Keys { hash, iterations, salt, stored_key, server_key })
    }

    /// From a password. `salt` is drawn for it, [`SCRAM_SALT_BYTES`](crate::limits::SCRAM_SALT_BYTES) long. Takes milliseconds of a processor.
    ///
    /// # Errors
    /// `Invalid` if `iterations` are out of bounds.
    pub fn derive(hash: Hash, password: &[u8], salt: &[u8], iterations: u32) -> Result<Keys> {
        Keys::from_salted(hash, &salted(hash, password, salt, check_iterations(iterations)?), salt, iterations)
    }

    /// From a salted password, which is what Kafka's `AlterUserScramCredentials` brings (KIP-554): the password never leaves its
    /// client.
    ///
    /// # Errors
    /// `Invalid` if `iterations` are out of bounds or the salt is empty.
    pub fn from_salted(hash: Hash, salted_password: &[u8], salt: &[u8], iterations: u32) -> Result<Keys> {
        let client_key = hash.keyed(salted_password, b"Client Key");
        let server_key = hash.keyed(salted_password, b"Server Key");
        Keys::new(hash, iterations, salt.to_vec(), hash.of(&client_key), server_key)
    }

    /// Keys for a user that does not exist, which nobody can prove to have: always the same salt for the same name, so that
    /// asking twice tells nothing. `secret` is the server's own, at least as long as the hash. `shape` is one that users have.
    ///
    /// # Errors
    /// `Invalid` if the shape is one that no keys have.
    pub fn unknown(shape: Shape, secret: &[u8], user: &str) -> Result<Keys> {
        let Shape { hash, iterations, salt_bytes, is_text } = shape;
        let made_up = |what: u8, block: u8| hash.keyed(secret, &[&[what, block], user.as_bytes()].concat());
        let mut salt: Vec<u8> = (0..=u8::MAX).flat_map(|block| made_up(0, block)).take(salt_bytes).collect();
        if is_text {
            salt.iter_mut().for_each(|byte| *byte = TEXT[usize::from(*byte) % TEXT.len()]);
        }
        Keys::new(hash, iterations, salt, made_up(1, 0), made_up(2, 0))
    }

    /// The hash.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Rounds of the key derivation.
    pub fn iterations(&self) -> u32 {
        self.iterations.get()
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// `H(ClientKey)`: what a client's proof is checked against.
    pub fn stored_key(&self) -> &[u8] {
        &self.stored_key
    }

    /// What the server proves itself with.
    pub fn server_key(&self) -> &[u8] {
        &self.server_key
    }

    /// Whether this is the password that they were made of. Takes milliseconds of a processor, whatever the outcome; ask keys
    /// that are [made up](Keys::unknown) where the user is not known.
    pub fn verify_password(&self, password: &[u8]) -> bool {
        let client_key = self.hash.keyed(&salted(self.hash, password, &self.salt, self.iterations), b"Client Key");
        is_equal(&self.hash.of(&client_key), &self.stored_key)
    }

    /// Whether `proof` is one for `said`, all that was said in the exchange before it.
    pub(super) fn is_proof(&self, said: &[u8], proof: &[u8]) -> bool {
        let signature = self.hash.keyed(&self.stored_key, said);
        let client_key: Vec<u8> = signature.iter().zip(proof).map(|(a, b)| a ^ b).collect();
        is_equal(&self.hash.of(&client_key), &self.stored_key) & (proof.len() == signature.len())
    }

    pub(super) fn server_signature(&self, said: &[u8]) -> Vec<u8> {
        self.hash.keyed(&self.server_key, said)
    }
}

fn check_iterations(iterations: u32) -> Result<NonZeroU32> {
    NonZeroU32::new(iterations).filter(|rounds| SCRAM_ITERATIONS.contains(&rounds.get())).ok_or_else(|| {
        let (least, most) = (SCRAM_ITERATIONS.start(), SCRAM_ITERATIONS.end());
        Error::new(Kind::Invalid, format!("SCRAM iterations are {least} to {most}"))
    })
}

fn salted(hash: Hash, password: &[u8], salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let mut out = vec![0; hash.bytes()];
    pbkdf2::derive(algorithm, iterations, salt, password, &mut out);
    out
}

/// Whether they are the same, in a time that does not say where they differ.
fn is_equal(ours: &[u8], theirs: &[u8]) -> bool {
    let difference = ours.iter().zip(theirs).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    ours.len() == theirs.len() && difference == 0
}
