//! Both disks do what the trait says, and the one in memory loses exactly what its endings say.

use super::*;

fn filled(disk: &MemoryDisk) {
    let file = disk.open("a", true).expect("opens");
    file.write_at(&[1; 8192], 0).expect("writes");
    file.sync_data().expect("syncs");
    disk.sync_dir().expect("syncs");
    file.write_at(&[2; 8192], 0).expect("writes");
    disk.open("b", true).expect("opens");
}

fn read(disk: &dyn Disk, name: &str) -> Vec<u8> {
    let file = disk.open(name, false).expect("opens");
    let mut bytes = vec![0; file.len().expect("a length") as usize];
    file.read_at(&mut bytes, 0).expect("reads");
    bytes
}

/// The disk as it is after `ending`, by sectors of the file `a`.
fn sectors(ending: Ending, seed: u64) -> (Vec<u8>, bool) {
    let disk = MemoryDisk::new();
    filled(&disk);
    let after = disk.crash(ending, seed);
    let bytes = read(&after, "a");
    let sectors = bytes.chunks(512).map(|sector| {
        assert!(sector.iter().all(|byte| *byte == sector[0]), "sectors arrive whole");
        sector[0]
    });
    (sectors.collect(), after.list().expect("lists").contains(&"b".to_owned()))
}

#[test]
fn endings_lose_what_they_say() {
    assert_eq!(sectors(Ending::NothingLost, 1), (vec![2; 16], true));
    assert_eq!(sectors(Ending::UnsyncedLost, 1), (vec![1; 16], false));
    let (mut cuts, mut mixed) = (std::collections::BTreeSet::new(), 0);
    for seed in 0..200 {
        let (torn, _) = sectors(Ending::Torn512, seed);
        let cut = torn.iter().take_while(|sector| **sector == 2).count();
        assert!(cut < 16 && torn[cut..].iter().all(|sector| *sector == 1), "{torn:?}");
        cuts.insert(cut);
        let (torn, _) = sectors(Ending::Torn4096, seed);
        assert!(torn == [[1; 8], [1; 8]].concat() || torn == [[2; 8], [1; 8]].concat(), "{torn:?}");
        let (reordered, _) = sectors(Ending::Reordered, seed);
        mixed += usize::from(reordered.windows(2).any(|pair| pair == [1, 2]));
        let (zeroed, _) = sectors(Ending::Zeroed, seed);
        assert_eq!((zeroed.iter().filter(|s| **s == 0).count(), zeroed.iter().filter(|s| **s == 2).count()), (1, 15));
        let (stale, _) = sectors(Ending::Stale, seed);
        assert_eq!(stale.iter().filter(|sector| **sector == 1).count(), 8, "{stale:?}");
    }
    assert_eq!(cuts.len(), 16, "every cut comes up");
    assert!(mixed > 150, "{mixed} of 200 orders are mixed");
}

#[test]
fn one_seed_is_one_crash() {
    for ending in Ending::ALL {
        assert_eq!(sectors(ending, 7), sectors(ending, 7));
    }
}

#[test]
fn injected_faults_fail_and_a_failed_sync_is_never_made_good() {
    let disk = MemoryDisk::new();
    filled(&disk);
    let file = disk.open("a", false).expect("opens");
    disk.inject(Fault::Write(28));
    assert_eq!(file.write_at(&[3; 10], 0).expect_err("fails").kind(), io::ErrorKind::StorageFull);
    disk.inject(Fault::Sync(5));
    assert_eq!(file.sync_data().expect_err("fails").raw_os_error(), Some(5));
    file.sync_data().expect("the next sync says that all is well");
    assert_eq!(read(&disk, "a"), [2; 8192]);
    assert_eq!(read(&disk.crash(Ending::NothingLost, 0), "a"), [1; 8192], "and it is not");
}

#[test]
fn a_limit_refuses_growth_only() {
    let disk = MemoryDisk::new();
    disk.limit(Some(10_000));
    filled(&disk);
    assert_eq!(disk.space().expect("asks"), Space { free: 1808, total: 10_000 });
    let file = disk.open("a", false).expect("opens");
    assert_eq!(file.write_at(&[3; 4096], 8192).expect_err("no room").kind(), io::ErrorKind::StorageFull);
    file.write_at(&[3; 4096], 4096).expect("room was taken before");
}

#[test]
fn a_removed_file_lives_as_long_as_it_is_open() {
    let disk = MemoryDisk::new();
    filled(&disk);
    let file = disk.open("a", false).expect("opens");
    disk.remove("a").expect("removes");
    disk.sync_dir().expect("syncs");
    let mut bytes = [0; 512];
    file.read_at(&mut bytes, 0).expect("reads");
    assert_eq!(bytes, [2; 512]);
    assert!(disk.open("a", false).is_err());
}

#[test]
fn both_disks_keep_the_same_contract() {
    let path = std::env::temp_dir().join(format!("disk-contract-{}", std::process::id()));
    let disks: [Box<dyn Disk>; 2] = [Box::new(RealDisk::open(&path).expect("opens")), Box::new(MemoryDisk::new())];
    for disk in disks {
        assert_eq!(disk.open("a", false).err().map(|error| error.kind()), Some(io::ErrorKind::NotFound));
        let file = disk.open("a", true).expect("creates");
        assert!(file.is_empty().expect("a length"));
        file.write_at(b"later", 5000).expect("writes");
        assert_eq!(file.len().expect("a length"), 5005);
        let mut bytes = [9; 5];
        file.read_at(&mut bytes, 4998).expect("reads");
        assert_eq!(&bytes, b"\0\0lat");
        assert_eq!(file.read_at(&mut bytes, 5003).expect_err("the end").kind(), io::ErrorKind::UnexpectedEof);
        file.set_len(5001).expect("cuts");
        file.set_len(5003).expect("grows");
        file.read_at(&mut bytes, 4998).expect("reads");
        assert_eq!(&bytes, b"\0\0l\0\0");
        file.sync_data().expect("syncs");
        disk.open("b", true).expect("creates");
        disk.rename("a", "b").expect("replaces");
        disk.sync_dir().expect("syncs");
        assert_eq!(disk.list().expect("lists"), ["b"]);
        let space = disk.space().expect("asks");
        assert!(space.free > 0 && space.free <= space.total);
        disk.remove("b").expect("removes");
        assert!(disk.list().expect("lists").is_empty());
        assert_eq!(disk.remove("b").expect_err("gone").kind(), io::ErrorKind::NotFound);
    }
    let real = RealDisk::open(&path).expect("opens");
    for name in ["", ".", "..", "a/b", "../a"] {
        assert_eq!(real.open(name, true).err().map(|error| error.kind()), Some(io::ErrorKind::InvalidInput), "{name}");
    }
    std::fs::remove_dir(path).expect("it is empty");
}
