//! Every message in every version, filled by chance.

use kafka_wire::error::Kind;

use crate::{cases::cases, chance::Chance};

const ROUNDS: u64 = 20;

#[test]
fn what_is_written_is_read_again() {
    let mut chance = Chance(1);
    for case in cases() {
        for version in case.versions {
            for _ in 0..ROUNDS {
                (case.round_trip)(&mut chance, version);
            }
        }
    }
}

#[test]
fn no_cut_message_is_read_and_nothing_may_follow_one() {
    let mut chance = Chance(2);
    for case in cases() {
        for version in case.versions {
            let bytes = (case.round_trip)(&mut chance, version);
            for length in (0..bytes.len()).rev().take(400) {
                let read = (case.decode)(&bytes[..length], version);
                assert!(read.is_err(), "{} version {version} cut to {length} of {} is read", case.name, bytes.len());
            }
            let longer = [&bytes[..], &[0]].concat();
            assert_eq!((case.decode)(&longer, version), Err(Kind::Trailing), "{} version {version}", case.name);
        }
    }
}

#[test]
fn damaged_messages_do_no_harm() {
    let mut chance = Chance(3);
    for case in cases() {
        for version in case.versions {
            let bytes = (case.round_trip)(&mut chance, version);
            for _ in 0..60 {
                let damaged = chance.mutate(&bytes);
                let Some(once) = (case.again)(&damaged, version) else { continue };
                // Unknown tags are gone and lengths are shortest, so that once more changes nothing.
                assert_eq!((case.again)(&once, version).as_ref(), Some(&once), "{} version {version}: {damaged:?}", case.name);
            }
        }
    }
}

#[test]
fn other_versions_are_refused() {
    for case in cases() {
        for version in [case.versions.start() - 1, case.versions.end() + 1, i16::MAX, i16::MIN] {
            assert_eq!((case.decode)(&[0; 64], version), Err(Kind::Version), "{} version {version}", case.name);
        }
    }
}

/// The generator run in memory writes what lies in the repository.
#[test]
fn the_generated_files_are_those_of_the_table() {
    let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = std::fs::read_to_string(home.join("messages.json")).unwrap();
    let files = crate::emit::files(&crate::model::apis(&table));
    for (path, text) in &files {
        let found = std::fs::read_to_string(home.join(path)).unwrap_or_default();
        assert!(found == *text, "{path} is not what the generator writes: cargo run -p kafka-wire --example generate");
    }
    let modules = std::fs::read_dir(home.join("src/messages")).unwrap().count();
    assert_eq!(modules, files.len() - 1, "src/messages has files that the generator does not write");
}
