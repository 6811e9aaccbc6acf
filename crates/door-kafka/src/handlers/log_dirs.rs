//! DescribeLogDirs: what lies on this node's disk (KIP-113, KIP-827).

use std::{borrow::Cow, sync::Arc};

use cluster::catalogue::Topic;
use kafka_wire::messages::{
    ApiKey,
    describe_log_dirs::{
        DescribeLogDirsPartition, DescribeLogDirsRequest, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
    },
};

use crate::{
    topics::Topics,
    transport::{Answer, Call, Context, malformed},
};

pub(crate) async fn describe(context: Context, call: Call) -> Answer {
    let Some(request) = call.decode::<DescribeLogDirsRequest<'_>>() else { return malformed() };
    if let Err(code) = context.authority.cluster(ApiKey::DescribeLogDirs) {
        return call.answer(&DescribeLogDirsResponse { error_code: code as i16, ..DescribeLogDirsResponse::default() });
    }
    let topics = &context.door.topics;
    let told: Vec<DescribeLogDirsTopic<'_>> = match &request.topics {
        None => topics.all().iter().map(|topic| sizes(topics, topic, None)).collect(),
        Some(named) => {
            // What does not exist is not in the directory.
            let found = named.iter().filter_map(|asked| Some((topics.topic(&asked.topic)?, &asked.partitions)));
            found.map(|(topic, partitions)| sizes(topics, &topic, Some(partitions))).collect()
        }
    };
    let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    let space = topics.node().status().space;
    let result = DescribeLogDirsResult {
        error_code: 0,
        log_dir: Cow::Borrowed(&context.door.options.data_dir),
        topics: told,
        total_bytes: space.map_or(-1, |space| bytes(space.total)),
        usable_bytes: space.map_or(-1, |space| bytes(space.free)),
        is_cordoned: false,
    };
    call.answer(&DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() })
}

fn sizes(topics: &Topics, topic: &Arc<Topic>, wanted: Option<&Vec<i32>>) -> DescribeLogDirsTopic<'static> {
    let size = |index: i32| {
        let place = topics.place(topic, index).ok()?;
        Some(DescribeLogDirsPartition {
            partition_index: index,
            partition_size: i64::try_from(place.shard.bytes(place.id)).unwrap_or(i64::MAX),
            offset_lag: 0,
            is_future_key: false,
        })
    };
    let partitions = match wanted {
        None => (0..i32::try_from(topic.partitions()).unwrap_or(i32::MAX)).filter_map(size).collect(),
        Some(wanted) => wanted.iter().copied().filter_map(size).collect(),
    };
    DescribeLogDirsTopic { name: Cow::Owned(topic.name.to_string()), partitions }
}
