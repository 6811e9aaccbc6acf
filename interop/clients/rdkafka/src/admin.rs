//! Topics, made, described and removed.

use crate::report::{PATIENCE, Run, Said};
use futures_executor::block_on;
use rdkafka::admin::{AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication, TopicResult};

/// What became of the one topic of a call.
fn outcome(results: &[TopicResult]) -> String {
    match results {
        [Ok(_)] => "ok".to_owned(),
        [Err((_, code))] => format!("{code:?}"),
        other => format!("{other:?}"),
    }
}

pub fn topics(run: &Run) -> Said {
    let (admin, options, mut said) = (run.admin()?, AdminOptions::new().operation_timeout(Some(PATIENCE)), Vec::new());
    let name = run.name("");
    let topic = NewTopic::new(&name, 3, TopicReplication::Fixed(1)).set("retention.ms", "777000");
    for what in ["made", "made again"] {
        said.push(format!("{what} {}", outcome(&block_on(admin.create_topics([&topic], &options))?)));
    }
    for (what, partitions, replicas, setting) in
        [("no partitions", 0, 1, None), ("nine replicas", 1, 9, None), ("unknown setting", 1, 1, Some(("no.such.thing", "1")))]
    {
        let name = run.name("-refused");
        let mut topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(replicas));
        if let Some((key, value)) = setting {
            topic = topic.set(key, value);
        }
        said.push(match block_on(admin.create_topics([&topic], &options)) {
            Ok(results) => format!("{what} {}", outcome(&results)),
            Err(error) => format!("{what} {error}"),
        });
    }
    let metadata = admin.inner().fetch_metadata(Some(&name), PATIENCE)?;
    for topic in metadata.topics() {
        let mut partitions: Vec<_> = topic.partitions().iter().map(|p| (p.id(), p.leader() >= 0, p.replicas().len())).collect();
        partitions.sort_unstable();
        said.push(format!("described {partitions:?}"));
    }
    for resource in block_on(admin.describe_configs([&ResourceSpecifier::Topic(&name)], &options))? {
        let resource = match resource {
            Ok(resource) => resource,
            Err(code) => {
                said.push(format!("settings {code:?}"));
                continue;
            }
        };
        for key in ["retention.ms", "max.message.bytes", "message.timestamp.type"] {
            let value = resource.entry_map().get(key).and_then(|entry| entry.value.clone());
            said.push(format!("{key} = {value:?}"));
        }
    }
    let grown = block_on(admin.create_partitions([&NewPartitions::new(&name, 5)], &options))?;
    said.push(format!("partitions added {}", outcome(&grown)));
    for what in ["removed", "removed again"] {
        said.push(format!("{what} {}", outcome(&block_on(admin.delete_topics(&[&name], &options))?)));
    }
    Ok(said)
}
