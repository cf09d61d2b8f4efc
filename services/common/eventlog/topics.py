"""The topics of the platform: names, partitions and compaction, in one table."""

from dataclasses import dataclass

ENTERPRISE = "merchantcredit.registry.enterprise.v1"
COMPLAINT = "merchantcredit.intake.complaint.v1"
VIOLATION = "merchantcredit.intake.violation.v1"
VOLUME = "merchantcredit.intake.volume.v1"
RECORD = "merchantcredit.credit.record.v1"
GRADE_CHANGE = "merchantcredit.credit.grade-change.v1"
#: What is ordered, before its department's number; internal.
INSTRUCTION = "merchantcredit.punishment.instruction.v1"
DIRECTIVE = "merchantcredit.punishment.directive.v1"
FEEDBACK = "merchantcredit.punishment.feedback.v1"
INTAKE = (COMPLAINT, VIOLATION, VOLUME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How a topic is kept."""

    name: str
    partitions: int
    compacted: bool = False


def dead_letter_topic(topic: str, group: str) -> str:
    """Name the dead-letter topic of a consumer group."""
    return f"{topic}.dlq.{group}"


CREDIT_GROUP = "credit.work"
SEARCH_GROUP = "search.project"
DISPATCH_GROUP = "credit.dispatch"
FEEDBACK_GROUP = "credit.feedback"

TOPICS: dict[str, Topic] = {
    t.name: t
    for t in (
        Topic(name=ENTERPRISE, partitions=4, compacted=True),
        Topic(name=COMPLAINT, partitions=4),
        Topic(name=VIOLATION, partitions=4),
        Topic(name=VOLUME, partitions=4),
        Topic(name=RECORD, partitions=4, compacted=True),
        Topic(name=GRADE_CHANGE, partitions=4),
        Topic(name=INSTRUCTION, partitions=4),
        Topic(name=DIRECTIVE, partitions=4),
        Topic(name=FEEDBACK, partitions=4),
        Topic(name=dead_letter_topic(INSTRUCTION, DISPATCH_GROUP), partitions=1),
        Topic(name=dead_letter_topic(FEEDBACK, FEEDBACK_GROUP), partitions=1),
        *(Topic(name=dead_letter_topic(t, CREDIT_GROUP), partitions=1) for t in (*INTAKE, ENTERPRISE)),
        Topic(name=dead_letter_topic(RECORD, SEARCH_GROUP), partitions=1),
    )
}
