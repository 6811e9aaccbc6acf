//! The machine as its neighbours use it.

mod rules;
mod support;
