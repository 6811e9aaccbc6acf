"""Reads a partition from its start, for as long as it runs, and prints `OFFSET VALUE` of each record.

python -m along --bootstrap HOST:PORT,... --topic TOPIC --rack RACK
"""

import argparse

from confluent_kafka import Consumer, TopicPartition


def main():
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topic", "--rack"):
        parser.add_argument(name, required=True)
    arguments = parser.parse_args()
    consumer = Consumer(
        {
            "bootstrap.servers": arguments.bootstrap,
            "client.rack": arguments.rack,
            "group.id": "along",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(arguments.topic, 0, 0)])
    while True:
        messages = consumer.consume(num_messages=1000, timeout=0.05)
        for message in messages:
            if message.error():
                raise SystemExit(message.error())
            print(message.offset(), message.value().decode())
        if messages:
            print(end="", flush=True)


main()
