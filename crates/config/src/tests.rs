//! What the machine does, against a naive model and rule by rule.

mod encoding;
mod model;
mod proofs;
mod random;
mod rules;
mod support;
mod together;
