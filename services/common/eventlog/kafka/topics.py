"""Makes the platform's topics as the table says: partitions, retention, compaction, copies."""

from collections.abc import Iterable

from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import TopicAlreadyExistsError

from services.common.errors import PreconditionFailed
from services.common.eventlog.kafka.settings import MAX_MESSAGE_BYTES, KafkaSettings
from services.common.eventlog.topics import TOPICS, Topic

_DAY_MS = 24 * 3600 * 1000


def ensure_topics(settings: KafkaSettings, names: Iterable[str] = TOPICS, *, copies: int = 1) -> None:
    """Make the topics that are missing, each with so many copies.

    Raises PreconditionFailed when one exists with another number of partitions: keys would change their partition.
    """
    admin = KafkaAdminClient(**settings.connection)
    try:
        wanted = {settings.physical(name): TOPICS[name] for name in names}
        there = {told["name"]: len(told["partitions"]) for told in admin.describe_topics(_existing(admin, wanted))}
        for name, count in there.items():
            if count != wanted[name].partitions:
                raise PreconditionFailed(f"topic {name} has {count} partitions, not {wanted[name].partitions}")
        missing = [_new(name, topic, copies) for name, topic in wanted.items() if name not in there]
        _create(admin, missing)
    finally:
        admin.close()


def _existing(admin: KafkaAdminClient, wanted: Iterable[str]) -> list[str]:
    return sorted(set(wanted) & set(admin.list_topics()))


def _create(admin: KafkaAdminClient, missing: list[NewTopic]) -> None:
    """Create topics; another process that does the same at the same time is no error."""
    if not missing:
        return
    try:
        admin.create_topics(missing, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        admin.wait_for_topics([topic.name for topic in missing])


def _new(name: str, topic: Topic, copies: int) -> NewTopic:
    return NewTopic(name, topic.partitions, copies, topic_configs=_config(topic, copies))


def _config(topic: Topic, copies: int) -> dict[str, str]:
    common = {"max.message.bytes": str(MAX_MESSAGE_BYTES), "min.insync.replicas": str(min(copies, 2))}
    if topic.compacted:
        lag = {"min.compaction.lag.ms": "0", "max.compaction.lag.ms": str(_DAY_MS)}
        return common | {"cleanup.policy": "compact"} | lag
    days = topic.retention_days
    return common | {"cleanup.policy": "delete", "retention.ms": str(-1 if days is None else days * _DAY_MS)}
