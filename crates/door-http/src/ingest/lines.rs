//! Lines of a body, in bounded memory.

use bytes::{Buf, BytesMut};

use crate::limits::LINE_BYTES_MAX;

/// Cuts what comes in into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// What came in, and up to where it was given.
    held: BytesMut,
    start: usize,
    /// Up to where it is known to have no line end.
    looked: usize,
    /// How many lines were given, blank ones too.
    number: usize,
    /// Whether the line that is coming in is too long and is being thrown away.
    is_skipping: bool,
}

/// One line, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Its number, from 1, and its bytes, which are not blank.
    Whole(usize, &'a [u8]),
    /// This one was longer than a line may be.
    TooLong(usize),
}

impl Lines {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.held.advance(self.start);
        self.looked -= self.start;
        self.start = 0;
        self.held.extend_from_slice(piece);
    }

    /// Bytes that wait for the end of their line.
    pub(crate) fn held(&self) -> usize {
        self.held.len() - self.start
    }

    /// The next line that has ended. `is_last`: nothing more will come, so the rest is one, too.
    pub(crate) fn next(&mut self, is_last: bool) -> Option<Line<'_>> {
        loop {
            let end = memchr::memchr(b'\n', &self.held[self.looked..]).map(|at| self.looked + at);
            let (from, to) = match end {
                Some(end) => (self.start, end),
                None if is_last && (self.held() > 0 || self.is_skipping) => (self.start, self.held.len()),
                None => {
                    if self.held() > LINE_BYTES_MAX {
                        self.is_skipping = true;
                        self.start = self.held.len();
                    }
                    self.looked = self.held.len();
                    return None;
                }
            };
            self.start = self.held.len().min(to + 1);
            self.looked = self.start;
            self.number += 1;
            if std::mem::take(&mut self.is_skipping) || to - from > LINE_BYTES_MAX {
                return Some(Line::TooLong(self.number));
            }
            if !self.held[from..to].trim_ascii().is_empty() {
                return Some(Line::Whole(self.number, &self.held[from..to]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines with their numbers; none where one was too long.
    type Given = Vec<(usize, Option<Vec<u8>>)>;

    fn take(lines: &mut Lines, is_last: bool, given: &mut Given) {
        while let Some(line) = lines.next(is_last) {
            given.push(match line {
                Line::Whole(number, bytes) => (number, Some(bytes.to_vec())),
                Line::TooLong(number) => (number, None),
            });
        }
    }

    fn all(pieces: &[&[u8]]) -> Given {
        let (mut lines, mut given) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.push(piece);
            take(&mut lines, false, &mut given);
        }
        take(&mut lines, true, &mut given);
        given
    }

    fn whole(number: usize, text: &str) -> (usize, Option<Vec<u8>>) {
        (number, Some(text.into()))
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
        assert_eq!(all(&[&long, b"\nb\n"]), [(1, Some(long.clone())), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x\nb\n"]), [(1, None), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x", b"more", b"more\nb\n"]), [(1, None), whole(2, "b")]);
        assert_eq!(all(&[&long, b"x"]), [(1, None)]);
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
