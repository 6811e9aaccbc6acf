//! Lines of input, read ahead by a thread of their own.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel},
    thread,
};

use super::limits::{CHUNK_BYTES, CHUNKS_MAX, IDLE_TICK, LINE_BYTES_MAX};
use crate::exit::{Code, Failure, Outcome};

type Chunk = io::Result<Vec<Vec<u8>>>;

/// What there is to read now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Some(Vec<u8>),
    /// None has come yet.
    Later,
    /// There will be none.
    End,
}

/// The lines of a file, or of stdin.
pub(super) struct Lines {
    source: String,
    chunks: Receiver<Chunk>,
    current: VecDeque<Vec<u8>>,
}

impl Lines {
    /// Begins to read.
    pub(super) fn read(file: Option<PathBuf>) -> Outcome<Lines> {
        match file {
            None => Lines::of("stdin".to_owned(), io::stdin()),
            Some(path) => {
                let file = File::open(&path).map_err(|error| cannot_read(&path.display().to_string(), &error))?;
                Lines::of(name(&path), file)
            }
        }
    }

    fn of(source: String, from: impl Read + Send + 'static) -> Outcome<Lines> {
        let (sender, chunks) = sync_channel(CHUNKS_MAX);
        let reader = thread::Builder::new().name("input".to_owned()).spawn(move || read(BufReader::new(from), &sender));
        reader.map_err(|error| Failure::new(Code::System, format!("the system gives no thread: {error}")))?;
        Ok(Lines { source, chunks, current: VecDeque::new() })
    }

    /// The next line. If `waits`, it is waited for a moment.
    pub(super) fn next(&mut self, waits: bool) -> Outcome<Line> {
        loop {
            if let Some(line) = self.current.pop_front() {
                return Ok(Line::Some(line));
            }
            let chunk = if waits {
                self.chunks.recv_timeout(IDLE_TICK).map_err(|error| error == RecvTimeoutError::Disconnected)
            } else {
                self.chunks.try_recv().map_err(|error| error == TryRecvError::Disconnected)
            };
            match chunk {
                Ok(chunk) => self.current = chunk.map_err(|error| cannot_read(&self.source, &error))?.into(),
                Err(true) => return Ok(Line::End),
                Err(false) => return Ok(Line::Later),
            }
        }
    }

    /// Gives a line back, to be the next one.
    pub(super) fn put_back(&mut self, line: Vec<u8>) {
        self.current.push_front(line);
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn cannot_read(source: &str, error: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{source} cannot be read: {error}"))
}

/// Hands lines on in chunks, and what has come as soon as no more is at hand. Ends with the input, or when nobody listens.
fn read(mut from: BufReader<impl Read>, sender: &SyncSender<Chunk>) {
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    loop {
        let line = match line(&mut from) {
            Ok(line) => line,
            Err(error) => {
                // What came before is whole; whoever does not listen any more needs neither.
                let _ = sender.send(Ok(chunk)).and_then(|()| sender.send(Err(error)));
                return;
            }
        };
        let is_end = line.is_none();
        bytes += line.as_ref().map_or(0, Vec::len);
        chunk.extend(line);
        // A line that has only begun must not hold up the ones before it.
        if is_end || bytes >= CHUNK_BYTES || !from.buffer().contains(&b'\n') {
            bytes = 0;
            if sender.send(Ok(std::mem::take(&mut chunk))).is_err() || is_end {
                return;
            }
        }
    }
}

/// One line without its end; the last one may have none.
fn line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)?;
    match line.last() {
        None => return Ok(None),
        Some(b'\n') => {
            line.pop();
        }
        Some(_) if line.len() > LINE_BYTES_MAX => {
            return Err(io::Error::other(format!("a line has more than {LINE_BYTES_MAX} bytes")));
        }
        Some(_) => {}
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &'static [u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::of("a test".to_owned(), input).unwrap();
        let mut all = Vec::new();
        loop {
            match lines.next(true).unwrap() {
                Line::Some(line) => all.push(line),
                Line::Later => {}
                Line::End => return all,
            }
        }
    }

    #[test]
    fn lines_are_bytes_between_ends() {
        assert_eq!(all(b""), Vec::<Vec<u8>>::new());
        assert_eq!(all(b"a\n\nb\r\n\xff"), [b"a".to_vec(), b"".to_vec(), b"b\r".to_vec(), b"\xff".to_vec()]);
        assert_eq!(all(b"a\n"), [b"a".to_vec()]);
        let long: &'static [u8] = "0123456789\n".repeat(CHUNK_BYTES / 5).into_bytes().leak();
        assert_eq!(all(long).len(), CHUNK_BYTES / 5, "chunks follow each other");
    }

    #[test]
    fn what_is_put_back_comes_next() {
        let mut lines = Lines::of("a test".to_owned(), &b"a\nb\n"[..]).unwrap();
        let mut first = Line::Later;
        while first == Line::Later {
            first = lines.next(true).unwrap();
        }
        lines.put_back(b"x".to_vec());
        assert_eq!((first, lines.next(false).unwrap()), (Line::Some(b"a".to_vec()), Line::Some(b"x".to_vec())));
    }

    #[test]
    fn a_broken_input_is_told_after_what_came() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let mut lines = Lines::of("a test".to_owned(), (&b"a\nhalf"[..]).chain(Broken)).unwrap();
        assert_eq!(lines.next(true).unwrap(), Line::Some(b"a".to_vec()));
        assert!(lines.next(true).unwrap_err().message.contains("a test cannot be read: the disk is gone"));
    }
}
