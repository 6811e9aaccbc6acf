//! `ctl restore`: a backup becomes the data directory of a new cluster of one, without a running node.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use door_etcd::backup::{Header, Reader};
use serde::Serialize;

use crate::{
    config::Config,
    exit::{Code, Failure, Outcome},
};

/// Bytes read from the backup at once.
const READ_BYTES: usize = 1 << 20;

/// What was brought back.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    data_dir: PathBuf,
    pairs: u64,
    /// Of the cluster that the backup was taken from; the restored one is another.
    backup_cluster_id: String,
    applied: u64,
}

impl Restored {
    pub(crate) fn to_text(&self) -> String {
        let Self { data_dir, pairs, backup_cluster_id, applied } = self;
        let dir = data_dir.display();
        format!(
            "{dir} holds the backup of cluster {backup_cluster_id} as of index {applied} ({pairs} pairs), as a new cluster of one\n\
             Start it with: manifold serve --data-dir {dir}\n"
        )
    }
}

/// Reads all of `file`; an error says what is wrong with it. Gives what it says of itself and how many pairs it holds.
pub(crate) fn verify(file: &Path) -> Outcome<(Header, u64)> {
    let reader = open(file)?;
    let header = *reader.header();
    let mut pairs = 0;
    for pair in reader {
        pair.map_err(|error| refused(file, &error))?;
        pairs += 1;
    }
    Ok((header, pairs))
}

/// Verifies the whole backup first, so that a damaged one leaves nothing behind.
pub(crate) fn restore(file: &Path, data_dir: &Path) -> Outcome<Restored> {
    let (header, pairs) = verify(file)?;
    let options = Config { data_dir: data_dir.to_owned(), ..Config::default() }.node_options();
    replica::restore(&options, &mut open(file)?).map_err(|error| Failure::from_room(&error))?;
    Ok(Restored {
        data_dir: data_dir.to_owned(),
        pairs,
        backup_cluster_id: format!("{:x}", header.cluster_id),
        applied: header.applied.index,
    })
}

fn open(file: &Path) -> Outcome<Reader<BufReader<File>>> {
    let opened =
        File::open(file).map_err(|error| Failure::new(Code::Failed, format!("{} cannot be read: {error}", file.display())))?;
    Reader::open(BufReader::with_capacity(READ_BYTES, opened)).map_err(|error| refused(file, &error))
}

fn refused(file: &Path, error: &base::Error) -> Failure {
    let code = if error.kind == base::Kind::Corrupt { Code::Damaged } else { Code::Failed };
    Failure::new(code, format!("{}: {error}", file.display()))
}
