"""python -m with_aiokafka --bootstrap HOST:PORT"""

import logging

from aiokafka.errors import KafkaError

import report
from with_aiokafka import admin, groups, records  # noqa: F401  Importing registers their cases.

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def error_name(error):
    """aiokafka has a class for each code; one that it does not know is a bare KafkaError."""
    return type(error).__name__ if not isinstance(error, KafkaError) or error.errno == -1 else f"{type(error).__name__} {error.errno}"


report.main("aiokafka against a Kafka server", error_name)
