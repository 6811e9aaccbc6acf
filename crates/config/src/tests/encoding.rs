//! The encoding of commands and records: unique, bounded, and as `docs/formats/config.md` draws it.

use proptest::prelude::*;

use super::random;
use crate::{Command, fuzz};

proptest! {
    #[test]
    fn commands_come_back(command in random::any_command(), cut in any::<prop::sample::Index>()) {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        prop_assert_eq!(Command::decode(encoded.clone().into()), Ok(command.clone()));
        let cut = cut.index(encoded.len());
        let is_chunk = matches!(command, Command::PutChunk { .. });
        prop_assert!(is_chunk || Command::decode(encoded[..cut].to_vec().into()).is_err(), "no command is the beginning of another");
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz(&bytes);
    }

    #[test]
    fn a_byte_that_was_changed_does_no_harm(command in random::any_command(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut encoded = Vec::new();
        command.encode(&mut encoded);
        let at = at.index(encoded.len());
        encoded[at] = byte;
        fuzz(&encoded);
    }
}
