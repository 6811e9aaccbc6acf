// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! UpdateFeatures (key 57).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `UpdateFeaturesRequest`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesRequest<'a> {
    /// `int32`; default 60000.
    pub timeout_ms: i32,
    /// `[]FeatureUpdateKey`.
    pub feature_updates: Vec<FeatureUpdateKey<'a>>,
    /// `bool` from version 1; default false.
    pub validate_only: bool,
}

impl Default for UpdateFeaturesRequest<'_> {
    fn default() -> Self {
        Self { timeout_ms: 60000, feature_updates: Vec::new(), validate_only: false }
    }
}

impl<'a> Wire<'a> for UpdateFeaturesRequest<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.timeout_ms = from.i32()?;
        out.feature_updates = from.array()?;
        if version >= 1 {
            out.validate_only = from.bool()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.timeout_ms);
        to.array(&self.feature_updates)?;
        if version >= 1 {
            to.bool(self.validate_only);
        } else {
            to.absent(!self.validate_only)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`UpdateFeaturesRequest`], versions 0 to 2.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureUpdateKey<'a> {
    /// `string`.
    pub feature: Cow<'a, str>,
    /// `int16`.
    pub max_version_level: i16,
    /// `bool` until version 0.
    pub allow_downgrade: bool,
    /// `int8` from version 1; default 1.
    pub upgrade_type: i8,
}

impl Default for FeatureUpdateKey<'_> {
    fn default() -> Self {
        Self { feature: Cow::Borrowed(""), max_version_level: 0, allow_downgrade: false, upgrade_type: 1 }
    }
}

impl<'a> Wire<'a> for FeatureUpdateKey<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.feature = from.string()?;
        out.max_version_level = from.i16()?;
        if version == 0 {
            out.allow_downgrade = from.bool()?;
        }
        if version >= 1 {
            out.upgrade_type = from.i8()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.feature)?;
        to.i16(self.max_version_level);
        if version == 0 {
            to.bool(self.allow_downgrade);
        } else {
            to.absent(!self.allow_downgrade)?;
        }
        if version >= 1 {
            to.i8(self.upgrade_type);
        } else {
            to.absent(self.upgrade_type == 1)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for UpdateFeaturesRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::UpdateFeatures);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}

/// `UpdateFeaturesResponse`, versions 0 to 2, flexible from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateFeaturesResponse<'a> {
    /// `int32`.
    pub throttle_time_ms: i32,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
    /// `[]UpdatableFeatureResult` until version 1; left out where there is no place for it.
    pub results: Vec<UpdatableFeatureResult<'a>>,
}

impl Default for UpdateFeaturesResponse<'_> {
    fn default() -> Self {
        Self { throttle_time_ms: 0, error_code: 0, error_message: Some(Cow::Borrowed("")), results: Vec::new() }
    }
}

impl<'a> Wire<'a> for UpdateFeaturesResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.throttle_time_ms = from.i32()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        if version <= 1 {
            out.results = from.array()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i32(self.throttle_time_ms);
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        if version <= 1 {
            to.array(&self.results)?;
        }
        to.no_tags();
        Ok(())
    }
}

/// A part of [`UpdateFeaturesResponse`], versions 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdatableFeatureResult<'a> {
    /// `string`.
    pub feature: Cow<'a, str>,
    /// `int16`.
    pub error_code: i16,
    /// `string`; null too.
    pub error_message: Option<Cow<'a, str>>,
}

impl Default for UpdatableFeatureResult<'_> {
    fn default() -> Self {
        Self { feature: Cow::Borrowed(""), error_code: 0, error_message: Some(Cow::Borrowed("")) }
    }
}

impl<'a> Wire<'a> for UpdatableFeatureResult<'a> {
    const BYTES_MIN: usize = 5;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.feature = from.string()?;
        out.error_code = from.i16()?;
        out.error_message = from.string_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.feature)?;
        to.i16(self.error_code);
        to.string_or_null(self.error_message.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for UpdateFeaturesResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::UpdateFeatures);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=2;
    const FLEXIBLE_FROM: i16 = 0;
}
