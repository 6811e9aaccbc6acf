//! DescribeClientQuotas: there are none. It is answered since clients tell a broker's age by it.

use std::borrow::Cow;

use kafka_wire::{
    ErrorCode,
    messages::describe_client_quotas::{DescribeClientQuotasRequest, DescribeClientQuotasResponse},
};

use crate::transport::{Answer, Call, Context, malformed};

pub(crate) async fn describe(_context: Context, call: Call) -> Answer {
    let Some(_) = call.decode::<DescribeClientQuotasRequest<'_>>() else { return malformed() };
    call.answer(&DescribeClientQuotasResponse {
        throttle_time_ms: 0,
        error_code: ErrorCode::UnsupportedVersion as i16,
        error_message: Some(Cow::Borrowed("clients have no quotas here")),
        entries: None,
    })
}
