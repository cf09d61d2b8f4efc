"""A seeded stream of all that sources do: corrections, transfers, duplicates, reused ids, unknown codes, and bad events."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from services.common.auth import seals
from services.common.eventlog.partition import partition_of
from services.common.eventlog.port import Message
from services.common.eventlog.topics import KEYED
from services.common.kernel.credit_code import check_character
from tests.integration.credit.world import KEY, NOW, complaint, enterprise, told, violation, volume

#: The last one is never registered; the one before it only in the last wave.
MERCHANTS = tuple(f"91520{n}00MA6{n:06d}" + check_character(f"91520{n}00MA6{n:06d}") for n in range(1, 9))
UNKNOWN, LATE = MERCHANTS[-1], MERCHANTS[-2]
WAVES = 3
SEALED = seals.seal(seals.private_key(KEY), b'{"text": "what happened"}')


def waves(seed: int, size: int = 50) -> list[list[Message]]:
    """Return the stream as it arrives; the first wave registers the merchants."""
    rng = random.Random(seed)
    registered = [told(enterprise(code), f"r:{code}") for code in MERCHANTS if code not in {UNKNOWN, LATE}]
    stream: list[Message] = []
    for n in range(WAVES * size):
        message = rng.choices(_MAKERS, weights=_WEIGHTS)[0](rng, f"e{n}", stream)
        stream.append(_elsewhere(rng, message))
    made = [stream[start : start + size] for start in range(0, len(stream), size)]
    made[0] = [*registered, *made[0]]
    made[-1].append(told(enterprise(LATE), f"r:{LATE}"))
    return made


def _elsewhere(rng: random.Random, message: Message) -> Message:
    """Put some events on another partition than that of their key, as a producer with another partitioner does."""
    return (
        replace(message, partition=rng.randrange(KEYED))
        if message.partition is None and rng.random() < 0.15
        else message
    )


def _complaint(rng: random.Random, event_id: str, _: Sequence[Message]) -> Message:
    at = NOW - timedelta(hours=rng.randrange(400))
    body = complaint(
        f"c{rng.randrange(25)}",  # few cases, so that most accounts correct a case or move it to another merchant
        rng.choice(MERCHANTS),
        status=rng.randrange(1, 7),
        response=rng.randrange(4),
        received_on=f"2026-0{rng.randrange(1, 7)}-{rng.randrange(1, 13):02d}",
        complainant_pseudonym=f"p-{rng.randrange(9)}" if rng.random() < 0.5 else "",
        sealed_details=SEALED if rng.random() < 0.3 else "",
    )
    return told(body, event_id, at=at)


def _violation(rng: random.Random, event_id: str, _: Sequence[Message]) -> Message:
    code = rng.choice(MERCHANTS)
    fine = rng.choice([0, 200_000, 1_000_000, 9_000_000, 10**11])  # the last one is over the ceiling: it is held
    body = violation(
        f"d{rng.randrange(3)}", code, severity=rng.randrange(4), fine_fen=fine, state=rng.choice([1, 1, 1, 2])
    )
    source = rng.choice(["//enforcement.test", "//12315.test"])
    return told(body, event_id, source=source, at=NOW - timedelta(hours=rng.randrange(400)))


def _volume(rng: random.Random, event_id: str, _: Sequence[Message]) -> Message:
    body = volume(f"2026-0{rng.randrange(1, 6)}", rng.randrange(20_000), rng.choice(MERCHANTS))
    return told(body, event_id, source="//platform.test", at=NOW - timedelta(hours=rng.randrange(400)))


def _duplicate(rng: random.Random, event_id: str, before: Sequence[Message]) -> Message:
    return _same_place(rng.choice(before)) if before else _volume(rng, event_id, before)


def _reused_id(rng: random.Random, event_id: str, before: Sequence[Message]) -> Message:
    """Give the id of an earlier event to another body, on the same partition: so it is always the second to come."""
    if not before:
        return _volume(rng, event_id, before)
    first = _same_place(rng.choice(before))
    return replace(first, value=first.value + b"\xf8\x07\x01")  # an unknown field: readable, and other bytes


def _same_place(message: Message) -> Message:
    partition = partition_of(message.key, KEYED) if message.partition is None else message.partition
    return replace(message, partition=partition)


def _bad(rng: random.Random, event_id: str, _: Sequence[Message]) -> Message:
    code = rng.choice(MERCHANTS)
    return rng.choice(
        [
            told(complaint("bad", code, received_on="2026-07-01"), event_id),
            told(complaint("bad", code, complainant_pseudonym="13812345678"), event_id),
            told(complaint("bad", "91520900MA6GN48P47"), event_id),
            told(violation("bad", code, penalty_kind=0), event_id),
            told(volume("2026-13", 5, code), event_id),
            told(volume("2026-01", 5, code), event_id, source="//nobody"),
            replace(told(complaint("bad", code), event_id), value=b"\xff\xff"),
        ]
    )


_MAKERS: tuple[Callable[[random.Random, str, Sequence[Message]], Message], ...] = (
    *(_complaint, _violation, _volume),
    *(_duplicate, _reused_id, _bad),
)
_WEIGHTS = (10, 4, 4, 3, 1, 2)
