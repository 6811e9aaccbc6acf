//! HTTP/2 for a server (RFC 9113), without I/O: bytes in, events out; answers in, bytes out.
//!
//! A [`Connection`] is a machine. Whoever owns a socket hands it what was read ([`Connection::receive`]) until no [`Event`] is
//! left in it, answers requests with [`Connection::respond`], [`Connection::send`] and [`Connection::finish`] (or all three at
//! once with [`Connection::answer`]), and writes what [`Connection::output`] holds. All frames of one read are parsed together,
//! and all answers that are ready leave in one write; that is where a server's time goes, not in the frames themselves.
//!
//! **Data is not copied on its way in**: it comes as slices of the bytes that were handed in. **Memory is bounded**: the other
//! side may send what the windows of [`Settings`] allow and no more until the owner has taken it ([`Connection::release`]), and
//! the owner sees in [`Connection::capacity`] how much a stream still takes, so that a client that takes nothing stops whoever
//! produces for it. [`Connection::output`] stops growing with data at [`limits::OUTPUT_BYTES`].
//!
//! **Errors**: a fault of one stream resets it, is counted, and shows as [`Event::Reset`] if the owner knew the stream. A fault of
//! the connection gives [`Event::Closed`]; the output then ends with GOAWAY, and nothing is received any more. Frames that make
//! work without bringing anything (RFC 9113, section 10.5) use up a budget ([`limits::USELESS_FRAMES_MAX`]) that useful work and
//! [`Connection::rest`] fill again.
//!
//! Left out on purpose: priorities, server push, upgrades from HTTP/1, and trailers' contents.

mod calm;
mod connection;
mod error;
mod event;
mod field;
mod frame;
pub mod fuzz;
mod hpack;
pub mod limits;
mod output;
mod request;
mod settings;
mod stream;

pub use connection::Connection;
pub use error::{Code, Fault};
pub use event::Event;
pub use field::Field;
pub use frame::PREFACE;
pub use request::Request;
pub use settings::Settings;
