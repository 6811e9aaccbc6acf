"""Consumer groups: who reads what, where they go on, and what an administrator sees of them."""

import time

from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from report import case
from with_librdkafka.client import WAIT_SECONDS, administrator, assigned, make_topic, outcome, reader, send, values


def committed(consumer, topic, partitions):
    """What is committed for each partition, with its metadata."""
    found = consumer.committed([TopicPartition(topic, partition) for partition in range(partitions)], timeout=10)
    return [(item.offset, item.metadata) for item in found]


def attempt(action):
    """"ok", or the name of the error."""
    try:
        action()
        return "ok"
    except KafkaException as error:
        return error.args[0].name()


@case
def offsets_with_metadata(run):
    topic = make_topic(run, partitions=3)
    consumer = reader(run)
    run.say("none", committed(consumer, topic, 3))
    offsets = [TopicPartition(topic, 0, 7, metadata="a note"), TopicPartition(topic, 1, 0, metadata="ünïcode")]
    consumer.commit(offsets=offsets, asynchronous=False)
    run.say("two", committed(consumer, topic, 3))
    consumer.commit(offsets=[TopicPartition(topic, 0, 3)], asynchronous=False)
    run.say("one again", committed(consumer, topic, 3))
    long = "x" * 5000
    run.say("long note", attempt(lambda: consumer.commit(offsets=[TopicPartition(topic, 0, 1, metadata=long)], asynchronous=False)))
    run.say("no topic", attempt(lambda: consumer.commit(offsets=[TopicPartition(run.name("-no"), 0, 1)], asynchronous=False)))
    run.say("partition 9", attempt(lambda: consumer.commit(offsets=[TopicPartition(topic, 9, 1)], asynchronous=False)))
    consumer.close()


@case
def going_on(run):
    topic = make_topic(run)
    send(run, topic, values(10))
    for wanted in [4, 6]:
        consumer = reader(run, auto_offset_reset="earliest")
        consumer.subscribe([topic])
        offsets, end = [], time.monotonic() + WAIT_SECONDS
        while len(offsets) < wanted and time.monotonic() < end:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                offsets.append(message.offset())
                consumer.commit(message, asynchronous=False)
        run.say("read", offsets, "committed", committed(consumer, topic, 1))
        consumer.close()


def two_members(run, assignor):
    topic = make_topic(run, partitions=4)
    more = {"partition_assignment_strategy": assignor, "auto_offset_reset": "earliest"}
    first, second = (reader(run, client_id=name, **more) for name in ["first", "second"])
    first.subscribe([topic])
    run.say("one member", assigned([first], [4]))
    second.subscribe([topic])
    run.say("two members", assigned([first, second], [2, 2]))
    all_of_them = {(part.topic, part.partition) for member in [first, second] for part in member.assignment()}
    run.say("between them", len(all_of_them))
    found = administrator(run).describe_consumer_groups([run.name("-reader")])[run.name("-reader")].result(10)
    run.say(found.state.name, found.partition_assignor, "simple", found.is_simple_consumer_group)
    run.say_sorted(
        f"{member.client_id} {sorted(part.partition for part in member.assignment.topic_partitions)}" for member in found.members
    )
    second.close()
    run.say("one left", assigned([first], [4]))
    first.close()
    found = administrator(run).describe_consumer_groups([run.name("-reader")])[run.name("-reader")].result(10)
    run.say(found.state.name, len(found.members))


@case
def two_members_range(run):
    two_members(run, "range")


@case
def two_members_round_robin(run):
    two_members(run, "roundrobin")


@case
def two_members_cooperative(run):
    two_members(run, "cooperative-sticky")


@case
def two_members_new_protocol(run):
    topic = make_topic(run, partitions=4)
    first, second = (reader(run, group_protocol="consumer", auto_offset_reset="earliest") for _ in range(2))
    first.subscribe([topic])
    run.say("one member", assigned([first], [4]))
    second.subscribe([topic])
    run.say("two members", assigned([first, second], [2, 2], 60))
    second.close()
    run.say("one left", assigned([first], [4], 60))
    first.close()


@case
def static_members(run):
    topic = make_topic(run, partitions=4)
    more = {"session_timeout_ms": 30_000, "auto_offset_reset": "earliest"}
    members = [reader(run, group_instance_id=name, **more) for name in ["one", "two"]]
    for member in members:
        member.subscribe([topic])
    run.say("two members", assigned(members, [2, 2]))
    before = sorted(part.partition for part in members[1].assignment())
    members[1].close()
    # A static member that leaves and comes back in time has what it had, and the others keep theirs.
    members[1] = reader(run, group_instance_id="two", **more)
    members[1].subscribe([topic])
    run.say("back", assigned(members, [2, 2]), sorted(part.partition for part in members[1].assignment()) == before)
    found = administrator(run).describe_consumer_groups([run.name("-reader")])[run.name("-reader")].result(10)
    run.say(found.state.name, sorted(member.group_instance_id for member in found.members))
    third = reader(run, group_instance_id="two", **more)
    third.subscribe([topic])
    end, fenced = time.monotonic() + 20, []
    while not fenced and time.monotonic() < end:
        for name, member in [("the later", third), ("the former", members[1]), ("the other", members[0])]:
            message = member.poll(0.1)
            if message is not None and message.error().code() != KafkaError._PARTITION_EOF:
                fenced.append(f"{name} {message.error().name()}")
    run.say("one name twice", fenced)
    for member in [third, members[0]]:
        member.close()


@case
def administration(run):
    topic = make_topic(run, partitions=2)
    admin = administrator(run)
    empty, busy = run.name("-empty"), run.name("-busy")
    # Offsets committed without joining make an empty group.
    simple = reader(run, group_id=empty)
    simple.commit(offsets=[TopicPartition(topic, 0, 5, metadata="note"), TopicPartition(topic, 1, 6)], asynchronous=False)
    simple.close()
    member = reader(run, group_id=busy)
    member.subscribe([topic])
    run.say("joined", assigned([member], [2]))

    def listed(**more):
        found = admin.list_consumer_groups(request_timeout=10, **more).result(10)
        return sorted(f"{g.group_id} {g.state.name} {g.type.name}" for g in found.valid if g.group_id.startswith(run.name()))

    run.say("all", listed())
    run.say("stable", listed(states={ConsumerGroupState.STABLE}))
    run.say("empty", listed(states={ConsumerGroupState.EMPTY}))
    for group in [empty, busy, run.name("-none")]:
        try:
            found = admin.describe_consumer_groups([group], request_timeout=10)[group].result(10)
            run.say("described", group, found.state.name, found.type.name, len(found.members), found.is_simple_consumer_group)
        except KafkaException as error:
            run.say("described", group, error.args[0].name())
    for group in [empty, busy, run.name("-none")]:
        future = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
        try:
            parts = future.result(10).topic_partitions
            run.say("offsets", group, sorted((part.partition, part.offset, part.metadata) for part in parts))
        except KafkaException as error:
            run.say("offsets", group, error.args[0].name())
    for group in [empty, busy]:
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 1)])
        future = admin.alter_consumer_group_offsets([wanted])[group]
        try:
            run.say("altered", group, [part.error.name() if part.error else "ok" for part in future.result(10).topic_partitions])
        except KafkaException as error:
            run.say("altered", group, error.args[0].name())
    for group in [busy, empty, empty, run.name("-none")]:
        run.say("deleted", group, outcome(admin.delete_consumer_groups([group])[group]))
    run.say("left", listed())
    member.close()
