//! What is known of each API: its versions, and the versions of its headers.

use crate::messages::{APIS, ApiKey};

/// One row of [`APIS`]: an API and its versions in Kafka 4.3. A server says what it serves in its answer to ApiVersions from
/// these rows, as far as it serves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// Its key.
    pub key: ApiKey,
    /// Its name, as Kafka writes it.
    pub name: &'static str,
    /// The first version that there is a codec for.
    pub min: i16,
    /// The last version that there is a codec for.
    pub max: i16,
    /// The first flexible version (KIP-482); `i16::MAX` if there is none.
    pub flexible_from: i16,
}

impl Api {
    /// The first version to advertise. For Produce that is 0, though versions 0 to 2 are refused: old librdkafka turns
    /// compression off unless it sees them (KAFKA-18659).
    pub fn advertised_min(&self) -> i16 {
        if self.key == ApiKey::Produce { 0 } else { self.min }
    }

    /// Whether there is a codec for `version`.
    pub fn has(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// Which header stands before a request of `version`, of those that exist or not: 1, or 2 if it is flexible.
    pub fn request_header_version(&self, version: i16) -> i16 {
        if version >= self.flexible_from { 2 } else { 1 }
    }

    /// Which header stands before a response of `version`: 0, or 1 if it is flexible. Before an answer to ApiVersions it is
    /// always 0, since who asks does not know yet what the server can do (KIP-511).
    pub fn response_header_version(&self, version: i16) -> i16 {
        if version >= self.flexible_from && self.key != ApiKey::ApiVersions { 1 } else { 0 }
    }
}

impl ApiKey {
    /// The number that it is written as.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// Its row.
    pub fn api(self) -> &'static Api {
        let row = APIS.binary_search_by_key(&self, |api| api.key);
        &APIS[row.expect("the table has a row for every key, in their order")]
    }
}
