//! The machine as its neighbours use it.

mod disturbed;
mod encoding;
mod installed;
mod model;
mod random;
mod rules;
mod support;
mod together;
