//! Fields to header blocks.
//!
//! Answers of one server look alike, so this encoder knows beforehand which fields are worth remembering. Each of them enters
//! the other side's table the first time it is sent, and is one byte from then on. Nothing else enters, so nothing is ever
//! pushed out, and no table has to be kept here but the order in which they went in.

use super::{integer, table::STATIC};

/// HTTP/2's table size until the other side says otherwise.
const TABLE_BYTES_DEFAULT: usize = 4096;
/// What an entry counts beside its bytes (RFC 7541, section 4.1).
const OVERHEAD_BYTES: usize = 32;
const STATUS_200: u8 = 0x88;
/// The index of `:status 200`, whose name other codes use.
const STATUS_INDEX: usize = 8;

/// One direction's encoder.
pub(crate) struct Encoder {
    /// Fields worth remembering.
    known: &'static [(&'static str, &'static str)],
    /// Which of them went in, in that order.
    entered: Vec<usize>,
    bytes: usize,
    bytes_max: usize,
    /// The other side made its table smaller; the next block has to begin with that.
    resized: bool,
}

impl Encoder {
    pub(crate) fn new(known: &'static [(&'static str, &'static str)]) -> Self {
        Self { known, entered: Vec::new(), bytes: 0, bytes_max: TABLE_BYTES_DEFAULT, resized: false }
    }

    /// What the other side allows. A larger table than the default would not be used.
    pub(crate) fn resize(&mut self, bytes_max: usize) {
        let bytes_max = bytes_max.min(TABLE_BYTES_DEFAULT);
        if bytes_max < self.bytes_max {
            // What does not fit is pushed out there; beginning again is simpler than following that.
            self.bytes_max = bytes_max;
            self.resized = true;
        }
    }

    /// Writes `:status`, which stands before all other fields.
    pub(crate) fn status(&mut self, out: &mut Vec<u8>, status: u16) {
        self.begin(out);
        if status == 200 {
            out.push(STATUS_200);
            return;
        }
        integer::write(out, 0, 4, STATUS_INDEX);
        text(out, status.to_string().as_bytes());
    }

    /// What has to stand at the beginning of a block.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.resized) {
            // By way of zero, so that the table is surely empty.
            integer::write(out, 0x20, 5, 0);
            integer::write(out, 0x20, 5, self.bytes_max);
            self.entered.clear();
            self.bytes = 0;
        }
    }

    /// Writes one field.
    pub(crate) fn field(&mut self, out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
        let is_same = |(known, content): &(&str, &str)| known.as_bytes() == name && content.as_bytes() == value;
        let Some(number) = self.known.iter().position(is_same) else { return literal(out, 0, 4, name, value) };
        if let Some(place) = self.entered.iter().position(|entered| *entered == number) {
            return integer::write(out, 0x80, 7, STATIC.len() + self.entered.len() - place);
        }
        let bytes = name.len() + value.len() + OVERHEAD_BYTES;
        if self.bytes + bytes > self.bytes_max {
            return literal(out, 0, 4, name, value);
        }
        self.bytes += bytes;
        self.entered.push(number);
        literal(out, 0x40, 6, name, value);
    }
}

/// A field spelled out, but for a name that everybody knows.
fn literal(out: &mut Vec<u8>, flags: u8, prefix_bits: u32, name: &[u8], value: &[u8]) {
    match STATIC.iter().position(|(known, _)| known.as_bytes() == name) {
        Some(place) => integer::write(out, flags, prefix_bits, place + 1),
        None => {
            out.push(flags);
            text(out, name);
        }
    }
    text(out, value);
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    integer::write(out, 0, 7, text.len());
    out.extend_from_slice(text);
}
