"""python -m with_librdkafka --bootstrap HOST:PORT"""

from confluent_kafka import KafkaException

import report
from with_librdkafka import admin, configs, consume, groups, produce  # noqa: F401  Importing registers their cases.


def error_name(error):
    """librdkafka's name for a code where there is one."""
    if isinstance(error, KafkaException):
        return error.args[0].name()
    return type(error).__name__


report.main("librdkafka against a Kafka server", error_name)
