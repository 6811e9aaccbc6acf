//! Bodies that come in chunks (RFC 9112, section 7.1).

use std::io;

use super::foreign;

/// Bytes of a line with a chunk's size, at most.
const LINE_BYTES_MAX: usize = 1_024;

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Size,
    /// So many bytes of content, and a line's end.
    Content(usize),
    LineEnd,
    /// Fields behind the last chunk, and an empty line.
    Trailer,
    Nothing,
}

/// How far a body was read.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    next: Next,
}

impl Chunks {
    /// Appends to `out` the content of what came, and answers how many bytes of it were used. The rest comes again, with more behind it.
    pub(crate) fn take(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<usize> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match self.next {
                Next::Size => {
                    let Some(line) = line(rest)? else { return Ok(used) };
                    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
                    let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'));
                    let size = digits.and_then(|text| usize::from_str_radix(text, 16).ok());
                    let size = size.ok_or_else(|| foreign("a chunk has no size"))?;
                    used += line.len() + 2;
                    self.next = if size == 0 { Next::Trailer } else { Next::Content(size) };
                }
                Next::Content(left) => {
                    let count = left.min(rest.len());
                    out.extend_from_slice(&rest[..count]);
                    used += count;
                    if count < left {
                        self.next = Next::Content(left - count);
                        return Ok(used);
                    }
                    self.next = Next::LineEnd;
                }
                Next::LineEnd => {
                    let Some(end) = rest.get(..2) else { return Ok(used) };
                    if end != b"\r\n" {
                        return Err(foreign("a chunk is longer than it says"));
                    }
                    used += 2;
                    self.next = Next::Size;
                }
                Next::Trailer => {
                    let Some(line) = line(rest)? else { return Ok(used) };
                    used += line.len() + 2;
                    if line.is_empty() {
                        self.next = Next::Nothing;
                    }
                }
                Next::Nothing => return Ok(used),
            }
        }
    }

    /// Whether all of the body was read.
    pub(crate) fn is_over(&self) -> bool {
        self.next == Next::Nothing
    }
}

/// A line without its end; none while it is not all there.
fn line(input: &[u8]) -> io::Result<Option<&[u8]>> {
    let end = input.windows(2).take(LINE_BYTES_MAX).position(|pair| pair == b"\r\n");
    match end {
        Some(end) => Ok(Some(&input[..end])),
        None if input.len() > LINE_BYTES_MAX => Err(foreign("a line of a body in chunks is too long")),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_wherever_they_are_cut() {
        let text = b"4\r\nabcd\r\nA;name=value\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
        for cut in 0..=text.len() {
            let (mut chunks, mut out) = (Chunks::default(), Vec::new());
            let used = chunks.take(&text[..cut], &mut out).expect("it is sound");
            assert_eq!(chunks.is_over(), cut == text.len(), "{cut}");
            let more = chunks.take(&text[used..], &mut out).expect("it is sound");
            assert_eq!((&out[..], used + more, chunks.is_over()), (&b"abcd0123456789"[..], text.len(), true), "{cut}");
        }
    }

    #[test]
    fn what_is_not_chunks_is_refused() {
        for bad in [&b"zz\r\nab\r\n"[..], b"\r\n", b"+4\r\nabcd\r\n", b"2\r\nabcd\r\n", &[b'0'; 2_000]] {
            assert!(Chunks::default().take(bad, &mut Vec::new()).is_err(), "{bad:?}");
        }
    }
}
