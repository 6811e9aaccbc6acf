"""Topics, partitions, records and the cluster by an administrator."""

import time

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic, OffsetSpec

from report import case
from with_librdkafka.client import WAIT_SECONDS, administrator, make_topic, outcome, read_all, send, values


def create(admin, topic, **more):
    """What making one topic comes to."""
    return outcome(admin.create_topics([topic], operation_timeout=10, **more)[topic.topic])


@case
def topics_made_and_removed(run):
    admin = administrator(run)
    run.say("made", create(admin, NewTopic(run.name("-a"), 3, 1)))
    run.say("made again", create(admin, NewTopic(run.name("-a"), 3, 1)))
    run.say("only checked", create(admin, NewTopic(run.name("-b"), 3, 1), validate_only=True))
    run.say("defaults", create(admin, NewTopic(run.name("-c"))))
    time.sleep(0.5)
    known = admin.list_topics(timeout=10).topics
    for name in ["-a", "-b", "-c"]:
        run.say("known", name, len(known[run.name(name)].partitions) if run.name(name) in known else None)
    run.say("removed", outcome(admin.delete_topics([run.name("-a")], operation_timeout=10)[run.name("-a")]))
    run.say("removed again", outcome(admin.delete_topics([run.name("-a")], operation_timeout=10)[run.name("-a")]))
    time.sleep(0.5)
    run.say("known", run.name("-a") in admin.list_topics(timeout=10).topics)
    run.say("made anew", create(admin, NewTopic(run.name("-a"), 1, 1)))


@case
def topics_refused(run):
    admin = administrator(run)
    for what, topic in [
        ("no partitions", NewTopic(run.name(), 0, 1)),
        ("nine replicas", NewTopic(run.name(), 1, 9)),
        ("no replicas", NewTopic(run.name(), 1, 0)),
        ("a space", NewTopic(run.name(" x"), 1, 1)),
        ("dots", NewTopic("..", 1, 1)),
        ("250 letters", NewTopic("a" * 250, 1, 1)),
        ("unknown setting", NewTopic(run.name(), 1, 1, config={"no.such.setting": "1"})),
        ("bad number", NewTopic(run.name(), 1, 1, config={"retention.ms": "many"})),
        ("bad choice", NewTopic(run.name(), 1, 1, config={"cleanup.policy": "burn"})),
        ("below the least", NewTopic(run.name(), 1, 1, config={"segment.bytes": "1"})),
        ("unknown node", NewTopic(run.name(), 1, replica_assignment=[[99]])),
        ("a dot", NewTopic(run.name(".x"), 1, 1)),
        ("the dot's like", NewTopic(run.name("_x"), 1, 1)),
    ]:
        run.say(what, create(admin, topic))


@case
def topics_described(run):
    admin = administrator(run)
    names = [make_topic(run, "-a", 2), run.name("-none")]
    for name, future in admin.describe_topics(TopicCollection(names)).items():
        try:
            found = future.result(10)
            run.say(found.name, "internal", found.is_internal, "has an id", str(found.topic_id) != "")
            for part in found.partitions:
                run.say("partition", part.id, "leader", part.leader is not None, len(part.replicas), len(part.isr))
        except KafkaException as error:
            run.say(name, error.args[0].name())


@case
def partitions_added(run):
    admin = administrator(run)
    topic = make_topic(run, partitions=2)
    send(run, topic, [{"value": b"x", "partition": 1}])
    for total in [4, 4, 3]:
        run.say("to", total, outcome(admin.create_partitions([NewPartitions(topic, total)])[topic]))
    run.say("unknown", outcome(admin.create_partitions([NewPartitions(run.name("-none"), 4)])[run.name("-none")]))
    run.say("only checked", outcome(admin.create_partitions([NewPartitions(topic, 6)], validate_only=True)[topic]))
    time.sleep(0.5)
    run.say("now", len(admin.list_topics(topic, timeout=10).topics[topic].partitions))
    sent = send(run, topic, [{"value": b"x", "partition": 3}])
    run.say("sent", [(error, message.offset()) for error, message in sent])
    run.say("read", len(read_all(run, topic, 4)))


@case
def records_deleted(run):
    admin = administrator(run)
    topic = make_topic(run)
    send(run, topic, values(10))

    def delete(before, partition=0, name=topic):
        part = TopicPartition(name, partition, before)
        try:
            return admin.delete_records([part])[part].result(WAIT_SECONDS).low_watermark
        except KafkaException as error:
            return error.args[0].name()

    for before in [4, 2, 11, -1, 10]:
        run.say("before", before, delete(before))
    run.say("partition 9", delete(1, 9))
    run.say("read", len(read_all(run, topic)) if delete(0) == 0 else "nothing below the low watermark")


@case
def ends_listed(run):
    admin = administrator(run)
    topic = make_topic(run)
    part = TopicPartition(topic, 0)
    specs = [
        ("earliest", OffsetSpec.earliest()),
        ("latest", OffsetSpec.latest()),
        ("latest timestamp", OffsetSpec.max_timestamp()),
        ("timestamp 1500", OffsetSpec.for_timestamp(1500)),
        ("timestamp 9999", OffsetSpec.for_timestamp(9999)),
    ]

    def show(state):
        for name, spec in specs:
            for isolation in [IsolationLevel.READ_UNCOMMITTED, IsolationLevel.READ_COMMITTED]:
                try:
                    found = admin.list_offsets({part: spec}, isolation_level=isolation)[part].result(10)
                    run.say(state, name, isolation.name, found.offset, found.timestamp)
                except KafkaException as error:
                    run.say(state, name, isolation.name, error.args[0].name())

    show("empty")
    send(run, topic, [{"value": b"x", "timestamp": stamp} for stamp in [1000, 3000, 2000]])
    show("three")


@case
def cluster(run):
    found = administrator(run).describe_cluster(include_authorized_operations=True).result(10)
    run.say("nodes", len(found.nodes), "controller among them", found.controller.id in [node.id for node in found.nodes])
    run.say("has an id", len(found.cluster_id) > 0, "addresses", sorted(f"{node.host}:{node.port}" for node in found.nodes))
    run.say("may", sorted(operation.name for operation in found.authorized_operations or []))
