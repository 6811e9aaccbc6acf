// Generated from messages.json by `cargo run -p kafka-wire --example generate`; do not edit.

//! CreateDelegationToken (key 38).

use std::borrow::Cow;

use crate::{
    decoder::Decoder,
    encoder::Encoder,
    error::Result,
    message::{Message, Wire},
    messages::ApiKey,
};

/// `CreateDelegationTokenRequest`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenRequest<'a> {
    /// `string` from version 3; null too.
    pub owner_principal_type: Option<Cow<'a, str>>,
    /// `string` from version 3; null too.
    pub owner_principal_name: Option<Cow<'a, str>>,
    /// `[]CreatableRenewers`.
    pub renewers: Vec<CreatableRenewers<'a>>,
    /// `int64`.
    pub max_lifetime_ms: i64,
}

impl Default for CreateDelegationTokenRequest<'_> {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Cow::Borrowed("")),
            owner_principal_name: Some(Cow::Borrowed("")),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
        }
    }
}

impl<'a> Wire<'a> for CreateDelegationTokenRequest<'a> {
    const BYTES_MIN: usize = 10;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        if version == 3 {
            out.owner_principal_type = from.string_or_null()?;
            out.owner_principal_name = from.string_or_null()?;
        }
        out.renewers = from.array()?;
        out.max_lifetime_ms = from.i64()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        if version == 3 {
            to.string_or_null(self.owner_principal_type.as_deref())?;
            to.string_or_null(self.owner_principal_name.as_deref())?;
        } else {
            to.absent(self.owner_principal_type.as_deref().is_some_and(|value| value.is_empty()))?;
            to.absent(self.owner_principal_name.as_deref().is_some_and(|value| value.is_empty()))?;
        }
        to.array(&self.renewers)?;
        to.i64(self.max_lifetime_ms);
        to.no_tags();
        Ok(())
    }
}

/// A part of [`CreateDelegationTokenRequest`], versions 1 to 3.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CreatableRenewers<'a> {
    /// `string`.
    pub principal_type: Cow<'a, str>,
    /// `string`.
    pub principal_name: Cow<'a, str>,
}

impl<'a> Wire<'a> for CreatableRenewers<'a> {
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

impl<'a> Message<'a> for CreateDelegationTokenRequest<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}

/// `CreateDelegationTokenResponse`, versions 1 to 3, flexible from 2.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDelegationTokenResponse<'a> {
    /// `int16`.
    pub error_code: i16,
    /// `string`.
    pub principal_type: Cow<'a, str>,
    /// `string`.
    pub principal_name: Cow<'a, str>,
    /// `string` from version 3.
    pub token_requester_principal_type: Cow<'a, str>,
    /// `string` from version 3.
    pub token_requester_principal_name: Cow<'a, str>,
    /// `int64`.
    pub issue_timestamp_ms: i64,
    /// `int64`.
    pub expiry_timestamp_ms: i64,
    /// `int64`.
    pub max_timestamp_ms: i64,
    /// `string`.
    pub token_id: Cow<'a, str>,
    /// `bytes`.
    pub hmac: Cow<'a, [u8]>,
    /// `int32`.
    pub throttle_time_ms: i32,
}

impl Default for CreateDelegationTokenResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: 0,
            principal_type: Cow::Borrowed(""),
            principal_name: Cow::Borrowed(""),
            token_requester_principal_type: Cow::Borrowed(""),
            token_requester_principal_name: Cow::Borrowed(""),
            issue_timestamp_ms: 0,
            expiry_timestamp_ms: 0,
            max_timestamp_ms: 0,
            token_id: Cow::Borrowed(""),
            hmac: Cow::Borrowed(&[]),
            throttle_time_ms: 0,
        }
    }
}

impl<'a> Wire<'a> for CreateDelegationTokenResponse<'a> {
    const BYTES_MIN: usize = 35;

    fn read(from: &mut Decoder<'a>) -> Result<Self> {
        let version = from.version();
        let mut out = Self::default();
        out.error_code = from.i16()?;
        out.principal_type = from.string()?;
        out.principal_name = from.string()?;
        if version == 3 {
            out.token_requester_principal_type = from.string()?;
            out.token_requester_principal_name = from.string()?;
        }
        out.issue_timestamp_ms = from.i64()?;
        out.expiry_timestamp_ms = from.i64()?;
        out.max_timestamp_ms = from.i64()?;
        out.token_id = from.string()?;
        out.hmac = from.bytes()?;
        out.throttle_time_ms = from.i32()?;
        from.skip_tags()?;
        Ok(out)
    }

    fn write(&self, to: &mut Encoder<'_>) -> Result<()> {
        let version = to.version();
        to.i16(self.error_code);
        to.string(&self.principal_type)?;
        to.string(&self.principal_name)?;
        if version == 3 {
            to.string(&self.token_requester_principal_type)?;
            to.string(&self.token_requester_principal_name)?;
        } else {
            to.absent(self.token_requester_principal_type.is_empty())?;
            to.absent(self.token_requester_principal_name.is_empty())?;
        }
        to.i64(self.issue_timestamp_ms);
        to.i64(self.expiry_timestamp_ms);
        to.i64(self.max_timestamp_ms);
        to.string(&self.token_id)?;
        to.bytes(&self.hmac)?;
        to.i32(self.throttle_time_ms);
        to.no_tags();
        Ok(())
    }
}

impl<'a> Message<'a> for CreateDelegationTokenResponse<'a> {
    const API: Option<ApiKey> = Some(ApiKey::CreateDelegationToken);
    const VERSIONS: std::ops::RangeInclusive<i16> = 1..=3;
    const FLEXIBLE_FROM: i16 = 2;
}
