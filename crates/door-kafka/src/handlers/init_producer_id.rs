//! InitProducerId: an id for an idempotent producer (KIP-98, KIP-360).

use kafka_wire::{
    ErrorCode,
    messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse},
};

use crate::{
    errors,
    transport::{Answer, Call, Context, malformed},
};

pub(crate) async fn answer(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<InitProducerIdRequest<'_>>() else { return malformed() };
    let refused = |code: ErrorCode| InitProducerIdResponse {
        error_code: code as i16,
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    };
    if request.transactional_id.is_some() {
        // Transactions are not served, and their APIs are not advertised: a client that asks all the same gives up.
        return call.answer(&refused(ErrorCode::TransactionalIdAuthorizationFailed));
    }
    if let Err(code) = context.authority.produce_idempotently() {
        return call.answer(&refused(code));
    }
    let shards = context.door.topics.shards();
    // A shard that is led here answers at once.
    let shard = shards.values().find(|shard| shard.leadership().is_here).or_else(|| shards.values().next());
    let Some(shard) = shard else { return call.answer(&refused(ErrorCode::CoordinatorNotAvailable)) };
    let response = match context.door.producers.next(shard).await {
        Ok(producer_id) => InitProducerIdResponse { producer_id, producer_epoch: 0, ..refused(ErrorCode::None) },
        Err(error) => refused(errors::of_error(&error)),
    };
    call.answer(&response)
}
