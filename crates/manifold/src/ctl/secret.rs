//! `ctl secret new`: what the nodes of a cluster share, made without a node.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use replica::ClusterSecret;
use serde::Serialize;

use crate::exit::{Code, Failure, Outcome};

/// What was made.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Made {
    /// The secret itself, for whoever asked to see it.
    Shown { secret: String },
    /// The file that holds it.
    Written { file: PathBuf },
}

impl Made {
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Shown { secret } => format!("{secret}\n"),
            Self::Written { file } => {
                let file = file.display();
                format!(
                    "{file} holds a new cluster secret, for its owner's eyes only. Copy it to every node of the cluster over a safe\n\
                     way and start each with: --cluster-secret {file}\n"
                )
            }
        }
    }
}

/// Makes a secret, in a new file or for stdout. One that is there is never replaced: its cluster would fall apart.
pub(super) fn new(file: Option<PathBuf>) -> Outcome<Made> {
    let secret = ClusterSecret::generate();
    let Some(file) = file else { return Ok(Made::Shown { secret: secret.reveal() }) };
    write(&file, &secret).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AlreadyExists => "; it is left as it is: give another name, or remove it if no node uses it",
            _ => "",
        };
        Failure::new(Code::Failed, format!("{} cannot be written: {error}{advice}", file.display()))
    })?;
    Ok(Made::Written { file })
}

fn write(path: &Path, secret: &ClusterSecret) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{}\n", secret.reveal()).as_bytes())?;
    file.sync_all()
}
