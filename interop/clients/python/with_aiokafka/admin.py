"""Topics and settings by aiokafka's administrator."""

import asyncio

from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from with_aiokafka.client import administrator, async_case, error_of, make_topic


@async_case
async def topics(run):
    async with administrator(run) as admin:
        for what, topic in [
            ("made", NewTopic(run.name(), 2, 1)),
            ("made again", NewTopic(run.name(), 2, 1)),
            ("bad name", NewTopic("bad name", 2, 1)),
            ("no partitions", NewTopic(run.name("-none"), 0, 1)),
        ]:
            run.say(what, error_of(await admin.create_topics([topic])))
        await asyncio.sleep(0.3)
        [found] = await admin.describe_topics([run.name()])
        run.say("described", found["error_code"], len(found["partitions"]), found["is_internal"])
        run.say("listed", run.name() in await admin.list_topics())
        answer = await admin.create_partitions({run.name(): NewPartitions(total_count=5)})
        run.say("partitions added", for_code(answer.topic_errors[0][1]).__name__)
        await asyncio.sleep(0.3)
        [found] = await admin.describe_topics([run.name()])
        run.say("described", len(found["partitions"]))
        for what in ["removed", "removed again"]:
            answer = await admin.delete_topics([run.name()])
            run.say(what, for_code(answer.topic_error_codes[0][1]).__name__)


@async_case
async def settings(run):
    topic = await make_topic(run, retention_ms="777000")
    async with administrator(run) as admin:
        for name in [topic, run.name("-none")]:
            try:
                [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
                code, entries = answer.resources[0][0], answer.resources[0][4]
                run.say("described", for_code(code).__name__)
                run.say_sorted(f"{entry[0]} = {entry[1]!r}" for entry in entries if entry[0] in ("retention.ms", "segment.bytes"))
            except KafkaError as error:
                run.say("described", type(error).__name__)


@async_case
async def cluster(run):
    async with administrator(run) as admin:
        found = await admin.describe_cluster()
        run.say(len(found["brokers"]), sorted(f"{node['host']}:{node['port']}" for node in found["brokers"]))
        run.say("controller among them", found["controller_id"] in [node["node_id"] for node in found["brokers"]])
