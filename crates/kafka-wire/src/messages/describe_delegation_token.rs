// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! DescribeDelegationToken (key 41).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `DescribeDelegationTokenRequest`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribeDelegationTokenRequest<'a> {
    /// `[]DescribeDelegationTokenOwner`; null too.
    pub owners: Option<Vec<DescribeDelegationTokenOwner<'a>>>,
}

impl Default for DescribeDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self { owners: Some(Vec::new()) }
    }
}

impl<'a> Wire<'a> for DescribeDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 2;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.owners = from.array_or_null()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.array_or_null(self.owners.as_deref())?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeDelegationTokenRequest`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeDelegationTokenOwner<'a> {
    /// `string`.
    pub principal_type: Cow<'a, str>,
    /// `string`.
    pub principal_name: Cow<'a, str>,
}

impl<'a> Wire<'a> for DescribeDelegationTokenOwner<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.principal_type = from.string()?;
        out.principal_name = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.principal_type)?;
        to.string(&self.principal_name)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeDelegationTokenRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `DescribeDelegationTokenResponse`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribeDelegationTokenResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `[]DescribedDelegationToken`.
    pub tokens: Vec<DescribedDelegationToken<'a>>,
    /// `int32`.
    pub throttle_time_ms: i32,
}

impl<'a> Wire<'a> for DescribeDelegationTokenResponse<'a> {
    const BYTES_MIN: usize = 8;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.tokens = from.array()?;
        out.throttle_time_ms = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.i16(self.error_code);
        to.array(&self.tokens)?;
        to.i32(self.throttle_time_ms);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeDelegationTokenResponse`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq)]
pub struct DescribedDelegationToken<'a> {
    /// `string`.
    pub principal_type: Cow<'a, str>,
    /// `string`.
    pub principal_name: Cow<'a, str>,
    /// `string` from version 3.
    pub token_requester_principal_type: Cow<'a, str>,
    /// `string` from version 3.
    pub token_requester_principal_name: Cow<'a, str>,
    /// `int64`.
    pub issue_timestamp: i64,
    /// `int64`.
    pub expiry_timestamp: i64,
    /// `int64`.
    pub max_timestamp: i64,
    /// `string`.
    pub token_id: Cow<'a, str>,
    /// `bytes`.
    pub hmac: Cow<'a, [u8]>,
    /// `[]DescribedDelegationTokenRenewer`.
    pub renewers: Vec<DescribedDelegationTokenRenewer<'a>>,
}

impl Default for DescribedDelegationToken<'_> {
    fn default() -> Self {
        Self {
            principal_type: Cow::Borrowed(""),
            principal_name: Cow::Borrowed(""),
            token_requester_principal_type: Cow::Borrowed(""),
            token_requester_principal_name: Cow::Borrowed(""),
            issue_timestamp: 0,
            expiry_timestamp: 0,
            max_timestamp: 0,
            token_id: Cow::Borrowed(""),
            hmac: Cow::Borrowed(&[]),
            renewers: Vec::new(),
        }
    }
}

impl<'a> Wire<'a> for DescribedDelegationToken<'a> {
    const BYTES_MIN: usize = 30;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.principal_type = from.string()?;
        out.principal_name = from.string()?;
        if version == 3 {
            out.token_requester_principal_type = from.string()?;
            out.token_requester_principal_name = from.string()?;
        }
        out.issue_timestamp = from.i64()?;
        out.expiry_timestamp = from.i64()?;
        out.max_timestamp = from.i64()?;
        out.token_id = from.string()?;
        out.hmac = from.bytes()?;
        out.renewers = from.array()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.string(&self.principal_type)?;
        to.string(&self.principal_name)?;
        if version == 3 {
            to.string(&self.token_requester_principal_type)?;
            to.string(&self.token_requester_principal_name)?;
        } else {
            to.absent(self.token_requester_principal_type.is_empty())?;
            to.absent(self.token_requester_principal_name.is_empty())?;
        }
        to.i64(self.issue_timestamp);
        to.i64(self.expiry_timestamp);
        to.i64(self.max_timestamp);
        to.string(&self.token_id)?;
        to.bytes(&self.hmac)?;
        to.array(&self.renewers)?;
        to.no_tags();
        Ok(())
    }
}

/// A part of [`DescribeDelegationTokenResponse`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct DescribedDelegationTokenRenewer<'a> {
    /// `string`.
    pub principal_type: Cow<'a, str>,
    /// `string`.
    pub principal_name: Cow<'a, str>,
}

impl<'a> Wire<'a> for DescribedDelegationTokenRenewer<'a> {
    const BYTES_MIN: usize = 3;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let mut out = Self::default();
        out.principal_type = from.string()?;
        out.principal_name = from.string()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        to.string(&self.principal_type)?;
        to.string(&self.principal_name)?;
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for DescribeDelegationTokenResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::DescribeDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}
