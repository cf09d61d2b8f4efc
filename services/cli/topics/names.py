"""Topics by a part of their name."""

from services.common.eventlog.port import UnknownTopic
from services.common.eventlog.topics import TOPICS

DEAD_LETTERS = ".dlq."


def resolve(text: str) -> str:
    """Return the topic of a full name, or of a part that only one topic has, such as complaint; raises UnknownTopic."""
    if text in TOPICS:
        return text
    found = [name for name in TOPICS if text in name and DEAD_LETTERS not in name]
    if len(found) != 1:
        raise UnknownTopic(
            f"{text!r} is {'no topic' if not found else 'part of several'}: {', '.join(found or TOPICS)}"
        )
    return found[0]


def dead_letter_topics() -> list[str]:
    """Return the dead-letter topics."""
    return [name for name in TOPICS if DEAD_LETTERS in name]
