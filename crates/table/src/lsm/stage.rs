//! A stage of the tree on disk: table files that no manifest names yet.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use base::{Error, Kind, Result};
use bytes::Bytes;

use super::{
    error::failed_io,
    file::Yard,
    manifest::Place,
    placed,
    version::Placed,
    writer::{Files, Record},
};
use crate::{
    Mark, Pair, Stage, Staged,
    limits::STAGE_PIECE_BYTES,
    stage::{Content, check_pair, refusal},
};

/// What the writing thread is handed.
enum Piece {
    Pairs(Vec<Pair>),
    End,
}

/// Hands pieces of pairs to a thread that writes them: the library's writers stay on the thread that made them, and a stage is
/// filled from whichever thread has the next pairs.
pub(super) struct Staging {
    piece: Vec<Pair>,
    piece_bytes: usize,
    last: Option<Bytes>,
    /// `None` once the thread has ended.
    writing: Option<Writing>,
}

struct Writing {
    pieces: SyncSender<Piece>,
    thread: JoinHandle<Result<StagedTables>>,
}

impl Staging {
    pub(super) fn begin(yard: &Arc<Yard>, table_bytes: u64) -> Result<Staging> {
        let (pieces, taken) = sync_channel(1);
        let yard = yard.clone();
        let work = move || write(&yard, table_bytes, &taken);
        let thread = thread::Builder::new().name("stage".to_owned()).spawn(work).map_err(failed_io)?;
        Ok(Staging { piece: Vec::new(), piece_bytes: 0, last: None, writing: Some(Writing { pieces, thread }) })
    }

    fn hand_over(&mut self) -> Result<()> {
        let piece = Piece::Pairs(std::mem::take(&mut self.piece));
        self.piece_bytes = 0;
        let writing = self.writing.as_ref().ok_or_else(refusal::broken_stage)?;
        // A thread that takes no more has failed, and says why.
        if writing.pieces.send(piece).is_ok() { Ok(()) } else { self.end().map(drop) }
    }

    /// Ends the thread; what it wrote is there if it was told that this was all, and gone otherwise.
    fn end(&mut self) -> Result<StagedTables> {
        let Writing { pieces, thread } = self.writing.take().ok_or_else(refusal::broken_stage)?;
        drop(pieces);
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Stage for Staging {
    fn push(&mut self, (key, value): Pair) -> Result<()> {
        if self.writing.is_none() {
            return Err(refusal::broken_stage());
        }
        if let Err(error) = check_pair(self.last.as_ref(), &key, value.len()) {
            // It ends with another refusal, which is not the one to tell.
            let _ = self.end();
            return Err(error);
        }
        self.last = Some(key.clone());
        self.piece_bytes += size_of::<Pair>() + key.len() + value.len();
        self.piece.push((key, value));
        if self.piece_bytes >= STAGE_PIECE_BYTES { self.hand_over() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, mark: Mark) -> Result<Staged> {
        self.hand_over()?;
        if let Some(writing) = &self.writing {
            // If it takes no more it has failed, and says so when it is ended.
            let _ = writing.pieces.send(Piece::End);
        }
        Ok(Staged { mark, content: Content::Tables(self.end()?) })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(Writing { pieces, thread }) = self.writing.take() {
            drop(pieces);
            // It removes what it wrote.
            let _ = thread.join();
        }
    }
}

/// The thread's work: writes until it is told that this was all.
fn write(yard: &Arc<Yard>, table_bytes: u64, pieces: &Receiver<Piece>) -> Result<StagedTables> {
    let mut files = Files::of_stage(yard, table_bytes);
    let written = write_pieces(&mut files, pieces).and_then(|()| StagedTables::open(yard, &mut files));
    written.inspect_err(|_| files.abandon())
}

fn write_pieces(files: &mut Files, pieces: &Receiver<Piece>) -> Result<()> {
    loop {
        match pieces.recv() {
            Ok(Piece::Pairs(pairs)) => {
                for (key, value) in pairs {
                    files.write(Record { key, value: Some(value), seq: 0 }, Place::Bottom)?;
                }
            }
            Ok(Piece::End) => return Ok(()),
            Err(_) => return Err(Error::new(Kind::Cancelled, "the stage was given up")),
        }
    }
}

/// Files that are whole and durable, and that no manifest names. Dropped, they are removed.
pub(crate) struct StagedTables {
    yard: Arc<Yard>,
    tables: Vec<Placed>,
}

impl StagedTables {
    fn open(yard: &Arc<Yard>, files: &mut Files) -> Result<StagedTables> {
        let mut staged = StagedTables { yard: yard.clone(), tables: Vec::new() };
        for entry in files.finish()? {
            staged.tables.push(placed(yard, entry)?);
        }
        Ok(staged)
    }

    pub(super) fn are_of(&self, yard: &Arc<Yard>) -> bool {
        Arc::ptr_eq(&self.yard, yard)
    }

    /// They are the tree's now.
    pub(super) fn take(mut self) -> Vec<Placed> {
        std::mem::take(&mut self.tables)
    }
}

impl Drop for StagedTables {
    fn drop(&mut self) {
        if self.tables.is_empty() {
            return;
        }
        self.tables.drain(..).for_each(|table| table.file.retire());
        // What cannot be removed now goes at the next start.
        let _ = self.yard.clear();
    }
}

impl std::fmt::Debug for StagedTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} staged tables", self.tables.len())
    }
}
