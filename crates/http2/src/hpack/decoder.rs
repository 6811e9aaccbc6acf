//! Header blocks to fields (RFC 7541, sections 3.2 and 6).

use super::{Broken, Bytes, Field, huffman, integer, table::Table};

/// What this side's table holds: HTTP/2's default, which is never announced otherwise.
const TABLE_BYTES_MAX: usize = 4096;

/// One direction's decoder; it must see every block in order.
pub(crate) struct Decoder {
    table: Table,
    /// Where texts are decoded before they are taken.
    scratch: Vec<u8>,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self { table: Table::new(TABLE_BYTES_MAX), scratch: Vec::new() }
    }

    /// Decodes one block and hands each field to `take`.
    pub(crate) fn decode(&mut self, mut block: &[u8], mut take: impl FnMut(&Field)) -> Result<(), Broken> {
        while let Some(first) = block.first().filter(|first| **first & 0xe0 == 0x20) {
            debug_assert_eq!(first & 0xe0, 0x20);
            let bytes_max = integer::read(&mut block, 5)?;
            if bytes_max > TABLE_BYTES_MAX {
                return Err(Broken::Resize);
            }
            self.table.resize(bytes_max);
        }
        while let Some(first) = block.first() {
            match first {
                0x80.. => {
                    let index = integer::read(&mut block, 7)?;
                    take(self.table.get(index).ok_or(Broken::Index)?);
                }
                0x40.. => {
                    let field = self.literal(&mut block, 6)?;
                    take(&field);
                    self.table.insert(field);
                }
                0x20.. => return Err(Broken::Resize),
                _ => take(&self.literal(&mut block, 4)?),
            }
        }
        Ok(())
    }

    /// A field that is spelled out, or its value alone.
    fn literal(&mut self, block: &mut &[u8], prefix_bits: u32) -> Result<Field, Broken> {
        match integer::read(block, prefix_bits)? {
            0 => {
                let name = self.text(block)?;
                Ok(Field::new(name, self.text(block)?))
            }
            index => {
                let value = self.text(block)?;
                Ok(self.table.get(index).ok_or(Broken::Index)?.with_value(value))
            }
        }
    }

    fn text(&mut self, block: &mut &[u8]) -> Result<Bytes, Broken> {
        let coded = block.first().is_some_and(|first| first & 0x80 != 0);
        let length = integer::read(block, 7)?;
        let (text, rest) = block.split_at_checked(length).ok_or(Broken::Truncated)?;
        *block = rest;
        if !coded {
            return Ok(Bytes::copy_from_slice(text));
        }
        self.scratch.clear();
        huffman::decode(text, &mut self.scratch)?;
        Ok(Bytes::copy_from_slice(&self.scratch))
    }
}
