//! Configuration stores of whole nodes: alone, among three that are killed and come back, beside large values and imports, and on a
//! node that is new.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod alone;
mod house;
mod kills;
mod three;
