//! What keys look like.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cluster::principals::keys::{Hash, KeyId, Secret};
use replica::runtime;
use sha2::{Digest, Sha256};

/// What every key that is made here begins with, so that scanners for lost secrets find it.
const BEGINNING: &str = "mfk_";

/// Words of 64 bits of a secret.
const SECRET_WORDS: usize = 4;

/// Bytes that are shown at most of a key whose text people chose, and then a quarter of it.
const SHOWN_BYTES_MAX: usize = 8;

/// A new key.
pub(crate) struct Drawn {
    /// What its holder sends. It is shown once.
    pub(crate) text: String,
    /// What is kept of it.
    pub(crate) secret: Secret,
}

/// Draws a secret of 256 bits for the key with this id: `mfk_ID_SECRET`.
pub(crate) fn draw(id: KeyId) -> Drawn {
    let mut bytes = [0; SECRET_WORDS * 8];
    for word in bytes.chunks_exact_mut(8) {
        word.copy_from_slice(&runtime::random_u64().to_le_bytes());
    }
    let prefix = format!("{BEGINNING}{id}");
    let text = format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes));
    let secret = Secret { hash: hash(text.as_bytes()), prefix };
    Drawn { text, secret }
}

/// An id for a new key.
pub(crate) fn draw_id() -> KeyId {
    KeyId(runtime::random_u64().max(1))
}

/// What is kept of a key whose text people chose.
pub(super) fn secret_of(text: &str) -> Secret {
    let shown = text.len() / 4;
    let prefix = text.chars().scan(0, |bytes, char| {
        *bytes += char.len_utf8();
        (*bytes <= shown.min(SHOWN_BYTES_MAX)).then_some(char)
    });
    Secret { hash: hash(text.as_bytes()), prefix: prefix.collect() }
}

/// What a key is found by.
pub(super) fn hash(key: &[u8]) -> Hash {
    Hash(Sha256::digest(key).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_key_says_its_id_and_shows_nothing_of_its_secret() {
        let id = KeyId(0xab);
        let (one, another) = (draw(id), draw(id));
        assert!(one.text.starts_with("mfk_00000000000000ab_") && one.text.len() == 4 + 16 + 1 + 43, "{}", one.text);
        assert_ne!(one.text, another.text);
        assert_eq!(one.secret.prefix, "mfk_00000000000000ab");
        assert_eq!(one.secret.hash, hash(one.text.as_bytes()));
    }

    #[test]
    fn of_a_chosen_key_at_most_a_quarter_is_shown() {
        for (text, shown) in [("confman_dev_abc123", "conf"), ("abc", ""), ("äöüßäöüß", "äö"), (&"x".repeat(99), "xxxxxxxx")]
        {
            assert_eq!(secret_of(text).prefix, shown);
        }
        // `printf confman_dev_abc123 | sha256sum`
        let known = "acbc0bdf31badb53";
        let hash = secret_of("confman_dev_abc123").hash.0;
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(hex.starts_with(known), "{hex}");
    }
}
