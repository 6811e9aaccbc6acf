"""What a producer may send, and what it is told."""

import time

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, TIMESTAMP_NOT_AVAILABLE

from report import case, digest
from with_librdkafka.client import administrator, make_topic, read_all, send, values, wait_for_records

TIMESTAMP_TYPES = {
    TIMESTAMP_NOT_AVAILABLE: "none",
    TIMESTAMP_CREATE_TIME: "create",
    TIMESTAMP_LOG_APPEND_TIME: "append",
}


@case
def codecs(run):
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        topic = make_topic(run, f"-{codec}")
        sent = send(run, topic, values(500), compression_type=codec)
        found = read_all(run, topic)
        run.say(codec, "errors", sorted({error for error, _ in sent if error}), "offsets", sent[0][1].offset(), sent[-1][1].offset())
        run.say(codec, "read", len(found), digest(message.value() for message in found))


@case
def codecs_that_a_topic_asks_for(run):
    for codec in ["uncompressed", "gzip", "snappy", "lz4", "zstd", "producer"]:
        topic = make_topic(run, f"-{codec}", compression_type=codec)
        send(run, topic, values(100), compression_type="lz4")
        found = read_all(run, topic)
        run.say(codec, "read", len(found), digest(message.value() for message in found))


@case
def acknowledgements(run):
    for acks in ["0", "1", "all"]:
        topic = make_topic(run, f"-{acks}")
        sent = send(run, topic, values(10), acks=acks)
        # Without an acknowledgement nobody knows offsets, but for what the client makes up.
        offsets = [message.offset() for _, message in sent] if acks != "0" else "unknown"
        run.say("acks", acks, "errors", [error for error, _ in sent if error], "offsets", offsets)
        run.say("read", len(wait_for_records(run, topic, 10)))


@case
def idempotent(run):
    topic = make_topic(run, partitions=4)
    messages = [{"key": f"key {number}".encode(), "value": f"{number}".encode()} for number in range(1000)]
    sent = send(run, topic, messages, enable_idempotence=True)
    run.say("errors", sorted({error for error, _ in sent if error}))
    for partition in range(4):
        offsets = [message.offset() for _, message in sent if message.partition() == partition]
        run.say("partition", partition, "acknowledged", len(offsets), "in order", offsets == list(range(len(offsets))))
    run.say("read", digest(message.value() for message in read_all(run, topic, 4)))


@case
def fields_of_a_record(run):
    topic = make_topic(run)
    now = int(time.time() * 1000)
    send(
        run,
        topic,
        [
            {"key": None, "value": b"no key", "timestamp": now},
            {"key": b"no value", "value": None, "timestamp": now + 1},
            {"key": b"", "value": b"", "timestamp": now + 2},
            {"key": "ключ".encode(), "value": bytes(range(256)), "timestamp": now - 1000},
            {"value": b"headers", "timestamp": now, "headers": [("a", b"1"), ("b", b""), ("a", None), ("ü", b"\0\xff")]},
            {"value": b"of the past", "timestamp": 1},
        ],
    )
    for message in read_all(run, topic):
        kind, timestamp = message.timestamp()
        shown = timestamp if timestamp < 10**9 else f"now{timestamp - now:+}"
        run.say(message.offset(), message.key(), message.value(), message.headers(), TIMESTAMP_TYPES[kind], shown)


@case
def large_records(run):
    # One record of V bytes makes a batch of V + 72, and 1,048,588 is what a topic takes unless it says otherwise.
    topic = make_topic(run)
    for size in [1_000_000, 1_048_516, 1_048_517, 2_000_000]:
        [(error, _)] = send(run, topic, [{"value": b"x" * size}], message_max_bytes=8_000_000)
        run.say(size, error)
    run.say("read", [len(message.value()) for message in read_all(run, topic)])


@case
def large_records_of_a_small_topic(run):
    topic = make_topic(run, max_message_bytes="1000")
    for size in [930, 931]:
        [(error, _)] = send(run, topic, [{"value": b"x" * size}])
        run.say(size, error)
    run.say("read", len(read_all(run, topic)))


@case
def append_time(run):
    topic = make_topic(run, message_timestamp_type="LogAppendTime")
    begin = int(time.time() * 1000)
    for codec in ["none", "gzip"]:
        sent = send(run, topic, [{"value": b"a", "timestamp": 1000}, {"value": b"b", "timestamp": 2000}], compression_type=codec)
        for _, message in sent:
            kind, timestamp = message.timestamp()
            run.say(codec, "told", TIMESTAMP_TYPES[kind], timestamp >= begin)
    for message in read_all(run, topic):
        kind, timestamp = message.timestamp()
        run.say("read", message.offset(), TIMESTAMP_TYPES[kind], timestamp >= begin)


def say_refusals(run, attempts):
    for what, topic, message in attempts:
        [(error, _)] = send(run, topic, [message], message_timeout_ms=5000)
        run.say(what, error)


@case
def refused_by_a_compacted_topic(run):
    compacted = make_topic(run, cleanup_policy="compact")
    say_refusals(run, [("no key", compacted, {"value": b"x"}), ("a key", compacted, {"key": b"k", "value": b"x"})])


@case
def refused_records(run):
    plain = make_topic(run, "-plain")
    now = int(time.time() * 1000)
    attempts = [
        ("two hours ahead", plain, {"value": b"x", "timestamp": now + 2 * 3_600_000}),
        ("half an hour ahead", plain, {"value": b"x", "timestamp": now + 1_800_000}),
        ("partition 9", plain, {"value": b"x", "partition": 9}),
    ]
    say_refusals(run, attempts)


@case
def invalid_names(run):
    for name in ["bad name", "..", ".", "a" * 250, "sl/ash"]:
        [(error, _)] = send(run, name, [{"value": b"x"}], message_timeout_ms=3000)
        run.say(name[:20], error)


@case
def made_by_a_producer(run):
    topic = run.name()
    [(error, message)] = send(run, topic, [{"key": b"key", "value": b"x"}])
    found = administrator(run).list_topics(topic, timeout=10).topics[topic]
    run.say("error", error, "offset", message.offset(), "partitions", len(found.partitions))
