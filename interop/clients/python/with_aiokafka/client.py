"""Producers, consumers and an administrator of aiokafka, closed whatever happens."""

import asyncio
import contextlib
import functools
import ssl

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from report import case

WAIT_SECONDS = 30


def async_case(function):
    """Registers an asynchronous case."""

    @functools.wraps(function)
    def run_it(run):
        asyncio.run(function(run))

    return case(run_it)


def settings(run):
    found = {"bootstrap_servers": run.bootstrap}
    if run.mechanism:
        found |= {"sasl_mechanism": run.mechanism, "sasl_plain_username": run.user, "sasl_plain_password": run.password}
    if run.ca:
        found["ssl_context"] = ssl.create_default_context(cafile=run.ca)
    found["security_protocol"] = ("SASL_" if run.mechanism else "") + ("SSL" if run.ca else "PLAINTEXT")
    return found


@contextlib.asynccontextmanager
async def producer(run, **more):
    client = AIOKafkaProducer(**settings(run), **more)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@contextlib.asynccontextmanager
async def consumer(run, *topics, **more):
    more = {"auto_offset_reset": "none", "enable_auto_commit": False} | more
    client = AIOKafkaConsumer(*topics, **settings(run), **more)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


@contextlib.asynccontextmanager
async def administrator(run):
    more = settings(run)
    client = AIOKafkaAdminClient(**more)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def error_of(response):
    """The name of the first topic's error in an administrator's answer."""
    from aiokafka.errors import for_code

    return for_code(response.topic_errors[0][1]).__name__


async def make_topic(run, suffix="", partitions=1, **config):
    """Makes a topic; it keeps records of any age, since many here bear a time long past, unless `config` says how long."""
    name = run.name(suffix)
    config = {"retention_ms": "-1"} | config
    async with administrator(run) as admin:
        wanted = NewTopic(name, partitions, 1, topic_configs={key.replace("_", "."): value for key, value in config.items()})
        run_error = error_of(await admin.create_topics([wanted]))
        assert run_error == "NoError", run_error
    await asyncio.sleep(0.2)
    return name


async def take(client, count):
    """The next `count` records, or as many as come."""
    found = []
    with contextlib.suppress(asyncio.TimeoutError):
        while len(found) < count:
            found.append(await asyncio.wait_for(client.getone(), 10))
    return found
