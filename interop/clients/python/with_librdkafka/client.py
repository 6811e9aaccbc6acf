"""Producers, consumers and an administrator of librdkafka, and the few steps that most cases take."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

WAIT_SECONDS = 30


def settings(run, **more):
    """How to reach the server; `more` has underscores for the dots in librdkafka's names."""
    found = {"bootstrap.servers": run.bootstrap, "log_level": 0}
    if run.mechanism:
        found |= {"sasl.mechanisms": run.mechanism, "sasl.username": run.user, "sasl.password": run.password}
    if run.ca:
        found["ssl.ca.location"] = run.ca
    found["security.protocol"] = ("sasl_" if run.mechanism else "") + ("ssl" if run.ca else "plaintext")
    return found | {name.replace("_", "."): value for name, value in more.items()}


def administrator(run):
    """The case's administrator: one that is dropped takes its unanswered requests with it."""
    if run.administrator is None:
        run.administrator = AdminClient(settings(run))
    return run.administrator


def outcome(future):
    """The name of what an administrator's request came to."""
    try:
        future.result(WAIT_SECONDS)
        return "ok"
    except KafkaException as error:
        return error.args[0].name()


def make_topic(run, suffix="", partitions=1, **config):
    """Makes a topic and waits until it is known; `config` has underscores for dots.

    It keeps records of any age, since many here bear a time long past, unless `config` says how long; None is the server's own.
    """
    name = run.name(suffix)
    config = {"retention_ms": "-1"} | config
    config = {key.replace("_", "."): value for key, value in config.items() if value is not None}
    wanted = NewTopic(name, partitions, 1, config=config)
    admin = administrator(run)
    admin.create_topics([wanted])[name].result(WAIT_SECONDS)
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        found = admin.list_topics(name, timeout=10).topics[name]
        if found.error is None and len(found.partitions) == partitions:
            return name
        time.sleep(0.05)
    raise TimeoutError(name)


def send(run, topic, messages, **more):
    """Produces messages, each a dictionary of produce()'s arguments; gives each one's (error's name or None, message)."""
    producer = Producer(settings(run, **({"linger_ms": 20} | more)))
    results = [None] * len(messages)
    for number, message in enumerate(messages):

        def delivered(error, got, number=number):
            results[number] = (error.name() if error else None, got)

        producer.produce(topic, on_delivery=delivered, **message)
    producer.flush(WAIT_SECONDS)
    return [result or ("NOT_DELIVERED", None) for result in results]


def values(count, size=100):
    """Messages that compress, and are not alike."""
    return [{"value": (f"value {number} " * size)[:size].encode()} for number in range(count)]


def reader(run, **more):
    """A consumer that commits nothing by itself and says where a partition ends."""
    more = {"group_id": run.name("-reader"), "auto_offset_reset": "error", "topic_metadata_propagation_max_ms": 1000} | more
    more = {"enable_auto_commit": False, "enable_partition_eof": True} | more
    return Consumer(settings(run, **more))


def read_partition(consumer, topic, partition=0, offset=0):
    """All messages of a partition from `offset` to its end; an error ends it and comes last, as a name."""
    consumer.assign([TopicPartition(topic, partition, offset)])
    found = []
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error() is None:
            found.append(message)
        elif message.error().code() == KafkaError._PARTITION_EOF:
            return found
        else:
            return found + [message.error().name()]
    return found + ["NO_END"]


def read_all(run, topic, partitions=1):
    """All messages of a topic, partition by partition."""
    consumer = reader(run)
    found = []
    for partition in range(partitions):
        found += read_partition(consumer, topic, partition)
    consumer.close()
    return found


def wait_for_records(run, topic, count):
    """All messages of a topic with one partition once there are `count`, or those that came in time."""
    end = time.monotonic() + WAIT_SECONDS
    found = read_all(run, topic)
    while len(found) < count and time.monotonic() < end:
        time.sleep(0.1)
        found = read_all(run, topic)
    return found


def assigned(consumers, wanted, seconds=WAIT_SECONDS):
    """Polls consumers until their assignments' sizes, sorted, are `wanted`; gives the sizes at the end."""
    end = time.monotonic() + seconds
    sizes = None
    while time.monotonic() < end and sizes != wanted:
        for consumer in consumers:
            consumer.poll(0.05)
        sizes = sorted(len(consumer.assignment()) for consumer in consumers)
    return sizes
