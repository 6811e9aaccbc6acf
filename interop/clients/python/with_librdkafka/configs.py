"""Settings of topics and nodes: what is told of them, and how they are changed."""

from confluent_kafka import KafkaException
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource, ResourceType

from report import case
from with_librdkafka.client import administrator, make_topic, outcome

NODE_SETTINGS = ["auto.create.topics.enable", "default.replication.factor", "log.retention.ms", "message.max.bytes", "num.partitions"]


def described(admin, kind, name):
    """All settings of a resource by their names."""
    return admin.describe_configs([ConfigResource(kind, name)])[ConfigResource(kind, name)].result(10)


def line(entry):
    marks = [mark for mark, is_set in [("read-only", entry.is_read_only), ("sensitive", entry.is_sensitive)] if is_set]
    return f"{entry.name} = {entry.value!r} {ConfigSource(entry.source).name} {' '.join(marks)}".rstrip()


@case
def settings_of_a_topic(run):
    topic = make_topic(run, cleanup_policy="delete", retention_ms="1234567")
    run.say_sorted(line(entry) for entry in described(administrator(run), ResourceType.TOPIC, topic).values())


@case
def settings_of_a_node(run):
    admin = administrator(run)
    node = str(admin.describe_cluster().result(10).controller.id)
    found = described(admin, ResourceType.BROKER, node)
    for name in NODE_SETTINGS:
        entry = found.get(name)
        run.say(name, "=", repr(entry.value), "read-only" if entry.is_read_only else "") if entry else run.say(name, "missing")


@case
def settings_of_nothing(run):
    admin = administrator(run)
    for what, kind, name in [
        ("unknown topic", ResourceType.TOPIC, run.name()),
        ("bad topic", ResourceType.TOPIC, "bad name"),
    ]:
        try:
            described(admin, kind, name)
            run.say(what, "ok")
        except KafkaException as error:
            run.say(what, error.args[0].name())


@case
def settings_changed(run):
    admin = administrator(run)
    topic = make_topic(run, retention_ms=None)
    set_, delete, append, subtract = (
        AlterConfigOpType.SET,
        AlterConfigOpType.DELETE,
        AlterConfigOpType.APPEND,
        AlterConfigOpType.SUBTRACT,
    )

    def change(name, operation, value, **more):
        entry = ConfigEntry(name, value, incremental_operation=operation)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        return outcome(admin.incremental_alter_configs([resource], **more)[resource])

    def now(name):
        return line(described(admin, ResourceType.TOPIC, topic)[name])

    for name, operation, value in [
        ("retention.ms", set_, "86400000"),
        ("retention.ms", delete, None),
        ("cleanup.policy", append, "compact"),
        ("cleanup.policy", subtract, "delete"),
        ("cleanup.policy", subtract, "delete"),
        ("max.message.bytes", set_, "-5"),
        ("max.message.bytes", set_, "12345"),
        ("min.insync.replicas", set_, "2"),
        ("retention.bytes", append, "5"),
        ("message.timestamp.type", set_, "LogAppendTime"),
        ("compression.type", set_, "zip"),
    ]:
        run.say(operation.name, name, value, change(name, operation, value), "|", now(name))
    run.say("only checked", change("retention.ms", set_, "1", validate_only=True), "|", now("retention.ms"))
    entry = ConfigEntry("no.such.setting", "1", incremental_operation=set_)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    run.say("unknown setting", outcome(admin.incremental_alter_configs([resource])[resource]))
    resource = ConfigResource(ResourceType.TOPIC, run.name("-none"), incremental_configs=[ConfigEntry("retention.ms", "1", incremental_operation=set_)])
    run.say("unknown topic", outcome(admin.incremental_alter_configs([resource])[resource]))


@case
def settings_replaced(run):
    admin = administrator(run)
    topic = make_topic(run, retention_ms="1000000", max_message_bytes="5000")
    resource = ConfigResource(ResourceType.TOPIC, topic, set_config={"retention.ms": "2000000"})
    run.say("replaced", outcome(admin.alter_configs([resource])[resource]))
    found = described(admin, ResourceType.TOPIC, topic)
    run.say(line(found["retention.ms"]))
    run.say(line(found["max.message.bytes"]))
