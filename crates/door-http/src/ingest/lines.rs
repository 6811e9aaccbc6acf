//! Lines of a body, in bounded memory.

use bytes::{Bytes, BytesMut};

use crate::limits::LINE_BYTES_MAX;

/// Cuts what comes in into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// What came in and was not given yet.
    held: BytesMut,
    /// Bytes of it that are known to have no line end.
    looked: usize,
    /// How many lines were given, blank ones too.
    number: usize,
    /// Whether the line that is coming in is too long and is being thrown away.
    is_skipping: bool,
}

/// One line, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Its number, from 1, and its bytes, which are not blank.
    Whole(usize, Bytes),
    /// This one was longer than a line may be.
    TooLong(usize),
}

impl Lines {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.held.extend_from_slice(piece);
    }

    /// Bytes that wait for the end of their line.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// The next line that has ended. `is_last`: nothing more will come, so the rest is one, too.
    pub(crate) fn next(&mut self, is_last: bool) -> Option<Line> {
        loop {
            let end = memchr::memchr(b'\n', &self.held[self.looked..]).map(|at| self.looked + at);
            let line = match end {
                Some(end) => {
                    let mut line = self.held.split_to(end + 1);
                    line.truncate(end);
                    line
                }
                None if is_last && (!self.held.is_empty() || self.is_skipping) => self.held.split(),
                None => {
                    if self.held.len() > LINE_BYTES_MAX {
                        self.is_skipping = true;
                        self.held.clear();
                    }
                    self.looked = self.held.len();
                    return None;
                }
            };
            self.looked = 0;
            self.number += 1;
            if std::mem::take(&mut self.is_skipping) || line.len() > LINE_BYTES_MAX {
                return Some(Line::TooLong(self.number));
            }
            if !line.trim_ascii().is_empty() {
                return Some(Line::Whole(self.number, line.freeze()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut given = Vec::new();
        for piece in pieces {
            lines.push(piece);
            while let Some(line) = lines.next(false) {
                given.push(line);
            }
        }
        while let Some(line) = lines.next(true) {
            given.push(line);
        }
        given
    }

    fn whole(number: usize, text: &'static str) -> Line {
        Line::Whole(number, Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn blank_lines_count_and_are_not_given() {
        assert_eq!(all(&[b"a\n\n \r\nb"]), [whole(1, "a"), whole(4, "b")]);
        assert_eq!(all(&[b"a", b"b\nc", b"\n"]), [whole(1, "ab"), whole(2, "c")]);
        assert_eq!(all(&[b""]), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_thrown_away_and_the_next_is_read() {
        let long = vec![b'x'; LINE_BYTES_MAX];
        assert_eq!(all(&[&long, b"\nb\n"]), [Line::Whole(1, long.clone().into()), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x\nb\n"]), [Line::TooLong(1), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x", b"more", b"more\nb\n"]), [Line::TooLong(1), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x"]), [Line::TooLong(1)]);
        let mut lines = Lines::default();
        for _ in 0..10 {
            lines.push(&long);
            assert_eq!(lines.next(false), None);
            assert!(lines.held() <= LINE_BYTES_MAX);
        }
    }

    proptest! {
        #[test]
        fn where_pieces_end_does_not_matter(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b' ')], 0..60), size in 1_usize..7) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(all(&pieces), all(&[&bytes]));
        }
    }
}
