//! Checkpoints: the root of the audit trail in a form that can be signed, kept and compared by others.
//!
//! The text is that of C2SP's tlog-checkpoint, the signature that of its signed-note: any verifier of transparency logs reads it.

use base::{Error, Kind, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::value::{Hash, sha256};

/// The kind of an Ed25519 key in the id of a signed note.
const ED25519_KIND: u8 = 1;
const KEY_ID_BYTES: usize = 4;
const SIGNATURE_BYTES: usize = 64;
/// Bytes of a signed checkpoint that anybody looks at.
const NOTE_BYTES_MAX: usize = 64 << 10;

/// A root of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: unique to it, without spaces and plus signs, such as `example.org/manifold/default`.
    pub origin: String,
    /// How many records it has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: three lines, the last one ended.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// The text with a signature: a signed note.
    ///
    /// # Errors
    /// `Invalid` for an origin that cannot stand on a line.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String> {
        if self.origin.is_empty() || self.origin.contains(['\n', '\r']) {
            return Err(refused("the origin of a log is one line"));
        }
        let text = self.text();
        let mut signature = key_id(signer.name(), &signer.public_key()).to_vec();
        signature.extend_from_slice(&signer.sign(text.as_bytes()));
        Ok(format!("{text}\n\u{2014} {} {}\n", signer.name(), STANDARD.encode(signature)))
    }

    /// Reads a signed note of which one signature is by this key. Lines after the third are extensions and are passed over.
    ///
    /// # Errors
    /// `Invalid` if it is no checkpoint; `Denied` if this key did not sign it.
    pub fn verify(note: &str, name: &str, public_key: &[u8; 32]) -> Result<Checkpoint> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(refused("a signed checkpoint is longer than any can be"));
        }
        let split = note.rfind("\n\n").ok_or_else(|| refused("a signed checkpoint has an empty line before its signatures"))?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        let id = key_id(name, public_key);
        let is_signed = signatures.lines().any(|line| {
            let found = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' '));
            let Some((_, encoded)) = found.filter(|(signer, _)| *signer == name) else { return false };
            let Ok(bytes) = STANDARD.decode(encoded) else { return false };
            bytes.len() == KEY_ID_BYTES + SIGNATURE_BYTES
                && bytes[..KEY_ID_BYTES] == id
                && UnparsedPublicKey::new(&ED25519, public_key).verify(text.as_bytes(), &bytes[KEY_ID_BYTES..]).is_ok()
        });
        if !is_signed {
            return Err(Error::new(Kind::Denied, "no signature of the checkpoint is by this key: do not trust it"));
        }
        parse(text)
    }
}

fn parse(text: &str) -> Result<Checkpoint> {
    let malformed = || refused("a checkpoint has three lines: origin, size and root");
    let mut lines = text.split('\n');
    let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or_else(malformed)?;
    let number = lines.next().ok_or_else(malformed)?;
    let size: u64 = number.parse().map_err(|_| malformed())?;
    if size.to_string() != number {
        return Err(malformed());
    }
    let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).ok_or_else(malformed)?;
    Ok(Checkpoint { origin: origin.to_owned(), size, root: root.try_into().map_err(|_| malformed())? })
}

fn refused(what: &'static str) -> Error {
    Error::new(Kind::Invalid, what)
}

fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; KEY_ID_BYTES] {
    let mut what = name.as_bytes().to_vec();
    what.extend_from_slice(&[b'\n', ED25519_KIND]);
    what.extend_from_slice(public_key);
    let hash = sha256(&what);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Who signs checkpoints.
pub trait Signer: Send + Sync {
    /// The key's name: not empty, without spaces and plus signs.
    fn name(&self) -> &str;
    /// The Ed25519 public key.
    fn public_key(&self) -> [u8; 32];
    /// The Ed25519 signature of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// What a verifier is configured with: `name+id+key`, as signed-note writes it.
pub fn verifier_key(name: &str, public_key: &[u8; 32]) -> String {
    let mut key = vec![ED25519_KIND];
    key.extend_from_slice(public_key);
    let id: String = key_id(name, public_key).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name}+{id}+{}", STANDARD.encode(key))
}

/// A key in memory.
pub struct Ed25519Signer {
    name: String,
    pair: Ed25519KeyPair,
}

impl Ed25519Signer {
    /// From the 32 secret bytes of RFC 8032.
    ///
    /// # Errors
    /// `Invalid` for a name that a signed note cannot carry.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Ed25519Signer> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(refused("a signing key's name has no spaces and no plus signs"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| refused("a signing key has 32 secret bytes"))?;
        Ok(Ed25519Signer { name: name.to_owned(), pair })
    }
}

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the signing key {}", self.name)
    }
}

impl Signer for Ed25519Signer {
    fn name(&self) -> &str {
        &self.name
    }

    fn public_key(&self) -> [u8; 32] {
        self.pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}
