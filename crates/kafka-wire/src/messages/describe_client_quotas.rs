// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeClientQuotas (key 48).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeClientQuotasRequest`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeClientQuotasRequest<'a> {
    /// `[]ComponentData`.
    pub components: Vec<ComponentData<'a>>,
    /// `bool`.
    pub strict: bool,
}

impl<'a> Wire<'a> for DescribeClientQuotasRequest<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.components = from.array()?;
        out.strict = from.bool()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.components)?;
        to.bool(self.strict);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeClientQuotasRequest`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentData<'a> {
    /// `string`.
    pub entity_type: Cow<'a, str>,
    /// `int8`.
    pub match_type: i8,
    /// `string`; null too.
    pub r#match: Option<Cow<'a, str>>,
}

impl Default for ComponentData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::Borrowed(""), match_type: 0, r#match: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for ComponentData<'a> {
    const BYTES_MIN: usize = 4;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entity_type = from.string()?;
        out.match_type = from.i8()?;
        out.r#match = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.entity_type)?;
        to.i8(self.match_type);
        to.string_or_null(self.r#match.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeClientQuotasRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeClientQuotas);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}

/// `DescribeClientQuotasResponse`, versions 0 to 1, flexible from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeClientQuotasResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]EntryData`; null too.
    pub entries: Option<Vec<EntryData<'a>>>,
}

impl Default for DescribeClientQuotasResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(Cow::Borrowed("")), entries: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for DescribeClientQuotasResponse<'a> {
    const BYTES_MIN: usize = 9;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        out.entries = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.array_or_null(self.entries.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeClientQuotasResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct EntryData<'a> {
    /// `[]EntityData`.
    pub entity: Vec<EntityData<'a>>,
    /// `[]ValueData`.
    pub values: Vec<ValueData<'a>>,
}

impl<'a> Wire<'a> for EntryData<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.entity = from.array()?;
        out.values = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array(&self.entity)?;
        to.array(&self.values)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeClientQuotasResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityData<'a> {
    /// `string`.
    pub entity_type: Cow<'a, str>,
    /// `string`; null too.
    pub entity_name: Option<Cow<'a, str>>,
}

impl Default for EntityData<'_> {
    fn default() -> Self {
        Self { entity_type: Cow::Borrowed(""), entity_name: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for EntityData<'a> {
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

/// A part of [`DescribeClientQuotasResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ValueData<'a> {
    /// `string`.
    pub key: Cow<'a, str>,
    /// `float64`.
    pub value: f64,
}

impl<'a> Wire<'a> for ValueData<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.key = from.string()?;
        out.value = from.f64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.key)?;
        to.f64(self.value);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeClientQuotasResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeClientQuotas);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;
    const FLEXIBLE_FROM: i16 = 1;
}
