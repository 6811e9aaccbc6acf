//! The machine as its neighbours use it.

mod encoding;
mod model;
mod random;
mod rules;
mod support;
mod together;
