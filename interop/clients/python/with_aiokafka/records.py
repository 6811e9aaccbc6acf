"""Records written and read."""

import time

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from report import digest
from with_aiokafka.client import async_case, consumer, make_topic, producer, take


@async_case
async def codecs(run):
    for codec in [None, "gzip", "snappy", "lz4", "zstd"]:
        topic = await make_topic(run, f"-{codec}")
        async with producer(run, compression_type=codec, linger_ms=50) as sender:
            for number in range(500):
                await sender.send(topic, (f"value {number} " * 10).encode())
            await sender.flush()
        async with consumer(run, topic, auto_offset_reset="earliest") as reader:
            found = await take(reader, 500)
        run.say(codec, len(found), "to", found[-1].offset, digest(record.value for record in found))


@async_case
async def acknowledgements(run):
    for acks in [0, 1, "all"]:
        topic = await make_topic(run, f"-{acks}")
        async with producer(run, acks=acks) as sender:
            told = await sender.send_and_wait(topic, b"x")
        async with consumer(run, topic, auto_offset_reset="earliest") as reader:
            run.say(acks, told.offset if told else None, "read", len(await take(reader, 1)))


@async_case
async def idempotent(run):
    topic = await make_topic(run, partitions=4)
    async with producer(run, enable_idempotence=True) as sender:
        sent = [await sender.send(topic, b"%d" % n, key=b"key %d" % n) for n in range(500)]
        told = [await future for future in sent]
    for partition in range(4):
        offsets = [item.offset for item in told if item.partition == partition]
        run.say(partition, len(offsets), "in order", offsets == list(range(len(offsets))))


@async_case
async def fields_of_a_record(run):
    topic = await make_topic(run)
    async with producer(run) as sender:
        await sender.send_and_wait(topic, b"v", key=b"k", timestamp_ms=1234, headers=[("a", b"1"), ("a", b""), ("n", None)])
        await sender.send_and_wait(topic, None, key=b"no value", timestamp_ms=1235)
        await sender.send_and_wait(topic, b"", timestamp_ms=1236)
    async with consumer(run, topic, auto_offset_reset="earliest") as reader:
        for record in await take(reader, 3):
            run.say(record.offset, record.key, record.value, record.headers, record.timestamp, record.timestamp_type)


@async_case
async def append_time(run):
    topic = await make_topic(run, message_timestamp_type="LogAppendTime")
    begin = int(time.time() * 1000)
    async with producer(run) as sender:
        told = await sender.send_and_wait(topic, b"v", timestamp_ms=1234)
        run.say("told", told.timestamp_type, told.timestamp >= begin)
    async with consumer(run, topic, auto_offset_reset="earliest") as reader:
        for record in await take(reader, 1):
            run.say("read", record.timestamp_type, record.timestamp >= begin)


@async_case
async def large_records(run):
    topic = await make_topic(run)
    async with producer(run, max_request_size=5_000_000) as sender:
        for size in [1_000_000, 2_000_000]:
            try:
                run.say(size, (await sender.send_and_wait(topic, b"x" * size)).offset)
            except KafkaError as error:
                run.say(size, type(error).__name__)


@async_case
async def ends_and_times(run):
    topic = await make_topic(run)
    part = TopicPartition(topic, 0)
    async with producer(run) as sender:
        for number in range(10):
            await sender.send_and_wait(topic, b"%d" % number, timestamp_ms=1000 + number)
    async with consumer(run, auto_offset_reset="earliest") as reader:
        reader.assign([part])
        run.say("ends", list((await reader.beginning_offsets([part])).values()), list((await reader.end_offsets([part])).values()))
        for timestamp in [0, 1004, 9999]:
            found = (await reader.offsets_for_times({part: timestamp}))[part]
            run.say(timestamp, (found.offset, found.timestamp) if found else None)
        reader.seek(part, 7)
        run.say("from 7", [record.offset for record in await take(reader, 3)], "position", await reader.position(part))
        await reader.seek_to_beginning(part)
        run.say("from the beginning", [record.offset for record in await take(reader, 2)])


@async_case
async def out_of_range(run):
    topic = await make_topic(run)
    part = TopicPartition(topic, 0)
    async with producer(run) as sender:
        for number in range(3):
            await sender.send_and_wait(topic, b"%d" % number)
    for reset in ["earliest", "none"]:
        async with consumer(run, auto_offset_reset=reset) as reader:
            reader.assign([part])
            reader.seek(part, 99)
            try:
                run.say(reset, [record.offset for record in await take(reader, 3)])
            except KafkaError as error:
                run.say(reset, type(error).__name__)


@async_case
async def small_fetches(run):
    topic = await make_topic(run)
    async with producer(run) as sender:
        for number in range(5):
            await sender.send_and_wait(topic, b"%d" % number * 50_000)
    async with consumer(run, topic, auto_offset_reset="earliest", max_partition_fetch_bytes=100, fetch_max_bytes=100) as reader:
        run.say([len(record.value) for record in await take(reader, 5)])
