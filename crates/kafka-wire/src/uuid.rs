//! Ids of 16 bytes.

use std::fmt;

/// A topic id, a directory id, a member's id: 16 bytes in network order.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    /// "No id": all bytes zero.
    pub const ZERO: Uuid = Uuid(0);

    /// Whether it is [`Uuid::ZERO`].
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// As Kafka prints it: base64 with the URL-safe alphabet and no padding, 22 characters (`org.apache.kafka.common.Uuid`).
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for place in 0..22 {
            // 128 bits in groups of six from the top; the last group has two bits and four zeros.
            let group = if place < 21 { self.0 >> (122 - 6 * place) } else { self.0 << 4 };
            write!(f, "{}", ALPHABET[(group & 63) as usize] as char)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Uuid;

    #[test]
    fn prints_as_kafka_does() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(Uuid(1).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid(u128::MAX).to_string(), "_____________________w");
        assert_eq!(Uuid(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10).to_string(), "AQIDBAUGBwgJCgsMDQ4PEA");
    }
}
