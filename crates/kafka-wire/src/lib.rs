//! The Kafka protocol, without I/O: bytes to messages and back.
//!
//! **On a connection** stand frames, one after another: a size of four bytes, a header, a message. [`frame::split_frame`] cuts
//! the first one off what was read and refuses a size before anything is allocated for it; [`frame::Request::parse`] reads the
//! header of any API and version; [`frame::respond`] writes an answer. Clients' direction is here too ([`frame::ask`]), for
//! tools and tests.
//!
//! **[`messages`]** are generated from `messages.json`, Kafka 4.3.0's field tables, one file an API, and checked in: `cargo run
//! -p kafka-wire --example generate` writes them, and a test holds them against the table. A structure has the fields of all
//! versions; which of them are on the wire, and how, is the version's business ([`Message::decode`], [`Message::encode`]).
//! Texts and bytes are [`Cow`](std::borrow::Cow)s: decoded ones borrow from the buffer, and an answer is built from what is at
//! hand, owned or borrowed, with `.into()`. [`messages::APIS`] lists every API with its versions; a server advertises what it
//! serves of them.
//!
//! **No count is believed.** An array's is held against the bytes that are left before anything is allocated, and the memory of
//! all arrays together against the message's length ([`limits::DECODED_BYTES_PER_BYTE`]). Overlong varints, negative lengths,
//! nulls where the version has none, tags that do not ascend and bytes behind the message are [`Error`]s, each with its place.
//! What is refused ends the connection, as with Kafka.
//!
//! **[`hot`]** are Produce and Fetch by hand. [`hot::produce::Produce`] walks a request where it lies and allocates nothing;
//! [`hot::fetch::FetchAnswer`] leaves as pieces between which records are handed on uncopied. Both are held equal to the
//! generated code.
//!
//! **[`mod@batch`]** are record batches: [`batch::validate`] is what a broker checks before it appends one, down to its
//! records, [`batch::Batches`] walks a fetch answer, [`batch::Batch`] looks into one, [`batch::BatchBuilder`] makes one, and
//! [`batch::set_base_offset`] and its siblings set what is the broker's. A batch is never compressed again: it is stored and
//! served as it came.
//!
//! **Codecs** come from four crates in pure Rust, so that no C compiler is needed and a stranger's bytes meet no C: `flate2` on
//! `miniz_oxide` (its other backends are faster and have `unsafe` code or C under them), `snap`, `lz4_flex` with its checked
//! decoder, and `ruzstd`, which reads every zstd frame within a bounded window but writes only at a level near zstd's lowest:
//! enough for the batches that this side makes, since clients compress theirs themselves. Inflating streams, in memory that
//! does not follow the content's size, and stops at a cap that the caller gives.
//!
//! **Bytes of the real Kafka** lie in `tests/golden/`: what Apache Kafka 4.3.0 was asked and answered, in each version of each
//! API of the table, and what other clients ask. They are read and written again as the same bytes. `cargo run -p kafka-wire
//! --example record` records them from a broker that it starts, and a new API fails the tests until it was recorded.
//!
//! Left out on purpose: message formats 0 and 1, which Kafka 4 does not take either, and the APIs between brokers and
//! controllers.

pub mod api;
pub mod batch;
pub mod decoder;
pub mod encoder;
pub mod error;
mod error_code;
pub mod frame;
pub mod fuzz;
pub mod hot;
pub mod limits;
pub mod message;
pub mod messages;
mod uuid;

pub use api::Api;
pub use error::{Error, Kind, Result};
pub use error_code::ErrorCode;
pub use message::Message;
pub use messages::ApiKey;
pub use uuid::Uuid;
