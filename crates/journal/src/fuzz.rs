//! Decoder entry over arbitrary bytes.
