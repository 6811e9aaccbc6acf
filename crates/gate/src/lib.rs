//! The porch: who are you, may you, how big, how fast, until when.
