// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! ApiVersions (key 18).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `ApiVersionsRequest`, versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ApiVersionsRequest<'a> {
    /// `string` from version 3; left out where there is no place for it.
    pub client_software_name: Cow<'a, str>,
    /// `string` from version 3; left out where there is no place for it.
    pub client_software_version: Cow<'a, str>,
}

impl<'a> Wire<'a> for ApiVersionsRequest<'a> {
    const BYTES_MIN: usize = 0;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version >= 3 {
            out.client_software_name = from.string()?;
            out.client_software_version = from.string()?;
        }
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version >= 3 {
            to.string(&self.client_software_name)?;
            to.string(&self.client_software_version)?;
        }
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ApiVersionsRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ApiVersions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 3;
}

/// `ApiVersionsResponse`, versions 0 to 4, flexible from 3.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionsResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `[]ApiVersion`.
    pub api_keys: Vec<ApiVersion>,
    /// `int32` from version 1; left out where there is no place for it.
    pub throttle_time_ms: i32,
    /// `[]SupportedFeatureKey` from version 3; tag 0; left out where there is no place for it.
    pub supported_features: Vec<SupportedFeatureKey<'a>>,
    /// `int64` from version 3; default -1; tag 1; left out where there is no place for it.
    pub finalized_features_epoch: i64,
    /// `[]FinalizedFeatureKey` from version 3; tag 2; left out where there is no place for it.
    pub finalized_features: Vec<FinalizedFeatureKey<'a>>,
    /// `bool` from version 3; default false; tag 3; left out where there is no place for it.
    pub zk_migration_ready: bool,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
            zk_migration_ready: false,
        }
    }
}

impl<'a> Wire<'a> for ApiVersionsResponse<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.api_keys = from.array()?;
        if version >= 1 {
            out.throttle_time_ms = from.i32()?;
        }
        let mut tags = from.tags()?;
        while let Some(tag) = from.tag(&mut tags)? {
            match tag {
                0 if version >= 3 => out.supported_features = from.array()?,
                1 if version >= 3 => out.finalized_features_epoch = from.i64()?,
                2 if version >= 3 => out.finalized_features = from.array()?,
                3 if version >= 3 => out.zk_migration_ready = from.bool()?,
                _ => from.skip_tag(),
            }
            from.end_tag(&tags)?;
        }
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        to.array(&self.api_keys)?;
        if version >= 1 {
            to.i32(self.throttle_time_ms);
        }
        if to.flexible() {
            let tags = to.tags();
            if !self.supported_features.is_empty() {
                let at = to.tag(&tags, 0);
                to.array(&self.supported_features)?;
                to.end_tag(at)?;
            }
            if self.finalized_features_epoch != -1 {
                let at = to.tag(&tags, 1);
                to.i64(self.finalized_features_epoch);
                to.end_tag(at)?;
            }
            if !self.finalized_features.is_empty() {
                let at = to.tag(&tags, 2);
                to.array(&self.finalized_features)?;
                to.end_tag(at)?;
            }
            if self.zk_migration_ready {
                let at = to.tag(&tags, 3);
                to.bool(self.zk_migration_ready);
                to.end_tag(at)?;
            }
        }
        Ok(())
    }
}

/// A part of [`ApiVersionsResponse`], versions 0 to 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ApiVersion {
    /// `int16`.
    pub api_key: i16,
    /// `int16`.
    pub min_version: i16,
    /// `int16`.
    pub max_version: i16,
}

impl<'a> Wire<'a> for ApiVersion {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.api_key = from.i16()?;
        out.min_version = from.i16()?;
        out.max_version = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.api_key);
        to.i16(self.min_version);
        to.i16(self.max_version);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ApiVersionsResponse`], versions 3 to 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SupportedFeatureKey<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int16`.
    pub min_version: i16,
    /// `int16`.
    pub max_version: i16,
}

impl<'a> Wire<'a> for SupportedFeatureKey<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.min_version = from.i16()?;
        out.max_version = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i16(self.min_version);
        to.i16(self.max_version);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`ApiVersionsResponse`], versions 3 to 4.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FinalizedFeatureKey<'a> {
    /// `string`.
    pub name: Cow<'a, str>,
    /// `int16`.
    pub max_version_level: i16,
    /// `int16`.
    pub min_version_level: i16,
}

impl<'a> Wire<'a> for FinalizedFeatureKey<'a> {
    const BYTES_MIN: usize = 6;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.name = from.string()?;
        out.max_version_level = from.i16()?;
        out.min_version_level = from.i16()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.name)?;
        to.i16(self.max_version_level);
        to.i16(self.min_version_level);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for ApiVersionsResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::ApiVersions);
    const VERSIONS: std::ops::RangeInclusive<i16> = 0..=4;
    const FLEXIBLE_FROM: i16 = 3;
}
