//! What a namespace's history is called as a topic of Kafka's: its name there, and its id.
//!
//! A path of up to 256 bytes has characters that names of topics do not have. Letters, digits, dots and hyphens stay; any other byte
//! becomes `_` and two hexadecimal digits, the underscore itself, too: `teams/pay_ments` is `config.teams_2fpay_5fments`. So each
//! name means one path at most, and a path whose name would have more than 249 characters has no topic.

use std::fmt::Write as _;

use crate::{names::check_namespace, scan::Topic};

/// Characters of a topic's name at most: Kafka's.
const NAME_BYTES_MAX: usize = 249;

/// What ids of such topics begin with, instead of random bytes; with the kind's number in its last byte and the number of the path
/// behind it they are whole.
const ID_HEAD: u64 = 0x6d61_6e69_666f_6c00;

/// Whether a name belongs to the store: no other topic is created that is called so, whether there is such a namespace or not.
pub fn is_reserved(name: &str) -> bool {
    Topic::ALL.into_iter().any(|topic| name.starts_with(topic.prefix()))
}

impl Topic {
    /// Both.
    pub const ALL: [Topic; 2] = [Topic::Audit, Topic::Config];

    /// What its names begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Topic::Audit => "audit.",
            Topic::Config => "config.",
        }
    }

    fn number(self) -> u64 {
        match self {
            Topic::Audit => 1,
            Topic::Config => 2,
        }
    }

    /// The topic of a namespace by name; `None` if that would be too long.
    pub fn name_of(self, namespace: &str) -> Option<String> {
        let mut name = self.prefix().to_owned();
        for byte in namespace.bytes() {
            match byte {
                _ if stays(byte) => name.push(char::from(byte)),
                _ => write!(name, "_{byte:02x}").expect("writing to memory cannot fail"),
            }
        }
        (name.len() <= NAME_BYTES_MAX).then_some(name)
    }

    /// The topic of this name, and whose it is, whether there is such a namespace or not.
    pub fn named(name: &str) -> Option<(Topic, String)> {
        let named = |topic: Topic| Some((topic, name.strip_prefix(topic.prefix())?));
        let (topic, rest) = Topic::ALL.into_iter().find_map(named)?;
        let mut path = Vec::with_capacity(rest.len());
        let mut bytes = rest.bytes();
        while let Some(byte) = bytes.next() {
            path.push(if byte == b'_' { digit(bytes.next()?)? << 4 | digit(bytes.next()?)? } else { byte });
        }
        let path = String::from_utf8(path).ok()?;
        // One path has one name.
        let is_its = check_namespace(&path).is_ok() && topic.name_of(&path).as_deref() == Some(name);
        is_its.then_some((topic, path))
    }

    /// Its id, by the number of the path, which is never given to another one.
    pub fn id(self, path: u64) -> u128 {
        u128::from(ID_HEAD | self.number()) << 64 | u128::from(path)
    }

    /// The topic with this id, and the number of its path.
    pub fn of_id(id: u128) -> Option<(Topic, u64)> {
        let (head, path) = (u64::try_from(id >> 64).ok()?, u64::try_from(id & u128::from(u64::MAX)).ok()?);
        let topic = Topic::ALL.into_iter().find(|topic| head == ID_HEAD | topic.number())?;
        (path > 0).then_some((topic, path))
    }
}

fn stays(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_paths() {
        for (path, name) in
            [("a", "config.a"), ("teams/pay_ments", "config.teams_2fpay_5fments"), ("A-1.b/..c", "config.A-1.b_2f..c")]
        {
            assert_eq!(Topic::Config.name_of(path).as_deref(), Some(name));
            assert_eq!(Topic::named(name), Some((Topic::Config, path.to_owned())));
        }
        assert_eq!(Topic::named("audit.a.b"), Some((Topic::Audit, "a.b".to_owned())), "a dot is no slash");
    }

    #[test]
    fn what_names_no_path() {
        for name in [
            "config.",
            "config",
            "config.a_b",
            "config.a_2",
            "config.a_2F",
            "config.a_61",
            "config._2fa",
            "config.a_2f_2fb",
            "config.a_ff",
            "config...",
            "Config.a",
            "orders",
            "audit._00",
        ] {
            assert_eq!(Topic::named(name), None, "{name}");
        }
        assert!(is_reserved("config.a_b") && is_reserved("audit.") && !is_reserved("audits") && !is_reserved("my.audit."));
    }

    #[test]
    fn a_path_too_long_for_a_name_has_no_topic() {
        let longest = "x".repeat(NAME_BYTES_MAX - "config.".len());
        assert_eq!(Topic::named(&Topic::Config.name_of(&longest).expect("fits")), Some((Topic::Config, longest.clone())));
        let longer = longest + "x";
        assert_eq!((Topic::Config.name_of(&longer), Topic::Audit.name_of(&longer).map(|name| name.len())), (None, Some(249)));
        assert_eq!(Topic::named(&format!("config.{longer}")), None);
        assert_eq!(Topic::Audit.name_of(&"a/".repeat(15).repeat(8)), None, "escaped it is longer");
    }

    #[test]
    fn ids_name_a_path_and_what_is_shown() {
        assert_eq!(Topic::of_id(Topic::Audit.id(7)), Some((Topic::Audit, 7)));
        assert_eq!(Topic::of_id(Topic::Config.id(u64::MAX)), Some((Topic::Config, u64::MAX)));
        assert_eq!(Topic::Audit.id(7), 0x6d61_6e69_666f_6c01_0000_0000_0000_0007, "it stays what it was");
        for id in [0, 7, u128::MAX, Topic::Audit.id(0), Topic::Audit.id(7) ^ 1 << 64] {
            assert_eq!(Topic::of_id(id), None, "{id:x}");
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back(path in "[a-zA-Z0-9._-]{1,12}(/[a-zA-Z0-9._-]{1,12}){0,5}") {
            prop_assume!(check_namespace(&path).is_ok());
            for topic in Topic::ALL {
                let name = topic.name_of(&path).expect("is short");
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
                prop_assert_eq!(Topic::named(&name), Some((topic, path.clone())));
            }
        }

        #[test]
        fn no_name_is_read_that_would_not_be_written(rest in "[a-z0-9._/-]{0,12}") {
            let name = format!("audit.{rest}");
            if let Some((topic, path)) = Topic::named(&name) {
                prop_assert_eq!(topic.name_of(&path), Some(name));
            }
        }
    }
}
