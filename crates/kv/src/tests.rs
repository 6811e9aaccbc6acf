//! The machine as its neighbours use it.

mod disturbed;
mod encoding;
mod model;
mod random;
mod rules;
mod support;
mod together;
