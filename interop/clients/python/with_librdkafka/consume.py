"""Where a consumer reads from, and where it goes when it cannot."""

import time

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, KafkaException, TopicPartition

from report import case
from with_librdkafka.client import administrator, make_topic, read_all, read_partition, reader, send


def numbered(run, topic, count, first_timestamp=1_000_000, **more):
    """Sends records 0 to count - 1, a second apart."""
    messages = [{"value": str(n).encode(), "timestamp": first_timestamp + 1000 * n} for n in range(count)]
    send(run, topic, messages, **more)


def shown(found):
    """Offsets and values, and an error's name."""
    return [item if isinstance(item, str) else f"{item.offset()}={item.value().decode()}" for item in found]


@case
def offsets_for_times(run):
    for codec in ["none", "zstd"]:
        topic = make_topic(run, f"-{codec}")
        numbered(run, topic, 10, compression_type=codec)
        consumer = reader(run)
        for timestamp in [0, 1_000_000, 1_000_001, 1_004_500, 1_009_000, 1_009_001]:
            [found] = consumer.offsets_for_times([TopicPartition(topic, 0, timestamp)], timeout=10)
            run.say(codec, timestamp, "at", found.offset)
        [found] = consumer.offsets_for_times([TopicPartition(topic, 0, 1_004_500)], timeout=10)
        run.say(codec, "from there", shown(read_partition(consumer, topic, 0, found.offset)))
        consumer.close()


@case
def ends_of_a_partition(run):
    topic = make_topic(run)
    consumer = reader(run)
    run.say("empty", consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10))
    numbered(run, topic, 5)
    run.say("five", consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10))
    run.say("beginning", shown(read_partition(consumer, topic, 0, OFFSET_BEGINNING)))
    run.say("end", shown(read_partition(consumer, topic, 0, OFFSET_END)))
    run.say("tail", shown(read_partition(consumer, topic, 0, -2002)))
    consumer.close()


@case
def middle_of_a_batch(run):
    topic = make_topic(run)
    numbered(run, topic, 10, compression_type="gzip", linger_ms=100)
    consumer = reader(run)
    for offset in [0, 3, 9, 10]:
        run.say("from", offset, shown(read_partition(consumer, topic, 0, offset)))
    consumer.close()


@case
def seek_and_position(run):
    topic = make_topic(run)
    numbered(run, topic, 10)
    consumer = reader(run, auto_offset_reset="earliest")
    read_partition(consumer, topic, 0, 0)
    [position] = consumer.position([TopicPartition(topic, 0)])
    run.say("position", position.offset)
    consumer.seek(TopicPartition(topic, 0, 7))
    found = [message for message in consumer.consume(3, timeout=10)]
    run.say("after the seek", shown(found))
    consumer.close()


@case
def out_of_range(run):
    topic = make_topic(run)
    numbered(run, topic, 5)
    administrator(run).delete_records([TopicPartition(topic, 0, 2)])[TopicPartition(topic, 0)].result(10)
    for reset in ["earliest", "latest", "error"]:
        for offset in [0, 99]:
            consumer = reader(run, auto_offset_reset=reset)
            run.say(reset, "from", offset, shown(read_partition(consumer, topic, 0, offset)))
            consumer.close()


@case
def no_committed_offset(run):
    topic = make_topic(run)
    numbered(run, topic, 5)
    for reset in ["earliest", "latest", "error"]:
        consumer = reader(run, auto_offset_reset=reset, group_id=run.name(f"-{reset}"))
        run.say(reset, shown(read_partition(consumer, topic, 0, -1001)))
        consumer.close()


@case
def small_fetches(run):
    topic = make_topic(run)
    send(run, topic, [{"value": bytes([65 + n]) * 50_000} for n in range(10)], batch_num_messages=1)
    consumer = reader(run, fetch_message_max_bytes=1000, fetch_max_bytes=1000, message_max_bytes=1000)
    found = read_partition(consumer, topic, 0, 0)
    run.say("read", [item if isinstance(item, str) else len(item.value()) for item in found])
    consumer.close()


@case
def many_partitions(run):
    topic = make_topic(run, partitions=20)
    send(run, topic, [{"value": str(n).encode(), "partition": n % 20} for n in range(200)])
    consumer = reader(run)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(20)])
    found, end = [], time.monotonic() + 30
    while len(found) < 200 and time.monotonic() < end:
        found += [message for message in consumer.consume(200, timeout=1) if message.error() is None]
    for partition in [0, 7, 19]:
        run.say(partition, shown(message for message in found if message.partition() == partition))
    run.say("read", len(found))
    consumer.close()


@case
def unknown_topics(run):
    consumer = reader(run, allow_auto_create_topics=False)
    try:
        consumer.get_watermark_offsets(TopicPartition(run.name(), 0), timeout=5)
    except KafkaException as error:
        run.say("ends", error.args[0].name())
    consumer.subscribe([run.name()])
    message = consumer.poll(10)
    run.say("subscribed", message.error().name() if message else None)
    consumer.close()
    found = administrator(run).list_topics(timeout=10).topics
    run.say("made", run.name() in found)


@case
def read_while_written(run):
    topic = make_topic(run)
    consumer = reader(run, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    for number in range(5):
        send(run, topic, [{"value": str(number).encode()}])
        end = time.monotonic() + 10
        while len(found) <= number and time.monotonic() < end:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                found.append(message)
    run.say(shown(found))
    run.say("all", len(read_all(run, topic)))
    consumer.close()
