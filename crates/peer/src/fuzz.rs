//! What fuzzers feed: the decoders of this room as functions over bytes. Bad bytes give an error, never a panic and never more
//! memory than they are worth.

use bytes::BufMut;

use crate::{Channel, frame::Parser, hello::Message};

/// Takes frames out of bytes that arrive in pieces; the first byte chooses the channel and the size of the pieces. Answers how many
/// frames there were before the end or an error.
#[must_use]
pub fn frames(data: &[u8]) -> usize {
    let Some((choice, data)) = data.split_first() else { return 0 };
    let mut parser = Parser::new(Channel::ALL[usize::from(choice & 3)]);
    let mut count = 0;
    for piece in data.chunks(usize::from(choice >> 2) * 8 + 1) {
        parser.room().put_slice(piece);
        loop {
            match parser.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => break,
                Err(_) => return count,
            }
        }
    }
    count
}

/// Reads one message of a handshake. Answers whether it is one, and checks that it is written as it was read.
#[must_use]
pub fn handshake(data: &[u8]) -> bool {
    let Ok(message) = Message::decode(data) else { return false };
    // A later version may have put more behind what is known here, so it may come out shorter.
    let again = Message::decode(&message.encode());
    assert!(again.is_ok(), "{message:?} is written so that it cannot be read");
    true
}
