// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! AlterClientQuotas (key 49).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `AlterClientQuotasRequest`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterClientQuotasRequest<'a> {
    /// `[]EntryData`.
    pub entries: Vec<RequestEntryData<'a>>,
    /// `bool`.
    pub validate_only: bool,
}

impl<'a> Wire<'a> for AlterClientQuotasRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entries = from.array()?;
        out.validate_only = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.entries)?;
        to.bool(self.validate_only);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RequestEntryData<'a> {
    /// `[]EntityData`.
    pub entity: Vec<RequestEntityData<'a>>,
    /// `[]OpData`.
    pub ops: Vec<OpData<'a>>,
}

impl<'a> Wire<'a> for RequestEntryData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entity = from.array()?;
        out.ops = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.entity)?;
        to.array(&self.ops)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestEntityData<'a> {
    /// `string`.
    pub entity_type: Cow<'a, str>,
    /// `string`; null too.
    pub entity_name: Option<Cow<'a, str>>,
}

impl Default for RequestEntityData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::Borrowed(""), entity_name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for RequestEntityData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entity_type = from.string()?;
        out.entity_name = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.entity_type)?;
        to.string_or_null(self.entity_name.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterClientQuotasRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct OpData<'a> {
    /// `string`.
    pub key: Cow<'a, str>,
    /// `float64`.
    pub value: f64,
    /// `bool`.
    pub remove: bool,
}

impl<'a> Wire<'a> for OpData<'a> {
    const BYTES_MIN: usize = 11;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.key = from.string()?;
        out.value = from.f64()?;
        out.remove = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.key)?;
        to.f64(self.value);
        to.bool(self.remove);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterClientQuotasRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterClientQuotas);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `AlterClientQuotasResponse`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AlterClientQuotasResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `[]EntryData`.
    pub entries: Vec<ResponseEntryData<'a>>,
}

impl<'a> Wire<'a> for AlterClientQuotasResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.entries = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.array(&self.entries)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterClientQuotasResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntryData<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]EntityData`.
    pub entity: Vec<ResponseEntityData<'a>>,
}

impl Default for ResponseEntryData<'_> {
    fn default() -> Self {
        Self { error_code: 0, error_message: Some(Cow::Borrowed("")), entity: Vec::new() }
    }
}

impl<'a> Wire<'a> for ResponseEntryData<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.entity = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array(&self.entity)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`AlterClientQuotasResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseEntityData<'a> {
    /// `string`.
    pub entity_type: Cow<'a, str>,
    /// `string`; null too.
    pub entity_name: Option<Cow<'a, str>>,
}

impl Default for ResponseEntityData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::Borrowed(""), entity_name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for ResponseEntityData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entity_type = from.string()?;
        out.entity_name = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.entity_type)?;
        to.string_or_null(self.entity_name.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for AlterClientQuotasResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::AlterClientQuotas);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}
