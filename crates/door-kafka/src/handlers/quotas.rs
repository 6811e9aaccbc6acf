//! DescribeClientQuotas: there are none. It is answered since clients tell a broker's age by it.

use std::borrow::Cow;

use kafka_wire::{
    ErrorCode,
    messages::{
        ApiKey,
        describe_client_quotas::{DescribeClientQuotasRequest, DescribeClientQuotasResponse},
    },
};

use crate::transport::{Answer, Call, Context, malformed};

pub(crate) async fn describe(context: Context, call: Call) -> Answer {
    let Some(_) = call.decode::<DescribeClientQuotasRequest<'_>>() else { return malformed() };
    let (code, text) = match context.authority.cluster(ApiKey::DescribeClientQuotas) {
        Ok(()) => (ErrorCode::UnsupportedVersion, "clients have no quotas here"),
        Err(code) => (code, code.name()),
    };
    call.answer(&DescribeClientQuotasResponse {
        throttle_time_ms: 0,
        error_code: code as i16,
        error_message: Some(Cow::Borrowed(text)),
        entries: None,
    })
}
