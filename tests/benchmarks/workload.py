"""The events of the benchmarks: Zipf 1.0 over merchants, 80 % complaints, 10 % volumes, 10 % violations, 2 % duplicates."""

import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, islice

from google.protobuf.message import Message as Proto
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.common.eventlog import cloudevents
from services.common.eventlog.port import Message
from services.common.eventlog.topics import COMPLAINT, ENTERPRISE, VIOLATION, VOLUME
from services.common.kernel.credit_code import check_character

EVENTS = 200_000
MERCHANTS = 20_000
DUPLICATES = 0.02
NOW = datetime(2026, 6, 15, 4, tzinfo=UTC)
SEED = 20260615
_NAMES = ("黔云", "苗岭", "乌江", "梵净", "赤水", "遵义老街", "花溪", "镇远")
_TRADES = ("电子商务", "农产品", "白酒", "茶叶", "银饰", "刺绣", "辣椒制品", "中药材")
_SCOPE = "网上销售：预包装食品、农副产品、日用百货、服装鞋帽；仓储服务；信息技术咨询服务（依法须经批准的项目，经相关部门批准后方可开展经营活动）"  # noqa: E501 - a realistic length is the point
_CONDUCTS = ("虚假宣传", "未公示营业执照信息", "销售不合格产品", "侵害消费者个人信息", "价格欺诈")


def codes(count: int) -> list[str]:
    """Return distinct well-formed credit codes of Guizhou."""
    bodies = (f"915201{n % 16 + 1:02d}MA{n:07d}" for n in range(count))
    return [body + check_character(body) for body in bodies]


def enterprise(code: str, number: int) -> EnterpriseSnapshot:
    """Return the registration of an invented firm."""
    name = f"贵州{_NAMES[number % 8]}{_TRADES[number // 8 % 8]}{number}号有限公司"
    return EnterpriseSnapshot(
        credit_code=code, name=name, enterprise_type="有限责任公司（自然人独资）", region_code=f"5201{number % 16 + 1:02d}",
        address=f"贵州省贵阳市观山湖区长岭北路{number % 900 + 1}号", business_scope=_SCOPE,
        established_on=str(date(2012, 1, 1) + timedelta(days=number % 4000)), status=1, revision=1,
    )  # fmt: skip


def chunks(messages: Iterator[Message], size: int = 5000) -> Iterator[list[Message]]:
    """Yield the messages in lists of at most so many."""
    while chunk := list(islice(messages, size)):
        yield chunk


def registrations(known: Sequence[str]) -> Iterator[Message]:
    """Yield the registry's messages for some codes."""
    for number, code in enumerate(known):
        yield message(ENTERPRISE, enterprise(code, number), f"{code}:1", "//registry.merchantcredit", NOW)


def events(known: Sequence[str], count: int) -> Iterator[Message]:
    """Yield so many events; a duplicate is one of the last thousand again, byte for byte."""
    rng = random.Random(SEED)
    drawn = draws(known, rng)
    recent: list[Message] = []
    for number in range(count):
        if recent and rng.random() < DUPLICATES:
            yield rng.choice(recent)
            continue
        message = _event(rng, next(drawn), number)
        recent = [*recent[-999:], message] if number % 50 == 0 else recent
        yield message


def draws(known: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield merchants without end, Zipf 1.0."""
    cumulated = list(accumulate(1 / rank for rank in range(1, len(known) + 1)))
    shuffled = rng.sample(known, len(known))
    while True:
        yield shuffled[bisect_left(cumulated, rng.random() * cumulated[-1])]


def _event(rng: random.Random, code: str, number: int) -> Message:
    at = NOW - timedelta(seconds=rng.randrange(90 * 86_400))
    day = NOW.date() - timedelta(days=rng.randrange(700))
    kind = rng.random()
    if kind < 0.8:
        return message(COMPLAINT, _complaint(rng, code, number, day), f"c-{number}", "//12315.gz", at)
    if kind < 0.9:
        volume = VolumeReported(
            credit_code=code, platform_code=f"p{rng.randrange(4)}", month=f"{day:%Y-%m}", orders=rng.randrange(20_000)
        )
        return message(VOLUME, volume, f"n-{number}", "//platform.p1", at)
    return message(VIOLATION, _violation(rng, code, number, day), f"v-{number}", "//enforcement.gz", at)


def _complaint(rng: random.Random, code: str, number: int, day: date) -> ComplaintReported:
    return ComplaintReported(
        case_id=f"GZ2026{number:08d}", credit_code=code, kind=1, status=rng.choice([1, 2, 2, 3, 4, 4, 4, 5, 5, 6]),  # type: ignore[arg-type]
        received_on=str(day), response=rng.randrange(4), problem_type=rng.randrange(1, 9),  # type: ignore[arg-type]
        platform_code="p1", complainant_pseudonym=f"u{rng.randrange(10**9)}", disputed_amount_fen=rng.randrange(10**6),
    )  # fmt: skip


def _violation(rng: random.Random, code: str, number: int, day: date) -> ViolationReported:
    return ViolationReported(
        document_number=f"黔市监处罚〔2026〕{number}号", credit_code=code, penalty_kind=rng.choice([1, 2, 2, 2, 3]),  # type: ignore[arg-type]
        severity=rng.choice([1, 2, 2, 3]), fine_fen=rng.randrange(10**7), decided_on=str(day),  # type: ignore[arg-type]
        conduct_type=rng.choice(_CONDUCTS), legal_basis="《中华人民共和国电子商务法》第八十一条", authority_name="贵阳市市场监督管理局",
    )  # fmt: skip


def message(topic: str, body: Proto, event_id: str, source: str, at: datetime) -> Message:
    """Return the message of an event."""
    headers = cloudevents.headers(event_id=event_id, event_type=topic, source=source, time=at)
    return Message(topic=topic, key=body.credit_code, value=body.SerializeToString(), headers=headers)  # type: ignore[attr-defined]
