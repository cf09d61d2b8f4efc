"""The topics of the platform: names, partitions and compaction, in one table."""

from dataclasses import dataclass

ENTERPRISE = "merchantcredit.registry.enterprise.v1"
COMPLAINT = "merchantcredit.intake.complaint.v1"
VIOLATION = "merchantcredit.intake.violation.v1"
VOLUME = "merchantcredit.intake.volume.v1"
RECORD = "merchantcredit.credit.record.v1"
GRADE_CHANGE = "merchantcredit.credit.grade-change.v1"
#: That a complaint case changed; for credit's own watch.
CASE_CHANGE = "merchantcredit.credit.case-change.v1"
#: What is ordered, before its department's number; internal.
INSTRUCTION = "merchantcredit.punishment.instruction.v1"
DIRECTIVE = "merchantcredit.punishment.directive.v1"
FEEDBACK = "merchantcredit.punishment.feedback.v1"
WEBHOOK_DISABLED = "merchantcredit.credit.webhook-disabled.v1"
INTAKE = (COMPLAINT, VIOLATION, VOLUME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How a topic is kept.

    Attributes:
        name: its name.
        partitions: how many; a key stays in one.
        compacted: the last message of each key is kept for ever, and those before it for a day.
        retention_days: after so many days a message that all `groups` have read may be dropped; None: never.
        groups: the consumer groups that must have read a message before it may be dropped.
    """

    name: str
    partitions: int
    compacted: bool = False
    retention_days: int | None = None
    groups: tuple[str, ...] = ()


def dead_letter_topic(topic: str, group: str) -> str:
    """Name the dead-letter topic of a consumer group."""
    return f"{topic}.dlq.{group}"


CREDIT_GROUP = "credit.work"
SEARCH_GROUP = "search.project"
DISPATCH_GROUP = "credit.dispatch"
FEEDBACK_GROUP = "credit.feedback"

#: What was taken in stands in the ledger; so long it can be read again as it came.
INTAKE_DAYS = 30
#: Watches of grade changes can resume so far back.
WATCH_DAYS = 400

#: Partitions of what is keyed by a merchant, the same for all such topics, so that one worker meets all that is told of
#: it. One merchant can have a tenth of all events; of four partitions the fullest held 40 % of a Zipf workload, of
#: twelve 18 %, and twelve deal evenly to 2, 3, 4, 6 or 12 workers.
KEYED = 12

TOPICS: dict[str, Topic] = {
    t.name: t
    for t in (
        Topic(name=ENTERPRISE, partitions=KEYED, compacted=True),
        Topic(name=COMPLAINT, partitions=KEYED, retention_days=INTAKE_DAYS, groups=(CREDIT_GROUP,)),
        Topic(name=VIOLATION, partitions=KEYED, retention_days=INTAKE_DAYS, groups=(CREDIT_GROUP,)),
        Topic(name=VOLUME, partitions=KEYED, retention_days=INTAKE_DAYS, groups=(CREDIT_GROUP,)),
        Topic(name=RECORD, partitions=KEYED, compacted=True),
        Topic(name=CASE_CHANGE, partitions=KEYED, retention_days=WATCH_DAYS),
        Topic(name=GRADE_CHANGE, partitions=KEYED, retention_days=WATCH_DAYS),
        Topic(name=INSTRUCTION, partitions=4, retention_days=INTAKE_DAYS, groups=(DISPATCH_GROUP,)),
        Topic(name=DIRECTIVE, partitions=4),
        Topic(name=FEEDBACK, partitions=4, retention_days=INTAKE_DAYS, groups=(FEEDBACK_GROUP,)),
        Topic(name=WEBHOOK_DISABLED, partitions=1, retention_days=WATCH_DAYS),
        Topic(name=dead_letter_topic(INSTRUCTION, DISPATCH_GROUP), partitions=1),
        Topic(name=dead_letter_topic(FEEDBACK, FEEDBACK_GROUP), partitions=1),
        *(Topic(name=dead_letter_topic(t, CREDIT_GROUP), partitions=1) for t in (*INTAKE, ENTERPRISE)),
        Topic(name=dead_letter_topic(RECORD, SEARCH_GROUP), partitions=1),
    )
}
