"""Consumer groups."""

import asyncio
import time

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from with_aiokafka.client import WAIT_SECONDS, administrator, async_case, consumer, make_topic, producer, take


async def assigned(members, wanted):
    """Waits until the assignments' sizes, sorted, are `wanted`; gives the sizes at the end."""
    end = time.monotonic() + WAIT_SECONDS
    sizes = None
    while time.monotonic() < end and sizes != wanted:
        for member in members:
            await member.getmany(timeout_ms=50)
        sizes = sorted(len(member.assignment()) for member in members)
    return sizes


@async_case
async def two_members(run):
    topic = await make_topic(run, partitions=4)
    more = {"group_id": run.name(), "auto_offset_reset": "earliest", "heartbeat_interval_ms": 300}
    async with consumer(run, topic, **more) as first:
        run.say("one member", await assigned([first], [4]))
        async with consumer(run, topic, **more) as second:
            run.say("two members", await assigned([first, second], [2, 2]))
            run.say("between them", len(first.assignment() | second.assignment()))
        run.say("one left", await assigned([first], [4]))


@async_case
async def going_on(run):
    topic = await make_topic(run)
    async with producer(run) as sender:
        for number in range(10):
            await sender.send_and_wait(topic, b"%d" % number)
    for count in [4, 6]:
        async with consumer(run, topic, group_id=run.name(), auto_offset_reset="earliest") as reader:
            found = await take(reader, count)
            await reader.commit({TopicPartition(topic, 0): OffsetAndMetadata(found[-1].offset + 1, f"after {count}")})
            run.say([record.offset for record in found], await reader.committed(TopicPartition(topic, 0)))


@async_case
async def static_member(run):
    topic = await make_topic(run, partitions=2)
    more = {"group_id": run.name(), "auto_offset_reset": "earliest", "group_instance_id": "one"}
    for start in ["first", "again"]:
        async with consumer(run, topic, **more) as member:
            run.say(start, await assigned([member], [2]))


@async_case
async def commits_refused(run):
    topic = await make_topic(run)
    async with consumer(run, group_id=run.name(), auto_offset_reset="earliest") as reader:
        for what, part, note in [
            ("no topic", TopicPartition(run.name("-none"), 0), ""),
            ("long note", TopicPartition(topic, 0), "x" * 5000),
            ("fine", TopicPartition(topic, 0), "note"),
        ]:
            reader.assign([part])
            try:
                await asyncio.wait_for(reader.commit({part: OffsetAndMetadata(0, note)}), 10)
                run.say(what, "ok")
            except (KafkaError, asyncio.TimeoutError) as error:
                run.say(what, type(error).__name__)


@async_case
async def seen_by_an_administrator(run):
    topic = await make_topic(run, partitions=2)
    async with (
        administrator(run) as admin,
        consumer(run, topic, group_id=run.name(), auto_offset_reset="earliest", client_id="member") as member,
    ):
        run.say(await assigned([member], [2]))
        await member.commit({TopicPartition(topic, 0): OffsetAndMetadata(0, "note")})
        run.say("listed", [group for group in await admin.list_consumer_groups() if group[0] == run.name()])
        offsets = await admin.list_consumer_group_offsets(run.name())
        run.say("offsets", sorted((part.partition, found.offset, found.metadata) for part, found in offsets.items()))
